//! Joining the stream of rooms without a hole or a leak, at the client's pace.
//!
//! A room is followed *pending* first, so that the hub notes what happens there. Then pages are read, each
//! with membership, epoch, head and events of one snapshot, handed to the session and flushed. Under the
//! room's lock the session goes live where what was replayed equals what was noted; else it reads on.
//! **A session that is at the head already costs one read, shared with others, for all its rooms.**

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use confab_domain::ports::{LogPage, LogRequest, Seat};
use confab_domain::{Epoch, Error, EventBody, Horizon, Member, Result, RoomId, RoomKind};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::hub::{Encoded, Follow, Subscriber, replayed, word_of};
use crate::measures;
use crate::protocol::{CloseCode, Cursor, ServerFrame, error_frame};
use crate::shared::{STORE_TIMEOUT, Shared};

/// Rooms in one step of a session.
const ROOMS_A_STEP: usize = 64;
/// Rooms whose heads are read in one request.
const HEADS_AT_ONCE: usize = 256;
/// Rooms that are replayed side by side.
const ROOMS_A_PAGE: usize = 16;
/// Events in one page, over its rooms.
const EVENTS_A_PAGE: usize = 200;
/// Waits between attempts to read; after the last the wish fails.
const RETRIES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1_500),
];

/// What a session wants to follow.
#[derive(Debug)]
pub(crate) enum Wish {
    /// One room.
    Room(RoomWish),
    /// These rooms from their heads, as they were read a moment ago.
    Heads(Epoch, Vec<Seat>),
    /// All rooms of the person that it does not follow yet, from their heads.
    Rest,
    /// The end of a `resume`: its reply.
    Done { reference: Option<String> },
}

/// One room to follow.
#[derive(Debug)]
pub(crate) struct RoomWish {
    pub(crate) room_id: RoomId,
    /// What the client saw last; none to begin at the head.
    pub(crate) after: Option<(Option<Epoch>, Cursor)>,
    /// What was missed cannot be had.
    pub(crate) reset: bool,
    pub(crate) reference: Option<String>,
    /// The client asked, and is told when it may not.
    pub(crate) is_asked: bool,
    /// What was read already, in this life of the database.
    pub(crate) seat: Option<Box<(Epoch, Seat)>>,
}

impl RoomWish {
    /// A room from its head.
    pub(crate) fn at_head(room_id: RoomId) -> Self {
        Self {
            room_id,
            after: None,
            reset: false,
            reference: None,
            is_asked: false,
            seat: None,
        }
    }

    fn seated(epoch: &Epoch, seat: Seat) -> Self {
        let room_id = seat.member.room_id;
        Self {
            seat: Some(Box::new((epoch.clone(), seat))),
            ..Self::at_head(room_id)
        }
    }
}

impl From<Follow> for RoomWish {
    fn from(follow: Follow) -> Self {
        let after = follow.after_seq.map(|seq| {
            (
                None,
                Cursor {
                    seq: seq.max(0),
                    event_id: None,
                },
            )
        });
        Self {
            after,
            reset: follow.reset,
            ..Self::at_head(follow.room_id)
        }
    }
}

/// What a session does next: write the frames, flush, then go live in the rooms that are ready.
pub(crate) struct Step {
    pub(crate) frames: Vec<Arc<Encoded>>,
    pub(crate) ready: Vec<Ready>,
    /// Closes the session: its wish cannot be granted now.
    pub(crate) close: Option<CloseCode>,
    /// Tells the rooms that are not live yet because more has happened.
    pub(crate) behind: oneshot::Sender<Vec<RoomId>>,
}

/// A room of which everything up to `replayed_seq` was handed over.
pub(crate) struct Ready {
    pub(crate) room_id: RoomId,
    pub(crate) replayed_seq: i64,
    pub(crate) horizon: Horizon,
    /// Written at the moment of going live.
    pub(crate) subscribed: Arc<Encoded>,
}

/// A room on its way.
struct Joining {
    wish: RoomWish,
    kind: RoomKind,
    replayed_seq: i64,
    member: Member,
    last_number: i64,
    reset: bool,
}

