//! Tables as programs write them, what they would change, and what is refused.

use proptest::prelude::*;

use super::plan::{World, plan};
use super::*;
use crate::clock::ManualClock;
use crate::domain::{MailboxId, TenantId, User, UserId};
use crate::store::Number;

fn table(text: &str) -> Table {
    Table::read(text.as_bytes()).unwrap()
}

/// One user, Ada at 1001, with a number.
fn world() -> World {
    let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(1));
    let user = User {
        id: UserId::from_uuid(uuid::Uuid::from_u128(2)),
        tenant,
        first: "Ada".to_owned(),
        last: "Lovelace".to_owned(),
        emails: vec!["ada@example.org".parse().unwrap()],
        profile: crate::domain::Profile::default(),
        created_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let defaults = MailboxDefaults::default();
    let id = MailboxId::from_uuid(uuid::Uuid::from_u128(3));
    let mut mailbox = defaults.mailbox(id, tenant, "1001".parse().unwrap(), user.created_at);
    mailbox.user = Some(user.id);
    mailbox.recipients = vec![crate::domain::Recipient {
        address: user.emails[0].clone(),
        mode: crate::domain::MailMode::Link,
    }];
    let number = Number { tenant, number: "+15550100".to_owned(), mailbox: id, label: None, greeting: None };
    World {
        tenant,
        users: vec![(user, Some(mailbox))],
        numbers: vec![number],
        defaults,
        policy: PinPolicy::usual(),
        extensions: crate::domain::ExtensionPlan { shortest: 3, ..crate::domain::ExtensionPlan::default() },
        languages: vec!["en".to_owned()],
        above: HashSet::new(),
        handsets: Vec::new(),
        has_phones: true,
        denied: Vec::new(),
        no_new: None,
        elsewhere: HashSet::from(["other.example".to_owned()]),
    }
}

fn look(text: &str) -> Preview {
    let clock = ManualClock::new(jiff::Timestamp::UNIX_EPOCH, 1);
    plan(&world(), &table(text), clock.as_ref()).unwrap().0
}

/// `column: why` of the faults of the only row.
fn faults(row: &str) -> Vec<String> {
    let header = "extension,first,email,mail,pin,numbers,zone,language,operator,enabled";
    match &look(&format!("{header}\n{row}\n")).rows[0].what {
        What::Fault(faults) => {
            faults.iter().map(|fault| format!("{}: {}", fault.column.as_str(), fault.why)).collect()
        }
        other => panic!("{row}: {other:?}"),
    }
}

// 002-088
#[test]
fn encoding_and_separator_are_found() {
    let text = "Extension;Vorname;Nachname\r\n1001;Zoë;\"O'Brien; MD\"\r\n";
    let expected = vec![(2, vec!["1001".to_owned(), "Zoë".to_owned(), "O'Brien; MD".to_owned()])];
    let utf16 = |little: bool, mark: bool| -> Vec<u8> {
        let units = if mark { vec![0xfeff_u16] } else { Vec::new() };
        let units = units.into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    let windows: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), Encoding::Utf8),
        (["\u{feff}", text].concat().into_bytes(), Encoding::Utf8),
        (utf16(true, true), Encoding::Utf16Le),
        (utf16(false, true), Encoding::Utf16Be),
        (utf16(true, false), Encoding::Utf16Le),
        (utf16(false, false), Encoding::Utf16Be),
        (windows, Encoding::Windows1252),
    ] {
        let table = Table::read(&bytes).unwrap();
        assert_eq!((table.encoding, table.separator), (encoding, ';'));
        assert_eq!(table.rows, expected, "{encoding:?}");
    }
    assert_eq!(table("extension\tfirst, last\n1\tx").separator, '\t');
    assert_eq!(table("extension,\"first;last;a\"\n1,x").separator, ',');
    let told = table("sep=;\nextension,a;b\n1;2\n");
    assert_eq!((told.separator, told.rows[0].0), (';', 3));
}

