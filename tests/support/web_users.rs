//! What happens to users as a whole: reset, clearing, the way back.

use std::time::Duration;

use aftertone::domain::{CallerId, GreetingKind, Role};
use aftertone::service::access::Act;
use aftertone::service::bulk::{BulkAct, Whom};
use serde_json::json;

use crate::HOSTILE;
use crate::api::{body, new_key};
use crate::browser::Browser;
use crate::portal_in_the_browser::{check, picture, sign_in};
use crate::web_bed::WebBed;

const ALL: [(&str, &str); 10] = [
    ("clear", "name"),
    ("clear", "emails"),
    ("clear", "password"),
    ("clear", "pin"),
    ("clear", "messages"),
    ("clear", "greetings"),
    ("clear", "recorded-name"),
    ("clear", "rules"),
    ("clear", "numbers"),
    ("clear", "phones"),
];

// 002-090, 002-093, 002-094, 002-095
#[tokio::test]
async fn a_user_is_reset_set_up_anew_or_taken_back() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    bed.deposit_for(&grace, 2, |_| {}).await;
    let path = format!("/admin/users/{}", grace.user.unwrap());
    let choose = client.get(&format!("{path}/reset")).await;
    for text in ["Grace Hopper", "1 message, 1 unheard", "grace@example.org", "Select all"] {
        assert!(choose.text().contains(text), "{text}: {}", choose.text());
    }
    assert!(!choose.text().contains(" checked"), "nothing is chosen for anybody");
    let all = client.get(&format!("{path}/reset?all=1")).await;
    assert_eq!(all.text().matches(" checked").count(), 10);
    let nothing = client.post(&format!("{path}/reset"), &[]).await;
    assert!(nothing.status == 422 && nothing.text().contains("Nothing is chosen"), "{}", nothing.text());
    assert_eq!(client.post(&format!("{path}/reset"), &[("clear", "everything")]).await.status, 422);

    let reset = client.post(&format!("{path}/reset"), &ALL).await;
    assert_eq!(reset.status, 303, "{}", reset.text());
    let page = client.get(reset.header("location")).await;
    assert!(page.text().contains("Setup required") && page.text().contains("Take back"), "{}", page.text());
    assert!(!page.text().contains("grace@example.org") && !page.text().contains("Hopper"));
    assert!(client.get("/admin/users").await.text().contains("Setup required"));
    let bin = client.get("/admin/users/removed").await;
    assert!(bin.text().contains("Grace Hopper") && bin.text().contains("Reset: what was cleared"));
    assert_eq!(client.post(&format!("{path}/take-back"), &[]).await.status, 303);
    assert!(client.get(&path).await.text().contains("Hopper"));
    assert_eq!(client.post(&format!("{path}/take-back"), &[]).await.status, 409, "once");

    client.post(&format!("{path}/reset"), &ALL).await;
    let fields = [("first", "Konrad"), ("last", "Zuse"), ("emails", "k@example.org"), ("extension", "1002")];
    assert_eq!(client.post(&path, &fields).await.status, 303);
    let page = client.get(&path).await;
    assert!(!page.text().contains("Setup required") && !page.text().contains("Take back"), "{}", page.text());
    let late = client.post(&format!("{path}/take-back"), &[]).await;
    assert!(late.status == 409 && late.text().contains("somebody else was set up"), "{}", late.text());
    let audit = client.get("/admin/audit").await;
    for text in ["user.reset", "user.taken-back", "recorded-name"] {
        assert!(audit.text().contains(text), "{text}");
    }
}

// 002-065, 002-066, 002-067
#[tokio::test]
async fn a_mailbox_is_limited_cleared_and_taken_back() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::OfficeManager).await;
    let grace = bed.colleague().await;
    bed.deposit_for(&grace, 2, |_| {}).await;
    let owner = aftertone::domain::Owner { tenant: grace.tenant, mailbox: grace.id };
    let path = format!("/admin/users/{}", grace.user.unwrap());
    let fields = |megabytes: &'static str| {
        [("first", "Grace"), ("emails", ""), ("extension", "1002"), ("max_megabytes", megabytes)]
    };
    assert_eq!(client.post(&path, &fields("plenty")).await.status, 422);
    assert_eq!(client.post(&path, &fields("25")).await.status, 303);
    let page = client.get(&path).await;
    assert!(page.text().contains("Used: 1 message, 0.1 of 25 MB."), "{}", page.text());
    assert_eq!(bed.store.mailbox(grace.tenant, grace.id).await.unwrap().quota.bytes, Some(25_000_000));

    // 002-065: the number is seen first, and must still be so.
    let clear = format!("{path}/clear");
    let asked = client.get(&clear).await;
    assert!(asked.text().contains("1 message, 1 unheard") && asked.text().contains("Clear 1 message<"));
    for fields in [&[("what", "messages")][..], &[("what", "messages"), ("seen", "7")]] {
        let unseen = client.post(&clear, fields).await;
        assert!(unseen.status == 409 && unseen.text().contains("look at the number"), "{}", unseen.text());
    }
    assert_eq!(bed.store.usage(grace.tenant, grace.id).await.unwrap().messages, 1);
    let cleared = client.post(&clear, &[("what", "messages"), ("seen", "1")]).await;
    assert_eq!(cleared.status, 303);
    assert!(client.get(&clear).await.text().contains("There is no message to clear."));
    assert!(client.get(&path).await.text().contains("0 messages"));
    assert_eq!(client.post(&format!("{path}/take-back"), &[]).await.status, 303);
    assert_eq!(bed.store.usage(grace.tenant, grace.id).await.unwrap().messages, 1);
    let greeting = aftertone::domain::Greeting {
        id: aftertone::domain::GreetingId::from_uuid(uuid()),
        tenant: grace.tenant,
        mailbox: grace.id,
        kind: GreetingKind::Standard,
        label: "beach".to_owned(),
        object: "greetings/beach.wav".to_owned(),
        duration_ms: 1000,
        active: true,
        from: None,
        until: None,
        created_at: grace.created_at,
    };
    bed.store.add_greeting(&greeting).await.unwrap();
    let unsure = client.post(&format!("{path}/clear"), &[("what", "data"), ("extension", "1001")]).await;
    assert!(unsure.status == 422 && unsure.text().contains("Nothing was cleared"), "{}", unsure.text());
    client.post(&format!("{path}/clear"), &[("what", "data"), ("extension", "1002")]).await;
    assert!(bed.store.greetings(owner.tenant, owner.mailbox).await.unwrap().is_empty());
    client.post(&format!("{path}/take-back"), &[]).await;
    assert_eq!(bed.store.greetings(owner.tenant, owner.mailbox).await.unwrap().len(), 1);
}

