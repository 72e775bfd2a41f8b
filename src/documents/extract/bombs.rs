//! Files made to exhaust whoever reads them, made here rather than kept: each ends in a clean refusal
//! or harmlessly, soon and in little memory.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::trial::{extracted, extracted_within};
use super::{Limits, Refusal};

const MIB: usize = 1024 * 1024;

fn limits() -> Limits {
    Limits {
        max_unpacked_bytes: 40 * MIB as u64,
        max_text_bytes: 8 * MIB as u64,
        ..Limits::default()
    }
}

fn archive(parts: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, pieces) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        for piece in *pieces {
            zip.write_all(piece).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

const TYPES: (&str, &[&[u8]]) = ("[Content_Types].xml", &[b"<Types/>"]);

fn rels(target: &str) -> Vec<u8> {
    format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"http://x/officeDocument\" Target=\"{target}\"/>\
         </Relationships>"
    )
    .into_bytes()
}

fn docx(document: &[&[u8]]) -> Vec<u8> {
    let rels = rels("word/document.xml");
    archive(&[TYPES, ("_rels/.rels", &[&rels]), ("word/document.xml", document)])
}

fn refused(name: &str, bytes: &[u8]) -> &'static str {
    match extracted_within(name, bytes, &limits()) {
        Ok((text, _)) => panic!("{name} gave {} bytes", text.len()),
        Err(Refusal { code, .. }) => code,
    }
}

#[test]
fn archives_that_unpack_without_end_are_refused() {
    let blank = vec![b' '; MIB];
    let blanks = vec![&blank[..]; 64];
    let mut document: Vec<&[u8]> = vec![b"<w:document><w:body>"];
    document.extend(&blanks);
    assert_eq!(refused("ratio.docx", &docx(&document)), "too_large");

    // little by little, so that no part is suspicious by itself
    let text = "<p>All work and no play makes Jack a dull boy, number 12345.</p>".repeat(9000);
    let mut pages: Vec<(String, &[u8])> = Vec::new();
    for n in 0..100 {
        pages.push((format!("p{n}.xhtml"), text.as_bytes()));
    }
    let items: String =
        (0..100).map(|n| format!("<item id=\"i{n}\" href=\"p{n}.xhtml\"/>")).collect();
    let spine: String = (0..100).map(|n| format!("<itemref idref=\"i{n}\"/>")).collect();
    let package = format!("<package>{items}{spine}</package>");
    let container = b"<container><rootfile full-path=\"book.opf\"/></container>";
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, bytes: &[u8]| {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    };
    add("META-INF/container.xml", container);
    add("book.opf", package.as_bytes());
    for (name, bytes) in &pages {
        add(name, bytes);
    }
    assert_eq!(refused("long.epub", &zip.finish().unwrap().into_inner()), "too_large");
}

#[test]
fn archives_in_archives_are_not_opened() {
    let mut inner = archive(&[("zeros", &[&vec![0; 100_000]])]);
    for _ in 0..5 {
        inner = archive(&[("inner.zip", &[&inner])]);
    }
    assert_eq!(refused("nested.zip", &inner), "unsupported");
    assert_eq!(refused("nested.docx", &inner), "wrong_extension");
    let holding = archive(&[
        TYPES,
        ("_rels/.rels", &[&rels("word/document.xml")]),
        ("word/document.xml", &[b"<d><p><t>words</t></p></d>"]),
        ("word/embeddings/inner.zip", &[&inner]),
    ]);
    assert_eq!(extracted("a.docx", &holding).unwrap().0, "words");
}

#[test]
fn archives_of_countless_parts_are_refused() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for n in 0..3000 {
        zip.start_file(format!("word/{n}"), SimpleFileOptions::default()).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let few = Limits { max_archive_entries: 1000, ..Limits::default() };
    let with_types = archive(&[TYPES, ("word/document.xml", &[b"<d/>"])]);
    assert!(extracted_within("a.docx", &with_types, &few).is_err());
    assert_eq!(
        super::archive::Archive::open(&mut file(&bytes), &few).err().unwrap().code,
        "too_large"
    );
}

fn file(bytes: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

#[test]
fn xml_that_multiplies_or_nests_without_end_is_refused() {
    let mut laughs = b"<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY l0 \"ha\">".to_vec();
    for n in 1..10 {
        let ten = format!("&l{};", n - 1).repeat(10);
        laughs.extend(format!("<!ENTITY l{n} \"{ten}\">").bytes());
    }
    laughs.extend(b"]><d><p><t>&l9;</t></p></d>");
    assert_eq!(refused("laughs.docx", &docx(&[&laughs])), "too_large");
    let deep = "<p>".repeat(100_000);
    assert_eq!(refused("deep.docx", &docx(&[deep.as_bytes()])), "too_deep");
    let long = vec![b'x'; 17 * MIB];
    assert_eq!(refused("long.docx", &docx(&[b"<d a=\"", &long, b"\"/>"])), "too_large");
}

#[test]
fn a_sheet_of_any_claimed_size_takes_the_memory_of_its_cells() {
    let rels = rels("xl/workbook.xml");
    let book = b"<workbook><sheets><sheet name=\"S\" r:id=\"r1\"/></sheets></workbook>";
    let sheets = b"<Relationships><Relationship Id=\"r1\" Type=\"x/worksheet\" \
                   Target=\"sheet.xml\"/></Relationships>";
    let sheet = b"<worksheet><dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1048576\">\
                  <c r=\"XFD1048576\"><v>7</v></c><c r=\"ZZZZ9\"><v>8</v></c></row></sheetData>\
                  </worksheet>";
    let xlsx = archive(&[
        TYPES,
        ("_rels/.rels", &[&rels]),
        ("xl/workbook.xml", &[book]),
        ("xl/_rels/workbook.xml.rels", &[sheets]),
        ("xl/sheet.xml", &[sheet]),
    ]);
    assert_eq!(extracted("a.xlsx", &xlsx).unwrap().0, "# S\n\n7 | 8");
}

#[test]
fn a_pdf_that_refers_to_itself_ends() {
    let pdf = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
        2 0 obj<</Type/Pages/Count 1000000000/Kids[2 0 R 3 0 R 2 0 R]>>endobj\n\
        3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</XObject<</F 4 0 R>>>>\
        /Contents 4 0 R>>endobj\n\
        4 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 4 0 R>>>>\
        /Length 10>>stream\n/F Do /F Do\nendstream endobj\ntrailer<</Root 1 0 R>>\n";
    assert!(["no_text", "broken"].contains(&refused("self.pdf", pdf)));
}
