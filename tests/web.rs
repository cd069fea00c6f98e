//! The web side as its visitors see it: people with and without a browser's scripts, mail scanners, guessers, monitors.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

#[path = "support/axe.rs"]
mod axe;
#[path = "support/browser.rs"]
mod browser;
#[path = "support/ports.rs"]
mod ports;
#[path = "support/postgres.rs"]
mod postgres;
#[expect(dead_code, reason = "shared with the tests of mail, which use the rest of it")]
#[path = "support/smtp_server.rs"]
mod smtp_server;
#[path = "support/web_bed.rs"]
mod web_bed;

#[path = "support/web_access.rs"]
mod access;
#[path = "support/web_admin.rs"]
mod admin;
#[path = "support/web_answering.rs"]
mod answering;
#[path = "support/web_answering_api.rs"]
mod answering_by_the_api;
#[path = "support/web_answering_checks.rs"]
mod answering_checks;
#[path = "support/web_answering_copy.rs"]
mod answering_copies;
#[path = "support/web_answering_browser.rs"]
mod answering_in_the_browser;
#[path = "support/web_api.rs"]
mod api;
#[path = "support/web_audit.rs"]
mod audit;
#[path = "support/web_call_me.rs"]
mod call_me;
#[path = "support/web_contract.rs"]
mod contract;
#[path = "support/web_crawl.rs"]
mod crawl;
#[path = "support/web_extension_plan.rs"]
mod extension_plan;
#[path = "support/web_finding.rs"]
mod finding;
#[path = "support/web_first_run.rs"]
mod first_run;
#[path = "support/web_forward.rs"]
mod forward;
#[path = "support/web_greetings.rs"]
mod greetings;
#[path = "support/web_handed_on.rs"]
mod handed_on;
#[path = "support/web_handsets.rs"]
mod handsets;
#[path = "support/web_hooks.rs"]
mod hooks;
#[path = "support/web_imports.rs"]
mod imports;
#[path = "support/web_browser.rs"]
mod in_the_browser;
#[path = "support/web_limits.rs"]
mod limits;
#[path = "support/web_meanwhile.rs"]
mod meanwhile;
#[path = "support/web_numbers.rs"]
mod numbers;
#[path = "support/web_running.rs"]
mod of_the_running_server;
#[path = "support/web_server.rs"]
mod of_the_server;
#[path = "support/web_own.rs"]
mod own;
#[path = "support/web_policy.rs"]
mod policy;
#[path = "support/web_portal.rs"]
mod portal;
#[path = "support/web_portal_browser.rs"]
mod portal_in_the_browser;
#[path = "support/web_presence.rs"]
mod presence;
#[path = "support/web_profiles.rs"]
mod profiles;
#[path = "support/web_second_factor.rs"]
mod second_factor;
#[path = "support/web_several.rs"]
mod several;
#[path = "support/web_takeover.rs"]
mod takeover;
#[path = "support/web_targets.rs"]
mod targets;
#[path = "support/web_tenants.rs"]
mod tenants;
#[path = "support/web_users.rs"]
mod users;
#[path = "support/web_ways_in.rs"]
mod ways_in;

#[path = "support/web_trunks.rs"]
mod trunks;
#[path = "support/web_trunks_browser.rs"]
mod trunks_in_the_browser;

use std::sync::atomic::Ordering;
use std::time::Duration;

