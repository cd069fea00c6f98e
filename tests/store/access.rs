//! What the web side keeps, on both databases: logins, sessions, one-time links, keys, guesses, answers, the audit, pages.

use aftertone::clock::Clock as _;
use aftertone::domain::{
    ApiKey, AuditId, Folder, KeyId, LinkToken, Login, Mark, Owner, Purpose, Role, Session, SessionId,
};
use aftertone::store::{AuditLine, Door, MessageFilter, PeopleFilter, Person, Repeat, Stale};
use jiff::Timestamp;

use super::*;

contract! {
    a_login_its_sessions_and_links_end_as_they_should
    a_second_factor_counts_each_code_once_whichever_node_asks
    an_address_names_the_first_four_who_share_it
    what_somebody_else_changed_of_a_login_is_not_undone
    guesses_at_passwords_are_counted_and_forgiven
    keys_answers_and_the_audit_are_kept_and_go
    pages_of_messages_and_users_hold_each_entry_once
}

fn hash(number: u8) -> [u8; 32] {
    LinkToken::from_bytes([number; 20]).hash()
}

fn session(bed: &Bed, home: &Home) -> Session {
    let now = bed.clock.now();
    Session {
        id: SessionId::from_uuid(bed.clock.uuid()),
        tenant: home.tenant,
        user: home.user.id,
        user_agent: "Firefox".to_owned(),
        address: "192.0.2.1".to_owned(),
        created_at: to_micros(now),
        last_at: to_micros(now),
    }
}

fn to_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap()
}

fn login(home: &Home, role: Role, portal: bool) -> Login {
    Login { tenant: home.tenant, user: home.user.id, role, has_password: false, portal }
}

async fn a_login_its_sessions_and_links_end_as_they_should(bed: Bed) {
    let home = bed.home("1001").await;
    let (tenant, user) = (home.tenant, home.user.id);
    assert_eq!(bed.store.login(tenant, user).await.unwrap(), login(&home, Role::Basic, true));
    assert!(!bed.store.has_any_login().await.unwrap());
    bed.store.set_password(tenant, user, "$argon2id$x", None).await.unwrap();
    bed.store.put_login(&login(&home, Role::TenantAdmin, true)).await.unwrap();
    let known = bed.second.login(tenant, user).await.unwrap();
    assert_eq!((known.role, known.has_password), (Role::TenantAdmin, true));
    assert!(bed.store.has_any_login().await.unwrap());
    assert_eq!(bed.store.password_hash(tenant, user).await.unwrap().as_deref(), Some("$argon2id$x"));

    let (one, other) = (session(&bed, &home), session(&bed, &home));
    bed.store.add_session(&one, hash(1)).await.unwrap();
    bed.store.add_session(&other, hash(2)).await.unwrap();
    assert_eq!(bed.second.session(hash(1)).await.unwrap(), Some(one.clone()));
    assert_eq!(bed.store.session(hash(9)).await.unwrap(), None);
    bed.clock.advance(Duration::from_secs(60));
    bed.store.touch_session(hash(2)).await.unwrap();
    let listed: Vec<_> =
        bed.store.sessions(tenant, user).await.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(listed, [other.id, one.id]);
    let stranger = bed.home("1002").await;
    assert!(bed.store.end_session(stranger.tenant, stranger.user.id, one.id).await.is_err());

    let door =
        Door { tenant, user: Some(user), purpose: Purpose::Reset, expires_at: to_micros(bed.clock.now()) };
    bed.store.add_door(door, hash(3)).await.unwrap();
    assert_eq!(bed.second.door(hash(3)).await.unwrap(), Some(door));
    bed.store.add_door(door, hash(4)).await.unwrap();
    assert!(bed.store.close_door(hash(3)).await.unwrap() && !bed.second.close_door(hash(3)).await.unwrap());

    bed.store.set_password(tenant, user, "$argon2id$y", Some(other.id)).await.unwrap();
    assert_eq!(bed.store.session(hash(1)).await.unwrap(), None);
    assert!(bed.store.session(hash(2)).await.unwrap().is_some());
    assert_eq!(bed.store.door(hash(4)).await.unwrap(), None, "a new password ends every link");
    bed.store.put_login(&login(&home, Role::Basic, false)).await.unwrap();
    assert_eq!(bed.store.session(hash(2)).await.unwrap(), None, "without web access nobody stays in");
    bed.store.remove_user(tenant, user).await.unwrap();
    assert!(!bed.store.has_any_login().await.unwrap());
}

