//! Rooms, members, messages and the log in the store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use crate::ports::Page;
use crate::{
    Actor, Body, Deed, Epoch, Event, EventId, History, Horizon, Member, MemberRole, Message, MessageId,
    Result, Room, RoomAccess, RoomHead, RoomId, RoomKind, RoomSettings, Timestamp, Trace, User, UserId,
};

/// A message on its way into a room.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its id, should it turn out to be new.
    pub id: MessageId,
    /// Where to.
    pub room_id: RoomId,
    /// Who says it.
    pub actor: Actor,
    /// The sender's own id of it; the message id when none was given.
    pub client_id: String,
    /// What is said.
    pub body: Body,
    /// When it was taken in.
    pub created_at: Timestamp,
    /// Where it came from.
    pub trace: Trace,
}

/// A message that has its place.
#[derive(Clone, Debug)]
pub struct Sent {
    /// As it stands (for a repeat: as it is now).
    pub message: Arc<Message>,
    /// Whether it was there before: this attempt created nothing.
    pub is_duplicate: bool,
}

/// A room to be made.
#[derive(Clone, Debug)]
pub struct NewRoom {
    /// Its id.
    pub id: RoomId,
    /// Public or private.
    pub kind: RoomKind,
    /// Its name.
    pub name: String,
    /// At most 2,000 characters.
    pub description: Option<String>,
    /// The host product's own data, an object.
    pub metadata: Value,
    /// How much a newcomer may read.
    pub history: History,
    /// Further members from the start, at most 100.
    pub member_ids: Vec<UserId>,
    /// What else its founder sets.
    pub settings: RoomSettings,
}

/// What a deed did.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The events it made; none when it was so already.
    pub events: Vec<Arc<Event>>,
    /// The room's slow part after it.
    pub room: Room,
    /// The room's counters after it.
    pub head: RoomHead,
}

/// Durable writes of rooms. Each commits with its events and outbox rows in one transaction, checks rights
/// in it after the room's lock is held ([`crate::rights`], [`crate::decide`]), and leaves through
/// [`crate::ports::CommittedBatches`] after it.
#[async_trait]
pub trait RoomWrites: Send + Sync {
    /// Sends a message: grouped with others, answered after the commit.
    ///
    /// A `client_id` that this sender used in this room before answers the first message, whatever the
    /// sender's rights are now; with another body `Conflict`. `Unavailable` and `Internal` mean outcome
    /// unknown. A `reply_to` that is no visible message of the room is `Invalid` (field `reply_to`).
    async fn send(&self, message: NewMessage) -> Result<Sent>;

    /// The first message of this sender with this `client_id`, if any; `Conflict` with another body.
    async fn sent_before(&self, message: &NewMessage) -> Result<Option<Sent>>;

    /// Makes a room with its founder as owner: `room_created`, then a `user_joined` for each member.
    /// Unknown or shut members are `Invalid` by index (`member_ids[3]`). A service founder is not a member.
    async fn create_room(
        &self,
        room: NewRoom,
        actor: &Actor,
        now: Timestamp,
        trace: Trace,
    ) -> Result<Changed>;

    /// The direct room of these two, made when there is none: true when made. Two nodes at once make one.
    /// A peer that does not exist is `Invalid` (field `user_id`); a shut one `Forbidden`.
    async fn direct_room(
        &self,
        id: RoomId,
        actor: &Actor,
        peer: UserId,
        now: Timestamp,
        trace: Trace,
    ) -> Result<(Changed, bool)>;

    /// Any other change of a room, decided by [`crate::decide`].
    async fn change(
        &self,
        room_id: RoomId,
        actor: &Actor,
        deed: Deed,
        now: Timestamp,
        trace: Trace,
    ) -> Result<Changed>;

    /// Moves the read mark forward (never beyond the room's last number, never back), and the delivered
    /// mark with it. The mark after it, and whether it moved. `NotFound` for non-members.
    async fn mark_read(&self, room_id: RoomId, user_id: UserId, number: i64) -> Result<Mark>;

