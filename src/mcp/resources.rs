//! Documents as resources: listed newest first, a page at a time, and read as text, a part at a time.

use rmcp::model::{
    ListResourcesResult, MetaObject, ReadResourceResult, Resource, ResourceContents,
    ResourceTemplate,
};
use serde_json::json;

use super::Asker;
use crate::app::App;
use crate::base::DocumentId;
use crate::documents::{Document, Filter, State, text::Window};
use crate::error::Error;

/// What the address of a document begins with.
const ROOT: &str = "inglenook://documents/";
/// What is read of a document is its text, whatever its original is.
const TYPE: &str = "text/plain";
/// Documents on a page.
const PAGE: usize = 50;

/// The address of a document, or of a place in it.
pub(super) fn uri(id: DocumentId, start: Option<u64>) -> String {
    match start {
        Some(start) => format!("{ROOT}{id}?start={start}"),
        None => format!("{ROOT}{id}"),
    }
}

/// What addresses look like.
pub(super) fn template() -> ResourceTemplate {
    ResourceTemplate::new(format!("{ROOT}{{id}}{{?start}}"), "document")
        .with_title("Text of a document")
        .with_description(
            "The text of a document from the library, by its id; of a long one, the part that \
             begins at the character `start`.",
        )
        .with_mime_type(TYPE)
}

/// A page of the documents that can be read.
pub(super) async fn list(
    app: &App,
    asker: &Asker,
    cursor: Option<&str>,
) -> Result<ListResourcesResult, Error> {
    let readable = Filter { state: Some(State::Ready), ..Filter::default() };
    let page = app.documents.list(&asker.caller(), readable, cursor, PAGE).await?;
    let resources = page.items.iter().map(described).collect();
    let mut listed = ListResourcesResult::with_all_items(resources);
    listed.next_cursor = page.next_cursor;
    Ok(listed)
}

fn described(document: &Document) -> Resource {
    let kind = document.kind.as_deref().unwrap_or("file");
    let pages = document.pages.map(|pages| format!(", {pages} pages")).unwrap_or_default();
    let chars = document.chars.map(|chars| format!(", {chars} characters")).unwrap_or_default();
    let shown = document.title.as_deref().unwrap_or(&document.name);
    Resource::new(uri(document.id, None), document.name.clone())
        .with_title(shown)
        .with_description(format!("{kind}{pages}{chars}, added {}", document.created_at))
        .with_mime_type(TYPE)
}

/// The text at an address. When it goes on, a second part says where.
pub(super) async fn read(
    app: &App,
    asker: &Asker,
    address: &str,
) -> Result<ReadResourceResult, Error> {
    let (id, start) = parse(address)?;
    let window = Window { start: Some(start), ..Window::default() };
    let part = app.documents.text(&asker.caller(), id, window).await?;
    let next = (part.end < part.chars).then(|| uri(id, Some(part.end)));
    let mut meta = MetaObject::default();
    for (name, value) in [
        ("inglenook/start", json!(part.start)),
        ("inglenook/end", json!(part.end)),
        ("inglenook/chars", json!(part.chars)),
        ("inglenook/next", json!(next)),
    ] {
        meta.insert(name.to_owned(), value);
    }
    let text = ResourceContents::text(part.text, address).with_meta(meta);
    let rest = next.map(|next| {
        let told = format!(
            "This is the text up to character {} of {}; it goes on at {next}",
            part.end, part.chars
        );
        ResourceContents::text(told, next)
    });
    Ok(ReadResourceResult::new(std::iter::once(text).chain(rest).collect()))
}

fn parse(address: &str) -> Result<(DocumentId, u64), Error> {
    let bad = |message: &str| Error::invalid("uri", message);
    let rest = address.strip_prefix(ROOT).ok_or_else(|| {
        bad("this is no address of a document; it begins with inglenook://documents/")
    })?;
    let (id, query) = rest.split_once('?').unwrap_or((rest, ""));
    // An id that cannot be one names nothing.
    let id = id.parse().map_err(|_| Error::not_found("document"))?;
    let mut start = 0;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "start" => {
                start = value.parse().map_err(|_| bad("start is a whole number of characters"))?;
            }
            _ => return Err(bad("only start may stand behind the question mark")),
        }
    }
    Ok((id, start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_and_others_are_refused() {
        let id = DocumentId::new();
        assert_eq!(parse(&uri(id, None)).unwrap(), (id, 0));
        assert_eq!(parse(&uri(id, Some(7))).unwrap(), (id, 7));
        for bad in [
            String::new(),
            "file:///etc/passwd".to_owned(),
            ROOT.to_owned(),
            format!("{ROOT}../{id}"),
            format!("{}?start=-1", uri(id, None)),
            format!("{}?end=1", uri(id, None)),
        ] {
            assert!(parse(&bad).is_err(), "{bad}");
        }
    }
}
