//! `aftertone demo`: the first minute. A server on an embedded default, two users, a real call to itself, the mail.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::audio::Codec;
use crate::blob::objects::Objects;
use crate::call::phone::{KEY_LENGTH, Report, Script, Step};
use crate::clock::SharedClock;
use crate::domain::{Extension, Folder, Login, Mailbox, Message, Purpose, Role, Tenant};
use crate::flow::Key;
use crate::flow::phrases::DEMO_MESSAGE;
use crate::service::accounts::{AccountError, NewUser};
use crate::service::prompts::PromptSet;
use crate::service::reception::Reception;
use crate::signal::Transport;
use crate::sip::{CallFacts, Party};

use super::commands::{HERE, StopSignals, call};
use super::config::Config;
use super::server::Server;
use super::{Failure, telemetry};

/// The message must have arrived after so long.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn run(mut config: Config, clock: SharedClock, once: bool) -> Result<(), Failure> {
    settle(&mut config)?;
    let metrics = telemetry::start_metrics()?;
    let server = Server::start(&config, clock.clone(), metrics).await?;
    let sip = server
        .sip()
        .into_iter()
        .find_map(udp)
        .ok_or_else(|| Failure::refused("no UDP transport is open: add one to sip.listen"))?;
    let target = SocketAddr::new(HERE, sip.port());
    println!("Aftertone demo. Data: {}", config.data.display());
    let (tenant, ada) = users(&server).await?;

    println!("\n1. Grace calls Ada (1001). Nobody answers; the phone system forwards the call here.");
    let facts = facts(target);
    let reception = Reception::new(server.store.clone(), config.rules());
    let verdict = reception.decide(&facts, None, clock.now()).await?;
    println!("   Why this mailbox, and what is played:");
    for line in verdict.explain().to_string().lines() {
        println!("     {line}");
    }
    let before = server.store.messages(tenant.id, ada.id, Folder::Inbox).await?.len();
    let report = leave_message(&clock, target).await?;
    println!(
        "2. Answered after {} ms in {}; greeting and tone took {:.1} s, then Grace spoke.",
        report.setup.as_millis(),
        codec(&report),
        report.tone.unwrap_or_default().as_secs_f64()
    );

    let message = arrived(&server, &tenant, &ada, before).await?;
    println!(
        "3. Recorded {:.1} s, of which {:.1} s are speech.",
        f64::from(message.duration_ms) / 1e3,
        f64::from(message.voiced_ms) / 1e3
    );
    println!("4. Stored as {} ({} bytes).", message.object, message.bytes);
    let size = Objects::open(&config.storage_url())?.size(&message.object).await?;
    if size != message.bytes {
        return Err(Failure::refused(format!(
            "the stored audio has {size} bytes instead of {}",
            message.bytes
        )));
    }
    let (file, link) = mail(&config.data.join("mail"), &message).await?;
    println!("5. Mailed: {}", file.display());
    println!("6. The link in it: {link}");

    println!("\nNow serving:");
    println!(
        "  call    sip:1001@{target}      with any softphone on this machine (1002 gets the audio attached)"
    );
    println!("  open    {link}");
    println!(
        "  portal  {}   (choose a password, then listen and set up as Ada)",
        portal(&server, &ada).await?
    );
    println!("  health  http://{}/readyz", server.http());
    if once {
        server.drain().await;
        return Ok(());
    }
    println!("\nPress Ctrl-C to stop.");
    StopSignals::listen()?.asked().await;
    server.drain().await;
    Ok(())
}

/// A link that lets Ada, who runs the demonstration, choose a password for the web.
async fn portal(server: &Server, ada: &Mailbox) -> Result<String, Failure> {
    let user = ada
        .user
        .ok_or_else(|| Failure::refused("mailbox 1001 has no user: start with a fresh --data folder"))?;
    let login = server.signin.login(ada.tenant, user).await?;
    let operator = Login { role: Role::Operator, portal: true, ..login.clone() };
    server.signin.set_login(&login, &operator).await?;
    let (url, _) = server.signin.doors().issue(ada.tenant, Some(user), Purpose::Invite).await?;
    Ok(url.expose().to_owned())
}

/// The usual ports where they are free, else free ones; everything on this machine only.
fn settle(config: &mut Config) -> Result<(), Failure> {
    let sip = SocketAddr::new(HERE, 5060);
    let is_free = std::net::UdpSocket::bind(sip).is_ok() && std::net::TcpListener::bind(sip).is_ok();
    let sip = if is_free { sip } else { free_port()? };
    config.sip.listen = vec![Transport::Udp(sip), Transport::Tcp(sip)];
    config.rtp.address = HERE;
    if std::net::TcpListener::bind(config.http.listen).is_err() {
        config.http.listen = free_port()?;
    }
    Ok(())
}

