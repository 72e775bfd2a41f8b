//! The table as text: the commented `config.sh`, the page of the documentation, and what
//! `inglenook config show` prints.

use std::fmt::Write as _;

use super::resolved::{Layer, Row};
use super::settings::{Kind, Setting};
use super::table::GROUPS;

const INTRODUCTION: &str = "\
# Inglenook's configuration. Every setting stands here with its default; take the # away to change
# one. These are plain shell assignments: KEY=value, export KEY=\"value\", quotes, comments, ${OTHER}
# and ${OTHER:-default}. The file is read, never executed. `inglenook config check` tells what is
# wrong with it.
#
# Stronger than this file: INGLENOOK_<KEY> in the environment, then the command line.
# [live] takes effect as soon as this file is saved, the others at the next start.
";

const PAGE: &str = "\
# Configuration

<!-- Made by `inglenook config default --markdown`; a test compares. -->

Settings are `KEY=value` lines of a file `config.sh`, found by `--config PATH`, else beside the
executable, in the working directory, or in the platform's config folder, where a commented one is
put on the first run. `inglenook config default` prints a fresh one, `inglenook config check` tells
what is wrong with yours, `inglenook config show` tells what is in force and who decided.

Later layers win: the defaults, the preset (`PRESET=development`, `production` or `testing`),
`config.sh`, the environment (`INGLENOOK_<KEY>`; keys marked *env* also under their own name), the
command line (`--host`, `--port`, `--data-dir`, `--preset`, `--no-open`).

The file is plain shell, so that a script can source it, but it is read and never executed:
`KEY=value`, `export KEY=\"value\"`, quotes, comments, `$OTHER`, `${OTHER}` and `${OTHER:-default}` are
understood; anything else is an error. A saved file is checked as a whole. A good one takes effect
at once for the keys marked *live* and at the next start for the others; a bad one is refused and
the old values stay. On Unix a SIGHUP reads the file again.

In the columns of the presets `=` stands for the default. *reserved* marks keys that are checked but
that this version has no use for yet.
";

/// The commented `config.sh`.
pub fn shell_file() -> String {
    let mut out = INTRODUCTION.to_owned();
    for group in GROUPS {
        let _ = write!(out, "\n# ---- {} ----\n", group.title);
        for setting in group.settings {
            out.push('\n');
            for line in comment(setting) {
                let _ = writeln!(out, "# {line}");
            }
            let _ = writeln!(out, "#{}={}", setting.key, setting.default);
        }
    }
    out
}

fn comment(setting: &Setting) -> Vec<String> {
    let mut text = format!("{}; {}", setting.explanation(), setting.kind.expected());
    if !setting.unit().is_empty() {
        let _ = write!(text, ", {}", setting.unit());
    }
    for (preset, other) in presets(setting) {
        if other != "=" {
            let _ = write!(text, "; {preset}: {other}");
        }
    }
    if setting.reloadable {
        text.push_str(" [live]");
    }
    let mut capitals = text.chars();
    let first = capitals.next().map(|c| c.to_ascii_uppercase());
    wrap(&first.into_iter().chain(capitals).collect::<String>(), 96)
}

fn presets(setting: &Setting) -> [(&'static str, &'static str); 3] {
    let texts = &setting.presets;
    [
        ("development", texts.development),
        ("production", texts.production),
        ("testing", texts.testing),
    ]
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.pop().unwrap_or_default();
        if line.is_empty() {
            lines.push(word.to_owned());
        } else if line.len() + 1 + word.len() > width {
            lines.extend([line, word.to_owned()]);
        } else {
            lines.push(format!("{line} {word}"));
        }
    }
    lines
}

/// The page `docs/CONFIGURATION.md`.
pub fn markdown() -> String {
    let mut out = PAGE.to_owned();
    for group in GROUPS {
        let _ = write!(
            out,
            "\n## {}\n| key | default | development | production | testing | values | notes | \
             meaning |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
            group.title
        );
        for setting in group.settings {
            let cell = |text: &'static str| if text.is_empty() { "empty" } else { text };
            let texts = presets(setting).map(|(_, text)| cell(text));
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} | {} | {} | {} | {} |",
                setting.key,
                cell(setting.default),
                texts[0],
                texts[1],
                texts[2],
                values(setting),
                notes(setting),
                setting.meaning
            );
        }
    }
    out
}

fn values(setting: &Setting) -> String {
    let unit = setting.unit();
    let range = match setting.kind {
        Kind::Whole(min, max) => format!("{min} to {max}"),
        Kind::WholeOr(word, min, max) => format!("{word}, {min} to {max}"),
        Kind::Decimal(min, max) => format!("{min} to {max}"),
        Kind::Choice(words) => words.join(", "),
        other => other.expected(),
    };
    format!("{range} {unit}").trim_end().to_owned()
}

fn notes(setting: &Setting) -> String {
    let notes = [
        (setting.reloadable, "live"),
        (setting.bare, "env"),
        (setting.secret, "secret"),
        (setting.later, "reserved"),
    ];
    let given: Vec<_> = notes.iter().filter(|(given, _)| *given).map(|(_, note)| *note).collect();
    given.join(", ")
}

/// The values in force as a table for a terminal.
pub fn listing(rows: &[Row]) -> String {
    let key = rows.iter().map(|row| row.key.len()).max().unwrap_or(0);
    let value = rows.iter().map(|row| row.value.chars().count()).max().unwrap_or(0).min(40);
    let mut out = String::new();
    let mut group = "";
    for row in rows {
        if row.group != group {
            group = row.group;
            let _ = writeln!(out, "{}# {group}", if out.is_empty() { "" } else { "\n" });
        }
        let layer = match row.layer {
            Layer::Default => "default",
            Layer::Preset => "preset",
            Layer::File => "config.sh",
            Layer::Environment => "environment",
            Layer::Flag => "command line",
        };
        let _ = writeln!(out, "{:key$}  {:value$}  {layer}", row.key, row.value);
    }
    out
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
