//! Calls as the systems of the world send them, and where they end up.

mod explain;

use futures_util::FutureExt as _;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::{Extension, MailboxId, PhoneNumber, Quota, TenantId, WhenOff};
use crate::service::accounts::MailboxDefaults;
use crate::sip::Party;
use crate::store;

/// Tenants, mailboxes and numbers in memory.
#[derive(Default)]
struct Memory {
    tenants: Vec<Tenant>,
    mailboxes: Vec<Mailbox>,
    numbers: Vec<Number>,
    away: bool,
}

impl Memory {
    fn up(&self) -> store::Result<()> {
        if self.away { Err(StoreError::Away("no connection".to_owned())) } else { Ok(()) }
    }
}

impl Directory for Memory {
    async fn tenant_by_domain(&self, domain: &str) -> store::Result<Option<Tenant>> {
        self.up()?;
        Ok(self.tenants.iter().find(|tenant| tenant.domains.iter().any(|known| known == domain)).cloned())
    }

    async fn tenant_by_name(&self, name: &str) -> store::Result<Option<Tenant>> {
        self.up()?;
        Ok(self.tenants.iter().find(|tenant| tenant.name == name).cloned())
    }

    async fn usual_tenant(&self) -> store::Result<Tenant> {
        self.up()?;
        Ok(self.tenants.first().unwrap().clone())
    }

    async fn mailbox(&self, tenant: TenantId, id: MailboxId) -> store::Result<Mailbox> {
        let found = self.mailboxes.iter().find(|mailbox| mailbox.tenant == tenant && mailbox.id == id);
        found.cloned().ok_or(StoreError::Missing { what: "mailbox", value: id.to_string() })
    }

    async fn mailbox_by_extension(
        &self,
        tenant: TenantId,
        extension: &Extension,
    ) -> store::Result<Option<Mailbox>> {
        self.up()?;
        let mut own = self.mailboxes.iter().filter(|mailbox| mailbox.tenant == tenant);
        Ok(own.find(|mailbox| mailbox.extension == *extension).cloned())
    }

    async fn number(&self, tenant: TenantId, number: &str) -> store::Result<Option<Number>> {
        Ok(self.numbers.iter().find(|known| known.tenant == tenant && known.number == number).cloned())
    }

    async fn numbers_ending(&self, tenant: TenantId, digits: &PhoneNumber) -> store::Result<Vec<Number>> {
        let ends = |known: &&Number| known.tenant == tenant && known.number.ends_with(digits.as_str());
        Ok(self.numbers.iter().filter(ends).cloned().collect())
    }
}

fn tenant(id: u128, name: &str, domain: &str) -> Tenant {
    Tenant {
        id: TenantId::from_uuid(Uuid::from_u128(id)),
        name: name.to_owned(),
        domains: vec![domain.to_owned()],
        zone: "UTC".to_owned(),
        language: "en".to_owned(),
        operator: None,
        default_action: DefaultAction::Announce,
        when_off: WhenOff::default(),
    }
}

fn mailbox(tenant: u128, id: u128, extension: &str) -> Mailbox {
    let (id, tenant) = (Uuid::from_u128(id), Uuid::from_u128(tenant));
    let quota = Quota { messages: Some(10), bytes: None };
    MailboxDefaults { quota, ..MailboxDefaults::default() }.mailbox(
        MailboxId::from_uuid(id),
        TenantId::from_uuid(tenant),
        extension.parse().unwrap(),
        "2026-01-01T00:00:00Z".parse().unwrap(),
    )
}

fn number(tenant: u128, number: &str, mailbox: u128, label: Option<&str>) -> Number {
    Number {
        greeting: None,
        tenant: TenantId::from_uuid(Uuid::from_u128(tenant)),
        number: number.to_owned(),
        mailbox: MailboxId::from_uuid(Uuid::from_u128(mailbox)),
        label: label.map(str::to_owned),
    }
}

/// Tenant 1 has 1001, 1100, 1408; tenant 2 has its own 1001.
fn world() -> Memory {
    Memory {
        tenants: vec![tenant(1, "default", "one.example"), tenant(2, "two", "two.example")],
        mailboxes: vec![
            mailbox(1, 11, "1001"),
            mailbox(1, 12, "1100"),
            mailbox(1, 13, "1408"),
            mailbox(2, 21, "1001"),
        ],
        numbers: vec![
            number(1, "+493012341001", 11, None),
            number(1, "+15550101001", 12, None),
            number(1, "john.support", 13, Some("John Support")),
            number(1, "+493012349999", 99, None),
        ],
        away: false,
    }
}

