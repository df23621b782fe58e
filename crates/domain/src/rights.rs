//! Who may do what: one table for REST, sockets and streams. What is not listed is denied.
//!
//! The table is asked twice: before work is begun (to answer early and cheaply) and again inside the
//! transaction that writes, after the room's lock is held; only the second answer counts.

use std::time::Duration;

use crate::{Actor, Error, Horizon, Member, MemberRole, Posting, Result, RoomKind, Timestamp, UserRole};

/// Everything that can be asked of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// See that it exists, its name and description.
    SeeRoom,
    /// Come in by oneself.
    Join,
    /// Go.
    Leave,
    /// Read messages and the log, follow it live.
    Read,
    /// See who is in it.
    ListMembers,
    /// See who is there now, and who has read what.
    SeePresence,
    /// Say something.
    Send,
    /// React to a message; take one's own reaction back.
    React,
    /// Pin a message, or unpin it.
    Pin,
    /// Tell the moderators of a message.
    Report,
    /// Change what one said.
    EditOwnMessage,
    /// Delete what one said.
    DeleteOwnMessage,
    /// Delete what others said.
    DeleteOthersMessage,
    /// Show that one is typing; move one's own marks.
    Signal,
    /// Change name, description, metadata.
    EditRoom,
    /// End it.
    DeleteRoom,
    /// Bring others in.
    AddMember,
    /// Put others out who rank below.
    RemoveMember,
    /// Change roles of those who rank below, to roles below one's own.
    ChangeRole,
    /// Keep those who rank below from sending, for a while or until further notice.
    MuteMember,
    /// Put somebody out who ranks below, for good; let them back.
    BanMember,
    /// See who is banned, and what was reported.
    ListBans,
    /// Make links by which others come in; see and revoke them.
    Invite,
    /// Come in by such a link, which is the proof of being invited.
    AcceptInvitation,
}

impl Act {
    /// All of them, for tests that walk the table.
    pub const ALL: [Self; 24] = [
        Self::SeeRoom,
        Self::Join,
        Self::Leave,
        Self::Read,
        Self::ListMembers,
        Self::SeePresence,
        Self::Send,
        Self::React,
        Self::Pin,
        Self::Report,
        Self::EditOwnMessage,
        Self::DeleteOwnMessage,
        Self::DeleteOthersMessage,
        Self::Signal,
        Self::EditRoom,
        Self::DeleteRoom,
        Self::AddMember,
        Self::RemoveMember,
        Self::ChangeRole,
        Self::MuteMember,
        Self::BanMember,
        Self::ListBans,
        Self::Invite,
        Self::AcceptInvitation,
    ];
}

/// What the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Allowed,
    /// A 403: they may know the room, but not do this.
    Forbidden,
    /// A 404: to them the room does not exist.
    Hidden,
}

/// Where somebody stands towards a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What the room is.
    pub kind: RoomKind,
    /// What they are across all rooms.
    pub user_role: UserRole,
    /// Their role in the room, when they belong to it now.
    pub member_role: Option<MemberRole>,
}

use Verdict::{Allowed as Y, Forbidden as N, Hidden as H};

