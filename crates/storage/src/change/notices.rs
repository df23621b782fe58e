//! Messages of the system, in the transaction of what they tell.

use confab_domain::change::system::{NAMED_MAX, Notice, notices};
use confab_domain::{Body, ContentType, Effect, Extras, Facts, Message, MessageId, Named, UserId};
use sea_orm::{ConnectionTrait, DbErr};

use super::log::RoomLog;
use super::{Act, read};
use crate::dialect::Runner;
use crate::lanes::{body_hash, client_key};
use crate::rows::metadata_text;

/// Adds what the room tells of these effects, if it tells anything: not once it is closed or deleted.
pub(super) async fn tell<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    log: &mut RoomLog,
    effects: &[Effect],
    facts: &Facts,
    act: &Act<'_>,
) -> Result<(), DbErr> {
    if !log.room.system_messages || !log.room.is_active {
        return Ok(());
    }
    for notice in notices(effects, facts) {
        tell_one(run, log, &notice, act).await?;
    }
    Ok(())
}

async fn tell_one<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    log: &mut RoomLog,
    notice: &Notice,
    act: &Act<'_>,
) -> Result<(), DbErr> {
    let named = notice.user_ids.iter().copied().take(NAMED_MAX);
    let people = read::profiles(run, named.chain([act.actor.user_id])).await?;
    let name_of = |user_id: UserId| {
        people
            .get(&user_id)
            .map_or_else(|| "somebody".to_owned(), |user| user.display_name.clone())
    };
    let body = Body {
        content: notice.text(act.actor, name_of),
        content_type: ContentType::System,
        reply_to: None,
        metadata: notice.metadata(),
        attachments: Vec::new(),
        named: Named::default(),
        forward: None,
    };
    let message = message(log, body, act);
    insert(run, &message).await?;
    keep_read(run, &message, notice).await?;
    log.add_message(message);
    Ok(())
}

fn message(log: &RoomLog, body: Body, act: &Act<'_>) -> Message {
    let id = MessageId::mint(log.now());
    Message {
        id,
        room_id: log.room.id,
        number: log.head.last_number + 1,
        seq: log.next_seq(),
        updated_seq: log.next_seq(),
        sender_id: act.actor.user_id,
        client_id: id.to_string(),
        content: Some(body.content),
        content_type: body.content_type,
        reply_to: None,
        metadata: body.metadata,
        created_at: log.now(),
        edited_at: None,
        deleted_at: None,
        attachments: Vec::new(),
        extras: Extras::default(),
    }
}

async fn insert<C: ConnectionTrait>(run: &Runner<'_, C>, message: &Message) -> Result<(), DbErr> {
    let sql = format!(
        "INSERT INTO messages (room_id, seq, number, updated_seq, id, sender_id, client_key, body_hash,
            content_type, client_id, content, metadata, created_at)
         VALUES ($1, $2, $3, $2, $4, $5, $6, $7, $8, $9, $10, {}, $12)",
        run.dialect.json("$11")
    );
    let body = Body {
        content: message.content.clone().unwrap_or_default(),
        content_type: message.content_type,
        reply_to: None,
        metadata: message.metadata.clone(),
        attachments: Vec::new(),
        named: Named::default(),
        forward: None,
    };
    let arguments = vec![
        message.room_id.0.into(),
        message.seq.into(),
        message.number.into(),
        message.id.0.into(),
        message.sender_id.0.into(),
        client_key(message.room_id, message.sender_id, &message.client_id).into(),
        body_hash(&body).into(),
        message.content_type.as_str().into(),
        message.client_id.clone().into(),
        message.content.clone().into(),
        metadata_text(&message.metadata).into(),
        run.dialect.time(message.created_at),
    ];
    run.execute(&sql, arguments).await.map(|_| ())
}

/// Who did it, and who came in by it, have nothing new to read if they had read everything before.
async fn keep_read<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    message: &Message,
    notice: &Notice,
) -> Result<(), DbErr> {
    let sql = format!(
        "UPDATE members SET last_read_number = $3, last_delivered_number = $3
         WHERE room_id = $1 AND last_read_number = $3 - 1 AND user_id IN (SELECT id FROM {} AS list)",
        run.dialect.ids_table("$2")
    );
    let people = notice.user_ids.iter().copied().chain([message.sender_id]);
    let arguments = vec![
        message.room_id.0.into(),
        run.dialect.ids(people.map(|user_id| user_id.0)),
        message.number.into(),
    ];
    run.execute(&sql, arguments).await.map(|_| ())
}
