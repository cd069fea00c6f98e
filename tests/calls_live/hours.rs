//! Hours, rules, lists and imports as they are set up by command, without a running server.

use serde_json::Value;

use crate::live::Server;

fn column(rows: &Value, name: &str) -> Vec<Value> {
    rows.as_array().unwrap().iter().map(|row| row[name].clone()).collect()
}

// 002-032, 002-053, 002-055
#[test]
fn hours_and_rules_are_listed_with_what_is_active_and_until_when() {
    let server = Server::prepare("domain = \"pbx.example.org\"\ntransfer_targets = [\"1000\"]", "");
    server.user("1001", &["--zone", "Europe/Berlin"]);
    server.ok(&["timeframe", "add", "Office", "--use", "open", "--span", "mon-fri 09:00-12:30,13:30-17:00"]);
    let calendar = server.file("holidays.ics");
    let event = "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260501\r\nSUMMARY:Labour Day\r\nRRULE:FREQ=YEARLY\r\nEND:VEVENT\r\n";
    std::fs::write(&calendar, format!("BEGIN:VCALENDAR\r\n{event}END:VCALENDAR\r\n")).unwrap();
    server.ok(&["timeframe", "import", "Holidays", calendar.to_str().unwrap()]);
    let at = ["--mailbox", "1001", "--at", "2026-05-01T10:00:00+02:00"];
    let frames = server.json(&[&["timeframe", "list"][..], &at].concat());
    assert_eq!(column(&frames, "name"), ["Holidays", "Office"]);
    assert_eq!(column(&frames, "by"), ["Labour Day", "mon-fri 09:00-12:30"]);
    assert_eq!(column(&frames, "until"), ["2026-05-02T00:00:00+02:00", "2026-05-01T12:30:00+02:00"]);
    let shown = server.json(&[&["timeframe", "show", "Holidays"][..], &at].concat());
    assert_eq!(shown["spans"], serde_json::json!(["yearly 05-01 since 2026 (Labour Day)"]));

    let rule = |more: &[&str]| server.ok(&[&["rule", "add", "--mailbox", "1001"], more].concat());
    rule(&["Busy", "--within", "Office", "--reason", "busy", "--operator", "1000", "--key", "1=1000"]);
    rule(&[
        "Open",
        "--within",
        "Office",
        "--greeting",
        "standard",
        "--forward-busy",
        "1002",
        "--ring",
        "20s",
    ]);
    let told = rule(&["Lunch", "--within", "Office", "--from", "+4930*", "--announcement-only"]);
    assert!(told.contains("never reached: \"Open\" before it takes all its calls"), "{told}");
    let checked = server.run(&["rule", "check"]);
    assert_eq!(checked.code, Some(1));
    assert!(checked.out.contains("mailbox 1001, rule \"Lunch\""), "{checked:?}");
    server.ok(&["rule", "move", "Lunch", "--mailbox", "1001", "--to", "1"]);
    assert!(server.ok(&["rule", "check", "--mailbox", "1001"]).contains("every rule can be reached"));
    let rules = server.json(&[&["rule", "list"][..], &at].concat());
    assert_eq!(column(&rules, "name"), ["Lunch", "Busy", "Open", "default"]);
    assert_eq!(column(&rules, "active"), [false, false, true, false]);
    assert_eq!(rules[2]["until"], "2026-05-01T10:30:00Z");
    let phones = rules[2]["phone_system"].to_string();
    assert!(phones.contains("forwards when busy to 1002 (acts in the phone system)"), "{phones}");

    let explain = |at: &str| {
        let call = ["explain", "--to", "sip:1001@pbx.example.org", "--from", "sip:+4940@pbx.example.org"];
        server.json(&[&call[..], &["--diversion", "<sip:1001@x>;reason=user-busy", "--at", at]].concat())
    };
    let open = explain("2026-04-30T10:00:00+02:00")["answering"].clone();
    assert_eq!((&open["rule"], &open["hours"]), (&"Busy".into(), &"open".into()), "{open}");
    assert_eq!(open["rule_until"], "2026-04-30T10:30:00Z");
    let night = explain("2026-04-30T22:00:00+02:00")["answering"].clone();
    assert_eq!((&night["rule"], &night["hours"]), (&Value::Null, &"closed".into()), "{night}");
    assert_eq!(explain("2026-05-01T10:00:00+02:00")["answering"]["hours"], "holiday");

    server.ok(&["block", "add", "+49 40*", "--with", "busy", "--note", "sells", "--mailbox", "1001"]);
    assert_eq!(explain("2026-04-30T10:00:00+02:00")["state"], "turned-away");
    assert_eq!(column(&server.json(&["block", "list", "--mailbox", "1001"]), "caller"), ["+4940*"]);
    server.ok(&["block", "remove", "+4940*", "--mailbox", "1001"]);
    let held = server.run(&["timeframe", "remove", "Office"]);
    assert!(held.code == Some(1) && held.err.contains("the rule \"Lunch\" of mailbox 1001"), "{held:?}");
    for name in ["Lunch", "Busy", "Open"] {
        server.ok(&["rule", "remove", name, "--mailbox", "1001"]);
    }
    server.ok(&["timeframe", "remove", "Office"]);
}

