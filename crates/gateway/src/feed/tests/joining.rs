//! Fresh sockets: a room that is served here already costs no read beyond the list of seats.

use confab_domain::ports::Seat;
use confab_domain::{RoomHead, RoomKind};
use tokio::sync::mpsc;

use super::script::member;
use super::*;
use crate::session::joining::{Wish, join};

fn seat(room_id: RoomId, number: u128, last_seq: i64) -> Seat {
    Seat {
        kind: RoomKind::Private,
        head: RoomHead {
            last_seq,
            last_number: last_seq,
            last_message_at: None,
            member_count: 2,
            room_changed_seq: 1,
            log_floor_seq: 0,
        },
        member: member(room_id, person(number)),
    }
}

impl Stage {
    /// Joins as a session does: goes live where a step says so. Which `subscribed` it was told.
    async fn join(&self, viewer: &Viewer, seats: Vec<Seat>) -> usize {
        let (sender, mut steps) = mpsc::channel(1);
        let wishes = vec![Wish::Heads(Epoch::new("first"), seats)];
        tokio::spawn(join(self.shared.clone(), viewer.0.clone(), wishes, sender));
        let mut live = 0;
        while let Some(step) = steps.recv().await {
            let mut behind = Vec::new();
            for ready in step.ready {
                let hub = &self.shared.hub;
                match hub.go_live(&viewer.0, ready.room_id, ready.replayed_seq, ready.horizon) {
                    GoLive::Live { .. } => live += 1,
                    GoLive::Behind(_) => behind.push(ready.room_id),
                    GoLive::Gone => {}
                }
            }
            step.behind.send(behind).unwrap();
        }
        live
    }
}

#[tokio::test(start_paused = true)]
async fn a_served_room_is_not_read_again_and_others_are() {
    let stage = Stage::healthy().await;
    let (served, other) = (room(1), room(2));
    stage.commit(&run(served, 1, 5));
    stage.commit(&run(other, 1, 5));
    let _ada = stage.viewer(1, served, 5);
    let bob = stage.guest(2);
    for room_id in [served, other] {
        stage.script.content.lock().members.insert((room_id, person(2)));
    }
    assert_eq!(stage.join(&bob, vec![seat(served, 2, 5)]).await, 1);
    assert_eq!(stage.logs_asked(), [0u64; 0]);
    assert_eq!(stage.join(&bob, vec![seat(other, 2, 5)]).await, 1);
    assert_eq!(stage.logs_asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_went_on_after_the_seats_were_read_is_read_and_a_removal_found() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(7);
    let _ada = stage.viewer(1, room_id, 7);
    let (bob, eve) = (stage.guest(2), stage.guest(3));
    stage.script.content.lock().members.insert((room_id, person(2)));
    // Both lists were read at 5; eve was removed with 6.
    assert_eq!(stage.join(&bob, vec![seat(room_id, 2, 5)]).await, 1);
    assert_eq!(stage.logs_asked().len(), 1);
    assert_eq!(stage.join(&eve, vec![seat(room_id, 3, 5)]).await, 0);
    assert!(!stage.shared.hub.is_live(&eve.0, room_id));
    stage.commit(&run(room_id, 8, 8));
    stage.hear_events(run(room_id, 8, 8)).await;
    assert_eq!((bob.seqs(), eve.seqs()), (vec![8], Vec::new()));
}
