//! Servers of tools as they are kept and shown, and what adding and changing one takes.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::base::{Timestamp, ToolServerId, words};

words! {
    /// How a server of tools is reached.
    #[schema(as = ToolServerKind)]
    Kind {
        /// Over streamable HTTP.
        Http = "http",
        /// A program of this machine, over its standard input and output.
        Command = "command",
    }
}

/// A server of tools that the owner listed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ToolServer {
    /// Its id.
    pub id: ToolServerId,
    /// Its name; the names of its tools begin with it.
    pub name: String,
    /// How it is reached.
    pub kind: Kind,
    /// Where it is; of the kind `http`.
    pub url: Option<String>,
    /// `…` and the last characters of the token that it is shown.
    pub token: Option<String>,
    /// What is started; of the kind `command`.
    pub program: Option<String>,
    /// With these arguments.
    pub args: Vec<String>,
    /// And these variables; their values are not shown.
    pub env: Vec<String>,
    /// Whether it may be used at present.
    pub enabled: bool,
    /// Whether every conversation uses it that does not say otherwise.
    pub everywhere: bool,
    /// The tools that may be called; `null` for all.
    pub allowed: Option<Vec<String>>,
    /// The tools that it listed last.
    pub tools: Vec<ListedTool>,
    /// When that was; `null` when it never was asked.
    pub listed_at: Option<Timestamp>,
    /// Whether there is a connection to it now.
    pub connected: bool,
    /// Why it could not be used the last time; `null` when it could.
    pub last_error: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A tool as its server describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ListedTool {
    /// Its name there.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it does.
    pub description: String,
    /// What it takes, as JSON Schema.
    #[schema(value_type = Object)]
    pub takes: Value,
    /// Whether it says that it changes nothing. Any other is asked about before it is called.
    pub read_only: bool,
}

impl ListedTool {
    /// A hash of all that it says of itself: what was allowed is allowed to what it was then.
    pub(super) fn print(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        blake3::hash(&text).to_hex().to_string()
    }
}

/// What adding a server of tools takes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToolServer {
    /// Its name, which no other has.
    #[schema(min_length = 1, max_length = 60, extensions(("x-name" = json!(true))))]
    pub name: String,
    /// How it is reached.
    pub kind: Kind,
    /// Where it is, `http://` or `https://`; for the kind `http`.
    #[serde(default)]
    #[schema(max_length = 2048)]
    pub url: Option<String>,
    /// What it is shown as a bearer token.
    #[serde(default, deserialize_with = "secret")]
    #[schema(value_type = Option<String>, max_length = 4096, write_only)]
    pub token: Option<SecretString>,
    /// What is started; for the kind `command`.
    #[serde(default)]
    #[schema(max_length = 4096)]
    pub program: Option<String>,
    /// With these arguments.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub args: Vec<String>,
    /// And these variables besides the usual ones.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>, write_only)]
    pub env: BTreeMap<String, SecretString>,
    /// By default yes.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// Whether every conversation uses it; by default no.
    #[serde(default)]
    pub everywhere: Option<bool>,
    /// The tools that may be called; absent or `null` for all.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub allowed: Option<Vec<String>>,
}

/// What may change of a server of tools.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolServerChanges {
    /// Another name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 60, extensions(("x-name" = json!(true))))]
    pub name: Option<String>,
    /// Another address; the stored token is dropped, for it was meant for the old one.
    #[serde(default)]
    #[schema(max_length = 2048)]
    pub url: Option<String>,
    /// Another token; `null` drops it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 4096, write_only)]
    pub token: Option<Option<SecretString>>,
    /// Another program.
    #[serde(default)]
    #[schema(max_length = 4096)]
    pub program: Option<String>,
    /// Other arguments.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub args: Option<Vec<String>>,
    /// Variables that change; `null` takes one away, the others stay.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>, write_only)]
    pub env: Option<BTreeMap<String, Option<SecretString>>>,
    /// On or off.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// Whether every conversation uses it that does not say otherwise.
    #[serde(default)]
    pub everywhere: Option<bool>,
    /// The tools that may be called; `null` for all.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_items = 1000)]
    pub allowed: Option<Option<Vec<String>>>,
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<SecretString>>, D::Error> {
    secret(from).map(Some)
}

fn given<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(from).map(Some)
}

/// What came of asking a server for its tools.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ToolServerTest {
    /// Whether it listed them.
    pub ok: bool,
    /// How long that took.
    pub took_ms: u64,
    /// How many there are.
    pub tools: usize,
    /// Why it did not.
    pub error: Option<String>,
    /// The last that its program wrote to its standard error.
    pub said: Option<String>,
}

/// A tool that a conversation may use.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ConversationTool)]
pub struct ToolView {
    /// Its name as models know it.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it does.
    pub description: String,
    /// Whether it leaves everything as it is.
    pub read_only: bool,
    /// Whether it was allowed for this whole conversation.
    pub allowed: bool,
}

/// A choice of tools for a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ConversationTools)]
pub struct ToolChoice {
    /// What stands for it in a conversation's `tools`: the name of a search, or a server's id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Whether the conversation uses it.
    pub used: bool,
    /// Its tools.
    pub tools: Vec<ToolView>,
}

/// What is kept sealed of a server.
#[derive(Debug, Clone, Default)]
pub(super) struct Secrets {
    pub(super) token: Option<SecretString>,
    pub(super) env: BTreeMap<String, SecretString>,
}

/// The same, as it stands inside the seal.
#[derive(Serialize, Deserialize)]
struct Plain {
    token: Option<String>,
    env: BTreeMap<String, String>,
}

impl Secrets {
    /// As it is sealed; `None` when there is nothing to keep.
    pub(super) fn text(&self) -> Result<Option<SecretString>, serde_json::Error> {
        if self.token.is_none() && self.env.is_empty() {
            return Ok(None);
        }
        let shown = |secret: &SecretString| secret.expose_secret().to_owned();
        let env = self.env.iter().map(|(name, value)| (name.clone(), shown(value))).collect();
        let plain = Plain { token: self.token.as_ref().map(shown), env };
        serde_json::to_string(&plain).map(|text| Some(text.into()))
    }

    /// As it was sealed.
    pub(super) fn read(text: &SecretString) -> Result<Self, serde_json::Error> {
        let plain: Plain = serde_json::from_str(text.expose_secret())?;
        let env = plain.env.into_iter().map(|(name, value)| (name, value.into())).collect();
        Ok(Self { token: plain.token.map(Into::into), env })
    }
}

/// A server with what is sealed of it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) server: ToolServer,
    pub(super) sealed: Option<Vec<u8>>,
}
