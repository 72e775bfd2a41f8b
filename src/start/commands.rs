//! What the command line has the server do: `inglenook password` and `inglenook token`, while one runs
//! and while none does; `send`, `ask`, `listen` and `mcp`, while one runs.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use super::{LAST_WORK, carried, did_not_open, running, runtime_task, unusable_folder};
use crate::api::{self, Listeners};
use crate::app::{App, database_path};
use crate::auth::Auth;
use crate::base::clock;
use crate::cli::{Bus, Copy, Keys, Restore, exit, mcp, say};
use crate::config::{Config, Live, Loaded, Sources};
use crate::net::OwnServer;
use crate::store::{Error, files, lock, restore};
use crate::telemetry::log;

/// Sends, asks or listens over the server that runs.
pub(super) fn over_the_bus(config: &Config, bus: Bus) -> u8 {
    let server = running(config).and_then(|url| door(&config.data_dir, url));
    match (server, runtime()) {
        (Ok(server), Ok(runtime)) => runtime.block_on(bus.run(&server, config.bus.ask_patience)),
        (Err(code), _) | (_, Err(code)) => code,
    }
}

fn runtime() -> Result<Runtime, u8> {
    Builder::new_multi_thread().enable_all().build().map_err(|error| {
        say::error(&format!("The runtime did not start: {error}"));
        exit::FAILED
    })
}

/// Carries MCP messages until the input ends. The server is found again whenever it was started anew.
pub(super) fn over_stdio(config: &Config) -> u8 {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let folder = config.data_dir.clone();
    let find = move || {
        let holder = lock::holder(&folder.join("inglenook.lock"));
        let url =
            holder.and_then(|holder| holder.url).ok_or_else(|| mcp::NOT_RUNNING.to_owned())?;
        found(&folder, url)
    };
    let code = runtime.block_on(mcp::carry(find));
    // What waits for more input waits for ever.
    runtime.shutdown_background();
    code
}

/// The server there, with the key that it knows this person by.
fn found(folder: &Path, url: String) -> Result<OwnServer, String> {
    let key = Auth::read_key(folder)
        .map_err(|error| format!("The key of the running server cannot be read: {error}"))?;
    OwnServer::new(url, key).map_err(|error| format!("It cannot be asked: {}", error.root()))
}

/// The same; says what is wrong.
fn door(folder: &Path, url: String) -> Result<OwnServer, u8> {
    found(folder, url).map_err(|message| {
        say::error(&message);
        exit::FAILED
    })
}

/// Lists the copies of the database, or puts one in its place while no server runs.
pub(super) fn put_back(config: &Config, wish: &Restore) -> u8 {
    let database = database_path(config);
    let Some(copy) = &wish.copy else {
        return match restore::copies(&database) {
            Ok(copies) => {
                let shown = copies.iter().map(|copy| Copy {
                    path: &copy.path,
                    made_at: copy.made_at,
                    bytes: copy.bytes,
                });
                wish.list(&shown.collect::<Vec<_>>());
                exit::DONE
            }
            Err(error) => unusable_folder(&error),
        };
    };
    if let Err(error) = files::create_private_folder(&config.data_dir) {
        return unusable_folder(&error);
    }
    match lock::Lock::take(&config.data_dir.join("inglenook.lock")) {
        Err(error) => unusable_folder(&error),
        Ok(lock::Taken::Theirs(_)) => {
            say::error("Inglenook is running here; stop it first, then restore");
            exit::ALREADY_RUNNING
        }
        Ok(lock::Taken::Ours(_lock)) => match restore::restore(copy, &database) {
            Ok(replaced) => {
                wish.done(&database, replaced.as_deref());
                exit::DONE
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(|e| format!(": {e}"));
                let cause = cause.unwrap_or_default();
                say::error(&format!("{}: {error}{cause}. Nothing was changed.", copy.display()));
                match error {
                    Error::Newer { .. } => exit::NEWER_DATABASE,
                    _ => exit::FAILED,
                }
            }
        },
    }
}

/// Lets the server change who may come in: the one that runs, or one that is started for it alone.
pub(super) fn change(loaded: Loaded, sources: Sources, keys: Keys) -> u8 {
    let folder = loaded.config.data_dir.clone();
    if let Err(error) = files::create_private_folder(&folder) {
        return unusable_folder(&error);
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let door = |url: String| door(&folder, url);
    match lock::Lock::take(&folder.join("inglenook.lock")) {
        Err(error) => unusable_folder(&error),
        Ok(lock::Taken::Theirs(Some(lock::Holder { url: Some(url), .. }))) => {
            door(url).map_or_else(|code| code, |server| runtime.block_on(keys.run(&server)))
        }
        Ok(lock::Taken::Theirs(_)) => {
            say::error("Inglenook is just starting; try again in a moment");
            exit::ALREADY_RUNNING
        }
        Ok(lock::Taken::Ours(_lock)) => {
            let logs = match log::start(&loaded.config) {
                Ok(logs) => logs,
                Err(error) => {
                    say::error(&format!("The log did not start: {error}"));
                    return exit::FAILED;
                }
            };
            let config = loaded.config.clone();
            let live = Live::new(loaded, sources);
            runtime.block_on(async {
                let app = match App::open(live, logs.handle()).await {
                    Ok(app) => app,
                    Err(error) => return did_not_open(&error, &config),
                };
                let code = match Listeners::bind(Ipv4Addr::LOCALHOST.into(), 0).await {
                    Ok(listeners) => {
                        let url = format!("http://{}", listeners.address);
                        let (app, stop) = (Arc::clone(&app), app.stop.clone());
                        let carried = carried(&app);
                        let serving = api::serve(app, carried, listeners, stop, LAST_WORK);
                        let serving = runtime_task(serving);
                        let code = match door(url) {
                            Ok(server) => keys.run(&server).await,
                            Err(code) => code,
                        };
                        serving.abort();
                        code
                    }
                    Err(error) => {
                        say::error(&format!("Cannot listen on this machine: {error}"));
                        exit::FAILED
                    }
                };
                app.stop.cancel();
                app.close(clock::monotonic() + LAST_WORK).await;
                code
            })
        }
    }
}
