//! Puts the layers on top of each other: built-in defaults, the preset, `config.sh`, the
//! environment, the command line; later ones win. Every text of every layer is checked, also one
//! that a later layer covers, and all that is wrong is told at once.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::file::File;
use super::problem::{Place, Problem, Problems};
use super::resolved::{Chosen, Layer, Resolved};
use super::settings::{self, Kind, Setting, Value};
use super::shell;

/// In front of every key in the environment.
const PREFIX: &str = "INGLENOOK_";

/// Everything outside the program that a configuration is made from; read once, at the start.
#[derive(Clone, Default)]
pub struct Sources {
    /// `--config`.
    pub path: Option<PathBuf>,
    /// What the command line sets.
    pub flags: Vec<FlagValue>,
    /// The process environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The folders of this platform and process.
    pub folders: Folders,
    /// Whether a commented `config.sh` is put into the config folder when there is none anywhere.
    pub create: bool,
}

/// A setting from the command line.
#[derive(Debug, Clone)]
pub struct FlagValue {
    /// As the person wrote it: `--port`.
    pub flag: &'static str,
    /// The setting: `PORT`.
    pub key: &'static str,
    /// Its text.
    pub text: String,
}

/// Folders that matter for a configuration; absent where the platform has none.
#[derive(Debug, Clone, Default)]
pub struct Folders {
    /// Where the executable lies.
    pub executable: Option<PathBuf>,
    /// Where the process was started.
    pub working: Option<PathBuf>,
    /// The platform's folder for configuration.
    pub config: Option<PathBuf>,
    /// The platform's folder for data.
    pub data: Option<PathBuf>,
    /// A name for a folder that nobody else has; not made here.
    pub temporary: PathBuf,
}

/// What the layers come to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) resolved: Resolved,
    pub(super) warnings: Vec<String>,
}

/// A text that some layer gives a setting.
struct Given {
    setting: &'static Setting,
    layer: Layer,
    place: Place,
    text: String,
}

