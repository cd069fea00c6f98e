//! Tenants by the API and on the page of the system.

use aftertone::domain::Role;
use serde_json::{Value, json};

use crate::api::body;
use crate::web_bed::{Answer, WebBed};

/// A request of the operator's own session.
async fn ask(bed: &WebBed, method: &str, path: &str, given: Option<Value>) -> Answer {
    let operator = bed.client(&bed.mailbox, Role::Operator).await;
    let headers = [
        ("cookie", operator.cookie.as_str()),
        ("x-csrf", operator.csrf()),
        ("content-type", "application/json"),
    ];
    let given = given.map_or_else(axum::body::Body::empty, |given| given.to_string().into());
    bed.send("192.0.2.1", method, &format!("/api/v1{path}"), &headers, given).await
}

#[tokio::test]
async fn a_tenant_is_added_looked_into_and_removed_only_when_nobody_is_in_it() {
    let bed = WebBed::new().await;
    let new = json!({"name": "acme", "domains": ["PBX.acme.example"], "language": "de", "operator": "1000"});
    let added = ask(&bed, "POST", "/tenants", Some(new.clone())).await;
    let acme = body(&added);
    assert_eq!((added.status, &acme["zone"]), (201, &json!("Europe/Berlin")), "the zone of who adds it");
    assert_eq!(acme["domains"], json!(["pbx.acme.example"]));
    for (field, wrong) in [
        ("name", json!({"name": "Two Words"})),
        ("domains", json!({"name": "beta", "domains": ["a b"]})),
        ("zone", json!({"name": "beta", "zone": "Mars/Base"})),
        ("language", json!({"name": "beta", "language": "tlh"})),
        ("operator", json!({"name": "beta", "operator": "<script>"})),
    ] {
        let refused = ask(&bed, "POST", "/tenants", Some(wrong)).await;
        assert_eq!((refused.status, &body(&refused)["errors"][0]["field"]), (422, &json!(field)));
    }
    let again = ask(&bed, "POST", "/tenants", Some(new)).await;
    assert!(again.status == 409 && again.text().contains("another tenant"), "{}", again.text());
    let stolen = json!({"name": "beta", "domains": ["pbx.acme.example"]});
    let stolen = ask(&bed, "POST", "/tenants", Some(stolen)).await;
    assert!(stolen.status == 409 && stolen.text().contains("\"field\":\"domains\""), "{}", stolen.text());
    assert_eq!(bed.store.tenants().await.unwrap().len(), 2);

    // What mailboxes inherit of it; whose calls it gets is not its own administrators' to say.
    let path = format!("/tenants/{}", acme["id"].as_str().unwrap());
    let change = json!({"language": "en", "domains": ["b.example", "A.example"], "zone": "Europe/Paris"});
    let changed = body(&ask(&bed, "PATCH", &path, Some(change)).await);
    assert_eq!(
        (&changed["language"], &changed["domains"], &changed["zone"]),
        (&json!("en"), &json!(["b.example", "a.example"]), &json!("Europe/Paris"))
    );
    for (field, wrong) in [("language", json!({"language": "tlh"})), ("domains", json!({"domains": ["a b"]}))]
    {
        let refused = ask(&bed, "PATCH", &path, Some(wrong)).await;
        assert_eq!((refused.status, &body(&refused)["errors"][0]["field"]), (422, &json!(field)));
    }
    let own = bed.mailbox.tenant;
    let key = bed.key(own, vec![aftertone::service::access::Act::TenantsWrite]).await;
    let mine = format!("/tenants/{own}");
    let taken = bed.call(&key, "PATCH", &mine, Some(json!({"domains": ["grab.example"]})), &[]).await;
    assert_eq!(taken.status, 403, "{}", taken.text());
    let zone = bed.call(&key, "PATCH", &mine, Some(json!({"zone": "Europe/Rome"})), &[]).await;
    assert_eq!(zone.status, 200, "{}", zone.text());

    // Somebody is in it, then in its recycle bin.
    let id: aftertone::domain::TenantId = acme["id"].as_str().unwrap().parse().unwrap();
    let user = format!("/users?tenant={id}");
    let added = ask(&bed, "POST", &user, Some(json!({"extension": "1001", "first": "Ada"}))).await;
    let ada = body(&added)["id"].as_str().unwrap().to_owned();
    bed.key(id, vec![aftertone::service::access::Act::UsersRead]).await;
    bed.store.keep_numbers(id, &[("+15550100".to_owned(), String::new())]).await.unwrap();
    let inside = body(&ask(&bed, "GET", &format!("/tenants/{id}/contents"), None).await);
    assert_eq!((&inside["users"], &inside["keys"], &inside["numbers"]), (&json!(1), &json!(1), &json!(1)));
    let path = format!("/tenants/{id}?name=acme");
    let refused = ask(&bed, "DELETE", &path, None).await;
    assert!(refused.status == 409 && refused.text().contains("has 1 user:"), "{}", refused.text());
    assert_eq!(ask(&bed, "DELETE", &format!("/users/{ada}?tenant={id}"), None).await.status, 204);
    let refused = ask(&bed, "DELETE", &path, None).await;
    assert!(refused.status == 409 && refused.text().contains("in the recycle bin"), "{}", refused.text());
    bed.clock.advance(aftertone::service::retention::BIN + std::time::Duration::from_secs(1));
    let retention = aftertone::service::retention::Retention::new(
        bed.store.clone(),
        bed.clock.clone(),
        aftertone::service::retention::BIN,
    );
    retention.sweep().await.unwrap();
    // Only with the name, and then with all that is in it.
    for wrong in ["", "?name=home", "?name=Acme"] {
        let refused = ask(&bed, "DELETE", &format!("/tenants/{id}{wrong}"), None).await;
        assert_eq!(refused.status, 422, "{wrong}: {}", refused.text());
    }
    assert_eq!(ask(&bed, "DELETE", &path, None).await.status, 204);
    assert_eq!(ask(&bed, "GET", &format!("/tenants/{id}"), None).await.status, 404);
    assert_eq!(ask(&bed, "DELETE", &path, None).await.status, 404);
    let left = bed.everything().await;
    assert!(!left.contains("+15550100"), "nothing of it is left");
    let audit = bed.services.audit.page(bed.mailbox.tenant, None, 50).await.unwrap();
    let actions: Vec<&str> = audit.iter().map(|line| line.action.as_str()).collect();
    assert!(actions.contains(&"tenant.added") && actions.contains(&"tenant.removed"), "{actions:?}");
}

