//! Mails from the job to the reader: nine modes, real SMTP with its moods, outages, and the links that are sent.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

#[path = "mail/busy.rs"]
mod busy;
#[path = "support/mail_bed.rs"]
mod mail_bed;
#[path = "support/ports.rs"]
mod ports;
#[path = "support/smtp_server.rs"]
mod smtp_server;

use std::cell::RefCell;
use std::collections::HashSet;
use std::time::Duration;

use aftertone::audio::decode::{DecodeLimits, decode_upload};
use aftertone::clock::Clock as _;
use aftertone::domain::{AfterMail, AttachmentFormat, Folder, JobId, MailMode, RecordingId};
use aftertone::mail::{MailError, Mailer, Sender, Timeouts};
use aftertone::outbox::Settings;
use aftertone::service::links::LinkRefusal;
use aftertone::store::{JobState, NewJob, Work};
use mail_bed::{ADA, MailBed, quick};
use mailparse::{MailHeaderMap as _, ParsedMail};
use smtp_server::SmtpServer;
use tokio_util::sync::CancellationToken;

const MINUTE: Duration = Duration::from_secs(60);

/// Type and decoded bytes of each leaf.
fn leaves(mail: &ParsedMail<'_>) -> Vec<(String, Vec<u8>)> {
    if mail.subparts.is_empty() {
        return vec![(mail.ctype.mimetype.clone(), mail.get_body_raw().unwrap())];
    }
    mail.subparts.iter().flat_map(leaves).collect()
}

fn text_of(bytes: &[u8]) -> String {
    let mail = mailparse::parse_mail(bytes).unwrap();
    let plain = leaves(&mail).into_iter().find(|(kind, _)| kind == "text/plain").unwrap();
    String::from_utf8(plain.1).unwrap()
}

/// The secret part of the link in a mail.
fn token_of(bytes: &[u8]) -> String {
    let text = text_of(bytes);
    let (_, rest) = text.split_once("https://vm.example.org/m/").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

// ---- modes

#[tokio::test]
async fn a_mail_that_one_server_refuses_goes_by_another_that_is_set_meanwhile() {
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    let outbox = bed.outbox(&format!("smtp://127.0.0.1:{}", ports::free_port()));
    bed.deposit().await;
    outbox.work_off().await;
    assert_eq!(bed.only_job().await.state, JobState::Retry);
    let sender = Sender::parse("Post <post@example.org>").unwrap();
    outbox.set_mailer(Mailer::open(&bed.files_url(), sender, quick(), bed.clock.clone()).unwrap());
    bed.clock.advance(Duration::from_secs(3_600));
    outbox.work_off().await;
    assert_eq!((bed.mails().len(), bed.only_job().await.state), (1, JobState::Done));
}

// 002-073, 002-074, 002-075, 002-076, 002-077
#[tokio::test]
async fn each_of_the_nine_modes_sends_what_it_says_and_leaves_the_message_where_it_says() {
    for mode in MailMode::ALL {
        let bed = MailBed::new(&[(ADA, mode)]).await;
        let message = bed.deposit().await;
        bed.outbox(&bed.files_url()).work_off().await;
        let folder = match mode.after_mail() {
            Some(AfterMail::Save) => Folder::Saved,
            Some(AfterMail::Trash) => Folder::Trash,
            _ => Folder::Inbox,
        };
        assert_eq!(bed.message(message.id).await.folder, folder, "{mode}");
        assert_eq!(bed.message(message.id).await.heard_at, None, "{mode}");
        assert_eq!(bed.only_job().await.state, JobState::Done, "{mode}");
        let mails = bed.mails();
        if mode == MailMode::None {
            assert!(mails.is_empty());
            assert_eq!(bed.events(message.id).await, ["stored", "mail-skipped"]);
            continue;
        }
        assert_eq!(mails.len(), 1, "{mode}");
        assert_eq!(bed.events(message.id).await, ["stored", "mail-accepted"], "{mode}");
        let mail = mailparse::parse_mail(&mails[0]).unwrap();
        let kinds: Vec<String> = leaves(&mail).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds.contains(&"text/html".to_owned()), !mode.is_brief(), "{mode}");
        assert_eq!(kinds.contains(&"audio/mpeg".to_owned()), mode.after_mail().is_some(), "{mode}");
        assert_eq!(text_of(&mails[0]).contains("https://vm.example.org/m/"), mode.has_link(), "{mode}");
        assert!(text_of(&mails[0]).contains("14:32 CET"), "the owner's zone, not UTC");
    }
}