#[test]
fn what_is_no_table_is_refused_with_its_line() {
    let refused = |bytes: &[u8]| Table::read(bytes).unwrap_err().to_string();
    assert!(refused(b"").contains("empty"));
    assert!(refused(b"\n\n  \n").contains("empty"));
    assert!(refused(b"PK\x03\x04\0\0\0\x08").contains("not text"));
    assert!(refused(&vec![b'x'; LARGEST + 1]).contains("larger than 10 MiB"));
    assert!(refused(b"extension,first\n1,2,3\n").starts_with("line 2: more cells"));
    let long = format!("extension,first\n1,\"{}\"\n", "x\n".repeat(2000));
    assert!(refused(long.as_bytes()).starts_with("line 2: a cell is longer"));
    assert!(refused(b"extension,\"first\n1,2\n").starts_with("line 1: a quote begins a cell"));
    assert!(refused(b"extension,first\n1,\"2,3\n").starts_with("line 2: a quote begins a cell"));
    let many = format!("extension\n{}", "1001\n".repeat(MOST_ROWS + 1));
    assert!(refused(many.as_bytes()).contains("more than 10000 rows"));
    let clock = ManualClock::new(jiff::Timestamp::UNIX_EPOCH, 1);
    let header =
        |text: &str| plan(&world(), &table(text), clock.as_ref()).err().map(|error| error.to_string());
    assert!(header("first,last\nAda,L\n").unwrap().contains("no column is named extension"));
    assert!(header("ext,extension\n1001,1001\n").unwrap().contains("two columns mean extension"));
}

// 002-089
#[test]
fn a_preview_says_row_by_row_what_would_change() {
    let preview = look(
        "Ext,First Name,last_name,E-Mail,Direct Number,Shoe size,pin\n\
         1001,Ada,King,,,41,\n\
         1001x,,,,,,\n\
         1002,Bob,Babbage,bob@example.org,+1 555 0200,42,482913\n",
    );
    assert_eq!(preview.ignored, ["Shoe size"]);
    assert_eq!(preview.faults(), 1);
    let last = Difference { column: Column::Last, old: "Lovelace".to_owned(), new: "King".to_owned() };
    assert_eq!(preview.rows[0].what, What::Change(vec![last]));
    assert!(matches!(preview.rows[1].what, What::Fault(_)));
    let What::Add(added) = &preview.rows[2].what else { panic!("{:?}", preview.rows[2]) };
    let told: Vec<_> = added.iter().map(|new| (new.column.as_str(), new.new.as_str())).collect();
    assert_eq!(
        told,
        [
            ("first", "Bob"),
            ("last", "Babbage"),
            ("email", "bob@example.org"),
            ("mail", "link"),
            ("pin", "(new PIN)"),
        ]
        .into_iter()
        .chain([("numbers", "+15550200")])
        .collect::<Vec<_>>()
    );
    assert_eq!(
        look("extension,first,email,numbers\n1001,Ada,ada@example.org,+15550100\n").rows[0].what,
        What::Unchanged
    );
    let cleared = look("extension,email,numbers\n1001,-,-\n");
    let What::Change(cleared) = &cleared.rows[0].what else { panic!("{cleared:?}") };
    assert!(cleared.iter().all(|difference| difference.new.is_empty() && !difference.old.is_empty()));
}

