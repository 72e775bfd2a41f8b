//! What a setting is: its key, kind, defaults and meaning, and how its text becomes a value. The
//! rows themselves stand in [`super::table`]; `config.sh`, the documentation, the settings page
//! and the checks are all made from them, so that no number is described twice.

use std::net::{IpAddr, Ipv4Addr};

use super::table::GROUPS;

/// A run of settings that belong together, in the order of the file.
#[derive(Debug)]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
}

/// One row of the table.
#[derive(Debug)]
pub struct Setting {
    /// The name in `config.sh`; in the environment it is `INGLENOOK_<key>`.
    pub key: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// The text it has when nobody says otherwise.
    pub default: &'static str,
    /// What the presets put in its place.
    pub presets: Presets,
    /// What it does, for a person; no full stop.
    pub meaning: &'static str,
    /// Whether a change takes effect without a restart.
    pub reloadable: bool,
    /// Whether its value may never be shown.
    pub secret: bool,
    /// Whether the environment may name it without the `INGLENOOK_` in front.
    pub bare: bool,
    /// Whether it is accepted and checked but belongs to a part that this version does not have.
    pub later: bool,
}

/// The text of a setting under each preset; `=` stands for the default.
#[derive(Debug, Clone, Copy)]
pub struct Presets {
    /// `PRESET=development`.
    pub development: &'static str,
    /// `PRESET=production`.
    pub production: &'static str,
    /// `PRESET=testing`.
    pub testing: &'static str,
}

/// The values a setting takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `true` or `false`.
    Flag,
    /// A whole number in a range, both ends included.
    Whole(u64, u64),
    /// A whole number in a range, or this word in its place.
    WholeOr(&'static str, u64, u64),
    /// A number with a fraction in a range, both ends included.
    Decimal(f64, f64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One line of text, possibly empty.
    Text,
    /// An IP address or `localhost`.
    Address,
    /// A folder, or `auto` for the platform's own, or `temp` for a fresh temporary one.
    Folder,
    /// A comma list of host names and addresses.
    Hosts,
    /// A comma list of origins like `http://localhost:3000`.
    Origins,
    /// A comma list of model servers like `ollama=http://host:11434`; a port stands for this machine.
    Servers,
    /// A URL with one of these schemes, or `off`.
    Url(&'static [&'static str]),
}

/// A checked value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of [`Kind::Flag`].
    Flag(bool),
    /// Of [`Kind::Whole`] and [`Kind::WholeOr`].
    Whole(u64),
    /// Of [`Kind::Decimal`].
    Decimal(f64),
    /// Of the kinds that are text.
    Text(String),
    /// Of [`Kind::Address`].
    Address(IpAddr),
    /// Of the kinds that are comma lists.
    List(Vec<String>),
    /// The word that stands for no value: `auto`, `off`.
    Absent,
}

/// Every setting, in the order of the file.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    GROUPS.iter().flat_map(|group| group.settings)
}

/// The setting of that name.
pub fn find(key: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.key == key)
}

/// The key that a mistyped one most probably meant.
pub fn nearest(key: &str) -> Option<&'static str> {
    let key = key.to_ascii_uppercase();
    all()
        .map(|setting| (strsim::damerau_levenshtein(&key, setting.key), setting.key))
        .min()
        .filter(|(distance, nearest)| *distance <= 1 + nearest.len() / 4)
        .map(|(_, nearest)| nearest)
}

impl Setting {
    const fn new(
        key: &'static str,
        kind: Kind,
        default: &'static str,
        meaning: &'static str,
    ) -> Self {
        let presets = Presets { development: "=", production: "=", testing: "=" };
        Self {
            key,
            kind,
            default,
            presets,
            meaning,
            reloadable: false,
            secret: false,
            bare: false,
            later: false,
        }
    }

