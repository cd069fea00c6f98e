//! Imports of users on both databases: all rows or none, and the whole way back.

use std::sync::Mutex;

use aftertone::domain::{DraftId, Extension, KeyId, MailboxId, Role, TenantPolicy, UserId};
use aftertone::service::access::{Act, Actor, Door};
use aftertone::service::accounts::{Accounts, MailboxDefaults, NewUser, PinPolicy};
use aftertone::service::handsets::{HandsetWish, Handsets};
use aftertone::service::import::{ImportError, Imports, Mending, Progress, Table, What};

use super::*;

contract! {
    an_import_adds_and_changes_and_can_be_taken_back
    a_faulty_row_keeps_every_row_out
    what_changed_since_holds_a_rollback_up
    a_user_id_that_is_somebodys_address_by_now_holds_a_rollback_up
    two_imports_at_once_are_one_after_the_other
    ten_thousand_rows_are_imported_whole
    an_import_of_another_tenant_is_none
    a_draft_is_mended_in_place_imported_once_and_says_what_became_of_it
    a_draft_is_its_uploaders_alone_and_goes_after_a_day
    a_draft_that_cannot_be_imported_says_why_and_waits
    an_import_that_died_with_its_server_is_begun_again
    nobody_imports_over_or_takes_back_somebody_above
    an_import_is_taken_back_only_by_who_may_change_what_it_wrote
    phones_are_imported_with_their_users_and_taken_back_with_them
    phones_that_are_nobodys_are_imported_and_taken_back_alone
    a_phone_that_was_changed_since_holds_a_rollback_up
    an_old_look_at_a_phone_writes_nothing
    a_phone_gets_what_another_gives_up_in_the_same_table_and_back
    a_phone_whose_owner_is_gone_is_put_back_to_nobody
}

fn imports(bed: &Bed) -> Imports {
    Imports::new(bed.store.clone(), bed.clock.clone(), MailboxDefaults::default(), PinPolicy::usual())
}

fn accounts(bed: &Bed) -> Accounts {
    Accounts::new(bed.store.clone(), bed.clock.clone(), MailboxDefaults::default())
}

fn table(text: &str) -> Table {
    Table::read(text.as_bytes()).unwrap()
}

fn extension(text: &str) -> Extension {
    text.parse().unwrap()
}

fn handsets(bed: &Bed) -> Handsets {
    Handsets::beside(bed.store.clone(), bed.clock.clone())
}

/// What there is: name, MAC address, owner's extension, and the number of each port.
async fn phones(bed: &Bed, tenant: TenantId) -> Vec<String> {
    let all = bed.store.handset_page(tenant, "", "", 100).await.unwrap();
    let shown = |known: &aftertone::store::KnownHandset| {
        let handset = &known.handset;
        let mac = handset.mac.as_ref().map(ToString::to_string).unwrap_or_default();
        let ports = handset.ports.iter().map(|one| {
            format!("{}={}/{}", one.port, one.number.as_deref().unwrap_or_default(), one.appearances)
        });
        let ports: Vec<String> = ports.collect();
        format!("{} {mac} {} {}", handset.name, known.extension.as_deref().unwrap_or("-"), ports.join(" "))
    };
    all.iter().map(shown).collect()
}

const PHONES: &str = "extension,first,direct,phone,model,mac,port,lines,phone_site,template,preference_group\n\
    1001,Ada,+1 555 0101,,Any SIP phone,00-04-F2-12-34-56,,4,Berlin,office,p1\n\
    1002,Bob,+15550102,fax,grandstream-ht802,0004f2999999,1,,,,\n\
    1003,Grace,+15550103,fax,,,2,,,,\n";

