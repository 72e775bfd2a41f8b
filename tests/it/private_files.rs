//! Nobody else on the machine can read the data folder: files are 0600 and folders 0700, whatever the
//! umask, and wherever a file comes from.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::harness::{Server, Upstream, eventually};

/// Everything below a folder, and the folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    // A file may go while others are looked at.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(walk(&path)),
            path => found.push(path),
        }
    }
    found
}

fn assert_private(folder: &Path, when: &str) -> Vec<PathBuf> {
    let all = walk(folder);
    for path in &all {
        let Ok(about) = std::fs::symlink_metadata(path) else { continue };
        let mode = about.permissions().mode() & 0o7777;
        let wanted = if about.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "{when}: {} is {mode:o}", path.display());
    }
    all
}

async fn use_everything(server: &Server) {
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    server.answer(&conversation, &model, "Hello").await;
    server.post("/notes", json!({"text": "A fact"})).await.is(201);
    let long = "A sentence that fills a document. ".repeat(1000);
    let id = server.document("long.txt", long.as_bytes()).await;
    eventually("the document is being read", || async {
        assert_private(&server.data_dir(), "while it is read");
        let state = server.get(&format!("/documents/{id}")).await.is(200)["state"].clone();
        (state == "ready").then_some(())
    })
    .await;
    server.read_document("broken.pdf", b"%PDF-1.7 broken").await;
    let large = vec![b'x'; 3_000_000];
    let half = server.http.post(server.url("/documents"));
    let half = half.header("content-type", "multipart/form-data; boundary=b");
    let part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n";
    let body = [part.as_bytes(), &large].concat();
    // A form that ends in the middle: what had come lies on the disk for a while.
    assert!(half.body(body).send().await.is_ok_and(|reply| reply.status().is_client_error()));
}

/// Puts a file of the last schema but one in the place of a server's, which is stopped.
fn age(server: &Server) {
    let path = PathBuf::from(server.database().path().unwrap());
    std::fs::remove_file(&path).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    let mut steps: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    steps.sort();
    steps.pop();
    let db = rusqlite::Connection::open(&path).unwrap();
    for step in &steps {
        db.execute_batch(&std::fs::read_to_string(step).unwrap()).unwrap();
    }
    db.pragma_update(None, "user_version", steps.len()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn every_file_is_private_under_any_umask() {
    for umask in ["000", "022", "077"] {
        let script = format!("umask {umask}; exec \"$@\"");
        let mut server = Server::plan()
            .under(&["sh", "-c", &script, "sh"])
            .with("LOG_LEVEL", "trace")
            .start()
            .await;
        use_everything(&server).await;
        let all = assert_private(&server.data_dir(), umask);
        let has = |what: &str| all.iter().any(|path| path.to_string_lossy().contains(what));
        for expected in [".db", "-wal", "-shm", "/logs/", ".lock", "/documents/"] {
            assert!(has(expected), "{umask}: nothing like {expected} was looked at: {all:?}");
        }
        // A file of the last schema but one is kept as a snapshot before it is brought up to date.
        assert!(server.stop().await.success());
        age(&server);
        server.boot().await;
        let all = assert_private(&server.data_dir(), umask);
        let snapshot = |path: &PathBuf| path.to_string_lossy().contains("/snapshots/before-schema");
        assert!(all.iter().any(snapshot), "{umask}: no snapshot: {all:?}");
        server.kill();
        assert_private(&server.data_dir(), "after a kill");
        server.boot().await;
        assert!(server.stop().await.success());
        assert_private(&server.data_dir(), "after a stop");
    }
}

#[tokio::test]
async fn a_configuration_that_the_product_writes_is_private() {
    let home = tempfile::tempdir().unwrap();
    let wrapper = ["sh", "-c", "umask 000; exec \"$@\"", "sh"].map(str::to_owned);
    let command = crate::harness::process::wrapped(home.path(), &wrapper);
    let (mut running, _) = tokio::task::spawn_blocking(move || {
        crate::harness::process::Running::start(command).unwrap()
    })
    .await
    .unwrap();
    running.kill();
    let made = walk(home.path());
    let config = made.iter().find(|path| path.ends_with("config.sh"));
    let config = config.unwrap_or_else(|| panic!("no config.sh in {made:?}"));
    let mode = std::fs::metadata(config).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{}", config.display());
}

#[tokio::test]
async fn files_that_were_left_open_to_others_are_closed_at_the_start() {
    let mut server = Server::start().await;
    server.conversation().await;
    server.read_document("a.txt", b"Words").await;
    assert!(server.stop().await.success());
    for path in walk(&server.data_dir()) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    server.boot().await;
    assert_private(&server.data_dir(), "after the start");
}
