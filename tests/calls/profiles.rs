//! Every key of every menu of every profile, pressed where it counts: it does what the card says. The keys come from the
//! profiles themselves, so a profile that is added is tested with it.

use std::time::Duration;

use aftertone::domain::RecordingClass;
use aftertone::flow::keys::{Command, Menu, Profile};
use aftertone::flow::owner::Owner;
use aftertone::flow::owner::desk::Reply;
use aftertone::flow::phrases;
use aftertone::flow::{Action, CallEvent, CallTime, Flow, Key, PlayId, StopCause, Take, Utterance};

use crate::mailbox::{Mailbox, describe_request, heading, id};
use crate::script::describe;

/// A call on which everything works.
struct Call {
    flow: Owner,
    mailbox: Mailbox,
    now: Duration,
    /// What was done about the last key, and what became of it at once.
    done: Vec<String>,
    playing: Option<PlayId>,
    /// The message that is playing has begun.
    recording: Option<Take>,
    trashed: Vec<String>,
}

impl Call {
    fn signed_in(profile: &str) -> Self {
        let mut mailbox = Mailbox::default();
        mailbox.session.keys = Profile::built_in(profile).unwrap();
        mailbox.session.phone.key_help = true;
        mailbox.session.phone.may_call_back = true;
        mailbox.session.operator = true;
        mailbox.session.counts.new = 3;
        let mut call = Self {
            flow: Owner::new(Some("1001".parse().unwrap())),
            mailbox,
            now: Duration::ZERO,
            done: Vec::new(),
            playing: None,
            recording: None,
            trashed: Vec::new(),
        };
        call.tell(CallEvent::Started);
        for key in "482913#".chars() {
            call.press(key);
        }
        assert!(call.said("count-new"), "{:?}", call.done);
        call
    }

