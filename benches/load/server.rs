//! The server under test: the program itself as a child with a data folder of its own, and what it costs.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aftertone::clock::SystemClock;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::fingers::PIN;

const PROGRAM: &str = env!("CARGO_BIN_EXE_aftertone");
/// Unit of the times in `/proc/PID/stat` (USER_HZ).
const TICK: Duration = Duration::from_millis(10);
const PAGE_KIB: u64 = 4;
/// The server must be ready after so many looks, 10 ms apart.
const LOOKS: u32 = 3000;
/// One turn of the wheel.
const TURN: Duration = Duration::from_millis(20);

/// The number that leads to the sign-in.
pub(crate) const SIGN_IN: u32 = 8000;

/// A message as `message list --json` tells it.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) caller_number: Option<String>,
    pub(crate) duration_ms: u64,
}

/// The running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    folder: TempDir,
    sip: SocketAddrV4,
    http: SocketAddr,
}

/// What the server says of the messages it has stored.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Deposits {
    /// Half of them were durable so many milliseconds after their call had ended.
    pub(crate) half_ms: f64,
    /// All but one in a hundred.
    pub(crate) most_ms: f64,
    /// Trips to the database for a message, from INVITE to mail.
    pub(crate) trips: f64,
    /// Commits for a message.
    pub(crate) commits: f64,
}

impl Server {
    /// Adds the mailboxes, each with `greeting` as its own, starts the server with so many media threads and waits until it is
    /// ready.
    pub(crate) fn start(
        listen: Option<SocketAddrV4>,
        workers: usize,
        mailboxes: &[u32],
        greeting: &[i16],
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let sip = listen.unwrap_or_else(|| {
            let probe = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a UDP port on loopback is free");
            SocketAddrV4::new(
                Ipv4Addr::LOCALHOST,
                probe.local_addr().expect("a bound socket has an address").port(),
            )
        });
        let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|probe| probe.local_addr())
            .expect("a TCP port on loopback is free");
        // The ports lie below those that the system gives to others.
        let config = format!(
            "[sip]\nlisten = [\"udp://{sip}\"]\nmax_calls = 20000\naccess_numbers = [\"{SIGN_IN}\"]\n[rtp]\naddress = \"127.0.0.1\"\nports = \"10000-31999\"\n\
             workers = {workers}\n[http]\nlisten = \"{http}\"\n[voicemail]\nmax_messages = 0\n"
        );
        fs::write(folder.path().join("aftertone.toml"), config).expect("the configuration can be written");
        let wav = folder.path().join("greeting.wav");
        let greeting = aftertone::audio::wav::write(greeting, 8000).expect("a greeting fits into a WAV file");
        fs::write(&wav, greeting).expect("the greeting can be written");
        for mailbox in mailboxes {
            let (mailbox, email) = (mailbox.to_string(), format!("user{mailbox}@example.org"));
            let add = ["user", "add", "--extension", &mailbox, "--email", &email, "--pin", PIN];
            run(aftertone(&folder).args(add));
            let set = ["greeting", "set", "--mailbox", &mailbox, "--kind", "standard", "--file"];
            run(aftertone(&folder).args(set).arg(&wav));
        }
        let log = File::create(folder.path().join("server.log")).expect("the log can be written");
        let clock = SystemClock::shared();
        let began = clock.monotonic();
        let child = aftertone(&folder)
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let server = Self { child, folder, sip, http };
        assert!(is_ready(http), "the server is not ready after 30 s:\n{}", server.log_tail());
        let took = clock.monotonic().saturating_sub(began);
        println!("The server is ready {} ms after the start of its process.", took.as_millis());
        server
    }

    /// Where it listens.
    pub(crate) fn sip(&self) -> SocketAddrV4 {
        self.sip
    }

    /// The messages of a mailbox.
    pub(crate) fn messages(&self, mailbox: u32) -> Vec<Message> {
        let mailbox = mailbox.to_string();
        let listed = run(aftertone(&self.folder).args(["message", "list", "--json", "--mailbox", &mailbox]));
        serde_json::from_slice(&listed).expect("message list prints JSON")
    }

    /// From `/metrics`; times are the upper ends of its buckets.
    pub(crate) fn deposits(&self) -> Deposits {
        let text = get(self.http, "/metrics").unwrap_or_default();
        let value = |name: &str| {
            let of = |line: &&str| line.split([' ', '{']).next() == Some(name);
            text.lines()
                .filter(of)
                .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
                .sum::<f64>()
        };
        let count = value("aftertone_deposit_seconds_count");
        let within = |share: f64| {
            let bucket = |line: &str| {
                let (limit, below) =
                    line.strip_prefix("aftertone_deposit_seconds_bucket{le=\"")?.split_once("\"} ")?;
                (below.parse::<f64>().ok()? >= share * count).then(|| limit.parse::<f64>().ok()).flatten()
            };
            text.lines().find_map(bucket).unwrap_or(f64::NAN) * 1000.0
        };
        Deposits {
            half_ms: within(0.5),
            most_ms: within(0.99),
            trips: value("aftertone_store_trips_total") / count,
            commits: value("aftertone_store_commits_total") / count,
        }
    }

    /// The samples of a message.
    pub(crate) fn samples(&self, message: &Message) -> Vec<i16> {
        let file = self.folder.path().join("exported.wav");
        run(aftertone(&self.folder).args(["message", "export", &message.id, "--out"]).arg(&file));
        let bytes = fs::read(&file).expect("the exported file can be read");
        aftertone::audio::wav::read(&bytes).expect("the exported file is WAV").samples
    }

    /// Ends it as an operator would; `keep` leaves the folder where it is.
    pub(crate) fn stop(mut self, keep: bool) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(Err(error)) = pid.map(|pid| kill_process(pid, Signal::TERM)) {
            eprintln!("  the server cannot be stopped: {error}");
        }
        match self.child.wait() {
            Ok(status) if status.success() => {}
            ended => eprintln!("  the server did not end well ({ended:?}):\n{}", self.log_tail()),
        }
        if keep {
            self.folder.disable_cleanup(true);
            eprintln!("  kept: {}", self.folder.path().display());
        }
    }

    fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Processor time since its start.
    fn cpu(&self) -> Duration {
        processor_time(&self.proc("stat"))
    }

    /// Resident memory in KiB.
    fn memory(&self) -> u64 {
        let statm = fs::read_to_string(self.proc("statm")).expect("/proc tells of the server");
        statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * PAGE_KIB
    }

    fn proc(&self, file: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{file}", self.child.id()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended when `stop` was called; nothing can be done about a failure here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of a process since its start.
pub(crate) fn processor_time(stat: &Path) -> Duration {
    let stat = fs::read_to_string(stat).expect("/proc tells of the process");
    // The name in parentheses may hold blanks; utime and stime are the fields 14 and 15 (proc_pid_stat(5)).
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    TICK * after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum::<u32>()
}

/// Processor time of the callers, who are this process.
fn own_cpu() -> Duration {
    processor_time(Path::new("/proc/self/stat"))
}

/// The program with the run's folder and configuration.
fn aftertone(folder: &TempDir) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("--config").arg(folder.path().join("aftertone.toml"));
    command.arg("--data").arg(folder.path().join("data"));
    command.stdin(Stdio::null());
    command
}

