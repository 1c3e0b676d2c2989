//! lapin's runtime: tokio, but that its sockets are [`Inflow`]s. lapin reads from whatever stream its runtime names.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_rs::traits::{Executor, Reactor, RuntimeKit};
use async_rs::util::Task;
use async_rs::{Runtime, Tokio, TokioRuntime};
use futures_util::io::{AsyncRead, AsyncWrite};
use futures_util::stream::Stream;
use lapin::tcp::AsyncTcpStream;
use tokio::runtime::Handle;

use super::allowance::Allowance;
use super::inflow::Inflow;

/// tokio with our sockets.
#[derive(Debug, Clone)]
pub(super) struct Kit {
    tokio: Tokio,
    allowance: Arc<Allowance>,
}

impl Kit {
    /// That runtime, for one connection.
    pub(super) fn on(runtime: Handle, allowance: Arc<Allowance>) -> Runtime<Self> {
        Runtime::new(Self { tokio: Tokio::default().with_handle(runtime), allowance })
    }

    /// The same as lapin knows it, to connect with.
    pub(super) fn plain(runtime: Handle) -> TokioRuntime {
        Runtime::tokio_with_handle(runtime)
    }
}

impl RuntimeKit for Kit {}

impl Executor for Kit {
    type Task<T: Send + 'static> = <Tokio as Executor>::Task<T>;

    fn block_on<T, F: Future<Output = T>>(&self, future: F) -> T {
        self.tokio.block_on(future)
    }

    fn spawn<T: Send + 'static, F: Future<Output = T> + Send + 'static>(&self, future: F) -> Task<Self::Task<T>> {
        self.tokio.spawn(future)
    }

    fn spawn_blocking<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(&self, work: F) -> Task<Self::Task<T>> {
        self.tokio.spawn_blocking(work)
    }
}

impl Reactor for Kit {
    type TcpStream = Inflow;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        socket: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        self.tokio.register(socket)
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.tokio.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.tokio.interval(duration)
    }

    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        let (connecting, allowance) = (self.tokio.tcp_connect_addr(address), Arc::clone(&self.allowance));
        async move { Ok(Inflow::new(AsyncTcpStream::Plain(connecting.await?), allowance)) }
    }
}
