//! What is refused of rules, hours and lists, beside which field, and what is told of those that are kept.

use aftertone::domain::{GreetingKind, Role};
use aftertone::service::greetings::NewGreeting;

use serde_json::json;

use crate::api::body;
use crate::web_bed::WebBed;

/// The part of a page from a word on, as long as a field with what is said beside it may be.
fn beside<'p>(page: &'p str, field: &str) -> &'p str {
    let begin = page.find(field).unwrap_or_else(|| panic!("{field}: {page}"));
    page[begin..].split("</label>").next().unwrap()
}

// 002-028
#[tokio::test]
async fn who_is_let_through_is_told_to_be_asked_for_no_name() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let quiet = [("name", "Quiet"), ("is_new", "1"), ("answer", "message"), ("dnd", "1"), ("screening", "1")];
    client.done("/answering/me/rules", &quiet).await;
    client.done("/answering/me/lists", &[("pattern", "+15550100"), ("verdict", "allow")]).await;
    let asks = "A question for the own name";
    let stranger = client.get("/admin/explain?to=1001&from=%2B15550199&reason=unanswered").await;
    for told in ["do not disturb (acts in the phone system)", "callers say their name", "(acts here)", asks] {
        assert!(stranger.text().contains(told), "{told}: {}", stranger.text());
    }
    let friend = client.get("/admin/explain?to=1001&from=%2B15550100&reason=unanswered").await;
    let friend = friend.text();
    for told in ["do not disturb: not for this caller, whom a list lets through", "call screening: not for"] {
        assert!(friend.contains(told), "{told}: {friend}");
    }
    for wrong in ["do not disturb (acts", "callers say their name", asks] {
        assert!(!friend.contains(wrong), "{wrong}: {friend}");
    }
}

// 002-027, 002-030
#[tokio::test]
async fn a_list_takes_numbers_as_callers_have_them_and_no_mistyped_ones() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let lists = "/answering/me/lists";
    for (typed, kept) in [
        ("00493055513", "+493055513 is on the list"),
        ("+49 (0)30 555", "+4930555 is on the list"),
        ("unknown", "anonymous is on the list"),
    ] {
        let page = client.done(lists, &[("pattern", typed), ("verdict", "busy")]).await;
        assert!(page.text().contains(kept), "{typed}: {}", page.text());
    }
    for typed in ["+4930x", "4930.."] {
        let page = client.refused(lists, &[("pattern", typed), ("verdict", "busy")]).await;
        assert!(page.contains("mistyped") && page.contains(&format!("value=\"{typed}\"")), "{page}");
    }
    let page = client.get(&format!("{lists}?check=%2B493055513")).await;
    assert!(page.text().contains("own list — turn away as busy"), "{}", page.text());
    let page = client.get(&format!("{lists}?check=garbage!")).await;
    assert_eq!(page.status, 422);
    let said = beside(page.text(), "name=\"check\"");
    assert!(
        said.contains("role=\"alert\"") && said.contains("garbage!") && said.contains("internal"),
        "{said}"
    );
}

// 002-033, 002-037 … 002-040, 002-046, 002-051
#[tokio::test]
async fn what_is_wrong_with_a_rule_stands_beside_its_field() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let colleague = bed.colleague().await;
    let rules = "/answering/me/rules";
    for (fields, field, said) in [
        (&[("only_extension", "1"), ("all_phones", "1")][..], "only_extension", "choose one of them"),
        (
            &[("only_extension", "1"), ("phone", "1002"), ("delay", "")],
            "only_extension",
            "choose one of them",
        ),
        (&[("forward_busy", "foo bar")], "forward_busy", "nobody here is called so"),
        (&[("forward_always", "<x>")], "forward_always", "the name of a phone"),
        (&[("outside", "1")], "frame", "choose the time frame"),
        (&[("target", "1002")], "target", "only a transfer"),
        (&[("answer", "transfer"), ("target", "+1900555")], "target", "not among the allowed"),
        (&[("callers", "+4930x")], "callers", "mistyped"),
    ] {
        let mut all = vec![("name", "x"), ("is_new", "1")];
        if !fields.iter().any(|field| field.0 == "answer") {
            all.push(("answer", "announcement"));
        }
        all.extend_from_slice(fields);
        let page = client.refused(rules, &all).await;
        let told = beside(&page, &format!("name=\"{field}\""));
        assert!(told.contains("aria-invalid") && told.to_lowercase().contains(said), "{fields:?}: {told}");
    }
    assert!(bed.order().await.is_empty());

    // Without a script a name is typed out: it is the extension of who is called so.
    client.add_rule("By name", &[("operator", "Grace Hopper"), ("forward_busy", "grace hopper")]).await;
    let kept = &bed.services.rules.of(bed.owner(&bed.mailbox)).await.unwrap()[0];
    assert_eq!(kept.then.operator.as_deref(), Some(colleague.extension.as_str()));
    assert_eq!(kept.then.phones.forward_busy.as_deref(), Some("1002"));
    let page = client.refused(rules, &[("name", "y"), ("is_new", "1"), ("operator", "Bob Builder")]).await;
    assert!(beside(&page, "name=\"operator\"").contains("obody here is called so"), "{page}");
}

