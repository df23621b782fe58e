//! Signed links: an HMAC over the file, whom the link was made for, and its end.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_domain::ports::MediaSignatures;
use confab_domain::{Timestamp, UploadId, UserId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

type HmacSha256 = Hmac<Sha256>;

/// What the server's secret is asked for here; another purpose gives another key.
const PURPOSE: &[u8] = b"confab media links v1";

/// A key that signs links and nothing else.
#[derive(Clone)]
pub struct LinkKey(HmacSha256);

impl LinkKey {
    /// The key that follows from the server's own secret; the secret cannot be told from it.
    pub fn derived_from(secret: &[u8]) -> Self {
        let derived = keyed(secret).chain_update(PURPOSE).finalize().into_bytes();
        Self(keyed(&derived))
    }

    fn over(&self, id: UploadId, user_id: UserId, expires_at: Timestamp) -> HmacSha256 {
        // All three have a fixed length, so no two triples say the same.
        self.0
            .clone()
            .chain_update(id.0.as_bytes())
            .chain_update(user_id.0.as_bytes())
            .chain_update(expires_at.as_millis().to_be_bytes())
    }
}

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKey(…)")
    }
}

fn keyed(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes keys of any length")
}

impl MediaSignatures for LinkKey {
    fn sign(&self, id: UploadId, user_id: UserId, expires_at: Timestamp) -> String {
        URL_SAFE_NO_PAD.encode(self.over(id, user_id, expires_at).finalize().into_bytes())
    }

    fn verify(&self, id: UploadId, user_id: UserId, expires_at: Timestamp, signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        self.over(id, user_id, expires_at)
            .verify_slice(&signature)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_what_was_signed_and_by_whom() {
        let now = Timestamp::from_millis(1_000_000);
        let (id, other) = (UploadId::mint(now), UploadId::mint(now));
        let (ann, bob) = (UserId::mint(now), UserId::mint(now));
        let key = LinkKey::derived_from(b"secret");
        let signature = key.sign(id, ann, now);
        assert!(key.verify(id, ann, now, &signature));
        assert!(LinkKey::derived_from(b"secret").verify(id, ann, now, &signature));
        assert!(!key.verify(other, ann, now, &signature));
        assert!(!key.verify(id, bob, now, &signature));
        assert!(!key.verify(id, ann, Timestamp::from_millis(1_000_001), &signature));
        assert!(!LinkKey::derived_from(b"another").verify(id, ann, now, &signature));
        for bad in ["", "AAAA", "not base64!", &signature[1..]] {
            assert!(!key.verify(id, ann, now, bad), "{bad}");
        }
    }
}
