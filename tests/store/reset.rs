//! Users who are reset or cleared, on both databases: nothing of the old person is left for the new one, and nothing is lost.

use std::collections::BTreeSet;

use aftertone::clock::Clock as _;
use aftertone::domain::{Clear, KeyTarget, Login, Owner, Role};
use aftertone::service::accounts::{AccountError, Accounts, Changes, MailboxDefaults};
use aftertone::service::retention::Retention;
use aftertone::store::Why;

use super::*;

contract! {
    a_reset_leaves_nothing_of_the_old_person
    a_reset_is_taken_back_for_a_day_while_nobody_else_was_set_up
    what_was_cleared_comes_back_as_a_user_of_its_own_when_the_place_is_taken
    cleared_messages_leave_the_greetings_and_come_back
    what_is_not_chosen_stays
    a_message_that_is_deposited_again_after_a_reset_is_the_same
    a_message_of_before_a_reset_is_kept_from_who_comes_next
    a_message_of_before_the_owner_cleared_is_the_owners
    a_message_that_is_being_added_is_waited_for_by_a_reset
    what_was_read_before_a_reset_is_not_written_back_after_it
    changes_of_one_account_at_the_same_moment_are_all_there
    another_tenants_user_is_neither_reset_nor_taken_back
    extra_phones_are_nobodys_until_the_reset_is_taken_back
}

fn accounts(bed: &Bed) -> Accounts {
    Accounts::new(bed.store.clone(), bed.clock.clone(), MailboxDefaults::default())
}

fn number(text: &str) -> Extension {
    text.parse().unwrap()
}

fn all() -> BTreeSet<Clear> {
    Clear::ALL.into()
}

struct Full {
    home: Home,
    owner: Owner,
    saved: aftertone::domain::Message,
}

/// Somebody with everything that can be cleared.
async fn full(bed: &Bed) -> Full {
    let home = bed.home("1001").await;
    let owner = Owner { tenant: home.tenant, mailbox: home.mailbox.id };
    let saved = bed.deposited(&home).await;
    bed.store.mark(owner, saved.id, aftertone::domain::Mark::Save).await.unwrap();
    let fresh = bed.message(&home);
    let mail = bed.mail(&fresh);
    bed.store.deposit(&fresh, &[mail]).await.unwrap();
    bed.store.add_link(&bed.link(&saved, [7; 32])).await.unwrap();
    for kind in [GreetingKind::Standard, GreetingKind::Name] {
        bed.store.add_greeting(&bed.greeting(&home, kind)).await.unwrap();
    }
    bed.store.put_number(&bed.number(&home, "+15550100")).await.unwrap();
    bed.store.put_list(owner, 1, &BTreeSet::from([number("1002")])).await.unwrap();
    bed.store.trust_device(owner, "desk-7").await.unwrap();
    bed.store.set_pin(home.tenant, home.mailbox.id, "$argon2id$pin").await.unwrap();
    bed.store.set_password(home.tenant, home.user.id, "$argon2id$word", None).await.unwrap();
    let (tenant, user, role) = (home.tenant, home.user.id, Role::TenantAdmin);
    bed.store.put_fresh_factor(tenant, user, [9; 20]).await.unwrap();
    assert!(bed.store.turn_factor_on((tenant, user), [9; 20], 1, &[[8; 32]], None).await.unwrap());
    bed.store.put_login(&Login { tenant, user, role, has_password: true, portal: true }).await.unwrap();
    let keys = vec![('1', Some(KeyTarget::Call("+491701234567".to_owned())))];
    let changes = Changes { keys, operator: Some(Some("+491701234567".to_owned())), ..Changes::default() };
    accounts(bed).set(tenant, &number("1001"), changes).await.unwrap();
    bed.clock.advance(Duration::from_secs(60));
    Full { home, owner, saved }
}

