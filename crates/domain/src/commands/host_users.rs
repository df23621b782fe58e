//! Keeps the host product's people: made and changed by its own ids, logged in on its behalf.

use std::time::Duration;

use super::accounts::{check_avatar, check_patch, checked_display_name, not_cleared, tell_profile};
use super::rooms::MEMBERS_AT_ONCE_MAX;
use super::{SessionTimes, TokenPair, sessions};
use crate::offices::{self, OfficeAct};
use crate::ports::{HostUser, Kept, Ports};
use crate::{
    Actor, Error, Findings, NewAvatar, Result, Session, SessionId, Trace, User, UserId, UserRole, rights,
    text,
};

/// Most people made, changed or looked up in one request.
pub const USERS_AT_ONCE_MAX: usize = 100;

/// A person as the host product tells of them, unchecked: outer `None` keeps, inner `None` clears.
#[derive(Clone, Debug, Default)]
pub struct KeepUser {
    /// The host product's own id.
    pub external_id: String,
    /// A username; cannot be cleared.
    pub username: Option<Option<String>>,
    /// What others read; cannot be cleared.
    pub display_name: Option<Option<String>>,
    /// A picture.
    pub avatar_url: Option<Option<String>>,
    /// Shown to themselves and the host product only.
    pub email: Option<Option<String>>,
}

/// Makes somebody by the host product's id of them, or changes what differs; true when made.
pub async fn keep_user(ports: &Ports, actor: &Actor, wanted: KeepUser, trace: Trace) -> Result<(User, bool)> {
    offices::check(OfficeAct::KeepUsers, actor.role)?;
    let user = checked(wanted)?;
    let (user, kept) = ports
        .host
        .keep_user(actor, user, ports.clock.now(), trace)
        .await?;
    if kept == Kept::Changed {
        tell_profile(ports, &user).await;
    }
    Ok((user, kept == Kept::Made))
}

fn checked(wanted: KeepUser) -> Result<HostUser> {
    let mut findings = Findings::default();
    findings.take("external_id", text::external_key(&wanted.external_id));
    let username = not_cleared("username", wanted.username, &mut findings)
        .and_then(|name| findings.take("username", text::username(&name).map(|()| name)));
    let display_name = checked_display_name(wanted.display_name, &mut findings);
    let avatar = wanted.avatar_url.map(NewAvatar::from);
    check_avatar(avatar.as_ref(), &mut findings);
    check_patch("email", wanted.email.as_ref(), text::email, &mut findings);
    findings.finish()?;
    Ok(HostUser {
        external_id: wanted.external_id,
        username,
        display_name,
        avatar,
        email: wanted.email,
    })
}

/// People by the host product's ids, or by ours, in the order asked for; unknown ones are left out. At most
/// 100 of both together.
pub async fn look_up_users(
    ports: &Ports,
    actor: &Actor,
    external_ids: &[String],
    user_ids: &[UserId],
) -> Result<Vec<User>> {
    offices::check(OfficeAct::KeepUsers, actor.role)?;
    let count = external_ids.len() + user_ids.len();
    if count == 0 || count > USERS_AT_ONCE_MAX {
        let reason = format!("must be 1 to {USERS_AT_ONCE_MAX}, together with user_ids");
        return Err(Error::invalid("external_ids", reason));
    }
    let mut findings = Findings::default();
    for (index, external_id) in external_ids.iter().enumerate() {
        findings.take(&format!("external_ids[{index}]"), text::external_key(external_id));
    }
    findings.finish()?;
    let by_external_id = ports.host.users_by_external_id(external_ids).await?;
    let by_id = ports.accounts.users(user_ids).await?;
    let mut found = Vec::with_capacity(count);
    for external_id in external_ids {
        found.extend(
            by_external_id
                .iter()
                .find(|user| user.external_id.as_ref() == Some(external_id))
                .cloned(),
        );
    }
    for user_id in user_ids {
        found.extend(by_id.iter().find(|user| user.id == *user_id).cloned());
    }
    Ok(found)
}

/// Somebody by the host product's id of them.
pub async fn user_by_external_id(ports: &Ports, actor: &Actor, external_id: &str) -> Result<User> {
    offices::check(OfficeAct::KeepUsers, actor.role)?;
    by_external_id(ports, external_id).await
}

/// Their id, for a deed with a right of its own.
pub async fn id_by_external_id(ports: &Ports, actor: &Actor, external_id: &str) -> Result<UserId> {
    offices::check(OfficeAct::HandOutTokens, actor.role)?;
    Ok(by_external_id(ports, external_id).await?.id)
}

