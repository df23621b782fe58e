//! Marks as signals: of many moves of one mark within a moment only the last is told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use confab_domain::ports::{Signal, Signals};
use confab_domain::{RoomId, UserId};
use foldhash::fast::FixedState;
use parking_lot::Mutex;
use tokio::sync::mpsc::Receiver;
use tokio::time::{MissedTickBehavior, interval};

const FLUSH_INTERVAL: Duration = Duration::from_millis(200);
/// Marks that wait; more are told at once.
const WAITING_MAX: usize = 10_000;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Read,
    Delivered,
}

/// Signals, of which marks wait a moment.
pub(crate) struct CoalescedSignals {
    inner: Arc<dyn Signals>,
    marks: Mutex<HashMap<(RoomId, UserId, Kind), i64, FixedState>>,
    /// What the person's own devices are told of those marks: the latest of each room.
    own: Mutex<HashMap<(RoomId, UserId), Signal, FixedState>>,
}

impl CoalescedSignals {
    pub(crate) fn new(inner: Arc<dyn Signals>) -> Self {
        Self {
            inner,
            marks: Mutex::default(),
            own: Mutex::default(),
        }
    }

    /// Tells waiting marks for as long as the gateway runs.
    pub(crate) async fn run(&self) {
        let mut tick = interval(FLUSH_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.flush();
        }
    }

    fn flush(&self) {
        let own = std::mem::take(&mut *self.own.lock());
        for signal in own.into_values() {
            self.inner.send(signal);
        }
        let marks = std::mem::take(&mut *self.marks.lock());
        for ((room_id, user_id, kind), number) in marks {
            self.inner.send(match kind {
                Kind::Read => Signal::Read {
                    room_id,
                    user_id,
                    number,
                },
                Kind::Delivered => Signal::Delivered {
                    room_id,
                    user_id,
                    number,
                },
            });
        }
    }
}

impl CoalescedSignals {
    fn send_own(&self, key: (RoomId, UserId), number: i64, mut signal: Signal) {
        let mut own = self.own.lock();
        if own.len() >= WAITING_MAX && !own.contains_key(&key) {
            drop(own);
            return self.inner.send(signal);
        }
        let waiting = own.get(&key).and_then(|waiting| match waiting {
            Signal::Conversation {
                last_read_number,
                is_marked_unread,
                ..
            } => Some((*last_read_number, *is_marked_unread)),
            _ => None,
        });
        if let (Some((_, Some(was_told))), Signal::Conversation { is_marked_unread, .. }) =
            (waiting, &mut signal)
        {
            // The first of several reads alone says that it ended this; it is not to be lost with its number.
            is_marked_unread.get_or_insert(was_told);
        }
        let known = waiting.and_then(|(number, _)| number);
        if known.is_none_or(|known| known <= number) {
            own.insert(key, signal);
        }
    }
}

impl Signals for CoalescedSignals {
    fn send(&self, signal: Signal) {
        let (key, number) = match signal {
            Signal::Read {
                room_id,
                user_id,
                number,
            } => ((room_id, user_id, Kind::Read), number),
            Signal::Delivered {
                room_id,
                user_id,
                number,
            } => ((room_id, user_id, Kind::Delivered), number),
            Signal::Conversation {
                user_id,
                room_id,
                last_read_number: Some(number),
                settings: None,
                ..
            } => return self.send_own((room_id, user_id), number, signal),
            // What waits was before it: told after it, a read would end the mark that was set since.
            Signal::Conversation { user_id, room_id, .. } => {
                let earlier = self.own.lock().remove(&(room_id, user_id));
                return earlier
                    .into_iter()
                    .chain([signal])
                    .for_each(|signal| self.inner.send(signal));
            }
            other => return self.inner.send(other),
        };
        let mut marks = self.marks.lock();
        if marks.len() >= WAITING_MAX && !marks.contains_key(&key) {
            drop(marks);
            return self.inner.send(signal);
        }
        let latest = marks.entry(key).or_insert(number);
        *latest = number.max(*latest);
    }

    fn listen(&self) -> Receiver<Signal> {
        self.inner.listen()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{a_room, person};

    #[derive(Default)]
    struct Sent(Mutex<Vec<Signal>>);

    impl Signals for Sent {
        fn send(&self, signal: Signal) {
            self.0.lock().push(signal);
        }

        fn listen(&self) -> Receiver<Signal> {
            tokio::sync::mpsc::channel(1).1
        }
    }

    #[test]
    fn only_the_last_of_many_moves_is_told() {
        let sent = Arc::new(Sent::default());
        let signals = CoalescedSignals::new(sent.clone());
        for number in [1, 5, 3] {
            signals.send(Signal::Read {
                room_id: a_room(),
                user_id: person(1),
                number,
            });
        }
        assert!(sent.0.lock().is_empty());
        signals.flush();
        signals.flush();
        let expected = Signal::Read {
            room_id: a_room(),
            user_id: person(1),
            number: 5,
        };
        assert_eq!(*sent.0.lock(), [expected]);
    }

    fn read_up_to(number: i64, is_marked_unread: Option<bool>) -> Signal {
        Signal::Conversation {
            user_id: person(1),
            room_id: a_room(),
            last_read_number: Some(number),
            unread: Some(0),
            is_marked_unread,
            settings: None,
        }
    }

    #[test]
    fn the_end_of_a_mark_is_told_with_the_last_of_the_reads_that_follow() {
        let sent = Arc::new(Sent::default());
        let signals = CoalescedSignals::new(sent.clone());
        signals.send(read_up_to(4, Some(false)));
        signals.send(read_up_to(5, None));
        signals.flush();
        assert_eq!(*sent.0.lock(), [read_up_to(5, Some(false))]);
    }

    #[test]
    fn what_is_set_is_told_after_the_reads_before_it() {
        let sent = Arc::new(Sent::default());
        let signals = CoalescedSignals::new(sent.clone());
        signals.send(read_up_to(5, None));
        let marked = Signal::Conversation {
            user_id: person(1),
            room_id: a_room(),
            last_read_number: None,
            unread: None,
            is_marked_unread: Some(true),
            settings: None,
        };
        signals.send(marked.clone());
        signals.flush();
        assert_eq!(*sent.0.lock(), [read_up_to(5, None), marked]);
    }
}
