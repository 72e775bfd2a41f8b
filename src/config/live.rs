//! The configuration of a running program. Whoever needs a number asks [`Live::now`] at the moment
//! it matters; a good `config.sh` replaces the whole at once, a bad one changes nothing and is
//! shown.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::Loaded;
use super::concerns::Config;
use super::file::{self, File};
use super::layers::{self, Sources};
use super::problem::Problems;
use super::resolved::{Resolved, Row};
use crate::base::Timestamp;

/// The configuration in force; clones are one and the same.
#[derive(Debug, Clone)]
pub struct Live {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    sources: Sources,
    current: watch::Sender<Arc<Config>>,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    path: Option<std::path::PathBuf>,
    loaded_at: Timestamp,
    /// What is in force.
    running: Resolved,
    /// What a restart would bring.
    next: Resolved,
    error: Option<Refusal>,
}

/// Why the file on disk is not what is in force.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ConfigurationError)]
pub struct Refusal {
    /// For a person.
    pub message: String,
    /// Each thing that is wrong.
    pub problems: Vec<String>,
    /// When it was read.
    pub at: Timestamp,
}

/// The whole configuration as it is shown; the body of `GET /config`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Configuration)]
pub struct Snapshot {
    /// The file, if there is one.
    pub path: Option<String>,
    /// When the values in force were read.
    pub loaded_at: Timestamp,
    /// Why a later file was refused.
    pub error: Option<Refusal>,
    /// Every setting, in the order of the file.
    pub items: Vec<Row>,
}

/// What came of reading the file again.
#[derive(Debug)]
pub enum ReloadOutcome {
    /// A good file is in force.
    Accepted {
        /// The keys whose values are new.
        changed: Vec<&'static str>,
        /// The keys whose new values wait for the next start.
        waiting: Vec<&'static str>,
        /// What is odd about it.
        warnings: Vec<String>,
    },
    /// A bad file was left alone.
    Refused(Problems),
}

impl Live {
    /// Begins with what was loaded from the same sources.
    pub fn new(loaded: Loaded, sources: Sources) -> Self {
        let state = State {
            path: loaded.path,
            loaded_at: Timestamp::now(),
            next: loaded.resolved.clone(),
            running: loaded.resolved,
            error: None,
        };
        let current = watch::Sender::new(Arc::new(loaded.config));
        Self { inner: Arc::new(Inner { sources, current, state: RwLock::new(state) }) }
    }

    /// The configuration at this moment.
    pub fn now(&self) -> Arc<Config> {
        Arc::clone(&self.inner.current.borrow())
    }

    /// Tells of every change.
    pub fn changed(&self) -> watch::Receiver<Arc<Config>> {
        self.inner.current.subscribe()
    }

    /// The file that is watched, if there is one.
    pub fn path(&self) -> Option<std::path::PathBuf> {
        self.read(|state| state.path.clone())
    }

    /// Everything as it is shown, secrets hidden.
    pub fn snapshot(&self) -> Snapshot {
        self.read(|state| Snapshot {
            path: state.path.as_deref().map(|path| path.display().to_string()),
            loaded_at: state.loaded_at,
            error: state.error.clone(),
            items: state.running.rows(&state.next),
        })
    }

    /// Reads the file again; blocks on the disk. All or nothing.
    pub fn reload(&self) -> ReloadOutcome {
        match self.read_again() {
            Ok((next, warnings)) => self.accept(next, warnings),
            Err(problems) => {
                self.write(|state| {
                    state.error = Some(Refusal {
                        message: "the changed config.sh was refused; the old values stay"
                            .to_owned(),
                        problems: problems.0.iter().map(ToString::to_string).collect(),
                        at: Timestamp::now(),
                    });
                });
                ReloadOutcome::Refused(problems)
            }
        }
    }

    fn read_again(&self) -> Result<(Resolved, Vec<String>), Problems> {
        let (path, preset) =
            self.read(|state| (state.path.clone(), state.running.0.get("PRESET").cloned()));
        let file = path.as_deref().map(File::read).transpose();
        let file = file.map_err(|problem| Problems(vec![problem]))?;
        let outcome = layers::resolve(&self.inner.sources, file.as_ref(), preset.as_ref())?;
        Ok((outcome.resolved, outcome.warnings))
    }

    fn accept(&self, next: Resolved, warnings: Vec<String>) -> ReloadOutcome {
        self.write(|state| {
            let (merged, waiting) = next.clone().held_back(&state.running);
            let differs = |(key, new): (&&'static str, &super::resolved::Chosen)| {
                let old = state.running.0.get(*key);
                old.is_none_or(|old| old.value != new.value).then_some(*key)
            };
            let changed: Vec<_> = merged.0.iter().filter_map(differs).collect();
            let config = Config::from_values(&merged);
            state.running = merged;
            state.next = next;
            state.error = None;
            state.loaded_at = Timestamp::now();
            // Inside the lock, so that two reloads cannot publish in the wrong order.
            self.inner.current.send_replace(Arc::new(config));
            ReloadOutcome::Accepted { changed, waiting, warnings }
        })
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.inner.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.inner.state.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes the commented file on the first run; a folder that cannot be written is no reason to
/// stop.
pub(super) fn first_file(
    sources: &Sources,
    preset: &str,
    warnings: &mut Vec<String>,
) -> Option<std::path::PathBuf> {
    // Tests run on machines whose config folder is none of their business.
    let folder =
        sources.folders.config.as_deref().filter(|_| sources.create && preset != "testing")?;
    match file::create(folder) {
        Ok(path) => Some(path),
        Err(error) => {
            let path = Path::display(folder);
            warnings.push(format!("no {} was put into {path}: {error}", file::NAME));
            None
        }
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
