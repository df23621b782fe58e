//! Files: in by pieces, out to those who may read the message that bears them, and gone with it.

use std::time::Duration;

use confab_domain::{FileRules, Rate, commands};
use confab_testkit::http_client::{Answer, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::desk::{Desk, PASSWORD, Person, Wishes, fields, id};
use crate::schema;

const BOUNDARY: &str = "a-boundary-that-is-nowhere-else";

/// One red pixel, and a comment that must not come out again.
pub(crate) const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\0\x21\xfe\x06secret\0\
    \x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";

fn part(name: &str, filename: &str, content_type: &str, bytes: &[u8]) -> Vec<u8> {
    let mut part = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\n\
         Content-Type: {content_type}\r\n\r\n"
    )
    .into_bytes();
    part.extend_from_slice(bytes);
    part.extend_from_slice(b"\r\n");
    part
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut body = parts.concat();
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn send_form(desk: &Desk, who: &Person, body: Vec<u8>) -> Answer {
    let request = desk.client.request(Method::POST, "/uploads").bearer(&who.token);
    let answer = request
        .header(
            "Content-Type",
            &format!("multipart/form-data; boundary={BOUNDARY}"),
        )
        .body(body)
        .send()
        .await;
    schema::check("POST", "/uploads", &answer);
    answer
}

async fn try_upload(desk: &Desk, who: &Person, filename: &str, bytes: &[u8]) -> Answer {
    let body = form(&[part("file", filename, "image/png", bytes)]);
    send_form(desk, who, body).await
}

pub(crate) async fn upload(desk: &Desk, who: &Person, filename: &str, bytes: &[u8]) -> Value {
    try_upload(desk, who, filename, bytes).await.expect(201)
}

fn url(file: &Value) -> String {
    file["url"].as_str().unwrap().to_owned()
}

async fn send(desk: &Desk, who: &Person, room: &str, body: Value) -> Answer {
    desk.post(who, &format!("/rooms/{room}/messages"), body).await
}

/// A file in a message of its own.
pub(crate) async fn said(
    desk: &Desk,
    who: &Person,
    room: &str,
    filename: &str,
    bytes: &[u8],
) -> (Value, Value) {
    let file = upload(desk, who, filename, bytes).await;
    let body = json!({"attachments": [file["id"]]});
    (send(desk, who, room, body).await.expect(201), file)
}

async fn sign(desk: &Desk, who: &Person, files: &[&Value]) -> Vec<Value> {
    let ids: Vec<_> = files.iter().map(|file| file["id"].clone()).collect();
    let answer = desk
        .post(who, "/media/sign", json!({"ids": ids}))
        .await
        .expect(200);
    answer["items"].as_array().unwrap().clone()
}

async fn sweep(desk: &Desk) {
    commands::sweep_files(&desk.files, desk.now(), 100).await.unwrap();
}

#[tokio::test]
async fn a_file_comes_in_and_goes_out_by_parts() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let file = upload(&desk, &ada, "notes.txt", b"0123456789").await;
    assert_eq!(
        (&file["filename"], &file["content_type"], &file["size"]),
        (&json!("notes.txt"), &json!("text/plain"), &json!(10))
    );
    assert_eq!(
        (&file["width"], &file["preview"], &file["thumbnail_url"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(url(&file), format!("/media/{}/notes.txt", id(&file)));

    let ask = async |headers: &[(&str, &str)]| {
        let mut request = desk.client.request(Method::GET, &url(&file)).bearer(&ada.token);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await;
        schema::check("GET", &url(&file), &answer);
        answer
    };
    let whole = ask(&[]).await;
    assert_eq!((whole.status, whole.text().as_str()), (200, "0123456789"));
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-length", "10"),
        ("cache-control", "private, no-cache"),
        ("x-content-type-options", "nosniff"),
        ("accept-ranges", "bytes"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(whole.header(name), value, "{name}");
    }
    assert!(whole.header("content-security-policy").contains("sandbox"));
    assert!(
        whole
            .header("content-disposition")
            .starts_with("inline; filename=\"notes.txt\"")
    );
    let etag = whole.header("etag").to_owned();

    let part = ask(&[("Range", "bytes=2-4")]).await;
    assert_eq!((part.status, part.text().as_str()), (206, "234"));
    assert_eq!(part.header("content-range"), "bytes 2-4/10");
    assert_eq!(part.header("content-length"), "3");
    assert_eq!(ask(&[("Range", "bytes=-3")]).await.text(), "789");
    assert_eq!(ask(&[("Range", "bytes=8-99")]).await.text(), "89");
    let several = ask(&[("Range", "bytes=0-1,3-4")]).await;
    assert_eq!((several.status, several.text().len()), (200, 10));
    let outside = ask(&[("Range", "bytes=10-")]).await;
    assert_eq!(outside.status, 416);
    assert_eq!(outside.header("content-range"), "bytes */10");

    assert_eq!(ask(&[("If-None-Match", &etag)]).await.status, 304);
    assert_eq!(ask(&[("If-None-Match", "\"other\"")]).await.status, 200);
    let rest = ask(&[("Range", "bytes=8-"), ("If-Range", "\"other\"")]).await;
    assert_eq!((rest.status, rest.text().len()), (200, 10));
    assert_eq!(
        ask(&[("Range", "bytes=8-"), ("If-Range", &etag)]).await.status,
        206
    );

    let head = desk.client.request(Method::HEAD, &url(&file)).bearer(&ada.token);
    let head = head.send().await;
    assert_eq!(
        (head.status, head.header("content-length"), head.text().len()),
        (200, "10", 0)
    );
    // Under another name there is nothing.
    let other = format!("/media/{}/page.html", id(&file));
    desk.get(&ada, &other).await.expect(404);
}

#[tokio::test]
async fn a_picture_is_written_anew_and_has_a_thumbnail() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let file = upload(&desk, &ada, "red.gif", GIF).await;
    assert_eq!((&file["width"], &file["height"]), (&json!(1), &json!(1)));
    assert!(file["preview"].as_str().unwrap().len() >= 6);
    let kept = desk.get(&ada, &url(&file)).await;
    assert_eq!((kept.status, kept.header("content-type")), (200, "image/gif"));
    assert!(kept.header("content-disposition").starts_with("inline"));
    assert!(!kept.text().contains("secret"));
    let small = desk.get(&ada, file["thumbnail_url"].as_str().unwrap()).await;
    assert_eq!((small.status, small.header("content-type")), (200, "image/jpeg"));
    assert_ne!(small.header("etag"), kept.header("etag"));
    let text = upload(&desk, &ada, "a.txt", b"text").await;
    let none = format!("{}?size=thumbnail", url(&text));
    desk.get(&ada, &none).await.expect(404);
    assert_eq!(
        fields(&desk.get(&ada, &format!("{}?size=huge", url(&text))).await),
        ["size"]
    );
}

#[tokio::test]
async fn a_file_is_read_by_the_room_of_its_message_alone() {
    let desk = Desk::open().await;
    let (ada, bob, eve) = (desk.person().await, desk.person().await, desk.person().await);
    let service = desk.service().await;
    let room = desk.room(&ada, "private").await;
    let members = format!("/rooms/{room}/members");
    desk.post(&ada, &members, json!({"user_id": bob.id}))
        .await
        .expect(201);

    let file = upload(&desk, &ada, "plan.txt", b"the plan").await;
    let reads = async |who: &Person| desk.get(who, &url(&file)).await.status;
    assert_eq!(reads(&ada).await, 200);
    assert_eq!(
        (reads(&bob).await, reads(&eve).await, reads(&service).await),
        (404, 404, 404)
    );
    assert!(sign(&desk, &bob, &[&file]).await.is_empty());
    let bare = desk.call("GET", &url(&file), None, None).await;
    assert_eq!(bare.status, 401);

    let sent = send(
        &desk,
        &ada,
        &room,
        json!({"content": "See", "attachments": [file["id"]]}),
    )
    .await;
    let message = sent.expect(201);
    assert_eq!(message["attachments"], json!([file]));
    assert_eq!(
        (reads(&ada).await, reads(&bob).await, reads(&service).await),
        (200, 200, 200)
    );
    assert_eq!(reads(&eve).await, 404);
    // A stranger learns as much as of a file that never was.
    let never = url(&file).replace(&id(&file), &id(&message));
    let (hidden, absent) = (desk.get(&eve, &url(&file)).await, desk.get(&eve, &never).await);
    assert_eq!(hidden.json()["detail"], absent.json()["detail"]);

    // Bob's link is Bob's right, and ends with it.
    let link = sign(&desk, &bob, &[&file]).await[0]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(desk.call("GET", &link, None, None).await.text(), "the plan");
    desk.delete(&ada, &format!("{members}/{}", bob.id))
        .await
        .expect(204);
    assert_eq!(reads(&bob).await, 404);
    assert_eq!(desk.call("GET", &link, None, None).await.status, 404);
    assert!(sign(&desk, &bob, &[&file]).await.is_empty());

    // The message goes, and the file with it: at once for readers, then its bytes.
    let own = sign(&desk, &ada, &[&file]).await[0]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(desk.kept_files(), 1);
    desk.delete(&ada, &format!("/messages/{}", id(&message)))
        .await
        .expect(204);
    assert_eq!((reads(&ada).await, reads(&service).await), (404, 404));
    assert_eq!(desk.call("GET", &own, None, None).await.status, 404);
    let tombstone = desk
        .get(&ada, &format!("/messages/{}", id(&message)))
        .await
        .expect(200);
    assert_eq!(
        (&tombstone["content"], &tombstone["attachments"]),
        (&Value::Null, &json!([]))
    );
    sweep(&desk).await;
    assert_eq!(desk.kept_files(), 0);
}

#[tokio::test]
async fn a_newcomer_reads_no_file_of_before_their_time() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let body = json!({"kind": "private", "name": "room", "history": "since_join"});
    let room = id(&desk.post(&ada, "/rooms", body).await.expect(201));
    let (_, before) = said(&desk, &ada, &room, "before.txt", b"before").await;
    let members = format!("/rooms/{room}/members");
    desk.post(&ada, &members, json!({"user_id": bob.id}))
        .await
        .expect(201);
    let (_, after) = said(&desk, &ada, &room, "after.txt", b"after").await;
    assert_eq!(desk.get(&bob, &url(&before)).await.status, 404);
    assert_eq!(desk.get(&bob, &url(&after)).await.status, 200);
    let signed = sign(&desk, &bob, &[&before, &after, &after]).await;
    assert_eq!(signed.iter().map(id).collect::<Vec<_>>(), [id(&after)]);
}

#[tokio::test]
async fn attachments_are_ones_own_and_free() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    let (one, two) = (
        upload(&desk, &ada, "1.txt", b"one").await,
        upload(&desk, &ada, "2.txt", b"two").await,
    );
    let bobs = upload(&desk, &bob, "b.txt", b"bob").await;
    let refused = async |body: Value| fields(&send(&desk, &ada, &room, body).await);
    let never = "018cc251-f400-7000-8000-0000000000d1";
    assert_eq!(
        refused(json!({"attachments": [one["id"], bobs["id"], two["id"], never]})).await,
        ["attachments[1]", "attachments[3]"]
    );
    assert_eq!(
        refused(json!({"attachments": [one["id"], one["id"]]})).await,
        ["attachments[1]"]
    );
    assert_eq!(
        refused(json!({"attachments": vec![never; 11]})).await[0],
        "attachments"
    );
    assert_eq!(refused(json!({"attachments": ["x"]})).await, ["attachments[0]"]);
    assert_eq!(refused(json!({"attachments": []})).await, ["content"]);

    let body = json!({"attachments": [two["id"], one["id"]], "client_id": "f-1"});
    let first = send(&desk, &ada, &room, body.clone()).await.expect(201);
    assert_eq!(first["content"], "");
    assert_eq!(
        first["attachments"],
        json!([two, one]),
        "in the order of the send"
    );
    assert_eq!(send(&desk, &ada, &room, body).await.expect(200), first);
    let other = json!({"attachments": [one["id"], two["id"]], "client_id": "f-1"});
    send(&desk, &ada, &room, other).await.expect(409);
    assert_eq!(
        refused(json!({"content": "again", "attachments": [one["id"]]})).await,
        ["attachments[0]"],
        "a file is of one message"
    );

    // The same everywhere that a message is told of.
    let page = desk
        .get(&ada, &format!("/rooms/{room}/messages"))
        .await
        .expect(200);
    assert_eq!(page["items"][0], first);
    for form in ["nested", "flat"] {
        let path = format!(
            "/rooms/{room}/events?after_seq={}&form={form}",
            first["seq"].as_i64().unwrap() - 1
        );
        let log = desk.get(&ada, &path).await.expect(200);
        let event = &log["items"][0];
        let message = event.get("message").unwrap_or(event);
        assert_eq!(message["attachments"], first["attachments"], "{form}");
    }
}