#[tokio::test]
async fn several_addresses_each_get_the_mail_in_their_own_mode() {
    let attached = MailMode::Attachment(AfterMail::LeaveNew);
    let bed = MailBed::new(&[(ADA, MailMode::BriefLink), ("assistant@example.org", attached)]).await;
    bed.deposit().await;
    assert_eq!(bed.outbox(&bed.files_url()).work_off().await, 2);
    let mut seen: Vec<(String, usize)> = bed
        .mails()
        .iter()
        .map(|bytes| {
            let mail = mailparse::parse_mail(bytes).unwrap();
            (mail.headers.get_first_value("To").unwrap(), leaves(&mail).len())
        })
        .collect();
    seen.sort();
    assert_eq!(seen, [(ADA.to_owned(), 1), ("assistant@example.org".to_owned(), 3)]);
}

#[tokio::test]
async fn an_attached_wav_is_the_recording_byte_for_byte() {
    let mut bed = MailBed::new(&[(ADA, MailMode::BriefAttachment(AfterMail::LeaveNew))]).await;
    bed.mailbox.attachment = AttachmentFormat::Wav;
    bed.store.put_mailbox(&bed.mailbox).await.unwrap();
    let message = bed.deposit().await;
    bed.outbox(&bed.files_url()).work_off().await;
    let mails = bed.mails();
    let mail = mailparse::parse_mail(&mails[0]).unwrap();
    let stored = bed.objects.get(&message.object).await.unwrap();
    assert_eq!(leaves(&mail)[1], ("audio/wav".to_owned(), stored.to_vec()));
}

#[tokio::test]
async fn an_attached_mp3_plays_for_as_long_as_the_message() {
    let bed = MailBed::new(&[(ADA, MailMode::Attachment(AfterMail::LeaveNew))]).await;
    bed.deposit().await;
    bed.outbox(&bed.files_url()).work_off().await;
    let mails = bed.mails();
    let mail = mailparse::parse_mail(&mails[0]).unwrap();
    let mp3 = leaves(&mail).into_iter().find(|(kind, _)| kind == "audio/mpeg").unwrap().1;
    let limits = DecodeLimits { max_seconds: 60, max_samples: 10_000_000, max_time: Duration::from_secs(30) };
    let played = decode_upload(mp3, limits).unwrap();
    let seconds = played.samples.len() as f64 / f64::from(played.rate);
    assert!((1.9..2.3).contains(&seconds), "{seconds} s of a message of 2 s");
    assert!(played.samples.iter().any(|sample| sample.abs() > 4000), "and it is not silence");
}

#[tokio::test]
async fn an_attachment_that_is_too_large_goes_as_a_link_and_the_message_stays_new() {
    let bed = MailBed::new(&[(ADA, MailMode::Attachment(AfterMail::Trash))]).await;
    let message = bed.deposit().await;
    let small = Settings { max_attachment: 1000, ..Settings::default() };
    bed.outbox_with(&bed.files_url(), quick(), small).work_off().await;
    let mails = bed.mails();
    assert!(text_of(&mails[0]).contains("too large to attach"));
    assert!(bed.links.open(&token_of(&mails[0])).await.is_ok());
    assert_eq!(bed.message(message.id).await.folder, Folder::Inbox);
}

#[tokio::test]
async fn the_mode_counts_that_is_set_when_the_mail_is_made() {
    let mut bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    let message = bed.deposit().await;
    bed.mailbox.recipients.clear();
    bed.store.put_mailbox(&bed.mailbox).await.unwrap();
    bed.outbox(&bed.files_url()).work_off().await;
    assert!(bed.mails().is_empty());
    assert_eq!(bed.events(message.id).await, ["stored", "mail-skipped"]);
}

#[tokio::test]
async fn a_message_that_its_owner_saved_meanwhile_is_not_trashed_by_its_late_mail() {
    let bed = MailBed::new(&[(ADA, MailMode::Attachment(AfterMail::Trash))]).await;
    let message = bed.deposit().await;
    bed.store.move_message(message.tenant, message.id, Folder::Saved).await.unwrap();
    bed.outbox(&bed.files_url()).work_off().await;
    assert_eq!(bed.mails().len(), 1);
    assert_eq!(bed.message(message.id).await.folder, Folder::Saved);
}

