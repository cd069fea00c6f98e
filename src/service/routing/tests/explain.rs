//! How a decision is told: in one line for the log, and as a story for people.

use super::*;
use crate::domain::{GreetingId, Usage};
use crate::service::ladder::{Choice, Play};

#[test]
fn the_line_for_the_log_names_sources_and_nobody() {
    let facts = diverted(&["<sip:7777@cucm>;reason=no-answer"]);
    let line = routed(&world(), &TrunkRules::default(), &facts).to_string();
    assert_eq!(
        line,
        "announcement by default, reason no-answer; diversion: names no mailbox; \
         request-uri: names no mailbox; to: names no mailbox"
    );
}

#[test]
fn an_explanation_tells_the_whole_story() {
    let mut facts = diverted(&["<sip:7777@x>", "<sip:1408@x>"]);
    facts.request_uri = "sip:john.support@192.0.2.1".to_owned();
    let decision = routed(&world(), &TrunkRules::default(), &facts);
    let greeting = Choice {
        play: Play::RecordedName(GreetingId::from_uuid(Uuid::from_u128(5))),
        why: "built from the recorded name: no greeting of the owner fits".to_owned(),
        by_presence: false,
    };
    let story = explain(&decision, Some(greeting), Usage { messages: 10, bytes: 0 });
    let text = story.to_string();
    for line in [
        "mailbox   1408 of tenant default\n",
        "called as John Support\n",
        "because   request-uri names john.support\n",
        "not by    diversion (7777): names no mailbox\n",
        "reason    unknown\n",
        "caller    +15550100777\n",
        "greeting  built from the recorded name: no greeting of the owner fits\n",
        "state     full\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let json = serde_json::to_value(&story).unwrap();
    assert_eq!(json["mailbox"], "1408");
    assert_eq!(json["decided_by"], "request-uri");
    assert_eq!(json["greeting"]["kind"], "recorded-name");
    assert_eq!(json["state"], "full");
}

#[test]
fn an_explanation_without_a_mailbox_has_neither_greeting_nor_state() {
    let decision = routed(&world(), &TrunkRules::default(), &to("sip:7777@192.0.2.1"));
    let story = explain(&decision, None, Usage::default());
    assert_eq!((story.outcome, story.greeting.clone(), story.state), ("announce", None, None));
    assert!(story.to_string().contains("no source names a mailbox"));
}

#[test]
fn the_state_of_the_mailbox_is_told() {
    let state = |change: fn(&mut Mailbox)| {
        let mut world = world();
        world.mailboxes.iter_mut().for_each(change);
        let decision = routed(&world, &TrunkRules::default(), &to("sip:1001@192.0.2.1"));
        explain(&decision, None, Usage::default()).state
    };
    assert_eq!(state(|_| ()), Some("takes-messages"));
    assert_eq!(state(|mailbox| mailbox.enabled = false), Some("disabled"));
    assert_eq!(state(|mailbox| mailbox.announcement_only = true), Some("announcement-only"));
}
