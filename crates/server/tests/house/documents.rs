//! What the documents tell people to type is typed here, so that it can never be wrong.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use confab_testkit::process::Command;
use confab_testkit::{free_port, scratch};
use serde_json::json;

use crate::stage::{PATIENCE, api, fleet, person, room, say, start};

const WALK_TIMEOUT: Duration = Duration::from_mins(2);

/// A fenced block: what stands behind its backticks, and its text.
#[derive(Debug)]
struct Block {
    info: String,
    text: String,
}

fn document(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn blocks(document: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    for line in document.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => found.push(block),
            (Some(info), None) => {
                open = Some(Block {
                    info: info.to_owned(),
                    text: String::new(),
                });
            }
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    found
}

/// Whether `actual` is `expected`, where `…` stands for anything.
fn fits(expected: &str, actual: &str) -> bool {
    let parts: Vec<&str> = expected.trim().split('…').collect();
    let mut rest = actual.trim();
    for (index, part) in parts.iter().enumerate() {
        let is_last = index + 1 == parts.len();
        let found = match (index, is_last) {
            (0, true) => return rest == *part,
            (0, false) => rest.strip_prefix(part),
            (_, true) => return part.is_empty() || rest.ends_with(part),
            (_, false) => rest.find(part).map(|at| &rest[at + part.len()..]),
        };
        match found {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// Debian's own programs first: its Python has the packages that `cargo xtask test` installs. Then ours.
fn programs() -> String {
    let present = std::env::var_os("PATH").unwrap_or_default();
    let own = Path::new(env!("CARGO_BIN_EXE_confab"))
        .parent()
        .expect("a folder");
    format!("/usr/bin:/bin:{}:{}", own.display(), present.to_string_lossy())
}

#[test]
fn an_ellipsis_stands_for_anything() {
    assert!(fits("{\"id\":\"…\",…}", "{\"id\":\"7\",\"x\":1}\n"));
    assert!(fits("a\nb", "a\nb"));
    assert!(!fits("a\nb", "a\nc"));
    assert!(!fits("{\"id\":…,\"y\":2}", "{\"id\":7,\"x\":1}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_walk_through_works_as_written() {
    walk_through("README.md", 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_about_messages_work_as_written() {
    walk_through("docs/messages.md", 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_products_walk_through_works_as_written() {
    walk_through("docs/integrating.md", 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_guide_to_rooms_types_works_as_written() {
    walk_through("docs/rooms.md", 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_guide_to_conversations_types_works_as_written() {
    walk_through("docs/conversations.md", 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_guide_to_files_types_works_as_written() {
    walk_through("docs/files.md", 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_guide_to_search_types_works_as_written() {
    walk_through("docs/search.md", 2).await;
}

/// Types what a document tells people to type, and holds what comes back against what it shows.
async fn walk_through(path_of_document: &str, blocks_min: usize) {
    let folder = scratch::folder("walk").expect("a folder");
    let port = free_port();
    let base = format!("http://localhost:{port}");
    let confab = Command::new("confab", PathBuf::from(env!("CARGO_BIN_EXE_confab")))
        .folder(folder.path())
        .env("PORT", port.to_string())
        .env("ADMIN_PORT", "0")
        .start()
        .expect("it starts");
    confab
        .wait_for_ok(&format!("http://127.0.0.1:{port}/ready"), PATIENCE)
        .await
        .expect("it is ready");

    let text = document(path_of_document).replace("http://localhost:8080", &base);
    let walk: Vec<Block> = blocks(&text)
        .into_iter()
        .filter(|block| ["sh", "output"].contains(&block.info.as_str()))
        .collect();
    assert!(walk.len() > blocks_min, "the walk-through has its steps");
    let mut script = String::from("set -euo pipefail\n");
    for (index, block) in walk.iter().enumerate().filter(|(_, block)| block.info == "sh") {
        let _ = writeln!(script, "echo '#step {index}'\n{}", block.text);
    }
    std::fs::write(folder.path().join("walk.sh"), script).expect("written");
    let transcript = Command::new("the walk-through", "/bin/bash")
        .arg("walk.sh")
        .folder(folder.path())
        .env("PATH", programs())
        .run(WALK_TIMEOUT)
        .await
        .unwrap_or_else(|error| panic!("{error:#}\n{}", confab.log().tail(30)));

    for (index, expected) in walk
        .iter()
        .enumerate()
        .filter(|(_, block)| block.info == "output")
    {
        let marker = format!("#step {}\n", index - 1);
        let from = transcript
            .find(&marker)
            .unwrap_or_else(|| panic!("no {marker} in {transcript}"));
        let after = &transcript[from + marker.len()..];
        let actual = after.split("#step ").next().unwrap_or_default();
        assert!(
            fits(&expected.text, actual),
            "expected:\n{}\ngot:\n{actual}",
            expected.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_consumer_of_the_docs_hears_messages_and_joinings() {
    let fleet = start(fleet()).await;
    let guide = document("docs/events.md");
    let python = blocks(&guide)
        .into_iter()
        .find(|block| block.info == "python")
        .expect("a Python block");
    let url = "amqp://guest:guest@localhost:5672/%2f";
    assert!(python.text.contains(url), "the example names a broker");
    let folder = scratch::folder("consumer").expect("a folder");
    let program = python.text.replace(url, fleet.pipes().rabbitmq_url());
    std::fs::write(folder.path().join("consumer.py"), program).expect("written");
    let consumer = Command::new("the consumer", "/usr/bin/python3")
        .args(["-u", "consumer.py"])
        .folder(folder.path())
        .start()
        .expect("it starts");
    let vhost = fleet
        .pipes()
        .rabbitmq_url()
        .rsplit('/')
        .next()
        .expect("a vhost")
        .to_owned();
    confab_testkit::wait_until("the consumer's queue is bound", PATIENCE, || async {
        let path = format!("queues/{vhost}/my-service/bindings");
        let bindings = fleet
            .pipes()
            .rabbitmq()
            .manage(confab_testkit::http_client::Method::GET, &path, None)
            .await;
        bindings.is_ok_and(|list| list.as_array().is_some_and(|list| list.len() >= 3))
    })
    .await;

    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    let room_id = room(&fleet, &ada, &[]).await;
    let members = json!({"user_id": bob.id});
    api(&fleet)
        .post(&format!("/rooms/{room_id}/members"), &ada.token, &members)
        .await
        .expect(201);
    let sent = say(&fleet, &ada, &room_id, "for the consumer").await;
    let line = format!("message_created {room_id} {} {}", sent["seq"], ada.id);
    consumer
        .wait_for_line(&line, PATIENCE)
        .await
        .unwrap_or_else(|error| panic!("{error:#}"));
    let line = format!("user_joined {room_id} 3 {}", bob.id);
    consumer
        .wait_for_line(&line, PATIENCE)
        .await
        .unwrap_or_else(|error| panic!("{error:#}"));
}

#[test]
fn the_readmes_table_names_every_crate() {
    let readme = document("README.md");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for entry in std::fs::read_dir(root).expect("crates/").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let row = format!("| [`crates/{name}`](crates/{name}) |");
        assert!(readme.contains(&row), "README's table has no row `{row}…`");
    }
}
