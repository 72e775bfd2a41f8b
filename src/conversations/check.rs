//! What names, tags and prompts may be. Names are trimmed; an empty one is none.

use crate::base::{ConversationId, DocumentId, ToolServerId};
use crate::config::Config;
use crate::error::Error;

use super::calls::{SEARCH_CONVERSATIONS, SEARCH_DOCUMENTS};
use super::options::Options;
use super::types::{Bulk, Changes, DocumentScope, New};

/// Documents that a conversation may name one by one.
const MAX_DOCUMENTS: usize = 1000;
/// Searches and servers of tools that a conversation may name.
const MAX_TOOLS: usize = 100;

/// The limits in force.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    name_chars: usize,
    tags: usize,
    bulk: usize,
    text_bytes: usize,
    metadata_bytes: usize,
}

impl Rules {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            name_chars: config.conversations.max_name_chars,
            tags: config.conversations.max_tags,
            bulk: config.conversations.bulk_max,
            text_bytes: config.conversations.max_message_bytes,
            metadata_bytes: config.conversations.max_metadata_bytes,
        }
    }

    pub(super) fn new_conversation(self, new: &mut New) -> Result<(), Error> {
        self.name("title", &mut new.title)?;
        self.name("folder", &mut new.folder)?;
        self.tags(&mut new.tags)?;
        self.name("model", &mut new.model)?;
        self.text("system_prompt", new.system_prompt.as_deref())?;
        self.metadata(new.metadata.as_ref())?;
        documents(new.document_ids.as_ref(), new.pinned_document_ids.as_deref())?;
        tools(new.tools.as_deref())?;
        options(&new.options)
    }

    pub(super) fn changes(self, changes: &mut Changes) -> Result<(), Error> {
        for (field, name) in [
            ("title", &mut changes.title),
            ("folder", &mut changes.folder),
            ("model", &mut changes.model),
        ] {
            if let Some(name) = name {
                self.name(field, name)?;
            }
        }
        if let Some(tags) = &mut changes.tags {
            self.tags(tags)?;
        }
        if let Some(prompt) = &changes.system_prompt {
            self.text("system_prompt", prompt.as_deref())?;
        }
        self.metadata(changes.metadata.as_ref())?;
        documents(changes.document_ids.as_ref(), changes.pinned_document_ids.as_deref())?;
        tools(changes.tools.as_ref().and_then(|tools| tools.as_deref()))?;
        changes.options.as_ref().map_or(Ok(()), options)
    }

    pub(super) fn bulk(self, ids: &[ConversationId], bulk: &mut Bulk) -> Result<(), Error> {
        if ids.is_empty() || ids.len() > self.bulk {
            return Err(Error::invalid("ids", format!("give 1 to {} ids (BULK_MAX)", self.bulk)));
        }
        match bulk {
            Bulk::Tag { tag } | Bulk::Untag { tag } => {
                let mut tags = vec![std::mem::take(tag)];
                self.tags(&mut tags)?;
                *tag = tags.pop().ok_or_else(|| Error::invalid("tag", "name the tag"))?;
                Ok(())
            }
            Bulk::Move { folder } => self.name("folder", folder),
            _ => Ok(()),
        }
    }

    pub(super) fn text(self, field: &'static str, text: Option<&str>) -> Result<(), Error> {
        match text {
            Some(text) if text.len() > self.text_bytes => Err(Error::TooLarge {
                message: format!("{field} is longer than {} kB", self.text_bytes / 1024),
                limit_bytes: self.text_bytes as u64,
            }),
            _ => Ok(()),
        }
    }

    fn name(self, field: &'static str, name: &mut Option<String>) -> Result<(), Error> {
        let Some(text) = name else { return Ok(()) };
        let trimmed = text.trim();
        if text.chars().count() > self.name_chars {
            let message = format!("{field} may have at most {} characters", self.name_chars);
            return Err(Error::invalid(field, message));
        }
        if trimmed.chars().any(char::is_control) {
            return Err(Error::invalid(
                field,
                format!("{field} may not contain control characters"),
            ));
        }
        *name = (!trimmed.is_empty()).then(|| trimmed.to_owned());
        Ok(())
    }

    fn tags(self, tags: &mut Vec<String>) -> Result<(), Error> {
        if tags.len() > self.tags {
            return Err(Error::invalid("tags", format!("give at most {} tags", self.tags)));
        }
        let mut kept = Vec::with_capacity(tags.len());
        for tag in tags.drain(..) {
            let mut tag = Some(tag);
            self.name("tags", &mut tag)?;
            kept.extend(tag);
        }
        kept.sort();
        kept.dedup();
        *tags = kept;
        Ok(())
    }

    fn metadata(self, metadata: Option<&serde_json::Value>) -> Result<(), Error> {
        let Some(metadata) = metadata else { return Ok(()) };
        if !metadata.is_object() {
            return Err(Error::invalid("metadata", "metadata must be an object"));
        }
        if metadata.to_string().len() > self.metadata_bytes {
            return Err(Error::TooLarge {
                message: format!("metadata is longer than {} kB", self.metadata_bytes / 1024),
                limit_bytes: self.metadata_bytes as u64,
            });
        }
        Ok(())
    }
}

/// Holds options to what every provider understands.
pub(crate) fn options(options: &Options) -> Result<(), Error> {
    let within = |field: &'static str, value: Option<f32>, max: f32| match value {
        Some(value) if !(0.0..=max).contains(&value) => {
            Err(Error::invalid(format!("options.{field}"), format!("{field} goes from 0 to {max}")))
        }
        _ => Ok(()),
    };
    within("temperature", options.temperature, 2.0)?;
    within("top_p", options.top_p, 1.0)?;
    if options.max_tokens == Some(0) {
        return Err(Error::invalid("options.max_tokens", "max_tokens must be at least 1"));
    }
    let stop = options.stop.as_deref().unwrap_or_default();
    if stop.len() > 4 || stop.iter().any(|text| text.is_empty() || text.chars().count() > 200) {
        return Err(Error::invalid("options.stop", "give at most 4 texts of 1 to 200 characters"));
    }
    Ok(())
}

/// Holds the choice of tools to what can be one. A server that is gone is no mistake.
fn tools(chosen: Option<&[String]>) -> Result<(), Error> {
    let chosen = chosen.unwrap_or_default();
    if chosen.len() > MAX_TOOLS {
        return Err(Error::invalid("tools", format!("name at most {MAX_TOOLS} tools")));
    }
    let known = |name: &String| {
        [SEARCH_DOCUMENTS, SEARCH_CONVERSATIONS].contains(&name.as_str())
            || name.parse::<ToolServerId>().is_ok()
    };
    match chosen.iter().position(|name| !known(name)) {
        Some(n) => Err(Error::invalid(
            format!("tools[{n}]"),
            "name search_documents, search_conversations or the id of a server of tools",
        )),
        None => Ok(()),
    }
}

fn documents(scope: Option<&DocumentScope>, pinned: Option<&[DocumentId]>) -> Result<(), Error> {
    let named = match scope {
        Some(DocumentScope::Some(ids)) => ids.as_slice(),
        _ => &[],
    };
    for (field, ids) in
        [("document_ids", named), ("pinned_document_ids", pinned.unwrap_or_default())]
    {
        if ids.len() > MAX_DOCUMENTS {
            let message = format!("name at most {MAX_DOCUMENTS} documents, or \"all\"");
            return Err(Error::invalid(field, message));
        }
    }
    Ok(())
}
