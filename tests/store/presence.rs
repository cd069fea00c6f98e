//! What users say of themselves, and the greetings of it, on both databases.

use aftertone::domain::{GreetingId, Owner, Presence, PresenceState};

use super::*;

contract! {
    a_presence_is_kept_until_something_else_is_said
    greetings_are_tied_to_presences_of_their_own_mailbox
    a_presence_counts_as_a_change_and_goes_with_its_user
}

fn owner(home: &Home) -> Owner {
    Owner { tenant: home.tenant, mailbox: home.mailbox.id }
}

/// 000-07
async fn a_presence_is_kept_until_something_else_is_said(bed: Bed) {
    let (home, other) = (bed.home("1001").await, bed.home("1002").await);
    let says = |state, until: Option<&str>| Presence { state, until: until.map(|at| at.parse().unwrap()) };
    let read = async || bed.second.presence(home.tenant, home.user.id).await.unwrap();
    assert_eq!(read().await, Presence::default());
    let away = says(PresenceState::OnVacation, Some("2027-01-02T03:04:05Z"));
    let before = bed.store.set_presence(home.tenant, home.user.id, &away).await.unwrap();
    assert_eq!((before, read().await), (Presence::default(), away));
    let arrangements = bed.second.arrangements(home.tenant, home.mailbox.id).await.unwrap();
    assert_eq!(arrangements.presence, away);
    let meeting = says(PresenceState::InMeeting, None);
    assert_eq!(bed.store.set_presence(home.tenant, home.user.id, &meeting).await.unwrap(), away);
    assert_eq!(read().await, meeting);
    bed.store.set_presence(home.tenant, home.user.id, &Presence::default()).await.unwrap();
    assert_eq!(read().await, Presence::default());
    let stray = bed.store.set_presence(other.tenant, home.user.id, &meeting).await;
    assert!(matches!(stray, Err(StoreError::Missing { .. })), "{stray:?}");
    assert_eq!(bed.store.presence(other.tenant, home.user.id).await.unwrap(), Presence::default());
}

async fn greetings_are_tied_to_presences_of_their_own_mailbox(bed: Bed) {
    let (home, other) = (bed.home("1001").await, bed.home("1002").await);
    let mine = bed.greeting(&home, GreetingKind::Away);
    let theirs = bed.greeting(&other, GreetingKind::Away);
    bed.store.add_greeting(&mine).await.unwrap();
    bed.store.add_greeting(&theirs).await.unwrap();
    use PresenceState as P;
    let tie = async |ties: &[(P, Option<GreetingId>)]| bed.store.tie_greetings(owner(&home), ties).await;
    tie(&[(P::OnVacation, Some(mine.id)), (P::Remote, Some(mine.id))]).await.unwrap();
    let stray = tie(&[(P::InMeeting, Some(mine.id)), (P::Remote, Some(theirs.id))]).await;
    assert!(matches!(stray, Err(StoreError::Missing { what: "greeting", .. })), "{stray:?}");
    tie(&[(P::Remote, None)]).await.unwrap();
    assert_eq!(bed.second.presence_greetings(owner(&home)).await.unwrap(), [(P::OnVacation, mine.id)]);
    assert_eq!(bed.second.presence_greetings(owner(&other)).await.unwrap(), []);
    let elsewhere = Owner { tenant: other.tenant, mailbox: home.mailbox.id };
    let stray = bed.store.tie_greetings(elsewhere, &[(P::Remote, None)]).await;
    assert!(matches!(stray, Err(StoreError::Missing { .. })), "{stray:?}");
}

async fn a_presence_counts_as_a_change_and_goes_with_its_user(bed: Bed) {
    let home = bed.home("1001").await;
    let greeting = bed.greeting(&home, GreetingKind::Away);
    bed.store.add_greeting(&greeting).await.unwrap();
    let revision = async || bed.store.revision().await.unwrap();
    let first = revision().await;
    let away = Presence { state: PresenceState::OnVacation, until: None };
    bed.store.set_presence(home.tenant, home.user.id, &away).await.unwrap();
    let second = revision().await;
    assert!(second > first);
    bed.store.tie_greetings(owner(&home), &[(PresenceState::OnVacation, Some(greeting.id))]).await.unwrap();
    assert!(revision().await > second);

    bed.store.remove_user(home.tenant, home.user.id).await.unwrap();
    bed.clock.advance(Duration::from_secs(40 * 24 * 3600));
    let now = bed.clock.now();
    assert_eq!(bed.store.purge_users(now, 9).await.unwrap(), 1);
    assert_eq!(bed.store.presence(home.tenant, home.user.id).await.unwrap(), Presence::default());
    assert_eq!(bed.store.presence_greetings(owner(&home)).await.unwrap(), []);
}
