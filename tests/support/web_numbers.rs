//! The inventory of numbers as administrators and programs know it.

use aftertone::domain::{Login, Role};
use serde_json::{Value, json};

use crate::HOSTILE;
use crate::browser::Browser;
use crate::portal_in_the_browser::{check, sign_in};
use crate::web_bed::{Answer, WebBed};

fn read(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_| panic!("{} {}", answer.status, answer.text_or_empty()))
}

async fn mailbox_of(bed: &WebBed, key: &str, number: &str) -> String {
    let told = read(&bed.call(key, "GET", &format!("/explain?to={number}"), None, &[]).await).to_string();
    ["1001", "1002", "5550101"]
        .into_iter()
        .find(|one| told.contains(&format!("\"{one}\"")))
        .unwrap_or("none")
        .to_owned()
}

// 003-03, 003-08 … 003-12, 003-15, 004-08
#[tokio::test]
async fn a_program_puts_numbers_in_leads_them_to_users_and_ports_and_takes_them_away() {
    let bed = WebBed::new().await;
    bed.colleague().await;
    let key = bed.key_of_all().await;
    let numbers = json!(["+1 555 0100 # front desk", "+15550101..+15550103", "Support"]);
    let added = read(&bed.call(&key, "POST", "/numbers", Some(json!({"numbers": numbers})), &[]).await);
    assert_eq!(added["added"], json!(5));
    let wrong = bed.call(&key, "POST", "/numbers", Some(json!({"numbers": ["+1", "+1555 x y"]})), &[]).await;
    assert!(wrong.status == 422 && wrong.text().contains("line 2"), "{}", wrong.text());
    // Somebody's extension is no number, and every line that is to be mended is told.
    let theirs = json!({"numbers": ["+15550199", "1001", "+1 x", "1002 # Grace"]});
    let unread = read(&bed.call(&key, "POST", "/numbers", Some(theirs), &[]).await);
    assert_eq!(unread["errors"][0]["field"], json!("numbers"), "{unread}");
    let theirs = json!({"numbers": ["+15550199", "1001", "1002 # Grace"]});
    let refused = read(&bed.call(&key, "POST", "/numbers", Some(theirs), &[]).await);
    let told: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|one| one["detail"].as_str().unwrap()).collect();
    assert!(
        told[0].starts_with("line 2: ") && told[1].starts_with("line 3: ") && told.len() == 2,
        "{refused}"
    );
    let kept = read(&bed.call(&key, "GET", "/numbers?search=15550199", None, &[]).await);
    assert_eq!(kept["items"], json!([]), "nothing was written");
    let phone = json!({"name": "ata", "model": "grandstream-ht802", "mac": "0004f2123456"});
    let phone = read(&bed.call(&key, "POST", "/handsets", Some(phone), &[]).await);
    let assign = async |number: &str, body: Value| {
        bed.call(&key, "PUT", &format!("/numbers/{number}/assignment"), Some(body), &[]).await
    };
    assert_eq!(mailbox_of(&bed, &key, "%2B15550100").await, "none");
    let led = json!({"user": "1001", "phone": phone["id"], "port": 2});
    let led = read(&assign("%2B15550100", led).await);
    assert_eq!(
        (&led["extension"], &led["phone"]["port"], &led["unreachable"]),
        (&json!("1001"), &json!(2), &json!(null))
    );
    assert_eq!(mailbox_of(&bed, &key, "%2B15550100").await, "1001", "from the next call on");
    let support = read(&assign("support", json!({"user": "1001", "label": "John Support"})).await);
    assert_eq!((&support["label"], &support["unreachable"]), (&json!("John Support"), &json!("no-phone")));
    for (number, body, field) in [
        ("%2B15550101", json!({"user": "4711"}), "user"),
        ("%2B15550101", json!({"user": "1001", "phone": phone["id"], "port": 2}), "phone"),
        ("%2B15550101", json!({"user": "1001", "phone": phone["id"], "port": 3}), "port"),
        ("%2B15550101", json!({"user": "1002", "phone": phone["id"], "port": 1}), "phone"),
        ("%2B15550101", json!({"user": "1001", "phone": "nothing"}), "phone"),
        ("%2B15550100", json!({"user": "1002"}), "number"),
        ("%2B15550101", json!({"user": "1001", "extension": "1002"}), "extension"),
    ] {
        let refused = assign(number, body.clone()).await;
        assert_eq!(refused.status, 422, "{body}: {}", refused.text());
        assert_eq!(read(&refused)["errors"][0]["field"], json!(field), "{body}: {}", refused.text());
    }
    assert_eq!(assign("%2B19999", json!({"user": "1001"})).await.status, 404);
    let free = read(&bed.call(&key, "GET", "/numbers?show=free", None, &[]).await);
    assert_eq!(free["items"].as_array().unwrap().len(), 3, "what was refused is free: {free}");
    // 003-06: the user gets an extension that suits the number.
    let moved = read(&assign("%2B15550101", json!({"user": "1002", "extension": "0101"})).await);
    assert_eq!(moved["extension"], json!("0101"));
    assert_eq!(
        bed.call(&key, "DELETE", "/numbers/%2B15550100", None, &[]).await.status,
        409,
        "it leads to somebody"
    );
    assert_eq!(bed.call(&key, "DELETE", "/numbers/%2B15550100/assignment", None, &[]).await.status, 204);
    assert_eq!(mailbox_of(&bed, &key, "%2B15550100").await, "none");
    assert_eq!(bed.call(&key, "DELETE", "/numbers/%2B15550100/assignment", None, &[]).await.status, 404);
    assert_eq!(bed.call(&key, "DELETE", "/numbers/%2B15550100", None, &[]).await.status, 204);
    let audit = read(&bed.call(&key, "GET", "/audit", None, &[]).await).to_string();
    for action in ["numbers.added", "number.assigned", "number.released", "number.removed", "user.changed"] {
        assert!(audit.contains(action), "{action}");
    }
}