/// 000-14, 000-15, 003-03, 003-05, 003-07, 003-08, 003-11, 003-12: the columns of a bulk upload, in one import.
async fn phones_are_imported_with_their_users_and_taken_back_with_them(bed: Bed) {
    let tenant = bed.tenant("home").await;
    ada(&bed, tenant).await;
    let actor = Actor::beside_the_server(tenant, "tests");
    let wish = HandsetWish { mac: "0004f2123456".to_owned(), ..HandsetWish::default() };
    handsets(&bed).add(&actor, tenant, "lobby", None, wish).await.unwrap();
    let was = phones(&bed, tenant).await;
    let before = accounts(&bed).numbers(tenant).await.unwrap();
    let done = imports(&bed).apply(tenant, &table(PHONES), "phones.csv", &|_| {}).await.unwrap();
    assert_eq!(
        phones(&bed, tenant).await,
        [
            "fax 00:04:f2:99:99:99 1002 1=+15550102/1 2=+15550103/1",
            "lobby 00:04:f2:12:34:56 1001 1=+15550101/4",
        ]
    );
    let lobby = bed.store.handset_named(tenant, "lobby", "").await.unwrap().unwrap().handset;
    assert_eq!((lobby.site.as_str(), lobby.preference_group.as_deref()), ("Berlin", Some("p1")));
    assert_eq!(lobby.settings.template.as_deref(), Some("office"));
    assert!(lobby.is_waiting(), "it has something to take over");
    let leads = accounts(&bed).numbers(tenant).await.unwrap();
    assert_eq!(leads.len(), before.len() + 3, "further numbers stay: {leads:?}");
    let again = imports(&bed).preview(tenant, &table(PHONES)).await.unwrap();
    assert!(again.rows.iter().all(|row| row.what == What::Unchanged), "{again:?}");
    imports(&bed).roll_back(tenant, done.import.unwrap().id, false).await.unwrap();
    assert_eq!(phones(&bed, tenant).await, was);
    assert_eq!(accounts(&bed).numbers(tenant).await.unwrap(), before);
    assert_eq!(accounts(&bed).list(tenant).await.unwrap().len(), 1);
}

/// 003-05: phones in halls, which have no user.
async fn phones_that_are_nobodys_are_imported_and_taken_back_alone(bed: Bed) {
    let tenant = bed.tenant("home").await;
    let text = "phone,model,mac,phone_site\nhall,generic,0004f2000021,Berlin\nlobby,generic,,Rome\n";
    let done = imports(&bed).apply(tenant, &table(text), "halls.csv", &|_| {}).await.unwrap();
    let import = done.import.unwrap();
    assert_eq!((import.added, import.changed), (2, 0));
    assert_eq!(phones(&bed, tenant).await, ["hall 00:04:f2:00:00:21 - ", "lobby  - "]);
    assert!(imports(&bed).list(tenant).await.unwrap()[0].can_roll_back);
    let again = imports(&bed).apply(tenant, &table(text), "halls.csv", &|_| {}).await.unwrap();
    assert_eq!(again.import, None, "nothing is to be written");
    let moved = "phone,phone_site\nhall,Paris\n";
    let moved =
        imports(&bed).apply(tenant, &table(moved), "halls.csv", &|_| {}).await.unwrap().import.unwrap();
    let site = async || bed.store.handset_named(tenant, "hall", "").await.unwrap().unwrap().handset.site;
    assert_eq!(site().await, "Paris");
    imports(&bed).roll_back(tenant, moved.id, false).await.unwrap();
    assert_eq!(site().await, "Berlin");
    imports(&bed).roll_back(tenant, import.id, false).await.unwrap();
    assert_eq!(phones(&bed, tenant).await, Vec::<String>::new());
    assert!(imports(&bed).roll_back(tenant, import.id, false).await.is_err(), "once");
}

async fn a_phone_that_was_changed_since_holds_a_rollback_up(bed: Bed) {
    let tenant = bed.tenant("home").await;
    let done = imports(&bed).apply(tenant, &table(PHONES), "phones.csv", &|_| {}).await.unwrap();
    let id = done.import.unwrap().id;
    let fax = bed.store.handset_named(tenant, "fax", "").await.unwrap().unwrap();
    let actor = Actor::beside_the_server(tenant, "tests");
    let wish = HandsetWish { site: "Paris".to_owned(), ..HandsetWish::of(&fax.handset) };
    handsets(&bed).change(&actor, &fax, wish).await.unwrap();
    let all = phones(&bed, tenant).await;
    let refused = imports(&bed).roll_back(tenant, id, false).await.unwrap_err();
    assert!(matches!(&refused, ImportError::ChangedSince(since) if *since == ["phone fax"]), "{refused}");
    assert_eq!(phones(&bed, tenant).await, all, "all or nothing");
    imports(&bed).roll_back(tenant, id, true).await.unwrap();
    assert!(phones(&bed, tenant).await.is_empty());
}

