//! Arguments → run → exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    rolecall::cli::run(std::env::args_os()).into()
}
