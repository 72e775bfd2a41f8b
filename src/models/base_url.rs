//! Base URLs as people paste them, brought to the one form that each dialect builds on.

use reqwest::Url;

use super::providers::Kind;
use crate::error::Error;
use crate::net::address;

/// Hosts whose API is not at `/v1`.
const ELSEWHERE: [(&str, &str); 4] = [
    ("openrouter.ai", "/api/v1"),
    ("api.groq.com", "/openai/v1"),
    ("generativelanguage.googleapis.com", "/v1beta/openai"),
    ("api.perplexity.ai", ""),
];

/// Reads a base URL for a kind of provider; without a trailing slash.
pub(super) fn parse(kind: Kind, text: &str) -> Result<Url, Error> {
    let mut url = address::parse_base_url(text)
        .map_err(|reason| Error::invalid("base_url", reason.to_string()))?;
    let path = url.path().trim_end_matches('/').to_owned();
    let ends: &[&str] = match kind {
        Kind::Openai => &["/chat/completions", "/completions", "/models", "/responses"],
        Kind::Anthropic => &["/v1/messages", "/v1/models", "/v1"],
        Kind::Ollama | Kind::Passages => {
            &["/api/chat", "/api/generate", "/api/tags", "/api", "/v1"]
        }
    };
    let mut path = ends.iter().find_map(|end| path.strip_suffix(end)).unwrap_or(&path).to_owned();
    if kind == Kind::Openai && path.is_empty() {
        let host = url.host_str().unwrap_or_default();
        let known = ELSEWHERE.iter().find(|(name, _)| *name == host);
        known.map_or("/v1", |(_, path)| path).clone_into(&mut path);
    }
    url.set_path(&path);
    Ok(url)
}

/// How a base URL is stored and shown.
pub(super) fn text(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// Whether two URLs lead to the same server; this machine has several names.
pub(super) fn same_server(a: &Url, b: &Url) -> bool {
    let host = |url: &Url| {
        if crate::net::is_loopback(url) {
            Some("localhost".to_owned())
        } else {
            url.host_str().map(str::to_owned)
        }
    };
    host(a) == host(b) && a.port_or_known_default() == b.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_paste_comes_to_one_form() {
        use Kind::{Anthropic, Ollama, Openai};
        for (kind, pasted, form) in [
            (Openai, "http://x:8080", "http://x:8080/v1"),
            (Openai, "http://x:8080/", "http://x:8080/v1"),
            (Openai, "http://x:8080/v1", "http://x:8080/v1"),
            (Openai, "http://x:8080/v1/", "http://x:8080/v1"),
            (Openai, "http://x:8080/v1/chat/completions", "http://x:8080/v1"),
            (Openai, "localhost:1234", "http://localhost:1234/v1"),
            (Openai, "https://openrouter.ai", "https://openrouter.ai/api/v1"),
            (Openai, "https://openrouter.ai/api/v1/", "https://openrouter.ai/api/v1"),
            (Openai, "https://api.perplexity.ai", "https://api.perplexity.ai"),
            (Anthropic, "https://api.anthropic.com/v1/", "https://api.anthropic.com"),
            (Anthropic, "https://api.anthropic.com/v1/messages", "https://api.anthropic.com"),
            (Ollama, "http://127.0.0.1:11434/api/", "http://127.0.0.1:11434"),
            (Ollama, "http://127.0.0.1:11434/ollama", "http://127.0.0.1:11434/ollama"),
        ] {
            assert_eq!(text(&parse(kind, pasted).unwrap()), form, "{pasted}");
        }
    }

    #[test]
    fn a_bad_one_names_the_field() {
        let error = parse(Kind::Openai, "ftp://x").unwrap_err();
        assert!(matches!(error, Error::Invalid { field, .. } if field == "base_url"));
    }

    #[test]
    fn this_machine_has_several_names() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(same_server(&url("http://localhost:1/v1"), &url("http://127.0.0.1:1")));
        assert!(!same_server(&url("http://localhost:1"), &url("http://127.0.0.1:2")));
        assert!(same_server(&url("https://a.b"), &url("https://a.b:443/x")));
    }
}
