//! Accounts as the command line uses them: what is refused, what is filled in, what is kept.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

#[path = "accounts/answering.rs"]
mod answering;
#[path = "accounts/lamps.rs"]
mod lamps;
#[path = "accounts/login.rs"]
mod login;
#[path = "accounts/phone.rs"]
mod phone;
#[path = "support/postgres.rs"]
mod postgres_server;
#[path = "accounts/sending.rs"]
mod sending;

use std::time::Duration;

use aftertone::clock::{ManualClock, SystemClock};
use aftertone::domain::{Extension, MailMode, Quota, Recipient, TenantId, ToneChoice};
use aftertone::service::accounts::{AccountError, Accounts, Changes, MailboxDefaults, NewUser, PinFault};
use aftertone::store::Store;
use argon2::password_hash::PasswordVerifier as _;
use secrecy::SecretString;

struct Office {
    accounts: Accounts,
    store: Store,
    tenant: TenantId,
    _folder: tempfile::TempDir,
}

async fn office() -> Office {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new("2026-03-04T05:06:07Z".parse().unwrap(), 7);
    let url = format!("sqlite://{}/facts.db", folder.path().display());
    let store = Store::open(&url, clock.clone()).await.unwrap();
    let tenant = store.default_tenant().await.unwrap().id;
    let accounts = Accounts::new(store.clone(), clock, MailboxDefaults::default());
    Office { accounts, store, tenant, _folder: folder }
}

fn ada() -> NewUser {
    NewUser {
        extension: extension("1001"),
        first: " Ada ".to_owned(),
        last: "Lovelace".to_owned(),
        emails: vec!["ada@example.org".parse().unwrap()],
        mode: None,
        pin: Some(SecretString::from("482913")),
    }
}

fn extension(text: &str) -> Extension {
    text.parse().unwrap()
}

// 002-004, 002-006, 002-009
#[tokio::test]
async fn a_user_with_an_address_gets_links_and_the_defaults() {
    let office = office().await;
    let account = office.accounts.add_user(office.tenant, ada()).await.unwrap();
    assert_eq!(account.user.full_name(), "Ada Lovelace");
    let link = Recipient { address: "ada@example.org".parse().unwrap(), mode: MailMode::Link };
    assert_eq!(account.mailbox.recipients, [link]);
    assert_eq!(account.mailbox.max_message, Duration::from_secs(180));
    assert_eq!(account.mailbox.quota, Quota { messages: Some(100), bytes: None });
    assert!(account.mailbox.enabled && account.has_pin);
    assert_eq!(office.accounts.show(office.tenant, &extension("1001")).await.unwrap(), account);
    let listed = office.accounts.list(office.tenant).await.unwrap();
    assert_eq!(listed, [(account.user, Some(account.mailbox))]);
}

#[tokio::test]
async fn a_user_without_an_address_gets_no_mail() {
    let office = office().await;
    let quiet = NewUser { emails: Vec::new(), pin: None, ..ada() };
    let account = office.accounts.add_user(office.tenant, quiet).await.unwrap();
    assert!(account.mailbox.recipients.is_empty());
    assert!(!account.has_pin);
    let wants_mail =
        NewUser { extension: extension("1002"), mode: Some(MailMode::Link), emails: Vec::new(), ..ada() };
    let refused = office.accounts.add_user(office.tenant, wants_mail).await;
    assert!(matches!(refused, Err(AccountError::ModeWithoutAddress)), "{refused:?}");
    assert_eq!(office.accounts.list(office.tenant).await.unwrap().len(), 1);
}

// 002-014, 002-025
#[tokio::test]
async fn the_pin_is_kept_as_argon2id_and_never_itself() {
    let office = office().await;
    let account = office.accounts.add_user(office.tenant, ada()).await.unwrap();
    let kept = async || office.store.pin_hash(office.tenant, account.mailbox.id).await.unwrap().unwrap();
    let first = kept().await;
    assert!(first.starts_with("$argon2id$") && !first.contains("482913"));
    let argon2 = argon2::Argon2::default();
    assert!(argon2.verify_password(b"482913", first.as_str()).is_ok());
    assert!(argon2.verify_password(b"482914", first.as_str()).is_err());

    let change = Changes { pin: Some(SecretString::from("482913")), ..Changes::default() };
    office.accounts.set(office.tenant, &extension("1001"), change).await.unwrap();
    assert_ne!(kept().await, first, "the same PIN has another salt");
}

