//! Owners who press anything at any time, with services that answer late, wrongly or never: what must hold in every call.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aftertone::domain::{CallStep, GreetingKind, MessageId, RecordingClass, Shelf};
use aftertone::flow::keys::{Command, Menu, Profile};
use aftertone::flow::owner::Owner;
use aftertone::flow::owner::desk::{BadPin, Reply, Request};
use aftertone::flow::{
    Action, CallEvent, CallTime, Flow, Key, PlayId, StopCause, Take, TransferOutcome, Utterance,
};
use proptest::prelude::*;

use crate::line::{Line, Wire};
use crate::mailbox::{Mailbox, heading};

/// What happens next, if it can.
#[derive(Debug, Clone)]
enum Chance {
    Key(char),
    Played,
    /// The question that waits is answered; the number chooses how.
    Answered(u8),
    Stopped(StopCause, u64),
    Transferred(TransferOutcome),
    Unplayable,
    Deadline,
    HangUp,
    Stray(u32),
}

fn chances() -> impl Strategy<Value = Vec<(u64, Chance)>> {
    let key = prop::sample::select("0123456789*#A".chars().collect::<Vec<_>>());
    let cause = prop::sample::select(vec![
        StopCause::Silence,
        StopCause::Silence,
        StopCause::Limit,
        StopCause::MediaLost,
        StopCause::StorageFailed,
        StopCause::HungUp,
    ]);
    let transferred = prop::sample::select(vec![
        TransferOutcome::Done,
        TransferOutcome::Failed,
        TransferOutcome::NotAllowed,
    ]);
    let chance = prop_oneof![
        16 => key.prop_map(Chance::Key),
        10 => Just(Chance::Played),
        12 => any::<u8>().prop_map(Chance::Answered),
        4 => (cause, 0..20_000u64).prop_map(|(cause, voiced)| Chance::Stopped(cause, voiced)),
        1 => transferred.prop_map(Chance::Transferred),
        1 => Just(Chance::Unplayable),
        3 => Just(Chance::Deadline),
        1 => Just(Chance::HangUp),
        1 => (0..9u32).prop_map(Chance::Stray),
    ];
    prop::collection::vec((0..4_000u64, chance), 0..160)
}

/// The recording that a request hands over.
const fn handed(request: &Request) -> Option<Take> {
    match request {
        Request::Send { take, .. } | Request::KeepGreeting(take, _) => Some(*take),
        Request::Forward { introduction, .. } => *introduction,
        _ => None,
    }
}

/// The driver's and the services' side of the call.
struct Call {
    flow: Owner,
    mailbox: Mailbox,
    wire: Wire,
    ended: BTreeMap<Take, u32>,
    /// Handed to a service that has not answered, or answered too late.
    handed: BTreeSet<Take>,
    asked: Option<(u32, Request)>,
    asked_at: CallTime,
    /// What the service of this mailbox has listed: nothing else may ever be named.
    listed: BTreeSet<MessageId>,
    trashed: Option<MessageId>,
    signed_in: bool,
    /// What whoever asked for the call was told.
    told: Vec<CallStep>,
    /// What was asked of services.
    requests: Vec<Request>,
}

impl Line for Call {
    type Dialogue = Owner;
    const LONGEST_WAIT: Duration = Duration::from_secs(800);

    fn flow(&mut self) -> &mut Owner {
        &mut self.flow
    }

    fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    fn carry_out(&mut self, action: Action) {
        assert!(!self.wire.hung_up, "{action:?} after hanging up");
        if self.wire.caller_gone {
            let quiet = matches!(action, Action::Discard(_) | Action::Ask(_, Request::Hold(_)));
            assert!(quiet, "{action:?} for a caller who is gone");
        }
        match action {
            Action::Play(id, words) => self.play(id, &words),
            Action::StopPlaying => self.wire.playing = None,
            Action::Record { take, append, .. } => {
                assert!(self.signed_in && self.wire.recording.is_none() && self.wire.playing.is_none());
                if append {
                    assert!(self.wire.open.remove(&take), "goes on with a recording that is gone");
                } else {
                    assert!(self.ended.insert(take, 0).is_none(), "a take has two recordings");
                }
                self.wire.recording = Some(take);
            }
            Action::StopRecording(take) => assert_eq!(self.wire.recording, Some(take)),
            Action::Discard(take) => self.end(take),
            Action::Ask(number, request) => self.ask(number, request),
            Action::TransferTo(_) => {
                assert!(self.signed_in);
                self.wire.transferring = true;
            }
            Action::Report(step) => self.told.push(step),
            Action::HangUp => self.wire.hung_up = true,
            other => panic!("{other:?} of an owner"),
        }
    }
}