#[tokio::test]
async fn a_text_beside_files_may_be_taken_back() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let room = desk.room(&ada, "public").await;
    let (one, two) = (
        upload(&desk, &ada, "1.txt", b"one").await,
        upload(&desk, &ada, "2.txt", b"two").await,
    );
    let body = json!({"content": "a slip", "attachments": [one["id"], two["id"]]});
    let said = send(&desk, &ada, &room, body).await.expect(201);
    let path = format!("/messages/{}", id(&said));
    let edit = async |content: &str| desk.patch(&ada, &path, json!({"content": content})).await;
    desk.advance(Duration::from_secs(1));
    let emptied = edit("").await.expect(200);
    assert_eq!(emptied["content"], "");
    assert_eq!(emptied["attachments"], json!([one, two]), "in their order");
    assert_ne!(emptied["edited_at"], Value::Null);
    assert_eq!(edit("").await.expect(200), emptied, "it is so already");
    assert_eq!(desk.get(&ada, &url(&one)).await.text(), "one");
    let former = desk.get(&ada, &format!("{path}/history")).await.expect(200);
    assert_eq!(former["items"][0]["content"], "a slip");
    let renewed = edit("said better").await.expect(200);
    assert_eq!(renewed["attachments"], emptied["attachments"]);

    // Without files there must be a text.
    let plain = desk.say(&ada, &room, "hello").await;
    let path = format!("/messages/{}", id(&plain));
    let answer = desk.patch(&ada, &path, json!({"content": ""})).await;
    assert_eq!(fields(&answer), ["content"]);
    assert_eq!(desk.get(&ada, &path).await.expect(200), plain);
}

