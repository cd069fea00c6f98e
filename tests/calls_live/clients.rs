//! A real softphone: baresip leaves a message.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::ears::{find, speech};
use crate::live::{Server, free_address, installed};

/// Where Debian puts the modules.
fn modules() -> Option<&'static str> {
    [
        "/usr/lib/baresip/modules",
        "/usr/lib/x86_64-linux-gnu/baresip/modules",
        "/usr/lib/aarch64-linux-gnu/baresip/modules",
    ]
    .into_iter()
    .find(|folder| Path::new(folder).is_dir())
}

struct Baresip {
    child: Child,
    control: TcpStream,
}

impl Baresip {
    /// A phone without devices: it speaks the file, and does what the control connection says.
    fn start(server: &Server, wav: &Path) -> Self {
        let folder = server.file("baresip");
        std::fs::create_dir(&folder).unwrap();
        let control = free_address();
        let sip = free_address();
        let config = format!(
            "sip_listen {sip}\nmodule_path {}\nmodule g711.so\nmodule account.so\nmodule aufile.so\nmodule ausine.so\n\
             module menu.so\nmodule ctrl_tcp.so\nctrl_tcp_listen {control}\naudio_source aufile,{}\n\
             audio_player aufile,{}\naudio_alert aufile,{}\ncall_local_timeout 60\n",
            modules().unwrap(),
            wav.display(),
            folder.join("heard.wav").display(),
            folder.join("alert.wav").display(),
        );
        std::fs::write(folder.join("config"), config).unwrap();
        let account = format!(
            "\"Grace\" <sip:grace@127.0.0.1>;regint=0;audio_codecs=PCMU;dtmfmode=rtpevent;outbound=\"sip:{}\"\n",
            server.sip
        );
        std::fs::write(folder.join("accounts"), account).unwrap();
        std::fs::write(folder.join("contacts"), "").unwrap();
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let child = Command::new("baresip")
            .arg("-f")
            .arg(&folder)
            .args(["-t", "60"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, control: connect(control, &folder) }
    }

    /// One command as a netstring of JSON.
    fn order(&mut self, command: &str, params: &str) {
        let json = format!("{{\"command\":\"{command}\",\"params\":\"{params}\"}}");
        write!(self.control, "{}:{json},", json.len()).unwrap();
    }
}

fn connect(address: SocketAddr, folder: &Path) -> TcpStream {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return stream,
            Err(error) => assert!(
                Instant::now() < end,
                "{error}: {}",
                std::fs::read_to_string(folder.join("log")).unwrap_or_default()
            ),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_message_left_with_baresip_arrives_as_it_was_spoken() {
    if !installed("baresip", "baresip-core") || modules().is_none() {
        return;
    }
    let server = Server::start("", "");
    server.user("1001", &["--instructions", "false"]);
    let sent = speech(20.0, 8_000);
    let wav = server.wav("speech.wav", &sent, 8_000);
    let mut phone = Baresip::start(&server, &wav);
    phone.order("dial", &format!("sip:1001@{}", server.sip));
    server.until("the call is up", |server| server.get("/metrics").1.contains("aftertone_calls_running 1"));
    std::thread::sleep(Duration::from_secs(1));
    phone.order("sndcode", "#");
    std::thread::sleep(Duration::from_secs(5));
    phone.order("sndcode", "#");
    std::thread::sleep(Duration::from_secs(1));
    phone.order("sndcode", "5");
    std::thread::sleep(Duration::from_secs(2));
    phone.order("hangup", "");
    let message = server.message("1001");
    assert_eq!(message["urgent"], true, "{message}");
    assert_eq!(message["caller_name"], "Grace");
    let stored = server.export(&message);
    let length = stored.samples.len() as f64 / f64::from(stored.rate);
    assert!((3.0..12.0).contains(&length), "{length} s between the tone and the key");
    let second = &stored.samples[8_000..16_000];
    let (_, alike) = find(&sent, second);
    assert!(alike > 0.85, "what was recorded is what was played: {alike}");
    let mut rest = Vec::new();
    phone.control.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    // Whatever it had to say about the commands.
    let _ = phone.control.read_to_end(&mut rest);
}
