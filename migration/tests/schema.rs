//! The schema comes to be on both databases, once, however many nodes bring it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use confab_testkit::Postgres;

async fn four_at_once(url: String) {
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { confab_migration::run(&url).await })
        })
        .collect();
    for node in nodes {
        tokio::time::timeout(Duration::from_mins(1), node)
            .await
            .expect("in time")
            .unwrap()
            .unwrap();
    }
    assert_eq!(
        confab_migration::pending(&url).await.unwrap(),
        Vec::<String>::new()
    );
    let steps = confab_migration::status(&url).await.unwrap();
    assert!(!steps.is_empty() && steps.iter().all(|step| step.is_applied));
    confab_migration::run(&url)
        .await
        .expect("a second run finds nothing to do");
}

fn sqlite_in(folder: &tempfile::TempDir) -> String {
    format!("sqlite://{}?mode=rwc", folder.path().join("confab.db").display())
}

#[tokio::test(flavor = "multi_thread")]
async fn four_nodes_at_once_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    four_at_once(sqlite_in(&folder)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let postgres = Postgres::start().await.unwrap();

    let url = postgres.create_database().await.unwrap();
    assert_eq!(
        confab_migration::pending(&url).await.unwrap(),
        [
            "m20261121_000001_foundation",
            "m20261121_000002_trace_of_events",
            "m20261121_000003_conversations",
            "m20261121_000004_files",
            "m20261121_000005_search",
            "m20261121_000006_api_keys",
            "m20261121_000008_archived_conversations",
            "m20261121_000009_moderation",
            "m20261121_000010_ended_things",
            "m20261121_000011_marked_unread",
            "m20261121_000012_avatars",
            "m20261121_000013_lists",
            "m20261121_000014_posting"
        ]
    );
    four_at_once(url.clone()).await;
    assert_eq!(
        postgres
            .query(&url, "SELECT count(*) FROM epoch")
            .await
            .unwrap()
            .trim(),
        "1"
    );
    assert_eq!(
        postgres
            .query(
                &url,
                "SELECT count(*) FROM pg_class WHERE relname = 'messages' AND reltuples = 0"
            )
            .await
            .unwrap()
            .trim(),
        "0",
        "an empty table is not analyzed"
    );

    // A newer version was here: an old one restarts beside it and leaves the schema alone.
    postgres
        .query(
            &url,
            "INSERT INTO seaql_migrations VALUES ('m29990101_000001_later', 0)",
        )
        .await
        .unwrap();
    confab_migration::run(&url)
        .await
        .expect("a schema ahead of the binary");
    assert_eq!(
        confab_migration::pending(&url).await.unwrap(),
        Vec::<String>::new()
    );

    // Ahead and behind at once is nobody's doing: nothing may be tried.
    postgres
        .query(&url, "DELETE FROM seaql_migrations WHERE version LIKE 'm2026%'")
        .await
        .unwrap();
    let error = confab_migration::run(&url).await.unwrap_err();
    assert!(
        matches!(error, confab_migration::MigrationError::Diverged(_)),
        "{error}"
    );

    // A step that fails leaves nothing behind.
    let url = postgres.create_database().await.unwrap();
    postgres
        .query(&url, "CREATE TABLE outbox_leases (x int)")
        .await
        .unwrap();
    confab_migration::run(&url).await.unwrap_err();
    assert_eq!(
        postgres
            .query(&url, "SELECT count(*) FROM pg_tables WHERE tablename = 'users'")
            .await
            .unwrap()
            .trim(),
        "0"
    );
}

#[tokio::test]
async fn asking_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_in(&folder);
    confab_migration::run(&url).await.unwrap();
    assert!(confab_migration::run("mysql://here").await.is_err());
    let missing = format!("sqlite://{}", folder.path().join("none.db").display());
    confab_migration::pending(&missing).await.unwrap_err();
    assert!(!folder.path().join("none.db").exists(), "asking changes nothing");
}
