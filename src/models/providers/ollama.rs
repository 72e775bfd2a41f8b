//! Ollama's own API: newline-delimited JSON, and a list whose details stand at another path.

mod embeddings;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::calls::Calls;
use super::{
    Batch, Capabilities, Decoder, Embeddings, FunctionTool, Listed, Manner, Outgoing, Provider,
    Text, Trouble, known, object, secret_value,
};
use crate::models::chat::{ChatMessage, ChatRequest, Finish, Role, ToolCall};
use crate::models::endpoint::Endpoint;
use crate::models::error::Error;
use crate::models::said::Said;
use crate::models::tokens::estimate_tokens;
use crate::net::lines::Lines;

/// The dialect.
#[derive(Debug)]
pub(in crate::models) struct Ollama;

/// What Ollama gives a model when nothing is asked for. A longer prompt would lose its beginning
/// without a word.
const DEFAULT_CONTEXT: u32 = 4096;
/// Models whose details are asked for at the same time.
const DETAILS_AT_ONCE: usize = 4;

impl Provider for Ollama {
    fn headers(&self, key: Option<&str>) -> Result<HeaderMap, header::InvalidHeaderValue> {
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            headers.insert(header::AUTHORIZATION, secret_value(&format!("Bearer {key}"))?);
        }
        Ok(headers)
    }

    fn chat(
        &self,
        model: &str,
        request: &ChatRequest,
        manner: Manner,
    ) -> Result<Outgoing, serde_json::Error> {
        let options = &request.options;
        let body = serde_json::to_vec(&Body {
            model,
            messages: request.messages.iter().map(Message::of).collect(),
            stream: true,
            tools: request.tools.iter().map(FunctionTool::of).collect(),
            options: BodyOptions {
                temperature: options.temperature,
                top_p: options.top_p,
                num_predict: options.max_tokens,
                seed: options.seed,
                stop: &options.stop,
                num_ctx: context(request, manner),
            },
        })?;
        Ok(Outgoing { path: "/api/chat", body })
    }

    fn decoder(&self, max_line_bytes: usize) -> Box<dyn Decoder> {
        let state = State { calls: Calls::new(max_line_bytes), ..State::default() };
        Box::new(Reader { lines: Lines::new(max_line_bytes), state })
    }

    fn list<'a>(&self, at: &'a Endpoint) -> BoxFuture<'a, Result<Vec<Listed>, Error>> {
        Box::pin(async move {
            let tags: Tags = at.get("/api/tags").await?;
            let details = tags.models.into_iter().map(|tag| details(at, tag.name));
            let models = futures_util::stream::iter(details).buffered(DETAILS_AT_ONCE);
            Ok(models.collect().await)
        })
    }

    fn embeddings(&self) -> Option<&'static dyn Embeddings> {
        Some(&embeddings::Vectors)
    }
}

/// The context to ask for: none while the default holds the prompt and the answer, else the next
/// power of two, so that a growing conversation does not load the model anew at every question.
fn context(request: &ChatRequest, manner: Manner) -> Option<u32> {
    let said = request.messages.iter().map(|m| {
        let calls = m.calls.iter().map(|call| estimate_tokens(&call.arguments));
        calls.fold(estimate_tokens(&m.content).saturating_add(8), u32::saturating_add)
    });
    let tools = request.tools.iter().map(|tool| estimate_tokens(&tool.takes.to_string()));
    let prompt: u32 = said.chain(tools).fold(0, u32::saturating_add);
    let answer = request.options.max_tokens.unwrap_or(manner.reserve_tokens);
    let needed = prompt.saturating_add(answer);
    if needed <= DEFAULT_CONTEXT {
        return None;
    }
    let roomy = needed.checked_next_power_of_two().unwrap_or(needed);
    Some(manner.context_window.map_or(roomy, |most| roomy.min(most)))
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<FunctionTool<'a>>,
    options: BodyOptions<'a>,
}

#[derive(Serialize)]
struct BodyOptions<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_predict: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    num_ctx: Option<u32>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: Role,
    content: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Called<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'a str>,
}

#[derive(Serialize)]
struct Called<'a> {
    function: CalledFunction<'a>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    arguments: Value,
}

impl<'a> Called<'a> {
    fn of(call: &'a ToolCall) -> Self {
        let arguments = object(&call.arguments);
        Self { function: CalledFunction { name: &call.name, arguments } }
    }
}

impl<'a> Message<'a> {
    fn of(message: &'a ChatMessage) -> Self {
        let images = message.images.iter().map(|image| image.data_base64.as_str()).collect();
        let tool_calls = message.calls.iter().map(Called::of).collect();
        let tool_name = message.answered.as_ref().map(|call| call.name.as_str());
        Self { role: message.role, content: &message.content, images, tool_calls, tool_name }
    }
}

