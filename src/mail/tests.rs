//! What a reader sees of a mail: the produced MIME is read back with a parser that is not ours.

use bytes::Bytes;
use jiff::Zoned;
use mailparse::{MailHeaderMap as _, ParsedMail};
use proptest::prelude::*;

use super::*;
use crate::domain::{AfterMail, AttachmentFormat, CallerId, MailMode};

const LINK: &str = "https://vm.example.org/m/AbCdEfGhIjKlMnOpQrStUvWxYz0";

fn view(mode: MailMode) -> MailView {
    let received: Zoned = "2026-11-21T14:32:10[Europe/Berlin]".parse().unwrap();
    let expires: Zoned = "2026-12-05T14:32:10[Europe/Berlin]".parse().unwrap();
    let audio = Attachment {
        format: AttachmentFormat::Mp3,
        bytes: Bytes::from([0xff, 0xfb, 0x00, 0x0a].repeat(500)),
    };
    MailView {
        message: "019a0000-0000-7000-8000-000000000001".parse().unwrap(),
        to: "ada@example.org".parse().unwrap(),
        language: "en".to_owned(),
        mode,
        owner: "Ada Lovelace".to_owned(),
        extension: "1001".parse().unwrap(),
        caller: CallerId::new(Some("5551234"), Some("Charles Babbage")),
        alias: None,
        note: None,
        passed_on: None,
        sent_at: received.timestamp(),
        received,
        length: std::time::Duration::from_millis(41_600),
        urgent: false,
        private: false,
        link: mode.has_link().then(|| LinkView { url: LINK.into(), expires }),
        attachment: mode.after_mail().map(|_| audio),
    }
}

fn sender() -> Sender {
    Sender::parse("Aftertone <voicemail@pbx.example.org>").unwrap()
}

fn rendered(view: &MailView) -> Vec<u8> {
    render(view, &sender()).unwrap().as_bytes().to_vec()
}

fn header(mail: &ParsedMail<'_>, name: &str) -> String {
    mail.headers.get_first_value(name).unwrap_or_default()
}

/// Type and decoded bytes of each leaf.
fn leaves(mail: &ParsedMail<'_>) -> Vec<(String, Vec<u8>)> {
    if mail.subparts.is_empty() {
        return vec![(mail.ctype.mimetype.clone(), mail.get_body_raw().unwrap())];
    }
    mail.subparts.iter().flat_map(leaves).collect()
}

fn leaf(mail: &ParsedMail<'_>, kind: &str) -> String {
    let found = leaves(mail).into_iter().find(|(ctype, _)| ctype == kind);
    String::from_utf8(found.unwrap_or_else(|| panic!("no {kind}")).1).unwrap()
}

fn kinds(mail: &ParsedMail<'_>) -> Vec<String> {
    leaves(mail).into_iter().map(|(kind, _)| kind).collect()
}

// 002-075, 002-076, 002-077
#[test]
fn each_mode_carries_what_its_name_says() {
    for mode in MailMode::ALL {
        if mode == MailMode::None {
            continue;
        }
        let bytes = rendered(&view(mode));
        let mail = mailparse::parse_mail(&bytes).unwrap();
        let mut expected = vec!["text/plain"];
        if !mode.is_brief() {
            expected.push("text/html");
        }
        if mode.after_mail().is_some() {
            expected.push("audio/mpeg");
        }
        assert_eq!(kinds(&mail), expected, "{mode}");
        assert_eq!(leaf(&mail, "text/plain").contains(LINK), mode.has_link(), "{mode}");
        if !mode.is_brief() {
            assert_eq!(leaf(&mail, "text/html").contains(LINK), mode.has_link(), "{mode}");
        }
    }
}

#[test]
fn both_texts_say_who_when_how_long_and_for_whom() {
    let mut view = view(MailMode::Link);
    view.alias = Some("Support line".to_owned());
    let bytes = rendered(&view);
    let mail = mailparse::parse_mail(&bytes).unwrap();
    for kind in ["text/plain", "text/html"] {
        let text = leaf(&mail, kind);
        for said in [
            "Charles Babbage (5551234)",
            "Saturday, 21 November 2026 at 14:32 CET",
            "42 seconds",
            "Ada Lovelace, extension 1001",
            "Support line",
            "Saturday, 5 December 2026",
        ] {
            assert!(text.contains(said), "{kind} lacks {said:?}:\n{text}");
        }
        assert!(!text.contains("attached") && !text.contains("Urgent") && !text.contains("URGENT"), "{text}");
    }
    assert_eq!(header(&mail, "Subject"), "Voicemail from Charles Babbage (5551234), 0:42");
    assert_eq!(header(&mail, "From"), "Aftertone <voicemail@pbx.example.org>");
    assert_eq!(header(&mail, "To"), "ada@example.org");
    assert_eq!(header(&mail, "Date"), "Sat, 21 Nov 2026 13:32:10 +0000");
}