// 002-093, 002-094, 001-10, 001-11, 001-13
async fn a_reset_leaves_nothing_of_the_old_person(bed: Bed) {
    let Full { home, owner, saved } = full(&bed).await;
    let before = accounts(&bed).holdings(home.tenant, &number("1001")).await.unwrap();
    assert_eq!((before.messages, before.unheard, before.greetings, before.names), (2, 1, 1, 1));
    assert_eq!((before.links, before.mails, before.numbers, before.devices, before.lists), (1, 1, 1, 1, 1));

    let cleared = accounts(&bed).reset(home.tenant, &number("1001"), all()).await.unwrap();
    assert_eq!((cleared.messages, cleared.greetings), (2, 2));
    let after = bed.second.holdings(owner, home.user.id, bed.clock.now()).await.unwrap();
    assert_eq!(after, aftertone::store::Holdings::default());
    for folder in [Folder::Inbox, Folder::Saved, Folder::Trash] {
        let left = bed.store.messages(home.tenant, home.mailbox.id, folder).await.unwrap();
        assert_eq!(left, [], "{folder}");
    }
    let account = accounts(&bed).show(home.tenant, &number("1001")).await.unwrap();
    assert_eq!(
        (account.user.full_name(), account.user.emails, account.has_pin),
        (String::new(), vec![], false)
    );
    assert!(account.mailbox.recipients.is_empty() && account.mailbox.keys.is_empty());
    assert!(account.mailbox.operator.is_none() && !account.mailbox.phone.announce);
    let login = bed.store.login(home.tenant, home.user.id).await.unwrap();
    assert_eq!((login.role, login.has_password), (Role::Basic, false));
    let factor = bed.store.second_factor(home.tenant, home.user.id).await.unwrap();
    assert_eq!(factor, None, "the next one has another telephone");
    assert_eq!(bed.store.device(home.tenant, "desk-7").await.unwrap(), None);
    let link = bed.store.link_by_hash(&[7; 32]).await.unwrap().unwrap();
    assert!(link.revoked_at.is_some(), "a link that was mailed");
    let jobs = bed.store.jobs(Some(JobState::Dead), 9).await.unwrap();
    assert!(jobs.iter().any(|job| matches!(job.work, Work::Mail { .. })), "{jobs:?}");
    let listed = bed.store.listed_user(home.tenant, home.user.id).await.unwrap().unwrap();
    assert!(listed.needs_setup && !listed.has_pin);
    // Nothing is lost: it lies in the bin, as somebody of its own.
    let bin = accounts(&bed).removed(home.tenant).await.unwrap();
    let [archive] = bin.as_slice() else { panic!("{bin:?}") };
    assert_eq!((archive.first.as_str(), archive.messages, archive.why), ("Ada", 2, Why::Reset));
    assert_eq!(bed.store.message(home.tenant, saved.id).await.unwrap().object, saved.object);

    let named = Changes { first: Some("Konrad".to_owned()), ..Changes::default() };
    accounts(&bed).set(home.tenant, &number("1001"), named).await.unwrap();
    let listed = bed.store.listed_user(home.tenant, home.user.id).await.unwrap().unwrap();
    assert!(!listed.needs_setup, "who has a name was set up");
}

async fn a_reset_is_taken_back_for_a_day_while_nobody_else_was_set_up(bed: Bed) {
    let Full { home, saved, .. } = full(&bed).await;
    let before = accounts(&bed).show(home.tenant, &number("1001")).await.unwrap();
    let holdings = accounts(&bed).holdings(home.tenant, &number("1001")).await.unwrap();
    accounts(&bed).reset(home.tenant, &number("1001"), all()).await.unwrap();
    bed.clock.advance(Duration::from_secs(23 * 3600));
    assert!(accounts(&bed).last_cleared(home.tenant, &number("1001")).await.unwrap().is_some());
    let back = accounts(&bed).take_back(home.tenant, &number("1001"), &|_| true).await.unwrap();
    assert_eq!((back.messages, back.greetings), (2, 2));
    assert_eq!(accounts(&bed).show(home.tenant, &number("1001")).await.unwrap(), before);
    let after = accounts(&bed).holdings(home.tenant, &number("1001")).await.unwrap();
    let expected = aftertone::store::Holdings { links: after.links, ..holdings };
    assert_eq!(after, expected, "links may have ended by time alone");
    assert_eq!(bed.store.message(home.tenant, saved.id).await.unwrap().folder, Folder::Saved);
    let link = bed.store.link_by_hash(&[7; 32]).await.unwrap().unwrap();
    assert_eq!(link.revoked_at, None);
    let login = bed.store.login(home.tenant, home.user.id).await.unwrap();
    assert_eq!((login.role, login.has_password), (Role::TenantAdmin, true));
    let factor = bed.store.second_factor(home.tenant, home.user.id).await.unwrap().unwrap();
    assert_eq!(factor.codes, 1, "a role never comes back without what protected it");
    assert_eq!(accounts(&bed).removed(home.tenant).await.unwrap(), [], "the archive is gone");
    let twice = accounts(&bed).take_back(home.tenant, &number("1001"), &|_| true).await.unwrap_err();
    assert!(matches!(twice, AccountError::NothingCleared), "{twice}");

    accounts(&bed).reset(home.tenant, &number("1001"), all()).await.unwrap();
    bed.clock.advance(Duration::from_secs(25 * 3600));
    let late = accounts(&bed).take_back(home.tenant, &number("1001"), &|_| true).await.unwrap_err();
    assert!(late.to_string().contains("recycle bin"), "{late}");
}

