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

fn command(folder: &Path, args: &[&str]) -> Command {
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

/// Seen only where somebody is refused, or something fails.
const TROUBLES: &[&str] = &[
    "aftertone_calls_refused_total",
    "aftertone_directory_remembered_total",
    "aftertone_http_connections_refused_total",
    "aftertone_link_guesses_total",
    "aftertone_media_events_dropped_total",
    "aftertone_messages_purged_total",
    "aftertone_recordings_dropped_total",
    "aftertone_recordings_quarantined_total",
    "aftertone_recordings_refused_total",
    "aftertone_sip_dropped_total",
    "aftertone_spool_failures_total",
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
async fn after_a_call_every_documented_metric_is_there_and_readiness_tells_what_is_wrong() {
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
    let metrics =
        server.until("/metrics", |_, text| text.contains(r#"aftertone_jobs{state="done"} 1"#)).await;
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let documented: Vec<&str> = readme
        .split('`')
        .filter(|word| word.starts_with("aftertone_"))
        .map(|word| word.split('{').next().unwrap())
        .filter(|name| !TROUBLES.contains(name))
        .collect();
    assert!(documented.len() >= 18, "{documented:?}");
    let missing: Vec<_> =
        documented.iter().filter(|name| !metrics.contains(&format!("# TYPE {name} "))).collect();
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
