//! The pages about the running server: who sees which call, what phones were told.

use std::time::Duration;

use aftertone::clock::Clock as _;
use aftertone::domain::{CallOutcome, CallStage, CallerId, Counts, LampId, Mailbox, Owner, Role};
use aftertone::service::access::Act;
use aftertone::service::lamp::new_lamp;
use aftertone::service::live_calls::{Arrival, Entry};
use aftertone::signal::LampDialog;
use aftertone::store::Lamp;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::HOSTILE;
use crate::api::body;
use crate::web_bed::WebBed;

impl WebBed {
    /// A call that runs, to this mailbox.
    pub(crate) fn arrives(&self, mailbox: &Mailbox, caller: &CallerId) -> Entry {
        let peer = Some("192.0.2.7".parse().unwrap());
        let arrival = Arrival { id: self.clock.uuid(), is_ours: false, trunk: Some("pbx".to_owned()), peer };
        let entry = self.services.calls.open(arrival, &CancellationToken::new());
        entry.is_for(mailbox.tenant, Some(&mailbox.extension), caller);
        entry
    }

    /// A phone that watches the mailbox.
    pub(crate) async fn lamp(&self, mailbox: &Mailbox, to: &str) -> Lamp {
        let dialog = LampDialog::unsolicited(to, "sip:1001@vm.example.org").unwrap();
        let dialog = serde_json::to_string(&dialog).unwrap();
        let id = LampId::from_uuid(self.clock.uuid());
        let owner = Owner { tenant: mailbox.tenant, mailbox: mailbox.id };
        let lamp = Lamp { created_at: self.clock.now(), ..new_lamp(id, owner, to.to_owned(), dialog) };
        self.store.put_lamp(&lamp).await.unwrap()
    }
}

#[tokio::test]
async fn a_running_call_is_seen_by_who_may_and_its_caller_by_fewer() {
    let bed = WebBed::new().await;
    let stranger = bed.stranger().await;
    let grace = CallerId::new(Some("+44205550123"), Some("Grace Hopper"));
    let mut entry = bed.arrives(&bed.mailbox, &grace);
    let other = bed.arrives(&stranger, &CallerId::new(Some("+15550199"), Some("Mata Hari")));
    bed.clock.advance(Duration::from_secs(83));
    entry.stage(CallStage::Recording);
    for (role, sees_caller, sees_other) in [
        (Role::Supervisor, false, false),
        (Role::OfficeManager, false, false),
        (Role::TenantAdmin, true, false),
        (Role::Operator, true, true),
    ] {
        let page = bed.client(&bed.mailbox, role).await.get("/admin/calls").await;
        let text = page.text();
        assert!(text.contains("Recording") && text.contains("data-seconds=\"83\"") && text.contains("1:23"));
        assert!(text.contains("1001") && text.contains("pbx"), "{role}");
        assert_eq!(text.contains("Grace Hopper") || text.contains("+44205550123"), sees_caller, "{role}");
        assert_eq!(text.contains("Mata Hari") || text.contains("elsewhere"), sees_other, "{role}");
        assert_eq!(text.contains("/end\""), role == Role::Operator, "{role}");
    }
    entry.note(CallOutcome::Kept);
    drop(entry);
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let page = client.get("/admin/calls").await;
    assert!(page.text().contains("Nobody is on the line") && page.text().contains("A recording was kept"));
    assert!(!page.text().contains("Mata Hari"));
    drop(other);
}

#[tokio::test]
async fn an_operator_ends_a_call_and_nobody_else_does() {
    let bed = WebBed::new().await;
    let entry = bed.arrives(&bed.mailbox, &CallerId::anonymous());
    let id = bed.services.calls.running(aftertone::service::live_calls::Scope::Everything, 1).0[0].arrival.id;
    let path = format!("/admin/calls/{id}/end");
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    assert_eq!(admin.post(&path, &[]).await.status, 403);
    let key = bed.key(bed.mailbox.tenant, vec![Act::Calls, Act::CallsEnd]).await;
    assert_eq!(bed.call(&key, "POST", &format!("/calls/{id}/end"), None, &[]).await.status, 403);
    assert!(!entry.end().is_cancelled());
    let operator = bed.client(&bed.mailbox, Role::Operator).await;
    assert_eq!(operator.post("/admin/calls/x/end", &[]).await.status, 404);
    assert_eq!(operator.post(&path, &[]).await.header("location"), "/admin/calls?done=ended");
    assert!(entry.end().is_cancelled());
    assert!(operator.get("/admin/calls").await.text().contains("is being ended"));
    drop(entry);
    assert_eq!(operator.post(&path, &[]).await.header("location"), "/admin/calls?done=gone");
    assert!(operator.get("/admin/calls?done=gone").await.text().contains("over already"));
    assert!(operator.get("/admin/calls").await.text().contains("ended by an operator"));
    assert!(operator.get("/admin/audit").await.text().contains("call.ended"));
}

