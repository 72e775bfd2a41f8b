//! What a provider said when it refused or failed: its words out of the many shapes of error bodies,
//! safe to show, and which kind of failure they mean.

use std::time::Duration;

use http::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::error::Error;
use crate::base::clock;
use crate::net;

/// What a person reads of an upstream's words at most.
const MAX_SHOWN_CHARS: usize = 300;

/// Who was asked, for sentences and for keeping the key out of them.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The provider's name.
    pub(super) provider: String,
    /// The model that was asked for; empty when a list was.
    pub(super) model: String,
    /// The key that must not be repeated.
    pub(super) key: Option<SecretString>,
}

/// An error in a provider's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The HTTP status, or the one that the words mean.
    pub(super) status: Option<u16>,
    /// Its slug (`code` or `type`), in lower case.
    pub(super) code: String,
    /// Its sentence.
    pub(super) message: String,
    /// When to come back.
    pub(super) retry_after: Option<Duration>,
    /// What fits, given as a number of its own.
    pub(super) limit_tokens: Option<u64>,
    /// What was sent, given as a number of its own.
    pub(super) asked_tokens: Option<u64>,
}

/// What is wrong with an answer's body, before it is known who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Not what such a server sends.
    Garbage(String),
    /// An error inside the stream.
    Said(Box<Said>),
    /// The filter ended the answer.
    Refused(String),
    /// It gave up for a reason of its own.
    GaveUp(String),
}

impl From<crate::net::lines::TooLong> for Trouble {
    fn from(error: crate::net::lines::TooLong) -> Self {
        Self::Garbage(error.to_string())
    }
}

impl Said {
    /// Reads the answer to a request that failed.
    pub(super) fn from_answer(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let mut said = match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::from_json(&value),
            Err(_) => Self { message: plain(body), ..Self::default() },
        };
        said.status = Some(status);
        said.retry_after = net::retry::after(headers, clock::now());
        said
    }

    /// Reads an error object: `{"error": {...} | "..."}`, the inner object itself, `{"detail": ...}`
    /// or `{"message": ...}`.
    pub(super) fn from_json(value: &Value) -> Self {
        let error = value.get("error").filter(|e| !e.is_null()).unwrap_or(value);
        if let Value::String(message) = error {
            return Self { message: message.clone(), ..Self::default() };
        }
        let text = |key: &str| error.get(key).or_else(|| value.get(key)).and_then(Value::as_str);
        let mut message = text("message").or_else(|| text("detail")).unwrap_or_default().to_owned();
        // OpenRouter wraps what the server behind it said.
        if let Some(raw) = error.pointer("/metadata/raw").and_then(Value::as_str) {
            message = format!("{message}: {raw}");
        }
        let code = text("code").into_iter().chain(text("type")).find(|c| !c.is_empty());
        let number = |key: &str| error.get(key).and_then(Value::as_u64);
        let status = number("code").or_else(|| number("status"));
        Self {
            status: status.and_then(|s| u16::try_from(s).ok()).filter(|s| (400..600).contains(s)),
            code: code.unwrap_or_default().to_ascii_lowercase(),
            message,
            retry_after: None,
            limit_tokens: number("n_ctx"),
            asked_tokens: number("n_prompt_tokens"),
        }
    }

    /// Whether a bad request is about a parameter of this name.
    pub(super) fn names(&self, parameter: &str) -> bool {
        matches!(self.status, Some(400 | 422)) && self.message.contains(parameter)
    }

    /// Whether it is about the tools that were sent along: a model that calls none says so in many
    /// ways, and some servers must be started otherwise first.
    pub(super) fn refuses_tools(&self) -> bool {
        let low = self.message.to_ascii_lowercase();
        let has = |any: &[&str]| any.iter().any(|words| low.contains(words));
        matches!(self.status, Some(400 | 404 | 422 | 500 | 501))
            && has(&["tool", "function call"])
            && has(&[
                "support",
                "require",
                "enable",
                "unknown",
                "unrecognized",
                "unexpected",
                "not permitted",
                "not allowed",
                "extra",
                "--jinja",
            ])
    }

    /// Which kind of failure it is.
    pub(super) fn into_error(self, asked: &Asked) -> Error {
        let low = self.message.to_ascii_lowercase();
        let has = |any: &[&str]| any.iter().any(|words| low.contains(words));
        let status = self.status.or_else(|| meant(&self.code));
        let provider = asked.provider.clone();
        let message = asked.tidy(&self.message);
        let bad_request = matches!(status, None | Some(400 | 413 | 422 | 500));
        if self.code.contains("context_length")
            || self.code == "exceed_context_size_error"
            || (bad_request
                && has(&[
                    "context length",
                    "context window",
                    "context size",
                    "prompt is too long",
                    "input is too long",
                    "too many tokens",
                    "input length and `max_tokens` exceed",
                ]))
        {
            let (limit, sent) = token_counts(&low);
            return Error::ContextTooLong {
                provider,
                limit_tokens: self.limit_tokens.or(limit),
                asked_tokens: self.asked_tokens.or(sent),
            };
        }
        if self.code.contains("content_filter")
            || self.code.contains("content_policy")
            || self.code.contains("moderation")
        {
            return Error::Refused { provider, message };
        }
        let named = !asked.model.is_empty() && low.contains(&asked.model.to_ascii_lowercase());
        let no_model = self.code == "model_not_found"
            || (status == Some(404) && named)
            || (has(&["model"])
                && has(&["not found", "not exist", "unknown model", "no such model"])
                && matches!(status, None | Some(400 | 404 | 422)));
        let names_key = has(&["api key", "api_key", "x-api-key"]);
        match status {
            _ if no_model && !asked.model.is_empty() => {
                Error::NoSuchModel { provider, model: asked.model.clone(), message }
            }
            Some(401 | 403) => Error::WrongKey { provider, message },
            Some(400) if names_key => Error::WrongKey { provider, message },
            Some(429) => Error::RateLimited { provider, message, retry_after: self.retry_after },
            Some(404 | 405) => Error::BadAnswer {
                provider,
                reason: format!("{} for this path", status.unwrap_or_default()),
            },
            Some(status @ 300..=399) => Error::BadAnswer {
                provider,
                reason: format!("{status}, it wants to lead elsewhere, which is not followed"),
            },
            Some(status @ 400..=499) if status != 408 => {
                Error::Rejected { provider, status, message }
            }
            status => Error::Failed { provider, status, message },
        }
    }
}

