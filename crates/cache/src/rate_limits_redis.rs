//! Budgets shared by all nodes through Redis.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{Allowance, RateLimits};
use confab_domain::{Clock, Rate};

use crate::gcra::{Cells, UNLIMITED};
use crate::link::{Away, RedisLink};
use crate::measures;
use crate::rate_limits_memory::MemoryRateLimits;
use crate::scripts::TAKE_BUDGET;
use crate::settings::RateLimitSettings;

/// Budgets in Redis. Without it this node counts by itself.
pub struct RedisRateLimits {
    link: RedisLink,
    clock: Arc<dyn Clock>,
    own: MemoryRateLimits,
    answer_timeout: Duration,
}

impl RedisRateLimits {
    /// Budgets over this link.
    pub fn new(link: RedisLink, clock: Arc<dyn Clock>, settings: &RateLimitSettings) -> Self {
        let own = MemoryRateLimits::new(Arc::clone(&clock), settings);
        Self {
            link,
            clock,
            own,
            answer_timeout: settings.answer_timeout,
        }
    }
}

#[async_trait]
impl RateLimits for RedisRateLimits {
    async fn take(&self, name: &'static str, key: &str, rate: Rate) -> Allowance {
        let Some(cells) = Cells::of(rate) else {
            return UNLIMITED;
        };
        let now = self.clock.now();
        let now_us = now.as_millis() * 1_000;
        let mut call = TAKE_BUDGET.on(&self.link.keys().budget(name, key));
        call.arg(now_us).arg(cells.interval_us).arg(cells.burst_us);
        let answer: Result<(bool, i64), Away> = self.link.query_within(&call, self.answer_timeout).await;
        if let Ok((is_allowed, arrival_us)) = answer {
            return cells.allowance(is_allowed, arrival_us, now_us);
        }
        measures::fallback("rate_limits");
        self.own.take_at(name, key, cells, now)
    }
}