/// No two phones have one MAC address or preference group, and a table may say that they go from one to another.
async fn a_phone_gets_what_another_gives_up_in_the_same_table_and_back(bed: Bed) {
    let tenant = bed.tenant("home").await;
    let actor = Actor::beside_the_server(tenant, "tests");
    let (mac, group) = ("0004f2123456".to_owned(), "p1".to_owned());
    let wish = HandsetWish { mac, preference_group: group, ..HandsetWish::default() };
    handsets(&bed).add(&actor, tenant, "b", None, wish).await.unwrap();
    bed.clock.advance(Duration::from_secs(1));
    handsets(&bed).add(&actor, tenant, "a", None, HandsetWish::default()).await.unwrap();
    let was = phones(&bed, tenant).await;
    let text = "extension,phone,mac,preference_group\n1001,b,-,-\n1002,a,0004f2123456,p1\n";
    let done = imports(&bed).apply(tenant, &table(text), "phones.csv", &|_| {}).await.unwrap();
    assert_eq!(phones(&bed, tenant).await, ["a 00:04:f2:12:34:56 1002 ", "b  1001 "]);
    imports(&bed).roll_back(tenant, done.import.unwrap().id, false).await.unwrap();
    assert_eq!(phones(&bed, tenant).await, was);
    let back = bed.store.handset_named(tenant, "b", "").await.unwrap().unwrap().handset;
    assert_eq!(back.preference_group.as_deref(), Some("p1"));
}

async fn a_phone_whose_owner_is_gone_is_put_back_to_nobody(bed: Bed) {
    let tenant = bed.tenant("home").await;
    imports(&bed).apply(tenant, &table(PHONES), "phones.csv", &|_| {}).await.unwrap();
    let text = "extension,phone,template\n1002,fax,office\n";
    let done = imports(&bed).apply(tenant, &table(text), "template.csv", &|_| {}).await.unwrap();
    accounts(&bed).remove(tenant, &extension("1002")).await.unwrap();
    imports(&bed).roll_back(tenant, done.import.unwrap().id, true).await.unwrap();
    let fax = bed.store.handset_named(tenant, "fax", "").await.unwrap().unwrap().handset;
    assert_eq!((fax.owner, fax.settings.template), (None, None));
}

/// Somebody changes a phone between the look and the writing: what was looked at counts no more.
async fn an_old_look_at_a_phone_writes_nothing(bed: Bed) {
    let tenant = bed.tenant("home").await;
    imports(&bed).apply(tenant, &table(PHONES), "phones.csv", &|_| {}).await.unwrap();
    let fax = bed.store.handset_named(tenant, "fax", "").await.unwrap().unwrap().handset;
    let after = aftertone::domain::Handset { site: "Rome".to_owned(), ..fax.clone() };
    let stale = aftertone::domain::Handset { site: "Oslo".to_owned(), ..fax };
    let import = aftertone::store::Import {
        id: aftertone::domain::ImportId::from_uuid(bed.clock.uuid()),
        label: "late".to_owned(),
        added: 0,
        changed: 0,
        unchanged: 0,
        made_at: bed.clock.now(),
        rolled_back_at: None,
        can_roll_back: true,
    };
    let phones = [aftertone::store::ImportPhone { before: Some(stale), after }];
    let revision = bed.store.revision().await.unwrap();
    let refused = bed.store.import_users(tenant, &import, (&[], &phones), revision, &|_| {}).await;
    assert!(matches!(refused, Err(StoreError::Taken { what: "directory", .. })), "{refused:?}");
    assert_eq!(imports(&bed).list(tenant).await.unwrap().len(), 1);
}

async fn ada(bed: &Bed, tenant: TenantId) {
    let new = NewUser {
        extension: extension("1001"),
        first: "Ada".to_owned(),
        last: "Lovelace".to_owned(),
        emails: vec!["ada@example.org".parse().unwrap()],
        mode: None,
        pin: Some("482913".into()),
    };
    accounts(bed).add_user(tenant, new).await.unwrap();
    accounts(bed).add_number(tenant, &extension("1001"), "+15550100", Some("Sales")).await.unwrap();
}

const TABLE: &str = "extension,first,last,email,numbers,pin\n\
    1001,Ada,King,,+15550100|+1555 0101,739146\n\
    1002,Bob,Babbage,bob@example.org,+15550200,482913\n\
    1003,Grace,Hopper,,,\n";

