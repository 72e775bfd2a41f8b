//! The dialects that models are spoken to in. A dialect makes the request, reads the streamed answer
//! and the list of models; connections, deadlines, retries and breakers are the same for all and live
//! outside.

pub(super) mod anthropic;
mod calls;
pub(super) mod known;
pub(super) mod ollama;
pub(super) mod openai;
pub(super) mod passages;

use futures_util::future::BoxFuture;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::chat::{ChatRequest, Finish, Tool, ToolCall, Usage};
use super::endpoint::Endpoint;
use super::error::Error;
use super::said::{Said, Trouble};

/// Which dialect a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProviderKind)]
pub enum Kind {
    /// Anything that is compatible with `OpenAI`'s chat completions.
    Openai,
    /// Anthropic's messages.
    Anthropic,
    /// Ollama's own.
    Ollama,
    /// No model: passages that were found.
    Passages,
}

impl Kind {
    /// Its word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
            Self::Passages => "passages",
        }
    }

    /// The kind that a provider can be added as.
    pub(super) fn of_added(word: &str) -> Option<Self> {
        match word {
            "openai" => Some(Self::Openai),
            "anthropic" => Some(Self::Anthropic),
            "ollama" => Some(Self::Ollama),
            _ => None,
        }
    }

    /// What it is called when nobody said.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Openai => "OpenAI",
            Self::Anthropic => "Anthropic",
            Self::Ollama => "Ollama",
            Self::Passages => "Passages",
        }
    }

    /// Where it is when nobody said.
    pub(super) fn default_base_url(self) -> &'static str {
        match self {
            Self::Openai => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com",
            Self::Ollama | Self::Passages => "http://127.0.0.1:11434",
        }
    }

    /// The dialect, for the kinds that are asked over HTTP.
    pub(super) fn dialect(self) -> &'static dyn Provider {
        match self {
            Self::Anthropic => &anthropic::Anthropic,
            Self::Ollama => &ollama::Ollama,
            Self::Openai | Self::Passages => &openai::OpenAi,
        }
    }
}

/// What a model can do besides answering.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Capabilities {
    /// It takes pictures.
    pub vision: bool,
    /// It calls tools.
    pub tools: bool,
    /// It thinks before it answers.
    pub reasoning: bool,
    /// It makes embeddings and does not chat.
    pub embeddings: bool,
    /// It ranks texts by how well they fit a question, and does not chat.
    #[serde(default)]
    pub reranking: bool,
}

impl Capabilities {
    /// Whether it answers questions.
    pub fn chat(self) -> bool {
        !self.embeddings && !self.reranking
    }
}

/// What a model costs, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Price {
    /// A million tokens of prompt.
    pub input_per_million: f64,
    /// A million tokens of answer.
    pub output_per_million: f64,
}

/// A model as its provider lists it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) context_window: Option<u32>,
    pub(super) capabilities: Capabilities,
    pub(super) price: Option<Price>,
}

/// What was learnt about a model's server from its refusals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Quirks {
    /// It knows no `stream_options`.
    pub(super) no_stream_options: bool,
    /// It wants `max_completion_tokens` in place of `max_tokens`.
    pub(super) completion_tokens: bool,
    /// It takes no tools, whatever its list says.
    pub(super) no_tools: bool,
}

/// What a request is made of, besides the question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) quirks: Quirks,
    /// The longest answer, for a dialect that must name one.
    pub(super) reserve_tokens: u32,
    /// What the model can hold, where it is known.
    pub(super) context_window: Option<u32>,
}

/// A tool as `OpenAI` and Ollama are told of it.
#[derive(Debug, Serialize)]
struct FunctionTool<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

