//! One log line: built once from an event and the spans around it, then written to stderr and the
//! file in one of two forms and kept in memory for the settings page.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_appender::non_blocking::NonBlocking;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;
use utoipa::ToSchema;

use super::redact;
use crate::base::Timestamp;

/// A line of the log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogLine {
    /// When.
    pub timestamp: Timestamp,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: &'static str,
    /// The module it comes from.
    pub target: String,
    /// What happened.
    pub message: String,
    /// What goes with it, the request's own fields included.
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
}

/// The newest lines.
#[derive(Debug)]
pub(super) struct Ring {
    lines: Mutex<(VecDeque<LogLine>, usize)>,
}

/// Takes events and hands their lines on.
pub(super) struct Lines {
    pub(super) json: bool,
    pub(super) writers: Vec<NonBlocking>,
    pub(super) ring: Arc<Ring>,
}

/// The fields of a span, kept beside it.
struct SpanFields(Map<String, Value>);

#[derive(Default)]
struct Collect {
    message: String,
    fields: Map<String, Value>,
}

impl Ring {
    pub(super) fn new(capacity: usize) -> Self {
        Self { lines: Mutex::new((VecDeque::new(), capacity)) }
    }

    fn push(&self, line: LogLine) {
        self.locked(|lines, capacity| {
            lines.push_back(line);
            lines.drain(..lines.len().saturating_sub(*capacity));
        });
    }

    pub(super) fn resize(&self, to: usize) {
        self.locked(|lines, capacity| {
            *capacity = to;
            lines.drain(..lines.len().saturating_sub(to));
        });
    }

    /// At most `limit`, the newest first.
    pub(super) fn newest(&self, limit: usize) -> Vec<LogLine> {
        self.locked(|lines, _| lines.iter().rev().take(limit).cloned().collect())
    }

    fn locked<T>(&self, work: impl FnOnce(&mut VecDeque<LogLine>, &mut usize) -> T) -> T {
        let mut guard = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let (lines, capacity) = &mut *guard;
        work(lines, capacity)
    }
}

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut collect = Collect::default();
        attributes.record(&mut collect);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(SpanFields(collect.fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut collect = Collect::default();
        values.record(&mut collect);
        if let Some(span) = context.span(id)
            && let Some(SpanFields(fields)) = span.extensions_mut().get_mut()
        {
            fields.extend(collect.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Map::new();
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            if let Some(SpanFields(own)) = span.extensions().get() {
                fields.extend(own.clone());
            }
        }
        let mut collect = Collect::default();
        event.record(&mut collect);
        // A record of the `log` crate carries its module in a field of its own.
        let target = match collect.fields.remove("log.target") {
            Some(Value::String(target)) => target,
            _ => event.metadata().target().to_owned(),
        };
        collect.fields.retain(|name, _| !name.starts_with("log."));
        fields.extend(collect.fields);
        let line = LogLine {
            timestamp: Timestamp::now(),
            level: name(*event.metadata().level()),
            target,
            message: collect.message,
            fields,
        };
        let text = if self.json { line.json() } else { line.standard() };
        for writer in &self.writers {
            // There is nobody left to tell that the log cannot be written.
            let _ = writer.clone().write_all(text.as_bytes());
        }
        self.ring.push(line);
    }
}

impl LogLine {
    fn json(&self) -> String {
        let mut text = serde_json::to_string(self).unwrap_or_default();
        text.push('\n');
        text
    }

    fn standard(&self) -> String {
        let level = self.level.to_ascii_uppercase();
        let mut text = format!("{} {level:5} {}: ", self.timestamp, self.target);
        push_line(&mut text, &self.message);
        for (name, value) in &self.fields {
            let _ = write!(text, " {name}=");
            match value {
                Value::String(value) if is_plain(value) => text.push_str(value),
                // Quoted and escaped, so that a value can neither end its line nor pose as a field.
                other => {
                    let _ = write!(text, "{other}");
                }
            }
        }
        text.push('\n');
        text
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

fn is_plain(value: &str) -> bool {
    let quoted = |c: char| c.is_whitespace() || c.is_control() || c == '"' || c == '=';
    !value.is_empty() && !value.contains(quoted)
}

/// The text in one line: whoever chose it cannot forge a second one.
fn push_line(out: &mut String, text: &str) {
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
}

impl Collect {
    fn put(&mut self, field: &Field, value: Value) {
        let value = match value {
            _ if redact::is_secret_name(field.name()) => Value::String(redact::hidden()),
            Value::String(text) => Value::String(redact::redact(&text).into_owned()),
            other => other,
        };
        match value {
            Value::String(text) if field.name() == "message" => self.message = text,
            value => {
                self.fields.insert(field.name().to_owned(), value);
            }
        }
    }
}

impl Visit for Collect {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Value::String(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::String(value.to_owned()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        self.put(field, Value::String(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt as _;

    fn lines_of(work: impl FnOnce()) -> Vec<LogLine> {
        let ring = Arc::new(Ring::new(10));
        let layer = Lines { json: false, writers: Vec::new(), ring: Arc::clone(&ring) };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
        ring.newest(10)
    }

    #[test]
    fn a_line_carries_the_fields_of_the_spans_around_it() {
        let lines = lines_of(|| {
            let span = tracing::info_span!("request", request.id = "req_1", status = 0);
            let _inside = span.enter();
            span.record("status", 200);
            tracing::info!(took_ms = 7, "answered");
        });
        let line = lines.first().unwrap();
        assert_eq!((line.message.as_str(), line.level), ("answered", "info"));
        assert_eq!(
            Value::Object(line.fields.clone()),
            serde_json::json!({
                "request.id": "req_1", "status": 200, "took_ms": 7
            })
        );
    }

    #[test]
    fn both_forms_stay_on_one_line_and_json_is_valid() {
        let lines = lines_of(|| {
            tracing::warn!(name = "a \"b\"\n2026 INFO forged", api_key = "k", "one\ntwo\u{1b}[31m");
        });
        let line = lines.first().unwrap();
        let text = line.standard();
        assert!(
            text.ends_with(
                "one\\ntwo\\u{1b}[31m api_key=[REDACTED] name=\"a \\\"b\\\"\\n2026 INFO forged\"\n"
            ),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1);
        let json = line.json();
        assert_eq!(json.lines().count(), 1);
        let read: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["message"], "one\ntwo\u{1b}[31m");
        assert_eq!(read["level"], "warn");
        assert_eq!(read["timestamp"].as_str().map(str::len), Some(24));
    }

    #[test]
    fn the_ring_keeps_the_newest() {
        let ring = Ring::new(3);
        for n in 0..5 {
            let target = n.to_string();
            let (timestamp, message, fields) = (Timestamp::now(), String::new(), Map::new());
            ring.push(LogLine { timestamp, level: "info", target, message, fields });
        }
        let targets =
            |limit| -> Vec<_> { ring.newest(limit).into_iter().map(|line| line.target).collect() };
        assert_eq!(targets(10), ["4", "3", "2"]);
        assert_eq!(targets(1), ["4"]);
        ring.resize(2);
        assert_eq!(ring.newest(10).len(), 2);
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        let error = std::io::Error::other("outer");
        let lines = lines_of(|| {
            tracing::error!(error = &error as &(dyn std::error::Error + 'static), "failed");
        });
        assert_eq!(lines.first().unwrap().fields["error"], "outer");
    }
}
