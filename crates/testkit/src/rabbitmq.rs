//! A throwaway RabbitMQ server with its management API.
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::postgres::address_of;
use crate::process::{Command, Process, Signal};
use crate::system_user::SystemUser;
use crate::{packages, ports, scratch};

const READY_TIMEOUT: Duration = Duration::from_secs(90);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
const CTL_TIMEOUT: Duration = Duration::from_secs(30);
const READY_LINE: &str = "Server startup complete";

/// A RabbitMQ node on 127.0.0.1, with its own epmd and the user `guest`. Tests are kept apart by virtual hosts.
#[derive(Debug)]
pub struct RabbitMq {
    base_url: String,
    management_url: String,
    http: reqwest::Client,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    // In the order in which they have to go.
    node: Mutex<Option<Process>>,
    _epmd: Process,
    server: Command,
    ctl: Command,
    _folder: TempDir,
}

impl RabbitMq {
    /// Starts a node; five to seven seconds and 150 MB.
    pub async fn start() -> Result<Self> {
        let binaries = packages::rabbitmq_folder()?;
        let epmd = packages::binary("epmd", "erlang-base")?;
        let user = SystemUser::for_server("rabbitmq", "rabbitmq-server")?;
        let folder = scratch::folder("rabbitmq")?;
        scratch::give_to(folder.path(), user.as_ref())?;
        let [port, management_port, dist_port, epmd_port] = std::array::from_fn(|_| ports::free_port());
        let path = |name: &str| folder.path().join(name);

        let plugins = path("enabled_plugins");
        std::fs::write(&plugins, "[rabbitmq_management].\n")?;
        scratch::give_to(&plugins, user.as_ref())?;
        let config = path("rabbitmq.conf");
        std::fs::write(
            &config,
            format!(
                "management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management_port}\n\
                 log.console = true\nlog.console.level = info\nlog.file = false\n\
                 vm_memory_high_watermark.absolute = 1GB\ndisk_free_limit.absolute = 50MB\n"
            ),
        )?;
        let command = |name: &str, program| {
            Command::new(name, program)
                .env("HOME", folder.path())
                .env("ERL_EPMD_PORT", epmd_port.to_string())
                .env("ERL_EPMD_ADDRESS", "127.0.0.1")
                .folder(folder.path())
                .run_as(user.clone())
        };

        // Left to itself the node starts an epmd that outlives it.
        let epmd = command("epmd", epmd)
            .args(["-port", &epmd_port.to_string(), "-address", "127.0.0.1"])
            .start()?;
        crate::waiting::poll(Duration::from_secs(10), async || {
            tokio::net::TcpStream::connect(("127.0.0.1", epmd_port))
                .await
                .ok()
        })
        .await
        .with_context(|| format!("epmd does not listen:\n{}", epmd.log().tail(20)))?;

        let erlang = |name: &str, program: &str| {
            command(name, binaries.join(program))
                .env("RABBITMQ_NODENAME", format!("confab{port}@localhost"))
                .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
                .env("RABBITMQ_MNESIA_BASE", path("mnesia"))
                .env("RABBITMQ_LOG_BASE", path("log"))
                .env("RABBITMQ_ENABLED_PLUGINS_FILE", &plugins)
        };
        let server = erlang("rabbitmq", "rabbitmq-server")
            .env("RABBITMQ_NODE_PORT", port.to_string())
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_DIST_PORT", dist_port.to_string())
            .env("RABBITMQ_CONFIG_FILE", &config)
            .env("RABBITMQ_PID_FILE", path("pid"))
            // The script then becomes the node instead of watching over it, so that signals reach the node.
            .env("RUNNING_UNDER_SYSTEMD", "true");
        let ctl = erlang("rabbitmqctl", "rabbitmqctl");

        let node = server.clone().start()?;
        node.wait_for_line(READY_LINE, READY_TIMEOUT).await?;
        Ok(Self {
            base_url: format!("amqp://guest:guest@127.0.0.1:{port}"),
            management_url: format!("http://guest:guest@127.0.0.1:{management_port}"),
            http: management_client()?,
            own: Some(Own {
                node: Mutex::new(Some(node)),
                _epmd: epmd,
                server,
                ctl,
                _folder: folder,
            }),
        })
    }

    /// A server that somebody else started and stops, by its AMQP URL and that of its management API.
    pub fn at(url: &str, management_url: &str) -> Result<Self> {
        let base = match url.split_once("://").map(|(_, rest)| rest.find('/')) {
            Some(Some(slash)) => {
                &url[..url.len() - url.split_once("://").map_or(0, |(_, rest)| rest.len()) + slash]
            }
            Some(None) => url,
            None => bail!("a RabbitMQ URL looks like amqp://user:password@host:port"),
        };
        Ok(Self {
            base_url: base.to_owned(),
            management_url: management_url.trim_end_matches('/').to_owned(),
            http: management_client()?,
            own: None,
        })
    }

    /// The AMQP URL of the default virtual host.
    pub fn url(&self) -> String {
        format!("{}/%2f", self.base_url)
    }

    /// The URL of the management API, with its user and password.
    pub fn management_url(&self) -> &str {
        &self.management_url
    }

    /// `host:port` of AMQP, for a proxy in front of it.
    pub fn address(&self) -> &str {
        address_of(&self.base_url)
    }

    /// Makes a virtual host with a name of its own and returns its AMQP URL; about 20 ms.
    pub async fn create_vhost(&self) -> Result<String> {
        let name = format!("t-{}", uuid::Uuid::new_v4().simple());
        self.manage(Method::PUT, &format!("vhosts/{name}"), None).await?;
        let everything = json!({"configure": ".*", "write": ".*", "read": ".*"});
        self.manage(
            Method::PUT,
            &format!("permissions/{name}/guest"),
            Some(&everything),
        )
        .await?;
        Ok(format!("{}/{name}", self.base_url))
    }

