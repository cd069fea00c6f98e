//! The first minutes of whoever sets a server up: an empty store, the link that the program prints, and a browser.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use serde_json::json;

use crate::browser::Browser;
use crate::of_the_server::command;
use crate::portal_in_the_browser::check;
use crate::ports::{free_address, rtp_ports};
use crate::smtp_server::SmtpServer;

/// Ended when the test ends, also when it fails.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The state of each check, as it stands beside its heading.
const STATES: &str =
    "[...document.querySelectorAll('main .bar .mark')].map(mark => mark.textContent.trim()).join()";

async fn fill(browser: &Browser, name: &str, value: &str) {
    browser.click(&format!("input[name={name}]")).await;
    browser.press(value).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_server_is_set_up_in_the_browser_and_proves_itself_by_a_call_and_a_mail() {
    let Some(browser) = Browser::start().await else { return };
    let Some(smtp) = SmtpServer::start("accept", &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (sip, http) = (free_address(), free_address());
    // The only peer is far away: the test phone is let in for itself, and nobody else of this machine is.
    let config = format!(
        "[sip]\nlisten = [\"udp://{sip}\"]\npeers = [\"192.0.2.10\"]\n[rtp]\naddress = \"127.0.0.1\"\nports = \"{}\"\nworkers = 1\n\
         [http]\nlisten = \"{http}\"\n[mail]\nurl = \"smtp://127.0.0.1:{}\"\n",
        rtp_ports(),
        smtp.port,
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
    for (name, value) in [("first", "Grace"), ("last", "Hopper"), ("email", "grace@example.org")] {
        fill(&browser, name, value).await;
    }
    fill(&browser, "extension", "7001").await;
    fill(&browser, "password", "five horses paint fences").await;
    fill(&browser, "again", "five horses paint fences").await;
    browser.click("button.main").await;
    browser.until("return document.title.startsWith('First steps')").await;
    assert_eq!(
        browser.run(&format!("return {STATES}")).await,
        json!("Not heard yet,Not tried yet,Not tried yet")
    );

    // Somebody who is no peer knocks, and is named with what to do.
    let knock = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    knock.send_to(b"OPTIONS sip:127.0.0.1 SIP/2.0\r\n\r\n", sip).unwrap();
    browser.click("form[action$='first-steps/call'] button").await;
    browser.until_in(60, &format!("return {STATES} == 'Not heard yet,Works,Not tried yet'")).await;
    let text = browser.run("return document.querySelector('main').textContent").await;
    let text = text.as_str().unwrap();
    assert!(text.contains("The message is in your inbox."), "{text}");
    assert!(text.contains("127.0.0.1") && text.contains("add the address to sip.peers"), "{text}");

    browser.click("form[action$='first-steps/mail'] button").await;
    browser.until(&format!("return {STATES} == 'Not heard yet,Works,Works'")).await;
    let mails = smtp.received();
    assert!(
        mails.iter().any(|mail| mail.header("Subject") == "Your voicemail can send mail"
            && mail.to == ["grace@example.org"]),
        "{} mails",
        mails.len()
    );
    check(&browser, &format!("http://{http}/admin/first-steps"), "first-steps").await;
    browser.open(&format!("http://{http}/")).await;
    browser.until("return document.querySelector('.messages').textContent.includes('Test call')").await;
}
