//! The second factor: turned on with an app, asked for after the password, lost and reset; and who tries to do without it.

use std::time::Duration;

use aftertone::domain::{Mailbox, Purpose, Role, SecurityChange};
use aftertone::service::access::Act;
use aftertone::store::{JobState, Work};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;

use crate::HOSTILE;
use crate::api::body;
use crate::browser::Browser;
use crate::portal::{Client, PASSWORD, field, form, session};
use crate::portal_in_the_browser::{check, sign_in};
use crate::web_bed::{Answer, WebBed};

const PAGE: &str = "/settings/second-factor";

/// An authenticator app: what was typed into it, and the codes that it shows.
struct App(Vec<u8>);

impl App {
    /// Reads the key off the page, in base 32.
    fn of(page: &str) -> Self {
        let shown = page.split("<code class=\"typed\">").nth(1).unwrap().split('<').next().unwrap();
        let bits: String = shown
            .chars()
            .filter(|c| *c != ' ')
            .map(|c| format!("{:05b}", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap()))
            .collect();
        let bytes = (0..bits.len() / 8).map(|n| u8::from_str_radix(&bits[n * 8..n * 8 + 8], 2).unwrap());
        Self(bytes.collect())
    }

    /// The code at this moment.
    fn code(&self, bed: &WebBed) -> String {
        use aftertone::clock::Clock as _;
        let step = (bed.clock.now().as_second() / 30).to_be_bytes();
        let digest =
            Hmac::<Sha1>::new_from_slice(&self.0).unwrap().chain_update(step).finalize().into_bytes();
        let start = usize::from(digest[19] & 15);
        let four = u32::from_be_bytes(digest[start..start + 4].try_into().unwrap());
        format!("{:06}", (four & 0x7fff_ffff) % 1_000_000)
    }
}

/// A code that is not this one.
fn other(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

impl WebBed {
    async fn next_code(&self, app: &App) -> String {
        self.clock.advance(Duration::from_secs(30));
        app.code(self)
    }

    /// Sends name and password; the cookie of the sign-in that awaits a code.
    async fn half(&self) -> String {
        let asked = self.enter("1001@home", PASSWORD, "192.0.2.1").await;
        assert_eq!(
            (asked.status, asked.header("location")),
            (303, "/sign-in/code?next=%2F"),
            "{}",
            asked.text()
        );
        let cookie = session(&asked);
        assert!(cookie.starts_with("aftertone-code="), "no session before the code: {cookie}");
        cookie
    }

    /// Sends the form of the code, as a browser with these cookies.
    async fn give_code(&self, half: &str, code: &str) -> Answer {
        let page = self.ask("GET", "/sign-in/code", &[("cookie", half)]).await;
        assert_eq!(page.status, 200, "{}", page.header("location"));
        let cookie = format!("{half}; {}", page.header("set-cookie").split(';').next().unwrap());
        let fields = [
            ("csrf", field(page.text(), "csrf")),
            ("next", "/settings".to_owned()),
            ("code", code.to_owned()),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("cookie", cookie.as_str())];
        self.send("192.0.2.1", "POST", "/sign-in/code", &headers, form(&fields).into()).await
    }
}

/// Turns it on; the app and the recovery codes.
async fn enrolled(client: &Client<'_>) -> (App, Vec<String>) {
    let begun = client.post(&format!("{PAGE}/begin"), &[("password", PASSWORD)]).await;
    assert_eq!(begun.status, 303, "{}", begun.text());
    let app = App::of(client.get(PAGE).await.text());
    let code = client.bed.next_code(&app).await;
    let on = client.post(&format!("{PAGE}/confirm"), &[("code", &code)]).await;
    assert_eq!(on.status, 200, "{}", on.text());
    let codes: Vec<String> = on
        .text()
        .split("<li><code>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 10);
    (app, codes)
}

#[tokio::test]
async fn after_the_password_a_code_is_asked_for_and_each_opens_once() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let elsewhere = bed.enter("1001@home", PASSWORD, "192.0.2.1").await;
    let elsewhere = bed.with_cookie(session(&elsewhere)).await;
    let (app, _) = enrolled(&client).await;
    assert_eq!(client.get("/settings").await.status, 200, "who turned it on stays in");
    assert_eq!(elsewhere.get("/settings").await.status, 303, "every other browser is out");

    let half = bed.half().await;
    assert_eq!(bed.ask("GET", "/settings", &[("cookie", &half)]).await.status, 303, "half is not in");
    let as_session = half.replace("aftertone-code=", "__Host-aftertone=");
    assert_eq!(bed.ask("GET", "/settings", &[("cookie", &as_session)]).await.status, 303);
    // The code that turned it on is used, at the next sign-in as well.
    let used = app.code(&bed);
    assert_eq!(bed.give_code(&half, &used).await.status, 401);
    let code = bed.next_code(&app).await;
    let wrong = bed.give_code(&half, &other(&code)).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains("This code is not right") && wrong.text().contains("role=\"alert\""));
    let entered = bed.give_code(&half, &format!("{} {}", &code[..3], &code[3..])).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/settings"), "{}", entered.text());
    let cookie = session(&entered);
    assert_eq!(bed.with_cookie(cookie).await.get("/settings").await.status, 200);
    // Neither the sign-in nor the code is good for another time.
    assert_eq!(bed.ask("GET", "/sign-in/code", &[("cookie", &half)]).await.status, 303);
    let again = bed.half().await;
    assert_eq!(bed.give_code(&again, &code).await.status, 401);
    assert!(!bed.everything().await.contains(&code), "no code is kept or noted");
}

