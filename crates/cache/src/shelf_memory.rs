//! Cached rooms in this process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::{Clock, Epoch, Room, RoomId, Timestamp};
use parking_lot::Mutex;

use crate::generations::Generations;
use crate::recent::Recent;
use crate::settings::RoomCacheSettings;
use crate::shelf::{Run, Shelf, jittered};

pub(crate) struct MemoryShelf {
    clock: Arc<dyn Clock>,
    room_ttl: Duration,
    recent_ttl: Duration,
    rooms: Mutex<ByRoom<(i64, Room)>>,
    recents: Mutex<ByRoom<Page>>,
}

type ByRoom<T> = Generations<(RoomId, Epoch), Kept<T>>;

struct Kept<T> {
    value: T,
    until: Timestamp,
}

enum Page {
    Whole(Arc<Recent>),
    /// Something happened at this `seq` that could not be followed: nothing older may come back.
    Hollow(i64),
}

impl Page {
    fn seq(&self) -> i64 {
        match self {
            Self::Whole(recent) => recent.seq,
            Self::Hollow(seq) => *seq,
        }
    }
}

impl MemoryShelf {
    pub(crate) fn new(clock: Arc<dyn Clock>, settings: &RoomCacheSettings) -> Self {
        Self {
            clock,
            room_ttl: settings.room_ttl,
            recent_ttl: settings.recent_ttl,
            rooms: Mutex::new(Generations::new(settings.rooms_max, settings.room_ttl)),
            recents: Mutex::new(Generations::new(settings.rooms_max, settings.recent_ttl)),
        }
    }

    fn keep_room(&self, epoch: &Epoch, version: i64, room: &Room, now: Timestamp) {
        let mut rooms = self.rooms.lock();
        let key = (room.id, epoch.clone());
        let is_older = |kept: &mut Kept<(i64, Room)>| kept.until > now && kept.value.0 > version;
        if !rooms.get_mut(&key, now).is_some_and(is_older) {
            let kept = Kept {
                value: (version, room.clone()),
                until: now.plus(jittered(self.room_ttl)),
            };
            rooms.insert(key, kept, now);
        }
    }
}

#[async_trait]
impl Shelf for MemoryShelf {
    async fn recent(&self, room_id: RoomId, epoch: &Epoch, seq: i64) -> Option<Arc<Recent>> {
        let now = self.clock.now();
        let mut recents = self.recents.lock();
        let kept = recents.get_mut(&(room_id, epoch.clone()), now)?;
        match &kept.value {
            Page::Whole(recent) if recent.seq == seq && kept.until > now => Some(Arc::clone(recent)),
            Page::Whole(_) | Page::Hollow(_) => None,
        }
    }

    async fn put_recent(&self, room_id: RoomId, epoch: &Epoch, recent: &Arc<Recent>) {
        let now = self.clock.now();
        let key = (room_id, epoch.clone());
        let mut recents = self.recents.lock();
        let is_as_new = |kept: &mut Kept<Page>| {
            let same = kept.value.seq() == recent.seq && matches!(kept.value, Page::Whole(_));
            kept.until > now && (kept.value.seq() > recent.seq || same)
        };
        if !recents.get_mut(&key, now).is_some_and(is_as_new) {
            let until = now.plus(jittered(self.recent_ttl));
            recents.insert(
                key,
                Kept {
                    value: Page::Whole(Arc::clone(recent)),
                    until,
                },
                now,
            );
        }
    }

    async fn room(&self, room_id: RoomId, epoch: &Epoch, version: i64) -> Option<Room> {
        let now = self.clock.now();
        let mut rooms = self.rooms.lock();
        let kept = rooms.get_mut(&(room_id, epoch.clone()), now)?;
        (kept.value.0 == version && kept.until > now).then(|| kept.value.1.clone())
    }

    async fn put_room(&self, epoch: &Epoch, version: i64, room: &Room) {
        self.keep_room(epoch, version, room, self.clock.now());
    }

    async fn move_on(&self, runs: &[Run]) {
        let now = self.clock.now();
        for run in runs {
            if let Some((version, room)) = run.room() {
                self.keep_room(&run.epoch, version, room, now);
            }
            let (_, last) = run.bounds();
            let mut recents = self.recents.lock();
            let Some(kept) = recents.get_mut(&(run.room_id, run.epoch.clone()), now) else {
                continue;
            };
            if kept.value.seq() >= last {
                continue;
            }
            let is_followed = match &mut kept.value {
                Page::Whole(recent) => Arc::make_mut(recent).move_on(&run.events),
                Page::Hollow(_) => false,
            };
            if !is_followed {
                kept.value = Page::Hollow(last);
            }
            kept.until = now.plus(jittered(self.recent_ttl));
        }
    }
}
