//! What every module may use and what knows nothing of any domain: ids, time, the caller, pages and
//! the live feed.

pub mod caller;
pub mod clock;
pub mod feed;
pub mod ids;
pub mod page;
mod words;

pub use caller::{Caller, Once};
pub use clock::Timestamp;
pub use feed::Feed;
pub use ids::{
    CollectionId, ConversationId, DocumentId, FolderId, InstanceId, MessageId, NoteId, ProviderId,
    RequestId, TurnId, UserId,
};
pub use page::{Cursor, Page};
pub(crate) use words::words;
