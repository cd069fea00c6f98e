//! Profiles by the pages and by programs: sections, login names, contacts, numbers with greetings, what a tenant hides and lets be
//! created.

use aftertone::domain::{Greeting, GreetingId, GreetingKind, Mailbox, ProfileField, Role};
use aftertone::service::access::Act;
use serde_json::{Value, json};

use crate::HOSTILE;
use crate::api::body;
use crate::browser::Browser;
use crate::portal::{PASSWORD, session};
use crate::portal_in_the_browser::{check, sign_in};
use crate::web_bed::WebBed;

fn user(mailbox: &Mailbox) -> String {
    format!("/users/{}", mailbox.user.unwrap())
}

fn fields(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect()
}

async fn greeting(bed: &WebBed, mailbox: &Mailbox, id: u128, active: bool) -> GreetingId {
    let id = GreetingId::from_uuid(uuid::Uuid::from_u128(id));
    let greeting = Greeting {
        id,
        tenant: mailbox.tenant,
        mailbox: mailbox.id,
        kind: GreetingKind::Standard,
        label: format!("greeting {}", if active { "main" } else { "sales" }),
        object: format!("greetings/{id}.wav"),
        duration_ms: 1000,
        active,
        from: None,
        until: None,
        created_at: mailbox.created_at,
    };
    bed.store.add_greeting(&greeting).await.unwrap();
    id
}

/// 002-007, 002-008, 002-011, 002-020, 002-023, 003-04, 004-03, 004-04
#[tokio::test]
async fn a_program_changes_a_profile_field_by_field() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let path = user(&bed.mailbox);
    let set = json!({"profile": {
        "login": "Ada@home.example", "department": "Sales", "site": "Berlin", "station": "premium",
        "mobile": "0049 170 12345", "area_code": "030", "caller_id": "+49 30 1234", "emergency_caller_id": "+49301235",
        "emergency_address": "1 Main St", "sip_address": "ada@home.example", "music": "lobby.wav",
        "call_paths": 2, "record_calls": true, "listed": false,
    }});
    let first = bed.call(&key, "GET", &path, None, &[]).await;
    let tag = first.header("etag").to_owned();
    let changed = bed.call(&key, "PATCH", &path, Some(set), &[("if-match", &tag)]).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let told = body(&changed)["profile"].clone();
    assert_eq!(
        told,
        json!({
            "login": "ada@home.example", "department": "Sales", "site": "Berlin", "station": "premium",
            "mobile": "+4917012345", "area_code": "030", "caller_id": "+49301234",
            "emergency_caller_id": "+49301235", "emergency_address": "1 Main St",
            "sip_address": "sip:ada@home.example", "music": "lobby.wav", "call_paths": 2, "record_calls": true, "listed": false,
        })
    );
    let late = json!({"profile": {"site": "Köln"}});
    let late = bed.call(&key, "PATCH", &path, Some(late), &[("if-match", &tag)]).await;
    assert_eq!(late.status, 412);
    let wrong = json!({"profile": {"mobile": "0170", "area_code": "x", "department": "Research"}});
    let refused = bed.call(&key, "PATCH", &path, Some(wrong), &[]).await;
    assert_eq!(refused.status, 422);
    assert_eq!(fields(&body(&refused)), ["area_code", "mobile"]);
    for (wrong, field) in [
        (json!({"shoe_size": "42"}), "profile"),
        (json!({"department": 7}), "department"),
        (json!({"listed": "yes"}), "listed"),
        (json!({"login": "1001@home.example"}), "login"),
    ] {
        let refused = bed.call(&key, "PATCH", &path, Some(json!({"profile": wrong})), &[]).await;
        assert_eq!((refused.status, fields(&body(&refused))), (422, vec![field]), "{wrong}");
    }
    let grace = bed.colleague().await;
    let taken = json!({"profile": {"login": "ada@home.example"}});
    let taken = bed.call(&key, "PATCH", &user(&grace), Some(taken), &[]).await;
    assert_eq!((taken.status, fields(&body(&taken))), (422, vec!["login"]));
    assert_eq!(body(&bed.call(&key, "GET", &path, None, &[]).await)["profile"], told, "nothing changed");
    let nothing = json!({"profile": {"mobile": null, "station": null}});
    let cleared = body(&bed.call(&key, "PATCH", &path, Some(nothing), &[]).await);
    assert_eq!(
        (&cleared["profile"]["mobile"], &cleared["profile"]["station"]),
        (&Value::Null, &json!("standard"))
    );

    let found = bed.call(&key, "GET", "/users?department=Sales&site=Berlin", None, &[]).await;
    assert_eq!(body(&found)["items"].as_array().unwrap().len(), 1);
    let places = body(&bed.call(&key, "GET", "/users/places", None, &[]).await);
    assert_eq!(places, json!({"departments": ["Sales"], "sites": ["Berlin"]}));
    let audit = body(&bed.call(&key, "GET", "/audit", None, &[]).await).to_string();
    assert!(audit.contains("user.changed") && audit.contains("lobby.wav"), "{audit}");
}

