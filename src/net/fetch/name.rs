//! What an answer says of itself: the file's name (RFC 6266, else the end of the URL) and its type.
//! Both are a stranger's words, so a name loses its folders and whatever could mislead a reader.

use http::HeaderValue;
use percent_encoding::percent_decode_str;
use reqwest::Url;

/// The longest name that is kept.
const MAX_NAME_CHARS: usize = 200;
/// The longest ending that a shortened name keeps.
const MAX_ENDING_CHARS: usize = 16;
/// The longest type or character set; real ones are far shorter.
const MAX_TYPE_BYTES: usize = 127;

/// The file's name, if there is one.
pub(super) fn file_name(disposition: Option<&HeaderValue>, url: &Url) -> Option<String> {
    let said = disposition.and_then(|value| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let extended = parameter(&text, "filename*").and_then(|value| extended(&value));
        extended.or_else(|| parameter(&text, "filename")).and_then(|name| safe(&name))
    });
    said.or_else(|| {
        let last = url.path_segments()?.next_back()?;
        safe(&percent_decode_str(last).decode_utf8_lossy())
    })
}

/// The media type and the character set, both in lower case.
pub(super) fn content_type(value: Option<&HeaderValue>) -> (Option<String>, Option<String>) {
    let Some(text) = value.and_then(|value| value.to_str().ok()) else { return (None, None) };
    let legal = |text: &str| {
        !text.is_empty()
            && text.len() <= MAX_TYPE_BYTES
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    let media_type = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let media_type = media_type
        .split_once('/')
        .is_some_and(|(kind, form)| legal(kind) && legal(form))
        .then_some(media_type);
    let charset = parameter(text, "charset").map(|set| set.trim().to_ascii_lowercase());
    (media_type, charset.filter(|set| legal(set)))
}

/// The value of a parameter, without its quotes.
fn parameter(text: &str, wanted: &str) -> Option<String> {
    let mut rest = text.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        // A parameter without a value may stand in between.
        let name = name.rsplit(';').next().unwrap_or_default().trim();
        let (value, next) = value(after.trim_start());
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next;
    }
}

/// A value, quoted or not, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, c) in quoted.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, &quoted[at + 1..]),
            _ => value.push(c),
        }
    }
    (value, "")
}

/// `UTF-8'en'na%C3%AFve.txt` (RFC 8187).
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, text) = rest.split_once('\'')?;
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" => String::from_utf8(bytes).ok(),
        "iso-8859-1" => Some(bytes.into_iter().map(char::from).collect()),
        _ => None,
    }
}

/// A name without folders, control characters and marks that turn the direction of reading.
fn safe(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let misleading = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let kept: String = last.chars().filter(|c| !misleading(*c)).collect();
    let kept = kept.trim().trim_end_matches('.').trim_end();
    if kept.is_empty() {
        return None;
    }
    Some(shortened(kept))
}

/// Cuts a long name in the middle, so that its ending still tells what it is.
fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= MAX_NAME_CHARS {
        return name.to_owned();
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let ending_chars = ending.chars().count();
    if ending_chars == 0 || ending_chars > MAX_ENDING_CHARS {
        return name.chars().take(MAX_NAME_CHARS).collect();
    }
    let stem: String = name.chars().take(MAX_NAME_CHARS - ending_chars - 1).collect();
    format!("{stem}.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(disposition: &str, url: &str) -> Option<String> {
        let value = HeaderValue::from_bytes(disposition.as_bytes()).unwrap();
        file_name(Some(&value), &Url::parse(url).unwrap())
    }

    #[test]
    fn the_servers_name_comes_before_the_urls() {
        let url = "http://a.example/folder/from%20url.txt?x=1";
        for (disposition, name) in [
            ("attachment", "from url.txt"),
            ("attachment; filename=plain.pdf", "plain.pdf"),
            (r#"attachment; filename="two; words.pdf""#, "two; words.pdf"),
            (r#"attachment; filename="a \"b\".pdf"; size=3"#, r#"a "b".pdf"#),
            ("attachment; filename=x.pdf; filename*=UTF-8''na%C3%AFve.pdf", "naïve.pdf"),
            ("inline; FILENAME*=utf-8'en'%e2%82%ac.txt", "€.txt"),
            ("attachment; filename*=iso-8859-1''%e9.txt", "é.txt"),
            ("attachment; filename*=UTF-8''%ff; filename=kept.txt", "kept.txt"),
            ("attachment; odd; filename=after.txt", "after.txt"),
            (r#"attachment; filename="../../etc/passwd""#, "passwd"),
            (r#"attachment; filename="C:\\temp\\a.doc""#, "a.doc"),
            (r#"attachment; filename="..""#, "from url.txt"),
            ("attachment; filename=\"an\u{202e}fdp.exe\"", "anfdp.exe"),
            ("attachment; filename=ünïcode.txt", "ünïcode.txt"),
            ("attachment; filename=", "from url.txt"),
        ] {
            assert_eq!(named(disposition, url).as_deref(), Some(name), "{disposition}");
        }
        assert_eq!(named("inline", "http://a.example/"), None);
        assert_eq!(named("inline", "http://a.example/x/%2e%2e%2fy").as_deref(), Some("y"));
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let url = format!("http://a.example/{}.tar.gz", "x".repeat(500));
        let name = named("inline", &url).unwrap();
        assert_eq!((name.chars().count(), name.ends_with("x.gz")), (MAX_NAME_CHARS, true));
    }

    #[test]
    fn the_type_is_read_without_its_parameters() {
        let read = |text: &str| content_type(Some(&HeaderValue::from_str(text).unwrap()));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("Text/HTML; Charset=\"UTF-8\""), (some("text/html"), some("utf-8")));
        assert_eq!(read("application/pdf"), (some("application/pdf"), None));
        assert_eq!(read("nonsense"), (None, None));
        assert_eq!(read("a/b/c; charset=<x>"), (None, None));
    }

    proptest! {
        #[test]
        fn any_header_gives_a_safe_name_or_none(text in "\\PC{0,300}") {
            let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else { return Ok(()) };
            let url = Url::parse("http://a.example/").unwrap();
            if let Some(name) = file_name(Some(&value), &url) {
                prop_assert!(!name.is_empty() && name.chars().count() <= MAX_NAME_CHARS);
                prop_assert!(!name.contains(['/', '\\']) && name != "." && name != "..");
            }
            let _ = content_type(Some(&value));
        }
    }
}
