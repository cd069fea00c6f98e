//! Callers whose speech tells where it is: each stretch of 24 samples occurs once, so that a recording shows what is
//! missing of what was sent. Real SIP, real RTP (PCMU), paced by the wall clock.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aftertone::audio::{Codec, Decoder, Encoder};
use aftertone::call::phone::{KEY_LENGTH, Report, Script, Step, place};
use aftertone::clock::{SharedClock, SystemClock};
use aftertone::flow::Key;
use aftertone::rtp::event::EventSender;
use aftertone::rtp::packet::Sender;
use aftertone::service::prompts::PromptSet;
use aftertone::signal::{Dialog, DialogEvent, OutgoingCall, Signal, SignalConfig, Transport};
use aftertone::sip::sdp::{LocalMedia, Session, Stream};
use aftertone::speech::Phrase;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const TICK: Duration = Duration::from_millis(20);
/// Samples of a tick at 8 kHz.
const FRAME: usize = 160;
const RATE: usize = 8_000;
/// Longest speech.
const SECONDS: usize = 40;
/// So many samples are enough to know a place by.
const WINDOW: usize = 24;

/// What the callers say, as it goes over the wire and as it comes out of the decoder.
pub(crate) struct Speech {
    wire: Vec<u8>,
    heard: Vec<i16>,
    places: HashMap<Vec<i16>, usize>,
}

impl Speech {
    /// Made once: a buzz with the rhythm of syllables (the voice detector takes it for speech) over a faint hiss.
    pub(crate) fn get() -> &'static Self {
        static SPEECH: OnceLock<Speech> = OnceLock::new();
        SPEECH.get_or_init(|| {
            let mut chance = 1_u32;
            let samples: Vec<i16> = (0..SECONDS * RATE)
                .map(|at| {
                    let time = at as f64 / RATE as f64;
                    let buzz: f64 = (1..20)
                        .map(|n| (std::f64::consts::TAU * 120.0 * f64::from(n) * time).sin() / f64::from(n))
                        .sum();
                    let syllable = (std::f64::consts::TAU * 3.0 * time).sin().max(0.0);
                    chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let hiss = f64::from(chance >> 16) / 65_536.0 - 0.5;
                    (buzz * syllable * 6_000.0 + hiss * 400.0) as i16
                })
                .collect();
            let (mut wire, mut heard) = (Vec::new(), Vec::new());
            Encoder::new(Codec::Pcmu).unwrap().encode(&samples, &mut wire).unwrap();
            Decoder::new(Codec::Pcmu).unwrap().decode(&wire, &mut heard).unwrap();
            let places =
                heard.windows(WINDOW).enumerate().map(|(at, window)| (window.to_vec(), at)).collect();
            Self { wire, heard, places }
        })
    }

    /// The first `seconds`, as a recording would hold them.
    pub(crate) fn samples(&self, seconds: usize) -> &[i16] {
        &self.heard[..seconds * RATE]
    }

    /// Where in what was said a recording ends; `None` when nothing of it was said.
    pub(crate) fn end_of(&self, recording: &[i16]) -> Option<usize> {
        let last = recording.len().checked_sub(WINDOW)?;
        let place = |at: usize| self.places.get(recording.get(at..at + WINDOW)?);
        (0..=last).rev().find_map(place).map(|at| at + WINDOW)
    }
}

/// Whether the built-in prompt was said to the caller.
pub(crate) fn was_said(report: &Report, phrase: &'static str) -> bool {
    let clips = PromptSet::embedded().unwrap().say("en", &Phrase::new(phrase)).unwrap();
    let pcm: Vec<i16> = clips.iter().flat_map(|clip| clip.pcm_at(8_000).to_vec()).collect();
    let (mut wire, mut heard) = (Vec::new(), Vec::new());
    Encoder::new(Codec::Pcmu).unwrap().encode(&pcm, &mut wire).unwrap();
    Decoder::new(Codec::Pcmu).unwrap().decode(&wire, &mut heard).unwrap();
    // The loudest tenth of a second of it.
    let power = |part: &&[i16]| part.iter().map(|sample| i64::from(sample.unsigned_abs())).sum::<i64>();
    let part = heard.chunks_exact(800).max_by_key(power).unwrap();
    report.heard.windows(part.len()).any(|window| window == part)
}

/// A SIP phone that places any number of calls.
pub(crate) struct Phone {
    signal: Signal,
    clock: SharedClock,
}

impl Phone {
    pub(crate) async fn new() -> Self {
        let clock = SystemClock::shared();
        let config = SignalConfig {
            listen: vec![Transport::Udp(SocketAddr::new(HERE, 0))],
            advertise: None,
            peers: vec![HERE.into()],
            trunks: Vec::new(),
            server: "durability test".to_owned(),
            session_min: Duration::from_secs(90),
            session_expires: Duration::from_secs(1800),
        };
        let (signal, _) = Signal::start(config, clock.clone()).await.unwrap();
        Self { signal, clock }
    }