// 002-087 … 002-089
async fn an_import_adds_and_changes_and_can_be_taken_back(bed: Bed) {
    let tenant = bed.tenant("office").await;
    ada(&bed, tenant).await;
    let before = accounts(&bed).show(tenant, &extension("1001")).await.unwrap();
    let pin = bed.store.pin_hash(tenant, before.mailbox.id).await.unwrap();
    let steps = Mutex::new(Vec::new());
    let told = |step| steps.lock().unwrap().push(step);
    let done = imports(&bed).apply(tenant, &table(TABLE), "users.csv", &told).await.unwrap();
    let import = done.import.unwrap();
    assert_eq!((import.added, import.changed, import.unchanged), (2, 1, 0));
    let steps = steps.into_inner().unwrap();
    assert!(
        steps.contains(&Progress::Hashing(2, 2)) && steps.last() == Some(&Progress::Writing(3, 3)),
        "{steps:?}"
    );

    let bob = accounts(&bed).show(tenant, &extension("1002")).await.unwrap();
    assert_eq!((bob.user.full_name().as_str(), bob.has_pin, bob.numbers.len()), ("Bob Babbage", true, 1));
    assert_eq!(bob.mailbox.recipients[0].mode, MailMode::Link);
    let king = accounts(&bed).show(tenant, &extension("1001")).await.unwrap();
    assert_eq!((king.user.last.as_str(), king.numbers.len()), ("King", 2));
    assert_eq!(king.user.emails, before.user.emails, "an empty cell leaves what is there");
    assert_ne!(bed.store.pin_hash(tenant, before.mailbox.id).await.unwrap(), pin);
    let again = imports(&bed)
        .preview(tenant, &table(&TABLE.replace("739146", "").replace("482913", "")))
        .await
        .unwrap();
    assert!(again.rows.iter().all(|row| row.what == What::Unchanged), "{again:?}");

    let message = bed.message(&Home { tenant, user: bob.user.clone(), mailbox: bob.mailbox.clone() });
    bed.store.deposit(&message, &[]).await.unwrap();
    imports(&bed).roll_back(tenant, import.id, false).await.unwrap();
    assert_eq!(accounts(&bed).show(tenant, &extension("1001")).await.unwrap(), before);
    assert_eq!(bed.store.pin_hash(tenant, before.mailbox.id).await.unwrap(), pin);
    assert_eq!(accounts(&bed).list(tenant).await.unwrap().len(), 1);
    let trashed = bed.store.messages(tenant, bob.mailbox.id, Folder::Trash).await.unwrap();
    assert_eq!(trashed.len(), 1, "what was left meanwhile is not lost");
    let twice = imports(&bed).roll_back(tenant, import.id, false).await;
    assert!(matches!(twice, Err(ImportError::BackAlready(_))), "{twice:?}");
    let listed = imports(&bed).list(tenant).await.unwrap();
    assert_eq!((listed[0].label.as_str(), listed[0].can_roll_back), ("users.csv", false));
    // The numbers are free again.
    let again = imports(&bed).apply(tenant, &table(TABLE), "again", &|_| ()).await.unwrap();
    assert_eq!(again.import.unwrap().added, 2);
}

async fn a_faulty_row_keeps_every_row_out(bed: Bed) {
    let tenant = bed.tenant("office").await;
    ada(&bed, tenant).await;
    let revision = bed.store.revision().await.unwrap();
    let faulty = TABLE.replace("+15550200", "+15550100");
    let refused = imports(&bed).apply(tenant, &table(&faulty), "x", &|_| ()).await;
    assert!(matches!(refused, Err(ImportError::Faults(1))), "{refused:?}");
    assert_eq!(bed.store.revision().await.unwrap(), revision);
    assert_eq!(imports(&bed).list(tenant).await.unwrap(), []);
}

async fn what_changed_since_holds_a_rollback_up(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let import = imports(&bed).apply(tenant, &table(TABLE), "x", &|_| ()).await.unwrap().import.unwrap();
    accounts(&bed).add_number(tenant, &extension("1003"), "hopper", None).await.unwrap();
    let refused = imports(&bed).roll_back(tenant, import.id, false).await.unwrap_err();
    assert!(
        matches!(&refused, ImportError::ChangedSince(since) if *since == ["mailbox 1003"]),
        "{refused:?}"
    );
    assert_eq!(accounts(&bed).list(tenant).await.unwrap().len(), 3, "nothing was taken back");
    imports(&bed).roll_back(tenant, import.id, true).await.unwrap();
    assert_eq!(accounts(&bed).list(tenant).await.unwrap(), []);
}

