//! Other people: search and profiles.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Page, User};
use confab_domain::ports::Ports;
use confab_domain::queries;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cursor;
use crate::extract::{Caller, Path, Query, UserPath};
use crate::failure::{Answer, Failure};
use crate::openapi::NotFound;
use crate::router::AppState;

/// Longest text that is searched for, in characters.
pub(crate) const QUERY_CHARS_MAX: usize = 200;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(search_users))
        .routes(routes!(profile))
}

/// Which people.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchUsers {
    /// Part of a username or display name, in any case and with any accents; all open accounts when absent.
    #[param(max_length = 200, example = "ad")]
    query: Option<String>,
    /// Most items in a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before. Opaque, and good for this list only.
    cursor: Option<String>,
}

/// Search people
#[utoipa::path(
    get, path = "/users", tag = "users", params(SearchUsers),
    responses((status = 200, description = "Open accounts, by username.", body = Page<User>)),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn search_users(
    State(ports): State<Arc<Ports>>,
    _caller: Caller,
    Query(wanted): Query<SearchUsers>,
) -> Answer<Json<Page<User>>> {
    let query = searched(wanted.query)?.unwrap_or_default();
    let list = format!("users:{query}");
    let after: Option<String> = cursor::decode(&list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let page = queries::search_users(&ports, &query, after.as_deref(), limit).await?;
    Ok(Json(cursor::page(&list, page, User::from)))
}

/// A profile
///
/// With `last_seen_at` for people who share a room.
#[utoipa::path(
    get, path = "/users/{user_id}", tag = "users", params(UserPath),
    responses((status = 200, description = "The profile.", body = User), NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn profile(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<UserPath>,
) -> Answer<Json<User>> {
    let user = queries::profile(&ports, &caller.actor, path.user_id).await?;
    Ok(Json(user.into()))
}

/// A text to search for: bounded, and nothing when it is empty.
pub(crate) fn searched(query: Option<String>) -> Answer<Option<String>> {
    match query {
        Some(query) if query.chars().count() > QUERY_CHARS_MAX => Err(Failure::field(
            "query",
            format!("must be at most {QUERY_CHARS_MAX} characters"),
        )),
        query => Ok(query.filter(|query| !query.is_empty())),
    }
}
