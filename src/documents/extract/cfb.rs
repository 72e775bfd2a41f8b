//! The old container of Microsoft Office: enough of it to say what a file is and why it is not read.
//!
//! Encrypted docx, xlsx and pptx hide in it too ([MS-OFFCRYPTO] 2.3.4: a stream `EncryptedPackage`).
//! Layout after [MS-CFB] 2.2 and 2.6: the header names the first sector of the directory, whose
//! entries of 128 bytes begin with a name in UTF-16.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::Refusal;

pub(super) const MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/// The streams that matter stand in the first few sectors of the directory.
const DIRECTORY_BYTES: u64 = 8192;

/// Why this file is not read; `start` is its beginning.
pub(super) fn refusal(file: &mut File, start: &[u8]) -> Refusal {
    let names = directory(file, start).unwrap_or_default();
    let has = |name: &str| names.iter().any(|n| n == name);
    if has("EncryptedPackage") {
        let reason = "it is protected with a password: save it without one and add it again";
        return Refusal::new("encrypted", reason);
    }
    let old = |what: &str, new: &str| {
        Refusal::new("unsupported", format!("it is {what}: save it as .{new} and add that"))
    };
    if has("WordDocument") {
        old("a Word document in the old .doc format", "docx")
    } else if has("Workbook") || has("Book") {
        old("an Excel workbook in the old .xls format", "xlsx")
    } else if has("PowerPoint Document") {
        old("a presentation in the old .ppt format", "pptx")
    } else if has("__properties_version1.0") {
        old("an Outlook message (.msg)", "eml")
    } else {
        Refusal::new("unsupported", "it is an old Office file of a kind that is not read")
    }
}

fn directory(file: &mut File, start: &[u8]) -> Option<Vec<String>> {
    let shift = u16::from_le_bytes(start.get(30..32)?.try_into().ok()?);
    let sector = u32::from_le_bytes(start.get(48..52)?.try_into().ok()?);
    if !(7..=16).contains(&shift) {
        return None;
    }
    let offset = (u64::from(sector) + 1) << shift;
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut bytes = Vec::new();
    file.take(DIRECTORY_BYTES).read_to_end(&mut bytes).ok()?;
    let names = bytes.chunks_exact(128).filter_map(|entry| {
        let length = usize::from(u16::from_le_bytes([entry[64], entry[65]]));
        let units = entry.get(..length.checked_sub(2)?)?.chunks_exact(2);
        let units: Vec<u16> = units.map(|u| u16::from_le_bytes([u[0], u[1]])).collect();
        Some(String::from_utf16_lossy(&units))
    });
    Some(names.collect())
}
