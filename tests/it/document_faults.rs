//! Files made to exhaust or mislead whoever reads them, through the whole server: each fails alone, in
//! time, with a reason for a person, in little memory, and the good files beside it are found.

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::harness::talk::id_of;
use crate::harness::{Server, Upstream, skipped};

/// Within so long any document is ready or has failed.
const IN_TIME: Duration = Duration::from_secs(35);
const MIB: usize = 1024 * 1024;

fn archive(parts: &[(&str, &[u8], usize)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, piece, times) in parts {
        zip.start_file(*name, SimpleFileOptions::default().large_file(true)).unwrap();
        for _ in 0..*times {
            zip.write_all(piece).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

fn docx(document: &[(&[u8], usize)]) -> Vec<u8> {
    let rels = b"<Relationships><Relationship Id=\"r1\" Type=\"http://x/officeDocument\" \
                 Target=\"word/document.xml\"/></Relationships>";
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for (name, bytes) in [("[Content_Types].xml", &b"<Types/>"[..]), ("_rels/.rels", rels)] {
        zip.start_file(name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.start_file("word/document.xml", options).unwrap();
    for (piece, times) in document {
        for _ in 0..*times {
            zip.write_all(piece).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

fn deflated(piece: &[u8], times: usize) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..times {
        packer.write_all(piece).unwrap();
    }
    packer.finish().unwrap()
}

/// A PDF of one page whose content is this stream.
fn pdf(content: &[u8]) -> Vec<u8> {
    let head = format!(
        "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
         2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n\
         3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>endobj\n\
         4 0 obj<</Filter/FlateDecode/Length {}>>stream\n",
        content.len()
    );
    let tail = b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n";
    [head.as_bytes(), content, tail].concat()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/files/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Files that cannot be read, by name.
fn bad_files() -> Vec<(&'static str, Vec<u8>)> {
    let blank = vec![b' '; MIB];
    let mut nested = archive(&[("zeros", &vec![0; 100_000], 1)]);
    for _ in 0..8 {
        nested = archive(&[("inner.zip", &nested, 1)]);
    }
    let mut laughs = b"<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY l0 \"ha\">".to_vec();
    for n in 1..12 {
        let ten = format!("&l{};", n - 1).repeat(10);
        laughs.extend(format!("<!ENTITY l{n} \"{ten}\">").bytes());
    }
    laughs.extend(b"]><d><p><t>&l11;</t></p></d>");
    let many: Vec<(String, [u8; 1])> = (0..60_000).map(|n| (format!("word/{n}"), [b'x'])).collect();
    let many: Vec<(&str, &[u8], usize)> =
        many.iter().map(|(name, byte)| (name.as_str(), &byte[..], 1)).collect();
    let own = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
        2 0 obj<</Type/Pages/Count 1000000000/Kids[2 0 R 3 0 R 2 0 R]>>endobj\n\
        3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</XObject<</F 4 0 R>>>>\
        /Contents 4 0 R>>endobj\n\
        4 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 4 0 R>>>>\
        /Length 10>>stream\n/F Do /F Do\nendstream endobj\ntrailer<</Root 1 0 R>>\n";
    vec![
        ("ratio.docx", docx(&[(b"<w:document><w:body>", 1), (&blank, 400)])),
        ("nested.zip", nested.clone()),
        ("nested.docx", nested),
        ("laughs.docx", docx(&[(&laughs, 1)])),
        ("deep.docx", docx(&[(b"<p>", 1_000_000)])),
        ("long.docx", docx(&[(b"<d a=\"", 1), (&vec![b'x'; MIB], 60), (b"\"/>", 1)])),
        ("many.docx", archive(&many)),
        ("ratio.pdf", pdf(&deflated(&blank, 600))),
        ("twice.pdf", pdf(&deflated(&deflated(&blank, 300), 1))),
        ("self.pdf", own.to_vec()),
        ("secret.pdf", fixture("secret.pdf")),
        ("secret.docx", fixture("secret.docx")),
        ("secret.odt", fixture("secret.odt")),
        ("protected.epub", fixture("protected.epub")),
        ("cut.docx", fixture("cut.docx")),
        ("cut.pdf", fixture("cut.pdf")),
        ("head.pdf", b"%PDF-1.7\n1 0 obj\n<<".to_vec()),
        ("short.docx", b"PK\x03\x04\x14\0\0\0\0\0 cut short".to_vec()),
    ]
}

/// Files that are odd, and are read or refused.
fn odd_files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("deep.json", [b"[".repeat(2_000_000), b"]".repeat(2_000_000)].concat()),
        ("deep.html", b"<div>".repeat(1_000_000)),
        ("deep.rtf", [&b"{\\rtf1 "[..], &b"{".repeat(1_000_000)].concat()),
        ("wide.csv", b"a,".repeat(2_000_000)),
        ("line.txt", vec![b'x'; 8 * MIB]),
        ("quotes.csv", [&b"\""[..], &vec![b'x'; 8 * MIB]].concat()),
        ("tags.html", [&b"<"[..], &b"a ".repeat(3_000_000)].concat()),
    ]
}

async fn settled(server: &Server, id: &str) -> (Value, Duration) {
    let begun = Instant::now();
    loop {
        let document = server.get(&format!("/documents/{id}")).await.is(200);
        if matches!(document["state"].as_str(), Some("ready" | "failed")) {
            return (document, begun.elapsed());
        }
        assert!(begun.elapsed() < IN_TIME, "too late: {document}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A line of the process's status, in MiB.
#[cfg(target_os = "linux")]
fn memory_mib(pid: u32, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with(line)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// From here on the peak is counted anew.
#[cfg(target_os = "linux")]
fn forget_peak(pid: u32) -> u64 {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
    memory_mib(pid, "VmRSS")
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn bombs_and_broken_files_fail_alone_in_time_and_in_little_memory() {
    let server = Server::with("MAX_UPLOAD_MB", 100)
        .with("RATE_LIMIT_UPLOAD", 0)
        .with("ENABLE_EMBEDDINGS", false)
        .start()
        .await;
    server.read_document("first.txt", b"The first good file warms everything up.").await;
    // What taking in files of this size costs by itself is not the bombs' doing.
    let before = forget_peak(server.pid());
    for (n, (name, bytes)) in bad_files().into_iter().enumerate() {
        let id = server.document(name, &bytes).await;
        let good = format!("Harbour letter number {n}, beside {name}.");
        let good = server.document(&format!("good-{n}.txt"), good.as_bytes()).await;
        let (document, took) = settled(&server, &id).await;
        assert_eq!(document["state"], "failed", "{name}: {document}");
        let reason = document["error"]["error"].as_str().unwrap_or_default();
        assert!(reason.len() > 10 && !reason.contains("Error"), "{name}: {reason}");
        println!("{name}: {} after {} ms", document["error"]["code"], took.as_millis());
        let (good, _) = settled(&server, &good).await;
        assert_eq!(good["state"], "ready", "beside {name}: {good}");
    }
    for (name, bytes) in odd_files() {
        let id = server.document(name, &bytes).await;
        let (document, took) = settled(&server, &id).await;
        println!("{name}: {} after {} ms", document["state"], took.as_millis());
    }
    let grown = memory_mib(server.pid(), "VmHWM").saturating_sub(before);
    println!("the server's memory was {before} MiB and grew by {grown} MiB");
    assert!(grown < 50, "the server's memory grew by {grown} MiB");
    assert_eq!(server.search_words("harbour letter").await.len().min(10), 10);
    server.get("/health/ready").await.is(200);
}

#[tokio::test]
async fn a_thousand_files_at_once_hold_up_no_answer() {
    let server = Server::with("RATE_LIMIT_UPLOAD", 0).start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let pace = upstream.paced();
    let asked = server.ask(&conversation, &model, "Go on").await;
    let mut events = server.turn_events(&asked.turn).await;
    pace.say("begun");
    events.until_named("chunk").await;
    let files: Vec<(String, String)> =
        (0..1000).map(|n| (format!("{n}.txt"), format!("Letter {n} from harbour {n}."))).collect();
    let begun = Instant::now();
    let mut slowest = Duration::ZERO;
    let mut say = async |text: String| {
        let said = Instant::now();
        pace.say(&text);
        events.until_named("chunk").await;
        slowest = slowest.max(said.elapsed());
    };
    for part in files.chunks(50) {
        let part: Vec<(&str, &[u8])> =
            part.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
        server.upload(&part).await.is(202);
        say(format!(" {}", part.len())).await;
    }
    let sent = begun.elapsed();
    let mut ready = 0_i64;
    while ready < 1000 {
        assert!(begun.elapsed() < Duration::from_mins(3), "{ready} of 1000 are ready");
        say(format!(" {ready}")).await;
        let db = server.database();
        let count = "SELECT count(*) FROM documents WHERE state = 'ready'";
        ready = db.query_row(count, [], |row| row.get(0)).unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = begun.elapsed();
    pace.finish();
    assert_eq!(events.rest().await.last().unwrap().name, "complete");
    println!("1000 files sent in {sent:.1?}, ready in {took:.1?}; slowest piece {slowest:.0?}");
    assert!(slowest < Duration::from_secs(2), "a piece of the answer waited {slowest:?}");
    assert!(!server.search_words("harbour 777").await.is_empty());
}

/// With `INGLENOOK_LARGE_TEXT_MB=200`: a text of that size through the whole server.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_very_large_text_takes_bounded_memory() {
    let test = "a_very_large_text_takes_bounded_memory";
    let set = std::env::var("INGLENOOK_LARGE_TEXT_MB").ok();
    let Some(mib) = set.and_then(|n| n.parse::<usize>().ok()) else {
        return skipped(test, "INGLENOOK_LARGE_TEXT_MB is not set");
    };
    let server = Server::with("MAX_UPLOAD_MB", mib + 1)
        .with("EXTRACT_TEXT_MB", mib + 1)
        .with("EXTRACT_TIMEOUT_SECONDS", 300)
        .with("ENABLE_EMBEDDINGS", false)
        .start()
        .await;
    server.read_document("first.txt", b"Warm").await;
    let text: String = (0..20_000)
        .map(|n| {
            format!("Entry {n}: the tide came in over the stones of harbour {}.\n", n * 7919 % 9973)
        })
        .collect();
    let mut bytes = text.repeat(mib * MIB / text.len() + 1).into_bytes();
    bytes.truncate(mib * MIB);
    let before = forget_peak(server.pid());
    let begun = Instant::now();
    let (kind, body) = crate::harness::library::form(&[("large.txt", &bytes)]);
    let patient = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = patient.post(server.url("/documents")).header("content-type", kind).body(body);
    let sent = server.send(request).await.is(202);
    let (id, uploaded) = (id_of(&sent["items"][0]["document"]), begun.elapsed());
    let document = loop {
        let document = server.get(&format!("/documents/{id}")).await.is(200);
        if matches!(document["state"].as_str(), Some("ready" | "failed")) {
            break document;
        }
        assert!(begun.elapsed() < Duration::from_mins(15), "{document}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(document["state"], "ready", "{document}");
    let grown = memory_mib(server.pid(), "VmHWM").saturating_sub(before);
    println!(
        "{mib} MiB: uploaded in {uploaded:.1?}, ready in {:.1?}, {} passages; memory {before} MiB, grew by {grown} MiB",
        begun.elapsed(),
        document["chunks"]
    );
    assert!(grown < 200, "the server's memory grew by {grown} MiB");
}
