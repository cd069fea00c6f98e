//! Calls that we place.

use super::*;

pub(super) fn outgoing(target: String) -> OutgoingCall {
    OutgoingCall {
        target,
        from: "sip:vm@x".into(),
        from_name: Some("Voice <\"Mail\">\r\nX: y".into()),
        offer: OFFER.into(),
        headers: vec![("Diversion".into(), "<sip:1@x>".into())],
        credentials: trunk().digest,
    }
}

#[tokio::test]
async fn a_call_that_we_place_is_proven_answered_and_ended() {
    let server = Server::with(SignalConfig { peers: vec![], ..config() }, fast()).await;
    let phone = Phone::to(server.udp).await;
    let (dialog, mut events) =
        server.signal.call(outgoing(format!("sip:bob@{}", phone.here()))).await.unwrap();
    let invite = phone.expect("INVITE ").await;
    assert!(invite.ends_with(OFFER) && line(&invite, "Diversion").is_some(), "{invite}");
    assert!(line(&invite, "From").unwrap().starts_with("\"Voice "), "{invite}");
    assert!(line(&invite, "X").is_none(), "a name cannot add a header");
    phone
        .answer(
            &invite,
            "407 Proof",
            "Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"n\", qop=\"auth\"\r\n",
            "",
        )
        .await;
    phone.expect("ACK ").await;
    let invite = phone.expect("INVITE ").await;
    assert!(line(&invite, "Proxy-Authorization").unwrap().contains("username=\"u\""), "{invite}");
    let tagged = invite.replace(">\r\nCall-ID", ">;tag=b1\r\nCall-ID");
    phone.answer(&tagged, "180 Ringing", "", "").await;
    phone.answer(&tagged, "180 Ringing", "", "").await;
    assert!(matches!(event(&mut events).await, DialogEvent::Ringing));
    let contact = format!(
        "Contact: <sip:bob@{}>\r\nRecord-Route: <sip:{};lr>\r\nContent-Type: application/sdp\r\n",
        phone.here(),
        phone.here()
    );
    phone.answer(&tagged, "200 OK", &contact, ANSWER).await;
    assert!(matches!(event(&mut events).await, DialogEvent::Confirmed { answer: Some(a) } if a == ANSWER));
    let ack = phone.expect("ACK ").await;
    assert!(line(&ack, "To").unwrap().ends_with("tag=b1") && line(&ack, "Route").is_some(), "{ack}");
    phone.answer(&tagged, "200 OK", &contact, ANSWER).await;
    assert_eq!(phone.expect("ACK ").await, ack, "a repeated 200 gets its ACK again");
    dialog.hang_up().await.unwrap();
    let bye = phone.expect("BYE ").await;
    phone.answer(&bye, "200 OK", "", "").await;
    server.settles().await;
    phone.send(&phone.options("1")).await;
    phone.send(&phone.options("2")).await;
    assert!(
        timeout(Duration::from_millis(200), phone.recv()).await.is_err(),
        "a stranger again after the call"
    );
}

#[tokio::test]
async fn a_refusal_a_foreign_realm_and_silence_end_a_call_that_we_place() {
    let server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    for (status, extra, code) in [
        ("486 Busy Here", "", 486),
        ("401 Proof", "WWW-Authenticate: Digest realm=\"other\", nonce=\"n\"\r\n", 401),
    ] {
        let (_dialog, mut events) =
            server.signal.call(outgoing(format!("sip:bob@{}", phone.here()))).await.unwrap();
        let invite = phone.expect("INVITE ").await;
        phone.answer(&invite.replace(">\r\nCall-ID", ">;tag=b1\r\nCall-ID"), status, extra, "").await;
        phone.expect("ACK ").await;
        assert!(matches!(event(&mut events).await, DialogEvent::Ended { code: Some(c), .. } if c == code));
    }
    let (_dialog, mut events) = server.signal.call(outgoing("sip:bob@127.0.0.1:9".into())).await.unwrap();
    assert!(matches!(event(&mut events).await, DialogEvent::Ended { code: Some(408), .. }));
    assert!(server.signal.call(outgoing("bob".into())).await.is_err());
    let split = OutgoingCall {
        headers: vec![("X".into(), "a\r\nY: b".into())],
        ..outgoing("sip:b@127.0.0.1:9".into())
    };
    assert!(server.signal.call(split).await.is_err());
    server.settles().await;
}

