#![doc = include_str!("../README.md")]

mod asyncapi;
mod conversation;
mod error;
mod event;
pub mod flat;
mod host;
mod message;
mod moderation;
mod page;
mod people;
mod room;
pub mod samples;
mod schemas;
mod search;
mod signal;

pub use asyncapi::{MessageDoc, asyncapi, tagged};
pub use conversation::{
    Conversation, ConversationSettings, Mention, MessageReceipt, MessageReceipts, Peer, Unread, UnreadCounts,
};
pub use error::{FieldProblem, Problem, problem_type, status_of, title_of};
pub use event::{Event, EventBody, HiddenEvent, LogEntry, encode_event, encode_hidden};
pub use host::{ApiKey, HostUser, NewApiKey, UserTokens};
pub use message::{
    Attachment, FormerText, ForwardedFrom, LogPage, Message, MessageExtras, MessagePage, MessagePreview,
    Reaction, ReactionCount, RoomFile,
};
pub use moderation::{Ban, Block, Invitation, InvitationPreview, Mute, NewInvitation, Report};
pub use page::{AsOf, Page, RoomPage};
pub use people::{AccessTokens, CustomStatus, Me, Presence, Receipt, RoomPresence, Session, Ticket, User};
pub use room::{Mark, Member, Room, RoomForViewer};
pub use schemas::event_schemas;
pub use search::{Highlight, SearchHit};
pub use signal::{Signal, encode_signal};
