//! Installing the Debian packages that the tests need, without letting Debian start the servers in them.
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use confab_testkit::packages::is_installed;

use crate::cargo;
use crate::interrupt::Interrupts;

/// What Debian's packages ask before they start a service; exit code 101 forbids it.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Where the system's own one is meanwhile.
const POLICY_ASIDE: &str = "/usr/sbin/policy-rc.d.saved-by-xtask";

/// Makes sure that the packages are there.
///
/// # Errors
/// When some are missing and we are not root on Debian, naming the command that installs them.
pub(crate) async fn ensure_packages(packages: &[&str], interrupts: &mut Interrupts) -> Result<()> {
    let missing = missing_of(packages);
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!("apt-get install --no-install-recommends {}", missing.join(" "));
    if !rustix::process::geteuid().is_root() || !Path::new("/usr/bin/apt-get").exists() {
        bail!("packages are needed that are not installed; as root run: {install}");
    }
    let policy = Policy::forbid_starts()?;
    let mut update = cargo::command("apt-get");
    cargo::run(update.args(["update", "-q"]), interrupts).await?;
    let mut apt = cargo::command("apt-get");
    apt.args(["install", "-q", "-y", "--no-install-recommends"])
        .args(&missing);
    cargo::run(apt.env("DEBIAN_FRONTEND", "noninteractive"), interrupts).await?;
    drop(policy);
    let still_missing = missing_of(packages);
    if !still_missing.is_empty() {
        bail!("still missing after `{install}`: {}", still_missing.join(" "));
    }
    Ok(())
}

/// By what they bring, so that other ways of installing them count too.
fn missing_of<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    let missing = packages.iter().filter(|package| !is_installed(package));
    missing.copied().collect()
}

/// While it lives no package starts a service.
struct Policy {
    /// What was there before, out of the way.
    saved: Option<PathBuf>,
}

impl Policy {
    fn forbid_starts() -> Result<Self> {
        let policy = Path::new(POLICY);
        let aside = Path::new(POLICY_ASIDE);
        // One that is aside already was put there by a run that was killed; what is in its place is ours.
        let saved = (policy.exists() || aside.exists()).then(|| aside.to_owned());
        if let Some(saved) = saved.as_ref().filter(|saved| !saved.exists()) {
            std::fs::rename(policy, saved).with_context(|| format!("cannot move {POLICY} away"))?;
        }
        let guard = Self { saved };
        std::fs::write(policy, "#!/bin/sh\nexit 101\n").with_context(|| format!("cannot write {POLICY}"))?;
        std::fs::set_permissions(policy, std::fs::Permissions::from_mode(0o755))?;
        Ok(guard)
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        let result = match &self.saved {
            Some(saved) => std::fs::rename(saved, POLICY),
            None => std::fs::remove_file(POLICY),
        };
        if let Err(error) = result {
            eprintln!("warning: {POLICY} still forbids services to start: {error}");
        }
    }
}