#[tokio::test]
async fn a_message_that_is_mailed_away_goes_as_a_file_whatever_the_mode_and_then_to_the_trash() {
    let bed = MailBed::new(&[(ADA, MailMode::None)]).await;
    let message = bed.mailed_away().await;
    bed.store.move_message(message.tenant, message.id, Folder::Saved).await.unwrap();
    bed.outbox(&bed.files_url()).work_off().await;
    let mails = bed.mails();
    let mail = mailparse::parse_mail(&mails[0]).unwrap();
    assert!(leaves(&mail).iter().any(|(kind, _)| kind == "audio/mpeg"));
    assert!(!text_of(&mails[0]).contains("https://vm.example.org/m/"));
    assert_eq!(bed.message(message.id).await.folder, Folder::Trash);
    assert_eq!(bed.events(message.id).await.last().unwrap(), "mail-accepted");
}

#[tokio::test]
async fn a_message_that_cannot_be_mailed_away_stays_where_it_is() {
    let Some(server) = SmtpServer::start("refuse", &[]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::None)]).await;
    let refused = bed.mailed_away().await;
    bed.outbox(&smtp(&server)).work_off().await;
    assert_eq!(bed.message(refused.id).await.folder, Folder::Inbox);
    assert_eq!(bed.events(refused.id).await.last().unwrap(), "mail-bounced");

    let mut bed = MailBed::new(&[(ADA, MailMode::None)]).await;
    let large = bed.mailed_away().await;
    let small = Settings { max_attachment: 1000, ..Settings::default() };
    bed.outbox_with(&bed.files_url(), quick(), small).work_off().await;
    assert!(text_of(&bed.mails()[0]).contains("too large to attach"));
    assert_eq!(bed.message(large.id).await.folder, Folder::Inbox);

    let gone = bed.mailed_away().await;
    bed.mailbox.recipients.clear();
    bed.store.put_mailbox(&bed.mailbox).await.unwrap();
    bed.outbox(&bed.files_url()).work_off().await;
    assert_eq!(bed.mails().len(), 1, "not to an address that is the owner's no longer");
    assert_eq!(bed.message(gone.id).await.folder, Folder::Inbox);
}

#[tokio::test]
async fn a_recording_that_is_gone_from_the_object_store_is_given_up_and_seen() {
    let bed = MailBed::new(&[(ADA, MailMode::Attachment(AfterMail::Trash))]).await;
    let message = bed.deposit().await;
    bed.objects.delete(&message.object).await.unwrap();
    bed.outbox(&bed.files_url()).work_off().await;
    assert_eq!(bed.only_job().await.state, JobState::Dead);
    assert_eq!(bed.events(message.id).await, ["stored", "mail-bounced"]);
    assert_eq!(bed.message(message.id).await.folder, Folder::Inbox);
}

// ---- files

#[tokio::test]
async fn a_mail_that_is_made_twice_is_one_file() {
    let bed = MailBed::new(&[(ADA, MailMode::Attachment(AfterMail::LeaveNew))]).await;
    let message = bed.deposit().await;
    let outbox = bed.outbox(&bed.files_url());
    let job = bed.store.lease_jobs(1, MINUTE).await.unwrap().remove(0);
    // Cut off after the file and before the outcome was written down: the lease runs out and it is done again.
    bed.clock.advance(2 * MINUTE);
    assert_eq!(outbox.work_off().await, 1);
    bed.store.job_again(job.id).await.unwrap_err();
    bed.clock.advance(MINUTE);
    assert_eq!(bed.mails().len(), 1);
    let again = bed.mailer(&bed.files_url(), quick());
    let mail = mail_for(&bed, &message);
    again.ready().await.unwrap().send(&mail).await.unwrap();
    assert_eq!(bed.mails().len(), 1);
    assert!(std::fs::read_dir(bed.mail_folder()).unwrap().count() == 1, "no leftovers");
}

fn mail_for(bed: &MailBed, message: &aftertone::domain::Message) -> aftertone::mail::Mail {
    let view = aftertone::mail::MailView {
        message: message.id,
        to: ADA.parse().unwrap(),
        language: "en".to_owned(),
        mode: MailMode::BriefLink,
        owner: String::new(),
        extension: bed.mailbox.extension.clone(),
        caller: message.caller.clone(),
        alias: None,
        note: None,
        passed_on: None,
        received: message.received_at.in_tz("UTC").unwrap(),
        length: Duration::from_secs(2),
        urgent: false,
        private: false,
        link: None,
        attachment: None,
        sent_at: bed.clock.now(),
    };
    aftertone::mail::render(&view, bed.mailer(&bed.files_url(), quick()).sender()).unwrap()
}

