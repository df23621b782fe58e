//! Messages: pages, sending, and one message at a time.

mod forward;
mod history;
mod list;
mod one;
mod replies;
mod seen;
mod send;

pub(crate) use list::SEQ_MAX;
pub(crate) use seen::{message_seen, messages_seen};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_messages, send::send_message))
        .routes(routes!(one::message, one::edit_message, one::delete_message))
        .routes(routes!(history::message_history))
        .routes(routes!(replies::list_replies))
        .routes(routes!(forward::forward_message))
}