async fn two_imports_at_once_are_one_after_the_other(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let second =
        Imports::new(bed.second.clone(), bed.clock.clone(), MailboxDefaults::default(), PinPolicy::usual());
    let (one, two) = (table("extension,last\n1001,A\n1002,A\n"), table("extension,last\n1002,B\n1003,B\n"));
    let first = imports(&bed);
    let (one, two) =
        tokio::join!(first.apply(tenant, &one, "one", &|_| ()), second.apply(tenant, &two, "two", &|_| ()));
    let (one, two) = (one.unwrap().import.unwrap(), two.unwrap().import.unwrap());
    assert_eq!(one.added + two.added, 3, "the later one changes what the earlier one added");
    assert_eq!(one.changed + two.changed, 1);
    assert_eq!(accounts(&bed).list(tenant).await.unwrap().len(), 3);
}

async fn ten_thousand_rows_are_imported_whole(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let rows: String =
        (0..10_000).map(|n| format!("{},First{n},Last,u{n}@example.org\n", 100_000 + n)).collect();
    let table = table(&format!("extension,first,last,email\n{rows}"));
    let done = imports(&bed).apply(tenant, &table, "all", &|_| ()).await.unwrap();
    assert_eq!(done.import.unwrap().added, 10_000);
    assert_eq!(accounts(&bed).list(tenant).await.unwrap().len(), 10_000);
    let preview = imports(&bed).preview(tenant, &table).await.unwrap();
    assert!(preview.rows.iter().all(|row| row.what == What::Unchanged));
}

async fn an_import_of_another_tenant_is_none(bed: Bed) {
    let (tenant, other) = (bed.tenant("one").await, bed.tenant("two").await);
    let import = imports(&bed).apply(tenant, &table(TABLE), "x", &|_| ()).await.unwrap().import.unwrap();
    assert_eq!(imports(&bed).list(other).await.unwrap(), []);
    let refused = imports(&bed).roll_back(other, import.id, true).await;
    assert!(matches!(refused, Err(ImportError::NoImport(_))), "{refused:?}");
    assert_eq!(accounts(&bed).list(tenant).await.unwrap().len(), 3);
}

fn somebody(tenant: TenantId, role: Role, user: u128) -> Actor {
    Actor {
        tenant,
        user: Some(UserId::from_uuid(uuid::Uuid::from_u128(user))),
        mailbox: Some(MailboxId::from_uuid(uuid::Uuid::from_u128(user))),
        role,
        owes_factor: false,
        door: Door::Session(aftertone::domain::SessionId::from_uuid(uuid::Uuid::from_u128(user))),
        name: "Somebody".to_owned(),
    }
}

async fn uploaded(imports: &Imports, actor: &Actor, text: &str) -> DraftId {
    let file = bytes::Bytes::from(text.to_owned());
    imports.upload(actor, actor.tenant, "users.csv", file).await.unwrap().id
}

