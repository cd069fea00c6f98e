//! Coming in by the web: names and passwords, sessions, one-time links, what somebody is.
//!
//! A refusal tells nothing: no such account, the wrong password, none set, switched off and guessed at too often are one
//! outcome with the same work behind it. What is counted is in the store. Driven by [`crate::http`] and the command line;
//! what an [`Actor`] may do then is `access`'s.

mod links;
mod password;
mod second;
mod totp;

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub use self::password::{LONGEST, PasswordFault, SHORTEST, check as check_password};
pub use self::second::{Enrolment, Factor, HALF, Proof, looks_after_others};
use super::access::{Actor, Door as Entrance};
use super::audit::{Deed, NotedStore};
use super::doors::{Doors, hash};
use super::login::hashing::Hashing;
use super::security;
use crate::clock::SharedClock;
use crate::domain::{
    LinkToken, Login, Mailbox, Role, SecurityChange, Session, SessionId, TenantId, User, UserId,
};
use crate::store::{Store, StoreError};

/// A session that nobody used for so long has ended.
pub const IDLE: Duration = Duration::from_secs(24 * 3600);
/// Every session ends after so long.
pub const ABSOLUTE: Duration = Duration::from_secs(14 * 24 * 3600);
/// Wrong passwords for one account, and from one source, within [`WINDOW`].
const PER_ACCOUNT: usize = 10;
const PER_SOURCE: usize = 60;
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Links to a new password that one account, and one source, may ask for within [`WINDOW`].
const RESETS_PER_ACCOUNT: usize = 3;
/// A use is written down at most so often.
const TOUCH: Duration = Duration::from_secs(60);