/// 002-011: 911 is there for who may see it alone, in answers, changes, exports and pages.
#[tokio::test]
async fn emergency_data_is_hidden_from_who_may_not_see_it() {
    let bed = WebBed::new().await;
    let all = bed.key_of_all().await;
    let grace = bed.colleague().await;
    let set = json!({"profile": {"emergency_address": "1 Main St", "caller_id": "+15550100", "call_paths": 3, "record_calls": true}});
    assert_eq!(bed.call(&all, "PATCH", &user(&grace), Some(set), &[]).await.status, 200);
    let phone = json!({"owner": "1002", "mac": "0004f2123456"});
    assert_eq!(bed.call(&all, "POST", "/handsets", Some(phone), &[]).await.status, 201);
    let acts = vec![Act::UsersRead, Act::UsersWrite, Act::PhonesRead, Act::Audit];
    let some = bed.key(grace.tenant, acts).await;
    for (key, is_seen) in [(&all, true), (&some, false)] {
        let told = body(&bed.call(key, "GET", &user(&grace), None, &[]).await);
        assert_eq!(told["profile"].get("emergency_address").is_some(), is_seen, "{told}");
        let export = body(&bed.call(key, "GET", "/handsets/export", None, &[]).await)["items"][0].clone();
        assert_eq!(export["owner"].get("emergency_address").is_some(), is_seen, "{export}");
        // 002-020, 002-023, 002-038: what provisioning needs is in the export.
        assert_eq!(export["owner"]["call_paths"], json!("3"));
        assert_eq!(
            (&export["owner"]["caller_id"], &export["record_calls"]),
            (&json!("+15550100"), &json!(true))
        );
        let table = bed.call(key, "GET", "/handsets/export.csv", None, &[]).await;
        assert_eq!(table.text().contains("1 Main St"), is_seen);
        let audit = bed.call(key, "GET", "/audit", None, &[]).await;
        assert_eq!(audit.text().contains("1 Main St"), is_seen, "{}", audit.text());
        assert!(audit.text().contains("+15550100"), "{}", audit.text());
        assert!(table.text().contains("caller_id=+15550100"), "{}", table.text());
    }
    let set = json!({"profile": {"emergency_address": "2 Side St"}});
    let refused = bed.call(&some, "PATCH", &user(&grace), Some(set), &[]).await;
    assert!(refused.status == 403 && refused.text().contains("users:emergency"), "{}", refused.text());

    let manager = bed.client(&bed.mailbox, Role::OfficeManager).await;
    let page = format!("/admin/users/{}", grace.user.unwrap());
    let shown = manager.get(&page).await;
    for text in ["(911)", "911 caller ID", "911 address", "1 Main St"] {
        assert!(!shown.text().contains(text), "{text}: {}", shown.text());
    }
    let change = format!("{page}/profile");
    let emergency = [("section", "emergency"), ("emergency_address", "3 Lane")];
    assert_eq!(manager.post(&change, &emergency).await.status, 403);
    let beside = [("section", "place"), ("emergency_address", "3 Lane"), ("department", "Sales")];
    assert_eq!(
        manager.post(&change, &beside).await.status,
        303,
        "what is not of the section is not looked at"
    );
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    assert!(admin.get(&page).await.text().contains("1 Main St"));
    assert_eq!(admin.post(&change, &emergency).await.status, 303);
    assert!(admin.get(&page).await.text().contains("3 Lane"));
}

