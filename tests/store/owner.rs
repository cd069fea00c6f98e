//! The contract of the owner's side: marks and undo, counts, lists, guesses at PINs, devices, lamps.

use std::collections::BTreeMap;

use aftertone::domain::{
    Counts, GreetingId, JobId, LampId, Mark, Message, MessageId, Owner, PhoneSettings, Place, Shelf, Tag,
};
use aftertone::store::{Guesser, Lamp, Limits, MessageFilter, NewJob, Notice};
use proptest::strategy::{Strategy as _, ValueTree as _};

use super::*;

contract! {
    a_mark_changes_what_it_says_and_tells_the_ledger
    every_delete_can_be_undone_until_it_is_purged
    a_purged_message_is_gone_and_its_audio_is_to_be_deleted
    a_message_with_mail_under_way_is_purged_later
    no_owner_reaches_a_message_of_another_mailbox
    counts_tell_new_old_urgent_and_trash_apart
    what_is_filed_lies_in_its_own_folder_until_it_is_moved
    a_heading_names_the_colleague_who_called
    a_place_is_remembered_while_its_message_is_there
    phone_settings_read_back_and_changes_at_once_are_all_kept
    ten_wrong_guesses_lock_a_number_whatever_the_source
    twenty_wrong_guesses_an_hour_refuse_a_source_whatever_the_number
    two_hundred_an_hour_refuse_a_peer_however_many_callers_it_makes_up
    a_guess_that_was_not_looked_at_is_none
    guesses_at_once_never_get_more_than_the_limit
    a_right_guess_is_given_back
    a_lock_survives_closing_and_tells_the_owner_once
    old_guesses_are_forgotten_but_locks_stay
    a_device_opens_one_mailbox
    a_stored_greeting_can_be_chosen_again
    a_change_leaves_one_waiting_lamp_job_for_its_mailbox
    a_mailbox_that_nobody_watches_gets_no_lamp_job
    lamps_stand_beside_what_they_should_show_and_one_is_told_again
    what_was_told_under_an_older_number_does_not_count
    any_marks_keep_counts_and_lists_in_step
    a_greeting_is_named_by_its_owner_and_no_two_the_same
}

const LIMITS: Limits = Limits { number: 10, caller: 20, peer: 200, window: Duration::from_secs(3600) };

/// A caller, each behind a peer of its own.
const fn guesser(nth: u8) -> Guesser {
    Guesser { caller: [nth; 32], peer: [nth ^ 0x80; 32] }
}

fn owner(home: &Home) -> Owner {
    Owner { tenant: home.tenant, mailbox: home.mailbox.id }
}

pub(crate) fn lamp(bed: &Bed, home: &Home, name: &str) -> Lamp {
    Lamp {
        id: LampId::from_uuid(bed.clock.uuid()),
        owner: owner(home),
        name: name.to_owned(),
        dialog: "{}".to_owned(),
        cseq: 0,
        expires_at: None,
        told: None,
        told_at: None,
        last_error: None,
        failures: 0,
        created_at: bed.clock.now(),
    }
}

async fn a_mark_changes_what_it_says_and_tells_the_ledger(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.deposited(&home).await;
    let steps = [
        (Mark::Heard, Folder::Inbox, true, "heard"),
        (Mark::Save, Folder::Saved, true, "saved"),
        (Mark::Inbox, Folder::Inbox, true, "moved-to-inbox"),
        (Mark::New, Folder::Inbox, false, "marked-new"),
        (Mark::Trash, Folder::Trash, false, "trashed"),
        (Mark::Restore, Folder::Inbox, false, "restored"),
    ];
    let mut told = vec!["stored".to_owned()];
    for (mark, folder, heard, event) in steps {
        for _ in 0..2 {
            let marked = bed.store.mark(owner(&home), message.id, mark).await.unwrap();
            assert_eq!((marked.folder, marked.heard), (Some(folder), heard), "{mark:?}");
        }
        let stored = bed.store.own_message(owner(&home), message.id).await.unwrap();
        assert_eq!((stored.folder, stored.heard_at.is_some()), (folder, heard), "{mark:?}");
        told.push(event.to_owned());
    }
    assert_eq!(bed.events(&home, message.id).await, told, "a mark that changes nothing tells nothing");
}

