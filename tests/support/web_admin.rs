//! The administrator's pages: who may open them, and what they do.

use aftertone::audio::wav;
use aftertone::domain::answering::{AnswerBy, PhoneSystem, RingTarget, Rule, RuleActions};
use aftertone::domain::{Extension, ProfileField, Role};
use aftertone::service::access::Act;
use aftertone::store::{JobState, NewJob, Notice, Work};

use serde_json::json;

use crate::HOSTILE;
use crate::api::body;
use crate::browser::Browser;
use crate::portal_in_the_browser::{picture, sign_in};
use crate::web_bed::WebBed;

const PAGES: &[(&str, Role)] = &[
    ("/admin/users", Role::Supervisor),
    ("/admin/users/new", Role::OfficeManager),
    ("/admin/extensions", Role::OfficeManager),
    ("/admin/imports", Role::OfficeManager),
    ("/admin/policy", Role::TenantAdmin),
    ("/admin/bulk", Role::OfficeManager),
    ("/admin/handsets", Role::OfficeManager),
    ("/admin/numbers", Role::Supervisor),
    ("/admin/calls", Role::Supervisor),
    ("/admin/explain", Role::OfficeManager),
    ("/answering/all/hours", Role::OfficeManager),
    ("/admin/lamps", Role::OfficeManager),
    ("/admin/prompts", Role::OfficeManager),
    ("/admin/jobs", Role::TenantAdmin),
    ("/admin/keys", Role::TenantAdmin),
    ("/admin/webhooks", Role::TenantAdmin),
    ("/admin/audit", Role::TenantAdmin),
    ("/admin/system", Role::Operator),
    ("/admin/trunks", Role::Operator),
];

// 001-01, 002-001
#[tokio::test]
async fn each_page_opens_for_the_roles_that_reach_it_and_stands_in_their_navigation() {
    let bed = WebBed::new().await;
    for role in Role::ALL {
        let client = bed.client(&bed.mailbox, role).await;
        let home = client.get("/settings").await;
        for &(page, least) in PAGES {
            let expected = if role >= least { 200 } else { 403 };
            assert_eq!(client.get(page).await.status, expected, "{role} {page}");
            let stands = home.text().contains(&format!("href=\"{page}\""));
            assert_eq!(stands, role >= least && page != "/admin/users/new", "{role} {page}");
        }
    }
    assert_eq!(bed.get("/admin/users").await.status, 303);
}

