//! Plays stored messages from any place, at any speed and volume. The sound is fetched once a call and prepared off the
//! async threads; keys are obeyed meanwhile.

use std::sync::Arc;
use std::time::Duration;

use crate::audio::stretch::{amplify, stretch};
use crate::audio::wav::Pcm;
use crate::audio::{Clip, resample};
use crate::domain::MessageId;
use crate::flow::{CallEvent, MessagePart, PlayId};
use crate::media::MediaHandle;

use super::{Answer, Driver};

/// A message whose sound does not come within this cannot be played now.
const PATIENCE: Duration = Duration::from_secs(8);

/// The message that was played last: seeking does not fetch it again.
pub(super) type Fetched = Option<(MessageId, Arc<Pcm>)>;

/// Sound that is ready, or is not to be had.
pub(super) struct Ready {
    play: PlayId,
    message: MessageId,
    sound: Option<(Arc<Pcm>, Arc<Clip>)>,
}

impl Driver {
    /// Fetches and prepares; what plays is silent meanwhile.
    pub(super) fn play_message(&mut self, play: PlayId, part: MessagePart) -> Option<CallEvent> {
        self.on_line(MediaHandle::stop_playing);
        let Some(owner) = self.inside.as_ref().map(|inside| inside.owner) else {
            return Some(CallEvent::MessageUnplayable(play));
        };
        let known = self.fetched.as_ref().filter(|(id, _)| *id == part.id).map(|(_, pcm)| Arc::clone(pcm));
        let (retrieval, answers) = (self.desk.owners.retrieval.clone(), self.answers.clone());
        self.pending += 1;
        tokio::spawn(async move {
            let fetch = async {
                match known {
                    Some(pcm) => Some(pcm),
                    None => match retrieval.open(owner, part.id).await {
                        Ok(opened) => Some(whole(opened.introductions, opened.audio)),
                        Err(error) => {
                            tracing::warn!(message = %part.id, %error, "a message cannot be played");
                            None
                        }
                    },
                }
            };
            let pcm = tokio::time::timeout(PATIENCE, fetch).await.ok().flatten();
            let sound = match pcm {
                Some(pcm) => prepare(pcm, part).await,
                None => None,
            };
            // When the call is over already, nobody waits for the answer.
            let ready = Box::new(Ready { play, message: part.id, sound });
            let _ = answers.send(Answer::Ready(ready)).await;
        });
        None
    }

    /// The sound is there: it plays, unless something else does by now.
    pub(super) async fn on_ready(&mut self, ready: Ready) {
        let wanted = self.playing == Some(ready.play);
        let outcome = if ready.sound.is_some() { "played" } else { "failed" };
        metrics::counter!("aftertone_messages_played_total", "outcome" => outcome).increment(1);
        let Some((pcm, clip)) = ready.sound else {
            return self.tell(CallEvent::MessageUnplayable(ready.play)).await;
        };
        self.fetched = Some((ready.message, pcm));
        if wanted {
            self.on_line(|media| media.play(ready.play, vec![clip]));
            self.tell(CallEvent::MessageBegan(ready.play)).await;
        }
    }
}

/// The introductions of whoever forwarded it, a breath after each, and the message.
fn whole(introductions: Vec<Arc<Pcm>>, audio: Arc<Pcm>) -> Arc<Pcm> {
    if introductions.is_empty() {
        return audio;
    }
    let mut samples = Vec::new();
    for introduction in introductions {
        samples.extend(resample::resample(&introduction.samples, introduction.rate, audio.rate));
        samples.extend(std::iter::repeat_n(0, audio.rate as usize / 2));
    }
    samples.extend_from_slice(&audio.samples);
    Arc::new(Pcm { rate: audio.rate, samples })
}

async fn prepare(pcm: Arc<Pcm>, part: MessagePart) -> Option<(Arc<Pcm>, Arc<Clip>)> {
    let made = tokio::task::spawn_blocking(move || {
        let place = part.from.as_millis() * u128::from(pcm.rate) / 1000;
        let from = usize::try_from(place).unwrap_or(usize::MAX).min(pcm.samples.len());
        let rest = pcm.samples.get(from..).unwrap_or_default();
        let mut samples = stretch(rest, pcm.rate, part.speed_percent);
        amplify(&mut samples, part.gain_db);
        let clip = Arc::new(Clip::from_pcm(&samples, pcm.rate));
        (pcm, clip)
    });
    made.await.ok()
}
