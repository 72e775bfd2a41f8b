//! What the streams of a session have said, kept for a while, so that a client whose connection broke
//! gets the rest: an answer is never lost with the stream that it was on. Nothing here outlives the
//! session, and no session is given what another was told.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rmcp::model::ServerJsonRpcMessage;
use rmcp::transport::streamable_http_server::session::{
    EventStore, EventStoreError, EventStream, ServerSseMessage, SessionId,
};
use tokio::sync::watch;

use crate::base::clock;
use crate::config::Live;

/// Everything that is kept.
#[derive(Debug)]
pub(super) struct Events {
    live: Live,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    streams: HashMap<Arc<str>, Told>,
    /// Those that are over, in the order in which they ended.
    over: VecDeque<(Instant, Arc<str>)>,
    size_bytes: usize,
}

/// One stream.
#[derive(Debug)]
struct Told {
    events: Vec<ServerSseMessage>,
    size_bytes: usize,
    /// Who may hear it again; known from the moment that they hear it first.
    session: Option<SessionId>,
    is_over: bool,
    news: watch::Sender<()>,
}

/// An event id that this session was not given, or whose stream is not kept any more.
#[derive(Debug, thiserror::Error)]
#[error("there is no such event to go on from")]
pub(super) struct NoSuchEvent;

impl Events {
    pub(super) fn new(live: Live) -> Self {
        Self { live, kept: Arc::default() }
    }

    /// The session that hears an event may ask for what follows it.
    pub(super) fn heard(&self, session: &SessionId, event_id: Option<&str>) {
        let Some((stream, _)) = event_id.and_then(parts) else { return };
        if let Some(told) = lock(&self.kept).streams.get_mut(stream) {
            told.session.get_or_insert_with(|| Arc::clone(session));
        }
    }

    /// Whether an event was told to this session and what follows it is kept.
    pub(super) fn has(&self, session: &SessionId, event_id: &str) -> bool {
        let Some((stream, _)) = parts(event_id) else { return false };
        let kept = lock(&self.kept);
        kept.streams.get(stream).is_some_and(|told| told.session.as_ref() == Some(session))
    }

    /// Forgets a session's streams.
    pub(super) fn forget(&self, session: &SessionId) {
        let mut kept = lock(&self.kept);
        let theirs = |told: &Told| told.session.as_ref() == Some(session);
        let gone: Vec<_> = kept.streams.iter().filter(|(_, told)| theirs(told)).collect();
        let gone: Vec<_> = gone.into_iter().map(|(stream, _)| Arc::clone(stream)).collect();
        for stream in &gone {
            kept.drop_stream(stream);
        }
        kept.over.retain(|(_, stream)| !gone.contains(stream));
    }

    fn store(&self, stream: &str, event: &ServerSseMessage) -> String {
        let mcp = self.live.now().mcp;
        let size_bytes = event.message.as_deref().map_or(0, size);
        let is_last = event.message.as_deref().is_some_and(|message| {
            matches!(message, ServerJsonRpcMessage::Response(_) | ServerJsonRpcMessage::Error(_))
        });
        let mut kept = lock(&self.kept);
        let told = kept.streams.entry(stream.into()).or_insert_with(Told::new);
        let id = format!("{stream}.{}", told.events.len());
        let mut event = event.clone();
        event.event_id = Some(id.clone());
        told.events.push(event);
        told.size_bytes += size_bytes;
        told.is_over |= is_last;
        told.news.send_replace(());
        kept.size_bytes += size_bytes;
        let now = clock::monotonic();
        if is_last {
            kept.over.push_back((now, stream.into()));
        }
        while let Some((ended, oldest)) = kept.over.front().cloned() {
            let old = now.saturating_duration_since(ended) > mcp.replay;
            if !old && kept.size_bytes <= mcp.replay_bytes {
                break;
            }
            kept.over.pop_front();
            kept.drop_stream(&oldest);
        }
        id
    }

