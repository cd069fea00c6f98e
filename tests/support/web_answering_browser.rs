//! Rules, hours and lists in a real browser: moved by keyboard and mouse, badges that stay true, targets while somebody types;
//! and all of it without scripts.

use aftertone::domain::Role;
use serde_json::json;

use crate::browser::Browser;
use crate::portal_in_the_browser::{check, sign_in};
use crate::web_bed::WebBed;

const UP: &str = "\u{e013}";
const DOWN: &str = "\u{e015}";

/// Frames, rules and lists to look at; the ids of the rules.
async fn furnished(bed: &WebBed) -> Vec<String> {
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let week = ["mon", "tue", "wed", "thu", "fri"].map(|day| (day, "09:00-12:30, 13:30-17:00"));
    let mut office = vec![("name", "Office hours"), ("purpose", "open"), ("sat", "10-13")];
    office.extend(week);
    client.done("/answering/all/hours", &office).await;
    let days = "2026-12-24..2027-01-02 # Company holidays\nyearly nov thu#4 # Thanksgiving";
    client
        .done("/answering/me/hours", &[("name", "Holidays"), ("purpose", "holiday"), ("others", days)])
        .await;
    let extension = "1001".parse().unwrap();
    let frames = &bed.services.frames;
    let holidays =
        frames.find(bed.mailbox.tenant, Some(&extension), "Holidays").await.unwrap().id.to_string();
    client.add_rule("Company holidays", &[("frame", &holidays)]).await;
    let phones = [
        ("reason", "busy"),
        ("phone", "+49 171 5550123"),
        ("delay", "5"),
        ("confirm", "0"),
        ("key1", "1002"),
    ];
    client.add_rule("Busy line", &phones).await;
    client.add_rule("Everybody else", &[("callers", "+4930*\ninternal")]).await;
    let lines = [("+1900*", "decline", "premium rate"), ("+49 30 901820", "allow", "the doctor")];
    for (pattern, verdict, note) in lines {
        client
            .done("/answering/me/lists", &[("pattern", pattern), ("verdict", verdict), ("note", note)])
            .await;
    }
    let rules = bed.services.rules.of(bed.owner(&bed.mailbox)).await.unwrap();
    rules.into_iter().map(|rule| rule.id.to_string()).collect()
}

// 002-054, 002-055
#[tokio::test(flavor = "multi_thread")]
async fn rules_are_moved_by_keyboard_and_mouse_and_badges_stay_true() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    let ids = furnished(&bed).await;
    sign_in(&browser, &format!("http://{at}/")).await;
    let rules = format!("http://{at}/answering/me/rules");
    browser.open(&rules).await;
    let grip = |rule: &str| format!("#grip-{rule}");
    assert_eq!(
        browser.label(&grip(&ids[2])).await,
        "Move Everybody else, now number 3 of 3: arrow keys, or drag"
    );

    browser.run(&format!("document.getElementById('grip-{}').focus()", ids[2])).await;
    browser.press(UP).await;
    let said = |text: &str| format!("return document.getElementById('moved').textContent === {text:?}");
    browser.until(&said("Everybody else is now number 2 of 3.")).await;
    browser
        .until("return document.querySelectorAll('[data-rule]')[1].dataset.name === 'Everybody else'")
        .await;
    until_order(&bed, ["Company holidays", "Everybody else", "Busy line"]).await;
    // The focus stays where it was, so that the next press moves on.
    browser.until(&format!("return document.activeElement.id === 'grip-{}'", ids[2])).await;
    browser.press(UP).await;
    until_order(&bed, ["Everybody else", "Company holidays", "Busy line"]).await;
    browser.until(&format!("return document.activeElement.id === 'grip-{}'", ids[2])).await;
    browser.press(UP).await;
    browser.until(&said("Everybody else stays: it is the first.")).await;
    browser.press(DOWN).await;
    until_order(&bed, ["Company holidays", "Everybody else", "Busy line"]).await;

    // Whoever presses faster than the server answers loses no press, and nothing jumps back.
    browser.open(&rules).await;
    browser
        .run(
            "const real = window.fetch; window.answered = 0;
             window.fetch = async (...asked) => {
                 const answer = await real(...asked);
                 await new Promise((go) => setTimeout(go, 700));
                 setTimeout(() => { window.answered += 1; }, 100);
                 return answer;
             };",
        )
        .await;
    browser.run(&format!("document.getElementById('grip-{}').focus()", ids[1])).await;
    browser.press(UP).await;
    browser.press(UP).await;
    browser.press(UP).await;
    browser.until("return window.answered === 1").await;
    let shown =
        "return [...document.querySelectorAll('[data-rule]')].map((rule) => rule.dataset.name).join()";
    assert_eq!(browser.run(shown).await, json!("Busy line,Company holidays,Everybody else"));
    assert_eq!(
        browser.run("return document.getElementById('moved').textContent").await,
        json!("Busy line stays: it is the first.")
    );
    browser.until("return window.answered === 2").await;
    assert_eq!(browser.run(shown).await, json!("Busy line,Company holidays,Everybody else"));
    until_order(&bed, ["Busy line", "Company holidays", "Everybody else"]).await;
    browser.until(&said("Busy line stays: it is the first.")).await;
    browser.press(DOWN).await;
    browser.press(DOWN).await;
    until_order(&bed, ["Company holidays", "Everybody else", "Busy line"]).await;

    browser.open(&rules).await;
    browser.run("document.querySelector('[data-arranged]').scrollIntoView()").await;
    browser.drag(&grip(&ids[0]), &format!("[data-rule='{}']", ids[1])).await;
    until_order(&bed, ["Everybody else", "Busy line", "Company holidays"]).await;
    browser.until(&said("Company holidays is now number 3 of 3.")).await;

    // Somebody else changes them meanwhile.
    browser.open(&rules).await;
    let rule = bed.services.rules.of(bed.owner(&bed.mailbox)).await.unwrap()[1].id;
    bed.services.rules.enable(bed.owner(&bed.mailbox), rule, false).await.unwrap();
    browser
        .until(
            "return document.querySelectorAll('[data-rule]')[1].querySelector('.mark').textContent === 'Off'",
        )
        .await;
    assert_eq!(browser.console().await, [""; 0]);
}

