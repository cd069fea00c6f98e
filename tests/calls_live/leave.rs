//! A message from the caller's mouth to the owner's mailbox: facts, sound, mail.

use aftertone::audio::{Codec, Decoder, Encoder};
use serde_json::{Value, json};

use crate::ears::{level, mix, peak_level, rms, says, sine, speech};
use crate::live::{Server, together};
use aftertone::flow::phrases;

/// What G.711 makes of these samples.
fn through(codec: Codec, samples: &[i16]) -> Vec<i16> {
    let (mut encoder, mut decoder) = (Encoder::new(codec).unwrap(), Decoder::new(codec).unwrap());
    let mut heard = Vec::new();
    for frame in samples.chunks_exact(160) {
        let mut payload = Vec::new();
        encoder.encode(frame, &mut payload).unwrap();
        decoder.decode(&payload, &mut heard).unwrap();
    }
    heard
}

/// Leaves `sent` in the mailbox by this codec and gives the message.
fn leave(server: &Server, mailbox: &str, codec: &str, sent: &[i16], rate: u32) -> Value {
    let file = server.wav(&format!("{codec}.wav"), sent, rate);
    let caller = ["--codec", codec, "--from", "sip:+15550100@127.0.0.1", "--name", "Grace Hopper"];
    let heard = server.call(mailbox, "#,t,p,w0.3,#,s,2,s", Some(&file), &caller);
    assert!(heard.tone.is_some(), "no tone: {heard:?}");
    assert!(peak_level(&heard.samples, heard.rate, 1000.0) > 4000.0, "the tone is clear");
    assert!(says(&heard.samples, heard.rate, &phrases::REVIEW_LISTEN.phrase()), "{codec}: the menu is said");
    assert!(says(&heard.samples, heard.rate, &phrases::MESSAGE_SENT.phrase()), "{codec}: the caller is told");
    let message = server.message(mailbox);
    let length = sent.len() as f64 / f64::from(rate) * 1000.0;
    let (duration, voiced) =
        (message["duration_ms"].as_f64().unwrap(), message["voiced_ms"].as_f64().unwrap());
    assert!(duration >= length && duration < length + 1500.0, "{duration} ms of {length} ms");
    assert!(voiced > length * 0.5 && voiced <= duration, "{voiced} ms are speech of {length} ms");
    for (field, value) in [
        ("folder", json!("inbox")),
        ("heard", json!(false)),
        ("urgent", json!(false)),
        ("private", json!(false)),
        ("caller_number", json!("+15550100")),
        ("caller_name", json!("Grace Hopper")),
        ("class", json!("speech")),
    ] {
        assert_eq!(message[field], value, "{field}");
    }
    message
}

fn bit_exact(server: &Server, mailbox: &str, name: &str, codec: Codec) {
    let sent = speech(4.0, 8_000);
    let message = leave(server, mailbox, name, &sent, 8_000);
    assert_eq!(message["sample_rate"], 8000);
    let stored = server.export(&message);
    assert_eq!(stored.rate, 8000);
    let frames: Vec<Vec<i16>> = through(codec, &sent).chunks_exact(160).map(<[i16]>::to_vec).collect();
    // A busy machine makes the phone miss its time, and what comes too late is concealed; most is there, bit by bit.
    let (mut from, mut missing) = (0, 0);
    for frame in &frames {
        match stored.samples[from..].windows(160).position(|window| window == frame) {
            Some(at) => from += at + 160,
            None => missing += 1,
        }
    }
    assert!(missing <= frames.len() / 10, "{missing} of {} frames are not what was sent", frames.len());
}

/// Speech with a soft pilot: the pilot shows the bandwidth, the loudness of both that nothing was turned up or down.
fn wide(server: &Server, mailbox: &str, name: &str, rate: u32, pilot: f64, beyond: Option<f64>) {
    let sent = mix(&speech(4.0, rate), &sine(pilot, 4.0, rate, 1500.0));
    let message = leave(server, mailbox, name, &sent, rate);
    assert_eq!(message["sample_rate"], rate);
    let stored = server.export(&message);
    assert_eq!(stored.rate, rate);
    let second = rate as usize;
    let middle = &stored.samples[second..3 * second];
    let heard = peak_level(middle, rate, pilot);
    assert!((1000.0..2200.0).contains(&heard), "{pilot} Hz at 1500 came as {heard:.0}");
    let change = 20.0 * (rms(&stored.samples[second / 2..7 * second / 2]) / rms(&sent)).log10();
    assert!(change.abs() < 2.0, "the loudness changed by {change:.1} dB");
    if let Some(beyond) = beyond {
        assert!(level(middle, rate, beyond) < 60.0, "nothing was sent at {beyond} Hz");
    }
    // A gap would be a window of the pilot without it; a few are what a busy machine does to the phone.
    let is_gap = |window: &&[i16]| level(window, rate, pilot) <= 500.0;
    let gaps = middle.chunks_exact(second / 50).filter(is_gap).count();
    assert!(gaps <= 10, "the pilot is gone in {gaps} of 100 windows");
}

