//! The latest messages of a room as of one `seq`: what they can answer, and how events move them on.

use std::sync::Arc;

use confab_domain::ports::{MessagePage, PageAt};
use confab_domain::{Epoch, Event, EventBody, Horizon, Message, MessageId};

use crate::note::Note;

/// Messages kept for a room.
pub(crate) const MESSAGES_MAX: usize = 50;
/// Text kept for a room, in bytes, when it is filled; a room of longer ones is read from the store.
const PAGE_BYTES_MAX: usize = 256 * 1024;
/// Text of a message that is followed, in bytes; a longer one empties the page until its next reader.
const MESSAGE_BYTES_MAX: usize = 4 * 1024;

/// The latest messages of a room, exactly as they stand at `seq`: whole from the first on, without holes in
/// their numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recent {
    /// The room's latest `seq` in the snapshot they were read in.
    pub(crate) seq: i64,
    /// Ascending.
    pub(crate) messages: Vec<Arc<Message>>,
    /// Whether the room has older ones than the first of these.
    pub(crate) has_older: bool,
}

impl Recent {
    /// What the store answered to a question for the newest `MESSAGES_MAX`, without any horizon. None when it
    /// cannot be kept: it is too large, or its numbers have holes and could not be followed.
    pub(crate) fn of(page: &MessagePage) -> Option<Self> {
        let messages: Vec<_> = page.messages.iter().rev().cloned().collect();
        let is_whole = messages
            .windows(2)
            .all(|pair| pair[0].number + 1 == pair[1].number);
        let is_sound = !messages.is_empty() || !page.has_older;
        let bytes: usize = messages.iter().map(|message| text_bytes(message)).sum();
        (is_whole && is_sound && messages.len() <= MESSAGES_MAX && bytes <= PAGE_BYTES_MAX).then_some(Self {
            seq: page.last_seq,
            messages,
            has_older: page.has_older,
        })
    }

    /// Whether a question can be answered from here at all, whatever is found: else nobody need look.
    /// `last_seq` is the room's latest.
    pub(crate) const fn may_answer(at: PageAt, limit: usize, last_seq: i64) -> bool {
        match at {
            PageAt::Newest => limit > 0 && limit <= MESSAGES_MAX,
            // Each event made one message at most.
            PageAt::After(seq) => {
                limit > 0 && seq < last_seq && last_seq.saturating_sub(seq) <= MESSAGES_MAX as i64
            }
            PageAt::Before(_) | PageAt::Around(_) => false,
        }
    }

    /// The page somebody with this horizon asks for; none when it cannot be proven from here.
    pub(crate) fn answer(
        &self,
        epoch: &Epoch,
        horizon: Horizon,
        at: PageAt,
        limit: usize,
    ) -> Option<MessagePage> {
        let begin = self
            .messages
            .partition_point(|message| !horizon.shows_message(message.number));
        let visible = &self.messages[begin..];
        // With one below the horizon here, there is nothing visible further down.
        let has_visible_below = self.has_older && begin == 0 && self.reaches_below(horizon);
        let (messages, has_older, has_newer) = match at {
            PageAt::Newest => {
                if visible.len() < limit && has_visible_below {
                    return None;
                }
                let cut = visible.len().saturating_sub(limit);
                let messages: Vec<_> = visible[cut..].iter().rev().cloned().collect();
                (messages, cut > 0 || has_visible_below, false)
            }
            PageAt::After(seq) => {
                let from = visible.partition_point(|message| message.seq <= seq);
                if from == 0 && has_visible_below && visible.first().is_none_or(|first| first.seq > seq + 1) {
                    return None;
                }
                let to = visible.len().min(from + limit);
                if from == to {
                    // Whether an empty page has older ones is the store's to say.
                    return None;
                }
                (
                    visible[from..to].to_vec(),
                    from > 0 || has_visible_below,
                    to < visible.len(),
                )
            }
            PageAt::Before(_) | PageAt::Around(_) => return None,
        };
        Some(MessagePage {
            epoch: epoch.clone(),
            last_seq: self.seq,
            messages,
            has_older,
            has_newer,
        })
    }

    /// Whether a message older than the first kept could be visible.
    fn reaches_below(&self, horizon: Horizon) -> bool {
        self.messages
            .first()
            .is_none_or(|first| horizon.shows_message(first.number - 1))
    }

