//! What is said inside a running call: offers, keys, session timers, transfers.

use super::*;

#[tokio::test]
async fn a_reinvite_becomes_an_offer_and_the_answer_goes_back() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let (_dialog, mut events) = phone.talk(&mut server, "").await;
    let hold = OFFER.replace("m=audio", "a=sendonly\r\nm=audio");
    phone.send(&phone.request("INVITE", 2, "r", "Content-Type: application/sdp\r\n", &hold)).await;
    let DialogEvent::Offer { offer, reply } = event(&mut events).await else { panic!("an offer") };
    assert_eq!(offer, Some(hold));
    phone.send(&phone.request("INVITE", 3, "r2", "Content-Type: application/sdp\r\n", OFFER)).await;
    phone.expect("SIP/2.0 491").await;
    reply.send(Ok("v=0\r\nnew".into())).unwrap();
    assert!(phone.expect("SIP/2.0 200").await.ends_with("\r\nv=0\r\nnew"));
    phone.send(&phone.request("ACK", 2, "r3", "", "")).await;

    phone.send(&phone.request("UPDATE", 4, "u", "Content-Type: application/sdp\r\n", OFFER)).await;
    let DialogEvent::Offer { reply, .. } = event(&mut events).await else { panic!("an offer") };
    reply.send(Err(Refusal { code: 488, retry_after: None, warning: Some("no codec".into()) })).unwrap();
    let refused = phone.expect("SIP/2.0 488").await;
    assert!(line(&refused, "Warning").unwrap().ends_with("\"no codec\""), "{refused}");

    phone.send(&phone.request("INVITE", 5, "n", "", "")).await;
    let DialogEvent::Offer { offer: None, reply } = event(&mut events).await else { panic!("ours to offer") };
    reply.send(Ok(OFFER.into())).unwrap();
    phone.expect("SIP/2.0 200").await;
    phone.send(&phone.request("ACK", 5, "n2", "Content-Type: application/sdp\r\n", ANSWER)).await;
    assert!(matches!(event(&mut events).await, DialogEvent::Confirmed { answer: Some(a) } if a == ANSWER));

    phone.send(&phone.request("INVITE", 6, "t", "Content-Type: application/sdp\r\n", OFFER)).await;
    let DialogEvent::Offer { reply: unanswered, .. } = event(&mut events).await else { panic!("an offer") };
    phone.expect("SIP/2.0 500").await;
    drop(unanswered);
    phone.send(&phone.request("ACK", 6, "t", "", "")).await;
    phone.send(&phone.request("BYE", 7, "b", "", "")).await;
    phone.expect("SIP/2.0 200").await;
    server.settles().await;
}

#[tokio::test]
async fn a_request_out_of_order_gets_500_and_one_of_an_unknown_dialog_481() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let (_dialog, _events) = phone.talk(&mut server, "").await;
    phone.send(&phone.request("INFO", 9, "i", "", "")).await;
    phone.expect("SIP/2.0 200").await;
    phone.send(&phone.request("INFO", 8, "i2", "", "")).await;
    phone.expect("SIP/2.0 500").await;
    for forged in [("tag=f1", "tag=f2"), ("Call-ID: call", "Call-ID: fall"), ("tag=", "tag=0")] {
        phone
            .send(
                &phone
                    .request("BYE", 10, &format!("b{}", forged.1.len()), "", "")
                    .replace(forged.0, forged.1),
            )
            .await;
        phone.expect("SIP/2.0 481").await;
    }
    phone.send(&phone.request("FOO", 10, "f", "", "")).await;
    phone.expect("SIP/2.0 501").await;
    phone.send(&phone.request("REFER", 11, "g", "", "")).await;
    phone.expect("SIP/2.0 405").await;
    phone.send(&phone.request("OPTIONS", 12, "h", "", "")).await;
    assert_eq!(tag(&phone.expect("SIP/2.0 200").await), phone.tag);
}

