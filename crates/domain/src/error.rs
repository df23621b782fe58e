//! The closed list of failures: as many kinds as there are answers, each keeping its source.

use std::fmt;
use std::time::Duration;

/// What a domain operation answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One field that was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field in the body or frame, e.g. `content` or `members[3].role`.
    pub field: String,
    /// What is wrong and what would be right, for a developer to read.
    pub reason: String,
}

/// Why an operation did not happen.
///
/// `Unavailable` and `Internal` on a write mean *outcome unknown: retry with the same id*;
/// all others mean that this attempt changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One or more fields are wrong.
    #[error("invalid: {}", Fields(.0))]
    Invalid(Vec<FieldError>),
    /// No valid identity.
    #[error("unauthenticated: {0}")]
    Unauthenticated(&'static str),
    /// A known identity that may not do this.
    #[error("forbidden: {0}")]
    Forbidden(&'static str),
    /// It does not exist, or not for this viewer: the two are never told apart.
    #[error("not found")]
    NotFound,
    /// It contradicts what is there.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// A file or body of more bytes than may come in.
    #[error("too large: at most {bytes_max} bytes")]
    TooLarge {
        /// What may come in.
        bytes_max: u64,
    },
    /// A file of more bytes than its owner's quota has left.
    #[error("over the quota: {bytes_left} bytes are left")]
    OverQuota {
        /// What the owner's files may still take up.
        bytes_left: u64,
    },
    /// A kind of file that may not come in; says which.
    #[error("unsupported media: {0}")]
    UnsupportedMedia(String),
    /// Too many attempts; this one created nothing.
    #[error("rate limited for {retry_after:?}")]
    RateLimited {
        /// When a further attempt can succeed.
        retry_after: Duration,
        /// The budget that ran out, in attempts per window.
        limit: u32,
        /// The window of that budget.
        window: Duration,
    },
    /// A part we need is away or a room stays blocked. Outcome unknown.
    #[error("unavailable: {0}")]
    Unavailable(&'static str, #[source] Option<Source>),
    /// A bug or broken data. Outcome unknown.
    #[error("internal: {0}")]
    Internal(&'static str, #[source] Option<Source>),
}

/// What a failure came from; for logs only, never shown outside.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

impl Error {
    /// A single wrong field.
    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError {
            field: field.into(),
            reason: reason.into(),
        }])
    }

    /// A part that is away, with what it said.
    pub fn unavailable(what: &'static str, source: impl Into<Source>) -> Self {
        Self::Unavailable(what, Some(source.into()))
    }

    /// A bug or broken data, with what was found.
    pub fn internal(what: &'static str, source: impl Into<Source>) -> Self {
        Self::Internal(what, Some(source.into()))
    }

    /// The name of this kind on the outside.
    pub const fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::Invalid,
            Self::Unauthenticated(_) => Code::Unauthenticated,
            Self::Forbidden(_) => Code::Forbidden,
            Self::NotFound => Code::NotFound,
            Self::Conflict(_) => Code::Conflict,
            Self::TooLarge { .. } | Self::OverQuota { .. } => Code::TooLarge,
            Self::UnsupportedMedia(_) => Code::UnsupportedMedia,
            Self::RateLimited { .. } => Code::RateLimited,
            Self::Unavailable(..) => Code::Unavailable,
            Self::Internal(..) => Code::Internal,
        }
    }
}

/// The closed list of error codes, the same on REST and the sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// 400 (not JSON) or 422 (fields).
    Invalid,
    /// 401.
    Unauthenticated,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 409.
    Conflict,
    /// 413.
    TooLarge,
    /// 415.
    UnsupportedMedia,
    /// 429.
    RateLimited,
    /// 500.
    Internal,
    /// 503.
    Unavailable,
}

impl Code {
    /// All codes, for documents and tests.
    pub const ALL: [Self; 11] = [
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMedia,
        Self::RateLimited,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::UnsupportedMedia => "unsupported_media",
            Self::RateLimited => "rate_limited",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Gathers wrong fields, so that one answer names all of them.
#[derive(Debug, Default)]
pub struct Findings(Vec<FieldError>);

impl Findings {
    /// Notes a wrong field.
    pub fn add(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.0.push(FieldError {
            field: field.into(),
            reason: reason.into(),
        });
    }

    /// Takes the value of a check, or notes its failure under `field`.
    pub fn take<T>(&mut self, field: &str, checked: std::result::Result<T, String>) -> Option<T> {
        match checked {
            Ok(value) => Some(value),
            Err(reason) => {
                self.add(field, reason);
                None
            }
        }
    }

    /// An error when anything was noted.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }
}

struct Fields<'a>(&'a [FieldError]);

impl fmt::Display for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", error.field, error.reason)?;
        }
        Ok(())
    }
}
