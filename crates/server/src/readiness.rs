//! Whether new work is welcome, and what each part says to that.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Role;

/// One answer serves everybody who asks within this: questions from outside cost nothing.
const ANSWER_AGE_MAX: Duration = Duration::from_millis(250);
/// A part that does not answer by then is away.
pub(crate) const PART_TIMEOUT: Duration = Duration::from_millis(800);

/// A part that can be asked.
#[async_trait]
pub(crate) trait Part: Send + Sync {
    /// Its name in the answer.
    fn name(&self) -> &'static str;
    /// Whether nothing can be done without it. The others may be away and we go on.
    fn is_needed(&self) -> bool;
    /// Whether it is there, or what it says instead; without anything secret.
    async fn ask(&self) -> Result<(), String>;
}

/// Asks all parts.
pub(crate) struct Readiness {
    role: Role,
    parts: Vec<Box<dyn Part>>,
    stopping: CancellationToken,
    latest: Mutex<Option<(Instant, Arc<Report>)>>,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Report {
    /// Whether all that is needed is there.
    pub(crate) is_ready: bool,
    details: Value,
}

impl Readiness {
    pub(crate) fn new(role: Role, parts: Vec<Box<dyn Part>>, stopping: CancellationToken) -> Self {
        Self {
            role,
            parts,
            stopping,
            latest: Mutex::default(),
        }
    }

    /// What the parts say now, or said a moment ago.
    async fn report(&self) -> Arc<Report> {
        let mut latest = self.latest.lock().await;
        if let Some((asked_at, report)) = latest.as_ref()
            && asked_at.elapsed() < ANSWER_AGE_MAX
        {
            return Arc::clone(report);
        }
        let answers = futures_util::future::join_all(self.parts.iter().map(async |part| {
            let answer = tokio::time::timeout(PART_TIMEOUT, part.ask()).await;
            (part, answer.unwrap_or_else(|_| Err("does not answer".to_owned())))
        }))
        .await;
        let is_ready = answers
            .iter()
            .all(|(part, answer)| answer.is_ok() || !part.is_needed());
        let details = answers.into_iter().map(|(part, answer)| {
            let detail = match answer {
                Ok(()) => json!({"status": "up", "needed": part.is_needed()}),
                Err(reason) => json!({"status": "down", "needed": part.is_needed(), "reason": reason}),
            };
            (part.name().to_owned(), detail)
        });
        let report = Arc::new(Report {
            is_ready,
            details: Value::Object(details.collect()),
        });
        *latest = Some((Instant::now(), Arc::clone(&report)));
        report
    }

    /// Whether new work is welcome, and everything there is to say.
    pub(crate) async fn details(&self) -> (bool, Value) {
        let report = self.report().await;
        let is_stopping = self.stopping.is_cancelled();
        let status = match (is_stopping, report.is_ready) {
            (true, _) => "stopping",
            (false, true) => "ready",
            (false, false) => "not_ready",
        };
        let details = json!({
            "status": status,
            "role": self.role.name(),
            "version": env!("CARGO_PKG_VERSION"),
            "parts": report.details,
        });
        (report.is_ready && !is_stopping, details)
    }

    /// Whether new work is welcome.
    pub(crate) async fn is_welcome(&self) -> bool {
        !self.stopping.is_cancelled() && self.report().await.is_ready
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use super::*;

    struct Switch {
        name: &'static str,
        is_needed: bool,
        is_up: Arc<AtomicBool>,
        asked: Arc<AtomicUsize>,
    }

    #[async_trait]
    impl Part for Switch {
        fn name(&self) -> &'static str {
            self.name
        }
        fn is_needed(&self) -> bool {
            self.is_needed
        }
        async fn ask(&self) -> Result<(), String> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.is_up.load(Ordering::SeqCst) {
                return Ok(());
            }
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_needed_decides_and_the_rest_is_told() {
        let (database, redis) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let asked = Arc::new(AtomicUsize::new(0));
        let part = |name, is_needed, is_up: &Arc<AtomicBool>| -> Box<dyn Part> {
            Box::new(Switch {
                name,
                is_needed,
                is_up: Arc::clone(is_up),
                asked: Arc::clone(&asked),
            })
        };
        let stopping = CancellationToken::new();
        let parts = vec![part("database", true, &database), part("redis", false, &redis)];
        let readiness = Readiness::new(Role::Api, parts, stopping.clone());

        let (is_ready, details) = readiness.details().await;
        assert!(is_ready);
        assert_eq!(details["status"], "ready");
        assert_eq!(
            details["parts"]["database"],
            json!({"status": "up", "needed": true})
        );
        assert_eq!(
            details["parts"]["redis"],
            json!({"status": "down", "needed": false, "reason": "does not answer"})
        );

        database.store(false, Ordering::SeqCst);
        assert!(readiness.is_welcome().await, "the answer of a moment ago");
        assert_eq!(asked.load(Ordering::SeqCst), 2, "which costs nothing");
        tokio::time::advance(ANSWER_AGE_MAX).await;
        assert!(!readiness.is_welcome().await);
        assert_eq!(readiness.details().await.1["status"], "not_ready");

        database.store(true, Ordering::SeqCst);
        tokio::time::advance(ANSWER_AGE_MAX).await;
        assert!(readiness.is_welcome().await);
        stopping.cancel();
        assert!(!readiness.is_welcome().await, "a stop is told at once");
        assert_eq!(readiness.details().await.1["status"], "stopping");
    }
}
