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
struct Line {
    flow: Owner,
    mailbox: Mailbox,
    now: CallTime,
    playing: Option<PlayId>,
    recording: Option<Take>,
    /// Stopped, and neither handed over nor discarded.
    open: BTreeSet<Take>,
    ended: BTreeMap<Take, u32>,
    /// Handed to a service that has not answered, or answered too late.
    handed: BTreeSet<Take>,
    asked: Option<(u32, Request)>,
    asked_at: CallTime,
    /// What the service of this mailbox has listed: nothing else may ever be named.
    listed: BTreeSet<MessageId>,
    trashed: Option<MessageId>,
    signed_in: bool,
    transferring: bool,
    caller_gone: bool,
    hung_up: bool,
    /// What whoever asked for the call was told.
    told: Vec<CallStep>,
    /// What was asked of services.
    requests: Vec<Request>,
}

impl Line {
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
            now: CallTime::default(),
            playing: None,
            recording: None,
            open: BTreeSet::new(),
            ended: BTreeMap::new(),
            handed: BTreeSet::new(),
            asked: None,
            asked_at: CallTime::default(),
            listed: BTreeSet::new(),
            trashed: None,
            signed_in: called.is_some(),
            transferring: false,
            caller_gone: false,
            hung_up: false,
            told: Vec::new(),
            requests: Vec::new(),
        };
        line.tell(CallEvent::Started);
        line
    }

    fn tell(&mut self, event: CallEvent) {
        let was_done = self.flow.is_done();
        let mut actions = Vec::new();
        self.flow.handle(self.now, event.clone(), &mut actions);
        assert!(
            !was_done || actions.is_empty(),
            "after its end the dialogue asks for {actions:?} on {event:?}"
        );
        for action in actions {
            self.carry_out(action);
        }
        match self.flow.deadline() {
            Some(due) => {
                assert!(!self.flow.is_done(), "a dialogue that is over waits for nothing");
                assert!(due.0.saturating_sub(self.now.0) <= Duration::from_secs(800), "waits until {due:?}");
            }
            None => assert!(self.flow.is_done(), "waits for ever after {event:?}: {:?}", self.flow),
        }
    }

    fn carry_out(&mut self, action: Action) {
        assert!(!self.hung_up, "{action:?} after hanging up");
        if self.caller_gone {
            let quiet = matches!(action, Action::Discard(_) | Action::Ask(_, Request::Hold(_)));
            assert!(quiet, "{action:?} for a caller who is gone");
        }
        match action {
            Action::Play(id, words) => self.play(id, &words),
            Action::StopPlaying => self.playing = None,
            Action::Record { take, append, .. } => {
                assert!(self.signed_in && self.recording.is_none() && self.playing.is_none());
                if append {
                    assert!(self.open.remove(&take), "goes on with a recording that is gone");
                } else {
                    assert!(self.ended.insert(take, 0).is_none(), "a take has two recordings");
                }
                self.recording = Some(take);
            }
            Action::StopRecording(take) => assert_eq!(self.recording, Some(take)),
            Action::Discard(take) => self.end(take),
            Action::Ask(number, request) => self.ask(number, request),
            Action::TransferTo(_) => {
                assert!(self.signed_in);
                self.transferring = true;
            }
            Action::Report(step) => self.told.push(step),
            Action::HangUp => self.hung_up = true,
            other => panic!("{other:?} of an owner"),
        }
    }

    fn play(&mut self, id: PlayId, words: &[Utterance]) {
        assert!(!words.is_empty(), "nothing to play");
        assert!(self.recording.is_none(), "the owner is talked over");
        for word in words {
            match word {
                Utterance::Message(part) => {
                    assert!(self.listed.contains(&part.id), "plays a message that nobody listed");
                    assert_eq!(words.len(), 1, "a message is alone in its play");
                }
                Utterance::Recording(take) => assert!(self.open.contains(take), "plays what is gone"),
                Utterance::Phrase(phrase)
                    if phrase.id.starts_with("key-") || phrase.id.starts_with("count-") =>
                {
                    assert!(self.signed_in, "{} before signing in", phrase.id);
                }
                _ => {}
            }
        }
        self.playing = Some(id);
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
                    assert!(self.open.contains(&take), "hands over what is gone");
                    self.handed.insert(take);
                }
                self.asked_at = self.now;
                self.asked = Some((number, request));
            }
        }
    }

    fn end(&mut self, take: Take) {
        if self.recording == Some(take) {
            self.recording = None;
        } else {
            assert!(self.open.remove(&take), "{take:?} is not there");
        }
        *self.ended.get_mut(&take).unwrap() += 1;
    }

    fn answer(&mut self, how: u8) {
        let Some((number, request)) = self.asked.take() else { return };
        let ids =
            |count: u8| (1..=u128::from(count)).map(|id| MessageId::from_uuid(uuid::Uuid::from_u128(id)));
        let in_time = self.now.0.saturating_sub(self.asked_at.0) < Duration::from_secs(15);
        if how % 8 == 1
            && in_time
            && !self.caller_gone
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
        let next = self.now + Duration::from_millis(after);
        if let Some(due) = self.flow.deadline().filter(|due| *due <= next) {
            self.now = due;
            self.tell(CallEvent::DeadlineReached);
        }
        self.now = self.now.max(next);
        match chance {
            Chance::Key(key) if !self.caller_gone => self.tell(CallEvent::Digit(Key::new(key).unwrap())),
            Chance::Key(_) => {}
            Chance::Played => {
                if let Some(id) = self.playing.take() {
                    self.tell(CallEvent::PlayFinished(id));
                }
            }
            Chance::Answered(how) => self.answer(how),
            Chance::Stopped(cause, voiced) => self.stop(cause, voiced),
            Chance::Transferred(outcome) => {
                if std::mem::take(&mut self.transferring) {
                    self.tell(CallEvent::Transferred(outcome));
                }
            }
            Chance::Unplayable => {
                if let Some(id) = self.playing.take() {
                    self.tell(CallEvent::MessageUnplayable(id));
                }
            }
            Chance::Deadline => {
                self.tell(CallEvent::DeadlineReached);
                self.pass_deadline();
            }
            Chance::HangUp => {
                self.caller_gone = true;
                self.playing = None;
                self.tell(CallEvent::HungUp);
            }
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
        let Some(take) = self.recording.take() else { return };
        self.open.insert(take);
        let cause = if self.caller_gone { StopCause::HungUp } else { cause };
        self.caller_gone |= cause == StopCause::HungUp;
        self.tell(CallEvent::RecordingStopped {
            take,
            cause,
            length: Duration::from_millis(voiced * 2),
            voiced: Duration::from_millis(voiced),
            class: RecordingClass::Speech,
        });
    }

    fn pass_deadline(&mut self) {
        if let Some(due) = self.flow.deadline() {
            self.now = self.now.max(due);
            self.tell(CallEvent::DeadlineReached);
        }
    }

    fn nothing_more(&mut self) {
        for _ in 0..400 {
            if self.flow.is_done() {
                break;
            }
            self.pass_deadline();
        }
        assert!(self.flow.is_done(), "the dialogue never ends: {:?}", self.flow);
    }
}

