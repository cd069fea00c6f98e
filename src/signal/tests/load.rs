//! Many at once, hostile bytes, and what the log says of it all.

use super::*;

#[tokio::test]
async fn mutated_messages_never_break_the_server() {
    use rand::{Rng, SeedableRng};
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    let mut random = rand::rngs::StdRng::seed_from_u64(5);
    let seeds = [
        phone.invite("m", "Require: 100rel\r\nSession-Expires: 90\r\n"),
        phone.options("m"),
        phone.request("BYE", 2, "m", "", ""),
    ];
    for n in 0..4000 {
        let mut bytes = seeds[n % seeds.len()].clone().into_bytes();
        for _ in 0..random.random_range(1..6) {
            let at = random.random_range(0..bytes.len().max(2) - 1);
            match random.random_range(0..5) {
                0 => bytes[at] = random.random(),
                1 if bytes.len() > 2 => drop(bytes.remove(at)),
                2 => bytes.insert(at, *b"\r\n:;,<>\"@ \0\xff".get(random.random_range(0..12)).unwrap()),
                3 => bytes.truncate(at.max(1)),
                _ => {
                    let end = (at + random.random_range(1..40)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        phone.socket.send_to(&bytes, server.udp).await.unwrap();
        if n % 50 == 0 {
            while server.calls.try_recv().is_ok() {}
            phone.send(&phone.options(&format!("probe{n}"))).await;
            let wanted = format!("o-probe{n}-");
            while !phone.recv().await.contains(&wanted) {}
        }
    }
    while server.calls.try_recv().is_ok() {}
    server.settles().await;
}

/// Collects what is logged at INFO and above.
#[derive(Clone, Default)]
struct Lines(Arc<std::sync::Mutex<String>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_private_is_logged_at_info_not_even_by_the_stack() {
    let lines = Lines::default();
    let sink = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_writer(move || sink.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    tracing::info!("the log is on");
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let (dialog, _events) = phone.talk(&mut server, "X-Secret: swordfish\r\n").await;
    dialog.hang_up().await.unwrap();
    phone.expect("BYE ").await;
    phone.send("OPTIONS sip:ada@swordfish SIP/2.0\r\nVia: x\r\n\r\n").await;
    server.settles().await;
    let log = lines.0.lock().unwrap().clone();
    assert!(log.contains("the log is on"), "the test listens");
    for private in ["swordfish", "ada", "Ada", "1001", "127.0.0.1", "sip:"] {
        assert!(!log.contains(private), "{private} in\n{log}");
    }
}

#[tokio::test]
async fn a_flood_of_probes_does_not_keep_a_call_out() {
    let mut server = Server::start().await;
    let flood = Phone::to(server.udp).await;
    for n in 0..3000 {
        flood.send(&flood.options(&format!("fl{n}"))).await;
        if n % 100 == 0 {
            let mut phone = Phone::to(server.udp).await;
            let (dialog, _events) = phone.talk(&mut server, "").await;
            dialog.hang_up().await.unwrap();
        }
    }
}

#[tokio::test]
async fn many_callers_at_once_are_all_answered() {
    // At the usual pace: what the phone's own buffer drops is repeated while the test still reads.
    let mut server = Server::with(config(), Timing::default()).await;
    let phone = Phone::to(server.udp).await;
    for n in 0..300 {
        phone.send(&phone.invite(&format!("m{n}"), "").replace(&phone.id, &format!("many-{n}"))).await;
    }
    let mut up = Vec::new();
    for _ in 0..300 {
        let call = server.call().await;
        call.dialog.answer(ANSWER).await.unwrap();
        up.push(call);
    }
    let mut answered = std::collections::HashSet::new();
    while answered.len() < 300 {
        let ok = phone.expect("SIP/2.0 200").await;
        let id = line(&ok, "Call-ID").unwrap().to_owned();
        let ack = phone.request("ACK", 1, "z", "", "").replace(&phone.id, &id);
        phone
            .send(&ack.replace(
                &format!("To: <sip:1001@{}>", server.udp),
                &format!("To: {}", line(&ok, "To").unwrap()),
            ))
            .await;
        answered.insert(id);
    }
    for call in &mut up {
        assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { .. }));
    }
}
