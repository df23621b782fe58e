//! One connection's marks on their way to the store: the first at once, then the highest of each every moment.
//!
//! A client that scrolls says `read` for every message it passes; only where it ends is worth a durable write.
//! Frames that bear a `ref` do not wait here: their replies would hold up those of later frames.

use std::time::Duration;

use confab_domain::RoomId;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::sleep;

/// Between two writes of one connection.
const INTERVAL: Duration = Duration::from_millis(250);
/// Marks that wait for one connection; above this they are written one by one.
const WAITING_MAX: usize = 256;

/// Which mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MarkKind {
    Read,
    Delivered,
}

/// A mark that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WaitingMark {
    pub(super) room_id: RoomId,
    pub(super) kind: MarkKind,
    pub(super) number: i64,
}

/// The marks of one connection.
#[derive(Debug, Default)]
pub(super) struct Marks {
    inbox: Mutex<Inbox>,
    hurry: Notify,
}

#[derive(Debug, Default)]
struct Inbox {
    waiting: Vec<WaitingMark>,
    is_being_written: bool,
}

/// What became of a mark that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// It waits, and whoever writes already will take it.
    Waits,
    /// It waits, and [`Marks::write_out`] must be started.
    NeedsWriter,
    /// Too many wait.
    NoRoom,
}

impl Marks {
    /// Hands a mark in. A lower one of the same room is forgotten.
    pub(super) fn note(&self, mark: WaitingMark) -> Noted {
        let mut inbox = self.inbox.lock();
        let same = |other: &&mut WaitingMark| (other.room_id, other.kind) == (mark.room_id, mark.kind);
        let is_full = inbox.waiting.len() >= WAITING_MAX;
        match inbox.waiting.iter_mut().find(same) {
            Some(known) => known.number = known.number.max(mark.number),
            None if is_full => return Noted::NoRoom,
            None => inbox.waiting.push(mark),
        }
        if std::mem::replace(&mut inbox.is_being_written, true) {
            Noted::Waits
        } else {
            Noted::NeedsWriter
        }
    }

    /// Writes what waits, at once and then every moment, until nothing does.
    pub(super) async fn write_out<Writing: Future<Output = ()>>(
        &self,
        write: impl Fn(WaitingMark) -> Writing,
    ) {
        loop {
            let waiting = {
                let mut inbox = self.inbox.lock();
                if inbox.waiting.is_empty() {
                    inbox.is_being_written = false;
                    return;
                }
                std::mem::take(&mut inbox.waiting)
            };
            for mark in waiting {
                write(mark).await;
            }
            tokio::select! {
                () = sleep(INTERVAL) => {}
                () = self.hurry.notified() => {}
            }
        }
    }

    /// Has what waits written now: the connection ends.
    pub(super) fn hurry(&self) {
        self.hurry.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::Instant;

    use super::*;
    use crate::testing::a_room;

    /// Marks whose writes a test sees, with the moment of each.
    #[derive(Clone)]
    struct Desk {
        marks: Arc<Marks>,
        written: Arc<Mutex<Vec<(u64, i64)>>>,
        start: Instant,
    }

    impl Desk {
        fn new() -> Self {
            Self {
                marks: Arc::default(),
                written: Arc::default(),
                start: Instant::now(),
            }
        }

        fn read(&self, number: i64) {
            let noted = self.marks.note(WaitingMark {
                room_id: a_room(),
                kind: MarkKind::Read,
                number,
            });
            if noted == Noted::NeedsWriter {
                let desk = self.clone();
                tokio::spawn(async move {
                    let write = |mark: WaitingMark| {
                        let at = desk.start.elapsed().as_millis() as u64;
                        desk.written.lock().push((at, mark.number));
                        std::future::ready(())
                    };
                    desk.marks.write_out(write).await;
                });
            }
        }

        fn written(&self) -> Vec<(u64, i64)> {
            self.written.lock().clone()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_is_written_at_once_and_of_the_rest_the_highest_every_moment() {
        let desk = Desk::new();
        for number in 1..=100 {
            desk.read(if number % 7 == 0 { 1 } else { number });
            sleep(Duration::from_millis(7)).await;
        }
        sleep(INTERVAL * 2).await;
        assert_eq!(desk.written(), [(0, 1), (250, 36), (500, 72), (750, 100)]);
        desk.read(101);
        sleep(Duration::from_millis(1)).await;
        assert_eq!(desk.written().last(), Some(&(1_200, 101)), "idle: at once");
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_is_written_when_the_connection_ends() {
        let desk = Desk::new();
        desk.read(1);
        sleep(Duration::from_millis(10)).await;
        desk.read(2);
        desk.marks.hurry();
        sleep(Duration::from_millis(1)).await;
        assert_eq!(desk.written(), [(0, 1), (10, 2)]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let marks = Marks::default();
        let mark = |room: u128| WaitingMark {
            room_id: RoomId(uuid::Uuid::from_u128(room)),
            kind: MarkKind::Delivered,
            number: 1,
        };
        assert_eq!(marks.note(mark(0)), Noted::NeedsWriter);
        assert!((1..256).all(|room| marks.note(mark(room)) == Noted::Waits));
        assert_eq!(marks.note(mark(256)), Noted::NoRoom);
        assert_eq!(marks.note(mark(7)), Noted::Waits);
    }
}
