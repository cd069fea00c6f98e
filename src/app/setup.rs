//! What the configuration means for the parts of the server. Pure; [`super::server`] builds them with it.

use std::time::Duration;

use crate::call::CallSettings;
use crate::media::EngineConfig;
use crate::signal::{SignalConfig, TrunkAccess};

use super::config::{Config, Trunk};

/// For the media engine.
pub(super) fn engine_config(config: &Config) -> EngineConfig {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    EngineConfig {
        bind: config.rtp.address,
        ports: config.rtp.ports.clone(),
        workers: config.rtp.workers.unwrap_or(cores),
        silence_timeout: config.rtp.timeout,
        steady: config.rtp.steady,
    }
}

/// For the SIP side.
pub(super) fn signal_config(config: &Config) -> SignalConfig {
    let trunks = config.sip.trunks.iter().map(|trunk| TrunkAccess {
        name: trunk.name.clone(),
        peers: trunk.peers.clone(),
        digest: trunk.account(),
        ours: trunk.ours(),
    });
    SignalConfig {
        listen: config.sip.listen.clone(),
        advertise: config.sip.advertise.clone(),
        peers: config.sip.peers.clone(),
        trunks: trunks.collect(),
        server: concat!("Aftertone/", env!("CARGO_PKG_VERSION")).to_owned(),
        session_min: Duration::from_secs(90),
        session_expires: config.sip.session_expires,
    }
}

/// For calls.
pub(super) fn call_settings(config: &Config) -> CallSettings {
    let own = |trunk: &Trunk| Some((trunk.name.clone(), trunk.transfer_targets.clone()?));
    let (domain, access) = (config.sip.domain.as_deref(), config.sip.access_numbers.as_slice());
    let way_out = |trunk: &Trunk| trunk.way_out(domain, access);
    CallSettings {
        advertise: config.rtp.advertise,
        max_calls: config.sip.max_calls,
        always_instruct: config.voicemail.always_instruct,
        transfer_targets: config.sip.transfer_targets.clone(),
        trunk_targets: config.sip.trunks.iter().filter_map(own).collect(),
        ways_out: config.sip.trunks.iter().filter_map(way_out).collect(),
        operator: config.voicemail.operator.clone(),
        language: config.voicemail.language.clone(),
        domain: config.sip.domain.clone(),
        keys: config.voicemail.keys.clone(),
        directory_key: config.voicemail.directory_key,
    }
}
