//! Reading a row into domain values. What no version of this program writes becomes [`StoreError::Corrupt`].
//!
//! Not a mapper: each table's file says which column becomes which field.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::StrDeserializer;
use uuid::Uuid;

use super::db::Row;
use super::{Result, StoreError};

/// A row with the names that an error needs.
#[derive(Debug)]
pub(super) struct Reader<'r> {
    row: &'r Row,
    table: &'static str,
    key: &'static str,
}

impl<'r> Reader<'r> {
    /// `key` is the column that names the row in errors.
    pub(super) const fn new(row: &'r Row, table: &'static str, key: &'static str) -> Self {
        Self { row, table, key }
    }

    pub(super) fn id(&self, column: &'static str) -> Result<Uuid> {
        self.checked(column, self.row.get(column))
    }

    pub(super) fn opt_id(&self, column: &'static str) -> Result<Option<Uuid>> {
        self.checked(column, self.row.get(column))
    }

    pub(super) fn flag(&self, column: &'static str) -> Result<bool> {
        self.checked(column, self.row.get(column))
    }

    pub(super) fn text(&self, column: &'static str) -> Result<String> {
        self.checked(column, self.row.get(column))
    }

    pub(super) fn opt_text(&self, column: &'static str) -> Result<Option<String>> {
        self.checked(column, self.row.get(column))
    }

    /// Exactly 32 bytes.
    pub(super) fn hash(&self, column: &'static str) -> Result<[u8; 32]> {
        let bytes: Vec<u8> = self.checked(column, self.row.get(column))?;
        self.checked(column, bytes.try_into().map_err(|_| "not 32 bytes"))
    }

    /// Exactly 20 bytes, or none.
    pub(super) fn opt_secret(&self, column: &'static str) -> Result<Option<[u8; 20]>> {
        let bytes: Option<Vec<u8>> = self.checked(column, self.row.get(column))?;
        let exact = |bytes: Vec<u8>| self.checked(column, bytes.try_into().map_err(|_| "not 20 bytes"));
        bytes.map(exact).transpose()
    }

    /// A whole number in the range of `T`.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T> {
        let number: i64 = self.checked(column, self.row.get(column))?;
        self.checked(column, T::try_from(number).map_err(|_| format!("{number} is out of range")))
    }

    /// The same for a number that may be absent.
    pub(super) fn opt_number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<Option<T>> {
        let number: Option<i64> = self.checked(column, self.row.get(column))?;
        let in_range = |number| T::try_from(number).map_err(|_| format!("{number} is out of range"));
        number.map(|number| self.checked(column, in_range(number))).transpose()
    }

    /// Microseconds since 1970 UTC.
    pub(super) fn time(&self, column: &'static str) -> Result<Timestamp> {
        let micros: i64 = self.checked(column, self.row.get(column))?;
        self.checked(column, Timestamp::from_microsecond(micros))
    }

    pub(super) fn opt_time(&self, column: &'static str) -> Result<Option<Timestamp>> {
        let micros: Option<i64> = self.checked(column, self.row.get(column))?;
        micros.map(|micros| self.checked(column, Timestamp::from_microsecond(micros))).transpose()
    }

    /// A domain value that is parsed from text.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T> {
        let text = self.text(column)?;
        self.checked(column, text.parse())
    }

    /// A domain value that is parsed from text, or none.
    pub(super) fn opt_parsed<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<Option<T>> {
        let text = self.opt_text(column)?;
        self.checked(column, text.map(|text| text.parse()).transpose())
    }

    /// A word of a closed list, as serde names it.
    pub(super) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        let text = self.text(column)?;
        let word = StrDeserializer::<serde::de::value::Error>::new(&text);
        self.checked(column, T::deserialize(word))
    }

    /// A JSON document.
    pub(super) fn json<T: for<'d> Deserialize<'d>>(&self, column: &'static str) -> Result<T> {
        let text = self.text(column)?;
        self.checked(column, serde_json::from_str(&text))
    }

    fn checked<T, E: Display>(&self, column: &'static str, value: Result<T, E>) -> Result<T> {
        value.map_err(|why| StoreError::Corrupt {
            table: self.table,
            column,
            row: self.name(),
            why: why.to_string(),
        })
    }

    fn name(&self) -> String {
        if let Ok(id) = self.row.get::<Uuid>(self.key) {
            return id.to_string();
        }
        self.row.get::<String>(self.key).unwrap_or_else(|_| "without a readable key".to_owned())
    }
}

/// Microseconds since 1970 UTC, as every time is stored.
pub(super) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// The same for a time that may be absent.
pub(super) fn opt_micros(time: Option<Timestamp>) -> Option<i64> {
    time.map(micros)
}

/// A JSON document for a column.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Refused(format!("a setting cannot be written as JSON: {error}")))
}

/// Text from elsewhere (errors of mail servers, …) in the length that a column is meant for, without what
/// PostgreSQL cannot hold or a terminal would obey.
pub(super) fn bounded(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(1000).collect()
}

/// A number for a column; what is beyond 63 bits does not exist in practice and is refused by name.
pub(super) fn whole(number: u64, what: &'static str) -> Result<i64> {
    i64::try_from(number).map_err(|_| StoreError::Refused(format!("{what} {number} is too large")))
}
