//! The generic cell rate algorithm in whole microseconds; `lua/take_budget.lua` is the same line by line.

use std::time::Duration;

use confab_domain::Rate;
use confab_domain::ports::Allowance;

/// A rate as the algorithm sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cells {
    /// Time that one attempt uses up.
    pub(crate) interval_us: i64,
    /// Time that may be used up ahead: exactly `limit` attempts.
    pub(crate) burst_us: i64,
}

impl Cells {
    /// None when the rate limits nothing. A window is held between a microsecond an attempt and a year.
    pub(crate) fn of(rate: Rate) -> Option<Self> {
        const YEAR_US: i64 = 366 * 24 * 60 * 60 * 1_000_000;
        if rate.limit == 0 {
            return None;
        }
        let window_us = i64::try_from(rate.window.as_micros())
            .unwrap_or(YEAR_US)
            .min(YEAR_US);
        let interval_us = (window_us / i64::from(rate.limit)).max(1);
        Some(Self {
            interval_us,
            burst_us: interval_us * i64::from(rate.limit),
        })
    }

    /// Takes one attempt at `now_us`, given the theoretical arrival left by earlier ones: whether it is
    /// allowed, and the arrival it leaves.
    pub(crate) fn take(self, arrival_us: Option<i64>, now_us: i64) -> (bool, i64) {
        let arrival = arrival_us.unwrap_or(now_us).clamp(now_us, now_us + self.burst_us);
        let next = arrival + self.interval_us;
        if next - now_us > self.burst_us {
            (false, arrival)
        } else {
            (true, next)
        }
    }

    /// What to tell of an attempt that left `arrival_us`.
    pub(crate) fn allowance(self, is_allowed: bool, arrival_us: i64, now_us: i64) -> Allowance {
        let used = arrival_us - now_us;
        Allowance {
            is_allowed,
            remaining: u32::try_from((self.burst_us - used) / self.interval_us).unwrap_or(0),
            retry_after: if is_allowed {
                Duration::ZERO
            } else {
                micros(used + self.interval_us - self.burst_us)
            },
            reset_after: micros(used),
        }
    }
}

/// The answer of a rate that limits nothing.
pub(crate) const UNLIMITED: Allowance = Allowance {
    is_allowed: true,
    remaining: u32::MAX,
    retry_after: Duration::ZERO,
    reset_after: Duration::ZERO,
};

fn micros(count: i64) -> Duration {
    Duration::from_micros(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_exactly_its_limit_even_when_it_does_not_divide() {
        for limit in [1, 3, 7, 1_500, 999_999] {
            let cells = Cells::of(Rate {
                limit,
                window: Duration::from_secs(1),
            })
            .unwrap();
            let (mut arrival, mut allowed) = (None, 0);
            for _ in 0..limit + 10 {
                let (is_allowed, next) = cells.take(arrival, 5_000_000);
                arrival = Some(next);
                allowed += u32::from(is_allowed);
            }
            assert_eq!(allowed, limit);
        }
    }

    #[test]
    fn a_clock_that_ran_ahead_costs_one_burst_at_most() {
        let cells = Cells::of(Rate::per_minute(30)).unwrap();
        let (is_allowed, arrival) = cells.take(Some(3_600_000_000), 0);
        assert!(!is_allowed);
        assert_eq!(
            cells.allowance(false, arrival, 0).retry_after,
            Duration::from_secs(2)
        );
    }
}