    fn tell(&mut self, event: CallEvent) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            let mut actions = Vec::new();
            self.flow.handle(CallTime(self.now), event, &mut actions);
            for action in actions {
                self.done.push(describe(&action));
                events.extend(self.answer(action));
            }
        }
    }

    fn answer(&mut self, action: Action) -> Option<CallEvent> {
        match action {
            Action::Play(id, words) => {
                self.playing = Some(id);
                let begins = words.iter().any(|word| matches!(word, Utterance::Message(_)));
                begins.then_some(CallEvent::MessageBegan(id))
            }
            Action::StopPlaying => {
                self.playing = None;
                None
            }
            Action::Record { take, .. } => {
                self.recording = Some(take);
                None
            }
            Action::StopRecording(take) => {
                self.recording = None;
                Some(CallEvent::RecordingStopped {
                    take,
                    cause: StopCause::Asked,
                    length: Duration::from_secs(4),
                    voiced: Duration::from_secs(3),
                    class: RecordingClass::Speech,
                })
            }
            Action::Ask(number, request) => {
                let asked = describe_request(&request);
                let words: Vec<&str> = asked.split_whitespace().collect();
                let reply = match words.first() {
                    Some(&"sign-in") => Reply::Welcome(Box::new(self.mailbox.session.clone())),
                    Some(&"load") => {
                        let second = id("b");
                        let mut second = heading(second, Duration::from_secs(30));
                        second.sender = Some(aftertone::domain::Sender {
                            extension: "1002".parse().unwrap(),
                            mailbox: second.message.mailbox,
                            name: None,
                        });
                        let plain = |name| heading(id(name), Duration::from_secs(30));
                        Reply::Messages(vec![plain("a"), second, plain("c")])
                    }
                    Some(&"greetings") => self
                        .mailbox
                        .reply(&["greetings", "standard:on", "standard:off", "standard:off"])
                        .unwrap()
                        .unwrap(),
                    Some(&"search") => {
                        let found = ["found", "3", "1002", "1003", "1004"];
                        self.mailbox.reply(&found).unwrap().unwrap()
                    }
                    Some(&"everybody") => self.mailbox.reply(&["everybody", "1002"]).unwrap().unwrap(),
                    Some(&"lists") => self.mailbox.reply(&["lists", "1:2"]).unwrap().unwrap(),
                    Some(&"list") => self.mailbox.reply(&["list", "1002:named", "1003"]).unwrap().unwrap(),
                    Some(&"find") => Reply::Recipient(Some(None)),
                    Some(&("send" | "forward")) => Reply::Sent { to: 1, failed: Vec::new() },
                    Some(&("mark" | "hold" | "settings")) => {
                        if let [_, message, "trash"] = words[..] {
                            self.trashed.push(message.to_owned());
                        }
                        return None;
                    }
                    _ => Reply::Done,
                };
                Some(CallEvent::Reply(number, reply))
            }
            _ => None,
        }
    }

    fn press(&mut self, key: char) {
        self.done.clear();
        self.tell(CallEvent::Digit(Key::new(key).unwrap()));
    }

    /// Presses these, and waits where a further key might follow.
    fn keys(&mut self, keys: &str, waits: bool) {
        let mut all = Vec::new();
        for key in keys.chars() {
            self.press(key);
            all.append(&mut self.done);
        }
        if waits {
            assert!(all.is_empty(), "{keys} waits, and did {all:?}");
            self.now = self.flow.deadline().unwrap().0;
            self.tell(CallEvent::DeadlineReached);
        }
        all.append(&mut self.done);
        self.done = all;
    }

    fn played(&mut self) {
        let id = self.playing.take().unwrap_or_else(|| panic!("nothing plays: {:?}", self.done));
        self.done.clear();
        self.tell(CallEvent::PlayFinished(id));
    }

    fn said(&self, word: &str) -> bool {
        self.done.iter().any(|action| action.contains(word))
    }

    /// Presses the key of this menu that does this.
    fn do_it(&mut self, menu: Menu, command: Command) {
        let profile = self.mailbox.session.keys.clone();
        let (keys, _) = profile
            .keys(menu)
            .find(|(_, found)| *found == command)
            .unwrap_or_else(|| panic!("{} has no {command:?} in {menu:?}", profile.name()));
        self.keys(keys, profile.waits(menu, keys));
    }

    /// Goes to a menu as a user of this profile would.
    fn go_to(&mut self, menu: Menu) {
        let profile = self.mailbox.session.keys.clone();
        let has = |menu, command| profile.keys(menu).any(|(_, found)| found == command);
        match menu {
            Menu::Main => {}
            Menu::Playing => {
                let command = if has(Menu::Main, Command::New) { Command::New } else { Command::First };
                self.do_it(Menu::Main, command);
                self.played();
                assert!(self.said("play message-a"), "{:?}", self.done);
                // The second message, well within it.
                self.do_it(
                    Menu::Playing,
                    if has(Menu::Playing, Command::Next) { Command::Next } else { Command::End },
                );
                if !self.said("message-number(2)") {
                    self.do_it(Menu::After, Command::Next);
                }
                self.played();
                assert!(self.said("play message-b"), "{:?}", self.done);
                self.now += Duration::from_secs(10);
            }
            Menu::More => {
                self.go_to(Menu::Playing);
                self.do_it(Menu::Playing, Command::More);
            }
            Menu::After => {
                self.go_to(Menu::Playing);
                self.played();
                assert!(self.said("mark b heard"), "{:?}", self.done);
            }
            Menu::Folders | Menu::Advanced | Menu::SaveTo => {
                self.go_to(Menu::After);
                let command = match menu {
                    Menu::Folders => Command::Folders,
                    Menu::SaveTo => Command::SaveTo,
                    _ => Command::Advanced,
                };
                self.do_it(Menu::After, command);
            }
            Menu::Directory => {
                if has(Menu::Main, Command::Directory) {
                    self.do_it(Menu::Main, Command::Directory);
                } else {
                    self.go_to(Menu::Advanced);
                    self.do_it(Menu::Advanced, Command::Directory);
                }
                // The second of three people.
                self.keys("568#", false);
                assert!(self.said("play directory-found(3) greeting"), "{:?}", self.done);
                self.do_it(Menu::Directory, Command::NextPerson);
            }
            Menu::Envelope | Menu::Mail | Menu::List => {
                self.go_to(Menu::Settings);
                let command = match menu {
                    Menu::Envelope => Command::Envelope,
                    Menu::Mail => Command::MailMode,
                    _ => Command::Lists,
                };
                self.do_it(Menu::Settings, command);
                if menu == Menu::List {
                    self.keys("1#", false);
                }
            }
            // The second of three, which is off.
            Menu::Stored => {
                let parent = if profile.has_menu(Menu::Greetings) { Menu::Greetings } else { Menu::Greeting };
                self.go_to(parent);
                let opens = if parent == Menu::Greetings { Command::Active } else { Command::Earlier };
                self.do_it(parent, opens);
                self.do_it(Menu::Stored, Command::Next);
                assert!(self.said("greeting-number(2)"), "{:?}", self.done);
            }
            Menu::Settings => self.do_it(Menu::Main, Command::Settings),
            Menu::Greetings => {
                self.go_to(Menu::Settings);
                self.do_it(Menu::Settings, Command::Greetings);
            }
            Menu::Greeting => {
                let parent = if profile.has_menu(Menu::Greetings) { Menu::Greetings } else { Menu::Settings };
                self.go_to(parent);
                self.do_it(parent, Command::Standard);
            }
            Menu::Review => {
                // A message of one's own where it can be sent, so that urgent and private mean something.
                self.go_to(Menu::After);
                let (menu, command) = if has(Menu::After, Command::Reply) {
                    (Menu::After, Command::Reply)
                } else if has(Menu::After, Command::Advanced) {
                    self.do_it(Menu::After, Command::Advanced);
                    (Menu::Advanced, Command::Reply)
                } else {
                    self.do_it(Menu::After, Command::Back);
                    (Menu::Main, Command::Send)
                };
                self.do_it(menu, command);
                if command == Command::Send {
                    self.keys("1002#", false);
                    self.keys("#", false);
                }
                self.played();
                assert!(self.said("record"), "{:?}", self.done);
                self.press('#');
            }
        }
        self.done.clear();
    }
}

