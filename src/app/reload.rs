//! What a changed configuration means for a running server: what is taken over at once, and what needs a restart.
//!
//! Compares and names; [`super::server`] does it.

use secrecy::ExposeSecret as _;

use super::config::Config;

/// The keys that differ and are read at start only.
pub(super) fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let changed = [
        ("sip.listen", old.sip.listen != new.sip.listen),
        ("sip.advertise", old.sip.advertise != new.sip.advertise),
        ("sip.session_expires", old.sip.session_expires != new.sip.session_expires),
        ("rtp.address", old.rtp.address != new.rtp.address),
        ("rtp.ports", old.rtp.ports != new.rtp.ports),
        ("rtp.workers", old.rtp.workers != new.rtp.workers),
        ("rtp.timeout", old.rtp.timeout != new.rtp.timeout),
        ("rtp.steady", old.rtp.steady != new.rtp.steady),
        ("http.listen", old.http.listen != new.http.listen),
        ("http.public_url", old.http.public_url != new.http.public_url),
        ("http.trusted_proxies", old.http.trusted_proxies != new.http.trusted_proxies),
        ("database.url", old.database_url().expose_secret() != new.database_url().expose_secret()),
        ("storage.url", old.storage_url() != new.storage_url()),
        ("webhooks.allow", old.webhooks.allow != new.webhooks.allow),
        ("mail.link_lifetime", old.mail.link_lifetime != new.mail.link_lifetime),
        ("voicemail.retention", old.voicemail.retention != new.voicemail.retention),
        ("voicemail.prompts", old.voicemail.prompts != new.voicemail.prompts),
        ("voicemail.pin_length", old.voicemail.pin_length != new.voicemail.pin_length),
        ("voicemail.pin_no_dates", old.voicemail.pin_no_dates != new.voicemail.pin_no_dates),
    ];
    changed.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}

/// Whether mails go another way.
pub(super) fn mails_differ(old: &Config, new: &Config) -> bool {
    old.mail_url().expose_secret() != new.mail_url().expose_secret() || old.mail.from != new.mail.from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_read_at_start_needs_a_restart() {
        let old = Config::default();
        let mut new = old.clone();
        new.sip.peers.clear();
        new.sip.transfer_targets = vec!["1000".to_owned()];
        new.voicemail.operator = Some("1000".to_owned());
        assert!(needs_restart(&old, &new).is_empty());
        new.rtp.ports = 30_000..=30_100;
        new.rtp.steady = true;
        new.voicemail.pin_length = 6;
        new.mail.url = Some("smtp://127.0.0.1".to_owned().into());
        assert_eq!(needs_restart(&old, &new), ["rtp.ports", "rtp.steady", "voicemail.pin_length"]);
        assert!(mails_differ(&old, &new) && !mails_differ(&old, &old.clone()));
    }
}
