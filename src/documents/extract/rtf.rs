//! Rich Text: paragraphs, headings by outline level, lists and tables, in any of its code pages.

use std::collections::HashMap;
use std::fs::File;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::rtf_words::{Token, Tokens};
use super::writer::Writer;
use super::{Limits, Refusal};

/// Groups whose content is no text of the document.
const SKIPPED: [&str; 19] = [
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "header",
    "headerl",
    "headerr",
    "headerf",
    "footer",
    "footerl",
    "footerr",
    "footerf",
    "listtable",
    "listoverridetable",
    "themedata",
    "nonshppict",
    "datastore",
    "xmlnstbl",
];

pub(super) fn extract(
    file: &mut File,
    limits: &Limits,
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    let mut tokens = Tokens::new(file);
    let mut walk = Walk::new(writer);
    while let Some(token) = tokens.next()? {
        if let Token::Word(word, Some(count)) = &token
            && word == "bin"
        {
            tokens.skip(u64::try_from(*count).unwrap_or_default())?;
            continue;
        }
        let first = std::mem::take(&mut walk.group_begins);
        match token {
            Token::Open => {
                walk.flush()?;
                walk.outer.push(walk.group.clone());
                walk.group_begins = true;
                if walk.outer.len() > limits.max_depth {
                    return Err(Refusal::too_deep());
                }
            }
            Token::Close => walk.close()?,
            Token::Byte(byte) => walk.byte(byte)?,
            Token::Symbol(b'*') if first => walk.group.skipped = true,
            Token::Symbol(symbol) => walk.symbol(symbol)?,
            Token::Word(word, number) => {
                if first && SKIPPED.contains(&word.as_str()) {
                    walk.group.skipped = true;
                }
                walk.word(&word, number)?;
            }
        }
    }
    walk.flush()?;
    if !walk.outer.is_empty() {
        if !walk.writer.inked() {
            return Err(Refusal::broken("the file is cut short"));
        }
        walk.writer.warn("The file is cut short; what is left of it was read.");
    }
    Ok(())
}

/// What a group inherits and restores.
#[derive(Clone)]
struct Group {
    skipped: bool,
    /// In the table of fonts.
    fonts: bool,
    /// In the text that stands for the mark of a list item.
    marker: bool,
    encoding: &'static Encoding,
    /// How many stand-in characters follow a `\u`.
    stand_ins: usize,
}

struct Walk<'w, 'o> {
    writer: &'w mut Writer<'o>,
    group: Group,
    outer: Vec<Group>,
    group_begins: bool,
    /// Encoding of each font by number.
    fonts: HashMap<i32, &'static Encoding>,
    font: i32,
    default: &'static Encoding,
    /// Bytes not yet decoded: characters of some code pages have two.
    bytes: Vec<u8>,
    /// Stand-ins still to be dropped.
    dropping: usize,
    /// First half of a character beyond 16 bits.
    high: Option<u16>,
    marker: String,
    outline: Option<usize>,
    heading: bool,
    row: bool,
}

impl<'w, 'o> Walk<'w, 'o> {
    fn new(writer: &'w mut Writer<'o>) -> Self {
        let group = Group {
            skipped: false,
            fonts: false,
            marker: false,
            encoding: WINDOWS_1252,
            stand_ins: 1,
        };
        Self {
            writer,
            group,
            outer: Vec::new(),
            group_begins: false,
            fonts: HashMap::new(),
            font: 0,
            default: WINDOWS_1252,
            bytes: Vec::new(),
            dropping: 0,
            high: None,
            marker: String::new(),
            outline: None,
            heading: false,
            row: false,
        }
    }

    fn close(&mut self) -> Result<(), Refusal> {
        self.flush()?;
        self.dropping = 0;
        let Some(outer) = self.outer.pop() else { return Ok(()) };
        if self.group.marker && !outer.marker {
            let marker = std::mem::take(&mut self.marker);
            let marker = marker.trim();
            let number = marker.starts_with(|c: char| c.is_alphanumeric());
            if !marker.is_empty() {
                self.writer.item(0, if number { marker } else { "-" });
            }
        }
        self.group = outer;
        Ok(())
    }

