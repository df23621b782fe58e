//! Files from one person's upload to another's screen, over two nodes of everything that share one folder.

use std::path::Path;
use std::time::Duration;

use confab_testkit::fleet::Fleet;
use confab_testkit::http_client::{Answer, HttpClient, Method};
use confab_testkit::web_socket::WebSocket;
use confab_testkit::{scratch, wait_until};
use serde_json::{Value, json};

use crate::stage::{OtherService, Person, fleet, log, person, room, start};

const BOUNDARY: &str = "a-boundary-that-is-nowhere-else";
/// Every process sweeps once a minute.
const SWEEP_PATIENCE: Duration = Duration::from_mins(2);

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

async fn upload(node: &HttpClient, who: &Person, filename: &str, content: &str) -> Value {
    let body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n\r\n\
         {content}\r\n--{BOUNDARY}--\r\n"
    );
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = node.request(Method::POST, "/uploads").bearer(&who.token);
    let request = request.header("Content-Type", &content_type).body(body);
    request.send().await.expect(201)
}

async fn fetch(node: &HttpClient, who: &Person, file: &Value, header: Option<(&str, &str)>) -> Answer {
    let mut request = node.request(Method::GET, &text(&file["url"])).bearer(&who.token);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    request.send().await
}

async fn socket(fleet: &Fleet, gateway: usize, who: &Person, room_id: &str) -> WebSocket {
    let url = format!("{}/ws", fleet.gateway(gateway).ws_url());
    let mut socket = WebSocket::connect_with_bearer(&url, &who.token)
        .await
        .expect("a socket");
    socket
        .expect_where("subscribed", |frame| frame["room_id"] == room_id)
        .await;
    socket
}

/// Sends a frame and returns its ack.
async fn acknowledged(socket: &mut WebSocket, mut frame: Value) -> Value {
    frame["ref"] = json!("r");
    socket.send_json(&frame).await;
    let reply = socket.expect_reply("r").await;
    assert_eq!(reply["type"], "ack", "{reply}");
    reply
}

/// Names of all files below a folder.
fn kept(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            names.extend(kept(&entry.path()));
        } else {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_unstable();
    names
}

