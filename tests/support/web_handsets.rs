//! Phones as administrators and provisioning programs know them.

use aftertone::clock::Clock as _;
use aftertone::domain::{LampId, Owner, Role};
use aftertone::service::access::Act;
use aftertone::store::Lamp;
use serde_json::{Value, json};

use crate::HOSTILE;
use crate::browser::Browser;
use crate::portal_in_the_browser::{check, sign_in};
use crate::web_bed::{Answer, WebBed};

fn read(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{}", answer.text_or_empty()))
}

impl WebBed {
    async fn phone(&self, key: &str, body: Value) -> Value {
        let made = self.call(key, "POST", "/handsets", Some(body), &[]).await;
        assert_eq!(made.status, 201, "{}", made.text());
        read(&made)
    }

    /// A phone has subscribed to the messages of the first mailbox.
    async fn subscribed(&self, address: &str) {
        let lamp = Lamp {
            id: LampId::from_uuid(self.clock.uuid()),
            owner: Owner { tenant: self.mailbox.tenant, mailbox: self.mailbox.id },
            name: address.to_owned(),
            dialog: address.to_owned(),
            cseq: 0,
            expires_at: Some(self.clock.now().checked_add(std::time::Duration::from_secs(3600)).unwrap()),
            told: None,
            told_at: None,
            last_error: None,
            failures: 0,
            created_at: self.clock.now(),
        };
        self.store.put_lamp(&lamp).await.unwrap();
    }
}

fn id(phone: &Value) -> String {
    phone["id"].as_str().unwrap().to_owned()
}

// 000-14, 002-013, 002-080 … 002-084, 003-05, 003-08, 003-12
#[tokio::test]
async fn a_program_adds_changes_and_removes_phones_and_is_told_what_to_mend() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let first = bed.phone(&key, json!({"owner": "1001", "mac": "00-04-F2-12-34-56"})).await;
    assert_eq!(
        (first["name"].as_str(), first["mac"].as_str(), first["label"].as_str()),
        (Some("1001a"), Some("00:04:f2:12:34:56"), Some("Ada Lovelace (x1001)"))
    );
    assert_eq!(first["waiting"], json!(false), "a new phone loads its settings by itself");
    let second = bed.phone(&key, json!({"owner": bed.mailbox.user, "model": "grandstream-ht802"})).await;
    assert_eq!(second["name"], json!("1001b"));
    let moving = bed.phone(&key, json!({"name": "moving", "model": "grandstream-ht802"})).await;
    assert!(moving["options"]["fax"].is_string(), "the model has it: {moving}");
    let path = format!("/handsets/{}", id(&moving));
    let moved = read(&bed.call(&key, "PATCH", &path, Some(json!({"model": "generic"})), &[]).await);
    assert_eq!((&moved["model"], moved["options"].get("fax")), (&json!("generic"), None), "{moved}");
    assert_eq!(bed.call(&key, "DELETE", &path, None, &[]).await.status, 204);
    let ata = format!("/handsets/{}", id(&second));
    let ports = json!([{"port": 2, "number": "+1 555 0101"}, {"port": 1, "number": "+1 555 0100"}]);
    let set = json!({
        "ports": ports, "options": {"fax": "t38"}, "overrides": "a=1\nbroken", "record_calls": true,
        "server": "pbx2.example.org", "template": "ata", "groups": ["MAIN", "Sales"],
    });
    let changed = read(&bed.call(&key, "PATCH", &ata, Some(set), &[]).await);
    assert_eq!(changed["ports"][1], json!({"port": 2, "number": "+15550101", "appearances": 1}));
    assert_eq!((&changed["options"]["fax"], &changed["waiting"]), (&json!("t38"), &json!(true)));
    assert!(changed["hints"][0].as_str().unwrap().contains("line 2"), "{changed}");
    let path = format!("/handsets/{}", id(&first));
    for (wrong, field, words) in [
        (json!({"mac": "0004f2"}), "mac", "12 hexadecimal"),
        (json!({"model": "brick"}), "model", "generic"),
        (json!({"ports": [{"port": 2, "number": "+1555"}]}), "ports", "another model"),
        (json!({"ports": [{"port": 1, "number": "+15550100"}]}), "ports", "another phone"),
        (json!({"ports": [{"port": 1, "appearances": 99}]}), "ports", "fewer"),
        (json!({"options": {"fax": "t38"}}), "options", "no such field"),
        (json!({"name": "other"}), "name", "keeps its name"),
        (json!({"owner": "1001"}), "owner", "PUT"),
        (json!({"server": "a b"}), "server", "host"),
        (json!({"overrides": "x\u{0}=1"}), "overrides", "control"),
        (json!({"groups": ["a,b"]}), "groups", "comma"),
    ] {
        let refused = bed.call(&key, "PATCH", &path, Some(wrong.clone()), &[]).await;
        assert_eq!(refused.status, 422, "{wrong}: {}", refused.text());
        let refused = read(&refused);
        assert_eq!(refused["errors"][0]["field"], json!(field), "{wrong}: {refused}");
        assert!(refused["detail"].as_str().unwrap().contains(words), "{wrong}: {refused}");
    }
    for (wrong, field) in [
        (json!({"name": "x", "mac": "0004.f212.3456"}), "mac"),
        (json!({"name": "1001A"}), "name"),
        (json!({}), "name"),
        (json!({"owner": "4711"}), "owner"),
        (json!({"owner": "01890a5d-ac96-774b-bcce-b302099a8057"}), "owner"),
    ] {
        let refused = read(&bed.call(&key, "POST", "/handsets", Some(wrong.clone()), &[]).await);
        assert_eq!(refused["errors"][0]["field"], json!(field), "{wrong}: {refused}");
    }
    // What somebody changed meanwhile is not overwritten.
    let stale = [("if-match", "\"old\"")];
    assert_eq!(bed.call(&key, "PATCH", &path, Some(json!({"site": "x"})), &stale).await.status, 412);
    let found = read(&bed.call(&key, "GET", "/handsets?search=555%200101", None, &[]).await);
    assert_eq!(found["items"], json!([]), "a number is searched for as it is kept");
    let found = read(&bed.call(&key, "GET", "/handsets?search=5550101&limit=1", None, &[]).await);
    assert_eq!(found["items"][0]["name"], json!("1001b"));
    assert_eq!(bed.call(&key, "DELETE", &path, None, &[]).await.status, 204);
    assert_eq!(bed.call(&key, "GET", &path, None, &[]).await.status, 404);
    let audit = read(&bed.call(&key, "GET", "/audit", None, &[]).await).to_string();
    for action in ["phone.added", "phone.changed", "phone.removed"] {
        assert!(audit.contains(action), "{action}");
    }
}

