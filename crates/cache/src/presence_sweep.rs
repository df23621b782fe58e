//! Sweeps what dead nodes leave behind in Redis, and what a leaving one takes along.

use std::collections::HashSet;

use confab_domain::{IncarnationId, RoomId, Timestamp, UserId};

use crate::link::Away;
use crate::presence_redis::{Batch, Fields, MEMBERS_MAX, PIPELINE_COMMANDS_MAX, RedisPresence, names};
use crate::scripts::{END_ACTIVE, END_CONNECTIONS, UNLOCK_SWEEP};

impl RedisPresence {
    pub(crate) async fn sweep_dead(&self, node: IncarnationId, now: Timestamp) -> Result<Vec<UserId>, Away> {
        let keys = self.link.keys();
        let (lock, owner) = (keys.sweep_lock(), format!("{node}/{}", uuid::Uuid::new_v4()));
        let lock_ttl_ms = u64::try_from(self.settings.sweep_lock_ttl.as_millis()).unwrap_or(u64::MAX);
        let mut take = redis::cmd("SET");
        take.arg(&lock).arg(&owner).arg("NX").arg("PX").arg(lock_ttl_ms);
        if self.link.query::<Option<String>>(&take).await?.is_none() {
            return Ok(Vec::new());
        }
        let gone = self.sweep_locked(now).await;
        self.link.query::<()>(UNLOCK_SWEEP.on(&lock).arg(&owner)).await?;
        gone
    }

    async fn sweep_locked(&self, now: Timestamp) -> Result<Vec<UserId>, Away> {
        let nodes = self.link.keys().nodes();
        let mut find = redis::cmd("ZRANGEBYSCORE");
        find.arg(&nodes).arg("-inf").arg(self.lease_floor(now));
        let dead: Vec<String> = self.link.query(&find).await?;
        let mut gone = HashSet::new();
        for node in dead.iter().filter_map(|name| name.parse::<IncarnationId>().ok()) {
            // The lock only saves work: who takes the node off the list is the one to tell.
            if self
                .link
                .query::<u64>(redis::cmd("ZREM").arg(&nodes).arg(node.to_string()))
                .await?
                == 1
            {
                let left = self.end_node(node).await?;
                let lone = left
                    .into_iter()
                    .filter(|(user_id, fields)| self.presence(*user_id, fields, now).connections.is_empty());
                gone.extend(lone.map(|(user_id, _)| user_id));
            }
        }
        Ok(gone.into_iter().collect())
    }

    /// Ends all connections of a node: whom it served until then, with what they have left.
    async fn end_node(&self, node: IncarnationId) -> Result<Vec<(UserId, Fields)>, Away> {
        let keys = self.link.keys();
        let users_key = keys.users_of_node(node);
        let within = self.link.settings().bulk_timeout;
        let users: Vec<String> = self
            .link
            .query_within(redis::cmd("SMEMBERS").arg(&users_key), within)
            .await?;
        let users: Vec<UserId> = users.iter().filter_map(|name| name.parse().ok()).collect();
        let mut served = Vec::new();
        for some in users.chunks(PIPELINE_COMMANDS_MAX) {
            let mut pipeline = redis::pipe();
            for user_id in some {
                let mut call = END_CONNECTIONS.on(&keys.connections(*user_id));
                call.arg(format!("{node}/"));
                pipeline.add_command(call);
            }
            let answers: Vec<(u64, Vec<(String, String)>)> = self.link.pipeline(&pipeline, within).await?;
            let ended = some.iter().zip(answers).filter(|(_, (ended, _))| *ended > 0);
            served.extend(ended.map(|(user_id, (_, left))| (*user_id, left.into_iter().collect())));
        }
        self.link
            .query_within::<()>(redis::cmd("DEL").arg(&users_key), within)
            .await?;
        Ok(served)
    }

    pub(crate) async fn end(
        &self,
        node: IncarnationId,
        active: Vec<(RoomId, Vec<UserId>)>,
    ) -> Result<(), Away> {
        self.link
            .query::<()>(
                redis::cmd("ZREM")
                    .arg(self.link.keys().nodes())
                    .arg(node.to_string()),
            )
            .await?;
        let served = self.end_node(node).await?;
        let lone: HashSet<UserId> = served
            .into_iter()
            .filter(|(_, left)| left.is_empty())
            .map(|(user_id, _)| user_id)
            .collect();
        let mut batch = Batch::default();
        for (room_id, user_ids) in active {
            for some in user_ids.chunks(MEMBERS_MAX) {
                let mut call = END_ACTIVE.on(&self.link.keys().active(room_id));
                call.arg(i64::MAX)
                    .arg(names(some.iter().filter(|user_id| lone.contains(user_id))));
                batch.next().add_command(call).ignore();
            }
        }
        self.send_all(batch.pipelines).await
    }
}
