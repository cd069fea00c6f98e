//! Reads a `.call` script and holds a dialogue to it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aftertone::domain::{
    CallStep, Extension, GreetingId, GreetingKind, KeyTarget, RecordingClass, ToneChoice,
};
use aftertone::flow::entrance::Entrance;
use aftertone::flow::leave::{Instructions, LeaveMessage, Mode, Plan};
use aftertone::flow::owner::Owner;
use aftertone::flow::owner::desk::Reply;
use aftertone::flow::phrases;
use aftertone::flow::{
    Action, CallEvent, CallTime, Flow, Key, PlayId, RecordLimits, StopCause, StoreOutcome, Take,
    TransferOutcome, Utterance,
};
use aftertone::speech::Arg;

use crate::mailbox::{self, Mailbox};

/// The plan of a script that sets nothing: an own greeting, no operator.
pub(crate) fn plan() -> Plan {
    Plan {
        mode: Mode::TakeMessage,
        greeting: Some(vec![Utterance::Greeting(GreetingId::from_uuid(uuid::Uuid::nil()))]),
        own_greeting: true,
        screens: false,
        instructions: Instructions::UnlessOwnGreeting,
        tone: ToneChoice::default(),
        limits: RecordLimits { max: secs(180.0), silence: secs(5.0), warn_before: secs(10.0) },
        min_speech: secs(1.0),
        keep_no_speech: false,
        operator: false,
        sign_in: false,
        keys: BTreeMap::new(),
        transfer: None,
    }
}

/// Which dialogue the script is about.
#[derive(Debug, Clone)]
enum Dialogue {
    /// A caller leaves a message.
    Leave,
    /// The same, and `*` leads into this mailbox.
    Entrance(Extension),
    /// Somebody signs in; this mailbox is presumed.
    Owner(Option<Extension>),
    /// Somebody looks for somebody.
    Directory,
    /// The same, from a device that proved who it is.
    Recognised(Extension),
    /// The owner is called to record this.
    Called(GreetingKind),
}

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Runs the script in this file.
pub(crate) fn run(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if !text.starts_with('#') {
        return Err(format!("{}: begins without the rule that it shows", path.display()));
    }
    run_text(&path.display().to_string(), &text)
}

/// Runs this script.
pub(crate) fn run_text(name: &str, text: &str) -> Result<(), String> {
    let mut run = Run {
        plan: plan(),
        dialogue: Dialogue::Leave,
        mailbox: Mailbox::default(),
        flow: None,
        last_play: PlayId(0),
        last_ask: 0,
        got: Vec::new(),
        asked_at: 0,
    };
    for (number, line) in text.lines().enumerate() {
        let line = line.split(" //").next().unwrap_or("").trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        run.line(number + 1, line).map_err(|(line, problem)| format!("{name}:{line}: {problem}"))?;
    }
    run.nothing_left().map_err(|(line, problem)| format!("{name}:{line}: {problem}"))
}

type Problem = (usize, String);

struct Run {
    plan: Plan,
    dialogue: Dialogue,
    mailbox: Mailbox,
    flow: Option<Box<dyn Flow>>,
    last_play: PlayId,
    last_ask: u32,
    got: Vec<Action>,
    asked_at: usize,
}

impl Run {
    fn line(&mut self, number: usize, line: &str) -> Result<(), Problem> {
        let here = |problem: String| (number, problem);
        if let Some(expected) = line.strip_prefix("< ") {
            return self.expect(number, expected.trim());
        }
        let Some((time, event)) = line.split_once(" > ") else {
            return self.set(line).map_err(here);
        };
        self.nothing_left()?;
        let now: f64 = time.trim().parse().map_err(|_| here(format!("{time:?} is no time")))?;
        let now = CallTime(secs(now));
        let flow = match &mut self.flow {
            Some(flow) => flow,
            None => self.flow.insert(begin(&self.dialogue, &self.plan, &self.mailbox)),
        };
        if event == "deadline" && flow.deadline() != Some(now) {
            return Err(here(format!("the deadline is {:?}", flow.deadline())));
        }
        let words: Vec<&str> = event.split_whitespace().collect();
        let arrived = arrived(&words, self.plan.operator);
        let event = match arrived.or(self.mailbox.reply(&words).map_err(here)?) {
            Some(reply) => CallEvent::Reply(self.last_ask, reply),
            None => parse_event(event, self.last_play, &self.dialogue).map_err(here)?,
        };
        flow.handle(now, event, &mut self.got);
        self.asked_at = number;
        for action in &self.got {
            match action {
                Action::Play(id, _) => self.last_play = *id,
                Action::Ask(number, _) => self.last_ask = *number,
                _ => {}
            }
        }
        Ok(())
    }

