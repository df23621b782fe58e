//! Secrets of 256 random bits that are handed out once and kept as a hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_domain::ports::{SecretHash, Secrets};
use sha2::{Digest, Sha256};

/// Secrets from the process's cryptographic generator; base64url without padding, 43 characters.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomSecrets;

impl Secrets for RandomSecrets {
    fn mint(&self) -> (String, SecretHash) {
        let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let hash = self.hash(&secret);
        (secret, hash)
    }

    fn hash(&self, secret: &str) -> SecretHash {
        // A plain hash is enough: there is nothing to guess in 256 random bits.
        SecretHash(Sha256::digest(secret.as_bytes()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_new_each_time_and_known_by_its_hash() {
        let (first, first_hash) = RandomSecrets.mint();
        let (second, second_hash) = RandomSecrets.mint();
        assert_eq!(first.len(), 43);
        assert_ne!(first, second);
        assert!(first_hash != second_hash);
        assert!(RandomSecrets.hash(&first) == first_hash);
    }
}
