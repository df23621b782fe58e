//! A stream session: one task that turns what the hub queues into `text/event-stream`.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use confab_domain::commands::Identity;
use confab_domain::{ConnectionId, Epoch, Error, Result, RoomId};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::LastEventId;
use super::framing::{COMMENT, put, put_encoded};
use crate::feed::check_accounts;
use crate::hub::{GoLive, Scope, Subscriber, Taken};
use crate::protocol::{CloseCode, StreamFrame};
use crate::session::Registration;
use crate::session::joining::{Joins, Ready, RoomWish, Step, Wish};
use crate::shared::{Place, STORE_TIMEOUT, Shared};

/// Bytes taken from the live queue at once.
const TAKE_BYTES: usize = 32 * 1024;
/// Written bytes that wait for the client before the live queue is left to fill.
const BUFFER_HIGH: usize = 64 * 1024;
/// How long the last words may take to leave.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// One stream.
struct Stream {
    shared: Arc<Shared>,
    subscriber: Arc<Subscriber>,
    registration: Registration,
    epoch: Epoch,
    identity: Identity,
    joins: Joins,
    out: BytesMut,
    sender: mpsc::Sender<Bytes>,
    /// `GET /stream` says where its rooms stand before anything else.
    heads: Option<BTreeMap<RoomId, i64>>,
    reconnect_after_ms: Option<u64>,
}

/// Opens a stream: its chunks, written by a task of its own.
pub(crate) async fn serve_stream(
    shared: &Arc<Shared>,
    identity: Identity,
    scope: Scope,
    last: Option<LastEventId>,
    place: Place,
) -> Result<mpsc::Receiver<Bytes>> {
    let epoch = timeout(STORE_TIMEOUT, shared.epochs.current(shared))
        .await
        .unwrap_or(Err(Error::Unavailable("the store does not answer", None)))?;
    let now = shared.ports.clock.now();
    let subscriber = Subscriber::new(
        ConnectionId::mint(now),
        &identity.actor,
        scope,
        scope == Scope::Rooms,
        now,
    );
    let mut registration = Registration::new(shared, &subscriber, "sse", place);
    registration.arrive();
    // What the person shares is read, before anything is told that depends on it.
    check_accounts(shared, &[subscriber.user_id]).await?;
    let mut joins = Joins::new();
    joins.add(match scope {
        Scope::Rooms => Wish::Rest,
        Scope::Room(room_id) => {
            let after = last.map(|last| (Some(last.epoch), last.cursor));
            Wish::Room(RoomWish {
                after,
                is_asked: true,
                ..RoomWish::at_head(room_id)
            })
        }
    });
    let (sender, receiver) = mpsc::channel(1);
    let mut stream = Stream {
        shared: shared.clone(),
        subscriber,
        registration,
        epoch,
        identity,
        joins,
        out: BytesMut::new(),
        sender,
        heads: (scope == Scope::Rooms).then(BTreeMap::new),
        reconnect_after_ms: None,
    };
    if stream.heads.is_none() {
        stream.connected(None);
    }
    shared.sessions.spawn(stream.run());
    Ok(receiver)
}

/// Something to act on.
enum Input {
    /// There is room to go on.
    Room,
    Taken(Taken),
    Step(Step),
    Time,
    Gone,
}

/// How a stream ends: with a last event, or because the client is gone.
type End = Option<CloseCode>;

impl Stream {
    async fn run(mut self) {
        let mut next_comment = Instant::now() + self.shared.settings.stream_comment_interval;
        let end = loop {
            let goes_on = match self.next_input(next_comment).await {
                Input::Room => Ok(()),
                Input::Taken(taken) => self.on_taken(taken),
                Input::Step(step) => self.on_step(step),
                Input::Gone => Err(None),
                Input::Time => {
                    if Instant::now() >= next_comment {
                        next_comment = Instant::now() + self.shared.settings.stream_comment_interval;
                        if self.out.is_empty() {
                            self.out.extend_from_slice(COMMENT);
                        }
                    }
                    let left = self.identity.expires_at.since(self.shared.ports.clock.now());
                    if left.is_zero() {
                        Err(Some(CloseCode::TokenExpired))
                    } else {
                        Ok(())
                    }
                }
            };
            if let Err(end) = goes_on {
                break end;
            }
            if self.joins.is_idle()
                && let Some(heads) = self.heads.take()
            {
                self.connected(Some(heads));
            }
        };
        self.registration.end(end);
        if let Some(code) = end {
            self.say_closing(code).await;
        }
    }

