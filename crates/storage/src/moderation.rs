//! Who is kept out of what.

use async_trait::async_trait;
use confab_domain::ports::{Moderation, Page, SecretHash, Voice};
use confab_domain::{
    Ban, Block, Invitation, InvitationId, MessageId, Report, Result, RoomId, Timestamp, User, UserId,
};
use sea_orm::DbErr;
use uuid::Uuid;

use crate::blocks;
use crate::connect::{Store, bounded};
use crate::error::from_db;
use crate::facts::profile;
use crate::pages::{one_more, page};
use crate::rows::{self, BAN, INVITATION, Row, USER};

#[async_trait]
impl Moderation for Store {
    async fn bans(
        &self,
        room_id: RoomId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Page<(Ban, User), UserId>> {
        let sql = format!(
            "SELECT {BAN}, {USER} FROM bans b JOIN users u ON u.id = b.user_id \
             WHERE b.room_id = $1 AND b.user_id > $2 ORDER BY b.user_id LIMIT $3"
        );
        let after = after.map_or(Uuid::nil(), |user_id| user_id.0);
        let arguments = vec![room_id.0.into(), after.into(), one_more(limit)];
        let found = bounded(self.reader().all(&sql, arguments)).await?;
        page(&found, limit, ban_with_profile, |(ban, _)| ban.user_id)
    }

    async fn ban(&self, room_id: RoomId, user_id: UserId) -> Result<Option<(Ban, User)>> {
        let sql = format!(
            "SELECT {BAN}, {USER} FROM bans b JOIN users u ON u.id = b.user_id \
             WHERE b.room_id = $1 AND b.user_id = $2"
        );
        let row = bounded(
            self.reader()
                .first(&sql, vec![room_id.0.into(), user_id.0.into()]),
        )
        .await?;
        row.as_ref().map(ban_with_profile).transpose().map_err(from_db)
    }

    async fn block(&self, blocker_id: UserId, blocked_id: UserId, now: Timestamp) -> Result<bool> {
        blocks::block(self, blocker_id, blocked_id, now).await
    }

    async fn unblock(&self, blocker_id: UserId, blocked_id: UserId) -> Result<bool> {
        blocks::unblock(self, blocker_id, blocked_id).await
    }

    async fn blocks(
        &self,
        blocker_id: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Page<(Block, User), UserId>> {
        blocks::blocks(self, blocker_id, after, limit).await
    }

    async fn invitations(
        &self,
        room_id: RoomId,
        before: Option<InvitationId>,
        limit: usize,
    ) -> Result<Page<Invitation, InvitationId>> {
        let sql = format!(
            "SELECT {INVITATION} FROM invitations i WHERE i.room_id = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT $3"
        );
        let before = before.map_or(Uuid::max(), |id| id.0);
        let arguments = vec![room_id.0.into(), before.into(), one_more(limit)];
        let found = bounded(self.reader().all(&sql, arguments)).await?;
        page(&found, limit, rows::invitation, |invitation| invitation.id)
    }

    async fn invitation_of(&self, token: SecretHash) -> Result<Option<Invitation>> {
        let sql = format!("SELECT {INVITATION} FROM invitations i WHERE i.token_hash = $1");
        let row = bounded(self.reader().first(&sql, vec![token.0.to_vec().into()])).await?;
        row.as_ref().map(rows::invitation).transpose().map_err(from_db)
    }

    async fn reports(
        &self,
        room_id: Option<RoomId>,
        is_resolved: bool,
        before: Option<(MessageId, UserId)>,
        limit: usize,
    ) -> Result<Page<Report, (MessageId, UserId)>> {
        let (of_room, is_open) = (
            if room_id.is_some() {
                "AND p.room_id = $4"
            } else {
                ""
            },
            if is_resolved { "IS NOT NULL" } else { "IS NULL" },
        );
        let sql = format!(
            "SELECT p.room_id, p.message_id, p.reporter_id, p.reason, p.created_at, p.resolved_at, p.resolved_by, \
             (SELECT g.sender_id FROM messages g WHERE g.id = p.message_id) AS sender_id FROM reports p \
             WHERE p.resolved_at {is_open} AND (p.message_id, p.reporter_id) < ($1, $2) {of_room} \
             ORDER BY p.message_id DESC, p.reporter_id DESC LIMIT $3"
        );
        let (message_id, reporter_id) = before.map_or((Uuid::max(), Uuid::max()), |(message_id, user_id)| {
            (message_id.0, user_id.0)
        });
        let mut arguments = vec![message_id.into(), reporter_id.into(), one_more(limit)];
        arguments.extend(room_id.map(|room_id| room_id.0.into()));
        let found = bounded(self.reader().all(&sql, arguments)).await?;
        page(&found, limit, report, |report| {
            (report.message_id, report.reporter_id)
        })
    }

    async fn voice(&self, room_id: RoomId, user_id: UserId) -> Result<Option<Voice>> {
        blocks::voice(self, room_id, user_id).await
    }
}

fn ban_with_profile(row: &Row) -> Result<(Ban, User), DbErr> {
    Ok((rows::ban(row)?, profile(rows::user(row)?)))
}

fn report(row: &Row) -> Result<Report, DbErr> {
    Ok(Report {
        room_id: row.id("room_id")?,
        message_id: row.id("message_id")?,
        sender_id: row.id_or_none("sender_id")?,
        reporter_id: row.id("reporter_id")?,
        reason: row.get("reason")?,
        created_at: row.time("created_at")?,
        resolved_at: row.time_or_none("resolved_at")?,
        resolved_by: row.id_or_none("resolved_by")?,
    })
}
