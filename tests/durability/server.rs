//! A real server process on real data, that can be killed and started again; and a look into what it has stored.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aftertone::audio::wav;
use aftertone::blob::objects::Objects;
use aftertone::clock::SystemClock;
use aftertone::domain::{Folder, Mailbox, Message};
use aftertone::store::Store;

use crate::ports::{free_address, rtp_ports};

const BINARY: &str = env!("CARGO_BIN_EXE_aftertone");

/// What servers work on: a data folder each, a database, an object store, a way for mail.
pub(crate) struct Site {
    pub(crate) database: String,
    pub(crate) storage: String,
    pub(crate) mail: String,
    pub(crate) variables: Vec<(String, String)>,
    data: PathBuf,
    /// Configuration and logs: not on the disk that a test fills.
    folder: tempfile::TempDir,
}

impl Site {
    /// SQLite, folders, and mail as files.
    pub(crate) fn local() -> Self {
        let folder = tempfile::Builder::new().prefix("aftertone-durability-").tempdir().unwrap();
        let data = folder.path().to_owned();
        Self::on(folder, data)
    }

    /// The same with all data on this disk.
    pub(crate) fn on_disk(disk: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("aftertone-durability-").tempdir().unwrap();
        Self::on(folder, disk.to_owned())
    }

    fn on(folder: tempfile::TempDir, data: PathBuf) -> Self {
        let at = data.display();
        Self {
            database: format!("sqlite://{at}/aftertone.db"),
            storage: format!("file://{at}/audio"),
            mail: format!("file://{at}/mail"),
            variables: Vec::new(),
            data,
            folder,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.data.join(name)
    }

    /// A node of its own folder and ports, not started.
    pub(crate) fn node(&self, name: &str) -> Node {
        let (sip, http) = (free_address(), free_address());
        let mut config = String::new();
        let _ = write!(
            config,
            "[sip]\nlisten = [\"udp://{sip}\"]\n[rtp]\naddress = \"127.0.0.1\"\nports = \"{}\"\n[http]\nlisten = \"{http}\"\n\
             [database]\nurl = \"{}\"\n[storage]\nurl = \"{}\"\n[mail]\nurl = \"{}\"\n\
             [voicemail]\nsilence = \"20s\"\nmin_speech = 0.3\nmax_messages = 0\n",
            rtp_ports(),
            self.database,
            self.storage,
            self.mail
        );
        let file = self.folder.path().join(format!("{name}.toml"));
        std::fs::write(&file, config).unwrap();
        Node {
            sip,
            http,
            config: file,
            data: self.path(name),
            log: self.folder.path().join(format!("{name}.log")),
            variables: self.variables.clone(),
            child: None,
        }
    }

    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.database, SystemClock::shared()).await.unwrap()
    }

    pub(crate) fn objects(&self) -> Objects {
        Objects::open_with(&self.storage, self.variables.clone()).unwrap()
    }

    /// Mails that were written as files.
    pub(crate) fn mails(&self) -> usize {
        let mails = std::fs::read_dir(self.path("mail"));
        mails.map_or(0, |files| {
            files
                .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "eml"))
                .count()
        })
    }
}

/// A server process, running or not.
pub(crate) struct Node {
    pub(crate) sip: SocketAddr,
    pub(crate) http: SocketAddr,
    config: PathBuf,
    data: PathBuf,
    log: PathBuf,
    variables: Vec<(String, String)>,
    child: Option<Child>,
}

