//! `cargo xtask lint`: everything that can be judged without running the tests.
use std::process::ExitCode;

use anyhow::Result;
use confab_testkit::packages;
use tokio::process::Command;

use crate::interrupt::Interrupts;
use crate::{cargo, debian, headers, web};

/// Newer ones may warn of more, and a lint must not fail by itself overnight.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// Runs every step even when one fails, and lists the failed ones at the end.
pub(crate) async fn run(advisories: bool) -> Result<ExitCode> {
    let mut interrupts = Interrupts::listen()?;
    ensure_cargo_deny(&mut interrupts).await?;
    debian::ensure_packages(&packages::NODE, &mut interrupts).await?;
    let web = web::packages(&mut interrupts).await?;
    let mut failed = Vec::new();
    let web = web.iter().map(|package| (package.name(), package.lint()));
    for (name, mut command) in steps(advisories).into_iter().chain(web) {
        if !cargo::status(&mut command, &mut interrupts).await?.success() {
            failed.push(name);
        }
    }
    let unopened = headers::files_without(&crate::root()?)?;
    for file in &unopened {
        eprintln!("{} does not open with a `//!` sentence", file.display());
    }
    if !unopened.is_empty() {
        failed.push("headers");
    }
    if failed.is_empty() {
        eprintln!("all is well");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("failed: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

fn steps(advisories: bool) -> Vec<(&'static str, Command)> {
    let cargo_with = |arguments: &[&str]| {
        let mut command = cargo::cargo();
        command.args(arguments);
        command
    };
    let mut doc = cargo_with(&[
        "doc",
        "--workspace",
        "--no-deps",
        "--locked",
        "--document-private-items",
    ]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    let deny = |options: &[&str], checks: &[&str]| {
        let mut command = cargo_with(&["deny", "--locked"]);
        command
            .args(options)
            .args(["check", "--hide-inclusion-graph"])
            .args(checks);
        command
    };
    let mut steps = vec![
        ("fmt", cargo_with(&["fmt", "--all", "--check"])),
        ("licenses and sources", deny(&[], &["licenses", "sources"])),
        // The arrows of the house bind what is shipped; tests may cross it as they need.
        ("bans", deny(&["--exclude-dev"], &["bans"])),
        ("clippy", cargo_with(&clippy)),
        ("doc", doc),
    ];
    if advisories {
        steps.push(("advisories", deny(&[], &["advisories"])));
    }
    steps
}

async fn ensure_cargo_deny(interrupts: &mut Interrupts) -> Result<()> {
    let version = cargo::cargo().args(["deny", "--version"]).output().await?;
    if version.status.success() {
        return Ok(());
    }
    let install = [
        "install",
        "--locked",
        "cargo-deny",
        "--version",
        CARGO_DENY_VERSION,
    ];
    cargo::run(cargo::cargo().args(install), interrupts).await
}
