//! A way to the broker that can be cut, slowed down, and left half open.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// As much as one piece that is passed on.
const PIECE: usize = 16 << 10;

/// What happens on the way. Connections of an earlier stretch are what `before` says.
#[derive(Debug, Clone, Copy)]
struct Weather {
    /// Connections made from now on belong to this stretch.
    stretch: u64,
    before: Fate,
    /// Each piece takes so long.
    delay: Duration,
}

/// What becomes of connections that were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Both ends are told.
    Cut,
    /// Nothing passes any more, and nobody is told.
    Stranded,
}

pub(crate) struct Proxy {
    address: SocketAddr,
    uri: String,
    weather: Arc<watch::Sender<Weather>>,
}

impl Proxy {
    /// A way to the broker of that URI.
    pub(crate) async fn start(uri: &str) -> Self {
        let (head, rest) = uri.rsplit_once('@').expect("the tests' URIs name a user");
        let (broker, tail) = rest.split_once('/').expect("the tests' URIs name a virtual host");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let fair = Weather { stretch: 0, before: Fate::Cut, delay: Duration::ZERO };
        let weather = Arc::new(watch::Sender::new(fair));
        tokio::spawn(accept(listener, broker.to_owned(), Arc::clone(&weather)));
        Self { address, uri: format!("{head}@{address}/{tail}"), weather }
    }

    pub(crate) fn uri(&self) -> &str {
        assert!(self.uri.contains(&self.address.to_string()));
        &self.uri
    }

    /// Cuts all connections that there are.
    pub(crate) fn cut(&self) {
        self.turn(Fate::Cut);
    }

    /// Leaves all connections that there are half open: as where a router between forgets them.
    pub(crate) fn strand(&self) {
        self.turn(Fate::Stranded);
    }

    /// Each piece takes so long from now on.
    pub(crate) fn slow(&self, delay: Duration) {
        self.weather.send_modify(|weather| weather.delay = delay);
    }

    fn turn(&self, before: Fate) {
        self.weather.send_modify(|weather| {
            weather.stretch += 1;
            weather.before = before;
        });
    }
}

async fn accept(listener: TcpListener, broker: String, weather: Arc<watch::Sender<Weather>>) {
    while let Ok((near, _)) = listener.accept().await {
        // A broker that is away refuses, and so do we: the connection is dropped.
        let Ok(far) = TcpStream::connect(&broker).await else { continue };
        let stretch = weather.borrow().stretch;
        let (from_near, to_near) = near.into_split();
        let (from_far, to_far) = far.into_split();
        tokio::spawn(pass_on(from_near, to_far, stretch, weather.subscribe()));
        tokio::spawn(pass_on(from_far, to_near, stretch, weather.subscribe()));
    }
}

/// Waits until the stretch is over, and says how it ends; cut where the proxy is gone.
async fn turned(turning: &mut watch::Receiver<Weather>, stretch: u64) -> Fate {
    let turned = turning.wait_for(|weather| weather.stretch != stretch).await;
    turned.map_or(Fate::Cut, |weather| weather.before)
}

/// Passes pieces on until either end is gone or the weather turns.
async fn pass_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, stretch: u64, mut turning: watch::Receiver<Weather>) {
    let weather = turning.clone();
    let mut piece = vec![0; PIECE];
    loop {
        tokio::select! {
            biased;
            fate = turned(&mut turning, stretch) => {
                if fate == Fate::Stranded {
                    // The ends stay open for as long as the process lives, and hear nothing.
                    std::future::pending::<()>().await;
                }
                return;
            }
            read = from.read(&mut piece) => {
                let Ok(length @ 1..) = read else { return };
                let delay = weather.borrow().delay;
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                }
                if to.write_all(&piece[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
