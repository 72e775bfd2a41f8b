//! The provider that is always there. It has no model: it lays out, quoted and cited, what was found
//! for the question, says plainly that nobody wrote an answer, and how to get one that does.

use crate::models::chat::{ChatRequest, Passage, Role};

/// What is quoted of one passage at most, in characters.
const QUOTE_CHARS: usize = 700;
/// How to get a model.
const NEXT_STEP: &str = "To get a written answer, connect a model in **Settings → Models**: a server \
     found on this computer (such as Ollama or LM Studio), or an API key.";

/// Writes the answer, in the pieces in which it is streamed.
pub(in crate::models) fn answer(request: &ChatRequest) -> Vec<String> {
    if request.noted {
        let saved = "*No model wrote this.* Saved as a note. Every answer of a model will know it; \
                     you can change or delete it under **Settings → Memory**.\n";
        return vec![saved.to_owned()];
    }
    if request.passages.is_empty() {
        return nothing(request);
    }
    let count = request.passages.len();
    let what = if count == 1 { "the passage" } else { "the passages" };
    let mut pieces = vec![format!(
        "*No model wrote this.* These are {what} of your documents and past \
         conversations that fit the question best{}.\n\n",
        if count == 1 { "" } else { ", best first" }
    )];
    pieces.extend(request.passages.iter().map(quoted));
    pieces.push(format!("---\n{NEXT_STEP}\n"));
    pieces
}

fn nothing(request: &ChatRequest) -> Vec<String> {
    let asked = request.messages.iter().rev().find(|m| m.role == Role::User);
    let asked = asked.map(|m| one_line(&m.content, 80)).filter(|words| !words.is_empty());
    let about = asked.map(|words| format!(" for “{}”", escaped(&words))).unwrap_or_default();
    vec![
        format!("*No model wrote this.* Nothing was found{about} in your documents and past conversations.\n\n"),
        "It may help to use other words, or fewer. Drop documents onto this page to ask them; every \
         conversation you have here can be found, too.\n\n"
            .to_owned(),
        format!("---\n{NEXT_STEP}\n"),
    ]
}

/// A heading with the number to cite, then the words as a Markdown quote.
fn quoted(passage: &Passage) -> String {
    let title = escaped(&one_line(&passage.title, 120));
    let title = if title.is_empty() { "Untitled".to_owned() } else { title };
    let place = escaped(&one_line(&passage.location, 120));
    let place = if place.is_empty() { place } else { format!(", {place}") };
    let text = shortened(passage.text.trim(), QUOTE_CHARS);
    let mut out = format!("**{title}**{place} [{}]\n\n", passage.n);
    for line in text.lines() {
        // A fence or a heading inside must not leave the quote.
        out.push_str("> ");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push('\n');
    out
}

fn one_line(text: &str, chars: usize) -> String {
    shortened(&text.split_whitespace().collect::<Vec<_>>().join(" "), chars)
}

/// Cut at a word's end, with a sign that it was.
fn shortened(text: &str, chars: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(chars) else { return text.to_owned() };
    let cut = &text[..end];
    let cut = cut.rsplit_once(char::is_whitespace).map_or(cut, |(whole, _)| whole);
    // An open code fence would swallow what follows.
    let fence = if cut.matches("```").count() % 2 == 1 { "\n```" } else { "" };
    format!("{}…{fence}", cut.trim_end())
}

/// Titles are words, not Markdown.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::chat::ChatMessage;

    fn passage(n: u32, title: &str, text: &str) -> Passage {
        let location = "2026-02-22".to_owned();
        Passage { n, title: title.to_owned(), text: text.to_owned(), location }
    }

    fn asked(passages: Vec<Passage>) -> String {
        let content = "where is the *key*?".to_owned();
        let messages = vec![ChatMessage::new(Role::User, content)];
        answer(&ChatRequest { messages, passages, ..ChatRequest::default() }).concat()
    }

    #[test]
    fn passages_are_quoted_in_order_cited_and_owned_to_be_no_ones_answer() {
        let text = asked(vec![
            passage(1, "Garden [old]", "the key\nis under\n\n# the pot"),
            passage(2, "", "another"),
        ]);
        assert!(text.starts_with("*No model wrote this.*"));
        assert!(text.contains(
            "**Garden \\[old\\]**, 2026-02-22 [1]\n\n> the key\n> is under\n> \n> # the pot\n"
        ));
        assert!(text.find("[1]").unwrap() < text.find("**Untitled**, 2026-02-22 [2]").unwrap());
        assert!(text.contains("Settings → Models"));
    }

    #[test]
    fn finding_nothing_is_said_and_helped_with() {
        let text = asked(Vec::new());
        assert!(text.contains("Nothing was found for “where is the \\*key\\*?”"));
        assert!(text.contains("Settings → Models"));
    }

    #[test]
    fn long_passages_are_cut_at_a_word() {
        let text = asked(vec![passage(1, "t", &"wörd ".repeat(1000))]);
        assert!(text.contains("wörd…\n") && text.len() < 2000);
        let code = format!("```\n{}", "x ".repeat(1000));
        assert!(asked(vec![passage(1, "t", &code)]).contains("…\n> ```\n"));
    }
}
