//! The recorder behind the `metrics` facade: Prometheus, with buckets for every histogram.

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusRecorder};
use tokio_util::sync::CancellationToken;

pub use metrics_exporter_prometheus::PrometheusHandle;

use super::metric::{ALL, BUILD_INFO, Kind};

/// How often the samples of histograms are sorted into their buckets. Until then each takes memory of its own.
pub const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// What runs, for `build_info`.
#[derive(Debug, Clone, Copy)]
pub struct Build {
    /// The version of the package.
    pub version: &'static str,
    /// The commit it was built from, or `unknown`.
    pub commit: &'static str,
}

/// A recorder that knows the buckets of every histogram.
///
/// # Errors
/// Fails where a histogram has no buckets, which the declarations in [`super::metric`] rule out.
pub fn build_recorder() -> Result<PrometheusRecorder, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for metric in ALL {
        if let Kind::Histogram(buckets) = metric.kind {
            builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets)?;
        }
    }
    Ok(builder.build_recorder())
}

/// Makes the recorder the one of this process, and returns the handle that renders it.
///
/// # Errors
/// Fails where this process has a recorder already.
pub fn install_recorder(build: Build) -> Result<PrometheusHandle, BuildError> {
    let recorder = build_recorder()?;
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    describe(build);
    Ok(handle)
}

/// Gives every metric its help text, and says what runs.
pub fn describe(build: Build) {
    for metric in ALL {
        let unit = metric.unit.unwrap_or(metrics::Unit::Count);
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, unit, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, unit, metric.help),
            Kind::Histogram(_) => metrics::describe_histogram!(metric.name, unit, metric.help),
        }
    }
    metrics::gauge!(BUILD_INFO, "version" => build.version, "commit" => build.commit).set(1.0);
}

/// Sorts samples into their buckets every [`UPKEEP_INTERVAL`], until told to stop.
pub async fn run_upkeep(handle: PrometheusHandle, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => handle.run_upkeep(),
            () = stop.cancelled() => return,
        }
    }
}
