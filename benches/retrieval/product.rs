//! The real executable, filled with a corpus and asked as a person would ask it, without a model: the
//! sources of the answer are the passages that were found.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// A running product.
#[derive(Debug)]
pub struct Product {
    child: Child,
    base: String,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    names: HashMap<String, String>,
}

/// A passage that was found.
#[derive(Debug)]
pub struct Source {
    /// The file it stands in.
    pub name: String,
    /// What it says.
    pub text: String,
    /// How well it fits.
    pub score: f64,
}

impl Product {
    /// Starts it over a data folder with some settings.
    pub fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inglenook"));
        command.env_clear().current_dir(data).env("HOME", data).env("INGLENOOK_DATA_DIR", data);
        let usual = [
            ("PORT", "0"),
            ("OPEN_BROWSER", "false"),
            ("LOG_LEVEL", "error"),
            ("RATE_LIMIT_API", "0"),
            ("RATE_LIMIT_CHAT", "0"),
            ("RATE_LIMIT_UPLOAD", "0"),
            ("TEMPORARY_LINGER_SECONDS", "1"),
            ("MAX_TURNS", "10000"),
        ];
        for (key, value) in usual.iter().chain(settings) {
            command.env(format!("INGLENOOK_{key}"), value);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.strip_prefix("listening on ")?.trim().to_owned()));
        std::thread::spawn(move || lines.for_each(drop));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut product = Self {
            child,
            base: format!("{}/api/v1", line.expect("a server that says where it listens")),
            http: reqwest::Client::new(),
            runtime,
            names: HashMap::new(),
        };
        product.read_names();
        product
    }

    fn read_names(&mut self) {
        let page = self.get("/documents?limit=200");
        let items = page["items"].as_array().unwrap().iter();
        self.names =
            items.map(|document| (text_of(&document["id"]), text_of(&document["name"]))).collect();
    }

    fn get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.base));
        self.runtime.block_on(async { request.send().await.unwrap().json().await.unwrap() })
    }

    /// Adds files and waits until all are found by meaning.
    pub fn add(&self, files: &[PathBuf]) {
        for file in files {
            let boundary = "a-boundary-that-no-file-has";
            let name = file.file_name().unwrap().to_string_lossy();
            let mut body = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
                 filename=\"{name}\"\r\n\r\n"
            )
            .into_bytes();
            body.extend(std::fs::read(file).unwrap());
            body.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
            let request = self
                .http
                .post(format!("{}/documents", self.base))
                .header("content-type", format!("multipart/form-data; boundary={boundary}"))
                .body(body);
            let status = self.runtime.block_on(async { request.send().await.unwrap().status() });
            assert!(status.is_success(), "{name}: {status}");
        }
        loop {
            let page = self.get("/documents?limit=200");
            let states: Vec<_> =
                page["items"].as_array().unwrap().iter().map(|d| text_of(&d["state"])).collect();
            assert!(!states.contains(&"failed".to_owned()), "{page}");
            if states.iter().all(|state| state == "ready") {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The passages for a question, best first.
    pub fn ask(&self, question: &str) -> Vec<Source> {
        let body = json!({"messages": [{"role": "user", "content": question}],
            "model": "passages/passages"});
        let events = self.runtime.block_on(async {
            let request = self.http.post(format!("{}/turns", self.base)).json(&body);
            let turn: Value = request.send().await.unwrap().json().await.unwrap();
            let path = format!("{}/turns/{}/events", self.base, text_of(&turn["turn_id"]));
            self.http.get(path).send().await.unwrap().text().await.unwrap()
        });
        let mut lines = events.lines();
        let sources = lines
            .find(|line| *line == "event: sources")
            .and_then(|_| lines.find_map(|line| line.strip_prefix("data: ")));
        let Some(sources) = sources else { return Vec::new() };
        let sources: Value = serde_json::from_str(sources).unwrap();
        let items = sources["items"].as_array().unwrap().iter();
        items
            .map(|item| Source {
                name: self.names.get(&text_of(&item["document_id"])).cloned().unwrap_or_default(),
                text: text_of(&item["text"]),
                score: item["score"].as_f64().unwrap(),
            })
            .collect()
    }

    /// Stops it.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap();
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
