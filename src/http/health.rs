//! `/healthz`, `/readyz` and `/metrics`: for orchestrators and monitoring, without a token and without data of tickets.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::Mutex;

use super::problem::Problem;
use super::{Shared, gauges};

/// The text format of Prometheus.
const METRICS_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// A scrape is answered with a text of at most this age, so that a storm of them costs one rendering in that time.
const SCRAPE_AGE_MAX: Duration = Duration::from_millis(100);

/// The latest text of `/metrics`.
#[derive(Debug, Default)]
pub(super) struct Scrape(Mutex<Option<(Instant, Bytes)>>);

/// Whether the process lives: the thread that owns the engine turns, or is still starting.
pub(super) async fn healthz(State(shared): State<Shared>) -> Response {
    if shared.heartbeat.is_alive() {
        return "ok\n".into_response();
    }
    let silence_seconds = shared.heartbeat.silence().unwrap_or_default().as_secs();
    let detail = format!("the routing thread has not turned for {silence_seconds} s");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stuck", detail).into_response()
}

/// Whether the daemon takes work.
pub(super) async fn readyz(State(shared): State<Shared>) -> Response {
    match shared.readiness.not_ready() {
        None => "ready\n".into_response(),
        Some(reason) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, reason.code(), reason.detail()).into_response(),
    }
}

/// Every metric, as Prometheus reads it.
pub(super) async fn metrics(State(shared): State<Shared>) -> Response {
    let mut latest = shared.scrape.0.lock().await;
    let is_fresh = latest.as_ref().is_some_and(|(rendered_at, _)| rendered_at.elapsed() < SCRAPE_AGE_MAX);
    if !is_fresh {
        gauges::publish_readiness(&shared.readiness);
        gauges::publish(&shared.read_model, &shared.labels, (shared.clock)());
        *latest = Some((Instant::now(), Bytes::from(shared.metrics.render())));
    }
    let text = latest.as_ref().map(|(_, text)| text.clone()).unwrap_or_default();
    ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response()
}
