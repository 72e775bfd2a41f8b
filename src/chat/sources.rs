//! What a question is answered from besides the talk itself: documents given whole where they fit,
//! passages of documents, passages of past conversations; numbered, trimmed to their share of the
//! prompt, and looked up at their places before they go out.

use super::Chat;
use crate::base::{Caller, DocumentId};
use crate::conversations::{AllOrNone, Conversation, DocumentScope, Options, Place, Source};
use crate::error::Error;
use crate::models::{Model, estimate_tokens};
use crate::search;

/// Characters that a token stands for at least, so that a text with more cannot fit.
const CHARS_PER_TOKEN: u64 = 8;

/// What was gathered.
#[derive(Debug, Clone, Default)]
pub(super) struct Gathered {
    /// What may be cited.
    pub(super) sources: Vec<Source>,
    /// Whether an answer without a source is worth a word: documents were asked, and either
    /// something was found or somebody had named them.
    pub(super) looked: bool,
}

/// What a question may draw on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) question: &'a str,
    /// The conversation that asks; none for a temporary chat.
    pub(super) conversation: Option<&'a Conversation>,
    /// Documents that the question names.
    pub(super) named: &'a [DocumentId],
    pub(super) model: &'a Model,
    pub(super) options: &'a Options,
    /// Tokens of the whole prompt.
    pub(super) budget: u64,
}

impl Chat {
    /// Gathers it.
    pub(super) async fn gather_sources(
        &self,
        caller: &Caller,
        wanted: Wanted<'_>,
    ) -> Result<Gathered, Error> {
        let config = self.inner.live.now();
        let quotes = wanted.model.is_passages();
        let room = self.sources_room(wanted);
        let mut left = room;
        let (whole, place) = scope(wanted);
        let mut sources = Vec::new();
        let mut asked_apart = Vec::new();
        for id in whole {
            // Passages are the answer where nobody writes one.
            let fits = if quotes { None } else { self.whole(caller, id, left).await? };
            match fits {
                Some((source, tokens)) => {
                    left -= tokens;
                    sources.push(source);
                }
                None => asked_apart.push(id),
            }
        }
        let given: Vec<DocumentId> =
            sources.iter().filter_map(|s| Some(s.place.as_ref()?.document_id)).collect();
        let explicit = is_explicit(wanted, &place);
        let only = match place {
            Scope::All => None,
            Scope::Named => Some(asked_apart),
            Scope::These(mut ids) => {
                ids.extend(asked_apart);
                ids.retain(|id| !given.contains(id));
                Some(ids)
            }
        };
        let limit = config.chat.document_results;
        let memory = match (wanted.options.memory, quotes) {
            (Some(false), _) => 0,
            (_, true) => limit,
            (_, false) => config.chat.memory_results,
        };
        let except = wanted.conversation.map(|conversation| conversation.id);
        let look = search::Wanted { documents: limit, only, memory, except };
        let found = self.inner.search.passages(caller, wanted.question, look).await?;
        let mut passages = found.documents;
        passages.retain(|source| {
            source.place.as_ref().is_none_or(|place| !given.contains(&place.document_id))
        });
        let looked = explicit || !passages.is_empty() || !sources.is_empty();
        passages.extend(found.memory);
        if quotes {
            passages.sort_by(|a, b| b.score.total_cmp(&a.score));
            passages.truncate(limit);
        }
        sources.extend(passages);
        let mut sources = fitting(sources, room);
        self.inner.documents.verify(caller, &mut sources).await?;
        for (n, source) in (1_u32..).zip(&mut sources) {
            source.n = n;
        }
        Ok(Gathered { sources, looked: looked && !quotes })
    }

    /// Tokens that sources may have in a prompt. Where nobody writes an answer they are it.
    pub(super) fn sources_room(&self, wanted: Wanted<'_>) -> u64 {
        if wanted.model.is_passages() {
            return u64::MAX;
        }
        wanted.budget * u64::from(self.inner.live.now().chat.documents_percent) / 100
    }

    /// A whole document as one source, when it has at most so many tokens.
    async fn whole(
        &self,
        caller: &Caller,
        id: DocumentId,
        tokens: u64,
    ) -> Result<Option<(Source, u64)>, Error> {
        let most = tokens.saturating_mul(CHARS_PER_TOKEN);
        let found = match self.inner.documents.whole_text(caller, id, most).await {
            Ok(found) => found,
            // Deleted for good since it was named.
            Err(Error::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let Some((document, text)) = found else { return Ok(None) };
        let cost = u64::from(estimate_tokens(&text));
        if cost > tokens || document.deleted_at.is_some() {
            return Ok(None);
        }
        let source = Source {
            n: 0,
            kind: "document".to_owned(),
            title: document.title.clone().unwrap_or_else(|| document.name.clone()),
            location: String::new(),
            score: 1.0,
            created_at: document.created_at,
            conversation_id: None,
            message_id: None,
            place: Some(Place {
                document_id: id,
                start: 0,
                end: document.chars.unwrap_or_default(),
                page: None,
                heading: String::new(),
                whole: true,
                verified: true,
            }),
            text,
        };
        Ok(Some((source, cost)))
    }
}

/// What an answer that is gone on with was given when it began, under the same numbers.
pub(super) fn given_before(sources: &[Source], wanted: Wanted<'_>) -> Gathered {
    let asked = is_explicit(wanted, &scope(wanted).1) || sources.iter().any(|s| s.place.is_some());
    Gathered { sources: sources.to_vec(), looked: asked && !wanted.model.is_passages() }
}

/// The sources that have room in so many tokens, in their order.
pub(super) fn fitting(mut sources: Vec<Source>, room: u64) -> Vec<Source> {
    let mut left = room;
    sources.retain(|source| {
        let tokens = u64::from(estimate_tokens(&source.text));
        let fits = tokens <= left;
        left -= if fits { tokens } else { 0 };
        fits
    });
    sources
}

/// Whether somebody named documents.
fn is_explicit(wanted: Wanted<'_>, place: &Scope) -> bool {
    !wanted.named.is_empty() || matches!(place, Scope::These(_))
}

/// The documents to give whole where they fit, and where to look for passages.
fn scope(wanted: Wanted<'_>) -> (Vec<DocumentId>, Scope) {
    if !wanted.named.is_empty() {
        return (wanted.named.to_vec(), Scope::Named);
    }
    let Some(conversation) = wanted.conversation else { return (Vec::new(), Scope::All) };
    let pinned = conversation.pinned_document_ids.clone();
    match &conversation.document_ids {
        DocumentScope::Whole(AllOrNone::All) => (pinned, Scope::All),
        DocumentScope::Whole(AllOrNone::None) => (pinned, Scope::Named),
        DocumentScope::Some(ids) => {
            let mut whole = pinned;
            whole.extend(ids.iter().filter(|id| !whole.contains(id)).copied().collect::<Vec<_>>());
            (whole, Scope::These(Vec::new()))
        }
    }
}

/// Where to look for passages.
#[derive(Debug, Clone)]
enum Scope {
    /// In every document.
    All,
    /// Only in those that were named and did not fit whole.
    Named,
    /// In these, and in those that did not fit whole.
    These(Vec<DocumentId>),
}
