//! Words for kinds of values become JSON schemas. Pure.
//!
//! A kind is `string`, `integer`, `boolean`, `object`, `any`, `uuid`, `date-time`, `email`, `uri`, `binary` (a file), words
//! with `|` between them (one of these), the name of a shape, `[kind]` (an array), `{kind}` (an object with any names) or
//! `kind?` (or null), or two of these with ` or ` between them.

use serde_json::{Map, Value, json};

use super::table::Shape;

/// What parameters of paths and queries are, by name; what stands not here is text.
const PARAMETERS: &[(&str, &str)] = &[
    ("tenant", "uuid"),
    ("message", "uuid"),
    ("greeting", "uuid"),
    ("job", "uuid"),
    ("key", "uuid"),
    ("call", "uuid"),
    ("lamp", "uuid"),
    ("rule", "uuid"),
    ("frame", "uuid"),
    ("line", "uuid"),
    ("import", "uuid"),
    ("draft", "uuid"),
    ("only", "all|faults|changes"),
    ("webhook", "uuid"),
    ("handset", "uuid"),
    ("delivery", "uuid"),
    ("unheard", "boolean"),
    ("active", "boolean"),
    ("kind", "away|busy|internal|holiday|closed|standard|name"),
    ("folder", "inbox|saved|trash"),
    ("tag", "work|family|friends"),
    ("state", "queued|running|retry|done|dead"),
    ("at", "date-time"),
    ("since", "date-time"),
];

/// The schema of a kind.
pub(super) fn schema(kind: &str) -> Value {
    if let Some(kind) = kind.strip_suffix('?') {
        return or_null(schema(kind));
    }
    if let Some((one, other)) = kind.split_once(" or ") {
        return json!({"anyOf": [schema(one), schema(other)]});
    }
    let within = |open, close| kind.strip_prefix(open)?.strip_suffix(close);
    if let Some(item) = within('[', ']') {
        return json!({"type": "array", "items": schema(item)});
    }
    if let Some(value) = within('{', '}') {
        return json!({"type": "object", "additionalProperties": schema(value)});
    }
    if kind.contains('|') {
        return json!({"type": "string", "enum": kind.split('|').collect::<Vec<_>>()});
    }
    match kind {
        "any" => json!({}),
        "array" => json!({"type": "array", "items": {}}),
        "uuid" | "date-time" | "email" | "uri" | "binary" => json!({"type": "string", "format": kind}),
        shape if shape.starts_with(char::is_uppercase) => {
            json!({"$ref": format!("#/components/schemas/{shape}")})
        }
        plain => json!({"type": plain}),
    }
}

fn or_null(mut schema: Value) -> Value {
    let Some(kind) = schema.get("type").cloned() else {
        return json!({"anyOf": [schema, {"type": "null"}]});
    };
    schema["type"] = json!([kind, "null"]);
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
    schema
}

/// The schema of a kind, with what it means.
pub(super) fn described(kind: &str, about: &str) -> Value {
    let mut schema = schema(kind);
    if let Some(fields) = schema.as_object_mut().filter(|_| !about.is_empty()) {
        fields.insert("description".to_owned(), json!(about));
    }
    schema
}

/// The schema of a parameter of a path or query.
pub(super) fn parameter(name: &str) -> Value {
    match name {
        // `me` is the own one.
        "mailbox" | "user" => json!({"anyOf": [{"type": "string", "format": "uuid"}, {"const": "me"}]}),
        // What is out of the range is brought into it.
        "limit" => json!({"type": "integer", "minimum": 0, "maximum": u32::MAX}),
        name => {
            let kind = PARAMETERS.iter().find(|(known, _)| *known == name);
            schema(kind.map_or("string", |(_, kind)| kind))
        }
    }
}

/// The schema of a shape. What is not listed may come with later versions.
pub(super) fn shape(shape: &Shape) -> Value {
    let mut properties = Map::new();
    let mut needed = Vec::new();
    for (name, kind, about) in shape.fields {
        let plain = name.strip_suffix('?');
        if plain.is_none() {
            needed.push(*name);
        }
        properties.insert(plain.unwrap_or(name).to_owned(), described(kind, about));
    }
    json!({"type": "object", "required": needed, "properties": properties})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_words_arrays_maps_and_nulls() {
        assert_eq!(schema("string"), json!({"type": "string"}));
        assert_eq!(schema("uuid?"), json!({"type": ["string", "null"], "format": "uuid"}));
        assert_eq!(schema("a|b?"), json!({"type": ["string", "null"], "enum": ["a", "b", null]}));
        assert_eq!(
            schema("[User]"),
            json!({"type": "array", "items": {"$ref": "#/components/schemas/User"}})
        );
        assert_eq!(
            schema("User?"),
            json!({"anyOf": [{"$ref": "#/components/schemas/User"}, {"type": "null"}]})
        );
        assert_eq!(
            schema("{integer}"),
            json!({"type": "object", "additionalProperties": {"type": "integer"}})
        );
    }
}
