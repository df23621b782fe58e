//! The Debian packages that tests need, and where their binaries are.
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

/// The packages that [`crate::Servers`] and the tests of other languages' clients need.
pub const DEBIAN: [&str; 6] = [
    "postgresql",
    "rabbitmq-server",
    "redis-server",
    "python3",
    "python3-pika",
    "python3-websockets",
];

/// The packages that the client library and the page need.
pub const NODE: [&str; 2] = ["nodejs", "npm"];

/// The package in which the page is tested and measured.
pub const BROWSER: [&str; 1] = ["chromium"];

/// Folders that are searched besides `PATH`, which for non-root users often lacks the sbin ones.
const FOLDERS: [&str; 6] = [
    "/usr/local/bin",
    "/usr/bin",
    "/bin",
    "/usr/local/sbin",
    "/usr/sbin",
    "/usr/lib/rabbitmq/bin",
];

/// Whether what a package of [`DEBIAN`], [`NODE`] or [`BROWSER`] brings is there, however it came.
pub fn is_installed(package: &str) -> bool {
    let debian_module = |name: &str| Path::new("/usr/lib/python3/dist-packages").join(name).is_dir();
    match package {
        "postgresql" => postgres_folder().is_ok(),
        "rabbitmq-server" => rabbitmq_folder().is_ok() && binary("epmd", "erlang-base").is_ok(),
        "nodejs" => binary("node", "nodejs").is_ok(),
        "python3" => Path::new("/usr/bin/python3").is_file(),
        "python3-pika" => debian_module("pika"),
        "python3-websockets" => debian_module("websockets"),
        program => binary(program, package).is_ok(),
    }
}

/// The path of a program, or an error that says which Debian package brings it.
pub fn binary(name: &str, package: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(FOLDERS.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| missing(name, package))
}

/// The folder with the newest installed PostgreSQL's binaries, which Debian keeps out of `PATH`.
pub(crate) fn postgres_folder() -> Result<PathBuf> {
    let newest = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .max_by_key(|(version, _)| *version);
    if let Some((_, folder)) = newest {
        return Ok(folder);
    }
    let initdb = binary("initdb", "postgresql")?;
    Ok(initdb.parent().unwrap_or(Path::new("/usr/bin")).to_owned())
}

/// The server script of RabbitMQ. The one in `/usr/sbin` insists on the system's own folders.
pub(crate) fn rabbitmq_folder() -> Result<PathBuf> {
    let folder = Path::new("/usr/lib/rabbitmq/bin");
    if folder.join("rabbitmq-server").is_file() {
        return Ok(folder.to_owned());
    }
    Err(missing(
        "/usr/lib/rabbitmq/bin/rabbitmq-server",
        "rabbitmq-server",
    ))
}

fn missing(name: &str, package: &str) -> anyhow::Error {
    anyhow!(
        "{name} is not installed: run `apt-get install {package}`, or `cargo xtask test` as root, which does"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_binary_names_its_package() {
        let error = binary("no-such-thing", "thing-server").unwrap_err().to_string();
        assert!(
            error.contains("no-such-thing") && error.contains("apt-get install thing-server"),
            "{error}"
        );
    }

    #[test]
    fn finds_what_every_system_has() {
        assert!(binary("setpriv", "util-linux").unwrap().is_absolute());
    }
}
