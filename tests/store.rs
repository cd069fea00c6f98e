//! The contract of the store: one suite, run on SQLite always and on PostgreSQL where it can be started.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

#[path = "support/postgres.rs"]
mod postgres_server;
#[path = "support/store_bed.rs"]
mod store_bed;

use std::collections::HashSet;
use std::time::Duration;

use aftertone::clock::{Clock as _, SystemClock};
use aftertone::domain::{
    AttachmentFormat, DefaultAction, Extension, Folder, GreetingKind, MailMode, Origin, Part, PartKind,
    Quota, Recipient, Tenant, TenantId, ToneChoice, Usage,
};
use sqlx::Connection as _;

use aftertone::store::{Deposited, JobState, Number, Store, StoreError, Work};

use store_bed::{Bed, Home};

macro_rules! contract {
    ($($case:ident)*) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    super::$case(super::Bed::sqlite().await).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let Some(server) = super::postgres_server::Postgres::shared() else { return };
                    super::$case(super::Bed::new(server.database().await).await).await;
                }
            )*
        }
    };
}

#[path = "store/access.rs"]
mod access;
#[path = "store/answering.rs"]
mod answering;
#[path = "store/audit.rs"]
mod audit;
#[path = "store/bin.rs"]
mod bin;
#[path = "store/bulk.rs"]
mod bulk;
#[path = "store/calls.rs"]
mod calls;
#[path = "store/directory.rs"]
mod directory;
#[path = "store/findable.rs"]
mod findable;
#[path = "store/handsets.rs"]
mod handsets;
#[path = "store/imports.rs"]
mod imports;
#[path = "store/inventory.rs"]
mod inventory;
#[path = "store/jobs.rs"]
mod jobs;
#[path = "store/opening.rs"]
mod opening;
#[path = "store/owner.rs"]
mod owner;
#[path = "store/presence.rs"]
mod presence;
#[path = "store/profiles.rs"]
mod profiles;
#[path = "store/reset.rs"]
mod reset;
#[path = "store/takeover.rs"]
mod takeover;
#[path = "store/user_table.rs"]
mod user_table;
#[path = "store/webhooks.rs"]
mod webhooks;

contract! {
    everything_a_message_says_reads_back
    everything_a_mailbox_says_reads_back
    a_message_that_is_deposited_twice_is_there_once_with_its_jobs
    two_hundred_deposits_at_once_are_all_there
    a_deposit_that_is_refused_harms_no_other
    a_message_of_no_bytes_is_refused
    a_message_id_of_another_mailbox_is_taken
    nothing_of_another_tenant_can_be_read
    nothing_of_another_tenant_can_be_written
    a_user_of_no_tenant_is_refused
    an_extension_is_given_once_and_free_again_after_removal
    removing_a_user_trashes_messages_and_ends_links_and_mails
    a_new_pin_replaces_the_old_one_and_settings_leave_it_alone
    the_inbox_is_newest_first
    the_first_hearing_counts
    usage_does_not_count_the_trash
    the_ledger_tells_the_story_in_order
    a_word_that_nobody_wrote_is_reported_with_table_column_and_row
    a_new_greeting_retires_the_old_one_of_its_kind_only
    a_link_is_found_by_the_hash_of_its_token_also_when_revoked
    a_letter_has_all_its_facts_in_one_read
}

async fn everything_a_message_says_reads_back(bed: Bed) {
    let home = bed.home("1001").await;
    let mut message = bed.message(&home);
    message.caller.name = Some("Zoë \"; DROP TABLE messages; -- 🦀".to_owned());
    message.alias = Some("Sales".to_owned());
    message.urgent = true;
    message.private = true;
    message.reason = aftertone::domain::RedirectReason::DoNotDisturb;
    message.class = aftertone::domain::RecordingClass::FaxTone;
    message.bytes = 5_000_000_000;
    assert_eq!(bed.store.deposit(&message, &[]).await.unwrap(), Deposited::New);
    assert_eq!(bed.store.message(home.tenant, message.id).await.unwrap(), message);
    assert_eq!(bed.store.message_anywhere(message.id).await.unwrap(), message);
}

