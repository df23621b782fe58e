//! Makes accounts and changes them.

use super::{LoginFrom, SessionTimes, TokenPair, budgets, sessions};
use crate::offices::{self, OfficeAct};
use crate::ports::{NewUser, Ports, ProfilePatch, Signal};
use crate::{
    Actor, CustomStatus, Error, Findings, NewAvatar, Result, RoomId, Timestamp, Trace, User, UserId,
    UserRole, emoji, rights, text,
};

/// A registration, unchecked.
#[derive(Clone)]
pub struct Register {
    /// 2–32 characters, unique.
    pub username: String,
    /// 8–128 characters.
    pub password: String,
    /// Optional, unique.
    pub email: Option<String>,
    /// Defaults to the username.
    pub display_name: Option<String>,
}

/// Makes an account and its first session.
pub async fn register(
    ports: &Ports,
    wanted: Register,
    from: LoginFrom,
    times: SessionTimes,
    trace: Trace,
) -> Result<TokenPair> {
    let mut findings = Findings::default();
    findings.take("username", text::username(&wanted.username));
    findings.take("password", text::password(&wanted.password));
    if let Some(email) = &wanted.email {
        findings.take("email", text::email(email));
    }
    let display_name = match &wanted.display_name {
        None => Some(wanted.username.clone()),
        Some(name) => findings.take("display_name", text::name(name)),
    };
    findings.finish()?;
    budgets::take(ports, "register", from.budget_key(), ports.limits.registrations).await?;
    let now = ports.clock.now();
    let user = NewUser {
        id: UserId::mint(now),
        password_hash: Some(ports.passwords.hash(wanted.password).await?),
        display_name: display_name.unwrap_or_else(|| wanted.username.clone()),
        username: wanted.username,
        email: wanted.email,
        avatar_url: None,
        role: UserRole::User,
    };
    let user = ports.accounts.register(user, now, trace).await?;
    sessions::begin(ports, user, from, times).await
}

/// A change of one's password, unchecked.
#[derive(Clone)]
pub struct ChangePassword {
    /// The present one.
    pub current_password: String,
    /// 8–128 characters.
    pub new_password: String,
}

/// Sets a new password and ends all other sessions.
pub async fn change_password(ports: &Ports, actor: &Actor, wanted: ChangePassword) -> Result<()> {
    text::password(&wanted.new_password).map_err(|reason| Error::invalid("new_password", reason))?;
    budgets::take(ports, "login", &actor.user_id.to_string(), ports.limits.logins).await?;
    // A token may outlive its account for a moment; nobody comes back by a password that was set in it.
    let user = ports.accounts.user(actor.user_id).await?;
    if user.is_none_or(|user| user.deactivated_at.is_some()) {
        return Err(Error::Forbidden(rights::DEACTIVATED));
    }
    let hash = ports.accounts.password_hash(actor.user_id).await?;
    if !ports.passwords.verify(wanted.current_password, hash).await? {
        return Err(Error::invalid("current_password", "does not fit"));
    }
    let hash = ports.passwords.hash(wanted.new_password).await?;
    ports
        .accounts
        .set_password(actor.user_id, &hash, actor.session_id, ports.clock.now())
        .await
}

/// New values of one's profile, unchecked: outer `None` keeps, inner `None` clears.
#[derive(Clone, Debug, Default)]
pub struct UpdateProfile {
    /// Cannot be cleared.
    pub display_name: Option<Option<String>>,
    /// A picture.
    pub avatar: Option<NewAvatar>,
    /// Shown to oneself only.
    pub email: Option<Option<String>>,
    /// What one says of oneself.
    pub status: Option<Option<CustomStatus>>,
    /// Whether others learn what one has read.
    pub shares_read_marks: Option<bool>,
    /// Whether others learn when one was last there.
    pub shares_last_seen: Option<bool>,
}

/// Changes one's profile. New values equal to the old change nothing.
pub async fn update_profile(
    ports: &Ports,
    actor: &Actor,
    wanted: UpdateProfile,
    trace: Trace,
) -> Result<User> {
    let mut findings = Findings::default();
    let tells_profile = wanted.display_name.is_some() || wanted.avatar.is_some();
    let display_name = checked_display_name(wanted.display_name, &mut findings);
    check_avatar(wanted.avatar.as_ref(), &mut findings);
    check_patch("email", wanted.email.as_ref(), text::email, &mut findings);
    let now = ports.clock.now();
    let tells_status = wanted.status.is_some();
    let status = wanted
        .status
        .map(|status| status.map(|status| checked_status(status, now, &mut findings)));
    findings.finish()?;
    budgets::take_of(ports, "profile_changes", actor, ports.limits.profile_changes).await?;
    let before = if tells_status || tells_profile {
        ports.accounts.user(actor.user_id).await?
    } else {
        None
    };
    let patch = ProfilePatch {
        display_name,
        avatar: wanted.avatar,
        email: wanted.email,
        status,
        shares_read_marks: wanted.shares_read_marks,
        shares_last_seen: wanted.shares_last_seen,
    };
    let mut user = ports
        .accounts
        .update_profile(actor, actor.user_id, patch, now, trace)
        .await?;
    user.expire_status(now);
    // What is as it was is no news.
    let differs = |of: fn(&User, &User) -> bool| before.as_ref().is_none_or(|before| of(before, &user));
    if tells_status && differs(|before, user| before.status != user.status) {
        tell_people(ports, user.id, |room_ids| Signal::Status {
            user_id: user.id,
            status: user.status.clone(),
            room_ids,
        })
        .await;
    }
    if tells_profile && differs(|before, user| shown(before) != shown(user)) {
        tell_profile(ports, &user).await;
    }
    Ok(user)
}

