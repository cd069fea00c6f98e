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
use super::table::{Route, table};

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

pub(super) async fn openapi(State(site): State<Arc<Site>>) -> Json<Value> {
    let mut document = DOCUMENT.clone();
    if let Some(fields) = document.as_object_mut() {
        fields.insert("servers".to_owned(), json!([{"url": format!("{}/api/v1", site.base)}]));
    }
    Json(document)
}

/// OpenAPI 3.1.
fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in table() {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.to_lowercase(), operation(&route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Aftertone", "version": env!("CARGO_PKG_VERSION"),
            "description": "Voicemail: users, messages, greetings, jobs. Problems are RFC 9457."},
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": {"type": "object", "required": ["type", "title", "status", "detail"], "properties": {
                "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
                "detail": {"type": "string"},
                "errors": {"type": "array", "items": {"type": "object", "required": ["field", "detail"], "properties": {
                    "field": {"type": "string"}, "detail": {"type": "string"}}}},
            }}},
        },
    })
}

fn operation(route: &Route) -> Value {
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = in_path
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    parameters.extend(route.query.iter().map(|(name, about)| {
        let kind = match *name {
            "limit" => "integer",
            "unheard" => "boolean",
            _ => "string",
        };
        let needed = route.path == "/explain" && *name == "to";
        json!({"name": name, "in": "query", "required": needed, "description": about, "schema": {"type": kind}})
    }));
    if route.method == "POST" {
        let about = "a name of your choice: the same request under it is carried out once a day";
        parameters
            .push(json!({"name": "Idempotency-Key", "in": "header", "required": false, "description": about,
            "schema": {"type": "string"}}));
    }
    let problem = json!({"description": "a problem",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}});
    let good = if route.status == 204 || route.summary.starts_with("Try it") {
        json!({"description": "done"})
    } else {
        json!({"description": route.summary, "content": {route.answers: {"schema": answer(route)}}})
    };
    let mut operation = json!({
        "summary": route.summary,
        "description": scope(route),
        "parameters": parameters,
        "responses": {route.status.to_string(): good, "default": problem},
    });
    if !route.body.is_empty()
        && let Some(fields) = operation.as_object_mut()
    {
        fields.insert("requestBody".to_owned(), body(route));
    }
    operation
}

fn answer(route: &Route) -> Value {
    if route.answers == "application/json" { json!({"type": "object"}) } else { json!({"type": "string"}) }
}

fn body(route: &Route) -> Value {
    let properties: Map<String, Value> = route
        .body
        .iter()
        .map(|(name, kind, _, about)| {
            let schema = match *kind {
                "binary" => json!({"type": "string", "format": "binary", "description": about}),
                "array" => json!({"type": "array", "items": {}, "description": about}),
                kind => json!({"type": kind, "description": about}),
            };
            ((*name).to_owned(), schema)
        })
        .collect();
    let needed: Vec<&str> = route.body.iter().filter(|field| field.2).map(|field| field.0).collect();
    let is_upload = route.body.iter().any(|field| field.1 == "binary");
    let kind = if is_upload { "multipart/form-data" } else { "application/json" };
    let schema = json!({"type": "object", "properties": properties, "required": needed});
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
}

struct Shown {
    route: Route,
    scope: String,
}

pub(super) async fn page(State(site): State<Arc<Site>>) -> Response {
    let routes = table()
        .into_iter()
        .map(|route| Shown {
            scope: route.act.map_or_else(|| "any".to_owned(), |act| act.to_string()),
            route,
        })
        .collect();
    render(&DocsPage { base: site.base.clone(), routes }, StatusCode::OK)
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
}
