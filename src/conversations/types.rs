//! What a conversation and a message are. These types are the JSON on the wire.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::calls::ToolCall;
use super::options::Options;
use crate::base::{ConversationId, DocumentId, MessageId, Timestamp, TurnId, words};

words! {
    /// Who speaks.
    Role {
        /// A person.
        User = "user",
        /// A model.
        Assistant = "assistant",
        /// Instructions.
        System = "system",
        /// A tool's result.
        Tool = "tool",
    }
}

words! {
    /// How far an answer came.
    #[schema(as = MessageState)]
    State {
        /// It is whole.
        Complete = "complete",
        /// It is being written.
        Streaming = "streaming",
        /// It broke off; what came was kept.
        Interrupted = "interrupted",
        /// Somebody stopped it.
        Cancelled = "cancelled",
        /// Nothing came of it.
        Failed = "failed",
    }
}

words! {
    /// What a reader thought of an answer.
    Rating {
        /// Good.
        Up = "up",
        /// Bad.
        Down = "down",
    }
}

/// Which documents a conversation draws on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum DocumentScope {
    /// `"all"` or `"none"`.
    Whole(AllOrNone),
    /// These.
    Some(Vec<DocumentId>),
}

/// The two scopes that need no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AllOrNone {
    /// Every document.
    All,
    /// No document.
    None,
}

/// A conversation, as lists and pages show it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// What it is called; `None` until somebody or something named it.
    pub title: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When something was last said in it.
    pub updated_at: Timestamp,
    /// Messages in the whole tree, siblings included.
    pub message_count: u32,
    /// The newest message of the active path.
    pub last_message: Option<LastMessage>,
    /// Shown on top.
    pub pinned: bool,
    /// Put away.
    pub archived: bool,
    /// The folder it lies in.
    pub folder: Option<String>,
    /// Its tags, in alphabetical order.
    pub tags: Vec<String>,
    /// The model it talks with; `None` for the default.
    pub model: Option<String>,
    /// Instructions that every question is sent with.
    pub system_prompt: Option<String>,
    /// Documents it draws on.
    pub document_ids: DocumentScope,
    /// Documents that are always given whole where they fit.
    #[serde(default)]
    pub pinned_document_ids: Vec<DocumentId>,
    /// The tools it uses: names of searches and ids of servers; `null` for those of every chat.
    #[serde(default)]
    pub tools: Option<Vec<String>>,
    /// How its model is asked.
    pub options: Options,
    /// Whatever a client keeps with it.
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// The end of the active path.
    pub active_leaf_id: Option<MessageId>,
    /// When it went to the trash.
    pub deleted_at: Option<Timestamp>,
    /// Answers being written in it now.
    pub running_turns: Vec<TurnId>,
}

/// The newest message in short.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LastMessage {
    /// Who spoke.
    pub role: Role,
    /// The first characters.
    pub text: String,
    /// When.
    pub created_at: Timestamp,
}

/// One message of a conversation's tree.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Where it was said.
    pub conversation_id: ConversationId,
    /// What it answers.
    pub parent_id: Option<MessageId>,
    /// Who speaks.
    pub role: Role,
    /// The text, Markdown.
    pub content: String,
    /// What the model thought before it answered.
    pub reasoning: Option<String>,
    /// How far it came.
    pub state: State,
    /// Why it failed: the error body of the API.
    #[schema(value_type = Option<Object>)]
    pub error: Option<Value>,
    /// The model that wrote it.
    pub model: Option<String>,
    /// The kind of provider that served the model.
    pub provider: Option<String>,
    /// Tokens, as the provider counted them.
    pub usage: Option<Usage>,
    /// How long it took.
    pub timings: Option<Timings>,
    /// The passages it could draw on.
    pub sources: Vec<Source>,
    /// Whether it leans on them; absent when none were looked for.
    #[serde(default)]
    pub support: Option<Support>,
    /// The tools that were called for it, in order.
    #[serde(default)]
    pub calls: Vec<ToolCall>,
    /// What came with it.
    pub attachments: Vec<Attachment>,
    /// The documents that a question names.
    #[serde(default)]
    pub document_ids: Vec<DocumentId>,
    /// What a reader thought of it.
    pub rating: Option<Rating>,
    /// A reader's remark.
    pub note: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was last amended.
    pub edited_at: Option<Timestamp>,
    /// When it went to the trash.
    pub deleted_at: Option<Timestamp>,
    /// The other messages under the same parent, itself included, oldest first.
    pub sibling_ids: Vec<MessageId>,
    /// The turn that writes or wrote it.
    pub turn_id: Option<TurnId>,
    /// While it is being written: the last event that `content` contains.
    pub turn_seq: Option<u64>,
}

/// Tokens of a request and its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: Option<u64>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
}

/// How long an answer took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Timings {
    /// Until the first text.
    pub first_token_ms: Option<u64>,
    /// Until the end.
    pub total_ms: u64,
    /// Spent thinking.
    pub reasoning_ms: Option<u64>,
}

/// A passage that an answer may cite as `[n]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// Its number.
    pub n: u32,
    /// What it is a passage of: `message`, `document` or `note`.
    pub kind: String,
    /// The title of the conversation or document.
    pub title: String,
    /// Who said it, or where in the document it stands.
    pub location: String,
    /// The passage.
    pub text: String,
    /// How well it fits; higher is better.
    pub score: f64,
    /// When it was said or added.
    pub created_at: Timestamp,
    /// Where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub conversation_id: Option<ConversationId>,
    /// Which message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub message_id: Option<MessageId>,
    /// The place in a document.
    #[serde(flatten)]
    pub place: Option<Place>,
}

