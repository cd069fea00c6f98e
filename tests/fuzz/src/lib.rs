//! What each fuzz target does with bytes from outside, and what must hold whatever they are.
//!
//! libFuzzer runs these through `fuzz_targets/`; `tests/fuzz_replay.rs` runs them over the corpus in `cargo test`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use aftertone::app::config::Config;
use aftertone::audio::decode::{self, DecodeLimits, decode_upload};
use aftertone::audio::wav;
use aftertone::blob::spool;
use aftertone::domain::answering::CallerPattern;
use aftertone::domain::time_frame::{Entry, MOST_SPANS};
use aftertone::domain::{LinkToken, RecordingClass, Schedule, Span, ToneChoice};
use aftertone::flow::leave::{Instructions, LeaveMessage, Mode, Plan};
use aftertone::flow::{
    Action, CallEvent, CallTime, Flow, Key, PlayId, RecordLimits, StopCause, StoreOutcome, Take,
    TransferOutcome,
};
use aftertone::rtp::event::{EventReceiver, Heard};
use aftertone::rtp::jitter::{Frame, Incoming, JitterBuffer};
use aftertone::rtp::packet::{Packet, is_rtcp};
use aftertone::rtp::rtcp;
use aftertone::rtp::source::{Expected, Source, Verdict};
use aftertone::service::import::{Done, Preview, Row, Table, What, result_csv};
use aftertone::service::outbound::AllowedTargets;
use aftertone::service::time_frames::ical;
use aftertone::signal::{Reading, frame_stream, read_message};
use aftertone::sip::body::session_description;
use aftertone::sip::diversion::Diversion;
use aftertone::sip::history::{HistoryEntry, redirections};
use aftertone::sip::sdp::{LocalMedia, Session, accept_answer};
use aftertone::sip::uri::{NameAddr, Uri, plain_number, split_list, unescape};
use aftertone::sip::{CallFacts, caller};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A target: its name, which is that of its corpus folder, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("sip_message", sip_message),
    ("sip_stream", sip_stream),
    ("uri", uri),
    ("redirection", redirection),
    ("body", body),
    ("sdp", sdp),
    ("rtp", rtp),
    ("rtcp", rtcp_packet),
    ("telephone_event", telephone_event),
    ("upload", upload),
    ("wav", wav_file),
    ("spool", spool_file),
    ("link_token", link_token),
    ("config", config),
    ("flow", flow),
    ("time_frame", time_frame),
    ("calendar", calendar),
    ("user_table", user_table),
];

const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5060);

/// A datagram: read, refused or dropped, and what a call would take from it.
pub fn sip_message(data: &[u8]) {
    match read_message(data, HERE) {
        Reading::Refused(answer) => {
            assert!(answer.len() <= 3 * data.len() + 256, "{} bytes for {}", answer.len(), data.len());
            let text = String::from_utf8(answer).expect("an answer is text");
            let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
            assert!(text.starts_with("SIP/2.0 ") && body.is_empty());
            assert!(
                head.split("\r\n").all(|line| !line.contains(['\r', '\n', '\0'])),
                "a header was injected"
            );
        }
        Reading::Request(facts) => understand(&facts),
        Reading::Response | Reading::Dropped => {}
    }
}

/// What routing and the mail make of an INVITE.
fn understand(facts: &CallFacts) {
    let who = caller(facts);
    for (text, limit) in [(&who.number, 64), (&who.name, 128)] {
        let clean = |text: &String| text.chars().count() <= limit && !text.contains(char::is_control);
        assert!(text.as_ref().is_none_or(clean), "an unclean caller: {text:?}");
    }
    for (name, value) in &facts.headers {
        assert!(!name.contains(char::is_control) && !value.contains(['\r', '\n', '\0']), "{name}: {value:?}");
    }
    redirections(&HistoryEntry::parse_all(&facts.history_info).into_iter().flatten().collect::<Vec<_>>());
    for party in Diversion::parse_all(&facts.diversion).into_iter().flatten() {
        party.uri.number();
    }
    for uri in [&facts.request_uri, &facts.to.uri, &facts.from.uri] {
        if let Ok(uri) = Uri::lenient(uri) {
            uri.number();
        }
    }
}

