//! `OpenAI`'s chat completions, as `OpenAI`, `OpenRouter`, Groq, Mistral, `DeepSeek`, Perplexity, vLLM,
//! llama.cpp and LM Studio speak them, with the ways in which they differ.

mod embeddings;
mod list;
mod reranking;

pub(in crate::models) use list::rows;

use futures_util::future::BoxFuture;
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::calls::Calls;
use super::{
    Batch, Decoder, Embeddings, FunctionTool, Listed, Manner, Outgoing, Provider, Quirks,
    Reranking, Text, Trouble, secret_value,
};
use crate::models::chat::{ChatMessage, ChatRequest, Finish, Role, ToolCall};
use crate::models::endpoint::Endpoint;
use crate::models::error::Error;
use crate::models::said::Said;
use crate::net::sse;

/// The dialect.
#[derive(Debug)]
pub(in crate::models) struct OpenAi;

impl Provider for OpenAi {
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
        let (max_tokens, max_completion_tokens) = if manner.quirks.completion_tokens {
            (None, options.max_tokens)
        } else {
            (options.max_tokens, None)
        };
        let body = serde_json::to_vec(&Body {
            model,
            messages: request.messages.iter().map(Message::of).collect(),
            stream: true,
            stream_options: (!manner.quirks.no_stream_options)
                .then_some(StreamOptions { include_usage: true }),
            temperature: options.temperature,
            top_p: options.top_p,
            max_tokens,
            max_completion_tokens,
            seed: options.seed,
            stop: &options.stop,
            tools: request.tools.iter().map(FunctionTool::of).collect(),
        })?;
        Ok(Outgoing { path: "/chat/completions", body })
    }

    fn learn(&self, said: &Said, quirks: &mut Quirks) -> bool {
        if !quirks.no_stream_options && said.names("stream_options") {
            quirks.no_stream_options = true;
            return true;
        }
        if !quirks.completion_tokens && said.names("max_completion_tokens") {
            quirks.completion_tokens = true;
            return true;
        }
        false
    }

    fn decoder(&self, max_line_bytes: usize) -> Box<dyn Decoder> {
        let state = State { calls: Calls::new(max_line_bytes), ..State::default() };
        Box::new(Reader { events: sse::Parser::new(max_line_bytes), state })
    }

    fn list<'a>(&self, at: &'a Endpoint) -> BoxFuture<'a, Result<Vec<Listed>, Error>> {
        Box::pin(list::models(at))
    }

    fn embeddings(&self) -> Option<&'static dyn Embeddings> {
        Some(&embeddings::Vectors)
    }

    fn reranking(&self) -> Option<&'static dyn Reranking> {
        Some(&reranking::Ranks)
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<FunctionTool<'a>>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: Role,
    content: Content<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Called<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Called<'a> {
    id: &'a str,
    r#type: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    arguments: &'a str,
}

