//! Log and metrics: set up once at start.

use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::audio::decode;

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    #[default]
    Text,
}

/// Starts logging to standard error. The level is `RUST_LOG`, else `default`.
pub(super) fn start_log(format: LogFormat, default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first.
    let _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
        LogFormat::Text => builder.finish().try_init(),
    };
}

/// A decoder that gives up on a damaged sound file by a panic is caught, and its file refused: no crash of ours, and not to be
/// printed as one.
pub(super) fn quiet_contained_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() == Some(decode::THREAD) {
            let at = panic.location().map(ToString::to_string);
            tracing::debug!(at, "a sound file made its decoder give up; it is refused");
        } else {
            usual(panic);
        }
    }));
}

/// Buckets in seconds for waits from a millisecond to half a minute.
const SECONDS: [f64; 13] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Single values of histograms are kept until they are sorted into their buckets. So often that is done even when nobody asks
/// for the metrics: a server with a thousand calls would keep 8 KB a second.
const UPKEEP: Duration = Duration::from_secs(10);

/// Renders the metrics in Prometheus' text format.
pub(super) type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

/// Installs the recorder of metrics; the function renders them for `/metrics`. To be called within the runtime.
///
/// # Errors
/// When another recorder is installed already.
pub(super) fn start_metrics() -> Result<Metrics, super::Failure> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .map_err(|error| super::Failure::refused(format!("metrics cannot start: {error}")))?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)
        .map_err(|error| super::Failure::refused(format!("metrics cannot start: {error}")))?;
    let kept = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            kept.run_upkeep();
        }
    });
    Ok(Arc::new(move || {
        handle.run_upkeep();
        handle.render()
    }))
}
