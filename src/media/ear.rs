//! The receiving half of a session: which packets are the peer's, what they hold, which keys they press; sound goes to
//! the running recording. No sockets: [`super::session`] hands datagrams in with the time.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::audio::tones::DtmfDetector;
use crate::audio::{Codec, Decoder};
use crate::flow::Key;
use crate::rtp::event::{EventReceiver, Heard, Span};
use crate::rtp::jitter::{Frame, Incoming, JitterBuffer};
use crate::rtp::packet::{Packet, PacketError, opus_ticks};
use crate::rtp::rtcp::{self, Reception};
use crate::rtp::source::{Expected, Source, Verdict};
use crate::sip::sdp::Stream;

use super::recorder::Recorder;

/// The same key by another way within this time is the same press.
const SAME_PRESS_MS: u64 = 200;
/// A key in the sound is known this long after it began.
const IN_BAND_DELAY_MS: i64 = 40;
/// 60 ms at 48 kHz.
static NO_KEY: [i16; 2880] = [0; 2880];

/// How a key came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// RFC 4733.
    Event,
    /// SIP INFO.
    Info,
    /// Tones in the sound.
    InBand,
}

/// The receiving half of a session.
#[derive(Debug)]
pub(super) struct Ear {
    source: Source,
    reception: Reception,
    events: EventReceiver,
    jitter: JitterBuffer,
    listener: Listener,
    keys: Keys,
    terms: Terms,
    /// When the last packet of the peer came.
    heard_ms: u64,
    /// Timestamp of the last sound since the last tick.
    newest: Option<u32>,
    received: u64,
    foreign: u64,
    /// Lost and late of jitter buffers that were replaced.
    before: (u64, u64),
}

/// What is expected of the peer.
#[derive(Debug, Clone, Copy)]
struct Terms {
    codec: Codec,
    payload_type: u8,
    comfort_noise: Option<u8>,
    /// Bit n: payload type n is telephone-event.
    events: u128,
    /// Telephone-events count in the same ticks as the sound.
    same_clock: bool,
}

/// Turns frames into samples, for the recording and for keys in the sound.
#[derive(Debug)]
struct Listener {
    decoder: Option<Decoder>,
    codec: Codec,
    pcm: Vec<i16>,
    in_band: Option<DtmfDetector>,
    /// Where a key lies: its sound is not recorded.
    muted: Option<Span>,
    key_is_down: bool,
}

/// Keys that were pressed and not told yet.
#[derive(Debug, Default)]
struct Keys {
    pressed: VecDeque<Key>,
    last: Option<(Key, Way, u64)>,
}

impl Keys {
    /// Most that may wait between two ticks; a peer that presses more is making noise.
    const MOST: usize = 32;

    fn press(&mut self, key: char, way: Way, now_ms: u64) -> bool {
        let Some(key) = Key::new(key) else { return false };
        let again = self.last.is_some_and(|(last, by, at)| {
            last == key && by != way && now_ms.saturating_sub(at) <= SAME_PRESS_MS
        });
        if again || self.pressed.len() >= Self::MOST {
            return false;
        }
        self.last = Some((key, way, now_ms));
        self.pressed.push_back(key);
        true
    }
}

impl Ear {
    pub(super) fn new() -> Self {
        let codec = Codec::Pcmu;
        Self {
            source: Source::default(),
            reception: Reception::default(),
            events: EventReceiver::default(),
            jitter: JitterBuffer::new(codec.clock_rate(), 0),
            listener: Listener {
                decoder: None,
                codec,
                pcm: Vec::new(),
                in_band: None,
                muted: None,
                key_is_down: false,
            },
            keys: Keys::default(),
            terms: Terms { codec, payload_type: 0, comfort_noise: None, events: 0, same_clock: true },
            heard_ms: 0,
            newest: None,
            received: 0,
            foreign: 0,
            before: (0, 0),
        }
    }

    /// Takes what was negotiated. A running recording goes on.
    pub(super) fn connect(&mut self, stream: &Stream, now_ms: u64, recorder: Option<&mut Recorder>) {
        let clock_rate = stream.codec.clock_rate();
        let mut expected = Expected { remote: stream.remote, payload_types: 0 };
        let mut events = Expected::default();
        stream.events.iter().for_each(|(payload_type, _)| events.allow(*payload_type));
        expected.allow(stream.recv_pt);
        stream.comfort_noise.iter().for_each(|payload_type| expected.allow(*payload_type));
        expected.payload_types |= events.payload_types;
        self.source.expect(expected);
        self.flush(now_ms, recorder);
        if self.terms.codec != stream.codec {
            self.before = (self.lost(), self.late());
            self.jitter = JitterBuffer::new(clock_rate, now_ms);
            self.listener.codec = stream.codec;
            self.listener.decoder = None;
            self.listener.muted = None;
            self.reception.restart();
            self.events.restart();
        }
        self.terms = Terms {
            codec: stream.codec,
            payload_type: stream.recv_pt,
            comfort_noise: stream.comfort_noise,
            events: events.payload_types,
            same_clock: stream.events.iter().all(|(_, rate)| *rate == clock_rate),
        };
        self.listener.in_band =
            stream.events.is_empty().then(|| DtmfDetector::new(stream.codec.sample_rate()));
        self.heard_ms = now_ms;
    }

