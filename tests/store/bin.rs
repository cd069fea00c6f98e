//! The recycle bin on both databases: everything comes back, or goes for good with its audio.

use aftertone::clock::Clock as _;
use aftertone::domain::{Login, Owner, Role};
use aftertone::service::accounts::{Accounts, Changes, MailboxDefaults, NewUser};
use aftertone::service::retention::Retention;

use super::*;

contract! {
    a_removed_user_comes_back_with_everything
    an_extension_or_number_that_was_given_away_stays_where_it_is
    two_nodes_that_sweep_and_one_that_restores_lose_nobody
    after_thirty_days_nothing_is_left_but_jobs_for_the_audio
    nobody_of_another_tenant_is_brought_back
    the_bin_is_read_page_by_page_and_knows_extensions
    whoever_comes_back_takes_nobodys_name_to_sign_in_with
}

fn accounts(bed: &Bed) -> Accounts {
    Accounts::new(bed.store.clone(), bed.clock.clone(), MailboxDefaults::default())
}

async fn ada(bed: &Bed, tenant: TenantId) -> aftertone::service::accounts::Account {
    let new = NewUser {
        extension: "1001".parse().unwrap(),
        first: "Ada".to_owned(),
        last: "Lovelace".to_owned(),
        emails: vec!["ada@example.org".parse().unwrap()],
        mode: None,
        pin: Some("482913".into()),
    };
    accounts(bed).add_user(tenant, new).await.unwrap();
    accounts(bed).add_number(tenant, &"1001".parse().unwrap(), "+15550100", Some("Sales")).await.unwrap();
    accounts(bed).trust(tenant, &"1001".parse().unwrap(), "desk-7", true).await.unwrap();
    accounts(bed).show(tenant, &"1001".parse().unwrap()).await.unwrap()
}

async fn login(bed: &Bed, account: &aftertone::service::accounts::Account) {
    let (tenant, user) = (account.user.tenant, account.user.id);
    bed.store.set_password(tenant, user, "$argon2id$x", None).await.unwrap();
    let role = Role::OfficeManager;
    bed.store.put_login(&Login { tenant, user, role, has_password: true, portal: true }).await.unwrap();
}

// 004-10
async fn a_removed_user_comes_back_with_everything(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let before = ada(&bed, tenant).await;
    login(&bed, &before).await;
    let home = Home { tenant, user: before.user.clone(), mailbox: before.mailbox.clone() };
    let (fresh, trashed) = (bed.message(&home), bed.message(&home));
    bed.store.deposit(&fresh, &[]).await.unwrap();
    bed.store.deposit(&trashed, &[]).await.unwrap();
    let owner = Owner { tenant, mailbox: before.mailbox.id };
    bed.store.mark(owner, trashed.id, aftertone::domain::Mark::Trash).await.unwrap();
    bed.clock.advance(Duration::from_secs(60));
    let before = accounts(&bed).show(tenant, &"1001".parse().unwrap()).await.unwrap();
    let pin = bed.store.pin_hash(tenant, before.mailbox.id).await.unwrap();

    accounts(&bed).remove(tenant, &"1001".parse().unwrap()).await.unwrap();
    assert_eq!(bed.store.login(tenant, before.user.id).await.unwrap().role, Role::Basic, "nobody comes in");
    assert_eq!(bed.store.device(tenant, "desk-7").await.unwrap(), None);
    let removed = accounts(&bed).removed(tenant).await.unwrap();
    let [one] = removed.as_slice() else { panic!("{removed:?}") };
    assert_eq!((one.user, one.messages, one.role), (before.user.id, 1, Role::OfficeManager));
    assert_eq!(one.extension, Some(before.mailbox.extension.clone()));

    let below = accounts(&bed).restore(tenant, before.user.id, None, &|role| role <= Role::Supervisor).await;
    assert!(matches!(below, Err(aftertone::service::accounts::AccountError::RoleBack(_))), "{below:?}");
    let back = accounts(&bed)
        .restore(tenant, before.user.id, None, &|role| role <= Role::OfficeManager)
        .await
        .unwrap();
    assert_eq!((&back.extension, back.has_left_desk), (&before.mailbox.extension, false));
    assert_eq!(accounts(&bed).show(tenant, &back.extension).await.unwrap(), before);
    assert_eq!(bed.second.pin_hash(tenant, before.mailbox.id).await.unwrap(), pin);
    let known = bed.second.login(tenant, before.user.id).await.unwrap();
    assert_eq!((known.role, known.has_password), (Role::OfficeManager, true));
    assert_eq!(bed.store.device(tenant, "desk-7").await.unwrap(), Some(owner));
    let inbox = bed.store.messages(tenant, before.mailbox.id, Folder::Inbox).await.unwrap();
    assert_eq!(inbox.iter().map(|message| message.id).collect::<Vec<_>>(), [fresh.id]);
    let trash = bed.store.messages(tenant, before.mailbox.id, Folder::Trash).await.unwrap();
    assert_eq!(
        trash.iter().map(|message| message.id).collect::<Vec<_>>(),
        [trashed.id],
        "it was there before"
    );
    assert_eq!(accounts(&bed).removed(tenant).await.unwrap(), []);
    let twice = accounts(&bed).restore(tenant, before.user.id, None, &|_| true).await.unwrap_err();
    assert!(twice.to_string().contains("nobody like that"), "{twice}");
}