/// Why somebody was not let in, or something was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SigninError {
    /// No such account, the wrong password, none set, switched off, or too many tries: nobody is told which.
    #[error(
        "this name and password do not open anything here; after too many tries, wait 15 minutes or ask for a new password"
    )]
    Refused,
    /// The one-time link does not work (any more).
    #[error("this link does not work any more: ask for a new one")]
    NoDoor,
    /// The password breaks a rule.
    #[error(transparent)]
    Password(#[from] PasswordFault),
    /// The code is wrong, was used before, or too many were tried.
    #[error(
        "this code is not right, or was used before: wait for the next one; after too many tries, wait 15 minutes"
    )]
    Code,
    /// There is nothing to finish (any more).
    #[error("this took too long: begin again")]
    Late,
    /// The tenant asks this role for a second factor.
    #[error(
        "your organisation asks for a second factor in your role: use another app instead of turning it off"
    )]
    Required,
    /// Others are asked for what the asker has not.
    #[error("turn on your own second factor first: without it you would be shut out at once")]
    OwnFirst,
    /// There is no address to send the link to.
    #[error("this user has no e-mail address to send the link to: give one first")]
    NoAddress,
    /// The user may not sign in by the web.
    #[error(
        "this user may not sign in by the web, so a link leads nowhere: an administrator allows it first (May sign in by the web)"
    )]
    NoAccess,
    /// Nothing was decided: try again.
    #[error("not possible now: {0}")]
    Away(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A short alias.
pub type Result<T, E = SigninError> = std::result::Result<T, E>;

/// A session that was opened: the token is for the browser's cookie and nothing else.
#[derive(Debug)]
pub struct Opened {
    /// The secret.
    pub token: LinkToken,
    /// Who is in.
    pub actor: Actor,
}

/// What the right password leads to.
#[derive(Debug)]
pub enum Entry {
    /// A session.
    Open(Box<Opened>),
    /// The question for a code: the token continues the sign-in, and opens nothing without a code.
    Code(LinkToken),
}

/// The use cases. Cheap to clone; one for the process, because it bounds how many passwords are looked at at once.
#[derive(Debug, Clone)]
pub struct Signin {
    store: NotedStore,
    clock: SharedClock,
    hashing: Hashing,
    doors: Doors,
}

impl Signin {
    /// Over this store; one-time links stand under `public_url`.
    pub fn new(store: Store, clock: SharedClock, public_url: &str) -> Self {
        let hashing = Hashing::new(clock.clone());
        let doors = Doors::new(store.clone(), clock.clone(), public_url);
        Self { store: NotedStore::new(store, clock.clone()), clock, hashing, doors }
    }

    /// The same, for changes by somebody, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), ..self.clone() }
    }

    /// The store for a change of somebody's way in.
    async fn noting(
        &self,
        action: &str,
        (tenant, user): (TenantId, UserId),
        was: Value,
        became: Value,
    ) -> Result<Store> {
        let target = match self.store.person(tenant, user).await? {
            Some((_, Some(mailbox))) => format!("mailbox {}", mailbox.extension),
            Some((person, None)) => format!("user {}", person.full_name()),
            None => format!("user {user}"),
        };
        Ok(self.store.noting(tenant, Deed { action, target }, was, became))
    }

    /// One-time links.
    pub const fn doors(&self) -> &Doors {
        &self.doors
    }

    /// Looks at a name (an e-mail address, `1001@example.org`, or the extension where there is one tenant) and a password.
    ///
    /// # Errors
    /// [`SigninError::Refused`] for all that is the person's, [`SigninError::Away`] when nothing was decided.
    pub async fn sign_in(
        &self,
        name: &str,
        password: SecretString,
        from: IpAddr,
        user_agent: &str,
    ) -> Result<Entry> {
        let outcome = self.try_to_sign_in(name, password, from, user_agent).await;
        let word = match &outcome {
            Ok(Entry::Open(_)) => "welcome",
            Ok(Entry::Code(_)) => "code",
            Err(SigninError::Refused) => "refused",
            Err(_) => "unavailable",
        };
        metrics::counter!("aftertone_web_logins_total", "outcome" => word).increment(1);
        outcome
    }

    async fn try_to_sign_in(
        &self,
        name: &str,
        password: SecretString,
        from: IpAddr,
        user_agent: &str,
    ) -> Result<Entry> {
        let (users, source, mut others) = (self.users_named(name).await?, source(from), Vec::new());
        let may_try = self.store.guess_password(&[(source, PER_SOURCE)], WINDOW).await?;
        let named = if users.is_empty() { vec![None] } else { users.into_iter().map(Some).collect() };
        for user in named {
            let account = account("password", name, user.as_ref());
            let allowed = may_try && self.store.guess_password(&[(account, PER_ACCOUNT)], WINDOW).await?;
            let (hash, login) = match &user {
                Some(user) => (
                    self.store.password_hash(user.tenant, user.id).await?,
                    Some(self.store.login(user.tenant, user.id).await?),
                ),
                None => Default::default(),
            };
            // The same work whether there is a password to compare with or not, and whether it may count or not.
            let is_right = self.hashing.verify(password.clone(), hash).await.map_err(SigninError::Away)?;
            let is_open = login.as_ref().is_some_and(|login| login.portal);
            let Some(user) = user.filter(|_| is_right && allowed && is_open) else {
                others.extend(allowed.then_some(account));
                continue;
            };
            // Whoever shares the name is not shut out by who signs in with it.
            others.push(source);
            self.store.password_was_right(account, &others, WINDOW).await?;
            let entry = self.enter(&user, from, user_agent).await?;
            if matches!(entry, Entry::Open(_)) {
                tracing::info!(user = %user.id, "somebody signed in by the web");
            }
            return Ok(entry);
        }
        Err(SigninError::Refused)
    }

    async fn open(&self, user: &User, from: IpAddr, user_agent: &str) -> Result<Opened> {
        let mut bytes = [0; 20];
        self.clock.fill(&mut bytes);
        let token = LinkToken::from_bytes(bytes);
        let now = self.clock.now();
        let session = Session {
            id: SessionId::from_uuid(self.clock.uuid()),
            tenant: user.tenant,
            user: user.id,
            user_agent: user_agent.chars().filter(|c| !c.is_control()).take(200).collect(),
            address: from.to_string(),
            created_at: now,
            last_at: now,
        };
        self.store.add_session(&session, token.hash()).await?;
        let actor = self.actor(&session).await?.ok_or(SigninError::Refused)?;
        Ok(Opened { token, actor })
    }

    /// Who holds this token, if its session has not ended. Every text costs the same one look-up.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn visitor(&self, token: &str) -> Result<Option<Actor>> {
        let hash = hash(token);
        let Some(session) = self.store.session(hash).await? else { return Ok(None) };
        let now = self.clock.now();
        let since = |age: Duration| now.saturating_sub(age).unwrap_or(Timestamp::MIN);
        if session.last_at <= since(IDLE) || session.created_at <= since(ABSOLUTE) {
            return Ok(None);
        }
        if session.last_at <= since(TOUCH) {
            self.store.touch_session(hash).await?;
        }
        self.actor(&session).await
    }

    /// `None` when the user was removed, or may not come in any more. Who owes the tenant a second factor reaches no more than
    /// what is the own.
    async fn actor(&self, session: &Session) -> Result<Option<Actor>> {
        let entrance = Entrance::Session(session.id);
        let actor = self.actor_of(session.tenant, session.user, entrance).await?;
        let Some(actor) = actor else { return Ok(None) };
        let owes_factor =
            looks_after_others(actor.role) && self.store.owes_factor(session.tenant, session.user).await?;
        let role = if owes_factor { Role::Basic } else { actor.role };
        Ok(Some(Actor { owes_factor, role, ..actor }))
    }

    /// The user as an actor; `None` when removed, or without web access.
    pub(super) async fn actor_of(
        &self,
        tenant: TenantId,
        user: UserId,
        door: Entrance,
    ) -> Result<Option<Actor>> {
        let Some((person, mailbox)) = self.store.person(tenant, user).await? else { return Ok(None) };
        let login = self.store.login(tenant, user).await?;
        if !login.portal {
            return Ok(None);
        }
        let number = mailbox.as_ref().map_or_else(String::new, |mailbox| mailbox.extension.to_string());
        let name = format!("{} {number}", person.full_name()).trim().to_owned();
        Ok(Some(Actor {
            tenant,
            user: Some(user),
            mailbox: mailbox.map(|mailbox| mailbox.id),
            role: login.role,
            owes_factor: false,
            door,
            name,
        }))
    }

    /// The sessions of a user, the one used last first.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<Session>> {
        let since = self.clock.now().saturating_sub(IDLE).unwrap_or(Timestamp::MIN);
        let mut sessions = self.store.sessions(tenant, user).await?;
        sessions.retain(|session| session.last_at > since);
        Ok(sessions)
    }

    /// Ends a session of the user.
    ///
    /// # Errors
    /// [`SigninError::Store`] when it is not the user's.
    pub async fn end_session(&self, tenant: TenantId, user: UserId, id: SessionId) -> Result<()> {
        let store = self.noting("session.ended", (tenant, user), json!({ "id": id }), Value::Null).await?;
        Ok(store.end_session(tenant, user, id).await?)
    }

    /// Replaces the password of somebody who knows the old one. Every other session ends.
    ///
    /// # Errors
    /// [`SigninError::Refused`] when the old one is wrong or was guessed at too often.
    pub async fn change_password(
        &self,
        tenant: TenantId,
        user: UserId,
        keep: Option<SessionId>,
        old: SecretString,
        new: SecretString,
    ) -> Result<()> {
        let person = self.store.user(tenant, user).await?;
        check_password(&new, &person)?;
        let account = account("change", "", Some(&person));
        let allowed = self.store.guess_password(&[(account, PER_ACCOUNT)], WINDOW).await?;
        let hash = self.store.password_hash(tenant, user).await?;
        let is_right = self.hashing.verify(old, hash).await.map_err(SigninError::Away)?;
        if !is_right || !allowed {
            return Err(SigninError::Refused);
        }
        let hash = self.hashing.hash(new).await.map_err(SigninError::Away)?;
        let store = self.noting("password.changed", (tenant, user), Value::Null, Value::Null).await?;
        store.set_password(tenant, user, &hash, keep).await?;
        tracing::info!(user = %user, "a password was changed");
        security::tell(&self.store, &self.clock, &person, SecurityChange::Password).await;
        Ok(())
    }

    /// Whether nobody can sign in yet: then the server prints a setup link.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn is_new(&self) -> Result<bool> {
        Ok(!self.store.has_any_login().await?)
    }

    /// What the user is, and whether there is a password.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn login(&self, tenant: TenantId, user: UserId) -> Result<Login> {
        Ok(self.store.login(tenant, user).await?)
    }

    /// Of every user who was ever given something.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn logins(&self, tenant: TenantId) -> Result<Vec<Login>> {
        Ok(self.store.logins(tenant).await?)
    }

    /// Gives a role, and web access or not, to who was read as `was`: what is the same in both is not touched. Who may is
    /// [`Actor::may_give`]'s.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn set_login(&self, was: &Login, login: &Login) -> Result<()> {
        let of = (login.tenant, login.user);
        let noted = |login: &Login| json!({"role": login.role, "portal": login.portal});
        self.noting("role.given", of, noted(was), noted(login)).await?.change_login(was, login).await?;
        tracing::info!(user = %login.user, role = %login.role, portal = login.portal, "a role was given");
        Ok(())
    }

    /// The user and the own mailbox.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn person(&self, tenant: TenantId, user: UserId) -> Result<Option<(User, Option<Mailbox>)>> {
        Ok(self.store.person(tenant, user).await?)
    }
}

/// What guesses are counted on: the account however it was named; a name that nobody has counts as itself.
fn account(what: &str, name: &str, user: Option<&User>) -> [u8; 32] {
    let who = user.map_or_else(|| name.trim().to_lowercase(), |user| user.id.to_string());
    Sha256::digest(format!("web-{what}\0{who}")).into()
}

/// An IPv4 address, or the /64 of an IPv6 one.
fn source(from: IpAddr) -> [u8; 32] {
    let from = match from.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
        four => four,
    };
    Sha256::digest(format!("web-source\0{from}")).into()
}
