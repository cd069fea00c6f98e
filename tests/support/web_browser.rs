//! The page in a real browser: as people see, hear, and use it.
//!
//! `AFTERTONE_SCREENSHOTS=1` writes the pictures of the README to `tests/screenshots/`, `AFTERTONE_SCREENSHOTS=FOLDER`
//! every picture that is taken here to that folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aftertone::domain::{CallerId, Folder, MailMode, MessageId};
use aftertone::mail::{LinkView, MailView, Sender, render};
use jiff::Zoned;
use serde_json::json;

use crate::HOSTILE;
use crate::axe::nothing_in_the_way;
use crate::browser::Browser;
use crate::web_bed::WebBed;

/// The pictures that stand in the README.
const SHOWN: [&str; 2] = ["link-page", "link-page-phone-dark"];

async fn picture(browser: &Browser, name: &str) {
    let Ok(wanted) = std::env::var("AFTERTONE_SCREENSHOTS") else { return };
    let folder = match wanted.as_str() {
        "1" if !SHOWN.contains(&name) => return,
        "1" => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screenshots"),
        folder => PathBuf::from(folder),
    };
    std::fs::write(folder.join(format!("{name}.png")), browser.picture().await).unwrap();
}

/// Texts whose contrast to what lies behind them is below 4.5 (WCAG 1.4.3).
pub(crate) const FAINT: &str = r#"
    const numbers = (color) => color.match(/[\d.]+/g).map(Number);
    const light = (color) => {
      const [r, g, b] = numbers(color).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (node) => {
      for (; node; node = node.parentElement) {
        const color = getComputedStyle(node).backgroundColor, [, , , alpha = 1] = numbers(color);
        if (alpha > 0) return color;
      }
      return "rgb(255, 255, 255)";
    };
    const faint = [];
    for (const node of document.querySelectorAll("body *")) {
      const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
      if (!own || !node.checkVisibility() || node.disabled || ["SCRIPT", "STYLE"].includes(node.tagName)) continue;
      const pair = [light(getComputedStyle(node).color), light(behind(node))].sort((a, b) => b - a);
      const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
      if (ratio < 4.5) faint.push(`${node.textContent.trim()}: ${ratio.toFixed(2)}`);
    }
    return faint;
"#;

/// How much of the page jumped while it was built (0 is nothing).
pub(crate) const SHIFT: &str = r#"
    return new Promise((tell) => {
      let sum = 0;
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; })
        .observe({ type: "layout-shift", buffered: true });
      setTimeout(() => tell(sum), 300);
    });
"#;

