//! A WebSocket session: one task that reads, works, writes and keeps time, holding next to nothing when idle.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use confab_domain::commands::Identity;
use confab_domain::ports::Seat;
use confab_domain::rights::Act;
use confab_domain::{ConnectionId, Control, Epoch, Error, RoomId, queries};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until, timeout, timeout_at};

use super::authentication::{Proved, prove_token};
use super::budget::{FrameBudget, Malformed};
use super::closing::say_goodbye;
use super::dispatch::{Outcome, perform, write_mark};
use super::joining::{Joins, RoomWish, Step, Wish};
use super::marks::{MarkKind, Marks, Noted, WaitingMark};
use super::registration::Registration;
use super::turns::Turns;
use crate::hub::{Encoded, GoLive, Scope, Subscriber, Taken};
use crate::measures;
use crate::protocol::{ClientFrame, CloseCode, FrameLimits, Request, Rest, ServerFrame, error_frame};
use crate::shared::{Place, STORE_TIMEOUT, Shared};
use crate::websocket::{Frame, Incoming, Violation, Wire, ping_frame, pong_frame};

/// Bytes taken from the live queue at once.
const TAKE_BYTES: usize = 32 * 1024;
/// How long frames in flight may take when the session ends in order.
const IN_FLIGHT_GRACE: Duration = Duration::from_secs(3);
/// A token's end further away than this is not waited for in one piece.
const WAIT_MAX: Duration = Duration::from_hours(24);

type Work = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Serves one socket to its end. `proved` is none when the first frame is to say who it is.
pub(crate) async fn serve_socket<Io: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    shared: Arc<Shared>,
    io: Io,
    proved: Option<Proved>,
    scope: Scope,
    follow: bool,
    place: Place,
) {
    let mut wire = Wire::new(io);
    let proved = match proved {
        Some(proved) => proved,
        None => match first_frame(&shared, &mut wire).await {
            Some(proved) => proved,
            None => return,
        },
    };
    let identity = match proved {
        Proved::Identity(identity) => identity,
        Proved::Refused(code) => return say_goodbye(&mut wire, code).await,
    };
    if let Scope::Room(room_id) = scope
        && let Err(code) = may_follow(&shared, &identity, room_id).await
    {
        return say_goodbye(&mut wire, code).await;
    }
    match Session::open(shared.clone(), wire, &identity, scope, follow, place).await {
        // A task of its own, so that what the opening needed is not carried along for hours.
        Ok(session) => drop(shared.sessions.spawn(session.run())),
        Err((mut wire, code)) => say_goodbye(&mut wire, code).await,
    }
}

/// Waits for `auth`. None when the client went away.
async fn first_frame<Io: AsyncRead + AsyncWrite + Unpin>(
    shared: &Shared,
    wire: &mut Wire<Io>,
) -> Option<Proved> {
    let deadline = Instant::now() + shared.settings.authentication_timeout;
    let bytes_max = shared.ports.limits.frame_bytes_max;
    loop {
        let Ok(incoming) = timeout_at(deadline, poll_fn(|cx| wire.poll_incoming(cx, bytes_max))).await else {
            return Some(Proved::Refused(CloseCode::AuthenticationTimeout));
        };
        match incoming {
            Incoming::Text(text) => match Request::parse(&text, None, 0).frame {
                Ok(ClientFrame::Auth { token }) => {
                    let proving = timeout_at(deadline, prove_token(&shared.ports, &token)).await;
                    return Some(proving.unwrap_or(Proved::Refused(CloseCode::Overloaded)));
                }
                _ => return Some(Proved::Refused(CloseCode::InvalidToken)),
            },
            Incoming::Binary => return Some(Proved::Refused(CloseCode::InvalidToken)),
            Incoming::Ping(payload) => {
                wire.feed(pong_frame(&payload));
                timeout_at(deadline, poll_fn(|cx| wire.poll_flush(cx)))
                    .await
                    .ok()?
                    .ok()?;
            }
            Incoming::Pong => {}
            Incoming::Close => return Some(Proved::Refused(CloseCode::Normal)),
            Incoming::Violation(violation) => return Some(Proved::Refused(code_of(violation))),
            Incoming::Gone => return None,
        }
    }
}

