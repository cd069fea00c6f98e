//! The audio directory on both databases: who is found by which keys, and who is not.

use aftertone::domain::{DirectorySettings, SearchBy};
use aftertone::service::directory::{AudioDirectory, Found};

use super::*;

contract! {
    people_are_found_by_any_word_of_their_names
    only_who_wants_to_be_found_is
    the_tenant_chooses_which_words_count
    too_few_keys_name_nobody_and_many_matches_are_bounded
    an_extension_means_whoever_is_in_the_directory_and_nobody_else
    a_mailbox_keeps_the_keys_of_its_callers
}

async fn add(bed: &Bed, tenant: TenantId, extension: &str, first: &str, last: &str) -> Home {
    let mut home = bed.person(tenant, extension);
    (home.user.first, home.user.last) = (first.to_owned(), last.to_owned());
    bed.store.add_user(&home.user, &home.mailbox, None).await.unwrap();
    bed.store.add_greeting(&bed.greeting(&home, GreetingKind::Name)).await.unwrap();
    home
}

fn typed(word: &str) -> String {
    let keys = "22233344455566677778889999";
    word.to_ascii_lowercase().bytes().map(|c| char::from(keys.as_bytes()[usize::from(c - b'a')])).collect()
}

async fn found(bed: &Bed, tenant: TenantId, word: &str) -> Vec<String> {
    let found: Found = AudioDirectory::new(bed.store.clone()).search(tenant, &typed(word)).await.unwrap();
    found.matches.into_iter().map(|entry| entry.extension.to_string()).collect()
}

async fn people_are_found_by_any_word_of_their_names(bed: Bed) {
    let tenant = bed.tenant("any").await;
    for (extension, first, last) in [
        ("1001", "Jörg", "Müller"),
        ("1002", "Siobhán", "O'Brien"),
        ("1003", "Anna", "van der Berg"),
        ("1004", "Łukasz", "Nowak-Żak"),
        ("1005", "Íñigo", "Peña"),
        ("1006", "Bo", "Muller"),
    ] {
        add(&bed, tenant, extension, first, last).await;
    }
    for (word, expected) in [
        ("mueller", vec!["1001"]),
        ("muller", vec!["1006", "1001"]),
        ("joerg", vec!["1001"]),
        ("obrien", vec!["1002"]),
        ("siob", vec!["1002"]),
        ("berg", vec!["1003"]),
        ("vanderberg", vec!["1003"]),
        ("annavan", vec!["1003"]),
        ("lukasz", vec!["1004"]),
        ("zak", vec!["1004"]),
        ("nowakzak", vec!["1004"]),
        ("inigo", vec!["1005"]),
        ("penainigo", vec!["1005"]),
        ("nobody", vec![]),
    ] {
        let mut got = found(&bed, tenant, word).await;
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        got.sort_unstable();
        expected.sort_unstable();
        assert_eq!(got, expected, "{word}");
    }
    let elsewhere = bed.tenant("elsewhere").await;
    assert!(found(&bed, elsewhere, "muller").await.is_empty(), "another world");
}

async fn only_who_wants_to_be_found_is(bed: Bed) {
    let tenant = bed.tenant("shy").await;
    let ada = add(&bed, tenant, "1001", "Ada", "Lovelace").await;
    let me = aftertone::domain::Owner { tenant, mailbox: ada.mailbox.id };
    bed.store
        .change_mailbox(me, |mailbox| mailbox.phone.nicknames = vec!["Countess".to_owned()])
        .await
        .unwrap();
    assert_eq!(found(&bed, tenant, "countess").await, ["1001"]);
    bed.store.change_mailbox(me, |mailbox| mailbox.phone.announce = false).await.unwrap();
    assert!(found(&bed, tenant, "lovelace").await.is_empty());
    bed.store.change_mailbox(me, |mailbox| mailbox.phone.announce = true).await.unwrap();
    bed.store.clear_greeting(tenant, ada.mailbox.id, GreetingKind::Name).await.unwrap();
    assert!(found(&bed, tenant, "lovelace").await.is_empty(), "no recorded name");
    let spell = DirectorySettings { spell: true, ..DirectorySettings::default() };
    bed.store.set_directory(tenant, spell).await.unwrap();
    let directory = AudioDirectory::new(bed.store.clone());
    let entry = directory.search(tenant, &typed("lovelace")).await.unwrap().matches.remove(0);
    assert_eq!((entry.name, entry.spelled.as_deref()), (None, Some("ada lovelace")));
    bed.store.remove_user(tenant, ada.user.id).await.unwrap();
    assert!(found(&bed, tenant, "lovelace").await.is_empty(), "removed");
}

