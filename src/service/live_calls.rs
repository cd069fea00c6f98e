//! Which calls run on this node, and what came of the last ones. In memory; nothing of it outlives the process.
//!
//! Written by whoever runs a call, once for every change of its stage: never for a packet. Read by pages and API, by
//! tenant. Holds who calls whom, and nothing of what is said.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clock::SharedClock;
use crate::domain::{CallOutcome, CallStage, CallerId, Extension, TenantId};

/// Calls that are over and still shown.
pub const MOST_OVER: usize = 500;

/// Whose calls are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those of one tenant.
    Tenant(TenantId),
    /// Those of every tenant, and those whose tenant is not known.
    Everything,
}

/// What is known of a call when it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its name in the log.
    pub id: Uuid,
    /// We placed it.
    pub is_ours: bool,
    /// The trunk it came over.
    pub trunk: Option<String>,
    /// Where it came from; `None` for one that we place.
    pub peer: Option<IpAddr>,
}

/// A call.
#[derive(Debug, Clone)]
pub struct LiveCall {
    /// What was known when it came.
    pub arrival: Arrival,
    /// Whose world it is in, once that is known.
    pub tenant: Option<TenantId>,
    /// The mailbox that it is about, once that is known.
    pub mailbox: Option<Extension>,
    /// Who calls, once that is known.
    pub caller: Option<CallerId>,
    /// When it came.
    pub since: Timestamp,
    /// What it does.
    pub stage: CallStage,
    /// Since when.
    pub stage_since: Timestamp,
    /// Somebody ended it from outside of the call.
    pub is_cut: bool,
    end: CancellationToken,
}

/// A call that is over.
#[derive(Debug, Clone)]
pub struct PastCall {
    /// As it was at its end.
    pub call: LiveCall,
    /// When it ended.
    pub ended_at: Timestamp,
    /// What came of it.
    pub outcome: CallOutcome,
}

impl LiveCall {
    fn is_in(&self, scope: Scope) -> bool {
        match scope {
            Scope::Tenant(tenant) => self.tenant == Some(tenant),
            Scope::Everything => true,
        }
    }
}

/// The calls of this node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LiveCalls {
    board: Arc<Board>,
}

#[derive(Debug)]
struct Board {
    clock: SharedClock,
    calls: Mutex<Calls>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Calls {
    running: HashMap<Uuid, LiveCall>,
    over: VecDeque<PastCall>,
    /// How often something of a tenant has changed: nobody is to see that there are others.
    changes: HashMap<TenantId, u64>,
}

impl Board {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever waits looks again, for something of this tenant.
    fn tell(&self, calls: &mut Calls, tenant: Option<TenantId>) {
        if let Some(tenant) = tenant {
            *calls.changes.entry(tenant).or_default() += 1;
        }
        self.changed.send_modify(|version| *version = version.wrapping_add(1));
    }
}

impl LiveCalls {
    /// None yet.
    pub fn new(clock: SharedClock) -> Self {
        let changed = watch::Sender::new(0);
        Self { board: Arc::new(Board { clock, calls: Mutex::default(), changed }) }
    }

    /// A call begins; it runs until the entry is dropped. `cut` ends it with all others.
    pub fn open(&self, arrival: Arrival, cut: &CancellationToken) -> Entry {
        let (id, now, end) = (arrival.id, self.board.clock.now(), cut.child_token());
        let stage = if arrival.is_ours { CallStage::Calling } else { CallStage::Arriving };
        let call = LiveCall {
            arrival,
            tenant: None,
            mailbox: None,
            caller: None,
            since: now,
            stage,
            stage_since: now,
            is_cut: false,
            end: end.clone(),
        };
        let mut calls = self.board.calls();
        calls.running.insert(id, call);
        self.board.tell(&mut calls, None);
        drop(calls);
        Entry { board: Arc::clone(&self.board), id, stage, outcome: CallOutcome::Nothing, end }
    }

    /// Running calls, the oldest first, at most `limit`; and how many there are.
    pub fn running(&self, scope: Scope, limit: usize) -> (Vec<LiveCall>, usize) {
        let calls = self.board.calls();
        let mut running: Vec<_> = calls.running.values().filter(|call| call.is_in(scope)).collect();
        let all = running.len();
        running.sort_unstable_by_key(|call| (call.since, call.arrival.id));
        (running.into_iter().take(limit).cloned().collect(), all)
    }

