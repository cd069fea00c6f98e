//! A test phone: places one real call, speaks a recording, presses keys, and keeps what it hears.
//!
//! Built on the same SIP adapter and RTP parts as the server, but with a media loop of its own, so that it also is a
//! second opinion on the media engine. Not for talking.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::audio::{Codec, CodecError, Decoder, Encoder};
use crate::clock::SharedClock;
use crate::flow::Key;
use crate::rtp::event::EventSender;
use crate::rtp::packet::{Packet, Sender};
use crate::signal::{Dialog, DialogEvent, OutgoingCall, Signal, SignalError};
use crate::sip::sdp::{LocalMedia, SdpRefusal, Session, Stream};

pub use super::admit::leading_to;

/// One tick of sound.
const TICK: Duration = Duration::from_millis(20);
/// Longest recording of what is heard: bounds memory.
const MOST_HEARD: Duration = Duration::from_secs(1800);
/// A tone of this pitch, held so long and followed by quiet, says "speak now".
const TONE_TICKS: u32 = 8;
/// A call without a tone: the recording is played nevertheless after so long.
const TONE_PATIENCE: Duration = Duration::from_secs(30);

/// One step of what the phone does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Presses a key.
    Press(Key),
    /// Waits.
    Wait(Duration),
    /// Waits for the tone.
    AwaitTone,
    /// Speaks the recording to its end.
    Speak,
}

