//! Answers that are kept as they were sent until anything in the database changes. A page that many
//! ask for, or one asks for again and again, is read and written out once.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;

use bytes::Bytes;

use crate::base::UserId;

/// Bytes of answers that are kept.
const MAX_BYTES: usize = 1024 * 1024;

/// Who asked, and for which path and query.
pub(crate) type Key = (UserId, String);

/// The answers.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    /// The state of the database that they were read from.
    at: u64,
    bytes: usize,
    by_key: HashMap<Key, Bytes>,
}

impl Kept {
    /// The answer, if it was given before and nothing has changed since.
    pub(crate) fn get(&self, at: u64, key: &Key) -> Option<Bytes> {
        let answers = self.0.lock().ok()?;
        (answers.at == at).then(|| answers.by_key.get(key).cloned()).flatten()
    }

    /// Keeps an answer that was read when the database was in state `at`, or later.
    pub(crate) fn put(&self, at: u64, key: Key, answer: Bytes) {
        let Ok(mut answers) = self.0.lock() else { return };
        if answers.at > at || answer.len() > MAX_BYTES {
            return;
        }
        if answers.at < at || answers.bytes + answer.len() > MAX_BYTES {
            *answers = Answers { at, ..Answers::default() };
        }
        answers.bytes += answer.len();
        if let Some(same) = answers.by_key.insert(key, answer) {
            answers.bytes -= same.len();
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str) -> Key {
        (UserId::OWNER, path.to_owned())
    }

    #[test]
    fn an_answer_lasts_until_something_changes() {
        let kept = Kept::default();
        kept.put(1, key("/a"), Bytes::from_static(b"one"));
        assert_eq!(kept.get(1, &key("/a")), Some(Bytes::from_static(b"one")));
        assert_eq!(kept.get(2, &key("/a")), None);
        kept.put(2, key("/b"), Bytes::from_static(b"two"));
        assert_eq!(kept.get(2, &key("/a")), None, "it was read before the change");
        kept.put(1, key("/a"), Bytes::from_static(b"late"));
        assert_eq!(kept.get(2, &key("/a")), None, "a slow reader brings an old answer");
    }

    #[test]
    fn what_is_kept_stays_small() {
        let kept = Kept::default();
        let answer = Bytes::from(vec![0; MAX_BYTES / 3]);
        for n in 0..10 {
            kept.put(1, key(&n.to_string()), answer.clone());
        }
        let answers = kept.0.lock().unwrap();
        assert!(answers.bytes <= MAX_BYTES);
        assert_eq!(answers.bytes, answers.by_key.values().map(Bytes::len).sum::<usize>());
    }
}
