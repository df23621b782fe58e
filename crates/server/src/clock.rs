//! The system's clock: the one place that asks it.

use confab_domain::{Clock, Timestamp};

/// UTC as the machine has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that all others take")]
    fn now(&self) -> Timestamp {
        time::OffsetDateTime::now_utc().into()
    }
}
