//! The contract of the inventory of numbers: where each leads and rings, given as a whole or not, its tenant's.

use aftertone::clock::Clock as _;
use aftertone::domain::{AuditId, Handset, HandsetId, HandsetModel, HandsetSettings, Port};
use aftertone::store::{AuditLine, InventoryNumber, Ringing, Which};

use super::*;

contract! {
    numbers_are_in_the_inventory_once_whether_they_lead_somewhere_or_not
    a_number_is_led_to_a_user_and_a_port_with_its_audit_or_not_at_all
    a_number_that_is_taken_away_stays_and_rings_nowhere
    a_number_of_a_removed_user_is_free_and_says_whose_it_was
    users_without_a_number_are_named
    a_number_that_only_rings_is_in_the_inventory_as_well
    the_inventory_of_another_tenant_is_closed
}

async fn phone(bed: &Bed, tenant: TenantId, name: &str) -> Handset {
    let now = bed.clock.now();
    let phone = Handset {
        id: HandsetId::from_uuid(bed.clock.uuid()),
        tenant,
        name: name.parse().unwrap(),
        mac: None,
        model: HandsetModel::known("grandstream-ht802").unwrap(),
        owner: None,
        site: String::new(),
        preference_group: None,
        settings: HandsetSettings::default(),
        ports: Vec::new(),
        changed_at: now,
        applied_at: now,
        reboot: None,
        created_at: now,
    };
    bed.store.add_handset(&phone).await.unwrap();
    phone
}

fn line(bed: &Bed, tenant: TenantId) -> AuditLine {
    AuditLine {
        id: AuditId::from_uuid(bed.clock.uuid()),
        tenant,
        at: bed.clock.now(),
        actor: "tests".to_owned(),
        action: "number.assigned".to_owned(),
        target: "number".to_owned(),
        was: None,
        became: None,
    }
}

async fn keep(bed: &Bed, tenant: TenantId, numbers: &[&str]) -> u64 {
    let numbers: Vec<_> =
        numbers.iter().map(|number| ((*number).to_owned(), format!("note of {number}"))).collect();
    bed.store.keep_numbers(tenant, &numbers).await.unwrap()
}

async fn all(bed: &Bed, tenant: TenantId, search: &str, which: Which) -> Vec<InventoryNumber> {
    bed.store.inventory(tenant, search, which, "", 50).await.unwrap()
}

fn texts(numbers: &[InventoryNumber]) -> Vec<&str> {
    numbers.iter().map(|number| number.number.as_str()).collect()
}

const fn at(handset: HandsetId, port: u8) -> Option<Ringing> {
    Some(Ringing { handset, port, appearances: 1 })
}

async fn numbers_are_in_the_inventory_once_whether_they_lead_somewhere_or_not(bed: Bed) {
    let home = bed.home("1001").await;
    assert_eq!(keep(&bed, home.tenant, &["+102", "+101", "+101"]).await, 2);
    assert_eq!(keep(&bed, home.tenant, &["+101", "+103"]).await, 1);
    // One that leads somewhere is a number as well, although nobody put it in.
    bed.store.put_number(&bed.number(&home, "sales")).await.unwrap();
    bed.store.put_number(&bed.number(&home, "+103")).await.unwrap();
    let numbers = all(&bed, home.tenant, "", Which::All).await;
    let mut known = texts(&numbers);
    known.sort_unstable();
    assert_eq!(known, ["+101", "+102", "+103", "sales"]);
    let sales = bed.store.inventory_number(home.tenant, "sales").await.unwrap().unwrap();
    assert_eq!(
        (sales.note, sales.extension.as_deref(), sales.owner),
        (None, Some("1001"), Some(home.user.id))
    );
    let third = bed.store.inventory_number(home.tenant, "+103").await.unwrap().unwrap();
    assert_eq!((third.note.as_deref(), third.mailbox), (Some("note of +103"), Some(home.mailbox.id)));
    assert_eq!(texts(&all(&bed, home.tenant, "", Which::Free).await), ["+101", "+102"]);
    assert_eq!(texts(&all(&bed, home.tenant, "LOVE", Which::All).await).len(), 2);
    assert_eq!(texts(&all(&bed, home.tenant, "02", Which::All).await), ["+102"]);
    assert!(all(&bed, home.tenant, "%", Which::All).await.is_empty());
    let second = bed.store.inventory(home.tenant, "", Which::Free, "+101", 50).await.unwrap();
    assert_eq!(texts(&second), ["+102"]);
    assert!(matches!(bed.store.drop_number(home.tenant, "+103").await, Err(StoreError::Missing { .. })));
    bed.store.drop_number(home.tenant, "+102").await.unwrap();
    assert!(bed.store.inventory_number(home.tenant, "+102").await.unwrap().is_none());
}

