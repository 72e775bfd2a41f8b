//! Web pages as text: headings, lists, tables, code and paragraphs, in one pass over the tags.
//!
//! No tree is built (tokens after WHATWG 13.2.5 are enough for text), so memory does not grow with
//! the page and unclosed or crossed tags do no harm. Scripts, styles and form controls are left out.

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;

use html5gum::{EndTag, IoReader, StartTag, State, Token, Tokenizer};

use super::capped::Capped;
use super::decode::{Utf8, encoding_of, marked_or_wide};
use super::writer::Writer;
use super::{Limits, Refusal};

/// A page that declares its encoding does so within this many bytes (WHATWG 13.2.3.2).
const CHARSET_BYTES: u64 = 1024;

/// Elements whose content is no text.
const SKIPPED: [&str; 12] = [
    "script", "style", "template", "svg", "math", "select", "textarea", "object", "iframe",
    "noscript", "audio", "video",
];

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 24] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "main",
    "nav",
    "p",
    "section",
    "summary",
    "center",
];

/// Elements without content, or that are often left open: they say nothing about nesting.
const UNNESTED: [&str; 26] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr", "p", "li", "dt", "dd", "option", "td", "th", "tr", "thead", "tbody", "tfoot", "font",
    "html",
];

pub(super) fn extract(
    file: &mut File,
    limits: &Limits,
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    let mut encoding = encoding_of(file)?;
    let mut head = Vec::new();
    let io = |e: std::io::Error| Refusal::from_io(&e);
    Read::take(&mut *file, CHARSET_BYTES).read_to_end(&mut head).map_err(io)?;
    std::io::Seek::rewind(file).map_err(io)?;
    // valid UTF-8 is UTF-8 whatever it says of itself
    if encoding != encoding_rs::UTF_8
        && marked_or_wide(&head).is_none()
        && let Some(declared) = declared_encoding(&head)
    {
        encoding = declared;
    }
    page(Utf8::new(file, encoding), limits, writer)
}

/// Writes a page that is UTF-8 already.
pub(super) fn page(
    page: impl Read,
    limits: &Limits,
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    let (capped, piece) = Capped::new(page, limits.max_item_bytes);
    let mut tokens = Tokenizer::new(IoReader::new(capped));
    let mut walk = Walk::new(writer, limits.max_depth);
    while let Some(token) = tokens.next() {
        piece.reset();
        let token = token.map_err(|e| Refusal::from_io(&e))?;
        if let ControlFlow::Break(state) = walk.token(&token)? {
            tokens.set_state(state);
        }
    }
    walk.end()
}

fn declared_encoding(head: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let head = String::from_utf8_lossy(head).to_lowercase();
    let label = head.split("charset=").nth(1)?.trim_start_matches(['"', '\'', ' ']);
    let end = label.find(|c: char| !c.is_ascii_alphanumeric() && !"-_:".contains(c));
    encoding_rs::Encoding::for_label(&label.as_bytes()[..end.unwrap_or(label.len())])
}

struct Walk<'w, 'o> {
    writer: &'w mut Writer<'o>,
    /// The element being left out, and how often it stands within itself.
    skipped: Option<(String, usize)>,
    depth: usize,
    max_depth: usize,
    title: Option<String>,
    /// Lists that are open: the number of the next item of an ordered one.
    lists: Vec<Option<u32>>,
    /// Tables that are open: whether a row of it is.
    tables: Vec<bool>,
    code: usize,
    heading: bool,
}

impl<'w, 'o> Walk<'w, 'o> {
    fn new(writer: &'w mut Writer<'o>, max_depth: usize) -> Self {
        Self {
            writer,
            skipped: None,
            depth: 0,
            max_depth,
            title: None,
            lists: Vec::new(),
            tables: Vec::new(),
            code: 0,
            heading: false,
        }
    }

