//! The statements that walk the users of a tenant, each along the index of its order.
//!
//! Numbers of arguments: `$1` tenant, `$2` whether the web is open to who was never given anything, `$3` search, `$4` how
//! many, `$5` to `$10` the other filters, `$11` the filter that few fit, and from `$12` on the keys of the place before.

use super::user_filter::UserSort;

macro_rules! users {
    ($from:expr) => {
        concat!(
            "SELECT u.id, u.tenant_id, u.first_name, u.last_name, u.emails, u.login, u.department, u.site,
                u.profile, u.created_at, u.last_message_at,
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

/// What a user must be to be wanted.
macro_rules! fits {
    () => {
        "AND ($3 = '' OR u.words LIKE $3 ESCAPE '!' OR COALESCE(m.extension, '') LIKE $3 ESCAPE '!')
         AND ($5 < 0 OR u.rank = $5) AND ($6 = '' OR u.status = $6) AND ($7 = '' OR u.voicemail = $7)
         AND ($8 = '' OR u.department = $8) AND ($9 = '' OR u.site = $9)
         AND (NOT $10 OR u.profile NOT LIKE '%\"listed\":false%') "
    };
}

/// Those who fit the filter that `$11` names: few, so each order reads them all and sorts them. They are read once and for
/// all: a planner that has not counted the users yet would look for them again with every mailbox.
macro_rules! few {
    ($join:literal) => {
        concat!(
            "(WITH few AS MATERIALIZED (SELECT u.* FROM (SELECT DISTINCT id FROM (
              SELECT id FROM users WHERE $11 = 'status' AND tenant_id = $1 AND removed_at IS NULL AND status = $6
              UNION ALL SELECT id FROM users WHERE $11 = 'role' AND tenant_id = $1 AND removed_at IS NULL AND rank = $5
              UNION ALL SELECT id FROM users
                WHERE $11 = 'voicemail' AND tenant_id = $1 AND removed_at IS NULL AND voicemail = $7
              UNION ALL SELECT id FROM users
                WHERE $11 = 'department' AND tenant_id = $1 AND removed_at IS NULL AND department = $8
              UNION ALL SELECT id FROM users WHERE $11 = 'site' AND tenant_id = $1 AND removed_at IS NULL AND site = $9
              UNION ALL SELECT id FROM users
                WHERE $11 = 'search' AND tenant_id = $1 AND removed_at IS NULL AND words LIKE $3 ESCAPE '!'
              UNION ALL SELECT user_id FROM mailboxes WHERE $11 = 'search' AND tenant_id = $1 AND removed_at IS NULL
                AND user_id IS NOT NULL AND extension LIKE $3 ESCAPE '!'
              ) x LIMIT 1000) f CROSS JOIN users u
              WHERE u.tenant_id = $1 AND u.removed_at IS NULL AND u.id = f.id) SELECT * FROM few) u ",
            $join
        )
    };
}

/// Users who are wanted, from a place on in an order.
macro_rules! wanted {
    (all: $from:literal, $($rest:expr),+) => {
        concat!(users!($from), "AND $11 = '' ", fits!(), $($rest,)+ " LIMIT $4")
    };
    (few: $join:literal, $($rest:expr),+) => {
        concat!(users!(few!($join)), fits!(), $($rest,)+ " LIMIT $4")
    };
}

/// The ids of those who are wanted.
macro_rules! ids {
    ($from:expr, $which:literal) => {
        concat!(
            "SELECT u.id FROM ",
            $from,
            " ON m.tenant_id = u.tenant_id AND m.user_id = u.id AND m.removed_at IS NULL
             WHERE u.tenant_id = $1 AND u.removed_at IS NULL AND $2 ",
            $which,
            fits!()
        )
    };
    (all) => {
        ids!("users u LEFT JOIN mailboxes m", "AND $11 = '' ")
    };
    (few) => {
        ids!(few!("LEFT JOIN mailboxes m"), "")
    };
}

