//! Starts `smtp.py` (aiosmtpd in a virtual environment below the target folder) and reads what it got.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// A running mail server. Stops when dropped.
pub(crate) struct SmtpServer {
    child: Child,
    pub(crate) port: u16,
    folder: PathBuf,
    _kept: tempfile::TempDir,
}

/// A mail that reached the server.
pub(crate) struct Received {
    pub(crate) from: Option<String>,
    pub(crate) to: Vec<String>,
    pub(crate) tls: bool,
    pub(crate) user: Option<String>,
    /// Whether the server told the sender that it took the mail.
    pub(crate) taken: bool,
    /// The sender's port: tells connections apart.
    pub(crate) connection: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> String {
        use mailparse::MailHeaderMap as _;
        mailparse::parse_mail(&self.bytes).unwrap().headers.get_first_value(name).unwrap_or_default()
    }
}

/// The Python to run, or `None` with a line that says why. `AFTERTONE_TEST_ALL=1` makes that a failure.
pub(crate) fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PYTHON.get_or_init(prepare) {
        Ok(python) => Some(python),
        Err(why) if std::env::var_os("AFTERTONE_TEST_ALL").is_some_and(|all| all == "1") => {
            panic!("no mail server to test against: {why}")
        }
        Err(why) => {
            eprintln!("skipped: no mail server to test against: {why}");
            None
        }
    }
}

fn prepare() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("smtp-venv");
    let python = home.join("bin/python");
    let has_it = |python: &Path| run(Command::new(python).args(["-c", "import aiosmtpd"])).is_ok();
    // That of `tests/run`; without it one is made here.
    if let Some(given) = std::env::var_os("AFTERTONE_TEST_PYTHON").map(PathBuf::from).filter(|it| has_it(it))
    {
        return Ok(given);
    }
    if has_it(&python) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "aiosmtpd==1.4.6"]))?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or_else(|| format!("{name}: {said}"))
}

impl SmtpServer {
    /// Starts a server in `mode`; `arguments` as `smtp.py` has them.
    pub(crate) fn start(mode: &str, arguments: &[&str]) -> Option<Self> {
        let python = python()?;
        let kept = tempfile::tempdir().unwrap();
        let folder = kept.path().to_owned();
        std::fs::write(folder.join("mode"), mode).unwrap();
        if arguments.contains(&"--tls") {
            certify(&folder);
        }
        let (child, port) = spawn(python, &folder, crate::ports::free_port(), arguments);
        Some(Self { child, port, folder, _kept: kept })
    }

    pub(crate) fn set_mode(&self, mode: &str) {
        std::fs::write(self.folder.join("mode"), mode).unwrap();
    }

    /// The CA that signed the server's certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    pub(crate) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Comes back on the same port, with the mails it had.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let (child, port) = spawn(python().unwrap(), &self.folder, self.port, &[]);
        assert_eq!(port, self.port);
        self.child = child;
    }

    /// Every mail that came, in order.
    pub(crate) fn received(&self) -> Vec<Received> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .collect();
        files.sort();
        files.iter().map(|file| read(file)).collect()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn read(file: &Path) -> Received {
    let seen: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    Received {
        // aiosmtpd shows the null path as it came.
        from: text(&seen["from"]).filter(|path| path != "<>"),
        to: seen["to"].as_array().unwrap().iter().filter_map(text).collect(),
        tls: seen["tls"].as_bool().unwrap(),
        user: text(&seen["user"]),
        taken: seen["taken"].as_bool().unwrap(),
        connection: seen["connection"].as_u64().unwrap(),
        bytes: std::fs::read(file.with_extension("eml")).unwrap(),
    }
}

fn spawn(python: &Path, folder: &Path, port: u16, arguments: &[&str]) -> (Child, u16) {
    let mut child = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/smtp.py"))
        .arg(folder)
        .args(["--port", &port.to_string()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.trim().strip_prefix("ready ").unwrap_or_else(|| panic!("the mail server said {line:?}"));
    (child, port.parse().unwrap())
}

/// A CA and a certificate for 127.0.0.1 that it signed.
fn certify(folder: &Path) {
    let openssl = |arguments: &str| {
        run(Command::new("openssl").args(arguments.split(' ')).current_dir(folder)).unwrap();
    };
    std::fs::write(folder.join("server.ext"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        .unwrap();
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem",
    );
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=mail.test -keyout server.key -out server.csr",
    );
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out server.pem",
    );
}
