//! Imports of users on both databases: all rows or none, and the whole way back.

use std::sync::Mutex;

use aftertone::domain::Extension;
use aftertone::service::accounts::{Accounts, MailboxDefaults, NewUser, PinPolicy};
use aftertone::service::import::{ImportError, Imports, Progress, Table, What};

use super::*;

contract! {
    an_import_adds_and_changes_and_can_be_taken_back
    a_faulty_row_keeps_every_row_out
    what_changed_since_holds_a_rollback_up
    two_imports_at_once_are_one_after_the_other
    ten_thousand_rows_are_imported_whole
    an_import_of_another_tenant_is_none
}

fn imports(bed: &Bed) -> Imports {
    Imports::new(bed.store.clone(), bed.clock.clone(), MailboxDefaults::default(), PinPolicy::usual())
}

fn accounts(bed: &Bed) -> Accounts {
    Accounts::new(bed.store.clone(), bed.clock.clone(), MailboxDefaults::default())
}

fn table(text: &str) -> Table {
    Table::read(text.as_bytes()).unwrap()
}

fn extension(text: &str) -> Extension {
    text.parse().unwrap()
}

async fn ada(bed: &Bed, tenant: TenantId) {
    let new = NewUser {
        extension: extension("1001"),
        first: "Ada".to_owned(),
        last: "Lovelace".to_owned(),
        emails: vec!["ada@example.org".parse().unwrap()],
        mode: None,
        pin: Some("482913".into()),
    };
    accounts(bed).add_user(tenant, new).await.unwrap();
    accounts(bed).add_number(tenant, &extension("1001"), "+15550100", Some("Sales")).await.unwrap();
}

const TABLE: &str = "extension,first,last,email,numbers,pin\n\
    1001,Ada,King,,+15550100|+1555 0101,739146\n\
    1002,Bob,Babbage,bob@example.org,+15550200,482913\n\
    1003,Grace,Hopper,,,\n";

// 002-087 … 002-089
async fn an_import_adds_and_changes_and_can_be_taken_back(bed: Bed) {
    let tenant = bed.tenant("office").await;
    ada(&bed, tenant).await;
    let before = accounts(&bed).show(tenant, &extension("1001")).await.unwrap();
    let pin = bed.store.pin_hash(tenant, before.mailbox.id).await.unwrap();
    let steps = Mutex::new(Vec::new());
    let told = |step| steps.lock().unwrap().push(step);
    let done = imports(&bed).apply(tenant, &table(TABLE), "users.csv", &told).await.unwrap();
    let import = done.import.unwrap();
    assert_eq!((import.added, import.changed, import.unchanged), (2, 1, 0));
    let steps = steps.into_inner().unwrap();
    assert!(
        steps.contains(&Progress::Hashing(2, 2)) && steps.last() == Some(&Progress::Writing(3, 3)),
        "{steps:?}"
    );

    let bob = accounts(&bed).show(tenant, &extension("1002")).await.unwrap();
    assert_eq!((bob.user.full_name().as_str(), bob.has_pin, bob.numbers.len()), ("Bob Babbage", true, 1));
    assert_eq!(bob.mailbox.recipients[0].mode, MailMode::Link);
    let king = accounts(&bed).show(tenant, &extension("1001")).await.unwrap();
    assert_eq!((king.user.last.as_str(), king.numbers.len()), ("King", 2));
    assert_eq!(king.user.emails, before.user.emails, "an empty cell leaves what is there");
    assert_ne!(bed.store.pin_hash(tenant, before.mailbox.id).await.unwrap(), pin);
    let again = imports(&bed)
        .preview(tenant, &table(&TABLE.replace("739146", "").replace("482913", "")))
        .await
        .unwrap();
    assert!(again.rows.iter().all(|row| row.what == What::Unchanged), "{again:?}");

    let message = bed.message(&Home { tenant, user: bob.user.clone(), mailbox: bob.mailbox.clone() });
    bed.store.deposit(&message, &[]).await.unwrap();
    imports(&bed).roll_back(tenant, import.id, false).await.unwrap();
    assert_eq!(accounts(&bed).show(tenant, &extension("1001")).await.unwrap(), before);
    assert_eq!(bed.store.pin_hash(tenant, before.mailbox.id).await.unwrap(), pin);
    assert_eq!(accounts(&bed).list(tenant).await.unwrap().len(), 1);
    let trashed = bed.store.messages(tenant, bob.mailbox.id, Folder::Trash).await.unwrap();
    assert_eq!(trashed.len(), 1, "what was left meanwhile is not lost");
    let twice = imports(&bed).roll_back(tenant, import.id, false).await;
    assert!(matches!(twice, Err(ImportError::NoImport(_))), "{twice:?}");
    let listed = imports(&bed).list(tenant).await.unwrap();
    assert_eq!((listed[0].label.as_str(), listed[0].can_roll_back), ("users.csv", false));
    // The numbers are free again.
    let again = imports(&bed).apply(tenant, &table(TABLE), "again", &|_| ()).await.unwrap();
    assert_eq!(again.import.unwrap().added, 2);
}

