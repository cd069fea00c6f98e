//! What callers and flows notice of a call besides its recording: sound, keys, hold, ports, goodbyes.

use super::*;
use crate::audio::Clip;
use crate::audio::tones::dtmf;

#[tokio::test]
async fn a_clip_is_heard_whole_in_a_stream_without_a_break() {
    let mut call = Call::live(Duration::from_secs(30)).await;
    let clip = Arc::new(Clip::from_pcm(&voice(8_000, 300, 9_000.0), 8_000));
    pause(60).await;
    call.handle.play(PlayId(7), vec![Arc::clone(&clip), Arc::clone(&clip)]);
    assert_eq!(call.event().await, MediaEvent::PlayFinished(PlayId(7)));
    pause(60).await;
    let packets = call.phone.received();
    let packets: Vec<_> = packets.iter().map(|bytes| Packet::parse(bytes).unwrap()).collect();
    let (sound, pauses): (Vec<&Packet<'_>>, Vec<_>) =
        packets.iter().partition(|packet| packet.payload_type == 0);
    for pair in sound.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(160));
        assert_eq!(pair[1].ssrc, pair[0].ssrc);
    }
    let heard: Vec<u8> = sound.iter().flat_map(|packet| packet.payload).copied().collect();
    let spoken = [&clip.bytes(Codec::Pcmu)[..], &clip.bytes(Codec::Pcmu)[..]].concat();
    assert!(heard.starts_with(&spoken), "the clips, bit by bit");
    assert!(heard[spoken.len()..].iter().all(|&byte| byte == 0xff), "a little silence at their end");
    assert!(sound[0].marker, "a talkspurt is marked");
    assert_eq!(packets.iter().filter(|packet| packet.marker).count(), 1);
    assert!(pauses.iter().all(|packet| packet.payload_type == 13), "comfort noise in pauses");
    assert!((1..=20).contains(&pauses.len()), "and little of it: {}", pauses.len());
}

#[tokio::test]
async fn a_play_that_is_stopped_or_replaced_does_not_finish() {
    let mut call = Call::live(Duration::from_secs(30)).await;
    let clip = Arc::new(Clip::from_pcm(&[9_000; 8_000], 8_000));
    call.handle.play(PlayId(1), vec![Arc::clone(&clip)]);
    pause(60).await;
    call.handle.play(PlayId(2), vec![Arc::clone(&clip)]);
    pause(60).await;
    call.handle.stop_playing();
    call.handle.stats().await;
    call.phone.received();
    pause(60).await;
    for bytes in call.phone.received() {
        let packet = Packet::parse(&bytes).unwrap();
        assert!(packet.payload_type == 13 || packet.payload == [0xff; 160], "no sound");
    }
    call.handle.play(PlayId(3), Vec::new());
    assert_eq!(call.event().await, MediaEvent::PlayFinished(PlayId(3)));
}

#[tokio::test]
async fn each_key_is_told_once_and_none_of_it_is_in_the_recording() {
    let mut call = Call::new().await;
    call.record(plan()).await;
    let said = speech(1_000);
    call.say(&said).await;
    // What leaks of a key before the phone says so.
    let leak = encoded(Codec::Pcmu, &dtmf('#', Duration::from_millis(60), 8_000).unwrap());
    call.say(&leak).await;
    call.phone.event(true, &[11]);
    call.phone.event(true, &[11, 10, 0]);
    call.phone.press(11);
    call.say(&[0xff; 800]).await;
    assert_eq!(call.event().await, MediaEvent::Digit(Key::new('#').unwrap()));
    call.handle.stop_recording();
    let (cause, length, ..) = call.stopped().await;
    assert_eq!((cause, length), (StopCause::Asked, Duration::from_secs(1)));
    assert!(call.recorded().await.samples == decoded(Codec::Pcmu, &said));
    call.phone.press(1);
    call.phone.press(1);
    call.phone.press(0);
    assert_eq!(call.keys().await, "110");
}

#[tokio::test]
async fn a_key_by_info_and_by_rfc_4733_is_one_press() {
    let mut call = Call::new().await;
    call.phone.press(5);
    call.handle.stats().await;
    call.handle.info_digit(Key::new('5').unwrap());
    call.handle.info_digit(Key::new('6').unwrap());
    assert_eq!(call.keys().await, "56");
}

#[tokio::test]
async fn where_no_event_was_negotiated_keys_are_heard_in_the_sound_and_not_recorded() {
    let mut call = Call::new().await;
    call.stream.events.clear();
    call.handle.connect(&call.stream);
    call.record(plan()).await;
    let said = speech(1_000);
    call.say(&said).await;
    call.say(&encoded(Codec::Pcmu, &dtmf('7', Duration::from_millis(120), 8_000).unwrap())).await;
    call.say(&[0xff; 800]).await;
    assert_eq!(call.event().await, MediaEvent::Digit(Key::new('7').unwrap()));
    call.handle.stop_recording();
    let (_, length, ..) = call.stopped().await;
    assert!(length <= Duration::from_secs(1) && length >= Duration::from_millis(850), "{length:?}");
    let recorded = call.recorded().await.samples;
    assert!(recorded == decoded(Codec::Pcmu, &said)[..recorded.len()], "no tone in it");
}

