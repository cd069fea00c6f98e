//! Several messages at once: ticked in the list, marked or moved together, and put back together.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{Folder, Mark, MessageId, Tag, counted};
use crate::service::owner::OwnerError;

use super::super::Shared;
use super::super::visitor::{Posted, see};
use super::frame::Done;
use super::inbox::{PAGE, refused};
use super::missing;

#[derive(Deserialize)]
pub(super) struct Asked {
    /// Ids, parted by dots, of an undo.
    #[serde(default)]
    ids: String,
}

pub(super) async fn mark(
    State(site): Shared,
    Path(mark): Path<String>,
    Query(asked): Query<Asked>,
    posted: Posted,
) -> Response {
    let marked = async {
        let owner = posted.visitor.owner()?;
        let parsed: Mark = mark.parse().map_err(|_| missing())?;
        let ticked = posted.fields.all("id").iter().map(String::as_str).chain(asked.ids.split('.'));
        let ids: Vec<MessageId> = ticked.filter_map(|id| id.parse().ok()).take(PAGE as usize).collect();
        let mut done = Vec::with_capacity(ids.len());
        for id in ids {
            match site.web.services.retrieval.mark(owner, id, parsed).await {
                Ok(_) => done.push(id.to_string()),
                // Gone meanwhile, or never there: the others are marked all the same.
                Err(OwnerError::Missing { .. }) => {}
                Err(error) => return Err(refused(error)),
            }
        }
        Ok::<_, Response>(done)
    };
    match marked.await {
        Ok(done) => {
            let folder = posted.fields.get("folder").parse::<Folder>().unwrap_or(Folder::Inbox);
            let tag = posted.fields.get("tag").parse::<Tag>();
            let tag = tag.map_or(String::new(), |tag| format!("&tag={}", tag.as_str()));
            see(&site, &format!("/?folder={folder}{tag}&done={mark}&ids={}", done.join(".")))
        }
        Err(response) => response,
    }
}

/// What was done, and the way back.
pub(super) fn said(mark: &str, ids: &str) -> Option<Done> {
    let ids: Vec<MessageId> = ids.split('.').filter_map(|id| id.parse().ok()).take(PAGE as usize).collect();
    let (what, undo) = match mark {
        "heard" => ("marked as heard", Some("new")),
        "new" => ("marked as new", Some("heard")),
        "saved" => ("saved", Some("inbox")),
        "trash" => ("moved to the trash", Some("restore")),
        "restore" => ("put back", None),
        "inbox" => ("moved to the inbox", None),
        _ => return None,
    };
    if ids.is_empty() {
        return Some(Done::refused("No message was ticked: tick some in the list, then press a button."));
    }
    let many = counted(ids.len() as u64, "message");
    let ids = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
    Some(Done {
        undo: undo.map(|undo| format!("/messages/several/{undo}?ids={ids}")),
        ..Done::said(format!("{many} {what}."))
    })
}
