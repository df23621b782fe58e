//! Accounts: made, found, changed, shut.

use confab_domain::ports::{AccountState, NewUser, OutsideProfile, Page, ProfilePatch};
use confab_domain::search::NameQuery;
use confab_domain::{
    AccountEventKind, Actor, AvatarOf, Control, Error, NewAvatar, Privacy, Result, SessionId, Timestamp,
    Trace, User, UserId, UserRole, next_avatar_url, rights, text,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};
use uuid::Uuid;

use crate::account_outbox::Told;
use crate::connect::{Store, bounded, bounded_domain};
use crate::dialect::Runner;
use crate::error::{Failure, failure, from_db};
use crate::lists::{self, ListColumn};
use crate::names;
use crate::pages::{one_more, page};
use crate::rows::{self, ACCOUNT, USER};
use crate::sessions;
use crate::uploads;

/// Usernames tried for somebody of an outside issuer, the last ones with random suffixes.
pub(crate) const USERNAMES_TRIED_MAX: u32 = 12;

const USERNAME_TAKEN: Error = Error::Conflict("the username is taken");
const EMAIL_TAKEN: Error = Error::Conflict("the email is taken");

/// Makes an account.
pub(crate) async fn register(store: &Store, new: NewUser, now: Timestamp, trace: Trace) -> Result<User> {
    bounded_domain(async {
        let transaction = store.begin().await.map_err(from_db)?;
        let run = store.within(&transaction);
        if let Some(user) = insert(&run, &new, None, None, now).await.map_err(from_db)? {
            let mut told = Told::about(user.id, now);
            told.event(AccountEventKind::Registered, user.id, &user, trace);
            told.commit(store, transaction).await.map_err(from_db)?;
            return Ok(user);
        }
        // The insertion waited for whoever was making the same name, so a fresh statement sees them.
        let sql = "SELECT username_key FROM users WHERE username_key = $1 OR email_key = $2";
        let username_key = text::fold(&new.username);
        let arguments = vec![
            username_key.as_str().into(),
            new.email.as_deref().map(text::fold).into(),
        ];
        let taken = run.all(sql, arguments).await.map_err(from_db)?;
        for row in &taken {
            if row.get::<String>("username_key").map_err(from_db)? == username_key {
                return Err(USERNAME_TAKEN);
            }
        }
        if taken.is_empty() {
            Err(Error::Conflict("the user id is taken"))
        } else {
            Err(EMAIL_TAKEN)
        }
    })
    .await
}

/// Finds the account of an outside issuer's subject, takes over the host product's person of that id, or makes one.
pub(crate) async fn outside_user(
    store: &Store,
    profile: OutsideProfile,
    now: Timestamp,
    trace: Trace,
) -> Result<User> {
    bounded_domain(async {
        // Almost always it is there: no transaction then.
        if let Some(user) = by_subject(&store.reader(), &profile).await.map_err(from_db)? {
            return Ok(user);
        }
        let transaction = store.begin().await.map_err(from_db)?;
        let run = store.within(&transaction);
        let id = UserId::mint(now);
        let wanted = profile
            .username
            .as_deref()
            .filter(|name| text::username(name).is_ok());
        for attempt in 0..USERNAMES_TRIED_MAX {
            // Looked for first: who comes to hold the id after this is met by the unique key, and then taken over.
            let is_held = is_external_id_held(&run, &profile.subject).await.map_err(from_db)?;
            if is_held {
                let is_taken_over = take_over(&run, &profile, now).await.map_err(from_db)?;
                if let Some(user) = by_subject(&run, &profile).await.map_err(from_db)? {
                    transaction.commit().await.map_err(from_db)?;
                    tracing::info!(user.id = %user.id, is_taken_over, "an outside subject has an account by its id");
                    return Ok(user);
                }
            }
            let username = free_username(wanted, attempt);
            let display_name = profile
                .display_name
                .as_deref()
                .and_then(|name| text::name(name).ok());
            let new = NewUser {
                id,
                display_name: display_name.unwrap_or_else(|| username.clone()),
                username,
                email: None,
                avatar_url: profile.avatar_url.clone().filter(|url| text::url(url).is_ok()),
                password_hash: None,
                role: profile.role.unwrap_or(UserRole::User),
            };
            let is_lawful = text::external_key(&profile.subject).is_ok();
            let external_id = (is_lawful && !is_held).then_some(profile.subject.as_str());
            if let Some(user) = insert(&run, &new, Some(&profile), external_id, now)
                .await
                .map_err(from_db)?
            {
                let mut told = Told::about(user.id, now);
                told.event(AccountEventKind::Registered, user.id, &user, trace);
                told.commit(store, transaction).await.map_err(from_db)?;
                return Ok(user);
            }
            // Refused by another node's account for the same subject, or by a person whom the host product made just
            // now, or only by the name?
            if let Some(user) = by_subject(&run, &profile).await.map_err(from_db)? {
                return Ok(user);
            }
        }
        Err(USERNAME_TAKEN)
    })
    .await
}