/// Two administrators at once, each with what they read: web access is given, and the role that was taken stays taken.
async fn what_somebody_else_changed_of_a_login_is_not_undone(bed: Bed) {
    let home = bed.home("1001").await;
    let (tenant, user) = (home.tenant, home.user.id);
    let read = login(&home, Role::TenantAdmin, false);
    bed.store.put_login(&read).await.unwrap();
    let taken = Login { role: Role::Basic, ..read.clone() };
    bed.second.change_login(&read, &taken).await.unwrap();
    let given = Login { portal: true, ..read.clone() };
    bed.store.change_login(&read, &given).await.unwrap();
    let now = bed.store.login(tenant, user).await.unwrap();
    assert_eq!((now.role, now.portal), (Role::Basic, true));
}

async fn a_second_factor_counts_each_code_once_whichever_node_asks(bed: Bed) {
    let home = bed.home("1001").await;
    let (tenant, user, whose) = (home.tenant, home.user.id, (home.tenant, home.user.id));
    assert_eq!(bed.store.second_factor(tenant, user).await.unwrap(), None);
    assert!(!bed.store.use_factor_step(tenant, user, 7).await.unwrap());
    bed.store.put_fresh_factor(tenant, user, [1; 20]).await.unwrap();
    bed.second.put_fresh_factor(tenant, user, [2; 20]).await.unwrap();
    let known = bed.store.second_factor(tenant, user).await.unwrap().unwrap();
    assert_eq!((known.active, known.fresh.map(|(secret, _)| secret)), (None, Some([2; 20])));
    assert!(!format!("{known:?}").contains("[2, 2"), "a secret is not printed");
    assert!(
        !bed.store.use_factor_step(tenant, user, 7).await.unwrap(),
        "what is not confirmed counts for nothing"
    );
    assert_eq!(bed.store.second_factors(tenant).await.unwrap(), []);

    let session = session(&bed, &home);
    bed.store.add_session(&session, hash(1)).await.unwrap();
    let in_an_hour = to_micros(bed.clock.now() + Duration::from_secs(3600));
    bed.store.add_half_sign_in(tenant, user, hash(5), in_an_hour).await.unwrap();
    let codes = [hash(6), hash(7)];
    assert!(
        !bed.store.turn_factor_on(whose, [1; 20], 7, &codes, None).await.unwrap(),
        "it is another secret by now"
    );
    assert!(bed.store.session(hash(1)).await.unwrap().is_some(), "then nothing happened");
    assert!(bed.second.turn_factor_on(whose, [2; 20], 7, &codes, None).await.unwrap());
    assert_eq!(bed.store.session(hash(1)).await.unwrap(), None);
    assert_eq!(bed.store.half_sign_in(hash(5)).await.unwrap(), None);
    let known = bed.store.second_factors(tenant).await.unwrap();
    assert_eq!(known[0].active.map(|(secret, _)| secret), Some([2; 20]));
    assert_eq!((known.len(), known[0].fresh, known[0].codes), (1, None, 2));

    assert!(!bed.store.use_factor_step(tenant, user, 7).await.unwrap(), "the code that turned it on is used");
    let both =
        tokio::join!(bed.store.use_factor_step(tenant, user, 8), bed.second.use_factor_step(tenant, user, 8));
    assert_eq!(u8::from(both.0.unwrap()) + u8::from(both.1.unwrap()), 1, "of two nodes one takes the code");
    assert!(!bed.second.use_factor_step(tenant, user, 7).await.unwrap(), "an earlier one is over");
    let both = tokio::join!(
        bed.store.use_recovery_code(tenant, user, hash(6)),
        bed.second.use_recovery_code(tenant, user, hash(6))
    );
    assert_eq!(u8::from(both.0.unwrap()) + u8::from(both.1.unwrap()), 1);
    assert!(!bed.store.use_recovery_code(tenant, user, hash(9)).await.unwrap());
    assert_eq!(bed.store.second_factor(tenant, user).await.unwrap().unwrap().codes, 1);
    bed.store.put_recovery_codes(tenant, user, &[hash(8)]).await.unwrap();
    assert!(!bed.store.use_recovery_code(tenant, user, hash(7)).await.unwrap());

    bed.store.add_half_sign_in(tenant, user, hash(5), in_an_hour).await.unwrap();
    assert_eq!(bed.second.half_sign_in(hash(5)).await.unwrap(), Some((tenant, user)));
    assert!(bed.store.take_half_sign_in(hash(5)).await.unwrap());
    assert!(!bed.second.take_half_sign_in(hash(5)).await.unwrap());
    assert!(!bed.store.owes_factor(tenant, user).await.unwrap());
    let other = bed.home("1002").await;
    bed.store.require_factor(tenant, true).await.unwrap();
    bed.second.require_factor(tenant, true).await.unwrap();
    bed.store.require_factor(other.tenant, true).await.unwrap();
    assert!(bed.store.is_factor_required(tenant).await.unwrap());
    assert!(!bed.store.owes_factor(tenant, user).await.unwrap());
    assert!(bed.store.owes_factor(other.tenant, other.user.id).await.unwrap());

    bed.store.add_session(&session, hash(1)).await.unwrap();
    assert!(bed.store.turn_factor_off(tenant, user, Some(session.id)).await.unwrap());
    assert!(bed.store.session(hash(1)).await.unwrap().is_some());
    assert!(!bed.second.turn_factor_off(tenant, user, None).await.unwrap());
    assert!(bed.store.session(hash(1)).await.unwrap().is_some(), "where there was none nobody is signed out");
    assert!(!bed.store.use_factor_step(tenant, user, 99).await.unwrap());
    assert!(!bed.store.use_recovery_code(tenant, user, hash(8)).await.unwrap());
    assert!(bed.store.owes_factor(tenant, user).await.unwrap());
    bed.store.require_factor(tenant, false).await.unwrap();
    assert!(!bed.store.owes_factor(tenant, user).await.unwrap());
}

