//! Every Rust file says in its first line what it is, or is opened by its crate's README.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

const FOLDERS: [&str; 3] = ["crates", "migration", "xtask"];

/// The files of ours that do not open with a `//!` sentence or with the README.
pub(crate) fn files_without(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != "target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !opens_well(&fs::read_to_string(&path)?)
            {
                found.push(path.strip_prefix(root)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn opens_well(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    // A crate's README opens its root.
    first
        .strip_prefix("//! ")
        .is_some_and(|sentence| !sentence.trim().is_empty())
        || first == r#"#![doc = include_str!("../README.md")]"#
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_a_sentence() {
        assert!(opens_well("//! What it is.\n"));
        assert!(opens_well("#![doc = include_str!(\"../README.md\")]\n"));
        for text in [
            "",
            "//!\n//! What it is.\n",
            "use std::fs;\n",
            "// A comment.\n",
            "\n//! Late.\n",
        ] {
            assert!(!opens_well(text), "{text:?}");
        }
    }
}
