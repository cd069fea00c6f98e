//! The portal in a real browser: sign in, listen, delete, undo, upload, on screens and telephones.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aftertone::domain::{CallerId, Folder, Mark, Owner, Role};
use serde_json::json;

use crate::axe::nothing_in_the_way;
use crate::browser::Browser;
use crate::in_the_browser::{FAINT, SHIFT};
use crate::portal::PASSWORD;
use crate::web_bed::WebBed;

/// The pictures that stand in the README.
const SHOWN: [&str; 2] = ["portal-inbox", "portal-inbox-phone-dark"];

pub(crate) async fn picture(browser: &Browser, name: &str) {
    let Ok(wanted) = std::env::var("AFTERTONE_SCREENSHOTS") else { return };
    let folder = match wanted.as_str() {
        "1" if !SHOWN.contains(&name) => return,
        "1" => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screenshots"),
        folder => PathBuf::from(folder),
    };
    std::fs::write(folder.join(format!("{name}.png")), browser.picture().await).unwrap();
}

/// What a finger hardly hits, what stands out of the page, fields without a name.
const WRONG: &str = r#"
    const wrong = [];
    if (document.documentElement.scrollWidth > innerWidth) wrong.push(`the page is ${document.documentElement.scrollWidth} wide`);
    for (const node of document.querySelectorAll("button, select, input:not([type=hidden]):not([type=checkbox]):not([type=radio]), nav a, summary")) {
      const box = node.getBoundingClientRect();
      if (node.checkVisibility() && (box.height < 43 || box.width < 24)) wrong.push(`${node.outerHTML}: ${box.width}×${box.height}`);
    }
    for (const node of document.querySelectorAll("input:not([type=hidden]), select")) {
      if (!node.labels.length && !node.getAttribute("aria-label")) wrong.push(`${node.outerHTML} has no label`);
    }
    return wrong;
"#;

/// Ada comes in by name and password.
pub(crate) async fn sign_in(browser: &Browser, home: &str) {
    browser.open(home).await;
    browser.click("input[name=name]").await;
    browser.press("1001").await;
    browser.click("input[name=password]").await;
    browser.press(PASSWORD).await;
    browser.click("button.main").await;
    browser.until("return document.title.startsWith('Inbox')").await;
}

