//! Time frames, answering rules and lists of callers on both databases.

use aftertone::domain::answering::{
    Arrangements, CallerPattern, Conditions, KeyTarget, Rule, RuleActions, ScreenedCaller, Screening,
    TurnAway, Undo, WithinFrame,
};
use aftertone::domain::{
    ChangeId, Clear, Clearing, FrameUse, Owner, Presence, PresenceState, RedirectReason, RuleId, Schedule,
    Span, TimeFrame, TimeFrameId,
};

use super::*;

contract! {
    frames_rules_and_lists_read_back
    a_frame_that_a_rule_names_stays
    names_are_unique_in_mailbox_and_tenant
    nobody_sees_or_changes_anothers
    rules_are_changed_as_a_whole_or_not_at_all
    changes_at_once_lose_none
    every_change_of_what_answers_counts
    a_tenant_with_frames_and_lists_can_be_removed
    whoever_listens_is_told_how_mailboxes_answer
    whoever_listens_is_told_where_numbers_lead
    what_a_reset_takes_and_gives_back_is_told
    a_change_is_kept_for_its_mailbox_or_tenant_until_it_is_too_old
}

fn frame(bed: &Bed, home: &Home, own: bool, name: &str) -> TimeFrame {
    let spans = Span::read_all("mon-fri 09:00-12:00,13:00-17:00").unwrap();
    TimeFrame {
        id: TimeFrameId::from_uuid(bed.clock.uuid()),
        tenant: home.tenant,
        mailbox: own.then_some(home.mailbox.id),
        name: name.to_owned(),
        purpose: FrameUse::Open,
        zone: Some("Europe/Berlin".to_owned()),
        schedule: Schedule { entries: spans.into_iter().map(Into::into).collect() },
        created_at: "2026-01-02T03:04:05Z".parse().unwrap(),
    }
}

fn rule(bed: &Bed, name: &str, frame: Option<TimeFrameId>) -> Rule {
    let mut then = RuleActions::default();
    then.keys.push(KeyTarget { key: '1', target: "sip:x@example.org".to_owned() });
    then.phones.forward_busy = Some("1002".to_owned());
    Rule {
        id: RuleId::from_uuid(bed.clock.uuid()),
        name: name.to_owned(),
        enabled: true,
        when: Conditions {
            within: frame.map(|frame| WithinFrame { frame, outside: true }),
            presence: vec![aftertone::domain::PresenceState::Remote],
            reasons: vec![RedirectReason::UserBusy],
            callers: vec!["+4930*".parse().unwrap(), CallerPattern::Anonymous],
        },
        then,
        created_at: "2026-01-02T03:04:05Z".parse().unwrap(),
    }
}

fn caller(bed: &Bed, home: &Home, own: bool, pattern: &str, screening: Screening) -> ScreenedCaller {
    ScreenedCaller {
        id: bed.clock.uuid(),
        tenant: home.tenant,
        mailbox: own.then_some(home.mailbox.id),
        pattern: pattern.parse().unwrap(),
        screening,
        note: Some("sells \"things\"".to_owned()),
        created_at: "2026-01-02T03:04:05Z".parse().unwrap(),
    }
}

const BLOCK: Screening = Screening::Block { with: TurnAway::Decline };

fn owner(home: &Home) -> Owner {
    Owner { tenant: home.tenant, mailbox: home.mailbox.id }
}

async fn set(store: &Store, owner: Owner, rules: Vec<Rule>) -> Result<(), StoreError> {
    store.change_rules(owner, |_| Ok::<_, StoreError>(rules)).await
}

