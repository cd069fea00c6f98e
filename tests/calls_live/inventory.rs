//! Phones, numbers and extensions on the command line, beside a database that a server may use as well.

use serde_json::{Value, json};

use crate::live::Server;

/// The command is refused with this code, in one sentence that holds these words.
fn refused(server: &Server, args: &[&str], code: i32, words: &str) {
    let ran = server.run(args);
    assert_eq!(ran.code, Some(code), "{args:?}: {ran:?}");
    let said = ran.err.strip_prefix("aftertone: ").unwrap_or_else(|| panic!("{args:?}: {}", ran.err));
    assert!(said.contains(words) && said.trim_end().lines().count() == 1, "{args:?}: {said}");
}

fn column(rows: &Value, name: &str) -> Vec<Value> {
    rows.as_array().unwrap().iter().map(|row| row[name].clone()).collect()
}

/// 000-01, 000-03, 000-06, 000-15, 002-013, 002-079, 002-080, 003-05, 003-08, 003-12
#[test]
fn phones_are_added_shown_changed_given_away_exported_and_removed() {
    let server = Server::prepare("domain = \"pbx.example.org\"", "");
    server.user("1001", &[]);
    server.user("1002", &[]);
    let models = server.json(&["handset", "models"]);
    assert!(column(&models, "model").contains(&json!("grandstream-ht802")));
    let added = server.json(&[
        "handset",
        "add",
        "--owner",
        "1001",
        "--mac",
        "00-04-F2-12-34-56",
        "--model",
        "grandstream-ht802",
        "--port",
        "1=+4930100",
        "--port",
        "2=+4930101",
        "--option",
        "fax=t38",
        "--group",
        "Sales",
        "--site",
        "Berlin",
        "--preference-group",
        "p1",
    ]);
    assert_eq!((&added["name"], &added["mac"]), (&json!("1001a"), &json!("00:04:f2:12:34:56")));
    assert_eq!(added["ports"][1], json!({"port": 2, "number": "+4930101", "appearances": 1}));
    for phone in ["1001a", "0004f2123456", added["id"].as_str().unwrap()] {
        assert_eq!(server.json(&["handset", "show", phone])["name"], "1001a", "{phone}");
    }
    for (args, code, words) in [
        (&["add", "--owner", "1999"][..], 1, "give the extension of a user who is there"),
        (&["add"], 2, "use 1 to 32 letters"),
        (&["add", "x", "--mac", "0004.f212.3456"], 1, "search for it in the list of phones"),
        (&["add", "x", "--mac", "nonsense"], 2, "MAC address"),
        (&["add", "x", "--model", "brick"], 2, "choose one of the list"),
        (&["add", "x", "--site", "Berlin", "--preference-group", "p1"], 1, "choose another"),
        (&["add", "x", "--port", "1:+49"], 2, "write 1=+4930123456"),
        (&["add", "x", "--port", "1=+4930100"], 1, "take it from that phone first"),
        (&["add", "x", "--port", "2=+4930109"], 2, "choose another model"),
        (&["add", "x", "--option", "fax"], 2, "write one as fax=t38"),
        (&["show", "1009z"], 1, "handset list"),
        (&["set", "1001a", "--owner", "1999"], 1, "give the extension of a user who is there"),
        (&["remove", "nobody"], 1, "there is no phone"),
    ] {
        refused(&server, &[&["handset"], args].concat(), code, words);
    }
    assert_eq!(server.json(&["handset", "list"]).as_array().unwrap().len(), 1, "nothing of that was written");
    server.ok(&[
        "handset",
        "set",
        "1001a",
        "--record-calls",
        "true",
        "--port",
        "1=+4930100",
        "--firmware",
        "1.2",
    ]);
    let said = server.ok(&["handset", "set", "1001a", "--owner", "1002"]);
    assert!(said.contains("Sales"), "{said}");
    let shown = server.json(&["handset", "show", "1001a"]);
    assert_eq!((&shown["extension"], &shown["record_calls"]), (&json!("1002"), &json!(true)));
    assert_eq!((&shown["numbers"], &shown["former_groups"]), (&json!(["+4930100"]), &json!(["Sales"])));
    server.ok(&["handset", "set", "1001a", "--owner", "1001", "--group", "Night"]);
    let shown = server.json(&["handset", "show", "1001a"]);
    assert_eq!(
        (&shown["extension"], &shown["groups"]),
        (&json!("1001"), &json!(["Night"])),
        "as it was said"
    );
    server.ok(&["handset", "set", "1001a", "--owner", "1002"]);
    let exported: Value = serde_json::from_str(&server.ok(&["handset", "export"])).unwrap();
    assert!(exported[0]["label"].as_str().unwrap().contains("x1002"), "{exported}");
    let table = server.file("phones.csv");
    server.ok(&["handset", "export", "--csv", "--out", table.to_str().unwrap()]);
    assert!(std::fs::read_to_string(&table).unwrap().contains("0004f2123456"));
    server.ok(&["handset", "set", "1001a", "--owner", ""]);
    assert_eq!(server.json(&["handset", "show", "1001a"])["extension"], json!(null));
    server.ok(&["handset", "remove", "1001a"]);
    assert_eq!(server.ok(&["handset", "list"]).trim(), "(none)");
}

