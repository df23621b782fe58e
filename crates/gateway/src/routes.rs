//! The four paths: checks what can be checked before the upgrade, then hands over to a session.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::get;
use confab_domain::commands::Identity;
use confab_domain::rights::Act;
use confab_domain::{Error, RoomId, queries};
use http::{HeaderMap, HeaderValue, header};
use hyper_util::rt::TokioIo;

use crate::hub::Scope;
use crate::protocol::CloseCode;
use crate::session::{Admission, Proof, Proved, SUBPROTOCOL, prove, serve_socket};
use crate::shared::{Place, Shared};
use crate::sse::{LastEventId, serve_stream};
use crate::websocket::{Handshake, HandshakeError};

const FULL: Error = Error::Unavailable("no more connections here", None);

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/ws", get(all_rooms_socket))
        .route("/ws/{room_id}", get(one_room_socket))
        .route("/stream", get(all_rooms_stream))
        .route("/rooms/{room_id}/stream", get(one_room_stream))
        .with_state(shared)
}

async fn all_rooms_socket(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    upgrade(shared, request, Scope::Rooms).await
}

async fn one_room_socket(
    State(shared): State<Arc<Shared>>,
    Path(room_id): Path<String>,
    request: Request,
) -> Response {
    match room_id.parse::<RoomId>() {
        Ok(room_id) => upgrade(shared, request, Scope::Room(room_id)).await,
        Err(_) => malformed_room_id(&shared, &request),
    }
}

/// The same answer as over REST: it says nothing of any room.
fn malformed_room_id(shared: &Shared, request: &Request) -> Response {
    match Admission::check(&shared.settings, request.headers(), request.uri().query()) {
        Ok(admission) => admission.refuse(&Error::invalid("room_id", "must be a UUID")),
        Err(refusal) => *refusal,
    }
}

async fn upgrade(shared: Arc<Shared>, mut request: Request, scope: Scope) -> Response {
    let admission = match Admission::check(&shared.settings, request.headers(), request.uri().query()) {
        Ok(admission) => admission,
        Err(refusal) => return *refusal,
    };
    let handshake = match Handshake::read(request.method(), request.version(), request.headers()) {
        Ok(handshake) => handshake,
        Err(HandshakeError(reason)) => {
            let mut refusal = admission.refuse(&Error::invalid("handshake", reason));
            // A client of another version learns which one is spoken here.
            let version = HeaderValue::from_static("13");
            refusal
                .headers_mut()
                .insert(header::SEC_WEBSOCKET_VERSION, version);
            return refusal;
        }
    };
    let proof = match Proof::find(request.headers(), &admission.query, &handshake.subprotocols) {
        Ok(proof) => proof,
        Err(error) => return admission.refuse(&error),
    };
    let Some(place) = shared.admit() else {
        return admission.refuse(&FULL);
    };
    // In a header a bad token is an HTTP answer; otherwise the close code is the only word a browser hears.
    let mut proved = None;
    if matches!(proof, Proof::Header(_)) {
        match prove(&shared.ports, &proof).await {
            Some(Proved::Refused(code)) => return admission.refuse(&refusal_of(code)),
            identity => proved = identity,
        }
    }
    let follow = admission.query.subscribe.as_deref() != Some("none");
    let offers_ours = handshake.subprotocols.iter().any(|word| word == SUBPROTOCOL);
    let upgrading = hyper::upgrade::on(&mut request);
    let sessions = shared.sessions.clone();
    sessions.spawn(async move {
        let Ok(upgraded) = upgrading.await else { return };
        let proved = match proved {
            None => prove(&shared.ports, &proof).await,
            proved => proved,
        };
        serve_socket(shared, TokioIo::new(upgraded), proved, scope, follow, place).await;
    });
    handshake.accept(offers_ours.then_some(SUBPROTOCOL))
}

fn refusal_of(code: CloseCode) -> Error {
    match code {
        CloseCode::TokenExpired => Error::Unauthenticated("the token has expired"),
        CloseCode::InvalidToken => Error::Unauthenticated("the token is not valid"),
        _ => Error::Unavailable("the token cannot be checked now", None),
    }
}

async fn all_rooms_stream(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    stream(shared, request, Scope::Rooms).await
}

async fn one_room_stream(
    State(shared): State<Arc<Shared>>,
    Path(room_id): Path<String>,
    request: Request,
) -> Response {
    match room_id.parse::<RoomId>() {
        Ok(room_id) => stream(shared, request, Scope::Room(room_id)).await,
        Err(_) => malformed_room_id(&shared, &request),
    }
}

async fn stream(shared: Arc<Shared>, request: Request, scope: Scope) -> Response {
    let admission = match Admission::check(&shared.settings, request.headers(), request.uri().query()) {
        Ok(admission) => admission,
        Err(refusal) => return *refusal,
    };
    let Some(place) = shared.admit() else {
        return admission.refuse(&FULL);
    };
    let (parts, _) = request.into_parts();
    match open_stream(&shared, &parts.headers, &admission, scope, place).await {
        Ok(response) => response,
        Err(error) => admission.refuse(&error),
    }
}

async fn open_stream(
    shared: &Arc<Shared>,
    headers: &HeaderMap,
    admission: &Admission,
    scope: Scope,
    place: Place,
) -> Result<Response, Error> {
    let proof = Proof::find(headers, &admission.query, &[])?;
    let identity: Identity = match prove(&shared.ports, &proof).await {
        Some(Proved::Identity(identity)) => identity,
        Some(Proved::Refused(code)) => return Err(refusal_of(code)),
        None => return Err(Error::Unauthenticated("a Bearer token or a ticket is required")),
    };
    let mut last = None;
    if let Scope::Room(room_id) = scope {
        last = LastEventId::find(headers, admission.query.last_event_id.as_deref())?;
        let access = queries::access_for(&shared.ports, &identity.actor, room_id, Act::Read).await?;
        if access.current().is_none() {
            return Err(Error::Forbidden("join the room first"));
        }
    }
    let mut chunks = serve_stream(shared, identity, scope, last, place).await?;
    let body = futures_util::stream::poll_fn(move |cx| {
        chunks.poll_recv(cx).map(|chunk| chunk.map(Ok::<_, Infallible>))
    });
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that buffer would hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}
