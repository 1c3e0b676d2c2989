//! `rolecall token`: who may come in over HTTP. It works whether or not the daemon runs, and takes effect at once.

use std::collections::BTreeSet;

use crate::config::{self, ConfigError};
use crate::daemon::system_clock;
use crate::records::audit::AuditLog;
use crate::records::tokens::{NotMade, Standing, Token, TokenSpec, Tokens};
use crate::routing::permission::AccessLevel;
use crate::routing::{AgentId, Permission, Timestamp};

use super::config_args::ConfigArgs;
use super::ledger;
use super::output::{print_line, print_lines};
use super::{Exit, Failure};

/// Arguments of `rolecall token`.
#[derive(Debug, clap::Args)]
pub(super) struct TokenArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a token, and print it: it is not shown again
    Create(CreateArgs),
    /// Print all tokens, without their secrets
    List(ListArgs),
    /// Take a token back
    Revoke(RevokeArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall token create helpdesk --permission tickets.manage --expires-in 90d\n  \
    rolecall token create anna --agent anna")]
struct CreateArgs {
    /// Who will show it: letters, digits, or . _ - @
    name: String,
    /// What its bearer may do
    #[arg(long, value_enum, default_value_t = Level::Agent)]
    level: Level,
    /// The agent for whom its bearer acts; what that agent may not do its token may not do either
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// A permission beyond those of the level; may be given again
    #[arg(long, value_name = "PERMISSION", conflicts_with = "agent")]
    permission: Vec<String>,
    /// A permission taken away; may be given again
    #[arg(long, value_name = "PERMISSION")]
    deny: Vec<String>,
    /// For how long it is valid, such as 90d or 12h; for good where nothing is said
    #[arg(long, value_name = "DURATION")]
    expires_in: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall token list --config /etc/rolecall/rolecall.toml")]
struct ListArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall token revoke helpdesk")]
struct RevokeArgs {
    /// Its id, or its name
    token: String,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Level {
    Agent,
    Admin,
    Owner,
}

impl From<Level> for AccessLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Agent => Self::Agent,
            Level::Admin => Self::Admin,
            Level::Owner => Self::Owner,
        }
    }
}

/// The records beside the journal of that configuration.
struct Records {
    tokens: Tokens,
    audit: AuditLog,
}

/// Does what was asked for.
pub(super) fn run(args: &TokenArgs) -> Result<(), Failure> {
    match &args.action {
        Action::Create(args) => create(args),
        Action::List(args) => list(args),
        Action::Revoke(args) => revoke(args),
    }
}

fn create(args: &CreateArgs) -> Result<(), Failure> {
    let now = system_clock();
    let spec = spec(args, now).map_err(|why| Failure::new(Exit::Usage, why))?;
    let records = Records::open(&args.config)?;
    let asked = serde_json::to_value(&spec).ok();
    let (token, shown) = ledger::write_down(&records.audit, "rolecall token create", asked, now, |by| {
        let (token, shown) = records.tokens.make(spec, by, now).map_err(|error| match error {
            NotMade::Over { .. } => Failure::new(Exit::Usage, BadArgument(format!("--expires-in: {error}"))),
            error => Failure::new(Exit::Failed, error),
        })?;
        let after = serde_json::json!({ "token_id": token.id });
        Ok(((token, shown), after))
    })?;
    eprintln!("token {} of {}; keep it, it is not shown again:", token.id, token.spec.name);
    print_line(shown.reveal())
}

fn spec(args: &CreateArgs, now: Timestamp) -> Result<TokenSpec, BadArgument> {
    let permissions = |names: &[String]| -> Result<BTreeSet<Permission>, BadArgument> {
        names
            .iter()
            .map(|name| Permission::parse(name).map_err(|error| BadArgument(format!("{name:?} {error}"))))
            .collect()
    };
    let agent = args.agent.as_deref().map(AgentId::parse).transpose();
    let expires_at = args.expires_in.as_deref().map(|text| {
        let length = config::duration(text).map_err(|error| BadArgument(format!("--expires-in: {text:?} {error}")))?;
        if length.is_zero() {
            return Err(BadArgument(format!("--expires-in: a token that expires in {text} is never valid")));
        }
        Ok::<_, BadArgument>(now + length)
    });
    Ok(TokenSpec {
        name: args.name.clone(),
        level: args.level.into(),
        agent: agent.map_err(|error| BadArgument(format!("--agent {error}")))?,
        permissions: permissions(&args.permission)?,
        permissions_denied: permissions(&args.deny)?,
        expires_at: expires_at.transpose()?,
    })
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BadArgument(String);

/// There is nothing where the tokens or the audit log were to be.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no directory {}, so no daemon has its journal and its records there: name the daemon's configuration with \
     --config, or its journal with --journal-path or ROLECALL_JOURNAL_PATH",
    .0.display()
)]
pub(super) struct Elsewhere(pub(super) std::path::PathBuf);

fn list(args: &ListArgs) -> Result<(), Failure> {
    let now = system_clock();
    let records = Records::open(&args.config)?;
    let header = format!("{:<18} {:<24} {:<6} {:<8} {:<24} agent", "id", "name", "level", "standing", "expires");
    print_line(header)?;
    print_lines(records.tokens.list().iter().map(|token| line(token, now)))
}

fn line(token: &Token, now: Timestamp) -> String {
    let standing = match token.standing(now) {
        Standing::Valid => "valid",
        Standing::Expired => "expired",
        Standing::Revoked => "revoked",
    };
    let moment =
        |at: Timestamp| jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| "?".into(), |it| it.to_string());
    let expires = token.spec.expires_at.map_or_else(|| "never".to_owned(), moment);
    let agent = token.spec.agent.as_ref().map_or("", AgentId::as_str);
    let (id, name, level) = (&token.id, &token.spec.name, token.spec.level.as_str());
    format!("{id:<18} {name:<24} {level:<6} {standing:<8} {expires:<24} {agent}").trim_end().to_owned()
}

fn revoke(args: &RevokeArgs) -> Result<(), Failure> {
    let now = system_clock();
    let records = Records::open(&args.config)?;
    let asked = serde_json::json!({ "token": args.token });
    let revoked = ledger::write_down(&records.audit, "rolecall token revoke", Some(asked), now, |by| {
        let revoked = records.tokens.revoke(&args.token, by, now);
        let revoked = revoked.map_err(|error| Failure::new(Exit::JournalIo, error))?;
        let after = serde_json::json!({ "token_id": revoked.as_ref().map(|token| &token.id) });
        Ok((revoked, after))
    })?;
    match revoked {
        Some(token) => print_line(format_args!("token {} of {} is revoked", token.id, token.spec.name)),
        None => Err(Failure::new(Exit::Failed, BadArgument(format!("there is no valid token {:?}", args.token)))),
    }
}

impl Records {
    fn open(args: &ConfigArgs) -> Result<Self, Failure> {
        let path = journal_path(args)?;
        // Where a daemon's journal is not, its tokens would be shown to nobody.
        if !path.is_dir() {
            return Err(Failure::new(Exit::JournalIo, Elsewhere(path)));
        }
        let tokens = Tokens::open(&path).map_err(|error| Failure::new(Exit::JournalIo, error))?;
        Ok(Self { tokens, audit: AuditLog::open(&path) })
    }
}

/// Where the journal is, whatever else may be wrong with the configuration: a token must be revocable in any case.
pub(super) fn journal_path(args: &ConfigArgs) -> Result<std::path::PathBuf, Failure> {
    let loaded = args.load().map_err(|error: ConfigError| Failure::new(Exit::Configuration, error))?;
    Ok(loaded.config.journal.path)
}
