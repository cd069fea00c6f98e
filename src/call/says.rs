//! What a flow wants said becomes clips. What cannot be had is left out and logged: a call never stalls on a sound.

use std::sync::Arc;
use std::time::Duration;

use crate::audio::Clip;
use crate::audio::tones;
use crate::domain::{GreetingId, Owner, RecordingId, ToneChoice};
use crate::flow::{Take, Utterance};

use super::Desk;
use super::driver::Purpose;

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
                None => clips.extend(of_owner(desk, owner, *id).await),
            },
            Utterance::Recording(take) => {
                if let Some(id) = takes(*take) {
                    clips.extend(recording(desk, id).await);
                }
            }
            // Alone in its play, which the driver begins itself.
            Utterance::Message(_) => {}
            Utterance::Tone(ToneChoice::Sine { hertz, millis }) => clips.push(tone(*hertz, *millis)),
            Utterance::Tone(ToneChoice::Silent) => {}
            Utterance::Pause(length) => clips.push(Arc::new(Clip::silence(*length))),
        }
    }
    clips
}

/// A greeting of whoever signed in, or the recorded name of a colleague.
async fn of_owner(desk: &Desk, owner: Option<Owner>, id: GreetingId) -> Option<Arc<Clip>> {
    let Some(owner) = owner else {
        tracing::error!(greeting = %id, "a greeting was not loaded");
        return None;
    };
    let load = async {
        let own = desk.owners.settings.greetings(owner).await.unwrap_or_default();
        match own.iter().find(|greeting| greeting.id == id) {
            Some(greeting) => desk.greetings.load(greeting).await.map_err(|error| error.to_string()),
            None => desk.owners.retrieval.name_clip(owner, id).await.map_err(|error| error.to_string()),
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

fn tone(hertz: u16, millis: u16) -> Arc<Clip> {
    const RATE: u32 = 16_000;
    /// −12 dBFS: clear, and not a shock after a soft greeting.
    const TONE_PEAK: i16 = 8_192;
    Arc::new(Clip::from_pcm(
        &tones::sine(f64::from(hertz), Duration::from_millis(millis.into()), RATE, TONE_PEAK),
        RATE,
    ))
}