impl Call {
    fn new(profile: &str, tutorial: bool) -> Self {
        Self::with(profile, tutorial, None)
    }

    /// An owner who is called to record this.
    fn called(profile: &str, kind: GreetingKind) -> Self {
        Self::with(profile, false, Some(kind))
    }

    fn with(profile: &str, tutorial: bool, called: Option<GreetingKind>) -> Self {
        let mut mailbox = Mailbox::default();
        mailbox.session.keys = Profile::built_in(profile).unwrap();
        mailbox.session.phone.may_call_back = true;
        mailbox.session.phone.key_help = true;
        mailbox.session.phone.may_broadcast = true;
        if tutorial {
            mailbox.session.phone.tutorial = aftertone::domain::Tutorial::default();
        }
        let flow = match called {
            Some(kind) => Owner::called_for(kind, mailbox.session.clone()),
            None => Owner::new(Some("1001".parse().unwrap())),
        };
        let mut line = Self {
            flow,
            mailbox,
            wire: Wire::default(),
            ended: BTreeMap::new(),
            handed: BTreeSet::new(),
            asked: None,
            asked_at: CallTime::default(),
            listed: BTreeSet::new(),
            trashed: None,
            signed_in: called.is_some(),
            told: Vec::new(),
            requests: Vec::new(),
        };
        line.tell(CallEvent::Started);
        line
    }

    fn play(&mut self, id: PlayId, words: &[Utterance]) {
        assert!(!words.is_empty(), "nothing to play");
        assert!(self.wire.recording.is_none(), "the owner is talked over");
        for word in words {
            match word {
                Utterance::Message(part) => {
                    assert!(self.listed.contains(&part.id), "plays a message that nobody listed");
                    assert_eq!(words.len(), 1, "a message is alone in its play");
                }
                Utterance::Recording(take) => assert!(self.wire.open.contains(take), "plays what is gone"),
                Utterance::Phrase(phrase)
                    if phrase.id.starts_with("key-") || phrase.id.starts_with("count-") =>
                {
                    assert!(self.signed_in, "{} before signing in", phrase.id);
                }
                _ => {}
            }
        }
        self.wire.playing = Some(id);
        if words.iter().any(|word| matches!(word, Utterance::Message(_))) {
            self.tell(CallEvent::MessageBegan(id));
        }
    }

    fn ask(&mut self, number: u32, request: Request) {
        self.requests.push(request.clone());
        match &request {
            Request::SignIn { nth, .. } => assert!(*nth <= 3 || self.signed_in, "a fourth try"),
            _ => assert!(self.signed_in, "{request:?} of a stranger"),
        }
        match &request {
            Request::Mark(id, _) | Request::Hold(Some((id, _))) | Request::Forward { message: id, .. } => {
                assert!(self.listed.contains(id), "{request:?} names a message that nobody listed");
            }
            _ => {}
        }
        match request {
            Request::Mark(id, aftertone::domain::Mark::Trash) => self.trashed = Some(id),
            Request::Mark(..) | Request::Hold(_) | Request::Settings(_) => {}
            request => {
                if let Some(take) = handed(&request) {
                    assert!(self.wire.open.contains(&take), "hands over what is gone");
                    self.handed.insert(take);
                }
                self.asked_at = self.wire.now;
                self.asked = Some((number, request));
            }
        }
    }

    fn end(&mut self, take: Take) {
        if self.wire.recording == Some(take) {
            self.wire.recording = None;
        } else {
            assert!(self.wire.open.remove(&take), "{take:?} is not there");
        }
        *self.ended.get_mut(&take).unwrap() += 1;
    }

