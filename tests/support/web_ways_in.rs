//! Nobody's way in is taken or given without a word: addresses that are shared, roles that come back, links that lead nowhere.

use aftertone::domain::{Login, Mailbox, Purpose, Role};
use aftertone::service::access::Act;
use serde_json::json;

use crate::api::body;
use crate::portal::PASSWORD;
use crate::web_bed::WebBed;

const GRACES: &str = "cobol-moth-relay";

impl WebBed {
    /// Grace with a password of her own.
    async fn grace(&self) -> Mailbox {
        let grace = self.colleague().await;
        let user = self.user_of(&grace).await;
        self.services.signin.give_password(&user, GRACES.to_owned().into()).await.unwrap();
        grace
    }
}

#[tokio::test]
async fn two_people_who_share_an_address_sign_in_with_it_and_are_told_so() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.grace().await;
    let path = format!("/admin/users/{}", grace.user.unwrap());
    assert!(!admin.get(&path).await.text().contains("Ada Lovelace as well"));
    let fields = [("first", "Grace"), ("emails", "ADA@example.org"), ("extension", "1002")];
    assert_eq!(admin.post(&path, &fields).await.status, 303);
    let page = admin.get(&path).await;
    assert!(page.text().contains("is an address of Ada Lovelace as well"), "{}", page.text());
    for (password, status) in [(PASSWORD, 303), (GRACES, 303), ("neither-of-both", 401)] {
        assert_eq!(bed.enter("ada@example.org", password, "192.0.2.1").await.status, status, "{password}");
    }
    // Who signs in often shuts out nobody who shares the address.
    for _ in 0..12 {
        assert_eq!(bed.enter("ada@example.org", GRACES, "192.0.2.7").await.status, 303);
    }
    assert_eq!(bed.enter("ada@example.org", PASSWORD, "192.0.2.1").await.status, 303);
    let key = bed.key_of_all().await;
    let user = format!("/users/{}", grace.user.unwrap());
    let told = bed.call(&key, "PATCH", &user, Some(json!({"emails": ["ada@example.org"]})), &[]).await;
    assert!(body(&told)["warnings"][0].as_str().unwrap().contains("Ada Lovelace"), "{}", told.text());
    let told = bed.call(&key, "PATCH", &user, Some(json!({"emails": ["g@example.org"]})), &[]).await;
    assert_eq!(body(&told)["warnings"], json!([]));
}

#[tokio::test]
async fn an_address_that_is_somebodys_user_id_is_refused() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.grace().await;
    let key = bed.key_of_all().await;
    let user = format!("/users/{}", grace.user.unwrap());
    let login = json!({"profile": {"login": "hopper@example.org"}});
    assert_eq!(bed.call(&key, "PATCH", &user, Some(login), &[]).await.status, 200);
    let own = format!("/users/{}", bed.mailbox.user.unwrap());
    let emails = json!({"emails": ["ada@example.org", "Hopper@example.org"]});
    let refused = bed.call(&key, "PATCH", &own, Some(emails), &[]).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert_eq!(body(&refused)["errors"][0]["field"], json!("emails"));
    assert_eq!(body(&refused)["errors"][0]["code"], json!("address_taken"));
    let new = json!({"extension": "1003", "emails": ["hopper@example.org"]});
    assert_eq!(bed.call(&key, "POST", "/users", Some(new), &[]).await.status, 422);
    let fields = [("first", "Ada"), ("emails", "hopper@example.org"), ("extension", "1001")];
    let page = admin.post(&format!("/admin{own}"), &fields).await;
    assert_eq!(page.status, 422);
    assert!(page.text().contains("The address hopper@example.org is the user ID"), "{}", page.text());
    assert_eq!(bed.enter("hopper@example.org", GRACES, "192.0.2.1").await.status, 303);
    // Of the same person it may be both.
    let both = json!({"emails": ["hopper@example.org"]});
    assert_eq!(bed.call(&key, "PATCH", &user, Some(both), &[]).await.status, 200);
}

