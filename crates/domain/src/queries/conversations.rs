//! A person's own conversations, and how far their messages have come.

use std::collections::HashMap;

use super::{MessageView, message, standing};
use crate::ports::{ConversationKey, Page, Ports, UserPresence};
use crate::rights::{self, Act};
use crate::{
    Actor, Conversation, MessageId, MessageReceipt, ReceiptCounts, Result, RoomAccess, Unread, UserId,
};

/// The actor's conversations, pinned ones first, then by last activity.
pub async fn list_conversations(
    ports: &Ports,
    actor: &Actor,
    is_archived: bool,
    after: Option<ConversationKey>,
    limit: usize,
) -> Result<(Page<Conversation, ConversationKey>, HashMap<UserId, UserPresence>)> {
    let now = ports.clock.now();
    let mut page = ports
        .conversations
        .conversations(actor.user_id, is_archived, after, now, limit)
        .await?;
    for peer in page.items.iter_mut().filter_map(|item| item.peer.as_mut()) {
        peer.expire_status(now);
    }
    let peers: Vec<UserId> = page
        .items
        .iter()
        .filter_map(|item| item.peer.as_ref().map(|peer| peer.id))
        .collect();
    Ok((page, presence_of(ports, &peers).await?))
}

/// Presence by person; asked once for all, and not at all for nobody.
pub async fn presence_of(ports: &Ports, user_ids: &[UserId]) -> Result<HashMap<UserId, UserPresence>> {
    if user_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = ports.presence.users(user_ids, ports.clock.now()).await?;
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
    let counts = ports.conversations.receipt_counts(&message, viewer).await?;
    let mut page = ports
        .conversations
        .message_receipts(&message, viewer, after, limit)
        .await?;
    for receipt in &mut page.items {
        receipt.user.expire_status(ports.clock.now());
    }
    Ok((access, counts, page))
}
