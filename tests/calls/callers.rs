//! Callers who press anything at any time, on a line where anything may fail: what must hold in every call.
//!
//! A simulated driver answers the dialogue's actions late, early, twice or never, and notes what is asked of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aftertone::domain::{RecordingClass, ToneChoice};
use aftertone::flow::leave::{Instructions, LeaveMessage, Mode, Plan};
use aftertone::flow::phrases;
use aftertone::flow::{
    Action, CallEvent, Flow, PlayId, StopCause, StoreOutcome, Take, TransferOutcome, Utterance,
};
use proptest::prelude::*;

use crate::line::{Line, Wire};
use crate::script::plan;

/// What happens next, if it can.
#[derive(Debug, Clone)]
enum Chance {
    Key(char),
    Played,
    Stopped {
        cause: StopCause,
        length: u64,
        voiced: u64,
        class: RecordingClass,
    },
    Stored(StoreOutcome),
    Transferred(TransferOutcome),
    Deadline,
    HangUp,
    /// An answer to something that was never asked or is long over.
    Stray(u32),
}

fn chances() -> impl Strategy<Value = Vec<(u64, Chance)>> {
    let key = prop::sample::select("0123456789*#ABCD".chars().collect::<Vec<_>>());
    let cause = prop::sample::select(vec![
        StopCause::Silence,
        StopCause::Silence,
        StopCause::Limit,
        StopCause::MediaLost,
        StopCause::Tone,
        StopCause::StorageFailed,
        StopCause::HungUp,
    ]);
    let class = prop::sample::select(vec![
        RecordingClass::Speech,
        RecordingClass::Speech,
        RecordingClass::NoSpeech,
        RecordingClass::BusyTone,
        RecordingClass::FaxTone,
    ]);
    let stored =
        prop::sample::select(vec![StoreOutcome::Stored, StoreOutcome::Waiting, StoreOutcome::Failed]);
    let transferred = prop::sample::select(vec![
        TransferOutcome::Done,
        TransferOutcome::Failed,
        TransferOutcome::NotAllowed,
    ]);
    let chance = prop_oneof![
        8 => key.prop_map(Chance::Key),
        8 => Just(Chance::Played),
        6 => (cause, 0..200_000u64, 0..100_000u64, class).prop_map(|(cause, length, voiced, class)| {
            Chance::Stopped { cause, length, voiced: if voiced % 3 == 0 { 0 } else { voiced }, class }
        }),
        3 => stored.prop_map(Chance::Stored),
        3 => transferred.prop_map(Chance::Transferred),
        2 => Just(Chance::Deadline),
        1 => Just(Chance::HangUp),
        1 => (0..9u32).prop_map(Chance::Stray),
    ];
    prop::collection::vec((0..4_000u64, chance), 0..120)
}

fn plans() -> impl Strategy<Value = Plan> {
    let mode = prop_oneof![
        9 => Just(Mode::TakeMessage),
        1 => prop::sample::select(vec![
            Mode::AnnouncementOnly,
            Mode::Disabled,
            Mode::MailboxFull,
            Mode::TurnedAway,
            Mode::UnknownTarget,
            Mode::SignInUnavailable,
            Mode::TechnicalTrouble,
        ]),
    ];
    let instructions = prop::sample::select(vec![
        Instructions::Never,
        Instructions::UnlessOwnGreeting,
        Instructions::Always,
    ]);
    (mode, instructions, any::<[bool; 6]>()).prop_map(
        |(mode, instructions, [operator, keep, own, none, silent, screens])| {
            let (keep_no_speech, own_greeting) = (keep, own);
            let mut plan =
                Plan { mode, instructions, operator, keep_no_speech, own_greeting, screens, ..plan() };
            if none {
                plan.greeting = None;
            }
            if silent {
                plan.tone = ToneChoice::Silent;
            }
            if own {
                let target = aftertone::domain::KeyTarget::Call("1002".to_owned());
                plan.keys = aftertone::flow::Key::new('1').map(|key| (key, target)).into_iter().collect();
            }
            plan
        },
    )
}

/// The driver's side of the call: what it was asked for, and what it may answer.
struct Call {
    flow: LeaveMessage,
    wire: Wire,
    /// How each recording ended.
    ended: BTreeMap<Take, Vec<&'static str>>,
    /// The recording that holds nothing but a name, as long as it does.
    name: Option<Take>,
    storing: Option<Take>,
    /// What the store said last.
    stored: Option<StoreOutcome>,
}

