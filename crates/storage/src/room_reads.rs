//! The port of reads on the [`Store`], and the reads of one room and its people.

use async_trait::async_trait;
use confab_domain::ports::{
    LogPage, LogRequest, MemberFilter, MessagePage, Page, PageAt, Receipt, RoomFilter, RoomListing,
    RoomReads, Seat,
};
use confab_domain::search::NameQuery;
use confab_domain::{
    Actor, Epoch, Horizon, Member, MemberRole, Message, MessageId, Result, Room, RoomAccess, RoomId,
    RoomKind, User, UserId,
};
use sea_orm::{DbErr, Value};
use std::sync::Arc;
use uuid::Uuid;

use crate::connect::{Store, bounded};
use crate::error::from_db;
use crate::pages::{one_more, page};
use crate::rows::{self, HEAD, MEMBER, ROOM, Row, USER};
use crate::{account_outbox, log, marks, message_pages, names, room_lists, seats};

#[async_trait]
impl RoomReads for Store {
    async fn epoch(&self) -> Result<Epoch> {
        bounded(account_outbox::epoch(&self.reader())).await
    }

    async fn access(&self, room_id: RoomId, viewer: UserId) -> Result<Option<RoomAccess>> {
        access(self, room_id, viewer).await
    }

    async fn kind(&self, room_id: RoomId) -> Result<Option<RoomKind>> {
        kind(self, room_id).await
    }

    async fn room(&self, room_id: RoomId, _changed_seq: i64) -> Result<Option<Room>> {
        // The store itself always knows the latest.
        room(self, room_id).await
    }

    async fn rooms(
        &self,
        viewer: &Actor,
        filter: &RoomFilter,
        after: Option<RoomId>,
        limit: usize,
    ) -> Result<Page<RoomListing, RoomId>> {
        room_lists::rooms(self, viewer, filter, after, limit).await
    }

