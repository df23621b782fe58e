//! A connection's own budgets: frames in a window, malformed frames in a minute.

use std::time::Duration;

use confab_domain::Rate;
use tokio::time::Instant;

/// Malformed frames after which a connection is closed.
const MALFORMED_MAX: usize = 10;
const MALFORMED_WINDOW: Duration = Duration::from_mins(1);

/// Frames of one connection: GCRA with the whole window as burst.
#[derive(Debug)]
pub(super) struct FrameBudget {
    rate: Rate,
    /// When the budget would be whole again.
    full_at: Instant,
}

impl FrameBudget {
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, full_at: now }
    }

    /// Takes one frame from the budget; whether it was within.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        if self.rate.limit == 0 {
            return true;
        }
        let each = self.rate.window / self.rate.limit;
        let full_at = self.full_at.max(now) + each;
        if full_at.duration_since(now) > self.rate.window {
            return false;
        }
        self.full_at = full_at;
        true
    }
}

/// When malformed frames came; holds nothing until the first.
#[derive(Debug, Default)]
pub(super) struct Malformed(Vec<Instant>);

impl Malformed {
    /// Notes one; whether it is one too many.
    pub(super) fn note(&mut self, now: Instant) -> bool {
        self.0.retain(|at| now.duration_since(*at) < MALFORMED_WINDOW);
        self.0.push(now);
        self.0.len() >= MALFORMED_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_window_may_come_at_once_and_then_no_faster_than_the_rate() {
        let start = Instant::now();
        let rate = Rate {
            limit: 120,
            window: Duration::from_secs(10),
        };
        let mut budget = FrameBudget::new(rate, start);
        assert!((0..120).all(|_| budget.take(start)));
        assert!(!budget.take(start));
        assert!(budget.take(start + Duration::from_millis(84)));
        assert!(!budget.take(start + Duration::from_millis(84)));
        let mut none = FrameBudget::new(Rate { limit: 0, ..rate }, start);
        assert!((0..10_000).all(|_| none.take(start)));
    }

    #[test]
    fn the_tenth_malformed_frame_of_a_minute_is_too_many() {
        let start = Instant::now();
        let mut malformed = Malformed::default();
        assert!((0..9).all(|_| !malformed.note(start)));
        assert!(
            !malformed.note(start + Duration::from_secs(61)),
            "the first nine are a minute old"
        );
        let mut at_once = Malformed::default();
        assert!((0..10).any(|_| at_once.note(start)));
    }
}
