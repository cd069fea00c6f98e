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
    AttachmentFormat, DefaultAction, Extension, Folder, GreetingKind, MailMode, Quota, Recipient, Tenant,
    TenantId, ToneChoice, Usage,
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

#[path = "store/answering.rs"]
mod answering;
#[path = "store/findable.rs"]
mod findable;
#[path = "store/imports.rs"]
mod imports;
#[path = "store/owner.rs"]
mod owner;

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
    a_job_touches_no_message_of_another_tenant
    a_user_of_no_tenant_is_refused
    an_extension_is_given_once_and_free_again_after_removal
    removing_a_user_trashes_messages_and_ends_links_and_mails
    a_new_pin_replaces_the_old_one_and_settings_leave_it_alone
    the_inbox_is_newest_first
    the_first_hearing_counts
    usage_does_not_count_the_trash
    two_handles_never_lease_the_same_job
    a_job_whose_lease_ended_is_leased_again_and_the_first_holder_is_too_late
    a_job_that_waits_for_its_time_is_not_leased
    a_done_mail_moves_the_message_unless_its_owner_did
    a_dead_job_runs_again_when_told_to
    the_ledger_tells_the_story_in_order
    an_unreadable_job_does_not_hold_up_the_others
    a_word_that_nobody_wrote_is_reported_with_table_column_and_row
    a_new_greeting_retires_the_old_one_of_its_kind_only
    numbers_are_found_exactly_and_by_their_end
    a_number_leads_to_one_mailbox
    a_domain_means_one_tenant
    the_default_tenant_is_made_once
    a_tenant_is_removed_only_when_nothing_belongs_to_it
    a_link_is_found_by_the_hash_of_its_token_also_when_revoked
    every_change_of_the_directory_counts_and_a_message_does_not
    a_moment_knows_revision_fullness_and_caller_at_once
    a_letter_has_all_its_facts_in_one_read
    facts_survive_closing_and_opening_again
    a_closed_store_is_away
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
    assert_missing(store.put_account(&user, &box_of_theirs, Some("mine")).await, "user");
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

