//! The folder of what the all-in-one keeps: its database, the key it made for itself, and a lock.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use confab_domain::ports::Secrets;
use confab_identity::RandomSecrets;

const DATABASE: &str = "confab.db";
const KEY: &str = "jwt.key";
const LOCK: &str = "confab.lock";

/// A folder that exists.
#[derive(Clone, Debug)]
pub(crate) struct DataFolder(PathBuf);

/// Kept as long as the process runs: two all-in-ones on one folder would each hear only themselves.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl DataFolder {
    /// Opens it, and makes it when it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(path)
            .with_context(|| format!("DATA_DIR: the folder {} cannot be made", path.display()))?;
        Ok(Self(path.to_owned()))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Takes the folder for this process alone.
    pub(crate) fn lock(&self) -> Result<Lock> {
        let path = self.0.join(LOCK);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("DATA_DIR: {} cannot be written", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => bail!(
                "DATA_DIR: another confab runs on the folder {}; stop it, or give this one a folder of its own",
                self.0.display()
            ),
            Err(std::fs::TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("DATA_DIR: {} cannot be locked", path.display()))
            }
        }
    }

    /// The address of the embedded database. Its file is made here, readable by its owner alone whatever
    /// folder it is in: SQLite would let everybody read it, and gives the files beside it the same rights.
    pub(crate) fn database_url(&self) -> Result<String> {
        let path = self.0.join(DATABASE);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&path)
            .with_context(|| format!("DATA_DIR: {} cannot be written", path.display()))?;
        Ok(format!("sqlite://{}?mode=rwc", path.display()))
    }

    /// The secret that signs tokens, made on first sight and readable by its owner alone.
    pub(crate) fn jwt_secret(&self) -> Result<String> {
        let path = self.0.join(KEY);
        if let Some(secret) = read_key(&path)? {
            return Ok(secret);
        }
        // Written aside and linked: whoever comes second, or after a crash, finds a whole key or none.
        let (secret, _) = RandomSecrets.mint();
        let (suffix, _) = RandomSecrets.mint();
        let aside = self.0.join(format!("{KEY}.{}", &suffix[..12]));
        write_key(&aside, &secret)
            .with_context(|| format!("DATA_DIR: {} cannot be written", aside.display()))?;
        let linked = std::fs::hard_link(&aside, &path);
        std::fs::remove_file(&aside).with_context(|| format!("removing {}", aside.display()))?;
        match linked {
            Ok(()) => Ok(secret),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                read_key(&path)?.with_context(|| format!("DATA_DIR: {} vanished", path.display()))
            }
            Err(error) => Err(error).with_context(|| format!("DATA_DIR: {} cannot be made", path.display())),
        }
    }
}

fn read_key(path: &Path) -> Result<Option<String>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("DATA_DIR: reading {}", path.display())),
    };
    let mut secret = String::new();
    Read::by_ref(&mut file)
        .take(4096)
        .read_to_string(&mut secret)
        .with_context(|| format!("DATA_DIR: reading {}", path.display()))?;
    let secret = secret.trim().to_owned();
    if secret.len() < confab_identity::SECRET_BYTES_MIN {
        bail!(
            "DATA_DIR: {} is not a key; remove it to have a new one made (all will have to log in again)",
            path.display()
        );
    }
    Ok(Some(secret))
}

fn write_key(path: &Path, secret: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_for_its_owner_alone() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&parent.path().join("a/b")).unwrap();
        let secret = folder.jwt_secret().unwrap();
        assert_eq!(folder.jwt_secret().unwrap(), secret);
        assert!(secret.len() >= confab_identity::SECRET_BYTES_MIN);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.0.join(KEY))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let names: Vec<_> = std::fs::read_dir(&folder.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, [KEY], "nothing is left aside");

        std::fs::write(folder.0.join(KEY), "short").unwrap();
        assert!(folder.jwt_secret().unwrap_err().to_string().contains("DATA_DIR"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_database_is_its_owners_alone_in_any_folder() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(parent.path(), open).unwrap();
        let folder = DataFolder::open(parent.path()).unwrap();
        for _ in 0..2 {
            confab_migration::run(&folder.database_url().unwrap())
                .await
                .unwrap();
        }
        for file in std::fs::read_dir(parent.path()).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
        }
    }

    #[test]
    fn a_folder_serves_one_process() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(parent.path()).unwrap();
        let lock = folder.lock().unwrap();
        assert!(folder.lock().unwrap_err().to_string().contains("another confab"));
        drop(lock);
        folder.lock().unwrap();
    }
}