#[test]
fn a_fault_names_its_column_and_the_remedy() {
    for (row, expected) in [
        (",Ada,,,,,,,,", "extension: the extension is missing"),
        ("1,Ada,,,,,,,,", "extension: extension \"1\" is not valid: an extension has 2 to 10 digits"),
        ("1002,Ada,ada@,,,,,,,", "email: e-mail address \"ada@\" is not valid: it looks like"),
        ("1002,Ada,a@b.c A@b.c,,,,,,,", "email: the e-mail address A@b.c is given twice"),
        ("1002,Ada,a@b.c,fax,,,,,,", "mail: mail mode \"fax\" is not valid: choose none"),
        ("1002,Ada,,link,,,,,,", "mail: a mail mode needs an e-mail address"),
        ("1002,Ada,,,1234,,,,,", "pin: the PIN counts up or down"),
        ("1002,Ada,,,,+15550100,,,,", "numbers: +15550100 leads to mailbox 1001"),
        ("1002,Ada,,,,1001,,,,", "numbers: 1001 is the extension of a mailbox"),
        ("1002,Ada,,,,,Mars/Base,,,", "zone: zone \"Mars/Base\" is not valid: name an IANA zone"),
        ("1002,Ada,,,,,,tlh,,", "language: there are no prompts in it: choose one of en"),
        ("1002,Ada,,,,,,klingon,,", "language: language \"klingon\" is not valid"),
        ("1002,Ada,,,,,,,<script>,", "operator: operator \"<script>\" is not valid"),
        ("1002,Ada,,,,,,,,maybe", "enabled: choice \"maybe\" is not valid: write yes or no"),
    ] {
        let told = faults(row);
        assert!(told.iter().any(|fault| fault.starts_with(expected)), "{row}: {told:?}");
    }
    let twice = look("extension,numbers\n1002,+15550300\n1003,+15550300\n1002,\n");
    assert_eq!(twice.faults(), 2);
    assert!(!format!("{:?}", look("extension,pin\n1002,482913\n")).contains("482913"), "a PIN is shown");
}

// 002-088
#[test]
fn a_quote_that_is_never_closed_is_a_fault_of_its_row_alone() {
    let preview = look("extension;first;last;shoes\n1105;\"Quote;Name;b\n1106;\"Bob\";B;\n1107;C;D;\"x\n");
    let What::Fault(faults) = &preview.rows[0].what else { panic!("{preview:?}") };
    assert_eq!((faults.len(), faults[0].column), (1, Column::First), "{faults:?}");
    for said in ["line 2", "before \"Quote\"", "never closed", "take it away"] {
        assert!(faults[0].why.contains(said), "{faults:?}");
    }
    assert!(matches!(&preview.rows[1].what, What::Add(new) if new[0].new == "Bob"), "{preview:?}");
    assert!(matches!(&preview.rows[2].what, What::Fault(faults) if faults[0].why.contains("line 4")));
    let mended = look("extension;first;last;shoes\n1105;Quote;Name;b\n");
    assert_eq!(mended.faults(), 0);
}

// 002-089
#[test]
fn a_name_that_is_taken_away_is_empty_and_no_dash() {
    let preview = look("extension,first,last\n1002,-,Babbage\n1001,Ada,-\n");
    let What::Add(added) = &preview.rows[0].what else { panic!("{preview:?}") };
    assert_eq!((added[0].column, added[0].new.as_str()), (Column::Last, "Babbage"), "{added:?}");
    let What::Change(changed) = &preview.rows[1].what else { panic!("{preview:?}") };
    assert_eq!((changed[0].old.as_str(), changed[0].new.as_str()), ("Lovelace", ""), "{changed:?}");
}

// 002-001
#[test]
fn a_row_about_somebody_above_is_a_fault() {
    let mut world = world();
    world.above.insert(world.users[0].0.id);
    let clock = ManualClock::new(jiff::Timestamp::UNIX_EPOCH, 1);
    let table = table("extension,first\n1001,Eve\n1002,Eve\n");
    let (preview, drafts, _) = plan(&world, &table, clock.as_ref()).unwrap();
    let What::Fault(faults) = &preview.rows[0].what else { panic!("{preview:?}") };
    assert!(faults[0].why.contains("1001 is of Ada Lovelace, who is above you"), "{faults:?}");
    assert_eq!(drafts.len(), 1, "who is new is above nobody");
}