/// 004-05: each section by itself; 002-018: the login name is shown and not changed.
#[tokio::test]
async fn sections_of_a_profile_are_changed_one_by_one() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    let page = format!("/admin/users/{}", grace.user.unwrap());
    let first = client.get(&page).await;
    for text in ["1002@home", "Modify", "Phone and calls", "Emergency calls (911)", "Music on hold"] {
        assert!(first.text().contains(text), "{text}: {}", first.text());
    }
    // 002-018: what password managers read is no field that is changed.
    let hidden =
        "name=\"username\" value=\"1002@home\" autocomplete=\"username\" aria-label=\"Signs in as\" hidden";
    assert_eq!(first.text().replacen(hidden, "", 1).matches("value=\"1002@home\"").count(), 0, "read-only");
    let change = format!("{page}/profile");
    let calls =
        [("section", "calls"), ("mobile", "+49 170 12345"), ("area_code", "030"), ("record_calls", "yes")];
    let saved = client.post(&change, &calls).await;
    assert_eq!((saved.status, saved.header("location").ends_with("?done=saved#calls")), (303, true));
    let profile = bed.user_of(&grace).await.profile;
    assert_eq!((profile.mobile.as_deref(), profile.record_calls), (Some("+4917012345"), true));
    // What other sections hold stays; a box that is not ticked is no.
    let place = [("section", "place"), ("department", "Sales"), ("site", "Köln"), ("station", "premium")];
    assert_eq!(client.post(&change, &place).await.status, 303);
    assert_eq!(client.post(&change, &[("section", "contacts")]).await.status, 303);
    let after = bed.user_of(&grace).await.profile;
    assert_eq!(
        (after.mobile.as_deref(), after.listed, after.site.as_deref()),
        (Some("+4917012345"), false, Some("Köln"))
    );

    let wrong =
        [("section", "calls"), ("mobile", "0170 <b>"), ("area_code", "x"), ("caller_id", "+15550100")];
    let refused = client.post(&change, &wrong).await;
    assert_eq!(refused.status, 422);
    for text in [
        "see what is marked",
        "value=\"0170 &#60;b&#62;\"",
        "aria-invalid=\"true\"",
        "with + and the country code",
    ] {
        assert!(refused.text().contains(text), "{text}: {}", refused.text());
    }
    assert_eq!(refused.text().matches("aria-invalid").count(), 2);
    assert_eq!(bed.user_of(&grace).await.profile, after, "nothing was changed");
    for (section, status) in [("soul", 404), ("", 404)] {
        assert_eq!(client.post(&change, &[("section", section)]).await.status, status, "{section}");
    }
    for hostile in HOSTILE {
        let text: String = hostile.chars().take(60).collect();
        let answer = client.post(&change, &[("section", "place"), ("department", &text)]).await;
        let shown = client.get(&page).await;
        assert!(matches!(answer.status, 303 | 422), "{hostile:?}");
        assert!(!shown.text().contains("<script>alert") && !answer.text_or_empty().contains("<script>alert"));
    }
    let stranger = bed.stranger().await;
    let elsewhere = format!("/admin/users/{}/profile", stranger.user.unwrap());
    assert_eq!(client.post(&elsewhere, &place).await.status, 404);
    let basic = bed.client(&grace, Role::Basic).await;
    assert_eq!(basic.post(&change, &place).await.status, 403);
}

/// 003-01, 003-02: suggested, given when nobody types one, and used to sign in.
#[tokio::test]
async fn a_login_name_is_suggested_given_and_signs_in() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let suggest = async |query: &'static str| {
        body(&bed.call(&key, "GET", &format!("/users/suggestion?{query}"), None, &[]).await)
    };
    assert_eq!(suggest("first=John&last=Doe").await, json!({"login": "jdoe@home", "extension": "1002"}));
    assert_eq!(suggest("").await["login"], Value::Null);
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let form = client.get("/admin/users/new").await;
    assert!(
        form.text().contains("data-suggest=") && form.text().contains("name=\"login\""),
        "{}",
        form.text()
    );
    let john = [
        ("first", "John"),
        ("last", "Doe"),
        ("extension", "1002"),
        ("mobile", "+4917012345"),
        ("department", "Sales"),
    ];
    assert_eq!(client.post("/admin/users", &john).await.status, 303);
    assert_eq!(suggest("first=Jane&last=Doe").await["login"], json!("jdoe2@home"));
    let again = [("first", "Jane"), ("last", "Doe"), ("extension", "1003"), ("login", "JDoe@home")];
    let taken = client.post("/admin/users", &again).await;
    assert!(
        taken.status == 422
            && taken.text().contains("somebody else")
            && taken.text().contains("value=\"JDoe@home\"")
    );
    for (login, mobile, words) in
        [("1003@home", "", "letter before the @"), ("jane@elsewhere.example", "later", "see what is marked")]
    {
        let wrong = [("last", "Doe"), ("extension", "1003"), ("login", login), ("mobile", mobile)];
        let refused = client.post("/admin/users", &wrong).await;
        assert!(refused.status == 422 && refused.text().contains(words), "{words}: {}", refused.text());
    }
    let tenant = bed.mailbox.tenant;
    let added = bed.services.accounts.show(tenant, &"1002".parse().unwrap()).await.unwrap();
    let profile = &added.user.profile;
    assert_eq!(
        (profile.login.as_deref(), profile.mobile.as_deref(), profile.department.as_deref()),
        (Some("jdoe@home"), Some("+4917012345"), Some("Sales"))
    );
    bed.give(&added.mailbox, Role::Basic).await;
    for name in ["jdoe@home", " JDOE@Home ", "1002@home"] {
        let entered = bed.enter(name, PASSWORD, "192.0.2.7").await;
        assert!(entered.status == 303 && !session(&entered).is_empty(), "{name}");
    }
    // The address that somebody else signs in with is nobody's user ID; the own one may be.
    for (whose, status) in [(&added.mailbox, 422), (&bed.mailbox, 200)] {
        let set = json!({"profile": {"login": "ada@example.org"}});
        let answer = bed.call(&key, "PATCH", &user(whose), Some(set), &[]).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    assert_eq!(bed.enter("ada@example.org", PASSWORD, "192.0.2.8").await.status, 303, "still one person");
    for name in ["jdoe", "jdoe2@home", "jdoe@elsewhere"] {
        assert_ne!(bed.enter(name, PASSWORD, "192.0.2.7").await.status, 303, "{name}");
    }
    // 004-03: the mobile phone is offered to be called.
    let own = bed.client(&added.mailbox, Role::Basic).await;
    assert!(own.get("/greetings").await.text().contains("<option value=\"+4917012345\">Mobile phone"));
}

