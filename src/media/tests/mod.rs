//! Sessions over loopback with real sockets and a real spool. Sound is sent faster than it sounds: the engine counts
//! samples and timestamps. The engine's clock stands still unless a test moves it, so that it does not matter how busy
//! the machine is; only what is sent, and what waits for silence of the network, takes real time ([`Call::live`]).

mod attacks;
mod calls;
mod recordings;
mod words;

use std::net::{SocketAddr, UdpSocket};

use super::*;
use crate::audio::synth::voice;
use crate::audio::{Codec, Decoder, Encoder};
use crate::blob::spool::{Head, Recorded, Spool};
use crate::clock::{ManualClock, SharedClock, SystemClock};
use crate::domain::{CallerId, MailboxId, RecordingId, RedirectReason, TenantId};
use crate::rtp::packet::{Packet, Sender};
use crate::sip::sdp::Direction;

/// A caller's phone: one socket, one stream.
struct Phone {
    socket: UdpSocket,
    rtcp: UdpSocket,
    stream: Sender,
    payload_type: u8,
    to: SocketAddr,
}

impl Phone {
    fn new(to: u16) -> Self {
        Self::at("127.0.0.1", to)
    }

    fn at(ip: &str, to: u16) -> Self {
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let rtcp = UdpSocket::bind((ip, 0)).unwrap();
        rtcp.set_nonblocking(true).unwrap();
        let to = SocketAddr::from(([127, 0, 0, 1], to));
        Self { socket, rtcp, stream: Sender::new(0x1234, 65_500, 0xffff_0000), payload_type: 0, to }
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// One packet; `ticks` is what its sound lasts.
    fn packet(&mut self, payload: &[u8], ticks: u32) {
        let mut bytes = Vec::new();
        self.stream.write_header(self.payload_type, false, self.stream.timestamp(), &mut bytes);
        bytes.extend_from_slice(payload);
        self.stream.advance(ticks);
        self.socket.send_to(&bytes, self.to).unwrap();
    }

    /// Sends encoded sound in packets of 20 ms (160 bytes), as fast as the engine reads.
    async fn say(&mut self, bytes: &[u8], engine: &MediaHandle) {
        for burst in bytes.chunks(160 * 40) {
            burst.chunks(160).for_each(|payload| self.packet(payload, 160));
            engine.stats().await;
        }
    }

    /// One packet of a telephone-event.
    fn event(&mut self, marker: bool, payload: &[u8]) {
        let mut bytes = Vec::new();
        self.stream.write_header(101, marker, self.stream.timestamp(), &mut bytes);
        bytes.extend_from_slice(payload);
        self.socket.send_to(&bytes, self.to).unwrap();
    }

    /// A whole press of 100 ms.
    fn press(&mut self, code: u8) {
        for step in 1..=5_u16 {
            let [high, low] = (step * 160).to_be_bytes();
            self.event(step == 1, &[code, 10, high, low]);
        }
        for _ in 0..3 {
            self.event(false, &[code, 0x8a, 3, 32]);
        }
        self.stream.advance(800);
    }

    /// What has come so far.
    fn received(&self) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        let mut buffer = [0; 2048];
        while let Ok((length, _)) = self.socket.recv_from(&mut buffer) {
            all.push(buffer[..length].to_vec());
        }
        all
    }
}

