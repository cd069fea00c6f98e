//! What a test makes of sound: speech to send, and measures of what came back.

use std::f64::consts::TAU;

use aftertone::audio::resample::resample;
use aftertone::service::prompts::PromptSet;
use aftertone::speech::Phrase;

/// The words of a phrase as one sound.
pub(crate) fn words(phrase: &Phrase, rate: u32) -> Vec<i16> {
    let prompts = PromptSet::embedded().unwrap();
    prompts.say("en", phrase).unwrap().iter().flat_map(|clip| clip.pcm_at(rate)).collect()
}

/// Somebody speaking for about so long.
pub(crate) fn speech(seconds: f64, rate: u32) -> Vec<i16> {
    let spoken = words(&Phrase::new("demo-message"), rate);
    spoken.iter().copied().cycle().take((seconds * f64::from(rate)) as usize).collect()
}

/// A sine.
pub(crate) fn sine(hertz: f64, seconds: f64, rate: u32, peak: f64) -> Vec<i16> {
    let count = (seconds * f64::from(rate)) as usize;
    (0..count).map(|n| (peak * (TAU * hertz * n as f64 / f64::from(rate)).sin()) as i16).collect()
}

/// Sums two sounds; the longer one decides the length.
pub(crate) fn mix(a: &[i16], b: &[i16]) -> Vec<i16> {
    let at = |sound: &[i16], n: usize| sound.get(n).copied().unwrap_or(0);
    (0..a.len().max(b.len())).map(|n| at(a, n).saturating_add(at(b, n))).collect()
}

/// Root mean square.
pub(crate) fn rms(samples: &[i16]) -> f64 {
    let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    (power / samples.len().max(1) as f64).sqrt()
}

/// Amplitude at a frequency (Goertzel): a sine of peak `a` gives about `a`.
pub(crate) fn level(samples: &[i16], rate: u32, hertz: f64) -> f64 {
    let step = TAU * hertz / f64::from(rate);
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let (sin, cos) = (step * n as f64).sin_cos();
        re += f64::from(*sample) * cos;
        im += f64::from(*sample) * sin;
    }
    2.0 * (re * re + im * im).sqrt() / samples.len().max(1) as f64
}

/// The loudest moment of a frequency, in windows of 100 ms.
pub(crate) fn peak_level(samples: &[i16], rate: u32, hertz: f64) -> f64 {
    samples.chunks(rate as usize / 10).map(|window| level(window, rate, hertz)).fold(0.0, f64::max)
}

/// Where `wanted` begins in `sound`, and how alike they are there (1: the same but for loudness). Both at 8 kHz; looks
/// at a quarter of that rate first, which is enough to tell words apart.
pub(crate) fn find(sound: &[i16], wanted: &[i16]) -> (usize, f64) {
    let thin = |samples: &[i16]| -> Vec<f32> {
        samples.chunks_exact(4).map(|four| four.iter().map(|s| f32::from(*s)).sum::<f32>() / 4.0).collect()
    };
    let (thin_sound, thin_wanted) = (thin(sound), thin(wanted));
    let energy: f32 = thin_wanted.iter().map(|s| s * s).sum();
    let mut best = (0, 0.0_f64);
    for (at, window) in thin_sound.windows(thin_wanted.len().max(1)).enumerate() {
        let likeness = alike(window, &thin_wanted, energy);
        if likeness > best.1 {
            best = (at * 4, likeness);
        }
    }
    // At the full rate, where a shift of a sample or two matters.
    let wanted: Vec<f32> = wanted.iter().map(|s| f32::from(*s)).collect();
    let energy: f32 = wanted.iter().map(|s| s * s).sum();
    let near = best.0.saturating_sub(8)..best.0 + 9;
    near.filter_map(|at| {
        let window: Vec<f32> = sound.get(at..at + wanted.len())?.iter().map(|s| f32::from(*s)).collect();
        Some((at, alike(&window, &wanted, energy)))
    })
    .max_by(|a, b| a.1.total_cmp(&b.1))
    .unwrap_or(best)
}

fn alike(window: &[f32], wanted: &[f32], energy: f32) -> f64 {
    let (mut dot, mut power) = (0.0_f32, 0.0_f32);
    for (a, b) in window.iter().zip(wanted) {
        dot += a * b;
        power += a * a;
    }
    f64::from(dot) / (f64::from(power) * f64::from(energy)).sqrt().max(1.0)
}

/// Whether these words are in the sound: by the first 0.8 s of the longest clip that they are put together from (the
/// joints move by up to a packet).
pub(crate) fn says(samples: &[i16], rate: u32, phrase: &Phrase) -> bool {
    says_in("en", samples, rate, phrase)
}

/// As [`says`], in another language.
pub(crate) fn says_in(language: &str, samples: &[i16], rate: u32, phrase: &Phrase) -> bool {
    let prompts = PromptSet::embedded().unwrap();
    let clips = prompts.say(language, phrase).unwrap();
    let wanted = clips.iter().max_by_key(|clip| clip.duration()).unwrap().pcm_at(8_000);
    let begin = wanted.iter().position(|s| s.unsigned_abs() > 600).unwrap_or(0);
    let wanted: Vec<i16> = wanted.iter().skip(begin).take(6_400).copied().collect();
    let (at, alike) = find(&resample(samples, rate, 8_000), &wanted);
    let is_said = alike > 0.8;
    if !is_said {
        eprintln!("{}: at best {alike:.2} alike, {:.2} s into it", phrase.id, at as f64 / 8_000.0);
    }
    is_said
}
