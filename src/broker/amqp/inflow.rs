//! The socket as lapin sees it: what comes in passes [`Frames`], and no faster than the [`Allowance`] lets it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::io::{AsyncRead, AsyncWrite};
use lapin::tcp::AsyncTcpStream;
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep};

use super::allowance::Allowance;
use super::frames::Frames;

/// Where nothing should be read, a little is read this often all the same: else each side would take the other for gone.
/// Heartbeats come behind what is not read, and RabbitMQ closes a connection that took a message no further for 30 s.
const TRICKLE_EVERY: Duration = Duration::from_secs(1);
/// At least as much, so that what comes may grow by 4 MB a minute, …
const TRICKLE_MIN: u64 = 64 << 10;
/// … and as much as brings in the newest body in so many times.
const TRICKLES_A_BODY: u64 = 20;

/// A socket of lapin's own runtime, with or without TLS.
type Socket = AsyncTcpStream<<async_rs::Tokio as async_rs::traits::Reactor>::TcpStream>;

/// A socket and what came over it.
pub(super) struct Inflow {
    socket: Socket,
    frames: Frames,
    allowance: Arc<Allowance>,
    /// The length of the newest body.
    coming: u64,
    /// lapin reads on a thread of its own, where nobody keeps time.
    clock: Handle,
    trickle_at: Option<Pin<Box<Sleep>>>,
}

impl Inflow {
    /// Must be called within a tokio runtime.
    pub(super) fn new(socket: Socket, allowance: Arc<Allowance>) -> Self {
        Self { socket, frames: Frames::new(), allowance, coming: 0, clock: Handle::current(), trickle_at: None }
    }

    /// How much may be read now.
    fn poll_leave(&mut self, context: &mut Context<'_>) -> Poll<usize> {
        if !self.allowance.waits(self.coming, context.waker()) {
            self.trickle_at = None;
            return Poll::Ready(usize::MAX);
        }
        let next = || Instant::now() + TRICKLE_EVERY;
        let sleep = self.trickle_at.get_or_insert_with(|| {
            let _within = self.clock.enter();
            Box::pin(tokio::time::sleep_until(next()))
        });
        ready!(sleep.as_mut().poll(context));
        sleep.as_mut().reset(next());
        let trickle = TRICKLE_MIN.max(self.coming / TRICKLES_A_BODY);
        Poll::Ready(usize::try_from(trickle).unwrap_or(usize::MAX))
    }

    /// Reads something that may be taken. Nothing where the other side has ended.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.frames.ready().is_empty() {
            let leave = ready!(self.poll_leave(context));
            let room = self.frames.room();
            let room_length = room.len();
            let room = &mut room[..leave.min(room_length)];
            let count = ready!(Pin::new(&mut self.socket).poll_read(context, room))?;
            if count == 0 {
                break;
            }
            let (allowance, coming) = (&self.allowance, &mut self.coming);
            self.frames.came(count, |length| {
                allowance.begins(length);
                *coming = length;
            });
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Inflow {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_fill(context))?;
        let found = self.frames.ready();
        let count = found.len().min(buf.len());
        buf[..count].copy_from_slice(&found[..count]);
        self.frames.take(count);
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Inflow {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(context)
    }
}
