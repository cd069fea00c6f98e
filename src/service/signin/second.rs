//! The second step of the sign-in: a code of an authenticator app, or a recovery code, after the password.
//!
//! It is asked for wherever a password opens a session, a new one behind a one-time link as well. A code opens once, and
//! few are looked at; keys of programs are not touched.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::totp::{self, RECOVERY_CODES};
use super::{Entry, Opened, PER_ACCOUNT, PER_SOURCE, Result, Signin, SigninError, WINDOW, account, source};
use crate::domain::{LinkToken, Role, SecurityChange, SessionId, TenantId, User, UserId};
use crate::service::access::{Act, Reach};
use crate::service::audit::Deed;
use crate::service::doors::hash;
use crate::service::security;
use crate::store::SecondFactor;

/// After the password, the code is awaited for so long.
pub const HALF: Duration = Duration::from_secs(10 * 60);
/// A new secret is confirmed within this time.
const FRESH: Duration = Duration::from_secs(15 * 60);
/// Wrong codes for one account within the window of passwords.
const CODES_PER_ACCOUNT: usize = 5;

/// What a code was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Of the authenticator app.
    App,
    /// A recovery code: it is used up.
    Recovery,
}

/// What there is to set up in an app.
pub struct Enrolment {
    /// To be typed, in groups.
    pub written: String,
    /// To be shown as a QR code.
    pub address: String,
}

/// What a page shows of a user's second factor.
pub struct Factor {
    /// Since when codes are asked for.
    pub since: Option<Timestamp>,
    /// Recovery codes that are left.
    pub codes: u32,
    /// A new secret that awaits its first code.
    pub fresh: Option<Enrolment>,
}

/// Whether a role looks after others, so that a tenant may ask for a second factor.
pub fn looks_after_others(role: Role) -> bool {
    Act::UsersWrite.reach(role) > Reach::Own
}

impl Signin {
    /// After the right password: a session, or the question for a code.
    pub(super) async fn enter(&self, user: &User, from: IpAddr, user_agent: &str) -> Result<Entry> {
        if self.active(user.tenant, user.id).await?.is_none() {
            return Ok(Entry::Open(Box::new(self.open(user, from, user_agent).await?)));
        }
        let mut bytes = [0; 20];
        self.clock.fill(&mut bytes);
        let token = LinkToken::from_bytes(bytes);
        let until = self.clock.now().saturating_add(HALF).unwrap_or(Timestamp::MAX);
        self.store.add_half_sign_in(user.tenant, user.id, token.hash(), until).await?;
        Ok(Entry::Code(token))
    }