    async fn next_input(&mut self, next_comment: Instant) -> Input {
        let wake_at = next_comment.min(self.token_ends_at());
        let has_room = self.heads.is_none() && self.out.len() < BUFFER_HIGH;
        let take_bytes = if has_room { TAKE_BYTES } else { 0 };
        let is_written = self.out.is_empty();
        let (joins, subscriber, shared) = (&mut self.joins, &self.subscriber, &self.shared);
        let out = &mut self.out;
        tokio::select! {
            permit = self.sender.reserve(), if !is_written => match permit {
                Ok(permit) => {
                    permit.send(out.split().freeze());
                    Input::Room
                }
                Err(_) => Input::Gone,
            },
            taken = poll_fn(|cx| subscriber.poll_take(cx, take_bytes)) => Input::Taken(taken),
            step = poll_fn(|cx| joins.poll_step(cx, shared, subscriber)), if is_written => {
                step.map_or(Input::Room, Input::Step)
            }
            () = self.sender.closed() => Input::Gone,
            () = sleep_until(wake_at) => Input::Time,
        }
    }

    fn token_ends_at(&self) -> Instant {
        let left = self.identity.expires_at.since(self.shared.ports.clock.now());
        Instant::now() + left.min(Duration::from_hours(24))
    }

    fn on_taken(&mut self, taken: Taken) -> Result<(), End> {
        self.write(&taken);
        for follow in taken.follow {
            if follow.reset || !self.subscriber.follows(follow.room_id) {
                self.joins.add(Wish::Room(follow.into()));
            }
        }
        self.reconnect_after_ms = taken.reconnect_after_ms.or(self.reconnect_after_ms);
        taken.close.map_or(Ok(()), |code| Err(Some(code)))
    }

    fn write(&mut self, taken: &Taken) {
        for frame in &taken.frames {
            put_encoded(&mut self.out, frame, ids_of(&self.subscriber, &self.epoch));
        }
    }

    fn on_step(&mut self, step: Step) -> Result<(), End> {
        for frame in &step.frames {
            put_encoded(&mut self.out, frame, ids_of(&self.subscriber, &self.epoch));
        }
        let (mut behind, mut live) = (Vec::new(), Vec::new());
        for ready in step.ready {
            match self
                .shared
                .hub
                .go_live(&self.subscriber, ready.room_id, ready.replayed_seq, ready.horizon)
            {
                GoLive::Live { lacks } => {
                    match &mut self.heads {
                        Some(heads) => drop(heads.insert(ready.room_id, ready.replayed_seq)),
                        None => self.subscribed(&ready),
                    }
                    live.push(ready.room_id);
                    if lacks {
                        self.shared
                            .healer
                            .note(ready.room_id, self.shared.settings.hole_patience);
                    }
                }
                GoLive::Behind(_) => behind.push(ready.room_id),
                GoLive::Gone => {}
            }
        }
        if !live.is_empty() {
            self.shared.desk.entered_rooms(self.subscriber.user_id, live);
        }
        // The joiner may be gone only with this stream.
        let _ = step.behind.send(behind);
        step.close.map_or(Ok(()), |code| Err(Some(code)))
    }

    /// Says that the events of a room are live, with the id of the last before: who is cut off ahead of the
    /// first event resumes from here too.
    fn subscribed(&mut self, ready: &Ready) {
        let id = ids_of(&self.subscriber, &self.epoch)
            .filter(|(room_id, _)| *room_id == ready.room_id)
            .map(|(_, epoch)| format!("{epoch}.{}", ready.replayed_seq));
        let subscribed = &ready.subscribed;
        let payload = subscribed.frame.payload();
        put(&mut self.out, &subscribed.name, id.as_deref(), &payload);
    }

    fn connected(&mut self, rooms: Option<BTreeMap<RoomId, i64>>) {
        self.say(&StreamFrame::Connected {
            connection_id: self.subscriber.id,
            epoch: self.epoch.to_string(),
            server_time: self.shared.ports.clock.now(),
            rooms,
        });
    }

    fn say(&mut self, frame: &StreamFrame) {
        put(&mut self.out, frame.name(), None, frame.to_json().as_bytes());
    }

    async fn say_closing(&mut self, code: CloseCode) {
        if code != CloseCode::SlowConsumer
            && let std::task::Poll::Ready(taken) = self.subscriber.poll_take(
                &mut std::task::Context::from_waker(std::task::Waker::noop()),
                usize::MAX,
            )
        {
            self.write(&taken);
        }
        self.say(&StreamFrame::Closing {
            code: code.number(),
            reason: code.reason(),
            reconnect_after_ms: code
                .invites_back()
                .then_some(self.reconnect_after_ms.unwrap_or(0)),
        });
        let last = self.out.split().freeze();
        // A client that takes nothing does not get the last word either.
        let _ = timeout(FLUSH_TIMEOUT, self.sender.send(last)).await;
    }
}

fn ids_of<'a>(subscriber: &Subscriber, epoch: &'a Epoch) -> Option<(RoomId, &'a Epoch)> {
    match subscriber.scope {
        Scope::Room(room_id) => Some((room_id, epoch)),
        Scope::Rooms => None,
    }
}