#[tokio::test]
async fn a_sign_in_that_awaits_its_code_for_too_long_begins_again() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let (app, _) = enrolled(&client).await;
    let half = bed.half().await;
    bed.clock.advance(Duration::from_secs(10 * 60));
    let page = bed.ask("GET", "/sign-in/code", &[("cookie", &half)]).await;
    assert_eq!((page.status, page.header("location")), (303, "/sign-in"));
    let code = app.code(&bed);
    let finished =
        bed.services.signin.finish(half.split_once('=').unwrap().1, &code, "192.0.2.1".parse().unwrap(), "");
    assert!(finished.await.is_err());
    assert_eq!(bed.ask("GET", "/sign-in/code", &[]).await.status, 303);
    let stranger = bed.fill("192.0.2.1", "/sign-in", &[("name", "1001@home"), ("password", "wrong")]).await;
    assert!(stranger.header("set-cookie").is_empty(), "a wrong password learns nothing of a second factor");
}

#[tokio::test]
async fn codes_are_guessed_at_five_times_and_then_even_the_right_one_is_refused() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let (app, recovery) = enrolled(&client).await;
    let half = bed.half().await;
    let code = bed.next_code(&app).await;
    for _ in 0..5 {
        assert_eq!(bed.give_code(&half, &other(&code)).await.status, 401);
    }
    assert_eq!(bed.give_code(&half, &code).await.status, 401);
    assert_eq!(bed.give_code(&bed.half().await, &code).await.status, 401, "a new sign-in has no new guesses");
    assert_eq!(bed.give_code(&half, &recovery[0]).await.status, 401);
    let renewing = client.post(&format!("{PAGE}/codes"), &[("code", &code)]).await;
    assert_eq!(renewing.status, 422, "nor are there more inside");
    bed.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(bed.give_code(&bed.half().await, &app.code(&bed)).await.status, 303);
}