    /// Moves the delivered mark forward.
    async fn mark_delivered(&self, room_id: RoomId, user_id: UserId, number: i64) -> Result<Mark>;
}

/// Where a mark stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Up to this message number.
    pub number: i64,
    /// Messages after it.
    pub unread: i64,
    /// Whether this call moved it.
    pub has_moved: bool,
    /// Whether this call ended that the person had marked the conversation unread.
    pub has_unmarked: bool,
    /// Where a read mark took the delivered mark along to.
    pub delivered: Option<i64>,
    /// Whether others may learn of it.
    pub is_shared: bool,
}

/// A room in somebody's list.
#[derive(Clone, Debug)]
pub struct RoomListing {
    /// The slow part.
    pub room: Room,
    /// The counters.
    pub head: RoomHead,
    /// The viewer's row, current or former.
    pub membership: Option<Member>,
}

/// Which rooms to list.
#[derive(Clone, Debug, Default)]
pub struct RoomFilter {
    /// Part of the name, in any case and with any accents.
    pub query: Option<String>,
    /// Only of this kind.
    pub kind: Option<RoomKind>,
}

/// Which members of a room to list.
#[derive(Clone, Debug, Default)]
pub struct MemberFilter {
    /// The beginning of a word of the username or display name, in any case and with any accents.
    pub query: Option<String>,
    /// Only of this role.
    pub role: Option<MemberRole>,
}

/// Which messages of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageAt {
    /// The newest, descending.
    Newest,
    /// Those before this `seq`, descending.
    Before(i64),
    /// Those after this `seq`, ascending.
    After(i64),
    /// Those around this `seq`, half before and half from it on, ascending.
    Around(i64),
}

/// A page of messages, read in one snapshot with the head.
#[derive(Clone, Debug)]
pub struct MessagePage {
    /// The database's life.
    pub epoch: Epoch,
    /// The room's latest `seq` in the same snapshot: joining the stream from here leaves no hole.
    pub last_seq: i64,
    /// In the order of the request.
    pub messages: Vec<Arc<Message>>,
    /// Whether there are older ones.
    pub has_older: bool,
    /// Whether there are newer ones.
    pub has_newer: bool,
}

/// A run of a room's log that somebody lacks.
#[derive(Clone, Copy, Debug)]
pub struct LogRequest {
    /// Which room.
    pub room_id: RoomId,
    /// The reader whose membership to read along; none when the reader is the system.
    pub viewer: Option<UserId>,
    /// Events after this `seq`.
    pub after_seq: i64,
    /// At most so many events; 0 asks for the membership and head alone.
    pub limit: usize,
    /// The id of the event the reader holds for `after_seq`: another one there means `id_differs`.
    pub event_id: Option<EventId>,
}

/// What one statement read: membership, epoch, head and events together.
#[derive(Clone, Debug)]
pub struct LogPage {
    /// Which room.
    pub room_id: RoomId,
    /// The database's life.
    pub epoch: Epoch,
    /// What the room is; none when there is no such room (or it was deleted).
    pub kind: Option<RoomKind>,
    /// False once it is closed.
    pub is_active: bool,
    /// The counters in the same snapshot.
    pub head: RoomHead,
    /// The viewer's row, current or former.
    pub membership: Option<Member>,
    /// Ascending, whole from `after_seq + 1` on (unless `after_seq` lies below the floor).
    pub events: Vec<Arc<Event>>,
    /// The log has another event at `after_seq` than the reader holds.
    pub id_differs: bool,
}

/// A room that a person belongs to, as a connection needs it.
#[derive(Clone, Debug)]
pub struct Seat {
    /// What the room is.
    pub kind: RoomKind,
    /// The counters.
    pub head: RoomHead,
    /// The person's row.
    pub member: Member,
}

/// Where one member's marks stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Whose.
    pub user_id: UserId,
    /// Read up to; none where they or the viewer share no read marks.
    pub last_read_number: Option<i64>,
    /// Received up to.
    pub last_delivered_number: i64,
}

/// Reads of rooms.
#[async_trait]
pub trait RoomReads: Send + Sync {
    /// The database's life.
    async fn epoch(&self) -> Result<Epoch>;

