//! The accept loop over real sockets.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

fn rules() -> ConnectionRules {
    ConnectionRules {
        port_name: "test",
        connections_max: 100,
        connections_per_address_max: 100,
        header_read_timeout: Duration::from_millis(300),
        trusted_proxies: Arc::new([]),
    }
}

struct Server {
    address: SocketAddr,
    stopping: CancellationToken,
    served: tokio::task::JoinHandle<()>,
}

fn start(app: Router, rules: ConnectionRules) -> Server {
    let port = bind(IpAddr::from([127, 0, 0, 1]), 0).unwrap();
    let (address, stopping) = (port.address, CancellationToken::new());
    let served = tokio::spawn(serve(port, app, rules, stopping.clone()));
    Server {
        address,
        stopping,
        served,
    }
}

fn hello() -> Router {
    Router::new().route(
        "/",
        get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()),
    )
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let _ = timeout(PATIENCE, stream.read_to_string(&mut text))
        .await
        .expect("the server hangs up");
    text
}

async fn ask(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    read_all(&mut stream).await
}

#[tokio::test]
async fn a_request_is_served_and_knows_its_client() {
    let server = start(hello(), rules());
    assert!(ask(server.address).await.ends_with("127.0.0.1"));
}

#[tokio::test]
async fn a_head_that_drips_is_hung_up_on() {
    let server = start(hello(), rules());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
    let begun = tokio::time::Instant::now();
    read_all(&mut stream).await;
    assert!(begun.elapsed() >= Duration::from_millis(250), "not at once");
}

#[tokio::test]
async fn a_huge_head_is_refused() {
    let server = start(hello(), rules());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "GET / HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n",
        "x".repeat(40 * 1024)
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&answer, b"HTTP/1.1 431");
}

#[tokio::test]
async fn one_address_cannot_take_all_places() {
    let server = start(
        hello(),
        ConnectionRules {
            connections_per_address_max: 2,
            ..rules()
        },
    );
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        let mut first = [0; 1];
        timeout(PATIENCE, stream.read_exact(&mut first))
            .await
            .unwrap()
            .unwrap();
        held.push(stream);
    }
    let mut third = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(read_all(&mut third).await, "", "closed at the door");

    // Another address has places of its own.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = socket.connect(server.address).await.unwrap();
    other
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    assert!(read_all(&mut other).await.ends_with("127.0.0.2"));

    // A place is free again when its connection has ended.
    drop(held);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while ask(server.address).await.is_empty() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the places are still taken"
        );
    }
}

#[tokio::test]
async fn an_upgraded_connection_keeps_its_place() {
    let app = Router::new().route(
        "/",
        get(async |request: axum::extract::Request| {
            tokio::spawn(async move {
                let upgraded = hyper::upgrade::on(request).await.unwrap();
                let mut stream = hyper_util::rt::TokioIo::new(upgraded);
                let mut byte = [0; 1];
                while stream.read_exact(&mut byte).await.is_ok() {
                    stream.write_all(&byte).await.unwrap();
                }
            });
            axum::response::Response::builder()
                .status(101)
                .header("connection", "upgrade")
                .header("upgrade", "echo")
                .body(axum::body::Body::empty())
                .unwrap()
        }),
    );
    let server = start(
        app,
        ConnectionRules {
            connections_max: 1,
            ..rules()
        },
    );
    let mut upgraded = TcpStream::connect(server.address).await.unwrap();
    upgraded
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n")
        .await
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, upgraded.read_u8()).await.unwrap().unwrap());
    }
    upgraded.write_u8(7).await.unwrap();
    assert_eq!(timeout(PATIENCE, upgraded.read_u8()).await.unwrap().unwrap(), 7);
    assert_eq!(ask(server.address).await, "", "the only place is taken");
    drop(upgraded);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while ask(server.address).await.is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "the place is still taken");
    }
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_flight_and_takes_nothing_new() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let app = {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        Router::new().route(
            "/",
            get(async move || {
                begun.notify_one();
                go_on.notified().await;
                "finished"
            }),
        )
    };
    let server = start(app, rules());
    let asking = tokio::spawn(ask(server.address));
    timeout(PATIENCE, begun.notified()).await.unwrap();
    server.stopping.cancel();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while TcpStream::connect(server.address).await.is_ok() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "newcomers are still taken"
        );
    }
    assert!(!server.served.is_finished());
    go_on.notify_one();
    assert!(asking.await.unwrap().ends_with("finished"));
    timeout(PATIENCE, server.served).await.unwrap().unwrap();
}
