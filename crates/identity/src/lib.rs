#![doc = include_str!("../README.md")]

mod access_tokens;
mod claims;
mod keys;
mod outside;
mod passwords;
mod secrets;
#[cfg(test)]
mod test_keys;

pub use access_tokens::{Keyring, KeyringSettings};
pub use keys::{KeyError, SECRET_BYTES_MIN, SigningKey, VerifyingKey};
pub use outside::{OutsideIssuer, OutsideSettings, Patience, RoleClaim};
pub use passwords::Argon2Passwords;
pub use secrets::RandomSecrets;
