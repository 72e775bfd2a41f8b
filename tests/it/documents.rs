//! Documents: sent, read, found, changed, deleted, brought back.

use serde_json::{Value, json};

use crate::harness::client::assert_id;
use crate::harness::talk::{id_of, items};
use crate::harness::{Server, eventually};

const STOVE: &str = "# Stoves\n\nA cast-iron stove keeps its heat for hours.\n\n## Fuel\n\nOak burns \
                     slowly and leaves little ash. Spruce crackles and throws sparks.\n";

#[tokio::test]
async fn a_document_is_read_cut_and_found_by_its_words() {
    let server = Server::start().await;
    let document = server.read_document("stoves.md", STOVE.as_bytes()).await;
    assert_id(&document["id"], "doc");
    assert_eq!(document["state"], "ready", "{document}");
    assert_eq!(document["kind"], "md");
    assert_eq!(document["name"], "stoves.md");
    assert_eq!(document["size_bytes"], STOVE.len());
    assert_eq!(document["progress"], 1.0);
    assert!(document["chunks"].as_u64().unwrap() >= 1);
    assert_eq!(document["embedded"], document["chunks"]);
    let hits = server.search_words("spruce sparks").await;
    let hit = hits.iter().find(|hit| hit["kind"] == "passage").expect("a passage is found");
    assert_eq!(hit["document_id"], document["id"]);
    assert!(hit["snippet"]["text"].as_str().unwrap().contains("Spruce"));
    assert!(!hit["snippet"]["matches"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn the_text_at_a_passages_offsets_is_the_passage() {
    let server = Server::start().await;
    let text: String = (0..300)
        .map(|n| format!("## Part {n}\n\nÄpfel 🍏 and line {n} about harbour number {n}.\n\n"))
        .collect();
    let document = server.read_document("parts.md", text.as_bytes()).await;
    let id = id_of(&document);
    let mut cursor = String::new();
    let (mut seen, mut last) = (0, -1);
    loop {
        let page = server.get(&format!("/documents/{id}/chunks?limit=50{cursor}")).await.is(200);
        for chunk in items(&page) {
            let (start, end) = (chunk["start"].as_i64().unwrap(), chunk["end"].as_i64().unwrap());
            assert!(start > last, "passages come in order");
            last = start;
            let path = format!("/documents/{id}/text?start={start}&end={end}");
            let part = server.get(&path).await.is(200);
            assert_eq!(part["text"], chunk["text"], "{chunk}");
            seen += 1;
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, document["chunks"].as_u64().unwrap());
    let around = server.get(&format!("/documents/{id}/text?around=9000")).await.is(200);
    assert_eq!(around["chars"], document["chars"]);
    assert!(!around["headings"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn the_original_comes_back_byte_for_byte_as_a_download_without_power() {
    let server = Server::start().await;
    let page = b"<!doctype html><title>T</title><script>alert(1)</script><p>Harbour lights</p>";
    let document = server.read_document("page.html", page).await;
    let got = server.get(&format!("/documents/{}/content", id_of(&document))).await;
    assert_eq!(got.text.as_bytes(), page);
    assert!(got.header("content-disposition").starts_with("attachment"));
    assert!(got.header("content-security-policy").contains("sandbox"));
    assert_eq!(got.header("x-content-type-options"), "nosniff");
    let text = server.get(&format!("/documents/{}/text", id_of(&document))).await.is(200);
    let text = text["text"].as_str().unwrap();
    assert!(text.contains("Harbour lights") && !text.contains("alert"), "{text}");
}

#[tokio::test]
async fn one_bad_file_does_not_hurt_the_others_of_its_form() {
    let server = Server::with("MAX_UPLOAD_MB", 1).start().await;
    let large = vec![b'x'; 1_200_000];
    let sent = server
        .upload(&[("a.txt", b"alpha harbour"), ("large.txt", &large), ("b.txt", b"beta harbour")])
        .await
        .is(202);
    let sent = items(&sent);
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[1]["name"], "large.txt");
    assert_eq!(sent[1]["error"]["code"], "too_large");
    assert!(sent[1]["error"]["error"].as_str().unwrap().contains("MAX_UPLOAD_MB"));
    for at in [0, 2] {
        let document = server.settled(&id_of(&sent[at]["document"])).await;
        assert_eq!(document["state"], "ready", "{document}");
    }
}

#[tokio::test]
async fn the_same_bytes_again_are_recognised() {
    let server = Server::start().await;
    let first = server.document("one.txt", b"The same words").await;
    let again = server.upload(&[("two.txt", b"The same words")]).await.is(202);
    assert_eq!(again["items"][0]["duplicate"], true);
    assert_eq!(id_of(&again["items"][0]["document"]), first);
    server.delete(&format!("/documents/{first}")).await.is(200);
    let back = server.upload(&[("one.txt", b"The same words")]).await.is(202);
    assert_eq!(id_of(&back["items"][0]["document"]), first);
    assert_eq!(back["items"][0]["document"]["deleted_at"], Value::Null);
}

#[tokio::test]
async fn what_cannot_be_read_fails_alone_with_a_reason_for_a_person() {
    let server = Server::start().await;
    let binary: Vec<u8> = (0..4000_u32).map(|n| u8::try_from(n * 7 % 256).unwrap()).collect();
    for (name, bytes) in [
        ("empty.txt", &b""[..]),
        ("report.pdf", b"PK\x03\x04 this is no pdf at all"),
        ("broken.pdf", b"%PDF-1.7\n1 0 obj\n<<"),
        ("noise.bin", &binary),
        ("broken.docx", b"PK\x03\x04\x14\0\0\0\0\0 cut short"),
    ] {
        let document = server.read_document(name, bytes).await;
        assert_eq!(document["state"], "failed", "{name}: {document}");
        let reason = document["error"]["error"].as_str().unwrap();
        assert!(reason.len() > 10 && !reason.contains("Error"), "{name}: {reason}");
    }
    let good = server.read_document("good.txt", b"Good words beside bad files").await;
    assert_eq!(good["state"], "ready");
}

#[tokio::test]
async fn hostile_names_are_only_words() {
    let server = Server::start().await;
    let names = [
        "../../../etc/passwd",
        "..\\..\\boot.ini",
        "/etc/shadow",
        "C:\\CON",
        "a\u{0}b.txt",
        "....//x",
        "%2e%2e%2fx",
        "-rf",
        "~root",
        "$(reboot).txt",
        "`id`.txt",
        "|cat",
        "\u{202e}txt.exe",
        "<script>",
        "' OR 1=1 --",
        "\u{1b}[2J.txt",
        ".htaccess",
        "con.txt",
        "😀.txt",
        "x".repeat(3000).leak(),
    ];
    for (n, name) in names.iter().enumerate() {
        let text = format!("Hostile name number {n}");
        // No header of a form can hold such a name.
        let sent = match name.contains(char::is_control) {
            true => server.post("/documents", json!({"text": text, "name": name})).await,
            false => server.upload(&[(name, text.as_bytes())]).await,
        };
        let sent = sent.is(202);
        let document = &sent["items"][0]["document"];
        let shown = document["name"].as_str().unwrap();
        assert!(!shown.is_empty() && shown.chars().count() <= 200, "{name:?}");
        assert!(!shown.contains(['/', '\\']) && !shown.chars().any(char::is_control), "{shown:?}");
        let got = server.get(&format!("/documents/{}/content", id_of(document))).await;
        assert_eq!(got.text, text);
    }
    let listed = server.get("/documents?limit=200").await.is(200);
    assert_eq!(items(&listed).len(), names.len());
}

#[tokio::test]
async fn a_document_goes_to_the_trash_comes_back_and_leaves_no_byte_when_purged() {
    let server = Server::start().await;
    let document = server.read_document("gone.txt", b"A lighthouse on the cliff").await;
    let path = format!("/documents/{}", id_of(&document));
    server.delete(&format!("{path}?forever=true")).await.fails(409, "not_in_trash");
    server.delete(&path).await.is(200);
    assert!(server.search_words("lighthouse").await.is_empty());
    assert_eq!(items(&server.get("/documents").await.is(200)).len(), 0);
    assert_eq!(items(&server.get("/documents?trash=true").await.is(200)).len(), 1);
    server.poke(&format!("{path}/restore")).await.is(200);
    assert_eq!(server.search_words("lighthouse").await.len(), 1);
    server.delete(&path).await.is(200);
    assert_eq!(server.delete(&format!("{path}?forever=true")).await.status, 204);
    server.get(&path).await.fails(404, "not_found");
    let left = walk(&server.data_dir().join("documents"));
    assert!(left.is_empty(), "{left:?}");
    let rows: i64 = server
        .database()
        .query_row(
            "SELECT (SELECT count(*) FROM chunks) + (SELECT count(*) FROM vectors)",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(rows, 0);
}

/// The files below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => files.extend(walk(&path)),
            path => files.push(path),
        }
    }
    files
}

#[tokio::test]
async fn pasted_text_is_a_document_and_titles_can_be_given() {
    let server = Server::start().await;
    let sent =
        server.post("/documents", json!({"text": "# Minutes\n\nWe chose the red paint."})).await;
    let sent = sent.is(202);
    let document = server.settled(&id_of(&sent["items"][0]["document"])).await;
    assert_eq!(document["origin"], "text");
    assert_eq!(document["name"], "Minutes.md");
    let path = format!("/documents/{}", id_of(&document));
    let named = server.patch(&path, json!({"title": "Paint"})).await.is(200);
    assert_eq!(named["title"], "Paint");
    server.poke(&format!("{path}/reindex")).await.is(202);
    let again = server.settled(&id_of(&document)).await;
    assert_eq!(again["title"], "Paint", "a title that was given stays");
    for bad in [
        json!({}),
        json!({"text": " "}),
        json!({"text": "a", "url": "http://x"}),
        json!({"text": "a", "colour": 1}),
        json!({"text": "a", "collection_id": "coll_x"}),
    ] {
        server.post("/documents", bad).await.error(400);
    }
}

#[tokio::test]
async fn collections_hold_documents_and_let_them_go() {
    let server = Server::start().await;
    let made = server.post("/collections", json!({"name": "House"})).await.is(201);
    let collection = id_of(&made);
    server.post("/collections", json!({"name": "House"})).await.fails(409, "name_taken");
    server.post("/collections", json!({"name": " "})).await.error(400);
    let text = json!({"text": "The gutter needs paint", "collection_id": collection});
    let sent = server.post("/documents", text).await.is(202);
    let document = id_of(&sent["items"][0]["document"]);
    server.settled(&document).await;
    let other = server.read_document("other.txt", b"The gutter of another house").await;
    let listed = server.get(&format!("/documents?collection={collection}")).await.is(200);
    assert_eq!(items(&listed).len(), 1);
    assert_eq!(items(&server.get("/documents?collection=none").await.is(200)).len(), 1);
    let query =
        json!({"query": "gutter", "meaning": false, "filters": {"collection_id": collection}});
    let hits = server.search(query).await;
    let its =
        |hit: &Value| hit["document_id"] == document.as_str() || hit["id"] == document.as_str();
    assert!(hits.iter().all(its) && !hits.is_empty(), "{hits:?}");
    let bulk = json!({"ids": [id_of(&other)], "action": "move", "collection_id": collection});
    assert_eq!(server.post("/documents/bulk", bulk).await.is(200)["changed"], 1);
    let listed = server.get("/collections").await.is(200);
    assert_eq!(items(&listed)[0]["documents"], 2);
    let path = format!("/collections/{collection}");
    assert_eq!(server.patch(&path, json!({"name": "Home"})).await.is(200)["name"], "Home");
    assert_eq!(server.delete(&path).await.status, 204);
    assert_eq!(items(&server.get("/documents?collection=none").await.is(200)).len(), 2);
}

#[tokio::test]
async fn many_files_at_once_are_all_read_while_a_chat_goes_on() {
    let server = Server::with("RATE_LIMIT_UPLOAD", 0).start().await;
    let texts: Vec<(String, String)> = (0..200)
        .map(|n| (format!("file-{n}.txt"), format!("Letter number {n} from harbour {n}.")))
        .collect();
    for part in texts.chunks(50) {
        let files: Vec<(&str, &[u8])> =
            part.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
        server.upload(&files).await.is(202);
    }
    let conversation = server.conversation().await;
    let answer = server.answer(&conversation, "passages/passages", "Hello there").await;
    assert_eq!(answer["state"], "complete");
    eventually("all are ready", || async {
        let ready: i64 = server
            .database()
            .query_row("SELECT count(*) FROM documents WHERE state = 'ready'", [], |r| r.get(0))
            .unwrap();
        (ready == 200).then_some(())
    })
    .await;
    assert!(!server.search_words("harbour 137").await.is_empty());
}

#[tokio::test]
async fn a_kill_in_the_middle_loses_no_document() {
    let mut server = Server::with("RATE_LIMIT_UPLOAD", 0).start().await;
    let mut ids = Vec::new();
    for n in 0..12 {
        let text = format!("Chapter {n}. {}", "The tide came in over the stones. ".repeat(400));
        ids.push(server.document(&format!("chapter-{n}.txt"), text.as_bytes()).await);
        if n % 4 == 3 {
            server.kill();
            server.boot().await;
        }
    }
    for id in &ids {
        let document = server.settled(id).await;
        assert_eq!(document["state"], "ready", "{document}");
    }
    let waiting: i64 =
        server.database().query_row("SELECT count(*) FROM to_embed", [], |r| r.get(0)).unwrap();
    assert_eq!(waiting, 0);
    let unfinished = server.data_dir().join("documents/unfinished");
    assert_eq!(std::fs::read_dir(unfinished).unwrap().count(), 0);
    server.assert_sound();
}

#[tokio::test]
async fn a_form_that_is_none_is_refused() {
    let server = Server::start().await;
    let post = |kind: &str, body: &'static str| {
        server
            .request(reqwest::Method::POST, "/documents")
            .header("content-type", kind.to_owned())
            .body(body)
    };
    for (kind, body, status) in [
        ("multipart/form-data", "x", 400),
        ("multipart/form-data; boundary=b", "", 400),
        ("multipart/form-data; boundary=b", "--b\r\nnonsense", 400),
        ("multipart/form-data; boundary=b", "--b--\r\n", 400),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--b--\r\n",
            400,
        ),
        ("text/plain", "hello", 415),
    ] {
        let reply = server.send(post(kind, body)).await;
        assert_eq!(reply.status, status, "{kind} {body:?}: {}", reply.text);
        reply.assert_error_body();
    }
}
