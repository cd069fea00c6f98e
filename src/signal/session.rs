//! Session timer terms (RFC 4028): what the two sides agree on. Pure arithmetic; the call arms its timers with it.

use std::time::Duration;

use rsipstack::sip::Headers;

use super::facts::joined;
use super::text;
use super::wire::header;

/// What was agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// Session interval in seconds.
    pub(super) interval: u32,
    /// We refresh.
    pub(super) ours: bool,
    /// The peer knows session timers.
    pub(super) peer_knows: bool,
}

/// Our limits, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// `Min-SE`.
    pub(super) min: u32,
    /// Default interval.
    pub(super) default: u32,
}

impl Limits {
    /// From the configuration; RFC 4028 §4 knows nothing below 90 s.
    pub(super) fn new(min: Duration, default: Duration) -> Self {
        let seconds = |d: Duration| u32::try_from(d.as_secs()).unwrap_or(u32::MAX / 4);
        let min = seconds(min).max(90);
        Self { min, default: seconds(default).max(min) }
    }
}

/// A `Session-Expires` value: interval and refresher.
pub(super) fn expires(headers: &Headers) -> Option<(u32, Option<&str>)> {
    let value = header(headers, "Session-Expires")?;
    let (interval, params) = value.split_at(value.find(';').unwrap_or(value.len()));
    Some((interval.trim().parse().ok()?, text::param(params, "refresher")))
}

fn min_se(headers: &Headers) -> u32 {
    let value = header(headers, "Min-SE").and_then(|v| v.split(';').next());
    value.and_then(|v| v.trim().parse().ok()).unwrap_or(0)
}

/// Terms of a request as the one who answers (RFC 4028 §9). `Err`: 422, the interval is below our `Min-SE`.
pub(super) fn answer(headers: &Headers, limits: Limits) -> Result<Terms, u32> {
    let peer_knows = text::has_token(&joined(headers, "Supported"), "timer");
    let asked = expires(headers);
    if let Some((interval, _)) = asked
        && interval < limits.min
        && peer_knows
    {
        return Err(limits.min);
    }
    let interval =
        asked.map_or(limits.default, |(interval, _)| interval).max(min_se(headers)).max(limits.min);
    let refresher = asked.and_then(|(_, refresher)| refresher);
    let theirs = refresher.is_none_or(|r| r.eq_ignore_ascii_case("uac")) && peer_knows;
    Ok(Terms { interval, ours: !theirs, peer_knows })
}

/// Terms of a 2xx as the one who asked (RFC 4028 §7.2). Without a `Session-Expires` the peer does not take part and
/// we refresh for ourselves.
pub(super) fn accepted(headers: &Headers, limits: Limits) -> Terms {
    match expires(headers) {
        Some((interval, refresher)) => {
            let ours = refresher.is_none_or(|r| r.eq_ignore_ascii_case("uac"));
            Terms { interval: interval.max(30), ours, peer_knows: true }
        }
        None => Terms { interval: limits.default, ours: true, peer_knows: false },
    }
}

#[cfg(test)]
mod tests {
    use rsipstack::sip::headers::make_header;

    use super::*;

    const LIMITS: Limits = Limits { min: 90, default: 1800 };

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        Headers(pairs.iter().map(|(n, v)| make_header(n, (*v).to_owned())).collect())
    }

    #[test]
    fn an_interval_below_our_minimum_is_refused_only_to_a_peer_that_can_raise_it() {
        let small = [("Session-Expires", "60"), ("Supported", "timer")];
        assert_eq!(answer(&headers(&small), LIMITS), Err(90));
        let terms = answer(&headers(&small[..1]), LIMITS).unwrap();
        assert_eq!((terms.interval, terms.ours), (90, true));
    }

    #[test]
    fn the_refresher_is_the_one_that_was_asked_for() {
        for (refresher, ours) in [("uas", true), ("uac", false)] {
            let value = format!("600;refresher={refresher}");
            let terms =
                answer(&headers(&[("Session-Expires", &value), ("Supported", "timer")]), LIMITS).unwrap();
            assert_eq!((terms.interval, terms.ours), (600, ours));
        }
    }

    #[test]
    fn the_minimum_of_the_peer_raises_our_default() {
        let terms = answer(&headers(&[("Min-SE", "3600"), ("Supported", "timer")]), LIMITS).unwrap();
        assert_eq!(terms.interval, 3600);
    }

    #[test]
    fn as_caller_we_take_what_the_answer_says() {
        let terms = accepted(&headers(&[("Session-Expires", "300;refresher=uas")]), LIMITS);
        assert_eq!((terms.interval, terms.ours), (300, false));
        assert!(accepted(&headers(&[]), LIMITS).ours);
    }
}