impl Node {
    /// Starts it and returns once it answers over HTTP.
    pub(crate) async fn start(&mut self) {
        self.spawn();
        let began = Instant::now();
        while self.get("/healthz").await.is_none() {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().unwrap());
            assert!(ended.is_none() && began.elapsed() < Duration::from_secs(90), "{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts it and does not wait.
    pub(crate) fn spawn(&mut self) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        let child = self.command(&["serve"]).stderr(log).spawn().unwrap();
        self.child = Some(child);
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Runs a command of the program on the same data.
    pub(crate) fn run(&self, arguments: &[&str]) {
        let output = self.command(arguments).stderr(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Exit code of a command that must fail, and everything that it said.
    pub(crate) fn refused(&self, command: &str) -> (Option<i32>, String) {
        let output = self.command(&[command]).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Adds Ada at 1001, whose callers get no instructions and who is told by mail.
    pub(crate) fn add_ada(&self) {
        self.run(&["user", "add", "--extension", "1001", "--first", "Ada", "--email", "ada@example.org"]);
        self.run(&["user", "set", "1001", "--instructions", "false"]);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.arg("--config").arg(&self.config).arg("--data").arg(&self.data).args(arguments);
        command.envs(self.variables.iter().cloned()).stdout(Stdio::null());
        command
    }

    /// Status and body of a page; `None` when nobody answers.
    pub(crate) async fn get(&self, path: &str) -> Option<(u16, String)> {
        let (http, path) = (self.http, path.to_owned());
        let asked = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(http).ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
            write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).ok()?;
            let status = answer.split(' ').nth(1)?.parse().ok()?;
            Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
        });
        asked.await.unwrap()
    }

    /// Waits until `/readyz` has this status; its body.
    pub(crate) async fn until_ready_says(&self, status: u16) -> String {
        let mut last = None;
        for _ in 0..360 {
            last = self.get("/readyz").await;
            if let Some((said, body)) = &last
                && *said == status
            {
                return body.clone();
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        panic!("/readyz does not say {status}: {last:?}\n{}", self.log());
    }

    /// How often the log says this.
    pub(crate) fn says(&self, words: &str) -> usize {
        self.log().lines().filter(|line| line.contains(words)).count()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.data.join("spool")
    }

    /// Bytes of each recording that lies in the spool.
    pub(crate) fn spooled(&self) -> Vec<u64> {
        let Ok(files) = std::fs::read_dir(self.spool()) else { return Vec::new() };
        files
            .filter_map(|file| {
                let file = file.ok()?;
                let is_recording = file.path().extension().is_some_and(|end| end == "rec");
                is_recording.then(|| file.metadata().ok().map(|meta| meta.len())).flatten()
            })
            .collect()
    }

    /// Waits until the spool looks like that.
    pub(crate) async fn until_spool(&self, what: &str, mut looks: impl FnMut(&[u64]) -> bool) {
        let began = Instant::now();
        while !looks(&self.spooled()) {
            let late = began.elapsed() > Duration::from_secs(90);
            assert!(!late, "{what}: {:?}\n{}", self.spooled(), self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How long it takes from now until an OPTIONS is answered over UDP.
    pub(crate) fn until_sip(&self) -> Duration {
        let began = Instant::now();
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let me = socket.local_addr().unwrap();
        for number in 0.. {
            assert!(began.elapsed() < Duration::from_secs(30), "no SIP: {}", self.log());
            let request = format!(
                "OPTIONS sip:{0} SIP/2.0\r\nVia: SIP/2.0/UDP {me};rport;branch=z9hG4bK{number}x{1}\r\nMax-Forwards: 70\r\n\
                 From: <sip:probe@{me}>;tag={number}\r\nTo: <sip:{0}>\r\nCall-ID: {number}@{me}\r\nCSeq: 1 OPTIONS\r\n\
                 Contact: <sip:probe@{me}>\r\nContent-Length: 0\r\n\r\n",
                self.sip,
                me.port()
            );
            let mut answer = [0; 2048];
            // A port that nobody has open refuses: then it is asked again.
            let answered =
                socket.send_to(request.as_bytes(), self.sip).and_then(|_| socket.recv(&mut answer));
            match answered {
                Ok(count) if answer[..count].starts_with(b"SIP/2.0 200") => break,
                Ok(_) => {}
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        began.elapsed()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ada's mailbox and what is in it.
pub(crate) struct Inbox {
    pub(crate) store: Store,
    objects: Objects,
    ada: Mailbox,
}

impl Inbox {
    pub(crate) async fn of(site: &Site) -> Self {
        let store = site.store().await;
        let tenant = store.default_tenant().await.unwrap();
        let ada = store.mailbox_by_extension(tenant.id, &"1001".parse().unwrap()).await.unwrap().unwrap();
        Self { store, objects: site.objects(), ada }
    }

    pub(crate) async fn messages(&self) -> Vec<Message> {
        self.store.messages(self.ada.tenant, self.ada.id, Folder::Inbox).await.unwrap()
    }

    pub(crate) const fn ada(&self) -> &Mailbox {
        &self.ada
    }

    pub(crate) async fn from(&self, number: &str) -> Vec<Message> {
        let mut messages = self.messages().await;
        messages.retain(|message| message.caller.number.as_deref() == Some(number));
        messages
    }

    /// Waits until there are so many messages from this number.
    pub(crate) async fn until(&self, number: &str, count: usize, patience: Duration) -> Vec<Message> {
        let began = Instant::now();
        loop {
            let found = self.from(number).await;
            if found.len() >= count || began.elapsed() > patience {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn samples(&self, message: &Message) -> Vec<i16> {
        let bytes = self.objects.get(&message.object).await.unwrap();
        assert_eq!(bytes.len() as u64, message.bytes);
        wav::read(&bytes).unwrap().samples
    }
}
