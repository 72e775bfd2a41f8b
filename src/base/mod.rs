//! What every module may use and what knows nothing of any domain: ids, time, the caller, pages,
//! child processes and the live feed.

pub mod caller;
pub mod client_id;
pub mod clock;
pub mod fault;
pub mod feed;
#[cfg(test)]
pub(crate) mod fuzz;
pub mod ids;
pub mod objects;
pub mod page;
pub mod process;
mod words;

pub use caller::{Caller, Once};
pub use client_id::ClientId;
pub use clock::{Steady, Timestamp};
pub use fault::Fault;
pub use feed::Feed;
pub use ids::{
    BusId, CallId, CollectionId, ConnectionId, ConversationId, DeliveryId, DocumentId, EventId,
    FolderId, HookId, InstanceId, MessageId, NodeId, NoteId, ProviderId, RequestId, SessionId,
    TokenId, ToolServerId, TurnId, UserId,
};
pub use page::{Cursor, Page};
pub(crate) use words::words;
