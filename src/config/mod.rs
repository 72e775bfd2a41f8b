//! Every tunable of the program, typed and checked, and the only place that reads the environment.
//! One table ([`settings`]) says what there is; [`Config::load`] layers defaults, preset,
//! `config.sh`, environment and command line; [`Live`] holds what is in force and takes a changed
//! file while running.

mod agents;
mod concerns;
mod file;
mod layers;
mod library;
mod live;
mod mcp;
mod problem;
mod render;
mod resolved;
pub mod settings;
mod shell;
mod table;
mod tools;
pub mod watch;

use std::path::PathBuf;

pub use agents::{Bus, Machines, Webhooks};
pub use concerns::{
    Breaker, Chat, Config, Conversations, Log, Models, Rates, Retry, Server, Store,
};
pub use layers::{FlagValue, Folders, Sources};
pub use library::{Documents, Embeddings, Extraction, Fetch, Outbound, Search};
pub use live::{Live, Refusal, ReloadOutcome, Snapshot};
pub use mcp::Mcp;
pub use problem::{Place, Problem, Problems};
pub use render::{listing, markdown, shell_file};
pub use resolved::{Layer, Row};
pub use tools::{Tools, passed_on};

/// A configuration that is good, and what is to be told about it.
#[derive(Debug)]
pub struct Loaded {
    /// The typed values.
    pub config: Config,
    /// The file they came from, if there is one.
    pub path: Option<PathBuf>,
    /// What is odd but no reason to stop.
    pub warnings: Vec<String>,
    resolved: resolved::Resolved,
}

impl Config {
    /// Reads every layer; tells everything that is wrong with all of them at once.
    pub fn load(sources: &Sources) -> Result<Loaded, Problems> {
        let mut path = file::locate(sources);
        let file = match path.as_deref().map(file::File::read) {
            None => None,
            Some(Ok(file)) => Some(file),
            Some(Err(problem)) => {
                // What the other layers get wrong is told along with it.
                let others = layers::resolve(sources, None, None).err();
                let others = others.into_iter().flat_map(|problems| problems.0);
                return Err(Problems(std::iter::once(problem).chain(others).collect()));
            }
        };
        let layers::Outcome { resolved, mut warnings } =
            layers::resolve(sources, file.as_ref(), None)?;
        let config = Config::from_values(&resolved);
        if path.is_none() {
            path = live::first_file(sources, &config.preset, &mut warnings);
        }
        Ok(Loaded { config, path, warnings, resolved })
    }
}

impl Loaded {
    /// Every setting as it is shown, secrets hidden.
    pub fn rows(&self) -> Vec<Row> {
        self.resolved.rows(&self.resolved)
    }
}
