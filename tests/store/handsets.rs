//! The contract of handsets: unique where they must be, found however it is written, given away as a whole, their tenant's.

use aftertone::clock::Clock as _;
use aftertone::domain::{
    AuditId, Handset, HandsetId, HandsetModel, HandsetSettings, Port, User, UserId, Webhook, WebhookEvent,
    WebhookId, WebhookSecret,
};
use aftertone::store::AuditLine;

use super::*;

contract! {
    everything_a_handset_says_reads_back
    what_must_be_unique_is_and_the_error_names_it
    a_handset_is_found_by_its_name_its_address_its_owner_and_its_number
    a_handset_changes_its_owner_with_the_audit_or_not_at_all
    a_handset_of_somebody_who_was_removed_is_nobodys_until_they_are_back
    webhooks_hear_of_handsets
    a_phone_waits_when_what_it_shows_of_its_owner_is_another
    a_phone_waits_when_one_of_its_lines_is_somebody_elses
    a_handset_of_another_tenant_is_missing
}

pub(super) fn handset(bed: &Bed, tenant: TenantId, name: &str) -> Handset {
    let now = bed.clock.now();
    Handset {
        id: HandsetId::from_uuid(bed.clock.uuid()),
        tenant,
        name: name.parse().unwrap(),
        mac: None,
        model: HandsetModel::known("generic").unwrap(),
        owner: None,
        site: String::new(),
        preference_group: None,
        settings: HandsetSettings::default(),
        ports: Vec::new(),
        changed_at: now,
        applied_at: now,
        reboot: None,
        created_at: now,
    }
}

fn line(bed: &Bed, tenant: TenantId, became: &str) -> AuditLine {
    AuditLine {
        id: AuditId::from_uuid(bed.clock.uuid()),
        tenant,
        at: bed.clock.now(),
        actor: "tests".to_owned(),
        action: "phone.owner".to_owned(),
        target: "phone".to_owned(),
        was: None,
        became: Some(became.to_owned()),
    }
}

async fn names(bed: &Bed, tenant: TenantId, search: &str) -> Vec<String> {
    let known = bed.store.handset_page(tenant, search, "", 50).await.unwrap();
    known.into_iter().map(|known| known.handset.name.to_string()).collect()
}

async fn everything_a_handset_says_reads_back(bed: Bed) {
    let home = bed.home("111").await;
    let mut full = handset(&bed, home.tenant, "111a");
    full.mac = Some("00-04-F2-12-34-56".parse().unwrap());
    full.model = HandsetModel::known("grandstream-ht802").unwrap();
    full.owner = Some(home.user.id);
    full.site = "Ort \u{1f4de}".to_owned();
    full.preference_group = Some("remote-1".to_owned());
    full.settings = HandsetSettings {
        server: Some("pbx2.example.org:5061".to_owned()),
        template: Some("desk".to_owned()),
        firmware: Some("1.2.3".to_owned()),
        options: [("fax".to_owned(), "t38".to_owned())].into(),
        overrides: "a=1\nb='; DROP TABLE handsets;--".to_owned(),
        record_calls: true,
        groups: vec!["MAIN".to_owned()],
        former_groups: vec!["Old".to_owned()],
    };
    let port = |port, number: &str| Port { port, number: Some(number.to_owned()), appearances: 1 };
    full.ports = vec![port(1, "+15550100"), port(2, "+15550101")];
    bed.store.add_handset(&full).await.unwrap();
    let known = bed.second.handset(home.tenant, full.id).await.unwrap();
    assert_eq!(known.handset, full);
    assert_eq!((known.owner.as_str(), known.extension.as_deref()), ("Ada Lovelace", Some("111")));
    let was = full.clone();
    full.ports.truncate(1);
    full.settings.overrides.clear();
    full.changed_at = full.changed_at.checked_add(Duration::from_secs(1)).unwrap();
    bed.store.change_handset(&was, &full).await.unwrap();
    let changed = bed.store.handset(home.tenant, full.id).await.unwrap().handset;
    assert_eq!(changed, full);
    assert!(changed.is_waiting());
    bed.store.handset_rebooted(home.tenant, full.id, "it answered 500\u{7}", None).await.unwrap();
    let told = bed.store.handset(home.tenant, full.id).await.unwrap().handset;
    assert!(told.is_waiting() && told.reboot == Some((bed.clock.now(), "it answered 500".to_owned())));
    bed.store.handset_rebooted(home.tenant, full.id, "well", Some(full.changed_at)).await.unwrap();
    assert!(!bed.store.handset(home.tenant, full.id).await.unwrap().handset.is_waiting());
    bed.store.remove_handset(home.tenant, full.id).await.unwrap();
    assert!(matches!(bed.store.handset(home.tenant, full.id).await, Err(StoreError::Missing { .. })));
    // Name, address and number are free again.
    bed.store.add_handset(&Handset { id: HandsetId::from_uuid(bed.clock.uuid()), ..full }).await.unwrap();
}