#[tokio::test]
async fn a_link_opens_one_file_for_minutes() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let (file, other) = (
        upload(&desk, &ada, "a.gif", GIF).await,
        upload(&desk, &ada, "b.txt", b"other").await,
    );
    let signed = sign(&desk, &ada, &[&file]).await.remove(0);
    let (link, thumbnail) = (
        signed["url"].as_str().unwrap(),
        signed["thumbnail_url"].as_str().unwrap(),
    );
    let open = async |path: &str| desk.call("GET", path, None, None).await;
    let opened = open(link).await;
    assert_eq!(opened.status, 200);
    assert_eq!(opened.header("cross-origin-resource-policy"), "cross-origin");
    assert!(opened.header("cache-control").starts_with("private, max-age="));
    assert_eq!(open(thumbnail).await.status, 200);
    assert_eq!(sign(&desk, &ada, &[&file]).await[0], signed, "equal for a while");

    let (path, query) = link.split_once('?').unwrap();
    let of_other = format!("{}?{query}", url(&other));
    assert_eq!(open(&of_other).await.status, 401, "another file");
    assert_eq!(
        open(&link.replace(&ada.id, &bob.id)).await.status,
        401,
        "another person"
    );
    let later = query.replace("expires=", "expires=9");
    assert_eq!(open(&format!("{path}?{later}")).await.status, 401, "another end");
    assert_eq!(
        open(&format!("{path}?{}", query.replace("signature=", "signature=A")))
            .await
            .status,
        401
    );
    let without_end = query
        .split('&')
        .filter(|pair| !pair.starts_with("expires"))
        .collect::<Vec<_>>();
    let answer = open(&format!("{path}?{}", without_end.join("&"))).await;
    assert_eq!(fields(&answer), ["signature"]);
    // Nothing else is opened by it.
    assert_eq!(open(&format!("/me?{query}")).await.status, 401);

    desk.advance(Duration::from_mins(10));
    assert_eq!(open(link).await.status, 401, "no longer");
    let ids = vec![json!(id(&file)); 101];
    assert_eq!(
        fields(&desk.post(&ada, "/media/sign", json!({"ids": ids})).await),
        ["ids"]
    );
    assert_eq!(
        fields(&desk.post(&ada, "/media/sign", json!({"ids": []})).await),
        ["ids"]
    );
}

