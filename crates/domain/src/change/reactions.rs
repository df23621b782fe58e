//! Decides what a message wears: reactions and the pin.

use super::{Effect, Facts, may_speak};
use crate::{Actor, Error, Message, PINS_MAX, REACTION_KINDS_MAX, Result};

/// One reaction a person and emoji; at most [`REACTION_KINDS_MAX`] emoji a message.
pub(super) fn add(actor: &Actor, message: &Message, emoji: &str, facts: &Facts) -> Result<Vec<Effect>> {
    if message.is_deleted() {
        return Err(Error::Conflict("the message is deleted"));
    }
    if facts.has_reacted {
        return Ok(Vec::new());
    }
    may_speak(actor, facts)?;
    let kinds = &message.extras.reactions;
    if kinds.len() >= REACTION_KINDS_MAX && kinds.iter().all(|kind| kind.emoji != emoji) {
        return Err(Error::Conflict(
            "the message has as many different reactions as it can",
        ));
    }
    Ok(vec![Effect::ReactionAdded {
        message_id: message.id,
        number: message.number,
        emoji: emoji.to_owned(),
        user_id: actor.user_id,
    }])
}

/// What was never there is taken back already; so is everything on a tombstone.
pub(super) fn remove(actor: &Actor, message: &Message, emoji: &str, facts: &Facts) -> Vec<Effect> {
    if !facts.has_reacted {
        return Vec::new();
    }
    vec![Effect::ReactionRemoved {
        message_id: message.id,
        number: message.number,
        emoji: emoji.to_owned(),
        user_id: actor.user_id,
    }]
}

/// At most [`PINS_MAX`] a room.
pub(super) fn pin(actor: &Actor, message: &Message, facts: &Facts) -> Result<Vec<Effect>> {
    if message.is_deleted() {
        return Err(Error::Conflict("the message is deleted"));
    }
    if message.extras.pinned_at.is_some() {
        return Ok(Vec::new());
    }
    may_speak(actor, facts)?;
    if facts.pinned_count >= PINS_MAX {
        return Err(Error::Conflict("the room has as many pinned messages as it can"));
    }
    Ok(vec![Effect::MessagePinned {
        message_id: message.id,
        number: message.number,
    }])
}

pub(super) fn unpin(message: &Message) -> Vec<Effect> {
    if message.extras.pinned_at.is_none() {
        return Vec::new();
    }
    vec![Effect::MessageUnpinned {
        message_id: message.id,
        number: message.number,
    }]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, actor, facts, message};
    use super::super::{Deed, Facts, decide};
    use super::*;
    use crate::{Code, MemberRole, ReactionCount, RoomKind, UserRole};

    fn with(own: MemberRole, message: Message) -> Facts {
        Facts {
            message: Some(message),
            ..facts(RoomKind::Public, Some(own), &[])
        }
    }

    fn react(facts: &Facts, emoji: &str) -> Result<Vec<Effect>> {
        let deed = Deed::AddReaction {
            message_id: message(2).id,
            emoji: emoji.into(),
        };
        decide(&actor(1, UserRole::User), &deed, facts)
    }

    #[test]
    fn a_person_reacts_once_with_each_emoji() {
        let mut room = with(MemberRole::Member, message(2));
        assert_eq!(react(&room, "👍").unwrap().len(), 1);
        room.has_reacted = true;
        assert_eq!(react(&room, "👍").unwrap(), []);
    }

    #[test]
    fn kinds_are_bounded_but_not_people() {
        let mut full = message(2);
        full.extras.reactions = (0..REACTION_KINDS_MAX)
            .map(|n| ReactionCount {
                emoji: n.to_string(),
                count: 1,
            })
            .collect();
        let room = with(MemberRole::Member, full);
        assert_eq!(react(&room, "new").unwrap_err().code(), Code::Conflict);
        assert_eq!(react(&room, "7").unwrap().len(), 1);
    }

    #[test]
    fn a_tombstone_and_a_muted_person_take_and_give_none() {
        let dead = Message {
            deleted_at: Some(NOW),
            ..message(2)
        };
        assert_eq!(
            react(&with(MemberRole::Member, dead.clone()), "👍")
                .unwrap_err()
                .code(),
            Code::Conflict
        );
        let pin = Deed::PinMessage(dead.id);
        let pinning = decide(&actor(1, UserRole::User), &pin, &with(MemberRole::Owner, dead));
        assert_eq!(pinning.unwrap_err().code(), Code::Conflict);
        let mut room = with(MemberRole::Member, message(2));
        if let Some(member) = &mut room.membership {
            member.muted_until = Some(NOW.plus(std::time::Duration::from_secs(1)));
        }
        assert_eq!(react(&room, "👍").unwrap_err().code(), Code::Forbidden);
    }

    #[test]
    fn pins_are_the_moderators_and_bounded() {
        let pin = |room: &Facts| decide(&actor(1, UserRole::User), &Deed::PinMessage(message(2).id), room);
        assert_eq!(
            pin(&with(MemberRole::Member, message(2))).unwrap_err().code(),
            Code::Forbidden
        );
        let mut room = with(MemberRole::Moderator, message(2));
        assert_eq!(pin(&room).unwrap().len(), 1);
        room.pinned_count = PINS_MAX;
        assert_eq!(pin(&room).unwrap_err().code(), Code::Conflict);
        if let Some(message) = &mut room.message {
            message.extras.pinned_at = Some(NOW);
        }
        assert_eq!(pin(&room).unwrap(), [], "it is pinned already");
        let unpin = Deed::UnpinMessage(message(2).id);
        assert_eq!(decide(&actor(1, UserRole::User), &unpin, &room).unwrap().len(), 1);
    }
}