async fn by_external_id(ports: &Ports, external_id: &str) -> Result<User> {
    text::external_key(external_id).map_err(|reason| Error::invalid("external_id", reason))?;
    let found = ports.host.users_by_external_id(&[external_id.to_owned()]).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}

/// Our ids of people that a service names by its own, in order. `Invalid` names each unknown one as
/// `<field>[index]`. At most 100.
pub async fn resolve_external_ids(
    ports: &Ports,
    actor: &Actor,
    field: &str,
    external_ids: &[String],
) -> Result<Vec<UserId>> {
    if external_ids.is_empty() {
        return Ok(Vec::new());
    }
    offices::check(OfficeAct::KeepUsers, actor.role)?;
    if external_ids.len() > MEMBERS_AT_ONCE_MAX {
        return Err(Error::invalid(
            field,
            format!("must be at most {MEMBERS_AT_ONCE_MAX}"),
        ));
    }
    let mut findings = Findings::default();
    for (index, external_id) in external_ids.iter().enumerate() {
        findings.take(&format!("{field}[{index}]"), text::external_key(external_id));
    }
    findings.finish()?;
    let known = ports.host.users_by_external_id(external_ids).await?;
    let mut findings = Findings::default();
    let mut user_ids = Vec::with_capacity(external_ids.len());
    for (index, external_id) in external_ids.iter().enumerate() {
        match known
            .iter()
            .find(|user| user.external_id.as_ref() == Some(external_id))
        {
            Some(user) => user_ids.push(user.id),
            None => findings.add(format!("{field}[{index}]"), "there is no such user"),
        }
    }
    findings.finish()?;
    Ok(user_ids)
}

/// What the host product hands to one of its people.
#[derive(Clone)]
pub struct HandedOut {
    /// The tokens of a login of its own.
    pub pair: TokenPair,
    /// Whether the person may renew it by themselves; without that it ends with its access token.
    pub is_renewable: bool,
}

/// Logs somebody in on behalf of the host product: an access token of the usual life, of a session of its own
/// that bears the name of the service and can be ended like any other.
pub async fn hand_out_tokens(
    ports: &Ports,
    actor: &Actor,
    user_id: UserId,
    is_renewable: bool,
    device: Option<String>,
    times: SessionTimes,
) -> Result<HandedOut> {
    offices::check(OfficeAct::HandOutTokens, actor.role)?;
    if device.as_ref().is_some_and(|device| device.chars().count() > 200) {
        return Err(Error::invalid("device", "must be at most 200 characters"));
    }
    if device
        .as_ref()
        .is_some_and(|device| device.chars().any(char::is_control))
    {
        return Err(Error::invalid("device", "must not hold control characters"));
    }
    let user = ports.accounts.user(user_id).await?.ok_or(Error::NotFound)?;
    if user.role != UserRole::User {
        return Err(Error::Forbidden("tokens are handed out for people only"));
    }
    if user.deactivated_at.is_some() {
        return Err(Error::Forbidden(rights::DEACTIVATED));
    }
    let now = ports.clock.now();
    let session_id = SessionId::mint(now);
    let (access_token, token_ends) = ports.tokens.issue(user.id, user.role, Some(session_id), now)?;
    let (refresh_token, hash) = ports.secrets.mint();
    let session = Session {
        id: session_id,
        user_id: user.id,
        created_at: now,
        last_used_at: now,
        expires_at: if is_renewable {
            now.plus(times.session_ttl)
        } else {
            token_ends
        },
        revoked_at: None,
        user_agent: device,
        ip: None,
        issued_by: Some(actor.user_id),
    };
    ports.accounts.open_session(session, hash).await?;
    tracing::info!(
        user.id = %user.id, session.id = %session_id, actor.id = %actor.user_id, is_renewable,
        "tokens were handed out"
    );
    Ok(HandedOut {
        pair: TokenPair {
            access_token,
            expires_at: token_ends,
            expires_in: token_ends.since(now).min(Duration::from_hours(24)),
            refresh_token,
            user,
            session_id,
        },
        is_renewable,
    })
}

/// Ends all logins of one of the host product's people, with their sockets.
pub async fn end_sessions_of(ports: &Ports, actor: &Actor, user_id: UserId) -> Result<()> {
    offices::check(OfficeAct::HandOutTokens, actor.role)?;
    let user = ports.accounts.user(user_id).await?.ok_or(Error::NotFound)?;
    if user.role != UserRole::User {
        return Err(Error::Forbidden("tokens are handed out for people only"));
    }
    sessions::end_all(ports, user_id, None).await?;
    tracing::info!(user.id = %user_id, actor.id = %actor.user_id, "all logins were ended");
    Ok(())
}
