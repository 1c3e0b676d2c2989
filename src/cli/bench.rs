//! `rolecall bench`: routing through a real broker, beside the broker's own limit.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bench::{self, BenchError, Kind, Node, Other, PassthroughOptions, Plan};
use crate::broker::{BrokerOptions, QueueType};
use crate::config::{self, Overrides, Setting};

use super::broker_args::block_on;
use super::output::print;
use super::traffic::interruption;
use super::{Exit, Failure};

/// Arguments of `rolecall bench`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "The broker is the daemon's (ROLECALL_AMQP_URI, or --uri). Where none answers on this machine, one is \
                  started for the time of the measurement. All that is made on the broker is named \
                  rolecall-bench-<number>-… and removed at the end.\n\nEXAMPLES:\n  \
                  rolecall bench --short\n  \
                  rolecall bench --own-broker --rounds 5 --html bench.html --json bench.json\n  \
                  rolecall bench --queue-type classic --rates 1000 --agents 100000 --waiting 1000000\n  \
                  rolecall bench --own-broker --rates 1000 --duration 2 --rounds 24 --backlog 0 --beside ./rolecall-before"
)]
pub(super) struct BenchArgs {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    measure: MeasureArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// The passthrough itself, as it is run beside the daemon
    #[command(hide = true)]
    Passthrough(PassthroughArgs),
}

#[derive(Debug, clap::Args)]
#[expect(clippy::doc_markdown, reason = "these comments are the help that a terminal shows")]
struct MeasureArgs {
    /// The broker [env: ROLECALL_AMQP_URI]
    #[arg(long, visible_alias = "amqp-uri", value_name = "URI")]
    uri: Option<String>,
    /// Start a RabbitMQ for this, whether or not one answers
    #[arg(long, conflicts_with = "uri")]
    own_broker: bool,
    /// How often each is measured, in turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Events a second at which latency is measured
    #[arg(long, value_delimiter = ',', default_value = "100,1000,5000", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rates: Vec<u32>,
    /// Seconds for which each rate is held
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    duration: u64,
    /// Events that wait when throughput is measured; 0 leaves it out
    #[arg(long, value_name = "EVENTS", default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(0..=10_000_000))]
    backlog: u64,
    /// quorum or classic
    #[arg(long, value_name = "TYPE", default_value = "quorum", value_parser = queue_type)]
    queue_type: QueueType,
    /// Agents who are there
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    agents: u32,
    /// Tickets that wait all the time, beside those that are measured; where there are any, a rolecall with none and
    /// few agents takes turns at each rate
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    waiting: u32,
    /// Another rolecall that takes part, to tell what a change does: the table says by how much they differ, and how sure
    /// that is, for which many short rounds say more than few long ones
    #[arg(long, value_name = "PROGRAM")]
    beside: Option<PathBuf>,
    /// What the environment of that other has beyond this one's; may be given more than once. Without --beside it is this
    /// program
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    beside_env: Vec<(String, String)>,
    /// Messages that the passthrough has under way
    #[arg(long, default_value_t = WINDOW, value_parser = clap::value_parser!(u16).range(1..=2_000))]
    window: u16,
    /// Where the journal goes, for the time of the measurement (default: the directory for temporary files)
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Two rounds of three seconds at each rate, and a small backlog
    #[arg(long, conflicts_with_all = ["rounds", "duration", "backlog"])]
    short: bool,
    /// Write all figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Say nothing of progress
    #[arg(long, short)]
    quiet: bool,
}

/// Where nearly all throughput is to be had, and latency is still short.
const WINDOW: u16 = 300;

#[derive(Debug, clap::Args)]
struct PassthroughArgs {
    #[arg(long, default_value_t = WINDOW)]
    window: u16,
    #[arg(long)]
    twice: bool,
    #[arg(long, default_value = "quorum", value_parser = queue_type)]
    queue_type: QueueType,
}

fn queue_type(text: &str) -> Result<QueueType, String> {
    [QueueType::Quorum, QueueType::Classic]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| "expected quorum or classic".to_owned())
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        let exit = match &error {
            BenchError::Broker(_) | BenchError::Transport(_) => Exit::Unavailable,
            BenchError::System { .. } | BenchError::Contestant(_) => Exit::Failed,
        };
        Self::new(exit, error)
    }
}

/// Measures, or passes through.
pub(super) fn run(args: BenchArgs) -> Result<(), Failure> {
    match args.part {
        Some(Part::Passthrough(part)) => pass_through(&part),
        None => measure(&args.measure),
    }
}

