//! Greetings in the portal and by programs: all are heard and downloaded, and have a name that is theirs alone.

use aftertone::domain::{CallStep, GreetingKind, Role};
use aftertone::service::access::Act;
use axum::body::Body;
use serde_json::json;

use crate::api::body;
use crate::portal::{Client, tone};
use crate::web_bed::{Answer, WebBed};

/// Fields and then the file.
fn parts(fields: &[(&str, &str)]) -> Body {
    let mut body = Vec::new();
    for (field, value) in fields {
        let head = format!("--x\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        body.extend(head.into_bytes());
    }
    body.extend(b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"hello.wav\"\r\n\r\n");
    body.extend(tone());
    body.extend(b"\r\n--x--\r\n");
    Body::from(body)
}

async fn upload(client: &Client<'_>, name: &str) -> Answer {
    let fields = [("csrf", client.csrf()), ("kind", "standard"), ("name", name)];
    client.sent("/greetings/upload", "multipart/form-data; boundary=x", parts(&fields)).await
}

async fn labels(bed: &WebBed) -> Vec<String> {
    let known = bed.store.greetings(bed.mailbox.tenant, bed.mailbox.id).await.unwrap();
    known.into_iter().map(|greeting| greeting.label).collect()
}

fn is_kept(answer: &Answer) -> bool {
    answer.status == 303 || answer.text().contains("Your standard greeting is on.")
}

// 002-069
#[tokio::test]
async fn every_greeting_of_the_list_is_played_by_range_and_downloaded_by_its_name() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let names = ["One", "Büro: “Ferien”", "Three", "Four", "Five", "Six", "Seven.mp3"];
    for name in names {
        assert!(is_kept(&upload(&client, name).await), "{name}");
        bed.clock.advance(std::time::Duration::from_secs(1));
    }
    let page = client.get("/greetings").await;
    let known = bed.store.greetings(bed.mailbox.tenant, bed.mailbox.id).await.unwrap();
    assert_eq!((known.len(), known.iter().filter(|greeting| greeting.active).count()), (7, 1));
    for greeting in &known {
        let path = format!("/greetings/{}/audio.wav", greeting.id);
        for offered in [format!("src=\"{path}\""), format!("href=\"{path}?download\"")] {
            assert!(page.text().contains(&offered), "{} has no {offered}", greeting.label);
        }
        let whole = client.get(&path).await;
        assert_eq!((whole.status, whole.header("content-disposition")), (200, ""));
        let headers = [("cookie", client.cookie.as_str()), ("range", "bytes=10-19")];
        let part = bed.ask("GET", &path, &headers).await;
        assert_eq!((part.status, &part.body[..]), (206, &whole.body[10..20]));
    }
    let saved_as = async |label: &str| {
        let greeting = known.iter().find(|greeting| greeting.label == label).unwrap();
        let saved = client.get(&format!("/greetings/{}/audio.wav?download", greeting.id)).await;
        saved.header("content-disposition").to_owned()
    };
    assert_eq!(saved_as("One").await, "attachment; filename=\"One.wav\"");
    assert_eq!(saved_as("Seven.mp3").await, "attachment; filename=\"Seven.wav\"", "it is no MP3");
    let other = saved_as("Büro: “Ferien”").await;
    assert!(
        other.starts_with("attachment; filename=\"B-ro---Ferien-.wav\"; filename*=UTF-8''B%C3%BCro-%20"),
        "{other}"
    );
}

// 002-070
#[tokio::test]
async fn a_greeting_gets_a_name_and_another_later_and_only_one_that_is_free() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    assert!(is_kept(&upload(&client, "Summer").await));
    bed.clock.advance(std::time::Duration::from_secs(1));
    assert!(is_kept(&upload(&client, "").await), "then it is called as its file");
    assert_eq!(labels(&bed).await, ["hello.wav", "Summer"]);
    for (name, why) in [
        ("summer", "called &quot;summer&quot; already"),
        ("a\u{1}b", "has 1 to 64"),
        (&"ä".repeat(65), "has 1 to 64"),
    ] {
        let refused = upload(&client, name).await;
        let text = refused.text().replace("&#34;", "&quot;");
        assert!(refused.status == 422 && text.contains(why), "{name}: {text}");
    }
    let known = bed.store.greetings(bed.mailbox.tenant, bed.mailbox.id).await.unwrap();
    let path = format!("/greetings/{}/name", known[1].id);
    for (name, why) in [
        ("HELLO.wav", "has this name already"),
        (" ", "has 1 to 64"),
        ("a\r\nb", "has 1 to 64"),
        (&"x".repeat(65), "has 1 to 64"),
    ] {
        let refused = client.post(&path, &[("name", name)]).await;
        assert!(refused.status == 422 && refused.text().contains(why), "{name}: {}", refused.text());
    }
    assert_eq!(labels(&bed).await, ["hello.wav", "Summer"]);
    for name in ["summer", "Winter"] {
        bed.clock.advance(std::time::Duration::from_secs(1));
        let renamed = client.post(&path, &[("name", name)]).await;
        assert_eq!(renamed.status, 303, "a former one; also to its own name in other letters");
        assert!(client.get(renamed.header("location")).await.text().contains("It has its new name."));
    }
    assert_eq!(labels(&bed).await, ["hello.wav", "Winter"]);
    let audit = bed.services.audit.page(bed.mailbox.tenant, None, 1).await.unwrap();
    assert_eq!(audit[0].action, "greeting.changed");
    assert!(audit[0].became.as_deref().unwrap().contains("\"label\":\"Winter\""), "{:?}", audit[0]);
    assert_eq!(client.without_token(&path, &[("name", "Mine")]).await.status, 403);
    let stranger = bed.client(&bed.stranger().await, Role::Operator).await;
    assert_eq!(stranger.post(&path, &[("name", "Mine")]).await.status, 404);
}

