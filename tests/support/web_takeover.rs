//! An extension that goes to somebody else: by the pages, by programs, in the browser.

use aftertone::domain::{Extension, Role};
use aftertone::service::access::Act;
use serde_json::json;

use crate::HOSTILE;
use crate::api::body;
use crate::browser::Browser;
use crate::portal_in_the_browser::{check, sign_in};
use crate::web_bed::WebBed;

fn number(text: &str) -> Extension {
    text.parse().unwrap()
}

fn fields<'a>(from: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("from", from),
        ("fate", "archive"),
        ("comer", "new"),
        ("first", "Konrad"),
        ("last", "Zuse"),
        ("emails", "konrad@example.org"),
        ("mode", "link"),
        ("with_numbers", "1"),
        ("reason", "Grace left"),
    ];
    let is_given = |name: &str| more.iter().any(|(other, _)| *other == name);
    usual.into_iter().filter(|(name, _)| !is_given(name)).chain(more.iter().copied()).collect()
}

// 001-02, 001-04, 001-05, 001-10, 001-12
#[tokio::test]
async fn an_extension_is_picked_looked_at_and_taken_over() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    bed.deposit_for(&grace, 2, |_| {}).await;
    let mut own_box = bed.mailbox.clone();
    own_box.operator = Some("1002".to_owned());
    bed.store.put_mailbox(&own_box).await.unwrap();
    let list = client.get("/admin/extensions").await;
    let at = |text: &str| list.text().find(text).unwrap_or_else(|| panic!("{text}: {}", list.text()));
    assert!(at("extension=1003") < at("/admin/extensions/1002"), "the free ones first");
    assert!(at("Yours") < at("/admin/extensions/1002"), "then the own one");
    let free = client.get("/admin/extensions/1007").await;
    assert_eq!((free.status, free.header("location")), (303, "/admin/users/new?extension=1007"));
    assert!(client.get(free.header("location")).await.text().contains("value=\"1007\""));
    assert_eq!(client.get("/admin/extensions/x").await.status, 404);

    let path = "/admin/extensions/1002";
    let asked = client.get(path).await;
    for text in ["Grace Hopper", "grace@example.org", "1 message, 1 unheard", "operator"] {
        assert!(asked.text().contains(text), "{text}: {}", asked.text());
    }
    let from = grace.user.unwrap().to_string();
    let wrong: [(&[(&str, &str)], &str); 6] = [
        (&[("fate", "")], "id=\"wrong-fate\""),
        (&[("emails", "")], "id=\"wrong-emails\""),
        (&[("no_mail", "1")], "choose one"),
        (&[("reason", "")], "why the extension gets another owner"),
        (&[("fate", "keep"), ("keep", "1001")], "already taken"),
        (&[("comer", "known"), ("known", "1002")], "theirs already"),
    ];
    for (change, why) in wrong {
        for confirm in ["", "1"] {
            let given = fields(&from, &[change, &[("confirm", confirm)]].concat());
            let refused = client.post(path, &given).await;
            assert!(refused.status == 422 && refused.text().contains(why), "{why}: {}", refused.text());
            assert!(refused.text().contains("value=\"Konrad\""), "what was typed stays: {why}");
        }
    }
    // 001-09: all of it at once.
    let several = [("reason", ""), ("first", ""), ("last", ""), ("fate", "keep"), ("keep", "1001")];
    let refused = client.post(path, &fields(&from, &several)).await;
    for name in ["reason", "first", "keep"] {
        assert!(refused.text().contains(&format!("id=\"wrong-{name}\"")), "{name}: {}", refused.text());
    }
    assert!(refused.text().contains("Nothing was changed: see what is marked."), "{}", refused.text());
    let review = client.post(path, &fields(&from, &[])).await;
    assert_eq!(review.status, 200);
    for text in
        ["recycle bin with 1 message and", "Messages are mailed to konrad@example.org", "Take over 1002"]
    {
        assert!(review.text().contains(text), "{text}: {}", review.text());
    }
    assert_eq!(bed.services.accounts.show(grace.tenant, &number("1002")).await.unwrap().user.first, "Grace");
    let back = client.post(path, &fields(&from, &[("back", "1")])).await;
    assert!(back.status == 200 && back.text().contains("value=\"Konrad\""));

    let done = client.post(path, &fields(&from, &[("confirm", "1"), ("invite", "1")])).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let page = client.get(done.header("location")).await;
    assert!(page.text().contains("Konrad") && page.text().contains("Taken over"), "{}", page.text());
    assert!(!page.text().contains("grace@example.org"));
    let again = client.post(path, &fields(&from, &[("confirm", "1")])).await;
    let there = client.get(again.header("location")).await;
    assert!(
        there.text().contains("this user’s by now") && there.text().contains("Konrad"),
        "{}",
        there.text()
    );
    let now = bed.services.accounts.show(grace.tenant, &number("1002")).await.unwrap();
    assert!(done.header("location").contains(&now.user.id.to_string()), "nothing changed hands twice");
    assert!(client.get("/admin/users/removed").await.text().contains("Grace Hopper"));
    let audit = client.get("/admin/audit").await;
    for text in ["extension.taken-over", "Grace left", "grace@example.org", "konrad@example.org"] {
        assert!(audit.text().contains(text), "{text}");
    }
}

