//! The measures: a question counts at k when one of its first k passages holds at least half of one of
//! its quotes. White space is as good as any other.

use std::path::Path;

use serde::Deserialize;

use crate::product::{Product, Source};

/// Passages that are looked at.
const DEPTH: usize = 10;

/// A question and where it is answered.
#[derive(Debug, Deserialize)]
pub struct Question {
    /// What is asked.
    #[serde(rename = "question")]
    pub text: String,
    /// What makes it hard.
    pub kind: String,
    /// Where it is answered; empty when nowhere.
    pub answers: Vec<Answer>,
}

/// A place that answers.
#[derive(Debug, Deserialize)]
pub struct Answer {
    /// The file's name.
    pub document: String,
    /// What stands there.
    pub quote: String,
}

/// What came of all questions.
#[derive(Debug)]
pub struct Measured {
    /// For each question the place of the first right passage, from 1.
    ranks: Vec<Option<usize>>,
    answerable: Vec<bool>,
    best_unanswerable: Vec<f64>,
}

/// Reads the questions of a corpus.
pub fn questions(path: &Path) -> Vec<Question> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

/// Asks everything.
pub fn all(product: &Product, questions: &[Question]) -> Measured {
    let mut measured =
        Measured { ranks: Vec::new(), answerable: Vec::new(), best_unanswerable: Vec::new() };
    for question in questions {
        let sources = product.ask(&question.text);
        let answers = |source: &Source| question.answers.iter().any(|answer| holds(source, answer));
        measured.ranks.push(sources.iter().take(DEPTH).position(answers).map(|at| at + 1));
        measured.answerable.push(!question.answers.is_empty());
        if question.answers.is_empty() {
            measured.best_unanswerable.push(sources.first().map_or(0.0, |source| source.score));
        }
    }
    measured
}

fn holds(source: &Source, answer: &Answer) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (text, quote) = (plain(&source.text), plain(&answer.quote));
    if source.name != answer.document {
        return false;
    }
    let words: Vec<&str> = quote.split(' ').collect();
    let half = words.len().div_ceil(2);
    // Either half of the quote, whole: a passage may end in its middle.
    text.contains(&words[..half].join(" ")) || text.contains(&words[words.len() - half..].join(" "))
}

impl Measured {
    fn share(&self, hit: impl Fn(Option<usize>) -> f64) -> f64 {
        let answerable = self.ranks.iter().zip(&self.answerable).filter(|(_, yes)| **yes);
        let (sum, count) = answerable
            .fold((0.0, 0_usize), |(sum, count), (rank, _)| (sum + hit(*rank), count + 1));
        sum / count as f64
    }

    /// The cells of the table.
    pub fn row(&self) -> String {
        let recall = |k: usize| {
            100.0 * self.share(|rank| f64::from(u8::from(rank.is_some_and(|rank| rank <= k))))
        };
        let mrr = self.share(|rank| rank.map_or(0.0, |rank| 1.0 / rank as f64));
        let mean =
            self.best_unanswerable.iter().sum::<f64>() / self.best_unanswerable.len().max(1) as f64;
        format!("{:.1} % | {:.1} % | {mrr:.3} | {mean:.3}", recall(5), recall(10))
    }

    /// The share of the questions of a kind that found their passage.
    pub fn recall_of(&self, questions: &[Question], kind: &str) -> f64 {
        let of_kind: Vec<_> = self
            .ranks
            .iter()
            .zip(questions)
            .filter(|(_, question)| question.kind == kind)
            .collect();
        of_kind.iter().filter(|(rank, _)| rank.is_some()).count() as f64 / of_kind.len() as f64
    }
}
