//! The types of the document: gathered from the routes, and brought to say exactly what the server
//! holds to. An answer always has its nullable fields, whole numbers have the bounds of their types,
//! limits that are settings have their values of now.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema as _, ToSchema as _};

use super::Described;
use crate::api::reply::ErrorBody;
use crate::config::Snapshot;

const PREFIX: &str = "#/components/schemas/";
/// What counts as blank at the ends of a text (Unicode's `White_Space`), inside a pattern's brackets.
const BLANK: &str =
    r"\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
/// Control codes, the same way.
const CONTROL: &str = r"\u0000-\u001f\u007f-\u009f";

/// Lengths that stand in the document with their default, and the settings that they are.
const LENGTHS: [(&str, &str); 6] = [
    ("NewPassword/properties/new/minLength", "PASSWORD_MIN_CHARS"),
    ("Question/properties/attachments/maxItems", "MAX_ATTACHMENTS"),
    ("TemporaryQuestion/properties/messages/maxItems", "TEMPORARY_MAX_MESSAGES"),
    ("ManyConversations/properties/ids/maxItems", "BULK_MAX"),
    ("ManyDocuments/properties/ids/maxItems", "BULK_MAX"),
    ("Form/properties/file/maxItems", "MAX_UPLOAD_FILES"),
];

/// Every type that a route names.
pub(super) fn all(routes: &[Described]) -> Map<String, Value> {
    let mut named: Vec<(String, RefOr<Schema>)> =
        vec![(ErrorBody::name().into_owned(), ErrorBody::schema())];
    ErrorBody::schemas(&mut named);
    for route in routes {
        (route.about.schemas)(&mut named);
    }
    let mut all = Map::new();
    for (name, schema) in named {
        let schema = json!(schema);
        let before = all.insert(name.clone(), schema.clone());
        // Told by every test that starts the server.
        assert!(before.is_none_or(|before| before == schema), "two types are called {name}");
    }
    // A page writes its rows out again, though their type has a name.
    let names: BTreeSet<String> = all.keys().cloned().collect();
    for (page, schema) in &mut all {
        if let Some(row) = page.strip_prefix("Page_").filter(|row| names.contains(*row)) {
            schema["properties"]["items"]["items"] = json!({ "$ref": format!("{PREFIX}{row}") });
        }
    }
    all
}

/// Brings a whole document to its last form.
pub(super) fn tidy(document: &mut Value, settings: &Snapshot) {
    let sent = sent(document);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        for (_, schema) in schemas.iter_mut().filter(|(name, _)| !sent.contains(*name)) {
            require_nullable(schema);
        }
    }
    for (path, key) in LENGTHS {
        if let Some(length) = document.pointer_mut(&format!("/components/schemas/{path}"))
            && let Some(value) = value_of(key, settings)
        {
            *length = value.into();
        }
    }
    let types = document["components"]["schemas"].clone();
    walk(document, &mut |node| {
        part(node);
        bound(node);
        limit(node, settings);
        borrow(node, &types);
        unlink(node);
        // Absent or null, it is the same.
        if node.get("default").is_some_and(Value::is_null) {
            node.as_object_mut().map(|node| node.remove("default"));
        }
    });
}

/// The types that requests are made of, for which an absent field is not the same as null.
fn sent(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut queue = Vec::new();
    for item in document["paths"].as_object().into_iter().flat_map(Map::values) {
        for operation in item.as_object().into_iter().flat_map(Map::values) {
            queue.extend(refs(&operation["requestBody"]));
        }
    }
    while let Some(name) = queue.pop() {
        queue.extend(
            refs(&document["components"]["schemas"][&name])
                .into_iter()
                .filter(|inner| !found.contains(inner)),
        );
        found.insert(name);
    }
    found
}

/// The types that a part of the document names.
fn refs(node: &Value) -> Vec<String> {
    match node {
        Value::Object(map) => {
            let own = map.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|target| target.strip_prefix(PREFIX)).map(str::to_owned);
            own.into_iter().chain(map.values().flat_map(refs)).collect()
        }
        Value::Array(list) => list.iter().flat_map(refs).collect(),
        _ => Vec::new(),
    }
}

/// A text on one line, which the server takes without the blanks around it.
fn name(node: &mut Value) {
    let some = match node["minLength"] == 1 {
        true => format!("[^{CONTROL}{BLANK}]"),
        false => String::new(),
    };
    node["pattern"] = format!("^[{BLANK}]*{some}[^{CONTROL}]*[{BLANK}]*$").into();
}