/// 003-03, 003-06, 003-09, 003-10, 003-14
#[test]
fn numbers_are_put_in_led_to_users_released_and_taken_out() {
    let server = Server::prepare("domain = \"pbx.example.org\"", "");
    server.user("1001", &[]);
    server.ok(&["handset", "add", "desk", "--mac", "0004f2123456", "--model", "grandstream-ht802"]);
    let said = server.ok(&["number", "add", "+4930100..+4930102", "sales", "--note", "carrier A"]);
    assert!(said.contains("4 numbers are new"), "{said}");
    assert_eq!(column(&server.json(&["number", "list", "--free"]), "note"), vec![json!("carrier A"); 4]);
    let led = server.json(&[
        "number",
        "assign",
        "+49 30 101",
        "--to",
        "1001",
        "--label",
        "Support",
        "--handset",
        "0004f2123456",
        "--port",
        "2",
        "--extension",
        "0101",
    ]);
    assert_eq!(
        (&led["number"], &led["mailbox"], &led["label"]),
        (&json!("+4930101"), &json!("0101"), &json!("Support"))
    );
    assert_eq!((&led["phone"], &led["port"], &led["reachable"]), (&json!("desk"), &json!(2), &json!(true)));
    assert_eq!(
        server.json(&["handset", "show", "desk"])["extension"],
        "0101",
        "a phone of nobody is the user's"
    );
    assert_eq!(server.json(&["number", "list", "--search", "support"]).as_array().unwrap().len(), 1);
    for (args, code, words) in [
        (&["assign", "+4999", "--to", "0101"][..], 1, "add it first"),
        (&["assign", "+4930100", "--to", "1999"], 1, "give the extension of a user who is there"),
        (&["assign", "+4930100", "--to", "0101", "--handset", "nope"], 1, "there is no phone"),
        (
            &["assign", "+4930100", "--to", "0101", "--handset", "desk", "--port", "2"],
            1,
            "choose another port",
        ),
        (&["assign", "+4930100", "--to", "0101", "--handset", "desk", "--port", "9"], 2, "choose another"),
        (&["add", "x y"], 2, "write +4930123456"),
        (&["add", "+4930105#x"], 2, "notes go into --note"),
        (&["add", "+4930105", "+4930106", "--mailbox", "0101"], 2, "one number is added at a time"),
        (&["remove", "+4930101"], 1, "take it away first"),
        (&["release", "+4930100"], 1, "there is no number"),
        (&["remove", "+4999"], 1, "there is no number"),
    ] {
        refused(&server, &[&["number"], args].concat(), code, words);
    }
    server.ok(&["number", "release", "+4930101"]);
    server.ok(&["number", "remove", "+4930101"]);
    let left = server.json(&["number", "list"]);
    assert_eq!(column(&left, "number"), [json!("+4930100"), json!("+4930102"), json!("sales")]);
    assert_eq!(server.json(&["number", "list", "--unreachable"]).as_array().unwrap().len(), 3);
}

