//! How often somebody may do something that costs others time, money or nerves: counted in the store, over all nodes.

use std::fmt::Display;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::store::{Result, Store};

/// Something that is done now and then.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    what: &'static str,
    most: usize,
    within: Duration,
}

impl Pace {
    /// At most so often within this time.
    pub const fn new(what: &'static str, most: usize, within: Duration) -> Self {
        Self { what, most, within }
    }

    /// Counts one for `who`; false when there were enough, and then it is not counted.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn allows(self, store: &Store, who: impl Display) -> Result<bool> {
        let account = Sha256::digest(format!("pace-{}\0{who}", self.what)).into();
        store.guess_password(&[(account, self.most)], self.within).await
    }
}