fn to(request: &str) -> CallFacts {
    CallFacts {
        request_uri: request.to_owned(),
        to: Party { name: None, uri: request.to_owned() },
        from: Party { name: Some("Grace".to_owned()), uri: "sip:+15550100777@carrier.example".to_owned() },
        ..CallFacts::default()
    }
}

fn diverted(values: &[&str]) -> CallFacts {
    CallFacts {
        diversion: values.iter().map(|&value| value.to_owned()).collect(),
        ..to("sip:5000@192.0.2.1")
    }
}

fn routed(world: &Memory, rules: &TrunkRules, facts: &CallFacts) -> Decision {
    route(world, rules, facts).now_or_never().unwrap().unwrap()
}

fn rules(toml: &str) -> TrunkRules {
    toml::from_str(toml).unwrap()
}

/// `extension by source`, or what else becomes of the call.
fn end(world: &Memory, rules: &TrunkRules, facts: &CallFacts) -> String {
    let decision = routed(world, rules, facts);
    let what = match &decision.outcome {
        Outcome::Mailbox { mailbox, .. } => mailbox.extension.to_string(),
        Outcome::Login => "login".to_owned(),
        Outcome::Directory => "directory".to_owned(),
        Outcome::Default(action) => format!("{action:?}"),
    };
    format!("{what} by {}", decision.source)
}

#[test]
fn a_forward_over_two_parties_reaches_the_last_or_the_first_as_the_trunk_wants() {
    let facts = diverted(&["<sip:1100@cucm>;reason=no-answer", "<sip:1408@cucm>;reason=unconditional"]);
    assert_eq!(end(&world(), &TrunkRules::default(), &facts), "1100 by diversion");
    assert_eq!(routed(&world(), &TrunkRules::default(), &facts).reason, RedirectReason::NoAnswer);
    let first = rules("diversion = \"bottom\"");
    assert_eq!(end(&world(), &first, &facts), "1408 by diversion");
    assert_eq!(routed(&world(), &first, &facts).reason, RedirectReason::Unconditional);
    let together = diverted(&["<sip:1100@cucm>;reason=no-answer, <sip:1408@cucm>;reason=unconditional"]);
    assert_eq!(end(&world(), &first, &together), "1408 by diversion");
}

#[test]
fn a_hunt_pilot_is_skipped_and_never_owns_the_message() {
    let facts = diverted(&["<sip:1100@cucm>;reason=no-answer", "<sip:1408@cucm>;reason=user-busy"]);
    let decision = routed(&world(), &rules("skip = [\"11-00\"]"), &facts);
    assert_eq!((decision.source, decision.reason), (Source::Diversion, RedirectReason::UserBusy));
    assert_eq!(decision.found.as_deref(), Some("1408"));
    let all = routed(&world(), &rules("skip = [\"1100\", \"1408\"]"), &facts);
    assert!(all.tried.iter().any(|tried| (tried.source, tried.miss) == (Source::Diversion, Miss::Skipped)));
    assert_eq!(all.outcome, Outcome::Default(DefaultAction::Announce));
}

#[test]
fn a_redirector_without_a_mailbox_is_not_replaced_by_another_one() {
    let rules = TrunkRules::default();
    let unknown = diverted(&["<sip:7777@cucm>;reason=no-answer", "<sip:1408@cucm>"]);
    assert_eq!(end(&world(), &rules, &unknown), "Announce by default");
    let unreadable = diverted(&["<sip:>;reason=no-answer", "<sip:1408@cucm>"]);
    assert_eq!(end(&world(), &rules, &unreadable), "Announce by default");
}

#[test]
fn a_call_to_the_pilot_without_a_redirector_is_an_owner_who_dials_in() {
    let rules = rules("access_numbers = [\"5000\", \"*97\"]\nprefixes = [\"*\"]");
    assert_eq!(end(&world(), &rules, &diverted(&[])), "login by access");
    assert_eq!(end(&world(), &rules, &to("sip:*97@192.0.2.1")), "login by access");
    let mut short = world();
    short.mailboxes.push(mailbox(1, 14, "97"));
    short.mailboxes.push(mailbox(1, 15, "5000"));
    for number in ["*97", "5000"] {
        let facts = to(&format!("sip:{number}@192.0.2.1"));
        assert_eq!(end(&short, &rules, &facts), "login by access", "whoever was given {number}");
    }
    assert_eq!(end(&world(), &rules, &diverted(&["<sip:1100@cucm>"])), "1100 by diversion");
    assert_eq!(end(&world(), &TrunkRules::default(), &diverted(&[])), "Announce by default");
}

