//! Bans and mutes: nobody bars or silences their equal or better, themselves, or an account in office.

use super::{Effect, Facts, Person, outranks, put_out};
use crate::rights::Standing;
use crate::{Actor, Error, LeaveReason, Member, Result, Timestamp, UserId, UserRole};

/// Puts somebody out for good. Who never was in is barred all the same.
pub(super) fn ban(
    actor: &Actor,
    user_id: UserId,
    reason: Option<&str>,
    standing: Standing,
    facts: &Facts,
) -> Result<Vec<Effect>> {
    let person = subject(actor, user_id, facts)?;
    let mut effects = put_out(user_id, LeaveReason::Banned, standing, facts)?;
    let said = person.ban.as_ref().map(|ban| ban.reason.as_deref());
    let is_so = said.is_some_and(|said| reason.is_none() || reason == said);
    if !is_so {
        effects.push(Effect::Banned {
            user_id,
            reason: reason.map(str::to_owned),
        });
    }
    Ok(effects)
}

/// Lets somebody come back.
pub(super) fn unban(user_id: UserId, facts: &Facts) -> Vec<Effect> {
    let is_banned = facts
        .people
        .get(&user_id)
        .is_some_and(|person| person.ban.is_some());
    is_banned
        .then_some(Effect::Unbanned { user_id })
        .into_iter()
        .collect()
}

/// Silences somebody. Who has left is silenced for the day they come back.
pub(super) fn mute(
    actor: &Actor,
    user_id: UserId,
    until: Timestamp,
    standing: Standing,
    facts: &Facts,
) -> Result<Vec<Effect>> {
    let person = subject(actor, user_id, facts)?;
    let target = person.membership.as_ref().ok_or(Error::NotFound)?;
    muted_until(target, Some(until), standing)
}

/// Lets somebody speak again. A mute that has ended by itself needs no word.
pub(super) fn unmute(
    actor: &Actor,
    user_id: UserId,
    standing: Standing,
    facts: &Facts,
) -> Result<Vec<Effect>> {
    let target = facts
        .people
        .get(&user_id)
        .and_then(|person| person.membership.as_ref());
    match target {
        Some(target) if target.muted_until.is_some_and(|until| until > facts.now) => {
            if user_id == actor.user_id {
                return Err(Error::Forbidden("nobody lifts their own mute"));
            }
            muted_until(target, None, standing)
        }
        _ => Ok(Vec::new()),
    }
}

fn muted_until(target: &Member, until: Option<Timestamp>, standing: Standing) -> Result<Vec<Effect>> {
    if target.is_current() {
        outranks(standing, target.role)?;
    }
    if target.muted_until == until {
        return Ok(Vec::new());
    }
    Ok(vec![Effect::MemberUpdated {
        user_id: target.user_id,
        role: target.role,
        muted_until: until,
    }])
}

