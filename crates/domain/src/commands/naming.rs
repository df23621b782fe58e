//! Finds whom and what a text names: only members, and everybody only by those who may.

use std::collections::HashSet;

use crate::naming::{Candidate, Words, read};
use crate::ports::Ports;
use crate::{
    Actor, ContentType, HERE_MEMBERS_MAX, History, MENTIONS_MAX, MemberRole, Message, MessageId, Named,
    Result, RoomId, RoomKind, UserId, UserRole,
};

/// What the text names in this room, and before all else whom it answers. A name that is no member's is plain text. A
/// text without `@` that answers nobody asks the store nothing.
///
/// Whoever leaves between this and the commit stays named; a mention counts for members alone, and joining
/// again begins at the head.
pub(super) async fn named(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    content: &str,
    content_type: ContentType,
    reply_to: Option<MessageId>,
) -> Result<Named> {
    let Words {
        candidates,
        here,
        links,
    } = read(content, content_type);
    let answered = match reply_to {
        Some(parent_id) => answered(ports, actor, room_id, parent_id).await?,
        None => None,
    };
    let by_name = if candidates.is_empty() {
        Vec::new()
    } else {
        mentions(ports, room_id, &candidates).await?
    };
    let others = by_name.into_iter().filter(|user_id| answered != Some(*user_id));
    Ok(Named {
        mentions: answered.into_iter().chain(others).take(MENTIONS_MAX).collect(),
        here: here && may_name_everybody(ports, actor, room_id).await?,
        links,
    })
}

/// Who said what is answered: to them a reply is meant as if it named them. Nobody for an answer to oneself, to a
/// tombstone or to what the system told of them, and in a direct room, where all is meant for the other. Nobody either
/// where not everybody may see every message: there it would tell who wrote one of them.
async fn answered(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    parent_id: MessageId,
) -> Result<Option<UserId>> {
    let parent = ports.room_reads.message(parent_id, actor.user_id).await?;
    let is_answered = |parent: &Message| {
        parent.room_id == room_id
            && !parent.is_deleted()
            && parent.content_type != ContentType::System
            && parent.sender_id != actor.user_id
    };
    let Some(parent) = parent
        .map(|(parent, _)| parent)
        .filter(|parent| is_answered(parent))
    else {
        return Ok(None);
    };
    let Some(access) = ports.room_reads.access(room_id, parent.sender_id).await? else {
        return Ok(None);
    };
    if access.kind == RoomKind::Direct || access.current().is_none() {
        return Ok(None);
    }
    let room = ports
        .room_reads
        .room(room_id, access.head.room_changed_seq)
        .await?;
    let is_open_to_all = room.is_some_and(|room| room.history == History::All);
    Ok(is_open_to_all.then_some(parent.sender_id))
}

async fn mentions(ports: &Ports, room_id: RoomId, candidates: &[Candidate]) -> Result<Vec<UserId>> {
    let forms = |candidate: &Candidate| {
        let whole = Some(candidate.whole.clone());
        [whole, candidate.trimmed.clone()].into_iter().flatten()
    };
    let mut usernames: Vec<String> = candidates.iter().flat_map(forms).collect();
    usernames.sort_unstable();
    usernames.dedup();
    let members = ports.message_reads.members_named(room_id, &usernames).await?;
    let mut seen = HashSet::new();
    Ok(candidates
        .iter()
        .filter_map(|candidate| forms(candidate).find_map(|name| members.get(&name).copied()))
        .filter(|user_id| seen.insert(*user_id))
        .take(MENTIONS_MAX)
        .collect())
}

async fn may_name_everybody(ports: &Ports, actor: &Actor, room_id: RoomId) -> Result<bool> {
    let access = ports.room_reads.access(room_id, actor.user_id).await?;
    Ok(access.is_some_and(|access| {
        let role = access.current().map(|member| member.role);
        is_callable(access.head.member_count, actor.role, role)
    }))
}

/// In a large room only those who keep it may call everybody.
fn is_callable(member_count: i64, user_role: UserRole, member_role: Option<MemberRole>) -> bool {
    member_count <= HERE_MEMBERS_MAX
        || user_role == UserRole::Service
        || member_role.is_some_and(|role| role >= MemberRole::Moderator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_large_room_only_those_who_keep_it_call_everybody() {
        let (member, moderator) = (Some(MemberRole::Member), Some(MemberRole::Moderator));
        assert!(is_callable(HERE_MEMBERS_MAX, UserRole::User, member));
        assert!(!is_callable(HERE_MEMBERS_MAX + 1, UserRole::User, member));
        assert!(!is_callable(HERE_MEMBERS_MAX + 1, UserRole::Admin, member));
        assert!(is_callable(HERE_MEMBERS_MAX + 1, UserRole::User, moderator));
        assert!(is_callable(HERE_MEMBERS_MAX + 1, UserRole::Service, None));
    }
}