/// One row per act. Columns: a stranger to a public room; to a private or direct one; member, moderator,
/// admin, owner of a public or private room; member of a direct room; the host product's service in a
/// public or private room, in a direct room; a site admin who is not a member, in a public room, in a
/// private, in a direct one.
#[rustfmt::skip]
const TABLE: [(Act, [Verdict; 12]); 24] = [
    //                              str pub/priv   member modr admin owner  direct  service/direct  site admin pub/priv/direct
    (Act::SeeRoom,             [Y, H,   Y, Y, Y, Y,   Y,   Y, Y,   Y, Y, Y]),
    (Act::Join,                [Y, H,   Y, Y, Y, Y,   Y,   Y, N,   Y, N, N]),
    (Act::Leave,               [Y, H,   Y, Y, Y, Y,   N,   Y, N,   Y, Y, N]),
    (Act::Read,                [N, H,   Y, Y, Y, Y,   Y,   Y, Y,   N, N, N]),
    (Act::ListMembers,         [N, H,   Y, Y, Y, Y,   Y,   Y, Y,   Y, Y, Y]),
    (Act::SeePresence,         [N, H,   Y, Y, Y, Y,   Y,   Y, Y,   N, N, N]),
    (Act::Send,                [N, H,   Y, Y, Y, Y,   Y,   Y, Y,   N, N, N]),
    (Act::React,               [N, H,   Y, Y, Y, Y,   Y,   Y, Y,   N, N, N]),
    (Act::Pin,                 [N, H,   N, Y, Y, Y,   Y,   Y, Y,   N, N, N]),
    (Act::Report,              [N, H,   Y, Y, Y, Y,   Y,   Y, Y,   N, N, N]),
    (Act::EditOwnMessage,      [N, H,   Y, Y, Y, Y,   Y,   Y, Y,   N, N, N]),
    (Act::DeleteOwnMessage,    [N, H,   Y, Y, Y, Y,   Y,   Y, Y,   Y, Y, Y]),
    (Act::DeleteOthersMessage, [N, H,   N, Y, Y, Y,   N,   Y, Y,   Y, Y, Y]),
    (Act::Signal,              [N, H,   Y, Y, Y, Y,   Y,   N, N,   N, N, N]),
    (Act::EditRoom,            [N, H,   N, N, Y, Y,   N,   Y, N,   Y, Y, N]),
    (Act::DeleteRoom,          [N, H,   N, N, N, Y,   N,   Y, N,   Y, N, N]),
    (Act::AddMember,           [N, H,   N, N, Y, Y,   N,   Y, N,   N, N, N]),
    (Act::RemoveMember,        [N, H,   N, Y, Y, Y,   N,   Y, N,   Y, Y, N]),
    (Act::ChangeRole,          [N, H,   N, N, Y, Y,   N,   Y, N,   N, N, N]),
    (Act::MuteMember,          [N, H,   N, Y, Y, Y,   N,   Y, N,   Y, Y, N]),
    (Act::BanMember,           [N, H,   N, N, Y, Y,   N,   Y, N,   Y, Y, N]),
    (Act::ListBans,            [N, H,   N, Y, Y, Y,   N,   Y, N,   Y, Y, N]),
    (Act::Invite,              [N, H,   N, N, Y, Y,   N,   Y, N,   N, N, N]),
    (Act::AcceptInvitation,    [Y, Y,   Y, Y, Y, Y,   N,   Y, N,   Y, Y, N]),
];

/// What the table says of one act by one person. Who has two standings (a service that is also a member)
/// may do what either allows.
pub fn verdict(act: Act, standing: Standing) -> Verdict {
    let Some((_, row)) = TABLE.iter().find(|(listed, _)| *listed == act) else {
        return Verdict::Forbidden;
    };
    let open = standing.kind == RoomKind::Public;
    let direct = standing.kind == RoomKind::Direct;
    let as_member = standing.member_role.map(|role| match role {
        _ if direct => row[6],
        MemberRole::Member => row[2],
        MemberRole::Moderator => row[3],
        MemberRole::Admin => row[4],
        MemberRole::Owner => row[5],
    });
    let by_office = match standing.user_role {
        UserRole::User => None,
        UserRole::Service => Some(if direct { row[8] } else { row[7] }),
        UserRole::Admin => Some(match standing.kind {
            RoomKind::Public => row[9],
            RoomKind::Private => row[10],
            RoomKind::Direct => row[11],
        }),
    };
    match (as_member, by_office) {
        (None, None) => row[usize::from(!open)],
        (Some(Verdict::Allowed), _) | (_, Some(Verdict::Allowed)) => Verdict::Allowed,
        _ => Verdict::Forbidden,
    }
}

/// The table's verdict as an answer.
pub fn check(act: Act, standing: Standing) -> Result<()> {
    match verdict(act, standing) {
        Verdict::Allowed => Ok(()),
        Verdict::Hidden => Err(Error::NotFound),
        Verdict::Forbidden => Err(Error::Forbidden(refusal(act, standing))),
    }
}

const fn refusal(act: Act, standing: Standing) -> &'static str {
    if standing.member_role.is_none() && matches!(standing.user_role, UserRole::User) {
        return "join the room first";
    }
    match (act, standing.kind) {
        (Act::Leave, RoomKind::Direct) => "a direct room cannot be left",
        (
            Act::EditRoom
            | Act::DeleteRoom
            | Act::AddMember
            | Act::RemoveMember
            | Act::ChangeRole
            | Act::MuteMember
            | Act::BanMember
            | Act::Invite,
            RoomKind::Direct,
        ) => "a direct room cannot be changed",
        _ => "your role does not allow this",
    }
}

