//! The table of users on both databases: in every order, filtered, counted.

use aftertone::domain::{Clear, Login, Role, UserId};
use aftertone::service::accounts::{Accounts, MailboxDefaults};
use aftertone::store::{PeopleFilter, UserCounts, UserPlace, UserSort, UserStatus, Voicemail};

use super::*;

contract! {
    users_are_paged_in_every_order_each_once
    users_are_filtered_and_counted
    a_filter_that_many_fit_finds_the_same_as_one_that_few_fit
    all_that_is_found_is_read_at_once
    the_last_message_of_each_is_known_and_moves_with_the_messages
}

const ORDERS: [UserSort; 6] = [
    UserSort::Extension,
    UserSort::Name,
    UserSort::Email,
    UserSort::Status,
    UserSort::Role,
    UserSort::LastMessage,
];

const NAMES: [(&str, &str, Option<&str>); 7] = [
    ("Zoe", "adams", Some("m@example.org")),
    ("Ann", "Adams", None),
    ("Bob", "Brown", Some("a@example.org")),
    ("", "", Some("z@example.org")),
    ("Eve", "O'Neil", Some("k@example.org")),
    ("Eve", "O'Neil", Some("k@example.org")),
    ("Ümit", "Özil", Some("o@example.org")),
];

fn accounts(bed: &Bed) -> Accounts {
    Accounts::new(bed.store.clone(), bed.clock.clone(), MailboxDefaults::default())
}

async fn furnish(bed: &Bed) -> Home {
    let home = bed.home("1001").await;
    for (place, (first, last, email)) in (0_usize..).zip(NAMES) {
        let mut person = bed.person(home.tenant, &(2000 + place).to_string());
        (person.user.first, person.user.last) = (first.to_owned(), last.to_owned());
        person.user.emails = email.into_iter().map(|email| email.parse().unwrap()).collect();
        bed.store.add_user(&person.user, &person.mailbox, None).await.unwrap();
    }
    let boxless = bed.person(home.tenant, "9999").user;
    bed.store.put_user(&boxless).await.unwrap();
    let people = bed.store.user_page(home.tenant, &PeopleFilter::default(), None, 50).await.unwrap();
    for (person, role) in people.iter().zip([Role::TenantAdmin, Role::Basic, Role::Supervisor, Role::Basic]) {
        bed.store.put_login(&Login { role, ..person.login.clone() }).await.unwrap();
    }
    home
}

/// Every user, page by page.
async fn walked(bed: &Bed, home: &Home, query: &PeopleFilter, limit: u32) -> Vec<(String, UserId)> {
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = bed.store.user_page(home.tenant, query, after, limit).await.unwrap();
        let Some(last) = page.last() else { return seen };
        after = Some(last.place());
        seen.extend(
            page.into_iter().map(|one| (format!("{}, {}", one.user.last, one.user.first), one.user.id)),
        );
    }
}

async fn users_are_paged_in_every_order_each_once(bed: Bed) {
    let home = furnish(&bed).await;
    bed.home("1002").await;
    bed.store.set_password(home.tenant, home.user.id, "hash", None).await.unwrap();
    bed.deposited(&home).await;
    bed.sql("UPDATE users SET reset_at = 1 WHERE last_name = 'Brown' OR last_name = 'O''Neil'").await;
    for sort in ORDERS {
        let up = PeopleFilter { sort: Some(sort), ..PeopleFilter::default() };
        let down = PeopleFilter { is_down: true, ..up.clone() };
        let whole = walked(&bed, &home, &up, 50).await;
        assert_eq!(whole.len(), NAMES.len() + 2, "{sort}");
        for limit in [1, 2, 3] {
            assert_eq!(walked(&bed, &home, &up, limit).await, whole, "{sort} by {limit}");
        }
        let mut back = walked(&bed, &home, &down, 50).await;
        for limit in [1, 2, 3] {
            assert_eq!(walked(&bed, &home, &down, limit).await, back, "{sort} down by {limit}");
        }
        // Who has no extension comes last either way.
        let boxless = if sort == UserSort::Extension { back.pop() } else { None };
        back.reverse();
        back.extend(boxless);
        assert_eq!(back, whole, "{sort}");
    }
    let last = |sort| PeopleFilter { sort: Some(sort), is_down: true, ..PeopleFilter::default() };
    for (sort, first) in [
        (UserSort::Status, "O'Neil, Eve"),
        (UserSort::Role, "Lovelace, Ada"),
        (UserSort::LastMessage, "Lovelace, Ada"),
    ] {
        assert_eq!(walked(&bed, &home, &last(sort), 2).await[0].0, first, "{sort}");
    }
    let by_name = PeopleFilter { sort: Some(UserSort::Name), ..PeopleFilter::default() };
    let names: Vec<String> =
        walked(&bed, &home, &by_name, 50).await.into_iter().map(|(name, _)| name).collect();
    let place = |wanted: &str| names.iter().position(|name| name == wanted).unwrap();
    assert!(
        place("Adams, Ann") < place("adams, Zoe") && place("adams, Zoe") < place("Brown, Bob"),
        "{names:?}"
    );
    // The place of somebody who is gone for good is none: it begins anew.
    let user = UserId::from_uuid(bed.clock.uuid());
    let gone = Some(UserPlace { user, extension: String::new(), last_message_at: 0 });
    assert_eq!(bed.store.user_page(home.tenant, &by_name, gone, 50).await.unwrap().len(), names.len());
}

