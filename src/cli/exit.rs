//! Exit codes: the one place that knows them (`docs/handbook.md#what-fails-and-what-to-do`), and the error that carries one.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked to do.
    Done,
    /// Something went wrong that has no code of its own.
    Failed,
    /// The command line makes no sense (`EX_USAGE`).
    Usage,
    /// The broker was not reachable within `amqp.connect_timeout` (`EX_UNAVAILABLE`).
    Unavailable,
    /// The journal can't be read, written or owned (`EX_IOERR`).
    JournalIo,
    /// The configuration can't be read or is wrong (`EX_CONFIG`).
    Configuration,
}

impl Exit {
    /// All of them, by their codes.
    #[cfg(test)]
    pub(super) const ALL: [Self; 6] =
        [Self::Done, Self::Failed, Self::Usage, Self::Unavailable, Self::JournalIo, Self::Configuration];

    /// The code that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 64,
            Self::Unavailable => 69,
            Self::JournalIo => 74,
            Self::Configuration => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a subcommand did not do what it was asked to, and how the process ends therefore.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// Ends the process with that code, and tells that error with its causes.
    pub fn new(exit: Exit, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { exit, source: Some(source.into()) }
    }

    /// Ends the process with that code; what there is to say has been said.
    #[must_use]
    pub fn silent(exit: Exit) -> Self {
        Self { exit, source: None }
    }

    /// Whether there is something left to say.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.source.is_none()
    }
}

/// The error and its causes on one line: `cannot open the journal: permission denied`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(source) = &self.source else { return Ok(()) };
        write!(f, "{source}")?;
        let mut cause = source.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_that_are_documented() {
        let codes = [Exit::Done, Exit::Usage, Exit::Unavailable, Exit::JournalIo, Exit::Configuration].map(Exit::code);
        assert_eq!(codes, [0, 64, 69, 74, 78]);
    }

    #[test]
    fn a_failure_tells_the_error_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot open the journal")]
        struct Outer(#[source] std::io::Error);

        let inner = std::io::Error::other("the disk is gone");
        assert_eq!(
            Failure::new(Exit::JournalIo, Outer(inner)).to_string(),
            "cannot open the journal: the disk is gone"
        );
    }
}