fn uuid() -> uuid::Uuid {
    uuid::Uuid::from_u128(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057)
}

// 002-001
#[tokio::test]
async fn nobody_resets_somebody_above_themselves_or_of_another_tenant() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let own = format!("/admin/users/{}", bed.mailbox.user.unwrap());
    let refused = admin.post(&format!("{own}/reset"), &ALL).await;
    assert!(refused.status == 422 && refused.text().contains("cannot reset yourself"), "{}", refused.text());
    let stranger = bed.stranger().await;
    let elsewhere = format!("/admin/users/{}", stranger.user.unwrap());
    let colleague = bed.colleague().await;
    let manager = bed.client(&colleague, Role::OfficeManager).await;
    let basic_box = bed.store.mailbox(colleague.tenant, colleague.id).await.unwrap();
    for (act, fields) in [("reset", &ALL[..]), ("clear", &[("what", "messages")]), ("take-back", &[])] {
        assert_eq!(admin.post(&format!("{elsewhere}/{act}"), fields).await.status, 404, "{act}");
        assert_eq!(manager.post(&format!("{own}/{act}"), fields).await.status, 403, "{act}");
    }
    assert_eq!(manager.get(&format!("{own}/reset")).await.status, 403);
    let admins = bed.mailbox.user.unwrap().to_string();
    for act in ["remove", "force-password", "portal-off", "welcome"] {
        let chosen = [("user", admins.as_str()), ("act", act), ("typed", "1"), ("confirm", "1")];
        let told = manager.done("/admin/users/bulk", &chosen).await;
        assert!(told.text().contains("above you"), "{act}: {}", told.text());
    }
    let basic = bed.client(&basic_box, Role::Basic).await;
    assert_eq!(basic.get(&format!("{own}/reset")).await.status, 403);
    let user = bed.store.user(bed.mailbox.tenant, bed.mailbox.user.unwrap()).await.unwrap();
    assert_eq!(user.first, "Ada", "nothing was done");
}

// 002-093, 002-065
#[tokio::test]
async fn programs_reset_clear_and_take_back() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let grace = bed.colleague().await;
    bed.deposit_for(&grace, 2, |_| {}).await;
    let path = format!("/users/{}", grace.user.unwrap());
    let held = bed.call(&key, "GET", &format!("{path}/holdings"), None, &[]).await;
    assert_eq!((held.status, &body(&held)["messages"]), (200, &json!(1)));
    for wrong in [json!({}), json!({"clear": []}), json!({"clear": ["soul"]}), json!({"clear": [7]})] {
        let refused = bed.call(&key, "POST", &format!("{path}/reset"), Some(wrong.clone()), &[]).await;
        assert_eq!(refused.status, 422, "{wrong}");
    }
    let given = json!({"clear": ["name", "messages"]});
    let call = bed.arrives(&grace, &CallerId::new(Some("+15550199"), None));
    let busy = bed.call(&key, "POST", &format!("{path}/reset"), Some(given.clone()), &[]).await;
    assert_eq!(busy.status, 409, "in the middle of a message: {}", busy.text());
    assert!(
        bed.client(&bed.mailbox, Role::TenantAdmin)
            .await
            .post(&format!("/admin{path}/reset"), &[("clear", "messages")])
            .await
            .text()
            .contains("Somebody is calling this mailbox")
    );
    drop(call);
    let reset = bed.call(&key, "POST", &format!("{path}/reset"), Some(given), &[]).await;
    assert_eq!((reset.status, &body(&reset)["messages"]), (200, &json!(1)), "{}", reset.text());
    let user = body(&bed.call(&key, "GET", &path, None, &[]).await);
    assert_eq!(
        (&user["needs_setup"], &user["first"], &user["used"]["messages"]),
        (&json!(true), &json!(""), &json!(0))
    );
    let removed = body(&bed.call(&key, "GET", "/users/removed", None, &[]).await);
    assert_eq!(
        (&removed["items"][0]["why"], &removed["items"][0]["first"]),
        (&json!("reset"), &json!("Grace"))
    );
    assert_eq!(bed.call(&key, "POST", &format!("{path}/take-back"), None, &[]).await.status, 200);
    let again = bed.call(&key, "POST", &format!("{path}/take-back"), None, &[]).await;
    assert_eq!(again.status, 409);
    let wrong = bed.call(&key, "POST", &format!("{path}/clear"), Some(json!({"what": "all"})), &[]).await;
    assert_eq!(wrong.status, 422);
    let cleared = bed.call(&key, "POST", &format!("{path}/clear"), Some(json!({"what": "data"})), &[]).await;
    assert_eq!(
        (cleared.status, &body(&cleared)["clear"]),
        (200, &json!(["messages", "greetings", "recorded-name"]))
    );
}

