//! Path parameters: a malformed id is 422 and names itself.

use axum::extract::FromRequestParts;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use confab_domain::{InvitationId, MessageId, RoomId, SessionId, UserId};
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::failure::Failure;

/// Parameters of the path, by their names in the route.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(rejection)) => {
                let (field, reason) = match rejection.into_kind() {
                    ErrorKind::ParseErrorAtKey { key, .. } | ErrorKind::DeserializeError { key, .. } => {
                        (key, "must be a UUID")
                    }
                    ErrorKind::InvalidUtf8InPathParam { key } => (key, "must be UTF-8"),
                    _ => ("path".to_owned(), "must hold the parameters of the route"),
                };
                Err(Failure::field(field, reason))
            }
            Err(_) => Err(Failure::field("path", "must hold the parameters of the route")),
        }
    }
}

/// `/rooms/{room_id}…`
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RoomPath {
    /// The room.
    #[param(value_type = Uuid)]
    pub(crate) room_id: RoomId,
}

/// `/rooms/{room_id}/members/{user_id}`
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct MemberPath {
    /// The room.
    #[param(value_type = Uuid)]
    pub(crate) room_id: RoomId,
    /// The member.
    #[param(value_type = Uuid)]
    pub(crate) user_id: UserId,
}

/// `/messages/{message_id}…`
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct MessagePath {
    /// The message.
    #[param(value_type = Uuid)]
    pub(crate) message_id: MessageId,
}

/// `/messages/{message_id}/reactions/{emoji}`
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ReactionPath {
    /// The message.
    #[param(value_type = Uuid)]
    pub(crate) message_id: MessageId,
    /// Exactly one emoji, percent-encoded, with or without variation selectors.
    #[param(max_length = 64, example = "👍")]
    pub(crate) emoji: String,
}

/// `/rooms/{room_id}/pins/{message_id}`, `/rooms/{room_id}/reports/{message_id}`
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RoomMessagePath {
    /// The room.
    #[param(value_type = Uuid)]
    pub(crate) room_id: RoomId,
    /// The message.
    #[param(value_type = Uuid)]
    pub(crate) message_id: MessageId,
}

/// `/rooms/{room_id}/invitations/{invitation_id}`
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct InvitationPath {
    /// The room.
    #[param(value_type = Uuid)]
    pub(crate) room_id: RoomId,
    /// The link.
    #[param(value_type = Uuid)]
    pub(crate) invitation_id: InvitationId,
}

/// `/users/{user_id}…`
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct UserPath {
    /// The person.
    #[param(value_type = Uuid)]
    pub(crate) user_id: UserId,
}

/// `/me/sessions/{session_id}`
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SessionPath {
    /// The login.
    #[param(value_type = Uuid)]
    pub(crate) session_id: SessionId,
}