// 000-11, 002-091: phones of who leaves are named before, and go where it is said.
#[tokio::test]
async fn phones_of_who_leaves_are_seen_before_and_given_by_who_may() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    let phone = json!({"name": "1002a", "owner": "1002", "groups": ["lobby"], "model": "yealink-t31p"});
    let made = body(&bed.call(&key, "POST", "/handsets", Some(phone), &[]).await);
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let from = grace.user.unwrap().to_string();
    let told = "1002a (Yealink T31P): in the ring group lobby";
    for page in ["/admin/extensions/1002".to_owned(), format!("/admin/users/{from}/remove")] {
        let page = client.get(&page).await;
        assert!(page.text().contains(told), "{}", page.text());
    }
    let seen = body(&bed.call(&key, "GET", "/extensions/1002", None, &[]).await);
    assert_eq!(
        (&seen["phones"][0]["name"], &seen["phones"][0]["groups"]),
        (&json!("1002a"), &json!(["lobby"]))
    );
    let taking = json!({"from": from, "fate": "archive", "first": "Konrad", "emails": [], "reason": "leaves",
        "phones": true});
    let users_only = bed.key(bed.mailbox.tenant, vec![Act::UsersRead, Act::UsersWrite]).await;
    let path = "/extensions/1002/takeover";
    assert_eq!(bed.call(&users_only, "POST", path, Some(taking), &[]).await.status, 403);
    let path = "/admin/extensions/1002";
    let without = client.post(path, &fields(&from, &[])).await;
    assert!(
        without.text().contains("nobody’s from then on") && without.text().contains(told),
        "{}",
        without.text()
    );
    let with = client.post(path, &fields(&from, &[("with_phones", "1")])).await;
    assert!(
        with.text().contains("Phones that go to who comes") && with.text().contains(told),
        "{}",
        with.text()
    );
    let done = client.post(path, &fields(&from, &[("with_phones", "1"), ("confirm", "1")])).await;
    assert_eq!(done.status, 303);
    let page = client.get(&format!("/admin/handsets/{id}")).await;
    assert!(page.text().contains("Konrad Zuse (x1002)") && page.text().contains("lobby"), "{}", page.text());
    let now = body(&bed.call(&key, "GET", &format!("/handsets/{id}"), None, &[]).await);
    assert_eq!((&now["groups"], &now["former_groups"]), (&json!([]), &json!(["lobby"])));
}

// 001-10, 001-13: what was mailed, who is signed in and which keys there are end with the person.
#[tokio::test]
async fn links_sessions_and_keys_of_who_left_open_nothing() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    let message = bed.deposit_for(&grace, 2, |_| {}).await;
    let link = bed.link(&message).await;
    let graces = bed.client(&grace, Role::Basic).await;
    assert_eq!((graces.get("/").await.status, bed.get(&link).await.status), (200, 200));
    let from = grace.user.unwrap().to_string();
    admin.post("/admin/extensions/1002", &fields(&from, &[("confirm", "1")])).await;
    assert_eq!(graces.get("/").await.status, 303, "signed out");
    assert_ne!(bed.get(&link).await.status, 200, "the link is dead");
    let konrad = bed.services.accounts.show(grace.tenant, &number("1002")).await.unwrap();
    let konrads = bed.client(&konrad.mailbox, Role::Basic).await;
    for page in ["/", "/?folder=trash", "/greetings", "/settings"] {
        let page = konrads.get(page).await;
        assert!(page.status == 200 && !page.text().contains("Grace"), "{}", page.text());
    }
    let heard = konrads.get(&format!("/messages/{}/audio.wav", message.id)).await;
    assert_eq!(heard.status, 404);
}