async fn the_tenant_chooses_which_words_count(bed: Bed) {
    let tenant = bed.tenant("policy").await;
    add(&bed, tenant, "1001", "Ada", "Lovelace").await;
    for (by, first, last) in [(SearchBy::Any, 1, 1), (SearchBy::First, 1, 0), (SearchBy::Last, 0, 1)] {
        let settings = DirectorySettings { by, spell: false };
        bed.store.set_directory(tenant, settings).await.unwrap();
        assert_eq!(bed.second.directory_settings(tenant).await.unwrap(), settings);
        assert_eq!(found(&bed, tenant, "ada").await.len(), first, "{by:?}");
        assert_eq!(found(&bed, tenant, "love").await.len(), last, "{by:?}");
    }
    // What is saved of a tenant elsewhere leaves it alone.
    let known = bed.store.tenant(tenant).await.unwrap();
    bed.store.put_tenant(&known).await.unwrap();
    assert_eq!(bed.store.directory_settings(tenant).await.unwrap().by, SearchBy::Last);
}

async fn too_few_keys_name_nobody_and_many_matches_are_bounded(bed: Bed) {
    let tenant = bed.tenant("many").await;
    for extension in 1001..1012 {
        add(&bed, tenant, &extension.to_string(), "Ada", "Lovelace").await;
    }
    let directory = AudioDirectory::new(bed.store.clone());
    for keys in ["", "2", "23", "**", "2#3"] {
        let few = directory.search(tenant, keys).await.unwrap();
        assert!(few.more_keys && few.matches.is_empty(), "{keys}");
    }
    let many = directory.search(tenant, "232").await.unwrap();
    assert_eq!((many.matches.len(), many.all), (8, 11));
}

async fn an_extension_means_whoever_is_in_the_directory_and_nobody_else(bed: Bed) {
    let tenant = bed.tenant("numbers").await;
    add(&bed, tenant, "23", "Ada", "Lovelace").await;
    let shy = add(&bed, tenant, "1002", "Grace", "Hopper").await;
    add(&bed, tenant, "5683", "Ann", "Lee").await;
    let me = aftertone::domain::Owner { tenant, mailbox: shy.mailbox.id };
    bed.store.change_mailbox(me, |mailbox| mailbox.phone.announce = false).await.unwrap();
    let directory = AudioDirectory::new(bed.store.clone());
    let found = async |keys: &str| -> Vec<String> {
        let found = directory.search(tenant, keys).await.unwrap();
        found.matches.into_iter().map(|entry| entry.extension.to_string()).collect()
    };
    assert_eq!(found("23").await, ["23"], "as short as it is");
    assert_eq!(found("5683").await, ["5683", "23"], "the extension before the name that begins so");
    assert!(
        found("1002").await.is_empty(),
        "knowing the extension of somebody who is not there is of no use"
    );
    assert!(found("568300").await.is_empty() && found("2").await.is_empty());
    assert!(directory.has_people(tenant).await.unwrap());
    assert!(!directory.has_people(bed.tenant("empty").await).await.unwrap());
}

// 002-063, and the keys beside it.
async fn a_mailbox_keeps_the_keys_of_its_callers(bed: Bed) {
    let tenant = bed.tenant("keys").await;
    let mut home = bed.person(tenant, "1001");
    for (key, target) in [('1', "+493012345"), ('2', "mailbox:1002"), ('9', "directory")] {
        home.mailbox.keys.insert(key, target.parse().unwrap());
    }
    bed.store.add_user(&home.user, &home.mailbox, None).await.unwrap();
    assert_eq!(bed.second.mailbox(tenant, home.mailbox.id).await.unwrap().keys, home.mailbox.keys);
    home.mailbox.keys.remove(&'1');
    bed.store.put_mailbox(&home.mailbox).await.unwrap();
    assert_eq!(bed.second.mailbox(tenant, home.mailbox.id).await.unwrap().keys, home.mailbox.keys);
}