async fn every_delete_can_be_undone_until_it_is_purged(bed: Bed) {
    let home = bed.home("1001").await;
    for from in [Folder::Inbox, Folder::Saved] {
        let message = bed.deposited(&home).await;
        bed.store.move_message(home.tenant, message.id, from).await.unwrap();
        bed.store.mark(owner(&home), message.id, Mark::Heard).await.unwrap();
        let before = bed.store.own_message(owner(&home), message.id).await.unwrap();
        bed.store.mark(owner(&home), message.id, Mark::Trash).await.unwrap();
        // Deleting twice does not forget where it came from.
        bed.store.mark(owner(&home), message.id, Mark::Trash).await.unwrap();
        bed.clock.advance(Duration::from_secs(86_400 * 29));
        bed.store.mark(owner(&home), message.id, Mark::Restore).await.unwrap();
        assert_eq!(bed.store.own_message(owner(&home), message.id).await.unwrap(), before);
    }
}

async fn a_purged_message_is_gone_and_its_audio_is_to_be_deleted(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.deposited(&home).await;
    let kept = bed.store.mark(owner(&home), message.id, Mark::Purge).await;
    assert!(matches!(kept, Err(StoreError::Refused(_))), "only out of the trash: {kept:?}");
    bed.store.mark(owner(&home), message.id, Mark::Trash).await.unwrap();
    let purged = bed.store.mark(owner(&home), message.id, Mark::Purge).await.unwrap();
    assert_eq!(purged.folder, None);
    assert_missing(bed.store.message(home.tenant, message.id).await, "message");
    assert_missing(bed.store.mark(owner(&home), message.id, Mark::Restore).await, "message");
    let works: Vec<Work> = bed.store.jobs(None, 9).await.unwrap().into_iter().map(|job| job.work).collect();
    assert_eq!(works, [Work::Purge { object: message.object }]);
}

async fn a_message_with_mail_under_way_is_purged_later(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    bed.store.mark(owner(&home), message.id, Mark::Trash).await.unwrap();
    bed.store.mark(owner(&home), message.id, Mark::Purge).await.unwrap();
    let job = bed.store.lease_jobs(1, Duration::from_secs(60)).await.unwrap().remove(0);
    assert_eq!(bed.store.purge_trash(bed.clock.now(), 9).await.unwrap(), 0, "the mail is on its way");
    bed.store.job_done(&job, message.id, None, "250 ok").await.unwrap();
    assert_eq!(bed.store.purge_trash(bed.clock.now(), 9).await.unwrap(), 1);
    assert_missing(bed.store.message(home.tenant, message.id).await, "message");
}

async fn no_owner_reaches_a_message_of_another_mailbox(bed: Bed) {
    let ada = bed.home("1001").await;
    let eve = bed.person(ada.tenant, "1002");
    bed.store.add_user(&eve.user, &eve.mailbox, None).await.unwrap();
    let message = bed.deposited(&ada).await;
    let stranger = owner(&eve);
    assert_missing(bed.store.own_message(stranger, message.id).await, "message");
    let filed = Mark::File(Some(Tag::Work));
    for mark in
        [Mark::Heard, Mark::New, Mark::Save, filed, Mark::Inbox, Mark::Trash, Mark::Restore, Mark::Purge]
    {
        assert_missing(bed.store.mark(stranger, message.id, mark).await, "message");
    }
    let place = Place { message: message.id, position_ms: 0, at: bed.clock.now() };
    assert_missing(bed.store.set_place(stranger, Some(place)).await, "message");
    for shelf in
        [Shelf::New, Shelf::Old, Shelf::Unfiled, Shelf::Inbox, Shelf::Saved, Shelf::Kept, Shelf::Trash]
    {
        assert!(bed.store.headings(stranger, shelf).await.unwrap().is_empty());
    }
    assert_eq!(bed.store.counts(stranger).await.unwrap(), Counts::default());
    assert_eq!(bed.store.message(ada.tenant, message.id).await.unwrap(), message);
    assert_eq!(bed.events(&ada, message.id).await, ["stored"]);
}

async fn counts_tell_new_old_urgent_and_trash_apart(bed: Bed) {
    let home = bed.home("1001").await;
    let mut ids = Vec::new();
    for urgent in [false, true, false, true, false, true] {
        let message = Message { urgent, ..bed.message(&home) };
        bed.store.deposit(&message, &[]).await.unwrap();
        ids.push(message.id);
    }
    let me = owner(&home);
    bed.store.mark(me, ids[2], Mark::Heard).await.unwrap();
    bed.store.mark(me, ids[3], Mark::Save).await.unwrap();
    bed.store.mark(me, ids[4], Mark::Trash).await.unwrap();
    let counts = bed.store.counts(me).await.unwrap();
    assert_eq!(counts, Counts { new: 3, new_urgent: 2, old: 2, old_urgent: 1, trash: 1, filed: 0 });
}

