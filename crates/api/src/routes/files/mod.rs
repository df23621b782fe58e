//! Files: in, out, a room's list, links that open them for a while, and those that are pictures of people and rooms.

mod avatars;
mod body;
mod list;
mod media;
mod ranges;
mod sign;
mod slots;
mod upload;

pub(crate) use slots::UploadSlots;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::router::AppState;

/// Routes whose bodies may be large and slow: they keep time by themselves.
pub(crate) fn large_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(upload::upload_file))
        .routes(routes!(media::media))
        .routes(routes!(avatars::avatar))
}

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(sign::sign_media))
        .routes(routes!(avatars::set_my_avatar, avatars::clear_my_avatar))
        .routes(routes!(avatars::set_room_avatar, avatars::clear_room_avatar))
        .routes(routes!(list::list_files))
}
