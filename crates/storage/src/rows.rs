//! From rows to the domain's nouns. Each noun has its list of columns, to be selected with a table alias.

use confab_domain::{
    Attachment, Ban, ContentType, CustomStatus, Extras, History, Invitation, Member, MemberRole, Message,
    MessageId, PREVIEW_CHARS_MAX, Preview, Privacy, Room, RoomHead, RoomKind, Timestamp, User, UserId,
    UserRole,
};
use sea_orm::{DbErr, QueryResult, TryGetable};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::dialect::Dialect;

/// A row, and which database it came from.
#[derive(Debug)]
pub(crate) struct Row {
    dialect: Dialect,
    row: QueryResult,
}

impl Row {
    pub(crate) const fn new(dialect: Dialect, row: QueryResult) -> Self {
        Self { dialect, row }
    }

    /// A text, integer, boolean, `Uuid`, blob, or an `Option` of one.
    pub(crate) fn get<T: TryGetable>(&self, column: &str) -> Result<T, DbErr> {
        self.row.try_get("", column)
    }

    pub(crate) fn id<T: From<Uuid>>(&self, column: &str) -> Result<T, DbErr> {
        self.get::<Uuid>(column).map(T::from)
    }

    pub(crate) fn id_or_none<T: From<Uuid>>(&self, column: &str) -> Result<Option<T>, DbErr> {
        Ok(self.get::<Option<Uuid>>(column)?.map(T::from))
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp, DbErr> {
        match self.dialect {
            Dialect::Postgres => self.get::<OffsetDateTime>(column).map(Timestamp::from),
            Dialect::Sqlite => self.get::<i64>(column).map(Timestamp::from_millis),
        }
    }

    pub(crate) fn time_or_none(&self, column: &str) -> Result<Option<Timestamp>, DbErr> {
        Ok(match self.dialect {
            Dialect::Postgres => self.get::<Option<OffsetDateTime>>(column)?.map(Timestamp::from),
            Dialect::Sqlite => self.get::<Option<i64>>(column)?.map(Timestamp::from_millis),
        })
    }

    /// An object that is stored as NULL when it is empty.
    pub(crate) fn metadata(&self, column: &str) -> Result<Json, DbErr> {
        Ok(self
            .get::<Option<Json>>(column)?
            .unwrap_or_else(|| Json::Object(serde_json::Map::new())))
    }

    /// What is stored as JSON, and as NULL when it is nothing.
    pub(crate) fn json_or_default<T: DeserializeOwned + Default>(&self, column: &str) -> Result<T, DbErr> {
        match self.get::<Option<Json>>(column)? {
            None => Ok(T::default()),
            Some(json) => serde_json::from_value(json)
                .map_err(|error| DbErr::Type(format!("the column {column} holds another shape: {error}"))),
        }
    }

    /// One word of a closed list.
    pub(crate) fn word<T>(&self, column: &str, parse: fn(&str) -> Option<T>) -> Result<T, DbErr> {
        let word: String = self.get(column)?;
        parse(&word).ok_or_else(|| DbErr::Type(format!("the column {column} holds an unknown word")))
    }
}

/// An object as it is stored: NULL when it is empty.
pub(crate) fn metadata_text(metadata: &Json) -> Option<String> {
    match metadata {
        Json::Null => None,
        Json::Object(entries) if entries.is_empty() => None,
        other => Some(other.to_string()),
    }
}

/// Columns of a [`Room`] under the alias `r`.
pub(crate) const ROOM: &str = "r.id AS r_id, r.kind AS r_kind, r.name AS r_name, \
    r.description AS r_description, r.metadata AS r_metadata, r.external_key AS r_external_key, \
    r.history AS r_history, r.is_active AS r_is_active, r.avatar_url AS r_avatar_url, \
    r.slow_mode_seconds AS r_slow_mode_seconds, r.system_messages AS r_system_messages, \
    r.edit_window_seconds AS r_edit_window_seconds, r.created_by AS r_created_by, \
    r.created_at AS r_created_at, r.updated_at AS r_updated_at";

pub(crate) fn room(row: &Row) -> Result<Room, DbErr> {
    Ok(Room {
        id: row.id("r_id")?,
        kind: row.word("r_kind", RoomKind::parse)?,
        name: row.get("r_name")?,
        description: row.get("r_description")?,
        metadata: row.metadata("r_metadata")?,
        external_key: row.get("r_external_key")?,
        history: row.word("r_history", History::parse)?,
        is_active: row.get("r_is_active")?,
        avatar_url: row.get("r_avatar_url")?,
        slow_mode_seconds: row.get("r_slow_mode_seconds")?,
        system_messages: row.get("r_system_messages")?,
        edit_window_seconds: row.get("r_edit_window_seconds")?,
        created_by: row.id_or_none("r_created_by")?,
        created_at: row.time("r_created_at")?,
        updated_at: row.time("r_updated_at")?,
    })
}

/// Columns of a [`RoomHead`] under the alias `h`.
pub(crate) const HEAD: &str = "h.last_seq AS h_last_seq, h.last_number AS h_last_number, \
    h.last_message_at AS h_last_message_at, h.member_count AS h_member_count, \
    h.room_changed_seq AS h_room_changed_seq, h.log_floor_seq AS h_log_floor_seq";

pub(crate) fn head(row: &Row) -> Result<RoomHead, DbErr> {
    Ok(RoomHead {
        last_seq: row.get("h_last_seq")?,
        last_number: row.get("h_last_number")?,
        last_message_at: row.time_or_none("h_last_message_at")?,
        member_count: row.get("h_member_count")?,
        room_changed_seq: row.get("h_room_changed_seq")?,
        log_floor_seq: row.get("h_log_floor_seq")?,
    })
}

/// Columns of a [`Member`] under the alias `m`.
pub(crate) const MEMBER: &str = "m.room_id AS m_room_id, m.user_id AS m_user_id, m.role AS m_role, \
    m.joined_at AS m_joined_at, m.joined_seq AS m_joined_seq, \
    m.visible_from_number AS m_visible_from_number, m.left_at AS m_left_at, \
    m.muted_until AS m_muted_until, m.last_read_number AS m_last_read_number, \
    m.last_delivered_number AS m_last_delivered_number";

pub(crate) fn member(row: &Row) -> Result<Member, DbErr> {
    Ok(Member {
        room_id: row.id("m_room_id")?,
        user_id: row.id("m_user_id")?,
        role: row.word("m_role", MemberRole::parse)?,
        joined_at: row.time("m_joined_at")?,
        joined_seq: row.get("m_joined_seq")?,
        visible_from_number: row.get("m_visible_from_number")?,
        left_at: row.time_or_none("m_left_at")?,
        muted_until: row.time_or_none("m_muted_until")?,
        last_read_number: row.get("m_last_read_number")?,
        last_delivered_number: row.get("m_last_delivered_number")?,
    })
}

/// The member of an outer join.
pub(crate) fn member_or_none(row: &Row) -> Result<Option<Member>, DbErr> {
    if row.get::<Option<Uuid>>("m_user_id")?.is_none() {
        return Ok(None);
    }
    member(row).map(Some)
}

/// Columns of a [`Ban`] under the alias `b`.
pub(crate) const BAN: &str =
    "b.user_id AS b_user_id, b.banned_by AS b_banned_by, b.reason AS b_reason, b.created_at AS b_created_at";

pub(crate) fn ban(row: &Row) -> Result<Ban, DbErr> {
    Ok(Ban {
        user_id: row.id("b_user_id")?,
        banned_by: row.id("b_banned_by")?,
        reason: row.get("b_reason")?,
        created_at: row.time("b_created_at")?,
    })
}

/// Columns of an [`Invitation`] under the alias `i`.
pub(crate) const INVITATION: &str = "i.id AS i_id, i.room_id AS i_room_id, i.created_by AS i_created_by, \
    i.created_at AS i_created_at, i.expires_at AS i_expires_at, i.revoked_at AS i_revoked_at, i.uses AS i_uses, \
    i.uses_max AS i_uses_max";

pub(crate) fn invitation(row: &Row) -> Result<Invitation, DbErr> {
    Ok(Invitation {
        id: row.id("i_id")?,
        room_id: row.id("i_room_id")?,
        created_by: row.id("i_created_by")?,
        created_at: row.time("i_created_at")?,
        expires_at: row.time_or_none("i_expires_at")?,
        revoked_at: row.time_or_none("i_revoked_at")?,
        uses: row.get("i_uses")?,
        uses_max: row.get("i_uses_max")?,
    })
}

/// The ban of an outer join.
pub(crate) fn ban_or_none(row: &Row) -> Result<Option<Ban>, DbErr> {
    if row.get::<Option<Uuid>>("b_user_id")?.is_none() {
        return Ok(None);
    }
    ban(row).map(Some)
}

/// Columns of a [`Message`] under the alias `g`.
pub(crate) const MESSAGE: &str = "g.id AS g_id, g.room_id AS g_room_id, g.number AS g_number, \
    g.seq AS g_seq, g.updated_seq AS g_updated_seq, g.sender_id AS g_sender_id, \
    g.client_id AS g_client_id, g.content AS g_content, g.content_type AS g_content_type, \
    g.reply_to AS g_reply_to, g.metadata AS g_metadata, g.created_at AS g_created_at, \
    g.edited_at AS g_edited_at, g.deleted_at AS g_deleted_at, g.attachments AS g_attachments, \
    g.extras AS g_extras, g.reactions AS g_reactions, g.reply_count AS g_reply_count, \
    g.last_reply_at AS g_last_reply_at, g.pinned_at AS g_pinned_at, g.deleted_by AS g_deleted_by, \
    g.delete_reason AS g_delete_reason";

pub(crate) fn message(row: &Row) -> Result<Message, DbErr> {
    Ok(Message {
        id: row.id("g_id")?,
        room_id: row.id("g_room_id")?,
        number: row.get("g_number")?,
        seq: row.get("g_seq")?,
        updated_seq: row.get("g_updated_seq")?,
        sender_id: row.id("g_sender_id")?,
        client_id: row.get("g_client_id")?,
        content: row.get("g_content")?,
        content_type: row.word("g_content_type", ContentType::parse)?,
        reply_to: row.id_or_none("g_reply_to")?,
        metadata: row.metadata("g_metadata")?,
        created_at: row.time("g_created_at")?,
        edited_at: row.time_or_none("g_edited_at")?,
        deleted_at: row.time_or_none("g_deleted_at")?,
        attachments: row.json_or_default("g_attachments")?,
        extras: Extras {
            reactions: row.json_or_default("g_reactions")?,
            reply_count: row.get::<Option<i64>>("g_reply_count")?.unwrap_or(0),
            last_reply_at: row.time_or_none("g_last_reply_at")?,
            pinned_at: row.time_or_none("g_pinned_at")?,
            deleted_by: row.id_or_none("g_deleted_by")?,
            delete_reason: row.get("g_delete_reason")?,
            ..row.json_or_default("g_extras")?
        },
    })
}

/// Whom and what a text names and whose words it repeats, as it is stored: NULL when there is none of it.
pub(crate) fn extras_text(extras: &Extras) -> Option<String> {
    let stored = Extras {
        named: extras.named.clone(),
        forwarded_from: extras.forwarded_from.clone(),
        ..Extras::default()
    };
    if stored.is_empty() {
        return None;
    }
    serde_json::to_string(&stored).ok()
}

/// Files as they are stored with their message: NULL when there are none.
pub(crate) fn attachments_text(attachments: &[Attachment]) -> Option<String> {
    if attachments.is_empty() {
        return None;
    }
    serde_json::to_string(attachments).ok()
}

/// [`MESSAGE`] with the parent of a reply as everybody may see it: in rooms whose history is open to all. A
/// subquery that is begun for replies alone; there is no other plan for it than one look by the key.
pub(crate) fn shown_message(dialect: Dialect) -> String {
    format!(
        "{MESSAGE}, CASE WHEN g.reply_to IS NOT NULL AND g.deleted_at IS NULL THEN (SELECT {} FROM messages p \
         JOIN rooms pr ON pr.id = p.room_id WHERE p.id = g.reply_to AND pr.history = 'all') END AS g_parent",
        preview(dialect)
    )
}

/// The message of [`shown_message`].
pub(crate) fn shown(row: &Row) -> Result<Message, DbErr> {
    let mut message = message(row)?;
    message.extras.parent = preview_or_none(row, "g_parent")?.map(Box::new);
    Ok(message)
}

/// The message of [`shown_message`] in an outer join.
pub(crate) fn shown_or_none(row: &Row) -> Result<Option<Message>, DbErr> {
    if row.get::<Option<Uuid>>("g_id")?.is_none() {
        return Ok(None);
    }
    shown(row).map(Some)
}

/// A [`Preview`] of the message `p`, as one JSON array.
pub(crate) fn preview(dialect: Dialect) -> String {
    let (array, id, sender_id) = match dialect {
        Dialect::Postgres => ("json_build_array", "p.id", "p.sender_id"),
        Dialect::Sqlite => ("json_array", "lower(hex(p.id))", "lower(hex(p.sender_id))"),
    };
    format!(
        "{array}({id}, p.number, {sender_id}, substr(p.content, 1, {PREVIEW_CHARS_MAX}), \
         CASE WHEN p.deleted_at IS NULL THEN 0 ELSE 1 END, coalesce(json_array_length(p.attachments), 0))"
    )
}

/// The preview of a column that may be NULL.
pub(crate) fn preview_or_none(row: &Row, column: &str) -> Result<Option<Preview>, DbErr> {
    type Columns = (MessageId, i64, UserId, Option<String>, i64, i64);
    let columns: Option<Columns> = row.json_or_default(column)?;
    Ok(columns.map(
        |(id, number, sender_id, content, is_deleted, attachment_count)| Preview {
            id,
            number,
            sender_id,
            content,
            is_deleted: is_deleted != 0,
            attachment_count,
        },
    ))
}

/// The message of an outer join.
pub(crate) fn message_or_none(row: &Row) -> Result<Option<Message>, DbErr> {
    if row.get::<Option<Uuid>>("g_id")?.is_none() {
        return Ok(None);
    }
    message(row).map(Some)
}

/// Columns of a [`User`] under the alias `u`. When they were last there leaves the store only if they share it.
pub(crate) const USER: &str = "u.id AS u_id, u.username AS u_username, u.email AS u_email, \
    u.display_name AS u_display_name, u.avatar_url AS u_avatar_url, u.role AS u_role, \
    u.created_at AS u_created_at, u.deactivated_at AS u_deactivated_at, u.external_id AS u_external_id, \
    CASE WHEN u.shares_last_seen THEN u.last_seen_at END AS u_last_seen_at, \
    u.status_emoji AS u_status_emoji, u.status_text AS u_status_text, u.status_until AS u_status_until, \
    u.shares_read_marks AS u_shares_read_marks, u.shares_last_seen AS u_shares_last_seen";

pub(crate) fn user(row: &Row) -> Result<User, DbErr> {
    Ok(User {
        id: row.id("u_id")?,
        username: row.get("u_username")?,
        email: row.get("u_email")?,
        display_name: row.get("u_display_name")?,
        avatar_url: row.get("u_avatar_url")?,
        role: row.word("u_role", UserRole::parse)?,
        created_at: row.time("u_created_at")?,
        last_seen_at: row.time_or_none("u_last_seen_at")?,
        deactivated_at: row.time_or_none("u_deactivated_at")?,
        external_id: row.get("u_external_id")?,
        status: status(row)?,
        privacy: Privacy {
            shares_read_marks: row.get("u_shares_read_marks")?,
            shares_last_seen: row.get("u_shares_last_seen")?,
        },
    })
}

fn status(row: &Row) -> Result<Option<CustomStatus>, DbErr> {
    let status = CustomStatus {
        emoji: row.get("u_status_emoji")?,
        text: row.get("u_status_text")?,
        until: row.time_or_none("u_status_until")?,
    };
    let is_set = status.emoji.is_some() || status.text.is_some();
    Ok(is_set.then_some(status))
}

/// The user of an outer join.
pub(crate) fn user_or_none(row: &Row) -> Result<Option<User>, DbErr> {
    if row.get::<Option<Uuid>>("u_id")?.is_none() {
        return Ok(None);
    }
    user(row).map(Some)
}
