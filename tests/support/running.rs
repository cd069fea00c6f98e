//! The real program, running on free ports of the loopback address with a folder of its own.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::ports::{free_port, rtp_ports};

/// The server process; it is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    folder: tempfile::TempDir,
    pub(crate) sip: SocketAddr,
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aftertone"));
    command.current_dir(folder).args(["--config", "aftertone.toml", "--data", "data"]);
    command.env_remove("RUST_LOG");
    command
}

impl Running {
    /// Starts `serve` with one user, 1001; `sip` is added to `[sip]`, `more` to the end of the configuration.
    pub(crate) fn start(sip: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, http, rtp) = (free_port(), free_port(), rtp_ports());
        let config = format!(
            "[sip]\nlisten = [\"udp://0.0.0.0:{port}\", \"tcp://0.0.0.0:{port}\"]\nadvertise = \"127.0.0.1\"\npeers = [\"127.0.0.1/32\"]\n{sip}\n\
             [rtp]\naddress = \"127.0.0.1\"\nports = \"{rtp}\"\n[http]\nlisten = \"127.0.0.1:{http}\"\n{more}\n"
        );
        std::fs::write(folder.path().join("aftertone.toml"), config).unwrap();
        let added = program(folder.path())
            .args(["user", "add", "--extension", "1001", "--first", "Ada", "--email", "ada@example.org"])
            .output()
            .unwrap();
        assert!(added.status.success(), "{added:?}");
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = program(folder.path()).arg("serve").stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let sip = SocketAddr::from(([127, 0, 0, 1], port));
        let running = Self { child, folder, sip };
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(sip).is_err() {
            assert!(Instant::now() < until, "the server does not start: {}", running.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// What the server logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Runs another command beside the server.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        program(self.folder.path()).args(args).output().unwrap()
    }

    /// Runs a command that must succeed; its standard output.
    pub(crate) fn must(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The messages in the inbox of 1001, once there are `count`.
    pub(crate) fn messages(&self, count: usize) -> Vec<serde_json::Value> {
        let until = Instant::now() + Duration::from_secs(90);
        loop {
            let text = self.must(&["message", "list", "--mailbox", "1001", "--json"]);
            let found: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
            if found.len() >= count {
                return found;
            }
            assert!(Instant::now() < until, "{} messages instead of {count}: {}", found.len(), self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Samples and rate of a message.
    pub(crate) fn export(&self, message: &serde_json::Value) -> (Vec<i16>, u32) {
        let out = self.folder.path().join("out.wav");
        self.must(&["message", "export", message["id"].as_str().unwrap(), "--out", out.to_str().unwrap()]);
        let pcm = aftertone::audio::wav::read(&std::fs::read(&out).unwrap()).unwrap();
        (pcm.samples, pcm.rate)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
