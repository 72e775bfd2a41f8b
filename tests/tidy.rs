//! The laws of the house, read from its own files: who may import whom, how long a file may be, what
//! every file opens with, why each dependency is there, and that the documents name what exists.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::unnecessary_debug_formatting,
    reason = "a test fails by panicking, starts the executable and quotes paths"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[test]
fn every_module_imports_only_what_the_table_allows() {
    let table = import_table();
    let mut broken = String::new();
    for file in files("src", &["rs"]) {
        let Some(module) = module_of(&file) else { continue };
        let allowed = table
            .get(&module)
            .unwrap_or_else(|| panic!("{module} ({file:?}) has no row in ARCHITECTURE.md"));
        for (line, imported) in crate_paths(&read(&file)) {
            if imported != module && table.contains_key(&imported) && !allowed.contains(&imported) {
                let _ = writeln!(broken, "{}:{line}: {module} imports {imported}", file.display());
            }
        }
    }
    assert!(broken.is_empty(), "against the table in ARCHITECTURE.md:\n{broken}");
}

#[test]
fn the_import_table_has_no_circles_and_names_only_what_exists() {
    let table = import_table();
    let modules: BTreeSet<String> =
        files("src", &["rs"]).iter().filter_map(|f| module_of(f)).collect();
    let rows: BTreeSet<String> = table.keys().cloned().collect();
    assert_eq!(rows, modules, "rows of the table and modules of src");
    let mut settled = BTreeSet::new();
    while settled.len() < table.len() {
        let free: Vec<&String> = table
            .iter()
            .filter(|(module, needs)| !settled.contains(*module) && needs.is_subset(&settled))
            .map(|(module, _)| module)
            .collect();
        assert!(!free.is_empty(), "a circle among {:?}", rows.difference(&settled));
        settled.extend(free.into_iter().cloned());
    }
}

#[test]
fn every_rust_file_says_first_what_it_is() {
    for file in rust_files() {
        let text = read(&file);
        let first = text.lines().find(|line| !line.starts_with("#!")).unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 20, "{file:?} opens with {first:?}");
    }
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    let mut long = String::new();
    let ours =
        files("assets", &["js", "mjs", "css"]).into_iter().chain(files("tests/ui", &["mjs"]));
    let limits =
        rust_files().into_iter().map(|file| (file, 500)).chain(ours.map(|file| (file, 250)));
    for (file, limit) in limits {
        let lines = read(&file).lines().count();
        if lines > limit {
            let _ = writeln!(long, "{}: {lines} lines, at most {limit}", file.display());
        }
    }
    assert!(long.is_empty(), "split these by noun:\n{long}");
}

#[test]
fn only_net_opens_connections() {
    let ways =
        ["reqwest::Client", "reqwest::get", "TcpStream::connect", "UdpSocket", "lookup_host"];
    for file in files("src", &["rs"]).into_iter().filter(|file| !file.starts_with("src/net")) {
        for (number, line) in read(&file).lines().enumerate() {
            for way in ways {
                assert!(!line.contains(way), "{}:{}: {line}", file.display(), number + 1);
            }
        }
    }
}

#[test]
fn no_module_is_named_for_having_no_name() {
    let vague =
        ["util", "utils", "helper", "helpers", "common", "manager", "service", "services", "misc"];
    for file in rust_files().into_iter().chain(files("assets", &["js", "css"])) {
        for part in file.components().map(|part| part.as_os_str().to_string_lossy().into_owned()) {
            let stem = part.split('.').next().unwrap_or_default();
            assert!(!vague.contains(&stem), "{file:?}: {stem} says nothing");
        }
    }
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    let words =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("#[ign", "ore")];
    let all = rust_files().into_iter().chain(files("assets", &["js", "css", "html"]));
    for file in all.chain(files("tests/ui", &["mjs"])) {
        let text = read(&file);
        for (number, line) in text.lines().enumerate() {
            for word in words {
                assert!(!line.contains(word), "{}:{}: {line}", file.display(), number + 1);
            }
        }
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = read(Path::new("Cargo.toml"));
    let (mut inside, mut reason) = (false, false);
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies]");
            reason = false;
        } else if line.starts_with('#') {
            reason = line.len() > 8;
        } else if line.is_empty() {
            reason = false;
        } else if inside {
            assert!(reason, "no reason above: {line}");
        }
    }
}

