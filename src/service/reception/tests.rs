//! What a call gets must be what stands in the database when it comes, however much is remembered.

mod leading;

use super::*;
use crate::clock::{Clock as _, ManualClock};
use crate::domain::{
    GreetingId, GreetingKind, Message, MessageId, Owner, Presence, PresenceState, Quota, RecordingClass,
    RedirectReason, RuleId,
};
use crate::service::accounts::{Accounts, MailboxDefaults, NewUser};
use crate::sip::Party;
use crate::store::{Number, StoreError};

struct World {
    _folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    reception: Reception,
    /// As another process beside the server has it.
    other: Store,
    mailbox: Mailbox,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::new("2026-03-04T05:06:07Z".parse().unwrap(), 1);
        let url = format!("sqlite://{}/facts.db", folder.path().display());
        let store = Store::open(&url, clock.clone()).await.unwrap();
        let other = Store::open(&url, clock.clone()).await.unwrap();
        let reception = Reception::new(store, Rules::default());
        let mut world =
            Self { _folder: folder, mailbox: user(&other, &clock, "1001").await, clock, reception, other };
        world.mailbox.quota.messages = Some(2);
        world.other.put_mailbox(&world.mailbox).await.unwrap();
        world
    }

    async fn call(&self, to: &str, from: &str) -> Verdict {
        let facts = CallFacts {
            request_uri: format!("sip:{to}@192.0.2.1"),
            to: Party { name: None, uri: format!("sip:{to}@192.0.2.1") },
            from: Party { name: None, uri: format!("sip:{from}@192.0.2.7") },
            ..CallFacts::default()
        };
        Box::pin(self.reception.decide(&facts, None, self.clock.now())).await.unwrap()
    }

    fn message(&self) -> Message {
        Message {
            id: MessageId::from_uuid(self.clock.uuid()),
            tenant: self.mailbox.tenant,
            mailbox: self.mailbox.id,
            folder: crate::domain::Folder::Inbox,
            tag: None,
            heard_at: None,
            urgent: false,
            private: false,
            caller: crate::domain::CallerId::anonymous(),
            alias: None,
            reason: RedirectReason::NoAnswer,
            received_at: self.clock.now(),
            duration_ms: 1_000,
            voiced_ms: 1_000,
            class: RecordingClass::Speech,
            sample_rate: 8_000,
            bytes: 16_044,
            sha256: "ab".repeat(32),
            object: "a/b.wav".to_owned(),
        }
    }
}

async fn user(store: &Store, clock: &Arc<ManualClock>, extension: &str) -> Mailbox {
    let tenant = store.default_tenant().await.unwrap().id;
    let accounts = Accounts::new(store.clone(), clock.clone(), MailboxDefaults::default());
    let new = NewUser {
        extension: extension.parse().unwrap(),
        first: "Ada".to_owned(),
        last: "Lovelace".to_owned(),
        emails: Vec::new(),
        mode: None,
        pin: None,
    };
    Box::pin(accounts.add_user(tenant, new)).await.unwrap().mailbox
}

