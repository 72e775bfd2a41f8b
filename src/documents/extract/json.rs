//! JSON as lines that can be found alone: `users[3] | name: Ada | address.city: London`.
//!
//! Values are written as they are parsed, so memory holds the path to one value and that value.
//! A line holds one object of an array with what is nested in it, until it grows long.

use std::fmt::{self, Formatter, Write as _};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::capped::{Capped, Meter};
use super::decode::{Utf8, encoding_of};
use super::writer::Writer;
use super::{Limits, Refusal};

/// A line longer than this ends, and the next begins with the path again.
const LINE_BYTES: usize = 800;

pub(super) fn extract(
    file: &mut File,
    limits: &Limits,
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    let encoding = encoding_of(file)?;
    let (capped, piece) = Capped::new(Utf8::new(file, encoding), limits.max_item_bytes);
    let mut walk = Walk::new(writer, piece, limits.max_depth);
    let input = BufReader::with_capacity(32 * 1024, capped);
    let mut json = serde_json::Deserializer::from_reader(input);
    let read = Value(&mut walk).deserialize(&mut json).and_then(|()| json.end());
    read.map_err(|error| walk.refused(error))
}

/// One JSON value a line. Lines that are something else are kept as they are.
pub(super) fn extract_lines(
    file: &mut File,
    limits: &Limits,
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    let encoding = encoding_of(file)?;
    let (capped, piece) = Capped::new(Utf8::new(file, encoding), limits.max_item_bytes);
    let mut input = BufReader::with_capacity(32 * 1024, capped);
    let mut line = Vec::new();
    let (mut good, mut bad) = (0u64, 0u64);
    let mut first_bad = None;
    loop {
        piece.reset();
        line.clear();
        let read = input.by_ref().read_until(b'\n', &mut line);
        if read.map_err(|e| Refusal::from_io(&e))? == 0 {
            break;
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let mut walk = Walk::new(writer, piece.clone(), limits.max_depth);
        let mut json = serde_json::Deserializer::from_slice(text);
        // checked first, so that a broken line is not half written
        let checked = serde_json::from_slice::<serde::de::IgnoredAny>(text);
        let read = checked.and_then(|_| Value(&mut walk).deserialize(&mut json));
        match read {
            Ok(()) => good += 1,
            Err(error) if walk.refusal.is_some() || is_too_deep(&error) => {
                return Err(walk.refused(error));
            }
            Err(_) => {
                bad += 1;
                first_bad = first_bad.or(Some(good + bad));
                writer.line();
                writer.text(&String::from_utf8_lossy(text))?;
            }
        }
        writer.line();
    }
    if let Some(first) = first_bad {
        if good == 0 {
            return Err(Refusal::broken("none of its lines is JSON"));
        }
        writer.warn(format!(
            "{bad} of its lines are not JSON and were kept as they are; the first is record {first}."
        ));
    }
    Ok(())
}

enum Step {
    Key(String),
    Index(usize),
}

struct Walk<'w, 'o> {
    writer: &'w mut Writer<'o>,
    piece: Meter,
    path: Vec<Step>,
    max_depth: usize,
    /// Steps of the path that the open line began with.
    base: usize,
    /// Bytes in the open line; none is open at 0.
    line: usize,
    /// Steps of the path of the list whose items the line ends with.
    list: Option<usize>,
    refusal: Option<Refusal>,
}

impl<'w, 'o> Walk<'w, 'o> {
    fn new(writer: &'w mut Writer<'o>, piece: Meter, max_depth: usize) -> Self {
        Self {
            writer,
            piece,
            path: Vec::new(),
            max_depth,
            base: 0,
            line: 0,
            list: None,
            refusal: None,
        }
    }

    fn scalar(&mut self, text: &str) -> Result<(), Refusal> {
        self.piece.reset();
        if text.trim().is_empty() {
            return Ok(());
        }
        if self.line > LINE_BYTES {
            self.end_line();
        }
        let item = matches!(self.path.last(), Some(Step::Index(_)));
        let named = self.path.len() - usize::from(item);
        let mut lead = String::new();
        if self.line > 0 && item && self.list == Some(named) {
            lead.push_str(", ");
        } else {
            if self.line == 0 {
                self.writer.line();
                self.base = named.saturating_sub(1);
                render(&self.path[..self.base], &mut lead);
            }
            if self.line > 0 || !lead.is_empty() {
                lead.push_str(" | ");
            }
            let before = lead.len();
            render(&self.path[self.base.min(named)..named], &mut lead);
            if lead.len() > before {
                lead.push_str(": ");
            }
        }
        self.list = item.then_some(named);
        self.line += lead.len() + text.len();
        self.writer.text(&lead)?;
        self.writer.text(text)
    }

    fn end_line(&mut self) {
        self.line = 0;
        self.list = None;
    }

    fn enter(&mut self, step: Step) -> Result<(), Refusal> {
        self.path.push(step);
        if self.path.len() > self.max_depth { Err(Refusal::too_deep()) } else { Ok(()) }
    }

    fn leave(&mut self) {
        self.path.pop();
        if self.path.len() < self.base {
            self.end_line();
        }
        if self.list.is_some_and(|list| self.path.len() < list) {
            self.list = None;
        }
    }

    fn refused(&mut self, error: serde_json::Error) -> Refusal {
        if let Some(refusal) = self.refusal.take() {
            return refusal;
        }
        if is_too_deep(&error) {
            return Refusal::too_deep();
        }
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Io => Refusal::from_io(&error.into()),
            Category::Eof => {
                Refusal::broken(format!("the JSON is cut short: it ends in line {line}"))
            }
            Category::Syntax | Category::Data => Refusal::broken(format!(
                "it is not valid JSON: line {line}, column {column} ({error})"
            )),
        }
    }
}

