//! Faults of the system below the server, made by strace: calls of the running process fail, or end it,
//! for as long as a test wishes.

use std::process::{Child, Command, Stdio};

use super::{Server, eventually, skipped};

/// Calls that fail from now on; as before when it is dropped.
#[derive(Debug)]
pub struct Failing {
    strace: Child,
    folder: tempfile::TempDir,
}

/// Whether strace is here and may start a process; says on the test's output when not.
pub fn can_start(test: &str) -> bool {
    let tried = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output();
    let can = tried.is_ok_and(|output| output.status.success());
    if !can {
        skipped(test, "strace cannot watch processes here");
    }
    can
}

impl Failing {
    /// Lets these calls of the server fail, for example `pwrite64:error=EROFS`, where they concern these paths
    /// (all, when there are none). `None`, said on the test's output, where no running process can be watched.
    pub async fn begin(
        test: &str,
        server: &Server,
        calls: &str,
        fault: &str,
        paths: &[&std::path::Path],
    ) -> Option<Self> {
        if !can_start(test) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let said = folder.path().join("said");
        let mut command = Command::new("strace");
        command
            .args(["-f", "-p", &server.pid().to_string(), "-o"])
            .arg(folder.path().join("trace"));
        command.args(["-e", &format!("trace={calls}"), "-e", &format!("inject={calls}:{fault}")]);
        for path in paths {
            command.arg("-P").arg(path);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let strace = command.stderr(std::fs::File::create(&said).unwrap()).spawn().unwrap();
        let mut failing = Self { strace, folder };
        let attached = eventually("strace is attached, or may not be", || {
            let text = std::fs::read_to_string(&said).unwrap_or_default();
            let over = failing.strace.try_wait().unwrap().is_some();
            let outcome =
                if text.contains("attached") { Some(true) } else { over.then_some(false) };
            async move { outcome }
        })
        .await;
        if !attached {
            skipped(test, "strace may not watch a process that runs");
            return None;
        }
        Some(failing)
    }

    /// The calls that were made to fail.
    pub fn trace(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("trace")).unwrap_or_default()
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        // By SIGTERM it lets go of the server, by SIGKILL too, but then a thread may be left stopped.
        if self.strace.try_wait().is_ok_and(|ended| ended.is_none()) {
            super::process::signal(self.strace.id(), "TERM");
        }
        let _ = self.strace.wait();
    }
}
