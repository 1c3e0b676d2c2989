//! Spans as OTLP has them: `ExportTraceServiceRequest` of `opentelemetry-proto` 1, in protobuf.
//!
//! Four messages of few fields: <https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto>.

use super::Span;

/// What a message is about, whoever tells it: `service.name` and its like.
pub(super) type Resource = Vec<(String, String)>;

/// Of which library the spans are.
const SCOPE: &str = "rolecall";

/// All of these spans, as the body of a request.
pub(super) fn request(resource: &Resource, spans: &[Span]) -> Vec<u8> {
    let mut scope_spans = Message::default();
    scope_spans.message(1, |scope| {
        scope.text(1, SCOPE);
        scope.text(2, env!("CARGO_PKG_VERSION"));
    });
    for span in spans {
        scope_spans.message(2, |message| write(message, span));
    }
    let mut whole = Message::default();
    whole.message(1, |resource_spans| {
        resource_spans.message(1, |message| {
            for (name, value) in resource {
                message.message(1, |pair| attribute(pair, name, value));
            }
        });
        resource_spans.bytes(2, &scope_spans.0);
    });
    whole.0
}

fn write(message: &mut Message, span: &Span) {
    message.bytes(1, &span.trace.bytes());
    message.bytes(2, &span.id.bytes());
    if let Some(parent) = span.parent {
        message.bytes(4, &parent.bytes());
    }
    message.text(5, &span.name);
    message.number(6, span.kind as u64);
    message.fixed(7, span.time_ns.0);
    message.fixed(8, span.time_ns.1);
    for (name, value) in &span.attributes {
        message.message(9, |pair| attribute(pair, name, value));
    }
}

/// `KeyValue { key, value: AnyValue { string_value } }`
fn attribute(pair: &mut Message, name: &str, value: &str) {
    pair.text(1, name);
    pair.message(2, |any| any.text(1, value));
}

/// A message that is being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push((number & 0x7f) as u8);
    }

    fn tag(&mut self, field: u64, wire_type: u64) {
        self.varint(field << 3 | wire_type);
    }

    fn number(&mut self, field: u64, number: u64) {
        self.tag(field, 0);
        self.varint(number);
    }

    fn fixed(&mut self, field: u64, number: u64) {
        self.tag(field, 1);
        self.0.extend(number.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.tag(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
    }

    fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn message(&mut self, field: u64, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        fill(&mut inner);
        self.bytes(field, &inner.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SpanId, SpanKind, TraceId};
    use super::*;

    /// The same message, as the published schema has it: written by Google's own library.
    #[test]
    fn a_span_is_written_as_the_published_schema_has_it() {
        let span = Span {
            trace: TraceId::of(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c),
            id: SpanId::of(0xb7ad_6b71_6920_3331),
            parent: Some(SpanId::of(1)),
            name: "process ticket.created".to_owned(),
            kind: SpanKind::Consumer,
            time_ns: (1_795_000_000_000_000_000, 1_795_000_000_001_500_000),
            attributes: vec![("rolecall.outcome", "accepted".to_owned())],
        };
        let resource = vec![("service.name".to_owned(), "rolecall".to_owned())];
        let body = request(&resource, &[span]).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        assert_eq!(body, EXPECTED.replace(char::is_whitespace, ""));
    }

    const EXPECTED: &str = include_str!("../../../tests/golden/otlp-span.hex");
}