    async fn members(
        &self,
        room_id: RoomId,
        filter: &MemberFilter,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Page<(Member, User), UserId>> {
        members(self, room_id, filter, after, limit).await
    }

    async fn member(&self, room_id: RoomId, user_id: UserId) -> Result<Option<(Member, User)>> {
        member(self, room_id, user_id).await
    }

    async fn messages(
        &self,
        access: &RoomAccess,
        horizon: Horizon,
        at: PageAt,
        limit: usize,
    ) -> Result<MessagePage> {
        message_pages::messages(self, access.room_id, horizon, at, limit).await
    }

    async fn message(
        &self,
        message_id: MessageId,
        viewer: UserId,
    ) -> Result<Option<(Arc<Message>, RoomAccess)>> {
        message(self, message_id, viewer).await
    }

    async fn log(&self, requests: &[LogRequest]) -> Result<Vec<LogPage>> {
        log::log(self, requests).await
    }

    async fn seats(&self, user_id: UserId, limit: usize) -> Result<(Epoch, Vec<Seat>, bool)> {
        seats::seats(self, user_id, limit).await
    }

    async fn current_rooms(&self, user_ids: &[UserId], limit: usize) -> Result<Vec<(UserId, RoomId)>> {
        seats::current_rooms(self, user_ids, limit).await
    }

    async fn heads(&self, room_ids: &[RoomId]) -> Result<(Epoch, Vec<(RoomId, i64)>)> {
        seats::heads(self, room_ids).await
    }

    async fn memberships(&self, pairs: &[(RoomId, UserId)]) -> Result<Vec<Option<Member>>> {
        seats::memberships(self, pairs).await
    }

    async fn small_rooms_of(&self, user_id: UserId, members_max: i64) -> Result<Vec<RoomId>> {
        seats::small_rooms_of(self, user_id, members_max).await
    }

    async fn share_a_room(&self, one: UserId, other: UserId) -> Result<bool> {
        seats::share_a_room(self, one, other).await
    }

    async fn receipts(
        &self,
        room_id: RoomId,
        viewer: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Page<Receipt, UserId>> {
        marks::receipts(self, room_id, viewer, after, limit).await
    }
}

async fn access(store: &Store, room_id: RoomId, viewer: UserId) -> Result<Option<RoomAccess>> {
    let sql = format!(
        "SELECT e.name AS epoch, r.id AS room_id, r.kind, r.is_active, {HEAD}, {MEMBER} FROM room_heads h \
         JOIN rooms r ON r.id = h.room_id CROSS JOIN epoch e \
         LEFT JOIN members m ON m.room_id = h.room_id AND m.user_id = $2 \
         WHERE h.room_id = $1 AND r.deleted_at IS NULL"
    );
    let row = bounded(
        store
            .reader()
            .first(&sql, vec![room_id.0.into(), viewer.0.into()]),
    )
    .await?;
    row.as_ref().map(access_of).transpose().map_err(from_db)
}

fn access_of(row: &Row) -> Result<RoomAccess, DbErr> {
    Ok(RoomAccess {
        room_id: row.id("room_id")?,
        kind: row.word("kind", RoomKind::parse)?,
        is_active: row.get("is_active")?,
        epoch: Epoch::new(row.get::<String>("epoch")?),
        head: rows::head(row)?,
        membership: rows::member_or_none(row)?,
    })
}

async fn kind(store: &Store, room_id: RoomId) -> Result<Option<RoomKind>> {
    let sql = "SELECT kind FROM rooms WHERE id = $1 AND deleted_at IS NULL";
    let row = bounded(store.reader().first(sql, vec![room_id.0.into()])).await?;
    row.map(|row| row.word("kind", RoomKind::parse))
        .transpose()
        .map_err(from_db)
}

async fn room(store: &Store, room_id: RoomId) -> Result<Option<Room>> {
    let sql = format!("SELECT {ROOM} FROM rooms r WHERE r.id = $1 AND r.deleted_at IS NULL");
    let row = bounded(store.reader().first(&sql, vec![room_id.0.into()])).await?;
    row.as_ref().map(rows::room).transpose().map_err(from_db)
}

async fn message(
    store: &Store,
    message_id: MessageId,
    viewer: UserId,
) -> Result<Option<(Arc<Message>, RoomAccess)>> {
    let sql = format!(
        "SELECT e.name AS epoch, r.id AS room_id, r.kind, r.is_active, {HEAD}, {MEMBER}, {} \
         FROM messages g JOIN rooms r ON r.id = g.room_id JOIN room_heads h ON h.room_id = g.room_id \
         CROSS JOIN epoch e LEFT JOIN members m ON m.room_id = g.room_id AND m.user_id = $2 \
         WHERE g.id = $1 AND r.deleted_at IS NULL",
        rows::shown_message(store.dialect())
    );
    let row = bounded(
        store
            .reader()
            .first(&sql, vec![message_id.0.into(), viewer.0.into()]),
    )
    .await?;
    let read = |row: &Row| Ok((Arc::new(rows::shown(row)?), access_of(row)?));
    row.as_ref().map(read).transpose().map_err(from_db)
}

async fn members(
    store: &Store,
    room_id: RoomId,
    filter: &MemberFilter,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page<(Member, User), UserId>> {
    let query = filter.query.as_deref().and_then(NameQuery::parse);
    let needle = query.as_ref().map(NameQuery::at_a_word);
    let named = needle.map_or_else(String::new, |needle| {
        format!("AND {}", names::of_user_hold(store.dialect(), "$4", needle))
    });
    let of_role = match filter.role {
        None => String::new(),
        Some(MemberRole::Member) => "AND m.role = 'member'".to_owned(),
        // Said so, that the index of those in office serves: it is not asked what an argument may be.
        Some(role) => format!("AND m.role = '{}' AND m.role <> 'member'", role.as_str()),
    };
    let sql = format!(
        "SELECT {MEMBER}, {USER} FROM members m JOIN users u ON u.id = m.user_id \
         WHERE m.room_id = $1 AND m.user_id > $2 AND m.left_at IS NULL {of_role} {named} \
         ORDER BY m.user_id LIMIT $3"
    );
    let after = after.map_or(Uuid::nil(), |user_id| user_id.0);
    let mut arguments = vec![room_id.0.into(), after.into(), one_more(limit)];
    arguments.extend(needle.map(Value::from));
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    page(&found, limit, member_with_profile, |(member, _)| member.user_id)
}

async fn member(store: &Store, room_id: RoomId, user_id: UserId) -> Result<Option<(Member, User)>> {
    let sql = format!(
        "SELECT {MEMBER}, {USER} FROM members m JOIN users u ON u.id = m.user_id \
         WHERE m.room_id = $1 AND m.user_id = $2 AND m.left_at IS NULL"
    );
    let row = bounded(
        store
            .reader()
            .first(&sql, vec![room_id.0.into(), user_id.0.into()]),
    )
    .await?;
    row.as_ref().map(member_with_profile).transpose().map_err(from_db)
}

fn member_with_profile(row: &Row) -> Result<(Member, User), DbErr> {
    // An address is its owner's alone; whoever lists members never needs it.
    let user = User {
        email: None,
        ..rows::user(row)?
    };
    Ok((rows::member(row)?, user))
}