struct Joiner<'a> {
    shared: &'a Shared,
    subscriber: &'a Arc<Subscriber>,
    steps: mpsc::Sender<Step>,
    /// Events that may still be replayed.
    budget: i64,
    /// Rooms of two in which the person is shown to the other, and the other to them.
    shown: Option<HashSet<RoomId>>,
}

/// The session went away: there is nobody to join for.
struct Left;

/// Grants wishes in order; ends when all rooms are live (or refused), or when the session is gone.
pub(crate) async fn join(
    shared: Arc<Shared>,
    subscriber: Arc<Subscriber>,
    wishes: Vec<Wish>,
    steps: mpsc::Sender<Step>,
) {
    let budget = shared.ports.limits.replay_events_per_connection_max;
    let mut joiner = Joiner {
        shared: &shared,
        subscriber: &subscriber,
        steps,
        budget,
        shown: None,
    };
    // The error says that nobody is left to join for.
    let _ = joiner.grant(wishes).await;
}

impl Joiner<'_> {
    async fn grant(&mut self, wishes: Vec<Wish>) -> Result<(), Left> {
        let mut rooms: Vec<RoomWish> = Vec::new();
        let mut named: HashSet<RoomId> = HashSet::new();
        for wish in wishes {
            match wish {
                Wish::Room(wish) => {
                    // The same room twice: the first is answered before the second begins.
                    if !named.insert(wish.room_id) {
                        self.follow(std::mem::take(&mut rooms)).await?;
                        named.clear();
                        named.insert(wish.room_id);
                    }
                    rooms.push(wish);
                }
                Wish::Heads(epoch, seats) => {
                    rooms.extend(seats.into_iter().map(|seat| RoomWish::seated(&epoch, seat)));
                }
                Wish::Rest => {
                    self.follow(std::mem::take(&mut rooms)).await?;
                    named.clear();
                    self.follow_rest().await?;
                }
                Wish::Done { reference } => {
                    self.follow(std::mem::take(&mut rooms)).await?;
                    named.clear();
                    let ack = ServerFrame::ack(reference).to_json();
                    self.say(vec![Encoded::reply("ack", &ack)]).await?;
                }
            }
        }
        self.follow(rooms).await
    }

    async fn follow_rest(&mut self) -> Result<(), Left> {
        let limit = self.shared.ports.limits.rooms_per_connection_max;
        let seats = timeout(
            STORE_TIMEOUT,
            self.shared.ports.room_reads.seats(self.subscriber.user_id, limit),
        )
        .await;
        match seats.unwrap_or(Err(Error::Unavailable("the store does not answer", None))) {
            Ok((epoch, seats, _)) => {
                let wishes = seats
                    .into_iter()
                    .filter(|seat| self.subscriber.wants(seat.member.room_id, limit))
                    .map(|seat| RoomWish::seated(&epoch, seat))
                    .collect();
                self.follow(wishes).await
            }
            Err(error) => self.fail(&error).await,
        }
    }

    async fn follow(&mut self, wishes: Vec<RoomWish>) -> Result<(), Left> {
        let mut wishes = wishes.into_iter().peekable();
        while wishes.peek().is_some() {
            let lot: Vec<RoomWish> = wishes.by_ref().take(HEADS_AT_ONCE).collect();
            self.follow_lot(lot).await?;
        }
        Ok(())
    }

    async fn follow_lot(&mut self, wishes: Vec<RoomWish>) -> Result<(), Left> {
        let mut begun = Vec::with_capacity(wishes.len());
        let mut refused = Vec::new();
        let (mut at_head, mut behind) = (Vec::new(), Vec::new());
        for mut wish in wishes {
            // A hint that the person came into a room may cross the list of their rooms at the start: whichever
            // comes second would replay what the first has handed over.
            if !wish.is_asked && !wish.reset && self.subscriber.follows(wish.room_id) {
                continue;
            }
            if self.shared.hub.begin(self.subscriber, wish.room_id) {
                match self.seated(&mut wish) {
                    Some(seat) => at_head.push(Joining {
                        wish,
                        kind: seat.kind,
                        replayed_seq: seat.head.last_seq,
                        member: seat.member,
                        last_number: seat.head.last_number,
                        reset: false,
                    }),
                    None => begun.push(wish),
                }
            } else if wish.is_asked {
                let error = Error::Conflict("this connection follows as many rooms as it may");
                refused.push(refusal(&wish, &error));
            }
        }
        if !refused.is_empty() {
            self.say(refused).await?;
        }
        let requests = begun.iter().map(|wish| self.request(wish, 0)).collect();
        let pages = match self.read(requests).await {
            Ok(pages) => pages,
            Err(error) => return self.give_up(begun, &error).await,
        };
        for (wish, page) in begun.into_iter().zip(pages) {
            let member = page.membership.clone().filter(Member::is_current);
            match member.zip(page.kind) {
                None => {
                    let after_seq = wish.after.as_ref().map_or(0, |(_, cursor)| cursor.seq);
                    self.refuse(wish, &page, after_seq).await?;
                }
                Some((member, kind)) => {
                    let joining = self.begin_after(wish, member, kind, &page);
                    if joining.replayed_seq < page.head.last_seq {
                        &mut behind
                    } else {
                        &mut at_head
                    }
                    .push(joining);
                }
            }
        }
        behind.extend(self.go_live(at_head).await?);
        self.catch_up(behind).await
    }

    /// Whether what was read before the room was followed is enough. In a room that is served here it is: what
    /// happened since, a removal too, is ahead of the room's order or makes going live fail. In others
    /// nobody noted it, so they are read again.
    fn seated(&self, wish: &mut RoomWish) -> Option<Seat> {
        let (epoch, seat) = *wish.seat.take()?;
        self.shared.hub.position(wish.room_id)?;
        self.shared.epochs.accepts(&epoch).then_some(seat)
    }

    /// Decides from where a room is replayed, or that it is not.
    fn begin_after(&mut self, wish: RoomWish, member: Member, kind: RoomKind, page: &LogPage) -> Joining {
        let head = page.head.last_seq;
        let limits = &self.shared.ports.limits;
        let mut reset = wish.reset;
        let mut replayed_seq = head;
        if let (false, Some((epoch, cursor))) = (reset, &wish.after) {
            let missed = head - cursor.seq;
            let is_other_life = epoch.as_ref().is_some_and(|epoch| *epoch != page.epoch);
            reset = is_other_life
                || page.id_differs
                || missed < 0
                || cursor.seq < page.head.log_floor_seq
                || missed > limits.replay_events_per_room_max
                || missed > self.budget;
            if !reset {
                self.budget -= missed;
                replayed_seq = cursor.seq;
            }
        }
        if reset {
            measures::resets(1);
        }
        Joining {
            wish,
            kind,
            replayed_seq,
            member,
            last_number: page.head.last_number,
            reset,
        }
    }

    /// Replays what rooms lack, page by page, until all are live.
    async fn catch_up(&mut self, mut behind: Vec<Joining>) -> Result<(), Left> {
        while !behind.is_empty() {
            let rest = behind.split_off(behind.len().min(ROOMS_A_PAGE));
            let limit = (EVENTS_A_PAGE / behind.len()).max(1);
            let requests = behind
                .iter()
                .map(|joining| LogRequest {
                    room_id: joining.wish.room_id,
                    viewer: Some(self.subscriber.user_id),
                    after_seq: joining.replayed_seq,
                    limit,
                    event_id: None,
                })
                .collect();
            let pages = match self.read(requests).await {
                Ok(pages) => pages,
                Err(error) => {
                    let wishes = behind
                        .into_iter()
                        .chain(rest)
                        .map(|joining| joining.wish)
                        .collect();
                    return self.give_up(wishes, &error).await;
                }
            };
            let mut sorted = Sorted::default();
            for (joining, page) in behind.into_iter().zip(pages) {
                take_page(joining, page, &mut sorted);
            }
            let Sorted {
                frames,
                ready,
                mut unread,
                removed,
            } = sorted;
            measures::replayed(frames.len() as u64);
            self.say(frames).await?;
            for (joining, page) in removed {
                self.refuse(joining.wish, &page, joining.replayed_seq).await?;
            }
            unread.extend(self.go_live(ready).await?);
            unread.extend(rest);
            behind = unread;
        }
        Ok(())
    }

    /// Hands rooms over that are at their heads; those that fell behind meanwhile come back.
    async fn go_live(&mut self, rooms: Vec<Joining>) -> Result<Vec<Joining>, Left> {
        let mut behind = Vec::new();
        let mut rooms = rooms.into_iter().peekable();
        while rooms.peek().is_some() {
            let lot: Vec<Joining> = rooms.by_ref().take(ROOMS_A_STEP).collect();
            let mut ready = Vec::with_capacity(lot.len());
            for joining in &lot {
                ready.push(self.ready(joining).await);
            }
            let late: HashSet<RoomId> = self.step(Vec::new(), ready, None).await?.into_iter().collect();
            behind.extend(
                lot.into_iter()
                    .filter(|joining| late.contains(&joining.wish.room_id)),
            );
        }
        Ok(behind)
    }

    /// How many are there; of a direct room in which one of the two has blocked the other, oneself alone.
    async fn present_count(&mut self, joining: &Joining) -> u64 {
        let room_id = joining.wish.room_id;
        let count = self
            .shared
            .desk
            .present_count(self.shared, room_id, self.subscriber.user_id)
            .await;
        if joining.kind != RoomKind::Direct || count <= 1 {
            return count;
        }
        // Asked at most once, and only where somebody is there to be hidden.
        if self.shown.is_none() {
            let (reads, user_id) = (&self.shared.ports.room_reads, self.subscriber.user_id);
            let shown = timeout(STORE_TIMEOUT, reads.small_rooms_of(user_id, 2)).await;
            self.shown = Some(
                shown
                    .ok()
                    .and_then(Result::ok)
                    .unwrap_or_default()
                    .into_iter()
                    .collect(),
            );
        }
        let is_shown = self.shown.as_ref().is_some_and(|shown| shown.contains(&room_id));
        if is_shown { count } else { 1 }
    }

    async fn ready(&mut self, joining: &Joining) -> Ready {
        let room_id = joining.wish.room_id;
        let frame = ServerFrame::Subscribed {
            reference: joining.wish.reference.clone(),
            room_id,
            last_seq: joining.replayed_seq,
            reset: joining.reset,
            my_role: joining.member.role,
            last_read_number: joining.member.last_read_number,
            unread: joining.member.unread(joining.last_number),
            present_count: self.present_count(joining).await,
        };
        Ready {
            room_id,
            replayed_seq: joining.replayed_seq,
            horizon: joining.member.horizon(),
            subscribed: Encoded::notice("subscribed", room_id, &frame.to_json()),
        }
    }

    /// A room that is not the person's (any more), by a page that was read after `after_seq`.
    async fn refuse(&mut self, wish: RoomWish, page: &LogPage, after_seq: i64) -> Result<(), Left> {
        self.shared.hub.end(self.subscriber, wish.room_id);
        let is_other_life = wish
            .after
            .as_ref()
            .and_then(|(epoch, _)| epoch.as_ref())
            .is_some_and(|epoch| *epoch != page.epoch);
        // One who never belonged to the room learns nothing of it, and of another life nothing fits.
        let may_be_told =
            page.membership.is_some() && page.kind.is_some() && !is_other_life && !page.id_differs;
        let farewell = if may_be_told && (wish.after.is_some() || after_seq > 0) {
            self.farewell(&wish, after_seq).await
        } else {
            None
        };
        let frames = match farewell {
            Some(frames) => frames,
            None if wish.is_asked => vec![refusal(&wish, &Error::NotFound)],
            // It was told of the room before, and must learn that it is out.
            None if wish.reset => vec![last_word(&wish, "removed")],
            None => Vec::new(),
        };
        self.say(frames).await
    }

    /// The person's own `user_left` out of what they missed after `after_seq`, and the last word; nothing else
    /// of it, since the log shows the present state, which is not for them. None when it is not to be found
    /// within as many events as a replay may have.
    async fn farewell(&mut self, wish: &RoomWish, mut after_seq: i64) -> Option<Vec<Arc<Encoded>>> {
        let mut left = self
            .shared
            .ports
            .limits
            .replay_events_per_room_max
            .min(self.budget);
        let mut own_leaving = None;
        loop {
            let request = LogRequest {
                after_seq,
                event_id: None,
                ..self.request(wish, EVENTS_A_PAGE)
            };
            let page = self.read(vec![request]).await.ok()?.pop()?;
            let left_at = page.membership.as_ref()?.left_at?;
            // What was trimmed may hold it.
            if page
                .events
                .first()
                .is_some_and(|event| event.seq != after_seq + 1)
            {
                return None;
            }
            for event in &page.events {
                if let EventBody::UserLeft { user_id, reason } = event.body
                    && user_id == self.subscriber.user_id
                {
                    own_leaving = Some((event.clone(), reason));
                }
            }
            let count = page.events.len() as i64;
            (left, self.budget) = (left - count, self.budget - count);
            let is_latest = own_leaving
                .as_ref()
                .is_some_and(|(event, _)| event.occurred_at >= left_at);
            after_seq = page.events.last().map_or(page.head.last_seq, |event| event.seq);
            if is_latest || after_seq >= page.head.last_seq {
                break;
            }
            if left <= 0 {
                return None;
            }
        }
        let (event, reason) = own_leaving?;
        let last_word = last_word(wish, word_of(reason));
        let own_leaving = replayed(std::slice::from_ref(&event), Horizon::ALL);
        Some(own_leaving.chain([last_word]).collect())
    }

    /// The store stays away. A single wish is refused; a session that cannot follow its rooms comes back.
    async fn give_up(&mut self, wishes: Vec<RoomWish>, error: &Error) -> Result<(), Left> {
        for wish in &wishes {
            self.shared.hub.end(self.subscriber, wish.room_id);
        }
        match wishes.as_slice() {
            [wish] if wish.is_asked => self.say(vec![refusal(wish, error)]).await,
            _ => self.fail(error).await,
        }
    }

    async fn fail(&mut self, error: &Error) -> Result<(), Left> {
        tracing::warn!(%error, connection.id = %self.subscriber.id, "rooms cannot be followed now");
        self.step(Vec::new(), Vec::new(), Some(CloseCode::Overloaded))
            .await?;
        Err(Left)
    }

    async fn say(&self, frames: Vec<Arc<Encoded>>) -> Result<(), Left> {
        if !frames.is_empty() {
            self.step(frames, Vec::new(), None).await?;
        }
        Ok(())
    }

    /// Hands a step over and waits until the session has done it.
    async fn step(
        &self,
        frames: Vec<Arc<Encoded>>,
        ready: Vec<Ready>,
        close: Option<CloseCode>,
    ) -> Result<Vec<RoomId>, Left> {
        let (behind, answered) = oneshot::channel();
        self.steps
            .send(Step {
                frames,
                ready,
                close,
                behind,
            })
            .await
            .map_err(|_| Left)?;
        answered.await.map_err(|_| Left)
    }

    fn request(&self, wish: &RoomWish, limit: usize) -> LogRequest {
        let cursor = wish.after.as_ref().map(|(_, cursor)| *cursor);
        LogRequest {
            room_id: wish.room_id,
            viewer: Some(self.subscriber.user_id),
            after_seq: cursor.map_or(0, |cursor| cursor.seq),
            limit,
            event_id: cursor.and_then(|cursor| cursor.event_id),
        }
    }

    async fn read(&self, requests: Vec<LogRequest>) -> Result<Vec<LogPage>> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let hub = &self.shared.hub;
        let heard: Vec<i64> = requests
            .iter()
            .map(|request| hub.heard(request.room_id))
            .collect();
        for pause in RETRIES {
            match self.shared.replays.read(requests.clone()).await {
                Err(Error::Unavailable(..)) => sleep(pause).await,
                read => return self.checked(read, &heard),
            }
        }
        self.checked(self.shared.replays.read(requests).await, &heard)
    }

    fn checked(&self, read: Result<Vec<LogPage>>, heard: &[i64]) -> Result<Vec<LogPage>> {
        // A page of another life makes the gateway ask the store; its own content is the store's word.
        if let Ok(Some(page)) = read.as_ref().map(|pages| pages.first()) {
            self.shared.epochs.accepts(&page.epoch);
        }
        // What was heard before the query is in the store, unless the store went back: nobody could catch up.
        let went_back = |(page, heard): (&LogPage, &i64)| page.kind.is_some() && page.head.last_seq < *heard;
        if let Ok(pages) = &read
            && pages.iter().zip(heard).any(went_back)
        {
            self.shared.epochs.went_back();
        }
        read
    }
}