// 003-06, 003-09 … 003-14
#[tokio::test]
async fn an_administrator_assigns_one_number_after_the_other_and_edits_in_the_list() {
    let bed = WebBed::new().await;
    bed.colleague().await;
    let key = bed.key_of_all().await;
    let phone = json!({"name": "ata", "model": "grandstream-ht802", "mac": "0004f2123456"});
    let phone =
        read(&bed.call(&key, "POST", "/handsets", Some(phone), &[]).await)["id"].as_str().unwrap().to_owned();
    let admin = bed.client(&bed.mailbox, Role::OfficeManager).await;
    assert!(admin.get("/admin/numbers").await.text().contains("No numbers yet"));
    let refused = admin.post("/admin/numbers", &[("numbers", "+15551001\nno <number>!")]).await;
    assert!(
        refused.status == 422 && refused.text().contains("no &#60;number&#62;!</textarea>"),
        "{}",
        refused.text()
    );
    let added = admin.post("/admin/numbers", &[("numbers", "+15551001\n+15550102 # spare")]).await;
    assert_eq!(added.status, 303, "{}", added.text());
    let list = admin.get(added.header("location")).await;
    assert!(
        list.text().contains("Not reachable: no user") && list.text().contains("spare"),
        "{}",
        list.text()
    );
    let assign = "/admin/numbers/%2B15550102/assign";
    assert!(admin.get(assign).await.text().contains(">Next</button>"));
    let nobody = admin.get(&format!("{assign}?user=4711")).await;
    assert!(nobody.status == 422 && nobody.text().contains("There is no user"), "{}", nobody.text());
    let second = admin.get(&format!("{assign}?user=1002")).await;
    for part in ["Grace Hopper", "00:04:f2:12:34:56 · ata, port 1", "0102 would suit", "Save and next number"]
    {
        assert!(second.text().contains(part), "{part}: {}", second.text());
    }
    // The last four digits are somebody's: that is said, and the next rule shown.
    let taken = admin.get("/admin/numbers/%2B15551001/assign?user=1002").await;
    assert!(taken.text().contains("1001 is taken; 51001 would suit"), "{}", taken.text());
    let port = format!("{phone}:1");
    let fields = [
        ("user", "1002"),
        ("phone", port.as_str()),
        ("appearances", "1"),
        ("extension", "0102"),
        ("next", "1"),
    ];
    let wrong = [&fields[..2], &[("appearances", "9"), ("extension", "0102")]].concat();
    let refused = admin.post(assign, &wrong).await;
    assert!(refused.status == 422 && refused.text().contains("value=\"9\""), "{}", refused.text());
    let next = admin.post(assign, &fields).await;
    assert!(
        next.header("location").starts_with("/admin/numbers/%2B15551001/assign?"),
        "{}",
        next.header("location")
    );
    let last = [("user", "1001"), ("phone", ""), ("appearances", "1"), ("extension", "1001"), ("next", "1")];
    let done = admin.post("/admin/numbers/%2B15551001/assign", &last).await;
    assert!(done.header("location").contains("done=last"), "{}", done.header("location"));
    let list = admin.get("/admin/numbers").await;
    for part in
        ["Grace Hopper</bdi> (x0102)", ">ata</a>, port 1", ">Reachable</span>", "Not reachable: no phone"]
    {
        assert!(list.text().contains(part), "{part}: {}", list.text());
    }
    let edit = "/admin/numbers/%2B15550102/edit";
    let edited =
        [("first", "Amazing"), ("last", "Grace"), ("extension", "2002"), ("label", "Sales"), ("q", "2002")];
    let saved = admin.post(edit, &edited).await;
    assert_eq!(saved.header("location"), "/admin/numbers?done=saved&q=2002", "{}", saved.text());
    let list = admin.get(saved.header("location")).await;
    assert!(
        list.text().contains("Amazing Grace</bdi> (x2002)") && list.text().contains("Sales"),
        "{}",
        list.text()
    );
    let clash = [("first", "A"), ("last", "G"), ("extension", "1001"), ("label", "")];
    let refused = admin.post(edit, &clash).await;
    assert!(refused.status == 422 && refused.text().contains("1001"), "{}", refused.text());
    assert!(admin.get("/admin/numbers?show=unreachable").await.text().contains("+15551001"));
    let released = admin.post("/admin/numbers/%2B15550102/release", &[]).await;
    assert!(admin.get(released.header("location")).await.text().contains("It leads nowhere now"));
    assert!(admin.get("/admin/numbers?show=unreachable").await.text().contains("Not reachable: no number"));
    assert_eq!(admin.post("/admin/numbers/%2B15550102/remove", &[]).await.status, 303);
    assert_eq!(admin.get(assign).await.status, 404);
}

