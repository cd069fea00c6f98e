//! What scripts say of an owner's mailbox: its messages and settings, what the services answer, what is asked of them.

use std::collections::BTreeMap;
use std::time::Duration;

use aftertone::domain::{
    CallerId, Counts, Envelope, Extension, Folder, Greeting, GreetingId, GreetingKind, Heading, MailMode,
    MailboxId, Mark, Message, MessageId, Origin, PhoneSettings, RecordingClass, RedirectReason, SearchBy,
    Sender, Shelf, TenantId, ToneChoice, Tutorial,
};
use aftertone::flow::keys::Profile;
use aftertone::flow::owner::desk::{BadPin, Member, Person, Reply, Request, Session, Zone};
use aftertone::flow::{MessagePart, RecordLimits};
use jiff::Timestamp;

/// When scripts sign in: Wednesday, 4 March 2026, 15:00 in Berlin.
pub(crate) const NOW: &str = "2026-03-04T14:00:00Z";

/// Numbers of an owner's recordings begin here; scripts count from 1.
pub(crate) const FIRST_TAKE: u32 = 100_000;

/// The mailbox of a script.
#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) session: Session,
    pub(crate) messages: BTreeMap<String, Heading>,
}

impl Default for Mailbox {
    fn default() -> Self {
        let tutorial = Tutorial { pin: true, name: true, greeting: true, done: true };
        let session = Session {
            keys: Profile::built_in("default").unwrap(),
            phone: PhoneSettings { tutorial, key_help: false, ..PhoneSettings::default() },
            mail: Some(MailMode::Link),
            zone: Zone(jiff::tz::TimeZone::get("Europe/Berlin").unwrap()),
            now: NOW.parse().unwrap(),
            counts: Counts { new: 2, ..Counts::default() },
            place: None,
            limits: Some(RecordLimits {
                max: Duration::from_secs(120),
                silence: Duration::from_secs(5),
                warn_before: Duration::from_secs(10),
            }),
            tone: ToneChoice::default(),
            operator: false,
        };
        Self { session, messages: BTreeMap::new() }
    }
}

pub(crate) fn id(name: &str) -> MessageId {
    let number = name.bytes().fold(0_u128, |sum, byte| sum << 8 | u128::from(byte));
    MessageId::from_uuid(uuid::Uuid::from_u128(number))
}

fn name(id: MessageId) -> String {
    let bytes = id.uuid().as_u128().to_be_bytes();
    bytes.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
}

/// A message of this length, otherwise plain.
pub(crate) fn heading(id: MessageId, length: Duration) -> Heading {
    let message = Message {
        id,
        tenant: TenantId::from_uuid(uuid::Uuid::nil()),
        mailbox: MailboxId::from_uuid(uuid::Uuid::nil()),
        folder: Folder::Inbox,
        tag: None,
        heard_at: None,
        urgent: false,
        private: false,
        caller: CallerId::new(Some("+15550100"), None),
        alias: None,
        reason: RedirectReason::Unknown,
        received_at: "2026-03-04T08:05:00Z".parse().unwrap(),
        duration_ms: u32::try_from(length.as_millis()).unwrap(),
        voiced_ms: 0,
        class: RecordingClass::Speech,
        sample_rate: 8_000,
        bytes: 0,
        sha256: String::new(),
        object: String::new(),
    };
    Heading { message, sender: None, origin: None }
}