// 002-001
#[tokio::test]
async fn a_role_comes_back_only_by_who_may_give_it() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.grace().await;
    bed.give(&grace, Role::TenantAdmin).await;
    let (user, page) =
        (format!("/users/{}", grace.user.unwrap()), format!("/admin/users/{}", grace.user.unwrap()));
    let parts = [("clear", "name"), ("clear", "password")];
    assert_eq!(admin.post(&format!("{page}/reset"), &parts).await.status, 303);
    let new = json!({"extension": "1003", "first": "Olga"});
    let added = bed.call(&bed.key_of_all().await, "POST", "/users", Some(new), &[]).await;
    let olga = body(&added)["mailbox"]["id"].as_str().unwrap().parse().unwrap();
    let olga = bed.store.mailbox(bed.mailbox.tenant, olga).await.unwrap();
    let manager = bed.client(&olga, Role::OfficeManager).await;
    let refused = manager.post(&format!("{page}/take-back"), &[]).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(refused.text().contains("tenant-admin would come back"), "{}", refused.text());
    let writer = bed.key(bed.mailbox.tenant, vec![Act::UsersRead, Act::UsersWrite]).await;
    let refused = bed.call(&writer, "POST", &format!("{user}/take-back"), None, &[]).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    let login = bed.services.signin.login(grace.tenant, grace.user.unwrap()).await.unwrap();
    assert_eq!((login.role, login.has_password), (Role::Basic, false), "nothing came back");
    assert_eq!(admin.post(&format!("{page}/take-back"), &[]).await.status, 303);
    let login = bed.services.signin.login(grace.tenant, grace.user.unwrap()).await.unwrap();
    assert_eq!((login.role, login.has_password), (Role::TenantAdmin, true));

    // The same of the recycle bin.
    bed.services.accounts.remove(grace.tenant, &grace.extension).await.unwrap();
    let restore = format!("/users/{}/restore", grace.user.unwrap());
    assert_eq!(bed.call(&writer, "POST", &restore, Some(json!({})), &[]).await.status, 403);
    assert_eq!(manager.post(&format!("/admin/users/{}/restore", grace.user.unwrap()), &[]).await.status, 403);
    assert_eq!(admin.post(&format!("/admin/users/{}/restore", grace.user.unwrap()), &[]).await.status, 303);
    // Who was nobody special comes back by whoever changes users.
    bed.give(&grace, Role::Basic).await;
    assert_eq!(manager.post(&format!("{page}/reset"), &parts).await.status, 303);
    assert_eq!(bed.call(&writer, "POST", &format!("{user}/take-back"), None, &[]).await.status, 200);
}

// 001-08
#[tokio::test]
async fn who_has_no_web_access_is_not_invited_and_a_link_of_before_is_not_used_up() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let grace = bed.grace().await;
    let user = bed.user_of(&grace).await;
    let token = bed.door(&user, Purpose::Invite).await;
    let was = bed.services.signin.login(user.tenant, user.id).await.unwrap();
    let set = async |portal: bool| {
        let now = bed.services.signin.login(user.tenant, user.id).await.unwrap();
        bed.services.signin.set_login(&now, &Login { portal, ..was.clone() }).await.unwrap();
    };
    set(false).await;
    let refused = admin.post(&format!("/admin/users/{}/invite", user.id), &[]).await;
    assert!(
        refused.status == 422 && refused.text().contains("may not sign in by the web"),
        "{}",
        refused.text()
    );
    let key = bed.key_of_all().await;
    let refused = bed.call(&key, "POST", &format!("/users/{}/invite", user.id), None, &[]).await;
    assert_eq!((refused.status, &body(&refused)["code"]), (422, &json!("no_web_access")));
    let chosen = [("password", "zebra-tuna-lamp"), ("again", "zebra-tuna-lamp")];
    // Links of before ended with the access; one that was issued since waits for it.
    let late = bed.door(&user, Purpose::Invite).await;
    for token in [&late] {
        let answer = bed.fill("192.0.2.1", &format!("/door/{token}"), &chosen).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert!(answer.text().contains("You may not sign in by the web at the moment"), "{}", answer.text());
    }
    assert_eq!(bed.enter("1002@home", "zebra-tuna-lamp", "192.0.2.1").await.status, 401);
    set(true).await;
    let answer = bed.fill("192.0.2.1", &format!("/door/{late}"), &chosen).await;
    assert_eq!(answer.status, 303, "the link still works: {}", answer.text());
    drop(token);
}

