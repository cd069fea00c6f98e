//! Profiles on both databases: what is kept, who signs in with what, what goes with the person and what stays at the place.

use aftertone::domain::{Clear, Profile, ProfileField, Tenant, TenantPolicy, WhenOff, WhoMayCreate};
use aftertone::service::accounts::{
    Account, AccountError, Accounts, Changes, Comer, MailboxDefaults, NewUser, PinPolicy, Takeover, Wished,
};
use aftertone::service::directory::AudioDirectory;
use aftertone::service::import::{Imports, Table};
use aftertone::service::people::People;
use aftertone::store::{Fate, PeopleFilter};

use super::*;

contract! {
    every_field_reads_back_and_is_taken_away
    a_login_name_is_one_persons_of_the_tenant_and_suggested_with_a_number
    users_are_filtered_by_department_site_and_list
    a_new_name_is_in_the_directory_at_once
    a_reset_clears_the_person_and_keeps_the_place
    a_takeover_hands_the_place_over
    a_removed_user_comes_back_without_a_login_name_that_was_given_away
    an_import_writes_profiles_and_takes_them_back
    a_changed_profile_is_told_to_who_listens
    the_policy_of_a_tenant_reads_back
}

fn accounts(bed: &Bed) -> Accounts {
    Accounts::new(bed.store.clone(), bed.clock.clone(), MailboxDefaults::default())
}

fn number(text: &str) -> Extension {
    text.parse().unwrap()
}

fn new(extension: &str, first: &str, last: &str) -> NewUser {
    NewUser {
        extension: number(extension),
        first: first.to_owned(),
        last: last.to_owned(),
        emails: Vec::new(),
        mode: None,
        pin: None,
    }
}

fn wish(pairs: &[(ProfileField, &str)]) -> Vec<Wished> {
    pairs.iter().map(|(field, text)| (*field, (*text).to_owned())).collect()
}

const FULL: [(ProfileField, &str); 14] = [
    (ProfileField::Login, "alovelace@office.example"),
    (ProfileField::Department, "Sales"),
    (ProfileField::Site, "Köln"),
    (ProfileField::Station, "premium"),
    (ProfileField::Mobile, "+4917012345"),
    (ProfileField::AreaCode, "0221"),
    (ProfileField::CallerId, "+4922155500"),
    (ProfileField::EmergencyCallerId, "+4922155501"),
    (ProfileField::EmergencyAddress, "1 Main St, Floor 2"),
    (ProfileField::SipAddress, "sip:ada@office.example"),
    (ProfileField::Music, "lobby.wav"),
    (ProfileField::CallPaths, "2"),
    (ProfileField::RecordCalls, "yes"),
    (ProfileField::Listed, "yes"),
];

async fn ada(bed: &Bed, tenant: TenantId) -> Account {
    accounts(bed).add_user_with(tenant, new("1001", "Ada", "Lovelace"), &wish(&FULL)).await.unwrap()
}

async fn profile(bed: &Bed, tenant: TenantId, extension: &str) -> Profile {
    accounts(bed).show(tenant, &number(extension)).await.unwrap().user.profile
}

/// 002-007, 002-008, 002-011, 002-020, 002-022, 002-023, 003-04, 004-03, 004-04
async fn every_field_reads_back_and_is_taken_away(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let added = ada(&bed, tenant).await.user.profile;
    for (field, text) in FULL {
        assert_eq!(added.get(field), text, "{field}");
    }
    assert_eq!(profile(&bed, tenant, "1001").await, added);
    let nothing: Vec<Wished> = ProfileField::ALL.into_iter().map(|field| (field, String::new())).collect();
    let changes = Changes { profile: nothing, ..Changes::default() };
    let cleared = accounts(&bed).set(tenant, &number("1001"), changes).await.unwrap();
    assert_eq!(cleared.user.profile, Profile::default());
    let wrong = wish(&[(ProfileField::Department, "Sales"), (ProfileField::Mobile, "0170")]);
    let changes = Changes { profile: wrong, first: Some("Eve".to_owned()), ..Changes::default() };
    let refused = accounts(&bed).set(tenant, &number("1001"), changes).await;
    assert!(matches!(refused, Err(AccountError::Profile(faults)) if faults.len() == 1));
    let after = accounts(&bed).show(tenant, &number("1001")).await.unwrap();
    assert_eq!((after.user.first.as_str(), after.user.profile), ("Ada", Profile::default()));
}

