//! What columns are called, and what their cells mean.

use super::table::TableError;
use crate::domain::ProfileField;

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Number of the mailbox; says whom the row is about (002-006).
    Extension,
    /// First name (002-004).
    First,
    /// Last name (002-005).
    Last,
    /// E-mail addresses, the primary one first (002-009).
    Email,
    /// What the mails carry.
    Mail,
    /// PIN for the phone (002-014).
    Pin,
    /// Further numbers and aliases (003-03).
    Numbers,
    /// IANA zone (002-019).
    Zone,
    /// Language of the prompts.
    Language,
    /// Where `0` leads (002-063).
    Operator,
    /// Takes messages (002-012).
    Enabled,
    /// Is in the audio directory (002-021).
    Announce,
    /// A number that leads there beside all others, and rings on the phone of the row (003-03).
    Direct,
    /// Name of a phone (002-013).
    Phone,
    /// Its model (003-05).
    Model,
    /// Its MAC address (003-05).
    Mac,
    /// The port of the row (003-08, 003-11).
    Port,
    /// Line appearances of that port (003-12).
    Lines,
    /// Where it stands.
    PhoneSite,
    /// What provisioning begins with (000-14).
    Template,
    /// Unique at its site (000-15).
    PreferenceGroup,
    /// A field of the profile (002-007, 002-008, 002-020, 002-022, 002-023, 003-01, 003-04, 004-03, 004-04).
    Profile(ProfileField),
}

impl Column {
    /// Every column, as the template has them.
    pub const ALL: [Self; 35] = [
        Self::Extension,
        Self::First,
        Self::Last,
        Self::Email,
        Self::Mail,
        Self::Pin,
        Self::Numbers,
        Self::Zone,
        Self::Language,
        Self::Operator,
        Self::Enabled,
        Self::Announce,
        Self::Direct,
        Self::Phone,
        Self::Model,
        Self::Mac,
        Self::Port,
        Self::Lines,
        Self::PhoneSite,
        Self::Template,
        Self::PreferenceGroup,
        Self::Profile(ProfileField::Login),
        Self::Profile(ProfileField::Department),
        Self::Profile(ProfileField::Site),
        Self::Profile(ProfileField::Station),
        Self::Profile(ProfileField::Mobile),
        Self::Profile(ProfileField::AreaCode),
        Self::Profile(ProfileField::CallerId),
        Self::Profile(ProfileField::EmergencyCallerId),
        Self::Profile(ProfileField::EmergencyAddress),
        Self::Profile(ProfileField::SipAddress),
        Self::Profile(ProfileField::Music),
        Self::Profile(ProfileField::CallPaths),
        Self::Profile(ProfileField::RecordCalls),
        Self::Profile(ProfileField::Listed),
    ];

    /// Its name in the template.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Extension => "extension",
            Self::First => "first",
            Self::Last => "last",
            Self::Email => "email",
            Self::Mail => "mail",
            Self::Pin => "pin",
            Self::Numbers => "numbers",
            Self::Zone => "zone",
            Self::Language => "language",
            Self::Operator => "operator",
            Self::Enabled => "enabled",
            Self::Announce => "announce",
            Self::Direct => "direct",
            Self::Phone => "phone",
            Self::Model => "model",
            Self::Mac => "mac",
            Self::Port => "port",
            Self::Lines => "lines",
            Self::PhoneSite => "phone_site",
            Self::Template => "template",
            Self::PreferenceGroup => "preference_group",
            Self::Profile(field) => field.as_str(),
        }
    }

    /// What it holds, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Extension => "number of the mailbox, 2 to 10 digits; says whom the row is about",
            Self::First => "first name",
            Self::Last => "last name",
            Self::Email => "e-mail addresses, separated by spaces",
            Self::Mail => "none, link, brief-link, attachment-new, …",
            Self::Pin => "PIN for the phone, 4 to 12 digits; empty leaves it as it is",
            Self::Numbers => "further numbers and aliases, separated by commas",
            Self::Zone => "IANA zone such as Europe/Berlin",
            Self::Language => "language of the prompts, such as en",
            Self::Operator => "where 0 leads: a number or SIP URI",
            Self::Enabled => "yes or no: takes messages",
            Self::Announce => "yes or no: is in the audio directory",
            Self::Direct => "direct number: leads there beside all others, and rings on the phone",
            Self::Phone => {
                "name of a phone, such as 1001a; a new one is added, and without an extension it is nobody's"
            }
            Self::Model => "model of the phone, such as generic",
            Self::Mac => "MAC address of the phone, however it is written",
            Self::Port => "port of the phone that is the user's; 1 unless it is said",
            Self::Lines => "line appearances of that port",
            Self::PhoneSite => "where the phone stands",
            Self::Template => "what provisioning of the phone begins with",
            Self::PreferenceGroup => "preference group of the phone, unique at its site",
            Self::Profile(field) => field.meaning(),
        }
    }

    /// Other names that tables have for it, without spaces and marks.
    const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Extension => &["ext", "mailbox", "extensionnumber", "nebenstelle", "durchwahl"],
            Self::First => &["firstname", "givenname", "forename", "vorname"],
            Self::Last => &["lastname", "surname", "familyname", "nachname"],
            Self::Email => &["emails", "emailaddress", "emailaddresses", "mailaddress"],
            Self::Mail => &["mailmode", "emailmode", "voicemailtoemail", "notification"],
            Self::Pin => &["voicemailpin", "vmpin", "phonepin", "password"],
            Self::Numbers => &["number", "phonenumber", "alias", "aliases"],
            Self::Zone => &["timezone", "tz", "zeitzone"],
            Self::Language => &["lang", "sprache"],
            Self::Operator => &["operatorforward", "operatortarget"],
            Self::Enabled => &["voicemail", "voicemailenabled", "enablevoicemail"],
            Self::Announce => &["audiodirectory", "announceintheaudiodirectory", "directory"],
            Self::Direct => &["directnumber", "did", "directline", "durchwahlnummer"],
            Self::Phone => &["device", "devicename", "phonename", "handset", "handsetname"],
            Self::Model => &["phonemodel", "devicemodel", "phonetype", "devicetype"],
            Self::Mac => &["macaddress", "serial", "serialnumber"],
            Self::Port => &["deviceport", "phoneport", "ataport"],
            Self::Lines => &["lineappearances", "appearances", "linekeys"],
            Self::PhoneSite => &["handsetsite", "devicesite"],
            Self::Template => &["handsettemplate", "phonetemplate"],
            Self::PreferenceGroup => &["handsetpreferencegroup"],
            Self::Profile(field) => of_field(field),
        }
    }

    /// The column of this name, in any case and with any marks between its words.
    fn named(text: &str) -> Option<Self> {
        let plain: String =
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        Self::ALL.into_iter().find(|column| {
            plain == column.as_str().replace('_', "") || column.aliases().contains(&plain.as_str())
        })
    }
}