#[test]
fn the_text_part_reads_well() {
    let bytes = rendered(&view(MailMode::Link));
    let mail = mailparse::parse_mail(&bytes).unwrap();
    let expected = format!(
        "Ada Lovelace, extension 1001 has a new voice message.\n\n\
         From:      Charles Babbage (5551234)\n\
         Received:  Saturday, 21 November 2026 at 14:32 CET\n\
         Length:    42 seconds\n\n\
         Listen:\n{LINK}\n\n\
         The link works until Saturday, 5 December 2026 at 14:32 CET for everybody who has it. Please do not pass it on."
    );
    assert_eq!(leaf(&mail, "text/plain").replace("\r\n", "\n").trim_end(), expected);
}

// 002-075
#[test]
fn a_brief_mail_is_a_few_short_lines() {
    let bytes = rendered(&view(MailMode::BriefLink));
    let mail = mailparse::parse_mail(&bytes).unwrap();
    assert_eq!(
        leaf(&mail, "text/plain").replace("\r\n", "\n").trim_end(),
        format!("Voicemail for 1001\nCharles Babbage (5551234)\n21 Nov 2026 14:32 CET, 0:42\n{LINK}")
    );
}

/// A message that Ada's colleague passed on, with these lines.
fn passed_on(mode: MailMode, note: &str) -> MailView {
    let received: Zoned = "2026-11-20T09:05:00[Europe/Berlin]".parse().unwrap();
    let author = CallerId::new(Some("+44 20 5550123"), Some("Grace Hopper"));
    let caller = CallerId::new(Some("1002"), Some("Charles Babbage"));
    MailView {
        note: Some(note.to_owned()),
        passed_on: Some(PassedOn { author, received }),
        caller,
        ..view(mode)
    }
}

#[test]
fn a_mail_about_a_message_that_was_passed_on_says_by_whom_and_what_was_written() {
    let view = passed_on(MailMode::Link, "Please call back.\n\nShe is in until five.");
    let bytes = rendered(&view);
    let mail = mailparse::parse_mail(&bytes).unwrap();
    let text = leaf(&mail, "text/plain").replace("\r\n", "\n");
    let said = "Length:    42 seconds\n\nPassed on by Charles Babbage (1002)\nLeft by Grace Hopper (+44 20 5550123), \
                Friday, 20 November 2026 at 09:05 CET\n\nCharles Babbage (1002) writes:\n> Please call back.\n> \n\
                > She is in until five.\n\nListen:\n";
    assert!(text.contains(said), "{text}");
    let html = leaf(&mail, "text/html");
    for said in [
        "Passed on by <bdi>Charles Babbage (1002)</bdi>",
        "Left by <bdi>Grace Hopper",
        "She is in until five.",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    let german = rendered(&MailView { language: "de".to_owned(), ..view });
    let german = mailparse::parse_mail(&german).unwrap();
    for kind in ["text/plain", "text/html"] {
        let said = leaf(&german, kind);
        assert!(said.contains("Weitergeleitet von ") && said.contains(" schreibt:"), "{said}");
    }
    // A note without a message that was passed on is an answer's.
    let answer = MailView { passed_on: None, ..passed_on(MailMode::Link, "Done.") };
    let answer = rendered(&answer);
    let text = leaf(&mailparse::parse_mail(&answer).unwrap(), "text/plain");
    assert!(text.contains("writes:") && !text.contains("Passed on by"), "{text}");
}

// 002-075, 002-077
#[test]
fn a_brief_mail_has_the_beginning_of_a_note_on_one_line() {
    let bytes = rendered(&passed_on(MailMode::BriefLink, &format!("Call\nher. {}", "x".repeat(400))));
    let mail = mailparse::parse_mail(&bytes).unwrap();
    let text = leaf(&mail, "text/plain").replace("\r\n", "\n");
    let lines: Vec<&str> = text.trim_end().lines().collect();
    assert_eq!(lines.get(2), Some(&"passed on, left by Grace Hopper (+44 20 5550123)"), "{text}");
    assert!(lines[3].starts_with("> Call her. xxx") && lines[3].ends_with('…'), "{text}");
    assert!(lines.len() == 6 && lines[3].chars().count() < 170, "{text}");
}

#[test]
fn markup_in_a_note_is_shown_and_not_obeyed() {
    let hostile =
        "<script>alert(1)</script>\r\nBcc: eve@example.org\n\u{202E}</p><img src=x>\u{7}\n=?utf-8?q?x?=";
    let bytes = rendered(&passed_on(MailMode::Link, hostile));
    let mail = mailparse::parse_mail(&bytes).unwrap();
    let html = leaf(&mail, "text/html");
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains('\u{202E}'), "{html}");
    assert!(header(&mail, "Bcc").is_empty());
    let empty = rendered(&passed_on(MailMode::Link, " \n\u{200B}\n"));
    assert!(!leaf(&mailparse::parse_mail(&empty).unwrap(), "text/plain").contains("writes:"));
}