/// 002-016: by the name, or by the way to the profile beside it; 002-007, 002-008: by department and site.
#[tokio::test]
async fn the_table_leads_to_profiles_and_is_filtered() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::OfficeManager).await;
    let grace = bed.colleague().await;
    let page = format!("/admin/users/{}", grace.user.unwrap());
    let place = [("section", "place"), ("department", "Sales & Co"), ("site", "Köln")];
    client.post(&format!("{page}/profile"), &place).await;
    let table = client.get("/admin/users").await;
    assert_eq!(table.text().matches(&format!("href=\"{page}\"")).count(), 2, "{}", table.text());
    assert!(
        table.text().contains("Profile of Grace Hopper") && table.text().contains("Sales &#38; Co, Köln")
    );
    let sales = client.get("/admin/users?department=Sales+%26+Co").await;
    assert!(
        sales.text().contains("Grace Hopper") && !sales.text().contains("Profile of Ada"),
        "{}",
        sales.text()
    );
    let nobody = client.get("/admin/users?department=Sales+%26+Co&site=Berlin").await;
    assert!(nobody.text().contains("No user fits this choice"), "{}", nobody.text());
}

/// 002-022: who is not listed is in no list of contacts; everybody sees who is.
#[tokio::test]
async fn contacts_are_those_who_want_to_be_listed() {
    let bed = WebBed::new().await;
    let grace = bed.colleague().await;
    bed.stranger().await;
    let key = bed.key(grace.tenant, vec![Act::Directory]).await;
    let listed = async |query: &'static str| {
        let answer = bed.call(&key, "GET", &format!("/contacts{query}"), None, &[]).await;
        let told = body(&answer);
        let items = told["items"].as_array().unwrap_or_else(|| panic!("{told}")).clone();
        items.iter().map(|one| one["extension"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed("").await, ["1001", "1002"]);
    assert_eq!(listed("?search=hop").await, ["1002"]);
    assert_eq!(bed.call(&key, "GET", "/contacts?after=x", None, &[]).await.status, 422);
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let change = format!("/admin/users/{}/profile", grace.user.unwrap());
    admin.post(&change, &[("section", "place"), ("department", "Navy")]).await;
    assert_eq!(listed("?department=Navy").await, ["1002"]);
    let basic = bed.client(&grace, Role::Basic).await;
    let page = basic.get("/contacts").await;
    assert!(page.text().contains("Ada Lovelace") && page.text().contains("Navy"), "{}", page.text());
    assert!(!page.text().contains("Mallory") && !page.text().contains("ada@example.org"));
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    admin.post(&change, &[("section", "contacts")]).await;
    assert_eq!(listed("").await, ["1001"]);
    assert!(basic.get("/contacts?q=hopper").await.text().contains("Nobody found"));
    assert_eq!(bed.get("/contacts").await.status, 303, "a stranger signs in first");
}

/// 002-001, 002-022, 004-03: people change their mobile phone and whether they are listed, and nothing else.
#[tokio::test]
async fn everybody_changes_the_own_mobile_phone_and_listing() {
    let bed = WebBed::new().await;
    let grace = bed.colleague().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let change = format!("/admin/users/{}/profile", grace.user.unwrap());
    admin.post(&change, &[("section", "place"), ("department", "Navy")]).await;
    admin.post(&change, &[("section", "emergency"), ("emergency_address", "1 Main St")]).await;
    let client = bed.client(&grace, Role::Basic).await;
    let page = client.get("/settings").await;
    assert!(page.text().contains("Navy") && !page.text().contains("1 Main St"), "{}", page.text());
    let mobile = [("mobile", "+49 170 12345"), ("department", "Sales")];
    assert_eq!(client.post("/settings/profile", &mobile).await.status, 303);
    let profile = bed.user_of(&grace).await.profile;
    assert_eq!(
        (profile.mobile.as_deref(), profile.listed, profile.department.as_deref()),
        (Some("+4917012345"), false, Some("Navy"))
    );
    let wrong = client.post("/settings/profile", &[("mobile", "0170")]).await;
    assert!(wrong.status == 422 && wrong.text().contains("country code"), "{}", wrong.text());

    let of_grace = bed.services.keys.add(aftertone::service::keys::NewKey {
        tenant: grace.tenant,
        user: grace.user,
        name: "phone".to_owned(),
        acts: vec![Act::SettingsRead, Act::SettingsWrite],
        expires_at: None,
    });
    let key = format!("Bearer {}", of_grace.await.unwrap().1);
    let own = bed.call(&key, "GET", "/me/profile", None, &[]).await;
    assert_eq!((&body(&own)["mobile"], body(&own).get("emergency_address")), (&json!("+4917012345"), None));
    let set = json!({"listed": true, "mobile": null});
    let set = bed.call(&key, "PATCH", "/me/profile", Some(set), &[("if-match", own.header("etag"))]).await;
    assert_eq!((&body(&set)["listed"], &body(&set)["mobile"]), (&json!(true), &Value::Null));
    for (wrong, status, field) in [
        (json!({"department": "Sales"}), 422, Some("department")),
        (json!({"login": "boss@home"}), 422, Some("login")),
        (json!({"mobile": "0170"}), 422, Some("mobile")),
        (json!({"emergency_address": "x"}), 403, None),
    ] {
        let refused = bed.call(&key, "PATCH", "/me/profile", Some(wrong.clone()), &[]).await;
        assert_eq!(refused.status, status, "{wrong}");
        assert!(field.is_none_or(|field| fields(&body(&refused)) == [field]), "{wrong}");
    }
    let late =
        bed.call(&key, "PATCH", "/me/profile", Some(json!({})), &[("if-match", own.header("etag"))]).await;
    assert_eq!(late.status, 412);
    let tenants = bed.key_of_all().await;
    assert_eq!(bed.call(&tenants, "GET", "/me/profile", None, &[]).await.status, 404, "nobody's");
    assert!(bed.user_of(&grace).await.profile.listed);
}

/// 004-06, 004-07: many numbers of one user, each with the main greeting or one of its own.
#[tokio::test]
async fn numbers_are_added_greeted_and_removed_and_a_call_hears_which() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let key = bed.key_of_all().await;
    let main = greeting(&bed, &bed.mailbox, 11, true).await;
    let sales = greeting(&bed, &bed.mailbox, 12, false).await;
    let page = format!("/admin/users/{}", bed.mailbox.user.unwrap());
    for (number, label) in
        [("+1 555 0100", "Sales"), ("1201", ""), ("sip:Support@home.example", "John Support")]
    {
        let added = client.post(&format!("{page}/numbers"), &[("number", number), ("label", label)]).await;
        assert_eq!(added.status, 303, "{}", added.text());
    }
    let shown = client.get(&page).await;
    for text in [
        "Extensions, phone numbers",
        "+15550100",
        "1201",
        "support@home.example",
        "John Support",
        "greeting sales (standard)",
    ] {
        assert!(shown.text().contains(text), "{text}: {}", shown.text());
    }
    let grace = bed.colleague().await;
    for (number, words) in [("1002", "already leads"), ("a b", "write a number")] {
        let refused = client.post(&format!("{page}/numbers"), &[("number", number)]).await;
        assert!(refused.status == 422 && refused.text().contains(words), "{words}: {}", refused.text());
    }
    let heard = async |to: &'static str| {
        let told = bed.call(&key, "GET", &format!("/explain?to={to}"), None, &[]).await;
        body(&told)["greeting"].to_string()
    };
    assert!(heard("%2B15550100").await.contains("nothing more special fits"));
    let set = [("greeting", sales.to_string())];
    let set = [(set[0].0, set[0].1.as_str())];
    assert_eq!(client.post(&format!("{page}/numbers/%2B15550100/greeting"), &set).await.status, 303);
    assert!(heard("%2B15550100").await.contains("the greeting of the number that was called"));
    assert!(heard("1201").await.contains("nothing more special fits"), "the others follow the main one");
    assert!(heard("1001").await.contains("nothing more special fits"));
    let path = format!("/users/{}/numbers", bed.mailbox.user.unwrap());
    let told = body(&bed.call(&key, "GET", &user(&bed.mailbox), None, &[]).await)["numbers"].clone();
    assert_eq!(told[0], json!({"number": "+15550100", "label": "Sales", "greeting": sales}));
    // The label changes, the greeting stays.
    let again = json!({"number": "+15550100", "label": "Orders"});
    assert_eq!(bed.call(&key, "POST", &path, Some(again), &[]).await.status, 201);
    assert!(heard("%2B15550100").await.contains("the number that was called"));

    let theirs = greeting(&bed, &grace, 13, true).await;
    let own = format!("{path}/support@home.example/greeting");
    for (number, greeting, status) in [
        ("support@home.example", json!(theirs), 422),
        ("nobody", json!(main), 404),
        ("support@home.example", json!(main), 200),
    ] {
        let path = format!("{path}/{number}/greeting");
        let answer = bed.call(&key, "PUT", &path, Some(json!({"greeting": greeting})), &[]).await;
        assert_eq!(answer.status, status, "{number}: {}", answer.text());
    }
    let otherwise = format!("{path}/SUPPORT@Home.example/greeting");
    let spelled = body(&bed.call(&key, "PUT", &otherwise, Some(json!({"greeting": main})), &[]).await);
    assert_eq!((&spelled["number"], &spelled["greeting"]), (&json!("support@home.example"), &json!(main)));
    let back = body(&bed.call(&key, "PUT", &own, Some(json!({"greeting": null})), &[]).await);
    assert_eq!((&back["number"], &back["greeting"]), (&json!("support@home.example"), &Value::Null));
    let wrong = client.post(&format!("{page}/numbers/1201/greeting"), &[("greeting", "x")]).await;
    assert!(wrong.status == 422 && wrong.text().contains("no such greeting"));
    assert_eq!(
        client.post(&format!("{page}/numbers/%2B15550100/greeting"), &[("greeting", "")]).await.status,
        303
    );
    assert!(heard("%2B15550100").await.contains("nothing more special fits"));
    assert_eq!(client.post(&format!("{page}/numbers/1201/remove"), &[]).await.status, 303);
    assert_eq!(client.post(&format!("{page}/numbers/1201/remove"), &[]).await.status, 422, "once");
    // Who is no administrator gives the own numbers their greetings, and nobody else's.
    let own_page = bed.client(&bed.mailbox, Role::Basic).await;
    let page = own_page.get("/greetings").await;
    assert!(
        page.text().contains("Your numbers") && page.text().contains("Callers of +15550100 hear"),
        "{}",
        page.text()
    );
    assert_eq!(own_page.post("/greetings/numbers/%2B15550100", &set).await.status, 303);
    assert!(heard("%2B15550100").await.contains("the number that was called"));
    let wrong = [("greeting", theirs.to_string())];
    let wrong = own_page.post("/greetings/numbers/%2B15550100", &[(wrong[0].0, wrong[0].1.as_str())]).await;
    assert!(wrong.status == 422 && wrong.text().contains("no such greeting"), "{}", wrong.text());
    let other = bed.client(&grace, Role::Basic).await;
    assert_eq!(other.post("/greetings/numbers/%2B15550100", &[("greeting", "")]).await.status, 404);
    let mine = format!("/mailboxes/{}/numbers/%2B15550100/greeting", bed.mailbox.id);
    let back = bed.call(&key, "PUT", &mine, Some(json!({"greeting": null})), &[]).await;
    assert_eq!((back.status, &body(&back)["greeting"]), (200, &Value::Null));
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let audit = client.get("/admin/audit").await;
    for text in ["number.added", "number.greeted", "number.removed"] {
        assert!(audit.text().contains(text), "{text}");
    }
}