async fn a_job_touches_no_message_of_another_tenant(bed: Bed) {
    let (home, other) = (bed.home("1001").await, bed.home("2002").await);
    let (message, theirs) = (bed.message(&home), bed.deposited(&other).await);
    bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    let job = bed.store.lease_jobs(1, Duration::from_secs(60)).await.unwrap().remove(0);
    let mut forged = job.clone();
    forged.tenant = other.tenant;
    let refused = bed.store.job_done(&forged, theirs.id, Some(Folder::Trash), "").await;
    assert_missing(refused, "lease of ours on job");
    bed.store.job_done(&job, theirs.id, Some(Folder::Trash), "").await.unwrap();
    assert_eq!(bed.store.message_anywhere(theirs.id).await.unwrap(), theirs);
    assert_eq!(bed.events(&other, theirs.id).await, ["stored"]);
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
    bed.store.put_account(&home.user, &home.mailbox, None).await.unwrap();
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

async fn two_handles_never_lease_the_same_job(bed: Bed) {
    let home = bed.home("1001").await;
    for _ in 0..60 {
        let message = bed.message(&home);
        bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    }
    let mut tasks = tokio::task::JoinSet::new();
    for store in [&bed.store, &bed.second, &bed.store, &bed.second] {
        let store = store.clone();
        tasks.spawn(async move {
            let mut ids = Vec::new();
            loop {
                let jobs = store.lease_jobs(7, Duration::from_secs(60)).await.unwrap();
                if jobs.is_empty() {
                    return ids;
                }
                ids.extend(jobs.into_iter().map(|job| job.id));
            }
        });
    }
    let leased: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(leased.iter().collect::<HashSet<_>>().len(), leased.len(), "none twice");
    assert_eq!(leased.len(), 60);
}

async fn a_job_whose_lease_ended_is_leased_again_and_the_first_holder_is_too_late(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    let minute = Duration::from_secs(60);
    let slow = bed.store.lease_jobs(10, minute).await.unwrap().remove(0);
    assert_eq!((slow.state, slow.attempts), (JobState::Running, 1));
    assert!(bed.second.lease_jobs(10, minute).await.unwrap().is_empty());

    bed.clock.advance(minute);
    let quick = bed.second.lease_jobs(10, minute).await.unwrap().remove(0);
    assert_eq!((quick.id, quick.attempts), (slow.id, 2));
    assert_missing(
        bed.store.job_done(&slow, message.id, Some(Folder::Trash), "late").await,
        "lease of ours on job",
    );
    assert_missing(bed.store.job_retry(&slow, bed.clock.now(), "late").await, "lease of ours on job");
    assert_missing(bed.store.job_dead(&slow, "late").await, "lease of ours on job");
    assert_eq!(bed.store.message(home.tenant, message.id).await.unwrap().folder, Folder::Inbox);
    assert_eq!(bed.events(&home, message.id).await, ["stored"]);

    bed.second.job_done(&quick, message.id, None, "ok").await.unwrap();
    assert_missing(bed.second.job_done(&quick, message.id, None, "again").await, "lease of ours on job");
    assert_eq!(bed.events(&home, message.id).await, ["stored", "mail-accepted"]);
}

async fn a_job_that_waits_for_its_time_is_not_leased(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    let mut job = bed.mail(&message);
    job.due = bed.clock.now().checked_add(Duration::from_secs(30)).unwrap();
    bed.store.deposit(&message, std::slice::from_ref(&job)).await.unwrap();
    let lease = Duration::from_secs(10);
    assert!(bed.store.lease_jobs(10, lease).await.unwrap().is_empty());
    bed.clock.advance(Duration::from_secs(30));
    let leased = bed.store.lease_jobs(10, lease).await.unwrap().remove(0);
    assert_eq!(leased.work, Work::Mail { message: message.id, to: "ada@example.org".parse().unwrap() });

    let later = bed.clock.now().checked_add(Duration::from_secs(300)).unwrap();
    bed.store.job_retry(&leased, later, "421 try\r\nagain\0").await.unwrap();
    assert!(bed.store.lease_jobs(10, lease).await.unwrap().is_empty());
    let waiting = &bed.store.jobs(Some(JobState::Retry), 10).await.unwrap()[0];
    assert_eq!((waiting.next_at, waiting.last_error.as_deref()), (later, Some("421 tryagain")));
    bed.clock.advance(Duration::from_secs(300));
    assert_eq!(bed.store.lease_jobs(10, lease).await.unwrap()[0].attempts, 2);
}

// 002-074
async fn a_done_mail_moves_the_message_unless_its_owner_did(bed: Bed) {
    let home = bed.home("1001").await;
    let lease = Duration::from_secs(60);
    for (owner_moves_to, expected) in [(None, Folder::Trash), (Some(Folder::Saved), Folder::Saved)] {
        let message = bed.message(&home);
        bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
        let job = bed.store.lease_jobs(1, lease).await.unwrap().remove(0);
        if let Some(folder) = owner_moves_to {
            bed.store.move_message(home.tenant, message.id, folder).await.unwrap();
        }
        bed.store.job_done(&job, message.id, Some(Folder::Trash), "250 ok").await.unwrap();
        assert_eq!(bed.store.message(home.tenant, message.id).await.unwrap().folder, expected);
        let events = bed.events(&home, message.id).await;
        assert_eq!((events.first(), events.last()), (Some(&"stored".into()), Some(&"mail-accepted".into())));
    }
    let counts = bed.store.jobs_by_state().await.unwrap();
    assert_eq!(counts.iter().find(|(state, _)| *state == JobState::Done), Some(&(JobState::Done, 2)));
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 2);
    assert_eq!(counts.len(), 5);
}

