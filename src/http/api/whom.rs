//! Which users are asked for, and in which order.

use std::str::FromStr;

use serde::Deserialize;

use crate::domain::Invalid;
use crate::store::PeopleFilter;

use super::problem::Problem;

/// A page of users.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    search: String,
    #[serde(default)]
    department: String,
    #[serde(default)]
    site: String,
    status: Option<String>,
    voicemail: Option<String>,
    role: Option<String>,
    sort: Option<String>,
    order: Option<String>,
    pub(super) after: Option<String>,
    pub(super) limit: Option<u32>,
}

/// Which users, without an order.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wanted {
    search: String,
    department: String,
    site: String,
    status: Option<String>,
    voicemail: Option<String>,
    role: Option<String>,
}

fn read<T: FromStr<Err = Invalid>>(field: &'static str, text: Option<&String>) -> Result<Option<T>, Problem> {
    let read = text.map(|text| text.parse::<T>()).transpose();
    read.map_err(|error| Problem::field(field, error.to_string()))
}

impl Wanted {
    /// What does not read is refused, so that nobody is found who was not meant.
    pub(super) fn filter(&self) -> Result<PeopleFilter, Problem> {
        Ok(PeopleFilter {
            search: self.search.clone(),
            department: self.department.clone(),
            site: self.site.clone(),
            role: read("role", self.role.as_ref())?,
            status: read("status", self.status.as_ref())?,
            voicemail: read("voicemail", self.voicemail.as_ref())?,
            ..PeopleFilter::default()
        })
    }
}

impl Asked {
    pub(super) fn filter(&self) -> Result<PeopleFilter, Problem> {
        let wanted = Wanted {
            search: self.search.clone(),
            department: self.department.clone(),
            site: self.site.clone(),
            status: self.status.clone(),
            voicemail: self.voicemail.clone(),
            role: self.role.clone(),
        };
        Ok(PeopleFilter {
            sort: read("sort", self.sort.as_ref())?,
            is_down: match self.order.as_deref() {
                None | Some("asc") => false,
                Some("desc") => true,
                Some(_) => return Err(Problem::field("order", "choose asc or desc")),
            },
            ..wanted.filter()?
        })
    }
}
