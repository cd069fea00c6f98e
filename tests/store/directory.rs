//! The contract of what a call asks for: tenants, domains, numbers, and the count of their changes.

use super::*;

contract! {
    numbers_are_found_exactly_and_by_their_end
    a_number_leads_to_one_mailbox
    a_domain_means_one_tenant
    the_default_tenant_is_made_once
    a_tenant_is_removed_only_when_nothing_belongs_to_it
    every_change_of_the_directory_counts_and_a_message_does_not
    a_moment_knows_revision_fullness_and_caller_at_once
}

// 003-03, 004-08
async fn numbers_are_found_exactly_and_by_their_end(bed: Bed) {
    let home = bed.home("1001").await;
    for number in ["+4930123456", "+4940123456", "0307777", "sales", "shop3456"] {
        bed.store.put_number(&bed.number(&home, number)).await.unwrap();
    }
    let ending = async |digits: &str| -> Vec<String> {
        let found = bed.store.numbers_ending(home.tenant, &digits.parse().unwrap()).await.unwrap();
        found.into_iter().map(|number| number.number).collect()
    };
    assert_eq!(ending("30123456").await, ["+4930123456"]);
    assert_eq!(ending("123456").await, ["+4930123456", "+4940123456"]);
    assert_eq!(ending("+4930123456").await, ["+4930123456"]);
    assert_eq!(ending("7777").await, ["0307777"]);
    assert!(ending("999").await.is_empty());
    let sales = bed.store.number(home.tenant, "sales").await.unwrap().unwrap();
    assert_eq!((sales.mailbox, sales.label.as_deref()), (home.mailbox.id, Some("label")));
    assert_eq!(bed.store.number(home.tenant, "sale").await.unwrap(), None);
    assert_eq!(bed.store.number(home.tenant, "%").await.unwrap(), None);
    assert_eq!(bed.store.numbers(home.tenant).await.unwrap().len(), 5);
}

async fn a_number_leads_to_one_mailbox(bed: Bed) {
    let tenant = bed.tenant("a").await;
    let (one, other) = (bed.person(tenant, "1001"), bed.person(tenant, "1002"));
    for home in [&one, &other] {
        bed.store.add_user(&home.user, &home.mailbox, None).await.unwrap();
    }
    bed.store.put_number(&bed.number(&one, "+15550100")).await.unwrap();
    let relabelled = Number { label: Some("Orders".to_owned()), ..bed.number(&one, "+15550100") };
    bed.store.put_number(&relabelled).await.unwrap();
    assert_eq!(bed.store.number(tenant, "+15550100").await.unwrap(), Some(relabelled.clone()));

    let refused = bed.store.put_number(&bed.number(&other, "+15550100")).await;
    assert!(matches!(&refused, Err(StoreError::Taken { what: "number", value }) if value == "+15550100"));
    assert_missing(bed.store.remove_number(tenant, other.mailbox.id, "+15550100").await, "number");
    assert_eq!(bed.store.number(tenant, "+15550100").await.unwrap(), Some(relabelled));

    bed.store.remove_user(tenant, one.user.id).await.unwrap();
    bed.store.put_number(&bed.number(&other, "+15550100")).await.unwrap();
    assert_eq!(bed.store.number(tenant, "+15550100").await.unwrap().unwrap().mailbox, other.mailbox.id);
    bed.store.remove_number(tenant, other.mailbox.id, "+15550100").await.unwrap();
    assert!(bed.store.numbers(tenant).await.unwrap().is_empty());
}

async fn a_domain_means_one_tenant(bed: Bed) {
    let mut tenant = Tenant {
        id: TenantId::from_uuid(bed.clock.uuid()),
        name: "acme".to_owned(),
        domains: vec!["pbx.acme.example".to_owned(), "acme.example".to_owned()],
        zone: "Europe/Berlin".to_owned(),
        language: "de".to_owned(),
        operator: Some("100".to_owned()),
        default_action: DefaultAction::Mailbox { extension: "1000".parse().unwrap() },
        when_off: aftertone::domain::WhenOff::default(),
    };
    bed.store.put_tenant(&tenant).await.unwrap();
    assert_eq!(bed.store.tenant(tenant.id).await.unwrap(), tenant);
    assert_eq!(bed.store.tenant_by_domain("ACME.example").await.unwrap(), Some(tenant.clone()));
    assert_eq!(bed.store.tenant_by_domain("example").await.unwrap(), None);

    let mut rival =
        Tenant { id: TenantId::from_uuid(bed.clock.uuid()), name: "rival".to_owned(), ..tenant.clone() };
    let refused = bed.store.put_tenant(&rival).await;
    assert!(matches!(refused, Err(StoreError::Taken { what: "domain", .. })), "{refused:?}");
    assert_missing(bed.store.tenant(rival.id).await, "tenant");
    rival.domains.clear();
    rival.name = "acme".to_owned();
    let refused = bed.store.put_tenant(&rival).await;
    assert!(matches!(refused, Err(StoreError::Taken { what: "tenant name", .. })), "{refused:?}");

    tenant.domains.remove(0);
    bed.store.put_tenant(&tenant).await.unwrap();
    assert_eq!(bed.store.tenant_by_domain("pbx.acme.example").await.unwrap(), None);
    assert_eq!(bed.store.tenants().await.unwrap(), vec![tenant]);
}

