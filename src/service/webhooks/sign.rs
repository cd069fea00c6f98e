//! Signatures of deliveries, by the Standard Webhooks specification 1.0: HMAC-SHA256 over `id.timestamp.body`. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use crate::domain::{DeliveryId, Webhook, WebhookSecret};

/// The value of `webhook-signature`: one signature for each secret that is in force, the newest first.
pub fn signatures(webhook: &Webhook, id: DeliveryId, at: Timestamp, body: &str) -> String {
    let old = webhook.old_secret.as_ref().filter(|(_, until)| *until > at).map(|(secret, _)| secret);
    let all = [Some(&webhook.secret), old];
    let signed = all.into_iter().flatten().map(|secret| signature(secret, id, at, body));
    signed.collect::<Vec<_>>().join(" ")
}

fn signature(secret: &WebhookSecret, id: DeliveryId, at: Timestamp, body: &str) -> String {
    let text = format!("{id}.{}.{body}", at.as_second());
    // Every length is one for HMAC.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.bytes()) else { return String::new() };
    format!("v1,{}", STANDARD.encode(mac.chain_update(text).finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{TenantId, WebhookId};

    fn webhook(old_until: Option<Timestamp>) -> Webhook {
        Webhook {
            id: WebhookId::from_uuid(uuid::Uuid::from_u128(1)),
            tenant: TenantId::from_uuid(uuid::Uuid::from_u128(2)),
            name: "tests".to_owned(),
            url: "https://hooks.example.org".to_owned(),
            events: Vec::new(),
            callers: false,
            secret: WebhookSecret::from_bytes([7; 32]),
            old_secret: old_until.map(|until| (WebhookSecret::from_bytes([8; 32]), until)),
            paused: None,
            failing_since: None,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// Made with `printf '%s' "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707… -binary | base64`.
    #[test]
    fn a_signature_is_the_one_that_openssl_makes() {
        let id = DeliveryId::from_uuid(uuid::Uuid::from_u128(3));
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let signed = signatures(&webhook(None), id, at, r#"{"type":"webhook.test"}"#);
        assert_eq!(signed, "v1,hav9qsnatTEPhcnJbXGLJlUrEOoFPVd1rqS2INMU30Q=");
    }

    #[test]
    fn two_secrets_sign_until_the_old_ones_time_is_over() {
        let id = DeliveryId::from_uuid(uuid::Uuid::from_u128(3));
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let until = at.saturating_add(std::time::Duration::from_secs(1)).unwrap();
        let both = signatures(&webhook(Some(until)), id, at, "{}");
        let (new, old) = both.split_once(' ').unwrap();
        assert_ne!(new, old);
        assert_eq!(signatures(&webhook(Some(until)), id, until, "{}").split(' ').count(), 1);
    }
}
