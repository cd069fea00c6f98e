//! What a call costs before there is any sound: reading an INVITE, and setting a call up and taking it down over loopback.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot start has nothing to say")]
#![expect(missing_docs, reason = "criterion's macro makes a public function")]

use std::hint::black_box;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use aftertone::clock::SystemClock;
use aftertone::signal::{Signal, SignalConfig, Transport, read_invite};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\n\
                   a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";

fn message(method: &str, seq: u32, call: u64, here: SocketAddr, tag: &str, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{method} sip:1001@vm.example SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{call}{method};rport\r\nMax-Forwards: 70\r\n\
         From: \"Ada Lovelace\" <sip:ada@pbx.example>;tag=f{call}\r\nTo: <sip:1001@vm.example>{tag}\r\n\
         Call-ID: {call}@pbx.example\r\nCSeq: {seq} {method}\r\nContact: <sip:ada@{here}>\r\nAllow: INVITE, ACK, BYE, UPDATE\r\n\
         Supported: timer\r\nDiversion: <sip:1001@pbx.example>;reason=no-answer;counter=1\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn reading(c: &mut Criterion) {
    let here = "192.0.2.1:5060".parse().unwrap();
    let invite = message("INVITE", 1, 7, here, "", SDP);
    let mut group = c.benchmark_group("sip");
    group.throughput(Throughput::Bytes(invite.len() as u64));
    group.bench_function("read an INVITE into facts", |b| {
        b.iter(|| read_invite(black_box(invite.as_bytes()), here).unwrap());
    });
    group.finish();
}

fn calls(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let config = SignalConfig {
        listen: vec![Transport::Udp("127.0.0.1:0".parse().unwrap())],
        advertise: None,
        peers: vec!["127.0.0.1/32".parse().unwrap()],
        trunks: vec![],
        server: "Aftertone".into(),
        session_min: Duration::from_secs(90),
        session_expires: Duration::from_secs(1800),
    };
    let (signal, mut calls) = runtime.block_on(Signal::start(config, SystemClock::shared())).unwrap();
    runtime.spawn(async move {
        while let Some(mut call) = calls.recv().await {
            tokio::spawn(async move {
                if call.dialog.answer(SDP).await.is_ok() {
                    while call.events.recv().await.is_some() {}
                }
            });
        }
    });
    let Some(Transport::Udp(server)) = signal.local().first().copied() else { return };
    let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
    phone.connect(server).unwrap();
    phone.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let here = phone.local_addr().unwrap();
    let mut number = 0;
    let mut group = c.benchmark_group("sip");
    group.throughput(Throughput::Elements(1));
    group.bench_function("INVITE, 200, ACK, BYE, 200", |b| {
        b.iter(|| {
            number += 1;
            one_call(&phone, number, here);
        });
    });
    group.finish();
}

fn one_call(phone: &UdpSocket, number: u64, here: SocketAddr) {
    phone.send(message("INVITE", 1, number, here, "", SDP).as_bytes()).unwrap();
    let ok = answer(phone, "1 INVITE");
    let to = ok.lines().find_map(|l| l.strip_prefix("To: ")).unwrap_or_default();
    let tag = to.find(";tag=").map(|at| to[at..].to_owned()).unwrap_or_default();
    phone.send(message("ACK", 1, number, here, &tag, "").as_bytes()).unwrap();
    phone.send(message("BYE", 2, number, here, &tag, "").as_bytes()).unwrap();
    answer(phone, "2 BYE");
}

fn answer(phone: &UdpSocket, cseq: &str) -> String {
    let mut buf = [0; 4096];
    loop {
        let length = phone.recv(&mut buf).expect("an answer");
        let text = String::from_utf8_lossy(&buf[..length]).into_owned();
        if text.starts_with("SIP/2.0 200") && text.contains(cseq) {
            return text;
        }
    }
}

criterion_group!(benches, reading, calls);
criterion_main!(benches);
