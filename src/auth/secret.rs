//! Secrets that this product makes: 256 random bits, of which only a hash is kept. They cannot be
//! guessed, so the hash need not be slow.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::base::Caller;
use crate::error::Error;
use crate::store::{Seal, Written};

/// What is kept of a secret.
pub(super) type Hash = [u8; 32];

/// The characters that 256 bits come to.
const CHARS: usize = 43;
/// Characters of the end that are shown to tell secrets apart.
const HINT: usize = 4;

/// A fresh secret behind a word that says what it is.
pub(super) fn make(prefix: &str) -> Result<SecretString, Error> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(|error| Error::internal("making a secret", error))?;
    Ok(SecretString::from(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bits))))
}

/// What is kept of it.
pub(super) fn hash(secret: &str) -> Hash {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

/// What several texts come to together.
pub(super) fn print(texts: &[&str]) -> String {
    let mut hash = blake3::Hasher::new();
    for text in texts {
        hash.update(text.as_bytes()).update(&[0]);
    }
    hash.finalize().to_hex().to_string()
}

/// What may be shown of it.
pub(super) fn hint(prefix: &str, secret: &SecretString) -> String {
    let text = secret.expose_secret();
    format!("{prefix}…{}", text.get(text.len().saturating_sub(HINT)..).unwrap_or_default())
}

/// Whether a text could be a secret at all; what is not needs no look into the database.
pub(super) fn is_one(text: &str) -> bool {
    let ours = [TOKEN, SESSION, CLAIM, KEY];
    let Some(secret) = ours.iter().find_map(|prefix| text.strip_prefix(prefix)) else {
        return false;
    };
    secret.len() == CHARS
        && secret.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Something made with a secret that is told once, as the answer under an `Idempotency-Key` keeps it:
/// the secret is sealed, and without a key it is not kept at all.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Told<T> {
    made: T,
    sealed: Vec<u8>,
}

impl<T> Told<T> {
    /// To be kept under the caller's key, if there is one, for what has this id.
    pub(super) fn of(
        made: T,
        id: impl Display,
        secret: &SecretString,
        (caller, seal): (&Caller, &Seal),
    ) -> Result<Self, Error> {
        let sealed = match caller.once {
            Some(_) => seal.seal(id, secret.expose_secret()),
            None => Ok(Vec::new()),
        };
        let sealed = sealed.map_err(|error| Error::internal("keeping a secret", error))?;
        Ok(Self { made, sealed })
    }

    /// What was made, with the secret that it was told with: this one, or that of an earlier request
    /// with the same key.
    pub(super) fn tell<I: Display>(
        written: Written<Self>,
        secret: SecretString,
        id: impl FnOnce(&T) -> I,
        seal: &Seal,
    ) -> Result<(T, SecretString), Error> {
        let Self { made, sealed } = written.value;
        if !written.replayed {
            return Ok((made, secret));
        }
        let secret = seal.unseal(id(&made), &sealed).map_err(|_| {
            let message = "the secret that was made under this Idempotency-Key cannot be read any more; \
                           make another under a new key";
            Error::conflict("secret_lost", message)
        })?;
        Ok((made, secret))
    }
}

/// Begins a token, so that it is found when it leaks.
pub(super) const TOKEN: &str = "ink_";
/// Begins the secret of a session.
pub(super) const SESSION: &str = "ins_";
/// Begins a claim.
pub(super) const CLAIM: &str = "inc_";
/// Begins the machine's own key.
pub(super) const KEY: &str = "inm_";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_differ_and_are_recognised() {
        let (one, two) = (make(TOKEN).unwrap(), make(TOKEN).unwrap());
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert!(is_one(one.expose_secret()));
        assert!(hint(TOKEN, &one).chars().count() == 9);
        for other in ["", "sk-1234", "ink_", "ink_short", "Bearer"] {
            assert!(!is_one(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at(text in "\\PC{0,60}") {
            let _ = is_one(&text);
        }
    }
}
