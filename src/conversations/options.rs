//! How a model is asked.

use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};

use crate::base::objects;

/// How a model is asked; what is absent is left to the model's own default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Options {
    /// 0 to 2: how freely words are chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 2)]
    pub temperature: Option<f32>,
    /// 0 to 1: the share of likely words to choose from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1)]
    pub top_p: Option<f32>,
    /// The longest answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub max_tokens: Option<u32>,
    /// For repeatable answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Texts at which the answer ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = stop)]
    pub stop: Option<Vec<String>>,
    /// Whether passages of past conversations are offered to the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<bool>,
}

objects::object!(Options);

impl Serialize for Options {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // The derived one; `remote` makes it a function of the type.
        Self::serialize(self, to)
    }
}

/// What `stop` takes; limits of a list's texts have no attribute.
fn stop() -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let text = text.min_length(Some(1)).max_length(Some(200));
    let kinds = SchemaType::from_iter([Type::Array, Type::Null]);
    ArrayBuilder::new().schema_type(kinds).items(text).max_items(Some(4)).into()
}

impl Options {
    /// These options, and where they are silent, `fallback`'s.
    #[must_use]
    pub fn or(self, fallback: Self) -> Self {
        Self {
            temperature: self.temperature.or(fallback.temperature),
            top_p: self.top_p.or(fallback.top_p),
            max_tokens: self.max_tokens.or(fallback.max_tokens),
            seed: self.seed.or(fallback.seed),
            stop: self.stop.or(fallback.stop),
            memory: self.memory.or(fallback.memory),
        }
    }
}
