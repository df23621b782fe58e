//! Presence of all nodes through Redis.
//!
//! A person's connections are a hash: `<node>/<connection>` -> `<status> <opened at> <seen at>`. People active
//! in a room are a sorted set by their last heartbeat, in ms. Nodes are a sorted set likewise, each with the
//! set of people it serves, so that whoever sweeps knows whom the dead leave behind.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use confab_domain::ports::{LiveConnection, NodePresence, Presence, RoomPresence, Status, UserPresence};
use confab_domain::{ConnectionId, IncarnationId, Result, RoomId, Timestamp, UserId};
use redis::Pipeline;

use crate::link::{Away, RedisLink};
use crate::measures;
use crate::presence::{is_leased, merge};
use crate::presence_memory::MemoryPresence;
use crate::scripts::END_ACTIVE;
use crate::settings::PresenceSettings;

/// Commands in one pipeline: enough to hide the round trip, few enough not to hold up the callers of others.
pub(crate) const PIPELINE_COMMANDS_MAX: usize = 1_000;
/// Members in one command.
pub(crate) const MEMBERS_MAX: usize = 500;

/// Presence in Redis. Without it this node answers from what it serves itself.
pub struct RedisPresence {
    pub(crate) link: RedisLink,
    pub(crate) settings: PresenceSettings,
    own: MemoryPresence,
}

pub(crate) type Fields = HashMap<String, String>;

impl RedisPresence {
    /// Presence over this link.
    pub fn new(link: RedisLink, settings: PresenceSettings) -> Self {
        let own = MemoryPresence::new(settings.clone());
        Self { link, settings, own }
    }

    fn key_ttl_ms(&self) -> u64 {
        u64::try_from(self.settings.key_ttl.as_millis()).unwrap_or(u64::MAX)
    }

    /// The moment at or before which a heartbeat no longer counts.
    pub(crate) fn lease_floor(&self, now: Timestamp) -> i64 {
        now.minus(self.settings.lease).as_millis()
    }

    async fn send(&self, pipeline: Pipeline) -> Result<(), Away> {
        self.link
            .pipeline::<()>(&pipeline, self.link.settings().bulk_timeout)
            .await
    }

    pub(crate) async fn send_all(&self, pipelines: Vec<Pipeline>) -> Result<(), Away> {
        for pipeline in pipelines {
            self.send(pipeline).await?;
        }
        Ok(())
    }

    fn put_connection(
        &self,
        to: &mut Pipeline,
        node: IncarnationId,
        connection: &LiveConnection,
        now: Timestamp,
    ) {
        let key = self.link.keys().connections(connection.user_id);
        to.cmd("HSET")
            .arg(&key)
            .arg(field(node, connection.connection_id))
            .arg(value(connection, now))
            .ignore();
        to.cmd("PEXPIRE").arg(&key).arg(self.key_ttl_ms()).ignore();
    }

    fn put_node(&self, to: &mut Pipeline, node: IncarnationId, now: Timestamp) {
        to.cmd("ZADD")
            .arg(self.link.keys().nodes())
            .arg("GT")
            .arg(now.as_millis())
            .arg(node.to_string())
            .ignore();
    }

    fn put_users_of_node(&self, to: &mut Pipeline, node: IncarnationId, user_ids: &[UserId]) {
        let key = self.link.keys().users_of_node(node);
        for some in user_ids.chunks(MEMBERS_MAX) {
            to.cmd("SADD").arg(&key).arg(names(some)).ignore();
        }
        to.cmd("PEXPIRE").arg(&key).arg(self.key_ttl_ms()).ignore();
    }

    fn put_active(&self, to: &mut Pipeline, room_id: RoomId, user_ids: &[UserId], now: Timestamp) {
        let key = self.link.keys().active(room_id);
        for some in user_ids.chunks(MEMBERS_MAX) {
            to.cmd("ZADD").arg(&key).arg("GT").ignore();
            for user_id in some {
                to.arg(now.as_millis()).arg(user_id.to_string());
            }
        }
        to.cmd("PEXPIRE").arg(&key).arg(self.key_ttl_ms()).ignore();
    }

    async fn beat(&self, node: IncarnationId, state: &NodePresence, now: Timestamp) -> Result<(), Away> {
        let mut batch = Batch::default();
        for connection in &state.connections {
            self.put_connection(batch.next(), node, connection, now);
        }
        let users: HashSet<UserId> = state
            .connections
            .iter()
            .map(|connection| connection.user_id)
            .collect();
        let users: Vec<UserId> = users.into_iter().collect();
        // Only added to: whoever went is found to have no connection of this node when it is swept.
        self.put_users_of_node(batch.next(), node, &users);
        for (room_id, user_ids) in state.active.iter().filter(|(_, user_ids)| !user_ids.is_empty()) {
            let pipeline = batch.next();
            self.put_active(pipeline, *room_id, user_ids, now);
            pipeline
                .cmd("ZREMRANGEBYSCORE")
                .arg(self.link.keys().active(*room_id))
                .arg("-inf")
                .arg(self.lease_floor(now))
                .ignore();
        }
        // Last, so that a node is never taken for alive on the word of a heartbeat that did not get through.
        self.put_node(batch.next(), node, now);
        self.send_all(batch.pipelines).await
    }

