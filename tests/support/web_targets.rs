//! Where rules lead: what is offered while somebody types, and what is said of rules that lead nowhere or in a circle.

use aftertone::domain::{Mailbox, Role};
use serde_json::{Value, json};

use crate::api::body;
use crate::portal::Client;
use crate::web_bed::WebBed;

/// What is offered: value, kind and name.
async fn offered(client: &Client<'_>, asked: &str) -> Vec<String> {
    let answer = client.get(&format!("/answering/me/targets?q={asked}")).await;
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let told =
        |item: &Value| format!("{} {}", item["value"].as_str().unwrap(), item["label"].as_str().unwrap());
    body["items"].as_array().unwrap().iter().map(told).collect()
}

impl WebBed {
    /// A phone of this name, which is the user's of this extension.
    async fn phone_of(&self, key: &str, name: &str, owner: Option<&str>) {
        let body = json!({"name": name, "owner": owner});
        let made = self.call(key, "POST", "/handsets", Some(body), &[]).await;
        assert_eq!(made.status, 201, "{}", made.text());
    }
}

// 002-041 … 002-045
#[tokio::test]
async fn targets_are_offered_while_somebody_types_and_only_those_there_are() {
    let bed = WebBed::new().await;
    let (colleague, stranger) = (bed.colleague().await, bed.stranger().await);
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let key = bed.key_of_all().await;
    assert_eq!(offered(&client, "grace").await, ["1002 User Grace Hopper", "vm-1002 Voicemail Grace Hopper"]);
    for (name, owner) in
        [("1002a", Some("1002")), ("1002b", Some("1002")), ("attic", Some("1002")), ("1002x", None)]
    {
        bed.phone_of(&key, name, owner).await;
    }
    // What opens a mailbox without a PIN is a secret, and no target.
    bed.services.accounts.trust(colleague.tenant, &colleague.extension, "desk-7", true).await.unwrap();
    let hers = ["1002a Handset Grace Hopper", "1002b Handset Grace Hopper", "attic Handset Grace Hopper"];
    let all = [&["1002 User Grace Hopper"], &hers[..], &["vm-1002 Voicemail Grace Hopper"]].concat();
    for typed in ["grace", "1002", "GRACE"] {
        assert_eq!(offered(&client, typed).await, all, "{typed}");
    }
    assert_eq!(offered(&client, "1002B").await, ["1002b Handset Grace Hopper"]);
    assert_eq!(offered(&client, "atti").await, ["attic Handset Grace Hopper"]);
    assert_eq!(
        offered(&client, "grace&outward=1").await,
        ["1002 User Grace Hopper", "1002a Handset Grace Hopper", "1002b Handset Grace Hopper"],
        "only where calls may be transferred"
    );
    // Lines of the configuration say what they are, and are found by that.
    let queue = ["sip:queue@pbx.example.org Queue or auto-attendant"];
    for typed in ["queue", "auto-att", "pbx.example"] {
        assert_eq!(offered(&client, typed).await, queue, "{typed}");
    }
    assert_eq!(offered(&client, "1000").await, ["1000 Number"]);
    for nobody in ["mallory", "4711", "1002x", "desk-7", "", "%25"] {
        assert_eq!(offered(&client, nobody).await, [""; 0], "{nobody}");
    }
    for other in [&colleague, &stranger] {
        assert_eq!(client.get(&format!("/answering/{}/targets?q=1", other.id)).await.status, 404);
    }
    // Who is gone is no target, nor are the phones that stay behind.
    bed.services.accounts.remove(colleague.tenant, &colleague.extension).await.unwrap();
    assert_eq!(offered(&client, "grace").await, [""; 0]);
    assert_eq!(offered(&client, "1002").await, ["1002 Number"], "the configuration names it");
}

impl WebBed {
    /// A rule of this mailbox, as a program adds it.
    async fn rule(&self, key: &str, mailbox: &Mailbox, rule: Value) -> Value {
        let path = format!("/mailboxes/{}/rules", mailbox.id);
        let made = self.call(key, "POST", &path, Some(rule), &[]).await;
        assert_eq!(made.status, 201, "{}", made.text());
        body(&made)
    }

    /// What is said beside the rules of a mailbox.
    async fn warnings(&self, key: &str, mailbox: &Mailbox) -> Vec<String> {
        let listed = self.call(key, "GET", &format!("/mailboxes/{}/rules", mailbox.id), None, &[]).await;
        let told = |rule: &Value| rule["warning"].as_str().unwrap_or_default().to_owned();
        body(&listed)["items"].as_array().unwrap().iter().map(told).collect()
    }