    /// What follows an event: at once what is there already, the rest as it comes.
    fn after(&self, event_id: &str) -> Result<EventStream, NoSuchEvent> {
        let (stream, n) = parts(event_id).ok_or(NoSuchEvent)?;
        let news = {
            let kept = lock(&self.kept);
            kept.streams.get(stream).ok_or(NoSuchEvent)?.news.subscribe()
        };
        let (kept, stream): (_, Arc<str>) = (Arc::clone(&self.kept), stream.into());
        let from = (n.saturating_add(1), news);
        Ok(Box::pin(futures_util::stream::unfold(from, move |(n, mut news)| {
            let (kept, stream) = (Arc::clone(&kept), Arc::clone(&stream));
            async move {
                loop {
                    {
                        let kept = lock(&kept);
                        let told = kept.streams.get(&stream)?;
                        if let Some(event) = told.events.get(n) {
                            return Some((event.clone(), (n + 1, news)));
                        }
                        if told.is_over {
                            return None;
                        }
                    }
                    news.changed().await.ok()?;
                }
            }
        })))
    }
}

impl Kept {
    fn drop_stream(&mut self, stream: &str) {
        if let Some(told) = self.streams.remove(stream) {
            self.size_bytes = self.size_bytes.saturating_sub(told.size_bytes);
        }
    }
}

impl Told {
    fn new() -> Self {
        let (events, news) = (Vec::new(), watch::Sender::new(()));
        Self { events, size_bytes: 0, session: None, is_over: false, news }
    }
}

#[async_trait::async_trait]
impl EventStore for Events {
    async fn store_event(
        &self,
        stream_id: &str,
        event: &ServerSseMessage,
    ) -> Result<String, EventStoreError> {
        Ok(self.store(stream_id, event))
    }

    async fn replay_events_after(
        &self,
        last_event_id: &str,
    ) -> Result<EventStream, EventStoreError> {
        Ok(self.after(last_event_id)?)
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    // What is in it is whole after every step.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The stream of an event, and its number there.
fn parts(event_id: &str) -> Option<(&str, usize)> {
    let (stream, n) = event_id.rsplit_once('.')?;
    Some((stream, n.parse().ok()?))
}

/// The length of a message as JSON.
fn size(message: &ServerJsonRpcMessage) -> usize {
    serde_json::to_vec(message).map_or(0, |json| json.len())
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use rmcp::model::{EmptyResult, RequestId, ServerResult};

    use super::*;
    use crate::config::{Config, Sources};

    fn events(lines: &str) -> (Events, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.sh");
        std::fs::write(&path, lines).unwrap();
        let mut sources = Sources { path: Some(path), ..Sources::default() };
        sources.folders.data = Some(folder.path().join("data"));
        let loaded = Config::load(&sources).unwrap();
        (Events::new(Live::new(loaded, sources)), folder)
    }

    fn answer(n: i64) -> ServerSseMessage {
        let result = ServerResult::EmptyResult(EmptyResult {});
        let message = ServerJsonRpcMessage::response(result, RequestId::Number(n));
        ServerSseMessage::from_message(message)
    }

    #[tokio::test]
    async fn what_followed_is_told_again_and_what_follows_is_waited_for() {
        let (events, _folder) = events("");
        let first = events.store("s", &ServerSseMessage::default());
        let mut rest = events.after(&first).unwrap();
        assert!(futures_util::poll!(rest.next()).is_pending());
        let last = events.store("s", &answer(1));
        assert_eq!(rest.next().await.unwrap().event_id, Some(last.clone()));
        assert!(rest.next().await.is_none(), "an answer ends its stream");
        let again: Vec<_> = events.after(&first).unwrap().collect().await;
        assert_eq!(again.len(), 1);
        assert!(events.after(&last).unwrap().next().await.is_none());
    }

    #[test]
    fn only_the_session_that_heard_an_event_may_go_on_from_it() {
        let (events, _folder) = events("");
        let (mine, other): (SessionId, SessionId) = ("mine".into(), "other".into());
        let id = events.store("s", &answer(1));
        assert!(!events.has(&mine, &id), "nobody heard it yet");
        events.heard(&mine, Some(&id));
        events.heard(&other, Some(&id));
        assert!(events.has(&mine, &id) && !events.has(&other, &id));
        for strange in ["", "s", "s.x", "t.0", "0"] {
            assert!(!events.has(&mine, strange), "{strange}");
        }
        events.forget(&mine);
        assert!(!events.has(&mine, &id) && events.after(&id).is_err());
        assert_eq!(lock(&events.kept).size_bytes, 0);
    }

    #[test]
    fn answers_that_are_over_make_room_and_others_never_do() {
        let (events, _folder) = events("MCP_REPLAY_MB=0\n");
        let going = events.store("going", &ServerSseMessage::default());
        let first = events.store("first", &answer(1));
        assert!(events.after(&first).is_err(), "there is no room for it");
        assert!(events.after(&going).is_ok());
    }
}