/// What the card promises for this key, as it shows in what is done. The caller is 10 s into the second of three messages
/// of 30 s, or has just heard it.
fn promise(menu: Menu, command: Command) -> &'static [&'static str] {
    use Command as C;
    let plays = matches!(menu, Menu::Playing | Menu::More);
    match command {
        C::New => &["ask load new"],
        C::Saved => &["ask load old"],
        C::Trash => &["ask load trash"],
        C::First if menu == Menu::Main => &["ask load new"],
        C::First => &["play message-number(1)"],
        C::Find => &["play find-enter"],
        C::Send => &["play send-to"],
        C::Folders | C::Advanced | C::Settings | C::Greetings | C::More | C::Envelope => &["play key-"],
        C::MailMode => &["play mail-link key-"],
        C::Unavailable => &["play unavailable"],
        C::Work if menu == Menu::SaveTo => &["ask mark b work", "play saved"],
        C::Family if menu == Menu::SaveTo => &["ask mark b family", "play saved"],
        C::Friends if menu == Menu::SaveTo => &["ask mark b friends", "play saved"],
        C::Work => &["ask load work"],
        C::Family => &["ask load family"],
        C::Friends => &["ask load friends"],
        C::SaveTo if menu == Menu::Main => &["play not-here"],
        C::SaveTo => &["play save-to key-"],
        C::Lists => &["ask lists", "play list(1) list-members(2) list-enter"],
        C::Active | C::Earlier => {
            &["ask greetings", "greeting-number(1) greeting-standard greeting-on recorded-on"]
        }
        C::Choose => &["ask choose 2", "ask greetings", "play greeting-standard greeting-off"],
        _ if menu == Menu::Stored && command == C::Switch => &["ask choose 2"],
        _ if menu == Menu::Stored && command == C::Listen => &["play greeting-number(2)"],
        _ if menu == Menu::Stored && command == C::Previous => &["play greeting-number(1)"],
        C::Next if menu == Menu::Stored => &["play greeting-number(3)"],
        C::AddMember => &["play list-add"],
        C::RemoveMember => &["play list-remove"],
        C::Delete if menu == Menu::List => &["ask put-list 1 []", "play list-deleted"],
        C::Listen if menu == Menu::List => {
            &["play list(1) list-members(2) greeting send-added(1002) send-added(1003)"]
        }
        C::UrgentFirst => &["order newest in-order", "play urgent-in-order"],
        C::SayTime => &["envelope [caller]", "play time-unsaid"],
        C::SayCaller => &["envelope [time]", "play caller-unsaid"],
        C::SayLength => &["envelope [time caller duration]", "play length-said"],
        C::MailNone => &["ask mail none", "play mail-none"],
        C::MailLink => &["ask mail link", "play mail-link"],
        C::MailBriefLink => &["ask mail brief-link", "play mail-brief-link"],
        C::MailFileNew => &["ask mail attachment-new", "play mail-attachment mail-then-new"],
        C::MailFileSaved => &["ask mail attachment-saved", "play mail-attachment mail-then-saved"],
        C::MailFileTrash => &["ask mail attachment-trash", "play mail-attachment mail-then-trash"],
        C::MailBriefNew => &["ask mail brief-attachment-new", "play mail-brief-attachment mail-then-new"],
        C::MailBriefSaved => {
            &["ask mail brief-attachment-saved", "play mail-brief-attachment mail-then-saved"]
        }
        C::MailBriefTrash => {
            &["ask mail brief-attachment-trash", "play mail-brief-attachment mail-then-trash"]
        }
        // It plays already.
        C::SkipEnvelope => &[],
        C::Directory | C::SearchAgain => &["play directory-ask"],
        C::Operator => &["play operator-trying"],
        C::ThisPerson => &["play record-message"],
        C::NextPerson | C::PreviousPerson | C::FirstPerson | C::LastPerson | C::Repeat => {
            &["play greeting key-"]
        }
        C::OtherMailbox => &["play login-extension"],
        C::Restart | C::Slower | C::Faster | C::NormalSpeed | C::Quieter | C::Louder | C::Volume => {
            &["play message-b"]
        }
        _ if menu == Menu::Main && command != C::Help && command != C::Exit => &["play not-here"],
        C::Again => &["play message-number(2)"],
        C::Next => &["play message-number(3)"],
        C::Previous => &["play message-number(1)"],
        C::Rewind if plays => &["play message-b@5.0s"],
        C::Rewind => &["play message-b@25.0s"],
        C::FastForward => &["play message-b@15.0s"],
        C::Pause => &["play paused"],
        C::End => &["ask mark b heard", "play key-"],
        C::Delete => &["ask mark b trash", "play deleted"],
        C::Save => &["ask mark b save", "play saved"],
        C::MailAway => &["ask mail-away b", "play mailed-away"],
        C::MarkNew => &["ask mark b new", "play marked-new"],
        C::Forward => &["play send-to"],
        C::Reply => &["play record-message"],
        C::CallSender => &["play calling"],
        C::Details => &["message-number(2) from-number(+15550100) received-today(9:05) length-seconds(30)"],
        C::Number => &["play enter-number"],
        C::Listen if menu == Menu::Review => &["play recording-1"],
        C::Listen => &["ask greetings", "play greeting greeting-on"],
        C::Keep => &["ask send 1 to 1002", "play sent(1)"],
        C::Record if menu == Menu::Review => &["discard 1", "play record-again tone"],
        C::Record => &["play record-greeting tone"],
        C::Add => &["play record-more tone"],
        C::Urgent => &["play urgent-on"],
        C::Private => &["play private-on"],
        C::Discard => &["discard 1", "play cancelled"],
        C::Standard => &["play greeting-standard"],
        C::Busy => &["play greeting-busy"],
        C::Away => &["play greeting-away"],
        C::Closed => &["play greeting-closed"],
        C::Holiday => &["play greeting-holiday"],
        C::Internal => &["play greeting-internal"],
        C::Switch => &["ask switch-off standard", "play greeting-off"],
        C::Until => &["ask greetings", "until-enter"],
        C::Name => &["play greeting-own-name"],
        C::Pin => &["play pin-new"],
        C::Order => &["ask settings speed 100 gain 0 order oldest", "play order-oldest"],
        C::KeyHelp => &["help off", "play help-off"],
        C::Help => &["play key-"],
        C::Back if menu == Menu::More => &["play message-b@10.0s"],
        C::Back => &["play key-"],
        C::Exit => &["play goodbye"],
    }
}

