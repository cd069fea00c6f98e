//! The table of users on both databases: in every order, filtered, counted.

use aftertone::domain::{Role, UserId};
use aftertone::store::{PeopleFilter, UserCounts, UserSort, UserStatus, Voicemail};

use super::*;

contract! {
    users_are_paged_in_every_order_each_once
    users_are_filtered_and_counted
}

const NAMES: [(&str, &str, Option<&str>); 7] = [
    ("Zoe", "adams", Some("m@example.org")),
    ("Ann", "Adams", None),
    ("Bob", "Brown", Some("a@example.org")),
    ("", "", Some("z@example.org")),
    ("Eve", "O'Neil", Some("k@example.org")),
    ("Eve", "O'Neil", Some("k@example.org")),
    ("Ümit", "Özil", Some("o@example.org")),
];

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
    home
}

/// Every user, page by page.
async fn walked(bed: &Bed, home: &Home, query: &PeopleFilter, limit: u32) -> Vec<(String, UserId)> {
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = bed.store.user_page(home.tenant, query, after, limit).await.unwrap();
        let Some(last) = page.last() else { return seen };
        let extension = last.mailbox.as_ref().map_or("~".to_owned(), |mailbox| mailbox.extension.to_string());
        after = Some((extension, last.user.id));
        seen.extend(
            page.into_iter().map(|one| (format!("{}, {}", one.user.last, one.user.first), one.user.id)),
        );
    }
}

async fn users_are_paged_in_every_order_each_once(bed: Bed) {
    let home = furnish(&bed).await;
    bed.home("1002").await;
    for sort in [UserSort::Extension, UserSort::Name, UserSort::Email] {
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
    let by_name = PeopleFilter { sort: Some(UserSort::Name), ..PeopleFilter::default() };
    let names: Vec<String> =
        walked(&bed, &home, &by_name, 50).await.into_iter().map(|(name, _)| name).collect();
    let place = |wanted: &str| names.iter().position(|name| name == wanted).unwrap();
    assert!(
        place("Adams, Ann") < place("adams, Zoe") && place("adams, Zoe") < place("Brown, Bob"),
        "{names:?}"
    );
    // The place of somebody who is gone for good is none: it begins anew.
    let gone = Some((String::new(), UserId::from_uuid(bed.clock.uuid())));
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
        for sort in [UserSort::Extension, UserSort::Name, UserSort::Email] {
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
    let role = PeopleFilter { role: Some(Role::Operator), ..PeopleFilter::default() };
    assert_eq!(found(role).await, Vec::<String>::new());
    let basic = PeopleFilter { role: Some(Role::Basic), ..PeopleFilter::default() };
    assert_eq!(found(basic).await.len(), 9);

    // What waits in the inbox is counted beside each.
    bed.store.deposit(&bed.message(&home), &[]).await.unwrap();
    let ada = PeopleFilter { search: "1001".to_owned(), ..PeopleFilter::default() };
    assert_eq!(bed.store.user_page(home.tenant, &ada, None, 9).await.unwrap()[0].unheard, 1);
    for wrong in ["", "Active", "setup"] {
        assert!(wrong.parse::<UserStatus>().is_err());
    }
    assert!("size".parse::<UserSort>().unwrap_err().to_string().contains("choose extension, name or email"));
}
