//! What a session does once a second: RTCP in and out (every five seconds, RFC 3550 §6.2), and its metrics.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::rtp::rtcp::{NtpTime, Report};
use crate::sip::sdp::{Direction, Stream};

use super::ear::Ear;
use super::engine::Shared;
use super::outgoing::Outgoing;
use super::ports::{for_socket, receive};

/// How often this runs.
const PERIOD_MS: u64 = 1000;
/// A report in so many periods.
const REPORT_EACH: u64 = 5;

/// RTCP and metrics of one session.
#[derive(Debug)]
pub(super) struct Control {
    rtcp: UdpSocket,
    bind: IpAddr,
    due_ms: Option<u64>,
    periods: u64,
    /// Sent packets at the last report.
    reported_sent: u64,
    /// Received, lost, late, foreign, sent: as far as they are in the metrics.
    counted: [u64; 5],
}

/// The session as far as it is reported about.
pub(super) struct Line<'a> {
    pub(super) stream: Option<&'a Stream>,
    pub(super) ear: &'a mut Ear,
    pub(super) out: &'a mut Outgoing,
    pub(super) shared: &'a Shared,
    pub(super) rtp: &'a UdpSocket,
}

impl Control {
    pub(super) const fn new(rtcp: UdpSocket, bind: IpAddr) -> Self {
        Self { rtcp, bind, due_ms: None, periods: 0, reported_sent: 0, counted: [0; 5] }
    }

    /// Whether a second has passed.
    pub(super) fn is_due(&mut self, now_ms: u64) -> bool {
        let due = *self.due_ms.get_or_insert(now_ms + PERIOD_MS);
        if now_ms < due {
            return false;
        }
        self.due_ms = Some(now_ms + PERIOD_MS);
        true
    }

    /// What is to be done each second.
    pub(super) fn mind(&mut self, now_ms: u64, line: &mut Line<'_>) {
        self.receive(now_ms, line.ear);
        self.count(line.ear, line.out);
        if let Some(late_us) = line.out.take_late_us() {
            metrics::histogram!("aftertone_rtp_send_late_seconds").record(late_us as f64 / 1e6);
        }
        self.periods += 1;
        if self.periods.is_multiple_of(REPORT_EACH) {
            self.report(now_ms, line, false);
        }
    }

    /// The last report, with BYE; the last counts.
    pub(super) fn goodbye(&mut self, now_ms: u64, line: &mut Line<'_>) {
        self.receive(now_ms, line.ear);
        self.report(now_ms, line, true);
        self.count(line.ear, line.out);
    }

    fn receive(&self, now_ms: u64, ear: &mut Ear) {
        receive(&self.rtcp, |from, bytes| ear.report(now_ms, from, bytes));
    }

    fn report(&mut self, now_ms: u64, line: &mut Line<'_>, goodbye: bool) {
        let Some((stream, to)) = line.stream.and_then(|stream| Some((stream, target(stream, line.ear)?)))
        else {
            return;
        };
        let (out, sent) = (&*line.out, line.out.sent());
        // Before any packet of ours or of theirs there is nothing to report.
        if sent == 0 && line.ear.received() == 0 {
            return;
        }
        let now = u64::try_from(line.shared.clock.now().as_millisecond()).unwrap_or(0);
        let report = Report {
            sender: out.sender(),
            cname: &line.shared.cname,
            now: NtpTime::from_unix_ms(now),
            timestamp: out.sender().timestamp(),
            sent: sent > self.reported_sent,
            goodbye,
        };
        self.reported_sent = sent;
        let (reception, source) = line.ear.reception();
        let peer = source.ssrc().zip(source.sequence());
        let socket = if stream.rtcp_mux { line.rtp } else { &self.rtcp };
        match report.write(reception, peer, now_ms) {
            Ok(bytes) => {
                // A report that is lost is followed by the next.
                if let Err(error) = socket.send_to(&bytes, for_socket(self.bind, to)) {
                    tracing::trace!(%error, "RTCP is not sent");
                }
            }
            Err(error) => tracing::debug!(%error, "RTCP is not written"),
        }
    }

    fn count(&mut self, ear: &Ear, out: &Outgoing) {
        let now = [ear.received(), ear.lost(), ear.late(), ear.foreign(), out.sent()];
        let kinds = ["received", "lost", "late", "foreign", "sent"];
        for ((kind, now), before) in kinds.into_iter().zip(now).zip(&mut self.counted) {
            if now > *before {
                metrics::counter!("aftertone_rtp_packets_total", "kind" => kind).increment(now - *before);
            }
            *before = now;
        }
    }
}

/// Where RTCP goes. When the peer sends from elsewhere than it said, only a shared port is known to reach it.
fn target(stream: &Stream, ear: &Ear) -> Option<SocketAddr> {
    stream.remote?;
    if stream.direction == Direction::Inactive {
        return None;
    }
    let elsewhere = ear.source().locked().filter(|locked| stream.remote != Some(*locked));
    match elsewhere {
        None => stream.remote_rtcp,
        Some(locked) => stream.rtcp_mux.then_some(locked),
    }
}