    /// The text under a preset.
    pub fn text_under(&self, preset: &str) -> Option<&'static str> {
        let text = match preset {
            "development" => self.presets.development,
            "production" => self.presets.production,
            "testing" => self.presets.testing,
            _ => "=",
        };
        (text != "=").then_some(text)
    }

    /// The unit of the number, or nothing.
    pub fn unit(&self) -> &'static str {
        const SUFFIXES: [(&str, &str); 9] = [
            ("_MS", "ms"),
            ("_SECONDS", "s"),
            ("_HOURS", "h"),
            ("_DAYS", "days"),
            ("_KB", "KiB"),
            ("_MB", "MiB"),
            ("_TOKENS", "tokens"),
            ("_BUDGET", "tokens"),
            ("_CHARS", "characters"),
        ];
        if self.key.starts_with("RATE_LIMIT_") {
            return "per minute";
        }
        SUFFIXES.iter().find(|(suffix, _)| self.key.ends_with(suffix)).map_or("", |(_, unit)| unit)
    }

    /// What it does, with the note that it does nothing yet where that is so.
    pub fn explanation(&self) -> String {
        let note = if self.later { " (reserved: this version has no use for it yet)" } else { "" };
        format!("{}{note}", self.meaning)
    }

    /// The value that a text stands for, or what it ought to be: "a whole number from 0 to 9".
    pub fn parse(&self, text: &str) -> Result<Value, String> {
        self.kind.parse(text).ok_or_else(|| self.kind.expected())
    }

    /// Takes effect without a restart.
    #[must_use]
    pub const fn live(mut self) -> Self {
        self.reloadable = true;
        self
    }

    /// Never shown.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Also read from the environment under its own name.
    #[must_use]
    pub const fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// Belongs to a part that this version does not have.
    #[must_use]
    pub const fn later(mut self) -> Self {
        self.later = true;
        self
    }

    /// The texts under development, production and testing; `=` keeps the default.
    #[must_use]
    pub const fn presets(
        mut self,
        development: &'static str,
        production: &'static str,
        testing: &'static str,
    ) -> Self {
        self.presets = Presets { development, production, testing };
        self
    }
}

/// A setting of any kind.
pub(super) const fn setting(
    key: &'static str,
    kind: Kind,
    default: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting::new(key, kind, default, meaning)
}

/// A whole number from `min` to `max`.
pub(super) const fn whole(
    key: &'static str,
    default: &'static str,
    (min, max): (u64, u64),
    meaning: &'static str,
) -> Setting {
    Setting::new(key, Kind::Whole(min, max), default, meaning)
}

/// `true` or `false`.
pub(super) const fn flag(
    key: &'static str,
    default: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting::new(key, Kind::Flag, default, meaning)
}

impl Kind {
    fn parse(self, text: &str) -> Option<Value> {
        match self {
            Self::Flag => flag_of(text).map(Value::Flag),
            Self::Whole(min, max) => whole_of(text, min, max),
            Self::WholeOr(word, min, max) => match text.eq_ignore_ascii_case(word) {
                true => Some(Value::Absent),
                false => whole_of(text, min, max),
            },
            Self::Decimal(min, max) => decimal_of(text, min, max),
            Self::Choice(words) => words
                .iter()
                .find(|word| word.eq_ignore_ascii_case(text))
                .map(|word| Value::Text((*word).to_owned())),
            Self::Text => one_line(text).then(|| Value::Text(text.to_owned())),
            Self::Folder => {
                (one_line(text) && !text.is_empty()).then(|| Value::Text(text.to_owned()))
            }
            Self::Address => address_of(text).map(Value::Address),
            Self::Hosts => list_of(text, host_of),
            Self::Origins => list_of(text, origin_of),
            Self::Servers => list_of(text, server_of),
            Self::Url(schemes) => match text.is_empty() || text.eq_ignore_ascii_case("off") {
                true => Some(Value::Absent),
                false => url_of(text, schemes).map(Value::Text),
            },
        }
    }

    /// What a text ought to be, for a person.
    pub fn expected(self) -> String {
        match self {
            Self::Flag => "true or false".to_owned(),
            Self::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Self::WholeOr(word, min, max) => {
                format!("{word} or a whole number from {min} to {max}")
            }
            Self::Decimal(min, max) => format!("a number from {min} to {max}"),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Text => "one line of text".to_owned(),
            Self::Address => "an IP address or localhost".to_owned(),
            Self::Folder => "a folder, auto or temp".to_owned(),
            Self::Hosts => "host names or addresses, without ports, separated by commas".to_owned(),
            Self::Origins => {
                "origins like http://localhost:3000 separated by commas; * is not allowed"
                    .to_owned()
            }
            Self::Servers => "model servers like ollama=11434 or openai=http://127.0.0.1:8080, \
                              separated by commas"
                .to_owned(),
            Self::Url(schemes) => format!("off or a URL that begins with {}", schemes.join(" or ")),
        }
    }
}

fn one_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn flag_of(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn whole_of(text: &str, min: u64, max: u64) -> Option<Value> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = text.parse().ok().filter(|_| digits)?;
    (min..=max).contains(&number).then_some(Value::Whole(number))
}

