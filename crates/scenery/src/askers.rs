//! The kinds of people who may ask, in every kind of room, and what the domain's table answers each.

use confab_domain::rights::{Act, Standing, Verdict, verdict};
use confab_domain::{Code, MemberRole, RoomKind, UserRole};

/// Every kind of room.
pub const KINDS: [RoomKind; 3] = [RoomKind::Public, RoomKind::Private, RoomKind::Direct];

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Never was in the room.
    Stranger,
    /// Was in it, and left.
    Former,
    /// Is in it.
    As(MemberRole),
    /// The host product, who is not in it.
    Service,
    /// Looks after the whole house, and is not in it.
    SiteAdmin,
}

impl Asker {
    const ALL: [Self; 8] = [
        Self::Stranger,
        Self::Former,
        Self::As(MemberRole::Member),
        Self::As(MemberRole::Moderator),
        Self::As(MemberRole::Admin),
        Self::As(MemberRole::Owner),
        Self::Service,
        Self::SiteAdmin,
    ];

    /// Those who can be found about such a room. Two people stay two people for ever: nobody has left, and nobody
    /// has a rank.
    pub fn all_in(kind: RoomKind) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |asker| {
            kind != RoomKind::Direct
                || !matches!(
                    asker,
                    Self::Former | Self::As(MemberRole::Moderator | MemberRole::Admin | MemberRole::Owner)
                )
        })
    }

    /// Their account's office.
    pub const fn user_role(self) -> UserRole {
        match self {
            Self::Service => UserRole::Service,
            Self::SiteAdmin => UserRole::Admin,
            Self::Stranger | Self::Former | Self::As(_) => UserRole::User,
        }
    }

    /// As the table sees them in such a room.
    pub const fn standing(self, kind: RoomKind) -> Standing {
        Standing {
            kind,
            user_role: self.user_role(),
            member_role: match self {
                Self::As(role) => Some(role),
                _ => None,
            },
        }
    }
}

/// The code that the table promises to who may not; none for who may.
pub fn refusal(act: Act, standing: Standing) -> Option<Code> {
    match verdict(act, standing) {
        Verdict::Allowed => None,
        Verdict::Forbidden => Some(Code::Forbidden),
        Verdict::Hidden => Some(Code::NotFound),
    }
}

/// As [`refusal`], about a message of somebody else, found by its id. Who cannot read it (or, as a site admin,
/// moderate it by office) learns nothing of it, and nobody edits what another said.
pub fn refusal_about_message(act: Act, standing: Standing) -> Option<Code> {
    let by_office = standing.user_role == UserRole::Admin
        && matches!(act, Act::DeleteOthersMessage | Act::EditOwnMessage);
    if !by_office && verdict(Act::Read, standing) != Verdict::Allowed {
        Some(Code::NotFound)
    } else if act == Act::EditOwnMessage {
        Some(Code::Forbidden)
    } else {
        refusal(act, standing)
    }
}
