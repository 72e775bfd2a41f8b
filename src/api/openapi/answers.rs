//! What routes of a kind answer in common: the errors that can happen to any of them, the headers, and
//! who may ask.

use serde_json::{Map, Value, json};

use super::{Described, Need, schemas};
use crate::api::router::Kind;

/// Status, name and meaning of every error; the codes are those a program may meet.
const ERRORS: [(u16, &str, &str); 17] = [
    (
        400,
        "BadRequest",
        "Something in the request is wrong: `invalid_input` (`details.field` names the field), `invalid_json`, `body_broke_off`, `bad_host`.",
    ),
    (401, "NotSignedIn", "`not_signed_in`: no valid session or token came with the request."),
    (
        403,
        "NotAllowed",
        "`not_allowed`: the caller may not do this. `cross_site`, `host_not_allowed`: the request comes from another site's page or asks for another host.",
    ),
    (404, "NotFound", "`not_found`: it is not there, or somebody else's."),
    (
        405,
        "WrongMethod",
        "`method_not_allowed`: the path is known, but not with this method; `Allow` names those it takes.",
    ),
    (406, "NotAcceptable", "`not_acceptable`: say in `Accept` that the answer's type is taken."),
    (408, "TooSlow", "`body_too_slow`: the body made no progress for too long."),
    (
        409,
        "Conflict",
        "The state of things does not allow it; `code` says what stands in the way. `idempotency_key_reused`: the key was used for another request.",
    ),
    (413, "TooLarge", "`too_large`: `details.limit_bytes` is the limit."),
    (
        415,
        "WrongContentType",
        "`wrong_content_type`: the body is not of a type that is taken here.",
    ),
    (426, "WebSocketRequired", "`websocket_required`: connect with a WebSocket client."),
    (
        429,
        "TooMany",
        "`rate_limited`, or too many open at once; try again after `Retry-After` seconds.",
    ),
    (
        500,
        "InternalError",
        "`internal_error`: a fault here; the log knows more under the request id. `outcome_unknown`: the disk did not confirm a write; repeat it with the same `Idempotency-Key`.",
    ),
    (502, "UpstreamFailed", "Another server failed or refused; `code` says how."),
    (
        503,
        "Unavailable",
        "Not possible at present: `too_many_connections`, `database_busy`, `index_damaged`; try again after `Retry-After` seconds.",
    ),
    (504, "UpstreamTimeout", "Another server did not answer in time."),
    (507, "DiskFull", "`disk_full`: the disk is full or cannot be written; nothing was kept."),
];

/// What a status means where nothing else is said.
fn phrase(status: &str) -> &'static str {
    match status {
        "101" => "Switching protocols",
        "201" => "Made",
        "202" => "Begun",
        "204" => "Done",
        _ => "Here it is",
    }
}

/// Adds to an operation what every route of its kind may answer.
pub(super) fn complete(route: &Described, operation: &mut Value) {
    let body = !operation["requestBody"].is_null();
    let mut errors = vec![400, 403];
    if route.need != Need::Nothing {
        errors.push(401);
    }
    if route.path.contains('{') {
        errors.push(404);
    }
    if body {
        errors.extend([408, 413, 415]);
    }
    if route.writes() {
        errors.extend([409, 507]);
    }
    if route.kind == Kind::Socket {
        errors.push(426);
    }
    if route.kind.class().is_some() {
        errors.extend([429, 500, 503]);
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for status in errors {
        responses.entry(status.to_string()).or_insert_with(|| json!({}));
    }
    for (status, response) in responses.iter_mut() {
        let number = status.parse().unwrap_or(0);
        let error = ERRORS.iter().find(|row| row.0 == number);
        let plain = response["content"].is_null();
        match error {
            Some((_, name, _)) if plain => {
                let mut shared = json!({ "$ref": format!("#/components/responses/{name}") });
                if let Some(text) = response["description"].as_str().filter(|text| !text.is_empty())
                {
                    shared["description"] = text.into();
                }
                *response = shared;
                continue;
            }
            _ => {}
        }
        if response["description"].as_str().unwrap_or_default().is_empty() {
            response["description"] = phrase(status).into();
        }
        if response["content"].is_null()
            && let Some(response) = response.as_object_mut()
        {
            response.remove("content");
        }
        let mut headers = common_headers(route.kind);
        if response["content"].get("*/*").is_some() {
            headers.insert("Content-Disposition".to_owned(), header("Content-Disposition"));
        }
        response["headers"] = headers.into();
    }
    if body && let Some(request) = operation["requestBody"].as_object_mut() {
        let required = request.get("required").cloned().unwrap_or(json!(false));
        request.insert("required".to_owned(), required);
        let content = request.get_mut("content").and_then(Value::as_object_mut);
        for sent in content.into_iter().flat_map(Map::values_mut) {
            schemas::drop_null(&mut sent["schema"]);
        }
    }
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

fn common_headers(kind: Kind) -> Map<String, Value> {
    let limited = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];
    let limited = limited.into_iter().filter(|_| kind.class().is_some());
    let names = std::iter::once("X-Request-ID").chain(limited);
    names.map(|name| (name.to_owned(), header(name))).collect()
}

/// The errors as components.
pub(super) fn errors() -> Value {
    let shared = ERRORS.iter().map(|(status, name, meaning)| {
        let mut headers = common_headers(Kind::Stream);
        match status {
            405 => drop(headers.insert("Allow".to_owned(), header("Allow"))),
            429 | 503 => drop(headers.insert("Retry-After".to_owned(), header("Retry-After"))),
            _ => {}
        }
        let content = json!({
            "application/json": { "schema": { "$ref": "#/components/schemas/Error" } },
        });
        let response = json!({ "description": meaning, "headers": headers, "content": content });
        ((*name).to_owned(), response)
    });
    shared.collect::<Map<_, _>>().into()
}

/// The headers as components.
pub(super) fn headers() -> Value {
    let number = json!({ "type": "integer", "minimum": 0 });
    let text = json!({ "type": "string" });
    json!({
        "X-Request-ID": {
            "description": "What the log knows the request by.",
            "required": true,
            "schema": { "type": "string", "minLength": 1, "maxLength": 128 },
        },
        "RateLimit-Limit": { "description": "Requests a minute; absent without a limit.", "schema": number },
        "RateLimit-Remaining": { "description": "What is left of them.", "schema": number },
        "RateLimit-Reset": { "description": "Seconds until all are there again.", "schema": number },
        "Retry-After": { "description": "Seconds until it is worth trying again.", "required": true, "schema": number },
        "Allow": { "description": "The methods that the path takes.", "required": true, "schema": text },
        "Content-Disposition": { "description": "`attachment`, with the file's name.", "required": true, "schema": text },
    })
}

/// The parameters that many routes take.
pub(super) fn parameters() -> Value {
    json!({
        "Idempotency-Key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same key has one effect and the same answer for 24 hours.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$" },
        },
    })
}

/// The ways to say who one is.
pub(super) fn security() -> Value {
    json!({
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "inglenook_<instance>",
            "description": "The cookie of a signed-in browser; eight hex digits stand for `<instance>`.",
        },
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token (`ink_…`) with one of the scopes that the operation names.",
        },
    })
}
