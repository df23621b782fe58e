//! The embedded parts, as the all-in-one has them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use confab_cache::{MemoryPresence, MemoryRateLimits, MemorySignals};
use confab_domain::ports::{
    Accounts, CommittedBatches, Conversations, HostProduct, MessageReads, Moderation, Ports, RoomReads,
    RoomWrites, Search, Standings,
};
use confab_domain::{Clock, Limits};
use confab_identity::{Argon2Passwords, Keyring, KeyringSettings, RandomSecrets, SigningKey};
use confab_storage::{Store, StoreSettings};

/// How long an access token lives.
pub const ACCESS_TOKEN_TTL: Duration = Duration::from_mins(15);

/// Everything that is kept, behind one port after the other.
pub trait Archive:
    Accounts
    + HostProduct
    + Standings
    + RoomWrites
    + RoomReads
    + Conversations
    + Search
    + Moderation
    + MessageReads
    + 'static
{
}

impl<Kept> Archive for Kept where
    Kept: Accounts
        + HostProduct
        + Standings
        + RoomWrites
        + RoomReads
        + Conversations
        + Search
        + Moderation
        + MessageReads
        + 'static
{
}

/// A new archive on SQLite in a folder, which must outlive it.
pub async fn open_archive(
    folder: &Path,
    clock: Arc<dyn Clock>,
    committed: Arc<dyn CommittedBatches>,
) -> Store {
    let url = format!("sqlite://{}?mode=rwc", folder.join("confab.db").display());
    confab_migration::run(&url).await.unwrap();
    Store::connect(StoreSettings::new(url), clock, committed)
        .await
        .unwrap()
}

/// The ports around an archive.
pub fn ports<Kept: Archive>(archive: &Arc<Kept>, clock: Arc<dyn Clock>, limits: Limits) -> Ports {
    let keyring = Keyring::new(KeyringSettings {
        signing: SigningKey::from_secret(&"a secret of tests alone, long enough".repeat(2)).unwrap(),
        previous: Vec::new(),
        issuer: "confab".to_owned(),
        audience: "confab".to_owned(),
        access_token_ttl: ACCESS_TOKEN_TTL,
        outside: None,
    });
    let rate_limits = MemoryRateLimits::new(Arc::clone(&clock), &Default::default());
    Ports {
        accounts: archive.clone(),
        host: archive.clone(),
        standings: archive.clone(),
        room_writes: archive.clone(),
        room_reads: archive.clone(),
        conversations: archive.clone(),
        search: archive.clone(),
        moderation: archive.clone(),
        message_reads: archive.clone(),
        tokens: Arc::new(keyring.unwrap()),
        passwords: Arc::new(Argon2Passwords::new(2)),
        secrets: Arc::new(RandomSecrets),
        rate_limits: Arc::new(rate_limits),
        presence: Arc::new(MemoryPresence::new(Default::default())),
        signals: Arc::new(MemorySignals::new(&Default::default())),
        limits: Arc::new(limits),
        clock,
    }
}