impl Line for Call {
    type Dialogue = LeaveMessage;
    const LONGEST_WAIT: Duration = Duration::from_secs(700);

    fn flow(&mut self) -> &mut LeaveMessage {
        &mut self.flow
    }

    fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    fn carry_out(&mut self, action: Action) {
        assert!(!self.wire.hung_up, "{action:?} after hanging up");
        if self.wire.caller_gone {
            let quiet = matches!(action, Action::Persist(_) | Action::Discard(_));
            assert!(quiet, "{action:?} for a caller who is gone");
        }
        match action {
            Action::Play(id, utterances) => {
                assert!(!utterances.is_empty(), "nothing to play");
                assert!(self.wire.recording.is_none(), "the caller is talked over");
                for utterance in &utterances {
                    self.listen(utterance);
                }
                self.wire.playing = Some(id);
            }
            Action::StopPlaying => self.wire.playing = None,
            Action::Record { take, append, .. } => {
                assert!(self.wire.recording.is_none(), "two recordings at once");
                assert!(self.wire.playing.is_none(), "records what it plays");
                let is_first = self.ended.is_empty() && self.flow.plan().screens;
                self.name = Some(take).filter(|_| is_first && !append);
                if append {
                    assert!(self.wire.open.remove(&take), "goes on with a recording that is gone");
                } else {
                    assert!(self.ended.insert(take, Vec::new()).is_none(), "a take has two recordings");
                }
                self.wire.recording = Some(take);
            }
            Action::StopRecording(take) => assert_eq!(self.wire.recording, Some(take)),
            Action::Mark { take, .. } => {
                assert!(
                    self.wire.open.contains(&take) || self.wire.recording == Some(take),
                    "marks what is gone"
                );
            }
            Action::Persist(take) => {
                self.end(take, "persist");
                self.storing = Some(take);
            }
            Action::Discard(take) => self.end(take, "discard"),
            Action::TransferToOperator | Action::TransferTo(_) => self.wire.transferring = true,
            Action::HangUp => self.wire.hung_up = true,
            Action::Ask(..) | Action::SignIn | Action::Report(_) | Action::GoOn(_) => {
                panic!("{action:?} of a caller")
            }
        }
    }
}

impl Call {
    fn new(plan: Plan) -> Self {
        let mut line = Self {
            flow: LeaveMessage::new(plan),
            wire: Wire::default(),
            ended: BTreeMap::new(),
            name: None,
            storing: None,
            stored: None,
        };
        line.tell(CallEvent::Started);
        line
    }

    /// What the caller is told must be true.
    fn listen(&self, utterance: &Utterance) {
        match utterance {
            Utterance::Recording(take) => {
                assert!(self.wire.open.contains(take), "plays a recording that is gone")
            }
            Utterance::Phrase(phrase) if phrase.id == phrases::MESSAGE_SENT.id => {
                assert_eq!(self.stored, Some(StoreOutcome::Stored), "durable before told");
            }
            Utterance::Phrase(phrase) if phrase.id == phrases::MESSAGE_WAITING.id => {
                assert_eq!(self.stored, Some(StoreOutcome::Waiting));
            }
            Utterance::Phrase(phrase) if phrase.id == phrases::MESSAGE_LOST.id => {
                assert_eq!(self.stored, Some(StoreOutcome::Failed));
            }
            Utterance::Phrase(phrase) if phrase.id == phrases::MESSAGE_DISCARDED.id => {
                assert!(self.wire.open.is_empty(), "the message is still there");
            }
            _ => {}
        }
    }

    fn end(&mut self, take: Take, how: &'static str) {
        // Only a recorder that never answered leaves a recording that is ended while it runs.
        if self.wire.recording == Some(take) {
            let is_name = self.name == Some(take);
            assert!(how == "persist" || is_name, "a recording that nobody judged is forgotten");
            self.wire.recording = None;
        } else {
            assert!(self.wire.open.remove(&take), "{how} of {take:?}, which is not there");
        }
        self.ended.get_mut(&take).unwrap().push(how);
    }

