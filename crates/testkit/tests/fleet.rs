//! The fleet launcher, with a stand-in for the binary: a program that has its roles, settings and readiness.
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use confab_testkit::fleet::Role;
use confab_testkit::{Fleet, HttpClient, scratch};
use tempfile::TempDir;

type Result = anyhow::Result<()>;

const SOON: Duration = Duration::from_secs(10);

/// Answers `/ready` with its settings, dies on `/die`, ends with 0 on SIGTERM. `migrate` makes a table.
const STAND_IN: &str = r#"#!/usr/bin/python3
import http.server, json, os, signal, subprocess, sys
if sys.argv[1] == "migrate":
    sys.exit(int(os.environ.get("MIGRATION_EXIT", "0")))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            print("these are my last words", flush=True)
            os._exit(3)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"role": sys.argv[1], **os.environ}).encode())
    def log_message(self, *args): pass
signal.signal(signal.SIGTERM, lambda *args: os._exit(0))
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["ADMIN_PORT"])), Handler).serve_forever()
"#;

fn stand_in() -> (TempDir, PathBuf) {
    let folder = scratch::folder("stand-in").expect("a folder");
    let program = folder.path().join("confab");
    std::fs::write(&program, STAND_IN).expect("a program");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("it can be run");
    (folder, program)
}

#[tokio::test]
async fn starts_all_roles_with_their_settings_and_stops_them() -> Result {
    let (_folder, program) = stand_in();
    let fleet = Fleet::builder(&program)
        .env("LOG_LEVEL", "debug")
        .postgres_via_proxy()
        .redis_via_proxy()
        .start()
        .await?;
    let names: Vec<&str> = fleet.members().iter().map(|member| member.name()).collect();
    assert_eq!(
        names,
        ["api 0", "gateway 0", "gateway 1", "publisher 0", "publisher 1"]
    );

    let settings = HttpClient::new(fleet.gateway(1).admin_url())
        .get("/ready", "")
        .await
        .json();
    assert_eq!(settings["role"], "gateway");
    assert_eq!(settings["LOG_LEVEL"], "debug");
    assert_eq!(settings["HOST"], "127.0.0.1");
    assert_eq!(
        fleet.gateway(1).url(),
        format!("http://127.0.0.1:{}", settings["PORT"].as_str().unwrap())
    );
    assert_eq!(settings["JWT_SECRET"].as_str().unwrap().len(), 64);
    let pipes = fleet.pipes();
    assert_eq!(
        settings["DATABASE_URL"],
        pipes.postgres_link().url(pipes.database_url())
    );
    assert_eq!(settings["REDIS_URL"], pipes.redis_link().url(pipes.redis_url()));
    assert_eq!(settings["RABBITMQ_URL"], pipes.rabbitmq_url());
    assert_eq!(pipes.query("SELECT 1").await?, "1");

    let publisher = fleet.publisher(1);
    assert_eq!(publisher.role(), Role::EventPublisher);
    let before = publisher.process().expect("it runs").pid();
    let url = publisher.admin_url();
    publisher.restart().await?;
    assert_ne!(publisher.process().expect("it runs").pid(), before);
    assert_eq!(publisher.admin_url(), url);

    fleet.stop(SOON).await?;
    assert!(fleet.members().iter().all(|member| member.process().is_none()));
    Ok(())
}

#[tokio::test]
async fn tells_a_death_from_an_asked_end() -> Result {
    let (_folder, program) = stand_in();
    let fleet = Fleet::builder(&program).publishers(0).start().await?;
    fleet.gateway(0).kill().await?;
    fleet.gateway(0).start().await?;
    fleet.gateway(1).terminate_soon()?;
    assert_eq!(fleet.gateway(1).wait(SOON).await?.code, Some(0));
    let quiet = tokio::time::timeout(Duration::from_millis(200), fleet.first_death()).await;
    assert!(quiet.is_err(), "nobody died: {quiet:?}");

    let _ = HttpClient::new(fleet.api(0).admin_url())
        .request(reqwest::Method::GET, "/die")
        .try_send()
        .await;
    let death = tokio::time::timeout(SOON, fleet.first_death()).await?;
    assert!(death.starts_with("api 0 ended with exit code 3"), "{death}");
    assert!(death.contains("these are my last words"), "{death}");
    Ok(())
}

#[tokio::test]
async fn what_does_not_start_is_named() {
    let (_folder, program) = stand_in();
    let error = Fleet::builder(&program)
        .env("MIGRATION_EXIT", "4")
        .start()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("confab migrate ended with exit code 4"), "{error}");
    let error = Fleet::builder(&program)
        .env("HOST", "not.an.address.invalid")
        .start()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(" ended with exit code 1") && error.contains("gaierror"),
        "{error}"
    );
}
