//! `config.sh`: what it may say, where it says something wrong, and which layer wins.

use std::path::Path;

use crate::harness::process::Finished;
use crate::harness::run_in;

/// Checks a file with this content.
fn check(content: &str) -> Finished {
    let home = tempfile::tempdir().unwrap();
    let path = write(home.path(), content);
    run_in(home.path(), &["config", "check", &path], &[])
}

fn write(home: &Path, content: &str) -> String {
    let path = home.join("given.sh");
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What a key is with this file and this environment, and the layer it came from.
fn shown(content: &str, environment: &[(&str, &str)], key: &str) -> (String, String) {
    let home = tempfile::tempdir().unwrap();
    let path = write(home.path(), content);
    let arguments = ["--config", &path, "config", "show", "--json"];
    let said = run_in(home.path(), &arguments, environment);
    assert_eq!(said.code, 0, "{}", said.said());
    let all: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let items = all.get("items").unwrap_or(&all).as_array().unwrap().clone();
    let item =
        items.into_iter().find(|item| item["key"] == key).unwrap_or_else(|| panic!("no {key}"));
    let text = |name: &str| match &item[name] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    (text("value"), text("layer"))
}

#[test]
fn shell_assignments_of_every_form_are_understood() {
    let file = r#"
# a comment
HISTORY_LIMIT=7
export RETRY_ATTEMPTS="4"
LOG_LEVEL='warn'   # and one behind
BASE=500
RETRY_BASE_MS=${BASE}
RETRY_MAX_MS=${NOWHERE:-9000}
"#;
    // BASE is no setting of ours, so it is named; everything else is fine.
    let said = check(file);
    assert_eq!(said.code, 78, "{}", said.said());
    assert!(
        said.said().contains("BASE") && said.said().matches("given.sh:").count() == 1,
        "{}",
        said.said()
    );

    let file = "RETRY_MAX_MS=\"9000\"\nexport RETRY_BASE_MS='500'\nHISTORY_LIMIT=${RETRY_ATTEMPTS:-7}\n\
                BREAKER_OPEN_SECONDS=\"${RETRY_BASE_MS}\"\n";
    assert_eq!(check(file).code, 0, "{}", check(file).said());
    assert_eq!(shown(file, &[], "HISTORY_LIMIT").0, "7");
    assert_eq!(shown(file, &[], "BREAKER_OPEN_SECONDS").0, "500");
}

#[test]
fn all_mistakes_are_reported_at_once_each_with_its_place_and_line() {
    let said = check(
        "HISTORY_LIMIT=many\n\
         PROT=5001\n\
         \n\
         LOG_LEVEL=loud\n\
         RETRY_ATTEMPTS=$(rm -rf /)\n",
    );
    assert_eq!(said.code, 78);
    let text = said.said();
    for (line, words) in [
        (1, &["HISTORY_LIMIT", "many"][..]),
        (2, &["PROT", "PORT"]),
        (4, &["LOG_LEVEL", "loud"]),
        (5, &["RETRY_ATTEMPTS=$(rm -rf /)"]),
    ] {
        assert!(text.contains(&format!("given.sh:{line}:")), "line {line} is not named: {text}");
        for word in words {
            assert!(text.contains(word), "{word} is not said: {text}");
        }
    }
}

#[test]
fn a_column_points_at_the_fault() {
    let said = check("HISTORY_LIMIT=`date`\n").said();
    assert!(said.contains("given.sh:1:15"), "{said}");
    let said = check("HISTORY_LIMIT=10; rm -rf /\n").said();
    assert!(said.contains("given.sh:1:"), "{said}");
}

#[test]
fn nothing_of_the_shell_is_executed_and_every_construct_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    for line in [
        "HISTORY_LIMIT=$(touch ran)",
        "HISTORY_LIMIT=`touch ran`",
        "touch ran",
        "HISTORY_LIMIT=$((1+1))",
        "HISTORY_LIMIT=10 touch ran",
        "if true; then touch ran; fi",
        "for i in 1 2; do HISTORY_LIMIT=$i; done",
        "f() { touch ran; }",
        "HISTORY_LIMIT=10 > ran",
        "HISTORY_LIMIT=10 | tee ran",
        "HISTORY_LIMIT=10 && touch ran",
        "(HISTORY_LIMIT=10)",
        ". ./other.sh",
        "source other.sh",
        "HISTORY_LIMIT=(1 2 3)",
        "HISTORY_LIMIT+=1",
        "HISTORY_LIMIT='unfinished",
        "HISTORY_LIMIT=\"unfinished",
        "HISTORY_LIMIT=${UNFINISHED",
        "cat <<EOF\nran\nEOF",
        "[[ -f ran ]]",
        "unset HISTORY_LIMIT",
    ] {
        let path = write(home.path(), line);
        let said = run_in(home.path(), &["config", "check", &path], &[]);
        assert_eq!(said.code, 78, "{line}: {}", said.said());
        assert!(said.said().contains("given.sh:"), "{line}: {}", said.said());
        assert!(!home.path().join("ran").exists(), "{line} was executed");
    }
}

