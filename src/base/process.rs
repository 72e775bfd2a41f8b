//! Child processes and whatever they start, ended together. The one place that starts processes.

use std::ffi::OsStr;
use std::io;
use std::process::Stdio;

use tokio::process::{Child, Command};

/// A child over three pipes, in a process group of its own; all of it is killed when this is dropped,
/// unless its end was seen.
#[derive(Debug)]
pub struct Group {
    /// The child.
    pub child: Child,
    /// Whether nothing is left to kill.
    pub ended: bool,
    #[cfg(unix)]
    id: Option<rustix::process::Pid>,
}

impl Group {
    /// Starts a program with an empty environment; `dress` gives it the rest.
    #[expect(clippy::disallowed_methods, reason = "the one place that starts processes")]
    pub fn start(program: impl AsRef<OsStr>, dress: impl FnOnce(&mut Command)) -> io::Result<Self> {
        let mut command = Command::new(program);
        command
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        #[cfg(windows)]
        {
            const BELOW_NORMAL_PRIORITY_CLASS: u32 = 0x4000;
            const CREATE_NO_WINDOW: u32 = 0x0800_0000;
            command.creation_flags(BELOW_NORMAL_PRIORITY_CLASS | CREATE_NO_WINDOW);
        }
        dress(&mut command);
        let child = command.spawn()?;
        #[cfg(unix)]
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            #[cfg(unix)]
            id: id.and_then(rustix::process::Pid::from_raw),
            child,
            ended: false,
        })
    }

    /// Kills the child and all that it started. Where there are no process groups, the child alone.
    pub fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.id {
            // It may have ended just now.
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
        let _ = self.child.start_kill();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.ended {
            self.kill();
        }
    }
}
