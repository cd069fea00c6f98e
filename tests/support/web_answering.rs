//! Pages about how a mailbox answers: rules, hours, lists; who may see and change them, what is refused, and what is undone.

use aftertone::domain::answering::{CallerPattern, Screening, TurnAway};
use aftertone::domain::{Extension, Mailbox, Owner, Role};
use axum::body::Body;

use crate::HOSTILE;
use crate::portal::Client;
use crate::web_bed::{Answer, WebBed};

/// A rule that the form adds: announcement only.
const SILENT: [(&str, &str); 3] = [("name", "Silent"), ("is_new", "1"), ("answer", "announcement")];

impl WebBed {
    pub(crate) fn owner(&self, mailbox: &Mailbox) -> Owner {
        Owner { tenant: mailbox.tenant, mailbox: mailbox.id }
    }

    /// Names of the rules, in their order.
    pub(crate) async fn order(&self) -> Vec<String> {
        let rules = self.services.rules.of(self.owner(&self.mailbox)).await.unwrap();
        rules.into_iter().map(|rule| rule.name).collect()
    }

    pub(crate) async fn rule_path(&self, name: &str) -> String {
        let rules = self.services.rules.of(self.owner(&self.mailbox)).await.unwrap();
        let rule = rules.into_iter().find(|rule| rule.name == name).unwrap();
        format!("/answering/me/rules/{}", rule.id)
    }

    /// Id of the tenant's or the mailbox's frame of this name.
    pub(crate) async fn frame(&self, name: &str) -> String {
        let extension: Extension = "1001".parse().unwrap();
        self.services.frames.find(self.mailbox.tenant, Some(&extension), name).await.unwrap().id.to_string()
    }

    /// Actions of the audit, newest first.
    async fn deeds(&self) -> Vec<String> {
        let page = self.services.audit.page(self.mailbox.tenant, None, 50).await.unwrap();
        page.into_iter().map(|line| line.action).collect()
    }
}

impl Client<'_> {
    /// Posts a form that is taken, and the page that follows.
    pub(crate) async fn done(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{path} {fields:?}: {}", answer.text());
        let page = self.get(answer.header("location")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        page
    }

    /// Posts a form that is not taken; what is said.
    pub(crate) async fn refused(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 422, "{path} {fields:?}: {}", answer.text());
        answer.text().to_owned()
    }

    pub(crate) async fn add_rule(&self, name: &str, more: &[(&str, &str)]) {
        let mut fields = vec![("name", name), ("is_new", "1"), ("answer", "announcement")];
        fields.extend_from_slice(more);
        self.done("/answering/me/rules", &fields).await;
    }

    async fn calendar(&self, path: &str, csrf: &str, name: &str, file: &[u8]) -> Answer {
        let mut body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n\
             --x\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nholiday\r\n\
             --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
        )
        .into_bytes();
        body.extend(file);
        body.extend(b"\r\n--x--\r\n");
        self.sent(path, "multipart/form-data; boundary=x", Body::from(body)).await
    }
}

/// Address that the page's undo posts to.
pub(crate) fn undo(page: &Answer) -> String {
    let text = page.text();
    let undo =
        text.split("action=\"").find(|part| part.contains("/undo/")).unwrap_or_else(|| panic!("{text}"));
    undo.split('"').next().unwrap().to_owned()
}

