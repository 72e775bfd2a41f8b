//! Pictures and text files that come with a question. Their type is found by content, not by name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::base::objects;
use crate::conversations::Attachment;
use crate::error::Error;
use crate::models::Image;

/// Characters of a file's name.
const MAX_NAME_CHARS: usize = 200;

/// A file as a client sends it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewAttachment {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What the client takes it for. It is not believed: the content decides.
    #[serde(default)]
    pub media_type: Option<String>,
    /// Its bytes, base64.
    #[schema(format = Byte)]
    pub data: String,
}

objects::object!(NewAttachment);

/// A file that was looked at.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) listed: Attachment,
    pub(super) bytes: Vec<u8>,
}

/// Checks the files of a question, of which there may be so many.
pub(super) fn parse(files: &[NewAttachment], most: usize) -> Result<Vec<File>, Error> {
    if files.len() > most {
        let message = format!("attach at most {most} files (MAX_ATTACHMENTS)");
        return Err(Error::invalid("attachments", message));
    }
    files.iter().zip(0..).map(|(file, n)| parse_one(file, n)).collect()
}

fn parse_one(file: &NewAttachment, n: u32) -> Result<File, Error> {
    let field = |name: &str| format!("attachments[{n}].{name}");
    let name: String = file.name.chars().filter(|c| !c.is_control()).collect();
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        let message = format!("a file's name has 1 to {MAX_NAME_CHARS} characters");
        return Err(Error::invalid(field("name"), message));
    }
    let bytes = STANDARD
        .decode(file.data.as_bytes())
        .map_err(|_| Error::invalid(field("data"), "the file's content is not valid base64"))?;
    let media_type = sniff(&bytes).ok_or_else(|| {
        Error::invalid(
            field("data"),
            format!("{name} is neither a picture (PNG, JPEG, GIF, WebP) nor a text file"),
        )
    })?;
    let listed =
        Attachment { n, name, media_type: media_type.to_owned(), size_bytes: bytes.len() as u64 };
    Ok(File { listed, bytes })
}

/// The type of a file by its first bytes (the formats' own signatures); `None` for what models
/// cannot take.
fn sniff(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ if bytes.contains(&0) => None,
        _ => std::str::from_utf8(bytes).ok().map(|_| "text/plain"),
    }
}

/// A question's text with its text files, and its pictures apart.
pub(super) fn weave(content: &str, files: &[File]) -> (String, Vec<Image>) {
    let (mut text, mut images) = (content.to_owned(), Vec::new());
    for file in files {
        if file.listed.media_type.starts_with("image/") {
            images.push(Image {
                media_type: file.listed.media_type.clone(),
                data_base64: STANDARD.encode(&file.bytes),
            });
        } else {
            let body = String::from_utf8_lossy(&file.bytes);
            text.push_str(&format!("\n\nFile {}:\n{}", file.listed.name, fence(&body)));
        }
    }
    (text, images)
}

/// A code block whose fence is longer than any inside.
fn fence(body: &str) -> String {
    let longest = body.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let marks = "`".repeat(longest.max(2) + 1);
    format!("{marks}\n{}\n{marks}", body.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_decides_what_a_file_is() {
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(sniff("grüße".as_bytes()), Some("text/plain"));
        assert_eq!(sniff(b"MZ\0\0"), None);
        assert_eq!(sniff(b"\xff\xfe"), None);
    }

    #[test]
    fn a_fence_holds_what_it_holds() {
        assert_eq!(fence("a"), "```\na\n```");
        assert_eq!(fence("````\nx\n````"), "`````\n````\nx\n````\n`````");
    }
}
