//! The side of whoever asked for a call: step by step, until the last one; and that somebody is still there.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::{CallMe, HOLD, PATIENCE};
use crate::clock::SharedClock;
use crate::domain::{CallFault, CallRequestId, CallStep, Owner};
use crate::store::{CallNews, CallRequest, CallState, Store, StoreError};

/// How often whoever asked looks for news.
const FOLLOW: Duration = Duration::from_millis(150);
/// How often whoever follows a call says so.
const SAY_EVERY: Duration = Duration::from_secs(2);

impl CallMe {
    /// A call that this owner asked for, how it went so far, and whether that was all. Who looks follows it, for a while.
    ///
    /// # Errors
    /// [`StoreError::Missing`], for the call of somebody else as well.
    pub async fn so_far(
        &self,
        owner: Owner,
        id: CallRequestId,
    ) -> Result<(CallRequest, Vec<CallNews>), StoreError> {
        let request = self.owned(owner, id).await?;
        if request.state != CallState::Over {
            self.store.follow_call(id).await?;
        }
        let mut news = self.store.call_news(id, 0).await?;
        if !news.last().is_some_and(|news| news.step.is_last())
            && let Some(fault) = self.silent_end(&request).await?
        {
            let place = news.last().map_or(0, |news| news.place + 1);
            news.push(CallNews { place, at: self.clock.now(), step: CallStep::failed(fault) });
        }
        Ok((request, news))
    }

    /// A call that this owner asked for.
    ///
    /// # Errors
    /// [`StoreError::Missing`], for the call of somebody else as well.
    pub async fn owned(&self, owner: Owner, id: CallRequestId) -> Result<CallRequest, StoreError> {
        let request = self.store.call_request(id).await?;
        if request.owner != owner {
            return Err(StoreError::Missing { what: "call", value: id.to_string() });
        }
        Ok(request)
    }

    /// Why nothing more will be said, although the last word was not. Who asked is held until then, and nobody held it on.
    async fn silent_end(&self, request: &CallRequest) -> Result<Option<CallFault>, StoreError> {
        let quiet_for = self.clock.now().duration_since(request.held_until);
        let is_longer = |than: Duration| quiet_for.unsigned_abs() >= than && quiet_for.is_positive();
        Ok(match request.state {
            CallState::Waiting if is_longer(PATIENCE) => {
                self.store.withdraw_call(request.id).await?.then_some(CallFault::Unserved)
            }
            CallState::Running if is_longer(HOLD) => Some(CallFault::Stopped),
            CallState::Waiting | CallState::Running => None,
            CallState::Over if request.wanted => Some(CallFault::Stopped),
            CallState::Over => Some(CallFault::GivenUp),
        })
    }
}

/// Follows one call to its end.
#[derive(Debug)]
pub struct Following {
    store: Store,
    clock: SharedClock,
    id: CallRequestId,
    next: u32,
    known: VecDeque<CallNews>,
    over: bool,
    /// When something was last seen to happen, monotonic.
    since: Duration,
    held_until: Option<Timestamp>,
    /// When it was last said that somebody follows, monotonic.
    said: Option<Duration>,
}

impl Following {
    pub(super) fn new(store: Store, clock: SharedClock, id: CallRequestId) -> Self {
        let since = clock.monotonic();
        Self {
            store,
            clock,
            id,
            next: 0,
            known: VecDeque::new(),
            over: false,
            since,
            held_until: None,
            said: None,
        }
    }

    /// The next step, when there is one; `None` after the last. May be dropped while it waits.
    ///
    /// # Errors
    /// [`StoreError`]; it can be asked again.
    pub async fn next(&mut self) -> Result<Option<CallNews>, StoreError> {
        loop {
            if let Some(news) = self.known.pop_front() {
                self.next = news.place + 1;
                self.over = news.step.is_last();
                return Ok(Some(news));
            }
            if self.over {
                return Ok(None);
            }
            let request = self.store.call_request(self.id).await?;
            self.say(&request).await?;
            self.known.extend(self.store.call_news(self.id, self.next).await?);
            if !self.known.is_empty() {
                self.since = self.clock.monotonic();
                continue;
            }
            if let Some(fault) = self.ended_without_a_word(&request).await? {
                let step = CallStep::failed(fault);
                self.known.push_back(CallNews { place: self.next, at: self.clock.now(), step });
                continue;
            }
            tokio::time::sleep(FOLLOW).await;
        }
    }

    /// Somebody is there: the phone may ring on.
    async fn say(&mut self, request: &CallRequest) -> Result<(), StoreError> {
        let now = self.clock.monotonic();
        let is_due = self.said.is_none_or(|said| now.saturating_sub(said) >= SAY_EVERY);
        if is_due && request.state != CallState::Over {
            self.store.follow_call(self.id).await?;
            self.said = Some(now);
        }
        Ok(())
    }

    /// Nobody says how it goes: nobody took it up, or who did is gone. Clocks of other machines are not compared.
    async fn ended_without_a_word(&mut self, request: &CallRequest) -> Result<Option<CallFault>, StoreError> {
        if self.held_until.replace(request.held_until) != Some(request.held_until) {
            self.since = self.clock.monotonic();
        }
        let quiet_for = self.clock.monotonic().saturating_sub(self.since);
        Ok(match request.state {
            CallState::Waiting if quiet_for >= PATIENCE => {
                // Taken up at this very moment: then it is followed on.
                self.store.withdraw_call(self.id).await?.then_some(CallFault::Unserved)
            }
            CallState::Running if quiet_for >= HOLD => Some(CallFault::Stopped),
            CallState::Waiting | CallState::Running => None,
            CallState::Over if request.wanted => Some(CallFault::Stopped),
            CallState::Over => Some(CallFault::GivenUp),
        })
    }
}