/// A port that is free for both UDP and TCP at this moment.
fn free_port() -> Result<SocketAddr, Failure> {
    for _ in 0..20 {
        let udp = std::net::UdpSocket::bind((HERE, 0))?;
        let address = udp.local_addr()?;
        if std::net::TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err(Failure::refused("no port is free on the loopback address"))
}

const fn udp(transport: Transport) -> Option<SocketAddr> {
    match transport {
        Transport::Udp(address) => Some(address),
        Transport::Tcp(_) => None,
    }
}

async fn users(server: &Server) -> Result<(Tenant, Mailbox), Failure> {
    let tenant = server.store.default_tenant().await?;
    let extension: Extension = "1001".parse()?;
    let people = [
        ("1001", "Ada", "Lovelace", "ada@example.org", "link", "482913"),
        ("1002", "Grace", "Hopper", "grace@example.org", "attachment-new", "739164"),
    ];
    for (number, first, last, email, mode, pin) in people {
        let new = NewUser {
            extension: number.parse()?,
            first: first.to_owned(),
            last: last.to_owned(),
            emails: vec![email.parse()?],
            mode: Some(mode.parse()?),
            pin: Some(pin.to_owned().into()),
        };
        match server.accounts.add_user(tenant.id, new).await {
            Ok(_) => println!("   {number}  {first} {last} <{email}>, mail: {mode}"),
            Err(AccountError::ExtensionTaken(_)) => println!("   {number}  {first} {last} is there already"),
            Err(error) => return Err(error.into()),
        }
    }
    let ada = server.store.mailbox_by_extension(tenant.id, &extension).await?;
    let ada = ada
        .ok_or_else(|| Failure::refused("mailbox 1001 is gone: start the demo with a fresh --data folder"))?;
    Ok((tenant, ada))
}

const GRACE: &str = "sip:1002@127.0.0.1";
const DIVERSION: &str = "<sip:1001@127.0.0.1>;reason=no-answer";

/// The call as the phone system would forward it.
fn facts(target: SocketAddr) -> CallFacts {
    let uri = format!("sip:1001@{target}");
    CallFacts {
        request_uri: uri.clone(),
        to: Party { name: None, uri },
        from: Party { name: Some("Grace Hopper".to_owned()), uri: GRACE.to_owned() },
        diversion: vec![DIVERSION.to_owned()],
        ..CallFacts::default()
    }
}

async fn leave_message(clock: &SharedClock, target: SocketAddr) -> Result<Report, Failure> {
    let script = Script {
        from: GRACE.to_owned(),
        from_name: Some("Grace Hopper".to_owned()),
        ..message_script(target, &"1001".parse()?, "127.0.0.1")?
    };
    let report = call(clock, script).await?;
    match (report.answered, report.tone) {
        (true, Some(_)) => Ok(report),
        (true, None) => Err(Failure::refused("the test call heard no tone to speak after")),
        (false, _) => Err(Failure::refused(format!("the test call was not answered: {}", report.ended))),
    }
}

/// A call for this mailbox of this domain, as a phone system forwards it; it speaks a message after the tone.
pub(super) fn message_script(
    target: SocketAddr,
    extension: &Extension,
    domain: &str,
) -> Result<Script, Failure> {
    let prompts = PromptSet::embedded()?;
    let mut speech = Vec::new();
    for clip in prompts.say("en", &DEMO_MESSAGE.phrase())? {
        speech.extend(clip.pcm_at(8_000));
    }
    let hash = Key::new('#').into_iter().map(Step::Press);
    let steps =
        [Step::AwaitTone, Step::Speak, Step::Wait(Duration::from_millis(300))].into_iter().chain(hash);
    Ok(Script {
        target: format!("sip:{extension}@{target}"),
        from: format!("sip:test@{}", target.ip()),
        from_name: Some("Test call".to_owned()),
        headers: vec![("Diversion".to_owned(), format!("<sip:{extension}@{domain}>;reason=no-answer"))],
        codecs: vec![Codec::Pcmu, Codec::Pcma],
        speech: Some((speech, 8_000)),
        in_band: false,
        key_length: KEY_LENGTH,
        account: None,
        steps: steps.chain([Step::Wait(Duration::from_millis(500))]).collect(),
        limit: Duration::from_secs(60),
    })
}

pub(super) const fn codec(report: &Report) -> &'static str {
    match report.codec {
        Some(Codec::Pcmu) => "PCMU",
        Some(Codec::Pcma) => "PCMA",
        Some(Codec::G722) => "G.722",
        Some(Codec::Opus) => "Opus",
        None => "no codec",
    }
}

async fn arrived(server: &Server, tenant: &Tenant, ada: &Mailbox, before: usize) -> Result<Message, Failure> {
    let wait = async {
        loop {
            let messages = server.store.messages(tenant.id, ada.id, Folder::Inbox).await?;
            if messages.len() > before
                && let Some(newest) = messages.into_iter().next()
            {
                return Ok::<_, Failure>(newest);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.unwrap_or_else(|_| {
        Err(Failure::refused("the message did not arrive; see the log, with RUST_LOG=info for more"))
    })
}

/// The mail file about the message and the link in it.
async fn mail(folder: &Path, message: &Message) -> Result<(PathBuf, String), Failure> {
    let id = Arc::<str>::from(message.id.to_string());
    let wait = async {
        loop {
            if let Some(found) = find_mail(folder, &id) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.map_err(|_| Failure::refused(format!("no mail arrived in {}", folder.display())))
}

fn find_mail(folder: &Path, id: &str) -> Option<(PathBuf, String)> {
    let files = std::fs::read_dir(folder).ok()?;
    for path in files
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
    {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let Some(link) =
            text.split_whitespace().find(|word| word.starts_with("http") && word.contains("/m/"))
        else {
            continue;
        };
        if text.contains(id) {
            return Some((path, link.to_owned()));
        }
    }
    None
}
