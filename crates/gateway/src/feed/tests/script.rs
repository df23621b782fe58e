//! A store whose answers a test writes, and which remembers what it was asked and when.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{
    AccountState, LogPage, LogRequest, MemberFilter, MessagePage, Page, PageAt, Receipt, RoomFilter,
    RoomListing, RoomReads, Seat, SessionState, Standings,
};
use confab_domain::{
    Actor, Epoch, Error, Event, Horizon, Member, MemberRole, Message, MessageId, Result, Room, RoomAccess,
    RoomHead, RoomId, RoomKind, SessionId, Timestamp, User, UserId, UserRole,
};
use parking_lot::Mutex;
use tokio::time::Instant;

/// What was asked, with how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Epoch,
    Heads(usize),
    Log(usize),
    Memberships(usize),
    Sessions(usize),
    Accounts(usize),
    Rooms(usize),
}

/// What the store holds.
#[derive(Default)]
pub(super) struct Content {
    pub(super) epoch: String,
    /// Does not answer.
    pub(super) is_away: bool,
    pub(super) logs: BTreeMap<RoomId, Vec<Arc<Event>>>,
    pub(super) members: HashSet<(RoomId, UserId)>,
    pub(super) ended_sessions: HashSet<SessionId>,
    pub(super) shut_accounts: HashSet<UserId>,
}

/// The store.
pub(super) struct Script {
    start: Instant,
    pub(super) content: Mutex<Content>,
    asked: Mutex<Vec<(Duration, Question)>>,
}

const AWAY: Error = Error::Unavailable("the script says so", None);

impl Script {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            content: Mutex::new(Content {
                epoch: "first".to_owned(),
                ..Content::default()
            }),
            asked: Mutex::default(),
        }
    }

    /// When these questions came, in milliseconds since the start; what was asked before is forgotten.
    pub(super) fn take_asked(&self, is_meant: impl Fn(Question) -> bool) -> Vec<u64> {
        std::mem::take(&mut *self.asked.lock())
            .into_iter()
            .filter(|(_, question)| is_meant(*question))
            .map(|(at, _)| at.as_millis() as u64)
            .collect()
    }

    /// How often exactly this was asked.
    pub(super) fn asked_for(&self, question: Question) -> usize {
        let asked = self.asked.lock();
        asked.iter().filter(|(_, other)| *other == question).count()
    }

    fn ask(&self, question: Question) -> Result<()> {
        self.asked.lock().push((self.start.elapsed(), question));
        if self.content.lock().is_away {
            Err(AWAY)
        } else {
            Ok(())
        }
    }

    fn epoch_now(&self) -> Epoch {
        Epoch::new(self.content.lock().epoch.clone())
    }
}

pub(super) fn member(room_id: RoomId, user_id: UserId) -> Member {
    Member {
        room_id,
        user_id,
        role: MemberRole::Member,
        joined_at: Timestamp::from_millis(0),
        joined_seq: 1,
        visible_from_number: 0,
        left_at: None,
        muted_until: None,
        last_read_number: 0,
        last_delivered_number: 0,
    }
}

#[async_trait]
impl RoomReads for Script {
    async fn epoch(&self) -> Result<Epoch> {
        self.ask(Question::Epoch)?;
        Ok(self.epoch_now())
    }

    async fn log(&self, requests: &[LogRequest]) -> Result<Vec<LogPage>> {
        self.ask(Question::Log(requests.len()))?;
        let epoch = self.epoch_now();
        let content = self.content.lock();
        let page = |request: &LogRequest| {
            let log = content.logs.get(&request.room_id);
            let events = log.map_or(&[][..], Vec::as_slice);
            let last_seq = events.last().map_or(0, |event| event.seq);
            let missed = events.iter().filter(|event| event.seq > request.after_seq);
            LogPage {
                room_id: request.room_id,
                epoch: epoch.clone(),
                kind: log.map(|_| RoomKind::Private),
                is_active: true,
                head: RoomHead {
                    last_seq,
                    last_number: last_seq,
                    last_message_at: None,
                    member_count: 1,
                    room_changed_seq: 1,
                    log_floor_seq: events.first().map_or(0, |event| event.seq - 1),
                },
                membership: request
                    .viewer
                    .filter(|user_id| content.members.contains(&(request.room_id, *user_id)))
                    .map(|user_id| member(request.room_id, user_id)),
                events: missed.take(request.limit).cloned().collect(),
                id_differs: false,
            }
        };
        Ok(requests.iter().map(page).collect())
    }

