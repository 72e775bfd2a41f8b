//! The command line: what can be asked for, and the commands that only concern the configuration.
//! Starting and finding the server is the caller's business; see [`Command`].

mod arguments;
mod bus;
mod configuration;
mod keys;
pub mod mcp;
mod restore;
pub mod say;

use std::ffi::OsString;

use clap::Parser as _;

pub use bus::Bus;
pub use keys::Keys;
pub use restore::{Copy, Restore};

use crate::config::Sources;
use crate::documents::worker;
use arguments::{Arguments, Asked};

/// Exit codes of the executable.
pub mod exit {
    /// Done.
    pub const DONE: u8 = 0;
    /// Failed.
    pub const FAILED: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// The database belongs to a newer version.
    pub const NEWER_DATABASE: u8 = 65;
    /// Another process has the data folder.
    pub const ALREADY_RUNNING: u8 = 75;
    /// The configuration or the data folder is unusable.
    pub const CONFIGURATION: u8 = 78;
}

/// What the person wants.
#[derive(Debug)]
pub enum Command {
    /// Start the server, or show the one that runs.
    Serve(Sources),
    /// Open the browser at the server that runs.
    Open(Sources),
    /// Carry the MCP door over standard input and output.
    Mcp(Sources),
    /// Set a password, or look after tokens.
    Keys(Sources, Keys),
    /// Send, ask or listen over the server that runs.
    Bus(Sources, Bus),
    /// List copies of the database, or put one in its place.
    Restore(Sources, Restore),
    /// It is done already; leave with this code.
    Exit(u8),
}

/// Understands a command line, program name first, and carries out what needs no server.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Command {
    let parsed = match Arguments::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(message) => {
            // Also how clap answers --help and --version. A closed pipe is the reader's choice.
            let _ = message.print();
            return Command::Exit(u8::try_from(message.exit_code()).unwrap_or(exit::USAGE));
        }
    };
    let mut sources = Sources::of_process(parsed.config, parsed.settings.flags());
    match parsed.command.unwrap_or(Asked::Serve) {
        Asked::Serve => {
            sources.create = true;
            Command::Serve(sources)
        }
        Asked::Open => Command::Open(sources),
        Asked::Mcp => Command::Mcp(sources),
        Asked::Password { user } => Command::Keys(sources, Keys::Password { user }),
        Asked::Token { task } => Command::Keys(sources, task.keys()),
        Asked::Send { message, json } => {
            Command::Bus(sources, Bus::Send { message: message.outgoing(), json })
        }
        Asked::Ask(ask) => Command::Bus(sources, ask.bus()),
        Asked::Listen(listen) => Command::Bus(sources, listen.bus()),
        Asked::Restore { copy, json } => Command::Restore(sources, Restore { copy, json }),
        Asked::Extract => Command::Exit(worker::child()),
        Asked::Config { task } => {
            Command::Exit(configuration::run(task, sources, &mut std::io::stdout().lock()))
        }
    }
}