fn pass_through(args: &PassthroughArgs) -> Result<(), Failure> {
    let config = config::load(None, &Overrides::from_environment(|name| std::env::var(name).ok()));
    let amqp = config.map_err(|error| Failure::new(Exit::Configuration, error))?.config.amqp;
    let broker = BrokerOptions {
        uri: amqp.uri.reveal().parse()?,
        prefix: amqp.prefix,
        prefetch: amqp.prefetch,
        queue_type: args.queue_type,
        ..BrokerOptions::default()
    };
    block_on(async {
        let options = PassthroughOptions { broker, window: args.window, twice: args.twice };
        let interrupted = interruption()?;
        tokio::select! {
            ended = bench::passthrough(options) => Ok(ended?),
            () = interrupted => Ok(()),
        }
    })
}

fn measure(args: &MeasureArgs) -> Result<(), Failure> {
    let parent = args.directory.clone().unwrap_or_else(std::env::temp_dir);
    let directory = Place::new(&parent).map_err(|error| Failure::new(Exit::Failed, error))?;
    let plan = args.plan(&directory.0)?;
    let node = args.node(&directory.0)?;
    let say = |line: &str| {
        if !args.quiet {
            eprintln!("{line}");
        }
    };
    say(&format!("measuring at {}, for about {} min", node.uri, plan.usual_whole().as_secs().div_ceil(60)));
    if node.pid.is_none() {
        say("the broker's process can't be seen from here: its CPU time is left out");
    }
    let report = block_on(async {
        let interrupted = interruption()?;
        tokio::select! {
            report = bench::run(&plan, &node, say) => Ok(report?),
            () = interrupted => Err(Failure::new(Exit::Failed, "interrupted; what is left on the broker is named rolecall-bench-…")),
        }
    })?;
    drop(node);
    print(&bench::text(&report))?;
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(&report).expect("figures can be written as JSON");
        write(path, &json)?;
    }
    if let Some(path) = &args.html {
        write(path, &bench::page(&report))?;
    }
    if report.measurements.iter().any(|it| it.lost > 0) {
        return Err(Failure::silent(Exit::Failed));
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot write {}: {error}", path.display())))
}

impl MeasureArgs {
    fn plan(&self, directory: &Path) -> Result<Plan, Failure> {
        let program = std::env::current_exe().map_err(|error| Failure::new(Exit::Failed, error))?;
        let mut at_rates = vec![Kind::Passthrough, Kind::PassthroughTwice, Kind::Rolecall];
        let mut at_saturation = vec![Kind::Passthrough, Kind::PassthroughTwice, Kind::Rolecall];
        if self.waiting > 0 {
            at_rates.push(Kind::RolecallEmpty);
        }
        let other = self.other(&program);
        if other.is_some() {
            at_rates.push(Kind::RolecallOther);
            at_saturation.push(Kind::RolecallOther);
        }
        let (rounds, duration, backlog) =
            if self.short { (2, 3, 20_000) } else { (self.rounds, self.duration, self.backlog) };
        Ok(Plan {
            rounds,
            rates: self.rates.clone(),
            duration: Duration::from_secs(duration),
            warm_up: Duration::from_secs(1),
            backlog,
            agents: self.agents,
            waiting: self.waiting,
            queue_type: self.queue_type,
            at_rates,
            at_saturation: if backlog == 0 { Vec::new() } else { at_saturation },
            window: self.window,
            directory: directory.to_owned(),
            program,
            other,
        })
    }

    /// Who is set beside this program, where somebody is.
    fn other(&self, program: &Path) -> Option<Other> {
        if self.beside.is_none() && self.beside_env.is_empty() {
            return None;
        }
        let program = self.beside.clone().unwrap_or_else(|| program.to_owned());
        Some(Other { program, environment: self.beside_env.clone() })
    }

    /// The broker that is named; else the daemon's, where it answers; else one of our own.
    fn node(&self, directory: &Path) -> Result<Node, Failure> {
        if self.own_broker {
            return Ok(Node::start(directory)?);
        }
        let mut overrides = Overrides::from_environment(|name| std::env::var(name).ok());
        overrides.flag(Setting::AMQP_URI, self.uri.clone());
        let config = config::load(None, &overrides).map_err(|error| Failure::new(Exit::Configuration, error))?.config;
        let node = Node::given(config.amqp.uri.reveal())?;
        if node.answers() {
            return Ok(node);
        }
        if self.uri.is_some() {
            return Err(Failure::new(Exit::Unavailable, format!("no broker answers at {}", node.uri)));
        }
        eprintln!("no broker answers at {}: starting one", node.uri);
        Ok(Node::start(directory)?)
    }
}

/// A directory for the time of the measurement.
struct Place(PathBuf);

impl Place {
    fn new(parent: &Path) -> std::io::Result<Self> {
        let path = parent.join(format!("rolecall-bench-{:08x}", rand::random::<u32>()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What can't be removed lies in the directory for temporary files.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