#[test]
fn nobody_answers_the_mail_by_machine() {
    let bytes = rendered(&view(MailMode::Link));
    let mail = mailparse::parse_mail(&bytes).unwrap();
    assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
    assert_eq!(header(&mail, "X-Auto-Response-Suppress"), "All");
    assert_eq!(header(&mail, "Reply-To"), "");
    assert_eq!(header(&mail, "Importance"), "");
}

#[test]
fn urgent_and_private_are_seen_in_subject_headers_and_text() {
    let mut view = view(MailMode::Link);
    view.urgent = true;
    view.private = true;
    let bytes = rendered(&view);
    let mail = mailparse::parse_mail(&bytes).unwrap();
    assert!(header(&mail, "Subject").starts_with("Urgent private voicemail from "));
    assert_eq!(header(&mail, "Importance"), "high");
    assert_eq!(header(&mail, "Sensitivity"), "Private");
    assert!(leaf(&mail, "text/plain").contains("URGENT"));
    assert!(leaf(&mail, "text/html").contains(">Urgent<"));
}

#[test]
fn the_message_id_is_the_same_for_every_try_and_another_for_every_address() {
    let first = view(MailMode::Link);
    let mut later = first.clone();
    later.sent_at += std::time::Duration::from_secs(7200);
    later.link = None;
    let mut other = first.clone();
    other.to = "bob@example.org".parse().unwrap();
    let id = |view: &MailView| render(view, &sender()).unwrap().message_id().to_owned();
    assert_eq!(id(&first), id(&later));
    assert_ne!(id(&first), id(&other));
    assert!(id(&first).ends_with("@pbx.example.org"));
    let bytes = rendered(&first);
    let mail = mailparse::parse_mail(&bytes).unwrap();
    assert_eq!(header(&mail, "Message-ID"), format!("<{}>", id(&first)));
    assert!(!id(&first).contains("ada"));
}

#[test]
fn the_audio_arrives_unchanged_under_a_name_of_ours() {
    let mut view = view(MailMode::BriefAttachment(AfterMail::Trash));
    view.caller = CallerId::new(Some("+1 (555)/../../x.exe"), None);
    let bytes = rendered(&view);
    let mail = mailparse::parse_mail(&bytes).unwrap();
    let part = &mail.subparts[1];
    assert_eq!(
        part.get_content_disposition().params.get("filename").map(String::as_str),
        Some("voicemail-2026-11-21-1432-from-1555xexe.mp3")
    );
    assert_eq!(part.get_body_raw().unwrap(), view.attachment.unwrap().bytes);
}

#[test]
fn withheld_and_unknown_callers_are_told_apart() {
    let mut view = view(MailMode::Attachment(AfterMail::LeaveNew));
    view.caller = CallerId { anonymous: true, ..view.caller };
    assert_eq!(view.subject(), "Voicemail from withheld number, 0:42");
    assert!(view.attachment_name(AttachmentFormat::Wav).ends_with("-from-withheld.wav"));
    assert!(!String::from_utf8_lossy(&rendered(&view)).contains("5551234"));
    view.caller = CallerId::default();
    assert_eq!(view.subject(), "Voicemail from unknown caller, 0:42");
}

#[test]
fn a_recording_that_is_too_large_comes_as_a_link_that_says_so() {
    let mut view = view(MailMode::Attachment(AfterMail::Trash));
    view.attachment = None;
    view.link = self::view(MailMode::Link).link;
    let bytes = rendered(&view);
    let mail = mailparse::parse_mail(&bytes).unwrap();
    assert!(leaf(&mail, "text/plain").contains("too large to attach"));
    assert!(leaf(&mail, "text/html").contains(LINK));
}

#[test]
fn markup_in_a_name_is_shown_and_not_obeyed() {
    let mut view = view(MailMode::Link);
    let hostile = "<script>alert(1)</script>\"><img src=x> & Co";
    view.caller = CallerId::new(Some("1'\"<b>"), Some(hostile));
    view.owner = hostile.to_owned();
    view.alias = Some(hostile.to_owned());
    let bytes = rendered(&view);
    let mail = mailparse::parse_mail(&bytes).unwrap();
    let html = leaf(&mail, "text/html");
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<b>"), "{html}");
}

