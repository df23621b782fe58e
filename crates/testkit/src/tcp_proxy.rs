//! A link that can be cut, stalled and slowed: a TCP proxy on loopback.
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::{ports, waiting};

const CHUNK_BYTES: usize = 16 * 1024;
/// Chunks on the way in one direction of one connection: at most 1 MiB.
const CHUNKS_MAX: usize = 64;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server behind the proxy.
    ToServer,
    /// From the server behind the proxy to the client.
    ToClient,
    /// Both ways.
    Both,
}

impl Direction {
    fn includes(self, other: Self) -> bool {
        self == Self::Both || self == other
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Pass,
    Cut,
    Stall(Direction),
    Delay(Duration),
}

#[derive(Clone, Copy, Debug)]
struct State {
    mode: Mode,
    /// Connections made under an older number are reset.
    generation: u64,
}

/// A proxy on 127.0.0.1 in front of one server. Dropping it resets all connections.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    commands: mpsc::Sender<Listen>,
    connections: watch::Receiver<usize>,
}

#[derive(Debug)]
enum Listen {
    Start(oneshot::Sender<std::io::Result<()>>),
    Stop(oneshot::Sender<()>),
}

impl TcpProxy {
    /// A proxy in front of `upstream` (`host:port`), passing everything on. To be called within a tokio runtime.
    pub fn start(upstream: impl Into<String>) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], ports::free_port()));
        let (state, watched) = watch::channel(State {
            mode: Mode::Pass,
            generation: 0,
        });
        let (commands, inbox) = mpsc::channel(1);
        let (counter, connections) = watch::channel(0);
        let listener = listen(address).context("cannot listen for a proxy")?;
        tokio::spawn(accept(
            address,
            listener,
            upstream.into(),
            watched,
            inbox,
            counter,
        ));
        Ok(Self {
            address,
            state,
            commands,
            connections,
        })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `url` with its host and port replaced by those of the proxy.
    ///
    /// # Panics
    /// When `url` has no `://`.
    pub fn url(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").expect("a URL has ://");
        let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
        let host_start = rest[..authority_end].rfind('@').map_or(0, |at| at + 1);
        format!(
            "{scheme}://{}{}{}",
            &rest[..host_start],
            self.address,
            &rest[authority_end..]
        )
    }

    /// How many connections go through it now.
    pub fn connections(&self) -> usize {
        *self.connections.borrow()
    }

    /// Passes everything on, what a stall held back first; takes connections again after a cut.
    pub async fn pass(&self) -> Result<()> {
        self.listen().await?;
        self.set(Mode::Pass);
        Ok(())
    }

    /// Resets all connections and refuses new ones. Returns when both is so.
    pub async fn cut(&self) {
        let (reply, done) = oneshot::channel();
        self.set(Mode::Cut);
        let _ = self.commands.send(Listen::Stop(reply)).await;
        let _ = done.await;
        self.cut_existing().await;
    }

    /// Resets all connections of this moment; new ones pass as before. Returns when they are reset.
    pub async fn cut_existing(&self) {
        self.state.send_modify(|state| state.generation += 1);
        let mut connections = self.connections.clone();
        // New connections may come meanwhile, so it need not get to zero; the reset itself takes no time.
        let _ = tokio::time::timeout(
            Duration::from_millis(200),
            connections.wait_for(|count| *count == 0),
        )
        .await;
    }

    /// Takes connections and keeps them open, and delivers nothing that way until told otherwise.
    pub async fn stall(&self, direction: Direction) -> Result<()> {
        self.listen().await?;
        self.set(Mode::Stall(direction));
        Ok(())
    }

    /// Delivers every byte this much later, both ways.
    pub async fn delay(&self, delay: Duration) -> Result<()> {
        self.listen().await?;
        self.set(Mode::Delay(delay));
        Ok(())
    }

    fn set(&self, mode: Mode) {
        self.state.send_modify(|state| state.mode = mode);
    }

    async fn listen(&self) -> Result<()> {
        let (reply, done) = oneshot::channel();
        self.commands
            .send(Listen::Start(reply))
            .await
            .context("the proxy has ended")?;
        done.await.context("the proxy has ended")??;
        Ok(())
    }
}