/// 001-10 … 001-13, 002-095
#[test]
fn an_extension_is_taken_over_only_after_a_look_and_with_all_that_must_be_said() {
    let server = Server::prepare("domain = \"pbx.example.org\"", "");
    server.ok(&["user", "add", "--extension", "1001", "--first", "Ada", "--email", "ada@example.org"]);
    server.user("1002", &[]);
    fn takeover<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&["extension", "takeover", "1001"][..], more].concat()
    }
    for (more, code, words) in [
        (&["--archive", "--first", "Grace", "--no-mail", "--reason", " "][..], 2, "why the extension"),
        (&["--archive", "--no-mail", "--reason", "left"], 2, "give a first or last name"),
        (&["--keep", "1002", "--first", "G", "--no-mail", "--reason", "left"], 1, "1002"),
        (&["--archive", "--known", "1999", "--reason", "left"], 1, "1999"),
        (&["--archive", "--first", "G", "--email", "nonsense", "--reason", "left"], 2, "e-mail address"),
    ] {
        refused(&server, &takeover(more), code, words);
    }
    // What must be said and was not: the sentence of the command line itself.
    for more in [
        &["--archive", "--first", "Grace", "--no-mail"][..],
        &["--first", "Grace", "--no-mail", "--reason", "left"],
        &["--archive", "--first", "Grace", "--reason", "left"],
        &["--archive", "--delete", "--first", "Grace", "--no-mail", "--reason", "left"],
    ] {
        assert_eq!(server.run(&takeover(more)).code, Some(2), "{more:?}");
    }
    let asked = [
        "--keep",
        "1005",
        "--first",
        "Grace",
        "--last",
        "Hopper",
        "--email",
        "g@example.org",
        "--reason",
        "left",
    ];
    let plan = server.json(&takeover(&asked));
    assert_eq!((&plan["done"], &plan["has"]["messages"]), (&json!(false), &json!(0)));
    assert!(plan["would"].to_string().contains("under extension 1005"), "{plan}");
    let told = server.ok(&takeover(&asked));
    assert!(told.contains("nothing was done: repeat it with --yes"), "{told}");
    assert_eq!(server.json(&["user", "show", "1001"])["first"], "Ada", "a look changes nothing");
    let done = server.json(&takeover(&[&asked[..], &["--yes"]].concat()));
    assert_eq!(done["done"], true);
    assert_eq!(server.json(&["user", "show", "1001"])["first"], "Grace");
    assert_eq!(server.json(&["user", "show", "1005"])["first"], "Ada");
    assert_eq!(server.json(&["user", "show", "1001"])["mail"], json!(["g@example.org=link"]));
    let said = server.ok(&takeover(&["--delete", "--known", "1002", "--reason", "moved", "--yes"]));
    assert!(said.contains("what is next"), "{said}");
    assert_eq!(server.run(&["user", "show", "1002"]).code, Some(1), "given up");
    assert_eq!(server.json(&["user", "removed"]).as_array().unwrap().len(), 1);
}

// 004-06, 004-07: a number that callers sign in by, or search by name, is given to nobody.
#[test]
fn numbers_of_the_voicemail_itself_are_given_to_nobody() {
    let numbers = "access_numbers = [\"*97\", \"9000\"]\ndirectory_numbers = [\"411\"]";
    let server = Server::start(numbers, "");
    server.user("1001", &[]);
    for wrong in [
        &["number", "add", "9000", "--mailbox", "1001"][..],
        &["number", "add", "*97", "--mailbox", "1001"],
        &["number", "add", "4-11", "--mailbox", "1001"],
        &["user", "add", "--extension", "9000", "--first", "Ada"],
    ] {
        refused(&server, wrong, 1, "access_numbers");
    }
    server.ok(&["number", "add", "9001", "--mailbox", "1001"]);
}
