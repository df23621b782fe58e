//! What is read under a room's lock.

use std::collections::HashMap;

use confab_domain::{
    AvatarOf, Deed, Epoch, Facts, Invitation, InvitationId, Member, MemberRole, MessageId, Person, RoomId,
    Timestamp, User, UserId, UserRole,
};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::Act;
use crate::dialect::Runner;
use crate::rows;
use crate::uploads;

/// Takes the room's lock, for at most the lock timeout. False when there is no such room.
pub(crate) async fn lock<C: ConnectionTrait>(run: &Runner<'_, C>, room_id: RoomId) -> Result<bool, DbErr> {
    let sql = format!(
        "SELECT last_seq FROM room_heads WHERE room_id = $1{}",
        run.dialect.for_update()
    );
    Ok(run.first(&sql, vec![room_id.0.into()]).await?.is_some())
}

/// What the deed is decided by, and the database's life. None when the room was deleted.
pub(crate) async fn facts<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    room_id: RoomId,
    deed: &Deed,
    act: &Act<'_>,
) -> Result<Option<(Epoch, Facts)>, DbErr> {
    let actor_id = act.actor.user_id;
    let sql = format!(
        "SELECT {}, {}, {}, (SELECT name FROM epoch) AS epoch,
            EXISTS (SELECT 1 FROM users u WHERE u.id = $2 AND u.deactivated_at IS NULL) AS is_actor_open,
            EXISTS (SELECT 1 FROM bans b WHERE b.room_id = $1 AND b.user_id = $2) AS is_actor_banned,
            {is_peer_shut} AS is_peer_shut
         FROM rooms r JOIN room_heads h ON h.room_id = r.id
         LEFT JOIN members m ON m.room_id = r.id AND m.user_id = $2
         WHERE r.id = $1 AND r.deleted_at IS NULL",
        rows::ROOM,
        rows::HEAD,
        rows::MEMBER,
        is_peer_shut = is_peer_shut("$2")
    );
    let Some(row) = run.first(&sql, vec![room_id.0.into(), actor_id.0.into()]).await? else {
        return Ok(None);
    };
    let needs = deed.needs();
    let membership = rows::member_or_none(&row)?;
    let people = people(run, room_id, actor_id, &needs.user_ids).await?;
    let (leaver_id, leaver) = match deed.puts_out() {
        Some(user_id) => {
            let person = people.get(&user_id);
            (user_id, person.and_then(|person| person.membership.as_ref()))
        }
        None => (actor_id, membership.as_ref()),
    };
    let is_owner = leaver.is_some_and(|member| member.is_current() && member.role == MemberRole::Owner);
    // Whom another puts out hands on, but does not close the room: then only an owner's heir matters.
    let successor = if needs.successor && (is_owner || leaver_id == actor_id) {
        successor(run, room_id, leaver_id, is_owner).await?
    } else {
        None
    };
    let owners = if needs.owners {
        owners(run, room_id).await?
    } else {
        Vec::new()
    };
    let facts = Facts {
        room: rows::room(&row)?,
        head: rows::head(&row)?,
        membership,
        actor_deactivated: !row.get::<bool>("is_actor_open")?,
        is_actor_banned: row.get("is_actor_banned")?,
        is_peer_unreachable: row.get::<Option<bool>>("is_peer_shut")?.unwrap_or(false),
        people,
        message: match needs.message_id {
            Some(message_id) => {
                let sql = format!(
                    "SELECT {} FROM messages g WHERE g.id = $1 AND g.room_id = $2",
                    rows::shown_message(run.dialect)
                );
                let row = run
                    .first(&sql, vec![message_id.0.into(), room_id.0.into()])
                    .await?;
                row.as_ref().map(rows::shown).transpose()?
            }
            None => None,
        },
        successor,
        owners,
        has_reacted: match (&needs.reaction, needs.message_id) {
            (Some(emoji), Some(message_id)) => has_reacted(run, room_id, message_id, emoji, actor_id).await?,
            _ => false,
        },
        pinned_count: if needs.pins {
            pinned_count(run, room_id).await?
        } else {
            0
        },
        avatar: match needs.avatar {
            Some(id) => uploads::to_show(run, id, AvatarOf::Room(room_id)).await?,
            None => None,
        },
        invitation: match needs.invitation_id {
            Some(id) => invitation(run, room_id, id).await?,
            None => None,
        },
        live_invitations: if needs.live_invitations {
            live_invitations(run, room_id, act.now).await?
        } else {
            0
        },
        now: act.now,
    };
    Ok(Some((Epoch::new(row.get::<String>("epoch")?), facts)))
}

/// In a direct room, of alias `r`: whether the other person than `user` has shut their account, or one of the two
/// has blocked the other. NULL in any other room.
pub(crate) fn is_peer_shut(user: &str) -> String {
    let peer = format!("CASE WHEN r.direct_low = {user} THEN r.direct_high ELSE r.direct_low END");
    format!(
        "CASE WHEN r.kind = 'direct' THEN NOT EXISTS (
            SELECT 1 FROM users p WHERE p.deactivated_at IS NULL AND p.id = {peer}
        ) OR {} END",
        are_apart(&peer, user)
    )
}

/// Whether one of two people has blocked the other.
pub(crate) fn are_apart(one: &str, other: &str) -> String {
    let has_blocked = |blocker: &str, blocked: &str| {
        format!("EXISTS (SELECT 1 FROM blocks k WHERE k.blocker_id = {blocker} AND k.blocked_id = {blocked})")
    };
    format!("({} OR {})", has_blocked(one, other), has_blocked(other, one))
}