#[tokio::test]
async fn a_mail_folder_that_cannot_be_made_puts_the_mail_off() {
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    bed.deposit().await;
    let blocked = bed.path().join("a-file");
    std::fs::write(&blocked, "in the way").unwrap();
    bed.outbox(&format!("file://{}/mail", blocked.display())).work_off().await;
    let job = bed.only_job().await;
    assert_eq!(job.state, JobState::Retry);
    assert!(job.last_error.unwrap().contains("a-file"));
    std::fs::remove_file(&blocked).unwrap();
    bed.clock.advance(MINUTE);
    bed.outbox(&format!("file://{}/mail", blocked.display())).work_off().await;
    assert_eq!(bed.only_job().await.state, JobState::Done);
}

// ---- real SMTP

fn smtp(server: &SmtpServer) -> String {
    format!("smtp://127.0.0.1:{}", server.port)
}

#[tokio::test]
async fn a_server_that_accepts_gets_the_mail_once_and_from_us() {
    let Some(server) = SmtpServer::start("accept", &[]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::Attachment(AfterMail::Trash))]).await;
    let message = bed.deposit().await;
    bed.outbox(&smtp(&server)).work_off().await;
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].from.as_deref(), Some("voicemail@pbx.example.org"));
    assert_eq!(received[0].to, [ADA]);
    assert!(received[0].header("Subject").starts_with("Voicemail from Grace Hopper (5550123)"));
    assert_eq!(bed.message(message.id).await.folder, Folder::Trash);
    let ledger = bed.store.ledger(message.tenant, message.id).await.unwrap();
    let accepted = ledger.iter().find(|line| line.event == "mail-accepted").unwrap();
    assert!(accepted.detail.contains("queued") && accepted.detail.contains(ADA), "{}", accepted.detail);
}

#[tokio::test]
async fn the_return_path_can_be_another_address_or_none() {
    let Some(server) = SmtpServer::start("accept", &[]) else { return };
    for (bounces, path) in [("ops@example.org", Some("ops@example.org")), ("none", None)] {
        let bed = MailBed::new(&[(ADA, MailMode::BriefLink)]).await;
        bed.deposit().await;
        bed.outbox(&format!("{}?bounces={bounces}", smtp(&server))).work_off().await;
        assert_eq!(server.received().last().unwrap().from.as_deref(), path);
    }
}

#[tokio::test]
async fn many_mails_share_connections_and_all_arrive() {
    let Some(server) = SmtpServer::start("accept", &[]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::BriefLink)]).await;
    for _ in 0..25 {
        bed.deposit().await;
        bed.clock.advance(Duration::from_millis(1));
    }
    assert_eq!(bed.outbox(&smtp(&server)).work_off().await, 25);
    let ids: HashSet<String> = server.received().iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!((server.received().len(), ids.len()), (25, 25));
    let connections: HashSet<u64> = server.received().iter().map(|mail| mail.connection).collect();
    assert!(connections.len() <= 4, "one for each worker, and used again");
}

#[tokio::test]
async fn a_refused_recipient_is_given_up_at_once_and_the_message_stays_new() {
    let Some(server) = SmtpServer::start("refuse", &[]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::Attachment(AfterMail::Trash))]).await;
    let message = bed.deposit().await;
    bed.outbox(&smtp(&server)).work_off().await;
    let job = bed.only_job().await;
    assert_eq!((job.state, job.attempts), (JobState::Dead, 1));
    assert!(job.last_error.unwrap().contains("550"));
    assert_eq!(bed.events(message.id).await, ["stored", "mail-bounced"]);
    assert_eq!(bed.message(message.id).await.folder, Folder::Inbox);
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_refused_sender_is_for_the_operator_and_loses_no_mail() {
    let Some(server) = SmtpServer::start("policy", &[]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    bed.deposit().await;
    let outbox = bed.outbox(&smtp(&server));
    outbox.work_off().await;
    let job = bed.only_job().await;
    assert_eq!(job.state, JobState::Retry);
    assert!(job.last_error.unwrap().starts_with("[mail] must be mended (550)"));
    server.set_mode("accept");
    bed.clock.advance(MINUTE);
    outbox.work_off().await;
    assert_eq!(server.received().len(), 1);
}

// 002-076, 002-077
#[tokio::test]
async fn a_deferred_mail_comes_back_and_moves_the_message_only_when_it_is_taken() {
    let Some(server) = SmtpServer::start("defer", &[]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::Attachment(AfterMail::Save))]).await;
    let message = bed.deposit().await;
    let outbox = bed.outbox(&smtp(&server));
    outbox.work_off().await;
    assert_eq!(outbox.work_off().await, 0, "not before its time");
    assert_eq!(bed.message(message.id).await.folder, Folder::Inbox);
    assert_eq!(bed.only_job().await.state, JobState::Retry);
    server.set_mode("accept");
    bed.clock.advance(Duration::from_secs(31));
    outbox.work_off().await;
    assert_eq!(bed.message(message.id).await.folder, Folder::Saved);
    assert_eq!(bed.events(message.id).await, ["stored", "mail-deferred", "mail-accepted"]);
}

