//! Waiting for a state instead of for a while.
use std::time::Duration;

use tokio::time::Instant;

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Asks `holds` again and again until it says yes.
///
/// # Panics
/// When `timeout` has passed, naming `what` and how long it waited. A question that hangs is cut off too.
#[track_caller]
pub fn wait_until<F, Fut>(what: &str, timeout: Duration, mut holds: F) -> impl Future<Output = ()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let caller = std::panic::Location::caller();
    async move {
        let found = poll(timeout, || {
            let answer = holds();
            async move { answer.await.then_some(()) }
        });
        let found = found.await;
        assert!(
            found.is_some(),
            "waited {timeout:?} in vain until {what} (asked for at {caller})"
        );
    }
}

/// Asks `find` again and again until it finds something, and returns that.
///
/// # Panics
/// As [`wait_until`].
#[track_caller]
pub fn wait_for<T, F, Fut>(what: &str, timeout: Duration, mut find: F) -> impl Future<Output = T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let caller = std::panic::Location::caller();
    async move {
        let found = poll(timeout, &mut find).await;
        found.unwrap_or_else(|| panic!("waited {timeout:?} in vain for {what} (asked for at {caller})"))
    }
}

/// [`wait_for`] for those who want to say themselves what went wrong: `None` when `timeout` has passed.
pub(crate) async fn poll<T, F, Fut>(timeout: Duration, mut find: F) -> Option<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + timeout;
    let mut pause = FIRST_PAUSE;
    tokio::time::timeout_at(deadline, async {
        loop {
            if let Some(found) = find().await {
                return found;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    })
    .await
    .ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn returns_as_soon_as_it_holds() {
        let asked = AtomicU32::new(0);
        wait_until(
            "the third question is asked",
            Duration::from_secs(5),
            async || asked.fetch_add(1, Ordering::Relaxed) == 2,
        )
        .await;
        assert_eq!(asked.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    #[should_panic(expected = "waited 20ms in vain until pigs fly")]
    async fn names_what_never_came() {
        wait_until("pigs fly", Duration::from_millis(20), async || false).await;
    }

    #[tokio::test]
    #[should_panic(expected = "waited 20ms in vain for an answer")]
    async fn cuts_off_a_question_that_hangs() {
        let () = wait_for(
            "an answer",
            Duration::from_millis(20),
            std::future::pending::<Option<()>>,
        )
        .await;
    }
}
