//! `GET /api/v1/backup`: a copy of all that is kept, written while it is sent.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Shared;
use super::entry::busy;
use super::problem::Problem;

/// What a copy is, for whoever looks at the header.
pub(super) const MEDIA_TYPE: &str = "application/vnd.rolecall.backup";

/// What is handed on at once, and how many of these wait for a reader.
const PIECE_BYTES: usize = 256 << 10;
const PIECES_WAITING_MAX: usize = 4;

/// How long a reader may take nothing. As long as a copy is made the journal's database can't use again what it gives up.
const STALLED_MAX: Duration = Duration::from_secs(30);

type Writing = dyn Fn(&mut dyn Write) -> io::Result<()> + Send + Sync;

/// Writes a copy of all that is kept.
#[derive(Clone)]
pub struct Backup(Arc<Writing>);

impl fmt::Debug for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Backup")
    }
}

impl Backup {
    /// One that is written by this, on a thread that may wait.
    pub fn new(write: impl Fn(&mut dyn Write) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(write))
    }
}

/// Hands pieces to whoever sends them.
struct Pieces {
    to: mpsc::Sender<io::Result<Bytes>>,
    runtime: Handle,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sending = tokio::time::timeout(STALLED_MAX, self.to.send(Ok(Bytes::copy_from_slice(bytes))));
        let stalled = || io::Error::new(io::ErrorKind::TimedOut, "whoever asked for the copy takes nothing of it");
        match self.runtime.block_on(sending) {
            Ok(Ok(())) => Ok(bytes.len()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(stalled()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One at a time. Where it fails on the way the connection is cut, and the copy has no end.
pub(super) async fn backup(State(shared): State<Shared>) -> Result<Response, Problem> {
    let nothing = || busy("busy", "there is nothing to copy here");
    let Backup(write) = shared.backup.clone().ok_or_else(nothing)?;
    let turn = Arc::clone(&shared.backup_turn).try_acquire_owned();
    let turn = turn.map_err(|_| busy("busy", "another copy is being made: one at a time"))?;
    let (to, pieces) = mpsc::channel(PIECES_WAITING_MAX);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut piecewise = BufWriter::with_capacity(PIECE_BYTES, Pieces { to: to.clone(), runtime });
        let written = write(&mut piecewise).and_then(|()| piecewise.flush());
        if let Err(error) = written {
            tracing::warn!(%error, "a copy of the journal was given up");
            // Whatever waits in the buffer is not sent any more.
            let _ = piecewise.into_parts();
            let _ = to.try_send(Err(error));
        }
        drop(turn);
    });
    let headers =
        [(header::CONTENT_TYPE, MEDIA_TYPE), (header::CONTENT_DISPOSITION, "attachment; filename=\"rolecall.backup\"")];
    Ok((headers, Body::from_stream(ReceiverStream::new(pieces))).into_response())
}