#[tokio::test]
async fn a_change_made_beside_the_server_holds_for_the_next_call() {
    let world = World::new().await;
    for _ in 0..2 {
        assert!(world.call("1001", "5550123").await.mailbox().is_some_and(|mailbox| mailbox.enabled));
        assert!(world.call("5559", "5550123").await.mailbox().is_none());
    }

    let mut mailbox = world.mailbox.clone();
    mailbox.enabled = false;
    world.other.put_mailbox(&mailbox).await.unwrap();
    assert!(world.call("1001", "5550123").await.mailbox().is_some_and(|mailbox| !mailbox.enabled));

    let number = Number {
        tenant: mailbox.tenant,
        number: "5559".to_owned(),
        mailbox: mailbox.id,
        label: None,
        greeting: None,
    };
    world.other.put_number(&number).await.unwrap();
    assert_eq!(world.call("5559", "5550123").await.mailbox().map(|mailbox| mailbox.id), Some(mailbox.id));
    world.other.remove_number(mailbox.tenant, mailbox.id, "5559").await.unwrap();
    assert!(world.call("5559", "5550123").await.mailbox().is_none());

    let greeting = Greeting {
        id: GreetingId::from_uuid(world.clock.uuid()),
        tenant: mailbox.tenant,
        mailbox: mailbox.id,
        kind: GreetingKind::Standard,
        label: "hello".to_owned(),
        object: "a/hello.wav".to_owned(),
        duration_ms: 1_000,
        active: true,
        from: None,
        until: None,
        created_at: world.clock.now(),
    };
    world.other.add_greeting(&greeting).await.unwrap();
    assert_eq!(world.call("1001", "5550123").await.greetings, [greeting]);

    world.other.remove_user(mailbox.tenant, mailbox.user.unwrap()).await.unwrap();
    assert!(world.call("1001", "5550123").await.mailbox().is_none());
    let again = user(&world.other, &world.clock, "1001").await;
    assert_eq!(world.call("1001", "5550123").await.mailbox().map(|mailbox| mailbox.id), Some(again.id));
}

#[tokio::test]
async fn fullness_and_colleagues_are_those_of_the_moment() {
    let world = World::new().await;
    for message in 0..2 {
        assert!(!world.call("1001", "1002").await.is_full(), "after {message} messages");
        world.other.deposit(&world.message(), &[]).await.unwrap();
    }
    assert!(world.call("1001", "1002").await.is_full());
    assert!(!world.call("1001", "1002").await.decision.internal);
    user(&world.other, &world.clock, "1002").await;
    assert!(world.call("1001", "1002").await.decision.internal);
}

#[tokio::test]
async fn a_known_mailbox_takes_calls_while_the_database_is_away_and_an_unknown_one_is_not_made_up() {
    let world = World::new().await;
    user(&world.other, &world.clock, "1002").await;
    assert!(world.call("1001", "1002").await.decision.internal);
    world.reception.directory.close().await;
    let verdict = world.call("1001", "1002").await;
    assert_eq!(verdict.mailbox(), Some(&world.mailbox));
    assert!(verdict.decision.internal, "the colleague is remembered");
    let facts = CallFacts { request_uri: "sip:1003@192.0.2.1".to_owned(), ..CallFacts::default() };
    let unknown = world.reception.decide(&facts, None, world.clock.now()).await;
    assert!(matches!(unknown, Err(RoutingError::Store(_))), "{unknown:?}");
}

#[tokio::test]
async fn a_tenant_that_the_rules_name_is_found_as_soon_as_it_is_added() {
    let world = World::new().await;
    world.call("1001", "1002").await;
    let usual = TrunkRules { tenant: Some("acme".to_owned()), ..TrunkRules::default() };
    world.reception.set_rules(Rules { usual, ..Rules::default() });
    let facts = CallFacts { request_uri: "sip:1001@192.0.2.1".to_owned(), ..CallFacts::default() };
    for _ in 0..2 {
        let refused = Box::pin(world.reception.decide(&facts, None, world.clock.now())).await;
        assert!(matches!(refused, Err(RoutingError::Tenant(name)) if name == "acme"));
    }
    let id = crate::domain::TenantId::from_uuid(world.clock.uuid());
    let plain = world.other.default_tenant().await.unwrap();
    let acme = crate::domain::Tenant { id, name: "acme".to_owned(), domains: Vec::new(), ..plain };
    world.other.put_tenant(&acme).await.unwrap();
    assert_eq!(world.call("1001", "1002").await.decision.tenant.id, id);
}