#[tokio::test]
async fn keys_come_by_info_in_both_forms() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let (_dialog, mut events) = phone.talk(&mut server, "").await;
    let cases = [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", Some('5')),
        ("application/dtmf-relay", "Signal= *\r\n", Some('*')),
        ("application/dtmf", "11", Some('#')),
        ("application/dtmf", "d", Some('D')),
        ("application/dtmf-relay", "Duration=1\r\n", None),
        ("application/dtmf", "55", None),
        ("text/plain", "5", None),
    ];
    for (n, (kind, body, expected)) in cases.into_iter().enumerate() {
        let seq = 2 + u32::try_from(n).unwrap();
        phone
            .send(&phone.request("INFO", seq, &format!("i{n}"), &format!("Content-Type: {kind}\r\n"), body))
            .await;
        let answer = phone.recv().await;
        match expected {
            Some(key) => {
                assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
                assert!(matches!(event(&mut events).await, DialogEvent::Key(k) if k.char() == key));
            }
            None => assert!(answer.starts_with("SIP/2.0 4"), "{answer}"),
        }
    }
}

/// A second of a session lasts 5 ms.
fn hasty() -> Timing {
    Timing { second: Duration::from_millis(5), ..fast() }
}

#[tokio::test]
async fn as_refresher_we_keep_the_session_alive_by_update_or_reinvite() {
    let mut server = Server::with(config(), hasty()).await;
    let mut phone = Phone::to(server.udp).await;
    let (_dialog, _events) = phone
        .talk(
            &mut server,
            "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\nAllow: INVITE, UPDATE\r\n",
        )
        .await;
    for _ in 0..2 {
        let update = phone.expect("UPDATE ").await;
        assert_eq!(line(&update, "Session-Expires"), Some("90;refresher=uac"));
        phone.answer(&update, "200 OK", "Session-Expires: 90;refresher=uac\r\n", "").await;
    }
    let mut old = Phone::to(server.udp).await;
    let (_dialog, mut events) =
        old.talk(&mut server, "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n").await;
    let invite = old.expect("INVITE ").await;
    assert!(invite.ends_with(ANSWER), "our last SDP again");
    let contact = format!(
        "Contact: <sip:ada@{}>\r\nSession-Expires: 90;refresher=uac\r\nContent-Type: application/sdp\r\n",
        old.here()
    );
    old.answer(&invite, "200 OK", &contact, OFFER).await;
    old.expect("ACK ").await;
    let again = old.expect("INVITE ").await;
    old.answer(&again, "481 Gone", "", "").await;
    assert!(matches!(event(&mut events).await, DialogEvent::Ended { .. }));
}

#[tokio::test]
async fn when_the_peer_does_not_refresh_the_call_ends_with_bye() {
    let mut server = Server::with(config(), hasty()).await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "Supported: timer\r\nSession-Expires: 100;refresher=uac\r\n")).await;
    let mut call = server.call().await;
    call.dialog.answer(ANSWER).await.unwrap();
    let ok = phone.expect("SIP/2.0 200").await;
    assert_eq!(line(&ok, "Session-Expires"), Some("100;refresher=uac"));
    assert_eq!(line(&ok, "Require"), Some("timer"));
    phone.tag = tag(&ok);
    phone.send(&phone.request("ACK", 1, "a", "", "")).await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { .. }));
    phone.send(&phone.request("UPDATE", 2, "u", "Supported: timer\r\nSession-Expires: 10\r\n", "")).await;
    assert_eq!(line(&phone.expect("SIP/2.0 422").await, "Min-SE"), Some("90"));
    phone
        .send(&phone.request(
            "UPDATE",
            3,
            "v",
            "Supported: timer\r\nSession-Expires: 100;refresher=uac\r\n",
            "",
        ))
        .await;
    phone.expect("SIP/2.0 200").await;
    phone.expect("BYE ").await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Ended { .. }));
}