#[test]
fn a_name_of_a_thousand_characters_is_cut() {
    let mut view = view(MailMode::Link);
    view.caller.name = Some("W".repeat(1000));
    let bytes = rendered(&view);
    assert!(bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= 998), "RFC 5322 §2.1.1");
    let mail = mailparse::parse_mail(&bytes).unwrap();
    assert!(header(&mail, "Subject").contains('…'));
}

#[test]
fn the_link_and_the_content_do_not_show_in_debug_output() {
    let view = view(MailMode::Link);
    assert!(!format!("{view:?}").contains("AbCdEf"));
    assert!(!format!("{:?}", render(&view, &sender()).unwrap()).contains("Babbage"));
}

/// The names of a mail's headers, in order.
fn header_names(bytes: &[u8]) -> Vec<String> {
    mailparse::parse_mail(bytes).unwrap().headers.iter().map(|header| header.get_key()).collect()
}

fn hostile_text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("\r\n".to_owned()),
        Just("\r\nBcc: eve@example.org\r\n".to_owned()),
        Just("\n\n<html>".to_owned()),
        Just("=?utf-8?b?QmNjOiBl?=".to_owned()),
        Just("\u{202E}\u{2066}".to_owned()),
        Just("👩‍👩‍👧".to_owned()),
        Just("\"; x=<>,:@\\".to_owned()),
        any::<String>(),
        "[ -~]{0,200}",
    ];
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

#[test]
fn the_mail_speaks_the_language_of_its_recipient() {
    let mut view = MailView { language: "de-CH".to_owned(), ..view(MailMode::Link) };
    (view.urgent, view.private, view.alias) = (true, true, Some("Vertrieb".to_owned()));
    let bytes = rendered(&view);
    let mail = mailparse::parse_mail(&bytes).unwrap();
    assert_eq!(header(&mail, "Content-Language"), "de");
    assert_eq!(
        header(&mail, "Subject"),
        "Dringende vertrauliche Sprachnachricht: Charles Babbage (5551234), 0:42"
    );
    let text = leaf(&mail, "text/plain").replace("\r\n", "\n");
    for said in [
        "DRINGEND\nVERTRAULICH: Der Anrufer bittet Sie",
        "Neue Sprachnachricht für Ada Lovelace, Durchwahl 1001.\n\n",
        "Von:       Charles Babbage (5551234)\n",
        "Angerufen: Vertrieb\n",
        "Erhalten:  Samstag, 21. November 2026, 14:32 Uhr CET\n",
        "Länge:     42 Sekunden\n",
        "bis Samstag, 5. Dezember 2026, 14:32 Uhr CET. Bitte",
    ] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
    let html = leaf(&mail, "text/html");
    for said in [
        "<html lang=\"de\">",
        "Sprachnachricht für <bdi>Ada Lovelace, Durchwahl 1001</bdi></p>",
        "Angerufen als <bdi>Vertrieb</bdi>",
        ">Anhören</a>",
        ">Dringend<",
    ] {
        assert!(html.contains(said), "{said:?} is not in\n{html}");
    }
    for english in ["Listen", "Urgent", "Called", "Received", "November 2026 at", "works until"] {
        assert!(!text.contains(english) && !html.contains(english), "{english}");
    }
    view.mode = MailMode::BriefLink;
    let bytes = rendered(&view);
    let brief = leaf(&mailparse::parse_mail(&bytes).unwrap(), "text/plain").replace("\r\n", "\n");
    assert!(brief.starts_with("DRINGEND VERTRAULICH Sprachnachricht für 1001\n"), "{brief}");
    assert!(brief.contains("\nan Vertrieb\n21. Nov. 2026 14:32 CET, 0:42\n"), "{brief}");
    view.caller = CallerId { anonymous: true, ..CallerId::default() };
    assert!(view.subject().contains(": unterdrückte Nummer, "), "{}", view.subject());
}

proptest! {
    #[test]
    fn no_name_number_or_label_adds_a_header_or_a_part(
        name in hostile_text(), number in hostile_text(), owner in hostile_text(), alias in hostile_text(),
    ) {
        let tame = view(MailMode::Link);
        let mut view = tame.clone();
        // Past the border's own cleaning, on purpose.
        view.caller = CallerId { name: Some(name), number: Some(number), anonymous: false };
        view.owner = owner;
        view.alias = Some(alias);
        let bytes = rendered(&view);
        prop_assert!(bytes.is_ascii());
        prop_assert_eq!(header_names(&bytes), header_names(&rendered(&tame)));
        let mail = mailparse::parse_mail(&bytes).unwrap();
        prop_assert_eq!(kinds(&mail), vec!["text/plain", "text/html"]);
        // What a reader decodes is what was meant, character by character.
        prop_assert_eq!(header(&mail, "Subject"), view.subject());
        let text = leaf(&mail, "text/plain").replace("\r\n", "\n");
        prop_assert!(text.contains(&view.caller_shown()), "{}", text);
    }
}