impl Sources {
    /// What this process was started with. Only here is the environment read.
    pub fn of_process(path: Option<PathBuf>, flags: Vec<FlagValue>) -> Self {
        Self {
            path,
            flags,
            environment: std::env::vars_os().collect(),
            folders: Folders::of_process(),
            create: false,
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        let found = self.environment.iter().find(|(known, _)| known == name);
        found.and_then(|(_, value)| value.to_str()).map(str::to_owned)
    }
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the environment: it holds secrets.
        f.debug_struct("Sources").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Folders {
    fn of_process() -> Self {
        let platform = directories::ProjectDirs::from("", "", "inglenook");
        let executable = std::env::current_exe().ok();
        let unique = format!("inglenook-{}", uuid::Uuid::now_v7().simple());
        Self {
            executable: executable.and_then(|path| path.parent().map(Path::to_owned)),
            working: std::env::current_dir().ok(),
            config: platform.as_ref().map(|dirs| dirs.config_dir().to_owned()),
            data: platform.as_ref().map(|dirs| dirs.data_dir().to_owned()),
            temporary: std::env::temp_dir().join(unique),
        }
    }
}

/// Layers everything. A running program keeps its preset, which then comes in `preset`.
pub(super) fn resolve(
    sources: &Sources,
    file: Option<&File>,
    preset: Option<&Chosen>,
) -> Result<Outcome, Problems> {
    let mut problems = Vec::new();
    let mut warnings = Vec::new();
    let mut given = Vec::new();
    if let Some(file) = file {
        from_file(file, sources, &mut given, &mut problems, &mut warnings);
    }
    from_environment(sources, &mut given, &mut problems);
    from_flags(sources, &mut given);

    let mut layered = BTreeMap::new();
    for given in given {
        match given.setting.parse(&given.text) {
            Ok(value) => {
                let chosen = Chosen { text: given.text, value, layer: given.layer };
                layered.insert(given.setting.key, chosen);
            }
            Err(expected) => problems.push(wrong_value(given, &expected)),
        }
    }
    let preset = preset.or_else(|| layered.get("PRESET")).map(|chosen| chosen.value.clone());
    let preset = match &preset {
        Some(Value::Text(name)) => name.as_str(),
        _ => "default",
    };
    for setting in settings::all() {
        if !layered.contains_key(setting.key) {
            layered.insert(setting.key, built_in(setting, preset));
        } else if setting.later {
            let key = setting.key;
            warnings.push(format!("{key} is set, but this version has no use for it yet"));
        }
    }
    let mut resolved = Resolved(layered);
    place_folders(&mut resolved, &sources.folders, &mut problems);
    check_together(&resolved, &mut problems);
    match problems.is_empty() {
        true => Ok(Outcome { resolved, warnings }),
        false => Err(Problems(problems)),
    }
}

fn from_file(
    file: &File,
    sources: &Sources,
    given: &mut Vec<Given>,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<String>,
) {
    let script = shell::read(&file.text, &|name| sources.variable(name));
    let place = |statement, at| Place::of_byte(&file.path, &file.text, statement, at);
    let mut found = Vec::new();
    for fault in script.faults {
        found.push((
            fault.at,
            Problem { place: place(fault.statement, fault.at), message: fault.message },
        ));
    }
    let mut seen = BTreeSet::new();
    for assignment in script.assignments {
        let name_place = place(assignment.name_at, assignment.name_at);
        let Some(setting) = settings::find(&assignment.name) else {
            let message = unknown(&assignment.name, "");
            found.push((assignment.name_at, Problem { place: name_place, message }));
            continue;
        };
        if let (false, Place::Line { line, .. }) = (seen.insert(setting.key), &name_place) {
            let file = file.path.display();
            warnings.push(format!("{file}: {} is set again on line {line}", setting.key));
        }
        let place = place(assignment.name_at, assignment.value_at);
        // A value that is wrong is told in the order of the lines, so it is checked here too.
        match setting.parse(&assignment.value) {
            Ok(_) => {
                given.push(Given { setting, layer: Layer::File, place, text: assignment.value });
            }
            Err(expected) => {
                let wrong = Given { setting, layer: Layer::File, place, text: assignment.value };
                found.push((assignment.value_at, wrong_value(wrong, &expected)));
            }
        }
    }
    found.sort_by_key(|(at, _)| *at);
    problems.extend(found.into_iter().map(|(_, problem)| problem));
}

fn from_environment(sources: &Sources, given: &mut Vec<Given>, problems: &mut Vec<Problem>) {
    // The bare names first, so that INGLENOOK_PORT wins over PORT.
    for (name, value) in &sources.environment {
        let bare = name.to_str().and_then(settings::find).filter(|setting| setting.bare);
        if let Some(setting) = bare.filter(|_| !value.is_empty()) {
            push_variable(setting, setting.key, value, given, problems);
        }
    }
    let mut prefixed: Vec<_> = sources.environment.iter().collect();
    prefixed.sort();
    for (name, value) in prefixed {
        let Some(name) = name.to_str() else { continue };
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        match settings::find(key) {
            Some(setting) => push_variable(setting, name, value, given, problems),
            None => problems.push(Problem {
                place: Place::Variable(name.to_owned()),
                message: unknown(key, PREFIX),
            }),
        }
    }
}

fn push_variable(
    setting: &'static Setting,
    name: &str,
    value: &OsString,
    given: &mut Vec<Given>,
    problems: &mut Vec<Problem>,
) {
    let place = Place::Variable(name.to_owned());
    match value.to_str() {
        Some(text) => {
            let text = text.to_owned();
            given.push(Given { setting, layer: Layer::Environment, place, text });
        }
        None => problems.push(Problem { place, message: "the value is not UTF-8 text".to_owned() }),
    }
}

fn from_flags(sources: &Sources, given: &mut Vec<Given>) {
    for flag in &sources.flags {
        if let Some(setting) = settings::find(flag.key) {
            let place = Place::Flag(flag.flag.to_owned());
            given.push(Given { setting, layer: Layer::Flag, place, text: flag.text.clone() });
        }
    }
}

fn built_in(setting: &'static Setting, preset: &str) -> Chosen {
    let (text, layer) = match setting.text_under(preset) {
        Some(text) => (text, Layer::Preset),
        None => (setting.default, Layer::Default),
    };
    // A test holds that every text of the table is a value.
    let value = setting.parse(text).unwrap_or(Value::Absent);
    Chosen { text: text.to_owned(), value, layer }
}

fn unknown(key: &str, prefix: &str) -> String {
    match settings::nearest(key) {
        Some(nearest) => format!("there is no setting {key}; did you mean {prefix}{nearest}?"),
        None => format!("there is no setting {key}; `inglenook config default` lists them all"),
    }
}

fn wrong_value(given: Given, expected: &str) -> Problem {
    let key = given.setting.key;
    let message = if given.setting.secret {
        format!("{key} must be {expected}")
    } else {
        let text: String = given.text.chars().take(80).collect();
        format!("{key} must be {expected}, not {text:?}")
    };
    Problem { place: given.place, message }
}

/// Puts real folders in the place of `auto` and `temp`, and makes others absolute.
fn place_folders(resolved: &mut Resolved, folders: &Folders, problems: &mut Vec<Problem>) {
    for setting in settings::all().filter(|setting| matches!(setting.kind, Kind::Folder)) {
        let Some(chosen) = resolved.0.get_mut(setting.key) else { continue };
        let folder = match chosen.text.as_str() {
            "auto" => folders.data.clone(),
            "temp" => Some(folders.temporary.clone()),
            path => folders
                .working
                .as_ref()
                .map_or_else(|| std::path::absolute(path).ok(), |working| Some(working.join(path))),
        };
        match folder.as_ref().and_then(|folder| folder.to_str()) {
            Some(folder) => chosen.value = Value::Text(folder.to_owned()),
            None => problems.push(Problem {
                place: Place::Together,
                message: format!("this platform names no data folder: set {} to one", setting.key),
            }),
        }
    }
}

/// Rules between settings, and what this version cannot do.
fn check_together(resolved: &Resolved, problems: &mut Vec<Problem>) {
    let mut refuse = |message: String| problems.push(Problem { place: Place::Together, message });
    for (small, large) in [
        ("BREAKER_SUCCESSES", "BREAKER_HALF_OPEN_CALLS"),
        ("RETRY_BASE_MS", "RETRY_MAX_MS"),
        ("CHUNK_OVERLAP_TOKENS", "CHUNK_TOKENS"),
        ("MAX_CONNECTIONS_PER_CLIENT", "MAX_CONNECTIONS"),
        ("HEARTBEAT_SECONDS", "CONNECTION_TIMEOUT_SECONDS"),
        ("ROOM_FILE_MAX_MB", "ROOM_TOTAL_FILE_MB"),
    ] {
        let (a, b) = (resolved.whole(small), resolved.whole(large));
        if a > b {
            refuse(format!("{small} ({a}) may not be more than {large} ({b})"));
        }
    }
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