#[tokio::test]
async fn programs_see_the_calls_of_their_tenant_and_callers_only_with_the_scope_for_it() {
    let bed = WebBed::new().await;
    let stranger = bed.stranger().await;
    let grace = CallerId::new(Some("+44205550123"), Some("Grace Hopper"));
    let (entry, _other) = (bed.arrives(&bed.mailbox, &grace), bed.arrives(&stranger, &grace));
    let plain = bed.key(bed.mailbox.tenant, vec![Act::Calls]).await;
    let told = body(&bed.call(&plain, "GET", "/calls", None, &[]).await);
    assert_eq!((told["all"].as_u64(), &told["items"][0]["mailbox"]), (Some(1), &json!("1001")));
    assert!(told["items"][0].get("caller").is_none(), "{told}");
    let trusted = bed.key(bed.mailbox.tenant, vec![Act::Calls, Act::Callers]).await;
    let told = body(&bed.call(&trusted, "GET", "/calls", None, &[]).await);
    assert_eq!(told["items"][0]["caller"]["number"], "+44205550123");
    drop(entry);
    let told = body(&bed.call(&trusted, "GET", "/calls/recent?limit=1", None, &[]).await);
    assert_eq!(told["items"][0]["outcome"], "nothing");
    let none = bed.key(bed.mailbox.tenant, vec![Act::UsersRead]).await;
    assert_eq!(bed.call(&none, "GET", "/calls", None, &[]).await.status, 403);
}

#[tokio::test]
async fn lamps_that_show_something_wrong_stand_first_and_are_told_again() {
    let bed = WebBed::new().await;
    let stranger = bed.stranger().await;
    let right = bed.lamp(&bed.mailbox, "sip:right@pbx.example.org").await;
    let failing = bed.lamp(&bed.mailbox, "sip:deaf@pbx.example.org").await;
    let foreign = bed.lamp(&stranger, "sip:foreign@pbx.example.org").await;
    bed.deposit(3, |_| {}).await;
    let cseq = bed.store.next_cseq(right.id).await.unwrap();
    bed.store.lamp_told(right.id, cseq, Counts { new: 1, ..Counts::default() }).await.unwrap();
    bed.store.lamp_failed(failing.id, "the phone cannot be told now: it does not answer").await.unwrap();
    let client = bed.client(&bed.mailbox, Role::OfficeManager).await;
    let page = client.get("/admin/lamps").await;
    let text = page.text();
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is not in {text}"));
    assert!(place("sip:deaf@pbx.example.org") < place("sip:right@pbx.example.org"));
    for words in ["1 new, 0 old", "not known", "Shows what there is", "is the phone on"] {
        place(words);
    }
    assert!(!text.contains("sip:foreign"), "another tenant's");
    let found = client.get("/admin/lamps?q=right").await;
    assert!(found.text().contains("sip:right") && !found.text().contains("sip:deaf"));

    let again = client.post(&format!("/admin/lamps/{}/again", right.id), &[]).await;
    assert_eq!(again.header("location"), "/admin/lamps?done=again");
    assert_eq!(bed.store.lamp(&right.name).await.unwrap().unwrap().told, None);
    assert!(client.get("/admin/lamps").await.text().contains("Is being told"));
    assert_eq!(client.post(&format!("/admin/lamps/{}/again", foreign.id), &[]).await.status, 404);
    let key = bed.key(bed.mailbox.tenant, vec![Act::Lamps]).await;
    let told = body(&bed.call(&key, "GET", "/lamps", None, &[]).await);
    assert_eq!(
        (told["items"][0]["to"].as_str(), told["items"].as_array().unwrap().len()),
        (Some("sip:deaf@pbx.example.org"), 2)
    );
    let path = format!("/lamps/{}/again", failing.id);
    assert_eq!(bed.call(&key, "POST", &path, None, &[]).await.status, 202);
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    assert!(admin.get("/admin/audit").await.text().contains("lamp.told-again"));
}

#[tokio::test]
async fn hostile_callers_and_addresses_do_not_break_out_of_the_pages_of_the_server() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Operator).await;
    for hostile in HOSTILE {
        let entry = bed.arrives(&bed.mailbox, &CallerId::new(Some(hostile), Some(hostile)));
        let query: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
        for path in ["/admin/calls".to_owned(), format!("/admin/lamps?q={query}")] {
            let page = client.get(&path).await;
            assert_eq!(page.status, 200);
            assert!(!page.text().contains(hostile), "{hostile} stands in {path} as it came");
        }
        drop(entry);
    }
    assert!(!client.get("/admin/calls").await.text().contains(HOSTILE[0]));
}

#[tokio::test]
async fn the_first_steps_show_who_was_heard_and_what_came_of_the_trials() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    for path in ["/admin/first-steps/call", "/admin/first-steps/mail"] {
        assert_eq!(admin.post(path, &[("to", "ada@example.org")]).await.status, 403, "{path}");
    }
    assert_eq!(admin.get("/admin/first-steps").await.status, 403);
    let client = bed.client(&bed.mailbox, Role::Operator).await;
    let page = client.get("/admin/first-steps").await;
    let text = page.text();
    assert!(text.contains("contact = sip:192.0.2.20:5060") && text.contains("OPTIONS was taken"), "{text}");
    assert!(text.contains("192.0.2.66") && text.contains("add the address to sip.peers"), "{text}");
    let wrong = client.post("/admin/first-steps/mail", &[("to", "nobody")]).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(client.without_token("/admin/first-steps/call", &[]).await.status, 403);
    assert!(client.get("/admin/first-steps").await.text().matches("Not tried yet").count() == 2);
    assert_eq!(client.post("/admin/first-steps/call", &[]).await.status, 303);
    assert_eq!(client.post("/admin/first-steps/mail", &[("to", "ada@example.org")]).await.status, 303);
    loop {
        let page = client.get("/admin/first-steps").await;
        if !page.text().contains("Under way") {
            assert!(page.text().contains("not answered (486): busy"), "{}", page.text());
            assert!(page.text().contains("took it for ada@example.org"), "{}", page.text());
            break;
        }
        tokio::task::yield_now().await;
    }
    let changes = client.get("/admin/audit").await;
    assert!(changes.text().contains("server.test-call") && changes.text().contains("server.test-mail"));
}
