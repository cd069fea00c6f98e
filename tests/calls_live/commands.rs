//! The command line as scripts see it: shapes of JSON, exit codes, one sentence with a remedy.

use serde_json::{Value, json};

use crate::ears::speech;
use crate::live::Server;

fn fields(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Whether every one of these is there.
fn has(value: &Value, names: &[&str]) {
    let known = fields(value);
    for name in names {
        assert!(known.contains(name), "{name} is missing: {known:?}");
    }
}

#[test]
fn tenants_are_worlds_of_their_own_found_by_domain_and_by_trunk() {
    let trunk = "[[sip.trunks]]\nname = \"beta\"\npeers = [\"127.0.0.7\"]\nroute = { tenant = \"beta\" }\n";
    let server = Server::prepare("domain = \"pbx.example.org\"", trunk);
    server.ok(&["tenant", "add", "acme", "--domain", "Acme.example", "--zone", "Europe/Berlin"]);
    server.ok(&["tenant", "add", "beta", "--operator", "100"]);
    for (tenant, name) in [("default", "Dora"), ("acme", "Ada"), ("beta", "Bob")] {
        server.ok(&["user", "add", "--tenant", tenant, "--extension", "1001", "--first", name]);
    }
    let names: Vec<Value> =
        server.json(&["tenant", "list"]).as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, [json!("acme"), json!("beta"), json!("default")]);
    let shown = server.json(&["--tenant", "acme", "tenant", "show"]);
    assert_eq!((&shown["domains"], &shown["zone"]), (&json!(["acme.example"]), &json!("Europe/Berlin")));
    for (tenant, name) in [(None, "Dora"), (Some("acme"), "Ada"), (Some("beta"), "Bob")] {
        let which = tenant.map_or(vec![], |tenant| vec!["--tenant", tenant]);
        let users = server.json(&[&["user", "list"][..], &which].concat());
        assert_eq!((users.as_array().unwrap().len(), &users[0]["first"]), (1, &json!(name)));
    }
    // The domain of the request decides, then the trunk, then the first tenant.
    let mailbox = |to: &str, more: &[&str]| {
        let explained = server.json(&[&["explain", "--to", to][..], more].concat());
        explained["tenant"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(mailbox("sip:1001@ACME.example", &[]), "acme");
    assert_eq!(mailbox("sip:1001@acme.example", &["--trunk", "beta"]), "acme");
    assert_eq!(mailbox("sip:1001@192.0.2.1", &["--trunk", "beta"]), "beta");
    assert_eq!(mailbox("sip:1001@192.0.2.1", &[]), "default");

    let refused = |args: &[&str], words: &str| {
        let ran = server.run(args);
        assert!(matches!(ran.code, Some(1 | 2)) && ran.err.contains(words), "{args:?}: {ran:?}");
    };
    refused(&["user", "list", "--tenant", "nobody"], "choose one of acme, beta, default");
    refused(&["tenant", "add", "acme"], "already");
    refused(&["tenant", "add", "Two Words"], "small letters");
    refused(&["tenant", "add", "gamma", "--domain", "acme.example"], "is another tenant's");
    refused(&["tenant", "add", "gamma", "--zone", "Mars/Base"], "IANA zone");
    refused(&["tenant", "remove", "acme"], "has 1 user: its users are removed first");
    server.ok(&["tenant", "add", "gamma"]);
    let inside = server.json(&["tenant", "remove", "gamma", "--dry-run"]);
    assert_eq!((&inside["users"], &inside["keys"]), (&json!(0), &json!(0)), "{inside}");
    server.ok(&["tenant", "remove", "gamma"]);
    assert_eq!(server.json(&["tenant", "list"]).as_array().unwrap().len(), 3);
}

#[test]
fn every_command_works_beside_a_running_server() {
    let server = Server::start("domain = \"pbx.example.org\"", "");
    let added = server.json(&[
        "user",
        "add",
        "--extension",
        "1001",
        "--first",
        "Ada",
        "--last",
        "Lovelace",
        "--email",
        "ada@example.org",
        "--pin",
        "482913",
    ]);
    has(&added, &["id", "extension", "first", "last", "emails", "mail", "pin"]);
    assert_eq!(added["mail"], json!(["ada@example.org=link"]), "an address means mail by link");
    assert!(!added.to_string().contains("482913"), "a PIN is never shown");
    server.user("1002", &[]);
    let users = server.json(&["user", "list"]);
    assert_eq!(users.as_array().unwrap().len(), 2);
    server.ok(&["user", "set", "1001", "--max-message", "90s", "--silence", "3s", "--zone", "Europe/Berlin"]);
    let shown = server.json(&["user", "show", "1001"]);
    assert_eq!((&shown["max_message_s"], &shown["zone"]), (&json!(90.0), &json!("Europe/Berlin")));
    server.ok(&["number", "add", "+4930123456", "--mailbox", "1001", "--label", "Sales"]);
    let number = &server.json(&["number", "list"])[0];
    assert_eq!(
        (&number["number"], &number["mailbox"], &number["label"], &number["greeting"]),
        (&json!("+4930123456"), &json!("1001"), &json!("Sales"), &json!(null))
    );
    // 002-007, 003-01, 003-02, 004-03: the profile; 001-03, 002-003: what a tenant lets be created and hides.
    let profile = [
        "--profile",
        "department=Sales",
        "--profile",
        "mobile=+49 170 12345",
        "--profile",
        "login=Ada@x.example",
    ];
    server.ok(&[&["user", "set", "1001"], &profile[..]].concat());
    let shown = server.json(&["user", "show", "1001"]);
    assert_eq!(
        (&shown["department"], &shown["mobile"], &shown["login"], &shown["site"]),
        (&json!("Sales"), &json!("+4917012345"), &json!("ada@x.example"), &json!(null))
    );
    server.ok(&[
        "tenant",
        "set",
        "--who-may-create",
        "ticket",
        "--help-link",
        "mailto:it@x.example",
        "--hide-field",
        "music",
    ]);
    let tenant = server.json(&["tenant", "show"]);
    assert_eq!((&tenant["who_may_create"], &tenant["hidden_fields"]), (&json!("ticket"), &json!(["music"])));

    let wav = server.wav("speech.wav", &speech(2.0, 8_000), 8_000);
    server.call("+4930123456", "#,t,p,w0.3,#,s,2,s", Some(&wav), &[]);
    let message = server.message("1001");
    has(
        &message,
        &[
            "id",
            "folder",
            "heard",
            "urgent",
            "private",
            "caller_number",
            "caller_name",
            "received_at",
            "duration_ms",
            "voiced_ms",
            "bytes",
            "sha256",
        ],
    );
    assert_eq!(message["called_as"], "Sales");
    let id = message["id"].as_str().unwrap();
    server.until("the mail is gone", |server| server.json(&["job", "list"])[0]["state"] == "done");
    let job = server.json(&["job", "list"])[0].clone();
    has(&job, &["id", "kind", "message_id", "state", "attempts", "next_at", "last_error"]);
    assert_eq!(job["message_id"], message["id"]);
    let ledger = server.json(&["message", "ledger", id]);
    let events: Vec<_> =
        ledger.as_array().unwrap().iter().map(|row| row["event"].as_str().unwrap()).collect();
    assert!(events.len() >= 2, "stored and mailed: {events:?}");
    server.ok(&["link", "revoke", id]);
    let mail = server.mails().concat().replace("=\r\n", "").replace("=\n", "");
    let path = mail.split(&format!("http://{}", server.http)).nth(1).unwrap();
    let path: String = path.chars().take_while(|c| c.is_ascii_alphanumeric() || "/-_".contains(*c)).collect();
    assert_ne!(server.get(&path).0, 200, "a revoked link opens nothing");

    let tables = server.ok(&["message", "list", "--mailbox", "1001"]);
    assert!(tables.starts_with("ID"), "without --json there is a table: {tables}");
    assert!(server.ok(&["check"]).lines().all(|line| line.split_whitespace().nth(1) == Some("ok")));
    assert!(server.ok(&["prompts", "check"]).contains("complete"));
    server.ok(&["number", "remove", "+4930123456", "--mailbox", "1001"]);
    // 002-091: what goes is seen first.
    server.ok(&["user", "set", "1001", "--key", "4=mailbox:1002"]);
    let seen = server.ok(&["user", "remove", "1002", "--dry-run"]);
    assert!(
        seen.contains("key 4 of its callers (mailbox 1001)") && seen.contains("nothing was done"),
        "{seen}"
    );
    assert_eq!(server.json(&["user", "list"]).as_array().unwrap().len(), 2);
    let removed = server.ok(&["user", "remove", "1002"]);
    assert!(removed.contains("key 4 of its callers (mailbox 1001)"), "{removed}");
    assert_eq!(server.json(&["user", "list"]).as_array().unwrap().len(), 1);
    // 001-08: a link that would lead nowhere is not made.
    server.ok(&["user", "role", "1001", "--portal", "false"]);
    let refused = server.run(&["user", "invite", "1001", "--print"]);
    assert!(refused.err.contains("may not sign in by the web"), "{}", refused.err);
}

#[test]
fn explain_tells_the_mailbox_the_greeting_and_the_rule() {
    let server = Server::prepare("domain = \"pbx.example.org\"", "");
    server.user("1001", &[]);
    server.user("1002", &[]);
    let closed = server.wav("away.wav", &speech(1.0, 8_000), 8_000);
    server.ok(&[
        "greeting",
        "set",
        "--mailbox",
        "1001",
        "--kind",
        "away",
        "--file",
        closed.to_str().unwrap(),
        "--from",
        "2026-12-24T00:00:00Z",
        "--until",
        "2026-12-27T00:00:00Z",
    ]);
    let explain =
        |more: &[&str]| server.json(&[&["explain", "--to", "sip:7777@pbx.example.org"], more].concat());
    let text = |value: &Value| value.to_string();

    let diverted = explain(&["--diversion", "<sip:1001@pbx.example.org>;reason=user-busy"]);
    assert!(text(&diverted).contains("1001"), "{diverted}");
    assert!(text(&diverted).to_lowercase().contains("diversion"), "which header decided: {diverted}");
    assert!(text(&diverted).contains("user-busy"), "{diverted}");
    let history = explain(&[
        "--history-info",
        "<sip:1002@pbx.example.org?Reason=SIP%3Bcause%3D408>;index=1",
        "--history-info",
        "<sip:7777@pbx.example.org>;index=1.1;mp=1",
    ]);
    assert!(
        text(&history).contains("1002") && text(&history).to_lowercase().contains("history"),
        "{history}"
    );
    let nobody = explain(&[]);
    assert!(!text(&nobody).contains("1001"), "{nobody}");
    let to = ["--diversion", "<sip:1001@pbx.example.org>;reason=no-answer"];
    let holidays = explain(&[&to[..], &["--at", "2026-12-25T10:00:00Z"]].concat());
    let later = explain(&[&to[..], &["--at", "2026-12-28T10:00:00Z"]].concat());
    assert!(text(&holidays).contains("away"), "{holidays}");
    assert_ne!(holidays["greeting"], later["greeting"], "{holidays}\n{later}");
    let words = server.ok(&["explain", "--to", "sip:1001@pbx.example.org"]);
    assert!(words.contains("1001"), "{words}");
}

#[test]
fn what_is_wrong_is_said_in_one_sentence_with_the_right_exit_code() {
    let server = Server::prepare("", "");
    server.user("1001", &[]);
    let missing = uuid_of_nothing();
    let cases: Vec<(i32, Vec<&str>)> = vec![
        (1, vec!["user", "add", "--extension", "1001"]),
        (1, vec!["user", "show", "1999"]),
        (1, vec!["user", "remove", "1999"]),
        (1, vec!["user", "set", "1001", "--profile", "mobile=0170"]),
        (2, vec!["user", "set", "1001", "--profile", "mobile"]),
        (2, vec!["user", "set", "1001", "--profile", "shoe=42"]),
        (2, vec!["tenant", "set", "--who-may-create", "everybody"]),
        (1, vec!["number", "greeting", "+4930999", "--mailbox", "1001", "--greeting", "main"]),
        (1, vec!["user", "set", "1001", "--pin", "1234567890123456"]),
        (1, vec!["message", "list", "--mailbox", "1999"]),
        (1, vec!["message", "export", &missing, "--out", "/tmp/never-written.wav"]),
        (
            1,
            vec![
                "greeting",
                "set",
                "--mailbox",
                "1001",
                "--kind",
                "standard",
                "--file",
                "/does/not/exist.wav",
            ],
        ),
        (1, vec!["number", "remove", "+49301", "--mailbox", "1001"]),
        (1, vec!["tenant", "set", "--default-action", "mailbox:1999"]),
        (1, vec!["call", "sip:1001@127.0.0.1:1", "--limit", "1s"]),
        (2, vec!["user", "add", "--extension", "12ab"]),
        (2, vec!["message", "list", "--mailbox", "1001", "--folder", "attic"]),
        (2, vec!["message", "export", "no-id", "--out", "x.wav"]),
        (2, vec!["job", "list", "--state", "asleep"]),
        (2, vec!["explain", "--to", "sip:1001@x", "--at", "tomorrow"]),
        (2, vec!["explain", "--to", "sip:1001@x", "--trunk", "none"]),
        (2, vec!["tenant", "set", "--zone", "Mars/Olympus"]),
        (2, vec!["tenant", "set", "--default-action", "explode"]),
        (2, vec!["tenant", "set", "--mailbox-off", "explode"]),
        (2, vec!["tenant", "set", "--language", "tlh"]),
        (2, vec!["tenant", "set", "--domain", "not a domain"]),
        (2, vec!["call", "nonsense", "--keys", "1"]),
        (2, vec!["call", "sip:1001@127.0.0.1", "--keys", "wx"]),
        (2, vec!["user", "set", "1001", "--tone", "9"]),
    ];
    for (code, args) in &cases {
        let ran = server.run(args);
        assert_eq!(ran.code, Some(*code), "{args:?}: {ran:?}");
        let said = ran.err.strip_prefix("aftertone: ").unwrap_or_else(|| panic!("{args:?}: {}", ran.err));
        assert_eq!(said.trim_end().lines().count(), 1, "{args:?}: {said}");
        assert!(said.len() > 24, "too short to help: {said:?}");
    }
    // The library that reads WAV panics on this one (in builds that check arithmetic); the file is refused like any other.
    let broken = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/decoder-panics.wav");
    let ran = server.run(&["greeting", "set", "--mailbox", "1001", "--kind", "standard", "--file", broken]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.starts_with("aftertone: ") && !ran.err.contains("panicked"), "{ran:?}");

    for args in [&["user", "add"][..], &["frobnicate"], &["message", "list"], &["serve", "--no-such-flag"]] {
        assert_eq!(server.run(args).code, Some(2), "{args:?}");
    }
    assert_eq!(server.run(&["--help"]).code, Some(0));
    server.configure("peer = [\"10.0.0.0/8\"]", "");
    let ran = server.run(&["check"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("peers"), "the nearest key is named: {}", ran.err);
}

fn uuid_of_nothing() -> String {
    uuid::Uuid::nil().to_string()
}

#[test]
fn a_tenant_is_shown_and_changed() {
    let server = Server::prepare("", "");
    server.user("1000", &[]);
    let shown = server.json(&["tenant", "show"]);
    assert_eq!((&shown["zone"], &shown["default_action"]), (&json!("UTC"), &json!("announce")));
    server.ok(&[
        "tenant",
        "set",
        "--domain",
        "PBX.example.org",
        "--domain",
        "10.0.0.5",
        "--zone",
        "Europe/Berlin",
        "--operator",
        "1000",
        "--default-action",
        "mailbox:1000",
    ]);
    let shown = server.json(&["tenant", "show"]);
    assert_eq!(shown["domains"], json!(["pbx.example.org", "10.0.0.5"]));
    assert_eq!((&shown["operator"], &shown["default_action"]), (&json!("1000"), &json!("mailbox:1000")));
    server.ok(&[
        "tenant",
        "set",
        "--operator",
        "",
        "--domain",
        "",
        "--default-action",
        "transfer:sip:desk@pbx.example.org",
    ]);
    let shown = server.json(&["tenant", "show"]);
    assert_eq!((&shown["operator"], &shown["domains"]), (&Value::Null, &json!([])));
    assert_eq!(shown["default_action"], "transfer:sip:desk@pbx.example.org");
}

#[test]
fn what_is_changed_by_command_stands_among_the_changes() {
    let server = Server::start("", "");
    server.user("1001", &["--first", "Ada", "--pin", "482913"]);
    server.ok(&["user", "set", "1001", "--first", "Augusta", "--pin", "739155"]);
    server.ok(&["user", "remove", "1001"]);
    let removed = server.json(&["user", "removed"]);
    server.ok(&["user", "restore", removed[0]["id"].as_str().unwrap(), "--extension", "1002"]);
    server.ok(&["tenant", "set", "--operator", "1002"]);
    let made = server.json(&["key", "add", "auditor", "--scope", "audit:read"]);
    let (status, body) = server.get_as(made["key"].as_str().unwrap(), "/api/v1/audit?limit=50");
    assert_eq!(status, 200, "{body}");
    let told: Value = serde_json::from_str(&body).unwrap();
    let lines = told["items"].as_array().unwrap();
    let of =
        |action: &str| lines.iter().find(|line| line["action"] == action).unwrap_or_else(|| panic!("{body}"));
    for (action, target) in [
        ("user.added", "mailbox 1001"),
        ("user.changed", "mailbox 1001"),
        ("user.removed", "mailbox 1001"),
        ("user.restored", "mailbox 1002"),
        ("tenant.changed", "tenant default"),
    ] {
        let line = of(action);
        assert_eq!(line["target"], target, "{line}");
        assert_eq!(line["actor"], "command line", "{line}");
    }
    let changed = of("user.changed").to_string();
    assert!(changed.contains("Ada") && changed.contains("Augusta"), "{changed}");
    assert!(!body.contains("482913") && !body.contains("739155") && !body.contains("argon2"), "{body}");
}

#[test]
fn every_command_that_changes_something_is_noted() {
    let server = Server::start("", "");
    server.user("1001", &["--first", "Ada"]);
    let wav = server.wav("hello.wav", &speech(1.0, 8_000), 8_000);
    let users = server.file("users.csv");
    std::fs::write(&users, "extension,first\r\n1002,Grace\r\n").unwrap();
    let (wav, users) = (wav.to_str().unwrap(), users.to_str().unwrap());
    let own = ["--mailbox", "1001"];
    let steps: [(&[&str], &str, &str); 26] = [
        (
            &["greeting", "set", own[0], own[1], "--kind", "away", "--file", wav],
            "greeting.uploaded",
            "away greeting of mailbox 1001",
        ),
        (
            &["greeting", "clear", own[0], own[1], "--kind", "away"],
            "greeting.changed",
            "away greeting of mailbox 1001",
        ),
        (
            &["timeframe", "add", "Office", "--use", "open", "--span", "mon-fri 09:00-17:00"],
            "hours.added",
            "everybody",
        ),
        (
            &["timeframe", "add", "Night", own[0], own[1], "--span", "daily 22:00-06:00"],
            "hours.added",
            "mailbox 1001",
        ),
        (&["timeframe", "remove", "Night", own[0], own[1]], "hours.removed", "mailbox 1001"),
        (&["rule", "add", "Busy", own[0], own[1], "--announcement-only"], "rules.added", "mailbox 1001"),
        (&["rule", "add", "Late", own[0], own[1], "--announcement-only"], "rules.added", "mailbox 1001"),
        (&["rule", "move", "Late", own[0], own[1], "--to", "1"], "rules.up", "mailbox 1001"),
        (&["rule", "switch", "Late", own[0], own[1], "--on", "false"], "rules.off", "mailbox 1001"),
        (&["rule", "remove", "Late", own[0], own[1]], "rules.remove", "mailbox 1001"),
        (&["block", "add", "+1900*", "--with", "decline"], "list.kept", "everybody"),
        (&["block", "remove", "+1900*"], "list.removed", "everybody"),
        (&["user", "set", "1001", "--presence", "on-vacation"], "presence.set", "mailbox 1001"),
        (&["user", "set", "1001", "--pin", "739155"], "user.changed", "mailbox 1001"),
        (&["user", "role", "1001", "tenant-admin"], "role.given", "mailbox 1001"),
        (&["user", "device", "--extension", "1001", "--trust", "desk"], "device.trusted", "mailbox 1001"),
        (&["user", "clear", "1001"], "mailbox.cleared", "mailbox 1001"),
        (&["user", "take-back", "1001"], "user.taken-back", "mailbox 1001"),
        (&["number", "add", "+4930123456", own[0], own[1]], "number.added", "mailbox 1001"),
        (&["number", "remove", "+4930123456", own[0], own[1]], "number.removed", "mailbox 1001"),
        (&["directory", "set", "--spell", "true"], "directory.changed", "tenant"),
        (&["tenant", "set", "--who-may-create", "ticket"], "policy.changed", "tenant"),
        (&["lamp", "add", own[0], own[1], "--to", "sip:1001@127.0.0.1:9"], "lamp.added", "mailbox 1001"),
        (&["webhook", "add", "crm", "https://crm.example.org/x"], "webhook.added", "webhook crm"),
        (&["key", "add", "crm", "--scope", "users:read"], "key.made", "key crm"),
        (&["import", "users", users], "users.imported", "import "),
    ];
    let made = server.json(&["key", "add", "auditor", "--scope", "audit:read"]);
    let lines = || {
        let (status, body) = server.get_as(made["key"].as_str().unwrap(), "/api/v1/audit?limit=200");
        assert_eq!(status, 200, "{body}");
        assert!(!body.contains("739155") && !body.contains("argon2") && !body.contains("whsec_"), "{body}");
        serde_json::from_str::<Value>(&body).unwrap()["items"].as_array().unwrap().clone()
    };
    let mut known = lines().len();
    for (args, action, target) in steps {
        server.ok(args);
        let lines = lines();
        assert_eq!(lines.len(), known + 1, "{args:?}: one line and no more: {lines:?}");
        let line = &lines[0];
        assert_eq!((&line["action"], &line["actor"]), (&json!(action), &json!("command line")), "{args:?}");
        assert!(line["target"].as_str().unwrap().starts_with(target), "{args:?}: {line}");
        known += 1;
    }
    // What changes nothing is not noted.
    for args in [
        &["user", "role", "1001", "tenant-admin"][..],
        &["user", "set", "1001", "--first", "Ada"],
        &["user", "unlock", "--extension", "1001"],
        &["directory", "set", "--spell", "true"],
        &["tenant", "set", "--who-may-create", "ticket"],
        &["rule", "switch", "Busy", "--mailbox", "1001", "--on", "true"],
        &["greeting", "clear", "--mailbox", "1001", "--kind", "busy"],
    ] {
        server.ok(args);
        assert_eq!(lines().len(), known, "{args:?}");
    }
}