async fn frames_rules_and_lists_read_back(bed: Bed) {
    let home = bed.home("1001").await;
    let (own, tenants) = (frame(&bed, &home, true, "Mine"), frame(&bed, &home, false, "Office"));
    bed.store.put_time_frame(&tenants).await.unwrap();
    bed.store.put_time_frame(&own).await.unwrap();
    let rules = vec![rule(&bed, "b", Some(own.id)), rule(&bed, "a", Some(tenants.id)), rule(&bed, "c", None)];
    set(&bed.store, owner(&home), rules.clone()).await.unwrap();
    let lines = vec![
        caller(&bed, &home, true, "internal", Screening::Allow),
        caller(&bed, &home, false, "+4930*", BLOCK),
    ];
    for line in &lines {
        bed.store.put_screened_caller(line).await.unwrap();
    }
    let read = bed.second.arrangements(home.tenant, home.mailbox.id).await.unwrap();
    let expected = Arrangements {
        frames: vec![own.clone(), tenants.clone()],
        rules,
        callers: lines.clone(),
        ..Arrangements::default()
    };
    assert_eq!(read, expected);
    assert_eq!(bed.store.time_frames(home.tenant, None).await.unwrap(), std::slice::from_ref(&tenants));
    assert_eq!(bed.store.screened_callers(home.tenant, None).await.unwrap(), lines[1..]);
    assert_eq!(bed.store.time_frame(home.tenant, own.id).await.unwrap(), own);

    let changed = TimeFrame { name: "New".to_owned(), purpose: FrameUse::Holiday, zone: None, ..tenants };
    bed.store.put_time_frame(&changed).await.unwrap();
    assert_eq!(bed.store.time_frames(home.tenant, None).await.unwrap(), [changed]);
    let again =
        ScreenedCaller { note: None, screening: Screening::Allow, id: bed.clock.uuid(), ..lines[1].clone() };
    bed.store.put_screened_caller(&again).await.unwrap();
    assert_eq!(bed.store.screened_callers(home.tenant, None).await.unwrap(), std::slice::from_ref(&again));
    bed.store.remove_screened_caller(home.tenant, None, &again.pattern).await.unwrap();
    let gone = bed.store.remove_screened_caller(home.tenant, None, &again.pattern).await;
    assert!(matches!(gone, Err(StoreError::Missing { .. })), "{gone:?}");
    assert_eq!(bed.store.screened_callers(home.tenant, Some(home.mailbox.id)).await.unwrap(), lines[..1]);
}

async fn a_frame_that_a_rule_names_stays(bed: Bed) {
    let home = bed.home("1001").await;
    let office = frame(&bed, &home, false, "Office");
    bed.store.put_time_frame(&office).await.unwrap();
    set(&bed.store, owner(&home), vec![rule(&bed, "nights", Some(office.id))]).await.unwrap();
    let refused = bed.store.remove_time_frame(home.tenant, office.id).await.unwrap_err().to_string();
    assert!(refused.contains("the rule \"nights\" of mailbox 1001"), "{refused}");
    // A mailbox that is gone holds nothing.
    bed.store.remove_user(home.tenant, home.user.id).await.unwrap();
    bed.store.remove_time_frame(home.tenant, office.id).await.unwrap();
    let gone = bed.store.remove_time_frame(home.tenant, office.id).await;
    assert!(matches!(gone, Err(StoreError::Missing { .. })), "{gone:?}");
}

async fn names_are_unique_in_mailbox_and_tenant(bed: Bed) {
    let home = bed.home("1001").await;
    bed.store.put_time_frame(&frame(&bed, &home, false, "Office")).await.unwrap();
    bed.store.put_time_frame(&frame(&bed, &home, true, "Office")).await.unwrap();
    for own in [true, false] {
        let taken = bed.store.put_time_frame(&frame(&bed, &home, own, "Office")).await;
        assert!(matches!(&taken, Err(StoreError::Taken { value, .. }) if value == "Office"), "{taken:?}");
    }
    let taken = set(&bed.store, owner(&home), vec![rule(&bed, "a", None), rule(&bed, "a", None)]).await;
    assert!(matches!(&taken, Err(StoreError::Taken { value, .. }) if value == "a"), "{taken:?}");
}

async fn nobody_sees_or_changes_anothers(bed: Bed) {
    let (home, other) = (bed.home("1001").await, bed.home("1002").await);
    let office = frame(&bed, &home, false, "Office");
    bed.store.put_time_frame(&office).await.unwrap();
    bed.store.put_screened_caller(&caller(&bed, &home, false, "+49*", BLOCK)).await.unwrap();
    let theirs = bed.store.arrangements(other.tenant, other.mailbox.id).await.unwrap();
    assert_eq!(theirs, Arrangements::default());
    let missing = |result: Result<(), StoreError>| {
        assert!(matches!(result, Err(StoreError::Missing { .. })), "{result:?}")
    };
    missing(bed.store.remove_time_frame(other.tenant, office.id).await);
    missing(bed.store.time_frame(other.tenant, office.id).await.map(drop));
    // A rule cannot name another tenant's frame, nor a frame be put into another tenant's mailbox.
    missing(set(&bed.store, owner(&other), vec![rule(&bed, "x", Some(office.id))]).await);
    let stray = TimeFrame { mailbox: Some(other.mailbox.id), ..frame(&bed, &home, true, "X") };
    missing(bed.store.put_time_frame(&stray).await);
    let stray = Owner { tenant: home.tenant, mailbox: other.mailbox.id };
    missing(set(&bed.store, stray, Vec::new()).await);
    let taken = TimeFrame { tenant: other.tenant, ..office };
    assert!(bed.store.put_time_frame(&taken).await.is_err(), "the id is another tenant's");
    assert_eq!(bed.store.time_frames(other.tenant, None).await.unwrap(), []);
}

