//! One process from start to graceful stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use axum::Router;
use confab_api::Api;
use confab_domain::commands::SessionTimes;
use confab_domain::ports::Ports;
use confab_gateway::{FeedState, Gateway};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;

use crate::config::{Role, SettingValue, Settings};
use crate::data_folder::DataFolder;
use crate::demo::Offer;
use crate::parts::{LAST_WORDS, Parts};
use crate::readiness::{Part, Readiness};
use crate::serve::{ConnectionRules, Port, bind, serve};
use crate::signals::Interrupts;
use crate::telemetry::Telemetry;
use crate::{admin, archive, documents, housekeeping, search};

/// The admin port is for a few who measure.
const ADMIN_CONNECTIONS_MAX: usize = 64;

/// How much of a graceful stop the sockets may take; the rest is for what they have sent.
const GATEWAY_SHARE: f64 = 0.6;

/// Runs a role until it is told to stop. A second signal ends the process at once.
pub(crate) async fn run(settings: Settings, role: Role) -> Result<()> {
    let begun = Instant::now();
    let mut interrupts = Interrupts::listen()?;
    let telemetry = Telemetry::start(&settings, role)?;
    raise_descriptor_limit();
    let (port, admin_port) = bind_ports(&settings)?;

    let folder = match role {
        Role::AllInOne => Some(DataFolder::open(&settings.data_dir)?),
        _ => None,
    };
    let _lock = match &folder {
        Some(folder) => Some(folder.lock()?),
        None => None,
    };
    archive::ensure_schema(&settings, role == Role::AllInOne).await?;
    let parts = Parts::assemble(&settings, role, folder.as_ref()).await?;

    let stopping = CancellationToken::new();
    let chores = TaskTracker::new();
    // What ends only when all else has: the gateway's background, the admin port.
    let ended = CancellationToken::new();
    let gateway = gateway(&settings, role, &parts, &ended);
    let mut asked = parts.asked(role);
    asked.extend(
        gateway
            .clone()
            .map(|gateway| Box::new(Feed(gateway)) as Box<dyn Part>),
    );
    let readiness = Arc::new(Readiness::new(role, asked, stopping.clone()));
    if role.has_event_publisher() {
        let keep = housekeeping::EndedKeep {
            invitations: settings.invitations_keep.0,
            reports: settings.reports_keep.0,
            api_keys: settings.api_keys_keep.0,
        };
        housekeeping::sweep(&chores, parts.store.clone(), keep, stopping.clone());
    }
    if role.has_api() {
        search::index(&chores, parts.store.clone(), parts.incarnation, stopping.clone());
    }
    if let Some(files) = &parts.files {
        housekeeping::sweep_files(&chores, files.clone(), stopping.clone());
    }
    housekeeping::measure(&chores, telemetry.metrics.clone(), stopping.clone());

    let public = public_router(&settings, role, &parts, gateway.as_ref(), &readiness);
    let admin = admin::router(telemetry.metrics.clone(), Arc::clone(&readiness));
    let (address, admin_address) = (port.address, admin_port.address);
    let serving = tokio::spawn(serve(port, public, public_rules(&settings), stopping.clone()));
    // The admin port answers until the end: it tells how the stop goes.
    let admin_serving = tokio::spawn(serve(admin_port, admin, admin_rules(&settings), ended.clone()));
    announce(role, address, admin_address, begun);

    let signal = interrupts.next().await;
    let deadline = Instant::now() + settings.shutdown_timeout.0;
    tracing::info!(
        signal,
        timeout_ms = settings.shutdown_timeout.0.as_millis(),
        "stopping"
    );
    let ending = async {
        stopping.cancel();
        // Streams are requests in flight too, which the gateway ends.
        let dismissal = async {
            if let Some(gateway) = &gateway {
                gateway
                    .shutdown(settings.shutdown_timeout.0.mul_f64(GATEWAY_SHARE))
                    .await;
            }
        };
        tokio::join!(dismissal, finish(serving, "requests in flight", deadline));
        chores.close();
        let _ = tokio::time::timeout_at(deadline, chores.wait()).await;
        parts.close(deadline).await;
        ended.cancel();
        admin_serving.abort();
        tracing::info!("stopped");
        telemetry
            .flush(deadline.saturating_duration_since(Instant::now()).max(LAST_WORDS))
            .await;
    };
    tokio::select! {
        () = ending => Ok(()),
        signal = interrupts.next() => anyhow::bail!("{signal} came a second time: not stopped in order"),
    }
}

/// Waits for what is left of a part, and cuts it off at the deadline.
async fn finish(mut task: JoinHandle<()>, what: &'static str, deadline: Instant) {
    if tokio::time::timeout_at(deadline - LAST_WORDS, &mut task)
        .await
        .is_err()
    {
        tracing::warn!(what, "cut off: not finished in time");
        task.abort();
    }
}

fn bind_ports(settings: &Settings) -> Result<(Port, Port)> {
    let bound = |host_variable: &str, port_variable: &str, host, port| {
        bind(host, port).with_context(|| {
            let address = SocketAddr::new(host, port);
            format!("{port_variable}: {address} cannot be listened on; choose another {port_variable} (0 for any free one) or {host_variable}")
        })
    };
    let port = bound("HOST", "PORT", settings.host, settings.port)?;
    let admin_port = bound(
        "ADMIN_HOST",
        "ADMIN_PORT",
        settings.admin_host,
        settings.admin_port,
    )?;
    Ok((port, admin_port))
}

