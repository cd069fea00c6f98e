//! Which greeting a caller hears: away, that of a rule, that of the owner's presence, busy, internal, holiday, closed, standard, then what can be built. Pure.
//!
//! Plays nothing and asks no store. Driven by the call layer, and by `explain` with the same situation.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::answering::OfficeHours;
use crate::domain::{Extension, Greeting, GreetingId, GreetingKind, PresenceState, RedirectReason};

/// All that the choice depends on.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// Every greeting of the mailbox, in any order.
    pub greetings: &'a [Greeting],
    /// The greeting of the number or alias that was called, in place of the standard one (004-07).
    pub alias: Option<GreetingId>,
    /// Why the call came to voicemail.
    pub reason: RedirectReason,
    /// The caller is of the same tenant.
    pub internal: bool,
    /// Whether it is open hours, by the time frames.
    pub hours: &'a OfficeHours,
    /// The kind that an answering rule chooses, and the rule's name.
    pub wanted: Option<(GreetingKind, &'a str)>,
    /// What the owner says of themselves, and the greeting that belongs to it.
    pub presence: Option<(PresenceState, GreetingId)>,
    /// When the call came.
    pub now: Timestamp,
    /// The owner's zone: for the words of [`Choice::why`]. What is on is decided in UTC.
    pub zone: TimeZone,
    /// The mailbox's number.
    pub extension: &'a Extension,
}

/// What is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Play {
    /// A greeting of the owner.
    Greeting {
        /// Which kind.
        kind: GreetingKind,
        /// The greeting.
        id: GreetingId,
    },
    /// The built-in greeting with the owner's recorded name in it.
    RecordedName(GreetingId),
    /// The built-in greeting with the mailbox's number in digits.
    ExtensionNumber(Extension),
}

/// The greeting, and why this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is played.
    pub play: Play,
    /// In plain words, without people's names or numbers.
    pub why: String,
    /// The owner's presence chose it.
    pub by_presence: bool,
}

/// Chooses the greeting.
pub fn choose(situation: &Situation<'_>) -> Choice {
    if let Some(away) =
        rung(situation, GreetingKind::Away).or_else(|| wanted(situation)).or_else(|| of_presence(situation))
    {
        return away;
    }
    let rungs = [GreetingKind::Busy, GreetingKind::Internal, GreetingKind::Holiday, GreetingKind::Closed];
    let special = rungs.into_iter().find_map(|kind| rung(situation, kind));
    let plain = special.or_else(|| of_alias(situation)).or_else(|| rung(situation, GreetingKind::Standard));
    if let Some(choice) = plain {
        return choice;
    }
    match newest(situation, GreetingKind::Name) {
        Some(name) => Choice {
            play: Play::RecordedName(name.id),
            why: "built from the recorded name: no greeting of the owner fits".to_owned(),
            by_presence: false,
        },
        None => Choice {
            play: Play::ExtensionNumber(situation.extension.clone()),
            why: "built from the extension number: neither a greeting that fits nor a recorded name"
                .to_owned(),
            by_presence: false,
        },
    }
}

/// The greeting of this kind, if there is one that fits.
fn rung(situation: &Situation<'_>, kind: GreetingKind) -> Option<Choice> {
    let greeting = newest(situation, kind)?;
    let why = format!("{kind}: {}{}", fits(situation, greeting)?, until(situation, greeting));
    Some(Choice { play: Play::Greeting { kind, id: greeting.id }, why, by_presence: false })
}

/// The greeting of the number that was called, chosen by hand: it need not be on. One that is not (any more) the mailbox's, or
/// out of its dates, does not count.
fn of_alias(situation: &Situation<'_>) -> Option<Choice> {
    let id = situation.alias?;
    let is_within =
        |greeting: &&Greeting| Greeting { active: true, ..(*greeting).clone() }.is_on(situation.now);
    let greeting = situation.greetings.iter().find(|greeting| greeting.id == id).filter(is_within)?;
    let kind = greeting.kind;
    let why =
        format!("{kind}: it is the greeting of the number that was called{}", until(situation, greeting));
    Some(Choice { play: Play::Greeting { kind, id }, why, by_presence: false })
}