async fn an_address_names_the_first_four_who_share_it(bed: Bed) {
    let mut home = bed.home("1001").await;
    home.user.emails = vec!["Ada_1%@example.org".parse().unwrap(), "countess@example.org".parse().unwrap()];
    bed.store.put_user(&home.user).await.unwrap();
    assert!(bed.store.users_by_mail("countess@example.org").await.unwrap().is_empty(), "nobody gave a login");
    bed.store.put_login(&login(&home, Role::Basic, true)).await.unwrap();
    for (typed, found) in [
        ("COUNTESS@example.org", 1),
        ("ada_1%@example.org", 1),
        ("adax1%@example.org", 0),
        ("ada_1x@example.org", 0),
        ("%", 0),
        ("ess@example.org", 0),
        ("countess@example.org\", \"", 0),
    ] {
        assert_eq!(bed.store.users_by_mail(typed).await.unwrap().len(), found, "{typed}");
    }
    let mut twin = bed.home("1002").await;
    twin.user.emails = vec!["countess@example.org".parse().unwrap()];
    bed.store.put_user(&twin.user).await.unwrap();
    bed.store.put_login(&login(&twin, Role::Basic, true)).await.unwrap();
    // Tenants are apart from each other.
    assert_eq!(bed.store.users_by_mail("countess@example.org").await.unwrap().len(), 2);
    let mut sharing = vec![home.user.id];
    for extension in ["1003", "1004", "1005", "1006", "1007"] {
        bed.clock.advance(Duration::from_secs(1));
        let mut person = bed.person(home.tenant, extension);
        person.user.emails = vec!["Countess@example.org".parse().unwrap()];
        bed.store.add_user(&person.user, &person.mailbox, None).await.unwrap();
        let login = Login { user: person.user.id, ..login(&home, Role::Basic, true) };
        bed.store.put_login(&login).await.unwrap();
        sharing.push(person.user.id);
    }
    let known = bed.second.users_by_mail("countess@example.org").await.unwrap();
    let known: Vec<_> = known.iter().filter(|user| user.tenant == home.tenant).map(|user| user.id).collect();
    assert_eq!(known, sharing[..4], "who was added first");
    let all = bed.store.users_of_address(home.tenant, "COUNTESS@example.org").await.unwrap();
    assert_eq!(all.iter().map(|user| user.id).collect::<Vec<_>>(), sharing[..5]);
    assert_eq!(bed.store.users_of_address(twin.tenant, "countess@example.org").await.unwrap().len(), 1);
}