    /// Counters and the viewer's row: one primary-key read, never cached. None when there is no such room
    /// or it was deleted.
    async fn access(&self, room_id: RoomId, viewer: UserId) -> Result<Option<RoomAccess>>;

    /// What a room is, whoever asks; it never changes, so it may be cached for ever. Only for choosing a
    /// budget: it says nothing about rights.
    async fn kind(&self, room_id: RoomId) -> Result<Option<RoomKind>>;

    /// The slow part as of at least `changed_seq`, the version [`RoomAccess`] told. May be cached.
    async fn room(&self, room_id: RoomId, changed_seq: i64) -> Result<Option<Room>>;

    /// Public rooms and the viewer's own (a service: all), newest first, after `after`.
    async fn rooms(
        &self,
        viewer: &Actor,
        filter: &RoomFilter,
        after: Option<RoomId>,
        limit: usize,
    ) -> Result<Page<RoomListing, RoomId>>;

    /// Current members with their profiles, by user id after `after`.
    async fn members(
        &self,
        room_id: RoomId,
        filter: &MemberFilter,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Page<(Member, User), UserId>>;

    /// One current member with their profile.
    async fn member(&self, room_id: RoomId, user_id: UserId) -> Result<Option<(Member, User)>>;

    /// A page of messages from `horizon` on. `access` was read just before; a cache may answer only when
    /// its own (epoch, seq) equals it.
    async fn messages(
        &self,
        access: &RoomAccess,
        horizon: Horizon,
        at: PageAt,
        limit: usize,
    ) -> Result<MessagePage>;

    /// One message, with what `viewer` needs to be judged.
    async fn message(
        &self,
        message_id: MessageId,
        viewer: UserId,
    ) -> Result<Option<(Arc<Message>, RoomAccess)>>;

    /// Runs of logs, batched: one statement (or few) for all requests; answers in their order. The
    /// membership is read in the same snapshot as the events.
    async fn log(&self, requests: &[LogRequest]) -> Result<Vec<LogPage>>;

    /// Rooms a person belongs to, most recently active first, at most `limit`; and whether there are more.
    async fn seats(&self, user_id: UserId, limit: usize) -> Result<(Epoch, Vec<Seat>, bool)>;

    /// The rooms each person belongs to now, most recently active first, at most `limit` a person; for the
    /// gateways' periodic re-check. A store answers all in one statement; this default asks one by one.
    async fn current_rooms(&self, user_ids: &[UserId], limit: usize) -> Result<Vec<(UserId, RoomId)>> {
        let mut rooms = Vec::new();
        for user_id in user_ids {
            let (_, seats, _) = self.seats(*user_id, limit).await?;
            rooms.extend(seats.into_iter().map(|seat| (*user_id, seat.member.room_id)));
        }
        Ok(rooms)
    }

    /// The latest `seq` of each room; unknown ones are left out.
    async fn heads(&self, room_ids: &[RoomId]) -> Result<(Epoch, Vec<(RoomId, i64)>)>;

    /// The current row of each pair, in order; none where there is no current membership.
    async fn memberships(&self, pairs: &[(RoomId, UserId)]) -> Result<Vec<Option<Member>>>;

    /// Rooms with at most `members_max` members that a person belongs to, for presence; at most 1,000. Not the
    /// direct ones in which one of the two has blocked the other.
    async fn small_rooms_of(&self, user_id: UserId, members_max: i64) -> Result<Vec<RoomId>>;

    /// Whether two people share a room now; a direct one does not count when one of them has blocked the other.
    async fn share_a_room(&self, one: UserId, other: UserId) -> Result<bool>;

    /// Marks of current members, by user id after `after`, as far as `viewer` may know them.
    async fn receipts(
        &self,
        room_id: RoomId,
        viewer: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Page<Receipt, UserId>>;
}

/// What an operator may do to the database's life, and what readiness asks.
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// Answers when the store does, within `timeout`.
    async fn ping(&self, timeout: Duration) -> Result<()>;

    /// Begins another life of the database, and tells everybody.
    async fn bump_epoch(&self) -> Result<Epoch>;
}
