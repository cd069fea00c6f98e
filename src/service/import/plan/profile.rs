//! The cells of a row that are fields of the profile.

use super::{Faults, Known, NOTHING};
use crate::domain::{Profile, ProfileField, User};
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

    /// A login name is one person's, and of no other tenant (003-02).
    pub(super) fn check_login(&mut self, line: u32, user: &User, faults: &mut Faults) {
        let Some(login) = &user.profile.login else { return };
        let column = Column::Profile(ProfileField::Login);
        let mut fault = |why: String| faults.push(CellFault { column, why });
        if self.logins.get(login.as_str()).is_some_and(|known| *known != user.id) {
            fault(AccountError::LoginTaken(login.clone()).to_string());
        }
        let domain = login.rsplit_once('@').map_or("", |(_, domain)| domain);
        if self.world.elsewhere.contains(domain) {
            fault(AccountError::LoginElsewhere(login.clone()).to_string());
        }
        if let Some(first) = self.login_lines.insert(login.clone(), line) {
            fault(format!("{login} stands in line {first} already: leave one of them out"));
        }
    }
}
