//! The one typed source of settings: each documented on its field, read from the environment and `.env`,
//! checked at the start, all errors at once.

mod environment;
mod example;
mod limits;
mod requirements;
mod settings;
mod value;

pub use environment::Environment;
pub use example::example;
pub use requirements::Role;
pub use settings::{Entry, Settings};
pub use value::{
    AmqpUrl, Count, DatabaseUrl, Duration, HttpUrl, LogFilter, LogFormat, Network, Origin, RateSetting,
    RedisUrl, Secret, SettingValue, Unfit,
};

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong and what would be right; never the value of a secret.
    pub reason: String,
}

/// Everything that is wrong with the settings.
#[derive(Debug, PartialEq, Eq)]
pub struct Findings(pub Vec<Finding>);

impl std::fmt::Display for Findings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.len() == 1 {
            "a setting is wrong:"
        } else {
            "settings are wrong:"
        })?;
        for Finding { variable, reason } in &self.0 {
            write!(f, "\n  {variable}: {reason}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}

#[cfg(test)]
mod tests;