    fn expect(&mut self, number: usize, expected: &str) -> Result<(), Problem> {
        if expected == "done" {
            self.nothing_left()?;
            let done = self.flow.as_ref().is_some_and(|flow| flow.is_done() && flow.deadline().is_none());
            return if done { Ok(()) } else { Err((number, "the dialogue is not over".to_owned())) };
        }
        if expected == "nothing" {
            return self.nothing_left();
        }
        if self.got.is_empty() {
            return Err((number, format!("expected `{expected}`, but nothing more is done")));
        }
        let got = describe(&self.got.remove(0));
        let matches = match expected.strip_suffix(" …") {
            Some(start) => got.starts_with(start),
            None => got == expected,
        };
        if matches { Ok(()) } else { Err((self.asked_at, format!("expected `{expected}`, got `{got}`"))) }
    }

    fn nothing_left(&self) -> Result<(), Problem> {
        match self.got.first() {
            Some(action) => Err((self.asked_at, format!("unexpected `{}`", describe(action)))),
            None => Ok(()),
        }
    }

    fn set(&mut self, line: &str) -> Result<(), String> {
        if self.flow.is_some() {
            return Err(format!("{line:?} comes after the call began"));
        }
        let (name, value) = line.split_once(' ').ok_or_else(|| format!("{line:?} is no setting"))?;
        if self.mailbox.set(name, value)? {
            return Ok(());
        }
        let plan = &mut self.plan;
        match (name, value) {
            ("owner", "unknown") => self.dialogue = Dialogue::Owner(None),
            ("owner", extension) => {
                self.dialogue = Dialogue::Owner(Some(extension.parse().map_err(|error| format!("{error}"))?));
            }
            ("device", extension) => {
                self.dialogue = Dialogue::Recognised(extension.parse().map_err(|error| format!("{error}"))?);
            }
            ("call-me", kind) => {
                self.dialogue = Dialogue::Called(kind.parse().map_err(|error| format!("{error}"))?);
            }
            ("entrance", extension) => {
                plan.sign_in = true;
                self.dialogue = Dialogue::Entrance(extension.parse().map_err(|error| format!("{error}"))?);
            }
            ("directory", "yes") => self.dialogue = Dialogue::Directory,
            ("key", value) => {
                let (key, target) = value.split_once(' ').ok_or("a key has a target")?;
                let key = key.chars().next().and_then(Key::new).ok_or("that is no key")?;
                plan.keys.insert(key, target.parse().map_err(|error| format!("{error}"))?);
            }
            ("mode", value) => plan.mode = parse_mode(value)?,
            ("greeting", "none") => (plan.greeting, plan.own_greeting) = (None, false),
            ("greeting", "own") => {}
            ("greeting", extension) => {
                let extension = extension.parse().map_err(|error| format!("{error}"))?;
                plan.greeting = Some(phrases::builtin_greeting(&extension, None, false));
                plan.own_greeting = false;
            }
            ("instructions", "never") => plan.instructions = Instructions::Never,
            ("instructions", "always") => plan.instructions = Instructions::Always,
            ("tone", "silent") => plan.tone = ToneChoice::Silent,
            ("operator", "yes") => plan.operator = true,
            ("screening", "yes") => plan.screens = true,
            ("way", value) => {
                let (key, target) = value.split_once(' ').ok_or("a way is a key and a target")?;
                let key = key.chars().next().and_then(Key::new).ok_or("a way begins with a key")?;
                plan.keys.insert(key, KeyTarget::Call(target.to_owned()));
            }
            ("keep-no-speech", "yes") => plan.keep_no_speech = true,
            ("max", seconds) => plan.limits.max = parse_seconds(seconds)?,
            _ => return Err(format!("{line:?} is no setting")),
        }
        Ok(())
    }
}