// 002-095
async fn what_was_cleared_comes_back_as_a_user_of_its_own_when_the_place_is_taken(bed: Bed) {
    let Full { home, .. } = full(&bed).await;
    accounts(&bed).reset(home.tenant, &number("1001"), all()).await.unwrap();
    let named = Changes {
        first: Some("Konrad".to_owned()),
        emails: Some(vec!["k@example.org".parse().unwrap()]),
        ..Changes::default()
    };
    accounts(&bed).set(home.tenant, &number("1001"), named).await.unwrap();
    assert_eq!(accounts(&bed).last_cleared(home.tenant, &number("1001")).await.unwrap(), None);
    let refused = accounts(&bed).take_back(home.tenant, &number("1001"), &|_| true).await.unwrap_err();
    assert!(matches!(refused, AccountError::NothingCleared), "Konrad never gets Ada's: {refused}");
    let archive = accounts(&bed).removed(home.tenant).await.unwrap().remove(0);
    let taken = accounts(&bed).restore(home.tenant, archive.user, None, &|_| true).await;
    assert!(matches!(taken, Err(AccountError::ExtensionTaken(_))), "{taken:?}");
    let free = number("1009");
    accounts(&bed).restore(home.tenant, archive.user, Some(&free), &|_| true).await.unwrap();
    let back = accounts(&bed).show(home.tenant, &free).await.unwrap();
    assert_eq!((back.user.first.as_str(), back.usage.messages), ("Ada", 2));
    assert_eq!(bed.store.login(home.tenant, back.user.id).await.unwrap().role, Role::Basic);
    let own = accounts(&bed).show(home.tenant, &number("1001")).await.unwrap();
    assert_eq!((own.user.first.as_str(), own.usage.messages), ("Konrad", 0));

    // And for good after its days, with the row that could have taken it back.
    accounts(&bed).remove(home.tenant, &free).await.unwrap();
    let day = Duration::from_secs(24 * 3600);
    bed.clock.advance(day * 31);
    let retention = Retention::new(bed.store.clone(), bed.clock.clone(), day * 30);
    assert_eq!(retention.sweep().await.unwrap().users, 1);
}

// 002-065, 002-067
async fn cleared_messages_leave_the_greetings_and_come_back(bed: Bed) {
    let Full { home, .. } = full(&bed).await;
    let holdings = accounts(&bed).holdings(home.tenant, &number("1001")).await.unwrap();
    let cleared = accounts(&bed).clear_mailbox(home.tenant, &number("1001"), false).await.unwrap();
    assert_eq!((cleared.messages, cleared.greetings), (2, 0));
    let after = accounts(&bed).holdings(home.tenant, &number("1001")).await.unwrap();
    assert_eq!((after.messages, after.greetings, after.names), (0, 1, 1));
    let listed = bed.store.listed_user(home.tenant, home.user.id).await.unwrap().unwrap();
    assert!(!listed.needs_setup && listed.has_pin, "the same person stays");
    assert_eq!(accounts(&bed).removed(home.tenant).await.unwrap()[0].why, Why::Cleared);
    let later = bed.deposited(&home).await;
    accounts(&bed).take_back(home.tenant, &number("1001"), &|_| true).await.unwrap();
    let back = accounts(&bed).holdings(home.tenant, &number("1001")).await.unwrap();
    assert_eq!((back.messages, back.links), (holdings.messages + 1, holdings.links));
    assert_eq!(bed.store.message(home.tenant, later.id).await.unwrap().folder, Folder::Inbox);

    let cleared = accounts(&bed).clear_mailbox(home.tenant, &number("1001"), true).await.unwrap();
    assert_eq!((cleared.messages, cleared.greetings), (3, 2));
    // What is recorded since plays on when the old ones come back.
    let newer = bed.greeting(&home, GreetingKind::Standard);
    bed.store.add_greeting(&newer).await.unwrap();
    accounts(&bed).take_back(home.tenant, &number("1001"), &|_| true).await.unwrap();
    let greetings = bed.store.greetings(home.tenant, home.mailbox.id).await.unwrap();
    assert_eq!(greetings.len(), 3);
    let plays = |kind| greetings.iter().filter(move |one| one.kind == kind && one.active);
    assert_eq!(plays(GreetingKind::Standard).map(|one| one.id).collect::<Vec<_>>(), [newer.id]);
    assert_eq!(plays(GreetingKind::Name).count(), 1);
}