async fn guesses_at_passwords_are_counted_and_forgiven(bed: Bed) {
    let window = Duration::from_secs(900);
    let guess = async || bed.store.guess_password(&[(hash(1), 5), (hash(2), 3)], window).await.unwrap();
    for _ in 0..3 {
        assert!(guess().await);
        bed.clock.advance(Duration::from_secs(1));
    }
    assert!(!guess().await);
    bed.second.password_was_right(hash(2), &[hash(1)], window).await.unwrap();
    assert!(guess().await && guess().await && guess().await);
    assert!(!guess().await);
    bed.clock.advance(window);
    assert!(guess().await);
}

async fn keys_answers_and_the_audit_are_kept_and_go(bed: Bed) {
    let home = bed.home("1001").await;
    let now = to_micros(bed.clock.now());
    let key = ApiKey {
        id: KeyId::from_uuid(bed.clock.uuid()),
        tenant: home.tenant,
        user: Some(home.user.id),
        name: "crm".to_owned(),
        scopes: vec!["users:read".to_owned()],
        created_at: now,
        expires_at: Some(now),
        revoked_at: None,
        last_used_at: None,
    };
    bed.store.add_key(&key, hash(1)).await.unwrap();
    assert_eq!(bed.second.key(hash(1)).await.unwrap(), Some(key.clone()));
    bed.store.key_used(key.id).await.unwrap();
    let other = bed.home("1002").await;
    assert!(bed.store.revoke_key(other.tenant, key.id).await.is_err());
    bed.store.revoke_key(home.tenant, key.id).await.unwrap();
    assert!(bed.store.revoke_key(home.tenant, key.id).await.is_err());
    let listed = bed.store.keys(home.tenant).await.unwrap();
    assert_eq!((listed[0].revoked_at, listed[0].last_used_at), (Some(now), Some(now)));

    let old = bed.clock.now();
    assert_eq!(bed.store.repeat(hash(1), hash(2), old).await.unwrap(), Repeat::First);
    assert_eq!(bed.second.repeat(hash(1), hash(2), old).await.unwrap(), Repeat::Running);
    bed.store.answered(hash(1), 201, "{}").await.unwrap();
    let answered = Repeat::Answered { status: 201, body: "{}".to_owned() };
    assert_eq!(bed.second.repeat(hash(1), hash(2), old).await.unwrap(), answered);
    assert_eq!(bed.store.repeat(hash(1), hash(3), old).await.unwrap(), Repeat::Other);
    assert_eq!(bed.store.repeat(hash(4), hash(2), old).await.unwrap(), Repeat::First);
    bed.store.not_answered(hash(4)).await.unwrap();
    assert_eq!(bed.store.repeat(hash(4), hash(5), old).await.unwrap(), Repeat::First);

    let mut lines = Vec::new();
    for number in 0..3 {
        bed.clock.advance(Duration::from_millis(2));
        let line = AuditLine {
            id: AuditId::from_uuid(bed.clock.uuid()),
            tenant: home.tenant,
            at: to_micros(bed.clock.now()),
            actor: "Ada".to_owned(),
            action: "user.changed".to_owned(),
            target: format!("mailbox {number}"),
            was: None,
            became: Some("{\"a\":1}".to_owned()),
        };
        bed.store.add_audit(&line).await.unwrap();
        lines.insert(0, line);
    }
    assert_eq!(bed.store.audit(home.tenant, None, 2).await.unwrap(), lines[..2]);
    assert_eq!(bed.store.audit(home.tenant, Some(lines[1].id), 9).await.unwrap(), lines[2..]);
    assert!(bed.store.audit(other.tenant, None, 9).await.unwrap().is_empty());

    bed.store.add_session(&session(&bed, &home), hash(7)).await.unwrap();
    bed.clock.advance(Duration::from_secs(60));
    let now = bed.clock.now();
    let stale = Stale { idle: now, opened: now, doors: now, answers: now, audit: lines[1].at };
    bed.store.purge_access(stale).await.unwrap();
    assert_eq!(bed.store.session(hash(7)).await.unwrap(), None);
    assert_eq!(bed.store.repeat(hash(1), hash(9), old).await.unwrap(), Repeat::First);
    assert_eq!(bed.store.audit(home.tenant, None, 9).await.unwrap().len(), 2);
}

