//! What is done to many users as runs, on both databases: begun once, gone on with, stopped, forgotten.

use aftertone::domain::{BulkId, UserId};
use aftertone::store::{BulkRun, BulkState, RowState};

use super::*;

contract! {
    a_run_gives_each_user_one_turn
    a_run_of_a_server_that_died_is_gone_on_with_and_says_what_is_not_known
    a_run_that_is_stopped_gives_no_more_turns
    runs_are_their_tenants_and_go_when_they_are_old
}

fn run(bed: &Bed, home: &Home, total: u32) -> BulkRun {
    BulkRun {
        id: BulkId::from_uuid(bed.clock.uuid()),
        tenant: home.tenant,
        act: "welcome".to_owned(),
        parts: "[]".to_owned(),
        actor: "{}".to_owned(),
        state: BulkState::Running,
        total,
        done: 0,
        failed: 0,
        made_at: bed.clock.now(),
        over_at: None,
    }
}

fn users(bed: &Bed, count: usize) -> Vec<UserId> {
    (0..count).map(|_| UserId::from_uuid(bed.clock.uuid())).collect()
}

fn soon(bed: &Bed) -> jiff::Timestamp {
    bed.clock.now().checked_add(Duration::from_secs(60)).unwrap()
}

/// 002-092
async fn a_run_gives_each_user_one_turn(bed: Bed) {
    let home = bed.home("1001").await;
    let (kept, users) = (run(&bed, &home, 3), users(&bed, 3));
    bed.store.add_bulk_run(&kept, &users).await.unwrap();
    let held = bed.store.lease_bulk_run(soon(&bed), "lost").await.unwrap().unwrap();
    assert_eq!(held, kept);
    assert_eq!(bed.second.lease_bulk_run(soon(&bed), "lost").await.unwrap(), None, "somebody works on it");
    let results = [Ok(()), Err("why not".to_owned()), Ok(())];
    for (user, result) in users.iter().zip(&results) {
        let (place, next) = bed.store.begin_bulk_row(&held, soon(&bed)).await.unwrap().unwrap();
        assert_eq!(next, *user);
        bed.store.end_bulk_row(&held, place, "Ada 1001", result).await.unwrap();
        // Said twice is counted once.
        bed.store.end_bulk_row(&held, place, "Ada 1001", result).await.unwrap();
    }
    assert_eq!(bed.store.begin_bulk_row(&held, soon(&bed)).await.unwrap(), None);
    let over = bed.second.bulk_run(home.tenant, kept.id).await.unwrap();
    assert_eq!((over.state, over.done, over.failed), (BulkState::Done, 2, 1));
    assert_eq!(over.over_at, Some(bed.clock.now()));
    let rows = bed.second.bulk_rows(home.tenant, kept.id, Some(0), 9).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.state).collect::<Vec<_>>(), [RowState::Failed, RowState::Done]);
    assert_eq!(rows[0].why.as_deref(), Some("why not"));
}

async fn a_run_of_a_server_that_died_is_gone_on_with_and_says_what_is_not_known(bed: Bed) {
    let home = bed.home("1001").await;
    let kept = run(&bed, &home, 2);
    bed.store.add_bulk_run(&kept, &users(&bed, 2)).await.unwrap();
    let held = bed.store.lease_bulk_run(soon(&bed), "lost").await.unwrap().unwrap();
    bed.store.begin_bulk_row(&held, soon(&bed)).await.unwrap().unwrap();
    bed.clock.advance(Duration::from_secs(61));
    let next = bed.second.lease_bulk_run(soon(&bed), "the server stopped").await.unwrap().unwrap();
    let (place, _) = bed.second.begin_bulk_row(&next, soon(&bed)).await.unwrap().unwrap();
    assert_eq!(place, 1, "what was begun is not begun again");
    bed.second.end_bulk_row(&next, place, "Ada", &Ok(())).await.unwrap();
    assert_eq!(bed.second.begin_bulk_row(&next, soon(&bed)).await.unwrap(), None);
    let rows = bed.store.bulk_rows(home.tenant, kept.id, None, 9).await.unwrap();
    assert_eq!((rows[0].state, rows[0].why.as_deref()), (RowState::Failed, Some("the server stopped")));
    let over = bed.store.bulk_run(home.tenant, kept.id).await.unwrap();
    assert_eq!((over.done, over.failed), (1, 1));

    // One that is let go is gone on with at once.
    let other = run(&bed, &home, 1);
    bed.store.add_bulk_run(&other, &users(&bed, 1)).await.unwrap();
    bed.store.lease_bulk_run(soon(&bed), "lost").await.unwrap().unwrap();
    bed.store.release_bulk_run(other.id).await.unwrap();
    assert!(bed.second.lease_bulk_run(soon(&bed), "lost").await.unwrap().is_some());
}

async fn a_run_that_is_stopped_gives_no_more_turns(bed: Bed) {
    let home = bed.home("1001").await;
    let kept = run(&bed, &home, 3);
    bed.store.add_bulk_run(&kept, &users(&bed, 3)).await.unwrap();
    let held = bed.store.lease_bulk_run(soon(&bed), "lost").await.unwrap().unwrap();
    let (place, _) = bed.store.begin_bulk_row(&held, soon(&bed)).await.unwrap().unwrap();
    bed.second.cancel_bulk_run(home.tenant, kept.id).await.unwrap();
    let again = bed.second.cancel_bulk_run(home.tenant, kept.id).await;
    assert!(matches!(again, Err(StoreError::Missing { .. })), "{again:?}");
    // Whose turn it was is done with; nobody comes after.
    bed.store.end_bulk_row(&held, place, "Ada", &Ok(())).await.unwrap();
    assert_eq!(bed.store.begin_bulk_row(&held, soon(&bed)).await.unwrap(), None);
    let over = bed.store.bulk_run(home.tenant, kept.id).await.unwrap();
    assert_eq!((over.state, over.done), (BulkState::Cancelled, 1));
    let rows = bed.store.bulk_rows(home.tenant, kept.id, None, 9).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| row.state).collect::<Vec<_>>(),
        [RowState::Done, RowState::Skipped, RowState::Skipped]
    );
}

async fn runs_are_their_tenants_and_go_when_they_are_old(bed: Bed) {
    let (home, other) = (bed.home("1001").await, bed.home("1002").await);
    let kept = run(&bed, &home, 1);
    bed.store.add_bulk_run(&kept, &users(&bed, 1)).await.unwrap();
    assert_eq!(bed.store.bulk_runs(other.tenant).await.unwrap(), []);
    for strayed in [
        bed.store.bulk_run(other.tenant, kept.id).await.map(drop),
        bed.store.cancel_bulk_run(other.tenant, kept.id).await,
    ] {
        assert!(matches!(strayed, Err(StoreError::Missing { .. })), "{strayed:?}");
    }
    assert_eq!(bed.store.bulk_rows(other.tenant, kept.id, None, 9).await.unwrap(), []);
    bed.clock.advance(Duration::from_secs(8 * 24 * 3600));
    bed.store.purge_bulk_runs(bed.clock.now()).await.unwrap();
    assert_eq!(bed.store.bulk_runs(home.tenant).await.unwrap().len(), 1, "what goes on stays");
    bed.store.cancel_bulk_run(home.tenant, kept.id).await.unwrap();
    bed.store.purge_bulk_runs(bed.clock.now()).await.unwrap();
    assert_eq!(bed.store.bulk_runs(home.tenant).await.unwrap(), []);
}
