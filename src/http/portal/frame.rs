//! What stands around every page of somebody who is signed in: who it is, where one can go, what was just done.

use crate::domain::Role;
use crate::service::access::{Act, Reach};

use super::super::Site;
use super::super::visitor::Visitor;

/// The style of the portal's pages.
pub(in crate::http) const STYLE: &str = include_str!("../pages/portal/portal.css");
/// The script of the portal's pages.
pub(in crate::http) const SCRIPT: &str = include_str!("../pages/portal/portal.js");

/// The frame of a page.
pub(super) struct Frame {
    /// Path before every address.
    pub(super) base: String,
    /// What every form carries.
    pub(super) csrf: String,
    /// Who is signed in.
    pub(super) who: String,
    /// What they are, unless basic.
    pub(super) role: Option<&'static str>,
    /// Where one can go.
    pub(super) places: Vec<Place>,
    /// What was just done.
    pub(super) done: Option<Done>,
}

/// An entry of the navigation.
pub(super) struct Place {
    pub(super) href: String,
    pub(super) label: &'static str,
    pub(super) is_here: bool,
    /// Unheard messages, at the inbox.
    pub(super) count: Option<u32>,
}

/// A sentence about what was done, and how to undo it.
#[derive(Default)]
pub(super) struct Done {
    pub(super) text: String,
    pub(super) is_error: bool,
    /// Address of a POST that undoes it.
    pub(super) undo: Option<String>,
}

impl Done {
    pub(super) fn said(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: true, undo: None }
    }
}

impl Frame {
    /// The frame of the page `here`, a path.
    pub(super) fn new(site: &Site, visitor: &Visitor, here: &str, unheard: Option<u32>) -> Self {
        let actor = &visitor.actor;
        let mut places = Vec::new();
        let mut place = |path: &str, label, count| {
            let is_here = path == here;
            places.push(Place { href: format!("{}{path}", site.base), label, is_here, count });
        };
        if actor.mailbox.is_some() {
            place("/", "Inbox", unheard.filter(|unheard| *unheard > 0));
            place("/greetings", "Greetings", None);
        }
        place("/settings", "Settings", None);
        let reaches = |act: Act| actor.reach(act) > Reach::Own;
        for (path, label, act) in super::super::admin::PLACES {
            if reaches(*act) {
                place(path, label, None);
            }
        }
        Self {
            base: site.base.clone(),
            csrf: visitor.csrf.clone(),
            who: if actor.name.is_empty() { "you".to_owned() } else { actor.name.clone() },
            role: (actor.role != Role::Basic).then(|| actor.role.title()),
            places,
            done: None,
        }
    }

    #[must_use]
    pub(super) fn with(mut self, done: Option<Done>) -> Self {
        self.done = done;
        self
    }
}
