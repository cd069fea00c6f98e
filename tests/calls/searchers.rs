//! Callers who look for somebody and press anything at any time, with services that answer late, wrongly or never: nobody
//! is reached who is not in the directory, and every call ends.

use std::collections::BTreeSet;
use std::time::Duration;

use aftertone::domain::{Extension, KeyTarget, RecordingClass, SearchBy};
use aftertone::flow::entrance::Entrance;
use aftertone::flow::keys::{Command, Menu, Profile};
use aftertone::flow::leave::{LeaveMessage, Mode, Plan};
use aftertone::flow::owner::desk::{Person, Reply, Request};
use aftertone::flow::{
    Action, CallEvent, CallTime, Flow, Key, PlayId, StopCause, StoreOutcome, Take, TransferOutcome, Utterance,
};
use proptest::prelude::*;

use crate::script::plan;

/// Who is in the directory, by extension and letters. 1005 and 1006 have a mailbox, and are not announced.
const ANNOUNCED: &[(&str, &str)] = &[("1001", "568"), ("1002", "5683523"), ("1003", "232")];
const HIDDEN: &[&str] = &["1005", "1006"];
/// Whom a key of the greeting leads to.
const BY_KEY: &str = "1004";

#[derive(Debug, Clone)]
enum Chance {
    Key(char),
    /// Letters of somebody, or a hidden extension, as a whole.
    Typed(&'static str),
    Played,
    Answered(u8),
    Stopped(u64),
    Stored,
    Transferred(TransferOutcome),
    Deadline,
    HangUp,
    Stray(u32),
}

fn chances() -> impl Strategy<Value = Vec<(u64, Chance)>> {
    let key = prop::sample::select("0123456789*#A".chars().collect::<Vec<_>>());
    let typed =
        prop::sample::select(vec!["568#", "5683523#", "232", "1005#", "1006#", "1001#", "99", "777#"]);
    let outcomes = vec![TransferOutcome::Done, TransferOutcome::Failed, TransferOutcome::NotAllowed];
    let chance = prop_oneof![
        10 => key.prop_map(Chance::Key),
        6 => typed.prop_map(Chance::Typed),
        8 => Just(Chance::Played),
        12 => any::<u8>().prop_map(Chance::Answered),
        2 => (0..20_000u64).prop_map(Chance::Stopped),
        2 => Just(Chance::Stored),
        3 => prop::sample::select(outcomes).prop_map(Chance::Transferred),
        3 => Just(Chance::Deadline),
        1 => Just(Chance::HangUp),
        1 => (0..9u32).prop_map(Chance::Stray),
    ];
    prop::collection::vec((0..4_000u64, chance), 0..140)
}

/// The driver's and the services' side of the call.
struct Line {
    flow: Entrance,
    now: CallTime,
    playing: Option<PlayId>,
    recording: Option<Take>,
    open: BTreeSet<Take>,
    stored: Option<Take>,
    plays: BTreeSet<PlayId>,
    asked: Option<(u32, Request)>,
    transferring: bool,
    caller_gone: bool,
    hung_up: bool,
    signs_in: bool,
}

impl Line {
    fn new(flow: Entrance) -> Self {
        let mut line = Self {
            flow,
            now: CallTime::default(),
            playing: None,
            recording: None,
            open: BTreeSet::new(),
            stored: None,
            plays: BTreeSet::new(),
            asked: None,
            transferring: false,
            caller_gone: false,
            hung_up: false,
            signs_in: false,
        };
        line.tell(CallEvent::Started);
        line
    }

    fn tell(&mut self, event: CallEvent) {
        let was_done = self.flow.is_done();
        let mut actions = Vec::new();
        self.flow.handle(self.now, event.clone(), &mut actions);
        assert!(!was_done || actions.is_empty(), "after its end it asks for {actions:?} on {event:?}");
        for action in actions {
            self.carry_out(action);
        }
        match self.flow.deadline() {
            Some(due) => {
                assert!(!self.flow.is_done(), "a dialogue that is over waits for nothing");
                assert!(due.0.saturating_sub(self.now.0) <= Duration::from_secs(700), "waits until {due:?}");
            }
            None => assert!(self.flow.is_done(), "waits for ever after {event:?}: {:?}", self.flow),
        }
    }

