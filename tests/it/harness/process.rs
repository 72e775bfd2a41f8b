//! The executable as a process: its environment, its output, its signals.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use super::DEADLINE;

/// A command for the executable that sees nothing of the environment the tests run in.
pub fn command(home: &Path) -> Command {
    wrapped(home, &[])
}

/// The same, started through another program, for example `strace -f -o FILE`.
pub fn wrapped(home: &Path, wrapper: &[String]) -> Command {
    let executable = executable();
    let mut command = match wrapper.split_first() {
        None => Command::new(executable),
        Some((program, arguments)) => {
            let mut command = Command::new(program);
            command.args(arguments).arg(executable);
            command
        }
    };
    command.env_clear().current_dir(home).env("HOME", home);
    command.env("INGLENOOK_OPEN_BROWSER", "false").env("INGLENOOK_PORT", "0");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The one that was built with the tests, or another one that should pass them.
fn executable() -> OsString {
    std::env::var_os("INGLENOOK_EXECUTABLE")
        .unwrap_or_else(|| env!("CARGO_BIN_EXE_inglenook").into())
}

/// What a finished command left behind.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Finished {
    /// Both outputs, for looking a sentence up.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// Runs the executable to its end in an empty home.
pub fn run(arguments: &[&str]) -> Finished {
    let home = tempfile::tempdir().unwrap();
    run_in(home.path(), arguments, &[])
}

/// Runs the executable to its end in this home with this environment besides.
pub fn run_in(home: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Finished {
    let mut command = command(home);
    command.args(arguments).envs(environment.iter().copied());
    finish(command.spawn().unwrap())
}

/// Waits for a process that should end by itself; one that does not is killed and fails the test.
pub fn finish(mut child: Child) -> Finished {
    let stdout = drain(child.stdout.take().unwrap());
    let stderr = drain(child.stderr.take().unwrap());
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > DEADLINE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("did not end by itself\n{}{}", stdout.join().unwrap(), stderr.join().unwrap());
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Finished {
        code: status.code().unwrap_or(-1),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

fn drain(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A server process whose output is kept.
#[derive(Debug)]
pub struct Running {
    child: Child,
    log: Arc<Mutex<String>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Running {
    /// Starts it and waits for the line that names its port; what it said instead is the error.
    pub fn start(mut command: Command) -> Result<(Self, u16), Finished> {
        let mut child = command.spawn().expect("the executable starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (ports, port) = mpsc::channel();
        let mut readers = vec![
            keep(child.stdout.take().unwrap(), &log, Some(ports)),
            keep(child.stderr.take().unwrap(), &log, None),
        ];
        let start = Instant::now();
        loop {
            if let Ok(port) = port.recv_timeout(Duration::from_millis(20)) {
                return Ok((Self { child, log, readers }, port));
            }
            let ended = child.try_wait().unwrap();
            if ended.is_some() || start.elapsed() > DEADLINE {
                let code = ended.map_or(-2, |status| status.code().unwrap_or(-1));
                let _ = child.kill();
                let _ = child.wait();
                readers.drain(..).for_each(|reader| reader.join().unwrap());
                let said = log.lock().unwrap().clone();
                return Err(Finished { code, stdout: String::new(), stderr: said });
            }
        }
    }

    /// The process id; of the wrapper, if one was used.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it wrote so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.read_to_the_end();
    }

    /// Its exit status, when it has ended; all it wrote is in the log then.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().unwrap()?;
        self.read_to_the_end();
        Some(status)
    }

    fn read_to_the_end(&mut self) {
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
    }
}

/// Sends a signal to a process by its id.
pub fn signal(pid: u32, name: &str) {
    let status =
        Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
    assert!(status.success(), "kill -{name} {pid}");
}

fn keep(
    from: impl Read + Send + 'static,
    log: &Arc<Mutex<String>>,
    ports: Option<mpsc::Sender<u16>>,
) -> std::thread::JoinHandle<()> {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut kept = log.lock().unwrap();
            kept.push_str(&line);
            kept.push('\n');
            drop(kept);
            if let (Some(ports), Some(port)) = (&ports, port_in(&line)) {
                let _ = ports.send(port);
            }
        }
    })
}

fn port_in(line: &str) -> Option<u16> {
    let rest = line.split_once("listening on http://127.0.0.1:")?.1;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