async fn everything_a_mailbox_says_reads_back(bed: Bed) {
    let home = bed.home("1001").await;
    let mut mailbox = home.mailbox.clone();
    mailbox.enabled = false;
    mailbox.announcement_only = true;
    mailbox.language = Some("de".to_owned());
    mailbox.zone = Some("Europe/Berlin".to_owned());
    mailbox.max_message = Duration::from_millis(12_345);
    mailbox.keep_no_speech = true;
    mailbox.mail_tones = true;
    mailbox.instructions = false;
    mailbox.tone = ToneChoice::Silent;
    mailbox.operator = Some("sip:desk@example.org".to_owned());
    mailbox.quota = Quota { messages: None, bytes: Some(7) };
    mailbox.attachment = AttachmentFormat::Wav;
    mailbox.recipients =
        MailMode::ALL.map(|mode| Recipient { address: "a@example.org".parse().unwrap(), mode }).to_vec();
    bed.store.put_mailbox(&mailbox).await.unwrap();
    assert_eq!(bed.store.mailbox(home.tenant, mailbox.id).await.unwrap(), mailbox);
    let extension: Extension = "1001".parse().unwrap();
    assert_eq!(bed.store.mailbox_by_extension(home.tenant, &extension).await.unwrap(), Some(mailbox.clone()));

    let mut user = home.user.clone();
    user.last = "O'Brien-Søndergård".to_owned();
    user.emails = vec!["x@example.org".parse().unwrap(), "y@example.org".parse().unwrap()];
    bed.store.put_user(&user).await.unwrap();
    assert_eq!(bed.store.users(home.tenant).await.unwrap(), vec![(user, Some(mailbox))]);
}

async fn a_message_that_is_deposited_twice_is_there_once_with_its_jobs(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    let first = [bed.mail(&message)];
    let second = [bed.mail(&message)];
    assert_eq!(bed.store.deposit(&message, &first).await.unwrap(), Deposited::New);
    // After a crash the resumer deposits again, with new job ids.
    assert_eq!(bed.store.deposit(&message, &second).await.unwrap(), Deposited::Already);

    let inbox = bed.store.messages(home.tenant, home.mailbox.id, Folder::Inbox).await.unwrap();
    assert_eq!(inbox, vec![message.clone()]);
    let jobs = bed.store.jobs(None, 10).await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), vec![first[0].id]);
    assert_eq!(bed.events(&home, message.id).await, ["stored"]);
}

async fn two_hundred_deposits_at_once_are_all_there(bed: Bed) {
    let home = bed.home("1001").await;
    let mut tasks = tokio::task::JoinSet::new();
    let mut expected = HashSet::new();
    for _ in 0..100 {
        let message = bed.message(&home);
        expected.insert(message.id);
        let jobs = vec![bed.mail(&message)];
        // Each message comes twice, from two nodes, at the same moment.
        for store in [bed.store.clone(), bed.second.clone()] {
            let (message, jobs) = (message.clone(), jobs.clone());
            tasks.spawn(async move { store.deposit(&message, &jobs).await.unwrap() });
        }
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| **result == Deposited::New).count(), 100);
    let inbox = bed.store.messages(home.tenant, home.mailbox.id, Folder::Inbox).await.unwrap();
    assert_eq!(inbox.iter().map(|message| message.id).collect::<HashSet<_>>(), expected);
    assert_eq!(inbox.len(), 100);
    assert_eq!(bed.store.jobs(Some(JobState::Queued), 1000).await.unwrap().len(), 100);
}