impl Mailbox {
    /// One setting of a script, beginning with its name. `Ok(false)`: not one of these.
    pub(crate) fn set(&mut self, setting: &str, value: &str) -> Result<bool, String> {
        let phone = &mut self.session.phone;
        let yes = value == "yes";
        match setting {
            "keys" => {
                self.session.keys = Profile::built_in(value).ok_or(format!("{value:?} are no keys"))?;
            }
            "message" => self.add(value)?,
            "counts" => self.session.counts = counts(value)?,
            "session-operator" => self.session.operator = yes,
            "key-help" => phone.key_help = yes,
            "call-back" => phone.may_call_back = yes,
            "broadcast" => phone.may_broadcast = yes,
            "auto-play" => phone.auto_play = yes,
            "speed" => phone.speed_percent = value.parse().map_err(|_| format!("{value:?} is no speed"))?,
            "envelope" => {
                let has = |part: &str| value.contains(part);
                phone.envelope =
                    Envelope { time: has("time"), caller: has("caller"), duration: has("duration") };
            }
            "tutorial" => {
                let has = |part: &str| value.contains(part);
                phone.tutorial =
                    Tutorial { pin: has("pin"), name: has("name"), greeting: has("greeting"), done: false };
            }
            "place" => {
                let (message, at) = value.split_once(' ').ok_or("a place is a message and a time")?;
                self.session.place = Some((id(message), crate::script::parse_seconds(at)?));
            }
            "mail" => {
                self.session.mail =
                    if value == "none" { None } else { Some(value.parse().map_err(|e| format!("{e}"))?) }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `a 30s urgent private heard from 1002 named at 2026-03-01T10:00:00Z number +15550100`; `left +15550111
    /// 2026-02-28T10:00:00Z` of one that was forwarded.
    fn add(&mut self, text: &str) -> Result<(), String> {
        let mut words = text.split_whitespace();
        let named = words.next().ok_or("a message has a name")?.to_owned();
        let length = crate::script::parse_seconds(words.next().ok_or("a message has a length")?)?;
        let mut heading = heading(id(&named), length);
        while let Some(word) = words.next() {
            let message = &mut heading.message;
            match word {
                "urgent" => message.urgent = true,
                "private" => message.private = true,
                "heard" => message.heard_at = Some(NOW.parse().unwrap()),
                "anonymous" => message.caller = CallerId::anonymous(),
                "from" => {
                    let extension: Extension =
                        words.next().unwrap_or("").parse().map_err(|e| format!("{e}"))?;
                    let mailbox = MailboxId::from_uuid(uuid::Uuid::nil());
                    heading.sender = Some(Sender { extension, mailbox, name: None });
                }
                "named" => {
                    if let Some(sender) = &mut heading.sender {
                        sender.name = Some(GreetingId::from_uuid(uuid::Uuid::nil()));
                    }
                }
                "left" => {
                    let caller = CallerId::new(words.next(), None);
                    let received_at = words.next().unwrap_or("").parse().map_err(|e| format!("{e}"))?;
                    heading.origin = Some(Origin { caller, received_at });
                }
                "number" => message.caller = CallerId::new(words.next(), None),
                "at" => {
                    message.received_at = words.next().unwrap_or("").parse().map_err(|e| format!("{e}"))?
                }
                _ => return Err(format!("{word:?} is said of no message")),
            }
        }
        self.messages.insert(named, heading);
        Ok(())
    }

    /// What a service answers. `None`: no answer of a service.
    pub(crate) fn reply(&self, words: &[&str]) -> Result<Option<Reply>, String> {
        Ok(Some(match words {
            ["welcome"] => Reply::Welcome(Box::new(self.session.clone())),
            ["refused", rest @ ..] => Reply::Refused { wait: Duration::from_secs(1), last: rest == ["last"] },
            ["failed"] => Reply::Failed,
            ["done"] => Reply::Done,
            ["private"] => Reply::Private,
            ["messages", names @ ..] => {
                let find =
                    |name: &&str| self.messages.get(*name).cloned().ok_or(format!("no message {name}"));
                Reply::Messages(names.iter().map(find).collect::<Result<_, _>>()?)
            }
            ["recipient", "no"] => Reply::Recipient(None),
            ["recipient", "named"] => Reply::Recipient(Some(Some(GreetingId::from_uuid(uuid::Uuid::nil())))),
            ["recipient", "yes"] => Reply::Recipient(Some(None)),
            ["found", all, people @ ..] => found(all, people)?,
            ["not-allowed"] => Reply::NotAllowed,
            ["everybody", all @ ..] => {
                Reply::Everybody(all.iter().filter_map(|all| all.parse().ok()).collect())
            }
            ["lists", all @ ..] => Reply::Lists(all.iter().filter_map(|text| list_of(text)).collect()),
            ["list", all @ ..] => Reply::List(all.iter().filter_map(|text| member(text)).collect()),
            ["sent", to, failed @ ..] => Reply::Sent {
                to: to.parse().map_err(|_| format!("{to:?} is no count"))?,
                failed: failed.iter().filter_map(|extension| extension.parse().ok()).collect(),
            },
            ["bad-pin", why] => Reply::BadPin(match *why {
                "shape" => BadPin::Shape,
                "repeats" => BadPin::Repeats,
                "sequence" => BadPin::Sequence,
                "extension" => BadPin::Extension,
                _ => BadPin::Year,
            }),
            ["greetings", all @ ..] => Reply::Greetings(
                (1..).zip(all).map(|(id, text)| greeting(id, text)).collect::<Result<_, _>>()?,
            ),
            _ => return Ok(None),
        }))
    }
}

/// `found 2 1002 1003:call 1004:spelled-grace`; of `found 20+last` only last names count.
fn found(all: &str, people: &[&str]) -> Result<Reply, String> {
    let (all, by) = match all.split_once('+') {
        Some((all, by)) => (all, by.parse().map_err(|error| format!("{error}"))?),
        None => (all, SearchBy::Any),
    };
    let all = all.parse().map_err(|_| format!("{all:?} is no count"))?;
    let people = people.iter().map(|text| person(text)).collect::<Result<_, _>>()?;
    Ok(Reply::Found { people, all, by })
}

fn person(text: &str) -> Result<Person, String> {
    let mut parts = text.split(':');
    let extension = parts.next().unwrap_or("").parse().map_err(|error| format!("{error}"))?;
    let name = Some(GreetingId::from_uuid(uuid::Uuid::nil()));
    let mut person = Person { extension, name, spelled: String::new(), callable: false };
    for part in parts {
        match part.strip_prefix("spelled-") {
            Some(spelled) => (person.name, person.spelled) = (None, spelled.replace('_', " ")),
            None => person.callable |= part == "call",
        }
    }
    Ok(person)
}

/// `new 2 urgent 1 old 3`
fn counts(text: &str) -> Result<Counts, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut counts = Counts::default();
    for pair in words.chunks(2) {
        let [kind, count] = pair else { return Err(format!("{text:?} are no counts")) };
        let count = count.parse().map_err(|_| format!("{count:?} is no count"))?;
        match *kind {
            "new" => counts.new = count,
            "urgent" => counts.new_urgent = count,
            "old" => counts.old = count,
            "filed" => counts.filed = count,
            _ => return Err(format!("{kind:?} is not counted")),
        }
    }
    Ok(counts)
}

/// `3:12`: list 3 with 12 members.
fn list_of(text: &str) -> Option<(u8, u32)> {
    let (number, members) = text.split_once(':')?;
    Some((number.parse().ok()?, members.parse().ok()?))
}

/// `1002`, `1003:named`
fn member(text: &str) -> Option<Member> {
    let (extension, named) = text.split_once(':').map_or((text, false), |(extension, _)| (extension, true));
    let name = named.then(|| GreetingId::from_uuid(uuid::Uuid::nil()));
    Some(Member { extension: extension.parse().ok()?, name })
}

/// `standard:on`, `away:off`, `away:on:2026-03-10T23:00:00Z`; they are numbered from 1, and the first is the newest.
fn greeting(id: u8, text: &str) -> Result<Greeting, String> {
    let mut parts = text.splitn(3, ':');
    let kind: GreetingKind = parts.next().unwrap_or("").parse().map_err(|error| format!("{error}"))?;
    let active = parts.next() == Some("on");
    let until = parts.next().map(|until| until.parse()).transpose().map_err(|error| format!("{error}"))?;
    Ok(Greeting {
        id: GreetingId::from_uuid(uuid::Uuid::from_u128(id.into())),
        tenant: TenantId::from_uuid(uuid::Uuid::nil()),
        mailbox: MailboxId::from_uuid(uuid::Uuid::nil()),
        kind,
        label: String::new(),
        object: String::new(),
        duration_ms: 1_000,
        active,
        from: None,
        until,
        created_at: NOW.parse::<Timestamp>().unwrap() - Duration::from_secs(86_400 * u64::from(id)),
    })
}

pub(crate) fn parse_mark(word: &str) -> Result<Mark, String> {
    [Mark::Heard, Mark::New, Mark::Save, Mark::Inbox, Mark::Trash, Mark::Restore]
        .into_iter()
        .find(|mark| mark_word(*mark) == word)
        .ok_or(format!("{word:?} is no mark"))
}

const fn mark_word(mark: Mark) -> &'static str {
    match mark {
        Mark::Heard => "heard",
        Mark::New => "new",
        Mark::Save => "save",
        Mark::File(None) => "save unfiled",
        Mark::File(Some(tag)) => tag.as_str(),
        Mark::Inbox => "inbox",
        Mark::Trash => "trash",
        Mark::Restore => "restore",
        Mark::Purge => "purge",
    }
}

fn seconds(length: Duration) -> String {
    format!("{:.1}s", length.as_secs_f64())
}

pub(crate) fn describe_part(part: &MessagePart) -> String {
    let mut text = format!("message-{}", name(part.id));
    if !part.from.is_zero() {
        text.push_str(&format!("@{}", seconds(part.from)));
    }
    if part.speed_percent != 100 {
        text.push_str(&format!("*{}%", part.speed_percent));
    }
    if part.gain_db != 0 {
        text.push_str(&format!("{:+}dB", part.gain_db));
    }
    text
}

fn list(extensions: &[Extension]) -> String {
    extensions.iter().map(Extension::as_str).collect::<Vec<_>>().join(",")
}

/// What is asked of a service, as a script writes it. Of a PIN only its length.
pub(crate) fn describe_request(request: &Request) -> String {
    let take = |take: aftertone::flow::Take| take.0 - FIRST_TAKE;
    match request {
        Request::SignIn { extension, pin, nth } => {
            format!("sign-in {extension} with {} digits, try {nth}", pin.digits().len())
        }
        Request::Load(shelf) => format!(
            "load {}",
            match shelf {
                Shelf::New => "new",
                Shelf::Old => "old",
                Shelf::Unfiled => "old unfiled",
                Shelf::Filed(tag) => tag.as_str(),
                Shelf::Inbox => "inbox",
                Shelf::Saved => "saved",
                Shelf::Kept => "kept",
                Shelf::Trash => "trash",
            }
        ),
        Request::Mark(id, mark) => format!("mark {} {}", name(*id), mark_word(*mark)),
        Request::MailAway(id) => format!("mail-away {}", name(*id)),
        Request::Hold(None) => "hold nothing".to_owned(),
        Request::Hold(Some((id, at))) => format!("hold {} {}", name(*id), seconds(*at)),
        Request::Find(extension) => format!("find {extension}"),
        Request::Send { take: recorded, to, urgent, private } => {
            let mut text = format!("send {} to {}", take(*recorded), list(to));
            for (set, word) in [(urgent, " urgent"), (private, " private")] {
                if *set {
                    text.push_str(word);
                }
            }
            text
        }
        Request::Forward { message, introduction, to } => {
            let mut text = format!("forward {} to {}", name(*message), list(to));
            if let Some(introduction) = introduction {
                text.push_str(&format!(" after {}", take(*introduction)));
            }
            text
        }
        Request::Recognise => "recognise".to_owned(),
        Request::Everybody => "everybody".to_owned(),
        Request::Lists => "lists".to_owned(),
        Request::List(number) => format!("list {number}"),
        Request::PutList(number, members) => format!("put-list {number} [{}]", list(members)),
        Request::Greetings => "greetings".to_owned(),
        Request::KeepGreeting(recorded, kind) => format!("keep {} as {kind}", take(*recorded)),
        Request::ChooseGreeting(id) => format!("choose {}", id.uuid().as_u128()),
        Request::SwitchOff(kind) => format!("switch-off {kind}"),
        Request::GreetingUntil(_, None) => "until nothing".to_owned(),
        Request::GreetingUntil(_, Some(until)) => format!("until {until}"),
        Request::ChangePin(pin) => format!("pin of {} digits", pin.digits().len()),
        Request::Settings(phone) => {
            let order = if phone.newest_first { "newest" } else { "oldest" };
            let order = if phone.urgent_first { order.to_owned() } else { format!("{order} in-order") };
            let Envelope { time, caller, duration } = phone.envelope;
            let parts = [(time, "time"), (caller, "caller"), (duration, "duration")];
            let envelope: Vec<&str> = parts.into_iter().filter(|(on, _)| *on).map(|(_, word)| word).collect();
            let help = if phone.key_help { "on" } else { "off" };
            format!(
                "settings speed {} gain {} order {order} envelope [{}] help {help} tutorial {}",
                phone.speed_percent,
                phone.gain_db,
                envelope.join(" "),
                if phone.tutorial.done { "done" } else { "open" }
            )
        }
        Request::Search(keys) => format!("search {keys}"),
        Request::Visit(extension) => format!("visit {extension}"),
        Request::Mail(mode) => format!("mail {}", mode.as_str()),
    }
}
