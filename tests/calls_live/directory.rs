//! People found by name on real calls: typed letters, recorded names, REFER and its outcome, the mailbox; the keys of a
//! mailbox's callers; what the commands allow.

use std::path::Path;
use std::time::{Duration, Instant};

use aftertone::audio::resample::resample;
use aftertone::flow::phrases;
use audio_codec_algorithms::decode_ulaw;
use serde_json::json;

use crate::ears::{find, says, speech};
use crate::line::{Line, packet};
use crate::live::{Heard, Server, together};

/// The number at which people are found.
const PILOT: &str = "8411";

/// Ada (1001) may be called, Grace (1002) may not; Hidden (1003) has a recorded name and is not announced.
fn server() -> Server {
    let server = Server::start(
        &format!("directory_numbers = [\"{PILOT}\"]\ntransfer_targets = [\"1001\", \"+4930*\"]"),
        "",
    );
    for (extension, first, last) in
        [("1001", "Ada", "Lovelace"), ("1002", "Grace", "Hopper"), ("1003", "Ada", "Loveless")]
    {
        server.ok(&["user", "add", "--extension", extension, "--first", first, "--last", last]);
        let name = server.wav(&format!("name-{extension}.wav"), &name(extension), 8_000);
        let file = name.to_str().unwrap();
        server.ok(&["greeting", "set", "--mailbox", extension, "--kind", "name", "--file", file]);
    }
    server.ok(&["user", "set", "1003", "--announce", "false"]);
    server
}

/// What stands for the recorded name: speech, and the middle of another one for each.
fn name(extension: &str) -> Vec<i16> {
    let start = extension.parse::<usize>().unwrap() % 10 * 8_000;
    speech(6.0, 8_000).into_iter().skip(start).take(12_000).collect()
}

fn hears_name(heard: &Heard, extension: &str) -> f64 {
    let own: Vec<i16> = name(extension).into_iter().skip(2_000).take(8_000).collect();
    find(&resample(&heard.samples, heard.rate, 8_000), &own).1
}

#[test]
fn a_caller_finds_a_name_and_leaves_a_message_where_calls_may_not_go() {
    let server = server();
    let wav = server.wav("speech.wav", &speech(3.0, 8_000), 8_000);
    let (server, wav): (&Server, &Path) = (&server, &wav);
    together(vec![
        // 467 is Hop(per): the name, 1, the greeting, a message.
        Box::new(move || {
            let heard = server.call(PILOT, "w0.5,467#,w3,1,w1,#,t,p,w0.3,#,w1,2,w2", Some(wav), &[]);
            assert!(hears_name(&heard, "1002") > 0.8, "the recorded name is heard: {}", heard.said);
            let message = server.message("1002");
            assert!(message["duration_ms"].as_f64().unwrap() >= 2_500.0, "{message}");
        }),
        // 568 is Lov(elace), and Lov(eless), who is not announced; nor is her extension of use.
        Box::new(move || {
            let heard = server.call(PILOT, "w0.5,568#,w3,2,w1,1003#,w5", None, &[]);
            assert!(hears_name(&heard, "1001") > 0.8, "the recorded name is heard: {}", heard.said);
            assert!(hears_name(&heard, "1003") < 0.6, "who is not announced is not named: {}", heard.said);
            let nobody = phrases::directory::NOBODY.phrase();
            assert!(says(&heard.samples, heard.rate, &nobody), "{}", heard.said);
        }),
        // A number that nobody has: the announcement offers the directory.
        Box::new(move || {
            let heard = server.call("1999", "w1,9,w7", None, &[]);
            let asks = phrases::directory::ASK.phrase();
            assert!(says(&heard.samples, heard.rate, &asks), "{}", heard.said);
        }),
    ]);
    let log = server.log();
    assert!(log.contains("somebody is looked for by name") && !log.contains("Lovelace"), "{log}");
    let metrics = server.get("/metrics").1;
    assert!(metrics.contains("aftertone_directory_searches_total{found=\"one\"}"), "{metrics}");
}

