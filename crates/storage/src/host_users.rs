//! People of the host product: made and changed by its own ids.

use confab_domain::ports::{HostUser, Kept, NewUser};
use confab_domain::{
    AccountEventKind, Actor, AvatarOf, Control, Error, Result, Timestamp, Trace, User, UserId, UserRole,
    next_avatar_url, text,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use crate::account_outbox::Told;
use crate::connect::{Store, bounded_domain};
use crate::dialect::Runner;
use crate::error::{Failure, failure, from_db};
use crate::names;
use crate::rows::{self, USER};
use crate::uploads;
use crate::users::{USERNAMES_TRIED_MAX, free_username, insert};

const USERNAME_TAKEN: Error = Error::Conflict("the username is taken");
const EMAIL_TAKEN: Error = Error::Conflict("the email is taken");

/// Makes somebody, or changes what differs.
pub(crate) async fn keep(
    store: &Store,
    actor: &Actor,
    wanted: HostUser,
    now: Timestamp,
    trace: Trace,
) -> Result<(User, Kept)> {
    bounded_domain(async {
        let transaction = store.begin().await.map_err(from_db)?;
        let run = store.within(&transaction);
        if let Some(was) = lock(&run, &wanted.external_id).await.map_err(from_db)? {
            return change(store, transaction, actor, was, wanted, now, trace).await;
        }
        let id = UserId::mint(now);
        let avatar_url = match &wanted.avatar {
            Some(avatar) => next_avatar_url(avatar, None, None, actor)?,
            None => None,
        };
        let own_name = text::username(&wanted.external_id)
            .is_ok()
            .then_some(wanted.external_id.as_str());
        for attempt in 0..USERNAMES_TRIED_MAX {
            let username = match &wanted.username {
                Some(username) => username.clone(),
                None => free_username(own_name, attempt),
            };
            let new = NewUser {
                id,
                display_name: wanted.display_name.clone().unwrap_or_else(|| username.clone()),
                username,
                email: wanted.email.clone().flatten(),
                avatar_url: avatar_url.clone(),
                password_hash: None,
                role: UserRole::User,
            };
            let made = insert(&run, &new, None, Some(&wanted.external_id), now).await;
            if let Some(user) = made.map_err(from_db)? {
                let mut told = Told::about(user.id, now);
                told.event(AccountEventKind::Registered, actor.user_id, &user, trace);
                told.commit(store, transaction).await.map_err(from_db)?;
                return Ok((user, Kept::Made));
            }
            // The insertion waited for whoever was making the same person, so a fresh statement sees them.
            if let Some(was) = lock(&run, &wanted.external_id).await.map_err(from_db)? {
                return change(store, transaction, actor, was, wanted, now, trace).await;
            }
            if is_email_taken(&run, new.email.as_deref())
                .await
                .map_err(from_db)?
            {
                return Err(EMAIL_TAKEN);
            }
            if wanted.username.is_some() {
                return Err(USERNAME_TAKEN);
            }
        }
        Err(USERNAME_TAKEN)
    })
    .await
}

async fn lock<C: ConnectionTrait>(run: &Runner<'_, C>, external_id: &str) -> Result<Option<User>, DbErr> {
    let sql = format!(
        "SELECT {USER} FROM users u WHERE u.external_id = $1{}",
        run.dialect.for_update()
    );
    let row = run.first(&sql, vec![external_id.into()]).await?;
    row.as_ref().map(rows::user).transpose()
}

async fn is_email_taken<C: ConnectionTrait>(run: &Runner<'_, C>, email: Option<&str>) -> Result<bool, DbErr> {
    let Some(email) = email else { return Ok(false) };
    let sql = "SELECT u.id FROM users u WHERE u.email_key = $1";
    Ok(run.first(sql, vec![text::fold(email).into()]).await?.is_some())
}

/// Changes what differs, of somebody whose row is locked.
async fn change(
    store: &Store,
    transaction: DatabaseTransaction,
    actor: &Actor,
    was: User,
    wanted: HostUser,
    now: Timestamp,
    trace: Trace,
) -> Result<(User, Kept)> {
    let mut user = was.clone();
    if let Some(username) = wanted.username {
        user.username = username;
    }
    if let Some(display_name) = wanted.display_name {
        user.display_name = display_name;
    }
    if let Some(avatar) = &wanted.avatar {
        user.avatar_url = next_avatar_url(avatar, was.avatar_url.as_deref(), None, actor)?;
    }
    if let Some(email) = wanted.email {
        user.email = email;
    }
    if user == was {
        return Ok((user, Kept::Unchanged));
    }
    let sql = "UPDATE users SET username = $2, username_key = $3, display_name = $4, avatar_url = $5, \
               email = $6, email_key = $7, updated_at = $8, name_folded = $9 WHERE id = $1";
    let arguments = vec![
        user.id.0.into(),
        user.username.as_str().into(),
        text::fold(&user.username).into(),
        user.display_name.as_str().into(),
        user.avatar_url.clone().into(),
        user.email.clone().into(),
        user.email.as_deref().map(text::fold).into(),
        store.dialect().time(now),
        names::of_user(&user.username, &user.display_name),
    ];
    let updated = store.within(&transaction).execute(sql, arguments).await;
    updated.map_err(|error| match failure(&error) {
        Failure::Taken if text::fold(&user.username) == text::fold(&was.username) => EMAIL_TAKEN,
        Failure::Taken if user.email == was.email => USERNAME_TAKEN,
        Failure::Taken => Error::Conflict("the username or the email is taken"),
        _ => from_db(error),
    })?;
    if user.avatar_url != was.avatar_url {
        let run = store.within(&transaction);
        uploads::replace_avatar(&run, AvatarOf::User(user.id), user.avatar_url.as_deref(), now)
            .await
            .map_err(from_db)?;
    }
    let mut told = Told::about(user.id, now);
    told.event(AccountEventKind::Updated, actor.user_id, &user, trace);
    told.control(Control::Account { user_id: user.id });
    told.commit(store, transaction).await.map_err(from_db)?;
    Ok((user, Kept::Changed))
}
