//! How well questions find the passages that answer them, by words alone, by meaning alone and by both:
//! `cargo bench --bench retrieval [corpus]`. The corpora and questions lie beside this file; README.md
//! there says what is measured, docs/RETRIEVAL.md quotes the table.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "one program, which ends by panicking, starts processes, tells the time and rounds"
)]

mod measure;
mod product;

use std::path::{Path, PathBuf};

use measure::{Measured, Question};
use product::Product;

const CORPORA: [&str; 3] = ["sqlite", "rust-book", "novel"];
/// How passages are looked for, as settings.
const WAYS: [(&str, &[(&str, &str)]); 3] = [
    ("words", &[("SEARCH_MEANING_WEIGHT", "0")]),
    ("meaning", &[("SEARCH_WORDS_WEIGHT", "0")]),
    ("both", &[]),
];

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    println!(
        "| corpus | looked for by | recall@5 | recall@10 | MRR@10 | unanswerable, best score |"
    );
    println!("|---|---|---|---|---|---|");
    for corpus in CORPORA {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == corpus) {
            continue;
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/retrieval").join(corpus);
        let questions = measure::questions(&folder.join("questions.jsonl"));
        let data = tempfile::tempdir().unwrap();
        let files = files(&folder.join("documents"));
        let product = Product::start(data.path(), &[]);
        product.add(&files);
        product.stop();
        let mut kinds = Vec::new();
        for (way, settings) in WAYS {
            let product = Product::start(data.path(), settings);
            let measured = measure::all(&product, &questions);
            product.stop();
            println!("| {corpus} | {way} | {} |", measured.row());
            kinds.push((way, measured));
        }
        eprintln!("{corpus}, recall@10 by kind of question:\n{}", by_kind(&questions, &kinds));
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn by_kind(questions: &[Question], ways: &[(&str, Measured)]) -> String {
    let mut kinds: Vec<&str> = questions.iter().map(|question| question.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let line = |kind: &&str| {
        let cells = ways.iter().map(|(way, measured)| {
            format!("{way} {:.0} %", 100.0 * measured.recall_of(questions, kind))
        });
        format!("  {kind}: {}\n", cells.collect::<Vec<_>>().join(", "))
    };
    kinds.iter().filter(|kind| **kind != "unanswerable").map(line).collect()
}
