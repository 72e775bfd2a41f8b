//! Providers: what a person adds, changes and removes. A row's key is sealed; what is shown of it are
//! its last characters. Those from the environment and the passages are built in: shown like the rest,
//! changed nowhere here.

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::error::LastError;
use super::health::{About, BreakerView, Stats};
use super::ids::ProviderRef;
use super::providers::Kind;
use super::settings::Settings;
use super::{HOUSE, Models, base_url, queries};
use crate::base::{Caller, ProviderId, Timestamp, UserId, clock};
use crate::error::Error;
use crate::net::breaker::State;
use crate::store::Seal;

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 100;
/// The longest key, in bytes.
const MAX_KEY_BYTES: usize = 4096;

/// A provider as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Provider {
    /// Its id.
    pub id: ProviderRef,
    /// Its dialect.
    pub kind: Kind,
    /// Its name for people.
    pub name: String,
    /// Where it is; the passages are nowhere.
    pub base_url: Option<String>,
    /// `…` and the key's last characters.
    pub api_key: Option<String>,
    /// Whether its models are offered.
    pub enabled: bool,
    /// Whether it comes with the program or its environment, and cannot be changed here.
    pub builtin: bool,
    /// When it was added.
    pub created_at: Option<Timestamp>,
    /// Its breaker.
    pub breaker: BreakerView,
    /// Its newest failure, until it answers again.
    pub last_error: Option<LastError>,
    /// Its counts.
    pub stats: Stats,
}

/// What adding a provider takes.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProvider {
    /// `openai`, `anthropic` or `ollama`.
    #[schema(pattern = "^(openai|anthropic|ollama)$")]
    pub kind: String,
    /// By default the kind's or the host's.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100, extensions(("x-name" = json!(true))))]
    pub name: Option<String>,
    /// By default the kind's own.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Its key, where it wants one.
    #[serde(default, deserialize_with = "secret")]
    #[schema(value_type = Option<String>, max_length = 4096, write_only)]
    pub api_key: Option<SecretString>,
    /// By default yes.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// What may change of a provider.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProviderChanges)]
pub struct ProviderChange {
    /// Another name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100, extensions(("x-name" = json!(true))))]
    pub name: Option<String>,
    /// Another address; the stored key is dropped, for it was meant for the old one.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Another key; `null` drops it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 4096, write_only)]
    pub api_key: Option<Option<SecretString>>,
    /// On or off.
    #[serde(default)]
    pub enabled: Option<bool>,
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<SecretString>>, D::Error> {
    secret(from).map(Some)
}

/// A provider as it is stored, or as the environment has it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) id: ProviderId,
    pub(super) owner: UserId,
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) base_url: String,
    pub(super) key: Key,
    pub(super) last4: Option<String>,
    pub(super) enabled: bool,
    pub(super) builtin: bool,
    pub(super) created_at: Option<Timestamp>,
}

/// Where a key is.
#[derive(Debug, Clone)]
pub(super) enum Key {
    None,
    Sealed(Vec<u8>),
    Environment(SecretString),
}

impl Key {
    pub(super) fn sealed(&self) -> Option<&[u8]> {
        match self {
            Self::Sealed(bytes) => Some(bytes),
            Self::None | Self::Environment(_) => None,
        }
    }
}

impl Row {
    /// The providers whose keys stand in the environment, under ids that never change.
    pub(super) fn of_environment(settings: &Settings) -> Vec<Self> {
        let keys = [
            (Kind::Openai, &settings.openai_api_key, 1),
            (Kind::Anthropic, &settings.anthropic_api_key, 2),
        ];
        let with_key = keys.into_iter().filter_map(|(kind, key, n)| {
            let key = key.as_ref().filter(|key| !key.expose_secret().trim().is_empty())?;
            Some((kind, key.clone(), n))
        });
        with_key
            .map(|(kind, key, n)| Self {
                id: ProviderId::fixed(n),
                owner: UserId::OWNER,
                kind,
                name: kind.title().to_owned(),
                base_url: kind.default_base_url().to_owned(),
                last4: Some(last4(key.expose_secret())),
                key: Key::Environment(key),
                enabled: true,
                builtin: true,
                created_at: None,
            })
            .collect()
    }

