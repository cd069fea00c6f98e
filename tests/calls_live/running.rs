//! What who looks after the server sees of a call while it runs, and that ending it keeps what was recorded.

use std::process::Command;

use serde_json::Value;

use crate::ears::speech;
use crate::live::{Server, installed};

struct Program {
    key: String,
}

impl Program {
    fn ask(&self, server: &Server, method: &str, path: &str) -> (String, Value) {
        let url = format!("http://{}/api/v1{path}", server.http);
        let bearer = format!("Authorization: Bearer {}", self.key);
        let out = Command::new("curl")
            .args(["-s", "-w", "\n%{http_code}", "-X", method, "-H", &bearer, &url])
            .output()
            .unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let (body, code) = text.rsplit_once('\n').unwrap();
        (code.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn call(&self, server: &Server) -> Option<Value> {
        self.ask(server, "GET", "/calls").1["items"].as_array()?.first().cloned()
    }
}

#[test]
fn a_call_is_seen_while_it_runs_and_an_operator_who_ends_it_loses_no_message() {
    if !installed("curl", "curl") {
        return;
    }
    let server = Server::start("", "");
    server.user("1001", &[]);
    server.ok(&["user", "role", "1001", "operator"]);
    let scopes = ["--scope", "calls:read", "--scope", "calls:callers", "--scope", "calls:end"];
    let key = server.ok(&[&["key", "add", "watch", "--user", "1001"][..], &scopes].concat());
    let key = key.split_whitespace().find(|word| word.starts_with("atk_")).unwrap().to_owned();
    let program = Program { key };
    assert!(program.call(&server).is_none());

    let file = server.wav("long.wav", &speech(30.0, 8_000), 8_000);
    let target = format!("sip:1001@{}", server.sip);
    let args = ["call", &target, "--keys", "#,t,p", "--wav", file.to_str().unwrap()];
    let from = ["--from", "sip:+15550100@127.0.0.1"];
    let mut phone = server.spawn(&[&args[..], &from].concat());
    let stage = |stage: &'static str| {
        let program = &program;
        move |server: &Server| program.call(server).is_some_and(|call| call["stage"] == stage)
    };
    server.until("the call is recorded", stage("recording"));
    // Some seconds of speech.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let call = program.call(&server).unwrap();
    assert_eq!((call["mailbox"].as_str(), call["direction"].as_str()), (Some("1001"), Some("in")));
    assert_eq!(call["caller"]["number"], "+15550100");
    let id = call["id"].as_str().unwrap();
    assert_eq!(program.ask(&server, "POST", &format!("/calls/{id}/end")).0, "202");
    phone.wait().unwrap();
    server.until("the call is over", |server| program.call(server).is_none());
    let over = program.ask(&server, "GET", "/calls/recent").1["items"][0].clone();
    assert_eq!((over["outcome"].as_str(), &over["id"]), (Some("kept"), &call["id"]));
    assert_eq!(over["ended_by_operator"], true);
    let message = server.message("1001");
    assert!(message["duration_ms"].as_u64().unwrap() >= 2_000, "{message}");
}
