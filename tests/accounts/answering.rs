//! Time frames, rules and lists as people set them up: what is refused, with which remedy, and how it stands then.

use aftertone::clock::ManualClock;
use aftertone::domain::answering::{
    AnswerBy, CallerPattern, Conditions, KeyTarget, RuleActions, Screening, TurnAway, WithinFrame,
};
use aftertone::domain::time_frame::Span;
use aftertone::domain::{Extension, FrameUse, GreetingKind, RedirectReason};
use aftertone::service::answering::{AnsweringError, Lists, NewRule, Rules, Warning};
use aftertone::service::outbound::AllowedTargets;
use aftertone::service::time_frames::{NewFrame, TimeFrames};

use super::{Office, ada, extension, office};

struct Desk {
    office: Office,
    frames: TimeFrames,
    rules: Rules,
    lists: Lists,
}

async fn desk() -> Desk {
    let office = office().await;
    office.accounts.add_user(office.tenant, ada()).await.unwrap();
    let clock = ManualClock::new("2026-03-04T05:06:07Z".parse().unwrap(), 8);
    let store = office.store.clone();
    let targets = vec![AllowedTargets::new(&["1000".to_owned(), "+4930*".to_owned()], "pbx.example.org")];
    Desk {
        frames: TimeFrames::new(store.clone(), clock.clone()),
        rules: Rules::new(store.clone(), clock.clone(), targets),
        lists: Lists::new(store, clock),
        office,
    }
}

fn frame(name: &str, purpose: FrameUse, spans: &str) -> NewFrame {
    let entries = Span::read_all(spans).unwrap().into_iter().map(Into::into).collect();
    NewFrame { name: name.to_owned(), purpose, zone: None, entries, replace: false }
}

fn rule(name: &str, then: RuleActions) -> NewRule {
    let when = Conditions::default();
    NewRule { name: name.to_owned(), enabled: true, when, then, place: None, replace: false }
}

fn plays(kind: GreetingKind) -> RuleActions {
    RuleActions { greeting: Some(kind), ..RuleActions::default() }
}

impl Desk {
    async fn add(&self, new: NewRule) -> Result<Option<Warning>, AnsweringError> {
        self.rules.add(self.office.tenant, &extension("1001"), new).await
    }

    async fn order(&self) -> Vec<String> {
        let at = "2026-03-04T05:06:07Z".parse().unwrap();
        let listed = self.rules.list(self.office.tenant, &extension("1001"), at).await.unwrap();
        listed.into_iter().map(|standing| standing.rule.name).collect()
    }
}

#[tokio::test]
async fn a_frame_is_read_in_the_zone_of_the_mailbox_or_the_tenant() {
    let desk = desk().await;
    let tenant = desk.office.tenant;
    let berlin = aftertone::service::accounts::Changes {
        zone: Some(Some("Europe/Berlin".to_owned())),
        ..Default::default()
    };
    desk.office.accounts.set(tenant, &extension("1001"), berlin).await.unwrap();
    desk.frames.put(tenant, None, frame("Office", FrameUse::Open, "daily 09:00-17:00")).await.unwrap();
    let until = async |of: Option<&str>| {
        let of = of.map(extension);
        let at = "2026-07-01T10:00:00Z".parse().unwrap();
        desk.frames.list(tenant, of.as_ref(), at).await.unwrap()[0].until.unwrap().to_string()
    };
    assert_eq!(until(None).await, "2026-07-01T17:00:00Z");
    assert_eq!(until(Some("1001")).await, "2026-07-01T15:00:00Z");
    let own = NewFrame {
        zone: Some("America/New_York".to_owned()),
        replace: true,
        ..frame("Office", FrameUse::Open, "daily 09:00-17:00")
    };
    desk.frames.put(tenant, None, own).await.unwrap();
    assert_eq!(until(Some("1001")).await, "2026-07-01T13:00:00Z");
}

