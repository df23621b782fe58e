//! Reads of rooms with a short memory: the slow part, and the recent messages.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{
    LogPage, LogRequest, MemberFilter, MessagePage, Page, PageAt, Receipt, RoomFilter, RoomListing,
    RoomReads, Seat,
};
use confab_domain::{
    Actor, Epoch, Horizon, Member, Message, MessageId, Result, Room, RoomAccess, RoomId, RoomKind, Timestamp,
    User, UserId,
};
use parking_lot::{Mutex, RwLock};

use crate::generations::Generations;
use crate::measures;
use crate::recent::{MESSAGES_MAX, Recent};
use crate::shelf::RoomCache;
use crate::single_flight::SingleFlight;

/// Kinds of rooms kept by a process; a kind never changes.
const KINDS_MAX: usize = 100_000;
/// What never changes does not age.
const NO_TIME: Timestamp = Timestamp::from_millis(0);

/// A store of rooms behind a cache that cannot be told from it.
///
/// What is kept bears no viewer: horizons are applied on the way out. It is used only when its epoch and
/// `seq` are those that the viewer's own `access`, never cached, has just read.
pub struct CachedRooms {
    store: Arc<dyn RoomReads>,
    cache: RoomCache,
    recents: SingleFlight<(RoomId, Epoch, i64), Fetched>,
    rooms: SingleFlight<(RoomId, Epoch, i64), Option<Arc<Room>>>,
    kinds: Mutex<Generations<RoomId, RoomKind>>,
    /// The epoch that the store told last; [`RoomReads::room`] is asked right after `access` told it.
    epoch: RwLock<Option<Epoch>>,
}

/// Recent messages and the epoch they were read in; none when they cannot be kept.
#[derive(Clone)]
struct Fetched {
    epoch: Epoch,
    recent: Option<Arc<Recent>>,
}

impl CachedRooms {
    /// Puts a cache before a store.
    pub fn new(store: Arc<dyn RoomReads>, cache: RoomCache) -> Self {
        Self {
            store,
            cache,
            recents: SingleFlight::new(),
            rooms: SingleFlight::new(),
            kinds: Mutex::new(Generations::new(KINDS_MAX, Duration::MAX)),
            epoch: RwLock::new(None),
        }
    }

    fn note(&self, epoch: &Epoch) {
        if self.epoch.read().as_ref() != Some(epoch) {
            *self.epoch.write() = Some(epoch.clone());
        }
    }

    async fn known_epoch(&self) -> Result<Epoch> {
        let known = self.epoch.read().clone();
        match known {
            Some(epoch) => Ok(epoch),
            None => self.epoch().await,
        }
    }

    /// The recent messages of a room as of what `access` told, or later: from the cache, or from the store
    /// and then into the cache. One such fetch at a time.
    async fn recent(&self, access: &RoomAccess) -> Result<Fetched> {
        let (room_id, seq) = (access.room_id, access.head.last_seq);
        let key = (room_id, access.epoch.clone(), seq);
        self.recents
            .get(key, || {
                let (store, cache) = (Arc::clone(&self.store), self.cache.clone());
                // For no viewer in particular, so that nothing of one can reach another.
                let access = RoomAccess {
                    membership: None,
                    ..access.clone()
                };
                async move {
                    let kept = cache.0.recent(room_id, &access.epoch, seq).await;
                    measures::cache_read("recent", kept.is_some());
                    if let Some(recent) = kept {
                        return Ok(Fetched {
                            epoch: access.epoch,
                            recent: Some(recent),
                        });
                    }
                    let page = store
                        .messages(&access, Horizon::ALL, PageAt::Newest, MESSAGES_MAX)
                        .await?;
                    let recent = Recent::of(&page).map(Arc::new);
                    if let Some(recent) = &recent {
                        cache.0.put_recent(room_id, &page.epoch, recent).await;
                    }
                    Ok(Fetched {
                        epoch: page.epoch,
                        recent,
                    })
                }
            })
            .await
    }
}

#[async_trait]
impl RoomReads for CachedRooms {
    async fn epoch(&self) -> Result<Epoch> {
        let epoch = self.store.epoch().await?;
        self.note(&epoch);
        Ok(epoch)
    }