    /// Calls the management API (`path` is what follows `/api/`) and returns its JSON, or null.
    ///
    /// Names and bindings in it are current; its statistics lag by some seconds.
    pub async fn manage(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self
            .http
            .request(method.clone(), format!("{}/api/{path}", self.management_url));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("RabbitMQ answered {method} {path} with {status}: {text}");
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// Deletes a queue under the feet of whoever uses it. `vhost_url` is what [`Self::create_vhost`] returned.
    pub async fn delete_queue(&self, vhost_url: &str, queue: &str) -> Result<()> {
        let path = format!("queues/{}/{queue}", vhost_of(vhost_url)?);
        self.manage(Method::DELETE, &path, None).await.map(drop)
    }

    /// Deletes an exchange under the feet of whoever uses it.
    pub async fn delete_exchange(&self, vhost_url: &str, exchange: &str) -> Result<()> {
        let path = format!("exchanges/{}/{exchange}", vhost_of(vhost_url)?);
        self.manage(Method::DELETE, &path, None).await.map(drop)
    }

    /// Runs `rabbitmqctl`; about a second. Refused for a server that somebody else started.
    pub async fn ctl(&self, args: &[&str]) -> Result<String> {
        self.own()?.ctl.clone().args(args).run(CTL_TIMEOUT).await
    }

    /// Raises the memory alarm (publishers block) or lowers it.
    pub async fn set_memory_alarm(&self, raised: bool) -> Result<()> {
        // Zero blocks all publishers at once.
        let limit: &[&str] = if raised { &["0"] } else { &["absolute", "1GB"] };
        self.ctl(&[&["set_vm_memory_high_watermark"], limit].concat())
            .await
            .map(drop)
    }

    /// Stops the broker in the running node: connections close, data stays.
    pub async fn stop_app(&self) -> Result<()> {
        self.ctl(&["stop_app"]).await.map(drop)
    }

    /// Starts the broker again in the running node.
    pub async fn start_app(&self) -> Result<()> {
        self.ctl(&["start_app"]).await.map(drop)
    }

    /// Makes the node write what it knows of virtual hosts, exchanges and queues to its disk.
    ///
    /// Mnesia keeps the last two seconds of its log in memory: a node that is killed within them has forgotten
    /// what it had confirmed.
    pub async fn sync_definitions(&self) -> Result<()> {
        self.ctl(&["eval", "mnesia:sync_log()."]).await.map(drop)
    }

    /// Kills the node (SIGKILL).
    pub async fn kill(&self) -> Result<()> {
        self.take().await?.kill().await.map(drop)
    }

    /// Stops the node in order.
    pub async fn stop(&self) -> Result<()> {
        self.take().await?.terminate(STOP_TIMEOUT).await.map(drop)
    }

    /// Freezes the node: connections stay open, and nothing moves.
    pub async fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP).await
    }

    /// Thaws the node.
    pub async fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT).await
    }

    /// Starts the killed or stopped node again, on the same port, data kept; about five seconds.
    pub async fn start_again(&self) -> Result<()> {
        let own = self.own()?;
        let mut slot = own.node.lock().await;
        if slot.is_some() {
            bail!("RabbitMQ is running already");
        }
        let node = own.server.clone().start()?;
        node.wait_for_line(READY_LINE, READY_TIMEOUT).await?;
        *slot = Some(node);
        Ok(())
    }

    /// The process id of the server; none when it is stopped or somebody else started it.
    pub async fn pid(&self) -> Option<u32> {
        self.own.as_ref()?.node.lock().await.as_ref().map(Process::pid)
    }

    /// The last lines of the node's log; empty for one that somebody else started.
    pub async fn log_tail(&self, lines: usize) -> String {
        let Some(own) = &self.own else {
            return String::new();
        };
        own.node
            .lock()
            .await
            .as_ref()
            .map(|node| node.log().tail(lines))
            .unwrap_or_default()
    }

    async fn signal(&self, signal: Signal) -> Result<()> {
        self.own()?
            .node
            .lock()
            .await
            .as_ref()
            .context("RabbitMQ is stopped")?
            .signal(signal)
    }

    async fn take(&self) -> Result<Process> {
        self.own()?
            .node
            .lock()
            .await
            .take()
            .context("RabbitMQ is stopped already")
    }

    fn own(&self) -> Result<&Own> {
        self.own.as_ref().ok_or_else(|| {
            anyhow!("this RabbitMQ is shared by all tests: start one with `RabbitMq::start` to stop it")
        })
    }
}

fn management_client() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(30))
        // Each test has a runtime of its own, and a kept connection dies with the one that opened it.
        .pool_max_idle_per_host(0)
        .build()?)
}

fn vhost_of(url: &str) -> Result<&str> {
    let (_, vhost) = url
        .rsplit_once('/')
        .context("an AMQP URL ends with a virtual host")?;
    Ok(vhost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_a_given_server() {
        for url in [
            "amqp://guest:guest@127.0.0.1:5672",
            "amqp://guest:guest@127.0.0.1:5672/",
            "amqp://guest:guest@127.0.0.1:5672/%2f",
        ] {
            let server = RabbitMq::at(url, "http://guest:guest@127.0.0.1:15672/").unwrap();
            assert_eq!(server.url(), "amqp://guest:guest@127.0.0.1:5672/%2f");
            assert_eq!(server.address(), "127.0.0.1:5672");
            assert_eq!(server.management_url(), "http://guest:guest@127.0.0.1:15672");
        }
        assert!(RabbitMq::at("somewhere", "").is_err());
    }
}