async fn an_extension_or_number_that_was_given_away_stays_where_it_is(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let old = ada(&bed, tenant).await;
    accounts(&bed).remove(tenant, &old.mailbox.extension).await.unwrap();
    let new = ada(&bed, tenant).await;
    assert_ne!(new.user.id, old.user.id);
    let refused = accounts(&bed).restore(tenant, old.user.id, None, &|_| true).await.unwrap_err();
    assert!(refused.to_string().contains("extension 1001 is already taken"), "{refused}");
    let alias = Some("15550100".parse().unwrap());
    accounts(&bed).add_number(tenant, &"1001".parse().unwrap(), "15550100", None).await.unwrap();
    let refused = accounts(&bed).restore(tenant, old.user.id, alias.as_ref(), &|_| true).await.unwrap_err();
    assert!(refused.to_string().contains("already taken"), "a number is none: {refused}");
    assert_eq!(accounts(&bed).removed(tenant).await.unwrap().len(), 1, "nothing was done");
    accounts(&bed).restore(tenant, old.user.id, Some(&"1002".parse().unwrap()), &|_| true).await.unwrap();
    let back = accounts(&bed).show(tenant, &"1002".parse().unwrap()).await.unwrap();
    assert!(back.numbers.is_empty() && back.has_pin, "{back:?}");
    let stays = accounts(&bed).show(tenant, &"1001".parse().unwrap()).await.unwrap();
    assert!(stays.numbers.iter().any(|number| number.number == "+15550100"), "{stays:?}");
    assert_eq!(accounts(&bed).devices(tenant, &"1001".parse().unwrap()).await.unwrap(), ["desk-7"]);
}

async fn after_thirty_days_nothing_is_left_but_jobs_for_the_audio(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let account = ada(&bed, tenant).await;
    login(&bed, &account).await;
    let home = Home { tenant, user: account.user.clone(), mailbox: account.mailbox.clone() };
    bed.store.deposit(&bed.message(&home), &[]).await.unwrap();
    bed.store.add_greeting(&bed.greeting(&home, GreetingKind::Standard)).await.unwrap();
    accounts(&bed).remove(tenant, &account.mailbox.extension).await.unwrap();
    let day = Duration::from_secs(24 * 3600);
    let retention = Retention::new(bed.store.clone(), bed.clock.clone(), day * 30);
    bed.clock.advance(day * 29);
    assert_eq!(retention.sweep().await.unwrap().users, 0);
    assert_eq!(accounts(&bed).removed(tenant).await.unwrap().len(), 1);
    bed.clock.advance(day * 2);
    let swept = retention.sweep().await.unwrap();
    assert_eq!((swept.users, swept.messages), (1, 1));
    assert_eq!(accounts(&bed).removed(tenant).await.unwrap(), []);
    let jobs = bed.store.jobs(None, 99).await.unwrap();
    let purges = jobs.iter().filter(|job| matches!(job.work, Work::Purge { .. })).count();
    assert_eq!(purges, 2, "of the message and of the greeting: {jobs:?}");
    let gone = bed.store.greetings(tenant, account.mailbox.id).await;
    assert!(matches!(gone, Err(StoreError::Missing { what: "mailbox", .. })), "{gone:?}");
}

