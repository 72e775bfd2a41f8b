//! The writer of text: whitespace, rows, pages and limits.

use super::writer::Writer;
use super::{Kind, Limits, Refusal};

fn written(act: impl FnOnce(&mut Writer<'_>) -> Result<(), Refusal>) -> String {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, &Limits::default());
    act(&mut writer).unwrap();
    writer.finish(Kind::Txt).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn empty_elements_leave_no_trace_and_space_is_tidied() {
    let text = written(|w| {
        w.heading(2);
        w.heading_end();
        w.heading(1);
        w.text("  The\u{a0} hearth\n")?;
        w.heading_end();
        w.item(0, "-");
        w.item(1, "-");
        w.text("one\u{ad}two \u{0}three")?;
        w.block();
        w.text(" end ")
    });
    assert_eq!(text, "# The hearth\n\n  - onetwo three\n\nend");
}

#[test]
fn rows_have_bars_and_a_lone_cell_is_a_paragraph() {
    let text = written(|w| {
        w.block();
        for cells in [["Name", "Born\nin"], ["Ada", "1815"], ["", "alone\n\nhere"]] {
            w.row();
            for cell in cells {
                w.cell();
                w.verbatim(cell)?;
            }
            w.row_end()?;
        }
        w.text("after")
    });
    assert_eq!(text, "Name | Born in\nAda | 1815\n\nalone\n\nhere\n\nafter");
}

#[test]
fn a_huge_cell_flows_out() {
    let text = written(|w| {
        w.row();
        w.cell();
        for _ in 0..40_000 {
            w.text("word ")?;
        }
        w.cell();
        w.text("last")?;
        w.row_end()
    });
    assert_eq!(text.matches("word").count(), 40_000);
    assert!(text.ends_with("word\n\nlast"), "{}", &text[text.len() - 30..]);
}

#[test]
fn pages_begin_where_their_text_does() {
    let mut out = Vec::new();
    let mut w = Writer::new(&mut out, &Limits::default());
    w.page(1).unwrap();
    w.text("éa").unwrap();
    w.page(2).unwrap();
    w.page(3).unwrap();
    w.text("b").unwrap();
    let done = w.finish(Kind::Pdf).unwrap();
    let starts: Vec<_> = done.pages.iter().map(|p| (p.page, p.start_byte)).collect();
    assert_eq!(starts, [(1, 0), (2, 3), (3, 5)]);
    assert_eq!((done.bytes, done.chars), (6, 5));
}

#[test]
fn line_ends_are_one_kind_and_too_much_is_refused() {
    assert_eq!(
        written(|w| w.verbatim("a\r\nb\r").and_then(|()| w.verbatim("\nc\rd"))),
        "a\nb\nc\nd"
    );
    let mut out = Vec::new();
    let mut w = Writer::new(&mut out, &Limits { max_text_bytes: 10, ..Limits::default() });
    assert_eq!(w.text("more than ten bytes").unwrap_err().code, "too_large");
}