#[test]
fn the_directory_s_number_means_the_directory_whoever_forwarded_the_call() {
    let rules = rules("directory_numbers = [\"411\", \"*411\"]\nprefixes = [\"*\"]");
    let forwarded = |number: &str| to(&format!("sip:{number}@192.0.2.1"));
    assert_eq!(end(&world(), &rules, &forwarded("411")), "directory by directory");
    assert_eq!(end(&world(), &rules, &forwarded("*411")), "directory by directory");
    let facts = CallFacts { diversion: vec!["<sip:1100@cucm>".to_owned()], ..forwarded("411") };
    assert_eq!(end(&world(), &rules, &facts), "directory by directory");
    assert_eq!(end(&world(), &TrunkRules::default(), &forwarded("411")), "Announce by default");
}

#[test]
fn a_voicemail_uri_names_mailbox_and_reason() {
    let facts = to("sip:vm@192.0.2.1;target=sip%3A1100%40192.0.2.1;cause=486");
    let decision = routed(&world(), &TrunkRules::default(), &facts);
    assert_eq!((decision.source, decision.reason), (Source::Target, RedirectReason::UserBusy));
    assert_eq!(end(&world(), &TrunkRules::default(), &facts), "1100 by target");
}

#[test]
fn a_prefix_is_taken_off() {
    assert_eq!(end(&world(), &TrunkRules::default(), &to("sip:VM-1001@192.0.2.1")), "1001 by prefix");
    assert_eq!(end(&world(), &rules("prefixes = [\"*\"]"), &to("sip:*1001@192.0.2.1")), "1001 by prefix");
    assert_eq!(end(&world(), &TrunkRules::default(), &to("sip:vm-@192.0.2.1")), "Announce by default");
}

#[test]
fn a_header_of_the_trunks_choice_names_the_mailbox() {
    let param = rules("headers = [{ name = \"X-None\" }, { name = \"p-app-param\", param = \"usr\" }]");
    let with = |name: &str, value: &str| CallFacts {
        headers: vec![(name.to_owned(), value.to_owned())],
        ..to("sip:app@192.0.2.1")
    };
    assert_eq!(
        end(&world(), &param, &with("P-App-Param", "mod=voicemail;usr=\"1408\";dom=x")),
        "1408 by header"
    );
    assert_eq!(end(&world(), &param, &with("P-App-Param", "mod=voicemail")), "Announce by default");
    let whole = rules("headers = [{ name = \"X-Mailbox\" }]");
    assert_eq!(end(&world(), &whole, &with("X-Mailbox", "\"Box\" <sip:1408@x>")), "1408 by header");
    assert_eq!(end(&world(), &whole, &with("X-Mailbox", "1408")), "1408 by header");
    assert_eq!(end(&world(), &TrunkRules::default(), &with("X-Mailbox", "1408")), "Announce by default");
}

#[test]
fn history_goes_before_diversion_and_has_its_own_first_and_last() {
    let line = "<sip:1408@x>;index=1, <sip:1100@x;cause=302>;index=1.1;mp=1, <sip:vm@x;cause=486>;index=1.1.1;mp=1.1";
    let facts = CallFacts { history_info: vec![line.to_owned()], ..diverted(&["<sip:1001@x>;reason=away"]) };
    assert_eq!(end(&world(), &TrunkRules::default(), &facts), "1100 by history-info");
    assert_eq!(routed(&world(), &TrunkRules::default(), &facts).reason, RedirectReason::UserBusy);
    assert_eq!(end(&world(), &rules("history = \"first\""), &facts), "1408 by history-info");
    assert_eq!(end(&world(), &rules("disabled = [\"history-info\"]"), &facts), "1001 by diversion");
}

#[test]
fn a_proxy_that_rewrites_only_the_request_uri_leaves_the_callee_there_or_in_to() {
    let rules = TrunkRules::default();
    assert_eq!(end(&world(), &rules, &to("sip:1001@vmserver.example")), "1001 by request-uri");
    let rewritten = CallFacts { request_uri: "sip:vmserver.example".to_owned(), ..to("sip:1100@192.0.2.1") };
    assert_eq!(end(&world(), &rules, &rewritten), "1100 by to");
    let busy = to("sip:1001@vmserver.example;cause=486");
    assert_eq!(routed(&world(), &rules, &busy).reason, RedirectReason::UserBusy);
}