// 003-05, 000-15, 003-08
async fn what_must_be_unique_is_and_the_error_names_it(bed: Bed) {
    let (tenant, other) = (bed.tenant("one").await, bed.tenant("two").await);
    let full = |tenant, name: &str, mac: &str, group: &str, number: &str| {
        let mut full = handset(&bed, tenant, name);
        full.mac = Some(mac.parse().unwrap());
        full.preference_group = Some(group.to_owned());
        full.ports = vec![Port { port: 1, number: Some(number.to_owned()), appearances: 1 }];
        full
    };
    bed.store.add_handset(&full(tenant, "1a", "0004f2000001", "g", "+1")).await.unwrap();
    for (wrong, what) in [
        (full(tenant, "1a", "0004f2000002", "h", "+2"), "phone name"),
        (full(tenant, "2a", "0004f2000001", "h", "+2"), "MAC address"),
        (full(tenant, "2a", "0004f2000002", "g", "+2"), "preference group"),
        (full(tenant, "2a", "0004f2000002", "h", "+1"), "number"),
    ] {
        let refused = bed.store.add_handset(&wrong).await.unwrap_err();
        assert!(
            matches!(&refused, StoreError::Taken { what: named, .. } if *named == what),
            "{what}: {refused}"
        );
    }
    assert_eq!(names(&bed, tenant, "").await, ["1a"], "what was refused left nothing");
    let mut elsewhere = full(tenant, "2a", "0004f2000002", "g", "+2");
    elsewhere.site = "Branch".to_owned();
    bed.store.add_handset(&elsewhere).await.unwrap();
    bed.store.add_handset(&full(other, "1a", "0004f2000001", "g", "+1")).await.unwrap();
    // Many may have none.
    bed.store.add_handset(&handset(&bed, tenant, "3a")).await.unwrap();
    bed.store.add_handset(&handset(&bed, tenant, "4a")).await.unwrap();
    // Capitals make no other site, nor another group.
    let mut capitals = full(tenant, "5a", "0004f2000005", "G", "+5");
    capitals.site = "bRANCH".to_owned();
    let refused = bed.store.add_handset(&capitals).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Taken { what: "preference group", value } if value == "G"),
        "{refused}"
    );
    let moved = Handset { site: String::new(), ..elsewhere.clone() };
    let refused = bed.store.change_handset(&elsewhere, &moved).await.unwrap_err();
    assert!(matches!(refused, StoreError::Taken { what: "preference group", .. }), "{refused}");
}

