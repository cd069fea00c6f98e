//! The jitter buffer against a network that loses, delays, swaps and doubles, in simulated time.

use super::*;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// What the network does.
#[derive(Debug, Clone, Copy, Default)]
struct Net {
    loss: f64,
    /// This share of the packets is overtaken by its successor.
    reorder: f64,
    /// Each packet is delayed by up to this.
    jitter_ms: u64,
    /// This share comes twice.
    doubled: f64,
}

/// What came out: at each sample the number of its packet, or `None`.
#[derive(Debug, Default)]
struct Heard {
    samples: Vec<Option<u32>>,
    concealed: u64,
}

impl Heard {
    fn take(&mut self, frame: Frame<'_>) {
        match frame {
            Frame::Audio { ticks, payload, .. } => {
                let number = u32::from_be_bytes(payload[..4].try_into().unwrap());
                self.samples.extend(std::iter::repeat_n(Some(number), ticks as usize));
            }
            Frame::Lost { ticks } => {
                self.concealed += u64::from(ticks);
                self.samples.extend(std::iter::repeat_n(None, ticks as usize));
            }
            Frame::Silence { ticks } => self.samples.extend(std::iter::repeat_n(None, ticks as usize)),
        }
    }

    /// Share of the packets in `sent` that begin within 1 ms (8 ticks) of their place, and how often one came twice.
    fn in_place(&self, sent: &[u32], ticks: u32) -> (f64, usize) {
        let mut starts = std::collections::HashMap::<u32, Vec<usize>>::new();
        let mut before = None;
        for (at, &number) in self.samples.iter().enumerate() {
            if let Some(number) = number
                && before != Some(number)
            {
                starts.entry(number).or_default().push(at);
            }
            before = number;
        }
        let first =
            sent.iter().filter_map(|number| Some((*number, *starts.get(number)?.first()?))).min().unwrap();
        let good = sent
            .iter()
            .filter(|&&number| {
                let place = first.1 as i64 + (i64::from(number) - i64::from(first.0)) * i64::from(ticks);
                starts.get(&number).is_some_and(|at| (at[0] as i64 - place).abs() <= 8)
            })
            .count();
        let doubled = self
            .samples
            .iter()
            .flatten()
            .fold(std::collections::HashMap::<u32, usize>::new(), |mut counts, number| {
                *counts.entry(*number).or_default() += 1;
                counts
            })
            .values()
            .filter(|&&count| count > ticks as usize)
            .count();
        (good as f64 / sent.len() as f64, doubled)
    }
}

/// Sends `count` packets of `ptime_ms` through the network and the sequence window; returns what was heard and which
/// packets arrived.
fn run(net: Net, seed: u64, count: u32, ptime_ms: u32) -> (Heard, Vec<u32>, JitterBuffer) {
    let mut random = StdRng::seed_from_u64(seed);
    let ticks = ptime_ms * 8;
    let mut arrivals: Vec<(u64, u32)> = Vec::new();
    for number in 0..count {
        if random.random_bool(net.loss) {
            continue;
        }
        let mut at = 1000 + u64::from(number * ptime_ms) + random.random_range(0..=net.jitter_ms);
        if random.random_bool(net.reorder) {
            at += u64::from(ptime_ms) * 3 / 2;
        }
        arrivals.push((at, number));
        if random.random_bool(net.doubled) {
            arrivals.push((at + random.random_range(0..100), number));
        }
    }
    arrivals.sort_unstable();
    let mut arrived: Vec<u32> = arrivals.iter().map(|arrival| arrival.1).collect();
    arrived.sort_unstable();
    arrived.dedup();
    let (mut heard, mut buffer) = (Heard::default(), JitterBuffer::new(8000, 1020));
    let mut sequence: Option<crate::rtp::sequence::Sequence> = None;
    let mut queue = arrivals.into_iter().peekable();
    let mut now = 1000;
    while queue.peek().is_some() {
        now += 20;
        while let Some((_, number)) = queue.next_if(|arrival| arrival.0 <= now) {
            let wire = 65_000_u32.wrapping_add(number) as u16;
            let place = match &mut sequence {
                Some(sequence) => sequence.place(wire, 20),
                None => {
                    let fresh = sequence.insert(crate::rtp::sequence::Sequence::starting(wire));
                    crate::rtp::sequence::Place::New(fresh.extended())
                }
            };
            let crate::rtp::sequence::Place::New(extended) = place else { continue };
            let payload = number.to_be_bytes();
            let timestamp = 0xffff_f000_u32.wrapping_add(number * ticks);
            buffer.push(
                now,
                Incoming { number: extended, timestamp, ticks, payload: &payload },
                &mut |frame| {
                    heard.take(frame);
                },
            );
        }
        buffer.tick(now, &mut |frame| heard.take(frame));
    }
    buffer.flush(now, &mut |frame| heard.take(frame));
    (heard, arrived, buffer)
}

