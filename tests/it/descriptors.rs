//! Open files: connections leave some to the server, however many there are.

use tokio::io::AsyncWriteExt;

use crate::harness::raw::status_of;
use crate::harness::{Server, eventually, skipped};

#[tokio::test]
async fn with_every_descriptor_taken_health_still_answers() {
    let limited = ["prlimit", "--nofile=256:256"];
    if !std::process::Command::new(limited[0])
        .args([limited[1], "true"])
        .status()
        .is_ok_and(|s| s.success())
    {
        return skipped("with_every_descriptor_taken", "there is no prlimit");
    }
    let server = Server::plan().under(&limited).start().await;
    let host = format!("Host: 127.0.0.1:{}", server.port());
    let mut guests = Vec::new();
    for n in 0..300 {
        let mut guest = server.connection().await;
        let request = match n % 2 {
            0 => format!("GET /health/live HTTP/1.1\r\n{host}\r\n\r\n"),
            _ => format!(
                "GET /api/v1/events HTTP/1.1\r\n{host}\r\nAccept: text/event-stream\r\n\r\n"
            ),
        };
        let _ = guest.write_all(request.as_bytes()).await;
        guests.push(guest);
    }
    let health = server.raw_get("/health", &[&host]).await;
    assert_eq!(status_of(&health), 200, "{health}");
    drop(guests);
    eventually("there is room again", || async {
        (status_of(&server.raw_get("/api/v1/conversations", &[&host]).await) == 200).then_some(())
    })
    .await;
    let log = server.log();
    assert!(!log.contains("could not be accepted"), "{log}");
}
