//! The contract of webhooks: what happens is noted with the change itself, told once, and by one at a time.

use aftertone::domain::{
    Delivery, DeliveryId, Mark, Owner, TenantId, Webhook, WebhookEvent, WebhookId, WebhookSecret,
};
use aftertone::store::{Due, Guesser, Limits, Told};

use super::*;

contract! {
    every_change_leaves_its_fact_where_somebody_listens_and_nowhere_else
    a_change_that_was_undone_leaves_no_fact
    a_change_of_a_user_names_every_field_that_changed
    a_fact_becomes_deliveries_once_whichever_node_is_faster
    a_slow_webhook_has_so_many_places_and_those_of_others_stay_free
    a_delivery_whose_lease_ended_is_made_again_and_the_first_holder_is_too_late
    a_paused_webhook_is_told_nothing_and_what_happens_waits
    what_was_told_can_be_told_again_by_its_tenant_alone
    a_webhook_is_removed_with_what_it_was_told_and_belongs_to_its_tenant
}

const MINUTE: Duration = Duration::from_secs(60);

fn webhook(bed: &Bed, tenant: TenantId) -> Webhook {
    Webhook {
        id: WebhookId::from_uuid(bed.clock.uuid()),
        tenant,
        name: "tests".to_owned(),
        url: "https://hooks.example.org/?key=x".to_owned(),
        events: vec![WebhookEvent::MessageCreated],
        callers: false,
        secret: WebhookSecret::from_bytes([7; 32]),
        old_secret: None,
        paused: None,
        failing_since: None,
        created_at: bed.clock.now(),
    }
}

pub(super) async fn listening(bed: &Bed, tenant: TenantId) -> Webhook {
    let webhook = webhook(bed, tenant);
    bed.store.add_webhook(&webhook).await.unwrap();
    webhook
}

fn delivery(bed: &Bed, webhook: &Webhook) -> Delivery {
    Delivery {
        id: DeliveryId::from_uuid(bed.clock.uuid()),
        tenant: webhook.tenant,
        webhook: webhook.id,
        event: WebhookEvent::MessageCreated,
        body: "{}".to_owned(),
        created_at: bed.clock.now(),
    }
}

async fn words(bed: &Bed, tenant: TenantId) -> Vec<String> {
    let facts = bed.store.facts(100).await.unwrap();
    facts.iter().filter(|fact| fact.tenant == tenant).map(|fact| fact.event.to_string()).collect()
}

/// As a receiver that answers this.
fn told(bed: &Bed, state: JobState) -> Told {
    Told { state, next_at: bed.clock.now(), status: Some(200), error: None, pause: None }
}

