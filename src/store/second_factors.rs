//! The second factor of users: the shared secret, the last step that was used, recovery codes, and sign-ins that await a code.
//!
//! That a code opens once is decided here, by one statement, whatever node asks. What a code is, and who needs one, is
//! `service::signin`'s.

use jiff::Timestamp;

use super::db::{Row, Tx, args};
use super::fault::Named as _;
use super::logins::{END_ALL, END_OTHERS};
use super::read::{Reader, micros};
use super::{Result, Store};
use crate::domain::{SessionId, TenantId, UserId};

macro_rules! factors {
    ($rest:literal) => {
        concat!(
            "SELECT s.user_id, s.secret, s.since, s.fresh, s.fresh_at, (SELECT COUNT(*) FROM recovery_codes r
        WHERE r.tenant_id = s.tenant_id AND r.user_id = s.user_id AND r.used_at IS NULL) AS codes
    FROM second_factors s WHERE s.tenant_id = $1 ",
            $rest
        )
    };
}

const ONE: &str = factors!("AND s.user_id = $2");
const ALL: &str = factors!("AND s.secret IS NOT NULL");

const PUT_FRESH: &str =
    "INSERT INTO second_factors (tenant_id, user_id, last_step, fresh, fresh_at) VALUES ($1, $2, 0, $3, $4)
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET fresh = excluded.fresh, fresh_at = excluded.fresh_at";

const FORGET_FRESH: &str =
    "UPDATE second_factors SET fresh = NULL, fresh_at = NULL WHERE tenant_id = $1 AND user_id = $2";

const TURN_ON: &str = "UPDATE second_factors
    SET secret = fresh, since = $4, last_step = $5, fresh = NULL, fresh_at = NULL
    WHERE tenant_id = $1 AND user_id = $2 AND fresh = $3";

const USE_STEP: &str = "UPDATE second_factors SET last_step = $3
    WHERE tenant_id = $1 AND user_id = $2 AND secret IS NOT NULL AND last_step < $3";

const USE_CODE: &str = "UPDATE recovery_codes SET used_at = $4
    WHERE tenant_id = $1 AND user_id = $2 AND code_hash = $3 AND used_at IS NULL";

const ADD_CODE: &str = "INSERT INTO recovery_codes (tenant_id, user_id, code_hash) VALUES ($1, $2, $3)";

const FORGET_CODES: &str = "DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2";

const TURN_OFF: &str = "DELETE FROM second_factors WHERE tenant_id = $1 AND user_id = $2";

/// Sign-ins that await a code; arguments are tenant and user.
pub(super) const FORGET_HALVES: &str = "DELETE FROM half_sign_ins WHERE tenant_id = $1 AND user_id = $2";

/// What goes with a user for good, in the order of arguments tenant, user.
pub(super) const PURGE_FACTOR: [&str; 2] = [FORGET_CODES, TURN_OFF];

/// Sign-ins that nobody finished; the argument is a time.
pub(super) const OLD_HALVES: &str = "DELETE FROM half_sign_ins WHERE expires_at < $1";

/// What belongs to the tenant.
pub(super) const FORGET_RULE: &str = "DELETE FROM second_factor_rules WHERE tenant_id = $1";

const ADD_HALF: &str =
    "INSERT INTO half_sign_ins (token_hash, tenant_id, user_id, expires_at) VALUES ($1, $2, $3, $4)";

const HALF: &str = "SELECT tenant_id, user_id FROM half_sign_ins WHERE token_hash = $1 AND expires_at > $2";

const TAKE_HALF: &str = "DELETE FROM half_sign_ins WHERE token_hash = $1";

const REQUIRE: &str =
    "INSERT INTO second_factor_rules (tenant_id) VALUES ($1) ON CONFLICT (tenant_id) DO NOTHING";

const REQUIRED: &str = "SELECT tenant_id FROM second_factor_rules WHERE tenant_id = $1";

const OWED: &str = "SELECT r.tenant_id FROM second_factor_rules r WHERE r.tenant_id = $1
    AND NOT EXISTS (SELECT 1 FROM second_factors s
        WHERE s.tenant_id = r.tenant_id AND s.user_id = $2 AND s.secret IS NOT NULL)";

