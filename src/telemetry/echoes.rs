//! Lines of lapin's that say again what ours say better.
//!
//! Whenever an object is missing the broker closes the channel that asked for it with 404, and lapin writes `Channel closed` at
//! `ERROR`. With `declare = false`, and whenever something is gone, that is asked for every half minute, and our own warning
//! names the object and what to do. All else of lapin stays: channels that are closed for any other reason, connections, frames.

use std::fmt::{Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

const TARGET: &str = "lapin::channel";
const MESSAGE: &str = "Channel closed";
/// As the broker's `channel.close` is written down: the object is not there.
const NOT_FOUND: &str = "reply_code: 404,";

/// Keeps them out of the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct WithoutEchoes;

impl<S: Subscriber> Layer<S> for WithoutEchoes {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        event.metadata().target() != TARGET || !Told::by(event).is_echo()
    }
}

/// What an event says, as far as it counts here.
#[derive(Debug, Default)]
struct Told {
    message: String,
    method: String,
}

impl Told {
    fn by(event: &Event<'_>) -> Self {
        let mut told = Self::default();
        event.record(&mut told);
        told
    }

    fn is_echo(&self) -> bool {
        self.message == MESSAGE && self.method.contains(NOT_FOUND)
    }
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let into = match field.name() {
            "message" => &mut self.message,
            "method" => &mut self.method,
            _ => return,
        };
        // Writing to a string can't fail.
        let _ = write!(into, "{value:?}");
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};

    use lapin::protocol::channel::Close;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// Where the lines of a test go.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(say: impl FnOnce()) -> String {
        let page = Page::default();
        let writer = page.clone();
        let lines = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).with_ansi(false);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(WithoutEchoes).with(lines), say);
        let bytes = page.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(bytes).expect("lines are text")
    }

    fn close(code: u16) -> Close {
        Close { reply_code: code, reply_text: "why".into(), class_id: 50, method_id: 10 }
    }

    #[test]
    fn a_channel_that_is_closed_because_an_object_is_missing_is_not_told_again() {
        let said = written(|| tracing::error!(target: "lapin::channel", method = ?close(404), "Channel closed"));
        assert_eq!(said, "");
    }

    #[test]
    fn all_else_that_lapin_says_stays() {
        let said = written(|| {
            tracing::error!(target: "lapin::channel", method = ?close(406), "Channel closed");
            tracing::error!(target: "lapin::channel", method = ?close(404), "Connection closed");
            tracing::error!(target: "lapin::channels", "Connection error");
            tracing::error!(target: "rolecall::broker", method = ?close(404), "Channel closed");
        });
        assert_eq!(said.lines().count(), 4, "{said}");
    }
}
