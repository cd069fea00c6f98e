//! Rules that lead to colleagues: whose rules are followed, which are bypassed, and that no call is lost on the way.

use super::*;
use crate::domain::answering::{CallerPattern, Conditions, RuleActions, ScreenedCaller, Screening, TurnAway};
use crate::domain::{Handset, HandsetId, HandsetModel, HandsetSettings};

/// A mailbox whose only rule does this.
async fn with_rule(world: &World, mailbox: &Mailbox, then: RuleActions) {
    with_rules(world, mailbox, vec![(Conditions::default(), then)]).await;
}

async fn with_rules(world: &World, mailbox: &Mailbox, rules: Vec<(Conditions, RuleActions)>) {
    let made = |(place, (when, then)): (usize, (Conditions, RuleActions))| Rule {
        id: RuleId::from_uuid(world.clock.uuid()),
        name: format!("{} {place}", mailbox.extension),
        enabled: true,
        when,
        then,
        created_at: world.clock.now(),
    };
    let rules: Vec<Rule> = (1..).zip(rules).map(made).collect();
    let owner = Owner { tenant: mailbox.tenant, mailbox: mailbox.id };
    world.other.change_rules(owner, |_| Ok::<_, StoreError>(rules)).await.unwrap();
}

fn transfer(target: &str) -> RuleActions {
    RuleActions { answer: AnswerBy::Transfer { target: target.to_owned() }, ..RuleActions::default() }
}

fn voicemail(extension: &str) -> RuleActions {
    let answer = AnswerBy::Voicemail { extension: extension.parse().unwrap() };
    RuleActions { answer, ..RuleActions::default() }
}

fn answer(answer: AnswerBy) -> RuleActions {
    RuleActions { answer, ..RuleActions::default() }
}

fn dnd() -> RuleActions {
    let mut then = RuleActions::default();
    then.phones.dnd = true;
    then
}

/// Where a call to 1001 ends: whose mailbox takes it, where it goes first, and why it stays.
async fn ends(world: &World) -> (String, Option<String>, Option<String>) {
    let call = world.call("1001", "5550123").await;
    let mailbox = call.mailbox().unwrap().extension.to_string();
    (mailbox, call.led.transfer, call.led.stays)
}

fn at(
    mailbox: &str,
    transfer: Option<&str>,
    stays: Option<&str>,
) -> (String, Option<String>, Option<String>) {
    (mailbox.to_owned(), transfer.map(str::to_owned), stays.map(str::to_owned))
}

// 002-042
#[tokio::test]
async fn a_rule_that_leads_to_a_user_goes_on_by_that_users_rules() {
    let world = World::new().await;
    let (grace, alan) =
        (user(&world.other, &world.clock, "1002").await, user(&world.other, &world.clock, "1003").await);
    with_rule(&world, &world.mailbox, transfer("1002")).await;
    assert_eq!(ends(&world).await, at("1001", Some("1002"), None), "her phones ring");
    with_rule(&world, &grace, transfer("1003")).await;
    assert_eq!(ends(&world).await, at("1001", Some("1003"), None));
    let told = world.call("1001", "5550123").await.explain();
    assert_eq!(told.transfer.as_deref(), Some("1003"));
    let steps: Vec<String> = told.followed.iter().map(ToString::to_string).collect();
    assert_eq!(
        steps,
        [
            "1001, rule \"1001 1\": goes on by the rules of 1002",
            "1002, rule \"1002 1\": goes on by the rules of 1003",
            "1003: the phones ring",
        ]
    );
    with_rule(&world, &alan, transfer("sip:queue@pbx.example.org")).await;
    assert_eq!(ends(&world).await, at("1001", Some("sip:queue@pbx.example.org"), None));

    // What asks why a call comes is for calls that her phones did not take.
    let busy = Conditions { reasons: vec![RedirectReason::UserBusy], ..Conditions::default() };
    with_rules(&world, &grace, vec![(busy, transfer("1003"))]).await;
    assert_eq!(ends(&world).await, at("1001", Some("1002"), None));
    // Her rules see who calls.
    let known =
        Conditions { callers: vec![CallerPattern::Number("5550123".to_owned())], ..Conditions::default() };
    with_rules(&world, &grace, vec![(known, voicemail("1003")), (Conditions::default(), transfer("1001"))])
        .await;
    assert_eq!(ends(&world).await, at("1003", None, None));
    // Who forwards always is not rung, unless nothing but the own extension rings.
    let mut forward = RuleActions::default();
    forward.phones.forward_always = Some("1003a".to_owned());
    with_rule(&world, &grace, RuleActions { answer: AnswerBy::Tone, ..forward.clone() }).await;
    assert_eq!(ends(&world).await, at("1001", None, Some("nobody has a phone 1003a")));
    forward.phones.only_extension = true;
    with_rule(&world, &grace, forward).await;
    assert_eq!(ends(&world).await, at("1001", Some("1002"), None));
}

