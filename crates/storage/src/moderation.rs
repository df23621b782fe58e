//! Who is kept out of what.

use async_trait::async_trait;
use confab_domain::ports::{Moderation, Page};
use confab_domain::{Ban, Result, RoomId, User, UserId};
use sea_orm::DbErr;
use uuid::Uuid;

use crate::connect::{Store, bounded};
use crate::error::from_db;
use crate::facts::profile;
use crate::pages::{one_more, page};
use crate::rows::{self, BAN, Row, USER};

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
}

fn ban_with_profile(row: &Row) -> Result<(Ban, User), DbErr> {
    Ok((rows::ban(row)?, profile(rows::user(row)?)))
}