// 001-01
#[tokio::test]
async fn nobody_takes_over_from_above_from_themselves_or_from_another_tenant() {
    let bed = WebBed::new().await;
    let colleague = bed.colleague().await;
    let manager = bed.client(&colleague, Role::OfficeManager).await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let own = bed.mailbox.user.unwrap().to_string();
    let given = fields(&own, &[("confirm", "1")]);
    assert_eq!(manager.post("/admin/extensions/1001", &given).await.status, 403);
    assert_eq!(manager.get("/admin/extensions/1001").await.status, 403);
    let from = colleague.user.unwrap().to_string();
    let above = fields(
        &from,
        &[("confirm", "1"), ("fate", "keep"), ("keep", "1009"), ("comer", "known"), ("known", "1001")],
    );
    let refused = manager.post("/admin/extensions/1002", &above).await;
    assert!(refused.status == 422 && refused.text().contains("above you"), "{}", refused.text());
    let refused = admin.post("/admin/extensions/1001", &given).await;
    assert!(refused.status == 422 && refused.text().contains("removes themselves"), "{}", refused.text());
    let stranger = bed.stranger().await;
    let strangers = stranger.user.unwrap().to_string();
    let refused = admin.post("/admin/extensions/1002", &fields(&strangers, &[("confirm", "1")])).await;
    assert_eq!(refused.status, 303, "to who has it: {}", refused.text());
    for tenant in [colleague.tenant, stranger.tenant] {
        assert_eq!(bed.services.accounts.removed(tenant).await.unwrap(), []);
    }
}

// 001-05, 002-095
#[tokio::test]
async fn programs_look_and_take_over() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let grace = bed.colleague().await;
    bed.deposit_for(&grace, 2, |_| {}).await;
    let seen = body(&bed.call(&key, "GET", "/extensions/1002", None, &[]).await);
    assert_eq!((&seen["first"], &seen["holdings"]["messages"]), (&json!("Grace"), &json!(1)));
    assert_eq!(bed.call(&key, "GET", "/extensions/1999", None, &[]).await.status, 404);
    let given = json!({"from": grace.user, "fate": "keep", "keep": "1009", "first": "Konrad",
        "emails": ["konrad@example.org"], "reason": "moves"});
    let with = |name: &str, value: serde_json::Value| {
        let mut given = given.clone();
        given[name] = value;
        given
    };
    let path = "/extensions/1002/takeover";
    for (wrong, status) in [
        (with("emails", json!(null)), 422),
        (with("keep", json!(null)), 422),
        (with("keep", json!("1001")), 422),
        (with("fate", json!("archive")), 422),
        (with("fate", json!("burn")), 422),
        (with("known", json!("1001")), 422),
        (with("reason", json!("")), 422),
        (with("from", json!(bed.mailbox.user)), 409),
    ] {
        let refused = bed.call(&key, "POST", path, Some(wrong.clone()), &[]).await;
        assert_eq!(refused.status, status, "{wrong}: {}", refused.text());
    }
    // 000-01
    let mut known = with("known", json!("1999"));
    known.as_object_mut().unwrap().remove("emails");
    let nobody = bed.call(&key, "POST", path, Some(known), &[]).await;
    let told = body(&nobody);
    assert_eq!((nobody.status, &told["code"]), (422, &json!("user_not_found")), "{}", nobody.text());
    assert_eq!((&told["errors"][0]["field"], &told["errors"][0]["code"]), (&json!("known"), &told["code"]));
    let dry = bed.call(&key, "POST", path, Some(with("dry_run", json!(true))), &[]).await;
    assert_eq!((dry.status, &body(&dry)["user"]), (200, &json!(grace.user)), "{}", dry.text());
    let done = body(&bed.call(&key, "POST", path, Some(given), &[]).await);
    assert_ne!(done["user"], json!(grace.user));
    let kept = bed.services.accounts.show(grace.tenant, &number("1009")).await.unwrap();
    assert_eq!((kept.user.first.as_str(), kept.usage.messages), ("Grace", 1));
    assert_eq!(bed.services.accounts.show(grace.tenant, &number("1002")).await.unwrap().usage.messages, 0);
}

