//! How long extensions may be, and what of them is recommended: by page, API and suggestion.

use aftertone::domain::Role;
use serde_json::{Value, json};

use crate::api::body;
use crate::web_bed::WebBed;

// 002-006
#[tokio::test]
async fn new_extensions_are_as_long_as_the_tenant_wants_and_old_ones_stay() {
    let bed = WebBed::new().await;
    let (key, grace) = (bed.key_of_all().await, bed.colleague().await);
    let set = async |wanted: Value| bed.call(&key, "PATCH", "/policy", Some(wanted), &[]).await;
    let told = body(&set(json!({"extension_shortest": 5, "extension_longest": 6})).await);
    assert_eq!((&told["extension_shortest"], &told["extension_length"]), (&json!(5), &Value::Null));
    for (wrong, field) in [
        (json!({"extension_shortest": 1}), "extension_shortest"),
        (json!({"extension_longest": 11}), "extension_longest"),
        (json!({"extension_longest": 4}), "extension_longest"),
        (json!({"extension_length": 4}), "extension_length"),
        (json!({"extension_first": 10}), "extension_first"),
    ] {
        let refused = set(wrong.clone()).await;
        assert_eq!((refused.status, &body(&refused)["errors"][0]["field"]), (422, &json!(field)), "{wrong}");
    }
    let add = async |extension: &str| {
        bed.call(&key, "POST", "/users", Some(json!({"extension": extension, "first": "New"})), &[]).await
    };
    for (extension, why) in
        [("1003", "extensions are longer here"), ("1234567", "extensions are shorter here")]
    {
        let refused = add(extension).await;
        assert_eq!((refused.status, &body(&refused)["errors"][0]["field"]), (422, &json!("extension")));
        assert!(refused.text().contains(why), "{}", refused.text());
    }
    assert_eq!(add("10030").await.status, 201);
    // Somebody with an older one is changed as before, and gets no other that is too short.
    let path = format!("/users/{}", grace.user.unwrap());
    let change = async |wanted| bed.call(&key, "PATCH", &path, Some(wanted), &[]).await.status;
    assert_eq!(change(json!({"first": "Grace", "extension": "1002"})).await, 200);
    assert_eq!(change(json!({"extension": "1009"})).await, 422);
    let suggested = body(&bed.call(&key, "GET", "/users/suggestion", None, &[]).await);
    assert_eq!(suggested["extension"], "10031");
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let form = [("first", "New"), ("extension", "1004"), ("email", "")];
    let refused = admin.post("/admin/users", &form).await;
    assert!(refused.status == 422 && refused.text().contains("wrong-extension"), "{}", refused.text());
}

// 004-02, 003-06
#[tokio::test]
async fn an_extension_that_is_not_as_recommended_is_warned_of_and_never_refused() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let operator = bed.client(&bed.mailbox, Role::Operator).await;
    let form = [
        ("who_may_create", "office-manager"),
        ("queues", "1"),
        ("extension_shortest", "2"),
        ("extension_longest", "10"),
        ("extension_length", "4"),
        ("extension_first", "7"),
    ];
    let saved = operator.post("/admin/policy", &form).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let page = operator.get("/admin/policy").await;
    assert!(page.text().contains(r#"name="extension_first" value="7""#), "{}", page.text());
    for (field, typed) in
        [("extension_longest", "many"), ("extension_first", "77"), ("extension_length", "11")]
    {
        let wrong: Vec<_> =
            form.map(|(name, value)| (name, if name == field { typed } else { value })).into();
        let refused = operator.post("/admin/policy", &wrong).await;
        assert!(refused.status == 422 && refused.text().contains(&format!("value=\"{typed}\"")), "{field}");
    }
    // Ada's 1001 is older. What is suggested is as recommended.
    let suggested =
        async || body(&bed.call(&key, "GET", "/users/suggestion", None, &[]).await)["extension"].clone();
    assert_eq!(suggested().await, "7001");
    let add = async |extension: &str| {
        let new = json!({"extension": extension, "first": "New"});
        let added = bed.call(&key, "POST", "/users", Some(new), &[]).await;
        assert_eq!(added.status, 201, "{}", added.text());
        body(&added)
    };
    assert_eq!(add("7001").await["warnings"], json!([]));
    assert_eq!(suggested().await, "7002");
    let told = add("812").await;
    let warning = "extension 812 is not as recommended here, which is 4 digits beginning with 7";
    assert_eq!(told["warnings"], json!([warning]));
    let path = format!("/users/{}", told["id"].as_str().unwrap());
    let change =
        async |wanted| body(&bed.call(&key, "PATCH", &path, Some(wanted), &[]).await)["warnings"].clone();
    assert_eq!(change(json!({"first": "Newer"})).await, json!([]), "it is the same as before");
    assert_eq!(change(json!({"extension": "813"})).await.as_array().unwrap().len(), 1);

    let form = [("first", "Page"), ("extension", "4004"), ("email", ""), ("enabled", "1")];
    let added = operator.post("/admin/users", &form).await;
    assert_eq!(added.status, 303, "{}", added.text());
    let shown = operator.get(added.header("location")).await;
    assert!(shown.text().contains("Added.") && shown.text().contains("Extension 4004 is not as recommended"));
    let path = format!("/admin{path}");
    let saved = operator.post(&path, &[("first", "Newer"), ("emails", ""), ("extension", "7003")]).await;
    let shown = operator.get(saved.header("location")).await;
    assert!(shown.text().contains("Saved.") && !shown.text().contains("as recommended"), "{}", shown.text());
}
