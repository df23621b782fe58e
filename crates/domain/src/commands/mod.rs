//! Everything that can be done, one function per deed over a plain struct of ports; REST and sockets call
//! the same ones.

mod accounts;
mod authenticate;
mod budgets;
mod marks;
mod members;
mod messages;
mod rooms;
mod send_message;
mod sessions;

pub use accounts::{
    ChangePassword, Register, UpdateProfile, change_password, register, set_account_open, update_profile,
};
pub use authenticate::{AuthError, Identity, authenticate, redeem_ticket, take_ticket};
pub use marks::{mark_delivered, mark_read, set_typing};
pub use members::{add_members, change_role, join_room, leave_room, remove_member};
pub use messages::{delete_message, edit_message};
pub use rooms::{
    CreateRoom, MEMBERS_AT_ONCE_MAX, UpdateRoom, create_room, delete_room, open_direct_room, update_room,
};
pub use send_message::{SendMessage, send_message};
pub use sessions::{
    Credentials, LoginFrom, SessionTimes, TokenPair, issue_ticket, log_in, log_out, refresh, revoke_session,
};
