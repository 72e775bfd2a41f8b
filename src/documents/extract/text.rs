//! Plain text, Markdown and source code: as they are, in UTF-8 with `\n`.

use std::fs::File;

use super::decode::{Utf8, encoding_of};
use super::writer::Writer;
use super::{Kind, Refusal};

pub(super) fn extract(file: &mut File, kind: Kind, writer: &mut Writer<'_>) -> Result<(), Refusal> {
    let encoding = encoding_of(file)?;
    let mut text = Utf8::new(file, encoding);
    let mut piece = String::new();
    let mut first = true;
    while text.read_text(&mut piece)? {
        if std::mem::take(&mut first)
            && kind == Kind::Md
            && let Some(title) = title(&piece)
        {
            writer.set_title(title);
        }
        writer.verbatim(&piece)?;
        piece.clear();
    }
    Ok(())
}

/// The first heading of the first level, if it stands near the beginning.
fn title(start: &str) -> Option<&str> {
    let mut fenced = false;
    for line in start.lines() {
        fenced ^= line.starts_with("```") || line.starts_with("~~~");
        if !fenced && let Some(title) = line.strip_prefix("# ") {
            return Some(title.trim_end_matches('#'));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::trial::{extracted, fixture};

    #[test]
    fn text_of_any_encoding_comes_out_as_it_is() {
        let (text, _) = fixture("brief-latin1.txt");
        assert!(text.contains("Müßiggang in der Ölmühle kostet 300 Mark"), "{text}");
        let (text, _) = fixture("notes-utf16.txt");
        assert!(text.contains("La crème brûlée coûte 7 €"), "{text}");
    }

    #[test]
    fn markdown_keeps_its_marks_and_gives_its_title() {
        let (text, done) =
            extracted("a.md", b"```\n# no\n```\r\n# The *title* #\n\n- x\n").unwrap();
        assert_eq!(text, "```\n# no\n```\n# The *title* #\n\n- x\n");
        assert_eq!(done.title.as_deref(), Some("The *title*"));
    }

    #[test]
    fn code_keeps_its_indentation() {
        let (text, _) = fixture("gauge.py");
        assert!(text.contains("def level_cm(raw):\n    \"\"\""), "{text}");
    }
}
