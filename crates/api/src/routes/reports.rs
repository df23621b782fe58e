//! Messages that moderators are told of.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Page, Report};
use confab_domain::ports::Ports;
use confab_domain::{MessageId, UserId, commands, queries};
use http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cursor;
use crate::extract::{Caller, JsonBody, MessagePath, Path, Query, RoomMessagePath, RoomPath};
use crate::failure::Answer;
use crate::openapi::{Conflict, Forbidden, NotFound, RateLimited};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(report_message))
        .routes(routes!(list_reports))
        .routes(routes!(resolve_reports))
        .routes(routes!(list_all_reports))
}

/// Which reports.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListReports {
    /// Those that a moderator was done with; the open ones by default.
    resolved: Option<bool>,
    /// Most items in a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before. Opaque, and good for this list only.
    cursor: Option<String>,
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "spam"}))]
pub(crate) struct ReportBody {
    /// For the moderators to read.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Report a message
///
/// Tells the room's moderators, and those in office, of somebody else's message. Once a person and message: a second
/// time changes nothing. Its sender is not told.
#[utoipa::path(
    post, path = "/messages/{message_id}/report", tag = "moderation", params(MessagePath),
    request_body = ReportBody,
    responses(
        (status = 204, description = "It is reported."),
        Forbidden, NotFound, Conflict, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["messages"]))
)]
async fn report_message(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MessagePath>,
    JsonBody(body): JsonBody<ReportBody>,
) -> Answer<StatusCode> {
    commands::report_message(&ports, &caller.actor, path.message_id, body.reason, caller.trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List a room's reports
///
/// By message, the newest first. For the room's moderators and above.
#[utoipa::path(
    get, path = "/rooms/{room_id}/reports", tag = "moderation", params(RoomPath, ListReports),
    responses((status = 200, description = "A page of reports.", body = Page<Report>), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn list_reports(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    Query(wanted): Query<ListReports>,
) -> Answer<Json<Page<Report>>> {
    let resolved = wanted.resolved.unwrap_or(false);
    let list = format!("reports:{}:{resolved}", path.room_id);
    let before: Option<(MessageId, UserId)> = cursor::decode(&list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let page = queries::list_reports(&ports, &caller.actor, path.room_id, resolved, before, limit).await?;
    Ok(Json(cursor::page(&list, page, Report::from)))
}

/// Resolve reports
///
/// Is done with all that was told of a message. For the room's moderators and above. Twice changes nothing.
#[utoipa::path(
    delete, path = "/rooms/{room_id}/reports/{message_id}", tag = "moderation", params(RoomMessagePath),
    responses((status = 204, description = "There is nothing open about it."), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["messages"]))
)]
async fn resolve_reports(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomMessagePath>,
) -> Answer<StatusCode> {
    let RoomMessagePath { room_id, message_id } = path;
    commands::resolve_reports(&ports, &caller.actor, room_id, message_id, caller.trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List all reports
///
/// Of all rooms, by message, the newest first. For site admins and the host product. Ids and reasons, never texts.
#[utoipa::path(
    get, path = "/reports", tag = "moderation", params(ListReports),
    responses((status = 200, description = "A page of reports.", body = Page<Report>), Forbidden),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn list_all_reports(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Query(wanted): Query<ListReports>,
) -> Answer<Json<Page<Report>>> {
    let resolved = wanted.resolved.unwrap_or(false);
    let list = format!("reports:all:{resolved}");
    let before: Option<(MessageId, UserId)> = cursor::decode(&list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let page = queries::list_all_reports(&ports, &caller.actor, resolved, before, limit).await?;
    Ok(Json(cursor::page(&list, page, Report::from)))
}