/// The greeting that a rule chooses, if the owner has it; else the ladder goes on.
fn wanted(situation: &Situation<'_>) -> Option<Choice> {
    let (kind, rule) = situation.wanted?;
    let greeting = newest(situation, kind)?;
    let why = format!("{kind}: the rule {rule:?} chooses it{}", until(situation, greeting));
    Some(Choice { play: play(greeting), why, by_presence: false })
}

/// The greeting that belongs to the owner's presence, also one that is switched off; but only within its dates (000-07).
fn of_presence(situation: &Situation<'_>) -> Option<Choice> {
    let (state, id) = situation.presence?;
    let within = |greeting: &Greeting| Greeting { active: true, ..greeting.clone() }.is_on(situation.now);
    let greeting = situation.greetings.iter().find(|greeting| greeting.id == id && within(greeting))?;
    let (kind, state) = (greeting.kind, state.title());
    let why = format!("{kind}: the owner's presence is {state:?}{}", until(situation, greeting));
    Some(Choice { play: play(greeting), why, by_presence: true })
}

fn play(greeting: &Greeting) -> Play {
    match greeting.kind {
        GreetingKind::Name => Play::RecordedName(greeting.id),
        kind => Play::Greeting { kind, id: greeting.id },
    }
}

/// The newest greeting of the kind that is on now.
fn newest<'a>(situation: &Situation<'a>, kind: GreetingKind) -> Option<&'a Greeting> {
    let on =
        situation.greetings.iter().filter(|greeting| greeting.kind == kind && greeting.is_on(situation.now));
    on.max_by_key(|greeting| (greeting.created_at, greeting.id))
}

/// Why a greeting that is on fits the call; `None` when it does not.
fn fits(situation: &Situation<'_>, greeting: &Greeting) -> Option<String> {
    use RedirectReason as R;
    let hours = situation.hours;
    let plain = match (greeting.kind, situation.reason) {
        (GreetingKind::Holiday, _) if hours.holiday.is_some() => {
            return hours.holiday.as_ref().map(|day| format!("it is {day}"));
        }
        (GreetingKind::Closed, reason) if hours.closed.is_some() && reason != R::TimeOfDay => {
            return hours.closed.as_ref().map(|why| format!("it is closed now ({why})"));
        }
        (GreetingKind::Away, R::Unconditional) => Some("it is on, and all calls are forwarded"),
        (GreetingKind::Away, R::Away | R::DoNotDisturb) => Some("it is on, and the owner takes no calls"),
        (GreetingKind::Away, _) => Some("it is on, and goes before all others"),
        (GreetingKind::Busy, R::UserBusy) => Some("the owner was on the phone"),
        (GreetingKind::Internal, _) if situation.internal => Some("the caller is a colleague"),
        // Without dates a holiday greeting would be on all the year.
        (GreetingKind::Holiday, _) if greeting.from.is_some() || greeting.until.is_some() => {
            Some("today is within its dates")
        }
        (GreetingKind::Closed, R::TimeOfDay) => Some("the call came outside of the hours"),
        (GreetingKind::Standard, _) => Some("nothing more special fits"),
        _ => None,
    };
    plain.map(str::to_owned)
}

