//! The way to the archive: which database, whether its schema is ours, and patience while it starts.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use confab_domain::Error;
use confab_domain::ports::{CommittedBatch, CommittedBatches};
use confab_storage::{Store, StoreSettings};
use tokio::time::Instant;

use crate::clock::SystemClock;
use crate::config::Settings;
use crate::data_folder::DataFolder;

/// How long a process that starts together with its database waits for it.
const START_PATIENCE: Duration = Duration::from_secs(30);
const START_PAUSE: Duration = Duration::from_millis(500);

/// The address of the database: the one that is set, or that of the data folder.
pub(crate) fn database_url(settings: &Settings) -> Result<String> {
    match &settings.database_url {
        Some(url) => Ok(url.0.clone()),
        None => DataFolder::open(&settings.data_dir)?.database_url(),
    }
}

/// Whether nobody else's process can use the database, so that we look after its schema ourselves.
fn is_embedded(settings: &Settings) -> bool {
    settings
        .database_url
        .as_ref()
        .is_none_or(crate::config::DatabaseUrl::is_embedded)
}

/// Brings the schema up to date, when the database is ours alone or we are `everything`; otherwise
/// refuses an old one by naming the verb that renews it.
pub(crate) async fn ensure_schema(settings: &Settings, migrates: bool) -> Result<()> {
    let url = database_url(settings)?;
    if migrates || is_embedded(settings) {
        return confab_migration::run(&url)
            .await
            .context("DATABASE_URL: bringing the schema up to date");
    }
    let missing = patiently(|| confab_migration::pending(&url), |_| true)
        .await
        .context("DATABASE_URL")?;
    if !missing.is_empty() {
        bail!(
            "DATABASE_URL: the schema lacks {}; run `confab migrate` first",
            missing.join(", ")
        );
    }
    Ok(())
}

/// Connects. What is committed is handed to `committed`.
pub(crate) async fn connect(settings: &Settings, committed: Arc<dyn CommittedBatches>) -> Result<Store> {
    let mut store_settings = StoreSettings::new(database_url(settings)?);
    store_settings.connections_max = settings.database_connections_max.0 as u32;
    store_settings.lanes.count = settings.database_lanes.0 as usize;
    let connecting = || {
        Store::connect(
            store_settings.clone(),
            Arc::new(SystemClock),
            Arc::clone(&committed),
        )
    };
    let store = patiently(connecting, |error| matches!(error, Error::Unavailable(..))).await;
    store.context("DATABASE_URL")
}

/// For operators' verbs: nobody listens in this process; the outbox tells the others.
pub(crate) async fn connect_alone(settings: &Settings) -> Result<Store> {
    struct Nobody;
    impl CommittedBatches for Nobody {
        fn committed(&self, _: &Arc<CommittedBatch>) {}
    }
    ensure_schema(settings, false).await?;
    connect(settings, Arc::new(Nobody)).await
}

/// Tries again for a while, as long as the failure may pass.
async fn patiently<T, E, F>(mut attempt: impl FnMut() -> F, may_pass: impl Fn(&E) -> bool) -> Result<T, E>
where
    E: std::fmt::Display,
    F: Future<Output = Result<T, E>>,
{
    let deadline = Instant::now() + START_PATIENCE;
    loop {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) if may_pass(&error) && Instant::now() + START_PAUSE < deadline => {
                tracing::warn!(%error, "the database is not there yet");
                tokio::time::sleep(START_PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}
