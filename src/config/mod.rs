//! The configuration: as written, and as resolved.

mod secret;
mod settings;

pub use secret::{BrokerUri, Secret, redact_passwords};
pub use settings::{
    AmqpConfig, Config, DedupeConfig, HttpConfig, JournalConfig, LogConfig, LogFormat, LogLevel, NodeConfig, QueueType,
};
