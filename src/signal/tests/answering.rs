//! Calls that come in, from the INVITE to their end, and what is left of them.

use super::*;

#[tokio::test]
async fn a_call_is_answered_confirmed_and_ended_by_the_caller() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\nX-Id: a\u{7f}b\r\nDiversion: <sip:1002@x>;reason=no-answer\r\n")).await;
    let trying = phone.recv().await;
    assert!(trying.starts_with("SIP/2.0 100 "), "{trying}");
    let mut call = server.call().await;
    assert_eq!(call.offer.as_deref(), Some(OFFER));
    assert_eq!((call.source, call.trunk.as_deref()), (phone.here(), None));
    assert_eq!(call.facts.from.name.as_deref(), Some("Ada"));
    assert_eq!(call.facts.diversion, ["<sip:1002@x>;reason=no-answer"]);
    assert!(call.facts.headers.contains(&("X-Id".into(), "a b".into())), "{:?}", call.facts.headers);
    assert_eq!(call.dialog.call_id(), phone.id);
    call.dialog.ringing().await.unwrap();
    let ringing = phone.expect("SIP/2.0 180 ").await;
    call.dialog.answer(ANSWER).await.unwrap();
    let ok = phone.expect("SIP/2.0 200 ").await;
    assert_eq!(tag(&ringing), tag(&ok));
    assert!(ok.ends_with(ANSWER) && ok.contains("Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"), "{ok}");
    for header in ["Contact", "Allow", "Supported", "Server"] {
        assert!(line(&ok, header).is_some(), "{header} in {ok}");
    }
    assert!(line(&ok, "Via").unwrap().contains(&format!("rport={}", phone.here().port())), "{ok}");
    phone.tag = tag(&ok);
    phone.send(&phone.request("ACK", 1, "a", "", "")).await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { answer: None }));
    phone.send(&phone.request("BYE", 2, "b", "", "")).await;
    assert!(phone.expect("SIP/2.0 200 ").await.contains("CSeq: 2 BYE"));
    assert!(matches!(event(&mut call.events).await, DialogEvent::Ended { code: None, .. }));
    server.settles().await;
}

#[tokio::test]
async fn without_an_offer_ours_goes_out_and_the_answer_comes_with_the_ack() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.request("INVITE", 1, "1", "", "")).await;
    let mut call = server.call().await;
    assert_eq!(call.offer, None);
    call.dialog.answer(OFFER).await.unwrap();
    let ok = phone.expect("SIP/2.0 200 ").await;
    phone.tag = tag(&ok);
    phone.send(&phone.request("ACK", 1, "a", "Content-Type: application/sdp\r\n", ANSWER)).await;
    match event(&mut call.events).await {
        DialogEvent::Confirmed { answer } => assert_eq!(answer.as_deref(), Some(ANSWER)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_early_cancel_gets_487_and_the_call_hears_of_it() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    let mut call = server.call().await;
    phone.send(&phone.request("CANCEL", 1, "1", "", "")).await;
    let mut got = [phone.expect("SIP/2.0 ").await, String::new()];
    if got[0].starts_with("SIP/2.0 100") {
        got[0] = phone.recv().await;
    }
    got[1] = phone.recv().await;
    assert!(got.iter().any(|m| m.starts_with("SIP/2.0 200") && m.contains("1 CANCEL")), "{got:?}");
    assert!(got.iter().any(|m| m.starts_with("SIP/2.0 487") && m.contains("1 INVITE")), "{got:?}");
    assert!(matches!(event(&mut call.events).await, DialogEvent::Cancelled));
    phone.send(&phone.request("ACK", 1, "1", "", "")).await;
    assert!(call.dialog.answer(ANSWER).await.is_err(), "too late");
    server.settles().await;
}

#[tokio::test]
async fn a_cancel_of_nothing_gets_481() {
    let server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.request("CANCEL", 1, "1", "", "")).await;
    assert!(phone.recv().await.starts_with("SIP/2.0 481"));
}

#[tokio::test]
async fn a_repeated_invite_makes_one_call_and_a_merged_one_gets_482() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    phone.send(&phone.invite("1", "")).await;
    phone.send(&phone.invite("other", "")).await;
    let call = server.call().await;
    phone.expect("SIP/2.0 482").await;
    assert!(server.calls.try_recv().is_err(), "one call only");
    call.dialog.reject(Refusal { code: 486, retry_after: None, warning: None }).await.unwrap();
    phone.expect("SIP/2.0 486").await;
    phone.send(&phone.request("ACK", 1, "1", "", "")).await;
    server.settles().await;
}

