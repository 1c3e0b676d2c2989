//! The standard output: what a command was asked for.

use std::fmt;
use std::io::{self, Write};

use super::{Exit, Failure};

/// Writes that there, all of it. A reader who hung up has seen enough.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut to = io::stdout().lock();
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => {
            written.map_err(|error| Failure::new(Exit::Failed, format!("cannot write what was asked for: {error}")))
        }
    }
}

/// A line, or several.
pub(super) fn print_line(line: impl fmt::Display) -> Result<(), Failure> {
    print(&format!("{line}\n"))
}

/// Each on a line of its own.
pub(super) fn print_lines(lines: impl IntoIterator<Item = impl fmt::Display>) -> Result<(), Failure> {
    lines.into_iter().try_for_each(print_line)
}
