//! How many tokens a prompt may have, and how many the next one has before its question is written, so
//! that whoever writes it sees what will be left out. It is counted as the prompt itself is. The
//! passages that are found for a question are not known before it; they come on top.

use serde::Serialize;
use utoipa::ToSchema;

use super::offer::Offer;
use super::prompt::{self, MESSAGE_TOKENS};
use super::{Chat, gather, past};
use crate::base::{Caller, ConversationId};
use crate::conversations::{Options, Role};
use crate::error::Error;
use crate::models::Model;

/// What the next prompt has, in tokens, by the estimate that prompts are trimmed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PromptBudget {
    /// What instructions, passages and messages may have together; tools are taken off already.
    pub budget_tokens: u64,
    /// Earlier messages that are sent at most.
    pub history_limit: usize,
    /// Instructions and notes.
    pub fixed_tokens: u64,
    /// The earlier messages that `history_limit` lets through.
    pub past_tokens: u64,
    /// What a message has besides its text.
    pub message_tokens: u32,
    /// What a picture counts for.
    pub image_tokens: u32,
}

impl Chat {
    /// What the next question of a conversation, or of a new one, is sent with.
    pub async fn prompt_budget(
        &self,
        caller: &Caller,
        id: Option<ConversationId>,
        model: Option<&str>,
    ) -> Result<PromptBudget, Error> {
        let (owner, history_limit) = (caller.user, self.inner.live.now().chat.history_limit);
        let (conversation, mut said) = match id {
            None => (None, Vec::new()),
            Some(id) => {
                let store = &self.inner.store;
                let read = store.read(move |db| gather::past(db, owner, id, history_limit));
                let (conversation, said) = read.await?;
                (Some(conversation), said)
            }
        };
        let wanted = model.or_else(|| conversation.as_ref()?.model.as_deref());
        let model = self.inner.models.pick(caller, wanted).await?;
        let chosen = conversation.as_ref().and_then(|one| one.tools.as_deref());
        let options = conversation.as_ref().map(|one| one.options.clone()).unwrap_or_default();
        let budget = self.budget(&model, &options);
        let Offer { tools, tokens, .. } = self.offer(&model, chosen, budget).await?;
        let budget = budget.saturating_sub(tokens);
        let notes = self.notes(caller, &options).await?;
        let instructions = conversation.as_ref().and_then(|one| one.system_prompt.as_deref());
        let fixed = prompt::system_text(instructions, &notes, &[]);
        // An answer whose question was left out is left out, too.
        let answers = said.iter().take_while(|said| said.role == Role::Assistant).count();
        said.drain(..answers);
        let results = u32::try_from(budget / 4).unwrap_or(u32::MAX);
        let told = said.into_iter().flat_map(|one| past::told(one, !tools.is_empty(), results));
        Ok(PromptBudget {
            budget_tokens: budget,
            history_limit,
            fixed_tokens: fixed.as_deref().map_or(0, |text| u64::from(prompt::cost(text))),
            past_tokens: told.map(|message| u64::from(past::cost(&message))).sum(),
            message_tokens: MESSAGE_TOKENS,
            image_tokens: past::IMAGE_TOKENS,
        })
    }

    /// Tokens that a prompt may have.
    pub(super) fn budget(&self, model: &Model, options: &Options) -> u64 {
        let config = self.inner.live.now();
        let window = model.context_window.map_or(config.chat.default_context_tokens, u64::from);
        let reserve = options.max_tokens.map_or(config.chat.answer_reserve_tokens, u64::from);
        // A reserve that leaves nothing to ask with would be no help.
        let auto = window.saturating_sub(reserve).max(window / 2);
        config.chat.context_token_budget.unwrap_or(auto)
    }
}
