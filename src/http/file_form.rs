//! A form of a page of ours that carries a file (RFC 7578), read as it comes, with a limit.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, FromRequestParts as _, Multipart, Request};
use axum::http::header;
use axum::response::Response;
use bytes::Bytes;

use super::Site;
use super::portal::{is_too_large, limited_to};
use super::visitor::{Visitor, is_from_elsewhere, not_ours, same};

/// Room for the fields beside the file.
const FIELDS: usize = 64 * 1024;
/// Parts of a form.
const MOST_PARTS: usize = 140;

/// Why there is no file, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoFile {
    /// None was chosen.
    Empty,
    /// Larger than it may be.
    TooLarge,
    /// It did not come whole.
    Broken,
}

/// A form with a file of at most `MOST` bytes, of somebody who is signed in.
pub(super) struct PostedFile<const MOST: usize> {
    /// Who.
    pub(super) visitor: Visitor,
    /// What stands beside it.
    fields: HashMap<String, String>,
    /// Its name, for people.
    pub(super) name: String,
    /// The file.
    pub(super) file: Result<Bytes, NoFile>,
}

impl<const MOST: usize> PostedFile<MOST> {
    /// A field; empty when there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// Every field whose name begins so, with the rest of its name and its value.
    pub(super) fn beginning<'f>(&'f self, start: &'f str) -> impl Iterator<Item = (&'f str, &'f str)> {
        self.fields.iter().filter_map(move |(name, value)| Some((name.strip_prefix(start)?, value.as_str())))
    }
}

impl<const MOST: usize> FromRequest<Arc<Site>> for PostedFile<MOST> {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, site).await?;
        if is_from_elsewhere(&parts.headers) {
            return Err(not_ours());
        }
        let stated = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let is_large = stated
            .and_then(|text| text.parse::<u64>().ok())
            .is_some_and(|bytes| bytes > (MOST + FIELDS) as u64);
        let mut posted =
            Self { visitor, fields: HashMap::new(), name: String::new(), file: Err(NoFile::Empty) };
        if is_large {
            // Nothing of it is taken in, so that nothing can be done by it: no token is needed.
            posted.file = Err(NoFile::TooLarge);
            return Ok(posted);
        }
        let request = Request::from_parts(parts, limited_to(body, MOST + FIELDS));
        let Ok(multipart) = Multipart::from_request(request, &()).await else {
            posted.file = Err(NoFile::Broken);
            return Ok(posted);
        };
        if let Err(error) = posted.read(multipart).await {
            posted.file = Err(if is_too_large(&error) { NoFile::TooLarge } else { NoFile::Broken });
        }
        let is_ours = same(posted.get("csrf"), &posted.visitor.csrf);
        // What did not come whole may have lost its token: nothing of it is used.
        let is_whole = !matches!(posted.file, Err(NoFile::TooLarge | NoFile::Broken));
        if is_whole && !is_ours { Err(not_ours()) } else { Ok(posted) }
    }
}

impl<const MOST: usize> PostedFile<MOST> {
    async fn read(&mut self, mut multipart: Multipart) -> Result<(), MultipartError> {
        for _ in 0..MOST_PARTS {
            let Some(part) = multipart.next_field().await? else { break };
            let name = part.name().unwrap_or_default().to_owned();
            if name == "file" {
                // The form's token stands before the file: a stranger's megabytes are not taken in.
                if !same(self.get("csrf"), &self.visitor.csrf) {
                    break;
                }
                self.name = part.file_name().unwrap_or_default().chars().take(200).collect();
                let file = part.bytes().await?;
                self.file = if file.is_empty() { Err(NoFile::Empty) } else { Ok(file) };
            } else {
                let text = part.text().await?;
                self.fields.insert(name, text);
            }
        }
        Ok(())
    }
}