/// The bytes that an authenticator and the server share.
pub type SharedSecret = [u8; 20];

/// What is known of a user's second factor. `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// Whose.
    pub user: UserId,
    /// The secret, and since when codes of it are asked for.
    pub active: Option<(SharedSecret, Timestamp)>,
    /// A secret that was not confirmed by a code yet, and when it was made.
    pub fresh: Option<(SharedSecret, Timestamp)>,
    /// Recovery codes that were not used.
    pub codes: u32,
}

impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let since = self.active.map(|(_, since)| since);
        f.debug_struct("SecondFactor")
            .field("user", &self.user)
            .field("since", &since)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// The user's second factor; `None` when there was never one.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn second_factor(&self, tenant: TenantId, user: UserId) -> Result<Option<SecondFactor>> {
        let row = self.db.row(ONE, args![tenant.uuid(), user.uuid()]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Of every user of the tenant whose second factor is on.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn second_factors(&self, tenant: TenantId) -> Result<Vec<SecondFactor>> {
        self.db.rows(ALL, args![tenant.uuid()]).await?.iter().map(read).collect()
    }

    /// Keeps a new secret until a code confirms it; an active one stays in force.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the user.
    pub async fn put_fresh_factor(&self, tenant: TenantId, user: UserId, secret: SharedSecret) -> Result<()> {
        let mut tx = self.begin().await?;
        let now = micros(self.clock.now());
        let args = args![tenant.uuid(), user.uuid(), secret.to_vec(), now];
        tx.run(PUT_FRESH, args).await.orphan("user", user)?;
        Ok(tx.commit().await?)
    }

    /// Forgets a new secret that was not confirmed.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn forget_fresh_factor(&self, tenant: TenantId, user: UserId) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(FORGET_FRESH, args![tenant.uuid(), user.uuid()]).await?;
        Ok(tx.commit().await?)
    }

    /// The new secret takes the place of the old one: its code of `step` is used, these recovery codes hold, and every other
    /// session ends. False when it is not the new secret any more.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn turn_factor_on(
        &self,
        (tenant, user): (TenantId, UserId),
        fresh: SharedSecret,
        step: i64,
        codes: &[[u8; 32]],
        keep: Option<SessionId>,
    ) -> Result<bool> {
        let (t, u, now) = (tenant.uuid(), user.uuid(), micros(self.clock.now()));
        let mut tx = self.begin().await?;
        if tx.run(TURN_ON, args![t, u, fresh.to_vec(), now, step]).await? == 0 {
            return Ok(false);
        }
        replace_codes(&mut tx, (tenant, user), codes).await?;
        tx.run(FORGET_HALVES, args![t, u]).await?;
        match keep {
            Some(keep) => tx.run(END_OTHERS, args![t, u, keep.uuid()]).await?,
            None => tx.run(END_ALL, args![t, u]).await?,
        };
        tx.commit().await?;
        Ok(true)
    }

    /// Uses the code of a step up; false when one of it, or of a later one, was used before.
    ///
    /// # Errors
    /// [`super::StoreError`]: then the code must not count.
    pub async fn use_factor_step(&self, tenant: TenantId, user: UserId, step: i64) -> Result<bool> {
        let mut tx = self.begin().await?;
        let touched = tx.run(USE_STEP, args![tenant.uuid(), user.uuid(), step]).await?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    /// Uses a recovery code up; false when there is none like that, or not any more.
    ///
    /// # Errors
    /// [`super::StoreError`]: then the code must not count.
    pub async fn use_recovery_code(&self, tenant: TenantId, user: UserId, hash: [u8; 32]) -> Result<bool> {
        let mut tx = self.begin().await?;
        let args = args![tenant.uuid(), user.uuid(), hash.to_vec(), micros(self.clock.now())];
        let touched = tx.run(USE_CODE, args).await?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    /// These recovery codes take the place of all before them.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the user.
    pub async fn put_recovery_codes(&self, tenant: TenantId, user: UserId, codes: &[[u8; 32]]) -> Result<()> {
        let mut tx = self.begin().await?;
        replace_codes(&mut tx, (tenant, user), codes).await?;
        Ok(tx.commit().await?)
    }

    /// Takes the second factor away, with its recovery codes; every session but `keep` ends. Whether there was one.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn turn_factor_off(
        &self,
        tenant: TenantId,
        user: UserId,
        keep: Option<SessionId>,
    ) -> Result<bool> {
        let (t, u) = (tenant.uuid(), user.uuid());
        let mut tx = self.begin().await?;
        tx.run(FORGET_CODES, args![t, u]).await?;
        tx.run(FORGET_HALVES, args![t, u]).await?;
        let touched = tx.run(TURN_OFF, args![t, u]).await?;
        match keep {
            Some(keep) => tx.run(END_OTHERS, args![t, u, keep.uuid()]).await?,
            None if touched > 0 => tx.run(END_ALL, args![t, u]).await?,
            None => 0,
        };
        tx.commit().await?;
        Ok(touched > 0)
    }

    /// Keeps a sign-in whose password was right until its code comes.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the user.
    pub async fn add_half_sign_in(
        &self,
        tenant: TenantId,
        user: UserId,
        token_hash: [u8; 32],
        expires_at: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let args = args![token_hash.to_vec(), tenant.uuid(), user.uuid(), micros(expires_at)];
        tx.run(ADD_HALF, args).await.orphan("user", user)?;
        Ok(tx.commit().await?)
    }

    /// Whose sign-in a token continues; `None` when there is none, or none any more.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn half_sign_in(&self, token_hash: [u8; 32]) -> Result<Option<(TenantId, UserId)>> {
        let row = self.db.row(HALF, args![token_hash.to_vec(), micros(self.clock.now())]).await?;
        let read = |row: &Row| {
            let row = Reader::new(row, "half_sign_ins", "user_id");
            Ok((TenantId::from_uuid(row.id("tenant_id")?), UserId::from_uuid(row.id("user_id")?)))
        };
        row.as_ref().map(read).transpose()
    }

    /// Uses such a token up. False when somebody was quicker.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn take_half_sign_in(&self, token_hash: [u8; 32]) -> Result<bool> {
        let mut tx = self.begin().await?;
        let touched = tx.run(TAKE_HALF, args![token_hash.to_vec()]).await?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    /// Whether who looks after others needs a second factor here.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn is_factor_required(&self, tenant: TenantId) -> Result<bool> {
        Ok(self.db.row(REQUIRED, args![tenant.uuid()]).await?.is_some())
    }

    /// Sets that.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the tenant.
    pub async fn require_factor(&self, tenant: TenantId, is_required: bool) -> Result<()> {
        let mut tx = self.begin().await?;
        let sql = if is_required { REQUIRE } else { FORGET_RULE };
        tx.run(sql, args![tenant.uuid()]).await.orphan("tenant", tenant)?;
        Ok(tx.commit().await?)
    }

    /// Whether the tenant asks for a second factor that this user has not.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn owes_factor(&self, tenant: TenantId, user: UserId) -> Result<bool> {
        Ok(self.db.row(OWED, args![tenant.uuid(), user.uuid()]).await?.is_some())
    }
}

async fn replace_codes(tx: &mut Tx, (tenant, user): (TenantId, UserId), codes: &[[u8; 32]]) -> Result<()> {
    tx.run(FORGET_CODES, args![tenant.uuid(), user.uuid()]).await?;
    for code in codes {
        tx.run(ADD_CODE, args![tenant.uuid(), user.uuid(), code.to_vec()]).await.orphan("user", user)?;
    }
    Ok(())
}

fn read(row: &Row) -> Result<SecondFactor> {
    let row = Reader::new(row, "second_factors", "user_id");
    Ok(SecondFactor {
        user: UserId::from_uuid(row.id("user_id")?),
        active: row.opt_secret("secret")?.zip(row.opt_time("since")?),
        fresh: row.opt_secret("fresh")?.zip(row.opt_time("fresh_at")?),
        codes: row.number("codes")?,
    })
}
