//! The server under test: the real executable over its own folder, started, configured, stopped,
//! killed and started again by the tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use tempfile::TempDir;

use super::eventually;
use super::process::{self, Finished, Running};

/// What a server is started with.
#[derive(Debug, Default)]
pub struct Plan {
    settings: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
    wrapper: Vec<String>,
    data_dir: Option<PathBuf>,
}

/// A running server, its folder and a client for it.
#[derive(Debug)]
pub struct Server {
    running: Option<Running>,
    home: TempDir,
    plan: Plan,
    port: u16,
    earlier_logs: String,
    /// The client that the request helpers use.
    pub http: reqwest::Client,
}

impl Plan {
    /// A line of the server's `config.sh`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.settings.insert(key.to_owned(), value.to_string());
        self
    }

    /// A variable of the server's environment.
    #[must_use]
    pub fn environment(mut self, key: &str, value: &str) -> Self {
        self.environment.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Starts it through another program.
    #[must_use]
    pub fn under(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// Puts the data elsewhere than in the test's own folder.
    #[must_use]
    pub fn data_in(mut self, folder: &Path) -> Self {
        self.data_dir = Some(folder.to_owned());
        self
    }

    /// Starts it; one that does not come up fails the test.
    pub async fn start(self) -> Server {
        let mut server = self.prepared();
        server.boot().await;
        server
    }

    /// Starts what must refuse to start, and gives its exit code and words.
    pub async fn refuses(self) -> Finished {
        let mut server = self.prepared();
        server.try_boot().await.expect_err("it started, though it should have refused")
    }

    /// The folder and the `config.sh`, nothing started yet.
    pub fn prepared(mut self) -> Server {
        // The preset allows three streams; most tests look on from more sides than that.
        let many = self.settings.entry("MAX_CONNECTIONS_PER_CLIENT".to_owned());
        many.or_insert_with(|| "40".to_owned());
        let home = tempfile::tempdir().unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(super::DEADLINE)
            .build()
            .unwrap();
        let server =
            Server { running: None, home, plan: self, port: 0, earlier_logs: String::new(), http };
        server.write_config();
        server
    }
}

impl Server {
    /// A server with the testing preset.
    pub async fn start() -> Self {
        Plan::default().start().await
    }

    /// A server with one setting of its own; more may follow.
    pub fn with(key: &str, value: impl ToString) -> Plan {
        Plan::default().with(key, value)
    }

    /// A plan with nothing in it yet.
    pub fn plan() -> Plan {
        Plan::default()
    }

    /// Starts the process over the folder as it is.
    pub async fn boot(&mut self) {
        if let Err(said) = self.try_boot().await {
            panic!("the server did not start, exit code {}:\n{}", said.code, said.stderr);
        }
    }

    /// Starts the process, or gives what it said instead.
    pub async fn try_boot(&mut self) -> Result<(), Finished> {
        let command = self.command();
        let (running, port) =
            tokio::task::spawn_blocking(move || Running::start(command)).await.unwrap()?;
        self.running = Some(running);
        self.port = port;
        Ok(())
    }

    /// The command that starts this server, for a second process on the same data.
    pub fn command(&self) -> std::process::Command {
        let mut command = process::wrapped(self.home.path(), &self.plan.wrapper);
        command.env("INGLENOOK_DATA_DIR", self.data_dir());
        if !self.plan.settings.contains_key("PRESET") {
            command.env("INGLENOOK_PRESET", "testing");
        }
        command.envs(&self.plan.environment).arg("--config").arg(self.config_path());
        command
    }

    /// Stops it as an operator would and starts it again.
    pub async fn restart(&mut self) {
        let status = self.stop().await;
        assert!(status.success(), "it ended with {status}\n{}", self.log());
        self.boot().await;
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.kill();
            self.earlier_logs.push_str(&running.log());
        }
    }

    /// SIGTERM, then how it ended.
    pub async fn stop(&mut self) -> ExitStatus {
        self.running.as_ref().unwrap().signal("TERM");
        self.ended().await
    }

    /// Waits for it to end by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut running = self.running.take().unwrap();
        let status = eventually("the server ends", || {
            let status = running.ended();
            async move { status }
        })
        .await;
        self.earlier_logs.push_str(&running.log());
        status
    }

    /// Changes a line of `config.sh` while the server runs.
    pub fn configure(&mut self, key: &str, value: impl ToString) {
        self.plan.settings.insert(key.to_owned(), value.to_string());
        self.write_config();
    }

    fn write_config(&self) {
        let quoted = |value: &String| format!("'{value}'");
        let lines = self.plan.settings.iter().map(|(k, v)| format!("{k}={}\n", quoted(v)));
        std::fs::write(self.config_path(), lines.collect::<String>()).unwrap();
    }

    /// Where its `config.sh` lies.
    pub fn config_path(&self) -> PathBuf {
        self.home.path().join("config.sh")
    }

    /// The folder that the test made for it.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where its data lies.
    pub fn data_dir(&self) -> PathBuf {
        self.plan.data_dir.clone().unwrap_or_else(|| self.home.path().join("data"))
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().unwrap().pid()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        self.running.as_ref().unwrap().signal(name);
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:PORT`
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Everything that every process of this server wrote to its terminal.
    pub fn log(&self) -> String {
        let now = self.running.as_ref().map(Running::log).unwrap_or_default();
        format!("{}{now}", self.earlier_logs)
    }

    /// Waits until the log says this: it is written by a thread of its own.
    pub async fn logs(&self, words: &str) {
        eventually(&format!("the log says {words:?}"), || async {
            self.log().contains(words).then_some(())
        })
        .await;
    }

    /// The database, opened for a look from outside.
    pub fn database(&self) -> rusqlite::Connection {
        let folder = std::fs::read_dir(self.data_dir()).unwrap();
        let file = folder
            .map(|entry| entry.unwrap().path())
            .find(|path| {
                path.extension().is_some_and(|e| e == "db" || e == "sqlite" || e == "sqlite3")
            })
            .expect("a database in the data folder");
        let db = rusqlite::Connection::open(file).unwrap();
        db.busy_timeout(super::DEADLINE).unwrap();
        db
    }

    /// The whole file is sound, by SQLite's own account.
    pub fn assert_sound(&self) {
        let db = self.database();
        let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
        let broken: i64 = db
            .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(broken, 0, "rows that point at nothing");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = &self.earlier_logs;
            let from = log.len().saturating_sub(12_000);
            let from = (from..=log.len()).find(|&at| log.is_char_boundary(at)).unwrap_or(0);
            println!("--- what the server said ---\n{}--- end ---", &log[from..]);
        }
    }
}