    /// Moves on by a run of events. False when they do not continue what is here, or cannot be followed: then
    /// nothing of it may be used any more. The twin of `lua/move_recent.lua`.
    pub(crate) fn move_on(&mut self, run: &[Arc<Event>]) -> bool {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            return true;
        };
        if first.seq > self.seq + 1 {
            return false;
        }
        let seq = self.seq;
        for event in run.iter().filter(|event| event.seq > seq) {
            let is_followed = match Touch::of(event) {
                None => true,
                Some(Touch::New(message)) => self.append(message),
                Some(Touch::Changed(message)) => !self.shows_parent(message.id) && self.replace(message),
                // Nothing of it is shown by replies.
                Some(Touch::Noted(number, note)) => {
                    self.change(number, |kept| note.apply(Arc::make_mut(kept)))
                }
                Some(Touch::Gone(number, id)) => self.is_below(number) && !self.shows_parent(id),
                Some(Touch::Lost(number)) => self.is_below(number),
            };
            if !is_followed {
                return false;
            }
        }
        self.seq = last.seq;
        true
    }

    /// Whether this number is older than all that is here.
    fn is_below(&self, number: i64) -> bool {
        self.messages.first().is_some_and(|first| number < first.number)
    }

    /// Whether a reply here shows this message as its parent: then only the store knows how it looks now.
    fn shows_parent(&self, id: MessageId) -> bool {
        self.messages.iter().any(|message| message.reply_to == Some(id))
    }

    fn append(&mut self, message: &Message) -> bool {
        let is_next = match self.messages.last() {
            Some(last) => message.number == last.number + 1,
            None => !self.has_older && message.number == 1,
        };
        if is_next {
            let parent = self
                .messages
                .iter_mut()
                .find(|kept| message.reply_to == Some(kept.id));
            if let Some(parent) = parent {
                Note::answered_by(message).apply(Arc::make_mut(parent));
            }
            self.messages.push(Arc::new(message.clone()));
            if self.messages.len() > MESSAGES_MAX {
                self.messages.remove(0);
                self.has_older = true;
            }
        }
        is_next
    }

    fn replace(&mut self, message: &Message) -> bool {
        self.change(message.number, |kept| *kept = Arc::new(message.clone()))
    }

    /// Changes the message of this number, when it is here. False when it cannot be known how.
    fn change(&mut self, number: i64, change: impl FnOnce(&mut Arc<Message>)) -> bool {
        let Some(first) = self.messages.first() else {
            return false;
        };
        if number < first.number {
            return true;
        }
        let index = usize::try_from(number - first.number).unwrap_or(usize::MAX);
        let Some(kept) = self.messages.get_mut(index) else {
            return false;
        };
        change(kept);
        true
    }
}

/// How an event touches a room's messages.
#[derive(Clone, Debug)]
pub(crate) enum Touch<'a> {
    /// Another one.
    New(&'a Message),
    /// One is now like this.
    Changed(&'a Message),
    /// The one of this number is what it was but for this.
    Noted(i64, Note),
    /// The one of this number, or any from it on, is no longer what it was, and only the store knows what it
    /// is.
    Lost(i64),
    /// As [`Self::Lost`], and so are the replies to it, which show it: a tombstone's form is the store's own.
    Gone(i64, MessageId),
}

impl<'a> Touch<'a> {
    /// Below every number that is lost by an event which may have changed any message.
    pub(crate) const ANY: i64 = (1 << 53) - 1;

    pub(crate) fn of(event: &'a Event) -> Option<Self> {
        match &event.body {
            EventBody::MessageCreated { message } | EventBody::MessageUpdated { message }
                if text_bytes(message) > MESSAGE_BYTES_MAX =>
            {
                Some(Self::Lost(Self::ANY))
            }
            EventBody::MessageCreated { message } => Some(Self::New(message)),
            EventBody::MessageUpdated { message } => Some(Self::Changed(message)),
            EventBody::MessageDeleted { number, message_id } => Some(Self::Gone(*number, *message_id)),
            EventBody::ReactionAdded { number, emoji, .. } => {
                let (seq, emoji) = (event.seq, emoji.clone());
                Some(Self::Noted(*number, Note::ReactionAdded { seq, emoji }))
            }
            EventBody::ReactionRemoved { number, emoji, .. } => {
                let (seq, emoji) = (event.seq, emoji.clone());
                Some(Self::Noted(*number, Note::ReactionRemoved { seq, emoji }))
            }
            EventBody::MessagePinned { number, .. } => {
                let (seq, at, by) = (event.seq, event.occurred_at, Some(event.actor_id));
                Some(Self::Noted(*number, Note::Pinned { seq, at, by }))
            }
            EventBody::MessageUnpinned { number, .. } => {
                Some(Self::Noted(*number, Note::Unpinned { seq: event.seq }))
            }
            // A room that is gone, or something that only a newer version understands.
            EventBody::RoomDeleted {} | EventBody::Unknown { .. } => Some(Self::Lost(Self::ANY)),
            EventBody::UserJoined { .. }
            | EventBody::UserLeft { .. }
            | EventBody::MemberUpdated { .. }
            | EventBody::UserBanned { .. }
            | EventBody::UserUnbanned { .. }
            | EventBody::RoomCreated { .. }
            | EventBody::RoomUpdated { .. } => None,
        }
    }
}

fn text_bytes(message: &Message) -> usize {
    message.content.as_ref().map_or(0, String::len)
}
