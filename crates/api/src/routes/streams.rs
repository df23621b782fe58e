//! The live streams, as the document names them; another crate serves them.
#![expect(dead_code, reason = "the functions bear the documentation and nothing else")]

use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, OpenApi as _};

use crate::extract::RoomPath;
use crate::openapi::{Forbidden, NotFound};

/// The streams' part of the document.
pub(crate) fn streams() -> OpenApi {
    #[derive(utoipa::OpenApi)]
    #[openapi(paths(web_socket, room_web_socket, stream, room_stream))]
    struct Streams;
    Streams::openapi()
}

/// How to open a socket.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct OpenSocket {
    /// A single-use ticket of `POST /auth/ticket`, where no header can be set.
    ticket: Option<String>,
    /// `none`: follow no room until a `resume` or `subscribe`.
    subscribe: Option<String>,
}

/// How to open a stream without a header.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct OpenStream {
    /// A single-use ticket of `POST /auth/ticket`, where no header can be set.
    ticket: Option<String>,
}

/// Where to go on.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct ResumeStream {
    /// The same as `Last-Event-ID`, for a first connect.
    #[param(example = "5f0c2d7be19a4c33.42")]
    last_event_id: Option<String>,
}

/// Open a WebSocket
///
/// All rooms of the person. The token travels as `Authorization: Bearer`, as the subprotocols
/// `confab.v1, bearer.<token>`, as a ticket, or in a first frame `auth` within 5 s. Frames are described in
/// `/asyncapi.json`.
#[utoipa::path(
    get, path = "/ws", tag = "streams", params(OpenSocket),
    responses((status = 101, description = "The socket is open."), Forbidden),
    security(("access_token" = []), ())
)]
fn web_socket() {}

/// Open a WebSocket for one room
///
/// Frames may leave out `room_id`.
#[utoipa::path(
    get, path = "/ws/{room_id}", tag = "streams", params(RoomPath, OpenSocket),
    responses((status = 101, description = "The socket is open."), Forbidden),
    security(("access_token" = []), ())
)]
fn room_web_socket() {}

/// Stream events (SSE)
///
/// All rooms of the person, from their heads. The first event, `connected`, says `{epoch, rooms}`, so that a
/// client can fetch what it lacks from the log. Events have no ids.
#[utoipa::path(
    get, path = "/stream", tag = "streams", params(OpenStream),
    responses((
        status = 200, description = "Events and signals, until `closing`.", body = String,
        content_type = "text/event-stream",
        example = json!("event: typing\ndata: {\"type\":\"typing\",\"active\":true}\n\n")
    )),
    security(("access_token" = []), ())
)]
fn stream() {}

/// Stream one room's events (SSE)
///
/// Each event's id is `<epoch>.<seq>`; `Last-Event-ID` resumes exactly.
#[utoipa::path(
    get, path = "/rooms/{room_id}/stream", tag = "streams",
    params(
        RoomPath, OpenStream, ResumeStream,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen.")
    ),
    responses(
        (
            status = 200, description = "Events and signals, until `closing`.", body = String,
            content_type = "text/event-stream",
            example = json!("id: 5f0c2d7be19a4c33.42\nevent: message_created\ndata: {\"type\":\"message_created\"}\n\n")
        ),
        Forbidden, NotFound
    ),
    security(("access_token" = []), ())
)]
fn room_stream() {}
