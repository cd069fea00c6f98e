//! What peers offer and what they get.

use proptest::prelude::*;

use super::*;

const PHONE: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=call\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 0 101 13\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n";

fn local() -> LocalMedia {
    LocalMedia::new("198.51.100.1".parse().unwrap(), 20000)
}

fn answer(offer: &str) -> Result<Answer, SdpRefusal> {
    Session::new(7).answer(offer, &local())
}

fn stream(offer: &str) -> Stream {
    answer(offer).unwrap_or_else(|error| panic!("{error}\n{offer}")).stream
}

fn offer(rest: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n{rest}")
}

fn at(text: &str) -> Option<SocketAddr> {
    Some(text.parse().unwrap())
}

#[test]
fn a_phone_gets_its_first_codec_with_keys_and_comfort_noise() {
    let answer = answer(PHONE).unwrap();
    let expected = Stream {
        remote: at("192.0.2.7:4000"),
        remote_rtcp: at("192.0.2.7:4001"),
        rtcp_mux: false,
        codec: Codec::Pcma,
        send_pt: 8,
        recv_pt: 8,
        events: vec![(101, 8000)],
        comfort_noise: Some(13),
        ptime_ms: 20,
        direction: Direction::SendRecv,
    };
    assert_eq!(answer.stream, expected);
    let sdp = "v=0\r\no=- 7 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
        m=audio 20000 RTP/AVP 8 13 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n";
    assert_eq!(answer.sdp, sdp);
}

#[test]
fn our_order_of_codecs_decides_when_it_is_asked_for() {
    let local = LocalMedia { codecs: vec![Codec::Pcmu, Codec::Pcma], order: CodecOrder::Ours, ..local() };
    assert_eq!(Session::new(1).answer(PHONE, &local).unwrap().stream.codec, Codec::Pcmu);
    let narrow = LocalMedia { codecs: vec![Codec::Pcmu], ..local };
    assert_eq!(Session::new(1).answer(PHONE, &narrow).unwrap().stream.codec, Codec::Pcmu);
}

#[test]
fn many_codecs_and_odd_numbers_are_sorted_out() {
    let stream = stream(&offer(
        "m=audio 4000 RTP/AVP 18 3 97 107 0 96 126 8 4 99 5 200 x\r\na=rtpmap:97 SILK/16000\r\n\
         a=rtpmap:107 OPUS/48000/2\r\na=fmtp:107 maxplaybackrate=16000;sprop-maxcapturerate=16000;useinbandfec=1\r\n\
         a=rtpmap:96 telephone-event/8000\r\na=rtpmap:126 Telephone-Event/48000\r\na=rtpmap:18 G729/8000\r\n\
         a=fmtp:18 annexb=no\r\na=rtpmap:99 nonsense\r\na=maxptime:150\r\n",
    ));
    assert_eq!((stream.codec, stream.send_pt, stream.recv_pt), (Codec::Opus, 107, 107));
    assert_eq!(stream.events, [(126, 48000), (96, 8000)]);
    assert_eq!(stream.comfort_noise, None);
}

#[test]
fn an_event_of_another_clock_is_better_than_none() {
    let stream = stream(&offer(
        "m=audio 4000 RTP/AVP 98 101\r\na=rtpmap:98 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n",
    ));
    assert_eq!((stream.codec, stream.events), (Codec::Opus, vec![(101, 8000)]));
}

#[test]
fn a_map_overrules_the_static_number_and_senders_may_err_a_little() {
    let dynamic =
        stream(&offer("m=audio 4000 RTP/AVP 0 9\r\na=rtpmap:0 G729/8000\r\na=rtpmap:9 G722/16000\r\n"));
    assert_eq!((dynamic.codec, dynamic.send_pt), (Codec::G722, 9));
    let renumbered = stream(&offer("m=audio 4000 RTP/AVP 105\r\na=rtpmap:105  pcmu/8000/1\r\n"));
    assert_eq!((renumbered.codec, renumbered.send_pt), (Codec::Pcmu, 105));
    assert_eq!(stream(&offer("m=audio 4000 RTP/AVP 98\r\na=rtpmap:98 opus/48000\r\n")).codec, Codec::Opus);
}