    fn byte(&mut self, byte: u8) -> Result<(), Refusal> {
        if self.dropping > 0 {
            self.dropping -= 1;
        } else if !self.group.skipped {
            self.bytes.push(byte);
            if self.bytes.len() > 4096 {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn symbol(&mut self, symbol: u8) -> Result<(), Refusal> {
        self.flush()?;
        match symbol {
            b'~' => self.text(" "),
            b'_' => self.text("-"),
            b'{' | b'}' | b'\\' => self.text(&(symbol as char).to_string()),
            _ => Ok(()),
        }
    }

    fn word(&mut self, word: &str, number: Option<i32>) -> Result<(), Refusal> {
        self.flush()?;
        match word {
            "u" => return self.unicode(number.unwrap_or_default()),
            "uc" => self.group.stand_ins = number.and_then(|n| n.try_into().ok()).unwrap_or(1),
            "ansicpg" => {
                self.default = number.and_then(code_page).unwrap_or(WINDOWS_1252);
                self.group.encoding = self.default;
            }
            "fonttbl" => (self.group.fonts, self.group.skipped) = (true, true),
            "f" if self.group.fonts => self.font = number.unwrap_or_default(),
            "f" => {
                let font = self.fonts.get(&number.unwrap_or_default());
                self.group.encoding = font.copied().unwrap_or(self.default);
            }
            "fcharset" if self.fonts.len() < 10_000 => {
                if let Some(encoding) = number.and_then(charset) {
                    self.fonts.insert(self.font, encoding);
                }
            }
            _ if self.group.skipped => {}
            "listtext" | "pntext" => self.group.marker = true,
            "pard" if !self.group.marker => self.outline = None,
            "outlinelevel" => {
                let level = number.and_then(|n| usize::try_from(n).ok());
                self.outline = level.filter(|level| *level < 9).map(|level| level + 1);
            }
            "par" | "sect" | "page" => self.end_paragraph(),
            "line" if self.heading => self.writer.space(),
            "line" => self.writer.line(),
            "trowd" if !self.row => {
                self.row = true;
                self.writer.row();
                self.writer.cell();
            }
            "cell" | "nestcell" if self.row => self.writer.cell(),
            "row" if self.row => {
                self.row = false;
                self.writer.row_end()?;
            }
            "emdash" => self.text("\u{2014}")?,
            "endash" => self.text("\u{2013}")?,
            "lquote" => self.text("\u{2018}")?,
            "rquote" => self.text("\u{2019}")?,
            "ldblquote" => self.text("\u{201c}")?,
            "rdblquote" => self.text("\u{201d}")?,
            "bullet" => self.text("\u{2022}")?,
            "tab" | "emspace" | "enspace" | "qmspace" => self.text(" ")?,
            _ => {}
        }
        Ok(())
    }

    /// `\u-3913`: a UTF-16 unit as a signed number.
    fn unicode(&mut self, number: i32) -> Result<(), Refusal> {
        self.dropping = self.group.stand_ins;
        let unit = u16::try_from(number & 0xffff).unwrap_or_default();
        let units: Vec<u16> = self.high.take().into_iter().chain([unit]).collect();
        if (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
            return Ok(());
        }
        self.text(&String::from_utf16_lossy(&units))
    }

    fn flush(&mut self) -> Result<(), Refusal> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.bytes);
        let (text, _) = self.group.encoding.decode_without_bom_handling(&bytes);
        self.text(&text)
    }

    fn text(&mut self, text: &str) -> Result<(), Refusal> {
        if self.group.skipped {
            return Ok(());
        }
        if self.group.marker {
            if self.marker.len() < 100 {
                self.marker.push_str(text);
            }
            return Ok(());
        }
        if let Some(level) = self.outline
            && !self.heading
            && !text.trim().is_empty()
        {
            self.heading = true;
            self.writer.heading(level);
        }
        self.writer.text(text)
    }

    fn end_paragraph(&mut self) {
        if std::mem::take(&mut self.heading) {
            self.writer.heading_end();
        } else {
            self.writer.item_end();
            self.writer.block();
        }
    }
}

/// Windows code pages by number.
fn code_page(number: i32) -> Option<&'static Encoding> {
    let label = match number {
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        10000 => "macintosh".to_owned(),
        65001 => "utf-8".to_owned(),
        other => format!("windows-{other}"),
    };
    Encoding::for_label(label.as_bytes())
}

/// `\fcharset` numbers; 0 is the document's own code page.
fn charset(number: i32) -> Option<&'static Encoding> {
    code_page(match number {
        77 => 10000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::trial::{extracted, fixture};

    #[test]
    fn a_real_file_keeps_headings_lists_and_rows() {
        let (text, _) = fixture("saltworks.rtf");
        for expected in [
            "# The saltworks at Lûnborg",
            "Pan | Litres | Salt",
            "North | 900 | 270 kg",
            "- skim twice a day",
        ] {
            assert!(text.contains(expected), "{expected:?} not in:\n{text}");
        }
    }

    #[test]
    fn code_pages_and_escapes_are_read() {
        let rtf = br"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}{\f1\fcharset204 Arial;}}
            {\*\generator no}\f0 caf\'e9 {\f1\'cf\'f0\'e8} \u26085?\u-10179?\u-8704?\par
            {\b bo}ld \{x\}{\pict 00ff}\bin3 }}}\line y}";
        let (text, _) = extracted("a.rtf", rtf).unwrap();
        assert_eq!(text, "café При 日\u{1f600}\n\nbold {x}\ny");
    }

    #[test]
    fn what_is_cut_or_nested_without_end_is_told() {
        assert_eq!(extracted("a.rtf", br"{\rtf1 {\b").unwrap_err().code, "broken");
        let (_, done) = extracted("a.rtf", br"{\rtf1 some text {\b").unwrap();
        assert_eq!(done.warnings.len(), 1);
        let deep = format!("{{\\rtf1 {}", "{".repeat(100_000));
        assert_eq!(extracted("a.rtf", deep.as_bytes()).unwrap_err().code, "too_deep");
    }
}