fn decimal_of(text: &str, min: f64, max: f64) -> Option<Value> {
    // Keeps out "inf", "nan" and exponents, which nobody means here.
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number: f64 = text.parse().ok().filter(|_| plain)?;
    (min..=max).contains(&number).then_some(Value::Decimal(number))
}

fn address_of(text: &str) -> Option<IpAddr> {
    if text.eq_ignore_ascii_case("localhost") {
        return Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    text.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn list_of(text: &str, item: fn(&str) -> Option<String>) -> Option<Value> {
    let items = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    items.map(item).collect::<Option<_>>().map(Value::List)
}

fn host_of(text: &str) -> Option<String> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Some(address.to_string());
    }
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    (text.len() <= 253 && text.bytes().all(legal)).then(|| text.to_ascii_lowercase())
}

fn origin_of(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let bracketed = rest.starts_with('[');
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !bracketed || host.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok());
    let host_fits = !host.is_empty() && host_of(host).is_some();
    (known && host_fits && port_fits).then(|| text.to_ascii_lowercase())
}

fn server_of(text: &str) -> Option<String> {
    let (kind, place) = text.split_once('=')?;
    let known = matches!(kind, "ollama" | "openai" | "anthropic");
    let url = match place.parse::<u16>() {
        Ok(port) => format!("http://127.0.0.1:{port}"),
        Err(_) => url_of(place, &["http://", "https://"])?,
    };
    known.then(|| format!("{kind}={url}"))
}

fn url_of(text: &str, schemes: &[&str]) -> Option<String> {
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme))?;
    let fits = !rest.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_and_every_preset_is_a_value_of_its_setting() {
        for setting in all() {
            for text in ["default", "development", "production", "testing"] {
                let text = setting.text_under(text).unwrap_or(setting.default);
                assert!(setting.parse(text).is_ok(), "{}={text}", setting.key);
            }
            assert!(!setting.meaning.is_empty() && !setting.meaning.ends_with('.'));
        }
    }

    #[test]
    fn keys_are_unique_and_shell_names() {
        let mut keys: Vec<_> = all().map(|setting| setting.key).collect();
        for key in &keys {
            assert!(key.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{key}");
        }
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn numbers_are_checked_for_type_and_range() {
        let port = Kind::Whole(0, 65_535);
        assert_eq!(port.parse("65535"), Some(Value::Whole(65_535)));
        for bad in ["", "65536", "-1", "+1", "1.5", "1e3", " 1", "0x10", "99999999999999999999"] {
            assert_eq!(port.parse(bad), None, "{bad}");
        }
        let rate = Kind::Decimal(0.0, 1.0);
        assert_eq!(rate.parse("0.1"), Some(Value::Decimal(0.1)));
        for bad in ["", ".", "nan", "inf", "1.01", "1e-1", "-0.5"] {
            assert_eq!(rate.parse(bad), None, "{bad}");
        }
        assert_eq!(Kind::WholeOr("off", 1, 9).parse("OFF"), Some(Value::Absent));
    }

    #[test]
    fn origins_are_exact_and_never_a_star() {
        let list = |text| Kind::Origins.parse(text);
        let good = "http://localhost:3000, https://A.example,http://[::1]:80";
        assert!(matches!(list(good), Some(Value::List(items)) if items.len() == 3));
        for bad in ["*", "localhost:3000", "http://", "http://a/b", "http://a:99999", "ftp://a"] {
            assert_eq!(list(bad), None, "{bad}");
        }
        assert_eq!(list(""), Some(Value::List(vec![])));
    }

    #[test]
    fn model_servers_are_kinds_with_addresses() {
        let list = |text| Kind::Servers.parse(text);
        let read = list("ollama=11434, openai=https://b.example/v1");
        let wanted = ["ollama=http://127.0.0.1:11434", "openai=https://b.example/v1"];
        assert_eq!(read, Some(Value::List(wanted.map(str::to_owned).to_vec())));
        for bad in
            ["http://127.0.0.1:1", "passages=http://a", "ollama=", "ollama=99999", "ollama=ftp://a"]
        {
            assert_eq!(list(bad), None, "{bad}");
        }
        assert_eq!(list(""), Some(Value::List(vec![])));
    }

    #[test]
    fn a_mistyped_key_finds_its_neighbour_and_nonsense_finds_none() {
        assert_eq!(nearest("HISTROY_LIMIT"), Some("HISTORY_LIMIT"));
        assert_eq!(nearest("log_level"), Some("LOG_LEVEL"));
        assert_eq!(nearest("PROT"), Some("PORT"));
        assert_eq!(nearest("XYZZYPLUGH"), None);
    }
}
