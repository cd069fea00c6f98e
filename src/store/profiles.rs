//! What of profiles is looked for: login names, addresses, departments and sites.

use super::db::args;
use super::people::read_user;
use super::read::Reader;
use super::{Result, Store};
use crate::domain::{TenantId, User};

const TAKEN: &str = "SELECT id FROM users WHERE tenant_id = $1 AND login = $2 AND removed_at IS NULL";

const BY_LOGIN: &str =
    "SELECT id, tenant_id, first_name, last_name, emails, login, department, site, profile,
    created_at FROM users WHERE login = $1 AND removed_at IS NULL ORDER BY id";

const BY_MAIL: &str =
    "SELECT * FROM (SELECT u.id, u.tenant_id, u.first_name, u.last_name, u.emails, u.login, u.department, u.site,
        u.profile, u.created_at, ROW_NUMBER() OVER (PARTITION BY u.tenant_id ORDER BY u.created_at, u.id) AS place
    FROM users u JOIN logins l ON l.tenant_id = u.tenant_id AND l.user_id = u.id
    WHERE u.removed_at IS NULL AND lower(u.emails) LIKE $1 ESCAPE '!') AS known WHERE place <= $2
    ORDER BY tenant_id, place";

pub(super) const OF_ADDRESS: &str =
    "SELECT id, tenant_id, first_name, last_name, emails, login, department, site, profile, created_at
    FROM users WHERE tenant_id = $1 AND removed_at IS NULL AND lower(emails) LIKE $2 ESCAPE '!'
    ORDER BY created_at, id LIMIT $3";

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

/// So many people of a tenant sign in with one address.
pub const SHARING: usize = 4;

/// What finds an address in the column, which is a JSON list: the whole quoted text, what LIKE would read escaped.
pub(super) fn quoted(address: &str) -> String {
    let plain: String = address
        .to_ascii_lowercase()
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c]))
        .collect();
    format!("%\"{plain}\"%")
}

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

    /// Users with this address who were given a login, tenant by tenant the first [`SHARING`] who were added: the address
    /// alone does not say which of them it is.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn users_by_mail(&self, address: &str) -> Result<Vec<User>> {
        let most = u32::try_from(SHARING).unwrap_or(u32::MAX);
        self.db.rows(BY_MAIL, args![quoted(address), most]).await?.iter().map(read_user).collect()
    }

    /// The first users of a tenant with this address, whether they sign in or not: one more than [`SHARING`] at most.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn users_of_address(&self, tenant: TenantId, address: &str) -> Result<Vec<User>> {
        let most = u32::try_from(SHARING + 1).unwrap_or(u32::MAX);
        let rows = self.db.rows(OF_ADDRESS, args![tenant.uuid(), quoted(address), most]).await?;
        rows.iter().map(read_user).collect()
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