// 001-09, 002-002 … 002-009, 002-012, 002-017, 003-06, 004-01, 004-10
#[tokio::test]
async fn a_user_is_added_found_changed_invited_and_removed() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    assert!(
        client.get("/admin/users/new").await.text().contains("value=\"1002\""),
        "the next extension is suggested"
    );
    let fields = [
        ("first", "Konrad"),
        ("last", "Zuse"),
        ("email", "k@example.org"),
        ("extension", "1002"),
        ("enabled", "1"),
        ("invite", "1"),
    ];
    let added = client.post("/admin/users", &fields).await;
    assert_eq!(added.status, 303, "{}", added.text());
    let path = added.header("location").split('?').next().unwrap().to_owned();
    assert!(client.get(&format!("{path}?done=added")).await.text().contains("Konrad"));
    assert_eq!(bed.store.jobs(Some(JobState::Queued), 9).await.unwrap().len(), 1, "the invitation");
    let again = client.post("/admin/users", &fields).await;
    assert!(
        again.status == 422
            && again.text().contains("already taken")
            && again.text().contains("value=\"Zuse\"")
    );
    let found = client.get("/admin/users?q=zuse").await;
    assert!(found.text().contains("Konrad Zuse") && !found.text().contains("Ada Lovelace</bdi></a>"));

    let change = |extension: &'static str, role: &'static str| {
        [
            ("first", "Konny"),
            ("last", "Zuse"),
            ("emails", "k@example.org, zuse@example.org"),
            ("extension", extension),
            ("enabled", "1"),
            ("portal", "1"),
            ("role", role),
        ]
    };
    assert_eq!(client.post(&path, &change("1003", "office-manager")).await.status, 303);
    let number: Extension = "1003".parse().unwrap();
    let changed = bed.services.accounts.show(bed.mailbox.tenant, &number).await.unwrap();
    assert_eq!((changed.user.first.as_str(), changed.user.emails.len()), ("Konny", 2));
    assert_eq!(
        bed.services.signin.login(changed.user.tenant, changed.user.id).await.unwrap().role,
        Role::OfficeManager
    );
    assert_eq!(client.post(&path, &change("1003", "operator")).await.status, 403);
    assert_eq!(client.post(&path, &change("1001", "basic")).await.status, 422);
    assert_eq!(client.post(&format!("{path}/invite"), &[]).await.status, 303);
    assert_eq!(client.post(&format!("{path}/unlock"), &[]).await.status, 303);
    let unsure = client.post(&format!("{path}/remove"), &[("extension", "1002")]).await;
    assert!(unsure.status == 422 && unsure.text().contains("Nothing was removed"));
    // 002-091: what goes with the user is shown before.
    let keys = [('1', aftertone::domain::KeyTarget::Mailbox("1003".parse().unwrap()))];
    let mut own_box = bed.mailbox.clone();
    own_box.keys = keys.into_iter().collect();
    own_box.operator = Some("1003".to_owned());
    bed.store.put_mailbox(&own_box).await.unwrap();
    let rule = |number: u128, name: &str, then: RuleActions| Rule {
        id: aftertone::domain::RuleId::from_uuid(uuid::Uuid::from_u128(number)),
        name: name.to_owned(),
        enabled: true,
        when: Default::default(),
        then,
        created_at: bed.mailbox.created_at,
    };
    let busy = PhoneSystem { forward_busy: Some("vm-1003".to_owned()), ..PhoneSystem::default() };
    let ring = RingTarget { target: "1003".to_owned(), delay_s: 0, confirm: false };
    let both = PhoneSystem { simring: vec![ring], ..PhoneSystem::default() };
    let answer = AnswerBy::Voicemail { extension: "1003".parse().unwrap() };
    let rules = vec![
        rule(1, "hands on", RuleActions { answer, ..RuleActions::default() }),
        rule(2, "when busy", RuleActions { phones: busy, ..RuleActions::default() }),
        rule(3, "both ring", RuleActions { phones: both, ..RuleActions::default() }),
        rule(4, "alone", RuleActions::default()),
    ];
    let owner = aftertone::domain::Owner { tenant: bed.mailbox.tenant, mailbox: bed.mailbox.id };
    bed.store.change_rules(owner, |_| Ok::<_, aftertone::store::StoreError>(rules)).await.unwrap();
    let dry = client.get(&format!("{path}/remove")).await;
    assert!(!dry.text().contains("alone"), "{}", dry.text());
    for text in ["hands on", "when busy", "both ring"] {
        assert!(dry.text().contains(&format!("rule “{text}”")), "{text}: {}", dry.text());
    }
    for text in ["0 messages", "operator", "key 1 of its callers", "mailbox 1001", "Type 1003 to confirm"] {
        assert!(dry.text().contains(text), "{text}: {}", dry.text());
    }
    assert_eq!(client.post(&format!("{path}/remove"), &[("extension", "1003")]).await.status, 303);
    assert_eq!(client.get(&path).await.status, 404);
    // 004-10: and everything comes back.
    let bin = client.get("/admin/users/removed").await;
    assert!(bin.text().contains("Konny Zuse") && bin.text().contains("Bring back"), "{}", bin.text());
    let restore = format!("{path}/restore");
    let taken = client.post(&restore, &[("extension", "1001")]).await;
    assert!(taken.status == 409 && taken.text().contains("1001 is somebody else"), "{}", taken.text());
    assert_eq!(client.post(&restore, &[("extension", "x")]).await.status, 422);
    assert_eq!(client.post(&restore, &[]).await.status, 303);
    assert_eq!(client.get(&path).await.status, 200);
    assert_eq!(client.post(&restore, &[]).await.status, 404, "once");
    let again = client.post(&format!("{path}/remove"), &[("extension", "1003")]).await;
    let users = client.get(again.header("location")).await;
    assert!(users.text().contains(&format!("action=\"{restore}\"")), "undo at hand: {}", users.text());
    let own = format!("/admin/users/{}", bed.mailbox.user.unwrap());
    assert_eq!(client.post(&format!("{own}/remove"), &[("extension", "1001")]).await.status, 422);
    let audit = client.get("/admin/audit").await;
    for text in [
        "user.added",
        "user.changed",
        "role.given",
        "user.invited",
        "user.removed",
        "user.restored",
        "Ada Lovelace 1001",
    ] {
        assert!(audit.text().contains(text), "{text}");
    }
}