    fn carry_out(&mut self, action: Action) {
        assert!(!self.hung_up, "{action:?} after hanging up");
        if self.caller_gone {
            let quiet = matches!(action, Action::Persist(_) | Action::Discard(_));
            assert!(quiet, "{action:?} for a caller who is gone");
        }
        match action {
            Action::Play(id, words) => {
                assert!(!words.is_empty(), "nothing to play");
                assert!(self.plays.insert(id), "{id:?} is used twice in a call");
                assert!(self.recording.is_none(), "the caller is talked over");
                for word in &words {
                    if let Utterance::Recording(take) = word {
                        assert!(self.open.contains(take), "plays what is gone");
                    }
                }
                self.playing = Some(id);
            }
            Action::StopPlaying => self.playing = None,
            Action::Record { take, .. } => self.recording = Some(take),
            Action::StopRecording(take) => assert_eq!(self.recording, Some(take)),
            Action::Mark { .. } => {}
            Action::Persist(take) => {
                self.open.remove(&take);
                self.recording = None;
                self.stored = Some(take);
            }
            Action::Discard(take) => _ = self.open.remove(&take),
            Action::Ask(number, request) => {
                match &request {
                    Request::Visit(extension) => assert_reachable(extension.as_str()),
                    Request::Search(keys) => assert!(keys.bytes().all(|key| key.is_ascii_digit())),
                    Request::SignIn { .. } => self.signs_in = true,
                    other => panic!("{other:?} of a stranger"),
                }
                self.asked = Some((number, request));
            }
            Action::TransferTo(target) => {
                assert_reachable(&target);
                self.transferring = true;
            }
            Action::TransferToOperator => self.transferring = true,
            Action::HangUp => self.hung_up = true,
            Action::SignIn | Action::GoOn(_) | Action::Report(_) => panic!("{action:?} of a caller"),
        }
    }

