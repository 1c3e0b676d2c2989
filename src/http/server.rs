//! The server: connections, their limits, and their end.
//!
//! Built on hyper rather than on `axum::serve`, which sets none of these limits: who sends its header too slowly, or
//! reads its answer too slowly, or brings too many connections, must not keep others out.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use tracing::{debug, warn};

use super::access::client;
use super::places::{Place, Places};
use super::tls::Certificate;

/// How long a request's header may take, and how long an idle connection is kept.
pub(super) const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest header of a request.
const HEADER_MAX_BYTES: usize = 16 * 1024;

/// How long a client may leave what it asked for unread. A stream's reader who has stopped reading ends here.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long connections have for their end, after the streams were ended.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// After an error of `accept` (too many open files) the next attempt waits for so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Answers connections until `shutdown`, then lets those under way finish. With a certificate by TLS, and not without.
pub(super) async fn run(
    listener: TcpListener,
    certificate: Option<Certificate>,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let places = Places::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut shutdown => break,
        };
        if let Some((stream, peer, place)) = accepted {
            let acceptor = certificate.as_ref().map(Certificate::acceptor);
            tokio::spawn(answer(stream, peer, acceptor, router.clone(), graceful.watcher(), place));
        }
    }
    drop(listener);
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await.is_err() {
        debug!("some HTTP connections did not end in time and are cut");
    }
}

/// The next connection, once there is a place for it; `None` where its client has too many.
async fn accept(listener: &TcpListener, places: &Places) -> Option<(TcpStream, SocketAddr, Place)> {
    let free = places.free().await?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            let place = places.take(free, client(Some(peer)));
            if place.is_none() {
                debug!(%peer, "too many HTTP connections from one address: this one is closed");
            }
            place.map(|place| (stream, peer, place))
        }
        Err(error) => {
            warn!(%error, "HTTP connection not accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn answer(
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    watcher: Watcher,
    place: Place,
) {
    // Small answers must not wait for each other's acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let stream = Box::pin(stream);
    match acceptor {
        None => converse(stream, peer, router, watcher).await,
        Some(acceptor) => match tokio::time::timeout(HEADER_TIMEOUT, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => converse(stream, peer, router, watcher).await,
            Ok(Err(error)) => debug!(%error, %peer, "TLS was not agreed upon"),
            Err(_) => debug!(%peer, "TLS was not agreed upon in time"),
        },
    }
    drop(place);
}

async fn converse<S>(stream: S, peer: SocketAddr, router: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_MAX_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        debug!(%error, %peer, "HTTP connection ended early");
    }
}
