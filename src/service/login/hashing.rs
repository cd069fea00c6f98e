//! Argon2id for attempts at PINs and passwords: off the async threads, a few at once, and the same work without a PIN to compare with.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use super::super::accounts::hash_pin;
use crate::clock::SharedClock;

/// PINs that are looked at at once: each takes a processor for 20 ms, and 19 MiB.
const AT_ONCE: usize = 2;
/// A caller waits so long for a turn: hundreds of others would have to be before him.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub(in crate::service) struct Hashing {
    clock: SharedClock,
    turns: Arc<Semaphore>,
    /// What a PIN is compared with when there is none: of a random PIN that nobody knows.
    nobody: Arc<OnceLock<String>>,
}

impl Hashing {
    pub(in crate::service) fn new(clock: SharedClock) -> Self {
        Self { clock, turns: Arc::new(Semaphore::new(AT_ONCE)), nobody: Arc::default() }
    }

    /// Whether the PIN is the one behind `hash`; never without a hash.
    ///
    /// # Errors
    /// In words, when it could not be found out.
    pub(in crate::service) async fn verify(
        &self,
        pin: SecretString,
        hash: Option<String>,
    ) -> Result<bool, String> {
        let nobody = self.nobody().await?;
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(PATIENCE, turn).await;
        let turn = turn.map_err(|_| "too many PINs are looked at")?.map_err(|error| error.to_string())?;
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let matches = compare(&pin, hash.as_deref().unwrap_or(&nobody));
            matches.map(|matches| matches && hash.is_some())
        });
        work.await.map_err(|error| error.to_string())?
    }

    /// The PHC string of a new PIN.
    ///
    /// # Errors
    /// In words, when it could not be made.
    pub(in crate::service) async fn hash(&self, pin: SecretString) -> Result<String, String> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| "too many PINs are looked at")?.map_err(|error| error.to_string())?;
        hash_pin(pin, self.clock.as_ref()).await
    }

    async fn nobody(&self) -> Result<String, String> {
        if let Some(known) = self.nobody.get() {
            return Ok(known.clone());
        }
        let mut secret = [0; 16];
        self.clock.fill(&mut secret);
        let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let hash = self.hash(SecretString::from(secret)).await?;
        Ok(self.nobody.get_or_init(|| hash).clone())
    }
}

fn compare(pin: &SecretString, hash: &str) -> Result<bool, String> {
    // The hash is a secret, too: it does not go into the error.
    let hash = PasswordHash::new(hash)
        .map_err(|_| "a stored hash cannot be read: set the PIN or password again".to_owned())?;
    Ok(Argon2::default().verify_password(pin.expose_secret().as_bytes(), &hash).is_ok())
}
