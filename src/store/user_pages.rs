//! The users of a tenant as lists show them: searched, filtered, in every order, counted. A page begins after a place, so
//! that it costs the same however far it is from the top; each order has its index.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::db::{Row, args};
use super::mailboxes::read_mailbox_as;
use super::pages::like;
use super::people::read_user;
use super::read::Reader;
use super::{Result, Store};
use crate::domain::{Invalid, Login, Mailbox, Role, TenantId, User, UserId};

macro_rules! users {
    ($from:literal) => {
        concat!(
            "SELECT u.id, u.tenant_id, u.first_name, u.last_name, u.emails, u.login, u.department, u.site,
                u.profile, u.created_at,
                m.id AS mailbox_id, m.user_id, m.extension, m.enabled, m.settings, m.created_at AS mailbox_made,
                COALESCE(l.role, 'basic') AS role, COALESCE(l.portal, $2) AS portal,
                l.password_hash IS NOT NULL AS has_password, m.pin_hash IS NOT NULL AS has_pin,
                u.reset_at IS NOT NULL AS needs_setup,
                (SELECT COUNT(*) FROM messages g WHERE g.tenant_id = $1 AND g.mailbox_id = m.id
                    AND g.folder = 'inbox' AND g.heard_at IS NULL) AS unheard
             FROM ",
            $from,
            " ON m.tenant_id = u.tenant_id AND m.user_id = u.id AND m.removed_at IS NULL
             LEFT JOIN logins l ON l.tenant_id = u.tenant_id AND l.user_id = u.id
             WHERE u.tenant_id = $1 AND u.removed_at IS NULL "
        )
    };
}

/// Users who are wanted, from here on in an order. `$4` is how many.
macro_rules! wanted {
    ($from:literal, $rest:literal) => {
        concat!(
            users!($from),
            "AND ($3 = '' OR lower(u.first_name || ' ' || u.last_name) LIKE $3 ESCAPE '!'
                OR lower(u.emails) LIKE $3 ESCAPE '!' OR COALESCE(u.login, '') LIKE $3 ESCAPE '!'
                OR COALESCE(m.extension, '') LIKE $3 ESCAPE '!')
             AND ($5 = '' OR COALESCE(l.role, 'basic') = $5)
             AND ($6 <> 'setup-required' OR u.reset_at IS NOT NULL)
             AND ($6 = '' OR CASE WHEN u.reset_at IS NOT NULL THEN 'setup-required'
                WHEN l.password_hash IS NULL THEN 'new' ELSE 'active' END = $6)
             AND ($7 = '' OR CASE WHEN m.id IS NULL THEN 'none' WHEN m.enabled THEN 'on' ELSE 'off' END = $7)
             AND ($8 = '' OR u.department = $8) AND ($9 = '' OR u.site = $9)
             AND (NOT $10 OR u.profile NOT LIKE '%\"listed\":false%') ",
            $rest,
            " LIMIT $4"
        )
    };
}

// Along the index of extensions, and then those who have none: a page costs its rows, however many users there are.
const UP: &str =
    wanted!("mailboxes m JOIN users u", "AND m.tenant_id = $1 AND m.extension > $11 ORDER BY m.extension");
const DOWN: &str = wanted!("mailboxes m JOIN users u", "AND m.tenant_id = $1 ORDER BY m.extension DESC");
const DOWN_AFTER: &str = wanted!(
    "mailboxes m JOIN users u",
    "AND m.tenant_id = $1 AND m.extension < $11 ORDER BY m.extension DESC"
);
const WITHOUT_MAILBOX: &str =
    wanted!("users u LEFT JOIN mailboxes m", "AND m.id IS NULL AND u.id > $11 ORDER BY u.id");

const BY_NAME: &str =
    wanted!("users u LEFT JOIN mailboxes m", "ORDER BY lower(u.last_name), lower(u.first_name), u.id");
const BY_NAME_AFTER: &str = wanted!(
    "users u LEFT JOIN mailboxes m",
    "AND lower(u.last_name) >= $11 AND (lower(u.last_name), lower(u.first_name), u.id) > ($11, $12, $13)
     ORDER BY lower(u.last_name), lower(u.first_name), u.id"
);
const BY_NAME_DOWN: &str = wanted!(
    "users u LEFT JOIN mailboxes m",
    "ORDER BY lower(u.last_name) DESC, lower(u.first_name) DESC, u.id DESC"
);
const BY_NAME_DOWN_AFTER: &str = wanted!(
    "users u LEFT JOIN mailboxes m",
    "AND lower(u.last_name) <= $11 AND (lower(u.last_name), lower(u.first_name), u.id) < ($11, $12, $13)
     ORDER BY lower(u.last_name) DESC, lower(u.first_name) DESC, u.id DESC"
);

