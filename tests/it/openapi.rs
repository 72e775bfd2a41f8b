//! The API's description of itself: it is valid, it is whole, and what the server answers is what it
//! says.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::routes::{Ids, all};
use crate::harness::{Server, Upstream};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

async fn document() -> (Server, Value) {
    let server = Server::start().await;
    let document = server.get("/api/v1/openapi.json").await.is(200);
    (server, document)
}

/// Every operation with its method and path.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        let methods = METHODS.iter().filter(|method| !item[**method].is_null());
        methods.map(|method| (method.to_uppercase(), path.clone(), &item[*method]))
    });
    all.collect()
}

/// A path whose parameters have no names.
fn plain(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "*" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The part of the document that a reference leads to.
fn resolve<'a>(document: &'a Value, node: &'a Value) -> &'a Value {
    match node["$ref"].as_str() {
        Some(target) => document.pointer(target.strip_prefix('#').unwrap()).unwrap(),
        None => node,
    }
}

fn every_object(node: &Value, see: &mut impl FnMut(&Value)) {
    match node {
        Value::Object(map) => {
            see(node);
            map.values().for_each(|inner| every_object(inner, see));
        }
        Value::Array(list) => list.iter().for_each(|inner| every_object(inner, see)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_valid_openapi_3_1() {
    let (_server, document) = document().await;
    let official = include_str!("../files/openapi-3.1.schema.json");
    let official: Value = serde_json::from_str(official).unwrap();
    let validator = jsonschema::validator_for(&official).unwrap();
    let wrong: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_type_is_used() {
    let (_server, document) = document().await;
    let mut used = BTreeSet::new();
    every_object(&document, &mut |node| {
        if let Some(target) = node["$ref"].as_str() {
            let found = document.pointer(target.strip_prefix('#').unwrap());
            assert!(found.is_some(), "{target} leads nowhere");
            used.insert(target.to_owned());
        }
    });
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(used.contains(&format!("#/components/schemas/{name}")), "nothing uses {name}");
    }
}

#[tokio::test]
async fn the_document_names_the_routes_of_the_documents_and_no_others() {
    let (_server, document) = document().await;
    let mut told: BTreeSet<String> = operations(&document)
        .iter()
        .map(|(method, path, _)| format!("{method} {}", plain(path)))
        .collect();
    let mut known: BTreeSet<String> = all()
        .iter()
        .map(|route| format!("{} /api/v1{}", route.method, plain(route.path)))
        .collect();
    for also in [
        "GET /health",
        "GET /health/live",
        "GET /health/ready",
        "GET /ws/chat/*",
        "GET /api/v1/ws/chat/*",
        "GET /ws/*",
        "GET /api/v1/ws/*",
        "POST /mcp",
        "GET /mcp",
        "DELETE /mcp",
    ] {
        known.insert(also.to_owned());
    }
    // What is documented in prose, with the same routes as the tests' own table.
    let missing: Vec<_> = known.difference(&told).collect();
    assert!(missing.is_empty(), "not in openapi.json: {missing:?}");
    told.retain(|line| !known.contains(line));
    assert!(told.is_empty(), "in openapi.json only: {told:?}");
}

#[tokio::test]
async fn what_the_router_knows_is_what_the_document_says() {
    let (server, document) = document().await;
    for (path, item) in document["paths"].as_object().unwrap() {
        let told: BTreeSet<String> = METHODS
            .iter()
            .filter(|method| !item[**method].is_null())
            .map(|method| method.to_uppercase())
            .collect();
        let reply = server.send(server.request(Method::TRACE, path)).await;
        assert_eq!(reply.status, 405, "{path}");
        let allowed: BTreeSet<String> =
            reply.header("allow").split(", ").map(str::to_owned).collect();
        assert_eq!(told, allowed, "{path}");
    }
}

#[tokio::test]
async fn every_operation_says_all_that_a_client_must_know() {
    let (_server, document) = document().await;
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name}: its id is taken");
        assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 4), "{name}");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{name}");
        let parameters = operation["parameters"].as_array().unwrap();
        let named = parameters.iter().map(|one| resolve(&document, one));
        let in_path: BTreeSet<&str> = named
            .filter(|one| one["in"] == "path")
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        let braces = path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap());
        assert_eq!(in_path, braces.collect(), "{name}: parameters of the path");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = resolve(&document, response);
            assert!(response["description"].as_str().is_some_and(|t| !t.is_empty()), "{name}");
            if !path.starts_with("/health") {
                assert!(!response["headers"]["X-Request-ID"].is_null(), "{name} {status}");
            }
        }
    }
}

/// Every body that the tests send is one that the document allows, and every answer is what it says.
#[tokio::test]
async fn answers_are_what_the_document_says() {
    let (server, document) = document().await;
    let upstream = Upstream::openai().await;
    let ids = Ids::of(&server, &upstream).await;
    let at = |schema: &Value| {
        let mut whole = schema.clone();
        whole["components"] = document["components"].clone();
        jsonschema::validator_for(&whole).unwrap()
    };
    let by_path = |method: &str, path: &str| {
        let wanted = format!("/api/v1{}", plain(path));
        let all = operations(&document);
        let found = all.into_iter().find(|(m, p, _)| m == method && plain(p) == wanted);
        found.unwrap_or_else(|| panic!("{method} {path}")).2.clone()
    };
    let mut checked = 0;
    for route in all().into_iter().filter(|route| !route.streams()) {
        let operation = by_path(route.method, route.path);
        let path = format!("/api/v1{}", route.path(&ids));
        let body = route.body(&ids);
        let body = (!body.is_null()).then_some(body);
        if let Some(body) = &body {
            let sent = &operation["requestBody"]["content"]["application/json"]["schema"];
            let wrong: Vec<String> = at(sent).iter_errors(body).map(|e| e.to_string()).collect();
            assert!(wrong.is_empty(), "{} {path}: {wrong:?}", route.method);
        }
        let mut request = server.request(route.method.parse().unwrap(), &path);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let reply = server.send(request).await;
        let status = reply.status.to_string();
        let response = resolve(&document, &operation["responses"][&status]);
        assert!(!response.is_null(), "{} {path} answers {status}, untold", route.method);
        let json = &response["content"]["application/json"]["schema"];
        if json.is_null() {
            continue;
        }
        let answer: Value = serde_json::from_str(&reply.text).unwrap();
        let wrong: Vec<String> = at(json)
            .iter_errors(&answer)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{} {path}: {}", route.method, wrong.join("\n"));
        checked += 1;
    }
    assert!(checked > 50, "only {checked} answers were compared");
}

#[tokio::test]
async fn limits_that_are_settings_have_their_values_of_now() {
    let server = Server::with("MAX_NAME_CHARS", "33").start().await;
    let document = server.get("/api/v1/openapi.json").await.is(200);
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["NewConversation"]["properties"]["title"]["maxLength"], 33);
    assert_eq!(schemas["NewConversation"]["additionalProperties"], json!(false));
}

#[tokio::test]
async fn the_reference_page_is_served_under_the_policy_of_all_pages() {
    let server = Server::start().await;
    for path in ["/api/docs", "/api/v1/docs"] {
        let page = server.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("require-trusted-types-for 'script'"), "{policy}");
        assert!(page.text.contains("/docs/page.js"), "{path}");
    }
}