async fn the_default_tenant_is_made_once(bed: Bed) {
    let (one, other) = tokio::join!(bed.store.default_tenant(), bed.second.default_tenant());
    assert_eq!(one.as_ref().unwrap(), other.as_ref().unwrap());
    assert_eq!(one.unwrap().name, "default");
    assert_eq!(bed.store.tenants().await.unwrap().len(), 1);
}

async fn a_tenant_is_removed_only_when_nothing_belongs_to_it(bed: Bed) {
    let home = bed.home("1001").await;
    let mut tenant = bed.store.tenant(home.mailbox.tenant).await.unwrap();
    tenant.domains = vec!["acme.example".to_owned()];
    bed.store.put_tenant(&tenant).await.unwrap();
    let refused = bed.store.remove_tenant(&tenant).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Refused(why) if why.contains(&tenant.name)), "{refused:?}");
    assert_eq!(
        bed.store.tenant_by_domain("acme.example").await.unwrap(),
        Some(tenant),
        "and nothing is changed"
    );
    let empty = bed.tenant("empty").await;
    let empty = bed.store.tenant(empty).await.unwrap();
    bed.store.remove_tenant(&empty).await.unwrap();
    assert_missing(bed.store.tenant(empty.id).await, "tenant");
    assert_missing(bed.store.remove_tenant(&empty).await, "tenant");
}

/// What was remembered of the directory may be used as long as its revision is the same.
async fn every_change_of_the_directory_counts_and_a_message_does_not(bed: Bed) {
    let home = bed.home("1001").await;
    let mut revision = bed.store.revision().await.unwrap();
    let mut tenant = bed.store.tenant(home.tenant).await.unwrap();
    tenant.domains = vec!["pbx.example.org".to_owned()];
    let number = bed.number(&home, "+15550123");
    let greeting = bed.greeting(&home, GreetingKind::Standard);
    let mut changed = home.mailbox.clone();
    changed.enabled = false;
    for change in 0..7 {
        // The other handle, as another process would.
        match change {
            0 => bed.second.put_tenant(&tenant).await.unwrap(),
            1 => bed.second.put_number(&number).await.unwrap(),
            2 => bed.second.add_greeting(&greeting).await.unwrap(),
            3 => bed.second.put_mailbox(&changed).await.unwrap(),
            4 => bed.second.remove_number(home.tenant, home.mailbox.id, "+15550123").await.unwrap(),
            5 => {
                bed.second.clear_greeting(home.tenant, home.mailbox.id, GreetingKind::Standard).await.unwrap()
            }
            _ => bed.second.remove_user(home.tenant, home.user.id).await.unwrap(),
        }
        let now = bed.store.revision().await.unwrap();
        assert_ne!(now, revision, "change {change}");
        revision = now;
    }
    let other = bed.home("1002").await;
    let revision = bed.store.revision().await.unwrap();
    let message = bed.message(&other);
    bed.second.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    bed.second.lease_jobs(9, Duration::from_secs(60)).await.unwrap();
    bed.second.mark_heard(other.tenant, message.id).await.unwrap();
    assert_eq!(bed.store.revision().await.unwrap(), revision);
}

async fn a_moment_knows_revision_fullness_and_caller_at_once(bed: Bed) {
    let home = bed.home("1001").await;
    let other = bed.home("1002").await;
    bed.store.put_number(&bed.number(&home, "+15550123")).await.unwrap();
    let message = bed.message(&home);
    bed.store.deposit(&message, &[]).await.unwrap();
    let ask = async |tenant, mailbox, extension: Option<&str>, numbers: &[&str]| {
        let extension: Option<Extension> = extension.map(|extension| extension.parse().unwrap());
        let numbers: Vec<String> = numbers.iter().map(|number| (*number).to_owned()).collect();
        bed.store.moment(tenant, mailbox, extension.as_ref(), &numbers).await.unwrap()
    };
    let at = ask(home.tenant, Some(home.mailbox.id), Some("1001"), &[]).await;
    assert_eq!(at.revision, bed.store.revision().await.unwrap());
    assert_eq!(at.usage, Usage { messages: 1, bytes: message.bytes });
    assert!(at.is_known, "an extension of the tenant");
    assert!(ask(home.tenant, None, None, &["+15550123"]).await.is_known, "a number of the tenant");
    let last = ["1", "2", "3", "4", "+15550123"];
    assert!(ask(home.tenant, None, None, &last).await.is_known, "however many are asked for");
    let nobody = ask(home.tenant, None, Some("1002"), &["15550123", "+1555"]).await;
    assert_eq!((nobody.usage, nobody.is_known), (Usage::default(), false));
    let stranger = ask(other.tenant, Some(home.mailbox.id), Some("1001"), &["+15550123"]).await;
    assert_eq!((stranger.usage, stranger.is_known), (Usage::default(), false), "of another tenant");
    bed.store.remove_user(home.tenant, home.user.id).await.unwrap();
    assert!(!ask(home.tenant, None, Some("1001"), &["+15550123"]).await.is_known, "removed");
}