#[test]
fn every_other_line_is_answered_with_port_zero_in_its_place() {
    let answer = answer(&offer(
        "m=video 5000 RTP/AVP 31 34\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\r\n\
         m=audio 4002 RTP/AVP 0\r\nm=audio 4004 RTP/AVP 8\r\nm=image 9 udptl t38\r\nm=application 9 UDP/BFCP *\r\n",
    ));
    let sdp = answer.unwrap().sdp;
    let lines: Vec<&str> = sdp.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(
        lines,
        [
            "m=video 0 RTP/AVP 31",
            "m=audio 0 RTP/SAVP 0",
            "m=audio 20000 RTP/AVP 0",
            "m=audio 0 RTP/AVP 8",
            "m=image 0 udptl t38",
            "m=application 0 UDP/BFCP *"
        ]
    );
}

#[test]
fn directions_are_mirrored_and_the_media_level_wins() {
    for (theirs, ours) in [
        ("sendrecv", Direction::SendRecv),
        ("sendonly", Direction::RecvOnly),
        ("recvonly", Direction::SendOnly),
        ("inactive", Direction::Inactive),
    ] {
        let at_media =
            answer(&offer(&format!("a=inactive\r\nm=audio 4000 RTP/AVP 0\r\na={theirs}\r\n"))).unwrap();
        assert_eq!(at_media.stream.direction, ours);
        assert!(at_media.sdp.contains(&format!("\r\na={}\r\n", ours.as_str())));
        let at_session = offer(&format!("a={theirs}\r\nm=audio 4000 RTP/AVP 0\r\n"));
        assert_eq!(stream(&at_session).direction, ours);
    }
}

#[test]
fn a_hold_in_the_old_way_is_listened_to_but_never_sent_to() {
    let held = PHONE.replace("c=IN IP4 192.0.2.7", "c=IN IP4 0.0.0.0");
    let answer = answer(&held).unwrap();
    assert_eq!((answer.stream.remote, answer.stream.remote_rtcp), (None, None));
    assert_eq!(answer.stream.direction, Direction::RecvOnly);
    assert!(answer.sdp.contains("m=audio 20000 ") && answer.sdp.contains("a=recvonly"));
}

#[test]
fn audio_switched_off_holds_a_running_call_but_begins_none() {
    let off = PHONE.replace("m=audio 4000", "m=audio 0");
    assert_eq!(answer(&off), Err(SdpRefusal::NoAudio));
    let mut session = Session::new(7);
    session.answer(PHONE, &local()).unwrap();
    let answer = session.answer(&off, &local()).unwrap();
    assert_eq!((answer.stream.remote, answer.stream.direction), (None, Direction::Inactive));
    assert!(answer.sdp.contains("m=audio 0 RTP/AVP 8"));
}

#[test]
fn the_answer_has_the_family_of_the_offer() {
    let six = offer("m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:DB8::7\r\n");
    assert!(matches!(answer(&six), Err(SdpRefusal::Address(_))));
    let both = LocalMedia { alternative: Some("2001:db8::1".parse().unwrap()), ..local() };
    let answer = Session::new(7).answer(&six, &both).unwrap();
    assert_eq!(answer.stream.remote, at("[2001:db8::7]:4000"));
    assert!(
        answer.sdp.contains("c=IN IP6 2001:db8::1\r\n") && answer.sdp.contains("IN IP6 2001:db8::1\r\ns=")
    );
    let mapped = PHONE.replace("IP4 192.0.2.7\r\nt", "IP6 ::ffff:192.0.2.7\r\nt");
    assert_eq!(stream(&mapped).remote, at("192.0.2.7:4000"));
}

#[test]
fn nobody_can_point_us_at_a_group_of_hosts() {
    for address in ["IP4 224.2.1.1/127", "IP4 255.255.255.255", "IP6 ff02::1", "IP4 pbx.example.org"] {
        let offer = PHONE.replace("c=IN IP4 192.0.2.7", &format!("c=IN {address}"));
        let refusal = answer(&offer).unwrap_err();
        assert!(matches!(refusal, SdpRefusal::Address(_)), "{address}: {refusal}");
        assert_eq!(refusal.status(), 488);
    }
}

