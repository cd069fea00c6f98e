//! The media engine: one worker thread per core; each owns its calls' sockets and clocks.
//!
//! A call is woken by its own 20 ms tick, never by a packet. Knows nothing of SIP or of dialogues: it is told where
//! to send and what to play or record ([`MediaHandle`]), and says what it heard ([`MediaEvent`]).

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::audio::Clip;
use crate::blob::spool::SpoolWriter;
use crate::clock::SharedClock;
use crate::domain::RecordingClass;
use crate::flow::{Key, PlayId, StopCause, Take};
use crate::sip::sdp::Stream;

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

/// What a session saw, told when it closes.
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

/// The engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine;

/// One call's media. Dropping it closes the session; a running recording is finished with [`StopCause::HungUp`] first.
#[derive(Debug)]
pub struct MediaHandle;

/// Why no session could be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// All ports of the range are in use.
    #[error("no free RTP port in {0:?}: widen rtp.ports")]
    NoPort(RangeInclusive<u16>),
    /// The engine is shutting down.
    #[error("the media engine is closed")]
    Closed,
}

#[expect(unused_variables, clippy::missing_errors_doc, reason = "signatures before bodies")]
impl Engine {
    /// Starts the workers.
    pub fn start(config: EngineConfig, clock: SharedClock) -> std::io::Result<Self> {
        todo!()
    }
    /// Binds a pair of ports and makes a session that is silent until [`MediaHandle::connect`].
    pub async fn open(&self) -> Result<(MediaHandle, mpsc::Receiver<MediaEvent>), OpenError> {
        todo!()
    }
    /// Sessions that are open.
    pub fn sessions(&self) -> usize {
        todo!()
    }
}

#[expect(unused_variables, reason = "signatures before bodies")]
impl MediaHandle {
    /// The local RTP port, for the SDP.
    pub fn port(&self) -> u16 {
        todo!()
    }
    /// Sets or changes (re-INVITE) codec, payload types, addresses and direction as negotiated.
    pub fn connect(&self, stream: &Stream) {
        todo!()
    }
    /// Plays these one after the other; replaces what is playing.
    pub fn play(&self, id: PlayId, clips: Vec<Arc<Clip>>) {
        todo!()
    }
    /// Falls silent at once.
    pub fn stop_playing(&self) {
        todo!()
    }
    /// Records what comes in until a limit of the plan, [`MediaHandle::stop_recording`] or the end of the call.
    pub fn record(&self, take: Take, writer: SpoolWriter, plan: RecordPlan) {
        todo!()
    }
    /// Ends the running recording.
    pub fn stop_recording(&self) {
        todo!()
    }
    /// Hands in a key that came by SIP INFO; deduplicated against RFC 4733 within 200 ms.
    pub fn info_digit(&self, key: Key) {
        todo!()
    }
    /// Sends these keys as telephone-events (RFC 4733), 100 ms each with 100 ms between them. For the test phone.
    pub fn send_digits(&self, keys: &[Key]) {
        todo!()
    }
    /// The worst-case samples per second of what is received now (8000, 16000 or 48000): the rate of a recording.
    pub fn sample_rate(&self) -> u32 {
        todo!()
    }
    /// Ends the session (a running recording is finished first) and waits for it.
    pub async fn close(self) -> MediaStats {
        todo!()
    }
}
