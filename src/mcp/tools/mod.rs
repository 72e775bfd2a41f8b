//! The tools, each with what it needs, what it takes and what it does. What it takes is described from
//! the type that reads it.

mod bus;
mod search;

use std::pin::Pin;
use std::sync::Arc;

use rmcp::model::{JsonObject, ToolAnnotations};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::PartialSchema;

use super::Asker;
use crate::app::App;
use crate::auth::Need;
use crate::base::Fault;
use crate::error::Error;

/// A tool.
pub(super) struct Tool {
    pub(super) name: &'static str,
    title: &'static str,
    /// What it does and when to use it, for a model.
    about: &'static str,
    pub(super) need: Need,
    /// Whether it leaves everything as it is.
    reads: bool,
    takes: fn() -> Value,
    pub(super) call: fn(Asked) -> Answer,
}

/// A tool's result on its way.
type Answer = Pin<Box<dyn Future<Output = Result<Value, Error>> + Send>>;

/// One call of a tool.
pub(super) struct Asked {
    pub(super) app: Arc<App>,
    pub(super) asker: Asker,
    pub(super) arguments: Option<JsonObject>,
}

const ALL: [Tool; 8] = [
    search::DOCUMENTS,
    search::CONVERSATIONS,
    bus::SEND,
    bus::ASK,
    bus::BROADCAST,
    bus::MESSAGES,
    bus::SEARCH,
    bus::STATUS,
];

/// Every tool.
pub(super) fn all() -> &'static [Tool] {
    &ALL
}

/// The tool of a name.
pub(super) fn find(name: &str) -> Option<&'static Tool> {
    all().iter().find(|tool| tool.name == name)
}

impl Tool {
    /// As clients are told of it.
    pub(super) fn described(&self) -> rmcp::model::Tool {
        let mut takes = match (self.takes)() {
            Value::Object(takes) => takes,
            _ => JsonObject::new(),
        };
        // What the type says of itself, the tool says better.
        takes.remove("description");
        let hints = ToolAnnotations::with_title(self.title)
            .read_only(self.reads)
            .destructive(false)
            .idempotent(self.reads)
            .open_world(false);
        rmcp::model::Tool::new(self.name, self.about, takes)
            .with_title(self.title)
            .with_annotations(hints)
    }
}

impl Asked {
    /// What was given, as the type that the tool describes.
    fn read<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        let given = Value::Object(self.arguments.take().unwrap_or_default());
        serde_path_to_error::deserialize(given).map_err(|error| {
            let Fault { field, message } = Fault::of(&error.path().to_string(), error.inner());
            Error::invalid(field, message)
        })
    }
}

/// What a type takes, as JSON Schema.
fn schema<T: PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap_or_default()
}

/// A result as JSON.
fn told(value: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::internal("writing a result", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_describes_an_object_that_is_whole() {
        for tool in all() {
            let told = tool.described();
            let takes = Value::Object((*told.input_schema).clone());
            assert_eq!(takes["type"], "object", "{}", tool.name);
            assert_eq!(takes["additionalProperties"], false, "{}: {takes}", tool.name);
            assert!(!takes.to_string().contains("$ref"), "{}: {takes}", tool.name);
            jsonschema::meta::validate(&takes).unwrap();
            for (name, field) in takes["properties"].as_object().unwrap() {
                let about = field["description"].as_str().unwrap_or_default();
                assert!(!about.is_empty(), "{}: nothing is said of {name}", tool.name);
            }
            assert!(told.description.unwrap().len() > 40, "{}", tool.name);
        }
    }

    #[test]
    fn names_are_told_apart() {
        let names: std::collections::HashSet<_> = all().iter().map(|tool| tool.name).collect();
        assert_eq!(names.len(), all().len());
    }
}