async fn a_deposit_that_is_refused_harms_no_other(bed: Bed) {
    let home = bed.home("1001").await;
    let mut tasks = tokio::task::JoinSet::new();
    for place in 0..30 {
        let mut message = bed.message(&home);
        let mut jobs = vec![bed.mail(&message)];
        match place % 10 {
            3 => message.mailbox = aftertone::domain::MailboxId::from_uuid(bed.clock.uuid()),
            5 => message.bytes = 0,
            // Fails after the message row and the ledger line were written: those must go, too.
            7 => jobs.push(jobs[0].clone()),
            _ => {}
        }
        let store = bed.store.clone();
        tasks.spawn(async move { (place, store.deposit(&message, &jobs).await) });
    }
    for (place, result) in tasks.join_all().await {
        match place % 10 {
            3 => assert!(matches!(result, Err(StoreError::Missing { what: "mailbox", .. })), "{result:?}"),
            5 => assert!(matches!(result, Err(StoreError::Refused(_))), "{result:?}"),
            7 => assert!(matches!(result, Err(StoreError::Taken { what: "job", .. })), "{result:?}"),
            _ => assert_eq!(result.unwrap(), Deposited::New),
        }
    }
    let inbox = bed.store.messages(home.tenant, home.mailbox.id, Folder::Inbox).await.unwrap();
    assert_eq!(inbox.len(), 21, "all that were well, and nothing of those that were not");
    for message in inbox {
        assert_eq!(bed.events(&home, message.id).await, ["stored"]);
    }
}

async fn a_message_of_no_bytes_is_refused(bed: Bed) {
    let home = bed.home("1001").await;
    let mut message = bed.message(&home);
    message.bytes = 0;
    assert!(matches!(bed.store.deposit(&message, &[]).await, Err(StoreError::Refused(_))));
    assert!(bed.store.messages(home.tenant, home.mailbox.id, Folder::Inbox).await.unwrap().is_empty());
}

async fn a_message_id_of_another_mailbox_is_taken(bed: Bed) {
    let (one, other) = (bed.home("1001").await, bed.home("1002").await);
    let message = bed.message(&one);
    bed.store.deposit(&message, &[]).await.unwrap();
    let mut same_id = bed.message(&other);
    same_id.id = message.id;
    let refused = bed.store.deposit(&same_id, &[]).await;
    assert!(matches!(refused, Err(StoreError::Taken { what: "message", .. })), "{refused:?}");
}

async fn nothing_of_another_tenant_can_be_read(bed: Bed) {
    let home = bed.home("1001").await;
    let stranger = bed.tenant("stranger").await;
    let message = bed.deposited(&home).await;
    let greeting = bed.greeting(&home, GreetingKind::Standard);
    bed.store.add_greeting(&greeting).await.unwrap();
    bed.store.put_number(&bed.number(&home, "+15550100")).await.unwrap();
    let (store, mailbox) = (&bed.store, home.mailbox.id);

    assert_missing(store.user(stranger, home.user.id).await, "user");
    assert_missing(store.mailbox(stranger, mailbox).await, "mailbox");
    assert_missing(store.pin_hash(stranger, mailbox).await, "mailbox");
    assert_missing(store.usage(stranger, mailbox).await, "mailbox");
    assert_missing(store.messages(stranger, mailbox, Folder::Inbox).await, "mailbox");
    assert_missing(store.message(stranger, message.id).await, "message");
    assert_missing(store.ledger(stranger, message.id).await, "message");
    assert_missing(store.greetings(stranger, mailbox).await, "mailbox");
    assert_missing(store.greeting(stranger, greeting.id).await, "greeting");
    assert!(store.users(stranger).await.unwrap().is_empty());
    assert!(store.numbers(stranger).await.unwrap().is_empty());
    assert_eq!(store.number(stranger, "+15550100").await.unwrap(), None);
    assert!(store.numbers_ending(stranger, &"0100".parse().unwrap()).await.unwrap().is_empty());
    assert_eq!(store.mailbox_by_extension(stranger, &home.mailbox.extension).await.unwrap(), None);
}

