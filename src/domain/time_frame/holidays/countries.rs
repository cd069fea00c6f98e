//! The countries, and which days each of them keeps.

use jiff::civil::Weekday::{Monday, Saturday, Thursday};

use super::Rule::{Each, Easter, From, Nth, On};
use super::{Country, Rule, brigid, kings_day};

const NEW_YEAR: (&str, Rule) = ("New Year's Day", On(1, 1));
const EPIPHANY: (&str, Rule) = ("Epiphany", On(1, 6));
const MAUNDY: (&str, Rule) = ("Maundy Thursday", Easter(-3));
const GOOD_FRIDAY: (&str, Rule) = ("Good Friday", Easter(-2));
const EASTER: (&str, Rule) = ("Easter Sunday", Easter(0));
const EASTER_MONDAY: (&str, Rule) = ("Easter Monday", Easter(1));
const LABOUR: (&str, Rule) = ("Labour Day", On(5, 1));
const VICTORY: (&str, Rule) = ("Victory Day", On(5, 8));
const ASCENSION: (&str, Rule) = ("Ascension Day", Easter(39));
const WHITSUN: (&str, Rule) = ("Whit Sunday", Easter(49));
const WHIT_MONDAY: (&str, Rule) = ("Whit Monday", Easter(50));
const CORPUS: (&str, Rule) = ("Corpus Christi", Easter(60));
const MIDSUMMER: (&str, Rule) = ("Midsummer Day", From(6, 20, Saturday));
const ASSUMPTION: (&str, Rule) = ("Assumption Day", On(8, 15));
const ALL_SAINTS: (&str, Rule) = ("All Saints' Day", On(11, 1));
const ALL_SAINTS_NORTH: (&str, Rule) = ("All Saints' Day", From(10, 31, Saturday));
const ARMISTICE: (&str, Rule) = ("Armistice Day", On(11, 11));
const CONCEPTION: (&str, Rule) = ("Immaculate Conception", On(12, 8));
const CHRISTMAS_EVE: (&str, Rule) = ("Christmas Eve", On(12, 24));
const CHRISTMAS: (&str, Rule) = ("Christmas Day", On(12, 25));
const SECOND_CHRISTMAS: (&str, Rule) = ("Second Day of Christmas", On(12, 26));
const BOXING: (&str, Rule) = ("Boxing Day", On(12, 26));

const fn country(code: &'static str, title: &'static str, days: &'static [(&'static str, Rule)]) -> Country {
    Country { code, title, days }
}

