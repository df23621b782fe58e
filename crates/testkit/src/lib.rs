//! Throwaway servers, processes, links and clients for Confab's tests.
#![doc = include_str!("../README.md")]

pub mod event_stream;
pub mod fleet;
pub mod http_client;
pub mod packages;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod rabbitmq;
pub mod redis;
pub mod scratch;
pub mod servers;
mod system_user;
pub mod tcp_proxy;
pub mod waiting;
pub mod web_socket;

pub use event_stream::EventStream;
pub use fleet::Fleet;
pub use http_client::HttpClient;
pub use ports::free_port;
pub use postgres::Postgres;
pub use process::Process;
pub use rabbitmq::RabbitMq;
pub use redis::Redis;
pub use servers::Servers;
pub use tcp_proxy::TcpProxy;
pub use waiting::wait_until;
pub use web_socket::WebSocket;
