//! What a document, a collection and a watched folder are. These types are the JSON on the wire.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::base::words;
use crate::base::{CollectionId, DocumentId, FolderId, Timestamp};

words! {
    /// How far a document has come on its way to being asked.
    #[schema(as = DocumentState)]
    State {
        /// It waits.
        Queued = "queued",
        /// Its text is being taken out.
        Extracting = "extracting",
        /// The text is being cut into passages.
        Chunking = "chunking",
        /// It is found by words; its meaning is being taken in.
        Embedding = "embedding",
        /// It is whole.
        Ready = "ready",
        /// It could not be read.
        Failed = "failed",
    }
}

words! {
    /// Where a document came from.
    Origin {
        /// A file that was sent.
        Upload = "upload",
        /// Text that was pasted.
        Text = "text",
        /// A page or file of the web.
        Url = "url",
        /// A watched folder.
        Folder = "folder",
    }
}

words! {
    /// How a watched folder is.
    FolderState {
        /// Changes are followed.
        Watching = "watching",
        /// It is being looked through.
        Scanning = "scanning",
        /// It is not there; its documents are kept.
        Missing = "missing",
        /// It cannot be read.
        Failed = "failed",
    }
}

/// A document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// The file's name.
    pub name: String,
    /// The title it has inside, or that a person gave it.
    pub title: Option<String>,
    /// What it is, by its content: `pdf`, `docx`, `code`; absent until it was looked at.
    pub kind: Option<String>,
    /// Its media type, by its content.
    pub media_type: Option<String>,
    /// The size of the original.
    pub size_bytes: u64,
    /// Where it came from.
    pub origin: Origin,
    /// The URL or path it came from.
    pub source: Option<String>,
    /// The collection it is in.
    pub collection_id: Option<CollectionId>,
    /// The watched folder it came from.
    pub folder_id: Option<FolderId>,
    /// How far it is.
    pub state: State,
    /// How far it is, from 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub progress: f64,
    /// Whether it is found by its words.
    pub searchable: bool,
    /// Why it could not be read.
    #[schema(value_type = Option<Object>)]
    pub error: Option<Value>,
    /// Pages, slides or sheets, where it has such.
    pub pages: Option<u64>,
    /// Characters of its text.
    pub chars: Option<u64>,
    /// Tokens of its text, estimated.
    pub tokens: Option<u64>,
    /// Passages it was cut into.
    pub chunks: u64,
    /// Passages that are found by meaning.
    pub embedded: u64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was put into the trash.
    pub deleted_at: Option<Timestamp>,
}

/// What was made of one thing that was sent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = AddedDocument)]
pub struct Added {
    /// The document.
    pub document: Document,
    /// Whether the same bytes were there already.
    pub duplicate: bool,
}

/// Which documents to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Words of names and titles.
    pub query: Option<String>,
    /// In this collection, or, as `Some(None)`, in none.
    pub collection: Option<Option<CollectionId>>,
    /// Of this kind.
    pub kind: Option<String>,
    /// In this state.
    pub state: Option<State>,
    /// Those in the trash.
    pub trash: bool,
}

/// What to change of a document.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = DocumentChanges)]
pub struct Changes {
    /// Another title; `null` takes the one inside the file.
    #[serde(deserialize_with = "given")]
    #[schema(extensions(("x-setting" = json!("MAX_NAME_CHARS"))))]
    pub title: Option<Option<String>>,
    /// Another collection; `null` takes it out.
    #[serde(deserialize_with = "given")]
    pub collection_id: Option<Option<CollectionId>>,
}

/// Tells an absent field from one that is `null`.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// What to do with many documents.
#[derive(Debug, Clone)]
pub enum Bulk {
    /// To the trash.
    Delete,
    /// Out of it.
    Restore,
    /// Into a collection, or out of any.
    Move(Option<CollectionId>),
    /// Read again.
    Reindex,
}

/// A named set of documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Collection {
    /// Its id.
    pub id: CollectionId,
    /// Its name.
    pub name: String,
    /// How many documents are in it.
    pub documents: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A folder of this machine that is kept in step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WatchedFolder {
    /// Its id.
    pub id: FolderId,
    /// Where it is.
    pub path: String,
    /// Where its documents go.
    pub collection_id: Option<CollectionId>,
    /// How it is.
    pub state: FolderState,
    /// What is wrong with it.
    pub error: Option<String>,
    /// How many documents came from it.
    pub documents: u64,
    /// The first few files that were passed over.
    #[schema(max_items = 20)]
    pub skipped: Vec<Skipped>,
    /// When it was last looked through.
    pub scanned_at: Option<Timestamp>,
    /// When it was named.
    pub created_at: Timestamp,
}

/// A file that was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SkippedFile)]
pub struct Skipped {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// A part of a document's text.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TextPart {
    /// The text.
    pub text: String,
    /// Where it begins, in characters.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// Characters of the whole.
    pub chars: u64,
    /// Where pages begin.
    #[schema(value_type = Vec<Object>)]
    pub pages: Vec<Value>,
    /// Where headings stand.
    #[schema(value_type = Vec<Object>)]
    pub headings: Vec<Value>,
}

/// A passage of a document.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Passage {
    /// Its number, from 0.
    pub n: u64,
    /// Where it begins, in characters.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// The page it begins on.
    pub page: Option<u64>,
    /// The headings above it.
    pub heading: String,
    /// Its text.
    pub text: String,
}