fn is_too_deep(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("recursion limit exceeded")
}

fn render(path: &[Step], text: &mut String) {
    for (index, step) in path.iter().enumerate() {
        // writing to a string cannot fail
        let _ = match step {
            Step::Key(key) if index > 0 => write!(text, ".{key}"),
            Step::Key(key) => write!(text, "{key}"),
            Step::Index(number) => write!(text, "[{number}]"),
        };
    }
}

/// One value at the present path.
struct Value<'s, 'w, 'o>(&'s mut Walk<'w, 'o>);

impl Value<'_, '_, '_> {
    fn write<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        let written = self.0.scalar(text);
        self.0.keep(written)
    }
}

impl Walk<'_, '_> {
    /// Carries a refusal past serde, whose errors are only text.
    fn keep<E: serde::de::Error>(&mut self, result: Result<(), Refusal>) -> Result<(), E> {
        result.map_err(|refusal| {
            let error = E::custom(&refusal.reason);
            self.refusal = Some(refusal);
            error
        })
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.write(if value { "true" } else { "false" })
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.write(&value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.write(&value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.write(&value.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.write(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let walk = self.0;
        for index in 0.. {
            let entered = walk.enter(Step::Index(index));
            walk.keep(entered)?;
            let more = items.next_element_seed(Value(&mut *walk))?;
            walk.leave();
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let walk = self.0;
        if let Some(Step::Index(_)) = walk.path.last() {
            walk.end_line();
        }
        while let Some(key) = fields.next_key::<String>()? {
            let entered = walk.enter(Step::Key(key));
            walk.keep(entered)?;
            fields.next_value_seed(Value(&mut *walk))?;
            walk.leave();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{extracted, fixture};

    fn text(json: &str) -> String {
        extracted("a.json", json.as_bytes()).unwrap().0
    }

    #[test]
    fn every_object_of_a_list_is_a_line_with_its_path() {
        let json = r#"{"site": "Skerrow", "crew": [
            {"name": "Marta", "tags": ["keeper", "cook"], "home": {"town": "Ayr", "zip": null}},
            {"name": "Jonah", "born": 1899.5}], "open": true}"#;
        assert_eq!(
            text(json),
            "site: Skerrow\ncrew[0] | name: Marta | tags: keeper, cook | home.town: Ayr\n\
             crew[1] | name: Jonah | born: 1899.5\nopen: true"
        );
        assert_eq!(text("[1, [2, 3], \"x\"]"), "1 | [1]: 2, 3 | x");
        assert_eq!(text("\"only\""), "only");
    }

    #[test]
    fn a_long_line_begins_anew_with_its_path() {
        let fields: Vec<_> = (0..100).map(|n| format!("\"field{n}\": \"some value\"")).collect();
        let text = text(&format!("{{\"a\": [{{{}}}]}}", fields.join(",")));
        assert!(text.lines().count() > 2, "{text}");
        assert!(text.lines().all(|line| line.starts_with("a[0] | field")), "{text}");
    }

    #[test]
    fn damage_is_placed_and_depth_bounded() {
        let broken = extracted("a.json", b"{\"a\":\n [1,, 2]}").unwrap_err();
        assert_eq!(broken.code, "broken");
        assert!(broken.reason.contains("line 2, column 5"), "{}", broken.reason);
        assert_eq!(extracted("a.json", b"{\"a\": [1").unwrap_err().code, "broken");
        assert_eq!(extracted("a.json", b"{} trailing").unwrap_err().code, "broken");
        let deep = "[".repeat(1_000_000);
        assert_eq!(extracted("a.json", deep.as_bytes()).unwrap_err().code, "too_deep");
    }

    #[test]
    fn lines_stand_alone_and_strange_ones_are_kept() {
        let (text, done) = fixture("sightings.jsonl");
        assert!(text.contains("bird: bee-eater | count: 3 | place.name: Dunnet"), "{text}");
        assert!(done.warnings.is_empty());
        let (text, done) = extracted("a.jsonl", b"{\"a\":1}\n\n{\"a\":\n{\"a\":2}").unwrap();
        assert_eq!(text, "a: 1\n{\"a\":\na: 2");
        assert_eq!(done.warnings.len(), 1);
        assert_eq!(extracted("a.jsonl", b"no\njson").unwrap_err().code, "broken");
    }
}
