//! Joins the modules of the page into one file. A module becomes `const m3=(()=>{...;return{...}})();` and its
//! imports become `const{a,b:c}=m1;`, in an order in which everything stands before its use. What is imported later
//! becomes a part: one file of all that the bundle lacks, opened with the modules of the bundle that it uses. Only the
//! few forms below are understood; anything else is an error with file and line, so that the page served from disk
//! and the bundle never differ in silence.

use std::collections::{BTreeMap, BTreeSet};

use super::scan::{self, Line};

/// Finds a file of the assets by its path with forward slashes.
pub(crate) type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The bundle, and the files that went into it.
pub(crate) struct Bundle {
    /// The script.
    pub(crate) script: String,
    /// Paths of the modules inside.
    pub(crate) modules: BTreeSet<String>,
    /// Paths that the script imports when they are first needed, each with the file and line that does.
    pub(crate) lazy: BTreeMap<String, String>,
    /// Those of them that are ours, each joined with what it needs.
    pub(crate) parts: BTreeMap<String, String>,
}

#[derive(Default)]
struct Joiner {
    order: BTreeMap<String, Module>,
    stack: Vec<String>,
    script: String,
    lazy: BTreeMap<String, String>,
    /// The part that is being joined; empty for the bundle itself.
    part: String,
    /// Numbers of the bundle's modules that this part uses.
    borrowed: BTreeSet<usize>,
}

struct Module {
    number: usize,
    exports: BTreeSet<String>,
    part: String,
}

/// Others' code is fetched as it is.
const VENDOR: &str = "vendor/";

/// Joins the entry module and everything that it imports.
pub(crate) fn bundle(entry: &str, read: Read<'_>) -> Result<Bundle, String> {
    let mut joiner = Joiner::default();
    joiner.add(entry, read)?;
    let later = joiner.lazy.clone();
    if let Some((path, place)) = later.iter().find(|(path, _)| joiner.order.contains_key(*path)) {
        return Err(format!(
            "{place}: {path} is in the bundle already and must not be loaded again"
        ));
    }
    let mut script = std::mem::take(&mut joiner.script);
    let mut parts = BTreeMap::new();
    for path in later.keys().filter(|path| !path.starts_with(VENDOR)) {
        let (part, borrowed) = joiner.part(path, read)?;
        let address = format!("import(\"/{path}\")");
        script =
            script.replace(&address, &format!("{address}.then((part)=>part.open({borrowed}))"));
        parts.insert(path.clone(), part);
    }
    let nested = joiner
        .lazy
        .iter()
        .find(|(path, _)| !path.starts_with(VENDOR) && !later.contains_key(*path));
    if let Some((path, place)) = nested {
        return Err(format!("{place}: a part cannot load another one, {path}"));
    }
    let modules = joiner.order.into_keys().collect();
    Ok(Bundle { script, modules, lazy: joiner.lazy, parts })
}

impl Joiner {
    /// Joins what is imported later; answers its script, and the modules that opening it takes. It is opened once:
    /// a second time would double its state.
    fn part(&mut self, path: &str, read: Read<'_>) -> Result<(String, String), String> {
        path.clone_into(&mut self.part);
        self.borrowed.clear();
        self.add(path, read)?;
        let body = std::mem::take(&mut self.script);
        let number = self.order.get(path).map_or(0, |module| module.number);
        let borrowed: Vec<_> = self.borrowed.iter().map(|number| format!("m{number}")).collect();
        let borrowed = borrowed.join(",");
        let script = format!(
            "let made;\nexport const open=({borrowed})=>made??=(()=>{{\n{body}return m{number}}})();\n"
        );
        Ok((script, borrowed))
    }

    fn add(&mut self, path: &str, read: Read<'_>) -> Result<(), String> {
        if self.order.contains_key(path) {
            return Ok(());
        }
        if self.stack.iter().any(|open| open == path) {
            return Err(format!("{path}: imports itself by way of {}", self.stack.join(" -> ")));
        }
        let source = read(path).ok_or_else(|| format!("{path}: no such file"))?;
        self.stack.push(path.to_owned());
        let lines =
            if path.starts_with(VENDOR) { raw_lines(&source) } else { scan::lines(&source) };
        let (body, exports) = self.module(path, &lines, read)?;
        self.stack.pop();
        let number = self.order.len();
        let returned: Vec<_> = exports.iter().map(|(outer, inner)| pair(outer, inner)).collect();
        let returned = returned.join(",");
        let parts =
            ["const m", &number.to_string(), "=(()=>{\n", &body, "return{", &returned, "}})();\n"];
        self.script.push_str(&parts.concat());
        let exports = exports.into_keys().collect();
        self.order.insert(path.to_owned(), Module { number, exports, part: self.part.clone() });
        Ok(())
    }

