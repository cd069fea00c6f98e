//! A test phone: places one real call, speaks a recording, presses keys, and keeps what it hears.
//!
//! Built on the same SIP adapter and RTP parts as the server, but with a media loop of its own, so that it also is a
//! second opinion on the media engine. Not for talking.

mod answering;
mod ear;
mod steps;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::audio::tones::dtmf;
use crate::audio::{Codec, CodecError, Decoder, Encoder};
use crate::clock::SharedClock;
use crate::flow::Key;
use crate::rtp::event::EventSender;
use crate::rtp::packet::{Packet, Sender};
use crate::signal::{Dialog, DialogEvent, DigestAccount, OutgoingCall, Signal, SignalError};
use crate::sip::sdp::{LocalMedia, SdpRefusal, Session, Stream};

pub use super::ways::leading_to;
pub use answering::answer;
pub use steps::{Step, parse_steps};

use ear::ToneEar;
use steps::Steps;

/// One tick of sound.
const TICK: Duration = Duration::from_millis(20);
/// Longest recording of what is heard: bounds memory.
const MOST_HEARD: Duration = Duration::from_secs(1800);
/// What is louder at its peak is no silence.
const SOUND: u16 = 400;
/// A key that is pressed as people press them, and the pause after it.
pub const KEY_LENGTH: Duration = Duration::from_millis(120);

/// What the phone is to do.
#[derive(Debug, Clone)]
pub struct Script {
    /// Whom to call.
    pub target: String,
    /// Who calls.
    pub from: String,
    /// Display name of the caller.
    pub from_name: Option<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Codecs offered, best first.
    pub codecs: Vec<Codec>,
    /// What it says: mono samples and their rate.
    pub speech: Option<(Vec<i16>, u32)>,
    /// Keys are sent as sound, and telephone-events (RFC 4733) are not offered.
    pub in_band: bool,
    /// How long a key sounds, and the pause after it.
    pub key_length: Duration,
    /// Proves this account when it is asked to.
    pub account: Option<DigestAccount>,
    /// What it does, in order; it hangs up after the last step, unless there is none.
    pub steps: Vec<Step>,
    /// It hangs up after so long in any case.
    pub limit: Duration,
}

/// What happened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The call was answered.
    pub answered: bool,
    /// From INVITE to 200.
    pub setup: Duration,
    /// Why it ended, in plain words.
    pub ended: String,
    /// Status code of a refusal.
    pub code: Option<u16>,
    /// What was heard, mono.
    pub heard: Vec<i16>,
    /// Samples per second of `heard`.
    pub rate: u32,
    /// The codec that was agreed on.
    pub codec: Option<Codec>,
    /// When the first tone that says "speak now" was over, from the first sound that was heard. `None`: there was none.
    pub tone: Option<Duration>,
}

