//! The menu after the recording, key by key, on real calls.

use std::path::PathBuf;

use aftertone::audio::resample::resample;
use aftertone::flow::phrases;
use serde_json::json;

use crate::ears::{find, says, speech};
use crate::live::{Heard, Server, together};

const SECONDS: f64 = 2.0;

struct Bed {
    server: Server,
    wav: PathBuf,
}

impl Bed {
    fn new(boxes: &[&str]) -> Self {
        let server = Server::start("", "");
        for mailbox in boxes {
            server.user(mailbox, &[]);
        }
        let wav = server.wav("speech.wav", &speech(SECONDS, 8_000), 8_000);
        Self { server, wav }
    }

    /// A call that has recorded its speech and ended it with `#`; then `keys`.
    fn after_recording(&self, mailbox: &str, keys: &str) -> Heard {
        self.server.call(mailbox, &format!("#,t,p,w0.3,#,s,{keys}"), Some(&self.wav), &[])
    }

    /// Length of the only message, in takes of the speech.
    fn takes(&self, mailbox: &str) -> f64 {
        self.server.message(mailbox)["duration_ms"].as_f64().unwrap() / 1000.0 / SECONDS
    }

    fn is_told(&self, heard: &Heard, saying: phrases::Saying) {
        assert!(
            says(&heard.samples, heard.rate, &saying.phrase()),
            "{} was not said: {}",
            saying.id,
            heard.said
        );
    }
}

#[test]
fn each_key_of_the_review_menu_does_what_it_says() {
    let boxes = ["2001", "2002", "2003", "2004", "2005", "2006", "2007", "2008"];
    let bed = Bed::new(&boxes);
    let bed = &bed;
    together(vec![
        Box::new(|| {
            let heard = bed.after_recording("2001", "1,s,2,s");
            let own: Vec<i16> = speech(SECONDS, 8_000).into_iter().take(8_000).collect();
            let (_, alike) = find(&resample(&heard.samples, heard.rate, 8_000), &own);
            assert!(alike > 0.8, "1 plays the recording: {alike}");
            bed.is_told(&heard, phrases::MESSAGE_SENT);
            bed.is_told(&heard, phrases::GOODBYE);
            assert!(bed.takes("2001") < 1.5);
        }),
        Box::new(|| {
            bed.after_recording("2002", "3,t,p,w0.3,#,s,2,s");
            assert!(bed.takes("2002") < 1.5, "3 records again: one take is left");
        }),
        Box::new(|| {
            bed.after_recording("2003", "4,t,p,w0.3,#,s,2,s");
            let takes = bed.takes("2003");
            assert!((2.0..2.6).contains(&takes), "4 adds to it: {takes} takes");
        }),
    ]);
    together(vec![
        Box::new(|| {
            let heard = bed.after_recording("2004", "5,s,2,s");
            bed.is_told(&heard, phrases::URGENT_ON);
            let message = bed.server.message("2004");
            assert_eq!((&message["urgent"], &message["private"]), (&json!(true), &json!(false)));
        }),
        Box::new(|| {
            let heard = bed.after_recording("2005", "6,s,5,s,5,s,#,s");
            bed.is_told(&heard, phrases::PRIVATE_ON);
            bed.is_told(&heard, phrases::URGENT_OFF);
            let message = bed.server.message("2005");
            assert_eq!((&message["urgent"], &message["private"]), (&json!(false), &json!(true)));
        }),
        Box::new(|| {
            let heard = bed.after_recording("2006", "7,s,#,s");
            bed.is_told(&heard, phrases::DISCARD_OFFER);
            bed.is_told(&heard, phrases::MESSAGE_DISCARDED);
        }),
        Box::new(|| {
            let heard = bed.after_recording("2007", "7,w1,7,s,2,s");
            bed.is_told(&heard, phrases::DISCARD_UNDONE);
            assert!(bed.takes("2007") < 1.5, "7 twice keeps it");
        }),
        Box::new(|| {
            bed.after_recording("2008", "w0.2");
            assert!(bed.takes("2008") < 1.5, "hanging up in the menu keeps it");
        }),
    ]);
    assert!(bed.server.messages("2006").is_empty(), "7 discards");
    bed.server.until("the others are mailed", |server| server.mails().len() == boxes.len() - 1);
    let spool = std::fs::read_dir(bed.server.data().join("spool")).unwrap();
    let left: Vec<_> = spool
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && !path.ends_with(".lock"))
        .collect();
    assert!(left.is_empty(), "nothing stays in the spool: {left:?}");
}

#[test]
fn pausing_leaves_no_hole_and_hanging_up_keeps_what_was_said() {
    let bed = Bed::new(&["2101", "2102"]);
    let bed = &bed;
    together(vec![
        Box::new(|| {
            let heard = bed.server.call("2101", "#,t,p,8,s,8,t,p,w0.3,#,s,2,s", Some(&bed.wav), &[]);
            bed.is_told(&heard, phrases::RECORDING_PAUSED);
            let takes = bed.takes("2101");
            assert!((1.9..2.6).contains(&takes), "the pause is not in it: {takes} takes");
        }),
        Box::new(|| {
            bed.server.call("2102", "#,t,p", Some(&bed.wav), &[]);
            let takes = bed.takes("2102");
            assert!((0.9..1.4).contains(&takes), "{takes} takes");
        }),
    ]);
}
