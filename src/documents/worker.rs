//! Extraction in a child process of the same executable, so that a hostile file can at worst end the
//! child: by its limits of memory and time, by a panic, by the kernel.
//!
//! The parent sends one JSON line ([`Request`]), the child writes the text to a file and answers with
//! one JSON line. Whatever else happens to the child becomes a [`Refusal`] with a plain reason.

mod child;
mod confine;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

pub use child::child;

use super::extract::{Extracted, Limits};
use crate::base::process::Group;

pub use super::extract::Refusal;

/// An answer lists pages, 40 bytes each; nothing in it is longer.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// Of what a dying child says, this much is kept.
const MAX_COMPLAINT_BYTES: usize = 8 * 1024;

/// What reading one document may cost.
#[derive(Debug, Clone)]
pub struct Settings {
    /// From start to answer; on Unix also the processor time.
    pub timeout: Duration,
    /// Memory of the child, besides its stack (Linux).
    pub memory_bytes: u64,
    /// What the parsers keep to.
    pub limits: Limits,
}

/// One document to read.
#[derive(Debug, Clone)]
pub struct Job {
    /// Where it is.
    pub path: PathBuf,
    /// What it is called, for people and for its extension.
    pub name: String,
    /// Where its text goes; made anew, removed if the document is refused.
    pub output: PathBuf,
}

/// What the child is told, in one line.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    path: PathBuf,
    name: String,
    output: PathBuf,
    limits: Limits,
    memory_bytes: u64,
    seconds: u64,
}

/// What the child says, in one line.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    result: Result<Extracted, Refusal>,
    /// How far the kernel confined it.
    sandbox: String,
}

/// Reads one document in a child process. Dropping the future ends the child.
pub async fn run(settings: &Settings, job: &Job) -> Result<Extracted, Refusal> {
    let program = std::env::current_exe().map_err(|e| not_run(&e))?;
    run_with(&program, &["__extract"], settings, job).await
}

/// As [`run`], with the program that makes a child: for tests from outside.
pub async fn run_with(
    program: &Path,
    arguments: &[&str],
    settings: &Settings,
    job: &Job,
) -> Result<Extracted, Refusal> {
    let answer = answer(program, arguments, settings, job);
    let result = match tokio::time::timeout(settings.timeout, answer).await {
        Ok(result) => result,
        Err(_) => Err(too_slow(settings)),
    };
    if result.is_err() {
        // it may never have been made
        let _ = tokio::fs::remove_file(&job.output).await;
    }
    result
}

async fn answer(
    program: &Path,
    arguments: &[&str],
    settings: &Settings,
    job: &Job,
) -> Result<Extracted, Refusal> {
    let request = Request {
        path: absolute(&job.path)?,
        name: job.name.clone(),
        output: absolute(&job.output)?,
        limits: settings.limits.clone(),
        memory_bytes: settings.memory_bytes,
        seconds: settings.timeout.as_secs().max(1),
    };
    let mut line = serde_json::to_vec(&request)
        .map_err(|e| Refusal::new("unreadable", format!("its name cannot be passed on ({e})")))?;
    line.push(b'\n');

    let start = Group::start(program, |command| {
        command.args(arguments);
        #[cfg(unix)]
        command.current_dir("/");
    });
    let mut group = start.map_err(|e| not_run(&e))?;
    let (stdin, stdout, stderr) =
        (group.child.stdin.take(), group.child.stdout.take(), group.child.stderr.take());
    let send = async {
        if let Some(mut stdin) = stdin {
            // a child that died says so by its status
            let _ = stdin.write_all(&line).await;
        }
    };
    let (said, complaint, ()) =
        tokio::join!(read(stdout, MAX_ANSWER_BYTES), read(stderr, MAX_COMPLAINT_BYTES), send);
    let status = group.child.wait().await.map_err(|e| not_run(&e))?;
    group.ended = true;
    if status.success()
        && let Ok(answer) = serde_json::from_slice::<Answer>(&said)
    {
        tracing::debug!(child.sandbox = answer.sandbox, "the process that reads documents ended");
        return answer.result;
    }
    let complaint = String::from_utf8_lossy(&complaint);
    tracing::warn!(
        child.status = %status,
        child.said = %complaint,
        "the process that reads documents died"
    );
    Err(judge(status, &complaint, settings))
}

/// All that comes, of which the first `max` bytes are kept: the child must never wait for us.
async fn read(from: Option<impl AsyncRead + Unpin>, max: usize) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut from) = from else { return kept };
    let mut piece = vec![0; 8192];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let room = max.saturating_sub(kept.len()).min(read);
        kept.extend_from_slice(&piece[..room]);
    }
    kept
}

/// What a child died of, as far as its status and last words tell.
fn judge(status: ExitStatus, complaint: &str, settings: &Settings) -> Refusal {
    let memory = || {
        let mib = settings.memory_bytes / (1024 * 1024);
        let reason = format!("reading it takes more than {mib} MB of memory (EXTRACT_MEMORY_MB)");
        Refusal::too_large(reason)
    };
    let crashed = || {
        let reason = "reading it failed: it may be damaged. Saving it anew in its program may help";
        Refusal::new("crashed", reason)
    };
    if complaint.contains("memory allocation of") || complaint.contains("Cannot allocate memory") {
        return memory();
    }
    if complaint.contains("has overflowed its stack") {
        return Refusal::too_deep();
    }
    match signal(status) {
        Some(confine::KILLED) => memory(),
        Some(confine::CPU_TIME) => too_slow(settings),
        Some(confine::FILE_SIZE) => Refusal::too_large("its text is too long to be kept"),
        _ => crashed(),
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

fn too_slow(settings: &Settings) -> Refusal {
    let seconds = settings.timeout.as_secs_f64().ceil();
    let reason = format!("reading it takes more than {seconds} seconds (EXTRACT_TIMEOUT_SECONDS)");
    Refusal::new("too_slow", reason)
}

fn not_run(error: &std::io::Error) -> Refusal {
    Refusal::new("unreadable", format!("the process that reads documents did not run ({error})"))
}

/// The child has another current folder.
fn absolute(path: &Path) -> Result<PathBuf, Refusal> {
    std::path::absolute(path)
        .map_err(|e| Refusal::new("unreadable", format!("it has no usable path ({e})")))
}
