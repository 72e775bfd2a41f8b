//! What names a provider and a model: `prov_<hex>` or `passages`, and `<provider>/<model name>`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::base::ProviderId;

/// The name of the provider that is always there, and of its one model.
const PASSAGES: &str = "passages";
/// The longest model name that is taken.
const MAX_NAME_BYTES: usize = 300;

/// A provider: one that was added (or stands in the environment), or the one that is always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProviderRef {
    /// Answers with passages, without a model.
    Passages,
    /// All others.
    Id(ProviderId),
}

/// A model of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelRef {
    /// Where it is.
    pub provider: ProviderRef,
    /// What it is called there.
    pub name: String,
}

/// A text that names no provider or model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a model like prov_<32 hex digits>/name")]
pub struct BadRef;

impl ModelRef {
    /// The model that answers with passages.
    pub fn passages() -> Self {
        Self { provider: ProviderRef::Passages, name: PASSAGES.to_owned() }
    }
}

impl fmt::Display for ProviderRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passages => f.write_str(PASSAGES),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl FromStr for ProviderRef {
    type Err = BadRef;
    fn from_str(text: &str) -> Result<Self, BadRef> {
        if text == PASSAGES {
            return Ok(Self::Passages);
        }
        text.parse().map(Self::Id).map_err(|_| BadRef)
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.name)
    }
}

impl FromStr for ModelRef {
    type Err = BadRef;
    fn from_str(text: &str) -> Result<Self, BadRef> {
        let (provider, name) = text.split_once('/').ok_or(BadRef)?;
        let provider: ProviderRef = provider.parse()?;
        let sound = !name.is_empty()
            && name.len() <= MAX_NAME_BYTES
            && name.trim() == name
            && !name.chars().any(char::is_control)
            && (provider != ProviderRef::Passages || name == PASSAGES);
        if sound { Ok(Self { provider, name: name.to_owned() }) } else { Err(BadRef) }
    }
}

macro_rules! as_text {
    ($name:ident, $pattern:literal) => {
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some($pattern));
                text.into()
            }
        }

        impl ToSchema for $name {}

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

as_text!(ProviderRef, "^(passages|prov_[0-9a-f]{32})$");
as_text!(ModelRef, "^(passages|prov_[0-9a-f]{32})/.+$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_by_provider_and_name() {
        let id = ProviderId::new();
        let model: ModelRef = format!("{id}/meta-llama/llama-3:free").parse().unwrap();
        assert_eq!(model.provider, ProviderRef::Id(id));
        assert_eq!(model.name, "meta-llama/llama-3:free");
        assert_eq!(model.to_string().parse(), Ok(model));
        assert_eq!("passages/passages".parse(), Ok(ModelRef::passages()));
    }

    #[test]
    fn what_is_no_model_is_refused() {
        let id = ProviderId::new();
        let long = format!("{id}/{}", "x".repeat(301));
        let empty = format!("{id}/");
        let padded = format!("{id}/ a");
        for bad in ["", "/", "gpt-4", "passages", "passages/x", "prov_1/x", &empty, &padded, &long]
        {
            assert_eq!(bad.parse::<ModelRef>(), Err(BadRef), "{bad}");
        }
    }
}