#[tokio::test]
async fn on_hold_nothing_is_sent_and_nothing_is_missed() {
    let mut call = Call::live(Duration::from_secs(1)).await;
    call.stream.direction = Direction::Inactive;
    call.handle.connect(&call.stream);
    call.handle.stats().await;
    call.phone.received();
    pause(1_200).await;
    assert_eq!(call.phone.received(), Vec::<Vec<u8>>::new());
    assert!(call.events.try_recv().is_err());
    call.stream.direction = Direction::SendOnly;
    call.handle.connect(&call.stream);
    call.handle.play(PlayId(1), vec![Arc::new(Clip::from_pcm(&[9_000; 9_600], 8_000))]);
    assert_eq!(call.event().await, MediaEvent::PlayFinished(PlayId(1)), "who only listens is not lost");
    assert!(call.phone.received().len() > 50, "music for who holds us would be heard");
}

#[tokio::test]
async fn silence_is_sent_without_a_break_where_it_is_wanted() {
    let config = EngineConfig { steady: true, ..config(23_000..=23_099, Duration::from_secs(30)) };
    let engine = Engine::start(config, SystemClock::shared()).unwrap();
    let (handle, _events) = engine.open().await.unwrap();
    let phone = Phone::new(handle.port());
    handle.connect(&stream_to(&phone, Codec::Pcmu));
    while handle.stats().await.sent < 10 {}
    for bytes in phone.received() {
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!((packet.payload_type, packet.payload), (0, &[0xff; 160][..]));
    }
}

#[tokio::test]
async fn behind_nat_the_peer_is_found_where_its_packets_come_from() {
    let mut call = Call::live(Duration::from_secs(30)).await;
    call.stream.remote = Some("192.168.77.1:4000".parse().unwrap());
    call.handle.connect(&call.stream);
    call.handle.stats().await;
    call.phone.received();
    call.say(&[0xff; 1_600]).await;
    call.heard().await;
}

#[tokio::test]
async fn the_phone_can_press_keys() {
    let call = Call::live(Duration::from_secs(30)).await;
    let keys: Vec<_> = "1#".chars().filter_map(Key::new).collect();
    call.handle.send_digits(&keys);
    let mut receiver = crate::rtp::event::EventReceiver::default();
    let mut heard = String::new();
    while heard.len() < 2 {
        for bytes in call.heard().await {
            let packet = Packet::parse(&bytes).unwrap();
            if packet.payload_type != 101 {
                continue;
            }
            let event = receiver.receive(0, packet.marker, packet.timestamp, packet.payload);
            if let crate::rtp::event::Heard::Pressed(key, _) = event {
                heard.push(key);
            }
        }
    }
    assert_eq!(heard, "1#");
}

#[tokio::test]
async fn the_end_is_said_by_rtcp() {
    let mut call = Call::new().await;
    call.say(&[0xff; 1_600]).await;
    call.handle.close().await;
    let mut buffer = [0; 500];
    let length = call.phone.rtcp.recv(&mut buffer).unwrap();
    let report = crate::rtp::rtcp::read(&buffer[..length]).unwrap();
    assert!(report.goodbye && report.sender.is_some());
}

#[tokio::test]
async fn when_all_ports_are_taken_the_next_call_is_refused_until_one_ends() {
    // Somebody else on this machine may have one of the six.
    let (engine, mut open) = 'free: {
        for first in (23_200..23_900).step_by(6) {
            let ports = config(first..=first + 5, Duration::from_secs(5));
            let engine = Engine::start(ports, SystemClock::shared()).unwrap();
            let mut open = Vec::new();
            while let Ok((handle, _)) = engine.open().await {
                assert_eq!(handle.port() % 2, 0);
                open.push(handle);
            }
            if open.len() == 3 {
                break 'free (engine, open);
            }
        }
        panic!("no six ports are free");
    };
    assert!(matches!(engine.open().await, Err(OpenError::NoPort(_))));
    let port = open[1].port();
    open.remove(1).close().await;
    assert_eq!(engine.open().await.unwrap().0.port(), port);
    engine.close();
    assert!(matches!(engine.open().await, Err(OpenError::Closed)));
}

#[tokio::test]
async fn a_call_that_records_stays_small() {
    let call = Call::new().await;
    assert!(std::mem::size_of::<session::Session>() <= 4 * 1024);
    assert!(std::mem::size_of::<recorder::Recorder>() <= 4 * 1024);
    assert_eq!(call.engine.sessions(), 1);
}
