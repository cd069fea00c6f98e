//! `aftertone call`: the test phone.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use secrecy::SecretString;

use crate::audio::decode::{DecodeLimits, decode_upload};
use crate::audio::{Codec, wav};
use crate::call::phone::{Report, Script, Step, leading_to, parse_steps, place};
use crate::clock::SharedClock;
use crate::signal::{DigestAccount, Signal, SignalConfig, Transport};
use crate::sip::sdp::codec_named;
use crate::sip::uri::Uri;

use super::super::Failure;
use super::super::cli::CallArgs;
use super::super::config::parse_duration;
use super::Session;
use super::explain::header;

/// The password of `--user`.
const PASSWORD: &str = "AFTERTONE_CALL_PASSWORD";

pub(super) async fn run(session: &Session, args: CallArgs) -> Result<(), Failure> {
    let script = script(&args)?;
    let report = call(&session.clock, script).await?;
    if !report.answered {
        let code = report.code.map_or_else(String::new, |code| format!(" ({code})"));
        return Err(Failure::refused(format!("the call was not answered{code}: {}", report.ended)));
    }
    let seconds = report.heard.len() as f64 / f64::from(report.rate.max(1));
    let tone = report
        .tone
        .map_or_else(|| "no tone".to_owned(), |at| format!("tone over after {:.1} s", at.as_secs_f64()));
    println!(
        "answered after {} ms, {tone}, heard {seconds:.1} s, ended: {}",
        report.setup.as_millis(),
        report.ended
    );
    if let Some(file) = &args.record {
        let bytes = wav::write(&report.heard, report.rate)?;
        std::fs::write(file, bytes)
            .map_err(|error| Failure::refused(format!("{} cannot be written: {error}", file.display())))?;
        println!("wrote {}", file.display());
    }
    Ok(())
}

/// Places the call from a phone of its own on a free port.
pub(in super::super) async fn call(clock: &SharedClock, script: Script) -> Result<Report, Failure> {
    call_let_in(clock, script, |_| ()).await
}

/// The same for a server that is told first from which address the phone will speak UDP. What `let_in` returns is held as
/// long as the call.
pub(in super::super) async fn call_let_in<G>(
    clock: &SharedClock,
    script: Script,
    let_in: impl FnOnce(Option<SocketAddr>) -> G,
) -> Result<Report, Failure> {
    let target = peer_of(&script.target).await?;
    let local = leading_to(target);
    let any_port = SocketAddr::new(local, 0);
    let config = SignalConfig {
        listen: vec![Transport::Udp(any_port), Transport::Tcp(any_port)],
        advertise: None,
        peers: vec![target.ip().into()],
        trunks: Vec::new(),
        server: concat!("Aftertone-phone/", env!("CARGO_PKG_VERSION")).to_owned(),
        session_min: Duration::from_secs(90),
        session_expires: Duration::from_secs(1800),
    };
    let (signal, _incoming) = Signal::start(config, clock.clone()).await?;
    let udp = signal.local().into_iter().find_map(|transport| match transport {
        Transport::Udp(at) => Some(at),
        Transport::Tcp(_) => None,
    });
    let _guest = let_in(udp);
    let report = place(&signal, clock, local, script).await;
    signal.stop().await;
    Ok(report?)
}

async fn peer_of(target: &str) -> Result<SocketAddr, Failure> {
    let uri = Uri::parse(target).map_err(|error| {
        Failure::usage(format!("{target:?} cannot be called: {error}; write sip:1001@127.0.0.1:5060"))
    })?;
    let host = uri.host().ok_or_else(|| Failure::usage(format!("{target:?} names no host")))?.to_owned();
    let port = uri.port().unwrap_or(5060);
    let found = tokio::net::lookup_host((host.as_str(), port)).await;
    found
        .ok()
        .and_then(|mut addresses| addresses.next())
        .ok_or_else(|| Failure::refused(format!("the host {host:?} is not known: check the address")))
}

fn script(args: &CallArgs) -> Result<Script, Failure> {
    let speech = args.wav.as_deref().map(|file| {
        let bytes = std::fs::read(file)
            .map_err(|error| Failure::refused(format!("{} cannot be read: {error}", file.display())))?;
        let decoded = decode_upload(bytes, DecodeLimits::default())?;
        Ok::<_, Failure>((decoded.samples, decoded.rate))
    });
    let speech = speech.transpose()?;
    let mut steps = parse_steps(args.keys.as_deref().unwrap_or("")).map_err(Failure::usage)?;
    if speech.is_some() && !steps.contains(&Step::Speak) {
        steps.splice(0..0, [Step::AwaitTone, Step::Speak]);
    }
    let codecs = match args.codec.as_slice() {
        [] => vec![Codec::Pcmu, Codec::Pcma],
        named => named
            .iter()
            .map(|name| {
                codec_named(name).ok_or_else(|| {
                    Failure::usage(format!("{name:?} is no codec: choose pcmu, pcma, g722 or opus"))
                })
            })
            .collect::<Result<_, _>>()?,
    };
    Ok(Script {
        target: args.target.clone(),
        from: args.from.clone(),
        from_name: args.name.clone(),
        headers: args.header.iter().map(|text| header(text)).collect::<Result<_, _>>()?,
        codecs,
        speech,
        in_band: args.in_band,
        key_length: Duration::from_millis(args.key_ms.into()),
        account: account(args)?,
        steps,
        limit: parse_duration(&args.limit)
            .ok_or_else(|| Failure::usage(format!("{:?} is no duration: write 60s", args.limit)))?,
    })
}

/// The account that the call proves when it is asked to. The password is nobody's business on a command line.
fn account(args: &CallArgs) -> Result<Option<DigestAccount>, Failure> {
    let Some(user) = args.user.clone() else { return Ok(None) };
    let password = std::env::var(PASSWORD)
        .map_err(|_| Failure::usage(format!("--user {user} has no password: set {PASSWORD}")))?;
    Ok(Some(DigestAccount { realm: args.realm.clone(), user, password: SecretString::from(password) }))
}

/// The loopback address, for calls within this machine.
pub(in super::super) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
