//! What is played, cut into payloads: clips one after the other, silence where there is nothing to say. No IO, no
//! clock; [`super::outgoing`] asks for one payload after the other.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::audio::{Clip, Codec, Encoder};
use crate::flow::PlayId;

/// Opus packets of clips are so long; it cannot be cut like the other codecs.
pub(super) const OPUS_MS: u32 = 20;
/// Bytes of PCMU, PCMA and G.722 in a millisecond.
const BYTES_PER_MS: usize = 8;
/// G.722 hears 16 kHz.
const WIDE_PER_MS: usize = 16;

/// Encodes clips away from the workers: clips that were never played in a codec are handed to this.
pub(super) type Preparer = mpsc::SyncSender<(Arc<Clip>, Codec)>;

/// What a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Filled {
    /// It holds sound of a clip.
    pub(super) sound: bool,
    /// With it this play came to its end.
    pub(super) finished: Option<PlayId>,
}

#[derive(Debug)]
struct Playing {
    /// `None` for the warning tone, whose end nobody waits for.
    id: Option<PlayId>,
    clips: Vec<Arc<Clip>>,
    /// Which clip, and how far into it.
    clip: usize,
    at_ms: u32,
    /// All clips are encoded.
    ready: bool,
    asked: bool,
}

/// The player of one call.
#[derive(Debug)]
pub(super) struct Player {
    playing: Option<Playing>,
    silence: Arc<Clip>,
    preparer: Preparer,
    wide: Wide,
}

/// G.722 keeps state from sample to sample, so its encoder runs through the whole call, over sound and silence alike.
#[derive(Debug, Default)]
struct Wide {
    encoder: Option<Encoder>,
    samples: Vec<i16>,
}

impl Wide {
    /// Encodes what was gathered; 8 µs for 20 ms.
    fn encode(&mut self, out: &mut Vec<u8>) {
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            None => match Encoder::new(Codec::G722) {
                Ok(encoder) => self.encoder.insert(encoder),
                // Its set-up cannot fail; a call without sound would be heard of.
                Err(_) => return,
            },
        };
        if let Err(error) = encoder.encode(&self.samples, out) {
            tracing::error!(%error, "a frame could not be encoded");
        }
        self.samples.clear();
    }
}

impl Player {
    /// `silence` must be prepared for every codec and last 60 ms or more.
    pub(super) fn new(silence: Arc<Clip>, preparer: Preparer) -> Self {
        Self { playing: None, silence, preparer, wide: Wide::default() }
    }

    /// Plays these from their start instead of what is playing.
    pub(super) fn play(&mut self, id: Option<PlayId>, clips: Vec<Arc<Clip>>) {
        self.playing = Some(Playing { id, clips, clip: 0, at_ms: 0, ready: false, asked: false });
    }

    /// Something is to be heard, now or as soon as it is encoded.
    pub(super) const fn is_playing(&self) -> bool {
        self.playing.is_some()
    }

    /// The next payload is not silence.
    pub(super) fn is_ready(&mut self, codec: Codec) -> bool {
        self.playing.as_mut().and_then(|playing| playing.ready(codec, &self.preparer)).is_some()
    }

    /// Falls silent.
    pub(super) fn stop(&mut self) {
        self.playing = None;
    }

    /// The codec changed: what is playing must be there in the new one.
    pub(super) fn codec_changed(&mut self) {
        self.wide = Wide::default();
        if let Some(playing) = &mut self.playing {
            (playing.ready, playing.asked) = (false, false);
        }
    }

    /// Appends the next `ms` milliseconds to `out`. Opus: the next packet, whatever `ms` says.
    pub(super) fn fill(&mut self, codec: Codec, ms: u32, out: &mut Vec<u8>) -> Filled {
        let filled = match self.playing.as_mut().and_then(|playing| playing.ready(codec, &self.preparer)) {
            Some(playing) if codec == Codec::Opus => playing.opus_packet(out),
            Some(playing) if codec == Codec::G722 => playing.cut_wide(ms, &mut self.wide, out),
            Some(playing) => playing.cut(codec, ms, out),
            None => Filled { sound: false, finished: None },
        };
        if !filled.sound {
            self.fill_silence(codec, ms, out);
        }
        if self.playing.as_ref().is_some_and(Playing::is_over) {
            let id = self.playing.take().and_then(|playing| playing.id);
            return Filled { finished: id, ..filled };
        }
        filled
    }