/// Where in a document a passage stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DocumentPlace)]
pub struct Place {
    /// Which document.
    pub document_id: DocumentId,
    /// Where it begins, in characters of the extracted text.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// The page it begins on.
    pub page: Option<u64>,
    /// The headings above it.
    pub heading: String,
    /// Whether it is the whole document.
    pub whole: bool,
    /// Whether the text was found at this place when it was given to the model.
    pub verified: bool,
}

/// Whether an answer leans on the passages it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Support {
    /// The verdict.
    pub state: SupportState,
    /// The numbers of the sources it cites.
    pub cited: Vec<u32>,
    /// Numbers it cites that are no source.
    pub unknown: Vec<u32>,
}

/// The verdict on an answer's support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportState {
    /// It cites what it was given.
    Supported,
    /// Passages were found, and it cites none of them.
    Unsupported,
    /// No passage was found.
    NothingFound,
}

/// What came with a question; its bytes are fetched apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachment {
    /// Its number in the message, from 0.
    pub n: u32,
    /// The file's name.
    pub name: String,
    /// Its type, found by content.
    pub media_type: String,
    /// Its size.
    pub size_bytes: u64,
}

/// A message of the whole tree in short, for the branch panel.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Branch {
    /// Its id.
    pub id: MessageId,
    /// What it answers.
    pub parent_id: Option<MessageId>,
    /// Who speaks.
    pub role: Role,
    /// How far it came.
    pub state: State,
    /// The first characters.
    pub text: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Whether the active path runs through it.
    pub active: bool,
}

/// A text that an answer had before it was amended.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = MessageRevision)]
pub struct Revision {
    /// The text, Markdown.
    pub content: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When another one took its place.
    pub replaced_at: Timestamp,
}

/// A folder or tag and how many conversations have it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// How many.
    pub count: u32,
}

/// A new conversation; every field may be absent.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = NewConversation)]
pub struct New {
    /// See [`Conversation`].
    #[schema(extensions(("x-setting" = json!("MAX_NAME_CHARS"))))]
    pub title: Option<String>,
    /// See [`Conversation`].
    #[schema(extensions(("x-setting" = json!("MAX_NAME_CHARS"))))]
    pub folder: Option<String>,
    /// See [`Conversation`].
    #[schema(extensions(("x-setting" = json!("MAX_TAGS"))))]
    pub tags: Vec<String>,
    /// See [`Conversation`].
    pub pinned: bool,
    /// See [`Conversation`].
    #[schema(extensions(("x-setting" = json!("MAX_NAME_CHARS"))))]
    pub model: Option<String>,
    /// See [`Conversation`].
    #[schema(extensions(("x-setting" = json!("MAX_MESSAGE_KB"))))]
    pub system_prompt: Option<String>,
    /// See [`Conversation`].
    pub document_ids: Option<DocumentScope>,
    /// See [`Conversation`].
    #[schema(max_items = 1000)]
    pub pinned_document_ids: Option<Vec<DocumentId>>,
    /// See [`Conversation`].
    #[schema(max_items = 100)]
    pub tools: Option<Vec<String>>,
    /// See [`Conversation`].
    pub options: Options,
    /// See [`Conversation`].
    #[schema(value_type = Option<Object>, extensions(("x-setting" = json!("MAX_METADATA_KB"))))]
    pub metadata: Option<Value>,
}

/// Changes to a conversation: what is absent stays, `null` clears.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = ConversationChanges)]
pub struct Changes {
    /// `null` gives the name back to the product.
    #[serde(deserialize_with = "given")]
    #[schema(extensions(("x-setting" = json!("MAX_NAME_CHARS"))))]
    pub title: Option<Option<String>>,
    /// See [`Conversation`].
    #[serde(deserialize_with = "given")]
    #[schema(extensions(("x-setting" = json!("MAX_NAME_CHARS"))))]
    pub folder: Option<Option<String>>,
    /// All tags it shall have.
    #[schema(extensions(("x-setting" = json!("MAX_TAGS"))))]
    pub tags: Option<Vec<String>>,
    /// See [`Conversation`].
    pub pinned: Option<bool>,
    /// See [`Conversation`].
    pub archived: Option<bool>,
    /// See [`Conversation`].
    #[serde(deserialize_with = "given")]
    #[schema(extensions(("x-setting" = json!("MAX_NAME_CHARS"))))]
    pub model: Option<Option<String>>,
    /// See [`Conversation`].
    #[serde(deserialize_with = "given")]
    #[schema(extensions(("x-setting" = json!("MAX_MESSAGE_KB"))))]
    pub system_prompt: Option<Option<String>>,
    /// See [`Conversation`].
    pub document_ids: Option<DocumentScope>,
    /// See [`Conversation`].
    #[schema(max_items = 1000)]
    pub pinned_document_ids: Option<Vec<DocumentId>>,
    /// All it shall use; `null` for those of every chat.
    #[serde(deserialize_with = "given")]
    #[schema(max_items = 100)]
    pub tools: Option<Option<Vec<String>>>,
    /// All options it shall have.
    pub options: Option<Options>,
    /// See [`Conversation`].
    #[schema(value_type = Option<Object>, extensions(("x-setting" = json!("MAX_METADATA_KB"))))]
    pub metadata: Option<Value>,
}

/// Tells a field that is `null` from one that is absent.
fn given<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(from).map(Some)
}

/// Which conversations to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Words in titles or messages.
    pub query: Option<String>,
    /// Only this folder.
    pub folder: Option<String>,
    /// Only this tag.
    pub tag: Option<String>,
    /// Those put away instead of the others.
    pub archived: bool,
    /// The trash instead.
    pub trash: bool,
}

/// One change to many conversations.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Bulk {
    Delete,
    Restore,
    Archive,
    Unarchive,
    Pin,
    Unpin,
    Tag { tag: String },
    Untag { tag: String },
    Move { folder: Option<String> },
}
