//! Checking what is to be sent, before anything is touched.

use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::queries::NewMessage;
use super::types::{Dedup, Draft, Sender, To};
use super::{Bus, not_yours, raw};
use crate::base::{BusId, Timestamp};
use crate::error::Error;

/// Priorities, first to last.
const PRIORITIES: std::ops::RangeInclusive<u8> = 1..=9;
/// The longest that a message may wait, in seconds: a hundred years.
const LONGEST_TTL: u64 = 3_155_760_000;

/// A message that may be stored.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) new: NewMessage,
    pub(super) to: To,
    /// What tells it from others of its sender.
    pub(super) key: Option<String>,
    pub(super) strict: bool,
}

impl Bus {
    pub(super) fn check(&self, who: &Sender, draft: Draft) -> Result<Checked, Error> {
        let settings = self.settings();
        let longest = self.inner.live.now().conversations.max_name_chars;
        let from = match (draft.from, &who.only) {
            (Some(from), Some(me)) if from != *me => return Err(not_yours(me)),
            (Some(from), _) => from,
            (None, Some(me)) => me.clone(),
            (None, None) => return Err(Error::invalid("from", "say who sends it: a client id")),
        };
        if let To::Many(clients) = &draft.to
            && !(1..=settings.batch_max).contains(&clients.len())
        {
            let message =
                format!("a message is for 1 to {} clients (BUS_BATCH_MAX)", settings.batch_max);
            return Err(Error::invalid("to", message));
        }
        name("type", &draft.kind, longest)?;
        if let Some(id) = &draft.id {
            name("id", id, longest)?;
        }
        if !PRIORITIES.contains(&draft.priority) {
            return Err(Error::invalid("priority", "a priority goes from 1, first, to 9"));
        }
        if draft.ttl_seconds.is_some_and(|ttl| !(1..=LONGEST_TTL).contains(&ttl)) {
            return Err(Error::invalid(
                "ttl_seconds",
                "a message waits for at least a second, and for no more than a hundred years",
            ));
        }
        let payload = payload(draft.payload, draft.text)?;
        let to = serde_json::to_string(&draft.to)
            .map_err(|error| Error::internal("writing recipients", error))?;
        let key = match (draft.id, draft.dedup) {
            (Some(id), _) => Some(format!("id:{id}")),
            // The maps of a Value are sorted, so this is the same in every process.
            (None, Some(Dedup::Content)) => {
                let value: Value = serde_json::from_str(payload.get())
                    .map_err(|_| Error::invalid("payload", "the payload is not JSON"))?;
                let content = json!([to, draft.kind, value, draft.reply_to]).to_string();
                let hash = blake3::hash(content.as_bytes());
                let hash = hash.to_hex();
                Some(format!("content:{}", hash.get(..32).unwrap_or_default()))
            }
            (None, None) => None,
        };
        let ttl = draft.ttl_seconds.map_or(settings.message_ttl, Duration::from_secs);
        let new = NewMessage {
            id: BusId::new(),
            from,
            broadcast: draft.to == To::All && !draft.require_ack,
            to,
            kind: draft.kind,
            payload,
            created_at: Timestamp::now(),
            expires_at: self.now().after(ttl),
            requires_ack: draft.require_ack,
            reply_to: draft.reply_to,
            priority: draft.priority,
        };
        Ok(Checked { new, to: draft.to, key, strict: draft.strict })
    }
}

fn name(field: &str, text: &str, longest: usize) -> Result<(), Error> {
    let length = text.chars().count();
    if (1..=longest).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let message =
        format!("{field} has 1 to {longest} characters (MAX_NAME_CHARS) and no control characters");
    Err(Error::invalid(field, message))
}

/// The payload with the text in it.
fn payload(payload: Option<Box<RawValue>>, text: Option<String>) -> Result<Box<RawValue>, Error> {
    let Some(text) = text else {
        return payload.map_or_else(|| raw(&json!({})), Ok);
    };
    let value = payload.map_or(Ok(json!({})), |payload| serde_json::from_str(payload.get()));
    match value {
        Ok(Value::Object(map)) if map.contains_key("text") => {
            Err(Error::invalid("text", "the payload has a text already; send one of them"))
        }
        Ok(Value::Object(mut map)) => {
            map.insert("text".to_owned(), text.into());
            raw(&map)
        }
        _ => Err(Error::invalid("text", "a text goes with a payload that is an object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: Option<&str>, text: Option<&str>) -> Result<String, Error> {
        let payload = payload.map(|json| RawValue::from_string(json.to_owned()).unwrap());
        super::payload(payload, text.map(str::to_owned)).map(|json| json.get().to_owned())
    }

    #[test]
    fn a_text_joins_the_payload_or_is_refused_and_never_lost() {
        assert_eq!(read(None, None).unwrap(), "{}");
        assert_eq!(read(None, Some("hi")).unwrap(), r#"{"text":"hi"}"#);
        assert_eq!(read(Some(r#"{"n": 1}"#), Some("hi")).unwrap(), r#"{"n":1,"text":"hi"}"#);
        assert_eq!(read(Some("12345678901234567890123"), None).unwrap(), "12345678901234567890123");
        assert!(read(Some(r#"{"text": "a"}"#), Some("b")).is_err());
        assert!(read(Some("[1]"), Some("b")).is_err());
    }
}
