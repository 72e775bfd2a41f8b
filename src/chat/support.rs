//! Whether an answer leans on its sources: the numbers that it cites, as `[2]` or `[1, 3]`, outside
//! of code and of links.

use crate::conversations::{Source, Support, SupportState};

/// The verdict on a finished answer.
pub(super) fn judge(answer: &str, sources: &[Source]) -> Support {
    let numbers = cited(answer);
    let is_source = |n: &u32| sources.iter().any(|source| source.n == *n);
    let (cited, unknown): (Vec<u32>, Vec<u32>) = numbers.into_iter().partition(is_source);
    let state = match (sources.is_empty(), cited.is_empty()) {
        (true, _) => SupportState::NothingFound,
        (false, true) => SupportState::Unsupported,
        (false, false) => SupportState::Supported,
    };
    Support { state, cited, unknown }
}

/// The numbers that a text cites, each once, in their order.
fn cited(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        // Every other part of a line lies between backquotes.
        for part in line.split('`').step_by(2) {
            cited_in(part, &mut found);
        }
    }
    found
}

fn cited_in(text: &str, found: &mut Vec<u32>) {
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        rest = &rest[open + 1..];
        let Some(close) = rest.find(']') else { return };
        let (inside, after) = (&rest[..close], &rest[close + 1..]);
        let numbers: Option<Vec<u32>> = inside
            .split(',')
            .map(|part| {
                let part = part.trim();
                let plain =
                    (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
                part.parse().ok().filter(|n| plain && *n > 0)
            })
            .collect();
        if let Some(numbers) = numbers.filter(|_| !after.starts_with(['(', ':'])) {
            for n in numbers {
                if !found.contains(&n) {
                    found.push(n);
                }
            }
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn citations_are_told_from_code_links_and_other_brackets() {
        let text = "Oak burns longest [2], then ash [1, 3].\n\n```\na[7]\n```\nUse `b[8]` or [9](x) or \
                    [10]: or [n] or [] or [0] or [1234] [[4]]";
        assert_eq!(cited(text), [2, 1, 3, 4]);
        assert_eq!(cited("[1][2][1]"), [1, 2]);
        assert!(cited("[unclosed 1").is_empty());
    }

    #[test]
    fn the_verdict_names_numbers_that_are_no_source() {
        let source = |n: u32| {
            let json = serde_json::json!({ "n": n, "kind": "message", "title": "", "location": "",
                "text": "", "score": 0.0, "created_at": "2026-02-22T10:30:45.123Z" });
            serde_json::from_value::<Source>(json).unwrap()
        };
        let sources = [source(1), source(2)];
        let support = judge("Yes [1] and [5].", &sources);
        assert_eq!(support.state, SupportState::Supported);
        assert_eq!((support.cited, support.unknown), (vec![1], vec![5]));
        assert_eq!(judge("Yes.", &sources).state, SupportState::Unsupported);
        assert_eq!(judge("Yes [5].", &sources).state, SupportState::Unsupported);
        assert_eq!(judge("Yes [1].", &[]).state, SupportState::NothingFound);
    }

    proptest! {
        #[test]
        fn any_answer_is_judged(text in "[\\[\\]`0-9, a\\n]{0,200}") {
            let _ = judge(&text, &[]);
        }
    }
}
