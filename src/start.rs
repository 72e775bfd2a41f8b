//! From the command line to a running server, and from a signal to a clean end. Each way that a start
//! can fail has its exit code and a sentence that says what to do.

mod commands;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::api::{self, Carried, Listeners};
use crate::app::App;
use crate::base::clock;
use crate::cli::{self, Command, exit, say};
use crate::config::{Config, Live, Loaded, ReloadOutcome, Sources, watch};
use crate::error::Error;
use crate::mcp::Mcp;
use crate::store::{self, files, lock};
use crate::telemetry::log;
use crate::webhooks::Event;

/// Everything has ended so long after somebody wished it, but for the database.
const LAST_WORK: Duration = Duration::from_secs(9);

/// Runs the executable.
pub fn main() -> ExitCode {
    ExitCode::from(match cli::run(std::env::args_os()) {
        Command::Exit(code) => code,
        Command::Serve(sources) => match prepare(&sources) {
            Ok(loaded) => serve(loaded, sources),
            Err(code) => code,
        },
        Command::Keys(sources, keys) => match prepare(&sources) {
            Ok(loaded) => commands::change(loaded, sources, keys),
            Err(code) => code,
        },
        Command::Bus(sources, bus) => match prepare(&sources) {
            Ok(loaded) => commands::over_the_bus(&loaded.config, bus),
            Err(code) => code,
        },
        Command::Mcp(sources) => match prepare(&sources) {
            Ok(loaded) => commands::over_stdio(&loaded.config),
            Err(code) => code,
        },
        Command::Restore(sources, restore) => match prepare(&sources) {
            Ok(loaded) => commands::put_back(&loaded.config, &restore),
            Err(code) => code,
        },
        Command::Open(sources) => match prepare(&sources) {
            Ok(loaded) => open(&loaded.config),
            Err(code) => code,
        },
    })
}

fn prepare(sources: &Sources) -> Result<Loaded, u8> {
    Config::load(sources).map_err(|problems| {
        say::error(&format!("The configuration cannot be used:\n{problems}"));
        exit::CONFIGURATION
    })
}

/// Opens the browser at the running server.
fn open(config: &Config) -> u8 {
    match running(config) {
        Ok(url) => {
            open_browser(&url);
            say::line(&url);
            exit::DONE
        }
        Err(code) => code,
    }
}

/// Where the server of a data folder is; says so when there is none.
fn running(config: &Config) -> Result<String, u8> {
    match lock::Lock::take(&config.data_dir.join("inglenook.lock")) {
        Ok(lock::Taken::Theirs(Some(lock::Holder { url: Some(url), .. }))) => Ok(url),
        Ok(_) => {
            say::error("Inglenook is not running; start it with: inglenook");
            Err(exit::FAILED)
        }
        Err(error) => {
            say::error(&format!("The data folder cannot be used: {error}"));
            Err(exit::CONFIGURATION)
        }
    }
}

fn open_browser(url: &str) {
    if let Err(error) = webbrowser::open(url) {
        tracing::warn!(%error, "the browser could not be opened");
    }
}

fn serve(loaded: Loaded, sources: Sources) -> u8 {
    let folder = loaded.config.data_dir.clone();
    if let Err(error) = files::create_private_folder(&folder) {
        return unusable_folder(&error);
    }
    let closed = files::close_to_others(&folder);
    let mut lock = match lock::Lock::take(&folder.join("inglenook.lock")) {
        Ok(lock::Taken::Ours(lock)) => lock,
        Ok(lock::Taken::Theirs(holder)) => return already_running(holder, &loaded.config),
        Err(error) => return unusable_folder(&error),
    };
    let logs = match log::start(&loaded.config) {
        Ok(logs) => logs,
        Err(error) => {
            say::error(&format!("The log did not start: {error}"));
            return exit::FAILED;
        }
    };
    if let Err(error) = closed {
        tracing::warn!(%error, "other users of this machine may be able to read the data folder");
    }
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let live = Live::new(loaded, sources);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say::error(&format!("The runtime did not start: {error}"));
            return exit::FAILED;
        }
    };
    let code = runtime.block_on(run(live, logs.handle(), &mut lock));
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

