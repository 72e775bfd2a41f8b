//! What stands on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::FlagValue;

const EXAMPLES: &str = "\
Examples:
  inglenook                            start, and open the browser
  inglenook --port 8080 --no-open      start on another port, without a browser
  inglenook --data-dir ./try-out       start with a data folder of its own
  inglenook open                       open the browser at the one that runs
  inglenook config check               tell what is wrong with config.sh
  inglenook config show --json         tell what is in force, for a script
  inglenook config default > config.sh write a fresh, commented configuration

Exit codes:
  0 done, 1 failed, 2 wrong usage, 65 the database belongs to a newer version,
  75 already running, 78 the configuration or the data folder is unusable";

/// A private AI workspace in one executable.
#[derive(Debug, Parser)]
#[command(name = "inglenook", version, about, after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The configuration file to use
    #[arg(long, value_name = "PATH", global = true)]
    pub(super) config: Option<PathBuf>,
    #[command(flatten)]
    pub(super) settings: Settings,
    #[command(subcommand)]
    pub(super) command: Option<Asked>,
}

/// Settings that are often changed for one start.
#[derive(Debug, Args)]
pub(super) struct Settings {
    /// Address to listen on
    #[arg(long, global = true)]
    host: Option<String>,
    /// Port to listen on; 0 takes a free one
    #[arg(long, global = true)]
    port: Option<String>,
    /// Folder of the database and the logs
    #[arg(long, value_name = "PATH", global = true)]
    data_dir: Option<String>,
    /// Set of values to start from: default, development, production, testing
    #[arg(long, global = true)]
    preset: Option<String>,
    /// Do not open the browser
    #[arg(long, global = true)]
    no_open: bool,
}

/// A command.
#[derive(Debug, Subcommand)]
pub(super) enum Asked {
    /// Start the server (what happens without a command)
    Serve,
    /// Open the browser at the server that runs
    Open,
    /// Read one document, as the server's child
    #[command(name = "__extract", hide = true)]
    Extract,
    /// Check, show or print the configuration
    Config {
        #[command(subcommand)]
        task: Task,
    },
}

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// Tell everything that is wrong with a configuration
    Check {
        /// The file; without it the one that a start would use
        path: Option<PathBuf>,
    },
    /// Print what is in force and who decided, secrets hidden
    Show {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a fresh, commented config.sh
    Default {
        /// As the page of the documentation instead
        #[arg(long)]
        markdown: bool,
    },
}

impl Settings {
    /// The settings that were given.
    pub(super) fn flags(self) -> Vec<FlagValue> {
        let no_open = self.no_open.then(|| "false".to_owned());
        [
            ("--host", "HOST", self.host),
            ("--port", "PORT", self.port),
            ("--data-dir", "DATA_DIR", self.data_dir),
            ("--preset", "PRESET", self.preset),
            ("--no-open", "OPEN_BROWSER", no_open),
        ]
        .into_iter()
        .filter_map(|(flag, key, text)| text.map(|text| FlagValue { flag, key, text }))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn flags_stand_before_or_after_the_command() {
        for line in [["inglenook", "--port", "0", "serve"], ["inglenook", "serve", "--port", "0"]] {
            let flags = Arguments::try_parse_from(line).unwrap().settings.flags();
            assert_eq!((flags[0].key, flags[0].text.as_str()), ("PORT", "0"));
        }
    }
}