    async fn connect(
        &self,
        node: IncarnationId,
        connection: &LiveConnection,
        now: Timestamp,
    ) -> Result<UserPresence, Away> {
        let mut pipeline = redis::pipe();
        self.put_node(&mut pipeline, node, now);
        self.put_users_of_node(&mut pipeline, node, &[connection.user_id]);
        self.put_connection(&mut pipeline, node, connection, now);
        pipeline
            .cmd("HGETALL")
            .arg(self.link.keys().connections(connection.user_id));
        let (fields,): (Fields,) = self
            .link
            .pipeline(&pipeline, self.link.settings().command_timeout)
            .await?;
        self.forget_old(connection.user_id, &fields, now).await?;
        Ok(self.presence(connection.user_id, &fields, now))
    }

    /// Somebody who comes back again and again through nodes that crash must not gather their remains.
    async fn forget_old(&self, user_id: UserId, fields: &Fields, now: Timestamp) -> Result<(), Away> {
        let is_old = |text: &str| {
            !read_value(text).is_some_and(|(_, _, at)| is_leased(at, self.settings.key_ttl, now))
        };
        let old: Vec<&String> = fields
            .iter()
            .filter(|(_, text)| is_old(text))
            .map(|(name, _)| name)
            .collect();
        if old.is_empty() {
            return Ok(());
        }
        self.link
            .query(
                redis::cmd("HDEL")
                    .arg(self.link.keys().connections(user_id))
                    .arg(old),
            )
            .await
    }

    async fn disconnect(
        &self,
        node: IncarnationId,
        connection_id: ConnectionId,
        user_id: UserId,
        now: Timestamp,
    ) -> Result<UserPresence, Away> {
        let key = self.link.keys().connections(user_id);
        let mut pipeline = redis::pipe();
        pipeline
            .cmd("HDEL")
            .arg(&key)
            .arg(field(node, connection_id))
            .ignore();
        pipeline.cmd("HGETALL").arg(&key);
        let (fields,): (Fields,) = self
            .link
            .pipeline(&pipeline, self.link.settings().command_timeout)
            .await?;
        let presence = self.presence(user_id, &fields, now);
        if presence.connections.is_empty() && !fields.is_empty() {
            // Whoever is told offline now must not be told so again by a sweep.
            let remains: Vec<&String> = fields.keys().collect();
            self.link
                .query::<()>(redis::cmd("HDEL").arg(&key).arg(remains))
                .await?;
        }
        Ok(presence)
    }

    async fn end_active(
        &self,
        node: IncarnationId,
        room_ids: &[RoomId],
        user_id: UserId,
        now: Timestamp,
    ) -> Result<(), Away> {
        // Somebody who is connected through another node may be active there: their lease decides.
        let presences = self.read_users(&[user_id], now).await?;
        let is_elsewhere = presences
            .iter()
            .flat_map(|user| &user.connections)
            .any(|(at, _)| *at != node);
        if is_elsewhere {
            return Ok(());
        }
        let mut batch = Batch::default();
        for room_id in room_ids {
            let mut call = END_ACTIVE.on(&self.link.keys().active(*room_id));
            call.arg(now.as_millis()).arg(user_id.to_string());
            batch.next().add_command(call).ignore();
        }
        self.send_all(batch.pipelines).await
    }

    async fn begin_active(&self, room_ids: &[RoomId], user_id: UserId, now: Timestamp) -> Result<(), Away> {
        let mut batch = Batch::default();
        for room_id in room_ids {
            self.put_active(batch.next(), *room_id, &[user_id], now);
        }
        self.send_all(batch.pipelines).await
    }

    async fn read_users(&self, user_ids: &[UserId], now: Timestamp) -> Result<Vec<UserPresence>, Away> {
        if user_ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for user_id in user_ids {
            pipeline
                .cmd("HGETALL")
                .arg(self.link.keys().connections(*user_id));
        }
        let all: Vec<Fields> = self
            .link
            .pipeline(&pipeline, self.link.settings().command_timeout)
            .await?;
        Ok(user_ids
            .iter()
            .zip(all)
            .map(|(user_id, fields)| self.presence(*user_id, &fields, now))
            .collect())
    }

    async fn read_room(&self, room_id: RoomId, limit: usize, now: Timestamp) -> Result<RoomPresence, Away> {
        let key = self.link.keys().active(room_id);
        let after = format!("({}", self.lease_floor(now));
        let mut pipeline = redis::pipe();
        pipeline.cmd("ZCOUNT").arg(&key).arg(&after).arg("+inf");
        pipeline
            .cmd("ZREVRANGEBYSCORE")
            .arg(&key)
            .arg("+inf")
            .arg(&after)
            .arg("LIMIT")
            .arg(0)
            .arg(limit);
        let (count, names): (u64, Vec<String>) = self
            .link
            .pipeline(&pipeline, self.link.settings().command_timeout)
            .await?;
        Ok(RoomPresence {
            count,
            user_ids: names.iter().filter_map(|name| name.parse().ok()).collect(),
        })
    }

