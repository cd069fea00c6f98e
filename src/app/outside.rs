//! The ways to the outside for the first steps: the SIP side, a test phone of our own, the outbox's mail server.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;

use tokio::sync::watch;

use crate::call::CallSettings;
use crate::clock::SharedClock;
use crate::domain::{Extension, MailAddress};
use crate::outbox::Outbox;
use crate::service::trials::{Neighbour, Outside, Trying};
use crate::service::trunks::{TrunkBoard, TrunkView};
use crate::signal::{Heard, LampDialog, Signal, Transport};

use super::commands::{HERE, call_let_in};
use super::config::Config;
use super::demo::{codec, message_script};

/// See [`Outside`].
#[derive(Debug, Clone)]
struct Ways {
    signal: Signal,
    outbox: Outbox,
    clock: SharedClock,
    advertise: Option<String>,
    public_url: String,
    trunks: TrunkBoard,
    settings: watch::Receiver<Arc<CallSettings>>,
}

/// The ways of a running server.
pub(super) fn outside(
    config: &Config,
    signal: &Signal,
    outbox: &Outbox,
    clock: &SharedClock,
    settings: watch::Receiver<Arc<CallSettings>>,
    trunks: TrunkBoard,
) -> Arc<dyn Outside> {
    Arc::new(Ways {
        signal: signal.clone(),
        outbox: outbox.clone(),
        clock: clock.clone(),
        advertise: config.sip.advertise.clone(),
        public_url: config.public_url(),
        trunks,
        settings,
    })
}

impl Outside for Ways {
    fn places(&self) -> Vec<String> {
        let place = |transport: Transport| {
            let (kind, at) = match transport {
                Transport::Udp(at) => ("udp", at),
                Transport::Tcp(at) => ("tcp", at),
            };
            match &self.advertise {
                Some(host) if host.contains(':') => format!("{kind} {host}"),
                Some(host) => format!("{kind} {host}:{}", at.port()),
                None => format!("{kind} {}", SocketAddr::new(outward(at.ip()), at.port())),
            }
        };
        self.signal.local().into_iter().map(place).collect()
    }

    fn neighbours(&self) -> Vec<Neighbour> {
        let seen = self.signal.seen().into_iter().map(|seen| {
            let (said, refused) = match seen.what {
                Heard::Stranger => (None, None),
                Heard::Taken(method) => (Some(method), None),
                Heard::Refused(method, code) => (Some(method), Some(code)),
            };
            Neighbour { ip: seen.ip, at: seen.at, times: seen.times, said, refused }
        });
        seen.collect()
    }

    fn calls_out(&self) -> bool {
        !self.settings.borrow().ways_out.is_empty()
    }

    fn call(&self, extension: Extension, domain: Option<String>) -> Trying {
        let ways = self.clone();
        Box::pin(async move { ways.leave_message(&extension, domain).await })
    }

    fn trunks(&self) -> Arc<[TrunkView]> {
        self.trunks.all()
    }

    fn options(&self, uri: String) -> Trying {
        let signal = self.signal.clone();
        Box::pin(async move {
            match signal.options(&uri).await {
                Ok(code @ 200..=299) => Ok(format!("{uri} is there: it answered OPTIONS with {code}.")),
                Ok(code) => Ok(format!("{uri} is there, and refused OPTIONS with {code}.")),
                Err(_) => Err(format!(
                    "{uri} did not answer OPTIONS within 5 s: see that it runs, that a firewall lets SIP through, and that it lets this server speak to it."
                )),
            }
        })
    }

    fn phone_at(&self, dialog: &str) -> Option<String> {
        serde_json::from_str::<LampDialog>(dialog).ok().map(|dialog| dialog.target().to_owned())
    }

    fn check_sync(&self, dialog: String) -> Trying {
        let signal = self.signal.clone();
        Box::pin(async move {
            let dialog: LampDialog = serde_json::from_str(&dialog).map_err(|error| error.to_string())?;
            match signal.check_sync(&dialog).await {
                Ok(()) => Ok(format!(
                    "{} confirmed that it was asked. Most phones restart only when nobody speaks, some only if their settings changed.",
                    dialog.target()
                )),
                Err(why) => {
                    Err(format!("{}: {why}. Restart it by hand, or by the phone system.", dialog.target()))
                }
            }
        })
    }

    fn mail(&self, to: MailAddress) -> Trying {
        let ways = self.clone();
        Box::pin(async move { ways.outbox.try_mail(to, ways.public_url).await.map_err(|e| e.to_string()) })
    }
}

impl Ways {
    async fn leave_message(&self, extension: &Extension, domain: Option<String>) -> Result<String, String> {
        let udp = self.signal.local().into_iter().find_map(|transport| match transport {
            Transport::Udp(at) => Some(at),
            Transport::Tcp(_) => None,
        });
        let at = udp.ok_or("the test phone speaks UDP, and sip.listen opens none: add one to it")?;
        let target = SocketAddr::new(if at.ip().is_unspecified() { HERE } else { at.ip() }, at.port());
        let host = domain.unwrap_or_else(|| target.to_string());
        let script = message_script(target, extension, &host).map_err(|failure| failure.text)?;
        let report = call_let_in(&self.clock, script, |phone| {
            phone.into_iter().map(|from| self.signal.invite(from)).collect::<Vec<_>>()
        });
        let report = report.await.map_err(|failure| failure.text)?;
        if !report.answered {
            let code = report.code.map_or_else(String::new, |code| format!(" ({code})"));
            return Err(format!("the call was not answered{code}: {}", report.ended));
        }
        let Some(tone) = report.tone else {
            let why = "no sound came back to this machine: let the UDP ports of [rtp] through the firewall, and see that rtp.advertise can be reached from here";
            return Err(format!("the call was answered, but the test phone heard no tone: {why}"));
        };
        Ok(format!(
            "Answered after {} ms in {}; greeting and tone took {:.1} s, then a message was spoken.",
            report.setup.as_millis(),
            codec(&report),
            tone.as_secs_f64()
        ))
    }
}

/// The address of this machine that others use, for one that means all of them. Nothing is sent for this.
fn outward(ip: IpAddr) -> IpAddr {
    if !ip.is_unspecified() {
        return ip;
    }
    // RFC 5737: documentation. The system only looks up which of its addresses would lead there.
    let found = UdpSocket::bind((ip, 0)).and_then(|socket| {
        socket.connect(("192.0.2.1", 9))?;
        socket.local_addr()
    });
    found.map_or(ip, |at| at.ip())
}
