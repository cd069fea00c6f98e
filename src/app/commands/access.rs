//! `aftertone key …`, `user invite`, `user role` and `user second-factor`: who comes in by the web and by programs.

use serde_json::json;

use crate::domain::{Purpose, Role};
use crate::service::access::{Act, TABLE};
use crate::service::audit::{Audit, Deed};
use crate::service::keys::{Keys, NewKey};
use crate::service::signin::{Signin, SigninError};

use super::super::Failure;
use super::super::base::Base;
use super::super::cli::KeyCommand;
use super::super::config::parse_duration;
use super::{ACTOR, Session, extension, print, read};

fn signin(session: &Session, base: &Base) -> Signin {
    Signin::new(base.store.clone(), session.clock.clone(), &session.config.public_url()).by(ACTOR)
}

pub(super) fn audit(session: &Session, base: &Base) -> Audit {
    Audit::new(base.store.clone(), session.clock.clone())
}

pub(super) async fn invite(session: &Session, number: &str, is_printed: bool) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let signin = signin(session, &base);
    let user = base.accounts.show(tenant.id, &extension(number)?).await?.user;
    let login = signin.login(tenant.id, user.id).await?;
    if is_printed && !login.portal {
        return Err(SigninError::NoAccess.into());
    }
    if is_printed {
        let purpose = if login.has_password { Purpose::Reset } else { Purpose::Invite };
        signin.set_login(&login, &login).await?;
        let (url, until) = signin.doors().issue(tenant.id, Some(user.id), purpose).await?;
        println!("{}\nworks once, until {until}", url.expose());
        let deed = Deed { action: "user.invited", target: format!("mailbox {number}") };
        audit(session, &base).note_by(ACTOR, tenant.id, deed, None::<&()>, None::<&()>).await;
    } else {
        let to = signin.invite(&user).await?;
        println!("a link to choose a password is mailed to {to}, once a server runs");
    }
    Ok(())
}

pub(super) async fn role(
    session: &Session,
    number: &str,
    role: Option<&str>,
    portal: Option<bool>,
) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let signin = signin(session, &base);
    let user = base.accounts.show(tenant.id, &extension(number)?).await?.user;
    let before = signin.login(tenant.id, user.id).await?;
    let mut login = before.clone();
    if let Some(role) = role {
        login.role = read::<Role>(role)?;
    }
    login.portal = portal.unwrap_or(login.portal);
    if login != before {
        signin.set_login(&before, &login).await?;
    }
    let web = match (login.portal, login.has_password) {
        (false, _) => "may not sign in by the web",
        (true, true) => "signs in by the web",
        (true, false) => "has chosen no password for the web yet: see `aftertone user invite`",
    };
    println!("mailbox {number} is {} and {web}", login.role);
    Ok(())
}

pub(super) async fn second_factor(session: &Session, number: &str, reset: bool) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let signin = signin(session, &base);
    let user = base.accounts.show(tenant.id, &extension(number)?).await?.user;
    if reset {
        signin.reset_factor(tenant.id, user.id).await?;
    }
    let factor = signin.second_factor(tenant.id, user.id).await?;
    match factor.and_then(|factor| Some((factor.active?.1, factor.codes))) {
        Some((since, codes)) => println!(
            "mailbox {number}: the sign-in asks for a code since {since}; {codes} recovery codes are left"
        ),
        None => println!("mailbox {number}: the password alone signs in"),
    }
    Ok(())
}

pub(super) async fn key(session: &Session, command: KeyCommand) -> Result<(), Failure> {
    if let KeyCommand::Scopes = command {
        for (_, word, _) in TABLE {
            println!("{word}");
        }
        return Ok(());
    }
    let (base, tenant) = session.open().await?;
    let keys = Keys::new(base.store.clone(), session.clock.clone(), signin(session, &base)).by(ACTOR);
    match command {
        KeyCommand::Scopes => {}
        KeyCommand::Add { name, scope, user, expires, json } => {
            let user = match user {
                Some(number) => Some(base.accounts.show(tenant.id, &extension(&number)?).await?.user.id),
                None => None,
            };
            let lifetime = expires.map(|text| {
                parse_duration(&text)
                    .ok_or_else(|| Failure::usage(format!("{text:?} is no duration: write 90d")))
            });
            let expires_at = lifetime
                .transpose()?
                .map(|lifetime| session.clock.now().saturating_add(lifetime).unwrap_or(jiff::Timestamp::MAX));
            let acts = scope.iter().map(|word| read::<Act>(word)).collect::<Result<Vec<_>, _>>()?;
            let (key, secret) = keys.add(NewKey { tenant: tenant.id, user, name, acts, expires_at }).await?;
            if json.json {
                print::thing(true, &json!({"id": key.id, "key": secret, "scopes": key.scopes}));
            } else {
                println!("{secret}\nkeep it: it is not shown again; revoke it with key revoke {}", key.id);
            }
        }
        KeyCommand::List(json) => {
            let rows: Vec<_> = keys
                .list(tenant.id)
                .await?
                .into_iter()
                .map(|key| {
                    json!({"id": key.id, "name": key.name, "scopes": key.scopes, "user": key.user,
                        "created_at": key.created_at, "expires_at": key.expires_at, "revoked_at": key.revoked_at,
                        "last_used_at": key.last_used_at})
                })
                .collect();
            print::rows(
                json.json,
                &["id", "name", "scopes", "expires_at", "revoked_at", "last_used_at"],
                &rows,
            );
        }
        KeyCommand::Revoke { id } => {
            keys.revoke(tenant.id, read(&id)?).await?;
            println!("key {id} opens nothing any more");
        }
    }
    Ok(())
}