async fn every_change_leaves_its_fact_where_somebody_listens_and_nowhere_else(bed: Bed) {
    let (home, silent) = (bed.home("1001").await, bed.home("2002").await);
    bed.deposited(&silent).await;
    listening(&bed, home.tenant).await;
    let owner = Owner { tenant: home.tenant, mailbox: home.mailbox.id };
    let message = bed.message(&home);
    bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    for mark in [Mark::Heard, Mark::Heard, Mark::New, Mark::Save, Mark::Trash, Mark::Restore] {
        bed.store.mark(owner, message.id, mark).await.unwrap();
    }
    let mut jobs = bed.store.lease_jobs(10, MINUTE).await.unwrap().into_iter();
    let job = jobs.rfind(|job| matches!(job.work, Work::Mail { .. })).unwrap();
    bed.store.job_done(&job, message.id, None, "ok").await.unwrap();
    bed.store.mark(owner, message.id, Mark::Trash).await.unwrap();
    bed.store.mark(owner, message.id, Mark::Purge).await.unwrap();
    let mut expected = vec![
        "message.created",
        "message.heard",
        "message.unheard",
        "message.moved",
        "message.deleted",
        "message.moved",
        "mail.sent",
        "message.deleted",
        "message.purged",
    ];
    assert_eq!(words(&bed, home.tenant).await, expected);
    bed.store.add_greeting(&bed.greeting(&home, GreetingKind::Away)).await.unwrap();
    let mut user = home.user.clone();
    user.first = "Augusta".to_owned();
    bed.store.put_user(&user).await.unwrap();
    bed.store.put_user(&user).await.unwrap();
    let mut mailbox = home.mailbox.clone();
    mailbox.enabled = false;
    bed.store.put_mailbox(&mailbox).await.unwrap();
    let limits = Limits { number: 1, caller: 10, peer: 10, window: MINUTE };
    let guesser = Guesser { caller: [1; 32], peer: [2; 32] };
    let guess = bed.store.guess(home.tenant, "1001", guesser, limits).await.unwrap();
    assert!(bed.store.guessed_wrong(&guess, limits, &[]).await.unwrap());
    let nobody = bed.store.guess(home.tenant, "7777", guesser, limits).await.unwrap();
    assert!(bed.store.guessed_wrong(&nobody, limits, &[]).await.unwrap(), "a number that has no mailbox");
    bed.store.remove_user(home.tenant, home.user.id).await.unwrap();
    expected.extend(["greeting.changed", "user.changed", "user.changed", "mailbox.locked"]);
    let said = words(&bed, home.tenant).await;
    let (before, after) = said.split_at(expected.len());
    assert_eq!(before, expected);
    let facts = bed.store.facts(100).await.unwrap();
    let changed = facts.iter().filter(|fact| fact.event == WebhookEvent::UserChanged);
    let fields: Vec<&str> = changed.filter_map(|fact| fact.detail.as_deref()).map(str::trim).collect();
    assert_eq!(fields, ["first", "enabled"], "the names of the fields that changed");
    assert!(after.iter().any(|word| word == "user.removed"), "{after:?}");
    assert!(words(&bed, silent.tenant).await.is_empty(), "nobody listens there");
}

async fn a_change_that_was_undone_leaves_no_fact(bed: Bed) {
    let home = bed.home("1001").await;
    listening(&bed, home.tenant).await;
    let message = bed.deposited(&home).await;
    let twice = bed.message(&home);
    let mut forged = bed.mail(&message);
    bed.store.deposit(&twice, std::slice::from_ref(&forged)).await.unwrap();
    forged.work = Work::Mail { message: twice.id, to: "x@example.org".parse().unwrap() };
    let other = bed.message(&home);
    assert!(bed.store.deposit(&other, &[forged]).await.is_err(), "the job is taken");
    assert_eq!(words(&bed, home.tenant).await, ["message.created", "message.created"]);
}

async fn a_fact_becomes_deliveries_once_whichever_node_is_faster(bed: Bed) {
    let home = bed.home("1001").await;
    let webhook = listening(&bed, home.tenant).await;
    bed.deposited(&home).await;
    let fact = bed.store.facts(10).await.unwrap().remove(0);
    let (first, second) = (delivery(&bed, &webhook), delivery(&bed, &webhook));
    assert!(bed.store.deliver(fact.id, std::slice::from_ref(&first)).await.unwrap());
    assert!(!bed.second.deliver(fact.id, &[second]).await.unwrap());
    let due = bed.second.lease_deliveries(10, 4, MINUTE).await.unwrap();
    assert_eq!(due.iter().map(|due| &due.delivery).collect::<Vec<_>>(), [&first]);
    assert!(bed.store.facts(10).await.unwrap().is_empty());
}