use aftertone::audio::decode::{DecodeLimits, decode_upload};
use aftertone::domain::{CallerId, Folder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use web_bed::{Answer, WebBed};

const WRONG: &str = "/m/AAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[tokio::test]
async fn every_answer_carries_the_protecting_headers() {
    let bed = WebBed::new().await;
    let (message, link) = bed.linked(2).await;
    let revoked = bed.link(&message).await;
    let mut answers: Vec<(String, Answer)> = Vec::new();
    for path in ["/", "/healthz", "/readyz", "/metrics", "/nothing", WRONG, "/m/%ff", &link] {
        for method in ["GET", "HEAD", "POST", "DELETE"] {
            answers.push((format!("{method} {path}"), bed.ask(method, path, &[]).await));
        }
    }
    for path in ["audio.mp3", "audio.wav", "save", "nothing"] {
        for method in ["GET", "HEAD", "POST"] {
            let path = format!("{link}/{path}");
            answers.push((format!("{method} {path}"), bed.ask(method, &path, &[]).await));
        }
    }
    bed.links.revoke(message.tenant, message.id).await.unwrap();
    answers.push(("revoked".to_owned(), bed.get(&revoked).await));
    for (what, answer) in answers {
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{what}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{what}");
        assert_eq!(answer.header("x-robots-tag"), "noindex, nofollow", "{what}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self' 'sha256-"), "{what}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), "{what}");
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{what}");
        if what.starts_with("HEAD") {
            assert!(answer.body.is_empty(), "{what}");
        }
    }
}

#[tokio::test]
async fn a_scanner_that_fetches_everything_changes_nothing() {
    let bed = WebBed::new().await;
    let (_, link) = bed.linked(2).await;
    let before = bed.everything().await;
    let page = bed.get(&link).await;
    assert_eq!(page.status, 200);
    // Every address that stands in the page, as a scanner would find it.
    let name = link.rsplit('/').next().unwrap();
    let found: Vec<&str> = page.text().split('"').filter(|text| text.starts_with(name)).collect();
    assert!(found.len() >= 6, "{found:?}");
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"] {
        for path in &found {
            bed.ask(method, &format!("/m/{path}"), &[("range", "bytes=0-99")]).await;
        }
        for query in ["?done=delete", "?action=delete", "?download", "?done=%ff"] {
            let answer =
                bed.ask(method, &format!("{link}{query}"), &[("x-http-method-override", "POST")]).await;
            assert!(answer.status == 200 || answer.status == 405, "{method} {query}: {}", answer.status);
        }
    }
    assert_eq!(bed.everything().await, before);
}

#[tokio::test]
async fn the_page_says_who_called_when_and_for_how_long() {
    let bed = WebBed::new().await;
    let message = bed
        .deposit(83, |message| {
            message.urgent = true;
            message.private = true;
            message.alias = Some("Sales".to_owned());
        })
        .await;
    let link = bed.link(&message).await;
    let page = bed.get(&link).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for text in [
        "Grace Hopper",
        r#"href="tel:+44205550123">+44 20 5550123"#,
        "Ada Lovelace",
        "Saturday, 21 November 2026, 14:32 CET",
        "1 minute 23 seconds",
        "Urgent",
        "Private",
        "Sales",
        "5 December 2026",
        r#"method="post""#,
    ] {
        assert!(page.text().contains(text), "{text} is not in {}", page.text());
    }
}

