//! Watched folders and documents by URL.

use std::fs;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::harness::talk::{id_of, items};
use crate::harness::{Server, eventually};

async fn names(server: &Server) -> Vec<String> {
    let listed = server.get("/documents").await.is(200);
    let mut names: Vec<String> = items(&listed)
        .iter()
        .filter(|document| document["state"] == "ready")
        .map(|document| document["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

async fn becomes(server: &Server, wanted: &[&str]) {
    eventually(&format!("the library holds {wanted:?}"), || async {
        (names(server).await == wanted).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_watched_folder_is_kept_in_step() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one.txt"), "First harbour").unwrap();
    fs::create_dir(folder.path().join("inner")).unwrap();
    fs::write(folder.path().join("inner/two.md"), "# Second\n\nharbour").unwrap();
    fs::write(folder.path().join(".hidden.txt"), "hidden").unwrap();
    let path = folder.path().to_str().unwrap();
    let watched = server.post("/folders/watched", json!({"path": path})).await.is(201);
    becomes(&server, &["one.txt", "two.md"]).await;
    server.post("/folders/watched", json!({"path": path})).await.fails(409, "folder_watched");
    fs::write(folder.path().join("three.txt"), "Third lighthouse").unwrap();
    becomes(&server, &["one.txt", "three.txt", "two.md"]).await;
    fs::write(folder.path().join("one.txt"), "First lighthouse, changed").unwrap();
    eventually("the change is found", || async {
        (!server.search_words("changed").await.is_empty()).then_some(())
    })
    .await;
    fs::remove_file(folder.path().join("three.txt")).unwrap();
    becomes(&server, &["one.txt", "two.md"]).await;
    fs::write(folder.path().join("three.txt"), "Third lighthouse").unwrap();
    becomes(&server, &["one.txt", "three.txt", "two.md"]).await;
    assert_eq!(items(&server.get("/documents?trash=true").await.is(200)).len(), 0);
    let path = format!("/folders/watched/{}?documents=true", id_of(&watched));
    assert_eq!(server.delete(&path).await.status, 204);
    becomes(&server, &[]).await;
}

#[tokio::test]
async fn a_folder_that_vanishes_keeps_its_documents_and_is_followed_again() {
    let mut server = Server::start().await;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("papers");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("one.txt"), "First harbour").unwrap();
    let body = json!({"path": folder.to_str().unwrap()});
    let watched = server.post("/folders/watched", body).await.is(201);
    becomes(&server, &["one.txt"]).await;
    let away = home.path().join("away");
    fs::rename(&folder, &away).unwrap();
    let scan = format!("/folders/watched/{}/scan", id_of(&watched));
    let state = |wanted: &'static str| {
        let server = &server;
        let scan = scan.clone();
        async move {
            eventually(&format!("the folder is {wanted}"), || async {
                server.poke(&scan).await.is(202);
                let listed = server.get("/folders/watched").await.is(200);
                (items(&listed)[0]["state"] == wanted).then_some(())
            })
            .await;
        }
    };
    state("missing").await;
    assert_eq!(names(&server).await, ["one.txt"]);
    fs::write(away.join("two.txt"), "Second harbour").unwrap();
    fs::rename(&away, &folder).unwrap();
    state("watching").await;
    becomes(&server, &["one.txt", "two.txt"]).await;
    server.restart().await;
    fs::write(folder.join("three.txt"), "Third harbour").unwrap();
    becomes(&server, &["one.txt", "three.txt", "two.txt"]).await;
}

#[tokio::test]
async fn only_a_folder_that_is_there_and_not_ours_can_be_watched() {
    let server = Server::start().await;
    let file = server.home().join("file.txt");
    fs::write(&file, "x").unwrap();
    let data = server.data_dir();
    for path in
        ["relative", "/no/such/folder", "", file.to_str().unwrap(), data.to_str().unwrap(), "/"]
    {
        server.post("/folders/watched", json!({"path": path})).await.fails(400, "invalid_input");
    }
}

/// A web server on loopback that answers one page, or a redirect.
async fn web(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 2048];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}/article")
}

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n\
    <!doctype html><html><head><title>Harbour news</title></head><body><h1>News</h1>\
    <p>The ferry leaves at nine.</p></body></html>";

#[tokio::test]
async fn a_page_is_fetched_by_its_url_where_the_owner_allows_it() {
    let url = web(PAGE).await;
    let closed = Server::start().await;
    closed.post("/documents", json!({"url": url})).await.fails(403, "address_refused");
    let server = Server::with("ALLOWED_FETCH_HOSTS", "127.0.0.1").start().await;
    let sent = server.post("/documents", json!({"url": url})).await.is(202);
    let document = server.settled(&id_of(&sent["items"][0]["document"])).await;
    assert_eq!(document["state"], "ready", "{document}");
    assert_eq!((&document["origin"], &document["kind"]), (&json!("url"), &json!("html")));
    assert_eq!(document["title"], "Harbour news");
    assert_eq!(document["source"], url.as_str());
    assert!(!server.search_words("ferry nine").await.is_empty());
}

#[tokio::test]
async fn addresses_that_lead_inside_are_refused() {
    let server = Server::with("RATE_LIMIT_UPLOAD", 0).start().await;
    for url in [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://localhost./",
        "http://[::1]/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://172.16.0.1/",
        "http://100.64.0.1/",
        "http://[fd00::1]/",
        "http://127.1/",
        "http://１２７.0.0.1/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "http://user:pw@127.0.0.1/",
        "gopher://x/",
        "javascript:alert(1)",
        "//x",
        "",
    ] {
        let reply = server.post("/documents", json!({"url": url})).await;
        assert!(matches!(reply.status, 400 | 403), "{url}: {} {}", reply.status, reply.text);
    }
    assert_eq!(server.get("/documents").await.is(200)["items"], json!([]), "nothing was kept");
}