/// What a TCP peer sends: cut into messages, each read.
pub fn sip_stream(data: &[u8]) {
    let (lengths, _) = frame_stream(data);
    assert!(lengths.iter().sum::<usize>() <= data.len());
    assert!(lengths.iter().all(|length| *length > 0));
    let mut rest = data;
    for length in lengths {
        let (message, after) = rest.split_at(length.min(rest.len()));
        sip_message(message);
        rest = after;
    }
}

/// A URI, a name-addr, a list of them, and the one place that authorises a transfer.
pub fn uri(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for uri in [Uri::parse(&text), Uri::lenient(&text)].into_iter().flatten() {
        assert!(uri.user().is_some() || uri.host().is_some());
        uri.number();
    }
    if let Ok(party) = NameAddr::parse(&text) {
        party.param("tag");
    }
    for item in split_list(&text) {
        assert!(text.contains(item));
    }
    unescape(&text);
    if let Some(number) = plain_number(&text) {
        assert!(number.bytes().all(|b| b.is_ascii_digit() || b"+*#".contains(&b)), "{number:?}");
    }
    let entries = ["1000", "+49*", "sip:desk@pbx.example"].map(str::to_owned);
    if let Ok(target) = AllowedTargets::new(&entries, "pbx.example").authorise(&text) {
        let listed =
            ["sip:1000@pbx.example", "sip:desk@pbx.example"].iter().any(|t| target.eq_ignore_ascii_case(t));
        let prefix = target.strip_prefix("sip:+49").and_then(|rest| rest.strip_suffix("@pbx.example"));
        let number = prefix.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        // A phone named after an extension that is allowed.
        let phone = target.strip_prefix("sip:1000").and_then(|rest| rest.strip_suffix("@pbx.example"));
        let phone =
            phone.is_some_and(|letter| letter.len() == 1 && letter.as_bytes()[0].is_ascii_alphabetic());
        assert!(listed || number || phone, "{target:?} was never allowed");
    }
}

/// Diversion and History-Info, one value a line.
pub fn redirection(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for diversion in Diversion::parse_all(&lines).into_iter().flatten() {
        diversion.uri.number();
    }
    let entries: Vec<HistoryEntry> = HistoryEntry::parse_all(&lines).into_iter().flatten().collect();
    assert!(redirections(&entries).len() <= entries.len());
}

/// A body: its Content-Type in the first line, then the body.
pub fn body(data: &[u8]) {
    let split = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (kind, body) = data.split_at(split);
    let Ok(kind) = std::str::from_utf8(kind) else { return };
    let body = body.get(1..).unwrap_or_default();
    if let Ok(Some(sdp)) = session_description(Some(kind.trim()), None, body) {
        // What is not UTF-8 becomes a replacement of three bytes.
        assert!(sdp.len() <= 3 * body.len() && !sdp.trim().is_empty(), "{sdp:?}");
    }
}

/// An offer, and the same text as the answer to an offer of ours.
pub fn sdp(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let local = LocalMedia::new(HERE.ip(), 20_000);
    let mut session = Session::new(7);
    if let Ok(answer) = session.answer(&text, &local) {
        assert!(answer.sdp.split("\r\n").all(|line| !line.contains(['\r', '\n', '\0'])), "{:?}", answer.sdp);
        // An offer may have refused m-lines before the one that was taken; offers of ours never do.
        let _ = accept_answer(&text, &answer.sdp);
        let again = session.answer(&text, &local).expect("the same offer again");
        assert_eq!(again.stream, answer.stream);
    }
    let mut session = Session::new(8);
    session.offer(&local);
    // The refusal of a bad answer says why; nothing else can be asked of it.
    let _ = session.accept(&text);
}

