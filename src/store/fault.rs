//! What the errors of the databases mean to us: try again, taken, missing, or refused.
//!
//! A statement that breaks a unique or a foreign key says so here; who ran the statement adds the names.

use std::fmt::Display;

use sqlx::error::{DatabaseError, ErrorKind};

use super::StoreError;

/// An error of a statement, before its caller has named the thing.
#[derive(Debug)]
pub(super) enum Fault {
    /// A unique key is broken.
    Taken(String),
    /// A foreign key is broken.
    Orphan(String),
    /// Everything else.
    Other(StoreError),
}

impl Fault {
    pub(super) fn away(why: &str) -> Self {
        Self::Other(StoreError::Away(why.to_owned()))
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(error) => database(error.as_ref()),
            E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => {
                Self::Other(StoreError::Away(error.to_string()))
            }
            other => Self::Other(StoreError::Refused(other.to_string())),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Other(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Taken(why) | Fault::Orphan(why) => Self::Refused(why),
            Fault::Other(error) => error,
        }
    }
}

fn database(error: &dyn DatabaseError) -> Fault {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::UniqueViolation => Fault::Taken(text),
        ErrorKind::ForeignKeyViolation => Fault::Orphan(text),
        _ if passes(error) => Fault::Other(StoreError::Away(text)),
        _ => Fault::Other(StoreError::Refused(text)),
    }
}

/// Whether the same statement can succeed later, once a lock is free, a disk has room or a server is up.
fn passes(error: &dyn DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        postgres_passes(&code)
    } else {
        code.parse().is_ok_and(sqlite_passes)
    }
}

/// SQLSTATE classes (PostgreSQL, appendix A): connection, resources, operator, system; and single codes for
/// serialization failure, deadlock, lock timeout, and a server that has become a read-only standby.
fn postgres_passes(code: &str) -> bool {
    ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
        || matches!(code, "40001" | "40P01" | "55P03" | "25006")
}

/// Result codes of SQLite: busy, locked, read-only, IO error, full, cannot open. Extended codes keep the primary
/// one in the low byte.
const fn sqlite_passes(code: i32) -> bool {
    matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14)
}

/// Names what a broken key means.
pub(super) trait Named<T> {
    /// A broken unique key means that this is taken.
    fn taken(self, what: &'static str, value: impl Display) -> Result<T, Fault>;
    /// A broken foreign key means that this is missing.
    fn orphan(self, what: &'static str, value: impl Display) -> Result<T, Fault>;
}

impl<T> Named<T> for Result<T, Fault> {
    fn taken(self, what: &'static str, value: impl Display) -> Self {
        self.map_err(|fault| match fault {
            Fault::Taken(_) => StoreError::Taken { what, value: value.to_string() }.into(),
            other => other,
        })
    }

    fn orphan(self, what: &'static str, value: impl Display) -> Self {
        self.map_err(|fault| match fault {
            Fault::Orphan(_) => missing(what, value).into(),
            other => other,
        })
    }
}

/// The error for a row that is not there.
pub(super) fn missing(what: &'static str, value: impl Display) -> StoreError {
    StoreError::Missing { what, value: value.to_string() }
}

/// `Missing` when a statement touched nothing.
pub(super) fn found(touched: u64, what: &'static str, value: impl Display) -> Result<(), StoreError> {
    if touched == 0 { Err(missing(what, value)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_busy_file_pass_but_a_syntax_error_does_not() {
        // SQLITE_FULL, SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT, SQLITE_IOERR_WRITE
        for code in [13, 5, 517, 778] {
            assert!(sqlite_passes(code), "{code}");
        }
        assert!(!sqlite_passes(1));
        assert!(!sqlite_passes(275), "a broken CHECK stays broken");
    }

    #[test]
    fn a_server_that_shuts_down_passes_but_an_unknown_table_does_not() {
        for code in ["57P01", "53100", "08006", "40001", "25006"] {
            assert!(postgres_passes(code), "{code}");
        }
        assert!(!postgres_passes("42P01"));
        assert!(!postgres_passes("23514"));
    }
}