/// A call: engine, session, spool and phone.
struct Call {
    engine: Engine,
    handle: MediaHandle,
    events: mpsc::Receiver<MediaEvent>,
    phone: Phone,
    stream: Stream,
    spool: Spool,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

fn config(ports: RangeInclusive<u16>, silence_timeout: Duration) -> EngineConfig {
    EngineConfig { bind: [127, 0, 0, 1].into(), ports, workers: 1, silence_timeout, steady: false }
}

fn plan() -> RecordPlan {
    RecordPlan {
        max: Duration::from_secs(60),
        silence: Duration::from_secs(5),
        warn_before: Duration::from_secs(10),
        min_speech: Duration::from_millis(500),
        sample_rate: 8_000,
        earlier_voiced: Duration::ZERO,
    }
}

fn head(sample_rate: u32) -> Head {
    let id = uuid::Uuid::from_u128;
    Head {
        id: RecordingId::from_uuid(id(1)),
        tenant: TenantId::from_uuid(id(2)),
        mailbox: MailboxId::from_uuid(id(3)),
        caller: CallerId::anonymous(),
        alias: None,
        reason: RedirectReason::NoAnswer,
        began_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        sample_rate,
        draft: false,
        presence: None,
    }
}

fn stream_to(phone: &Phone, codec: Codec) -> Stream {
    let payload_type = match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::Opus => 111,
    };
    Stream {
        remote: Some(phone.address()),
        remote_rtcp: Some(phone.rtcp.local_addr().unwrap()),
        rtcp_mux: false,
        codec,
        send_pt: payload_type,
        recv_pt: payload_type,
        events: vec![(101, codec.clock_rate())],
        comfort_noise: Some(13),
        ptime_ms: 20,
        direction: Direction::SendRecv,
    }
}

impl Call {
    /// Time stands still.
    async fn new() -> Self {
        let clock = ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap(), 7);
        Self::start(clock.clone(), clock, Duration::from_secs(30)).await
    }

    /// Time passes.
    async fn live(silence_timeout: Duration) -> Self {
        let clock = ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap(), 7);
        Self::start(SystemClock::shared(), clock, silence_timeout).await
    }

    async fn start(time: SharedClock, clock: Arc<ManualClock>, silence_timeout: Duration) -> Self {
        let engine = Engine::start(config(22_000..=22_999, silence_timeout), time).unwrap();
        let (handle, events) = engine.open().await.unwrap();
        let phone = Phone::new(handle.port());
        let stream = stream_to(&phone, Codec::Pcmu);
        handle.connect(&stream);
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), SystemClock::shared()).unwrap();
        Self { engine, handle, events, phone, stream, spool, clock, _folder: folder }
    }

    async fn record(&self, plan: RecordPlan) {
        self.handle.record(Take(1), self.spool.begin(&head(plan.sample_rate)).unwrap(), plan);
        // Until it has begun.
        self.handle.stats().await;
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.phone.say(bytes, &self.handle).await;
    }

    /// The next packets of ours, and what has come with them.
    async fn heard(&self) -> Vec<Vec<u8>> {
        for _ in 0..1000 {
            let packets = self.phone.received();
            if !packets.is_empty() {
                return packets;
            }
            pause(10).await;
        }
        panic!("nothing came in 10 s");
    }

    async fn event(&mut self) -> MediaEvent {
        tokio::time::timeout(Duration::from_secs(10), self.events.recv()).await.unwrap().unwrap()
    }

    /// The recording's end; keys before it are skipped.
    async fn stopped(&mut self) -> (StopCause, Duration, Duration, RecordingClass) {
        loop {
            if let MediaEvent::RecordingStopped { cause, length, voiced, class, .. } = self.event().await {
                return (cause, length, voiced, class);
            }
        }
    }

    async fn recorded(&self) -> Recorded {
        let id = head(8_000).id;
        self.spool.settle(id).await.unwrap();
        self.spool.read(id).await.unwrap()
    }

    /// Keys that were told.
    async fn keys(&mut self) -> String {
        self.handle.stats().await;
        let mut keys = String::new();
        while let Ok(event) = self.events.try_recv() {
            if let MediaEvent::Digit(key) = event {
                keys.push(key.char());
            }
        }
        keys
    }
}

fn encoded(codec: Codec, pcm: &[i16]) -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder::new(codec).unwrap().encode(pcm, &mut bytes).unwrap();
    bytes
}

fn decoded(codec: Codec, bytes: &[u8]) -> Vec<i16> {
    let mut pcm = Vec::new();
    Decoder::new(codec).unwrap().decode(bytes, &mut pcm).unwrap();
    pcm
}

/// Speech of this length, as PCMU.
fn speech(ms: u32) -> Vec<u8> {
    encoded(Codec::Pcmu, &voice(8_000, ms, 9_000.0))
}
