//! The executable: reads the command line, and starts or finds the server.

use std::process::ExitCode;

fn main() -> ExitCode {
    inglenook::start::main()
}
