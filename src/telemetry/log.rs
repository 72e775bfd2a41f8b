//! Sets the log up: stderr and rotating files in `DATA_DIR/logs`, both written by threads of their
//! own so that a slow disk or terminal holds up no request, and the newest lines in memory.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::lines::{Lines, LogLine, Ring};
use crate::base::Timestamp;
use crate::config::{Config, Log};

const PREFIX: &str = "inglenook";
const SUFFIX: &str = "log";
/// Lines that wait for a slow disk or terminal. There is room for all of them from the start.
const LINES_WAITING: usize = 4096;

/// Crates below us whose detail drowns ours; they speak from this level on, and from `warn` on
/// while our own level is `info` or less.
const QUIET: [&str; 14] = [
    "h2",
    "hyper",
    "hyper_util",
    "inotify",
    "mio",
    "notify",
    "reqwest",
    "rustls",
    "tokio",
    "tokio_tungstenite",
    "tower",
    "tungstenite",
    "warp",
    "want",
];

/// Keeps the log going. Dropping it writes out what is waiting; hold it until the program ends, and
/// do not leave by `process::exit` before.
#[derive(Debug)]
pub struct LogGuard {
    handle: LogHandle,
    _writers: Vec<WorkerGuard>,
}

/// Reads the newest lines and changes what can be changed while running.
#[derive(Debug, Clone)]
pub struct LogHandle {
    ring: Arc<Ring>,
    filter: reload::Handle<Targets, Registry>,
}

/// The log was set up before; a process has one.
#[derive(Debug, thiserror::Error)]
#[error("the log is set up already")]
pub struct AlreadyStarted(#[source] tracing_subscriber::util::TryInitError);

/// Starts the log of this process. A folder that cannot be written costs the files, not the start.
pub fn start(config: &Config) -> Result<LogGuard, AlreadyStarted> {
    let folder = config.data_dir.join("logs");
    let files = open_files(&folder, &config.log);
    // Stderr may be a pipe that nobody reads: it drops lines rather than stop the server. The files
    // drop none.
    let (stderr, stderr_guard) = behind(io::stderr(), true);
    let (mut writers, mut guards) = (vec![stderr], vec![stderr_guard]);
    let trouble = match files {
        Ok((writer, guard)) => {
            writers.push(writer);
            guards.push(guard);
            None
        }
        Err(error) => Some(error),
    };

    let (filter, filter_handle) = reload::Layer::new(filter(&config.log.level));
    let ring = Arc::new(Ring::new(config.log.ring_lines));
    let lines = Lines { json: config.log.json, writers, ring: Arc::clone(&ring) };
    // The filter is the lines' own, so that further listeners can see more than is logged.
    let layer = lines.with_filter(filter);
    tracing_subscriber::registry().with(layer).try_init().map_err(AlreadyStarted)?;
    if let Some(error) = trouble {
        let folder = folder.display().to_string();
        tracing::warn!(folder, %error, "no log files can be written, so the log is on stderr only");
    }
    Ok(LogGuard { handle: LogHandle { ring, filter: filter_handle }, _writers: guards })
}

impl LogGuard {
    /// A handle for whoever reads or changes the log.
    pub fn handle(&self) -> LogHandle {
        self.handle.clone()
    }
}

impl LogHandle {
    /// At most `limit` lines, the newest first.
    pub fn newest(&self, limit: usize) -> Vec<LogLine> {
        self.ring.newest(limit)
    }

    /// Takes over the level and the number of lines kept from a changed configuration.
    pub fn apply(&self, log: &Log) {
        self.ring.resize(log.ring_lines);
        if let Err(error) = self.filter.reload(filter(&log.level)) {
            tracing::error!(error = %error, "the level of the log was not changed");
        }
    }
}

fn filter(level: &str) -> Targets {
    let level = level.parse().unwrap_or(LevelFilter::INFO);
    let theirs = if level > LevelFilter::INFO { LevelFilter::INFO } else { LevelFilter::WARN };
    let quiet = QUIET.iter().map(|target| (*target, theirs.min(level)));
    // At `info` it writes down what a session is resumed with.
    let sessions = LevelFilter::WARN.min(level);
    Targets::new().with_default(level).with_targets(quiet).with_target("rmcp", sessions)
}

fn open_files(folder: &Path, log: &Log) -> Result<(NonBlocking, WorkerGuard), String> {
    make_private_folder(folder).map_err(|error| error.to_string())?;
    let (rotation, period_chars) = match log.rotation.as_str() {
        "hourly" => (Rotation::HOURLY, "2026-02-22T10".len()),
        "never" => (Rotation::NEVER, 0),
        _ => (Rotation::DAILY, "2026-02-22".len()),
    };
    let appender = RollingFileAppender::builder()
        .rotation(rotation)
        .filename_prefix(PREFIX)
        .filename_suffix(SUFFIX)
        .max_log_files(log.keep_files)
        .build(folder)
        .map_err(|error| error.to_string())?;
    let mut private =
        Private { inner: appender, folder: folder.to_owned(), period: String::new(), period_chars };
    private.tighten();
    Ok(behind(private, false))
}

/// A thread that writes; what finds it with too much to do is dropped, or waits.
fn behind(writer: impl Write + Send + 'static, lossy: bool) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default().buffered_lines_limit(LINES_WAITING).lossy(lossy).finish(writer)
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Log files that only their owner can read: the appender makes new ones under the umask, so the
/// mode is set when a new period begins. Until then the folder's mode keeps others out.
struct Private<W> {
    inner: W,
    folder: PathBuf,
    /// The period whose file is known to be private, as the beginning of a timestamp.
    period: String,
    period_chars: usize,
}

impl<W> Private<W> {
    fn tighten(&mut self) {
        let mut now = Timestamp::now().to_string();
        now.truncate(self.period_chars);
        if now == self.period && !now.is_empty() {
            return;
        }
        self.period = now;
        restrict(&self.folder);
    }
}

/// Our files in a folder become their owner's alone.
#[cfg(unix)]
fn restrict(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| {
            name.starts_with(PREFIX) && Path::new(name).extension().is_some_and(|e| e == SUFFIX)
        });
        // Not through links: what they lead to is not ours to change.
        if ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o600));
        }
    }
}

