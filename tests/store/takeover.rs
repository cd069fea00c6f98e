//! An extension that goes from one person to another, on both databases: who comes meets nothing of who was there.

use std::collections::BTreeSet;

use aftertone::clock::Clock as _;
use aftertone::domain::{Handset, LampId, Login, Owner, Port, Role};
use aftertone::service::accounts::{AccountError, Accounts, Comer, MailboxDefaults, Takeover};
use aftertone::store::{Fate, Lamp};

use super::*;

contract! {
    who_comes_meets_nothing_of_who_was_there_and_who_was_there_keeps_everything
    who_was_there_goes_into_the_bin_and_comes_back_elsewhere
    messages_and_greetings_are_deleted_for_good_where_that_is_wanted
    somebody_who_is_there_takes_the_extension_with_the_own_mailbox
    phones_go_with_the_extension_and_leave_their_ring_groups
    what_cannot_be_done_changes_nothing
}

fn accounts(bed: &Bed) -> Accounts {
    Accounts::new(bed.store.clone(), bed.clock.clone(), MailboxDefaults::default())
}

fn number(text: &str) -> Extension {
    text.parse().unwrap()
}

/// Ada at 5100, with messages, mails under way, a link, greetings, a PIN, a trusted phone, a lamp, a list and a number.
async fn ada(bed: &Bed) -> (Home, aftertone::domain::Message) {
    let home = bed.home("5100").await;
    let owner = Owner { tenant: home.tenant, mailbox: home.mailbox.id };
    let message = bed.message(&home);
    let mail = bed.mail(&message);
    bed.store.deposit(&message, &[mail]).await.unwrap();
    bed.store.add_link(&bed.link(&message, [7; 32])).await.unwrap();
    for kind in [GreetingKind::Standard, GreetingKind::Name] {
        bed.store.add_greeting(&bed.greeting(&home, kind)).await.unwrap();
    }
    bed.store.put_number(&bed.number(&home, "+15550100")).await.unwrap();
    bed.store.put_list(owner, 1, &BTreeSet::from([number("1002")])).await.unwrap();
    bed.store.trust_device(owner, "desk-7").await.unwrap();
    bed.store.set_pin(home.tenant, home.mailbox.id, "$argon2id$pin").await.unwrap();
    bed.store.set_password(home.tenant, home.user.id, "$argon2id$word", None).await.unwrap();
    let (tenant, user, role) = (home.tenant, home.user.id, Role::OfficeManager);
    bed.store.put_login(&Login { tenant, user, role, has_password: true, portal: true }).await.unwrap();
    let lamp = Lamp {
        id: LampId::from_uuid(bed.clock.uuid()),
        owner,
        name: "sip:5100@pbx".to_owned(),
        dialog: "{}".to_owned(),
        cseq: 4,
        expires_at: None,
        told: None,
        told_at: None,
        last_error: None,
        failures: 0,
        created_at: bed.clock.now(),
    };
    bed.store.put_lamp(&lamp).await.unwrap();
    bed.clock.advance(Duration::from_secs(60));
    (home, message)
}

fn konrad(home: &Home, fate: Fate) -> Takeover {
    Takeover {
        extension: number("5100"),
        from: home.user.id,
        fate,
        comer: Comer::New {
            first: "Konrad".to_owned(),
            last: "Zuse".to_owned(),
            emails: vec!["konrad@example.org".parse().unwrap()],
            mode: None,
        },
        with_numbers: true,
        with_phones: true,
        reason: "Ada moves to research".to_owned(),
        by: None,
        most: Role::Operator,
    }
}

