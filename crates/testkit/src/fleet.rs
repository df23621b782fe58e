//! Confab as a fleet: one process per role and instance, on servers that can be taken away from it.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{Postgres, RabbitMq, Redis, Servers, TcpProxy, ports, postgres, scratch};

mod member;

pub use member::{Member, Role};

use crate::process::Command;

const MIGRATE_TIMEOUT: Duration = Duration::from_mins(1);

/// What a fleet is to be made of.
#[derive(Debug)]
#[must_use = "a fleet does nothing until it is started"]
pub struct Builder {
    binary: PathBuf,
    gateways: usize,
    apis: usize,
    publishers: usize,
    env: BTreeMap<String, String>,
    own_servers: bool,
    is_durable: bool,
    via_proxy: [bool; 3],
}

/// The three servers that a fleet stands on, and the links to them.
#[derive(Debug)]
pub struct Pipes {
    postgres: Server<Postgres>,
    rabbitmq: Server<RabbitMq>,
    redis: Redis,
    /// What the processes get, which leads through the proxies where there are any.
    database_url: String,
    rabbitmq_url: String,
    redis_url: String,
    /// What leads past the proxies.
    direct: [String; 3],
    proxies: [Option<TcpProxy>; 3],
}

#[derive(Debug)]
enum Server<T: 'static> {
    Own(Box<T>),
    Shared(&'static T),
}

impl<T> Server<T> {
    fn get(&self) -> &T {
        match self {
            Self::Own(server) => server,
            Self::Shared(server) => server,
        }
    }
}

/// A running fleet. Dropping it kills all of it.
#[derive(Debug)]
pub struct Fleet {
    // Before what they stand on.
    members: Vec<Arc<Member>>,
    pipes: Pipes,
    _folder: TempDir,
}

impl Fleet {
    /// A fleet of this binary: by default two gateways, one API and two publishers, with a database and a virtual
    /// host of its own on the shared servers, and a Redis of its own.
    pub fn builder(binary: impl AsRef<Path>) -> Builder {
        Builder {
            binary: binary.as_ref().to_owned(),
            gateways: 2,
            apis: 1,
            publishers: 2,
            env: BTreeMap::new(),
            own_servers: false,
            is_durable: false,
            via_proxy: [false; 3],
        }
    }

    /// All processes: APIs, gateways, publishers.
    pub fn members(&self) -> &[Arc<Member>] {
        &self.members
    }

    /// The gateway with this index, from 0.
    ///
    /// # Panics
    /// When there are fewer.
    pub fn gateway(&self, index: usize) -> &Arc<Member> {
        self.member(Role::Gateway, index)
    }

    /// The API with this index, from 0.
    ///
    /// # Panics
    /// When there are fewer.
    pub fn api(&self, index: usize) -> &Arc<Member> {
        self.member(Role::Api, index)
    }

    /// The event publisher with this index, from 0.
    ///
    /// # Panics
    /// When there are fewer.
    pub fn publisher(&self, index: usize) -> &Arc<Member> {
        self.member(Role::EventPublisher, index)
    }

    /// The servers beneath.
    pub fn pipes(&self) -> &Pipes {
        &self.pipes
    }

    /// Stops all processes in order (SIGTERM), all at once.
    ///
    /// # Errors
    /// Naming the first that ended with anything but exit code 0, or took longer than `timeout`.
    pub async fn stop(&self, timeout: Duration) -> Result<()> {
        let stopping = self.members.iter().map(|member| member.stop(timeout));
        let results = futures_util::future::join_all(stopping).await;
        results.into_iter().collect()
    }

    /// Waits for the first process to end that nobody here ended, and says which, how, and its last words.
    pub async fn first_death(&self) -> String {
        let deaths = self.members.iter().map(|member| Box::pin(member.death()));
        futures_util::future::select_all(deaths).await.0
    }

