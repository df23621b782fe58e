//! The routes, by noun. A handler takes what it needs, calls one command or query of the domain and shapes
//! the answer.

mod api_keys;
mod auth;
mod blocks;
mod capabilities;
mod conversations;
mod demo;
mod files;
mod host_users;
mod invitations;
mod keyed_rooms;
mod log;
mod marks;
mod me;
mod members;
mod mentions;
mod messages;
mod moderation;
mod ops;
mod pins;
mod presence;
mod reactions;
mod reports;
mod rooms;
mod search;
mod streams;
mod users;

pub use demo::DemoLogin;
pub(crate) use files::{UploadSlots, large_routes};
pub(crate) use streams::streams;
use utoipa_axum::router::OpenApiRouter;

use crate::router::AppState;

/// All documented routes that are served here.
pub(crate) fn all() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(auth::routes())
        .merge(me::routes())
        .merge(blocks::routes())
        .merge(users::routes())
        .merge(rooms::routes())
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(moderation::routes())
        .merge(reports::routes())
        .merge(messages::routes())
        .merge(reactions::routes())
        .merge(pins::routes())
        .merge(search::routes())
        .merge(files::routes())
        .merge(log::routes())
        .merge(marks::routes())
        .merge(conversations::routes())
        .merge(mentions::routes())
        .merge(presence::routes())
        .merge(api_keys::routes())
        .merge(host_users::routes())
        .merge(keyed_rooms::routes())
        .merge(ops::routes())
        .merge(capabilities::routes())
        .merge(demo::routes())
}
