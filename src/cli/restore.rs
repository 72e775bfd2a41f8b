//! `inglenook restore`: what it prints. The database is the caller's business.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use super::say;
use crate::base::Timestamp;

/// A copy of the database.
#[derive(Debug, Serialize)]
pub struct Copy<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// When it was last written.
    pub made_at: Timestamp,
    /// How large it is.
    pub bytes: u64,
}

/// Listing copies, or putting one back.
#[derive(Debug)]
pub struct Restore {
    /// Which; without one they are listed.
    pub copy: Option<PathBuf>,
    /// Answer with JSON.
    pub json: bool,
}

impl Restore {
    /// Prints the copies that there are: where, when, how many bytes.
    pub fn list(&self, copies: &[Copy<'_>]) {
        if self.json {
            return say::line(&json!({ "items": copies }).to_string());
        }
        for Copy { path, made_at, bytes } in copies {
            say::line(&format!("{made_at}  {bytes:>14} bytes  {}", path.display()));
        }
        if copies.is_empty() {
            say::error("There are no copies here. One made elsewhere: inglenook restore PATH");
        } else {
            say::error("To put one back, stop Inglenook, then: inglenook restore PATH");
        }
    }

    /// Says that it is done, and where is what was there before.
    pub fn done(&self, database: &Path, replaced: Option<&Path>) {
        if self.json {
            return say::line(&json!({ "database": database, "replaced": replaced }).to_string());
        }
        say::line(&format!("{} is restored", database.display()));
        if let Some(replaced) = replaced {
            say::line(&format!("what was there before is kept in {}", replaced.display()));
        }
    }
}