/// Waits until the import of a draft is over, well or not.
async fn over(imports: &Imports, actor: &Actor, id: DraftId) -> aftertone::store::ImportDraft {
    for _ in 0..600 {
        let draft = imports.draft(actor, actor.tenant, id).await.unwrap();
        if draft.applying.is_none() {
            return draft;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the import did not end");
}

// 002-089
async fn a_draft_is_mended_in_place_imported_once_and_says_what_became_of_it(bed: Bed) {
    let tenant = bed.tenant("office").await;
    ada(&bed, tenant).await;
    let (imports, actor) = (imports(&bed), somebody(tenant, Role::TenantAdmin, 7));
    let text = format!("{TABLE}1004,X,Y,no address,,1234\n\"10\n05\",,,,,\n9,,,,,\n");
    let id = uploaded(&imports, &actor, &text).await;
    let looked = imports.look_at(&actor, tenant, id).await.unwrap();
    assert_eq!((looked.preview.rows.len(), looked.preview.faults()), (6, 3), "{:?}", looked.preview);
    let faulty: Vec<u32> = looked
        .preview
        .rows
        .iter()
        .filter(|row| matches!(row.what, What::Fault(_)))
        .map(|row| row.line)
        .collect();
    assert_eq!(faulty, [5, 6, 8], "lines as an editor counts them");
    assert!(matches!(imports.begin(&actor, tenant, id).await, Ok(())));
    let draft = over(&imports, &actor, id).await;
    assert!(draft.trouble.unwrap().contains("3 of the rows have faults") && !draft.has_result);

    let cells = |cells: &[(usize, &str)]| {
        Mending::Cells(cells.iter().map(|(place, text)| (*place, (*text).to_owned())).collect())
    };
    let wrong = vec![(5, cells(&[(3, "x@example.org")])), (6, cells(&[(77, "x")]))];
    assert!(matches!(imports.mend(&actor, tenant, id, wrong).await, Err(ImportError::Cell(6))));
    let wrong = vec![(7, Mending::LeaveOut)];
    assert!(matches!(imports.mend(&actor, tenant, id, wrong).await, Err(ImportError::NoRow(7))));
    let again = imports.look_at(&actor, tenant, id).await.unwrap();
    assert_eq!(again.preview, looked.preview, "all of a mending or nothing of it");

    let right = vec![
        (5, cells(&[(3, " x@example.org "), (5, "7391")])),
        (6, cells(&[(0, "1005")])),
        (8, Mending::LeaveOut),
    ];
    imports.mend(&actor, tenant, id, right).await.unwrap();
    let looked = imports.look_at(&actor, tenant, id).await.unwrap();
    assert_eq!((looked.preview.rows.len(), looked.preview.faults()), (5, 0), "{:?}", looked.preview);
    // What is left out stays with the draft, and can be taken in again.
    assert_eq!(looked.left_out.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [8]);
    for (line, wrong) in [(8, Mending::LeaveOut), (8, cells(&[(0, "1009")])), (2, Mending::TakeIn)] {
        let refused = imports.mend(&actor, tenant, id, vec![(line, wrong)]).await;
        assert!(matches!(refused, Err(ImportError::NoRow(named)) if named == line), "{refused:?}");
    }
    imports.mend(&actor, tenant, id, vec![(8, Mending::TakeIn)]).await.unwrap();
    assert_eq!(imports.look_at(&actor, tenant, id).await.unwrap().preview.faults(), 1);
    let looked = imports.result(&actor, tenant, id).await.unwrap();
    assert!(looked.contains(",not imported,would be added") && !looked.contains("left out"), "{looked}");
    imports.mend(&actor, tenant, id, vec![(8, Mending::LeaveOut)]).await.unwrap();
    imports.begin(&actor, tenant, id).await.unwrap();
    let twice = imports.begin(&actor, tenant, id).await;
    assert!(matches!(twice, Err(ImportError::Busy)), "{twice:?}");
    let draft = over(&imports, &actor, id).await;
    assert!(draft.has_result && draft.trouble.is_none(), "{draft:?}");
    let made = imports.list(tenant).await.unwrap();
    assert_eq!((made.len(), made[0].added, made[0].changed), (1, 4, 1));
    assert_eq!(draft.import, Some(made[0].id));
    let x = accounts(&bed).show(tenant, &extension("1004")).await.unwrap();
    assert_eq!((x.user.emails[0].as_str(), x.has_pin), ("x@example.org", true));
    let result = imports.result(&actor, tenant, id).await.unwrap();
    assert!(result.contains("1004,X,Y,x@example.org,,,added,") && !result.contains("7391"), "{result}");
    assert!(result.contains("9,,,,,,left out,"), "{result}");
    assert_eq!(bed.store.draft_rows(tenant, id).await.unwrap(), [], "no PIN stays behind");
    assert_eq!(bed.store.draft_rows_left_out(tenant, id).await.unwrap(), []);
    let late = imports.mend(&actor, tenant, id, vec![(5, Mending::LeaveOut)]).await;
    assert!(matches!(late, Err(ImportError::Busy)), "{late:?}");
    let audit = bed.store.audit(tenant, None, 9).await.unwrap();
    assert_eq!((audit[0].action.as_str(), audit[0].actor.as_str()), ("users.imported", "Somebody"));
}

async fn a_draft_is_its_uploaders_alone_and_goes_after_a_day(bed: Bed) {
    let (tenant, elsewhere) = (bed.tenant("office").await, bed.tenant("elsewhere").await);
    let (imports, actor) = (imports(&bed), somebody(tenant, Role::OfficeManager, 7));
    let id = uploaded(&imports, &actor, TABLE).await;
    assert_eq!(imports.drafts(&actor, tenant).await.unwrap().len(), 1);
    let strangers = [somebody(tenant, Role::TenantAdmin, 8), somebody(elsewhere, Role::OfficeManager, 7)];
    for stranger in &strangers {
        let tenant = stranger.tenant;
        assert_eq!(imports.drafts(stranger, tenant).await.unwrap(), []);
        let refusals = [
            imports.look_at(stranger, tenant, id).await.map(drop),
            imports.mend(stranger, tenant, id, vec![(2, Mending::LeaveOut)]).await,
            imports.begin(stranger, tenant, id).await,
            imports.give_up(stranger, tenant, id).await,
            imports.result(stranger, tenant, id).await.map(drop),
        ];
        for refused in refusals {
            assert!(matches!(refused, Err(ImportError::NoDraft)), "{refused:?}");
        }
    }
    for _ in 0..19 {
        uploaded(&imports, &actor, TABLE).await;
    }
    let more = imports.upload(&actor, tenant, "x", bytes::Bytes::from(TABLE)).await;
    assert!(matches!(more, Err(ImportError::TooManyDrafts(20))), "{more:?}");
    imports.give_up(&actor, tenant, id).await.unwrap();
    assert_eq!(bed.store.draft_rows(tenant, id).await.unwrap(), []);
    let kept = uploaded(&imports, &actor, TABLE).await;
    bed.clock.advance(Duration::from_secs(23 * 3600));
    imports.mend(&actor, tenant, kept, vec![(2, Mending::LeaveOut)]).await.unwrap();
    bed.clock.advance(Duration::from_secs(2 * 3600));
    let left = imports.drafts(&actor, tenant).await.unwrap();
    assert_eq!(left.iter().map(|draft| draft.id).collect::<Vec<_>>(), [kept], "who works on it keeps it");
    bed.clock.advance(Duration::from_secs(24 * 3600));
    assert!(matches!(imports.draft(&actor, tenant, kept).await, Err(ImportError::NoDraft)));
    bed.store.purge_drafts(bed.clock.now()).await.unwrap();
    assert_eq!(bed.store.draft_rows(tenant, kept).await.unwrap(), []);
}

async fn a_draft_that_cannot_be_imported_says_why_and_waits(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let (imports, actor) = (imports(&bed), somebody(tenant, Role::TenantAdmin, 7));
    for (file, expected) in [("", "empty"), ("first,last\nA,B\n", "no column is named extension")] {
        let refused = imports.upload(&actor, tenant, "x", bytes::Bytes::from(file)).await.unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
    }
    let id = uploaded(&imports, &actor, "extension,numbers\n1002,+15550100\n").await;
    assert_eq!(imports.look_at(&actor, tenant, id).await.unwrap().preview.faults(), 0);
    // Somebody else takes the number before it is imported.
    ada(&bed, tenant).await;
    imports.begin(&actor, tenant, id).await.unwrap();
    let draft = over(&imports, &actor, id).await;
    assert!(draft.trouble.unwrap().contains("1 of the rows have faults"), "{:?}", draft.id);
    assert_eq!(accounts(&bed).list(tenant).await.unwrap().len(), 1);
    assert_eq!(imports.look_at(&actor, tenant, id).await.unwrap().preview.faults(), 1);
}

async fn an_import_that_died_with_its_server_is_begun_again(bed: Bed) {
    let tenant = bed.tenant("office").await;
    let (imports, actor) = (imports(&bed), somebody(tenant, Role::TenantAdmin, 7));
    let id = uploaded(&imports, &actor, "extension\n1002\n").await;
    let now = bed.clock.now();
    let later = now + Duration::from_secs(24 * 3600);
    assert!(bed.store.begin_draft(tenant, id, now - Duration::from_secs(900), later).await.unwrap());
    assert!(matches!(imports.begin(&actor, tenant, id).await, Err(ImportError::Busy)));
    bed.clock.advance(Duration::from_secs(16 * 60));
    imports.begin(&actor, tenant, id).await.unwrap();
    assert!(over(&imports, &actor, id).await.has_result);
    assert_eq!(accounts(&bed).list(tenant).await.unwrap().len(), 1);
}

// 002-001
async fn nobody_imports_over_or_takes_back_somebody_above(bed: Bed) {
    let tenant = bed.tenant("office").await;
    ada(&bed, tenant).await;
    let user = accounts(&bed).show(tenant, &extension("1001")).await.unwrap().user.id;
    let import = imports(&bed).apply(tenant, &table(TABLE), "x", &|_| ()).await.unwrap().import.unwrap();
    let mut login = bed.store.login(tenant, user).await.unwrap();
    login.role = Role::TenantAdmin;
    bed.store.put_login(&login).await.unwrap();
    let manager = imports(&bed).up_to(Role::OfficeManager);
    let over = "extension,email\n1001,eve@example.org\n";
    assert_eq!(manager.preview(tenant, &table(over)).await.unwrap().faults(), 1);
    assert!(matches!(manager.apply(tenant, &table(over), "x", &|_| ()).await, Err(ImportError::Faults(1))));
    let refused = manager.roll_back(tenant, import.id, true).await;
    assert!(matches!(&refused, Err(ImportError::Above(who)) if *who == extension("1001")), "{refused:?}");
    let king = accounts(&bed).show(tenant, &extension("1001")).await.unwrap();
    assert_eq!(king.user.last, "King");
    imports(&bed).up_to(Role::TenantAdmin).roll_back(tenant, import.id, false).await.unwrap();
}

// 002-011
async fn an_import_is_taken_back_only_by_who_may_change_what_it_wrote(bed: Bed) {
    let tenant = bed.tenant("office").await;
    ada(&bed, tenant).await;
    let written = async |text: &str| {
        imports(&bed).apply(tenant, &table(text), "x", &|_| ()).await.unwrap().import.unwrap().id
    };
    let (policy, manager) = (TenantPolicy::default(), somebody(tenant, Role::OfficeManager, 7));
    let of = |acts: &[Act]| {
        let door = Door::Key(KeyId::from_uuid(bed.clock.uuid()), acts.to_vec());
        imports(&bed).of(&Actor { door, role: Role::TenantAdmin, ..manager.clone() }, &policy)
    };
    let rescue = written("extension,E911 address\n1001,2 Side St\n").await;
    for imports in [imports(&bed).of(&manager, &policy), of(&[Act::UsersWrite, Act::PhonesWrite])] {
        let refused = imports.roll_back(tenant, rescue, true).await;
        assert!(matches!(&refused, Err(ImportError::Emergency(who)) if who == "1001"), "{refused:?}");
    }
    let ada = accounts(&bed).show(tenant, &extension("1001")).await.unwrap().user.profile;
    assert_eq!(ada.emergency_address.as_deref(), Some("2 Side St"));
    of(&[Act::UsersWrite, Act::Emergency]).roll_back(tenant, rescue, false).await.unwrap();

    let phones = written("extension,phone,mac\n1001,1001a,0004f2aabbcc\n").await;
    let refused = of(&[Act::UsersWrite, Act::Emergency]).roll_back(tenant, phones, true).await;
    assert!(matches!(refused, Err(ImportError::Phones)), "{refused:?}");
    assert_eq!(bed.store.handset_page(tenant, "", "", 9).await.unwrap().len(), 1);
    imports(&bed).of(&manager, &policy).roll_back(tenant, phones, false).await.unwrap();
    assert_eq!(bed.store.handset_page(tenant, "", "", 9).await.unwrap(), []);

    // What it did not write is nobody's hindrance.
    let name = written("extension,last\n1001,Queen\n").await;
    of(&[Act::UsersWrite]).roll_back(tenant, name, false).await.unwrap();
}

async fn a_user_id_that_is_somebodys_address_by_now_holds_a_rollback_up(bed: Bed) {
    let home = bed.home("1001").await;
    let mut ada = home.user.clone();
    ada.profile.login = Some("countess@example.org".to_owned());
    bed.store.put_user(&ada).await.unwrap();
    let file = table("extension,login\n1001,-\n");
    let done = imports(&bed).apply(home.tenant, &file, "x", &|_| {}).await.unwrap();
    let id = done.import.unwrap().id;
    let mut grace = bed.person(home.tenant, "1002");
    grace.user.emails = vec!["Countess@example.org".parse().unwrap()];
    bed.store.add_user(&grace.user, &grace.mailbox, None).await.unwrap();
    let held = imports(&bed).roll_back(home.tenant, id, false).await;
    assert!(matches!(&held, Err(ImportError::ChangedSince(names)) if names == &["mailbox 1001"]), "{held:?}");
    grace.user.emails.clear();
    bed.store.put_user(&grace.user).await.unwrap();
    imports(&bed).roll_back(home.tenant, id, false).await.unwrap();
    let back = bed.store.user(home.tenant, ada.id).await.unwrap();
    assert_eq!(back.profile.login.as_deref(), Some("countess@example.org"));
}