// 002-070
#[tokio::test]
async fn a_program_names_and_renames_greetings_and_is_told_which_field_is_wrong() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let path = format!("/mailboxes/{}/greetings", bed.mailbox.id);
    let send = async |label: &str| {
        let headers = [("authorization", key.as_str()), ("content-type", "multipart/form-data; boundary=x")];
        let fields = [("kind", "busy"), ("label", label)];
        bed.send("192.0.2.1", "POST", &format!("/api/v1{path}"), &headers, parts(&fields)).await
    };
    let first = body(&send("On the phone").await);
    assert_eq!(first["label"], "On the phone");
    let second = body(&send("Also on the phone").await);
    let label_at_fault = |answer: &Answer, code: &str| {
        let told = body(answer);
        assert_eq!((answer.status, &told["errors"][0]["field"]), (422, &json!("label")), "{told}");
        assert_eq!(told["code"], code, "{told}");
    };
    label_at_fault(&send("on the PHONE").await, "label_taken");
    label_at_fault(&send("").await, "invalid");
    let one = format!("{path}/{}", second["id"].as_str().unwrap());
    let change = async |wanted| bed.call(&key, "PATCH", &one, Some(wanted), &[]).await;
    label_at_fault(&change(json!({"label": "On the phone", "active": false})).await, "label_taken");
    label_at_fault(&change(json!({"label": "x".repeat(65)})).await, "invalid");
    label_at_fault(&change(json!({"label": "a\u{7f}"})).await, "invalid");
    let told = body(&change(json!({"label": "Busy"})).await);
    assert_eq!(
        (&told["label"], &told["active"]),
        (&json!("Busy"), &json!(true)),
        "the refused one changed nothing"
    );
    let reader = bed.key(bed.mailbox.tenant, vec![Act::GreetingsRead]).await;
    assert_eq!(bed.call(&reader, "PATCH", &one, Some(json!({"label": "Mine"})), &[]).await.status, 403);
    let former = format!("{path}/{}/audio.wav?download", first["id"].as_str().unwrap());
    let saved = bed.call(&reader, "GET", &former, None, &[]).await;
    assert_eq!(saved.header("content-disposition"), "attachment; filename=\"On-the-phone.wav\"");
}

// 002-071
#[tokio::test]
async fn what_is_recorded_by_phone_has_the_name_that_was_asked_for() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    assert!(is_kept(&upload(&client, "Taken").await));
    let ask = async |name: &str| {
        client.post("/greetings/call-me", &[("kind", "standard"), ("to", "1001"), ("name", name)]).await
    };
    for (name, why) in
        [("taken", "already: choose another name"), (&"x".repeat(65), "has 1 to 64 characters")]
    {
        let refused = ask(name).await;
        assert!(refused.status == 422 && refused.text().contains(why), "{name}: {}", refused.text());
    }
    let asked = ask("From my desk").await;
    assert_eq!(asked.status, 303, "{}", asked.text());
    let page = asked.header("location").to_owned();
    assert!(client.get(&page).await.text().contains("From my desk"));
    let since = "2026-11-01T00:00:00Z".parse().unwrap();
    let hold = std::time::Duration::from_secs(20);
    let request = bed.store.take_call(since, hold).await.unwrap().unwrap();
    assert_eq!((request.kind, request.name.unwrap().as_str()), (GreetingKind::Standard, "From my desk"));
    let fault = aftertone::domain::CallFault::Busy;
    bed.store.note_call(request.id, 0, CallStep::failed(fault)).await.unwrap();
    let again = client.get(&page).await;
    assert!(again.text().contains(r#"name="name" value="From my desk""#), "{}", again.text());

    let key = bed.key_of_all().await;
    let calls = format!("/mailboxes/{}/calls-to-record", bed.mailbox.id);
    let call = async |label: &str| {
        bed.call(&key, "POST", &calls, Some(json!({"kind": "busy", "label": label})), &[]).await
    };
    for (label, code) in [("TAKEN", "label_taken"), ("", "invalid")] {
        let told = body(&call(label).await);
        assert_eq!((&told["code"], &told["errors"][0]["field"]), (&json!(code), &json!("label")), "{told}");
    }
    let asked = call("At my desk").await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let path = format!("{calls}/{}", body(&asked)["id"].as_str().unwrap());
    assert_eq!(body(&bed.call(&key, "GET", &path, None, &[]).await)["label"], "At my desk");
}
