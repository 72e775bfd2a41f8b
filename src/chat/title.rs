//! Titles for conversations that nobody named: at once from the question's own words, then, when a
//! model answers, from the model.

use std::time::Duration;

use super::Chat;
use crate::base::{Caller, ConversationId};
use crate::conversations;
use crate::error::Error;
use crate::models::{ChatMessage, ChatRequest, ModelRef, Options, Role};

/// Characters of question and answer that a model reads to find a title.
const EXCERPT_CHARS: usize = 600;
/// Tokens of a title; reasoning models need some to think.
const TITLE_TOKENS: u32 = 200;

/// What a title is made from.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) question: String,
}

/// The first words of a question, ended at a sentence or a word; `None` when it has none.
pub(super) fn from_words(question: &str, max_chars: usize) -> Option<String> {
    let line = question.lines().map(str::trim).find(|line| line.chars().any(char::is_alphanumeric));
    let line = line?.trim_start_matches(['#', '>', '-', '*', '`', ' ']);
    let sentence = line.split_inclusive(['.', '!', '?']).next().unwrap_or(line).trim();
    let text: String = sentence.chars().filter(|c| !c.is_control()).collect();
    Some(shorten(text.trim_end_matches(['.', ',', ':', ';', ' ']), max_chars))
        .filter(|text| !text.is_empty())
}

fn shorten(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let cut: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    let end = cut.rfind(char::is_whitespace).filter(|end| *end > cut.len() / 2);
    format!("{}…", cut[..end.unwrap_or(cut.len())].trim_end())
}

/// What a model wrote, as a title; `None` when it is none.
fn from_answer(answer: &str, max_chars: usize) -> Option<String> {
    let line = answer.lines().map(str::trim).find(|line| !line.is_empty())?;
    let quotes = ['"', '\'', '“', '”', '„', '«', '»', '*', '#', '`', ' ', '.'];
    let text = line.trim_matches(quotes);
    let text = text.strip_prefix("Title:").unwrap_or(text).trim_matches(quotes);
    let fits =
        (2..=max_chars).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

impl Chat {
    /// Replaces the title made of the question's words by one that the model makes.
    pub(super) async fn make_title(
        &self,
        caller: &Caller,
        id: ConversationId,
        model: &ModelRef,
        wanted: Wanted,
        answer: &str,
    ) {
        if *model == ModelRef::passages() {
            return;
        }
        let config = self.inner.live.now();
        let (max_chars, limit) = (config.chat.title_max_chars, config.chat.title_timeout);
        let asked = tokio::select! {
            asked = self.ask_for_title(caller, model, &wanted.question, answer, limit) => asked,
            () = self.inner.stop.cancelled() => return,
        };
        let Some(title) = asked.and_then(|text| from_answer(&text, max_chars)) else {
            tracing::debug!("the model made no title; the question's words stay");
            return;
        };
        let owner = caller.user;
        let written = self
            .inner
            .store
            .write(move |tx| {
                let done = conversations::queries::update_made_title(tx, id, &title, true)?;
                let found = conversations::queries::find(tx, owner, id)?;
                Ok::<_, Error>(found.filter(|_| done))
            })
            .await;
        match written {
            Ok(Some((_, conversation))) => {
                self.inner.conversations.announce(owner, "updated", &conversation);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a title was not kept"),
        }
    }

    async fn ask_for_title(
        &self,
        caller: &Caller,
        model: &ModelRef,
        question: &str,
        answer: &str,
        limit: Duration,
    ) -> Option<String> {
        let excerpt = |text: &str| text.chars().take(EXCERPT_CHARS).collect::<String>();
        let content = format!(
            "Write a title of two to six words for this conversation, in its language. Answer with \
             the title alone.\n\nQuestion: {}\n\nAnswer: {}",
            excerpt(question),
            excerpt(answer)
        );
        let request = ChatRequest {
            messages: vec![ChatMessage::new(Role::User, content)],
            options: Options { max_tokens: Some(TITLE_TOKENS), ..Options::default() },
            passages: Vec::new(),
            noted: false,
            tools: Vec::new(),
        };
        let talk = async {
            let mut stream =
                self.inner.models.stream(caller, model, &request, |_| ()).await.ok()?;
            let mut text = String::new();
            while let Some(delta) = stream.next().await {
                text.push_str(&delta.ok()?.text);
            }
            Some(text)
        };
        tokio::time::timeout(limit, talk).await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_question_names_its_conversation() {
        for (question, title) in [
            ("How do I light a fire? I tried.", Some("How do I light a fire?")),
            ("\n\n## Plan\nmore", Some("Plan")),
            ("... !!", None),
            ("", None),
        ] {
            assert_eq!(from_words(question, 80).as_deref(), title, "{question}");
        }
    }

    #[test]
    fn a_models_title_is_taken_only_when_it_is_one() {
        assert_eq!(from_answer("\"Lighting a Fire\"\n", 80).as_deref(), Some("Lighting a Fire"));
        assert_eq!(from_answer("**Title: Wood**", 80).as_deref(), Some("Wood"));
        assert_eq!(from_answer(&"word ".repeat(40), 80), None);
        assert_eq!(from_answer(" \n", 80), None);
    }

    proptest! {
        #[test]
        fn a_title_is_never_too_long(question in "\\PC{0,300}", max in 10_usize..100) {
            if let Some(title) = from_words(&question, max) {
                prop_assert!(!title.is_empty() && title.chars().count() <= max);
            }
        }
    }
}
