//! Seven ways to get into a recording, or to get our packets: none works.

use super::*;
use crate::audio::Clip;

/// Lets `attack` do its worst between the packets of a caller who records, and demands that the recording is what the
/// caller said, that the stranger got nothing, and that the caller got everything.
async fn withstands(attack: impl Fn(&mut Phone, &Phone, &[u8]) + Send) {
    let mut call = Call::new().await;
    let said = speech(2_000);
    call.phone.packet(&[0xff; 160], 160);
    call.record(plan()).await;
    // Encoded before: how soon the encoder gets its turn is not what this is about.
    let clip = Clip::from_pcm(&[9_000; 160_000], 8_000);
    clip.prepare(Codec::Pcmu);
    call.handle.play(PlayId(1), vec![Arc::new(clip)]);
    let mut stranger = Phone::at("127.0.0.2", call.handle.port());
    for (i, payload) in said.chunks(160).enumerate() {
        call.phone.packet(payload, 160);
        attack(&mut stranger, &call.phone, payload);
        if i % 4 == 0 {
            call.clock.advance(Duration::from_millis(20));
            call.handle.stats().await;
        }
    }
    call.handle.stop_recording();
    assert_eq!(call.stopped().await.0, StopCause::Asked);
    assert!(call.recorded().await.samples == decoded(Codec::Pcmu, &said), "the recording is what was said");
    assert_eq!(stranger.received(), Vec::<Vec<u8>>::new(), "a stranger got packets");
    let heard = call.phone.received().len();
    let stats = call.handle.close().await;
    // 25 times the clock moved on; on a busy machine two of them may be one to who sends.
    assert!(stats.sent as usize >= heard && heard > 12, "{heard} of {}", stats.sent);
}

/// A packet as the caller's phone would send it, with changes.
fn forged(phone: &Phone, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    phone.stream.clone().write_header(0, false, phone.stream.timestamp(), &mut bytes);
    bytes.extend_from_slice(&[0x21; 160]);
    change(&mut bytes);
    bytes
}

#[tokio::test]
async fn packets_from_another_address_are_not_recorded_nor_answered() {
    withstands(|stranger, _, _| stranger.packet(&[0x21; 160], 160)).await;
}

#[tokio::test]
async fn another_ssrc_from_the_right_address_is_not_recorded() {
    withstands(|_, phone, _| {
        let bytes = forged(phone, |bytes| bytes[8..12].copy_from_slice(&[9, 9, 9, 9]));
        phone.socket.send_to(&bytes, phone.to).unwrap();
    })
    .await;
}

#[tokio::test]
async fn payload_types_that_were_not_negotiated_are_not_recorded() {
    withstands(|_, phone, _| {
        for payload_type in [8, 3, 34, 127] {
            let bytes = forged(phone, |bytes| bytes[1] = payload_type);
            phone.socket.send_to(&bytes, phone.to).unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn garbage_is_not_recorded() {
    withstands(|stranger, phone, payload| {
        for length in [0, 1, 3, 11, 12, 159] {
            phone.socket.send_to(&payload[..length], phone.to).unwrap();
            stranger.socket.send_to(&payload[..length], phone.to).unwrap();
        }
        for first in [0xbf, 0x9f, 0xaf, 0x0f] {
            let bytes = forged(phone, |bytes| {
                bytes[0] = first;
                bytes.truncate(20);
            });
            phone.socket.send_to(&bytes, phone.to).unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn rtcp_garbage_on_both_ports_does_no_harm() {
    withstands(|stranger, phone, payload| {
        let mut bytes = vec![0x81, 200, 0, 6];
        bytes.extend_from_slice(payload);
        let goodbye = [0x81, 201, 0, 1, 0, 0, 0x12, 0x34, 0x81, 203, 0, 1, 0, 0, 0x12, 0x34];
        let rtcp = SocketAddr::new(phone.to.ip(), phone.to.port() + 1);
        for to in [phone.to, rtcp] {
            for from in [&phone.socket, &phone.rtcp, &stranger.socket] {
                from.send_to(&bytes, to).unwrap();
                from.send_to(&goodbye, to).unwrap();
            }
        }
    })
    .await;
}

#[tokio::test]
async fn duplicates_are_recorded_once() {
    withstands(|_, phone, payload| {
        let mut bytes = Vec::new();
        let mut before = Sender::new(0x1234, 0, 0);
        before.write_header(0, false, phone.stream.timestamp().wrapping_sub(160), &mut bytes);
        let mut probe = Vec::new();
        phone.stream.clone().write_header(0, false, 0, &mut probe);
        let number = u16::from_be_bytes([probe[2], probe[3]]).wrapping_sub(1);
        bytes[2..4].copy_from_slice(&number.to_be_bytes());
        bytes.extend_from_slice(payload);
        for _ in 0..3 {
            phone.socket.send_to(&bytes, phone.to).unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_replay_of_old_packets_is_not_recorded() {
    withstands(|_, phone, payload| {
        for back in [101_u16, 150, 500, 5_000, 30_000] {
            let mut bytes = forged(phone, |bytes| {
                let number = u16::from_be_bytes([bytes[2], bytes[3]]).wrapping_sub(back);
                bytes[2..4].copy_from_slice(&number.to_be_bytes());
            });
            bytes.truncate(12);
            bytes.extend_from_slice(payload);
            phone.socket.send_to(&bytes, phone.to).unwrap();
        }
    })
    .await;
}