async fn pages_of_messages_and_users_hold_each_entry_once(bed: Bed) {
    let home = bed.home("1001").await;
    let owner = Owner { tenant: home.tenant, mailbox: home.mailbox.id };
    let mut all = Vec::new();
    // Several of one moment, and their order is still one.
    for number in 0..7 {
        all.push(bed.deposited(&home).await.id);
        if number % 3 == 0 {
            bed.clock.advance(Duration::from_secs(1));
        }
    }
    let (mut seen, mut filter) =
        (Vec::new(), MessageFilter { folder: Some(Folder::Inbox), ..Default::default() });
    loop {
        let page = bed.store.message_page(owner, &filter, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.after = Some((last.received_at, last.id));
        seen.extend(page.iter().map(|message| message.id));
    }
    let mut sorted = seen.clone();
    sorted.sort_unstable();
    all.sort_unstable();
    assert_eq!(sorted, all);
    bed.store.mark(owner, seen[0], Mark::Heard).await.unwrap();
    bed.store.mark(owner, seen[1], Mark::Trash).await.unwrap();
    let count = async |filter: MessageFilter| bed.store.message_page(owner, &filter, 50).await.unwrap().len();
    assert_eq!(count(MessageFilter::default()).await, 7);
    let inbox = MessageFilter { folder: Some(Folder::Inbox), ..Default::default() };
    assert_eq!(count(inbox.clone()).await, 6);
    assert_eq!(count(MessageFilter { unheard: true, ..inbox.clone() }).await, 5);
    assert_eq!(count(MessageFilter { search: "%".to_owned(), ..inbox }).await, 0);

    // Those without a mailbox come last, whoever was there first.
    let boxless = [bed.person(home.tenant, "9999").user, bed.person(home.tenant, "9999").user];
    for user in &boxless {
        bed.store.put_user(user).await.unwrap();
    }
    for extension in ["1003", "1002", "1005"] {
        let person = bed.person(home.tenant, extension);
        bed.store.add_user(&person.user, &person.mailbox, None).await.unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = bed.store.user_page(home.tenant, &PeopleFilter::default(), after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        let extension = |person: &Person| {
            person.mailbox.as_ref().map_or("~".to_owned(), |mailbox| mailbox.extension.to_string())
        };
        after = Some(last.place());
        seen.extend(page.iter().map(|person| (extension(person), person.user.id)));
    }
    let extensions: Vec<&str> = seen.iter().map(|(extension, _)| extension.as_str()).collect();
    assert_eq!(extensions, ["1001", "1002", "1003", "1005", "~", "~"]);
    assert!(boxless.iter().all(|user| seen[4..].iter().any(|(_, id)| *id == user.id)));
    assert_eq!(
        bed.store.user_page(home.tenant, &PeopleFilter::found_by("LOVE"), None, 9).await.unwrap().len(),
        6
    );
    assert_eq!(
        bed.store.user_page(home.tenant, &PeopleFilter::found_by("1003"), None, 9).await.unwrap().len(),
        1
    );
    assert_eq!(
        bed.store.user_page(home.tenant, &PeopleFilter::found_by("10\x0003"), None, 9).await.unwrap().len(),
        1,
        "whatever stands in it"
    );
    let odd = MessageFilter { search: "\0".to_owned(), ..MessageFilter::default() };
    assert_eq!(count(odd).await, 7, "nothing was looked for");
}