fn profiles() -> impl Strategy<Value = &'static str> {
    prop::sample::select(Profile::names().collect::<Vec<_>>())
}

/// To the main menu.
fn signed_in(profile: &str, tutorial: bool) -> Line {
    let mut line = Line::new(profile, tutorial);
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
        chances in chances(),
    ) {
        let mut line = if inside { signed_in(profile, tutorial) } else { Line::new(profile, tutorial) };
        for (after, chance) in chances {
            line.happen(after, chance);
        }
        line.nothing_more();
        for (take, ends) in &line.ended {
            prop_assert!(*ends <= 1, "{:?} ended {} times", take, ends);
        }
        // What is left was handed to a service that has not answered; the driver discards it with the call.
        prop_assert!(line.recording.is_none() && line.open.is_subset(&line.handed), "a recording is left");
        prop_assert!(line.hung_up || line.caller_gone, "nobody hung up");
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
            let due = line.flow.deadline().is_some_and(|due| due <= line.now + Duration::from_millis(after));
            let pressed = matches!(chance, Chance::Key(_)) && !due;
            line.happen(after, chance);
            if let Some(id) = line.trashed.take().filter(|_| pressed) {
                let mut actions = Vec::new();
                line.flow.handle(line.now, CallEvent::Digit(Key::new(delete.chars().next().unwrap()).unwrap()), &mut actions);
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
        let mut line = Line::called(profile, kind);
        for (after, chance) in chances {
            line.happen(after, chance);
        }
        line.nothing_more();
        let only = line.requests.iter().all(|request| matches!(request, Request::KeepGreeting(_, of) if *of == kind));
        prop_assert!(only, "{:?}", line.requests);
        for (take, ends) in &line.ended {
            prop_assert!(*ends <= 1, "{:?} ended {} times", take, ends);
        }
        prop_assert!(line.recording.is_none() && line.open.is_subset(&line.handed), "a recording is left");
        let failures = line.told.iter().filter(|step| step.is_last()).count();
        prop_assert!(failures <= 1 && !line.told.contains(&CallStep::Kept), "{:?}", line.told);
        prop_assert!(failures == 0 || line.told.last().is_some_and(|step| step.is_last()), "{:?}", line.told);
        prop_assert!(line.hung_up || line.caller_gone, "nobody hung up");
    }

    #[test]
    fn an_owner_who_does_nothing_reaches_the_end_within_minutes(profile in profiles(), tutorial in any::<bool>(), inside in any::<bool>()) {
        let mut line = if inside { signed_in(profile, tutorial) } else { Line::new(profile, tutorial) };
        for _ in 0..100 {
            if line.flow.is_done() {
                break;
            }
            if let Some(id) = line.playing.take() {
                line.now = line.now + Duration::from_secs(10);
                line.tell(CallEvent::PlayFinished(id));
            } else if line.recording.is_some() {
                line.now = line.now + Duration::from_secs(5);
                line.stop(StopCause::Silence, 0);
            } else {
                line.pass_deadline();
            }
        }
        prop_assert!(line.flow.is_done() && line.hung_up);
        prop_assert!(line.now.0 < Duration::from_secs(400), "took {:?}", line.now.0);
    }
}
