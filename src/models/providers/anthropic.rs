//! Anthropic's messages: the system prompt apart, a longest answer always named, typed events.

use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::calls::Calls;
use super::{
    Batch, Capabilities, Decoder, Listed, Manner, Outgoing, Provider, Text, Trouble, known, object,
    secret_value,
};
use crate::models::chat::{ChatMessage, ChatRequest, Finish, Role, Tool};
use crate::models::endpoint::Endpoint;
use crate::models::error::Error;
use crate::models::said::Said;
use crate::net::sse;

/// The dialect.
#[derive(Debug)]
pub(in crate::models) struct Anthropic;

/// The one version of the API there is.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

impl Provider for Anthropic {
    fn headers(&self, key: Option<&str>) -> Result<HeaderMap, header::InvalidHeaderValue> {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("anthropic-version"), VERSION);
        if let Some(key) = key {
            headers.insert(HeaderName::from_static("x-api-key"), secret_value(key)?);
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
        let system: Vec<&str> = request
            .messages
            .iter()
            .filter(|m| m.role == Role::System && !m.content.trim().is_empty())
            .map(|m| m.content.as_str())
            .collect();
        let body = serde_json::to_vec(&Body {
            model,
            max_tokens: options.max_tokens.unwrap_or(manner.reserve_tokens).max(1),
            messages: messages(&request.messages),
            system: (!system.is_empty()).then(|| system.join("\n\n")),
            stream: true,
            temperature: options.temperature,
            top_p: options.top_p,
            stop_sequences: &options.stop,
            tools: request.tools.iter().map(Described::of).collect(),
        })?;
        Ok(Outgoing { path: "/v1/messages", body })
    }

    fn decoder(&self, max_line_bytes: usize) -> Box<dyn Decoder> {
        let state = State { calls: Calls::new(max_line_bytes), ..State::default() };
        Box::new(Reader { events: sse::Parser::new(max_line_bytes), state })
    }

    fn list<'a>(&self, at: &'a Endpoint) -> BoxFuture<'a, Result<Vec<Listed>, Error>> {
        Box::pin(async move {
            let answer: List = at.get("/v1/models").await?;
            Ok(answer.data.into_iter().map(Row::listed).collect())
        })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Described<'a>>,
}

#[derive(Serialize)]
struct Described<'a> {
    name: &'a str,
    description: &'a str,
    input_schema: &'a Value,
}

impl<'a> Described<'a> {
    fn of(tool: &'a Tool) -> Self {
        let Tool { name, about, takes } = tool;
        Self { name, description: about, input_schema: takes }
    }
}

#[derive(Serialize)]
struct Message<'a> {
    role: Role,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text { text: &'a str },
    Image { source: Source<'a> },
    ToolUse { id: &'a str, name: &'a str, input: Value },
    ToolResult { tool_use_id: &'a str, content: &'a str, is_error: bool },
}

#[derive(Serialize)]
struct Source<'a> {
    r#type: &'static str,
    media_type: &'a str,
    data: &'a str,
}

/// The messages without the system's. Neighbours of one role become one message, and empty texts,
/// which this API refuses, are left out; an answer to go on with must not end in white space.
fn messages(all: &[ChatMessage]) -> Vec<Message<'_>> {
    let mut out: Vec<Message<'_>> = Vec::with_capacity(all.len());
    let last = all.len().saturating_sub(1);
    for (n, message) in all.iter().enumerate().filter(|(_, m)| m.role != Role::System) {
        let images = message.images.iter().map(|image| Block::Image {
            source: Source {
                r#type: "base64",
                media_type: &image.media_type,
                data: &image.data_base64,
            },
        });
        if let Some(call) = &message.answered {
            // Results are the person's part of the talk, all of one round together.
            let (content, is_error) = (message.content.as_str(), call.failed);
            let result = Block::ToolResult { tool_use_id: &call.id, content, is_error };
            push(&mut out, Role::User, vec![result]);
            continue;
        }
        let calls = message.calls.iter().map(|call| Block::ToolUse {
            id: &call.id,
            name: &call.name,
            input: object(&call.arguments),
        });
        let prefill = n == last && message.role == Role::Assistant;
        let text = if prefill { message.content.trim_end() } else { &message.content };
        let text = (!text.trim().is_empty()).then_some(Block::Text { text });
        push(&mut out, message.role, images.chain(text).chain(calls).collect());
    }
    out
}

fn push<'a>(out: &mut Vec<Message<'a>>, role: Role, mut content: Vec<Block<'a>>) {
    match out.last_mut() {
        _ if content.is_empty() => {}
        Some(before) if before.role == role => before.content.append(&mut content),
        _ => out.push(Message { role, content }),
    }
}

#[derive(Deserialize)]
struct List {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    #[serde(default)]
    max_input_tokens: Option<u32>,
    #[serde(default)]
    capabilities: Value,
}

impl Row {
    fn listed(self) -> Listed {
        let told = |name: &str| {
            let told = &self.capabilities[name];
            told.as_bool().or_else(|| told["supported"].as_bool()).unwrap_or(false)
        };
        let capabilities = Capabilities {
            vision: told("image_input"),
            tools: false,
            reasoning: told("thinking"),
            embeddings: false,
            reranking: false,
        };
        known::complete(Listed {
            name: self.id,
            context_window: self.max_input_tokens.filter(|n| *n > 0),
            capabilities,
            price: None,
        })
    }
}

