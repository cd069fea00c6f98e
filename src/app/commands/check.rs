//! `aftertone check`: does every part work, and what to do where one does not.

use std::net::{TcpListener, UdpSocket};

use secrecy::ExposeSecret as _;

use crate::blob::objects::Objects;
use crate::http::Check;
use crate::mail::Mailer;
use crate::signal::Transport;
use crate::store::Store;

use super::super::prompts::{self, Fault};
use super::super::{Failure, health, server};
use super::Session;

pub(super) async fn run(session: &Session) -> Result<(), Failure> {
    let config = &session.config;
    let mut checks = vec![Check { name: "config", ok: true, detail: String::new() }];
    checks.push(folder(session));
    checks.push(match Store::open(config.database_url().expose_secret(), session.clock.clone()).await {
        Ok(store) => health::database(&store).await,
        Err(error) => failed("database", error, "start the database, or correct database.url"),
    });
    checks.push(match Objects::open(&config.storage_url()) {
        Ok(objects) => health::objects(&objects).await,
        Err(error) => failed("storage", error, "correct storage.url"),
    });
    checks.push(mail(session).await);
    checks.push(spoken(session));
    checks.extend(config.sip.listen.iter().map(|transport| port(*transport)));
    let broken = checks.iter().filter(|check| !check.ok).count();
    for check in &checks {
        let detail = match (check.ok, check.detail.as_str()) {
            (true, "") => "ok".to_owned(),
            (true, detail) => format!("ok ({detail})"),
            (false, detail) => detail.to_owned(),
        };
        println!("{:<10} {detail}", check.name);
    }
    match broken {
        0 => Ok(()),
        1 => Err(Failure::refused("one part needs attention")),
        more => Err(Failure::refused(format!("{more} parts need attention"))),
    }
}

fn passed(name: &'static str) -> Check {
    Check { name, ok: true, detail: String::new() }
}

fn failed(name: &'static str, error: impl std::fmt::Display, remedy: &str) -> Check {
    Check { name, ok: false, detail: format!("{error}: {remedy}") }
}

fn folder(session: &Session) -> Check {
    let data = &session.config.data;
    let probe = data.join(".aftertone-probe");
    let tried = std::fs::create_dir_all(data)
        .and_then(|()| std::fs::write(&probe, b"probe"))
        .and_then(|()| std::fs::remove_file(&probe));
    match tried {
        Ok(()) => passed("data"),
        Err(error) => failed(
            "data",
            format!("{}: {error}", data.display()),
            "make the folder writable, or choose another with --data",
        ),
    }
}

/// The prompts that calls would load, each clip decoded and measured.
fn spoken(session: &Session) -> Check {
    let folder = session.config.voicemail.prompts.as_deref();
    let checked = match prompts::check(folder, None) {
        Ok(checked) => checked,
        Err(error) => return failed("prompts", error, "correct voicemail.prompts"),
    };
    let faults: Vec<_> = checked.iter().flat_map(|language| &language.faults).collect();
    if let Some(first) = faults.first() {
        let all = match folder {
            Some(folder) => format!("aftertone prompts check --dir {}", folder.display()),
            None => "aftertone prompts check".to_owned(),
        };
        let Fault { place, problem, remedy } = first;
        let detail = format!("{place}: {problem}: {remedy}; {all} names all {} faults", faults.len());
        return Check { name: "prompts", ok: false, detail };
    }
    match server::prompts(&session.config) {
        Ok(prompts) => {
            let languages = prompts.languages().collect::<Vec<_>>().join(", ");
            Check { name: "prompts", ok: true, detail: languages }
        }
        Err(failure) => Check { name: "prompts", ok: false, detail: failure.text },
    }
}

async fn mail(session: &Session) -> Check {
    let mailer = match server::mailer(&session.config, &session.clock) {
        Ok(mailer) => mailer,
        Err(failure) => return failed("mail", failure.text, "correct mail.url and mail.from"),
    };
    match Mailer::ready(&mailer).await {
        Ok(_) => passed("mail"),
        Err(error) => {
            failed("mail", error, "start the mail server, or correct mail.url; mails wait meanwhile")
        }
    }
}

/// A port that a running server holds is in use rightly; anything else that holds it is in the way.
fn port(transport: Transport) -> Check {
    let (name, tried) = match transport {
        Transport::Udp(address) => (format!("udp://{address}"), UdpSocket::bind(address).map(drop)),
        Transport::Tcp(address) => (format!("tcp://{address}"), TcpListener::bind(address).map(drop)),
    };
    match tried {
        Ok(()) => Check { name: "sip", ok: true, detail: name },
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Check { name: "sip", ok: true, detail: format!("{name}, in use") }
        }
        Err(error) => {
            failed("sip", format!("{name}: {error}"), "set sip.listen to an address of this machine")
        }
    }
}
