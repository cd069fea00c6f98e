//! Where rules lead a call from one user to the next, and what keeps it from going round in circles (002-042 … 002-045).
//!
//! Pure. Who has an extension is asked by whoever follows: `service::reception` for calls, `heeding` for what is told of rules.

use std::fmt;

use super::Answered;
use crate::domain::Extension;
use crate::domain::answering::{AnswerBy, RuleActions};
use crate::service::outbound::extension_of_phone;

/// Steps from the rules of one user to those of the next, at most.
const MOST_STEPS: usize = 10;

/// What the text of a target means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lead {
    /// A user: the user's own rules go on (002-042).
    User(Extension),
    /// A phone, whatever its user's rules say (002-043).
    Handset(String),
    /// A mailbox, whatever its user's rules say (002-044).
    Voicemail(Extension),
    /// A number or SIP URI that is the phone system's to know (002-045).
    Line(String),
}

impl Lead {
    /// By its shape alone: whether there is such a user, phone or mailbox is not asked.
    pub fn read(target: &str) -> Self {
        let target = target.trim();
        let plain: String = target.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
        let voicemail = target.strip_prefix("vm-").and_then(|extension| extension.parse().ok());
        match (voicemail, plain.parse()) {
            (Some(extension), _) => Self::Voicemail(extension),
            (None, Ok(extension)) => Self::User(extension),
            (None, Err(_)) if extension_of_phone(target).is_some() => Self::Handset(target.to_lowercase()),
            (None, Err(_)) => Self::Line(target.to_owned()),
        }
    }

    /// Where this leads a call that has reached us.
    pub fn of(answer: &AnswerBy) -> Option<Self> {
        match answer {
            AnswerBy::Transfer { target } => Some(Self::read(target)),
            AnswerBy::Voicemail { extension } => Some(Self::Voicemail(extension.clone())),
            AnswerBy::Message | AnswerBy::Announcement | AnswerBy::Tone | AnswerBy::TurnAway { .. } => None,
        }
    }

    /// Where a rule leads a call that comes from a colleague's rule, before any phone has rung.
    pub fn onward(then: &RuleActions) -> Option<Self> {
        let always = then.phones.forward_always.as_deref().filter(|_| !then.phones.only_extension);
        always.map(Self::read).or_else(|| Self::of(&then.answer))
    }
}

impl fmt::Display for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(extension) => write!(f, "goes on by the rules of {extension}"),
            Self::Handset(name) => write!(f, "goes to the phone {name}"),
            Self::Voicemail(extension) => write!(f, "goes to the voicemail of {extension}"),
            Self::Line(target) => write!(f, "goes to {target}"),
        }
    }
}

/// What the rules of a user do with a call that a colleague's rule hands to them, before any phone has rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goes {
    /// To somebody else.
    On(Lead),
    /// To the user's phones, as the phone system rings them.
    Phones,
    /// To the user's voicemail without ringing.
    Voicemail,
    /// Nowhere: this caller is not wanted.
    Away,
}

impl Goes {
    /// By what was decided for such a call. Who is let through rings in spite of "do not disturb" (002-028).
    pub fn by(answered: &Answered) -> Self {
        if answered.turned_away().is_some() {
            return Self::Away;
        }
        let Some((_, rule)) = &answered.rule else { return Self::Phones };
        match Lead::onward(&rule.then) {
            Some(lead) => Self::On(lead),
            None if rule.then.phones.dnd && !answered.is_allowed() => Self::Voicemail,
            None => Self::Phones,
        }
    }
}

/// The users whose rules a call has followed, in order.
#[derive(Debug, Clone)]
pub struct Trail(Vec<Extension>);

/// Rules that lead nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Astray {
    /// To somebody whose rules were followed already, who stands at the end again.
    Circle(Vec<Extension>),
    /// Further than anybody can have meant.
    TooFar(Vec<Extension>),
}

impl Trail {
    /// Begins with whom the call reached.
    pub const fn of(users: Vec<Extension>) -> Self {
        Self(users)
    }

    /// Goes on to the rules of another user.
    ///
    /// # Errors
    /// [`Astray`] when these were followed already, or the trail is as long as it may be.
    pub fn step(&mut self, to: &Extension) -> Result<(), Astray> {
        let is_known = self.0.contains(to);
        let is_long = self.0.len() > MOST_STEPS;
        self.0.push(to.clone());
        match (is_known, is_long) {
            (true, _) => Err(Astray::Circle(self.0.clone())),
            (false, true) => Err(Astray::TooFar(self.0.clone())),
            (false, false) => Ok(()),
        }
    }
}

/// Follows the rules of one user after the other, as `next` names them; all whose were followed, in order.
///
/// # Errors
/// [`Astray`] when they lead in a circle, or too far.
pub fn follow(
    first: Extension,
    mut next: impl FnMut(&Extension) -> Option<Extension>,
) -> Result<Vec<Extension>, Astray> {
    let mut trail = Trail::of(vec![first]);
    while let Some(to) = trail.0.last().and_then(&mut next) {
        trail.step(&to)?;
    }
    Ok(trail.0)
}

