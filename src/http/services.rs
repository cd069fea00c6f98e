//! The use cases that portal and API stand on, in one place.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::blob::objects::Objects;
use crate::blob::spool::Spool;
use crate::clock::SharedClock;
use crate::domain::User;
use crate::flow::keys::Profile;
use crate::service::accounts::Accounts;
use crate::service::answering::{Lists, Rules};
use crate::service::audit::Audit;
use crate::service::bulk::Bulk;
use crate::service::call_me::CallMe;
use crate::service::directory::AudioDirectory;
use crate::service::greetings::Greetings;
use crate::service::handsets::Handsets;
use crate::service::import::Imports;
use crate::service::inbox::Inbox;
use crate::service::keys::Keys;
use crate::service::lamp::audit::LampAudit;
use crate::service::live_calls::LiveCalls;
use crate::service::login::Login;
use crate::service::numbers::Numbers;
use crate::service::people::People;
use crate::service::presence::Presences;
use crate::service::prompts::PromptSet;
use crate::service::reception::Reception;
use crate::service::repeats::Repeats;
use crate::service::retrieval::Retrieval;
use crate::service::sending::Sending;
use crate::service::settings::Settings;
use crate::service::signin::Signin;
use crate::service::tenants::Tenants;
use crate::service::time_frames::TimeFrames;
use crate::service::trials::{Outside, Trials};
use crate::service::upkeep::Upkeep;
use crate::service::webhooks::Webhooks;
use crate::service::webhooks::guard::Guard;
use crate::store::Store;

/// Live pages at the same time; further ones are told to come again.
const LIVE: usize = 400;

/// The key profile in force; the configuration may be read again.
pub type KeysInUse = Arc<dyn Fn() -> Arc<Profile> + Send + Sync>;

/// What portal and API stand on. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    /// Passwords, sessions, one-time links.
    pub signin: Signin,
    /// Keys of programs.
    pub keys: Keys,
    /// Who changed what.
    pub audit: Audit,
    /// Requests that come twice.
    pub repeats: Repeats,
    /// Programs that are told what happens.
    pub webhooks: Webhooks,
    /// Users and their mailboxes.
    pub accounts: Accounts,
    /// The same for many users.
    pub bulk: Bulk,
    /// Pages of users, tenants, jobs.
    pub people: People,
    /// Tenants, added and removed.
    pub tenants: Tenants,
    /// What people say of themselves.
    pub presences: Presences,
    /// PINs.
    pub login: Login,
    /// Pages of messages.
    pub inbox: Inbox,
    /// Marks and counts.
    pub retrieval: Retrieval,
    /// Messages to colleagues.
    pub sending: Sending,
    /// Calls to record greetings.
    pub call_me: CallMe,
    /// What owners set.
    pub settings: Settings,
    /// Greetings.
    pub greetings: Greetings,
    /// People by name.
    pub directory: AudioDirectory,
    /// What calls get.
    pub reception: Reception,
    /// Answering rules.
    pub rules: Rules,
    /// Time frames.
    pub frames: TimeFrames,
    /// Callers who are let through or turned away.
    pub lists: Lists,
    /// Users by the table.
    pub imports: Imports,
    /// Calls that run.
    pub calls: LiveCalls,
    /// What phones were told.
    pub lamps: LampAudit,
    /// Phones as a record.
    pub handsets: Handsets,
    /// The inventory of numbers.
    pub numbers: Numbers,
    /// First steps of a new server.
    pub trials: Trials,
    /// How mails and prompts are.
    pub upkeep: Upkeep,
    /// What is said on the phone.
    pub prompts: Arc<PromptSet>,
    /// The keys that calls obey at this moment.
    pub phone_keys: KeysInUse,
    /// How the outside reaches us.
    pub public_url: String,
    /// Ends live pages when the server stops.
    pub stop: CancellationToken,
    pub(super) live: Arc<Semaphore>,
}

