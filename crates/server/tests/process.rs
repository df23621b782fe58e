//! The binary from outside: what it refuses, what it makes, how it ends.
#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::path::Path;
use std::time::Duration;

use confab_testkit::http_client::{HttpClient, Method};
use confab_testkit::process::{Command, Process, Signal};
use confab_testkit::web_socket::WebSocket;
use confab_testkit::{free_port, scratch};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(30);

fn confab(folder: &Path, arguments: &[&str]) -> Command {
    Command::new("confab", env!("CARGO_BIN_EXE_confab"))
        .folder(folder)
        .args(arguments)
        .env("PORT", "0")
        .env("ADMIN_PORT", "0")
}

/// A running all-in-one, where it is, and where its admin port is.
async fn all_in_one(command: Command) -> (Process, String, String) {
    let process = command.env("LOG_FORMAT", "json").start().unwrap();
    let line = process.wait_for_line("listening on", PATIENCE).await.unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let url = |field: &str| format!("http://{}", line[field].as_str().unwrap());
    (process, url("address"), url("admin_address"))
}

/// What it says when it refuses to start.
async fn refusal(command: Command) -> String {
    let process = command.start().unwrap();
    let exit = process.wait(PATIENCE).await.unwrap();
    assert_ne!(exit.code, Some(0));
    process.wait_for_line("confab: ", PATIENCE).await.unwrap();
    process.log().tail(50)
}

#[tokio::test]
async fn a_role_of_the_fleet_names_all_that_it_lacks() {
    let folder = scratch::folder("process").unwrap();
    for role in ["api", "gateway"] {
        let said = refusal(confab(folder.path(), &[role])).await;
        for variable in ["DATABASE_URL", "RABBITMQ_URL", "REDIS_URL", "JWT_SECRET"] {
            assert!(
                said.contains(&format!("{variable}: `confab {role}` needs")),
                "{said}"
            );
        }
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing was made"
    );
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let folder = scratch::folder("process").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = refusal(confab(folder.path(), &[]).env("ADMIN_PORT", &port)).await;
    assert!(
        said.contains("ADMIN_PORT: ") && said.contains("0 for any free one"),
        "{said}"
    );
    let said = refusal(confab(folder.path(), &[]).env("PORT", &port)).await;
    assert!(
        said.contains("PORT: ") && !said.contains("ADMIN_PORT: "),
        "{said}"
    );
}

#[tokio::test]
async fn the_all_in_one_needs_nothing_and_ends_in_order() {
    let folder = scratch::folder("process").unwrap();
    let (process, url, admin_url) = all_in_one(confab(folder.path(), &[])).await;
    assert!(folder.path().join("data/jwt.key").exists());

    let client = HttpClient::new(&url);
    assert_eq!(
        client.request(Method::GET, "/health").send().await.expect(200)["status"],
        "ok"
    );
    client.request(Method::GET, "/ready").send().await.expect(200);
    let admin = HttpClient::new(&admin_url);
    let ready = admin.request(Method::GET, "/ready").send().await.expect(200);
    assert_eq!(
        (&ready["status"], &ready["parts"]["database"]["status"]),
        (&json!("ready"), &json!("up"))
    );
    assert!(
        admin
            .request(Method::GET, "/metrics")
            .send()
            .await
            .text()
            .contains("confab_build_info")
    );
    assert_eq!(
        client.request(Method::GET, "/metrics").send().await.status,
        404,
        "not for the public"
    );

    // A second one on the same folder would hear only itself.
    let said = refusal(confab(folder.path(), &[])).await;
    assert!(said.contains("another confab runs"), "{said}");

    // An operator's verbs work beside it.
    let token = confab(folder.path(), &["token", "backend", "--role", "service"])
        .run(PATIENCE)
        .await
        .unwrap();
    let me = client
        .request(Method::GET, "/me")
        .bearer(token.trim())
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&me["username"], &me["role"]),
        (&json!("backend"), &json!("service"))
    );

    let ws_url = format!("{}/ws", url.replace("http", "ws"));
    let mut socket = WebSocket::connect_with_bearer(&ws_url, token.trim())
        .await
        .unwrap();
    socket.expect("hello").await;
    process.signal(Signal::TERM).unwrap();
    assert_eq!(socket.expect_close(PATIENCE).await.code, 4001);
    let exit = process.wait(PATIENCE).await.unwrap();
    assert_eq!(exit.code, Some(0), "{}", process.log().tail(50));
    assert!(process.log().find("\"stopped\"").is_some());
    assert!(
        !process.log().tail(1000).contains(token.trim()),
        "no token in the log"
    );
}

