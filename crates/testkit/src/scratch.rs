//! Temporary folders that name their owner, so that a later run removes what a killed one left.
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::system_user::SystemUser;

const PREFIX: &str = "confab-testkit-";

/// A folder in the system's temporary directory, removed on drop.
///
/// Its name holds the id of this process. Folders whose process is gone (killed tests, and the servers of
/// statics, which are never dropped) are swept by the next process that makes one.
pub fn folder(purpose: &str) -> Result<TempDir> {
    sweep();
    let parent = std::env::temp_dir();
    let folder = tempfile::Builder::new()
        .prefix(&format!("{PREFIX}{}-{purpose}-", std::process::id()))
        .tempdir_in(&parent)
        .with_context(|| format!("cannot make a folder in {}", parent.display()))?;
    // PostgreSQL and RabbitMQ run as users of their own, who have to pass through.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
    Ok(folder)
}

/// Makes `owner` the owner of `path` (a no-op when servers run as ourselves).
pub(crate) fn give_to(path: &Path, owner: Option<&SystemUser>) -> Result<()> {
    if let Some(owner) = owner {
        std::os::unix::fs::chown(path, Some(owner.uid), Some(owner.gid))
            .with_context(|| format!("cannot give {} to {}", path.display(), owner.name))?;
    }
    Ok(())
}

fn sweep() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        if owner_pid(&entry.file_name()).is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Somebody else's folder, or one that another process sweeps right now: not ours to worry about.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn owner_pid(name: &OsStr) -> Option<u32> {
    name.to_str()?
        .strip_prefix(PREFIX)?
        .split('-')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_dead_are_swept_and_of_the_living_kept() {
        let mine = folder("kept").expect("a folder");
        // Process ids end at 4,194,304 on Linux.
        let stale = std::env::temp_dir().join(format!("{PREFIX}99999999-stale"));
        fs::create_dir_all(stale.join("deep")).expect("a stale folder");
        let other = folder("other").expect("a folder");
        assert!(!stale.exists());
        assert!(mine.path().exists() && other.path().exists());
    }
}
