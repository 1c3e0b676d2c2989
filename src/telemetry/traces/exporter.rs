//! The thread that takes spans to the collector: some at a time, soon, and never in anybody's way.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use metrics::counter;
use rustls::crypto::ring;
use tracing::{info, warn};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use super::super::metric;
use super::otlp;
use super::settings::Settings;
use super::{DROPPED, EXPORTED, Span, Tracer};

/// Spans that wait for the thread at most: some seconds of a full load.
const WAITING_MAX: usize = 65_536;

/// Spans of one request.
const BATCH_MAX: usize = 2_048;

/// After so long what there is is sent.
const SEND_AFTER: Duration = Duration::from_secs(1);

/// So often it is said that the collector can't be told.
const COMPLAIN_EVERY: Duration = Duration::from_mins(1);

/// The largest answer that is read.
const ANSWER_MAX_BYTES: u64 = 64 * 1024;

/// Takes spans to the collector until all tracers are gone.
pub struct Exporter {
    settings: Settings,
    agent: Agent,
    complained_at: Option<Instant>,
}

impl Exporter {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where the system has no thread to give.
    pub fn start(settings: Settings) -> std::io::Result<Tracer> {
        let (tx, rx) = sync_channel(WAITING_MAX);
        let tracer = Tracer::telling(settings.sampler, tx);
        let ring = Arc::new(ring::default_provider());
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).unversioned_rustls_crypto_provider(ring);
        info!(endpoint = settings.shown(), "traces are sent to a collector");
        let config = Agent::config_builder()
            .timeout_global(Some(settings.timeout))
            .tls_config(tls.build())
            .http_status_as_error(true)
            .build();
        let exporter = Self { settings, agent: config.into(), complained_at: None };
        std::thread::Builder::new().name("traces".to_owned()).spawn(move || exporter.run(&rx))?;
        Ok(tracer)
    }

    fn run(mut self, spans: &Receiver<Span>) {
        let mut batch = Vec::new();
        while let Ok(first) = spans.recv() {
            batch.push(first);
            let until = Instant::now() + SEND_AFTER;
            let mut has_more = true;
            while has_more && batch.len() < BATCH_MAX {
                match spans.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(span) => batch.push(span),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => has_more = false,
                }
            }
            self.send(&batch);
            batch.clear();
        }
    }

    fn send(&mut self, batch: &[Span]) {
        let mut request = self.agent.post(&self.settings.endpoint).header("content-type", "application/x-protobuf");
        for (name, value) in &self.settings.headers {
            request = request.header(name.as_str(), value.as_str());
        }
        let answered = request.send(&otlp::request(&self.settings.resource, batch)[..]);
        // The connection is used again where the answer has been read.
        let read =
            answered.and_then(|mut answer| answer.body_mut().with_config().limit(ANSWER_MAX_BYTES).read_to_vec());
        match read {
            Ok(_) => counter!(metric::SPANS_TOTAL, "outcome" => EXPORTED).increment(batch.len() as u64),
            Err(error) => {
                counter!(metric::SPANS_TOTAL, "outcome" => DROPPED).increment(batch.len() as u64);
                if self.complained_at.is_none_or(|at| at.elapsed() > COMPLAIN_EVERY) {
                    self.complained_at = Some(Instant::now());
                    let error = error.to_string().replace(&self.settings.endpoint, &self.settings.shown());
                    warn!(error, endpoint = self.settings.shown(), "the collector takes no traces: they are let go");
                }
            }
        }
    }
}
