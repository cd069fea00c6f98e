//! Where a rule may lead, offered while somebody types (002-041).

use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use crate::domain::TenantId;
use crate::service::answering::{Target, TargetKind};

use super::super::portal::trouble;
use super::super::visitor::Visitor;
use super::super::{Shared, Site};
use super::Whose;

/// What was typed so far.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http) struct Typed {
    q: String,
    /// `1`: only where calls may be transferred.
    outward: String,
}

pub(super) async fn targets(
    State(site): Shared,
    visitor: Visitor,
    Path(word): Path<String>,
    Query(typed): Query<Typed>,
) -> Response {
    match Whose::write(&site, &visitor, &word).await {
        Ok(whose) => offered(&site, whose.tenant, &typed, |_| true).await,
        Err(response) => response,
    }
}

/// What fits, of these kinds, as the script of the page reads it.
pub(in crate::http) async fn offered(
    site: &Site,
    tenant: TenantId,
    typed: &Typed,
    is_wanted: impl Fn(TargetKind) -> bool,
) -> Response {
    let found = match site.web.services.rules.targets(tenant, &typed.q, typed.outward == "1").await {
        Ok(found) => found,
        Err(error) => return trouble(&error),
    };
    let told = |target: &Target| {
        let label = format!("{} {}", target.kind.title(), target.name);
        json!({"value": target.value, "label": label.trim()})
    };
    let items: Vec<_> = found.iter().filter(|target| is_wanted(target.kind)).map(told).collect();
    ([(header::CONTENT_TYPE, "application/json")], json!({ "items": items }).to_string()).into_response()
}