// 001-01, 002-001
#[tokio::test]
async fn only_who_may_sees_and_changes_how_a_mailbox_answers() {
    let bed = WebBed::new().await;
    let (colleague, stranger) = (bed.colleague().await, bed.stranger().await);
    let of = |mailbox: &Mailbox, page: &str| format!("/answering/{}/{page}", mailbox.id);
    assert_eq!(bed.get("/answering/me/rules").await.status, 303, "to the sign-in");
    // Whose pages, and from which role on they open and are changed; otherwise they are missing or refused.
    let never = None::<Role>;
    for (who, page, sees, changes, otherwise) in [
        ("me", "rules", Some(Role::Basic), Some(Role::Basic), 404),
        ("colleague", "rules", Some(Role::OfficeManager), Some(Role::OfficeManager), 404),
        ("colleague", "hours", Some(Role::OfficeManager), Some(Role::OfficeManager), 404),
        ("colleague", "lists", Some(Role::OfficeManager), Some(Role::OfficeManager), 404),
        ("stranger", "rules", never, never, 404),
        ("stranger", "lists", never, never, 404),
        ("all", "hours", Some(Role::OfficeManager), Some(Role::TenantAdmin), 403),
        ("all", "lists", Some(Role::OfficeManager), Some(Role::TenantAdmin), 403),
    ] {
        let path = match who {
            "colleague" => of(&colleague, page),
            "stranger" => of(&stranger, page),
            word => format!("/answering/{word}/{page}"),
        };
        for role in Role::ALL {
            let client = bed.client(&bed.mailbox, role).await;
            let name = format!("{who} {role}");
            let fields: &[(&str, &str)] = match page {
                "rules" => &[("name", &name), ("is_new", "1"), ("answer", "tone")],
                "hours" => &[("name", &name), ("purpose", "open"), ("mon", "9-17")],
                _ => &[("pattern", "+4930555"), ("verdict", "busy")],
            };
            let expected = if sees.is_some_and(|least| role >= least) { 200 } else { otherwise };
            assert_eq!(client.get(&path).await.status, expected, "{role} {path}");
            let kept = client.post(&path, fields).await;
            let refused = if expected == 200 { 403 } else { otherwise };
            let expected = if changes.is_some_and(|least| role >= least) { 303 } else { refused };
            assert_eq!(kept.status, expected, "{role} {path}: {}", kept.text());
        }
    }
    for path in
        ["/answering/all/rules", "/answering/nobody/rules", "/answering/me/rules/x", "/answering/me/hours/x"]
    {
        assert_eq!(bed.client(&bed.mailbox, Role::Operator).await.get(path).await.status, 404, "{path}");
    }
    assert_eq!(bed.services.rules.of(bed.owner(&stranger)).await.unwrap(), []);
}

#[tokio::test]
async fn a_form_of_another_site_or_session_changes_nothing() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    client.add_rule("Kept", &[]).await;
    let rule = bed.rule_path("Kept").await;
    for path in [
        "/answering/me/rules",
        &rule,
        &format!("{rule}/remove"),
        "/answering/all/hours",
        "/answering/all/lists",
    ] {
        let mut fields = SILENT.to_vec();
        fields.extend([("csrf", "wrong"), ("pattern", "+49"), ("verdict", "busy"), ("mon", "9-17")]);
        let answer = client.without_token(path, &fields).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    assert_eq!(client.calendar("/answering/all/hours/import", "wrong", "a.ics", ICS).await.status, 403);
    assert_eq!(bed.order().await, ["Kept"]);
    assert_eq!(bed.services.lists.list(bed.mailbox.tenant, None).await.unwrap(), []);
    assert!(
        bed.services
            .frames
            .list(bed.mailbox.tenant, None, bed.services.people.now())
            .await
            .unwrap()
            .is_empty()
    );
}