#[tokio::test]
async fn nothing_that_runs_is_shown() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    for (name, bytes, kind) in [
        (
            "cat.png",
            &b"<!DOCTYPE html><script>alert(1)</script>"[..],
            "text/html",
        ),
        (
            "cat.png",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            "image/svg+xml",
        ),
        ("cat.jpg", b"%PDF-1.7 ...", "application/pdf"),
        ("cat.gif", b"\0\x01\x02 who knows", "application/octet-stream"),
        ("cat.html", b"plain words", "text/plain; charset=utf-8"),
    ] {
        let file = upload(&desk, &ada, name, bytes).await;
        let answer = desk.get(&ada, &url(&file)).await;
        assert_eq!(answer.header("content-type"), kind, "{name}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").contains("sandbox"));
        let shown = answer.header("content-disposition").starts_with("inline");
        assert_eq!(shown, kind.starts_with("text/plain"), "{kind}");
    }
}

#[tokio::test]
async fn a_name_leads_nowhere() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    for (given, kept) in [
        ("../../../etc/passwd", "passwd"),
        ("..\\\\..\\\\boot.ini", "boot.ini"),
        ("..", "file"),
        ("a b/ä&?#%.txt", "ä&_#%.txt"),
        ("", "file"),
    ] {
        let file = upload(&desk, &ada, given, b"text").await;
        assert_eq!(file["filename"], kept, "{given}");
        let answer = desk.get(&ada, &url(&file)).await;
        assert_eq!(answer.text(), "text", "{}", url(&file));
        let disposition = answer.header("content-disposition");
        assert!(
            disposition.is_ascii() && !disposition.contains(['/', '\n']),
            "{disposition}"
        );
    }
}

