//! What only reads or prints: settings, documents, the schema's steps.

use anyhow::{Context, Result};

use super::say;
use crate::archive;
use crate::config::{self, Settings};

/// The settings in force, as they would be written.
pub(crate) fn config(settings: &Settings) {
    for (variable, value) in settings.shown() {
        say(&format!("{variable}={}", value.unwrap_or_default()));
    }
}

/// Every setting with its meaning and default.
pub(crate) fn example() {
    say(config::example().trim_end());
}

/// The OpenAPI document of REST.
pub(crate) fn openapi() -> Result<()> {
    say(&serde_json::to_string_pretty(&confab_api::openapi()).context("writing the document")?);
    Ok(())
}

/// The AsyncAPI document of sockets and RabbitMQ.
pub(crate) fn asyncapi() -> Result<()> {
    say(&serde_json::to_string_pretty(&crate::documents::asyncapi()).context("writing the document")?);
    Ok(())
}

/// Brings the schema up to date, or says how far it is.
pub(crate) async fn migrate(settings: &Settings, only_status: bool) -> Result<()> {
    if !only_status {
        return archive::ensure_schema(settings, true).await;
    }
    let steps = confab_migration::status(&archive::database_url(settings)?)
        .await
        .context("DATABASE_URL")?;
    for step in steps {
        say(&format!(
            "{} {}",
            if step.is_applied { "taken  " } else { "missing" },
            step.name
        ));
    }
    Ok(())
}
