//! The keys of the phone, to be printed: made of the same table that calls obey.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::flow::keys::{CardMenu, card};

use super::super::Shared;
use super::super::shell::render;
use super::super::visitor::Visitor;
use super::frame::Frame;

#[derive(Template)]
#[template(path = "portal/key_card.html", config = "src/http/pages/askama.toml")]
struct CardPage {
    frame: Frame,
    title: String,
    menus: Vec<CardMenu>,
}

pub(super) async fn page(State(site): Shared, visitor: Visitor) -> Response {
    let profile = (site.web.services.phone_keys)();
    let page = CardPage {
        frame: Frame::new(&site, &visitor, "/keys", None),
        title: profile.title().to_owned(),
        menus: card(&profile),
    };
    render(&page, StatusCode::OK)
}
