//! What a flow wants said becomes clips. What cannot be had is left out and logged: a call never stalls on a sound.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::audio::Clip;
use crate::audio::tones;
use crate::domain::{GreetingId, Owner, RecordingId, ToneChoice};
use crate::flow::{Take, Utterance};

use super::Desk;
use super::driver::Purpose;
use super::driver::owner::Gate;

/// The clips for these utterances, in order.
pub(super) async fn clips(
    desk: &Desk,
    (purpose, owner): (&Purpose, Option<Owner>),
    takes: impl Fn(Take) -> Option<RecordingId>,
    utterances: &[Utterance],
) -> Vec<Arc<Clip>> {
    let mut clips = Vec::with_capacity(utterances.len());
    for utterance in utterances {
        match utterance {
            Utterance::Phrase(phrase) => match desk.prompts.say(&purpose.language, phrase) {
                Ok(said) => clips.extend(said),
                Err(error) => tracing::error!(phrase = phrase.id, %error, "a phrase cannot be said"),
            },
            Utterance::Greeting(id) => match purpose.greetings.iter().find(|(known, _)| known == id) {
                Some((_, clip)) => clips.push(clip.clone()),
                None => clips.extend(of_somebody(desk, purpose, owner, *id).await),
            },
            Utterance::Recording(take) => {
                if let Some(id) = takes(*take) {
                    clips.extend(recording(desk, id).await);
                }
            }
            // Alone in its play, which the driver begins itself.
            Utterance::Message(_) => {}
            Utterance::Tone(ToneChoice::Sine { hertz, millis }) => {
                clips.push(desk.sounds.get(Sound::Tone { hertz: *hertz, millis: *millis }));
            }
            Utterance::Tone(ToneChoice::Silent) => {}
            Utterance::Pause(length) => clips.push(desk.sounds.get(Sound::Pause(*length))),
        }
    }
    clips
}

/// A greeting of whoever signed in, or the recorded name of somebody of the call's tenant.
async fn of_somebody(
    desk: &Desk,
    purpose: &Purpose,
    owner: Option<Owner>,
    id: GreetingId,
) -> Option<Arc<Clip>> {
    let Some(tenant) = purpose.gate.as_deref().map(Gate::tenant) else {
        tracing::error!(greeting = %id, "a greeting was not loaded");
        return None;
    };
    let load = async {
        let own = match owner {
            Some(owner) => desk.owners.settings.greetings(owner).await.unwrap_or_default(),
            None => Vec::new(),
        };
        match own.iter().find(|greeting| greeting.id == id) {
            Some(greeting) => desk.greetings.load(greeting).await.map_err(|error| error.to_string()),
            None => desk.owners.retrieval.name_clip(tenant, id).await.map_err(|error| error.to_string()),
        }
    };
    match tokio::time::timeout(super::GREETING_PATIENCE, load).await {
        Ok(Ok(clip)) => Some(clip),
        Ok(Err(error)) => {
            tracing::warn!(greeting = %id, error, "a greeting cannot be loaded");
            None
        }
        Err(_) => None,
    }
}

async fn recording(desk: &Desk, id: RecordingId) -> Option<Arc<Clip>> {
    let read = async {
        desk.spool.written(id).await?;
        desk.spool.read(id).await
    };
    match read.await {
        Ok(recorded) => Some(Arc::new(Clip::from_pcm(&recorded.samples, recorded.head.sample_rate))),
        Err(error) => {
            tracing::error!(recording = %id, %error, "a recording cannot be played back");
            None
        }
    }
}

/// Tones and pauses, made once and shared by all calls.
#[derive(Debug, Default)]
pub struct Sounds {
    made: Mutex<HashMap<Sound, Arc<Clip>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sound {
    Tone { hertz: u16, millis: u16 },
    Pause(Duration),
}

impl Sound {
    fn make(self) -> Clip {
        const RATE: u32 = 16_000;
        /// −12 dBFS: clear, and not a shock after a soft greeting.
        const TONE_PEAK: i16 = 8_192;
        match self {
            Self::Tone { hertz, millis } => {
                let length = Duration::from_millis(millis.into());
                Clip::from_pcm(&tones::sine(f64::from(hertz), length, RATE, TONE_PEAK), RATE)
            }
            Self::Pause(length) => Clip::silence(length),
        }
    }
}

impl Sounds {
    /// Mailboxes choose among few; beyond so many, the memory begins anew.
    const KEPT: usize = 64;

    fn get(&self, sound: Sound) -> Arc<Clip> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= Self::KEPT && !made.contains_key(&sound) {
            made.clear();
        }
        Arc::clone(made.entry(sound).or_insert_with(|| Arc::new(sound.make())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_made_once_and_every_length_and_pitch_is_its_own() {
        let sounds = Sounds::default();
        let beep = Sound::Tone { hertz: 440, millis: 400 };
        assert!(Arc::ptr_eq(&sounds.get(beep), &sounds.get(beep)));
        assert_eq!(sounds.get(beep).duration(), Duration::from_millis(400));
        let short = sounds.get(Sound::Tone { hertz: 440, millis: 100 });
        assert_eq!(short.duration(), Duration::from_millis(100));
        let pause = sounds.get(Sound::Pause(Duration::from_millis(300)));
        assert!(
            pause.duration() == Duration::from_millis(300) && pause.pcm().iter().all(|sample| *sample == 0)
        );
    }

    #[test]
    fn no_more_sounds_are_kept_than_agreed() {
        let sounds = Sounds::default();
        for hertz in 300..400 {
            sounds.get(Sound::Tone { hertz, millis: 20 });
        }
        assert!(sounds.made.lock().unwrap().len() <= Sounds::KEPT);
    }
}