async fn what_is_filed_lies_in_its_own_folder_until_it_is_moved(bed: Bed) {
    let home = bed.home("1001").await;
    let one = bed.deposited(&home).await.id;
    bed.clock.advance(Duration::from_secs(1));
    let other = bed.deposited(&home).await.id;
    let me = owner(&home);
    let on = async |shelf| -> Vec<MessageId> {
        bed.store.headings(me, shelf).await.unwrap().into_iter().map(|heading| heading.message.id).collect()
    };
    bed.store.mark(me, one, Mark::File(Some(Tag::Family))).await.unwrap();
    bed.store.mark(me, other, Mark::Save).await.unwrap();
    assert_eq!(on(Shelf::Filed(Tag::Family)).await, [one]);
    assert_eq!((on(Shelf::Filed(Tag::Work)).await, on(Shelf::Filed(Tag::Friends)).await), (vec![], vec![]));
    assert_eq!((on(Shelf::Unfiled).await, on(Shelf::Old).await), (vec![other], vec![other, one]));
    let counts = bed.store.counts(me).await.unwrap();
    assert_eq!((counts.old, counts.filed), (2, 1));
    assert_eq!(bed.store.message(home.tenant, one).await.unwrap().tag, Some(Tag::Family));
    let filter = MessageFilter { tag: Some(Tag::Family), ..MessageFilter::default() };
    let page = bed.store.message_page(me, &filter, 9).await.unwrap();
    assert_eq!(page.iter().map(|message| message.id).collect::<Vec<_>>(), [one]);

    // Saved again by whoever knows no folders, or deleted and put back: it is still there.
    for mark in [Mark::Save, Mark::Trash, Mark::Restore] {
        bed.store.mark(me, one, mark).await.unwrap();
    }
    assert_eq!(on(Shelf::Filed(Tag::Family)).await, [one]);
    bed.store.mark(me, one, Mark::File(None)).await.unwrap();
    assert_eq!((on(Shelf::Filed(Tag::Family)).await, on(Shelf::Unfiled).await), (vec![], vec![other, one]));
    bed.store.mark(me, one, Mark::File(Some(Tag::Work))).await.unwrap();
    bed.store.mark(me, one, Mark::New).await.unwrap();
    bed.store.mark(me, one, Mark::Save).await.unwrap();
    assert_eq!(on(Shelf::Filed(Tag::Work)).await, [], "the inbox knows no folders");
    let events = bed.events(&home, one).await;
    assert_eq!(
        events[1..],
        ["filed-family", "trashed", "restored", "saved", "filed-work", "marked-new", "saved"]
    );
}

async fn a_heading_names_the_colleague_who_called(bed: Bed) {
    let home = bed.home("1001").await;
    let grace = bed.person(home.tenant, "1002");
    bed.store.add_user(&grace.user, &grace.mailbox, None).await.unwrap();
    let name = bed.greeting(&grace, GreetingKind::Name);
    bed.store.add_greeting(&name).await.unwrap();
    bed.home("1003").await;
    for number in ["1002", "1003", "+15550123"] {
        let mut message = bed.message(&home);
        message.caller.number = Some(number.to_owned());
        bed.store.deposit(&message, &[]).await.unwrap();
        bed.clock.advance(Duration::from_secs(1));
    }
    let headings = bed.store.headings(owner(&home), Shelf::Inbox).await.unwrap();
    let senders: Vec<Option<(String, Option<GreetingId>)>> = headings
        .iter()
        .map(|heading| heading.sender.as_ref().map(|who| (who.extension.to_string(), who.name)))
        .collect();
    // Newest first; 1003 is somebody else's world.
    assert_eq!(senders, [None, None, Some(("1002".to_owned(), Some(name.id)))]);
    bed.store.clear_greeting(home.tenant, grace.mailbox.id, GreetingKind::Name).await.unwrap();
    let headings = bed.store.headings(owner(&home), Shelf::Inbox).await.unwrap();
    assert_eq!(headings[2].sender.as_ref().unwrap().name, None);
}

