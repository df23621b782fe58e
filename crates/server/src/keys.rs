//! The keyring and its company, from the settings.

use std::sync::Arc;

use anyhow::{Context, Result};
use confab_identity::{
    Argon2Passwords, Keyring, KeyringSettings, OutsideIssuer, OutsideSettings, Patience, RoleClaim,
    SigningKey, VerifyingKey,
};

use crate::config::{Secret, Settings};
use crate::data_folder::DataFolder;

/// All keys that tokens may be signed with. `folder` lends its own key when no other is set.
pub(crate) fn keyring(settings: &Settings, folder: Option<&DataFolder>) -> Result<Keyring> {
    Ok(Keyring::new(KeyringSettings {
        signing: signing_key(settings, folder)?,
        previous: previous_keys(settings)?,
        issuer: settings.jwt_own_issuer.clone(),
        audience: settings.jwt_own_audience.clone(),
        access_token_ttl: settings.access_token_ttl.0,
        outside: outside_issuer(settings)?,
    })?)
}

/// Hashes passwords on as many cores as there are.
pub(crate) fn passwords() -> Arc<Argon2Passwords> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Arc::new(Argon2Passwords::new(cores))
}

/// The server's own secret, from which keys for other purposes follow.
pub(crate) fn secret(settings: &Settings, folder: Option<&DataFolder>) -> Result<String> {
    match (&settings.jwt_private_key, &settings.jwt_secret) {
        (Some(pem), _) => Ok(lines(pem).trim().to_owned()),
        (None, Some(secret)) => Ok(secret.0.clone()),
        (None, None) => folder
            .context("JWT_SECRET: a secret to share is needed, or a JWT_PRIVATE_KEY")?
            .jwt_secret(),
    }
}

fn signing_key(settings: &Settings, folder: Option<&DataFolder>) -> Result<SigningKey> {
    match (&settings.jwt_private_key, &settings.jwt_secret) {
        (Some(pem), _) => SigningKey::from_private_pem(&lines(pem)).context("JWT_PRIVATE_KEY"),
        (None, Some(secret)) => SigningKey::from_secret(&secret.0).context("JWT_SECRET"),
        (None, None) => {
            let folder = folder.context("JWT_SECRET: a secret to share is needed, or a JWT_PRIVATE_KEY")?;
            SigningKey::from_secret(&folder.jwt_secret()?).context("DATA_DIR: the key in it")
        }
    }
}

fn previous_keys(settings: &Settings) -> Result<Vec<VerifyingKey>> {
    let secrets = settings
        .jwt_previous_secrets
        .iter()
        .map(|secret| VerifyingKey::from_secret(&secret.0));
    let mut keys: Vec<_> = secrets
        .collect::<Result<_, _>>()
        .context("JWT_PREVIOUS_SECRETS")?;
    if let Some(pems) = &settings.jwt_previous_public_keys {
        keys.extend(VerifyingKey::from_public_pems(&lines(pems)).context("JWT_PREVIOUS_PUBLIC_KEYS")?);
    }
    Ok(keys)
}

fn outside_issuer(settings: &Settings) -> Result<Option<OutsideIssuer>> {
    let (Some(url), Some(issuer), Some(audience)) = (
        &settings.jwt_jwks_url,
        &settings.jwt_issuer,
        &settings.jwt_audience,
    ) else {
        return Ok(None);
    };
    if url.0.starts_with("http://") {
        tracing::warn!("JWT_JWKS_URL is not https: whoever sits between can make tokens");
    }
    let role_claim = settings.jwt_role_claim.as_ref().map(|path| RoleClaim {
        path: path.clone(),
        admin: settings.jwt_role_admin.clone(),
        service: settings.jwt_role_service.clone(),
    });
    let settings = OutsideSettings {
        jwks_url: url.0.clone(),
        issuer: issuer.clone(),
        audience: audience.clone(),
        role_claim,
    };
    Ok(Some(
        OutsideIssuer::new(settings, Patience::default()).context("JWT_JWKS_URL")?,
    ))
}

/// A PEM in a variable often has its line ends written out.
fn lines(pem: &Secret) -> String {
    pem.0.replace("\\n", "\n")
}