// 003-08, 003-09
async fn a_number_is_led_to_a_user_and_a_port_with_its_audit_or_not_at_all(bed: Bed) {
    let home = bed.home("1001").await;
    let other = bed.person(home.tenant, "1002");
    bed.store.add_user(&other.user, &other.mailbox, None).await.unwrap();
    let desk = phone(&bed, home.tenant, "desk").await;
    keep(&bed, home.tenant, &["+101", "+102"]).await;
    let lead = bed.number(&home, "+101");
    bed.store
        .with_audit(vec![line(&bed, home.tenant)])
        .assign_number(&lead, home.user.id, at(desk.id, 2))
        .await
        .unwrap();
    let known = bed.store.inventory_number(home.tenant, "+101").await.unwrap().unwrap();
    assert_eq!(known.phone, Some((desk.id, "desk".to_owned(), None, 2)));
    let told = bed.store.handset(home.tenant, desk.id).await.unwrap().handset;
    assert_eq!((told.owner, told.is_waiting()), (Some(home.user.id), true), "it was nobody's");
    assert_eq!(told.ports, [Port { port: 2, number: Some("+101".to_owned()), appearances: 1 }]);
    // What cannot be leaves all as it was: the port is taken, the phone somebody else's, the number somebody else's.
    let before = bed.store.inventory(home.tenant, "", Which::All, "", 9).await.unwrap();
    let mine = bed.number(&home, "+102");
    let refused = bed
        .store
        .with_audit(vec![line(&bed, home.tenant)])
        .assign_number(&mine, home.user.id, at(desk.id, 2))
        .await;
    assert!(matches!(&refused, Err(StoreError::Taken { what: "port", .. })), "{refused:?}");
    let theirs = bed.number(&other, "+102");
    let refused = bed
        .store
        .with_audit(vec![line(&bed, home.tenant)])
        .assign_number(&theirs, other.user.id, at(desk.id, 1))
        .await;
    assert!(matches!(&refused, Err(StoreError::Taken { what: "phone", .. })), "{refused:?}");
    let stolen = bed.number(&other, "+101");
    let refused =
        bed.store.with_audit(vec![line(&bed, home.tenant)]).assign_number(&stolen, other.user.id, None).await;
    assert!(matches!(&refused, Err(StoreError::Taken { what: "number", .. })), "{refused:?}");
    assert_eq!(bed.store.inventory(home.tenant, "", Which::All, "", 9).await.unwrap(), before);
    assert_eq!(bed.store.audit(home.tenant, None, 9).await.unwrap().len(), 1);
    // It moves to another port, and rings there only.
    bed.store
        .with_audit(vec![line(&bed, home.tenant)])
        .assign_number(&lead, home.user.id, at(desk.id, 1))
        .await
        .unwrap();
    let ports = bed.store.handset(home.tenant, desk.id).await.unwrap().handset.ports;
    let numbers: Vec<_> = ports.iter().map(|port| (port.port, port.number.as_deref())).collect();
    assert_eq!(numbers, [(1, Some("+101")), (2, None)]);
}

async fn a_number_that_is_taken_away_stays_and_rings_nowhere(bed: Bed) {
    let home = bed.home("1001").await;
    let desk = phone(&bed, home.tenant, "desk").await;
    let lead = bed.number(&home, "+101");
    bed.store
        .with_audit(vec![line(&bed, home.tenant)])
        .assign_number(&lead, home.user.id, at(desk.id, 1))
        .await
        .unwrap();
    bed.store.handset_applied(home.tenant, desk.id, bed.clock.now()).await.unwrap();
    bed.store.release_number(home.tenant, "+101").await.unwrap();
    let known = bed.store.inventory_number(home.tenant, "+101").await.unwrap().unwrap();
    assert_eq!((known.mailbox, known.phone), (None, None));
    assert!(bed.store.number(home.tenant, "+101").await.unwrap().is_none(), "the next call finds nothing");
    assert!(bed.store.handset(home.tenant, desk.id).await.unwrap().handset.is_waiting());
    assert!(matches!(bed.store.release_number(home.tenant, "+101").await, Err(StoreError::Missing { .. })));
}