    /// A recording begins: what came before is not in it.
    pub(super) fn begin_recording(&mut self, now_ms: u64) {
        self.jitter.begin_here(now_ms);
        if self.listener.in_band.is_none() {
            // It rested while nobody listened: what it remembers is another time.
            self.listener.decoder = None;
        }
    }

    /// A datagram that came to the RTP port.
    pub(super) fn datagram(
        &mut self,
        now_ms: u64,
        from: SocketAddr,
        bytes: &[u8],
        recorder: Option<&mut Recorder>,
    ) {
        let packet = match Packet::parse(bytes) {
            Ok(packet) => packet,
            Err(PacketError::Rtcp) => return self.report(now_ms, from, bytes),
            Err(_) => {
                self.foreign += 1;
                return;
            }
        };
        match self.source.check(from, &packet, now_ms) {
            Verdict::Foreign => self.foreign += 1,
            Verdict::Duplicate => {}
            Verdict::Accepted { number, restart } => {
                self.received += 1;
                self.heard_ms = now_ms;
                self.accepted(now_ms, &packet, number, restart, recorder);
            }
        }
    }

    /// RTCP of the peer; of anybody else it is ignored.
    pub(super) fn report(&mut self, now_ms: u64, from: SocketAddr, bytes: &[u8]) {
        let ours = self.source.target().is_some_and(|peer| peer.ip() == from.ip().to_canonical());
        match rtcp::read(bytes) {
            Some(report) if ours => {
                if let Some((ssrc, middle)) = report.sender
                    && Some(ssrc) == self.source.ssrc()
                {
                    self.reception.heard_report(middle, now_ms);
                }
            }
            _ => self.foreign += 1,
        }
    }

    /// Lets time pass.
    pub(super) fn tick(&mut self, now_ms: u64, mut recorder: Option<&mut Recorder>) {
        self.listener.key_is_down = self.events.is_down(now_ms);
        if let Some(timestamp) = self.newest.take() {
            let ticks_per_ms = u64::from(self.terms.codec.clock_rate() / 1000);
            self.reception.arrived(timestamp, (now_ms * ticks_per_ms) as u32);
        }
        let Self { jitter, listener, keys, .. } = self;
        jitter.tick(now_ms, &mut |frame| listener.hear(frame, now_ms, keys, recorder.as_deref_mut()));
    }

    /// Hands on all that waits: a recording ends here.
    pub(super) fn flush(&mut self, now_ms: u64, mut recorder: Option<&mut Recorder>) {
        let Self { jitter, listener, keys, .. } = self;
        jitter.flush(now_ms, &mut |frame| listener.hear(frame, now_ms, keys, recorder.as_deref_mut()));
    }

    /// A key that came by SIP INFO.
    pub(super) fn info(&mut self, key: Key, now_ms: u64, recorder: Option<&mut Recorder>) {
        if self.keys.press(key.char(), Way::Info, now_ms)
            && let Some(recorder) = recorder
        {
            recorder.key(0, self.terms.codec.sample_rate());
        }
    }

    /// The next key that was pressed and not told.
    pub(super) fn next_key(&mut self) -> Option<Key> {
        self.keys.pressed.pop_front()
    }

    pub(super) const fn source(&self) -> &Source {
        &self.source
    }

    /// For the report about what was received.
    pub(super) const fn reception(&mut self) -> (&mut Reception, &Source) {
        (&mut self.reception, &self.source)
    }

    pub(super) const fn heard_ms(&self) -> u64 {
        self.heard_ms
    }

    pub(super) const fn received(&self) -> u64 {
        self.received
    }

    pub(super) const fn foreign(&self) -> u64 {
        self.foreign
    }

    pub(super) const fn lost(&self) -> u64 {
        self.before.0 + self.jitter.lost()
    }

    pub(super) const fn late(&self) -> u64 {
        self.before.1 + self.jitter.late()
    }

