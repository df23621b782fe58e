//! Everything that can be done, one function per deed over a plain struct of ports; REST and sockets call
//! the same ones.

mod accounts;
mod api_keys;
mod authenticate;
pub(crate) mod budgets;
mod change;
mod conversations;
mod files;
mod forward_message;
mod host_users;
mod invitations;
mod keyed_rooms;
mod marks;
mod members;
mod messages;
mod moderation;
mod naming;
mod reactions;
mod reports;
mod rooms;
mod send_message;
mod sessions;

pub use accounts::{
    ChangePassword, Register, UpdateProfile, change_password, deactivate_own_account, register,
    set_account_open, update_profile,
};
pub use api_keys::{
    API_KEY_DAYS_MAX, API_KEY_PREFIX, CreateApiKey, KeyPorts, MadeApiKey, authenticate_key, create_api_key,
    is_api_key, make_api_key, revoke_api_key,
};
pub use authenticate::{AuthError, Identity, authenticate, redeem_ticket, take_ticket};
pub use budgets::take_request;
pub use conversations::update_conversation;
pub use files::{MediaLink, SIGNED_AT_ONCE_MAX, sign_media, sweep_files, upload_file};
pub use forward_message::{ForwardMessage, forward_message};
pub use host_users::{
    HandedOut, KeepUser, USERS_AT_ONCE_MAX, end_sessions_of, hand_out_tokens, id_by_external_id, keep_user,
    look_up_users, resolve_external_ids, user_by_external_id,
};
pub use invitations::{Invite, accept_invitation, invite, revoke_invitation};
pub use keyed_rooms::{keep_room, room_by_key};
pub use marks::{READ_AT_ONCE_MAX, mark_all_read, mark_delivered, mark_read, set_typing};
pub use members::{add_members, change_role, join_room, leave_room, remove_member, remove_members};
pub use messages::{delete_message, edit_message};
pub use moderation::{ban_user, block_user, mute_member, unban_user, unblock_user, unmute_member};
pub use reactions::{add_reaction, pin_message, remove_reaction, unpin_message};
pub use reports::{report_message, resolve_reports};
pub use rooms::{
    CreateRoom, MEMBERS_AT_ONCE_MAX, UpdateRoom, create_room, delete_room, open_direct_room, update_room,
};
pub use send_message::{SendMessage, send_message};
pub use sessions::{
    Credentials, LoginFrom, SessionTimes, TokenPair, issue_ticket, log_in, log_out, refresh,
    revoke_other_sessions, revoke_session,
};
