//! Messages between mailboxes: each recipient's own copy, bad recipients named, originals untouched.

use aftertone::blob::spool::Marks;
use aftertone::domain::{Extension, Mark, MessageId, Owner, PartKind, Shelf};
use aftertone::service::owner::OwnerError;
use aftertone::service::sending::{Sending, Sent, Why};
use aftertone::store::Work;

use super::phone::Office;

fn numbers(texts: &[&str]) -> Vec<Extension> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn sending(office: &Office) -> Sending {
    Sending::new(office.store.clone(), office.objects.clone(), office.spool.clone(), office.clock.clone())
}

async fn newest(office: &Office, owner: Owner) -> MessageId {
    office.retrieval.list(owner, Shelf::Inbox).await.unwrap()[0].message.id
}

// 002-058
#[tokio::test]
async fn a_sent_message_reaches_the_good_and_names_the_bad() {
    let office = Office::new().await;
    let recording = office.recording(office.ada, 8000).await;
    let marks = Marks { urgent: true, private: false };
    let closed = |mailbox: &mut aftertone::domain::Mailbox| mailbox.enabled = false;
    let third = office.add("1003").await;
    office.store.change_mailbox(third, closed).await.unwrap();
    let to = numbers(&["1002", "9999", "1003", "1002"]);
    let sent = sending(&office).send(office.ada, recording, marks, &to).await.unwrap();
    let refused = vec![(to[1].clone(), Why::Unknown), (to[2].clone(), Why::Closed)];
    assert_eq!(sent, Sent { delivered: numbers(&["1002"]), refused });
    let list = office.retrieval.list(office.eve, Shelf::New).await.unwrap();
    assert_eq!(list.len(), 1, "once, although named twice");
    assert_eq!(list[0].sender.as_ref().unwrap().extension.as_str(), "1001", "a reply finds the way back");
    assert!(list[0].message.urgent);
    let opened = office.retrieval.open(office.eve, list[0].message.id).await.unwrap();
    assert_eq!((opened.audio.samples.len(), opened.origin), (8000, None));
    assert!(office.spool.read(recording).await.is_err(), "it left the spool");
}

#[tokio::test]
async fn a_full_mailbox_refuses_and_a_foreign_recording_is_not_sent() {
    let office = Office::new().await;
    let full = |mailbox: &mut aftertone::domain::Mailbox| mailbox.quota.messages = Some(0);
    office.store.change_mailbox(office.eve, full).await.unwrap();
    let recording = office.recording(office.ada, 8000).await;
    let stranger = sending(&office).send(office.eve, recording, Marks::default(), &numbers(&["1001"])).await;
    assert!(matches!(stranger, Err(OwnerError::Missing { what: "recording" })), "{stranger:?}");
    let sent =
        sending(&office).send(office.ada, recording, Marks::default(), &numbers(&["1002"])).await.unwrap();
    assert_eq!(sent.refused, [("1002".parse().unwrap(), Why::Full)]);
    let find = async |text: &str| sending(&office).find(office.ada, &text.parse().unwrap()).await.unwrap();
    assert!(find("9999").await.is_none());
    assert_eq!(find("1002").await.unwrap().mailbox, office.eve.mailbox);
}

#[tokio::test]
async fn a_forwarded_message_is_introduced_and_the_original_stays_as_it_was() {
    let office = Office::new().await;
    let id = office.message(office.ada).await;
    let before = office.retrieval.open(office.ada, id).await.unwrap();
    let said = office.recording(office.ada, 4003).await;
    let sent =
        sending(&office).forward(office.ada, id, Some(said), &numbers(&["1002", "8888"])).await.unwrap();
    assert_eq!(sent.refused, [("8888".parse().unwrap(), Why::Unknown)]);
    let after = office.retrieval.open(office.ada, id).await.unwrap();
    assert_eq!((&after.message, &after.audio), (&before.message, &before.audio));
    let ledger = office.store.ledger(office.ada.tenant, id).await.unwrap();
    assert!(ledger.iter().any(|line| line.event == "forwarded" && line.detail == "1002"), "{ledger:?}");

    let copy = newest(&office, office.eve).await;
    let opened = office.retrieval.open(office.eve, copy).await.unwrap();
    assert_eq!(opened.audio.samples, before.audio.samples, "sample for sample");
    assert_eq!(opened.introductions.len(), 1);
    assert!((3992..=4003).contains(&opened.introductions[0].samples.len()));
    assert_eq!(opened.message.caller.number.as_deref(), Some("1001"), "the colleague");
    assert_eq!(opened.origin.unwrap().caller, before.message.caller, "who left it");

    // Passed on again: two introductions, the newest first, and still the first caller.
    let again = office.recording(office.eve, 1600).await;
    sending(&office).forward(office.eve, copy, Some(again), &numbers(&["1001"])).await.unwrap();
    let back = office.retrieval.open(office.ada, newest(&office, office.ada).await).await.unwrap();
    let lengths: Vec<usize> = back.introductions.iter().map(|pcm| pcm.samples.len() / 800).collect();
    assert_eq!(lengths, [2, 5]);
    assert_eq!(back.audio.samples, before.audio.samples);
    assert_eq!(back.origin.unwrap().caller, before.message.caller);
    assert_eq!(back.message.caller.number.as_deref(), Some("1002"));
    let parts = office.store.parts(office.eve, back.message.id).await.unwrap();
    assert!(parts.is_empty(), "not in that mailbox");
    let kinds = office.store.parts(office.ada, back.message.id).await.unwrap();
    let kinds: Vec<PartKind> = kinds.iter().map(|part| part.kind).collect();
    assert_eq!(kinds, [PartKind::Introduction, PartKind::Introduction, PartKind::Original]);
}