/// Other names of a field of the profile.
const fn of_field(field: ProfileField) -> &'static [&'static str] {
    match field {
        ProfileField::Login => &["userid", "loginname", "username", "user", "benutzername"],
        ProfileField::Department => &["dept", "abteilung"],
        ProfileField::Site => &["location", "office", "standort"],
        ProfileField::Station => &["stationtype", "license", "licensetype"],
        ProfileField::Mobile => &["mobilephone", "mobilenumber", "cell", "cellphone", "handy", "mobil"],
        ProfileField::AreaCode => &["vorwahl"],
        ProfileField::CallerId => &["clid", "callerid", "outboundcallerid"],
        ProfileField::EmergencyCallerId => &["911callerid", "e911callerid", "emergencynumber"],
        ProfileField::EmergencyAddress => &["911address", "e911", "e911address"],
        ProfileField::SipAddress => &["sip", "sipuri"],
        ProfileField::Music => &["musiconhold", "moh", "mohstream", "musiconholdstream"],
        ProfileField::CallPaths => &["callpath", "paths", "simultaneouscalls", "maxcalls"],
        ProfileField::RecordCalls => &["record", "callrecording", "recorduserscalls"],
        ProfileField::Listed => &["listindirectory", "contacts", "listincontacts"],
    }
}

/// Which column stands where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) places: Vec<(Column, usize)>,
    /// Names that mean nothing here.
    pub(super) ignored: Vec<String>,
}

impl Columns {
    pub(super) fn read(header: &[String]) -> Result<Self, TableError> {
        let mut columns = Self { places: Vec::new(), ignored: Vec::new() };
        for (place, name) in header.iter().enumerate() {
            match Column::named(name) {
                Some(column) if columns.places.iter().any(|(known, _)| *known == column) => {
                    return Err(TableError::ColumnTwice(column.as_str()));
                }
                Some(column) => columns.places.push((column, place)),
                None if name.is_empty() => {}
                None => columns.ignored.push(name.clone()),
            }
        }
        // A table of phones alone needs no extensions.
        let is_of = |wanted: Column| columns.places.iter().any(|(column, _)| *column == wanted);
        if !is_of(Column::Extension) && !is_of(Column::Phone) {
            return Err(TableError::NoExtension);
        }
        Ok(columns)
    }

    /// Whether the row says which phone it is about.
    pub(super) fn names_a_phone(&self, cells: &[String]) -> bool {
        [Column::Phone, Column::Mac].into_iter().any(|column| self.cell(cells, column).is_some())
    }

    /// The columns in which the row says something.
    pub(super) fn given<'c>(&'c self, cells: &'c [String]) -> impl Iterator<Item = Column> + 'c {
        self.places.iter().map(|(column, _)| *column).filter(|column| self.cell(cells, *column).is_some())
    }

    /// The cell of a column; `None` when it is empty or there is no such column.
    pub(super) fn cell<'a>(&self, cells: &'a [String], column: Column) -> Option<&'a str> {
        let (_, place) = self.places.iter().find(|(known, _)| *known == column)?;
        cells.get(*place).map(String::as_str).filter(|cell| !cell.is_empty())
    }
}