#[tokio::test]
async fn a_recovery_code_opens_once_and_only_its_owners_account() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let (app, codes) = enrolled(&client).await;
    let half = bed.half().await;
    let entered = bed.give_code(&half, &codes[3].to_uppercase().replace('-', "")).await;
    assert_eq!(entered.header("location"), format!("{PAGE}?done=recovery"), "{}", entered.text());
    let inside = bed.with_cookie(session(&entered)).await;
    let page = inside.get(&format!("{PAGE}?done=recovery")).await;
    assert!(page.text().contains("9 recovery codes left"), "{}", page.text());
    assert_eq!(bed.give_code(&bed.half().await, &codes[3]).await.status, 401);
    let audit = bed.services.audit.page(bed.mailbox.tenant, None, 10).await.unwrap();
    assert!(audit.iter().any(|line| line.action == "second-factor.recovery-code-used"));
    // New ones end the old ones.
    let code = bed.next_code(&app).await;
    let renewed = client.post(&format!("{PAGE}/codes"), &[("code", &code)]).await;
    assert!(renewed.text().contains("Keep these recovery codes"), "{}", renewed.text());
    assert_eq!(bed.give_code(&bed.half().await, &codes[4]).await.status, 401);
    assert!(!client.get(PAGE).await.text().contains("<li><code>"), "they are shown once");
    let everything = bed.everything().await;
    assert!(codes.iter().all(|code| !everything.contains(code)), "only hashes are kept");
}

#[tokio::test]
async fn a_new_password_by_mail_does_not_do_without_the_code() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let (app, _) = enrolled(&client).await;
    let door = bed.door(&bed.user_of(&bed.mailbox).await, Purpose::Reset).await;
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    let chosen = bed.fill("192.0.2.1", &format!("/door/{door}"), &fields).await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "/sign-in/code?next=%2F"));
    let half = session(&chosen);
    assert_eq!(bed.ask("GET", "/", &[("cookie", &half)]).await.status, 303);
    let code = bed.next_code(&app).await;
    assert_eq!(bed.give_code(&half, &code).await.status, 303);
}

#[tokio::test]
async fn it_is_begun_and_turned_off_only_by_who_knows_password_and_code() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let begin = format!("{PAGE}/begin");
    assert_eq!(client.post(&begin, &[("password", "not-my-password")]).await.status, 422);
    assert!(!client.get(PAGE).await.text().contains("<svg class=\"qr\""));
    assert_eq!(
        client.post(&format!("{PAGE}/confirm"), &[("code", "123456")]).await.status,
        422,
        "nothing waits"
    );
    assert_eq!(client.without_token(&begin, &[("password", PASSWORD)]).await.status, 403);
    // What was begun and not confirmed changes nothing, and is over after a while.
    client.post(&begin, &[("password", PASSWORD)]).await;
    let app = App::of(client.get(PAGE).await.text());
    assert_eq!(bed.enter("1001@home", PASSWORD, "192.0.2.1").await.header("location"), "/");
    let wrong = other(&app.code(&bed));
    assert_eq!(client.post(&format!("{PAGE}/confirm"), &[("code", &wrong)]).await.status, 422);
    bed.clock.advance(Duration::from_secs(15 * 60));
    let late = client.post(&format!("{PAGE}/confirm"), &[("code", &app.code(&bed))]).await;
    assert!(late.status == 422 && late.text().contains("took too long"), "{}", late.text());

    let (app, codes) = enrolled(&client).await;
    let off = format!("{PAGE}/off");
    for (password, code) in [(PASSWORD, ""), (PASSWORD, "000000"), ("not-my-password", codes[0].as_str())] {
        assert_eq!(client.post(&off, &[("password", password), ("code", code)]).await.status, 422, "{code}");
    }
    assert_eq!(
        client.post(&begin, &[("password", PASSWORD)]).await.status,
        422,
        "another app needs a code too"
    );
    // Another app: the old one holds until the new one has shown a code.
    let begun = client.post(&begin, &[("password", PASSWORD), ("code", &codes[0])]).await;
    assert_eq!(begun.status, 303, "{}", begun.text());
    let second = App::of(client.get(PAGE).await.text());
    let code = bed.next_code(&app).await;
    assert_eq!(bed.give_code(&bed.half().await, &code).await.status, 303);
    let code = bed.next_code(&second).await;
    assert_eq!(client.post(&format!("{PAGE}/confirm"), &[("code", &code)]).await.status, 200);
    assert_eq!(bed.give_code(&bed.half().await, &bed.next_code(&app).await).await.status, 401);
    let code = bed.next_code(&second).await;
    let gone = client.post(&off, &[("password", PASSWORD), ("code", &code)]).await;
    assert_eq!(gone.header("location"), format!("{PAGE}?done=off"), "{}", gone.text());
    assert_eq!(bed.enter("1001@home", PASSWORD, "192.0.2.1").await.header("location"), "/");
    let audit = bed.services.audit.page(bed.mailbox.tenant, None, 20).await.unwrap();
    let said: Vec<&str> =
        audit.iter().map(|line| line.action.as_str()).filter(|a| a.starts_with("second")).collect();
    assert_eq!(said, ["second-factor.turned-off", "second-factor.turned-on", "second-factor.turned-on"]);
}

