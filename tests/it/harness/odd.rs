//! Servers of tools: our own executable as a real one, and a scripted one over standard input and output
//! that does to its client whatever the tool that is called is named for.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::talk::{Asked, id_of};
use super::{Server, Upstream, eventually};

/// Speaks just enough of the protocol, and then misbehaves on demand. `$CHANGED` is another list of
/// tools, which it has once `change` was called.
const SCRIPT: &str = r#"#!/bin/sh
tool() {
  printf '{"name":"%s","description":"It does %s","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":%s}}' "$1" "$1" "$2"
}
say() { printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$1"; }
text() { say "\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"$1\"}]}"; }
tools="$(tool echo true)"
for name in hang die flood long garbage error fail change env child huge; do
  tools="$tools,$(tool $name true)"
done
tools="$tools,$(tool write false)"
echo "started $$" >> "$LOG"
echo "a word on the standard error" >&2
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9][0-9]*\).*/\1/p')
  case "$line" in
    *'"notifications/cancelled"'*) echo "cancelled" >> "$LOG" ;;
    *'"initialize"'*)
      if [ "$START" = hang ]; then sleep 1000; fi
      if [ "$START" = die ]; then echo "no such flag" >&2; exit 3; fi
      if [ "$START" = babble ]; then echo 'Hello! This is no JSON.'; fi
      say '"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"odd","version":"1"}}' ;;
    *'"tools/list"'*)
      if [ "$START" = pages ]; then say '"result":{"tools":[],"nextCursor":"again"}'
      else say "\"result\":{\"tools\":[$tools]}"; fi ;;
    *'"tools/call"'*)
      name=$(printf '%s' "$line" | sed -n 's/.*"name":"\([a-z]*\)".*/\1/p')
      echo "call $name" >> "$LOG"
      case "$name" in
        echo) text "an echo" ;;
        write) text "written" ;;
        hang) : ;;
        die) exit 4 ;;
        flood)
          more=$(head -c 60000 /dev/zero | tr '\0' 'm')
          while :; do echo '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"'"$more"'"}}'; done ;;
        long) head -c 9000000 /dev/zero | tr '\0' 'x' ;;
        garbage) echo '{{{{ no JSON'; echo '[1, 2]' ;;
        error) say '"error":{"code":-32000,"message":"the odd server says no"}' ;;
        fail) say '"result":{"content":[{"type":"text","text":"it went wrong"}],"isError":true}' ;;
        huge) printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"' "$id"; head -c 500000 /dev/zero | tr '\0' 'y'; printf '"}]}}\n' ;;
        change)
          tools="$(tool other true),$(tool echo false)"
          echo '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'
          text "changed" ;;
        env) text "$(env | sed 's/"/ /g; s/=.*//' | sort | tr '\n' ' ') GIVEN=$GIVEN" ;;
        child) sleep 1000 & echo "child $!" >> "$LOG"; text "a child" ;;
      esac ;;
  esac
done
echo "left" >> "$LOG"
"#;

/// A server of tools of the server under test.
#[derive(Debug, Clone)]
pub struct Odd {
    /// Its id.
    pub id: String,
    log: PathBuf,
}

impl Odd {
    /// What it noted so far, line by line.
    pub fn noted(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The number after a word that it noted, newest first.
    pub fn number(&self, word: &str) -> Option<u32> {
        let noted = self.noted();
        let line = noted.iter().rev().find_map(|line| line.strip_prefix(word))?;
        line.trim().parse().ok()
    }
}

/// Whether a process is there and no zombie.
pub fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| state != 'Z')
}

impl Server {
    /// Lists the odd server, which begins in this way, and waits until its tools are known.
    pub async fn odd(&self, name: &str) -> Odd {
        let odd = self.odd_that(name, "well", json!({})).await;
        self.knows_tools(&odd.id).await;
        odd
    }

    /// Lists the odd server, to begin in some other way.
    pub async fn odd_that(&self, name: &str, start: &str, more: Value) -> Odd {
        let script = self.home().join("odd.sh");
        std::fs::write(&script, SCRIPT).unwrap();
        let log = self.home().join(format!("odd-{name}.log"));
        let mut body = json!({"name": name, "kind": "command", "program": "sh",
            "args": [script.to_str().unwrap()],
            "env": {"LOG": log.to_str().unwrap(), "START": start, "GIVEN": "a-secret-value"}});
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let id = id_of(&self.post("/tool-servers", body).await.is(201));
        Odd { id, log }
    }

    /// Lists another Inglenook as a server of tools, over standard input and output.
    pub async fn lists_over_stdio(&self, other: &Self) -> String {
        let command = other.command();
        let env = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), json!(value?.to_str()?))));
        let mut args: Vec<_> = command.get_args().map(|arg| arg.to_str().unwrap()).collect();
        args.push("mcp");
        let body = json!({"name": "Other", "kind": "command", "args": args,
            "program": command.get_program().to_str().unwrap(),
            "env": env.collect::<serde_json::Map<_, _>>()});
        let id = id_of(&self.post("/tool-servers", body).await.is(201));
        self.knows_tools(&id).await;
        id
    }

    /// Lists another Inglenook as a server of tools, over HTTP.
    pub async fn lists_over_http(&self, other: &Self, token: Option<&str>) -> String {
        let body = json!({"name": "Other", "kind": "http", "token": token,
            "url": format!("{}/mcp", other.origin())});
        let id = id_of(&self.post("/tool-servers", body).await.is(201));
        self.knows_tools(&id).await;
        id
    }

    /// Waits until the tools of a server are known.
    pub async fn knows_tools(&self, id: &str) -> Value {
        eventually("the tools are known", || async {
            let server = self.get(&format!("/tool-servers/{id}")).await.is(200);
            (!server["listed_at"].is_null()).then_some(server)
        })
        .await
    }

    /// A conversation that uses these, with a model that calls tools.
    pub async fn with_tools(&self, upstream: &Upstream, tools: &[&str]) -> (String, String) {
        let listed = self.connect(upstream).await;
        let provider = listed.split('/').next().unwrap();
        let model = format!("{provider}/{}", upstream.dialect().caller());
        let body = json!({"title": "A walk in the woods", "tools": tools});
        (self.conversation_with(body).await, model)
    }

    /// Waits until a call of an answer is in a state.
    pub async fn call_in_state(&self, conversation: &str, asked: &Asked, state: &str) -> Value {
        eventually(&format!("a call is {state}"), || async {
            let message = self.message(conversation, &asked.answer).await;
            let calls = message["calls"].as_array().unwrap().clone();
            calls.into_iter().find(|call| call["state"] == state)
        })
        .await
    }
}