/// A new name to show, when there is one; there always is some.
#[expect(clippy::option_option, reason = "a patch tells absent from null")]
pub(super) fn checked_display_name(
    wanted: Option<Option<String>>,
    findings: &mut Findings,
) -> Option<String> {
    let name = not_cleared("display_name", wanted, findings)?;
    findings.take("display_name", text::name(&name))
}

/// A new value of what cannot be without one.
#[expect(clippy::option_option, reason = "a patch tells absent from null")]
pub(super) fn not_cleared<T>(
    field: &'static str,
    wanted: Option<Option<T>>,
    findings: &mut Findings,
) -> Option<T> {
    match wanted {
        Some(None) => {
            findings.add(field, "cannot be cleared");
            None
        }
        wanted => wanted.flatten(),
    }
}

/// Checks the form of a new address; whether it is kept or refused is decided where the present one is known.
pub(super) fn check_avatar(wanted: Option<&NewAvatar>, findings: &mut Findings) {
    if let Some(NewAvatar::Url(url)) = wanted
        && !url.starts_with('/')
    {
        findings.take("avatar_url", text::url(url));
    }
}

/// Checks a new value of what can be cleared.
pub(super) fn check_patch(
    field: &'static str,
    wanted: Option<&Option<String>>,
    check: fn(&str) -> Result<(), String>,
    findings: &mut Findings,
) {
    if let Some(Some(value)) = wanted {
        findings.take(field, check(value));
    }
}

fn checked_status(status: CustomStatus, now: Timestamp, findings: &mut Findings) -> CustomStatus {
    if status.emoji.is_none() && status.text.is_none() {
        findings.add("status", "must have an emoji or a text; null clears it");
    }
    if status.until.is_some_and(|until| until <= now) {
        findings.add("status.until", "must be in the future");
    }
    CustomStatus {
        emoji: status
            .emoji
            .and_then(|emoji| findings.take("status.emoji", emoji::parse(&emoji))),
        text: status
            .text
            .and_then(|text| findings.take("status.text", text::status(&text))),
        until: status.until,
    }
}

/// What people are told of when it changes.
fn shown(user: &User) -> (&str, &str, Option<&str>) {
    (&user.username, &user.display_name, user.avatar_url.as_deref())
}

/// Tells people of somebody's new name or picture.
pub(super) async fn tell_profile(ports: &Ports, user: &User) {
    tell_people(ports, user.id, |room_ids| Signal::Profile {
        user_id: user.id,
        username: user.username.clone(),
        display_name: user.display_name.clone(),
        avatar_url: user.avatar_url.clone(),
        room_ids,
    })
    .await;
}

/// Tells the people of somebody's smaller rooms, and their own devices. It may be missed, so nothing fails by it.
async fn tell_people(ports: &Ports, user_id: UserId, signal: impl FnOnce(Vec<RoomId>) -> Signal) {
    let members_max = ports.limits.presence_signal_members_max;
    match ports.room_reads.small_rooms_of(user_id, members_max).await {
        Ok(room_ids) => ports.signals.send(signal(room_ids)),
        Err(error) => tracing::debug!(%error, user.id = %user_id, "people were not told of a change"),
    }
}

/// Shuts one's own account, of which the password is asked again: its sessions end, its memberships and words
/// stay. Administrators open it again.
///
/// For people who came in by a password. The accounts of others are kept where they come from; and of those in
/// office somebody else shuts each, lest a house be left without.
pub async fn deactivate_own_account(
    ports: &Ports,
    actor: &Actor,
    password: String,
    trace: Trace,
) -> Result<()> {
    if actor.role != UserRole::User {
        return Err(Error::Forbidden(
            "an account in office is shut by an administrator",
        ));
    }
    budgets::take(ports, "login", &actor.user_id.to_string(), ports.limits.logins).await?;
    let hash = ports.accounts.password_hash(actor.user_id).await?;
    if hash.is_none() {
        return Err(Error::invalid(
            "password",
            "is not known here: the account is kept where it comes from",
        ));
    }
    if !ports.passwords.verify(password, hash).await? {
        return Err(Error::invalid("password", "does not fit"));
    }
    let now = ports.clock.now();
    ports
        .accounts
        .set_open(actor, actor.user_id, false, now, trace)
        .await?;
    ports.standings.forget(actor.user_id);
    tracing::info!(user.id = %actor.user_id, "somebody shut their own account");
    Ok(())
}

/// Shuts or opens an account: its sessions end, its memberships stay. For administrators, and for the host
/// product with its people.
pub async fn set_account_open(
    ports: &Ports,
    actor: &Actor,
    user_id: UserId,
    is_open: bool,
    trace: Trace,
) -> Result<User> {
    offices::check(OfficeAct::ShutAccounts, actor.role)?;
    if user_id == actor.user_id {
        return Err(Error::Forbidden("nobody shuts their own account here"));
    }
    if actor.role == UserRole::Service {
        let user = ports.accounts.user(user_id).await?.ok_or(Error::NotFound)?;
        if user.role != UserRole::User {
            return Err(Error::Forbidden(
                "the host product keeps the accounts of people only",
            ));
        }
    }
    let user = ports
        .accounts
        .set_open(actor, user_id, is_open, ports.clock.now(), trace)
        .await?;
    ports.standings.forget(user_id);
    tracing::info!(user.id = %user_id, actor.id = %actor.user_id, is_open, "an account was shut or opened");
    Ok(user)
}