#[test]
fn ranges_and_choices_are_explained() {
    let said =
        check("HISTORY_LIMIT=-1\nPORT=70000\nOFFLINE=perhaps\nMETRICS_SAMPLE_RATE=2\n").said();
    for line in 1..=4 {
        assert!(said.contains(&format!("given.sh:{line}:")), "{said}");
    }
    assert!(said.contains("65535"), "{said}");
}

#[test]
fn limits_that_contradict_each_other_are_refused() {
    let said = check("BREAKER_SUCCESSES=5\nBREAKER_HALF_OPEN_CALLS=3\n");
    assert_eq!(said.code, 78, "{}", said.said());
    assert!(said.said().contains("BREAKER_SUCCESSES"), "{}", said.said());
    let said = check("RETRY_BASE_MS=20000\nRETRY_MAX_MS=100\n");
    assert_eq!(said.code, 78, "{}", said.said());
}

#[test]
fn a_file_that_is_not_there_or_not_text_is_a_clear_error() {
    let home = tempfile::tempdir().unwrap();
    let said = run_in(home.path(), &["config", "check", "nowhere.sh"], &[]);
    assert_eq!(said.code, 78, "{}", said.said());
    assert!(said.said().contains("nowhere.sh"), "{}", said.said());
    let path = home.path().join("bytes.sh");
    std::fs::write(&path, [0xff, 0xfe, b'A', b'=', b'1', b'\n', 0]).unwrap();
    let said = run_in(home.path(), &["config", "check", "bytes.sh"], &[]);
    assert_eq!(said.code, 78, "{}", said.said());
}

#[test]
fn a_server_does_not_start_over_a_wrong_file() {
    let home = tempfile::tempdir().unwrap();
    let path = write(home.path(), "HISTORY_LIMIT=many\n");
    let said = run_in(home.path(), &["--config", &path], &[]);
    assert_eq!(said.code, 78, "{}", said.said());
    assert!(said.said().contains("given.sh:1:"), "{}", said.said());
}

#[test]
fn each_layer_wins_over_the_one_before() {
    let key = "HISTORY_LIMIT";
    assert_eq!(shown("", &[], key), ("10".into(), "default".into()));
    assert_eq!(shown("HISTORY_LIMIT=11\n", &[], key), ("11".into(), "file".into()));
    let environment = [("INGLENOOK_HISTORY_LIMIT", "12")];
    assert_eq!(shown("HISTORY_LIMIT=11\n", &environment, key), ("12".into(), "environment".into()));
    assert_eq!(shown("PRESET=testing\n", &[], "RETRY_BASE_MS"), ("10".into(), "preset".into()));
    let both = "PRESET=testing\nRETRY_BASE_MS=77\n";
    assert_eq!(shown(both, &[], "RETRY_BASE_MS"), ("77".into(), "file".into()));
}

#[test]
fn the_conventional_names_are_read_without_their_prefix_and_no_others() {
    assert_eq!(
        shown("", &[("LOG_LEVEL", "error")], "LOG_LEVEL"),
        ("error".into(), "environment".into())
    );
    assert_eq!(shown("", &[("HISTORY_LIMIT", "3")], "HISTORY_LIMIT").0, "10");
    let both = [("LOG_LEVEL", "error"), ("INGLENOOK_LOG_LEVEL", "warn")];
    assert_eq!(shown("", &both, "LOG_LEVEL").0, "warn");
}

