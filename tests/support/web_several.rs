//! Several messages at once, the keys of the list, the card of the phone's keys, what is downloaded.

use aftertone::audio::wav;
use aftertone::domain::{Folder, Message, Role};
use aftertone::flow::keys::{Profile, card};
use serde_json::json;

use crate::browser::Browser;
use crate::portal_in_the_browser::{check, sign_in};
use crate::web_bed::WebBed;

fn ids(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.id.to_string()).collect()
}

#[tokio::test]
async fn what_is_ticked_is_marked_moved_and_put_back_at_once() {
    let bed = WebBed::new().await;
    let messages = [bed.deposit(1, |_| {}).await, bed.deposit(1, |_| {}).await, bed.deposit(1, |_| {}).await];
    let theirs = bed.deposit_for(&bed.stranger().await, 1, |_| {}).await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let (ids, foreign) = (ids(&messages), theirs.id.to_string());
    let ticked = [("id", ids[0].as_str()), ("id", ids[1].as_str()), ("id", foreign.as_str()), ("id", "<b>")];
    let folder = async |place: usize| bed.message(messages[place].id).await.folder;
    for (mark, expected, said) in [
        ("trash", Folder::Trash, "2 messages moved to the trash."),
        ("restore", Folder::Inbox, "2 messages put back."),
        ("saved", Folder::Saved, "2 messages saved."),
        ("inbox", Folder::Inbox, "2 messages moved to the inbox."),
        ("heard", Folder::Inbox, "2 messages marked as heard."),
    ] {
        let done = client.post(&format!("/messages/several/{mark}"), &ticked).await;
        assert_eq!(done.status, 303, "{mark}");
        let page = client.get(done.header("location")).await;
        assert!(page.text().contains(said), "{mark}: {}", page.text());
        assert_eq!((folder(0).await, folder(1).await, folder(2).await), (expected, expected, Folder::Inbox));
    }
    assert_eq!(bed.message(theirs.id).await, theirs, "what is somebody else's is not there");
    let done = client.post("/messages/several/trash", &ticked).await;
    let page = client.get(done.header("location")).await;
    let undo =
        page.text().split("action=\"/messages/several/restore?").nth(1).unwrap().split('"').next().unwrap();
    let undo = format!("/messages/several/restore?{}", undo.replace("&#38;", "&"));
    assert_eq!(client.post(&undo, &[]).await.status, 303);
    assert_eq!((folder(0).await, folder(1).await), (Folder::Inbox, Folder::Inbox));
    let nothing = client.post("/messages/several/trash", &[]).await;
    assert!(client.get(nothing.header("location")).await.text().contains("No message was ticked"));
    assert_eq!(client.post("/messages/several/purge", &ticked).await.status, 404);
    assert_eq!(client.without_token("/messages/several/trash", &ticked).await.status, 403);
    assert_eq!(folder(0).await, Folder::Inbox);
    for hostile in crate::HOSTILE {
        let query: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
        let page = client.get(&format!("/?done=trash&ids={query}")).await;
        assert!(!page.text().contains("<img") && !page.text().contains("<script>alert"), "{hostile}");
    }
}

