//! A real server for tests: the binary, a temporary data folder, free ports; and the commands beside it.
//!
//! Servers that run at once are bounded, so that the calls of one test do not starve those of another.

use std::io::Read as _;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aftertone::audio::wav;
use serde_json::Value;

pub(crate) use crate::ports::free_address;
use crate::ports::rtp_ports;

const BINARY: &str = env!("CARGO_BIN_EXE_aftertone");
/// Servers at once.
const MOST_SERVERS: usize = 3;
/// How long anything may take that should be there at once.
const PATIENCE: Duration = Duration::from_secs(90);

static RUNNING: Mutex<usize> = Mutex::new(0);
static ONE_ENDED: Condvar = Condvar::new();

struct Place;

impl Place {
    fn take() -> Self {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        while *running >= MOST_SERVERS {
            running = ONE_ENDED.wait(running).unwrap_or_else(PoisonError::into_inner);
        }
        *running += 1;
        Self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ONE_ENDED.notify_one();
    }
}

/// A running server.
pub(crate) struct Server {
    child: Option<Child>,
    folder: tempfile::TempDir,
    pub(crate) sip: SocketAddr,
    pub(crate) http: SocketAddr,
    _place: Place,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// What the test phone heard.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) samples: Vec<i16>,
    pub(crate) rate: u32,
    /// The line that the phone printed.
    pub(crate) said: String,
    /// When the tone was over.
    pub(crate) tone: Option<f64>,
}

impl Server {
    /// Makes the data folder and starts. `sections` is TOML of further sections, `sip` further lines of `[sip]`.
    pub(crate) fn start(sip: &str, sections: &str) -> Self {
        let mut server = Self::prepare(sip, sections);
        server.serve();
        server
    }

    /// As [`Server::start`], but not running yet.
    pub(crate) fn prepare(sip: &str, sections: &str) -> Self {
        let place = Place::take();
        let folder = tempfile::tempdir().unwrap();
        let server = Self { child: None, folder, sip: free_address(), http: free_address(), _place: place };
        server.configure(sip, sections);
        server
    }

    /// Writes the configuration file.
    pub(crate) fn configure(&self, sip: &str, sections: &str) {
        let voicemail = if sections.contains("[voicemail]") {
            ""
        } else {
            "[voicemail]\nsilence = \"2s\"\nmin_speech = 0.3\n"
        };
        let rtp = if sections.contains("[rtp]") {
            String::new()
        } else {
            format!("[rtp]\naddress = \"127.0.0.1\"\nports = \"{}\"\n", rtp_ports())
        };
        let (at, http) = (self.sip, self.http);
        let text = format!(
            "[sip]\nlisten = [\"udp://{at}\", \"tcp://{at}\"]\n{sip}\n{rtp}[http]\nlisten = \"{http}\"\n{voicemail}{sections}\n"
        );
        std::fs::write(self.config(), text).unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("aftertone.toml")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(BINARY);
        command.arg("--config").arg(self.config()).arg("--data").arg(self.data());
        command.env_remove("RUST_LOG").stdin(Stdio::null());
        command
    }

    /// Starts the process and waits until it is ready.
    pub(crate) fn serve(&mut self) {
        self.begin();
        let end = Instant::now() + PATIENCE;
        while self.get("/readyz").0 != 200 {
            assert!(self.runs(), "the server ended at its start:\n{}", self.log());
            assert!(Instant::now() < end, "the server is not ready within {PATIENCE:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Starts the process and waits until it takes connections, and no longer.
    pub(crate) fn serve_until_open(&mut self) {
        self.begin();
        let end = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(self.http).is_err() {
            assert!(self.runs(), "the server ended at its start:\n{}", self.log());
            assert!(Instant::now() < end, "nothing is served within {PATIENCE:?}\n{}", self.log());
        }
    }

    fn begin(&mut self) {
        let log = std::fs::File::create(self.file("log")).unwrap();
        let child = self
            .command()
            .arg("serve")
            .env("RUST_LOG", "info,aftertone::call=debug")
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Sends a signal to the process.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    }

    /// Waits for the end of the process; its exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.child.take().unwrap().wait().unwrap().code()
    }

    /// Whether the process runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// Waits until this holds; fails with the server's log when it does not.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Begins a command beside the server.
    pub(crate) fn spawn(&self, args: &[&str]) -> Child {
        self.command().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a command beside the server.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.command().args(args).output().unwrap().into()
    }

    /// Runs a command that must work; what it printed.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "{args:?}: {ran:?}");
        ran.out
    }

    /// Runs a command that must work with `--json`.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let args = [args, &["--json"]].concat();
        serde_json::from_str(&self.ok(&args)).unwrap()
    }

