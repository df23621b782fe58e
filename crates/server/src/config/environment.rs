//! Where settings come from: the process's environment over a `.env` file in the working folder.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result};

/// Variables by name. An empty variable counts as unset; one in the environment also hides that of the file.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
    /// Names that the file alone brought, to tell a misspelt one.
    from_file: Vec<String>,
}

impl Environment {
    /// What the process was given, and `.env` in the working folder when there is one.
    pub fn of_process() -> Result<Self> {
        Self::with_file(Path::new(".env"), std::env::vars_os())
    }

    /// These variables alone.
    pub fn of(variables: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()));
        Self {
            variables: variables.collect(),
            from_file: Vec::new(),
        }
    }

    pub(crate) fn with_file(
        file: &Path,
        process: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self> {
        let mut environment = Self::default();
        match dotenvy::from_path_iter(file) {
            Ok(lines) => {
                for line in lines {
                    // dotenvy's own error holds the whole line, which may be a secret.
                    let (name, value) = line.map_err(|_| {
                        anyhow::anyhow!(
                            "{} has a line that is not NAME=value (values with spaces, # or quotes belong in quotes)",
                            file.display()
                        )
                    })?;
                    environment.from_file.push(name.clone());
                    environment.variables.insert(name, value.into());
                }
            }
            Err(error) if error.not_found() => {}
            Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
        }
        for (name, value) in process {
            // A name that is not UTF-8 is none of ours.
            if let Ok(name) = name.into_string() {
                environment.variables.insert(name, value);
            }
        }
        Ok(environment)
    }

    /// The value of a variable, if it has one; `Err` when it is not UTF-8.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, ()> {
        match self.variables.get(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(value) => value.to_str().map(Some).ok_or(()),
        }
    }

    /// Whether a variable has a value.
    pub fn is_set(&self, name: &str) -> bool {
        self.variables.get(name).is_some_and(|value| !value.is_empty())
    }

    /// Names in the file that are no setting.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.from_file.iter().map(String::as_str).filter(|name| {
            let base = name.strip_suffix("_FILE").unwrap_or(name);
            !super::Settings::entries()
                .iter()
                .any(|entry| entry.variable == *name || entry.variable == base)
        })
    }
}
