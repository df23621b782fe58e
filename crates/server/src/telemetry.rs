//! Logs, traces and metrics: set up once, flushed at the end.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::{Context, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::{LogFormat, Role, Settings};

/// Buckets of what is measured in seconds, from half a millisecond to ten seconds.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.002, 0.004, 0.008, 0.012, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];
/// Buckets of what is counted: batches, pages, rooms.
const COUNTS: [f64; 12] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0,
];
/// A collector that does not answer by then has lost those spans.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// What has to be read and flushed.
pub(crate) struct Telemetry {
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sets the process up. To be called once, inside the runtime.
    pub(crate) fn start(settings: &Settings, role: Role) -> Result<Self> {
        let traces = match &settings.otel_exporter_otlp_endpoint {
            Some(endpoint) => Some(traces(&endpoint.0, role)?),
            None => None,
        };
        let spans = traces.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("confab"))
                .with_location(false)
                .with_threads(false)
                // What carries the spans away must not make new ones.
                .with_filter(EnvFilter::new(
                    "info,lapin=off,hyper=off,reqwest=off,opentelemetry=off",
                ))
        });
        Registry::default()
            .with(log_layer(&settings.log_level.0, settings.log_format)?)
            .with(spans)
            .try_init()
            .context("setting up the log")?;
        log_panics();

        let metrics = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .and_then(|builder| builder.set_buckets(&COUNTS))
            .and_then(PrometheusBuilder::install_recorder)
            .context("setting up the metrics")?;
        metrics::describe_gauge!(
            "confab_build_info",
            "The version and role of this process; always 1."
        );
        metrics::gauge!("confab_build_info", "version" => env!("CARGO_PKG_VERSION"), "role" => role.name())
            .set(1.0);
        Ok(Self { metrics, traces })
    }

    /// Sends what is still held, for at most `timeout`.
    pub(crate) async fn flush(self, timeout: Duration) {
        if let Some(traces) = self.traces {
            let flushed = tokio::task::spawn_blocking(move || traces.shutdown_with_timeout(timeout));
            if !matches!(tokio::time::timeout(timeout, flushed).await, Ok(Ok(Ok(())))) {
                tracing::warn!("the last traces were not sent");
            }
        }
    }
}

/// Logs of an operator's verb: to the error output, warnings only, unless `LOG_LEVEL` was set.
pub(crate) fn start_quietly(settings: &Settings, is_level_set: bool) -> Result<()> {
    let level = if is_level_set {
        settings.log_level.0.as_str()
    } else {
        "warn"
    };
    Registry::default()
        .with(log_layer(level, settings.log_format)?)
        .try_init()
        .context("setting up the log")
}

fn log_layer<S>(level: &str, format: LogFormat) -> Result<Box<dyn Layer<S> + Send + Sync>>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a> + Send + Sync,
{
    // lapin logs returned messages with their bodies, and bodies bear what people wrote.
    let filter = EnvFilter::try_new(format!("{level},lapin=error")).context("LOG_LEVEL")?;
    // The answers of verbs go to the standard output; logs never mix with them.
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    Ok(match format {
        LogFormat::Human => layer
            .with_ansi(std::io::stderr().is_terminal())
            .with_filter(filter)
            .boxed(),
        LogFormat::Json => layer
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_filter(filter)
            .boxed(),
    })
}

fn traces(endpoint: &str, role: Role) -> Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .context("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let processor = BatchSpanProcessor::builder(exporter, opentelemetry_sdk::runtime::Tokio).build();
    let service = if role == Role::AllInOne {
        "confab".to_owned()
    } else {
        format!("confab-{}", role.name())
    };
    Ok(SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_resource(Resource::builder().with_service_name(service).build())
        .build())
}

/// Panics go to the log like all else. What a panic says may have been made from a message's text: it is told
/// only when it is a fixed text, or at `debug`.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let said = payload.downcast_ref::<&'static str>().copied().or_else(|| {
            let formatted = payload.downcast_ref::<String>().map(String::as_str);
            formatted.filter(|_| tracing::enabled!(tracing::Level::DEBUG))
        });
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or_default();
        metrics::counter!("confab_panics_total").increment(1);
        tracing::error!(location, thread, panic = said.unwrap_or("withheld"), "a panic");
    }));
}
