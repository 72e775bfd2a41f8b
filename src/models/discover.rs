//! Model servers on the usual ports of this machine. A port that merely answers is not one: the answer
//! must have the right shape. Servers that were added already are left out.

use reqwest::Url;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::endpoint::Endpoint;
use super::providers::{Kind, ollama, openai};
use super::settings::Settings;
use super::{Models, base_url};
use crate::base::Caller;
use crate::net::Purpose;

/// A server that could be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FoundServer)]
pub struct Found {
    /// Its dialect.
    pub kind: Kind,
    /// What it is.
    pub name: String,
    /// Where it is.
    pub base_url: String,
    /// The models it lists.
    pub models: Vec<String>,
}

impl Models {
    /// Looks at all the usual addresses at once.
    pub async fn found(&self, caller: &Caller) -> Vec<Found> {
        let settings = self.settings();
        let known: Vec<Url> =
            self.rows(caller).iter().filter_map(|row| Url::parse(&row.base_url).ok()).collect();
        let candidates = settings.discovery_urls.iter().filter_map(|(kind, address)| {
            let url = base_url::parse(*kind, address).ok()?;
            (!known.iter().any(|known| base_url::same_server(known, &url))).then_some((*kind, url))
        });
        let probes = candidates.map(|(kind, url)| self.probe(kind, url, &settings));
        futures_util::future::join_all(probes).await.into_iter().flatten().collect()
    }

    async fn probe(&self, kind: Kind, base: Url, settings: &Settings) -> Option<Found> {
        let endpoint = Endpoint {
            http: self.inner.http.clone(),
            purpose: Purpose::Discovery,
            kind,
            name: kind.title().to_owned(),
            base,
            key: None,
            first_byte: settings.discovery,
            extras: settings.discovery,
            max_body_bytes: settings.max_body_bytes,
        };
        endpoint.check().ok()?;
        let (name, models) = match kind {
            Kind::Ollama => {
                let tags: ollama::Tags = endpoint.get("/api/tags").await.ok()?;
                ("Ollama", tags.models.into_iter().map(|tag| tag.name).collect())
            }
            _ => {
                let list: Value = endpoint.get("/models").await.ok()?;
                let rows = openai::rows(&list)?;
                let names = rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned));
                (server(rows, &endpoint.base), names.collect())
            }
        };
        let base_url = base_url::text(&endpoint.base);
        Some(Found { kind, name: name.to_owned(), base_url, models })
    }
}

/// Which program serves a list, by how it signs its rows or by its port.
fn server(rows: &[Value], base: &Url) -> &'static str {
    match rows.first().and_then(|row| row["owned_by"].as_str()) {
        Some("llamacpp") => "llama.cpp",
        Some("vllm") => "vLLM",
        _ if base.port() == Some(1234) => "LM Studio",
        _ => "OpenAI-compatible server",
    }
}
