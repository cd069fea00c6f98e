//! The users of a tenant as lists show them: searched, filtered, in every order, counted. A page begins after a place, so
//! that it costs the same however far it is from the top; each order has its index.

use jiff::Timestamp;

use super::db::{Row, Value, args};
use super::mailboxes::read_mailbox_as;
use super::pages::like;
use super::people::read_user;
use super::read::{Reader, micros};
use super::user_filter::{PeopleFilter, UserSort, UserStatus, Voicemail};
use super::user_orders::{HOW_MANY, ONE, PLACE, boxless, count_found, found, walk};
use super::{Result, Store};
use crate::domain::{Login, Mailbox, Role, TenantId, User, UserId};

const COUNTS: &str = "SELECT status, COUNT(*) AS count FROM users WHERE tenant_id = $1 AND removed_at IS NULL
    GROUP BY status";

/// Where users without a mailbox begin: behind every extension.
const NO_EXTENSION: &str = "~";
/// Whom so many fit are read all at once, and sorted; of more, enough lie along every index.
const FEW: u32 = 1000;

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
    /// When the last message came.
    pub last_message_at: Option<Timestamp>,
}

impl Person {
    /// The place of this one in every order.
    pub fn place(&self) -> UserPlace {
        UserPlace {
            user: self.user.id,
            extension: self
                .mailbox
                .as_ref()
                .map_or_else(|| NO_EXTENSION.to_owned(), |mailbox| mailbox.extension.to_string()),
            last_message_at: self.last_message_at.map_or(0, micros),
        }
    }
}

/// The user after whom a page begins, with what may change while somebody turns pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPlace {
    /// Who.
    pub user: UserId,
    /// The extension; `~` for none.
    pub extension: String,
    /// When the last message came, in microseconds; 0 for never.
    pub last_message_at: i64,
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
    /// Users who are wanted, after a place.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn user_page(
        &self,
        tenant: TenantId,
        filter: &PeopleFilter,
        after: Option<UserPlace>,
        limit: u32,
    ) -> Result<Vec<Person>> {
        let Some(asked) = self.asked(tenant, filter).await? else { return Ok(Vec::new()) };
        let rows = match filter.sort.unwrap_or(UserSort::Extension) {
            UserSort::Extension => self.by_extension(&asked, after, limit).await?,
            sort => self.by_key(&asked, sort, after, limit).await?,
        };
        rows.iter().map(read_person).collect()
    }

    /// Whom a filter finds, in one reading; as many as `limit` says.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn users_found(
        &self,
        tenant: TenantId,
        filter: &PeopleFilter,
        limit: u32,
    ) -> Result<Vec<UserId>> {
        let Some(asked) = self.asked(tenant, filter).await? else { return Ok(Vec::new()) };
        let rows = self.db.rows(found(asked.is_few()), asked.args(limit)).await?;
        rows.iter().map(|row| Ok(UserId::from_uuid(Reader::new(row, "users", "id").id("id")?))).collect()
    }

    /// How many a filter finds, counted up to `limit`.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn count_found(&self, tenant: TenantId, filter: &PeopleFilter, limit: u32) -> Result<u32> {
        let Some(asked) = self.asked(tenant, filter).await? else { return Ok(0) };
        let row = self.db.row(count_found(asked.is_few()), asked.args(limit)).await?;
        row.map_or(Ok(0), |row| Reader::new(&row, "users", "count").number("count"))
    }

    /// With the filter that few fit, if there is one: reading those costs less than a walk that meets hardly any of them.
    /// `None` when nobody fits.
    async fn asked<'f>(&self, tenant: TenantId, filter: &'f PeopleFilter) -> Result<Option<Asked<'f>>> {
        for (name, sql) in HOW_MANY {
            let value: Option<Value> = match name {
                "status" => filter.status.map(|status| status.as_str().into()),
                "role" => filter.role.map(|role| rank(role).into()),
                "voicemail" => filter.voicemail.map(|voicemail| voicemail.as_str().into()),
                "department" => given(plain(&filter.department)),
                "site" => given(plain(&filter.site)),
                _ => given(like(&filter.search)),
            };
            let Some(value) = value else { continue };
            let row = self.db.row(sql, vec![tenant.uuid().into(), value, (FEW + 1).into()]).await?;
            let count =
                row.map(|row| Reader::new(&row, "users", "count").number::<u32>("count")).transpose()?;
            match count {
                Some(0) => return Ok(None),
                Some(1..=FEW) => return Ok(Some(Asked { tenant, filter, narrow: name })),
                _ => {}
            }
        }
        Ok(Some(Asked { tenant, filter, narrow: "" }))
    }

    async fn by_key(
        &self,
        asked: &Asked<'_>,
        sort: UserSort,
        after: Option<UserPlace>,
        limit: u32,
    ) -> Result<Vec<Row>> {
        let walk = walk(sort, asked.filter.is_down, asked.is_few());
        let place = match &after {
            Some(after) => self.db.row(PLACE, args![asked.tenant.uuid(), after.user.uuid()]).await?,
            None => None,
        };
        let (Some(row), Some(after)) = (place, after) else {
            return Ok(self.db.rows(walk.first, asked.args(limit)).await?);
        };
        let row = Reader::new(&row, "users", "id");
        let id = row.id("id")?;
        let keys = match sort {
            UserSort::Email => args![row.text("mail")?, id],
            UserSort::Status => args![row.text("status")?, row.text("last")?, row.text("first")?, id],
            UserSort::Role => {
                args![row.number::<i64>("rank")?, row.text("last")?, row.text("first")?, id]
            }
            // As it was on the page before: whoever gets a message meanwhile moves, and the page does not.
            UserSort::LastMessage => args![after.last_message_at, id],
            _ => args![row.text("last")?, row.text("first")?, id],
        };
        let group = keys.first().cloned();
        let mut rows = self.db.rows(walk.next, asked.with(limit, keys)).await?;
        let rest = left(limit, &rows);
        if let (Some(beyond), Some(group)) = (walk.beyond.filter(|_| rest > 0), group) {
            rows.extend(self.db.rows(beyond, asked.with(rest, [group])).await?);
        }
        Ok(rows)
    }

    async fn by_extension(
        &self,
        asked: &Asked<'_>,
        after: Option<UserPlace>,
        limit: u32,
    ) -> Result<Vec<Row>> {
        let voicemail = asked.filter.voicemail;
        let walk = walk(UserSort::Extension, asked.filter.is_down, asked.is_few());
        let is_among_boxless = after.as_ref().is_some_and(|after| after.extension == NO_EXTENSION);
        let mut rows = Vec::new();
        if !is_among_boxless && voicemail != Some(Voicemail::Missing) {
            rows = match &after {
                None => self.db.rows(walk.first, asked.args(limit)).await?,
                Some(after) => {
                    self.db.rows(walk.next, asked.with(limit, args![after.extension.as_str()])).await?
                }
            };
        }
        let rest = left(limit, &rows);
        if rest > 0 && matches!(voicemail, None | Some(Voicemail::Missing)) {
            // A place among those who have one is before all of these.
            let id =
                after.filter(|_| is_among_boxless).map_or_else(uuid::Uuid::nil, |after| after.user.uuid());
            // A search looks through all users: those without a mailbox are looked through sooner.
            let narrow = if asked.narrow == "search" { "" } else { asked.narrow };
            let asked = Asked { narrow, ..*asked };
            rows.extend(self.db.rows(boxless(asked.is_few()), asked.with(rest, args![id])).await?);
        }
        Ok(rows)
    }

    /// How many users there are, and how far they have come.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn user_counts(&self, tenant: TenantId) -> Result<UserCounts> {
        let mut counts = UserCounts::default();
        for row in self.db.rows(COUNTS, args![tenant.uuid()]).await? {
            let row = Reader::new(&row, "users", "status");
            let count: u64 = row.number("count")?;
            counts.all += count;
            match row.parsed("status")? {
                UserStatus::New => counts.new = count,
                UserStatus::Active => counts.active = count,
                UserStatus::SetupRequired => counts.setup_required = count,
            }
        }
        Ok(counts)
    }

    /// One user, as lists show them.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn listed_user(&self, tenant: TenantId, user: UserId) -> Result<Option<Person>> {
        let row = self.db.row(ONE, args![tenant.uuid(), true, user.uuid()]).await?;
        row.as_ref().map(read_person).transpose()
    }
}