/// Gives the host product's person of that id to the subject: to the first issuer that names them, and only where
/// nobody else can come in as them (no password, no other issuer) and they hold no office. Shut accounts too, lest
/// somebody come back by another door.
async fn take_over<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    profile: &OutsideProfile,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let sql = "UPDATE users SET issuer = $1, subject = $2, updated_at = $3 WHERE external_id = $2 AND issuer IS NULL \
               AND password_hash IS NULL AND role = $4 \
               AND NOT EXISTS (SELECT 1 FROM users u WHERE u.issuer = $1 AND u.subject = $2)";
    let arguments = vec![
        profile.issuer.as_str().into(),
        profile.subject.as_str().into(),
        run.dialect.time(now),
        UserRole::User.as_str().into(),
    ];
    Ok(run.execute(sql, arguments).await? == 1)
}

async fn is_external_id_held<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    external_id: &str,
) -> Result<bool, DbErr> {
    let sql = "SELECT u.id FROM users u WHERE u.external_id = $1";
    Ok(run.first(sql, vec![external_id.into()]).await?.is_some())
}

async fn by_subject<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    profile: &OutsideProfile,
) -> Result<Option<User>, DbErr> {
    let sql = format!("SELECT {USER} FROM users u WHERE u.issuer = $1 AND u.subject = $2");
    let arguments = vec![profile.issuer.as_str().into(), profile.subject.as_str().into()];
    run.first(&sql, arguments)
        .await?
        .as_ref()
        .map(rows::user)
        .transpose()
}

/// The name itself, then numbered, then with a random tail that nobody else has.
pub(crate) fn free_username(wanted: Option<&str>, attempt: u32) -> String {
    let random = Uuid::new_v4().simple().to_string();
    match (wanted, attempt) {
        (None, _) => format!("user-{}", &random[..10]),
        (Some(name), 0) => name.to_owned(),
        (Some(name), 1..=3) => suffixed(name, &(attempt + 1).to_string()),
        (Some(name), _) => suffixed(name, &random[..8]),
    }
}

/// Shortens the name where both together would be too long. Lawful usernames are ASCII.
fn suffixed(name: &str, suffix: &str) -> String {
    let kept: String = name
        .chars()
        .take(text::USERNAME_CHARS.end() - suffix.len() - 1)
        .collect();
    format!("{kept}-{suffix}")
}

/// Inserts the account; none when a unique key is taken. Waits for whoever is inserting the same key.
pub(crate) async fn insert<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    new: &NewUser,
    outside: Option<&OutsideProfile>,
    external_id: Option<&str>,
    now: Timestamp,
) -> Result<Option<User>, DbErr> {
    let sql = "INSERT INTO users (created_at, updated_at, id, username, username_key, email, email_key, \
               display_name, avatar_url, password_hash, issuer, subject, role, external_id, name_folded) \
               VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING";
    let arguments = vec![
        run.dialect.time(now),
        new.id.0.into(),
        new.username.as_str().into(),
        text::fold(&new.username).into(),
        new.email.clone().into(),
        new.email.as_deref().map(text::fold).into(),
        new.display_name.as_str().into(),
        new.avatar_url.clone().into(),
        new.password_hash.clone().into(),
        outside.map(|profile| profile.issuer.clone()).into(),
        outside.map(|profile| profile.subject.clone()).into(),
        new.role.as_str().into(),
        external_id.map(str::to_owned).into(),
        names::of_user(&new.username, &new.display_name),
    ];
    let is_inserted = run.execute(sql, arguments).await? == 1;
    Ok(is_inserted.then(|| User {
        id: new.id,
        username: new.username.clone(),
        email: new.email.clone(),
        display_name: new.display_name.clone(),
        avatar_url: new.avatar_url.clone(),
        role: new.role,
        created_at: now,
        last_seen_at: None,
        deactivated_at: None,
        external_id: external_id.map(str::to_owned),
        status: None,
        privacy: Privacy::default(),
    }))
}