#[tokio::test]
async fn who_was_added_stays_when_the_invitation_cannot_be_sent_and_the_page_and_the_audit_say_so() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    bed.refuse_jobs().await;
    let fields = [("last", "Zuse"), ("email", "k@example.org"), ("extension", "1002"), ("invite", "1")];
    let added = client.post("/admin/users", &fields).await;
    assert_eq!(added.status, 303, "{}", added.text());
    let page = client.get(added.header("location").trim_start_matches("https://vm.example.org")).await;
    assert_eq!(page.status, 200);
    let alert = page.text().split("role=\"alert\"").nth(1).unwrap();
    assert!(alert.contains("the invitation could not be sent") && page.text().contains("Zuse"));
    assert!(client.get("/admin/audit").await.text().contains("user.added"));
}

#[tokio::test]
async fn an_administrator_sees_and_changes_nobody_of_another_tenant() {
    let bed = WebBed::new().await;
    let stranger = bed.stranger().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    assert!(!client.get("/admin/users").await.text().contains("Mallory"));
    let path = format!("/admin/users/{}", stranger.user.unwrap());
    let before = bed.user_of(&stranger).await;
    assert_eq!(client.get(&path).await.status, 404);
    for action in ["", "/invite", "/unlock", "/remove"] {
        let fields = [("extension", "1001"), ("first", "Eve"), ("emails", "")];
        assert_eq!(client.post(&format!("{path}{action}"), &fields).await.status, 404, "{action}");
    }
    assert_eq!(bed.user_of(&stranger).await, before);
}

#[tokio::test]
async fn dead_jobs_are_shown_and_tried_again_and_calls_are_explained() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let id = aftertone::domain::JobId::from_uuid(aftertone::clock::Clock::uuid(&*bed.clock));
    let to = "ada@example.org".parse().unwrap();
    let work = Work::Notice { mailbox: bed.mailbox.id, to, notice: Notice::Locked };
    let due = aftertone::clock::Clock::now(&*bed.clock);
    bed.store.add_job(bed.mailbox.tenant, &NewJob { id, work, due }).await.unwrap();
    let leased = bed.store.lease_jobs(9, std::time::Duration::from_secs(60)).await.unwrap();
    bed.store.job_dead(&leased[0], "550 <no> such user").await.unwrap();
    let page = client.get("/admin/jobs?state=dead").await;
    assert!(
        page.text().contains("550 &#60;no&#62; such user") && page.text().contains("Try again"),
        "{}",
        page.text()
    );
    assert_eq!(client.post(&format!("/admin/jobs/{id}/retry"), &[]).await.status, 303);
    assert_eq!(bed.store.jobs(Some(JobState::Queued), 9).await.unwrap().len(), 1);
    assert_eq!(client.post(&format!("/admin/jobs/{id}x/retry"), &[]).await.status, 404);
    let told = client.get("/admin/explain?to=1001&from=sip:%2B4930@x.example").await;
    assert!(told.text().contains("Mailbox 1001") && told.text().contains("+4930"), "{}", told.text());
    assert_eq!(client.get("/admin/explain?to=%3C%3E").await.status, 422);
    let leased = bed.store.lease_jobs(9, std::time::Duration::from_secs(60)).await.unwrap();
    bed.store.job_dead(&leased[0], "550 no such user").await.unwrap();
    assert!(client.get("/admin/jobs?state=dead").await.text().contains("Try all again"));
    let stranger = bed.client(&bed.stranger().await, Role::TenantAdmin).await;
    assert_eq!(stranger.post("/admin/jobs/retry", &[]).await.status, 303);
    assert_eq!(bed.store.jobs(Some(JobState::Dead), 9).await.unwrap().len(), 1, "another tenant's");
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let all = client.post("/admin/jobs/retry", &[]).await;
    assert!(client.get(all.header("location")).await.text().contains("tried again at once"));
    assert_eq!(bed.store.jobs(Some(JobState::Queued), 9).await.unwrap().len(), 1);
    // What is of a removed mailbox comes back with its user.
    let leased = bed.store.lease_jobs(9, std::time::Duration::from_secs(60)).await.unwrap();
    bed.store.job_dead(&leased[0], "the mailbox was removed").await.unwrap();
    client.post("/admin/jobs/retry", &[]).await;
    assert_eq!(bed.store.jobs(Some(JobState::Dead), 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn hostile_names_do_not_break_out_of_the_administrators_pages() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Operator).await;
    for hostile in HOSTILE {
        bed.rename_owner(hostile, hostile).await;
        client.post("/settings/phone", &[]).await;
        let query: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
        let own = format!("/admin/users/{}", bed.mailbox.user.unwrap());
        for path in [
            "/admin/users",
            &format!("/admin/users?q={query}"),
            &own,
            "/admin/audit",
            &format!("/admin/explain?to={query}&from={query}&diversion={query}"),
        ] {
            let page = client.get(path).await;
            assert!(matches!(page.status, 200 | 422), "{path}: {}", page.status);
            assert!(!page.text().contains(hostile), "{hostile} stands in {path} as it came");
        }
    }
}