    fn member(&self, role: Role, index: usize) -> &Arc<Member> {
        let mut members = self.members.iter().filter(|member| member.role() == role);
        members
            .nth(index)
            .unwrap_or_else(|| panic!("the fleet has no {} number {index}", role.name()))
    }
}

impl Builder {
    /// How many gateways.
    pub fn gateways(mut self, count: usize) -> Self {
        self.gateways = count;
        self
    }

    /// How many APIs.
    pub fn apis(mut self, count: usize) -> Self {
        self.apis = count;
        self
    }

    /// How many event publishers.
    pub fn publishers(mut self, count: usize) -> Self {
        self.publishers = count;
        self
    }

    /// A setting for all processes. It wins over those that the fleet makes.
    pub fn env(mut self, key: &str, value: impl Into<String>) -> Self {
        self.env.insert(key.to_owned(), value.into());
        self
    }

    /// Starts a PostgreSQL and a RabbitMQ for this fleet alone, which may then be stopped, crashed and frozen.
    pub fn own_servers(mut self) -> Self {
        self.own_servers = true;
        self
    }

    /// As [`Self::own_servers`], with a PostgreSQL whose commits reach the disk: for measurements.
    pub fn durable_servers(mut self) -> Self {
        self.is_durable = true;
        self.own_servers()
    }

    /// Puts a [`TcpProxy`] between the processes and PostgreSQL.
    pub fn postgres_via_proxy(mut self) -> Self {
        self.via_proxy[0] = true;
        self
    }

    /// Puts a [`TcpProxy`] between the processes and RabbitMQ.
    pub fn rabbitmq_via_proxy(mut self) -> Self {
        self.via_proxy[1] = true;
        self
    }

    /// Puts a [`TcpProxy`] between the processes and Redis.
    pub fn redis_via_proxy(mut self) -> Self {
        self.via_proxy[2] = true;
        self
    }

    /// Starts the servers, migrates the database, starts all processes and waits until each is ready.
    ///
    /// # Errors
    /// With the last lines of the log of what did not start.
    pub async fn start(self) -> Result<Fleet> {
        let pipes = self.pipes().await?;
        // A folder of their own, so that no `.env` of a developer is found.
        let folder = scratch::folder("fleet")?;
        let mut env = BTreeMap::from([
            ("DATABASE_URL".to_owned(), pipes.database_url.clone()),
            ("RABBITMQ_URL".to_owned(), pipes.rabbitmq_url.clone()),
            ("REDIS_URL".to_owned(), pipes.redis_url.clone()),
            (
                "FILES_DIR".to_owned(),
                folder.path().join("files").display().to_string(),
            ),
            ("HOST".to_owned(), "127.0.0.1".to_owned()),
            ("JWT_SECRET".to_owned(), secret()),
            ("LOG_LEVEL".to_owned(), "info".to_owned()),
            ("LOG_FORMAT".to_owned(), "human".to_owned()),
        ]);
        env.extend(self.env);
        let command = |name: &str| Command::new(name, &self.binary).folder(folder.path()).envs(&env);
        command("confab migrate")
            .arg("migrate")
            .run(MIGRATE_TIMEOUT)
            .await?;

        let members: Vec<Arc<Member>> = [
            (Role::Api, self.apis),
            (Role::Gateway, self.gateways),
            (Role::EventPublisher, self.publishers),
        ]
        .into_iter()
        .flat_map(|(role, count)| (0..count).map(move |index| (role, index)))
        .map(|(role, index)| {
            let (port, admin_port) = (ports::free_port(), ports::free_port());
            let name = format!("{} {index}", role.name());
            let command = command(&name)
                .arg(role.verb())
                .env("PORT", port.to_string())
                .env("ADMIN_PORT", admin_port.to_string());
            Arc::new(Member::new(role, name, command, port, admin_port))
        })
        .collect();
        futures_util::future::try_join_all(members.iter().map(|member| member.start())).await?;
        Ok(Fleet {
            members,
            pipes,
            _folder: folder,
        })
    }

