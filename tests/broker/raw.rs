//! A publisher that writes its own frames: what no client library lets anybody send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use lapin::uri::AMQPUri;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;

pub(crate) struct RawPublisher(TcpStream);

fn short(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).expect("a short string")], bytes].concat()
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat()
}

impl RawPublisher {
    pub(crate) fn new(uri: &str) -> Self {
        let uri: AMQPUri = uri.parse().expect("a URI");
        let stream =
            TcpStream::connect((uri.authority.host.as_str(), uri.authority.port)).expect("the broker is there");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout");
        let mut publisher = Self(stream);
        publisher.0.write_all(b"AMQP\0\0\x09\x01").expect("sent");
        publisher.expect(10, 10);
        let user = &uri.authority.userinfo;
        let response = ["", user.username.as_str(), user.password.as_str()].join("\0");
        let start_ok = [long(b"").as_slice(), &short(b"PLAIN"), &long(response.as_bytes()), &short(b"en_US")].concat();
        publisher.method(0, 10, 11, &start_ok);
        let tune = publisher.expect(10, 30);
        publisher.method(0, 10, 31, &[&tune[..6], &[0, 0]].concat());
        publisher.method(0, 10, 40, &[short(uri.vhost.as_bytes()).as_slice(), &[0, 0]].concat());
        publisher.expect(10, 41);
        publisher.method(1, 20, 10, &[0]);
        publisher.expect(20, 11);
        // Confirms.
        publisher.method(1, 85, 10, &[0]);
        publisher.expect(85, 11);
        publisher
    }

    /// Publishes with that type and message id, and waits for the confirm.
    pub(crate) fn publish(&mut self, exchange: &str, routing_key: &[u8], kind: &[u8], message_id: &[u8], body: &[u8]) {
        let to = [[0, 0].as_slice(), &short(exchange.as_bytes()), &short(routing_key), &[0]].concat();
        self.method(1, 60, 40, &to);
        let length = u64::try_from(body.len()).expect("a length").to_be_bytes();
        // Message id and type.
        let header = [[0, 60, 0, 0].as_slice(), &length, &[0x00, 0xa0], &short(message_id), &short(kind)].concat();
        self.frame(HEADER, 1, &header);
        self.frame(BODY, 1, body);
        self.expect(60, 80);
    }

    fn method(&mut self, channel: u16, class: u16, method: u16, arguments: &[u8]) {
        let payload = [class.to_be_bytes().as_slice(), &method.to_be_bytes(), arguments].concat();
        self.frame(METHOD, channel, &payload);
    }

    fn frame(&mut self, kind: u8, channel: u16, payload: &[u8]) {
        let frame = [&[kind], channel.to_be_bytes().as_slice(), &long(payload), &[0xce]].concat();
        self.0.write_all(&frame).expect("sent");
    }

    /// The arguments of that method, which comes next.
    fn expect(&mut self, class: u16, method: u16) -> Vec<u8> {
        loop {
            let mut head = [0; 7];
            self.0.read_exact(&mut head).expect("a frame");
            let [kind, _, _, length @ ..] = head;
            let mut payload = vec![0; u32::from_be_bytes(length) as usize + 1];
            self.0.read_exact(&mut payload).expect("a frame");
            payload.pop();
            if kind != METHOD {
                continue;
            }
            let expected = [class.to_be_bytes(), method.to_be_bytes()].concat();
            assert_eq!(payload[..4], expected, "{}", String::from_utf8_lossy(&payload));
            return payload.split_off(4);
        }
    }
}
