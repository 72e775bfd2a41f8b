//! Files of many kinds become plain UTF-8 text with light Markdown structure, written as a stream.
//!
//! The kind is found by content ([`detect()`]); whatever cannot be read ends in a [`Refusal`] that a
//! person understands. Nothing here starts processes or touches the database: `worker` runs it in a
//! child process, because parsers of hostile files may loop, exhaust memory or panic.

mod archive;
#[cfg(test)]
mod bombs;
mod capped;
mod cfb;
mod decode;
mod detect;
mod docx;
mod docx_lists;
mod docx_styles;
mod eml;
mod epub;
mod html;
mod json;
mod kind;
#[cfg(test)]
mod mutations;
mod odt;
mod ooxml;
mod pdf;
mod pdf_direction;
mod pdf_layout;
mod pdf_letters;
mod pdf_lines;
mod pptx;
mod refusal;
mod rows;
mod rtf;
mod rtf_words;
mod table;
mod text;
#[cfg(test)]
mod trial;
mod writer;
#[cfg(test)]
mod writer_tests;
mod xlsx;
mod xlsx_values;
mod xml;

use std::fs::File;
use std::io::Write;

use serde::{Deserialize, Serialize};

pub use detect::detect;
pub use kind::{Kind, Structure};
pub use refusal::Refusal;

use writer::Writer;

/// What one extraction may cost. Bytes are of 8 bits, sizes are not counted in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of text that come out.
    pub max_text_bytes: u64,
    /// Bytes that an archive (docx, epub, ...) unpacks to, all parts together.
    pub max_unpacked_bytes: u64,
    /// How many times its packed size a part of an archive may unpack to, once it is large.
    pub max_unpacked_ratio: u64,
    /// Parts of an archive.
    pub max_archive_entries: usize,
    /// Bytes of one element, record or value that must be held at once.
    pub max_item_bytes: u64,
    /// Bytes of a file that can only be read whole (pdf, eml), and of tables of strings.
    pub max_loaded_bytes: u64,
    /// Levels of nesting in XML, HTML, JSON and RTF.
    pub max_depth: usize,
    /// Pages or slides.
    pub max_pages: u32,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            max_text_bytes: 512 * MIB,
            max_unpacked_bytes: 512 * MIB,
            max_unpacked_ratio: 300,
            max_archive_entries: 20_000,
            max_item_bytes: 16 * MIB,
            max_loaded_bytes: 128 * MIB,
            max_depth: 500,
            max_pages: 20_000,
        }
    }
}

/// Where a page (of a pdf) or a slide (of a pptx) begins in the extracted text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageMark {
    /// Counted from 1.
    pub page: u32,
    /// Offset of its first byte in the extracted text.
    pub start_byte: u64,
}

/// What came out, besides the text itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extracted {
    /// What the file is.
    pub kind: Kind,
    /// The document's own title, if it says one.
    pub title: Option<String>,
    /// Length of the text in Unicode scalar values.
    pub chars: u64,
    /// Length of the text in bytes of UTF-8.
    pub bytes: u64,
    /// Pages in order; empty where the format has none.
    pub pages: Vec<PageMark>,
    /// What a person should know about parts that could not be read, in whole sentences.
    pub warnings: Vec<String>,
}

/// Reads a whole file and writes its text to `out`.
///
/// `name` is the file's own name, used as [`detect()`] uses it. What was written before a refusal is
/// of no use. Blocks; memory stays within a few times `max_item_bytes` except for pdf and eml, which
/// are read whole.
pub fn extract(
    file: &mut File,
    name: &str,
    limits: &Limits,
    out: &mut dyn Write,
) -> Result<Extracted, Refusal> {
    let kind = detect(file, name)?;
    let mut writer = Writer::new(out, limits);
    match kind {
        Kind::Txt | Kind::Md | Kind::Code => text::extract(file, kind, &mut writer)?,
        Kind::Html => html::extract(file, limits, &mut writer)?,
        Kind::Csv => table::extract(file, limits, &mut writer)?,
        Kind::Json => json::extract(file, limits, &mut writer)?,
        Kind::Jsonl => json::extract_lines(file, limits, &mut writer)?,
        Kind::Eml => eml::extract(file, limits, &mut writer)?,
        Kind::Rtf => rtf::extract(file, limits, &mut writer)?,
        Kind::Pdf => pdf::extract(file, limits, &mut writer)?,
        Kind::Docx => docx::extract(file, limits, &mut writer)?,
        Kind::Pptx => pptx::extract(file, limits, &mut writer)?,
        Kind::Xlsx => xlsx::extract(file, limits, &mut writer)?,
        Kind::Odt => odt::extract(file, limits, &mut writer)?,
        Kind::Epub => epub::extract(file, limits, &mut writer)?,
    }
    writer.finish(kind)
}
