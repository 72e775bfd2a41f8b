//! Every model of every enabled provider, answered from memory at once. A list older than the setting
//! is asked for again in the background, by one asker at a time; a provider that does not answer keeps
//! its last models, shown as not reachable with the reason. Nobody is asked while nobody looks.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::Models;
use super::error::{Error, Fault};
use super::health::{About, Asking, Health, Listing};
use super::ids::{ModelRef, ProviderRef};
use super::provider::Row;
use super::providers::known;
use super::providers::{Capabilities, Kind, Listed, Price};
use super::settings::Settings;
use crate::base::{Caller, ProviderId, clock};
use crate::error::Error as CapabilityError;
use crate::net::Purpose;
use crate::net::breaker::State;

/// A model as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Model {
    /// Its name everywhere: provider and name.
    pub id: ModelRef,
    /// Its name at its provider.
    pub name: String,
    /// Its provider.
    pub provider_id: ProviderRef,
    /// Its provider's name.
    pub provider_name: String,
    /// Its provider's dialect.
    pub kind: Kind,
    /// Tokens of prompt and answer together, where known.
    pub context_window: Option<u32>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Whether it runs on this machine.
    pub local: bool,
    /// What it costs, where known.
    pub price: Option<Price>,
    /// Whether its provider answers now.
    pub reachable: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// What came of testing a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ProviderTest)]
pub struct Test {
    /// Whether it listed its models.
    pub ok: bool,
    /// How long that took.
    pub took_ms: u64,
    /// How many it listed.
    pub models: usize,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub error: Option<Fault>,
}

/// A provider's breaker, for the status page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BreakerStatus {
    /// Whose it is.
    pub provider_id: ProviderRef,
    /// Its provider's name.
    pub name: String,
    /// Where it stands.
    pub state: State,
}

impl Model {
    /// Whether it is the one that answers with passages.
    pub fn is_passages(&self) -> bool {
        self.kind == Kind::Passages
    }

    fn passages() -> Self {
        let id = ModelRef::passages();
        Self {
            name: id.name.clone(),
            provider_id: id.provider,
            id,
            provider_name: Kind::Passages.title().to_owned(),
            kind: Kind::Passages,
            context_window: None,
            capabilities: Capabilities::default(),
            local: true,
            price: None,
            reachable: true,
            reason: None,
        }
    }
}

impl Models {
    /// Every model of the caller's enabled providers, the passages last. A provider that was never
    /// asked is waited for a moment; `refresh` asks all and waits for all.
    pub async fn list(&self, caller: &Caller, refresh: bool) -> Vec<Model> {
        let settings = self.settings();
        let rows = self.enabled_rows(caller);
        let limit = if refresh { settings.first_byte } else { settings.discovery };
        self.bring_up_to_date(&rows, refresh, &settings, limit).await;
        let models = rows.iter().flat_map(|row| self.models_of(row, &settings));
        models.chain([Model::passages()]).collect()
    }

    /// The model to ask: the named one, or without a name (or with `auto`) the first that can be
    /// asked, or the passages. A name that is in no list is taken too when its provider exists.
    pub async fn pick(
        &self,
        caller: &Caller,
        wanted: Option<&str>,
    ) -> Result<Model, CapabilityError> {
        let wanted = wanted.map(str::trim).filter(|name| !name.is_empty() && *name != "auto");
        match wanted.map(|name| (name, name.parse::<ModelRef>())) {
            None => Ok(self.first_choice(caller).await),
            Some((_, Ok(id))) => self.named(caller, id),
            Some((name, Err(_))) => {
                let listed = self.list(caller, false).await;
                listed.into_iter().find(|model| model.name == name).ok_or_else(|| {
                    let message =
                        format!("there is no model {name}; GET /models lists those there are");
                    CapabilityError::invalid("model", message)
                })
            }
        }
    }

    /// Asks a provider for its models, now.
    pub async fn test_provider(
        &self,
        caller: &Caller,
        id: ProviderRef,
    ) -> Result<Test, CapabilityError> {
        let ProviderRef::Id(id) = id else {
            return Ok(Test { ok: true, took_ms: 0, models: 1, error: None });
        };
        let row = self.row(caller, id).ok_or(CapabilityError::not_found("provider"))?;
        let begun = clock::monotonic();
        let result = self.ask_for_models(&row).await;
        let took_ms = clock::ms_since(begun);
        let test = match &result {
            Ok(models) => Test { ok: true, took_ms, models: models.len(), error: None },
            Err(error) => Test { ok: false, took_ms, models: 0, error: Some(error.fault()) },
        };
        self.take_listing(&row, &self.health(id), result);
        Ok(test)
    }

    /// Where every breaker stands.
    pub fn breakers(&self) -> Vec<BreakerStatus> {
        let policy = self.settings().breaker;
        let status = |row: Row| BreakerStatus {
            provider_id: ProviderRef::Id(row.id),
            state: self.health(row.id).breaker_view(policy).state,
            name: row.name,
        };
        self.every_row().into_iter().map(status).collect()
    }

    /// Asks every enabled provider in the background.
    pub(super) fn refresh_all(&self) {
        for row in self.every_row().iter().filter(|row| row.enabled) {
            self.refresh(row);
        }
    }