#[tokio::test]
async fn hostile_names_do_not_break_out_of_the_reset_page_or_the_bin() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    let mut user = bed.store.user(grace.tenant, grace.user.unwrap()).await.unwrap();
    for hostile in HOSTILE {
        (user.first, user.last) = (hostile.to_string(), hostile.to_string());
        bed.store.put_user(&user).await.unwrap();
        bed.deposit_for(&grace, 1, |_| {}).await;
        let path = format!("/admin/users/{}", user.id);
        client.post(&format!("{path}/reset"), &ALL[4..5]).await;
        for page in [format!("{path}/reset"), path, "/admin/users/removed".to_owned()] {
            let page = client.get(&page).await;
            assert_eq!(page.status, 200);
            assert!(!page.text().contains(hostile), "{hostile}");
        }
    }
}

// 002-091, 002-092
#[tokio::test]
async fn many_users_are_changed_at_once_and_one_that_fails_holds_up_no_other() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    let new = aftertone::service::accounts::NewUser {
        extension: "1003".parse().unwrap(),
        first: "Konrad".to_owned(),
        last: "Zuse".to_owned(),
        emails: Vec::new(),
        mode: None,
        pin: None,
    };
    let konrad = bed.services.accounts.add_user(grace.tenant, new).await.unwrap().mailbox;
    bed.client(&grace, Role::Basic).await;
    let stranger = bed.stranger().await;
    let ids = [&bed.mailbox, &grace, &konrad, &stranger].map(|one| one.user.unwrap().to_string());
    let [own, graces, konrads, strangers] = ids.each_ref().map(String::as_str);
    let table = client.get("/admin/users").await;
    assert!(
        table.text().contains(&format!("value=\"{graces}\""))
            && table.text().contains("Force a new password")
    );
    let nobody = client.post("/admin/users/bulk", &[("act", "welcome")]).await;
    assert!(client.get(nobody.header("location")).await.text().contains("Nobody was chosen"));

    let chosen = [("user", own), ("user", graces), ("user", konrads), ("user", strangers)];
    let with = |act: &'static str, more: &[(&'static str, &'static str)]| {
        [&chosen[..], &[("act", act)], more].concat()
    };
    let seen = client.post("/admin/users/bulk", &with("remove", &[])).await;
    assert!(seen.text().contains("1003 Konrad Zuse") && !seen.text().contains("Mallory"), "{}", seen.text());
    assert_eq!(bed.services.accounts.removed(grace.tenant).await.unwrap(), [], "only looked at");
    for text in ["With them go 0 messages", "Type 3, the number of users", "0 messages; 0 greetings"] {
        assert!(seen.text().contains(text), "{text}: {}", seen.text());
    }

    let forced = client.done("/admin/users/bulk", &with("force-password", &[("confirm", "1")])).await;
    for text in ["Done for 1 of 4", "nobody does this to themselves", "no e-mail address", "no such user"] {
        assert!(forced.text().contains(text), "{text}: {}", forced.text());
    }
    let login = bed.services.signin.login(grace.tenant, grace.user.unwrap()).await.unwrap();
    assert!(!login.has_password);
    let off = client.done("/admin/users/bulk", &with("portal-off", &[("confirm", "1")])).await;
    assert!(off.text().contains("Done for 2 of 4"), "{}", off.text());
    assert!(!bed.services.signin.login(grace.tenant, grace.user.unwrap()).await.unwrap().portal);

    let unsure = client.post("/admin/users/bulk", &with("reset", &[("confirm", "1")])).await;
    assert!(unsure.status == 422 && unsure.text().contains("Choose what is cleared"), "{}", unsure.text());
    let reset =
        client.done("/admin/users/bulk", &with("reset", &[("confirm", "1"), ("clear", "name")])).await;
    assert!(reset.text().contains("Done for 2 of 4"), "{}", reset.text());
    assert!(
        bed.services.people.person(grace.tenant, grace.user.unwrap()).await.unwrap().unwrap().needs_setup
    );
    // 002-091: what goes with them is seen first, and how many they are is typed.
    for typed in
        [&[("confirm", "1")][..], &[("confirm", "1"), ("typed", "3")], &[("confirm", "1"), ("typed", "all")]]
    {
        let unsure = client.post("/admin/users/bulk", &with("remove", typed)).await;
        assert!(unsure.status == 422 && unsure.text().contains("Nobody was removed"), "{}", unsure.text());
    }
    assert!(bed.services.people.person(grace.tenant, konrad.user.unwrap()).await.unwrap().is_some());
    let sure = [("confirm", "1"), ("typed", "4")];
    let removed = client.done("/admin/users/bulk", &with("remove", &sure)).await;
    assert!(removed.text().contains("Done for 2 of 4"), "{}", removed.text());
    let bin = bed.services.accounts.removed(grace.tenant).await.unwrap();
    assert!(bin.iter().filter(|one| one.why == aftertone::store::Why::Removed).count() == 2, "{bin:?}");
    assert!(bed.store.user(stranger.tenant, stranger.user.unwrap()).await.is_ok());
    let audit = client.get("/admin/audit").await;
    for text in ["password.forced", "role.given", "user.reset", "user.removed"] {
        assert!(audit.text().contains(text), "{text}");
    }
    // 002-001
    let manager = bed.client(&bed.mailbox, Role::OfficeManager).await;
    let basic = [("user", own), ("act", "remove"), ("typed", "1"), ("confirm", "1")];
    assert!(manager.done("/admin/users/bulk", &basic).await.text().contains("Done for 0 of 1"));
    let nothing = bed.client(&bed.mailbox, Role::Basic).await;
    assert_eq!(nothing.post("/admin/users/bulk", &basic).await.status, 403);
}