/// Rooms by what their pages said.
#[derive(Default)]
struct Sorted {
    frames: Vec<Arc<Encoded>>,
    ready: Vec<Joining>,
    unread: Vec<Joining>,
    /// Those that are not the person's any more.
    removed: Vec<(Joining, LogPage)>,
}

fn take_page(mut joining: Joining, page: LogPage, sorted: &mut Sorted) {
    let Sorted {
        frames,
        ready,
        unread,
        removed,
    } = sorted;
    let Some(member) = page
        .membership
        .clone()
        .filter(|member| member.is_current() && page.kind.is_some())
    else {
        removed.push((joining, page));
        return;
    };
    let horizon = member.horizon();
    joining.member = member;
    joining.last_number = page.head.last_number;
    let is_next = page
        .events
        .first()
        .is_none_or(|event| event.seq == joining.replayed_seq + 1);
    match page.events.last() {
        // The log was trimmed meanwhile, or does not hold what the head promises: not a partial replay.
        None if joining.replayed_seq < page.head.last_seq => reset_at(&mut joining, &page),
        Some(_) if !is_next => reset_at(&mut joining, &page),
        None => {}
        Some(last) => {
            joining.replayed_seq = last.seq;
            frames.extend(replayed(&page.events, horizon));
        }
    }
    if joining.replayed_seq >= page.head.last_seq {
        ready
    } else {
        unread
    }
    .push(joining);
}