/// Reads `1,w2,482913#`: keys are pressed, `wN` waits N seconds, `t` waits for the tone, `p` plays the recording.
///
/// # Errors
/// The part that does not read.
pub fn parse_steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if let Some(seconds) = part.strip_prefix(['w', 'W']) {
            let seconds: f64 =
                seconds.parse().map_err(|_| format!("{part:?} is no wait: write w2 or w0.5"))?;
            let wait = Duration::try_from_secs_f64(seconds)
                .map_err(|_| format!("{part:?} is no wait: write w2 or w0.5"))?;
            steps.push(Step::Wait(wait));
            continue;
        }
        match part {
            "p" => steps.push(Step::Speak),
            "t" => steps.push(Step::AwaitTone),
            keys => {
                for c in keys.chars() {
                    let key =
                        Key::new(c).ok_or_else(|| format!("{c:?} is no key: use 0-9 * # A-D, wN, t or p"))?;
                    steps.push(Step::Press(key));
                }
            }
        }
    }
    Ok(steps)
}

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
    /// Whether the tone was heard.
    pub tone: bool,
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
    let mut session = Session::new(clock.random_u32());
    let call = OutgoingCall {
        target: script.target.clone(),
        from: script.from.clone(),
        from_name: script.from_name.clone(),
        offer: session.offer(&media),
        headers: script.headers.clone(),
        credentials: None,
    };
    let began = clock.monotonic();
    let (dialog, mut events) = signal.call(call).await?;
    let mut report = Report::default();
    let Some(answer) = await_answer(&mut events, script.limit, &mut report).await else {
        dialog.hang_up().await?;
        return Ok(report);
    };
    report.setup = clock.monotonic().saturating_sub(began);
    report.answered = true;
    let stream = session.accept(&answer)?;
    let mut line = Line::new(clock, socket, stream, &script)?;
    line.run(clock, script, dialog, events, &mut report).await?;
    report.rate = line.stream.codec.sample_rate();
    report.codec = Some(line.stream.codec);
    report.heard = line.heard;
    report.tone = line.tone.heard;
    Ok(report)
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
    speech: VecDeque<i16>,
    speaking: bool,
    heard: Vec<i16>,
    first_timestamp: Option<u32>,
    tone: ToneEar,
    talking: bool,
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
            keys: EventSender::default(),
            speech: speech.unwrap_or_default().into(),
            speaking: false,
            heard: Vec::new(),
            first_timestamp: None,
            tone: ToneEar::new(rate),
            talking: false,
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
                        return Ok(());
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
            self.listen()?;
            self.speak().await?;
            if steps.advance(now, self) || now >= end {
                break;
            }
        }
        "the phone hung up".clone_into(&mut report.ended);
        dialog.hang_up().await?;
        Ok(())
    }

    /// Takes in whatever has come; puts it where its timestamp says.
    fn listen(&mut self) -> Result<(), PhoneError> {
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
        let samples = self.stream.codec.sample_rate() as usize / 50;
        let mut frame = vec![0; samples];
        if self.speaking {
            for (place, sample) in frame.iter_mut().zip(std::iter::from_fn(|| self.speech.pop_front())) {
                *place = sample;
            }
            self.speaking = !self.speech.is_empty();
        }
        let mut payload = Vec::with_capacity(samples);
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

/// Where the script stands.
struct Steps {
    left: VecDeque<Step>,
    since: Duration,
    endless: bool,
    begun: bool,
}

impl Steps {
    fn new(steps: Vec<Step>, now: Duration) -> Self {
        Self { endless: steps.is_empty(), left: steps.into(), since: now, begun: false }
    }

    /// Goes on as far as possible. True: the script is at its end.
    fn advance(&mut self, now: Duration, line: &mut Line) -> bool {
        while let Some(step) = self.left.front() {
            let waited = now.saturating_sub(self.since);
            let done = match step {
                Step::Wait(wait) => waited >= *wait,
                Step::AwaitTone => line.tone.is_over() || waited >= TONE_PATIENCE,
                Step::Press(key) => {
                    if !self.begun {
                        line.keys.press(key.char());
                    }
                    self.begun && line.keys.is_idle()
                }
                Step::Speak => {
                    if !self.begun {
                        line.speaking = true;
                    }
                    self.begun && !line.speaking
                }
            };
            self.begun = !done;
            if !done {
                return false;
            }
            self.left.pop_front();
            self.since = now;
        }
        !self.endless
    }
}

/// Hears the tone that says "speak now": one pure pitch for 160 ms or more, then its end.
struct ToneEar {
    frame: usize,
    pending: Vec<i16>,
    pure: u32,
    heard: bool,
}

impl ToneEar {
    fn new(rate: u32) -> Self {
        Self { frame: rate as usize / 50, pending: Vec::new(), pure: 0, heard: false }
    }

    fn hear(&mut self, samples: &[i16]) {
        self.pending.extend_from_slice(samples);
        while self.pending.len() >= self.frame {
            let frame: Vec<i16> = self.pending.drain(..self.frame).collect();
            if is_pure(&frame) {
                self.pure += 1;
            } else {
                self.heard |= self.pure >= TONE_TICKS;
                self.pure = 0;
            }
        }
    }

    const fn is_over(&self) -> bool {
        self.heard
    }
}

/// Whether a 20 ms frame is one sine: for a sine, x[n-1] + x[n+1] = 2·cos(w)·x[n] with the same cos(w) everywhere.
fn is_pure(frame: &[i16]) -> bool {
    let (mut cross, mut power, mut sides) = (0.0, 0.0, 0.0);
    for window in frame.windows(3) {
        let [before, now, after] = *window else { continue };
        let (side, now) = (f64::from(before) + f64::from(after), f64::from(now));
        cross += side * now;
        power += now * now;
        sides += side * side;
    }
    let loud = power / frame.len().max(1) as f64 > 250_000.0;
    let factor = if power > 0.0 { cross / power } else { 0.0 };
    let error = sides - factor * cross;
    loud && factor.abs() < 1.95 && error < power * 0.01
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f64, rate: f64, count: usize, level: f64) -> Vec<i16> {
        (0..count).map(|n| (level * (std::f64::consts::TAU * hertz * n as f64 / rate).sin()) as i16).collect()
    }

    #[test]
    fn a_tone_is_heard_at_its_end_and_speech_like_sound_is_not() {
        let mut ear = ToneEar::new(8000);
        ear.hear(&sine(1000.0, 8000.0, 3200, 8000.0));
        assert!(!ear.is_over(), "it still sounds");
        ear.hear(&[0; 320]);
        assert!(ear.is_over());
        let mut ear = ToneEar::new(8000);
        let two: Vec<i16> = sine(400.0, 8000.0, 3200, 6000.0)
            .iter()
            .zip(sine(1330.0, 8000.0, 3200, 6000.0))
            .map(|(a, b)| a + b)
            .collect();
        ear.hear(&two);
        ear.hear(&[0; 320]);
        assert!(!ear.is_over());
    }

    #[test]
    fn steps_read_as_documented() {
        let steps = parse_steps("1,w2,48#").unwrap();
        let press = |c| Step::Press(Key::new(c).unwrap());
        assert_eq!(
            steps,
            [press('1'), Step::Wait(Duration::from_secs(2)), press('4'), press('8'), press('#')]
        );
        assert_eq!(parse_steps("t,p").unwrap(), [Step::AwaitTone, Step::Speak]);
        assert!(parse_steps("w").is_err());
        assert!(parse_steps("1x").is_err());
    }
}
