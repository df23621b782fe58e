//! The log of a room: what a client or consumer with a hole asks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{LogEntry, LogPage, flat};
use confab_domain::RoomId;
use confab_domain::ports::Ports;
use confab_domain::queries::{self, LogItem, LogView};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::messages::SEQ_MAX;
use crate::Settings;
use crate::cursor;
use crate::extract::{Caller, Path, Query, RoomPath};
use crate::failure::{Answer, Failure};
use crate::openapi::{Forbidden, NotFound};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(room_log))
}

/// Which run of the log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RoomLog {
    /// Events after this `seq`.
    #[param(minimum = 0, default = 0)]
    after_seq: Option<i64>,
    /// The life of the database that `after_seq` is of; another one is answered by `reset`.
    #[param(max_length = 32)]
    epoch: Option<String>,
    /// Most items in a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// `nested` (default): as on the sockets. `flat`: as on RabbitMQ, but without `correlation_id`, which an
    /// event bears on its way out only.
    #[param(example = "nested")]
    form: Option<String>,
}

/// Read the log
///
/// Ascending and whole, or `reset`. An event before the viewer's time is `hidden`, so that `seq` stays whole.
#[utoipa::path(
    get, path = "/rooms/{room_id}/events", tag = "log", params(RoomPath, RoomLog),
    responses((status = 200, description = "A run of the log.", body = LogPage), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn room_log(
    State(ports): State<Arc<Ports>>,
    State(settings): State<Arc<Settings>>,
    caller: Caller,
    Path(RoomPath { room_id }): Path<RoomPath>,
    Query(wanted): Query<RoomLog>,
) -> Answer<Json<LogPage>> {
    let limit = cursor::page_size(wanted.limit)?;
    let is_flat = is_flat(wanted.form.as_deref())?;
    let after_seq = wanted.after_seq.unwrap_or(0);
    if !(0..=SEQ_MAX).contains(&after_seq) {
        return Err(Failure::field("after_seq", format!("must be 0 to {SEQ_MAX}")));
    }
    let epoch = wanted.epoch.as_deref();
    let view = queries::room_log(&ports, &caller.actor, room_id, after_seq, epoch, limit).await?;
    if !is_flat {
        return Ok(Json(shaped(room_id, &view, |event| Ok(LogEntry::nested(event)))?));
    }
    let room = queries::room(&ports, &caller.actor, room_id).await?.room;
    let page = shaped(room_id, &view, |event| {
        let around = flat::Surroundings {
            epoch: &view.epoch,
            room_kind: room.kind,
            external_key: room.external_key.as_deref(),
            with_content: settings.events_with_content,
        };
        Ok(LogEntry::Flat(flat::room_event(event, around)?))
    });
    Ok(Json(page?))
}

fn is_flat(form: Option<&str>) -> Answer<bool> {
    match form {
        None | Some("nested") => Ok(false),
        Some("flat") => Ok(true),
        Some(_) => Err(Failure::field("form", "must be \"nested\" or \"flat\"")),
    }
}

fn shaped(
    room_id: RoomId,
    view: &LogView,
    entry: impl Fn(&confab_domain::Event) -> Answer<LogEntry>,
) -> Answer<LogPage> {
    let items = view.items.iter().map(|item| match item {
        LogItem::Event(event) => entry(event),
        LogItem::Hidden { seq } => Ok(LogEntry::hidden(room_id, *seq)),
    });
    Ok(LogPage {
        items: items.collect::<Answer<_>>()?,
        has_more: view.has_more,
        last_seq: view.last_seq,
        epoch: view.epoch.to_string(),
        reset: view.reset,
    })
}