impl Asked {
    /// Makes an upstream's words fit to be shown: without the key, in one line, not long.
    pub(super) fn tidy(&self, words: &str) -> String {
        let mut words = words.to_owned();
        if let Some(key) = &self.key
            && !key.expose_secret().is_empty()
        {
            words = words.replace(key.expose_secret(), "[key]");
        }
        let spaced: String = words
            .chars()
            .map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c })
            .collect();
        let mut short = String::new();
        for word in spaced.split_ascii_whitespace() {
            if !short.is_empty() {
                short.push(' ');
            }
            short.push_str(word);
        }
        if short.chars().count() > MAX_SHOWN_CHARS {
            short = short.chars().take(MAX_SHOWN_CHARS - 1).collect();
            short.push('…');
        }
        short.trim_end_matches('.').to_owned()
    }

    /// The failure that trouble with a body means.
    pub(super) fn error(&self, trouble: Trouble) -> Error {
        let provider = self.provider.clone();
        match trouble {
            Trouble::Garbage(reason) => Error::BadAnswer { provider, reason: self.tidy(&reason) },
            Trouble::Said(said) => said.into_error(self),
            Trouble::Refused(words) => Error::Refused { provider, message: self.tidy(&words) },
            Trouble::GaveUp(words) => {
                Error::Failed { provider, status: None, message: self.tidy(&words) }
            }
        }
    }
}

/// The status that a slug inside a stream stands for.
fn meant(code: &str) -> Option<u16> {
    Some(match code {
        "overloaded_error" => 529,
        "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" => 429,
        "authentication_error" | "permission_error" | "invalid_api_key" => 401,
        "not_found_error" => 404,
        "invalid_request_error" => 400,
        _ => return None,
    })
}

