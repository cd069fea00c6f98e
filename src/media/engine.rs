//! The engine's threads: workers that run the sessions, and one that encodes clips for them.
//!
//! A session stays with its worker ([`super::worker`]) for life. The threads live as long as the engine or any session.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::audio::tones::beep;
use crate::audio::{Clip, Codec};
use crate::clock::SharedClock;

use super::player::{Preparer, silence};
use super::ports::Ports;
use super::session::{Command, Session};
use super::worker::{self, Letter, SessionId};
use super::{EngineConfig, MediaEvent, MediaHandle, OpenError};

/// What may wait for a worker: it reads as soon as it has run whoever is due.
const LETTERS: usize = 8192;
/// Events that wait for their reader.
const EVENTS: usize = 64;
/// Clips that wait to be encoded.
const CLIPS: usize = 1024;

/// One worker thread, as seen from outside.
#[derive(Debug)]
struct Worker {
    /// With its last sender the thread ends.
    inbox: SyncSender<Letter>,
    sessions: AtomicUsize,
}

/// The way to a session. Dropping it closes the session.
#[derive(Debug)]
pub(super) struct Line {
    session: SessionId,
    inbox: SyncSender<Letter>,
    /// The session looks now and then whether this is still there.
    _alive: Arc<()>,
}

impl Line {
    /// Never waits. `Err` gives the command back: too much waits for the worker, or (`None`) it is gone.
    pub(super) fn ask(&self, command: Command) -> Result<(), Option<Command>> {
        match self.inbox.try_send(Letter::For(self.session, command)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Letter::For(_, command))) => Err(Some(command)),
            Err(TrySendError::Full(Letter::Open(..)) | TrySendError::Disconnected(_)) => Err(None),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // A full inbox does not matter: the session finds out by itself.
        let _ = self.ask(Command::Close(None));
    }
}

/// What sessions and handles share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: EngineConfig,
    pub(super) clock: SharedClock,
    pub(super) ports: Ports,
    pub(super) silence: Arc<Clip>,
    pub(super) warning: Arc<Clip>,
    pub(super) preparer: Preparer,
    pub(super) cname: String,
    workers: Vec<Worker>,
    closed: AtomicBool,
    opened: AtomicU64,
}

impl Shared {
    pub(super) fn start(config: EngineConfig, clock: SharedClock) -> io::Result<Arc<Self>> {
        let start = |index| start_worker(index, clock.clone());
        let workers = (0..config.workers.max(1)).map(start).collect::<io::Result<Vec<_>>>()?;
        let warning = Clip::from_pcm(&beep(Duration::from_millis(250), 16_000), 16_000);
        for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus] {
            warning.prepare(codec);
        }
        Ok(Arc::new(Self {
            ports: Ports::new(config.ports.clone(), clock.random_u32()),
            cname: format!("{:08x}{:08x}", clock.random_u32(), clock.random_u32()),
            config,
            clock,
            silence: silence(),
            warning: Arc::new(warning),
            preparer: start_preparer()?,
            workers,
            closed: AtomicBool::new(false),
            opened: AtomicU64::new(0),
        }))
    }

    /// Opens a session on the worker that has the fewest.
    pub(super) fn open(self: &Arc<Self>) -> Result<(MediaHandle, mpsc::Receiver<MediaEvent>), OpenError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(OpenError::Closed);
        }
        let load = |worker: &Worker| worker.sessions.load(Ordering::Relaxed);
        let least = self.workers.iter().enumerate().min_by_key(|(_, worker)| load(worker));
        let (index, worker) = least.ok_or(OpenError::Closed)?;
        let pair = self.ports.take(self.config.bind)?;
        let port = pair.port;
        let (events, heard) = mpsc::channel(EVENTS);
        worker.sessions.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("aftertone_media_sessions").increment(1);
        let lease = Lease { shared: Arc::clone(self), worker: index, port };
        let alive = Arc::new(());
        let session = Session::new(Arc::clone(self), lease, pair, Arc::downgrade(&alive), events);
        let id = self.opened.fetch_add(1, Ordering::Relaxed);
        let inbox = worker.inbox.clone();
        // A worker that does not keep up with what it has takes no more.
        inbox.try_send(Letter::Open(id, Box::new(session))).map_err(|_| OpenError::Behind)?;
        Ok((MediaHandle::new(port, Line { session: id, inbox, _alive: alive }), heard))
    }

    pub(super) fn sessions(&self) -> usize {
        self.workers.iter().map(|worker| worker.sessions.load(Ordering::Relaxed)).sum()
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

/// A session's port and place on its worker. Given back when it is dropped, however the session ends.
#[derive(Debug)]
pub(super) struct Lease {
    shared: Arc<Shared>,
    worker: usize,
    port: u16,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.shared.ports.give_back(self.port);
        if let Some(worker) = self.shared.workers.get(self.worker) {
            worker.sessions.fetch_sub(1, Ordering::Relaxed);
        }
        metrics::gauge!("aftertone_media_sessions").decrement(1);
    }
}

fn start_worker(index: usize, clock: SharedClock) -> io::Result<Worker> {
    let (inbox, letters) = sync_channel(LETTERS);
    let worker = worker::Worker::new(clock);
    thread::Builder::new().name(format!("media-{index}")).spawn(move || worker.run(&letters))?;
    Ok(Worker { inbox, sessions: AtomicUsize::new(0) })
}

fn start_preparer() -> io::Result<Preparer> {
    let (preparer, wanted) = sync_channel::<(Arc<Clip>, Codec)>(CLIPS);
    thread::Builder::new().name("media-clips".to_owned()).spawn(move || {
        while let Ok((clip, codec)) = wanted.recv() {
            clip.prepare(codec);
        }
    })?;
    Ok(preparer)
}