/// Good at every width, light and dark: readable, reachable, named, still.
pub(crate) async fn check(browser: &Browser, url: &str, name: &str) {
    for (width, dark) in [(1440, false), (1440, true), (390, false), (390, true), (320, false)] {
        browser.resize(width).await;
        browser.dark(dark).await;
        browser.open(url).await;
        let name = format!("{name}-{width}{}", if dark { "-dark" } else { "" });
        assert_eq!(browser.run(FAINT).await, json!([]), "{name}");
        assert_eq!(browser.run(WRONG).await, json!([]), "{name}");
        let shift = browser.run(SHIFT).await;
        assert!(shift.as_f64().unwrap() < 0.01, "{name}: {shift}");
        if (width, dark) == (1440, false) || (width, dark) == (390, true) {
            nothing_in_the_way(browser, &name).await;
        }
        picture(browser, &name).await;
    }
    browser.resize(1440).await;
    browser.dark(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_listens_deletes_and_undoes_and_new_messages_appear() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    bed.give(&bed.mailbox, Role::TenantAdmin).await;
    let callers =
        [("Konrad Zuse", "+49 30 901820"), ("Sales line", "1004"), ("Mary Jackson", "+1 757 5550144")];
    for (name, number) in callers {
        bed.deposit(14, |message| message.caller = CallerId::new(Some(number), Some(name))).await;
        bed.clock.advance(Duration::from_secs(3 * 3600));
    }
    bed.deposit(9, |message| message.caller = CallerId::anonymous()).await;
    bed.clock.advance(Duration::from_secs(1200));
    let message = bed
        .deposit(42, |message| {
            message.urgent = true;
            message.alias = Some("Sales".to_owned());
        })
        .await;
    let home = format!("http://{at}/");
    check(&browser, &home, "portal-sign-in").await;
    sign_in(&browser, &home).await;
    check(&browser, &home, "portal-inbox-list").await;

    browser.open(&home).await;
    browser.click(".messages .open").await;
    browser.until("return document.querySelector('audio')?.readyState >= 1").await;
    assert_eq!(bed.message(message.id).await.heard_at, None);
    browser.press(" ").await;
    browser.until("return document.querySelector('audio').currentTime > 0.3").await;
    browser.until("return document.querySelector('[data-hear]').disabled").await;
    assert!(bed.message(message.id).await.heard_at.is_some());
    browser.press("l").await;
    browser.until("return document.querySelector('audio').currentTime > 10.3").await;
    browser.click(".play").await;
    picture(&browser, "portal-inbox").await;
    browser.resize(390).await;
    browser.dark(true).await;
    picture(&browser, "portal-inbox-phone-dark").await;
    browser.resize(1440).await;
    browser.dark(false).await;
    check(&browser, &format!("http://{at}/messages/{}", message.id), "portal-message").await;
    browser.click("details.file summary").await;
    browser.click("form[action$='/work'] button").await;
    browser.until("return document.querySelector('.done')?.textContent.includes('Filed under Work')").await;
    check(&browser, &format!("http://{at}/?folder=saved&tag=work"), "portal-filed").await;
    bed.services.retrieval.mark(Owner::of(&message), message.id, Mark::Inbox).await.unwrap();
    browser.open(&format!("http://{at}/messages/{}", message.id)).await;
    browser.click(".message form[action$='/trash'] button").await;
    browser.until("return location.search.includes('done=trash')").await;
    assert_eq!(bed.message(message.id).await.folder, Folder::Trash);
    picture(&browser, "portal-undo").await;
    browser.click(".done button").await;
    browser.until("return location.search.includes('done=restore')").await;
    assert_eq!(bed.message(message.id).await.folder, Folder::Inbox);

    browser.open(&home).await;
    let count = "return document.querySelectorAll('.messages li').length";
    let before = browser.run(count).await.as_u64().unwrap();
    bed.deposit(3, |message| message.caller = CallerId::new(Some("1009"), Some("Just now"))).await;
    browser
        .until(&format!("return document.querySelectorAll('.messages li').length === {}", before + 1))
        .await;
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_other_page_is_good_on_every_screen() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    let mut mailbox = bed.mailbox.clone();
    mailbox.recipients = vec![aftertone::domain::Recipient {
        address: "ada@example.org".parse().unwrap(),
        mode: aftertone::domain::MailMode::Link,
    }];
    bed.store.put_mailbox(&mailbox).await.unwrap();
    bed.give(&bed.mailbox, Role::Operator).await;
    sign_in(&browser, &format!("http://{at}/")).await;
    picture(&browser, "portal-empty").await;
    let own = format!("/admin/users/{}", bed.mailbox.user.unwrap());
    let remove = format!("{own}/remove");
    let gone = aftertone::service::accounts::NewUser {
        extension: "1002".parse().unwrap(),
        first: "Grace".to_owned(),
        last: "Hopper".to_owned(),
        emails: Vec::new(),
        mode: None,
        pin: None,
    };
    bed.services.accounts.add_user(bed.mailbox.tenant, gone).await.unwrap();
    bed.services.accounts.remove(bed.mailbox.tenant, &"1002".parse().unwrap()).await.unwrap();
    for (path, name) in [
        ("/greetings", "portal-greetings"),
        ("/settings", "portal-settings"),
        ("/answering/me/presence", "portal-presence"),
        ("/find?q=phone", "portal-find"),
        ("/api/docs", "api-docs"),
        ("/admin/users", "admin-users"),
        ("/admin/users/new", "admin-new"),
        (own.as_str(), "admin-user"),
        (remove.as_str(), "admin-user-remove"),
        ("/admin/users/removed", "admin-users-removed"),
        ("/answering/me/rules", "portal-rules"),
        ("/answering/all/hours", "admin-hours"),
        ("/admin/calls", "admin-calls"),
        ("/admin/lamps", "admin-lamps"),
        ("/admin/keys", "admin-keys"),
        ("/admin/webhooks", "admin-webhooks"),
        ("/admin/explain?to=1001", "admin-explain"),
        ("/admin/jobs", "admin-jobs"),
        ("/admin/prompts?q=mess", "admin-prompts"),
        ("/admin/audit", "admin-audit"),
        ("/admin/system", "admin-system"),
    ] {
        check(&browser, &format!("http://{at}{path}"), name).await;
    }
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_is_recorded_in_the_browser_heard_again_and_kept() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    bed.give(&bed.mailbox, Role::Basic).await;
    sign_in(&browser, &format!("http://{at}/")).await;
    browser.open(&format!("http://{at}/greetings")).await;
    let record = "#standard .record button";
    for _ in 0..2 {
        browser.click(record).await;
        browser
            .until("return document.querySelector('#standard .record p').textContent === 'Recording. Speak now.'")
            .await;
        // The browser's own test microphone beeps every second.
        browser.until("return document.querySelector('#standard meter').value > 0.05").await;
        assert_eq!(browser.label("#standard meter").await, "Level of the microphone");
        browser
            .until("return document.querySelector('#standard .record .clock').textContent >= '0:02'")
            .await;
        browser.click(record).await;
        browser
            .until("return document.querySelector('#standard .record p').textContent.includes('keep it with the button')")
            .await;
        assert_eq!(browser.label(record).await, "Record again");
    }
    picture(&browser, "portal-recorded").await;
    browser.click("#standard .record button:nth-of-type(2)").await;
    browser.until("return document.querySelector('#standard .record button:nth-of-type(2)').textContent === 'Stop listening'").await;
    browser.click("#standard form[action$='/upload'] button.main").await;
    browser.until("return !!document.querySelector('.done')").await;
    let said = browser.run("return document.querySelector('.done').textContent").await;
    assert!(said.as_str().unwrap().contains("is on"), "{said}");
    let kept = bed.services.greetings.list(bed.mailbox.tenant, bed.mailbox.id).await.unwrap();
    assert!(kept.len() == 1 && kept[0].active && kept[0].duration_ms > 500, "{kept:?}");
    let refused =
        |line: &String| line.contains("Content Security Policy") || line.contains("ermissions policy");
    let console = browser.console().await;
    assert!(!console.iter().any(refused), "{console:?}");
}

#[tokio::test]
async fn only_pages_that_record_may_ask_for_the_microphone() {
    let bed = WebBed::new().await;
    let message = bed.deposit(1, |_| {}).await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    for (path, may) in [
        ("/greetings".to_owned(), true),
        (format!("/messages/{}/forward", message.id), true),
        ("/".to_owned(), false),
        ("/settings".to_owned(), false),
        (bed.link(&message).await, false),
    ] {
        let page = client.get(&path).await;
        let permitted = page.header("permissions-policy");
        assert_eq!(permitted.contains("microphone=(self)"), may, "{path}: {permitted}");
        assert_eq!(permitted.contains("microphone=()"), !may, "{path}: {permitted}");
    }
}
