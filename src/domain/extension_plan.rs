//! How extensions look at a tenant: how long they may be, and what is recommended.

use serde::{Deserialize, Serialize};

use super::{Extension, Invalid};

/// What a tenant allows and recommends for new extensions; those that are there stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExtensionPlan {
    /// Fewest digits (002-006).
    pub shortest: u8,
    /// Most digits (002-006).
    pub longest: u8,
    /// How many digits are recommended (004-02). `None`: any.
    pub length: Option<u8>,
    /// Which digit is recommended to be the first (004-02). `None`: any.
    pub first: Option<u8>,
}

impl Default for ExtensionPlan {
    fn default() -> Self {
        Self { shortest: *Self::LENGTHS.start(), longest: *Self::LENGTHS.end(), length: None, first: None }
    }
}

impl ExtensionPlan {
    /// Digits that an extension can have anywhere.
    pub const LENGTHS: std::ops::RangeInclusive<u8> = 2..=10;

    /// The same, if it makes sense.
    ///
    /// # Errors
    /// [`Invalid`] names what does not.
    pub fn checked(self) -> Result<Self, Invalid> {
        let Self { shortest, longest, length, first } = self;
        let wrong = |what, value: u8, remedy| Err(Invalid::new(what, &value.to_string(), remedy));
        if !Self::LENGTHS.contains(&shortest) {
            return wrong("extension_shortest", shortest, "choose 2 to 10 digits");
        }
        if !Self::LENGTHS.contains(&longest) || longest < shortest {
            return wrong(
                "extension_longest",
                longest,
                "choose up to 10 digits, and not fewer than at least",
            );
        }
        if let Some(length) = length.filter(|length| !(shortest..=longest).contains(length)) {
            return wrong("extension_length", length, "recommend a length that is allowed here");
        }
        if let Some(first) = first.filter(|first| *first > 9) {
            return wrong("extension_first", first, "choose a digit from 0 to 9");
        }
        Ok(self)
    }

    /// That a new extension is as long as it may be.
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn allow(&self, extension: &Extension) -> Result<(), Invalid> {
        let length = extension.as_str().len();
        if length < usize::from(self.shortest) {
            Err(Invalid::new("extension", extension.as_str(), "extensions are longer here: see the policy"))
        } else if length > usize::from(self.longest) {
            Err(Invalid::new("extension", extension.as_str(), "extensions are shorter here: see the policy"))
        } else {
            Ok(())
        }
    }

    /// What is recommended, where an extension is otherwise.
    pub fn warning(&self, extension: &Extension) -> Option<String> {
        let text = extension.as_str();
        let is_long = self.length.is_none_or(|length| text.len() == usize::from(length));
        let is_begun = self.first.is_none_or(|first| text.starts_with(&first.to_string()));
        if is_long && is_begun {
            return None;
        }
        let wish = match (self.length, self.first) {
            (Some(length), Some(first)) => format!("{length} digits beginning with {first}"),
            (Some(length), None) => format!("{length} digits"),
            (None, Some(first)) => format!("a first digit {first}"),
            (None, None) => return None,
        };
        Some(format!("extension {extension} is not as recommended here, which is {wish}"))
    }

    /// Whether a new extension would be neither refused nor warned of.
    pub fn suits(&self, extension: &Extension) -> bool {
        self.allow(extension).is_ok() && self.warning(extension).is_none()
    }

    /// The length that is recommended, or usual.
    pub fn usual_length(&self) -> u8 {
        self.length.unwrap_or_else(|| 4.clamp(self.shortest, self.longest))
    }

    /// The first extension of who has none yet: 7001 where nothing else is said (004-02).
    pub fn first_extension(&self) -> String {
        let zeros = usize::from(self.usual_length()).saturating_sub(1);
        format!("{}{:0>zeros$}", self.first.unwrap_or(7), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(shortest: u8, longest: u8, length: Option<u8>, first: Option<u8>) -> ExtensionPlan {
        ExtensionPlan { shortest, longest, length, first }
    }

    fn extension(text: &str) -> Extension {
        text.parse().unwrap()
    }

    /// 002-006, 004-02
    #[test]
    fn a_length_is_refused_and_a_recommendation_is_only_told() {
        let usual = ExtensionPlan::default();
        for text in ["12", "1001", "1234567890"] {
            assert!(usual.suits(&extension(text)), "{text}");
        }
        let four = plan(3, 5, Some(4), Some(7)).checked().unwrap();
        assert!(four.allow(&extension("12")).is_err() && four.allow(&extension("123456")).is_err());
        assert!(four.suits(&extension("7001")));
        for text in ["700", "8001", "70011"] {
            assert!(four.allow(&extension(text)).is_ok(), "{text}");
            let warning = four.warning(&extension(text)).unwrap();
            assert!(warning.contains(text) && warning.ends_with("4 digits beginning with 7"), "{warning}");
        }
        assert!(plan(2, 10, Some(4), None).warning(&extension("12")).unwrap().ends_with("is 4 digits"));
        assert!(plan(2, 10, None, Some(7)).warning(&extension("12")).unwrap().ends_with("first digit 7"));
    }

    #[test]
    fn a_plan_that_makes_no_sense_is_refused() {
        for (wrong, what) in [
            (plan(1, 10, None, None), "extension_shortest"),
            (plan(2, 11, None, None), "extension_longest"),
            (plan(5, 4, None, None), "extension_longest"),
            (plan(3, 5, Some(6), None), "extension_length"),
            (plan(2, 10, None, Some(10)), "extension_first"),
        ] {
            assert_eq!(wrong.checked().unwrap_err().what, what);
        }
    }

    #[test]
    fn the_first_extension_suits_the_plan() {
        for (plan, first) in [
            (ExtensionPlan::default(), "7001"),
            (plan(2, 10, Some(5), Some(5)), "50001"),
            (plan(2, 3, None, None), "701"),
            (plan(2, 2, None, Some(0)), "01"),
            (plan(6, 10, None, None), "700001"),
        ] {
            assert_eq!(plan.first_extension(), first);
            assert!(plan.suits(&extension(first)), "{first}");
        }
    }
}