/// Pieces of the input: each is as long as its first byte says.
fn pieces(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_first()?;
        let (piece, after) = rest.split_at(usize::from(*length).min(rest.len()));
        data = after;
        Some(piece)
    })
}

/// Datagrams of one session: judged, put in order, handed on.
pub fn rtp(data: &[u8]) {
    let mut expected = Expected { remote: Some(HERE), ..Expected::default() };
    [0, 8, 101].into_iter().for_each(|payload_type| expected.allow(payload_type));
    let mut source = Source::default();
    source.expect(expected);
    let mut buffer = JitterBuffer::new(8000, 0);
    let (mut now, mut came, mut handed) = (0, 0, 0_usize);
    for datagram in pieces(data) {
        is_rtcp(datagram);
        now += u64::from(datagram.first().copied().unwrap_or(0) % 64);
        let Ok(packet) = Packet::parse(datagram) else { continue };
        assert!(packet.payload.len() <= datagram.len());
        let mut sink = |frame: Frame<'_>| {
            if let Frame::Audio { payload, .. } = frame {
                handed += payload.len();
            }
        };
        match source.check(HERE, &packet, now) {
            Verdict::Accepted { number, restart } => {
                if restart {
                    buffer.restart(now, &mut sink);
                }
                came += packet.payload.len();
                let ticks = packet.payload.len() as u32;
                buffer.push(
                    now,
                    Incoming { number, timestamp: packet.timestamp, ticks, payload: packet.payload },
                    &mut sink,
                );
            }
            Verdict::Duplicate | Verdict::Foreign => {}
        }
        buffer.tick(now, &mut sink);
        let stranger = SocketAddr::new(Ipv4Addr::new(192, 0, 2, 99).into(), 9);
        let verdict = source.check(stranger, &packet, now);
        assert!(
            source.locked() != Some(HERE) || !matches!(verdict, Verdict::Accepted { .. }),
            "a stranger got in"
        );
    }
    buffer.flush(now, &mut |frame| {
        if let Frame::Audio { payload, .. } = frame {
            handed += payload.len();
        }
    });
    assert!(handed <= came, "{handed} bytes of {came}");
}

/// A compound RTCP packet.
pub fn rtcp_packet(data: &[u8]) {
    is_rtcp(data);
    rtcp::read(data);
}

/// telephone-event payloads: the first two bytes of each are time and timestamp.
pub fn telephone_event(data: &[u8]) {
    let mut receiver = EventReceiver::default();
    let mut now = 0;
    for piece in pieces(data) {
        let [wait, timestamp, payload @ ..] = piece else { continue };
        now += u64::from(*wait);
        let heard = receiver.receive(now, timestamp & 1 == 1, u32::from(*timestamp) * 160, payload);
        assert!(payload.len() >= 4 || matches!(heard, Heard::Nothing), "a torn event is no key");
        if let Heard::Pressed(key, _) = heard {
            assert!(Key::new(key).is_some(), "{key:?} is no key");
        }
        receiver.is_down(now);
    }
}

/// libFuzzer ends the program at any panic; one in a decoder's thread is contained, as in the server.
pub fn pass_over_contained_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(decode::THREAD) {
            usual(panic);
        }
    }));
}

/// An uploaded greeting.
pub fn upload(data: &[u8]) {
    let limits = DecodeLimits { max_seconds: 5, max_samples: 240_000, max_time: Duration::from_secs(5) };
    if let Ok(decoded) = decode_upload(data.to_vec(), limits) {
        assert!(decoded.samples.len() <= limits.max_samples);
        assert!(decoded.rate > 0);
    }
}

/// A WAV file of our own kind.
pub fn wav_file(data: &[u8]) {
    if let Ok(pcm) = wav::read(data) {
        assert!(pcm.samples.len() <= data.len());
    }
}

