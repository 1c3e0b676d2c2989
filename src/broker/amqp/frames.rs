//! The frames of AMQP 0-9-1 (specification, 2.3.5) on their way in, looked at before lapin reads them.
//!
//! RabbitMQ hands on whatever bytes a publisher put into a short string (message id, type, routing key …), and lapin ends
//! the connection over one that is not UTF-8: each time the message is delivered, so that nothing behind it would ever be
//! heard of. So bytes that are no text are replaced here, one for one, by [`SUBSTITUTE`]. All else stays as it is.

/// What stands for a byte that is not part of any UTF-8 text: U+001A, which means just that.
const SUBSTITUTE: u8 = 0x1a;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const HEARTBEAT: u8 = 8;

/// Type, channel and length of a frame.
const HEAD: usize = 7;
/// Its last byte, 0xCE.
const TAIL: usize = 1;
/// The longest frame that is looked at. RabbitMQ agrees to 128 KiB unless it is told otherwise, and what is longer
/// passes as it is.
const LOOKED_AT_MAX: usize = 192 << 10;
/// Deeper tables are left as they are.
const DEPTH_MAX: usize = 32;

const CLASS_BASIC: u16 = 60;
const BASIC_RETURN: u16 = 50;
const BASIC_DELIVER: u16 = 60;
const BASIC_GET_OK: u16 = 71;

/// Bytes that came, in the order in which they came.
pub(super) struct Frames {
    buffer: Box<[u8]>,
    /// Up to here they were taken.
    taken: usize,
    /// Up to here they may be taken: no part of a frame that is to be looked at.
    released: usize,
    /// Up to here there are any.
    filled: usize,
    /// As many that are to come pass unseen.
    passing: usize,
}

impl Frames {
    pub(super) fn new() -> Self {
        let buffer = vec![0; LOOKED_AT_MAX + (64 << 10)].into_boxed_slice();
        Self { buffer, taken: 0, released: 0, filled: 0, passing: 0 }
    }

    /// What may be taken.
    pub(super) fn ready(&self) -> &[u8] {
        &self.buffer[self.taken..self.released]
    }

    /// So many of those were.
    pub(super) fn take(&mut self, count: usize) {
        self.taken += count;
        debug_assert!(self.taken <= self.released, "no more than was there");
    }

    /// Room for what comes, never empty once all that is ready was taken.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.taken == self.released && self.taken > 0 {
            // Nothing is left, or the beginning of one frame.
            self.buffer.copy_within(self.taken..self.filled, 0);
            self.filled -= self.taken;
            (self.taken, self.released) = (0, 0);
        }
        &mut self.buffer[self.filled..]
    }

    /// So many bytes came into the room. Tells the length of each body that begins.
    pub(super) fn came(&mut self, count: usize, mut begins: impl FnMut(u64)) {
        self.filled += count;
        while self.released < self.filled {
            let there = self.filled - self.released;
            if self.passing > 0 {
                let pass = there.min(self.passing);
                self.released += pass;
                self.passing -= pass;
                continue;
            }
            let frame = &mut self.buffer[self.released..self.filled];
            let Some((head, rest)) = frame.split_first_chunk_mut::<HEAD>() else { return };
            let [kind, _, _, length @ ..] = *head;
            let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            match kind {
                METHOD | HEADER if length <= LOOKED_AT_MAX - HEAD - TAIL => {
                    if rest.len() < length + TAIL {
                        return;
                    }
                    let mut walk = Walk { bytes: &mut rest[..length], at: 0 };
                    // Where it ends too early, lapin says what is wrong with it.
                    if kind == METHOD {
                        let _ = walk.method();
                    } else if let Some(body) = walk.header() {
                        begins(body);
                    }
                    self.released += HEAD + length + TAIL;
                }
                METHOD | HEADER | BODY | HEARTBEAT => self.passing = length.saturating_add(HEAD + TAIL),
                // No frame: the broker speaks another protocol, and lapin says so.
                _ => self.passing = usize::MAX,
            }
        }
    }
}