    /// Adds a user with a mailbox, a mail address and these settings.
    pub(crate) fn user(&self, extension: &str, settings: &[&str]) {
        let email = format!("u{extension}@example.org");
        self.ok(&["user", "add", "--extension", extension, "--first", "Ada", "--email", &email]);
        if !settings.is_empty() {
            self.ok(&[&["user", "set", extension], settings].concat());
        }
    }

    pub(crate) fn messages(&self, mailbox: &str) -> Vec<Value> {
        let listed = self.json(&["message", "list", "--mailbox", mailbox]);
        listed.as_array().unwrap().clone()
    }

    /// The only message of a mailbox.
    pub(crate) fn message(&self, mailbox: &str) -> Value {
        self.until("a message arrives", |server| !server.messages(mailbox).is_empty());
        let messages = self.messages(mailbox);
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages[0].clone()
    }

    /// The audio of a message.
    pub(crate) fn export(&self, message: &Value) -> wav::Pcm {
        let id = message["id"].as_str().unwrap();
        let file = self.file(&format!("{id}.wav"));
        self.ok(&["message", "export", id, "--out", file.to_str().unwrap()]);
        wav::read(&std::fs::read(file).unwrap()).unwrap()
    }

    /// Every mail that was written, as text.
    pub(crate) fn mails(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.data().join("mail")) else { return Vec::new() };
        let files = files.map(|file| file.unwrap().path());
        files
            .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect()
    }

    /// A WAV file in the server's folder.
    pub(crate) fn wav(&self, name: &str, samples: &[i16], rate: u32) -> PathBuf {
        let file = self.file(name);
        std::fs::write(&file, wav::write(samples, rate).unwrap()).unwrap();
        file
    }

    /// Places a call with the test phone; `keys` is its script, `wav` what `p` speaks.
    pub(crate) fn call(&self, extension: &str, keys: &str, wav: Option<&Path>, more: &[&str]) -> Heard {
        let name = format!("heard-{extension}-{}.wav", COUNT.fetch_add(1, Ordering::Relaxed));
        let record = self.file(&name);
        let target = format!("sip:{extension}@{}", self.sip);
        let mut args = vec!["call", &target, "--keys", keys, "--record", record.to_str().unwrap()];
        if let Some(wav) = wav {
            args.extend(["--wav", wav.to_str().unwrap()]);
        }
        args.extend(more);
        let said = self.ok(&args);
        let pcm = wav::read(&std::fs::read(record).unwrap()).unwrap();
        let tone =
            said.split("tone over after ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
        Heard { samples: pcm.samples, rate: pcm.rate, said, tone }
    }

    /// GET: status and body. Status 0 when nothing listens.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.get_with(path, "")
    }

    /// The same with the key of a program.
    pub(crate) fn get_as(&self, key: &str, path: &str) -> (u16, String) {
        self.get_with(path, &format!("Authorization: Bearer {key}\r\n"))
    }

    fn get_with(&self, path: &str, header: &str) -> (u16, String) {
        use std::io::Write as _;
        let Ok(mut stream) = TcpStream::connect(self.http) else { return (0, String::new()) };
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{header}\r\n", self.http);
        let mut answer = Vec::new();
        if stream.write_all(request.as_bytes()).is_err() || stream.read_to_end(&mut answer).is_err() {
            return (0, String::new());
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }
}

static COUNT: AtomicU16 = AtomicU16::new(0);

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Gone already, or killed now: either way it is reaped.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!(
                "--- log of the server ---\n{}",
                std::fs::read_to_string(self.file("log")).unwrap_or_default()
            );
        }
    }
}

/// Runs these at once and waits for all.
pub(crate) fn together(jobs: Vec<Box<dyn FnOnce() + Send + '_>>) {
    std::thread::scope(|scope| {
        let running: Vec<_> = jobs.into_iter().map(|job| scope.spawn(job)).collect();
        let failed =
            running.into_iter().map(std::thread::ScopedJoinHandle::join).filter(Result::is_err).count();
        assert_eq!(failed, 0, "{failed} of the calls failed; see above");
    });
}

/// A program that a test needs; without it the test skips, or fails under `AFTERTONE_TEST_ALL=1`.
pub(crate) fn installed(program: &str, package: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
    if found.status.success() {
        return true;
    }
    let all = std::env::var("AFTERTONE_TEST_ALL").is_ok_and(|all| all == "1");
    assert!(!all, "AFTERTONE_TEST_ALL=1, but {program} is not installed: apt-get install {package}");
    eprintln!("SKIPPED: {program} is not installed (apt-get install {package})");
    false
}