// 000-02
async fn a_handset_is_found_by_its_name_its_address_its_owner_and_its_number(bed: Bed) {
    let home = bed.home("3303").await;
    let mut found = handset(&bed, home.tenant, "ada-desk");
    found.mac = Some("0004f2abcdef".parse().unwrap());
    found.owner = Some(home.user.id);
    found.ports = vec![Port { port: 1, number: Some("+15557788".to_owned()), appearances: 1 }];
    bed.store.add_handset(&found).await.unwrap();
    bed.store.add_handset(&handset(&bed, home.tenant, "lobby_1")).await.unwrap();
    for search in ["desk", "00:04:F2:AB", "f2-ab-cd", "LOVELACE", "3303", "57788"] {
        assert_eq!(names(&bed, home.tenant, search).await, ["ada-desk"], "{search}");
    }
    assert_eq!(names(&bed, home.tenant, "_").await, ["lobby_1"], "a sign of LIKE is one of ours");
    for search in ["%", ":", "--", "'", "\\"] {
        assert!(names(&bed, home.tenant, search).await.iter().all(|name| name.contains(search)), "{search}");
    }
    let second = bed.store.handset_page(home.tenant, "", "ada-desk", 50).await.unwrap();
    assert_eq!(second.len(), 1);
    assert_eq!(bed.store.handset_names(home.tenant, "desk").await.unwrap(), ["ada-desk".parse().unwrap()]);
}

// 000-01, 000-03
async fn a_handset_changes_its_owner_with_the_audit_or_not_at_all(bed: Bed) {
    let home = bed.home("111").await;
    let mut phone = handset(&bed, home.tenant, "111a");
    phone.settings.groups = vec!["MAIN".to_owned()];
    bed.store.add_handset(&phone).await.unwrap();
    let nobody = UserId::from_uuid(bed.clock.uuid());
    let mut changed = phone.clone();
    changed.settings.groups.clear();
    let refused = bed
        .store
        .with_audit(vec![line(&bed, home.tenant, "1")])
        .give_handset(&phone, &changed, Some(nobody))
        .await;
    assert!(matches!(refused, Err(StoreError::Missing { what: "user", .. })), "{refused:?}");
    let stranger = bed.home("222").await;
    let refused = bed.store.give_handset(&phone, &changed, Some(stranger.user.id)).await;
    assert!(matches!(refused, Err(StoreError::Missing { what: "user", .. })), "another tenant's user");
    let known = bed.store.handset(home.tenant, phone.id).await.unwrap();
    assert_eq!((known.handset.owner, &known.handset.settings), (None, &phone.settings), "nothing was done");
    assert!(bed.store.audit(home.tenant, None, 9).await.unwrap().is_empty());
    let steps = [line(&bed, home.tenant, "1"), line(&bed, home.tenant, "2")];
    bed.store.with_audit(steps.to_vec()).give_handset(&phone, &changed, Some(home.user.id)).await.unwrap();
    let known = bed.store.handset(home.tenant, phone.id).await.unwrap();
    assert_eq!(known.handset.owner, Some(home.user.id));
    assert!(known.handset.settings.groups.is_empty());
    assert_eq!(bed.store.audit(home.tenant, None, 9).await.unwrap().len(), 2);
    assert_eq!(bed.store.handsets_of(home.tenant, home.user.id).await.unwrap().len(), 1);
    // What somebody else did meanwhile is not undone.
    for stale in [
        bed.second.give_handset(&phone, &changed, None).await,
        bed.second.change_handset(&phone, &changed).await,
    ] {
        assert!(matches!(stale, Err(StoreError::Taken { what: "phone", .. })), "{stale:?}");
    }
    bed.store.handset_rebooted(home.tenant, phone.id, "well", None).await.unwrap();
    bed.store.give_handset(&known.handset, &changed, None).await.unwrap();
    assert!(bed.store.handsets_of(home.tenant, home.user.id).await.unwrap().is_empty());
}

// 004-10
async fn a_handset_of_somebody_who_was_removed_is_nobodys_until_they_are_back(bed: Bed) {
    let home = bed.home("111").await;
    let mut phone = handset(&bed, home.tenant, "111a");
    phone.owner = Some(home.user.id);
    bed.store.add_handset(&phone).await.unwrap();
    bed.store.remove_user(home.tenant, home.user.id).await.unwrap();
    let known = bed.store.handset(home.tenant, phone.id).await.unwrap();
    assert_eq!((known.handset.owner, known.owner.as_str(), known.extension), (None, "", None));
    let late = Handset {
        id: HandsetId::from_uuid(bed.clock.uuid()),
        name: "111b".parse().unwrap(),
        ..phone.clone()
    };
    let refused = bed.store.add_handset(&late).await;
    assert!(matches!(refused, Err(StoreError::Missing { what: "user", .. })), "{refused:?}");
    bed.store.restore_user(home.tenant, home.user.id, None, &|_| true).await.unwrap();
    let known = bed.store.handset(home.tenant, phone.id).await.unwrap();
    assert_eq!(known.handset.owner, Some(home.user.id));
}

