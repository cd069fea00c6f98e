//! What is said to whoever looks for somebody by name, and to callers whose keys lead elsewhere.

use super::Saying;
use crate::speech::ArgKind;

sayings! {
    /// Asks for letters or an extension.
    ASK = "directory-ask";
    /// That only last names are known.
    BY_LAST = "directory-by-last";
    /// That only first names are known.
    BY_FIRST = "directory-by-first";
    /// Too few letters.
    FEW = "directory-few";
    /// Too many people have these letters.
    MANY = "directory-many" ("count": Number);
    /// How many people were found.
    FOUND = "directory-found" ("count": Number);
    /// Nobody was found.
    NOBODY = "directory-nobody";
    /// That was the last one.
    NO_MORE = "directory-no-more";
    /// There is nobody before.
    FIRST = "directory-first";
    /// A name, letter by letter.
    SPELLED = "directory-spelled" ("name": Letters);
    /// There is no operator.
    NO_OPERATOR = "directory-no-operator";
    /// After too many tries.
    GAVE_UP = "directory-gave-up";
    /// The person is being called.
    CALLING = "directory-calling";
    /// The person does not answer.
    NO_ANSWER = "directory-no-answer";
    /// How to get into the directory.
    OFFER = "directory-offer" ("key": Digits);
    /// A message, or a call.
    COLLEAGUE = "directory-colleague";
    /// The key leads nowhere now.
    NOT_NOW = "directory-not-now";
}
