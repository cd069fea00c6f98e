//! Calls that we place, as the called side sees them: challenges, refusals, and every race between CANCEL and an answer.

use super::placing::outgoing;
use super::*;

/// A phone that is being called, and the call.
struct Called {
    server: Server,
    phone: Phone,
    dialog: Option<Dialog>,
    events: mpsc::Receiver<DialogEvent>,
}

impl Called {
    /// At a pace that leaves time to answer on a busy machine.
    async fn new() -> Self {
        Self::at_pace(Timing { t1: Duration::from_millis(150), ..fast() }).await
    }

    async fn at_pace(timing: Timing) -> Self {
        let server = Server::with(SignalConfig { peers: vec![], ..config() }, timing).await;
        let phone = Phone::to(server.udp).await;
        let target = format!("sip:bob@{}", phone.here());
        let (dialog, events) = server.signal.call(outgoing(target)).await.unwrap();
        Self { server, phone, dialog: Some(dialog), events }
    }

    async fn give_up(&mut self) {
        self.dialog.take().unwrap().hang_up().await.unwrap();
    }

    async fn event(&mut self) -> DialogEvent {
        event(&mut self.events).await
    }

    /// Nothing more is told about the call.
    async fn is_silent(&mut self) {
        let last = timeout(PATIENCE, self.events.recv()).await.expect("the channel closes");
        assert!(last.is_none(), "{last:?}");
    }

    fn contact(&self) -> String {
        format!("Contact: <sip:bob@{}>\r\nContent-Type: application/sdp\r\n", self.phone.here())
    }

    async fn pick_up(&self, invite: &str) {
        self.phone.answer(invite, "200 OK", &self.contact(), ANSWER).await;
    }

    /// The ACK and the BYE of the side that answered with this tag.
    async fn is_taken_down(&self, tag: &str) {
        let ack = self.phone.expect("ACK ").await;
        assert!(line(&ack, "To").unwrap().ends_with(tag), "{ack}");
        let bye = self.phone.expect("BYE ").await;
        assert!(line(&bye, "To").unwrap().ends_with(tag), "{bye}");
        self.phone.answer(&bye, "200 OK", "", "").await;
    }
}

fn tagged(invite: &str, tag: &str) -> String {
    invite.replace(">\r\nCall-ID", &format!(">;tag={tag}\r\nCall-ID"))
}

fn challenge(realm: &str, nonce: &str, more: &str) -> String {
    format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\"{more}\r\n")
}

#[tokio::test]
async fn an_answer_that_crosses_our_cancel_is_acknowledged_and_hung_up() {
    let mut call = Called::new().await;
    let invite = call.phone.expect("INVITE ").await;
    let answered = tagged(&invite, "b1");
    call.phone.answer(&answered, "180 Ringing", "", "").await;
    assert!(matches!(call.event().await, DialogEvent::Ringing));
    call.give_up().await;
    let cancel = call.phone.expect("CANCEL ").await;
    assert_eq!(
        (line(&cancel, "Via"), line(&cancel, "CSeq")),
        (line(&invite, "Via"), Some("1 CANCEL")),
        "it is the CANCEL of this INVITE"
    );
    call.pick_up(&answered).await;
    call.phone.answer(&cancel, "481 Too Late", "", "").await;
    call.is_taken_down("b1").await;
    call.is_silent().await;
    // The ACK was lost: the phone says it again.
    call.pick_up(&answered).await;
    call.phone.expect("ACK ").await;
}

#[tokio::test]
async fn a_phone_that_picks_up_before_the_cancel_could_go_is_hung_up() {
    let mut call = Called::new().await;
    let invite = call.phone.expect("INVITE ").await;
    call.give_up().await;
    call.pick_up(&tagged(&invite, "b1")).await;
    call.is_taken_down("b1").await;
    call.is_silent().await;
}