#[tokio::test]
async fn what_callers_hear_is_read_found_and_played() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let page = client.get("/admin/prompts").await;
    for text in
        ["English", "German", "Used by this tenant", "part of the program", "/admin/prompts/en/goodbye.wav"]
    {
        assert!(page.text().contains(text), "{text} is not in {}", page.text());
    }
    let german = client.get("/admin/prompts?language=de&q=wiederh%C3%B6ren").await;
    assert!(german.text().contains("Auf Wiederhören") && !german.text().contains("/login-pin.wav"));
    assert!(client.get("/admin/prompts?q=%3Cscript%3E").await.text().contains("No such phrase"));
    let sound = client.get("/admin/prompts/de/goodbye.wav").await;
    assert_eq!((sound.status, sound.header("content-type")), (200, "audio/wav"));
    let heard = wav::read(&sound.body).unwrap();
    assert!(
        heard.samples.len() > heard.rate as usize / 4
            && heard.samples.iter().any(|sample| sample.unsigned_abs() > 1000)
    );
    for odd in
        ["/admin/prompts/tlh/goodbye.wav", "/admin/prompts/en/nothing.wav", "/admin/prompts/en/goodbye.mp3"]
    {
        assert_eq!(client.get(odd).await.status, 404, "{odd}");
    }
    let basic = bed.client(&bed.mailbox, Role::Basic).await;
    for path in ["/admin/prompts", "/admin/prompts/en/goodbye.wav"] {
        assert_ne!(basic.get(path).await.status, 200, "{path}");
    }
}

// 001-09, 002-009, 002-010, 002-011, 002-012, 002-013, 002-014, 002-015
#[tokio::test]
async fn all_that_is_wrong_with_a_new_user_stands_beside_its_field_at_once() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let key = bed.key_of_all().await;
    let fields = [
        ("first", "Konrad"),
        ("last", "Zuse"),
        ("email", "not an address"),
        ("email", "k@example.org"),
        ("extension", "1001"),
        ("login", "no login"),
        ("pin", "4829"),
        ("pin_again", "4828"),
        ("mobile", "later"),
        ("enabled", "1"),
    ];
    let refused = client.post("/admin/users", &fields).await;
    assert_eq!(refused.status, 422);
    for name in ["emails", "extension", "login", "pin"] {
        let mark = format!("id=\"wrong-{name}\"");
        assert!(refused.text().contains(&mark), "{name}: {}", refused.text());
    }
    assert_eq!(refused.text().matches("aria-invalid=\"true\"").count(), 5, "the mobile number as well");
    assert!(refused.text().contains("see what is marked") && !refused.text().contains("4829"));
    assert_eq!(bed.services.accounts.list(bed.mailbox.tenant).await.unwrap().len(), 1, "nobody was added");

    let wrong = json!({"extension": "1001", "emails": ["x"], "pin": "1111", "profile": {"mobile": "later"}});
    let told = body(&bed.call(&key, "POST", "/users", Some(wrong), &[]).await);
    let named: Vec<_> = told["errors"].as_array().unwrap().iter().map(|one| &one["field"]).collect();
    assert_eq!(named, ["emails", "extension", "pin", "mobile"], "{told}");
    assert_eq!(told["errors"][1]["code"], "extension_taken", "{told}");

    let fields = [
        ("first", "Konrad"),
        ("last", "Zuse"),
        ("email", "k@example.org"),
        ("email", "zuse@example.org"),
        ("extension", "1002"),
        ("pin", "482913"),
        ("pin_again", "482913"),
        ("role", "office-manager"),
        ("phone", "1"),
        ("emergency_caller_id", "+4930123456"),
    ];
    let added = client.post("/admin/users", &fields).await;
    assert!(added.status == 303 && added.header("location").ends_with("done=added"), "{}", added.text());
    let account = bed.services.accounts.show(bed.mailbox.tenant, &"1002".parse().unwrap()).await.unwrap();
    assert_eq!((account.user.emails.len(), account.mailbox.enabled, account.has_pin), (2, false, true));
    assert_eq!(account.user.profile.get(ProfileField::EmergencyCallerId), "+4930123456");
    let (tenant, user) = (account.user.tenant, account.user.id);
    assert_eq!(bed.services.signin.login(tenant, user).await.unwrap().role, Role::OfficeManager);
    let phones = bed.store.handsets_of(tenant, user).await.unwrap();
    assert_eq!(phones.iter().map(|known| known.handset.name.as_str()).collect::<Vec<_>>(), ["1002a"]);

    let wanted = json!({"extension": "1003", "first": "Grace", "role": "supervisor", "enabled": false});
    let made = body(&bed.call(&key, "POST", "/users", Some(wanted.clone()), &[]).await);
    assert_eq!((&made["role"], &made["mailbox"]["enabled"]), (&json!("supervisor"), &json!(false)), "{made}");
    let users_only = bed.key(bed.mailbox.tenant, vec![Act::UsersRead, Act::UsersWrite]).await;
    let refused = bed.call(&users_only, "POST", "/users", Some(wanted), &[]).await;
    assert_eq!(refused.status, 403, "a role takes roles:write: {}", refused.text());
}

