//! The engine's threads: workers that run the sessions, and one that encodes clips for them.
//!
//! A worker is a thread with a current-thread runtime of its own and nothing but timers: its sessions are tasks that
//! never leave it. It lives as long as the engine or any session of it.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc as std_mpsc};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};

use crate::audio::tones::beep;
use crate::audio::{Clip, Codec};
use crate::clock::SharedClock;

use super::player::{Preparer, silence};
use super::ports::Ports;
use super::session::Session;
use super::{EngineConfig, MediaEvent, MediaHandle, OpenError};

/// Commands that wait for a session: more than a dialogue can think of in 20 ms.
const COMMANDS: usize = 256;
/// Events that wait for their reader.
const EVENTS: usize = 64;
/// Clips that wait to be encoded.
const CLIPS: usize = 1024;

/// One worker thread, as seen from outside.
#[derive(Debug)]
struct Worker {
    runtime: Handle,
    sessions: AtomicUsize,
    /// Dropped with the engine's last user; then the thread ends.
    _stop: oneshot::Sender<()>,
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
}

impl Shared {
    pub(super) fn start(config: EngineConfig, clock: SharedClock) -> io::Result<Arc<Self>> {
        let workers = (0..config.workers.max(1)).map(start_worker).collect::<io::Result<Vec<_>>>()?;
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
        let (commands, to_do) = mpsc::channel(COMMANDS);
        let (events, heard) = mpsc::channel(EVENTS);
        worker.sessions.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("aftertone_media_sessions").increment(1);
        let lease = Lease { shared: Arc::clone(self), worker: index, port };
        let session = Session::new(Arc::clone(self), lease, pair, to_do, events);
        worker.runtime.spawn(session.run());
        Ok((MediaHandle::new(port, commands), heard))
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

fn start_worker(index: usize) -> io::Result<Worker> {
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel::<()>();
    thread::Builder::new().name(format!("media-{index}")).spawn(move || {
        // Ends by the sender being dropped.
        let _ = runtime.block_on(stopped);
    })?;
    Ok(Worker { runtime: handle, sessions: AtomicUsize::new(0), _stop: stop })
}

fn start_preparer() -> io::Result<Preparer> {
    let (preparer, wanted) = std_mpsc::sync_channel::<(Arc<Clip>, Codec)>(CLIPS);
    thread::Builder::new().name("media-clips".to_owned()).spawn(move || {
        while let Ok((clip, codec)) = wanted.recv() {
            clip.prepare(codec);
        }
    })?;
    Ok(preparer)
}
