//! Connections that sent what nobody in his right mind sends: the third time closes them.
//!
//! A stream that is refused costs its sender nothing: he opens the next. So what was malformed is
//! counted by connection, and a connection that is out of line reads as ended.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Malformed messages of one connection that end it.
const MOST: u32 = 3;

/// What is counted of one connection.
#[derive(Debug, Default)]
pub(super) struct Strikes {
    count: AtomicU32,
    out: CancellationToken,
}

impl Strikes {
    /// Counts one; at the third the connection ends.
    pub(super) fn add(&self) {
        if self.count.fetch_add(1, Ordering::Relaxed) + 1 >= MOST {
            self.out.cancel();
        }
    }
}

/// All connections that are open, by the address of their other side.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections {
    open: Arc<Mutex<HashMap<SocketAddr, Arc<Strikes>>>>,
}

impl Connections {
    /// What is counted of the connection that a request came by.
    pub(super) fn of(&self, peer: Option<SocketAddr>) -> Option<Arc<Strikes>> {
        self.all().get(&peer?).cloned()
    }

    /// Takes a connection in; its entry goes with it.
    pub(super) fn watch(&self, stream: TcpStream) -> Watched {
        let strikes = Arc::new(Strikes::default());
        let peer = stream.peer_addr().ok();
        if let Some(peer) = peer {
            self.all().insert(peer, strikes.clone());
        }
        Watched {
            out: Box::pin(strikes.out.clone().cancelled_owned()),
            stream,
            peer,
            connections: self.clone(),
        }
    }

    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, Arc<Strikes>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that reads as ended once it is out.
#[derive(Debug)]
pub(super) struct Watched {
    stream: TcpStream,
    peer: Option<SocketAddr>,
    out: Pin<Box<WaitForCancellationFutureOwned>>,
    connections: Connections,
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(peer) = self.peer {
            self.connections.all().remove(&peer);
        }
    }
}

impl Connected for Watched {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.out.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