/// What a crash left of a recording.
pub fn spool_file(data: &[u8]) {
    if let Some(recorded) = spool::recover(data) {
        assert!(recorded.samples.len() <= data.len());
    }
}

/// The last part of a link.
pub fn link_token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.parse::<LinkToken>() {
        Ok(token) => assert_eq!(token.expose(), text, "one token has one spelling"),
        // The same words whatever the guess was.
        Err(refusal) => assert_eq!(refusal.to_string(), WRONG_TOKEN.with(String::clone)),
    }
}

thread_local! {
    static WRONG_TOKEN: String = "".parse::<LinkToken>().map_or_else(|refusal| refusal.to_string(), |_| String::new());
}

/// A configuration file.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(config) = Config::parse(text, Path::new("data")) {
        config.rules();
        config.public_url();
    }
}

/// Whatever happens in a call, in whatever order: nothing is said to a caller who is gone, and no recording is both kept
/// and forgotten.
pub fn flow(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let mut flow = LeaveMessage::new(plan(*first));
    let mut watch = Watch { play: PlayId(0), take: Take(0), gone: false, kept: vec![], forgotten: vec![] };
    let mut now = CallTime::default();
    watch.tell(&mut flow, now, CallEvent::Started);
    for pair in rest.chunks_exact(2) {
        now = now + Duration::from_millis(u64::from(pair[1]) * 40);
        let event = event(pair[0], &watch);
        watch.tell(&mut flow, now, event);
    }
    watch.tell(&mut flow, now, CallEvent::HungUp);
    // Recordings that were running stop with the call; then everything is decided.
    for _ in 0..64 {
        let Some(deadline) = flow.deadline().filter(|_| !flow.is_done()) else { break };
        now = now.max(deadline);
        watch.tell(&mut flow, now, CallEvent::DeadlineReached);
    }
    assert!(flow.is_done(), "a call that nobody is in any more goes on");
}

/// Spans, one a line: read, written, read again; and what comes next in a zone with changes of its clock.
pub fn time_frame(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut entries = Vec::new();
    for span in text.lines().take(5).flat_map(|line| Span::read_all(line).unwrap_or_default()) {
        assert_eq!(span.to_string().parse::<Span>().ok(), Some(span), "{span}");
        entries.push(Entry::from(span));
    }
    let schedule = Schedule { entries };
    let zone = TimeZone::get("Europe/Berlin").expect("zones are built in");
    let now: Timestamp = "2026-03-28T12:00:00Z".parse().expect("a time");
    let standing = schedule.standing(&zone, now);
    if let Some(until) = standing.until {
        assert!(until > now);
        assert_ne!(schedule.is_active(&zone, until), standing.active);
    }
    for line in text.lines().take(8) {
        if let Ok(caller) = line.parse::<CallerPattern>() {
            assert_eq!(caller.to_string().parse::<CallerPattern>().ok(), Some(caller));
        }
    }
}

/// A calendar file: days, or refusals with lines that exist.
pub fn calendar(data: &[u8]) {
    match ical::read(data) {
        Ok(entries) => {
            assert!(!entries.is_empty() && entries.len() <= MOST_SPANS);
            for entry in entries {
                assert_eq!(entry.span.to_string().parse::<Span>().ok(), Some(entry.span), "{}", entry.span);
                assert!(entry.note.is_none_or(|note| !note.contains(char::is_control)));
            }
        }
        Err(refusals) => {
            let lines = data.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!(!refusals.is_empty());
            assert!(refusals.iter().all(|refusal| (1..=lines).contains(&refusal.line)), "{refusals:?}");
        }
    }
}

