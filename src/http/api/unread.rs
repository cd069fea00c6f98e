//! A query or body that does not read, in our words: which field, what is wrong with it, how to mend it. The framework and
//! its reader say it in the words of the program's types. Pure.

use axum::http::StatusCode;

use super::problem::Problem;

/// What the framework says before what its reader says.
const BODY: &str = "Failed to deserialize the JSON body into the target type: ";
const QUERY: &str = "Failed to deserialize query string: ";
const SYNTAX: &str = "Failed to parse the request body as JSON: ";

/// The problem that a refusal of the framework is.
pub(super) fn problem(status: StatusCode, text: &str) -> Problem {
    if let Some(why) = text.strip_prefix(SYNTAX) {
        return Problem::new(status, format!("the body is not JSON: {why}"));
    }
    let Some(why) = text.strip_prefix(BODY).or_else(|| text.strip_prefix(QUERY)) else {
        let plain = if text.is_empty() { "the request cannot be carried out as it is" } else { text };
        return Problem::new(status, plain);
    };
    let (path, why) = placed(without_place(why));
    let (field, detail) = told(path, why);
    if field.is_empty() {
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
    }
    Problem::field(field, detail)
}

/// Without ` at line 1 column 20`, which means nothing to whoever did not write the text by hand.
fn without_place(why: &str) -> &str {
    why.rfind(" at line ").and_then(|at| why.get(..at)).unwrap_or(why)
}

/// The path of the field, if it is told, and the rest.
fn placed(why: &str) -> (&str, &str) {
    let is_path = |path: &&str| {
        let part = |c: char| c.is_ascii_alphanumeric() || "_.[]-".contains(c);
        !path.is_empty() && path.chars().all(part)
    };
    match why.split_once(": ").filter(|(path, _)| is_path(path)) {
        Some((path, why)) => (path.trim_matches('.'), why),
        None => ("", why),
    }
}

/// The field, and what to do.
fn told(path: &str, why: &str) -> (String, String) {
    let quoted = |start: &str| {
        let rest = why.strip_prefix(start)?;
        rest.split_once('`').map(|(name, rest)| (name.to_owned(), rest))
    };
    let within = |name: &str| match path {
        "" => name.to_owned(),
        // The reader has entered the field already.
        path if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        path => format!("{path}.{name}"),
    };
    if let Some((name, _)) = quoted("missing field `") {
        let field = within(&name);
        return (field.clone(), format!("{field} is needed: give it"));
    }
    if let Some((name, _)) = quoted("duplicate field `") {
        let field = within(&name);
        return (field.clone(), format!("{field} is given twice: give it once"));
    }
    if let Some((name, rest)) = quoted("unknown field `") {
        let known =
            known(rest).map_or_else(|| "leave it out".to_owned(), |known| format!("there is {known}"));
        let field = within(&name);
        return (field.clone(), format!("there is no field {field}: {known}"));
    }
    let field = if path.is_empty() { "the request" } else { path };
    if let Some((word, rest)) = quoted("unknown variant `") {
        let known = known(rest).unwrap_or_else(|| "another word".to_owned());
        return (path.to_owned(), format!("{field} cannot be {word:?}: choose {known}"));
    }
    let other = why.strip_prefix("invalid type: ").or_else(|| why.strip_prefix("invalid value: "));
    if let Some((is, wanted)) = other.and_then(|rest| rest.split_once(", expected ")) {
        return (path.to_owned(), format!("{field} cannot be {is}: write {}", kind(wanted)));
    }
    // A list where an object is wanted is read as its fields in their order, and ends too soon.
    let short = why.strip_prefix("invalid length ").and_then(|rest| rest.split_once(", expected "));
    if let Some((_, wanted)) = short {
        return (path.to_owned(), format!("{field} is of another form: write {}", kind(wanted)));
    }
    (path.to_owned(), format!("{field} does not read: {why}"))
}

/// The names that are known, of `, expected one of …`.
fn known(rest: &str) -> Option<String> {
    let names = rest.strip_prefix(", expected ")?;
    let names = names.strip_prefix("one of ").unwrap_or(names);
    Some(names.replace('`', ""))
}

/// A type of the program as people call it.
fn kind(wanted: &str) -> &str {
    match wanted.split(' ').next().unwrap_or_default() {
        "struct" | "internally" => "an object with its fields",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        _ => match wanted {
            "a map" => "an object with its fields",
            "a sequence" => "a list",
            "a boolean" => "true or false",
            other => other,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_does_not_read_is_said_of_its_field() {
        for (text, field, words) in [
            ("missing field `extension` at line 1 column 2", "extension", "is needed"),
            ("profile: missing field `first` at line 1 column 9", "profile.first", "is needed"),
            (
                "extension: invalid type: integer `7002`, expected a string at line 1 column 17",
                "extension",
                "cannot be integer `7002`: write a string",
            ),
            (
                "ports[0].port: invalid value: integer `-1`, expected u8 at line 1 column 30",
                "ports[0].port",
                "not negative",
            ),
            (
                "bogus: unknown field `bogus`, expected one of `a`, `b` at line 1 column 30",
                "bogus",
                "there is a, b",
            ),
            ("unknown field `bogus`, expected `a` at line 1 column 30", "bogus", "there is a"),
            (
                "role: unknown variant `king`, expected one of `basic`, `operator`",
                "role",
                "choose basic, operator",
            ),
            ("emails: a mail address needs an @ at line 1 column 3", "emails", "a mail address needs an @"),
        ] {
            let told =
                serde_json::to_value(problem(StatusCode::UNPROCESSABLE_ENTITY, &format!("{BODY}{text}")))
                    .unwrap();
            assert_eq!(told["errors"][0]["field"], json!(field), "{text}: {told}");
            let detail = told["errors"][0]["detail"].as_str().unwrap();
            assert!(detail.contains(words) && !detail.contains("column"), "{text}: {detail}");
        }
        let list = "invalid type: sequence, expected struct Adding with 10 elements at line 1 column 0";
        let told = serde_json::to_value(problem(StatusCode::UNPROCESSABLE_ENTITY, &format!("{BODY}{list}")))
            .unwrap();
        assert_eq!(told["detail"], json!("the request cannot be sequence: write an object with its fields"));
        assert_eq!(told.get("errors"), None, "it is no field");
    }

    #[test]
    fn a_word_of_the_query_is_named() {
        #[derive(Debug, Deserialize)]
        struct Asked {
            #[expect(dead_code, reason = "it never reads")]
            limit: Option<u32>,
        }
        let address = "/users?limit=abc".parse().unwrap();
        let refused = axum::extract::Query::<Asked>::try_from_uri(&address).unwrap_err();
        let told: Value = serde_json::to_value(problem(refused.status(), &refused.body_text())).unwrap();
        assert_eq!((&told["status"], &told["errors"][0]["field"]), (&json!(422), &json!("limit")), "{told}");
    }
}