/// One account.
pub(crate) async fn user(store: &Store, user_id: UserId) -> Result<Option<User>> {
    let sql = format!("SELECT {USER} FROM users u WHERE u.id = $1");
    let row = bounded(store.reader().first(&sql, vec![user_id.0.into()])).await?;
    row.as_ref().map(rows::user).transpose().map_err(from_db)
}

/// Many accounts.
pub(crate) async fn users(store: &Store, user_ids: &[UserId]) -> Result<Vec<User>> {
    if user_ids.is_empty() {
        return Ok(Vec::new());
    }
    let list = store.dialect().ids_table("$1");
    let sql = format!("SELECT {USER} FROM users u WHERE u.id IN (SELECT id FROM {list} AS list)");
    let ids = store.dialect().ids(user_ids.iter().map(|user_id| user_id.0));
    let found = bounded(store.reader().all(&sql, vec![ids])).await?;
    found
        .iter()
        .map(rows::user)
        .collect::<Result<_, _>>()
        .map_err(from_db)
}

/// An account and its password hash by a folded name or e-mail address.
pub(crate) async fn login_of(store: &Store, name: &str) -> Result<Option<(User, Option<String>)>> {
    // No username holds an '@' and every address does, so at most one row fits.
    let sql =
        format!("SELECT {USER}, u.password_hash FROM users u WHERE u.username_key = $1 OR u.email_key = $1");
    let Some(row) = bounded(store.reader().first(&sql, vec![name.into()])).await? else {
        return Ok(None);
    };
    let read = || Ok((rows::user(&row)?, row.get("password_hash")?));
    read().map(Some).map_err(from_db)
}

/// The password hash of an account.
pub(crate) async fn password_hash(store: &Store, user_id: UserId) -> Result<Option<String>> {
    let sql = "SELECT password_hash FROM users WHERE id = $1";
    match bounded(store.reader().first(sql, vec![user_id.0.into()])).await? {
        Some(row) => row.get("password_hash").map_err(from_db),
        None => Ok(None),
    }
}