async fn may_follow(shared: &Shared, identity: &Identity, room_id: RoomId) -> Result<(), CloseCode> {
    match queries::access_for(&shared.ports, &identity.actor, room_id, Act::Read).await {
        // Even the host product's service gets only rooms it is a member of.
        Ok(access) if access.current().is_some() => Ok(()),
        Ok(_) | Err(Error::Forbidden(_)) => Err(CloseCode::Forbidden),
        Err(Error::NotFound) => Err(CloseCode::NoSuchRoom),
        Err(error) => {
            tracing::warn!(%error, room.id = %room_id, "a room cannot be followed now");
            Err(CloseCode::Overloaded)
        }
    }
}

fn code_of(violation: Violation) -> CloseCode {
    match violation {
        Violation::TooLarge => CloseCode::FrameTooLarge,
        Violation::Protocol(rule) => {
            tracing::debug!(rule, "a client broke the rules of WebSocket");
            CloseCode::ProtocolError
        }
    }
}

struct Session<Io> {
    shared: Arc<Shared>,
    subscriber: Arc<Subscriber>,
    registration: Registration,
    wire: Wire<Io>,
    /// Frames being worked on, answered in their order.
    in_flight: FuturesOrdered<Work>,
    turns: Turns,
    joins: Joins,
    /// Made when the client sets its first mark.
    marks: Option<Arc<Marks>>,
    budget: FrameBudget,
    malformed: Malformed,
    frames: u64,
    sleep: Pin<Box<Sleep>>,
    next_ping: Instant,
    last_heard: Instant,
    expires_at: confab_domain::Timestamp,
    is_warned: bool,
}

/// Something to act on.
enum Input {
    Taken(Taken),
    Outcome(Outcome),
    Incoming(Incoming),
    Step(Step),
    Time,
    Gone,
}

/// How a session ends: with a code to say, or without a word because the client is gone.
type End = Option<CloseCode>;

impl<Io: AsyncRead + AsyncWrite + Unpin> Session<Io> {
    async fn open(
        shared: Arc<Shared>,
        mut wire: Wire<Io>,
        identity: &Identity,
        scope: Scope,
        follow: bool,
        place: Place,
    ) -> Result<Self, (Wire<Io>, CloseCode)> {
        let now = shared.ports.clock.now();
        let follows_new_rooms = follow && scope == Scope::Rooms;
        let id = ConnectionId::mint(now);
        let subscriber = Subscriber::new(id, &identity.actor, scope, follows_new_rooms, now);
        // Before anything is read: what is revoked from now on is told to this connection too.
        let mut registration = Registration::new(&shared, &subscriber, "websocket", place);
        let (hello, epoch, seats) = match greet(&shared, &subscriber, follows_new_rooms).await {
            Ok(greeting) => greeting,
            Err(code) => return Err((wire, code)),
        };
        wire.feed(Frame::text(&hello.to_json()).bytes().clone());
        registration.arrive();
        let mut joins = Joins::new();
        match scope {
            Scope::Rooms if follow => joins.add(Wish::Heads(epoch, seats)),
            Scope::Room(room_id) if follow => joins.add(Wish::Room(RoomWish::at_head(room_id))),
            _ => {}
        }
        let start = Instant::now();
        // Spread over the interval, so that those who came together do not beat together.
        let interval = shared.settings.heartbeat_interval;
        let next_ping = start + interval.mul_f64(rand::random_range(0.5..1.0));
        let mut session = Self {
            budget: FrameBudget::new(shared.ports.limits.frames, start),
            shared,
            subscriber,
            registration,
            wire,
            in_flight: FuturesOrdered::new(),
            turns: Turns::default(),
            joins,
            marks: None,
            malformed: Malformed::default(),
            frames: 0,
            sleep: Box::pin(sleep_until(next_ping)),
            next_ping,
            last_heard: start,
            expires_at: identity.expires_at,
            is_warned: false,
        };
        session.set_alarm();
        Ok(session)
    }

