//! Rules of a colleague as the pattern: what was seen is what is copied, and what cannot be as it was is said (000-10).

use aftertone::domain::{Mailbox, Role};
use serde_json::{Value, json};

use crate::answering::undo;
use crate::api::body;
use crate::web_bed::{Answer, WebBed};

/// What the comparison hands to the button.
fn seen(page: &Answer) -> String {
    let text = page.text();
    let seen = text.split("name=\"seen\" value=\"").nth(1).unwrap_or_else(|| panic!("{text}"));
    seen.split('"').next().unwrap().to_owned()
}

// 000-10
#[tokio::test]
async fn rules_of_a_colleague_are_compared_before_they_are_copied() {
    let bed = WebBed::new().await;
    let colleague = bed.colleague().await;
    let client = bed.client(&bed.mailbox, Role::OfficeManager).await;
    let path = format!("/answering/{}", colleague.id);
    client
        .done(&format!("{path}/hours"), &[("name", "Lunch"), ("purpose", "custom"), ("mon", "12-13")])
        .await;
    let frames = bed
        .services
        .frames
        .list(colleague.tenant, Some(&colleague.extension), bed.services.people.now())
        .await
        .unwrap();
    let lunch = frames[0].frame.id.to_string();
    client
        .done(
            &format!("{path}/rules"),
            &[("name", "Lunch"), ("is_new", "1"), ("answer", "tone"), ("frame", &lunch)],
        )
        .await;
    client.add_rule("Old", &[]).await;
    let page = client.get("/answering/me/rules/copy?from=1002").await;
    let text = page.text();
    assert!(
        text.contains("within &#34;Lunch&#34;; the tone comes at once")
            && text.contains("Deleted")
            && text.contains("Added"),
        "{text}"
    );
    assert_eq!(bed.order().await, ["Old"], "comparing copies nothing");
    let page = client.done("/answering/me/rules/copy", &[("from", "1002"), ("seen", &seen(&page))]).await;
    assert_eq!(bed.order().await, ["Lunch"]);
    assert!(
        page.text().contains("Within &#34;Lunch&#34;"),
        "the colleague's own time frame came along: {}",
        page.text()
    );
    client.done(&undo(&page), &[]).await;
    assert_eq!(bed.order().await, ["Old"]);
    assert!(
        !client.get("/answering/me/hours").await.text().contains("Lunch"),
        "nor does the time frame stay"
    );
    for (from, said) in [("1001", "same mailbox"), ("4711", "no mailbox “4711”"), ("x", "no mailbox “x”")]
    {
        let page = client.get(&format!("/answering/me/rules/copy?from={from}")).await;
        assert!(page.status == 422 && page.text().contains(said), "{}", page.text());
        assert_eq!(client.post("/answering/me/rules/copy", &[("from", from)]).await.status, 422);
    }
    // Whoever may not see them learns nothing of them.
    let basic = bed.client(&bed.mailbox, Role::Basic).await;
    let page = basic.get("/answering/me/rules/copy?from=1002").await;
    assert!(
        page.text().contains("no mailbox “1002” whose rules you may see") && !page.text().contains("Lunch")
    );
    assert_eq!(basic.post("/answering/me/rules/copy", &[("from", "1002")]).await.status, 422);
}

// 000-10
#[tokio::test]
async fn what_was_changed_since_it_was_compared_is_shown_and_not_copied() {
    let bed = WebBed::new().await;
    let colleague = bed.colleague().await;
    let client = bed.client(&bed.mailbox, Role::OfficeManager).await;
    let theirs = format!("/answering/{}/rules", colleague.id);
    let tone = |name: &'static str| [("name", name), ("is_new", "1"), ("answer", "tone")];
    client.done(&theirs, &tone("Seen")).await;
    client.add_rule("Own", &[]).await;
    let copy = "/answering/me/rules/copy";
    let compared = client.get(&format!("{copy}?from=1002")).await;
    client.done(&theirs, &tone("Unseen")).await;
    let given = [("from", "1002"), ("seen", &seen(&compared))];
    let page = client.refused(copy, &given).await;
    assert!(page.contains("changed since you compared them") && page.contains("Unseen"), "{page}");
    assert_eq!(bed.order().await, ["Own"]);
    // Nor is a rule lost that the own side got meanwhile.
    let compared = client.get(&format!("{copy}?from=1002")).await;
    client.add_rule("Mine", &[]).await;
    let page = client.refused(copy, &[("from", "1002"), ("seen", &seen(&compared))]).await;
    assert!(page.contains("Mine"), "{page}");
    let page = client.refused(copy, &[("from", "1002")]).await;
    assert!(page.contains("Look first at what would change"), "{page}");
    let compared = client.get(&format!("{copy}?from=1002")).await;
    client.done(copy, &[("from", "1002"), ("seen", &seen(&compared))]).await;
    assert_eq!(bed.order().await, ["Seen", "Unseen"]);
}