fn reset_at(joining: &mut Joining, page: &LogPage) {
    measures::resets(1);
    joining.reset = true;
    joining.replayed_seq = page.head.last_seq;
}

fn last_word(wish: &RoomWish, reason: &'static str) -> Arc<Encoded> {
    let frame = ServerFrame::Unsubscribed {
        reference: wish.reference.clone(),
        room_id: wish.room_id,
        reason,
    };
    Encoded::notice("unsubscribed", wish.room_id, &frame.to_json())
}

fn refusal(wish: &RoomWish, error: &Error) -> Arc<Encoded> {
    let frame = error_frame(wish.reference.clone(), Some(wish.room_id), error);
    Encoded::notice("error", wish.room_id, &frame.to_json())
}

/// The joiner of a session: wishes wait until the one before is granted.
pub(crate) struct Joins {
    wishes: Vec<Wish>,
    active: Option<Active>,
}

struct Active {
    steps: mpsc::Receiver<Step>,
    task: tokio::task::AbortHandle,
}

impl Drop for Active {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Joins {
    pub(crate) const fn new() -> Self {
        Self {
            wishes: Vec::new(),
            active: None,
        }
    }

    /// Adds a wish.
    pub(crate) fn add(&mut self, wish: Wish) {
        self.wishes.push(wish);
    }

