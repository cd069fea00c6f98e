//! What a recording holds, what ends it, and what it is taken for.

use super::*;
use crate::audio::tones::sine;

#[tokio::test]
async fn what_is_said_is_recorded_from_the_first_sample_to_the_last() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        let mut call = Call::new().await;
        call.stream = stream_to(&call.phone, codec);
        call.phone.payload_type = call.stream.recv_pt;
        call.handle.connect(&call.stream);
        assert_eq!(call.handle.sample_rate(), codec.sample_rate());
        let said = encoded(codec, &voice(codec.sample_rate(), 3_000, 9_000.0));
        call.record(RecordPlan { sample_rate: codec.sample_rate(), ..plan() }).await;
        call.say(&said).await;
        call.handle.stop_recording();
        let (cause, length, voiced, class) = call.stopped().await;
        assert_eq!((cause, class), (StopCause::Asked, RecordingClass::Speech));
        assert_eq!(length, Duration::from_secs(3));
        assert!(voiced > Duration::from_secs(2), "{voiced:?}");
        let recorded = call.recorded().await;
        assert!(recorded.samples == decoded(codec, &said), "{codec:?}");
        assert_eq!(recorded.verdict.unwrap().class, RecordingClass::Speech);
        let stats = call.handle.close().await;
        assert_eq!((stats.received, stats.lost, stats.late, stats.foreign), (150, 0, 0, 0));
    }
}

#[tokio::test]
async fn opus_is_recorded_at_its_bandwidth() {
    let mut call = Call::new().await;
    call.stream = stream_to(&call.phone, Codec::Opus);
    call.phone.payload_type = 111;
    call.handle.connect(&call.stream);
    let mut encoder = Encoder::new(Codec::Opus).unwrap();
    let mut encode = |frame: &[i16]| {
        let mut packet = Vec::new();
        encoder.encode(frame, &mut packet).unwrap();
        packet
    };
    // Before the recording begins: encoding takes time, in which the line would be silent.
    let packets: Vec<_> = voice(48_000, 2_000, 9_000.0).chunks(960).map(&mut encode).collect();
    call.record(RecordPlan { sample_rate: 48_000, ..plan() }).await;
    packets.iter().for_each(|packet| call.phone.packet(packet, 960));
    call.handle.stop_recording();
    let (_, length, _, class) = call.stopped().await;
    assert_eq!((length, class), (Duration::from_secs(2), RecordingClass::Speech));
    assert_eq!(call.recorded().await.samples.len(), 96_000);
}

#[tokio::test]
async fn silence_ends_a_recording_and_half_a_second_of_it_is_kept() {
    let mut call = Call::new().await;
    call.record(RecordPlan { silence: Duration::from_secs(3), ..plan() }).await;
    let said = speech(2_000);
    call.say(&said).await;
    call.say(&[0xff; 8_000 * 4]).await;
    let (cause, length, ..) = call.stopped().await;
    assert_eq!(cause, StopCause::Silence);
    let kept = length.as_millis().abs_diff(2_500);
    assert!(kept <= 120, "{length:?}");
    let samples = call.recorded().await.samples;
    assert!(samples[..16_000] == decoded(Codec::Pcmu, &said));
    assert!(samples[16_000..].iter().all(|&sample| sample == 0));
}

#[tokio::test]
async fn who_never_speaks_leaves_no_speech() {
    let mut call = Call::new().await;
    call.record(RecordPlan { silence: Duration::from_secs(2), ..plan() }).await;
    call.say(&[0xff; 8_000 * 3]).await;
    let (cause, length, voiced, class) = call.stopped().await;
    assert_eq!((cause, class), (StopCause::Silence, RecordingClass::NoSpeech));
    assert_eq!(voiced, Duration::ZERO);
    assert!(
        length >= Duration::from_secs(2),
        "{length:?}: an owner who wants such recordings hears all of it"
    );
}

#[tokio::test]
async fn a_peer_that_sends_nothing_in_pauses_is_silent_in_them() {
    let mut call = Call::new().await;
    call.record(RecordPlan { silence: Duration::from_secs(2), ..plan() }).await;
    let said = speech(1_000);
    call.say(&said).await;
    // Comfort noise once, then nothing: silence suppression.
    call.phone.payload_type = 13;
    call.phone.packet(&[70], 160);
    call.handle.stats().await;
    call.clock.advance(Duration::from_secs(3));
    call.handle.stats().await;
    let (cause, length, ..) = call.stopped().await;
    assert_eq!(cause, StopCause::Silence);
    assert_eq!(length, Duration::from_secs(1), "only what was received is kept");
}

#[tokio::test]
async fn the_limit_is_exact_and_announced_by_a_tone() {
    let mut call = Call::new().await;
    let bounds = RecordPlan { max: Duration::from_secs(3), warn_before: Duration::from_secs(1), ..plan() };
    call.record(bounds).await;
    let said = speech(4_000);
    call.say(&said[..20_000]).await;
    call.clock.advance(Duration::from_millis(40));
    let is_sound = |bytes: &Vec<u8>| {
        let packet = Packet::parse(bytes).unwrap();
        packet.payload_type == 0 && packet.payload != [0xff; 160]
    };
    // The warning tone; without it this never ends well.
    while !call.heard().await.iter().any(is_sound) {}
    call.say(&said[20_000..]).await;
    let (cause, length, ..) = call.stopped().await;
    assert_eq!((cause, length), (StopCause::Limit, Duration::from_secs(3)));
    assert!(call.recorded().await.samples == decoded(Codec::Pcmu, &said[..24_000]));
}

