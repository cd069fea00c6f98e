//! How mails and prompts are: what the server takes calls without, and what somebody must look after all the same.

use std::sync::Arc;

use serde::Serialize;

use super::prompts::PromptSet;
use crate::store::{MailState, Store, StoreError};

/// Names of clips that are named at most.
const MOST_NAMED: usize = 20;

/// How a language is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VoiceState {
    /// Its tag, for example `en`.
    pub language: String,
    /// How many phrases it says.
    pub phrases: usize,
    /// How many recordings it is made of.
    pub clips: usize,
    /// Recordings whose files are gone, some of them by name.
    pub missing: Vec<String>,
    /// The folder that it was loaded from; none: part of the program.
    pub folder: Option<String>,
}

/// A tenant whose language nobody speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unspoken {
    /// The name of the tenant.
    pub tenant: String,
    /// Its language.
    pub language: String,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Upkeep {
    store: Store,
    prompts: Arc<PromptSet>,
}

impl Upkeep {
    /// Over this store and what is spoken.
    pub const fn new(store: Store, prompts: Arc<PromptSet>) -> Self {
        Self { store, prompts }
    }

    /// How mails fare, of all nodes and tenants.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mail(&self) -> Result<MailState, StoreError> {
        self.store.mail_state().await
    }

    /// How every language is. A language whose phrases are not complete is not loaded at all; its files may go later.
    pub fn voices(&self) -> Vec<VoiceState> {
        let state = |spoken: super::prompts::Spoken<'_>| VoiceState {
            language: spoken.name.to_owned(),
            phrases: self.prompts.book(spoken.name).len(),
            clips: spoken.clips,
            missing: self.prompts.missing(spoken.name, MOST_NAMED),
            folder: spoken.folder.map(|folder| folder.display().to_string()),
        };
        self.prompts.spoken().map(state).collect()
    }

    /// Tenants whose language is not there: they hear English.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unspoken(&self) -> Result<Vec<Unspoken>, StoreError> {
        let tenants = self.store.tenants().await?.into_iter();
        let not_spoken = tenants.filter(|tenant| self.prompts.check_spoken(&tenant.language).is_err());
        Ok(not_spoken.map(|tenant| Unspoken { tenant: tenant.name, language: tenant.language }).collect())
    }
}
