//! One call's media: sends what is due each 20 ms while it speaks, takes and records what came, and tells what happened.
//! Owns the sockets; run by [`super::worker`]. Nothing here allocates, locks or logs per packet.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::audio::Clip;
use crate::blob::spool::SpoolWriter;
use crate::flow::{Key, PlayId, StopCause, Take};
use crate::sip::sdp::{Direction, Stream};

use super::control::{Control, Line};
use super::ear::Ear;
use super::engine::{Lease, Shared};
use super::outgoing::{Outgoing, Wire};
use super::player::Player;
use super::ports::{Pair, for_socket, receive};
use super::recorder::{Progress, Recorder};
use super::{MediaEvent, MediaStats, RecordPlan};

/// What came is taken so often, all at once. Positions come from timestamps, so nothing but a key is late by it; waking
/// costs more than a packet. While nothing is recorded, whoever presses a key waits for what it does: taken as often as
/// packets of ours go out, whether they do or a menu waits in silence.
const LISTEN_MS: u64 = 20;
/// While a message is recorded.
const LISTEN_RECORDING_MS: u64 = 100;
/// Ticks are not exact: what is due so soon is due now.
const GRACE_MS: u64 = 10;
/// Events that wait for a reader who does not keep up.
const MOST_PENDING: usize = 256;

/// What a session is told.
#[derive(Debug)]
pub(super) enum Command {
    Connect(Box<Stream>),
    Play(PlayId, Vec<Arc<Clip>>),
    StopPlaying,
    Record(Box<(Take, SpoolWriter, RecordPlan)>),
    StopRecording,
    Info(Key),
    SendKeys(Vec<Key>),
    Stats(oneshot::Sender<MediaStats>),
    /// With whoever waits for the end, if anybody does.
    Close(Option<oneshot::Sender<MediaStats>>),
}

/// The RTP socket as [`Outgoing`] sees it.
struct Port<'a> {
    socket: &'a UdpSocket,
    bind: IpAddr,
}

impl Wire for Port<'_> {
    fn send(&self, packet: &[u8], to: SocketAddr) -> bool {
        // What the network refuses is lost like any packet; the peer's silence will tell.
        self.socket.send_to(packet, for_socket(self.bind, to)).is_ok()
    }
}

/// A session, running on its worker.
#[derive(Debug)]
pub(super) struct Session {
    shared: Arc<Shared>,
    rtp: UdpSocket,
    /// Gone with the handle: then nobody can say that the session is over.
    handle: Weak<()>,
    events: mpsc::Sender<MediaEvent>,
    pending: VecDeque<MediaEvent>,
    stream: Option<Stream>,
    ear: Ear,
    out: Outgoing,
    control: Control,
    recorder: Option<Recorder>,
    /// Loss of RTP was told and no packet came since.
    lost_told: bool,
    /// When what came is taken next.
    listen_ms: u64,
    /// Who wants to know how it stands, after this tick.
    asking: Option<oneshot::Sender<MediaStats>>,
    /// Given back when all of the above is gone.
    lease: Lease,
}

/// What is left of a session that is over: events that its reader has not taken.
#[derive(Debug)]
pub(super) struct Leaving {
    events: mpsc::Sender<MediaEvent>,
    pending: VecDeque<MediaEvent>,
}

impl Leaving {
    /// Hands on what there is room for; whether that was all, or nobody wants it.
    pub(super) fn offer(&mut self) -> bool {
        hand_on(&mut self.pending, &self.events)
    }
}

impl Session {
    pub(super) fn new(
        shared: Arc<Shared>,
        lease: Lease,
        pair: Pair,
        handle: Weak<()>,
        events: mpsc::Sender<MediaEvent>,
    ) -> Self {
        let player = Player::new(Arc::clone(&shared.silence), shared.preparer.clone());
        let out = Outgoing::new(&*shared.clock, player, shared.config.steady);
        let Pair { rtp, rtcp, .. } = pair;
        Self {
            control: Control::new(rtcp, shared.config.bind),
            shared,
            rtp,
            handle,
            events,
            pending: VecDeque::new(),
            stream: None,
            ear: Ear::new(),
            out,
            recorder: None,
            lost_told: false,
            listen_ms: 0,
            asking: None,
            lease,
        }
    }

