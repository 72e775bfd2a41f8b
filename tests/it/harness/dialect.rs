//! The three ways of speaking that model servers have: how each lists its models, streams an answer
//! and says no.

use serde_json::{Value, json};

/// A model server's way of speaking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI and the many that are compatible with it.
    OpenAi,
    /// Anthropic's Messages API.
    Anthropic,
    /// Ollama's own API.
    Ollama,
}

/// All of them, for tests that must hold for each.
pub const ALL: [Dialect; 3] = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Ollama];

/// Models that call tools, as everybody knows of their names: one of each dialect.
pub const CALLERS: [&str; 3] = ["gpt-4o-tale", "claude-tale", "gpt-oss-tale"];

/// The models every scripted server has.
pub const MODELS: [&str; 2] = ["tale-1", "tale-2"];

impl Dialect {
    /// The provider kind of our API.
    pub fn kind(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
        }
    }

    /// A model that calls tools.
    pub fn caller(self) -> &'static str {
        match self {
            Self::OpenAi => CALLERS[0],
            Self::Anthropic => CALLERS[1],
            Self::Ollama => CALLERS[2],
        }
    }

    /// The results of calls in a request, in order.
    pub fn results(self, body: &Value) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let messages = body["messages"].as_array().unwrap();
        match self {
            Self::OpenAi | Self::Ollama => {
                let results = messages.iter().filter(|message| message["role"] == "tool");
                results.map(|message| text(&message["content"])).collect()
            }
            Self::Anthropic => {
                let blocks = messages.iter().filter_map(|message| message["content"].as_array());
                let blocks = blocks.flatten().filter(|block| block["type"] == "tool_result");
                blocks.map(|block| text(&block["content"])).collect()
            }
        }
    }

    /// The names of the tools in a request.
    pub fn tools(self, body: &Value) -> Vec<String> {
        let tools = body["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
        let name = |tool: &Value| match self {
            Self::OpenAi | Self::Ollama => tool["function"]["name"].as_str().unwrap().to_owned(),
            Self::Anthropic => tool["name"].as_str().unwrap().to_owned(),
        };
        tools.iter().map(name).collect()
    }

    /// What stands between the address and the dialect's own paths.
    pub fn base(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1",
            Self::Anthropic | Self::Ollama => "",
        }
    }

    /// The path a chat is asked on.
    pub fn chat_path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
            Self::Ollama => "/api/chat",
        }
    }

    /// The content type of a streamed answer.
    pub fn stream_type(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Anthropic => "text/event-stream",
            Self::Ollama => "application/x-ndjson",
        }
    }

    /// The answer to a path that is no chat; `None` when the dialect has no such path.
    pub fn lists(self, path: &str) -> Option<Value> {
        match (self, path) {
            (Self::OpenAi, "/v1/models") => {
                Some(json!({"object": "list", "data": MODELS.map(|id| {
                    json!({"id": id, "object": "model", "created": 1, "owned_by": "us", "context_length": 8192})
                })}))
            }
            (Self::Anthropic, "/v1/models") => {
                Some(json!({"has_more": false, "first_id": MODELS[0],
                    "last_id": MODELS[1], "data": MODELS.map(|id| {
                    json!({"type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z"})
                })}))
            }
            (Self::Ollama, "/api/tags") => Some(json!({"models": MODELS.map(|name| {
                json!({"name": name, "model": name, "modified_at": "2026-01-01T00:00:00Z", "size": 1,
                    "digest": "0", "details": {"family": "llama", "parameter_size": "1B"}})
            })})),
            (Self::Ollama, "/api/show") => Some(json!({"capabilities": ["completion", "vision"],
                "details": {"family": "llama"},
                "model_info": {"general.architecture": "llama", "llama.context_length": 8192}})),
            (Self::Ollama, "/api/version") => Some(json!({"version": "0.13.0"})),
            (Self::Ollama, "/api/ps") => Some(json!({"models": []})),
            _ => None,
        }
    }

    /// The answer to any request that is no chat.
    pub fn tells(self, path: &str, body: &Value) -> Option<Value> {
        self.lists(path).or_else(|| self.embeds(path, body)).or_else(|| self.ranks(path, body))
    }

    /// Vectors, alike where the texts share words.
    fn embeds(self, path: &str, body: &Value) -> Option<Value> {
        let texts = body["input"].as_array()?.iter().map(|text| text.as_str().unwrap_or_default());
        let vectors: Vec<Value> = texts.map(|text| json!(vector(text))).collect();
        match (self, path) {
            (Self::OpenAi, "/v1/embeddings") => {
                let data = vectors.iter().enumerate().map(
                    |(n, vector)| json!({"object": "embedding", "index": n, "embedding": vector}),
                );
                Some(json!({"object": "list", "model": body["model"],
                    "data": data.collect::<Vec<_>>(),
                    "usage": {"prompt_tokens": 1, "total_tokens": 1}}))
            }
            (Self::Ollama, "/api/embed") => {
                Some(json!({"model": body["model"], "embeddings": vectors}))
            }
            _ => None,
        }
    }

    /// Scores, the better the shorter a text is; the best first.
    fn ranks(self, path: &str, body: &Value) -> Option<Value> {
        if (self, path) != (Self::OpenAi, "/v1/rerank") {
            return None;
        }
        let length = |text: &Value| text.as_str().unwrap_or_default().len();
        let mut order: Vec<_> =
            body["documents"].as_array()?.iter().map(length).enumerate().collect();
        order.sort_by_key(|(_, length)| *length);
        let results = order.iter().map(
            |(index, length)| json!({"index": index, "relevance_score": 10 - i64::try_from(*length).unwrap()}),
        );
        Some(
            json!({"object": "list", "model": body["model"], "results": results.collect::<Vec<_>>(),
            "usage": {"prompt_tokens": 1, "total_tokens": 1}}),
        )
    }

    /// How each says that it has no such model.
    fn no_such_model(self) -> Value {
        match self {
            Self::OpenAi => {
                json!({"error": {"message": "The model `tale-1` does not exist or you do not \
                have access to it.", "type": "invalid_request_error", "code": "model_not_found"}})
            }
            Self::Anthropic => json!({"type": "error",
                "error": {"type": "not_found_error", "message": "model: tale-1"}}),
            Self::Ollama => json!({"error": "model 'tale-1' not found"}),
        }
    }

    /// An error's body.
    pub fn error(self, status: u16, message: &str) -> Value {
        if status == 404 {
            return self.no_such_model();
        }
        let kind = match status {
            400 => "invalid_request_error",
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            529 => "overloaded_error",
            _ => "api_error",
        };
        match self {
            Self::OpenAi => json!({"error": {"message": message, "type": kind, "code": kind}}),
            Self::Anthropic => {
                json!({"type": "error", "error": {"type": kind, "message": message}})
            }
            Self::Ollama => json!({"error": message}),
        }
    }

    /// How each says that the prompt does not fit: 9000 tokens for 8192.
    pub fn too_long(self) -> Value {
        let message = match self {
            Self::OpenAi => {
                "This model's maximum context length is 8192 tokens. However, your messages \
                 resulted in 9000 tokens. Please reduce the length of the messages."
            }
            Self::Anthropic => "prompt is too long: 9000 tokens > 8192 maximum",
            Self::Ollama => "prompt too long; exceeded max context length by 808 tokens",
        };
        let mut body = self.error(400, message);
        if self == Self::OpenAi {
            body["error"]["code"] = json!("context_length_exceeded");
        }
        body
    }
}