async fn what_is_not_chosen_stays(bed: Bed) {
    let Full { home, .. } = full(&bed).await;
    let before = accounts(&bed).show(home.tenant, &number("1001")).await.unwrap();
    let nothing = accounts(&bed).reset(home.tenant, &number("1001"), BTreeSet::new()).await.unwrap_err();
    assert!(matches!(nothing, AccountError::NothingChosen));
    accounts(&bed).reset(home.tenant, &number("1001"), BTreeSet::from([Clear::Pin])).await.unwrap();
    let after = accounts(&bed).show(home.tenant, &number("1001")).await.unwrap();
    assert_eq!(after, aftertone::service::accounts::Account { has_pin: false, ..before });
    assert_eq!(accounts(&bed).removed(home.tenant).await.unwrap(), [], "there was nothing for the bin");
    let login = bed.store.login(home.tenant, home.user.id).await.unwrap();
    assert_eq!((login.role, login.has_password), (Role::TenantAdmin, true));
    // Rules that were made since are not mixed with the old ones.
    accounts(&bed).reset(home.tenant, &number("1001"), BTreeSet::from([Clear::Rules])).await.unwrap();
    let owner = Owner { tenant: home.tenant, mailbox: home.mailbox.id };
    bed.store.put_list(owner, 1, &BTreeSet::from([number("1003")])).await.unwrap();
    let refused = accounts(&bed).take_back(home.tenant, &number("1001"), &|_| true).await.unwrap_err();
    assert!(matches!(refused, AccountError::NewerRules), "{refused}");
    bed.store.put_list(owner, 1, &BTreeSet::new()).await.unwrap();
    accounts(&bed).take_back(home.tenant, &number("1001"), &|_| true).await.unwrap();
    assert_eq!(bed.store.lists(owner).await.unwrap(), [(1, vec![number("1002")])]);
}

async fn a_message_that_is_deposited_again_after_a_reset_is_the_same(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.deposited(&home).await;
    accounts(&bed).reset(home.tenant, &number("1001"), all()).await.unwrap();
    assert_eq!(bed.store.deposit(&message, &[]).await.unwrap(), Deposited::Already);
    assert_eq!(bed.store.messages(home.tenant, home.mailbox.id, Folder::Inbox).await.unwrap(), []);
}

// A recording that waited on its server's disk while its mailbox got another owner.
async fn a_message_of_before_a_reset_is_kept_from_who_comes_next(bed: Bed) {
    let home = bed.home("1001").await;
    let late = [bed.message(&home), bed.message(&home)];
    bed.clock.advance(Duration::from_secs(60));
    accounts(&bed).reset(home.tenant, &number("1001"), all()).await.unwrap();
    assert_eq!(
        bed.store.removed_users(home.tenant, None, 9).await.unwrap(),
        [],
        "nothing was cleared so far"
    );

    let mail = bed.mail(&late[0]);
    assert_eq!(bed.store.deposit(&late[0], &[mail]).await.unwrap(), Deposited::New);
    assert_eq!(bed.second.deposit(&late[0], &[]).await.unwrap(), Deposited::Already);
    for folder in [Folder::Inbox, Folder::Saved, Folder::Trash] {
        assert_eq!(bed.store.messages(home.tenant, home.mailbox.id, folder).await.unwrap(), [], "{folder}");
    }
    let jobs = bed.store.jobs(None, 100).await.unwrap();
    assert!(jobs.iter().all(|job| !format!("{:?}", job.work).contains(&late[0].id.to_string())), "{jobs:?}");
    let bin = bed.store.removed_users(home.tenant, None, 9).await.unwrap();
    assert_eq!(bin.iter().map(|kept| (kept.messages, kept.why)).collect::<Vec<_>>(), [(1, Why::Reset)]);

    bed.clock.advance(Duration::from_secs(1));
    let own = bed.deposited(&home).await;
    let inbox = bed.store.messages(home.tenant, home.mailbox.id, Folder::Inbox).await.unwrap();
    assert_eq!(inbox, std::slice::from_ref(&own), "what comes afterwards is for who comes next");

    // As a user of its own, and then once more something that was late.
    let place = number("1009");
    bed.store.restore_user(home.tenant, bin[0].user, Some(&place), &|_| true).await.unwrap();
    let back = bed.store.mailbox_by_extension(home.tenant, &place).await.unwrap().unwrap();
    assert_eq!(bed.store.deposit(&late[1], &[]).await.unwrap(), Deposited::New);
    let inbox = bed.store.messages(home.tenant, back.id, Folder::Inbox).await.unwrap();
    let ids: BTreeSet<_> = inbox.iter().map(|message| message.id).collect();
    assert_eq!(ids, BTreeSet::from([late[0].id, late[1].id]));
    assert_eq!(bed.store.messages(home.tenant, home.mailbox.id, Folder::Inbox).await.unwrap(), [own]);
}

