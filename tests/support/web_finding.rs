//! The search of the portal: pages by the words that people call them by, users where they may be seen.

use aftertone::domain::Role;

use crate::HOSTILE;
use crate::web_bed::WebBed;

fn asked(text: &str) -> String {
    url::form_urlencoded::Serializer::new("/find?".to_owned()).append_pair("q", text).finish()
}

/// Addresses of what was found, in order.
fn found(page: &str) -> Vec<&str> {
    let main = page.split("<main").nth(1).unwrap();
    main.split("<li><a href=\"").skip(1).map(|part| part.split('"').next().unwrap()).collect()
}

/// 000-16
#[tokio::test]
async fn pages_are_found_by_the_words_that_people_use() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    for (text, expected) in [
        ("reconfigure", "/admin/handsets"),
        ("new user", "/admin/users/new"),
        ("handset", "/admin/handsets"),
        ("phone", "/admin/handsets"),
        ("owner", "/admin/handsets"),
        ("reassign", "/admin/extensions"),
        ("REASSIGN  Number", "/admin/numbers"),
        ("vacation", "/answering/me/presence"),
        ("two factor", "/settings/second-factor"),
        ("recycle", "/admin/users/removed"),
        ("deleted user", "/admin/users/removed"),
        ("csv", "/admin/imports"),
        ("mwi", "/admin/lamps"),
        ("audit", "/admin/audit"),
        ("out of office", "/answering/me/presence"),
        ("pin", "/settings"),
    ] {
        let page = client.get(&asked(text)).await;
        assert_eq!(page.status, 200);
        assert!(found(page.text()).contains(&expected), "{text}: {:?}", found(page.text()));
    }
    // The page that is called so comes first; each word counts, and a beginning is enough.
    assert_eq!(found(client.get(&asked("webh")).await.text()), ["/admin/webhooks"]);
    assert_eq!(found(client.get(&asked("first steps")).await.text()), Vec::<&str>::new(), "the operator's");
    assert_eq!(found(client.get(&asked("greeting zebra")).await.text())[0], "/greetings");
    for (text, told) in
        [("", "What are you looking for?"), ("zebra", "Nothing found."), ("   ", "looking for")]
    {
        let page = client.get(&asked(text)).await;
        assert!(page.text().contains(told) && found(page.text()).is_empty(), "{text:?}");
    }
    assert_eq!(bed.get("/find?q=phone").await.status, 303, "to the sign-in");
}

/// 000-16, 002-001: what may not be seen is not found.
#[tokio::test]
async fn nobody_finds_what_is_not_theirs_to_see() {
    let bed = WebBed::new().await;
    let (colleague, _) = (bed.colleague().await, bed.stranger().await);
    let profile = format!("/admin/users/{}", colleague.user.unwrap());
    for role in Role::ALL {
        let client = bed.client(&bed.mailbox, role).await;
        for text in ["phone", "user", "key", "hours", "system", "reassign", "second factor"] {
            for path in found(client.get(&asked(text)).await.text()) {
                assert_eq!(client.get(path).await.status, 200, "{role} finds {path} by {text:?}");
            }
        }
        for text in ["hopper", "1002"] {
            let page = client.get(&asked(text)).await;
            let is_found = found(page.text()).contains(&profile.as_str());
            assert_eq!(is_found, role >= Role::Supervisor, "{role} {text}");
        }
        let stranger = client.get(&asked("stranger")).await;
        assert!(!stranger.text().contains("/admin/users/0"), "{role}");
    }
    let client = bed.client(&bed.mailbox, Role::Operator).await;
    for text in HOSTILE {
        let page = client.get(&asked(text)).await;
        assert!(page.status == 200 && !page.text().contains(text), "{}", page.text());
    }
    assert_eq!(client.get(&format!("/find?q={}", "%00%E2%98%83".repeat(400))).await.status, 200);
}