    fn accepted(
        &mut self,
        now_ms: u64,
        packet: &Packet<'_>,
        number: u64,
        restart: bool,
        mut recorder: Option<&mut Recorder>,
    ) {
        if restart {
            let Self { jitter, listener, keys, .. } = self;
            jitter.restart(now_ms, &mut |frame| listener.hear(frame, now_ms, keys, recorder.as_deref_mut()));
            listener.decoder = None;
            listener.muted = None;
            self.events.restart();
            self.reception.restart();
        }
        let Packet { payload_type, timestamp, payload, .. } = *packet;
        self.reception.count();
        let is_event = self.terms.events & (1 << payload_type) != 0;
        if is_event {
            self.event(now_ms, packet, recorder.as_deref_mut());
        }
        let is_sound = !is_event && Some(payload_type) != self.terms.comfort_noise;
        self.newest = if is_sound { Some(timestamp) } else { self.newest };
        let ticks = match self.terms.codec {
            _ if !is_sound || payload_type != self.terms.payload_type => 0,
            Codec::Opus => opus_ticks(payload).unwrap_or(0),
            _ => u32::try_from(payload.len()).unwrap_or(0),
        };
        let Self { jitter, listener, keys, .. } = self;
        jitter.push(now_ms, Incoming { number, timestamp, ticks, payload }, &mut |frame| {
            listener.hear(frame, now_ms, keys, recorder.as_deref_mut());
        });
    }

    fn event(&mut self, now_ms: u64, packet: &Packet<'_>, recorder: Option<&mut Recorder>) {
        let heard = self.events.receive(now_ms, packet.marker, packet.timestamp, packet.payload);
        let (Heard::Pressed(_, span) | Heard::Continues(span)) = heard else { return };
        self.listener.key_is_down = self.events.is_down(now_ms);
        if self.terms.same_clock {
            self.listener.muted = Some(span);
        }
        if let Heard::Pressed(key, _) = heard
            && self.keys.press(key, Way::Event, now_ms)
            && let Some(recorder) = recorder
        {
            let ahead = match self.jitter.due() {
                Some(due) if self.terms.same_clock => i64::from(span.from.wrapping_sub(due).cast_signed()),
                _ => 0,
            };
            recorder.key(ahead, self.terms.codec.clock_rate());
        }
    }
}

impl Listener {
    fn hear(&mut self, frame: Frame<'_>, now_ms: u64, keys: &mut Keys, recorder: Option<&mut Recorder>) {
        if recorder.is_none() && self.in_band.is_none() {
            return;
        }
        let rate = self.codec.sample_rate();
        let samples =
            |ticks: u32| (u64::from(ticks) * u64::from(rate) / u64::from(self.codec.clock_rate())) as usize;
        self.pcm.clear();
        let count = match frame {
            Frame::Silence { ticks } => samples(ticks),
            Frame::Lost { ticks } => {
                let count = samples(ticks);
                if let Some(decoder) = &mut self.decoder {
                    // Concealed sound has faded out long before a second has passed.
                    decoder.conceal(count.min(rate as usize), &mut self.pcm);
                }
                count
            }
            Frame::Audio { timestamp, ticks, payload } => {
                let count = samples(ticks);
                if !self.is_muted(timestamp, ticks) {
                    self.decode(payload, count);
                }
                count
            }
        };
        let mut in_key = false;
        if let Some(detector) = &mut self.in_band {
            // Without sound no key is down: as much silence as ends one.
            let heard = match self.pcm.is_empty() {
                true => NO_KEY.get(..count).unwrap_or(&NO_KEY),
                false => &self.pcm,
            };
            in_key = detector.frame(heard).is_some_and(|key| keys.press(key, Way::InBand, now_ms));
        }
        let Some(recorder) = recorder else { return };
        if in_key {
            recorder.key(-IN_BAND_DELAY_MS * i64::from(rate) / 1000, rate);
        }
        if self.in_band.as_ref().is_some_and(DtmfDetector::is_down) {
            self.pcm.clear();
        }
        if !self.pcm.is_empty() {
            recorder.sound(&self.pcm, rate);
        }
        recorder.silence(count.saturating_sub(self.pcm.len()), rate);
    }

    fn decode(&mut self, payload: &[u8], count: usize) {
        if self.decoder.is_none() {
            // No peer can bring this about; then the recording is silence, and says so in the log.
            self.decoder =
                Decoder::new(self.codec).inspect_err(|error| tracing::error!(%error, "no decoder")).ok();
        }
        let Some(decoder) = &mut self.decoder else { return };
        if decoder.decode(payload, &mut self.pcm).is_err() {
            self.pcm.clear();
            decoder.conceal(count, &mut self.pcm);
        }
    }

    /// Whether a key was down while this was said.
    const fn is_muted(&self, timestamp: u32, ticks: u32) -> bool {
        let Some(Span { from, to }) = self.muted else { return false };
        let ends_after = timestamp.wrapping_add(ticks).wrapping_sub(from).cast_signed() > 0;
        let begins_before = to.wrapping_sub(timestamp).cast_signed() > 0;
        ends_after && (begins_before || self.key_is_down)
    }
}
