//! PDF: the glyphs of each page with their places, put together to lines and paragraphs.
//!
//! The interpreter renders into [`Collector`], which keeps text and throws drawings away. Pages are
//! numbered from 1 in the order of the file. A few pages are held back to learn the size of the
//! running text, by which headings are told. The file is read whole: its parts refer to each other
//! everywhere.

use std::fs::File;
use std::io::Read;

use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::hayro_syntax::object::Dict;
use hayro_interpret::hayro_syntax::page::Page;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, SoftMask, interpret_page,
};

use super::pdf_layout::Layout;
use super::pdf_lines::{Lines, Placed};
use super::writer::Writer;
use super::{Limits, Refusal};

/// The interpreter gives glyphs in thousandths of the font size.
const EM: f64 = 1000.0;
/// What programs write when the author gave no title.
const NO_TITLES: [&str; 4] = ["untitled", "(anonymous)", "unnamed document", "title"];
/// A page with more glyphs than this is no page.
const MAX_GLYPHS: usize = 2_000_000;

pub(super) fn extract(
    file: &mut File,
    limits: &Limits,
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    let max = limits.max_loaded_bytes;
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes).map_err(|e| Refusal::from_io(&e))?;
    if bytes.len() as u64 > max {
        let mib = max / (1024 * 1024);
        return Err(Refusal::too_large(format!("a PDF may have {mib} MB at most")));
    }
    let pdf = Pdf::new(bytes).map_err(refused)?;
    let pages = pdf.pages();
    if pages.is_empty() {
        return Err(Refusal::broken("the PDF has no pages, or they cannot be found"));
    }
    if pages.len() > limits.max_pages as usize {
        let limit = limits.max_pages;
        return Err(Refusal::too_large(format!("it has more than {limit} pages")));
    }
    if let Some(title) = &pdf.metadata().title {
        let title = pdf_string(title);
        let title = title.trim().trim_start_matches("Microsoft Word - ");
        if !NO_TITLES.iter().any(|none| title.eq_ignore_ascii_case(none)) {
            writer.set_title(title);
        }
    }
    let mut seen = Seen::default();
    let mut layout = Layout::default();
    for (number, page) in (1..).zip(pages.iter()) {
        let lines = lines_of(page, &pdf, &mut seen)?;
        layout.page(number, lines, writer)?;
    }
    layout.end(writer)?;
    seen.judge(pages.len(), writer)
}

/// What was on the pages besides text.
#[derive(Default)]
struct Seen {
    /// Pages of pictures without text.
    pictures: usize,
    /// Glyphs whose letter nobody knows, and all others.
    unknown: usize,
    known: usize,
}

impl Seen {
    fn judge(&self, pages: usize, writer: &mut Writer<'_>) -> Result<(), Refusal> {
        let unknown = self.unknown;
        if !writer.inked() {
            let reason = if unknown > 0 {
                "the fonts in this PDF do not say which letters they show: its text cannot be read"
            } else if self.pictures > 0 {
                "this PDF has only pictures of text (a scan): run text recognition (OCR) on it \
                 and add the result"
            } else {
                "there is no text in this PDF"
            };
            return Err(Refusal::new("no_text", reason));
        }
        if unknown > self.known / 4 {
            writer.warn("Many letters of this PDF are unknown: its fonts do not name them.");
        }
        if self.pictures > 0 {
            let pictures = self.pictures;
            writer.warn(format!("{pictures} of {pages} pages are pictures without text."));
        }
        Ok(())
    }
}

fn lines_of(page: &Page<'_>, pdf: &Pdf, seen: &mut Seen) -> Result<Lines, Refusal> {
    // the cache holds fonts and goes with the page, so that memory follows the largest page
    let cache = InterpreterCache::new();
    let mut context = Context::new(
        Affine::IDENTITY,
        Rect::new(0.0, 0.0, 1.0, 1.0),
        &cache,
        pdf.xref(),
        InterpreterSettings::default(),
    );
    let mut collector = Collector::default();
    interpret_page(page, &mut context, &mut collector);
    if collector.glyphs >= MAX_GLYPHS {
        return Err(Refusal::too_large("a page of it draws more letters than a page can hold"));
    }
    seen.unknown += collector.unknown;
    seen.known += collector.glyphs;
    seen.pictures += usize::from(collector.glyphs == 0 && collector.images > 0);
    Ok(collector.lines)
}

fn refused(error: LoadPdfError) -> Refusal {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Refusal::new(
            "encrypted",
            "it is protected with a password: save it without one and add it again",
        ),
        LoadPdfError::Decryption(_) => {
            Refusal::new("encrypted", "it is encrypted in a way that cannot be read")
        }
        LoadPdfError::Invalid => {
            Refusal::broken("the PDF is damaged or cut short: no pages can be found in it")
        }
    }
}