async fn nothing_of_another_tenant_can_be_written(bed: Bed) {
    let home = bed.home("1001").await;
    let stranger = bed.tenant("stranger").await;
    let message = bed.deposited(&home).await;
    let greeting = bed.greeting(&home, GreetingKind::Standard);
    bed.store.add_greeting(&greeting).await.unwrap();
    bed.store.set_pin(home.tenant, home.mailbox.id, "theirs").await.unwrap();
    bed.store.put_number(&bed.number(&home, "+15550100")).await.unwrap();
    let link = bed.link(&message, [7; 32]);
    bed.store.add_link(&link).await.unwrap();
    let (store, mailbox) = (&bed.store, home.mailbox.id);

    let stolen = Home { tenant: stranger, ..home.clone() };
    let mut user = home.user.clone();
    user.tenant = stranger;
    let mut box_of_theirs = home.mailbox.clone();
    box_of_theirs.tenant = stranger;
    assert_missing(store.put_user(&user).await, "user");
    assert_missing(store.put_mailbox(&box_of_theirs).await, "mailbox");
    let both = (&user, &box_of_theirs);
    assert_missing(store.put_account(both, both, Some("mine")).await, "mailbox of user");
    assert_missing(store.remove_user(stranger, home.user.id).await, "user");
    assert_missing(store.set_pin(stranger, mailbox, "mine").await, "mailbox");
    assert_missing(store.put_number(&bed.number(&stolen, "+15550199")).await, "mailbox");
    assert_missing(store.remove_number(stranger, mailbox, "+15550100").await, "number");
    assert_missing(store.add_greeting(&bed.greeting(&stolen, GreetingKind::Away)).await, "mailbox");
    assert_missing(store.clear_greeting(stranger, mailbox, GreetingKind::Standard).await, "mailbox");
    assert_missing(store.deposit(&bed.message(&stolen), &[]).await, "mailbox");
    assert_missing(store.mark_heard(stranger, message.id).await, "message");
    assert_missing(store.move_message(stranger, message.id, Folder::Trash).await, "message");
    assert_missing(store.note(stranger, message.id, "heard", "").await, "message");
    assert_missing(store.revoke_links(stranger, message.id).await, "message");
    let mut forged = bed.link(&message, [8; 32]);
    forged.tenant = stranger;
    assert_missing(store.add_link(&forged).await, "message");

    assert_eq!(
        store.users(home.tenant).await.unwrap(),
        vec![(home.user.clone(), Some(home.mailbox.clone()))]
    );
    assert_eq!(store.pin_hash(home.tenant, mailbox).await.unwrap().as_deref(), Some("theirs"));
    assert_eq!(store.greetings(home.tenant, mailbox).await.unwrap(), vec![greeting]);
    assert_eq!(store.message(home.tenant, message.id).await.unwrap(), message);
    assert_eq!(store.link_by_hash(&[7; 32]).await.unwrap(), Some(link));
    assert!(store.number(home.tenant, "+15550100").await.unwrap().is_some());
    assert_eq!(bed.events(&home, message.id).await, ["stored"]);
}

async fn a_user_of_no_tenant_is_refused(bed: Bed) {
    let nowhere = TenantId::from_uuid(bed.clock.uuid());
    let home = bed.person(nowhere, "1001");
    assert_missing(bed.store.add_user(&home.user, &home.mailbox, None).await, "tenant");
    assert_missing(bed.store.tenant(nowhere).await, "tenant");
}

