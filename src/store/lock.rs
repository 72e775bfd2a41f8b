//! One instance for each data folder. The lock is the operating system's, so that a killed process
//! leaves none behind; the file's text tells a second process whom it met.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Error;
use super::files::{create_private, unusable};

/// Who holds a data folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// Where it can be reached, once it listens.
    pub url: Option<String>,
}

/// The right to use a data folder, for as long as this value lives.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// The outcome of asking for the lock.
#[derive(Debug)]
pub enum Taken {
    /// The folder is ours.
    Ours(Lock),
    /// Another process has it.
    Theirs(Option<Holder>),
}

/// Who holds a data folder, or held it last, without asking for it: whether they are still there
/// shows when they are asked.
pub fn holder(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

impl Lock {
    /// Asks for the folder whose lock file this is; never waits.
    pub fn take(path: &Path) -> Result<Taken, Error> {
        create_private(path)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(|source| unusable(path, source))?;
        match file.try_lock() {
            Ok(()) => {
                let mut lock = Self { file };
                lock.say(None).map_err(|source| unusable(path, source))?;
                Ok(Taken::Ours(lock))
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // On Windows a locked file cannot be read; the holder is then unknown.
                let _ = (&file).read_to_string(&mut text);
                Ok(Taken::Theirs(serde_json::from_str(&text).ok()))
            }
            Err(TryLockError::Error(source)) => Err(unusable(path, source)),
        }
    }

    /// Writes into the lock file where this process can be reached.
    pub fn publish(&mut self, url: &str) -> std::io::Result<()> {
        self.say(Some(url.to_owned()))
    }

    fn say(&mut self, url: Option<String>) -> std::io::Result<()> {
        let text = serde_json::to_vec(&Holder { pid: std::process::id(), url })?;
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&text)
    }
}