#[tokio::test]
async fn callers_without_name_or_number_are_named_plainly() {
    let bed = WebBed::new().await;
    for (caller, shown, hidden) in [
        (CallerId::anonymous(), "Withheld number", "tel:"),
        (CallerId::new(None, None), "Unknown caller", "tel:"),
        (CallerId::new(Some("alice"), None), "alice", "tel:"),
        (CallerId::new(Some("alice"), Some("Alice")), "<bdi>alice</bdi>", "tel:"),
        (CallerId::new(Some("1002"), None), r#"<a href="tel:1002">Call back</a>"#, "Unknown"),
        (CallerId::new(Some("1002;phone-context=x"), Some("A")), "1002;phone-context=x", "tel:"),
    ] {
        let message = bed.deposit(1, |message| message.caller = caller).await;
        let link = bed.link(&message).await;
        let page = bed.get(&link).await;
        assert!(page.text().contains(shown), "{shown}");
        assert!(!page.text().contains(hidden), "{shown} with {hidden}");
    }
}

#[tokio::test]
async fn buttons_hear_save_delete_and_restore() {
    let bed = WebBed::new().await;
    let (message, link) = bed.linked(1).await;
    let folder = async || bed.message(message.id).await.folder;
    for (action, expected) in [
        ("save", Folder::Saved),
        ("delete", Folder::Trash),
        ("restore", Folder::Inbox),
        ("heard", Folder::Inbox),
        ("heard", Folder::Inbox),
    ] {
        let done = bed.post(&format!("{link}/{action}")).await;
        assert_eq!(done.status, 303, "{action}");
        let name = link.rsplit('/').next().unwrap();
        assert_eq!(done.header("location"), format!("../{name}?done={action}"));
        assert_eq!(folder().await, expected, "{action}");
        assert!(bed.get(&format!("{link}?done={action}")).await.text().contains(r#"role="status">"#));
    }
    assert!(bed.message(message.id).await.heard_at.is_some());
    assert_eq!(bed.post(&format!("{link}/purge")).await.status, 404);
    assert_eq!(bed.post(&link).await.status, 405);
    let events = bed.events(&message).await;
    for event in ["link-opened", "heard"] {
        assert_eq!(events.iter().filter(|line| *line == event).count(), 1, "{event} in {events:?}");
    }
}

#[tokio::test]
async fn each_links_use_is_noted_once_and_by_itself() {
    let bed = WebBed::new().await;
    let (message, first) = bed.linked(1).await;
    let second = bed.link(&message).await;
    for link in [&first, &first, &second] {
        bed.post(&format!("{link}/save")).await;
    }
    let events = bed.events(&message).await;
    assert_eq!(events.iter().filter(|line| *line == "link-opened").count(), 2);
}

#[tokio::test]
async fn guessing_is_stopped_and_the_right_link_refused_meanwhile() {
    let bed = WebBed::new().await;
    let (message, link) = bed.linked(1).await;
    for number in 0..20 {
        let path = match number % 4 {
            0 => WRONG.to_owned(),
            1 => "/m/%ff/audio.wav".to_owned(),
            2 => format!("{link}x/audio.mp3"),
            _ => format!("/m/{}", "a".repeat(5000)),
        };
        let answer = bed.get(&path).await;
        assert_eq!(answer.status, 404, "{number}");
        assert!(answer.text().contains("This link opens nothing"));
    }
    let before = bed.everything().await;
    let blocked = bed.get(WRONG).await;
    assert_eq!((blocked.status, blocked.header("retry-after")), (429, "600"));
    for path in [link.clone(), format!("{link}/audio.mp3"), format!("{link}/audio.wav")] {
        assert_eq!(bed.get(&path).await.status, 429, "{path}");
    }
    assert_eq!(bed.post(&format!("{link}/delete")).await.status, 429);
    assert_eq!(bed.everything().await, before);
    // A proxy's name for the guesser counts as the guesser, a lie of the guesser does not.
    let via = |client: &'static str| [("x-forwarded-for", client)];
    assert_eq!(bed.ask_from("10.1.1.1", "GET", &link, &via("192.0.2.1")).await.status, 429);
    assert_eq!(bed.ask_from("10.1.1.1", "GET", &link, &via("192.0.2.77, 192.0.2.1")).await.status, 429);
    assert_eq!(bed.ask("GET", &link, &via("192.0.2.77")).await.status, 429);
    // Others are not touched, health is answered, and ten minutes later all is forgotten.
    assert_eq!(bed.ask_from("192.0.2.2", "GET", &link, &[]).await.status, 200);
    assert_eq!(bed.get("/healthz").await.status, 200);
    bed.clock.advance(Duration::from_secs(600));
    assert_eq!(bed.get(&link).await.status, 200);
    assert_eq!(bed.message(message.id).await.folder, Folder::Inbox);
}

#[tokio::test]
async fn expired_and_revoked_links_are_gone_in_every_way_and_do_not_count_as_guesses() {
    let bed = WebBed::new().await;
    let (message, expired) = bed.linked(1).await;
    bed.clock.advance(Duration::from_secs(13 * 24 * 3600));
    let revoked = bed.link(&message).await;
    assert_eq!(bed.get(&expired).await.status, 200);
    bed.clock.advance(Duration::from_secs(24 * 3600));
    assert!(bed.get(&expired).await.text().contains("This link has expired"));
    assert_eq!(bed.get(&revoked).await.status, 200);
    bed.links.revoke(message.tenant, message.id).await.unwrap();
    assert!(bed.get(&revoked).await.text().contains("This link was withdrawn"));
    let before = bed.everything().await;
    for _ in 0..5 {
        for link in [&expired, &revoked] {
            for path in ["", "/audio.mp3", "/audio.wav"] {
                assert_eq!(bed.get(&format!("{link}{path}")).await.status, 410);
            }
            for action in ["heard", "save", "delete", "restore"] {
                assert_eq!(bed.post(&format!("{link}/{action}")).await.status, 410);
            }
        }
    }
    assert_eq!(bed.everything().await, before);
}

#[tokio::test]
async fn a_link_opens_its_own_message_and_no_other() {
    let bed = WebBed::new().await;
    let (mine, link) = bed.linked(1).await;
    let stranger = bed.stranger().await;
    let theirs =
        bed.deposit_for(&stranger, 2, |message| message.caller = CallerId::new(Some("666"), None)).await;
    for secret in [theirs.id.to_string(), theirs.object.clone(), mine.id.to_string(), "%2e%2e".to_owned()] {
        for path in
            [format!("/m/{secret}"), format!("{link}/{secret}"), format!("{link}/audio.wav?id={secret}")]
        {
            let answer = bed.get(&path).await;
            assert!(!answer.text_or_empty().contains("666"), "{path}");
            assert!(answer.body.len() as u64 != theirs.bytes, "{path}");
        }
    }
    let before = bed.message(theirs.id).await;
    bed.post(&format!("{link}/delete?message={}", theirs.id)).await;
    assert_eq!(bed.message(theirs.id).await, before);
    assert_eq!(bed.message(mine.id).await.folder, Folder::Trash);
    let page = bed.get(&link).await;
    for secret in [mine.object, mine.sha256, "ada@example.org".to_owned()] {
        assert!(!page.text().contains(&secret), "{secret} stands in the page");
    }
}

#[tokio::test]
async fn hostile_names_are_text_and_nothing_else() {
    let bed = WebBed::new().await;
    for hostile in HOSTILE {
        bed.rename_owner(hostile, hostile).await;
        let message = bed
            .deposit(1, |message| {
                message.caller = CallerId::new(Some(hostile), Some(hostile));
                message.alias = Some((*hostile).to_owned());
            })
            .await;
        let link = bed.link(&message).await;
        let page = bed.get(&link).await;
        assert_eq!(page.status, 200, "{hostile}");
        assert!(!page.text().contains(hostile), "{hostile} stands in the page as it came");
        let download = bed.get(&format!("{link}/audio.wav?download")).await;
        assert_eq!(
            download.header("content-disposition"),
            r#"attachment; filename="voicemail-2026-11-21-1432.wav""#
        );
    }
}

/// Each holds at least one character that HTML reads as its own.
pub(crate) const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    r#""><img src=x onerror=alert(1)>"#,
    "</title><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "</script><script>alert(1)//",
    "&lt;b&gt;{{ 7*7 }}<!--",
    "javascript:alert(1)//<a>",
];

#[tokio::test]
async fn a_wav_is_the_stored_audio_byte_for_byte_in_any_range() {
    let bed = WebBed::new().await;
    // More than two blocks of the download.
    let (message, link) = bed.linked(20).await;
    let stored = bed.objects.get(&message.object).await.unwrap();
    ranges(&bed, &format!("{link}/audio.wav"), "audio/wav", &stored).await;
}

#[tokio::test]
async fn an_mp3_is_the_same_sound_in_any_range() {
    let bed = WebBed::new().await;
    let (message, link) = bed.linked(20).await;
    let mp3 = bed.get(&format!("{link}/audio.mp3")).await.body;
    ranges(&bed, &format!("{link}/audio.mp3"), "audio/mpeg", &mp3).await;
    let heard = decode_upload(mp3.to_vec(), DecodeLimits::default()).unwrap();
    let seconds = heard.samples.len() as f64 / f64::from(heard.rate);
    assert!((19.9..20.3).contains(&seconds), "{seconds} s");
    let loudest = heard.samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
    assert!(loudest > 8_000, "{loudest}");
    assert_eq!(bed.message(message.id).await.heard_at, None);
}

async fn ranges(bed: &WebBed, path: &str, kind: &str, all: &[u8]) {
    let size = all.len();
    let whole = bed.get(path).await;
    assert_eq!((whole.status, whole.header("content-type")), (200, kind));
    assert_eq!((whole.header("accept-ranges"), whole.header("content-range")), ("bytes", ""));
    assert_eq!(whole.header("content-length"), size.to_string());
    assert!(whole.body == all);
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, size),
        ("bytes=1-44", 1, 45),
        ("bytes=-100", size - 100, size),
        ("bytes=30000-", 30_000, size),
        ("bytes=1000-99999999", 1000, size),
        ("bytes=-99999999", 0, size),
    ] {
        let part = bed.ask("GET", path, &[("range", range)]).await;
        assert_eq!(part.status, 206, "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {from}-{}/{size}", to - 1));
        assert_eq!(part.header("content-length"), (to - from).to_string());
        assert!(part.body == all[from..to], "{range}");
    }
    for range in [format!("bytes={size}-"), "bytes=99999999-".to_owned(), "bytes=-0".to_owned()] {
        let none = bed.ask("GET", path, &[("range", &range)]).await;
        assert_eq!((none.status, none.header("content-range")), (416, &*format!("bytes */{size}")));
        assert!(none.body.is_empty());
    }
    for odd in ["bytes=5-2", "bytes=0-1,5-6", "chapters=1-2", "bytes=x-", "bytes=18446744073709551616-", ""] {
        assert_eq!(bed.ask("GET", path, &[("range", odd)]).await.body.len(), size, "{odd:?}");
    }
    // Only what the client has a part of already may be continued.
    let tag = whole.header("etag").to_owned();
    let part = |tag| [("range", "bytes=0-9"), ("if-range", tag)];
    assert_eq!(bed.ask("GET", path, &part(&tag)).await.status, 206);
    assert_eq!(bed.ask("GET", path, &part("\"another\"")).await.status, 200);
    let head = bed.ask("HEAD", path, &[("range", "bytes=0-9")]).await;
    assert_eq!((head.status, head.header("content-length")), (200, &*size.to_string()));
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn many_visitors_of_one_message_get_the_same_mp3() {
    let bed = WebBed::new().await;
    let (_, link) = bed.linked(20).await;
    let path = format!("{link}/audio.mp3");
    let answers = futures_util::future::join_all((0..40).map(|_| bed.get(&path))).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
}