    /// Whether a call to this mailbox runs here.
    pub fn is_called(&self, tenant: TenantId, mailbox: &Extension) -> bool {
        let calls = self.board.calls();
        calls
            .running
            .values()
            .any(|call| call.tenant == Some(tenant) && call.mailbox.as_ref() == Some(mailbox))
    }

    /// Calls that are over, the last one first, at most `limit`.
    pub fn over(&self, scope: Scope, limit: usize) -> Vec<PastCall> {
        let calls = self.board.calls();
        calls.over.iter().rev().filter(|past| past.call.is_in(scope)).take(limit).cloned().collect()
    }

    /// Ends a running call: what was recorded is kept, as if the caller had hung up. `None`: no such call runs.
    pub fn end(&self, id: Uuid, scope: Scope) -> Option<LiveCall> {
        let mut calls = self.board.calls();
        let call = calls.running.get_mut(&id).filter(|call| call.is_in(scope))?;
        call.is_cut = true;
        call.end.cancel();
        let ended = call.clone();
        self.board.tell(&mut calls, ended.tenant);
        Some(ended)
    }

    /// Waits for the next call of the scope that comes, goes or goes on. One watch sees each change once.
    pub fn watch(&self, scope: Scope) -> Watch {
        let seen = self.board.changed.subscribe();
        let known = self.version(scope);
        Watch { calls: self.clone(), scope, seen, known }
    }

