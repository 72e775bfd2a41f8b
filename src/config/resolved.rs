//! The checked value of every setting and the layer that it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use super::settings::{self, Kind, Setting, Value};

/// Who decided on a value; later ones win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SettingLayer)]
pub enum Layer {
    /// Built in.
    Default,
    /// `PRESET`.
    Preset,
    /// `config.sh`.
    File,
    /// The process environment.
    Environment,
    /// The command line.
    Flag,
}

/// A value and where it came from.
#[derive(Clone, PartialEq)]
pub(super) struct Chosen {
    /// What was written, by which a change is noticed.
    pub(super) text: String,
    /// What it means.
    pub(super) value: Value,
    /// Who wrote it.
    pub(super) layer: Layer,
}

/// A value for every setting.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resolved(pub(super) BTreeMap<&'static str, Chosen>);

/// A setting as it is shown: by `config show`, `GET /config` and the settings page.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Setting)]
pub struct Row {
    /// Its name.
    pub key: &'static str,
    /// Its value as text; a secret is `set` or its last four characters.
    pub value: String,
    /// What it would be if nobody had said anything.
    pub default: &'static str,
    /// Who decided.
    pub layer: Layer,
    /// The heading it stands under.
    pub group: &'static str,
    /// Of the number, or empty.
    pub unit: &'static str,
    /// What it does.
    pub meaning: String,
    /// What it takes: "a whole number from 0 to 9".
    pub expected: String,
    /// Whether a change takes effect without a restart.
    pub reloadable: bool,
    /// Whether the value is hidden.
    pub secret: bool,
    /// The value that will take effect at the next start, when it is another one.
    pub pending: Option<String>,
}

impl fmt::Debug for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the text: it may be a secret.
        f.debug_struct("Chosen").field("layer", &self.layer).finish_non_exhaustive()
    }
}

impl Resolved {
    /// Every setting as it is shown; `next` is what a restart would bring.
    pub(super) fn rows(&self, next: &Self) -> Vec<Row> {
        let mut rows = Vec::new();
        for group in super::table::GROUPS {
            for setting in group.settings {
                rows.extend(self.row(group.title, setting, next));
            }
        }
        rows
    }

    fn row(&self, group: &'static str, setting: &'static Setting, next: &Self) -> Option<Row> {
        let chosen = self.0.get(setting.key)?;
        let later = next.0.get(setting.key).filter(|later| later.text != chosen.text);
        Some(Row {
            key: setting.key,
            value: shown(setting, chosen),
            default: setting.default,
            layer: chosen.layer,
            group,
            unit: setting.unit(),
            meaning: setting.explanation(),
            expected: setting.kind.expected(),
            reloadable: setting.reloadable,
            secret: setting.secret,
            pending: later.map(|later| shown(setting, later)),
        })
    }

    fn value(&self, key: &str) -> Option<&Value> {
        let value = self.0.get(key).map(|chosen| &chosen.value);
        debug_assert!(value.is_some(), "there is no setting {key}");
        value
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        matches!(self.value(key), Some(Value::Flag(true)))
    }

    pub(super) fn optional(&self, key: &str) -> Option<u64> {
        match self.value(key) {
            Some(Value::Whole(number)) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn whole(&self, key: &str) -> u64 {
        let number = self.optional(key);
        debug_assert!(number.is_some(), "{key} is no whole number");
        number.unwrap_or_default()
    }

    pub(super) fn size(&self, key: &str) -> usize {
        usize::try_from(self.whole(key)).unwrap_or(usize::MAX)
    }

    pub(super) fn count(&self, key: &str) -> u32 {
        u32::try_from(self.whole(key)).unwrap_or(u32::MAX)
    }

    pub(super) fn port(&self, key: &str) -> u16 {
        u16::try_from(self.whole(key)).unwrap_or(u16::MAX)
    }

    pub(super) fn kib(&self, key: &str) -> usize {
        self.size(key).saturating_mul(1024)
    }

    #[expect(clippy::cast_possible_truncation, reason = "a setting has few digits")]
    pub(super) fn decimal(&self, key: &str) -> f32 {
        match self.value(key) {
            Some(Value::Decimal(number)) => *number as f32,
            _ => 0.0,
        }
    }

    pub(super) fn mib(&self, key: &str) -> u64 {
        self.whole(key).saturating_mul(1024 * 1024)
    }

    pub(super) fn milliseconds(&self, key: &str) -> Duration {
        Duration::from_millis(self.whole(key))
    }

    pub(super) fn seconds(&self, key: &str) -> Duration {
        Duration::from_secs(self.whole(key))
    }

    pub(super) fn hours(&self, key: &str) -> Duration {
        Duration::from_secs(self.whole(key).saturating_mul(3_600))
    }

    pub(super) fn text(&self, key: &str) -> String {
        match self.value(key) {
            Some(Value::Text(text)) => text.clone(),
            _ => String::new(),
        }
    }

    pub(super) fn list(&self, key: &str) -> Vec<String> {
        match self.value(key) {
            Some(Value::List(items)) => items.clone(),
            _ => Vec::new(),
        }
    }

    pub(super) fn address(&self, key: &str) -> IpAddr {
        match self.value(key) {
            Some(Value::Address(address)) => *address,
            _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    pub(super) fn secret(&self, key: &str) -> Option<SecretString> {
        Some(self.text(key)).filter(|text| !text.is_empty()).map(SecretString::from)
    }

    /// The values with each key that cannot change while running taken from `running`, and the keys
    /// for which that made a difference.
    pub(super) fn held_back(mut self, running: &Self) -> (Self, Vec<&'static str>) {
        let mut waiting = Vec::new();
        for setting in settings::all().filter(|setting| !setting.reloadable) {
            let (Some(new), Some(old)) = (self.0.get_mut(setting.key), running.0.get(setting.key))
            else {
                continue;
            };
            if new.text != old.text {
                waiting.push(setting.key);
            }
            *new = old.clone();
        }
        (self, waiting)
    }
}

/// A value for a person's eyes.
fn shown(setting: &Setting, chosen: &Chosen) -> String {
    if !setting.secret || chosen.value == Value::Absent {
        return match (&chosen.value, setting.kind) {
            // The folder itself says more than "auto".
            (Value::Text(path), Kind::Folder) => path.clone(),
            _ => chosen.text.clone(),
        };
    }
    let length = chosen.text.chars().count();
    match length {
        0 => String::new(),
        // Four characters of a short secret would be too much of it.
        1..12 => "set".to_owned(),
        _ => format!("…{}", chosen.text.chars().skip(length - 4).collect::<String>()),
    }
}