// 002-032, 002-034, 002-054, 002-056, 002-057
#[tokio::test]
async fn a_rule_is_added_edited_moved_switched_deleted_and_each_is_undone() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let empty = client.get("/answering/me/rules").await;
    assert!(
        empty.text().contains("The mailbox answers as usual")
            && empty.text().contains("Active now, because no rule")
    );
    assert!(!client.get("/answering/me/rules/new").await.text().contains("name=\"enabled\""));

    let page = client
        .done(
            "/answering/me/rules",
            &[SILENT[0], SILENT[1], SILENT[2], ("reason", "busy"), ("callers", "+49 30*\ninternal")],
        )
        .await;
    let (text, rule) = (page.text(), bed.rule_path("Silent").await);
    assert!(text.contains("When busy, from +4930* or internal"), "{text}");
    assert!(
        text.contains("Holds now for calls that it names") && text.contains("takes no message"),
        "{text}"
    );
    let edit = client.get(&rule).await;
    assert!(edit.text().contains("name=\"enabled\" value=\"1\" checked"), "{}", edit.text());
    assert!(edit.text().contains("+4930*\ninternal"));

    // Unticked: off. The rest of the form goes with it.
    client.done(&rule, &[("name", "Quiet"), ("answer", "tone")]).await;
    let kept = bed.services.rules.of(bed.owner(&bed.mailbox)).await.unwrap();
    assert!(!kept[0].enabled && kept[0].when.reasons.is_empty() && kept[0].name == "Quiet");
    let page = client.done(&format!("{rule}/on"), &[]).await;
    assert!(page.text().contains("Active now, because it always holds"), "{}", page.text());
    client.done(&undo(&page), &[]).await;
    assert!(!bed.services.rules.of(bed.owner(&bed.mailbox)).await.unwrap()[0].enabled);

    client.add_rule("Second", &[]).await;
    client.add_rule("Third", &[]).await;
    let third = bed.rule_path("Third").await;
    client.done(&format!("{third}/up"), &[]).await;
    assert_eq!(bed.order().await, ["Quiet", "Third", "Second"]);
    let page = client.done(&format!("{third}/down"), &[]).await;
    assert_eq!(bed.order().await, ["Quiet", "Second", "Third"]);
    let path = undo(&page);
    client.done(&path, &[]).await;
    assert_eq!(bed.order().await, ["Quiet", "Third", "Second"]);
    assert!(client.refused(&path, &[]).await.contains("no longer be undone"));

    let ids: Vec<String> = bed
        .services
        .rules
        .of(bed.owner(&bed.mailbox))
        .await
        .unwrap()
        .iter()
        .map(|rule| rule.id.to_string())
        .collect();
    let order: Vec<(&str, &str)> = [2, 0, 1].map(|place| ("rule", ids[place].as_str())).to_vec();
    client.done("/answering/me/rules/order", &order).await;
    assert_eq!(bed.order().await, ["Second", "Quiet", "Third"]);
    for wrong in [&order[..2], &[order[0], order[0], order[1]]] {
        assert!(client.refused("/answering/me/rules/order", wrong).await.contains("changed meanwhile"));
    }

    let page = client.done(&format!("{third}/remove"), &[]).await;
    assert_eq!(bed.order().await, ["Second", "Quiet"]);
    let path = undo(&page);
    client.add_rule("Later", &[]).await;
    assert!(client.refused(&path, &[]).await.contains("changed again since"));
    assert_eq!(client.post(&format!("{third}/remove"), &[]).await.status, 404, "it is gone");
    assert_eq!(bed.order().await, ["Second", "Quiet", "Later"]);

    let deeds = bed.deeds().await;
    for deed in [
        "rules.added",
        "rules.saved",
        "rules.on",
        "rules.up",
        "rules.down",
        "rules.order",
        "rules.remove",
        "rules.undo",
    ] {
        assert!(deeds.iter().any(|known| known == deed), "{deed}: {deeds:?}");
    }
}