#[test]
fn the_trunks_order_decides() {
    let facts = CallFacts {
        request_uri: "sip:1408@192.0.2.1".to_owned(),
        ..diverted(&["<sip:1100@x>;reason=user-busy"])
    };
    let decision = routed(&world(), &rules("order = [\"request-uri\", \"diversion\"]"), &facts);
    assert_eq!((decision.source, decision.found.as_deref()), (Source::RequestUri, Some("1408")));
    assert_eq!(decision.reason, RedirectReason::UserBusy, "the reason is told by whoever knows it");
}

// 003-03, 004-09
#[test]
fn numbers_and_aliases_lead_to_their_mailbox_with_their_label() {
    let rules = TrunkRules::default();
    for called in ["tel:+49-30-1234-1001", "sip:%2B493012341001@x;user=phone", "sip:493012341001@x"] {
        assert_eq!(end(&world(), &rules, &to(called)), "1001 by request-uri", "{called}");
    }
    let decision = routed(&world(), &rules, &to("sip:John.Support@192.0.2.1"));
    assert!(
        matches!(decision.outcome, Outcome::Mailbox { alias: Some(label), .. } if label == "John Support")
    );
    let plain = routed(&world(), &rules, &to("sip:493012341001@x"));
    assert!(
        matches!(plain.outcome, Outcome::Mailbox { alias: Some(number), .. } if number == "+493012341001"),
        "one without a label is called by its number"
    );
    let own = routed(&world(), &rules, &to("sip:1100@x"));
    assert!(matches!(own.outcome, Outcome::Mailbox { alias: None, .. }), "the extension is nothing special");
}

#[test]
fn last_digits_are_used_on_request_and_never_to_guess() {
    let four = rules("last_digits = 4");
    let called = to("sip:00441408@192.0.2.1");
    assert_eq!(end(&world(), &TrunkRules::default(), &called), "Announce by default");
    assert_eq!(end(&world(), &four, &called), "1408 by request-uri");
    // 1001 is an extension, and the end of another mailbox's number.
    let ambiguous = routed(&world(), &four, &to("sip:00441001@192.0.2.1"));
    assert_eq!(ambiguous.outcome, Outcome::Default(DefaultAction::Announce));
    assert!(ambiguous.tried.iter().any(|tried| tried.miss == Miss::Ambiguous(2)));
    let mut twice = world();
    twice.numbers.push(number(1, "+4340341001", 11, None));
    assert_eq!(end(&twice, &rules("last_digits = 6"), &to("sip:9999341001@x")), "1001 by request-uri");
    let six = rules("last_digits = 6");
    assert_eq!(end(&world(), &six, &to("sip:9999341001@192.0.2.1")), "1001 by request-uri");
    assert_eq!(end(&world(), &six, &to("sip:1@192.0.2.1")), "Announce by default");
}

#[test]
fn a_number_whose_mailbox_is_gone_leads_nowhere() {
    assert_eq!(end(&world(), &TrunkRules::default(), &to("sip:+493012349999@x")), "Announce by default");
}

#[test]
fn the_tenant_is_found_by_domain_then_by_trunk_then_the_usual_one() {
    let id = |rules: &TrunkRules, facts: &CallFacts| match routed(&world(), rules, facts).outcome {
        Outcome::Mailbox { mailbox, .. } => mailbox.id.uuid().as_u128(),
        other => panic!("{other:?}"),
    };
    let none = TrunkRules::default();
    let two = rules("tenant = \"two\"");
    assert_eq!(id(&none, &to("sip:1001@TWO.example")), 21);
    assert_eq!(id(&two, &to("sip:1001@192.0.2.1")), 21);
    assert_eq!(id(&two, &to("sip:1001@one.example")), 11);
    assert_eq!(id(&none, &to("sip:1001@192.0.2.1")), 11);
    assert_eq!(id(&none, &diverted(&["<sip:1001@two.example>"])), 21);
    let missing = route(&world(), &rules("tenant = \"three\""), &to("sip:1001@x")).now_or_never().unwrap();
    assert!(matches!(missing, Err(RoutingError::Tenant(name)) if name == "three"));
}

#[test]
fn one_tenant_never_finds_the_mailbox_of_another() {
    assert_eq!(end(&world(), &TrunkRules::default(), &to("sip:1408@two.example")), "Announce by default");
}