/// `arrived take-message`, `arrived disabled`, `arrived nowhere`: another mailbox takes the call. `arrived elsewhere 1005`: a
/// rule of that mailbox sends it there first.
fn arrived(words: &[&str], operator: bool) -> Option<Reply> {
    if let ["arrived", "elsewhere", target] = words {
        let transfer = Some((*target).to_owned());
        return Some(Reply::Arrived(Some(Box::new(Plan { sign_in: true, operator, transfer, ..plan() }))));
    }
    let ["arrived", how] = words else { return None };
    let plan = |mode| Plan { mode, sign_in: true, operator, ..plan() };
    Some(Reply::Arrived(match *how {
        "nowhere" => None,
        how => Some(Box::new(plan(parse_mode(how).ok()?))),
    }))
}

fn begin(dialogue: &Dialogue, plan: &Plan, mailbox: &Mailbox) -> Box<dyn Flow> {
    let keys = || Arc::clone(&mailbox.session.keys);
    let leave = || LeaveMessage::new(plan.clone());
    match dialogue {
        Dialogue::Leave => Box::new(leave()),
        Dialogue::Entrance(own) => Box::new(Entrance::new(leave(), Some(own.clone()), keys())),
        Dialogue::Directory => Box::new(Entrance::directory(keys(), plan.operator)),
        Dialogue::Owner(presumed) => Box::new(Owner::new(presumed.clone())),
        Dialogue::Recognised(own) => Box::new(Owner::recognised(Some(own.clone()))),
        Dialogue::Called(kind) => Box::new(Owner::called_for(*kind, mailbox.session.clone())),
    }
}

fn parse_mode(word: &str) -> Result<Mode, String> {
    Ok(match word {
        "take-message" => Mode::TakeMessage,
        "announcement-only" => Mode::AnnouncementOnly,
        "disabled" => Mode::Disabled,
        "full" => Mode::MailboxFull,
        "turned-away" => Mode::TurnedAway,
        "unknown" => Mode::UnknownTarget,
        "sign-in" => Mode::SignInUnavailable,
        "trouble" => Mode::TechnicalTrouble,
        _ => return Err(format!("{word:?} is no mode")),
    })
}

pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.strip_suffix('s')
        .and_then(|text| text.parse().ok())
        .map(secs)
        .ok_or(format!("{text:?} is no length"))
}

/// `started`, `key 1`, `played`, `deadline`, `hung up`, `transfer done`, `stored 1 waiting`,
/// `stopped 1 silence 9.2s voiced 4.0s busy-tone` (the class may be left out).
fn parse_event(text: &str, last_play: PlayId, dialogue: &Dialogue) -> Result<CallEvent, String> {
    let first = match dialogue {
        Dialogue::Owner(_) | Dialogue::Recognised(_) | Dialogue::Called(_) => mailbox::FIRST_TAKE,
        Dialogue::Leave | Dialogue::Entrance(_) | Dialogue::Directory => 0,
    };
    let parse_take = |text: &str| parse_take(text).map(|take| Take(take.0 + first));
    let words: Vec<&str> = text.split_whitespace().collect();
    Ok(match words.as_slice() {
        ["started"] => CallEvent::Started,
        ["played"] => CallEvent::PlayFinished(last_play),
        ["played", "earlier"] => CallEvent::PlayFinished(PlayId(last_play.0.wrapping_sub(1))),
        ["began"] => CallEvent::MessageBegan(last_play),
        ["unplayable"] => CallEvent::MessageUnplayable(last_play),
        ["unmarked", message, mark] => CallEvent::Unmarked(mailbox::id(message), mailbox::parse_mark(mark)?),
        ["deadline"] => CallEvent::DeadlineReached,
        ["hung", "up"] => CallEvent::HungUp,
        ["key", key] => CallEvent::Digit(
            key.chars().next().and_then(Key::new).ok_or_else(|| format!("{key:?} is no key"))?,
        ),
        ["transfer", outcome] => CallEvent::Transferred(match *outcome {
            "done" => TransferOutcome::Done,
            "failed" => TransferOutcome::Failed,
            "not-allowed" => TransferOutcome::NotAllowed,
            _ => return Err(format!("{outcome:?} is no outcome of a transfer")),
        }),
        ["stored", take, outcome] => CallEvent::Stored {
            take: parse_take(take)?,
            outcome: match *outcome {
                "now" => StoreOutcome::Stored,
                "waiting" => StoreOutcome::Waiting,
                "failed" => StoreOutcome::Failed,
                _ => return Err(format!("{outcome:?} is no outcome of storing")),
            },
        },
        ["stopped", take, cause, length, "voiced", voiced, class @ ..] => CallEvent::RecordingStopped {
            take: parse_take(take)?,
            cause: parse_cause(cause)?,
            length: parse_seconds(length)?,
            voiced: parse_seconds(voiced)?,
            class: match class.first() {
                Some(class) => class.parse().map_err(|error| format!("{error}"))?,
                None => RecordingClass::Speech,
            },
        },
        _ => return Err(format!("{text:?} is no event")),
    })
}

