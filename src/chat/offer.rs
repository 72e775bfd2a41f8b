//! Which tools go with a question: those of its conversation, where the model calls any and has room.

use super::Chat;
use crate::base::{Caller, ConversationId};
use crate::error::Error;
use crate::models::{self, Model, estimate_tokens};
use crate::tools::{Kit, Tool, ToolChoice};

/// What goes with a question.
#[derive(Debug, Default)]
pub(super) struct Offer {
    /// The tools.
    pub(super) tools: Vec<Tool>,
    /// The same, as the model is told of them.
    pub(super) told: Vec<models::Tool>,
    /// What is not there, and why, in sentences.
    pub(super) troubles: Vec<String>,
    /// Tokens that telling the model costs.
    pub(super) tokens: u64,
}

impl Chat {
    /// What a conversation may choose from, and what it uses.
    pub async fn tools(
        &self,
        caller: &Caller,
        id: ConversationId,
    ) -> Result<Vec<ToolChoice>, Error> {
        let conversation = self.inner.conversations.get(caller, id).await?;
        self.inner.tools.choices(Some(id), conversation.tools.as_deref()).await
    }

    /// What a new conversation may choose from, and what it uses unless it says otherwise.
    pub async fn tools_of_new(&self) -> Result<Vec<ToolChoice>, Error> {
        self.inner.tools.choices(None, None).await
    }

    /// Takes back what was allowed for a whole conversation.
    pub async fn forbid_tools(&self, caller: &Caller, id: ConversationId) -> Result<(), Error> {
        self.inner.conversations.get(caller, id).await?;
        self.inner.tools.forbid(caller, id).await
    }

    /// Finds them. They may take half of the prompt's tokens; what is beyond stays out.
    pub(super) async fn offer(
        &self,
        model: &Model,
        chosen: Option<&[String]>,
        budget: u64,
    ) -> Result<Offer, Error> {
        let mut offer = Offer::default();
        if !model.capabilities.tools {
            if chosen.is_some_and(|chosen| !chosen.is_empty()) && !model.is_passages() {
                let text = format!("{} calls no tools, so it was asked without them", model.name);
                offer.troubles.push(text);
            }
            return Ok(offer);
        }
        let Kit { tools, troubles } = self.inner.tools.kit(chosen).await?;
        offer.troubles = troubles;
        let mut left_out = 0_usize;
        for tool in tools {
            let told = models::Tool {
                name: tool.name.clone(),
                about: tool.about.clone(),
                takes: tool.takes.clone(),
            };
            let words = [&told.name, &told.about, &told.takes.to_string()];
            let cost: u64 = words.into_iter().map(|text| u64::from(estimate_tokens(text))).sum();
            if offer.tokens + cost > budget / 2 {
                left_out += 1;
                continue;
            }
            offer.tokens += cost;
            offer.told.push(told);
            offer.tools.push(tool);
        }
        if left_out > 0 {
            let text = format!("{left_out} tools were left out: the model has no room for them");
            offer.troubles.push(text);
        }
        Ok(offer)
    }
}
