//! Finds whom and what a text names: only members, and everybody only by those who may.

use std::collections::HashSet;

use crate::naming::{Candidate, Words, read};
use crate::ports::Ports;
use crate::{
    Actor, ContentType, HERE_MEMBERS_MAX, MENTIONS_MAX, MemberRole, Named, Result, RoomId, UserRole,
};

/// What the text names in this room. A name that is no member's is plain text. A text without `@` asks the
/// store nothing.
///
/// Whoever leaves between this and the commit stays named; a mention counts for members alone, and joining
/// again begins at the head.
pub(super) async fn named(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    content: &str,
    content_type: ContentType,
) -> Result<Named> {
    let Words {
        candidates,
        here,
        links,
    } = read(content, content_type);
    Ok(Named {
        mentions: if candidates.is_empty() {
            Vec::new()
        } else {
            mentions(ports, room_id, &candidates).await?
        },
        here: here && may_name_everybody(ports, actor, room_id).await?,
        links,
    })
}

async fn mentions(ports: &Ports, room_id: RoomId, candidates: &[Candidate]) -> Result<Vec<crate::UserId>> {
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