// 002-069
#[tokio::test]
async fn a_message_is_downloaded_as_mp3_and_as_it_was_recorded() {
    let bed = WebBed::new().await;
    let message = bed.deposit(3, |_| {}).await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let path = format!("/messages/{}", message.id);
    let page = client.get(&path).await;
    for (kind, mime) in [("mp3", "audio/mpeg"), ("wav", "audio/wav")] {
        let link = format!("{path}/audio.{kind}?download");
        assert!(page.text().contains(&format!(r#"href="{link}""#)), "{kind}");
        let file = client.get(&link).await;
        assert_eq!((file.status, file.header("content-type")), (200, mime));
        let named = file.header("content-disposition");
        assert!(named.starts_with("attachment; filename=\"voicemail-2026-11-21-"), "{named}");
        assert!(named.ends_with(&format!(".{kind}\"")), "{named}");
    }
    let file = client.get(&format!("{path}/audio.wav?download")).await;
    let pcm = wav::read(&file.body).unwrap();
    assert_eq!((pcm.rate, pcm.samples.len()), (16_000, 48_000), "nothing is lost on the way");
    let other = bed.client(&bed.stranger().await, Role::Operator).await;
    assert_eq!(other.get(&format!("{path}/audio.wav?download")).await.status, 404);
}

#[tokio::test]
async fn the_card_has_every_key_of_the_table_that_calls_obey() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let page = client.get("/keys").await;
    let profile = Profile::built_in("default").unwrap();
    for menu in card(&profile) {
        let shown = page.text().split(&format!(r#"id="menu-{}""#, menu.menu)).nth(1).unwrap();
        let shown = shown.split("</section>").next().unwrap();
        assert_eq!(shown.matches("<kbd>").count(), menu.keys.len(), "{}", menu.title);
    }
    assert_eq!(bed.get("/keys").await.status, 303, "only who is signed in");
    assert!(client.get("/settings").await.text().contains(r#"href="/keys""#));
}

// 002-064
#[tokio::test]
async fn who_has_an_operator_is_reminded_to_tell_callers() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let hint = "say so near the beginning of your greeting";
    let set = async |operator: Option<&str>| {
        let mut mailbox = bed.store.mailbox(bed.mailbox.tenant, bed.mailbox.id).await.unwrap();
        mailbox.operator = operator.map(str::to_owned);
        bed.store.put_mailbox(&mailbox).await.unwrap();
        client.get("/greetings").await.text().contains(hint)
    };
    assert!(set(Some("1000")).await);
    assert!(!set(Some("")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_used_by_keys_and_several_are_deleted_and_put_back_with_and_without_scripts() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    bed.give(&bed.mailbox, Role::Basic).await;
    let mut messages = Vec::new();
    for _ in 0..3 {
        messages.push(bed.deposit(2, |_| {}).await);
        bed.clock.advance(std::time::Duration::from_secs(60));
    }
    let home = format!("http://{at}/");
    sign_in(&browser, &home).await;
    check(&browser, &home, "portal-several").await;
    check(&browser, &format!("http://{at}/keys"), "portal-keys").await;
    browser.open(&home).await;
    browser.press("?").await;
    browser.until("return document.getElementById('keys').open").await;
    browser.press("\u{e00c}").await;
    browser.until("return !document.getElementById('keys').open").await;
    browser.press("n").await;
    let newest = messages[2].id;
    browser.until(&format!("return location.pathname === '/messages/{newest}'")).await;
    browser.press("n").await;
    browser.until(&format!("return location.pathname === '/messages/{}'", messages[1].id)).await;
    browser.press("d").await;
    browser.until("return location.search.includes('done=trash')").await;
    assert_eq!(bed.message(messages[1].id).await.folder, Folder::Trash);
    browser.press("u").await;
    browser.until("return location.search.includes('done=restore')").await;
    assert_eq!(bed.message(messages[1].id).await.folder, Folder::Inbox);

    let in_trash = async || {
        let mut count = 0;
        for message in &messages {
            count += usize::from(bed.message(message.id).await.folder == Folder::Trash);
        }
        count
    };
    browser.open(&home).await;
    browser.click("[data-all] input").await;
    assert_eq!(browser.run("return document.querySelectorAll('.pick input:checked').length").await, json!(3));
    browser.click(".several [formaction$='/trash']").await;
    browser.until("return document.querySelector('.done')?.textContent.includes('3 messages')").await;
    assert_eq!(in_trash().await, 3);
    browser.click(".done button").await;
    browser.until("return location.search.includes('done=restore')").await;
    assert_eq!(in_trash().await, 0);

    browser.without_scripts().await;
    browser.open(&home).await;
    browser.click(".messages li:nth-child(2) .pick input").await;
    browser.click(".several [formaction$='/trash']").await;
    browser.until("return document.querySelector('.done')?.textContent.includes('1 message moved')").await;
    assert_eq!(in_trash().await, 1);
    assert_eq!(browser.console().await, Vec::<String>::new());
}