#[tokio::test]
async fn a_take_that_goes_on_counts_the_earlier_ones() {
    let mut call = Call::new().await;
    let bounds = RecordPlan { max: Duration::from_secs(3), ..plan() };
    call.record(bounds).await;
    let said = speech(2_000);
    call.say(&said).await;
    call.handle.stop_recording();
    let (_, first, voiced, _) = call.stopped().await;
    assert_eq!(first, Duration::from_secs(2));
    let writer = call.spool.reopen(head(8_000).id).await.unwrap();
    call.handle.record(Take(1), writer, RecordPlan { earlier_voiced: voiced, ..bounds });
    call.handle.stats().await;
    call.say(&said).await;
    let (cause, length, both, class) = call.stopped().await;
    assert_eq!((cause, length), (StopCause::Limit, Duration::from_secs(3)));
    assert!(both > voiced && class == RecordingClass::Speech);
    let expected = [decoded(Codec::Pcmu, &said), decoded(Codec::Pcmu, &said[..8_000])].concat();
    assert!(call.recorded().await.samples == expected);
}

#[tokio::test]
async fn a_dropped_call_keeps_its_recording() {
    let mut call = Call::new().await;
    call.record(plan()).await;
    let said = speech(1_000);
    call.say(&said).await;
    let Call { handle, mut events, spool, .. } = call;
    drop(handle);
    let stopped = events.recv().await.unwrap();
    let MediaEvent::RecordingStopped { cause, length, .. } = stopped else { panic!("{stopped:?}") };
    assert_eq!((cause, length), (StopCause::HungUp, Duration::from_secs(1)));
    assert_eq!(events.recv().await, None);
    spool.settle(head(8_000).id).await.unwrap();
    let recorded = spool.read(head(8_000).id).await.unwrap();
    assert!(recorded.samples == decoded(Codec::Pcmu, &said));
    call = Call::new().await;
    call.handle.close().await;
    assert_eq!(call.engine.sessions(), 0);
}

#[tokio::test]
async fn when_no_rtp_comes_the_recording_is_kept_and_the_loss_is_told_once() {
    let mut call = Call::live(Duration::from_millis(1_500)).await;
    call.record(plan()).await;
    let said = speech(1_000);
    call.say(&said).await;
    let (cause, length, ..) = call.stopped().await;
    assert_eq!((cause, length), (StopCause::MediaLost, Duration::from_secs(1)));
    assert_eq!(call.event().await, MediaEvent::Lost);
    pause(1_700).await;
    assert!(call.events.try_recv().is_err(), "told once");
}

#[tokio::test]
async fn a_recording_goes_on_when_codec_and_address_change() {
    let mut call = Call::new().await;
    call.record(plan()).await;
    call.say(&speech(1_000)).await;
    let first = call.phone.received().iter().map(|bytes| Packet::parse(bytes).unwrap().ssrc).next_back();
    let mut moved = Phone::new(call.handle.port());
    let mut stream = stream_to(&moved, Codec::G722);
    stream.comfort_noise = None;
    moved.payload_type = 9;
    call.handle.connect(&stream);
    call.clock.advance(Duration::from_millis(40));
    call.handle.stats().await;
    moved.say(&encoded(Codec::G722, &voice(16_000, 1_000, 9_000.0)), &call.handle).await;
    call.handle.stop_recording();
    let (_, length, _, class) = call.stopped().await;
    let off = length.as_millis().abs_diff(2_000);
    assert!(off <= 400, "{length:?}: the change itself took a moment");
    assert_eq!(class, RecordingClass::Speech);
    let packets = moved.received();
    let last = Packet::parse(packets.last().unwrap()).unwrap();
    assert_eq!(
        (Some(last.ssrc), last.payload_type),
        (first, 9),
        "the clock is the same, and so is the source"
    );
    call.handle.connect(&Stream { comfort_noise: None, ..stream_to(&moved, Codec::Opus) });
    call.clock.advance(Duration::from_millis(40));
    call.handle.stats().await;
    let packets = moved.received();
    let last = Packet::parse(packets.last().unwrap()).unwrap();
    assert_ne!(Some(last.ssrc), first, "another clock is another source");
    assert_eq!(last.payload_type, 111);
}

#[tokio::test]
async fn a_recording_of_a_busy_tone_is_known_as_one() {
    let mut call = Call::new().await;
    call.record(plan()).await;
    let mut line = Vec::new();
    for _ in 0..6 {
        line.extend(sine(425.0, Duration::from_millis(500), 8_000, 8_000));
        line.extend([0; 4_000]);
    }
    call.say(&encoded(Codec::Pcmu, &line)).await;
    call.handle.stop_recording();
    assert_eq!(call.stopped().await.3, RecordingClass::BusyTone);
}

#[tokio::test]
async fn lost_packets_leave_the_others_in_their_places() {
    let mut call = Call::new().await;
    call.record(plan()).await;
    let said = speech(4_000);
    for (i, payload) in said.chunks(160).enumerate() {
        if i % 20 == 7 {
            let mut skipped = Vec::new();
            call.phone.stream.write_header(0, false, 0, &mut skipped);
            call.phone.stream.advance(160);
        } else {
            call.phone.packet(payload, 160);
        }
        if i % 40 == 39 {
            call.handle.stats().await;
        }
    }
    call.handle.stop_recording();
    assert_eq!(call.stopped().await.1, Duration::from_secs(4));
    let (samples, original) = (call.recorded().await.samples, decoded(Codec::Pcmu, &said));
    for (i, (heard, said)) in samples.chunks(160).zip(original.chunks(160)).enumerate() {
        // The frame after a gap is joined to what concealed it.
        if i % 20 != 7 && i % 20 != 8 {
            assert!(heard == said, "frame {i}");
        }
    }
    let stats = call.handle.close().await;
    assert_eq!((stats.received, stats.lost, stats.late), (190, 10, 0));
}
