//! Opening a mailbox by phone: who gets in, who does not, and that refusals tell nothing. On both databases.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aftertone::clock::ManualClock;
use aftertone::domain::{Extension, TenantId};
use aftertone::service::accounts::{Accounts, Changes, MailboxDefaults, NewUser, PinFault, PinPolicy};
use aftertone::service::login::{Attempt, ChangeFault, Login, LoginOutcome, Source, Welcome};
use aftertone::store::{Notice, Store, Work};
use secrecy::SecretString;

use super::postgres_server::Postgres;

macro_rules! on_both {
    ($($case:ident)*) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let folder = tempfile::tempdir().unwrap();
                    let url = format!("sqlite://{}/facts.db", folder.path().display());
                    super::$case(super::Door::open(&url).await).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let Some(server) = super::Postgres::shared() else { return };
                    super::$case(super::Door::open(&server.database().await).await).await;
                }
            )*
        }
    };
}

on_both! {
    the_right_pin_opens_the_mailbox_and_no_other
    no_mailbox_wrong_pin_and_no_pin_are_one_refusal
    nothing_but_the_pin_opens_a_mailbox
    a_call_has_three_attempts_and_waits_grow
    a_locked_mailbox_refuses_the_right_pin_until_it_is_unlocked
    two_nodes_and_a_restart_count_together
    a_source_is_refused_after_twenty_wrong_pins
    a_new_pin_of_the_administrator_unlocks
    a_changed_pin_obeys_the_policy_and_replaces_the_old_one
    only_a_trusted_device_needs_no_pin
    a_store_that_is_away_opens_nothing
}

/// One database, two nodes.
struct Door {
    url: String,
    clock: Arc<ManualClock>,
    store: Store,
    accounts: Accounts,
    login: Login,
    second: Login,
    tenant: TenantId,
}

fn pin(text: &str) -> SecretString {
    SecretString::from(text)
}

fn extension(text: &str) -> Extension {
    text.parse().unwrap()
}

fn source(last: u8) -> Source {
    Source::new(IpAddr::from([192, 0, 2, last]), Some("+15550100"))
}

impl Door {
    async fn open(url: &str) -> Self {
        let clock = ManualClock::new("2026-03-04T05:06:07Z".parse().unwrap(), 7);
        let store = Store::open(url, clock.clone()).await.unwrap();
        let other = Store::open(url, clock.clone()).await.unwrap();
        let tenant = store.default_tenant().await.unwrap().id;
        let accounts = Accounts::new(store.clone(), clock.clone(), MailboxDefaults::default());
        for (number, secret) in [("1001", Some("482913")), ("1002", Some("739105")), ("1003", None)] {
            let new = NewUser {
                extension: extension(number),
                first: "Ada".to_owned(),
                last: "Lovelace".to_owned(),
                emails: vec!["ada@example.org".parse().unwrap()],
                mode: None,
                pin: secret.map(pin),
            };
            accounts.add_user(tenant, new).await.unwrap();
        }
        let login = Login::new(store.clone(), clock.clone(), PinPolicy::usual());
        let second = Login::new(other, clock.clone(), PinPolicy::usual());
        Self { url: url.to_owned(), clock, store, accounts, login, second, tenant }
    }

    async fn try_at(&self, login: &Login, number: &str, secret: &str, who: u8) -> LoginOutcome {
        let (tenant, source) = (self.tenant, source(who));
        login.check(Attempt { tenant, extension: number, pin: pin(secret), source, nth: 1 }).await
    }

    async fn enter(&self, number: &str, secret: &str) -> LoginOutcome {
        self.try_at(&self.login, number, secret, 1).await
    }
}

fn opened(outcome: &LoginOutcome) -> Option<&Welcome> {
    match outcome {
        LoginOutcome::Welcome(welcome) => Some(welcome),
        LoginOutcome::Refused { .. } | LoginOutcome::Unavailable => None,
    }
}