#[tokio::test]
async fn the_words_of_a_server_are_bounded_and_without_control_characters() {
    let Some(server) = SmtpServer::start("flood", &[]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    bed.deposit().await;
    bed.outbox(&smtp(&server)).work_off().await;
    let error = bed.only_job().await.last_error.unwrap();
    assert!(
        error.chars().count() < 400 && !error.contains('\u{1b}') && error.contains("come back"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_stalls_is_left_and_the_mail_is_tried_again() {
    let Some(server) = SmtpServer::start("stall", &[]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::BriefLink)]).await;
    let message = bed.deposit().await;
    let outbox = bed.outbox(&smtp(&server));
    outbox.work_off().await;
    let job = bed.only_job().await;
    assert_eq!(job.state, JobState::Retry);
    assert!(job.last_error.unwrap().contains("no answer"));
    server.set_mode("accept");
    bed.clock.advance(MINUTE);
    outbox.work_off().await;
    let received = server.received();
    assert_eq!(received.iter().filter(|mail| mail.taken).count(), 1);
    assert!(received.iter().all(|mail| mail.header("Message-ID").contains(&message.id.to_string())));
}

#[tokio::test]
async fn a_server_that_dies_after_the_content_gets_the_same_message_id_again() {
    let Some(server) = SmtpServer::start("die", &[]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::Attachment(AfterMail::Trash))]).await;
    let message = bed.deposit().await;
    let outbox = bed.outbox(&smtp(&server));
    outbox.work_off().await;
    assert_eq!(bed.only_job().await.state, JobState::Retry);
    assert_eq!(bed.message(message.id).await.folder, Folder::Inbox, "nobody said yes");
    server.set_mode("accept");
    bed.clock.advance(MINUTE);
    outbox.work_off().await;
    let received = server.received();
    assert_eq!(received.iter().map(|mail| mail.taken).collect::<Vec<_>>(), [false, true]);
    assert_eq!(received[0].header("Message-ID"), received[1].header("Message-ID"));
    assert_eq!(bed.message(message.id).await.folder, Folder::Trash);
}

#[tokio::test]
async fn starttls_and_a_password_work_with_the_ca_of_the_house() {
    let arguments = ["--tls", "starttls", "--login", "vm@example.org:p@ss:word"];
    let Some(server) = SmtpServer::start("accept", &arguments) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    bed.deposit().await;
    let (port, ca) = (server.port, server.ca());
    let login = "vm%40example.org:p%40ss%3Aword";
    bed.outbox(&format!("smtp://{login}@127.0.0.1:{port}?tls=required&ca={}", ca.display())).work_off().await;
    let received = server.received();
    assert_eq!(received.len(), 1, "{:?}", bed.only_job().await.last_error);
    assert!(received[0].tls);
    assert_eq!(received[0].user.as_deref(), Some("vm@example.org"));
}