/// Elements that a finger hardly hits, or that stand out of the page.
const CRAMPED: &str = r#"
    const wrong = [];
    for (const node of document.querySelectorAll("body *")) {
      if (node.getBoundingClientRect().right > screen.width) wrong.push(`${node.outerHTML} is cut off`);
    }
    for (const node of document.querySelectorAll("button, .files a, input")) {
      const box = node.getBoundingClientRect();
      if (node.checkVisibility() && (box.height < 44 || box.width < 24)) wrong.push(`${node.outerHTML}: ${box.width}×${box.height}`);
    }
    return wrong;
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_plays_and_works_on_screens_and_telephones_in_light_and_dark() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    let message = bed
        .deposit(42, |message| {
            message.urgent = true;
            message.alias = Some("Sales".to_owned());
        })
        .await;
    let link = bed.link(&message).await;
    let url = format!("http://{at}{link}");
    for (width, dark, name) in [
        (1440, false, "link-page-new"),
        (1440, true, "link-page-new-dark"),
        (390, false, "link-page-new-phone"),
        (390, true, "link-page-new-phone-dark"),
        (320, false, "link-page-new-small"),
    ] {
        browser.resize(width).await;
        browser.dark(dark).await;
        browser.open(&url).await;
        assert_eq!(browser.run(FAINT).await, json!([]), "{name}");
        assert_eq!(browser.run(CRAMPED).await, json!([]), "{name}");
        let shift = browser.run(SHIFT).await;
        assert!(shift.as_f64().unwrap() < 0.01, "{name}: {shift}");
        nothing_in_the_way(&browser, name).await;
        picture(&browser, name).await;
    }
    browser.resize(800).await;
    browser.dark(false).await;
    browser.open(&url).await;
    browser.until("return document.querySelector('audio').readyState >= 1").await;
    // Looking is not hearing.
    assert_eq!(bed.message(message.id).await.heard_at, None);
    for (css, label) in [
        (".play", "Play"),
        ("input", "Position in the message"),
        ("[data-skip='-10']", "Back 10 seconds"),
        ("[data-skip='10']", "Forward 10 seconds"),
        ("[data-speed]", "Speed: 1 times"),
        ("[data-hear]", "Mark as heard"),
        ("article", "Grace Hopper"),
    ] {
        assert_eq!(browser.label(css).await, label, "{css}");
    }

    browser.click(".play").await;
    browser.until("return document.querySelector('audio').currentTime > 0.3").await;
    browser.until("return document.querySelector('[data-hear]').disabled").await;
    assert!(bed.message(message.id).await.heard_at.is_some());
    assert_eq!(browser.label(".play").await, "Pause");
    // The end was not loaded to play the start: the browser asks for the range.
    browser.click("[data-skip='10']").await;
    browser.until("return document.querySelector('audio').currentTime > 10.3").await;
    browser.run("const seek = document.querySelector('input'); seek.value = 30; seek.dispatchEvent(new Event('input'))").await;
    browser.until("return document.querySelector('audio').currentTime > 30.2").await;
    browser.click("[data-speed]").await;
    assert_eq!(browser.label("[data-speed]").await, "Speed: 1.25 times");
    browser.click(".play").await;
    browser.until("return document.querySelector('audio').paused").await;
    picture(&browser, "link-page").await;
    assert_eq!(browser.run(FAINT).await, json!([]));
    browser.resize(390).await;
    browser.dark(true).await;
    picture(&browser, "link-page-phone-dark").await;

    for (action, folder) in [("save", Folder::Saved), ("delete", Folder::Trash), ("restore", Folder::Inbox)] {
        browser.click(&format!("form[action$='/{action}'] button")).await;
        browser.until(&format!("return location.search === '?done={action}'")).await;
        assert_eq!(bed.message(message.id).await.folder, folder, "{action}");
        assert_eq!(browser.run(FAINT).await, json!([]), "{action}");
        picture(&browser, &format!("link-page-after-{action}")).await;
    }
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_used_by_the_keyboard_alone() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    let (message, link) = bed.linked(30).await;
    browser.open(&format!("http://{at}{link}")).await;
    browser.until("return document.querySelector('audio').readyState >= 1").await;
    let (tab, right, enter) = ("\u{e004}", "\u{e014}", "\u{e007}");
    let mut visited = Vec::new();
    for _ in 0..11 {
        browser.press(tab).await;
        let at = "const at = document.activeElement; return [at.tagName, at.getAttribute('aria-label') || at.textContent]";
        visited.push(browser.run(at).await);
        // Where the focus is can be seen.
        let seen =
            "const at = document.activeElement; const ring = at.type === 'range' ? at.parentElement : at;
                    return getComputedStyle(ring).outlineStyle === 'solid'";
        assert_eq!(browser.run(seen).await, json!(true), "{visited:?}");
        if visited.last() == Some(&json!(["INPUT", "Position in the message"])) {
            browser.press(&right.repeat(20)).await;
            browser.until("return document.querySelector('audio').currentTime >= 1.9").await;
        }
        if visited.last() == Some(&json!(["BUTTON", "Play"])) {
            browser.press(" ").await;
            browser.until("return !document.querySelector('audio').paused").await;
            browser.until("return document.querySelector('[data-hear]').disabled").await;
        }
        if visited.last() == Some(&json!(["BUTTON", "Save"])) {
            break;
        }
    }
    assert_eq!(visited.len(), 7, "{visited:?}");
    browser.press(enter).await;
    browser.until("return location.search === '?done=save'").await;
    assert_eq!(bed.message(message.id).await.folder, Folder::Saved);
    assert!(bed.message(message.id).await.heard_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_works_without_scripts() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    let (message, link) = bed.linked(10).await;
    browser.without_scripts().await;
    browser.resize(390).await;
    browser.open(&format!("http://{at}{link}")).await;
    let shown = "const audio = document.querySelector('audio');
                 return [audio.controls, audio.checkVisibility(), document.querySelector('.play').checkVisibility()]";
    assert_eq!(browser.run(shown).await, json!([true, true, false]));
    browser.until("return document.querySelector('audio').duration > 9").await;
    picture(&browser, "link-page-without-scripts").await;
    let folder = async || bed.message(message.id).await.folder;
    for (action, expected) in [("save", Folder::Saved), ("delete", Folder::Trash), ("restore", Folder::Inbox)]
    {
        browser.click(&format!("form[action$='/{action}'] button")).await;
        browser.until(&format!("return location.search === '?done={action}'")).await;
        assert_eq!(folder().await, expected, "{action}");
    }
    assert_eq!(bed.message(message.id).await.heard_at, None);
    browser.click("form[action$='/heard'] button").await;
    browser.until("return location.search === '?done=heard'").await;
    assert!(bed.message(message.id).await.heard_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_is_told_in_plain_words() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    let (message, link) = bed.linked(5).await;
    let url = format!("http://{at}{link}");
    // The audio goes away under the open page.
    std::fs::rename(bed.audio_folder(), bed.audio_folder().with_extension("away")).unwrap();
    browser.open(&url).await;
    browser.until("return document.querySelector('.trouble').checkVisibility()").await;
    assert_eq!(browser.run(FAINT).await, json!([]));
    picture(&browser, "link-page-no-audio").await;
    let revoked = bed.link(&message).await;
    bed.links.revoke(message.tenant, message.id).await.unwrap();
    let fresh = bed.link(&message).await;
    bed.clock.advance(Duration::from_secs(14 * 24 * 3600));
    for (path, title, name) in [
        (revoked.as_str(), "This link was withdrawn", "notice-revoked"),
        (fresh.as_str(), "This link has expired", "notice-expired"),
        ("/m/nonsense", "This link opens nothing", "notice-unknown"),
        ("/nowhere", "Nothing here", "notice-nowhere"),
    ] {
        browser.open(&format!("http://{at}{path}")).await;
        assert_eq!(browser.run("return document.querySelector('h1').textContent").await, json!(title));
        assert_eq!(browser.run(FAINT).await, json!([]), "{name}");
        picture(&browser, name).await;
    }
    browser.resize(390).await;
    browser.dark(true).await;
    for _ in 0..20 {
        reqwest::get(format!("http://{at}/m/nonsense")).await.unwrap();
    }
    browser.open(&url).await;
    assert_eq!(
        browser.run("return document.querySelector('h1').textContent").await,
        json!("Too many wrong links")
    );
    assert_eq!(browser.run(FAINT).await, json!([]));
    picture(&browser, "notice-too-many-phone-dark").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_do_nothing_in_the_page_or_in_the_mail() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    let foreign = "return [...document.querySelectorAll('img, iframe, object, [onerror], [onload], [onmouseover]')].length
                   + [...document.scripts].length";
    for hostile in HOSTILE {
        bed.rename_owner(hostile, "").await;
        let message =
            bed.deposit(1, |message| message.caller = CallerId::new(Some(hostile), Some(hostile))).await;
        let link = bed.link(&message).await;
        browser.open(&format!("http://{at}{link}")).await;
        assert_eq!(browser.run("return document.querySelector('h1').textContent").await, json!(hostile));
        assert_eq!(browser.run(foreign).await, json!(1), "{hostile}");
        let page = mail(&bed, hostile, false);
        browser.open(&page.url).await;
        assert_eq!(browser.run(foreign).await, json!(0), "{hostile}");
    }
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_reads_well_in_light_and_dark() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let page = mail(&bed, "Grace Hopper", true);
    for (width, dark, name) in [(800, false, "mail"), (800, true, "mail-dark"), (390, false, "mail-phone")] {
        browser.resize(width).await;
        browser.dark(dark).await;
        browser.open(&page.url).await;
        assert_eq!(browser.run(FAINT).await, json!([]), "{name}");
        assert_eq!(
            browser.run("return document.documentElement.scrollWidth > innerWidth").await,
            json!(false)
        );
        let button = browser
            .run("const box = document.querySelector('a').getBoundingClientRect(); return box.height")
            .await;
        assert!(button.as_f64().unwrap() >= 44.0, "{button}");
        picture(&browser, name).await;
    }
}

struct MailPage {
    url: String,
    _file: tempfile::NamedTempFile,
}

/// The HTML part of a mail, as a file that the browser can open.
fn mail(bed: &WebBed, caller: &str, marked: bool) -> MailPage {
    use std::io::Write as _;
    let received: Zoned = "2026-11-21T14:32:10+01:00[Europe/Berlin]".parse().unwrap();
    let view = MailView {
        message: MessageId::from_uuid(uuid::Uuid::from_u128(7)),
        to: "ada@example.org".parse().unwrap(),
        language: "en".to_owned(),
        mode: MailMode::Link,
        owner: "Ada Lovelace".to_owned(),
        extension: "1001".parse().unwrap(),
        caller: CallerId::new(Some("+44 20 5550123"), Some(caller)),
        alias: marked.then(|| "Sales".to_owned()),
        note: None,
        passed_on: None,
        received: received.clone(),
        length: Duration::from_secs(42),
        urgent: marked,
        private: marked,
        link: Some(LinkView { url: "https://vm.example.org/m/secret".to_owned().into(), expires: received }),
        attachment: None,
        sent_at: aftertone::clock::Clock::now(&*bed.clock),
    };
    let mail = render(&view, &Sender::parse("voicemail@pbx.example.org").unwrap()).unwrap();
    let parsed = mailparse::parse_mail(mail.as_bytes()).unwrap();
    let html = parsed.parts().find(|part| part.ctype.mimetype == "text/html").unwrap().get_body().unwrap();
    let mut file = tempfile::Builder::new().suffix(".html").tempfile().unwrap();
    file.write_all(html.as_bytes()).unwrap();
    MailPage { url: format!("file://{}", file.path().display()), _file: file }
}