#[tokio::test]
async fn giving_up_sends_cancel_once_the_peer_has_answered() {
    let server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    let (dialog, mut events) =
        server.signal.call(outgoing(format!("sip:bob@{}", phone.here()))).await.unwrap();
    let invite = phone.expect("INVITE ").await;
    drop(dialog);
    let tagged = invite.replace(">\r\nCall-ID", ">;tag=b1\r\nCall-ID");
    phone.answer(&tagged, "180 Ringing", "", "").await;
    let cancel = phone.expect("CANCEL ").await;
    assert_eq!(line(&cancel, "Via"), line(&invite, "Via"));
    phone.answer(&cancel, "200 OK", "", "").await;
    phone.answer(&tagged, "487 Terminated", "", "").await;
    phone.expect("ACK ").await;
    assert!(matches!(event(&mut events).await, DialogEvent::Ended { code: Some(487), .. }));
    server.settles().await;
}

#[tokio::test]
async fn two_of_us_talk_to_each_other_over_tcp() {
    let mut callee = Server::start().await;
    let caller = Server::start().await;
    let target = format!("sip:1001@{};transport=tcp", callee.tcp);
    let (dialog, mut events) = caller.signal.call(outgoing(target)).await.unwrap();
    let mut call = callee.call().await;
    call.dialog.answer(ANSWER).await.unwrap();
    assert!(matches!(event(&mut events).await, DialogEvent::Confirmed { .. }));
    assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { .. }));
    dialog.hang_up().await.unwrap();
    assert!(matches!(event(&mut call.events).await, DialogEvent::Ended { .. }));
    callee.settles().await;
}

#[tokio::test]
async fn as_caller_we_raise_a_too_small_interval_and_take_other_forks_down() {
    let server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    let (_dialog, mut events) =
        server.signal.call(outgoing(format!("sip:bob@{}", phone.here()))).await.unwrap();
    let invite = phone.expect("INVITE ").await;
    phone.answer(&invite, "422 Too Small", "Min-SE: 3600\r\n", "").await;
    phone.expect("ACK ").await;
    let invite = phone.expect("INVITE ").await;
    assert_eq!((line(&invite, "Session-Expires"), line(&invite, "CSeq")), (Some("3600"), Some("2 INVITE")));
    let contact = format!("Contact: <sip:bob@{}>\r\nContent-Type: application/sdp\r\n", phone.here());
    for fork in ["one", "two"] {
        let tagged = invite.replace(">\r\nCall-ID", &format!(">;tag={fork}\r\nCall-ID"));
        phone.answer(&tagged, "200 OK", &contact, ANSWER).await;
        let ack = phone.expect("ACK ").await;
        assert!(line(&ack, "To").unwrap().ends_with(fork), "{ack}");
    }
    let bye = phone.expect("BYE ").await;
    assert!(line(&bye, "To").unwrap().ends_with("tag=two"), "{bye}");
    assert!(matches!(event(&mut events).await, DialogEvent::Confirmed { .. }));
    assert!(events.try_recv().is_err(), "the first call goes on");
}

#[tokio::test]
async fn who_is_asked_by_options_is_there_whatever_the_answer_and_what_is_no_address_is_not() {
    let server = Server::with(SignalConfig { peers: vec![], ..config() }, fast()).await;
    let phone = Phone::to(server.udp).await;
    let uri = format!("sip:{}", phone.here());
    for (status, code) in [("200 OK", 200), ("403 Forbidden", 403)] {
        let (asked, ()) = tokio::join!(server.signal.options(&uri), async {
            let options = phone.expect("OPTIONS ").await;
            assert!(options.starts_with(&format!("OPTIONS {uri} SIP/2.0\r\n")), "{options}");
            assert!(
                line(&options, "To").unwrap().contains(&uri) && line(&options, "Contact").is_some(),
                "{options}"
            );
            phone.answer(&options, status, "", "").await;
        });
        assert_eq!(asked, Ok(code));
    }
    assert_eq!(server.signal.options("no address").await, Err(NotifyError::Silent));
}
