//! What callers of a mailbox that is off get, as the tenant's policy says it: by program, on the page, and explained.

use aftertone::domain::{Mailbox, Role};
use serde_json::{Value, json};

use crate::api::body;
use crate::web_bed::WebBed;

// 002-012
#[tokio::test]
async fn what_callers_of_a_mailbox_that_is_off_get_is_the_tenants_to_say() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let off = Mailbox { enabled: false, ..bed.mailbox.clone() };
    bed.store.put_mailbox(&off).await.unwrap();
    let policy = body(&bed.call(&key, "GET", "/policy", None, &[]).await);
    assert_eq!(policy["mailbox_off"], "announce");
    let wrong = bed.call(&key, "PATCH", "/policy", Some(json!({"mailbox_off": "hang-up"})), &[]).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(body(&wrong)["errors"][0]["field"], "mailbox_off");
    assert!(wrong.text().contains("choose announce, unavailable, decline or operator"), "{}", wrong.text());

    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let told = async || {
        let told = body(&bed.call(&key, "GET", "/explain?to=1001&from=%2B4930555", None, &[]).await);
        let page = admin.get("/admin/explain?to=1001&from=%2B4930555").await.text().to_owned();
        (told["when_off"].clone(), told["transfer"].clone(), page)
    };
    for (what, hears) in [
        ("announce", "That this mailbox takes no messages; then the call ends"),
        ("unavailable", "That nobody is there (480)"),
        ("decline", "That the call was declined (603)"),
        (
            "operator",
            "A transfer to the operator of the server, if there is one; when nobody takes it, what follows",
        ),
    ] {
        let set = bed.call(&key, "PATCH", "/policy", Some(json!({"mailbox_off": what})), &[]).await;
        assert_eq!((set.status, &body(&set)["mailbox_off"]), (200, &json!(what)), "{}", set.text());
        let (when_off, transfer, page) = told().await;
        assert_eq!((when_off, transfer), (json!(what), Value::Null));
        assert!(page.contains(hears), "{what}: {page}");
    }
    let tenant = format!("/tenants/{}", bed.mailbox.tenant);
    let changed = bed.call(&key, "PATCH", &tenant, Some(json!({"operator": "1000"})), &[]).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let (_, transfer, page) = told().await;
    assert_eq!(transfer, "1000");
    assert!(page.contains("A transfer to 1000; when nobody takes it, what follows"), "{page}");

    // By the page; what is not sent along stays.
    let shown = admin.get("/admin/policy").await;
    assert!(shown.text().contains("<option value=\"operator\" selected>"), "{}", shown.text());
    let form = [("who_may_create", "tenant-admin"), ("mailbox_off", "decline")];
    assert_eq!(admin.post("/admin/policy", &form).await.status, 303);
    assert_eq!(told().await.0, "decline");
    assert_eq!(admin.post("/admin/policy", &form[..1]).await.status, 303);
    assert_eq!(told().await.0, "decline");
    let form = [("who_may_create", "tenant-admin"), ("mailbox_off", "x")];
    assert_eq!(admin.post("/admin/policy", &form).await.status, 422);
    let audit = bed.services.audit.page(bed.mailbox.tenant, None, 50).await.unwrap();
    let line = audit.iter().find(|line| line.action == "policy.changed").unwrap();
    assert!(line.became.as_ref().unwrap().contains("\"mailbox_off\":\"decline\""), "{line:?}");
    // A mailbox that is on takes messages, whatever is said for those that are off.
    bed.store.put_mailbox(&bed.mailbox).await.unwrap();
    assert_eq!(told().await.0, Value::Null);
}
