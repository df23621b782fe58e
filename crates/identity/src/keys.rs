//! Keys of ours: each with the one algorithm it serves and the id that tokens name it by.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};

/// Shortest symmetric secret, in bytes: that of the hash it keys (RFC 7518, 3.2).
pub const SECRET_BYTES_MIN: usize = 32;

/// Why something is no key of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Too easy to guess.
    #[error("takes a secret of at least {SECRET_BYTES_MIN} bytes; `openssl rand -base64 48` makes one")]
    ShortSecret,
    /// Not a key of a kind we use.
    #[error(
        "takes a PEM private key: Ed25519, P-256 (both PKCS#8) or RSA of at least 2048 bits; \
         `openssl genpkey -algorithm ed25519` makes one"
    )]
    BadPrivateKey,
    /// Not a public key of a kind we use.
    #[error("takes PEM public keys: Ed25519, P-256 or RSA of at least 2048 bits")]
    BadPublicKey,
}

/// A key that vouches for tokens, with its algorithm and id.
#[derive(Clone)]
pub struct VerifyingKey {
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
    /// The public half; none when the key is symmetric.
    pub(crate) jwk: Option<Jwk>,
}

/// A key that signs our tokens.
#[derive(Clone)]
pub struct SigningKey {
    pub(crate) key: EncodingKey,
    pub(crate) verifying: VerifyingKey,
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifyingKey({:?}, {})", self.algorithm, self.kid)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "SigningKey({:?}, {})",
            self.verifying.algorithm, self.verifying.kid
        )
    }
}

impl VerifyingKey {
    /// A symmetric key (HS256), for tokens of a former `JWT_SECRET`.
    pub fn from_secret(secret: &str) -> Result<Self, KeyError> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(KeyError::ShortSecret);
        }
        // Tells keys apart during a rotation; of a secret this long a hash's prefix betrays nothing.
        let digest = Sha256::new()
            .chain_update(b"confab kid\0")
            .chain_update(secret)
            .finalize();
        Ok(Self {
            kid: URL_SAFE_NO_PAD.encode(&digest[..12]),
            algorithm: Algorithm::HS256,
            key: DecodingKey::from_secret(secret.as_bytes()),
            jwk: None,
        })
    }

    /// A public key: Ed25519 (EdDSA), P-256 (ES256) or RSA (RS256).
    pub fn from_public_pem(pem: &str) -> Result<Self, KeyError> {
        let pem = pem.as_bytes();
        let (algorithm, key) = DecodingKey::from_ed_pem(pem)
            .map(|key| (Algorithm::EdDSA, key))
            .or_else(|_| DecodingKey::from_ec_pem(pem).map(|key| (Algorithm::ES256, key)))
            .or_else(|_| DecodingKey::from_rsa_pem(pem).map(|key| (Algorithm::RS256, key)))
            .map_err(|_| KeyError::BadPublicKey)?;
        let jwk = Jwk::from_decoding_key(&key, Some(algorithm)).map_err(|_| KeyError::BadPublicKey)?;
        Self::from_jwk(jwk, algorithm).ok_or(KeyError::BadPublicKey)
    }

    /// The public keys of a file, one PEM block after another.
    pub fn from_public_pems(pems: &str) -> Result<Vec<Self>, KeyError> {
        const END: &str = "-----END PUBLIC KEY-----";
        let mut keys = Vec::new();
        let mut rest = pems;
        while let Some(end) = rest.find(END) {
            let (block, after) = rest.split_at(end + END.len());
            keys.push(Self::from_public_pem(block.trim_start())?);
            rest = after;
        }
        if rest.trim().is_empty() && !keys.is_empty() {
            Ok(keys)
        } else {
            Err(KeyError::BadPublicKey)
        }
    }

    fn from_jwk(mut jwk: Jwk, algorithm: Algorithm) -> Option<Self> {
        if !is_strong(&jwk) || pinned_algorithm(&jwk) != Some(algorithm) {
            return None;
        }
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).ok()?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self {
            kid,
            algorithm,
            key,
            jwk: Some(jwk),
        })
    }
}

impl SigningKey {
    /// A symmetric key (HS256).
    pub fn from_secret(secret: &str) -> Result<Self, KeyError> {
        let verifying = VerifyingKey::from_secret(secret)?;
        Ok(Self {
            key: EncodingKey::from_secret(secret.as_bytes()),
            verifying,
        })
    }

    /// A private key of our own: Ed25519 (EdDSA), P-256 (ES256) or RSA (RS256).
    pub fn from_private_pem(pem: &str) -> Result<Self, KeyError> {
        let pem = pem.trim().as_bytes();
        let (algorithm, key) = EncodingKey::from_ed_pem(pem)
            .map(|key| (Algorithm::EdDSA, key))
            .or_else(|_| EncodingKey::from_ec_pem(pem).map(|key| (Algorithm::ES256, key)))
            .or_else(|_| EncodingKey::from_rsa_pem(pem).map(|key| (Algorithm::RS256, key)))
            .map_err(|_| KeyError::BadPrivateKey)?;
        let jwk = Jwk::from_encoding_key(&key, algorithm).map_err(|_| KeyError::BadPrivateKey)?;
        let verifying = VerifyingKey::from_jwk(jwk, algorithm).ok_or(KeyError::BadPrivateKey)?;
        Ok(Self { key, verifying })
    }

    /// The id that tokens name it by.
    pub fn kid(&self) -> &str {
        &self.verifying.kid
    }
}

/// The one algorithm of a public key: what it says, or else what its type is commonly used with. None for
/// keys that cannot check a signature of ours, symmetric ones among them: a published secret is none.
pub(crate) fn pinned_algorithm(jwk: &Jwk) -> Option<Algorithm> {
    use jsonwebtoken::jwk::{AlgorithmParameters as Parameters, EllipticCurve};
    if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
        return None;
    }
    let said = match jwk.common.key_algorithm {
        Some(algorithm) => Some(Algorithm::try_from(algorithm).ok()?),
        None => None,
    };
    let (usual, lawful): (Algorithm, &[Algorithm]) = match &jwk.algorithm {
        Parameters::RSA(_) => (
            Algorithm::RS256,
            &[
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ],
        ),
        Parameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => (Algorithm::ES256, &[Algorithm::ES256]),
            EllipticCurve::P384 => (Algorithm::ES384, &[Algorithm::ES384]),
            _ => return None,
        },
        Parameters::OctetKeyPair(key) => match key.curve {
            EllipticCurve::Ed25519 => (Algorithm::EdDSA, &[Algorithm::EdDSA]),
            _ => return None,
        },
        _ => return None,
    };
    let algorithm = said.unwrap_or(usual);
    lawful.contains(&algorithm).then_some(algorithm)
}

/// Whether an RSA key has at least 2048 bits; other kinds have their size fixed.
pub(crate) fn is_strong(jwk: &Jwk) -> bool {
    match &jwk.algorithm {
        jsonwebtoken::jwk::AlgorithmParameters::RSA(key) => URL_SAFE_NO_PAD
            .decode(&key.n)
            .is_ok_and(|modulus| modulus.iter().skip_while(|byte| **byte == 0).count() >= 256),
        _ => true,
    }
}