// 002-006
async fn an_extension_is_given_once_and_free_again_after_removal(bed: Bed) {
    let first = bed.home("1001").await;
    let second = bed.person(first.tenant, "1001");
    let refused = bed.store.add_user(&second.user, &second.mailbox, None).await;
    assert!(
        matches!(&refused, Err(StoreError::Taken { what: "extension", value }) if value == "1001"),
        "{refused:?}"
    );
    assert_missing(bed.store.user(first.tenant, second.user.id).await, "user");

    let elsewhere = bed.person(bed.tenant("elsewhere").await, "1001");
    bed.store.add_user(&elsewhere.user, &elsewhere.mailbox, None).await.unwrap();

    bed.store.remove_user(first.tenant, first.user.id).await.unwrap();
    bed.store.add_user(&second.user, &second.mailbox, None).await.unwrap();
    let found = bed.store.mailbox_by_extension(first.tenant, &second.mailbox.extension).await.unwrap();
    assert_eq!(found, Some(second.mailbox));
}

async fn removing_a_user_trashes_messages_and_ends_links_and_mails(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    bed.store.add_link(&bed.link(&message, [7; 32])).await.unwrap();
    bed.store.put_number(&bed.number(&home, "+15550100")).await.unwrap();

    bed.store.remove_user(home.tenant, home.user.id).await.unwrap();

    assert_missing(bed.store.user(home.tenant, home.user.id).await, "user");
    assert_missing(bed.store.mailbox(home.tenant, home.mailbox.id).await, "mailbox");
    assert_missing(bed.store.remove_user(home.tenant, home.user.id).await, "user");
    assert!(bed.store.users(home.tenant).await.unwrap().is_empty());
    assert_eq!(bed.store.message(home.tenant, message.id).await.unwrap().folder, Folder::Trash);
    assert!(bed.store.link_by_hash(&[7; 32]).await.unwrap().unwrap().revoked_at.is_some());
    assert_eq!(bed.store.number(home.tenant, "+15550100").await.unwrap(), None);
    assert!(bed.store.lease_jobs(10, Duration::from_secs(60)).await.unwrap().is_empty());
    let job = &bed.store.jobs(Some(JobState::Dead), 10).await.unwrap()[0];
    assert_eq!(job.last_error.as_deref(), Some("the mailbox was removed"));
}

async fn a_new_pin_replaces_the_old_one_and_settings_leave_it_alone(bed: Bed) {
    let tenant = bed.tenant("a").await;
    let home = bed.person(tenant, "1001");
    bed.store.add_user(&home.user, &home.mailbox, Some("first")).await.unwrap();
    assert_eq!(bed.store.pin_hash(tenant, home.mailbox.id).await.unwrap().as_deref(), Some("first"));
    bed.store.put_mailbox(&home.mailbox).await.unwrap();
    let both = (&home.user, &home.mailbox);
    bed.store.put_account(both, both, None).await.unwrap();
    assert_eq!(bed.store.pin_hash(tenant, home.mailbox.id).await.unwrap().as_deref(), Some("first"));
    bed.store.set_pin(tenant, home.mailbox.id, "second").await.unwrap();
    assert_eq!(bed.store.pin_hash(tenant, home.mailbox.id).await.unwrap().as_deref(), Some("second"));
    assert_eq!(bed.store.pin_hash(bed.home("1002").await.tenant, home.mailbox.id).await.ok(), None);
}

async fn the_inbox_is_newest_first(bed: Bed) {
    let home = bed.home("1001").await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(bed.deposited(&home).await.id);
        bed.clock.advance(Duration::from_secs(1));
    }
    ids.reverse();
    let inbox = bed.store.messages(home.tenant, home.mailbox.id, Folder::Inbox).await.unwrap();
    assert_eq!(inbox.iter().map(|message| message.id).collect::<Vec<_>>(), ids);
    assert!(bed.store.messages(home.tenant, home.mailbox.id, Folder::Saved).await.unwrap().is_empty());
}

async fn the_first_hearing_counts(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.deposited(&home).await;
    let first = bed.clock.now();
    bed.store.mark_heard(home.tenant, message.id).await.unwrap();
    bed.clock.advance(Duration::from_secs(60));
    bed.store.mark_heard(home.tenant, message.id).await.unwrap();
    assert_eq!(bed.store.message(home.tenant, message.id).await.unwrap().heard_at, Some(first));
    assert_eq!(bed.events(&home, message.id).await, ["stored", "heard"]);
}