// 002-092
#[tokio::test]
async fn programs_change_many_users_and_are_told_of_each() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let grace = bed.colleague().await;
    let gone = "01890a5d-ac96-774b-bcce-b302099a8057";
    let given = json!({"act": "welcome", "users": [grace.user, gone, grace.user]});
    let begun = bed.call(&key, "POST", "/users/bulk", Some(given), &[]).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let run = body(&begun);
    assert_eq!(
        (&run["state"], &run["total"]),
        (&json!("running"), &json!(2)),
        "those named twice once: {run}"
    );
    let path = format!("/users/bulk/{}", run["id"].as_str().unwrap());
    assert!(begun.header("location").ends_with(&path), "{}", begun.header("location"));
    let id = run["id"].as_str().unwrap().parse().unwrap();
    bed.services.bulk.settled(grace.tenant, id, Duration::from_secs(20)).await.unwrap();
    let over = body(&bed.call(&key, "GET", &path, None, &[]).await);
    assert_eq!((&over["state"], &over["done"], &over["failed"]), (&json!("done"), &json!(1), &json!(1)));
    let first = body(&bed.call(&key, "GET", &format!("{path}/results?limit=1"), None, &[]).await);
    assert_eq!(first["items"][0]["state"], "done");
    let after = format!("{path}/results?after={}", first["next"].as_str().unwrap());
    let rest = body(&bed.call(&key, "GET", &after, None, &[]).await);
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert!(rest["items"][0]["why"].as_str().unwrap().contains("no such user"), "{rest}");
    assert_eq!(bed.call(&key, "GET", &format!("{path}/results?after=x"), None, &[]).await.status, 422);
    let table = bed.call(&key, "GET", &format!("{path}/results.csv"), None, &[]).await;
    assert!(table.text().contains("Grace Hopper 1002,done,"), "{}", table.text());
    let listed = body(&bed.call(&key, "GET", "/users/bulk", None, &[]).await);
    assert_eq!(listed["items"][0]["id"], run["id"]);
    assert_eq!(bed.call(&key, "POST", &format!("{path}/cancel"), Some(json!({})), &[]).await.status, 409);
    let nowhere = bed.call(&key, "GET", &format!("/users/bulk/{gone}"), None, &[]).await;
    assert_eq!(nowhere.status, 404);
    let stranger = bed.stranger().await;
    let elsewhere = bed.key(stranger.tenant, vec![Act::UsersWrite]).await;
    assert_eq!(bed.call(&elsewhere, "GET", &path, None, &[]).await.status, 404, "of another tenant");
    for wrong in [
        json!({"act": "dance", "users": [grace.user]}),
        json!({"act": "welcome", "users": []}),
        json!({"act": "welcome", "users": ["x"]}),
        json!({"act": "reset", "users": [grace.user]}),
        json!({"act": "reset", "users": [grace.user], "clear": ["soul"]}),
    ] {
        let refused = bed.call(&key, "POST", "/users/bulk", Some(wrong.clone()), &[]).await;
        assert_eq!(refused.status, 422, "{wrong}: {}", refused.text());
    }
}

// 003-06, 004-02
#[tokio::test]
async fn the_next_free_extension_is_after_the_highest_number_and_not_after_the_last_word() {
    let bed = WebBed::new().await;
    let tenant = bed.mailbox.tenant;
    for extension in ["99", "1002"] {
        let new = aftertone::service::accounts::NewUser {
            extension: extension.parse().unwrap(),
            first: String::new(),
            last: String::new(),
            emails: Vec::new(),
            mode: None,
            pin: None,
        };
        bed.services.accounts.add_user(tenant, new).await.unwrap();
    }
    assert_eq!(bed.services.people.suggestion(tenant).await.unwrap(), "1003");
    bed.services.accounts.remove(tenant, &"1002".parse().unwrap()).await.unwrap();
    assert_eq!(bed.services.people.suggestion(tenant).await.unwrap(), "1002");
    let empty = aftertone::domain::TenantId::from_uuid(uuid::Uuid::from_u128(7));
    let known = bed.store.tenant(tenant).await.unwrap();
    let new = aftertone::domain::Tenant { id: empty, name: "empty".to_owned(), domains: Vec::new(), ..known };
    bed.store.put_tenant(&new).await.unwrap();
    assert_eq!(bed.services.people.suggestion(empty).await.unwrap(), "7001", "four digits, beginning with 7");
}

