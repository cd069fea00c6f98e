//! The own second factor: turned on with an app, its recovery codes, turned off.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{SessionId, User};
use crate::service::access::Door;
use crate::service::signin::{Enrolment, Factor, Result as SigninResult, SigninError};

use super::super::qr::{self, Drawn};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::frame::{Done, Frame};
use super::sign_in::sentence;
use super::{missing, trouble, words};

#[derive(Template)]
#[template(path = "portal/second_factor.html", config = "src/http/pages/askama.toml")]
struct FactorPage {
    frame: Frame,
    since: Option<String>,
    left: String,
    fresh: Option<(Enrolment, Option<Drawn>)>,
    /// Recovery codes, right after they were made.
    codes: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
}

/// For example "1 recovery code".
pub(super) fn codes_left(codes: u32) -> String {
    match codes {
        0 => "no recovery code".to_owned(),
        1 => "1 recovery code".to_owned(),
        many => format!("{many} recovery codes"),
    }
}

pub(super) async fn page(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let done = match asked.done.as_str() {
        "off" => Some("The second factor is off. All other browsers are signed out."),
        "recovery" => Some(
            "You signed in with a recovery code, which is used up. Without your app, set up another one.",
        ),
        _ => None,
    };
    shown(&site, &visitor, done.map(Done::said), Vec::new(), StatusCode::OK).await
}

async fn shown(
    site: &Site,
    visitor: &Visitor,
    done: Option<Done>,
    codes: Vec<String>,
    status: StatusCode,
) -> Response {
    match view(site, visitor, done, codes).await {
        Ok(page) => render(&page, status),
        Err(response) => response,
    }
}

async fn view(
    site: &Site,
    visitor: &Visitor,
    done: Option<Done>,
    codes: Vec<String>,
) -> Result<FactorPage, Response> {
    let user = own(site, visitor).await?;
    let services = &site.web.services;
    let outside = url::Url::parse(&services.public_url).ok();
    let host = outside.as_ref().and_then(url::Url::host_str).unwrap_or("server");
    let factor = services.signin.factor(&user, host, &visitor.actor.name).await;
    let Factor { since, codes: left, fresh } = factor.map_err(|error| trouble(&error))?;
    let tenant = services.people.tenant(visitor.actor.tenant).await.map_err(|error| trouble(&error))?;
    let zone = words::zone(None, &tenant);
    Ok(FactorPage {
        frame: Frame::new(site, visitor, "/settings", None).with(done),
        since: since.map(|since| words::stamp(since, &zone)),
        left: codes_left(left),
        fresh: fresh.map(|fresh| {
            let drawn = qr::drawn(&fresh.address);
            (fresh, drawn)
        }),
        codes,
    })
}

async fn own(site: &Site, visitor: &Visitor) -> Result<User, Response> {
    let id = visitor.actor.user.ok_or_else(missing)?;
    let person = site.web.services.signin.person(visitor.actor.tenant, id).await;
    let person = person.map_err(|error| trouble(&error))?;
    Ok(person.ok_or_else(missing)?.0)
}

/// What came of a button.
enum Outcome {
    /// Back to the page, with a word.
    See(&'static str),
    /// Recovery codes to show once.
    Codes(Vec<String>),
}

pub(super) async fn act(State(site): Shared, Path(action): Path<String>, posted: Posted) -> Response {
    let visitor = &posted.visitor;
    let user = match own(&site, visitor).await {
        Ok(user) => user,
        Err(response) => return response,
    };
    let keep = match visitor.actor.door {
        Door::Session(id) => Some(id),
        Door::Key(..) | Door::Console => None,
    };
    let outcome = match carried_out(&site, &user, keep, &action, &posted).await {
        Some(outcome) => outcome,
        None => return missing(),
    };
    match outcome {
        Ok(Outcome::See(done)) => see(&site, &format!("/settings/second-factor{done}")),
        Ok(Outcome::Codes(codes)) => shown(&site, visitor, None, codes, StatusCode::OK).await,
        Err(SigninError::Refused) => {
            let why = "Your password is not right. After too many tries, wait 15 minutes.";
            shown(&site, visitor, Some(Done::refused(why)), Vec::new(), StatusCode::UNPROCESSABLE_ENTITY)
                .await
        }
        Err(error @ (SigninError::Code | SigninError::Late | SigninError::Required)) => {
            let done = Some(Done::refused(sentence(&error)));
            shown(&site, visitor, done, Vec::new(), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => trouble(&error),
    }
}

/// `None` when there is no such button.
async fn carried_out(
    site: &Site,
    user: &User,
    keep: Option<SessionId>,
    action: &str,
    posted: &Posted,
) -> Option<SigninResult<Outcome>> {
    let (signin, fields) = (&site.web.services.signin.by(&posted.visitor.actor.name), &posted.fields);
    let (password, code) = (fields.secret("password"), fields.get("code"));
    Some(match action {
        "begin" => signin.begin_factor(user, password, code).await.map(|()| Outcome::See("")),
        "cancel" => signin.cancel_factor(user).await.map(|()| Outcome::See("")),
        "confirm" => signin.confirm_factor(user, keep, code).await.map(Outcome::Codes),
        "codes" => signin.renew_recovery_codes(user, code).await.map(Outcome::Codes),
        "off" => {
            let login = match signin.login(user.tenant, user.id).await {
                Ok(login) => login,
                Err(error) => return Some(Err(error)),
            };
            let off = signin.turn_factor_off(user, login.role, keep, password, code).await;
            off.map(|()| Outcome::See("?done=off"))
        }
        _ => return None,
    })
}
