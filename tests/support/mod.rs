//! A RabbitMQ for the tests.
//!
//! `scripts/with-rabbitmq` (and so `make test`) starts one node for a whole run, and names it in
//! `ROLECALL_TEST_AMQP_URI`. Where that is not set, a process of tests starts a node for itself, which ends with it. Tests
//! share the node and keep out of each other's way by a prefix of their own. A test that hurts its broker owns one
//! ([`Node`]).
#![allow(dead_code, reason = "every binary of tests uses some of it")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// Where the node is that all tests of this process share.
pub(crate) fn amqp_uri() -> String {
    static OWN: OnceLock<(String, Mutex<Node>)> = OnceLock::new();
    std::env::var("ROLECALL_TEST_AMQP_URI").ok().filter(|uri| !uri.is_empty()).unwrap_or_else(|| {
        // Never dropped: its stdin ends with this process, and that ends the node.
        let (uri, _) = OWN.get_or_init(|| {
            let node = Node::start();
            (node.uri().to_owned(), Mutex::new(node))
        });
        uri.clone()
    })
}

/// A prefix that no other test, process or run has.
pub(crate) fn unique_prefix(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let since_epoch = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("the clock is after 1970");
    format!("{name}-{}-{count}-{}", std::process::id(), since_epoch.subsec_nanos())
}

/// A node of one's own, to be stopped, frozen and starved. Ends when dropped, and with the process.
pub(crate) struct Node {
    uri: String,
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Node {
    /// Starts one; takes some seconds.
    pub(crate) fn start() -> Self {
        let directory = std::env::temp_dir().join(unique_prefix("rolecall-rabbitmq"));
        let mut child = Command::new(script("rabbitmq-node"))
            .arg("hold")
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/rabbitmq-node can be run");
        let orders = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let uri = read_line(&mut answers);
        assert!(uri.starts_with("amqp://"), "RabbitMQ did not start; is it installed? (make test installs it)");
        Self { uri, child, orders, answers }
    }

    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// `stop`, `start`, `kill`, `freeze`, `thaw`, `tell` or `ctl …` (see the script); returns when it is done.
    pub(crate) fn order(&mut self, order: &str) {
        let orders = self.orders.as_mut().expect("open until dropped");
        writeln!(orders, "{order}").expect("the script listens");
        assert_eq!(read_line(&mut self.answers), "ok", "order {order:?}");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // What a test that fails here leaves behind is gone with the node.
        if let (true, Some(orders)) = (std::thread::panicking(), self.orders.as_mut()) {
            let _ = writeln!(orders, "tell");
        }
        self.orders = None;
        // It ends the node first, and bounds that itself.
        self.child.wait().expect("the script can be waited for");
    }
}

fn read_line(answers: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    answers.read_line(&mut line).expect("the script writes text");
    line.trim_end().to_owned()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name)
}

/// Waits until a condition holds, and says how long that took; fails after `bound`.
pub(crate) async fn eventually(what: &str, bound: Duration, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let started_at = Instant::now();
    while !holds().await {
        assert!(started_at.elapsed() < bound, "not within {bound:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    started_at.elapsed()
}
