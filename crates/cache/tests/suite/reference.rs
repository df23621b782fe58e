//! A small store of rooms that remembers every state it was in, to hold the cache against.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{
    CommittedBatch, LogPage, LogRequest, MemberFilter, MessagePage, Page, PageAt, Receipt, RoomFilter,
    RoomListing, RoomReads, Seat,
};
use confab_domain::{
    Actor, ContentType, Epoch, Error, Event, EventBody, EventId, Extras, History, Horizon, Member,
    MemberRole, Message, MessageId, Preview, Result, Room, RoomAccess, RoomHead, RoomId, RoomKind,
    RoomSnapshot, Timestamp, Trace, User, UserId,
};
use parking_lot::Mutex;
use rand::RngExt;
use serde_json::json;
use tokio::sync::watch;

pub(crate) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A store whose reads of messages and rooms are counted, and can be held up after their snapshot.
pub(crate) struct Reference {
    state: Mutex<State>,
    pub(crate) message_reads: AtomicUsize,
    pub(crate) room_reads: AtomicUsize,
    /// Reads of messages with these numbers (the first is 1) wait once they have their snapshot.
    pub(crate) held: watch::Sender<Range<usize>>,
    /// Whether reads of messages are refused: what is answered then was kept.
    pub(crate) is_away: AtomicBool,
    /// Whether reads dawdle at random between snapshot and answer.
    is_dawdling: bool,
}

struct State {
    epoch: Epoch,
    rooms: HashMap<RoomId, Kept>,
}

struct Kept {
    room: Room,
    head: RoomHead,
    /// Names of the room and the versions they came with.
    names: Vec<(i64, String)>,
    /// The messages as of each `seq`, from 0 on.
    past: Vec<Vec<Arc<Message>>>,
}

pub(crate) fn text_of(page: &MessagePage) -> Vec<&str> {
    page.messages
        .iter()
        .map(|message| message.content.as_deref().unwrap_or("(deleted)"))
        .collect()
}

