//! What a host product's backend brings with it: API keys, and its own ids of people and rooms.

use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{Changed, HostProduct, HostUser, Kept, KeyBearer, NewRoom, Page, SecretHash};
use confab_domain::{Actor, ApiKey, ApiKeyId, Error, Result, RoomId, Scope, Timestamp, Trace, User};
use sea_orm::DbErr;
use serde_json::json;
use uuid::Uuid;

use crate::change::{self, Act};
use crate::connect::{Store, bounded, bounded_domain};
use crate::error::from_db;
use crate::host_users;
use crate::pages::{one_more, page};
use crate::rows::{self, ACCOUNT, Row, USER, noun};

/// Most live keys of one service account.
const LIVE_KEYS_MAX: i64 = 100;

noun! {
    /// Columns of an [`ApiKey`] under the alias `k`.
    API_KEY, api_key("k") -> ApiKey {
        id: Row::id,
        name: Row::get,
        prefix: Row::get,
        scopes: scopes,
        user_id: Row::id,
        created_by: Row::id_or_none,
        created_at: Row::time,
        expires_at: Row::time_or_none,
        last_used_at: Row::time_or_none,
        revoked_at: Row::time_or_none,
    }
}

/// A scope that only a newer version knows opens nothing here.
fn scopes(row: &Row, column: &str) -> Result<Vec<Scope>, DbErr> {
    let scopes: String = row.get(column)?;
    Ok(scopes.split(',').filter_map(Scope::parse).collect())
}

#[async_trait]
impl HostProduct for Store {
    async fn put_api_key(&self, key: &ApiKey, secret: SecretHash) -> Result<()> {
        bounded_domain(async {
            let transaction = self.begin().await.map_err(from_db)?;
            let run = self.within(&transaction);
            // The account's lock, so that two at once count each other's keys.
            let sql = format!(
                "SELECT u.id FROM users u WHERE u.id = $1 AND u.role = 'service' AND u.deactivated_at IS NULL{}",
                self.dialect().for_update()
            );
            let account = run.first(&sql, vec![key.user_id.0.into()]).await.map_err(from_db)?;
            if account.is_none() {
                return Err(Error::Conflict("the service's account is shut"));
            }
            let sql = "SELECT count(*) AS live FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL \
                       AND (expires_at IS NULL OR expires_at > $2)";
            let arguments = vec![key.user_id.0.into(), self.dialect().time(key.created_at)];
            let row = run.first(sql, arguments).await.map_err(from_db)?;
            let live: i64 = match row {
                Some(row) => row.get("live").map_err(from_db)?,
                None => 0,
            };
            if live >= LIVE_KEYS_MAX {
                return Err(Error::Conflict("the service has too many keys; revoke some"));
            }
            let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
            let sql = "INSERT INTO api_keys (created_at, expires_at, id, user_id, created_by, secret_hash, \
                       name, prefix, scopes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
            let arguments = vec![
                self.dialect().time(key.created_at),
                self.dialect().time_or_null(key.expires_at),
                key.id.0.into(),
                key.user_id.0.into(),
                key.created_by.map(|user_id| user_id.0).into(),
                secret.0.to_vec().into(),
                key.name.as_str().into(),
                key.prefix.as_str().into(),
                scopes.join(",").into(),
            ];
            run.execute(sql, arguments).await.map_err(from_db)?;
            transaction.commit().await.map_err(from_db)
        })
        .await
    }

    async fn api_keys(&self, after: Option<ApiKeyId>, limit: usize) -> Result<Page<ApiKey, ApiKeyId>> {
        let sql = format!(
            "SELECT {API_KEY} FROM api_keys k WHERE k.id > $1 AND k.revoked_at IS NULL ORDER BY k.id LIMIT $2"
        );
        let after = after.map_or(Uuid::nil(), |id| id.0);
        let found = bounded(self.reader().all(&sql, vec![after.into(), one_more(limit)])).await?;
        page(&found, limit, api_key, |key| key.id)
    }

    async fn revoke_api_key(&self, id: ApiKeyId, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        let arguments = vec![id.0.into(), self.dialect().time(now)];
        Ok(bounded(self.writer().execute(sql, arguments)).await? == 1)
    }

    async fn key_bearer(&self, secret: SecretHash) -> Result<Option<KeyBearer>> {
        let sql = format!(
            "SELECT {API_KEY}, {ACCOUNT} FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.secret_hash = $1"
        );
        let row = bounded(self.reader().first(&sql, vec![secret.0.to_vec().into()])).await?;
        let read = |row: &Row| {
            Ok(KeyBearer {
                key: api_key(row)?,
                account: rows::account(row)?,
            })
        };
        row.as_ref().map(read).transpose().map_err(from_db)
    }

    async fn touch_api_key(&self, id: ApiKeyId, now: Timestamp, at_most_every: Duration) -> Result<()> {
        let sql = "UPDATE api_keys SET last_used_at = $2 \
                   WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)";
        let dialect = self.dialect();
        let before = dialect.time(now.minus(at_most_every));
        let arguments = vec![id.0.into(), dialect.time(now), before];
        bounded(self.writer().execute(sql, arguments)).await.map(|_| ())
    }

    async fn keep_user(
        &self,
        actor: &Actor,
        user: HostUser,
        now: Timestamp,
        trace: Trace,
    ) -> Result<(User, Kept)> {
        host_users::keep(self, actor, user, now, trace).await
    }

    async fn users_by_external_id(&self, external_ids: &[String]) -> Result<Vec<User>> {
        if external_ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {USER} FROM users u WHERE u.external_id IN (SELECT list.value ->> 0 FROM {} AS list)",
            self.dialect().elements_table("$1")
        );
        // Each in an array of its own: the text of an array's element is taken alike by both databases.
        let list: Vec<_> = external_ids.iter().map(|id| json!([id])).collect();
        let found = bounded(self.reader().all(&sql, vec![json!(list).to_string().into()])).await?;
        found
            .iter()
            .map(rows::user)
            .collect::<Result<_, _>>()
            .map_err(from_db)
    }

    async fn room_by_key(
        &self,
        external_key: &str,
        room: NewRoom,
        actor: &Actor,
        now: Timestamp,
        trace: Trace,
    ) -> Result<(Changed, bool)> {
        change::room_by_key(self, external_key, room, Act { actor, now, trace }).await
    }

    async fn room_of_key(&self, external_key: &str) -> Result<Option<RoomId>> {
        let sql = "SELECT r.id FROM rooms r WHERE r.external_key = $1 AND r.deleted_at IS NULL";
        let row = bounded(self.reader().first(sql, vec![external_key.into()])).await?;
        row.map(|row| row.id("id")).transpose().map_err(from_db)
    }
}
