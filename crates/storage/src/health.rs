//! Whether the store answers, and the name of its life.

use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{CommittedBatch, StoreHealth};
use confab_domain::{Control, Epoch, Error, Result};
use uuid::Uuid;

use crate::account_outbox;
use crate::connect::{Store, bounded};
use crate::error::from_db;

#[async_trait]
impl StoreHealth for Store {
    async fn ping(&self, timeout: Duration) -> Result<()> {
        let reader = self.reader();
        match tokio::time::timeout(timeout, account_outbox::epoch(&reader)).await {
            Ok(answer) => answer.map(|_| ()).map_err(from_db),
            Err(elapsed) => Err(Error::unavailable("the store does not answer", elapsed)),
        }
    }

    async fn bump_epoch(&self) -> Result<Epoch> {
        let epoch = Epoch::random();
        let now = self.clock().now();
        bounded(async {
            let transaction = self.begin().await?;
            let run = self.within(&transaction);
            let sql = "UPDATE epoch SET name = $1, started_at = $2";
            run.execute(sql, vec![epoch.as_str().into(), self.dialect().time(now)])
                .await?;
            // One row for all gateways, in any partition.
            account_outbox::write_control(&run, Uuid::nil(), Control::Epoch, now).await?;
            transaction.commit().await
        })
        .await?;
        self.announce(CommittedBatch {
            epoch: epoch.clone(),
            shard: 0,
            events: Vec::new(),
            controls: vec![Control::Epoch],
            account_events: Vec::new(),
        });
        Ok(epoch)
    }
}