/// The routes of the public port: the parts that this role has.
fn public_router(
    settings: &Settings,
    role: Role,
    parts: &Parts,
    gateway: Option<&Gateway>,
    readiness: &Arc<Readiness>,
) -> Router {
    let router = match (&parts.ports, &parts.files) {
        (Some(ports), Some(files)) if role.has_api() => Api {
            ports: ports.clone(),
            files: files.clone(),
            settings: api_settings(settings),
            documents: documents::all(),
            readiness: Arc::new(ForApi(Arc::clone(readiness))),
            demo: demo(settings, role, ports),
        }
        .into_router(),
        _ => admin::public_router(Arc::clone(readiness)),
    };
    let router = match gateway {
        Some(gateway) => {
            let origins: Vec<_> = settings
                .cors_origins
                .iter()
                .map(|origin| origin.0.clone())
                .collect();
            router.merge(confab_api::around_streams(gateway.router(), &origins))
        }
        None => router,
    };
    confab_api::without_trailing_slash(router).layer(CatchPanicLayer::new())
}

/// The sockets and streams, when this role has them.
fn gateway(settings: &Settings, role: Role, parts: &Parts, ended: &CancellationToken) -> Option<Gateway> {
    let ports = parts.ports.as_ref().filter(|_| role.has_gateway())?;
    let ports = Ports {
        // Read anew each time: an ended login must not live on in a cached answer.
        standings: Arc::new(parts.store.clone()),
        ..ports.clone()
    };
    let origins = settings
        .cors_origins
        .iter()
        .filter_map(SettingValue::show)
        .collect();
    let gateway_settings = confab_gateway::Settings {
        origins,
        connections_max: settings.connections_max.0 as usize,
        ..confab_gateway::Settings::default()
    };
    let live_in = Arc::clone(&parts.live_in);
    Some(Gateway::start(
        ports,
        live_in,
        parts.incarnation,
        gateway_settings,
        ended,
    ))
}

/// What state the live feed is in. Chat goes on without it, a little later.
struct Feed(Gateway);

#[async_trait]
impl Part for Feed {
    fn name(&self) -> &'static str {
        "feed"
    }
    fn is_needed(&self) -> bool {
        false
    }
    async fn ask(&self) -> Result<(), String> {
        match self.0.readiness().feed {
            FeedState::Healthy => Ok(()),
            FeedState::Degraded(reason) => Err(format!("degraded: {reason}")),
            FeedState::Away => Err("the wire is away; the store is polled".to_owned()),
        }
    }
}

fn api_settings(settings: &Settings) -> confab_api::Settings {
    confab_api::Settings {
        cors_origins: settings
            .cors_origins
            .iter()
            .map(|origin| origin.0.clone())
            .collect(),
        body_bytes_max: settings.body_bytes_max.0 as usize,
        request_timeout: settings.request_timeout.0,
        session_times: SessionTimes {
            session_ttl: settings.session_ttl.0,
            reuse_grace: settings.refresh_grace.0,
            ticket_ttl: settings.ticket_ttl.0,
        },
        events_with_content: settings.events_content,
        uploads_at_once_max: settings.uploads_at_once_max.0 as usize,
        upload_timeout: settings.upload_timeout.0,
    }
}

/// Offered to a developer who has just started the program, never to strangers.
fn demo(settings: &Settings, role: Role, ports: &Ports) -> Option<Arc<dyn confab_api::Demo>> {
    let is_embedded =
        settings.database_url.is_none() && settings.rabbitmq_url.is_none() && settings.redis_url.is_none();
    let is_for_us_alone = role == Role::AllInOne && is_embedded && settings.host.is_loopback();
    (settings.demo && is_for_us_alone)
        .then(|| Arc::new(Offer::new(ports.clone())) as Arc<dyn confab_api::Demo>)
}

struct ForApi(Arc<Readiness>);

#[async_trait]
impl confab_api::Readiness for ForApi {
    async fn is_ready(&self) -> bool {
        self.0.is_welcome().await
    }
}

fn public_rules(settings: &Settings) -> ConnectionRules {
    ConnectionRules {
        port_name: "public",
        connections_max: settings.connections_max.0 as usize,
        connections_per_address_max: settings.connections_per_address_max.0 as usize,
        header_read_timeout: settings.header_read_timeout.0,
        trusted_proxies: settings.trusted_proxies.clone().into(),
    }
}

fn admin_rules(settings: &Settings) -> ConnectionRules {
    ConnectionRules {
        port_name: "admin",
        connections_max: ADMIN_CONNECTIONS_MAX,
        connections_per_address_max: ADMIN_CONNECTIONS_MAX,
        header_read_timeout: settings.header_read_timeout.0,
        trusted_proxies: Arc::new([]),
    }
}

/// Says where it is. `address` and `admin_address` are what a starter of processes reads.
fn announce(role: Role, address: SocketAddr, admin_address: SocketAddr, begun: Instant) {
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(%address, %admin_address, role = role.name(), took_ms, "listening on http://{address}");
}

/// Each connection is a file descriptor: takes as many as the machine allows.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the number of file descriptors stays as it is");
        }
    }
}

/// What a graceful stop leaves to its last steps.
const _: () = assert!(LAST_WORDS.as_millis() < Duration::from_secs(1).as_millis());
