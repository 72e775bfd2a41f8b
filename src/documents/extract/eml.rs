//! E-mail messages (RFC 5322, MIME): who, when, about what, the text and the names of attachments.

use std::fs::File;
use std::io::Read;

use mail_parser::{Address, Message, MessageParser, MimeHeaders, PartType};

use super::writer::Writer;
use super::{Limits, Refusal, html};

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
        return Err(Refusal::too_large(format!("a message may have {mib} MB at most")));
    }
    let message = MessageParser::default()
        .parse(&bytes)
        .ok_or_else(|| Refusal::broken("it is not an e-mail message"))?;
    headers(&message, writer)?;
    body(&message, limits, writer)?;
    attachments(&message, writer)
}

fn headers(message: &Message<'_>, writer: &mut Writer<'_>) -> Result<(), Refusal> {
    if let Some(subject) = message.subject() {
        writer.heading(1);
        writer.text(subject)?;
        writer.heading_end();
    }
    let people = [("From", message.from()), ("To", message.to()), ("Cc", message.cc())];
    for (name, address) in people {
        if let Some(address) = address {
            field(name, &people_in(address), writer)?;
        }
    }
    if let Some(date) = message.date() {
        field("Date", &date.to_rfc3339(), writer)?;
    }
    writer.block();
    Ok(())
}

fn field(name: &str, value: &str, writer: &mut Writer<'_>) -> Result<(), Refusal> {
    if value.is_empty() {
        return Ok(());
    }
    writer.line();
    writer.text(name)?;
    writer.text(": ")?;
    writer.text(value)
}

fn people_in(address: &Address<'_>) -> String {
    let people = address.iter().map(|person| match (person.name(), person.address()) {
        (Some(name), Some(mail)) => format!("{name} <{mail}>"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::new(),
    });
    people.filter(|person| !person.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The plain text, unless it is only a blank stand-in for the page beside it.
fn body(message: &Message<'_>, limits: &Limits, writer: &mut Writer<'_>) -> Result<(), Refusal> {
    let part = |id: &u32| message.parts.get(*id as usize);
    let blank = |id: &u32| match part(id).map(|p| &p.body) {
        Some(PartType::Text(text)) => text.trim().is_empty(),
        _ => false,
    };
    let only_blank = message.text_body.iter().all(blank);
    let chosen = if only_blank { &message.html_body } else { &message.text_body };
    for part in chosen.iter().filter_map(part) {
        writer.block();
        match &part.body {
            PartType::Text(text) => writer.verbatim(text.trim_end())?,
            PartType::Html(page) => html::page(page.as_bytes(), limits, writer)?,
            _ => {}
        }
    }
    Ok(())
}

fn attachments(message: &Message<'_>, writer: &mut Writer<'_>) -> Result<(), Refusal> {
    let named =
        message.attachments().filter_map(|part| match (part.attachment_name(), &part.body) {
            (Some(name), _) => Some(name.to_owned()),
            (None, PartType::Message(inner)) => inner.subject().map(ToOwned::to_owned),
            _ => None,
        });
    let names: Vec<String> = named.collect();
    if names.is_empty() {
        return Ok(());
    }
    writer.block();
    field("Attachments", &names.join(", "), writer)?;
    let count = names.len();
    writer.warn(format!("What is attached was not read ({count}): {}.", names.join(", ")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::trial::{extracted, fixture};

    #[test]
    fn a_message_says_who_when_what_and_its_text() {
        let (text, done) = fixture("ferry.eml");
        assert_eq!(done.title.as_deref(), Some("Fähre fällt aus: Donnerstag"));
        for expected in [
            "# Fähre fällt aus: Donnerstag\n",
            "From: Ingrid Møller <ingrid@ferries.example>",
            "Date: 2026-03-05T07:40:00+01:00",
            "the 09:15 ferry to Langeness",
            "Attachments: timetable.pdf",
        ] {
            assert!(text.contains(expected), "{expected:?} not in:\n{text}");
        }
        assert!(!text.contains("<b>"), "{text}");
    }

    #[test]
    fn a_page_alone_is_converted() {
        let eml = b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/html; \
            charset=iso-8859-1\r\n\r\n<h2>Gr\xfc\xdfe</h2><p>a &amp; b";
        assert_eq!(extracted("a.eml", eml).unwrap().0, "# x\n\n## Grüße\n\na & b");
    }
}
