//! Large files: several at once, one that breaks off and one whose sender falls silent, in little memory.

use std::path::Path;
use std::time::Duration;

use confab_testkit::fleet::Fleet;
use confab_testkit::http_client::HttpClient;
use confab_testkit::{scratch, wait_until};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stage::{PATIENCE, Person, fleet, person, start};

const BOUNDARY: &str = "a-boundary-that-is-nowhere-else";
const FILE_BYTES: usize = 128 * PIECE_BYTES;
const PIECE_BYTES: usize = 1024 * 1024;
/// What a process may take beyond what it took before, for four files on their way: less than any one of them has.
const MEMORY_BYTES_MAX: u64 = FILE_BYTES as u64;
/// Long: a debug build writes some 50 MB a second where nobody else works.
const TRANSFER_TIMEOUT: Duration = Duration::from_mins(3);
/// The server waits 30 s for the next bytes.
const STALL_TIMEOUT: Duration = Duration::from_secs(70);

/// An upload on its way, of which the head is sent.
struct Sending {
    socket: TcpStream,
    tail: Vec<u8>,
}

impl Sending {
    async fn begin(fleet: &Fleet, who: &Person) -> Self {
        let url = fleet.api(0).url();
        let address = url.strip_prefix("http://").expect("plain HTTP").to_owned();
        let mut socket = TcpStream::connect(&address).await.expect("a connection");
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"large.bin\"\r\n\r\n"
        );
        let tail = format!("\r\n--{BOUNDARY}--\r\n").into_bytes();
        let head = format!(
            "POST /uploads HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
             Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {}\r\n\r\n{part}",
            who.token,
            part.len() + FILE_BYTES + tail.len()
        );
        socket.write_all(head.as_bytes()).await.expect("sent");
        Self { socket, tail }
    }

    async fn send(&mut self, pieces: usize) {
        let piece = vec![0; PIECE_BYTES];
        for _ in 0..pieces {
            self.socket.write_all(&piece).await.expect("sent");
        }
    }

    async fn answer(&mut self) -> String {
        let mut answer = String::new();
        self.socket.read_to_string(&mut answer).await.expect("an answer");
        answer
    }

    async fn finish(mut self) -> Value {
        self.send(FILE_BYTES / PIECE_BYTES).await;
        self.socket.write_all(&self.tail.clone()).await.expect("sent");
        let answer = self.answer().await;
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        let body = answer.split("\r\n\r\n").nth(1).expect("a body");
        serde_json::from_str(body).expect("JSON")
    }
}

/// How many bytes come when the file is fetched, with the head of the answer; none of them is kept.
async fn fetched_bytes(fleet: &Fleet, who: &Person, file: &Value) -> usize {
    let url = fleet.api(0).url();
    let address = url.strip_prefix("http://").expect("plain HTTP").to_owned();
    let mut socket = TcpStream::connect(&address).await.expect("a connection");
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
        file["url"].as_str().expect("a path"),
        who.token
    );
    socket.write_all(head.as_bytes()).await.expect("sent");
    let mut piece = vec![0; PIECE_BYTES];
    let mut bytes = 0;
    loop {
        match socket.read(&mut piece).await.expect("bytes") {
            0 => return bytes,
            count => bytes += count,
        }
    }
}

/// The most memory that the process ever took.
fn peak_bytes(fleet: &Fleet) -> u64 {
    let pid = fleet.api(0).process().expect("it runs").pid();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.expect("a size").trim().parse::<u64>().expect("a number") * 1024
}

fn kept_bytes(folder: &Path) -> u64 {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        bytes += match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => kept_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        };
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn large_files_take_little_memory_and_what_breaks_off_leaves_nothing() {
    let folder = scratch::folder("files").expect("a folder");
    let shared = folder.path().join("shared");
    let builder = fleet()
        .env("FILES_DIR", shared.display().to_string())
        .env("FILE_BYTES_MAX", (200 * PIECE_BYTES).to_string());
    let fleet = start(builder).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    let before = peak_bytes(&fleet);

    // One says nothing any more after a few parts were written, and another one's line is cut.
    let mut silent = Sending::begin(&fleet, &bob).await;
    silent.send(20).await;
    let mut cut = Sending::begin(&fleet, &bob).await;
    cut.send(20).await;
    drop(cut);
    let transfers = async {
        let sending = (
            Sending::begin(&fleet, &ada).await,
            Sending::begin(&fleet, &bob).await,
        );
        let (hers, his) = tokio::join!(sending.0.finish(), sending.1.finish());
        for (who, file) in [(&ada, &hers), (&bob, &his)] {
            assert_eq!(file["size"], FILE_BYTES);
            let fetched = fetched_bytes(&fleet, who, file).await;
            assert!((FILE_BYTES..FILE_BYTES + 4_096).contains(&fetched), "{fetched}");
        }
        let end = HttpClient::new(fleet.api(0).url())
            .request(
                confab_testkit::http_client::Method::GET,
                hers["url"].as_str().expect("a path"),
            )
            .bearer(&ada.token)
            .header("Range", "bytes=-5");
        let end = end.send().await;
        assert_eq!((end.status, end.body), (206, vec![0; 5]));
    };
    tokio::time::timeout(TRANSFER_TIMEOUT, transfers)
        .await
        .expect("the files come and go");
    let taken = peak_bytes(&fleet) - before;
    assert!(taken < MEMORY_BYTES_MAX, "{} MiB", taken / 1024 / 1024);

    let answer = tokio::time::timeout(STALL_TIMEOUT, silent.answer()).await;
    let answer = answer.expect("nobody waits for ever");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("nothing came for 30 s"), "{answer}");
    wait_until("only whole files are left", PATIENCE, async || {
        kept_bytes(&shared) == 2 * FILE_BYTES as u64
    })
    .await;
    let rows = fleet
        .pipes()
        .query("SELECT count(*) FROM uploads WHERE state = 'ready'")
        .await;
    assert_eq!(rows.expect("a count").trim(), "2");
}
