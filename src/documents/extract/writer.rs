//! The one way text leaves an extractor: paragraphs, headings, list items, rows and pages as light
//! Markdown, whitespace tidied, lengths counted, the size limit kept, in bounded memory.
//!
//! Line breaks and prefixes are owed until text comes, so that empty elements leave no trace. Rows
//! are collected cell by cell; a "row" that grows past [`ROW_SPILL_BYTES`] was layout, not a table,
//! and flows out as paragraphs from there on.

use std::io::Write;

use super::{Extracted, Kind, Limits, PageMark, Refusal};

/// Text handed on at once.
const BUFFER_BYTES: usize = 64 * 1024;
/// A row longer than this is written as paragraphs: nobody reads it as a row.
const ROW_LINE_BYTES: usize = 2000;
/// Cells held in memory before they flow out.
const ROW_SPILL_BYTES: usize = 64 * 1024;
/// What a cell counts for by itself, so that a million empty ones spill too.
const CELL_BYTES: usize = 8;
/// Bytes of a title; the rest is cut.
const TITLE_BYTES: usize = 200;
/// More warnings than these tell nobody anything.
const MAX_WARNINGS: usize = 10;

pub(super) struct Writer<'a> {
    out: &'a mut dyn Write,
    buffer: String,
    bytes: u64,
    chars: u64,
    max_bytes: u64,
    max_pages: u32,
    /// Whether anything but whitespace was written.
    inked: bool,
    /// Line breaks owed before the next text.
    gap: u8,
    /// A space owed before the next text, unless a line begins.
    space: bool,
    line_start: bool,
    after_cr: bool,
    /// `# ` or `- `, owed before the next text.
    prefix: String,
    /// The last paragraph was a list item, so the next item follows it closely.
    listing: bool,
    /// The heading being written, when the document has no title yet.
    heading: Option<String>,
    title: Option<String>,
    pages: Vec<PageMark>,
    page: Option<u32>,
    rows: Vec<Row>,
    /// Bytes in the cells of `rows`, and some for every cell.
    held: usize,
    warnings: Vec<String>,
}