struct Reader {
    events: sse::Parser,
    state: State,
}

#[derive(Default)]
struct State {
    known: bool,
    trouble: Option<Trouble>,
    calls: Calls,
}

impl Decoder for Reader {
    fn push(&mut self, bytes: &[u8], out: &mut Batch) -> Result<(), Trouble> {
        let state = &mut self.state;
        let pushed = self.events.push(bytes, |event| state.event(event.data, out));
        match state.trouble.take() {
            Some(trouble) => Err(trouble),
            None => Ok(pushed?),
        }
    }

    fn end(&mut self, out: &mut Batch) -> Result<(), Trouble> {
        let state = &mut self.state;
        self.events.finish(|event| state.event(event.data, out))?;
        match state.trouble.take() {
            // A last event that was cut: the missing end of the answer tells.
            Some(Trouble::Garbage(_)) | None if state.known => Ok(()),
            Some(trouble) => Err(trouble),
            None => Err(Trouble::Garbage("no event of a chat answer in it".to_owned())),
        }
    }

    fn whole(&mut self, body: &[u8], out: &mut Batch) -> Result<(), Trouble> {
        let whole: Value = serde_json::from_slice(body)
            .map_err(|_| Trouble::Garbage("it is not JSON".to_owned()))?;
        if whole["type"] == "error" || whole["error"].is_object() {
            return Err(Trouble::Said(Box::new(Said::from_json(&whole))));
        }
        let blocks = whole["content"]
            .as_array()
            .ok_or_else(|| Trouble::Garbage("no content in it".to_owned()))?;
        for block in blocks {
            out.text.push_str(block["text"].as_str().unwrap_or_default());
            out.reasoning.push_str(block["thinking"].as_str().unwrap_or_default());
            if block["type"] == "tool_use" {
                let text = |key: &str| block[key].as_str().unwrap_or_default();
                let input = block["input"].to_string();
                self.state.calls.piece(None, text("id"), text("name"), &input)?;
            }
        }
        out.calls.extend(self.state.calls.take());
        let usage = &whole["usage"];
        out.count(usage["input_tokens"].as_u64(), usage["output_tokens"].as_u64());
        stop(whole["stop_reason"].as_str().unwrap_or("end_turn"), out)?;
        out.done = true;
        Ok(())
    }
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    delta: Option<Change<'a>>,
    #[serde(borrow, default)]
    content_block: Option<Change<'a>>,
    #[serde(default)]
    message: Option<Start>,
    #[serde(default)]
    usage: Option<Counts>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Text<'a>>,
    #[serde(borrow, default)]
    stop_reason: Option<Text<'a>>,
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    partial_json: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default, rename = "input_tokens")]
    fresh: Option<u64>,
    #[serde(default, rename = "cache_creation_input_tokens")]
    cached_now: Option<u64>,
    #[serde(default, rename = "cache_read_input_tokens")]
    cached_before: Option<u64>,
    #[serde(default, rename = "output_tokens")]
    output: Option<u64>,
}

impl Counts {
    /// What was read of the prompt, from the cache or not.
    fn input(&self) -> Option<u64> {
        let cached = [self.cached_now, self.cached_before];
        let cached: u64 = cached.into_iter().flatten().fold(0, u64::saturating_add);
        self.fresh.map(|fresh| fresh.saturating_add(cached))
    }
}

impl State {
    fn event(&mut self, data: &[u8], out: &mut Batch) {
        if self.trouble.is_none() && !out.done && !data.is_empty() {
            self.trouble = self.read(data, out).err();
        }
    }

    fn read(&mut self, data: &[u8], out: &mut Batch) -> Result<(), Trouble> {
        let event: Event<'_> = serde_json::from_slice(data)
            .map_err(|_| Trouble::Garbage("an event that is no part of a message".to_owned()))?;
        let told = event.usage.or_else(|| event.message.and_then(|m| m.usage));
        if let Some(counts) = told {
            out.count(counts.input(), counts.output);
        }
        match &*event.kind.0 {
            "error" => {
                let error = event.error.unwrap_or_default();
                return Err(Trouble::Said(Box::new(Said::from_json(&error))));
            }
            "message_stop" => {
                out.done = true;
                out.finish.get_or_insert(Finish::Stop);
                out.calls.extend(self.calls.take());
            }
            _ => {}
        }
        self.known = true;
        if let Some(change) = event.delta.or(event.content_block) {
            out.reasoning.push_str(change.thinking.as_ref().map_or("", |t| &t.0));
            out.text.push_str(change.text.as_ref().map_or("", |t| &t.0));
            let text = |text: &Option<Text<'_>>| text.as_ref().map_or("", |t| &t.0).to_owned();
            if change.name.is_some() || change.partial_json.is_some() {
                let (id, name) = (text(&change.id), text(&change.name));
                self.calls.piece(event.index, &id, &name, &text(&change.partial_json))?;
            }
            if let Some(reason) = change.stop_reason {
                stop(&reason.0, out)?;
                out.calls.extend(self.calls.take());
            }
        }
        Ok(())
    }
}

fn stop(reason: &str, out: &mut Batch) -> Result<(), Trouble> {
    out.finish = Some(match reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "refusal" => return Err(Trouble::Refused(String::new())),
        _ => Finish::Other,
    });
    Ok(())
}

#[cfg(test)]
mod tests;
