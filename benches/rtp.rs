//! What one packet costs, without sockets: receive, send, telephone-event, jitter buffer. `cargo bench --bench rtp`.

#![expect(missing_docs, reason = "the macros of criterion make functions without them")]

use std::hint::black_box;
use std::net::SocketAddr;

use aftertone::rtp::event::EventReceiver;
use aftertone::rtp::jitter::{Incoming, JitterBuffer};
use aftertone::rtp::packet::{Packet, Sender};
use aftertone::rtp::source::{Expected, Source, Verdict};
use criterion::{Criterion, criterion_group, criterion_main};

fn receive(c: &mut Criterion) {
    let peer = SocketAddr::from(([198, 18, 0, 1], 4000));
    let mut bytes = Vec::new();
    Sender::new(1, 0, 0).write_header(0, false, 0, &mut bytes);
    bytes.extend_from_slice(&[0xff; 160]);
    c.bench_function("receive/parse", |b| b.iter(|| Packet::parse(black_box(&bytes)).is_ok()));

    let mut expected = Expected { remote: Some(peer), payload_types: 0 };
    expected.allow(0);
    let mut source = Source::default();
    source.expect(expected);
    let mut jitter = JitterBuffer::new(8000, 0);
    let (mut sequence, mut timestamp, mut now, mut heard) = (0_u16, 0_u32, 0_u64, 0_u64);
    c.bench_function("receive/parse, validate, order", |b| {
        b.iter(|| {
            bytes[2..4].copy_from_slice(&sequence.to_be_bytes());
            bytes[4..8].copy_from_slice(&timestamp.to_be_bytes());
            let Ok(packet) = Packet::parse(black_box(&bytes)) else { return };
            if let Verdict::Accepted { number, .. } = source.check(peer, &packet, now) {
                let Packet { timestamp, payload, .. } = packet;
                jitter.push(now, Incoming { number, timestamp, ticks: 160, payload }, &mut |_| heard += 1);
            }
            sequence = sequence.wrapping_add(1);
            timestamp = timestamp.wrapping_add(160);
            now += 20;
        });
    });
    black_box(heard);
}

fn send(c: &mut Criterion) {
    let clip = [0x55_u8; 160];
    let (mut sender, mut packet) = (Sender::new(1, 0, 0), Vec::with_capacity(200));
    c.bench_function("send/header and payload", |b| {
        b.iter(|| {
            sender.write_header(0, false, sender.timestamp(), &mut packet);
            packet.extend_from_slice(black_box(&clip));
            sender.count(clip.len());
            sender.advance(160);
            packet.len()
        });
    });
}

fn event(c: &mut Criterion) {
    let mut receiver = EventReceiver::default();
    let (mut now, mut timestamp, mut duration) = (0_u64, 0_u32, 0_u16);
    c.bench_function("telephone-event/packet", |b| {
        b.iter(|| {
            now += 20;
            duration += 160;
            if duration > 1600 {
                (timestamp, duration) = (timestamp.wrapping_add(4000), 160);
            }
            let [high, low] = duration.to_be_bytes();
            receiver.receive(now, duration == 160, timestamp, black_box(&[5, 10, high, low]))
        });
    });
}

fn jitter(c: &mut Criterion) {
    let mut buffer = JitterBuffer::new(8000, 0);
    let (mut number, mut now, mut heard) = (0_u64, 0_u64, 0_u64);
    let payload = [0xff; 160];
    c.bench_function("jitter/two packets that are swapped", |b| {
        b.iter(|| {
            for number in [number + 1, number] {
                let packet =
                    Incoming { number, timestamp: number as u32 * 160, ticks: 160, payload: &payload };
                buffer.push(now, packet, &mut |_| heard += 1);
            }
            buffer.tick(now, &mut |_| heard += 1);
            number += 2;
            now += 40;
        });
    });
    black_box(heard);
}

criterion_group!(benches, receive, send, event, jitter);
criterion_main!(benches);
