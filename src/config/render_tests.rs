//! The table, `config.sh`, the documentation and the specification say the same.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::config::settings;
use crate::config::shell;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_files_of_the_repository_are_the_table() {
    for (path, made, how) in [
        ("config.sh", shell_file(), "inglenook config default > config.sh"),
        (
            "docs/CONFIGURATION.md",
            markdown(),
            "inglenook config default --markdown > docs/CONFIGURATION.md",
        ),
    ] {
        let kept = fs::read_to_string(repository(path)).unwrap().replace("\r\n", "\n");
        assert!(kept == made, "{path} is not what the table says; run `{how}`");
    }
}

#[test]
fn the_fresh_file_sets_nothing_and_uncommented_sets_the_defaults() {
    let fresh = shell_file();
    let nothing = shell::read(&fresh, &|_| None);
    assert!(nothing.assignments.is_empty() && nothing.faults.is_empty());
    let uncommented: String = fresh
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .map(|line| format!("{line}\n"))
        .collect();
    let script = shell::read(&uncommented, &|_| None);
    assert!(script.faults.is_empty(), "{:?}", script.faults);
    let set: Vec<_> =
        script.assignments.iter().map(|a| (a.name.as_str(), a.value.as_str())).collect();
    let table: Vec<_> = settings::all().map(|setting| (setting.key, setting.default)).collect();
    assert_eq!(set, table);
}

#[test]
fn lines_are_short_enough_to_read() {
    for line in shell_file().lines() {
        assert!(line.len() <= 100, "{line}");
    }
}

/// The keys of the specification's table, abbreviations written out.
fn keys_of(table: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for row in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| key")) {
        let cell = row.split('|').nth(1).unwrap().trim();
        let stem = cell.split('_').next().unwrap();
        match cell.split_once('{') {
            Some((front, classes)) => {
                let classes = classes.trim_end_matches('}').split(',');
                keys.extend(classes.map(|class| format!("{front}{class}")));
            }
            None => keys.extend(cell.split(", ").map(|key| {
                if key.starts_with('_') { format!("{stem}{key}") } else { key.to_owned() }
            })),
        }
    }
    keys
}

#[test]
fn every_key_of_the_specification_is_here_in_its_order() {
    // The specification is kept beside the repository, not in it.
    let Ok(text) = fs::read_to_string(repository("../shared/SPEC.md")) else { return };
    let table = text.split("\n2.5 ").nth(1).and_then(|rest| rest.split("\n---").next()).unwrap();
    let promised = keys_of(table);
    assert!(promised.len() > 60, "{promised:?}");
    let names: HashSet<_> = promised.iter().map(String::as_str).collect();
    let ours: Vec<_> =
        settings::all().map(|setting| setting.key).filter(|key| names.contains(key)).collect();
    assert_eq!(ours, promised);
}
