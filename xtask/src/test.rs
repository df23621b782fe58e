//! `cargo xtask test`: all tests on one set of throwaway servers.
use std::process::ExitCode;

use anyhow::Result;
use confab_testkit::{Servers, packages};

use crate::interrupt::Interrupts;
use crate::{cargo, debian, web};

/// Runs it; the exit code is that of `cargo test`. Without arguments the web's tests follow.
pub(crate) async fn run(arguments: Vec<String>) -> Result<ExitCode> {
    let mut interrupts = Interrupts::listen()?;
    let needed = [&packages::DEBIAN[..], &packages::NODE, &packages::BROWSER].concat();
    debian::ensure_packages(&needed, &mut interrupts).await?;
    // Compile first: a mistake shows before any server is started. This builds the `confab` binary too, for the tests
    // of its package run it.
    let selection = selection(&arguments);
    cargo::run(
        cargo::cargo()
            .args(["test", "--locked", "--no-run"])
            .args(&selection),
        &mut interrupts,
    )
    .await?;

    eprintln!("starting PostgreSQL, RabbitMQ and Redis");
    // Ours alone, not the shared ones of this process: these are dropped, and so ended and removed, at the end.
    let servers = Servers::default();
    let variables = tokio::select! {
        variables = servers.variables() => variables,
        _ = interrupts.next() => anyhow::bail!("interrupted"),
    };
    let mut test = cargo::cargo();
    // One failure does not hide the others.
    test.args(["test", "--locked", "--no-fail-fast"])
        .args(selection_then_rest(&selection, &arguments))
        .envs(variables);
    let status = cargo::status(&mut test, &mut interrupts).await?;
    drop(servers);
    let is_web_well = !arguments.is_empty() || tests_of_web_pass(&mut interrupts).await?;
    if status.success() && !is_web_well {
        return Ok(ExitCode::FAILURE);
    }
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Tests the client library and the page on the binary that was just built.
async fn tests_of_web_pass(interrupts: &mut Interrupts) -> Result<bool> {
    let confab = web::built_binary()?;
    let mut are_well = true;
    for package in web::packages(interrupts).await? {
        let status = cargo::status(&mut package.test(&confab), interrupts).await?;
        are_well &= status.success();
    }
    Ok(are_well)
}

/// What of the arguments chooses what to compile: all before `--`, and the whole workspace unless a package is named.
fn selection(arguments: &[String]) -> Vec<String> {
    let chosen: Vec<String> = arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .cloned()
        .collect();
    let names_package = chosen.iter().any(|argument| {
        argument.starts_with("-p") || argument.starts_with("--package") || argument == "--workspace"
    });
    let workspace = (!names_package).then(|| "--workspace".to_owned());
    workspace.into_iter().chain(chosen).collect()
}

fn selection_then_rest<'a>(
    selection: &'a [String],
    arguments: &'a [String],
) -> impl Iterator<Item = &'a String> {
    selection
        .iter()
        .chain(arguments.iter().skip_while(|argument| *argument != "--"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(arguments: &[&str]) -> String {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let selection = selection(&arguments);
        selection_then_rest(&selection, &arguments)
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn arguments_reach_cargo_in_order() {
        assert_eq!(whole(&[]), "--workspace");
        assert_eq!(whole(&["--", "name"]), "--workspace -- name");
        assert_eq!(
            whole(&["--release", "--", "--nocapture"]),
            "--workspace --release -- --nocapture"
        );
        assert_eq!(
            whole(&["-p", "confab-domain", "rights", "--", "--exact"]),
            "-p confab-domain rights -- --exact"
        );
        assert_eq!(whole(&["--package=confab-domain"]), "--package=confab-domain");
    }
}