/// Counts words into a few places, which is enough for texts about the same to be alike.
fn vector(text: &str) -> [f32; 16] {
    let mut places = [0.01; 16];
    let low = text.to_lowercase();
    for word in low.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let hash = word.bytes().fold(2_166_136_261_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(16_777_619)
        });
        places[(hash % 16) as usize] += 1.0;
    }
    places
}

/// One answer being written in a dialect.
#[derive(Debug)]
pub struct Voice {
    dialect: Dialect,
    model: String,
    pieces: u32,
    block: Option<&'static str>,
    blocks: u32,
    calls: u32,
}

impl Voice {
    /// An answer of this model.
    pub fn new(dialect: Dialect, model: &str) -> Self {
        Self { dialect, model: model.to_owned(), pieces: 0, block: None, blocks: 0, calls: 0 }
    }

    /// What stands before the first piece.
    pub fn opening(&self) -> String {
        match self.dialect {
            Dialect::OpenAi => {
                self.delta(&json!({"role": "assistant", "content": ""}), Value::Null)
            }
            Dialect::Anthropic => named(
                "message_start",
                json!({"message": {"id": "msg_1",
                "type": "message", "role": "assistant", "content": [], "model": self.model,
                "usage": {"input_tokens": 11, "output_tokens": 1}}}),
            ),
            Dialect::Ollama => String::new(),
        }
    }

    /// A piece of the answer.
    pub fn text(&mut self, text: &str) -> String {
        self.pieces += 1;
        match self.dialect {
            Dialect::OpenAi => self.delta(&json!({"content": text}), Value::Null),
            Dialect::Anthropic => {
                let open = self.open("text");
                let delta = json!({"index": self.blocks - 1, "delta": {"type": "text_delta", "text": text}});
                open + &named("content_block_delta", delta)
            }
            Dialect::Ollama => self.line(json!({"role": "assistant", "content": text})),
        }
    }

    /// A piece of the model's thinking.
    pub fn thought(&mut self, text: &str) -> String {
        match self.dialect {
            Dialect::OpenAi => self.delta(&json!({"reasoning_content": text}), Value::Null),
            Dialect::Anthropic => {
                let open = self.open("thinking");
                let delta = json!({"type": "thinking_delta", "thinking": text});
                open + &named(
                    "content_block_delta",
                    json!({"index": self.blocks - 1, "delta": delta}),
                )
            }
            Dialect::Ollama => {
                self.line(json!({"role": "assistant", "content": "", "thinking": text}))
            }
        }
    }

