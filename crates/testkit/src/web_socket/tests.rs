//! The client against a scripted server.
use serde_json::json;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use super::*;

const SOON: Duration = Duration::from_secs(5);
const A_MOMENT: Duration = Duration::from_millis(40);

/// A server that sends these messages to whoever comes with the right token, then echoes.
async fn serve(messages: Vec<Message>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        #[expect(clippy::result_large_err, reason = "the type is that of the callback")]
        let check = |request: &Request, mut response: Response| {
            if request
                .headers()
                .get("authorization")
                .is_none_or(|value| value != "Bearer good")
            {
                let mut refused = ErrorResponse::new(Some("who are you?".to_owned()));
                *refused.status_mut() = tokio_tungstenite::tungstenite::http::StatusCode::UNAUTHORIZED;
                return Err(refused);
            }
            if request.headers().contains_key(header::SEC_WEBSOCKET_PROTOCOL) {
                response.headers_mut().insert(
                    header::SEC_WEBSOCKET_PROTOCOL,
                    HeaderValue::from_static("confab.v1"),
                );
            }
            Ok(response)
        };
        let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, check).await else {
            return;
        };
        for message in messages {
            socket.send(message).await.unwrap();
        }
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() {
                socket.send(message).await.unwrap();
            }
        }
    });
    url
}

fn frame(value: Value) -> Message {
    Message::text(value.to_string())
}

#[tokio::test]
async fn frames_are_found_in_any_order() {
    let url = serve(vec![
        frame(json!({"type": "message_created", "seq": 1})),
        frame(json!({"type": "ack", "ref": "a"})),
        frame(json!({"type": "message_created", "seq": 2})),
    ])
    .await;
    let mut socket = WebSocket::connect_with_bearer(&url, "good").await.unwrap();
    assert_eq!(socket.expect_reply("a").await["type"], "ack");
    assert_eq!(socket.mailbox().count(), 1);
    assert_eq!(
        socket
            .expect_where("message_created", |frame| frame["seq"] == 2)
            .await["seq"],
        2
    );
    assert_eq!(socket.expect("message_created").await["seq"], 1);
    socket.send_json(&json!({"type": "ping"})).await;
    assert_eq!(socket.next(SOON).await, Some(json!({"type": "ping"})));
    socket
        .expect_none(|frame| frame["type"] == "ping", A_MOMENT)
        .await;
    socket.close().await;
}

#[tokio::test]
#[should_panic(expected = r#"got a frame that must not come: {"type":"leak"}"#)]
async fn a_forbidden_frame_is_found_in_the_mailbox_too() {
    let url = serve(vec![
        frame(json!({"type": "leak"})),
        frame(json!({"type": "done"})),
    ])
    .await;
    let mut socket = WebSocket::connect_with_bearer(&url, "good").await.unwrap();
    socket.expect("done").await;
    socket
        .expect_none(|frame| frame["type"] == "leak", A_MOMENT)
        .await;
}

#[tokio::test]
async fn failures_show_what_came_instead() {
    let url = serve(vec![frame(json!({"type": "error", "code": "not_found"}))]).await;
    let mut socket = WebSocket::connect_with_bearer(&url, "good").await.unwrap();
    let error = socket
        .next_where(|frame| frame["type"] == "ack", A_MOMENT)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("not_found"), "{error}");
}

#[tokio::test]
async fn tells_how_the_server_closed() {
    let close = CloseFrame {
        code: 4003.into(),
        reason: "slow consumer".into(),
    };
    let url = serve(vec![frame(json!({"type": "hello"})), Message::Close(Some(close))]).await;
    let mut socket = WebSocket::connect_with_bearer(&url, "good").await.unwrap();
    let close = socket.expect_close(SOON).await;
    assert_eq!(
        close,
        Close {
            code: 4003,
            reason: "slow consumer".to_owned()
        }
    );
    assert_eq!(
        socket.expect("hello").await["type"],
        "hello",
        "what came before is still there"
    );
    assert!(socket.next(SOON).await.is_none());
    assert_eq!(socket.close_seen(), Some(&close));
}

#[tokio::test]
async fn a_refused_handshake_is_told_from_no_server() {
    let url = serve(Vec::new()).await;
    let refusal = WebSocket::connect_with_bearer(&url, "bad").await.unwrap_err();
    assert_eq!(
        refusal,
        Refusal {
            status: 401,
            body: "who are you?".to_owned()
        }
    );
    let nobody = format!("ws://127.0.0.1:{}/ws", crate::free_port());
    assert_eq!(
        WebSocket::connect_with_bearer(&nobody, "good")
            .await
            .unwrap_err()
            .status,
        0
    );
}

#[tokio::test]
async fn offers_subprotocols_and_tells_the_chosen_one() {
    let url = serve(Vec::new()).await;
    let headers = [("authorization", "Bearer good")];
    let socket = WebSocket::connect(&url, &headers, &["confab.v1", "bearer.good"])
        .await
        .unwrap();
    assert_eq!(socket.subprotocol(), Some("confab.v1"));
    socket.reset();
}
