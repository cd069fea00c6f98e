//! One call's media: a task that sends what is due each 20 ms while it speaks, takes and records what came each 60 ms,
//! and tells what happened. Owns the sockets; nothing here allocates, locks or logs per packet.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, error::TryRecvError};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};

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
/// costs more than a packet.
const LISTEN_MS: u64 = 60;
/// Ticks are not exact: what is due so soon is due now.
const GRACE_MS: u64 = 10;
/// Events that wait for a reader who does not keep up.
const MOST_PENDING: usize = 256;
/// How long the last events wait for their reader.
const LAST_WORDS: Duration = Duration::from_secs(5);

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
    Close(oneshot::Sender<MediaStats>),
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
    commands: mpsc::Receiver<Command>,
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

/// Who asked for the end, if anybody waits for it.
type Ending = Option<oneshot::Sender<MediaStats>>;

impl Session {
    pub(super) fn new(
        shared: Arc<Shared>,
        lease: Lease,
        pair: Pair,
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<MediaEvent>,
    ) -> Self {
        let player = Player::new(Arc::clone(&shared.silence), shared.preparer.clone());
        let out = Outgoing::new(&*shared.clock, player, shared.config.steady);
        let Pair { rtp, rtcp, .. } = pair;
        Self {
            control: Control::new(rtcp, shared.config.bind),
            shared,
            rtp,
            commands,
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

    /// Runs to the end of the session. Its ticks have their phase from what is asked: calls do not share a moment.
    #[expect(
        clippy::disallowed_methods,
        reason = "the phase of tokio's own timer; nothing else is read from it"
    )]
    pub(super) async fn run(mut self) {
        let timer = sleep_until(Instant::now());
        tokio::pin!(timer);
        let ending = loop {
            let asked = self.wait(timer.as_mut()).await;
            let (began, now) = (Instant::now(), self.shared.clock.monotonic());
            if let Some(ending) = self.tick(asked, now) {
                break ending;
            }
            timer.as_mut().reset(began + self.period(now));
        };
        // On the heap for its moment, rather than in every session for its whole life.
        Box::pin(self.end(ending)).await;
    }

    /// Waits for the next tick, or, while there is nothing to send, for a command. `Some`: one came, or (`None` within)
    /// none will come any more.
    async fn wait(&mut self, timer: Pin<&mut Sleep>) -> Option<Option<Command>> {
        if !self.out.is_resting() {
            timer.await;
            return None;
        }
        tokio::select! {
            biased;
            command = self.commands.recv() => Some(command),
            () = timer => None,
        }
    }

    /// Until the next tick.
    fn period(&self, now: Duration) -> Duration {
        if self.out.is_resting() {
            return Duration::from_millis(LISTEN_MS);
        }
        let now_us = now.as_micros() as u64;
        Duration::from_micros(self.out.next_us(now_us).saturating_sub(now_us))
    }

    /// One tick, maybe because something was asked. `Some`: the session is over.
    fn tick(&mut self, asked: Option<Option<Command>>, now: Duration) -> Option<Ending> {
        let (now_us, now_ms) = (now.as_micros() as u64, now.as_millis() as u64);
        if let Some(ending) = self.obey(asked, now_us) {
            return Some(ending);
        }
        if now_ms + GRACE_MS >= self.listen_ms {
            self.listen_ms = now_ms + LISTEN_MS;
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
        }
        self.flush_events();
        if let Some(asking) = self.asking.take() {
            // Who no longer waits does not want to know.
            let _ = asking.send(self.stats());
        }
        None
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
    }

    /// Carries out what was asked since the last tick, beginning with `asked`.
    fn obey(&mut self, asked: Option<Option<Command>>, now_us: u64) -> Option<Ending> {
        let now_ms = now_us / 1000;
        let mut asked = asked.map(|command| command.ok_or(TryRecvError::Disconnected));
        loop {
            match asked.take().unwrap_or_else(|| self.commands.try_recv()) {
                Ok(Command::Connect(stream)) => {
                    self.ear.connect(&stream, now_ms, self.recorder.as_mut());
                    self.out.connect(&stream, &*self.shared.clock, now_us);
                    self.stream = Some(*stream);
                    self.lost_told = false;
                }
                Ok(Command::Play(id, clips)) => self.out.player.play(Some(id), clips),
                Ok(Command::StopPlaying) => self.out.player.stop(),
                Ok(Command::Record(what)) => {
                    let (take, writer, plan) = *what;
                    self.receive(now_ms);
                    self.stop_recording(now_ms, StopCause::Asked);
                    self.ear.begin_recording(now_ms);
                    self.recorder = Some(Recorder::new(take, writer, plan));
                }
                Ok(Command::StopRecording) => {
                    self.receive(now_ms);
                    self.stop_recording(now_ms, StopCause::Asked);
                }
                Ok(Command::Info(key)) => {
                    // It is told with what came before it.
                    self.ear.info(key, now_ms, self.recorder.as_mut());
                    self.listen_ms = now_ms;
                }
                Ok(Command::SendKeys(keys)) => {
                    for key in keys {
                        if !self.out.keys.press(key.char()) {
                            tracing::warn!("a key is not sent: too many wait");
                        }
                    }
                }
                Ok(Command::Stats(asking)) => {
                    self.listen_ms = now_ms;
                    self.asking = Some(asking);
                }
                Ok(Command::Close(waiting)) => return Some(Some(waiting)),
                Err(TryRecvError::Disconnected) => return Some(None),
                Err(TryRecvError::Empty) => return None,
            }
        }
    }

    /// Takes what came to the RTP port.
    fn receive(&mut self, now_ms: u64) {
        let Self { rtp, ear, recorder, .. } = self;
        receive(rtp, |from, bytes| ear.datagram(now_ms, from, bytes, recorder.as_mut()));
    }

    fn mind_recording(&mut self, now_ms: u64) {
        match self.recorder.as_mut().map(Recorder::progress) {
            Some(Progress::Warn) => self.out.player.play(None, vec![Arc::clone(&self.shared.warning)]),
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

    fn flush_events(&mut self) {
        while let Some(event) = self.pending.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(event)) => {
                    self.pending.push_front(event);
                    return;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return,
            }
        }
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
    async fn end(mut self, ending: Ending) {
        let now_ms = self.shared.clock.monotonic().as_millis() as u64;
        self.receive(now_ms);
        self.stop_recording(now_ms, StopCause::HungUp);
        self.flush_events();
        let Self { stream, ear, out, shared, rtp, control, .. } = &mut self;
        control.goodbye(now_ms, &mut Line { stream: stream.as_ref(), ear, out, shared, rtp });
        let stats = self.stats();
        let Self { rtp, control, events, pending, commands, lease, .. } = self;
        drop((rtp, control, commands));
        drop(lease);
        if let Some(waiting) = ending {
            // Who no longer waits does not want to know.
            let _ = waiting.send(stats);
        }
        for event in pending {
            if !matches!(tokio::time::timeout(LAST_WORDS, events.send(event)).await, Ok(Ok(()))) {
                break;
            }
        }
    }
}