#[tokio::test]
async fn nobody_but_the_operator_of_the_server_adds_or_removes_tenants() {
    let bed = WebBed::new().await;
    let elsewhere = bed.stranger().await.tenant;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let headers =
        [("cookie", admin.cookie.as_str()), ("x-csrf", admin.csrf()), ("content-type", "application/json")];
    for (method, path) in [
        ("POST", "/tenants".to_owned()),
        ("GET", format!("/tenants/{}/contents", bed.mailbox.tenant)),
        ("DELETE", format!("/tenants/{}?name=home", bed.mailbox.tenant)),
        ("DELETE", format!("/tenants/{elsewhere}?name=elsewhere")),
    ] {
        let given = json!({"name": "acme"}).to_string().into();
        let answer = bed.send("192.0.2.1", method, &format!("/api/v1{path}"), &headers, given).await;
        assert_eq!(answer.status, 403, "{method} {path}");
        let key = bed.key_of_all().await;
        assert_eq!(bed.call(&key, method, &path, Some(json!({"name": "acme"})), &[]).await.status, 403);
    }
    assert_eq!(bed.store.tenants().await.unwrap().len(), 2);
}

/// A page of the system that says what mails and prompts need, and what to do.
#[tokio::test]
async fn the_system_page_says_how_mails_and_prompts_are_and_sends_a_test_to_who_asks() {
    let bed = WebBed::new().await;
    let tenant = bed.mailbox.tenant;
    let changes = aftertone::service::accounts::Changes {
        emails: Some(vec!["ada@example.org".parse().unwrap()]),
        ..aftertone::service::accounts::Changes::default()
    };
    bed.services.accounts.set(tenant, &bed.mailbox.extension, changes).await.unwrap();
    let operator = bed.client(&bed.mailbox, Role::Operator).await;
    let quiet = operator.get("/admin/system").await;
    for part in ["No trouble", "No mail yet", "English", "German", "Complete", "Send a test mail to me"] {
        assert!(quiet.text().contains(part), "{part}: {}", quiet.text());
    }
    let sent = operator.post("/admin/system/mail", &[]).await;
    assert!(sent.status == 200 && sent.text().contains("The mail server took it for ada@example.org"));
    assert!(operator.get("/admin/audit").await.text().contains("server.test-mail"));
    // One that was accepted, one that is put off, and one that was given up.
    let notice = |_: u8| aftertone::store::Work::Notice {
        mailbox: bed.mailbox.id,
        to: "ada@example.org".parse().unwrap(),
        notice: aftertone::store::Notice::Locked,
    };
    let due = aftertone::clock::Clock::now(&*bed.clock);
    for number in 0..3 {
        let id = aftertone::domain::JobId::from_uuid(aftertone::clock::Clock::uuid(&*bed.clock));
        let job = aftertone::store::NewJob { id, work: notice(number), due };
        bed.store.add_job(tenant, &job).await.unwrap();
        bed.clock.advance(std::time::Duration::from_secs(1));
    }
    let leased = bed.store.lease_jobs(9, std::time::Duration::from_secs(600)).await.unwrap();
    bed.store.job_finished(&leased[0]).await.unwrap();
    let later = due.saturating_add(std::time::Duration::from_secs(300)).unwrap();
    bed.store.job_retry(&leased[1], later, "421 <try> later").await.unwrap();
    bed.store.job_dead(&leased[2], "550 nobody").await.unwrap();
    let page = operator.get("/admin/system").await;
    for part in ["Needs you", "21 Nov 2026, 14:32:13", "421 &#60;try&#62; later", "mail.url", "/admin/jobs"] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    let health = body(&ask(&bed, "GET", "/health", None).await);
    let mail = &health["mail"];
    assert_eq!((&mail["waiting"], &mail["put_off"], &mail["given_up"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(mail["trouble"]["error"], "421 <try> later");
    assert!(mail["accepted_at"].is_string() && health["ready"] == true, "{health}");
    assert_eq!(health["prompts"].as_array().unwrap().len(), 2);
    // A tenant whose language nobody speaks.
    let mut home = bed.store.tenant(tenant).await.unwrap();
    home.language = "tlh".to_owned();
    bed.store.put_tenant(&home).await.unwrap();
    let operator = bed.client(&bed.mailbox, Role::Operator).await;
    assert!(operator.get("/admin/system").await.text().contains("asks for it and hears English"));
    let health = body(&ask(&bed, "GET", "/health", None).await);
    assert_eq!(health["unspoken"][0], json!({"tenant": "home", "language": "tlh"}));
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    assert_eq!(admin.post("/admin/system/mail", &[]).await.status, 403);
}

#[tokio::test]
async fn the_operator_adds_and_removes_a_tenant_in_the_browser() {
    let bed = WebBed::new().await;
    let operator = bed.client(&bed.mailbox, Role::Operator).await;
    let refused = operator.post("/admin/system/tenants", &[("name", "Acme"), ("domains", "a.example")]).await;
    assert!(refused.status == 422 && refused.text().contains("small letters"), "{}", refused.text());
    assert!(refused.text().contains("value=\"Acme\"") && refused.text().contains("<details open"));
    let fields = [("name", "acme"), ("domains", "a.example, b.example"), ("zone", ""), ("language", "de")];
    let added = operator.post("/admin/system/tenants", &fields).await;
    assert_eq!(added.status, 303, "{}", added.text());
    let page = operator.get(added.header("location")).await;
    assert!(page.text().contains("a.example, b.example") && page.text().contains("The tenant is there"));
    let tenants = bed.store.tenants().await.unwrap();
    let of = |name: &str| {
        format!("/admin/system/tenants/{}", tenants.iter().find(|one| one.name == name).unwrap().id)
    };
    let full = operator.get(&of("home")).await;
    assert!(full.text().contains("It cannot be removed now") && !full.text().contains("Type home"));
    assert_eq!(operator.post(&of("home"), &[("name", "home")]).await.status, 422);
    assert!(operator.get(&of("acme")).await.text().contains("Type acme to confirm"));
    let unsure = operator.post(&of("acme"), &[("name", "home")]).await;
    assert!(unsure.status == 422 && unsure.text().contains("Nothing was removed"), "{}", unsure.text());
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    for path in [of("acme"), "/admin/system/tenants".to_owned()] {
        assert_eq!(admin.post(&path, &[("name", "acme")]).await.status, 403);
    }
    assert_eq!(admin.get(&of("acme")).await.status, 403);
    let operator = bed.client(&bed.mailbox, Role::Operator).await;
    assert_eq!(operator.post(&of("acme"), &[("name", "acme")]).await.status, 303);
    assert_eq!(operator.get(&of("acme")).await.status, 404);
    assert_eq!(bed.store.tenants().await.unwrap().len(), 1);
}
