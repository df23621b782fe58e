//! Makes the host product's keys, takes them back, and tells who bears one.

use std::time::Duration;

use super::AuthError;
use crate::offices::{self, OfficeAct};
use crate::ports::{Accounts, HostProduct, NewUser, Ports, Secrets};
use crate::{
    Actor, ApiKey, ApiKeyId, Error, Findings, Result, Scope, Timestamp, Trace, User, UserId, UserRole, text,
};

/// What every key begins with, so that a leaked one is found by a scanner and none is taken for a token.
pub const API_KEY_PREFIX: &str = "ck_";
/// Longest life of a key that has an end, in days.
pub const API_KEY_DAYS_MAX: u64 = 3_650;
/// How often the use of a key is noted.
const USE_NOTED_EVERY: Duration = Duration::from_mins(1);
/// Longest key that is looked at, in bytes.
const API_KEY_BYTES_MAX: usize = 100;

/// A key to be made, unchecked.
#[derive(Clone, Debug)]
pub struct CreateApiKey {
    /// What it is for.
    pub name: String,
    /// Username of the service account it belongs to, made when there is none.
    pub service: String,
    /// What it opens.
    pub scopes: Vec<String>,
    /// How long it lives; for ever, when none.
    pub expires_in: Option<Duration>,
}

/// A key that was made; its text is told this once.
#[derive(Clone)]
pub struct MadeApiKey {
    /// The key.
    pub key: ApiKey,
    /// What its bearer shows.
    pub secret: String,
}

/// Makes a key. For administrators.
pub async fn create_api_key(ports: &Ports, actor: &Actor, wanted: CreateApiKey) -> Result<MadeApiKey> {
    offices::check(OfficeAct::KeepApiKeys, actor.role)?;
    let ports = KeyPorts {
        accounts: ports.accounts.as_ref(),
        host: ports.host.as_ref(),
        secrets: ports.secrets.as_ref(),
        now: ports.clock.now(),
    };
    make_api_key(&ports, Some(actor.user_id), wanted).await
}

/// What a key is made with: an operator has no more at hand.
pub struct KeyPorts<'a> {
    /// Accounts.
    pub accounts: &'a dyn Accounts,
    /// Where the key is kept.
    pub host: &'a dyn HostProduct,
    /// Random secrets.
    pub secrets: &'a dyn Secrets,
    /// The moment.
    pub now: Timestamp,
}

/// Makes a key, by an operator's hand when nobody is named as its maker.
pub async fn make_api_key(
    ports: &KeyPorts<'_>,
    created_by: Option<UserId>,
    wanted: CreateApiKey,
) -> Result<MadeApiKey> {
    let mut findings = Findings::default();
    let name = findings.take("name", text::name(&wanted.name));
    findings.take("service", text::username(&wanted.service));
    let scopes = findings.take("scopes", scopes(&wanted.scopes));
    let longest = Duration::from_hours(24 * API_KEY_DAYS_MAX);
    if wanted
        .expires_in
        .is_some_and(|life| life.is_zero() || life > longest)
    {
        findings.add(
            "expires_in",
            format!("must be 1 to {} seconds", longest.as_secs()),
        );
    }
    findings.finish()?;
    let (Some(name), Some(scopes)) = (name, scopes) else {
        return Err(Error::Internal("a checked key lacks a field", None));
    };
    let service = service_account(ports, &wanted.service).await?;
    let now = ports.now;
    let id = ApiKeyId::mint(now);
    let (random, _) = ports.secrets.mint();
    // The tail of the id tells keys apart in lists and logs; all that must be guessed comes after it.
    let tail = &id.0.simple().to_string()[20..];
    let prefix = format!("{API_KEY_PREFIX}{tail}");
    let secret = format!("{prefix}_{random}");
    let key = ApiKey {
        id,
        name,
        prefix,
        scopes,
        user_id: service.id,
        created_by,
        created_at: now,
        expires_at: wanted.expires_in.map(|life| now.plus(life)),
        last_used_at: None,
        revoked_at: None,
    };
    ports.host.put_api_key(&key, ports.secrets.hash(&secret)).await?;
    tracing::info!(api_key.id = %key.id, api_key.prefix = %key.prefix, user.id = %key.user_id, "an API key was made");
    Ok(MadeApiKey { key, secret })
}