    async fn heads(&self, room_ids: &[RoomId]) -> Result<(Epoch, Vec<(RoomId, i64)>)> {
        self.ask(Question::Heads(room_ids.len()))?;
        let epoch = self.epoch_now();
        let content = self.content.lock();
        let head = |room_id: &RoomId| Some((*room_id, content.logs.get(room_id)?.last()?.seq));
        Ok((epoch, room_ids.iter().filter_map(head).collect()))
    }

    async fn memberships(&self, pairs: &[(RoomId, UserId)]) -> Result<Vec<Option<Member>>> {
        self.ask(Question::Memberships(pairs.len()))?;
        let content = self.content.lock();
        let row = |pair: &(RoomId, UserId)| content.members.contains(pair).then(|| member(pair.0, pair.1));
        Ok(pairs.iter().map(row).collect())
    }

    async fn current_rooms(&self, user_ids: &[UserId], _: usize) -> Result<Vec<(UserId, RoomId)>> {
        self.ask(Question::Rooms(user_ids.len()))?;
        let content = self.content.lock();
        let own = content
            .members
            .iter()
            .filter(|(_, user_id)| user_ids.contains(user_id));
        Ok(own.map(|(room_id, user_id)| (*user_id, *room_id)).collect())
    }

    // The live feed does not ask the rest.

    async fn seats(&self, _: UserId, _: usize) -> Result<(Epoch, Vec<Seat>, bool)> {
        Err(AWAY)
    }
    async fn access(&self, _: RoomId, _: UserId) -> Result<Option<RoomAccess>> {
        Err(AWAY)
    }
    async fn kind(&self, _: RoomId) -> Result<Option<RoomKind>> {
        Err(AWAY)
    }
    async fn room(&self, _: RoomId, _: i64) -> Result<Option<Room>> {
        Err(AWAY)
    }
    async fn rooms(
        &self,
        _: &Actor,
        _: &RoomFilter,
        _: Option<RoomId>,
        _: usize,
    ) -> Result<Page<RoomListing, RoomId>> {
        Err(AWAY)
    }
    async fn members(
        &self,
        _: RoomId,
        _: &MemberFilter,
        _: Option<UserId>,
        _: usize,
    ) -> Result<Page<(Member, User), UserId>> {
        Err(AWAY)
    }
    async fn member(&self, _: RoomId, _: UserId) -> Result<Option<(Member, User)>> {
        Err(AWAY)
    }
    async fn messages(&self, _: &RoomAccess, _: Horizon, _: PageAt, _: usize) -> Result<MessagePage> {
        Err(AWAY)
    }
    async fn message(&self, _: MessageId, _: UserId) -> Result<Option<(Arc<Message>, RoomAccess)>> {
        Err(AWAY)
    }
    async fn small_rooms_of(&self, _: UserId, _: i64) -> Result<Vec<RoomId>> {
        Err(AWAY)
    }
    async fn share_a_room(&self, _: UserId, _: UserId) -> Result<bool> {
        Err(AWAY)
    }
    async fn receipts(
        &self,
        _: RoomId,
        _: UserId,
        _: Option<UserId>,
        _: usize,
    ) -> Result<Page<Receipt, UserId>> {
        Err(AWAY)
    }
}

#[async_trait]
impl Standings for Script {
    async fn session_states(&self, session_ids: &[SessionId], _: Timestamp) -> Result<Vec<SessionState>> {
        self.ask(Question::Sessions(session_ids.len()))?;
        let content = self.content.lock();
        let state = |session_id: &SessionId| SessionState {
            session_id: *session_id,
            is_live: !content.ended_sessions.contains(session_id),
        };
        Ok(session_ids.iter().map(state).collect())
    }

    async fn account_states(&self, user_ids: &[UserId]) -> Result<Vec<AccountState>> {
        self.ask(Question::Accounts(user_ids.len()))?;
        let content = self.content.lock();
        let state = |user_id: &UserId| AccountState {
            user_id: *user_id,
            role: UserRole::User,
            is_open: !content.shut_accounts.contains(user_id),
            shares_read_marks: true,
        };
        Ok(user_ids.iter().map(state).collect())
    }
}
