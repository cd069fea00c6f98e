//! The page of trunks in a browser: a phone system that answers OPTIONS, one that refuses, and one that says nothing.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::browser::Browser;
use crate::of_the_server::command;
use crate::portal_in_the_browser::check;
use crate::ports::{free_address, rtp_ports};

/// Ended when the test ends, also when it fails.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A phone system that answers every request with this status line, or not at all; how often it was asked, and by what.
struct Peer {
    at: SocketAddr,
    asked: Arc<AtomicUsize>,
    last: Arc<Mutex<String>>,
}

impl Peer {
    fn answering(status: Option<&'static str>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let peer = Self { at: socket.local_addr().unwrap(), asked: Arc::default(), last: Arc::default() };
        let (asked, last) = (peer.asked.clone(), peer.last.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
                asked.fetch_add(1, Ordering::Relaxed);
                let Some(status) = status else { continue };
                let kept = request.lines().skip(1).take_while(|line| !line.is_empty());
                let kept = kept.filter_map(|line| {
                    let name = line.split(':').next().unwrap_or_default().trim().to_lowercase();
                    match name.as_str() {
                        "to" | "t" => Some(format!("{line};tag=peer\r\n")),
                        "via" | "v" | "from" | "f" | "call-id" | "i" | "cseq" => Some(format!("{line}\r\n")),
                        _ => None,
                    }
                });
                let answer =
                    format!("SIP/2.0 {status}\r\n{}Content-Length: 0\r\n\r\n", kept.collect::<String>());
                *last.lock().unwrap() = request.lines().next().unwrap_or_default().to_owned();
                let _ = socket.send_to(answer.as_bytes(), from);
            }
        });
        peer
    }
}

const SAID: &str = "return (document.querySelector('.done') ?? {textContent: ''}).textContent";

/// Presses the button that asks this peer; what the page says then.
async fn ask(browser: &Browser, peer: &Peer) -> String {
    let uri = format!("sip:{}", peer.at);
    let button = format!("form:has(input[value='{uri}']) button");
    assert_eq!(browser.label(&button).await, format!("Ask {uri}"));
    browser.click(&button).await;
    browser
        .until_in(30, &format!("return document.querySelector('.done')?.textContent.includes('{uri}')"))
        .await;
    browser.run(SAID).await.as_str().unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_asks_a_trunk_that_is_there_one_that_refuses_and_one_that_is_silent() {
    let Some(browser) = Browser::start().await else { return };
    let (there, refuses, silent) =
        (Peer::answering(Some("200 OK")), Peer::answering(Some("403 Forbidden")), Peer::answering(None));
    let folder = tempfile::tempdir().unwrap();
    let (sip, http) = (free_address(), free_address());
    let trunk = |name: &str, peer: &Peer| {
        format!(
            "[[sip.trunks]]\nname = \"{name}\"\npeers = [\"192.0.2.10\"]\nout = {{ to = \"{}\", targets = [\"1*\"] }}\n",
            peer.at
        )
    };
    let config = format!(
        "[sip]\nlisten = [\"udp://{sip}\"]\npeers = [\"192.0.2.10\"]\n{}{}{}[rtp]\naddress = \"127.0.0.1\"\nports = \"{}\"\nworkers = 1\n\
         [http]\nlisten = \"{http}\"\n",
        trunk("office", &there),
        trunk("carrier", &refuses),
        trunk("attic", &silent),
        rtp_ports(),
    );
    std::fs::write(folder.path().join("aftertone.toml"), config).unwrap();
    let mut served = Served(command(folder.path(), &["serve"]).stderr(Stdio::null()).spawn().unwrap());
    let said = BufReader::new(served.0.stdout.take().unwrap());
    let link = tokio::task::spawn_blocking(move || {
        said.lines().map(Result::unwrap).find(|line| line.contains("/door/"))
    });
    let link = link.await.unwrap().expect("a link to set the server up");
    let (_, path) = link.split_once("/door/").unwrap();
    browser.open(&format!("http://{http}/door/{path}")).await;
    for (name, value) in [
        ("first", "Grace"),
        ("last", "Hopper"),
        ("email", "grace@example.org"),
        ("extension", "7001"),
        ("password", "five horses paint fences"),
        ("again", "five horses paint fences"),
    ] {
        browser.click(&format!("input[name={name}]")).await;
        browser.press(value).await;
    }
    browser.click("button.main").await;
    browser.until("return document.title.startsWith('First steps')").await;
    browser.open(&format!("http://{http}/admin/trunks")).await;
    let names = "return [...document.querySelectorAll('main h2')].map(one => one.textContent.trim())";
    assert_eq!(browser.run(names).await, json!(["office", "carrier", "attic", "Peers without a trunk"]));

    let said = ask(&browser, &there).await;
    assert!(said.ends_with("is there: it answered OPTIONS with 200."), "{said}");
    assert_eq!(there.asked.load(Ordering::Relaxed), 1);
    assert!(there.last.lock().unwrap().starts_with("OPTIONS sip:"), "{}", there.last.lock().unwrap());
    let said = ask(&browser, &refuses).await;
    assert!(said.ends_with("is there, and refused OPTIONS with 403."), "{said}");
    let said = ask(&browser, &silent).await;
    assert!(said.contains("did not answer OPTIONS within 5 s") && said.contains("firewall"), "{said}");
    assert!(silent.asked.load(Ordering::Relaxed) > 1, "asked again before it was given up");
    // What was refused is told as such, to who sees it and to who hears it.
    let alert = "return document.querySelector('.done').getAttribute('role')";
    assert_eq!(browser.run(alert).await, json!("alert"));
    browser.open(&format!("http://{http}/admin/audit")).await;
    let noted = "return document.querySelector('main').textContent.split('trunk.asked').length - 1";
    assert_eq!(browser.run(noted).await, json!(3));
    check(&browser, &format!("http://{http}/admin/trunks"), "admin-trunks").await;
    assert_eq!(browser.console().await, Vec::<String>::new());
}