    async fn access(&self, room_id: RoomId, viewer: UserId) -> Result<Option<RoomAccess>> {
        let access = self.store.access(room_id, viewer).await?;
        if let Some(access) = &access {
            self.note(&access.epoch);
        }
        Ok(access)
    }

    async fn kind(&self, room_id: RoomId) -> Result<Option<RoomKind>> {
        let known = self.kinds.lock().get_mut(&room_id, NO_TIME).copied();
        measures::cache_read("kind", known.is_some());
        if known.is_some() {
            return Ok(known);
        }
        let kind = self.store.kind(room_id).await?;
        if let Some(kind) = kind {
            self.kinds.lock().insert(room_id, kind, NO_TIME);
        }
        Ok(kind)
    }

    async fn room(&self, room_id: RoomId, changed_seq: i64) -> Result<Option<Room>> {
        let epoch = self.known_epoch().await?;
        let found = self
            .rooms
            .get((room_id, epoch.clone(), changed_seq), || {
                let (store, cache) = (Arc::clone(&self.store), self.cache.clone());
                async move {
                    let kept = cache.0.room(room_id, &epoch, changed_seq).await;
                    measures::cache_read("room", kept.is_some());
                    if kept.is_some() {
                        return Ok(kept.map(Arc::new));
                    }
                    let room = store.room(room_id, changed_seq).await?;
                    if let Some(room) = &room {
                        cache.0.put_room(&epoch, changed_seq, room).await;
                    }
                    Ok(room.map(Arc::new))
                }
            })
            .await?;
        Ok(found.map(Arc::unwrap_or_clone))
    }

    async fn messages(
        &self,
        access: &RoomAccess,
        horizon: Horizon,
        at: PageAt,
        limit: usize,
    ) -> Result<MessagePage> {
        if Recent::may_answer(at, limit, access.head.last_seq) {
            let fetched = self.recent(access).await?;
            let answer = |recent: Arc<Recent>| recent.answer(&fetched.epoch, horizon, at, limit);
            if let Some(page) = fetched.recent.and_then(answer) {
                return Ok(page);
            }
        }
        self.store.messages(access, horizon, at, limit).await
    }

    async fn rooms(
        &self,
        viewer: &Actor,
        filter: &RoomFilter,
        after: Option<RoomId>,
        limit: usize,
    ) -> Result<Page<RoomListing, RoomId>> {
        self.store.rooms(viewer, filter, after, limit).await
    }

    async fn members(
        &self,
        room_id: RoomId,
        filter: &MemberFilter,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Page<(Member, User), UserId>> {
        self.store.members(room_id, filter, after, limit).await
    }

    async fn member(&self, room_id: RoomId, user_id: UserId) -> Result<Option<(Member, User)>> {
        self.store.member(room_id, user_id).await
    }

    async fn message(
        &self,
        message_id: MessageId,
        viewer: UserId,
    ) -> Result<Option<(Arc<Message>, RoomAccess)>> {
        self.store.message(message_id, viewer).await
    }

    async fn log(&self, requests: &[LogRequest]) -> Result<Vec<LogPage>> {
        self.store.log(requests).await
    }

    async fn seats(&self, user_id: UserId, limit: usize) -> Result<(Epoch, Vec<Seat>, bool)> {
        self.store.seats(user_id, limit).await
    }

    async fn current_rooms(&self, user_ids: &[UserId], limit: usize) -> Result<Vec<(UserId, RoomId)>> {
        self.store.current_rooms(user_ids, limit).await
    }

    async fn heads(&self, room_ids: &[RoomId]) -> Result<(Epoch, Vec<(RoomId, i64)>)> {
        self.store.heads(room_ids).await
    }

    async fn memberships(&self, pairs: &[(RoomId, UserId)]) -> Result<Vec<Option<Member>>> {
        self.store.memberships(pairs).await
    }

    async fn small_rooms_of(&self, user_id: UserId, members_max: i64) -> Result<Vec<RoomId>> {
        self.store.small_rooms_of(user_id, members_max).await
    }

    async fn share_a_room(&self, one: UserId, other: UserId) -> Result<bool> {
        self.store.share_a_room(one, other).await
    }

    async fn receipts(
        &self,
        room_id: RoomId,
        viewer: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Page<Receipt, UserId>> {
        self.store.receipts(room_id, viewer, after, limit).await
    }
}