fn unusable_folder(error: &store::Error) -> u8 {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    say::error(&format!(
        "The data folder cannot be used: {error}: {cause}. Choose another with DATA_DIR in config.sh."
    ));
    exit::CONFIGURATION
}

fn already_running(holder: Option<lock::Holder>, config: &Config) -> u8 {
    let who = match &holder {
        Some(lock::Holder { pid, url: Some(url) }) => format!("process {pid} at {url}"),
        Some(lock::Holder { pid, url: None }) => format!("process {pid}"),
        None => "another process".to_owned(),
    };
    say::error(&format!("Inglenook is already running on {}: {who}.", config.data_dir.display()));
    if let Some(url) = holder.and_then(|holder| holder.url).filter(|_| config.server.open_browser) {
        open_browser(&url);
    }
    exit::ALREADY_RUNNING
}

async fn run(live: Live, logs: log::LogHandle, lock: &mut lock::Lock) -> u8 {
    let config = live.now();
    let mut wishes = match Wishes::listen() {
        Ok(wishes) => wishes,
        Err(error) => {
            say::error(&format!("Signals cannot be received: {error}"));
            return exit::FAILED;
        }
    };
    let app = match App::open(live.clone(), logs.clone()).await {
        Ok(app) => app,
        Err(error) => return did_not_open(&error, &config),
    };
    if !config.server.host.is_loopback() && !app.auth.is_locked() {
        say::error(&format!(
            "HOST={} would open Inglenook to other machines, and no password is set. Set one with \
             `inglenook password`, or keep HOST to loopback (127.0.0.1 or ::1).",
            config.server.host
        ));
        app.stop.cancel();
        app.close(clock::monotonic() + LAST_WORK).await;
        return exit::CONFIGURATION;
    }
    let listeners = match Listeners::bind(config.server.host, config.server.port).await {
        Ok(listeners) => listeners,
        Err(error) => {
            say::error(&format!(
                "Cannot listen on {}:{}: {error}. Stop what uses the port, or choose another with \
                 PORT in config.sh.",
                config.server.host, config.server.port
            ));
            app.stop.cancel();
            app.close(clock::monotonic() + LAST_WORK).await;
            return exit::FAILED;
        }
    };
    let url = format!("http://{}", reachable(listeners.address));
    app.set_address(listeners.address);
    if let Err(error) = lock.publish(&url) {
        tracing::warn!(%error, "a second start will not find this one");
    }
    let (feed, settings) = (app.feed.clone(), live.clone());
    watch::start(live.clone(), &app.tasks, app.stop.clone(), move |outcome| {
        let error = match outcome {
            ReloadOutcome::Accepted { .. } => None,
            ReloadOutcome::Refused(problems) => Some(problems.to_string()),
        };
        logs.apply(&settings.now().log);
        feed.announce_to_all("config", &json!({ "ok": error.is_none(), "error": error }));
    });
    let grace = config.server.shutdown_grace;
    let (carried, stop) = (carried(&app), app.stop.clone());
    let server = runtime_task(api::serve(Arc::clone(&app), carried, listeners, stop, grace));
    match app.webhooks.start().await {
        Ok(()) => app.webhooks.tell(Event::SystemStarted, &about(&app, &url)).await,
        Err(error) => tracing::error!(%error, "webhooks are told of nothing"),
    }
    say::line(&format!("listening on {url}"));
    match app.auth.setup_claim() {
        Ok(Some(claim)) => {
            let claim = claim.expose_secret();
            say::line(&format!(
                "anybody on this machine is let in; to set a password: {url}/setup#{claim}"
            ));
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "there is no link to set a password with"),
    }
    say::line("press Ctrl+C to stop");
    tracing::info!(server.url = %url, data.folder = %config.data_dir.display(), "ready");
    if config.server.open_browser {
        let address = url.clone();
        tokio::task::spawn_blocking(move || open_browser(&address));
    }
    wishes.next().await;
    let until = clock::monotonic() + LAST_WORK;
    tracing::info!("stopping");
    // A second signal ends the process at once.
    let impatient = runtime_task(async move {
        wishes.next().await;
        std::process::exit(i32::from(exit::FAILED));
    });
    shut_down(&app, server, &url, until).await;
    impatient.abort();
    tracing::info!("stopped");
    exit::DONE
}