async fn rules_are_changed_as_a_whole_or_not_at_all(bed: Bed) {
    let home = bed.home("1001").await;
    let kept = vec![rule(&bed, "a", None), rule(&bed, "b", None)];
    set(&bed.store, owner(&home), kept.clone()).await.unwrap();
    let refused = bed.store.change_rules(owner(&home), |_| Err(StoreError::Refused("no".to_owned()))).await;
    assert!(refused.is_err());
    let missing = TimeFrameId::from_uuid(bed.clock.uuid());
    set(&bed.store, owner(&home), vec![rule(&bed, "c", None), rule(&bed, "d", Some(missing))])
        .await
        .unwrap_err();
    assert_eq!(bed.store.rules(owner(&home)).await.unwrap(), kept);
}

async fn changes_at_once_lose_none(bed: Bed) {
    let home = bed.home("1001").await;
    let (stores, owner) = ([&bed.store, &bed.second], owner(&home));
    let adds = (0..10).map(|number| {
        let (store, new) = (stores[number % 2], rule(&bed, &format!("rule {number}"), None));
        let add = |mut rules: Vec<Rule>| {
            rules.push(new);
            Ok::<_, StoreError>(rules)
        };
        store.change_rules(owner, add)
    });
    for added in futures_util::future::join_all(adds).await {
        added.unwrap();
    }
    assert_eq!(bed.store.rules(owner).await.unwrap().len(), 10);
}

async fn every_change_of_what_answers_counts(bed: Bed) {
    let home = bed.home("1001").await;
    let (office, line) = (frame(&bed, &home, false, "Office"), caller(&bed, &home, false, "+49*", BLOCK));
    let mut revision = bed.store.revision().await.unwrap();
    for change in 0..6 {
        match change {
            0 => bed.second.put_time_frame(&office).await.unwrap(),
            1 => bed.second.put_time_frame(&TimeFrame { zone: None, ..office.clone() }).await.unwrap(),
            2 => set(&bed.second, owner(&home), vec![rule(&bed, "a", None)]).await.unwrap(),
            3 => bed.second.put_screened_caller(&line).await.unwrap(),
            4 => bed.second.remove_screened_caller(home.tenant, None, &line.pattern).await.unwrap(),
            _ => bed.second.remove_time_frame(home.tenant, office.id).await.unwrap(),
        }
        let now = bed.store.revision().await.unwrap();
        assert_ne!(now, revision, "change {change}");
        revision = now;
    }
}

/// What whoever listens is to be told since the last time, each once: whose it is, and what.
async fn told(bed: &Bed, home: &Home) -> Vec<String> {
    let mut told = Vec::new();
    for fact in bed.store.facts(100).await.unwrap() {
        assert!(bed.store.deliver(fact.id, &[]).await.unwrap());
        assert_eq!(fact.tenant, home.tenant);
        let whose = match fact.mailbox {
            Some(mailbox) if mailbox == home.mailbox.id => "own",
            Some(_) => "another's",
            None => "everybody's",
        };
        let said = format!("{} {whose} {}", fact.event, fact.detail.unwrap_or_default());
        if !told.contains(&said) {
            told.push(said);
        }
    }
    told
}