/// Where files have no modes, the profile's folder keeps others out.
#[cfg(not(unix))]
fn restrict(_: &Path) {}

impl<W: Write> Write for Private<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        if self.period_chars > 0 {
            self.tighten();
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn crates_below_are_quieter_than_we_are() {
        let debug = filter("debug");
        assert!(debug.would_enable("inglenook::chat", &Level::DEBUG));
        assert!(!debug.would_enable("hyper::proto", &Level::DEBUG));
        assert!(debug.would_enable("hyper::proto", &Level::INFO));
        assert!(!filter("info").would_enable("reqwest", &Level::INFO));
        assert!(!filter("error").would_enable("reqwest", &Level::WARN));
    }

    #[test]
    fn lines_reach_a_private_file() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("data/logs");
        let log = Log {
            level: "info".to_owned(),
            json: false,
            rotation: "daily".to_owned(),
            keep_files: 3,
            ring_lines: 10,
        };
        let (mut writer, guard) = open_files(&folder, &log).unwrap();
        writer.write_all(b"hello\n").unwrap();
        drop(guard);
        let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(files.len(), 1);
        assert_eq!(fs::read_to_string(&files[0]).unwrap(), "hello\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&files[0]), mode(&folder)), (0o600, 0o700));
        }
    }

    #[test]
    fn a_folder_that_cannot_be_is_an_error_and_no_panic() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        let log = Log {
            level: "info".to_owned(),
            json: true,
            rotation: "never".to_owned(),
            keep_files: 3,
            ring_lines: 10,
        };
        assert!(open_files(&file.join("logs"), &log).is_err());
    }
}
