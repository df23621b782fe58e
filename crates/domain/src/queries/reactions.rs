//! Reactions and pins, as one viewer may see them.

use std::collections::HashSet;
use std::sync::Arc;

use super::messages::add_parents;
use super::people::is_kept_apart;
use super::{MessageView, access_for, horizon, message};
use crate::ports::{Page, PinKey, Ports, ReactionKey};
use crate::rights::Act;
use crate::{Actor, Error, Message, MessageId, Reaction, Result, RoomAccess, RoomId, User, emoji};

/// Who reacted to a message.
pub async fn list_reactions(
    ports: &Ports,
    actor: &Actor,
    message_id: MessageId,
    emoji: Option<&str>,
    after: Option<ReactionKey>,
    limit: usize,
) -> Result<(RoomAccess, Page<(Reaction, User), ReactionKey>)> {
    let emoji = emoji
        .map(|emoji| emoji::parse(emoji).map_err(|reason| Error::invalid("emoji", reason)))
        .transpose()?;
    let MessageView { message, access } = message(ports, actor, message_id).await?;
    let mut page = ports
        .conversations
        .reactions(message.room_id, message.id, emoji.as_deref(), after, limit)
        .await?;
    let is_apart = is_kept_apart(ports, actor, &access).await?;
    for (_, user) in &mut page.items {
        user.expire_status(ports.clock.now());
        if is_apart && user.id != actor.user_id {
            user.last_seen_at = None;
        }
    }
    Ok((access, page))
}

/// Which reactions on these messages are the actor's own; asked only when there are any.
pub async fn own_reactions(
    ports: &Ports,
    actor: &Actor,
    messages: impl IntoIterator<Item = &Message>,
) -> Result<HashSet<(MessageId, String)>> {
    let asked: Vec<_> = messages
        .into_iter()
        .flat_map(|message| {
            let kinds = message.extras.reactions.iter();
            kinds.map(|kind| (message.room_id, message.id, kind.emoji.clone()))
        })
        .collect();
    if asked.is_empty() {
        return Ok(HashSet::new());
    }
    let own = ports.conversations.own_reactions(actor.user_id, &asked).await?;
    Ok(own.into_iter().collect())
}

/// The pinned messages of a room, the newest pin first.
pub async fn list_pins(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    after: Option<PinKey>,
    limit: usize,
) -> Result<(RoomAccess, Page<Arc<Message>, PinKey>)> {
    let access = access_for(ports, actor, room_id, Act::Read).await?;
    let seen_from = horizon(actor, &access);
    let mut page = ports.conversations.pins(room_id, seen_from, after, limit).await?;
    add_parents(ports, room_id, seen_from, &mut page.items).await?;
    Ok((access, page))
}