// 000-08, 002-026, 002-027, 002-035, 002-049
async fn whoever_listens_is_told_how_mailboxes_answer(bed: Bed) {
    let (home, silent) = (bed.home("1001").await, bed.home("2002").await);
    super::webhooks::listening(&bed, home.tenant).await;
    let (mut first, second) = (rule(&bed, "a", None), rule(&bed, "b", None));
    let news = async || told(&bed, &home).await;
    set(&bed.store, owner(&silent), vec![rule(&bed, "x", None)]).await.unwrap();
    bed.store.put_time_frame(&frame(&bed, &silent, false, "Office")).await.unwrap();
    assert!(news().await.is_empty(), "nobody listens there");

    let rules = ["answering.changed own rules"];
    set(&bed.store, owner(&home), vec![first.clone(), second.clone()]).await.unwrap();
    assert_eq!(news().await, rules, "added");
    set(&bed.store, owner(&home), vec![first.clone(), second.clone()]).await.unwrap();
    assert!(news().await.is_empty(), "nothing is different");
    set(&bed.store, owner(&home), vec![second.clone(), first.clone()]).await.unwrap();
    assert_eq!(news().await, rules, "another order");
    first.enabled = false;
    set(&bed.store, owner(&home), vec![second, first]).await.unwrap();
    assert_eq!(news().await, rules, "switched off");
    let refused = bed.store.change_rules(owner(&home), |_| Err(StoreError::Refused("no".to_owned()))).await;
    assert!(refused.is_err() && news().await.is_empty());
    set(&bed.store, owner(&home), Vec::new()).await.unwrap();
    assert_eq!(news().await, rules, "removed");

    for (own, whose) in [(true, "own"), (false, "everybody's")] {
        let line = caller(&bed, &home, own, "+49*", BLOCK);
        bed.store.put_screened_caller(&line).await.unwrap();
        assert_eq!(news().await, [format!("answering.changed {whose} callers")]);
        bed.store.remove_screened_caller(home.tenant, line.mailbox, &line.pattern).await.unwrap();
        assert_eq!(news().await, [format!("answering.changed {whose} callers")]);
        let office = frame(&bed, &home, own, "Office");
        for changed in [office.clone(), TimeFrame { name: "Desk".to_owned(), ..office.clone() }] {
            bed.store.put_time_frame(&changed).await.unwrap();
            assert_eq!(news().await, [format!("answering.changed {whose} time-frames")]);
            bed.store.put_time_frame(&changed).await.unwrap();
            assert!(news().await.is_empty(), "it is as it was");
        }
        bed.store.remove_time_frame(home.tenant, office.id).await.unwrap();
        assert_eq!(news().await, [format!("answering.changed {whose} time-frames")]);
    }

    let away = Presence { state: PresenceState::OnVacation, until: None };
    let presence = ["answering.changed own presence"];
    bed.store.set_presence(home.tenant, home.user.id, &away).await.unwrap();
    assert_eq!(news().await, presence);
    bed.store.set_presence(home.tenant, home.user.id, &away).await.unwrap();
    assert!(news().await.is_empty());
    bed.store.set_presence(home.tenant, home.user.id, &Presence::default()).await.unwrap();
    assert_eq!(news().await, presence);
    let greeting = bed.greeting(&home, GreetingKind::Away);
    bed.store.add_greeting(&greeting).await.unwrap();
    news().await;
    for tied in [Some(greeting.id), None] {
        bed.store.tie_greetings(owner(&home), &[(PresenceState::Remote, tied)]).await.unwrap();
        assert_eq!(news().await, presence);
    }
}

// 003-09
async fn whoever_listens_is_told_where_numbers_lead(bed: Bed) {
    let home = bed.home("1001").await;
    let other = bed.person(home.tenant, "1002");
    bed.store.add_user(&other.user, &other.mailbox, None).await.unwrap();
    super::webhooks::listening(&bed, home.tenant).await;
    let news = async || told(&bed, &home).await;
    let mut number = bed.number(&home, "+15550100");
    bed.store.put_number(&number).await.unwrap();
    assert_eq!(news().await, ["number.changed own assigned +15550100"]);
    bed.store.put_number(&number).await.unwrap();
    assert!(news().await.is_empty(), "it leads there already");
    number.label = Some("sales".to_owned());
    bed.store.put_number(&number).await.unwrap();
    assert_eq!(news().await, ["number.changed own label +15550100"]);
    let greeting = bed.greeting(&home, GreetingKind::Away);
    bed.store.add_greeting(&greeting).await.unwrap();
    news().await;
    let played = Some(greeting.id);
    bed.store.set_number_greeting(home.tenant, home.mailbox.id, &number.number, played).await.unwrap();
    assert_eq!(news().await, ["number.changed own greeting +15550100"]);
    let theirs = bed.number(&other, "+15550100");
    bed.store.put_number(&theirs).await.unwrap_err();
    assert!(news().await.is_empty(), "it was refused");
    bed.store.remove_number(home.tenant, home.mailbox.id, &number.number).await.unwrap();
    assert_eq!(news().await, ["number.changed own removed +15550100"]);
    bed.store.assign_number(&theirs, other.user.id, None).await.unwrap();
    assert_eq!(news().await, ["number.changed another's assigned +15550100"]);
    bed.store.release_number(home.tenant, "+15550100").await.unwrap();
    assert_eq!(news().await, ["number.changed another's removed +15550100"]);
}