fn blob(file: &Value) -> String {
    text(&file["id"]).replace('-', "")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_reaches_the_other_person_by_every_way_and_goes_with_its_message() {
    let folder = scratch::folder("files").expect("a folder");
    let shared = folder.path().join("shared");
    let builder = fleet().apis(2).env("FILES_DIR", shared.display().to_string());
    let fleet = start(builder).await;
    let mut service = OtherService::subscribe(&fleet).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    let eve = person(&fleet, "eve").await;
    let room_id = room(&fleet, &ada, &[&bob]).await;
    let nodes = [0, 1].map(|node| HttpClient::new(fleet.api(node).url()));

    // In over one node, sent over the socket of a gateway, heard over the other.
    let plan = upload(&nodes[0], &ada, "plan.txt", "0123456789").await;
    let alone = upload(&nodes[0], &ada, "alone.txt", "without a word").await;
    let mut hers = socket(&fleet, 1, &ada, &room_id).await;
    let mut his = socket(&fleet, 0, &bob, &room_id).await;
    let send = |file: &Value, content: Option<&str>| json!({"type": "message", "room_id": room_id, "content": content, "attachments": [file["id"]]});
    let first = acknowledged(&mut hers, send(&plan, Some("The plan"))).await;
    let second = acknowledged(&mut hers, send(&alone, None)).await;
    for (ack, content, file) in [(&first, "The plan", &plan), (&second, "", &alone)] {
        let heard = his
            .expect_where("message_created", |event| event["seq"] == ack["seq"])
            .await;
        assert_eq!(heard["message"]["id"], ack["message_id"]);
        assert_eq!(heard["message"]["content"], content);
        assert_eq!(heard["message"]["attachments"], json!([file]));
    }
    let page = nodes[1]
        .get(&format!("/rooms/{room_id}/messages"), &bob.token)
        .await
        .expect(200);
    assert_eq!(page["items"][0]["attachments"], json!([alone]));
    assert_eq!(page["items"][1]["attachments"], json!([plan]));

    // Whose text is taken back keeps its file.
    let edit = json!({"type": "edit", "message_id": first["message_id"], "content": ""});
    let edited = acknowledged(&mut hers, edit).await;
    let heard = his.expect("message_updated").await;
    assert_eq!(heard["seq"], edited["seq"]);
    assert_eq!(
        (&heard["message"]["content"], &heard["message"]["attachments"]),
        (&json!(""), &json!([plan]))
    );
    service
        .accept_until(&room_id, edited["seq"].as_i64().expect("a seq"))
        .await;
    let told = |event_type: &str| {
        let of_type = |body: &&Value| body["event_type"] == event_type;
        let bodies = service.accepted.iter().filter(of_type);
        bodies.map(|body| body["attachments"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(told("message_created"), [json!([plan]), json!([alone])]);
    assert_eq!(told("message_updated"), [json!([plan])]);

    // Out over either node: to who may read the message, in whole and in part, and to nobody else.
    for node in &nodes {
        let whole = fetch(node, &bob, &plan, None).await;
        assert_eq!((whole.status, whole.text().as_str()), (200, "0123456789"));
        let part = fetch(node, &bob, &plan, Some(("Range", "bytes=2-4"))).await;
        assert_eq!((part.status, part.text().as_str()), (206, "234"));
        assert_eq!(part.header("content-range"), "bytes 2-4/10");
        let etag = whole.header("etag").to_owned();
        assert_eq!(
            fetch(node, &bob, &plan, Some(("If-None-Match", &etag)))
                .await
                .status,
            304
        );
        assert_eq!(fetch(node, &eve, &plan, None).await.status, 404);
    }
    let asked = json!({"ids": [plan["id"], alone["id"]]});
    let signed = nodes[0].post("/media/sign", &bob.token, &asked).await.expect(200);
    let link = text(&signed["items"][0]["url"]);
    for node in &nodes {
        let opened = node.call(Method::GET, &link, None, None).await;
        assert_eq!((opened.status, opened.text().as_str()), (200, "0123456789"));
    }
    let none = nodes[0].post("/media/sign", &eve.token, &asked).await.expect(200);
    assert_eq!(none["items"], json!([]));

    // Borne once, and by its owner alone.
    let orphan = upload(&nodes[1], &ada, "orphan.txt", "nobody wants me").await;
    for (taken, is_owner) in [(&plan, false), (&plan, true), (&orphan, false)] {
        let socket = if is_owner { &mut hers } else { &mut his };
        let mut frame = send(taken, Some("mine"));
        frame["ref"] = json!("taken");
        socket.send_json(&frame).await;
        let refused = socket.expect_reply("taken").await;
        assert_eq!(refused["code"], "invalid", "{refused}");
        assert_eq!(refused["errors"][0]["field"], "attachments[0]");
    }

    // It goes with its message: at once for readers, then its bytes; and so does what nobody ever bore.
    assert_eq!(kept(&shared).len(), 3);
    let delete = json!({"type": "delete", "message_id": first["message_id"]});
    acknowledged(&mut hers, delete).await;
    his.expect("message_deleted").await;
    for node in &nodes {
        for who in [&ada, &bob] {
            assert_eq!(fetch(node, who, &plan, None).await.status, 404);
            assert_eq!(fetch(node, who, &alone, None).await.status, 200);
        }
        assert_eq!(node.call(Method::GET, &link, None, None).await.status, 404);
    }
    let tombstone = log(&fleet, &bob, &room_id).await;
    assert!(!Value::from(tombstone).to_string().contains("plan.txt"));
    // As if a day had gone by.
    let sql = format!(
        "UPDATE uploads SET due_at = now() WHERE id = '{}'",
        text(&orphan["id"])
    );
    fleet.pipes().query(&sql).await.expect("it is due");
    wait_until("what nobody bears is removed", SWEEP_PATIENCE, async || {
        let rows = fleet.pipes().query("SELECT count(*) FROM uploads").await;
        kept(&shared) == [blob(&alone)] && rows.is_ok_and(|rows| rows.trim() == "1")
    })
    .await;
    assert_eq!(
        fetch(&nodes[1], &bob, &alone, None).await.text(),
        "without a word"
    );
}