impl fmt::Display for Astray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = |users: &[Extension]| {
            let users: Vec<&str> = users.iter().map(Extension::as_str).collect();
            users.join(" → ")
        };
        match self {
            Self::Circle(users) => write!(f, "these rules lead in a circle: {}", way(users)),
            Self::TooFar(users) => {
                write!(f, "these rules lead on for more than {MOST_STEPS} steps: {}", way(users))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::answering::TurnAway;

    fn extension(number: usize) -> Extension {
        (1000 + number).to_string().parse().unwrap()
    }

    // 002-041 … 002-045
    #[test]
    fn a_target_says_what_it_is() {
        let ada = || "1001".parse::<Extension>().unwrap();
        for (text, lead) in [
            ("1001", Lead::User(ada())),
            (" 10 01 ", Lead::User(ada())),
            ("vm-1001", Lead::Voicemail(ada())),
            ("1001A", Lead::Handset("1001a".to_owned())),
            ("sip:queue@pbx.example.org", Lead::Line("sip:queue@pbx.example.org".to_owned())),
            ("+493012345", Lead::Line("+493012345".to_owned())),
            ("vm-x", Lead::Line("vm-x".to_owned())),
            ("lobby", Lead::Line("lobby".to_owned())),
        ] {
            assert_eq!(Lead::read(text), lead, "{text}");
        }
    }

    // 002-035, 002-037, 002-042, 002-051
    #[test]
    fn a_rule_leads_on_by_its_forward_its_answer_or_not_at_all() {
        let to = |target: &str| AnswerBy::Transfer { target: target.to_owned() };
        let mut then = RuleActions { answer: to("1002"), ..RuleActions::default() };
        assert_eq!(Lead::onward(&then), Some(Lead::read("1002")));
        then.phones.forward_always = Some("vm-1003".to_owned());
        assert_eq!(Lead::onward(&then), Some(Lead::read("vm-1003")), "before it can reach us");
        assert_eq!(Lead::of(&then.answer), Some(Lead::read("1002")), "once it has reached us");
        then.phones.only_extension = true;
        assert_eq!(Lead::onward(&then), Some(Lead::read("1002")), "no forward counts");
        for answer in [
            AnswerBy::Message,
            AnswerBy::Announcement,
            AnswerBy::Tone,
            AnswerBy::TurnAway { with: TurnAway::Busy },
        ] {
            assert_eq!(Lead::onward(&RuleActions { answer, ..RuleActions::default() }), None);
        }
    }

    #[test]
    fn the_way_is_told_from_where_it_began() {
        let way = |ends: &[usize]| ends.iter().map(|end| extension(*end)).collect::<Vec<_>>();
        let circle = Astray::Circle(way(&[1, 2, 1]));
        assert_eq!(circle.to_string(), "these rules lead in a circle: 1001 → 1002 → 1001");
        let far = follow(extension(0), |at| {
            let next = at.as_str().parse::<usize>().unwrap() - 999;
            Some(extension(next))
        });
        let told = far.unwrap_err().to_string();
        assert!(told.starts_with("these rules lead on for more than 10 steps: 1000 → 1001 → "), "{told}");
        assert!(told.ends_with(" → 1010 → 1011"), "{told}");
    }

    proptest! {
        // 002-042
        #[test]
        fn following_ends_and_says_rightly_how(
            next in prop::collection::vec(prop::option::of(0_usize..16), 16),
            first in 0_usize..16,
        ) {
            let mut asked = 0;
            let to = |at: &Extension| next[at.as_str().parse::<usize>().unwrap() - 1000].map(extension);
            let found = follow(extension(first), |at| { asked += 1; to(at) });
            prop_assert!(asked <= MOST_STEPS + 1, "asked {asked} times");
            let (Ok(way) | Err(Astray::Circle(way) | Astray::TooFar(way))) = &found;
            prop_assert_eq!(&way[0], &extension(first));
            for pair in way.windows(2) {
                prop_assert_eq!(to(&pair[0]), Some(pair[1].clone()));
            }
            let (last, before) = way.split_last().unwrap();
            let different: HashSet<&Extension> = way.iter().collect();
            match &found {
                Ok(_) => {
                    prop_assert_eq!(to(last), None);
                    prop_assert_eq!(different.len(), way.len());
                    prop_assert!(before.len() <= MOST_STEPS);
                }
                Err(Astray::Circle(_)) => {
                    prop_assert!(before.contains(last));
                    prop_assert_eq!(different.len(), before.len(), "only the last one comes twice");
                }
                Err(Astray::TooFar(_)) => {
                    prop_assert_eq!(before.len(), MOST_STEPS + 1);
                    prop_assert_eq!(different.len(), way.len());
                }
            }
        }

        #[test]
        fn any_text_is_some_target(text in ".{0,40}") {
            if let Lead::User(extension) | Lead::Voicemail(extension) = Lead::read(&text) {
                prop_assert!(text.contains(|c: char| c.is_ascii_digit()), "{extension}");
            }
        }
    }
}
