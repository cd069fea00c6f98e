//! Coming in and going out: sign-in, forgotten passwords, one-time links, the setup of a new server.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{Extension, Invalid, MailAddress, Purpose, User};
use crate::service::accounts::NewUser;
use crate::service::signin::{Entry, PasswordFault, SHORTEST, SigninError, check_password};

use super::super::shell::{Notice, render};
use super::super::visitor::{
    Posted, PostedByStranger, code_cookie, form_token, no_cookie, see, session_cookie, visitor,
};
use super::super::{Shared, Site};
use super::{trouble, words};

#[derive(Template)]
#[template(path = "portal/sign_in.html", config = "src/http/pages/askama.toml")]
struct SignInPage {
    base: String,
    csrf: String,
    next: String,
    name: String,
    error: Option<String>,
    done: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "portal/forgot.html", config = "src/http/pages/askama.toml")]
struct ForgotPage {
    base: String,
    csrf: String,
    is_sent: bool,
}

#[derive(Template)]
#[template(path = "portal/door.html", config = "src/http/pages/askama.toml")]
struct DoorPage {
    base: String,
    csrf: String,
    token: String,
    is_setup: bool,
    is_reset: bool,
    who: String,
    shortest: usize,
    first: String,
    last: String,
    email: String,
    extension: String,
    error: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    next: String,
    #[serde(default)]
    done: String,
}

pub(super) async fn page(State(site): Shared, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    match visitor(&headers, &site).await {
        Ok(Some(_)) => return see(&site, "/"),
        Ok(None) => {}
        Err(response) => return response,
    }
    let done = match asked.done.as_str() {
        "out" => Some("You are signed out."),
        "late" => Some("That took too long. Sign in again."),
        _ => None,
    };
    let (csrf, cookie) = form_token(&site, &headers);
    let page = SignInPage {
        base: site.base.clone(),
        csrf,
        next: safe_next(&asked.next).to_owned(),
        name: String::new(),
        error: None,
        done,
    };
    with_cookie(render(&page, StatusCode::OK), cookie)
}

