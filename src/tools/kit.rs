//! What a conversation may use: which tools, under which names, and what was allowed for all of it.

use std::collections::HashSet;

use serde_json::Value;

use super::own::Own;
use super::types::{ListedTool, Row, ToolChoice, ToolServer, ToolView};
use crate::base::ToolServerId;

/// The longest name that every provider takes, in characters.
const MAX_NAME: usize = 64;

/// A tool as it is offered to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name: 1 to 64 of `A-Z a-z 0-9 _ -`, which no other has.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it does.
    pub about: String,
    /// What it takes, as JSON Schema.
    pub takes: Value,
    /// Whether it may change something, so that a person is asked first.
    pub changes: bool,
    /// The server that it belongs to; `None` for our own.
    pub server: Option<String>,
    pub(super) from: From,
}

/// Where a tool comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum From {
    Own(Own),
    Server { id: ToolServerId, tool: String, print: String },
}

impl Tool {
    fn own(own: Own) -> Self {
        Self {
            name: own.name().to_owned(),
            title: own.title().to_owned(),
            about: own.about().to_owned(),
            takes: Own::takes(),
            changes: false,
            server: None,
            from: From::Own(own),
        }
    }

    pub(super) fn of_server(name: String, server: &ToolServer, listed: &ListedTool) -> Self {
        let about = match listed.description.trim() {
            "" => listed.title.clone(),
            about => about.to_owned(),
        };
        Self {
            name,
            title: listed.title.clone(),
            about,
            takes: listed.takes.clone(),
            changes: !listed.read_only,
            server: Some(server.name.clone()),
            from: From::Server { id: server.id, tool: listed.name.clone(), print: listed.print() },
        }
    }
}

/// What a conversation chose: `None` for what the servers themselves say.
pub(super) type Chosen<'a> = Option<&'a [String]>;

fn uses_own(chosen: Chosen<'_>, own: Own) -> bool {
    chosen.is_some_and(|all| all.iter().any(|one| one == own.name()))
}

/// Whether a conversation uses a server.
pub(super) fn uses(chosen: Chosen<'_>, server: &ToolServer) -> bool {
    let id = server.id.to_string();
    let wanted = chosen.map_or(server.everywhere, |all| all.contains(&id));
    server.enabled && wanted
}

/// Every tool that a conversation may use, at most so many.
pub(super) fn tools(rows: &[Row], chosen: Chosen<'_>, most: usize) -> Vec<Tool> {
    let mut names = Names::default();
    let mut tools: Vec<Tool> =
        Own::ALL.into_iter().filter(|own| uses_own(chosen, *own)).map(Tool::own).collect();
    for server in rows.iter().map(|row| &row.server).filter(|server| uses(chosen, server)) {
        for listed in allowed(server) {
            tools.push(Tool::of_server(names.of(&server.name, &listed.name), server, listed));
        }
    }
    tools.truncate(most);
    tools
}

/// The tools of a server that may be called.
pub(super) fn allowed(server: &ToolServer) -> impl Iterator<Item = &ListedTool> {
    let may =
        |tool: &&ListedTool| server.allowed.as_ref().is_none_or(|names| names.contains(&tool.name));
    server.tools.iter().filter(may)
}

/// What a person may choose from, and what is chosen.
pub(super) fn choices(
    rows: &[Row],
    chosen: Chosen<'_>,
    consents: &[(ToolServerId, String, String)],
) -> Vec<ToolChoice> {
    let mut names = Names::default();
    let own = Own::ALL.into_iter().map(|own| {
        let tool = Tool::own(own);
        ToolChoice {
            id: tool.name.clone(),
            name: tool.title.clone(),
            used: uses_own(chosen, own),
            tools: vec![view(tool, consents)],
        }
    });
    let servers = rows.iter().map(|row| &row.server).filter(|server| server.enabled);
    let servers = servers.map(|server| ToolChoice {
        id: server.id.to_string(),
        name: server.name.clone(),
        used: uses(chosen, server),
        tools: allowed(server)
            .map(|listed| {
                let name = names.of(&server.name, &listed.name);
                view(Tool::of_server(name, server, listed), consents)
            })
            .collect(),
    });
    let own: Vec<_> = own.collect();
    own.into_iter().chain(servers).collect()
}

fn view(tool: Tool, consents: &[(ToolServerId, String, String)]) -> ToolView {
    ToolView {
        allowed: is_allowed(&tool, consents),
        name: tool.name,
        title: tool.title,
        description: tool.about,
        read_only: !tool.changes,
    }
}

/// Whether a person allowed a tool, as it is now.
pub(super) fn is_allowed(tool: &Tool, consents: &[(ToolServerId, String, String)]) -> bool {
    let From::Server { id, tool, print } = &tool.from else { return false };
    consents.iter().any(|(server, name, was)| server == id && name == tool && was == print)
}

/// Gives every tool a name of its own.
#[derive(Debug, Default)]
struct Names(HashSet<String>);

impl Names {
    /// `server__tool`, of the characters that every provider takes, cut to their longest; where that
    /// is taken, its end gives way to a number.
    fn of(&mut self, server: &str, tool: &str) -> String {
        let whole = format!("{}__{}", plain(server), plain(tool));
        let mut name: String = whole.chars().take(MAX_NAME).collect();
        let mut n = 2;
        while Own::ALL.iter().any(|own| own.name() == name) || !self.0.insert(name.clone()) {
            let end = format!("_{n}");
            name = whole.chars().take(MAX_NAME - end.len()).collect::<String>() + &end;
            n += 1;
        }
        name
    }
}

fn plain(text: &str) -> String {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.chars().map(|c| if good(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_made_of_the_servers_and_the_tools() {
        let mut names = Names::default();
        assert_eq!(names.of("My files", "read.file"), "My_files__read_file");
        assert_eq!(names.of("My files", "read/file"), "My_files__read_file_2");
        let long = "x".repeat(200);
        let (first, second) = (names.of("a", &long), names.of("a", &long));
        assert_eq!((first.len(), second.len()), (64, 64));
        assert!(second.ends_with("_2") && first != second);
    }

    proptest! {
        #[test]
        fn any_names_are_taken_by_every_provider_and_told_apart(
            all in proptest::collection::vec(("\\PC{0,40}", "\\PC{0,80}"), 0..40),
        ) {
            let mut names = Names::default();
            let made: Vec<_> = all.iter().map(|(server, tool)| names.of(server, tool)).collect();
            let apart: HashSet<_> = made.iter().collect();
            prop_assert_eq!(apart.len(), made.len());
            for name in made {
                prop_assert!((1..=64).contains(&name.len()));
                prop_assert_eq!(plain(&name), name);
            }
        }
    }
}