#[tokio::test]
async fn tls_from_the_first_byte_works() {
    let Some(server) = SmtpServer::start("accept", &["--tls", "implicit"]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    bed.deposit().await;
    bed.outbox(&format!("smtps://127.0.0.1:{}?ca={}", server.port, server.ca().display())).work_off().await;
    assert!(server.received()[0].tls);
}

#[tokio::test]
async fn a_relay_whose_certificate_nobody_signed_is_still_spoken_to_in_cipher() {
    let Some(server) = SmtpServer::start("accept", &["--tls", "starttls"]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    bed.deposit().await;
    bed.outbox(&smtp(&server)).work_off().await;
    assert!(server.received()[0].tls);
}

#[tokio::test]
async fn what_is_wrong_with_the_account_or_the_encryption_is_told_and_heals() {
    let arguments = ["--tls", "starttls", "--login", "vm:right"];
    let Some(server) = SmtpServer::start("accept", &arguments) else { return };
    let (port, ca) = (server.port, server.ca().display().to_string());
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    bed.deposit().await;
    for (url, told) in [
        (format!("smtp://vm:wrong@127.0.0.1:{port}?tls=required&ca={ca}"), "(535)"),
        (format!("smtp://vm:right@127.0.0.1:{port}?tls=required"), "certificate"),
        (format!("smtp://vm:right@127.0.0.1:{port}?tls=none"), "log in"),
        (format!("smtp://127.0.0.1:{port}?tls=required&ca={ca}"), "(530)"),
    ] {
        bed.outbox(&url).work_off().await;
        let job = bed.only_job().await;
        let error = job.last_error.unwrap();
        assert_eq!(job.state, JobState::Retry, "{url}");
        assert!(error.starts_with("[mail] must be mended") && error.contains(told), "{error}");
        assert!(!error.contains("wrong") && !error.contains("right"), "{error}");
        bed.clock.advance(31 * MINUTE);
    }
    bed.outbox(&format!("smtp://vm:right@127.0.0.1:{port}?tls=required&ca={ca}")).work_off().await;
    assert_eq!(bed.only_job().await.state, JobState::Done);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_server_without_starttls_gets_no_mail_when_encryption_is_required() {
    let Some(server) = SmtpServer::start("accept", &[]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    let mailer = bed.mailer(&format!("{}?tls=required", smtp(&server)), quick());
    assert!(matches!(mailer.ready().await, Err(MailError::Config { .. })));
}

// ---- outages

#[tokio::test]
async fn a_day_without_a_mail_server_loses_nothing_and_doubles_nothing() {
    let Some(mut server) = SmtpServer::start("accept", &[]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::Link), ("bob@example.org", MailMode::BriefLink)]).await;
    let outbox = bed.outbox(&smtp(&server));
    server.stop();
    let mut expected = HashSet::new();
    for hour in 0..24 {
        if hour % 4 == 0 {
            expected.insert(bed.deposit().await.id.to_string());
        }
        for _ in 0..6 {
            outbox.work_off().await;
            bed.clock.advance(10 * MINUTE);
        }
    }
    let waiting = bed.store.jobs(Some(JobState::Retry), 100).await.unwrap();
    assert_eq!(waiting.len(), 12, "every mail still waits for its turn");
    server.restart();
    // The first within half an hour of the recovery; and with these waits, all of them.
    for _ in 0..30 {
        bed.clock.advance(MINUTE);
        outbox.work_off().await;
    }
    let received = server.received();
    assert_eq!(received.len(), 12);
    let ids: HashSet<String> = received.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(ids.len(), 12, "each once");
    let told: HashSet<String> =
        ids.iter().map(|id| id.trim_start_matches('<').split('.').next().unwrap().to_owned()).collect();
    assert_eq!(told, expected);
    bed.clock.advance(24 * 60 * MINUTE);
    assert_eq!(outbox.work_off().await, 0);
}

#[tokio::test]
async fn no_link_is_made_while_the_server_is_away() {
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    bed.deposit().await;
    // Nobody listens on port 1 of the loopback.
    let outbox = bed.outbox("smtp://127.0.0.1:1");
    for _ in 0..10 {
        outbox.work_off().await;
        bed.clock.advance(31 * MINUTE);
    }
    assert_eq!(bed.only_job().await.attempts, 10);
    let facts = format!("sqlite://{}/facts.db", bed.path().display());
    let mut database = <sqlx::SqliteConnection as sqlx::Connection>::connect(&facts).await.unwrap();
    let links: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM links").fetch_one(&mut database).await.unwrap();
    assert_eq!(links, 0);
}

#[tokio::test]
async fn a_mail_is_tried_for_more_than_three_days_and_then_given_up_for_a_person_to_see() {
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    let message = bed.deposit().await;
    let outbox = bed.outbox("smtp://127.0.0.1:1");
    let mut days = 0;
    while bed.only_job().await.state != JobState::Dead {
        outbox.work_off().await;
        bed.clock.advance(24 * 60 * MINUTE);
        days += 1;
        assert!(days < 20, "given up at some time");
    }
    assert!(days > 4, "given up after {days} days");
    assert!(bed.events(message.id).await.contains(&"mail-bounced".to_owned()));
}

// ---- the running outbox

/// Waits (in real time, generously) until `done` says so.
async fn until(mut done: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap();
}

#[tokio::test]
async fn a_nudge_sends_the_mail_without_waiting_for_the_next_look() {
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    let hourly = Settings { poll: 60 * MINUTE, ..Settings::default() };
    let outbox = bed.outbox_with(&bed.files_url(), quick(), hourly);
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (outbox, shutdown) = (outbox.clone(), shutdown.clone());
        async move { outbox.run(shutdown).await }
    });
    for mails in 1..=3 {
        bed.deposit().await;
        bed.clock.advance(Duration::from_millis(1));
        outbox.nudge();
        until(async || bed.mails().len() == mails).await;
    }
    shutdown.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_stuck_server_holds_up_no_deposit_and_a_shutdown_gives_its_job_back() {
    let Some(server) = SmtpServer::start("stall", &[]) else { return };
    let bed = MailBed::new(&[(ADA, MailMode::BriefLink)]).await;
    bed.deposit().await;
    let settings = Settings { drain: Duration::from_millis(100), workers: 1, ..Settings::default() };
    let outbox = bed.outbox_with(&smtp(&server), Timeouts::default(), settings);
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (outbox, shutdown) = (outbox.clone(), shutdown.clone());
        async move { outbox.run(shutdown).await }
    });
    until(async || server.received().len() == 1).await;
    for _ in 0..10 {
        bed.clock.advance(Duration::from_millis(1));
        bed.deposit().await;
        outbox.nudge();
    }
    shutdown.cancel();
    running.await.unwrap();
    let running = bed.store.jobs(Some(JobState::Running), 10).await.unwrap();
    assert_eq!(running.len(), 1, "cut off, and still leased");
    server.set_mode("accept");
    bed.clock.advance(11 * MINUTE);
    bed.outbox(&smtp(&server)).work_off().await;
    let taken: Vec<String> =
        server.received().iter().filter(|mail| mail.taken).map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(taken.iter().collect::<HashSet<_>>().len(), 11);
    assert_eq!(taken.len(), 11);
}

