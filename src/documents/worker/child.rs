//! The child's side: read the request, give up all rights, extract, answer.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::super::extract::{Extracted, Refusal, extract};
use super::{Answer, Request, confine};

/// A request is a few paths and numbers.
const MAX_REQUEST_BYTES: u64 = 256 * 1024;
/// Parsers recurse; what recurses deeper than this is no document.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// The child's whole life: hears what to read, reads it, says what came of it. Gives the exit code.
///
/// To be called before any thread or runtime is started: limits bind the thread that sets them and
/// those it starts.
pub fn child() -> u8 {
    let mut line = String::new();
    let stdin = io::stdin().lock().take(MAX_REQUEST_BYTES);
    if BufReader::new(stdin).read_line(&mut line).is_err() {
        return 1;
    }
    let Ok(request) = serde_json::from_str::<Request>(&line) else { return 1 };
    let Ok(mut said) = serde_json::to_vec(&obey(&request)) else { return 1 };
    said.push(b'\n');
    let mut stdout = io::stdout().lock();
    match stdout.write_all(&said).and_then(|()| stdout.flush()) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn obey(request: &Request) -> Answer {
    let files = open(request);
    let sandbox = confine::confine(&confine::Limits {
        memory_bytes: request.memory_bytes + STACK_BYTES as u64,
        seconds: request.seconds,
        file_bytes: request.limits.max_text_bytes.saturating_add(1024 * 1024),
    });
    let result = files.and_then(|(input, output)| on_large_stack(input, output, request));
    Answer { result, sandbox }
}

fn open(request: &Request) -> Result<(File, File), Refusal> {
    let input = File::open(&request.path)
        .map_err(|e| Refusal::new("unreadable", format!("the file could not be opened ({e})")))?;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok((input, options.open(&request.output).map_err(|e| not_kept(&e))?))
}

fn on_large_stack(
    mut input: File,
    mut output: File,
    request: &Request,
) -> Result<Extracted, Refusal> {
    let (name, limits) = (request.name.clone(), request.limits.clone());
    let work = move || {
        let work = AssertUnwindSafe(|| {
            let extracted = extract(&mut input, &name, &limits, &mut output)?;
            output.sync_all().map_err(|e| not_kept(&e))?;
            Ok(extracted)
        });
        catch_unwind(work).unwrap_or_else(|_| Err(crashed()))
    };
    match thread::Builder::new().stack_size(STACK_BYTES).spawn(work) {
        Ok(thread) => thread.join().unwrap_or_else(|_| Err(crashed())),
        Err(error) => Err(Refusal::new("unreadable", format!("no thread could start ({error})"))),
    }
}

fn crashed() -> Refusal {
    Refusal::new(
        "crashed",
        "reading it failed: it may be damaged. Saving it anew in its program may help",
    )
}

fn not_kept(error: &io::Error) -> Refusal {
    Refusal::new("unreadable", format!("its text could not be kept ({error})"))
}