#[test]
fn control_packets_go_where_the_peer_wants_them() {
    let with = |line: &str| stream(&format!("{PHONE}{line}\r\n"));
    assert_eq!(with("a=rtcp:5005").remote_rtcp, at("192.0.2.7:5005"));
    assert_eq!(with("a=rtcp:5005 IN IP4 192.0.2.9").remote_rtcp, at("192.0.2.9:5005"));
    assert_eq!(with("a=rtcp:0").remote_rtcp, None);
    let mux = with("a=rtcp-mux");
    assert_eq!((mux.rtcp_mux, mux.remote_rtcp), (true, at("192.0.2.7:4000")));
    assert!(answer(&format!("{PHONE}a=rtcp-mux\r\n")).unwrap().sdp.contains("a=rtcp-mux\r\n"));
    assert_eq!(stream(&PHONE.replace("4000", "65535")).remote_rtcp, None);
}

#[test]
fn packet_times_suit_both_sides() {
    let with = |lines: &str| stream(&offer(&format!("m=audio 4000 RTP/AVP 0\r\n{lines}"))).ptime_ms;
    for (lines, ms) in [
        ("", 20),
        ("a=ptime:30\r\n", 30),
        ("a=ptime:60\r\na=maxptime:40\r\n", 40),
        ("a=ptime:200\r\n", 60),
        ("a=ptime:5\r\n", 10),
        ("a=ptime:25.5\r\n", 20),
        ("a=ptime:0\r\n", 20),
        ("a=ptime:soon\r\n", 20),
        ("a=maxptime:10\r\n", 10),
    ] {
        assert_eq!(with(lines), ms, "{lines}");
    }
    let opus = "m=audio 4000 RTP/AVP 98\r\na=rtpmap:98 opus/48000/2\r\na=ptime:30\r\n";
    assert_eq!(stream(&offer(opus)).ptime_ms, 20);
}

#[test]
fn what_the_audio_does_not_need_may_be_missing_or_broken() {
    for text in [
        "v=0\nc=IN IP4 192.0.2.7\nm=audio 4000 RTP/AVP 0\n",
        "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.7",
        "v=0\ro=- x\rs=\rc=IN  IP4  192.0.2.7\rm=audio  4000  RTP/AVP  0\r",
        "v=1\r\no=broken\r\nt=now\r\nz=?\r\nk\r\nb=AS\r\nxyz=1\r\nc=IN IP4 192.0.2.7 extra\r\na=\r\nm=audio 4000 rtp/avp 0\r\nb=:\r\n",
        "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\nm=audio 4000 RTP/AVP 0\r\n",
        "v=0\r\nc=IN IP4 192.0.2.7\r\nc=IN IP4 203.0.113.1\r\nm=audio 4000/2 RTP/AVP 0\r\na=group:BUNDLE 0\r\na=ice-ufrag:x\r\na=candidate:1 1 UDP 1 10.0.0.1 9 typ host\r\n",
    ] {
        assert_eq!(stream(text).remote, at("192.0.2.7:4000"), "{text:?}");
    }
}

#[test]
fn each_refusal_has_its_code_and_warning() {
    for (text, status, warning) in [
        ("", 488, 304),
        ("hello", 488, 304),
        (&offer(""), 488, 304),
        (&offer("m=video 5000 RTP/AVP 31\r\n"), 488, 304),
        (&offer("m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n"), 488, 302),
        (&offer("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n"), 488, 302),
        (&offer("m=audio 4000 RTP/AVP 18 101\r\na=rtpmap:101 telephone-event/8000\r\n"), 488, 305),
        ("v=0\r\nm=audio 4000 RTP/AVP 0\r\n", 488, 301),
        (&offer("m=audio\r\n"), 400, 399),
        (&offer("m=audio 70000 RTP/AVP 0\r\n"), 400, 399),
        (&offer(&"m=audio 4000 RTP/AVP 0\r\n".repeat(17)), 400, 399),
        (&offer(&"a=x\r\n".repeat(2_000)), 400, 399),
        (&offer(&format!("a={}\r\n", "x".repeat(40_000))), 400, 399),
    ] {
        let refusal = answer(text).unwrap_err();
        let told: u16 = refusal.warning("vm.example").split(' ').next().unwrap().parse().unwrap();
        assert_eq!((refusal.status(), told), (status, warning), "{refusal}");
    }
}

