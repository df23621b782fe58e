//! The client library and the page, in the hands of Node and npm.
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::cargo;
use crate::interrupt::Interrupts;

/// Folders below the root with a `package.json` whose scripts `lint` and `test` hold them.
const PACKAGES: [&str; 2] = ["web/sdk", PAGE];

/// The page, which has figures besides.
const PAGE: &str = "web";

/// The oldest Node that runs them: what Debian 12 has.
const NODE_MAJOR_MIN: u32 = 18;

/// Which binary the tests start.
const BINARY_VARIABLE: &str = "CONFAB_BIN";

/// A package, its dependencies installed as its lock file says.
pub(crate) struct Package(&'static str);

/// All of them, ready to run their scripts.
///
/// # Errors
/// When Node is too old, or npm cannot install.
pub(crate) async fn packages(interrupts: &mut Interrupts) -> Result<Vec<Package>> {
    ensure_node().await?;
    for package in PACKAGES {
        let folder = crate::root()?.join(package);
        if is_stale(&folder)? {
            let mut install = npm(package, &["ci"]);
            cargo::run(&mut install, interrupts).await?;
        }
    }
    Ok(PACKAGES.map(Package).into())
}

impl Package {
    /// Its folder, as a step's name.
    pub(crate) const fn name(&self) -> &'static str {
        self.0
    }

    /// What judges it without running it.
    pub(crate) fn lint(&self) -> Command {
        npm(self.0, &["run", "--silent", "lint"])
    }

    /// Its tests, on the binary at `confab`.
    pub(crate) fn test(&self, confab: &Path) -> Command {
        let mut command = npm(self.0, &["run", "--silent", "test"]);
        command.env(BINARY_VARIABLE, confab);
        command
    }
}

/// The figures of the page, of the binary at `confab`.
///
/// # Errors
/// As [`packages`].
pub(crate) async fn bench(confab: &Path, interrupts: &mut Interrupts) -> Result<()> {
    packages(interrupts).await?;
    let mut command = npm(PAGE, &["run", "--silent", "bench"]);
    command.env(BINARY_VARIABLE, confab);
    cargo::run(&mut command, interrupts).await
}

/// Where cargo puts what the tests of the workspace run.
pub(crate) fn built_binary() -> Result<PathBuf> {
    let folder = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => crate::root()?.join(folder),
        None => crate::root()?.join("target"),
    };
    Ok(folder.join("debug/confab"))
}

fn npm(package: &str, arguments: &[&str]) -> Command {
    let mut command = cargo::command("npm");
    command.arg("--prefix").arg(package).args(arguments);
    command
}

/// npm writes down what it has installed; older than the lock file, it is something else.
fn is_stale(folder: &Path) -> Result<bool> {
    let wanted = folder.join("package-lock.json").metadata()?.modified()?;
    let installed = folder.join("node_modules/.package-lock.json").metadata();
    Ok(installed
        .and_then(|installed| installed.modified())
        .is_ok_and(|installed| installed < wanted)
        || !folder.join("node_modules/.package-lock.json").exists())
}

async fn ensure_node() -> Result<()> {
    let output = cargo::command("node").arg("--version").output().await;
    let output = output
        .context("node is not installed: run `apt-get install nodejs npm`, or `cargo xtask test` as root")?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if major(&version).is_none_or(|major| major < NODE_MAJOR_MIN) {
        bail!("node is {version}; the client library and the page need {NODE_MAJOR_MIN} or newer");
    }
    Ok(())
}

/// Of `v20.1.0`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("20"), None);
        assert_eq!(major("vx.1"), None);
    }

    #[test]
    fn a_package_is_installed_anew_when_its_lock_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("package-lock.json");
        let installed = folder.path().join("node_modules/.package-lock.json");
        std::fs::write(&lock, "{}").unwrap();
        assert!(is_stale(folder.path()).unwrap(), "never installed");
        std::fs::create_dir(folder.path().join("node_modules")).unwrap();
        std::fs::write(&installed, "{}").unwrap();
        assert!(!is_stale(folder.path()).unwrap());
        let later = installed.metadata().unwrap().modified().unwrap() + std::time::Duration::from_secs(5);
        std::fs::File::options()
            .write(true)
            .open(&lock)
            .unwrap()
            .set_modified(later)
            .unwrap();
        assert!(is_stale(folder.path()).unwrap());
    }
}
