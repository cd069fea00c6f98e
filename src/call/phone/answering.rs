//! The test phone as the called side: takes one call and plays its script.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;

use crate::clock::SharedClock;
use crate::signal::{DialogEvent, IncomingCall};
use crate::sip::sdp::{LocalMedia, Session};

use super::{Line, PhoneError, Report, Script, hang_up};
use crate::call::ways::leading_to;

/// Rings for `ring`, answers, and plays the script to its end; `target`, `from` and headers of the script mean nothing
/// here.
///
/// # Errors
/// When the call has no offer that can be answered; that the caller gave up is in the [`Report`].
pub async fn answer(
    clock: &SharedClock,
    incoming: IncomingCall,
    ring: Duration,
    script: Script,
) -> Result<Report, PhoneError> {
    let IncomingCall { dialog, mut events, offer, source, .. } = incoming;
    let local = leading_to(source);
    let socket = UdpSocket::bind(SocketAddr::new(local, 0)).await?;
    let mut media = LocalMedia::new(local, socket.local_addr()?.port());
    media.codecs.clone_from(&script.codecs);
    media.events = !script.in_band;
    let mut session = Session::new(clock.random_u32());
    let answer = session.answer(offer.as_deref().unwrap_or_default(), &media)?;
    let mut report = Report::default();
    dialog.ringing().await?;
    tokio::select! {
        event = events.recv() => {
            report.ended = match event {
                Some(DialogEvent::Cancelled) => "the caller gave up".to_owned(),
                Some(DialogEvent::Ended { why, .. }) => why,
                _ => "the call ended".to_owned(),
            };
            hang_up(dialog).await;
            return Ok(report);
        }
        () = tokio::time::sleep(ring) => {}
    }
    dialog.answer(&answer.sdp).await?;
    report.answered = true;
    let mut line = Line::new(clock, socket, answer.stream, &script)?;
    line.run(clock, script, dialog, events, &mut report).await?;
    line.into_report(&mut report);
    Ok(report)
}