    /// Forgets waiting wishes for a room.
    pub(crate) fn forget(&mut self, room_id: RoomId) {
        self.wishes
            .retain(|wish| !matches!(wish, Wish::Room(wish) if wish.room_id == room_id));
    }

    /// Wishes that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.wishes.len()
    }

    /// Whether anything is being joined or waits for it.
    pub(crate) fn is_idle(&self) -> bool {
        self.active.is_none() && self.wishes.is_empty()
    }

    /// The next step of the session; none once when all wishes were granted; pending when there are none.
    pub(crate) fn poll_step(
        &mut self,
        cx: &mut std::task::Context<'_>,
        shared: &Arc<Shared>,
        subscriber: &Arc<Subscriber>,
    ) -> std::task::Poll<Option<Step>> {
        loop {
            if self.active.is_none() && !self.wishes.is_empty() {
                let (sender, steps) = mpsc::channel(1);
                let wishes = std::mem::take(&mut self.wishes);
                let joining = join(shared.clone(), subscriber.clone(), wishes, sender);
                let task = tokio::spawn(joining).abort_handle();
                self.active = Some(Active { steps, task });
            }
            let Some(active) = &mut self.active else {
                return std::task::Poll::Pending;
            };
            if let Some(step) = std::task::ready!(active.steps.poll_recv(cx)) {
                return std::task::Poll::Ready(Some(step));
            }
            self.active = None;
            if self.wishes.is_empty() {
                return std::task::Poll::Ready(None);
            }
        }
    }
}
