//! One held partition: fetch a page, publish it, settle what is confirmed, over and over.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use confab_domain::ports::{PendingKey, PendingPage};
use confab_domain::{Error, Result, RoomId};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::letters::Letters;
use crate::progress::{AllProgress, Progress};
use crate::publisher::PublisherPorts;
use crate::retries::Retries;
use crate::settings::PublisherSettings;

/// Rows taken at once when rooms that cannot be sent fill whole pages.
const PAGE_ROWS_MAX: usize = 10_000;

pub(crate) struct Partition {
    pub(crate) number: u16,
    pub(crate) ports: PublisherPorts,
    pub(crate) settings: Arc<PublisherSettings>,
    pub(crate) all_progress: Arc<AllProgress>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) stop: CancellationToken,
}

/// What is remembered from page to page.
struct Carried {
    /// Rows that are confirmed and could not be settled yet.
    unsettled: Vec<PendingKey>,
    suspects: HashSet<RoomId>,
    page_rows: usize,
}

/// How to go on.
enum Next {
    /// There may be more.
    AtOnce,
    /// Nothing more until something happens.
    WhenWoken,
    /// The same, after a pause in which more may come together.
    WhenGathered,
    /// After a short pause or a wake: some rooms go on, others failed.
    Soon,
    /// After a pause.
    Later,
}

impl Partition {
    pub(crate) fn progress(&self) -> &Progress {
        &self.all_progress.partitions[usize::from(self.number)]
    }

    /// Works until stopped; the page in flight is finished first.
    pub(crate) async fn publish_all(&self) {
        let mut retries = Retries::new(&self.settings);
        let mut carried = Carried {
            unsettled: Vec::new(),
            suspects: HashSet::new(),
            page_rows: self.settings.page_rows.clamp(1, PAGE_ROWS_MAX),
        };
        while !self.stop.is_cancelled() {
            let next = match self.publish_page(&mut carried).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(partition = self.number, %error, "the outbox is out of reach");
                    Next::Later
                }
            };
            let (pause, is_wakeable) = match next {
                Next::AtOnce => {
                    retries.reset();
                    continue;
                }
                Next::WhenWoken => {
                    retries.reset();
                    (self.settings.poll_interval, true)
                }
                Next::WhenGathered => {
                    retries.reset();
                    // A wake in the meantime is kept.
                    tokio::select! {
                        () = tokio::time::sleep(self.settings.gather_pause) => {}
                        () = self.stop.cancelled() => {}
                    }
                    (self.settings.poll_interval, true)
                }
                Next::Soon => {
                    retries.reset();
                    (retries.next_pause(), true)
                }
                Next::Later => (retries.next_pause(), false),
            };
            tokio::select! {
                () = self.wake.notified(), if is_wakeable => {}
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
        if !carried.unsettled.is_empty() {
            // The last chance; otherwise they go out once more, which is allowed.
            let _ = self.settle(&mut carried).await;
        }
    }

    async fn publish_page(&self, carried: &mut Carried) -> Result<Next> {
        if !carried.unsettled.is_empty() {
            self.settle(carried).await?;
        }
        if !self.ports.exchange.is_connected() {
            // Only to learn the lag, which the beats tell.
            self.fetch(1).await?;
            tokio::select! {
                ready = timeout(self.settings.poll_interval, self.ports.exchange.ready()) => {
                    return Ok(if matches!(ready, Ok(Err(_))) { Next::Later } else { Next::AtOnce });
                }
                () = self.stop.cancelled() => return Ok(Next::Later),
            }
        }
        let asked = carried.page_rows;
        let page = self.fetch(asked).await?;
        let count = page.rows.len();
        if count == 0 {
            carried.suspects.clear();
            return Ok(Next::WhenWoken);
        }
        let mut letters = Letters::write(page, &carried.suspects, self.settings.with_content);
        let events = std::mem::take(&mut letters.events);
        let published = events.len();
        let deliveries = if events.is_empty() {
            Vec::new()
        } else {
            self.ports
                .exchange
                .publish(events, self.settings.confirm_timeout)
                .await
        };
        let outcome = letters.judge(&deliveries);
        metrics::counter!("confab_event_publisher_published_total").increment(published as u64);
        metrics::histogram!("confab_event_publisher_page_rows").record(count as f64);
        let has_progress = !outcome.settled.is_empty();
        carried.unsettled = outcome.settled;
        carried.suspects = outcome.suspects;
        if !carried.unsettled.is_empty() {
            self.settle(carried).await?;
        }
        if !outcome.controls.is_empty() {
            self.ports.live_out.control(outcome.controls);
        }
        // Rooms that cannot be sent must not hide the others of their partition behind them.
        carried.page_rows = if !has_progress && count == asked {
            (asked * 2).min(PAGE_ROWS_MAX)
        } else {
            self.settings.page_rows.clamp(1, PAGE_ROWS_MAX)
        };
        if !outcome.is_whole {
            metrics::counter!("confab_event_publisher_go_backs_total").increment(1);
            return Ok(if has_progress { Next::Soon } else { Next::Later });
        }
        if count < asked && !outcome.is_held_back {
            self.progress().caught_up();
            return Ok(Next::WhenGathered);
        }
        Ok(Next::AtOnce)
    }

    async fn fetch(&self, limit: usize) -> Result<PendingPage> {
        let page = self.ask(self.ports.outbox.pending(self.number, limit)).await?;
        let waited = (!page.rows.is_empty()).then_some(page.oldest_waited);
        self.progress().read(&page.epoch, waited);
        Ok(page)
    }

    async fn settle(&self, carried: &mut Carried) -> Result<()> {
        self.ask(self.ports.outbox.settle(&carried.unsettled)).await?;
        metrics::counter!("confab_event_publisher_settled_total").increment(carried.unsettled.len() as u64);
        carried.unsettled.clear();
        Ok(())
    }

    /// Waits for the store, for a while.
    pub(crate) async fn ask<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        let answer = match timeout(self.settings.store_timeout, answer).await {
            Ok(answer) => answer,
            Err(late) => Err(Error::unavailable("the store", late)),
        };
        self.all_progress
            .is_store_reached
            .store(answer.is_ok(), Ordering::Release);
        answer
    }
}
