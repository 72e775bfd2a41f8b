//! Prepares the web UI for the executable: one script and one stylesheet from many, every file compressed once, and an
//! index of what there is. The result lies in `OUT_DIR/assets`, the index in `OUT_DIR/assets_index.rs`. A debug
//! build serves the files of `assets/` themselves, so it checks that they can be joined and compresses nothing.

#[path = "build/bundle.rs"]
mod bundle;
#[path = "build/page.rs"]
mod page;
#[path = "build/scan.rs"]
mod scan;
#[path = "build/squeeze.rs"]
mod squeeze;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The embedding model lies in `assets`, too, but is no part of the page.
const MODEL: &str = "model";

/// The files of the page by their path with forward slashes.
type Files = BTreeMap<String, Vec<u8>>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut cargo = std::io::stdout().lock();
    for watched in ["assets", "build", "build.rs"] {
        writeln!(cargo, "cargo::rerun-if-changed={watched}")?;
    }
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let release = variable("PROFILE")? == "release";

    let mut files = Files::new();
    collect(&root.join("assets"), "", &mut files)?;
    join(&mut files)?;
    let entries = squeeze::write(&files, &out, release)?;
    fs::write(out.join("assets_index.rs"), index(&entries))?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts through the environment"
)]
fn variable(name: &str) -> Result<OsString, Box<dyn Error>> {
    std::env::var_os(name).ok_or_else(|| format!("cargo did not set {name}").into())
}

fn collect(folder: &Path, prefix: &str, files: &mut Files) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|name| format!("{}: odd name", name.display()))?;
        // Types are for the type check alone.
        if name.starts_with('.') || name.ends_with(".d.ts") {
            continue;
        }
        let path = format!("{prefix}{name}");
        if path == MODEL {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// Replaces modules and stylesheets by `app.js` and `app.css`, and the page by one that names them with their hashes.
fn join(files: &mut Files) -> Result<(), String> {
    let sources = files.clone();
    let text =
        |path: &str| sources.get(path).and_then(|bytes| String::from_utf8(bytes.clone()).ok());
    let page = text("index.html").ok_or("assets/index.html: no such file")?;
    let entry = page::entry(&page).ok_or("index.html: no <script type=\"module\">")?;
    let bundle = bundle::bundle(&entry, &text)?;
    let others: Vec<String> = others(&sources).collect();
    let mut shared = BTreeSet::new();
    for entry in others.iter().filter_map(|page| page::entry(page)) {
        shared.extend(bundle::bundle(&entry, &text)?.modules);
    }
    for path in bundle.modules.difference(&shared) {
        files.remove(path);
    }
    // A part names only others' files, the script names parts, too: so the hashes of parts come first.
    for (path, part) in bundle.parts {
        let part = with_hashes(part, &bundle.lazy, files);
        files.insert(path, part.into_bytes());
    }
    if let Some((path, place)) = bundle.lazy.iter().find(|(path, _)| !files.contains_key(*path)) {
        return Err(format!("{place}: {path} does not exist"));
    }
    let script = with_hashes(bundle.script, &bundle.lazy, files);
    let mut sheets = Vec::new();
    for path in page::stylesheets(&page) {
        let sheet = text(&path).ok_or_else(|| format!("index.html: there is no {path}"))?;
        sheets.push((path, sheet));
    }
    let css = page::join_css(&sheets)?;
    let shared: Vec<String> = others.iter().flat_map(|page| page::stylesheets(page)).collect();
    for path in sheets.iter().map(|(path, _)| path).filter(|path| !shared.contains(path)) {
        files.remove(path);
    }
    files.insert("app.js".to_owned(), script.into_bytes());
    files.insert("app.css".to_owned(), css.into_bytes());
    let rewritten =
        page::rewrite(&page, &|path| files.get(path).map(|bytes| squeeze::version(bytes)))?;
    files.insert("index.html".to_owned(), rewritten.into_bytes());
    Ok(())
}

/// The other pages: they are served as they are, with the modules and stylesheets that they share with
/// the first.
fn others(files: &Files) -> impl Iterator<Item = String> {
    let pages = files.iter().filter(|(path, _)| squeeze::is_page(path) && *path != "index.html");
    pages.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
}

/// A script that names what it imports later with its hash.
fn with_hashes(script: String, lazy: &BTreeMap<String, String>, files: &Files) -> String {
    lazy.keys().fold(script, |script, path| match files.get(path) {
        Some(bytes) => script.replace(
            &format!("import(\"/{path}\")"),
            &format!("import(\"/{path}?v={}\")", squeeze::version(bytes)),
        ),
        None => script,
    })
}

/// The index as a Rust expression: a slice of `Entry`, sorted by path.
fn index(entries: &[squeeze::Entry]) -> String {
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| {
            format!(
                "    Entry {{ path: {:?}, hash: {:?}, mime: {:?}, brotli: {}, gzip: {} }},\n",
                entry.path, entry.hash, entry.mime, entry.brotli, entry.gzip
            )
        })
        .collect();
    format!("&[\n{}]\n", rows.concat())
}