#[tokio::test]
async fn accounts_are_made_and_changed_by_an_operator() {
    let folder = scratch::folder("process").unwrap();
    let run = async |arguments: &[&str]| confab(folder.path(), arguments).run(PATIENCE).await;
    let said = run(&["user", "create", "ada", "--role", "admin"]).await.unwrap();
    let password = said
        .lines()
        .find_map(|line| line.strip_prefix("password: "))
        .unwrap()
        .to_owned();
    assert!(
        run(&["user", "create", "ADA"])
            .await
            .unwrap_err()
            .to_string()
            .contains("username")
    );
    assert!(
        run(&["user", "create", "a"])
            .await
            .unwrap_err()
            .to_string()
            .contains("username")
    );
    assert!(
        run(&["token", "nobody"])
            .await
            .unwrap_err()
            .to_string()
            .contains("--role makes one")
    );
    assert!(run(&["user", "list"]).await.unwrap().contains("admin    ada"));

    let port = free_port().to_string();
    let command = confab(folder.path(), &[]).env("PORT", &port);
    let (_process, url, _) = all_in_one(command).await;
    confab(folder.path(), &["healthcheck", "--ready"])
        .env("PORT", &port)
        .run(PATIENCE)
        .await
        .unwrap();
    let client = HttpClient::new(&url);
    let log_in = async |password: &str| {
        let body = json!({"username": "Ada", "password": password});
        client
            .request(Method::POST, "/auth/login")
            .json(&body)
            .send()
            .await
            .status
    };
    assert_eq!(log_in(&password).await, 200);
    run(&["user", "set-role", "ada", "user"]).await.unwrap();
    run(&["user", "deactivate", "ada"]).await.unwrap();
    assert_eq!(log_in(&password).await, 401);
    run(&["user", "reactivate", "ada"]).await.unwrap();
    assert_eq!(log_in(&password).await, 200);
    let said = run(&["user", "set-password", "ada"]).await.unwrap();
    assert_eq!(log_in(&password).await, 401);
    assert_eq!(log_in(said.trim().strip_prefix("password: ").unwrap()).await, 200);
}

#[tokio::test]
async fn keys_are_made_listed_and_taken_back_by_an_operator() {
    let folder = scratch::folder("process").unwrap();
    let run = async |arguments: &[&str]| confab(folder.path(), arguments).run(PATIENCE).await;
    let refused = run(&["api-key", "create", "shop", "--scope", "everything"]).await;
    assert!(refused.unwrap_err().to_string().contains("scopes"));
    let create = [
        "api-key",
        "create",
        "shop",
        "--scope",
        "read,rooms",
        "--expires",
        "90d",
    ];
    let key = run(&create).await.unwrap().trim().to_owned();
    assert!(key.starts_with("ck_"), "{key}");
    run(&["user", "create", "ada"]).await.unwrap();
    let refused = run(&["api-key", "create", "ada", "--scope", "all"]).await;
    assert!(refused.unwrap_err().to_string().contains("a person's account"));
    let listed = run(&["api-key", "list"]).await.unwrap();
    let (id, rest) = listed.trim().split_once(' ').unwrap();
    assert!(rest.ends_with("read,rooms never By an operator"), "{listed}");
    assert!(!listed.contains(&key));

    let port = free_port().to_string();
    let command = confab(folder.path(), &[]).env("PORT", &port);
    let (process, url, _) = all_in_one(command).await;
    let client = HttpClient::new(&url);
    assert_eq!(client.get("/me", &key).await.expect(200)["username"], "shop");
    run(&["api-key", "revoke", id]).await.unwrap();
    client.get("/me", &key).await.expect(401);
    assert!(run(&["api-key", "revoke", id]).await.is_err());
    assert!(!process.log().tail(1000).contains(&key), "no key in the log");
}

#[tokio::test]
async fn another_life_begins_when_an_operator_says_so() {
    let folder = scratch::folder("process").unwrap();
    let run = async |arguments: &[&str]| confab(folder.path(), arguments).run(PATIENCE).await.unwrap();
    let before = run(&["epoch", "show"]).await;
    assert_eq!(run(&["epoch", "show"]).await, before);
    let bumped = run(&["epoch", "bump"]).await;
    assert_ne!(bumped, before);
    assert_eq!(run(&["epoch", "show"]).await, bumped);
}

#[tokio::test]
async fn documents_and_settings_are_printed_without_any_setting() {
    let folder = scratch::folder("process").unwrap();
    // The documents are longer than what the test kit keeps of a log.
    let run = async |verb: &str| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_confab"));
        command.arg(verb).current_dir(folder.path()).env_clear();
        command
            .env("JWT_SECRET", "hunter2-hunter2-hunter2-hunter2-hunter2")
            .kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE, command.output())
            .await
            .unwrap()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let openapi: serde_json::Value = serde_json::from_str(&run("openapi").await).unwrap();
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3.1"));
    let asyncapi: serde_json::Value = serde_json::from_str(&run("asyncapi").await).unwrap();
    assert!(asyncapi["asyncapi"].as_str().unwrap().starts_with("3."));
    let messages = asyncapi["components"]["messages"].as_object().unwrap();
    for name in [
        "client.resume",
        "server.hello",
        "event.message_created",
        "rabbitmq.user_joined",
    ] {
        assert!(
            messages.contains_key(name),
            "{name} is not among {:?}",
            messages.keys()
        );
    }
    let shown = run("config").await;
    assert!(
        shown.contains("JWT_SECRET=…") && shown.contains("PORT=8080") && !shown.contains("hunter2"),
        "{shown}"
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing was made"
    );
}

