//! How a recording ends, and what is not a message.

use std::time::Duration;

use aftertone::flow::phrases;
use serde_json::json;

use crate::ears::{level, peak_level, says, sine, speech};
use crate::live::{Server, together};

/// Pulses of these tones.
fn pulses(hertz: &[f64], on: f64, off: f64, seconds: f64) -> Vec<i16> {
    let mut sound = Vec::new();
    while sound.len() < (seconds * 8000.0) as usize {
        let pulse = hertz.iter().map(|hz| sine(*hz, on, 8_000, 6000.0));
        sound.extend(pulse.reduce(|a, b| crate::ears::mix(&a, &b)).unwrap());
        sound.extend(vec![0; (off * 8000.0) as usize]);
    }
    sound
}

#[test]
fn silence_and_the_limit_end_a_recording() {
    let server = Server::start("", "");
    server.user("3001", &[]);
    server.user("3002", &["--max-message", "12s"]);
    let server = &server;
    together(vec![
        Box::new(|| {
            let wav = server.wav("short.wav", &speech(3.0, 8_000), 8_000);
            let heard = server.call("3001", "#,t,p,s", Some(&wav), &[]);
            assert!(
                says(&heard.samples, heard.rate, &phrases::REVIEW_LISTEN.phrase()),
                "the menu comes by itself"
            );
            let length = server.message("3001")["duration_ms"].as_f64().unwrap();
            assert!((2500.0..4000.0).contains(&length), "trailing silence is cut: {length} ms");
        }),
        Box::new(|| {
            let wav = server.wav("long.wav", &speech(14.0, 8_000), 8_000);
            let heard = server.call("3002", "#,t,p,s", Some(&wav), &[]);
            let limit = phrases::limit_reached(Duration::from_secs(12));
            assert!(says(&heard.samples, heard.rate, &limit), "the caller is told of the limit");
            let from = ((heard.tone.unwrap() + 0.5) * f64::from(heard.rate)) as usize;
            let to = from + 9 * heard.rate as usize;
            assert!(rms_peak(&heard.samples[from..to]) > 1000, "a warning comes before it");
            assert_eq!(server.message("3002")["duration_ms"], json!(12_000));
        }),
    ]);
}

fn rms_peak(samples: &[i16]) -> u16 {
    samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0)
}

#[test]
fn what_is_no_speech_is_not_mailed() {
    let server = Server::start("", "");
    server.user("3101", &["--min-speech", "4s"]);
    server.user("3102", &["--min-speech", "4s", "--keep-no-speech", "true"]);
    for mailbox in ["3103", "3104", "3105", "3106"] {
        server.user(mailbox, &[]);
    }
    server.ok(&["user", "set", "3106", "--mail-tones", "true"]);
    let server = &server;
    let short = server.wav("short.wav", &speech(1.5, 8_000), 8_000);
    let tone = |mailbox: &'static str, sound: Vec<i16>, class: &'static str| {
        let wav = server.wav(&format!("{mailbox}.wav"), &sound, 8_000);
        let heard = server.call(mailbox, "#,t,p,w4", Some(&wav), &[]);
        assert!(!says(&heard.samples, heard.rate, &phrases::REVIEW_LISTEN.phrase()), "no menu for a machine");
        assert_eq!(server.message(mailbox)["class"], class);
    };
    together(vec![
        Box::new(|| {
            let heard = server.call("3101", "#,t,p,w0.3,#,s", Some(&short), &[]);
            assert!(says(&heard.samples, heard.rate, &phrases::NOTHING_HEARD.phrase()));
            assert!(server.messages("3101").is_empty());
        }),
        Box::new(|| {
            server.call("3102", "#,t,p,w0.3,#,s", Some(&short), &[]);
            assert_eq!(server.message("3102")["class"], "no-speech");
        }),
        Box::new(|| tone("3103", pulses(&[425.0], 0.48, 0.48, 7.0), "busy-tone")),
        Box::new(|| tone("3104", pulses(&[350.0, 440.0], 6.0, 0.0, 6.0), "dial-tone")),
        Box::new(|| tone("3105", pulses(&[1100.0], 0.5, 3.0, 7.0), "fax-tone")),
        Box::new(|| tone("3106", pulses(&[480.0, 620.0], 0.25, 0.25, 7.0), "busy-tone")),
    ]);
    server.until("the one who wants tones has a mail", |server| server.mails().len() == 1);
    let jobs = server.json(&["job", "list"]);
    assert_eq!(jobs.as_array().unwrap().len(), 1, "nobody else gets one: {jobs}");
    assert_eq!(jobs[0]["to"], "u3106@example.org");
}

#[test]
fn keys_work_as_sound_and_stay_out_of_the_recording() {
    let server = Server::start("", "");
    server.user("3201", &[]);
    let wav = server.wav("speech.wav", &speech(2.0, 8_000), 8_000);
    let heard = server.call("3201", "#,t,p,w0.3,#,s,5,s,2,s", Some(&wav), &["--in-band"]);
    assert!(says(&heard.samples, heard.rate, &phrases::URGENT_ON.phrase()));
    let message = server.message("3201");
    assert_eq!(message["urgent"], true);
    let stored = server.export(&message);
    let tail = &stored.samples[stored.samples.len() - 2400..];
    for hertz in [941.0, 1477.0] {
        assert!(peak_level(tail, 8_000, hertz) < 500.0, "{hertz} Hz of the # is in the recording");
    }
    assert!(level(tail, 8_000, 941.0) < 100.0);
}