/// Whom it is done to: an account there is, not oneself, and nobody in office.
fn subject<'a>(actor: &Actor, user_id: UserId, facts: &'a Facts) -> Result<&'a Person> {
    if user_id == actor.user_id {
        return Err(Error::invalid("user_id", "must be somebody else"));
    }
    let person = facts.people.get(&user_id).ok_or(Error::NotFound)?;
    if person.user_role != UserRole::User {
        return Err(Error::Forbidden("this account holds an office over all rooms"));
    }
    Ok(person)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, actor, facts, id, stranger};
    use crate::change::{Effect, decide, handed_to};
    use crate::{
        Ban, Deed, Error, LeaveReason, MemberRole, RoomKind, Timestamp, UserRole, change::Facts,
        change::Person,
    };

    const USER: UserRole = UserRole::User;

    fn ban(reason: Option<&str>) -> Deed {
        Deed::Ban {
            user_id: id(2),
            reason: reason.map(str::to_owned),
        }
    }

    fn with_ban(mut room: Facts, reason: Option<&str>) -> Facts {
        let ban = Ban {
            user_id: id(2),
            banned_by: id(1),
            reason: reason.map(str::to_owned),
            created_at: NOW,
        };
        room.people.insert(
            id(2),
            Person {
                ban: Some(ban),
                ..stranger()
            },
        );
        room
    }

    #[test]
    fn a_member_is_put_out_and_barred_and_a_stranger_only_barred() {
        let mut room = facts(
            RoomKind::Public,
            Some(MemberRole::Admin),
            &[(2, MemberRole::Member)],
        );
        let barred = Effect::Banned {
            user_id: id(2),
            reason: Some("spam".into()),
        };
        let left = Effect::Left {
            user_id: id(2),
            reason: LeaveReason::Banned,
        };
        let decided = decide(&actor(1, USER), &ban(Some("spam")), &room).unwrap();
        assert_eq!(decided, [left, barred.clone()]);
        room.people.insert(id(2), stranger());
        let decided = decide(&actor(1, USER), &ban(Some("spam")), &room).unwrap();
        assert_eq!(decided, [barred]);
        room.people.clear();
        assert!(matches!(
            decide(&actor(1, USER), &ban(None), &room),
            Err(Error::NotFound)
        ));
    }

    #[test]
    fn a_repeat_changes_nothing_but_a_reason_that_differs() {
        let room = with_ban(
            facts(RoomKind::Public, Some(MemberRole::Admin), &[]),
            Some("spam"),
        );
        for same in [None, Some("spam")] {
            assert_eq!(decide(&actor(1, USER), &ban(same), &room).unwrap(), []);
        }
        assert_eq!(
            decide(&actor(1, USER), &ban(Some("worse")), &room).unwrap().len(),
            1
        );
        let unban = Deed::Unban(id(2));
        assert_eq!(
            decide(&actor(1, USER), &unban, &room).unwrap(),
            [Effect::Unbanned { user_id: id(2) }]
        );
        let room = facts(RoomKind::Public, Some(MemberRole::Admin), &[]);
        assert_eq!(decide(&actor(1, USER), &unban, &room).unwrap(), []);
    }

    #[test]
    fn nobody_bars_or_silences_their_equal_or_better_themselves_or_an_office() {
        let mute = Deed::Mute {
            user_id: id(2),
            until: Timestamp::NEVER,
        };
        for deed in [ban(None), mute] {
            for (own, target, allowed) in [
                (MemberRole::Admin, MemberRole::Moderator, true),
                (MemberRole::Admin, MemberRole::Admin, false),
                (MemberRole::Admin, MemberRole::Owner, false),
                (MemberRole::Owner, MemberRole::Admin, true),
                (MemberRole::Member, MemberRole::Member, false),
            ] {
                let room = facts(RoomKind::Public, Some(own), &[(2, target)]);
                let decided = decide(&actor(1, USER), &deed, &room);
                assert_eq!(decided.is_ok(), allowed, "{own:?} {deed:?} {target:?}");
            }
            let mut room = facts(
                RoomKind::Private,
                Some(MemberRole::Owner),
                &[(2, MemberRole::Member)],
            );
            for office in [UserRole::Service, UserRole::Admin] {
                room.people.get_mut(&id(2)).unwrap().user_role = office;
                assert!(decide(&actor(1, USER), &deed, &room).is_err(), "{office:?}");
            }
            let oneself = decide(
                &actor(2, USER),
                &deed,
                &facts(RoomKind::Public, Some(MemberRole::Owner), &[]),
            );
            assert!(matches!(oneself, Err(Error::Invalid(_))));
        }
    }

    #[test]
    fn an_owner_who_is_banned_leaves_an_owner_behind() {
        let mut room = facts(
            RoomKind::Private,
            None,
            &[(2, MemberRole::Owner), (3, MemberRole::Member)],
        );
        room.successor = Some(id(3));
        let effects = decide(&actor(1, UserRole::Service), &ban(None), &room).unwrap();
        assert_eq!(effects.len(), 3);
        assert_eq!(effects[0], handed_to(id(3)));
        assert!(ban(None).needs().successor);
    }

    #[test]
    fn who_is_banned_neither_joins_nor_is_added() {
        let mut room = facts(RoomKind::Public, None, &[]);
        room.is_actor_banned = true;
        let refused = decide(&actor(2, USER), &Deed::Join, &room);
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        let room = with_ban(facts(RoomKind::Public, Some(MemberRole::Owner), &[]), None);
        let add = Deed::AddMembers(vec![(id(2), MemberRole::Member)]);
        match decide(&actor(1, USER), &add, &room) {
            Err(Error::Invalid(fields)) => assert_eq!(fields[0].field, "members[0].user_id"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_mute_ends_by_itself_and_outlives_a_leaving() {
        let mut room = facts(
            RoomKind::Public,
            Some(MemberRole::Moderator),
            &[(2, MemberRole::Member)],
        );
        let until = Timestamp::from_millis(NOW.as_millis() + 1);
        let mute = Deed::Mute {
            user_id: id(2),
            until,
        };
        let muted = Effect::MemberUpdated {
            user_id: id(2),
            role: MemberRole::Member,
            muted_until: Some(until),
        };
        assert_eq!(decide(&actor(1, USER), &mute, &room).unwrap(), [muted]);
        let row = room.people.get_mut(&id(2)).unwrap().membership.as_mut().unwrap();
        (row.muted_until, row.left_at) = (Some(until), Some(NOW));
        assert_eq!(decide(&actor(1, USER), &mute, &room).unwrap(), [], "so already");
        let unmute = Deed::Unmute(id(2));
        assert_eq!(decide(&actor(1, USER), &unmute, &room).unwrap().len(), 1);
        room.now = until;
        assert_eq!(
            decide(&actor(1, USER), &unmute, &room).unwrap(),
            [],
            "ended by itself"
        );
    }
}