/// Why no call could be placed.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// No local address leads there, or no port is free.
    #[error("no local media port: {0}")]
    Socket(#[from] std::io::Error),
    /// The stack could not place the call.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// The answer cannot be used.
    #[error(transparent)]
    Sdp(#[from] SdpRefusal),
    /// A codec could not be set up.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// Places the call and plays the script to its end. `local` is the address that leads to the target.
///
/// # Errors
/// When the call cannot even be placed; a refusal by the other side is in the [`Report`].
pub async fn place(
    signal: &Signal,
    clock: &SharedClock,
    local: IpAddr,
    script: Script,
) -> Result<Report, PhoneError> {
    let socket = UdpSocket::bind(SocketAddr::new(local, 0)).await?;
    let mut media = LocalMedia::new(local, socket.local_addr()?.port());
    media.codecs.clone_from(&script.codecs);
    media.events = !script.in_band;
    let mut session = Session::new(clock.random_u32());
    let call = OutgoingCall {
        target: script.target.clone(),
        from: script.from.clone(),
        from_name: script.from_name.clone(),
        offer: session.offer(&media),
        headers: script.headers.clone(),
        credentials: script.account.clone(),
    };
    let began = clock.monotonic();
    let (dialog, mut events) = signal.call(call).await?;
    let mut report = Report::default();
    let Some(answer) = await_answer(&mut events, script.limit, &mut report).await else {
        hang_up(dialog).await;
        return Ok(report);
    };
    report.setup = clock.monotonic().saturating_sub(began);
    report.answered = true;
    let stream = session.accept(&answer)?;
    let mut line = Line::new(clock, socket, stream, &script)?;
    line.run(clock, script, dialog, events, &mut report).await?;
    line.into_report(&mut report);
    Ok(report)
}

/// Ends the call, unless the other side was faster.
async fn hang_up(dialog: Dialog) {
    if let Err(error) = dialog.hang_up().await {
        tracing::debug!(%error, "there was nothing to hang up");
    }
}

async fn await_answer(
    events: &mut mpsc::Receiver<DialogEvent>,
    limit: Duration,
    report: &mut Report,
) -> Option<String> {
    let wait = async {
        while let Some(event) = events.recv().await {
            match event {
                DialogEvent::Confirmed { answer } => return answer,
                DialogEvent::Ended { code, why } => {
                    report.code = code;
                    report.ended = why;
                    return None;
                }
                _ => {}
            }
        }
        None
    };
    let answer = tokio::time::timeout(limit, wait).await;
    answer.unwrap_or_else(|_| {
        "nobody answered in time".clone_into(&mut report.ended);
        None
    })
}

/// The media side of the call.
struct Line {
    socket: UdpSocket,
    stream: Stream,
    sender: Sender,
    encoder: Encoder,
    decoder: Decoder,
    keys: EventSender,
    /// What it says, and how much of it was said.
    speech: Vec<i16>,
    spoken: usize,
    speaking: bool,
    heard: Vec<i16>,
    first_timestamp: Option<u32>,
    tone: ToneEar,
    tone_at: Option<Duration>,
    /// When something else than silence came last.
    sound_at: Option<Duration>,
    talking: bool,
    /// Keys that are being sent as sound.
    key_sound: VecDeque<i16>,
    key_length: Duration,
}

impl Line {
    fn new(
        clock: &SharedClock,
        socket: UdpSocket,
        stream: Stream,
        script: &Script,
    ) -> Result<Self, PhoneError> {
        let rate = stream.codec.sample_rate();
        let speech = script
            .speech
            .as_ref()
            .map(|(samples, from)| crate::audio::resample::resample(samples, *from, rate));
        let sequence = (clock.random_u32() & 0x7fff) as u16;
        Ok(Self {
            socket,
            sender: Sender::new(clock.random_u32(), sequence, clock.random_u32()),
            encoder: Encoder::new(stream.codec)?,
            decoder: Decoder::new(stream.codec)?,
            keys: EventSender::with_length(u32::try_from(script.key_length.as_millis()).unwrap_or(u32::MAX)),
            speech: speech.unwrap_or_default(),
            spoken: 0,
            speaking: false,
            heard: Vec::new(),
            first_timestamp: None,
            tone: ToneEar::new(rate),
            tone_at: None,
            sound_at: None,
            talking: false,
            key_sound: VecDeque::new(),
            key_length: script.key_length,
            stream,
        })
    }

    async fn run(
        &mut self,
        clock: &SharedClock,
        script: Script,
        dialog: Dialog,
        mut events: mpsc::Receiver<DialogEvent>,
        report: &mut Report,
    ) -> Result<(), PhoneError> {
        let mut steps = Steps::new(script.steps, clock.monotonic());
        let end = clock.monotonic() + script.limit;
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(DialogEvent::Ended { code, why }) => {
                        report.code = code;
                        report.ended = why;
                        // What was said last has come already, and waits to be read.
                        return self.listen(clock.monotonic());
                    }
                    Some(DialogEvent::Offer { reply, .. }) => {
                        let refusal = crate::signal::Refusal { code: 488, retry_after: None, warning: None };
                        // The peer may be gone already.
                        let _ = reply.send(Err(refusal));
                    }
                    Some(_) => continue,
                    None => break,
                },
                _ = ticks.tick() => {}
            }
            let now = clock.monotonic();
            self.listen(now)?;
            self.speak().await?;
            if steps.advance(now, self) || now >= end {
                break;
            }
        }
        "the phone hung up".clone_into(&mut report.ended);
        hang_up(dialog).await;
        Ok(())
    }

    /// What was heard.
    fn into_report(self, report: &mut Report) {
        report.rate = self.stream.codec.sample_rate();
        report.codec = Some(self.stream.codec);
        report.heard = self.heard;
        report.tone = self.tone_at;
    }

    /// Takes in whatever has come; puts it where its timestamp says.
    fn listen(&mut self, now: Duration) -> Result<(), PhoneError> {
        let mut datagram = [0; 2048];
        let rate = self.stream.codec.sample_rate() as usize;
        let scale = rate / self.stream.codec.clock_rate() as usize;
        let most = rate * usize::try_from(MOST_HEARD.as_secs()).unwrap_or(0);
        let mut fresh = Vec::new();
        loop {
            let count = match self.socket.try_recv(&mut datagram) {
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(()),
                // An ICMP "port unreachable" of an earlier packet: the other side is closing.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            let Ok(packet) = Packet::parse(datagram.get(..count).unwrap_or_default()) else { continue };
            if packet.payload_type != self.stream.recv_pt {
                continue;
            }
            fresh.clear();
            if self.decoder.decode(packet.payload, &mut fresh).is_err() {
                continue;
            }
            self.tone.hear(&fresh);
            if fresh.iter().any(|sample| sample.unsigned_abs() > SOUND) {
                self.sound_at = Some(now);
            }
            if self.tone.count() > 0 && self.tone_at.is_none() {
                let samples = self.heard.len() as f64;
                self.tone_at = Some(Duration::from_secs_f64(samples / rate as f64));
            }
            let first = *self.first_timestamp.get_or_insert(packet.timestamp);
            let at = packet.timestamp.wrapping_sub(first) as usize * scale.max(1);
            if at + fresh.len() > most {
                continue;
            }
            if self.heard.len() < at + fresh.len() {
                self.heard.resize(at + fresh.len(), 0);
            }
            if let Some(place) = self.heard.get_mut(at..at + fresh.len()) {
                place.copy_from_slice(&fresh);
            }
        }
    }

    /// Begins to send a key: as an event where those were agreed on, else as sound.
    fn press(&mut self, key: Key) {
        if !self.stream.events.is_empty() {
            self.keys.press(key.char());
            return;
        }
        let rate = self.stream.codec.sample_rate();
        self.key_sound.extend(dtmf(key.char(), self.key_length, rate).unwrap_or_default());
        self.key_sound.extend(crate::audio::tones::sine(0.0, self.key_length, rate, 0));
    }

    /// Whether every key was sent.
    fn is_pressed(&self) -> bool {
        self.keys.is_idle() && self.key_sound.is_empty()
    }

    /// Says the recording, from its beginning.
    fn speak_up(&mut self) {
        self.spoken = 0;
        self.speaking = true;
    }

    /// The next 20 ms of sound: a key, the recording, or silence.
    fn frame(&mut self) -> Vec<i16> {
        let length = self.stream.codec.sample_rate() as usize / 50;
        let mut frame: Vec<i16> = Vec::new();
        if !self.key_sound.is_empty() {
            frame.extend(self.key_sound.drain(..length.min(self.key_sound.len())));
        } else if self.speaking {
            frame.extend(self.speech.iter().skip(self.spoken).take(length));
            self.spoken += length;
            self.speaking = self.spoken < self.speech.len();
        }
        frame.resize(length, 0);
        frame
    }

    /// Sends the 20 ms that are due: a key, speech, or silence.
    async fn speak(&mut self) -> Result<(), PhoneError> {
        let Some(remote) = self.stream.remote else { return Ok(()) };
        let ticks = self.stream.codec.clock_rate() / 50;
        let mut packet = Vec::with_capacity(512);
        if let (false, Some((event_type, clock_rate))) =
            (self.keys.is_idle(), self.stream.events.first().copied())
        {
            let now = self.sender.timestamp();
            if let Some(event) = self.keys.step(now, clock_rate) {
                self.sender.write_header(event_type, event.marker, event.timestamp, &mut packet);
                packet.extend_from_slice(&event.payload);
                self.socket.send_to(&packet, remote).await?;
                self.sender.advance(ticks);
                return Ok(());
            }
        }
        let frame = self.frame();
        let mut payload = Vec::with_capacity(frame.len());
        self.encoder.encode(&frame, &mut payload)?;
        let marker = !std::mem::replace(&mut self.talking, true);
        let now = self.sender.timestamp();
        self.sender.write_header(self.stream.send_pt, marker, now, &mut packet);
        packet.extend_from_slice(&payload);
        self.socket.send_to(&packet, remote).await?;
        self.sender.advance(ticks);
        Ok(())
    }
}
