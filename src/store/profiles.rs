//! What of profiles is looked for: login names, departments and sites.

use super::db::args;
use super::people::read_user;
use super::read::Reader;
use super::{Result, Store};
use crate::domain::{TenantId, User};

const TAKEN: &str = "SELECT id FROM users WHERE tenant_id = $1 AND login = $2 AND removed_at IS NULL";

const BY_LOGIN: &str =
    "SELECT id, tenant_id, first_name, last_name, emails, login, department, site, profile,
    created_at FROM users WHERE login = $1 AND removed_at IS NULL ORDER BY id";

// From each name to the next one along the index: what is asked costs the names, however many users there are.
macro_rules! names {
    ($column:literal) => {
        concat!(
            "WITH RECURSIVE names (name) AS (
                SELECT MIN(",
            $column,
            ") FROM users WHERE tenant_id = $1 AND removed_at IS NULL
                UNION ALL
                SELECT (SELECT MIN(u.",
            $column,
            ") FROM users u WHERE u.tenant_id = $1 AND u.removed_at IS NULL AND u.",
            $column,
            " > names.name) FROM names WHERE names.name IS NOT NULL)
            SELECT name FROM names WHERE name IS NOT NULL LIMIT 500"
        )
    };
}

const DEPARTMENTS: &str = names!("department");
const SITES: &str = names!("site");

/// Departments and sites that are in use, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Departments.
    pub departments: Vec<String>,
    /// Sites.
    pub sites: Vec<String>,
}

impl Store {
    /// Whether somebody of the tenant signs in with this name (lower case).
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn is_login_taken(&self, tenant: TenantId, login: &str) -> Result<bool> {
        Ok(self.db.row(TAKEN, args![tenant.uuid(), login]).await?.is_some())
    }

    /// Users who sign in with this name: one of a tenant, which is the only one that could give it to another.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn users_by_login(&self, login: &str) -> Result<Vec<User>> {
        let login: String = login.to_ascii_lowercase().chars().filter(|c| !c.is_control()).collect();
        self.db.rows(BY_LOGIN, args![login]).await?.iter().map(read_user).collect()
    }

    /// Departments and sites that are in use.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn places(&self, tenant: TenantId) -> Result<Places> {
        let mut places = Places::default();
        for (sql, names) in [(DEPARTMENTS, &mut places.departments), (SITES, &mut places.sites)] {
            for row in self.db.rows(sql, args![tenant.uuid()]).await? {
                names.push(Reader::new(&row, "users", "name").text("name")?);
            }
        }
        Ok(places)
    }
}