    fn stop(&mut self, cause: StopCause, length: u64, voiced: u64, class: RecordingClass) {
        let Some(take) = self.wire.recording.take() else { return };
        self.wire.open.insert(take);
        self.wire.caller_gone |= cause == StopCause::HungUp;
        let (length, voiced) = (Duration::from_millis(length), Duration::from_millis(voiced));
        self.tell(CallEvent::RecordingStopped { take, cause, length, voiced, class });
    }

    /// Lets the chance happen, where what happened before allows it.
    fn happen(&mut self, after: u64, chance: Chance) {
        self.pass(after);
        match chance {
            Chance::Key(key) => self.key(key),
            Chance::Played => self.played(),
            Chance::Stopped { cause, length, voiced, class } => {
                let cause = if self.wire.caller_gone { StopCause::HungUp } else { cause };
                self.stop(cause, length, voiced, class);
            }
            Chance::Stored(outcome) => {
                if let Some(take) = self.storing.take() {
                    self.stored = Some(outcome);
                    self.tell(CallEvent::Stored { take, outcome });
                }
            }
            Chance::Transferred(outcome) => self.transferred(outcome),
            Chance::Deadline => self.run_into_deadline(),
            Chance::HangUp => self.hang_up(),
            Chance::Stray(number) => self.stray(number),
        }
    }

    fn run_into_deadline(&mut self) {
        // An early one first: it must change nothing.
        self.tell(CallEvent::DeadlineReached);
        self.pass_deadline();
    }

    fn stray(&mut self, number: u32) {
        let take = Take(1_000 + number);
        self.tell(CallEvent::PlayFinished(PlayId(1_000 + number)));
        self.tell(CallEvent::Stored { take, outcome: StoreOutcome::Stored });
        self.tell(CallEvent::RecordingStopped {
            take,
            cause: StopCause::Silence,
            length: Duration::from_secs(9),
            voiced: Duration::from_secs(9),
            class: RecordingClass::Speech,
        });
        self.tell(CallEvent::Started);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_caller_does_each_recording_ends_once_and_the_call_ends(plan in plans(), chances in chances()) {
        let mut line = Call::new(plan);
        for (after, chance) in chances {
            line.happen(after, chance);
        }
        line.nothing_more();
        for (take, ends) in &line.ended {
            prop_assert_eq!(ends.len(), 1, "{:?} ended as {:?}", take, ends);
        }
        prop_assert!(line.wire.open.is_empty() && line.wire.recording.is_none());
        prop_assert!(line.wire.hung_up || line.wire.caller_gone, "nobody hung up");
    }

    #[test]
    fn a_caller_who_does_nothing_reaches_the_end_within_minutes(plan in plans()) {
        let mut line = Call::new(plan);
        for _ in 0..100 {
            if line.flow.is_done() {
                break;
            }
            if let Some(id) = line.wire.playing.take() {
                line.wire.now = line.wire.now + Duration::from_secs(5);
                line.tell(CallEvent::PlayFinished(id));
            } else if line.wire.recording.is_some() {
                line.wire.now = line.wire.now + Duration::from_secs(5);
                line.stop(StopCause::Silence, 0, 0, RecordingClass::NoSpeech);
            } else {
                line.run_into_deadline();
            }
        }
        prop_assert!(line.flow.is_done() && line.wire.hung_up);
        prop_assert!(line.wire.now.0 < Duration::from_secs(180), "took {:?}", line.wire.now.0);
    }

    #[test]
    fn speech_is_never_forgotten_unless_the_caller_asks(plan in plans(), chances in chances()) {
        // Without 3 (record again) and 7 (discard) every recording with speech in it becomes a message.
        let mut line = Call::new(plan);
        let mut spoken = BTreeSet::new();
        // What is said as a name (002-036) makes no message.
        let mut named = 0;
        for (after, chance) in chances {
            if matches!(chance, Chance::Key('3' | '7')) {
                continue;
            }
            if let (Chance::Stopped { voiced, class, .. }, Some(take)) = (&chance, line.wire.recording) {
                let of_name = if take == Take(1) { named } else { 0 };
                if line.name == Some(take) {
                    named = *voiced;
                } else if *class == RecordingClass::Speech && *voiced >= 1_000 + of_name {
                    spoken.insert(take);
                } else {
                    spoken.remove(&take);
                }
            }
            line.happen(after, chance);
        }
        line.nothing_more();
        for take in spoken {
            prop_assert_eq!(line.ended.get(&take).map(Vec::as_slice), Some(&["persist"][..]));
        }
    }
}