#[tokio::test]
async fn without_the_object_store_the_page_still_opens_and_the_buttons_work() {
    let bed = WebBed::new().await;
    let (message, link) = bed.linked(1).await;
    std::fs::rename(bed.audio_folder(), bed.audio_folder().with_extension("away")).unwrap();
    for path in ["audio.mp3", "audio.wav"] {
        let answer = bed.get(&format!("{link}/{path}")).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "60"), "{path}");
        assert!(answer.text().contains("Your message is safe"), "{path}");
        assert!(!answer.text().contains(&message.object), "{path}");
    }
    let page = bed.get(&link).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Grace Hopper"));
    assert_eq!(bed.post(&format!("{link}/save")).await.status, 303);
    assert_eq!(bed.message(message.id).await.folder, Folder::Saved);
    std::fs::rename(bed.audio_folder().with_extension("away"), bed.audio_folder()).unwrap();
    assert_eq!(bed.get(&format!("{link}/audio.mp3")).await.status, 200);
}

#[tokio::test]
async fn without_the_database_visitors_are_told_to_try_again_and_are_not_taken_for_guessers() {
    let bed = WebBed::new().await;
    let (_, link) = bed.linked(1).await;
    bed.store.close().await;
    for _ in 0..30 {
        let answer = bed.get(&link).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "60"));
        assert!(answer.text().contains("Your message is safe"));
    }
    assert_eq!(bed.post(&format!("{link}/delete")).await.status, 503);
}

