//! `rolecall publish`: says one event, or a file of them, to the daemon.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc;

use crate::broker::{BrokerOptions, Properties, Publication, SHORT_STRING_LENGTH_MAX_BYTES, connect_publisher};
use crate::client::{Form, Message, Post, Said, WINDOW_LENGTH_MAX, clock, draw_event_id, rfc3339};
use crate::wire::bounds::MESSAGE_SIZE_MAX;

use super::broker_args::{BrokerArgs, block_on};
use super::output::print_line;
use super::{Exit, Failure};

/// How often the line about progress is written anew.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
/// So many bad lines are told before we stop looking for more.
const FAULTS_TOLD_MAX: usize = 10;
/// The longest line that is read: a message and its envelope, however it is escaped.
const LINE_LENGTH_MAX: u64 = 8 * MESSAGE_SIZE_MAX as u64;

/// What some systems begin a file in UTF-8 with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Arguments of `rolecall publish`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall publish agent.registered '{\"agent_id\":\"ana\",\"roles\":[\"billing\"]}'\n  \
    rolecall publish agent.presence '{\"agent_id\":\"ana\",\"status\":\"online\"}'\n  \
    rolecall publish ticket.created '{\"ticket_id\":\"t1\",\"role\":\"billing\",\"channel\":\"chat\"}'\n  \
    rolecall publish --file events.jsonl\n  \
    generate | rolecall publish --file -")]
pub(super) struct PublishArgs {
    /// The event's type, such as ticket.created
    #[arg(required_unless_present = "file", value_name = "TYPE")]
    kind: Option<String>,
    /// Its data: a JSON object
    #[arg(requires = "kind", required_unless_present = "file", value_name = "DATA")]
    data: Option<String>,
    /// Its id; the same id from the same source changes nothing the second time (default: a random one)
    #[arg(long, conflicts_with = "file", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    id: Option<String>,
    /// Who says it
    #[arg(long, default_value = "/rolecall/publish")]
    source: String,
    /// A file of JSON lines instead, - for the standard input: `CloudEvents` envelopes, or {"type":…,"data":…} with id, source and time if wanted
    #[arg(long, short, conflicts_with_all = ["kind", "data"], value_name = "FILE")]
    file: Option<PathBuf>,
    /// Plain messages (the body is the data, the rest in AMQP properties) instead of `CloudEvents` envelopes
    #[arg(long)]
    plain: bool,
    /// Do not look first whether the daemon could read it
    #[arg(long)]
    no_check: bool,
    /// Say nothing of progress and success
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    broker: BrokerArgs,
}

/// What is wrong with what we were given.
#[derive(Debug, thiserror::Error)]
enum PublishError {
    #[error("cannot read {name}")]
    Unreadable { name: String, source: io::Error },
    #[error("the data: {0}")]
    Data(String),
    #[error("{name}, line {line}: {fault}")]
    Line { name: String, line: u64, fault: String },
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        Self::new(Exit::Usage, error)
    }
}

/// Publishes, and says how it went.
pub(super) fn run(args: &PublishArgs) -> Result<(), Failure> {
    match (&args.file, &args.kind, &args.data) {
        (Some(path), ..) => run_file(args, path),
        (None, Some(kind), Some(data)) => run_one(args, kind, data),
        _ => Err(Failure::new(Exit::Usage, "give a type and its data, or --file")),
    }
}

/// How a line becomes a message.
#[derive(Debug, Clone)]
struct Recipe {
    form: Form,
    source: String,
    check: Check,
}

/// Whether to look first if the daemon could read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Wanted,
    Unwanted,
}

impl Recipe {
    fn of(args: &PublishArgs) -> Self {
        Self {
            form: if args.plain { Form::Plain } else { Form::Envelope },
            source: args.source.clone(),
            check: if args.no_check { Check::Unwanted } else { Check::Wanted },
        }
    }

    /// The message of one event from the arguments.
    fn one(&self, kind: &str, id: String, data: &str) -> Result<Message, PublishError> {
        let data: Value = match serde_json::from_str(data) {
            Ok(data) => data,
            Err(_) if self.check == Check::Unwanted => return Ok(self.as_typed(kind, &id, data)),
            Err(error) => return Err(PublishError::Data(format!("not JSON: {error}"))),
        };
        let said = Said {
            kind: kind.to_owned(),
            id,
            source: self.source.clone(),
            time: Some(rfc3339(clock())),
            extensions: serde_json::Map::new(),
            data,
        };
        self.checked(&said).map_err(PublishError::Data)
    }

    /// Whatever was typed, for whoever wants to see what becomes of it.
    fn as_typed(&self, kind: &str, id: &str, data: &str) -> Message {
        Message {
            routing_key: kind.to_owned(),
            properties: Properties::new().with_kind(kind).with_message_id(id).with_app_id(&self.source),
            body: data.as_bytes().to_vec(),
        }
    }

    /// The message of one line.
    fn line(&self, line: &str) -> Result<Message, String> {
        self.checked(&Said::parse_line(line, &self.source).map_err(|error| error.to_string())?)
    }