fn until(situation: &Situation<'_>, greeting: &Greeting) -> String {
    match greeting.until {
        Some(end) => {
            format!(", until {}", end.to_zoned(situation.zone.clone()).strftime("%Y-%m-%d %H:%M %Z"))
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{MailboxId, TenantId};

    const NOON: &str = "2026-07-04T12:00:00Z";

    fn greeting(number: u8, kind: GreetingKind) -> Greeting {
        Greeting {
            id: GreetingId::from_uuid(Uuid::from_u128(u128::from(number))),
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            mailbox: MailboxId::from_uuid(Uuid::from_u128(2)),
            kind,
            label: "mine".to_owned(),
            object: "greetings/x".to_owned(),
            duration_ms: 1000,
            active: true,
            from: None,
            until: None,
            created_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        }
    }

    /// One of every kind; the holiday one is for the 4th of July.
    fn all() -> Vec<Greeting> {
        let mut all: Vec<_> =
            GreetingKind::ALL.into_iter().zip(1..).map(|(kind, n)| greeting(n, kind)).collect();
        for holiday in all.iter_mut().filter(|greeting| greeting.kind == GreetingKind::Holiday) {
            holiday.from = Some("2026-07-04T00:00:00Z".parse().unwrap());
            holiday.until = Some("2026-07-05T00:00:00Z".parse().unwrap());
        }
        all
    }

    fn choice(greetings: &[Greeting], reason: RedirectReason, internal: bool, now: &str) -> Choice {
        at_hours(greetings, reason, internal, now, (&OfficeHours::default(), None))
    }

    fn at_hours(
        greetings: &[Greeting],
        reason: RedirectReason,
        internal: bool,
        now: &str,
        (hours, wanted): (&OfficeHours, Option<(GreetingKind, &str)>),
    ) -> Choice {
        let (now, zone) = (now.parse().unwrap(), TimeZone::UTC);
        let extension = &"1001".parse().unwrap();
        choose(&Situation {
            greetings,
            alias: None,
            reason,
            internal,
            hours,
            wanted,
            presence: None,
            now,
            zone,
            extension,
        })
    }

    fn kind(choice: &Choice) -> Option<GreetingKind> {
        match choice.play {
            Play::Greeting { kind, .. } => Some(kind),
            Play::RecordedName(_) => Some(GreetingKind::Name),
            Play::ExtensionNumber(_) => None,
        }
    }

    #[test]
    fn each_reason_of_the_table_leads_to_its_greeting() {
        use GreetingKind as K;
        use RedirectReason as R;
        let no_away: Vec<_> = all().into_iter().filter(|greeting| greeting.kind != K::Away).collect();
        for (reason, with_away, without_away) in [
            (R::UserBusy, K::Away, K::Busy),
            (R::NoAnswer, K::Away, K::Standard),
            (R::Unavailable, K::Away, K::Standard),
            (R::Unconditional, K::Away, K::Standard),
            (R::Deflection, K::Away, K::Standard),
            (R::TimeOfDay, K::Away, K::Closed),
            (R::DoNotDisturb, K::Away, K::Standard),
            (R::FollowMe, K::Away, K::Standard),
            (R::Away, K::Away, K::Standard),
            (R::OutOfService, K::Away, K::Standard),
            (R::Unknown, K::Away, K::Standard),
        ] {
            let day = "2026-08-01T12:00:00Z";
            assert_eq!(kind(&choice(&all(), reason, false, day)), Some(with_away), "{reason:?}");
            assert_eq!(kind(&choice(&no_away, reason, false, day)), Some(without_away), "{reason:?}");
        }
    }

    #[test]
    fn the_ladder_is_climbed_from_the_top() {
        let mut left = all();
        let mut order = Vec::new();
        while let Some(kind) = kind(&choice(&left, RedirectReason::UserBusy, true, NOON)) {
            order.push(kind);
            left.retain(|greeting| greeting.kind != kind);
        }
        use GreetingKind as K;
        // `closed` is not for a busy line.
        assert_eq!(order, [K::Away, K::Busy, K::Internal, K::Holiday, K::Standard, K::Name]);
        let built = choice(&left, RedirectReason::UserBusy, true, NOON);
        assert_eq!(built.play, Play::ExtensionNumber("1001".parse().unwrap()));
    }

    #[test]
    fn a_holiday_greeting_goes_before_the_closed_one_and_only_within_its_dates() {
        let calm: Vec<_> = all().into_iter().filter(|greeting| greeting.kind != GreetingKind::Away).collect();
        let on = |now| kind(&choice(&calm, RedirectReason::TimeOfDay, false, now));
        assert_eq!(on(NOON), Some(GreetingKind::Holiday));
        assert_eq!(on("2026-07-05T00:00:00Z"), Some(GreetingKind::Closed));
        let dateless = [greeting(1, GreetingKind::Holiday), greeting(2, GreetingKind::Standard)];
        assert_eq!(
            kind(&choice(&dateless, RedirectReason::Unknown, false, NOON)),
            Some(GreetingKind::Standard)
        );
    }

    // 002-052
    #[test]
    fn hours_and_holidays_of_time_frames_choose_their_greetings() {
        use GreetingKind as K;
        let closed = OfficeHours { closed: Some("Night".to_owned()), ..OfficeHours::default() };
        let holiday = OfficeHours {
            holiday: Some("Christmas Day".to_owned()),
            closed: Some("Christmas Day".to_owned()),
            kept: true,
        };
        let dateless = |kind, n| greeting(n, kind);
        let mut greetings = vec![dateless(K::Holiday, 1), dateless(K::Closed, 2), dateless(K::Standard, 3)];
        let on = |greetings: &[Greeting], hours: &OfficeHours, reason| {
            at_hours(greetings, reason, false, NOON, (hours, None))
        };
        let why = on(&greetings, &holiday, RedirectReason::NoAnswer).why;
        assert_eq!(why, "holiday: it is Christmas Day");
        assert_eq!(kind(&on(&greetings, &closed, RedirectReason::NoAnswer)), Some(K::Closed));
        assert_eq!(
            kind(&on(&greetings, &OfficeHours::default(), RedirectReason::NoAnswer)),
            Some(K::Standard)
        );
        greetings.remove(0);
        assert_eq!(
            kind(&on(&greetings, &holiday, RedirectReason::NoAnswer)),
            Some(K::Closed),
            "closed as well"
        );
        greetings.push(dateless(K::Busy, 4));
        assert_eq!(
            kind(&on(&greetings, &closed, RedirectReason::UserBusy)),
            Some(K::Busy),
            "goes before closed"
        );
    }

    #[test]
    fn a_rule_chooses_a_greeting_that_the_owner_has_and_never_over_an_away_one() {
        use GreetingKind as K;
        let ask = |greetings: &[Greeting], kind| {
            let hours = OfficeHours::default();
            at_hours(greetings, RedirectReason::NoAnswer, false, NOON, (&hours, Some((kind, "Nights"))))
        };
        let mut greetings = vec![greeting(1, K::Standard), greeting(2, K::Busy), greeting(3, K::Name)];
        assert_eq!(ask(&greetings, K::Busy).why, "busy: the rule \"Nights\" chooses it");
        assert_eq!(kind(&ask(&greetings, K::Name)), Some(K::Name));
        assert_eq!(kind(&ask(&greetings, K::Closed)), Some(K::Standard), "not recorded: the ladder goes on");
        greetings.push(greeting(4, K::Away));
        assert_eq!(kind(&ask(&greetings, K::Busy)), Some(K::Away));
    }

    #[test]
    fn an_away_greeting_that_has_ended_is_not_played_even_when_all_calls_are_forwarded() {
        let mut away = greeting(1, GreetingKind::Away);
        away.until = Some("2026-05-01T00:00:00Z".parse().unwrap());
        let greetings = [away, greeting(2, GreetingKind::Standard)];
        let choice = choice(&greetings, RedirectReason::Unconditional, false, NOON);
        assert_eq!(kind(&choice), Some(GreetingKind::Standard));
    }

    #[test]
    fn the_newest_active_greeting_of_a_kind_is_played() {
        let mut newer = greeting(1, GreetingKind::Standard);
        newer.created_at = "2026-02-01T00:00:00Z".parse().unwrap();
        let mut off = greeting(3, GreetingKind::Standard);
        off.created_at = "2026-03-01T00:00:00Z".parse().unwrap();
        off.active = false;
        let expected = Play::Greeting { kind: GreetingKind::Standard, id: newer.id };
        let greetings = [greeting(2, GreetingKind::Standard), newer, off];
        assert_eq!(choice(&greetings, RedirectReason::Unknown, false, NOON).play, expected);
    }

    /// 004-07
    #[test]
    fn an_alias_with_a_greeting_of_its_own_plays_it_in_place_of_the_standard_one() {
        use GreetingKind as K;
        let mut own = greeting(9, K::Standard);
        own.active = false;
        let choice = |greetings: &[Greeting], id: u8, reason| {
            let alias = Some(GreetingId::from_uuid(Uuid::from_u128(u128::from(id))));
            let (hours, extension) = (&OfficeHours::default(), &"1001".parse().unwrap());
            let (now, zone) = (NOON.parse().unwrap(), TimeZone::UTC);
            let (internal, wanted) = (false, None);
            let presence = None;
            choose(&Situation {
                greetings,
                alias,
                reason,
                internal,
                hours,
                wanted,
                presence,
                now,
                zone,
                extension,
            })
        };
        let greetings = [greeting(1, K::Standard), greeting(2, K::Busy), own.clone()];
        let played = choice(&greetings, 9, RedirectReason::NoAnswer);
        assert_eq!(played.play, Play::Greeting { kind: K::Standard, id: own.id });
        assert!(played.why.contains("the number that was called"), "{}", played.why);
        assert_eq!(kind(&choice(&greetings, 9, RedirectReason::UserBusy)), Some(K::Busy));
        let main = Play::Greeting { kind: K::Standard, id: greeting(1, K::Standard).id };
        assert_eq!(choice(&greetings, 77, RedirectReason::NoAnswer).play, main, "not the mailbox's");
        own.until = Some("2026-07-01T00:00:00Z".parse().unwrap());
        let over = [greeting(1, K::Standard), own.clone()];
        assert_eq!(choice(&over, 9, RedirectReason::NoAnswer).play, main, "its time is over");
        own.until = None;
        assert_eq!(kind(&choice(&[own], 9, RedirectReason::NoAnswer)), Some(K::Standard), "the only one");
    }

    /// 000-07: the presence's greeting plays also when it is switched off; away and the rule's go before.
    #[test]
    fn a_presence_may_have_a_greeting_of_its_own() {
        let extension = &"1001".parse().unwrap();
        let asked = |greetings: &[Greeting], wanted, presence| {
            let now = NOON.parse().unwrap();
            let (hours, zone) = (&OfficeHours::default(), TimeZone::UTC);
            let reason = RedirectReason::NoAnswer;
            let situation = Situation {
                greetings,
                alias: None,
                reason,
                internal: false,
                hours,
                wanted,
                presence,
                now,
                zone,
                extension,
            };
            choose(&situation)
        };
        let mut tied = greeting(7, GreetingKind::Closed);
        tied.active = false;
        let presence = Some((PresenceState::OnVacation, tied.id));
        let plain = [greeting(2, GreetingKind::Standard), greeting(3, GreetingKind::Busy), tied.clone()];
        let choice = asked(&plain, None, presence);
        assert_eq!(choice.play, Play::Greeting { kind: GreetingKind::Closed, id: tied.id });
        assert!(
            choice.by_presence && choice.why.contains("the owner's presence is \"On vacation\""),
            "{}",
            choice.why
        );
        assert_eq!(kind(&asked(&plain, None, None)), Some(GreetingKind::Standard));
        let by_rule = asked(&plain, Some((GreetingKind::Busy, "busy")), presence);
        assert_eq!((kind(&by_rule), by_rule.by_presence), (Some(GreetingKind::Busy), false));
        let away = [plain.as_slice(), &[greeting(4, GreetingKind::Away)]].concat();
        assert_eq!(kind(&asked(&away, None, presence)), Some(GreetingKind::Away));

        // One whose dates are over, or that is gone, leaves the ladder as it is.
        tied.until = Some("2026-07-04T11:00:00Z".parse().unwrap());
        assert_eq!(kind(&asked(&[plain[0].clone(), tied], None, presence)), Some(GreetingKind::Standard));
        assert_eq!(kind(&asked(&plain[..1], None, presence)), Some(GreetingKind::Standard));
    }

    #[test]
    fn the_choice_says_why_and_until_when_in_the_owners_zone() {
        let mut away = greeting(1, GreetingKind::Away);
        away.until = Some("2026-07-10T16:00:00Z".parse().unwrap());
        let choice = choose(&Situation {
            greetings: &[away],
            alias: None,
            reason: RedirectReason::Unconditional,
            internal: false,
            hours: &OfficeHours::default(),
            wanted: None,
            presence: None,
            now: NOON.parse().unwrap(),
            zone: TimeZone::fixed(jiff::tz::offset(2)),
            extension: &"1001".parse().unwrap(),
        });
        assert!(choice.why.contains("all calls are forwarded, until 2026-07-10 18:00"), "{}", choice.why);
    }
}