async fn users_are_filtered_and_counted(bed: Bed) {
    let home = furnish(&bed).await;
    let found = async |query: PeopleFilter| {
        let page = bed.store.user_page(home.tenant, &query, None, 50).await.unwrap();
        page.into_iter().map(|one| one.user.last).collect::<Vec<_>>()
    };
    bed.store.set_password(home.tenant, home.user.id, "hash", None).await.unwrap();
    let brown = PeopleFilter { search: "brown".to_owned(), ..PeopleFilter::default() };
    let brown = bed.store.user_page(home.tenant, &brown, None, 9).await.unwrap().remove(0);
    bed.store.set_password(home.tenant, brown.user.id, "hash", None).await.unwrap();
    bed.sql("UPDATE users SET reset_at = 1 WHERE last_name = 'Brown' OR last_name = 'Adams'").await;
    bed.sql("UPDATE mailboxes SET enabled = (1 = 0) WHERE extension = '2004'").await;
    let counts = bed.store.user_counts(home.tenant).await.unwrap();
    assert_eq!(counts, UserCounts { all: 9, new: 6, active: 1, setup_required: 2 });
    for (status, expected) in [(UserStatus::New, 6), (UserStatus::Active, 1), (UserStatus::SetupRequired, 2)]
    {
        for sort in ORDERS {
            let query = PeopleFilter { status: Some(status), sort: Some(sort), ..PeopleFilter::default() };
            assert_eq!(found(query).await.len(), expected, "{status} by {sort}");
        }
    }
    for (voicemail, expected) in [(Voicemail::On, 7), (Voicemail::Off, 1), (Voicemail::Missing, 1)] {
        for (sort, is_down) in
            [(UserSort::Extension, false), (UserSort::Extension, true), (UserSort::Email, true)]
        {
            let query = PeopleFilter {
                voicemail: Some(voicemail),
                sort: Some(sort),
                is_down,
                ..PeopleFilter::default()
            };
            assert_eq!(found(query).await.len(), expected, "{voicemail} by {sort}");
        }
    }
    let both = PeopleFilter {
        search: "o'neil".to_owned(),
        voicemail: Some(Voicemail::Off),
        ..PeopleFilter::default()
    };
    assert_eq!(found(both).await, ["O'Neil"]);
    for (role, expected) in [(Role::Operator, 0), (Role::TenantAdmin, 1), (Role::Basic, 7)] {
        let query = PeopleFilter { role: Some(role), ..PeopleFilter::default() };
        assert_eq!(found(query).await.len(), expected, "{role}");
    }
    // Who is removed, and who comes back, is counted as they are then.
    let again = accounts(&bed);
    let number = "2004".parse().unwrap();
    again.remove(home.tenant, &number).await.unwrap();
    let off = PeopleFilter { voicemail: Some(Voicemail::Off), ..PeopleFilter::default() };
    assert_eq!(found(off.clone()).await, Vec::<String>::new());
    assert_eq!(bed.store.user_counts(home.tenant).await.unwrap().all, 8);
    let bin = again.removed(home.tenant).await.unwrap();
    again.restore(home.tenant, bin[0].user, None, &|_| true).await.unwrap();
    assert_eq!(found(off).await, ["O'Neil"]);

    // What waits in the inbox is counted beside each.
    bed.store.deposit(&bed.message(&home), &[]).await.unwrap();
    let ada = PeopleFilter { search: "1001".to_owned(), ..PeopleFilter::default() };
    assert_eq!(bed.store.user_page(home.tenant, &ada, None, 9).await.unwrap()[0].unheard, 1);
    for wrong in ["", "Active", "setup"] {
        assert!(wrong.parse::<UserStatus>().is_err());
    }
    assert!(
        "size"
            .parse::<UserSort>()
            .unwrap_err()
            .to_string()
            .contains("choose extension, name, email, status, role or last-message")
    );
}

