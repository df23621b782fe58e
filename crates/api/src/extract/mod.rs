//! What handlers take from a request, each with a typed refusal that names the field.

mod body;
mod caller;
mod origin;
mod path;
mod query;

pub(crate) use body::{AsObject, JsonBody, OptionalBody, Patch, present};
pub(crate) use caller::Caller;
pub(crate) use origin::Origin;
pub(crate) use path::{
    InvitationPath, MemberPath, MessagePath, Path, ReactionPath, RoomMessagePath, RoomPath, SessionPath,
    UserPath,
};
pub(crate) use query::{Listing, Query};