macro_rules! found {
    ($which:ident) => {
        concat!(ids!($which), "ORDER BY COALESCE(m.extension, '~'), u.id LIMIT $4")
    };
}

macro_rules! count_found {
    ($which:ident) => {
        concat!("SELECT COUNT(*) AS count FROM (", ids!($which), "LIMIT $4) c")
    };
}

/// From the first one on, from the one after a place on, and what is behind the group of those that the place is among.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    pub(super) first: &'static str,
    pub(super) next: &'static str,
    pub(super) beyond: Option<&'static str>,
}

macro_rules! walk {
    ($which:ident, $from:literal, $order:expr, $next:expr) => {
        Walk {
            first: wanted!($which: $from, "ORDER BY ", $order),
            next: wanted!($which: $from, "AND ", $next, " ORDER BY ", $order),
            beyond: None,
        }
    };
    ($which:ident, $from:literal, $order:expr, $next:expr, $beyond:expr) => {
        Walk {
            beyond: Some(wanted!($which: $from, "AND ", $beyond, " ORDER BY ", $order)),
            ..walk!($which, $from, $order, $next)
        }
    };
}

/// Both ways along an index, and among few.
struct Order {
    all: [Walk; 2],
    few: [Walk; 2],
}

macro_rules! order {
    (($($up:expr),+), ($($down:expr),+)) => {
        Order {
            all: [
                walk!(all, "users u LEFT JOIN mailboxes m", $($up),+),
                walk!(all, "users u LEFT JOIN mailboxes m", $($down),+),
            ],
            few: [walk!(few, "LEFT JOIN mailboxes m", $($up),+), walk!(few, "LEFT JOIN mailboxes m", $($down),+)],
        }
    };
}

/// By name among those who have the same in a column.
macro_rules! by_name_within {
    ($column:literal) => {
        order!(
            (
                concat!($column, ", lower(u.last_name), lower(u.first_name), u.id"),
                concat!(
                    $column,
                    " = $12 AND lower(u.last_name) >= $13
                     AND (lower(u.last_name), lower(u.first_name), u.id) > ($13, $14, $15)"
                ),
                concat!($column, " > $12")
            ),
            (
                concat!($column, " DESC, lower(u.last_name) DESC, lower(u.first_name) DESC, u.id DESC"),
                concat!(
                    $column,
                    " = $12 AND lower(u.last_name) <= $13
                     AND (lower(u.last_name), lower(u.first_name), u.id) < ($13, $14, $15)"
                ),
                concat!($column, " < $12")
            )
        )
    };
}

// The first bound of a pair stands alone as well: it is what the index begins at. Where many have the same first key, they
// are a group of their own.
const BY_NAME: Order = order!(
    (
        "lower(u.last_name), lower(u.first_name), u.id",
        "lower(u.last_name) >= $12 AND (lower(u.last_name), lower(u.first_name), u.id) > ($12, $13, $14)"
    ),
    (
        "lower(u.last_name) DESC, lower(u.first_name) DESC, u.id DESC",
        "lower(u.last_name) <= $12 AND (lower(u.last_name), lower(u.first_name), u.id) < ($12, $13, $14)"
    )
);
const BY_MAIL: Order = order!(
    ("lower(u.emails), u.id", "lower(u.emails) >= $12 AND (lower(u.emails), u.id) > ($12, $13)"),
    ("lower(u.emails) DESC, u.id DESC", "lower(u.emails) <= $12 AND (lower(u.emails), u.id) < ($12, $13)")
);
const BY_STATUS: Order = by_name_within!("u.status");
const BY_ROLE: Order = by_name_within!("u.rank");
const BY_LAST_MESSAGE: Order = order!(
    ("u.last_message_at, u.id", "u.last_message_at = $12 AND u.id > $13", "u.last_message_at > $12"),
    (
        "u.last_message_at DESC, u.id DESC",
        "u.last_message_at = $12 AND u.id < $13",
        "u.last_message_at < $12"
    )
);

