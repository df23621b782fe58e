//! What happens to every request around its handler.

mod headers;
mod scope;
mod trailing_slash;

pub use headers::cors;
pub(crate) use headers::security_headers;
pub use scope::describe_metrics;
pub(crate) use scope::{panicked, scope};
pub use trailing_slash::without_trailing_slash;
