//! What stands around every page of somebody who is signed in: who it is, where one can go, what was just done.

use crate::domain::Role;
use crate::service::access::{Act, Reach};

use super::super::Site;
use super::super::visitor::Visitor;

/// The frame of a page.
pub(in crate::http) struct Frame {
    /// Path before every address.
    pub(in crate::http) base: String,
    /// What every form carries.
    pub(in crate::http) csrf: String,
    /// Who is signed in.
    pub(in crate::http) who: String,
    /// What they are, unless basic.
    pub(in crate::http) role: Option<&'static str>,
    /// Where one can go with what is one's own.
    pub(in crate::http) places: Vec<Place>,
    /// Where one can go who looks after others.
    pub(in crate::http) groups: Vec<Group>,
    /// A second factor is to be turned on before others can be looked after.
    pub(in crate::http) owes_factor: bool,
    /// What was looked for, on the page that says what was found.
    pub(in crate::http) asked: String,
    /// What was just done.
    pub(in crate::http) done: Option<Done>,
}

/// An entry of the navigation.
pub(in crate::http) struct Place {
    pub(in crate::http) href: String,
    pub(in crate::http) label: &'static str,
    pub(in crate::http) is_here: bool,
    /// Unheard messages, at the inbox.
    pub(in crate::http) count: Option<u32>,
}

/// Entries of the navigation that belong together.
pub(in crate::http) struct Group {
    pub(in crate::http) title: &'static str,
    pub(in crate::http) places: Vec<Place>,
}

/// A sentence about what was done, and how to undo it.
#[derive(Default)]
pub(in crate::http) struct Done {
    pub(in crate::http) text: String,
    pub(in crate::http) is_error: bool,
    /// Address of a POST that undoes it.
    pub(in crate::http) undo: Option<String>,
}

impl Done {
    pub(in crate::http) fn said(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(in crate::http) fn refused(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: true, undo: None }
    }
}

impl Frame {
    /// The frame of the page `here`, a path.
    pub(in crate::http) fn new(site: &Site, visitor: &Visitor, here: &str, unheard: Option<u32>) -> Self {
        let actor = &visitor.actor;
        let place = |path: &str, label, count| {
            let is_here = path == here;
            Place { href: format!("{}{path}", site.base), label, is_here, count }
        };
        let mut places = Vec::new();
        if actor.mailbox.is_some() {
            places.push(place("/", "Inbox", unheard.filter(|unheard| *unheard > 0)));
            places.push(place("/greetings", "Greetings", None));
            places.push(place("/answering/me/rules", "Rules", None));
        }
        places.push(place("/settings", "Settings", None));
        places.push(place(super::contacts::HERE, "Contacts", None));
        let mut groups: Vec<Group> = Vec::new();
        let reaches = |act: Act| actor.reach(act) > Reach::Own;
        for (title, path, label, act) in super::super::admin::PLACES {
            if !reaches(*act) {
                continue;
            }
            let place = place(path, label, None);
            match groups.iter_mut().find(|group| group.title == *title) {
                Some(group) => group.places.push(place),
                None => groups.push(Group { title, places: vec![place] }),
            }
        }
        Self {
            base: site.base.clone(),
            csrf: visitor.csrf.clone(),
            who: if actor.name.is_empty() { "you".to_owned() } else { actor.name.clone() },
            role: (actor.role != Role::Basic).then(|| actor.role.title()),
            places,
            groups,
            owes_factor: actor.owes_factor,
            asked: String::new(),
            done: None,
        }
    }

    #[must_use]
    pub(in crate::http) fn with(mut self, done: Option<Done>) -> Self {
        self.done = done;
        self
    }
}
