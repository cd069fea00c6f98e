//! Rules, hours and lists as programs keep them: made, changed, ordered, copied, undone; what is refused, by which field.

use aftertone::domain::Role;
use aftertone::service::access::Act;
use serde_json::{Value, json};

use crate::api::body;
use crate::web_bed::WebBed;

/// A program that may keep the settings and hours of the tenant.
struct Program<'b> {
    bed: &'b WebBed,
    key: String,
}

impl WebBed {
    async fn program(&self) -> Program<'_> {
        let acts = vec![Act::SettingsRead, Act::SettingsWrite, Act::TenantsRead, Act::TenantsWrite];
        Program { bed: self, key: self.key(self.mailbox.tenant, acts).await }
    }
}

impl Program<'_> {
    fn own(&self, path: &str) -> String {
        format!("/mailboxes/{}/{path}", self.bed.mailbox.id)
    }

    async fn ask(&self, method: &str, path: &str, given: Option<Value>, status: u16) -> Value {
        let answer = self.bed.call(&self.key, method, path, given.clone(), &[]).await;
        assert_eq!(answer.status, status, "{method} {path} {given:?}: {}", answer.text());
        if answer.body.is_empty() { Value::Null } else { body(&answer) }
    }

    /// Asks for what is refused because of this field.
    async fn refused(&self, method: &str, path: &str, given: Value, field: &str) {
        let told = self.ask(method, path, Some(given.clone()), 422).await;
        assert_eq!(told["errors"][0]["field"], field, "{given}: {told}");
    }
}