    /// Breaks with the state that the tokenizer must go on in.
    fn token(&mut self, token: &Token) -> Result<ControlFlow<State>, Refusal> {
        match token {
            Token::StartTag(tag) => return self.start(tag),
            Token::EndTag(tag) => self.close(tag)?,
            Token::String(text) if self.skipped.is_none() => {
                self.text(&String::from_utf8_lossy(text))?;
            }
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    fn text(&mut self, text: &str) -> Result<(), Refusal> {
        if let Some(title) = &mut self.title {
            title.push_str(text);
            return Ok(());
        }
        if self.code > 0 { self.writer.verbatim(text) } else { self.writer.text(text) }
    }

    fn start(&mut self, tag: &StartTag<()>) -> Result<ControlFlow<State>, Refusal> {
        let name = String::from_utf8_lossy(&tag.name);
        let name = name.rsplit(':').next().unwrap_or_default();
        // `<script/>` closes itself in a book's XHTML, where alone it is found in practice
        let next = match name {
            _ if tag.self_closing => None,
            "title" | "textarea" => Some(State::RcData),
            "style" | "iframe" | "noscript" | "noframes" | "xmp" => Some(State::RawText),
            "script" => Some(State::ScriptData),
            "plaintext" => Some(State::PlainText),
            _ => None,
        };
        let next = next.map_or(ControlFlow::Continue(()), ControlFlow::Break);
        if let Some((skipped, times)) = &mut self.skipped {
            if skipped == name && !tag.self_closing {
                *times += 1;
            }
            return Ok(next);
        }
        if SKIPPED.contains(&name) && !tag.self_closing {
            self.skipped = Some((name.to_owned(), 1));
            return Ok(next);
        }
        if !tag.self_closing && !UNNESTED.contains(&name) {
            self.depth += 1;
            if self.depth > self.max_depth {
                return Err(Refusal::too_deep());
            }
        }
        match name {
            "title" if !tag.self_closing => self.title = Some(String::new()),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.writer.heading(usize::from(name.as_bytes()[1] - b'0'));
                self.heading = true;
            }
            "br" if self.code > 0 => self.writer.verbatim("\n")?,
            "br" if self.heading => self.writer.space(),
            "br" => self.writer.line(),
            "pre" => {
                if self.code == 0 {
                    self.writer.code()?;
                }
                self.code += 1;
            }
            "ul" | "ol" | "menu" => {
                if self.lists.is_empty() {
                    self.writer.block();
                }
                let first = attribute(tag, b"start").and_then(|v| v.parse().ok()).unwrap_or(1);
                self.lists.push((name == "ol").then_some(first));
            }
            "li" => self.item(),
            "img" => {
                let alt = attribute(tag, b"alt").unwrap_or_default();
                self.writer.text(&alt)?;
            }
            "table" => {
                self.writer.block();
                self.tables.push(false);
            }
            "tr" => self.row()?,
            "td" | "th" => {
                if self.tables.last() == Some(&false) {
                    self.row()?;
                }
                self.writer.cell();
            }
            _ if BLOCKS.contains(&name) && !self.heading => self.writer.block(),
            _ => {}
        }
        Ok(next)
    }

    fn item(&mut self) {
        self.writer.item_end();
        let depth = self.lists.len().saturating_sub(1);
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}.");
                *number = number.saturating_add(1);
                marker
            }
            _ => "-".to_owned(),
        };
        self.writer.item(depth, &marker);
    }

    fn row(&mut self) -> Result<(), Refusal> {
        if let Some(open) = self.tables.last_mut() {
            if std::mem::replace(open, true) {
                self.writer.row_end()?;
            }
            self.writer.row();
        }
        Ok(())
    }

    fn close(&mut self, tag: &EndTag<()>) -> Result<(), Refusal> {
        let name = String::from_utf8_lossy(&tag.name);
        let name = name.rsplit(':').next().unwrap_or_default();
        if let Some((skipped, times)) = &mut self.skipped {
            if skipped == name {
                *times -= 1;
                if *times == 0 {
                    self.skipped = None;
                }
            }
            return Ok(());
        }
        if !UNNESTED.contains(&name) {
            self.depth = self.depth.saturating_sub(1);
        }
        match name {
            "title" => {
                if let Some(title) = self.title.take() {
                    self.writer.set_title(&title);
                }
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.heading = false;
                self.writer.heading_end();
            }
            "pre" if self.code > 0 => {
                self.code -= 1;
                if self.code == 0 {
                    self.writer.code_end()?;
                }
            }
            "ul" | "ol" | "menu" => {
                self.writer.item_end();
                self.lists.pop();
                if self.lists.is_empty() {
                    self.writer.block();
                }
            }
            "li" => self.writer.item_end(),
            "tr" => {
                if let Some(open) = self.tables.last_mut()
                    && std::mem::take(open)
                {
                    self.writer.row_end()?;
                }
            }
            "table" => {
                if self.tables.pop() == Some(true) {
                    self.writer.row_end()?;
                }
                self.writer.block();
            }
            _ if BLOCKS.contains(&name) && !self.heading => self.writer.block(),
            _ => {}
        }
        Ok(())
    }

    /// Closes what the page left open.
    fn end(mut self) -> Result<(), Refusal> {
        if let Some(title) = self.title.take() {
            self.writer.set_title(&title);
        }
        while let Some(open) = self.tables.pop() {
            if open {
                self.writer.row_end()?;
            }
        }
        if self.code > 0 {
            self.writer.code_end()?;
        }
        self.writer.heading_end();
        Ok(())
    }
}