impl Reference {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                epoch: Epoch::new("first"),
                rooms: HashMap::new(),
            }),
            message_reads: AtomicUsize::new(0),
            room_reads: AtomicUsize::new(0),
            held: watch::Sender::new(0..0),
            is_away: AtomicBool::new(false),
            is_dawdling: false,
        }
    }

    pub(crate) fn dawdling() -> Self {
        Self {
            is_dawdling: true,
            ..Self::new()
        }
    }

    pub(crate) fn message_reads(&self) -> usize {
        self.message_reads.load(Ordering::SeqCst)
    }

    pub(crate) fn room_reads(&self) -> usize {
        self.room_reads.load(Ordering::SeqCst)
    }

    /// Another life of the database: everything as it was, under another name.
    pub(crate) fn bump_epoch(&self, name: &str) {
        self.state.lock().epoch = Epoch::new(name);
    }

    /// Makes a room with its `room_created`.
    pub(crate) fn create_room(&self, kind: RoomKind) -> (RoomId, Arc<CommittedBatch>) {
        let id = RoomId::mint(START);
        let room = Room {
            id,
            kind,
            name: Some("the room".to_owned()),
            description: None,
            metadata: json!({"weight": 0.1}),
            external_key: None,
            history: History::SinceJoin,
            is_active: true,
            avatar_url: None,
            posting: confab_domain::Posting::Members,
            slow_mode_seconds: 0,
            system_messages: false,
            edit_window_seconds: None,
            created_by: None,
            created_at: START,
            updated_at: START,
        };
        let head = RoomHead {
            last_seq: 0,
            last_number: 0,
            last_message_at: None,
            member_count: 1,
            room_changed_seq: 0,
            log_floor_seq: 0,
        };
        let kept = Kept {
            room: room.clone(),
            head,
            names: Vec::new(),
            past: vec![Vec::new()],
        };
        self.state.lock().rooms.insert(id, kept);
        let batch = self.commit(id, |kept, seq| {
            kept.head.room_changed_seq = seq;
            vec![EventBody::RoomCreated {
                room: Box::new(kept.snapshot()),
            }]
        });
        (id, batch)
    }

    pub(crate) fn rename(&self, room_id: RoomId, name: &str) -> Arc<CommittedBatch> {
        self.commit(room_id, |kept, seq| {
            kept.room.name = Some(name.to_owned());
            kept.names.push((seq, name.to_owned()));
            kept.head.room_changed_seq = seq;
            vec![EventBody::RoomUpdated {
                room: Box::new(kept.snapshot()),
            }]
        })
    }

    pub(crate) fn send(&self, room_id: RoomId, text: &str) -> Arc<CommittedBatch> {
        self.send_all(room_id, &[text])
    }

    /// Sends several in one transaction.
    pub(crate) fn send_all(&self, room_id: RoomId, texts: &[&str]) -> Arc<CommittedBatch> {
        self.reply_all(room_id, 0, texts)
    }

    /// Answers the message of this number several times in one transaction; nothing is answered at 0.
    pub(crate) fn reply_all(&self, room_id: RoomId, number: i64, texts: &[&str]) -> Arc<CommittedBatch> {
        self.commit(room_id, |kept, first_seq| {
            let mut made = Vec::new();
            for (seq, text) in (first_seq..).zip(texts) {
                kept.head.last_number += 1;
                let at = moment(seq);
                let mut now = kept.now();
                let parent = count_reply(&mut now, number, at);
                let message = Message {
                    id: MessageId::mint(START),
                    room_id,
                    number: kept.head.last_number,
                    seq,
                    updated_seq: seq,
                    sender_id: UserId(uuid::Uuid::nil()),
                    client_id: format!("c{seq}"),
                    content: Some((*text).to_owned()),
                    content_type: ContentType::Plain,
                    reply_to: parent.as_deref().map(|parent| parent.id),
                    metadata: json!({"ratio": 1.0 / 3.0, "empty": [], "none": {}}),
                    created_at: at,
                    edited_at: None,
                    deleted_at: None,
                    attachments: Vec::new(),
                    extras: Extras {
                        parent: parent.as_deref().map(preview).map(Box::new),
                        ..Extras::default()
                    },
                };
                now.push(Arc::new(message.clone()));
                kept.past.push(now);
                made.push(EventBody::MessageCreated {
                    message: Box::new(message),
                });
            }
            made
        })
    }

    /// Edits a message, unless it is deleted.
    pub(crate) fn edit(&self, room_id: RoomId, number: i64, text: &str) -> Arc<CommittedBatch> {
        self.commit(room_id, |kept, seq| {
            let Some(message) = kept.change(number, |message| {
                message.content = Some(text.to_owned());
                message.updated_seq = seq;
                message.edited_at = Some(START);
            }) else {
                return Vec::new();
            };
            vec![EventBody::MessageUpdated {
                message: Box::new(message),
            }]
        })
    }

    /// Deletes a message, unless it is deleted. The tombstone has a form of this store's own.
    pub(crate) fn delete(&self, room_id: RoomId, number: i64) -> Arc<CommittedBatch> {
        self.commit(room_id, |kept, seq| {
            let Some(message) = kept.change(number, |message| {
                message.content = None;
                message.metadata = json!({"tomb": true});
                message.updated_seq = seq;
                message.deleted_at = Some(START);
            }) else {
                return Vec::new();
            };
            vec![EventBody::MessageDeleted {
                message_id: message.id,
                number,
            }]
        })
    }

    /// Somebody reacts to a message, unless it is deleted.
    pub(crate) fn react(&self, room_id: RoomId, number: i64, emoji: &str) -> Arc<CommittedBatch> {
        self.wear(
            room_id,
            number,
            |message, _| {
                message.extras.count_reaction(emoji);
                true
            },
            |message_id| EventBody::ReactionAdded {
                message_id,
                number,
                emoji: emoji.to_owned(),
                user_id: UserId(uuid::Uuid::nil()),
            },
        )
    }

    /// Somebody takes a reaction back, where there is one.
    pub(crate) fn unreact(&self, room_id: RoomId, number: i64, emoji: &str) -> Arc<CommittedBatch> {
        self.wear(
            room_id,
            number,
            |message, _| {
                let is_there = message.extras.reactions.iter().any(|kind| kind.emoji == emoji);
                message.extras.discount_reaction(emoji);
                is_there
            },
            |message_id| EventBody::ReactionRemoved {
                message_id,
                number,
                emoji: emoji.to_owned(),
                user_id: UserId(uuid::Uuid::nil()),
            },
        )
    }

    /// Pins a message, or pins it no longer, unless it is so already or deleted.
    pub(crate) fn pin(&self, room_id: RoomId, number: i64, is_pinned: bool) -> Arc<CommittedBatch> {
        self.wear(
            room_id,
            number,
            |message, at| {
                let was_pinned = message.extras.pinned_at.is_some();
                message.extras.pinned_at = is_pinned.then(|| message.extras.pinned_at.unwrap_or(at));
                message.extras.pinned_by = is_pinned.then(|| UserId(uuid::Uuid::nil()));
                was_pinned != is_pinned
            },
            |message_id| {
                if is_pinned {
                    EventBody::MessagePinned { message_id, number }
                } else {
                    EventBody::MessageUnpinned { message_id, number }
                }
            },
        )
    }

    /// Changes what a message wears; nothing is told when that changes nothing.
    fn wear(
        &self,
        room_id: RoomId,
        number: i64,
        change: impl FnOnce(&mut Message, Timestamp) -> bool,
        body: impl FnOnce(MessageId) -> EventBody,
    ) -> Arc<CommittedBatch> {
        self.commit(room_id, |kept, seq| {
            let mut is_changed = false;
            let message = kept.change(number, |message| {
                is_changed = change(message, moment(seq));
                if is_changed {
                    message.updated_seq = seq;
                }
            });
            match message.filter(|_| is_changed) {
                Some(message) => vec![body(message.id)],
                None => Vec::new(),
            }
        })
    }

    /// Something that touches no message.
    pub(crate) fn join(&self, room_id: RoomId) -> Arc<CommittedBatch> {
        self.commit(room_id, |_, _| {
            vec![EventBody::UserJoined {
                user_id: UserId::mint(START),
                role: MemberRole::Member,
                user: None,
            }]
        })
    }

    /// Something that only a newer version understands, and that changes a message.
    pub(crate) fn change_strangely(&self, room_id: RoomId, number: i64) -> Arc<CommittedBatch> {
        self.commit(room_id, |kept, seq| {
            kept.change(number, |message| {
                message.updated_seq = seq;
                message.metadata = json!({"strange": seq});
            });
            vec![EventBody::Unknown {
                event_type: "message_painted".to_owned(),
                data: json!({}),
            }]
        })
    }

    /// Commits: what `deed` answers, from the next `seq` on.
    fn commit(
        &self,
        room_id: RoomId,
        deed: impl FnOnce(&mut Kept, i64) -> Vec<EventBody>,
    ) -> Arc<CommittedBatch> {
        let mut state = self.state.lock();
        let epoch = state.epoch.clone();
        let kept = state.rooms.get_mut(&room_id).unwrap();
        let first_seq = kept.head.last_seq + 1;
        let bodies = deed(kept, first_seq);
        let events: Vec<Arc<Event>> = (first_seq..)
            .zip(bodies)
            .map(|(seq, body)| {
                let (id, actor_id) = (EventId::mint(START), UserId(uuid::Uuid::nil()));
                let trace = Trace::default();
                Arc::new(Event {
                    id,
                    room_id,
                    seq,
                    occurred_at: moment(seq),
                    actor_id,
                    body,
                    trace,
                })
            })
            .collect();
        kept.head.last_seq += i64::try_from(events.len()).unwrap();
        let now = kept.now();
        kept.past
            .resize(usize::try_from(kept.head.last_seq).unwrap() + 1, now);
        Arc::new(CommittedBatch {
            epoch,
            shard: 0,
            events,
            controls: Vec::new(),
            account_events: Vec::new(),
        })
    }

    pub(crate) fn last_number(&self, room_id: RoomId) -> i64 {
        self.state.lock().rooms[&room_id].head.last_number
    }

    /// What the store would have answered when the room was at `seq`.
    pub(crate) fn page_as_of(
        &self,
        room_id: RoomId,
        seq: i64,
        horizon: Horizon,
        at: PageAt,
        limit: usize,
    ) -> MessagePage {
        let state = self.state.lock();
        let messages = &state.rooms[&room_id].past[usize::try_from(seq).unwrap()];
        page(&state.epoch, seq, messages, horizon, at, limit)
    }

    /// Whether this is the room as of `version` or later.
    pub(crate) fn room_as_of(&self, room_id: RoomId, version: i64, room: &Room) -> bool {
        let state = self.state.lock();
        let names = &state.rooms[&room_id].names;
        let of_name = names.iter().find(|(_, name)| Some(name) == room.name.as_ref());
        of_name.map_or(1, |(since, _)| *since) >= version
    }

    async fn linger(&self) {
        if self.is_dawdling && rand::rng().random_bool(0.3) {
            let pause = Duration::from_micros(rand::rng().random_range(0..2_000));
            tokio::time::sleep(pause).await;
        }
    }
}

