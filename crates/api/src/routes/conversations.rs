//! One's own conversations: the list, what one set in it, and what is unread.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Conversation, Message, Page, Presence, Unread};
use confab_domain::ports::{ConversationKey, Ports, UserPresence};
use confab_domain::{
    self as domain, Actor, ConversationFilter, ConversationPatch, Notifications, Timestamp, commands, queries,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::messages::messages_seen;
use super::rooms::kind;
use crate::cursor;
use crate::extract::{Caller, JsonBody, Patch, Path, Query, RoomPath, present};
use crate::failure::{Answer, Failure};
use crate::openapi::{Forbidden, NotFound, RateLimited};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_conversations))
        .routes(routes!(update_conversation))
        .routes(routes!(unread))
        .routes(routes!(mark_all_read))
}

/// Which conversations.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListConversations {
    /// Those that are put away, instead of the others.
    #[param(default = false)]
    archived: Option<bool>,
    /// Only those with unread messages or marked unread; `false`: only the others.
    unread: Option<bool>,
    /// Only of this kind: `public`, `private` or `direct`.
    kind: Option<String>,
    /// Most items in a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before. Opaque, and good for this list only.
    cursor: Option<String>,
}

/// My conversations
///
/// The rooms one is in: pinned ones first, then by last activity. What moves up between two pages may be listed
/// on neither, and is told on sockets.
#[utoipa::path(
    get, path = "/conversations", tag = "conversations", params(ListConversations),
    responses((status = 200, description = "A page of one's rooms.", body = Page<Conversation>)),
    security(("access_token" = []))
)]
async fn list_conversations(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Query(wanted): Query<ListConversations>,
) -> Answer<Json<Page<Conversation>>> {
    let filter = ConversationFilter {
        is_archived: wanted.archived.unwrap_or(false),
        is_unread: wanted.unread,
        kind: kind(wanted.kind.as_deref())?,
    };
    let list = format!(
        "conversations:{}:{:?}:{:?}",
        filter.is_archived, filter.is_unread, filter.kind
    );
    let after: Option<ConversationKey> = cursor::decode(&list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let (page, presence) = queries::list_conversations(&ports, &caller.actor, filter, after, limit).await?;
    let next_cursor = page.next.map(|key| cursor::encode(&list, &key));
    let mut last = last_messages(&ports, &caller.actor, &page.items)
        .await?
        .into_iter();
    let mut items = Vec::with_capacity(page.items.len());
    for conversation in page.items {
        let last_message = conversation.last_message.is_some().then(|| last.next()).flatten();
        let of_peer = conversation.peer.as_ref().and_then(|peer| presence.get(&peer.id));
        items.push(shaped(conversation, last_message, of_peer));
    }
    Ok(Json(Page {
        items,
        has_more: next_cursor.is_some(),
        next_cursor,
    }))
}

/// New settings of a conversation; an absent field keeps.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pinned": true, "muted_until": "2026-12-01T08:00:00.000Z"}))]
pub(crate) struct UpdateConversationBody {
    /// Put away. It comes back with the next message, unless it is muted.
    archived: Option<bool>,
    /// At the top of the list.
    pinned: Option<bool>,
    /// `all`, `mentions` or `none`.
    notifications: Option<String>,
    /// Until when to be told of nothing; null ends it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    muted_until: Patch<String>,
    /// Marked unread, to come back to it: until one reads (`/rooms/{room_id}/read`, any number) or says something
    /// there. The read mark itself never moves back.
    marked_unread: Option<bool>,
}

/// Change a conversation for myself
///
/// Archive, pin, mute, mark as unread. Nobody else is told; one's own sockets are, by `conversation_updated`.
#[utoipa::path(
    patch, path = "/conversations/{room_id}", tag = "conversations", params(RoomPath),
    request_body = UpdateConversationBody,
    responses(
        (status = 200, description = "The conversation as it is now.", body = Conversation),
        Forbidden, NotFound
    ),
    security(("access_token" = []))
)]
async fn update_conversation(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    JsonBody(body): JsonBody<UpdateConversationBody>,
) -> Answer<Json<Conversation>> {
    let patch = ConversationPatch {
        is_archived: body.archived,
        is_pinned: body.pinned,
        notifications: body.notifications.map(|word| notifications(&word)).transpose()?,
        muted_until: body
            .muted_until
            .map(|until| until.map(|text| time(&text)).transpose())
            .transpose()?,
        is_marked_unread: body.marked_unread,
    };
    let mut conversation = commands::update_conversation(&ports, &caller.actor, path.room_id, patch).await?;
    let presence = queries::presence_of_peers(&ports, std::slice::from_mut(&mut conversation)).await?;
    let last = last_messages(&ports, &caller.actor, std::slice::from_ref(&conversation))
        .await?
        .pop();
    let of_peer = conversation.peer.as_ref().and_then(|peer| presence.get(&peer.id));
    Ok(Json(shaped(conversation, last, of_peer)))
}

fn notifications(word: &str) -> Answer<Notifications> {
    Notifications::parse(word)
        .ok_or_else(|| Failure::field("notifications", "must be \"all\", \"mentions\" or \"none\""))
}

fn time(text: &str) -> Answer<Timestamp> {
    Timestamp::parse(text).ok_or_else(|| Failure::field("muted_until", "must be an RFC 3339 time"))
}

/// The last messages of those that have one, in order.
async fn last_messages(
    ports: &Ports,
    viewer: &Actor,
    conversations: &[domain::Conversation],
) -> Answer<Vec<Message>> {
    let last: Vec<_> = conversations
        .iter()
        .filter_map(|conversation| conversation.last_message.clone())
        .collect();
    messages_seen(ports, viewer, &last).await
}

fn shaped(
    conversation: domain::Conversation,
    last_message: Option<Message>,
    of_peer: Option<&UserPresence>,
) -> Conversation {
    let presence = of_peer.map(|presence| Presence::new(presence, conversation.peer.as_ref()));
    Conversation::new(conversation, last_message, presence)
}

/// What is unread
///
/// Over all rooms one is in; muted and archived ones apart.
#[utoipa::path(
    get, path = "/me/unread", tag = "conversations",
    responses((status = 200, description = "Messages, mentions and rooms.", body = Unread)),
    security(("access_token" = []))
)]
async fn unread(State(ports): State<Arc<Ports>>, caller: Caller) -> Answer<Json<Unread>> {
    Ok(Json(queries::unread(&ports, &caller.actor).await?.into()))
}

/// Mark everything as read
///
/// In all conversations, muted and archived ones too, as if each were read to its end; in at most 1,000 at once: the
/// answer says what is left.
#[utoipa::path(
    post, path = "/me/read", tag = "conversations",
    responses((status = 200, description = "What is unread now.", body = Unread), RateLimited),
    security(("access_token" = []))
)]
async fn mark_all_read(State(ports): State<Arc<Ports>>, caller: Caller) -> Answer<Json<Unread>> {
    commands::mark_all_read(&ports, &caller.actor).await?;
    Ok(Json(queries::unread(&ports, &caller.actor).await?.into()))
}