/// 001-03: who may not add users is led to the help link, by every way in.
#[tokio::test]
async fn users_are_added_by_whom_the_policy_names() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let policy = bed.call(&key, "GET", "/policy", None, &[]).await;
    assert_eq!(body(&policy)["who_may_create"], json!("office-manager"));
    for (wrong, field) in [
        (json!({"who_may_create": "everybody"}), "who_may_create"),
        (json!({"help_link": "javascript:alert(1)"}), "help_link"),
        (json!({"hidden_fields": ["login"]}), "hidden_fields"),
        (json!({"hidden_fields": ["shoe"]}), "hidden_fields"),
    ] {
        let refused = bed.call(&key, "PATCH", "/policy", Some(wrong.clone()), &[]).await;
        assert_eq!((refused.status, fields(&body(&refused))), (422, vec![field]), "{wrong}");
    }
    let new = json!({"extension": "1005", "last": "Zuse"});
    let ticket = json!({"who_may_create": "ticket", "help_link": "https://help.example.org/new"});
    let set = bed.call(&key, "PATCH", "/policy", Some(ticket), &[("if-match", policy.header("etag"))]).await;
    assert_eq!(set.status, 200, "{}", set.text());
    let late = bed
        .call(
            &key,
            "PATCH",
            "/policy",
            Some(json!({"queues": false})),
            &[("if-match", policy.header("etag"))],
        )
        .await;
    assert_eq!(late.status, 412);
    let refused = bed.call(&key, "POST", "/users", Some(new.clone()), &[]).await;
    assert_eq!(refused.status, 403);
    for text in ["who_may_create", "https://help.example.org/new"] {
        assert!(refused.text().contains(text), "{}", refused.text());
    }
    let grace = bed.colleague().await;
    let taking = json!({"from": grace.user, "fate": "archive", "first": "Konrad", "last": "Zuse", "emails": [], "reason": "left"});
    let refused = bed.call(&key, "POST", "/extensions/1002/takeover", Some(taking), &[]).await;
    assert!(refused.status == 403 && refused.text().contains("who_may_create"), "{}", refused.text());

    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let users = admin.get("/admin/users").await;
    assert!(
        users.text().contains("href=\"https://help.example.org/new\"")
            && !users.text().contains("/admin/users/new")
    );
    assert!(users.text().contains("New users are not added here: ask for them by the button."));
    for answer in
        [admin.get("/admin/users/new").await, admin.post("/admin/users", &[("extension", "1005")]).await]
    {
        assert!(answer.status == 403 && answer.text().contains("Ask for a new user"), "{}", answer.text());
    }
    let row = "extension,last\n1005,Zuse\n1002,Murray\n";
    let sent = admin.sent("/admin/imports", "multipart/form-data; boundary=x", axum::body::Body::from(format!(
        "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n{row}\r\n--x--\r\n",
        admin.csrf()
    ))).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let draft = admin.get(sent.header("location")).await;
    assert!(draft.text().contains("who_may_create is ticket"), "{}", draft.text());

    let form = [("who_may_create", "tenant-admin"), ("help_link", "mailto:it@example.org"), ("queues", "1")];
    assert_eq!(admin.post("/admin/policy", &form).await.status, 303);
    assert_eq!(admin.post("/admin/policy", &[("who_may_create", "x")]).await.status, 422);
    assert_eq!(admin.get("/admin/users/new").await.status, 200);
    assert!(admin.get("/admin/audit").await.text().contains("policy.changed"));
    let manager = bed.client(&bed.mailbox, Role::OfficeManager).await;
    assert_eq!(manager.get("/admin/users/new").await.status, 403);
    assert_eq!(manager.post("/admin/policy", &form).await.status, 403);
    let operator = bed.client(&bed.mailbox, Role::Operator).await;
    operator.post("/admin/policy", &[("who_may_create", "ticket")]).await;
    assert_eq!(operator.get("/admin/users/new").await.status, 200, "whoever runs the server always may");
    assert!(bed.services.accounts.show(grace.tenant, &"1005".parse().unwrap()).await.is_err());
}