async fn signed_in(bed: &WebBed, mailbox: &Mailbox, role: Role) -> String {
    bed.give(mailbox, role).await;
    let entered = bed.enter(&format!("{}@home", mailbox.extension), PASSWORD, "192.0.2.9").await;
    assert_eq!(entered.status, 303);
    session(&entered)
}

// 002-001
#[tokio::test]
async fn an_administrator_above_resets_it_and_nobody_else() {
    let bed = WebBed::new().await;
    let colleague = bed.colleague().await;
    let owner = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    enrolled(&owner).await;
    let user = bed.mailbox.user.unwrap();
    let reset = format!("/admin/second-factors/{user}/reset");
    let own = owner.post(&reset, &[]).await;
    assert_eq!(own.status, 409, "the own one goes with a code alone: {}", own.text());
    let manager = bed.with_cookie(signed_in(&bed, &colleague, Role::OfficeManager).await).await;
    assert_eq!(manager.post(&reset, &[]).await.status, 403, "not by who stands below");
    let stranger = bed.stranger().await;
    let elsewhere = bed.client(&stranger, Role::TenantAdmin).await;
    assert_eq!(elsewhere.post(&reset, &[]).await.status, 404);
    assert_eq!(owner.get("/settings").await.status, 200);

    let admin = bed.with_cookie(signed_in(&bed, &colleague, Role::TenantAdmin).await).await;
    let listed = admin.get("/admin/second-factors").await;
    assert!(listed.text().contains(&reset), "{}", listed.text());
    assert_eq!(admin.post(&reset, &[]).await.header("location"), "/admin/second-factors?done=reset");
    assert_eq!(owner.get("/settings").await.status, 303, "who held the phone is out as well");
    assert_eq!(bed.enter("1001@home", PASSWORD, "192.0.2.1").await.header("location"), "/");
    let audit = bed.services.audit.page(bed.mailbox.tenant, None, 5).await.unwrap();
    let line = audit.iter().find(|line| line.action == "second-factor.reset").unwrap();
    assert!(
        line.actor.starts_with("Grace Hopper") && line.was.as_deref() == Some(r#"{"on":true}"#),
        "{line:?}"
    );
}

#[tokio::test]
async fn the_api_tells_and_resets_it_and_keys_are_not_asked_for_codes() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let key = bed.key(bed.mailbox.tenant, vec![Act::UsersRead, Act::UsersWrite]).await;
    let path = format!("/users/{}/second-factor", bed.mailbox.user.unwrap());
    assert_eq!(
        body(&bed.call(&key, "GET", &path, None, &[]).await),
        json!({"since": null, "recovery_codes": 0})
    );
    enrolled(&client).await;
    let told = body(&bed.call(&key, "GET", &path, None, &[]).await);
    assert_eq!((told["recovery_codes"].clone(), told["since"].is_string()), (json!(10), true));
    assert_eq!(bed.call(&key, "DELETE", &path, None, &[]).await.status, 204);
    assert_eq!(body(&bed.call(&key, "GET", &path, None, &[]).await)["since"], Value::Null);
}