    async fn explained(&self, key: &str, to: &str) -> Value {
        body(&self.call(key, "GET", &format!("/explain?to={to}&from=%2B4930555"), None, &[]).await)
    }
}

// 002-041, 002-043
#[tokio::test]
async fn a_rule_that_leads_to_what_is_gone_says_so() {
    let bed = WebBed::new().await;
    let colleague = bed.colleague().await;
    let key = bed.key_of_all().await;
    bed.phone_of(&key, "1002a", Some("1002")).await;
    let new = json!({"extension": "1004", "last": "Turing"});
    assert_eq!(bed.call(&key, "POST", "/users", Some(new), &[]).await.status, 201);
    let mut phones = json!({"answer": "tone", "phones": {"forward_busy": "1002a", "simring": [{"target": "1003"}, {"target": "1004"}]}});
    bed.rule(&key, &bed.mailbox, json!({"name": "Phones", "when": {"reasons": ["busy"]}, "then": phones}))
        .await;
    let rule = json!({"name": "Hers", "then": {"answer": "voicemail", "target": "1002"}});
    bed.rule(&key, &bed.mailbox, rule).await;
    // Whom the configuration names the phone system knows, and whoever dials more digits than an extension has.
    phones["phones"] =
        json!({"forward_busy": "1000", "forward_offline": "+4930123", "simring": [{"target": "99"}]});
    let other = json!({"name": "Others", "when": {"reasons": ["offline"]}, "then": phones});
    bed.rule(
        &key,
        &bed.mailbox,
        json!({"name": "First", "place": 1, "enabled": false, "then": other["then"]}),
    )
    .await;
    bed.rule(
        &key,
        &bed.mailbox,
        json!({"name": "Others", "place": 1, "when": other["when"], "then": other["then"]}),
    )
    .await;
    assert_eq!(bed.warnings(&key, &bed.mailbox).await, [""; 4], "1003 may be the phone system's");

    for gone in ["1002", "1004"] {
        bed.services.accounts.remove(colleague.tenant, &gone.parse().unwrap()).await.unwrap();
    }
    let both = "leads nowhere: the phone 1002a is nobody's, and nobody has the extension 1004; choose another target";
    let hers = "leads nowhere: nobody has the extension 1002; choose another target";
    assert_eq!(bed.warnings(&key, &bed.mailbox).await, ["", "", both, hers]);
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let page = client.get("/answering/me/rules").await;
    let shown = "<p class=\"error\">Leads nowhere: nobody has the extension 1002; choose another target.</p>";
    assert!(page.text().contains(shown), "{}", page.text());
    let told = bed.explained(&key, "1001").await;
    assert_eq!(told["followed"][0]["does"], "goes to the voicemail of 1002");
    assert_eq!((&told["stays"], &told["mailbox"]), (&json!("nobody has the extension 1002"), &json!("1001")));
    let tried = client.get("/answering/me/rules?caller=%2B4930555&reason=&at=").await;
    let words = "Nobody has the extension 1002: a message is taken where the call began.";
    assert!(tried.text().contains(words), "{}", tried.text());
    // A rule that is off leads nobody anywhere.
    for rule in bed.services.rules.of(bed.owner(&bed.mailbox)).await.unwrap() {
        bed.services.rules.enable(bed.owner(&bed.mailbox), rule.id, false).await.unwrap();
    }
    assert_eq!(bed.warnings(&key, &bed.mailbox).await, [""; 4]);
}

// 002-038: how many calls make a user busy stands beside the rules that a phone system reads.
#[tokio::test]
async fn a_rule_for_busy_says_how_many_calls_that_is() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let rule = json!({"name": "Busy", "then": {"phones": {"forward_busy": "1000"}}});
    let rule = bed.rule(&key, &bed.mailbox, rule).await;
    assert_eq!(rule["call_paths"], Value::Null, "the phone system decides");
    let user = format!("/users/{}", bed.mailbox.user.unwrap());
    for (wrong, words) in
        [(json!(0), "1 to 99"), (json!(100), "1 to 99"), (json!("2"), "a number"), (json!(true), "a number")]
    {
        let refused =
            bed.call(&key, "PATCH", &user, Some(json!({"profile": {"call_paths": wrong}})), &[]).await;
        assert_eq!((refused.status, &body(&refused)["errors"][0]["field"]), (422, &json!("call_paths")));
        assert!(refused.text().contains(words), "{}", refused.text());
    }
    let set = bed.call(&key, "PATCH", &user, Some(json!({"profile": {"call_paths": 4}})), &[]).await;
    assert_eq!((set.status, &body(&set)["profile"]["call_paths"]), (200, &json!(4)), "{}", set.text());
    let path = format!("/mailboxes/{}/rules/{}", bed.mailbox.id, rule["id"].as_str().unwrap());
    assert_eq!(body(&bed.call(&key, "GET", &path, None, &[]).await)["call_paths"], 4);
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let page = admin.get(&format!("/admin{user}")).await;
    assert!(page.text().contains("Calls at the same time"), "{}", page.text());
    admin.done(&format!("/admin{user}/profile"), &[("section", "calls"), ("call_paths", "5")]).await;
    assert_eq!(body(&bed.call(&key, "GET", &path, None, &[]).await)["call_paths"], 5);
    admin.done(&format!("/admin{user}/profile"), &[("section", "calls"), ("call_paths", "")]).await;
    assert_eq!(body(&bed.call(&key, "GET", &path, None, &[]).await)["call_paths"], Value::Null);
}