/// A text string: UTF-16 with a mark, or else nearly Latin-1 (ISO 32000-2, 7.9.2.2).
fn pdf_string(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0xef, 0xbb, 0xbf, ..] => {
            encoding_rs::UTF_8.decode(bytes).0.into_owned()
        }
        _ => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// Takes text and counts pictures.
#[derive(Default)]
struct Collector {
    lines: Lines,
    glyphs: usize,
    unknown: usize,
    images: usize,
    /// For every open marked content: whether it is furniture of the page (14.8.2.2).
    marked: Vec<bool>,
    /// Start and length of the last run: bold by double drawing comes twice.
    last_run: Option<(Point, usize)>,
}

impl<'a> Device<'a> for Collector {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        let glyphs = run.glyphs();
        let Some(first) = glyphs.first() else { return };
        let start = props.transform * first.transform() * Point::ZERO;
        let this = (start, glyphs.len());
        if self
            .last_run
            .replace(this)
            .is_some_and(|last| last.1 == this.1 && last.0.distance(this.0) < 0.5)
        {
            return;
        }
        let furniture = self.marked.contains(&true);
        let vertical = run.writing_mode() == WritingMode::Vertical;
        for glyph in glyphs {
            if self.glyphs >= MAX_GLYPHS {
                return;
            }
            let advance = match &**glyph {
                Glyph::Outline(outline) => outline.advance_width(),
                Glyph::Type3(type3) => type3.advance_width(),
            };
            let Some(text) = glyph.as_unicode() else {
                self.unknown += 1;
                continue;
            };
            self.glyphs += 1;
            let place = props.transform * glyph.transform();
            let placed =
                Placed::new(place, EM, f64::from(advance.unwrap_or(500.0)), vertical, furniture);
            if let Some(placed) = placed {
                match text {
                    BfString::Char(c) => self.lines.push(&placed, c.encode_utf8(&mut [0; 4])),
                    BfString::String(s) => self.lines.push(&placed, &s),
                }
            }
        }
    }

    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {
        self.images += 1;
    }

    fn begin_marked_content(&mut self, tag: &[u8], _: Option<&Dict<'_>>) {
        if self.marked.len() < 1000 {
            self.marked.push(tag == b"Artifact");
        }
    }

    fn end_marked_content(&mut self) {
        self.marked.pop();
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::super::trial::{extracted, fixture, page_of, refusal};

    #[test]
    fn pages_and_headings_are_found() {
        let (text, done) = fixture("glassworks.pdf");
        assert_eq!(done.pages.len(), 3);
        for expected in
            ["# The Averline glassworks\n", "## The furnace\n", "1240 degrees and is never let out"]
        {
            assert!(text.contains(expected), "{expected:?} not in:\n{text}");
        }
        assert_eq!(page_of(&text, &done, "The furnace"), 2);
        assert_eq!(page_of(&text, &done, "cobalt"), 3);
    }

    #[test]
    fn chinese_and_japanese_are_read() {
        let (text, _) = fixture("tea-cjk.pdf");
        for expected in ["宇治の茶畑", "龙井茶在清明前采摘", "朝霧"] {
            assert!(text.contains(expected), "{expected:?} not in:\n{text}");
        }
    }

    /// A font whose names of letters begin at the last number there is, and go on.
    #[test]
    fn a_font_that_counts_too_far_costs_no_page() {
        let text = b"BT /F 12 Tf 72 700 Td (Still read) Tj ET";
        let mut pdf = b"%PDF-1.4\n".to_vec();
        for (n, object) in [
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R
              /Resources<</Font<</F 5 0 R>>>>>>"
                .to_owned(),
            format!("<</Length {}>>stream\n{}\nendstream", text.len(), text.escape_ascii()),
            "<</Type/Font/Subtype/TrueType/BaseFont/Helvetica
              /Encoding<</Type/Encoding/Differences[9223372036854775807/A/B]>>>>"
                .to_owned(),
        ]
        .iter()
        .enumerate()
        {
            pdf.extend(format!("{} 0 obj\n{object}\nendobj\n", n + 1).bytes());
        }
        pdf.extend(b"trailer<</Root 1 0 R/Size 6>>");
        let (text, _) = extracted("a.pdf", &pdf).unwrap();
        assert_eq!(text.trim(), "Still read");
    }

    #[test]
    fn what_cannot_be_read_has_its_reason() {
        assert_eq!(refusal("secret.pdf"), "encrypted");
        assert_eq!(refusal("scan.pdf"), "no_text");
        assert_eq!(refusal("cut.pdf"), "broken");
        assert_eq!(extracted("a.pdf", b"%PDF-1.7\nnothing").unwrap_err().code, "broken");
    }
}
