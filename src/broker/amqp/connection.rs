//! One connection: made within a bound, and ended for certain.
//!
//! lapin runs a thread per connection, and dropping a connection asks that thread to say goodbye politely, which a hung or
//! blocked broker can delay for ever. So the socket's descriptor is kept beside it, and shut down when the connection is
//! dropped: thread and socket end, whatever the broker does.

use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::tcp::AsyncTcpStream;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::runtime::Handle;

use super::allowance::Allowance;
use super::fault::Fault;
use super::inflow::Inflow;
use super::runtime::Kit;
use super::within;
use crate::broker::options::BrokerOptions;

/// AMQP's "all is well" in a close.
const REPLY_SUCCESS: u16 = 200;

/// What a connection is for, as the broker's list of connections shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Consume,
    /// As [`Self::Consume`], by whoever only looks at what goes by.
    Listen,
    Publish,
    PublishApart,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Consume => "consume",
            Self::Listen => "listen",
            Self::Publish => "publish",
            Self::PublishApart => "publish dead letters",
        }
    }

    /// How much may be received on it and not be given back. Whoever settles nothing gives nothing back: there what came, such
    /// as publications that nobody wanted, would count as held for ever.
    fn held_max(self, options: &BrokerOptions) -> u64 {
        match self {
            Self::Consume => options.held_max,
            Self::Listen | Self::Publish | Self::PublishApart => u64::MAX,
        }
    }
}

/// An open connection.
pub(super) struct Connected {
    connection: Connection,
    allowance: Arc<Allowance>,
    /// Held for its drop.
    _socket: SocketGuard,
    request_timeout: Duration,
}

impl Connected {
    /// Opens one: TCP, TLS where the URI asks for it, and the AMQP handshake.
    pub(super) async fn open(options: &BrokerOptions, purpose: Purpose) -> Result<Self, Fault> {
        let socket = SocketGuard::default();
        let slot = Arc::clone(&socket.0);
        let bound = options.request_timeout;
        let name = format!("{} ({})", options.node_name, purpose.as_str());
        let allowance = Arc::new(Allowance::new(purpose.held_max(options)));
        let received = Arc::clone(&allowance);
        let tls = options.tls.clone();
        let sockets = options.sockets.clone().unwrap_or_else(Handle::current);
        let watched_by = sockets.clone();
        let connecting = async {
            Connection::connector(
                options.uri.to_amqp(options.heartbeat),
                Kit::on(sockets, Arc::clone(&allowance)),
                async move |uri: AMQPUri, _| {
                    let runtime = Kit::plain(watched_by.clone());
                    let address = (uri.authority.host.clone(), uri.authority.port);
                    let connected = AsyncTcpStream::connect(&runtime, runtime.to_socket_addrs(address)).await?;
                    if let AsyncTcpStream::Plain(stream) = &connected {
                        guard_socket(&slot, stream.get_ref().as_fd().try_clone_to_owned()?.into());
                    }
                    let connected = match uri.scheme {
                        AMQPScheme::AMQP => connected,
                        AMQPScheme::AMQPS => {
                            let files = tls.read().map_err(std::io::Error::other)?;
                            connected.into_tls(&uri.authority.host, files.as_ref()).await?
                        }
                    };
                    Ok(AsyncTcpStream::Plain(Inflow::new(connected, Arc::clone(&received))))
                },
                ConnectionProperties::default().with_connection_name(name.into()),
            )
            .await
        };
        // On a timeout the guard is dropped, and with it the thread ends that hangs in the handshake.
        let connection = within(bound, "connect", connecting).await?;
        Ok(Self { connection, allowance, _socket: socket, request_timeout: bound })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What is read on it is counted there.
    pub(super) fn allowance(&self) -> &Arc<Allowance> {
        &self.allowance
    }

    /// Whether it has not been lost, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        self.connection.status().connected()
    }

    /// A new channel on it.
    pub(super) async fn channel(&self) -> Result<Channel, Fault> {
        within(self.request_timeout, "open a channel", self.connection.create_channel()).await
    }

    /// Says goodbye in the order of the protocol, so that all that was sent before has been taken.
    pub(super) async fn close(self) -> Result<(), Fault> {
        within(self.request_timeout, "close", self.connection.close(REPLY_SUCCESS, "bye".into())).await
    }
}

/// Shuts a connection's socket down when it is dropped, also one that is still to be opened.
#[derive(Default)]
struct SocketGuard(SocketSlot);

type SocketSlot = Arc<Mutex<SocketState>>;

#[derive(Default)]
enum SocketState {
    #[default]
    Awaited,
    Open(TcpStream),
    Over,
}

/// Gives the guard its handle; where the guard is gone already, the socket ends here.
fn guard_socket(slot: &SocketSlot, stream: TcpStream) {
    let mut state = slot.lock().unwrap_or_else(PoisonError::into_inner);
    match *state {
        SocketState::Over => shut_down(&stream),
        SocketState::Awaited | SocketState::Open(_) => *state = SocketState::Open(stream),
    }
}

impl Drop for SocketGuard {
    fn drop(&mut self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let SocketState::Open(stream) = std::mem::replace(&mut *state, SocketState::Over) {
            shut_down(&stream);
        }
    }
}

fn shut_down(stream: &TcpStream) {
    // It fails only where the socket is not connected any more, which is what is wanted.
    let _ = stream.shutdown(Shutdown::Both);
}