/// Names of the rooms that the demo's first person sees, and how many messages are in all of them.
async fn rooms_of_the_demo(client: &HttpClient, login: &serde_json::Value) -> (Vec<String>, i64) {
    let body = json!({"username": login["username"], "password": login["password"]});
    let tokens = client
        .request(Method::POST, "/auth/login")
        .json(&body)
        .send()
        .await
        .expect(200);
    let token = tokens["access_token"].as_str().unwrap();
    let rooms = client.get("/rooms", token).await.expect(200);
    let rooms = rooms["items"].as_array().unwrap();
    let mut names: Vec<_> = rooms.iter().map(|room| room["name"].to_string()).collect();
    names.sort();
    (
        names,
        rooms
            .iter()
            .map(|room| room["last_number"].as_i64().unwrap())
            .sum(),
    )
}

#[tokio::test]
async fn the_demo_is_offered_to_an_empty_database_and_played_once() {
    let folder = scratch::folder("process").unwrap();
    let port = free_port().to_string();
    let (process, url, _) = all_in_one(confab(folder.path(), &[]).env("PORT", &port)).await;
    let client = HttpClient::new(&url);
    let is_offered = async || {
        let capabilities = client
            .request(Method::GET, "/capabilities")
            .send()
            .await
            .expect(200);
        capabilities["features"]
            .as_array()
            .unwrap()
            .contains(&json!("demo"))
    };
    let play = async || {
        client
            .request(Method::POST, "/demo")
            .json(&json!({}))
            .send()
            .await
    };
    assert!(is_offered().await);
    // A form of another site's page cannot send JSON.
    let form = client
        .request(Method::POST, "/demo")
        .header("content-type", "text/plain")
        .body("{}");
    assert_eq!(form.send().await.status, 415);

    let cast = play().await.expect(201);
    assert!(!is_offered().await);
    let seen = rooms_of_the_demo(&client, &cast["people"][0]).await;
    assert!(seen.0.len() >= 5 && seen.1 > 50, "{seen:?}");
    assert_eq!(play().await.expect(201), cast, "the same again");
    // Beside a running one the verb asks that, and prints what everybody logs in with.
    let said = confab(folder.path(), &["demo"])
        .env("PORT", &port)
        .run(PATIENCE)
        .await
        .unwrap();
    assert!(said.contains("iris") && said.contains("confab-demo"), "{said}");
    assert_eq!(rooms_of_the_demo(&client, &cast["people"][0]).await, seen);
    process.signal(Signal::TERM).unwrap();
    process.wait(PATIENCE).await.unwrap();
    // And without one it does it itself: there is nothing to add.
    confab(folder.path(), &["demo"]).run(PATIENCE).await.unwrap();
    let (_process, url, _) = all_in_one(confab(folder.path(), &[])).await;
    assert_eq!(
        rooms_of_the_demo(&HttpClient::new(&url), &cast["people"][0]).await,
        seen
    );
}

#[tokio::test]
async fn the_demo_stays_away_from_a_database_that_is_in_use_and_from_who_does_not_want_it() {
    let folder = scratch::folder("process").unwrap();
    let (_process, url, _) = all_in_one(confab(folder.path(), &[])).await;
    let client = HttpClient::new(&url);
    let body = json!({"username": "grace", "password": "correct horse battery"});
    let tokens = client
        .request(Method::POST, "/auth/register")
        .json(&body)
        .send()
        .await
        .expect(201);
    let room = json!({"kind": "private", "name": "Mine"});
    let token = tokens["access_token"].as_str().unwrap();
    client.post("/rooms", token, &room).await.expect(201);
    let refused = client
        .request(Method::POST, "/demo")
        .json(&json!({}))
        .send()
        .await;
    assert_eq!(refused.expect(409)["code"], "conflict");
    let found = client.get("/users?query=iris", token).await.expect(200);
    assert_eq!(found["items"], json!([]), "nobody was made");

    for (variable, value) in [("DEMO", "false"), ("HOST", "0.0.0.0")] {
        let other = scratch::folder("process").unwrap();
        let (_process, url, _) = all_in_one(confab(other.path(), &[]).env(variable, value)).await;
        let client = HttpClient::new(url.replace("0.0.0.0", "127.0.0.1"));
        let answer = client
            .request(Method::POST, "/demo")
            .json(&json!({}))
            .send()
            .await;
        assert_eq!(answer.status, 404, "{variable}={value}");
    }
}