#[tokio::test]
async fn a_time_frame_rule_or_list_holds_for_the_very_next_call() {
    let world = World::new().await;
    let tenant = world.mailbox.tenant;
    let greeting = |kind, object: &str| Greeting {
        id: GreetingId::from_uuid(world.clock.uuid()),
        tenant,
        mailbox: world.mailbox.id,
        kind,
        label: "mine".to_owned(),
        object: object.to_owned(),
        duration_ms: 1_000,
        active: true,
        from: None,
        until: None,
        created_at: world.clock.now(),
    };
    world.other.add_greeting(&greeting(GreetingKind::Standard, "a")).await.unwrap();
    world.other.add_greeting(&greeting(GreetingKind::Closed, "b")).await.unwrap();
    let why = async || Box::pin(world.call("1001", "+15550100")).await.greeting().unwrap().why;
    assert_eq!(why().await, "standard: nothing more special fits");

    let frames = crate::service::time_frames::TimeFrames::new(world.other.clone(), world.clock.clone());
    let nights = crate::service::time_frames::NewFrame {
        name: "Night".to_owned(),
        purpose: crate::domain::FrameUse::Closed,
        zone: None,
        // The clock stands at 05:06 UTC.
        entries: vec!["daily 22:00-06:00".parse::<crate::domain::Span>().unwrap().into()],
        replace: false,
    };
    frames.put(tenant, None, nights).await.unwrap();
    assert_eq!(why().await, "closed: it is closed now (Night)");
    let told = world.call("1001", "+15550100").await.explain().to_string();
    assert!(told.contains("hours     closed (Night), until 2026-03-04 06:00 UTC"), "{told}");

    let lists = crate::service::answering::Lists::new(world.other.clone(), world.clock.clone());
    let decline = crate::domain::answering::TurnAway::Decline;
    let block = crate::domain::answering::Screening::Block { with: decline };
    lists.put(tenant, None, "+1555*".parse().unwrap(), block, None).await.unwrap();
    let verdict = world.call("1001", "+15550100").await;
    assert_eq!(verdict.answered.turned_away(), Some(decline));
    let told = verdict.explain();
    assert_eq!((told.state, &told.greeting), (Some("turned-away"), &None));
    assert!(
        told.to_string().contains("blocked by the tenant's list (+1555*): turned away as declined (603)"),
        "{told}"
    );
    assert_eq!(world.call("1001", "+4930123").await.answered.turned_away(), None);
}

/// What the tenant's mailboxes say of a rule.
async fn keep_rule(world: &World, mailbox: &Mailbox, name: &str, presence: &[PresenceState], to: &str) {
    let mut rule = Rule {
        id: RuleId::from_uuid(world.clock.uuid()),
        name: name.to_owned(),
        enabled: true,
        when: crate::domain::answering::Conditions::default(),
        then: crate::domain::answering::RuleActions::default(),
        created_at: world.clock.now(),
    };
    rule.when.presence = presence.to_vec();
    rule.then.answer = AnswerBy::Voicemail { extension: to.parse().unwrap() };
    let owner = Owner { tenant: mailbox.tenant, mailbox: mailbox.id };
    world.other.change_rules(owner, |_| Ok::<_, StoreError>(vec![rule])).await.unwrap();
}