#[test]
fn what_cannot_be_set_up_is_said_in_one_sentence_with_the_right_exit_code() {
    let server = Server::prepare("", "");
    server.user("1001", &[]);
    let rule = |more: &[&'static str]| [&["rule", "add", "X", "--mailbox", "1001"], more].concat();
    let cases: Vec<(i32, Vec<&str>)> = vec![
        (2, vec!["timeframe", "add", "X", "--span", "sometimes"]),
        (2, vec!["timeframe", "add", "X", "--span", "daily", "--use", "now"]),
        (1, vec!["timeframe", "add", "X", "--span", "daily", "--zone", "Mars/Base"]),
        (1, vec!["timeframe", "add", "X", "--span", "daily", "--mailbox", "1999"]),
        (1, vec!["timeframe", "import", "X", "/no/such/file.ics"]),
        (1, vec!["timeframe", "show", "Nothing"]),
        (1, rule(&[])),
        (1, rule(&["--transfer", "1000"])),
        (1, rule(&["--within", "Nothing", "--dnd"])),
        (2, rule(&["--reason", "hunger", "--dnd"])),
        (2, rule(&["--from", "a b", "--dnd"])),
        (2, rule(&["--key", "1", "--dnd"])),
        (2, rule(&["--greeting", "loud"])),
        (2, rule(&["--straight-to-tone", "--announcement-only"])),
        (1, vec!["rule", "move", "X", "--mailbox", "1001", "--to", "1"]),
        (1, vec!["rule", "list", "--mailbox", "1999"]),
        (2, vec!["block", "add", "*"]),
        (2, vec!["block", "add", "+49*", "--with", "love"]),
        (1, vec!["block", "remove", "+49*"]),
        (1, vec!["import", "users", "/no/such/file.csv"]),
        (2, vec!["import", "rollback", "x"]),
    ];
    for (code, args) in cases {
        let ran = server.run(&args);
        assert_eq!(ran.code, Some(code), "{args:?}: {ran:?}");
        assert!(!ran.err.is_empty() && !ran.err.contains("panicked"), "{args:?}: {ran:?}");
    }
}

#[test]
fn whoever_has_enough_of_what_is_printed_ends_the_command_without_a_word() {
    let server = Server::prepare("", "");
    server.user("1001", &[]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aftertone"));
    command.arg("--config").arg(server.config()).arg("--data").arg(server.data());
    command.args(["explain", "--to", "sip:1001@pbx.example.org"]).stdout(writer);
    let ended = command.stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{ended:?}");
    assert_eq!(ended.status.code(), Some(141), "as a shell reports it of other programs");
}

// 002-087 … 002-089
#[test]
fn users_are_imported_looked_at_and_taken_back() {
    let server = Server::prepare("", "");
    server.user("1001", &[]);
    let file = server.file("users.csv");
    let name = file.to_str().unwrap().to_owned();
    server.ok(&["import", "template", "--out", &name]);
    assert!(server.ok(&["import", "users", &name, "--dry-run"]).contains("0 to add, 1 to change"));
    assert!(server.ok(&["import", "template", "--help-columns"]).contains("extension"));

    std::fs::write(&file, "Durchwahl;Vorname;Nachname;E-Mail\r\n1001;=1+1;L;\r\n1002;Zo\u{eb};B;zoe@\r\n")
        .unwrap();
    let result = server.file("result.csv");
    let refused = server.run(&["import", "users", &name, "--result", result.to_str().unwrap()]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.out.contains("email: e-mail address \"zoe@\" is not valid"), "{refused:?}");
    let written = std::fs::read_to_string(&result).unwrap();
    assert!(written.contains("1001;'=1+1;L;;not imported;would be changed: first, last"), "{written}");
    assert!(written.contains("zoe@;error;"), "{written}");
    assert_eq!(server.json(&["user", "list"]).as_array().unwrap().len(), 1, "all rows or none");

    std::fs::write(&file, std::fs::read_to_string(&file).unwrap().replace("zoe@", "zoe@example.org"))
        .unwrap();
    let done = server.json(&["import", "users", &name]);
    assert_eq!(
        (&done["add"], &done["change"], &done["separator"]),
        (&1.into(), &1.into(), &";".into()),
        "{done}"
    );
    let users = server.json(&["user", "list"]);
    assert_eq!(column(&users, "first"), ["=1+1", "Zo\u{eb}"]);
    let id = done["id"].as_str().unwrap();
    assert_eq!(server.json(&["import", "list"])[0]["id"], id);
    server.ok(&["import", "rollback", id]);
    assert_eq!(column(&server.json(&["user", "list"]), "first"), ["Ada"]);
    assert_eq!(server.run(&["import", "rollback", id]).code, Some(1));
}

// 002-033
#[test]
fn the_holidays_of_a_country_are_kept_by_one_command() {
    let server = Server::prepare("", "");
    let told = server.ok(&["timeframe", "holidays", "de"]);
    assert!(told.contains("\"Public holidays: Germany\""), "{told}");
    let year = jiff::Zoned::now().year();
    let at = format!("{year}-12-25T10:00:00Z");
    let frames = server.json(&["timeframe", "list", "--at", &at]);
    assert_eq!(column(&frames, "by"), ["Christmas Day"], "{frames}");
    let wrong = server.run(&["timeframe", "holidays", "xx"]);
    assert!(wrong.code == Some(2) && wrong.err.contains("import a calendar file"), "{wrong:?}");
}
