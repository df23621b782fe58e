//! What a message wears, written: reactions with their counts, and the pin.

use confab_domain::{EventBody, Extras, Message, MessageId, UserId};
use sea_orm::{ConnectionTrait, DbErr};

use super::log::RoomLog;
use crate::dialect::Runner;

/// Adds a person's reaction and counts it, both under the room's lock.
pub(crate) async fn add_reaction<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    log: &mut RoomLog,
    message: &Message,
    emoji: &str,
    user_id: UserId,
) -> Result<(), DbErr> {
    let sql =
        "INSERT INTO reactions (created_at, room_id, message_id, user_id, emoji) VALUES ($1, $2, $3, $4, $5)";
    let arguments = vec![
        run.dialect.time(log.now()),
        message.room_id.0.into(),
        message.id.0.into(),
        user_id.0.into(),
        emoji.into(),
    ];
    run.execute(sql, arguments).await?;
    let mut extras = message.extras.clone();
    extras.count_reaction(emoji);
    write_counts(run, log, message, &extras).await?;
    log.add(EventBody::ReactionAdded {
        message_id: message.id,
        number: message.number,
        emoji: emoji.to_owned(),
        user_id,
    });
    Ok(())
}

/// Takes a person's reaction away and counts it no longer.
pub(crate) async fn remove_reaction<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    log: &mut RoomLog,
    message: &Message,
    emoji: &str,
    user_id: UserId,
) -> Result<(), DbErr> {
    let sql = "DELETE FROM reactions WHERE room_id = $1 AND message_id = $2 AND emoji = $3 AND user_id = $4";
    let arguments = vec![
        message.room_id.0.into(),
        message.id.0.into(),
        emoji.into(),
        user_id.0.into(),
    ];
    run.execute(sql, arguments).await?;
    let mut extras = message.extras.clone();
    extras.discount_reaction(emoji);
    write_counts(run, log, message, &extras).await?;
    log.add(EventBody::ReactionRemoved {
        message_id: message.id,
        number: message.number,
        emoji: emoji.to_owned(),
        user_id,
    });
    Ok(())
}

async fn write_counts<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    log: &RoomLog,
    message: &Message,
    extras: &Extras,
) -> Result<(), DbErr> {
    let counts = (!extras.reactions.is_empty())
        .then(|| serde_json::to_string(&extras.reactions))
        .transpose()
        .map_err(|error| DbErr::Json(error.to_string()))?;
    let sql = format!(
        "UPDATE messages SET reactions = {}, updated_seq = $4 WHERE room_id = $1 AND seq = $2",
        run.dialect.json("$3")
    );
    let arguments = vec![
        message.room_id.0.into(),
        message.seq.into(),
        counts.into(),
        log.next_seq().into(),
    ];
    run.execute(&sql, arguments).await?;
    Ok(())
}

/// Pins a message, or pins it no longer.
pub(crate) async fn set_pinned<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    log: &mut RoomLog,
    message: &Message,
    is_pinned: bool,
) -> Result<(), DbErr> {
    let sql = "UPDATE messages SET pinned_at = $3, pinned_by = $5, updated_seq = $4 WHERE room_id = $1 AND seq = $2";
    let arguments = vec![
        message.room_id.0.into(),
        message.seq.into(),
        run.dialect.time_or_null(is_pinned.then(|| log.now())),
        log.next_seq().into(),
        is_pinned.then(|| log.actor_id().0).into(),
    ];
    run.execute(sql, arguments).await?;
    let (message_id, number) = (message.id, message.number);
    log.add(if is_pinned {
        EventBody::MessagePinned { message_id, number }
    } else {
        EventBody::MessageUnpinned { message_id, number }
    });
    Ok(())
}

/// Takes everything off a message that is deleted; its event says so for all of it.
pub(crate) async fn strip<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    log: &RoomLog,
    message_id: MessageId,
) -> Result<(), DbErr> {
    let room_id = log.room.id.0;
    let sql = "DELETE FROM reactions WHERE room_id = $1 AND message_id = $2";
    run.execute(sql, vec![room_id.into(), message_id.0.into()])
        .await?;
    Ok(())
}
