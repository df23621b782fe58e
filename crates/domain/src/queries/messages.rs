//! Messages and the log, as one viewer may see them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{access_for, horizon, standing};
use crate::ports::{FormerText, LogRequest, MentionKey, MessagePage, Page, PageAt, Ports};
use crate::rights::{self, Act};
use crate::{
    Actor, Epoch, Error, Event, Horizon, MentionFound, Message, MessageId, Preview, Result, RoomAccess,
    RoomId, UserRole,
};

/// A page of messages and how it was judged.
#[derive(Clone, Debug)]
pub struct PageView {
    /// The page.
    pub page: MessagePage,
    /// The counters and the viewer's row.
    pub access: RoomAccess,
}

/// A message and how it was judged.
#[derive(Clone, Debug)]
pub struct MessageView {
    /// The message.
    pub message: Arc<Message>,
    /// The counters and the viewer's row.
    pub access: RoomAccess,
}

/// A page of a room's messages.
pub async fn list_messages(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    at: PageAt,
    limit: usize,
) -> Result<PageView> {
    let access = access_for(ports, actor, room_id, Act::Read).await?;
    let seen_from = horizon(actor, &access);
    let mut page = ports.room_reads.messages(&access, seen_from, at, limit).await?;
    add_parents(ports, room_id, seen_from, &mut page.messages).await?;
    Ok(PageView { page, access })
}

/// Messages that answer this one directly, oldest first, after `after_seq`.
pub async fn list_replies(
    ports: &Ports,
    actor: &Actor,
    message_id: MessageId,
    after_seq: i64,
    limit: usize,
) -> Result<PageView> {
    let (message, access) = readable(ports, actor, message_id).await?;
    let seen_from = horizon(actor, &access);
    let reads = &ports.message_reads;
    let mut page = reads
        .replies(message.room_id, message_id, seen_from, after_seq, limit)
        .await?;
    add_parents(ports, message.room_id, seen_from, &mut page.messages).await?;
    Ok(PageView { page, access })
}

/// What a message said before its edits, oldest first, after the text that was replaced at `after_seq`.
pub async fn message_history(
    ports: &Ports,
    actor: &Actor,
    message_id: MessageId,
    after_seq: i64,
    limit: usize,
) -> Result<Page<FormerText, i64>> {
    let (message, _) = readable(ports, actor, message_id).await?;
    let reads = &ports.message_reads;
    reads
        .former_texts(message.room_id, message_id, after_seq, limit)
        .await
}

/// One message; the room it is judged by is its own.
pub async fn message(ports: &Ports, actor: &Actor, message_id: MessageId) -> Result<MessageView> {
    let (message, access) = readable(ports, actor, message_id).await?;
    let mut messages = [message];
    let seen_from = horizon(actor, &access);
    add_parents(ports, access.room_id, seen_from, &mut messages).await?;
    let [message] = messages;
    Ok(MessageView { message, access })
}

/// A message that somebody has just sent, as they may see it.
pub async fn sent_message(ports: &Ports, actor: &Actor, message: Arc<Message>) -> Result<Arc<Message>> {
    if message.reply_to.is_none() || message.extras.parent.is_some() {
        return Ok(message);
    }
    // A repeat is answered to those, too, who may read no longer.
    match readable(ports, actor, message.id).await {
        Ok((_, access)) => {
            let mut messages = [message];
            let seen_from = horizon(actor, &access);
            add_parents(ports, access.room_id, seen_from, &mut messages).await?;
            let [message] = messages;
            Ok(message)
        }
        Err(Error::NotFound) => Ok(message),
        Err(error) => Err(error),
    }
}

/// A message that the actor may read, by its own room.
async fn readable(ports: &Ports, actor: &Actor, message_id: MessageId) -> Result<(Arc<Message>, RoomAccess)> {
    let (message, access) = ports
        .room_reads
        .message(message_id, actor.user_id)
        .await?
        .ok_or(Error::NotFound)?;
    rights::may_read(actor, access.kind, access.membership.as_ref(), message.number)?;
    Ok((message, access))
}

/// Gives replies the previews that the store's copy, which is the same for everybody, lacks in rooms where
/// not every viewer may see every parent.
pub(super) async fn add_parents(
    ports: &Ports,
    room_id: RoomId,
    seen_from: Horizon,
    messages: &mut [Arc<Message>],
) -> Result<()> {
    let lacks = |message: &Message| {
        let parent_id = message.reply_to.filter(|_| message.extras.parent.is_none());
        parent_id.filter(|_| !message.is_deleted())
    };
    let mut parent_ids: Vec<MessageId> = messages.iter().filter_map(|message| lacks(message)).collect();
    if parent_ids.is_empty() {
        return Ok(());
    }
    parent_ids.sort_unstable();
    parent_ids.dedup();
    let previews = ports.message_reads.previews(room_id, &parent_ids).await?;
    let visible = |id: MessageId| -> Option<&Preview> {
        let mut visible = previews
            .iter()
            .filter(|preview| seen_from.shows_message(preview.number));
        visible.find(|preview| preview.id == id)
    };
    for message in messages {
        if let Some(parent) = lacks(message).and_then(visible) {
            Arc::make_mut(message).extras.parent = Some(Box::new(parent.clone()));
        }
    }
    Ok(())
}