fn parse_take(text: &str) -> Result<Take, String> {
    text.parse().map(Take).map_err(|_| format!("{text:?} is no take"))
}

fn parse_cause(word: &str) -> Result<StopCause, String> {
    Ok(match word {
        "silence" => StopCause::Silence,
        "limit" => StopCause::Limit,
        "asked" => StopCause::Asked,
        "media-lost" => StopCause::MediaLost,
        "tone" => StopCause::Tone,
        "storage-failed" => StopCause::StorageFailed,
        "hung-up" => StopCause::HungUp,
        _ => return Err(format!("{word:?} is no cause")),
    })
}

/// The action as a script writes it.
pub(crate) fn describe(action: &Action) -> String {
    let number = |take: &Take| take.0 % mailbox::FIRST_TAKE;
    match action {
        Action::Ask(_, request) => format!("ask {}", mailbox::describe_request(request)),
        Action::TransferTo(target) => format!("transfer to {target}"),
        Action::SignIn => "sign in".to_owned(),
        Action::GoOn(place) => format!("go on to {place:?}"),
        Action::Play(_, utterances) => {
            let mut text = String::from("play");
            for utterance in utterances {
                text.push(' ');
                text.push_str(&describe_utterance(utterance));
            }
            text
        }
        Action::StopPlaying => "hush".to_owned(),
        Action::Record { take, append: false, .. } => format!("record {}", number(take)),
        Action::Record { take, append: true, .. } => format!("record {} more", number(take)),
        Action::StopRecording(take) => format!("stop {}", number(take)),
        Action::Mark { take, urgent, private } => {
            let mut text = format!("mark {}", number(take));
            for (set, word) in [(urgent, " urgent"), (private, " private")] {
                if *set {
                    text.push_str(word);
                }
            }
            text
        }
        Action::Persist(take) => format!("persist {}", number(take)),
        Action::Discard(take) => format!("discard {}", number(take)),
        Action::TransferToOperator => "transfer".to_owned(),
        Action::Report(CallStep::Failed { reason, .. }) => format!("report failed {}", reason.as_str()),
        Action::Report(step) => format!("report {}", step.as_str()),
        Action::HangUp => "hang up".to_owned(),
    }
}

fn describe_utterance(utterance: &Utterance) -> String {
    match utterance {
        Utterance::Phrase(phrase) => {
            let mut text = phrase.id.to_owned();
            for (_, value) in &phrase.args {
                let written = match value {
                    Arg::Digits(digits) => write!(text, "({digits})"),
                    Arg::Number(number) => write!(text, "({number})"),
                    Arg::Time(hour, minute) => write!(text, "({hour}:{minute:02})"),
                    Arg::Letters(letters) => write!(text, "({letters})"),
                    Arg::Date(weekday, month, day) => write!(text, "({weekday}/{month}-{day})"),
                };
                written.unwrap();
            }
            text
        }
        Utterance::Greeting(_) => "greeting".to_owned(),
        Utterance::Recording(take) => format!("recording-{}", take.0 % mailbox::FIRST_TAKE),
        Utterance::Message(part) => mailbox::describe_part(part),
        Utterance::Tone(_) => "tone".to_owned(),
        Utterance::Pause(_) => "pause".to_owned(),
    }
}