#[tokio::test]
async fn where_it_is_required_who_looks_after_others_reaches_only_the_own_things_without_it() {
    let bed = WebBed::new().await;
    let colleague = bed.colleague().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let rule = "/admin/second-factors";
    let refused = admin.post(rule, &[("required", "1")]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("Turn on your own second factor first"));
    let (app, _) = enrolled(&admin).await;
    let manager = bed.with_cookie(signed_in(&bed, &colleague, Role::OfficeManager).await).await;
    assert_eq!(manager.post(rule, &[("required", "1")]).await.status, 403);
    assert_eq!(manager.get("/admin/users").await.status, 200);
    assert_eq!(
        admin.post(rule, &[("required", "1")]).await.header("location"),
        "/admin/second-factors?done=required"
    );

    assert_eq!(admin.get("/admin/users").await.status, 200);
    let shut = manager.get("/admin/users").await;
    assert!(shut.status == 403 && shut.text().contains("A second factor first"), "{}", shut.text());
    let api = bed.ask("GET", "/api/v1/tenants", &[("cookie", &manager.cookie)]).await;
    assert_eq!(api.status, 403, "nor by the API with the session");
    let inbox = manager.get("/").await;
    assert!(inbox.status == 200 && inbox.text().contains(r#"href="/settings/second-factor">Turn it on"#));
    enrolled(&manager).await;
    assert_eq!(manager.get("/admin/users").await.status, 200);
    // Nobody of them turns it off again, and basic users are not asked.
    let code = bed.next_code(&app).await;
    let off = admin.post(&format!("{PAGE}/off"), &[("password", PASSWORD), ("code", &code)]).await;
    assert!(off.status == 422 && off.text().contains("asks for a second factor"), "{}", off.text());
    assert_eq!(admin.post(rule, &[]).await.header("location"), "/admin/second-factors?done=free");
}

#[tokio::test]
async fn who_comes_back_from_the_recycle_bin_still_has_it() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    enrolled(&client).await;
    let (accounts, tenant) = (&bed.services.accounts, bed.mailbox.tenant);
    accounts.remove(tenant, &"1001".parse().unwrap()).await.unwrap();
    accounts.restore(tenant, bed.mailbox.user.unwrap(), None, &|_| true).await.unwrap();
    bed.half().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_sets_up_an_app_in_the_browser_and_signs_in_with_its_code() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    bed.give(&bed.mailbox, Role::TenantAdmin).await;
    bed.rename_owner(HOSTILE[0], "").await;
    sign_in(&browser, &format!("http://{at}/")).await;
    let page = format!("http://{at}{PAGE}");
    check(&browser, &page, "second-factor-off").await;
    browser.click("input[name=password]").await;
    browser.press(PASSWORD).await;
    browser.press("\u{e007}").await;
    browser.until("return !!document.querySelector('svg.qr')").await;
    check(&browser, &page, "second-factor-setup").await;
    let shown = browser.run("return document.documentElement.outerHTML").await;
    let app = App::of(shown.as_str().unwrap());
    // The picture says what the key says.
    let link = browser.run("return document.querySelector('a[href^=\"otpauth:\"]').href").await;
    assert!(link.as_str().unwrap().starts_with("otpauth://totp/Voicemail%20vm%2Eexample%2Eorg:"), "{link}");
    let code = bed.next_code(&app).await;
    browser.click("input[name=code]").await;
    browser.press(&code).await;
    browser.click("form[action$='/confirm'] button").await;
    browser.until("return document.querySelectorAll('.recovery li').length === 10").await;
    let recovery = browser.run("return document.querySelector('.recovery code').textContent").await;
    check(&browser, &page, "second-factor-on").await;
    check(&browser, &format!("http://{at}/admin/second-factors"), "admin-second-factors").await;

    browser.open(&format!("http://{at}/")).await;
    browser.click(".who button").await;
    browser.until("return location.pathname === '/sign-in'").await;
    let half = async || {
        browser.open(&format!("http://{at}/sign-in?next=/settings")).await;
        browser.click("input[name=name]").await;
        browser.press("1001").await;
        browser.click("input[name=password]").await;
        browser.press(PASSWORD).await;
        browser.click("button.main").await;
        browser
            .until("return location.pathname === '/sign-in/code' && document.activeElement.name === 'code'")
            .await;
    };
    half().await;
    check(&browser, &format!("http://{at}/sign-in/code"), "sign-in-code").await;
    half().await;
    browser.press(&bed.next_code(&app).await).await;
    browser.press("\u{e007}").await;
    browser.until("return location.pathname === '/settings'").await;
    browser.click(".who button").await;
    browser.until("return location.pathname === '/sign-in'").await;
    half().await;
    browser.press(recovery.as_str().unwrap()).await;
    browser.press("\u{e007}").await;
    browser.until("return document.querySelector('.done')?.textContent.includes('recovery code')").await;
    assert_eq!(browser.console().await, Vec::<String>::new());
}

/// What users are told by mail of their ways in, in the order in which it happened.
async fn told(bed: &WebBed) -> Vec<(String, SecurityChange)> {
    let jobs = bed.store.jobs(Some(JobState::Queued), 99).await.unwrap();
    let mut told: Vec<_> = jobs
        .into_iter()
        .filter_map(|job| match job.work {
            Work::Security { to, change, at, .. } => Some((at, to.to_string(), change)),
            _ => None,
        })
        .collect();
    told.sort_by_key(|(at, ..)| *at);
    told.into_iter().map(|(_, to, change)| (to, change)).collect()
}

/// Password, PIN and second factor, by the owner and by an administrator: the user hears of it at every address.
#[tokio::test]
async fn each_way_in_that_is_changed_is_told_by_mail() {
    use SecurityChange as C;
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let (app, _) = enrolled(&client).await;
    let code = bed.next_code(&app).await;
    let renewed = client.post(&format!("{PAGE}/codes"), &[("code", &code)]).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    let code = bed.next_code(&app).await;
    let off = client.post(&format!("{PAGE}/off"), &[("password", PASSWORD), ("code", &code)]).await;
    assert_eq!(off.status, 303, "{}", off.text());
    bed.clock.advance(Duration::from_secs(1));
    let pin = client.post("/settings/pin", &[("pin", "482913"), ("again", "482913")]).await;
    assert_eq!(pin.status, 303);
    bed.clock.advance(Duration::from_secs(1));
    let refused = client.post("/settings/pin", &[("pin", "1"), ("again", "1")]).await;
    assert_eq!(refused.status, 422, "what was not changed is not told");
    let new = "quite-other-words";
    let changed =
        client.post("/settings/password", &[("old", PASSWORD), ("password", new), ("again", new)]).await;
    assert_eq!(changed.status, 303);
    let own = |change| ("ada@example.org".to_owned(), change);
    let expected = [C::FactorOn, C::FactorCodes, C::FactorOff, C::Pin, C::Password].map(own);
    assert_eq!(told(&bed).await, expected);

    // By an administrator, to somebody with two addresses; nothing is told of what was not there.
    let grace = bed.colleague().await;
    let key = bed.key_of_all().await;
    let path = format!("/users/{}", grace.user.unwrap());
    let given = json!({"emails": ["grace@example.org", "hopper@example.org"], "pin": "739152"});
    assert_eq!(bed.call(&key, "PATCH", &path, Some(given), &[]).await.status, 200);
    assert!(!bed.services.signin.reset_factor(grace.tenant, grace.user.unwrap()).await.unwrap());
    let more = told(&bed).await.split_off(expected.len());
    let mut to: Vec<&str> = more.iter().map(|(to, _)| to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["grace@example.org", "hopper@example.org"]);
    assert!(more.iter().all(|(_, change)| *change == C::Pin));
    // Whoever changes the addresses together with the PIN does not keep it from the old ones.
    bed.clock.advance(Duration::from_secs(1));
    let taken = json!({"emails": ["eve@example.org"], "pin": "739152"});
    assert_eq!(bed.call(&key, "PATCH", &path, Some(taken), &[]).await.status, 200);
    let last = told(&bed).await.split_off(expected.len() + 2);
    let mut to: Vec<&str> = last.iter().map(|(to, _)| to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["eve@example.org", "grace@example.org", "hopper@example.org"]);
    assert!(!bed.everything().await.contains("739152"), "a PIN stands in the database");
}