/// [`add_parents`] for messages of several rooms. What the actor may see is asked of the store again.
pub(super) async fn add_parents_of_rooms(
    ports: &Ports,
    actor: &Actor,
    messages: &mut [&mut Arc<Message>],
) -> Result<()> {
    let replies = messages.iter().filter(|message| message.reply_to.is_some());
    let rooms: BTreeSet<RoomId> = replies.map(|message| message.room_id).collect();
    if rooms.is_empty() {
        return Ok(());
    }
    let pairs: Vec<_> = rooms
        .into_iter()
        .map(|room_id| (room_id, actor.user_id))
        .collect();
    let members = ports.room_reads.memberships(&pairs).await?;
    for ((room_id, _), member) in pairs.into_iter().zip(members) {
        // Whoever was put out since the messages were found is shown no more than that found.
        if member.is_none() && actor.role != UserRole::Service {
            continue;
        }
        let mut of_room: Vec<_> = messages
            .iter_mut()
            .filter(|message| message.room_id == room_id)
            .collect();
        let mut copies: Vec<_> = of_room.iter().map(|message| Arc::clone(message)).collect();
        let seen_from = rights::horizon(actor, member.as_ref());
        add_parents(ports, room_id, seen_from, &mut copies).await?;
        for (shown, message) in of_room.iter_mut().zip(copies) {
            ***shown = message;
        }
    }
    Ok(())
}

/// Messages that name the actor, or everybody in a room of theirs, the newest first over all rooms.
pub async fn list_mentions(
    ports: &Ports,
    actor: &Actor,
    after: Option<MentionKey>,
    limit: usize,
) -> Result<Page<MentionFound, MentionKey>> {
    let mut page = ports.message_reads.mentions(actor.user_id, after, limit).await?;
    let mut messages: Vec<_> = page.items.iter_mut().map(|found| &mut found.message).collect();
    add_parents_of_rooms(ports, actor, &mut messages).await?;
    Ok(page)
}

/// One entry of a log as a viewer may see it.
#[derive(Clone, Debug)]
pub enum LogItem {
    /// Theirs to see.
    Event(Arc<Event>),
    /// Before their time; listed so that `seq` stays whole.
    Hidden {
        /// Its place.
        seq: i64,
    },
}

impl LogItem {
    /// What a viewer with this horizon sees of an event.
    pub fn seen_from(horizon: Horizon, event: Arc<Event>) -> Self {
        if horizon.shows_event(event.seq, event.body.about_number()) {
            Self::Event(event)
        } else {
            Self::Hidden { seq: event.seq }
        }
    }
}

/// A run of a room's log.
#[derive(Clone, Debug)]
pub struct LogView {
    /// Ascending from `after_seq + 1`; empty when `reset`.
    pub items: Vec<LogItem>,
    /// Whether the log goes on after the last item.
    pub has_more: bool,
    /// The room's latest `seq`.
    pub last_seq: i64,
    /// The database's life.
    pub epoch: Epoch,
    /// The run cannot be given whole: read history and begin anew at `last_seq`.
    pub reset: bool,
}

/// The log of a room after `after_seq`; with another `epoch` than the present one, or below the floor of a
/// trimmed log, `reset`.
pub async fn room_log(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    after_seq: i64,
    epoch: Option<&str>,
    limit: usize,
) -> Result<LogView> {
    access_for(ports, actor, room_id, Act::Read).await?;
    let request = LogRequest {
        room_id,
        viewer: Some(actor.user_id),
        after_seq,
        limit,
        event_id: None,
    };
    let page = ports
        .room_reads
        .log(&[request])
        .await?
        .pop()
        .ok_or(Error::NotFound)?;
    let kind = page.kind.ok_or(Error::NotFound)?;
    // Judged again by what the same statement read: the membership may have ended since.
    let access = RoomAccess {
        room_id,
        kind,
        is_active: page.is_active,
        epoch: page.epoch.clone(),
        head: page.head,
        membership: page.membership,
    };
    rights::check(Act::Read, standing(actor, &access))?;
    let reset = epoch.is_some_and(|epoch| epoch != page.epoch.as_str())
        || after_seq < page.head.log_floor_seq
        || after_seq > page.head.last_seq;
    let seen_from = horizon(actor, &access);
    let items: Vec<LogItem> = if reset {
        Vec::new()
    } else {
        page.events
            .into_iter()
            .map(|event| LogItem::seen_from(seen_from, event))
            .collect()
    };
    let end = after_seq + i64::try_from(items.len()).unwrap_or(0);
    Ok(LogView {
        has_more: !reset && end < page.head.last_seq,
        items,
        last_seq: page.head.last_seq,
        epoch: page.epoch,
        reset,
    })
}