/// A table of users: rows as wide as the header, and a result that no spreadsheet computes.
pub fn user_table(data: &[u8]) {
    let Ok(table) = Table::read(data) else { return };
    assert!(table.rows.iter().all(|(_, cells)| cells.len() == table.header.len()));
    let rows = table.rows.iter().map(|(line, _)| Row {
        line: *line,
        extension: String::new(),
        what: What::Unchanged,
    });
    let preview = Preview { rows: rows.collect(), ignored: Vec::new() };
    let result = result_csv(&table, &preview, &[], Done::Nothing);
    let separator = table.separator;
    let quoted = result.split('"').step_by(2).map(|plain| plain.trim_start_matches('\u{feff}'));
    for cell in quoted.flat_map(|plain| plain.split([separator, '\r', '\n'])) {
        assert!(!cell.starts_with(['=', '@']), "{cell:?} would be computed");
    }
}

fn plan(bits: u8) -> Plan {
    let seconds = Duration::from_secs;
    Plan {
        mode: if bits & 0x70 == 0x70 { Mode::MailboxFull } else { Mode::TakeMessage },
        greeting: None,
        own_greeting: bits & 1 == 1,
        screens: bits & 2 == 2,
        instructions: Instructions::UnlessOwnGreeting,
        tone: if bits & 2 == 2 { ToneChoice::Silent } else { ToneChoice::default() },
        limits: RecordLimits { max: seconds(60), silence: seconds(5), warn_before: seconds(10) },
        min_speech: seconds(1),
        keep_no_speech: bits & 4 == 4,
        operator: bits & 8 == 8,
        sign_in: false,
        keys: Default::default(),
        transfer: None,
    }
}

fn event(byte: u8, watch: &Watch) -> CallEvent {
    let low = u32::from(byte & 0x0f);
    let key = |place: u32| "0123456789*#ABCD".chars().nth(place as usize).and_then(Key::new);
    let take = if byte & 8 == 0 { watch.take } else { Take(low) };
    match byte >> 4 {
        0..=5 => key(low).map_or(CallEvent::DeadlineReached, CallEvent::Digit),
        6..=8 => CallEvent::PlayFinished(if byte & 1 == 0 { watch.play } else { PlayId(low) }),
        9..=11 => CallEvent::RecordingStopped {
            take,
            cause: [StopCause::Silence, StopCause::Limit, StopCause::Asked, StopCause::StorageFailed]
                [(byte & 3) as usize],
            length: Duration::from_millis(u64::from(low) * 900),
            voiced: Duration::from_millis(u64::from(low) * 300),
            class: if byte & 4 == 0 { RecordingClass::Speech } else { RecordingClass::BusyTone },
        },
        12 => CallEvent::Stored {
            take,
            outcome: [StoreOutcome::Stored, StoreOutcome::Waiting, StoreOutcome::Failed][(byte % 3) as usize],
        },
        13 => CallEvent::Transferred(
            [TransferOutcome::Done, TransferOutcome::Failed, TransferOutcome::NotAllowed]
                [(byte % 3) as usize],
        ),
        14 => CallEvent::DeadlineReached,
        _ if byte == 0xff => CallEvent::HungUp,
        _ => CallEvent::DeadlineReached,
    }
}

/// What the dialogue asked for so far.
struct Watch {
    play: PlayId,
    take: Take,
    gone: bool,
    kept: Vec<Take>,
    forgotten: Vec<Take>,
}

impl Watch {
    fn tell(&mut self, flow: &mut LeaveMessage, now: CallTime, event: CallEvent) {
        self.gone |= event == CallEvent::HungUp;
        let mut actions = Vec::new();
        flow.handle(now, event, &mut actions);
        assert!(actions.len() < 32, "{actions:?}");
        for action in actions {
            match action {
                Action::Play(play, _) => {
                    assert!(!self.gone, "something is said to a caller who is gone");
                    self.play = play;
                }
                Action::Record { take, .. } => {
                    assert!(!self.gone, "a caller who is gone is recorded");
                    self.take = take;
                }
                Action::Persist(take) => self.kept.push(take),
                Action::Discard(take) => self.forgotten.push(take),
                _ => {}
            }
        }
        assert!(self.kept.iter().all(|take| !self.forgotten.contains(take)), "kept and forgotten");
    }
}