/// 002-092: it goes on behind the page, says how far it is, is stopped, and is a table at last.
#[tokio::test]
async fn what_is_done_to_many_is_followed_stopped_and_downloaded() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    assert!(client.get("/admin/bulk").await.text().contains("Nothing was done to many users lately."));
    // A run that nobody works on, as after a restart.
    let run = aftertone::store::BulkRun {
        id: aftertone::domain::BulkId::from_uuid(uuid()),
        tenant: grace.tenant,
        act: "welcome".to_owned(),
        parts: "[]".to_owned(),
        actor: "{}".to_owned(),
        state: aftertone::store::BulkState::Running,
        total: 2,
        done: 0,
        failed: 0,
        made_at: grace.created_at,
        over_at: None,
    };
    bed.store.add_bulk_run(&run, &[grace.user.unwrap(), bed.mailbox.user.unwrap()]).await.unwrap();
    let until = "2099-01-01T00:00:00Z".parse().unwrap();
    let held = bed.store.lease_bulk_run(until, "lost").await.unwrap().unwrap();
    let (place, _) = bed.store.begin_bulk_row(&held, until).await.unwrap().unwrap();
    bed.store.end_bulk_row(&held, place, "=Grace", &Ok(())).await.unwrap();
    let path = format!("/admin/bulk/{}", run.id);
    let page = client.get(&path).await;
    for text in ["Goes on: Done for 1 of 2.", "1 wait.", "<progress", "Stop</button>", "=Grace"] {
        assert!(page.text().contains(text), "{text}: {}", page.text());
    }
    let nothing = bed.client(&grace, Role::Basic).await;
    for (method, address) in
        [("GET", path.clone()), ("GET", format!("{path}/result.csv")), ("GET", "/admin/bulk".to_owned())]
    {
        assert_eq!(nothing.get(&address).await.status, 403, "{method} {address}");
    }
    assert_eq!(nothing.post(&format!("{path}/cancel"), &[]).await.status, 403);
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let stopped = client.done(&format!("{path}/cancel"), &[]).await;
    assert!(stopped.text().contains("Stopped: Done for 1 of 2. 1 had no turn."), "{}", stopped.text());
    let table = client.get(&format!("{path}/result.csv")).await;
    assert!(
        table.text().contains(",'=Grace,done,") && table.text().contains(",skipped,"),
        "{}",
        table.text()
    );
    assert!(bed.store.begin_bulk_row(&held, until).await.unwrap().is_none(), "nobody has a turn any more");
    let again = client.post(&format!("{path}/cancel"), &[]).await;
    assert_eq!(again.header("location"), path, "it was over");
    let events = client.get(&format!("{path}/events")).await;
    assert!(events.text().contains("event: run") && events.text().contains("cancelled"), "{}", events.text());
}

async fn crowd(bed: &WebBed, count: u32) {
    for place in 0..count {
        let new = aftertone::service::accounts::NewUser {
            extension: (2000 + place).to_string().parse().unwrap(),
            first: "Crowd".to_owned(),
            last: format!("Person{place}"),
            emails: Vec::new(),
            mode: None,
            pin: None,
        };
        bed.services.accounts.add_user(bed.mailbox.tenant, new).await.unwrap();
    }
}

/// 002-091, 002-092: all that a filter finds, more than a page shows; by the form alone, without a script.
#[tokio::test]
async fn all_that_a_filter_finds_are_changed_together() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let tenant = bed.mailbox.tenant;
    crowd(&bed, 60).await;
    let table = client.get("/admin/users").await;
    assert!(table.text().contains("Select all 61 that this finds"), "{}", table.text());
    let found = client.get("/admin/users?q=crowd&sort=name-desc").await;
    let offer = "name=\"filter\" value=\"q=crowd\">Select all 60 that this finds";
    assert!(found.text().contains(offer), "{}", found.text());
    let few = client.get("/admin/users?q=person59").await;
    assert!(!few.text().contains("that this finds"), "all of them are on the page");

    let act = |more: &[(&'static str, &'static str)]| {
        [&[("act", "portal-off"), ("filter", "q=crowd")], more].concat()
    };
    let seen = client.post("/admin/users/bulk", &act(&[])).await;
    for text in
        ["60 users are found, these first", "Crowd Person0", "… and 40 more", "name=\"seen\" value=\"60\""]
    {
        assert!(seen.text().contains(text), "{text}: {}", seen.text());
    }
    assert_eq!(seen.text().matches("<li><span><bdi>").count(), 20);
    // Somebody came meanwhile: nothing is done to whom nobody saw.
    let changed = client.post("/admin/users/bulk", &act(&[("confirm", "1"), ("seen", "59")])).await;
    assert!(
        changed.status == 422 && changed.text().contains("finds 60 users now, and found 59"),
        "{}",
        changed.text()
    );
    let unseen = client.post("/admin/users/bulk", &act(&[("confirm", "1")])).await;
    assert_eq!(unseen.status, 422);
    let done = client.done("/admin/users/bulk", &act(&[("confirm", "1"), ("seen", "60")])).await;
    assert!(done.text().contains(" of 60"), "{}", done.text());
    let run = bed.services.bulk.runs(tenant).await.unwrap().remove(0);
    let run = bed.services.bulk.settled(tenant, run.id, Duration::from_secs(20)).await.unwrap();
    assert_eq!((run.done, run.failed), (60, 0));
    let audit = client.get("/admin/audit?action=bulk.begun").await;
    assert!(audit.text().contains("crowd"), "what was asked for is noted: {}", audit.text());

    // What this page never wrote finds nobody, however little is wrong with it.
    for wrong in ["q=crowd&status=nwe", "who=crowd", "q=crowd&sort=name", "%"] {
        let refused = client.post("/admin/users/bulk", &[("act", "remove"), ("filter", wrong)]).await;
        assert_eq!(refused.header("location"), "/admin/users?done=nobody", "{wrong}");
    }
    let nobody = client.post("/admin/users/bulk", &[("act", "remove"), ("filter", "q=nobody")]).await;
    assert!(nobody.header("location").ends_with("done=nobody"), "{}", nobody.status);
    // 002-001: as for those who are ticked, each is looked at anew.
    let manager = bed.client(&bed.mailbox, Role::OfficeManager).await;
    let all = [("act", "remove"), ("filter", "q=ada"), ("seen", "1"), ("typed", "1"), ("confirm", "1")];
    assert!(manager.done("/admin/users/bulk", &all).await.text().contains("Done for 0 of 1"));
    let nothing = bed.client(&bed.mailbox, Role::Basic).await;
    assert_eq!(nothing.post("/admin/users/bulk", &all).await.status, 403);
}

