//! The media engine: one worker thread per core; each owns its calls' sockets and clocks.
//!
//! A call is woken by its own tick, each 20 ms while it speaks and else each 60 to 100 ms, never by a packet
//! ([`worker`]): it takes what has come, runs the frames, sends what is due ([`session`]; [`ear`] hears, [`recorder`]
//! keeps, [`outgoing`] and [`player`] speak, [`control`] reports). Knows nothing of SIP or of dialogues: it is told
//! where to send and what to play or record ([`MediaHandle`]), and says what it heard ([`MediaEvent`]).

mod control;
mod ear;
mod engine;
mod outgoing;
mod player;
mod ports;
mod recorder;
mod session;
mod worker;

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::audio::Clip;
use crate::blob::spool::SpoolWriter;
use crate::clock::SharedClock;
use crate::domain::RecordingClass;
use crate::flow::{Key, PlayId, StopCause, Take};
use crate::sip::sdp::Stream;

use engine::{Line, Shared};
use session::Command;

/// How the engine is set up.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Address the RTP sockets bind to.
    pub bind: IpAddr,
    /// Even ports are RTP, the odd one above is RTCP.
    pub ports: RangeInclusive<u16>,
    /// Worker threads.
    pub workers: usize,
    /// After so long without RTP (while the peer should send) the call is told [`MediaEvent::Lost`].
    pub silence_timeout: Duration,
    /// Pauses of ours are sent as silence. Otherwise nothing is sent in them but a packet each second (RFC 3551 §4.1).
    pub steady: bool,
}

/// What bounds a recording, and how it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPlan {
    /// Longest recording, earlier takes included.
    pub max: Duration,
    /// Silence that ends it.
    pub silence: Duration,
    /// A warning tone is sent this long before `max`.
    pub warn_before: Duration,
    /// Less speech than this is [`RecordingClass::NoSpeech`].
    pub min_speech: Duration,
    /// Samples per second of the recording, as its head in the spool says: what comes in is brought to it.
    pub sample_rate: u32,
    /// Speech in the earlier takes that this one goes on.
    pub earlier_voiced: Duration,
}

/// What happened on the line. Sent over a bounded channel; the worker never waits for its reader.
#[derive(Debug, Clone, PartialEq)]
pub enum MediaEvent {
    /// A key, however it came (RFC 4733, SIP INFO handed in, in-band); each press once.
    Digit(Key),
    /// The clips of this play were sent to their end.
    PlayFinished(PlayId),
    /// A recording stopped and its verdict is in the spool.
    RecordingStopped {
        /// Which.
        take: Take,
        /// Why.
        cause: StopCause,
        /// Its length, trimmed, earlier takes included.
        length: Duration,
        /// Speech in it, earlier takes included.
        voiced: Duration,
        /// What it contains.
        class: RecordingClass,
    },
    /// No RTP for the configured time (a running recording has been stopped and kept before this is said).
    Lost,
}

/// What a session saw.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MediaStats {
    /// Packets received that belonged to the session.
    pub received: u64,
    /// Packets that were missing when they were due.
    pub lost: u64,
    /// Packets that came after they were due.
    pub late: u64,
    /// Packets from strangers or malformed ones.
    pub foreign: u64,
    /// Packets sent.
    pub sent: u64,
}

/// The engine. Cheap to clone; it ends with its last clone and its last session.
#[derive(Debug, Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// One call's media. Dropping it closes the session; a running recording is finished with [`StopCause::HungUp`] first.
///
/// Everything asked of it is done in the order it was asked, at once.
#[derive(Debug)]
pub struct MediaHandle {
    port: u16,
    sample_rate: AtomicU32,
    line: Line,
}

/// Why no session could be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// All ports of the range are in use. Retry when calls have ended.
    #[error("no free RTP port in {0:?}: widen rtp.ports")]
    NoPort(RangeInclusive<u16>),
    /// The system refuses a socket.
    #[error("no RTP socket can be opened: {0}: check rtp.address and the limit of open files (ulimit -n)")]
    Socket(#[source] std::io::Error),
    /// A worker has more to do than it can. Retry when calls have ended.
    #[error("the media engine does not keep up: fewer calls (sip.max_calls) or more cores")]
    Behind,
    /// The engine is shutting down.
    #[error("the media engine is closed")]
    Closed,
}

