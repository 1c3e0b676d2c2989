//! Values that must never be read in a log, an error or a dump.

use std::fmt;

/// A text that only shows itself to who asks for it by name.
///
/// `Debug` and `Display` redact it, so that it can sit in a struct that is logged as a whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text into custody.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A broker's address, whose password is a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUri(String);

impl BrokerUri {
    /// Takes an address that has been checked to be one.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address with its password: for the connection alone.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BrokerUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", redact_passwords(&self.0))
    }
}

/// The address as logs may show it: who and where, without the password.
impl fmt::Display for BrokerUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact_passwords(&self.0))
    }
}

/// What stands in the place of a password.
const REDACTED: &str = "***";

/// A line of text in which the password of each address (`scheme://user:password@host`) is replaced by `***`.
///
/// A password may hold characters that do not belong in an address, since people forget to escape them: everything up
/// to the last `@` of the line counts as part of it.
#[must_use]
pub fn redact_passwords(line: &str) -> String {
    match password_span(line) {
        Some(span) => format!("{}{REDACTED}{}", &line[..span.start], &line[span.end..]),
        None => line.to_owned(),
    }
}

/// Where in a line the password of an address stands.
fn password_span(line: &str) -> Option<std::ops::Range<usize>> {
    let authority = line.find("://")? + "://".len();
    let end = line.rfind('@')?;
    let colon = authority + line.get(authority..end)?.find(':')?;
    Some(colon + 1..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_neither_to_debug_nor_to_display() {
        let secret = Secret::new("hunter2");
        assert!(!format!("{secret} {secret:?}").contains("hunter2"));
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        let uri = BrokerUri::new("amqp://guest:hunter2@broker:5672/%2f");
        assert_eq!(uri.to_string(), "amqp://guest:***@broker:5672/%2f");
        assert!(!format!("{uri:?}").contains("hunter2"));
    }

    #[test]
    fn a_password_with_characters_that_do_not_belong_there_is_redacted_whole() {
        assert_eq!(redact_passwords("uri = \"amqp://u:p@ss/w:rd@h\""), "uri = \"amqp://u:***@h\"");
    }

    #[test]
    fn a_line_without_a_password_is_left_alone() {
        for line in ["amqp://guest@broker", "name = \"a@b:c\"", "see https://example.org/a:b", ""] {
            assert_eq!(redact_passwords(line), line);
        }
    }
}
