//! The second step of the sign-in: the code after the password.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::service::audit::Deed;
use crate::service::signin::{Proof, SigninError};

use super::super::shell::render;
use super::super::visitor::{
    PostedByStranger, form_token, half_sign_in, no_code_cookie, see, session_cookie,
};
use super::super::{Shared, Site};
use super::sign_in::{safe_next, sentence, with_cookie};
use super::trouble;

#[derive(Template)]
#[template(path = "portal/code.html", config = "src/http/pages/askama.toml")]
struct CodePage {
    base: String,
    csrf: String,
    next: String,
    error: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    next: String,
}

pub(super) async fn page(State(site): Shared, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    match site.web.services.signin.awaits_code(half_sign_in(&headers)).await {
        Ok(true) => {}
        Ok(false) => return see(&site, "/sign-in"),
        Err(error) => return trouble(&error),
    }
    let (csrf, cookie) = form_token(&site, &headers);
    let next = safe_next(&asked.next).to_owned();
    with_cookie(
        render(&CodePage { base: site.base.clone(), csrf, next, error: None }, StatusCode::OK),
        cookie,
    )
}

pub(super) async fn enter(State(site): Shared, headers: HeaderMap, posted: PostedByStranger) -> Response {
    let services = &site.web.services;
    let (token, code) = (half_sign_in(&headers), posted.fields.get("code"));
    let next = safe_next(posted.fields.get("next"));
    match services.signin.finish(token, code, posted.from, &posted.user_agent).await {
        Ok((opened, proof)) => {
            let next = match proof {
                Proof::App => next,
                Proof::Recovery => {
                    let (actor, action) = (&opened.actor, "second-factor.recovery-code-used");
                    let deed = Deed { action, target: actor.name.clone() };
                    services.audit.note(actor, actor.tenant, deed, None::<&()>, None::<&()>).await;
                    "/settings/second-factor?done=recovery"
                }
            };
            let response = with_cookie(see(&site, next), session_cookie(&site, &opened.token));
            with_cookie(response, no_code_cookie(&site))
        }
        Err(error @ SigninError::Code) => again(&site, &headers, next, &error),
        Err(SigninError::Late | SigninError::Refused) => {
            with_cookie(see(&site, "/sign-in?done=late"), no_code_cookie(&site))
        }
        Err(error) => trouble(&error),
    }
}

fn again(site: &Site, headers: &HeaderMap, next: &str, error: &SigninError) -> Response {
    let page = CodePage {
        base: site.base.clone(),
        csrf: form_token(site, headers).0,
        next: next.to_owned(),
        error: Some(sentence(error)),
    };
    render(&page, StatusCode::UNAUTHORIZED)
}