async fn a_message_of_before_the_owner_cleared_is_the_owners(bed: Bed) {
    let home = bed.home("1001").await;
    bed.deposited(&home).await;
    let late = bed.message(&home);
    bed.clock.advance(Duration::from_secs(60));
    accounts(&bed).clear_mailbox(home.tenant, &number("1001"), true).await.unwrap();
    let mail = bed.mail(&late);
    bed.store.deposit(&late, &[mail]).await.unwrap();
    let inbox = bed.store.messages(home.tenant, home.mailbox.id, Folder::Inbox).await.unwrap();
    assert_eq!(inbox, std::slice::from_ref(&late));
    let jobs = bed.store.jobs(None, 100).await.unwrap();
    assert!(
        jobs.iter().any(|job| format!("{:?}", job.work).contains(&late.id.to_string())),
        "and is mailed: {jobs:?}"
    );
}

// SQLite has one writer: there nothing is under way while something else is written.
async fn a_message_that_is_being_added_is_waited_for_by_a_reset(bed: Bed) {
    if bed.url.starts_with("sqlite") {
        return;
    }
    let home = bed.home("1001").await;
    let colleague = bed.person(home.tenant, "1002");
    bed.store.add_user(&colleague.user, &colleague.mailbox, None).await.unwrap();
    let message = bed.deposited(&colleague).await;
    bed.clock.advance(Duration::from_secs(60));
    let mut adding = sqlx::PgConnection::connect(&bed.url).await.unwrap();
    let mut looking = sqlx::PgConnection::connect(&bed.url).await.unwrap();
    sqlx::raw_sql("BEGIN").execute(&mut adding).await.unwrap();
    let moved = sqlx::query("UPDATE messages SET mailbox_id = $1 WHERE id = $2")
        .bind(home.mailbox.id.uuid())
        .bind(message.id.uuid());
    moved.execute(&mut adding).await.unwrap();

    let (store, tenant) = (accounts(&bed), home.tenant);
    let reset = tokio::spawn(async move { store.reset(tenant, &number("1001"), all()).await });
    let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while !reset.is_finished()
        && sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut looking).await.unwrap() == 0
    {}
    sqlx::raw_sql("COMMIT").execute(&mut adding).await.unwrap();
    reset.await.unwrap().unwrap();
    let left = bed.store.messages(home.tenant, home.mailbox.id, Folder::Inbox).await.unwrap();
    assert_eq!(left, [], "it was left for who had the mailbox before");
}

async fn what_was_read_before_a_reset_is_not_written_back_after_it(bed: Bed) {
    let home = bed.home("1001").await;
    let (user, mailbox) = (home.user.clone(), home.mailbox.clone());
    let mut moved = user.clone();
    moved.profile.department = Some("Sales".to_owned());
    accounts(&bed).reset(home.tenant, &number("1001"), all()).await.unwrap();
    let late = bed.second.put_account((&user, &mailbox), (&moved, &mailbox), None).await;
    assert!(matches!(late, Err(StoreError::Taken { what: "account", .. })), "{late:?}");
    let account = accounts(&bed).show(home.tenant, &number("1001")).await.unwrap();
    assert_eq!((account.user.emails, account.mailbox.recipients), (vec![], vec![]), "nobody is mailed to");
}

