//! Why a call was redirected, in the words of each header: `reason` of RFC 5806, `cause` of RFC 4458, and the codes
//! of a `Reason` header (RFC 3326). The mapping between them is that of RFC 7544 §7. Driven by the header readers.

use crate::domain::RedirectReason;

/// The reason for a word of RFC 5806 §5; words of our own or of other makers mean [`RedirectReason::Unknown`].
pub fn from_word(word: &str) -> RedirectReason {
    use RedirectReason as R;
    let known = [
        R::UserBusy,
        R::NoAnswer,
        R::Unavailable,
        R::Unconditional,
        R::Deflection,
        R::TimeOfDay,
        R::DoNotDisturb,
        R::FollowMe,
        R::Away,
        R::OutOfService,
    ];
    known.into_iter().find(|reason| reason.as_str().eq_ignore_ascii_case(word.trim())).unwrap_or(R::Unknown)
}

/// The reason for a `cause` parameter (RFC 4458 §2.1) or a SIP status code. 404 stands for five reasons at once and
/// says no more than [`RedirectReason::Unknown`]; 380 (RFC 8119) is a translated service number, no redirection.
pub const fn from_cause(cause: u16) -> RedirectReason {
    match cause {
        302 => RedirectReason::Unconditional,
        408 => RedirectReason::NoAnswer,
        480 | 487 | 603 => RedirectReason::Deflection,
        486 | 600 => RedirectReason::UserBusy,
        503 => RedirectReason::Unavailable,
        _ => RedirectReason::Unknown,
    }
}

/// The reason for a Q.850 cause value, as gateways to the telephone network send it (RFC 3398 §7.2.4.1).
const fn from_q850(cause: u16) -> RedirectReason {
    match cause {
        17 => RedirectReason::UserBusy,
        18 | 19 => RedirectReason::NoAnswer,
        20 => RedirectReason::Unavailable,
        21 => RedirectReason::Deflection,
        27 => RedirectReason::OutOfService,
        _ => RedirectReason::Unknown,
    }
}

/// The reason that a `Reason` header value tells, for example `SIP;cause=486;text="Busy Here"`. `None` when it has no
/// cause that can be read.
pub fn from_reason_header(value: &str) -> Option<RedirectReason> {
    let (protocol, params) = value.split_once(';')?;
    let cause = params.split(';').filter_map(|param| param.split_once('=')).find_map(|(name, cause)| {
        name.trim().eq_ignore_ascii_case("cause").then(|| cause.trim().trim_matches('"').parse().ok())?
    })?;
    match protocol.trim().to_ascii_lowercase().as_str() {
        "sip" => Some(from_cause(cause)),
        "q.850" => Some(from_q850(cause)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_the_table_has_its_word_and_cause() {
        use RedirectReason as R;
        for (word, cause, by_word, by_cause) in [
            ("user-busy", 486, R::UserBusy, R::UserBusy),
            ("no-answer", 408, R::NoAnswer, R::NoAnswer),
            ("unavailable", 503, R::Unavailable, R::Unavailable),
            ("unconditional", 302, R::Unconditional, R::Unconditional),
            ("deflection", 480, R::Deflection, R::Deflection),
            ("deflection", 487, R::Deflection, R::Deflection),
            ("time-of-day", 404, R::TimeOfDay, R::Unknown),
            ("Do-Not-Disturb", 404, R::DoNotDisturb, R::Unknown),
            ("follow-me", 404, R::FollowMe, R::Unknown),
            ("away", 404, R::Away, R::Unknown),
            ("out-of-service", 404, R::OutOfService, R::Unknown),
            ("unknown", 404, R::Unknown, R::Unknown),
            ("send_to_vm", 380, R::Unknown, R::Unknown),
        ] {
            assert_eq!((from_word(word), from_cause(cause)), (by_word, by_cause), "{word} {cause}");
        }
    }

    #[test]
    fn a_reason_header_tells_the_cause_of_either_world() {
        assert_eq!(from_reason_header("SIP;cause=486;text=\"Busy\""), Some(RedirectReason::UserBusy));
        assert_eq!(from_reason_header("Q.850 ; cause=19"), Some(RedirectReason::NoAnswer));
        assert_eq!(from_reason_header("SIP;text=\"x\""), None);
        assert_eq!(from_reason_header("RTP;cause=1"), None);
        assert_eq!(from_reason_header("SIP"), None);
    }
}