// 002-032 … 002-034, 002-052 … 002-057
#[tokio::test]
async fn rules_are_kept_ordered_switched_removed_and_undone() {
    let bed = WebBed::new().await;
    let program = bed.program().await;
    let rules = program.own("rules");
    let frames = program.own("time-frames");
    let frame = json!({"name": "Office", "use": "custom", "spans": [{"span": "mon-fri 09:00-17:00"}]});
    let office = program.ask("POST", &frames, Some(frame), 201).await;
    let wanted = json!({
        "name": "Busy",
        "when": {"frame": office["id"], "outside": true, "reasons": ["busy"], "callers": ["+49 30*", "internal"]},
        "then": {
            "answer": "transfer", "target": "1002", "greeting": "busy", "operator": "1000",
            "keys": [{"key": "1", "target": "1002"}],
            "phones": {"ring_s": 20, "simring": [{"target": "+49171", "delay_s": 5, "confirm": true}]},
        },
    });
    let busy = program.ask("POST", &rules, Some(wanted), 201).await;
    assert_eq!(busy["when"]["callers"], json!(["+4930*", "internal"]));
    assert_eq!(busy["when"]["outside"], true);
    assert_eq!(
        busy["then"]["phones"]["simring"][0],
        json!({"target": "+49171", "delay_s": 5, "confirm": true})
    );
    assert_eq!(busy["told"]["when"], "outside of \"Office\", when busy, from +4930* or internal");
    assert_eq!((&busy["place"], &busy["in_time"], &busy["active"]), (&json!(1), &json!(true), &json!(false)));

    let first = json!({"name": "All", "then": {"answer": "tone"}, "place": 1});
    let all = program.ask("POST", &rules, Some(first), 201).await;
    assert_eq!((&all["place"], &all["active"]), (&json!(1), &json!(true)));
    let listed = program.ask("GET", &rules, None, 200).await;
    assert!(
        listed["items"][1]["warning"].as_str().unwrap().contains("\"All\" before it takes all its calls")
    );
    let order = json!({"rules": [busy["id"], all["id"]]});
    let moved = program.ask("PUT", &program.own("rules/order"), Some(order), 200).await;
    assert_eq!(bed.order().await, ["Busy", "All"]);
    program.ask("POST", &program.own("rules/undo"), Some(json!({"change": moved["undo"]})), 204).await;
    assert_eq!(bed.order().await, ["All", "Busy"]);
    let again =
        program.ask("POST", &program.own("rules/undo"), Some(json!({"change": moved["undo"]})), 409).await;
    assert!(again["detail"].as_str().unwrap().contains("no longer be undone"));
    let part = json!({"rules": [busy["id"]]});
    let told = program.ask("PUT", &program.own("rules/order"), Some(part), 409).await;
    assert!(told["detail"].as_str().unwrap().contains("leaves out \"All\""), "{told}");
    let twice = json!({"rules": [busy["id"], busy["id"], all["id"]]});
    let told = program.ask("PUT", &program.own("rules/order"), Some(twice), 409).await;
    assert!(told["detail"].as_str().unwrap().contains(busy["id"].as_str().unwrap()), "{told}");

    // What is not named stays as it is.
    let one = format!("{rules}/{}", busy["id"].as_str().unwrap());
    let off = program.ask("PATCH", &one, Some(json!({"enabled": false, "place": 1})), 200).await;
    assert_eq!(
        (&off["enabled"], &off["place"], &off["when"], &off["then"]),
        (&json!(false), &json!(1), &busy["when"], &busy["then"])
    );
    let always = program.ask("PATCH", &one, Some(json!({"when": null})), 200).await;
    assert_eq!(always["told"]["when"], "always");
    let gone = program.ask("DELETE", &one, None, 200).await;
    program.ask("GET", &one, None, 404).await;
    program.ask("POST", &program.own("rules/undo"), Some(json!({"change": gone["undo"]})), 204).await;
    assert_eq!(program.ask("GET", &one, None, 200).await["told"]["when"], "always");

    let deeds = bed.services.audit.page(bed.mailbox.tenant, None, 50).await.unwrap();
    for action in ["rules.added", "rules.saved", "rules.order", "rules.remove", "rules.undo", "hours.added"] {
        let deed = deeds.iter().find(|line| line.action == action).unwrap_or_else(|| panic!("{action}"));
        assert_eq!(deed.target, "mailbox 1001", "{action}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_is_said_by_its_field() {
    let bed = WebBed::new().await;
    let program = bed.program().await;
    let rules = program.own("rules");
    let nowhere = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (given, field) in [
        (json!({"name": " ", "then": {"answer": "tone"}}), "name"),
        (json!({"name": "x"}), "then"),
        (json!({"name": "x", "then": {"answer": "shout"}}), "answer"),
        (json!({"name": "x", "then": {"answer": "transfer"}}), "target"),
        (json!({"name": "x", "then": {"answer": "transfer", "target": "+1900"}}), "target"),
        (json!({"name": "x", "then": {"answer": "tone", "greeting": "busy"}}), "greeting"),
        (json!({"name": "x", "then": {"greeting": "loud"}}), "greeting"),
        (json!({"name": "x", "then": {"keys": [{"key": "0", "target": "1002"}]}}), "keys"),
        (json!({"name": "x", "then": {"phones": {"ring_s": 301}}}), "ring_s"),
        (json!({"name": "x", "then": {"phones": {"forward_busy": "foo bar"}}}), "forward_busy"),
        (json!({"name": "x", "then": {"phones": {"simring": [{"target": "a b"}]}}}), "simring"),
        (
            json!({"name": "x", "then": {"phones": {"only_extension": true, "all_phones": true}}}),
            "only_extension",
        ),
        (
            json!({"name": "x", "then": {"phones": {"only_extension": true, "simring": [{"target": "1002"}]}}}),
            "only_extension",
        ),
        (json!({"name": "x", "then": {"answer": "announcement", "target": "1002"}}), "target"),
        (json!({"name": "x", "then": {"answer": "tone"}, "when": {"outside": true}}), "outside"),
        (json!({"name": "x", "then": {"answer": "tone"}, "when": {"callers": ["+4930x"]}}), "callers"),
        (json!({"name": "x", "then": {"answer": "tone"}, "when": {"reasons": ["bored"]}}), "reasons"),
        (json!({"name": "x", "then": {"answer": "tone"}, "when": {"callers": ["some body!"]}}), "callers"),
    ] {
        program.refused("POST", &rules, given, field).await;
    }
    for unknown in [
        json!({"name": "x", "colour": "red"}),
        json!({"name": "x", "then": {"anser": "tone"}}),
        json!({"name": "x", "then": {"phones": {"ring": 5}}}),
        json!({"name": "x", "when": {"frames": []}}),
    ] {
        let told = program.ask("POST", &rules, Some(unknown), 422).await;
        assert!(told["detail"].as_str().unwrap().contains("there is no field"), "{told}");
    }
    program
        .ask(
            "POST",
            &rules,
            Some(json!({"name": "x", "then": {"answer": "tone"}, "when": {"frame": nowhere}})),
            404,
        )
        .await;
    program.ask("POST", &rules, Some(json!({"name": "Kept", "then": {"answer": "tone"}})), 201).await;
    program.ask("POST", &rules, Some(json!({"name": "Kept", "then": {"answer": "tone"}})), 409).await;
    assert_eq!(bed.order().await, ["Kept"]);
}

// 000-10
#[tokio::test]
async fn rules_of_a_colleague_are_told_and_copied_and_nobody_elses_are() {
    let bed = WebBed::new().await;
    let (colleague, stranger) = (bed.colleague().await, bed.stranger().await);
    let program = bed.program().await;
    let theirs = format!("/mailboxes/{}/rules", colleague.id);
    program.ask("POST", &theirs, Some(json!({"name": "Theirs", "then": {"answer": "tone"}})), 201).await;
    let copy = program.own("rules/copy");
    let told = program.ask("POST", &copy, Some(json!({"from": "1002", "preview": true})), 200).await;
    assert_eq!(
        told["steps"],
        json!([{"name": "Theirs", "was": null, "becomes": "always; the tone comes at once", "notes": []}])
    );
    assert!(told["undo"].is_null() && bed.order().await.is_empty());
    program.ask("POST", &copy, Some(json!({"from": "1002"})), 200).await;
    assert_eq!(bed.order().await, ["Theirs"]);
    for nobody in ["1001", "4711", "x"] {
        program.refused("POST", &copy, json!({"from": nobody}), "from").await;
    }
    for path in ["rules", "time-frames", "callers"] {
        program.ask("GET", &format!("/mailboxes/{}/{path}", stranger.id), None, 404).await;
    }
    // A session of somebody who sees only the own rules copies nobody's.
    let basic = bed.client(&bed.mailbox, Role::Basic).await;
    let headers =
        [("cookie", basic.cookie.as_str()), ("x-csrf", basic.csrf()), ("content-type", "application/json")];
    let given = json!({"from": "1002"}).to_string();
    let answer =
        bed.send("192.0.2.1", "POST", "/api/v1/mailboxes/me/rules/copy", &headers, given.into()).await;
    assert!(answer.status == 422 && !answer.text().contains("Theirs"), "{}", answer.text());
}

// 002-033
#[tokio::test]
async fn time_frames_of_mailbox_and_tenant_are_kept_apart_and_a_calendar_is_taken_whole() {
    let bed = WebBed::new().await;
    let program = bed.program().await;
    let own = program.own("time-frames");
    let office = json!({"name": "Office", "use": "open", "zone": "America/New_York", "spans": [{"span": "mon-fri 09:00-12:30,13:30-17:00"}, {"span": "2026-12-24", "note": "Christmas Eve"}]});
    let office = program.ask("POST", "/time-frames", Some(office), 201).await;
    assert_eq!((&office["mailbox"], &office["read_in"]), (&Value::Null, &json!("America/New_York")));
    assert_eq!(office["spans"][2], json!({"span": "2026-12-24", "note": "Christmas Eve"}));
    assert_eq!((&office["active"], &office["until"]), (&json!(false), &json!("2026-11-23T14:00:00Z")));
    assert_eq!(office["coming"][1], json!({"at": "2026-11-23T17:30:00Z", "active": false}));
    assert_eq!(
        program.ask("GET", &own, None, 200).await["items"][0]["id"],
        office["id"],
        "the tenant's counts there"
    );
    let then = program.ask("GET", "/time-frames?at=2026-11-23T15:00:00Z", None, 200).await;
    assert_eq!(then["items"][0]["active"], true);

    let id = office["id"].as_str().unwrap();
    program.ask("PATCH", &format!("{own}/{id}"), Some(json!({"name": "Mine"})), 404).await;
    let changed = program.ask("PATCH", &format!("/time-frames/{id}"), Some(json!({"zone": null})), 200).await;
    assert_eq!((&changed["read_in"], &changed["spans"]), (&json!("Europe/Berlin"), &office["spans"]));
    for (given, field) in [
        (json!({"name": "x", "use": "party", "spans": [{"span": "mon"}]}), "use"),
        (json!({"name": "x", "use": "open"}), "spans"),
        (json!({"name": "x", "use": "open", "spans": [{"span": "mon 09:00-09:00"}]}), "spans"),
        (json!({"name": "x", "use": "open", "spans": [{"span": "tomorrow"}]}), "spans"),
        (json!({"name": "x", "use": "open", "zone": "Mars/Olympus", "spans": [{"span": "mon"}]}), "zone"),
        (json!({"name": "x", "use": "holiday", "calendar": "no calendar"}), "calendar"),
        (json!({"name": "x", "use": "holiday", "calendar": "x", "spans": [{"span": "mon"}]}), "calendar"),
    ] {
        program.refused("POST", "/time-frames", given, field).await;
    }
    let calendar = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nSUMMARY:Christmas\nEND:VEVENT\nEND:VCALENDAR\n";
    let holidays = json!({"name": "Holidays", "use": "holiday", "calendar": calendar});
    let kept = program.ask("POST", &own, Some(holidays.clone()), 201).await;
    assert_eq!((&kept["spans"][0]["note"], &kept["mailbox"]), (&json!("Christmas"), &json!(bed.mailbox.id)));
    program.ask("POST", &own, Some(holidays.clone()), 409).await;
    let mut again = holidays;
    again["replace"] = json!(true);
    assert_eq!(program.ask("POST", &own, Some(again), 201).await["id"], kept["id"]);

    let kept = kept["id"].as_str().unwrap();
    let rule = json!({"name": "Closed", "then": {"answer": "announcement"}, "when": {"frame": kept}});
    program.ask("POST", &program.own("rules"), Some(rule), 201).await;
    let held = program.ask("DELETE", &format!("{own}/{kept}"), None, 409).await;
    assert!(held["detail"].as_str().unwrap().contains("\"Closed\" of mailbox 1001"), "{held}");
    let gone = program.ask("DELETE", &format!("/time-frames/{id}"), None, 200).await;
    program.ask("POST", &format!("{own}/undo"), Some(json!({"change": gone["undo"]})), 409).await;
    let back = program.ask("POST", "/time-frames/undo", Some(json!({"change": gone["undo"]})), 200).await;
    assert_eq!((&back["id"], &back["spans"]), (&office["id"], &office["spans"]));
}

// 002-027 … 002-030
#[tokio::test]
async fn callers_are_listed_for_mailbox_and_tenant_and_the_line_that_decides_is_told() {
    let bed = WebBed::new().await;
    let program = bed.program().await;
    let own = program.own("callers");
    let blocked = json!({"caller": "+1 900*", "verdict": "decline", "note": "premium"});
    let blocked = program.ask("POST", "/callers", Some(blocked), 201).await;
    assert_eq!((&blocked["caller"], &blocked["note"]), (&json!("+1900*"), &json!("premium")));
    let allowed =
        program.ask("POST", &own, Some(json!({"caller": "+1900555", "verdict": "allow"})), 201).await;
    let decides = async |caller: &str| {
        let told = program.ask("GET", &format!("{own}?caller={caller}"), None, 200).await;
        told["items"].as_array().unwrap().iter().map(|line| line["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(decides("%2B1900555").await, [allowed["id"].clone()]);
    assert_eq!(decides("%2B1900556").await, [blocked["id"].clone()]);
    assert!(decides("%2B4930").await.is_empty());
    for bad in ["some body!", "+4930x", "4930.."] {
        program.refused("POST", &own, json!({"caller": bad, "verdict": "busy"}), "caller").await;
    }
    let dialled = json!({"caller": "0049 30 55513", "verdict": "allow"});
    let dialled = program.ask("POST", &own, Some(dialled), 201).await;
    assert_eq!(dialled["caller"], "+493055513");
    assert_eq!(decides("00493055513").await, [dialled["id"].clone()]);
    program.refused("POST", &own, json!({"caller": "+49", "verdict": "shout"}), "verdict").await;
    program
        .refused("POST", &own, json!({"caller": "+49", "verdict": "busy", "note": "x".repeat(81)}), "note")
        .await;
    // The tenant's line is not the mailbox's to take off.
    let line = blocked["id"].as_str().unwrap();
    program.ask("DELETE", &format!("{own}/{line}"), None, 404).await;
    let gone = program.ask("DELETE", &format!("/callers/{line}"), None, 200).await;
    assert!(decides("%2B1900556").await.is_empty());
    program.ask("POST", "/callers/undo", Some(json!({"change": gone["undo"]})), 200).await;
    assert_eq!(decides("%2B1900556").await, [blocked["id"].clone()]);
    let changed = json!({"caller": "+1900*", "verdict": "busy"});
    assert_eq!(program.ask("POST", "/callers", Some(changed), 201).await["verdict"], "busy");
    let all = program.ask("GET", "/callers", None, 200).await;
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "{all}");
    let deeds = bed.services.audit.page(bed.mailbox.tenant, None, 50).await.unwrap();
    let kept = deeds.iter().find(|line| line.action == "list.kept").unwrap();
    assert_eq!(kept.target, "everybody");
    assert!(format!("{:?}", kept.was).contains("decline") && format!("{:?}", kept.became).contains("busy"));
}

/// 000-08, 000-09: presence, rings with their cadence, and the colleague's voicemail as the last step.
#[tokio::test]
async fn a_rule_of_a_presence_rings_and_ends_in_a_voicemail() {
    let bed = WebBed::new().await;
    bed.colleague().await;
    let program = bed.program().await;
    let rules = program.own("rules");
    let wanted = json!({
        "name": "Office",
        "when": {"presence": ["in-office"]},
        "then": {
            "answer": "voicemail", "target": "1002",
            "phones": {"ring_count": 4, "cadence_internal": "single", "cadence_external": "double"},
        },
    });
    let kept = program.ask("POST", &rules, Some(wanted), 201).await;
    assert_eq!(kept["when"]["presence"], json!(["in-office"]));
    assert_eq!((&kept["then"]["answer"], &kept["then"]["target"]), (&json!("voicemail"), &json!("1002")));
    let phones = &kept["then"]["phones"];
    assert_eq!((&phones["ring_count"], &phones["cadence_external"]), (&json!(4), &json!("double")));
    assert_eq!(kept["told"]["when"], "while \"In Office\"");
    assert_eq!((&kept["in_time"], &kept["active"]), (&json!(true), &json!(true)));
    for (then, when, field) in [
        (json!({"answer": "voicemail"}), json!({}), "target"),
        (json!({"answer": "voicemail", "target": "1001"}), json!({}), "target"),
        (json!({"answer": "voicemail", "target": "4711"}), json!({}), "target"),
        (json!({"answer": "tone"}), json!({"presence": ["asleep"]}), "presence"),
        (json!({"phones": {"ring_count": 21}}), json!({}), "ring_count"),
        (json!({"phones": {"ring_count": 4, "ring_s": 20}}), json!({}), "ring_s"),
        (json!({"phones": {"cadence_internal": "treble"}}), json!({}), "cadence_internal"),
    ] {
        program.refused("POST", &rules, json!({"name": "No", "when": when, "then": then}), field).await;
    }
}