    pub(crate) fn presence(&self, user_id: UserId, fields: &Fields, now: Timestamp) -> UserPresence {
        let live = fields.iter().filter_map(|(name, text)| {
            let (node, connection_id) = read_field(name)?;
            let (status, opened_at, seen_at) = read_value(text)?;
            is_leased(seen_at, self.settings.lease, now).then_some((
                node,
                LiveConnection {
                    connection_id,
                    user_id,
                    opened_at,
                    status,
                },
            ))
        });
        merge(user_id, live.collect())
    }
}

#[async_trait]
impl Presence for RedisPresence {
    async fn heartbeat(&self, node: IncarnationId, state: &NodePresence, now: Timestamp) -> Result<()> {
        self.own.heartbeat(node, state, now).await?;
        if self.beat(node, state, now).await.is_err() {
            measures::fallback("presence");
        }
        Ok(())
    }

    async fn arrive(
        &self,
        node: IncarnationId,
        connection: &LiveConnection,
        now: Timestamp,
    ) -> Result<UserPresence> {
        let own = self.own.arrive(node, connection, now).await;
        or_own(self.connect(node, connection, now).await, own)
    }

    async fn depart(
        &self,
        node: IncarnationId,
        connection_id: ConnectionId,
        user_id: UserId,
        now: Timestamp,
    ) -> Result<UserPresence> {
        let own = self.own.depart(node, connection_id, user_id, now).await;
        or_own(self.disconnect(node, connection_id, user_id, now).await, own)
    }

    async fn set_active(
        &self,
        node: IncarnationId,
        room_ids: &[RoomId],
        user_id: UserId,
        active: bool,
        now: Timestamp,
    ) -> Result<()> {
        let own = self.own.set_active(node, room_ids, user_id, active, now).await;
        let shared = if active {
            self.begin_active(room_ids, user_id, now).await
        } else {
            self.end_active(node, room_ids, user_id, now).await
        };
        or_own(shared, own)
    }

    async fn users(&self, user_ids: &[UserId], now: Timestamp) -> Result<Vec<UserPresence>> {
        if let Ok(shared) = self.read_users(user_ids, now).await {
            return Ok(shared);
        }
        measures::fallback("presence");
        self.own.users(user_ids, now).await
    }

    async fn room(&self, room_id: RoomId, limit: usize, now: Timestamp) -> Result<RoomPresence> {
        if let Ok(shared) = self.read_room(room_id, limit, now).await {
            return Ok(shared);
        }
        measures::fallback("presence");
        self.own.room(room_id, limit, now).await
    }

    async fn sweep(&self, node: IncarnationId, now: Timestamp) -> Result<Vec<UserId>> {
        // Without Redis nobody knows of other nodes, and one's own people are not gone.
        Ok(self.sweep_dead(node, now).await.unwrap_or_else(|_| {
            measures::fallback("presence");
            Vec::new()
        }))
    }

    async fn leave(&self, node: IncarnationId) -> Result<()> {
        let active = self.own.all_active();
        self.own.leave(node).await?;
        if self.end(node, active).await.is_err() {
            measures::fallback("presence");
        }
        Ok(())
    }
}

/// Redis's answer, or this node's own when Redis is away.
fn or_own<T>(shared: Result<T, Away>, own: Result<T>) -> Result<T> {
    shared.or_else(|_| {
        measures::fallback("presence");
        own
    })
}

/// Pipelines of a bounded size.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) pipelines: Vec<Pipeline>,
}

impl Batch {
    /// The pipeline that takes the next few commands.
    pub(crate) fn next(&mut self) -> &mut Pipeline {
        if self
            .pipelines
            .last()
            .is_none_or(|last| last.len() >= PIPELINE_COMMANDS_MAX)
        {
            self.pipelines.push(redis::pipe());
        }
        self.pipelines
            .last_mut()
            .expect("one was pushed when there was none")
    }
}

pub(crate) fn names<'a>(user_ids: impl IntoIterator<Item = &'a UserId>) -> Vec<String> {
    user_ids.into_iter().map(UserId::to_string).collect()
}

fn field(node: IncarnationId, connection_id: ConnectionId) -> String {
    format!("{node}/{connection_id}")
}

fn read_field(text: &str) -> Option<(IncarnationId, ConnectionId)> {
    let (node, connection_id) = text.split_once('/')?;
    Some((node.parse().ok()?, connection_id.parse().ok()?))
}

fn value(connection: &LiveConnection, seen_at: Timestamp) -> String {
    let (status, opened_at) = (connection.status.as_str(), connection.opened_at.as_millis());
    format!("{status} {opened_at} {}", seen_at.as_millis())
}

fn read_value(text: &str) -> Option<(Status, Timestamp, Timestamp)> {
    let mut words = text.split(' ');
    let status = Status::parse(words.next()?)?;
    let mut moment = || words.next()?.parse().ok().map(Timestamp::from_millis);
    Some((status, moment()?, moment()?))
}
