//! Everything that can be asked, each with its right checked and the viewer's horizon kept.

mod conversations;
mod files;
mod messages;
mod moderation;
mod people;
mod reactions;
mod rooms;
mod search;

pub use conversations::{list_conversations, message_receipts, presence_of_peers, unread};
pub(crate) use files::readable_media;
pub use files::{avatar, list_files, media, signed_media};
pub use messages::{
    LogItem, LogView, MessageView, PageView, list_mentions, list_messages, list_replies, message,
    message_history, room_log, sent_message,
};
pub use moderation::{
    InvitationView, list_all_reports, list_bans, list_blocks, list_invitations, list_reports,
    preview_invitation,
};
pub use people::{list_presence, list_receipts, profile, search_users, user_presence};
pub use reactions::{list_pins, list_reactions, own_reactions};
pub use rooms::{RoomView, list_members, list_rooms, member, room};
pub use search::{MessageFound, SearchMessages, SearchPlace, answers, search_messages, searched_text};

use crate::ports::Ports;
use crate::rights::{self, Act, Standing, Verdict};
use crate::{Actor, Error, Horizon, Result, RoomAccess, RoomId};

/// Where an actor stands towards a room they looked up.
pub fn standing(actor: &Actor, access: &RoomAccess) -> Standing {
    Standing {
        kind: access.kind,
        user_role: actor.role,
        member_role: access.current().map(|member| member.role),
    }
}

/// What the table says.
pub fn verdict_on(act: Act, actor: &Actor, access: &RoomAccess) -> Verdict {
    rights::verdict(act, standing(actor, access))
}

/// The room's counters and the actor's row, if they may do this there.
pub async fn access_for(ports: &Ports, actor: &Actor, room_id: RoomId, act: Act) -> Result<RoomAccess> {
    let access = ports
        .room_reads
        .access(room_id, actor.user_id)
        .await?
        .ok_or(Error::NotFound)?;
    rights::check(act, standing(actor, &access))?;
    Ok(access)
}

/// From where on the actor may see the room.
pub fn horizon(actor: &Actor, access: &RoomAccess) -> Horizon {
    rights::horizon(actor, access.current())
}
