//! Reading a document in a process of its own: this executable started again as `inglenook __extract`,
//! under limits of time, memory and output, and on Linux with no sight of any file but its two. A
//! parser that loops, overflows its stack or eats memory costs one document and not the server.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::extract::{Extracted, Limits, extract};

pub use super::extract::Refusal;

/// The largest answer of a child: a page mark for each page of the longest document.
const ANSWER_BYTES: u64 = 16 * 1024 * 1024;
/// Stack of the thread that parses; deep nesting is refused long before it is used up.
const STACK_BYTES: usize = 64 * 1024 * 1024;
/// How much less urgent than the server the child is.
#[cfg(unix)]
const NICE: i32 = 10;

/// What reading one document may cost.
#[derive(Debug, Clone)]
pub struct Settings {
    /// From start to answer.
    pub timeout: Duration,
    /// Memory of the child.
    pub memory_bytes: u64,
    /// What the parsers keep to.
    pub limits: Limits,
}

/// One document to read.
#[derive(Debug, Clone)]
pub struct Job {
    /// Where its bytes are.
    pub path: PathBuf,
    /// What it is called.
    pub name: String,
    /// Where its text goes; made anew.
    pub output: PathBuf,
}

/// What the child is told, on one line.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    path: PathBuf,
    name: String,
    output: PathBuf,
    limits: Limits,
    memory_bytes: u64,
    seconds: u64,
}

/// What the child says, on one line.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Read(Extracted),
    Refused(Refusal),
}

/// Reads one document in a child process. Dropping the future ends the child.
pub async fn run(settings: &Settings, job: &Job) -> Result<Extracted, Refusal> {
    let asked = Request {
        path: job.path.clone(),
        name: job.name.clone(),
        output: job.output.clone(),
        limits: settings.limits.clone(),
        memory_bytes: settings.memory_bytes,
        seconds: settings.timeout.as_secs().max(1),
    };
    let reading = async {
        let mut child = start().map_err(|error| failed("starting", &error))?;
        let answer = talk(&mut child, &asked).await;
        if answer.is_err() {
            let _ = child.start_kill();
        }
        let ended = child.wait().await.map_err(|error| failed("ending", &error))?;
        match answer {
            Ok(Some(Answer::Read(extracted))) => Ok(extracted),
            Ok(Some(Answer::Refused(refusal))) => Err(refusal),
            Ok(None) => Err(died(ended)),
            Err(error) => Err(failed("hearing", &error)),
        }
    };
    match tokio::time::timeout(settings.timeout, reading).await {
        Ok(result) => result,
        Err(_) => Err(Refusal::new(
            "too_slow",
            format!(
                "reading this document took longer than {} seconds (EXTRACT_TIMEOUT_SECONDS), so it \
                 was given up; it may be damaged or made to be slow",
                settings.timeout.as_secs()
            ),
        )),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that starts the extraction child")]
fn start() -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("__extract")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command.spawn()
}

async fn talk(child: &mut Child, asked: &Request) -> std::io::Result<Option<Answer>> {
    let mut line = serde_json::to_vec(asked)?;
    line.push(b'\n');
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&line).await?;
    }
    let mut said = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(ANSWER_BYTES).read_to_end(&mut said).await?;
    }
    // Nothing, or half a line: it died.
    Ok(serde_json::from_slice(&said).ok())
}

fn failed(doing: &'static str, error: &std::io::Error) -> Refusal {
    tracing::error!(%error, doing, "the process that reads documents failed");
    Refusal::new("unreadable", "the process that reads documents could not be used; try again")
}

/// Why a child ended without a word.
fn died(ended: std::process::ExitStatus) -> Refusal {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&ended);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    tracing::warn!(?ended, signal, "the process that reads documents died");
    Refusal::new(
        "crashed",
        "reading this document took more memory or time than it may (EXTRACT_MEMORY_MB, \
         EXTRACT_TIMEOUT_SECONDS), or it made the reader crash; it may be damaged or made to do so",
    )
}

/// The child's whole life: hears what to read, reads it, says what came of it. Gives the exit code.
pub fn child() -> u8 {
    let mut line = String::new();
    if BufReader::new(std::io::stdin()).read_line(&mut line).is_err() {
        return 1;
    }
    let Ok(request) = serde_json::from_str::<Request>(&line) else { return 1 };
    let answer = match obey(&request) {
        Ok(extracted) => Answer::Read(extracted),
        Err(refusal) => Answer::Refused(refusal),
    };
    let Ok(said) = serde_json::to_vec(&answer) else { return 1 };
    let mut out = std::io::stdout().lock();
    match out.write_all(&said).and_then(|()| out.flush()) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn obey(request: &Request) -> Result<Extracted, Refusal> {
    let open = |path: &Path, result: std::io::Result<File>| {
        result.map_err(|error| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Refusal::new("unreadable", format!("the file could not be opened ({name}: {error})"))
        })
    };
    let mut file = open(&request.path, File::open(&request.path))?;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let output = open(&request.output, options.open(&request.output))?;
    confine(request);
    let (name, limits) = (request.name.clone(), request.limits.clone());
    let reading = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        let mut out = BufWriter::new(output);
        let extracted = extract(&mut file, &name, &limits, &mut out)?;
        let whole = out.flush().and_then(|()| out.get_ref().sync_all());
        whole.map_err(|error| {
            Refusal::new("unreadable", format!("the text could not be kept: {error}"))
        })?;
        Ok(extracted)
    });
    let crashed = || {
        Refusal::new(
            "crashed",
            "this document made the reader stumble; it may be damaged. Saving it anew in its program \
             may help",
        )
    };
    // A panic of a parser ends only its thread.
    reading.map_err(|_| crashed())?.join().unwrap_or_else(|_| Err(crashed()))
}

/// Gives up what reading one open file does not need. As much as the system has: the limits of the
/// parsers and the deadline of the parent hold in any case.
fn confine(request: &Request) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
        for (resource, most) in [
            (Resource::As, request.memory_bytes),
            (Resource::Cpu, request.seconds),
            (Resource::Fsize, request.limits.max_text_bytes.saturating_add(1024 * 1024)),
            (Resource::Core, 0),
        ] {
            let _ = setrlimit(resource, limit(most));
        }
        let _ = rustix::process::nice(NICE);
    }
    #[cfg(not(unix))]
    let _ = request;
    #[cfg(target_os = "linux")]
    {
        use landlock::{ABI, Access as _, AccessFs, Ruleset, RulesetAttr as _};
        // No rule: no file can be opened any more. The two that are open stay so.
        let closed = Ruleset::default()
            .handle_access(AccessFs::from_all(ABI::V1))
            .and_then(|rules| rules.create())
            .and_then(|rules| rules.restrict_self());
        let _ = closed;
    }
}