// 002-041, 002-048 … 002-051
#[tokio::test]
async fn what_is_wrong_with_a_rule_is_said_and_nothing_that_was_typed_is_lost() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    client.add_rule("Taken", &[]).await;
    for (fields, said) in [
        (&[("name", "Taken"), ("answer", "tone")][..], "There is a rule “Taken” already"),
        (&[("name", " "), ("answer", "tone")], "write 1 to 64 characters"),
        (&[("name", "x"), ("answer", "transfer")], "Say where the call is to be transferred"),
        (&[("name", "x"), ("answer", "transfer"), ("target", "+1900555")], "not among the allowed"),
        (&[("name", "x"), ("answer", "shout")], "announce, busy, not-found"),
        (&[("name", "x"), ("answer", "tone"), ("callers", "some body!")], "internal"),
        (&[("name", "x"), ("answer", "tone"), ("reason", "bored")], "choose busy"),
        (&[("name", "x"), ("answer", "tone"), ("greeting", "busy")], "no greeting plays"),
        (&[("name", "x"), ("answer", "tone"), ("ring_s", "301")], "at most 300 seconds"),
        (&[("name", "x"), ("answer", "tone"), ("ring_s", "0")], "one second or more"),
        (&[("name", "x"), ("answer", "tone"), ("ring_s", "soon")], "whole seconds"),
        (&[("name", "x"), ("answer", "tone"), ("phone", "1002"), ("delay", "-1")], "whole seconds"),
        (&[("name", "x"), ("answer", "tone"), ("forward_busy", "<x>")], "a number or SIP URI"),
        (
            &[("name", "x"), ("answer", "tone"), ("frame", "00000000-0000-7000-8000-000000000000")],
            "That time frame is not there",
        ),
    ] {
        let mut all = vec![("is_new", "1"), ("forward_offline", "+49 171 555")];
        all.extend_from_slice(fields);
        let page = client.refused("/answering/me/rules", &all).await;
        assert!(page.to_lowercase().contains(&said.to_lowercase()), "{fields:?}: {page}");
        assert!(page.contains("value=\"+49 171 555\""), "{fields:?}");
    }
    let nothing = client.refused("/answering/me/rules", &[("name", "x"), ("answer", "message")]).await;
    assert!(nothing.contains("The rule does nothing"), "{nothing}");
    assert_eq!(bed.order().await, ["Taken"]);

    let phones = [
        ("phone", ""),
        ("delay", ""),
        ("phone", "1002"),
        ("delay", "5"),
        ("phone", "+49171555"),
        ("delay", ""),
        ("confirm", "2"),
        ("all_phones", "1"),
        ("dnd", "1"),
        ("ring_s", "20"),
        ("key3", "1002"),
        ("operator", "1000"),
    ];
    client.add_rule("Phones", &phones).await;
    let page = client.get("/answering/me/rules").await;
    for told in [
        "rings 1002 as well, after 5 s (acts in the phone system)",
        "rings +49171555 as well, and who answers presses 1 (acts in the phone system)",
        "every phone of the user rings (acts in the phone system)",
        "rings for 20 s (acts in the phone system)",
        "3 leads to 1002",
        "0 leads to 1000",
    ] {
        assert!(page.text().contains(told), "{told}: {}", page.text());
    }
    // 002-053
    assert!(
        page.text().contains("Never reached: &#34;Taken&#34; before it takes all its calls"),
        "{}",
        page.text()
    );
}

// 002-026, 002-035 … 002-040, 002-047, 002-051
#[tokio::test]
async fn what_the_phone_system_is_to_do_is_kept_told_and_there_again_for_whoever_edits_it() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let wishes = [
        ("dnd", "1"),
        ("screening", "1"),
        ("ring_s", "25"),
        ("forward_always", "+49301"),
        ("forward_busy", "1002"),
        ("forward_unanswered", "1003"),
        ("forward_offline", "+491712"),
        ("all_phones", "1"),
    ];
    client.add_rule("Everything", &wishes).await;
    client.add_rule("Alone", &[("only_extension", "1")]).await;
    let page = client.get("/answering/me/rules").await;
    let page = page.text();
    for told in [
        "do not disturb",
        "callers say their name and the owner decides",
        "rings for 25 s",
        "forwards always to +49301",
        "forwards when busy to 1002",
        "forwards when unanswered to 1003",
        "forwards when offline to +491712",
        "every phone of the user rings",
        "only the own extension rings",
    ] {
        assert!(page.contains(&format!("{told} (acts in the phone system)")), "{told}: {page}");
    }
    let rules = bed.services.rules.of(bed.owner(&bed.mailbox)).await.unwrap();
    let edit = client.get(&format!("/answering/me/rules/{}", rules[0].id)).await;
    let edit = edit.text();
    for name in ["dnd", "screening", "all_phones"] {
        assert!(edit.contains(&format!("name=\"{name}\" value=\"1\" checked")), "{name}: {edit}");
    }
    for (name, value) in [("ring_s", "25"), ("forward_always", "+49301"), ("forward_offline", "+491712")] {
        assert!(edit.contains(&format!("name=\"{name}\" value=\"{value}\"")), "{name}: {edit}");
    }
}