/// 003-01, 003-02
async fn a_login_name_is_one_persons_of_the_tenant_and_suggested_with_a_number(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let mut known = bed.store.tenant(tenant).await.unwrap();
    known.domains = vec!["office.example".to_owned()];
    bed.store.put_tenant(&known).await.unwrap();
    let other = bed.tenant("elsewhere").await;
    let accounts = accounts(&bed);
    let suggested = async |first: &'static str, last: &'static str| {
        accounts.suggest_login(tenant, first, last).await.unwrap()
    };
    assert_eq!(suggested("John", "Doe").await.as_deref(), Some("jdoe@office.example"));
    assert_eq!(
        accounts.suggest_login(other, "John", "Doe").await.unwrap().as_deref(),
        Some("jdoe@elsewhere")
    );
    assert_eq!(suggested("", " ").await, None);
    let login = |text: &str| wish(&[(ProfileField::Login, text)]);
    let john = new("1001", "John", "Doe");
    let john = accounts.add_user_with(tenant, john, &login("JDoe@office.example")).await.unwrap();
    assert_eq!(suggested("Jane", "Doe").await.as_deref(), Some("jdoe2@office.example"));

    let jane = || new("1002", "Jane", "Doe");
    let taken = accounts.add_user_with(tenant, jane(), &login("jdoe@office.example")).await.unwrap_err();
    assert!(matches!(&taken, AccountError::LoginTaken(login) if login == "jdoe@office.example"), "{taken}");
    for elsewhere in ["jane@elsewhere", "1002@office.example", "jane"] {
        assert!(accounts.add_user_with(tenant, jane(), &login(elsewhere)).await.is_err(), "{elsewhere}");
    }
    assert!(accounts.show(tenant, &number("1002")).await.is_err(), "nothing was written");
    accounts.add_user_with(tenant, jane(), &login("jdoe2@office.example")).await.unwrap();
    let changes = Changes { profile: login("jdoe@office.example"), ..Changes::default() };
    let taken = accounts.set(tenant, &number("1002"), changes).await.unwrap_err();
    assert!(matches!(taken, AccountError::LoginTaken(_)), "{taken}");
    // What somebody signs in with as an address is nobody else's user ID, and is not suggested either.
    let emails = Some(vec!["GDoe@office.example".parse().unwrap()]);
    accounts.set(tenant, &number("1002"), Changes { emails, ..Changes::default() }).await.unwrap();
    let jane = accounts.show(tenant, &number("1002")).await.unwrap().user.id;
    bed.store.put_login(&bed.store.login(tenant, jane).await.unwrap()).await.unwrap();
    assert_eq!(suggested("Grace", "Doe").await.as_deref(), Some("gdoe2@office.example"));
    let found = bed.store.users_by_login("JDOE@office.example").await.unwrap();
    assert_eq!(found.iter().map(|user| user.id).collect::<Vec<_>>(), [john.user.id]);
    // Of another tenant, as long as nobody has the domain, it may be the same: then it says not who it is.
    let shared = login("boss@shared.example");
    accounts
        .set(tenant, &number("1001"), Changes { profile: shared.clone(), ..Changes::default() })
        .await
        .unwrap();
    accounts.add_user_with(other, new("1001", "Eve", ""), &shared).await.unwrap();
    assert_eq!(bed.store.users_by_login("boss@shared.example").await.unwrap().len(), 2);
}

