//! Password hashes (argon2id), off the async threads and bounded in number.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher, PasswordVerifier};
use async_trait::async_trait;
use confab_domain::ports::Passwords;
use confab_domain::{Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many may wait for each core: about half a second of work.
const WAITING_PER_CORE_MAX: usize = 32;
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Longer input is refused unseen; far above what the domain allows as a password.
const PASSWORD_BYTES_MAX: usize = 4096;

/// argon2id with the crate's defaults (OWASP's: 19 MiB, two passes, one lane).
///
/// The password is taken as typed: no trimming, no folding, no normalisation.
pub struct Argon2Passwords {
    cores: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
    /// What is checked when there is no hash, so that the time taken does not tell who exists.
    decoy: Arc<str>,
}

impl Argon2Passwords {
    /// At most `cores` hashes at once.
    pub fn new(cores: usize) -> Self {
        let cores = cores.max(1);
        Self {
            cores: Arc::new(Semaphore::new(cores)),
            waiting: AtomicUsize::new(0),
            waiting_max: cores * WAITING_PER_CORE_MAX,
            decoy: DECOY.into(),
        }
    }

    /// A core to work on, which the work itself gives back, even when its caller has gone away.
    async fn core(&self) -> Result<OwnedSemaphorePermit> {
        let _place = Place::take(&self.waiting, self.waiting_max)
            .ok_or(Error::Unavailable("too many passwords to hash", None))?;
        let permit = tokio::time::timeout(WAIT_MAX, Arc::clone(&self.cores).acquire_owned())
            .await
            .map_err(|elapsed| Error::unavailable("too many passwords to hash", elapsed))?;
        permit.map_err(|closed| Error::internal("the hashing semaphore is closed", closed))
    }

    async fn on_a_core<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T> {
        let permit = self.core().await?;
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        })
        .await
        .map_err(|panic| Error::internal("hashing a password", panic))?
        .map_err(|error| Error::internal("hashing a password", error.to_string()))
    }
}

/// A hash that no password is known for: its output was drawn at random, with today's parameters.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$wq1rH2TtTzXy4fYb0kS9Lw$Zb8yGm0t2v3mJw0c1pQe5nq7r1C9yJm4hKq2X8sVtUA";

#[async_trait]
impl Passwords for Argon2Passwords {
    async fn hash(&self, password: String) -> Result<String> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(Error::invalid(
                "password",
                format!("at most {PASSWORD_BYTES_MAX} bytes"),
            ));
        }
        self.on_a_core(move || {
            let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes())?;
            Ok(hash.to_string())
        })
        .await
    }

    async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Ok(false);
        }
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.to_string());
        self.on_a_core(move || {
            let hash = PasswordHash::new(&hash).map_err(|_| HashError::EncodingInvalid)?;
            match Argon2::default().verify_password(password.as_bytes(), &hash) {
                Ok(()) => Ok(is_known),
                Err(HashError::PasswordInvalid) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }
}

/// A place in the queue, given up when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, waiting_max: usize) -> Option<Self> {
        let place = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < waiting_max).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_hash_and_no_other() {
        let passwords = Argon2Passwords::new(2);
        let hash = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(
            passwords
                .verify("correct horse".to_owned(), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify("correct horse ".to_owned(), Some(hash))
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn nobody_has_the_decoy_but_its_work_is_done() {
        let passwords = Argon2Passwords::new(1);
        assert!(!passwords.verify("anything".to_owned(), None).await.unwrap());
        let decoy = PasswordHash::new(DECOY).unwrap();
        let real = passwords.hash("anything".to_owned()).await.unwrap();
        let real = PasswordHash::new(&real).unwrap();
        assert_eq!(decoy.params.to_string(), real.params.to_string(), "the same cost");
        assert_eq!(
            decoy.hash.unwrap().as_bytes().len(),
            real.hash.unwrap().as_bytes().len()
        );
    }

    #[tokio::test]
    async fn a_broken_hash_is_an_error_and_not_a_no() {
        let passwords = Argon2Passwords::new(1);
        let outcome = passwords
            .verify("x".to_owned(), Some("not a hash".to_owned()))
            .await;
        assert!(matches!(outcome, Err(Error::Internal(..))));
    }

    #[tokio::test]
    async fn a_crowd_is_refused() {
        let passwords = Argon2Passwords::new(1);
        let held = Arc::clone(&passwords.cores).acquire_owned().await.unwrap();
        let passwords = Arc::new(passwords);
        let crowd: Vec<_> = (0..WAITING_PER_CORE_MAX)
            .map(|_| {
                tokio::spawn({
                    let passwords = Arc::clone(&passwords);
                    async move { passwords.core().await.map(drop) }
                })
            })
            .collect();
        while passwords.waiting.load(Ordering::Relaxed) < WAITING_PER_CORE_MAX {
            tokio::task::yield_now().await;
        }
        assert!(matches!(
            passwords.verify("x".to_owned(), None).await,
            Err(Error::Unavailable(..))
        ));
        drop(held);
        for one in crowd {
            one.await.unwrap().unwrap();
        }
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), 0);
    }
}