// 002-033, 002-052, 002-053, 002-055
#[tokio::test]
async fn the_fourth_of_july_goes_before_open_hours_and_open_hours_before_always() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    client
        .done(
            "/answering/me/hours",
            &[
                ("name", "Open"),
                ("purpose", "custom"),
                ("mon", "9-17"),
                ("tue", "9-17"),
                ("wed", "9-17"),
                ("thu", "9-17"),
                ("fri", "9-17"),
            ],
        )
        .await;
    client
        .done(
            "/answering/me/hours",
            &[
                ("name", "Independence Day"),
                ("purpose", "custom"),
                ("others", "yearly 07-04 # Independence Day"),
            ],
        )
        .await;
    let (open, july) = (bed.frame("Open").await, bed.frame("Independence Day").await);
    client.add_rule("Holiday", &[("frame", &july)]).await;
    client.add_rule("Open", &[("frame", &open)]).await;
    client.add_rule("Otherwise", &[]).await;
    let decides = async |at: &str| {
        let page =
            client.get(&format!("/answering/me/rules?caller=%2B4930555&reason=unanswered&at={at}")).await;
        let text = page.text();
        let told = text.split("class=\"big\">").nth(1).unwrap_or_else(|| panic!("{text}"));
        told.split("</p>").next().unwrap().to_owned()
    };
    // The fourth of July of 2028 is a Tuesday.
    for (at, rule) in [
        ("2028-07-04T10:00", "Rule 1 <a href"),
        ("2028-07-04T23:59", "Rule 1 <a href"),
        ("2028-07-05T10:00", "Rule 2 <a href"),
        ("2028-07-05T17:00", "Rule 3 <a href"),
        ("2028-07-08T10:00", "Rule 3 <a href"),
    ] {
        let told = decides(at).await;
        assert!(told.starts_with(rule), "{at}: {told}");
    }
    // It is Saturday, 14:32 in Berlin.
    let page = client.get("/answering/me/rules").await;
    let text = page.text();
    assert!(text.contains("Active now, until Mon 09:00, because it always holds"), "{text}");
    assert!(text.contains("Not now; active from Mon 09:00"), "{text}");
    // The other way round open hours take what is theirs.
    client.done(&format!("{}/up", bed.rule_path("Open").await), &[]).await;
    assert!(decides("2028-07-04T10:00").await.contains("“<bdi>Open</bdi>”"));
    assert!(decides("2028-07-04T08:00").await.contains("“<bdi>Holiday</bdi>”"));
    for (at, said) in [("tomorrow", "This is no time"), ("2028-07-04T10:00&reason=bored", "choose busy")] {
        let page = client.get(&format!("/answering/me/rules?caller=1&at={at}")).await;
        assert!(page.text().to_lowercase().contains(&said.to_lowercase()), "{}", page.text());
    }
}

const ICS: &[u8] = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:Christmas\r\nRRULE:FREQ=YEARLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

