//! A real softphone: baresip leaves a message, and is called to record a greeting.

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

/// Where a phone may listen: baresip takes the port after its own, too.
fn phone_address() -> SocketAddr {
    loop {
        let (at, next) = (free_address(), free_address());
        if next.port() == at.port() + 1 {
            return at;
        }
    }
}

struct Baresip {
    child: Child,
    control: TcpStream,
}

impl Baresip {
    /// A phone without devices: it speaks the file, and does what the control connection says.
    fn start(server: &Server, wav: &Path) -> Self {
        Self::at(server, wav, phone_address(), ("grace", ""))
    }

    /// The same as this user, listening there; `more` is said of its account.
    fn at(server: &Server, wav: &Path, sip: SocketAddr, (user, more): (&str, &str)) -> Self {
        let folder = server.file("baresip");
        std::fs::create_dir(&folder).unwrap();
        let control = free_address();
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
            "\"Grace\" <sip:{user}@127.0.0.1>;regint=0;audio_codecs=PCMU;dtmfmode=rtpevent;outbound=\"sip:{}\"{more}\n",
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

#[test]
fn baresip_is_called_records_a_greeting_and_keeps_it() {
    if !installed("baresip", "baresip-core") || modules().is_none() {
        return;
    }
    let at = phone_address();
    let out = format!("out = {{ to = \"{at}\", targets = [\"1*\"], ring = \"20s\" }}");
    let trunk = format!("[[sip.trunks]]\nname = \"pbx\"\npeers = [\"127.0.0.8\"]\n{out}\n");
    let server = Server::start("", &trunk);
    server.user("1001", &["--instructions", "false"]);
    let sent = speech(40.0, 8_000);
    let wav = server.wav("speech.wav", &sent, 8_000);
    let mut phone = Baresip::at(&server, &wav, at, ("1001", ";answermode=auto"));
    let child = server.spawn(&["greeting", "call-me", "--mailbox", "1001", "--json"]);
    server.until("the tone was played", |server| server.log().contains("Report(Recording)"));
    std::thread::sleep(Duration::from_secs(4));
    phone.order("sndcode", "#");
    std::thread::sleep(Duration::from_secs(3));
    phone.order("sndcode", "2");
    let ended: crate::live::Ran = child.wait_with_output().unwrap().into();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("\"kept\""), "{ended:?}");
    let heard = server.call("1001", "w4", None, &[]);
    let part = &heard.samples[heard.rate as usize..heard.rate as usize * 2];
    let (_, alike) = find(&sent, &aftertone::audio::resample::resample(part, heard.rate, 8_000));
    assert!(alike > 0.8, "callers hear what the phone said: {alike}");
}
