//! Sends, and the look-up of what was sent before.

use std::sync::Arc;

use confab_domain::Result;
use confab_domain::ports::{NewMessage, Sent};
use uuid::Uuid;

use crate::connect::{Store, bounded_domain};
use crate::error::from_db;
use crate::lanes::{another_body, body_hash, client_key};
use crate::rows;

/// The first message of this sender with this `client_id`; `Conflict` when that had another body.
pub(crate) async fn sent_before(store: &Store, message: &NewMessage) -> Result<Option<Sent>> {
    let sql = format!(
        "SELECT {}, g.body_hash FROM messages g WHERE g.client_key = $1",
        rows::MESSAGE
    );
    let key = client_key(message.room_id, message.actor.user_id, &message.client_id);
    bounded_domain(async {
        let Some(row) = store
            .reader()
            .first(&sql, vec![key.into()])
            .await
            .map_err(from_db)?
        else {
            return Ok(None);
        };
        if row.get::<Uuid>("body_hash").map_err(from_db)? != body_hash(&message.body) {
            return Err(another_body());
        }
        let message = Arc::new(rows::message(&row).map_err(from_db)?);
        Ok(Some(Sent {
            message,
            is_duplicate: true,
        }))
    })
    .await
}
