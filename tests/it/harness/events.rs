//! A reader of server-sent events, frame by frame.

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::Method;
use serde_json::Value;

use super::people::Person;
use super::{Server, in_time};

/// One event as it stood on the wire.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its `event:` name.
    pub name: String,
    /// Its `id:`; empty when it had none.
    pub id: String,
    /// Its data, as JSON.
    pub data: Value,
}

/// An open stream of events.
pub struct Events {
    body: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    buffer: String,
    /// The status that the stream was answered with.
    pub status: u16,
    /// The headers that it was answered with.
    pub headers: reqwest::header::HeaderMap,
}

impl Events {
    /// The next event; `None` when the server ended the stream. Comments are passed over.
    pub async fn next(&mut self) -> Option<Event> {
        in_time("an event or the end of the stream", self.read()).await
    }

    async fn read(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.buffer.find("\n\n") {
                let frame: String = self.buffer.drain(..end + 2).collect();
                if let Some(event) = parse(&frame) {
                    return Some(event);
                }
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.buffer.push_str(&String::from_utf8_lossy(&bytes)),
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Events up to and with the first that the test looks for.
    pub async fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut seen = Vec::new();
        while let Some(event) = self.next().await {
            let found = wanted(&event);
            seen.push(event);
            if found {
                return seen;
            }
        }
        panic!("the stream ended before the wanted event; seen: {seen:#?}");
    }

    /// Events up to and with the first of this name.
    pub async fn until_named(&mut self, name: &str) -> Vec<Event> {
        self.until(|event| event.name == name).await
    }

    /// All that is left, to the end of the stream.
    pub async fn rest(&mut self) -> Vec<Event> {
        let mut seen = Vec::new();
        while let Some(event) = self.next().await {
            seen.push(event);
        }
        seen
    }
}

fn parse(frame: &str) -> Option<Event> {
    let (mut name, mut id, mut data) = (String::from("message"), String::new(), Vec::new());
    for line in frame.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut name),
            "id" => value.clone_into(&mut id),
            "data" => data.push(value),
            _ => {}
        }
    }
    if data.is_empty() {
        return None;
    }
    let text = data.join("\n");
    let data = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {frame}"));
    Some(Event { name, id, data })
}

/// The text that the chunks among these events make.
pub fn text_of(events: &[Event]) -> String {
    let chunks = events.iter().filter(|event| event.name == "chunk");
    chunks.map(|event| event.data["text"].as_str().unwrap()).collect()
}

impl Server {
    /// Opens a stream of events; a status other than 200 fails the test.
    pub async fn events(&self, path: &str) -> Events {
        let events = self.events_after(path, None).await;
        assert_eq!(events.status, 200, "{path}");
        events
    }

    /// Opens a stream of events as somebody.
    pub async fn events_as(&self, path: &str, who: &Person) -> Events {
        self.open(path, &[(who.header, &who.value)]).await
    }

    /// Opens a stream of events with a `Last-Event-ID`.
    pub async fn events_after(&self, path: &str, last: Option<&str>) -> Events {
        let headers: Vec<_> = last.iter().map(|last| ("last-event-id", *last)).collect();
        self.open(path, &headers).await
    }

    async fn open(&self, path: &str, headers: &[(&str, &str)]) -> Events {
        let long = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request =
            long.request(Method::GET, self.url(path)).header("accept", "text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = in_time("the head of the stream", request.send()).await.unwrap();
        Events {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.bytes_stream().boxed(),
            buffer: String::new(),
        }
    }
}