async fn webhooks_hear_of_handsets(bed: Bed) {
    let home = bed.home("111").await;
    let deaf = bed.tenant("deaf").await;
    let webhook = Webhook {
        id: WebhookId::from_uuid(bed.clock.uuid()),
        tenant: home.tenant,
        name: "provisioning".to_owned(),
        url: "https://provision.example.org/".to_owned(),
        events: Vec::new(),
        callers: false,
        secret: WebhookSecret::from_bytes([7; 32]),
        old_secret: None,
        paused: None,
        failing_since: None,
        created_at: bed.clock.now(),
    };
    bed.store.add_webhook(&webhook).await.unwrap();
    let phone = handset(&bed, home.tenant, "111a");
    bed.store.add_handset(&phone).await.unwrap();
    bed.store.change_handset(&phone, &phone).await.unwrap();
    bed.store.give_handset(&phone, &phone, Some(home.user.id)).await.unwrap();
    bed.store.handset_rebooted(home.tenant, phone.id, "it does not answer", None).await.unwrap();
    bed.store.remove_handset(home.tenant, phone.id).await.unwrap();
    bed.store.add_handset(&handset(&bed, deaf, "x")).await.unwrap();
    let facts = bed.store.facts(100).await.unwrap();
    let told: Vec<_> =
        facts.iter().map(|fact| (fact.event, fact.detail.as_deref().unwrap_or_default())).collect();
    let changed = WebhookEvent::HandsetChanged;
    assert_eq!(
        told,
        [
            (changed, "added"),
            (changed, "changed"),
            (changed, "owner"),
            (WebhookEvent::HandsetReboot, "it does not answer"),
            (changed, "removed")
        ]
    );
    assert!(facts.iter().all(|fact| fact.tenant == home.tenant && fact.about == Some(phone.id.uuid())));
}

async fn is_waiting(bed: &Bed, phone: &Handset) -> bool {
    bed.store.handset(phone.tenant, phone.id).await.unwrap().handset.is_waiting()
}

/// Somebody restarts it.
async fn restarted(bed: &Bed, phone: &Handset) {
    let now = bed.store.handset(phone.tenant, phone.id).await.unwrap().handset.changed_at;
    bed.store.handset_applied(phone.tenant, phone.id, now).await.unwrap();
    assert!(!is_waiting(bed, phone).await);
}

// 000-06, 002-020, 002-023
async fn a_phone_waits_when_what_it_shows_of_its_owner_is_another(bed: Bed) {
    let home = bed.home("111").await;
    let (mut own, lobby) = (handset(&bed, home.tenant, "111a"), handset(&bed, home.tenant, "lobby"));
    own.owner = Some(home.user.id);
    bed.store.add_handset(&own).await.unwrap();
    bed.store.add_handset(&lobby).await.unwrap();
    let mut user = home.user.clone();
    let changes: [fn(&mut User); 8] = [
        |user| user.first = "Augusta".to_owned(),
        |user| user.last = "King".to_owned(),
        |user| user.profile.record_calls = true,
        |user| user.profile.sip_address = Some("sip:ada@example.org".to_owned()),
        |user| user.profile.caller_id = Some("+4930123456".to_owned()),
        |user| user.profile.site = Some("Berlin".to_owned()),
        |user| user.profile.department = Some("Sales".to_owned()),
        |user| user.profile.sip_address = None,
    ];
    for (place, change) in changes.into_iter().enumerate() {
        change(&mut user);
        bed.store.put_user(&user).await.unwrap();
        assert!(is_waiting(&bed, &own).await, "change {place}");
        restarted(&bed, &own).await;
    }
    let mut mailbox = home.mailbox.clone();
    mailbox.extension = "112".parse().unwrap();
    bed.store.put_mailbox(&mailbox).await.unwrap();
    assert!(is_waiting(&bed, &own).await, "the extension");
    restarted(&bed, &own).await;

    // What no phone is told of.
    user.emails = vec!["king@example.org".parse().unwrap()];
    user.profile.login = Some("king@example.org".to_owned());
    user.profile.listed = false;
    mailbox.enabled = false;
    bed.store.put_user(&user).await.unwrap();
    bed.store.put_mailbox(&mailbox).await.unwrap();
    assert!(!is_waiting(&bed, &own).await, "nothing that it shows is another");
    bed.store.remove_user(home.tenant, home.user.id).await.unwrap();
    assert!(is_waiting(&bed, &own).await, "it is nobody's");
    assert!(!is_waiting(&bed, &lobby).await, "it never was somebody's");
}

