//! Every figure that the README quotes, measured on the real executable and held against a yardstick
//! that is measured in the same run: `cargo bench --bench budget [part of a row's name]`.
//!
//! Nothing here fails for being slow; docs/BENCHES.md says what each row means.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::format_push_string,
    reason = "one program, which ends by panicking, starts processes, tells the time and rounds"
)]

mod figure;
mod hello;
mod listen;
mod load;
mod peers;
mod rows;
mod seed;
mod server;
mod upstream;
mod wire;
mod words;

use figure::{circumstances, table};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == server::HELLO) {
        hello::serve();
    }
    // Cargo itself passes `--bench`.
    let wanted: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let mut rows = Vec::new();
    for (name, measure) in rows::ALL {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str())) {
            eprintln!("{name} ...");
            let measured = measure();
            eprint!("{}", table(&measured));
            rows.extend(measured);
        }
    }
    println!("{}\n\n{}", circumstances(), table(&rows));
}
