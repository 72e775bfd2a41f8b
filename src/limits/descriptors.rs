//! Open files: every connection is one, and without any to spare nobody could be answered.

/// What the process opens for itself: the database, logs, documents, and whom it asks.
#[cfg(unix)]
const OWN: usize = 160;
/// Connections that are taken however few files may be open.
#[cfg(unix)]
const LEAST: usize = 16;
/// More than macOS allows a process, whatever it says its limit is, is refused there.
#[cfg(target_os = "macos")]
const MOST: u64 = 10_240;
#[cfg(all(unix, not(target_os = "macos")))]
const MOST: u64 = 1 << 20;

/// Lets this process open as many files as the system allows it, and says how many connections of each
/// kind, asking and staying, that leaves room for.
#[cfg(unix)]
pub fn for_connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wished = maximum.map_or(MOST, |maximum| maximum.min(MOST));
    let mut files = current;
    if current.is_some_and(|current| current < wished) {
        match setrlimit(Resource::Nofile, Rlimit { current: Some(wished), maximum }) {
            Ok(()) => files = Some(wished),
            Err(error) => tracing::warn!(%error, "the limit of open files stays as it was"),
        }
    }
    files.map_or(usize::MAX, |files| room(usize::try_from(files).unwrap_or(usize::MAX)))
}

/// How many connections of each kind there is room for.
#[cfg(not(unix))]
pub fn for_connections() -> usize {
    usize::MAX
}

#[cfg(unix)]
fn room(files: usize) -> usize {
    (files.saturating_sub(OWN) / 2).max(LEAST)
}