/// When the event of this place happened.
fn moment(seq: i64) -> Timestamp {
    START.plus(Duration::from_millis(seq.unsigned_abs()))
}

/// How its replies show a message.
fn preview(message: &Message) -> Preview {
    Preview {
        id: message.id,
        number: message.number,
        sender_id: message.sender_id,
        content: message.content.clone(),
        is_deleted: message.is_deleted(),
        attachment_count: 0,
    }
}

impl Kept {
    fn now(&self) -> Vec<Arc<Message>> {
        self.past.last().unwrap().clone()
    }

    fn change(&mut self, number: i64, change: impl FnOnce(&mut Message)) -> Option<Message> {
        let mut now = self.now();
        let message = now
            .iter_mut()
            .find(|message| message.number == number && !message.is_deleted())?;
        change(Arc::make_mut(message));
        let mut message = Message::clone(message);
        if message.is_deleted() {
            message.extras.parent = None;
        }
        for reply in now.iter_mut().filter(|reply| reply.reply_to == Some(message.id)) {
            if !reply.is_deleted() {
                Arc::make_mut(reply).extras.parent = Some(Box::new(preview(&message)));
            }
        }
        // Only what was deleted is answered no longer.
        let answers: Vec<_> = now
            .iter()
            .filter(|other| message.reply_to.is_some() && other.reply_to == message.reply_to)
            .filter(|other| !other.is_deleted())
            .map(|other| other.created_at)
            .collect();
        for parent in now
            .iter_mut()
            .filter(|parent| Some(parent.id) == message.reply_to)
        {
            let extras = &mut Arc::make_mut(parent).extras;
            extras.reply_count = i64::try_from(answers.len()).unwrap();
            extras.last_reply_at = answers.last().copied();
        }
        for kept in now.iter_mut().filter(|kept| kept.id == message.id) {
            *kept = Arc::new(message.clone());
        }
        self.past.push(now);
        Some(message)
    }

