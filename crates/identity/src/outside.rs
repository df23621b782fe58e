//! An outside issuer: its key set, fetched when needed and kept while it is away, and what its tokens say.

use std::sync::Arc;
use std::time::Duration;

use confab_domain::ports::{Bearer, Claims, OutsideProfile, TokenError};
use confab_domain::{Error, Result, Timestamp, UserRole, text};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey};
use parking_lot::RwLock;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::claims::{self, Expected, RawClaims};
use crate::keys::{is_strong, pinned_algorithm};

/// Largest key set we read, in bytes.
const KEY_SET_BYTES_MAX: usize = 256 * 1024;
/// Most keys of a set that we keep.
const KEYS_MAX: usize = 100;

/// Which claim of an outside issuer tells what an account may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleClaim {
    /// The claim's name; dots lead into objects (`realm_access.roles`). Its value is a string or a list of them.
    pub path: String,
    /// The value that makes an account `admin`; wins when both are there.
    pub admin: Option<String>,
    /// The value that makes an account `service`.
    pub service: Option<String>,
}

/// Whose tokens are accepted besides ours.
#[derive(Clone, Debug)]
pub struct OutsideSettings {
    /// Where its key set is.
    pub jwks_url: String,
    /// `iss` of its tokens, exactly.
    pub issuer: String,
    /// What `aud` of its tokens must be or hold.
    pub audience: String,
    /// Without it all its accounts are `user`.
    pub role_claim: Option<RoleClaim>,
}

/// How long the issuer is waited for and how often it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A fetch takes at most this.
    pub timeout: Duration,
    /// A set older than this is fetched anew in the background, while it goes on serving.
    pub age_max: Duration,
    /// After an attempt an unknown key has to wait this long for the next.
    pub refetch_pause: Duration,
    /// The same while there is no set at all.
    pub first_fetch_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            age_max: Duration::from_mins(10),
            refetch_pause: Duration::from_secs(30),
            first_fetch_pause: Duration::from_secs(1),
        }
    }
}

/// An outside issuer and what we know of its keys.
#[derive(Clone, Debug)]
pub struct OutsideIssuer {
    settings: Arc<OutsideSettings>,
    key_sets: Arc<KeySets>,
}

#[derive(Debug)]
struct KeySets {
    client: reqwest::Client,
    jwks_url: String,
    patience: Patience,
    latest: RwLock<Option<Arc<KeySet>>>,
    /// Held while fetching: one request at a time.
    attempt: Mutex<Attempt>,
}

#[derive(Debug, Default)]
struct Attempt {
    begun_at: Option<Instant>,
    has_failed: bool,
}

struct KeySet {
    keys: Vec<OutsideKey>,
    fetched_at: Instant,
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeySet({} keys)", self.keys.len())
    }
}

#[derive(Clone)]
struct OutsideKey {
    kid: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl OutsideIssuer {
    /// An issuer; nothing is fetched before its first token comes. `Internal` when no TLS client can be made.
    pub fn new(settings: OutsideSettings, patience: Patience) -> Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(patience.timeout)
            .connect_timeout(patience.timeout)
            // The keys are trusted because of where they come from: nobody may send us elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("confab/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::internal("a client for the outside issuer's keys", error))?;
        let key_sets = KeySets {
            client,
            jwks_url: settings.jwks_url.clone(),
            patience,
            latest: RwLock::new(None),
            attempt: Mutex::default(),
        };
        Ok(Self {
            settings: Arc::new(settings),
            key_sets: Arc::new(key_sets),
        })
    }

    /// `iss` of its tokens.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    pub(crate) async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let kid = claims::key_id(token)?;
        let key = self.key_sets.key(kid.as_deref()).await?;
        let expected = Expected {
            issuer: &self.settings.issuer,
            audience: &self.settings.audience,
            requires_nbf: false,
        };
        let (claims, expires_at) = claims::check(token, &key.key, key.algorithm, expected, now)?;
        let profile = self.profile(claims);
        Ok(Claims {
            bearer: Bearer::Outside(profile),
            expires_at,
        })
    }

    fn profile(&self, claims: RawClaims) -> OutsideProfile {
        let said = |name: &str| claims.rest.get(name).and_then(Value::as_str);
        let username = said("preferred_username").filter(|name| text::username(name).is_ok());
        let display_name = said("name").and_then(|name| text::name(name).ok());
        let avatar_url = said("picture").filter(|url| text::url(url).is_ok());
        OutsideProfile {
            issuer: self.settings.issuer.clone(),
            username: username.map(str::to_owned),
            display_name,
            avatar_url: avatar_url.map(str::to_owned),
            role: self.role(&claims),
            subject: claims.sub,
        }
    }

    fn role(&self, claims: &RawClaims) -> Option<UserRole> {
        let mapping = self.settings.role_claim.as_ref()?;
        // A claim whose own name has dots (a URL, as some issuers have it) is looked for first.
        let claimed = claims.rest.get(&mapping.path).or_else(|| {
            let mut steps = mapping.path.split('.');
            let first = claims.rest.get(steps.next()?)?;
            steps.try_fold(first, |value, step| value.get(step))
        });
        let has = |wanted: &Option<String>| match (claimed, wanted) {
            (Some(Value::String(role)), Some(wanted)) => role == wanted,
            (Some(Value::Array(roles)), Some(wanted)) => roles.iter().any(|role| role == wanted.as_str()),
            _ => false,
        };
        Some(if has(&mapping.admin) {
            UserRole::Admin
        } else if has(&mapping.service) {
            UserRole::Service
        } else {
            UserRole::User
        })
    }
}