impl<'a> Called<'a> {
    fn of(call: &'a ToolCall) -> Self {
        // Servers read them again, and refuse the whole question for what is no JSON.
        let sound = serde_json::from_str::<serde::de::IgnoredAny>(&call.arguments).is_ok();
        let arguments = if sound { &call.arguments } else { "{}" };
        let function = CalledFunction { name: &call.name, arguments };
        Self { id: &call.id, r#type: "function", function }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Parts(Vec<Part<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Serialize)]
struct ImageUrl {
    url: String,
}

impl<'a> Message<'a> {
    fn of(message: &'a ChatMessage) -> Self {
        let text = message.content.as_str();
        let content = if message.images.is_empty() {
            Content::Text(text)
        } else {
            let images = message.images.iter().map(|image| Part::ImageUrl {
                image_url: ImageUrl {
                    url: format!("data:{};base64,{}", image.media_type, image.data_base64),
                },
            });
            Content::Parts(std::iter::once(Part::Text { text }).chain(images).collect())
        };
        let tool_call_id = message.answered.as_ref().map(|call| call.id.as_str());
        let tool_calls = message.calls.iter().map(Called::of).collect();
        Self { role: message.role, content, tool_calls, tool_call_id }
    }
}

struct Reader {
    events: sse::Parser,
    state: State,
}

#[derive(Default)]
struct State {
    /// An event of this dialect was seen.
    known: bool,
    /// The first trouble; nothing after it is read.
    trouble: Option<Trouble>,
    calls: Calls,
}

impl Decoder for Reader {
    fn push(&mut self, bytes: &[u8], out: &mut Batch) -> Result<(), Trouble> {
        let state = &mut self.state;
        let pushed = self.events.push(bytes, |event| state.event(event.data, out));
        state.verdict(pushed)
    }

    fn end(&mut self, out: &mut Batch) -> Result<(), Trouble> {
        let state = &mut self.state;
        let pushed = self.events.finish(|event| state.last_event(event.data, out));
        state.verdict(pushed)?;
        out.calls.extend(state.calls.take());
        if !state.known {
            return Err(Trouble::Garbage("no event of a chat answer in it".to_owned()));
        }
        Ok(())
    }

    fn whole(&mut self, body: &[u8], out: &mut Batch) -> Result<(), Trouble> {
        self.state.chunk(body, out)?;
        out.calls.extend(self.state.calls.take());
        if out.finish.is_none() {
            // Some servers leave the reason out of a whole answer; a text is the sign of success.
            if out.text.is_empty() && out.reasoning.is_empty() && out.calls.is_empty() {
                return Err(Trouble::Garbage("no choices in it".to_owned()));
            }
            out.finish = Some(Finish::Stop);
        }
        out.done = true;
        Ok(())
    }
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    usage: Option<Counts>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    delta: Option<Piece<'a>>,
    #[serde(borrow, default)]
    message: Option<Piece<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Text<'a>>,
    #[serde(borrow, default)]
    reasoning: Option<Text<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Text<'a>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<CallPiece<'a>>>,
}

#[derive(Deserialize)]
struct CallPiece<'a> {
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    function: Option<FunctionPiece<'a>>,
}

#[derive(Deserialize, Default)]
struct FunctionPiece<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    arguments: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
}

impl State {
    fn verdict(&mut self, pushed: Result<(), crate::net::lines::TooLong>) -> Result<(), Trouble> {
        match self.trouble.take() {
            Some(trouble) => Err(trouble),
            None => Ok(pushed?),
        }
    }

    fn event(&mut self, data: &[u8], out: &mut Batch) {
        if self.trouble.is_some() || out.done || data.is_empty() {
            return;
        }
        if data.trim_ascii() == b"[DONE]" {
            self.known = true;
            out.done = true;
            out.finish.get_or_insert(Finish::Stop);
            out.calls.extend(self.calls.take());
        } else if let Err(trouble) = self.chunk(data, out) {
            self.trouble = Some(trouble);
        }
    }

    /// The last event may have been cut: then the missing end of the answer tells, not the JSON.
    fn last_event(&mut self, data: &[u8], out: &mut Batch) {
        self.event(data, out);
        if self.known && matches!(self.trouble, Some(Trouble::Garbage(_))) {
            self.trouble = None;
        }
    }