/// What is nullable in an answer is always there; what may be absent says so by not being nullable.
fn require_nullable(schema: &mut Value) {
    walk(schema, &mut |node| {
        let Some(properties) = node.get("properties").and_then(Value::as_object) else { return };
        let nullable = properties.iter().filter(|(_, schema)| takes_null(schema));
        let mut required: BTreeSet<String> = nullable.map(|(name, _)| name.clone()).collect();
        let given = node["required"].as_array().into_iter().flatten();
        required.extend(given.filter_map(Value::as_str).map(str::to_owned));
        if !required.is_empty() {
            node["required"] = required.into_iter().collect();
        }
    });
}

fn takes_null(schema: &Value) -> bool {
    let null = json!("null");
    schema["type"] == null
        || schema["type"].as_array().is_some_and(|types| types.contains(&null))
        || schema["oneOf"].as_array().is_some_and(|of| of.iter().any(takes_null))
}

/// A schema without its null.
pub(super) fn drop_null(schema: &mut Value) {
    let null = json!("null");
    if let Some(types) = schema.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|kind| *kind != null);
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    if let Some(of) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        of.retain(|one| one["type"] != null);
        if let [only] = of.as_slice() {
            *schema = only.clone();
        }
    }
}

/// A part that may be there or not is null nowhere: its fields stand beside the others.
fn part(node: &mut Value) {
    let parts = node.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten();
    for one in parts.filter(|one| takes_null(one)) {
        drop_null(one);
        *one = json!({ "anyOf": [one, { "type": "object" }] });
    }
}

/// Fields that are described by "See `Conversation`." are described as they are there.
fn borrow(node: &mut Value, types: &Value) {
    let Some(properties) = node.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, property) in properties {
        let described = match property.get_mut("oneOf").and_then(|of| of.get_mut(0)) {
            Some(inner) => inner,
            None => property,
        };
        let text = described["description"].as_str().unwrap_or_default();
        let Some(other) = text.strip_prefix("See [`").and_then(|rest| rest.split('`').next())
        else {
            continue;
        };
        let there = &types[other]["properties"][name];
        let there = [&there["description"], &there["oneOf"][0]["description"]];
        if let Some(text) = there.into_iter().find(|text| text.is_string()) {
            described["description"] = text.clone();
        }
    }
}

/// Whole numbers end where their types do.
fn bound(node: &mut Value) {
    let (format, least, most): (&str, Value, Value) = match node["format"].as_str() {
        Some("u-int16") => ("uint16", 0.into(), u16::MAX.into()),
        Some("u-int32") => ("uint32", 0.into(), u32::MAX.into()),
        Some("u-int64") => ("uint64", 0.into(), u64::MAX.into()),
        Some("int64") => ("int64", i64::MIN.into(), i64::MAX.into()),
        _ => return,
    };
    let Some(node) = node.as_object_mut() else { return };
    node.insert("format".to_owned(), format.into());
    node.entry("minimum").or_insert(least);
    node.entry("maximum").or_insert(most);
}

/// The number that a setting is now.
fn value_of(key: &str, settings: &Snapshot) -> Option<u64> {
    settings.items.iter().find(|row| row.key == key)?.value.parse().ok()
}

/// Puts the value of a setting where its name stands.
fn limit(node: &mut Value, settings: &Snapshot) {
    // The name of a list's own limit comes with its items, which are names.
    if let Some(key) = node.pointer("/items/x-setting").cloned() {
        node["x-setting"] = key;
        node["items"]["x-setting"] = "MAX_NAME_CHARS".into();
    }
    if node.as_object_mut().and_then(|node| node.remove("x-name")).is_some() {
        name(node);
    }
    let Some(key) = node["x-setting"].as_str().map(str::to_owned) else { return };
    let Some(value) = value_of(&key, settings) else { return };
    if key == "MAX_NAME_CHARS" {
        name(node);
    }
    let list = node["type"] == "array"
        || node["type"].as_array().is_some_and(|types| types.contains(&json!("array")));
    match key.rsplit('_').next() {
        Some("KB") => {
            node["x-max-bytes"] = value.saturating_mul(1024).into();
            if node["minLength"] == 1 {
                node["pattern"] = format!("[^{BLANK}]").into();
            }
        }
        _ if list => node["maxItems"] = value.into(),
        _ => node["maxLength"] = value.into(),
    }
}

/// Comments link to types of the program; a reader of the document has only their names.
fn unlink(node: &mut Value) {
    if let Some(text) = node.get("description").and_then(Value::as_str)
        && text.contains("[`")
    {
        node["description"] = text.replace("[`", "`").replace("`]", "`").into();
    }
}

/// Visits every object, the outer ones first.
fn walk(node: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    if node.is_object() {
        visit(node);
    }
    match node {
        Value::Object(map) => map.values_mut().for_each(|inner| walk(inner, visit)),
        Value::Array(list) => list.iter_mut().for_each(|inner| walk(inner, visit)),
        _ => {}
    }
}
