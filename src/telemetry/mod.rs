//! What the program tells about itself while it runs: the log, on stderr, in files and in memory.

mod lines;
pub mod log;
mod redact;

pub use lines::LogLine;