// 000-01, 000-03, 000-11
#[tokio::test]
async fn a_phone_changes_hands_in_two_audited_steps_and_its_ring_groups_are_asked_about() {
    let bed = WebBed::new().await;
    bed.colleague().await;
    let key = bed.key_of_all().await;
    let phone = bed.phone(&key, json!({"owner": "1001", "groups": ["MAIN", "Sales"]})).await;
    let owner = format!("/handsets/{}/owner", id(&phone));
    let nobody = bed.call(&key, "PUT", &owner, Some(json!({"owner": "4711"})), &[]).await;
    assert!(nobody.status == 422 && nobody.text().contains("there is no user"), "{}", nobody.text());
    bed.stranger().await;
    let given = read(&bed.call(&key, "PUT", &owner, Some(json!({"owner": "1002"})), &[]).await);
    assert_eq!(given["label"], json!("Grace Hopper (x1002)"));
    assert_eq!((&given["name"], &given["groups"]), (&phone["name"], &json!([])));
    assert_eq!(given["former_groups"], json!(["MAIN", "Sales"]));
    assert_eq!(given["waiting"], json!(true), "it still shows the old name");
    let audit = read(&bed.call(&key, "GET", "/audit", None, &[]).await);
    let steps: Vec<_> =
        audit["items"].as_array().unwrap().iter().filter(|line| line["action"] == "phone.owner").collect();
    assert_eq!(steps.len(), 2, "{audit}");
    assert!(steps[1]["became"].to_string().contains("null") && steps[0]["was"].to_string().contains("null"));
    let groups = format!("/handsets/{}/groups", id(&phone));
    let chosen = json!({"groups": ["Sales", "Forged"]});
    let regrouped = read(&bed.call(&key, "POST", &groups, Some(chosen), &[]).await);
    assert_eq!((&regrouped["groups"], &regrouped["former_groups"]), (&json!(["Sales"]), &json!([])));
    let free = read(&bed.call(&key, "PUT", &owner, Some(json!({"owner": null})), &[]).await);
    assert_eq!((&free["owner"], &free["label"]), (&json!(null), &json!("")));
}

