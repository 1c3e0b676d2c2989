//! Settings from the environment and from flags, which win over the file.

use super::secret::Secret;

/// A setting that the environment or a flag may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its section and key in the file.
    pub(super) key: (&'static str, &'static str),
    /// Its environment variable.
    pub variable: &'static str,
    /// Its flag.
    pub flag: &'static str,
}

impl Setting {
    /// `node.name`
    pub const NODE_NAME: Self = Self::new("node", "name", "ROLECALL_NODE_NAME", "--node-name");
    /// `log.format`
    pub const LOG_FORMAT: Self = Self::new("log", "format", "ROLECALL_LOG_FORMAT", "--log-format");
    /// `log.level`
    pub const LOG_LEVEL: Self = Self::new("log", "level", "ROLECALL_LOG_LEVEL", "--log-level");
    /// `amqp.uri`
    pub const AMQP_URI: Self = Self::new("amqp", "uri", "ROLECALL_AMQP_URI", "--amqp-uri");
    /// `amqp.prefix`
    pub const AMQP_PREFIX: Self = Self::new("amqp", "prefix", "ROLECALL_AMQP_PREFIX", "--amqp-prefix");
    /// `journal.path`
    pub const JOURNAL_PATH: Self = Self::new("journal", "path", "ROLECALL_JOURNAL_PATH", "--journal-path");
    /// `http.listen`
    pub const HTTP_LISTEN: Self = Self::new("http", "listen", "ROLECALL_HTTP_LISTEN", "--http-listen");

    /// All of them, in the order of the file.
    pub const ALL: [Self; 7] = [
        Self::NODE_NAME,
        Self::LOG_FORMAT,
        Self::LOG_LEVEL,
        Self::AMQP_URI,
        Self::AMQP_PREFIX,
        Self::JOURNAL_PATH,
        Self::HTTP_LISTEN,
    ];

    const fn new(section: &'static str, key: &'static str, variable: &'static str, flag: &'static str) -> Self {
        Self { key: (section, key), variable, flag }
    }
}

/// The environment variable that holds the owner's token. It has no key and no flag: files are copied around, and
/// arguments are seen by everybody on the machine.
pub const OWNER_TOKEN_VARIABLE: &str = "ROLECALL_OWNER_TOKEN";

/// A value that wins over the file's.
#[derive(Clone)]
pub(super) struct Override {
    setting: Setting,
    /// The name of the variable or flag, for whoever reads that its value is wrong.
    pub(super) origin: &'static str,
    pub(super) text: String,
}

/// What the environment and the flags say. Later ones win over earlier ones.
#[derive(Clone, Default)]
pub struct Overrides {
    values: Vec<Override>,
    pub(super) owner_token: Option<Secret>,
}

impl Overrides {
    /// Nothing: what the file says holds.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// What the environment says. A variable that is empty counts as absent, as container tools set it.
    #[must_use]
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| variable(name).filter(|text| !text.is_empty());
        let value =
            |setting: Setting| given(setting.variable).map(|text| Override { setting, origin: setting.variable, text });
        Self {
            values: Setting::ALL.into_iter().filter_map(value).collect(),
            owner_token: given(OWNER_TOKEN_VARIABLE).map(Secret::new),
        }
    }

    /// And what a flag says, where it was given.
    pub fn flag(&mut self, setting: Setting, text: Option<String>) {
        self.values.extend(text.map(|text| Override { setting, origin: setting.flag, text }));
    }

    pub(super) fn of(&self, section: &str, key: &str) -> Option<&Override> {
        self.values.iter().rev().find(|value| value.setting.key == (section, key))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, parse};

    use super::*;

    fn resolved(file: &str, environment: &[(&str, &str)], flags: &[(Setting, &str)]) -> Config {
        let variable =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let mut overrides = Overrides::from_environment(variable);
        for (setting, text) in flags {
            overrides.flag(*setting, Some((*text).to_owned()));
        }
        parse("test", file, &overrides).unwrap_or_else(|report| panic!("{report}")).config
    }

    #[test]
    fn a_flag_wins_over_the_environment_which_wins_over_the_file() {
        let file = "[amqp]\nprefix = \"file\"\n";
        let environment = [("ROLECALL_AMQP_PREFIX", "environment")];
        assert_eq!(resolved(file, &[], &[]).amqp.prefix, "file");
        assert_eq!(resolved(file, &environment, &[]).amqp.prefix, "environment");
        let flags = [(Setting::AMQP_PREFIX, "flag")];
        assert_eq!(resolved(file, &environment, &flags).amqp.prefix, "flag");
    }

    #[test]
    fn every_setting_is_taken_from_its_variable() {
        let environment = [
            ("ROLECALL_NODE_NAME", "n"),
            ("ROLECALL_LOG_FORMAT", "json"),
            ("ROLECALL_LOG_LEVEL", "debug"),
            ("ROLECALL_AMQP_URI", "amqps://u:p@h"),
            ("ROLECALL_AMQP_PREFIX", "p"),
            ("ROLECALL_JOURNAL_PATH", "/j"),
            ("ROLECALL_HTTP_LISTEN", "[::1]:1"),
            ("ROLECALL_OWNER_TOKEN", "0123456789abcdef0123456789abcdef"),
        ];
        let config = resolved("", &environment, &[]);
        assert_eq!((config.node.name.as_str(), config.log.level.as_str()), ("n", "debug"));
        assert_eq!((config.amqp.uri.reveal(), config.amqp.prefix.as_str()), ("amqps://u:p@h", "p"));
        assert_eq!((config.journal.path.to_str(), config.http.listen.to_string().as_str()), (Some("/j"), "[::1]:1"));
        assert_eq!(config.log.format, crate::config::LogFormat::Json);
        assert_eq!(config.http.owner_token.map(|token| token.reveal().len()), Some(32));
        assert_eq!(Setting::ALL.len() + 1, environment.len());
    }

    #[test]
    fn an_empty_variable_counts_as_absent() {
        assert_eq!(resolved("", &[("ROLECALL_AMQP_URI", ""), ("ROLECALL_OWNER_TOKEN", "")], &[]), Config::default());
    }
}
