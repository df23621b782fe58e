//! One room's order: what was seen is dropped, what comes next goes on, what comes early is held.

use std::collections::BTreeMap;
use std::sync::Arc;

use confab_domain::Event;

/// Early events that are held; above this they are read from the store.
const HELD_MAX: usize = 256;

/// Where a served room stands.
#[derive(Debug, Default)]
pub(crate) struct RoomOrder {
    /// The `seq` of the last event that went on; none until the first viewer has joined.
    position: Option<i64>,
    /// The highest `seq` known to exist.
    heard: i64,
    held: BTreeMap<i64, Arc<Event>>,
}

/// The store's log does not reach back to where the room stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trimmed;

impl RoomOrder {
    pub(crate) fn position(&self) -> Option<i64> {
        self.position
    }

    pub(crate) fn heard(&self) -> i64 {
        self.heard
    }

    /// Whether events are known to exist that did not go on.
    pub(crate) fn is_behind(&self) -> bool {
        self.position.is_some_and(|position| self.heard > position)
    }

    /// Notes that an event of this `seq` exists.
    pub(crate) fn hear(&mut self, seq: i64) {
        self.heard = self.heard.max(seq);
    }

    /// Begins (or begins anew) after `seq`.
    pub(crate) fn place(&mut self, seq: i64) {
        self.position = Some(seq);
        self.hear(seq);
        self.held.retain(|held, _| *held > seq);
    }

    /// Forgets the position: everything is only noted until the next viewer has joined.
    pub(crate) fn unplace(&mut self) {
        self.position = None;
        self.held.clear();
    }

    /// Takes events as they were heard; those that go on now are added to `next`, in order.
    pub(crate) fn offer(&mut self, events: &[Arc<Event>], next: &mut Vec<Arc<Event>>) {
        for event in events {
            self.hear(event.seq);
            match self.position {
                Some(position) if event.seq == position + 1 => {
                    self.position = Some(event.seq);
                    next.push(event.clone());
                }
                Some(position) if event.seq > position && self.held.len() < HELD_MAX => {
                    self.held.insert(event.seq, event.clone());
                }
                _ => {}
            }
        }
        self.take_held(next);
    }

    /// Takes a run that was read from the store.
    pub(crate) fn fill(&mut self, events: &[Arc<Event>], next: &mut Vec<Arc<Event>>) -> Result<(), Trimmed> {
        let Some(position) = self.position else {
            return Ok(());
        };
        let lacking = events.iter().filter(|event| event.seq > position);
        for (expected, event) in (position + 1..).zip(lacking) {
            if event.seq != expected {
                return Err(Trimmed);
            }
            self.hear(event.seq);
            self.position = Some(event.seq);
            next.push(event.clone());
        }
        self.take_held(next);
        Ok(())
    }

    fn take_held(&mut self, next: &mut Vec<Arc<Event>>) {
        let Some(mut position) = self.position else { return };
        while let Some(entry) = self.held.first_entry() {
            if *entry.key() > position + 1 {
                break;
            }
            let event = entry.remove();
            if event.seq == position + 1 {
                position = event.seq;
                next.push(event);
            }
        }
        self.position = Some(position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::deleted_event;

    fn events(seqs: &[i64]) -> Vec<Arc<Event>> {
        seqs.iter().map(|seq| deleted_event(*seq)).collect()
    }

    fn offered(order: &mut RoomOrder, seqs: &[i64]) -> Vec<i64> {
        let mut next = Vec::new();
        order.offer(&events(seqs), &mut next);
        next.iter().map(|event| event.seq).collect()
    }

    #[test]
    fn nothing_goes_on_before_the_first_viewer_but_it_is_noted() {
        let mut order = RoomOrder::default();
        assert!(offered(&mut order, &[1, 2, 5]).is_empty());
        assert_eq!(order.heard(), 5);
        assert!(!order.is_behind());
    }

    #[test]
    fn seen_is_dropped_early_is_held_next_goes_on() {
        let mut order = RoomOrder::default();
        order.place(3);
        assert_eq!(offered(&mut order, &[2, 3, 4, 4]), [4]);
        assert!(offered(&mut order, &[7, 6]).is_empty());
        assert!(order.is_behind());
        assert_eq!(offered(&mut order, &[5]), [5, 6, 7]);
        assert!(!order.is_behind());
    }

    #[test]
    fn a_run_from_the_store_closes_a_hole_without_doubling() {
        let mut order = RoomOrder::default();
        order.place(1);
        assert!(offered(&mut order, &[4, 5]).is_empty());
        let mut next = Vec::new();
        assert_eq!(order.fill(&events(&[1, 2, 3, 4]), &mut next), Ok(()));
        assert_eq!(
            next.iter().map(|event| event.seq).collect::<Vec<_>>(),
            [2, 3, 4, 5]
        );
    }

    #[test]
    fn a_trimmed_log_is_told_and_moves_nothing() {
        let mut order = RoomOrder::default();
        order.place(1);
        let mut next = Vec::new();
        assert_eq!(order.fill(&events(&[5, 6]), &mut next), Err(Trimmed));
        assert_eq!((next.len(), order.position()), (0, Some(1)));
    }

    #[test]
    fn what_is_held_is_bounded_and_what_is_not_held_is_still_known_to_lack() {
        let mut order = RoomOrder::default();
        order.place(0);
        let many: Vec<i64> = (2..2_000).collect();
        assert!(offered(&mut order, &many).is_empty());
        assert_eq!(order.held.len(), HELD_MAX);
        assert_eq!(order.heard(), 1_999);
        assert_eq!(offered(&mut order, &[1]).len(), HELD_MAX + 1);
        assert!(order.is_behind());
    }
}