#[tokio::test]
async fn the_200_is_repeated_until_the_ack_and_without_one_the_call_ends_with_bye() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    let mut call = server.call().await;
    call.dialog.answer(ANSWER).await.unwrap();
    for _ in 0..3 {
        phone.expect("SIP/2.0 200").await;
    }
    phone.expect("BYE sip:ada@").await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Ended { code: None, .. }));
    server.settles().await;
}

#[tokio::test]
async fn three_hundred_invites_that_are_never_acked_leave_nothing_behind() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    for n in 0..300 {
        let invite = phone.invite(&format!("n{n}"), "").replace(&phone.id, &format!("never-{n}"));
        phone.send(&invite).await;
        let call = server.call().await;
        call.dialog.answer(ANSWER).await.unwrap();
        if n % 2 == 0 {
            drop(call);
        } else {
            std::mem::forget(call.dialog);
        }
    }
    server.settles().await;
}

#[tokio::test]
async fn dropping_an_unanswered_call_sends_480_and_dropping_a_dialog_sends_bye() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    drop(server.call().await);
    phone.expect("SIP/2.0 480").await;
    // A route to a port where nobody listens: nothing may come straight to the phone.
    let mut phone = Phone::to(server.udp).await;
    let (dialog, _events) = phone.talk(&mut server, "Record-Route: <sip:127.0.0.1:9;lr>\r\n").await;
    drop(dialog);
    phone.silent_until(&phone.options("o"), "SIP/2.0 200").await;
    let mut phone = Phone::to(server.udp).await;
    let (dialog, events) = phone.talk(&mut server, "").await;
    drop((dialog, events));
    let bye = phone.expect("BYE ").await;
    assert!(
        line(&bye, "To").unwrap().ends_with("tag=f1") && line(&bye, "From").unwrap().ends_with(&phone.tag),
        "{bye}"
    );
    phone.answer(&bye, "200 OK", "", "").await;
    server.settles().await;
}

#[tokio::test]
async fn two_hundred_calls_leave_every_table_empty() {
    let mut server = Server::start().await;
    for _ in 0..200 {
        let mut phone = Phone::to(server.udp).await;
        let (_dialog, mut events) = phone.talk(&mut server, "").await;
        phone.send(&phone.request("BYE", 2, "b", "", "")).await;
        phone.expect("SIP/2.0 200").await;
        assert!(matches!(event(&mut events).await, DialogEvent::Ended { .. }));
    }
    server.settles().await;
}

#[tokio::test]
async fn an_offer_beside_isup_is_taken_and_two_offers_are_refused() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let kind = "Content-Type: multipart/mixed;boundary=\"next-part\"\r\nMIME-Version: 1.0\r\n";
    let isup = "--next-part\r\nContent-Type: application/ISUP;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n\r\n\u{1}\u{0}\r\n";
    let sdp = format!("--next-part\r\nContent-Type: application/sdp\r\n\r\n{OFFER}\r\n");
    let twice = format!("{sdp}{sdp}--next-part--\r\n");
    phone.send(&phone.request("INVITE", 1, "two", kind, &twice)).await;
    assert!(phone.expect("SIP/2.0 4").await.starts_with("SIP/2.0 400"));
    let text = phone.request("INVITE", 1, "isup", kind, &format!("{isup}{sdp}--next-part--\r\n"));
    phone.send(&text.replace(&phone.id, "isup-call")).await;
    phone.id = "isup-call".to_owned();
    let call = server.call().await;
    assert_eq!(call.offer.as_deref().map(str::trim_end), Some(OFFER.trim_end()));
    call.dialog.answer(ANSWER).await.unwrap();
    let answer = phone.expect("SIP/2.0 200").await;
    assert!(answer.ends_with(ANSWER), "{answer}");
}

#[tokio::test]
async fn early_media_is_reliable_for_a_peer_that_can_and_the_answer_waits_for_the_prack() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "Require: 100rel\r\n")).await;
    let mut call = server.call().await;
    call.dialog.progress(ANSWER).await.unwrap();
    let first = phone.expect("SIP/2.0 183").await;
    let second = phone.expect("SIP/2.0 183").await;
    assert_eq!(first, second, "repeated until the PRACK");
    assert_eq!(line(&first, "Require"), Some("100rel"));
    assert!(first.ends_with(ANSWER));
    call.dialog.answer(ANSWER).await.unwrap();
    phone.tag = tag(&first);
    let rseq = line(&first, "RSeq").unwrap().to_owned();
    phone.send(&phone.request("PRACK", 2, "p0", "RAck: 1 1 INVITE\r\n", "")).await;
    let mut wrong = phone.recv().await;
    while wrong.starts_with("SIP/2.0 183") {
        wrong = phone.recv().await;
    }
    assert!(wrong.starts_with("SIP/2.0 481"), "no 200 to the INVITE yet: {wrong}");
    phone.send(&phone.request("PRACK", 3, "p", &format!("RAck: {rseq} 1 INVITE\r\n"), "")).await;
    assert!(phone.expect("SIP/2.0 200").await.contains("3 PRACK"));
    assert!(phone.expect("SIP/2.0 200").await.contains("1 INVITE"));
    phone.send(&phone.request("ACK", 1, "a", "", "")).await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { .. }));
}