#[test]
fn each_codec_brings_its_own_bandwidth_and_nothing_is_missing() {
    let server = Server::start("", "");
    let boxes = ["1001", "1002", "1003", "1004"];
    for mailbox in boxes {
        server.user(mailbox, &[]);
    }
    together(vec![
        Box::new(|| bit_exact(&server, "1001", "pcmu", Codec::Pcmu)),
        Box::new(|| bit_exact(&server, "1002", "pcma", Codec::Pcma)),
        Box::new(|| wide(&server, "1003", "g722", 16_000, 6_000.0, Some(7_500.0))),
        Box::new(|| wide(&server, "1004", "opus", 48_000, 10_000.0, None)),
    ]);
    server.until("each owner has a mail", |server| server.mails().len() == boxes.len());
    let url = format!("http://{}/m/", server.http);
    for mailbox in boxes {
        let address = format!("u{mailbox}@example.org");
        let mails = server.mails();
        let mail = mails.iter().find(|mail| mail.contains(&address)).unwrap();
        assert!(mail.contains("Grace Hopper"), "{mail}");
        let mail = mail.replace("=\r\n", "").replace("=\n", "");
        let link = mail.split(&url).nth(1).unwrap();
        let token: String =
            link.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
        let (status, page) = server.get(&format!("/m/{token}"));
        assert_eq!(status, 200, "{page}");
        assert!(page.contains("Grace Hopper"));
    }
    let jobs = server.json(&["job", "list"]);
    let done = |job: &Value| job["state"] == "done" && job["kind"] == "mail" && job["attempts"] == 1;
    assert!(jobs.as_array().unwrap().iter().all(done), "{jobs}");
    assert_eq!(jobs.as_array().unwrap().len(), boxes.len());
}

#[test]
fn the_greeting_the_instructions_and_the_tone_come_in_this_order() {
    let server = Server::start("", "");
    server.user("1001", &[]);
    let heard = server.call("1001", "t,w0.2", None, &[]);
    let greeting = aftertone::flow::phrases::builtin_greeting(&"1001".parse().unwrap(), None, false);
    let [aftertone::flow::Utterance::Phrase(greeting)] = greeting.as_slice() else { panic!("{greeting:?}") };
    assert!(says(&heard.samples, heard.rate, greeting));
    assert!(says(&heard.samples, heard.rate, &phrases::INSTRUCTIONS.phrase()));
    let tone = heard.tone.unwrap();
    assert!(tone > 4.0, "the words come before the tone, which was over after {tone} s");
    let before = (tone * f64::from(heard.rate)) as usize;
    let at = |seconds: f64| before - (seconds * f64::from(heard.rate)) as usize;
    assert!(level(&heard.samples[at(0.35)..at(0.1)], heard.rate, 1000.0) > 6000.0);
    assert!(peak_level(&heard.samples[..at(0.6)], heard.rate, 1000.0) < 6000.0, "one tone only, at the end");
}

// 002-028, 002-036
#[test]
fn where_calls_are_screened_the_message_begins_with_the_name_that_the_caller_says() {
    let server = Server::start("", "");
    server.user("1001", &[]);
    server.ok(&["rule", "add", "Screened", "--mailbox", "1001", "--screening"]);
    let file = server.wav("said.wav", &speech(2.0, 8_000), 8_000);
    let caller = |number: &str| format!("sip:{number}@127.0.0.1");
    let asks =
        |heard: &crate::live::Heard| says(&heard.samples, heard.rate, &phrases::owner::RECORD_NAME.phrase());
    let stranger = caller("+15550100");
    let keys = "t,p,w0.3,#,w1,#,t,p,w0.3,#,s,2,s";
    let heard = server.call("1001", keys, Some(&file), &["--from", &stranger]);
    assert!(asks(&heard), "{}", heard.said);
    let length = server.message("1001")["duration_ms"].as_u64().unwrap();
    assert!((3_800..6_000).contains(&length), "name and message are {length} ms");

    let leaves = server.call("1001", "t,p,w0.3,#,w1", Some(&file), &["--from", &stranger]);
    assert!(asks(&leaves), "{}", leaves.said);
    server.ok(&["block", "add", "+15550199", "--allow", "--mailbox", "1001"]);
    let known = server.call("1001", "#,t,p,w0.3,#,s,2,s", Some(&file), &["--from", &caller("+15550199")]);
    assert!(!asks(&known), "{}", known.said);
    let numbers = ["+15550199", "+15550100"];
    server.until("both messages are there", |server| server.messages("1001").len() >= 2);
    let kept: Vec<_> = server.messages("1001").iter().map(|one| one["caller_number"].clone()).collect();
    assert_eq!(kept, numbers, "a name alone is no message");
}
