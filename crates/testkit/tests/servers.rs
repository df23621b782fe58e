//! Real servers: separation of tests, crashes, restarts, and what survives them.
use std::time::Duration;

use confab_testkit::{Postgres, RabbitMq, Redis, Servers, TcpProxy, postgres, wait_until};
use serde_json::{Value, json};

type Result = anyhow::Result<()>;

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn shared_postgres_gives_each_test_a_database() -> Result {
    let postgres = Servers::shared().postgres().await;
    let (one, two) = tokio::try_join!(postgres.create_database(), postgres.create_database())?;
    postgres
        .query(&one, "CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2)")
        .await?;
    assert_eq!(
        postgres.query(&one, "SELECT n, n * 2 FROM t ORDER BY n").await?,
        "1|2\n2|4"
    );
    assert!(postgres.query(&two, "SELECT * FROM t").await.is_err());

    let name = one.rsplit('/').next().expect("a URL ends with its database");
    let copy = postgres.create_database_like(name).await?;
    assert_eq!(postgres.query(&copy, "SELECT count(*) FROM t").await?, "2");
    Ok(())
}

#[tokio::test]
async fn postgres_crashes_and_comes_back_with_its_data() -> Result {
    let postgres = Postgres::start_with(postgres::Options {
        fsync: true,
        ..Default::default()
    })
    .await?;
    assert_eq!(postgres.query("postgres", "SHOW fsync").await?, "on");
    assert_eq!(
        postgres.query("postgres", "SHOW listen_addresses").await?,
        "127.0.0.1"
    );
    let url = postgres.create_database().await?;
    postgres
        .query(&url, "CREATE TABLE t (n int); INSERT INTO t VALUES (7)")
        .await?;

    postgres.restart_immediate().await?;
    assert_eq!(postgres.query(&url, "SELECT n FROM t").await?, "7");
    assert!(
        postgres.log_tail(50).await.contains("was not properly shut down"),
        "it was a crash"
    );
    assert!(postgres.start_again().await.is_err(), "it runs already");

    postgres.kill().await?;
    assert!(postgres.query(&url, "SELECT 1").await.is_err());
    postgres.start_again().await?;
    assert_eq!(postgres.query(&url, "SELECT n FROM t").await?, "7");

    postgres.stop().await?;
    assert!(postgres.stop().await.is_err(), "it is stopped already");
    postgres.start_again().await?;
    assert_eq!(postgres.query(&url, "SELECT n FROM t").await?, "7");
    Ok(())
}

#[tokio::test]
async fn a_foreign_postgres_is_used_but_not_stopped() -> Result {
    let owner = Postgres::start().await?;
    let user = Postgres::at(&owner.url("postgres"))?;
    let url = user.create_database().await?;
    assert_eq!(owner.query(&url, "SELECT 1").await?, "1");
    assert!(
        user.stop()
            .await
            .unwrap_err()
            .to_string()
            .contains("shared by all tests")
    );
    assert!(Postgres::at("127.0.0.1:5432").is_err());
    Ok(())
}

