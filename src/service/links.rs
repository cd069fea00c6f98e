//! Links to one message that are sent by mail: issue, open, use, revoke.
//!
//! Knows no pages and no mail. [`crate::outbox`] issues links, [`crate::http`] opens them. The token is 160 random
//! bits; the store keeps only its hash, so a stolen database opens nothing.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::doors::Doors;
use crate::clock::SharedClock;
use crate::domain::{LinkId, LinkToken, MailAddress, Mark, Message, MessageId, Owner, TenantId};
use crate::store::{Link, Store, StoreError};

/// The longest that any link may live.
pub const LONGEST_LIFETIME: Duration = Duration::from_secs(14 * 24 * 3600);

/// The address that stands in the mail. A secret: `Debug` prints nothing of it.
#[derive(Clone)]
pub struct LinkUrl(String);

impl LinkUrl {
    /// The address, for the mail and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkUrl(…)")
    }
}

/// A message that somebody may listen to because they hold its link. Only [`Links::open`] makes one: to have it is
/// to be allowed.
#[derive(Debug, Clone)]
pub struct LinkedMessage {
    link: Link,
    message: Message,
}

impl LinkedMessage {
    /// The link that was followed.
    pub const fn link(&self) -> &Link {
        &self.link
    }

    /// The one message that it opens.
    pub const fn message(&self) -> &Message {
        &self.message
    }
}

/// Why a link opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum LinkRefusal {
    /// No such link was ever sent, or the message is purged. Also what a guess gets.
    #[error("this link does not exist: open it exactly as it stands in the mail")]
    Unknown,
    /// It has outlived its days.
    #[error("this link has expired: listen by phone, or ask for the message to be sent again")]
    Expired,
    /// The owner took it back.
    #[error("this link was revoked")]
    Revoked,
    /// We cannot look it up now.
    #[error(transparent)]
    Store(StoreError),
}

/// The use cases around links. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Links {
    store: Store,
    clock: SharedClock,
    public_url: String,
    lifetime: Duration,
}

impl Links {
    /// Links under `public_url` (scheme, host, perhaps a path) that live for `lifetime`, at most
    /// [`LONGEST_LIFETIME`].
    pub fn new(store: Store, clock: SharedClock, public_url: &str, lifetime: Duration) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        Self { store, clock, public_url, lifetime: lifetime.min(LONGEST_LIFETIME) }
    }

    /// One-time links under the same address.
    pub fn doors(&self) -> Doors {
        Doors::new(self.store.clone(), self.clock.clone(), &self.public_url)
    }

    /// A new link to `message` for `to`. It is stored (as a hash) before it is returned.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn issue(&self, message: &Message, to: &MailAddress) -> Result<(Link, LinkUrl), StoreError> {
        let mut bytes = [0; 20];
        self.clock.fill(&mut bytes);
        let token = LinkToken::from_bytes(bytes);
        let now = self.clock.now();
        let link = Link {
            id: LinkId::from_uuid(self.clock.uuid()),
            tenant: message.tenant,
            message: message.id,
            sent_to: to.clone(),
            token_hash: token.hash(),
            expires_at: now.saturating_add(self.lifetime).unwrap_or(Timestamp::MAX),
            revoked_at: None,
            created_at: now,
        };
        self.store.add_link(&link).await?;
        let url = LinkUrl(format!("{}/m/{}", self.public_url, token.expose()));
        Ok((link, url))
    }

    /// What the link with this token opens. Changes nothing: mail scanners follow links, too.
    ///
    /// Every text, also one that is no token at all, costs the same one look-up by hash.
    ///
    /// # Errors
    /// [`LinkRefusal`].
    pub async fn open(&self, token: &str) -> Result<LinkedMessage, LinkRefusal> {
        let hash =
            token.parse::<LinkToken>().map_or_else(|_| Sha256::digest(token).into(), |token| token.hash());
        let link = self.store.link_by_hash(&hash).await.map_err(LinkRefusal::Store)?;
        let link = link.ok_or(LinkRefusal::Unknown)?;
        if link.revoked_at.is_some() {
            return Err(LinkRefusal::Revoked);
        }
        if link.expires_at <= self.clock.now() {
            return Err(LinkRefusal::Expired);
        }
        match self.store.message(link.tenant, link.message).await {
            Ok(message) => Ok(LinkedMessage { link, message }),
            Err(StoreError::Missing { .. }) => Err(LinkRefusal::Unknown),
            Err(error) => Err(LinkRefusal::Store(error)),
        }
    }

    /// Notes in the ledger that the link was used, once for each link. Says nothing about the message's state. To be
    /// called when the player starts or a button is pressed. A mere fetch, also one of the audio, is no sign of a
    /// person: mail scanners fetch everything.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_opened(&self, linked: &LinkedMessage) -> Result<(), StoreError> {
        const EVENT: &str = "link-opened";
        let (tenant, message) = (linked.message.tenant, linked.message.id);
        let detail = linked.link.id.to_string();
        let ledger = self.store.ledger(tenant, message).await?;
        if ledger.iter().any(|line| line.event == EVENT && line.detail == detail) {
            return Ok(());
        }
        self.store.note(tenant, message, EVENT, &detail).await
    }

    /// Marks the message heard.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn heard(&self, linked: &LinkedMessage) -> Result<(), StoreError> {
        self.mark(linked, Mark::Heard).await
    }

    /// Moves the message to the saved ones.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn save(&self, linked: &LinkedMessage) -> Result<(), StoreError> {
        self.mark(linked, Mark::Save).await
    }

    /// Moves the message to the trash.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn trash(&self, linked: &LinkedMessage) -> Result<(), StoreError> {
        self.mark(linked, Mark::Trash).await
    }

    /// Brings the message back to the inbox.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn restore(&self, linked: &LinkedMessage) -> Result<(), StoreError> {
        self.mark(linked, Mark::Inbox).await
    }

    /// Takes back every link to the message.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke(&self, tenant: TenantId, message: MessageId) -> Result<(), StoreError> {
        self.store.revoke_links(tenant, message).await
    }

    async fn mark(&self, linked: &LinkedMessage, mark: Mark) -> Result<(), StoreError> {
        self.store.mark(Owner::of(&linked.message), linked.message.id, mark).await.map(drop)
    }
}