impl Engine {
    /// Starts the workers.
    ///
    /// # Errors
    /// What the system says when it refuses a thread or a timer.
    pub fn start(config: EngineConfig, clock: SharedClock) -> std::io::Result<Self> {
        Ok(Self { shared: Shared::start(config, clock)? })
    }

    /// Binds a pair of ports and makes a session that is silent until [`MediaHandle::connect`].
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(&self) -> Result<(MediaHandle, mpsc::Receiver<MediaEvent>), OpenError> {
        self.shared.open()
    }

    /// Sessions that are open.
    pub fn sessions(&self) -> usize {
        self.shared.sessions()
    }

    /// Opens no more sessions; those that are open go on.
    pub fn close(&self) {
        self.shared.close();
    }
}

impl MediaHandle {
    const fn new(port: u16, line: Line) -> Self {
        Self { port, sample_rate: AtomicU32::new(8_000), line }
    }

    /// The local RTP port, for the SDP.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Sets or changes (re-INVITE) codec, payload types, addresses and direction as negotiated.
    pub fn connect(&self, stream: &Stream) {
        self.sample_rate.store(stream.codec.sample_rate(), Ordering::Relaxed);
        self.ask(Command::Connect(Box::new(stream.clone())));
    }

    /// Plays these one after the other; replaces what is playing. Waits for [`MediaHandle::connect`]. On hold it goes
    /// on unheard, so that it ends when the dialogue expects it.
    pub fn play(&self, id: PlayId, clips: Vec<Arc<Clip>>) {
        self.ask(Command::Play(id, clips));
    }

    /// Falls silent at once.
    pub fn stop_playing(&self) {
        self.ask(Command::StopPlaying);
    }

    /// Records what comes in until a limit of the plan, [`MediaHandle::stop_recording`] or the end of the call. A
    /// recording that is running is ended first.
    pub fn record(&self, take: Take, writer: SpoolWriter, plan: RecordPlan) {
        self.ask(Command::Record(Box::new((take, writer, plan))));
    }

    /// Ends the running recording.
    pub fn stop_recording(&self) {
        self.ask(Command::StopRecording);
    }

    /// Hands in a key that came by SIP INFO; deduplicated against RFC 4733 within 200 ms.
    pub fn info_digit(&self, key: Key) {
        self.ask(Command::Info(key));
    }

    /// Sends these keys as telephone-events (RFC 4733), 100 ms each with 100 ms between them. For the test phone.
    pub fn send_digits(&self, keys: &[Key]) {
        self.ask(Command::SendKeys(keys.to_vec()));
    }

    /// The worst-case samples per second of what is received now (8000, 16000 or 48000): the rate of a recording.
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate.load(Ordering::Relaxed)
    }

    /// How the session stands: everything asked before has been done, and what has come by now is in it.
    pub async fn stats(&self) -> MediaStats {
        let (asking, answer) = oneshot::channel();
        self.ask_in_time(Command::Stats(asking)).await;
        // An error means that the worker is gone, and the session with it.
        answer.await.unwrap_or_default()
    }

    /// Ends the session (a running recording is finished first) and waits for it.
    pub async fn close(self) -> MediaStats {
        let (done, closed) = oneshot::channel();
        self.ask_in_time(Command::Close(Some(done))).await;
        closed.await.unwrap_or_default()
    }

    fn ask(&self, command: Command) {
        if self.line.ask(command).is_err() {
            tracing::error!(port = self.port, "a session does not take commands any more");
        }
    }

    /// As [`MediaHandle::ask`], but waits for room.
    async fn ask_in_time(&self, mut command: Command) {
        while let Err(Some(refused)) = self.line.ask(command) {
            command = refused;
            tokio::time::sleep(ROOM).await;
        }
    }
}

/// How soon a full inbox is tried again.
const ROOM: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests;