    fn fill_silence(&mut self, codec: Codec, ms: u32, out: &mut Vec<u8>) {
        if codec == Codec::G722 {
            self.wide.samples.resize(ms as usize * WIDE_PER_MS, 0);
            self.wide.encode(out);
            return;
        }
        let silence: &[u8] = match codec {
            Codec::Opus => self.silence.opus_packets().last().map_or(&[], |packet| packet),
            _ => {
                let bytes = self.silence.bytes(codec);
                bytes.get(..ms as usize * BYTES_PER_MS).unwrap_or(bytes)
            }
        };
        out.extend_from_slice(silence);
    }
}

impl Playing {
    /// Itself, once all of it is encoded.
    fn ready(&mut self, codec: Codec, preparer: &Preparer) -> Option<&mut Self> {
        if self.ready {
            return Some(self);
        }
        self.ready = self.clips.iter().all(|clip| clip.is_prepared(codec));
        if !self.ready && !self.asked {
            // A full queue is asked again with the next packet.
            self.asked = self.clips.iter().all(|clip| preparer.try_send((Arc::clone(clip), codec)).is_ok());
        }
        self.ready.then_some(self)
    }

    fn is_over(&self) -> bool {
        self.clip >= self.clips.len()
    }

    /// One packet of the current clip.
    fn opus_packet(&mut self, out: &mut Vec<u8>) -> Filled {
        while let Some(clip) = self.clips.get(self.clip) {
            let at = (self.at_ms / OPUS_MS) as usize;
            let packets = clip.opus_packets();
            let Some(packet) = packets.get(at) else {
                self.next_clip();
                continue;
            };
            out.extend_from_slice(packet);
            self.at_ms += OPUS_MS;
            if at + 1 >= packets.len() {
                self.next_clip();
            }
            return Filled { sound: true, finished: None };
        }
        Filled { sound: false, finished: None }
    }

    /// `ms` milliseconds across the borders of clips; the last one is filled up with its own padding or silence.
    fn cut(&mut self, codec: Codec, ms: u32, out: &mut Vec<u8>) -> Filled {
        let start = out.len();
        let full = start + ms as usize * BYTES_PER_MS;
        while out.len() < full
            && let Some(clip) = self.clips.get(self.clip)
        {
            let bytes = clip.bytes(codec);
            let from = (self.at_ms as usize * BYTES_PER_MS).min(bytes.len());
            let to = (from + full - out.len()).min(bytes.len());
            out.extend_from_slice(bytes.get(from..to).unwrap_or_default());
            self.at_ms += u32::try_from((to - from) / BYTES_PER_MS).unwrap_or(0);
            if to >= bytes.len() {
                self.next_clip();
            }
        }
        if out.len() == start {
            return Filled { sound: false, finished: None };
        }
        let quiet = match codec {
            Codec::Pcma => 0xd5,
            _ => 0xff,
        };
        out.resize(full, quiet);
        Filled { sound: true, finished: None }
    }

    /// The same for G.722, encoded now.
    fn cut_wide(&mut self, ms: u32, wide: &mut Wide, out: &mut Vec<u8>) -> Filled {
        let full = ms as usize * WIDE_PER_MS;
        wide.samples.clear();
        while wide.samples.len() < full
            && let Some(clip) = self.clips.get(self.clip)
        {
            let samples = clip.wide();
            let from = (self.at_ms as usize * WIDE_PER_MS).min(samples.len());
            let to = (from + full - wide.samples.len()).min(samples.len());
            wide.samples.extend_from_slice(samples.get(from..to).unwrap_or_default());
            self.at_ms += u32::try_from((to - from) / WIDE_PER_MS).unwrap_or(0);
            if to >= samples.len() {
                self.next_clip();
            }
        }
        if wide.samples.is_empty() {
            return Filled { sound: false, finished: None };
        }
        wide.samples.resize(full, 0);
        wide.encode(out);
        Filled { sound: true, finished: None }
    }