/// Who is asked for.
#[derive(Clone, Copy)]
struct Asked<'f> {
    tenant: TenantId,
    filter: &'f PeopleFilter,
    /// The filter that few fit; empty when there is none.
    narrow: &'static str,
}

impl Asked<'_> {
    const fn is_few(&self) -> bool {
        !self.narrow.is_empty()
    }

    /// `$1` to `$11`.
    fn args(&self, limit: u32) -> Vec<Value> {
        let filter = self.filter;
        args![
            self.tenant.uuid(),
            true,
            like(&filter.search),
            limit,
            filter.role.map_or(-1, rank),
            filter.status.map_or("", UserStatus::as_str),
            filter.voicemail.map_or("", Voicemail::as_str),
            plain(&filter.department),
            plain(&filter.site),
            filter.is_listed,
            self.narrow,
        ]
    }

    /// The same with the keys of a place.
    fn with(&self, limit: u32, keys: impl IntoIterator<Item = Value>) -> Vec<Value> {
        self.args(limit).into_iter().chain(keys).collect()
    }
}

/// How many of a page are left to find.
fn left(limit: u32, rows: &[Row]) -> u32 {
    limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX))
}

/// The place of a role in `users.rank`.
fn rank(role: Role) -> i64 {
    Role::ALL.into_iter().zip(0..).find(|(one, _)| *one == role).map_or(0, |(_, rank)| rank)
}

fn given(text: String) -> Option<Value> {
    (!text.is_empty()).then(|| text.into())
}

fn plain(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).collect()
}

fn read_person(row: &Row) -> Result<Person> {
    let user = read_user(row)?;
    let mailbox = read_mailbox_as(row, "mailbox_id", "mailbox_made")?;
    let row = Reader::new(row, "users", "id");
    let role: Role = row.parsed("role")?;
    let (portal, has_password) = (row.flag("portal")?, row.flag("has_password")?);
    let login = Login { tenant: user.tenant, user: user.id, role, has_password, portal };
    let (has_pin, needs_setup) = (row.flag("has_pin")?, row.flag("needs_setup")?);
    let last = row.number::<i64>("last_message_at")?;
    let last_message_at = (last > 0).then(|| Timestamp::from_microsecond(last).ok()).flatten();
    Ok(Person {
        user,
        mailbox,
        login,
        has_pin,
        needs_setup,
        unheard: row.number("unheard")?,
        last_message_at,
    })
}
