//! Asking a phone to load its settings again, over the way that its subscription shows.

use rsipstack::sip::Method;
use rsipstack::sip::headers::make_header;

use super::super::{Signal, message, text};
use super::{LampDialog, Life, NotifyError, PATIENCE, confirmed, flow, peer};

impl Signal {
    /// Asks the phone of a subscription to load its settings again: a NOTIFY of its own, outside of the dialog, whose
    /// numbers are counted by whoever keeps it. No RFC has this event; phones know it all the same.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub async fn check_sync(&self, dialog: &LampDialog) -> Result<(), NotifyError> {
        let core = &self.core;
        let request = async {
            let alone = LampDialog { call_id: String::new(), ..dialog.clone() };
            let local = text::address(&dialog.local).map(|address| format!("<{}>", address.uri))?;
            let remote = format!("<{}>", dialog.target);
            let peer = peer(core, &LampDialog { local, remote, ..alone });
            let known = dialog.peer.and_then(|(at, tcp)| flow(core, at, tcp));
            let flow = core.route(peer.next_hop(), known.as_ref()).await?;
            let mut request = peer.request(Method::Notify, 1, flow.via(&core.token()), &flow.contact())?;
            request.headers.push(make_header("Event", "check-sync".to_owned()));
            request.headers.push(make_header("Subscription-State", Life::None.header()));
            core.ask_proven(message::with_body(request, None), &flow, None).await
        };
        confirmed(tokio::time::timeout(PATIENCE, request).await.ok().flatten())
    }
}
