//! The voicemail URI of RFC 4458: a Request-URI that names the mailbox (`target`) and the reason (`cause`).

use crate::domain::RedirectReason;
use crate::sip::reason;
use crate::sip::uri::{Uri, UriError};

/// The `target` parameter: whose mailbox is meant. `None` when there is none.
pub fn target(request: &Uri) -> Option<Result<Uri, UriError>> {
    request.param("target").map(Uri::lenient)
}

/// The `cause` parameter as a reason. `None` when there is none that can be read.
pub fn cause(uri: &Uri) -> Option<RedirectReason> {
    uri.param("cause")?.trim().parse().ok().map(reason::from_cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_and_the_cause_are_read_from_the_request_uri() {
        let uri = Uri::parse(
            "sip:voicemail@example.com;target=sip:+15555551002%40example.com;user=phone;cause=486",
        )
        .unwrap();
        let mailbox = target(&uri).unwrap().unwrap();
        assert_eq!((mailbox.user(), mailbox.host()), (Some("+15555551002"), Some("example.com")));
        assert_eq!(cause(&uri), Some(RedirectReason::UserBusy));
        let escaped = Uri::parse("sip:vm@host;target=sip%3Abob%40x;cause=408").unwrap();
        assert_eq!(target(&escaped).unwrap().unwrap().user(), Some("bob"));
    }

    #[test]
    fn a_target_that_names_nobody_is_an_error_and_not_absent() {
        let uri = Uri::parse("sip:vm@host;target=;cause=busy").unwrap();
        assert!(target(&uri).unwrap().is_err());
        assert_eq!(cause(&uri), None);
        assert_eq!(target(&Uri::parse("sip:vm@host").unwrap()), None);
    }
}
