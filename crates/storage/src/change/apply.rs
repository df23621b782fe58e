//! From an effect to rows, and to its one event.

use confab_domain::{AvatarOf, Effect, EventBody, Facts, History, Message, Named, Room, UserId};
use sea_orm::{ConnectionTrait, DbErr};

use super::log::RoomLog;
use super::unheard;
use super::{read, wearing};
use crate::dialect::Runner;
use crate::facts::{profile, snapshot};
use crate::mentions;
use crate::names;
use crate::rows::{extras_text, metadata_text};
use crate::uploads;

/// Writes one effect and adds its event to the log.
pub(crate) async fn apply<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    log: &mut RoomLog,
    effect: &Effect,
    facts: &Facts,
) -> Result<(), DbErr> {
    let dialect = run.dialect;
    let room_id = log.room.id;
    let now = log.now();
    match effect {
        Effect::Joined { user_id, role } => join(run, log, *user_id, role.as_str()).await.map(|user| {
            log.add(EventBody::UserJoined {
                user_id: *user_id,
                role: *role,
                user,
            });
        })?,
        Effect::Left { user_id, reason } => {
            let sql =
                "UPDATE members SET left_at = $3 WHERE room_id = $1 AND user_id = $2 AND left_at IS NULL";
            let left = run
                .execute(sql, vec![room_id.0.into(), user_id.0.into(), dialect.time(now)])
                .await?;
            log.head.member_count -= i64::try_from(left).unwrap_or(0);
            log.add(EventBody::UserLeft {
                user_id: *user_id,
                reason: *reason,
            });
        }
        Effect::MemberUpdated {
            user_id,
            role,
            muted_until,
        } => {
            let sql = "UPDATE members SET role = $3, muted_until = $4 WHERE room_id = $1 AND user_id = $2";
            let arguments = vec![
                room_id.0.into(),
                user_id.0.into(),
                role.as_str().into(),
                dialect.time_or_null(*muted_until),
            ];
            run.execute(sql, arguments).await?;
            log.add(EventBody::MemberUpdated {
                user_id: *user_id,
                role: *role,
                muted_until: *muted_until,
            });
        }
        Effect::Banned { user_id, reason } => {
            let sql = "INSERT INTO bans (room_id, user_id, banned_by, reason, created_at)
                       VALUES ($1, $2, $3, $4, $5)
                       ON CONFLICT (room_id, user_id) DO UPDATE SET banned_by = excluded.banned_by,
                           reason = excluded.reason, created_at = excluded.created_at";
            let arguments = vec![
                room_id.0.into(),
                user_id.0.into(),
                log.actor_id().0.into(),
                reason.clone().into(),
                dialect.time(now),
            ];
            run.execute(sql, arguments).await?;
            log.add(EventBody::UserBanned {
                user_id: *user_id,
                reason: reason.clone(),
            });
        }
        Effect::Unbanned { user_id } => {
            let sql = "DELETE FROM bans WHERE room_id = $1 AND user_id = $2";
            run.execute(sql, vec![room_id.0.into(), user_id.0.into()]).await?;
            log.add(EventBody::UserUnbanned { user_id: *user_id });
        }
        Effect::Invited { .. }
        | Effect::InvitationRevoked(_)
        | Effect::InvitationUsed(_)
        | Effect::Reported { .. }
        | Effect::ReportsResolved(_) => unheard::apply(run, log, effect).await?,
        Effect::RoomUpdated(room) => {
            update_room(run, room).await?;
            if room.avatar_url != log.room.avatar_url {
                let avatar_url = room.avatar_url.as_deref();
                uploads::replace_avatar(run, AvatarOf::Room(room_id), avatar_url, now).await?;
            }
            log.room = room.as_ref().clone();
            log.head.room_changed_seq = log.next_seq();
            let mut head = log.head;
            head.last_seq = log.next_seq();
            log.add(EventBody::RoomUpdated {
                room: Box::new(snapshot((room, &head))),
            });
        }
        Effect::RoomDeleted => {
            let sql = "UPDATE rooms SET deleted_at = $2, updated_at = $2, is_active = FALSE WHERE id = $1";
            run.execute(sql, vec![room_id.0.into(), dialect.time(now)])
                .await?;
            uploads::empty_later(run, room_id.0).await?;
            uploads::replace_avatar(run, AvatarOf::Room(room_id), None, now).await?;
            log.room.is_active = false;
            log.room.updated_at = now;
            log.head.room_changed_seq = log.next_seq();
            log.add(EventBody::RoomDeleted {});
        }
        Effect::MessageUpdated { content, named, .. } => {
            let former = the_message(facts)?;
            let message = edit_message(run, log, former, content, named).await?;
            log.add(EventBody::MessageUpdated {
                message: Box::new(message),
            });
        }
        Effect::ReactionAdded { emoji, user_id, .. } => {
            wearing::add_reaction(run, log, the_message(facts)?, emoji, *user_id).await?;
        }
        Effect::ReactionRemoved { emoji, user_id, .. } => {
            wearing::remove_reaction(run, log, the_message(facts)?, emoji, *user_id).await?;
        }
        Effect::MessagePinned { .. } => wearing::set_pinned(run, log, the_message(facts)?, true).await?,
        Effect::MessageUnpinned { .. } => wearing::set_pinned(run, log, the_message(facts)?, false).await?,
        Effect::MessageDeleted {
            message_id,
            number,
            deleted_by,
            reason,
        } => {
            let message = the_message(facts)?;
            let sql =
                "UPDATE messages SET content = NULL, metadata = NULL, attachments = NULL, extras = NULL,
                           reactions = NULL, pinned_at = NULL, pinned_by = NULL, deleted_at = $3, updated_seq = $4,
                           deleted_by = $5, delete_reason = $6
                       WHERE room_id = $1 AND seq = $2";
            let arguments = vec![
                room_id.0.into(),
                message.seq.into(),
                dialect.time(now),
                log.next_seq().into(),
                deleted_by.map(|id| id.0).into(),
                reason.clone().into(),
            ];
            run.execute(sql, arguments).await?;
            if !message.attachments.is_empty() {
                uploads::give_up_files_of(run, room_id.0, message_id.0, now).await?;
            }
            erase_around(run, message).await?;
            wearing::strip(run, log, *message_id).await?;
            log.add(EventBody::MessageDeleted {
                message_id: *message_id,
                number: *number,
            });
        }
    }
    Ok(())
}