    async fn pipes(&self) -> Result<Pipes> {
        let (postgres, rabbitmq, redis) = if self.own_servers {
            let options = postgres::Options {
                fsync: self.is_durable,
                ..Default::default()
            };
            let (postgres, rabbitmq, redis) =
                tokio::try_join!(Postgres::start_with(options), RabbitMq::start(), Redis::start())?;
            (
                Server::Own(Box::new(postgres)),
                Server::Own(Box::new(rabbitmq)),
                redis,
            )
        } else {
            let shared = Servers::shared();
            let (postgres, rabbitmq, redis) =
                tokio::join!(shared.postgres(), shared.rabbitmq(), Redis::start());
            (Server::Shared(postgres), Server::Shared(rabbitmq), redis?)
        };
        let (database_url, rabbitmq_url) =
            tokio::try_join!(postgres.get().create_database(), rabbitmq.get().create_vhost())?;
        let direct = [database_url, rabbitmq_url, redis.url().to_owned()];

        let addresses = [
            postgres.get().address(),
            rabbitmq.get().address(),
            redis.address(),
        ];
        let mut proxies = [None, None, None];
        for ((proxy, wanted), address) in proxies.iter_mut().zip(self.via_proxy).zip(addresses) {
            if wanted {
                *proxy = Some(TcpProxy::start(address)?);
            }
        }
        let [database_url, rabbitmq_url, redis_url] = std::array::from_fn(|pipe| match &proxies[pipe] {
            Some(proxy) => proxy.url(&direct[pipe]),
            None => direct[pipe].clone(),
        });
        Ok(Pipes {
            postgres,
            rabbitmq,
            redis,
            database_url,
            rabbitmq_url,
            redis_url,
            direct,
            proxies,
        })
    }
}

impl Pipes {
    /// PostgreSQL, past any proxy.
    pub fn postgres(&self) -> &Postgres {
        self.postgres.get()
    }

    /// RabbitMQ, past any proxy.
    pub fn rabbitmq(&self) -> &RabbitMq {
        self.rabbitmq.get()
    }

    /// Redis, past any proxy; always of this fleet alone.
    pub fn redis(&self) -> &Redis {
        &self.redis
    }

    /// The URL of the fleet's database, past any proxy.
    pub fn database_url(&self) -> &str {
        &self.direct[0]
    }

    /// The URL of the fleet's virtual host, past any proxy.
    pub fn rabbitmq_url(&self) -> &str {
        &self.direct[1]
    }

    /// The URL of the fleet's Redis, past any proxy.
    pub fn redis_url(&self) -> &str {
        &self.direct[2]
    }

    /// The link to PostgreSQL.
    ///
    /// # Panics
    /// When the fleet was built without [`Builder::postgres_via_proxy`].
    pub fn postgres_link(&self) -> &TcpProxy {
        self.proxies[0]
            .as_ref()
            .expect("the fleet was built with postgres_via_proxy")
    }

    /// The link to RabbitMQ.
    ///
    /// # Panics
    /// When the fleet was built without [`Builder::rabbitmq_via_proxy`].
    pub fn rabbitmq_link(&self) -> &TcpProxy {
        self.proxies[1]
            .as_ref()
            .expect("the fleet was built with rabbitmq_via_proxy")
    }

    /// The link to Redis.
    ///
    /// # Panics
    /// When the fleet was built without [`Builder::redis_via_proxy`].
    pub fn redis_link(&self) -> &TcpProxy {
        self.proxies[2]
            .as_ref()
            .expect("the fleet was built with redis_via_proxy")
    }

    /// Runs SQL in the fleet's database, past any proxy.
    pub async fn query(&self, sql: &str) -> Result<String> {
        self.postgres()
            .query(self.database_url(), sql)
            .await
            .with_context(|| format!("running {sql}"))
    }
}

/// 256 bits as hexadecimal digits.
fn secret() -> String {
    let bytes: [u8; 32] = rand::random();
    bytes
        .iter()
        .fold(String::new(), |secret, byte| secret + &format!("{byte:02x}"))
}