async fn a_dead_job_runs_again_when_told_to(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    let lease = Duration::from_secs(60);
    let job = bed.store.lease_jobs(1, lease).await.unwrap().remove(0);
    assert_missing(bed.store.job_again(job.id).await, "dead or waiting job");
    bed.store.job_dead(&job, "550 no such user").await.unwrap();
    bed.clock.advance(Duration::from_secs(86_400));
    assert!(bed.store.lease_jobs(1, lease).await.unwrap().is_empty(), "dead stays dead");
    bed.store.job_again(job.id).await.unwrap();
    let again = bed.store.lease_jobs(1, lease).await.unwrap().remove(0);
    assert_eq!((again.id, again.attempts), (job.id, 2));
    bed.store.job_done(&again, message.id, None, "250 ok").await.unwrap();
    assert_missing(bed.store.job_again(job.id).await, "dead or waiting job");
    assert_eq!(bed.events(&home, message.id).await, ["stored", "mail-bounced", "mail-accepted"]);
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

async fn an_unreadable_job_does_not_hold_up_the_others(bed: Bed) {
    let home = bed.home("1001").await;
    let (bad, good) = (bed.message(&home), bed.message(&home));
    let bad_job = bed.mail(&bad);
    bed.store.deposit(&bad, std::slice::from_ref(&bad_job)).await.unwrap();
    bed.sql("UPDATE jobs SET work = '{\"kind\":\"teleport\"}'").await;
    bed.store.deposit(&good, &[bed.mail(&good)]).await.unwrap();
    let leased = bed.store.lease_jobs(10, Duration::from_secs(60)).await.unwrap();
    assert_eq!(leased.len(), 1);
    assert!(matches!(&leased[0].work, Work::Mail { message, .. } if *message == good.id));
    let counts = bed.store.jobs_by_state().await.unwrap();
    assert!(counts.contains(&(JobState::Dead, 1)), "{counts:?}");
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

// 003-03, 004-08
async fn numbers_are_found_exactly_and_by_their_end(bed: Bed) {
    let home = bed.home("1001").await;
    for number in ["+4930123456", "+4940123456", "0307777", "sales", "shop3456"] {
        bed.store.put_number(&bed.number(&home, number)).await.unwrap();
    }
    let ending = async |digits: &str| -> Vec<String> {
        let found = bed.store.numbers_ending(home.tenant, &digits.parse().unwrap()).await.unwrap();
        found.into_iter().map(|number| number.number).collect()
    };
    assert_eq!(ending("30123456").await, ["+4930123456"]);
    assert_eq!(ending("123456").await, ["+4930123456", "+4940123456"]);
    assert_eq!(ending("+4930123456").await, ["+4930123456"]);
    assert_eq!(ending("7777").await, ["0307777"]);
    assert!(ending("999").await.is_empty());
    let sales = bed.store.number(home.tenant, "sales").await.unwrap().unwrap();
    assert_eq!((sales.mailbox, sales.label.as_deref()), (home.mailbox.id, Some("label")));
    assert_eq!(bed.store.number(home.tenant, "sale").await.unwrap(), None);
    assert_eq!(bed.store.number(home.tenant, "%").await.unwrap(), None);
    assert_eq!(bed.store.numbers(home.tenant).await.unwrap().len(), 5);
}

async fn a_number_leads_to_one_mailbox(bed: Bed) {
    let tenant = bed.tenant("a").await;
    let (one, other) = (bed.person(tenant, "1001"), bed.person(tenant, "1002"));
    for home in [&one, &other] {
        bed.store.add_user(&home.user, &home.mailbox, None).await.unwrap();
    }
    bed.store.put_number(&bed.number(&one, "+15550100")).await.unwrap();
    let relabelled = Number { label: Some("Orders".to_owned()), ..bed.number(&one, "+15550100") };
    bed.store.put_number(&relabelled).await.unwrap();
    assert_eq!(bed.store.number(tenant, "+15550100").await.unwrap(), Some(relabelled.clone()));

    let refused = bed.store.put_number(&bed.number(&other, "+15550100")).await;
    assert!(matches!(&refused, Err(StoreError::Taken { what: "number", value }) if value == "+15550100"));
    assert_missing(bed.store.remove_number(tenant, other.mailbox.id, "+15550100").await, "number");
    assert_eq!(bed.store.number(tenant, "+15550100").await.unwrap(), Some(relabelled));

    bed.store.remove_user(tenant, one.user.id).await.unwrap();
    bed.store.put_number(&bed.number(&other, "+15550100")).await.unwrap();
    assert_eq!(bed.store.number(tenant, "+15550100").await.unwrap().unwrap().mailbox, other.mailbox.id);
    bed.store.remove_number(tenant, other.mailbox.id, "+15550100").await.unwrap();
    assert!(bed.store.numbers(tenant).await.unwrap().is_empty());
}

async fn a_domain_means_one_tenant(bed: Bed) {
    let mut tenant = Tenant {
        id: TenantId::from_uuid(bed.clock.uuid()),
        name: "acme".to_owned(),
        domains: vec!["pbx.acme.example".to_owned(), "acme.example".to_owned()],
        zone: "Europe/Berlin".to_owned(),
        language: "de".to_owned(),
        operator: Some("100".to_owned()),
        default_action: DefaultAction::Mailbox { extension: "1000".parse().unwrap() },
    };
    bed.store.put_tenant(&tenant).await.unwrap();
    assert_eq!(bed.store.tenant(tenant.id).await.unwrap(), tenant);
    assert_eq!(bed.store.tenant_by_domain("ACME.example").await.unwrap(), Some(tenant.clone()));
    assert_eq!(bed.store.tenant_by_domain("example").await.unwrap(), None);

    let mut rival =
        Tenant { id: TenantId::from_uuid(bed.clock.uuid()), name: "rival".to_owned(), ..tenant.clone() };
    let refused = bed.store.put_tenant(&rival).await;
    assert!(matches!(refused, Err(StoreError::Taken { what: "domain", .. })), "{refused:?}");
    assert_missing(bed.store.tenant(rival.id).await, "tenant");
    rival.domains.clear();
    rival.name = "acme".to_owned();
    let refused = bed.store.put_tenant(&rival).await;
    assert!(matches!(refused, Err(StoreError::Taken { what: "tenant name", .. })), "{refused:?}");

    tenant.domains.remove(0);
    bed.store.put_tenant(&tenant).await.unwrap();
    assert_eq!(bed.store.tenant_by_domain("pbx.acme.example").await.unwrap(), None);
    assert_eq!(bed.store.tenants().await.unwrap(), vec![tenant]);
}

async fn the_default_tenant_is_made_once(bed: Bed) {
    let (one, other) = tokio::join!(bed.store.default_tenant(), bed.second.default_tenant());
    assert_eq!(one.as_ref().unwrap(), other.as_ref().unwrap());
    assert_eq!(one.unwrap().name, "default");
    assert_eq!(bed.store.tenants().await.unwrap().len(), 1);
}

async fn a_tenant_is_removed_only_when_nothing_belongs_to_it(bed: Bed) {
    let home = bed.home("1001").await;
    let mut tenant = bed.store.tenant(home.mailbox.tenant).await.unwrap();
    tenant.domains = vec!["acme.example".to_owned()];
    bed.store.put_tenant(&tenant).await.unwrap();
    let refused = bed.store.remove_tenant(&tenant).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Refused(why) if why.contains(&tenant.name)), "{refused:?}");
    assert_eq!(
        bed.store.tenant_by_domain("acme.example").await.unwrap(),
        Some(tenant),
        "and nothing is changed"
    );
    let empty = bed.tenant("empty").await;
    let empty = bed.store.tenant(empty).await.unwrap();
    bed.store.remove_tenant(&empty).await.unwrap();
    assert_missing(bed.store.tenant(empty.id).await, "tenant");
    assert_missing(bed.store.remove_tenant(&empty).await, "tenant");
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

async fn facts_survive_closing_and_opening_again(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.deposited(&home).await;
    bed.store.close().await;
    bed.second.close().await;
    let reopened = Store::open(&bed.url, bed.clock.clone()).await.unwrap();
    reopened.ping().await.unwrap();
    assert_eq!(reopened.message(home.tenant, message.id).await.unwrap(), message);
    reopened.close().await;
}

async fn a_closed_store_is_away(bed: Bed) {
    let home = bed.home("1001").await;
    bed.store.close().await;
    assert!(matches!(bed.store.ping().await, Err(StoreError::Away(_))));
    let message = bed.message(&home);
    assert!(matches!(bed.store.deposit(&message, &[]).await, Err(StoreError::Away(_))));
    // The other node goes on.
    assert_eq!(bed.second.deposit(&message, &[]).await.unwrap(), Deposited::New);
}

#[tokio::test]
async fn a_url_that_names_no_database_is_refused_with_the_remedy() {
    for url in ["", "mysql://x", "sqlite://", "sqlite://:memory:", "aftertone.db", "postgres://[broken"] {
        match Store::open(url, SystemClock::shared()).await {
            Err(StoreError::Refused(why)) => assert!(why.contains("write "), "{url}: {why}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_url_with_a_password_is_never_repeated() {
    for url in
        ["postgrex://u:hunter2@h/d", "postgres://u:hunter2@h:port/d", "postgres://u:hunter2@127.0.0.1:1/d"]
    {
        let error = Store::open(url, SystemClock::shared()).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_away() {
    let error = Store::open("postgres://u@127.0.0.1:1/d", SystemClock::shared()).await.unwrap_err();
    assert!(matches!(error, StoreError::Away(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_drops_its_connections_is_away_at_most_once_each_and_then_serves_again() {
    let Some(server) = postgres_server::Postgres::shared() else { return };
    let bed = Bed::new(server.database().await).await;
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    bed.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
    for _ in 0..20 {
        match bed.store.deposit(&message, &[]).await {
            Ok(_) => {
                assert_eq!(bed.store.message(home.tenant, message.id).await.unwrap(), message);
                return;
            }
            Err(error) => assert!(matches!(error, StoreError::Away(_)), "{error:?}"),
        }
    }
    panic!("the store never came back");
}

#[tokio::test]
async fn a_sqlite_file_that_another_program_holds_is_away_and_then_takes_the_message() {
    let bed = Bed::sqlite().await;
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    let path = bed.url.strip_prefix("sqlite://").unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut holder = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut holder).await.unwrap();
    let away = bed.store.deposit(&message, &[]).await;
    assert!(matches!(away, Err(StoreError::Away(_))), "{away:?}");
    assert!(bed.store.mailbox(home.tenant, home.mailbox.id).await.is_ok(), "reading goes on");
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    assert_eq!(bed.store.deposit(&message, &[]).await.unwrap(), Deposited::New);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_with_the_remedy() {
    let bed = Bed::sqlite().await;
    bed.sql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', 1, x'00', 1)",
    )
    .await;
    let error = Store::open(&bed.url, SystemClock::shared()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Refused(why) if why.contains("newer")), "{error:?}");
}

#[test]
fn both_databases_have_the_same_migrations_and_tables() {
    let tables = |folder: &str| {
        let mut tables = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let mut table = String::new();
            for line in text.lines() {
                let mut words = line.split_whitespace();
                match (words.next(), words.next(), words.next()) {
                    (Some("CREATE"), Some("TABLE"), Some(name)) => table = name.to_owned(),
                    (Some("CREATE"), Some("INDEX"), Some(name)) => tables.push(format!("index {name}")),
                    (Some("CREATE"), Some("UNIQUE"), Some(_)) => {
                        tables.push(format!("unique {}", words.next().unwrap()));
                    }
                    // What follows may be a trigger or a function, which the databases write in their own ways.
                    (Some(end), _, _) if end.starts_with(')') => table.clear(),
                    (Some(column), Some(_), _)
                        if line.starts_with("    ") && !table.is_empty() && column != "FOREIGN" =>
                    {
                        tables.push(format!("{table}.{column}"));
                    }
                    _ => {}
                }
            }
            tables.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
        tables.sort();
        tables
    };
    let root = env!("CARGO_MANIFEST_DIR");
    let sqlite = tables(&format!("{root}/migrations/sqlite"));
    assert!(sqlite.contains(&"messages.sha256".to_owned()), "{sqlite:?}");
    assert_eq!(sqlite, tables(&format!("{root}/migrations/postgres")));
}

#[tokio::test]
async fn the_sqlite_file_is_for_its_owner_only_and_its_folder_is_made() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/on the way/facts 100%?.db");
    let store = Store::open(&format!("sqlite://{}", path.display()), SystemClock::shared()).await.unwrap();
    store.default_tenant().await.unwrap();
    for file in ["facts 100%?.db", "facts 100%?.db-wal"] {
        let mode = std::fs::metadata(path.with_file_name(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "Dear Ada, this is not a database, it is a letter.".repeat(50)).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error =
        Store::open(&format!("sqlite://{}", path.display()), SystemClock::shared()).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
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

/// What was remembered of the directory may be used as long as its revision is the same.
async fn every_change_of_the_directory_counts_and_a_message_does_not(bed: Bed) {
    let home = bed.home("1001").await;
    let mut revision = bed.store.revision().await.unwrap();
    let mut tenant = bed.store.tenant(home.tenant).await.unwrap();
    tenant.domains = vec!["pbx.example.org".to_owned()];
    let number = bed.number(&home, "+15550123");
    let greeting = bed.greeting(&home, GreetingKind::Standard);
    let mut changed = home.mailbox.clone();
    changed.enabled = false;
    for change in 0..7 {
        // The other handle, as another process would.
        match change {
            0 => bed.second.put_tenant(&tenant).await.unwrap(),
            1 => bed.second.put_number(&number).await.unwrap(),
            2 => bed.second.add_greeting(&greeting).await.unwrap(),
            3 => bed.second.put_mailbox(&changed).await.unwrap(),
            4 => bed.second.remove_number(home.tenant, home.mailbox.id, "+15550123").await.unwrap(),
            5 => {
                bed.second.clear_greeting(home.tenant, home.mailbox.id, GreetingKind::Standard).await.unwrap()
            }
            _ => bed.second.remove_user(home.tenant, home.user.id).await.unwrap(),
        }
        let now = bed.store.revision().await.unwrap();
        assert_ne!(now, revision, "change {change}");
        revision = now;
    }
    let other = bed.home("1002").await;
    let revision = bed.store.revision().await.unwrap();
    let message = bed.message(&other);
    bed.second.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    bed.second.lease_jobs(9, Duration::from_secs(60)).await.unwrap();
    bed.second.mark_heard(other.tenant, message.id).await.unwrap();
    assert_eq!(bed.store.revision().await.unwrap(), revision);
}

async fn a_moment_knows_revision_fullness_and_caller_at_once(bed: Bed) {
    let home = bed.home("1001").await;
    let other = bed.home("1002").await;
    bed.store.put_number(&bed.number(&home, "+15550123")).await.unwrap();
    let message = bed.message(&home);
    bed.store.deposit(&message, &[]).await.unwrap();
    let ask = async |tenant, mailbox, extension: Option<&str>, numbers: &[&str]| {
        let extension: Option<Extension> = extension.map(|extension| extension.parse().unwrap());
        let numbers: Vec<String> = numbers.iter().map(|number| (*number).to_owned()).collect();
        bed.store.moment(tenant, mailbox, extension.as_ref(), &numbers).await.unwrap()
    };
    let at = ask(home.tenant, Some(home.mailbox.id), Some("1001"), &[]).await;
    assert_eq!(at.revision, bed.store.revision().await.unwrap());
    assert_eq!(at.usage, Usage { messages: 1, bytes: message.bytes });
    assert!(at.is_known, "an extension of the tenant");
    assert!(ask(home.tenant, None, None, &["+15550123"]).await.is_known, "a number of the tenant");
    let last = ["1", "2", "3", "4", "+15550123"];
    assert!(ask(home.tenant, None, None, &last).await.is_known, "however many are asked for");
    let nobody = ask(home.tenant, None, Some("1002"), &["15550123", "+1555"]).await;
    assert_eq!((nobody.usage, nobody.is_known), (Usage::default(), false));
    let stranger = ask(other.tenant, Some(home.mailbox.id), Some("1001"), &["+15550123"]).await;
    assert_eq!((stranger.usage, stranger.is_known), (Usage::default(), false), "of another tenant");
    bed.store.remove_user(home.tenant, home.user.id).await.unwrap();
    assert!(!ask(home.tenant, None, Some("1001"), &["+15550123"]).await.is_known, "removed");
}

async fn a_letter_has_all_its_facts_in_one_read(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    bed.store.deposit(&message, &[]).await.unwrap();
    let facts = bed.store.letter_facts(home.tenant, message.id).await.unwrap().unwrap();
    assert_eq!(facts.message, message);
    assert_eq!(facts.mailbox, Some(home.mailbox.clone()));
    assert_eq!((facts.owner.as_deref(), facts.tenant_zone.as_str()), (Some("Ada Lovelace"), "UTC"));
    let other = bed.tenant("other").await;
    assert_eq!(bed.store.letter_facts(other, message.id).await.unwrap(), None, "of another tenant");
    bed.store.remove_user(home.tenant, home.user.id).await.unwrap();
    let facts = bed.store.letter_facts(home.tenant, message.id).await.unwrap().unwrap();
    assert_eq!((facts.mailbox, facts.owner), (None, None), "removed");
}
