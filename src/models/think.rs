//! Some models write their thinking into the answer, between `<think>` and `</think>` at its very
//! beginning. This tells the two apart while the text streams in, tags cut anywhere included.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// The splitter of one answer.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    state: State,
    /// Text that may turn out to be part of a tag.
    held: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but white space has come.
    #[default]
    Start,
    Thinking,
    /// Between the closing tag and the first word of the answer.
    Gap,
    Answer,
}

impl Splitter {
    /// Sorts what came into answer and thinking.
    pub(super) fn push(&mut self, came: &str, text: &mut String, reasoning: &mut String) {
        if self.state == State::Answer {
            text.push_str(came);
            return;
        }
        self.held.push_str(came);
        if self.state == State::Start {
            let begun = self.held.trim_start();
            if OPEN.starts_with(begun) && begun.len() < OPEN.len() {
                return;
            }
            match begun.strip_prefix(OPEN) {
                Some(rest) => {
                    self.held = rest.to_owned();
                    self.state = State::Thinking;
                }
                None => return self.answer(text),
            }
        }
        if self.state == State::Thinking {
            let Some(at) = self.held.find(CLOSE) else {
                let safe = self.held.len() - partial_close(&self.held);
                reasoning.push_str(&self.held[..safe]);
                self.held.drain(..safe);
                return;
            };
            reasoning.push_str(&self.held[..at]);
            self.held.drain(..at + CLOSE.len());
            self.state = State::Gap;
        }
        // The answer does not begin with the empty lines that follow the tag.
        let blank = self.held.len() - self.held.trim_start().len();
        self.held.drain(..blank);
        if !self.held.is_empty() {
            self.answer(text);
        }
    }

    /// The answer is over: gives out what was held back.
    pub(super) fn finish(&mut self, text: &mut String, reasoning: &mut String) {
        match self.state {
            State::Thinking => reasoning.push_str(&std::mem::take(&mut self.held)),
            _ => self.answer(text),
        }
    }

    fn answer(&mut self, text: &mut String) {
        text.push_str(&std::mem::take(&mut self.held));
        self.state = State::Answer;
    }
}

/// How many bytes at the end may be the beginning of the closing tag.
fn partial_close(text: &str) -> usize {
    (1..CLOSE.len()).rev().find(|n| text.ends_with(&CLOSE[..*n])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(parts: &[&str]) -> (String, String) {
        let (mut text, mut reasoning) = (String::new(), String::new());
        let mut splitter = Splitter::default();
        for part in parts {
            splitter.push(part, &mut text, &mut reasoning);
        }
        splitter.finish(&mut text, &mut reasoning);
        (text, reasoning)
    }

    #[test]
    fn thinking_at_the_beginning_is_told_apart() {
        let whole = "\n<think>one < two</thin</think>\n\nAnswer <think>x</think>";
        let parted = ("Answer <think>x</think>".to_owned(), "one < two</thin".to_owned());
        assert_eq!(split(&[whole]), parted);
        let letters: Vec<String> = whole.chars().map(String::from).collect();
        assert_eq!(split(&letters.iter().map(String::as_str).collect::<Vec<_>>()), parted);
    }

    #[test]
    fn other_answers_are_left_as_they_are() {
        for plain in ["", " ", "  hello", "<thin", "<p>", "a <think>b</think>"] {
            assert_eq!(split(&[plain]), (plain.to_owned(), String::new()));
        }
        assert_eq!(split(&["<think>cut </th"]), (String::new(), "cut </th".to_owned()));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(whole in "( |<think>|</think>|<|thi|nk>|é|b|\n){0,12}", cut in 0usize..60) {
            let cut = (0..=cut.min(whole.len())).rev().find(|c| whole.is_char_boundary(*c)).unwrap();
            prop_assert_eq!(split(&[&whole[..cut], &whole[cut..]]), split(&[&whole]));
        }
    }
}
