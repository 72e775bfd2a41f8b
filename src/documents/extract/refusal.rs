//! Why a file was not read: a code for programs and a sentence for people.
//!
//! It is also an [`std::error::Error`], so that it passes through readers (`io::Error::other`) and
//! comes out of the parsers above them unchanged.

use std::fmt::{self, Display, Formatter};
use std::io;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Every code, with what it means.
const CODES: [(&str, &str); 12] = [
    ("empty", "nothing is in the file"),
    ("no_text", "the file holds no text, only pictures or nothing"),
    ("wrong_extension", "the name says one thing and the content another"),
    ("unsupported", "a kind of file that is not read here"),
    ("binary", "neither text nor a known kind"),
    ("encrypted", "a password or a licence is needed"),
    ("broken", "damaged, cut short or not what its format allows"),
    ("too_large", "more pages, parts, text or memory than allowed"),
    ("too_deep", "more levels of nesting than allowed"),
    ("too_slow", "took longer than allowed"),
    ("unreadable", "the file could not be opened or read, or the text not written"),
    ("crashed", "the reader of this kind of file failed"),
];

/// Why one file was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// One of a fixed set: `empty`, `no_text`, `wrong_extension`, `unsupported`, `binary`,
    /// `encrypted`, `broken`, `too_large`, `too_deep`, `too_slow`, `unreadable`, `crashed`.
    pub code: &'static str,
    /// What is wrong and, where there is something, what to do about it.
    pub reason: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, reason: impl Into<String>) -> Self {
        debug_assert!(CODES.iter().any(|(known, _)| *known == code), "{code} is not in CODES");
        Self { code, reason: reason.into() }
    }

    pub(crate) fn broken(reason: impl Into<String>) -> Self {
        Self::new("broken", reason)
    }

    pub(crate) fn too_large(reason: impl Into<String>) -> Self {
        Self::new("too_large", reason)
    }

    pub(crate) fn too_deep() -> Self {
        Self::new("too_deep", "the content is nested too deeply to be a real document")
    }

    /// The refusal inside an I/O error, or one that says the file could not be read.
    pub(crate) fn from_io(error: &io::Error) -> Self {
        if let Some(inner) = error.get_ref().and_then(|e| e.downcast_ref::<Self>()) {
            return inner.clone();
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::broken("the file is cut short"),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                Self::broken(format!("the file is damaged ({error})"))
            }
            _ => Self::new("unreadable", format!("the file could not be read ({error})")),
        }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        Self::other(refusal)
    }
}

/// A refusal as it comes from the child process.
#[derive(Deserialize)]
struct Sent {
    code: String,
    reason: String,
}

impl<'de> Deserialize<'de> for Refusal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sent = Sent::deserialize(deserializer)?;
        let known = CODES.iter().find(|(known, _)| *known == sent.code);
        let unknown = || D::Error::custom(format!("unknown refusal code {:?}", sent.code));
        Ok(Self { code: known.ok_or_else(unknown)?.0, reason: sent.reason })
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;

    #[test]
    fn a_refusal_survives_json_and_io() {
        let refusal = Refusal::too_deep();
        let line = serde_json::to_string(&refusal).unwrap();
        assert_eq!(serde_json::from_str::<Refusal>(&line).unwrap(), refusal);
        assert_eq!(Refusal::from_io(&refusal.clone().into()), refusal);
        assert!(serde_json::from_str::<Refusal>(r#"{"code":"odd","reason":""}"#).is_err());
    }
}
