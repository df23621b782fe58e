//! Links by which people come in: a bounded number, each for a while and for so many people.

use super::{Effect, Facts};
use crate::{Error, INVITATIONS_LIVE_MAX, Invitation, Member, Result};

/// Whether there may be one link more.
pub(super) fn invite(facts: &Facts) -> Result<()> {
    if facts.live_invitations >= INVITATIONS_LIVE_MAX {
        return Err(Error::Conflict("the room has as many live invitations as it may"));
    }
    Ok(())
}

/// Takes a link back. One that is over already is taken back all the same.
pub(super) fn revoke(facts: &Facts) -> Result<Vec<Effect>> {
    let invitation = facts.invitation.as_ref().ok_or(Error::NotFound)?;
    Ok(match invitation.revoked_at {
        Some(_) => Vec::new(),
        None => vec![Effect::InvitationRevoked(invitation.id)],
    })
}

/// The link that somebody presents. Who is in already may present one that is over: it is how a lost answer is
/// healed. To anybody else one that is over never was.
pub(super) fn presented<'a>(member: Option<&Member>, facts: &'a Facts) -> Result<&'a Invitation> {
    facts
        .invitation
        .as_ref()
        .filter(|invitation| member.is_some() || invitation.is_live(facts.now))
        .ok_or(Error::NotFound)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, actor, facts, id};
    use super::*;
    use crate::change::decide;
    use crate::{Deed, InvitationId, MemberRole, RoomKind, Timestamp, UserRole, ports::SecretHash};

    fn link() -> Invitation {
        Invitation {
            id: InvitationId(uuid::Uuid::nil()),
            room_id: crate::RoomId(uuid::Uuid::nil()),
            created_by: id(9),
            created_at: NOW,
            expires_at: Some(Timestamp::from_millis(NOW.as_millis() + 1)),
            revoked_at: None,
            uses: 0,
            uses_max: Some(1),
        }
    }

    fn stranger_with(invitation: Option<Invitation>) -> Facts {
        Facts {
            invitation,
            ..facts(RoomKind::Private, None, &[])
        }
    }

    const ACCEPT: Deed = Deed::AcceptInvitation(InvitationId(uuid::Uuid::nil()));

    #[test]
    fn a_live_link_lets_a_stranger_into_a_private_room() {
        let room = stranger_with(Some(link()));
        let effects = decide(&actor(1, UserRole::User), &ACCEPT, &room).unwrap();
        let joined = Effect::Joined {
            user_id: id(1),
            role: MemberRole::Member,
        };
        assert_eq!(effects, [joined, Effect::InvitationUsed(link().id)]);
    }

    #[test]
    fn one_that_is_over_never_was() {
        let used_up = Invitation { uses: 1, ..link() };
        let expired = Invitation {
            expires_at: Some(NOW),
            ..link()
        };
        let revoked = Invitation {
            revoked_at: Some(NOW),
            ..link()
        };
        for over in [None, Some(used_up.clone()), Some(expired), Some(revoked)] {
            let mut room = stranger_with(over);
            // A ban is not told by a link that is over, either.
            room.is_actor_banned = true;
            let decided = decide(&actor(1, UserRole::User), &ACCEPT, &room);
            assert!(matches!(decided, Err(Error::NotFound)), "{decided:?}");
        }
        let mut inside = facts(RoomKind::Private, Some(MemberRole::Member), &[]);
        inside.invitation = Some(used_up);
        let again = decide(&actor(1, UserRole::User), &ACCEPT, &inside).unwrap();
        assert_eq!(again, [], "twice changes nothing and spends nothing");
    }

    #[test]
    fn who_is_banned_stays_out() {
        let mut room = stranger_with(Some(link()));
        room.is_actor_banned = true;
        let decided = decide(&actor(1, UserRole::User), &ACCEPT, &room);
        assert!(matches!(decided, Err(Error::Forbidden(_))));
    }

    #[test]
    fn links_are_made_by_admins_and_bounded() {
        let invite = Deed::Invite {
            id: link().id,
            token_hash: SecretHash([0; 32]),
            expires_at: NOW,
            uses_max: None,
        };
        let mut room = facts(RoomKind::Public, Some(MemberRole::Admin), &[]);
        assert_eq!(
            decide(&actor(1, UserRole::User), &invite, &room).unwrap().len(),
            1
        );
        room.live_invitations = INVITATIONS_LIVE_MAX;
        let decided = decide(&actor(1, UserRole::User), &invite, &room);
        assert!(matches!(decided, Err(Error::Conflict(_))));
        for (kind, role) in [
            (RoomKind::Public, MemberRole::Moderator),
            (RoomKind::Direct, MemberRole::Member),
        ] {
            let decided = decide(&actor(1, UserRole::User), &invite, &facts(kind, Some(role), &[]));
            assert!(matches!(decided, Err(Error::Forbidden(_))), "{kind:?}");
        }
    }
}