pub(super) async fn enter(State(site): Shared, headers: HeaderMap, posted: PostedByStranger) -> Response {
    let name = posted.fields.get("name");
    let password = posted.fields.secret("password");
    match site.web.services.signin.sign_in(name, password, posted.from, &posted.user_agent).await {
        Ok(entry) => welcome(&site, &entry, safe_next(posted.fields.get("next"))),
        Err(error @ (SigninError::Refused | SigninError::Away(_))) => {
            let page = SignInPage {
                base: site.base.clone(),
                csrf: form_token(&site, &headers).0,
                next: safe_next(posted.fields.get("next")).to_owned(),
                name: name.chars().take(320).collect(),
                error: Some(sentence(&error)),
                done: None,
            };
            let status = match error {
                SigninError::Refused => StatusCode::UNAUTHORIZED,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            render(&page, status)
        }
        Err(error) => trouble(&error),
    }
}

/// On to the page that was asked for, or to the question for a code before it.
fn welcome(site: &Site, entry: &Entry, next: &str) -> Response {
    match entry {
        Entry::Open(opened) => with_cookie(see(site, next), session_cookie(site, &opened.token)),
        Entry::Code(token) => {
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            with_cookie(see(site, &format!("/sign-in/code?next={next}")), code_cookie(site, token))
        }
    }
}

pub(super) fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Only a path of ours: `//elsewhere.example` and the like lead home.
pub(super) fn safe_next(next: &str) -> &str {
    let is_ours = next.starts_with('/')
        && !next.starts_with("//")
        && next.len() < 500
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_ours { next } else { "/" }
}

pub(super) async fn leave(State(site): Shared, posted: Posted) -> Response {
    let actor = &posted.visitor.actor;
    if let (Some(user), crate::service::access::Door::Session(id)) = (actor.user, &actor.door)
        && let Err(error) = site.web.services.signin.end_session(actor.tenant, user, *id).await
    {
        return trouble(&error);
    }
    with_cookie(see(&site, "/sign-in?done=out"), no_cookie(&site))
}

pub(super) async fn forgot_page(State(site): Shared, headers: HeaderMap) -> Response {
    let (csrf, cookie) = form_token(&site, &headers);
    with_cookie(render(&ForgotPage { base: site.base.clone(), csrf, is_sent: false }, StatusCode::OK), cookie)
}

/// The answer is the same whoever asks for whomever.
pub(super) async fn forgot(State(site): Shared, posted: PostedByStranger) -> Response {
    match site.web.services.signin.forgot(posted.fields.get("name"), posted.from).await {
        Ok(()) => render(
            &ForgotPage { base: site.base.clone(), csrf: String::new(), is_sent: true },
            StatusCode::OK,
        ),
        Err(error) => trouble(&error),
    }
}

/// GET changes nothing: mail scanners follow links.
pub(super) async fn door(State(site): Shared, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let (csrf, cookie) = form_token(&site, &headers);
    match site.web.services.signin.behind(&token).await {
        Ok((door, user)) => {
            let page = DoorPage::new(&site, csrf, token, door.purpose, user.as_ref());
            with_cookie(render(&page, StatusCode::OK), cookie)
        }
        Err(SigninError::NoDoor) => no_door(),
        Err(error) => trouble(&error),
    }
}

impl DoorPage {
    fn new(site: &Site, csrf: String, token: String, purpose: Purpose, user: Option<&User>) -> Self {
        Self {
            base: site.base.clone(),
            csrf,
            token,
            is_setup: purpose == Purpose::Setup,
            is_reset: purpose == Purpose::Reset,
            who: user.map(User::full_name).unwrap_or_default(),
            shortest: SHORTEST,
            first: String::new(),
            last: String::new(),
            email: String::new(),
            extension: String::new(),
            error: None,
        }
    }
}

fn no_door() -> Response {
    Notice {
        title: "This link does not work any more",
        text: "Links like this one work once and for a limited time. Ask for a new one at the sign-in, or ask your administrator.",
    }
    .page(StatusCode::GONE)
}

pub(super) async fn choose(
    State(site): Shared,
    Path(token): Path<String>,
    headers: HeaderMap,
    posted: PostedByStranger,
) -> Response {
    let (door, user) = match site.web.services.signin.behind(&token).await {
        Ok(behind) => behind,
        Err(SigninError::NoDoor) => return no_door(),
        Err(error) => return trouble(&error),
    };
    let outcome = match &user {
        Some(_) => chosen(&site, &token, &posted).await,
        None => set_up(&site, &token, door.tenant, &posted).await,
    };
    match outcome {
        // Who sets a server up goes on with its first checks.
        Ok(entry) => welcome(&site, &entry, if user.is_none() { "/admin/first-steps" } else { "/" }),
        Err(Refusal::Mend(why)) => {
            let csrf = form_token(&site, &headers).0;
            let mut page = DoorPage::new(&site, csrf, token, door.purpose, user.as_ref());
            let field = |name: &str| posted.fields.get(name).to_owned();
            (page.first, page.last, page.email, page.extension) =
                (field("first"), field("last"), field("email"), field("extension"));
            page.error = Some(why);
            render(&page, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(Refusal::NoDoor) => no_door(),
        Err(Refusal::Trouble(response)) => *response,
    }
}

enum Refusal {
    /// For the person to mend, in words.
    Mend(String),
    NoDoor,
    Trouble(Box<Response>),
}

impl From<SigninError> for Refusal {
    fn from(error: SigninError) -> Self {
        match error {
            SigninError::NoDoor => Self::NoDoor,
            SigninError::Password(fault) => Self::Mend(sentence(&fault)),
            SigninError::NoAccess => Self::Mend(
                "You may not sign in by the web at the moment. Ask your administrator to allow it; this link works \
                 then, as long as it is not too old."
                    .to_owned(),
            ),
            other => Self::Trouble(Box::new(trouble(&other))),
        }
    }
}

impl From<Invalid> for Refusal {
    fn from(error: Invalid) -> Self {
        Self::Mend(sentence(&error))
    }
}

async fn chosen(site: &Site, token: &str, posted: &PostedByStranger) -> Result<Entry, Refusal> {
    let services = &site.web.services;
    must_agree(posted)?;
    let new = posted.fields.secret("password");
    let entry = services.signin.choose_password(token, new, posted.from, &posted.user_agent).await?;
    Ok(entry)
}

/// 002-015
fn must_agree(posted: &PostedByStranger) -> Result<(), Refusal> {
    if posted.fields.get("password") == posted.fields.get("again") {
        Ok(())
    } else {
        Err(Refusal::Mend(sentence(&PasswordFault::Differ)))
    }
}

/// The first person of a new server: a user with a mailbox (or the one who has the extension already) becomes its operator.
async fn set_up(
    site: &Site,
    token: &str,
    tenant: crate::domain::TenantId,
    posted: &PostedByStranger,
) -> Result<Entry, Refusal> {
    let services = &site.web.services;
    let field = |name: &str| posted.fields.get(name).trim().to_owned();
    must_agree(posted)?;
    let extension: Extension = field("extension").parse()?;
    let email: MailAddress = field("email").parse()?;
    let password = posted.fields.secret("password");
    let user = match services.accounts.show(tenant, &extension).await {
        Ok(known) => known.user,
        Err(crate::service::accounts::AccountError::NoMailbox(_)) => {
            let new = NewUser {
                extension,
                first: field("first"),
                last: field("last"),
                emails: vec![email.clone()],
                mode: None,
                pin: None,
            };
            let likely = User {
                id: crate::domain::UserId::from_uuid(site.web.clock.uuid()),
                tenant,
                first: new.first.clone(),
                last: new.last.clone(),
                emails: vec![email],
                profile: crate::domain::Profile::default(),
                created_at: site.web.clock.now(),
            };
            check_password(&password, &likely).map_err(|fault| Refusal::Mend(sentence(&fault)))?;
            let accounts = services.accounts.by(&likely.full_name());
            let added = accounts.add_user(tenant, new).await;
            added.map_err(|error| Refusal::Mend(sentence(&error)))?.user
        }
        Err(error) => return Err(Refusal::Trouble(Box::new(trouble(&error)))),
    };
    check_password(&password, &user).map_err(|fault| Refusal::Mend(sentence(&fault)))?;
    let entry = services.signin.set_up(token, &user, password, posted.from, &posted.user_agent).await?;
    Ok(entry)
}

/// An error's words with a capital letter and a full stop.
pub(in crate::http) fn sentence(error: &dyn std::error::Error) -> String {
    format!("{}.", words::begun(error.to_string().trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere_after_the_sign_in() {
        for (next, safe) in [
            ("/messages/1?x=2", "/messages/1?x=2"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("", "/"),
            ("/a b\r\nset-cookie: x", "/"),
        ] {
            assert_eq!(safe_next(next), safe, "{next:?}");
        }
    }
}