/// Takes a key back: what it opened is shut at once. For administrators.
pub async fn revoke_api_key(ports: &Ports, actor: &Actor, id: ApiKeyId) -> Result<()> {
    offices::check(OfficeAct::KeepApiKeys, actor.role)?;
    if !ports.host.revoke_api_key(id, ports.clock.now()).await? {
        return Err(Error::NotFound);
    }
    tracing::info!(api_key.id = %id, actor.id = %actor.user_id, "an API key was revoked");
    Ok(())
}

/// Whether a text can only be a key.
pub fn is_api_key(text: &str) -> bool {
    text.starts_with(API_KEY_PREFIX)
}

/// Who bears a key, and the key. What it opens is for the caller to check.
pub async fn authenticate_key(ports: &Ports, secret: &str) -> Result<(Actor, ApiKey), AuthError> {
    if !is_api_key(secret) || secret.len() > API_KEY_BYTES_MAX {
        return Err(AuthError::Invalid);
    }
    let found = ports.host.key_bearer(ports.secrets.hash(secret)).await;
    let bearer = found.map_err(AuthError::Unavailable)?.ok_or(AuthError::Invalid)?;
    let (key, account) = (bearer.key, bearer.account);
    let now = ports.clock.now();
    // Whose account is shut, or no service any more, has no keys either.
    if key.revoked_at.is_some() || !account.is_open || account.role != UserRole::Service {
        return Err(AuthError::Invalid);
    }
    if !key.is_live(now) {
        return Err(AuthError::Expired);
    }
    if key
        .last_used_at
        .is_none_or(|used_at| now.since(used_at) >= USE_NOTED_EVERY)
        && let Err(error) = ports.host.touch_api_key(key.id, now, USE_NOTED_EVERY).await
    {
        tracing::warn!(%error, api_key.id = %key.id, "the use of an API key could not be noted");
    }
    let actor = Actor {
        user_id: account.user_id,
        role: account.role,
        session_id: None,
    };
    Ok((actor, key))
}

/// The scopes of these names, each once, in the order of the list.
fn scopes(names: &[String]) -> Result<Vec<Scope>, String> {
    let listed = || {
        let all: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        format!("must be one or more of {}", all.join(", "))
    };
    if names.is_empty() || names.len() > Scope::ALL.len() {
        return Err(listed());
    }
    if names.iter().any(|name| Scope::parse(name).is_none()) {
        return Err(listed());
    }
    Ok(Scope::ALL
        .iter()
        .copied()
        .filter(|scope| names.iter().any(|name| name == scope.as_str()))
        .collect())
}

/// The service account of that name, made when there is none.
async fn service_account(ports: &KeyPorts<'_>, username: &str) -> Result<User> {
    const TAKEN: Error = Error::Conflict("the service is the name of a person's account");
    let find = async || ports.accounts.login_of(&text::fold(username)).await;
    if let Some((user, _)) = find().await? {
        return if user.role == UserRole::Service {
            Ok(user)
        } else {
            Err(TAKEN)
        };
    }
    let now = ports.now;
    let new = NewUser {
        id: UserId::mint(now),
        username: username.to_owned(),
        email: None,
        display_name: username.to_owned(),
        avatar_url: None,
        password_hash: None,
        role: UserRole::Service,
    };
    match ports.accounts.register(new, now, Trace::default()).await {
        // Made by another node at the same moment.
        Err(Error::Conflict(_)) => match find().await? {
            Some((user, _)) if user.role == UserRole::Service => Ok(user),
            _ => Err(TAKEN),
        },
        made => made,
    }
}
