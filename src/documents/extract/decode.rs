//! Text in any usual encoding, as a stream of UTF-8.
//!
//! The encoding is found by a first pass over the whole file, because the one byte that decides may
//! come last; the second pass converts in pieces, so that memory stays flat.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::Refusal;

const PIECE: usize = 32 * 1024;

/// The encoding of a whole file, found by its byte-order mark, by being valid UTF-8, or by guess.
/// Leaves the file at its start.
pub(super) fn encoding_of(file: &mut File) -> Result<&'static Encoding, Refusal> {
    let io = |e: io::Error| Refusal::from_io(&e);
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let mut piece = vec![0; PIECE];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut utf8 = true;
    // bytes of a character that a piece ended in the middle of
    let mut carried = 0;
    let mut first = true;
    loop {
        let read = file.read(&mut piece[carried..]).map_err(io)?;
        let fresh = &piece[carried..carried + read];
        if first {
            first = false;
            if let Some(found) = marked_or_wide(fresh) {
                file.seek(SeekFrom::Start(0)).map_err(io)?;
                return Ok(found);
            }
        }
        detector.feed(fresh, read == 0);
        if read == 0 {
            break;
        }
        let held = carried + read;
        carried = 0;
        if utf8 && let Err(error) = std::str::from_utf8(&piece[..held]) {
            if error.error_len().is_some() {
                utf8 = false;
            } else {
                piece.copy_within(error.valid_up_to()..held, 0);
                carried = held - error.valid_up_to();
            }
        }
    }
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    // a file that merely lost its last bytes is still UTF-8
    Ok(if utf8 { UTF_8 } else { detector.guess(None, Utf8Detection::Deny) })
}

/// UTF-16, by its mark or by the zero bytes that Latin text has in it; or marked UTF-8.
pub(super) fn marked_or_wide(start: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(start) {
        return Some(encoding);
    }
    let pairs = start.len().min(2048) / 2;
    if pairs < 4 {
        return None;
    }
    let zeros = |offset: usize| {
        start.iter().skip(offset).step_by(2).take(pairs).filter(|byte| **byte == 0).count()
    };
    match (zeros(0), zeros(1)) {
        (0, odd) if odd * 10 > pairs * 7 => Some(UTF_16LE),
        (even, 0) if even * 10 > pairs * 7 => Some(UTF_16BE),
        _ => None,
    }
}

/// Reads bytes of some encoding as UTF-8; what cannot be read becomes U+FFFD.
pub(super) struct Utf8<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    start: usize,
    end: usize,
    /// Decoded and not handed out yet.
    ready: String,
    given: usize,
    /// Nothing more comes from below; nothing more comes out.
    ended: bool,
    drained: bool,
}

impl<R: Read> Utf8<R> {
    /// A byte-order mark at the start is dropped, or followed if it says otherwise.
    pub(super) fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder(),
            raw: vec![0; PIECE],
            start: 0,
            end: 0,
            ready: String::with_capacity(PIECE),
            given: 0,
            ended: false,
            drained: false,
        }
    }

    /// Appends the next piece to `text`; false at the end.
    pub(super) fn read_text(&mut self, text: &mut String) -> Result<bool, Refusal> {
        self.fill().map_err(|e| Refusal::from_io(&e))?;
        text.push_str(&self.ready);
        self.given = self.ready.len();
        Ok(!self.ready.is_empty())
    }

    /// Decodes the next piece, if all that was ready is given; leaves it empty at the end.
    fn fill(&mut self) -> io::Result<()> {
        if self.given < self.ready.len() {
            return Ok(());
        }
        self.ready.clear();
        self.given = 0;
        while self.ready.is_empty() && !self.drained {
            if self.start == self.end && !self.ended {
                self.start = 0;
                self.end = self.inner.read(&mut self.raw)?;
                self.ended = self.end == 0;
            }
            let raw = &self.raw[self.start..self.end];
            let (result, read, _) = self.decoder.decode_to_string(raw, &mut self.ready, self.ended);
            self.start += read;
            self.drained = self.ended && matches!(result, CoderResult::InputEmpty);
        }
        Ok(())
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        let ready = &self.ready.as_bytes()[self.given..];
        let count = ready.len().min(out.len());
        out[..count].copy_from_slice(&ready[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::{Utf8, encoding_of};

    fn read(bytes: &[u8]) -> String {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let encoding = encoding_of(&mut file).unwrap();
        let mut text = String::new();
        Utf8::new(file, encoding).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn usual_encodings_are_found() {
        assert_eq!(read("\u{feff}Grüße".as_bytes()), "Grüße");
        assert_eq!(read(b"Gr\xfc\xdfe aus K\xf6ln, f\xfcr alle"), "Grüße aus Köln, für alle");
        let wide = |bytes: fn(u16) -> [u8; 2], text: &str| -> Vec<u8> {
            text.encode_utf16().flat_map(bytes).collect()
        };
        assert_eq!(read(&wide(u16::to_le_bytes, "\u{feff}Grüße und 火")), "Grüße und 火");
        assert_eq!(read(&wide(u16::to_be_bytes, "\u{feff}Grüße und 火")), "Grüße und 火");
        assert_eq!(read(&wide(u16::to_le_bytes, "Grüße und 火")), "Grüße und 火");
        let (sjis, ..) = encoding_rs::SHIFT_JIS.encode("日本語の文章です。これは長い文です。");
        assert_eq!(read(&sjis), "日本語の文章です。これは長い文です。");
    }

    #[test]
    fn a_character_across_pieces_and_a_late_foreign_byte_are_seen() {
        let mut long = "é".repeat(50_000);
        long.insert(0, 'a');
        assert_eq!(read(long.as_bytes()), long);
        let mut late = b"plain words ".repeat(10_000);
        late.extend(b"le caf\xe9 o\xf9 l'on d\xeene");
        assert!(read(&late).ends_with("le café où l'on dîne"));
        assert_eq!(read("cut é".as_bytes().split_last().unwrap().1), "cut \u{fffd}");
    }
}