/// A time frame and rules of 1002, as programs make them.
async fn theirs(bed: &WebBed, key: &str, colleague: &Mailbox, rules: &[Value]) {
    for rule in rules {
        let path = format!("/mailboxes/{}/rules", colleague.id);
        let made = bed.call(key, "POST", &path, Some(rule.clone()), &[]).await;
        assert_eq!(made.status, 201, "{}", made.text());
    }
}

// 000-10
#[tokio::test]
async fn no_rule_comes_to_give_calls_to_its_own_voicemail() {
    let bed = WebBed::new().await;
    let colleague = bed.colleague().await;
    let key = bed.key_of_all().await;
    let voicemail = |name: &str, more: Value| json!({"name": name, "then": {"answer": "voicemail", "target": "1001", "phones": more}});
    let rules = [voicemail("Plain", json!({})), voicemail("Quiet", json!({"dnd": true}))];
    theirs(&bed, &key, &colleague, &rules).await;
    let copy = format!("/mailboxes/{}/rules/copy", bed.mailbox.id);
    let given = json!({"from": "1002"});
    let told = bed.call(&key, "POST", &copy, Some(given), &[]).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let steps = body(&told)["steps"].clone();
    assert_eq!(steps[0]["becomes"], Value::Null);
    assert!(steps[0]["notes"][0].as_str().unwrap().contains("is left out"), "{steps}");
    assert!(steps[1]["notes"][0].as_str().unwrap().contains("takes a message"), "{steps}");
    assert_eq!(bed.order().await, ["Quiet"]);
    let rules = bed.services.rules.of(bed.owner(&bed.mailbox)).await.unwrap();
    assert_eq!(rules[0].then.answer, aftertone::domain::answering::AnswerBy::Message);
}

// 000-10
#[tokio::test]
async fn a_copied_time_frame_goes_on_by_its_own_clock_and_goes_with_the_rules() {
    let bed = WebBed::new().await;
    let mut colleague = bed.colleague().await;
    let key = bed.key_of_all().await;
    colleague.zone = Some("Asia/Tokyo".to_owned());
    bed.store.put_mailbox(&colleague).await.unwrap();
    let frames = format!("/mailboxes/{}/time-frames", colleague.id);
    let lunch = json!({"name": "Lunch", "use": "custom", "spans": [{"span": "mon-fri 12:00-13:00"}]});
    let lunch = body(&bed.call(&key, "POST", &frames, Some(lunch), &[]).await);
    let rule = json!({"name": "Lunch", "then": {"answer": "tone"}, "when": {"frame": lunch["id"]}});
    theirs(&bed, &key, &colleague, &[rule]).await;
    let (own, copy) = (
        format!("/mailboxes/{}/time-frames", bed.mailbox.id),
        format!("/mailboxes/{}/rules/copy", bed.mailbox.id),
    );
    let preview = json!({"from": "1002", "preview": true});
    let told = body(&bed.call(&key, "POST", &copy, Some(preview), &[]).await);
    let note = told["steps"][0]["notes"][0].as_str().unwrap().to_owned();
    assert!(note.contains("\"Lunch\" comes along") && note.contains("the clock of Asia/Tokyo"), "{note}");
    let stale = json!({"from": "1002", "seen": "x"});
    let refused = bed.call(&key, "POST", &copy, Some(stale), &[]).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let given = json!({"from": "1002", "seen": told["seen"]});
    let copied = body(&bed.call(&key, "POST", &copy, Some(given), &[]).await);
    let listed = body(&bed.call(&key, "GET", &own, None, &[]).await);
    assert_eq!(
        (&listed["items"][0]["name"], &listed["items"][0]["read_in"]),
        (&json!("Lunch"), &json!("Asia/Tokyo"))
    );
    let undo = format!("/mailboxes/{}/rules/undo", bed.mailbox.id);
    let change = json!({"change": copied["undo"]});
    assert_eq!(bed.call(&key, "POST", &undo, Some(change), &[]).await.status, 204);
    assert_eq!(body(&bed.call(&key, "GET", &own, None, &[]).await)["items"], json!([]));
    assert_eq!(bed.order().await, Vec::<String>::new());
}
