//! A change and its line of the audit: both are there, or neither is; on both databases.

use aftertone::clock::Clock as _;
use aftertone::domain::{AuditId, ChangeId, Owner, Role};
use aftertone::store::AuditLine;

use super::*;

contract! {
    a_change_is_there_with_its_lines
    a_change_that_is_refused_leaves_no_line
    a_change_whose_line_cannot_be_written_is_not_there
    lines_are_written_once_and_with_a_change_alone
    what_is_known_only_within_the_change_is_noted_with_it
}

fn line(bed: &Bed, tenant: TenantId, target: &str) -> AuditLine {
    AuditLine {
        id: AuditId::from_uuid(bed.clock.uuid()),
        tenant,
        at: bed.clock.now(),
        actor: "Ada".to_owned(),
        action: "tests.changed".to_owned(),
        target: target.to_owned(),
        was: None,
        became: None,
    }
}

async fn targets(bed: &Bed, home: &Home) -> Vec<String> {
    let lines = bed.second.audit(home.tenant, None, 50).await.unwrap();
    lines.into_iter().map(|line| line.target).collect()
}

fn owner(home: &Home) -> Owner {
    Owner { tenant: home.tenant, mailbox: home.mailbox.id }
}

async fn a_change_is_there_with_its_lines(bed: Bed) {
    let home = bed.home("1001").await;
    let greeting = bed.greeting(&home, GreetingKind::Standard);
    bed.store.with_audit(vec![line(&bed, home.tenant, "one")]).add_greeting(&greeting).await.unwrap();
    assert_eq!(bed.second.greeting(home.tenant, greeting.id).await.unwrap().id, greeting.id);
    assert_eq!(targets(&bed, &home).await, ["one"]);
    bed.clock.advance(Duration::from_millis(2));
    // A write that shares its commit with others elsewhere.
    let message = bed.message(&home);
    bed.store.with_audit(vec![line(&bed, home.tenant, "two")]).deposit(&message, &[]).await.unwrap();
    assert_eq!(bed.second.message(home.tenant, message.id).await.unwrap().id, message.id);
    assert_eq!(targets(&bed, &home).await, ["two", "one"]);
    // Somebody is removed with all that hangs on it, and the line stays.
    bed.clock.advance(Duration::from_millis(2));
    let store = bed.store.with_audit(vec![line(&bed, home.tenant, "three")]);
    store.remove_user(home.tenant, home.user.id).await.unwrap();
    assert_eq!(targets(&bed, &home).await, ["three", "two", "one"]);
}

async fn a_change_that_is_refused_leaves_no_line(bed: Bed) {
    let (home, other) = (bed.home("1001").await, bed.home("1002").await);
    let noting = || bed.store.with_audit(vec![line(&bed, home.tenant, "refused")]);
    let stolen = aftertone::domain::Greeting {
        mailbox: other.mailbox.id,
        ..bed.greeting(&home, GreetingKind::Standard)
    };
    assert!(noting().add_greeting(&stolen).await.is_err());
    let nobody = aftertone::domain::UserId::from_uuid(bed.clock.uuid());
    assert!(noting().remove_user(home.tenant, nobody).await.is_err());
    assert!(noting().set_greeting_until(owner(&home), stolen.id, None).await.is_err());
    let refuse = |_| Err::<Vec<_>, _>(StoreError::Refused("no".to_owned()));
    assert!(noting().change_rules(owner(&home), refuse).await.is_err());
    assert!(!noting().unlock(home.tenant, "1001").await.unwrap(), "there was nothing to unlock");
    assert!(targets(&bed, &home).await.is_empty());
}

async fn a_change_whose_line_cannot_be_written_is_not_there(bed: Bed) {
    let home = bed.home("1001").await;
    let taken = line(&bed, home.tenant, "taken");
    bed.store.add_audit(&taken).await.unwrap();
    let noting = || bed.store.with_audit(vec![line(&bed, home.tenant, "fine"), taken.clone()]);
    let greeting = bed.greeting(&home, GreetingKind::Standard);
    let refused = noting().add_greeting(&greeting).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert!(bed.second.greetings(home.tenant, home.mailbox.id).await.unwrap().is_empty());
    let message = bed.message(&home);
    assert!(noting().deposit(&message, &[]).await.is_err());
    assert!(bed.second.message(home.tenant, message.id).await.is_err());
    assert!(noting().remove_user(home.tenant, home.user.id).await.is_err());
    assert!(bed.second.user(home.tenant, home.user.id).await.is_ok());
    let mut login = bed.store.login(home.tenant, home.user.id).await.unwrap();
    login.role = Role::TenantAdmin;
    assert!(noting().put_login(&login).await.is_err());
    assert_eq!(bed.second.login(home.tenant, home.user.id).await.unwrap().role, Role::Basic);
    assert!(noting().set_pin(home.tenant, home.mailbox.id, "$argon2id$x").await.is_err());
    assert_eq!(bed.second.pin_hash(home.tenant, home.mailbox.id).await.unwrap(), None);
    assert_eq!(targets(&bed, &home).await, ["taken"]);
}

async fn lines_are_written_once_and_with_a_change_alone(bed: Bed) {
    let home = bed.home("1001").await;
    let store = bed.store.with_audit(vec![line(&bed, home.tenant, "once")]);
    store.mailbox(home.tenant, home.mailbox.id).await.unwrap();
    assert!(targets(&bed, &home).await.is_empty(), "nothing was changed yet");
    for kind in [GreetingKind::Standard, GreetingKind::Busy] {
        store.add_greeting(&bed.greeting(&home, kind)).await.unwrap();
    }
    assert_eq!(targets(&bed, &home).await, ["once"]);
}

async fn what_is_known_only_within_the_change_is_noted_with_it(bed: Bed) {
    let home = bed.home("1001").await;
    let store = bed.store.with_audit(Vec::new());
    let change = |rules: Vec<_>| {
        store.note_with_change(line(&bed, home.tenant, &format!("{} rules before", rules.len())));
        Ok::<_, StoreError>(rules)
    };
    store.change_rules(owner(&home), change).await.unwrap();
    assert_eq!(targets(&bed, &home).await, ["0 rules before"]);
    // A store that notes nothing keeps no line for later.
    bed.store.note_with_change(line(&bed, home.tenant, "of nothing"));
    let undo = aftertone::domain::answering::Undo::Rules {
        before: Vec::new(),
        after: Vec::new(),
        frames: Vec::new(),
    };
    let id = ChangeId::from_uuid(bed.clock.uuid());
    bed.store.put_undo(home.tenant, Some(home.mailbox.id), id, &undo).await.unwrap();
    assert_eq!(targets(&bed, &home).await, ["0 rules before"]);
}