impl<'a> FunctionTool<'a> {
    fn of(tool: &'a Tool) -> Self {
        let Tool { name, about, takes } = tool;
        let function = Function { name, description: about, parameters: takes };
        Self { r#type: "function", function }
    }
}

/// The arguments of a call for dialects that want them as an object; what is none is sent as none.
fn object(arguments: &str) -> Value {
    let read = serde_json::from_str::<Value>(arguments).ok().filter(Value::is_object);
    read.unwrap_or_else(|| Value::Object(serde_json::Map::new()))
}

/// A request ready to be sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// Below the base URL.
    pub(super) path: &'static str,
    /// JSON.
    pub(super) body: Vec<u8>,
}

/// A dialect.
pub(super) trait Provider: Sync {
    /// The headers that carry the key.
    fn headers(&self, key: Option<&str>) -> Result<HeaderMap, http::header::InvalidHeaderValue>;

    /// Puts a question into its words.
    fn chat(
        &self,
        model: &str,
        request: &ChatRequest,
        manner: Manner,
    ) -> Result<Outgoing, serde_json::Error>;

    /// Learns from a refusal; `true` when asking again in another way is worth it.
    fn learn(&self, _said: &Said, _quirks: &mut Quirks) -> bool {
        false
    }

    /// A reader for one answer, whose lines are at most so long.
    fn decoder(&self, max_line_bytes: usize) -> Box<dyn Decoder>;

    /// Asks for the models.
    fn list<'a>(&self, at: &'a Endpoint) -> BoxFuture<'a, Result<Vec<Listed>, Error>>;

    /// How it is asked for embeddings, where it makes any.
    fn embeddings(&self) -> Option<&'static dyn Embeddings> {
        None
    }

    /// How it is asked to rank texts, where it does.
    fn reranking(&self) -> Option<&'static dyn Reranking> {
        None
    }
}

/// The part of a dialect that is about embeddings.
pub(super) trait Embeddings: Sync {
    /// Asks for the vectors of texts.
    fn ask(&self, model: &str, texts: &[&str]) -> Result<Outgoing, serde_json::Error>;

    /// Reads them, in the order of the texts.
    fn read(&self, answer: &[u8]) -> Result<Vec<Vec<f32>>, Trouble>;
}

/// The part of a dialect that is about ranking texts.
pub(super) trait Reranking: Sync {
    /// Asks how well texts fit a question.
    fn ask(&self, model: &str, question: &str, texts: &[&str]) -> serde_json::Result<Outgoing>;

    /// Reads the number of each text and its score, in any order.
    fn read(&self, answer: &[u8]) -> Result<Vec<(usize, f64)>, Trouble>;
}

/// Reads one streamed answer, as its bytes come.
pub(super) trait Decoder: Send + Sync {
    /// Takes what one read brought.
    fn push(&mut self, bytes: &[u8], out: &mut Batch) -> Result<(), Trouble>;

    /// The body is over.
    fn end(&mut self, out: &mut Batch) -> Result<(), Trouble>;

    /// Takes a whole answer that was not streamed, though asked to be.
    fn whole(&mut self, body: &[u8], out: &mut Batch) -> Result<(), Trouble>;
}

/// What was read of an answer.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) usage: Option<Usage>,
    /// Calls of tools, whole.
    pub(super) calls: Vec<ToolCall>,
    /// The answer has its end; counts may still follow.
    pub(super) finish: Option<Finish>,
    /// Nothing follows.
    pub(super) done: bool,
}

impl Batch {
    fn count(&mut self, input_tokens: Option<u64>, output_tokens: Option<u64>) {
        if input_tokens.is_some() || output_tokens.is_some() {
            self.usage.get_or_insert_default().merge(Usage { input_tokens, output_tokens });
        }
    }
}

/// A string of JSON, lent from the bytes when it holds no escapes. (Serde lends a `Cow` only when it
/// is not inside an `Option`.)
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

/// A value of `Authorization: Bearer`, or of another header, that logs never show.
fn secret_value(text: &str) -> Result<http::HeaderValue, http::header::InvalidHeaderValue> {
    let mut value = http::HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}
