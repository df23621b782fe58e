//! From rows to the domain's nouns. Each noun has its list of columns, to be selected with a table alias, and its reader.

use confab_domain::ports::AccountState;
use confab_domain::{
    Attachment, Ban, ContentType, CustomStatus, Extras, History, Invitation, Member, MemberRole, Message,
    MessageId, PREVIEW_CHARS_MAX, Posting, Preview, Privacy, Room, RoomHead, RoomKind, Timestamp, User,
    UserId, UserRole,
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

/// How one word of a closed list is read.
pub(crate) fn word<T>(parse: fn(&str) -> Option<T>) -> impl Fn(&Row, &str) -> Result<T, DbErr> {
    move |row, column| row.word(column, parse)
}

/// What an outer join may have joined: nothing where this column of its own, which always holds an id, is NULL.
fn joined<T>(row: &Row, id: &str, read: fn(&Row) -> Result<T, DbErr>) -> Result<Option<T>, DbErr> {
    match row.get::<Option<Uuid>>(id)? {
        Some(_) => read(row).map(Some),
        None => Ok(None),
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

/// A noun whose fields are columns of one table, each named once: the list to select under the table's alias, and
/// the reader of what it selected.
macro_rules! noun {
    (
        $(#[$doc:meta])*
        $list:ident, $read:ident($alias:literal) -> $noun:ident { $first:ident: $as_first:expr, $($field:ident: $as_field:expr),+ $(,)? }
    ) => {
        $(#[$doc])*
        pub(crate) const $list: &str = concat!(
            $alias, ".", stringify!($first), " AS ", $alias, "_", stringify!($first),
            $(", ", $alias, ".", stringify!($field), " AS ", $alias, "_", stringify!($field)),+
        );

        pub(crate) fn $read(row: &Row) -> Result<$noun, DbErr> {
            Ok($noun {
                $first: $as_first(row, concat!($alias, "_", stringify!($first)))?,
                $($field: $as_field(row, concat!($alias, "_", stringify!($field)))?),+
            })
        }
    };
}
pub(crate) use noun;

noun! {
    /// Columns of a [`Room`] under the alias `r`.
    ROOM, room("r") -> Room {
        id: Row::id,
        kind: word(RoomKind::parse),
        name: Row::get,
        description: Row::get,
        metadata: Row::metadata,
        external_key: Row::get,
        history: word(History::parse),
        is_active: Row::get,
        avatar_url: Row::get,
        posting: word(Posting::parse),
        slow_mode_seconds: Row::get,
        system_messages: Row::get,
        edit_window_seconds: Row::get,
        created_by: Row::id_or_none,
        created_at: Row::time,
        updated_at: Row::time,
    }
}

noun! {
    /// Columns of a [`RoomHead`] under the alias `h`.
    HEAD, head("h") -> RoomHead {
        last_seq: Row::get,
        last_number: Row::get,
        last_message_at: Row::time_or_none,
        member_count: Row::get,
        room_changed_seq: Row::get,
        log_floor_seq: Row::get,
    }
}

noun! {
    /// Columns of a [`Member`] under the alias `m`.
    MEMBER, member("m") -> Member {
        room_id: Row::id,
        user_id: Row::id,
        role: word(MemberRole::parse),
        joined_at: Row::time,
        joined_seq: Row::get,
        visible_from_number: Row::get,
        left_at: Row::time_or_none,
        muted_until: Row::time_or_none,
        last_read_number: Row::get,
        last_delivered_number: Row::get,
    }
}

/// The member of an outer join.
pub(crate) fn member_or_none(row: &Row) -> Result<Option<Member>, DbErr> {
    joined(row, "m_user_id", member)
}

noun! {
    /// Columns of a [`Ban`] under the alias `b`.
    BAN, ban("b") -> Ban {
        user_id: Row::id,
        banned_by: Row::id,
        reason: Row::get,
        created_at: Row::time,
    }
}

noun! {
    /// Columns of an [`Invitation`] under the alias `i`.
    INVITATION, invitation("i") -> Invitation {
        id: Row::id,
        room_id: Row::id,
        created_by: Row::id,
        created_at: Row::time,
        expires_at: Row::time_or_none,
        revoked_at: Row::time_or_none,
        uses: Row::get,
        uses_max: Row::get,
    }
}

/// The ban of an outer join.
pub(crate) fn ban_or_none(row: &Row) -> Result<Option<Ban>, DbErr> {
    joined(row, "b_user_id", ban)
}

/// Columns of a [`Message`] under the alias `g`.
pub(crate) const MESSAGE: &str = "g.id AS g_id, g.room_id AS g_room_id, g.number AS g_number, \
    g.seq AS g_seq, g.updated_seq AS g_updated_seq, g.sender_id AS g_sender_id, \
    g.client_id AS g_client_id, g.content AS g_content, g.content_type AS g_content_type, \
    g.reply_to AS g_reply_to, g.metadata AS g_metadata, g.created_at AS g_created_at, \
    g.edited_at AS g_edited_at, g.deleted_at AS g_deleted_at, g.attachments AS g_attachments, \
    g.extras AS g_extras, g.reactions AS g_reactions, g.reply_count AS g_reply_count, \
    g.last_reply_at AS g_last_reply_at, g.pinned_at AS g_pinned_at, g.pinned_by AS g_pinned_by, \
    g.deleted_by AS g_deleted_by, g.delete_reason AS g_delete_reason";

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
            pinned_by: row.id_or_none("g_pinned_by")?,
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
    joined(row, "g_id", shown)
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
    joined(row, "g_id", message)
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

/// Columns of an [`AccountState`] under the alias `u`.
pub(crate) const ACCOUNT: &str = "u.id AS u_id, u.role AS u_role, u.deactivated_at AS u_deactivated_at, \
    u.shares_read_marks AS u_shares_read_marks";

pub(crate) fn account(row: &Row) -> Result<AccountState, DbErr> {
    Ok(AccountState {
        user_id: row.id("u_id")?,
        role: row.word("u_role", UserRole::parse)?,
        is_open: row.time_or_none("u_deactivated_at")?.is_none(),
        shares_read_marks: row.get("u_shares_read_marks")?,
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
    joined(row, "u_id", user)
}