/// 000-09: the last step is the voicemail of a colleague, found when the diverted call arrives.
#[tokio::test]
async fn a_rule_gives_the_call_to_the_voicemail_of_a_colleague() {
    let world = World::new().await;
    let colleague = user(&world.other, &world.clock, "145").await;
    let at = |verdict: &Verdict| verdict.mailbox().map(|mailbox| mailbox.id);
    keep_rule(&world, &world.mailbox, "to 145", &[], "145").await;
    let call = world.call("1001", "5550123").await;
    assert_eq!(at(&call), Some(colleague.id));
    assert_eq!(call.handed, Some((world.mailbox.extension.clone(), "to 145".to_owned())));
    let told = call.explain();
    assert_eq!(told.handed_by.as_deref(), Some("the rule \"to 145\" of mailbox 1001"));
    assert!(told.to_string().contains("given by  the rule \"to 145\" of mailbox 1001"), "{told}");
    assert_eq!(told.mailbox.as_deref(), Some("145"));

    // By a diversion, as phone systems send calls.
    let facts = CallFacts {
        request_uri: "sip:vm@192.0.2.1".to_owned(),
        diversion: vec!["<sip:1001@192.0.2.1>;reason=no-answer".to_owned()],
        ..CallFacts::default()
    };
    let diverted = Box::pin(world.reception.decide(&facts, None, world.clock.now())).await.unwrap();
    assert_eq!((at(&diverted), diverted.decision.reason), (Some(colleague.id), RedirectReason::NoAnswer));

    // One step and no further: two who name each other do not send a caller in circles.
    keep_rule(&world, &colleague, "back", &[], "1001").await;
    assert_eq!(at(&world.call("1001", "5550123").await), Some(colleague.id));
    assert_eq!(at(&world.call("145", "5550123").await), Some(world.mailbox.id));

    // How full it is is said of who takes the message.
    world.other.deposit(&world.message(), &[]).await.unwrap();
    assert_eq!(world.call("1001", "5550123").await.usage.messages, 0);
    assert_eq!(world.call("145", "5550123").await.usage.messages, 1);

    // Whose voicemail is off or full takes nothing.
    let full = Quota { messages: Some(1), ..colleague.quota };
    world.other.deposit(&Message { mailbox: colleague.id, ..world.message() }, &[]).await.unwrap();
    for changed in
        [Mailbox { enabled: false, ..colleague.clone() }, Mailbox { quota: full, ..colleague.clone() }]
    {
        world.other.put_mailbox(&changed).await.unwrap();
        let stays = world.call("1001", "5550123").await;
        assert_eq!((at(&stays), stays.handed), (Some(world.mailbox.id), None));
    }
    world.other.put_mailbox(&colleague).await.unwrap();
    assert_eq!(at(&world.call("1001", "5550123").await), Some(colleague.id));

    // Who is gone takes nothing: the message stays with who was called.
    world.other.remove_user(colleague.tenant, colleague.user.unwrap()).await.unwrap();
    let alone = world.call("1001", "5550123").await;
    assert_eq!((at(&alone), alone.handed), (Some(world.mailbox.id), None));
}

/// 000-07, 000-08: what the owner says holds for the next call, and the ledger's line says what it decided.
#[tokio::test]
async fn a_presence_holds_from_the_next_call_on() {
    let world = World::new().await;
    user(&world.other, &world.clock, "145").await;
    keep_rule(&world, &world.mailbox, "away", &[PresenceState::OnVacation], "145").await;
    let (tenant, user) = (world.mailbox.tenant, world.mailbox.user.unwrap());
    let plain = world.call("1001", "5550123").await;
    assert_eq!((plain.handed.clone(), plain.presence_decided()), (None, None));
    let owner = Owner { tenant, mailbox: world.mailbox.id };
    let greeting = Greeting {
        id: GreetingId::from_uuid(world.clock.uuid()),
        tenant,
        mailbox: world.mailbox.id,
        kind: GreetingKind::Closed,
        label: "meeting".to_owned(),
        object: "a/meeting.wav".to_owned(),
        duration_ms: 1_000,
        active: false,
        from: None,
        until: None,
        created_at: world.clock.now(),
    };
    world.other.add_greeting(&greeting).await.unwrap();
    world.other.tie_greetings(owner, &[(PresenceState::InMeeting, Some(greeting.id))]).await.unwrap();

    let until = world.clock.now().checked_add(std::time::Duration::from_secs(3600)).unwrap();
    let meeting = Presence { state: PresenceState::InMeeting, until: Some(until) };
    world.other.set_presence(tenant, user, &meeting).await.unwrap();
    let call = world.call("1001", "5550123").await;
    assert_eq!(
        call.greeting().unwrap().play,
        ladder::Play::Greeting { kind: GreetingKind::Closed, id: greeting.id }
    );
    assert_eq!(call.presence_decided().as_deref(), Some("In a Meeting: the greeting"));
    world.clock.advance(std::time::Duration::from_secs(3601));
    assert_eq!(world.call("1001", "5550123").await.presence_decided(), None, "the meeting is over");

    let away = Presence { state: PresenceState::OnVacation, until: None };
    world.other.set_presence(tenant, user, &away).await.unwrap();
    assert!(world.call("1001", "5550123").await.handed.is_some());
}