#[test]
fn optional_encryption_is_answered_in_the_plain() {
    let offer = offer("m=audio 4000 RTP/AVPF 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n");
    let sdp = answer(&offer).unwrap().sdp;
    assert!(sdp.contains("m=audio 20000 RTP/AVPF 0\r\n") && !sdp.contains("crypto"));
}

#[test]
fn the_version_grows_only_when_something_changes() {
    let mut session = Session::new(7);
    let first = session.answer(PHONE, &local()).unwrap().sdp;
    assert_eq!(session.answer(PHONE, &local()).unwrap().sdp, first);
    let held = session.answer(&format!("{PHONE}a=sendonly\r\n"), &local()).unwrap().sdp;
    assert!(held.contains("o=- 7 2 IN"));
    assert!(session.answer(&offer("m=audio 4000 RTP/AVP 18\r\n"), &local()).is_err());
    assert!(session.answer(PHONE, &local()).unwrap().sdp.contains("o=- 7 3 IN"));
}

#[test]
fn our_offer_and_its_answer_meet() {
    let mut caller = Session::new(1);
    let offer = caller.offer(&LocalMedia { rtcp_mux: true, ..local() });
    for needed in ["111 9 0 8 13 101 110", "opus/48000/2", "telephone-event/48000", "CN/8000", "a=rtcp-mux"] {
        assert!(offer.contains(needed), "{needed} in\n{offer}");
    }
    let peer = LocalMedia::new("203.0.113.5".parse().unwrap(), 30000);
    let answer = Session::new(2).answer(&offer, &peer).unwrap();
    let stream = caller.accept(&answer.sdp).unwrap();
    assert_eq!(stream.remote, at("203.0.113.5:30000"));
    assert_eq!(
        (stream.codec, stream.send_pt, stream.recv_pt, stream.rtcp_mux),
        (Codec::Opus, 111, 111, true)
    );
    assert_eq!((stream.events.clone(), stream.ptime_ms), (answer.stream.events.clone(), 20));
}

#[test]
fn an_answer_with_other_numbers_sends_by_those_and_receives_by_ours() {
    let offer = Session::new(1).offer(&LocalMedia { codecs: vec![Codec::Opus], ..local() });
    let answer = "v=0\r\nc=IN IP4 192.0.2.7\r\nm=audio 4000 RTP/AVP 96 97\r\na=rtpmap:96 opus/48000/2\r\n\
        a=rtpmap:97 telephone-event/48000\r\na=sendonly\r\na=rtcp-mux\r\n";
    let stream = accept_answer(&offer, answer).unwrap();
    assert_eq!((stream.send_pt, stream.recv_pt), (96, 111));
    assert_eq!(stream.events, [(97, 48000), (110, 48000)]);
    assert_eq!((stream.direction, stream.rtcp_mux), (Direction::RecvOnly, false));
}

#[test]
fn an_answer_that_does_not_repeat_the_map_is_understood() {
    let offer = Session::new(1).offer(&local());
    let stream =
        accept_answer(&offer, "v=0\r\nc=IN IP4 192.0.2.7\r\nm=audio 4000 RTP/AVP 0 101\r\n").unwrap();
    assert_eq!((stream.codec, stream.events), (Codec::Pcmu, vec![(101, 8000)]));
}