const BY_MAIL: &str = wanted!("users u LEFT JOIN mailboxes m", "ORDER BY lower(u.emails), u.id");
const BY_MAIL_AFTER: &str = wanted!(
    "users u LEFT JOIN mailboxes m",
    "AND lower(u.emails) >= $11 AND (lower(u.emails), u.id) > ($11, $12) ORDER BY lower(u.emails), u.id"
);
const BY_MAIL_DOWN: &str =
    wanted!("users u LEFT JOIN mailboxes m", "ORDER BY lower(u.emails) DESC, u.id DESC");
const BY_MAIL_DOWN_AFTER: &str = wanted!(
    "users u LEFT JOIN mailboxes m",
    "AND lower(u.emails) <= $11 AND (lower(u.emails), u.id) < ($11, $12) ORDER BY lower(u.emails) DESC, u.id DESC"
);

// The first bound of each pair stands alone as well: it is what the index begins at.
// Lower case is the database's: what it compares with comes from it as well. Also of somebody who was removed meanwhile.
const PLACE: &str = "SELECT id, lower(last_name) AS last, lower(first_name) AS first, lower(emails) AS mail
    FROM users WHERE tenant_id = $1 AND id = $2";

const ALL: &str = "SELECT COUNT(*) AS count FROM users WHERE tenant_id = $1 AND removed_at IS NULL";
const TO_SET_UP: &str = "SELECT COUNT(*) AS count, COUNT(l.password_hash) AS entered FROM users u
    LEFT JOIN logins l ON l.tenant_id = u.tenant_id AND l.user_id = u.id
    WHERE u.tenant_id = $1 AND u.reset_at IS NOT NULL AND u.removed_at IS NULL";
const WITH_PASSWORD: &str =
    "SELECT COUNT(*) AS count FROM logins WHERE tenant_id = $1 AND password_hash IS NOT NULL";

/// Where users without a mailbox begin: behind every extension.
const NO_EXTENSION: &str = "~";

const USER: &str = concat!(users!("users u LEFT JOIN mailboxes m"), "AND u.id = $3");

/// A user with all that a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub user: User,
    /// The own mailbox.
    pub mailbox: Option<Mailbox>,
    /// How they come in by the web.
    pub login: Login,
    /// Whether the mailbox has a PIN.
    pub has_pin: bool,
    /// Was reset, and not set up since (002-094).
    pub needs_setup: bool,
    /// Messages in the inbox that were not heard.
    pub unheard: u32,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal, $remedy:literal, $($(#[$about:meta])* $variant:ident = $word:literal,)+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$about])* $variant,)+
        }

        impl $name {
            /// The word used by pages and the API.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(Invalid::new($what, text, $remedy)),
                }
            }
        }
    };
}

words! {
    /// How far somebody has come (003-15).
    UserStatus, "status", "choose new, active or setup-required",
    /// Has never chosen a password.
    New = "new",
    /// Has.
    Active = "active",
    /// Was reset, and not set up since.
    SetupRequired = "setup-required",
}

words! {
    /// Whether somebody's mailbox takes messages.
    Voicemail, "voicemail", "choose on, off or none",
    /// It does.
    On = "on",
    /// It does not.
    Off = "off",
    /// There is no mailbox.
    Missing = "none",
}

words! {
    /// In which order.
    UserSort, "sort", "choose extension, name or email",
    /// By extension; those without one last.
    Extension = "extension",
    /// By last name, then first name.
    Name = "name",
    /// By the first address.
    Email = "email",
}

/// Which users, and in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleFilter {
    /// Part of a name, an address, a login name or an extension; empty for all.
    pub search: String,
    /// Only those of this department; empty for all (002-007).
    pub department: String,
    /// Only those of this site; empty for all (002-008).
    pub site: String,
    /// Only those who stand in the list of contacts (002-022).
    pub is_listed: bool,
    /// Only those of this role.
    pub role: Option<Role>,
    /// Only those who have come so far.
    pub status: Option<UserStatus>,
    /// Only those whose mailbox is so.
    pub voicemail: Option<Voicemail>,
    /// The order. `None`: by extension.
    pub sort: Option<UserSort>,
    /// The other way round.
    pub is_down: bool,
}

impl PeopleFilter {
    /// All that fit this text.
    pub fn found_by(search: &str) -> Self {
        Self { search: search.to_owned(), ..Self::default() }
    }
}

/// How many users a tenant has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UserCounts {
    /// All of them.
    pub all: u64,
    /// Who never chose a password.
    pub new: u64,
    /// Who did.
    pub active: u64,
    /// Who was reset, and not set up since.
    pub setup_required: u64,
}

