//! Which rule a call gets, which rules can never hold, and what is told of it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::*;
use crate::domain::answering::{CallerPattern, RuleActions, TurnAway, WithinFrame};
use crate::domain::time_frame::Entry;
use crate::domain::{MailboxId, Presence, PresenceState, RuleId, Schedule, Span, TenantId, TimeFrameId};

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn frame(number: u128, own: bool, name: &str, purpose: FrameUse, spans: &[&str]) -> TimeFrame {
    let entries = spans.iter().flat_map(|text| Span::read_all(text).unwrap()).map(Entry::from).collect();
    TimeFrame {
        id: TimeFrameId::from_uuid(id(number)),
        tenant: TenantId::from_uuid(id(1)),
        mailbox: own.then(|| MailboxId::from_uuid(id(2))),
        name: name.to_owned(),
        purpose,
        zone: None,
        schedule: Schedule { entries },
        created_at: Timestamp::UNIX_EPOCH,
    }
}

/// `within`: the frame's number, negative for outside of it.
fn rule(
    number: u128,
    name: &str,
    within: Option<i128>,
    reasons: &[RedirectReason],
    callers: &[&str],
) -> Rule {
    let within = within.map(|frame| WithinFrame {
        frame: TimeFrameId::from_uuid(id(frame.unsigned_abs())),
        outside: frame < 0,
    });
    Rule {
        id: RuleId::from_uuid(id(number)),
        name: name.to_owned(),
        enabled: true,
        when: Conditions {
            within,
            presence: Vec::new(),
            reasons: reasons.to_vec(),
            callers: callers.iter().map(|text| text.parse().unwrap()).collect(),
        },
        then: RuleActions::default(),
        created_at: Timestamp::UNIX_EPOCH,
    }
}

