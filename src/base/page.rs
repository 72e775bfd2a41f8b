//! Lists: a page of items and an opaque cursor that stays correct while rows are added, because it
//! holds the last row's sort key and not a count.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

/// The longest cursor that is looked at; ours are far shorter.
const MAX_CURSOR_BYTES: usize = 1024;

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// What to ask with for the rows after these; `None` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list that is whole.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}

/// A cursor that was not made by this list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list; start again without one")]
pub struct BadCursor;

/// Turns sort keys into opaque text and back.
#[derive(Debug)]
pub struct Cursor;

impl Cursor {
    /// Writes a sort key as opaque text.
    pub fn encode(key: &impl Serialize) -> Option<String> {
        serde_json::to_vec(key).ok().map(|json| URL_SAFE_NO_PAD.encode(json))
    }

    /// Reads a sort key back.
    pub fn decode<K: DeserializeOwned>(text: &str) -> Result<K, BadCursor> {
        if text.len() > MAX_CURSOR_BYTES {
            return Err(BadCursor);
        }
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        serde_json::from_slice(&json).map_err(|_| BadCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back(pinned: bool, at in "\\PC{0,30}", seq: i64) {
            let text = Cursor::encode(&(pinned, &at, seq)).unwrap();
            prop_assert_eq!(Cursor::decode::<(bool, String, i64)>(&text), Ok((pinned, at, seq)));
        }

        #[test]
        fn any_text_is_a_cursor_or_refused(text in "\\PC{0,80}") {
            let _ = Cursor::decode::<(bool, String, i64)>(&text);
        }
    }

    #[test]
    fn fuzz_cursors() {
        crate::base::fuzz::fuzz("cursors", |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let _ = Cursor::decode::<(bool, String, i64)>(&text);
            let _ = Cursor::decode::<(String, String)>(&text);
            if let Ok(key) = Cursor::decode::<(String, i64)>(&text) {
                let again = Cursor::encode(&key).unwrap();
                assert_eq!(Cursor::decode::<(String, i64)>(&again), Ok(key));
            }
        });
    }
}