    fn snapshot(&self) -> RoomSnapshot {
        RoomSnapshot {
            room: self.room.clone(),
            last_seq: self.head.last_seq,
            last_number: self.head.last_number,
            last_message_at: None,
        }
    }
}

/// The message of this number, which has one more reply now.
fn count_reply(now: &mut [Arc<Message>], number: i64, at: Timestamp) -> Option<Arc<Message>> {
    let parent = now.iter_mut().find(|message| message.number == number)?;
    let before = Arc::clone(parent);
    let extras = &mut Arc::make_mut(parent).extras;
    extras.reply_count += 1;
    extras.last_reply_at = Some(at);
    Some(before)
}

fn page(
    epoch: &Epoch,
    last_seq: i64,
    messages: &[Arc<Message>],
    horizon: Horizon,
    at: PageAt,
    limit: usize,
) -> MessagePage {
    let visible: Vec<_> = messages
        .iter()
        .filter(|message| horizon.shows_message(message.number))
        .collect();
    let (from, to, is_descending) = match at {
        PageAt::Newest => (visible.len().saturating_sub(limit), visible.len(), true),
        PageAt::Before(seq) => {
            let to = visible.partition_point(|message| message.seq < seq);
            (to.saturating_sub(limit), to, true)
        }
        PageAt::After(seq) => {
            let from = visible.partition_point(|message| message.seq <= seq);
            (from, visible.len().min(from + limit), false)
        }
        PageAt::Around(seq) => {
            let pivot = visible.partition_point(|message| message.seq < seq);
            (
                pivot.saturating_sub(limit / 2),
                visible.len().min(pivot + limit - limit / 2),
                false,
            )
        }
    };
    let mut messages: Vec<_> = visible[from..to]
        .iter()
        .map(|message| Arc::clone(message))
        .collect();
    if is_descending {
        messages.reverse();
    }
    let (has_older, has_newer) = (from > 0, to < visible.len());
    MessagePage {
        epoch: epoch.clone(),
        last_seq,
        messages,
        has_older,
        has_newer,
    }
}

