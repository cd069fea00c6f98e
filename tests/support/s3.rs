//! A private S3 server for tests (`s3.py`), gone with its guard. Not a mock of our own: moto speaks the protocol.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running server with the bucket `audio`.
pub(crate) struct S3 {
    child: Child,
    /// Where it listens on loopback.
    pub(crate) port: u16,
}

impl S3 {
    /// Starts one on this port (0: any); `None` (with the reason on stderr) where it cannot be had.
    ///
    /// # Panics
    /// When it does not start; or cannot be had although `AFTERTONE_TEST_ALL=1` asks for everything.
    pub(crate) fn start(port: u16) -> Option<Self> {
        let Some(python) = python_with_moto() else {
            let all = std::env::var("AFTERTONE_TEST_ALL").is_ok_and(|all| all == "1");
            assert!(!all, "AFTERTONE_TEST_ALL=1, but there is no S3 server: pip install 'moto[server]'");
            eprintln!("SKIPPED on S3: moto is not installed (pip install 'moto[server]')");
            return None;
        };
        let port = if port == 0 { crate::ports::free_port() } else { port };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/s3.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output is piped"))
            .read_line(&mut line)
            .expect("the S3 server says something");
        let port = line.trim().parse().expect("the S3 server says its port");
        Some(Self { child, port })
    }

    /// The variables that lead to it.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let endpoint = format!("http://127.0.0.1:{}", self.port);
        [("AWS_ENDPOINT", &*endpoint), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A python that has moto: that of `tests/run`, the system's, or one in a virtual environment that is made on first use.
fn python_with_moto() -> Option<PathBuf> {
    if let Some(given) =
        std::env::var_os("AFTERTONE_TEST_PYTHON").map(PathBuf::from).filter(|it| has_moto(it))
    {
        return Some(given);
    }
    let system = PathBuf::from("python3");
    if has_moto(&system) {
        return Some(system);
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto");
    let python = folder.join("bin/python");
    if !has_moto(&python) {
        run(Command::new(&system).args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--timeout=20", "moto[server]"]))?;
    }
    has_moto(&python).then_some(python)
}

fn has_moto(python: &Path) -> bool {
    run(Command::new(python).args(["-c", "import moto.server, boto3"])).is_some()
}

fn run(command: &mut Command) -> Option<()> {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    status.success().then_some(())
}