// 000-05, 002-085
#[tokio::test]
async fn a_restart_says_what_happened_and_never_more() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let phone = bed.phone(&key, json!({"name": "lobby", "mac": "0004f2123456"})).await;
    let path = format!("/handsets/{}", id(&phone));
    let restart = async || read(&bed.call(&key, "POST", &format!("{path}/restart"), None, &[]).await);
    let is_waiting = async || read(&bed.call(&key, "GET", &path, None, &[]).await)["waiting"].clone();
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let said = async |confirmed: bool, words: &str| {
        let answer = restart().await;
        assert_eq!(answer["confirmed"], json!(confirmed), "{answer}");
        // Nothing was sent, unless the phone answered something.
        let is_sent = confirmed || words == "does not answer";
        assert_eq!(answer["sent"], json!(is_sent), "{answer}");
        let shown = read(&bed.call(&key, "GET", &path, None, &[]).await);
        assert_eq!(shown["restart_sent"], json!(is_sent), "{shown}");
        let page = admin.get(&format!("/admin{path}")).await;
        assert_eq!(page.text().contains("Asked last"), is_sent, "{}", page.text());
        assert_eq!(page.text().contains("Not asked"), !is_sent, "{}", page.text());
        assert!(answer["said"].as_str().unwrap().contains(words), "{words}: {answer}");
    };
    said(false, "nobody's phone").await;
    bed.call(&key, "PUT", &format!("{path}/owner"), Some(json!({"owner": "1001"})), &[]).await;
    said(false, "has subscribed").await;
    bed.subscribed("sip:1001@192.0.2.9").await;
    assert_eq!(is_waiting().await, json!(true));
    said(true, "sip:1001@192.0.2.9 confirmed").await;
    assert_eq!(is_waiting().await, json!(false));
    // Two phones of one mailbox: only the one that names itself is asked.
    bed.phone(&key, json!({"owner": "1001"})).await;
    said(false, "several phones").await;
    bed.subscribed("sip:1001-0004F2123456@192.0.2.10").await;
    said(true, "192.0.2.10").await;
    bed.subscribed("sip:lobby@192.0.2.11;gone").await;
    said(false, "several phones").await;
    bed.call(&key, "PATCH", &path, Some(json!({"mac": "", "site": "Hall"})), &[]).await;
    said(false, "does not answer").await;
    let asked = admin.post(&format!("/admin{path}/restart"), &[]).await;
    let page = admin.get(asked.header("location")).await;
    assert!(page.text().contains("was asked to restart and did not say yes"), "{}", page.text());
    // Without a MAC address nothing knows which phone this is.
    assert!(page.text().contains("It has no MAC address"), "{}", page.text());
    assert!(admin.get("/admin/handsets").await.text().contains("No MAC address"));
    assert_eq!(is_waiting().await, json!(true), "what was not confirmed is not applied");
}

// 000-06
#[tokio::test]
async fn provisioning_reads_what_each_phone_and_line_shows_as_json_and_as_a_table() {
    let bed = WebBed::new().await;
    bed.colleague().await;
    let key = bed.key_of_all().await;
    let all = &bed.services.accounts;
    all.add_number(bed.mailbox.tenant, &"1002".parse().unwrap(), "+15550102", None).await.unwrap();
    let ports = json!([{"port": 1, "number": "+15550101"}, {"port": 2, "number": "+15550102"}]);
    let overrides = "a=1\n=x\nlabel==HYPERLINK(1)";
    bed.phone(
        &key,
        json!({"owner": "1001", "model": "grandstream-ht802", "ports": ports, "mac": "0004F2-123456",
            "overrides": overrides, "site": "=cmd()", "template": "t,\"x\""}),
    )
    .await;
    bed.phone(&key, json!({"name": "spare"})).await;
    let only_phones = bed.key(bed.mailbox.tenant, vec![Act::PhonesRead]).await;
    let exported = read(&bed.call(&only_phones, "GET", "/handsets/export", None, &[]).await);
    let phone = &exported["items"][0];
    assert_eq!((&phone["mac"], &phone["label"]), (&json!("0004f2123456"), &json!("Ada Lovelace (x1001)")));
    assert_eq!(phone["overrides"], json!({"a": "1", "label": "=HYPERLINK(1)"}));
    assert_eq!(phone["lines"][0]["label"], json!("Ada Lovelace (x1001)"));
    assert_eq!(phone["lines"][1]["label"], json!("Grace Hopper (x1002)"));
    assert_eq!(
        exported["items"][1]["lines"],
        json!([{"port": 1, "number": null, "label": "", "appearances": 1}])
    );
    let table = bed.call(&only_phones, "GET", "/handsets/export.csv", None, &[]).await;
    let text = table.text().strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3, "{text}");
    assert_eq!((&rows[1][0], &rows[1][3], &rows[1][5]), ("1001a", "2", "Grace Hopper (x1002)"));
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{text}");
    assert_eq!(
        bed.call(&only_phones, "POST", "/handsets", Some(json!({"name": "x"})), &[]).await.status,
        403
    );
}

