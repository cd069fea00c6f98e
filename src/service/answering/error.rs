//! Why a rule, list or time frame cannot be what was asked for, and what to do about it.

use super::warnings::listed;
use crate::domain::answering::{MOST_CALLERS, MOST_RULES};
use crate::domain::time_frame::MOST_SPANS;
use crate::domain::{Extension, Invalid, RuleId};
use crate::service::outbound::NotAllowed;
use crate::store::StoreError;

/// Why nothing was changed. All but [`AnsweringError::Store`] is for the person who asked to mend.
#[derive(Debug, thiserror::Error)]
pub enum AnsweringError {
    /// A value is out of its range or shape.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No such mailbox.
    #[error("there is no mailbox {0}: `aftertone user list` shows those there are")]
    NoMailbox(Extension),
    /// No such time frame.
    #[error("there is no time frame {0:?}: `aftertone timeframe list` shows those there are")]
    NoFrame(String),
    /// No such rule.
    #[error("there is no rule {0:?} in this mailbox: `aftertone rule list` shows those there are")]
    NoRule(String),
    /// The caller is on no such list.
    #[error("{0} is not in this list: `aftertone block list` shows who is")]
    NoCaller(String),
    /// The name is taken.
    #[error("there is a {what} {name:?} already: choose another name, or replace it with --replace")]
    Taken {
        /// `rule` or `time frame`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Too many rules.
    #[error("a mailbox has at most {MOST_RULES} rules: remove one first")]
    TooManyRules,
    /// Too many callers in a rule.
    #[error("a rule names at most {MOST_CALLERS} callers: use the beginning of their numbers, or a list")]
    TooManyCallers,
    /// No spans, or too many.
    #[error("{}", spans(*.0))]
    Spans(usize),
    /// The rule does nothing.
    #[error(
        "the rule does nothing: choose a greeting, what becomes of the call, or what the phone system does"
    )]
    DoesNothing,
    /// A call may not go there.
    #[error("{target:?}: {why}")]
    Target {
        /// Where it was to go.
        target: String,
        /// Why not.
        why: NotAllowed,
    },
    /// The order names other rules than there are.
    #[error("{}", order(.missing, .unknown))]
    OtherRules {
        /// Names of rules that it leaves out.
        missing: Vec<String>,
        /// Ids that are no rule of the mailbox, or are named twice.
        unknown: Vec<RuleId>,
    },
    /// The rules or hours are not those that were compared.
    #[error(
        "the rules or hours on one side were changed since you compared them: look at what would change now"
    )]
    CopyChanged,
    /// The change was taken back already, or lies too far back.
    #[error("this can no longer be undone: it was undone already, or lies more than a day back")]
    NoUndo,
    /// What was changed was changed again.
    #[error("this cannot be undone any more: the rules were changed again since")]
    ChangedSince,
    /// The calendar is not understood; one line each.
    #[error("the calendar is not imported:\n{}", .0.join("\n"))]
    Calendar(Vec<String>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A short alias.
pub(super) type Result<T, E = AnsweringError> = std::result::Result<T, E>;

fn spans(count: usize) -> String {
    match count {
        0 => "without any hours or dates the time frame never holds: give at least one".to_owned(),
        count => format!(
            "a time frame has at most {MOST_SPANS} hours and dates, and this one {count}: take some out"
        ),
    }
}

fn order(missing: &[String], unknown: &[RuleId]) -> String {
    let mut wrong = Vec::new();
    if !missing.is_empty() {
        wrong.push(format!("leaves out {}", listed(missing)));
    }
    if !unknown.is_empty() {
        let ids: Vec<String> = unknown.iter().map(ToString::to_string).collect();
        wrong.push(format!("names twice, or is none of these rules: {}", ids.join(", ")));
    }
    let wrong = wrong.join(", and ");
    format!("the order {wrong}: name each rule once; if they were changed meanwhile, look at them again")
}