    fn chunk(&mut self, data: &[u8], out: &mut Batch) -> Result<(), Trouble> {
        let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(data) else {
            return self.unusual_chunk(data, out);
        };
        if let Some(error) = chunk.error {
            return Err(Trouble::Said(Box::new(Said::from_json(&error))));
        }
        self.known = self.known || chunk.choices.is_some();
        for choice in chunk.choices.into_iter().flatten().take(1) {
            if let Some(piece) = choice.delta.or(choice.message) {
                let thought = piece.reasoning_content.or(piece.reasoning);
                out.reasoning.push_str(thought.as_ref().map_or("", |t| &t.0));
                out.text.push_str(piece.content.as_ref().map_or("", |t| &t.0));
                out.text.push_str(piece.refusal.as_ref().map_or("", |t| &t.0));
                for call in piece.tool_calls.into_iter().flatten() {
                    let text =
                        |text: Option<Text<'_>>| text.map_or_else(String::new, |t| t.0.into());
                    let function = call.function.unwrap_or_default();
                    let (name, arguments) = (text(function.name), text(function.arguments));
                    self.calls.piece(call.index, &text(call.id), &name, &arguments)?;
                }
            }
            if let Some(reason) = choice.finish_reason {
                self.finish(&reason.0, out)?;
            }
        }
        if let Some(counts) = chunk.usage {
            out.count(counts.prompt_tokens, counts.completion_tokens);
        }
        Ok(())
    }

    /// JSON, but not as most send it: content in parts (Mistral's thinking models), or an error
    /// whose `choices` are no list.
    fn unusual_chunk(&mut self, data: &[u8], out: &mut Batch) -> Result<(), Trouble> {
        let garbage = |what: &str| Trouble::Garbage(what.to_owned());
        let chunk: Value =
            serde_json::from_slice(data).map_err(|_| garbage("an event that is not JSON"))?;
        if chunk.get("error").is_some_and(|error| !error.is_null()) {
            return Err(Trouble::Said(Box::new(Said::from_json(&chunk))));
        }
        let choice = chunk
            .pointer("/choices/0")
            .ok_or_else(|| garbage("an event that is no part of a chat answer"))?;
        self.known = true;
        let piece = choice.get("delta").or_else(|| choice.get("message")).unwrap_or(&Value::Null);
        match &piece["content"] {
            Value::String(text) => out.text.push_str(text),
            Value::Array(parts) => parts.iter().for_each(|part| {
                if let Some(text) = part["text"].as_str() {
                    out.text.push_str(text);
                }
                for thought in part["thinking"].as_array().into_iter().flatten() {
                    out.reasoning.push_str(thought["text"].as_str().unwrap_or_default());
                }
            }),
            _ => {}
        }
        let thought = piece["reasoning_content"].as_str().or_else(|| piece["reasoning"].as_str());
        out.reasoning.push_str(thought.unwrap_or_default());
        for call in piece["tool_calls"].as_array().into_iter().flatten() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (id, name) = (text(&call["id"]), text(&call["function"]["name"]));
            // Some servers give the arguments as the object that they are.
            let arguments = match &call["function"]["arguments"] {
                Value::Null => String::new(),
                Value::String(piece) => piece.clone(),
                object => object.to_string(),
            };
            self.calls.piece(call["index"].as_u64(), &id, &name, &arguments)?;
        }
        let count = |name: &str| chunk.pointer(name).and_then(Value::as_u64);
        out.count(count("/usage/prompt_tokens"), count("/usage/completion_tokens"));
        match choice["finish_reason"].as_str() {
            Some(reason) => self.finish(reason, out),
            None => Ok(()),
        }
    }

    /// Nothing of a call follows the reason why the answer ended.
    fn finish(&mut self, reason: &str, out: &mut Batch) -> Result<(), Trouble> {
        finish(reason, out)?;
        if out.finish.is_some() {
            out.calls.extend(self.calls.take());
        }
        Ok(())
    }
}

fn finish(reason: &str, out: &mut Batch) -> Result<(), Trouble> {
    let finish = match reason {
        "" => return Ok(()),
        "stop" | "eos" | "eos_token" | "stop_sequence" => Finish::Stop,
        "length" | "max_tokens" => Finish::Length,
        "content_filter" => return Err(Trouble::Refused(String::new())),
        "error" | "insufficient_system_resource" | "abort" => {
            return Err(Trouble::GaveUp(reason.to_owned()));
        }
        _ => Finish::Other,
    };
    out.finish = Some(finish);
    Ok(())
}

#[cfg(test)]
mod tests;