/// 002-003, 002-010, 002-046: what the tenant hides is neither shown nor taken; without queues nobody is made an agent.
#[tokio::test]
async fn what_the_tenant_hides_is_not_there() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let grace = bed.colleague().await;
    let set = json!({"profile": {"music": "lobby.wav", "department": "Navy"}});
    assert_eq!(bed.call(&key, "PATCH", &user(&grace), Some(set), &[]).await.status, 200);
    let hide = json!({"hidden_fields": ["music", "department"], "queues": false});
    assert_eq!(bed.call(&key, "PATCH", "/policy", Some(hide), &[]).await.status, 200);
    let told = body(&bed.call(&key, "GET", &user(&grace), None, &[]).await);
    assert!(told["profile"].get("music").is_none() && told["profile"].get("site").is_some(), "{told}");
    let set = json!({"profile": {"music": "x.wav"}});
    let refused = bed.call(&key, "PATCH", &user(&grace), Some(set), &[]).await;
    assert_eq!((refused.status, fields(&body(&refused))), (422, vec!["music"]));
    let places = body(&bed.call(&key, "GET", "/users/places", None, &[]).await);
    assert_eq!(places["departments"], json!([]));
    let contact =
        body(&bed.call(&key, "GET", "/contacts?search=hopper", None, &[]).await)["items"][0].clone();
    assert_eq!(contact["department"], Value::Null);
    // Who is in a department is not found out by asking for its people either.
    for list in ["/contacts", "/users"] {
        let ids = async |query: &str| {
            let told = body(&bed.call(&key, "GET", &format!("{list}{query}"), None, &[]).await);
            told["items"].as_array().unwrap().len()
        };
        assert_eq!((ids("").await, ids("?department=Navy").await), (2, 2), "{list}");
    }
    let by_department = json!({"act": "welcome", "filter": {"department": "Navy"}});
    let refused = bed.call(&key, "POST", "/users/bulk", Some(by_department), &[]).await;
    assert_eq!(refused.status, 422, "not everybody, when that cannot be asked for: {}", refused.text());
    let role = format!("{}/role", user(&grace));
    let agent = bed.call(&key, "PUT", &role, Some(json!({"role": "supervisor"})), &[]).await;
    assert!(agent.status == 422 && agent.text().contains("queues"), "{}", agent.text());
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let table = client.get("/admin/users").await;
    assert!(
        table.text().contains("Office manager") && !table.text().contains("Call center"),
        "{}",
        table.text()
    );
    let page = format!("/admin/users/{}", grace.user.unwrap());
    let shown = client.get(&page).await;
    for text in ["Music on hold", "Navy", "Department", "Call center agent"] {
        assert!(!shown.text().contains(text), "{text}");
    }
    let change = [("extension", "1002"), ("role", "supervisor"), ("portal", "1"), ("last", "Hopper")];
    let refused = client.post(&page, &change).await;
    assert!(refused.status == 422 && refused.text().contains("no queues here"), "{}", refused.text());
    assert!(bed.user_of(&grace).await.profile.get(ProfileField::Music) == "lobby.wav", "what there is stays");
}