async fn nothing_of_ada(bed: &Bed, home: &Home) {
    let account = accounts(bed).show(home.tenant, &number("5100")).await.unwrap();
    assert_eq!((account.user.first.as_str(), account.usage.messages), ("Konrad", 0));
    assert!(account.user.id != home.user.id && account.mailbox.id != home.mailbox.id);
    assert!(!account.has_pin, "a new PIN must be chosen");
    let told: Vec<&str> = account.mailbox.recipients.iter().map(|to| to.address.as_str()).collect();
    assert_eq!(told, ["konrad@example.org"]);
    let held = accounts(bed).holdings(home.tenant, &number("5100")).await.unwrap();
    let expected = aftertone::store::Holdings { numbers: 1, lamps: 1, ..Default::default() };
    assert_eq!(held, expected, "the number and the lamp are the extension's");
    assert_eq!(bed.store.device(home.tenant, "desk-7").await.unwrap(), None, "the phone stays at the desk");
    let login = bed.store.login(home.tenant, account.user.id).await.unwrap();
    assert_eq!((login.role, login.has_password), (Role::Basic, false));
    // 001-12: the lamp shows what there is now.
    let jobs = bed.store.jobs(None, 99).await.unwrap();
    let is_told = |job: &aftertone::store::Job| job.work == Work::Lamp { mailbox: account.mailbox.id };
    assert!(jobs.iter().any(is_told), "{jobs:?}");
    let found = bed.store.findable(home.tenant, false).await.unwrap();
    assert!(found.iter().all(|one| one.mailbox != account.mailbox.id), "no recorded name yet");
}

// 001-05, 001-10, 001-11, 001-12, 001-13, 002-095
async fn who_comes_meets_nothing_of_who_was_there_and_who_was_there_keeps_everything(bed: Bed) {
    let (home, message) = ada(&bed).await;
    let before = accounts(&bed).handover(home.tenant, &number("5100")).await.unwrap();
    assert_eq!((before.holdings.messages, before.lamps.len(), before.holdings.links), (1, 1, 1));
    accounts(&bed).take_over(home.tenant, konrad(&home, Fate::Keep(number("5200")))).await.unwrap();
    nothing_of_ada(&bed, &home).await;
    let ada = accounts(&bed).show(home.tenant, &number("5200")).await.unwrap();
    assert_eq!((ada.user.id, ada.mailbox.id, ada.has_pin), (home.user.id, home.mailbox.id, true));
    assert_eq!(ada.mailbox.recipients, home.mailbox.recipients);
    let inbox = bed.store.messages(home.tenant, home.mailbox.id, Folder::Inbox).await.unwrap();
    assert_eq!(inbox.iter().map(|one| one.id).collect::<Vec<_>>(), [message.id]);
    let link = bed.store.link_by_hash(&[7; 32]).await.unwrap().unwrap();
    assert_eq!(link.revoked_at, None, "it opens Ada's message, for Ada");
    let facts = bed.store.letter_facts(home.tenant, message.id).await.unwrap().unwrap();
    assert_eq!(facts.mailbox.unwrap().recipients, home.mailbox.recipients, "and so do mails under way");
    assert_eq!(bed.store.greetings(home.tenant, home.mailbox.id).await.unwrap().len(), 2);
    assert_eq!(bed.store.login(home.tenant, home.user.id).await.unwrap().role, Role::OfficeManager);
    let twice = accounts(&bed).take_over(home.tenant, konrad(&home, Fate::Archive)).await.unwrap_err();
    assert!(
        matches!(twice, AccountError::GoneOver(_)),
        "Konrad is not thrown out by a second press: {twice}"
    );
}

