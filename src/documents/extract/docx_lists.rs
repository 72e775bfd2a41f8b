//! The lists of a Word document: which are numbered, and the number that comes next, as Word shows it
//! ("2.1", "c)", "IV."). People cite these numbers, but the text of the paragraph does not hold them.

use std::collections::HashMap;
use std::io::BufRead;

use super::xml::{Node, Xml};
use super::{Limits, Refusal};

/// Levels of a list in Word.
const LEVELS: usize = 9;

#[derive(Default)]
pub(super) struct Lists {
    /// Number of a list to its definition.
    definitions: HashMap<String, String>,
    /// Definition to its levels.
    levels: HashMap<String, [Level; LEVELS]>,
    /// How far each definition has counted.
    counted: HashMap<String, [u32; LEVELS]>,
}

#[derive(Clone, Default)]
struct Level {
    /// `decimal`, `lowerLetter`, `bullet`, ...
    format: String,
    /// `%1.%2`
    text: String,
    start: Option<u32>,
}

impl Lists {
    pub(super) fn read<R: BufRead>(mut xml: Xml<R>, limits: &Limits) -> Result<Self, Refusal> {
        let mut lists = Self::default();
        let (mut definition, mut list, mut level) = (String::new(), String::new(), 0);
        loop {
            match xml.next()? {
                Node::Start(tag) => {
                    let value = || tag.attr("val").unwrap_or_default();
                    let open = lists.levels.get_mut(&definition).and_then(|l| l.get_mut(level));
                    match (tag.name(), open) {
                        ("abstractNum", _) => {
                            definition = tag.attr("abstractNumId").unwrap_or_default();
                            lists.levels.insert(definition.clone(), Default::default());
                        }
                        ("num", _) => list = tag.attr("numId").unwrap_or_default(),
                        ("abstractNumId", _) => {
                            lists.definitions.insert(list.clone(), value());
                        }
                        ("lvl", _) => {
                            level = tag.attr("ilvl").and_then(|v| v.parse().ok()).unwrap_or(LEVELS);
                        }
                        ("numFmt", Some(l)) => l.format = value(),
                        ("lvlText", Some(l)) => l.text = value(),
                        ("start", Some(l)) => l.start = value().parse().ok(),
                        _ => {}
                    }
                    if lists.levels.len() + lists.definitions.len() > limits.max_archive_entries {
                        return Err(Refusal::too_large("it has too many lists"));
                    }
                }
                Node::Eof => return Ok(lists),
                _ => {}
            }
        }
    }

    /// The mark of the next paragraph of a list: `-` for a bullet; none if it is no list after all.
    pub(super) fn next_marker(&mut self, list: &str, level: usize) -> Option<String> {
        let definition = self.definitions.get(list)?;
        let levels = self.levels.get(definition)?;
        let this = levels.get(level)?;
        match this.format.as_str() {
            "none" => return None,
            "bullet" | "" => return Some("-".to_owned()),
            _ => {}
        }
        let counted = self.counted.entry(definition.clone()).or_default();
        counted[level] = counted[level].saturating_add(1);
        counted[level + 1..].fill(0);
        let mut marker = String::new();
        let mut chars = this.text.chars().take(100);
        while let Some(c) = chars.next() {
            let shown = (c == '%').then(|| chars.next()).flatten().and_then(|d| d.to_digit(10));
            match shown.map(|digit| (digit as usize).wrapping_sub(1)) {
                Some(index) if index < LEVELS => {
                    let start = levels[index].start.unwrap_or(1);
                    let number = counted[index].max(1).saturating_add(start).saturating_sub(1);
                    marker.push_str(&in_format(number, &levels[index].format));
                }
                Some(_) => {}
                None => marker.push(c),
            }
        }
        Some(if marker.trim().is_empty() { "-".to_owned() } else { marker.trim().to_owned() })
    }
}

fn in_format(number: u32, format: &str) -> String {
    match format {
        "lowerLetter" => letters(number),
        "upperLetter" => letters(number).to_uppercase(),
        "lowerRoman" => roman(number),
        "upperRoman" => roman(number).to_uppercase(),
        _ => number.to_string(),
    }
}

/// a, b, ... z, aa, bb, ... as Word counts.
fn letters(number: u32) -> String {
    let letter = (b'a' + u8::try_from(number.saturating_sub(1) % 26).unwrap_or_default()) as char;
    let times = (number.saturating_sub(1) / 26 + 1).min(10) as usize;
    letter.to_string().repeat(times)
}

fn roman(number: u32) -> String {
    const DIGITS: [(u32, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    if number >= 4000 {
        return number.to_string();
    }
    let mut left = number;
    let mut roman = String::new();
    for (value, digits) in DIGITS {
        while left >= value {
            roman.push_str(digits);
            left -= value;
        }
    }
    roman
}

#[cfg(test)]
mod tests {
    use super::super::Limits;
    use super::super::xml::Xml;
    use super::{Lists, letters, roman};

    #[test]
    fn numbers_are_as_word_shows_them() {
        let xml = r#"<w:numbering xmlns:w="w"><w:abstractNum w:abstractNumId="7">
            <w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
            <w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>
            <w:lvl w:ilvl="2"><w:numFmt w:val="bullet"/><w:lvlText w:val="o"/></w:lvl>
            </w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num></w:numbering>"#;
        let limits = Limits::default();
        let mut lists = Lists::read(Xml::new(xml.as_bytes(), &limits), &limits).unwrap();
        let marks: Vec<_> =
            [0, 1, 1, 2, 0, 1].iter().filter_map(|level| lists.next_marker("1", *level)).collect();
        assert_eq!(marks, ["3.", "3.a)", "3.b)", "-", "4.", "4.a)"]);
        assert_eq!(lists.next_marker("9", 0), None);
        assert_eq!(lists.next_marker("1", 50), None);
        assert_eq!((letters(28), roman(1994)), ("bb".to_owned(), "mcmxciv".to_owned()));
    }
}