// 002-028, 002-030: who hides in From alone is who the peer asserts, for an allow list and for nothing else.
#[tokio::test]
async fn an_asserted_number_on_an_allow_list_is_let_through_and_not_told() {
    let world = World::new().await;
    let line = |pattern: &str, screening| crate::domain::answering::ScreenedCaller {
        id: world.clock.uuid(),
        tenant: world.mailbox.tenant,
        mailbox: Some(world.mailbox.id),
        pattern: pattern.parse().unwrap(),
        screening,
        note: None,
        created_at: world.clock.now(),
    };
    use crate::domain::answering::{Screening, TurnAway};
    let block = Screening::Block { with: TurnAway::Decline };
    for line in
        [line("anonymous", block), line("+15550100", Screening::Allow), line("external", Screening::Allow)]
    {
        world.other.put_screened_caller(&line).await.unwrap();
    }
    let call = async |asserted: &str, privacy: &[&str]| {
        let party = |uri: &str| Party { name: None, uri: uri.to_owned() };
        let facts = CallFacts {
            request_uri: "sip:1001@192.0.2.1".to_owned(),
            to: party("sip:1001@192.0.2.1"),
            from: party("sip:anonymous@anonymous.invalid"),
            asserted: vec![party(asserted)],
            privacy: privacy.iter().map(|&word| word.to_owned()).collect(),
            ..CallFacts::default()
        };
        Box::pin(world.reception.decide(&facts, None, world.clock.now())).await.unwrap()
    };
    let known = call("sip:+15550100@carrier.example", &[]).await;
    assert_eq!(known.answered.turned_away(), None);
    assert!(known.answered.is_allowed());
    assert_eq!(known.decision.caller, crate::domain::CallerId::anonymous(), "nobody is told");
    let withheld = call("sip:+15550100@carrier.example", &["id"]).await;
    assert_eq!(withheld.answered.turned_away(), Some(TurnAway::Decline));
    let other = call("sip:+15550199@carrier.example", &[]).await;
    assert_eq!(other.answered.turned_away(), Some(TurnAway::Decline), "anonymous is what this one stays");
}

// 002-027: lists keep E.164, and a peer may send what people dial.
#[tokio::test]
async fn a_caller_who_comes_as_dialled_abroad_is_on_the_list_as_e164() {
    let world = World::new().await;
    let pattern = crate::domain::answering::CallerPattern::given("0049 30 55513", &world.reception.abroad());
    let line = crate::domain::answering::ScreenedCaller {
        id: world.clock.uuid(),
        tenant: world.mailbox.tenant,
        mailbox: None,
        pattern: pattern.unwrap(),
        screening: crate::domain::answering::Screening::Allow,
        note: None,
        created_at: world.clock.now(),
    };
    world.other.put_screened_caller(&line).await.unwrap();
    for (from, is_listed) in
        [("+493055513", true), ("00493055513", true), ("493055513", true), ("3055513", false)]
    {
        assert_eq!(world.call("1001", from).await.answered.is_allowed(), is_listed, "{from}");
    }
    let rules = |prefix: &str| Rules {
        usual: TrunkRules { international_prefix: Some(prefix.to_owned()), ..TrunkRules::default() },
        ..Rules::default()
    };
    assert_eq!(Rules::default().abroad(), ["00"]);
    assert_eq!(rules("011").abroad(), ["011"]);
}