/// 002-091: what is beyond the page is offered once all of it is ticked; without scripts at once.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_beyond_the_page_is_offered_once_all_of_it_is_ticked() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    bed.give(&bed.mailbox, Role::TenantAdmin).await;
    crowd(&bed, 60).await;
    let home = format!("http://{at}/");
    sign_in(&browser, &home).await;
    let table = format!("{home}admin/users?q=crowd");
    check(&browser, &table, "users-all").await;
    browser.open(&table).await;
    let hidden = "return document.querySelector('[data-beyond]').hidden";
    assert_eq!(browser.run(hidden).await, json!(true));
    browser.click("[data-all] input").await;
    browser.until("return !document.querySelector('[data-beyond]').hidden").await;
    picture(&browser, "users-all-offered").await;
    browser.click("[data-beyond] input").await;
    browser.click("tbody tr:nth-child(2) td.choice input").await;
    browser.until("return document.querySelector('[data-beyond]').hidden").await;
    assert_eq!(
        browser.run("return document.querySelector('[data-beyond] input').checked").await,
        json!(false)
    );
    browser.click("tbody tr:nth-child(2) td.choice input").await;
    browser.click("[data-beyond] input").await;
    browser.click("#bulk button").await;
    browser.until("return document.body.textContent.includes('60 users are found, these first')").await;
    picture(&browser, "users-all-seen").await;
    browser.resize(390).await;
    picture(&browser, "users-all-seen-phone").await;
    browser.resize(1440).await;

    browser.without_scripts().await;
    browser.open(&table).await;
    browser.click("[data-beyond] input").await;
    browser.click("#bulk button").await;
    browser.until("return document.body.textContent.includes('60 users are found, these first')").await;
    assert_eq!(browser.console().await, Vec::<String>::new());
}

/// 002-092
#[tokio::test]
async fn programs_change_all_that_a_filter_finds() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let grace = bed.colleague().await;
    let stranger = bed.stranger().await;
    let given = json!({"act": "welcome", "filter": {"search": "example.org", "status": "new"}});
    let begun = bed.call(&key, "POST", "/users/bulk", Some(given), &[]).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let run = body(&begun);
    let id = run["id"].as_str().unwrap();
    bed.services.bulk.settled(grace.tenant, id.parse().unwrap(), Duration::from_secs(20)).await.unwrap();
    let results = body(&bed.call(&key, "GET", &format!("/users/bulk/{id}/results"), None, &[]).await);
    let users: Vec<&str> =
        results["items"].as_array().unwrap().iter().map(|item| item["user"].as_str().unwrap()).collect();
    assert!(users.contains(&grace.user.unwrap().to_string().as_str()), "{results}");
    assert!(!users.contains(&stranger.user.unwrap().to_string().as_str()), "another tenant's");
    for (wrong, field) in [
        (json!({"act": "welcome", "filter": {"status": "old"}}), "status"),
        (json!({"act": "welcome", "filter": {"search": "nobody"}}), "filter"),
        (json!({"act": "welcome", "filter": {}, "users": [grace.user]}), "users"),
        (json!({"act": "welcome"}), "users"),
    ] {
        let refused = bed.call(&key, "POST", "/users/bulk", Some(wrong.clone()), &[]).await;
        assert_eq!((refused.status, &body(&refused)["errors"][0]["field"]), (422, &json!(field)), "{wrong}");
    }
    let unknown = json!({"act": "welcome", "filter": {"serach": "x"}});
    let refused = bed.call(&key, "POST", "/users/bulk", Some(unknown), &[]).await;
    assert!(matches!(refused.status, 400 | 422), "{}", refused.text());
}

/// 004-05: the first section shows what there is, and its form is opened; what was typed stays while it is mended.
#[tokio::test]
async fn the_first_section_of_a_profile_shows_and_opens_its_form() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    let path = format!("/admin/users/{}", grace.user.unwrap());
    let page = client.get(&path).await;
    for text in [
        "<dt>Name</dt><dd><bdi>Grace Hopper</bdi></dd>",
        "<dt>Role</dt><dd><bdi>Basic user</bdi></dd>",
        "<details class=\"edit\"><summary>Modify<span class=\"unseen\"> Profile</span></summary>",
    ] {
        assert!(page.text().contains(text), "{text}: {}", page.text());
    }
    let wrong =
        [("first", "Gracia"), ("last", "Hopper"), ("extension", "1002"), ("emails", "not an address")];
    let refused = client.post(&path, &wrong).await;
    assert_eq!(refused.status, 422);
    for text in [
        "<details class=\"edit\" open><summary>Modify<span class=\"unseen\"> Profile",
        "value=\"Gracia\"",
        "value=\"not an address\"",
        "<bdi>Grace Hopper</bdi>",
    ] {
        assert!(refused.text().contains(text), "{text}: {}", refused.text());
    }
    // Who may not change it sees the same, without a form.
    let chief = format!("/admin/users/{}", bed.mailbox.user.unwrap());
    bed.give(&bed.mailbox, Role::TenantAdmin).await;
    let manager = bed.client(&grace, Role::OfficeManager).await;
    let page = manager.get(&chief).await;
    assert!(
        page.text().contains("<bdi>Ada Lovelace</bdi>") && !page.text().contains("name=\"first\""),
        "{}",
        page.text()
    );
}

