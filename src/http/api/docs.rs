//! The OpenAPI document, and a page that shows the same to people. Both are made of the table of routes.

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::super::Site;
use super::super::shell::render;
use super::schema::{self, described};
use super::table::{Route, Shape, shapes, table};

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

pub(super) async fn openapi(State(site): State<Arc<Site>>) -> Json<Value> {
    let mut document = DOCUMENT.clone();
    if let Some(fields) = document.as_object_mut() {
        fields.insert("servers".to_owned(), json!([{"url": format!("{}/api/v1", site.base)}]));
    }
    Json(document)
}

/// OpenAPI 3.1.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in table() {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.to_lowercase(), operation(&route));
        }
    }
    let mut schemas: Map<String, Value> =
        shapes().iter().map(|shape| (shape.name.to_owned(), schema::shape(shape))).collect();
    for shape in [PROBLEM, FAULT] {
        schemas.insert(shape.name.to_owned(), schema::shape(&shape));
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Aftertone", "version": env!("CARGO_PKG_VERSION"),
            "description": "Voicemail: users, messages, greetings, jobs. Problems are RFC 9457."},
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
        },
    })
}

const PROBLEM: Shape = Shape {
    name: "Problem",
    fields: &[
        ("type", "string", ""),
        ("title", "string", ""),
        ("status", "integer", ""),
        ("code", "string", "what went wrong, in a word, for example user_not_found"),
        ("detail", "string", "what is wrong, and how to mend it"),
        ("errors?", "[Fault]", "the fields to mend"),
    ],
};

const FAULT: Shape = Shape {
    name: "Fault",
    fields: &[
        ("field", "string", "which"),
        ("code", "string", "what is wrong with it, in a word, for example extension_taken"),
        ("detail", "string", "what is wrong with it"),
    ],
};

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "summary": route.summary,
        "description": scope(route),
        "parameters": parameters(route),
        "responses": responses(route),
    });
    if !route.body.is_empty()
        && let Some(fields) = operation.as_object_mut()
    {
        fields.insert("requestBody".to_owned(), body(route));
    }
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let one = |name: &str, place: &str, needed: bool, about: &str, schema: Value| json!({"name": name, "in": place, "required": needed, "description": about, "schema": schema});
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> =
        in_path.map(|name| one(name, "path", true, "", schema::parameter(name))).collect();
    parameters.extend(route.query.iter().map(|(name, about)| {
        let needed = route.path == "/explain" && *name == "to";
        one(name, "query", needed, about, schema::parameter(name))
    }));
    if route.act.is_some() {
        let about = "another tenant than the own, for who reaches it";
        parameters.push(one("tenant", "query", false, about, schema::schema("uuid")));
    }
    if route.method == "POST" {
        let about = "a name of your choice: the same request under it is carried out once a day";
        parameters.push(one("Idempotency-Key", "header", false, about, schema::schema("string")));
    }
    if route.is_guarded {
        let (name, about) = if route.method == "GET" {
            ("If-None-Match", "the ETag of what is known: 304 when it is still so")
        } else {
            ("If-Match", "the ETag of what was seen: 412 when somebody changed it meanwhile")
        };
        parameters.push(one(name, "header", false, about, schema::schema("string")));
    }
    parameters
}

/// What can come of a request, by status.
fn responses(route: &Route) -> Map<String, Value> {
    let mut responses = Map::new();
    responses.insert(route.status.to_string(), good(route));
    if route.is_guarded && route.method == "GET" {
        responses.insert("304".to_owned(), json!({"description": "still as it is known"}));
    }
    if route.is_audio() {
        let media = json!({route.answers: {"schema": schema::schema("binary")}});
        responses.insert(
            "206".to_owned(),
            json!({"description": "the part that was asked for", "content": media}),
        );
        responses.insert("416".to_owned(), json!({"description": "there is no such part"}));
    }
    for (status, about) in route.problems() {
        let problem = json!({"description": about,
            "content": {"application/problem+json": {"schema": schema::schema("Problem")}}});
        responses.insert(status.to_string(), problem);
    }
    responses
}