#[tokio::test]
async fn another_fork_that_answers_after_the_end_is_acknowledged_and_hung_up() {
    for refusal in ["487 Terminated", "486 Busy Here"] {
        let mut call = Called::new().await;
        let invite = call.phone.expect("INVITE ").await;
        call.phone.answer(&tagged(&invite, "one"), "180 Ringing", "", "").await;
        assert!(matches!(call.event().await, DialogEvent::Ringing));
        if refusal.starts_with("487") {
            call.give_up().await;
            let cancel = call.phone.expect("CANCEL ").await;
            call.phone.answer(&cancel, "200 OK", "", "").await;
        }
        call.phone.answer(&tagged(&invite, "one"), refusal, "", "").await;
        call.phone.expect("ACK ").await;
        assert!(matches!(call.event().await, DialogEvent::Ended { code: Some(486 | 487), .. }));
        call.pick_up(&tagged(&invite, "two")).await;
        call.is_taken_down("two").await;
        call.is_silent().await;
    }
}

#[tokio::test]
async fn each_fork_is_hung_up_over_its_own_route() {
    let mut call = Called::new().await;
    let invite = call.phone.expect("INVITE ").await;
    for fork in ["one", "two"] {
        let route = format!("Record-Route: <sip:{};lr;of={fork}>\r\n", call.phone.here());
        call.phone
            .answer(&tagged(&invite, fork), "200 OK", &format!("{route}{}", call.contact()), ANSWER)
            .await;
        let ack = call.phone.expect("ACK ").await;
        assert!(line(&ack, "Route").unwrap().contains(&format!("of={fork}")), "{ack}");
    }
    let bye = call.phone.expect("BYE ").await;
    assert!(line(&bye, "Route").unwrap().contains("of=two"), "{bye}");
    assert!(matches!(call.event().await, DialogEvent::Confirmed { .. }));
}

#[tokio::test]
async fn a_peer_that_never_ends_the_cancelled_call_is_not_waited_for() {
    for provisional in ["100 Trying", "180 Ringing"] {
        let mut call = Called::at_pace(fast()).await;
        let invite = call.phone.expect("INVITE ").await;
        call.phone.answer(&tagged(&invite, "b1"), provisional, "", "").await;
        if provisional.starts_with("180") {
            assert!(matches!(call.event().await, DialogEvent::Ringing));
        }
        call.give_up().await;
        call.phone.expect("CANCEL ").await;
        assert!(matches!(call.event().await, DialogEvent::Ended { code: None | Some(408), .. }));
        call.server.settles().await;
    }
}

#[tokio::test]
async fn one_cancel_goes_however_often_the_peer_says_that_it_rings() {
    let mut call = Called::new().await;
    let invite = call.phone.expect("INVITE ").await;
    let ringing = tagged(&invite, "b1");
    call.give_up().await;
    for status in ["180 Ringing", "183 Progress", "182 Queued"] {
        call.phone.answer(&ringing, status, "", "").await;
    }
    let cancel = call.phone.expect("CANCEL ").await;
    call.phone.answer(&cancel, "200 OK", "", "").await;
    call.phone.answer(&ringing, "487 Terminated", "", "").await;
    let next = call.phone.expect("").await;
    // A repetition of the same request may have been on its way.
    let next = if next == cancel { call.phone.expect("").await } else { next };
    assert!(next.starts_with("ACK "), "{next}");
    assert!(matches!(call.event().await, DialogEvent::Ended { code: Some(487), .. }));
}

#[tokio::test]
async fn early_media_counts_as_ringing_and_the_answer_comes_with_the_200() {
    let mut call = Called::new().await;
    let invite = call.phone.expect("INVITE ").await;
    assert!(!line(&invite, "Supported").unwrap().contains("100rel"), "we do not ask for PRACK: {invite}");
    let tagged = tagged(&invite, "b1");
    call.phone.answer(&tagged, "100 Trying", "", "").await;
    let early = ANSWER.replace("5000", "5002");
    call.phone.answer(&tagged, "183 Progress", &call.contact(), &early).await;
    call.phone.answer(&tagged, "180 Ringing", "", "").await;
    assert!(matches!(call.event().await, DialogEvent::Ringing));
    call.pick_up(&tagged).await;
    let DialogEvent::Confirmed { answer } = call.event().await else { panic!("it rang once") };
    assert_eq!(answer.as_deref(), Some(ANSWER));
}