#[test]
fn a_clean_call_comes_out_as_it_went_in() {
    for ptime in [10, 20, 30, 40, 60] {
        let (heard, arrived, buffer) = run(Net::default(), 1, 1000, ptime);
        let expected: Vec<_> =
            (0..1000).flat_map(|n| std::iter::repeat_n(Some(n), ptime as usize * 8)).collect();
        assert_eq!(arrived.len(), 1000);
        assert!(heard.samples == expected, "ptime {ptime}");
        assert_eq!((buffer.lost(), buffer.late(), heard.concealed), (0, 0, 0));
    }
}

#[test]
fn with_five_percent_loss_what_came_is_in_its_place_and_the_rest_is_concealed() {
    for seed in 0..20 {
        let (heard, arrived, buffer) = run(Net { loss: 0.05, ..Net::default() }, seed, 2000, 20);
        let (share, doubled) = heard.in_place(&arrived, 160);
        assert!(share >= 0.98, "{share}");
        assert_eq!(doubled, 0);
        let inner = arrived.last().unwrap() - arrived[0] + 1 - arrived.len() as u32;
        assert_eq!(buffer.lost(), u64::from(inner));
        assert_eq!(heard.concealed, u64::from(inner) * 160);
    }
}

#[test]
fn with_five_percent_overtaken_all_is_in_its_place() {
    for seed in 0..20 {
        let (heard, arrived, _) = run(Net { reorder: 0.05, ..Net::default() }, seed, 2000, 20);
        let (share, doubled) = heard.in_place(&arrived, 160);
        assert!(share >= 0.995, "{share}");
        assert_eq!(doubled, 0);
    }
}

#[test]
fn with_eighty_milliseconds_of_jitter_all_is_in_its_place() {
    for seed in 0..20 {
        let (heard, arrived, _) = run(Net { jitter_ms: 80, ..Net::default() }, seed, 2000, 20);
        let (share, doubled) = heard.in_place(&arrived, 160);
        assert!(share >= 0.97, "{share}");
        assert_eq!(doubled, 0);
    }
}

#[test]
fn no_packet_is_heard_twice() {
    for seed in 0..20 {
        let net = Net { doubled: 0.2, reorder: 0.1, loss: 0.02, jitter_ms: 40 };
        let (heard, arrived, _) = run(net, seed, 2000, 20);
        assert_eq!(heard.in_place(&arrived, 160).1, 0);
    }
}

/// Pushes one packet of 160 ticks.
fn push(buffer: &mut JitterBuffer, heard: &mut Heard, now: u64, number: u64, timestamp: u32) {
    let payload = (number as u32).to_be_bytes();
    buffer.push(now, Incoming { number, timestamp, ticks: 160, payload: &payload }, &mut |frame| {
        heard.take(frame)
    });
}

#[test]
fn a_pause_of_the_peer_is_silence_of_its_length_and_no_loss() {
    for pause_ms in [100_u32, 480, 520, 3_000, 20_000] {
        let (mut heard, mut buffer) = (Heard::default(), JitterBuffer::new(8000, 0));
        push(&mut buffer, &mut heard, 0, 1, 0);
        let mut now = 0;
        while now < u64::from(pause_ms) + 20 {
            now += 20;
            buffer.tick(now, &mut |frame| heard.take(frame));
        }
        push(&mut buffer, &mut heard, now, 2, 160 + pause_ms * 8);
        assert_eq!(heard.samples.len() as u32, 320 + pause_ms * 8, "{pause_ms} ms");
        assert_eq!((heard.concealed, buffer.lost()), (0, 0));
    }
}