/// 002-001, 002-092: whose role or web access was taken away goes on with nothing.
#[tokio::test]
async fn nobody_does_by_a_run_what_they_may_not_do_by_hand_any_more() {
    let bed = WebBed::new().await;
    let grace = bed.colleague().await;
    let (tenant, user) = (bed.mailbox.tenant, bed.mailbox.user.unwrap());
    let asked = serde_json::json!({"tenant": tenant, "user": user, "mailbox": bed.mailbox.id,
        "role": "tenant-admin", "name": "Ada", "scopes": null});
    for (number, role, portal, is_done) in [
        (1, Role::Basic, true, false),
        (2, Role::TenantAdmin, false, false),
        (3, Role::TenantAdmin, true, true),
    ] {
        let login = aftertone::domain::Login { tenant, user, role, has_password: true, portal };
        bed.store.put_login(&login).await.unwrap();
        let run = aftertone::store::BulkRun {
            id: aftertone::domain::BulkId::from_uuid(uuid::Uuid::from_u128(number)),
            tenant,
            act: "portal-off".to_owned(),
            parts: "[]".to_owned(),
            actor: asked.to_string(),
            state: aftertone::store::BulkState::Running,
            total: 1,
            done: 0,
            failed: 0,
            made_at: grace.created_at,
            over_at: None,
        };
        bed.store.add_bulk_run(&run, &[grace.user.unwrap()]).await.unwrap();
        bed.services.bulk.work_off(&Default::default()).await.unwrap();
        let over = bed.services.bulk.settled(tenant, run.id, Duration::from_secs(20)).await.unwrap();
        assert_eq!(over.done == 1, is_done, "{role} {portal}: {over:?}");
        assert_eq!(bed.store.login(tenant, grace.user.unwrap()).await.unwrap().portal, !is_done);
    }
    let grace_in = bed.store.login(tenant, grace.user.unwrap()).await.unwrap();
    bed.store.put_login(&aftertone::domain::Login { portal: true, ..grace_in }).await.unwrap();
    // A key that was taken back, in the middle of what it asked for.
    let (key, text) = bed.services.keys.add(new_key(tenant, vec![Act::UsersWrite])).await.unwrap();
    let actor = bed.services.keys.holder(&text).await.unwrap().unwrap();
    for is_taken_back in [false, true] {
        if is_taken_back {
            bed.services.keys.revoke(tenant, key.id).await.unwrap();
        }
        let whom = Whom::Named(&[grace.user.unwrap()]);
        let run = bed.services.bulk.begin(&actor, tenant, &BulkAct::Welcome, whom).await.unwrap();
        bed.services.bulk.work_off(&Default::default()).await.unwrap();
        let over = bed.services.bulk.settled(tenant, run.id, Duration::from_secs(20)).await.unwrap();
        assert_eq!((over.done, over.failed), if is_taken_back { (0, 1) } else { (1, 0) }, "{over:?}");
    }
}

/// 002-091, 003-15: the table is filtered, sorted and counted, all of it in the address; programs ask the same.
#[tokio::test]
async fn the_table_of_users_is_filtered_sorted_and_counted() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    bed.deposit_for(&grace, 2, |_| {}).await;
    let names = |page: &str| -> Vec<String> {
        let links = page.split("<td><a href=\"/admin/users/").skip(1);
        links.map(|rest| rest.split("<bdi>").nth(1).unwrap().split('<').next().unwrap().to_owned()).collect()
    };
    let table = client.get("/admin/users").await;
    assert_eq!(names(table.text()), ["Ada Lovelace", "Grace Hopper"]);
    for text in [
        "All <span class=\"count\">2</span>",
        "Active <span class=\"count\">1</span>",
        "New <span class=\"count\">1</span>",
        "Setup required <span class=\"count\">0</span>",
        "<td data-label=\"Unheard\">1</td>",
        "?sort=role\"",
        "?sort=status\"",
        "?sort=last-message\"",
        "aria-sort=\"ascending\"",
    ] {
        assert!(table.text().contains(text), "{text}: {}", table.text());
    }
    // The column's link sorts by it, and then the other way round.
    let by_name = client.get("/admin/users?sort=name").await;
    assert_eq!(names(by_name.text()), ["Grace Hopper", "Ada Lovelace"]);
    assert!(by_name.text().contains("href=\"/admin/users?sort=name-desc\""), "{}", by_name.text());
    assert_eq!(
        names(client.get("/admin/users?sort=name-desc").await.text()),
        ["Ada Lovelace", "Grace Hopper"]
    );
    assert_eq!(
        names(client.get("/admin/users?sort=extension-desc").await.text()),
        ["Grace Hopper", "Ada Lovelace"]
    );
    for sort in ["role-desc", "last-message", "status"] {
        let page = client.get(&format!("/admin/users?sort={sort}")).await;
        assert_eq!(names(page.text()), ["Ada Lovelace", "Grace Hopper"], "{sort}");
    }
    let latest = client.get("/admin/users?sort=last-message-desc").await;
    assert_eq!(names(latest.text()), ["Grace Hopper", "Ada Lovelace"]);
    let new = client.get("/admin/users?status=new&q=example&sort=email").await;
    assert_eq!(names(new.text()), ["Grace Hopper"]);
    // What is chosen stays chosen in the links and the form.
    for text in ["q=example&#38;status=new", "name=\"status\" value=\"new\"", "value=\"example\""] {
        assert!(new.text().contains(text), "{text}: {}", new.text());
    }
    for nobody in ["status=setup-required", "voicemail=off", "voicemail=none", "role=operator"] {
        let page = client.get(&format!("/admin/users?{nobody}")).await;
        assert!(page.text().contains("Nobody found."), "{nobody}");
    }
    // What does not read is not asked for.
    assert_eq!(names(client.get("/admin/users?status=x&sort=%22%3E-desc&after=!!").await.text()).len(), 2);

    let key = bed.key(grace.tenant, vec![Act::UsersRead]).await;
    let ask = async |query: &str| bed.call(&key, "GET", &format!("/users?{query}"), None, &[]).await;
    let first = body(&ask("sort=name&limit=1").await);
    assert_eq!((&first["items"][0]["last"], &first["items"][0]["unheard"]), (&json!("Hopper"), &json!(1)));
    let next = format!("sort=name&limit=1&after={}", first["next"].as_str().unwrap());
    let next = body(&ask(&next).await);
    assert_eq!((&next["items"][0]["last"], &next["next"]), (&json!("Lovelace"), &json!(null)));
    assert!(first["items"][0]["last_message_at"].is_string(), "{first}");
    assert!(next["items"][0]["last_message_at"].is_null(), "{next}");
    assert_eq!(body(&ask("sort=last-message&order=desc").await)["items"][0]["last"], "Hopper");
    assert_eq!(body(&ask("status=active").await)["items"].as_array().unwrap().len(), 1);
    assert_eq!(body(&ask("voicemail=on&order=desc").await)["items"][0]["last"], "Hopper");
    for (query, field) in [
        ("status=x", "status"),
        ("voicemail=x", "voicemail"),
        ("role=x", "role"),
        ("sort=x", "sort"),
        ("order=x", "order"),
    ] {
        let refused = ask(query).await;
        assert_eq!((refused.status, &body(&refused)["errors"][0]["field"]), (422, &json!(field)), "{query}");
    }
}