async fn a_slow_webhook_has_so_many_places_and_those_of_others_stay_free(bed: Bed) {
    let home = bed.home("1001").await;
    let (slow, quick) = (listening(&bed, home.tenant).await, listening(&bed, home.tenant).await);
    for _ in 0..9 {
        bed.store.add_delivery(&delivery(&bed, &slow)).await.unwrap();
    }
    bed.store.add_delivery(&delivery(&bed, &quick)).await.unwrap();
    let due = bed.store.lease_deliveries(16, 4, MINUTE).await.unwrap();
    let of =
        |due: &[Due], webhook: &Webhook| due.iter().filter(|due| due.delivery.webhook == webhook.id).count();
    assert_eq!((of(&due, &slow), of(&due, &quick)), (4, 1));
    assert!(bed.second.lease_deliveries(16, 4, MINUTE).await.unwrap().is_empty(), "its places are taken");
    let done = due.iter().find(|due| due.delivery.webhook == slow.id).unwrap();
    bed.store.delivery_told(done, &told(&bed, JobState::Done)).await.unwrap();
    assert_eq!(of(&bed.store.lease_deliveries(16, 4, MINUTE).await.unwrap(), &slow), 1);
}

async fn a_delivery_whose_lease_ended_is_made_again_and_the_first_holder_is_too_late(bed: Bed) {
    let home = bed.home("1001").await;
    let webhook = listening(&bed, home.tenant).await;
    bed.store.add_delivery(&delivery(&bed, &webhook)).await.unwrap();
    let slow = bed.store.lease_deliveries(10, 4, MINUTE).await.unwrap().remove(0);
    bed.clock.advance(MINUTE);
    let quick = bed.second.lease_deliveries(10, 4, MINUTE).await.unwrap().remove(0);
    assert_eq!((quick.delivery.id, quick.attempts), (slow.delivery.id, 2));
    let late = bed.store.delivery_told(&slow, &told(&bed, JobState::Dead)).await;
    assert_missing(late, "lease of ours on delivery");
    bed.second.delivery_told(&quick, &told(&bed, JobState::Done)).await.unwrap();
    let sent = bed.store.deliveries(home.tenant, webhook.id, None, 10).await.unwrap();
    assert_eq!((sent.len(), sent[0].state, sent[0].status), (1, JobState::Done, Some(200)));
}

async fn a_paused_webhook_is_told_nothing_and_what_happens_waits(bed: Bed) {
    let home = bed.home("1001").await;
    let webhook = listening(&bed, home.tenant).await;
    bed.store.add_delivery(&delivery(&bed, &webhook)).await.unwrap();
    let due = bed.store.lease_deliveries(10, 4, MINUTE).await.unwrap().remove(0);
    let failed = Told {
        pause: Some("it is gone".to_owned()),
        error: Some("410".to_owned()),
        ..told(&bed, JobState::Retry)
    };
    bed.store.delivery_told(&due, &failed).await.unwrap();
    let known = bed.store.webhook(home.tenant, webhook.id).await.unwrap();
    assert_eq!(known.failing_since, Some(bed.clock.now()));
    assert_eq!(known.paused, Some((bed.clock.now(), "it is gone".to_owned())));
    assert!(bed.store.lease_deliveries(10, 4, MINUTE).await.unwrap().is_empty());
    bed.store.pause_webhook(home.tenant, webhook.id, None).await.unwrap();
    let due = bed.store.lease_deliveries(10, 4, MINUTE).await.unwrap().remove(0);
    bed.store.delivery_told(&due, &told(&bed, JobState::Done)).await.unwrap();
    let known = bed.store.webhook(home.tenant, webhook.id).await.unwrap();
    assert_eq!((known.failing_since, known.paused), (None, None));
}