    /// One tick: what came, what is due, what there is to tell. When the next one is wanted; `None`: nobody is there any
    /// more, and the session is over.
    pub(super) fn tick(&mut self, now: Duration) -> Option<Duration> {
        let (now_us, now_ms) = (now.as_micros() as u64, now.as_millis() as u64);
        if now_ms + GRACE_MS >= self.listen_ms {
            self.listen(now_ms);
        }
        let target = self.target();
        let wire = Port { socket: &self.rtp, bind: self.shared.config.bind };
        if let Some(id) = self.out.tick(now_us, target, &wire) {
            self.tell(MediaEvent::PlayFinished(id));
        }
        if self.control.is_due(now_ms) {
            let Self { stream, ear, out, shared, rtp, control, .. } = self;
            control.mind(now_ms, &mut Line { stream: stream.as_ref(), ear, out, shared, rtp });
            if self.handle.strong_count() == 0 {
                return None;
            }
        }
        hand_on(&mut self.pending, &self.events);
        if let Some(asking) = self.asking.take() {
            // Who no longer waits does not want to know.
            let _ = asking.send(self.stats());
        }
        Some(self.pause(now_us))
    }

    /// Until the next tick.
    fn pause(&self, now_us: u64) -> Duration {
        if self.out.is_resting() {
            return Duration::from_millis(self.listen_ms.saturating_sub(now_us / 1000));
        }
        Duration::from_micros(self.out.next_us(now_us).saturating_sub(now_us))
    }

    /// Takes what came, and looks what it means.
    fn listen(&mut self, now_ms: u64) {
        self.receive(now_ms);
        self.ear.tick(now_ms, self.recorder.as_mut());
        self.mind_recording(now_ms);
        self.mind_loss(now_ms);
        while let Some(key) = self.ear.next_key() {
            self.tell(MediaEvent::Digit(key));
        }
        let records = self.out.is_resting() && self.recorder.is_some();
        self.listen_ms = now_ms + if records { LISTEN_RECORDING_MS } else { LISTEN_MS };
    }

    /// Carries out what is asked (but for the end, which is [`Session::end`]). A tick follows.
    pub(super) fn obey(&mut self, command: Command, now: Duration) {
        let (now_us, now_ms) = (now.as_micros() as u64, now.as_millis() as u64);
        match command {
            Command::Connect(stream) => {
                self.ear.connect(&stream, now_ms, self.recorder.as_mut());
                self.out.connect(&stream, &*self.shared.clock, now_us);
                self.stream = Some(*stream);
                self.lost_told = false;
            }
            Command::Play(id, clips) => self.out.play(Some(id), clips),
            Command::StopPlaying => self.out.player.stop(),
            Command::Record(what) => {
                let (take, writer, plan) = *what;
                self.receive(now_ms);
                self.stop_recording(now_ms, StopCause::Asked);
                self.ear.begin_recording(now_ms);
                self.recorder = Some(Recorder::new(take, writer, plan));
            }
            Command::StopRecording => {
                self.receive(now_ms);
                self.stop_recording(now_ms, StopCause::Asked);
            }
            Command::Info(key) => {
                // It is told with what came before it.
                self.ear.info(key, now_ms, self.recorder.as_mut());
                self.listen_ms = now_ms;
            }
            Command::SendKeys(keys) => {
                for key in keys {
                    if !self.out.keys.press(key.char()) {
                        tracing::warn!("a key is not sent: too many wait");
                    }
                }
            }
            Command::Stats(asking) => {
                self.listen_ms = now_ms;
                self.asking = Some(asking);
            }
            Command::Close(_) => {}
        }
    }

    /// Takes what came to the RTP port.
    fn receive(&mut self, now_ms: u64) {
        let Self { rtp, ear, recorder, .. } = self;
        receive(rtp, |from, bytes| ear.datagram(now_ms, from, bytes, recorder.as_mut()));
    }

