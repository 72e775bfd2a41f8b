//! `inglenook config check|show|default`.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use super::arguments::Task;
use super::exit;
use crate::config::{Config, Loaded, Problems, Row, Sources, listing, markdown, shell_file};

/// `config show --json`.
#[derive(Serialize)]
struct Shown<'a> {
    path: Option<&'a std::path::Path>,
    warnings: &'a [String],
    items: Vec<Row>,
}

/// Carries a task out and says how it went.
pub(super) fn run(task: Task, sources: Sources, out: &mut dyn Write) -> u8 {
    let written = match task {
        Task::Check { path } => check(path, sources, out),
        Task::Show { json } => show(json, &sources, out),
        Task::Default { markdown: false } => out.write_all(shell_file().as_bytes()).map(|()| true),
        Task::Default { markdown: true } => out.write_all(markdown().as_bytes()).map(|()| true),
    };
    match written.and_then(|good| out.flush().map(|()| good)) {
        Ok(true) => exit::DONE,
        Ok(false) => exit::CONFIGURATION,
        // `inglenook config show | head` is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit::DONE,
        Err(_) => exit::FAILED,
    }
}

fn check(path: Option<PathBuf>, mut sources: Sources, out: &mut dyn Write) -> io::Result<bool> {
    sources.path = path.or(sources.path);
    match Config::load(&sources) {
        Ok(loaded) => {
            warn(&loaded)?;
            match &loaded.path {
                Some(path) => writeln!(out, "{}: good", path.display())?,
                None => writeln!(out, "there is no config.sh; the defaults are good")?,
            }
            Ok(true)
        }
        Err(problems) => complain(&problems),
    }
}

fn show(json: bool, sources: &Sources, out: &mut dyn Write) -> io::Result<bool> {
    let loaded = match Config::load(sources) {
        Ok(loaded) => loaded,
        Err(problems) => return complain(&problems),
    };
    let items = loaded.rows();
    if json {
        let shown = Shown { path: loaded.path.as_deref(), warnings: &loaded.warnings, items };
        serde_json::to_writer_pretty(&mut *out, &shown)?;
        writeln!(out)?;
    } else {
        warn(&loaded)?;
        match &loaded.path {
            Some(path) => writeln!(out, "# from {}\n", path.display())?,
            None => writeln!(out, "# there is no config.sh\n")?,
        }
        out.write_all(listing(&items).as_bytes())?;
    }
    Ok(true)
}

fn warn(loaded: &Loaded) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    loaded.warnings.iter().try_for_each(|warning| writeln!(stderr, "warning: {warning}"))
}

fn complain(problems: &Problems) -> io::Result<bool> {
    writeln!(io::stderr().lock(), "{problems}")?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(root: &std::path::Path, text: &str) -> Sources {
        let path = root.join("config.sh");
        std::fs::write(&path, text).unwrap();
        let mut sources = Sources { path: Some(path), ..Sources::default() };
        sources.folders.data = Some(root.join("data"));
        sources
    }

    fn run_on(text: &str, task: Task) -> (u8, String) {
        let root = tempfile::tempdir().unwrap();
        let mut out = Vec::new();
        let code = run(task, sources(root.path(), text), &mut out);
        (code, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_good_file_is_called_good_and_a_bad_one_ends_with_78() {
        let (code, said) = run_on("PORT=8080\n", Task::Check { path: None });
        assert_eq!(code, exit::DONE);
        assert!(said.ends_with("config.sh: good\n"));
        assert_eq!(run_on("PROT=8080\n", Task::Check { path: None }).0, exit::CONFIGURATION);
    }

    #[test]
    fn what_is_shown_names_its_layer_and_hides_secrets() {
        let text = "HISTORY_LIMIT=12\nOPENAI_API_KEY=sk-123456789abcd\n";
        let (code, said) = run_on(text, Task::Show { json: true });
        assert_eq!(code, exit::DONE);
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        let row = |key: &str| {
            let rows = said["items"].as_array().unwrap();
            rows.iter().find(|row| row["key"] == key).unwrap().clone()
        };
        assert_eq!(
            (&row("HISTORY_LIMIT")["value"], &row("HISTORY_LIMIT")["layer"]),
            (&"12".into(), &"file".into())
        );
        assert_eq!(row("OPENAI_API_KEY")["value"], "…abcd");
        let (_, listed) = run_on(text, Task::Show { json: false });
        assert!(listed.contains("HISTORY_LIMIT") && listed.contains("config.sh"));
        assert!(!listed.contains("123456789"));
    }

    #[test]
    fn a_fresh_file_is_printed_whole() {
        assert_eq!(run_on("", Task::Default { markdown: false }).1, shell_file());
    }
}