// 002-001
#[tokio::test]
async fn numbers_of_another_tenant_are_missing_and_nobody_changes_somebody_above() {
    let bed = WebBed::new().await;
    bed.colleague().await;
    let key = bed.key_of_all().await;
    bed.call(&key, "POST", "/numbers", Some(json!({"numbers": ["+15550100"]})), &[]).await;
    let stranger = bed.client(&bed.stranger().await, Role::TenantAdmin).await;
    assert!(!stranger.get("/admin/numbers").await.text().contains("15550100"));
    for path in ["assign", "edit", "release", "remove"] {
        let fields = [("user", "1001"), ("extension", "1001"), ("appearances", "1")];
        assert_eq!(
            stranger.post(&format!("/admin/numbers/%2B15550100/{path}"), &fields).await.status,
            404,
            "{path}"
        );
    }
    let supervisor = bed.client(&bed.mailbox, Role::Supervisor).await;
    assert_eq!(supervisor.get("/admin/numbers").await.status, 200);
    assert_eq!(supervisor.post("/admin/numbers", &[("numbers", "+1999")]).await.status, 403);
    let above = bed.services.accounts.show(bed.mailbox.tenant, &"1002".parse().unwrap()).await.unwrap().user;
    let login = bed.services.signin.login(above.tenant, above.id).await.unwrap();
    let operator = Login { role: Role::Operator, ..login.clone() };
    bed.services.signin.set_login(&login, &operator).await.unwrap();
    let manager = bed.client(&bed.mailbox, Role::OfficeManager).await;
    let fields = [("user", "1002"), ("appearances", "1"), ("extension", "1002")];
    assert_eq!(manager.post("/admin/numbers/%2B15550100/assign", &fields).await.status, 403);
    let number = bed.services.numbers.show(bed.mailbox.tenant, "+15550100").await.unwrap();
    assert_eq!(number.mailbox, None);
}

