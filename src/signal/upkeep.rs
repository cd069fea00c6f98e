//! The timers of the stack's transactions, handed out on a beat of ours. The stack's own loop wakes whenever a timer is
//! set or stopped, six times a call, and looks through all that wait for an ACK each time it forgets a transaction.

use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::DialogId;
use rsipstack::sip::SipMessage;
use rsipstack::transaction::TransactionTimer;
use rsipstack::transaction::endpoint::EndpointInner;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::TransactionEvent;
use tokio::time::{MissedTickBehavior, interval};

use super::core::Core;

/// Beats to a T1: a timer is late by one of them at most.
const BEATS: u32 = 25;

/// Runs until the core stops.
pub(super) async fn run(core: Arc<Core>) {
    let mut beat = interval((core.timing.t1 / BEATS).max(Duration::from_millis(1)));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let now = tokio::select! {
            () = core.stop.cancelled() => return,
            now = beat.tick() => now.into_std(),
        };
        for timer in core.endpoint.timers.poll(now) {
            fire(&core.endpoint, timer);
        }
    }
}

fn fire(stack: &EndpointInner, timer: TransactionTimer) {
    if let TransactionTimer::TimerCleanup(key) = &timer {
        return forget(stack, key);
    }
    let Some(transaction) = stack.transactions.get(timer.key()) else { return };
    let key = timer.key().clone();
    if transaction.send(TransactionEvent::Timer(timer)).is_err() {
        stack.transactions.remove(&key);
    }
}

/// Repetitions of the request are over. A refused INVITE may still be waiting for its ACK.
fn forget(stack: &EndpointInner, key: &TransactionKey) {
    stack.transactions.remove(key);
    let last = stack.finished_transactions.remove(key).flatten();
    let Some(SipMessage::Response(refusal)) = last.filter(is_refusal) else { return };
    if let Ok(dialog) = DialogId::try_from((&refusal, TransactionRole::Server)) {
        stack.waiting_ack.with_mut(|waiting| {
            if waiting.get(&dialog) == Some(key) {
                waiting.remove(&dialog);
            }
        });
    }
}

fn is_refusal(message: &SipMessage) -> bool {
    matches!(message, SipMessage::Response(response) if response.status_code.code() >= 300)
}
