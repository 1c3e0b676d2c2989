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

/// What is added to the name of a variable that holds a secret, for the variable that names a file with it.
const FILE_SUFFIX: &str = "_FILE";

/// A file that was to hold a secret.
#[derive(Clone)]
pub(super) struct SecretNotFound {
    /// The variable that holds the secret itself.
    pub(super) variable: &'static str,
    pub(super) message: String,
}

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
    pub(super) secrets_not_found: Vec<SecretNotFound>,
}

impl Overrides {
    /// Nothing: what the file says holds.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// What the environment says. A variable that is empty counts as absent, as container tools set it. Secrets may be in
    /// files, which `NAME_FILE` names in place of `NAME`, as with Docker's secrets and systemd's credentials.
    #[must_use]
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| variable(name).filter(|text| !text.is_empty());
        let mut secrets_not_found = Vec::new();
        let mut secret = |variable: &'static str| {
            secret(given(variable), given(&format!("{variable}{FILE_SUFFIX}"))).unwrap_or_else(|message| {
                secrets_not_found.push(SecretNotFound { variable, message });
                None
            })
        };
        let value = |setting: Setting| {
            let text = if setting == Setting::AMQP_URI { secret(setting.variable) } else { given(setting.variable) };
            text.map(|text| Override { setting, origin: setting.variable, text })
        };
        let values = Setting::ALL.into_iter().filter_map(value).collect();
        let owner_token = secret(OWNER_TOKEN_VARIABLE).map(Secret::new);
        Self { values, owner_token, secrets_not_found }
    }

    /// And what a flag says, where it was given.
    pub fn flag(&mut self, setting: Setting, text: Option<String>) {
        self.values.extend(text.map(|text| Override { setting, origin: setting.flag, text }));
    }

    pub(super) fn of(&self, section: &str, key: &str) -> Option<&Override> {
        self.values.iter().rev().find(|value| value.setting.key == (section, key))
    }
}

/// A secret by itself, or what the file holds; the line's end, which editors put there, is none of it.
fn secret(value: Option<String>, file: Option<String>) -> Result<Option<String>, String> {
    match (value, file) {
        (Some(_), Some(_)) => Err("it is set, and so is the variable that names a file with it".to_owned()),
        (value, None) => Ok(value),
        (None, Some(file)) => match std::fs::read_to_string(&file) {
            Ok(text) if text.trim_end().is_empty() => Err(format!("the file {file:?} is empty")),
            Ok(text) => Ok(Some(text.trim_end().to_owned())),
            Err(error) => Err(format!("the file {file:?} can't be read: {error}")),
        },
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
    fn a_secret_may_be_in_a_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("uri");
        std::fs::write(&file, "amqps://u:p@h\n").expect("it is written");
        let file = file.to_str().expect("it is text");
        let config = resolved("", &[("ROLECALL_AMQP_URI_FILE", file), ("ROLECALL_OWNER_TOKEN_FILE", file)], &[]);
        assert_eq!(config.amqp.uri.reveal(), "amqps://u:p@h");
        assert_eq!(config.http.owner_token.map(|token| token.reveal().to_owned()).as_deref(), Some("amqps://u:p@h"));
    }

    #[test]
    fn a_file_without_the_secret_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let empty = directory.path().join("empty");
        std::fs::write(&empty, "\n").expect("it is written");
        let empty = empty.to_str().expect("it is text");
        let absent = "/nowhere/at/all";
        for (environment, says) in [
            (vec![("ROLECALL_AMQP_URI_FILE", absent)], "can't be read"),
            (vec![("ROLECALL_OWNER_TOKEN_FILE", empty)], "is empty"),
            (vec![("ROLECALL_AMQP_URI_FILE", empty), ("ROLECALL_AMQP_URI", "amqp://h")], "it is set, and so is"),
        ] {
            let variable =
                |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            let report = parse("test", "", &Overrides::from_environment(variable)).expect_err("it is refused");
            assert!(report.to_string().contains(says), "{report}");
        }
    }

    #[test]
    fn an_empty_variable_counts_as_absent() {
        assert_eq!(resolved("", &[("ROLECALL_AMQP_URI", ""), ("ROLECALL_OWNER_TOKEN", "")], &[]), Config::default());
    }
}