    /// Whether this token awaits a code.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn awaits_code(&self, token: &str) -> Result<bool> {
        Ok(self.store.half_sign_in(hash(token)).await?.is_some())
    }

    /// Finishes a sign-in with a code. Wrong ones leave it open, so that another can be typed.
    ///
    /// # Errors
    /// [`SigninError::Late`] when there is nothing to finish (any more), [`SigninError::Code`] for a wrong code.
    pub async fn finish(
        &self,
        token: &str,
        code: &str,
        from: IpAddr,
        user_agent: &str,
    ) -> Result<(Opened, Proof)> {
        let outcome = self.try_to_finish(token, code, from, user_agent).await;
        let word = match &outcome {
            Ok(_) => "welcome",
            Err(SigninError::Code | SigninError::Late) => "refused",
            Err(_) => "unavailable",
        };
        metrics::counter!("aftertone_web_logins_total", "outcome" => word).increment(1);
        outcome
    }

    async fn try_to_finish(
        &self,
        token: &str,
        code: &str,
        from: IpAddr,
        user_agent: &str,
    ) -> Result<(Opened, Proof)> {
        let half = self.store.half_sign_in(hash(token)).await?;
        let (tenant, id) = half.ok_or(SigninError::Late)?;
        let Some((user, _)) = self.store.person(tenant, id).await? else { return Err(SigninError::Late) };
        let proof = self.prove(&user, code, Some(from)).await?;
        if !self.store.take_half_sign_in(hash(token)).await? {
            return Err(SigninError::Late);
        }
        let opened = self.open(&user, from, user_agent).await?;
        tracing::info!(user = %user.id, recovery = proof == Proof::Recovery, "somebody signed in by the web with a code");
        Ok((opened, proof))
    }

    /// Looks at a code of the user, which is used up by that.
    async fn prove(&self, user: &User, code: &str, from: Option<IpAddr>) -> Result<Proof> {
        let (account, source) = (account("code", "", Some(user)), from.map(source));
        let mut counted = vec![(account, CODES_PER_ACCOUNT)];
        counted.splice(0..0, source.map(|source| (source, PER_SOURCE)));
        if !self.store.guess_password(&counted, WINDOW).await? {
            return Err(SigninError::Code);
        }
        let proof = self.proof(user, code).await?.ok_or(SigninError::Code)?;
        self.store.password_was_right(account, source.as_slice(), WINDOW).await?;
        Ok(proof)
    }

    async fn proof(&self, user: &User, code: &str) -> Result<Option<Proof>> {
        let (tenant, id) = (user.tenant, user.id);
        let Some(SecondFactor { active: Some((secret, _)), .. }) =
            self.store.second_factor(tenant, id).await?
        else {
            return Ok(None);
        };
        for step in totp::steps(&secret, code, self.clock.now().as_second()) {
            if self.store.use_factor_step(tenant, id, step).await? {
                return Ok(Some(Proof::App));
            }
        }
        if let Some(hash) = totp::recovery_hash(id, code)
            && self.store.use_recovery_code(tenant, id, hash).await?
        {
            return Ok(Some(Proof::Recovery));
        }
        Ok(None)
    }

    async fn active(&self, tenant: TenantId, user: UserId) -> Result<Option<Timestamp>> {
        let factor = self.store.second_factor(tenant, user).await?;
        Ok(factor.and_then(|factor| factor.active).map(|(_, since)| since))
    }

    /// Whatever is known of a user's second factor.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn second_factor(&self, tenant: TenantId, user: UserId) -> Result<Option<SecondFactor>> {
        Ok(self.store.second_factor(tenant, user).await?)
    }

    /// What the user's own page shows. `host` names this server in the app.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn factor(&self, user: &User, host: &str, who: &str) -> Result<Factor> {
        let Some(factor) = self.store.second_factor(user.tenant, user.id).await? else {
            return Ok(Factor { since: None, codes: 0, fresh: None });
        };
        let oldest = self.clock.now().saturating_sub(FRESH).unwrap_or(Timestamp::MIN);
        let fresh = factor.fresh.filter(|(_, at)| *at > oldest).map(|(secret, _)| Enrolment {
            written: totp::written(&secret),
            address: totp::address(&secret, host, who),
        });
        Ok(Factor { since: factor.active.map(|(_, since)| since), codes: factor.codes, fresh })
    }

    /// Makes a new secret for somebody who knows the password, and a code where codes are asked for already. Until
    /// [`Signin::confirm_factor`] nothing changes.
    ///
    /// # Errors
    /// [`SigninError::Refused`] for the password, [`SigninError::Code`] for the code.
    pub async fn begin_factor(&self, user: &User, password: SecretString, code: &str) -> Result<()> {
        self.must_know(user, password, code).await?;
        let mut secret = [0; 20];
        self.clock.fill(&mut secret);
        Ok(self.store.put_fresh_factor(user.tenant, user.id, secret).await?)
    }

    /// Forgets a secret that was not confirmed.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn cancel_factor(&self, user: &User) -> Result<()> {
        Ok(self.store.forget_fresh_factor(user.tenant, user.id).await?)
    }

    /// The first code of the new secret turns it on. Answers the recovery codes, which are not shown again; every other session
    /// ends.
    ///
    /// # Errors
    /// [`SigninError::Late`] when no new secret waits (any more), [`SigninError::Code`] for a wrong code.
    pub async fn confirm_factor(
        &self,
        user: &User,
        keep: Option<SessionId>,
        code: &str,
    ) -> Result<Vec<String>> {
        let known = self.store.second_factor(user.tenant, user.id).await?;
        let oldest = self.clock.now().saturating_sub(FRESH).unwrap_or(Timestamp::MIN);
        let fresh = known.and_then(|known| known.fresh).filter(|(_, at)| *at > oldest);
        let (fresh, _) = fresh.ok_or(SigninError::Late)?;
        let account = account("code", "", Some(user));
        if !self.store.guess_password(&[(account, CODES_PER_ACCOUNT)], WINDOW).await? {
            return Err(SigninError::Code);
        }
        let steps = totp::steps(&fresh, code, self.clock.now().as_second());
        let step = *steps.last().ok_or(SigninError::Code)?;
        let (codes, hashes) = self.recovery_codes(user);
        let of = (user.tenant, user.id);
        let store = self.noting("second-factor.turned-on", of, Value::Null, Value::Null).await?;
        if !store.turn_factor_on((user.tenant, user.id), fresh, step, &hashes, keep).await? {
            return Err(SigninError::Late);
        }
        self.store.password_was_right(account, &[], WINDOW).await?;
        tracing::info!(user = %user.id, "a second factor was turned on");
        security::tell(&self.store, &self.clock, user, SecurityChange::FactorOn).await;
        Ok(codes)
    }

    /// New recovery codes for somebody with a code; the old ones open nothing any more.
    ///
    /// # Errors
    /// [`SigninError::Code`].
    pub async fn renew_recovery_codes(&self, user: &User, code: &str) -> Result<Vec<String>> {
        self.prove(user, code, None).await?;
        let (codes, hashes) = self.recovery_codes(user);
        let of = (user.tenant, user.id);
        let store = self.noting("second-factor.codes-renewed", of, Value::Null, Value::Null).await?;
        store.put_recovery_codes(user.tenant, user.id, &hashes).await?;
        security::tell(&self.store, &self.clock, user, SecurityChange::FactorCodes).await;
        Ok(codes)
    }

    /// Turns the second factor off for somebody who knows password and code. Every other session ends.
    ///
    /// # Errors
    /// [`SigninError::Required`] where the tenant asks this role for one.
    pub async fn turn_factor_off(
        &self,
        user: &User,
        role: Role,
        keep: Option<SessionId>,
        password: SecretString,
        code: &str,
    ) -> Result<()> {
        if looks_after_others(role) && self.store.is_factor_required(user.tenant).await? {
            return Err(SigninError::Required);
        }
        self.must_know(user, password, code).await?;
        let of = (user.tenant, user.id);
        let store = self.noting("second-factor.turned-off", of, Value::Null, Value::Null).await?;
        store.turn_factor_off(user.tenant, user.id, keep).await?;
        tracing::info!(user = %user.id, "a second factor was turned off");
        security::tell(&self.store, &self.clock, user, SecurityChange::FactorOff).await;
        Ok(())
    }

    /// Takes it away for somebody who lost app and codes; all sessions end. Who may is [`crate::service::access`]'s. Whether
    /// there was one.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn reset_factor(&self, tenant: TenantId, user: UserId) -> Result<bool> {
        let was_on = self.active(tenant, user).await?.is_some();
        let (was, became) = (json!({ "on": was_on }), json!({"on": false}));
        let store = self.noting("second-factor.reset", (tenant, user), was, became).await?;
        let was_on = store.turn_factor_off(tenant, user, None).await?;
        tracing::info!(user = %user, was_on, "a second factor was reset");
        if was_on {
            security::tell_of(&self.store, &self.clock, (tenant, user), SecurityChange::FactorReset).await;
        }
        Ok(was_on)
    }

    /// Everybody of the tenant who has one.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn factors(&self, tenant: TenantId) -> Result<Vec<SecondFactor>> {
        Ok(self.store.second_factors(tenant).await?)
    }

    /// Whether the tenant asks those who look after others for one.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn is_factor_required(&self, tenant: TenantId) -> Result<bool> {
        Ok(self.store.is_factor_required(tenant).await?)
    }

    /// Sets that. Who sets it must have one, so that nobody shuts themselves out.
    ///
    /// # Errors
    /// [`SigninError::OwnFirst`].
    pub async fn require_factor(&self, tenant: TenantId, by: UserId, is_required: bool) -> Result<()> {
        if is_required && self.active(tenant, by).await?.is_none() {
            return Err(SigninError::OwnFirst);
        }
        let required = |is: bool| json!({ "required": is });
        let was = required(self.store.is_factor_required(tenant).await?);
        let deed = Deed { action: "second-factor.required", target: "tenant".to_owned() };
        let store = self.store.noting(tenant, deed, was, required(is_required));
        Ok(store.require_factor(tenant, is_required).await?)
    }

    async fn must_know(&self, user: &User, password: SecretString, code: &str) -> Result<()> {
        let account = account("change", "", Some(user));
        let allowed = self.store.guess_password(&[(account, PER_ACCOUNT)], WINDOW).await?;
        let hash = self.store.password_hash(user.tenant, user.id).await?;
        let is_right = self.hashing.verify(password, hash).await.map_err(SigninError::Away)?;
        if !is_right || !allowed {
            return Err(SigninError::Refused);
        }
        self.store.password_was_right(account, &[], WINDOW).await?;
        if self.active(user.tenant, user.id).await?.is_some() {
            self.prove(user, code, None).await?;
        }
        Ok(())
    }

    fn recovery_codes(&self, user: &User) -> (Vec<String>, Vec<[u8; 32]>) {
        let codes: Vec<String> = (0..RECOVERY_CODES)
            .map(|_| {
                let mut random = [0; 8];
                self.clock.fill(&mut random);
                totp::recovery_code(random)
            })
            .collect();
        let hashes = codes.iter().filter_map(|code| totp::recovery_hash(user.id, code)).collect();
        (codes, hashes)
    }
}