impl Store {
    /// Users who are wanted, after a place: the extension (of no matter but in that order) and id of the last one.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn user_page(
        &self,
        tenant: TenantId,
        filter: &PeopleFilter,
        after: Option<(String, UserId)>,
        limit: u32,
    ) -> Result<Vec<Person>> {
        let plain = |text: &str| -> String { text.trim().chars().filter(|c| !c.is_control()).collect() };
        let common = |limit: u32| {
            args![
                tenant.uuid(),
                true,
                like(&filter.search),
                limit,
                filter.role.map_or("", Role::as_str),
                filter.status.map_or("", UserStatus::as_str),
                filter.voicemail.map_or("", Voicemail::as_str),
                plain(&filter.department),
                plain(&filter.site),
                filter.is_listed,
            ]
        };
        let rows = match filter.sort {
            None | Some(UserSort::Extension) => {
                return self.by_extension(filter, after, limit, common).await;
            }
            Some(sort) => {
                let place = match after {
                    Some((_, id)) => self.db.row(PLACE, args![tenant.uuid(), id.uuid()]).await?,
                    None => None,
                };
                let (sql, keys) = match place {
                    None => (first(sort, filter.is_down), Vec::new()),
                    Some(row) => {
                        let row = Reader::new(&row, "users", "id");
                        let id = row.id("id")?;
                        let keys = match sort {
                            UserSort::Email => args![row.text("mail")?, id],
                            _ => args![row.text("last")?, row.text("first")?, id],
                        };
                        (next(sort, filter.is_down), keys)
                    }
                };
                let args = common(limit).into_iter().chain(keys).collect();
                self.db.rows(sql, args).await?
            }
        };
        rows.iter().map(read_person).collect()
    }

    async fn by_extension(
        &self,
        filter: &PeopleFilter,
        after: Option<(String, UserId)>,
        limit: u32,
        common: impl Fn(u32) -> Vec<super::db::Value>,
    ) -> Result<Vec<Person>> {
        let with = |limit, key: super::db::Value| common(limit).into_iter().chain([key]).collect();
        let is_first = after.is_none();
        let (extension, id) =
            after.map_or((String::new(), Uuid::nil()), |(extension, id)| (extension, id.uuid()));
        let mut rows = Vec::new();
        if extension != NO_EXTENSION && filter.voicemail != Some(Voicemail::Missing) {
            rows = match (filter.is_down, is_first) {
                (false, _) => self.db.rows(UP, with(limit, extension.clone().into())).await?,
                (true, true) => self.db.rows(DOWN, common(limit)).await?,
                (true, false) => self.db.rows(DOWN_AFTER, with(limit, extension.clone().into())).await?,
            };
        }
        let rest = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        if rest > 0 && matches!(filter.voicemail, None | Some(Voicemail::Missing)) {
            // A place among those who have one is before all of these.
            let id = if extension == NO_EXTENSION { id } else { Uuid::nil() };
            rows.extend(self.db.rows(WITHOUT_MAILBOX, with(rest, id.into())).await?);
        }
        rows.iter().map(read_person).collect()
    }

    /// How many users there are, and how far they have come.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn user_counts(&self, tenant: TenantId) -> Result<UserCounts> {
        let count = async |sql, column| match self.db.row(sql, args![tenant.uuid()]).await? {
            Some(row) => Reader::new(&row, "users", "count").number::<u64>(column),
            None => Ok(0),
        };
        let all = count(ALL, "count").await?;
        let setup_required = count(TO_SET_UP, "count").await?;
        let entered = count(TO_SET_UP, "entered").await?;
        let active = count(WITH_PASSWORD, "count").await?.saturating_sub(entered);
        let new = all.saturating_sub(setup_required).saturating_sub(active);
        Ok(UserCounts { all, new, active, setup_required })
    }

    /// One user, as lists show them.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn listed_user(&self, tenant: TenantId, user: UserId) -> Result<Option<Person>> {
        let row = self.db.row(USER, args![tenant.uuid(), true, user.uuid()]).await?;
        row.as_ref().map(read_person).transpose()
    }
}

const fn first(sort: UserSort, is_down: bool) -> &'static str {
    match (sort, is_down) {
        (UserSort::Email, false) => BY_MAIL,
        (UserSort::Email, true) => BY_MAIL_DOWN,
        (_, false) => BY_NAME,
        (_, true) => BY_NAME_DOWN,
    }
}

const fn next(sort: UserSort, is_down: bool) -> &'static str {
    match (sort, is_down) {
        (UserSort::Email, false) => BY_MAIL_AFTER,
        (UserSort::Email, true) => BY_MAIL_DOWN_AFTER,
        (_, false) => BY_NAME_AFTER,
        (_, true) => BY_NAME_DOWN_AFTER,
    }
}

fn read_person(row: &Row) -> Result<Person> {
    let user = read_user(row)?;
    let mailbox = read_mailbox_as(row, "mailbox_id", "mailbox_made")?;
    let row = Reader::new(row, "users", "id");
    let role: Role = row.parsed("role")?;
    let (portal, has_password) = (row.flag("portal")?, row.flag("has_password")?);
    let login = Login { tenant: user.tenant, user: user.id, role, has_password, portal };
    let (has_pin, needs_setup) = (row.flag("has_pin")?, row.flag("needs_setup")?);
    Ok(Person { user, mailbox, login, has_pin, needs_setup, unheard: row.number("unheard")? })
}