#[test]
fn a_result_makes_no_spreadsheet_compute_and_holds_no_pin() {
    let text = "extension,first,pin,numbers\n1002,=HYPERLINK(\"http://x\"),482913,+15550300\n1,@x,-1+1,\n";
    let table = table(text);
    let result = result_csv(&table, &look(text), &[], Done::Imported);
    assert!(!result.contains("482913"), "{result}");
    assert!(result.starts_with("\u{feff}extension,first,pin,numbers,result,message\r\n"), "{result}");
    let again = Table::read(result.as_bytes()).unwrap();
    assert_eq!(again.rows[0].1[..4], ["1002", "=HYPERLINK(\"http://x\")", "", "+15550300"]);
    assert_eq!((again.rows[0].1[4].as_str(), again.rows[1].1[4].as_str()), ("added", "error"));
    assert!(again.rows[1].1[5].contains("extension has 2 to 10 digits"));
    let mut raw = csv::ReaderBuilder::new().from_reader(result.as_bytes());
    for cell in raw.records().flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()) {
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
    }
}

// 002-089
#[test]
fn a_result_says_of_no_row_that_was_not_imported_that_it_was() {
    let text = "extension,first\n1001,Augusta\n1002,Bob\n1,x\n";
    let results = |done| {
        let result = Table::read(result_csv(&table(text), &look(text), &[], done).as_bytes()).unwrap();
        result.rows.into_iter().map(|(_, cells)| cells[2..].join(": ")).collect::<Vec<_>>()
    };
    let nothing = results(Done::Nothing);
    assert_eq!(nothing[..2], ["not imported: would be changed: first", "not imported: would be added"]);
    assert!(nothing[2].starts_with("error: extension"), "{nothing:?}");
    assert_eq!(results(Done::Imported)[..2], ["changed: first", "added: "]);
}

#[test]
fn the_template_is_itself_a_table_without_faults() {
    let template = template_csv();
    let preview = look(template.trim_start_matches('\u{feff}'));
    assert!(preview.ignored.is_empty());
    let World { users, .. } = world();
    assert_eq!(users.len(), 1);
    // Its example has the number of Ada's mailbox.
    assert_eq!(preview.faults(), 0, "{preview:?}");
}

proptest! {
    /// Whatever the cells are, a result is read again as they were, but for white space around them.
    #[test]
    fn a_result_reads_back(cells in prop::collection::vec("[ -~äß€=+@'\"\t\n,;-]{0,12}", 1..6)) {
        let header: Vec<String> = std::iter::once("extension".to_owned()).chain((1..=cells.len()).map(|n| format!("c{n}"))).collect();
        let row: Vec<String> = std::iter::once("1002".to_owned()).chain(cells).collect();
        // As reading leaves them.
        let mut table = Table { encoding: Encoding::Utf8, separator: ';', header: header.clone(), rows: vec![(2, vec![String::new(); header.len()])] };
        for (known, text) in table.rows[0].1.iter_mut().zip(&row) {
            *known = super::table::cell(text);
        }
        let fault = Row { line: 2, extension: "1002".to_owned(), what: What::Unchanged };
        let preview = Preview { rows: vec![fault], ignored: Vec::new() };
        let again = Table::read(result_csv(&table, &preview, &[], Done::Nothing).as_bytes()).unwrap();
        prop_assert_eq!(&again.rows[0].1[..header.len()], &table.rows[0].1[..]);
    }
}