    fn checked(&self, said: &Said) -> Result<Message, String> {
        // What is too long for a property would be left out of it, and nobody would be told.
        let properties = [("id", &said.id), ("source", &said.source)];
        let too_long = properties.into_iter().find(|(_, text)| text.len() > SHORT_STRING_LENGTH_MAX_BYTES);
        if let Some((what, text)) = too_long.filter(|_| self.form == Form::Plain) {
            let length = text.len();
            return Err(format!(
                "the {what} has {length} bytes, and a plain message takes {SHORT_STRING_LENGTH_MAX_BYTES}"
            ));
        }
        let message = said.message(self.form);
        match self.check {
            Check::Wanted => message.check().map(|()| message).map_err(|unreadable| unreadable.to_string()),
            Check::Unwanted => Ok(message),
        }
    }
}

fn run_one(args: &PublishArgs, kind: &str, data: &str) -> Result<(), Failure> {
    let id = args.id.clone().unwrap_or_else(draw_event_id);
    let message = Recipe::of(args).one(kind, id.clone(), data)?;
    let options = args.broker.options("publish")?;
    let endpoint = options.uri.to_string();
    block_on(async {
        let mut post = connect(options).await?;
        post.send(&[message.into()]).await?;
        post.close().await;
        Ok(())
    })?;
    if !args.quiet {
        print_line(format_args!("published {kind} with id {id} to {endpoint}"))?;
    }
    Ok(())
}

async fn connect(options: BrokerOptions) -> Result<Post, Failure> {
    let patience = options.confirm_timeout;
    Ok(Post::new(connect_publisher(options).await?, patience))
}

fn run_file(args: &PublishArgs, path: &Path) -> Result<(), Failure> {
    let options = args.broker.options("publish")?;
    let recipe = Recipe::of(args);
    if path.is_file() && recipe.check == Check::Wanted {
        check_whole(&recipe, path)?;
    }
    let lines = Lines::open(path)?;
    block_on(async {
        let mut post = connect(options).await?;
        let mut progress = Progress::new(!args.quiet && io::stderr().is_terminal());
        let outcome = pump(read_ahead(recipe, lines), &mut post, &mut progress).await;
        progress.clear();
        post.close().await;
        if !args.quiet || outcome.is_err() {
            eprintln!("{}", progress.summary());
        }
        outcome
    })
}

/// Nothing of a file is published where one of its lines can't be read.
fn check_whole(recipe: &Recipe, path: &Path) -> Result<(), Failure> {
    let mut lines = Lines::open(path)?;
    let mut faults = Vec::new();
    while faults.len() < FAULTS_TOLD_MAX {
        match lines.next_message(recipe) {
            None => break,
            Some(Ok(_)) => {}
            Some(Err(fault)) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    for fault in faults {
        eprintln!("rolecall: {}", Failure::from(fault));
    }
    eprintln!("nothing was published; --no-check publishes it all the same");
    Err(Failure::silent(Exit::Usage))
}

type ReadLine = Result<Message, PublishError>;

/// Reads and checks on a thread of its own, so that a pipe that pauses holds nothing back and a file is read while the
/// broker confirms.
fn read_ahead(recipe: Recipe, mut lines: Lines) -> mpsc::Receiver<ReadLine> {
    let (messages_tx, messages) = mpsc::channel(2 * WINDOW_LENGTH_MAX);
    std::thread::spawn(move || {
        while let Some(message) = lines.next_message(&recipe) {
            let is_last = message.is_err();
            if messages_tx.blocking_send(message).is_err() || is_last {
                break;
            }
        }
    });
    messages
}

/// Publishes window by window, up to the end or to the first line that can't be read.
async fn pump(mut lines: mpsc::Receiver<ReadLine>, post: &mut Post, progress: &mut Progress) -> Result<(), Failure> {
    let mut batch = Vec::with_capacity(WINDOW_LENGTH_MAX);
    while lines.recv_many(&mut batch, WINDOW_LENGTH_MAX).await > 0 {
        let mut fault = None;
        let mut window: Vec<Publication> = Vec::with_capacity(batch.len());
        for line in batch.drain(..) {
            match line {
                Ok(message) => window.push(message.into()),
                Err(error) => fault = Some(error),
            }
        }
        post.send(&window).await?;
        progress.advance(window.len());
        if let Some(fault) = fault {
            return Err(fault.into());
        }
    }
    Ok(())
}

/// The lines of a file, with their numbers; empty ones are passed over.
struct Lines {
    name: String,
    reader: Box<dyn BufRead + Send>,
    number: u64,
}

impl Lines {
    /// Of that file; `-` is the standard input.
    fn open(path: &Path) -> Result<Self, PublishError> {
        if path.as_os_str() == "-" {
            return Ok(Self::of("the standard input".to_owned(), Box::new(BufReader::new(io::stdin()))));
        }
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Ok(Self::of(name, Box::new(BufReader::new(file)))),
            Err(source) => Err(PublishError::Unreadable { name, source }),
        }
    }

    fn of(name: String, reader: Box<dyn BufRead + Send>) -> Self {
        Self { name, reader, number: 0 }
    }

    /// The next event, or what is wrong with its line. `None` at the end.
    fn next_message(&mut self, recipe: &Recipe) -> Option<ReadLine> {
        let line = match self.next_line() {
            Ok(line) => line?,
            Err(error) => return Some(Err(error)),
        };
        Some(recipe.line(&line).map_err(|fault| self.fault(fault)))
    }

    fn next_line(&mut self) -> Result<Option<String>, PublishError> {
        loop {
            let mut bytes = Vec::new();
            let read = io::Read::take(&mut self.reader, LINE_LENGTH_MAX).read_until(b'\n', &mut bytes);
            let read = read.map_err(|source| PublishError::Unreadable { name: self.name.clone(), source })?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if read as u64 == LINE_LENGTH_MAX {
                return Err(self.fault(format!("is longer than {LINE_LENGTH_MAX} bytes")));
            }
            if self.number == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
                bytes.drain(..BYTE_ORDER_MARK.len());
            }
            let line = String::from_utf8(bytes).map_err(|_| self.fault("is not UTF-8".to_owned()))?;
            if !line.trim().is_empty() {
                return Ok(Some(line));
            }
        }
    }

    fn fault(&self, fault: String) -> PublishError {
        PublishError::Line { name: self.name.clone(), line: self.number, fault }
    }
}