thread_local! {
    /// What this test's thread has logged.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct ThreadLog;

impl std::io::Write for ThreadLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_names_nobody_above_debug_and_shows_no_secret_at_any_level() {
    let arguments = ["--tls", "starttls", "--login", "vm:opensesame"];
    let Some(server) = SmtpServer::start("refuse", &arguments) else { return };
    // For the whole process: a subscriber of one thread misses what another thread's first use switched off.
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(|| ThreadLog)
        .init();
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    let url = format!("smtp://vm:opensesame@127.0.0.1:{}?ca={}", server.port, server.ca().display());
    for behaviour in ["refuse", "defer", "accept"] {
        server.set_mode(behaviour);
        bed.deposit().await;
        bed.outbox(&url).work_off().await;
        bed.clock.advance(MINUTE);
    }
    let log = LOG.with_borrow(|log| String::from_utf8(log.clone()).unwrap());
    for told in ["mail accepted", "mail put off", "mail given up"] {
        assert!(log.contains(told), "{log}");
    }
    let token = server.received().first().map(|mail| token_of(&mail.bytes)).unwrap();
    // The password, and the base64 of AUTH PLAIN.
    for secret in ["opensesame", "AHZtAG9wZW5zZXNhbWU", token.as_str()] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    for line in log.lines().filter(|line| !line.contains("DEBUG") && !line.contains("TRACE")) {
        for personal in ["ada@", "example.org", "5550123", "Grace", "Lovelace"] {
            assert!(!line.contains(personal), "{line}");
        }
    }
}

// ---- links

#[tokio::test]
async fn the_link_in_the_mail_opens_this_message_and_changes_nothing() {
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    let message = bed.deposit().await;
    bed.outbox(&bed.files_url()).work_off().await;
    let before = bed.message(message.id).await;
    let linked = bed.links.open(&token_of(&bed.mails()[0])).await.unwrap();
    assert_eq!(linked.message(), &before);
    assert_eq!(linked.link().sent_to.as_str(), ADA);
    assert_eq!(bed.message(message.id).await, before);
    assert_eq!(bed.events(message.id).await, ["stored", "mail-accepted"]);
}

#[tokio::test]
async fn a_link_lives_for_fourteen_days_at_most() {
    let bed = MailBed::new(&[]).await;
    let message = bed.deposit().await;
    let (_, url) = bed.links.issue(&message, &ADA.parse().unwrap()).await.unwrap();
    let token = url.expose().rsplit('/').next().unwrap().to_owned();
    let day = 24 * 60 * MINUTE;
    bed.clock.advance(14 * day - MINUTE);
    assert!(bed.links.open(&token).await.is_ok());
    bed.clock.advance(MINUTE);
    assert!(matches!(bed.links.open(&token).await, Err(LinkRefusal::Expired)));
}

#[tokio::test]
async fn a_revoked_link_a_guess_and_nonsense_open_nothing() {
    let bed = MailBed::new(&[]).await;
    let message = bed.deposit().await;
    let (_, url) = bed.links.issue(&message, &ADA.parse().unwrap()).await.unwrap();
    let token = url.expose().rsplit('/').next().unwrap().to_owned();
    bed.links.revoke(message.tenant, message.id).await.unwrap();
    assert!(matches!(bed.links.open(&token).await, Err(LinkRefusal::Revoked)));
    let close: String = token.chars().rev().collect();
    for guess in
        [close.as_str(), "", "../../etc/passwd", "AAAAAAAAAAAAAAAAAAAAAAAAAAA", "\u{0}", "' OR 1=1 --"]
    {
        assert!(matches!(bed.links.open(guess).await, Err(LinkRefusal::Unknown)), "{guess:?}");
    }
    assert!(!format!("{url:?}").contains(&token));
}

#[tokio::test]
async fn with_a_link_a_message_is_marked_moved_and_brought_back() {
    let bed = MailBed::new(&[]).await;
    let message = bed.deposit().await;
    let (_, url) = bed.links.issue(&message, &ADA.parse().unwrap()).await.unwrap();
    let linked = bed.links.open(url.expose().rsplit('/').next().unwrap()).await.unwrap();
    bed.links.heard(&linked).await.unwrap();
    assert!(bed.message(message.id).await.heard_at.is_some());
    bed.links.save(&linked).await.unwrap();
    assert_eq!(bed.message(message.id).await.folder, Folder::Saved);
    bed.links.trash(&linked).await.unwrap();
    assert_eq!(bed.message(message.id).await.folder, Folder::Trash);
    bed.links.restore(&linked).await.unwrap();
    assert_eq!(bed.message(message.id).await.folder, Folder::Inbox);
    for _ in 0..3 {
        bed.links.note_opened(&linked).await.unwrap();
    }
    let opened = bed.events(message.id).await.iter().filter(|event| *event == "link-opened").count();
    assert_eq!(opened, 1);
}

#[tokio::test]
async fn two_links_to_one_message_have_nothing_in_common() {
    let bed = MailBed::new(&[]).await;
    let message = bed.deposit().await;
    let (first, first_url) = bed.links.issue(&message, &ADA.parse().unwrap()).await.unwrap();
    let (second, second_url) = bed.links.issue(&message, &ADA.parse().unwrap()).await.unwrap();
    assert_ne!(first_url.expose(), second_url.expose());
    assert_ne!((first.id, first.token_hash), (second.id, second.token_hash));
    assert!(!second_url.expose().contains(&RecordingId::from_uuid(message.id.uuid()).to_string()));
}

/// What was changed of a way in is mailed to the addresses of the moment, one that was taken away with it included; to a user
/// who is gone, nothing.
#[tokio::test]
async fn a_changed_way_in_is_mailed_to_the_addresses_of_that_moment() {
    let bed = MailBed::new(&[(ADA, MailMode::None)]).await;
    let (user, at) = (bed.mailbox.user.unwrap(), bed.clock.now());
    for to in [ADA, "old@example.org"] {
        let change = aftertone::domain::SecurityChange::FactorReset;
        let work = Work::Security { user, to: to.parse().unwrap(), change, at };
        let job = NewJob { id: JobId::from_uuid(bed.clock.uuid()), work, due: at };
        bed.store.add_job(bed.mailbox.tenant, &job).await.unwrap();
    }
    bed.outbox(&bed.files_url()).work_off().await;
    let mut mails: Vec<String> =
        bed.mails().iter().map(|mail| String::from_utf8_lossy(mail).into_owned()).collect();
    mails.sort_by_key(|mail| !mail.contains("To: ada@example.org"));
    for (text, to) in mails.iter().zip(["To: ada@example.org", "To: old@example.org"]) {
        assert!(text.contains("An administrator removed the second factor"), "{text}");
        assert!(text.contains(to) && !text.contains("http"), "{text}");
    }
    bed.store.remove_user(bed.mailbox.tenant, user).await.unwrap();
    let change = aftertone::domain::SecurityChange::Pin;
    let work = Work::Security { user, to: ADA.parse().unwrap(), change, at };
    let job = NewJob { id: JobId::from_uuid(bed.clock.uuid()), work, due: at };
    bed.store.add_job(bed.mailbox.tenant, &job).await.unwrap();
    bed.outbox(&bed.files_url()).work_off().await;
    assert_eq!((mails.len(), bed.mails().len()), (2, 2));
    let jobs = bed.store.jobs(None, 9).await.unwrap();
    assert!(jobs.iter().all(|job| job.state == JobState::Done), "{jobs:?}");
}