#[tokio::test]
async fn a_private_or_foreign_message_is_not_forwarded() {
    let office = Office::new().await;
    let recording = office.recording(office.ada, 8000).await;
    let marks = Marks { urgent: false, private: true };
    sending(&office).send(office.ada, recording, marks, &numbers(&["1002"])).await.unwrap();
    let private = newest(&office, office.eve).await;
    let refused = sending(&office).forward(office.eve, private, None, &numbers(&["1001"])).await;
    assert!(matches!(refused, Err(OwnerError::Private)), "{refused:?}");
    let foreign = sending(&office).forward(office.ada, private, None, &numbers(&["1001"])).await;
    assert!(matches!(foreign, Err(OwnerError::Missing { what: "message" })), "{foreign:?}");
    assert_eq!(office.retrieval.counts(office.ada).await.unwrap().new, 0);
}

#[tokio::test]
async fn a_purged_copy_takes_its_parts_along() {
    let office = Office::new().await;
    let id = office.message(office.ada).await;
    sending(&office).forward(office.ada, id, None, &numbers(&["1002"])).await.unwrap();
    let copy = newest(&office, office.eve).await;
    let object = office.retrieval.open(office.eve, copy).await.unwrap().message.object;
    office.retrieval.mark(office.eve, copy, Mark::Trash).await.unwrap();
    office.retrieval.mark(office.eve, copy, Mark::Purge).await.unwrap();
    let jobs = office.store.jobs(None, 9).await.unwrap();
    assert!(jobs.iter().any(|job| job.work == Work::Purge { object: object.clone() }), "{jobs:?}");
    assert!(office.retrieval.open(office.ada, id).await.is_ok(), "the original is another recording");
}

#[tokio::test]
async fn lists_keep_the_good_and_broadcasts_need_a_permission() {
    let office = Office::new().await;
    let sending = sending(&office);
    let bad = sending.put_list(office.ada, 7, &numbers(&["1002", "9999", "1002"])).await.unwrap();
    assert_eq!(bad, numbers(&["9999"]));
    assert_eq!(sending.list(office.ada, 7).await.unwrap(), numbers(&["1002"]));
    assert!(matches!(sending.list(office.eve, 7).await, Err(OwnerError::Missing { what: "list" })));
    let members = async |owner| sending.members(owner, 7).await.unwrap();
    assert_eq!(members(office.ada).await[0].mailbox, office.eve.mailbox);
    assert_eq!(members(office.eve).await, [], "a list is its owner's alone");
    assert!(matches!(sending.put_list(office.ada, 0, &[]).await, Err(OwnerError::Invalid(_))));
    sending.put_list(office.ada, 7, &[]).await.unwrap();
    assert_eq!(sending.lists(office.ada).await.unwrap(), []);

    let refused = sending.everybody(office.ada).await;
    assert!(matches!(refused, Err(OwnerError::NotAllowed { .. })), "{refused:?}");
    office.settings.update(office.ada, |phone| phone.may_broadcast = true).await.unwrap();
    office.add("1003").await;
    assert_eq!(sending.everybody(office.ada).await.unwrap(), numbers(&["1002", "1003"]));
}

#[tokio::test]
async fn a_message_to_many_reaches_each_of_them_once_in_their_order() {
    let office = Office::new().await;
    let numbers: Vec<String> = (2000..2040).map(|number| number.to_string()).collect();
    let mut all = Vec::new();
    for number in &numbers {
        all.push(office.add(number).await);
    }
    let to: Vec<Extension> = numbers.iter().map(|number| number.parse().unwrap()).collect();
    let recording = office.recording(office.ada, 8000).await;
    let sent = sending(&office).send(office.ada, recording, Marks::default(), &to).await.unwrap();
    assert_eq!((sent.delivered, sent.refused), (to, Vec::new()));
    for owner in all {
        assert_eq!(office.retrieval.counts(owner).await.unwrap().new, 1);
    }
}

#[tokio::test]
async fn a_list_of_messages_says_where_a_forwarded_one_came_from() {
    let office = Office::new().await;
    let id = office.message(office.ada).await;
    let original = office.retrieval.open(office.ada, id).await.unwrap().message;
    office.clock.advance(std::time::Duration::from_secs(3600));
    let said = office.recording(office.ada, 4000).await;
    sending(&office).forward(office.ada, id, Some(said), &numbers(&["1002"])).await.unwrap();
    let third = office.add("1003").await;
    let copy = newest(&office, office.eve).await;
    sending(&office).forward(office.eve, copy, None, &numbers(&["1003"])).await.unwrap();
    for owner in [office.eve, third] {
        let heading = office.retrieval.list(owner, Shelf::New).await.unwrap().remove(0);
        let origin = heading.origin.unwrap();
        assert_eq!((origin.caller, origin.received_at), (original.caller.clone(), original.received_at));
        // Introduction, pause and message are one recording, and seeks count all of it.
        let opened = office.retrieval.open(owner, heading.message.id).await.unwrap();
        let parts = opened.introductions.iter().map(|part| part.samples.len()).sum::<usize>();
        let heard = parts + opened.audio.samples.len() + opened.audio.rate as usize / 2;
        let whole = heading.message.duration_ms as usize * opened.audio.rate as usize / 1000;
        assert!(heard.abs_diff(whole) <= 32, "{heard} samples are heard, {whole} are told");
    }
    assert_eq!(office.retrieval.list(office.ada, Shelf::New).await.unwrap()[0].origin, None);
}
