//! Takes attempts from budgets and turns a refusal into its answer.

use crate::ports::Ports;
use crate::{Actor, Error, Rate, Result, UserRole};

/// Takes one attempt of `key` from the budget `name`.
pub(crate) async fn take(ports: &Ports, name: &'static str, key: &str, rate: Rate) -> Result<()> {
    if rate.limit == 0 {
        return Ok(());
    }
    let allowance = ports.rate_limits.take(name, key, rate).await;
    if allowance.is_allowed {
        return Ok(());
    }
    Err(Error::RateLimited {
        retry_after: allowance.retry_after,
        limit: rate.limit,
        window: rate.window,
    })
}

/// Takes one request over REST from its person's budget, whatever it asks.
pub async fn take_request(ports: &Ports, actor: &Actor) -> Result<()> {
    take_of(ports, "requests", actor, ports.limits.requests).await
}

/// Takes one attempt of a person; the host product's service has no limits.
pub(crate) async fn take_of(ports: &Ports, name: &'static str, actor: &Actor, rate: Rate) -> Result<()> {
    if actor.role == UserRole::Service {
        return Ok(());
    }
    take(ports, name, &actor.user_id.to_string(), rate).await
}