    fn provider(&self) -> Provider {
        Provider {
            id: ProviderRef::Id(self.id),
            kind: self.kind,
            name: self.name.clone(),
            base_url: Some(self.base_url.clone()),
            api_key: self.last4.as_ref().map(|last| format!("…{last}")),
            enabled: self.enabled,
            builtin: self.builtin,
            created_at: self.created_at,
            breaker: CLOSED,
            last_error: None,
            stats: Stats::default(),
        }
    }

    /// Takes a key, or drops it.
    fn set_key(&mut self, seal: &Seal, key: Option<&str>) -> Result<(), Error> {
        (self.key, self.last4) = match key {
            None => (Key::None, None),
            Some(key) => {
                let sealed = seal.seal(self.id, key);
                let sealed = sealed.map_err(|e| Error::internal("keeping an API key", e))?;
                (Key::Sealed(sealed), Some(last4(key)))
            }
        };
        Ok(())
    }
}

const CLOSED: BreakerView =
    BreakerView { state: State::Closed, failures: 0, opens_again_in_seconds: None };

fn passages() -> Provider {
    Provider {
        id: ProviderRef::Passages,
        kind: Kind::Passages,
        name: Kind::Passages.title().to_owned(),
        base_url: None,
        api_key: None,
        enabled: true,
        builtin: true,
        created_at: None,
        breaker: CLOSED,
        last_error: None,
        stats: Stats::default(),
    }
}

impl Models {
    /// Every provider, in the order in which they were added, the passages last.
    pub fn list_providers(&self, caller: &Caller) -> Vec<Provider> {
        let rows = self.rows(caller);
        rows.iter().map(|row| self.with_health(row.provider())).chain([passages()]).collect()
    }

    /// One provider.
    pub fn get_provider(&self, caller: &Caller, id: ProviderRef) -> Result<Provider, Error> {
        let ProviderRef::Id(id) = id else { return Ok(passages()) };
        let row = self.row(caller, id).ok_or(Error::not_found("provider"))?;
        Ok(self.with_health(row.provider()))
    }

    /// Adds one and asks it for its models in the background.
    pub async fn create_provider(
        &self,
        caller: &Caller,
        new: NewProvider,
    ) -> Result<Provider, Error> {
        let kind = Kind::of_added(&new.kind).ok_or_else(|| {
            Error::invalid("kind", "the kind must be one of openai, anthropic, ollama")
        })?;
        let url = new.base_url.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let url = base_url::parse(kind, url.unwrap_or(kind.default_base_url()))?;
        let text = base_url::text(&url);
        let name = match new.name.as_deref() {
            Some(name) => checked_name(name)?,
            None if text == kind.default_base_url() => kind.title().to_owned(),
            None => url.host_str().unwrap_or(kind.title()).to_owned(),
        };
        let key = new.api_key.as_ref().map(checked_key).transpose()?.flatten();
        let mut row = Row {
            id: ProviderId::new(),
            owner: HOUSE,
            kind,
            name,
            base_url: text,
            key: Key::None,
            last4: None,
            enabled: new.enabled.unwrap_or(true),
            builtin: false,
            created_at: Some(clock::now()),
        };
        let inner = self.inner_arc();
        let written = self
            .store()
            .write_once(caller, move |tx| {
                row.set_key(&inner.seal, key.as_deref())?;
                queries::insert(tx, &row)?;
                Ok::<_, Error>(row.provider())
            })
            .await?;
        self.changed(caller, written.value.id).await?;
        Ok(self.with_health(written.value))
    }