// 002-033
#[tokio::test]
async fn hours_are_shown_with_what_comes_next_and_changed_and_undone() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    assert!(client.get("/answering/me/hours").await.text().contains("No time frames yet"));
    let office = [
        ("name", "Office"),
        ("purpose", "open"),
        ("mon", "9-12:30, 13:30–17"),
        ("tue", "all day"),
        ("others", "2026-12-24 10:00-12:00 # Christmas Eve"),
    ];
    let mut asked = office.to_vec();
    asked.push(("preview", "1"));
    let preview = client.post("/answering/all/hours", &asked).await;
    assert!(
        preview.text().contains("Not active now, opens Mon 09:00, closes Mon 12:30, opens Mon 13:30."),
        "{}",
        preview.text()
    );
    assert!(preview.text().contains("value=\"9-12:30, 13:30–17\""));
    assert!(
        client.get("/answering/all/hours").await.text().contains("No time frames yet"),
        "a preview keeps nothing"
    );

    let page = client.done("/answering/all/hours", &office).await;
    let text = page.text();
    assert!(
        text.contains("Not now; opens Mon 09:00") && text.contains("2026-12-24 10:00-12:00 · Christmas Eve"),
        "{text}"
    );
    assert!(text.contains("Europe/Berlin") && text.contains("14:32"), "{text}");
    let path = format!("/answering/all/hours/{}", bed.frame("Office").await);
    assert!(client.get(&path).await.text().contains("value=\"09:00-12:30, 13:30-17:00\""));
    // The mailbox sees everybody's, but does not change them there.
    let own = client.get("/answering/me/hours").await;
    assert!(own.text().contains("Everybody&#39;s") || own.text().contains("Everybody's"));
    assert_eq!(client.post(&path.replace("/all/", "/me/"), &office).await.status, 404);
    for (fields, said) in [
        (
            &[("name", "Office"), ("purpose", "open"), ("mon", "9-17")][..],
            "There is a time frame “Office” already",
        ),
        (
            &[("name", "OFFICE"), ("purpose", "open"), ("mon", "9-17")],
            "There is a time frame “Office” already",
        ),
        (&[("name", "x"), ("purpose", "open"), ("mon", "25-26")], "no such hours"),
        (&[("name", "x"), ("purpose", "open")], "give at least one"),
        (&[("name", "x"), ("purpose", "open"), ("mon", "09:00-09:00")], "00:00-24:00 is the whole day"),
        (&[("name", "x"), ("purpose", "open"), ("zone", "Mars/Olympus"), ("mon", "9-17")], "IANA zone"),
        (&[("name", "x"), ("purpose", "party"), ("mon", "9-17")], "holiday"),
    ] {
        let page = client.refused("/answering/all/hours", fields).await;
        assert!(page.to_lowercase().contains(&said.to_lowercase()), "{fields:?}: {page}");
        assert!(page.contains(&format!(
            "name=\"mon\" value=\"{}\"",
            fields.iter().find(|field| field.0 == "mon").map_or("", |field| field.1)
        )));
    }

    client
        .done(&path, &[("name", "Desk"), ("purpose", "open"), ("zone", "America/New_York"), ("sat", "8-12")])
        .await;
    assert!(
        client.get("/answering/all/hours").await.text().contains("Active now (sat 08:00-12:00), until 12:00")
    );
    // What a rule names stays.
    client.add_rule("Desk", &[("frame", &bed.frame("Desk").await)]).await;
    assert!(client.refused(&format!("{path}/remove"), &[]).await.contains("of mailbox 1001"));
    client.done(&format!("{}/remove", bed.rule_path("Desk").await), &[]).await;
    let page = client.done(&format!("{path}/remove"), &[]).await;
    assert!(!page.text().contains("Desk</bdi>"));
    let page = client.done(&undo(&page), &[]).await;
    assert!(page.text().contains("Desk</bdi>"), "{}", page.text());
    let deeds = bed.deeds().await;
    for deed in ["hours.added", "hours.saved", "hours.removed", "hours.restored"] {
        assert!(deeds.iter().any(|known| known == deed), "{deed}: {deeds:?}");
    }
}

