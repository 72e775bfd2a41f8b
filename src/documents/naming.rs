//! Names of files as people may see them. A name is never a path of ours: bytes are kept under their
//! hash.

/// Characters of the longest name.
const MAX_CHARS: usize = 200;

/// The name to show: the last part of a path, without what could mislead or break a line.
pub(super) fn shown(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control() && !turns_text(*c)).collect();
    let plain = plain.trim().trim_start_matches('.').trim();
    if plain.is_empty() {
        return "Untitled".to_owned();
    }
    let chars = plain.chars().count();
    if chars <= MAX_CHARS {
        return plain.to_owned();
    }
    // The ending says what it is.
    let ending = plain.rsplit_once('.').map_or("", |(_, ending)| ending);
    let ending =
        if ending.chars().count() < 10 { format!("….{ending}") } else { "…".to_owned() };
    let head = plain.chars().take(MAX_CHARS - ending.chars().count());
    head.collect::<String>() + &ending
}

/// Marks that make text run the other way, so that `exe.pdf` shows as `fdp.exe`.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_become_plain_ones() {
        for (given, wanted) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\system32\\cmd.exe", "cmd.exe"),
            ("/", "Untitled"),
            ("", "Untitled"),
            ("...", "Untitled"),
            (".bashrc", "bashrc"),
            ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
            ("nul\0byte.txt", "nulbyte.txt"),
            ("\u{202e}fdp.exe", "fdp.exe"),
            ("  spaced .md ", "spaced .md"),
            ("dir/", "dir"),
            ("日本語.txt", "日本語.txt"),
            ("\u{1b}[31mred", "[31mred"),
        ] {
            assert_eq!(shown(given), wanted, "{given:?}");
        }
        let long = shown(&format!("{}.docx", "x".repeat(5000)));
        assert_eq!(long.chars().count(), MAX_CHARS);
        assert!(long.ends_with("….docx"));
        assert!(shown(&format!("a.{}", "y".repeat(5000))).ends_with('…'));
    }
}