#[test]
fn every_setting_stands_in_the_file_that_is_shipped() {
    let shipped = read(Path::new("config.sh"));
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_inglenook"))
        .args(["config", "default"])
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), shipped, "config.sh is `config default`");
}

#[test]
fn the_documents_refer_only_to_what_exists() {
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/API.md",
        "docs/SECURITY.md",
    ] {
        let text = read(Path::new(document));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") || link.starts_with('#') {
                continue;
            }
            let target = link.split('#').next().unwrap_or_default();
            let path = root().join(Path::new(document).parent().unwrap()).join(target);
            assert!(path.exists(), "{document} links to {link}, which is not there");
        }
    }
}

#[test]
fn the_threat_model_names_only_tests_that_exist() {
    let (mut named, mut gone) = (0, String::new());
    for quoted in read(Path::new("docs/SECURITY.md")).split('`').skip(1).step_by(2) {
        let Some((file, test)) = quoted.split_once("::") else { continue };
        named += 1;
        let file =
            if file == "tidy" { "tests/tidy.rs".into() } else { format!("tests/it/{file}.rs") };
        let text = read(Path::new(&file));
        if test != "*" && !text.contains(&format!("fn {test}(")) {
            let _ = writeln!(gone, "{quoted}");
        }
    }
    assert!(named > 20 && gone.is_empty(), "not there:\n{gone}");
}

#[test]
fn every_door_function_is_in_the_list_of_routes() {
    let list = read(Path::new("src/api/mod.rs"));
    let mut count = 0;
    for file in files("src/api", &["rs"]) {
        let text = read(&file);
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let module = match name.as_str() {
            "mod" => file.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned(),
            _ => name,
        };
        for rest in text.split("#[utoipa::path(").skip(1) {
            let door = rest.split(" async fn ").nth(1).and_then(|rest| rest.split('(').next());
            let named = format!("({module}::{},", door.unwrap_or_default());
            assert!(list.contains(&named), "{file:?}: {named} is described and served nowhere");
            count += 1;
        }
    }
    assert!(count > 30, "only {count} door functions found");
}

/// `module -> modules it may import`, from the table under the heading.
fn import_table() -> BTreeMap<String, BTreeSet<String>> {
    let text = read(Path::new("ARCHITECTURE.md"));
    let section = text.split("## Who may import whom").nth(1).expect("the heading");
    let section = section.split("\n## ").next().unwrap();
    let ticked = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let mut table = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = row.trim_matches('|').split('|');
        let modules = ticked(cells.next().unwrap_or_default());
        let allowed: BTreeSet<String> =
            ticked(cells.next().unwrap_or_default()).into_iter().collect();
        for module in modules {
            let before = table.insert(module.clone(), allowed.clone());
            assert!(before.is_none(), "{module} has two rows");
        }
    }
    assert!(!table.is_empty(), "no table found");
    table
}

/// The module a file of `src` belongs to; `None` for the two roots.
fn module_of(file: &Path) -> Option<String> {
    let inside = file.strip_prefix("src").ok()?;
    let first = inside.components().next()?.as_os_str().to_string_lossy().into_owned();
    let module = first.trim_end_matches(".rs");
    (!matches!(module, "lib" | "main")).then(|| module.to_owned())
}

/// The first name after every `crate::`, groups opened, comments left out.
fn crate_paths(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for rest in code.split("crate::").skip(1) {
            let group = rest.strip_prefix('{');
            let heads: Vec<&str> = match group {
                None => vec![rest],
                Some(group) => top_level(group),
            };
            for head in heads {
                let name: String =
                    head.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.push((number + 1, name));
            }
        }
    }
    found
}

/// The parts of a `{...}` group that stand at its top level.
fn top_level(group: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0_usize, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&group[from..at]);
                return parts;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[from..]);
    parts
}

fn rust_files() -> Vec<PathBuf> {
    ["src", "tests", "benches"].iter().flat_map(|folder| files(folder, &["rs"])).collect()
}

