//! Stopping: everything open is told, what runs is kept, and it is over within ten seconds.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Server, Upstream};

#[tokio::test]
async fn a_stop_under_load_tells_everyone_keeps_the_turn_and_ends_with_0() {
    let mut server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let mut feed = server.events("/events").await;
    feed.until_named("hello").await;
    let mut socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    let pace = upstream.paced();
    let asked = server.ask(&conversation, &model, "Go").await;
    let mut turn = server.turn_events(&asked.turn).await;
    pace.say("Half a sentence");
    turn.until_named("chunk").await;
    // An upload that never ends, and a connection that says nothing.
    let mut slow = server.connection().await;
    let head = format!(
        "POST /api/v1/conversations HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
         Content-Length: 100000\r\n\r\n{{\"title\": \"",
        server.port()
    );
    tokio::io::AsyncWriteExt::write_all(&mut slow, head.as_bytes()).await.unwrap();
    let _silent = server.connection().await;

    let start = Instant::now();
    server.signal("TERM");
    assert!(feed.rest().await.iter().any(|event| event.name == "server_shutdown"));
    let frames = async {
        let mut told = false;
        loop {
            match socket.next_message().await {
                Some(tokio_tungstenite::tungstenite::Message::Text(text)) => {
                    told |= text.contains("server_shutdown");
                }
                Some(tokio_tungstenite::tungstenite::Message::Close(frame)) => {
                    return (told, frame.map(|frame| u16::from(frame.code)));
                }
                other => panic!("{other:?}"),
            }
        }
    };
    assert_eq!(frames.await, (true, Some(1001)));
    let status = server.ended().await;
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(
        ["listening", "stopping", "connections closed", "work ended", "database closed", "stopped"]
            .iter()
            .all(|step| server.log().contains(step)),
        "steps are logged"
    );

    server.boot().await;
    let message = server.message(&conversation, &asked.answer).await;
    assert_eq!(message["content"], "Half a sentence", "{message}");
    assert_eq!(message["state"], "interrupted", "{message}");
    server.assert_sound();
}

#[tokio::test]
async fn after_a_clean_stop_the_database_is_one_file() {
    let mut server = Server::start().await;
    server.conversation().await;
    for signal in ["TERM", "INT"] {
        server.signal(signal);
        assert_eq!(server.ended().await.code(), Some(0));
        for entry in std::fs::read_dir(server.data_dir()).unwrap().map(|entry| entry.unwrap()) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with("-wal") {
                assert_eq!(entry.metadata().unwrap().len(), 0, "the WAL is not checkpointed");
            }
        }
        server.boot().await;
    }
}

#[tokio::test]
async fn while_it_stops_it_is_not_ready_and_a_second_signal_ends_it_at_once() {
    let mut server = Server::start().await;
    // A request under way keeps the first stop waiting.
    let mut slow = server.connection().await;
    let head = format!(
        "POST /api/v1/conversations HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\n\r\n{{",
        server.port()
    );
    tokio::io::AsyncWriteExt::write_all(&mut slow, head.as_bytes()).await.unwrap();
    server.get("/health/ready").await.is(200);
    server.signal("TERM");
    crate::harness::eventually("it begins to stop", || async {
        let refused = reqwest::Client::builder().no_proxy().build().unwrap();
        let asked = refused.get(server.url("/health/ready")).send().await;
        asked.map_or(true, |answer| answer.status() == 503).then_some(())
    })
    .await;
    server.signal("TERM");
    let start = Instant::now();
    server.ended().await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    server.boot().await;
    server.assert_sound();
}

#[tokio::test]
async fn requests_under_way_are_finished() {
    let mut server = Server::start().await;
    let many = {
        let writes = (0..200).map(|n| {
            let body = json!({"title": format!("Number {n}")});
            let request = server.request(reqwest::Method::POST, "/conversations").json(&body);
            server.try_send(request)
        });
        let pid = server.pid();
        let stopping = async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            crate::harness::process::signal(pid, "TERM");
        };
        tokio::join!(futures_util::future::join_all(writes), stopping).0
    };
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.log());
    let kept: Vec<String> = many
        .into_iter()
        .flatten()
        .filter(|reply| reply.status == 201)
        .map(|reply| crate::harness::talk::id_of(&reply.json()))
        .collect();
    server.boot().await;
    for id in kept {
        server.get(&format!("/conversations/{id}")).await.is(200);
    }
}

#[tokio::test]
async fn a_stop_in_the_middle_of_an_upload_ends_with_0_and_leaves_nothing_half_written() {
    let mut server = Server::with("SHUTDOWN_GRACE_SECONDS", 1).start().await;
    let mut sending = server.connection().await;
    let (kind, form) = crate::harness::library::form(&[("half.txt", &vec![b'x'; 4_000_000])]);
    let head = format!(
        "POST /api/v1/documents HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\n\r\n",
        server.port(),
        form.len()
    );
    let half = [head.as_bytes(), &form[..form.len() / 2]].concat();
    tokio::io::AsyncWriteExt::write_all(&mut sending, &half).await.unwrap();
    let blobs = server.data_dir().join("documents");
    let bytes = |folder: &std::path::Path| {
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        files.map(|file| file.metadata().map_or(0, |file| file.len())).sum::<u64>()
    };
    crate::harness::eventually("half of it is on the disk", || async {
        (bytes(&blobs.join("unfinished")) > 1_000_000).then_some(())
    })
    .await;
    let start = Instant::now();
    assert_eq!(server.stop().await.code(), Some(0), "{}", server.log());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    server.boot().await;
    let left: Vec<_> =
        std::fs::read_dir(&blobs).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(left, [blobs.join("unfinished")], "a part of it was kept");
    assert_eq!(std::fs::read_dir(blobs.join("unfinished")).unwrap().count(), 0);
    let documents = server.get("/documents").await.is(200);
    assert_eq!(documents["items"], json!([]));
    server.read_document("half.txt", b"Sent again").await;
    server.assert_sound();
}
