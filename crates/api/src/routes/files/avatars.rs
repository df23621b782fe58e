//! Makes uploads the pictures of people and rooms, and shows them to everybody.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use confab_contract::{Me, RoomForViewer};
use confab_domain::commands::{self, UpdateProfile, UpdateRoom};
use confab_domain::ports::{Files, Ports};
use confab_domain::{NewAvatar, UploadId, queries};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::media::{CROSS_ORIGIN, FILE_POLICY, thumbnail};
use crate::extract::{Caller, JsonBody, Path, RoomPath};
use crate::failure::Answer;
use crate::openapi::{Forbidden, NotFound, RateLimited};
use crate::routes::rooms::seen;

/// Another picture has another address, so what is behind one never changes; but it ends with its use, so that a copy
/// is not kept for ever.
const SHOWN_FOR: HeaderValue = HeaderValue::from_static("public, max-age=604800, immutable");

/// `/avatars/{upload_id}`
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct AvatarPath {
    /// The upload.
    #[param(value_type = Uuid)]
    upload_id: UploadId,
}

/// An upload that is to be a picture.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"upload_id": "018cc251-f400-7000-8000-0000000000d1"}))]
pub(crate) struct SetAvatarBody {
    /// Your own, a JPEG, PNG, GIF or WebP picture that no message bears and that is nobody's picture yet.
    #[schema(value_type = Uuid)]
    upload_id: UploadId,
}

/// Set my picture
///
/// An upload of your own becomes your picture: `avatar_url` is then `/avatars/{upload_id}`, which everybody may fetch.
/// The picture that was is removed, if it was uploaded. The present one once more changes nothing.
#[utoipa::path(
    put, path = "/me/avatar", tag = "account", request_body = SetAvatarBody,
    responses((status = 200, description = "The account as it is now.", body = Me), RateLimited),
    security(("access_token" = []), ("api_key" = ["users"]))
)]
pub(crate) async fn set_my_avatar(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    JsonBody(body): JsonBody<SetAvatarBody>,
) -> Answer<Json<Me>> {
    change_mine(&ports, caller, NewAvatar::Upload(body.upload_id)).await
}

/// Remove my picture
#[utoipa::path(
    delete, path = "/me/avatar", tag = "account",
    responses((status = 200, description = "The account as it is now.", body = Me), RateLimited),
    security(("access_token" = []), ("api_key" = ["users"]))
)]
pub(crate) async fn clear_my_avatar(State(ports): State<Arc<Ports>>, caller: Caller) -> Answer<Json<Me>> {
    change_mine(&ports, caller, NewAvatar::Cleared).await
}

async fn change_mine(ports: &Ports, caller: Caller, avatar: NewAvatar) -> Answer<Json<Me>> {
    let wanted = UpdateProfile {
        avatar: Some(avatar),
        ..UpdateProfile::default()
    };
    let user = commands::update_profile(ports, &caller.actor, wanted, caller.trace).await?;
    Ok(Json(user.into()))
}

/// Set a room's picture
///
/// For its admins and owner: an upload of your own becomes the picture of the room. `avatar_url` is then
/// `/avatars/{upload_id}`, which everybody may fetch. The picture that was is removed, if it was uploaded. The present
/// one once more changes nothing.
#[utoipa::path(
    put, path = "/rooms/{room_id}/avatar", tag = "rooms", params(RoomPath), request_body = SetAvatarBody,
    responses(
        (status = 200, description = "The room as it is now.", body = RoomForViewer),
        Forbidden, NotFound, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["rooms"]))
)]
pub(crate) async fn set_room_avatar(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    JsonBody(body): JsonBody<SetAvatarBody>,
) -> Answer<Json<RoomForViewer>> {
    change_rooms(&ports, &caller, path, NewAvatar::Upload(body.upload_id)).await
}

/// Remove a room's picture
///
/// For its admins and owner.
#[utoipa::path(
    delete, path = "/rooms/{room_id}/avatar", tag = "rooms", params(RoomPath),
    responses(
        (status = 200, description = "The room as it is now.", body = RoomForViewer),
        Forbidden, NotFound, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["rooms"]))
)]
pub(crate) async fn clear_room_avatar(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
) -> Answer<Json<RoomForViewer>> {
    change_rooms(&ports, &caller, path, NewAvatar::Cleared).await
}

async fn change_rooms(
    ports: &Ports,
    caller: &Caller,
    path: RoomPath,
    avatar: NewAvatar,
) -> Answer<Json<RoomForViewer>> {
    let wanted = UpdateRoom {
        avatar: Some(avatar),
        ..UpdateRoom::default()
    };
    commands::update_room(ports, &caller.actor, path.room_id, wanted, caller.trace.clone()).await?;
    seen(ports, caller, path.room_id).await
}

/// A picture of a person or room
///
/// For everybody, without a token, so that `<img>` shows it: at most 400 pixels a side, and only while it is somebody's
/// picture, or that of a room that is not deleted. `ETag` and `If-None-Match` are understood.
#[utoipa::path(
    get, path = "/avatars/{upload_id}", tag = "files", params(AvatarPath),
    responses(
        (status = 200, description = "The picture.", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 304, description = "The client's copy is the picture."),
        NotFound
    )
)]
pub(crate) async fn avatar(
    State(files): State<Arc<Files>>,
    Path(path): Path<AvatarPath>,
    asked: HeaderMap,
) -> Answer<Response> {
    let upload = queries::avatar(&files, path.upload_id).await?;
    let kind = upload.thumbnail_type.as_deref();
    let kind = kind.ok_or(confab_domain::Error::NotFound)?;
    let mut response = thumbnail(&files, &upload, kind, &asked).await?;
    metrics::counter!("confab_media_answers_total", "status" => response.status().as_u16().to_string())
        .increment(1);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, SHOWN_FOR);
    headers.insert(CROSS_ORIGIN, HeaderValue::from_static("cross-origin"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(FILE_POLICY),
    );
    Ok(response)
}