// 002-052 … 002-056
#[tokio::test]
async fn what_a_rule_cannot_do_is_said_beside_it() {
    let bed = WebBed::new().await;
    let colleague = bed.colleague().await;
    let client = bed.client(&bed.mailbox, Role::OfficeManager).await;
    client.add_rule("Busy", &[("greeting", "busy"), ("reason", "busy")]).await;
    let warned = "Plays the busy greeting, and none is on";
    let page = client.get("/answering/me/rules").await;
    assert!(page.text().contains(warned), "{}", page.text());
    let new = NewGreeting {
        tenant: bed.mailbox.tenant,
        mailbox: bed.mailbox.id,
        kind: GreetingKind::Busy,
        name: None,
        label: "busy".to_owned(),
        file: crate::portal::tone().into(),
        from: None,
        until: None,
        is_aside: false,
    };
    bed.services.greetings.set(new).await.unwrap();
    let page = client.get("/answering/me/rules").await;
    assert!(!page.text().contains(warned), "{}", page.text());

    client.done("/answering/me/lists", &[("pattern", "+15550100"), ("verdict", "busy")]).await;
    client.add_rule("Always", &[]).await;
    let page = client.get("/answering/me/rules?caller=%2B15550100&reason=busy").await;
    let told = page.text().split("class=\"big\">").nth(1).unwrap().split("</p>").next().unwrap();
    assert!(told.contains("The list decides, before any rule") && !told.contains("Rule 1"), "{told}");
    assert!(!page.text().contains("<dt>Because</dt>"), "{}", page.text());
    let page = client.get("/answering/me/rules?caller=%2B15550199&reason=busy").await;
    assert!(page.text().contains("Rule 1 "), "{}", page.text());

    let page = client.get(&format!("/answering/{}/rules", colleague.id)).await;
    assert!(page.text().contains("<bdi>Grace Hopper</bdi>, mailbox 1002"), "{}", page.text());
}

// 002-027: what a rule was given before it was checked stays when something else of it is changed.
#[tokio::test]
async fn a_rule_keeps_callers_that_would_be_refused_today() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    client.add_rule("Old", &[("callers", "1003")]).await;
    let owner = bed.owner(&bed.mailbox);
    let mut rules = bed.services.rules.of(owner).await.unwrap();
    rules[0].when.callers = vec!["+4930x".parse().unwrap()];
    let stored = rules.clone();
    bed.store.change_rules(owner, |_| Ok::<_, aftertone::store::StoreError>(stored)).await.unwrap();
    let path = bed.rule_path("Old").await;
    let fields = [("name", "Old"), ("enabled", "1"), ("answer", "tone"), ("callers", "+4930x")];
    client.done(&path, &fields).await;
    let kept = bed.services.rules.of(owner).await.unwrap();
    assert_eq!(kept[0].when.callers, rules[0].when.callers);
    let page = client.refused(&path, &[fields[0], fields[1], fields[2], ("callers", "+4930x\n+4931x")]).await;
    assert!(page.contains("+4931x") && page.contains("mistyped"), "{page}");
}

// 002-033
#[tokio::test]
async fn the_public_holidays_of_a_country_are_a_choice() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let path = "/answering/all/hours/holidays";
    let page = client.done(path, &[("country", "de"), ("name", "")]).await;
    for told in ["Public holidays: Germany", "German Unity Day", "The holidays are kept"] {
        assert!(page.text().contains(told), "{told}: {}", page.text());
    }
    let page = client.refused(path, &[("country", "xx"), ("name", "")]).await;
    assert!(page.contains("choose at, au, be"), "{page}");
    let basic = bed.client(&bed.mailbox, Role::Basic).await;
    assert_eq!(basic.post(path, &[("country", "de")]).await.status, 403);

    let key = bed.key_of_all().await;
    let wanted = json!({"name": "Ours", "use": "holiday", "country": "US"});
    let kept = body(&bed.call(&key, "POST", "/time-frames", Some(wanted.clone()), &[]).await);
    let thanksgiving = json!({"span": "yearly nov thu#4", "note": "Thanksgiving Day"});
    assert!(kept["spans"].as_array().unwrap().contains(&thanksgiving), "{kept}");
    let again = bed.call(&key, "POST", "/time-frames", Some(wanted), &[]).await;
    assert_eq!(again.status, 409, "{}", again.text());
    // Without a name it is called after the country, and that one is not replaced unasked.
    let unnamed = json!({"name": "", "use": "holiday", "country": "de"});
    let again = bed.call(&key, "POST", "/time-frames", Some(unnamed), &[]).await;
    assert_eq!(again.status, 409, "{}", again.text());
    for wrong in [
        json!({"name": "Both", "use": "holiday", "country": "us", "spans": [{"span": "always"}]}),
        json!({"name": "Nowhere", "use": "holiday", "country": "xx"}),
    ] {
        let refused = bed.call(&key, "POST", "/time-frames", Some(wrong), &[]).await;
        let told = body(&refused);
        assert_eq!((refused.status, &told["errors"][0]["field"]), (422, &json!("country")), "{told}");
    }
}
