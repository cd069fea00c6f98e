//! What sound costs per frame of 20 ms: the steps of a call's every tick, and the encoding of clips that happens once.

#![expect(missing_docs, reason = "the macro of criterion makes functions without")]

use std::f64::consts::TAU;
use std::hint::black_box;

use aftertone::audio::level::mean_square;
use aftertone::audio::tones::{DtmfDetector, ToneClassifier};
use aftertone::audio::vad::{SpeechDetector, second};
use aftertone::audio::{Clip, Codec, Decoder, Encoder};
use criterion::{Criterion, criterion_group, criterion_main};

/// Frames of a gliding voice-like sound, loud enough to open every gate.
fn frames(rate: u32) -> Vec<Vec<i16>> {
    let samples: Vec<i16> = (0..rate * 2)
        .map(|n| {
            let t = f64::from(n) / f64::from(rate);
            let sound: f64 = (1..12)
                .map(|k| (TAU * 120.0 * f64::from(k) * t + (t * 7.0).sin()).sin() / f64::from(k))
                .sum();
            (sound * 6_000.0 * (0.6 + 0.4 * (t * 17.0).sin())) as i16
        })
        .collect();
    samples.chunks_exact(rate as usize / 50).map(<[i16]>::to_vec).collect()
}

fn codecs(c: &mut Criterion) {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus] {
        let (Ok(mut encoder), Ok(mut decoder)) = (Encoder::new(codec), Decoder::new(codec)) else { return };
        let packets: Vec<Vec<u8>> = frames(codec.sample_rate())
            .iter()
            .filter_map(|frame| {
                let mut packet = Vec::new();
                encoder.encode(frame, &mut packet).ok().map(|()| packet)
            })
            .collect();
        let mut out = Vec::with_capacity(960);
        let mut packets = packets.iter().cycle();
        c.bench_function(&format!("decode a frame of {codec:?}"), |b| {
            b.iter(|| {
                out.clear();
                packets.next().map(|packet| decoder.decode(black_box(packet), &mut out))
            });
        });
    }
}

fn judges(c: &mut Criterion) {
    let voice = frames(8_000);
    let silence = vec![0_i16; 160];
    c.bench_function("energy of a frame", |b| b.iter(|| mean_square(black_box(&voice[20]))));
    let mut detector = SpeechDetector::new(8_000);
    c.bench_function("speech detector, silence", |b| b.iter(|| detector.frame(black_box(&silence))));
    let mut turn = voice.iter().cycle();
    c.bench_function("speech detector, voice", |b| {
        b.iter(|| turn.next().map(|f| detector.frame(black_box(f))))
    });
    // Steady noise ends at the first question; noise that swells is what the second ear is asked about.
    let noise: Vec<Vec<i16>> = (0_u32..100)
        .map(|frame| {
            let height = if frame / 10 % 2 == 0 { 300 } else { 900 };
            (0_u32..160)
                .map(|n| ((frame * 160 + n).wrapping_mul(2_654_435_761) >> 16) as i16 % height)
                .collect()
        })
        .collect();
    let mut detector = SpeechDetector::new(8_000);
    let mut swell = noise.iter().cycle();
    c.bench_function("speech detector, noise that swells", |b| {
        b.iter(|| swell.next().map(|f| detector.frame(black_box(f))))
    });
    let second_of_voice: Vec<i16> = voice.iter().take(50).flatten().copied().collect();
    c.bench_function("second ear, one second of voice", |b| {
        b.iter(|| second::voiced(black_box(&second_of_voice), 8_000))
    });
    let mut classifier = ToneClassifier::new(8_000);
    c.bench_function("tone classifier, voice", |b| {
        b.iter(|| turn.next().map(|f| classifier.frame(black_box(f))))
    });
    c.bench_function("tone classifier, silence", |b| b.iter(|| classifier.frame(black_box(&silence))));
    let mut keys = DtmfDetector::new(8_000);
    c.bench_function("DTMF detector, voice", |b| b.iter(|| turn.next().map(|f| keys.frame(black_box(f)))));
}

fn clips(c: &mut Criterion) {
    let pcm: Vec<i16> = frames(16_000).concat();
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        c.bench_function(&format!("encode a clip of 2 s in {codec:?}"), |b| {
            b.iter(|| {
                let clip = Clip::from_pcm(black_box(&pcm), 16_000);
                clip.prepare(codec);
                clip
            });
        });
    }
}

criterion_group!(benches, codecs, judges, clips);
criterion_main!(benches);