async fn who_was_there_goes_into_the_bin_and_comes_back_elsewhere(bed: Bed) {
    let (home, message) = ada(&bed).await;
    let without = Takeover { with_numbers: false, ..konrad(&home, Fate::Archive) };
    accounts(&bed).take_over(home.tenant, without).await.unwrap();
    bed.store.put_number(&bed.number(&home, "+15550199")).await.unwrap_err();
    let konrads = accounts(&bed).show(home.tenant, &number("5100")).await.unwrap();
    assert!(konrads.numbers.is_empty());
    accounts(&bed).add_number(home.tenant, &number("5100"), "+15550100", None).await.unwrap();
    nothing_of_ada(&bed, &home).await;
    let link = bed.store.link_by_hash(&[7; 32]).await.unwrap().unwrap();
    assert!(link.revoked_at.is_some(), "a link that was mailed opens nothing");
    let facts = bed.store.letter_facts(home.tenant, message.id).await.unwrap().unwrap();
    assert_eq!(facts.mailbox, None, "a mail under way goes nowhere");
    let bin = accounts(&bed).removed(home.tenant).await.unwrap();
    assert_eq!((bin.len(), bin[0].messages, bin[0].extension.clone()), (1, 1, Some(number("5100"))));
    let refused = accounts(&bed).restore(home.tenant, home.user.id, None, &|_| true).await;
    assert!(matches!(refused, Err(AccountError::ExtensionTaken(_))), "{refused:?}");
    let elsewhere = number("5200");
    accounts(&bed).restore(home.tenant, home.user.id, Some(&elsewhere), &|_| true).await.unwrap();
    let ada = accounts(&bed).show(home.tenant, &elsewhere).await.unwrap();
    assert_eq!((ada.usage.messages, ada.has_pin), (1, true));
    nothing_of_ada(&bed, &home).await;
}

async fn messages_and_greetings_are_deleted_for_good_where_that_is_wanted(bed: Bed) {
    let (home, message) = ada(&bed).await;
    accounts(&bed).take_over(home.tenant, konrad(&home, Fate::Delete)).await.unwrap();
    nothing_of_ada(&bed, &home).await;
    assert!(bed.store.message(home.tenant, message.id).await.is_err());
    assert_eq!(bed.store.greetings(home.tenant, home.mailbox.id).await.unwrap(), []);
    let jobs = bed.store.jobs(None, 99).await.unwrap();
    let purges = jobs.iter().filter(|job| matches!(job.work, Work::Purge { .. })).count();
    assert_eq!(purges, 3, "the audio of a message and of two greetings: {jobs:?}");
    // What was being recorded for Ada when this happened is hers, and lost to nobody.
    let late = bed.message(&home);
    assert_eq!(bed.store.deposit(&late, &[]).await.unwrap(), Deposited::New);
    nothing_of_ada(&bed, &home).await;
}

async fn somebody_who_is_there_takes_the_extension_with_the_own_mailbox(bed: Bed) {
    let (home, _) = ada(&bed).await;
    let grace = bed.person(home.tenant, "5300");
    bed.store.add_user(&grace.user, &grace.mailbox, Some("$argon2id$grace")).await.unwrap();
    bed.deposited(&grace).await;
    let comer = Comer::Known(number("5300"));
    // They swap: Ada goes where Grace was.
    let swap = Takeover { comer, ..konrad(&home, Fate::Keep(number("5300"))) };
    accounts(&bed).take_over(home.tenant, swap).await.unwrap();
    let at = |text: &str| {
        let (bed, text) = (&bed, number(text));
        async move { accounts(bed).show(home.tenant, &text).await.unwrap() }
    };
    let (graces, adas) = (at("5100").await, at("5300").await);
    assert_eq!((graces.mailbox.id, graces.usage.messages, graces.has_pin), (grace.mailbox.id, 1, true));
    assert_eq!((adas.mailbox.id, adas.usage.messages), (home.mailbox.id, 1));
    assert_eq!(
        bed.store.lamps(Owner { tenant: home.tenant, mailbox: grace.mailbox.id }).await.unwrap().len(),
        1
    );
}