#[test]
fn nobody_named_means_the_tenants_default_action() {
    let with = |action: DefaultAction| {
        let mut world = world();
        world.tenants.iter_mut().for_each(|tenant| tenant.default_action = action.clone());
        end(&world, &TrunkRules::default(), &to("sip:7777@192.0.2.1"))
    };
    assert_eq!(with(DefaultAction::Mailbox { extension: "1408".parse().unwrap() }), "1408 by default");
    assert!(with(DefaultAction::Transfer { target: "sip:0@pbx".to_owned() }).contains("sip:0@pbx"));
    assert!(with(DefaultAction::Mailbox { extension: "9999".parse().unwrap() }).starts_with("Mailbox {"));
}

#[test]
fn a_colleague_is_known_by_number_and_an_anonymous_caller_never() {
    let from = |uri: &str, privacy: &[&str]| CallFacts {
        from: Party { name: None, uri: uri.to_owned() },
        privacy: privacy.iter().map(|&word| word.to_owned()).collect(),
        ..to("sip:1001@192.0.2.1")
    };
    let internal = |facts: CallFacts| routed(&world(), &TrunkRules::default(), &facts).internal;
    assert!(internal(from("sip:1100@pbx", &[])));
    assert!(internal(from("sip:+1-555-010-1001@pbx", &[])));
    assert!(!internal(from("sip:1100@pbx", &["id"])));
    assert!(!internal(from("sip:7777@pbx", &[])));
}

#[test]
fn a_store_that_does_not_answer_is_an_error_and_no_wrong_mailbox() {
    let world = Memory { away: true, ..world() };
    let decision = route(&world, &TrunkRules::default(), &to("sip:1001@one.example")).now_or_never().unwrap();
    assert!(matches!(decision, Err(RoutingError::Store(StoreError::Away(_)))));
}

proptest! {
    #[test]
    fn whatever_comes_a_decision_is_made_and_the_log_stays_clean(
        request in "(sip|tel|x)?:?[a-z0-9;=@%<>.*+\" -]{0,40}",
        diversion in proptest::collection::vec("[<>sip:0-9@;,=\"a-z-]{0,60}", 0..4),
        history in proptest::collection::vec("[<>sip:0-9@;,=.?%&a-z]{0,60}", 0..4),
        header in "[a-z0-9;=\" ]{0,40}",
    ) {
        let rules = rules("last_digits = 4\naccess_numbers = [\"*97\"]\nprefixes = [\"*\", \"é\"]\nheaders = [{ name = \"X\", param = \"usr\" }]");
        let facts = CallFacts {
            diversion,
            history_info: history,
            headers: vec![("x".to_owned(), format!("usr=s3cr3tZ;{header}"))],
            ..to(&request)
        };
        let decision = routed(&world(), &rules, &facts);
        prop_assert!(!decision.to_string().contains("s3cr3tZ"));
        prop_assert!(decision.tried.len() < Source::ORDER.len());
        let again = routed(&world(), &rules, &facts);
        prop_assert_eq!(decision, again);
    }
}

// 004-06, 004-08
#[test]
fn an_alias_with_a_domain_is_met_by_its_whole_address_alone() {
    let mut world = world();
    world.numbers.extend([
        number(1, "jane.sales@one.example", 12, Some("Jane Sales")),
        number(1, "john.support@shop.example", 11, Some("John of the shop")),
        number(1, "1001@shop.example", 12, None),
        number(2, "jane.sales@two.example", 21, None),
    ]);
    let plain = TrunkRules::default();
    let reaches = |uri: &str| end(&world, &plain, &to(uri));
    assert_eq!(reaches("sip:Jane.Sales@ONE.example:5060;transport=tcp"), "1100 by request-uri");
    assert_eq!(
        reaches("sip:jane.sales@elsewhere.example"),
        "Announce by default",
        "another host is another address"
    );
    assert_eq!(reaches("sip:jane.sales@192.0.2.1"), "Announce by default");
    assert_eq!(reaches("sip:jane.sales@two.example"), "1001 by request-uri", "that tenant's own");
    assert_eq!(reaches("sip:john.support@shop.example"), "1001 by request-uri", "before the name alone");
    assert_eq!(reaches("sip:john.support@one.example"), "1408 by request-uri");
    assert_eq!(reaches("sip:1001@shop.example"), "1100 by request-uri", "before the extension");
    assert_eq!(reaches("sip:1001@one.example"), "1001 by request-uri");
    let Outcome::Mailbox { alias, .. } = routed(&world, &plain, &to("sip:john.support@shop.example")).outcome
    else {
        panic!("a mailbox takes it")
    };
    assert_eq!(alias.as_deref(), Some("John of the shop"));
}
