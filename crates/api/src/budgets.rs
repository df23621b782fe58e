//! Tells every answer which budgets its request drew on, and what is left of them.
//!
//! Commands take attempts deep inside; a decorator of the port notes each in the scope of the request, and the
//! answer bears them as `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers).

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::Rate;
use confab_domain::ports::{Allowance, RateLimits};
use http::{HeaderMap, HeaderName, HeaderValue};

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

tokio::task_local! {
    static TAKEN: RefCell<Vec<Taken>>;
}

/// An attempt that was taken from a budget.
#[derive(Clone, Copy, Debug)]
struct Taken {
    name: &'static str,
    rate: Rate,
    allowance: Allowance,
}

/// Runs a request, and writes what it took onto its answer.
pub(crate) async fn told<T>(
    request: impl Future<Output = T>,
    headers: impl Fn(&mut T) -> &mut HeaderMap,
) -> T {
    let noted = async {
        let answer = request.await;
        (answer, TAKEN.with(RefCell::take))
    };
    let (mut answer, taken) = TAKEN.scope(RefCell::default(), noted).await;
    let taken: Vec<Taken> = taken.into_iter().filter(Taken::is_told).collect();
    if !taken.is_empty() {
        let headers = headers(&mut answer);
        set(headers, RATELIMIT_POLICY, &taken, Taken::policy);
        set(headers, RATELIMIT, &taken, Taken::left);
    }
    answer
}

fn set(headers: &mut HeaderMap, name: HeaderName, taken: &[Taken], item: fn(&Taken) -> String) {
    let list: Vec<String> = taken.iter().map(item).collect();
    if let Ok(value) = HeaderValue::try_from(list.join(", ")) {
        headers.insert(name, value);
    }
}

impl Taken {
    /// How often others tried a name's password is nobody's business, unless it is why one must wait.
    fn is_told(&self) -> bool {
        !self.allowance.is_allowed || !self.name.starts_with("login")
    }

    fn policy(&self) -> String {
        let window = whole_seconds(self.rate.window).max(1);
        format!("\"{}\";q={};w={window}", self.name, self.rate.limit)
    }

    fn left(&self) -> String {
        let (left, wait) = if self.allowance.is_allowed {
            (
                self.allowance.remaining,
                whole_seconds(self.allowance.reset_after),
            )
        } else {
            (0, whole_seconds(self.allowance.retry_after).max(1))
        };
        format!("\"{}\";r={left};t={wait}", self.name)
    }
}

/// Seconds, rounded up.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Budgets that note what is taken from them.
pub(crate) struct NotedRateLimits(pub(crate) Arc<dyn RateLimits>);

#[async_trait]
impl RateLimits for NotedRateLimits {
    async fn take(&self, name: &'static str, key: &str, rate: Rate) -> Allowance {
        let allowance = self.0.take(name, key, rate).await;
        if rate.limit > 0 {
            // Outside of a request nobody is told.
            let noted = Taken {
                name,
                rate,
                allowance,
            };
            let _ = TAKEN.try_with(|taken| taken.borrow_mut().push(noted));
        }
        allowance
    }
}