    fn answer(&mut self, how: u8) {
        let Some((number, request)) = self.asked.take() else { return };
        let ids =
            |count: u8| (1..=u128::from(count)).map(|id| MessageId::from_uuid(uuid::Uuid::from_u128(id)));
        let in_time = self.wire.now.0.saturating_sub(self.asked_at.0) < Duration::from_secs(15);
        if how % 8 == 1
            && in_time
            && !self.wire.caller_gone
            && let Some(take) = handed(&request)
        {
            self.handed.remove(&take);
        }
        let reply = match (request, how % 8) {
            (Request::SignIn { .. }, 0) => Reply::Refused { wait: Duration::from_secs(2), last: false },
            (_, 1) => Reply::Failed,
            (Request::SignIn { .. }, _) => {
                self.signed_in = true;
                Reply::Welcome(Box::new(self.mailbox.session.clone()))
            }
            (Request::Load(shelf), _) => {
                let first = if shelf == Shelf::Trash { 100 } else { 0 };
                let ids: Vec<_> = ids(how % 5)
                    .map(|id| MessageId::from_uuid(uuid::Uuid::from_u128(id.uuid().as_u128() + first)))
                    .collect();
                // A late answer counts, too: it is what the service of this mailbox said.
                self.listed.extend(ids.iter().copied());
                Reply::Messages(
                    ids.into_iter().map(|id| heading(id, Duration::from_secs(u64::from(how)))).collect(),
                )
            }
            (Request::Everybody, 2) => Reply::NotAllowed,
            (Request::Everybody, _) => self.mailbox.reply(&["everybody", "1002", "1003"]).unwrap().unwrap(),
            (Request::Lists, _) => Reply::Lists(vec![(1, 2)]),
            (Request::List(_), 2) => Reply::List(Vec::new()),
            (Request::List(_), _) => self.mailbox.reply(&["list", "1002", "1003"]).unwrap().unwrap(),
            (Request::Find(_), 2) => Reply::Recipient(None),
            (Request::Find(_), _) => Reply::Recipient(Some(None)),
            (Request::Forward { .. }, 3) => Reply::Private,
            (Request::Send { take, .. }, _) => {
                self.end(take);
                Reply::Sent { to: 1, failed: Vec::new() }
            }
            (Request::Forward { introduction, .. }, _) => {
                if let Some(take) = introduction {
                    self.end(take);
                }
                Reply::Sent { to: 0, failed: vec!["1003".parse().unwrap()] }
            }
            (Request::Greetings, 2) => Reply::Greetings(Vec::new()),
            (Request::Greetings, _) => {
                self.mailbox.reply(&["greetings", "standard:on", "away:off"]).unwrap().unwrap()
            }
            (Request::ChangePin(_), 2) => Reply::BadPin(BadPin::Sequence),
            (Request::KeepGreeting(take, _), _) => {
                self.end(take);
                Reply::Done
            }
            _ => Reply::Done,
        };
        self.tell(CallEvent::Reply(number, reply));
    }

    fn happen(&mut self, after: u64, chance: Chance) {
        self.pass(after);
        match chance {
            Chance::Key(key) => self.key(key),
            Chance::Played => self.played(),
            Chance::Answered(how) => self.answer(how),
            Chance::Stopped(cause, voiced) => self.stop(cause, voiced),
            Chance::Transferred(outcome) => self.transferred(outcome),
            Chance::Unplayable => {
                if let Some(id) = self.wire.playing.take() {
                    self.tell(CallEvent::MessageUnplayable(id));
                }
            }
            Chance::Deadline => {
                self.tell(CallEvent::DeadlineReached);
                self.pass_deadline();
            }
            Chance::HangUp => self.hang_up(),
            Chance::Stray(number) => {
                self.tell(CallEvent::PlayFinished(PlayId(number)));
                self.tell(CallEvent::MessageBegan(PlayId(number)));
                self.tell(CallEvent::Reply(
                    1_000_000 + number,
                    Reply::Welcome(Box::new(self.mailbox.session.clone())),
                ));
                self.tell(CallEvent::Started);
            }
        }
    }

    fn stop(&mut self, cause: StopCause, voiced: u64) {
        let Some(take) = self.wire.recording.take() else { return };
        self.wire.open.insert(take);
        let cause = if self.wire.caller_gone { StopCause::HungUp } else { cause };
        self.wire.caller_gone |= cause == StopCause::HungUp;
        self.tell(CallEvent::RecordingStopped {
            take,
            cause,
            length: Duration::from_millis(voiced * 2),
            voiced: Duration::from_millis(voiced),
            class: RecordingClass::Speech,
        });
    }
}

fn profiles() -> impl Strategy<Value = &'static str> {
    prop::sample::select(Profile::names().collect::<Vec<_>>())
}

/// Ways into the menus that few keys of chance lead to; in every profile they lead somewhere.
fn ways() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "", "", "", "593#", "493#", "099#", "519", "016", "30#1", "56", "55", "18", "513",
    ])
}