/// The doors that are carried on the HTTP door's port.
fn carried(app: &Arc<App>) -> Carried {
    let mcp = Mcp::new(Arc::clone(app));
    Carried::new(move |identity, who, request| {
        let mcp = mcp.clone();
        async move { mcp.answer(identity, who, request).await }
    })
}

/// Where a program on this machine reaches an address that stands for all of its addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(any) if any.ip().is_unspecified() => {
            (Ipv4Addr::LOCALHOST, any.port()).into()
        }
        SocketAddr::V6(any) if any.ip().is_unspecified() => {
            (Ipv6Addr::LOCALHOST, any.port()).into()
        }
        one => one,
    }
}

/// What webhooks are told of this process.
fn about(app: &App, url: &str) -> serde_json::Value {
    json!({ "version": env!("CARGO_PKG_VERSION"), "instance": app.instance, "url": url })
}

async fn shut_down(app: &App, server: tokio::task::JoinHandle<()>, url: &str, until: Instant) {
    app.feed.announce_to_all("server_shutdown", &json!({}));
    app.stop.cancel();
    if server.await.is_err() {
        tracing::error!("the server ended abnormally");
    }
    tracing::info!("connections closed");
    app.webhooks.tell(Event::SystemStopped, &about(app, url)).await;
    app.close(until).await;
}

fn did_not_open(error: &Error, config: &Config) -> u8 {
    let path = crate::app::database_path(config);
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let (mut chain, mut lost) = (Vec::new(), false);
    while let Some(error) = cause {
        if let Some(store::Error::Corrupt(_) | store::Error::Emptied) = error.downcast_ref() {
            // What the API says of it is said to somebody who has it running.
            lost = true;
            chain.clear();
        }
        chain.push(error.to_string());
        if let Some(store::Error::Newer { .. }) = error.downcast_ref() {
            say::error(&format!(
                "{}: {error}. It was made by a newer Inglenook; start that one. The file was not \
                 touched.",
                path.display()
            ));
            return exit::NEWER_DATABASE;
        }
        cause = error.source();
    }
    let hint = match lost {
        true => ". It is left as it is; `inglenook restore` lists the copies to put in its place.",
        false => "",
    };
    say::error(&format!("Cannot open {}: {}{hint}", path.display(), chain.join(": ")));
    tracing::error!(cause = chain.join(": "), "the database did not open");
    exit::CONFIGURATION
}

/// Runs what outlives the tracked tasks, since it is what drains them.
#[expect(clippy::disallowed_methods, reason = "ends with the process, after every tracked task")]
fn runtime_task<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(work)
}

/// The ways in which a wish to stop arrives: a signal, Ctrl+C, a closed window, the session's end.
struct Wishes {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
    #[cfg(windows)]
    close: tokio::signal::windows::CtrlClose,
    #[cfg(windows)]
    shutdown: tokio::signal::windows::CtrlShutdown,
}

impl Wishes {
    /// Listens from now on; before that a signal ends the process at once.
    #[cfg(unix)]
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Listens from now on; before that Ctrl+C ends the process at once.
    #[cfg(windows)]
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_close, ctrl_shutdown};
        Ok(Self { interrupt: ctrl_c()?, close: ctrl_close()?, shutdown: ctrl_shutdown()? })
    }

    /// The next wish.
    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// The next wish.
    #[cfg(windows)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.close.recv() => {}
            _ = self.shutdown.recv() => {}
        }
    }
}