/// A body that is not JSON, when it is words and not a page.
fn plain(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.starts_with('<') || text.contains('\u{FFFD}') { String::new() } else { text.to_owned() }
}

/// The first two sizeable numbers of a sentence about the context: the smaller is what fits.
fn token_counts(words: &str) -> (Option<u64>, Option<u64>) {
    let joined = words.replace(',', "");
    let mut numbers = joined
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse::<u64>().ok())
        .filter(|n| *n >= 256);
    match (numbers.next(), numbers.next()) {
        (Some(a), Some(b)) if a != b => (Some(a.min(b)), Some(a.max(b))),
        (limit, _) => (limit, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Asked {
        Asked {
            provider: "Shop".to_owned(),
            model: "m1".to_owned(),
            key: Some("sk-secret-9".into()),
        }
    }

    fn read(status: u16, body: &str) -> Error {
        Said::from_answer(status, &HeaderMap::new(), body.as_bytes()).into_error(&asked())
    }

    #[test]
    fn each_shape_of_body_gives_its_words() {
        for body in [
            r#"{"error": {"message": "it hurts", "type": "server_error"}}"#,
            r#"{"type": "error", "error": {"type": "api_error", "message": "it hurts"}}"#,
            r#"{"error": "it hurts"}"#,
            r#"{"detail": "it hurts"}"#,
            r#"{"object": "error", "message": "it hurts."}"#,
            "it\n hurts",
        ] {
            let Error::Failed { message, status, .. } = read(500, body) else { panic!("{body}") };
            assert_eq!((message.as_str(), status), ("it hurts", Some(500)));
        }
        let Error::Failed { message, .. } = read(502, "<html>nginx</html>") else { panic!() };
        assert_eq!(message, "");
    }

    #[test]
    fn a_context_that_is_too_long_comes_with_its_numbers() {
        for (status, body, limit, sent) in [
            (
                400,
                r#"{"error": {"message": "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.", "code": "context_length_exceeded"}}"#,
                Some(8192),
                Some(9001),
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210,000 tokens > 200,000 maximum"}}"#,
                Some(200_000),
                Some(210_000),
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error","n_prompt_tokens":5000,"n_ctx":4096}}"#,
                Some(4096),
                Some(5000),
            ),
            (400, r#"{"error": {"message": "too many tokens"}}"#, None, None),
        ] {
            let error = read(status, body);
            let Error::ContextTooLong { limit_tokens, asked_tokens, .. } = error else {
                panic!("{body}: {error:?}")
            };
            assert_eq!((limit_tokens, asked_tokens), (limit, sent), "{body}");
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        for (status, body, code) in [
            (401, "{}", "wrong_key"),
            (403, "{}", "wrong_key"),
            (400, r#"{"error": {"message": "API key not valid"}}"#, "wrong_key"),
            (
                404,
                r#"{"error": {"message": "The model `m1` does not exist", "code": "model_not_found"}}"#,
                "no_such_model",
            ),
            (404, r#"{"error":"model \"m1\" not found, try pulling it first"}"#, "no_such_model"),
            (404, "404 page not found", "bad_answer"),
            (302, "", "bad_answer"),
            (400, r#"{"error": {"message": "no", "code": "content_filter"}}"#, "refused"),
            (400, r#"{"error": {"message": "temperature too hot"}}"#, "upstream_rejected"),
            (402, r#"{"error": {"message": "Insufficient credits"}}"#, "upstream_rejected"),
            (429, "{}", "rate_limited"),
            (500, "", "upstream_failed"),
            (529, "", "upstream_failed"),
        ] {
            assert_eq!(read(status, body).code(), code, "{status} {body}");
        }
    }

    #[test]
    fn the_key_never_comes_back_and_words_stay_short() {
        let body = format!(r#"{{"error": "bad key sk-secret-9 {}"}}"#, "x".repeat(5000));
        let shown = read(401, &body).to_string();
        assert!(!shown.contains("sk-secret-9") && shown.contains("[key]"));
        assert!(shown.chars().count() < 450);
    }
}