/// Inserts or revives a member, who has read everything and keeps a mute. Returns the profile.
pub(crate) async fn join<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    log: &mut RoomLog,
    user_id: UserId,
    role: &str,
) -> Result<Option<Box<confab_domain::User>>, DbErr> {
    let visible_from_number = match log.room.history {
        History::All => 0,
        History::SinceJoin => log.head.last_number + 1,
    };
    let sql = "INSERT INTO members (room_id, user_id, role, joined_at, joined_seq, visible_from_number,
                   last_read_number, last_delivered_number)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
               ON CONFLICT (room_id, user_id) DO UPDATE SET role = excluded.role, left_at = NULL,
                   archived_at = NULL, archived_number = NULL, pinned_at = NULL, marked_unread_number = NULL,
                   joined_at = excluded.joined_at, joined_seq = excluded.joined_seq,
                   visible_from_number = excluded.visible_from_number,
                   last_read_number = excluded.last_read_number,
                   last_delivered_number = excluded.last_delivered_number";
    let arguments = vec![
        log.room.id.0.into(),
        user_id.0.into(),
        role.into(),
        run.dialect.time(log.now()),
        log.next_seq().into(),
        visible_from_number.into(),
        log.head.last_number.into(),
    ];
    run.execute(sql, arguments).await?;
    log.head.member_count += 1;
    let mut profiles = read::profiles(run, [user_id]).await?;
    Ok(profiles.remove(&user_id).map(|user| Box::new(profile(user))))
}

async fn update_room<C: ConnectionTrait>(run: &Runner<'_, C>, room: &Room) -> Result<(), DbErr> {
    let sql = format!(
        "UPDATE rooms SET name = $2, description = $3, metadata = {}, is_active = $5, updated_at = $6,
            avatar_url = $7, slow_mode_seconds = $8, system_messages = $9, edit_window_seconds = $10, posting = $11,
            name_folded = $12 WHERE id = $1",
        run.dialect.json("$4")
    );
    let arguments = vec![
        room.id.0.into(),
        room.name.clone().into(),
        room.description.clone().into(),
        metadata_text(&room.metadata).into(),
        room.is_active.into(),
        run.dialect.time(room.updated_at),
        room.avatar_url.clone().into(),
        room.slow_mode_seconds.into(),
        room.system_messages.into(),
        room.edit_window_seconds.into(),
        room.posting.as_str().into(),
        names::of_room(room),
    ];
    run.execute(&sql, arguments).await?;
    Ok(())
}

/// What other tables and the parent hold of a message that has become a tombstone.
async fn erase_around<C: ConnectionTrait>(run: &Runner<'_, C>, message: &Message) -> Result<(), DbErr> {
    let room_id = message.room_id;
    let sql = "DELETE FROM message_edits WHERE room_id = $1 AND message_id = $2";
    run.execute(sql, vec![room_id.0.into(), message.id.0.into()])
        .await?;
    mentions::replace(run, message, &Named::default()).await?;
    if let Some(parent_id) = message.reply_to {
        let sql = "UPDATE messages SET reply_count = reply_count - 1, last_reply_at = (
                SELECT a.created_at FROM messages a WHERE a.reply_to = $1 AND a.deleted_at IS NULL
                ORDER BY a.seq DESC LIMIT 1)
             WHERE id = $1 AND room_id = $2";
        run.execute(sql, vec![parent_id.0.into(), room_id.0.into()])
            .await?;
    }
    Ok(())
}

/// Puts the new text in the place of the former, which goes to the message's history.
async fn edit_message<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    log: &RoomLog,
    former: &Message,
    content: &str,
    named: &Named,
) -> Result<Message, DbErr> {
    let (now, seq) = (run.dialect.time(log.now()), log.next_seq());
    let sql = "INSERT INTO message_edits (room_id, message_id, replaced_seq, edited_at, content)
               VALUES ($1, $2, $3, $4, $5)";
    let arguments = vec![
        former.room_id.0.into(),
        former.id.0.into(),
        seq.into(),
        now.clone(),
        former.content.clone().unwrap_or_default().into(),
    ];
    run.execute(sql, arguments).await?;
    let mut message = Message {
        content: Some(content.to_owned()),
        edited_at: Some(log.now()),
        updated_seq: seq,
        ..former.clone()
    };
    message.extras.named.clone_from(named);
    let sql = format!(
        "UPDATE messages SET content = $3, edited_at = $4, updated_seq = $5, extras = {}
         WHERE room_id = $1 AND seq = $2",
        run.dialect.json("$6")
    );
    let arguments = vec![
        former.room_id.0.into(),
        former.seq.into(),
        content.into(),
        now,
        seq.into(),
        extras_text(&message.extras).into(),
    ];
    run.execute(&sql, arguments).await?;
    mentions::replace(run, former, named).await?;
    Ok(message)
}

fn the_message(facts: &Facts) -> Result<&Message, DbErr> {
    facts
        .message
        .as_ref()
        .ok_or_else(|| DbErr::RecordNotFound("the message that was decided about".to_owned()))
}
