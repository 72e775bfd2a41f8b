//! The built-in embedding model, against ONNX Runtime with the f32 weights in a process beside it,
//! turn by turn. The yardstick needs a `python3` (or the one that `BENCH_PYTHON` names) with
//! `onnxruntime`, `tokenizers` and `numpy`, and the first time also what `assets/model/convert.py`
//! asks for; without, its column says so.

use std::io::{BufRead as _, BufReader, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use inglenook::embeddings::engine::Engine;
use serde::Deserialize;
use serde_json::json;

use crate::figure::{RUNS, Row, Run, Runs, shown_mb, shown_ms};

/// Threads of both.
const THREADS: usize = 2;
/// Passages, and how many go into one call.
const PASSAGES: usize = 64;
const BATCH: usize = 8;
/// Tokens of a passage.
const TOKENS: usize = 200;
/// Questions of one run.
const QUESTIONS: usize = 99;

/// Our own texts: prose, tables and code.
const SOURCES: [&str; 4] = [
    include_str!("../../../ARCHITECTURE.md"),
    include_str!("../../../README.md"),
    include_str!("../../../src/store/writer.rs"),
    include_str!("../../../LICENSE"),
];

const ASKED: [&str; 3] = [
    "how do I reset my password",
    "what did the treaty of Westphalia say about religion?",
    "borrow checker error in a closure",
];

/// Throughput, a single question, likeness to the reference, and memory.
pub fn embedding() -> Vec<Row> {
    let before = resident_bytes();
    let began = Instant::now();
    let engine = Engine::load(NonZeroUsize::new(THREADS).unwrap()).unwrap();
    let load = began.elapsed();
    let passages = passages(&engine);
    let passages: Vec<&str> = passages.iter().map(String::as_str).collect();
    let questions: Vec<&str> = (0..QUESTIONS).map(|n| ASKED[n % ASKED.len()]).collect();
    let mut yardstick = Yardstick::start();

    let (mut ours, mut theirs) = (Runs::default(), Runs::default());
    let (mut asked, mut asked_theirs) = (Runs::default(), Runs::default());
    for _ in 0..RUNS {
        ours.add(embed(&engine, &passages, BATCH));
        asked.add(embed(&engine, &questions, 1));
        if let Ok(yardstick) = &mut yardstick {
            theirs.add(yardstick.embed(&passages, BATCH));
            asked_theirs.add(yardstick.embed(&questions, 1));
        }
    }
    let grown = resident_bytes().saturating_sub(before);

    let rate = |runs: &Runs| runs.rate() * BATCH as f64;
    let work = format!("embed passages of {TOKENS} tokens, {THREADS} threads");
    let throughput = Row::new(work, format!("{:.1}/s", rate(&ours)));
    let shown = format!("p50 {}", shown_ms(asked.ms(50)));
    let question =
        Row::new("embed a short question", shown).within("p50 3 ms", asked.ms(50) <= 3.0);
    let likeness = "likeness of the vectors to the reference";
    let memory = "memory for the embedding model in use, and its time to load";
    let memory =
        Row::new(memory, format!("{}, {}", shown_mb(grown), shown_ms(load.as_secs_f64() * 1e3)))
            .within(
                "150 MB with the whole server, 200 ms",
                grown < 150_000_000 && load.as_millis() <= 200,
            );
    match yardstick {
        Ok(mut yardstick) => {
            let ratio = rate(&ours) / rate(&theirs);
            let lowest = yardstick
                .lowest_cosine(&engine, &passages)
                .min(yardstick.lowest_cosine(&engine, &ASKED));
            let name = "ONNX Runtime, f32";
            vec![
                throughput
                    .against(format!("{:.1}/s {name}", rate(&theirs)), ratio)
                    .within("0.85 times at least, 1.5 the aim", ratio >= 0.85),
                question.against(
                    format!("p50 {} {name}", shown_ms(asked_theirs.ms(50))),
                    asked.ms(50) / asked_theirs.ms(50),
                ),
                Row::new(likeness, format!("cosine {lowest:.4} at least"))
                    .within("0.99 for every text", lowest >= 0.99),
                memory,
            ]
        }
        Err(why) => {
            let skipped = |mut row: Row| {
                row.yardstick = format!("skipped: {why}");
                row
            };
            vec![skipped(throughput), skipped(question), memory]
        }
    }
}

/// Embeds texts so many at a time.
fn embed(engine: &Engine, texts: &[&str], batch: usize) -> Run {
    let batches: Vec<_> = texts.chunks(batch).collect();
    Run::of(batches.len(), |n| {
        engine.embed(batches[n]).unwrap();
    })
}

/// Passages of our own texts, each of as many words as make [`TOKENS`].
fn passages(engine: &Engine) -> Vec<String> {
    let (mut passages, mut passage, mut tokens) = (Vec::new(), String::new(), 0);
    for word in SOURCES.iter().cycle().flat_map(|text| text.split_inclusive(char::is_whitespace)) {
        let more = engine.tokens(word);
        if tokens + more > TOKENS {
            passages.push(std::mem::take(&mut passage));
            tokens = 0;
            if passages.len() == PASSAGES {
                break;
            }
        }
        passage.push_str(word);
        tokens += more;
    }
    passages
}

/// Memory of this process that is in use, where the system tells.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kb.unwrap_or_default() * 1024
}

/// ONNX Runtime in a process of its own.
struct Yardstick {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
struct Answer {
    ms: Vec<f64>,
    #[serde(default)]
    vectors: Vec<Vec<f32>>,
}

impl Yardstick {
    /// Starts it, after making its model if that is not there; says what is missing otherwise.
    fn start() -> Result<Self, String> {
        let python = std::env::var("BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("onnx");
        if !folder.join("model.onnx").exists() {
            let mut convert = Command::new(&python);
            convert.arg(root.join("assets/model/convert.py")).arg("--onnx").arg(&folder);
            let made = convert.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
            if !made {
                return Err("assets/model/convert.py could not make the f32 model".to_owned());
            }
        }
        let mut command = Command::new(&python);
        command.arg(root.join("benches/onnx_yardstick.py")).arg(&folder).arg(THREADS.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(|_| format!("no {python}"))?;
        let requests = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        let mut yardstick = Self { process, requests, answers };
        match yardstick.line().as_str() {
            "{}\n" => Ok(yardstick),
            _ => Err(format!("no onnxruntime for {python}")),
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line
    }

    fn ask(&mut self, texts: &[&str], batch: usize, vectors: bool) -> Answer {
        let request = json!({ "texts": texts, "batch": batch, "vectors": vectors });
        writeln!(self.requests, "{request}").unwrap();
        serde_json::from_str(&self.line()).unwrap()
    }

    fn embed(&mut self, texts: &[&str], batch: usize) -> Run {
        let times: Vec<_> = self.ask(texts, batch, false).ms;
        let times: Vec<_> = times.iter().map(|ms| Duration::from_secs_f64(ms / 1e3)).collect();
        let whole = times.iter().sum();
        Run::new(times, whole)
    }

    /// How like our vectors of these texts are to its own, for the text that fares worst.
    fn lowest_cosine(&mut self, engine: &Engine, texts: &[&str]) -> f32 {
        let theirs = self.ask(texts, 1, true).vectors;
        let ours = engine.embed(texts).unwrap();
        assert_eq!(theirs.len(), ours.len());
        let cosines = ours.iter().zip(&theirs).map(|(ours, theirs)| {
            ours.numbers().iter().zip(theirs).map(|(a, b)| a * b).sum::<f32>()
        });
        cosines.fold(f32::INFINITY, f32::min)
    }
}

impl Drop for Yardstick {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}
