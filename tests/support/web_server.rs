//! What the running program says about itself.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aftertone::audio::decode::{DecodeLimits, decode_upload};
use aftertone::audio::wav;

use crate::ports::{free_address, rtp_ports};

/// The program with a configuration of its own.
struct Running {
    child: Child,
    http: SocketAddr,
    sip: SocketAddr,
    folder: tempfile::TempDir,
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (sip, http) = (free_address(), free_address());
        let config = format!(
            "[sip]\nlisten = [\"udp://{sip}\"]\n[rtp]\naddress = \"127.0.0.1\"\nports = \"{}\"\nworkers = 1\n\
             [http]\nlisten = \"{http}\"\n[voicemail]\nsilence = \"1s\"\nmin_speech = 1\n",
            rtp_ports(),
        );
        std::fs::write(folder.path().join("aftertone.toml"), config).unwrap();
        run(
            folder.path(),
            &["user", "add", "--extension", "1001", "--email", "ada@example.org", "--pin", "482913"],
        );
        let child = command(folder.path(), &["serve"]).stderr(Stdio::null()).spawn().unwrap();
        Self { child, http, sip, folder }
    }

    async fn get(&self, path: &str) -> Option<(u16, String)> {
        let answer = reqwest::get(format!("http://{}{path}", self.http)).await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// Asks until the answer is as wanted.
    async fn until(&self, path: &str, good: impl Fn(u16, &str) -> bool) -> String {
        let mut last = None;
        for _ in 0..300 {
            last = self.get(path).await;
            if let Some((_, text)) = last.as_ref().filter(|(status, text)| good(*status, text)) {
                return text.clone();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{path} never answered as wanted: {last:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A few seconds of the demonstration's message, as a file.
fn speech(folder: &Path) -> String {
    let all = concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/en/clips/demo-message.flac");
    let all = decode_upload(std::fs::read(all).unwrap(), DecodeLimits::default()).unwrap();
    let file = folder.join("speech.wav");
    std::fs::write(&file, wav::write(&all.samples[..3 * all.rate as usize], all.rate).unwrap()).unwrap();
    file.to_str().unwrap().to_owned()
}

pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aftertone"));
    command
        .arg("--config")
        .arg(folder.join("aftertone.toml"))
        .arg("--data")
        .arg(folder.join("data"))
        .args(args);
    command.stdout(Stdio::piped());
    command
}

fn run(folder: &Path, args: &[&str]) -> String {
    let mut child = command(folder, args).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    let errors: Vec<String> =
        BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap).collect();
    assert!(child.wait().unwrap().success(), "{args:?}: {said} {errors:?}");
    said
}

/// What one call leaves in the metrics; the others are seen only where somebody is refused, or something fails.
const OF_ONE_CALL: &[&str] = &[
    "aftertone_call_setup_seconds",
    "aftertone_calls_running",
    "aftertone_calls_total",
    "aftertone_deposit_seconds",
    "aftertone_deposits_total",
    "aftertone_deposits_waiting",
    "aftertone_http_responses_total",
    "aftertone_jobs",
    "aftertone_mail_seconds",
    "aftertone_mails_total",
    "aftertone_media_sessions",
    "aftertone_recordings_ended_total",
    "aftertone_recordings_started_total",
    "aftertone_rtp_packets_total",
    "aftertone_rtp_send_late_seconds",
    "aftertone_sip_dialogs",
    "aftertone_sip_requests_total",
    "aftertone_sip_responses_total",
    "aftertone_spool_blocks_waiting",
    "aftertone_spool_depth",
    "aftertone_spool_sync_seconds",
    "aftertone_store_commits_total",
    "aftertone_store_trips_total",
];

/// The token of the link in the only mail.
fn token(folder: &Path) -> String {
    let mut mails = std::fs::read_dir(folder.join("data/mail")).unwrap().map(|file| file.unwrap().path());
    let mail = mails.find(|path| path.extension().is_some_and(|end| end == "eml")).expect("a mail");
    let mail = std::fs::read_to_string(mail).unwrap().replace("=\r\n", "").replace("=\n", "");
    let link = mail.split("/m/").nth(1).expect("a link");
    link.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

#[tokio::test]
async fn after_a_call_its_metrics_are_there_and_readiness_tells_what_is_wrong() {
    // The test may be the first in its process that speaks HTTP as a client.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = Running::start();
    let ready = server.until("/readyz", |status, _| status == 200).await;
    let report: serde_json::Value = serde_json::from_str(&ready).unwrap();
    let names: Vec<&str> =
        report["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["database", "storage", "spool", "sip"]);

    let target = format!("sip:1001@{}", server.sip);
    let folder = server.folder.path().to_owned();
    let speech = speech(&folder);
    let call =
        move || run(&folder, &["call", &target, "--wav", &speech, "--keys", "t,p,#,w1", "--limit", "40s"]);
    tokio::task::spawn_blocking(call).await.unwrap();

    // Mailed, and counted by the outbox's next look.
    let metrics = server
        .until("/metrics", |_, text| text.contains(r#"aftertone_mails_total{outcome="accepted"} 1"#))
        .await;
    let missing: Vec<_> =
        OF_ONE_CALL.iter().filter(|name| !metrics.contains(&format!("# TYPE {name} "))).collect();
    assert!(missing.is_empty(), "{missing:?} missing in\n{metrics}");
    assert!(metrics.contains("aftertone_calls_total 1\n"), "{metrics}");
    assert!(metrics.contains("aftertone_calls_running 0\n"), "{metrics}");
    assert!(metrics.contains(r#"aftertone_recordings_ended_total{cause="key"} 1"#), "{metrics}");
    for private in ["\"1001", "ada@", "sip:", "127.0.0.1"] {
        assert!(!metrics.contains(private), "{private} stands in the metrics");
    }

    // What is exported is what the page plays, byte by byte.
    let folder = server.folder.path().to_owned();
    let page = format!("http://{}/m/{}/audio.wav", server.http, token(&folder));
    let played = reqwest::get(page).await.unwrap().error_for_status().unwrap().bytes().await.unwrap();
    let exported = tokio::task::spawn_blocking(move || {
        let listed = run(&folder, &["message", "list", "--mailbox", "1001", "--json"]);
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        let (id, out) = (listed[0]["id"].as_str().unwrap().to_owned(), folder.join("out.wav"));
        run(&folder, &["message", "export", &id, "--out", out.to_str().unwrap()]);
        std::fs::read(out).unwrap()
    });
    let exported = exported.await.unwrap();
    assert!(exported.len() > 16_000 && exported == played, "{} and {} bytes", exported.len(), played.len());

    // The store goes away, and comes back.
    let audio = server.folder.path().join("data/audio");
    std::fs::rename(&audio, audio.with_extension("away")).unwrap();
    std::fs::write(&audio, "a file where the folder was").unwrap();
    let sick = server.until("/readyz", |status, _| status == 503).await;
    assert!(sick.contains("make the folder or bucket reachable"), "{sick}");
    std::fs::remove_file(&audio).unwrap();
    std::fs::rename(audio.with_extension("away"), &audio).unwrap();
    server.until("/readyz", |status, _| status == 200).await;
}