/// Every country that is known, by its title.
pub const COUNTRIES: [Country; 20] = [
    country(
        "au",
        "Australia",
        &[
            NEW_YEAR,
            ("Australia Day", On(1, 26)),
            GOOD_FRIDAY,
            EASTER_MONDAY,
            ("Anzac Day", On(4, 25)),
            CHRISTMAS,
            BOXING,
        ],
    ),
    country(
        "at",
        "Austria",
        &[
            NEW_YEAR,
            EPIPHANY,
            EASTER_MONDAY,
            LABOUR,
            ASCENSION,
            WHIT_MONDAY,
            CORPUS,
            ASSUMPTION,
            ("National Day", On(10, 26)),
            ALL_SAINTS,
            CONCEPTION,
            CHRISTMAS,
            SECOND_CHRISTMAS,
        ],
    ),
    country(
        "be",
        "Belgium",
        &[
            NEW_YEAR,
            EASTER_MONDAY,
            LABOUR,
            ASCENSION,
            WHIT_MONDAY,
            ("National Day", On(7, 21)),
            ASSUMPTION,
            ALL_SAINTS,
            ARMISTICE,
            CHRISTMAS,
        ],
    ),
    country(
        "ca",
        "Canada",
        &[
            NEW_YEAR,
            GOOD_FRIDAY,
            ("Victoria Day", From(5, 18, Monday)),
            ("Canada Day", On(7, 1)),
            ("Labour Day", Nth(9, Monday, 1)),
            ("Thanksgiving", Nth(10, Monday, 2)),
            CHRISTMAS,
        ],
    ),
    country(
        "cz",
        "Czechia",
        &[
            NEW_YEAR,
            GOOD_FRIDAY,
            EASTER_MONDAY,
            LABOUR,
            VICTORY,
            ("Saints Cyril and Methodius", On(7, 5)),
            ("Jan Hus Day", On(7, 6)),
            ("Statehood Day", On(9, 28)),
            ("Independence Day", On(10, 28)),
            ("Freedom and Democracy Day", On(11, 17)),
            CHRISTMAS_EVE,
            CHRISTMAS,
            SECOND_CHRISTMAS,
        ],
    ),
    country(
        "dk",
        "Denmark",
        &[
            NEW_YEAR,
            MAUNDY,
            GOOD_FRIDAY,
            EASTER,
            EASTER_MONDAY,
            ASCENSION,
            WHITSUN,
            WHIT_MONDAY,
            CHRISTMAS,
            SECOND_CHRISTMAS,
        ],
    ),
    country(
        "gb",
        "England and Wales",
        &[
            NEW_YEAR,
            GOOD_FRIDAY,
            EASTER_MONDAY,
            ("Early May Bank Holiday", Nth(5, Monday, 1)),
            ("Spring Bank Holiday", Nth(5, Monday, -1)),
            ("Summer Bank Holiday", Nth(8, Monday, -1)),
            CHRISTMAS,
            BOXING,
        ],
    ),
    country(
        "fi",
        "Finland",
        &[
            NEW_YEAR,
            EPIPHANY,
            GOOD_FRIDAY,
            EASTER,
            EASTER_MONDAY,
            LABOUR,
            ASCENSION,
            WHITSUN,
            MIDSUMMER,
            ALL_SAINTS_NORTH,
            ("Independence Day", On(12, 6)),
            CHRISTMAS,
            SECOND_CHRISTMAS,
        ],
    ),
    country(
        "fr",
        "France",
        &[
            NEW_YEAR,
            EASTER_MONDAY,
            LABOUR,
            VICTORY,
            ASCENSION,
            WHIT_MONDAY,
            ("Bastille Day", On(7, 14)),
            ASSUMPTION,
            ALL_SAINTS,
            ARMISTICE,
            CHRISTMAS,
        ],
    ),
    country(
        "de",
        "Germany",
        &[
            NEW_YEAR,
            GOOD_FRIDAY,
            EASTER_MONDAY,
            LABOUR,
            ASCENSION,
            WHIT_MONDAY,
            ("German Unity Day", On(10, 3)),
            CHRISTMAS,
            SECOND_CHRISTMAS,
        ],
    ),
    country(
        "ie",
        "Ireland",
        &[
            NEW_YEAR,
            ("Saint Brigid's Day", Each(brigid)),
            ("Saint Patrick's Day", On(3, 17)),
            EASTER_MONDAY,
            ("May Day", Nth(5, Monday, 1)),
            ("June Holiday", Nth(6, Monday, 1)),
            ("August Holiday", Nth(8, Monday, 1)),
            ("October Holiday", Nth(10, Monday, -1)),
            CHRISTMAS,
            ("Saint Stephen's Day", On(12, 26)),
        ],
    ),
    country(
        "it",
        "Italy",
        &[
            NEW_YEAR,
            EPIPHANY,
            EASTER,
            EASTER_MONDAY,
            ("Liberation Day", On(4, 25)),
            LABOUR,
            ("Republic Day", On(6, 2)),
            ASSUMPTION,
            ALL_SAINTS,
            CONCEPTION,
            CHRISTMAS,
            ("Saint Stephen's Day", On(12, 26)),
        ],
    ),
    country(
        "nl",
        "Netherlands",
        &[
            NEW_YEAR,
            EASTER,
            EASTER_MONDAY,
            ("King's Day", Each(kings_day)),
            ASCENSION,
            WHITSUN,
            WHIT_MONDAY,
            CHRISTMAS,
            SECOND_CHRISTMAS,
        ],
    ),
    country(
        "no",
        "Norway",
        &[
            NEW_YEAR,
            MAUNDY,
            GOOD_FRIDAY,
            EASTER,
            EASTER_MONDAY,
            LABOUR,
            ("Constitution Day", On(5, 17)),
            ASCENSION,
            WHITSUN,
            WHIT_MONDAY,
            CHRISTMAS,
            SECOND_CHRISTMAS,
        ],
    ),
    country(
        "pl",
        "Poland",
        &[
            NEW_YEAR,
            EPIPHANY,
            EASTER,
            EASTER_MONDAY,
            LABOUR,
            ("Constitution Day", On(5, 3)),
            WHITSUN,
            CORPUS,
            ASSUMPTION,
            ALL_SAINTS,
            ("Independence Day", On(11, 11)),
            CHRISTMAS_EVE,
            CHRISTMAS,
            SECOND_CHRISTMAS,
        ],
    ),
    country(
        "pt",
        "Portugal",
        &[
            NEW_YEAR,
            GOOD_FRIDAY,
            EASTER,
            ("Freedom Day", On(4, 25)),
            LABOUR,
            CORPUS,
            ("Portugal Day", On(6, 10)),
            ASSUMPTION,
            ("Republic Day", On(10, 5)),
            ALL_SAINTS,
            ("Restoration of Independence", On(12, 1)),
            CONCEPTION,
            CHRISTMAS,
        ],
    ),
    country(
        "es",
        "Spain",
        &[
            NEW_YEAR,
            EPIPHANY,
            GOOD_FRIDAY,
            LABOUR,
            ASSUMPTION,
            ("National Day", On(10, 12)),
            ALL_SAINTS,
            ("Constitution Day", On(12, 6)),
            CONCEPTION,
            CHRISTMAS,
        ],
    ),
    country(
        "se",
        "Sweden",
        &[
            NEW_YEAR,
            EPIPHANY,
            GOOD_FRIDAY,
            EASTER,
            EASTER_MONDAY,
            LABOUR,
            ASCENSION,
            WHITSUN,
            ("National Day", On(6, 6)),
            MIDSUMMER,
            ALL_SAINTS_NORTH,
            CHRISTMAS,
            SECOND_CHRISTMAS,
        ],
    ),
    country("ch", "Switzerland", &[NEW_YEAR, ASCENSION, ("National Day", On(8, 1)), CHRISTMAS]),
    country(
        "us",
        "United States",
        &[
            NEW_YEAR,
            ("Martin Luther King Jr. Day", Nth(1, Monday, 3)),
            ("Presidents' Day", Nth(2, Monday, 3)),
            ("Memorial Day", Nth(5, Monday, -1)),
            ("Juneteenth", On(6, 19)),
            ("Independence Day", On(7, 4)),
            ("Labor Day", Nth(9, Monday, 1)),
            ("Columbus Day", Nth(10, Monday, 2)),
            ("Veterans Day", On(11, 11)),
            ("Thanksgiving Day", Nth(11, Thursday, 4)),
            CHRISTMAS,
        ],
    ),
];
