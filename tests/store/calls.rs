//! The contract of the post box between whoever asks for a call and the server that places it.

use aftertone::domain::{CallFault, CallRequestId, CallStep, Owner};
use aftertone::store::CallState;
use jiff::Timestamp;

use super::*;

contract! {
    a_request_is_taken_up_by_one_server_only_and_only_once
    a_mailbox_is_called_once_at_a_time_until_its_server_is_gone
    what_is_taken_back_or_too_old_is_never_called
    how_a_call_goes_reads_back_in_order_and_the_last_step_ends_it
    old_requests_are_forgotten_with_their_news
    nobody_asks_for_a_mailbox_of_another_tenant_and_a_removed_one_is_not_called_on
}

const HOLD: Duration = Duration::from_secs(20);

async fn ask(bed: &Bed, home: &Home) -> Result<CallRequestId, StoreError> {
    let id = CallRequestId::from_uuid(bed.clock.uuid());
    let owner = Owner { tenant: home.tenant, mailbox: home.mailbox.id };
    let stale = before(bed, 10);
    let name = "At the sea".parse().unwrap();
    bed.store.ask_for_call(id, owner, GreetingKind::Away, "1001", Some(&name), stale).await.map(|()| id)
}

fn before(bed: &Bed, seconds: u64) -> Timestamp {
    bed.clock.now().checked_sub(Duration::from_secs(seconds)).unwrap()
}

async fn a_request_is_taken_up_by_one_server_only_and_only_once(bed: Bed) {
    let mut asked = Vec::new();
    for extension in ["1001", "1002", "1003"] {
        asked.push(ask(&bed, &bed.home(extension).await).await.unwrap());
    }
    let other = bed.second.clone();
    let mut taking = tokio::task::JoinSet::new();
    for turn in 0..12 {
        let (store, since) =
            (if turn % 2 == 0 { bed.store.clone() } else { other.clone() }, before(&bed, 60));
        taking.spawn(async move { store.take_call(since, HOLD).await.unwrap() });
    }
    let mut taken: Vec<_> = taking.join_all().await.into_iter().flatten().map(|request| request.id).collect();
    // Who found the first one locked looks again.
    while let Some(request) = other.take_call(before(&bed, 60), HOLD).await.unwrap() {
        taken.push(request.id);
    }
    taken.sort();
    asked.sort();
    assert_eq!(taken, asked, "each once");
    bed.clock.advance(HOLD * 2);
    assert_eq!(
        bed.store.take_call(before(&bed, 3600), HOLD).await.unwrap(),
        None,
        "also when its server is gone"
    );
}

async fn a_mailbox_is_called_once_at_a_time_until_its_server_is_gone(bed: Bed) {
    let home = bed.home("1001").await;
    let first = ask(&bed, &home).await.unwrap();
    let taken = bed.store.take_call(before(&bed, 60), HOLD).await.unwrap().unwrap();
    assert_eq!((taken.id, taken.kind, taken.target.as_str()), (first, GreetingKind::Away, "1001"));
    assert_eq!(taken.name.unwrap().as_str(), "At the sea");
    assert!(bed.store.calls_run().await.unwrap());
    assert!(matches!(ask(&bed, &home).await, Err(StoreError::Taken { .. })));
    assert!(bed.store.hold_call(first, HOLD).await.unwrap(), "still wanted");
    bed.store.give_call_up(first).await.unwrap();
    assert!(!bed.store.hold_call(first, HOLD).await.unwrap(), "the server learns that it is not");
    bed.clock.advance(HOLD * 2);
    assert!(!bed.store.calls_run().await.unwrap());
    ask(&bed, &home).await.unwrap();
    assert_missing(bed.store.hold_call(first, HOLD).await, "running call");
}

async fn what_is_taken_back_or_too_old_is_never_called(bed: Bed) {
    let home = bed.home("1001").await;
    let back = ask(&bed, &home).await.unwrap();
    assert!(bed.store.withdraw_call(back).await.unwrap());
    assert!(!bed.store.withdraw_call(back).await.unwrap(), "once");
    let given_up = ask(&bed, &home).await.unwrap();
    bed.store.give_call_up(given_up).await.unwrap();
    assert_eq!(bed.store.call_request(given_up).await.unwrap().state, CallState::Over);
    ask(&bed, &home).await.unwrap();
    bed.clock.advance(Duration::from_secs(61));
    assert_eq!(bed.store.take_call(before(&bed, 60), HOLD).await.unwrap(), None);
    let fresh = ask(&bed, &home).await.unwrap();
    let taken = bed.store.take_call(before(&bed, 60), HOLD).await.unwrap().unwrap();
    assert_eq!(taken.id, fresh);
    assert!(!bed.store.withdraw_call(fresh).await.unwrap(), "it is taken up");
}

async fn how_a_call_goes_reads_back_in_order_and_the_last_step_ends_it(bed: Bed) {
    let id = ask(&bed, &bed.home("1001").await).await.unwrap();
    bed.store.take_call(before(&bed, 60), HOLD).await.unwrap().unwrap();
    let last = CallStep::Failed { reason: CallFault::Busy, code: Some(486) };
    let steps = [CallStep::Calling, CallStep::Ringing, last];
    for (place, step) in (0..).zip(steps) {
        bed.store.note_call(id, place, step).await.unwrap();
    }
    let news = bed.store.call_news(id, 0).await.unwrap();
    assert_eq!(news.iter().map(|line| line.step).collect::<Vec<_>>(), steps);
    assert_eq!(bed.store.call_news(id, 2).await.unwrap().len(), 1);
    assert_eq!(bed.store.call_request(id).await.unwrap().state, CallState::Over);
    assert!(matches!(bed.store.note_call(id, 2, CallStep::Kept).await, Err(StoreError::Taken { .. })));
}

async fn old_requests_are_forgotten_with_their_news(bed: Bed) {
    let home = bed.home("1001").await;
    let id = ask(&bed, &home).await.unwrap();
    bed.store.note_call(id, 0, CallStep::failed(CallFault::NoTrunk)).await.unwrap();
    bed.clock.advance(Duration::from_secs(3600));
    let young = ask(&bed, &home).await.unwrap();
    assert_eq!(bed.store.purge_calls(before(&bed, 60)).await.unwrap(), 1);
    assert_missing(bed.store.call_request(id).await, "call");
    assert!(bed.store.call_request(young).await.is_ok());
}

async fn nobody_asks_for_a_mailbox_of_another_tenant_and_a_removed_one_is_not_called_on(bed: Bed) {
    let home = bed.home("1001").await;
    let stranger = Owner { tenant: TenantId::from_uuid(bed.clock.uuid()), mailbox: home.mailbox.id };
    let id = CallRequestId::from_uuid(bed.clock.uuid());
    let asked =
        bed.store.ask_for_call(id, stranger, GreetingKind::Name, "1001", None, before(&bed, 10)).await;
    assert_missing(asked, "mailbox");
    let running = ask(&bed, &home).await.unwrap();
    bed.store.take_call(before(&bed, 60), HOLD).await.unwrap().unwrap();
    bed.store.remove_user(home.tenant, home.user.id).await.unwrap();
    assert!(!bed.store.hold_call(running, HOLD).await.unwrap(), "its server hangs up");
}