/// 002-016, 003-01, 004-05: in a browser, by keyboard, and narrow.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_looks_at_profiles_in_the_browser() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    let home = format!("http://{at}/");
    bed.give(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    let main = greeting(&bed, &grace, 21, true).await;
    let (tenant, number) = (grace.tenant, "1002".parse().unwrap());
    for (alias, label) in [("+15550100", Some("Sales")), ("support", Some("John Support"))] {
        bed.services.accounts.add_number(tenant, &number, alias, label).await.unwrap();
    }
    bed.services.accounts.greet_number(tenant, &number, "support", Some(main)).await.unwrap();
    let profile = vec![
        (ProfileField::Department, "Sales".to_owned()),
        (ProfileField::Site, "Berlin".to_owned()),
        (ProfileField::Mobile, "+4917012345".to_owned()),
    ];
    let changes = aftertone::service::accounts::Changes { profile, ..Default::default() };
    bed.services.accounts.set(tenant, &number, changes).await.unwrap();
    sign_in(&browser, &home).await;
    let page = format!("{home}admin/users/{}", grace.user.unwrap());
    check(&browser, &page, "profile").await;
    check(&browser, &format!("{home}admin/users/new"), "profile-new").await;
    check(&browser, &format!("{home}admin/policy"), "policy").await;
    check(&browser, &format!("{home}contacts"), "contacts").await;
    check(&browser, &format!("{home}admin/users"), "profile-users").await;

    // The way to the profile is there once the row has the keyboard, and leads there.
    let seen = "getComputedStyle(document.querySelector('tr:nth-child(2) .peek')).opacity";
    let hidden = format!("return matchMedia('(hover: none)').matches || {seen} === '0'");
    assert_eq!(browser.run(&hidden).await, json!(true));
    browser.run("document.querySelector('tr:nth-child(2) .peek').focus()").await;
    browser.until(&format!("return {seen} === '1'")).await;
    browser.click("tr:nth-child(2) .peek").await;
    browser.until("return document.title.startsWith('Grace Hopper')").await;

    // The first section opens by the keyboard, and its form is saved.
    let first = "section[aria-labelledby=profile]";
    browser.until(&format!("return !document.querySelector('{first} details').open")).await;
    browser.run(&format!("document.querySelector('{first} summary').focus()")).await;
    browser.press("\u{e007}").await;
    browser.until(&format!("return document.querySelector('{first} details').open")).await;
    check(&browser, &format!("{page}?done=saved"), "profile-saved").await;
    browser.click(&format!("{first} summary")).await;
    browser.run(&format!("document.querySelector('{first} [name=first]').value = 'Gracia'")).await;
    browser.click(&format!("{first} button.main")).await;
    browser.until("return document.querySelector('h1').textContent === 'Gracia Hopper'").await;
    assert!(
        browser
            .run(&format!("return document.querySelector('{first} dl').textContent"))
            .await
            .to_string()
            .contains("Gracia")
    );

    // A section is opened, refused beside its field, and saved.
    browser.click("#calls summary").await;
    browser.run("document.querySelector('#calls [name=mobile]').value = 'soon'").await;
    browser.click("#calls button.main").await;
    browser.until("return document.querySelector('#calls [aria-invalid]') && document.querySelector('#calls details').open").await;
    browser.run("document.querySelector('#calls [name=mobile]').value = '+49 170 999 99'").await;
    browser.click("#calls button.main").await;
    browser.until("return document.querySelector('#calls dl').textContent.includes('+4917099999')").await;

    // A user ID is suggested while one types, and left alone once somebody typed another.
    browser.open(&format!("{home}admin/users/new")).await;
    for (field, text) in [("first", "John"), ("last", "Doe")] {
        browser.click(&format!("input[name={field}]")).await;
        browser.press(text).await;
    }
    browser.until("return document.querySelector('[name=login]').value === 'jdoe@home'").await;
    browser.click("input[name=login]").await;
    browser.press("2").await;
    browser.click("input[name=first]").await;
    browser.press("x").await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(browser.run("return document.querySelector('[name=login]').value").await, json!("jdoe@home2"));
    // The browser itself notes the one refusal.
    let said = browser.console().await;
    assert!(said.iter().all(|line| line.contains("/profile - ") && line.contains("422")), "{said:?}");
}