    fn version(&self, scope: Scope) -> u64 {
        match scope {
            Scope::Tenant(tenant) => self.board.calls().changes.get(&tenant).copied().unwrap_or_default(),
            Scope::Everything => *self.board.changed.borrow(),
        }
    }
}

/// Waits for what happens to the calls of a scope.
#[derive(Debug)]
pub struct Watch {
    calls: LiveCalls,
    scope: Scope,
    seen: watch::Receiver<u64>,
    known: u64,
}

impl Watch {
    /// Returns when something has changed since the last time. May be dropped while it waits.
    pub async fn next(&mut self) {
        loop {
            // Before the look: what changes after it wakes again.
            self.seen.borrow_and_update();
            let now = self.calls.version(self.scope);
            if now != self.known {
                self.known = now;
                return;
            }
            if self.seen.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

/// The hold of whoever runs a call on what is told of it. Dropping it says that the call is over.
#[derive(Debug)]
pub struct Entry {
    board: Arc<Board>,
    id: Uuid,
    stage: CallStage,
    outcome: CallOutcome,
    end: CancellationToken,
}

impl Entry {
    /// Cancelled when the call is to end.
    pub const fn end(&self) -> &CancellationToken {
        &self.end
    }

    /// Whose call it is, and who calls.
    pub fn is_for(&self, tenant: TenantId, mailbox: Option<&Extension>, caller: &CallerId) {
        self.change(|call, _| {
            call.tenant = Some(tenant);
            call.mailbox = mailbox.cloned();
            call.caller = Some(caller.clone());
        });
    }

    /// The call is about this mailbox from now on.
    pub fn moved(&self, mailbox: Option<&Extension>) {
        self.change(|call, _| call.mailbox = mailbox.cloned());
    }

    /// The call goes on. Costs nothing when it does not.
    pub fn stage(&mut self, stage: CallStage) {
        if stage == self.stage {
            return;
        }
        self.stage = stage;
        self.change(|call, now| {
            call.stage = stage;
            call.stage_since = now;
        });
    }

    /// Something came of the call.
    pub fn note(&mut self, outcome: CallOutcome) {
        self.outcome = self.outcome.max(outcome);
    }

    fn change(&self, change: impl FnOnce(&mut LiveCall, Timestamp)) {
        let now = self.board.clock.now();
        let mut calls = self.board.calls();
        let Some(call) = calls.running.get_mut(&self.id) else { return };
        change(call, now);
        let tenant = call.tenant;
        self.board.tell(&mut calls, tenant);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let ended_at = self.board.clock.now();
        let mut calls = self.board.calls();
        let mut tenant = None;
        if let Some(call) = calls.running.remove(&self.id) {
            tenant = call.tenant;
            if calls.over.len() >= MOST_OVER {
                calls.over.pop_front();
            }
            calls.over.push_back(PastCall { call, ended_at, outcome: self.outcome });
        }
        self.board.tell(&mut calls, tenant);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::clock::{Clock as _, ManualClock};

    fn board() -> (Arc<ManualClock>, LiveCalls) {
        let clock = ManualClock::new("2026-11-21T13:32:10Z".parse().unwrap(), 7);
        (clock.clone(), LiveCalls::new(clock))
    }

    fn arrival(clock: &ManualClock) -> Arrival {
        let peer = Some("127.0.0.1".parse().unwrap());
        Arrival { id: clock.uuid(), is_ours: false, trunk: Some("pbx".to_owned()), peer }
    }

    fn shown(calls: &LiveCalls, scope: Scope) -> Vec<LiveCall> {
        calls.running(scope, usize::MAX).0
    }

    #[test]
    fn a_call_is_shown_to_its_tenant_while_it_runs_and_what_came_of_it_afterwards() {
        let (clock, calls) = board();
        let (own, other) = (TenantId::from_uuid(clock.uuid()), TenantId::from_uuid(clock.uuid()));
        let now = |watch: &mut Watch| watch.next().now_or_never().is_some();
        let (mut all, mut ours, mut theirs) = (
            calls.watch(Scope::Everything),
            calls.watch(Scope::Tenant(own)),
            calls.watch(Scope::Tenant(other)),
        );
        let mut entry = calls.open(arrival(&clock), &CancellationToken::new());
        assert!(now(&mut all) && !now(&mut all), "each change once");
        assert!(shown(&calls, Scope::Tenant(own)).is_empty(), "whose it is, is not known yet");
        assert_eq!(shown(&calls, Scope::Everything).len(), 1);
        entry.is_for(own, Some(&"1001".parse().unwrap()), &CallerId::new(Some("+441"), None));
        assert!(now(&mut ours));
        clock.advance(Duration::from_secs(5));
        entry.stage(CallStage::Recording);
        assert!(now(&mut ours));
        let running = shown(&calls, Scope::Tenant(own));
        let [call] = running.as_slice() else { panic!("{running:?}") };
        assert_eq!((call.stage, call.stage_since), (CallStage::Recording, clock.now()));
        assert_eq!(call.mailbox.as_ref().unwrap().as_str(), "1001");
        assert!(call.since < call.stage_since);
        assert!(shown(&calls, Scope::Tenant(other)).is_empty());
        entry.note(CallOutcome::Kept);
        entry.note(CallOutcome::Transferred);
        assert!(now(&mut all) && !now(&mut ours));
        drop(entry);
        assert!(now(&mut all) && now(&mut ours));
        assert!(!now(&mut theirs), "that others have calls is not seen");
        assert!(shown(&calls, Scope::Everything).is_empty());
        assert_eq!(calls.over(Scope::Tenant(own), usize::MAX)[0].outcome, CallOutcome::Kept);
        assert!(calls.over(Scope::Tenant(other), usize::MAX).is_empty());
    }

    #[test]
    fn a_stage_that_stays_tells_nobody() {
        let (clock, calls) = board();
        let mut entry = calls.open(arrival(&clock), &CancellationToken::new());
        entry.stage(CallStage::Greeting);
        let mut watch = calls.watch(Scope::Everything);
        entry.stage(CallStage::Greeting);
        assert!(watch.next().now_or_never().is_none());
    }

    #[test]
    fn only_a_call_in_reach_is_ended_and_the_others_go_on() {
        let (clock, calls) = board();
        let (own, other) = (TenantId::from_uuid(clock.uuid()), TenantId::from_uuid(clock.uuid()));
        let cut = CancellationToken::new();
        let (first, second) = (calls.open(arrival(&clock), &cut), calls.open(arrival(&clock), &cut));
        first.is_for(own, None, &CallerId::anonymous());
        let id = first.id;
        assert!(calls.end(id, Scope::Tenant(other)).is_none() && !first.end().is_cancelled());
        assert!(calls.end(id, Scope::Tenant(own)).unwrap().is_cut && first.end().is_cancelled());
        assert!(!second.end().is_cancelled() && !cut.is_cancelled());
        drop(first);
        assert!(calls.over(Scope::Tenant(own), usize::MAX)[0].call.is_cut);
        assert!(calls.end(id, Scope::Everything).is_none(), "it is over");
        cut.cancel();
        assert!(second.end().is_cancelled());
    }

    #[test]
    fn no_more_calls_are_remembered_than_agreed() {
        let (clock, calls) = board();
        for _ in 0..MOST_OVER + 20 {
            drop(calls.open(arrival(&clock), &CancellationToken::new()));
            clock.advance(Duration::from_secs(1));
        }
        let over = calls.over(Scope::Everything, usize::MAX);
        assert_eq!((over.len(), calls.over(Scope::Everything, 3).len()), (MOST_OVER, 3));
        assert!(over[0].ended_at > over[1].ended_at, "the last one first");
    }
}