async fn a_faulty_row_keeps_every_row_out(bed: Bed) {
    let tenant = bed.tenant("office").await;
    ada(&bed, tenant).await;
    let revision = bed.store.revision().await.unwrap();
    let faulty = TABLE.replace("+15550200", "+15550100");
    let refused = imports(&bed).apply(tenant, &table(&faulty), "x", &|_| ()).await;
    assert!(matches!(refused, Err(ImportError::Faults(1))), "{refused:?}");
    assert_eq!(bed.store.revision().await.unwrap(), revision);
    assert_eq!(imports(&bed).list(tenant).await.unwrap(), []);
}

async fn what_changed_since_holds_a_rollback_up(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let import = imports(&bed).apply(tenant, &table(TABLE), "x", &|_| ()).await.unwrap().import.unwrap();
    accounts(&bed).add_number(tenant, &extension("1003"), "hopper", None).await.unwrap();
    let refused = imports(&bed).roll_back(tenant, import.id, false).await.unwrap_err();
    assert!(
        matches!(&refused, ImportError::ChangedSince(since) if *since == [extension("1003")]),
        "{refused:?}"
    );
    assert_eq!(accounts(&bed).list(tenant).await.unwrap().len(), 3, "nothing was taken back");
    imports(&bed).roll_back(tenant, import.id, true).await.unwrap();
    assert_eq!(accounts(&bed).list(tenant).await.unwrap(), []);
}

async fn two_imports_at_once_are_one_after_the_other(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let second =
        Imports::new(bed.second.clone(), bed.clock.clone(), MailboxDefaults::default(), PinPolicy::usual());
    let (one, two) = (table("extension,last\n1001,A\n1002,A\n"), table("extension,last\n1002,B\n1003,B\n"));
    let first = imports(&bed);
    let (one, two) =
        tokio::join!(first.apply(tenant, &one, "one", &|_| ()), second.apply(tenant, &two, "two", &|_| ()));
    let (one, two) = (one.unwrap().import.unwrap(), two.unwrap().import.unwrap());
    assert_eq!(one.added + two.added, 3, "the later one changes what the earlier one added");
    assert_eq!(one.changed + two.changed, 1);
    assert_eq!(accounts(&bed).list(tenant).await.unwrap().len(), 3);
}

async fn ten_thousand_rows_are_imported_whole(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let rows: String =
        (0..10_000).map(|n| format!("{},First{n},Last,u{n}@example.org\n", 100_000 + n)).collect();
    let table = table(&format!("extension,first,last,email\n{rows}"));
    let done = imports(&bed).apply(tenant, &table, "all", &|_| ()).await.unwrap();
    assert_eq!(done.import.unwrap().added, 10_000);
    assert_eq!(accounts(&bed).list(tenant).await.unwrap().len(), 10_000);
    let preview = imports(&bed).preview(tenant, &table).await.unwrap();
    assert!(preview.rows.iter().all(|row| row.what == What::Unchanged));
}

async fn an_import_of_another_tenant_is_none(bed: Bed) {
    let (tenant, other) = (bed.tenant("one").await, bed.tenant("two").await);
    let import = imports(&bed).apply(tenant, &table(TABLE), "x", &|_| ()).await.unwrap().import.unwrap();
    assert_eq!(imports(&bed).list(other).await.unwrap(), []);
    let refused = imports(&bed).roll_back(other, import.id, true).await;
    assert!(matches!(refused, Err(ImportError::NoImport(_))), "{refused:?}");
    assert_eq!(accounts(&bed).list(tenant).await.unwrap().len(), 3);
}