#[test]
fn an_answer_that_refuses_the_audio_is_an_error() {
    let offer = Session::new(1).offer(&local());
    for (answer, refusal) in [
        ("m=audio 0 RTP/AVP 0\r\n", SdpRefusal::NoAudio),
        ("m=video 4000 RTP/AVP 31\r\n", SdpRefusal::NoAudio),
        ("m=audio 4000 RTP/AVP 18\r\n", SdpRefusal::NoCodec),
        ("m=audio 4000 RTP/SAVP 0\r\n", SdpRefusal::Transport("RTP/SAVP".to_owned())),
    ] {
        assert_eq!(accept_answer(&offer, &format!("v=0\r\nc=IN IP4 192.0.2.7\r\n{answer}")), Err(refusal));
    }
    assert_eq!(Session::new(1).accept(PHONE), Err(SdpRefusal::NoAudio));
}

#[test]
fn a_later_offer_keeps_the_lines_and_the_numbers_of_the_call() {
    let mut session = Session::new(7);
    let first = offer(
        "m=audio 4000 RTP/AVP 96 111\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:111 telephone-event/48000\r\nm=video 5000 RTP/AVP 31\r\n",
    );
    session.answer(&first, &local()).unwrap();
    let later = session.offer(&local());
    assert!(later.contains("o=- 7 2 IN"));
    assert!(
        later.contains("a=rtpmap:96 opus/48000/2") && later.contains("a=rtpmap:111 telephone-event/48000")
    );
    assert!(later.contains("m=video 0 RTP/AVP 31\r\n"));
    assert!(
        session
            .accept("v=0\r\nc=IN IP4 192.0.2.7\r\nm=audio 4000 RTP/AVP 96\r\nm=video 0 RTP/AVP 31\r\n")
            .is_ok()
    );
}

/// A description that is mostly right, in the hands of a vandal.
fn damaged() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("v=0"),
        Just("o=- 1 1 IN IP4 192.0.2.7"),
        Just("c=IN IP4 192.0.2.7"),
        Just("c=IN IP6 2001:db8::1"),
        Just("m=audio 4000 RTP/AVP 0 8 9 101"),
        Just("m=audio 0 RTP/AVP 0"),
        Just("m=video 5000 RTP/AVP 31"),
        Just("m=audio 4000 RTP/SAVP 0"),
        Just("a=rtpmap:101 telephone-event/8000"),
        Just("a=rtpmap:9 opus/48000/2"),
        Just("a=ptime:20"),
        Just("a=rtcp:1 IN IP4 192.0.2.1"),
        Just("a=sendonly"),
    ];
    let cut = (any::<proptest::sample::Index>(), "[ -~\\r\\n\\u{0}\\u{fc}]{0,3}");
    (proptest::collection::vec(line, 0..14), proptest::collection::vec(cut, 0..6)).prop_map(
        |(lines, cuts)| {
            let mut text: Vec<char> = lines.join("\r\n").chars().collect();
            for (at, put) in cuts {
                let at = if text.is_empty() { 0 } else { at.index(text.len()) };
                let end = (at + put.len()).min(text.len());
                text.splice(at..end, put.chars());
            }
            text.into_iter().collect()
        },
    )
}

proptest! {
    #[test]
    fn an_answer_always_fits_its_offer(text in damaged()) {
        let mut session = Session::new(1);
        let first = session.answer(PHONE, &local());
        prop_assert!(first.is_ok());
        if let Ok(answer) = session.answer(&text, &local()) {
            let offered = text.split(['\r', '\n']).map(str::trim).filter(|line| line.split_once('=').is_some_and(|(k, _)| k.trim() == "m")).count();
            prop_assert_eq!(answer.sdp.lines().filter(|line| line.starts_with("m=")).count(), offered);
            prop_assert!(sdp_types::Session::parse(answer.sdp.as_bytes()).is_ok());
            prop_assert!((10..=60).contains(&answer.stream.ptime_ms));
            prop_assert!(answer.stream.send_pt < 128);
            if answer.stream.remote.is_none() {
                prop_assert!(!matches!(answer.stream.direction, Direction::SendRecv | Direction::SendOnly));
            }
        }
        let offer = session.offer(&local());
        let _ = accept_answer(&offer, &text);
        let _ = accept_answer(&text, PHONE);
    }

    #[test]
    fn no_text_at_all_makes_it_panic(text in "\\PC{0,200}") {
        let _ = answer(&text);
    }
}