#[derive(Deserialize)]
pub(in crate::models) struct Tags {
    pub(in crate::models) models: Vec<Tag>,
}

#[derive(Deserialize)]
pub(in crate::models) struct Tag {
    pub(in crate::models) name: String,
}

/// One model with what `/api/show` knows of it; a failure there only means knowing less.
async fn details(at: &Endpoint, name: String) -> Listed {
    let shown = at.post::<Value>("/api/show", &json!({ "model": name })).await;
    listed(name, &shown.unwrap_or_default())
}

fn listed(name: String, shown: &Value) -> Listed {
    let context_window = shown["model_info"].as_object().and_then(|facts| {
        let told = facts.iter().find(|(key, _)| key.ends_with(".context_length"));
        told.and_then(|(_, n)| n.as_u64()).and_then(|n| u32::try_from(n).ok())
    });
    let can = |word: &str| {
        shown["capabilities"].as_array().is_some_and(|all| all.iter().any(|can| can == word))
    };
    let capabilities = Capabilities {
        vision: can("vision"),
        tools: can("tools"),
        reasoning: can("thinking"),
        embeddings: can("embedding") || (known::embeds(&name) && !can("completion")),
        reranking: known::reranks(&name),
    };
    Listed { name, context_window, capabilities, price: None }
}

struct Reader {
    lines: Lines,
    state: State,
}

#[derive(Default)]
struct State {
    known: bool,
    trouble: Option<Trouble>,
    calls: Calls,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    message: Option<Piece<'a>>,
    #[serde(default)]
    done: Option<bool>,
    #[serde(borrow, default)]
    done_reason: Option<Text<'a>>,
    #[serde(default)]
    prompt_eval_count: Option<u64>,
    #[serde(default)]
    eval_count: Option<u64>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Text<'a>>,
    #[serde(default)]
    tool_calls: Option<Vec<Value>>,
}

impl Decoder for Reader {
    fn push(&mut self, bytes: &[u8], out: &mut Batch) -> Result<(), Trouble> {
        let state = &mut self.state;
        let pushed = self.lines.push(bytes, |line| state.take(line, out));
        match state.trouble.take() {
            Some(trouble) => Err(trouble),
            None => Ok(pushed?),
        }
    }

    fn end(&mut self, out: &mut Batch) -> Result<(), Trouble> {
        let state = &mut self.state;
        self.lines.finish(|line| state.take(line, out));
        match state.trouble.take() {
            // A last line that was cut: the missing end of the answer tells.
            Some(Trouble::Garbage(_)) | None if state.known => Ok(()),
            Some(trouble) => Err(trouble),
            None => Err(Trouble::Garbage("no line of a chat answer in it".to_owned())),
        }
    }

    /// A whole answer is a stream of one line.
    fn whole(&mut self, body: &[u8], out: &mut Batch) -> Result<(), Trouble> {
        self.push(body, out)?;
        self.end(out)
    }
}

impl State {
    fn take(&mut self, line: &[u8], out: &mut Batch) {
        if self.trouble.is_none() && !out.done && !line.trim_ascii().is_empty() {
            match read(line, out, &mut self.calls) {
                Ok(()) => self.known = true,
                Err(first) => self.trouble = Some(first),
            }
        }
    }
}

fn read(line: &[u8], out: &mut Batch, calls: &mut Calls) -> Result<(), Trouble> {
    let garbage = || Trouble::Garbage("a line that is no part of a chat answer".to_owned());
    let line: Line<'_> = serde_json::from_slice(line).map_err(|_| garbage())?;
    if let Some(error) = line.error {
        return Err(Trouble::Said(Box::new(Said::from_json(&error))));
    }
    if line.message.is_none() && line.done.is_none() {
        return Err(garbage());
    }
    if let Some(piece) = line.message {
        out.reasoning.push_str(piece.thinking.as_ref().map_or("", |t| &t.0));
        out.text.push_str(piece.content.as_ref().map_or("", |t| &t.0));
        // A call comes whole, and has an id only from some servers.
        for call in piece.tool_calls.iter().flatten() {
            let text = |at: &str| call.pointer(at).and_then(Value::as_str).unwrap_or_default();
            let arguments = call["function"]["arguments"].to_string();
            calls.piece(None, text("/id"), text("/function/name"), &arguments)?;
        }
        out.calls.extend(calls.take());
    }
    if line.done == Some(true) {
        out.count(line.prompt_eval_count, line.eval_count);
        out.done = true;
        out.finish = Some(match line.done_reason.as_ref().map_or("stop", |reason| &reason.0) {
            "stop" => Finish::Stop,
            "length" => Finish::Length,
            _ => Finish::Other,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
