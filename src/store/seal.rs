//! Secrets at rest: XChaCha20-Poly1305 under a random key in `secret.key` (0600) beside the
//! database, each bound to the id of the row that it belongs to, so that it is useless in another. A
//! missing or damaged key file is no crash: what it protected must be entered or made again.

use std::fmt::Display;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::SecretString;

use super::files::sync_folder;
use crate::base::Timestamp;

const FILE: &str = "secret.key";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Seals and opens secrets. Cheap to clone; all clones share one key.
#[derive(Clone)]
pub struct Seal {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    key: Mutex<Option<[u8; KEY_BYTES]>>,
}

/// A secret that cannot be opened: other key file, other row, damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored secret cannot be read")]
pub struct Unreadable;

impl Seal {
    /// Looks into the data folder; nothing is made until a secret is to be kept.
    pub fn open(folder: &Path) -> Self {
        let inner = Inner { folder: folder.to_owned(), key: Mutex::new(None) };
        let seal = Self { inner: Arc::new(inner) };
        if let Err(error) = seal.existing() {
            tracing::error!(path = %seal.path().display(), %error, "the key file cannot be used; API keys must be entered again, and secrets made again");
        }
        seal
    }

    /// Encrypts a secret that belongs to the row with this id.
    pub fn seal(&self, id: impl Display, secret: &str) -> io::Result<Vec<u8>> {
        let key = match self.existing() {
            Ok(Some(key)) => key,
            Ok(None) => self.create()?,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let aside = format!("{FILE}.damaged-{}", Timestamp::now().as_ms());
                fs::rename(self.path(), self.inner.folder.join(aside))?;
                self.create()?
            }
            Err(error) => return Err(error),
        };
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(io::Error::other)?;
        let aad = id.to_string();
        let payload = Payload { msg: secret.as_bytes(), aad: aad.as_bytes() };
        let sealed = XChaCha20Poly1305::new(&key.into())
            .encrypt(XNonce::from_slice(&nonce), payload)
            .map_err(|_| io::Error::other("the secret could not be encrypted"))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Decrypts the secret of the row with this id.
    pub fn unseal(&self, id: impl Display, sealed: &[u8]) -> Result<SecretString, Unreadable> {
        let key = self.existing().ok().flatten().ok_or(Unreadable)?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or(Unreadable)?;
        let aad = id.to_string();
        let payload = Payload { msg: sealed, aad: aad.as_bytes() };
        let plain = XChaCha20Poly1305::new(&key.into())
            .decrypt(XNonce::from_slice(nonce), payload)
            .map_err(|_| Unreadable)?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| Unreadable)
    }

    fn path(&self) -> PathBuf {
        self.inner.folder.join(FILE)
    }

    /// The key, when there is one; read once.
    fn existing(&self) -> io::Result<Option<[u8; KEY_BYTES]>> {
        let mut known = self.inner.key.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_some() {
            return Ok(*known);
        }
        let bytes = match fs::read(self.path()) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let key = bytes
            .try_into()
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it does not hold 32 bytes"))?;
        *known = Some(key);
        Ok(*known)
    }

    /// Makes the file whole or not at all: written and synced beside, then renamed.
    fn create(&self) -> io::Result<[u8; KEY_BYTES]> {
        let mut known = self.inner.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = *known {
            return Ok(key);
        }
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let beside = self.inner.folder.join(format!("{FILE}.new"));
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(&key)?;
        file.sync_all()?;
        fs::rename(&beside, self.path())?;
        // The name must be on disk before a row depends on it.
        sync_folder(&self.inner.folder)?;
        *known = Some(key);
        Ok(key)
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ProviderId;
    use secrecy::ExposeSecret as _;

    #[test]
    fn a_secret_comes_back_for_its_own_row_only() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (ProviderId::new(), ProviderId::new());
        let seal = Seal::open(folder.path());
        let sealed = seal.seal(one, "sk-hello").unwrap();
        assert!(!sealed.windows(5).any(|w| w == b"hello"));
        let again = Seal::open(folder.path());
        assert_eq!(again.unseal(one, &sealed).unwrap().expose_secret(), "sk-hello");
        assert!(again.unseal(two, &sealed).is_err());
        assert!(again.unseal(one, &sealed[..10]).is_err());
        assert_ne!(seal.seal(one, "sk-hello").unwrap(), sealed);
    }

    #[test]
    fn a_lost_or_damaged_file_means_entering_the_secret_again() {
        let folder = tempfile::tempdir().unwrap();
        let id = ProviderId::new();
        let path = folder.path().join(FILE);
        let sealed = Seal::open(folder.path()).seal(id, "sk-old").unwrap();
        fs::remove_file(&path).unwrap();
        assert!(Seal::open(folder.path()).unseal(id, &sealed).is_err());
        fs::write(&path, b"short").unwrap();
        let seal = Seal::open(folder.path());
        assert!(seal.unseal(id, &sealed).is_err());
        let sealed = seal.seal(id, "sk-new").unwrap();
        assert_eq!(seal.unseal(id, &sealed).unwrap().expose_secret(), "sk-new");
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        Seal::open(folder.path()).seal(ProviderId::new(), "x").unwrap();
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