    async fn run(mut self) {
        let end = loop {
            let input = poll_fn(|cx| self.poll_input(cx)).await;
            let goes_on = match input {
                Input::Taken(taken) => self.on_taken(taken),
                Input::Outcome(outcome) => self.on_outcome(outcome),
                Input::Incoming(incoming) => self.on_incoming(incoming),
                Input::Step(step) => self.on_step(step),
                Input::Time => self.on_time(),
                Input::Gone => Err(None),
            };
            if let Err(end) = goes_on {
                break end;
            }
        };
        self.close(end).await;
    }

    /// Everything that can happen, writing what is queued only when nothing else is to be done.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Input> {
        loop {
            if !self.wire.has_room() && matches!(self.wire.poll_flush(cx), Poll::Ready(Err(_))) {
                return Poll::Ready(Input::Gone);
            }
            let has_room = self.wire.has_room();
            let take_bytes = if has_room { TAKE_BYTES } else { 0 };
            if let Poll::Ready(taken) = self.subscriber.poll_take(cx, take_bytes) {
                return Poll::Ready(Input::Taken(taken));
            }
            if !self.in_flight.is_empty()
                && let Poll::Ready(Some(outcome)) = self.in_flight.poll_next_unpin(cx)
            {
                return Poll::Ready(Input::Outcome(outcome));
            }
            if self.sleep.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Input::Time);
            }
            let limits = &self.shared.ports.limits;
            let busy = self.in_flight.len() + self.joins.waiting();
            if has_room && busy < limits.frames_in_flight_max {
                let bytes_max = limits.frame_bytes_max;
                if let Poll::Ready(incoming) = self.wire.poll_incoming(cx, bytes_max) {
                    return Poll::Ready(Input::Incoming(incoming));
                }
            }
            if !self.wire.is_flushed() {
                match self.wire.poll_flush(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(Input::Gone),
                    Poll::Pending => return Poll::Pending,
                }
                if !has_room {
                    continue;
                }
            }
            // The client has taken everything: the next step of joining is at its pace.
            match self.joins.poll_step(cx, &self.shared, &self.subscriber) {
                Poll::Ready(Some(step)) => return Poll::Ready(Input::Step(step)),
                Poll::Ready(None) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn on_taken(&mut self, taken: Taken) -> Result<(), End> {
        for frame in &taken.frames {
            self.wire.feed(frame.frame.bytes().clone());
        }
        for follow in taken.follow {
            if follow.reset || !self.subscriber.follows(follow.room_id) {
                self.joins.add(Wish::Room(follow.into()));
            }
        }
        if let Some(reconnect_after_ms) = taken.reconnect_after_ms {
            self.feed(&ServerFrame::ServerClosing { reconnect_after_ms });
        }
        taken.close.map_or(Ok(()), |code| Err(Some(code)))
    }

    fn on_step(&mut self, step: Step) -> Result<(), End> {
        for frame in &step.frames {
            self.wire.feed(frame.frame.bytes().clone());
        }
        let (mut behind, mut live) = (Vec::new(), Vec::new());
        for ready in step.ready {
            match self
                .shared
                .hub
                .go_live(&self.subscriber, ready.room_id, ready.replayed_seq, ready.horizon)
            {
                GoLive::Live { lacks } => {
                    self.wire.feed(ready.subscribed.frame.bytes().clone());
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
        // The joiner may be gone only with this session.
        let _ = step.behind.send(behind);
        step.close.map_or(Ok(()), |code| Err(Some(code)))
    }

    fn on_outcome(&mut self, outcome: Outcome) -> Result<(), End> {
        if self.in_flight.is_empty() {
            self.in_flight = FuturesOrdered::new();
        }
        match outcome {
            Outcome::Reply(reply) => self.feed(&reply),
            Outcome::Silent => {}
            Outcome::Refused(code) => return Err(Some(code)),
            Outcome::Renewed { reference, identity } => {
                if identity.actor.user_id != self.subscriber.user_id {
                    return Err(Some(CloseCode::InvalidToken));
                }
                let (is_other_login, user_id) =
                    (self.subscriber.renew(&identity.actor), self.subscriber.user_id);
                if is_other_login && let Some(session_id) = identity.actor.session_id {
                    // It may have ended between the proof and now, when nobody here rested on it yet.
                    let control = Control::Session { session_id, user_id };
                    self.shared.controls.hint(&self.shared, control);
                }
                self.expires_at = identity.expires_at;
                self.is_warned = false;
                self.set_alarm();
                let mut ack = ServerFrame::ack(reference);
                if let ServerFrame::Ack { expires_at, .. } = &mut ack {
                    *expires_at = Some(identity.expires_at);
                }
                self.feed(&ack);
            }
        }
        Ok(())
    }

    fn on_incoming(&mut self, incoming: Incoming) -> Result<(), End> {
        let now = Instant::now();
        self.last_heard = now;
        match incoming {
            Incoming::Text(text) => {
                if !self.budget.take(now) {
                    return Err(Some(CloseCode::RateLimited));
                }
                let only_room = match self.subscriber.scope {
                    Scope::Rooms => None,
                    Scope::Room(room_id) => Some(room_id),
                };
                let rooms_max = self.shared.ports.limits.rooms_per_connection_max;
                self.on_request(Request::parse(&text, only_room, rooms_max), now)
            }
            Incoming::Binary => {
                let error = Error::invalid("frame", "must be text; binary frames are not understood");
                self.on_malformed(None, &error, now)
            }
            Incoming::Ping(payload) => {
                // A pong costs as much as a frame, so it counts as one.
                if !self.budget.take(now) {
                    return Err(Some(CloseCode::RateLimited));
                }
                self.wire.feed(pong_frame(&payload));
                Ok(())
            }
            Incoming::Pong => Ok(()),
            Incoming::Close => Err(Some(CloseCode::Normal)),
            Incoming::Violation(violation) => Err(Some(code_of(violation))),
            Incoming::Gone => Err(None),
        }
    }

    fn on_request(&mut self, request: Request, now: Instant) -> Result<(), End> {
        let Request { reference, frame } = request;
        let frame = match frame {
            Ok(frame) => frame,
            Err(errors) => return self.on_malformed(reference, &Error::Invalid(errors), now),
        };
        measures::frame_received(frame.name());
        match frame {
            ClientFrame::Subscribe { room_id, after } => {
                let after = after.map(|(epoch, cursor)| (Some(epoch), cursor));
                self.joins.add(Wish::Room(RoomWish {
                    room_id,
                    after,
                    reset: false,
                    reference,
                    is_asked: true,
                    seat: None,
                }));
            }
            ClientFrame::Resume { epoch, rooms, rest } => self.resume(reference, &epoch, rooms, rest),
            ClientFrame::Unsubscribe { room_id } => self.unsubscribe(reference, room_id),
            ClientFrame::Read { room_id, number } if reference.is_none() => {
                self.note_mark(room_id, MarkKind::Read, number);
            }
            ClientFrame::Delivered { room_id, number } if reference.is_none() => {
                self.note_mark(room_id, MarkKind::Delivered, number);
            }
            frame => self.begin(reference, frame),
        }
        Ok(())
    }

    fn resume(
        &mut self,
        reference: Option<String>,
        epoch: &confab_domain::Epoch,
        rooms: Vec<(RoomId, crate::protocol::Cursor)>,
        rest: Rest,
    ) {
        for (room_id, cursor) in rooms {
            let after = Some((Some(epoch.clone()), cursor));
            let wish = RoomWish {
                room_id,
                after,
                reset: false,
                reference: reference.clone(),
                is_asked: true,
                seat: None,
            };
            self.joins.add(Wish::Room(wish));
        }
        if self.subscriber.scope == Scope::Rooms {
            self.subscriber.set_follows_new_rooms(rest == Rest::Head);
            if rest == Rest::Head {
                self.joins.add(Wish::Rest);
            }
        }
        self.joins.add(Wish::Done { reference });
    }

    fn unsubscribe(&mut self, reference: Option<String>, room_id: RoomId) {
        self.joins.forget(room_id);
        let followed = self.subscriber.follows(room_id);
        self.subscriber
            .decline(room_id, self.shared.ports.limits.rooms_per_connection_max);
        if self.shared.hub.end(&self.subscriber, room_id) {
            self.shared
                .desk
                .left_rooms(self.subscriber.user_id, vec![room_id]);
        }
        if followed {
            self.feed(&ServerFrame::Unsubscribed {
                reference,
                room_id,
                reason: "requested",
            });
        } else {
            self.feed(&error_frame(reference, Some(room_id), &Error::NotFound));
        }
    }

    fn note_mark(&mut self, room_id: RoomId, kind: MarkKind, number: i64) {
        let marks = self.marks.get_or_insert_default();
        let mark = WaitingMark {
            room_id,
            kind,
            number,
        };
        match marks.note(mark) {
            Noted::Waits => {}
            Noted::NeedsWriter => {
                let (marks, shared) = (marks.clone(), self.shared.clone());
                let subscriber = self.subscriber.clone();
                // Beside the session: what waits is written though the client goes.
                self.shared.sessions.spawn(async move {
                    marks
                        .write_out(|mark| write_mark(&shared, &subscriber, mark))
                        .await;
                });
            }
            Noted::NoRoom => self.begin(
                None,
                match kind {
                    MarkKind::Read => ClientFrame::Read { room_id, number },
                    MarkKind::Delivered => ClientFrame::Delivered { room_id, number },
                },
            ),
        }
    }

    fn begin(&mut self, reference: Option<String>, frame: ClientFrame) {
        self.frames += 1;
        let correlation_id: Arc<str> = format!("{}-{}", self.subscriber.id, self.frames).into();
        let working = perform(
            self.shared.clone(),
            self.subscriber.clone(),
            reference,
            frame,
            correlation_id,
        );
        self.in_flight.push_back(Box::pin(self.turns.take().run(working)));
    }

    fn on_malformed(&mut self, reference: Option<String>, error: &Error, now: Instant) -> Result<(), End> {
        measures::frames_malformed();
        if self.malformed.note(now) {
            return Err(Some(CloseCode::MalformedFrames));
        }
        self.feed(&error_frame(reference, None, error));
        Ok(())
    }

    fn on_time(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if now.duration_since(self.last_heard) >= self.shared.settings.silence_max {
            return Err(Some(CloseCode::HeartbeatTimeout));
        }
        let left = self.expires_at.since(self.shared.ports.clock.now());
        if left.is_zero() {
            return Err(Some(CloseCode::TokenExpired));
        }
        if left <= self.shared.settings.expiry_warning && !self.is_warned {
            self.is_warned = true;
            self.feed(&ServerFrame::TokenExpiring {
                expires_at: self.expires_at,
            });
        }
        if now >= self.next_ping {
            self.wire.feed(ping_frame());
            self.next_ping = now + self.shared.settings.heartbeat_interval;
        }
        self.set_alarm();
        Ok(())
    }

    /// Sets the one timer to whatever is due first.
    fn set_alarm(&mut self) {
        let now = Instant::now();
        let left = self.expires_at.since(self.shared.ports.clock.now()).min(WAIT_MAX);
        let to_warning = left.saturating_sub(self.shared.settings.expiry_warning);
        let of_token = now + if self.is_warned { left } else { to_warning };
        let of_silence = self.last_heard + self.shared.settings.silence_max;
        self.sleep
            .as_mut()
            .reset(self.next_ping.min(of_silence).min(of_token));
    }

    fn feed(&mut self, frame: &ServerFrame) {
        self.wire.feed(Frame::text(&frame.to_json()).bytes().clone());
    }

    async fn close(mut self, end: End) {
        self.registration.end(end);
        if let Some(marks) = &self.marks {
            marks.hurry();
        }
        if end.is_some_and(CloseCode::is_orderly) {
            // What was begun is finished and answered, as far as it takes no longer than the grace.
            let _ = timeout(IN_FLIGHT_GRACE, self.finish_work()).await;
        }
        if let Some(code) = end {
            for frame in self.rest_of_queue() {
                self.wire.feed(frame.frame.bytes().clone());
            }
            say_goodbye(&mut self.wire, code).await;
        }
        tracing::debug!(connection.id = %self.subscriber.id, code = end.map(CloseCode::number), "a socket ended");
    }

    async fn finish_work(&mut self) {
        while let Some(outcome) = self.in_flight.next().await {
            if let Outcome::Reply(reply) = outcome {
                self.feed(&reply);
            }
        }
    }

    fn rest_of_queue(&self) -> Vec<Arc<Encoded>> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match self.subscriber.poll_take(&mut cx, usize::MAX) {
            Poll::Ready(taken) => taken.frames,
            Poll::Pending => Vec::new(),
        }
    }
}

/// The first word, and the rooms to follow.
async fn greet(
    shared: &Shared,
    subscriber: &Subscriber,
    follows: bool,
) -> Result<(ServerFrame, Epoch, Vec<Seat>), CloseCode> {
    let ports = &shared.ports;
    let limits = &ports.limits;
    let reading = async {
        let epoch = shared.epochs.current(shared).await?;
        let user = ports.accounts.user(subscriber.user_id).await?;
        let (seats_epoch, seats, rooms_truncated) = if follows {
            ports
                .room_reads
                .seats(subscriber.user_id, limits.rooms_per_connection_max)
                .await?
        } else {
            (epoch.clone(), Vec::new(), false)
        };
        Ok((epoch, user, seats_epoch, seats, rooms_truncated))
    };
    let read = timeout(STORE_TIMEOUT, reading).await;
    let (epoch, user, seats_epoch, seats, rooms_truncated) = read
        .unwrap_or(Err(Error::Unavailable("the store does not answer", None)))
        .map_err(|error| {
            tracing::warn!(%error, connection.id = %subscriber.id, "a socket cannot be greeted now");
            CloseCode::Overloaded
        })?;
    let mut user = user.ok_or(CloseCode::InvalidToken)?;
    user.expire_status(ports.clock.now());
    subscriber.set_shares_read_marks(user.privacy.shares_read_marks);
    let hello = ServerFrame::Hello {
        connection_id: subscriber.id,
        epoch: epoch.as_str().to_owned(),
        user: Box::new(user.into()),
        heartbeat_interval_ms: shared.settings.heartbeat_interval.as_millis() as u64,
        limits: FrameLimits {
            frame_bytes_max: limits.frame_bytes_max,
            frames_per_window: limits.frames.limit,
            frames_window_ms: limits.frames.window.as_millis() as u64,
            frames_in_flight_max: limits.frames_in_flight_max,
            rooms_max: limits.rooms_per_connection_max,
        },
        protocol: 1,
        server_time: ports.clock.now(),
        rooms_truncated,
    };
    Ok((hello, seats_epoch, seats))
}