impl KeySets {
    /// The key a token names, from the latest set or a new one.
    async fn key(self: &Arc<Self>, kid: Option<&str>) -> Result<OutsideKey, TokenError> {
        let latest = self.latest.read().clone();
        if let Some((set, key)) = latest.as_ref().and_then(|set| Some((set, set.find(kid)?))) {
            if set.fetched_at.elapsed() > self.patience.age_max {
                self.refresh_in_background(set.fetched_at);
            }
            return Ok(key);
        }
        // In a task of its own: a caller that hangs up must not be able to keep new keys from arriving.
        let (key_sets, kid) = (Arc::clone(self), kid.map(str::to_owned));
        tokio::spawn(async move { key_sets.fetch_for(kid.as_deref()).await })
            .await
            .unwrap_or(Err(TokenError::Unavailable))
    }

    async fn fetch_for(&self, kid: Option<&str>) -> Result<OutsideKey, TokenError> {
        let mut attempt = self.attempt.lock().await;
        // Whoever held the lock before may have brought it.
        let latest = self.latest.read().clone();
        if let Some(key) = latest.as_ref().and_then(|set| set.find(kid)) {
            return Ok(key);
        }
        let pause = if latest.is_some() {
            self.patience.refetch_pause
        } else {
            self.patience.first_fetch_pause
        };
        if attempt
            .begun_at
            .is_none_or(|begun_at| begun_at.elapsed() >= pause)
        {
            self.fetch(&mut attempt).await;
        }
        let latest = self.latest.read().clone();
        match latest.and_then(|set| set.find(kid)) {
            Some(key) => Ok(key),
            // It may be a new key that we could not learn of.
            None if attempt.has_failed => Err(TokenError::Unavailable),
            None => Err(TokenError::Invalid),
        }
    }

    fn refresh_in_background(self: &Arc<Self>, known: Instant) {
        let key_sets = Arc::clone(self);
        tokio::spawn(async move {
            let Ok(mut attempt) = key_sets.attempt.try_lock() else {
                return;
            };
            let pause = key_sets.patience.refetch_pause;
            let is_due = attempt
                .begun_at
                .is_none_or(|begun_at| begun_at.elapsed() >= pause);
            let is_as_old = key_sets
                .latest
                .read()
                .as_ref()
                .is_some_and(|set| set.fetched_at == known);
            if is_due && is_as_old {
                key_sets.fetch(&mut attempt).await;
            }
        });
    }

    async fn fetch(&self, attempt: &mut Attempt) {
        attempt.begun_at = Some(Instant::now());
        attempt.has_failed = true;
        let fetched = tokio::time::timeout(self.patience.timeout, self.read_keys()).await;
        match fetched.unwrap_or(Err(FetchError::TimedOut)) {
            Ok(keys) => {
                tracing::debug!(keys = keys.len(), "outside issuer's keys fetched");
                *self.latest.write() = Some(Arc::new(KeySet {
                    keys,
                    fetched_at: Instant::now(),
                }));
                attempt.has_failed = false;
            }
            Err(error) => tracing::warn!(%error, "outside issuer's keys could not be fetched"),
        }
    }

    async fn read_keys(&self) -> Result<Vec<OutsideKey>, FetchError> {
        let mut answer = self
            .client
            .get(&self.jwks_url)
            .header("accept", "application/json")
            .send()
            .await?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > KEY_SET_BYTES_MAX {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut set: Value = serde_json::from_slice(&body).map_err(|_| FetchError::NotAKeySet)?;
        let Some(Value::Array(jwks)) = set.get_mut("keys").map(Value::take) else {
            return Err(FetchError::NotAKeySet);
        };
        // A key of a kind we do not know is no reason to refuse its neighbours.
        let keys: Vec<_> = jwks
            .into_iter()
            .filter_map(OutsideKey::from_json)
            .take(KEYS_MAX)
            .collect();
        if keys.is_empty() {
            Err(FetchError::NoUsableKey)
        } else {
            Ok(keys)
        }
    }
}

impl KeySet {
    /// The key of that id; a token without one is understood only when there is no choice.
    fn find(&self, kid: Option<&str>) -> Option<OutsideKey> {
        match kid {
            Some(kid) => self
                .keys
                .iter()
                .find(|key| key.kid.as_deref() == Some(kid))
                .cloned(),
            None if self.keys.len() == 1 => self.keys.first().cloned(),
            None => None,
        }
    }
}

impl OutsideKey {
    fn from_json(jwk: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(jwk).ok()?;
        let algorithm = pinned_algorithm(&jwk).filter(|_| is_strong(&jwk))?;
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self {
            kid: jwk.common.key_id,
            algorithm,
            key,
        })
    }
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("no answer in time")]
    TimedOut,
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("status {0}")]
    Status(u16),
    #[error("more than {KEY_SET_BYTES_MAX} bytes")]
    TooLarge,
    #[error("not a JSON object with `keys`")]
    NotAKeySet,
    #[error("no key in it that we can use")]
    NoUsableKey,
}

#[cfg(test)]
mod tests;
