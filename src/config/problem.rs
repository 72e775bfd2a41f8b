//! What is wrong with a configuration, where, and how it could be put right. Everything that is
//! wrong is told at once, with the line of the file quoted; a line that may hold a secret is
//! quoted only up to its `=`.

use std::fmt;
use std::path::{Path, PathBuf};

use super::settings;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, and what would be right.
    pub message: String,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file as a whole.
    File(PathBuf),
    /// A character of a file.
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// The line, as far as it may be shown.
        quoted: String,
    },
    /// A variable of the environment.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
    /// Values that do not go together, wherever they came from.
    Together,
}

/// Everything that is wrong; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Place {
    /// The place of a byte of a file.
    pub(super) fn of_byte(path: &Path, text: &str, statement: usize, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        let line = before.matches('\n').count() + 1;
        let rest = text.get(line_start..).unwrap_or("");
        let whole = rest.split('\n').next().unwrap_or("").trim_end_matches('\r');
        let quoted = quote(whole, text, statement, line_start);
        Self::Line { path: path.to_owned(), line, column, quoted }
    }
}

/// The part of a line that may be shown. What stands after the `=` is shown only where the name in
/// front is a known setting that is no secret: a mistyped name may well hide a key.
fn quote(line: &str, text: &str, statement: usize, line_start: usize) -> String {
    let continues = statement < line_start;
    let first = if continues { text.get(statement..).unwrap_or("") } else { line };
    let first = first.split('\n').next().unwrap_or("");
    let name = first.split('=').next().unwrap_or("").trim();
    let name = name.strip_prefix("export").map_or(name, str::trim_start);
    let open = settings::find(name).is_some_and(|setting| !setting.secret);
    match (continues, line.split_once('=')) {
        (true, _) if !open => "…".to_owned(),
        (false, Some((front, value))) if !open && !value.is_empty() => format!("{front}=…"),
        _ => line.chars().map(|c| if c.is_control() && c != '\t' { '�' } else { c }).collect(),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File(path) => write!(f, "{}: {}", path.display(), self.message),
            Place::Line { path, line, column, quoted } => {
                let margin = line.to_string();
                // Tabs stay tabs below them, so that the caret stands under its character.
                let pad: String = quoted
                    .chars()
                    .chain(std::iter::repeat(' '))
                    .take(column - 1)
                    .map(|c| if c == '\t' { '\t' } else { ' ' })
                    .collect();
                let path = path.display();
                write!(f, "{path}:{line}:{column}: {}\n  {margin} | {quoted}", self.message)?;
                write!(f, "\n  {:width$} | {pad}^", "", width = margin.len())
            }
            Place::Variable(name) => write!(f, "environment variable {name}: {}", self.message),
            Place::Flag(name) => write!(f, "flag {name}: {}", self.message),
            Place::Together => f.write_str(&self.message),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, at: usize) -> (usize, usize, String) {
        let statement = text[..at].rfind('\n').map_or(0, |n| n + 1);
        match Place::of_byte(Path::new("config.sh"), text, statement, at) {
            Place::Line { line, column, quoted, .. } => (line, column, quoted),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(place("PORT=1\nHOST=ü$(x)", 14), (2, 7, "HOST=ü$(x)".to_owned()));
        assert_eq!(place("HOST=ü$(x)", 7).1, 7);
    }

    #[test]
    fn nothing_that_may_be_a_secret_is_quoted() {
        for line in [
            "OPENAI_API_KEY=sk-123$(x)",
            "export OPENAI_API_KEY=sk-123",
            "OPENAI_API_KYE=sk-123",
            "OPENAI_API_KEY = sk-123",
        ] {
            assert!(!place(line, 3).2.contains("123"), "{line}");
        }
        let text = "OPENAI_API_KEY=\"first\nsk-123 $(x)\"";
        let at = text.find("$(").unwrap();
        let Place::Line { quoted, line, .. } = Place::of_byte(Path::new("c"), text, 0, at) else {
            panic!("a line")
        };
        assert_eq!((line, quoted.as_str()), (2, "…"));
    }

    #[test]
    fn a_problem_points_at_its_character() {
        let place = Place::of_byte(Path::new("config.sh"), "\tPORT=abc", 0, 6);
        let problem = Problem { place, message: "wrong".to_owned() };
        assert_eq!(problem.to_string(), "config.sh:1:7: wrong\n  1 | \tPORT=abc\n    | \t     ^");
    }
}
