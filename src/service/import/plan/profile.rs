//! The cells of a row that are fields of the profile.

use std::collections::{HashMap, HashSet};

use super::{Faults, Known, NOTHING};
use crate::domain::{Mailbox, Profile, ProfileField, User, UserId};
use crate::service::accounts::{AccountError, Wished};
use crate::service::import::columns::Column;
use crate::service::import::preview::CellFault;

impl Known<'_> {
    /// The cells of the profile; each is looked at by itself.
    pub(super) fn profile<'c>(
        &self,
        cell: &impl Fn(Column) -> Option<&'c str>,
        faults: &mut Faults,
    ) -> Vec<Wished> {
        let mut wished = Vec::new();
        for field in ProfileField::ALL {
            let column = Column::Profile(field);
            let Some(text) = cell(column) else { continue };
            let text = if text == NOTHING { "" } else { text };
            if self.world.denied.contains(&field) {
                let why = format!("{field} is not yours to change: leave the column out");
                faults.push(CellFault { column, why });
            } else if let Err(error) = Profile::default().set(field, text) {
                faults.push(CellFault { column, why: error.to_string() });
            } else {
                wished.push((field, text.to_owned()));
            }
        }
        wished
    }

    /// A login name is one person's, of no other tenant, and nobody else's address (003-02).
    pub(super) fn check_names(&mut self, line: u32, old: &User, user: &User, faults: &mut Faults) {
        for email in user.emails.iter().filter(|email| !old.emails.contains(email)) {
            if self
                .names
                .logins
                .get(&email.as_str().to_ascii_lowercase())
                .is_some_and(|whose| *whose != user.id)
            {
                let why = AccountError::AddressIsLogin(email.clone()).to_string();
                faults.push(CellFault { column: Column::Email, why });
            }
        }
        if let Some(login) = &user.profile.login {
            let column = Column::Profile(ProfileField::Login);
            let mut fault = |why: String| faults.push(CellFault { column, why });
            let is_known = self.names.logins.get(login).is_some_and(|whose| *whose != user.id);
            let is_new = old.profile.login.as_ref() != Some(login);
            if is_known || is_new && self.names.is_address_of_others(login, user.id) {
                fault(AccountError::LoginTaken(login.clone()).to_string());
            }
            let domain = login.rsplit_once('@').map_or("", |(_, domain)| domain);
            if self.world.elsewhere.contains(domain) {
                fault(AccountError::LoginElsewhere(login.clone()).to_string());
            }
            if let Some(first) = self.names.lines.insert(login.clone(), line) {
                fault(format!("{login} stands in line {first} already: leave one of them out"));
            }
        }
        self.names.note(user);
    }
}

/// What people sign in with: as it is, and as earlier rows of the file would have it.
pub(super) struct Names {
    /// Whose login name is whose.
    logins: HashMap<String, UserId>,
    /// Who has which address, in lower case.
    addresses: HashMap<String, HashSet<UserId>>,
    /// The line of each login name of the file.
    lines: HashMap<String, u32>,
}

impl Names {
    pub(super) fn new(users: &[(User, Option<Mailbox>)]) -> Self {
        let mut names = Self { logins: HashMap::new(), addresses: HashMap::new(), lines: HashMap::new() };
        for (user, _) in users {
            names.note(user);
        }
        names
    }

    fn note(&mut self, user: &User) {
        if let Some(login) = &user.profile.login {
            self.logins.entry(login.clone()).or_insert(user.id);
        }
        for email in &user.emails {
            self.addresses.entry(email.as_str().to_ascii_lowercase()).or_default().insert(user.id);
        }
    }

    fn is_address_of_others(&self, login: &str, own: UserId) -> bool {
        self.addresses.get(login).is_some_and(|users| users.iter().any(|user| *user != own))
    }
}