// 004-10
async fn a_number_of_a_removed_user_is_free_and_says_whose_it_was(bed: Bed) {
    let home = bed.home("1001").await;
    let other = bed.person(home.tenant, "1002");
    bed.store.add_user(&other.user, &other.mailbox, None).await.unwrap();
    keep(&bed, home.tenant, &["+101"]).await;
    bed.store.put_number(&bed.number(&home, "+101")).await.unwrap();
    bed.store.put_number(&bed.number(&home, "unkept")).await.unwrap();
    bed.store.remove_user(home.tenant, home.user.id).await.unwrap();
    let numbers = all(&bed, home.tenant, "", Which::Free).await;
    assert_eq!(texts(&numbers), ["+101"], "what nobody put in went with the user");
    let free = &numbers[0];
    assert!(free.is_of_removed && free.mailbox.is_none() && free.extension.is_none() && free.owner.is_none());
    assert_eq!(free.name, ("Ada".to_owned(), "Lovelace".to_owned()));
    let lead = bed.number(&other, "+101");
    bed.store
        .with_audit(vec![line(&bed, home.tenant)])
        .assign_number(&lead, other.user.id, None)
        .await
        .unwrap();
    let known = bed.store.inventory_number(home.tenant, "+101").await.unwrap().unwrap();
    assert!(!known.is_of_removed && known.owner == Some(other.user.id));
}

// 003-15
async fn users_without_a_number_are_named(bed: Bed) {
    let home = bed.home("1001").await;
    let other = bed.person(home.tenant, "1002");
    bed.store.add_user(&other.user, &other.mailbox, None).await.unwrap();
    bed.store.put_number(&bed.number(&home, "+101")).await.unwrap();
    let named = bed.store.unnumbered(home.tenant, 9).await.unwrap();
    assert_eq!(named, [(other.user.id, "Ada".to_owned(), "Lovelace".to_owned(), "1002".to_owned())]);
    let silent = all(&bed, home.tenant, "", Which::Unreachable).await;
    assert_eq!(texts(&silent), ["+101"], "it rings on no phone");
}

// 003-08
async fn a_number_that_only_rings_is_in_the_inventory_as_well(bed: Bed) {
    let home = bed.home("1001").await;
    let desk = phone(&bed, home.tenant, "desk").await;
    let port = |port, number: &str| Port { port, number: Some(number.to_owned()), appearances: 1 };
    let ringing = Handset { ports: vec![port(1, "+15550177"), port(2, "1001")], ..desk.clone() };
    bed.store.change_handset(&desk, &ringing).await.unwrap();
    let known = all(&bed, home.tenant, "", Which::All).await;
    assert_eq!(texts(&known), ["+15550177"], "an extension is no number");
    assert_eq!((known[0].mailbox, known[0].phone.as_ref().map(|phone| phone.3)), (None, Some(1)));
    let extension = bed.store.drop_number(home.tenant, "1001").await;
    assert!(matches!(extension, Err(StoreError::Missing { .. })), "{extension:?}");
    bed.store.drop_number(home.tenant, "+15550177").await.unwrap();
    assert!(all(&bed, home.tenant, "", Which::All).await.is_empty());
    let ports = bed.store.handset(home.tenant, desk.id).await.unwrap().handset.ports;
    assert_eq!(ports.iter().filter_map(|port| port.number.as_deref()).collect::<Vec<_>>(), ["1001"]);
    let gone = bed.store.drop_number(home.tenant, "+15550177").await;
    assert!(matches!(gone, Err(StoreError::Missing { .. })), "{gone:?}");
}

async fn the_inventory_of_another_tenant_is_closed(bed: Bed) {
    let (own, other) = (bed.home("1001").await, bed.home("1002").await);
    keep(&bed, other.tenant, &["+101"]).await;
    bed.store.put_number(&bed.number(&other, "+102")).await.unwrap();
    let desk = phone(&bed, other.tenant, "desk").await;
    assert!(all(&bed, own.tenant, "", Which::All).await.is_empty());
    assert!(bed.store.inventory_number(own.tenant, "+101").await.unwrap().is_none());
    assert!(matches!(bed.store.drop_number(own.tenant, "+101").await, Err(StoreError::Missing { .. })));
    assert!(matches!(bed.store.release_number(own.tenant, "+102").await, Err(StoreError::Missing { .. })));
    let theirs = Number { tenant: own.tenant, ..bed.number(&other, "+101") };
    let refused =
        bed.store.with_audit(vec![line(&bed, own.tenant)]).assign_number(&theirs, other.user.id, None).await;
    assert!(matches!(refused, Err(StoreError::Missing { what: "mailbox", .. })), "{refused:?}");
    let mine = bed.number(&own, "+105");
    let refused = bed
        .store
        .with_audit(vec![line(&bed, own.tenant)])
        .assign_number(&mine, own.user.id, at(desk.id, 1))
        .await;
    assert!(refused.is_err(), "another tenant's phone");
    assert!(bed.store.handset(other.tenant, desk.id).await.unwrap().handset.ports.is_empty());
}