#[tokio::test]
async fn hostile_texts_of_numbers_do_not_break_out() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    for hostile in HOSTILE {
        bed.rename_owner(hostile, hostile).await;
        let text: String = hostile.chars().filter(|c| *c != '#').take(64).collect();
        bed.call(
            &key,
            "POST",
            "/numbers",
            Some(json!({"numbers": [format!("+15550100 # {text}"), "sales"]})),
            &[],
        )
        .await;
        let led = json!({"user": "1001", "label": text});
        assert_eq!(
            bed.call(&key, "PUT", "/numbers/sales/assignment", Some(led), &[]).await.status,
            200,
            "{hostile}"
        );
        let search = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect::<String>();
        for page in [
            "/admin/numbers".to_owned(),
            format!("/admin/numbers?q={search}&show={search}"),
            "/admin/numbers/sales/assign?user=1001".to_owned(),
            format!("/admin/numbers/sales/assign?user={search}"),
            format!("/admin/numbers/{search}/assign"),
        ] {
            let answer = admin.get(&page).await;
            assert!(answer.status < 500 && !answer.text().contains(hostile), "{page}: {}", answer.status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_assigned_in_a_browser_at_every_width() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    bed.colleague().await;
    bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let key = bed.key_of_all().await;
    let numbers = json!(["+15550100 # front desk", "+15550101", "support"]);
    bed.call(&key, "POST", "/numbers", Some(json!({"numbers": numbers})), &[]).await;
    let phone = json!({"name": "ata", "model": "grandstream-ht802", "mac": "0004f2123456"});
    bed.call(&key, "POST", "/handsets", Some(phone), &[]).await;
    let home = format!("http://{}", bed.serve().await);
    sign_in(&browser, &home).await;
    browser.open(&format!("{home}/admin/numbers/%2B15550100/assign")).await;
    browser.click("input[name=user]").await;
    browser.press("1002").await;
    browser.click("button.main").await;
    browser.until("return document.querySelector('select[name=phone]') !== null").await;
    check(&browser, &format!("{home}/admin/numbers/%2B15550100/assign?user=1002"), "number-assign").await;
    browser.run("document.querySelector('button[name=next]').scrollIntoView()").await;
    browser.click("button[name=next]").await;
    browser.until("return document.querySelector('h1').textContent === 'Assign +15550101'").await;
    check(&browser, &format!("{home}/admin/numbers"), "numbers").await;
    browser.open(&format!("{home}/admin/numbers")).await;
    browser.click("details.edit summary").await;
    browser.click("details.edit input[name=last]").await;
    browser.press(" II").await;
    browser.run("document.querySelector('details.edit button.main').scrollIntoView()").await;
    browser.click("details.edit button.main").await;
    browser.until("return document.body.textContent.includes('Grace Hopper II')").await;
    assert_eq!(browser.console().await, Vec::<String>::new());
}

/// A change of phones, numbers or tenants and its line in the audit are there both or neither.
#[tokio::test]
async fn what_cannot_be_noted_is_not_done() {
    let bed = WebBed::new().await;
    let actor = aftertone::service::access::Actor::beside_the_server(bed.mailbox.tenant, "tests");
    let tenant = bed.mailbox.tenant;
    let (handsets, numbers) = (&bed.services.handsets, &bed.services.numbers);
    let wish = || aftertone::service::handsets::HandsetWish::default();
    let phone = handsets.add(&actor, tenant, "desk", None, wish()).await.unwrap();
    numbers.add(&actor, tenant, "+15550100\n+15550101").await.unwrap();
    let to = |ringing| aftertone::service::numbers::Assignment {
        user: "1001".to_owned(),
        ringing,
        ..aftertone::service::numbers::Assignment::default()
    };
    numbers.assign(&actor, tenant, "+15550100", to(None)).await.unwrap();
    bed.refuse_audit().await;
    let before = bed.everything().await;
    let other = aftertone::service::handsets::HandsetWish { site: "Rome".to_owned(), ..wish() };
    assert!(handsets.add(&actor, tenant, "other", None, wish()).await.is_err());
    assert!(handsets.change(&actor, &phone, other).await.is_err());
    assert!(handsets.give(&actor, tenant, phone.handset.id, bed.mailbox.user).await.is_err());
    assert!(handsets.remove(&actor, tenant, phone.handset.id).await.is_err());
    assert!(numbers.add(&actor, tenant, "+15550109").await.is_err());
    assert!(numbers.drop(&actor, tenant, "+15550101").await.is_err());
    assert!(numbers.release(&actor, tenant, "+15550100").await.is_err());
    assert!(numbers.assign(&actor, tenant, "+15550101", to(None)).await.is_err());
    let new = aftertone::service::tenants::NewTenant {
        name: "acme".to_owned(),
        zone: "UTC".to_owned(),
        language: "en".to_owned(),
        ..aftertone::service::tenants::NewTenant::default()
    };
    assert!(bed.services.tenants.add(Some(("tests", tenant)), new).await.is_err());
    assert_eq!(bed.everything().await, before);
}