// 002-091
#[tokio::test]
async fn what_goes_with_many_users_and_would_lead_nowhere_is_seen_before_they_go() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    crowd(&bed, 60).await;
    bed.deposit_for(&grace, 2, |_| {}).await;
    let mut own = bed.store.mailbox(bed.mailbox.tenant, bed.mailbox.id).await.unwrap();
    own.operator = Some("1002".to_owned());
    bed.store.put_mailbox(&own).await.unwrap();
    let accounts = &bed.services.accounts;
    accounts.add_number(grace.tenant, &grace.extension, "+4930123", None).await.unwrap();
    let key = bed.key_of_all().await;
    let phone = bed.call(&key, "POST", "/handsets", Some(json!({"owner": "1002"})), &[]).await;
    assert_eq!(phone.status, 201, "{}", phone.text());
    let hers = grace.user.unwrap().to_string();
    let seen = client.post("/admin/users/bulk", &[("act", "remove"), ("user", hers.as_str())]).await;
    for text in [
        "With them go 1 message, 1 unheard",
        "1 message, 1 unheard; 0 greetings; number +4930123; phone 1002a",
        "operator (mailbox 1001)",
        "Type 1, the number of users, to confirm",
    ] {
        assert!(seen.text().contains(text), "{text}: {}", seen.text());
    }
    // What leads from one to another goes as well; of more than can be told each, how much it is.
    let both = [("act", "remove"), ("user", hers.as_str()), ("user", &bed.mailbox.user.unwrap().to_string())];
    let both = client.post("/admin/users/bulk", &both).await;
    assert!(!both.text().contains("operator (mailbox 1001)"), "{}", both.text());
    let all = client.post("/admin/users/bulk", &[("act", "remove"), ("filter", "")]).await;
    for text in ["62 users are found", "With them go 1 message, 1 unheard", "told of the first ones"] {
        assert!(all.text().contains(text), "{text}: {}", all.text());
    }
    let confirmed = |typed| {
        [("act", "remove"), ("filter", "q=crowd"), ("seen", "60"), ("typed", typed), ("confirm", "1")]
    };
    let unsure = client.post("/admin/users/bulk", &confirmed("6")).await;
    assert!(unsure.status == 422 && unsure.text().contains("type the number of users"), "{}", unsure.text());
    assert_eq!(accounts.removed(grace.tenant).await.unwrap(), []);
    let done = client.done("/admin/users/bulk", &confirmed("60")).await;
    assert!(done.text().contains(" of 60"), "{}", done.text());
}

// 002-093
#[tokio::test]
async fn a_reset_of_all_takes_the_extra_phones_and_its_taking_back_gives_them() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let (key, grace) = (bed.key_of_all().await, bed.colleague().await);
    for _ in 0..3 {
        let made = bed.call(&key, "POST", "/handsets", Some(json!({"owner": "1002"})), &[]).await;
        assert_eq!(made.status, 201, "{}", made.text());
    }
    let user = grace.user.unwrap();
    let phones = async || {
        let known = bed.store.handsets_of(grace.tenant, user).await.unwrap();
        known.into_iter().map(|known| known.handset.name.as_str().to_owned()).collect::<Vec<_>>()
    };
    let path = format!("/admin/users/{user}/reset");
    let page = client.get(&path).await;
    for text in ["Extra phones", "2 phones beside the first", r#"name="clear" value="all""#] {
        assert!(page.text().contains(text), "{text}: {}", page.text());
    }
    assert_eq!(client.post(&path, &[("clear", "phones")]).await.status, 303);
    assert_eq!(phones().await, ["1002a"]);
    assert_eq!(client.post(&format!("/admin/users/{user}/take-back"), &[]).await.status, 303);
    assert_eq!(phones().await, ["1002a", "1002b", "1002c"]);
    assert_eq!(client.post(&path, &[("clear", "all")]).await.status, 303);
    assert_eq!(phones().await, ["1002a"]);
    assert_eq!(bed.store.user(grace.tenant, user).await.unwrap().full_name(), "", "and all else");
    let many = [("act", "reset"), ("user", &user.to_string())];
    let many = client.post("/admin/users/bulk", &many).await;
    assert!(many.text().contains("Select all") && many.text().contains("Extra phones"), "{}", many.text());
}