async fn what_was_told_can_be_told_again_by_its_tenant_alone(bed: Bed) {
    let (home, other) = (bed.home("1001").await, bed.home("2002").await);
    let webhook = listening(&bed, home.tenant).await;
    let (early, late) = (delivery(&bed, &webhook), {
        bed.clock.advance(MINUTE);
        delivery(&bed, &webhook)
    });
    for one in [&early, &late] {
        bed.store.add_delivery(one).await.unwrap();
    }
    for due in bed.store.lease_deliveries(10, 4, MINUTE).await.unwrap() {
        assert_missing(bed.store.deliver_again(home.tenant, webhook.id, due.delivery.id).await, "delivery");
        bed.store.delivery_told(&due, &told(&bed, JobState::Done)).await.unwrap();
    }
    assert_missing(bed.store.deliver_again(other.tenant, webhook.id, early.id).await, "delivery");
    assert_eq!(bed.store.deliver_again_since(other.tenant, webhook.id, early.created_at).await.unwrap(), 0);
    assert_eq!(bed.store.deliver_again_since(home.tenant, webhook.id, late.created_at).await.unwrap(), 1);
    let due = bed.store.lease_deliveries(10, 4, MINUTE).await.unwrap().remove(0);
    assert_eq!((due.delivery.id, due.queued_at), (late.id, bed.clock.now()));
    bed.store.deliver_again(home.tenant, webhook.id, early.id).await.unwrap();
    assert_eq!(bed.store.lease_deliveries(10, 4, MINUTE).await.unwrap()[0].delivery.id, early.id);
}

async fn a_webhook_is_removed_with_what_it_was_told_and_belongs_to_its_tenant(bed: Bed) {
    let (home, other) = (bed.home("1001").await, bed.home("2002").await);
    let mut webhook = listening(&bed, home.tenant).await;
    assert_eq!(bed.store.webhooks(home.tenant).await.unwrap(), [webhook.clone()]);
    assert_missing(bed.store.webhook(other.tenant, webhook.id).await, "webhook");
    assert_missing(bed.store.remove_webhook(other.tenant, webhook.id).await, "webhook");
    let until = bed.clock.now().saturating_add(MINUTE).unwrap();
    let secret = WebhookSecret::from_bytes([9; 32]);
    assert_missing(bed.store.rotate_webhook(other.tenant, webhook.id, &secret, until).await, "webhook");
    bed.store.rotate_webhook(home.tenant, webhook.id, &secret, until).await.unwrap();
    webhook.old_secret = Some((std::mem::replace(&mut webhook.secret, secret), until));
    webhook.events.clear();
    bed.store.change_webhook(&webhook).await.unwrap();
    assert_eq!(bed.store.webhook(home.tenant, webhook.id).await.unwrap(), webhook);
    bed.store.add_delivery(&delivery(&bed, &webhook)).await.unwrap();
    bed.store.remove_webhook(home.tenant, webhook.id).await.unwrap();
    assert_missing(bed.store.add_delivery(&delivery(&bed, &webhook)).await, "webhook");
    assert_eq!(bed.store.open_deliveries().await.unwrap(), 0);
}

/// 000-14: names of fields, in the profile and in the settings as well, and nothing of what stands in them.
async fn a_change_of_a_user_names_every_field_that_changed(bed: Bed) {
    let home = bed.home("1001").await;
    listening(&bed, home.tenant).await;
    let mut user = home.user.clone();
    user.emails = vec!["other@example.org".parse().unwrap()];
    user.profile.mobile = Some("+491701234567".to_owned());
    user.profile.site = Some("Berlin".to_owned());
    user.profile.listed = false;
    bed.store.put_user(&user).await.unwrap();
    user.profile.mobile = None;
    bed.store.put_user(&user).await.unwrap();
    let mut mailbox = home.mailbox.clone();
    mailbox.quota.messages = Some(7);
    mailbox.phone.announce = !mailbox.phone.announce;
    mailbox.phone.nicknames = vec!["Addie".to_owned()];
    bed.store.put_mailbox(&mailbox).await.unwrap();
    bed.store.put_mailbox(&mailbox).await.unwrap();
    let facts = bed.store.facts(100).await.unwrap();
    let named = |fact: &aftertone::store::Fact| {
        let mut names: Vec<String> =
            fact.detail.as_deref().unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        names.sort_unstable();
        names
    };
    let names: Vec<Vec<String>> = facts.iter().map(named).collect();
    assert_eq!(
        names,
        [vec!["emails", "listed", "mobile", "site"], vec!["mobile"], vec!["announce", "nicknames", "quota"]]
    );
}