// 002-035, 002-042: without ringing, by her rule; who is let through rings.
#[tokio::test]
async fn whoever_wants_no_ringing_takes_the_call_by_voicemail() {
    let world = World::new().await;
    let grace = user(&world.other, &world.clock, "1002").await;
    with_rule(&world, &world.mailbox, transfer("1002")).await;
    with_rule(&world, &grace, RuleActions { answer: AnswerBy::Tone, ..dnd() }).await;
    assert_eq!(ends(&world).await, at("1002", None, None));
    let call = world.call("1001", "5550123").await;
    assert_eq!(call.handed, Some((world.mailbox.extension.clone(), "1001 1".to_owned())));
    assert_eq!(call.answered.rule.map(|(_, rule)| rule.then.answer), Some(AnswerBy::Tone));

    with_rule(&world, &grace, RuleActions { answer: AnswerBy::Announcement, ..dnd() }).await;
    assert_eq!(ends(&world).await, at("1001", None, Some("the voicemail of 1002 only announces")));
    let line = ScreenedCaller {
        id: world.clock.uuid(),
        tenant: grace.tenant,
        mailbox: Some(grace.id),
        pattern: CallerPattern::Number("5550123".to_owned()),
        screening: Screening::Allow,
        note: None,
        created_at: world.clock.now(),
    };
    world.other.put_screened_caller(&line).await.unwrap();
    assert_eq!(ends(&world).await, at("1001", Some("1002"), None), "002-028");
}

// 002-042: no call is lost, however rules lead.
#[tokio::test]
async fn rules_that_lead_in_a_circle_or_too_far_leave_the_message_where_the_call_began() {
    let world = World::new().await;
    let grace = user(&world.other, &world.clock, "1002").await;
    with_rule(&world, &world.mailbox, transfer("1002")).await;
    with_rule(&world, &grace, transfer("1001")).await;
    let circle = "these rules lead in a circle: 1001 → 1002 → 1001";
    assert_eq!(ends(&world).await, at("1001", None, Some(circle)));
    let call = world.call("1001", "5550123").await;
    assert!(call.led.transfer.is_none() && call.handed.is_none());
    let told = call.explain();
    assert_eq!(
        (told.stays.as_deref(), told.transfer, told.state),
        (Some(circle), None, Some("takes-messages"))
    );
    let told = call.explain().to_string();
    let line = format!("but       {circle}: a message is taken where the call began");
    assert!(told.contains(&line) && told.contains("followed  1002, rule \"1002 1\": goes on"), "{told}");
    with_rule(&world, &world.mailbox, transfer("1001")).await;
    let alone = "these rules lead in a circle: 1001 → 1001";
    assert_eq!(ends(&world).await, at("1001", None, Some(alone)));
    // By a number that is hers as well.
    world.other.put_number(&number(&grace, "+15550100")).await.unwrap();
    with_rule(&world, &world.mailbox, transfer("+1 555 0100")).await;
    assert_eq!(ends(&world).await, at("1001", None, Some(circle)));
    // Her voicemail, or the own one, is no circle.
    with_rule(&world, &world.mailbox, voicemail("1002")).await;
    assert_eq!(ends(&world).await, at("1002", None, None));
    with_rule(&world, &world.mailbox, transfer("1002")).await;
    with_rule(&world, &grace, voicemail("1001")).await;
    assert_eq!(ends(&world).await, at("1001", None, None));

    for (here, next) in (1002..=1012).zip(1003..) {
        let here = match here {
            1002 => grace.clone(),
            here => user(&world.other, &world.clock, &here.to_string()).await,
        };
        with_rule(&world, &here, transfer(&next.to_string())).await;
    }
    let (_, transfer_to, stays) = ends(&world).await;
    let stays = stays.unwrap();
    assert!(transfer_to.is_none() && stays.contains("for more than 10 steps: 1001 → 1002 → "), "{stays}");
    let last =
        world.other.mailbox_by_extension(grace.tenant, &"1011".parse().unwrap()).await.unwrap().unwrap();
    with_rule(&world, &last, RuleActions { greeting: Some(GreetingKind::Busy), ..RuleActions::default() })
        .await;
    assert_eq!(ends(&world).await, at("1001", Some("1011"), None), "ten steps are no circle");
}