#[tokio::test]
async fn a_bad_pin_is_refused_and_nothing_is_added() {
    let office = office().await;
    let cases = [("1234", PinFault::Sequence), ("7777", PinFault::Repeats), ("1001", PinFault::Extension)];
    for (pin, fault) in cases {
        let new = NewUser { pin: Some(SecretString::from(pin)), ..ada() };
        match office.accounts.add_user(office.tenant, new).await {
            Err(error @ AccountError::Pin(why)) => {
                assert_eq!(why, fault);
                assert!(!format!("{error} {error:?}").contains(pin), "{error}");
            }
            other => panic!("{pin}: {other:?}"),
        }
    }
    assert!(office.accounts.list(office.tenant).await.unwrap().is_empty());
}

// 002-006
#[tokio::test]
async fn a_taken_extension_is_named_with_the_remedy() {
    let office = office().await;
    office.accounts.add_user(office.tenant, ada()).await.unwrap();
    let error = office.accounts.add_user(office.tenant, ada()).await.unwrap_err();
    assert!(matches!(&error, AccountError::ExtensionTaken(taken) if taken == "1001"), "{error:?}");
    assert!(error.to_string().contains("choose another"), "{error}");
}

#[tokio::test]
async fn names_and_addresses_that_cannot_be_are_refused() {
    let office = office().await;
    let twice = vec!["ada@example.org".parse().unwrap(), "Ada@example.org".parse().unwrap()];
    let many = (0..11).map(|place| format!("a{place}@example.org").parse().unwrap()).collect();
    for new in [
        NewUser { first: "A\nB".to_owned(), ..ada() },
        NewUser { last: "x".repeat(65), ..ada() },
        NewUser { emails: twice, ..ada() },
        NewUser { emails: many, ..ada() },
    ] {
        assert!(office.accounts.add_user(office.tenant, new.clone()).await.is_err(), "{new:?}");
    }
    assert!(office.accounts.list(office.tenant).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_change_touches_what_it_names_and_nothing_else() {
    let office = office().await;
    let before = office.accounts.add_user(office.tenant, ada()).await.unwrap();
    let change = Changes {
        last: Some("Byron".to_owned()),
        zone: Some(Some("Europe/Berlin".to_owned())),
        language: Some(Some("pt-BR".to_owned())),
        silence: Some(Duration::from_secs(3)),
        operator: Some(Some("sip:desk@example.org".to_owned())),
        extension: Some(extension("2002")),
        ..Changes::default()
    };
    let after = office.accounts.set(office.tenant, &extension("1001"), change).await.unwrap();
    let mut expected = before.clone();
    expected.user.last = "Byron".to_owned();
    expected.mailbox.zone = Some("Europe/Berlin".to_owned());
    expected.mailbox.language = Some("pt-BR".to_owned());
    expected.mailbox.silence = Duration::from_secs(3);
    expected.mailbox.operator = Some("sip:desk@example.org".to_owned());
    expected.mailbox.extension = extension("2002");
    assert_eq!(after, expected);
    let gone = office.accounts.show(office.tenant, &extension("1001")).await;
    assert!(matches!(gone, Err(AccountError::NoMailbox(_))), "{gone:?}");

    let clear = Changes { zone: Some(None), ..Changes::default() };
    let cleared = office.accounts.set(office.tenant, &extension("2002"), clear).await.unwrap();
    assert_eq!(cleared.mailbox.zone, None);
}

#[tokio::test]
async fn a_value_out_of_range_changes_nothing() {
    let office = office().await;
    let before = office.accounts.add_user(office.tenant, ada()).await.unwrap();
    let some = |text: &str| Some(Some(text.to_owned()));
    let bad = [
        Changes { zone: some("Mars/Olympus"), ..Changes::default() },
        Changes { language: some("english please"), ..Changes::default() },
        Changes { operator: some("sip:a b"), ..Changes::default() },
        Changes { silence: Some(Duration::ZERO), ..Changes::default() },
        Changes { max_message: Some(Duration::from_secs(3601)), ..Changes::default() },
        Changes { min_speech: Some(Duration::from_secs(61)), ..Changes::default() },
        Changes { tone: Some(ToneChoice::Sine { hertz: 5, millis: 400 }), ..Changes::default() },
        Changes { first: Some("\u{7}".to_owned()), ..Changes::default() },
        Changes { emails: Some(Vec::new()), mode: Some(MailMode::Link), ..Changes::default() },
        Changes {
            modes: vec![Recipient { address: "eve@example.org".parse().unwrap(), mode: MailMode::Link }],
            ..Changes::default()
        },
    ];
    for change in bad {
        let change = Changes { last: Some("Byron".to_owned()), ..change };
        let refused = office.accounts.set(office.tenant, &extension("1001"), change.clone()).await;
        assert!(refused.is_err(), "{change:?}");
    }
    assert_eq!(office.accounts.show(office.tenant, &extension("1001")).await.unwrap(), before);
}

// 002-073
#[tokio::test]
async fn each_address_has_its_own_mode_and_keeps_it() {
    let office = office().await;
    office.accounts.add_user(office.tenant, ada()).await.unwrap();
    let (ada, desk) = ("ada@example.org".parse().unwrap(), "desk@example.org".parse().unwrap());
    let brief = Recipient { address: desk, mode: MailMode::BriefLink };
    let add = Changes {
        emails: Some(vec![ada, brief.address.clone()]),
        modes: vec![brief.clone()],
        ..Changes::default()
    };
    let set = async |change| office.accounts.set(office.tenant, &extension("1001"), change).await.unwrap();
    let both = set(add).await;
    assert_eq!(both.mailbox.recipients[0].mode, MailMode::Link);
    assert_eq!(both.mailbox.recipients[1], brief);
    let fewer = set(Changes { emails: Some(vec![brief.address.clone()]), ..Changes::default() }).await;
    assert_eq!(fewer.mailbox.recipients, [brief]);
    let off = set(Changes { mode: Some(MailMode::None), ..Changes::default() }).await;
    assert_eq!(off.mailbox.recipients[0].mode, MailMode::None);
}

// 003-03, 004-08, 004-09
#[tokio::test]
async fn numbers_and_aliases_are_kept_in_their_plain_form() {
    let office = office().await;
    office.accounts.add_user(office.tenant, ada()).await.unwrap();
    let eve = NewUser { extension: extension("1002"), ..ada() };
    office.accounts.add_user(office.tenant, eve).await.unwrap();
    let (one, two) = (extension("1001"), extension("1002"));
    let add = async |to: &Extension, number: &str| {
        office.accounts.add_number(office.tenant, to, number, Some(" Sales ")).await
    };

    assert_eq!(add(&one, "+49 (30) 1234-56").await.unwrap().number, "+4930123456");
    assert_eq!(add(&one, "Sales.Team").await.unwrap().number, "sales.team");
    let account = office.accounts.show(office.tenant, &one).await.unwrap();
    assert_eq!(account.numbers.len(), 2);
    assert_eq!(account.numbers[0].label.as_deref(), Some("Sales"));

    assert!(matches!(add(&two, "+4930123456").await, Err(AccountError::NumberTaken(_))));
    assert!(matches!(add(&one, "1002").await, Err(AccountError::NumberTaken(_))), "an extension is no alias");
    for bad in ["", "sip:x@192.0.2.7", "a b", "\r\n"] {
        assert!(matches!(add(&one, bad).await, Err(AccountError::Invalid(_))), "{bad:?}");
    }
    let not_there = office.accounts.remove_number(office.tenant, &two, "+4930123456").await;
    assert!(matches!(not_there, Err(AccountError::NoNumber(_))), "{not_there:?}");
    office.accounts.remove_number(office.tenant, &one, "+49 30 123456").await.unwrap();
    assert_eq!(office.accounts.numbers(office.tenant).await.unwrap().len(), 1);

    add(&one, "5555").await.unwrap();
    let clash = NewUser { extension: extension("5555"), ..ada() };
    let refused = office.accounts.add_user(office.tenant, clash).await;
    assert!(matches!(refused, Err(AccountError::NumberTaken(_))), "{refused:?}");
}

#[tokio::test]
async fn a_removed_user_is_gone_and_the_extension_is_free() {
    let office = office().await;
    office.accounts.add_user(office.tenant, ada()).await.unwrap();
    office.accounts.remove(office.tenant, &extension("1001")).await.unwrap();
    let again = office.accounts.remove(office.tenant, &extension("1001")).await.unwrap_err();
    assert!(again.to_string().contains("the list of users"), "{again}");
    assert!(office.accounts.list(office.tenant).await.unwrap().is_empty());
    office.accounts.add_user(office.tenant, ada()).await.unwrap();
}

#[tokio::test]
async fn another_tenant_sees_nothing_of_an_account() {
    let office = office().await;
    office.accounts.add_user(office.tenant, ada()).await.unwrap();
    let stranger = TenantId::from_uuid(aftertone::clock::Clock::uuid(SystemClock::shared().as_ref()));
    let seen = office.accounts.show(stranger, &extension("1001")).await;
    assert!(matches!(seen, Err(AccountError::NoMailbox(_))), "{seen:?}");
    assert!(office.accounts.list(stranger).await.unwrap().is_empty());
}