async fn until_order(bed: &WebBed, wanted: [&str; 3]) {
    for _ in 0..200 {
        if bed.order().await == wanted {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(bed.order().await, wanted);
}

// 002-041
#[tokio::test(flavor = "multi_thread")]
async fn targets_appear_while_somebody_types_and_phones_can_be_added() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    bed.colleague().await;
    let at = bed.serve().await;
    furnished(&bed).await;
    sign_in(&browser, &format!("http://{at}/")).await;
    browser.open(&format!("http://{at}/answering/me/rules/new")).await;
    let choose = async |answer: &str| {
        let choice =
            format!("const choice = document.querySelector('[name=answer]'); choice.value = '{answer}';");
        browser
            .run(&format!("{choice} choice.dispatchEvent(new Event('change', {{ bubbles: true }}))"))
            .await;
        let shown = "return ['target', 'greeting', 'operator'].filter((name) => document.querySelector(`[name=${name}]`).offsetParent).join()";
        browser.run(shown).await
    };
    assert_eq!(
        choose("message").await,
        json!("greeting,operator"),
        "nobody is asked where to it is transferred"
    );
    assert_eq!(choose("busy").await, json!(""));
    assert_eq!(choose("tone").await, json!("operator"));
    assert_eq!(choose("transfer").await, json!("target,greeting,operator"));
    browser.click("input[name=target]").await;
    browser.press("grace").await;
    let offered = "return [...document.querySelectorAll('#targets option')].map((o) => o.value).join() ===";
    browser.until(&format!("{offered} '1002'")).await;
    browser.run("document.querySelector('details:has(input[name=dnd])').open = true").await;
    browser.click("input[name=forward_busy]").await;
    browser.press("grace").await;
    browser.until(&format!("{offered} '1002,vm-1002'")).await;
    let phones = browser.run("return document.querySelectorAll('.phone').length").await.as_u64().unwrap();
    browser.click("[data-more-phones]").await;
    assert_eq!(browser.run("return document.querySelectorAll('.phone').length").await, json!(phones + 1));
    browser.press("+49171555").await;
    assert_eq!(choose("message").await, json!("target,greeting,operator"), "what was typed is not hidden");
    browser.run("document.querySelector('input[name=name]').value = 'Away'; document.querySelector('input[name=forward_busy]').value = 'vm-1002'; document.querySelector('input[name=target]').value = ''").await;
    browser.run("const last = [...document.querySelectorAll('.phone')].pop(); last.querySelector('[name=confirm]').checked = true").await;
    browser.click(".ruleform button.main").await;
    browser.until("return location.search.includes('done=added')").await;
    let rules = bed.services.rules.of(bed.owner(&bed.mailbox)).await.unwrap();
    let phones = &rules.iter().find(|rule| rule.name == "Away").unwrap().then.phones;
    assert_eq!(phones.forward_busy.as_deref(), Some("vm-1002"));
    let rings: Vec<(&str, bool)> =
        phones.simring.iter().map(|ring| (ring.target.as_str(), ring.confirm)).collect();
    assert_eq!(rings, [("+49171555", true)]);
    assert_eq!(browser.console().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_read_well_on_screens_and_telephones_and_work_without_scripts() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let colleague = bed.colleague().await;
    let at = bed.serve().await;
    let ids = furnished(&bed).await;
    sign_in(&browser, &format!("http://{at}/")).await;
    let extension = "1001".parse().unwrap();
    let frame = bed.services.frames.find(bed.mailbox.tenant, Some(&extension), "Holidays").await.unwrap().id;
    for (path, name) in [
        ("me/rules?caller=%2B4930555&reason=busy".to_owned(), "rules"),
        (format!("me/rules/{}", ids[1]), "rule"),
        (format!("{}/rules/copy?from=1001", colleague.id), "rules-copy"),
        ("me/hours".to_owned(), "hours"),
        (format!("me/hours/{frame}"), "hours-edit"),
        ("all/hours".to_owned(), "hours-all"),
        ("me/lists?check=%2B1900555".to_owned(), "lists"),
    ] {
        check(&browser, &format!("http://{at}/answering/{path}"), &format!("answering-{name}")).await;
    }
    check(
        &browser,
        &format!("http://{at}/admin/explain?to=1001&from=%2B4930555&reason=busy"),
        "answering-explain",
    )
    .await;
    assert_eq!(browser.console().await, [""; 0]);

    browser.without_scripts().await;
    browser.open(&format!("http://{at}/answering/me/rules")).await;
    browser.click(&format!("form[action$='{}/up'] button", ids[2])).await;
    until_order(&bed, ["Company holidays", "Everybody else", "Busy line"]).await;
    browser.open(&format!("http://{at}/answering/me/rules")).await;
    browser.click(&format!("[data-rule='{}'] summary", ids[0])).await;
    browser.click(&format!("form[action$='{}/remove'] button", ids[0])).await;
    browser.until("return location.search.includes('done=removed')").await;
    assert_eq!(bed.order().await, ["Everybody else", "Busy line"]);
    browser.click("form[action*='/undo/'] button").await;
    browser.until("return location.search.includes('done=undone')").await;
    assert_eq!(bed.order().await, ["Company holidays", "Everybody else", "Busy line"]);
}