/// A walk through what a frame holds. `None` where it ends too early.
struct Walk<'b> {
    bytes: &'b mut [u8],
    at: usize,
}

impl Walk<'_> {
    /// The methods that bring what publishers wrote.
    fn method(&mut self) -> Option<()> {
        let (class, method) = (self.u16()?, self.u16()?);
        let (skipped, texts_before, texts) = match (class, method) {
            // consumer tag; delivery tag, redelivered; exchange, routing key
            (CLASS_BASIC, BASIC_DELIVER) => (9, 1, 2),
            // delivery tag, redelivered; exchange, routing key
            (CLASS_BASIC, BASIC_GET_OK) => (9, 0, 2),
            // code; text, exchange, routing key
            (CLASS_BASIC, BASIC_RETURN) => (2, 0, 3),
            _ => return Some(()),
        };
        for _ in 0..texts_before {
            self.text()?;
        }
        self.skip(skipped)?;
        for _ in 0..texts {
            self.text()?;
        }
        Some(())
    }

    /// A content header; the length of the body that follows.
    fn header(&mut self) -> Option<u64> {
        // class and weight
        self.skip(4)?;
        let body = u64::from_be_bytes(self.array()?);
        self.properties();
        Some(body)
    }

    fn properties(&mut self) -> Option<()> {
        let flags = self.u16()?;
        // From the highest bit on: content type, content encoding, headers, delivery mode, priority, correlation id,
        // reply to, expiration, message id, timestamp, type, user id, app id, cluster id.
        for (place, kind) in b"ttHbbttttTtttt".iter().enumerate() {
            if flags & (0x8000 >> place) == 0 {
                continue;
            }
            match kind {
                b't' => self.text()?,
                b'H' => self.table(DEPTH_MAX)?,
                b'b' => self.skip(1)?,
                _ => self.skip(8)?,
            }
        }
        Some(())
    }

    fn table(&mut self, depth: usize) -> Option<()> {
        let length = self.length()?;
        let end = self.at.checked_add(length)?;
        while self.at < end {
            self.text()?;
            self.value(depth)?;
        }
        Some(())
    }

    /// A value of a table, as RabbitMQ writes them (its "AMQP 0-9-1 Errata", section 3).
    fn value(&mut self, depth: usize) -> Option<()> {
        let [kind] = self.array()?;
        match kind {
            b't' | b'b' | b'B' => self.skip(1),
            b's' | b'u' => self.skip(2),
            b'I' | b'i' | b'f' => self.skip(4),
            b'D' => self.skip(5),
            b'l' | b'L' | b'd' | b'T' => self.skip(8),
            b'V' => Some(()),
            b'S' | b'x' => {
                let length = self.length()?;
                self.skip(length)
            }
            b'F' => self.table(depth.checked_sub(1)?),
            b'A' => {
                let depth = depth.checked_sub(1)?;
                let length = self.length()?;
                let end = self.at.checked_add(length)?;
                while self.at < end {
                    self.value(depth)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    /// A short string, of which every byte that is no text is replaced.
    fn text(&mut self) -> Option<()> {
        let [length] = self.array()?;
        let end = self.at + usize::from(length);
        let mut text = self.bytes.get_mut(self.at..end)?;
        self.at = end;
        while let Err(error) = std::str::from_utf8(text) {
            let (_, rest) = text.split_at_mut(error.valid_up_to());
            let (bad, rest) = rest.split_at_mut(error.error_len().unwrap_or(rest.len()));
            bad.fill(SUBSTITUTE);
            text = rest;
        }
        Some(())
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_be_bytes(self.array()?)).ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let found = self.bytes.get(self.at..)?.first_chunk().copied()?;
        self.at += N;
        Some(found)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        let at = self.at.checked_add(count)?;
        (at <= self.bytes.len()).then(|| self.at = at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).expect("short");
        [&[kind, 0, 1], length.to_be_bytes().as_slice(), payload, &[0xce]].concat()
    }

    fn text(bytes: &[u8]) -> Vec<u8> {
        [&[u8::try_from(bytes.len()).expect("short")], bytes].concat()
    }

    fn deliver(routing_key: &[u8]) -> Vec<u8> {
        let (tag, exchange, routing_key) = (text(b"ctag"), text(b"rolecall.events"), text(routing_key));
        let payload: [&[u8]; 5] = [&[0, 60, 0, 60], &tag, &[0; 9], &exchange, &routing_key];
        frame(METHOD, &payload.concat())
    }

    /// Content type, a header of that name, message id.
    fn header(body: u64, content_type: &[u8], name: &[u8], message_id: &[u8]) -> Vec<u8> {
        let entry = [text(name).as_slice(), b"S", &2_u32.to_be_bytes(), &[0xff, 0xfe]].concat();
        let inner =
            [text(name).as_slice(), b"F", &u32::try_from(entry.len()).unwrap_or(0).to_be_bytes(), &entry].concat();
        let table = [&u32::try_from(inner.len()).expect("short").to_be_bytes(), inner.as_slice()].concat();
        let flags = (0x8000_u16 | 0x2000 | 0x80).to_be_bytes();
        let (length, content_type, message_id) = (body.to_be_bytes(), text(content_type), text(message_id));
        let parts: [&[u8]; 6] = [&[0, 60, 0, 0], &length, &flags, &content_type, &table, &message_id];
        frame(HEADER, &parts.concat())
    }

    /// What comes out, where so many bytes come at a time; and the bodies that began.
    fn strained(input: &[u8], at_a_time: usize) -> (Vec<u8>, Vec<u64>) {
        let (mut frames, mut out, mut bodies) = (Frames::new(), Vec::new(), Vec::new());
        let mut rest = input;
        while !rest.is_empty() {
            let room = frames.room();
            let count = rest.len().min(at_a_time).min(room.len());
            room[..count].copy_from_slice(&rest[..count]);
            rest = &rest[count..];
            frames.came(count, |body| bodies.push(body));
            out.extend_from_slice(frames.ready());
            frames.take(frames.ready().len());
        }
        (out, bodies)
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_nothing_else_is() {
        let body = frame(BODY, &[0xff, 0xfe, 0xfd]);
        let input = [deliver(b"ticket.\xff"), header(3, b"\xc3\x28", b"a\x80", b"m\xe2\x82"), body.clone()].concat();
        let expected = [deliver(b"ticket.\x1a"), header(3, b"\x1a\x28", b"a\x1a", b"m\x1a\x1a"), body].concat();
        for at_a_time in [1, 2, 7, 50, 1_000] {
            assert_eq!(strained(&input, at_a_time), (expected.clone(), vec![3]), "{at_a_time} at a time");
        }
    }

    #[test]
    fn what_is_text_passes_and_so_does_what_is_no_frame() {
        let fine = [deliver("zażółć".as_bytes()), header(0, "é".as_bytes(), b"x-name", b"m-1")].concat();
        assert_eq!(strained(&fine, 5), (fine.clone(), vec![0]));
        let foreign = b"HTTP/1.1 400 Bad Request\r\n\r\n\xff\xff";
        assert_eq!(strained(foreign, 9).0, foreign);
        let long = frame(BODY, &vec![0xff; 3 * LOOKED_AT_MAX]);
        assert_eq!(strained(&long, 100_000).0, long);
    }

    proptest! {
        #[test]
        fn whatever_comes_comes_out_as_long_as_it_was_but_for_a_frame_that_is_not_whole(
            input in proptest::collection::vec(any::<u8>(), 0..400), kind in 1_u8..=3, at_a_time in 1_usize..64,
        ) {
            let whole = frame(kind, &input);
            let (out, _) = strained(&[whole.clone(), whole.clone()].concat(), at_a_time);
            prop_assert_eq!(out.len(), 2 * whole.len());
            prop_assert_eq!(&out[..whole.len()], &out[whole.len()..]);
            let cut = whole.len() - 1;
            let (out, _) = strained(&whole[..cut], at_a_time);
            prop_assert_eq!(out.len(), if kind == BODY { cut } else { 0 });
        }
    }
}