#[tokio::test]
async fn early_media_without_100rel_is_plain_and_a_missing_prack_ends_the_call() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    let call = server.call().await;
    call.dialog.progress(ANSWER).await.unwrap();
    let plain = phone.expect("SIP/2.0 183").await;
    assert!(line(&plain, "RSeq").is_none() && plain.ends_with(ANSWER), "{plain}");
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("2", "Supported: 100rel\r\n")).await;
    let mut silent = server.call().await;
    silent.dialog.progress(ANSWER).await.unwrap();
    phone.expect("SIP/2.0 504").await;
    assert!(matches!(event(&mut silent.events).await, DialogEvent::Ended { .. }));
}

#[tokio::test]
async fn stopping_lets_go_of_every_call() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let (_dialog, mut events) = phone.talk(&mut server, "").await;
    server.signal.stop().await;
    assert!(timeout(PATIENCE, events.recv()).await.expect("the channel closes").is_none());
    assert!(server.signal.core.dialogs().is_empty());
}

#[tokio::test]
async fn a_bye_before_the_answer_ends_the_call_and_the_invite() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    let mut call = server.call().await;
    call.dialog.ringing().await.unwrap();
    phone.tag = tag(&phone.expect("SIP/2.0 180").await);
    phone.send(&phone.request("BYE", 2, "b", "", "")).await;
    assert!(phone.expect("SIP/2.0 200").await.contains("2 BYE"));
    assert!(phone.expect("SIP/2.0 487").await.contains("1 INVITE"));
    assert!(matches!(event(&mut call.events).await, DialogEvent::Ended { .. }));
    phone.send(&phone.request("ACK", 1, "1", "", "")).await;
    server.settles().await;
}

#[tokio::test]
async fn our_early_offer_is_answered_in_the_prack_and_not_repeated_in_the_200() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.request("INVITE", 1, "1", "Supported: 100rel\r\n", "")).await;
    let mut call = server.call().await;
    call.dialog.progress(OFFER).await.unwrap();
    let early = phone.expect("SIP/2.0 183").await;
    assert!(early.ends_with(OFFER));
    phone.tag = tag(&early);
    let extra =
        format!("RAck: {} 1 INVITE\r\nContent-Type: application/sdp\r\n", line(&early, "RSeq").unwrap());
    phone.send(&phone.request("PRACK", 2, "p", &extra, ANSWER)).await;
    phone.expect("SIP/2.0 200").await;
    call.dialog.answer(OFFER).await.unwrap();
    let ok = phone.expect("SIP/2.0 200").await;
    assert_eq!(line(&ok, "Content-Length"), Some("0"), "{ok}");
    phone.send(&phone.request("ACK", 1, "a", "", "")).await;
    assert!(
        matches!(event(&mut call.events).await, DialogEvent::Confirmed { answer: Some(a) } if a == ANSWER)
    );
}

#[tokio::test]
async fn hanging_up_before_the_ack_waits_for_it() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    let call = server.call().await;
    call.dialog.answer(ANSWER).await.unwrap();
    phone.tag = tag(&phone.expect("SIP/2.0 200").await);
    call.dialog.hang_up().await.unwrap();
    assert!(phone.recv().await.starts_with("SIP/2.0 200"), "still the 200, no BYE");
    phone.send(&phone.request("ACK", 1, "a", "", "")).await;
    phone.expect("BYE ").await;
}

#[tokio::test]
async fn a_goodbye_reaches_the_peer_also_when_the_server_stops_at_once() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    let mut call = server.call().await;
    call.dialog.answer(ANSWER).await.unwrap();
    phone.tag = tag(&phone.expect("SIP/2.0 200").await);
    phone.send(&phone.request("ACK", 1, "a", "", "")).await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { .. }));
    call.dialog.hang_up().await.unwrap();
    server.signal.stop().await;
    phone.expect("BYE ").await;
}
