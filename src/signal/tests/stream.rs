//! The same over TCP and IPv6: pieces, limits, connections.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

struct Line {
    stream: TcpStream,
}

impl Line {
    async fn to(server: &Server) -> Self {
        Self { stream: TcpStream::connect(server.tcp).await.unwrap() }
    }

    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.replace("SIP/2.0/UDP", "SIP/2.0/TCP").as_bytes()).await.unwrap();
    }

    async fn recv(&mut self) -> String {
        let mut text = Vec::new();
        let read = async {
            while !text.ends_with(b"\r\n\r\n") || text.len() < 5 {
                text.push(self.stream.read_u8().await.unwrap());
            }
        };
        timeout(PATIENCE, read).await.expect("an answer comes");
        let head = String::from_utf8_lossy(&text).into_owned();
        let length = line(&head, "Content-Length").and_then(|l| l.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.unwrap();
        head + &String::from_utf8_lossy(&body)
    }

    async fn closes(&mut self) {
        let mut rest = Vec::new();
        let _ = timeout(PATIENCE, self.stream.read_to_end(&mut rest)).await.expect("it is closed");
    }
}

#[tokio::test]
async fn a_call_runs_over_tcp_in_pieces_and_back_on_the_same_connection() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let mut tcp = Line::to(&server).await;
    let invite = phone.invite("1", "");
    let (one, two) = invite.split_at(150);
    tcp.send(one).await;
    tcp.stream.flush().await.unwrap();
    tcp.send(&format!("{two}{}", phone.options("o"))).await;
    assert!(tcp.recv().await.starts_with("SIP/2.0 100"));
    let mut call = server.call().await;
    assert!(tcp.recv().await.contains("OPTIONS"));
    call.dialog.answer(ANSWER).await.unwrap();
    let mut ok = tcp.recv().await;
    assert!(line(&ok, "Contact").unwrap().contains("transport=tcp"), "{ok}");
    ok.truncate(ok.len());
    phone.tag = tag(&ok);
    tcp.send(&phone.request("ACK", 1, "a", "", "")).await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { .. }));
    call.dialog.hang_up().await.unwrap();
    let mut bye = tcp.recv().await;
    while bye.starts_with("SIP/2.0") {
        bye = tcp.recv().await;
    }
    assert!(bye.starts_with("BYE ") && bye.contains("SIP/2.0/TCP"), "{bye}");
}

#[tokio::test]
async fn a_tcp_peer_is_cut_after_64_kb_of_header_or_when_no_message_comes() {
    let server = Server::start().await;
    let mut endless = Line::to(&server).await;
    let _ = endless.stream.write_all(&[b'x'; 70_000]).await;
    endless.closes().await;
    let mut slow = Line::to(&server).await;
    slow.send("OPTIONS sip:x SIP/2.0\r\n").await;
    slow.closes().await;
    let phone = Phone::to(server.udp).await;
    let mut idle = Line::to(&server).await;
    idle.send(&phone.options("1")).await;
    assert!(idle.recv().await.starts_with("SIP/2.0 200"));
    tokio::time::sleep(fast().message * 2).await;
    idle.send(&phone.options("2")).await;
    assert!(idle.recv().await.starts_with("SIP/2.0 200"), "a quiet connection that has spoken is kept");
    idle.send("\r\n\r\n").await;
    let mut pong = [0; 2];
    timeout(PATIENCE, idle.stream.read_exact(&mut pong)).await.expect("a pong").unwrap();
    assert_eq!(&pong, b"\r\n");
}

#[tokio::test]
async fn ipv6_is_served_beside_ipv4() {
    let listen = ["[::1]:0", "127.0.0.1:0"].map(|a| Transport::Udp(a.parse().unwrap())).to_vec();
    let peers = vec!["::1/128".parse().unwrap()];
    let mut server = Server::with(SignalConfig { listen, peers, ..config() }, fast()).await;
    assert_eq!(server.signal.local().len(), 2);
    let mut phone = Phone::to(server.udp).await;
    let (dialog, _events) = phone.talk(&mut server, "").await;
    dialog.hang_up().await.unwrap();
    let bye = phone.expect("BYE sip:ada@[::1]").await;
    assert!(line(&bye, "Via").unwrap().contains("[::1]:"), "{bye}");
}

#[tokio::test]
async fn a_tcp_message_of_unknowable_length_is_refused_and_the_connection_closed() {
    let server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    let mut tcp = Line::to(&server).await;
    tcp.send(&phone.options("1").replace("Content-Length: 0", "Content-Length: -5")).await;
    assert!(tcp.recv().await.starts_with("SIP/2.0 400 "));
    tcp.closes().await;
}