// Along the index of extensions; those who have none come behind it.
const BY_EXTENSION: Order = Order {
    all: [
        walk!(
            all,
            "mailboxes m JOIN users u",
            "m.extension",
            "m.tenant_id = $1 AND m.removed_at IS NULL AND m.extension > $12"
        ),
        walk!(
            all,
            "mailboxes m JOIN users u",
            "m.extension DESC",
            "m.tenant_id = $1 AND m.removed_at IS NULL AND m.extension < $12"
        ),
    ],
    few: [
        walk!(few, "JOIN mailboxes m", "m.extension", "m.extension > $12"),
        walk!(few, "JOIN mailboxes m", "m.extension DESC", "m.extension < $12"),
    ],
};
const WITHOUT_MAILBOX: Order = order!(
    ("u.id", "u.voicemail = 'none' AND u.id > $12"),
    ("u.id DESC", "u.voicemail = 'none' AND u.id < $12")
);

/// Counts those who fit a filter, up to so many.
macro_rules! how_many {
    ($column:literal) => {
        concat!(
            "SELECT COUNT(*) AS count FROM (SELECT id FROM users WHERE tenant_id = $1 AND removed_at IS NULL AND ",
            $column,
            " = $2 LIMIT $3) f"
        )
    };
}

/// The statements of an order, among all or among few.
pub(super) const fn walk(sort: UserSort, is_down: bool, is_few: bool) -> Walk {
    of(
        match sort {
            UserSort::Extension => BY_EXTENSION,
            UserSort::Name => BY_NAME,
            UserSort::Email => BY_MAIL,
            UserSort::Status => BY_STATUS,
            UserSort::Role => BY_ROLE,
            UserSort::LastMessage => BY_LAST_MESSAGE,
        },
        is_down,
        is_few,
    )
}

/// Users who have no mailbox after a place, always the same way round.
pub(super) const fn boxless(is_few: bool) -> &'static str {
    of(WITHOUT_MAILBOX, false, is_few).next
}

/// Everybody who is wanted, in one reading: those with an extension first.
pub(super) const fn found(is_few: bool) -> &'static str {
    if is_few { found!(few) } else { found!(all) }
}

/// How many are wanted, counted up to `$4`.
pub(super) const fn count_found(is_few: bool) -> &'static str {
    if is_few { count_found!(few) } else { count_found!(all) }
}

const fn of(order: Order, is_down: bool, is_few: bool) -> Walk {
    let [up, down] = if is_few { order.few } else { order.all };
    if is_down { down } else { up }
}

/// One user.
pub(super) const ONE: &str = concat!(users!("users u LEFT JOIN mailboxes m"), "AND u.id = $3");

/// Where a walk goes on. Lower case is the database's: what it compares with comes from it as well. Also of somebody who
/// was removed meanwhile.
pub(super) const PLACE: &str =
    "SELECT id, lower(last_name) AS last, lower(first_name) AS first, lower(emails) AS mail,
        status, rank, last_message_at FROM users WHERE tenant_id = $1 AND id = $2";

/// Whether few fit a filter, `$2`: so many of them, counted up to `$3`.
pub(super) const HOW_MANY: [(&str, &str); 6] = [
    ("status", how_many!("status")),
    ("role", how_many!("rank")),
    ("voicemail", how_many!("voicemail")),
    ("department", how_many!("department")),
    ("site", how_many!("site")),
    (
        "search",
        "SELECT COUNT(*) AS count FROM (
            SELECT id FROM users WHERE tenant_id = $1 AND removed_at IS NULL AND words LIKE $2 ESCAPE '!'
            UNION ALL SELECT user_id FROM mailboxes WHERE tenant_id = $1 AND removed_at IS NULL
                AND user_id IS NOT NULL AND extension LIKE $2 ESCAPE '!'
            LIMIT $3) f",
    ),
];
