//! Holds what the API answers to what its document says.

use std::sync::LazyLock;

use aftertone::http::api::{Route, document, table};
use serde_json::Value;

use super::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);
static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(table);

/// The answer has a status of its route, the kind that goes with it, and the shape of that; nothing is in it that no shape names.
pub(crate) fn hold(method: &str, path: &str, answer: &Answer) {
    let path = path.split('?').next().unwrap_or_default();
    let Some(route) = ROUTES.iter().find(|route| route.method == method && fits(route.path, path)) else {
        return;
    };
    let said = format!("{method} {path}: {} {}", answer.status, answer.text_or_empty());
    let responses = &DOCUMENT["paths"][route.path][method.to_lowercase()]["responses"];
    let response = responses.get(answer.status.to_string());
    let response = response.unwrap_or_else(|| panic!("a status that the document does not know: {said}"));
    let kind = answer.header("content-type").split(';').next().unwrap_or_default().to_owned();
    let Some(content) = response["content"].as_object() else {
        assert!(answer.body.is_empty() || answer.status == 416, "an answer where none is documented: {said}");
        return;
    };
    let media = content.get(&kind).unwrap_or_else(|| panic!("{kind} is not documented: {said}"));
    if kind.ends_with("json") {
        let value: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{said}"));
        if let Err(why) = check(&media["schema"], &value, "answer") {
            panic!("{why}: {said}");
        }
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let (wanted, given): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    wanted.len() == given.len()
        && wanted.iter().zip(&given).all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
}

fn check(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        return check(&DOCUMENT["components"]["schemas"][name], value, &format!("{at}:{name}"));
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let wrong: Vec<String> = choices.iter().filter_map(|choice| check(choice, value, at).err()).collect();
        return if wrong.len() < choices.len() { Ok(()) } else { Err(wrong.join("; ")) };
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !kinds.contains(&kind) {
        return Err(format!("{at} is {value}, not {kinds:?}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return Err(format!("{at} is {value}, none of {}", schema["enum"]));
    }
    match value {
        Value::String(text) => check_format(schema["format"].as_str().unwrap_or_default(), text, at),
        Value::Array(items) => {
            items.iter().try_for_each(|item| check(&schema["items"], item, &format!("{at}[]")))
        }
        Value::Object(fields) => check_fields(schema, fields, at),
        _ => Ok(()),
    }
}

fn check_format(format: &str, text: &str, at: &str) -> Result<(), String> {
    let is_good = match format {
        "uuid" => uuid::Uuid::parse_str(text).is_ok(),
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "email" => text.contains('@'),
        "uri" => url::Url::parse(text).is_ok(),
        _ => true,
    };
    if is_good { Ok(()) } else { Err(format!("{at} is {text:?}, no {format}")) }
}

fn check_fields(schema: &Value, fields: &serde_json::Map<String, Value>, at: &str) -> Result<(), String> {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            return Err(format!("{at} has no {name}"));
        }
    }
    for (name, value) in fields {
        let place = format!("{at}.{name}");
        let named = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
        match named {
            Some(schema) => check(schema, value, &place)?,
            None if schema.get("properties").is_some() => return Err(format!("{place} is in no shape")),
            None => {}
        }
    }
    Ok(())
}

#[test]
fn an_answer_that_is_not_as_the_document_says_is_found() {
    let user = &DOCUMENT["components"]["schemas"]["Usage"];
    assert_eq!(check(user, &serde_json::json!({"messages": 1, "bytes": 2}), "it"), Ok(()));
    for wrong in [
        serde_json::json!({"messages": 1}),
        serde_json::json!({"messages": 1, "bytes": "2"}),
        serde_json::json!({"messages": 1, "bytes": 2, "more": 3}),
        serde_json::json!([]),
    ] {
        assert!(check(user, &wrong, "it").is_err(), "{wrong}");
    }
}
