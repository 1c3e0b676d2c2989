//! Arguments → run → exit code.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

// What one thread of the pipeline allocates the next one frees, which the system's allocator does at twice the cost.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    rolecall::cli::run(std::env::args_os()).into()
}