/// What [`Services`] are made of.
pub struct Parts {
    /// Facts.
    pub store: Store,
    /// Audio.
    pub objects: Objects,
    /// Recordings in progress.
    pub spool: Spool,
    /// Time.
    pub clock: SharedClock,
    /// Users, with the configuration's defaults and rules.
    pub accounts: Accounts,
    /// Greetings, with what calls have loaded.
    pub greetings: Greetings,
    /// What calls get, by the configuration's rules.
    pub reception: Reception,
    /// Answering rules, with where calls may go.
    pub rules: Rules,
    /// Users by the table, with the configuration's defaults and rules.
    pub imports: Imports,
    /// Calls that run.
    pub calls: LiveCalls,
    /// The ways to phone systems and mail servers, to be tried.
    pub outside: Arc<dyn Outside>,
    /// What is said on the phone.
    pub prompts: Arc<PromptSet>,
    /// Where webhooks may lead.
    pub guard: Guard,
    /// The keys that calls obey at this moment.
    pub phone_keys: KeysInUse,
    /// How the outside reaches us.
    pub public_url: String,
    /// When the server stops.
    pub stop: CancellationToken,
}

impl Services {
    /// Invites a user who was added just now; says whether the invitation is on its way. Who was added stays either way.
    pub(super) async fn invite_added(&self, user: &User) -> bool {
        let invited = self.signin.invite(user).await;
        if let Err(error) = &invited {
            tracing::warn!(%error, "a user was added, but not invited");
        }
        invited.is_ok()
    }

    /// Over these parts.
    pub fn new(parts: Parts) -> Self {
        let (store, clock, greetings) = (parts.store, parts.clock, parts.greetings);
        let signin = Signin::new(store.clone(), clock.clone(), &parts.public_url);
        Self {
            keys: Keys::new(store.clone(), clock.clone(), signin.clone()),
            signin: signin.clone(),
            audit: Audit::new(store.clone(), clock.clone()),
            repeats: Repeats::new(store.clone(), clock.clone()),
            webhooks: Webhooks::new(store.clone(), clock.clone(), parts.guard),
            bulk: Bulk::new(
                store.clone(),
                clock.clone(),
                People::new(store.clone(), clock.clone()),
                parts.accounts.clone(),
                signin.clone(),
                Audit::new(store.clone(), clock.clone()),
            ),
            people: People::new(store.clone(), clock.clone()),
            tenants: Tenants::new(store.clone(), clock.clone()),
            presences: Presences::new(store.clone(), clock.clone()),
            login: Login::new(store.clone(), clock.clone(), parts.accounts.pin_policy()),
            inbox: Inbox::new(store.clone()),
            numbers: Numbers::new(store.clone(), clock.clone(), parts.accounts.clone()),
            handsets: Handsets::new(store.clone(), clock.clone(), Arc::clone(&parts.outside)),
            trials: Trials::new(parts.outside, Inbox::new(store.clone()), clock.clone()),
            frames: TimeFrames::new(store.clone(), clock.clone()),
            lists: Lists::new(store.clone(), clock.clone()),
            rules: parts.rules,
            lamps: LampAudit::new(store.clone(), clock.clone()),
            sending: Sending::new(store.clone(), parts.objects.clone(), parts.spool.clone(), clock.clone()),
            call_me: CallMe::new(store.clone(), clock.clone()),
            retrieval: Retrieval::new(store.clone(), parts.objects, greetings.clone(), clock.clone()),
            settings: Settings::new(store.clone(), parts.spool, greetings.clone(), clock),
            upkeep: Upkeep::new(store.clone(), Arc::clone(&parts.prompts)),
            directory: AudioDirectory::new(store),
            accounts: parts.accounts,
            greetings,
            reception: parts.reception,
            imports: parts.imports,
            calls: parts.calls,
            prompts: parts.prompts,
            phone_keys: parts.phone_keys,
            public_url: parts.public_url,
            stop: parts.stop,
            live: Arc::new(Semaphore::new(LIVE)),
        }
    }
}