async fn nobody_of_another_tenant_is_brought_back(bed: Bed) {
    let (tenant, elsewhere) = (bed.tenant("office").await, bed.tenant("elsewhere").await);
    let account = ada(&bed, tenant).await;
    accounts(&bed).remove(tenant, &account.mailbox.extension).await.unwrap();
    assert_eq!(accounts(&bed).removed(elsewhere).await.unwrap(), []);
    assert!(accounts(&bed).restore(elsewhere, account.user.id, None, &|_| true).await.is_err());
    assert_eq!(accounts(&bed).removed(tenant).await.unwrap().len(), 1);
}

async fn two_nodes_that_sweep_and_one_that_restores_lose_nobody(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let mut users = Vec::new();
    for number in 2000..2020 {
        let new = NewUser {
            extension: number.to_string().parse().unwrap(),
            first: String::new(),
            last: "X".to_owned(),
            emails: Vec::new(),
            mode: None,
            pin: None,
        };
        let account = accounts(&bed).add_user(tenant, new).await.unwrap();
        accounts(&bed).remove(tenant, &account.mailbox.extension).await.unwrap();
        users.push(account.user.id);
    }
    bed.clock.advance(Duration::from_secs(31 * 24 * 3600));
    let before = bed.clock.now() - Duration::from_secs(30 * 24 * 3600);
    let sweep = |store: Store| async move {
        let mut purged = 0;
        for _ in 0..20 {
            purged += store.purge_users(before, 3).await.unwrap();
        }
        purged
    };
    let restore = async {
        let mut back = Vec::new();
        for user in &users {
            if accounts(&bed).restore(tenant, *user, None, &|_| true).await.is_ok() {
                back.push(*user);
            }
        }
        back
    };
    let (one, other, back) = tokio::join!(sweep(bed.store.clone()), sweep(bed.second.clone()), restore);
    assert_eq!(one as usize + other as usize + back.len(), users.len(), "each went once or came back");
    for user in back {
        assert!(bed.store.person(tenant, user).await.unwrap().unwrap().1.is_some(), "with the mailbox");
    }
    assert_eq!(accounts(&bed).removed(tenant).await.unwrap(), []);
}

async fn the_bin_is_read_page_by_page_and_knows_extensions(bed: Bed) {
    let home = bed.home("1001").await;
    let mut gone = Vec::new();
    for number in 0..7 {
        // Some at the same moment.
        if number % 3 == 0 {
            bed.clock.advance(Duration::from_secs(1));
        }
        let person = bed.person(home.tenant, &format!("20{number:02}"));
        bed.store.add_user(&person.user, &person.mailbox, None).await.unwrap();
        bed.store.remove_user(home.tenant, person.user.id).await.unwrap();
        gone.push(person.user.id);
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = bed.second.removed_users(home.tenant, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.place());
        seen.extend(page.iter().map(|one| (one.at, one.user)));
    }
    assert!(seen.is_sorted_by(|one, other| one > other), "the last one first: {seen:?}");
    let mut seen: Vec<_> = seen.into_iter().map(|(_, user)| user).collect();
    seen.sort();
    gone.sort();
    assert_eq!(seen, gone);
    let elsewhere = bed.tenant("elsewhere").await;
    assert_eq!(bed.store.removed_users(elsewhere, None, 9).await.unwrap(), []);
    for (tenant, extension, was) in
        [(home.tenant, "2003", true), (home.tenant, "1001", false), (elsewhere, "2003", false)]
    {
        assert_eq!(bed.store.was_extension(tenant, &extension.parse().unwrap()).await.unwrap(), was);
    }
}

async fn whoever_comes_back_takes_nobodys_name_to_sign_in_with(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let ada = ada(&bed, tenant).await;
    let login = |text: &str| vec![(aftertone::domain::ProfileField::Login, text.to_owned())];
    let changes = Changes { profile: login("countess@example.org"), ..Changes::default() };
    accounts(&bed).set(tenant, &ada.mailbox.extension, changes).await.unwrap();
    accounts(&bed).remove(tenant, &ada.mailbox.extension).await.unwrap();
    let mut grace = bed.person(tenant, "1002");
    grace.user.emails = vec!["Countess@example.org".parse().unwrap()];
    bed.store.add_user(&grace.user, &grace.mailbox, None).await.unwrap();
    accounts(&bed).restore(tenant, ada.user.id, None, &|_| true).await.unwrap();
    let back = accounts(&bed).show(tenant, &ada.mailbox.extension).await.unwrap();
    assert_eq!(back.user.profile.login, None, "Grace signs in with it by now");
}
