//! The model list of `OpenAI`-compatible servers: each adds what it knows under names of its own, and
//! LM Studio and llama.cpp tell more at paths of their own.

use serde::Deserialize;
use serde_json::Value;

use super::super::{Capabilities, Listed, Price, known};
use crate::models::endpoint::Endpoint;
use crate::models::error::Error;

/// Perplexity serves no list; these are what it documents.
const PERPLEXITY: [&str; 4] = ["sonar", "sonar-pro", "sonar-reasoning-pro", "sonar-deep-research"];

/// Asks for the models.
pub(super) async fn models(at: &Endpoint) -> Result<Vec<Listed>, Error> {
    let host = at.base.host_str().unwrap_or_default();
    if host == "api.perplexity.ai" {
        return Ok(PERPLEXITY.iter().map(|name| known::complete(listed(name))).collect());
    }
    let answer: Value = at.get("/models").await?;
    let rows = rows(&answer).ok_or_else(|| at.bad_answer("it is no list of models"))?;
    let openai = host == "api.openai.com";
    let mut models: Vec<Listed> =
        rows.iter().filter_map(model).filter(|m| !openai || known::chats(&m.name)).collect();
    if at.is_local() {
        if rows.iter().any(|row| row["owned_by"] == "llamacpp") {
            llama_cpp(at, &mut models).await;
        } else {
            lm_studio(at, &mut models).await;
        }
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    models.dedup_by(|a, b| a.name == b.name);
    Ok(models)
}

/// The list inside an answer: under `data`, or bare.
pub(in crate::models) fn rows(answer: &Value) -> Option<&Vec<Value>> {
    let rows = answer.get("data").or(Some(answer))?.as_array()?;
    rows.iter().all(|row| row["id"].is_string()).then_some(rows)
}

fn listed(name: &str) -> Listed {
    Listed { name: name.to_owned(), ..Listed::default() }
}

fn model(row: &Value) -> Option<Listed> {
    let name = row["id"].as_str().filter(|name| !name.trim().is_empty())?;
    let number = |at: &str| row.pointer(at).and_then(Value::as_u64).filter(|n| *n > 0);
    let context = [
        "/context_length",
        "/context_window",
        "/max_model_len",
        "/max_context_length",
        "/top_provider/context_length",
        "/meta/n_ctx",
        "/meta/n_ctx_train",
        "/limits/max_context_window_tokens",
    ];
    let mut model = listed(name);
    model.context_window =
        context.iter().find_map(|at| number(at)).and_then(|n| u32::try_from(n).ok());
    model.capabilities = capabilities(row);
    model.price = price(&row["pricing"]);
    Some(known::complete(model))
}

fn capabilities(row: &Value) -> Capabilities {
    let lists = |at: &str, word: &str| {
        row.pointer(at).and_then(Value::as_array).is_some_and(|all| all.iter().any(|w| w == word))
    };
    let is = |at: &str| row.pointer(at).and_then(Value::as_bool).unwrap_or(false);
    let kind = row["type"].as_str().unwrap_or_default();
    Capabilities {
        vision: lists("/architecture/input_modalities", "image")
            || is("/capabilities/vision")
            || kind == "vlm",
        tools: lists("/supported_parameters", "tools")
            || is("/capabilities/function_calling")
            || lists("/capabilities", "tool_use"),
        reasoning: lists("/supported_parameters", "reasoning") || is("/capabilities/reasoning"),
        embeddings: matches!(kind, "embedding" | "embeddings")
            || lists("/architecture/output_modalities", "embeddings"),
        reranking: matches!(kind, "rerank" | "reranker"),
    }
}

/// `OpenRouter` gives dollars a token, as text.
fn price(pricing: &Value) -> Option<Price> {
    let dollars = |name: &str| {
        let value = &pricing[name];
        let per_token = value.as_str().and_then(|t| t.parse().ok()).or_else(|| value.as_f64())?;
        // Rounded, for 0.0000025 a token is to show as 2.5, not as 2.4999999999999996.
        (per_token >= 0.0).then(|| (per_token * 1e12_f64).round() / 1e6)
    };
    Some(Price {
        input_per_million: dollars("prompt")?,
        output_per_million: dollars("completion")?,
    })
}

/// LM Studio's own list knows context and kind. Other servers have none there, which is no failure.
async fn lm_studio(at: &Endpoint, models: &mut [Listed]) {
    #[derive(Deserialize)]
    struct List {
        data: Vec<Value>,
    }
    let Ok(more) = at.get_at::<List>("/api/v0/models").await else { return };
    for row in &more.data {
        let Some(model) = models.iter_mut().find(|m| row["id"] == *m.name) else { continue };
        let context = row["loaded_context_length"].as_u64().or(row["max_context_length"].as_u64());
        model.context_window = context.and_then(|n| u32::try_from(n).ok()).or(model.context_window);
        let told = capabilities(row);
        model.capabilities.vision |= told.vision;
        model.capabilities.tools |= told.tools;
        model.capabilities.embeddings |= told.embeddings;
    }
}

/// llama.cpp lists what the model was trained for; what it was started with is less.
async fn llama_cpp(at: &Endpoint, models: &mut [Listed]) {
    let Ok(props) = at.get_at::<Value>("/props").await else { return };
    let context = props.pointer("/default_generation_settings/n_ctx").and_then(Value::as_u64);
    let vision = props.pointer("/modalities/vision").and_then(Value::as_bool).unwrap_or(false);
    for model in models {
        model.context_window =
            context.filter(|n| *n > 0).and_then(|n| u32::try_from(n).ok()).or(model.context_window);
        model.capabilities.vision |= vision;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_server_tells_the_context_in_its_own_way() {
        for row in [
            json!({"id": "m", "context_length": 4096}),
            json!({"id": "m", "context_window": 4096}),
            json!({"id": "m", "max_model_len": 4096}),
            json!({"id": "m", "meta": {"n_ctx_train": 4096}}),
        ] {
            assert_eq!(model(&row).unwrap().context_window, Some(4096), "{row}");
        }
        assert_eq!(
            model(&json!({"id": "m", "context_length": null})).unwrap().context_window,
            None
        );
        assert_eq!(model(&json!({"id": " "})), None);
    }

    #[test]
    fn openrouter_tells_price_and_abilities() {
        let read = model(&json!({
            "id": "x/y", "context_length": 1000,
            "architecture": {"input_modalities": ["text", "image"]},
            "supported_parameters": ["tools", "reasoning"],
            "pricing": {"prompt": "0.0000025", "completion": "0.00001"},
        }))
        .unwrap();
        let price = Price { input_per_million: 2.5, output_per_million: 10.0 };
        assert_eq!(read.price, Some(price));
        let able = read.capabilities;
        assert!(able.vision && able.tools && able.reasoning && !able.embeddings);
        let free = model(&json!({"id": "auto", "pricing": {"prompt": "-1", "completion": "-1"}}));
        assert_eq!(free.unwrap().price, None);
    }

    #[test]
    fn what_is_no_list_is_told_from_an_empty_one() {
        assert!(rows(&json!({"data": []})).is_some());
        assert!(rows(&json!([{"id": "a"}])).is_some());
        for no in [json!({}), json!({"data": "x"}), json!([1]), json!({"data": [{"name": "a"}]})] {
            assert!(rows(&no).is_none(), "{no}");
        }
    }
}