/// Ada has a phone with a MAC address, and there is an adapter of nobody's with a number at its first port.
fn with_phones(text: &str) -> Preview {
    use crate::domain::{Handset, HandsetId, HandsetModel, HandsetSettings, Port};
    let mut world = world();
    let phone = |name: &str, mac: &str, model: &str, id: u128| Handset {
        id: HandsetId::from_uuid(uuid::Uuid::from_u128(id)),
        tenant: world.tenant,
        name: name.parse().unwrap(),
        mac: Some(mac.parse().unwrap()),
        model: HandsetModel::known(model).unwrap(),
        owner: None,
        site: String::new(),
        preference_group: Some(format!("g{id}")),
        settings: HandsetSettings::default(),
        ports: Vec::new(),
        changed_at: jiff::Timestamp::UNIX_EPOCH,
        applied_at: jiff::Timestamp::UNIX_EPOCH,
        reboot: None,
        created_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let mut own = phone("1001a", "0004f2000001", "generic", 71);
    own.owner = Some(UserId::from_uuid(uuid::Uuid::from_u128(2)));
    let mut adapter = phone("ata", "0004f2000002", "grandstream-ht802", 72);
    adapter.ports.push(Port { port: 1, number: Some("+15550109".to_owned()), appearances: 1 });
    world.handsets = vec![own, adapter];
    let clock = ManualClock::new(jiff::Timestamp::UNIX_EPOCH, 1);
    plan(&world, &table(text), clock.as_ref()).unwrap().0
}

/// 003-05, 003-07, 003-08, 003-11: what stands against a cell is said at that cell.
#[test]
fn what_is_wrong_with_a_phone_is_said_at_its_cell() {
    let header = "extension,direct,phone,model,mac,port,lines,preference_group";
    for (rows, column, why) in [
        ("1001,,,,nonsense,,,", "mac", "MAC address"),
        ("1001,,,brick,,,,", "model", "choose one of the list"),
        ("1001,,a b,,,,,", "phone", "letters"),
        ("1001,,1001a,,,0,,", "port", "from 1 on"),
        ("1001,,1001a,,,2,,", "port", "does not have so many ports"),
        ("1001,,1001a,,,,99,", "lines", "line appearances"),
        ("1001,,1001a,,0004.f200.0002,,,", "mac", "it is phone ata's"),
        ("1001,,other,,0004f2000001,,,", "phone", "is called 1001a"),
        ("1001,,1001a,,,,,g72", "preference_group", "need different ones"),
        ("1002,,,,,1,,", "phone", "say which phone"),
        ("1002,,1001a,,,,,", "phone", "somebody else's"),
        ("1002,+15550110,ata,,,1,,", "port", "choose another port"),
        ("1002,+15550109,1002a,generic,,,,", "direct", "take it away there first"),
        ("1002,+15550100,,,,,,", "direct", "leads to mailbox 1001"),
        ("1002,1001,,,,,,", "direct", "is the extension of a mailbox"),
        ("1002,,x,generic,0004f2000077,,,\n1003,,y,generic,0004f2000077,,,", "phone", "is called x"),
        ("1002,,ata,,,2,,\n1003,,ata,,,2,,", "port", "line 2 is about port 2"),
        ("1002,,ata,,,2,,\n1003,,ata,,,,,", "port", "say which of its 2 ports"),
        ("1002,+15550120,,,,,,\n1003,+15550120,,,,,,", "direct", "stands in line 2 already"),
    ] {
        let preview = with_phones(&format!("{header}\n{rows}\n"));
        let last = preview.rows.last().unwrap();
        match &last.what {
            What::Fault(faults) => {
                assert!(
                    faults.iter().any(|fault| fault.column.as_str() == column && fault.why.contains(why)),
                    "{rows}: {faults:?}"
                );
            }
            other => panic!("{rows}: {other:?}"),
        }
    }
}

// 003-05, 003-08
#[test]
fn what_a_bad_row_says_names_no_phone_that_is_not_there() {
    let header = "extension,direct,phone,model,mac,port,lines,preference_group";
    let told = |rows: &str| match &with_phones(&format!("{header}\n{rows}\n")).rows.last().unwrap().what {
        What::Fault(faults) => faults.iter().map(|fault| fault.why.clone()).collect::<Vec<_>>(),
        other => panic!("{rows}: {other:?}"),
    };
    let row = "1101,+15550140,,generic,0004f2000055,,,g9";
    let twice = told(&format!("{row}\n{row}"));
    assert!(twice.iter().any(|why| why.contains("line 2 is about 1101 already")), "{twice:?}");
    assert!(twice.iter().any(|why| why.contains("+15550140 stands in line 2 already")), "{twice:?}");
    assert!(!twice.iter().any(|why| why.contains("1101a") || why.contains("rings on")), "{twice:?}");
    let group = told("1101,,,generic,,,,g9\n1102,,,generic,,,,g9");
    assert!(group.iter().any(|why| why.contains("the phone of line 2 at this site has it")), "{group:?}");
    // The phone of a row that cannot be taken does not stand in the way of the next.
    let next = with_phones(&format!("{header}\n1101,,x,generic,,,99,\n1102,,x,generic,,,,\n"));
    assert!(matches!(next.rows[0].what, What::Fault(_)), "{next:?}");
    assert!(matches!(next.rows[1].what, What::Add(_)), "{next:?}");
}

/// 002-013, 003-06 … 003-12
#[test]
fn a_phone_is_found_by_name_or_address_or_is_the_only_one_and_a_new_one_gets_a_name() {
    let told = |text: &str| match &with_phones(text).rows[0].what {
        What::Add(differences) | What::Change(differences) => {
            let told = differences.iter().filter(|one| one.column > Column::Announce);
            told.map(|one| format!("{}: {} -> {}", one.column.as_str(), one.old, one.new)).collect::<Vec<_>>()
        }
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(told("extension,mac,template\n1001,00:04:F2:00:00:01,office\n"), ["template:  -> office"]);
    assert_eq!(told("extension,lines,phone_site\n1001,3,Rome\n"), ["lines: 1 -> 3", "phone_site:  -> Rome"]);
    assert_eq!(
        told(
            "Extension;Direct Number;Phone Model;MAC Address\n1002;+15550120;Grandstream HT802 (adapter);0004f2000009\n"
        ),
        [
            "phone:  -> 1002a",
            "model:  -> grandstream-ht802",
            "mac:  -> 00:04:f2:00:00:09",
            "port:  -> 1: +15550120"
        ]
    );
    assert_eq!(told("extension,phone,preference_group\n1001,1001a,-\n"), ["preference_group: g71 -> "]);
    let unchanged = with_phones("extension,phone,model\n1001,1001a,generic\n");
    assert_eq!(unchanged.rows[0].what, What::Unchanged);
}

/// 003-05: a phone that stands in a hall; it is found, added and changed without anybody.
#[test]
fn a_row_without_an_extension_is_about_a_phone_that_is_nobodys() {
    let clock = ManualClock::new(jiff::Timestamp::UNIX_EPOCH, 1);
    let text = "phone,model,mac,phone_site\nhall-1,generic,0004f2000011,Berlin\nhall-2,generic,,\n";
    let (preview, drafts, phones) = plan(&world(), &table(text), clock.as_ref()).unwrap();
    assert!(drafts.is_empty() && matches!(preview.rows[0].what, What::Add(_)), "{preview:?}");
    assert!(preview.rows.iter().all(|row| row.extension.is_empty()));
    let hall: Vec<_> = phones.iter().map(|phone| phone.after.clone()).collect();
    assert_eq!((hall.len(), hall[0].owner, hall[0].site.as_str()), (2, None, "Berlin"));

    let known = World { handsets: hall, ..world() };
    let changed =
        "extension,first,phone,mac,phone_site\n,,,00:04:F2:00:00:11,Rome\n,,hall-2,,\n1001,Ada,,,\n";
    let (preview, _, phones) = plan(&known, &table(changed), clock.as_ref()).unwrap();
    let What::Change(differences) = &preview.rows[0].what else { panic!("{preview:?}") };
    assert_eq!((differences[0].old.as_str(), differences[0].new.as_str()), ("Berlin", "Rome"));
    assert_eq!(preview.rows[1].what, What::Unchanged);
    assert_eq!((phones.len(), phones[0].after.owner), (1, None));
    // Named by whoever gets it, it is theirs from then on.
    let (_, _, given) = plan(&known, &table("extension,phone\n1001,hall-2\n"), clock.as_ref()).unwrap();
    assert!(given[0].after.owner.is_some());
}

#[test]
fn what_a_phone_alone_cannot_be_is_said_beside_its_cell() {
    for (row, column, why) in [
        (",,,0004f2000012,,", "phone", "has a name of its own"),
        (",Ada,hall-1,,,", "first", "a phone alone"),
        (",,hall-1,,,+15550130", "direct", "a phone alone"),
        (",,1001a,,,", "phone", "is somebody's: write the extension"),
        (",,hall-1,zz,,", "mac", "MAC address"),
        (",,hall-1,,toaster,", "model", "model"),
        (",,,,generic,", "extension", "write it, or the name of a phone"),
    ] {
        let preview = with_phones(&format!("extension,first,phone,mac,model,direct\n{row}\n"));
        let What::Fault(faults) = &preview.rows[0].what else { panic!("{row}: {preview:?}") };
        let told = faults.iter().any(|fault| fault.column.as_str() == column && fault.why.contains(why));
        assert!(told, "{row}: {faults:?}");
    }
    let twice = with_phones("phone,model\nhall-1,generic\nhall-1,generic\n");
    assert!(
        matches!(&twice.rows[1].what, What::Fault(faults) if faults[0].why.contains("line 2")),
        "{twice:?}"
    );
    let clock = ManualClock::new(jiff::Timestamp::UNIX_EPOCH, 1);
    let blind = World { has_phones: false, ..world() };
    let (preview, _, phones) = plan(&blind, &table("phone\nhall-1\n"), clock.as_ref()).unwrap();
    assert!(phones.is_empty() && matches!(preview.rows[0].what, What::Fault(_)));
}

#[test]
fn who_does_not_reach_phones_imports_none() {
    let clock = ManualClock::new(jiff::Timestamp::UNIX_EPOCH, 1);
    let world = World { has_phones: false, ..world() };
    let (preview, _, phones) =
        plan(&world, &table("extension,phone,model\n1002,x,generic\n1003,,\n"), clock.as_ref()).unwrap();
    assert!(phones.is_empty());
    match &preview.rows[0].what {
        What::Fault(faults) => {
            assert_eq!(faults.len(), 2);
            assert!(faults[0].why.contains("does not reach phones"));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(preview.rows[1].what, What::Add(_)));
}

// 002-006
#[test]
fn a_new_extension_that_is_too_short_for_the_tenant_is_a_fault_of_its_row() {
    let preview = look("extension,first\n12,New\n1001,Ada\n");
    let What::Fault(faults) = &preview.rows[0].what else { panic!("{:?}", preview.rows[0]) };
    assert!(faults[0].why.contains("extensions are longer here"), "{faults:?}");
    assert!(!matches!(preview.rows[1].what, What::Fault(_)), "{:?}", preview.rows[1]);
}

/// 003-02: nobody's way in is taken by a file, whichever way round and whichever line comes first.
#[test]
fn a_user_id_is_nobody_elses_address_and_an_address_nobody_elses_user_id() {
    let mut world = world();
    world.users[0].0.profile.login = Some("countess@example.org".to_owned());
    let why = |text: &str| {
        let clock = ManualClock::new(jiff::Timestamp::UNIX_EPOCH, 1);
        let preview = plan(&world, &table(text), clock.as_ref()).unwrap().0;
        match &preview.rows.last().unwrap().what {
            What::Fault(faults) => {
                faults.iter().map(|fault| format!("{}: {}", fault.column.as_str(), fault.why)).collect()
            }
            _ => String::new(),
        }
    };
    for (text, column) in [
        ("extension,login\n1002,Ada@example.org\n", "login"),
        ("extension,email\n1002,Countess@example.org\n", "email"),
        ("extension,email,login\n1002,b@example.org,\n1003,,b@example.org\n", "login"),
        ("extension,email,login\n1002,,b@example.org\n1003,B@example.org,\n", "email"),
    ] {
        let why = why(text);
        assert!(why.starts_with(&format!("{column}: ")) && why.contains("somebody else"), "{text}: {why}");
    }
    // The own address may be the own user ID, and two people may share one for their mail.
    for text in [
        "extension,login\n1001,ada@example.org\n",
        "extension,email\n1001,countess@example.org\n",
        "extension,email\n1002,ada@example.org\n",
    ] {
        assert_eq!(why(text), "", "{text}");
    }
}