fn line(own: bool, pattern: &str, screening: Screening) -> ScreenedCaller {
    ScreenedCaller {
        id: id(9),
        tenant: TenantId::from_uuid(id(1)),
        mailbox: own.then(|| MailboxId::from_uuid(id(2))),
        pattern: pattern.parse::<CallerPattern>().unwrap(),
        screening,
        note: None,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

fn answered(arrangements: &Arrangements, reason: RedirectReason, from: &[&str], now: &str) -> Answered {
    let forms: Vec<String> = from.iter().map(|form| (*form).to_owned()).collect();
    let calling = Calling { forms: &forms, internal: false };
    decide(arrangements, &Asked { reason, calling, now: now.parse().unwrap(), zone: &TimeZone::UTC })
}

fn name_of(answered: &Answered) -> Option<&str> {
    answered.rule.as_ref().map(|(_, rule)| rule.name.as_str())
}

// 002-052: open on weekdays, and the 4th of July is no such day although it is a weekday.
#[test]
fn the_first_rule_whose_conditions_hold_decides() {
    let arrangements = Arrangements {
        frames: vec![
            frame(1, false, "July 4th", FrameUse::Holiday, &["yearly 07-04"]),
            frame(2, false, "Open", FrameUse::Open, &["mon-fri 09:00-17:00"]),
        ],
        rules: vec![
            rule(11, "holiday", Some(1), &[], &[]),
            rule(12, "open and busy", Some(2), &[RedirectReason::UserBusy], &[]),
            rule(13, "open", Some(2), &[], &[]),
            rule(14, "night", Some(-2), &[], &["+4930*", "anonymous"]),
        ],
        ..Arrangements::default()
    };
    use RedirectReason as R;
    let berlin = ["+493012345"];
    for (reason, from, now, expected) in [
        (R::NoAnswer, &berlin[..], "2025-07-04T12:00:00Z", Some("holiday")),
        (R::UserBusy, &berlin, "2025-07-03T12:00:00Z", Some("open and busy")),
        (R::NoAnswer, &berlin, "2025-07-03T12:00:00Z", Some("open")),
        (R::NoAnswer, &berlin, "2025-07-03T18:00:00Z", Some("night")),
        (R::NoAnswer, &[], "2025-07-03T18:00:00Z", Some("night")),
        (R::NoAnswer, &["+15550100"], "2025-07-03T18:00:00Z", None),
    ] {
        assert_eq!(
            name_of(&answered(&arrangements, reason, from, now)),
            expected,
            "{reason:?} {from:?} {now}"
        );
    }
    let mut off = arrangements.clone();
    off.rules[0].enabled = false;
    assert_eq!(name_of(&answered(&off, R::NoAnswer, &[], "2025-07-04T12:00:00Z")), Some("open"));
}

// 002-028
#[test]
fn who_is_allowed_goes_before_who_is_blocked_and_the_mailbox_before_the_tenant() {
    let block = Screening::Block { with: TurnAway::Decline };
    let lists = |callers: Vec<ScreenedCaller>| Arrangements { callers, ..Arrangements::default() };
    let ask = |arrangements: &Arrangements| {
        answered(arrangements, RedirectReason::Unknown, &["+493012345"], "2026-01-01T00:00:00Z").turned_away()
    };
    assert_eq!(ask(&lists(vec![line(false, "+4930*", block)])), Some(TurnAway::Decline));
    assert_eq!(
        ask(&lists(vec![line(false, "+4930*", block), line(false, "+493012345", Screening::Allow)])),
        None
    );
    assert_eq!(
        ask(&lists(vec![line(true, "external", Screening::Allow), line(false, "+4930*", block)])),
        None
    );
    assert_eq!(
        ask(&lists(vec![line(true, "+493012345", block), line(false, "+4930*", Screening::Allow)])),
        Some(TurnAway::Decline)
    );
    assert_eq!(ask(&lists(vec![line(true, "anonymous", block)])), None, "this caller has a number");
    // A rule that turns everybody away lets those through who are allowed.
    let mut rules = lists(vec![line(true, "+493012345", Screening::Allow)]);
    rules.rules = vec![rule(1, "nobody", None, &[], &[])];
    rules.rules[0].then.answer = AnswerBy::TurnAway { with: TurnAway::Announce };
    assert_eq!(ask(&rules), None);
    rules.callers.clear();
    assert_eq!(ask(&rules), Some(TurnAway::Announce));
}

// 002-028
#[test]
fn who_is_allowed_is_told_to_be_spared_screening_and_do_not_disturb() {
    let mut screens = rule(1, "quiet", None, &[], &[]);
    screens.then.phones.dnd = true;
    screens.then.phones.screening = true;
    screens.then.phones.ring_s = Some(20);
    let arrangements = Arrangements {
        rules: vec![screens],
        callers: vec![line(true, "+15550100", Screening::Allow)],
        ..Arrangements::default()
    };
    let told = |from: &str| {
        let forms = [from.to_owned()];
        let calling = Calling { forms: &forms, internal: false };
        let (reason, now) = (RedirectReason::NoAnswer, Timestamp::UNIX_EPOCH);
        let asked = Asked { reason, calling, now, zone: &TimeZone::UTC };
        let decided = decide(&arrangements, &asked);
        (decided.screens(), AnsweringTold::new(&arrangements, &asked, &decided).phone_system.join("\n"))
    };
    let (asks, stranger) = told("+15550199");
    assert!(asks);
    for line in ["do not disturb (acts in the phone system)", "callers say their name", "(acts here)"] {
        assert!(stranger.contains(line), "{stranger}");
    }
    let (asks, friend) = told("+15550100");
    assert!(!asks);
    for line in
        ["do not disturb: not for this caller", "call screening: not for this caller", "rings for 20 s"]
    {
        assert!(friend.contains(line), "{friend}");
    }
    assert!(!friend.contains("say their name") && !friend.contains("(acts here)"), "{friend}");
    assert!(!friend.contains("do not disturb (acts"), "{friend}");
}

#[test]
fn a_mailboxs_own_hours_go_instead_of_the_tenants_and_holidays_add_up() {
    let tenants = frame(1, false, "Office", FrameUse::Open, &["mon-fri 09:00-17:00"]);
    let holiday = frame(2, false, "Holidays", FrameUse::Holiday, &["2026-05-01"]);
    let own = frame(3, true, "Mine", FrameUse::Open, &["mon 12:00-13:00"]);
    let hours = |frames: Vec<TimeFrame>, now: &str| {
        let arrangements = Arrangements { frames, ..Arrangements::default() };
        office_hours(&arrangements, &TimeZone::UTC, now.parse().unwrap())
    };
    let monday = "2026-05-04T10:00:00Z";
    assert_eq!(hours(vec![tenants.clone()], monday).closed, None);
    assert_eq!(
        hours(vec![own.clone(), tenants.clone()], monday).closed.as_deref(),
        Some("outside of \"Mine\"")
    );
    let may = hours(vec![own.clone(), tenants, holiday], "2026-05-01T12:30:00Z");
    assert_eq!((may.holiday.as_deref(), may.closed.as_deref()), (Some("Holidays"), Some("Holidays")));
    let lunch = frame(4, true, "Lunch", FrameUse::Closed, &["daily 12:30-13:00"]);
    assert_eq!(hours(vec![own, lunch], "2026-05-04T12:45:00Z").closed.as_deref(), Some("Lunch"));
    assert!(!hours(vec![frame(5, true, "X", FrameUse::Custom, &["always"])], monday).kept);
}

fn warned(arrangements: &Arrangements) -> Vec<(String, Warning)> {
    let now = "2026-03-01T00:00:00Z".parse().unwrap();
    let name = |rule: RuleId| arrangements.rules.iter().find(|known| known.id == rule).unwrap().name.clone();
    let told = warnings(arrangements, &TimeZone::UTC, now);
    told.into_iter().map(|(rule, warning)| (name(rule), warning)).collect()
}

// 002-053
#[test]
fn a_rule_that_others_before_it_leave_nothing_is_named_with_them() {
    let frames = vec![
        frame(1, false, "Open", FrameUse::Open, &["mon-fri 09:00-17:00"]),
        frame(2, false, "Lunch", FrameUse::Custom, &["mon-fri 12:00-13:00"]),
        frame(3, false, "Past", FrameUse::Holiday, &["2025-12-24"]),
        frame(4, false, "Sundays", FrameUse::Custom, &["sun"]),
    ];
    let busy = [RedirectReason::UserBusy];
    let check =
        |rules: Vec<Rule>| warned(&Arrangements { frames: frames.clone(), rules, ..Arrangements::default() });
    let by = |names: &[&str]| Warning::Shadowed { by: names.iter().map(|name| (*name).to_owned()).collect() };

    let shadowed = check(vec![rule(1, "open", Some(1), &[], &[]), rule(2, "lunch", Some(2), &[], &[])]);
    assert_eq!(shadowed, [("lunch".to_owned(), by(&["open"]))]);
    let specific_first = check(vec![rule(2, "lunch", Some(2), &[], &[]), rule(1, "open", Some(1), &[], &[])]);
    assert_eq!(specific_first, []);
    let together = check(vec![
        rule(1, "in", Some(1), &[], &[]),
        rule(2, "out", Some(-1), &[], &[]),
        rule(3, "rest", None, &[], &[]),
    ]);
    assert_eq!(together, [("rest".to_owned(), by(&["in", "out"]))]);
    // Who takes nothing that the others leave is not named.
    let more = check(vec![
        rule(1, "lunch", Some(2), &[], &[]),
        rule(2, "in", Some(1), &[], &[]),
        rule(3, "out", Some(-1), &[], &[]),
        rule(4, "rest", None, &[], &[]),
    ]);
    assert_eq!(more, [("rest".to_owned(), by(&["in", "out"]))]);
    let said = |names: &[&str]| by(names).to_string();
    assert_eq!(said(&["a"]), "never reached: \"a\" before it takes all its calls; move it up");
    assert_eq!(said(&["a", "b"]), "never reached: \"a\" and \"b\" before it take all its calls; move it up");
    assert!(said(&["a", "b", "c"]).contains("\"a\", \"b\" and \"c\" before it take all"));
    assert_eq!(check(vec![rule(1, "busy", None, &busy, &[]), rule(2, "all", None, &[], &[])]), []);
    assert_eq!(
        check(vec![rule(1, "all", None, &[], &[]), rule(2, "busy", None, &busy, &["+49*"])]),
        [("busy".to_owned(), by(&["all"]))]
    );
    assert_eq!(
        check(vec![rule(1, "germany", None, &[], &["+49*"]), rule(2, "berlin", None, &[], &["+4930*"])]),
        [("berlin".to_owned(), by(&["germany"]))]
    );
    assert_eq!(
        check(vec![rule(1, "berlin", None, &[], &["+4930*"]), rule(2, "germany", None, &[], &["+49*"])]),
        []
    );
    assert_eq!(check(vec![rule(1, "past", Some(3), &[], &[])]), [("past".to_owned(), Warning::NeverInTime)]);
    assert_eq!(check(vec![rule(1, "gone", Some(77), &[], &[])]), [("gone".to_owned(), Warning::NoFrame)]);
    let mut off = vec![rule(1, "all", None, &[], &[]), rule(2, "sundays", Some(4), &[], &[])];
    off[0].enabled = false;
    assert_eq!(check(off), []);
}

// 002-055
#[test]
fn the_active_rule_is_named_with_the_time_of_the_next_change() {
    let mut arrangements = Arrangements {
        frames: vec![frame(1, false, "Open", FrameUse::Open, &["mon-fri 09:00-17:00"])],
        rules: vec![
            rule(1, "busy", None, &[RedirectReason::UserBusy], &[]),
            rule(2, "open", Some(1), &[], &[]),
        ],
        ..Arrangements::default()
    };
    arrangements.rules[1].then.keys =
        vec![crate::domain::answering::KeyTarget { key: '1', target: "+15550100".to_owned() }];
    arrangements.rules[1].then.phones.forward_busy = Some("1002".to_owned());
    let now: Timestamp = "2026-07-06T10:00:00Z".parse().unwrap();
    let standing =
        rules::standings(&arrangements, &TimeZone::UTC, now, warnings(&arrangements, &TimeZone::UTC, now));
    let told: Vec<_> =
        standing.iter().map(|s| (s.rule.name.as_str(), s.active, s.until.map(|at| at.to_string()))).collect();
    assert_eq!(told, [("busy", false, None), ("open", true, Some("2026-07-06T17:00:00Z".to_owned()))]);

    let calling = Calling { forms: &[], internal: false };
    let asked = Asked { reason: RedirectReason::NoAnswer, calling, now, zone: &TimeZone::UTC };
    let told = AnsweringTold::new(&arrangements, &asked, &decide(&arrangements, &asked)).to_string();
    for line in [
        "hours     open, until 2026-07-06 17:00 UTC",
        "rule      2. \"open\": within \"Open\", until 2026-07-06 17:00 UTC",
        "          1 leads to +15550100",
        "phones    forwards when busy to 1002 (acts in the phone system)",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
}

/// 000-08: a rule may ask for what the owner says of themselves, and it ends with that.
#[test]
fn a_rule_may_ask_for_a_presence() {
    let mut meeting = rule(11, "meeting", None, &[], &[]);
    meeting.when.presence = vec![PresenceState::InMeeting, PresenceState::DoNotDisturb];
    let mut arrangements = Arrangements {
        rules: vec![meeting, rule(12, "otherwise", None, &[], &[])],
        ..Arrangements::default()
    };
    let (noon, one) = ("2025-07-03T12:00:00Z", "2025-07-03T13:00:00Z");
    let rule_at = |arrangements: &Arrangements, now: &str| {
        name_of(&answered(arrangements, RedirectReason::NoAnswer, &[], now)).map(str::to_owned)
    };
    assert_eq!(
        rule_at(&arrangements, noon).as_deref(),
        Some("otherwise"),
        "everybody is in the office at first"
    );
    arrangements.presence = Presence { state: PresenceState::InMeeting, until: Some(one.parse().unwrap()) };
    assert_eq!(rule_at(&arrangements, noon).as_deref(), Some("meeting"));
    assert_eq!(rule_at(&arrangements, one).as_deref(), Some("otherwise"), "the meeting is over");
    arrangements.presence.state = PresenceState::OnVacation;
    assert_eq!(rule_at(&arrangements, noon).as_deref(), Some("otherwise"));

    arrangements.presence.state = PresenceState::DoNotDisturb;
    let decided = answered(&arrangements, RedirectReason::NoAnswer, &[], noon);
    let calling = Calling { forms: &[], internal: false };
    let (now, zone) = (noon.parse().unwrap(), &TimeZone::UTC);
    let asked = Asked { reason: RedirectReason::NoAnswer, calling, now, zone };
    let told = AnsweringTold::new(&arrangements, &asked, &decided);
    assert_eq!(told.rule_until, Some(one.parse().unwrap()));
    let text = told.to_string();
    assert!(text.contains("presence  Do not disturb, until 2025-07-03 13:00 UTC"), "{text}");
    assert!(text.contains("1. \"meeting\": while \"In a Meeting\" or \"Do not disturb\", until"), "{text}");
    let standing = rules::standings(&arrangements, zone, now, warnings(&arrangements, zone, now));
    assert_eq!((standing[0].active, standing[0].until), (true, Some(one.parse().unwrap())));
}

/// 000-08, 002-053: a rule of one presence takes nothing from rules of others, and everything from itself.
#[test]
fn presences_count_when_it_is_judged_whether_a_rule_is_reached() {
    let asks = |number, name: &str, presence: &[PresenceState]| {
        let mut rule = rule(number, name, None, &[], &[]);
        rule.when.presence = presence.to_vec();
        rule
    };
    let warned = |rules: Vec<Rule>| {
        let arrangements = Arrangements { rules, ..Arrangements::default() };
        let told = warnings(&arrangements, &TimeZone::UTC, Timestamp::UNIX_EPOCH);
        told.into_iter().map(|(_, warning)| warning).collect::<Vec<_>>()
    };
    use PresenceState as P;
    let other =
        warned(vec![asks(1, "a", &[P::InMeeting]), asks(2, "b", &[P::OnVacation]), asks(3, "c", &[])]);
    assert_eq!(other, []);
    let same = warned(vec![asks(1, "a", &[P::InMeeting, P::Remote]), asks(2, "b", &[P::Remote])]);
    assert_eq!(same, [Warning::Shadowed { by: vec!["a".to_owned()] }]);
}

/// 000-08, 000-09: how a phone rings and whose voicemail follows are kept, and told in words.
#[test]
fn rings_cadence_and_the_last_step_are_told() {
    let mut then = RuleActions {
        answer: AnswerBy::Voicemail { extension: "145".parse().unwrap() },
        ..RuleActions::default()
    };
    then.phones.ring_count = Some(4);
    then.phones.cadence_internal = Some("single".parse().unwrap());
    then.phones.cadence_external = Some("double".parse().unwrap());
    assert_eq!(acts(&then), ["goes to the voicemail of 145"]);
    let phones = phone_system(&then.phones).join("; ");
    for words in ["rings 4 times", "rings single for colleagues", "rings double for all others"] {
        assert!(phones.contains(words), "{phones}");
    }
    assert_eq!(answer_of("voicemail", " 145 ").unwrap(), then.answer);
    assert_eq!(answer_word(&then.answer), ("voicemail", Some("145")));
    assert!(answer_of("voicemail", "").unwrap_err().to_string().contains("whose voicemail"));
    assert!(
        answer_of("voicemail", "x").is_err()
            && "treble".parse::<crate::domain::answering::Cadence>().is_err()
    );
}