// 002-042
#[tokio::test]
async fn rules_that_lead_in_a_circle_say_so_whenever_they_do() {
    let bed = WebBed::new().await;
    let colleague = bed.colleague().await;
    let key = bed.key_of_all().await;
    let frame = json!({"name": "Nights", "use": "custom", "spans": [{"span": "daily 22:00-06:00"}]});
    let frame = bed.call(&key, "POST", "/time-frames", Some(frame), &[]).await;
    let nights = body(&frame)["id"].clone();
    let on = json!({"name": "To Grace", "then": {"answer": "transfer", "target": "1002"}});
    let on = bed.rule(&key, &bed.mailbox, on).await;
    assert_eq!(on["warning"], Value::Null);
    let back = json!({"name": "<b>Back</b>", "when": {"frame": nights}, "then": {"phones": {"forward_always": "1001"}}});
    let back = bed.rule(&key, &colleague, back).await;
    // It is afternoon: the circle will close at night.
    let words = |way: &str| {
        format!(
            "these rules lead in a circle: {way}; a message is taken where the call began, until one of them leads elsewhere"
        )
    };
    assert_eq!(bed.warnings(&key, &bed.mailbox).await, [words("1001 → 1002 → 1001")]);
    assert_eq!(bed.warnings(&key, &colleague).await, [words("1002 → 1001 → 1002")]);
    let path = "/explain?to=1001&from=%2B4930555&at=2026-11-21T23:00:00Z";
    let told = body(&bed.call(&key, "GET", path, None, &[]).await);
    assert_eq!(told["stays"], "these rules lead in a circle: 1001 → 1002 → 1001");
    assert_eq!((&told["transfer"], &told["mailbox"]), (&Value::Null, &json!("1001")));
    let steps: Vec<&str> =
        told["followed"].as_array().unwrap().iter().map(|step| step["mailbox"].as_str().unwrap()).collect();
    assert_eq!(steps, ["1001", "1002"]);
    assert_eq!(bed.explained(&key, "1001").await["transfer"], "1002", "by day her phones ring");
    // How she names her rules is hers.
    let at = "/answering/me/rules?caller=%2B4930555&reason=&at=2026-11-21T23:00";
    for (role, sees) in [(Role::Basic, false), (Role::OfficeManager, true)] {
        let page = bed.client(&bed.mailbox, role).await.get(at).await;
        assert!(
            page.text().contains("These rules lead in a circle: 1001 → 1002 → 1001: a message"),
            "{}",
            page.text()
        );
        assert_eq!(page.text().contains("1002, rule"), sees, "{}", page.text());
        assert!(!page.text().contains("<b>Back"), "{}", page.text());
    }
    // Where one goes on by day and the other by night there is none.
    let path = format!("/mailboxes/{}/rules/{}", bed.mailbox.id, on["id"].as_str().unwrap());
    let day = json!({"when": {"frame": nights, "outside": true}});
    let changed = body(&bed.call(&key, "PATCH", &path, Some(day), &[]).await);
    assert_eq!(changed["warning"], Value::Null);
    let path = format!("/mailboxes/{}/rules/{}", colleague.id, back["id"].as_str().unwrap());
    let always = body(&bed.call(&key, "PATCH", &path, Some(json!({"when": null})), &[]).await);
    assert_eq!(always["warning"], words("1002 → 1001 → 1002"));
    let phone = json!({"then": {"answer": "tone", "phones": {"forward_always": "vm-1001"}}});
    let voicemail = body(&bed.call(&key, "PATCH", &path, Some(phone), &[]).await);
    assert_eq!(voicemail["warning"], Value::Null, "a voicemail goes no further");
}