/// A row of a table while its cells are read.
#[derive(Default)]
struct Row {
    cells: Vec<String>,
    /// Its cells turned out to be layout: they are written through.
    flowing: bool,
    /// What was owed outside when the row began.
    owed: (u8, bool, bool),
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut dyn Write, limits: &Limits) -> Self {
        Self {
            out,
            buffer: String::with_capacity(BUFFER_BYTES + 4096),
            bytes: 0,
            chars: 0,
            max_bytes: limits.max_text_bytes,
            max_pages: limits.max_pages,
            inked: false,
            gap: 0,
            space: false,
            line_start: true,
            after_cr: false,
            prefix: String::new(),
            listing: false,
            heading: None,
            title: None,
            pages: Vec::new(),
            page: None,
            rows: Vec::new(),
            held: 0,
            warnings: Vec::new(),
        }
    }

    /// Running text: any run of whitespace is one space, control characters vanish.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Refusal> {
        let mut rest = text;
        loop {
            let trimmed = rest.trim_start_matches(is_space);
            self.space |= trimmed.len() < rest.len();
            if trimmed.is_empty() {
                return Ok(());
            }
            let end = trimmed.find(is_space).unwrap_or(trimmed.len());
            let (word, after) = trimmed.split_at(end);
            if word.contains(is_noise) {
                let clean: String = word.chars().filter(|c| !is_noise(*c)).collect();
                if !clean.is_empty() {
                    self.word(&clean)?;
                }
            } else {
                self.word(word)?;
            }
            rest = after;
        }
    }

    /// Text as it is, but for line ends (always `\n`) and control characters (dropped).
    pub(super) fn verbatim(&mut self, text: &str) -> Result<(), Refusal> {
        self.settle()?;
        let mut rest = text;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_cr) && rest.starts_with('\n') {
                rest = &rest[1..];
                continue;
            }
            let noise = |c: char| c == '\r' || (is_noise(c) && c != '\u{ad}');
            let plain = rest.find(noise).unwrap_or(rest.len());
            self.push(&rest[..plain])?;
            rest = &rest[plain..];
            let mut chars = rest.chars();
            match chars.next() {
                Some('\r') => {
                    self.push("\n")?;
                    self.after_cr = true;
                }
                // a form feed ends a page, so it ends a line
                Some('\u{c}') => self.push("\n")?,
                _ => {}
            }
            rest = chars.as_str();
        }
        Ok(())
    }

    /// A space, if text goes on in this line.
    pub(super) fn space(&mut self) {
        self.space = true;
    }

    /// What follows stands right behind the last character.
    pub(super) fn join(&mut self) {
        self.line_start = true;
    }

    /// What follows begins a line.
    pub(super) fn line(&mut self) {
        self.gap = self.gap.max(1);
    }

    /// What follows begins a paragraph, unless it is the first of a list item.
    pub(super) fn block(&mut self) {
        if self.prefix.is_empty() {
            self.gap = 2;
        }
    }

    /// A paragraph that is a heading follows, until [`Self::heading_end`].
    pub(super) fn heading(&mut self, level: usize) {
        self.gap = 2;
        self.listing = false;
        if self.open_cell().is_none() {
            self.prefix = "#".repeat(level.clamp(1, 6));
            self.prefix.push(' ');
            if self.title.is_none() {
                self.heading = Some(String::new());
            }
        }
    }

    pub(super) fn heading_end(&mut self) {
        if let Some(text) = self.heading.take() {
            self.set_title(&text);
        }
        self.prefix.clear();
        self.block();
    }

    /// A list item follows; `depth` counts from 0, `marker` is `-` or `3.`.
    pub(super) fn item(&mut self, depth: usize, marker: &str) {
        self.gap = if self.listing { 1 } else { 2 };
        if self.open_cell().is_none() {
            self.prefix = "  ".repeat(depth.min(10));
            self.prefix.push_str(marker);
            self.prefix.push(' ');
        }
    }

    /// The list item ends; one without text leaves nothing.
    pub(super) fn item_end(&mut self) {
        self.prefix.clear();
        self.line();
    }

    /// Lines of code follow, verbatim, until [`Self::code_end`].
    pub(super) fn code(&mut self) -> Result<(), Refusal> {
        self.block();
        if self.open_cell().is_none() {
            self.verbatim("```\n")?;
        }
        Ok(())
    }

    pub(super) fn code_end(&mut self) -> Result<(), Refusal> {
        if self.open_cell().is_none() {
            if !self.line_start {
                self.push("\n")?;
            }
            self.push("```")?;
        }
        self.block();
        Ok(())
    }

    /// The page or slide `page` begins.
    pub(super) fn page(&mut self, page: u32) -> Result<(), Refusal> {
        if page > self.max_pages {
            let limit = self.max_pages;
            return Err(Refusal::too_large(format!("it has more than {limit} pages")));
        }
        self.block();
        if let Some(empty) = self.page.replace(page) {
            self.pages.push(PageMark { page: empty, start_byte: self.bytes });
        }
        Ok(())
    }

    /// A row of a table begins.
    pub(super) fn row(&mut self) {
        self.rows.push(Row { owed: (self.gap, self.space, self.line_start), ..Row::default() });
    }

    /// A cell of the row begins.
    pub(super) fn cell(&mut self) {
        match self.rows.last_mut() {
            Some(row) if !row.flowing => {
                row.cells.push(String::new());
                self.held += CELL_BYTES;
                (self.gap, self.space, self.line_start) = (0, false, true);
                self.prefix.clear();
            }
            _ => self.block(),
        }
    }

    /// The row ends and is written.
    pub(super) fn row_end(&mut self) -> Result<(), Refusal> {
        let Some(row) = self.rows.pop() else { return Ok(()) };
        if row.flowing {
            self.block();
            return Ok(());
        }
        (self.gap, self.space, self.line_start) = row.owed;
        let freed: usize = row.cells.iter().map(|cell| cell.len() + CELL_BYTES).sum();
        self.held = self.held.saturating_sub(freed);
        let cells: Vec<&str> = row.cells.iter().map(|cell| cell.trim()).collect();
        let last = cells.iter().rposition(|cell| !cell.is_empty());
        let Some(last) = last else { return Ok(()) };
        let filled = cells.iter().filter(|cell| !cell.is_empty()).count();
        let length: usize = cells.iter().map(|cell| cell.len()).sum();
        if filled == 1 || length > ROW_LINE_BYTES {
            self.paragraphs(&cells)?;
        } else {
            self.line();
            for (index, cell) in cells[..=last].iter().enumerate() {
                if index > 0 {
                    self.settle()?;
                    self.push(" | ")?;
                    (self.space, self.line_start) = (false, true);
                }
                self.text(cell)?;
            }
            self.line();
        }
        Ok(())
    }

    /// Remembers the document's title; the first one stays.
    pub(super) fn set_title(&mut self, title: &str) {
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.title.is_none() && !title.is_empty() {
            let cut = title.floor_char_boundary(TITLE_BYTES);
            self.title = Some(title[..cut].to_owned());
        }
    }

    /// Says something about parts that were not read, in a whole sentence.
    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(warning.into());
        }
    }

    /// Whether anything but whitespace has come so far.
    pub(super) fn inked(&self) -> bool {
        self.inked
    }

    /// Hands on what is left. Refuses a document without any text.
    pub(super) fn finish(mut self, kind: Kind) -> Result<Extracted, Refusal> {
        while !self.rows.is_empty() {
            self.row_end()?;
        }
        if let Some(page) = self.page.take() {
            self.pages.push(PageMark { page, start_byte: self.bytes });
        }
        if !self.inked {
            return Err(Refusal::new("no_text", "there is no text in this file"));
        }
        self.hand_on()?;
        self.out.flush().map_err(|e| not_written(&e))?;
        Ok(Extracted {
            kind,
            title: self.title,
            chars: self.chars,
            bytes: self.bytes,
            pages: self.pages,
            warnings: self.warnings,
        })
    }

    fn word(&mut self, word: &str) -> Result<(), Refusal> {
        self.settle()?;
        self.push(word)
    }

    /// Writes what is owed before text: line breaks, a space, a prefix, a page mark.
    fn settle(&mut self) -> Result<(), Refusal> {
        let written = self.bytes > 0;
        let begun = self.open_cell().map_or(written, |cell| !cell.is_empty());
        let gap = std::mem::take(&mut self.gap);
        let space = std::mem::take(&mut self.space);
        if gap > 0 {
            if begun {
                self.push(&"\n\n"[..usize::from(gap)])?;
            }
            self.line_start = true;
        } else if space && !self.line_start {
            self.push(" ")?;
        }
        if let Some(page) = self.page.take() {
            self.pages.push(PageMark { page, start_byte: self.bytes });
        }
        if self.prefix.is_empty() {
            self.listing &= gap < 2;
        } else {
            let prefix = std::mem::take(&mut self.prefix);
            self.listing = !prefix.starts_with('#');
            // the marks of structure are no part of a title
            let heading = self.heading.take();
            self.push(&prefix)?;
            self.heading = heading;
            self.line_start = true;
        }
        Ok(())
    }

    /// Appends to the open cell or to the output.
    fn push(&mut self, text: &str) -> Result<(), Refusal> {
        if text.is_empty() {
            return Ok(());
        }
        self.line_start = text.ends_with('\n');
        if let Some(cell) = self.open_cell() {
            cell.push_str(text);
            self.held += text.len();
            return if self.held > ROW_SPILL_BYTES { self.spill() } else { Ok(()) };
        }
        self.bytes += text.len() as u64;
        if self.bytes > self.max_bytes {
            let mib = self.max_bytes / (1024 * 1024);
            return Err(Refusal::too_large(format!("it holds more than {mib} MB of text")));
        }
        self.chars += text.chars().count() as u64;
        self.inked = self.inked || !text.trim().is_empty();
        if let Some(heading) = &mut self.heading
            && heading.len() < TITLE_BYTES
        {
            heading.push_str(text);
        }
        self.buffer.push_str(text);
        if self.buffer.len() >= BUFFER_BYTES { self.hand_on() } else { Ok(()) }
    }

    /// The innermost cell that text goes to, unless cells flow.
    fn open_cell(&mut self) -> Option<&mut String> {
        self.rows.last_mut().filter(|row| !row.flowing).and_then(|row| row.cells.last_mut())
    }

    /// Too much for a row: writes out all that open rows hold, and lets them flow.
    fn spill(&mut self) -> Result<(), Refusal> {
        let mut rows = std::mem::take(&mut self.rows);
        self.held = 0;
        for row in &mut rows {
            let cells = std::mem::take(&mut row.cells);
            row.flowing = true;
            self.block();
            self.paragraphs(&cells.iter().map(String::as_str).collect::<Vec<_>>())?;
        }
        self.rows = rows;
        self.gap = 0;
        Ok(())
    }

    /// Writes cells as paragraphs, keeping their own line breaks.
    fn paragraphs(&mut self, cells: &[&str]) -> Result<(), Refusal> {
        for cell in cells.iter().filter(|cell| !cell.trim().is_empty()) {
            self.block();
            for line in cell.lines() {
                if line.trim().is_empty() {
                    self.block();
                } else {
                    self.text(line)?;
                    self.line();
                }
            }
        }
        self.block();
        Ok(())
    }

    fn hand_on(&mut self) -> Result<(), Refusal> {
        self.out.write_all(self.buffer.as_bytes()).map_err(|e| not_written(&e))?;
        self.buffer.clear();
        Ok(())
    }
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c == '\u{200b}'
}

/// Characters that mean nothing in running text: controls, soft hyphens, byte-order marks.
fn is_noise(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{ad}' | '\u{feff}')
}

fn not_written(error: &std::io::Error) -> Refusal {
    if let std::io::ErrorKind::StorageFull | std::io::ErrorKind::FileTooLarge = error.kind() {
        return Refusal::too_large("there is no room on the disk for its text");
    }
    Refusal::new("unreadable", format!("its text could not be written ({error})"))
}