/// What the decorator does not keep: each call is told apart by its name.
fn not_kept<T>(name: &'static str) -> Result<T> {
    Err(Error::Unavailable(name, None))
}

#[async_trait]
impl RoomReads for Reference {
    async fn epoch(&self) -> Result<Epoch> {
        Ok(self.state.lock().epoch.clone())
    }

    async fn access(&self, room_id: RoomId, _viewer: UserId) -> Result<Option<RoomAccess>> {
        let state = self.state.lock();
        Ok(state.rooms.get(&room_id).map(|kept| RoomAccess {
            room_id,
            kind: kept.room.kind,
            is_active: kept.room.is_active,
            epoch: state.epoch.clone(),
            head: kept.head,
            membership: None,
        }))
    }

    async fn kind(&self, room_id: RoomId) -> Result<Option<RoomKind>> {
        self.room_reads.fetch_add(1, Ordering::SeqCst);
        Ok(self.state.lock().rooms.get(&room_id).map(|kept| kept.room.kind))
    }

    async fn room(&self, room_id: RoomId, _changed_seq: i64) -> Result<Option<Room>> {
        self.room_reads.fetch_add(1, Ordering::SeqCst);
        let room = self
            .state
            .lock()
            .rooms
            .get(&room_id)
            .map(|kept| kept.room.clone());
        self.linger().await;
        Ok(room)
    }

    async fn messages(
        &self,
        access: &RoomAccess,
        horizon: Horizon,
        at: PageAt,
        limit: usize,
    ) -> Result<MessagePage> {
        if self.is_away.load(Ordering::SeqCst) {
            return not_kept("messages");
        }
        let number = self.message_reads.fetch_add(1, Ordering::SeqCst) + 1;
        let found = {
            let state = self.state.lock();
            let kept = state.rooms.get(&access.room_id).ok_or(Error::NotFound)?;
            page(&state.epoch, kept.head.last_seq, &kept.now(), horizon, at, limit)
        };
        self.held
            .subscribe()
            .wait_for(|held| !held.contains(&number))
            .await
            .unwrap();
        self.linger().await;
        Ok(found)
    }

    async fn rooms(
        &self,
        _viewer: &Actor,
        _filter: &RoomFilter,
        _after: Option<RoomId>,
        _limit: usize,
    ) -> Result<Page<RoomListing, RoomId>> {
        not_kept("rooms")
    }

    async fn members(
        &self,
        _room_id: RoomId,
        _filter: &MemberFilter,
        _after: Option<UserId>,
        _limit: usize,
    ) -> Result<Page<(Member, User), UserId>> {
        not_kept("members")
    }

    async fn member(&self, _room_id: RoomId, _user_id: UserId) -> Result<Option<(Member, User)>> {
        not_kept("member")
    }

    async fn message(&self, _id: MessageId, _viewer: UserId) -> Result<Option<(Arc<Message>, RoomAccess)>> {
        not_kept("message")
    }

    async fn log(&self, _requests: &[LogRequest]) -> Result<Vec<LogPage>> {
        not_kept("log")
    }

    async fn seats(&self, _user_id: UserId, _limit: usize) -> Result<(Epoch, Vec<Seat>, bool)> {
        not_kept("seats")
    }

    async fn current_rooms(&self, _user_ids: &[UserId], _limit: usize) -> Result<Vec<(UserId, RoomId)>> {
        not_kept("current_rooms")
    }

    async fn heads(&self, _room_ids: &[RoomId]) -> Result<(Epoch, Vec<(RoomId, i64)>)> {
        not_kept("heads")
    }

    async fn memberships(&self, _pairs: &[(RoomId, UserId)]) -> Result<Vec<Option<Member>>> {
        not_kept("memberships")
    }

    async fn small_rooms_of(&self, _user_id: UserId, _members_max: i64) -> Result<Vec<RoomId>> {
        not_kept("small_rooms_of")
    }

    async fn share_a_room(&self, _one: UserId, _other: UserId) -> Result<bool> {
        not_kept("share_a_room")
    }

    async fn receipts(
        &self,
        _room_id: RoomId,
        _viewer: UserId,
        _after: Option<UserId>,
        _limit: usize,
    ) -> Result<Page<Receipt, UserId>> {
        not_kept("receipts")
    }
}
