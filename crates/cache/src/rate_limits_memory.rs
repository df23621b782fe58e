//! Budgets of one process: the embedded twin, and what a node falls back to without Redis.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{Allowance, RateLimits};
use confab_domain::{Clock, Rate, Timestamp};
use parking_lot::Mutex;

use crate::gcra::{Cells, UNLIMITED};
use crate::generations::Generations;
use crate::settings::RateLimitSettings;

/// An idle budget is whole again after its window; most windows are minutes.
const GENERATION_MAX: Duration = Duration::from_mins(10);

/// Budgets counted by this process alone. Bounded: the least recently used are forgotten, and so whole again.
pub struct MemoryRateLimits {
    clock: Arc<dyn Clock>,
    arrivals_us: Mutex<Generations<(&'static str, Box<str>), i64>>,
}

impl MemoryRateLimits {
    /// No attempts yet.
    pub fn new(clock: Arc<dyn Clock>, settings: &RateLimitSettings) -> Self {
        Self {
            clock,
            arrivals_us: Mutex::new(Generations::new(settings.budgets_max, GENERATION_MAX)),
        }
    }

    pub(crate) fn take_at(&self, name: &'static str, key: &str, cells: Cells, now: Timestamp) -> Allowance {
        let now_us = now.as_millis() * 1_000;
        let key = (name, Box::from(key));
        let mut arrivals = self.arrivals_us.lock();
        let known = arrivals.get_mut(&key, now);
        let (is_allowed, arrival) = cells.take(known.as_deref().copied(), now_us);
        if is_allowed {
            match known {
                Some(known) => *known = arrival,
                None => arrivals.insert(key, arrival, now),
            }
        }
        cells.allowance(is_allowed, arrival, now_us)
    }
}

#[async_trait]
impl RateLimits for MemoryRateLimits {
    async fn take(&self, name: &'static str, key: &str, rate: Rate) -> Allowance {
        match Cells::of(rate) {
            None => UNLIMITED,
            Some(cells) => self.take_at(name, key, cells, self.clock.now()),
        }
    }
}
