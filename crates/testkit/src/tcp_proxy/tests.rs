//! The proxy before a server that echoes.
use std::io::ErrorKind;

use super::*;

const SOON: Duration = Duration::from_secs(5);
const A_MOMENT: Duration = Duration::from_millis(60);

async fn echo_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    address
}

async fn proxy() -> TcpProxy {
    TcpProxy::start(echo_server().await).unwrap()
}

async fn say(stream: &mut TcpStream, word: &[u8; 4]) {
    stream.write_all(word).await.unwrap();
}

async fn hear(stream: &mut TcpStream) -> std::io::Result<[u8; 4]> {
    let mut word = [0; 4];
    let heard = tokio::time::timeout(SOON, stream.read_exact(&mut word)).await;
    heard.expect("an answer or an error in time").map(|_| word)
}

async fn hears_nothing(stream: &mut TcpStream) -> bool {
    tokio::time::timeout(A_MOMENT, stream.read_u8()).await.is_err()
}

async fn connect(proxy: &TcpProxy) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    say(&mut stream, b"helo").await;
    assert_eq!(&hear(&mut stream).await.unwrap(), b"helo");
    stream
}

#[tokio::test]
async fn passes_and_ends_in_order() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    assert_eq!(proxy.connections(), 1);
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
    crate::wait_until("the connection is gone", SOON, async || proxy.connections() == 0).await;
}

#[tokio::test]
async fn cut_resets_and_refuses_until_it_passes_again() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    proxy.cut().await;
    assert_eq!(
        hear(&mut stream).await.unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    proxy.pass().await.unwrap();
    connect(&proxy).await;
}

#[tokio::test]
async fn cut_existing_spares_new_connections() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    proxy.cut_existing().await;
    connect(&proxy).await;
    assert_eq!(
        hear(&mut stream).await.unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}

#[tokio::test]
async fn stall_keeps_connections_and_delivers_later() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    for direction in [Direction::Both, Direction::ToClient, Direction::ToServer] {
        proxy.stall(direction).await.unwrap();
        say(&mut stream, b"ping").await;
        assert!(hears_nothing(&mut stream).await, "stalled {direction:?}");
        TcpStream::connect(proxy.address()).await.unwrap();
        proxy.pass().await.unwrap();
        assert_eq!(&hear(&mut stream).await.unwrap(), b"ping");
    }
}

#[tokio::test]
async fn stall_one_way_lets_the_other_go_on() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = TcpProxy::start(server.local_addr().unwrap().to_string()).unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut served, _) = server.accept().await.unwrap();
    proxy.stall(Direction::ToServer).await.unwrap();
    say(&mut client, b"lost").await;
    say(&mut served, b"news").await;
    assert_eq!(&hear(&mut client).await.unwrap(), b"news");
    assert!(hears_nothing(&mut served).await);
}

#[tokio::test]
async fn delay_is_per_byte_and_keeps_the_order() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    proxy.delay(A_MOMENT).await.unwrap();
    let start = Instant::now();
    say(&mut stream, b"one ").await;
    say(&mut stream, b"two ").await;
    assert_eq!(&hear(&mut stream).await.unwrap(), b"one ");
    assert_eq!(&hear(&mut stream).await.unwrap(), b"two ");
    let took = start.elapsed();
    assert!(
        took >= A_MOMENT * 2 && took < A_MOMENT * 4,
        "there and back took {took:?}"
    );
}

#[tokio::test]
async fn dropping_it_resets() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    drop(proxy);
    assert!(hear(&mut stream).await.is_err());
}

#[tokio::test]
async fn rewrites_urls() {
    let proxy = proxy().await;
    let address = proxy.address();
    for (url, expected) in [
        (
            "postgres://confab@127.0.0.1:5432/db",
            format!("postgres://confab@{address}/db"),
        ),
        (
            "amqp://guest:guest@127.0.0.1:5672/%2f",
            format!("amqp://guest:guest@{address}/%2f"),
        ),
        ("redis://localhost:6379", format!("redis://{address}")),
    ] {
        assert_eq!(proxy.url(url), expected);
    }
}