    /// Asks a provider in the background, unless somebody does already.
    pub(super) fn refresh(&self, row: &Row) -> Arc<Health> {
        let health = self.health(row.id);
        if let Some(turn) = health.begin_asking() {
            let asking = self.clone().ask_in_turn(row.clone(), Arc::clone(&health), turn);
            self.inner.tasks.spawn(asking);
        }
        health
    }

    async fn ask_in_turn(self, row: Row, health: Arc<Health>, turn: Asking) {
        tokio::select! {
            () = self.inner.stop.cancelled() => {}
            result = self.ask_for_models(&row) => self.take_listing(&row, &health, result),
        }
        drop(turn);
    }

    async fn ask_for_models(&self, row: &Row) -> Result<Vec<Listed>, Error> {
        let settings = self.settings();
        let endpoint = self.endpoint(row, &settings, Purpose::Provider)?;
        let list = row.kind.dialect().list(&endpoint);
        tokio::time::timeout(settings.first_byte, list).await.unwrap_or_else(|_| {
            Err(Error::Timeout {
                provider: row.name.clone(),
                waited: settings.first_byte,
                mid_answer: false,
            })
        })
    }

    fn take_listing(&self, row: &Row, health: &Health, result: Result<Vec<Listed>, Error>) {
        match &result {
            Ok(_) => health.answered(About::List),
            Err(error) => {
                tracing::warn!(
                    provider.id = %row.id, error.code = error.code(),
                    "the provider did not list its models"
                );
                health.note(error, About::List);
            }
        }
        if health.listed(result) {
            self.announce();
        }
    }

    fn enabled_rows(&self, caller: &Caller) -> Vec<Row> {
        let mut rows = self.rows(caller);
        rows.retain(|row| row.enabled);
        rows
    }

    /// Asks what is stale, and waits (at most `limit`) for all or for those never asked before.
    async fn bring_up_to_date(
        &self,
        rows: &[Row],
        all: bool,
        settings: &Settings,
        limit: Duration,
    ) {
        let mut waited_for = Vec::new();
        for row in rows {
            let listing = self.health(row.id).listing();
            if all || listing.is_stale(settings.refresh) {
                let health = self.refresh(row);
                if all || listing.at.is_none() {
                    waited_for.push(health);
                }
            }
        }
        let waiting = futures_util::future::join_all(waited_for.iter().map(|h| h.asked()));
        // Who is not back by then is shown as known so far.
        let _ = tokio::time::timeout(limit, waiting).await;
    }

    fn models_of(&self, row: &Row, settings: &Settings) -> Vec<Model> {
        let health = self.health(row.id);
        let listing = health.listing();
        let reason = why_not(&health, &listing, settings);
        let local = is_local(row);
        let models = listing.models.iter();
        models.map(|listed| model(row, listed.clone(), local, reason.clone())).collect()
    }

    fn named(&self, caller: &Caller, id: ModelRef) -> Result<Model, CapabilityError> {
        let ProviderRef::Id(provider) = id.provider else { return Ok(Model::passages()) };
        let row = self
            .row(caller, provider)
            .ok_or_else(|| CapabilityError::invalid("model", Error::NoSuchProvider.to_string()))?;
        let settings = self.settings();
        let health = self.health(row.id);
        let listing = health.listing();
        let listed = listing.models.iter().find(|listed| listed.name == id.name).cloned();
        let listed = listed
            .unwrap_or_else(|| known::complete(Listed { name: id.name, ..Listed::default() }));
        Ok(model(&row, listed, is_local(&row), why_not(&health, &listing, &settings)))
    }

    async fn first_choice(&self, caller: &Caller) -> Model {
        let settings = self.settings();
        let rows = self.enabled_rows(caller);
        self.bring_up_to_date(&rows, false, &settings, settings.first_byte).await;
        let of_row = |row: &Row| {
            let models = self.models_of(row, &settings).into_iter();
            models
                .filter(|model| model.reachable && model.capabilities.chat())
                .min_by_key(|model| known::rank(&model.name))
        };
        rows.iter().find_map(of_row).unwrap_or_else(Model::passages)
    }

    /// What the catalog knows of a model's window.
    pub(super) fn context_window(&self, id: ProviderId, name: &str) -> Option<u32> {
        let listing = self.health(id).listing();
        listing.models.iter().find(|listed| listed.name == name)?.context_window
    }
}

fn is_local(row: &Row) -> bool {
    reqwest::Url::parse(&row.base_url).is_ok_and(|url| crate::net::is_loopback(&url))
}

/// Why a provider's models cannot be asked now, if they cannot.
fn why_not(health: &Health, listing: &Listing, settings: &Settings) -> Option<String> {
    if health.breaker_view(settings.breaker).state == State::Open {
        return Some("it failed several times and is left alone for a while".to_owned());
    }
    if listing.at.is_none() {
        return Some("it was not asked yet".to_owned());
    }
    listing.fault.as_ref().map(Error::to_string)
}

fn model(row: &Row, listed: Listed, local: bool, reason: Option<String>) -> Model {
    let provider = ProviderRef::Id(row.id);
    Model {
        id: ModelRef { provider, name: listed.name.clone() },
        name: listed.name,
        provider_id: provider,
        provider_name: row.name.clone(),
        kind: row.kind,
        context_window: listed.context_window,
        capabilities: listed.capabilities,
        local,
        price: listed.price,
        reachable: reason.is_none(),
        reason,
    }
}
