//! A real Redis server of the test's own: started over a temporary folder, stopped, stalled, killed and
//! started again. And a wire to it that can be cut.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::eventually;

/// A running Redis server.
#[derive(Debug)]
pub struct Redis {
    child: Option<Child>,
    home: TempDir,
    port: u16,
    settings: Vec<String>,
}

impl Redis {
    /// Starts one, or says that the test cannot run here.
    pub async fn start(test: &str) -> Option<Self> {
        Self::start_with(test, &[]).await
    }

    /// The same with settings of its own.
    pub async fn start_with(test: &str, settings: &[&str]) -> Option<Self> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            super::skipped(test, "no redis-server");
            return None;
        }
        let mut redis = Self::prepared(settings);
        redis.boot().await;
        Some(redis)
    }

    /// A port and a folder, nothing started yet.
    fn prepared(settings: &[&str]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = settings.iter().map(|&word| word.to_owned()).collect();
        Self { child: None, home: tempfile::tempdir().unwrap(), port, settings }
    }

    /// Starts it over its folder as that is.
    pub async fn boot(&mut self) {
        let mut command = Command::new("redis-server");
        command.current_dir(self.home.path()).args(["--port", &self.port.to_string()]);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
        command.args(&self.settings).stdin(Stdio::null()).stdout(Stdio::null());
        self.child = Some(command.spawn().unwrap());
        eventually("Redis answers", async || {
            self.try_ask::<String>(&["PING"]).await.ok().map(drop)
        })
        .await;
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The answer to a command.
    pub async fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        self.try_ask(words).await.unwrap()
    }

    async fn try_ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> redis::RedisResult<T> {
        let password = self.settings.windows(2).find(|pair| pair[0] == "--requirepass");
        let password = password.map(|pair| format!(":{}@", pair[1])).unwrap_or_default();
        let client = redis::Client::open(self.url().replace("//", &format!("//{password}")))?;
        let mut wire = client.get_multiplexed_async_connection().await?;
        redis::cmd(words[0]).arg(&words[1..]).query_async(&mut wire).await
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that leads to another one, until it is cut.
#[derive(Debug)]
pub struct Cable {
    port: u16,
    whole: Arc<watch::Sender<bool>>,
}

impl Cable {
    /// Leads to a port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let whole = Arc::new(watch::Sender::new(true));
        let cable = Self { port: listener.local_addr().unwrap().port(), whole: Arc::clone(&whole) };
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut state = whole.subscribe();
                tokio::spawn(async move {
                    if !*state.borrow() {
                        return;
                    }
                    let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = state.wait_for(|whole| !whole) => {}
                    }
                });
            }
        });
        cable
    }

    /// Breaks every connection, and takes no new one.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }

    /// Where it begins.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}