    const fn next_clip(&mut self) {
        self.clip += 1;
        self.at_ms = 0;
    }
}

/// The silence that a player sends where there is nothing to say.
pub(super) fn silence() -> Arc<Clip> {
    let clip = Clip::silence(Duration::from_millis(200));
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus] {
        clip.prepare(codec);
    }
    Arc::new(clip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(value: i16, ms: usize) -> Arc<Clip> {
        let clip = Clip::from_pcm(&vec![value; ms * 8], 8000);
        clip.prepare(Codec::Pcmu);
        clip.prepare(Codec::Opus);
        Arc::new(clip)
    }

    fn player() -> (Player, mpsc::Receiver<(Arc<Clip>, Codec)>) {
        let (preparer, asked) = mpsc::sync_channel(4);
        (Player::new(silence(), preparer), asked)
    }

    #[test]
    fn clips_follow_each_other_without_a_gap_at_every_packet_time() {
        for ms in [10_u32, 20, 30, 40, 60] {
            let (mut player, _asked) = player();
            let (first, second) = (clip(1000, 40), clip(-3000, 80));
            player.play(Some(PlayId(7)), vec![Arc::clone(&first), Arc::clone(&second)]);
            let (mut sent, mut finished) = (Vec::new(), None);
            while finished.is_none() {
                let filled = player.fill(Codec::Pcmu, ms, &mut sent);
                assert!(filled.sound);
                assert_eq!(sent.len() % (ms as usize * 8), 0);
                finished = filled.finished;
            }
            let expected = [&first.bytes(Codec::Pcmu)[..], &second.bytes(Codec::Pcmu)[..]].concat();
            assert_eq!(sent[..expected.len()], expected, "{ms}");
            assert!(sent[expected.len()..].iter().all(|&byte| byte == 0xff), "the rest is silence");
            assert_eq!(finished, Some(PlayId(7)));
        }
    }

    #[test]
    fn silence_is_sent_where_nothing_plays_and_after_stop() {
        let (mut player, _asked) = player();
        let mut sent = Vec::new();
        assert_eq!(player.fill(Codec::Pcmu, 20, &mut sent), Filled { sound: false, finished: None });
        assert_eq!(sent, [0xff; 160]);
        player.play(Some(PlayId(1)), vec![clip(1000, 500)]);
        sent.clear();
        assert!(player.fill(Codec::Pcmu, 20, &mut sent).sound);
        player.stop();
        sent.clear();
        assert!(!player.fill(Codec::Pcmu, 20, &mut sent).sound);
        assert_eq!(sent, [0xff; 160]);
    }

    #[test]
    fn nothing_to_play_is_over_at_once() {
        let (mut player, _asked) = player();
        player.play(Some(PlayId(3)), Vec::new());
        assert_eq!(player.fill(Codec::Pcma, 20, &mut Vec::new()).finished, Some(PlayId(3)));
    }

    #[test]
    fn opus_is_sent_packet_by_packet() {
        let (mut player, _asked) = player();
        let clip = clip(1000, 60);
        player.play(Some(PlayId(1)), vec![Arc::clone(&clip)]);
        for (i, packet) in clip.opus_packets().iter().enumerate() {
            let mut sent = Vec::new();
            let filled = player.fill(Codec::Opus, 60, &mut sent);
            assert_eq!(sent[..], packet[..]);
            assert_eq!(filled.finished.is_some(), i == 2);
        }
    }

    #[test]
    fn a_clip_that_is_not_encoded_yet_is_handed_to_the_preparer_and_waits() {
        let (mut player, asked) = player();
        let clip = Arc::new(Clip::from_pcm(&[500; 160], 8000));
        player.play(Some(PlayId(1)), vec![Arc::clone(&clip)]);
        assert!(!player.fill(Codec::Pcma, 20, &mut Vec::new()).sound);
        assert!(!player.fill(Codec::Pcma, 20, &mut Vec::new()).sound);
        let (wanted, codec) = asked.try_recv().unwrap();
        assert!(asked.try_recv().is_err(), "asked once");
        wanted.prepare(codec);
        assert_eq!(
            player.fill(Codec::Pcma, 20, &mut Vec::new()),
            Filled { sound: true, finished: Some(PlayId(1)) }
        );
    }
}