#[test]
fn every_key_of_every_menu_of_every_profile_does_what_the_card_says() {
    let (mut pressed, mut wrong) = (0, Vec::new());
    for name in Profile::names() {
        let profile = Profile::built_in(name).unwrap();
        for menu in profile.menus() {
            for (keys, command) in profile.keys(menu) {
                let mut call = Call::signed_in(name);
                call.go_to(menu);
                call.keys(keys, profile.waits(menu, keys));
                pressed += 1;
                for promised in promise(menu, command) {
                    if !call.said(promised) {
                        wrong.push(format!(
                            "{name} {menu:?} {keys} ({command:?}): no `{promised}` in {:?}",
                            call.done
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {pressed}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(pressed > 200, "only {pressed} keys were pressed");
}

#[test]
fn what_is_deleted_comes_back_by_the_same_key_in_every_profile() {
    for name in Profile::names() {
        for menu in [Menu::Playing, Menu::After] {
            let mut call = Call::signed_in(name);
            call.go_to(menu);
            call.do_it(menu, Command::Delete);
            assert!(call.said("mark b trash"), "{name}: {:?}", call.done);
            // While the answer is said, and in the two seconds after it.
            call.played();
            call.do_it(Menu::After, Command::Delete);
            assert!(call.said("mark b restore") && call.said("restored"), "{name}: {:?}", call.done);
            call.do_it(Menu::After, Command::Delete);
            assert!(call.said("mark b trash"), "{name}: {:?}", call.done);
        }
    }
}

#[test]
fn help_says_the_keys_of_the_menu_and_no_others() {
    for name in Profile::names() {
        let profile = Profile::built_in(name).unwrap();
        for menu in profile.menus() {
            let Some((help, _)) = profile.keys(menu).find(|(_, command)| *command == Command::Help) else {
                continue;
            };
            let mut call = Call::signed_in(name);
            call.go_to(menu);
            call.keys(help, false);
            let said = call.done.join(" ");
            for (keys, command) in profile.keys(menu) {
                let phrase = phrases::keys::key(command, keys);
                let words = format!("{}({keys})", phrase.id);
                // What cannot be done with this message, or not here at all, is not offered.
                let possible = (menu != Menu::Main || !matches!(command, Command::Forward))
                    && command != Command::Unavailable;
                if possible {
                    assert!(said.contains(&words), "{name} {menu:?}: no {words} in {said}");
                }
            }
        }
    }
}

#[test]
fn keys_pressed_at_speed_are_all_obeyed() {
    // 1: new messages; the answer of the service is late; 7 deletes the first, 3 skips the second.
    let mut flow = Owner::new(Some("1001".parse().unwrap()));
    let mut actions = Vec::new();
    let mailbox = Mailbox::default();
    let tell = |flow: &mut Owner, event, actions: &mut Vec<Action>| {
        flow.handle(CallTime(Duration::ZERO), event, actions)
    };
    tell(&mut flow, CallEvent::Started, &mut actions);
    for key in "482913#".chars() {
        tell(&mut flow, CallEvent::Digit(Key::new(key).unwrap()), &mut actions);
    }
    let asked = |actions: &[Action]| match actions.last() {
        Some(Action::Ask(number, _)) => *number,
        other => panic!("{other:?}"),
    };
    let number = asked(&actions);
    // Ahead of the answer: everything after the PIN.
    for key in "17".chars() {
        tell(&mut flow, CallEvent::Digit(Key::new(key).unwrap()), &mut actions);
    }
    tell(&mut flow, CallEvent::Reply(number, Reply::Welcome(Box::new(mailbox.session))), &mut actions);
    let number = asked(&actions);
    let messages = ["a", "b"].map(|name| heading(id(name), Duration::from_secs(9)));
    tell(&mut flow, CallEvent::Reply(number, Reply::Messages(messages.to_vec())), &mut actions);
    let done: Vec<String> = actions.iter().map(describe).collect();
    assert!(done.iter().any(|action| action == "ask mark a trash"), "{done:?}");
}
