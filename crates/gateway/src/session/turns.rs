//! Keeps a socket's sends in the order of its frames while many are in flight.
//!
//! A send waits for answers (its budget, its room's kind) before it reaches the store, so a later frame
//! could overtake it. Each frame has a turn; the store is entered in the order of turns, and a turn ends
//! when its send has been handed to the store (the first poll) or has come to nothing.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};

use async_trait::async_trait;
use confab_domain::ports::{Changed, Mark, NewMessage, NewRoom, RoomWrites, Sent};
use confab_domain::{Actor, Deed, Result, RoomId, Timestamp, Trace, UserId};
use parking_lot::Mutex;

tokio::task_local! {
    /// The turn of the frame that is being worked on.
    static TURN: Turn;
}

/// The turns of one socket.
#[derive(Debug, Default)]
pub(super) struct Turns(Arc<Mutex<Line>>);

#[derive(Debug, Default)]
struct Line {
    /// The turn that may enter now.
    front: u64,
    /// Turns after `front` that are over; no more than there are frames in flight.
    over: BTreeSet<u64>,
    next: u64,
    waiting: Vec<(u64, Waker)>,
}

/// One frame's turn; over when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    number: u64,
    line: Arc<Mutex<Line>>,
}

impl Turns {
    /// The next turn.
    pub(super) fn take(&self) -> Turn {
        let mut line = self.0.lock();
        let number = line.next;
        line.next += 1;
        Turn {
            number,
            line: self.0.clone(),
        }
    }
}

impl Turn {
    /// Runs a command whose sends enter the store in this turn.
    pub(super) async fn run<T>(self, command: impl Future<Output = T>) -> T {
        TURN.scope(self, command).await
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            let mut line = self.line.lock();
            if line.front >= self.number {
                return Poll::Ready(());
            }
            line.waiting.retain(|(number, _)| *number != self.number);
            line.waiting.push((self.number, cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    fn end(&self) {
        let mut line = self.line.lock();
        if self.number < line.front {
            return;
        }
        if self.number > line.front {
            line.over.insert(self.number);
            return;
        }
        line.front += 1;
        while line.over.first() == Some(&line.front) {
            line.over.pop_first();
            line.front += 1;
        }
        let front = line.front;
        for (number, waker) in &line.waiting {
            if *number <= front {
                waker.wake_by_ref();
            }
        }
        line.waiting.retain(|(number, _)| *number > front);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.end();
    }
}

/// Room writes that keep turns where there are any.
pub(crate) struct OrderedWrites(pub(crate) Arc<dyn RoomWrites>);

#[async_trait]
impl RoomWrites for OrderedWrites {
    async fn send(&self, message: NewMessage) -> Result<Sent> {
        let Ok(line) = TURN.try_with(|turn| Turn {
            number: turn.number,
            line: turn.line.clone(),
        }) else {
            return self.0.send(message).await;
        };
        line.wait().await;
        let mut sending = pin!(self.0.send(message));
        let mut turn = Some(line);
        poll_fn(|cx| {
            let polled = sending.as_mut().poll(cx);
            // Handed over by now: the next one may enter.
            turn.take();
            polled
        })
        .await
    }

    async fn sent_before(&self, message: &NewMessage) -> Result<Option<Sent>> {
        self.0.sent_before(message).await
    }

    async fn create_room(
        &self,
        room: NewRoom,
        actor: &Actor,
        now: Timestamp,
        trace: Trace,
    ) -> Result<Changed> {
        self.0.create_room(room, actor, now, trace).await
    }

    async fn direct_room(
        &self,
        id: RoomId,
        actor: &Actor,
        peer: UserId,
        now: Timestamp,
        trace: Trace,
    ) -> Result<(Changed, bool)> {
        self.0.direct_room(id, actor, peer, now, trace).await
    }

    async fn change(
        &self,
        room_id: RoomId,
        actor: &Actor,
        deed: Deed,
        now: Timestamp,
        trace: Trace,
    ) -> Result<Changed> {
        self.0.change(room_id, actor, deed, now, trace).await
    }

    async fn mark_read(&self, room_id: RoomId, user_id: UserId, number: i64) -> Result<Mark> {
        self.0.mark_read(room_id, user_id, number).await
    }

    async fn mark_delivered(&self, room_id: RoomId, user_id: UserId, number: i64) -> Result<Mark> {
        self.0.mark_delivered(room_id, user_id, number).await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use futures_util::future::join_all;
    use rand::RngExt;
    use tokio::time::{Duration, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_store_is_entered_in_the_order_of_turns_whatever_came_before() {
        for round in 0..50 {
            let turns = Turns::default();
            let entered = Arc::new(Mutex::new(Vec::new()));
            let commands: Vec<_> = (0..32u64)
                .map(|number| {
                    let (turn, entered) = (turns.take(), entered.clone());
                    let pause = rand::rng().random_range(0..20);
                    turn.run(async move {
                        sleep(Duration::from_millis(pause)).await;
                        if (number + round) % 5 == 0 {
                            return; // Refused before it reached the store.
                        }
                        let turn = TURN.with(|turn| Turn {
                            number: turn.number,
                            line: turn.line.clone(),
                        });
                        turn.wait().await;
                        entered.lock().push(number);
                    })
                })
                .collect();
            join_all(commands).await;
            let entered = entered.lock();
            assert!(entered.is_sorted(), "{entered:?}");
            assert!(entered.len() >= 25);
        }
    }

    #[test]
    fn a_slow_frame_may_be_overtaken_by_any_number_that_never_reach_the_store() {
        let turns = Turns::default();
        let first = turns.take();
        for _ in 0..500 {
            drop(turns.take());
        }
        let last = turns.take();
        assert!(last.wait().now_or_never().is_none());
        drop(first);
        assert!(last.wait().now_or_never().is_some());
        assert!(turns.0.lock().over.is_empty());
    }
}
