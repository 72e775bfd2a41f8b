//! What stands on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use super::bus::{Bus, Outgoing};
use super::keys::Keys;
use crate::base::Timestamp;
use crate::config::FlagValue;

const EXAMPLES: &str = "\
Examples:
  inglenook                            start, and open the browser
  inglenook --port 8080 --no-open      start on another port, without a browser
  inglenook --data-dir ./try-out       start with a data folder of its own
  inglenook open                       open the browser at the one that runs
  inglenook password                   set the password, also while it runs
  inglenook token create bot --scope chat --scope search
                                       make a token for an agent
  inglenook send --from me --to bot \"hello\"
                                       send a message on the agent bus
  inglenook ask --from me --to bot \"how far are you?\"
                                       send one, and wait for the reply
  inglenook listen --client me --json  print what comes, one JSON object a line
  inglenook mcp                        let an MCP client use the one that runs
  inglenook restore                    list copies of the database that can be put back
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
    /// Serve MCP over standard input and output, for clients that start it; the server must be running
    Mcp,
    /// Set a password, also a forgotten one; asks for it, or reads a line from standard input
    Password {
        /// Whose; without it the owner's
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
    /// Make, list and revoke tokens for agents
    Token {
        #[command(subcommand)]
        task: TokenTask,
    },
    /// Send a message on the agent bus of the server that runs; prints its id
    #[command(after_help = SEND_EXAMPLES)]
    Send {
        #[command(flatten)]
        message: Message,
        /// The whole answer, as JSON
        #[arg(long)]
        json: bool,
    },
    /// Send a message, wait for the reply to it and print it
    #[command(after_help = ASK_EXAMPLES)]
    Ask(Ask),
    /// Print messages for a client as they come, and acknowledge those that ask for it
    #[command(after_help = LISTEN_EXAMPLES)]
    Listen(Listen),
    /// Put a copy of the database in its place; without one, list those that there are
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore {
        /// The copy, in this folder's snapshots or elsewhere
        copy: Option<PathBuf>,
        /// Answer with JSON
        #[arg(long)]
        json: bool,
    },
    /// Read one document, as the server's child
    #[command(name = "__extract", hide = true)]
    Extract,
    /// Check, show or print the configuration
    Config {
        #[command(subcommand)]
        task: Task,
    },
}

const SEND_EXAMPLES: &str = "\
Examples:
  inglenook send --from me --to bot \"the build is green\"
  inglenook send --from me --to bot --to nina --ack \"please answer\"
  inglenook send --from ci --to all --type build --payload '{\"ok\": true}'
  git log -1 | inglenook send --from ci --to bot -

Exit codes: 0 it is kept, 1 it is not, 2 wrong usage, 78 the configuration or data folder is unusable";

const ASK_EXAMPLES: &str = "\
Examples:
  inglenook ask --from me --to bot \"how far are you?\"
  inglenook ask --from me --to bot --timeout 600 --json \"run the tests\"

Exit codes: 0 the reply is printed, 1 none came in time, 2 wrong usage,
  78 the configuration or data folder is unusable";

const LISTEN_EXAMPLES: &str = "\
Examples:
  inglenook listen --client me
  inglenook listen --client me --types build,deploy --json | jq .payload
  inglenook listen --client me --count 1        wait for one message

Exit codes: 0 so many were printed or the reader left, 1 the server stopped, 2 wrong usage,
  78 the configuration or data folder is unusable";

const RESTORE_EXAMPLES: &str = "\
Examples:
  inglenook restore                    list the copies, newest first
  inglenook restore ~/copies/inglenook.db
                                       put this one in the database's place; what was there is kept

Exit codes: 0 done, 1 the copy cannot be used and nothing was changed, 2 wrong usage,
  65 the copy belongs to a newer version, 75 Inglenook runs: stop it first,
  78 the configuration or data folder is unusable";

/// A message on the bus.
#[derive(Debug, Args)]
pub(super) struct Message {
    /// The client id that sends it
    #[arg(long, value_name = "ID")]
    from: String,
    /// The client id it is for, or all; may be given several times
    #[arg(long, value_name = "ID", required = true)]
    to: Vec<String>,
    /// What it says; - reads it from standard input
    #[arg(required_unless_present = "payload")]
    text: Option<String>,
    /// What kind of message it is
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Any JSON, in place of a text or along with it
    #[arg(long, value_name = "JSON", value_parser = json)]
    payload: Option<serde_json::Value>,
    /// Deliver it again until it is acknowledged
    #[arg(long)]
    ack: bool,
    /// The message that it answers
    #[arg(long, value_name = "MESSAGE")]
    reply_to: Option<String>,
    /// From 1, first, to 9
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=9))]
    priority: Option<u8>,
    /// How long it waits for who is away
    #[arg(long = "ttl", value_name = "SECONDS")]
    ttl_seconds: Option<u64>,
    /// Fail when nobody was ever seen under the client id
    #[arg(long)]
    strict: bool,
}

/// A question on the bus.
#[derive(Debug, Args)]
pub(super) struct Ask {
    #[command(flatten)]
    message: Message,
    /// How long to wait for the reply; by default `BUS_ASK_SECONDS`
    #[arg(long = "timeout", value_name = "SECONDS")]
    seconds: Option<u64>,
    /// The whole reply, as JSON
    #[arg(long)]
    json: bool,
}

/// Listening on the bus.
#[derive(Debug, Args)]
pub(super) struct Listen {
    /// The client id that listens
    #[arg(long, value_name = "ID")]
    client: String,
    /// Only messages of these types
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    types: Vec<String>,
    /// What came after this number, instead of what waits
    #[arg(long, value_name = "SEQ")]
    since_seq: Option<u64>,
    /// End after so many messages
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

fn json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl Message {
    /// The same for whoever sends it.
    pub(super) fn outgoing(self) -> Outgoing {
        let Self { from, to, text, kind, payload, ack, reply_to, priority, ttl_seconds, strict } =
            self;
        Outgoing { from, to, text, kind, payload, ack, reply_to, priority, ttl_seconds, strict }
    }
}

impl Ask {
    /// The same for whoever carries it out.
    pub(super) fn bus(self) -> Bus {
        let patience = self.seconds.map(Duration::from_secs);
        Bus::Ask { message: self.message.outgoing(), patience, json: self.json }
    }
}

impl Listen {
    /// The same for whoever carries it out.
    pub(super) fn bus(self) -> Bus {
        let Self { client, types, since_seq: since, count, json } = self;
        Bus::Listen { client, types, since, count, json }
    }
}

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub(super) enum TokenTask {
    /// Make a token and print it, once
    Create {
        /// What it is called
        name: String,
        /// What it may be used for: bus, rooms, chat, search, admin; may be given several times
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
        /// The one agent that may use it
        #[arg(long, value_name = "ID")]
        client: Option<String>,
        /// When it ends, for example 2027-01-01T00:00:00Z
        #[arg(long, value_name = "INSTANT")]
        expires: Option<Timestamp>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List the owner's tokens
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End a token at once
    Revoke {
        /// Its id, as `token list` shows it
        id: String,
    },
}

impl TokenTask {
    /// The same for whoever carries it out.
    pub(super) fn keys(self) -> Keys {
        match self {
            Self::Create { name, scopes, client, expires, json } => {
                Keys::Create { name, scopes, client_id: client, expires_at: expires, json }
            }
            Self::List { json } => Keys::List { json },
            Self::Revoke { id } => Keys::Revoke { id },
        }
    }
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
