//! Typing: at most one signal per 3 s a person and room, and it ends by itself after 6 s.

use std::collections::HashMap;
use std::time::Duration;

use confab_domain::ports::Signal;
use confab_domain::{RoomId, UserId};
use foldhash::fast::FixedState;
use parking_lot::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::shared::Shared;

/// A person and room signal no more often.
const EVERY: Duration = Duration::from_secs(3);
/// Typing that is not renewed ends after this.
const ENDS_AFTER: Duration = Duration::from_secs(6);
const SWEEP_INTERVAL: Duration = Duration::from_millis(500);
/// People and rooms that are remembered; more are not signalled.
const REMEMBERED_MAX: usize = 100_000;

#[derive(Clone, Copy, Debug)]
struct Typist {
    last_signal: Instant,
    /// When it ends by itself; none once it has ended.
    ends_at: Option<Instant>,
}

/// Who types where, through this node.
#[derive(Debug, Default)]
pub(crate) struct Typing(Mutex<HashMap<(UserId, RoomId), Typist, FixedState>>);

impl Typing {
    /// Whether a signal is to be sent.
    pub(crate) fn admits(&self, user_id: UserId, room_id: RoomId, active: bool) -> bool {
        let now = Instant::now();
        let mut typists = self.0.lock();
        let is_full = typists.len() >= REMEMBERED_MAX;
        match typists.get_mut(&(user_id, room_id)) {
            None if active && !is_full => {
                typists.insert(
                    (user_id, room_id),
                    Typist {
                        last_signal: now,
                        ends_at: Some(now + ENDS_AFTER),
                    },
                );
                true
            }
            None => false,
            Some(typist) if active => {
                let is_due = now.duration_since(typist.last_signal) >= EVERY;
                if is_due {
                    typist.last_signal = now;
                }
                if is_due || typist.ends_at.is_some() {
                    typist.ends_at = Some(now + ENDS_AFTER);
                }
                is_due
            }
            Some(typist) => typist.ends_at.take().is_some(),
        }
    }

    /// Does not end, for nobody was told that it began.
    pub(crate) fn forget(&self, user_id: UserId, room_id: RoomId) {
        if let Some(typist) = self.0.lock().get_mut(&(user_id, room_id)) {
            typist.ends_at = None;
        }
    }

    /// Takes those whose typing has ended by itself.
    fn take_ended(&self, now: Instant) -> Vec<(UserId, RoomId)> {
        let mut ended = Vec::new();
        self.0.lock().retain(|who_and_where, typist| {
            if typist.ends_at.is_some_and(|ends_at| ends_at <= now) {
                typist.ends_at = None;
                ended.push(*who_and_where);
            }
            typist.ends_at.is_some() || now.duration_since(typist.last_signal) < EVERY
        });
        ended
    }

    /// Ends what is not renewed, for as long as the gateway runs.
    pub(crate) async fn run(&self, shared: &Shared) {
        let mut tick = interval(SWEEP_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            for (user_id, room_id) in self.take_ended(Instant::now()) {
                shared.ports.signals.send(Signal::Typing {
                    room_id,
                    user_id,
                    active: false,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::testing::{a_room, person};

    #[tokio::test(start_paused = true)]
    async fn at_most_one_in_three_seconds_and_an_end_by_itself() {
        let typing = Typing::default();
        let admits = |active| typing.admits(person(1), a_room(), active);
        assert!(admits(true));
        assert!(!admits(true));
        assert!(admits(false), "an end is told once");
        assert!(!admits(false));
        assert!(!admits(true), "beginning again counts too");
        advance(Duration::from_secs(3)).await;
        assert!(admits(true));
        advance(Duration::from_secs(4)).await;
        assert!(admits(true), "renewed");
        advance(Duration::from_millis(5_900)).await;
        assert!(typing.take_ended(Instant::now()).is_empty());
        advance(Duration::from_millis(100)).await;
        assert_eq!(typing.take_ended(Instant::now()), [(person(1), a_room())]);
        assert!(typing.0.lock().is_empty(), "nothing is remembered for ever");
        assert!(admits(true));
        typing.forget(person(1), a_room());
        advance(Duration::from_secs(6)).await;
        assert!(
            typing.take_ended(Instant::now()).is_empty(),
            "nobody was told that it began"
        );
    }
}