#[test]
fn a_peer_that_falls_silent_for_good_is_heard_as_silence_while_time_passes() {
    let (mut heard, mut buffer) = (Heard::default(), JitterBuffer::new(8000, 0));
    push(&mut buffer, &mut heard, 0, 1, 0);
    for now in (20..=10_500).step_by(20) {
        buffer.tick(now, &mut |frame| heard.take(frame));
    }
    assert_eq!(heard.samples.len(), 160 + 10_000 * 8);
}

#[test]
fn a_timestamp_that_jumps_wildly_neither_loses_sound_nor_makes_hours_of_silence() {
    for jump in [0x4000_0000_u32, 0xc000_0000, 0x8000_0000, 500_000] {
        let (mut heard, mut buffer) = (Heard::default(), JitterBuffer::new(8000, 0));
        push(&mut buffer, &mut heard, 0, 1, 0);
        push(&mut buffer, &mut heard, 20, 2, 160);
        push(&mut buffer, &mut heard, 40, 3, jump);
        push(&mut buffer, &mut heard, 60, 4, jump.wrapping_add(160));
        let expected: Vec<_> = (1..=4).flat_map(|n| std::iter::repeat_n(Some(n), 160)).collect();
        assert!(heard.samples == expected, "{jump:x}");
    }
}

#[test]
fn a_new_source_follows_at_its_time() {
    let (mut heard, mut buffer) = (Heard::default(), JitterBuffer::new(8000, 0));
    push(&mut buffer, &mut heard, 0, 1, 0);
    buffer.restart(200, &mut |_| {});
    push(&mut buffer, &mut heard, 200, 5_000_000, 77);
    assert_eq!(heard.samples.len(), 200 * 8 + 160);
    assert_eq!(buffer.lost(), 0);
}

#[test]
fn what_waited_when_a_recording_begins_is_not_in_it_and_time_counts_from_there() {
    let (mut heard, mut buffer) = (Heard::default(), JitterBuffer::new(8000, 0));
    push(&mut buffer, &mut heard, 0, 1, 0);
    push(&mut buffer, &mut heard, 20, 3, 320);
    buffer.begin_here(20);
    heard = Heard::default();
    push(&mut buffer, &mut heard, 40, 4, 480);
    let frames: Vec<_> = heard.samples.iter().flatten().copied().collect();
    assert_eq!(frames, [4; 160]);

    // In a pause of the peer: only what passes of it from here on.
    buffer.begin_here(1_040);
    heard = Heard::default();
    push(&mut buffer, &mut heard, 1_140, 5, 480 + 8 * 1_100);
    assert_eq!(heard.samples.len(), 80 * 8 + 160, "the packet holds the last 20 of 100 ms");
}

#[test]
fn more_waiting_packets_than_there_is_room_for_give_the_gap_up() {
    let (mut heard, mut buffer) = (Heard::default(), JitterBuffer::new(8000, 0));
    push(&mut buffer, &mut heard, 0, 1, 0);
    for number in 3..=100 {
        push(&mut buffer, &mut heard, 20, number, number as u32 * 160 - 160);
    }
    assert_eq!(heard.samples.iter().flatten().count(), 99 * 160);
    assert_eq!((buffer.lost(), heard.concealed), (1, 160));
    push(&mut buffer, &mut heard, 20, 2, 160);
    assert_eq!(buffer.late(), 1);
    assert_eq!(heard.samples.iter().flatten().count(), 99 * 160, "late ones are not heard");
}

proptest! {
    #[test]
    fn whatever_comes_the_stream_stays_in_bounds(
        packets in proptest::collection::vec((0_u64..60, 0_u64..400, any::<u32>(), any::<bool>(), 0_u32..1000), 1..150),
    ) {
        let (mut now, mut out, mut buffer) = (0, 0_u64, JitterBuffer::new(8000, 0));
        for (step, number, timestamp, sane, ticks) in packets {
            now += step;
            let timestamp = if sane { number as u32 * 160 } else { timestamp };
            buffer.push(now, Incoming { number, timestamp, ticks, payload: &[0; 4] }, &mut |frame| {
                if let Frame::Lost { ticks } | Frame::Silence { ticks } = frame {
                    out += u64::from(ticks);
                }
            });
            buffer.tick(now, &mut |_| {});
            prop_assert!(buffer.waiting.len() <= SLOTS);
        }
        // Nothing but sound itself may run ahead of time by more than a second at each packet.
        prop_assert!(out <= 150 * (now + AHEAD_MS) * 8);
    }
}
