//! Notices a changed `config.sh` and SIGHUP, and reads the file again.
//!
//! The folder is watched rather than the file, because editors replace files. Events come on the
//! watcher's own thread, which only leaves a note; reading happens off the async threads.

use std::path::Path;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::live::{Live, ReloadOutcome};

/// A file is read when it has been left alone for this long: saving is often several writes.
const SETTLE: Duration = Duration::from_millis(200);
/// A file that is never left alone is read all the same.
const SETTLE_AT_MOST: u32 = 10;

/// Watches until `stop`; tells `on_reload` of every attempt. Runs as a task of `tasks`.
pub fn start(
    live: Live,
    tasks: &TaskTracker,
    stop: CancellationToken,
    on_reload: impl Fn(&ReloadOutcome) + Send + 'static,
) {
    // One place is enough: a note that is there already says all there is to say.
    let (note, notes) = mpsc::channel(1);
    let watcher = live.path().and_then(|path| match watch_folder(&path, note.clone()) {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            tracing::warn!(
                error = %error,
                "config.sh is not watched, so changes to it take effect at the next start"
            );
            None
        }
    });
    tasks.spawn(async move {
        // Both must live as long as the task: the watcher, or it stops watching; the sender, or
        // waiting for a note would end at once where nothing is watched.
        let _held = (watcher, note);
        run(&live, notes, &stop, on_reload).await;
    });
}

async fn run(
    live: &Live,
    mut notes: mpsc::Receiver<()>,
    stop: &CancellationToken,
    on_reload: impl Fn(&ReloadOutcome),
) {
    let mut hangups = Hangups::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = hangups.next() => {}
            note = notes.recv() => match note {
                Some(()) => settle(&mut notes, live.path().as_deref()).await,
                None => return,
            },
        }
        let reader = live.clone();
        match tokio::task::spawn_blocking(move || reader.reload()).await {
            Ok(outcome) => {
                report(&outcome);
                on_reload(&outcome);
            }
            Err(error) => tracing::error!(error = %error, "reading config.sh again failed"),
        }
    }
}

/// Waits until no note has come for a while. Saving often empties a file before it is written, and
/// a disk that is busy may take its time between the two: an empty one is waited for longer.
async fn settle(notes: &mut mpsc::Receiver<()>, path: Option<&Path>) {
    for _ in 0..SETTLE_AT_MOST {
        let quiet = tokio::time::timeout(SETTLE, notes.recv()).await.is_err();
        if quiet && !is_empty(path).await {
            return;
        }
    }
}

async fn is_empty(path: Option<&Path>) -> bool {
    let Some(path) = path else { return false };
    tokio::fs::metadata(path).await.is_ok_and(|file| file.len() == 0)
}

fn watch_folder(path: &Path, note: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let path = std::path::absolute(path)?;
    let name = path.file_name().map(ToOwned::to_owned);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Looking at a file is no change; our own reading would wake us for ever.
        let about_it = match &event {
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => false,
            Ok(event) => event.paths.iter().any(|changed| {
                // Mounted configurations are swapped by renaming the link `..data` beside them.
                changed.file_name() == name.as_deref() || changed.ends_with("..data")
            }),
            Err(_) => true,
        };
        if about_it {
            // Full means that a note is there already.
            let _ = note.try_send(());
        }
    })?;
    watcher.watch(path.parent().unwrap_or(&path), RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

fn report(outcome: &ReloadOutcome) {
    match outcome {
        ReloadOutcome::Accepted { changed, waiting, warnings } => {
            tracing::info!(changed = %changed.join(","), "config.sh was read again");
            if !waiting.is_empty() {
                tracing::warn!(keys = %waiting.join(","), "takes effect at the next start");
            }
            for warning in warnings {
                tracing::warn!("{warning}");
            }
        }
        ReloadOutcome::Refused(problems) => {
            for problem in &problems.0 {
                tracing::warn!("config.sh was refused, the old values stay: {problem}");
            }
        }
    }
}

/// SIGHUP, where there is such a thing.
struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    #[cfg(unix)]
    fn new() -> Self {
        let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup());
        if let Err(error) = &signal {
            tracing::warn!(error = %error, "SIGHUP is not listened for");
        }
        Self { signal: signal.ok() }
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        Self {}
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