async fn the_right_pin_opens_the_mailbox_and_no_other(door: Door) {
    let ada = door.enter("1001", "482913").await;
    let welcome = opened(&ada).unwrap();
    assert_eq!(welcome.mailbox.extension, extension("1001"));
    assert_eq!(welcome.owner.mailbox, welcome.mailbox.id);
    assert_eq!((welcome.zone.as_str(), welcome.language.as_str()), ("UTC", "en"));
    assert!(!welcome.mailbox.phone.tutorial.pin, "the administrator's PIN is not the owner's");
    assert!(opened(&door.enter("1002", "482913").await).is_none());
    assert!(opened(&door.enter("1002", "739105").await).is_some());
    // Right ones are not on anybody's account.
    for _ in 0..25 {
        assert!(opened(&door.enter("1001", "482913").await).is_some());
    }
}

async fn no_mailbox_wrong_pin_and_no_pin_are_one_refusal(door: Door) {
    let refused = LoginOutcome::Refused { wait: Duration::from_secs(1), last: false };
    for (who, (number, secret)) in
        [("9999", "482913"), ("1001", "482914"), ("1003", "482913"), ("", "482913"), ("100110011001", "1")]
            .into_iter()
            .enumerate()
    {
        let who = u8::try_from(who).unwrap();
        assert_eq!(door.try_at(&door.login, number, secret, who).await, refused, "{number}");
    }
}

async fn nothing_but_the_pin_opens_a_mailbox(door: Door) {
    for (who, secret) in
        ["", "0", "48291", "4829130", "482913 ", "*", "#", "482913\0"].into_iter().enumerate()
    {
        let who = u8::try_from(who).unwrap();
        door.store.unlock(door.tenant, "1001").await.unwrap();
        assert!(opened(&door.try_at(&door.login, "1001", secret, who).await).is_none(), "{secret:?}");
        // A mailbox without a PIN is not one that every PIN opens.
        assert!(opened(&door.try_at(&door.login, "1003", secret, who).await).is_none(), "{secret:?}");
        door.store.unlock(door.tenant, "1003").await.unwrap();
    }
}

async fn a_call_has_three_attempts_and_waits_grow(door: Door) {
    let mut waits = Vec::new();
    for nth in 1..=4 {
        let secret = if nth == 4 { "482913" } else { "111111" };
        let (tenant, source) = (door.tenant, source(1));
        let attempt = Attempt { tenant, extension: "1001", pin: pin(secret), source, nth };
        match door.login.check(attempt).await {
            LoginOutcome::Refused { wait, last } => {
                assert_eq!(last, nth >= 3);
                waits.push(wait.as_secs());
            }
            other => panic!("attempt {nth}: {other:?}"),
        }
    }
    assert_eq!(waits, [1, 2, 4, 4], "the fourth attempt is refused unseen");
    // Calling again does not begin anew.
    let LoginOutcome::Refused { wait, .. } = door.enter("1001", "111111").await else { panic!() };
    assert_eq!(wait.as_secs(), 8);
}

async fn a_locked_mailbox_refuses_the_right_pin_until_it_is_unlocked(door: Door) {
    for who in 0..10 {
        assert!(opened(&door.try_at(&door.login, "1001", "111111", who).await).is_none());
    }
    let refused = door.try_at(&door.login, "1001", "482913", 50).await;
    assert!(matches!(refused, LoginOutcome::Refused { last: false, .. }), "{refused:?}");
    assert!(opened(&door.try_at(&door.second, "1002", "739105", 50).await).is_some(), "others are untouched");
    let jobs = door.store.jobs(None, 9).await.unwrap();
    let told: Vec<_> = jobs.iter().map(|job| &job.work).collect();
    assert!(
        matches!(told.as_slice(), [Work::Notice { notice: Notice::Locked, to, .. }] if to.as_str() == "ada@example.org"),
        "{told:?}"
    );
    let locked = door.accounts.locked(door.tenant).await.unwrap();
    assert_eq!(locked.iter().map(|(number, _)| number.as_str()).collect::<Vec<_>>(), ["1001"]);
    assert!(door.accounts.unlock(door.tenant, &extension("1001")).await.unwrap());
    assert!(opened(&door.try_at(&door.login, "1001", "482913", 50).await).is_some());
    // A number that nobody has is locked as well, and tells nobody.
    for who in 100..110 {
        assert!(opened(&door.try_at(&door.login, "7777", "111111", who).await).is_none());
    }
    assert_eq!(door.store.jobs(None, 9).await.unwrap().len(), 1);
}

