//! Profiles: those of the program are proved, and a profile that nobody could live with is refused with its reasons.

use super::*;

fn faults(text: &str) -> String {
    Profile::parse("mine", text).unwrap_err().to_string()
}

#[test]
fn every_profile_of_the_program_is_proved() {
    for (name, text) in BUILT_IN {
        let profile = Profile::parse(name, text).unwrap_or_else(|faults| panic!("{name}: {faults}"));
        assert!(!card(&profile).is_empty() && Profile::built_in(name).is_some());
    }
}

#[test]
fn nothing_waits_in_the_default_profile_and_cisco_announces_what_does() {
    let default = Profile::built_in("default").unwrap();
    let waiting = |profile: &Profile| {
        card(profile).into_iter().flat_map(|menu| menu.keys).filter(|line| line.waits).count()
    };
    assert_eq!(waiting(&default), 0);
    let cisco = Profile::built_in("cisco").unwrap();
    assert_eq!(waiting(&cisco), 5, "1 and # while playing, 1 after a message, 7 and 9 in the directory");
    assert_eq!(cisco.meaning(Menu::Playing, "#"), Meaning::Wait(Some(Command::End)));
    assert_eq!(cisco.meaning(Menu::Playing, "#6"), Meaning::Command(Command::MarkNew));
    assert_eq!(cisco.meaning(Menu::Main, "3"), Meaning::Wait(None));
    assert_eq!(cisco.meaning(Menu::Main, "39"), Meaning::Nothing);
}

#[test]
fn the_common_keys_are_those_of_each_system() {
    let key = |profile: &str, menu, keys: &str| match Profile::built_in(profile).unwrap().meaning(menu, keys)
    {
        Meaning::Command(command) | Meaning::Wait(Some(command)) => command,
        other => panic!("{profile} {menu:?} {keys}: {other:?}"),
    };
    assert_eq!(key("default", Menu::Playing, "7"), Command::Delete);
    assert_eq!(key("asterisk", Menu::After, "7"), Command::Delete);
    assert_eq!(key("asterisk", Menu::Playing, "*"), Command::Rewind);
    assert_eq!(key("asterisk", Menu::After, "9"), Command::SaveTo);
    assert_eq!(key("freeswitch", Menu::After, "2"), Command::Save);
    assert_eq!(key("freeswitch", Menu::Playing, "0"), Command::Pause);
    assert_eq!(key("cisco", Menu::After, "3"), Command::Delete);
    assert_eq!(key("cisco", Menu::Playing, "8"), Command::Pause);
}

#[test]
fn a_profile_of_ones_own_changes_menus_of_another() {
    let text = "title = \"Mine\"\nextends = \"default\"\n[playing]\nkeys = { 3 = \"delete\", 7 = \"rewind\", \"*\" = \"back\", \"#\" = \"end\" }";
    let mine = Profile::parse("mine", text).unwrap();
    assert_eq!(mine.meaning(Menu::Playing, "3"), Meaning::Command(Command::Delete));
    assert_eq!(mine.meaning(Menu::Main, "5"), Meaning::Command(Command::Settings));
}

#[test]
fn the_ways_of_a_system_are_taken_over_with_its_keys_unless_the_text_says_otherwise() {
    let ways = |text: &str| {
        let mine = Profile::parse("mine", &format!("title = \"Mine\"\n{text}")).unwrap();
        (mine.star_joins(), mine.saves_unasked())
    };
    assert_eq!(ways("extends = \"default\""), (false, false));
    assert_eq!(ways("extends = \"asterisk\""), (true, false));
    assert_eq!(ways("extends = \"freeswitch\""), (false, true));
    assert_eq!(ways("star_joins = true\nsaves_unasked = false\nextends = \"freeswitch\""), (true, false));
}