// 002-079, 002-086, 000-04
#[tokio::test]
async fn an_administrator_adds_finds_edits_gives_and_removes_a_phone() {
    let bed = WebBed::new().await;
    bed.colleague().await;
    let admin = bed.client(&bed.mailbox, Role::OfficeManager).await;
    assert!(admin.get("/admin/handsets").await.text().contains("No phones yet"));
    let blank = admin.get("/admin/handsets/new?owner=1001").await;
    assert!(blank.text().contains("1001a, 1001b, 1001c"), "{}", blank.text());
    let wrong = [("owner", "1001"), ("mac", "0004f2<b>"), ("model", "generic-ata")];
    let refused = admin.post("/admin/handsets", &wrong).await;
    assert!(
        refused.status == 422 && refused.text().contains("value=\"0004f2&#60;b&#62;\""),
        "{}",
        refused.text()
    );
    assert!(refused.text().contains("value=\"generic-ata\" selected"));
    let right = [("owner", "1001"), ("mac", "0004f2123456"), ("model", "grandstream-ht802")];
    let added = admin.post("/admin/handsets", &right).await;
    assert_eq!(added.status, 303, "{}", added.text());
    let path = added.header("location").split('?').next().unwrap().to_owned();
    let page = admin.get(added.header("location")).await;
    for part in ["Number of port 2", "name=\"option-fax\"", "readonly", "in no ring group"] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    let fields = |model: &'static str, number: &'static str| {
        vec![
            ("q", "ada & co"),
            ("mac", "00:04:f2:12:34:56"),
            ("model", model),
            ("number-1", number),
            ("appearances-1", "1"),
            ("groups", "MAIN, Sales"),
            ("overrides", "a=1\r\nbroken"),
            ("option-fax", "t38"),
        ]
    };
    let saved = admin.post(&path, &fields("grandstream-ht802", "+1 555 0100")).await;
    assert_eq!(saved.header("location"), "/admin/handsets?done=saved&q=ada+%26+co");
    let list = admin.get("/admin/handsets?q=5550100&done=saved").await;
    assert!(list.text().contains("Saved.") && list.text().contains(">Restart</span>"), "{}", list.text());
    assert!(list.text().contains(&format!("{path}?q=5550100")), "by name and by its button");
    let page = admin.get(&path).await;
    assert!(page.text().contains("Restart it to apply") && page.text().contains("line 2 is left out"));
    let refused = admin.post(&path, &fields("grandstream-ht802", "no number!")).await;
    assert!(refused.status == 422 && refused.text().contains("value=\"no number!\""), "{}", refused.text());
    let other = admin.post(&path, &fields("generic", "+15550100")).await;
    assert!(other.header("location").contains("done=model"), "{}", other.header("location"));
    let given = admin.post(&format!("{path}/owner"), &[("owner", "1002")]).await;
    let page = admin.get(given.header("location")).await;
    assert!(page.text().contains("Grace Hopper (x1002)") && page.text().contains("Ring groups of before"));
    assert_eq!(admin.post(&format!("{path}/owner"), &[("owner", "4711")]).await.status, 422);
    let grouped = admin.post(&format!("{path}/groups"), &[("group", "MAIN")]).await;
    assert!(admin.get(grouped.header("location")).await.text().contains("value=\"MAIN\""));
    let asked = admin.post(&format!("{path}/restart"), &[]).await;
    let page = admin.get(asked.header("location")).await;
    assert!(
        page.text().contains("was not asked") && page.text().contains("Nothing was sent"),
        "{}",
        page.text()
    );
    let by_hand = admin.post(&format!("{path}/applied"), &[]).await;
    assert!(!admin.get(by_hand.header("location")).await.text().contains("Restart it to apply"));
    let table = admin.get("/admin/handsets/export.csv").await;
    assert!(
        table.header("content-disposition").contains("phones.csv") && table.text().contains("0004f2123456")
    );
    let supervisor = bed.client(&bed.mailbox, Role::Supervisor).await;
    assert_eq!(supervisor.get(&path).await.status, 403);
    let stranger = bed.client(&bed.stranger().await, Role::TenantAdmin).await;
    assert_eq!(stranger.get(&path).await.status, 404);
    for action in ["", "/owner", "/groups", "/restart", "/applied", "/remove"] {
        let answer = stranger.post(&format!("{path}{action}"), &[("sure", "1"), ("owner", "")]).await;
        assert_eq!(answer.status, 404, "{action}");
    }
    let admin = bed.client(&bed.mailbox, Role::OfficeManager).await;
    assert_eq!(admin.post(&format!("{path}/remove"), &[]).await.status, 303);
    assert_eq!(admin.get(&path).await.status, 200, "nobody said that they are sure");
    assert_eq!(admin.post(&format!("{path}/remove"), &[("sure", "1")]).await.status, 303);
    assert_eq!(admin.get(&path).await.status, 404);
}