async fn usage_does_not_count_the_trash(bed: Bed) {
    let home = bed.home("1001").await;
    let usage = async || bed.store.usage(home.tenant, home.mailbox.id).await.unwrap();
    assert_eq!(usage().await, Usage::default());
    let message = bed.deposited(&home).await;
    let other = bed.deposited(&home).await;
    bed.store.move_message(home.tenant, other.id, Folder::Saved).await.unwrap();
    assert_eq!(usage().await, Usage { messages: 2, bytes: message.bytes + other.bytes });
    bed.store.move_message(home.tenant, message.id, Folder::Trash).await.unwrap();
    assert_eq!(usage().await, Usage { messages: 1, bytes: other.bytes });
    bed.store.move_message(home.tenant, message.id, Folder::Inbox).await.unwrap();
    assert_eq!(usage().await.messages, 2);
}

async fn the_ledger_tells_the_story_in_order(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.deposited(&home).await;
    bed.store.note(home.tenant, message.id, "link-opened", &"x".repeat(5000)).await.unwrap();
    bed.clock.advance(Duration::from_secs(1));
    bed.store.mark_heard(home.tenant, message.id).await.unwrap();
    assert_eq!(bed.events(&home, message.id).await, ["stored", "link-opened", "heard"]);
    let ledger = bed.store.ledger(home.tenant, message.id).await.unwrap();
    assert_eq!(ledger[1].detail.len(), 1000);
    assert_eq!(ledger[2].at, bed.clock.now());
}

async fn a_word_that_nobody_wrote_is_reported_with_table_column_and_row(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.deposited(&home).await;
    bed.store.add_greeting(&bed.greeting(&home, GreetingKind::Away)).await.unwrap();
    bed.sql("UPDATE messages SET reason = 'boredom'").await;
    bed.sql("UPDATE users SET emails = '[\"not an address\"]'").await;
    bed.sql("UPDATE mailboxes SET settings = '{'").await;
    bed.sql("UPDATE greetings SET duration_ms = 99999999999").await;

    assert_corrupt(bed.store.message(home.tenant, message.id).await, ("messages", "reason"), message.id);
    assert_corrupt(bed.store.user(home.tenant, home.user.id).await, ("users", "emails"), home.user.id);
    let mailbox = home.mailbox.id;
    assert_corrupt(bed.store.mailbox(home.tenant, mailbox).await, ("mailboxes", "settings"), mailbox);
    let greetings = bed.store.greetings(home.tenant, mailbox).await;
    assert!(matches!(greetings, Err(StoreError::Corrupt { table: "greetings", column: "duration_ms", .. })));
}

async fn a_new_greeting_retires_the_old_one_of_its_kind_only(bed: Bed) {
    let home = bed.home("1001").await;
    let mut old = bed.greeting(&home, GreetingKind::Standard);
    let name = bed.greeting(&home, GreetingKind::Name);
    bed.clock.advance(Duration::from_secs(1));
    let mut new = bed.greeting(&home, GreetingKind::Standard);
    new.from = Some(bed.clock.now());
    new.until = bed.clock.now().checked_add(Duration::from_secs(60)).ok();
    for greeting in [&old, &name, &new] {
        bed.store.add_greeting(greeting).await.unwrap();
    }
    assert_eq!(bed.store.greeting(home.tenant, new.id).await.unwrap(), new);
    assert_eq!(bed.store.greeting(home.tenant, name.id).await.unwrap(), name);
    old.active = false;
    assert_eq!(bed.store.greeting(home.tenant, old.id).await.unwrap(), old);
    assert_eq!(bed.store.greetings(home.tenant, home.mailbox.id).await.unwrap()[0], new, "newest first");

    bed.store.clear_greeting(home.tenant, home.mailbox.id, GreetingKind::Standard).await.unwrap();
    let on: Vec<_> = bed.store.greetings(home.tenant, home.mailbox.id).await.unwrap();
    assert_eq!(
        on.iter().filter(|greeting| greeting.active).map(|greeting| greeting.id).collect::<Vec<_>>(),
        [name.id]
    );
}