#[tokio::test]
async fn what_does_not_come_in() {
    let rules = FileRules {
        file_bytes_max: 100_000,
        types_denied: vec!["application/pdf".into()],
        ..FileRules::default()
    };
    let desk = Desk::open_with(Wishes {
        file_rules: rules,
        ..Wishes::default()
    })
    .await;
    let ada = desk.person().await;
    assert_eq!(fields(&try_upload(&desk, &ada, "a.txt", b"").await), ["file"]);
    assert_eq!(
        fields(&try_upload(&desk, &ada, "a.png", b"\x89PNG\r\n\x1a\nnothing").await),
        ["file"]
    );
    try_upload(&desk, &ada, "a.pdf", b"%PDF-1.7").await.expect(415);
    let text = || part("file", "a.txt", "text/plain", b"text");
    assert_eq!(fields(&send_form(&desk, &ada, form(&[])).await), ["file"]);
    assert_eq!(
        fields(&send_form(&desk, &ada, form(&[part("x", "a", "b", b"c")])).await),
        ["x"]
    );
    assert_eq!(
        fields(&send_form(&desk, &ada, form(&[text(), text()])).await),
        ["file"]
    );
    assert_eq!(
        fields(&send_form(&desk, &ada, form(&[text(), part("x", "a", "b", b"c")])).await),
        ["x"]
    );
    let json = desk.post(&ada, "/uploads", json!({"file": "text"})).await;
    assert_eq!(json.expect(415)["code"], "unsupported_media");

    // Cut off anywhere, and without an end: not even JSON, so to speak.
    let whole = form(&[part("file", "a.txt", "text/plain", &[b'x'; 1_000])]);
    for length in [0, 10, 100, 500, whole.len() - 30] {
        let answer = send_form(&desk, &ada, whole[..length].to_vec()).await;
        answer.expect(400);
    }
    let endless = send_form(&desk, &ada, vec![b'x'; 1_000_000]).await;
    assert!([400, 413].contains(&endless.status), "{}", endless.status);
    let long_head = format!("--{BOUNDARY}\r\nX: {}", "x".repeat(90_000));
    send_form(&desk, &ada, long_head.into_bytes()).await.expect(400);

    // Both what says that it is too large and what does not.
    let answer = try_upload(&desk, &ada, "a.txt", &vec![b'x'; 100_001]).await;
    assert_eq!(answer.expect(413)["code"], "too_large");
    desk.call("POST", "/uploads", None, None).await.expect(401);

    sweep(&desk).await;
    assert_eq!(desk.kept_files(), 0, "nothing of all this is left");
}