// 002-015, 002-024, 002-025, 002-019, 002-063
#[tokio::test]
async fn pin_and_password_are_typed_twice_and_the_user_is_told() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    let path = format!("/admin/users/{}", grace.user.unwrap());
    let usual = [("first", "Grace"), ("last", "Hopper"), ("extension", "1002"), ("enabled", "1")];
    let with = |more: &[(&'static str, &'static str)]| [&usual[..], more].concat();
    let differ = client.post(&path, &with(&[("pin", "482913"), ("pin_again", "482914")])).await;
    assert!(differ.status == 422 && differ.text().contains("two PINs differ"), "{}", differ.text());
    let set = with(&[
        ("emails", "grace@example.org"),
        ("pin", "482913"),
        ("pin_again", "482913"),
        ("zone", "Europe/Berlin"),
        ("order", "oldest"),
    ]);
    assert_eq!(client.post(&path, &set).await.status, 303);
    let account = bed.services.accounts.show(grace.tenant, &"1002".parse().unwrap()).await.unwrap();
    assert_eq!((account.has_pin, account.mailbox.zone.as_deref()), (true, Some("Europe/Berlin")));
    assert!(!account.mailbox.phone.newest_first);
    let mars = client.post(&path, &with(&[("zone", "Mars/Olympus")])).await;
    assert!(mars.status == 422 && mars.text().contains("IANA zone"), "{}", mars.text());

    let graces = bed.client(&grace, Role::Basic).await;
    let password = format!("{path}/password");
    for (new, again, why) in [
        ("correct horse battery", "correct horse", "not the same"),
        ("short", "short", "at least 10 characters"),
    ] {
        let refused = client.post(&password, &[("password", new), ("again", again)]).await;
        assert!(refused.status == 422 && refused.text().contains(why), "{why}: {}", refused.text());
    }
    assert_eq!(graces.get("/").await.status, 200);
    let before = bed.store.jobs(None, 99).await.unwrap().len();
    let both = [("password", "correct horse battery"), ("again", "correct horse battery")];
    assert_eq!(client.post(&password, &both).await.status, 303);
    assert_eq!(graces.get("/").await.status, 303, "signed out");
    assert_eq!(bed.store.jobs(None, 99).await.unwrap().len(), before + 1, "Grace is told by mail");
    let basic = bed.client(&grace, Role::Basic).await;
    let own = bed.mailbox.user.unwrap();
    assert_eq!(basic.post(&format!("/admin/users/{own}/password"), &both).await.status, 403);
}