#[tokio::test]
async fn a_transfer_is_reported_as_the_peer_reports_it() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let (dialog, mut events) = phone.talk(&mut server, "").await;
    assert!(dialog.refer("no uri>").await.is_err());
    dialog.refer("sip:0@pbx").await.unwrap();
    let refer = phone.expect("REFER ").await;
    assert_eq!(line(&refer, "Refer-To"), Some("<sip:0@pbx>"));
    assert!(line(&refer, "Referred-By").unwrap().starts_with("<sip:1001@"), "{refer}");
    phone.answer(&refer, "202 Accepted", "", "").await;
    for (seq, status, state) in [(2, "100 Trying", "active"), (3, "200 OK", "terminated")] {
        let extra =
            format!("Event: refer\r\nSubscription-State: {state}\r\nContent-Type: message/sipfrag\r\n");
        phone
            .send(&phone.request("NOTIFY", seq, &format!("n{seq}"), &extra, &format!("SIP/2.0 {status}\r\n")))
            .await;
        phone.expect("SIP/2.0 200").await;
        let DialogEvent::Transfer(code) = event(&mut events).await else { panic!("a report") };
        assert_eq!(code, status[..3].parse().ok());
    }
    phone.send(&phone.request("NOTIFY", 4, "n4", "Event: message-summary\r\n", "")).await;
    phone.expect("SIP/2.0 489").await;
    dialog.refer("sip:0@pbx").await.unwrap();
    let refer = phone.expect("REFER ").await;
    phone.answer(&refer, "603 Decline", "", "").await;
    assert!(matches!(event(&mut events).await, DialogEvent::Transfer(None)));
    dialog.refer("sip:0@pbx").await.unwrap();
    assert!(matches!(event(&mut events).await, DialogEvent::Transfer(None)), "a peer that falls silent");
}

/// What a phone system says that wants to know who we are.
const ASKS: &str = "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n";

/// A trunk that needs no proof of its calls, and at which we have an account.
fn asking() -> SignalConfig {
    SignalConfig { trunks: vec![TrunkAccess { digest: None, ours: trunk().digest, ..trunk() }], ..config() }
}

fn number(request: &str) -> u32 {
    line(request, "CSeq").unwrap().split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_challenge_inside_a_call_is_answered_with_our_account_of_the_trunk() {
    let mut server = Server::with(asking(), hasty()).await;
    let mut phone = Phone::to(server.udp).await;
    let terms = "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\nAllow: INVITE, UPDATE\r\n";
    let (dialog, mut events) = phone.talk(&mut server, terms).await;
    let mut last = 0;
    let mut proven = async |phone: &mut Phone, method: &str| {
        let first = phone.expect(method).await;
        assert!(line(&first, "Authorization").is_none(), "{first}");
        phone.answer(&first, "401 Unauthorized", ASKS, "").await;
        let again = phone.expect(method).await;
        let proof = line(&again, "Authorization").unwrap().to_owned();
        assert!(proof.contains("username=\"u\"") && proof.contains("realm=\"pbx\""), "{again}");
        assert_eq!(number(&again), number(&first) + 1);
        assert!(number(&first) > last, "numbers go up: {again}");
        assert_ne!(line(&again, "Via"), line(&first, "Via"), "a transaction of its own");
        last = number(&again);
        again
    };
    let update = proven(&mut phone, "UPDATE ").await;
    phone.answer(&update, "200 OK", "Session-Expires: 9000;refresher=uac\r\n", "").await;
    dialog.refer("sip:1000@pbx.example.org").await.unwrap();
    let refer = proven(&mut phone, "REFER ").await;
    assert_eq!(line(&refer, "Refer-To"), Some("<sip:1000@pbx.example.org>"));
    phone.answer(&refer, "202 Accepted", "", "").await;
    let state = "Event: refer\r\nSubscription-State: terminated\r\nContent-Type: message/sipfrag\r\n";
    phone.send(&phone.request("NOTIFY", 2, "n", state, "SIP/2.0 200 OK\r\n")).await;
    phone.expect("SIP/2.0 200").await;
    let told = event(&mut events).await;
    assert!(matches!(told, DialogEvent::Transfer(Some(200))), "{told:?}");
    dialog.hang_up().await.unwrap();
    let bye = proven(&mut phone, "BYE ").await;
    phone.answer(&bye, "200 OK", "", "").await;
}

#[tokio::test]
async fn a_challenge_of_another_realm_gets_no_hash_of_the_password() {
    let mut server = Server::with(asking(), fast()).await;
    let mut phone = Phone::to(server.udp).await;
    let (dialog, mut events) = phone.talk(&mut server, "").await;
    dialog.refer("sip:1000@pbx.example.org").await.unwrap();
    let refer = phone.expect("REFER ").await;
    phone.answer(&refer, "401 Unauthorized", &ASKS.replace("pbx", "thief"), "").await;
    assert!(matches!(event(&mut events).await, DialogEvent::Transfer(Some(401) | None)));
    dialog.hang_up().await.unwrap();
    let bye = phone.expect("").await;
    assert!(bye.starts_with("BYE "), "nothing was said again: {bye}");
}