/// What the command prints; it must succeed.
fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn is_ready(http: SocketAddr) -> bool {
    (0..LOOKS).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        get(http, "/readyz").is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
    })
}

/// The whole answer, head and body.
fn get(http: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(http).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).ok()?;
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// When the window begins: the time, and the processor time of server and callers.
#[derive(Debug, Clone, Copy)]
struct Begin {
    at: Duration,
    cpu: Duration,
    own: Duration,
}

/// What the server used within the window.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    idle_kib: u64,
    begin: Option<Begin>,
    /// Processor time and wall time of the window.
    pub(crate) used: Option<(Duration, Duration)>,
    /// Processor time of the callers.
    own: Duration,
    /// Calls times seconds.
    pub(crate) call_seconds: f64,
    most_up: usize,
    busy_kib: u64,
}

impl Meter {
    /// Before the first call.
    pub(crate) fn idle(server: &Server) -> Self {
        Self { idle_kib: server.memory(), ..Self::default() }
    }

    /// Every turn of the wheel; `up` calls are answered.
    pub(crate) fn turn(&mut self, server: &Server, now: Duration, window: Range<Duration>, up: usize) {
        if now < window.start || self.used.is_some() {
            return;
        }
        let begin = *self.begin.get_or_insert_with(|| Begin { at: now, cpu: server.cpu(), own: own_cpu() });
        if now >= window.end {
            self.used = Some((server.cpu() - begin.cpu, now - begin.at));
            self.own = own_cpu() - begin.own;
            self.busy_kib = server.memory();
            return;
        }
        self.call_seconds += up as f64 * TURN.as_secs_f64();
        self.most_up = self.most_up.max(up);
    }

    /// Resident memory before the first call, in MiB.
    pub(crate) fn idle_mib(&self) -> f64 {
        self.idle_kib as f64 / 1024.0
    }

    /// Resident memory a call adds, in KiB.
    pub(crate) fn kib_per_call(&self) -> f64 {
        self.busy_kib.saturating_sub(self.idle_kib) as f64 / self.most_up.max(1) as f64
    }

    /// Processor milliseconds for a second of a call.
    pub(crate) fn cpu_ms_per_call_second(&self) -> f64 {
        self.used.map_or(f64::NAN, |(cpu, _)| {
            cpu.as_secs_f64() * 1000.0 / self.call_seconds.max(f64::MIN_POSITIVE)
        })
    }

    /// Share of their core that the callers used: when it nears 1, they are the bottleneck.
    pub(crate) fn share_of_load_core(&self) -> f64 {
        self.used.map_or(f64::NAN, |(_, wall)| self.own.as_secs_f64() / wall.as_secs_f64())
    }

    /// Share of the core that was used.
    pub(crate) fn share_of_core(&self) -> f64 {
        self.used.map_or(f64::NAN, |(cpu, wall)| cpu.as_secs_f64() / wall.as_secs_f64())
    }
}
