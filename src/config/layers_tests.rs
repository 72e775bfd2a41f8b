//! Which layer wins, and that everything wrong with any of them is told.

use std::fs;
use std::path::Path;

use super::*;
use crate::config::{Config, Loaded};

fn sources(root: &Path, text: &str) -> Sources {
    let path = root.join("config.sh");
    fs::write(&path, text).unwrap();
    let mut sources = Sources { path: Some(path), ..Sources::default() };
    sources.folders.data = Some(root.join("data"));
    sources.folders.temporary = root.join("temporary");
    sources
}

fn load_with(
    text: &str,
    environment: &[(&str, &str)],
    flags: &[(&'static str, &str)],
) -> Result<Loaded, String> {
    let root = tempfile::tempdir().unwrap();
    let mut sources = sources(root.path(), text);
    sources.environment = environment.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
    sources.flags = flags
        .iter()
        .map(|(key, text)| FlagValue { flag: "--flag", key, text: (*text).to_owned() })
        .collect();
    Config::load(&sources)
        .map_err(|problems| problems.to_string().replace(&root.path().display().to_string(), ""))
}

fn load(text: &str) -> Result<Loaded, String> {
    load_with(text, &[], &[])
}

fn layer_of(loaded: &Loaded, key: &str) -> Layer {
    loaded.rows().into_iter().find(|row| row.key == key).unwrap().layer
}

#[test]
fn an_empty_file_gives_the_defaults() {
    let loaded = load("").unwrap();
    let config = &loaded.config;
    assert_eq!((config.server.host.to_string().as_str(), config.server.port), ("127.0.0.1", 5001));
    assert_eq!(config.chat.history_limit, 10);
    assert_eq!(config.chat.context_token_budget, None);
    assert_eq!(config.models.retry.base.as_millis(), 2_000);
    assert_eq!(config.store.cache_kb, 8_192);
    assert_eq!(config.server.max_json_bytes, 1_048_576);
    assert_eq!(config.conversations.trash.as_secs(), 30 * 86_400);
    assert!(config.data_dir.ends_with("data") && loaded.warnings.is_empty());
    assert!(loaded.rows().iter().all(|row| row.layer == Layer::Default && row.pending.is_none()));
}

#[test]
fn later_layers_win_and_each_value_knows_its_layer() {
    let file =
        "PRESET=development\nRETRY_BASE_MS=700\nPORT=6001\nHISTORY_LIMIT=5\nLOG_LEVEL=warn\n";
    let environment = [
        ("INGLENOOK_PORT", "6002"),
        ("PORT", "6003"),
        ("LOG_LEVEL", "error"),
        ("HISTORY_LIMIT", "9"),
    ];
    let loaded = load_with(file, &environment, &[("HOST", "::1")]).unwrap();
    let config = &loaded.config;
    assert_eq!(config.server.port, 6002, "the prefixed name wins over the bare one");
    assert_eq!(config.log.level, "error");
    assert_eq!(config.chat.history_limit, 5, "only conventional names are read bare");
    assert_eq!(config.models.retry.base.as_millis(), 700);
    assert_eq!(config.models.breaker.failures, 3);
    for (key, layer) in [
        ("HOST", Layer::Flag),
        ("PORT", Layer::Environment),
        ("RETRY_BASE_MS", Layer::File),
        ("BREAKER_FAILURES", Layer::Preset),
        ("RETRY_MAX_MS", Layer::Default),
    ] {
        assert_eq!(layer_of(&loaded, key), layer, "{key}");
    }
}

#[test]
fn the_preset_may_come_from_any_layer() {
    let testing = [("INGLENOOK_PRESET", "testing")];
    let config = load_with("PRESET=production", &testing, &[]).unwrap().config;
    assert_eq!((config.preset.as_str(), config.server.port, config.rates.api), ("testing", 0, 0));
    assert!(config.data_dir.ends_with("temporary"));
    let config = load_with("", &testing, &[("PRESET", "production")]).unwrap().config;
    assert!(config.log.json && !config.server.open_browser);
}

#[test]
fn everything_wrong_with_every_layer_is_told_at_once() {
    let file = "PORT=abc\nexport HISTROY_LIMIT=3\nHOST=$(hostname)\nRETRY_ATTEMPTS=0\n";
    let environment = [("INGLENOOK_PRT", "1"), ("LOG_FORMAT", "xml")];
    let told = load_with(file, &environment, &[("DATA_DIR", "")]).unwrap_err();
    let expected = "/config.sh:1:6: PORT must be a whole number from 0 to 65535, not \"abc\"
  1 | PORT=abc
    |      ^
/config.sh:2:8: there is no setting HISTROY_LIMIT; did you mean HISTORY_LIMIT?
  2 | export HISTROY_LIMIT=…
    |        ^
/config.sh:3:6: a command substitution is not allowed: this file is read, never executed
  3 | HOST=$(hostname)
    |      ^
/config.sh:4:16: RETRY_ATTEMPTS must be a whole number from 1 to 20, not \"0\"
  4 | RETRY_ATTEMPTS=0
    |                ^
environment variable INGLENOOK_PRT: there is no setting PRT; did you mean INGLENOOK_PORT?
environment variable LOG_FORMAT: LOG_FORMAT must be one of standard, json, not \"xml\"
flag --flag: DATA_DIR must be a folder, auto or temp, not \"\"";
    assert_eq!(told, expected);
}

#[test]
fn a_wrong_value_is_told_even_where_a_later_layer_covers_it() {
    let told = load_with("PORT=abc", &[("INGLENOOK_PORT", "1")], &[("PORT", "2")]).unwrap_err();
    assert!(told.contains("config.sh:1:6"), "{told}");
}

#[test]
fn values_that_do_not_go_together_are_refused() {
    for (text, told) in [
        (
            "BREAKER_SUCCESSES=4",
            "BREAKER_SUCCESSES (4) may not be more than BREAKER_HALF_OPEN_CALLS (3)",
        ),
        ("RETRY_BASE_MS=20000", "RETRY_BASE_MS (20000) may not be more than RETRY_MAX_MS (10000)"),
    ] {
        let error = load(text).unwrap_err();
        assert!(error.contains(told), "{text}: {error}");
    }
    for preset in ["development", "production", "testing"] {
        assert!(load(&format!("PRESET={preset}")).is_ok(), "{preset}");
    }
}

#[test]
fn secrets_never_show_in_errors_listings_or_debug() {
    let secret = "sk-verysecret0123";
    let file = format!(
        "OPENAI_API_KEY=\"{secret}\nx\"\nOPENAI_API_KYE={secret}\nANTHROPIC_API_KEY = {secret}\n"
    );
    let told = load(&file).unwrap_err();
    assert!(
        told.contains("OPENAI_API_KEY must be one line") && !told.contains("verysecret"),
        "{told}"
    );
    let loaded = load_with("", &[("OPENAI_API_KEY", secret)], &[]).unwrap();
    let rows =
        format!("{:?}{loaded:?}{}", loaded.rows(), serde_json::to_string(&loaded.rows()).unwrap());
    assert!(!rows.contains("verysecret") && rows.contains("…0123"));
    let short = load_with("ANTHROPIC_API_KEY=tiny", &[], &[]).unwrap();
    assert!(short.rows().iter().any(|row| row.value == "set"));
}

#[test]
fn odd_but_harmless_things_are_warnings() {
    let loaded = load("PORT=1\nPORT=2\nROOM_FILE_MAX_MB=7\n").unwrap();
    assert_eq!(loaded.config.server.port, 2);
    assert_eq!(loaded.warnings.len(), 2);
    assert!(loaded.warnings[0].contains("PORT is set again on line 2"));
    assert!(loaded.warnings[1].contains("ROOM_FILE_MAX_MB"));
}

#[test]
fn folders_become_absolute() {
    let root = tempfile::tempdir().unwrap();
    let mut sources = sources(root.path(), "DATA_DIR=${HOME}/in\n");
    sources.environment = vec![("HOME".into(), "here".into())];
    sources.folders.working = Some(root.path().to_owned());
    let config = Config::load(&sources).unwrap().config;
    assert_eq!(config.data_dir, root.path().join("here/in"));
    sources.environment.clear();
    assert!(Config::load(&sources).unwrap_err().to_string().contains("HOME is not set"));
}

#[test]
fn a_missing_named_file_and_the_rest_are_told_together() {
    let sources = Sources {
        path: Some("/nowhere/config.sh".into()),
        environment: vec![("INGLENOOK_PORT".into(), "x".into())],
        ..Sources::default()
    };
    let told = Config::load(&sources).unwrap_err().to_string();
    assert!(told.contains("cannot be read") && told.contains("INGLENOOK_PORT"), "{told}");
}

#[test]
fn the_first_run_leaves_a_commented_file_and_a_locked_folder_stops_nothing() {
    let root = tempfile::tempdir().unwrap();
    let mut sources = Sources { create: true, ..Sources::default() };
    sources.folders.data = Some(root.path().join("data"));
    sources.folders.config = Some(root.path().join("config"));
    let made = Config::load(&sources).unwrap().path.unwrap();
    assert_eq!(fs::read_to_string(&made).unwrap(), crate::config::shell_file());
    assert_eq!(Config::load(&sources).unwrap().path, Some(made.clone()));
    sources.folders.config = Some(made.join("below a file"));
    let loaded = Config::load(&sources).unwrap();
    assert!(loaded.path.is_none() && loaded.warnings.len() == 1);
}