async fn two_nodes_and_a_restart_count_together(door: Door) {
    for who in 0..9 {
        let node = if who % 2 == 0 { &door.login } else { &door.second };
        assert!(opened(&door.try_at(node, "1001", "111111", who).await).is_none());
    }
    let restarted = Store::open(&door.url, door.clock.clone()).await.unwrap();
    let restarted = Login::new(restarted, door.clock.clone(), PinPolicy::usual());
    assert!(opened(&door.try_at(&restarted, "1001", "111111", 20).await).is_none());
    for node in [&door.login, &door.second, &restarted] {
        assert!(opened(&door.try_at(node, "1001", "482913", 30).await).is_none(), "locked on every node");
    }
}

async fn a_source_is_refused_after_twenty_wrong_pins(door: Door) {
    for nth in 0..20 {
        let node = if nth % 2 == 0 { &door.login } else { &door.second };
        assert!(opened(&door.try_at(node, &format!("{}", 2000 + nth), "111111", 1).await).is_none());
    }
    assert!(opened(&door.try_at(&door.login, "1001", "482913", 1).await).is_none(), "the source is refused");
    assert!(opened(&door.try_at(&door.login, "1001", "482913", 2).await).is_some(), "others are not");
    door.clock.advance(Duration::from_secs(3601));
    assert!(opened(&door.try_at(&door.login, "1001", "482913", 1).await).is_some());
}

async fn a_new_pin_of_the_administrator_unlocks(door: Door) {
    for who in 0..10 {
        door.try_at(&door.login, "1001", "111111", who).await;
    }
    let change = Changes { pin: Some(pin("907142")), ..Changes::default() };
    door.accounts.set(door.tenant, &extension("1001"), change).await.unwrap();
    assert!(opened(&door.try_at(&door.login, "1001", "907142", 40).await).is_some());
}

async fn a_changed_pin_obeys_the_policy_and_replaces_the_old_one(door: Door) {
    let welcome = door.enter("1001", "482913").await;
    let owner = opened(&welcome).unwrap().owner;
    for (bad, rule) in [
        ("57", PinFault::Shape),
        ("1234", PinFault::Sequence),
        ("7777", PinFault::Repeats),
        ("1001", PinFault::Extension),
        ("1984", PinFault::Date),
    ] {
        match door.login.change_pin(owner, pin(bad)).await {
            Err(error @ ChangeFault::Pin(why)) => {
                assert_eq!(why, rule);
                assert!(!format!("{error} {error:?}").contains(bad), "{error}");
            }
            other => panic!("{bad}: {other:?}"),
        }
    }
    assert!(opened(&door.enter("1001", "482913").await).is_some(), "the old one still opens");
    door.login.change_pin(owner, pin("907142")).await.unwrap();
    assert!(opened(&door.enter("1001", "482913").await).is_none());
    let again = door.enter("1001", "907142").await;
    assert!(opened(&again).unwrap().mailbox.phone.tutorial.pin, "the tutorial goes on after the PIN");
}

async fn only_a_trusted_device_needs_no_pin(door: Door) {
    let trusted = async |identity| door.login.trusted(door.tenant, identity).await;
    assert_eq!(trusted(None).await, None);
    for identity in ["", "1001", "desk-7"] {
        assert_eq!(trusted(Some(identity)).await, None, "off unless the device was named");
    }
    door.accounts.trust(door.tenant, &extension("1001"), "desk-7", true).await.unwrap();
    assert_eq!(trusted(Some("desk-7")).await.unwrap().mailbox.extension, extension("1001"));
    assert_eq!(trusted(Some("desk-8")).await, None);
    door.accounts.trust(door.tenant, &extension("1001"), "desk-7", false).await.unwrap();
    assert_eq!(trusted(Some("desk-7")).await, None);
    assert!(door.accounts.trust(door.tenant, &extension("1001"), " ", true).await.is_err());
}

async fn a_store_that_is_away_opens_nothing(door: Door) {
    assert!(opened(&door.enter("1001", "482913").await).is_some());
    door.store.close().await;
    assert_eq!(door.enter("1001", "482913").await, LoginOutcome::Unavailable);
    assert_eq!(door.login.trusted(door.tenant, Some("desk-7")).await, None);
}
