//! The page of trunks and peers.

use aftertone::domain::Role;

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
