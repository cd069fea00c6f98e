//! The page of trunks and peers.

use aftertone::domain::Role;

use axum::body::Body;
use serde_json::json;

use crate::api::body;
use crate::web_bed::WebBed;

#[tokio::test]
async fn trunks_are_shown_with_who_was_heard_and_only_they_are_asked() {
    let bed = WebBed::new().await;
    let operator = bed.client(&bed.mailbox, Role::Operator).await;
    let page = operator.get("/admin/trunks").await;
    let (trunk, others) = page.text().split_once("Peers without a trunk").unwrap();
    for part in [
        "carrier &#60;b&#62;",
        "192.0.2.10/32",
        "must be proven",
        "+49*",
        "OPTIONS was taken",
        "Ask sip:192.0.2.10",
    ] {
        assert!(trunk.contains(part), "{part}: {}", page.text());
    }
    assert!(others.contains("Not let in") && others.contains("192.0.2.66"), "{others}");
    assert!(others.contains("nowhere: nobody can call"), "{others}");
    let asked = operator.post("/admin/trunks/ask", &[("uri", "sip:192.0.2.10")]).await;
    assert!(asked.text().contains("answered OPTIONS with 200"), "{}", asked.text());
    assert!(operator.get("/admin/audit").await.text().contains("trunk.asked"));
    for elsewhere in ["sip:192.0.2.66", "sip:carrier.example.org", ""] {
        assert_eq!(
            operator.post("/admin/trunks/ask", &[("uri", elsewhere)]).await.status,
            404,
            "{elsewhere}"
        );
    }
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    assert_eq!(admin.post("/admin/trunks/ask", &[("uri", "sip:192.0.2.10")]).await.status, 403);
}

#[tokio::test]
async fn programs_of_the_operator_see_trunks_and_ask_only_what_is_configured() {
    let bed = WebBed::new().await;
    let operator = bed.client(&bed.mailbox, Role::Operator).await;
    let headers = [
        ("cookie", operator.cookie.as_str()),
        ("x-csrf", operator.csrf()),
        ("content-type", "application/json"),
    ];
    let ask = async |method: &str, path: &str, uri: Option<&str>| {
        let given = uri.map_or_else(Body::empty, |uri| json!({"uri": uri}).to_string().into());
        bed.send("192.0.2.1", method, &format!("/api/v1{path}"), &headers, given).await
    };
    let trunks = body(&ask("GET", "/trunks", None).await);
    let carrier = &trunks["items"][0];
    assert_eq!((&carrier["name"], &carrier["must_prove"]), (&json!("carrier <b>"), &json!(true)));
    assert_eq!(
        (&carrier["heard"][0]["ip"], &carrier["heard"][0]["connected"]),
        (&json!("192.0.2.10"), &json!(true))
    );
    assert_eq!(trunks["strangers"][0]["ip"], "192.0.2.66");
    let answer = body(&ask("POST", "/trunks/ask", Some("sip:192.0.2.10")).await);
    assert_eq!(answer["answered"], true, "{answer}");
    for elsewhere in ["sip:192.0.2.66", "", "sip:192.0.2.10;x"] {
        assert_eq!(ask("POST", "/trunks/ask", Some(elsewhere)).await.status, 404, "{elsewhere}");
    }
    let audit = bed.services.audit.page(bed.mailbox.tenant, None, 9).await.unwrap();
    assert_eq!(audit.iter().filter(|line| line.action == "trunk.asked").count(), 1);
    let admin = bed.key_of_all().await;
    for (method, path) in [("GET", "/trunks"), ("POST", "/trunks/ask")] {
        let given = (method == "POST").then(|| json!({"uri": "sip:192.0.2.10"}));
        assert_eq!(bed.call(&admin, method, path, given, &[]).await.status, 403);
    }
}
