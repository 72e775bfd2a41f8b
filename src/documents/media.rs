//! The media type that an original is served with, by what it is and never by its name.

use super::extract::Kind;

/// The type of a kind of document (IANA).
pub(super) fn media_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Txt | Kind::Code => "text/plain; charset=utf-8",
        Kind::Md => "text/markdown; charset=utf-8",
        Kind::Html => "text/html; charset=utf-8",
        Kind::Pdf => "application/pdf",
        Kind::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Kind::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        Kind::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Kind::Odt => "application/vnd.oasis.opendocument.text",
        Kind::Csv => "text/csv; charset=utf-8",
        Kind::Json => "application/json",
        Kind::Jsonl => "application/jsonl",
        Kind::Epub => "application/epub+zip",
        Kind::Eml => "message/rfc822",
        Kind::Rtf => "application/rtf",
    }
}