async fn accept(
    address: SocketAddr,
    listener: TcpListener,
    upstream: String,
    state: watch::Receiver<State>,
    mut inbox: mpsc::Receiver<Listen>,
    connections: watch::Sender<usize>,
) {
    let mut listener = Some(listener);
    loop {
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            command = inbox.recv() => match command {
                Some(Listen::Start(reply)) => {
                    let result = if listener.is_some() { Ok(()) } else { relisten(address, &mut listener).await };
                    let _ = reply.send(result);
                }
                Some(Listen::Stop(reply)) => {
                    listener = None;
                    let _ = reply.send(());
                }
                None => return,
            },
            Ok((client, _)) = accepted => {
                let (upstream, state, connections) = (upstream.clone(), state.clone(), connections.clone());
                tokio::spawn(async move {
                    connections.send_modify(|count| *count += 1);
                    relay(client, &upstream, state).await;
                    connections.send_modify(|count| *count -= 1);
                });
            }
        }
    }
}

/// The port may be held for a moment by a connection that is being reset.
async fn relisten(address: SocketAddr, slot: &mut Option<TcpListener>) -> std::io::Result<()> {
    let listener = waiting::poll(Duration::from_secs(5), || {
        std::future::ready(listen(address).ok())
    })
    .await;
    *slot = Some(match listener {
        Some(listener) => listener,
        None => listen(address)?,
    });
    Ok(())
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

/// Carries one connection until it ends by itself or is cut.
async fn relay(mut client: TcpStream, upstream: &str, mut state: watch::Receiver<State>) {
    let generation = state.borrow_and_update().generation;
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(upstream)).await;
    let Ok(Ok(mut server)) = connected else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = (server.set_nodelay(true), client.set_nodelay(true));
    let mut cuts = state.clone();
    let is_cut = |state: &State| state.generation != generation || state.mode == Mode::Cut;
    let ended_in_order = {
        let (client_read, client_write) = client.split();
        let (server_read, server_write) = server.split();
        tokio::select! {
            biased;
            // An error means that the proxy was dropped, which cuts too.
            _ = cuts.wait_for(is_cut) => false,
            carried = async {
                tokio::try_join!(
                    carry(client_read, server_write, Direction::ToServer, state.clone()),
                    carry(server_read, client_write, Direction::ToClient, state.clone()),
                )
            } => carried.is_ok(),
        }
    };
    if !ended_in_order {
        // Dropped streams are then reset.
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

/// One direction: a reader that stamps chunks with their arrival, and a writer that delivers them when due.
async fn carry(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    direction: Direction,
    mut state: watch::Receiver<State>,
) -> std::io::Result<()> {
    let (sender, mut chunks) = mpsc::channel::<(Instant, Vec<u8>)>(CHUNKS_MAX);
    let read = async move {
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            let count = from.read(&mut buffer).await?;
            if count == 0
                || sender
                    .send((Instant::now(), buffer[..count].to_vec()))
                    .await
                    .is_err()
            {
                return Ok(());
            }
        }
    };
    let write = async move {
        while let Some((arrived, chunk)) = chunks.recv().await {
            deliverable(arrived, direction, &mut state).await;
            to.write_all(&chunk).await?;
        }
        // The end of the stream is delivered like a byte of it.
        deliverable(Instant::now(), direction, &mut state).await;
        to.shutdown().await
    };
    tokio::try_join!(read, write).map(drop)
}

/// Returns when what arrived at `arrived` may be delivered.
async fn deliverable(arrived: Instant, direction: Direction, state: &mut watch::Receiver<State>) {
    loop {
        let mode = state.borrow_and_update().mode;
        let due = match mode {
            Mode::Delay(delay) => arrived + delay,
            Mode::Stall(stalled) if stalled.includes(direction) => {
                if state.changed().await.is_err() {
                    return;
                }
                continue;
            }
            Mode::Pass | Mode::Cut | Mode::Stall(_) => return,
        };
        tokio::select! {
            () = tokio::time::sleep_until(due) => return,
            changed = state.changed() => if changed.is_err() { return },
        }
    }
}

#[cfg(test)]
mod tests;
