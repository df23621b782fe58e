//! Messages and the log, as one viewer may see them.

use std::sync::Arc;

use super::{access_for, horizon, standing};
use crate::ports::{LogRequest, MessagePage, PageAt, Ports};
use crate::rights::{self, Act};
use crate::{Actor, Epoch, Error, Event, Horizon, Message, MessageId, Result, RoomAccess, RoomId};

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
    let page = ports
        .room_reads
        .messages(&access, horizon(actor, &access), at, limit)
        .await?;
    Ok(PageView { page, access })
}

/// One message; the room it is judged by is its own.
pub async fn message(ports: &Ports, actor: &Actor, message_id: MessageId) -> Result<MessageView> {
    let (message, access) = ports
        .room_reads
        .message(message_id, actor.user_id)
        .await?
        .ok_or(Error::NotFound)?;
    // A message id tells nothing of its room, so whoever may not read it learns nothing either.
    rights::check(Act::Read, standing(actor, &access)).map_err(|_| Error::NotFound)?;
    if !horizon(actor, &access).shows_message(message.number) {
        return Err(Error::NotFound);
    }
    Ok(MessageView { message, access })
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
