//! Makes links by which people come into a room, takes them back, and comes in by them.

use std::time::Duration;

use super::budgets;
use super::change::change;
use crate::ports::{Changed, Ports};
use crate::{
    Actor, Deed, Error, Findings, INVITATION_SECONDS, INVITATION_SECONDS_DEFAULT, INVITATION_USES,
    Invitation, InvitationId, Result, RoomId, Trace,
};

/// A link to be made, unchecked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Invite {
    /// For how many seconds it opens; a week when nothing is said.
    pub expires_in: Option<i64>,
    /// People whom it lets in; any number when nothing is said.
    pub uses_max: Option<i64>,
}

/// Makes a link. Its secret is told this once.
pub async fn invite(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    wanted: Invite,
    trace: Trace,
) -> Result<(Invitation, String)> {
    let mut findings = Findings::default();
    let (seconds, uses) = (INVITATION_SECONDS, INVITATION_USES);
    let expires_in = wanted.expires_in.unwrap_or(INVITATION_SECONDS_DEFAULT);
    if !seconds.contains(&expires_in) {
        findings.add(
            "expires_in",
            format!("must be {} to {}", seconds.start(), seconds.end()),
        );
    }
    if wanted.uses_max.is_some_and(|uses_max| !uses.contains(&uses_max)) {
        findings.add("max_uses", format!("must be {} to {}", uses.start(), uses.end()));
    }
    findings.finish()?;
    budgets::take_of(ports, "invitations", actor, ports.limits.invitations).await?;
    let now = ports.clock.now();
    let (secret, token_hash) = ports.secrets.mint();
    let invitation = Invitation {
        id: InvitationId::mint(now),
        room_id,
        created_by: actor.user_id,
        created_at: now,
        expires_at: Some(now.plus(Duration::from_secs(u64::try_from(expires_in).unwrap_or(0)))),
        revoked_at: None,
        uses: 0,
        uses_max: wanted.uses_max,
    };
    let deed = Deed::Invite {
        id: invitation.id,
        token_hash,
        expires_at: invitation.expires_at.unwrap_or(now),
        uses_max: wanted.uses_max,
    };
    ports.room_writes.change(room_id, actor, deed, now, trace).await?;
    Ok((invitation, secret))
}

/// Takes a link back. Twice changes nothing.
pub async fn revoke_invitation(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    invitation_id: InvitationId,
    trace: Trace,
) -> Result<Changed> {
    let deed = Deed::RevokeInvitation(invitation_id);
    change(ports, actor, room_id, deed, trace).await
}

/// Comes in by a link. Who is in already stays as they are, and no use of it is spent.
///
/// `NotFound` whether the link never was, has ended, was taken back or is used up.
pub async fn accept_invitation(ports: &Ports, actor: &Actor, token: &str, trace: Trace) -> Result<Changed> {
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    let hash = ports.secrets.hash(token);
    let invitation = ports.moderation.invitation_of(hash).await?;
    let invitation = invitation.ok_or(Error::NotFound)?;
    let deed = Deed::AcceptInvitation(invitation.id);
    change(ports, actor, invitation.room_id, deed, trace).await
}