// 001-05
async fn what_a_reset_takes_and_gives_back_is_told(bed: Bed) {
    let home = bed.home("1001").await;
    set(&bed.store, owner(&home), vec![rule(&bed, "a", None)]).await.unwrap();
    bed.store.put_number(&bed.number(&home, "+15550100")).await.unwrap();
    bed.store.put_screened_caller(&caller(&bed, &home, true, "+49*", BLOCK)).await.unwrap();
    super::webhooks::listening(&bed, home.tenant).await;
    let cleared = Clearing { parts: [Clear::Rules, Clear::Numbers].into(), is_reset: false, fresh: None };
    let expected = |word: &str| {
        let number = format!("number.changed own {word} +15550100");
        ["answering.changed own callers".to_owned(), "answering.changed own rules".to_owned(), number]
    };
    let news = async || {
        let mut told = told(&bed, &home).await;
        told.retain(|one| !one.starts_with("user."));
        told.sort();
        told
    };
    bed.store.clear_user(home.tenant, home.user.id, &cleared).await.unwrap();
    assert_eq!(news().await, expected("removed"));
    bed.store
        .take_back_cleared(home.tenant, home.user.id, jiff::Timestamp::UNIX_EPOCH, &|_| true)
        .await
        .unwrap();
    assert_eq!(news().await, expected("assigned"));
}

async fn a_tenant_with_frames_and_lists_can_be_removed(bed: Bed) {
    let tenant = bed.tenant("empty").await;
    let home = bed.person(tenant, "1001");
    bed.store.put_time_frame(&frame(&bed, &home, false, "Office")).await.unwrap();
    bed.store.put_screened_caller(&caller(&bed, &home, false, "+49*", BLOCK)).await.unwrap();
    let tenant = bed.store.tenant(tenant).await.unwrap();
    bed.store.remove_tenant(&tenant).await.unwrap();
}

// 002-057
async fn a_change_is_kept_for_its_mailbox_or_tenant_until_it_is_too_old(bed: Bed) {
    let (home, other) = (bed.home("1001").await, bed.home("1002").await);
    let (mailbox, before) = (Some(home.mailbox.id), vec![rule(&bed, "a", None)]);
    let change = || ChangeId::from_uuid(bed.clock.uuid());
    let (rules, frames, lines) = (change(), change(), change());
    let office = frame(&bed, &home, false, "Office");
    let undos = [
        (mailbox, rules, Undo::Rules { before, after: Vec::new(), frames: Vec::new() }),
        (None, frames, Undo::Frame { frame: office }),
        (None, lines, Undo::Caller { line: caller(&bed, &home, false, "+49*", BLOCK) }),
    ];
    for (mailbox, id, undo) in &undos {
        bed.store.put_undo(home.tenant, *mailbox, *id, undo).await.unwrap();
        assert_eq!(bed.second.undo(home.tenant, *mailbox, *id).await.unwrap(), *undo);
    }
    for (tenant, mailbox, id) in [
        (home.tenant, None, rules),
        (home.tenant, mailbox, frames),
        (other.tenant, Some(other.mailbox.id), rules),
        (other.tenant, None, frames),
        (home.tenant, None, change()),
    ] {
        let missing = bed.store.undo(tenant, mailbox, id).await;
        assert!(matches!(missing, Err(StoreError::Missing { .. })), "{missing:?}");
    }
    // What another tenant forgets stays.
    bed.store.forget_undo(other.tenant, frames).await.unwrap();
    assert_eq!(bed.store.undo(home.tenant, None, frames).await.unwrap(), undos[1].2);
    bed.store.forget_undo(home.tenant, frames).await.unwrap();
    bed.store.undo(home.tenant, None, frames).await.unwrap_err();

    bed.store.purge_undo(bed.clock.now()).await.unwrap();
    bed.store.undo(home.tenant, mailbox, rules).await.unwrap();
    bed.clock.advance(std::time::Duration::from_secs(1));
    bed.store.purge_undo(bed.clock.now()).await.unwrap();
    bed.store.undo(home.tenant, mailbox, rules).await.unwrap_err();
    let stray = bed.store.put_undo(home.tenant, Some(other.mailbox.id), change(), &undos[0].2).await;
    assert!(matches!(stray, Err(StoreError::Missing { .. })), "{stray:?}");
}