#[tokio::test]
async fn holidays_come_from_a_calendar_whole_or_not_at_all() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let (path, csrf) = ("/answering/all/hours/import", client.csrf().to_owned());
    let kept = client.calendar(path, &csrf, "Public holidays.ics", ICS).await;
    assert_eq!(kept.status, 303, "{}", kept.text());
    let page = client.get("/answering/all/hours").await;
    assert!(page.text().contains("Public holidays") && page.text().contains("Christmas"), "{}", page.text());
    assert!(page.text().contains("begins Fri 25 Dec, 00:00"), "{}", page.text());

    let daily = String::from_utf8_lossy(ICS).replace("FREQ=YEARLY", "FREQ=HOURLY");
    for (file, said) in [
        (daily.as_bytes(), "line 6"),
        (b"", "No file was chosen"),
        (&[0xff, 0xfe, 0, 0][..], "not understood"),
        (&vec![b'x'; 1_100_000][..], "larger than 1 MiB"),
    ] {
        let refused = client.calendar(path, &csrf, "Public holidays.ics", file).await;
        assert_eq!(refused.status, 422, "{said}");
        assert!(refused.text().to_lowercase().contains(&said.to_lowercase()), "{said}: {}", refused.text());
    }
    assert!(client.get("/answering/all/hours").await.text().contains("Christmas"), "the earlier one stays");
}

// 002-027 … 002-031
#[tokio::test]
async fn callers_are_listed_checked_and_taken_off_again() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let page = client
        .done(
            "/answering/all/lists",
            &[("pattern", "+1 (900)*"), ("verdict", "decline"), ("note", "premium")],
        )
        .await;
    assert!(
        page.text().contains("+1900* is on the list") && page.text().contains("premium"),
        "{}",
        page.text()
    );
    client.done("/answering/me/lists", &[("pattern", "+1 900 555-0100"), ("verdict", "allow")]).await;
    let again = [("pattern", "0019005550100"), ("verdict", "announce")];
    let page = client.done("/answering/me/lists", &again).await;
    assert!(
        page.text().contains("is on the list. It holds from the next call on. Before, it said: let through."),
        "{}",
        page.text()
    );
    client.done("/answering/me/lists", &[("pattern", "+19005550100"), ("verdict", "allow")]).await;
    client.done("/answering/me/lists", &[("pattern", "anonymous"), ("verdict", "announce")]).await;
    for (caller, told) in [
        ("%2B19005550100", "the mailbox&#39;s own list — let through"),
        ("%2B1+900+1", "everybody&#39;s list — turn away as declined"),
        ("anonymous", "the mailbox&#39;s own list — turn away with an announcement"),
        ("%2B4930", "on no list"),
    ] {
        let page = client.get(&format!("/answering/me/lists?check={caller}")).await;
        assert!(page.text().contains(told), "{caller}: {}", page.text());
    }
    for (fields, said) in [
        ([("pattern", "nobody!"), ("verdict", "busy"), ("note", "")], "internal"),
        ([("pattern", "+49"), ("verdict", "shout"), ("note", "my note")], "announce, busy, not-found"),
        ([("pattern", "+49"), ("verdict", "busy"), ("note", &"x".repeat(81))], "at most 80 characters"),
    ] {
        let page = client.refused("/answering/me/lists", &fields).await;
        assert!(page.to_lowercase().contains(said), "{fields:?}: {page}");
        assert!(page.contains(&format!("value=\"{}\"", fields[0].1)), "{page}");
    }
    let lines = bed.services.lists.list(bed.mailbox.tenant, Some(&"1001".parse().unwrap())).await.unwrap();
    assert_eq!(lines.len(), 3);
    let anonymous = lines.iter().find(|line| line.pattern == CallerPattern::Anonymous).unwrap();
    assert_eq!(anonymous.screening, Screening::Block { with: TurnAway::Announce });
    let page = client.done(&format!("/answering/me/lists/{}/remove", anonymous.id), &[]).await;
    let back = undo(&page);
    assert!(client.get("/answering/me/lists?check=anonymous").await.text().contains("on no list"));
    client.done(&back, &[]).await;
    assert!(client.get("/answering/me/lists?check=anonymous").await.text().contains("own list"));
    // Everybody's line is not taken off from a mailbox.
    let everybodys = lines.iter().find(|line| line.mailbox.is_none()).unwrap();
    assert_eq!(client.post(&format!("/answering/me/lists/{}/remove", everybodys.id), &[]).await.status, 404);
    let deeds = bed.deeds().await;
    for deed in ["list.kept", "list.removed", "list.restored"] {
        assert!(deeds.iter().any(|known| known == deed), "{deed}: {deeds:?}");
    }
}

