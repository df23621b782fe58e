#![doc = include_str!("../README.md")]

mod budgets;
mod cursor;
mod documents;
mod extract;
mod failure;
mod middleware;
mod openapi;
mod pages;
mod router;
mod routes;
mod scopes;
mod settings;
mod web_client;

pub use documents::Documents;
pub use middleware::{cors, describe_metrics, without_trailing_slash};
pub use openapi::openapi;
pub use router::{Api, Demo, Readiness, around_streams};
pub use routes::DemoLogin;
pub use settings::Settings;