fn number(mailbox: &Mailbox, number: &str) -> Number {
    let number = number.to_owned();
    Number { tenant: mailbox.tenant, number, mailbox: mailbox.id, label: None, greeting: None }
}

// 002-043, 002-044
#[tokio::test]
async fn a_phone_and_a_voicemail_are_reached_whatever_the_rules_of_their_user_say() {
    let world = World::new().await;
    let grace = user(&world.other, &world.clock, "1002").await;
    with_rule(&world, &grace, transfer("1001")).await;
    let phone = Handset {
        id: HandsetId::from_uuid(world.clock.uuid()),
        tenant: grace.tenant,
        name: "1002a".parse().unwrap(),
        mac: None,
        model: HandsetModel::known("generic").unwrap(),
        owner: grace.user,
        site: String::new(),
        preference_group: None,
        settings: HandsetSettings::default(),
        ports: Vec::new(),
        changed_at: world.clock.now(),
        applied_at: world.clock.now(),
        reboot: None,
        created_at: world.clock.now(),
    };
    with_rule(&world, &world.mailbox, transfer("1002a")).await;
    assert_eq!(ends(&world).await, at("1001", None, Some("nobody has a phone 1002a")));
    world.other.add_handset(&phone).await.unwrap();
    assert_eq!(ends(&world).await, at("1001", Some("1002a"), None), "from the next call on");
    world.other.give_handset(&phone, &phone, None).await.unwrap();
    assert_eq!(ends(&world).await, at("1001", None, Some("nobody has a phone 1002a")));

    for bypassed in [
        transfer("1001"),
        answer(AnswerBy::Announcement),
        answer(AnswerBy::TurnAway { with: TurnAway::Busy }),
    ] {
        with_rule(&world, &world.mailbox, voicemail("1002")).await;
        with_rule(&world, &grace, bypassed).await;
        assert_eq!(ends(&world).await, at("1002", None, None));
        assert_eq!(world.call("1001", "5550123").await.answered.rule, None);
    }
}

// 002-042: why the colleague did not take the call.
#[tokio::test]
async fn a_colleague_who_takes_no_call_is_named_with_the_reason() {
    let world = World::new().await;
    let grace = user(&world.other, &world.clock, "1002").await;
    let full = Quota { messages: Some(0), ..grace.quota };
    for (changed, why) in [
        (Mailbox { enabled: false, ..grace.clone() }, "the voicemail of 1002 is off"),
        (Mailbox { announcement_only: true, ..grace.clone() }, "the voicemail of 1002 only announces"),
        (Mailbox { quota: full, ..grace.clone() }, "the voicemail of 1002 is full"),
    ] {
        with_rule(&world, &world.mailbox, voicemail("1002")).await;
        world.other.put_mailbox(&changed).await.unwrap();
        assert_eq!(ends(&world).await, at("1001", None, Some(why)));
    }
    // Her phones ring without a voicemail, whatever rules she left.
    world.other.put_mailbox(&Mailbox { enabled: false, ..grace.clone() }).await.unwrap();
    with_rule(&world, &grace, transfer("1001")).await;
    with_rule(&world, &world.mailbox, transfer("1002")).await;
    assert_eq!(ends(&world).await, at("1001", Some("1002"), None));
    world.other.put_mailbox(&grace).await.unwrap();
    with_rule(&world, &grace, answer(AnswerBy::TurnAway { with: TurnAway::Decline })).await;
    assert_eq!(ends(&world).await, at("1001", None, Some("1002 turns this caller away")));

    with_rule(&world, &world.mailbox, voicemail("1009")).await;
    assert_eq!(ends(&world).await, at("1001", None, Some("nobody has the extension 1009")));
    // Whom nobody here has the phone system may know.
    with_rule(&world, &world.mailbox, transfer("1009")).await;
    assert_eq!(ends(&world).await, at("1001", Some("1009"), None));
    // By a mailbox that is off nobody reaches anybody.
    with_rule(&world, &world.mailbox, voicemail("1002")).await;
    world.other.put_mailbox(&Mailbox { enabled: false, ..world.mailbox.clone() }).await.unwrap();
    assert_eq!(ends(&world).await, at("1001", None, None));
    assert!(world.call("1001", "5550123").await.explain().followed.is_empty());
}