#[tokio::test]
async fn explain_says_list_hours_and_rule_what_is_heard_and_what_comes_next() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    client.done("/answering/all/hours", &[("name", "Office"), ("purpose", "open"), ("mon", "9-17")]).await;
    client.add_rule("Nights", &[("frame", &bed.frame("Office").await), ("outside", "1")]).await;
    client
        .done("/answering/me/lists", &[("pattern", "+4930555"), ("verdict", "allow"), ("note", "the doctor")])
        .await;
    let page = client.get("/admin/explain?to=1001&from=%2B49+30+555&reason=busy").await;
    let text = page.text();
    let mailbox = format!("/answering/{}", bed.mailbox.id);
    for told in [
        &format!("<a href=\"{mailbox}/rules\">Mailbox 1001</a>"),
        &format!(
            "<a href=\"{mailbox}/lists\">Let through by the mailbox&#39;s list (+4930555, the doctor)</a>"
        ),
        &format!("<a href=\"{mailbox}/hours\">Closed</a>"),
        "“<bdi>Nights</bdi>”</a> decides",
        "until Monday, 23 November 2026, 09:00",
        "The end of the call: no message is taken",
        "<strong>Monday, 23 November 2026, 09:00 CET</strong> open; no rule",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let then = client.get("/admin/explain?to=1001&from=&reason=busy&at=2026-11-23T10:00").await;
    assert!(then.text().contains("No rule fits: the mailbox answers as usual"), "{}", then.text());
    assert_eq!(client.get("/admin/explain?to=1001&at=soon").await.status, 422);
    let offered = client.get("/admin/explain/targets?q=ada").await;
    assert_eq!(offered.text(), r#"{"items":[{"label":"User Ada Lovelace","value":"1001"}]}"#);
    let basic = bed.client(&bed.mailbox, Role::Basic).await;
    assert_eq!(basic.get("/admin/explain/targets?q=ada").await.status, 403);
    // The rule's own page of calls leads there with a call that it names.
    assert!(
        basic
            .get("/answering/me/rules")
            .await
            .text()
            .contains("/answering/me/rules?caller=&#38;reason=&#38;at=#try-title")
    );
}

#[tokio::test]
async fn what_people_write_is_text_on_these_pages() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    for hostile in HOSTILE {
        client
            .done(
                "/answering/me/hours",
                &[
                    ("name", hostile),
                    ("purpose", "open"),
                    ("mon", "9-17"),
                    ("others", &format!("2026-12-24 # {hostile}")),
                ],
            )
            .await;
        client.add_rule(hostile, &[("frame", &bed.frame(hostile).await)]).await;
    }
    client
        .done("/answering/me/lists", &[("pattern", "+49"), ("verdict", "busy"), ("note", HOSTILE[0])])
        .await;
    let mut pages: Vec<String> = [
        "rules",
        "hours",
        "lists",
        "rules/copy?from=%22%3E%3Cimg+src%3Dx+onerror%3D1%3E",
        "rules?caller=%22%3E%3Cimg+src%3Dx+onerror%3D1%3E",
        "lists?check=%22%3E%3Cimg+src%3Dx+onerror%3D1%3E",
    ]
    .map(|page| format!("/answering/me/{page}"))
    .to_vec();
    for hostile in HOSTILE {
        pages.push(bed.rule_path(hostile).await);
        pages.push(format!("/answering/me/hours/{}", bed.frame(hostile).await));
    }
    for path in pages {
        let page = client.get(&path).await;
        let text = page.text();
        for wrong in ["<script>alert", "<img", "<svg onload", "' onmouseover", "</title><svg"] {
            assert!(!text.contains(wrong), "{path}: {wrong} in {text}");
        }
    }
}
