//! What happens on the bus, told to webhooks.

use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::bus::Happening;
use crate::error::Error;
use crate::webhooks::{Event, News, Webhooks};

/// Happenings that are written down together.
const AT_ONCE: usize = 256;

/// Tells webhooks what happens until they are closed. Whoever sends on the bus does not wait for it.
pub(super) async fn follow(webhooks: Webhooks, mut happenings: Receiver<Happening>) {
    let mut news = Vec::new();
    loop {
        let next = tokio::select! {
            next = happenings.recv() => next,
            () = webhooks.closed() => return,
        };
        match next {
            Ok(happening) => add(&webhooks, &mut news, &happening),
            Err(RecvError::Lagged(count)) => webhooks.missed(count, LAGGED),
            Err(RecvError::Closed) => return,
        }
        while news.len() < AT_ONCE {
            match happenings.try_recv() {
                Ok(happening) => add(&webhooks, &mut news, &happening),
                Err(TryRecvError::Lagged(count)) => webhooks.missed(count, LAGGED),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        webhooks.tell_all(std::mem::take(&mut news)).await;
    }
}

const LAGGED: &str = "more happened than could be written down (BUS_BUFFER)";

fn add(webhooks: &Webhooks, news: &mut Vec<News>, happening: &Happening) {
    match told(webhooks, happening) {
        Ok(told) => news.extend(told),
        Err(error) => webhooks.missed(1, &error.to_string()),
    }
}

/// What is told of it, if anybody wants to know.
fn told(webhooks: &Webhooks, happening: &Happening) -> Result<Option<News>, Error> {
    let event = match happening {
        Happening::MessageSent(_) => Event::MessageSent,
        Happening::MessageFailed { .. } => Event::MessageFailed,
        Happening::ClientConnected(_) => Event::ClientConnected,
        Happening::ClientDisconnected(_) => Event::ClientDisconnected,
        Happening::RateLimitHit { .. } => Event::RateLimitHit,
    };
    if !webhooks.is_wanted(event) {
        return Ok(None);
    }
    let news = match happening {
        Happening::MessageSent(message) => News::new(event, message),
        Happening::MessageFailed { message_id, from, client, reason } => {
            let data = json!({ "message_id": message_id, "from": from, "client_id": client,
                "reason": reason });
            News::new(event, &data)
        }
        Happening::ClientConnected(client) | Happening::ClientDisconnected(client) => {
            News::new(event, &json!({ "client_id": client }))
        }
        Happening::RateLimitHit { client, address, limit } => {
            let data = json!({ "client_id": client, "address": address, "limit": limit });
            News::new(event, &data)
        }
    };
    news.map(Some)
}