/// Open accounts that hold `query` in their username or display name, in any case and with any accents.
pub(crate) async fn search(
    store: &Store,
    query: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<User, String>> {
    let query = NameQuery::parse(query);
    let needle = query.as_ref().map(NameQuery::anywhere);
    let named = needle.map_or_else(String::new, |needle| {
        format!("AND {}", names::of_user_hold(store.dialect(), "$3", needle))
    });
    let sql = format!(
        "SELECT {USER} FROM users u WHERE u.deactivated_at IS NULL AND u.username_key > $1 {named} \
         ORDER BY u.username_key LIMIT $2"
    );
    let mut arguments = vec![after.unwrap_or_default().into(), one_more(limit)];
    arguments.extend(needle.map(Value::from));
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    page(&found, limit, rows::user, |user| text::fold(&user.username))
}

/// Changes a profile.
pub(crate) async fn update_profile(
    store: &Store,
    actor: &Actor,
    user_id: UserId,
    patch: ProfilePatch,
    now: Timestamp,
    trace: Trace,
) -> Result<User> {
    bounded_domain(async {
        let (transaction, was) = lock(store, user_id).await?;
        if was.deactivated_at.is_some() {
            return Err(Error::Forbidden(rights::DEACTIVATED));
        }
        let mut user = was.clone();
        if let Some(display_name) = patch.display_name {
            user.display_name = display_name;
        }
        if let Some(avatar) = &patch.avatar {
            let upload = match avatar {
                NewAvatar::Upload(id) => {
                    let run = store.within(&transaction);
                    let locked = uploads::to_show(&run, *id, AvatarOf::User(user_id)).await;
                    locked.map_err(from_db)?
                }
                NewAvatar::Cleared | NewAvatar::Url(_) => None,
            };
            user.avatar_url = next_avatar_url(avatar, was.avatar_url.as_deref(), upload.as_ref(), actor)?;
        }
        if let Some(email) = patch.email {
            user.email = email;
        }
        if let Some(status) = patch.status {
            user.status = status;
        }
        user.privacy.shares_read_marks = patch.shares_read_marks.unwrap_or(user.privacy.shares_read_marks);
        user.privacy.shares_last_seen = patch.shares_last_seen.unwrap_or(user.privacy.shares_last_seen);
        if user == was {
            return Ok(user);
        }
        let sql = "UPDATE users SET display_name = $2, avatar_url = $3, email = $4, email_key = $5, \
                   updated_at = $6, status_emoji = $7, status_text = $8, status_until = $9, \
                   shares_read_marks = $10, shares_last_seen = $11, name_folded = $12 WHERE id = $1";
        let status = user.status.clone().unwrap_or_default();
        let arguments = vec![
            user_id.0.into(),
            user.display_name.as_str().into(),
            user.avatar_url.clone().into(),
            user.email.clone().into(),
            user.email.as_deref().map(text::fold).into(),
            store.dialect().time(now),
            status.emoji.into(),
            status.text.into(),
            store.dialect().time_or_null(status.until),
            user.privacy.shares_read_marks.into(),
            user.privacy.shares_last_seen.into(),
            names::of_user(&user.username, &user.display_name),
        ];
        let updated = store.within(&transaction).execute(sql, arguments).await;
        updated.map_err(|error| match failure(&error) {
            // The only unique key it moves.
            Failure::Taken => EMAIL_TAKEN,
            _ => from_db(error),
        })?;
        if user.avatar_url != was.avatar_url {
            let run = store.within(&transaction);
            uploads::replace_avatar(&run, AvatarOf::User(user_id), user.avatar_url.as_deref(), now)
                .await
                .map_err(from_db)?;
        }
        let mut told = Told::about(user_id, now);
        told.event(AccountEventKind::Updated, actor.user_id, &user, trace);
        told.control(Control::Account { user_id });
        told.commit(store, transaction).await.map_err(from_db)?;
        Ok(user)
    })
    .await
}

/// Opens a transaction that holds the account.
async fn lock(store: &Store, user_id: UserId) -> Result<(DatabaseTransaction, User)> {
    let transaction = store.begin().await.map_err(from_db)?;
    let sql = format!(
        "SELECT {USER} FROM users u WHERE u.id = $1{}",
        store.dialect().for_update()
    );
    let row = store
        .within(&transaction)
        .first(&sql, vec![user_id.0.into()])
        .await
        .map_err(from_db)?;
    let user = rows::user(&row.ok_or(Error::NotFound)?).map_err(from_db)?;
    Ok((transaction, user))
}

/// Sets a new password hash and ends the sessions.
pub(crate) async fn set_password(
    store: &Store,
    user_id: UserId,
    password_hash: &str,
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<()> {
    bounded_domain(async {
        let (transaction, _) = lock(store, user_id).await?;
        let run = store.within(&transaction);
        let sql = "UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1";
        let arguments = vec![user_id.0.into(), password_hash.into(), store.dialect().time(now)];
        run.execute(sql, arguments).await.map_err(from_db)?;
        let mut told = Told::about(user_id, now);
        sessions::end_all(&run, user_id, keep, now, &mut told)
            .await
            .map_err(from_db)?;
        told.commit(store, transaction).await.map_err(from_db)
    })
    .await
}

/// Sets what an account may do, with its `user_updated`.
pub(crate) async fn set_role(store: &Store, user_id: UserId, role: UserRole, now: Timestamp) -> Result<()> {
    bounded_domain(async {
        let (transaction, mut user) = lock(store, user_id).await?;
        if user.role == role {
            return Ok(());
        }
        user.role = role;
        let sql = "UPDATE users SET role = $2, updated_at = $3 WHERE id = $1";
        let arguments = vec![user_id.0.into(), role.as_str().into(), store.dialect().time(now)];
        store
            .within(&transaction)
            .execute(sql, arguments)
            .await
            .map_err(from_db)?;
        let mut told = Told::about(user_id, now);
        // An operator at the console or an outside issuer: nobody with an id.
        told.event(AccountEventKind::Updated, user_id, &user, Trace::default());
        told.control(Control::Account { user_id });
        told.commit(store, transaction).await.map_err(from_db)
    })
    .await
}

/// Shuts or opens an account.
pub(crate) async fn set_open(
    store: &Store,
    actor: &Actor,
    user_id: UserId,
    is_open: bool,
    now: Timestamp,
    trace: Trace,
) -> Result<User> {
    bounded_domain(async {
        let (transaction, mut user) = lock(store, user_id).await?;
        if user.deactivated_at.is_none() == is_open {
            return Ok(user);
        }
        user.deactivated_at = (!is_open).then_some(now);
        let run = store.within(&transaction);
        let sql = "UPDATE users SET deactivated_at = $2, updated_at = $3 WHERE id = $1";
        let arguments = vec![
            user_id.0.into(),
            store.dialect().time_or_null(user.deactivated_at),
            store.dialect().time(now),
        ];
        run.execute(sql, arguments).await.map_err(from_db)?;
        let mut told = Told::about(user_id, now);
        let kind = if is_open {
            AccountEventKind::Reactivated
        } else {
            AccountEventKind::Deactivated
        };
        told.event(kind, actor.user_id, &user, trace);
        told.control(Control::Account { user_id });
        if !is_open {
            sessions::end_all(&run, user_id, None, now, &mut told)
                .await
                .map_err(from_db)?;
        }
        told.commit(store, transaction).await.map_err(from_db)?;
        Ok(user)
    })
    .await
}

/// Notes when people were last connected.
pub(crate) async fn touch_last_seen(store: &Store, seen: &[(UserId, Timestamp)]) -> Result<()> {
    if seen.is_empty() {
        return Ok(());
    }
    let mut latest = std::collections::BTreeMap::new();
    for &(user_id, at) in seen {
        let known = latest.entry(user_id).or_insert(at);
        *known = at.max(*known);
    }
    let dialect = store.dialect();
    bounded(async {
        let transaction = store.begin().await?;
        let run = store.within(&transaction);
        // In the order of the ids, so that two nodes with the same people cannot block each other for good.
        let ids = dialect.ids(latest.keys().map(|user_id| user_id.0));
        let sql = format!(
            "SELECT u.id FROM users u WHERE u.id IN (SELECT id FROM {} AS list) ORDER BY u.id{}",
            dialect.ids_table("$1"),
            dialect.for_update()
        );
        run.all(&sql, vec![ids]).await?;
        let sql = format!(
            "UPDATE users SET last_seen_at = {at} FROM {seen} AS seen WHERE users.id = seen.user_id \
             AND (users.last_seen_at IS NULL OR users.last_seen_at < {at})",
            at = dialect.time_of_ms("seen.at_ms"),
            seen = lists::table(
                dialect,
                "$1",
                &[ListColumn::Id("user_id"), ListColumn::Integer("at_ms")]
            ),
        );
        let seen = latest
            .iter()
            .map(|(user_id, at)| vec![lists::id(user_id.0), at.as_millis().into()]);
        run.execute(&sql, vec![lists::argument(seen)]).await?;
        transaction.commit().await
    })
    .await
}

/// Whether accounts are open, and their roles.
pub(crate) async fn states(store: &Store, user_ids: &[UserId]) -> Result<Vec<AccountState>> {
    if user_ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {ACCOUNT} FROM {} AS list JOIN users u ON u.id = list.id ORDER BY list.ord",
        store.dialect().ids_table("$1")
    );
    let ids = store.dialect().ids(user_ids.iter().map(|user_id| user_id.0));
    let found = bounded(store.reader().all(&sql, vec![ids])).await?;
    found
        .iter()
        .map(rows::account)
        .collect::<Result<_, _>>()
        .map_err(from_db)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_usernames_are_lawful() {
        let longest = "x".repeat(*text::USERNAME_CHARS.end());
        for attempt in 0..USERNAMES_TRIED_MAX {
            for wanted in [None, Some("anna"), Some(longest.as_str())] {
                let username = free_username(wanted, attempt);
                assert_eq!(text::username(&username), Ok(()), "{username}");
            }
        }
        assert_eq!(free_username(Some("anna"), 1), "anna-2");
    }
}