    fn module(
        &mut self,
        path: &str,
        lines: &[Line],
        read: Read<'_>,
    ) -> Result<(String, BTreeMap<String, String>), String> {
        let mut body = String::new();
        let mut exports = BTreeMap::new();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            at += 1;
            let place = format!("{path}:{}", line.number);
            if line.top && (line.text.starts_with("import ") || line.text.starts_with("import{")) {
                let mut statement = line.text.clone();
                while !statement.ends_with(';') {
                    let more =
                        lines.get(at).ok_or_else(|| format!("{place}: this import has no end"))?;
                    statement.push_str(&more.text);
                    at += 1;
                }
                body.push_str(&self.import(path, &place, &statement, read)?);
                continue;
            }
            self.find_lazy(&place, &line.text)?;
            if line.top && line.text.starts_with("export") {
                body.push_str(
                    &export(&line.text, &mut exports).ok_or_else(|| unknown(&place, &line.text))?,
                );
            } else {
                body.push_str(&line.text);
            }
            body.push('\n');
        }
        Ok((body, exports))
    }

    /// `import { a, b as c } from "./x.js";` or `import "./x.js";`.
    fn import(
        &mut self,
        path: &str,
        place: &str,
        statement: &str,
        read: Read<'_>,
    ) -> Result<String, String> {
        let inner = statement.trim_start_matches("import").trim_end_matches(';').trim();
        let (names, from) = match inner.strip_prefix('{') {
            Some(rest) => {
                let (names, from) =
                    rest.split_once('}').ok_or_else(|| unknown(place, statement))?;
                (names, from.trim().strip_prefix("from").ok_or_else(|| unknown(place, statement))?)
            }
            None => ("", inner),
        };
        let from = from.trim().trim_matches(['"', '\'']);
        if !from.starts_with("./") && !from.starts_with("../") {
            return Err(format!("{place}: \"{from}\" is no relative path"));
        }
        let target = resolve(path, from);
        if read(&target).is_none() {
            return Err(format!("{place}: there is no {target}"));
        }
        self.add(&target, read)?;
        let module = self.order.get(&target).ok_or_else(|| unknown(place, statement))?;
        if module.part.is_empty() && !self.part.is_empty() {
            self.borrowed.insert(module.number);
        } else if module.part != self.part {
            return Err(format!("{place}: {target} belongs to {}, another part", module.part));
        }
        let mut bindings = Vec::new();
        for (outer, inner) in renames(names) {
            if !module.exports.contains(outer) {
                return Err(format!("{place}: {target} does not export {outer}"));
            }
            bindings.push(pair(outer, inner));
        }
        Ok(if bindings.is_empty() {
            String::new()
        } else {
            format!("const{{{}}}=m{};\n", bindings.join(","), module.number)
        })
    }

    /// `import("/vendor/x.js")` stays as it is; the file must exist and not be bundled, which the caller checks.
    fn find_lazy(&mut self, place: &str, text: &str) -> Result<(), String> {
        if text.contains("import.meta") {
            return Err(unknown(place, text));
        }
        for (at, _) in text.match_indices("import(\"") {
            let rest = &text[at + "import(\"".len()..];
            let address = rest.split('"').next().unwrap_or_default();
            let Some(path) = address.strip_prefix('/') else {
                return Err(format!("{place}: \"{address}\" must be absolute"));
            };
            self.lazy.insert(path.to_owned(), place.to_owned());
        }
        Ok(())
    }
}

/// Takes `export` off a line, and notes what it names.
fn export(line: &str, exports: &mut BTreeMap<String, String>) -> Option<String> {
    let rest = line.strip_prefix("export")?.trim_start();
    if let Some(list) = rest.strip_prefix('{') {
        let (names, end) = list.split_once('}')?;
        if !matches!(end.trim(), ";" | "") {
            return None;
        }
        for (inner, outer) in renames(names) {
            exports.insert(outer.to_owned(), inner.to_owned());
        }
        return Some(String::new());
    }
    let declared = ["const ", "function* ", "function ", "async function ", "class "]
        .iter()
        .find_map(|word| rest.strip_prefix(word))?;
    let end = declared.find(|sign: char| !sign.is_alphanumeric() && sign != '_' && sign != '$');
    let name = &declared[..end.unwrap_or(declared.len())];
    if name.is_empty() {
        return None;
    }
    exports.insert(name.to_owned(), name.to_owned());
    Some(rest.to_owned())
}

/// `a, b as c` as pairs.
fn renames(names: &str) -> impl Iterator<Item = (&str, &str)> {
    names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(|name| {
        match name.split_once(" as ") {
            Some((from, to)) => (from.trim(), to.trim()),
            None => (name, name),
        }
    })
}

fn pair(key: &str, value: &str) -> String {
    if key == value { key.to_owned() } else { format!("{key}:{value}") }
}

fn raw_lines(source: &str) -> Vec<Line> {
    let numbered = source.lines().zip(1..);
    numbered.map(|(text, number)| Line { text: text.to_owned(), number, top: true }).collect()
}

/// Where a relative import leads.
fn resolve(path: &str, from: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in from.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

fn unknown(place: &str, text: &str) -> String {
    let start: String = text.chars().take(80).collect();
    format!("{place}: the bundler does not understand `{start}`")
}