/// How far we are, for whoever watches.
struct Progress {
    on_terminal: bool,
    started_at: Instant,
    told_at: Instant,
    count: usize,
}

impl Progress {
    fn new(on_terminal: bool) -> Self {
        let now = Instant::now();
        Self { on_terminal, started_at: now, told_at: now, count: 0 }
    }

    fn advance(&mut self, count: usize) {
        self.count += count;
        if self.on_terminal && self.told_at.elapsed() >= PROGRESS_EVERY {
            self.told_at = Instant::now();
            eprint!("\r{}\x1b[K", self.summary());
        }
    }

    fn clear(&self) {
        if self.on_terminal {
            eprint!("\r\x1b[K");
        }
    }

    fn summary(&self) -> String {
        let elapsed_s = self.started_at.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = self.count as f64 / elapsed_s.max(0.001);
        format!("published {} events in {elapsed_s:.1} s ({rate:.0} events/s)", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &'static str) -> Lines {
        of_bytes(text.as_bytes())
    }

    fn of_bytes(bytes: &'static [u8]) -> Lines {
        Lines::of("a file".to_owned(), Box::new(bytes))
    }

    fn recipe(check: Check) -> Recipe {
        Recipe { form: Form::Envelope, source: "/test".to_owned(), check }
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_empty_lines_count() {
        let mut lines = lines(
            "{\"type\":\"ticket.created\",\"data\":{\"ticket_id\":\"t1\"}}\n\n{\"type\":\"ticket.created\",\"data\":{}}\n",
        );
        assert!(lines.next_message(&recipe(Check::Wanted)).is_some_and(|message| message.is_ok()));
        let fault = lines.next_message(&recipe(Check::Wanted)).expect("a third line").unwrap_err().to_string();
        assert!(fault.starts_with("a file, line 3: bad_field: ") && fault.contains("ticket_id"), "{fault}");
    }

    #[test]
    fn a_line_that_is_not_utf_8_is_named_and_a_mark_at_the_beginning_is_none_of_it() {
        let mut lines =
            of_bytes(b"\xef\xbb\xbf{\"type\":\"ticket.created\",\"data\":{\"ticket_id\":\"t1\"}}\n\n\"\xff\"\n");
        assert!(lines.next_message(&recipe(Check::Wanted)).is_some_and(|message| message.is_ok()));
        let fault = lines.next_message(&recipe(Check::Wanted)).expect("a third line").unwrap_err().to_string();
        assert_eq!(fault, "a file, line 3: is not UTF-8");
    }

    #[test]
    fn without_a_check_what_the_daemon_can_not_read_goes_out_as_typed() {
        let message = recipe(Check::Unwanted).one("ticket.created", "1".to_owned(), "{oops").unwrap();
        assert_eq!((message.routing_key.as_str(), message.body.as_slice()), ("ticket.created", &b"{oops"[..]));
        let refused = recipe(Check::Wanted).one("ticket.created", "1".to_owned(), "{oops").unwrap_err().to_string();
        assert!(refused.contains("not JSON"), "{refused}");
    }

    #[test]
    fn what_no_property_holds_is_refused_and_not_left_out() {
        let plain = Recipe { form: Form::Plain, ..recipe(Check::Unwanted) };
        let refused = plain.one("ticket.created", "x".repeat(256), "{}").unwrap_err().to_string();
        assert_eq!(refused, "the data: the id has 256 bytes, and a plain message takes 255");
        assert!(plain.one("ticket.created", "x".repeat(255), "{}").is_ok());
    }

    #[test]
    fn an_event_of_an_unknown_type_is_refused_before_it_is_sent() {
        let refused = recipe(Check::Wanted).one("ticket.craeted", "1".to_owned(), "{}").unwrap_err().to_string();
        assert!(refused.contains("unknown_type"), "{refused}");
    }
}
