//! What a tool gives back, as text for a model: bounded, without what a model cannot read. It is
//! data, whatever it says; nothing here or above it looks for instructions in it.

use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The result, or the reason of the failure.
    pub text: String,
    /// Whether it is a failure.
    pub failed: bool,
    /// Whether there was more of it.
    pub cut: bool,
}

impl Outcome {
    /// A failure, in words for the model and the person.
    pub fn failure(text: impl Into<String>) -> Self {
        Self { text: text.into(), failed: true, cut: false }
    }

    /// A result of at most so many bytes.
    pub(super) fn bounded(text: String, failed: bool, max_bytes: usize) -> Self {
        let (text, cut) = cut(text, max_bytes);
        Self { text, failed, cut }
    }
}

/// Reads what a server answered.
pub(super) fn read(result: &CallToolResult, max_bytes: usize) -> Outcome {
    let failed = result.is_error == Some(true);
    let mut text = String::new();
    for block in &result.content {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&words(block));
        if text.len() > max_bytes {
            break;
        }
    }
    // What is structured is given as text besides, by servers that keep to the protocol.
    if text.trim().is_empty()
        && let Some(structured) = &result.structured_content
    {
        text = structured.to_string();
    }
    if text.trim().is_empty() {
        let nothing = if failed { "the tool failed and did not say why" } else { "(no content)" };
        nothing.clone_into(&mut text);
    }
    Outcome::bounded(text, failed, max_bytes)
}

fn words(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => format!("(a picture, {})", image.mime_type),
        ContentBlock::Audio(audio) => format!("(a recording, {})", audio.mime_type),
        ContentBlock::Resource(embedded) => match &embedded.resource {
            ResourceContents::TextResourceContents { uri, text, .. } => format!("{uri}:\n{text}"),
            ResourceContents::BlobResourceContents { uri, .. } => format!("(a file, {uri})"),
            _ => "(something that is no text)".to_owned(),
        },
        ContentBlock::ResourceLink(link) => format!("{}: {}", link.name, link.uri),
        _ => "(something that is no text)".to_owned(),
    }
}

/// The first so many bytes of a text, at a character's end, and whether there was more.
pub(super) fn cut(mut text: String, max_bytes: usize) -> (String, bool) {
    if text.len() <= max_bytes {
        return (text, false);
    }
    let end = (0..=max_bytes).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(end);
    (text, true)
}

/// Words of somebody else in one line, not long.
pub(super) fn one_line(words: &str, max_chars: usize) -> String {
    let plain = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let mut line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > max_chars {
        line = line.chars().take(max_chars.saturating_sub(1)).collect();
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn result(json: serde_json::Value) -> CallToolResult {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn every_kind_of_content_is_told_in_words() {
        let given = result(json!({"content": [
            {"type": "text", "text": "one"},
            {"type": "image", "data": "AAAA", "mimeType": "image/png"},
            {"type": "resource", "resource": {"uri": "a://b", "text": "two"}},
            {"type": "resource_link", "uri": "a://c", "name": "three"},
        ]}));
        let read = read(&given, 1000);
        assert_eq!(read.text, "one\n(a picture, image/png)\na://b:\ntwo\nthree: a://c");
        assert!(!read.failed && !read.cut);
    }

    #[test]
    fn what_is_structured_or_nothing_is_told_too() {
        assert_eq!(
            read(&result(json!({"content": [], "structuredContent": {"a": 1}})), 99).text,
            "{\"a\":1}"
        );
        assert_eq!(read(&result(json!({"content": []})), 99).text, "(no content)");
        let failed = read(&result(json!({"content": [], "isError": true})), 99);
        assert!(failed.failed && failed.text.contains("did not say"));
    }

    proptest! {
        #[test]
        fn a_result_is_never_longer_than_it_may_be(text in "\\PC{0,300}", max in 0_usize..200) {
            let outcome = Outcome::bounded(text.clone(), false, max);
            prop_assert!(outcome.text.len() <= max && text.starts_with(&outcome.text));
            prop_assert_eq!(outcome.cut, text.len() > max);
        }

        #[test]
        fn words_of_others_are_one_short_line(text in any::<String>()) {
            let line = one_line(&text, 80);
            prop_assert!(line.chars().count() <= 80 && !line.contains(char::is_control));
        }
    }
}
