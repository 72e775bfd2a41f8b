//! What a file is, found by its content; the name only tells kinds of text apart.
//!
//! A name that promises another kind is an error rather than a guess: the person is told which of
//! the two to mend. Only the beginning of the file is looked at, and the list of parts of an archive.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::archive::Archive;
use super::kind::CODE_NAMES;
use super::{Kind, Limits, Refusal, cfb, decode};

const HEAD_BYTES: u64 = 64 * 1024;
/// More control characters than one in this many is no text.
const CONTROL_SHARE: usize = 200;

/// Beginnings of files that hold no text for us: offset, bytes, what it is, why not.
const OTHERS: [(usize, &[u8], &str); 34] = [
    (0, b"\x89PNG\r\n", "a picture (PNG)"),
    (0, b"\xff\xd8\xff", "a picture (JPEG)"),
    (0, b"GIF8", "a picture (GIF)"),
    (8, b"WEBP", "a picture (WebP)"),
    (0, b"II*\0", "a picture (TIFF)"),
    (0, b"MM\0*", "a picture (TIFF)"),
    (4, b"ftypheic", "a picture (HEIC)"),
    (4, b"ftypavif", "a picture (AVIF)"),
    (0, b"8BPS", "a Photoshop picture"),
    (0, b"\0\0\x01\0", "an icon"),
    (4, b"ftyp", "a video or sound recording"),
    (8, b"AVI ", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (8, b"WAVE", "a sound recording"),
    (0, b"ID3", "a sound recording (MP3)"),
    (0, b"\xff\xfb", "a sound recording (MP3)"),
    (0, b"OggS", "a sound recording"),
    (0, b"fLaC", "a sound recording"),
    (0, b"7z\xbc\xaf\x27\x1c", "an archive (7z): unpack it and add the files"),
    (0, b"Rar!\x1a\x07", "an archive (RAR): unpack it and add the files"),
    (0, b"\x1f\x8b", "a compressed file (gzip): unpack it and add what is inside"),
    (0, b"BZh", "a compressed file (bzip2): unpack it and add what is inside"),
    (0, b"\xfd7zXZ", "a compressed file (xz): unpack it and add what is inside"),
    (0, b"\x28\xb5\x2f\xfd", "a compressed file (zstd): unpack it and add what is inside"),
    (257, b"ustar", "an archive (tar): unpack it and add the files"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"\xcf\xfa\xed\xfe", "a program"),
    (0, b"\xca\xfe\xba\xbe", "a program"),
    (0, b"SQLite format 3\0", "a database"),
    (0, b"wOFF", "a font"),
    (0, b"wOF2", "a font"),
    (0, b"PAR1", "a Parquet table"),
    (0, b"AT&TFORM", "a scanned DjVu document"),
];

/// Finds the kind of a file, or why it cannot be read. The file is left at its start.
pub fn detect(file: &mut File, name: &str) -> Result<Kind, Refusal> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0)).map_err(|e| Refusal::from_io(&e))?;
    Read::take(&mut *file, HEAD_BYTES).read_to_end(&mut head).map_err(|e| Refusal::from_io(&e))?;
    let found = kind_of(file, &head, name);
    file.seek(SeekFrom::Start(0)).map_err(|e| Refusal::from_io(&e))?;
    found
}

fn kind_of(file: &mut File, head: &[u8], name: &str) -> Result<Kind, Refusal> {
    let base = Path::new(name).file_name().map_or(name, |n| n.to_str().unwrap_or(name));
    let extension = base.rsplit_once('.').map(|(_, e)| e.to_lowercase()).unwrap_or_default();
    if head.is_empty() {
        return Err(Refusal::new("empty", "the file is empty"));
    }
    let binary = if is_pdf(head) {
        Kind::Pdf
    } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        kind_of_archive(file, base, &extension)?
    } else if head.starts_with(b"{\\rtf") {
        Kind::Rtf
    } else if head.starts_with(&cfb::MAGIC) {
        return Err(cfb::refusal(file, head));
    } else {
        return kind_of_text(head, base, &extension);
    };
    match Kind::promised_by(&extension) {
        Some(promised) if promised != binary => Err(contradiction(base, binary, promised)),
        _ => Ok(binary),
    }
}