async fn changes_of_one_account_at_the_same_moment_are_all_there(bed: Bed) {
    let home = bed.home("1001").await;
    let other = Accounts::new(bed.second.clone(), bed.clock.clone(), MailboxDefaults::default());
    let set = |accounts: &Accounts, changes| {
        let accounts = accounts.clone();
        tokio::spawn(async move { accounts.set(home.tenant, &number("1001"), changes).await.map(drop) })
    };
    let text = |text: &str| Some(text.to_owned());
    let own = accounts(&bed);
    let all = [
        set(&own, Changes { first: text("Grace"), ..Changes::default() }),
        set(&other, Changes { last: text("Hopper"), ..Changes::default() }),
        set(&own, Changes { zone: Some(text("Europe/Berlin")), ..Changes::default() }),
        set(&other, Changes { announce: Some(false), enabled: Some(false), ..Changes::default() }),
    ];
    for one in all {
        one.await.unwrap().unwrap();
    }
    let account = own.show(home.tenant, &number("1001")).await.unwrap();
    assert_eq!(account.user.full_name(), "Grace Hopper");
    assert_eq!(account.mailbox.zone.as_deref(), Some("Europe/Berlin"));
    assert!(!account.mailbox.enabled && !account.mailbox.phone.announce);
}

async fn another_tenants_user_is_neither_reset_nor_taken_back(bed: Bed) {
    let home = bed.home("1001").await;
    let elsewhere = bed.tenant("elsewhere").await;
    let clearing = aftertone::domain::Clearing { parts: all(), is_reset: true, fresh: None };
    let refused = bed.store.clear_user(elsewhere, home.user.id, &clearing).await;
    assert!(matches!(refused, Err(StoreError::Missing { .. })), "{refused:?}");
    bed.store.clear_user(home.tenant, home.user.id, &clearing).await.unwrap();
    let since = jiff::Timestamp::UNIX_EPOCH;
    let refused = bed.store.take_back_cleared(elsewhere, home.user.id, since, &|_| true).await;
    assert!(matches!(refused, Err(StoreError::Missing { .. })), "{refused:?}");
}

// 002-093
async fn extra_phones_are_nobodys_until_the_reset_is_taken_back(bed: Bed) {
    let home = bed.home("1001").await;
    let groups = vec!["lobby".to_owned()];
    for name in ["1001a", "1001b", "1001c"] {
        let mut phone = super::handsets::handset(&bed, home.tenant, name);
        phone.owner = Some(home.user.id);
        phone.settings.groups.clone_from(&groups);
        bed.store.add_handset(&phone).await.unwrap();
    }
    let of = async || {
        let known = bed.store.handsets_of(home.tenant, home.user.id).await.unwrap();
        known.into_iter().map(|known| known.handset).collect::<Vec<_>>()
    };
    let before = of().await;
    assert_eq!(accounts(&bed).holdings(home.tenant, &number("1001")).await.unwrap().phones, 3);
    let parts = BTreeSet::from([Clear::Phones]);
    accounts(&bed).reset(home.tenant, &number("1001"), parts).await.unwrap();
    assert_eq!(of().await, before[..1], "the first one stays as it is");
    let free = bed.store.handset(home.tenant, before[1].id).await.unwrap().handset;
    assert!(free.owner.is_none() && free.settings.groups.is_empty(), "{free:?}");
    // One of them is somebody else's by the time that it is taken back.
    let other = bed.person(home.tenant, "1002");
    bed.store.add_user(&other.user, &other.mailbox, None).await.unwrap();
    let was = bed.store.handset(home.tenant, before[2].id).await.unwrap().handset;
    let mut given = was.clone();
    given.change_hands(bed.clock.now());
    bed.store.give_handset(&was, &given, Some(other.user.id)).await.unwrap();
    bed.clock.advance(Duration::from_secs(60));
    accounts(&bed).take_back(home.tenant, &number("1001"), &|_| true).await.unwrap();
    let after = of().await;
    assert_eq!(after.iter().map(|phone| phone.id).collect::<Vec<_>>(), [before[0].id, before[1].id]);
    assert_eq!(after[1].settings, before[1].settings, "also in its ring groups again");
}