async fn a_place_is_remembered_while_its_message_is_there(bed: Bed) {
    let home = bed.home("1001").await;
    let (first, second) = (bed.deposited(&home).await, bed.deposited(&home).await);
    let me = owner(&home);
    let place = |message: &Message| Place { message: message.id, position_ms: 4500, at: bed.clock.now() };
    assert_eq!(bed.store.place(me).await.unwrap(), None);
    bed.store.set_place(me, Some(place(&first))).await.unwrap();
    bed.store.set_place(me, Some(place(&second))).await.unwrap();
    assert_eq!(bed.second.place(me).await.unwrap(), Some(place(&second)));
    bed.store.mark(me, second.id, Mark::Trash).await.unwrap();
    assert_eq!(bed.store.place(me).await.unwrap(), None);
    bed.store.set_place(me, Some(place(&first))).await.unwrap();
    bed.store.set_place(me, None).await.unwrap();
    assert_eq!(bed.store.place(me).await.unwrap(), None);
}

async fn phone_settings_read_back_and_changes_at_once_are_all_kept(bed: Bed) {
    let home = bed.home("1001").await;
    let me = owner(&home);
    let one = bed.store.change_mailbox(me, |mailbox| mailbox.phone.speed_percent = 150);
    let two = bed.second.change_mailbox(me, |mailbox| mailbox.phone.nicknames = vec!["Countess".to_owned()]);
    let three = bed.second.change_mailbox(me, |mailbox| mailbox.phone.tutorial.name = true);
    let (one, two, three) = tokio::join!(one, two, three);
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    let phone = bed.store.mailbox(home.tenant, home.mailbox.id).await.unwrap().phone;
    let mut wanted = PhoneSettings { speed_percent: 150, ..PhoneSettings::default() };
    wanted.nicknames = vec!["Countess".to_owned()];
    wanted.tutorial.name = true;
    assert_eq!(phone, wanted);
    let stranger = Owner { tenant: bed.tenant("elsewhere").await, ..me };
    assert_missing(bed.store.change_mailbox(stranger, |_| {}).await, "mailbox");
}

async fn ten_wrong_guesses_lock_a_number_whatever_the_source(bed: Bed) {
    let home = bed.home("1001").await;
    let tenant = home.tenant;
    for number in ["1001", "9999"] {
        for nth in 1..=12_u8 {
            let store = if nth % 2 == 0 { &bed.second } else { &bed.store };
            let guess = store.guess(tenant, number, guesser(nth), LIMITS).await.unwrap();
            assert_eq!((guess.allowed, guess.wrong), (nth <= 10, u32::from(nth.min(10))), "{number} {nth}");
        }
    }
    let others = bed.store.guess(tenant, "1002", guesser(99), LIMITS).await.unwrap();
    assert!(others.allowed, "other mailboxes are untouched");
    let elsewhere = bed.tenant("elsewhere").await;
    assert!(bed.store.guess(elsewhere, "1001", guesser(99), LIMITS).await.unwrap().allowed);
    bed.clock.advance(Duration::from_secs(86_400 * 365));
    assert!(!bed.store.guess(tenant, "1001", guesser(99), LIMITS).await.unwrap().allowed, "until unlocked");
    assert!(bed.second.unlock(tenant, "1001").await.unwrap());
    assert!(!bed.second.unlock(tenant, "1001").await.unwrap());
    assert!(bed.store.guess(tenant, "1001", guesser(99), LIMITS).await.unwrap().allowed);
}