// 000-11, 002-091
async fn phones_go_with_the_extension_and_leave_their_ring_groups(bed: Bed) {
    let (home, _) = ada(&bed).await;
    let mut desk = super::handsets::handset(&bed, home.tenant, "5100a");
    desk.owner = Some(home.user.id);
    desk.settings.groups = vec!["lobby".to_owned()];
    desk.ports = vec![Port { port: 1, number: Some("+15550100".to_owned()), appearances: 1 }];
    bed.store.add_handset(&desk).await.unwrap();
    let seen = accounts(&bed).dependents(home.tenant, &number("5100")).await.unwrap().phones;
    assert_eq!(
        seen.iter().map(Handset::in_words).collect::<Vec<_>>(),
        ["5100a (Any SIP phone): rings for +15550100, in the ring group lobby"]
    );
    let stays = Takeover { with_phones: false, ..konrad(&home, Fate::Archive) };
    accounts(&bed).take_over(home.tenant, stays).await.unwrap();
    let now = bed.store.handset(home.tenant, desk.id).await.unwrap().handset;
    assert_eq!((now.owner, now.settings.groups), (None, vec!["lobby".to_owned()]), "nobody's, and as it was");

    let (tenant, grace) = (home.tenant, number("5200"));
    accounts(&bed).restore(tenant, home.user.id, Some(&grace), &|_| true).await.unwrap();
    let takeover = Takeover { extension: grace.clone(), ..konrad(&home, Fate::Archive) };
    let by = accounts(&bed).by("tests");
    let konrad = by.take_over(tenant, takeover).await.unwrap().user.id;
    let now = bed.store.handset(tenant, desk.id).await.unwrap().handset;
    assert_eq!(now.owner, Some(konrad));
    assert!(
        now.settings.groups.is_empty() && now.is_waiting(),
        "it rings for nobody's group, and shows another name"
    );
    assert_eq!(now.settings.former_groups, ["lobby"]);
    let lines = bed.store.audit(tenant, None, 50).await.unwrap();
    let given = lines.iter().find(|line| line.action == "phone.owner").unwrap();
    let became = given.became.clone().unwrap();
    assert!(given.target == "phone 5100a" && became.contains(&konrad.to_string()), "{given:?}");
    accounts(&bed).restore(tenant, home.user.id, Some(&number("5300")), &|_| true).await.unwrap();
    assert!(
        bed.store.handsets_of(tenant, home.user.id).await.unwrap().is_empty(),
        "given away is given away"
    );
}

async fn what_cannot_be_done_changes_nothing(bed: Bed) {
    let (home, _) = ada(&bed).await;
    let grace = bed.person(home.tenant, "5300");
    bed.store.add_user(&grace.user, &grace.mailbox, None).await.unwrap();
    let before = accounts(&bed).show(home.tenant, &number("5100")).await.unwrap();
    let plan = |change: fn(&mut Takeover)| {
        let mut takeover = konrad(&home, Fate::Archive);
        change(&mut takeover);
        takeover
    };
    let wrong = [
        (plan(|plan| plan.reason = " ".to_owned()), "say in up to 200 characters"),
        (plan(|plan| plan.reason = "a\r\nBcc: x@y".to_owned()), "say in up to 200 characters"),
        (plan(|plan| plan.fate = Fate::Keep(number("5300"))), "already taken"),
        (plan(|plan| plan.fate = Fate::Keep(number("5100"))), "already taken"),
        (plan(|plan| plan.fate = Fate::Keep(number("15550100"))), "already leads"),
        (plan(|plan| plan.comer = Comer::Known(number("5100"))), "theirs already"),
        (plan(|plan| plan.comer = Comer::Known(number("5999"))), "nobody has the extension 5999"),
        (plan(|plan| plan.extension = number("5300")), "somebody else's by now"),
        (plan(|plan| plan.most = Role::Supervisor), "above you"),
        (plan(|plan| plan.by = Some(plan.from)), "nobody removes themselves"),
    ];
    accounts(&bed).add_number(home.tenant, &number("5100"), "15550100", None).await.unwrap();
    let before = aftertone::service::accounts::Account {
        numbers: accounts(&bed).show(home.tenant, &number("5100")).await.unwrap().numbers,
        ..before
    };
    for (takeover, why) in wrong {
        let refused = accounts(&bed).take_over(home.tenant, takeover).await.unwrap_err();
        assert!(refused.to_string().contains(why), "{why}: {refused}");
        assert_eq!(accounts(&bed).show(home.tenant, &number("5100")).await.unwrap(), before);
    }
    let elsewhere = bed.tenant("elsewhere").await;
    let refused = accounts(&bed).take_over(elsewhere, konrad(&home, Fate::Archive)).await.unwrap_err();
    assert!(matches!(refused, AccountError::NoMailbox(_)), "{refused}");
}
