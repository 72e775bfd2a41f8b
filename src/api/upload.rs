//! Documents on their way in: the files of a form, pasted text, a URL. Each file is refused alone.

use bytes::Bytes;
use multer::{Constraints, Multipart, SizeLimit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::Call;
use super::reply::Failure;
use crate::base::CollectionId;
use crate::documents::{Added, Origin, Received};
use crate::models::Fault;

/// Bytes of a field of a form that is no file.
const MAX_FIELD_BYTES: u64 = 4096;

/// Files to take in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says what a form holds")]
pub(super) struct Form {
    /// The collection for all that follow; an id, before the files.
    #[schema(nullable = false)]
    collection: Option<CollectionId>,
    /// The files, one part each.
    #[schema(value_type = Vec<String>, format = Binary, min_items = 1, max_items = 200)]
    file: Vec<String>,
}

/// Pasted text, or a URL; one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PastedDocument)]
pub(super) struct Pasted {
    /// The text.
    text: Option<String>,
    /// Where the document is.
    url: Option<String>,
    /// Its name; by default its first words, or the URL's.
    name: Option<String>,
    /// Where it goes.
    collection_id: Option<CollectionId>,
}

/// What came of everything that was sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AddedDocuments)]
pub(super) struct Items {
    pub(super) items: Vec<Item>,
}

/// What came of one thing that was sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AddedOrRefused)]
pub(super) enum Item {
    Added(Box<Added>),
    Refused { name: String, error: Fault },
}

/// One file of a form, on disk or refused.
enum Part {
    Received(Received),
    Refused { name: String, error: Fault },
}

fn refused(name: String, code: &str, error: &str) -> Part {
    Part::Refused { name, error: Fault { code: code.to_owned(), error: error.to_owned() } }
}

/// The files of a form.
pub(super) async fn form(call: &mut Call) -> Result<Vec<Item>, Failure> {
    let boundary = call.content_type().and_then(|kind| multer::parse_boundary(kind).ok());
    let boundary =
        boundary.ok_or_else(|| Failure::invalid("Content-Type", "the form names no boundary"))?;
    let limits = SizeLimit::new().for_field("collection", MAX_FIELD_BYTES);
    let constraints = Constraints::new().size_limit(limits);
    let stream = Box::pin(call.stream());
    let stream = futures_util::StreamExt::map(stream, |piece| piece.map_err(Broken));
    let mut form = Multipart::with_constraints(stream, boundary, constraints);
    let most = call.app().config().documents.max_files;
    let mut collection = None;
    let (mut parts, mut hashes) = (Vec::new(), Vec::new());
    while let Some(mut field) = form.next_field().await.map_err(bad_form)? {
        match field.name() {
            Some("collection") => {
                let text = field.text().await.map_err(bad_form)?;
                if !text.trim().is_empty() {
                    let id = text.trim().parse::<CollectionId>();
                    collection = Some(id.map_err(|_| {
                        Failure::invalid("collection", "collection is the id of one")
                    })?);
                }
            }
            Some("file") if parts.len() >= most => {
                let message = format!(
                    "a form holds at most {most} files (MAX_UPLOAD_FILES); send the rest apart"
                );
                return Err(Failure::invalid("file", message));
            }
            Some("file") => {
                let name = field.file_name().unwrap_or_default().to_owned();
                let part = receive(call, &mut field, name).await?;
                if let Part::Received(received) = &part {
                    hashes.extend_from_slice(received.stored.hash.as_bytes());
                }
                parts.push(part);
            }
            other => {
                let other = other.unwrap_or_default();
                let message = format!("a form has file and collection, not {other:?}");
                return Err(Failure::invalid(other, message));
            }
        }
    }
    if parts.is_empty() {
        return Err(Failure::invalid("file", "the form has no file"));
    }
    call.sent(&hashes);
    keep(call, parts, collection).await
}

/// Brings one file to the disk; one that is too large is read to its end and refused.
async fn receive(
    call: &Call,
    field: &mut multer::Field<'_>,
    name: String,
) -> Result<Part, Failure> {
    let limit = call.app().config().documents.max_bytes;
    let mut incoming = Some(call.app().documents.receive());
    let mut size = 0_u64;
    while let Some(piece) = field.chunk().await.map_err(bad_form)? {
        size = size.saturating_add(piece.len() as u64);
        if size > limit {
            incoming = None;
            continue;
        }
        if let Some(incoming) = &incoming {
            incoming.push(piece).await;
        }
    }
    let Some(incoming) = incoming else {
        let limit = limit / 1024 / 1024;
        let message = format!("this file is larger than {limit} MB (MAX_UPLOAD_MB)");
        return Ok(refused(name, "too_large", &message));
    };
    let stored = incoming.finish().await.map_err(crate::error::Error::from)?;
    Ok(Part::Received(Received { name, stored, origin: Origin::Upload, source: None }))
}

/// Pasted text, or what a URL leads to.
pub(super) async fn json(call: &mut Call) -> Result<Vec<Item>, Failure> {
    let body: Pasted = call.json().await?;
    let documents = &call.app().documents;
    let received = match (body.text, body.url) {
        (Some(text), None) => {
            if text.trim().is_empty() {
                return Err(Failure::invalid("text", "there is no text"));
            }
            let name = body.name.unwrap_or_else(|| title_of(&text));
            let name = if name.contains('.') { name } else { format!("{name}.md") };
            let incoming = documents.receive();
            incoming.push(Bytes::from(text)).await;
            let stored = incoming.finish().await.map_err(crate::error::Error::from)?;
            Received { name, stored, origin: Origin::Text, source: None }
        }
        (None, Some(url)) => documents.fetch(&call.caller, &url, body.name).await?,
        _ => return Err(Failure::invalid("text", "give either text or url")),
    };
    keep(call, vec![Part::Received(received)], body.collection_id).await
}

async fn keep(
    call: &Call,
    parts: Vec<Part>,
    collection: Option<CollectionId>,
) -> Result<Vec<Item>, Failure> {
    let received = parts.iter().filter_map(|part| match part {
        Part::Received(received) => Some(received.clone()),
        Part::Refused { .. } => None,
    });
    let received: Vec<Received> = received.collect();
    let mut added = match received.is_empty() {
        true => Vec::new(),
        false => call.app().documents.add(&call.caller, received, collection).await?,
    }
    .into_iter();
    Ok(parts
        .into_iter()
        .filter_map(|part| match part {
            Part::Received(_) => added.next().map(|added| Item::Added(Box::new(added))),
            Part::Refused { name, error } => Some(Item::Refused { name, error }),
        })
        .collect())
}

/// The first words of a text, as a name for it.
fn title_of(text: &str) -> String {
    let line = text.lines().map(|line| line.trim().trim_start_matches('#').trim());
    let line = line.into_iter().find(|line| !line.is_empty()).unwrap_or("Text");
    line.chars()
        .take(60)
        .map(|c| if c == '.' { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A body that broke off, as the form's reader wants to be told.
#[derive(Debug)]
struct Broken(Failure);

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the body broke off")
    }
}

impl std::error::Error for Broken {}

fn bad_form(error: multer::Error) -> Failure {
    match error {
        multer::Error::StreamReadFailed(cause) => match cause.downcast::<Broken>() {
            Ok(broken) => broken.0,
            Err(_) => Failure::invalid("body", "the form broke off"),
        },
        other => Failure::invalid("body", format!("the form cannot be read: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_forms() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        crate::base::fuzz::fuzz("forms", |bytes| {
            let boundary = bytes.split(|b| *b == b'\r').next().unwrap_or_default();
            let boundary = String::from_utf8_lossy(boundary).trim_start_matches('-').to_owned();
            let pieces: Vec<_> = bytes
                .chunks(97)
                .map(|piece| Ok::<_, Broken>(bytes::Bytes::copy_from_slice(piece)))
                .collect();
            let limits = SizeLimit::new().for_field("collection", MAX_FIELD_BYTES);
            let constraints = Constraints::new().size_limit(limits);
            let stream = futures_util::stream::iter(pieces);
            let mut form = Multipart::with_constraints(stream, boundary, constraints);
            runtime.block_on(async {
                while let Ok(Some(mut field)) = form.next_field().await {
                    let _ = (field.name().map(str::len), field.file_name().map(str::len));
                    while let Ok(Some(_)) = field.chunk().await {}
                }
            });
        });
    }
}