    /// As the services do: whole extensions and beginnings of names, and nobody who is hidden.
    fn answer(&mut self, how: u8) {
        let Some((number, request)) = self.asked.take() else { return };
        let reply = match (request, how % 8) {
            (_, 0) => Reply::Failed,
            // Refused: nobody is let in here.
            (Request::SignIn { .. }, _) => {
                Reply::Refused { wait: Duration::from_secs(1), last: how % 8 == 1 }
            }
            (Request::Search(keys), _) => {
                let fits = |person: &&(&str, &str)| {
                    person.0 == keys || keys.len() >= 3 && person.1.starts_with(&keys)
                };
                let people: Vec<Person> =
                    ANNOUNCED.iter().filter(fits).map(|(at, _)| person(at, how)).collect();
                let all = u32::try_from(people.len()).unwrap() + if how % 8 == 1 { 20 } else { 0 };
                Reply::Found { people, all, by: SearchBy::Any }
            }
            (Request::Visit(_), 1) => Reply::Arrived(None),
            (Request::Visit(_), 2) => Reply::Arrived(Some(Box::new(Plan { mode: Mode::Disabled, ..plan() }))),
            (Request::Visit(_), 3) => {
                let transfer = Some(ANNOUNCED[0].0.to_owned());
                Reply::Arrived(Some(Box::new(Plan { transfer, ..greeting() })))
            }
            (Request::Visit(_), _) => Reply::Arrived(Some(Box::new(greeting()))),
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
            Chance::Typed(keys) if !self.caller_gone => {
                keys.chars().for_each(|key| self.tell(CallEvent::Digit(Key::new(key).unwrap())));
            }
            Chance::Key(_) | Chance::Typed(_) => {}
            Chance::Played => {
                if let Some(id) = self.playing.take() {
                    self.tell(CallEvent::PlayFinished(id));
                }
            }
            Chance::Answered(how) => self.answer(how),
            Chance::Stopped(voiced) => self.stop(voiced),
            Chance::Stored => {
                if let Some(take) = self.stored.take() {
                    self.tell(CallEvent::Stored { take, outcome: StoreOutcome::Stored });
                }
            }
            Chance::Transferred(outcome) => {
                if std::mem::take(&mut self.transferring) {
                    self.tell(CallEvent::Transferred(outcome));
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
                let hidden = person(HIDDEN[0], 2);
                let found = Reply::Found { people: vec![hidden], all: 1, by: SearchBy::Any };
                self.tell(CallEvent::Reply(1_000_000 + number, found));
                self.tell(CallEvent::PlayFinished(PlayId(1_000_000 + number)));
                self.tell(CallEvent::Started);
            }
        }
    }

    fn stop(&mut self, voiced: u64) {
        let Some(take) = self.recording.take() else { return };
        self.open.insert(take);
        let cause = if self.caller_gone { StopCause::HungUp } else { StopCause::Silence };
        let (length, voiced) = (Duration::from_millis(voiced * 2), Duration::from_millis(voiced));
        let class = RecordingClass::Speech;
        self.tell(CallEvent::RecordingStopped { take, cause, length, voiced, class });
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

fn assert_reachable(extension: &str) {
    let known = ANNOUNCED.iter().any(|(announced, _)| *announced == extension) || extension == BY_KEY;
    assert!(known, "{extension} is reached, and is not in the directory");
}

fn person(extension: &str, how: u8) -> Person {
    let name = (!how.is_multiple_of(3)).then(|| aftertone::domain::GreetingId::from_uuid(uuid::Uuid::nil()));
    let extension: Extension = extension.parse().unwrap();
    Person { extension, name, spelled: "lee".to_owned(), callable: how.is_multiple_of(2) }
}

/// A mailbox whose callers have keys.
fn greeting() -> Plan {
    let mut plan = Plan { operator: true, sign_in: true, ..plan() };
    plan.keys.insert(Key::new('1').unwrap(), KeyTarget::Call(BY_KEY.to_owned()));
    plan.keys.insert(Key::new('2').unwrap(), KeyTarget::Mailbox(BY_KEY.parse().unwrap()));
    plan.keys.insert(Key::new('9').unwrap(), KeyTarget::Directory);
    plan
}

fn entrances() -> impl Strategy<Value = (&'static str, bool, bool)> {
    (prop::sample::select(Profile::names().collect::<Vec<_>>()), any::<bool>(), any::<bool>())
}

fn begin((profile, operator, by_number): (&str, bool, bool)) -> Line {
    let profile = Profile::built_in(profile).unwrap();
    if by_number {
        return Line::new(Entrance::directory(profile, operator));
    }
    Line::new(Entrance::new(LeaveMessage::new(greeting()), Some("1001".parse().unwrap()), profile))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_pressed_nobody_is_reached_who_is_not_announced_and_the_call_ends(
        entrance in entrances(),
        chances in chances(),
    ) {
        let mut line = begin(entrance);
        for (after, chance) in chances {
            line.happen(after, chance);
        }
        line.nothing_more();
        prop_assert!(line.open.is_empty() && line.recording.is_none(), "a recording is left");
        prop_assert!(line.hung_up || line.caller_gone, "nobody hung up");
    }

    #[test]
    fn who_presses_nothing_reaches_the_end_within_minutes(entrance in entrances()) {
        let mut line = begin(entrance);
        for _ in 0..100 {
            if line.flow.is_done() {
                break;
            }
            if let Some(id) = line.playing.take() {
                line.now = line.now + Duration::from_secs(5);
                line.tell(CallEvent::PlayFinished(id));
            } else if line.recording.is_some() {
                line.now = line.now + Duration::from_secs(5);
                line.stop(0);
            } else {
                line.pass_deadline();
            }
        }
        prop_assert!(line.flow.is_done() && line.hung_up);
        prop_assert!(line.now.0 < Duration::from_secs(240), "took {:?}", line.now.0);
    }
}

#[test]
fn every_key_of_every_profile_does_for_a_caller_what_the_card_says() {
    for name in Profile::names() {
        let profile = Profile::built_in(name).unwrap();
        for (keys, command) in profile.keys(Menu::Directory) {
            let waits = profile.waits(Menu::Directory, keys);
            let mut flow = Entrance::directory(profile.clone(), true);
            let mut tell = |at: f64, event: CallEvent| {
                let mut actions = Vec::new();
                flow.handle(CallTime(Duration::from_secs_f64(at)), event, &mut actions);
                actions
            };
            tell(0.0, CallEvent::Started);
            for key in "568#".chars() {
                tell(1.0, CallEvent::Digit(Key::new(key).unwrap()));
            }
            let people = ["1001", "1002", "1003"].map(|extension| person(extension, 1));
            let found = Reply::Found { people: people.to_vec(), all: 3, by: SearchBy::Any };
            tell(1.0, CallEvent::Reply(1, found));
            // From the first person, or where that says nothing, from the second.
            let next = profile.keys(Menu::Directory).find(|(_, is)| *is == Command::NextPerson).unwrap().0;
            tell(2.0, CallEvent::Digit(Key::new(next.chars().next().unwrap()).unwrap()));
            if profile.waits(Menu::Directory, next) {
                tell(3.5, CallEvent::DeadlineReached);
            }
            let mut done = Vec::new();
            for key in keys.chars() {
                done.extend(tell(4.0, CallEvent::Digit(Key::new(key).unwrap())));
            }
            if waits {
                assert!(done.is_empty(), "{name}: {keys} waits, and did {done:?}");
                done.extend(tell(5.5, CallEvent::DeadlineReached));
            }
            let done = done.iter().map(crate::script::describe).collect::<Vec<_>>().join(", ");
            let promised = match command {
                Command::ThisPerson => "ask visit 1002",
                Command::Operator => "play operator-trying",
                Command::SearchAgain => "play directory-ask",
                _ => "play greeting",
            };
            assert!(done.contains(promised), "{name}: {keys} ({command:?}) did {done}");
        }
    }
}