/// The header may stand within the first kilobyte (ISO 32000, annex H), but not inside text.
fn is_pdf(head: &[u8]) -> bool {
    let start = &head[..head.len().min(1024)];
    let Some(at) = start.windows(5).position(|w| w == b"%PDF-") else { return false };
    at == 0 || is_binary(head) || start[..at].iter().all(u8::is_ascii_whitespace)
}

fn kind_of_archive(file: &mut File, base: &str, extension: &str) -> Result<Kind, Refusal> {
    file.seek(SeekFrom::Start(0)).map_err(|e| Refusal::from_io(&e))?;
    let mut archive = Archive::open(file, &Limits::default())?;
    let kind = match archive.head("mimetype", 200)?.as_deref().map(str::trim) {
        Some("application/epub+zip") => Some(Kind::Epub),
        Some(
            "application/vnd.oasis.opendocument.text"
            | "application/vnd.oasis.opendocument.text-template",
        ) => Some(Kind::Odt),
        Some(other) if other.starts_with("application/vnd.oasis.opendocument.") => {
            let what = other.rsplit('.').next().unwrap_or(other);
            let better = if what.starts_with("presentation") { "pptx" } else { "xlsx" };
            let reason = format!("it is an OpenDocument {what}: save it as .{better} and add that");
            return Err(Refusal::new("unsupported", reason));
        }
        _ if archive.has("META-INF/container.xml") => Some(Kind::Epub),
        _ if !archive.has("[Content_Types].xml") => None,
        _ if archive.has("xl/workbook.bin") => {
            let reason = "it is a binary Excel workbook (.xlsb): save it as .xlsx and add that";
            return Err(Refusal::new("unsupported", reason));
        }
        _ if archive.has_under("word/") => Some(Kind::Docx),
        _ if archive.has_under("xl/") => Some(Kind::Xlsx),
        _ if archive.has_under("ppt/") => Some(Kind::Pptx),
        _ => None,
    };
    kind.ok_or_else(|| match Kind::promised_by(extension) {
        Some(promised) => Refusal::new(
            "wrong_extension",
            format!("{base} is an archive (zip), not {}", promised.noun()),
        ),
        None => Refusal::new("unsupported", "it is an archive (zip): unpack it and add the files"),
    })
}

fn kind_of_text(head: &[u8], base: &str, extension: &str) -> Result<Kind, Refusal> {
    let promised = Kind::promised_by(extension);
    let wide = decode::marked_or_wide(head);
    let other = OTHERS.iter().find(|(at, magic, _)| {
        head.get(*at..).is_some_and(|rest| rest.starts_with(magic)) && wide.is_none()
    });
    if let Some((.., what)) = other
        && is_binary(head)
    {
        return Err(match promised {
            Some(promised) if !what.contains(':') => Refusal::new(
                "wrong_extension",
                format!("{base} is {what}, not {}", promised.noun()),
            ),
            _ => Refusal::new("unsupported", format!("it is {what}")),
        });
    }
    if wide.is_none() && is_binary(head) {
        return Err(match promised {
            Some(promised @ (Kind::Txt | Kind::Md | Kind::Code | Kind::Csv)) => {
                Refusal::new("binary", format!("{base} holds binary data, not {}", promised.noun()))
            }
            Some(promised) => {
                Refusal::broken(format!("{base} is damaged or is not {}", promised.noun()))
            }
            None => Refusal::new("binary", "it holds binary data of an unknown kind, not text"),
        });
    }
    let blank = |b: &u8| b.is_ascii_whitespace() || *b == 0;
    if (head.len() as u64) < HEAD_BYTES && head.iter().all(blank) {
        return Err(Refusal::new("empty", "there is nothing but blank space in the file"));
    }
    if CODE_NAMES.contains(&base.to_lowercase().as_str()) {
        return Ok(Kind::Code);
    }
    match promised {
        Some(
            promised @ (Kind::Pdf
            | Kind::Docx
            | Kind::Pptx
            | Kind::Xlsx
            | Kind::Odt
            | Kind::Epub
            | Kind::Rtf),
        ) => {
            let found = if looks_like_html(head) { Kind::Html } else { Kind::Txt };
            Err(contradiction(base, found, promised))
        }
        Some(Kind::Eml) if wide.is_none() && !has_mail_header(head) => Err(Refusal::broken(
            format!("{base} does not begin with the headers of an e-mail message"),
        )),
        Some(promised) => Ok(promised),
        None if looks_like_html(head) => Ok(Kind::Html),
        None => Ok(Kind::Txt),
    }
}