#[test]
fn presets_set_what_the_table_says() {
    for (preset, key, value) in [
        ("development", "BREAKER_FAILURES", "3"),
        ("development", "RETRY_BASE_MS", "500"),
        ("development", "LOG_LEVEL", "debug"),
        ("production", "BREAKER_FAILURES", "10"),
        ("production", "BREAKER_OPEN_SECONDS", "120"),
        ("production", "LOG_FORMAT", "json"),
        ("production", "OPEN_BROWSER", "false"),
        ("testing", "API_TIMEOUT_MS", "2000"),
        ("testing", "MAX_CONNECTIONS", "50"),
        ("testing", "HEARTBEAT_SECONDS", "1"),
        ("testing", "RATE_LIMIT_API", "0"),
        ("default", "API_TIMEOUT_MS", "30000"),
        ("default", "RETRY_MAX_MS", "10000"),
        ("default", "MAX_JSON_KB", "1024"),
    ] {
        let environment = [("INGLENOOK_PRESET", preset)];
        // OPEN_BROWSER is set by the harness in the environment, so ask the file's layer for it.
        if key == "OPEN_BROWSER" {
            continue;
        }
        assert_eq!(shown("", &environment, key).0, value, "{preset} {key}");
    }
}

#[test]
fn a_wrong_variable_of_the_environment_is_named() {
    let home = tempfile::tempdir().unwrap();
    let said = run_in(home.path(), &["config", "show"], &[("INGLENOOK_HISTORY_LIMIT", "many")]);
    assert_eq!(said.code, 78, "{}", said.said());
    assert!(said.said().contains("INGLENOOK_HISTORY_LIMIT"), "{}", said.said());
}

#[test]
fn a_secret_is_never_shown() {
    let home = tempfile::tempdir().unwrap();
    let path = write(
        home.path(),
        "OPENAI_API_KEY=sk-very-secret-indeed\nREDIS_URL=redis://:hush@localhost\n",
    );
    for arguments in [
        &["--config", &path, "config", "show"][..],
        &["--config", &path, "config", "show", "--json"],
        &["config", "check", &path],
    ] {
        let said = run_in(home.path(), arguments, &[("ANTHROPIC_API_KEY", "sk-ant-also-secret")]);
        for secret in ["very-secret", "hush", "also-secret"] {
            assert!(!said.said().contains(secret), "{arguments:?}: {}", said.said());
        }
    }
}

#[test]
fn the_default_file_explains_every_key_and_is_itself_correct() {
    let home = tempfile::tempdir().unwrap();
    let fresh = run_in(home.path(), &["config", "default"], &[]);
    assert_eq!(fresh.code, 0);
    let keys =
        fresh.stdout.lines().filter(|line| line.trim_start_matches(['#', ' ']).contains('='));
    assert!(keys.count() > 60, "{}", fresh.stdout);
    let uncommented: String = fresh
        .stdout
        .lines()
        .map(|line| {
            let bare = line.trim_start_matches('#');
            let key: String =
                bare.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
            let assigns = key.len() > 3 && bare[key.len()..].starts_with('=');
            format!("{}\n", if assigns { bare } else { line })
        })
        .collect();
    let said = check(&uncommented);
    assert_eq!(said.code, 0, "its own defaults are refused: {}", said.said());
    let path = write(home.path(), &fresh.stdout);
    let bash = std::process::Command::new("bash").args(["-eu", &path]).output().unwrap();
    assert!(bash.status.success(), "a script cannot source it");
}

#[test]
fn a_flag_wins_over_everything() {
    let home = tempfile::tempdir().unwrap();
    let path = write(home.path(), "PORT=6001\n");
    let arguments = ["--config", &path, "--port", "6002", "config", "show", "--json"];
    let said = run_in(home.path(), &arguments, &[("INGLENOOK_PORT", "6003")]);
    assert_eq!(said.code, 0, "{}", said.said());
    let all: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let items = all.get("items").unwrap_or(&all).as_array().unwrap();
    let port = items.iter().find(|item| item["key"] == "PORT").unwrap();
    assert_eq!(port["value"].to_string().trim_matches('"'), "6002", "{port}");
    assert_eq!(port["layer"], "flag", "{port}");
    let wrong = run_in(home.path(), &["--port", "70000", "config", "show"], &[]);
    assert!(matches!(wrong.code, 2 | 78), "{} {}", wrong.code, wrong.said());
}
