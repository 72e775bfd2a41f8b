//! The executable under measurement, and the bare hyper server that it is measured against: both are
//! processes of their own, started, asked and stopped the same way.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// The word that turns this program into the bare server.
pub const HELLO: &str = "--hello";

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub port: u16,
    /// When its process was asked for.
    pub began: Instant,
}

impl Server {
    /// The real executable over a data folder.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// The same with other settings.
    pub fn start_with(data: &Path, others: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inglenook"));
        command.env_clear().current_dir(data).env("HOME", data);
        let settings = [
            ("PORT", "0"),
            ("OPEN_BROWSER", "false"),
            ("LOG_LEVEL", "warn"),
            ("RATE_LIMIT_API", "0"),
            ("RATE_LIMIT_CHAT", "0"),
            ("RATE_LIMIT_UPLOAD", "0"),
            ("MAX_JSON_KB", "4096"),
            ("MAX_CONNECTIONS_PER_CLIENT", "1000"),
            ("MAX_TURNS", "10000"),
            ("TEMPORARY_LINGER_SECONDS", "1"),
            // A seeded history would be embedded for hours beside what is measured.
            ("ENABLE_EMBEDDINGS", "false"),
        ];
        command.env("INGLENOOK_DATA_DIR", data);
        command.envs(settings.map(|(key, value)| (format!("INGLENOOK_{key}"), value)));
        command.envs(others.iter().map(|(key, value)| (format!("INGLENOOK_{key}"), value)));
        Self::spawn(command)
    }

    /// A bare hyper server.
    pub fn hello() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(HELLO);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let began = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.strip_prefix("listening on http://127.0.0.1:")?.trim().parse().ok()
        });
        let port = port.expect("a server that says where it listens");
        // A full pipe would hold it up.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port, began }
    }

    /// Memory that is resident, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Processor time that it has used, in hundredths of a second.
    pub fn processor_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name in parentheses may hold spaces; user and system time are the 12th and 13th after.
        let after = stat.rsplit_once(") ").unwrap().1.split(' ');
        after.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }

    /// Stops it as an operator would.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "it did not end cleanly: {status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