/// 002-007, 002-008, 002-022
async fn users_are_filtered_by_department_site_and_list(bed: Bed) {
    let tenant = bed.tenant("office").await;
    for (extension, department, site, listed) in [
        ("1001", "Sales", "Köln", "yes"),
        ("1002", "Sales", "Berlin", "no"),
        ("1003", "", "Berlin", "yes"),
        ("1004", "\"listed\":false", "", "yes"),
    ] {
        let fields = wish(&[
            (ProfileField::Department, department),
            (ProfileField::Site, site),
            (ProfileField::Listed, listed),
            (ProfileField::Music, "\"listed\":false"),
        ]);
        accounts(&bed).add_user_with(tenant, new(extension, "A", extension), &fields).await.unwrap();
    }
    let elsewhere = bed.tenant("elsewhere").await;
    let fields = wish(&[(ProfileField::Department, "Secret")]);
    accounts(&bed).add_user_with(elsewhere, new("1001", "Eve", ""), &fields).await.unwrap();
    let people = People::new(bed.store.clone(), bed.clock.clone());
    for (search, department, site, is_listed, expected) in [
        ("", "", "", false, &["1001", "1002", "1003", "1004"][..]),
        ("", "Sales", "", false, &["1001", "1002"]),
        ("", "Sales", "Berlin", false, &["1002"]),
        ("", "", "Köln", false, &["1001"]),
        ("", "", "", true, &["1001", "1003", "1004"]),
        ("1003", "", "Berlin", true, &["1003"]),
        ("", "sal", "", false, &[]),
        ("", "Secret", "", false, &[]),
        ("", "a\u{0}b", "", false, &[]),
    ] {
        let (search, department, site) = (search.to_owned(), department.to_owned(), site.to_owned());
        let filter = PeopleFilter { search, department, site, is_listed, ..PeopleFilter::default() };
        let (page, _) = people.page(tenant, &filter, None, 50).await.unwrap();
        let found: Vec<String> =
            page.iter().filter_map(|one| Some(one.mailbox.as_ref()?.extension.to_string())).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    let places = accounts(&bed).places(tenant).await.unwrap();
    assert_eq!(places.departments, ["\"listed\":false", "Sales"]);
    assert_eq!(places.sites.len(), 2);
}

/// 001-06: no cache stands between the name and the directory.
async fn a_new_name_is_in_the_directory_at_once(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let account = ada(&bed, tenant).await;
    let home = Home { tenant, user: account.user, mailbox: account.mailbox };
    bed.store.add_greeting(&bed.greeting(&home, GreetingKind::Name)).await.unwrap();
    let changes = Changes { announce: Some(true), ..Changes::default() };
    accounts(&bed).set(tenant, &number("1001"), changes).await.unwrap();
    let directory = AudioDirectory::new(bed.second.clone());
    let zuse = "9873";
    assert!(directory.search(tenant, zuse).await.unwrap().matches.is_empty());
    let renamed = Changes { last: Some("Zuse".to_owned()), ..Changes::default() };
    accounts(&bed).set(tenant, &number("1001"), renamed).await.unwrap();
    let found = directory.search(tenant, zuse).await.unwrap();
    assert_eq!(found.matches.len(), 1, "by another node, too");
    assert!(directory.search(tenant, "568").await.unwrap().matches.is_empty(), "Lovelace is gone");
}

/// 002-093, 002-094: mobile, login name and SIP address are the person's; caller IDs and 911 are the desk's.
async fn a_reset_clears_the_person_and_keeps_the_place(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let before = ada(&bed, tenant).await.user.profile;
    bed.clock.advance(Duration::from_secs(60));
    accounts(&bed).reset(tenant, &number("1001"), Clear::ALL.into()).await.unwrap();
    let after = profile(&bed, tenant, "1001").await;
    assert_eq!(after, before.without_person());
    assert_eq!((after.login.as_deref(), after.mobile.as_deref(), after.listed), (None, None, false));
    assert_eq!(after.emergency_address.as_deref(), Some("1 Main St, Floor 2"));
    accounts(&bed).take_back(tenant, &number("1001"), &|_| true).await.unwrap();
    assert_eq!(profile(&bed, tenant, "1001").await, before);

    // The login name was given away since: all the rest comes back.
    accounts(&bed).reset(tenant, &number("1001"), [Clear::Name].into()).await.unwrap();
    let login = wish(&[(ProfileField::Login, "alovelace@office.example")]);
    accounts(&bed).add_user_with(tenant, new("1002", "Anna", "Lovelace"), &login).await.unwrap();
    accounts(&bed).take_back(tenant, &number("1001"), &|_| true).await.unwrap();
    assert_eq!(profile(&bed, tenant, "1001").await, Profile { login: None, ..before });
    // What is not chosen stays.
    accounts(&bed).reset(tenant, &number("1002"), [Clear::Emails].into()).await.unwrap();
    assert!(profile(&bed, tenant, "1002").await.login.is_some());
}

/// 001-02, 002-095: caller IDs and 911 stay at the desk, whoever sits there.
async fn a_takeover_hands_the_place_over(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let before = ada(&bed, tenant).await;
    let takeover = |fate, comer| Takeover {
        extension: number("1001"),
        from: before.user.id,
        fate,
        comer,
        with_numbers: true,
        with_phones: true,
        reason: "Ada moves to research".to_owned(),
        by: None,
        most: aftertone::domain::Role::Operator,
    };
    let konrad =
        Comer::New { first: "Konrad".to_owned(), last: "Zuse".to_owned(), emails: Vec::new(), mode: None };
    let kept = takeover(Fate::Keep(number("1200")), konrad);
    accounts(&bed).take_over(tenant, kept).await.unwrap();
    let ada = before.user.profile;
    let konrad = profile(&bed, tenant, "1001").await;
    assert_eq!(konrad, Profile::default().at_the_place_of(&ada));
    let moved = profile(&bed, tenant, "1200").await;
    assert_eq!(moved, ada.at_the_place_of(&Profile::default()), "rescuers are not sent to where Ada was");
    assert_eq!(moved.mobile, ada.mobile);

    // Two who are there: each has the other's place.
    let back = Takeover {
        from: accounts(&bed).show(tenant, &number("1001")).await.unwrap().user.id,
        ..takeover(Fate::Keep(number("1200")), Comer::Known(number("1200")))
    };
    accounts(&bed).take_over(tenant, back).await.unwrap();
    assert_eq!(profile(&bed, tenant, "1001").await, ada);
    assert_eq!(profile(&bed, tenant, "1200").await, Profile::default());
}

/// 004-10
async fn a_removed_user_comes_back_without_a_login_name_that_was_given_away(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let before = ada(&bed, tenant).await.user;
    accounts(&bed).remove(tenant, &number("1001")).await.unwrap();
    assert!(bed.store.users_by_login("alovelace@office.example").await.unwrap().is_empty());
    accounts(&bed).restore(tenant, before.id, None, &|_| true).await.unwrap();
    assert_eq!(profile(&bed, tenant, "1001").await, before.profile);
    accounts(&bed).remove(tenant, &number("1001")).await.unwrap();
    let login = wish(&[(ProfileField::Login, "alovelace@office.example")]);
    accounts(&bed).add_user_with(tenant, new("1002", "Anna", ""), &login).await.unwrap();
    accounts(&bed).restore(tenant, before.id, None, &|_| true).await.unwrap();
    assert_eq!(profile(&bed, tenant, "1001").await, Profile { login: None, ..before.profile });
}

/// 002-087, 003-07
async fn an_import_writes_profiles_and_takes_them_back(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let before = ada(&bed, tenant).await.user.profile;
    let imports =
        Imports::new(bed.store.clone(), bed.clock.clone(), MailboxDefaults::default(), PinPolicy::usual());
    let table = |text: &str| Table::read(text.as_bytes()).unwrap();
    let text = "extension,User ID,Abteilung,Mobile phone,E911 address,record,site\n\
        1001,,Research,-,2 Side St,no,\n1002,jdoe@office.example,Sales,0049 170 99,,yes,Berlin\n";
    let done = imports.apply(tenant, &table(text), "users.csv", &|_| {}).await.unwrap();
    let after = profile(&bed, tenant, "1001").await;
    assert_eq!((after.department.as_deref(), after.mobile.as_deref()), (Some("Research"), None));
    assert_eq!(
        (after.login, after.site, after.record_calls),
        (before.login.clone(), before.site.clone(), false)
    );
    let jane = profile(&bed, tenant, "1002").await;
    assert_eq!(
        (jane.login.as_deref(), jane.mobile.as_deref()),
        (Some("jdoe@office.example"), Some("+4917099"))
    );
    imports.roll_back(tenant, done.import.unwrap().id, false).await.unwrap();
    assert_eq!(profile(&bed, tenant, "1001").await, before);

    let wrong = "extension,login,mobile,station\n1003,alovelace@office.example,,\n1004,x@office.example,170,gold\n\
        1005,x@office.example,,\n";
    let preview = imports.preview(tenant, &table(wrong)).await.unwrap();
    assert_eq!(preview.faults(), 3, "{preview:?}");
}

/// 002-020, 002-023: whoever listens is told that a profile changed, and not when it did not.
async fn a_changed_profile_is_told_to_who_listens(bed: Bed) {
    let tenant = bed.tenant("office").await;
    ada(&bed, tenant).await;
    let webhook = aftertone::domain::Webhook {
        id: aftertone::domain::WebhookId::from_uuid(bed.clock.uuid()),
        tenant,
        name: "tests".to_owned(),
        url: "https://hooks.example.org/".to_owned(),
        events: vec![aftertone::domain::WebhookEvent::UserChanged],
        callers: false,
        secret: aftertone::domain::WebhookSecret::from_bytes([7; 32]),
        old_secret: None,
        paused: None,
        failing_since: None,
        created_at: bed.clock.now(),
    };
    bed.store.add_webhook(&webhook).await.unwrap();
    for (field, text, told) in [
        (ProfileField::Mobile, "+4917012345", 0),
        (ProfileField::Mobile, "+4917099999", 1),
        (ProfileField::Department, "Research", 2),
        (ProfileField::Login, "", 3),
    ] {
        let changes = Changes { profile: wish(&[(field, text)]), ..Changes::default() };
        accounts(&bed).set(tenant, &number("1001"), changes).await.unwrap();
        let facts = bed.store.facts(100).await.unwrap();
        let changed = facts.iter().filter(|fact| fact.event == aftertone::domain::WebhookEvent::UserChanged);
        assert_eq!(changed.count(), told, "{field} {text:?}");
    }
}

/// 001-03, 002-003, 002-046
async fn the_policy_of_a_tenant_reads_back(bed: Bed) {
    let (tenant, other) = (bed.tenant("office").await, bed.tenant("elsewhere").await);
    assert_eq!(bed.store.policy(tenant).await.unwrap(), TenantPolicy::default());
    let policy = TenantPolicy {
        who_may_create: WhoMayCreate::Ticket,
        help_link: Some("https://help.example.org".to_owned()),
        hidden: [ProfileField::Music, ProfileField::Station].into(),
        queues: false,
        extensions: aftertone::domain::ExtensionPlan {
            shortest: 3,
            longest: 5,
            length: Some(4),
            first: Some(7),
        },
        mailbox_off: WhenOff::Decline,
    };
    let was = TenantPolicy::default();
    bed.store.change_policy(tenant, &was, policy.clone()).await.unwrap();
    // 002-012: calls read it with the tenant, and know that it was changed.
    assert_eq!(bed.second.tenant(tenant).await.unwrap().when_off, WhenOff::Decline);
    assert_eq!(bed.store.tenant(other).await.unwrap().when_off, WhenOff::Announce);
    assert_eq!(bed.second.policy(tenant).await.unwrap(), policy);
    assert_eq!(bed.store.policy(other).await.unwrap(), TenantPolicy::default());
    let mut known = bed.store.tenant(tenant).await.unwrap();
    known.zone = "Europe/Berlin".to_owned();
    bed.store.put_tenant(&known).await.unwrap();
    assert_eq!(bed.store.policy(tenant).await.unwrap(), policy, "other settings leave it as it is");
    let nobody = TenantId::from_uuid(bed.clock.uuid());
    assert!(bed.store.change_policy(nobody, &was, policy.clone()).await.is_err());
    // What somebody else changed meanwhile stays, of the policy and of the tenant.
    let shown = TenantPolicy { queues: true, ..policy.clone() };
    let now = bed.second.change_policy(tenant, &policy, shown).await.unwrap();
    let link = TenantPolicy { help_link: None, ..policy.clone() };
    let now = TenantPolicy { help_link: None, ..now };
    assert_eq!(bed.store.change_policy(tenant, &policy, link).await.unwrap(), now);
    assert_eq!(bed.second.policy(tenant).await.unwrap(), now);
    let zone = Tenant { zone: "Asia/Tokyo".to_owned(), ..known.clone() };
    bed.second.change_tenant(&known, zone.clone()).await.unwrap();
    let domains = Tenant { domains: vec!["tokyo.example".to_owned()], ..known.clone() };
    let now = Tenant { domains: domains.domains.clone(), ..zone };
    assert_eq!(bed.store.change_tenant(&known, domains).await.unwrap(), now);
    assert_eq!(bed.second.tenant(tenant).await.unwrap(), now);
}
