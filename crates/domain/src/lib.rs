#![doc = include_str!("../README.md")]

mod avatar;
pub mod change;
pub mod commands;
mod conversation;
pub mod emoji;
mod error;
mod event;
mod file;
mod host;
mod ids;
mod invitation;
mod limits;
mod message;
pub mod naming;
pub mod offices;
pub mod ports;
pub mod queries;
pub mod rights;
mod room;
pub mod search;
pub mod text;
mod time;
mod user;

pub use avatar::{AvatarOf, NewAvatar, avatar_upload, avatar_url, next_avatar_url};
pub use change::{Deed, Effect, Facts, Needs, Person, RoomPatch, decide};
pub use conversation::{
    Conversation, ConversationFilter, ConversationPatch, ConversationSettings, MentionFound, MessageReceipt,
    Notifications, ReadToTheEnd, ReceiptCounts, Unread, UnreadCounts,
};
pub use error::{Code, Error, FieldError, Findings, Result, Source};
pub use event::{
    AccountEvent, AccountEventKind, Control, Epoch, Event, EventBody, LeaveReason, RoomSnapshot, Trace,
};
pub use file::{FileKind, FileRules, RoomFile, Upload};
pub use host::{ApiKey, Scope};
pub use ids::{
    ApiKeyId, ConnectionId, EventId, IncarnationId, InvitationId, MessageId, RoomId, SessionId, UploadId,
    UserId,
};
pub use invitation::{
    INVITATION_SECONDS, INVITATION_SECONDS_DEFAULT, INVITATION_USES, INVITATIONS_LIVE_MAX, Invitation, Report,
};
pub use limits::{Limits, Rate};
pub use message::{
    ATTACHMENTS_MAX, Attachment, Body, ContentType, Extras, Forward, ForwardedFrom, HERE_MEMBERS_MAX,
    LINKS_MAX, MENTIONS_MAX, Message, Named, PINS_MAX, PREVIEW_CHARS_MAX, Preview, REACTION_KINDS_MAX,
    Reaction, ReactionCount,
};
pub use room::{
    Ban, Block, EDIT_WINDOW_SECONDS_MAX, History, Horizon, Member, MemberRole, Posting, Room, RoomAccess,
    RoomHead, RoomKind, RoomSettings, SLOW_MODE_SECONDS_MAX,
};
pub use time::{Clock, Timestamp};
pub use user::{Actor, CustomStatus, Privacy, Session, User, UserRole};