/// Above a thousand who fit, pages walk along the index of the order; below, those who fit are read and sorted.
async fn a_filter_that_many_fit_finds_the_same_as_one_that_few_fit(bed: Bed) {
    let home = bed.home("1001").await;
    for place in 0..1_010 {
        let mut person = bed.person(home.tenant, &(20_000 + place).to_string());
        person.user.last = format!("Last{:02}", place % 40);
        person.user.profile.department = Some(if place < 900 { "Sales" } else { "Care" }.to_owned());
        bed.store.add_user(&person.user, &person.mailbox, None).await.unwrap();
    }
    let new = PeopleFilter { status: Some(UserStatus::New), ..PeopleFilter::default() };
    let narrow = |department: &str| PeopleFilter { department: department.to_owned(), ..new.clone() };
    for sort in ORDERS {
        let asked = |filter: PeopleFilter, is_down| PeopleFilter { sort: Some(sort), is_down, ..filter };
        for is_down in [false, true] {
            let all = walked(&bed, &home, &asked(new.clone(), is_down), 200).await;
            assert_eq!(all.len(), 1_011, "{sort}");
            let mut apart = Vec::new();
            for department in ["Sales", "Care"] {
                apart.push(walked(&bed, &home, &asked(narrow(department), is_down), 70).await);
            }
            assert_eq!([apart[0].len(), apart[1].len()], [900, 110], "{sort}");
            for one in &apart {
                let wanted: HashSet<_> = one.iter().collect();
                let there: Vec<_> = all.iter().filter(|who| wanted.contains(who)).cloned().collect();
                assert_eq!(&there, one, "{sort} {is_down}");
            }
        }
    }
    let search = |text: &str| PeopleFilter::found_by(text);
    assert_eq!(walked(&bed, &home, &search("last"), 200).await.len(), 1_010);
    assert_eq!(walked(&bed, &home, &search("LAST07"), 7).await.len(), 26);
    assert_eq!(walked(&bed, &home, &search("20007"), 7).await.len(), 1);
    assert_eq!(walked(&bed, &home, &search("nobody"), 7).await.len(), 0);
    for (filter, count) in [(new, 1_011), (search("last"), 1_010), (search("last07"), 26), (search("x!%"), 0)]
    {
        assert_eq!(bed.store.count_found(home.tenant, &filter, 5_000).await.unwrap(), count);
        assert_eq!(bed.store.users_found(home.tenant, &filter, 5_000).await.unwrap().len(), count as usize);
    }
}

async fn all_that_is_found_is_read_at_once(bed: Bed) {
    let home = furnish(&bed).await;
    let other = bed.home("3001").await;
    let everybody = PeopleFilter::default();
    let found = bed.store.users_found(home.tenant, &everybody, 50).await.unwrap();
    let by_extension = walked(&bed, &home, &everybody, 50).await;
    assert_eq!(found, by_extension.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    assert!(!found.contains(&other.user.id), "another tenant's");
    assert_eq!(bed.store.users_found(home.tenant, &everybody, 3).await.unwrap(), found[..3]);
    assert_eq!(bed.store.count_found(home.tenant, &everybody, 3).await.unwrap(), 3, "no further than asked");
}

async fn the_last_message_of_each_is_known_and_moves_with_the_messages(bed: Bed) {
    let home = bed.home("1001").await;
    let last = async || {
        let listed = bed.second.listed_user(home.tenant, home.user.id).await.unwrap().unwrap();
        listed.last_message_at
    };
    assert_eq!(last().await, None);
    let mut newest = bed.message(&home);
    newest.received_at = "2026-03-02T10:00:00Z".parse().unwrap();
    let mut older = bed.message(&home);
    older.received_at = "2026-03-01T10:00:00Z".parse().unwrap();
    for message in [&newest, &older, &newest] {
        bed.store.deposit(message, &[]).await.unwrap();
        assert_eq!(last().await, Some(newest.received_at));
    }
    let accounts = accounts(&bed);
    let number = "1001".parse().unwrap();
    accounts.reset(home.tenant, &number, [Clear::Messages, Clear::Name].into()).await.unwrap();
    assert_eq!(last().await, None, "whoever comes next has had no message");
    accounts.take_back(home.tenant, &number, &|_| true).await.unwrap();
    assert_eq!(last().await, Some(newest.received_at));
}
