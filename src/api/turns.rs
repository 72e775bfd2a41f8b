//! Turns over HTTP: what was sent, and the numbered events as an SSE stream.

use http::StatusCode;
use serde_json::json;

use super::call::Call;
use super::events::{self, Out};
use super::reply::{Failure, Reply, no_content, ok, with_status};
use crate::base::TurnId;
use crate::chat::{Event, Replay, TemporaryQuestion};

const WHAT: &str = "turn";

/// `POST /turns`: asks without keeping anything.
pub(super) async fn ask_temporary(mut call: Call) -> Reply {
    let question: TemporaryQuestion = call.json().await?;
    let turn_id = call.app().chat.ask_temporary(&call.caller, question).await?;
    with_status(StatusCode::ACCEPTED, &json!({ "turn_id": turn_id }))
}

/// `GET /turns/{id}`: how a turn stands and what was sent.
pub(super) async fn get(call: Call) -> Reply {
    ok(&call.app().chat.get(&call.caller, call.id("id", WHAT)?).await?)
}

/// `POST /turns/{id}/cancel`: stops it, keeping what came.
pub(super) async fn cancel(call: Call) -> Reply {
    ok(&call.app().chat.cancel(&call.caller, call.id("id", WHAT)?).await?)
}

/// `GET /turns/{id}/events`: its events after a number, then live until the last.
pub(super) async fn events(call: Call) -> Reply {
    let id: TurnId = call.id("id", WHAT)?;
    let asked = call.query(&["after"])?.number("after")?;
    let last_id = match call.head.headers.get("last-event-id") {
        None => None,
        Some(value) => {
            let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
            Some(number.ok_or_else(|| {
                Failure::invalid("Last-Event-ID", "Last-Event-ID is the number of an event")
            })?)
        }
    };
    // A browser that reconnects repeats the address and adds how far it came.
    let after: u64 = last_id.or(asked).unwrap_or(0);
    match call.app().chat.events(&call.caller, id, after).await? {
        Replay::Over(events) if events.is_empty() => no_content(),
        Replay::Over(list) => events::stream(&call, move |out| async move {
            for event in &list {
                if !out.send(frame(event)).await {
                    return;
                }
            }
        }),
        Replay::Running(turn) => events::stream(&call, move |out: Out| async move {
            let (mut seen, mut news) = (after, turn.watch());
            loop {
                news.borrow_and_update();
                for event in turn.events_after(seen) {
                    seen = event.seq;
                    if !out.send(frame(&event)).await {
                        return;
                    }
                }
                if turn.is_over() && turn.events_after(seen).is_empty() {
                    return;
                }
                if !out.wait(&mut news).await {
                    return;
                }
            }
        }),
    }
}

fn frame(event: &Event) -> String {
    format!("event: {}\nid: {}\ndata: {}\n\n", event.kind, event.seq, event.json)
}
