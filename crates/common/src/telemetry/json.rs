//! The form of a log line: one flat JSON object.
//!
//! Fields of the spans around an event come first, from the outermost inwards, then the event's own; `timestamp`, `level`, `target`,
//! `service` and `message` can't be overwritten by them.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes events as lines of JSON.
pub(super) struct JsonLines {
    service: &'static str,
}

impl JsonLines {
    pub(super) fn new(service: &'static str) -> Self {
        Self { service }
    }
}

impl<S> FormatEvent<S, JsonFields> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let spans: Vec<_> = ctx.event_scope().into_iter().flat_map(|scope| scope.from_root()).collect();
        let extensions: Vec<_> = spans.iter().map(|span| span.extensions()).collect();
        let mut line = BTreeMap::new();
        for extensions in &extensions {
            let fields = extensions.get::<FormattedFields<JsonFields>>();
            // They are JSON already, and go out as they are.
            if let Some(Ok(fields)) = fields.map(|fields| serde_json::from_str::<BTreeMap<&str, &RawValue>>(fields)) {
                line.extend(fields.into_iter().map(|(name, value)| (name, Held::Written(value))));
            }
        }
        event.record(&mut FieldVisitor(&mut line));
        let metadata = event.metadata();
        let mut put = |name, value: Value| line.insert(name, Held::Value(value));
        put("timestamp", Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true).into());
        put("level", metadata.level().as_str().to_ascii_lowercase().into());
        put("target", metadata.target().into());
        put("service", self.service.into());
        let mut bytes = Vec::with_capacity(USUAL);
        serde_json::to_writer(&mut bytes, &line).map_err(|_| fmt::Error)?;
        bytes.push(b'\n');
        writer.write_str(std::str::from_utf8(&bytes).map_err(|_| fmt::Error)?)
    }
}

/// Most lines are shorter than this, in bytes.
const USUAL: usize = 512;

/// A field's value.
#[derive(Serialize)]
#[serde(untagged)]
enum Held<'a> {
    /// A span's, as it was written when the span began.
    Written(&'a RawValue),
    /// The event's own.
    Value(Value),
}

struct FieldVisitor<'a, 'b>(&'a mut BTreeMap<&'b str, Held<'b>>);

impl FieldVisitor<'_, '_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().trim_start_matches("r#"), Held::Value(value.into()));
    }
}

impl Visit for FieldVisitor<'_, '_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_carries_the_fields_of_all_spans_around_it() {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines::new("cpm"))
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let outer = tracing::info_span!("request", request_id = "r-1", status = tracing::field::Empty);
            let _outer = outer.enter();
            let _inner = tracing::info_span!("job", job_id = %7).entered();
            outer.record("status", 200);
            tracing::warn!(attempt = 2, level = "fake", "slow \"answer\"");
        });
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        let line: Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["message"], "slow \"answer\"");
        assert_eq!(line["request_id"], "r-1");
        assert_eq!(line["job_id"], "7");
        assert_eq!(line["status"], 200);
        assert_eq!(line["attempt"], 2);
        assert_eq!(line["level"], "warn");
        assert_eq!(line["service"], "cpm");
        assert_eq!(text.lines().count(), 1);
    }
}