#[tokio::test]
async fn what_says_that_it_is_too_large_is_refused_unread() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let address = desk.client.base_url().strip_prefix("http://").unwrap().to_owned();
    let mut socket = tokio::net::TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /uploads HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: 99999999999\r\n\
         Expect: 100-continue\r\n\r\n",
        ada.token
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 64];
    let reading = tokio::time::timeout(Duration::from_secs(20), socket.read(&mut answer));
    let count = reading
        .await
        .expect("an answer, though nothing was sent")
        .unwrap();
    let answer = String::from_utf8_lossy(&answer[..count]);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn what_no_message_bears_is_removed_in_time() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let room = desk.room(&ada, "public").await;
    let (_, borne) = said(&desk, &ada, &room, "kept.gif", GIF).await;
    let orphan = upload(&desk, &ada, "orphan.gif", GIF).await;
    assert_eq!(desk.kept_files(), 4, "two files, two thumbnails");
    // Tokens do not last that long.
    let later = async |time| {
        desk.advance(time);
        let body = json!({"username": ada.username, "password": PASSWORD});
        let tokens = desk
            .call("POST", "/auth/login", None, Some(&body))
            .await
            .expect(200);
        sweep(&desk).await;
        Person::of(&tokens)
    };
    let ada = later(Duration::from_hours(23)).await;
    assert_eq!(desk.get(&ada, &url(&orphan)).await.status, 200);
    let ada = later(Duration::from_hours(1)).await;
    assert_eq!(desk.get(&ada, &url(&orphan)).await.status, 404);
    let late = json!({"attachments": [orphan["id"]]});
    assert_eq!(fields(&send(&desk, &ada, &room, late).await), ["attachments[0]"]);
    assert_eq!(desk.get(&ada, &url(&borne)).await.status, 200);
    assert_eq!(desk.kept_files(), 2);
    // A room takes its files along.
    desk.delete(&ada, &format!("/rooms/{room}")).await.expect(204);
    assert_eq!(desk.get(&ada, &url(&borne)).await.status, 404);
    sweep(&desk).await;
    assert_eq!(desk.kept_files(), 0);
}

#[tokio::test]
async fn uploads_have_a_budget_and_a_quota() {
    let mut wishes = Wishes::default();
    wishes.limits.uploads = Rate::per_minute(3);
    wishes.file_rules.quota_bytes = 10;
    let desk = Desk::open_with(wishes).await;
    let ada = desk.person().await;
    upload(&desk, &ada, "a.txt", b"123456").await;
    let refused = try_upload(&desk, &ada, "b.txt", b"12345").await;
    let refused = refused.expect(413);
    assert_eq!(refused["code"], "too_large");
    let detail = refused["detail"].as_str().unwrap();
    assert!(
        detail.contains("all that you have") && detail.contains("4 bytes are left"),
        "{detail}"
    );
    upload(&desk, &ada, "b.txt", b"1234").await;
    let limited = try_upload(&desk, &ada, "c.txt", b"1").await;
    assert_eq!(limited.expect(429)["code"], "rate_limited");
    assert!(!limited.header("retry-after").is_empty() && !limited.header("ratelimit").is_empty());
    desk.advance(Duration::from_mins(1));
    try_upload(&desk, &ada, "c.txt", b"1").await.expect(403);
    // Another person has their own.
    let bob = desk.person().await;
    upload(&desk, &bob, "a.txt", b"123456").await;
}