/// All files of these endings under a folder, relative to the project, without what others wrote.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["vendor", "node_modules", "target"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| endings.contains(&&*e.to_string_lossy())) {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file:?}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

mod assets {
    //! What the browser loads: only our own files, only files that exist, and markup made in one place.

    use super::{Path, PathBuf, files, read, root};

    /// Names of XML languages, which look like addresses and are never fetched.
    const NAMESPACES: [&str; 2] = ["http://www.w3.org/", "http://www.w3.org"];

    #[test]
    fn assets_import_only_files_that_exist() {
        for file in files("assets", &["js", "mjs", "css", "html"]) {
            for address in addresses(&read(&file)) {
                let target = resolve(&file, &address);
                assert!(
                    target.exists(),
                    "{file:?} loads {address}, which is not there ({target:?})"
                );
            }
        }
    }

    #[test]
    fn assets_know_no_other_host() {
        for file in files("assets", &["js", "mjs", "css", "html", "svg", "json", "webmanifest"]) {
            for (number, line) in read(&file).lines().enumerate() {
                for (at, _) in line.match_indices("http").filter(|(at, _)| {
                    let rest = &line[*at..];
                    rest.starts_with("http://") || rest.starts_with("https://")
                }) {
                    let rest = &line[at..];
                    let host = rest.split("://").nth(1).unwrap_or_default();
                    let shown =
                        ["localhost", "127.0.0.1", "\"", "'", "`", "${", "(", "|", "\\", "…", " "];
                    let known =
                        host.is_empty() || shown.iter().any(|start| host.starts_with(start));
                    let named = NAMESPACES.iter().any(|name| rest.starts_with(name));
                    assert!(known || named, "{}:{}: {line}", file.display(), number + 1);
                }
            }
        }
    }

    #[test]
    fn markup_is_set_in_one_module_only() {
        let setting = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write"];
        let with: Vec<PathBuf> = files("assets", &["js", "mjs"])
            .into_iter()
            .filter(|file| setting.iter().any(|word| read(file).contains(word)))
            .collect();
        assert!(with.len() <= 1, "markup is set in more than one module: {with:?}");
    }

    #[test]
    fn components_and_views_never_fetch_by_themselves() {
        for folder in ["assets/components", "assets/views"] {
            for file in files(folder, &["js"]) {
                let text = read(&file);
                for word in ["fetch(", "new EventSource(", "new WebSocket(", "XMLHttpRequest"] {
                    let alone = text.match_indices(word).any(|(at, _)| {
                        let before = text[..at].chars().next_back();
                        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
                    });
                    assert!(!alone, "{file:?} uses {word}");
                }
            }
        }
    }

    #[test]
    fn every_vendored_file_is_accounted_for() {
        let register = read(Path::new("assets/vendor/VENDOR.md"));
        let folder = std::fs::read_dir(root().join("assets/vendor")).unwrap();
        for entry in folder.map(Result::unwrap) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let listed =
                name == "VENDOR.md" || name.contains("LICENSE") || register.contains(&name);
            assert!(listed || entry.path().is_dir(), "assets/vendor/{name} is not in VENDOR.md");
        }
    }

    /// What a file makes the browser load: imports, `src`, `href`, `url()`.
    fn addresses(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (before, quote) in [
            ("from \"", '"'),
            ("from '", '\''),
            ("import \"", '"'),
            ("import '", '\''),
            ("import(\"", '"'),
            ("import('", '\''),
            (" src=\"", '"'),
            ("<link rel=\"stylesheet\" href=\"", '"'),
            ("url(\"", '"'),
        ] {
            for rest in text.split(before).skip(1) {
                let address = rest.split(quote).next().unwrap_or_default();
                let plain = ['/', '.'].iter().any(|&start| address.starts_with(start));
                if plain && !address.contains(['$', '{', ' ', '\n']) {
                    found.push(address.to_owned());
                }
            }
        }
        found
    }

    fn resolve(file: &Path, address: &str) -> PathBuf {
        let address = address.split(['?', '#']).next().unwrap_or_default();
        let assets = root().join("assets");
        match address.strip_prefix('/') {
            Some(rest) => assets.join(rest.strip_prefix("assets/").unwrap_or(rest)),
            None => root().join(file.parent().unwrap()).join(address),
        }
    }
}