#[tokio::test]
async fn hostile_names_do_not_break_out_of_the_takeover() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    let mut user = bed.store.user(grace.tenant, grace.user.unwrap()).await.unwrap();
    let from = user.id.to_string();
    for hostile in HOSTILE {
        (user.first, user.last) = (hostile.to_string(), hostile.to_string());
        bed.store.put_user(&user).await.unwrap();
        let given = fields(&from, &[("first", hostile), ("last", hostile), ("reason", hostile)]);
        let pages = [
            client.get("/admin/extensions").await,
            client.get("/admin/extensions/1002").await,
            client.post("/admin/extensions/1002", &given).await,
        ];
        for page in pages {
            assert!(!page.text().contains(hostile), "{hostile}: {}", page.text());
        }
    }
}

// 001-05, 001-10 … 001-13
#[tokio::test(flavor = "multi_thread")]
async fn somebody_walks_through_a_takeover_and_a_reset_in_the_browser() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    bed.give(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    bed.deposit_for(&grace, 2, |_| {}).await;
    let home = format!("http://{at}/");
    sign_in(&browser, &home).await;
    check(&browser, &format!("{home}admin/users"), "admin-users").await;
    check(&browser, &format!("{home}admin/extensions"), "admin-extensions").await;
    check(&browser, &format!("{home}admin/extensions/1002"), "admin-takeover").await;
    check(&browser, &format!("{home}admin/users/{}/reset?all=1", grace.user.unwrap()), "admin-reset").await;
    check(&browser, &format!("{home}admin/users/{}", grace.user.unwrap()), "admin-user").await;

    browser.open(&format!("{home}admin/extensions")).await;
    browser.click("a[href$='/admin/extensions/1002']").await;
    browser.until("return document.title.startsWith('Extension 1002')").await;
    browser.click("input[name=fate][value=archive]").await;
    for (field, text) in [("first", "Konrad"), ("emails", "konrad@example.org"), ("reason", "Grace left")] {
        browser.click(&format!("input[name={field}]")).await;
        browser.press(text).await;
    }
    browser.click("main button.main").await;
    browser.until("return document.body.textContent.includes('What will happen')").await;
    for (width, name) in [(1440, "admin-takeover-review"), (390, "admin-takeover-review-phone")] {
        browser.resize(width).await;
        crate::portal_in_the_browser::picture(&browser, name).await;
    }
    browser.click("button[name=confirm]").await;
    browser.until("return document.body.textContent.includes('Taken over')").await;
    let konrad = bed.services.accounts.show(grace.tenant, &number("1002")).await.unwrap();
    assert_eq!((konrad.user.first.as_str(), konrad.usage.messages), ("Konrad", 0));
}

// 001-05
#[tokio::test]
async fn the_address_of_an_extension_opens_whoever_has_it_for_those_who_may_see_it() {
    let bed = WebBed::new().await;
    let grace = bed.colleague().await;
    let hers = format!("/admin/users/{}", grace.user.unwrap());
    let admin = bed.client(&bed.mailbox, Role::OfficeManager).await;
    let opened = admin.get("/extensions/1002").await;
    assert_eq!((opened.status, opened.header("location")), (303, hers.as_str()));
    for nobody in ["1007", "x", "1", "12345678901"] {
        let answer = admin.get(&format!("/extensions/{nobody}")).await;
        assert!(answer.status == 404 && answer.text().contains("Nobody has this extension"), "{nobody}");
    }
    assert_eq!(bed.get("/extensions/1002").await.header("location"), "/sign-in?next=%2Fextensions%2F1002");
    let stranger = bed.client(&bed.stranger().await, Role::TenantAdmin).await;
    assert_eq!(stranger.get("/extensions/1002").await.status, 404, "another tenant's");

    let basic = bed.client(&grace, Role::Basic).await;
    assert_eq!(basic.get("/extensions/1002").await.header("location"), "/settings", "the own one");
    let hidden = basic.get("/extensions/1001").await;
    assert_eq!((hidden.status, hidden.text()), (404, basic.get("/extensions/1007").await.text()));

    let request = axum::http::Request::builder().uri("/extensions/1002");
    let cookie = admin.cookie.replace("__Host-", "");
    let request = request.header("cookie", cookie).body(axum::body::Body::empty()).unwrap();
    let router = bed.reached_at("https://pbx.example.org/voicemail/");
    let answer = tower::ServiceExt::oneshot(router, request).await.unwrap();
    assert_eq!(answer.headers()["location"], format!("/voicemail{hers}"));
}