#[test]
fn a_key_that_would_wait_must_be_announced() {
    let base = "title = \"Mine\"\nextends = \"default\"\n[after]\nkeys = { 1 = \"again\", 18 = \"delete\", 0 = \"help\", \"*\" = \"back\" }\n";
    assert!(faults(base).contains("1 begins a longer sequence"), "{}", faults(base));
    assert!(Profile::parse("mine", &format!("{base}waits = [\"1\"]\n")).is_ok());
    assert!(faults(&format!("{base}waits = [\"1\", \"0\"]\n")).contains("begins no longer sequence"));
}

#[test]
fn a_menu_without_help_or_way_out_is_refused() {
    let text = |menu: &str| format!("title = \"Mine\"\nextends = \"default\"\n{menu}");
    let stuck = text("[greeting]\nkeys = { 1 = \"listen\", 3 = \"record\", 0 = \"help\" }");
    // Recording leads to the review menu and out again, so this is no dead end; without it there is none.
    assert!(Profile::parse("mine", &stuck).is_ok());
    let stuck = text("[greeting]\nkeys = { 1 = \"listen\", 4 = \"switch\" }");
    assert!(faults(&stuck).contains("no way out") && faults(&stuck).contains("does not lead to help"));
    let no_exit = text(
        "[main]\nkeys = { 1 = \"new\", 2 = \"saved\", 4 = \"trash\", 5 = \"settings\" }\n[settings]\nkeys = { 1 = \"greetings\", 3 = \"pin\" }\n[greetings]\nkeys = { 1 = \"standard\" }\n[greeting]\nkeys = { 3 = \"record\", \"*\" = \"back\" }",
    );
    assert!(faults(&no_exit).contains("\"exit\""), "{}", faults(&no_exit));
}

#[test]
fn what_cannot_be_is_named_with_what_could() {
    let text = |menu: &str| format!("title = \"Mine\"\nextends = \"default\"\n{menu}");
    assert!(faults(&text("[mian]\nkeys = { 1 = \"new\" }")).contains("choose main"));
    assert!(faults(&text("[main]\nkeys = { 1 = \"nwe\" }")).contains("choose new"));
    assert!(faults(&text("[greeting]\nkeys = { 1 = \"delete\" }")).contains("cannot be done in this menu"));
    assert!(faults(&text("[main]\nkeys = { 1a = \"new\" }")).contains("one to 3 of the keys"));
    assert!(faults(&text("[main]\nkeys = { 1234 = \"new\" }")).contains("one to 3 of the keys"));
    assert!(faults("title = \"Mine\"").contains("[main] is missing"));
    assert!(faults("title = \"Mine\"\nextends = \"mitel\"").contains("choose default"));
    assert!(faults("nonsense").contains("nonsense") || !faults("nonsense").is_empty());
}

#[test]
fn the_operator_has_no_key_with_letters_in_the_directory() {
    let text = "title = \"Mine\"\nextends = \"default\"\n[directory]\nkeys = { 1 = \"this-person\", 9 = \"operator\", \"#\" = \"repeat\" }";
    assert!(faults(text).contains("choose 0"), "{}", faults(text));
    assert!(Profile::parse("mine", &text.replace('9', "0")).is_ok());
}

#[test]
fn a_profile_without_the_directory_takes_the_keys_of_the_program() {
    let default = Profile::built_in("default").unwrap();
    let plain = include_str!("default.toml");
    let (before, _) = plain.split_once("# The keys of what was found.").unwrap();
    let mine = Profile::parse("mine", before).unwrap();
    assert!(mine.keys(Menu::Directory).eq(default.keys(Menu::Directory)));
}

#[test]
fn the_card_says_every_key_of_every_menu() {
    for name in Profile::names() {
        let profile = Profile::built_in(name).unwrap();
        for menu in card(&profile) {
            let table = Menu::from_word(menu.menu).unwrap();
            assert_eq!(menu.keys.len(), profile.keys(table).count());
            assert!(menu.keys.iter().all(|line| !line.does.is_empty()));
        }
    }
}