/// To the main menu.
fn signed_in(profile: &str, tutorial: bool) -> Call {
    let mut line = Call::new(profile, tutorial);
    for key in "482913#".chars() {
        line.happen(50, Chance::Key(key));
    }
    line.answer(4);
    line
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_an_owner_does_no_other_message_is_touched_and_the_call_ends(
        profile in profiles(),
        inside in any::<bool>(),
        tutorial in any::<bool>(),
        way in ways(),
        chances in chances(),
    ) {
        let mut line = if inside { signed_in(profile, tutorial) } else { Call::new(profile, tutorial) };
        for key in way.chars().filter(|_| inside) {
            line.happen(10, Chance::Key(key));
            line.happen(10, Chance::Answered(4));
        }
        for (after, chance) in chances {
            line.happen(after, chance);
        }
        line.nothing_more();
        for (take, ends) in &line.ended {
            prop_assert!(*ends <= 1, "{:?} ended {} times", take, ends);
        }
        // What is left was handed to a service that has not answered; the driver discards it with the call.
        prop_assert!(line.wire.recording.is_none() && line.wire.open.is_subset(&line.handed), "a recording is left");
        prop_assert!(line.wire.hung_up || line.wire.caller_gone, "nobody hung up");
    }

    #[test]
    fn whatever_was_pressed_before_a_deletion_is_undone_by_the_same_key(
        profile in profiles(),
        chances in chances(),
    ) {
        let mut line = signed_in(profile, false);
        let keys = Profile::built_in(profile).unwrap();
        let (delete, _) = keys.keys(Menu::After).find(|(_, command)| *command == Command::Delete).unwrap();
        for (after, chance) in chances {
            line.trashed = None;
            // Keys that waited for an answer may have gone on already.
            let due = line.flow.deadline().is_some_and(|due| due <= line.wire.now + Duration::from_millis(after));
            let pressed = matches!(chance, Chance::Key(_)) && !due;
            line.happen(after, chance);
            if let Some(id) = line.trashed.take().filter(|_| pressed) {
                let mut actions = Vec::new();
                line.flow.handle(line.wire.now, CallEvent::Digit(Key::new(delete.chars().next().unwrap()).unwrap()), &mut actions);
                let restored = |action: &Action| {
                    matches!(action, Action::Ask(_, Request::Mark(found, aftertone::domain::Mark::Restore)) if *found == id)
                };
                prop_assert!(actions.iter().any(restored), "{actions:?}");
                break;
            }
        }
    }

    #[test]
    fn whoever_is_called_to_record_can_do_nothing_else_and_the_call_ends(
        profile in profiles(),
        kind in prop::sample::select(GreetingKind::ALL.to_vec()),
        chances in chances(),
    ) {
        let mut line = Call::called(profile, kind);
        for (after, chance) in chances {
            line.happen(after, chance);
        }
        line.nothing_more();
        let only = line.requests.iter().all(|request| matches!(request, Request::KeepGreeting(_, of) if *of == kind));
        prop_assert!(only, "{:?}", line.requests);
        for (take, ends) in &line.ended {
            prop_assert!(*ends <= 1, "{:?} ended {} times", take, ends);
        }
        prop_assert!(line.wire.recording.is_none() && line.wire.open.is_subset(&line.handed), "a recording is left");
        let failures = line.told.iter().filter(|step| step.is_last()).count();
        prop_assert!(failures <= 1 && !line.told.contains(&CallStep::Kept), "{:?}", line.told);
        prop_assert!(failures == 0 || line.told.last().is_some_and(|step| step.is_last()), "{:?}", line.told);
        prop_assert!(line.wire.hung_up || line.wire.caller_gone, "nobody hung up");
    }

    #[test]
    fn an_owner_who_does_nothing_reaches_the_end_within_minutes(profile in profiles(), tutorial in any::<bool>(), inside in any::<bool>()) {
        let mut line = if inside { signed_in(profile, tutorial) } else { Call::new(profile, tutorial) };
        for _ in 0..100 {
            if line.flow.is_done() {
                break;
            }
            if let Some(id) = line.wire.playing.take() {
                line.wire.now = line.wire.now + Duration::from_secs(10);
                line.tell(CallEvent::PlayFinished(id));
            } else if line.wire.recording.is_some() {
                line.wire.now = line.wire.now + Duration::from_secs(5);
                line.stop(StopCause::Silence, 0);
            } else {
                line.pass_deadline();
            }
        }
        prop_assert!(line.flow.is_done() && line.wire.hung_up);
        prop_assert!(line.wire.now.0 < Duration::from_secs(400), "took {:?}", line.wire.now.0);
    }
}