fn good(route: &Route) -> Value {
    let mut good = json!({"description": route.summary});
    if let Some(fields) = good.as_object_mut() {
        if !route.answers.is_empty() {
            fields.insert("content".to_owned(), json!({route.answers: {"schema": answer(route)}}));
        }
        if route.is_guarded && route.status != 204 {
            let tag = json!({"ETag": {"schema": {"type": "string"}}});
            fields.insert("headers".to_owned(), tag);
        }
    }
    good
}

fn answer(route: &Route) -> Value {
    match route.answers {
        "application/json" if route.is_list => json!({
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": {"type": "array", "items": schema::schema(route.shape)},
                "next": described("string?", "the place of the next page, for `after`; null: this is the last"),
            },
        }),
        "application/json" => schema::schema(route.shape),
        _ => schema::schema("string"),
    }
}

fn body(route: &Route) -> Value {
    let properties: Map<String, Value> = route
        .body
        .iter()
        .map(|(name, kind, _, about)| ((*name).to_owned(), described(kind, about)))
        .collect();
    let needed: Vec<&str> = route.body.iter().filter(|field| field.2).map(|field| field.0).collect();
    let kind = if route.is_upload() { "multipart/form-data" } else { "application/json" };
    let schema = json!({
        "type": "object", "properties": properties, "required": needed, "additionalProperties": false,
    });
    json!({"required": true, "content": {kind: {"schema": schema}}})
}

fn scope(route: &Route) -> String {
    route.act.map_or_else(|| "Everybody who was let in.".to_owned(), |act| format!("Scope `{act}`."))
}

#[derive(Template)]
#[template(path = "portal/docs.html", config = "src/http/pages/askama.toml")]
struct DocsPage {
    base: String,
    routes: Vec<Shown>,
    shapes: Vec<Shape>,
}

struct Shown {
    route: Route,
    scope: String,
    problems: String,
}

pub(super) async fn page(State(site): State<Arc<Site>>) -> Response {
    let routes = table()
        .into_iter()
        .map(|route| Shown {
            scope: route.act.map_or_else(|| "any".to_owned(), |act| act.to_string()),
            problems: route
                .problems()
                .iter()
                .map(|(status, _)| status.to_string())
                .collect::<Vec<_>>()
                .join(", "),
            route,
        })
        .collect();
    render(&DocsPage { base: site.base.clone(), routes, shapes: shapes() }, StatusCode::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_stands_in_the_document_with_its_parameters() {
        let document = document();
        for route in table() {
            let path = &document["paths"][route.path][route.method.to_lowercase()];
            assert_eq!(path["summary"], route.summary, "{} {}", route.method, route.path);
            let in_path = route.path.matches('{').count();
            let parameters = path["parameters"].as_array().unwrap();
            assert_eq!(
                parameters.iter().filter(|one| one["in"] == "path").count(),
                in_path,
                "{}",
                route.path
            );
            assert_eq!(path["requestBody"].is_object(), !route.body.is_empty(), "{}", route.path);
        }
    }

    #[test]
    fn every_answer_in_json_has_a_shape_and_every_shape_is_one_that_is_known() {
        let known: Vec<&str> = shapes().iter().map(|shape| shape.name).collect();
        for (place, name) in known.iter().enumerate() {
            assert!(!known[..place].contains(name), "{name} twice");
        }
        for route in table() {
            let is_json = route.answers == "application/json";
            assert_eq!(is_json, !route.shape.is_empty(), "{} {}: name a shape", route.method, route.path);
            assert!(!is_json || known.contains(&route.shape), "{} is no shape", route.shape);
            assert!(route.status != 204 || route.answers.is_empty(), "{} {}", route.method, route.path);
        }
        let document = document().to_string();
        for reference in document.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(known.contains(&name) || ["Problem", "Fault"].contains(&name), "{name} is no shape");
        }
        for name in known {
            assert!(
                document.contains(&format!("#/components/schemas/{name}\"")),
                "{name}: nothing answers it"
            );
        }
    }
}