#[tokio::test]
async fn rabbitmq_keeps_tests_apart_and_survives_kills() -> Result {
    let rabbitmq = RabbitMq::start().await?;
    let (one, two) = tokio::try_join!(rabbitmq.create_vhost(), rabbitmq.create_vhost())?;
    assert_ne!(one, two);
    assert_eq!(vhosts(&rabbitmq).await?, 3);

    let queue = format!("queues/{}/q", one.rsplit('/').next().expect("a vhost"));
    rabbitmq
        .manage(reqwest::Method::PUT, &queue, Some(&json!({"durable": true})))
        .await?;
    rabbitmq.sync_definitions().await?;
    rabbitmq.kill().await?;
    assert!(rabbitmq.manage(reqwest::Method::GET, &queue, None).await.is_err());
    rabbitmq.start_again().await?;
    assert_eq!(
        rabbitmq.manage(reqwest::Method::GET, &queue, None).await?["durable"],
        json!(true)
    );
    rabbitmq.delete_queue(&one, "q").await?;
    assert!(rabbitmq.manage(reqwest::Method::GET, &queue, None).await.is_err());

    rabbitmq.set_memory_alarm(true).await?;
    wait_until("the alarm is raised", SOON, async || {
        rabbitmq
            .manage(reqwest::Method::GET, "health/checks/alarms", None)
            .await
            .is_err()
    })
    .await;
    rabbitmq.set_memory_alarm(false).await?;

    rabbitmq.stop_app().await?;
    assert!(tokio::net::TcpStream::connect(rabbitmq.address()).await.is_err());
    rabbitmq.start_app().await?;
    tokio::net::TcpStream::connect(rabbitmq.address()).await?;
    rabbitmq.stop().await?;
    assert!(rabbitmq.kill().await.is_err(), "it is stopped already");
    Ok(())
}

async fn vhosts(rabbitmq: &RabbitMq) -> anyhow::Result<usize> {
    let vhosts = rabbitmq.manage(reqwest::Method::GET, "vhosts", None).await?;
    Ok(vhosts.as_array().map_or(0, Vec::len))
}

#[tokio::test]
async fn shared_rabbitmq_hands_out_virtual_hosts() -> Result {
    let rabbitmq = Servers::shared().rabbitmq().await;
    let url = rabbitmq.create_vhost().await?;
    let name = url.rsplit('/').next().expect("a vhost");
    let answer = rabbitmq
        .manage(reqwest::Method::GET, &format!("vhosts/{name}"), None)
        .await?;
    assert_eq!(answer["name"], Value::from(name));
    Ok(())
}

#[tokio::test]
async fn redis_forgets_when_flushed_or_killed() -> Result {
    let redis = Redis::start().await?;
    redis.command(&["SET", "key", "a value\r\nof two lines"]).await?;
    assert_eq!(
        redis.command(&["GET", "key"]).await?,
        "$21\r\na value\r\nof two lines\r\n"
    );
    redis.flush().await?;
    assert_eq!(redis.command(&["GET", "key"]).await?, "$-1\r\n");

    redis.command(&["SET", "key", "1"]).await?;
    redis.kill().await?;
    assert!(redis.command(&["PING"]).await.is_err());
    redis.start_again().await?;
    assert_eq!(redis.command(&["EXISTS", "key"]).await?, ":0\r\n");

    redis.pause().await?;
    let asked = tokio::time::timeout(Duration::from_millis(100), redis.command(&["PING"])).await;
    assert!(asked.is_err(), "a frozen server answers nothing");
    redis.resume().await?;
    assert_eq!(redis.command(&["PING"]).await?, "+PONG\r\n");
    Ok(())
}

#[tokio::test]
async fn shared_redis_is_kept_apart_by_prefix_and_never_flushed() -> Result {
    let redis = Servers::shared().redis().await;
    assert_ne!(redis.unique_prefix(), redis.unique_prefix());
    assert_eq!(redis.command(&["PING"]).await?, "+PONG\r\n");
    let given = Redis::at(redis.url())?;
    assert!(
        given
            .flush()
            .await
            .unwrap_err()
            .to_string()
            .contains("shared by all tests")
    );
    Ok(())
}

#[tokio::test]
async fn a_proxy_stands_between() -> Result {
    let redis = Redis::start().await?;
    let proxy = TcpProxy::start(redis.address())?;
    let through = Redis::at(&proxy.url(redis.url()))?;
    assert_eq!(through.command(&["PING"]).await?, "+PONG\r\n");
    proxy.cut().await;
    assert!(through.command(&["PING"]).await.is_err());
    proxy.pass().await?;
    assert_eq!(through.command(&["PING"]).await?, "+PONG\r\n");
    Ok(())
}
