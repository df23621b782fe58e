//! The set of servers that all tests of a run share.
use std::sync::LazyLock;

use anyhow::Context;
use tokio::sync::OnceCell;

use crate::{Postgres, RabbitMq, Redis};

/// Names a PostgreSQL server to use instead of starting one.
pub const POSTGRES_URL: &str = "CONFAB_TEST_POSTGRES_URL";
/// Names a RabbitMQ server to use instead of starting one.
pub const RABBITMQ_URL: &str = "CONFAB_TEST_RABBITMQ_URL";
/// The management API of the server that [`RABBITMQ_URL`] names.
pub const RABBITMQ_MANAGEMENT_URL: &str = "CONFAB_TEST_RABBITMQ_MANAGEMENT_URL";
/// Names a Redis server to use instead of starting one.
pub const REDIS_URL: &str = "CONFAB_TEST_REDIS_URL";

/// PostgreSQL, RabbitMQ and Redis, each started when it is first asked for.
///
/// Shared servers are for tests that keep to a database, a virtual host or a key prefix of their own. Who wants
/// to stop, crash or flush a server starts one.
#[derive(Debug, Default)]
pub struct Servers {
    postgres: OnceCell<Postgres>,
    rabbitmq: OnceCell<RabbitMq>,
    redis: OnceCell<Redis>,
}

impl Servers {
    /// The servers of this run: those of the `CONFAB_TEST_…_URL` variables (which `cargo xtask test` sets), or
    /// else a set of this process, which ends with it.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Servers> = LazyLock::new(Servers::default);
        &SHARED
    }

    /// The shared PostgreSQL.
    ///
    /// # Panics
    /// When it cannot be started, saying why (for one: what to install).
    pub async fn postgres(&self) -> &Postgres {
        let server = self
            .postgres
            .get_or_try_init(async || match variable(POSTGRES_URL) {
                Some(url) => Postgres::at(&url).context(POSTGRES_URL),
                None => Postgres::start().await,
            });
        server
            .await
            .unwrap_or_else(|error| panic!("no PostgreSQL for the tests: {error:#}"))
    }

    /// The shared RabbitMQ.
    ///
    /// # Panics
    /// When it cannot be started, saying why.
    pub async fn rabbitmq(&self) -> &RabbitMq {
        let server = self
            .rabbitmq
            .get_or_try_init(async || match variable(RABBITMQ_URL) {
                Some(url) => {
                    let management = variable(RABBITMQ_MANAGEMENT_URL).with_context(|| {
                        format!("{RABBITMQ_URL} is set, so {RABBITMQ_MANAGEMENT_URL} has to be")
                    })?;
                    RabbitMq::at(&url, &management).context(RABBITMQ_URL)
                }
                None => RabbitMq::start().await,
            });
        server
            .await
            .unwrap_or_else(|error| panic!("no RabbitMQ for the tests: {error:#}"))
    }

    /// The shared Redis.
    ///
    /// # Panics
    /// When it cannot be started, saying why.
    pub async fn redis(&self) -> &Redis {
        let server = self.redis.get_or_try_init(async || match variable(REDIS_URL) {
            Some(url) => Redis::at(&url).context(REDIS_URL),
            None => Redis::start().await,
        });
        server
            .await
            .unwrap_or_else(|error| panic!("no Redis for the tests: {error:#}"))
    }

    /// Starts what is not started yet, all three at once, and returns the variables that lead other processes
    /// to them.
    pub async fn variables(&self) -> [(&'static str, String); 4] {
        let (postgres, rabbitmq, redis) = tokio::join!(self.postgres(), self.rabbitmq(), self.redis());
        [
            (POSTGRES_URL, postgres.url("postgres")),
            (RABBITMQ_URL, rabbitmq.url()),
            (RABBITMQ_MANAGEMENT_URL, rabbitmq.management_url().to_owned()),
            (REDIS_URL, redis.url().to_owned()),
        ]
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?
        .into_string()
        .ok()
        .filter(|value| !value.is_empty())
}