fn contradiction(base: &str, found: Kind, promised: Kind) -> Refusal {
    let (is, not, rename) = (found.noun(), promised.noun(), found.extension());
    Refusal::new("wrong_extension", format!("{base} is {is}, not {not}: rename it to .{rename}"))
}

/// Zero bytes, or many other control characters.
fn is_binary(head: &[u8]) -> bool {
    let control = |b: &&u8| matches!(b, 1..=8 | 14..=26 | 28..=31 | 127);
    head.contains(&0) || head.iter().filter(control).count() * CONTROL_SHARE > head.len()
}

fn looks_like_html(head: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&head[..head.len().min(1024)]).to_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    start.starts_with("<!doctype html")
        || start.starts_with("<html")
        || ((start.starts_with("<?xml") || start.starts_with("<!--")) && start.contains("<html"))
}

/// A first line such as `Subject: hello` (or the `From ` line of a mailbox).
fn has_mail_header(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let line = head.split(|b| *b == b'\n').find(|line| !line.trim_ascii().is_empty());
    line.is_some_and(|line| {
        let name = line.split(|b| *b == b':').next().unwrap_or_default();
        let named = name.len() < line.len() && name.len() < 80;
        (named && name.iter().all(u8::is_ascii_graphic)) || line.starts_with(b"From ")
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::{Kind, Refusal};
    use super::detect;

    fn of(name: &str, bytes: &[u8]) -> Result<Kind, Refusal> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        detect(&mut file, name)
    }

    fn code(name: &str, bytes: &[u8]) -> &'static str {
        of(name, bytes).unwrap_err().code
    }

    #[test]
    fn the_name_tells_kinds_of_text_apart() {
        for (name, kind) in [
            ("a.txt", Kind::Txt),
            ("A.MD", Kind::Md),
            ("deep/er/a.rs", Kind::Code),
            ("Makefile", Kind::Code),
            ("a.tsv", Kind::Csv),
            ("a.ndjson", Kind::Jsonl),
            ("README", Kind::Txt),
            ("strange.thing", Kind::Txt),
            ("", Kind::Txt),
        ] {
            assert_eq!(of(name, b"some words"), Ok(kind), "{name}");
        }
        assert_eq!(of("page", b" <!DOCTYPE html><p>x"), Ok(Kind::Html));
        assert_eq!(of("a.txt", b"<!DOCTYPE html><p>x"), Ok(Kind::Txt));
        assert_eq!(of("a.eml", b"Subject: x\r\n\r\nbody"), Ok(Kind::Eml));
    }

    #[test]
    fn content_beats_the_name_and_says_so() {
        let refusal = of("report.pdf", b"just words").unwrap_err();
        assert_eq!(refusal.code, "wrong_extension");
        assert_eq!(
            refusal.reason,
            "report.pdf is plain text, not a PDF document: rename it to .txt"
        );
        assert_eq!(code("notes.txt", b"%PDF-1.7\n%\xe2\xe3"), "wrong_extension");
        assert_eq!(of("odd.bin", b"%PDF-1.7\n%\xe2\xe3"), Ok(Kind::Pdf));
        assert_eq!(of("about.txt", b"the mark %PDF-1.7 begins a PDF"), Ok(Kind::Txt));
        assert_eq!(code("a.rtf", b"no rtf"), "wrong_extension");
        assert_eq!(code("a.docx", b"\x89PNG\r\n\x1a\n\0\0"), "wrong_extension");
        assert_eq!(code("a.eml", b"dear you, no headers here"), "broken");
    }

    #[test]
    fn what_holds_no_text_is_refused() {
        assert_eq!(code("a.txt", b""), "empty");
        assert_eq!(code("a.txt", b" \n\t\r\n"), "empty");
        assert_eq!(code("a", b"\x89PNG\r\n\x1a\n\0\0"), "unsupported");
        assert_eq!(code("a.txt", b"\x01\x02\x00\x03"), "binary");
        assert_eq!(code("a.zip", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "unsupported");
        assert_eq!(code("a.docx", b"PK\x03\x04 and cut"), "broken");
        assert_eq!(of("GIF.txt", b"GIF89 is a format"), Ok(Kind::Txt));
        assert_eq!(of("MZ.txt", b"MZ was a programmer"), Ok(Kind::Txt));
    }
}
