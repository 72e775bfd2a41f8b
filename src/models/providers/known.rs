//! What is known of models whose servers do not say: by the beginning of the name, from the makers'
//! model pages. A server's own word always counts more; an unknown name stays unknown.

use super::{Capabilities, Listed};

/// Name's beginning, context window in tokens, and what it can do: `v`ision, `t`ools, `r`easoning.
/// The first that fits counts, so longer beginnings stand above shorter ones.
const KNOWN: &[(&str, u32, &str)] = &[
    ("gpt-5-chat", 128_000, "v"),
    ("gpt-5", 400_000, "vtr"),
    ("gpt-4.1", 1_047_576, "vt"),
    ("gpt-4o", 128_000, "vt"),
    ("chatgpt-4o", 128_000, "v"),
    ("gpt-4-turbo", 128_000, "vt"),
    ("gpt-4-32k", 32_768, "t"),
    ("gpt-4-1106", 128_000, "t"),
    ("gpt-4-0125", 128_000, "t"),
    ("gpt-4", 8_192, "t"),
    ("gpt-3.5-turbo-instruct", 4_096, ""),
    ("gpt-3.5-turbo", 16_385, "t"),
    ("gpt-oss", 131_072, "tr"),
    ("o1-mini", 128_000, "r"),
    ("o1-preview", 128_000, "r"),
    ("o1", 200_000, "vtr"),
    ("o3-mini", 200_000, "tr"),
    ("o3", 200_000, "vtr"),
    ("o4-mini", 200_000, "vtr"),
    ("claude-3-7", 200_000, "vtr"),
    ("claude-3", 200_000, "vt"),
    ("claude-2.1", 200_000, ""),
    ("claude-2", 100_000, ""),
    ("claude-", 200_000, "vtr"),
    ("deepseek-reasoner", 131_072, "tr"),
    ("deepseek-chat", 131_072, "t"),
    ("sonar-pro", 200_000, "v"),
    ("sonar-reasoning", 128_000, "r"),
    ("sonar", 128_000, ""),
    ("mistral-large", 131_072, "vt"),
    ("mistral-medium", 131_072, "vt"),
    ("mistral-small", 131_072, "vt"),
    ("magistral", 131_072, "tr"),
    ("pixtral", 131_072, "vt"),
    ("codestral", 262_144, "t"),
];

/// Beginnings and parts of names of models that `OpenAI` lists and that do not chat.
const NO_CHAT: &[&str] = &[
    "tts",
    "whisper",
    "dall-e",
    "gpt-image",
    "sora",
    "babbage",
    "davinci",
    "moderation",
    "realtime",
    "transcribe",
    "-audio",
    "gpt-audio",
    "-instruct",
    "computer-use",
    "codex",
    "-deep-research",
];

/// Adds what is known to what was told.
pub(in crate::models) fn complete(mut model: Listed) -> Listed {
    let low = model.name.to_ascii_lowercase();
    // `openai/gpt-4o` of a router is the same model.
    let bare = low.rsplit('/').next().unwrap_or(&low);
    model.capabilities.reranking |= reranks(bare);
    model.capabilities.embeddings |= embeds(bare);
    if !model.capabilities.chat() {
        return model;
    }
    if let Some((_, context, can)) = KNOWN.iter().find(|(name, ..)| bare.starts_with(name)) {
        model.context_window = model.context_window.or(Some(*context));
        let told = &mut model.capabilities;
        *told = Capabilities {
            vision: told.vision || can.contains('v'),
            tools: told.tools || can.contains('t'),
            reasoning: told.reasoning || can.contains('r'),
            ..*told
        };
    }
    model
}

/// Whether a name is that of an embedding model.
pub(super) fn embeds(name: &str) -> bool {
    let parts = ["embed", "bge-", "all-minilm", "e5-", "gte-"];
    !reranks(name) && parts.iter().any(|part| name.contains(part))
}

/// Whether a name is that of a model that ranks texts.
pub(super) fn reranks(name: &str) -> bool {
    name.contains("rerank")
}

/// Whether a model of `OpenAI`'s own list answers questions (or makes embeddings).
pub(super) fn chats(name: &str) -> bool {
    !NO_CHAT.iter().any(|part| name.contains(part))
}

/// How good a first choice a model is, lower is better: known and current before the rest.
pub(in crate::models) fn rank(name: &str) -> usize {
    let low = name.to_ascii_lowercase();
    let bare = low.rsplit('/').next().unwrap_or(&low);
    let current = ["gpt-5", "claude-sonnet", "claude-opus", "gpt-4.1", "gpt-4o", "claude-"];
    current.iter().position(|start| bare.starts_with(start)).unwrap_or(current.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Listed {
        complete(Listed { name: name.to_owned(), ..Listed::default() })
    }

    #[test]
    fn what_is_known_is_added_and_what_was_told_stays() {
        let model = named("gpt-4o-mini");
        assert_eq!(model.context_window, Some(128_000));
        assert!(model.capabilities.vision && model.capabilities.tools);
        assert_eq!(named("openai/gpt-4-0613").context_window, Some(8_192));
        assert_eq!(
            named("my-own-model"),
            Listed { name: "my-own-model".to_owned(), ..Listed::default() }
        );
        let told =
            Listed { name: "gpt-4".to_owned(), context_window: Some(5), ..Listed::default() };
        assert_eq!(complete(told).context_window, Some(5));
        assert!(named("text-embedding-3-small").capabilities.embeddings);
        let ranks = named("BAAI/bge-reranker-v2-m3").capabilities;
        assert!(ranks.reranking && !ranks.embeddings && !ranks.chat());
    }

    #[test]
    fn a_longer_beginning_is_never_hidden_by_a_shorter_one_above_it() {
        for (n, (name, ..)) in KNOWN.iter().enumerate() {
            let first = KNOWN.iter().position(|(start, ..)| name.starts_with(start));
            assert_eq!(first, Some(n), "{name}");
        }
    }

    #[test]
    fn what_does_not_chat_is_not_offered() {
        assert!(chats("gpt-4o") && chats("o3-mini") && chats("text-embedding-3-small"));
        assert!(!chats("tts-1") && !chats("gpt-4o-realtime-preview") && !chats("dall-e-3"));
    }
}
