//! A private PostgreSQL for tests: its own cluster in a temporary folder, reached by a Unix socket, gone with its guard.
//!
//! Not a fixture of tables: every [`Postgres::database`] is empty. A shell that holds our pipe as its standard input
//! stops the server when the pipe closes, so that even a killed test leaves nothing running.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sqlx::{Connection as _, PgConnection};

/// A running cluster.
pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    binaries: PathBuf,
    keeper: Child,
    databases: AtomicU32,
}

static RUNNING: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

impl Postgres {
    /// The cluster that the tests of this program share; `None` (with the reason on stderr) where the binaries are
    /// not installed.
    ///
    /// # Panics
    /// When it cannot be started; or is not installed although `AFTERTONE_TEST_ALL=1` asks for everything.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(postgres) = running.upgrade() {
            return Some(postgres);
        }
        let postgres = Arc::new(Self::own()?);
        *running = Arc::downgrade(&postgres);
        Some(postgres)
    }

    /// A cluster that nobody else uses and that may be stopped; `None` as [`Postgres::shared`].
    ///
    /// # Panics
    /// As [`Postgres::shared`].
    pub(crate) fn own() -> Option<Self> {
        let Some(binaries) = binaries() else {
            let all = std::env::var("AFTERTONE_TEST_ALL").is_ok_and(|all| all == "1");
            assert!(
                !all,
                "AFTERTONE_TEST_ALL=1, but PostgreSQL is not installed: apt-get install postgresql"
            );
            eprintln!("SKIPPED on PostgreSQL: it is not installed (apt-get install postgresql)");
            return None;
        };
        Some(Self::start(binaries))
    }

    /// Stops the server; its data stays.
    pub(crate) fn stop(&mut self) {
        if let Some(mut pipe) = self.keeper.stdin.take() {
            // A keeper that has ended already is what we want.
            let _ = pipe.write_all(b"stop\n");
        }
        let _ = self.keeper.wait();
    }

    /// Starts it again after [`Postgres::stop`].
    ///
    /// # Panics
    /// When it does not start.
    #[allow(dead_code, reason = "not every test binary that includes this stops the server")]
    pub(crate) fn start_again(&mut self) {
        self.keeper = keep(&self.binaries, self.folder.path());
        self.wait_until_ready();
    }

    /// The URL of a new, empty database.
    ///
    /// # Panics
    /// When it cannot be made.
    pub(crate) async fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect(&self.url("postgres")).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(create).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://aftertone@localhost/{database}?host={}", self.folder.path().display())
    }

    fn start(binaries: PathBuf) -> Self {
        let folder = tempfile::Builder::new().prefix("aftertone-pg-").tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        if is_root {
            let (uid, gid) = account("postgres");
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let data = folder.path().join("data");
        let made = as_server(is_root, &binaries.join("initdb"))
            .args([
                "--auth=trust",
                "--username=aftertone",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .current_dir("/")
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));

        let keeper = keep(&binaries, folder.path());
        let postgres = Self { folder, binaries, keeper, databases: AtomicU32::new(0) };
        postgres.wait_until_ready();
        postgres
    }

    fn wait_until_ready(&self) {
        for _ in 0..1_200 {
            let ready = Command::new(self.binaries.join("pg_isready"))
                .args(["--quiet", "--username=aftertone", "--host"])
                .arg(self.folder.path())
                .status()
                .unwrap();
            if ready.success() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("PostgreSQL did not start within two minutes: {log}");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs the server under a shell that ends with it: `read` returns when our end of the pipe is closed.
fn keep(binaries: &Path, folder: &Path) -> Child {
    let script = r#""$1" -D "$2" -k "$3" -c listen_addresses= -c fsync=off >"$3/log" 2>&1 & server=$!
        read -r line; kill -INT $server; wait $server"#;
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    as_server(is_root, Path::new("/bin/sh"))
        .args(["-c", script, "keeper"])
        .args([&binaries.join("postgres"), &folder.join("data"), &folder.to_path_buf()])
        .current_dir("/")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The server refuses to run as root: as root, its programs run as the account that the package made.
fn as_server(is_root: bool, program: &Path) -> Command {
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn account(name: &str) -> (u32, u32) {
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let line = accounts.lines().find(|line| line.split(':').next() == Some(name));
    let fields: Vec<_> = line.expect("the package made an account named postgres").split(':').collect();
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}

/// The newest installed version, as Debian lays them out.
fn binaries() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").exists() && folder.join("postgres").exists())
        .collect();
    found.sort();
    found.pop().map(|(_, folder)| folder)
}