async fn a_link_is_found_by_the_hash_of_its_token_also_when_revoked(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.deposited(&home).await;
    let link = bed.link(&message, [7; 32]);
    bed.store.add_link(&link).await.unwrap();
    assert_eq!(bed.store.link_by_hash(&[7; 32]).await.unwrap(), Some(link.clone()));
    assert_eq!(bed.store.link_by_hash(&[8; 32]).await.unwrap(), None);
    let twin = bed.link(&message, [7; 32]);
    assert!(matches!(bed.store.add_link(&twin).await, Err(StoreError::Taken { what: "link", .. })));

    bed.store.revoke_links(home.tenant, message.id).await.unwrap();
    let revoked_at = bed.store.link_by_hash(&[7; 32]).await.unwrap().unwrap().revoked_at;
    assert_eq!(revoked_at, Some(bed.clock.now()));
    bed.clock.advance(Duration::from_secs(5));
    bed.store.revoke_links(home.tenant, message.id).await.unwrap();
    assert_eq!(bed.store.link_by_hash(&[7; 32]).await.unwrap().unwrap().revoked_at, revoked_at);
}

fn assert_missing<T: std::fmt::Debug>(result: Result<T, StoreError>, expected: &str) {
    match result {
        Err(StoreError::Missing { what, .. }) if what == expected => {}
        other => panic!("expected a missing {expected}, got {other:?}"),
    }
}

fn assert_corrupt<T: std::fmt::Debug>(
    result: Result<T, StoreError>,
    place: (&str, &str),
    key: impl std::fmt::Display,
) {
    match result {
        Err(StoreError::Corrupt { table, column, row, why }) => {
            assert_eq!((table, column), place);
            assert_eq!(row, key.to_string());
            assert!(!why.is_empty());
        }
        other => panic!("expected {place:?} to be corrupt, got {other:?}"),
    }
}

async fn a_letter_has_all_its_facts_in_one_read(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    bed.store.deposit(&message, &[]).await.unwrap();
    let facts = bed.store.letter_facts(home.tenant, message.id).await.unwrap().unwrap();
    assert_eq!(facts.message, message);
    assert_eq!(facts.mailbox, Some(home.mailbox.clone()));
    assert_eq!((facts.owner.as_deref(), facts.tenant_zone.as_str()), (Some("Ada Lovelace"), "UTC"));
    assert_eq!((facts.note, facts.origin), (None, None), "it came by a call");
    let origin = Origin { caller: message.caller.clone(), received_at: message.received_at };
    let part = |kind, origin| Part { kind, start_ms: 0, length_ms: 1, origin };
    let parts = [part(PartKind::Introduction, None), part(PartKind::Original, Some(origin.clone()))];
    let copy = bed.message(&home);
    bed.store.pass_on(&copy, &parts, Some("Please call back."), &[]).await.unwrap();
    let facts = bed.store.letter_facts(home.tenant, copy.id).await.unwrap().unwrap();
    assert_eq!((facts.note.as_deref(), facts.origin), (Some("Please call back."), Some(origin)));
    let other = bed.tenant("other").await;
    assert_eq!(bed.store.letter_facts(other, message.id).await.unwrap(), None, "of another tenant");
    bed.store.remove_user(home.tenant, home.user.id).await.unwrap();
    let facts = bed.store.letter_facts(home.tenant, message.id).await.unwrap().unwrap();
    assert_eq!((facts.mailbox, facts.owner), (None, None), "removed");
}