#[tokio::test]
async fn a_refusal_is_told_with_its_code_acknowledged_each_time_and_never_followed() {
    for status in [
        "302 Moved",
        "380 Alternative",
        "403 Forbidden",
        "404 Not Found",
        "408 Timeout",
        "480 Unavailable",
        "482 Loop",
        "488 Not Acceptable",
        "500 Error",
        "503 Unavailable",
        "600 Busy",
        "603 Decline",
    ] {
        let mut call = Called::new().await;
        let refused = tagged(&call.phone.expect("INVITE ").await, "b1");
        let contact = format!("Contact: <sip:premium@{}>\r\n", call.phone.here());
        for _ in 0..2 {
            call.phone.answer(&refused, status, &contact, "").await;
            call.phone.expect("ACK sip:bob@").await;
        }
        let code: u16 = status[..3].parse().unwrap();
        assert!(matches!(call.event().await, DialogEvent::Ended { code: Some(told), .. } if told == code));
        call.is_silent().await;
    }
}

#[tokio::test]
async fn a_proxy_and_the_phone_behind_it_are_both_proven_to() {
    let mut call = Called::new().await;
    let invite = call.phone.expect("INVITE ").await;
    let asks = format!("Proxy-Authenticate: {}", challenge("pbx", "n1", ""));
    call.phone.answer(&tagged(&invite, "p"), "407 Proof", &asks, "").await;
    call.phone.expect("ACK ").await;
    let invite = call.phone.expect("INVITE ").await;
    let asks = format!("WWW-Authenticate: {}", challenge("pbx", "n2", ""));
    call.phone.answer(&tagged(&invite, "b"), "401 Proof", &asks, "").await;
    call.phone.expect("ACK ").await;
    let invite = call.phone.expect("INVITE ").await;
    assert!(line(&invite, "Proxy-Authorization").unwrap().contains("nonce=\"n1\""), "{invite}");
    assert!(line(&invite, "Authorization").unwrap().contains("nonce=\"n2\""), "{invite}");
    assert_eq!(line(&invite, "CSeq"), Some("3 INVITE"));
    call.pick_up(&tagged(&invite, "b")).await;
    assert!(matches!(call.event().await, DialogEvent::Confirmed { .. }));
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_and_a_stale_nonce_answered_anew() {
    let mut call = Called::new().await;
    for (nonce, stale) in [("n1", ""), ("n2", ", stale=TRUE"), ("n3", ", stale=false")] {
        let invite = call.phone.expect("INVITE ").await;
        let asks = format!("WWW-Authenticate: {}", challenge("pbx", nonce, stale));
        call.phone.answer(&tagged(&invite, "b"), "401 Proof", &asks, "").await;
        call.phone.expect("ACK ").await;
    }
    assert!(matches!(call.event().await, DialogEvent::Ended { code: Some(401), .. }));
}

#[tokio::test]
async fn a_nonce_that_is_always_stale_is_no_endless_game() {
    let mut call = Called::new().await;
    let mut invites = 0;
    let ended = loop {
        tokio::select! {
            told = event(&mut call.events) => break told,
            invite = call.phone.expect("INVITE ") => {
                invites += 1;
                let asks = format!("WWW-Authenticate: {}", challenge("pbx", &format!("n{invites}"), ", stale=true"));
                call.phone.answer(&tagged(&invite, "b"), "401 Proof", &asks, "").await;
            }
        }
    };
    assert!(matches!(ended, DialogEvent::Ended { code: Some(401), .. }), "{ended:?}");
    assert!((2..=10).contains(&invites), "{invites} INVITEs");
}

#[tokio::test]
async fn a_bye_that_is_challenged_is_proven_too() {
    let mut call = Called::new().await;
    let invite = tagged(&call.phone.expect("INVITE ").await, "b1");
    call.pick_up(&invite).await;
    call.phone.expect("ACK ").await;
    assert!(matches!(call.event().await, DialogEvent::Confirmed { .. }));
    call.give_up().await;
    let bye = call.phone.expect("BYE ").await;
    let asks = format!("Proxy-Authenticate: {}", challenge("pbx", "n9", ""));
    call.phone.answer(&bye, "407 Proof", &asks, "").await;
    let proven = loop {
        let bye = call.phone.expect("BYE ").await;
        if line(&bye, "Proxy-Authorization").is_some() {
            break bye;
        }
    };
    assert_eq!(line(&proven, "CSeq"), Some("3 BYE"), "{proven}");
    call.phone.answer(&proven, "200 OK", "", "").await;
}
