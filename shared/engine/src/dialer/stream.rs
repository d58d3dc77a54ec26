//! A connection to the target, plain or TLS, that counts what passes and when.
//!
//! The counts are what evidence and phase timings are made of; nothing here decides anything.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

/// What passed over one connection. Times are nanoseconds since the connection was made; zero
/// means "not since the last mark".
#[derive(Debug)]
pub struct Meter {
    base: Instant,
    sent: AtomicU64,
    received: AtomicU64,
    last_write: AtomicU64,
    first_read: AtomicU64,
    /// The first bytes that were read since the last mark, at most four, and above them how many.
    beginning: AtomicU64,
}

/// Bytes over a connection, TLS framing not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub sent: u64,
    pub received: u64,
}

impl Traffic {
    pub fn since(self, earlier: Self) -> Self {
        Self {
            sent: self.sent - earlier.sent,
            received: self.received - earlier.received,
        }
    }
}

impl Meter {
    fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            base: Instant::now(),
            sent: zero(),
            received: zero(),
            last_write: zero(),
            first_read: zero(),
            beginning: zero(),
        }
    }

    /// Begins an exchange: the times count from here on.
    pub fn mark(&self) -> Traffic {
        self.last_write.store(0, Ordering::Relaxed);
        self.first_read.store(0, Ordering::Relaxed);
        self.beginning.store(0, Ordering::Relaxed);
        self.traffic()
    }

    pub fn traffic(&self) -> Traffic {
        Traffic {
            sent: self.sent.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
        }
    }

    pub fn last_write(&self) -> Option<Instant> {
        self.instant(&self.last_write)
    }

    pub fn first_read(&self) -> Option<Instant> {
        self.instant(&self.first_read)
    }

    fn instant(&self, slot: &AtomicU64) -> Option<Instant> {
        match slot.load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(self.base + std::time::Duration::from_nanos(nanos)),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_nanos())
            .unwrap_or(u64::MAX)
            .max(1)
    }

    fn wrote(&self, count: usize) {
        self.sent.fetch_add(count as u64, Ordering::Relaxed);
        self.last_write.store(self.now(), Ordering::Relaxed);
    }

    fn read(&self, fresh: &[u8]) {
        self.received
            .fetch_add(fresh.len() as u64, Ordering::Relaxed);
        if self.first_read.load(Ordering::Relaxed) == 0 {
            self.first_read.store(self.now(), Ordering::Relaxed);
            let (mut four, count) = ([0; 4], fresh.len().min(4));
            four[..count].copy_from_slice(&fresh[..count]);
            let packed = (count as u64) << 32 | u64::from(u32::from_be_bytes(four));
            self.beginning.store(packed, Ordering::Relaxed);
        }
    }

    /// The first bytes of an answer, at most four: enough to tell a protocol, too few for a secret.
    pub fn beginning(&self) -> Vec<u8> {
        let packed = self.beginning.load(Ordering::Relaxed).to_be_bytes();
        packed[4..].iter().copied().take(packed[3].into()).collect()
    }
}

/// A metered connection.
#[derive(Debug)]
pub struct Stream {
    io: Io,
    meter: Arc<Meter>,
}

#[derive(Debug)]
enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub(crate) fn plain(tcp: TcpStream) -> Self {
        Self {
            io: Io::Plain(tcp),
            meter: Arc::new(Meter::new()),
        }
    }

    pub(crate) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self {
            io: Io::Tls(Box::new(stream)),
            meter: Arc::new(Meter::new()),
        }
    }

    pub fn meter(&self) -> Arc<Meter> {
        self.meter.clone()
    }

    /// Makes the coming drop a reset instead of an orderly end.
    pub fn reset_on_drop(&self) -> io::Result<()> {
        match &self.io {
            Io::Plain(tcp) => tcp.set_zero_linger(),
            Io::Tls(stream) => stream.get_ref().0.set_zero_linger(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = match &mut self.io {
            Io::Plain(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Io::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        let fresh = &buffer.filled()[before..];
        if !fresh.is_empty() {
            self.meter.read(fresh);
        }
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = match &mut self.io {
            Io::Plain(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Io::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        };
        if let Poll::Ready(Ok(count)) = polled {
            self.meter.wrote(count);
        }
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = match &mut self.io {
            Io::Plain(tcp) => Pin::new(tcp).poll_write_vectored(context, bytes),
            Io::Tls(stream) => Pin::new(stream).poll_write_vectored(context, bytes),
        };
        if let Poll::Ready(Ok(count)) = polled {
            self.meter.wrote(count);
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(tcp) => tcp.is_write_vectored(),
            Io::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(tcp) => Pin::new(tcp).poll_flush(context),
            Io::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(tcp) => Pin::new(tcp).poll_shutdown(context),
            Io::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