    /// Calls 1001, skips its greeting and talks on and on. `None`: not answered.
    pub(crate) async fn talk(&self, target: SocketAddr, number: &str) -> Option<Talk> {
        let socket = UdpSocket::bind((HERE, 0)).await.unwrap();
        let mut media = LocalMedia::new(HERE, socket.local_addr().unwrap().port());
        media.codecs = vec![Codec::Pcmu];
        let mut session = Session::new(self.clock.random_u32());
        let call = OutgoingCall {
            target: format!("sip:1001@{target}"),
            from: format!("sip:{number}@127.0.0.1"),
            from_name: None,
            offer: session.offer(&media),
            headers: Vec::new(),
            credentials: None,
        };
        let (dialog, mut events) = self.signal.call(call).await.unwrap();
        let stream = session.accept(&answer(&mut events).await?).unwrap();
        let progress = Arc::new(Progress::default());
        let events = tokio::spawn(async move { while events.recv().await.is_some() {} });
        let talking = tokio::spawn(talk(self.clock.clone(), socket, stream, Arc::clone(&progress)));
        Some(Talk { number: number.to_owned(), dialog: Some(dialog), progress, tasks: [events, talking] })
    }

    /// Calls 1001, speaks for `seconds` after the tone, keeps the message with `2`, and listens to what is said.
    pub(crate) async fn leave(&self, target: SocketAddr, number: &str, seconds: usize) -> Report {
        let press = |key| Step::Press(Key::new(key).unwrap());
        let wait = |millis| Step::Wait(Duration::from_millis(millis));
        let script = Script {
            target: format!("sip:1001@{target}"),
            from: format!("sip:{number}@127.0.0.1"),
            from_name: None,
            headers: Vec::new(),
            codecs: vec![Codec::Pcmu],
            in_band: false,
            key_length: KEY_LENGTH,
            account: None,
            speech: Some((Speech::get().samples(seconds).to_vec(), 8_000)),
            steps: vec![
                wait(300),
                press('#'),
                Step::AwaitTone,
                Step::Speak,
                press('#'),
                wait(700),
                press('2'),
                wait(14_000),
            ],
            limit: Duration::from_secs(60),
        };
        place(&self.signal, &self.clock, HERE, script).await.unwrap()
    }

    pub(crate) fn chance(&self, below: u64) -> u64 {
        u64::from(self.clock.random_u32()) % below
    }
}

async fn answer(events: &mut mpsc::Receiver<DialogEvent>) -> Option<String> {
    loop {
        match tokio::time::timeout(Duration::from_secs(10), events.recv()).await {
            Ok(Some(DialogEvent::Confirmed { answer })) => return answer,
            Ok(Some(DialogEvent::Ended { .. }) | None) | Err(_) => return None,
            Ok(Some(_)) => {}
        }
    }
}

#[derive(Debug, Default)]
struct Progress {
    stop: AtomicBool,
    /// Samples that have gone out.
    sent: AtomicU64,
    /// The worst lateness of our own ticks in milliseconds: what a busy machine did to the measurement.
    late: AtomicU64,
}

/// A call on which somebody talks.
pub(crate) struct Talk {
    pub(crate) number: String,
    dialog: Option<Dialog>,
    progress: Arc<Progress>,
    tasks: [JoinHandle<()>; 2],
}

impl Talk {
    /// Samples that have gone out so far.
    pub(crate) fn sent(&self) -> usize {
        self.progress.sent.load(Ordering::Relaxed) as usize
    }

    /// Samples by which our own ticks were late at worst.
    pub(crate) fn late(&self) -> usize {
        self.progress.late.load(Ordering::Relaxed) as usize * RATE / 1_000
    }

    /// Stops talking and hangs up, and returns when the other side has said yes to that.
    pub(crate) async fn hang_up(&mut self) {
        self.progress.stop.store(true, Ordering::Relaxed);
        if let Some(dialog) = self.dialog.take() {
            dialog.hang_up().await.unwrap();
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn talk(clock: SharedClock, socket: UdpSocket, stream: Stream, progress: Arc<Progress>) {
    let remote = stream.remote.unwrap();
    let (event_type, clock_rate) = stream.events[0];
    let mut sender = Sender::new(clock.random_u32(), 1, 0);
    let mut keys = EventSender::default();
    let mut ticks = tokio::time::interval(TICK);
    let began = clock.monotonic();
    for (number, frame) in Speech::get().wire.chunks_exact(FRAME).enumerate() {
        ticks.tick().await;
        if progress.stop.load(Ordering::Relaxed) {
            return;
        }
        let late = (clock.monotonic() - began).saturating_sub(TICK * number as u32);
        progress.late.fetch_max(late.as_millis() as u64, Ordering::Relaxed);
        if number == 15 {
            keys.press('#');
        }
        let mut packet = Vec::with_capacity(FRAME + 12);
        match keys.step(sender.timestamp(), clock_rate) {
            Some(event) => {
                sender.write_header(event_type, event.marker, event.timestamp, &mut packet);
                packet.extend_from_slice(&event.payload);
            }
            None => {
                let now = sender.timestamp();
                sender.write_header(stream.send_pt, number == 0, now, &mut packet);
                packet.extend_from_slice(frame);
            }
        }
        // The other side may be dead: that is what is tested.
        let _ = socket.send_to(&packet, remote).await;
        sender.advance(FRAME as u32);
        progress.sent.store(((number + 1) * FRAME) as u64, Ordering::Relaxed);
    }
}