fn attribute(tag: &StartTag<()>, name: &[u8]) -> Option<String> {
    tag.attributes.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::trial::{extracted, extracted_within, fixture};
    use super::super::{Kind, Limits};

    fn text(html: &str) -> String {
        extracted("a.html", html.as_bytes()).unwrap().0
    }

    #[test]
    fn a_page_keeps_its_structure() {
        let (text, done) = fixture("sourdough.html");
        assert_eq!(done.kind, Kind::Html);
        assert_eq!(done.title.as_deref(), Some("Sourdough, step by step"));
        for expected in [
            "# Sourdough\n",
            "## Timetable\n",
            "Hour | Step\n0 | Feed the starter",
            "- rye flour\n  - freshly milled\n- water",
            "1. Mix.\n2. Rest 40 minutes.",
            "```\nhydration = water / flour\n  # 0.78\n```",
            "crème fraîche & butter",
        ] {
            assert!(text.contains(expected), "{expected:?} not in:\n{text}");
        }
        assert!(!text.contains("alert("), "{text}");
    }

    #[test]
    fn loose_html_is_read_as_browsers_do() {
        assert_eq!(text("<p>a<p>b<br>c<div>d"), "a\n\nb\nc\n\nd");
        assert_eq!(text("<ul><li>a<li><p>b</p><li></ul>c"), "- a\n- b\n\nc");
        assert_eq!(text("<table><tr><td>a<td>b<tr><td>c<td>d</table>e"), "a | b\nc | d\n\ne");
        assert_eq!(text("<title/>x<h2>He<b>ll</b>o<br>you</h2>"), "x\n\n## Hello you");
        assert_eq!(text("a<script>if (a < b) x()</script>b<style>p{}</style>c"), "abc");
        assert_eq!(text("<svg><svg></svg>no</svg>yes"), "yes");
    }

    #[test]
    fn a_declared_encoding_is_followed() {
        let page = b"<meta charset=windows-1251><p>\xcf\xf0\xe8\xe2\xe5\xf2";
        assert_eq!(extracted("a.html", page).unwrap().0, "Привет");
    }

    #[test]
    fn bombs_end() {
        let deep = "<div>".repeat(100_000);
        assert_eq!(extracted("a.html", deep.as_bytes()).unwrap_err().code, "too_deep");
        let limits = Limits { max_item_bytes: 100_000, ..Limits::default() };
        let endless = format!("<p title=\"{}\">x", "a".repeat(300_000));
        let refused = extracted_within("a.html", endless.as_bytes(), &limits).unwrap_err();
        assert_eq!(refused.code, "too_large");
        let rows = "<table><tr><td>".repeat(400);
        assert!(extracted("a.html", format!("{rows}x").as_bytes()).is_ok());
    }
}