#[tokio::test]
async fn what_is_wrong_with_a_frame_is_said_and_nothing_is_kept() {
    let desk = desk().await;
    let tenant = desk.office.tenant;
    let office = || frame("Office", FrameUse::Open, "daily");
    desk.frames.put(tenant, None, office()).await.unwrap();
    for (new, expected) in [
        (office(), "there is a time frame \"Office\" already"),
        (NewFrame { name: " ".to_owned(), ..office() }, "write 1 to 64 characters"),
        (NewFrame { name: "a\nb".to_owned(), ..office() }, "write 1 to 64 characters"),
        (NewFrame { zone: Some("Mars".to_owned()), name: "X".to_owned(), ..office() }, "write an IANA zone"),
        (NewFrame { entries: Vec::new(), name: "X".to_owned(), ..office() }, "give at least one"),
        (frame("X", FrameUse::Open, "mon 09:00-09:00"), "00:00-24:00 is the whole day"),
    ] {
        let error = desk.frames.put(tenant, None, new).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let nobody = desk.frames.put(tenant, Some(&extension("1999")), office()).await.unwrap_err();
    assert!(matches!(nobody, AnsweringError::NoMailbox(_)), "{nobody}");
    let gone = desk.frames.remove(tenant, None, "Nothing").await.unwrap_err().to_string();
    assert!(gone.contains("timeframe list"), "{gone}");
    let calendar =
        desk.frames.import(tenant, None, office(), b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:x\n").await;
    assert!(calendar.unwrap_err().to_string().contains("line 3: no date"));
    let now = "2026-07-01T10:00:00Z".parse().unwrap();
    assert_eq!(desk.frames.list(tenant, None, now).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_calendar_replaces_the_frame_of_its_name() {
    let desk = desk().await;
    let tenant = desk.office.tenant;
    let calendar = |day: &str| {
        format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:{day}\r\nSUMMARY:Day off\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    };
    let new = || NewFrame { entries: Vec::new(), ..frame("Holidays", FrameUse::Holiday, "daily") };
    for day in ["20260501", "20270501"] {
        desk.frames.import(tenant, None, new(), calendar(day).as_bytes()).await.unwrap();
    }
    let shown = desk.frames.list(tenant, None, "2027-05-01T12:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!((shown.len(), shown[0].by.as_deref(), shown[0].active), (1, Some("Day off"), true));
    assert_eq!(shown[0].until.unwrap().to_string(), "2027-05-02T00:00:00Z");
}

// 002-054, 002-056, 002-057
#[tokio::test]
async fn rules_are_put_in_order_switched_replaced_and_removed() {
    let desk = desk().await;
    let (tenant, ada) = (desk.office.tenant, extension("1001"));
    for name in ["a", "b", "c"] {
        desk.add(rule(name, plays(GreetingKind::Busy))).await.unwrap();
    }
    desk.add(NewRule { place: Some(2), ..rule("d", plays(GreetingKind::Busy)) }).await.unwrap();
    assert_eq!(desk.order().await, ["a", "d", "b", "c"]);
    assert_eq!(desk.rules.move_to(tenant, &ada, "a", 9).await.unwrap(), 4, "there is no ninth place");
    assert_eq!(desk.order().await, ["d", "b", "c", "a"]);
    let nowhere = desk.rules.move_to(tenant, &ada, "a", 0).await.unwrap_err();
    assert!(nowhere.to_string().contains("count from 1"), "{nowhere}");
    desk.rules.reorder(tenant, &ada, &["a", "b", "c", "d"].map(str::to_owned)).await.unwrap();
    desk.add(NewRule { replace: true, ..rule("b", plays(GreetingKind::Away)) }).await.unwrap();
    assert_eq!(desk.order().await, ["a", "b", "c", "d"], "it keeps its place");
    let twin = desk.add(rule("B", plays(GreetingKind::Away))).await.unwrap_err();
    assert!(twin.to_string().contains("there is a rule \"B\" already"), "{twin}");
    desk.rules.switch(tenant, &ada, "a", false).await.unwrap();
    desk.rules.remove(tenant, &ada, "c").await.unwrap();
    let now = "2026-03-04T05:06:07Z".parse().unwrap();
    let listed = desk.rules.list(tenant, &ada, now).await.unwrap();
    let told: Vec<_> = listed
        .iter()
        .map(|s| (s.rule.name.as_str(), s.active, s.warning.as_ref().is_some_and(Warning::is_never)))
        .collect();
    assert_eq!(told, [("a", false, false), ("b", true, false), ("d", false, true)]);
    for missing in [
        desk.rules.move_to(tenant, &ada, "x", 1).await.map(|_| ()),
        desk.rules.remove(tenant, &ada, "x").await,
        desk.rules.reorder(tenant, &ada, &["a".to_owned()]).await,
        desk.rules.reorder(tenant, &ada, &["a", "a", "b", "d"].map(str::to_owned)).await,
    ] {
        assert!(matches!(missing, Err(AnsweringError::NoRule(_))), "{missing:?}");
    }
    assert_eq!(desk.order().await, ["a", "b", "d"]);
}

#[tokio::test]
async fn a_rule_that_cannot_be_is_refused_with_the_remedy() {
    let desk = desk().await;
    let tenant = desk.office.tenant;
    let target = |target: &str| RuleActions {
        answer: AnswerBy::Transfer { target: target.to_owned() },
        ..RuleActions::default()
    };
    let key = |key: char, target: &str| RuleActions {
        keys: vec![KeyTarget { key, target: target.to_owned() }],
        ..RuleActions::default()
    };
    let twice = RuleActions {
        keys: [key('1', "1000").keys, key('1', "1000").keys].concat(),
        ..RuleActions::default()
    };
    let mut phones = RuleActions::default();
    phones.phones.forward_busy = Some("x\r\nHeader: y".to_owned());
    let mut rings = RuleActions::default();
    rings.phones.ring_s = Some(3600);
    let toned = RuleActions { answer: AnswerBy::Tone, ..plays(GreetingKind::Busy) };
    for (then, expected) in [
        (RuleActions::default(), "the rule does nothing"),
        (
            target("+15550100"),
            "not among the allowed transfer targets: whoever runs the server adds it (sip.transfer_targets)",
        ),
        (target("sip:1000@evil.example"), "not among the allowed"),
        (key('1', "<sip:1000>"), "neither a number nor a SIP URI"),
        (key('0', "1000"), "give each of the keys 1 to 9 once"),
        (twice, "give each of the keys 1 to 9 once"),
        (RuleActions { operator: Some("900".to_owned()), ..RuleActions::default() }, "not among the allowed"),
        (phones, "write a number or SIP URI"),
        (rings, "at most 300 seconds"),
        (toned, "no greeting plays where the tone comes at once"),
    ] {
        let error = desk.add(rule("x", then)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    desk.add(rule("fine", target("+4930123"))).await.unwrap();
    desk.add(rule("fine", key('1', "1000"))).await.unwrap_err();
    let callers: Vec<CallerPattern> = (100..301).map(|n| format!("+49{n}").parse().unwrap()).collect();
    let many =
        NewRule { when: Conditions { callers, ..Conditions::default() }, ..rule("many", target("1000")) };
    assert!(matches!(desk.add(many).await, Err(AnsweringError::TooManyCallers)));
    assert_eq!(desk.order().await, ["fine"]);
    for number in 1..50 {
        desk.add(rule(&format!("rule {number}"), plays(GreetingKind::Busy))).await.unwrap();
    }
    assert!(matches!(
        desk.add(rule("last", plays(GreetingKind::Busy))).await,
        Err(AnsweringError::TooManyRules)
    ));
    // The frame of another mailbox is none of this one's.
    let eve = aftertone::service::accounts::NewUser { extension: extension("1002"), ..ada() };
    desk.office.accounts.add_user(tenant, eve).await.unwrap();
    let theirs = desk
        .frames
        .put(tenant, Some(&extension("1002")), frame("Hers", FrameUse::Open, "daily"))
        .await
        .unwrap();
    let within = Some(WithinFrame { frame: theirs.id, outside: false });
    let stray = NewRule {
        when: Conditions { within, ..Conditions::default() },
        replace: true,
        ..rule("fine", target("1000"))
    };
    assert!(matches!(desk.add(stray).await, Err(AnsweringError::NoFrame(_))));
}

// 002-053
#[tokio::test]
async fn adding_a_rule_that_can_never_hold_warns() {
    let desk = desk().await;
    assert_eq!(desk.add(rule("all", plays(GreetingKind::Standard))).await.unwrap(), None);
    let when = Conditions { reasons: vec![RedirectReason::UserBusy], ..Conditions::default() };
    let late = desk
        .add(NewRule { when: when.clone(), ..rule("busy", plays(GreetingKind::Standard)) })
        .await
        .unwrap();
    assert_eq!(late, Some(Warning::Shadowed { by: vec!["all".to_owned()] }));
    let first =
        NewRule { when, place: Some(1), replace: true, ..rule("busy", plays(GreetingKind::Standard)) };
    assert_eq!(desk.add(first).await.unwrap(), None);
}

// 002-027, 002-031
#[tokio::test]
async fn lists_show_the_mailboxs_own_lines_and_the_tenants() {
    let desk = desk().await;
    let (tenant, ada) = (desk.office.tenant, extension("1001"));
    let block = Screening::Block { with: TurnAway::NotFound };
    let pattern = |text: &str| text.parse::<CallerPattern>().unwrap();
    desk.lists.put(tenant, None, pattern("+49 (30) *"), block, Some(" sells things ")).await.unwrap();
    desk.lists.put(tenant, Some(&ada), pattern("+4930123"), Screening::Allow, None).await.unwrap();
    desk.lists.put(tenant, Some(&ada), pattern("+4930123"), block, None).await.unwrap();
    let told = async |of: Option<&Extension>| {
        let lines = desk.lists.list(tenant, of).await.unwrap();
        lines
            .into_iter()
            .map(|line| (line.pattern.to_string(), line.mailbox.is_some(), line.note))
            .collect::<Vec<_>>()
    };
    let tenants = ("+4930*".to_owned(), false, Some("sells things".to_owned()));
    assert_eq!(told(Some(&ada)).await, [("+4930123".to_owned(), true, None), tenants.clone()]);
    assert_eq!(told(None).await, [tenants]);
    let error = desk.lists.remove(tenant, None, &pattern("+4930123")).await.unwrap_err().to_string();
    assert!(error.contains("block list"), "{error}");
    desk.lists.remove(tenant, Some(&ada), &pattern("+4930123")).await.unwrap();
    let long = desk.lists.put(tenant, None, pattern("internal"), block, Some(&"x".repeat(81))).await;
    assert!(matches!(long, Err(AnsweringError::Invalid(_))), "{long:?}");
}