#[tokio::test]
async fn readiness_names_what_is_wrong_and_is_not_asked_twice_a_second() {
    let bed = WebBed::new().await;
    let ready = bed.get("/readyz").await;
    assert_eq!((ready.status, ready.header("content-type")), (200, "application/json"));
    assert_eq!(ready.text(), r#"{"ready":true,"checks":[{"name":"database","ok":true,"detail":""}]}"#);
    bed.healthy.store(false, Ordering::Relaxed);
    for _ in 0..100 {
        bed.get("/readyz").await;
    }
    assert_eq!(bed.asked.load(Ordering::Relaxed), 1);
    bed.clock.advance(Duration::from_secs(1));
    let sick = bed.get("/readyz").await;
    assert_eq!(sick.status, 503);
    let report: serde_json::Value = serde_json::from_slice(&sick.body).unwrap();
    assert_eq!(report["ready"], false);
    assert_eq!(report["checks"][0]["detail"], "gone: start the database");
    // The process itself is well.
    assert_eq!(bed.get("/healthz").await.status, 200);
    let metrics = bed.get("/metrics").await;
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"));
    assert_eq!(metrics.text(), "aftertone_calls_total 1\n");
}

/// Sends bytes as they are and reads until the server closes or `size` bytes are there.
async fn raw(bed: &WebBed, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(bed.serve().await).await.unwrap();
    // The server may refuse and close before everything is written.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn odd_paths_and_broken_requests_get_a_plain_refusal() {
    let bed = WebBed::new().await;
    let (_, link) = bed.linked(1).await;
    let before = bed.everything().await;
    for (path, status) in [
        ("/m/../../etc/passwd".to_owned(), "404"),
        ("/m/..%2f..%2fetc%2fpasswd".to_owned(), "404"),
        ("/m/%2e%2e/%2e%2e".to_owned(), "405"),
        ("/m/%00".to_owned(), "404"),
        ("/m/%ff%fe".to_owned(), "404"),
        ("//m/x".to_owned(), "404"),
        ("/m//audio.wav".to_owned(), "404"),
        ("/m/x%0d%0aSet-Cookie:%20a=b".to_owned(), "404"),
        (format!("{link}%0d%0aSet-Cookie:%20a=b"), "404"),
        (format!("{link}/audio.wav/../../x"), "404"),
        (format!("{link}/"), "404"),
        (format!("{link}/%73ave%2f"), "405"),
        (format!("{link}?done=<script>%0d%0aSet-Cookie:x"), "400"),
        (format!("{link}?done=%3Cscript%3E%0d%0aSet-Cookie:x"), "200"),
    ] {
        let answer =
            raw(&bed, format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
                .await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(!head.to_ascii_lowercase().contains("set-cookie"), "{path}: {head}");
        assert!(!body.contains("<script>\r") && !body.contains("root:"), "{path}: {body}");
    }
    let redirect = raw(
        &bed,
        format!("POST {link}/save%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .as_bytes(),
    )
    .await;
    assert!(redirect.starts_with("HTTP/1.1 404"), "{redirect}");
    assert_eq!(bed.everything().await, before);
}

#[tokio::test]
async fn heads_and_bodies_beyond_their_size_are_refused() {
    let bed = WebBed::new().await;
    let (message, link) = bed.linked(1).await;
    let head = format!("GET {link} HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    assert!(raw(&bed, head.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let many = format!("GET {link} HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(500));
    assert!(raw(&bed, many.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let body = format!(
        "POST {link}/delete HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100000000\r\n\r\nabc"
    );
    assert!(raw(&bed, body.as_bytes()).await.starts_with("HTTP/1.1 413"));
    assert_eq!(bed.message(message.id).await.folder, Folder::Inbox);
    // A form that sends along what nobody asked for is still the owner's press of a button.
    let form = format!(
        "POST {link}/delete HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\na=b"
    );
    assert!(raw(&bed, form.as_bytes()).await.starts_with("HTTP/1.1 303"));
}

#[tokio::test]
async fn who_sends_a_request_too_slowly_is_cut_off() {
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    let began = [&b""[..], b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "];
    let mut streams = Vec::new();
    for text in began {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(text).await.unwrap();
        streams.push(stream);
    }
    // A third one was answered and then says nothing more.
    let mut idle = TcpStream::connect(at).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut [0; 4096]).await.unwrap() > 0);
    streams.push(idle);
    tokio::time::pause();
    for stream in &mut streams {
        // Ends (in whatever way) instead of waiting for ever; the clock runs ahead as nothing else is to do.
        let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok());
    }
}

#[tokio::test]
async fn hundreds_of_requests_at_once_are_all_answered() {
    let bed = WebBed::new().await;
    let (_, link) = bed.linked(5).await;
    let at = bed.serve().await;
    let asks = (0..300).map(async |number| {
        let mut stream = TcpStream::connect(at).await.unwrap();
        let path = [&*link, &format!("{link}/audio.mp3"), &format!("{link}/audio.wav"), "/healthz"]
            [number % 4]
            .to_owned();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer.starts_with(b"HTTP/1.1 200")
    });
    let answered = futures_util::future::join_all(asks).await;
    assert!(answered.into_iter().all(|good| good));
}