// 004-10, 001-09
#[tokio::test]
async fn where_somebody_cannot_come_back_the_row_says_why() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let key = bed.key_of_all().await;
    let grace = bed.colleague().await;
    bed.services.accounts.remove(grace.tenant, &grace.extension).await.unwrap();
    let plan = json!({"extension_shortest": 4, "extension_longest": 4});
    assert_eq!(bed.call(&key, "PATCH", "/policy", Some(plan), &[]).await.status, 200);
    let restore = format!("/users/{}/restore", grace.user.unwrap());
    for typed in ["77", "12345"] {
        let page = admin.post(&format!("/admin{restore}"), &[("extension", typed)]).await;
        assert_eq!(page.status, 422, "{}", page.text());
        assert!(page.text().contains(&format!("value=\"{typed}\" aria-invalid")), "{}", page.text());
        assert!(
            page.text().contains("see what is marked") && !page.text().contains("Your messages are safe")
        );
        let told = bed.call(&key, "POST", &restore, Some(json!({ "extension": typed })), &[]).await;
        assert_eq!((told.status, &body(&told)["errors"][0]["field"]), (422, &json!("extension")));
    }
    let taken = admin.post(&format!("/admin{restore}"), &[("extension", "1001")]).await;
    assert!(taken.status == 409 && taken.text().contains("1001 is somebody else"), "{}", taken.text());
    assert_eq!(admin.post(&format!("/admin{restore}"), &[("extension", "")]).await.status, 303);
}

// 004-10
#[tokio::test]
async fn the_recycle_bin_shows_everybody_page_by_page() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let key = bed.key_of_all().await;
    for number in 2000..2105 {
        let new = aftertone::service::accounts::NewUser {
            extension: number.to_string().parse().unwrap(),
            first: format!("Guest{number}"),
            last: String::new(),
            emails: Vec::new(),
            mode: None,
            pin: None,
        };
        let added = bed.services.accounts.add_user(bed.mailbox.tenant, new).await.unwrap();
        bed.services.accounts.remove(bed.mailbox.tenant, &added.mailbox.extension).await.unwrap();
    }
    let first = admin.get("/admin/users/removed").await;
    assert_eq!(first.text().matches("/restore\"").count(), 100);
    let older = first.text().split("removed?after=").nth(1).expect("a way on").split('"').next().unwrap();
    let last = admin.get(&format!("/admin/users/removed?after={older}")).await;
    assert_eq!(last.text().matches("/restore\"").count(), 5);
    assert!(!last.text().contains("Older ones") && last.text().contains("Back to the first"));
    let (mut seen, mut path) = (std::collections::BTreeSet::new(), "/users/removed?limit=40".to_owned());
    loop {
        let page = body(&bed.call(&key, "GET", &path, None, &[]).await);
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|one| one["extension"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/users/removed?limit=40&after={next}");
    }
    assert_eq!(seen.len(), 105);
    assert_eq!(
        bed.services.accounts.removed(bed.mailbox.tenant).await.unwrap().len(),
        105,
        "the command lists all"
    );
    assert_eq!(bed.call(&key, "GET", "/users/removed?after=nowhere", None, &[]).await.status, 422);
}
