//! What the web side of a running server stands on.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::blob::spool::Spool;
use crate::clock::SharedClock;
use crate::http::{Checks, KeysInUse, Parts, Services, Web};
use crate::service::answering::Rules;
use crate::service::greetings::Greetings;
use crate::service::import::Imports;
use crate::service::links::Links;
use crate::service::live_calls::LiveCalls;
use crate::service::prompts::PromptSet;
use crate::service::reception::Reception;
use crate::service::trials::Outside;

use super::base::Base;
use super::config::Config;

/// The parts of a running server that the web side shares with calls.
pub(super) struct Running<'a> {
    pub(super) config: &'a Config,
    pub(super) clock: &'a SharedClock,
    pub(super) base: &'a Base,
    pub(super) spool: &'a Spool,
    pub(super) greetings: &'a Greetings,
    pub(super) reception: &'a Reception,
    pub(super) prompts: &'a Arc<PromptSet>,
    pub(super) links: &'a Links,
    pub(super) calls: &'a LiveCalls,
    pub(super) outside: Arc<dyn Outside>,
    pub(super) phone_keys: KeysInUse,
    pub(super) checks: Checks,
    pub(super) metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub(super) stop: CancellationToken,
}

pub(super) fn web(running: Running<'_>) -> Web {
    let Running { config, clock, base, .. } = running;
    let voicemail = &config.voicemail;
    let imports = Imports::new(base.store.clone(), clock.clone(), voicemail.defaults(), voicemail.pins());
    let languages = running.prompts.languages().map(str::to_owned).collect();
    let services = Services::new(Parts {
        store: base.store.clone(),
        objects: base.objects.clone(),
        spool: running.spool.clone(),
        clock: clock.clone(),
        accounts: base.accounts.clone().with_calls(running.calls.clone()),
        rules: Rules::new(base.store.clone(), clock.clone(), config.transfer_targets()),
        greetings: running.greetings.clone(),
        reception: running.reception.clone(),
        imports: imports.with_languages(languages),
        calls: running.calls.clone(),
        outside: running.outside,
        prompts: Arc::clone(running.prompts),
        guard: config.webhooks.guard(),
        phone_keys: running.phone_keys,
        public_url: config.public_url(),
        stop: running.stop,
    });
    Web {
        store: base.store.clone(),
        objects: base.objects.clone(),
        links: running.links.clone(),
        clock: clock.clone(),
        checks: running.checks,
        metrics: running.metrics,
        services,
        trusted_proxies: config.http.trusted_proxies.clone(),
    }
}
