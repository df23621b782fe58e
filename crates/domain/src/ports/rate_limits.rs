//! Budgets of attempts, over all nodes.

use std::time::Duration;

use async_trait::async_trait;

use crate::Rate;

/// Whether an attempt is within its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Go on.
    pub is_allowed: bool,
    /// Attempts left at once.
    pub remaining: u32,
    /// When a refused attempt can succeed; zero when allowed.
    pub retry_after: Duration,
    /// When the whole budget is there again.
    pub reset_after: Duration,
}

/// GCRA budgets shared by all nodes. Answers within 50 ms: without the shared memory each node counts by
/// itself, and nobody is kept from chatting by its absence.
#[async_trait]
pub trait RateLimits: Send + Sync {
    /// Takes one attempt from the budget `name` of `key`. A rate with `limit` 0 always allows.
    async fn take(&self, name: &'static str, key: &str, rate: Rate) -> Allowance;
}