    /// Changes one. A changed base URL drops the stored key, unless a new one comes with it.
    pub async fn update_provider(
        &self,
        caller: &Caller,
        id: ProviderRef,
        change: ProviderChange,
    ) -> Result<Provider, Error> {
        let id = stored(id)?;
        let name = change.name.as_deref().map(checked_name).transpose()?;
        let key = change
            .api_key
            .map(|key| key.as_ref().map(checked_key).transpose().map(Option::flatten))
            .transpose()?;
        let owner = HOUSE;
        let inner = self.inner_arc();
        let written = self
            .store()
            .write_once(caller, move |tx| {
                let mut row = queries::find(tx, owner, id)?.ok_or(Error::not_found("provider"))?;
                if let Some(name) = name {
                    row.name = name;
                }
                if let Some(url) = change.base_url {
                    let url = base_url::text(&base_url::parse(row.kind, &url)?);
                    if url != row.base_url {
                        row.base_url = url;
                        row.set_key(&inner.seal, None)?;
                    }
                }
                if let Some(key) = key {
                    row.set_key(&inner.seal, key.as_deref())?;
                }
                row.enabled = change.enabled.unwrap_or(row.enabled);
                queries::update(tx, &row)?;
                Ok::<_, Error>(row.provider())
            })
            .await?;
        self.changed(caller, written.value.id).await?;
        Ok(self.with_health(written.value))
    }

    /// Removes one.
    pub async fn delete_provider(&self, caller: &Caller, id: ProviderRef) -> Result<(), Error> {
        let (id, owner) = (stored(id)?, HOUSE);
        self.store()
            .write_once(caller, move |tx| {
                if queries::delete(tx, owner, id)? {
                    Ok(())
                } else {
                    Err(Error::not_found("provider"))
                }
            })
            .await?;
        self.changed(caller, ProviderRef::Id(id)).await
    }

    /// Closes a provider's breaker and forgets its last failure.
    pub fn reset_provider(&self, caller: &Caller, id: ProviderRef) -> Result<Provider, Error> {
        if let ProviderRef::Id(id) = id {
            self.row(caller, id).ok_or(Error::not_found("provider"))?;
            let health = self.health(id);
            health.breaker.reset();
            health.answered(About::Question);
            self.announce();
        }
        self.get_provider(caller, id)
    }

    fn with_health(&self, mut provider: Provider) -> Provider {
        if let ProviderRef::Id(id) = provider.id {
            let health = self.health(id);
            provider.breaker = health.breaker_view(self.settings().breaker);
            provider.last_error = health.last_error();
            provider.stats = health.stats();
        }
        provider
    }
}

/// The id of a row that can be changed.
fn stored(id: ProviderRef) -> Result<ProviderId, Error> {
    match id {
        ProviderRef::Id(id) if (1..=2).all(|n| id != ProviderId::fixed(n)) => Ok(id),
        ProviderRef::Id(_) => Err(Error::conflict(
            "builtin",
            "this provider comes from the environment or config.sh; change it there",
        )),
        ProviderRef::Passages => {
            Err(Error::conflict("builtin", "this provider is built in and cannot be changed"))
        }
    }
}

fn checked_name(name: &str) -> Result<String, Error> {
    let long = name.chars().count() > MAX_NAME_CHARS;
    let name = name.trim();
    if name.is_empty() || long || name.contains(char::is_control) {
        let message = format!("a name has 1 to {MAX_NAME_CHARS} characters in one line");
        return Err(Error::invalid("name", message));
    }
    Ok(name.to_owned())
}

/// The key without the white space that copying brings; an empty one is none.
fn checked_key(key: &SecretString) -> Result<Option<String>, Error> {
    let key = key.expose_secret().trim();
    if key.is_empty() {
        return Ok(None);
    }
    let sound = key.len() <= MAX_KEY_BYTES && key.is_ascii() && HeaderValue::from_str(key).is_ok();
    if !sound || key.contains(char::is_whitespace) {
        return Err(Error::invalid(
            "api_key",
            "this is no API key: it has characters that no key has, or is too long",
        ));
    }
    Ok(Some(key.to_owned()))
}

/// The last four characters, fewer of a key so short that they would be half of it.
fn last4(key: &str) -> String {
    let count = key.chars().count();
    key.chars().skip(count - (count / 2).min(4)).collect()
}