#[tokio::test]
async fn hostile_texts_of_phones_do_not_break_out_and_no_secret_of_them_is_audited() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    for (place, hostile) in HOSTILE.iter().enumerate() {
        bed.rename_owner(hostile, hostile).await;
        let text: String = hostile.chars().filter(|c| *c != ',').take(64).collect();
        let overrides = format!("{}=hunter2topsecret\n{hostile}", hostile.replace('=', ""));
        let phone = bed
            .phone(
                &key,
                json!({"owner": "1001", "site": text, "template": text, "firmware": text, "groups": [text],
                    "preference_group": text, "overrides": overrides}),
            )
            .await;
        let path = format!("/admin/handsets/{}", id(&phone));
        let owner = format!("/handsets/{}/owner", id(&phone));
        bed.call(&key, "PUT", &owner, Some(json!({"owner": null})), &[]).await;
        let search = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect::<String>();
        for page in [
            path.clone(),
            "/admin/handsets".to_owned(),
            format!("/admin/handsets?q={search}"),
            format!("/admin/handsets/new?owner={search}"),
        ] {
            let answer = admin.get(&page).await;
            assert!(answer.status == 200 && !answer.text().contains(hostile), "{place} {page}: {hostile}");
        }
    }
    let audit = admin.get("/admin/audit").await;
    assert!(!audit.text().contains("hunter2topsecret"), "values of overrides may be secrets");
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_are_added_and_edited_in_a_browser_at_every_width() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    bed.colleague().await;
    bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let key = bed.key_of_all().await;
    let home = format!("http://{}", bed.serve().await);
    sign_in(&browser, &home).await;
    browser.open(&format!("{home}/admin/handsets/new")).await;
    browser.click("input[name=owner]").await;
    browser.press("1001").await;
    browser.click("input[name=mac]").await;
    browser.press("00-04-F2-12-34-56").await;
    browser.click("button.main").await;
    browser.until("return document.querySelector('h1').textContent === 'Phone 1001a'").await;
    browser.click("input[name='number-1']").await;
    browser.press("+15550100").await;
    browser.click("input[name=groups]").await;
    browser.press("MAIN").await;
    browser
        .run(
            "document.querySelector('#settings').parentElement.querySelector('button.main').scrollIntoView()",
        )
        .await;
    browser.click("section[aria-labelledby=settings] button.main").await;
    browser.until("return document.querySelector('td .mark.urgent') !== null").await;
    let ports = json!([{"port": 1, "number": "+15550103"}]);
    let phone = bed
        .phone(
            &key,
            json!({"owner": "1002", "model": "grandstream-ht814", "mac": "0004f2123457", "ports": ports,
                "groups": ["MAIN", "Sales"], "overrides": "broken"}),
        )
        .await;
    let owner = format!("/handsets/{}/owner", id(&phone));
    bed.call(&key, "PUT", &owner, Some(json!({"owner": "1001"})), &[]).await;
    for (path, name) in [
        ("/admin/handsets".to_owned(), "phones"),
        ("/admin/handsets/new?owner=1001".to_owned(), "phone-new"),
        (format!("/admin/handsets/{}", id(&phone)), "phone"),
    ] {
        check(&browser, &format!("{home}{path}"), name).await;
    }
    assert_eq!(browser.console().await, Vec::<String>::new());
}