    /// A call of a tool, in the pieces in which each streams it.
    pub fn call(&mut self, name: &str, arguments: &str) -> String {
        let (n, id) = (self.calls, format!("call_{}", self.calls + 1));
        self.calls += 1;
        let half = (0..=arguments.len() / 2).rev().find(|at| arguments.is_char_boundary(*at));
        let (first, second) = arguments.split_at(half.unwrap());
        match self.dialect {
            Dialect::OpenAi => {
                let begin = json!({"index": n, "id": id, "type": "function",
                    "function": {"name": name, "arguments": ""}});
                let mut said = self.delta(&json!({"tool_calls": [begin]}), Value::Null);
                for piece in [first, second] {
                    let more = json!({"index": n, "function": {"arguments": piece}});
                    said.push_str(&self.delta(&json!({"tool_calls": [more]}), Value::Null));
                }
                said
            }
            Dialect::Anthropic => {
                let close = self.close();
                self.block = Some("tool_use");
                self.blocks += 1;
                let index = self.blocks - 1;
                let block = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
                let mut said = close
                    + &named(
                        "content_block_start",
                        json!({"index": index, "content_block": block}),
                    );
                for piece in [first, second] {
                    let delta = json!({"type": "input_json_delta", "partial_json": piece});
                    let data = json!({"index": index, "delta": delta});
                    said.push_str(&named("content_block_delta", data));
                }
                said
            }
            Dialect::Ollama => {
                let given: Value = serde_json::from_str(arguments).unwrap_or(json!(arguments));
                let call = json!({"function": {"name": name, "arguments": given}});
                self.line(json!({"role": "assistant", "content": "", "tool_calls": [call]}))
            }
        }
    }

    /// What stands after the last piece.
    pub fn closing(&mut self) -> String {
        let (input, output) = (11, self.pieces);
        match self.dialect {
            Dialect::OpenAi => {
                let usage = json!({"id": "c1", "object": "chat.completion.chunk", "created": 1,
                    "model": self.model, "choices": [], "usage": {"prompt_tokens": input,
                    "completion_tokens": output, "total_tokens": input + output}});
                let why = if self.calls > 0 { "tool_calls" } else { "stop" };
                let stop = self.delta(&json!({}), json!(why));
                format!("{stop}data: {usage}\n\ndata: [DONE]\n\n")
            }
            Dialect::Anthropic => {
                let close = self.close();
                let why = if self.calls > 0 { "tool_use" } else { "end_turn" };
                let delta =
                    json!({"delta": {"stop_reason": why}, "usage": {"output_tokens": output}});
                close + &named("message_delta", delta) + &named("message_stop", json!({}))
            }
            Dialect::Ollama => {
                let last = json!({"model": self.model, "created_at": "2026-01-01T00:00:00Z",
                    "message": {"role": "assistant", "content": ""}, "done": true, "done_reason": "stop",
                    "prompt_eval_count": input, "eval_count": output});
                format!("{last}\n")
            }
        }
    }

    /// The whole answer at once, for a client that did not ask for a stream.
    pub fn whole(&self, text: &str) -> Value {
        let model = &self.model;
        match self.dialect {
            Dialect::OpenAi => {
                json!({"id": "c1", "object": "chat.completion", "created": 1, "model": model,
                "choices": [{"index": 0, "finish_reason": "stop",
                    "message": {"role": "assistant", "content": text}}],
                "usage": {"prompt_tokens": 11, "completion_tokens": 1, "total_tokens": 12}})
            }
            Dialect::Anthropic => json!({"id": "msg_1", "type": "message", "role": "assistant",
                "model": model, "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
                "usage": {"input_tokens": 11, "output_tokens": 1}}),
            Dialect::Ollama => {
                json!({"model": model, "created_at": "2026-01-01T00:00:00Z", "done": true,
                "message": {"role": "assistant", "content": text}, "done_reason": "stop",
                "prompt_eval_count": 11, "eval_count": 1})
            }
        }
    }

    fn delta(&self, delta: &Value, finish: Value) -> String {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        let chunk = json!({"id": "c1", "object": "chat.completion.chunk", "created": 1,
            "model": self.model, "choices": [choice]});
        format!("data: {chunk}\n\n")
    }

    fn line(&self, message: Value) -> String {
        let line = json!({"model": self.model, "created_at": "2026-01-01T00:00:00Z",
            "message": message, "done": false});
        format!("{line}\n")
    }

    fn open(&mut self, kind: &'static str) -> String {
        if self.block == Some(kind) {
            return String::new();
        }
        let close = self.close();
        self.block = Some(kind);
        self.blocks += 1;
        let block = json!({"type": kind, kind: ""});
        let open = json!({"index": self.blocks - 1, "content_block": block});
        close + &named("content_block_start", open)
    }

    fn close(&mut self) -> String {
        match self.block.take() {
            Some(_) => named("content_block_stop", json!({"index": self.blocks - 1})),
            None => String::new(),
        }
    }
}

fn named(name: &str, mut data: Value) -> String {
    data["type"] = json!(name);
    format!("event: {name}\ndata: {data}\n\n")
}