async fn twenty_wrong_guesses_an_hour_refuse_a_source_whatever_the_number(bed: Bed) {
    let tenant = bed.home("1001").await.tenant;
    let mut allowed = 0;
    for nth in 0..30 {
        let store = if nth % 2 == 0 { &bed.second } else { &bed.store };
        allowed += u32::from(
            store.guess(tenant, &format!("{}", 2000 + nth), guesser(7), LIMITS).await.unwrap().allowed,
        );
        bed.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(allowed, 20);
    assert!(bed.store.guess(tenant, "3000", guesser(8), LIMITS).await.unwrap().allowed, "others may");
    // The window slides: half an hour on, the first one has gone.
    bed.clock.advance(Duration::from_secs(1801));
    assert!(bed.store.guess(tenant, "3001", guesser(7), LIMITS).await.unwrap().allowed);
}

async fn two_hundred_an_hour_refuse_a_peer_however_many_callers_it_makes_up(bed: Bed) {
    let tenant = bed.home("1001").await.tenant;
    let forged = |nth: u8, peer: u8| Guesser { caller: [nth; 32], peer: [peer; 32] };
    let mut allowed = 0;
    for nth in 0..=u8::MAX {
        let number = (2000 + u32::from(nth)).to_string();
        let store = if nth % 2 == 0 { &bed.second } else { &bed.store };
        allowed += u32::from(store.guess(tenant, &number, forged(nth, 255), LIMITS).await.unwrap().allowed);
    }
    assert_eq!(allowed, 200);
    let other = bed.store.guess(tenant, "3000", forged(1, 254), LIMITS).await.unwrap();
    assert!(other.allowed, "another peer's callers may");
    bed.clock.advance(Duration::from_secs(3601));
    assert!(bed.store.guess(tenant, "3001", forged(1, 255), LIMITS).await.unwrap().allowed);
}

async fn a_guess_that_was_not_looked_at_is_none(bed: Bed) {
    let tenant = bed.home("1001").await.tenant;
    let wrong = bed.store.guess(tenant, "1001", guesser(7), LIMITS).await.unwrap();
    assert!(!bed.store.guessed_wrong(&wrong, LIMITS, &[]).await.unwrap());
    for _ in 0..300 {
        let guess = bed.store.guess(tenant, "1001", guesser(7), LIMITS).await.unwrap();
        assert!(guess.allowed && guess.wrong == 2, "the wrong one stays counted: {guess:?}");
        bed.second.not_guessed(&guess, LIMITS).await.unwrap();
    }
    // One that was not even allowed takes nothing back.
    for nth in 8..18 {
        bed.store.guess(tenant, "1001", guesser(nth), LIMITS).await.unwrap();
    }
    let late = bed.store.guess(tenant, "1001", guesser(99), LIMITS).await.unwrap();
    bed.store.not_guessed(&late, LIMITS).await.unwrap();
    assert!(!late.allowed && !bed.store.guess(tenant, "1001", guesser(98), LIMITS).await.unwrap().allowed);
}

async fn guesses_at_once_never_get_more_than_the_limit(bed: Bed) {
    let tenant = bed.home("1001").await.tenant;
    let guess = |nth: u8| {
        let store = if nth.is_multiple_of(2) { bed.store.clone() } else { bed.second.clone() };
        tokio::spawn(async move { store.guess(tenant, "1001", guesser(nth), LIMITS).await.unwrap().allowed })
    };
    let mut allowed = 0;
    for running in (0..30).map(guess).collect::<Vec<_>>() {
        allowed += u32::from(running.await.unwrap());
    }
    assert_eq!(allowed, 10);
}

async fn a_right_guess_is_given_back(bed: Bed) {
    let tenant = bed.home("1001").await.tenant;
    for _ in 0..60 {
        let guess = bed.store.guess(tenant, "1001", guesser(7), LIMITS).await.unwrap();
        assert!(guess.allowed && guess.wrong == 1);
        bed.second.guessed_right(&guess, LIMITS).await.unwrap();
    }
}

async fn a_lock_survives_closing_and_tells_the_owner_once(bed: Bed) {
    let home = bed.home("1001").await;
    let tell = || NewJob {
        id: JobId::from_uuid(bed.clock.uuid()),
        work: Work::Notice {
            mailbox: home.mailbox.id,
            to: "ada@example.org".parse().unwrap(),
            notice: Notice::Locked,
        },
        due: bed.clock.now(),
    };
    for nth in 1..=10_u8 {
        let guess = bed.store.guess(home.tenant, "1001", guesser(nth), LIMITS).await.unwrap();
        let locked = bed.store.guessed_wrong(&guess, LIMITS, &[tell()]).await.unwrap();
        assert_eq!(locked, nth == 10);
    }
    bed.store.close().await;
    let store = Store::open(&bed.url, bed.clock.clone()).await.unwrap();
    let guess = store.guess(home.tenant, "1001", guesser(77), LIMITS).await.unwrap();
    assert!(!guess.allowed);
    assert!(!store.guessed_wrong(&guess, LIMITS, &[tell()]).await.unwrap());
    let jobs = store.jobs(None, 9).await.unwrap();
    assert_eq!(jobs.len(), 1, "told once: {jobs:?}");
    assert_eq!(store.locked(home.tenant, LIMITS).await.unwrap(), [("1001".to_owned(), bed.clock.now())]);
}

async fn old_guesses_are_forgotten_but_locks_stay(bed: Bed) {
    let home = bed.home("1001").await;
    for number in ["1001", "5555"] {
        for nth in 0..10 {
            let guess = bed.store.guess(home.tenant, number, guesser(nth), LIMITS).await.unwrap();
            bed.store.guessed_wrong(&guess, LIMITS, &[]).await.unwrap();
        }
    }
    bed.clock.advance(Duration::from_secs(86_400 * 2));
    // Ten callers, their ten peers, and the number that no mailbox has.
    assert_eq!(bed.store.purge_guesses(bed.clock.now()).await.unwrap(), 21);
    assert!(!bed.store.guess(home.tenant, "1001", guesser(1), LIMITS).await.unwrap().allowed);
}

async fn a_device_opens_one_mailbox(bed: Bed) {
    let ada = bed.home("1001").await;
    let eve = bed.person(ada.tenant, "1002");
    bed.store.add_user(&eve.user, &eve.mailbox, None).await.unwrap();
    let device = async |tenant| bed.store.device(tenant, "desk-7").await.unwrap();
    assert_eq!(device(ada.tenant).await, None);
    bed.store.trust_device(owner(&ada), "desk-7").await.unwrap();
    assert_eq!(device(ada.tenant).await, Some(owner(&ada)));
    assert_eq!(device(bed.tenant("elsewhere").await).await, None, "another world");
    bed.store.trust_device(owner(&eve), "desk-7").await.unwrap();
    assert_eq!(device(ada.tenant).await, Some(owner(&eve)));
    assert!(!bed.store.distrust_device(owner(&ada), "desk-7").await.unwrap());
    assert_eq!(bed.store.devices(owner(&eve)).await.unwrap(), ["desk-7"]);
    bed.store.remove_user(ada.tenant, eve.user.id).await.unwrap();
    assert_eq!(device(ada.tenant).await, None, "the mailbox was removed");
}

async fn a_stored_greeting_can_be_chosen_again(bed: Bed) {
    let home = bed.home("1001").await;
    let (old, new) = (bed.greeting(&home, GreetingKind::Away), bed.greeting(&home, GreetingKind::Away));
    let name = bed.greeting(&home, GreetingKind::Name);
    for greeting in [&old, &new, &name] {
        bed.store.add_greeting(greeting).await.unwrap();
    }
    assert!(bed.store.choose_greeting(owner(&home), old.id).await.unwrap().active);
    let active: BTreeMap<GreetingId, bool> = bed
        .store
        .greetings(home.tenant, home.mailbox.id)
        .await
        .unwrap()
        .into_iter()
        .map(|greeting| (greeting.id, greeting.active))
        .collect();
    assert_eq!(active, BTreeMap::from([(old.id, true), (new.id, false), (name.id, true)]));
    let until = Some(bed.clock.now().checked_add(Duration::from_secs(60)).unwrap());
    assert_eq!(bed.store.set_greeting_until(owner(&home), old.id, until).await.unwrap().until, until);
    let stranger = owner(&bed.home("1002").await);
    assert_missing(bed.store.choose_greeting(stranger, old.id).await, "greeting");
    let eve = bed.person(home.tenant, "1003");
    bed.store.add_user(&eve.user, &eve.mailbox, None).await.unwrap();
    assert_missing(bed.store.choose_greeting(owner(&eve), old.id).await, "greeting");
    assert_missing(bed.store.set_greeting_until(owner(&eve), old.id, None).await, "greeting");
}

async fn lamp_jobs(bed: &Bed) -> usize {
    let jobs = bed.store.jobs(None, 1000).await.unwrap();
    jobs.iter().filter(|job| matches!(job.work, Work::Lamp { .. })).count()
}

async fn a_change_leaves_one_waiting_lamp_job_for_its_mailbox(bed: Bed) {
    let (ada, eve) = (bed.home("1001").await, bed.home("1002").await);
    bed.store.put_lamp(&lamp(&bed, &ada, "a")).await.unwrap();
    bed.store.put_lamp(&lamp(&bed, &eve, "b")).await.unwrap();
    let message = bed.deposited(&ada).await;
    bed.store.mark(owner(&ada), message.id, Mark::Heard).await.unwrap();
    bed.store.mark(owner(&ada), message.id, Mark::Heard).await.unwrap();
    bed.deposited(&ada).await;
    assert_eq!(lamp_jobs(&bed).await, 1, "one for all three changes");
    bed.deposited(&eve).await;
    assert_eq!(lamp_jobs(&bed).await, 2);
    let leased = bed.store.lease_jobs(10, Duration::from_secs(60)).await.unwrap();
    assert_eq!(leased.len(), 2);
    // What runs may have read the counts already.
    bed.store.mark(owner(&ada), message.id, Mark::Trash).await.unwrap();
    assert_eq!(lamp_jobs(&bed).await, 3);
    // A job that is told to run again stands beside the waiting one.
    let of_ada = leased.iter().find(|job| job.work == Work::Lamp { mailbox: ada.mailbox.id }).unwrap();
    bed.store.job_retry(of_ada, bed.clock.now(), "no answer").await.unwrap();
    bed.store.job_again(of_ada.id).await.unwrap();
    bed.store.mark(owner(&ada), message.id, Mark::Restore).await.unwrap();
    assert_eq!(lamp_jobs(&bed).await, 3);
}

async fn a_mailbox_that_nobody_watches_gets_no_lamp_job(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.deposited(&home).await;
    bed.store.mark(owner(&home), message.id, Mark::Heard).await.unwrap();
    assert_eq!(bed.store.jobs(None, 9).await.unwrap(), []);
}

async fn lamps_stand_beside_what_they_should_show_and_one_is_told_again(bed: Bed) {
    let (ada, eve) = (bed.home("1001").await, bed.home("1002").await);
    let (first, second) = (lamp(&bed, &ada, "a"), lamp(&bed, &ada, "b"));
    for lamp in [&first, &second, &lamp(&bed, &eve, "c")] {
        bed.store.put_lamp(lamp).await.unwrap();
    }
    let (heard, _) = (bed.deposited(&ada).await, bed.deposited(&ada).await);
    bed.store.mark(owner(&ada), heard.id, Mark::Heard).await.unwrap();
    bed.deposited(&eve).await;
    let counts = bed.store.counts(owner(&ada)).await.unwrap();
    assert_eq!((counts.new, counts.old), (1, 1));
    let cseq = bed.store.next_cseq(first.id).await.unwrap();
    bed.store.lamp_told(first.id, cseq, counts).await.unwrap();
    let watched = bed.second.watched_lamps(ada.tenant, 9).await.unwrap();
    assert_eq!(watched.len(), 2, "those of the other tenant are its own");
    for one in &watched {
        assert_eq!((one.extension.as_str(), one.counts), ("1001", counts));
        assert_eq!(one.job.unwrap().0, JobState::Queued);
        assert_eq!(one.lamp.told, (one.lamp.id == first.id).then_some(counts));
    }
    assert_missing(bed.store.forget_told(eve.tenant, first.id).await, "lamp");
    assert_eq!(bed.store.forget_told(ada.tenant, first.id).await.unwrap().told, None);
    assert_eq!(bed.store.lamp("a").await.unwrap().unwrap().told, None);
    assert_eq!(bed.store.watched_lamps(ada.tenant, 1).await.unwrap().len(), 1);
}

async fn what_was_told_under_an_older_number_does_not_count(bed: Bed) {
    let home = bed.home("1001").await;
    let made = bed.store.put_lamp(&lamp(&bed, &home, "a")).await.unwrap();
    let first = bed.store.next_cseq(made.id).await.unwrap();
    let second = bed.second.next_cseq(made.id).await.unwrap();
    assert_eq!((first, second), (1, 2));
    let counts = |new| Counts { new, ..Counts::default() };
    bed.store.lamp_told(made.id, second, counts(2)).await.unwrap();
    bed.store.lamp_told(made.id, first, counts(1)).await.unwrap();
    let told = async || bed.store.lamp("a").await.unwrap().unwrap();
    assert_eq!(told().await.told, Some(counts(2)));
    // A refresh keeps what the phone knows, and its numbers.
    let again = Lamp { dialog: "new".to_owned(), ..lamp(&bed, &home, "a") };
    let again = bed.store.put_lamp(&again).await.unwrap();
    assert_eq!(
        (again.id, again.cseq, again.told, again.dialog.as_str()),
        (made.id, 2, Some(counts(2)), "new")
    );
    assert!(bed.store.remove_lamp(made.id).await.unwrap());
    assert_missing(bed.store.next_cseq(made.id).await, "lamp");
}

/// Any sequence of marks: lists and counts agree with each other and with a model in memory.
async fn any_marks_keep_counts_and_lists_in_step(bed: Bed) {
    let marks = [Mark::Heard, Mark::New, Mark::Save, Mark::Inbox, Mark::Trash, Mark::Restore];
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let steps = proptest::collection::vec((0..4_usize, 0..marks.len()), 1..12);
    for round in 0..12 {
        let home = bed.home(&format!("{}", 1000 + round)).await;
        let me = owner(&home);
        let mut model: Vec<(MessageId, Folder, Folder, bool)> = Vec::new();
        for _ in 0..4 {
            model.push((bed.deposited(&home).await.id, Folder::Inbox, Folder::Inbox, false));
        }
        let steps = steps.new_tree(&mut runner).unwrap().current();
        for (which, mark) in steps {
            let (id, folder, from, heard) = &mut model[which];
            let mark = marks[mark];
            let marked = bed.store.mark(me, *id, mark).await.unwrap();
            let before = *folder;
            match mark {
                Mark::Heard => *heard = true,
                Mark::New => (*folder, *heard) = (Folder::Inbox, false),
                Mark::Save => *folder = Folder::Saved,
                Mark::Inbox => *folder = Folder::Inbox,
                Mark::Trash if before != Folder::Trash => (*folder, *from) = (Folder::Trash, before),
                Mark::Restore if before == Folder::Trash => *folder = *from,
                Mark::Trash | Mark::Restore | Mark::Purge | Mark::File(_) => {}
            }
            assert_eq!((marked.folder, marked.heard), (Some(*folder), *heard));
        }
        let count = |wanted: &dyn Fn(Folder, bool) -> bool| {
            u32::try_from(model.iter().filter(|(_, folder, _, heard)| wanted(*folder, *heard)).count())
                .unwrap()
        };
        let counts = bed.store.counts(me).await.unwrap();
        assert_eq!(counts.new, count(&|folder, heard| folder == Folder::Inbox && !heard));
        assert_eq!(counts.trash, count(&|folder, _| folder == Folder::Trash));
        assert_eq!(counts.old, 4 - counts.new - counts.trash);
        for (shelf, number) in
            [(Shelf::New, counts.new), (Shelf::Old, counts.old), (Shelf::Trash, counts.trash)]
        {
            assert_eq!(bed.store.headings(me, shelf).await.unwrap().len(), number as usize);
        }
    }
}

// 002-070
async fn a_greeting_is_named_by_its_owner_and_no_two_the_same(bed: Bed) {
    let home = bed.home("1001").await;
    let (me, other) = (owner(&home), bed.home("1002").await);
    let named = |label: &str| aftertone::domain::Greeting {
        label: label.to_owned(),
        ..bed.greeting(&home, GreetingKind::Away)
    };
    let (sea, hills) = (named("At the sea"), named("In the hills"));
    bed.store.add_named_greeting(&sea).await.unwrap();
    bed.store.add_named_greeting(&hills).await.unwrap();
    let twice = bed.store.add_named_greeting(&named("AT THE SEA")).await;
    assert!(matches!(twice, Err(StoreError::Taken { what: "greeting name", .. })), "{twice:?}");
    let name = |name: &str| name.parse::<aftertone::domain::GreetingName>().unwrap();
    let taken = bed.store.name_greeting(me, hills.id, &name("at the sea")).await;
    assert!(matches!(taken, Err(StoreError::Taken { what: "greeting name", .. })), "{taken:?}");
    let renamed = bed.store.name_greeting(me, sea.id, &name("AT THE SEA")).await.unwrap();
    assert_eq!(
        renamed,
        aftertone::domain::Greeting { label: "AT THE SEA".to_owned(), active: false, ..sea.clone() }
    );
    assert_missing(bed.store.name_greeting(owner(&other), sea.id, &name("Mine")).await, "greeting");
    assert_eq!(bed.store.greeting(home.tenant, sea.id).await.unwrap().label, "AT THE SEA");
    // Elsewhere the same name is another's.
    let theirs = aftertone::domain::Greeting {
        label: "At the sea".to_owned(),
        ..bed.greeting(&other, GreetingKind::Away)
    };
    bed.store.add_named_greeting(&theirs).await.unwrap();
}
