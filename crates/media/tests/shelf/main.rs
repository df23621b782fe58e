//! The shelf on a folder and on a small server that speaks S3: the same cases on both.
#![expect(clippy::unwrap_used, reason = "tests")]

mod cases;
mod s3;

use std::path::{Path, PathBuf};
use std::time::Duration;

use confab_domain::ports::Blobs;
use confab_media::Shelf;

#[tokio::test(flavor = "multi_thread")]
async fn on_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::in_folder(folder.path()).unwrap();
    cases::all(&shelf).await;
    // Not one byte is left of what was removed, broken off or refused; the latter goes in the background.
    let empty = async {
        while !files_in(folder.path()).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), empty).await;
    assert!(in_time.is_ok(), "{:?}", files_in(folder.path()));

    // What a dead process left aside goes with its row.
    let id = cases::id();
    cases::keep(&shelf, id, &[b"text"]).await.unwrap();
    let file = files_in(folder.path()).pop().unwrap();
    std::fs::write(format!("{}#1", file.display()), "half").unwrap();
    shelf.remove(id).await.unwrap();
    assert_eq!(files_in(folder.path()), Vec::<PathBuf>::new());
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    // A folder may go while it is looked at.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            files.extend(files_in(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3() {
    let server = s3::Server::start().await;
    let shelf = Shelf::in_s3(&server.settings()).unwrap();
    cases::all(&shelf).await;
    server.settled().await;
    assert_eq!(server.keys(), Vec::<String>::new());
    assert_eq!(server.open_uploads(), 0, "what was broken off was given up");
    assert!(server.parts_seen() >= 3, "a large file went in parts");
}

#[tokio::test]
async fn an_s3_that_is_away_is_unavailable() {
    let settings = confab_media::S3Settings {
        endpoint: Some("http://127.0.0.1:9".into()),
        ..s3::settings("http://127.0.0.1:9")
    };
    let shelf = Shelf::in_s3(&settings).unwrap();
    let error = cases::keep(&shelf, cases::id(), &[b"text"]).await.unwrap_err();
    assert!(matches!(error, confab_domain::Error::Unavailable(..)), "{error}");
}