async fn a_phone_waits_when_one_of_its_lines_is_somebody_elses(bed: Bed) {
    let home = bed.home("111").await;
    let other = bed.person(home.tenant, "222");
    bed.store.add_user(&other.user, &other.mailbox, None).await.unwrap();
    let mut shared = handset(&bed, home.tenant, "111a");
    shared.owner = Some(home.user.id);
    shared.ports = vec![Port { port: 1, number: Some("+15550100".to_owned()), appearances: 1 }];
    bed.store.add_handset(&shared).await.unwrap();
    bed.store.put_number(&bed.number(&home, "+15550100")).await.unwrap();
    assert!(!is_waiting(&bed, &shared).await, "the line shows its owner as before");
    bed.store.remove_number(home.tenant, home.mailbox.id, "+15550100").await.unwrap();
    assert!(!is_waiting(&bed, &shared).await);
    bed.store.put_number(&bed.number(&other, "+15550100")).await.unwrap();
    assert!(is_waiting(&bed, &shared).await, "the line shows somebody else");
    restarted(&bed, &shared).await;
    let renamed = User { first: "Grace".to_owned(), ..other.user.clone() };
    bed.store.put_user(&renamed).await.unwrap();
    assert!(is_waiting(&bed, &shared).await, "who has another name");
    restarted(&bed, &shared).await;
    // What was changed meanwhile is not forgotten by who writes an older look at it.
    let seen = bed.store.handset(home.tenant, shared.id).await.unwrap().handset;
    bed.store.put_user(&User { first: "Rear".to_owned(), ..renamed }).await.unwrap();
    let mut grouped = seen.clone();
    grouped.settings.groups = vec!["sales".to_owned()];
    bed.store.change_handset(&seen, &grouped).await.unwrap();
    assert!(is_waiting(&bed, &shared).await);
}

async fn a_handset_of_another_tenant_is_missing(bed: Bed) {
    let (own, other) = (bed.tenant("own").await, bed.home("111").await);
    let phone = handset(&bed, other.tenant, "111a");
    bed.store.add_handset(&phone).await.unwrap();
    let theirs = Handset { tenant: own, ..phone.clone() };
    assert!(matches!(bed.store.handset(own, phone.id).await, Err(StoreError::Missing { .. })));
    assert!(matches!(bed.store.change_handset(&theirs, &theirs).await, Err(StoreError::Missing { .. })));
    assert!(matches!(bed.store.give_handset(&theirs, &theirs, None).await, Err(StoreError::Missing { .. })));
    assert!(matches!(
        bed.store.handset_rebooted(own, phone.id, "", None).await,
        Err(StoreError::Missing { .. })
    ));
    assert!(matches!(
        bed.store.handset_applied(own, phone.id, bed.clock.now()).await,
        Err(StoreError::Missing { .. })
    ));
    assert!(matches!(bed.store.remove_handset(own, phone.id).await, Err(StoreError::Missing { .. })));
    assert!(names(&bed, own, "").await.is_empty());
    assert_eq!(bed.store.handset(other.tenant, phone.id).await.unwrap().handset, phone);
}
