//! A person's own conversations, and how far their messages have come.

use std::collections::HashMap;

use super::people::is_kept_apart;
use super::{MessageView, message, standing};
use crate::ports::{ConversationKey, Page, Ports, UserPresence};
use crate::rights::{self, Act};
use crate::{
    Actor, Conversation, ConversationFilter, MessageId, MessageReceipt, ReceiptCounts, Result, RoomAccess,
    Unread, UserId,
};

/// The actor's conversations, pinned ones first, then by last activity.
pub async fn list_conversations(
    ports: &Ports,
    actor: &Actor,
    filter: ConversationFilter,
    after: Option<ConversationKey>,
    limit: usize,
) -> Result<(Page<Conversation, ConversationKey>, HashMap<UserId, UserPresence>)> {
    let mut page = ports
        .conversations
        .conversations(actor.user_id, filter, after, ports.clock.now(), limit)
        .await?;
    let presence = presence_of_peers(ports, &mut page.items).await?;
    Ok((page, presence))
}

/// The presence of the other people of direct rooms, asked once for all; of those whom the actor is kept apart from
/// there is none, and their last seen is taken away.
pub async fn presence_of_peers(
    ports: &Ports,
    conversations: &mut [Conversation],
) -> Result<HashMap<UserId, UserPresence>> {
    let now = ports.clock.now();
    let mut shown = Vec::new();
    for conversation in conversations {
        let Some(peer) = &mut conversation.peer else {
            continue;
        };
        peer.expire_status(now);
        if conversation.is_peer_unreachable {
            peer.last_seen_at = None;
        } else {
            shown.push(peer.id);
        }
    }
    if shown.is_empty() {
        return Ok(HashMap::new());
    }
    let found = ports.presence.users(&shown, now).await?;
    Ok(found
        .into_iter()
        .map(|presence| (presence.user_id, presence))
        .collect())
}

/// What is unread in all of the actor's rooms.
pub async fn unread(ports: &Ports, actor: &Actor) -> Result<Unread> {
    ports.conversations.unread(actor.user_id, ports.clock.now()).await
}

/// How far a message has come, and with whom.
pub async fn message_receipts(
    ports: &Ports,
    actor: &Actor,
    message_id: MessageId,
    after: Option<UserId>,
    limit: usize,
) -> Result<(RoomAccess, ReceiptCounts, Page<MessageReceipt, UserId>)> {
    let MessageView { message, access } = message(ports, actor, message_id).await?;
    rights::check(Act::SeePresence, standing(actor, &access))?;
    let viewer = actor.user_id;
    let is_apart = is_kept_apart(ports, actor, &access).await?;
    // Of two people who are kept apart both are asked for at once: where a page ends would tell of the other.
    let (after, limit) = if is_apart { (None, 2) } else { (after, limit) };
    let mut counts = ports.conversations.receipt_counts(&message, viewer).await?;
    let mut page = ports
        .conversations
        .message_receipts(&message, viewer, after, limit)
        .await?;
    if is_apart {
        page.next = None;
        page.items.retain(|receipt| receipt.user_id() == viewer);
        let read = page.items.iter().filter(|receipt| receipt.is_read == Some(true));
        counts.read = counts.read.map(|_| read.count() as i64);
        counts.delivered = page.items.len() as i64;
    }
    for receipt in &mut page.items {
        receipt.user.expire_status(ports.clock.now());
    }
    Ok((access, counts, page))
}