#[test]
fn the_command_line_sets_keys_that_may_be_and_no_others() {
    let server = server();
    let refused = server.run(&["user", "set", "1001", "--key", "1=+4917012345"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("sip.transfer_targets"), "{refused:?}");
    for (key, why) in [
        ("0=directory", "choose 1 to 9"),
        ("2=mailbox:1999", "no mailbox 1999"),
        ("2=mailbox:1001", "name another mailbox"),
        ("2", "write 2=mailbox:1002"),
        ("2=nowhere at all", "write a number"),
    ] {
        let refused = server.run(&["user", "set", "1001", "--key", key]);
        assert!(refused.code != Some(0) && refused.err.contains(why), "{key}: {refused:?}");
    }
    let set = ["--key", "1=+493012345", "--key", "2=mailbox:1002", "--key", "9=directory"];
    server.ok(&[&["user", "set", "1001"], &set[..]].concat());
    let keys = |server: &Server| server.json(&["user", "show", "1001"])["keys"].clone();
    assert_eq!(keys(&server), json!({"1": "+493012345", "2": "mailbox:1002", "9": "directory"}));
    server.ok(&["user", "set", "1001", "--key", "1="]);
    assert_eq!(keys(&server), json!({"2": "mailbox:1002", "9": "directory"}));
    let noted = server.run(&["user", "set", "1001", "--operator", "+4917012345"]);
    assert!(noted.code == Some(0) && noted.err.contains("sip.transfer_targets"), "{noted:?}");
    let explained = server.json(&["explain", "--to", &format!("sip:{PILOT}@vm.example")]);
    assert_eq!((&explained["outcome"], &explained["decided_by"]), (&json!("directory"), &json!("directory")));
}

#[test]
fn keys_in_a_greeting_lead_to_another_mailbox_and_into_the_directory() {
    let server = server();
    server.ok(&["user", "set", "1001", "--key", "2=mailbox:1002", "--key", "9=directory"]);
    let wav = server.wav("speech.wav", &speech(3.0, 8_000), 8_000);
    let (server, wav): (&Server, &Path) = (&server, &wav);
    together(vec![
        Box::new(move || {
            server.call("1001", "w0.5,2,w1,#,t,p,w0.3,#,w1,2,w1", Some(wav), &[]);
            server.message("1002");
            assert!(server.messages("1001").is_empty(), "the message is in the other mailbox");
        }),
        Box::new(move || {
            let heard = server.call("1001", "w0.5,9,w4", None, &[]);
            let asks = phrases::directory::ASK.phrase();
            assert!(says(&heard.samples, heard.rate, &asks), "{}", heard.said);
        }),
    ]);
}

/// Waits until this holds, listening and sending a packet now and then; everything that was heard is in `sound`.
fn until(line: &mut Line, sound: &mut Vec<i16>, what: &str, holds: impl Fn(&Line, &[i16]) -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    let mut sent = 0;
    while !holds(line, sound) {
        assert!(Instant::now() < end, "{what}: not within a minute; {:?}", line.requests);
        line.rtp.send_to(&packet(sent, u32::from(sent) * 160, 7, 0, &[0xFF; 160]), line.remote()).unwrap();
        sent += 1;
        // Requests are taken and answered meanwhile.
        assert_eq!(line.next(Duration::from_millis(300)), None, "nothing was asked");
        for datagram in line.heard() {
            sound.extend(datagram.iter().skip(12).map(|byte| decode_ulaw(*byte)));
        }
    }
}

#[test]
fn whoever_is_chosen_is_called_by_refer_and_a_busy_one_is_told() {
    let server = server();
    let mut line = Line::new("127.0.0.1", server.sip);
    assert_eq!(line.call(&format!("sip:{PILOT}@vm.example"), ""), 200);
    for key in "56835223#1".chars() {
        line.press(key);
    }
    let mut sound = Vec::new();
    let refer = |line: &Line| line.requests.iter().find(|text| text.starts_with("REFER")).cloned();
    until(&mut line, &mut sound, "a REFER comes", |line, _| refer(line).is_some());
    let asked = refer(&line).unwrap();
    assert!(asked.contains("Refer-To: <sip:1001@") && asked.contains("Referred-By:"), "{asked}");
    line.notify("486 Busy Here");
    let told = phrases::directory::NO_ANSWER.phrase();
    until(&mut line, &mut sound, "the caller is told", |_, sound| says(sound, 8_000, &told));
    let greeting = phrases::GREETING_NAME.phrase();
    until(&mut line, &mut sound, "the mailbox takes the call", |_, sound| says(sound, 8_000, &greeting));
    line.hang_up();
    server.until("the transfer is counted", |server| {
        server.get("/metrics").1.contains("aftertone_transfers_total{outcome=\"failed\"} 1")
    });

    // Grace may not be called; a rule of her mailbox sends its callers to Ada, those who go on to it as well.
    server.ok(&["rule", "add", "To Ada", "--mailbox", "1002", "--transfer", "1001"]);
    let mut line = Line::new("127.0.0.1", server.sip);
    assert_eq!(line.call(&format!("sip:{PILOT}@vm.example"), ""), 200);
    for key in "1002#1".chars() {
        line.press(key);
    }
    until(&mut line, &mut sound, "a REFER comes", |line, _| refer(line).is_some());
    assert!(refer(&line).unwrap().contains("Refer-To: <sip:1001@"), "{:?}", refer(&line));
    line.hang_up();

    let mut line = Line::new("127.0.0.1", server.sip);
    assert_eq!(line.call(&format!("sip:{PILOT}@vm.example"), ""), 200);
    for key in "1001#1".chars() {
        line.press(key);
    }
    until(&mut line, &mut sound, "a REFER comes", |line, _| refer(line).is_some());
    line.notify("200 OK");
    until(&mut line, &mut sound, "the server leaves the call", |line, _| {
        line.requests.iter().any(|text| text.starts_with("BYE"))
    });
}