// 001-09
#[tokio::test]
async fn all_that_is_wrong_with_a_changed_user_stands_beside_its_field_at_once() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.colleague().await;
    let path = format!("/admin/users/{}", grace.user.unwrap());
    let fields = [
        ("first", "Grace\u{7}"),
        ("last", "Hopper"),
        ("extension", "1001"),
        ("emails", "not an address"),
        ("max_messages", "many"),
        ("max_megabytes", "-1"),
        ("pin", "482913"),
        ("pin_again", "482914"),
        ("zone", "Mars/Olympus"),
        ("operator", "<desk>"),
        ("role", "emperor"),
        ("enabled", "1"),
    ];
    let refused = client.post(&path, &fields).await;
    assert_eq!(refused.status, 422);
    let marked =
        ["first", "extension", "emails", "max_messages", "max_megabytes", "pin", "zone", "operator", "role"];
    for name in marked {
        assert!(refused.text().contains(&format!("id=\"wrong-{name}\"")), "{name}: {}", refused.text());
    }
    assert_eq!(refused.text().matches("aria-invalid=\"true\"").count(), marked.len());
    assert!(refused.text().contains("Nothing was changed: see what is marked."), "{}", refused.text());
    assert!(refused.text().contains("value=\"many\"") && !refused.text().contains("482913"));
    let kept = bed.services.accounts.show(grace.tenant, &"1002".parse().unwrap()).await.unwrap();
    assert!(kept.mailbox.zone.is_none() && !kept.has_pin, "nothing of it was written");

    let key = bed.key_of_all().await;
    let wrong =
        json!({"extension": "1001", "pin": "1111", "zone": "Mars/Olympus", "profile": {"mobile": "later"}});
    let at = format!("/users/{}", grace.user.unwrap());
    let told = body(&bed.call(&key, "PATCH", &at, Some(wrong), &[]).await);
    let mut named: Vec<_> =
        told["errors"].as_array().unwrap().iter().map(|one| one["field"].to_string()).collect();
    named.sort_unstable();
    assert_eq!(named, ["\"extension\"", "\"mobile\"", "\"pin\"", "\"zone\""], "{told}");
}

// 002-002, 002-009: on a phone as on a desk, with what is to be mended in the pop-up itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_added_in_a_pop_up_above_the_table() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let home = format!("http://{}/", bed.serve().await);
    bed.give(&bed.mailbox, Role::TenantAdmin).await;
    sign_in(&browser, &home).await;
    for (width, name, extension) in [(1440, "admin-add", "1002"), (390, "admin-add-phone", "1003")] {
        browser.resize(width).await;
        browser.open(&format!("{home}admin/users")).await;
        browser.click("a[data-dialog]").await;
        browser.until("return !!document.querySelector('dialog[open] input[name=first]')").await;
        let there = "return document.querySelector('dialog').contains(document.activeElement)";
        assert_eq!(browser.run(there).await, json!(true), "the keyboard is in it");
        browser.click("dialog input[name=first]").await;
        browser.press("Konrad").await;
        browser.click("dialog input[name=email]").await;
        browser.press("nobody").await;
        browser.click("dialog [data-another]").await;
        browser.press("zuse@example.org").await;
        browser.click("dialog button.main").await;
        browser.until("return !!document.querySelector('dialog #wrong-emails')").await;
        picture(&browser, name).await;
        let kept =
            "return [...document.querySelectorAll('dialog input[name=email]')].map((one) => one.value)";
        assert_eq!(browser.run(kept).await, json!(["nobody", "zuse@example.org"]));
        let wide = "return document.documentElement.scrollWidth <= innerWidth";
        assert_eq!(browser.run(wide).await, json!(true), "{name}: nothing sticks out");
        browser.run("document.querySelector('dialog input[name=email]').value = ''").await;
        browser.click("dialog button.main").await;
        browser.until("return document.title.startsWith('Konrad')").await;
        let account =
            bed.services.accounts.show(bed.mailbox.tenant, &extension.parse().unwrap()).await.unwrap();
        assert_eq!(account.user.emails.len(), 1);
    }
    browser.open(&format!("{home}admin/users")).await;
    browser.click("a[data-dialog]").await;
    browser.until("return !!document.querySelector('dialog[open]')").await;
    browser.press("\u{e00c}").await;
    browser.until("return !document.querySelector('dialog[open]')").await;
    assert_eq!(bed.services.accounts.list(bed.mailbox.tenant).await.unwrap().len(), 3, "Escape adds nobody");
}