/// Whether somebody may read this very message: the room's right and their horizon. What they may not read does not
/// exist for them, for a message's id tells nothing of its room.
pub fn may_read(actor: &Actor, kind: RoomKind, membership: Option<&Member>, number: i64) -> Result<()> {
    let member = membership.filter(|member| member.is_current());
    let standing = Standing {
        kind,
        user_role: actor.role,
        member_role: member.map(|member| member.role),
    };
    let is_shown = horizon(actor, member).shows_message(number);
    if is_shown && verdict(Act::Read, standing) == Verdict::Allowed {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// From where on the actor may see a room, by their current row there.
pub fn horizon(actor: &Actor, member: Option<&Member>) -> Horizon {
    match member {
        // The host product's service reads any room's whole log, member or not.
        _ if actor.role == UserRole::Service => Horizon::ALL,
        Some(member) => member.horizon(),
        None => Horizon::ALL,
    }
}

/// What must be known, under the room's lock, to let a message in.
#[derive(Clone, Copy, Debug)]
pub struct SendFacts<'a> {
    /// What the room is.
    pub kind: RoomKind,
    /// False once it is closed or deleted.
    pub is_active: bool,
    /// What the sender is across all rooms.
    pub user_role: UserRole,
    /// Whether the sender's account is shut.
    pub sender_deactivated: bool,
    /// The sender's row in the room, current or former.
    pub membership: Option<&'a Member>,
    /// In a direct room: whether the other person is shut or has blocked, or is blocked by, the sender.
    pub peer_unreachable: bool,
    /// Who may send here.
    pub posting: Posting,
    /// Seconds between two messages of one member; 0 is off.
    pub slow_mode_seconds: i64,
    /// When the sender last sent into the room.
    pub last_sent_at: Option<Timestamp>,
    /// The moment of the check.
    pub now: Timestamp,
}

/// What whoever writes to somebody is told who is shut, has blocked them or is blocked by them: one text, so
/// that nobody learns which.
pub const UNREACHABLE: &str = "this person cannot be written to";

/// What is said of an account that is shut, to its bearer and to who names them.
pub const DEACTIVATED: &str = "the account is deactivated";

/// Whether a message may enter the room.
pub fn may_send(facts: &SendFacts<'_>) -> Result<()> {
    if facts.sender_deactivated {
        return Err(Error::Forbidden(DEACTIVATED));
    }
    let member = facts.membership.filter(|member| member.is_current());
    check(
        Act::Send,
        Standing {
            kind: facts.kind,
            user_role: facts.user_role,
            member_role: member.map(|member| member.role),
        },
    )?;
    if !facts.is_active {
        return Err(Error::Forbidden("the room is closed"));
    }
    if facts.peer_unreachable {
        return Err(Error::Forbidden(UNREACHABLE));
    }
    let muted_until = facts.membership.and_then(|member| member.muted_until);
    if facts.user_role != UserRole::Service && muted_until.is_some_and(|until| until > facts.now) {
        return Err(Error::Forbidden("you are muted in this room"));
    }
    may_post(facts.posting, facts.user_role, member)?;
    keeps_pace(facts, member)
}

/// Whether the room is for them to speak in: where moderators alone post, others are refused.
pub fn may_post(posting: Posting, user_role: UserRole, member: Option<&Member>) -> Result<()> {
    if posting == Posting::Members || is_above_rules(user_role, member) {
        return Ok(());
    }
    Err(Error::Forbidden("only moderators post in this room"))
}

/// Moderators and above, and the host product, are free of what a room asks of its members.
fn is_above_rules(user_role: UserRole, member: Option<&Member>) -> bool {
    user_role == UserRole::Service || member.is_some_and(|member| member.role > MemberRole::Member)
}

/// Slow mode: one message in so many seconds.
fn keeps_pace(facts: &SendFacts<'_>, member: Option<&Member>) -> Result<()> {
    let is_free = is_above_rules(facts.user_role, member);
    let pace = Duration::from_secs(u64::try_from(facts.slow_mode_seconds).unwrap_or(0));
    let retry_after = facts
        .last_sent_at
        .map_or(Duration::ZERO, |last| last.plus(pace).since(facts.now));
    if is_free || pace.is_zero() || retry_after.is_zero() {
        return Ok(());
    }
    Err(Error::RateLimited {
        retry_after,
        limit: 1,
        window: pace,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(kind: RoomKind, user_role: UserRole, member_role: Option<MemberRole>) -> Standing {
        Standing {
            kind,
            user_role,
            member_role,
        }
    }

    fn a_member(role: MemberRole) -> Member {
        Member {
            room_id: crate::RoomId(uuid::Uuid::nil()),
            user_id: crate::UserId(uuid::Uuid::nil()),
            role,
            joined_at: Timestamp::from_millis(0),
            joined_seq: 1,
            visible_from_number: 0,
            left_at: None,
            muted_until: None,
            last_read_number: 0,
            last_delivered_number: 0,
        }
    }

    #[test]
    fn every_act_has_its_row() {
        for act in Act::ALL {
            assert_eq!(
                TABLE.iter().filter(|(listed, _)| *listed == act).count(),
                1,
                "{act:?}"
            );
        }
    }

    #[test]
    fn to_a_stranger_a_private_room_does_not_exist() {
        for act in Act::ALL {
            // The link itself tells of the room, and is the right to come in.
            if act == Act::AcceptInvitation {
                continue;
            }
            for kind in [RoomKind::Private, RoomKind::Direct] {
                assert_eq!(
                    verdict(act, standing(kind, UserRole::User, None)),
                    Verdict::Hidden,
                    "{act:?}"
                );
            }
        }
    }

    #[test]
    fn rank_only_adds_rights() {
        for act in Act::ALL {
            for kind in [RoomKind::Public, RoomKind::Private] {
                let mut was_allowed = false;
                for role in MemberRole::ALL {
                    let allowed =
                        verdict(act, standing(kind, UserRole::User, Some(role))) == Verdict::Allowed;
                    assert!(allowed || !was_allowed, "{act:?} is lost with {role:?}");
                    was_allowed = allowed;
                }
            }
        }
    }

    #[test]
    fn nobody_changes_a_direct_room_by_any_office() {
        let changes = [
            Act::Leave,
            Act::EditRoom,
            Act::DeleteRoom,
            Act::AddMember,
            Act::RemoveMember,
            Act::ChangeRole,
            Act::MuteMember,
            Act::BanMember,
            Act::Invite,
        ];
        for act in changes {
            for user_role in [UserRole::User, UserRole::Service, UserRole::Admin] {
                for member_role in [None, Some(MemberRole::Member)] {
                    let standing = standing(RoomKind::Direct, user_role, member_role);
                    assert_ne!(verdict(act, standing), Verdict::Allowed, "{act:?} {standing:?}");
                }
            }
        }
    }

    #[test]
    fn where_moderators_alone_post_others_are_refused() {
        for (posting, user_role, member_role, is_allowed) in [
            (Posting::Members, UserRole::User, Some(MemberRole::Member), true),
            (
                Posting::Moderators,
                UserRole::User,
                Some(MemberRole::Member),
                false,
            ),
            (
                Posting::Moderators,
                UserRole::Admin,
                Some(MemberRole::Member),
                false,
            ),
            (
                Posting::Moderators,
                UserRole::User,
                Some(MemberRole::Moderator),
                true,
            ),
            (Posting::Moderators, UserRole::User, Some(MemberRole::Owner), true),
            (Posting::Moderators, UserRole::Service, None, true),
        ] {
            let member = member_role.map(a_member);
            assert_eq!(
                may_post(posting, user_role, member.as_ref()).is_ok(),
                is_allowed,
                "{member_role:?}"
            );
        }
    }

    #[test]
    fn slow_mode_tells_the_exact_wait_and_spares_moderators() {
        let now = Timestamp::from_millis(100_000);
        let paced = |role, member_role, last_sent_ms: Option<i64>| {
            let member = a_member(member_role);
            may_send(&SendFacts {
                kind: RoomKind::Public,
                is_active: true,
                user_role: role,
                sender_deactivated: false,
                membership: Some(&member),
                peer_unreachable: false,
                posting: Posting::Members,
                slow_mode_seconds: 30,
                last_sent_at: last_sent_ms.map(Timestamp::from_millis),
                now,
            })
        };
        let user = UserRole::User;
        assert!(paced(user, MemberRole::Member, None).is_ok());
        assert!(paced(user, MemberRole::Member, Some(70_000)).is_ok());
        match paced(user, MemberRole::Member, Some(71_500)) {
            Err(Error::RateLimited { retry_after, .. }) => {
                assert_eq!(retry_after, Duration::from_millis(1_500));
            }
            other => panic!("{other:?}"),
        }
        assert!(paced(user, MemberRole::Moderator, Some(99_999)).is_ok());
        assert!(paced(UserRole::Service, MemberRole::Member, Some(99_999)).is_ok());
    }

    #[test]
    fn a_site_admin_reads_no_private_content() {
        for kind in [RoomKind::Public, RoomKind::Private, RoomKind::Direct] {
            for act in [Act::Read, Act::Send, Act::SeePresence, Act::AddMember] {
                assert_eq!(
                    verdict(act, standing(kind, UserRole::Admin, None)),
                    Verdict::Forbidden
                );
            }
        }
        let member = standing(RoomKind::Private, UserRole::Admin, Some(MemberRole::Member));
        assert_eq!(verdict(Act::Read, member), Verdict::Allowed);
    }
}