/// Accounts and rows in the room of these people, as the actor may deal with them; who has no account is left out.
pub(crate) async fn people<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    room_id: RoomId,
    actor_id: UserId,
    user_ids: &[UserId],
) -> Result<HashMap<UserId, Person>, DbErr> {
    if user_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT u.id AS person_id, u.deactivated_at IS NOT NULL AS is_shut, u.role AS person_role, {}, {},
            {} AS is_apart
         FROM {} AS list JOIN users u ON u.id = list.id
         LEFT JOIN members m ON m.room_id = $2 AND m.user_id = u.id
         LEFT JOIN bans b ON b.room_id = $2 AND b.user_id = u.id",
        rows::MEMBER,
        rows::BAN,
        are_apart("u.id", "$3"),
        run.dialect.ids_table("$1")
    );
    let arguments = vec![
        run.dialect.ids(user_ids.iter().map(|id| id.0)),
        room_id.0.into(),
        actor_id.0.into(),
    ];
    let rows = run.all(&sql, arguments).await?;
    rows.iter()
        .map(|row| {
            let person = Person {
                is_apart: row.get("is_apart")?,
                is_deactivated: row.get("is_shut")?,
                user_role: row.word("person_role", UserRole::parse)?,
                ban: rows::ban_or_none(row)?,
                membership: rows::member_or_none(row)?,
            };
            Ok((row.id("person_id")?, person))
        })
        .collect()
}

async fn invitation<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    room_id: RoomId,
    id: InvitationId,
) -> Result<Option<Invitation>, DbErr> {
    let sql = format!(
        "SELECT {} FROM invitations i WHERE i.id = $1 AND i.room_id = $2",
        rows::INVITATION
    );
    let row = run.first(&sql, vec![id.0.into(), room_id.0.into()]).await?;
    row.as_ref().map(rows::invitation).transpose()
}

async fn live_invitations<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    room_id: RoomId,
    now: Timestamp,
) -> Result<i64, DbErr> {
    let sql = "SELECT count(*) AS live FROM invitations i WHERE i.room_id = $1 AND i.revoked_at IS NULL
               AND i.expires_at > $2 AND (i.uses_max IS NULL OR i.uses < i.uses_max)";
    let row = run
        .first(sql, vec![room_id.0.into(), run.dialect.time(now)])
        .await?;
    row.map_or(Ok(0), |row| row.get("live"))
}

/// Who owns the room now; at most a handful, whatever came to pass.
async fn owners<C: ConnectionTrait>(run: &Runner<'_, C>, room_id: RoomId) -> Result<Vec<Member>, DbErr> {
    let sql = format!(
        "SELECT {} FROM members m WHERE m.room_id = $1 AND m.role = 'owner' AND m.left_at IS NULL
         ORDER BY m.user_id LIMIT 100",
        rows::MEMBER
    );
    let rows = run.all(&sql, vec![room_id.0.into()]).await?;
    rows.iter().map(rows::member).collect()
}

async fn has_reacted<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    room_id: RoomId,
    message_id: MessageId,
    emoji: &str,
    user_id: UserId,
) -> Result<bool, DbErr> {
    let sql = "SELECT 1 AS found FROM reactions
               WHERE room_id = $1 AND message_id = $2 AND emoji = $3 AND user_id = $4";
    let arguments = vec![
        room_id.0.into(),
        message_id.0.into(),
        emoji.into(),
        user_id.0.into(),
    ];
    Ok(run.first(sql, arguments).await?.is_some())
}

async fn pinned_count<C: ConnectionTrait>(run: &Runner<'_, C>, room_id: RoomId) -> Result<i64, DbErr> {
    let sql = "SELECT count(*) AS pinned FROM messages WHERE room_id = $1 AND pinned_at IS NOT NULL";
    let row = run.first(sql, vec![room_id.0.into()]).await?;
    row.map_or(Ok(0), |row| row.get("pinned"))
}

/// Profiles by id.
pub(crate) async fn profiles<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    user_ids: impl IntoIterator<Item = UserId>,
) -> Result<HashMap<UserId, User>, DbErr> {
    let ids: Vec<Uuid> = user_ids.into_iter().map(|id| id.0).collect();
    let sql = format!(
        "SELECT {} FROM {} AS list JOIN users u ON u.id = list.id",
        rows::USER,
        run.dialect.ids_table("$1")
    );
    let rows = run.all(&sql, vec![run.dialect.ids(ids)]).await?;
    rows.iter()
        .map(|row| rows::user(row).map(|user| (user.id, user)))
        .collect()
}

/// Who follows as owner: an open account first, then the highest role, then the longest-serving. When nobody
/// is to follow it only matters whether anybody is left, which needs no sorting of a large room.
async fn successor<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    room_id: RoomId,
    leaver_id: UserId,
    is_owner: bool,
) -> Result<Option<UserId>, DbErr> {
    let order = if is_owner {
        "ORDER BY u.deactivated_at IS NOT NULL, CASE m.role WHEN 'owner' THEN 0 WHEN 'admin' THEN 1 \
         WHEN 'moderator' THEN 2 ELSE 3 END, m.joined_at, m.joined_seq, m.user_id"
    } else {
        ""
    };
    let sql = format!(
        "SELECT m.user_id AS heir_id FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.room_id = $1 AND m.left_at IS NULL AND m.user_id <> $2 {order} LIMIT 1"
    );
    let row = run
        .first(&sql, vec![room_id.0.into(), leaver_id.0.into()])
        .await?;
    row.map(|row| row.id("heir_id")).transpose()
}