    fn mind_recording(&mut self, now_ms: u64) {
        match self.recorder.as_mut().map(Recorder::progress) {
            Some(Progress::Warn) => self.out.play(None, vec![Arc::clone(&self.shared.warning)]),
            Some(Progress::Stop(cause)) => self.stop_recording(now_ms, cause),
            Some(Progress::GoesOn) | None => {}
        }
    }

    /// Tells when nothing came for too long although the peer should send.
    fn mind_loss(&mut self, now_ms: u64) {
        let quiet = Duration::from_millis(now_ms.saturating_sub(self.ear.heard_ms()));
        if quiet < self.shared.config.silence_timeout {
            self.lost_told = false;
            return;
        }
        let should_send = self.stream.as_ref().is_some_and(|stream| {
            stream.remote.is_some() && matches!(stream.direction, Direction::SendRecv | Direction::RecvOnly)
        });
        if should_send && !self.lost_told {
            self.lost_told = true;
            self.stop_recording(now_ms, StopCause::MediaLost);
            self.tell(MediaEvent::Lost);
        }
    }

    fn stop_recording(&mut self, now_ms: u64, cause: StopCause) {
        if self.recorder.is_none() {
            return;
        }
        self.ear.flush(now_ms, self.recorder.as_mut());
        if let Some(recorder) = self.recorder.take() {
            let event = recorder.finish(cause);
            // Keys are told before the end that they brought about.
            while let Some(key) = self.ear.next_key() {
                self.tell(MediaEvent::Digit(key));
            }
            self.tell(event);
        }
    }

    /// Where our packets go now; `None` on hold.
    fn target(&self) -> Option<SocketAddr> {
        let stream = self.stream.as_ref()?;
        let may_send = matches!(stream.direction, Direction::SendRecv | Direction::SendOnly);
        if !may_send || stream.remote.is_none() {
            return None;
        }
        // "Nowhere" in its old spelling (RFC 3264 §8.4) would be this machine.
        self.ear.source().target().filter(|target| !target.ip().is_unspecified() && target.port() != 0)
    }

    fn tell(&mut self, event: MediaEvent) {
        if self.pending.len() >= MOST_PENDING {
            // Only keys come in such numbers, and only from a peer that makes noise.
            metrics::counter!("aftertone_media_events_dropped_total").increment(1);
            if matches!(event, MediaEvent::Digit(_)) {
                return;
            }
            self.pending.pop_front();
        }
        self.pending.push_back(event);
    }

    fn stats(&self) -> MediaStats {
        MediaStats {
            received: self.ear.received(),
            lost: self.ear.lost(),
            late: self.ear.late(),
            foreign: self.ear.foreign(),
            sent: self.out.sent(),
        }
    }

    /// Keeps what was recorded, says goodbye, gives everything back.
    pub(super) fn end(mut self, now: Duration, waiting: Option<oneshot::Sender<MediaStats>>) -> Leaving {
        let now_ms = now.as_millis() as u64;
        self.receive(now_ms);
        self.stop_recording(now_ms, StopCause::HungUp);
        hand_on(&mut self.pending, &self.events);
        let Self { stream, ear, out, shared, rtp, control, .. } = &mut self;
        control.goodbye(now_ms, &mut Line { stream: stream.as_ref(), ear, out, shared, rtp });
        let stats = self.stats();
        let Self { rtp, control, events, pending, lease, .. } = self;
        drop((rtp, control));
        drop(lease);
        if let Some(waiting) = waiting {
            // Who no longer waits does not want to know.
            let _ = waiting.send(stats);
        }
        Leaving { events, pending }
    }
}

/// Hands on what there is room for; whether that was all, or nobody wants it.
fn hand_on(pending: &mut VecDeque<MediaEvent>, events: &mpsc::Sender<MediaEvent>) -> bool {
    while let Some(event) = pending.pop_front() {
        match events.try_send(event) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(event)) => {
                pending.push_front(event);
                return false;
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return true,
        }
    }
    true
}
