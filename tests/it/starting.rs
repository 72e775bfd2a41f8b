//! Starting: exit codes, one process per data folder, files that must not be touched.

use std::os::unix::fs::PermissionsExt;

use crate::harness::process::{finish, run, run_in};
use crate::harness::{Server, eventually};

#[tokio::test]
async fn it_says_where_it_listens_and_answers_there() {
    let server = Server::start().await;
    server.logs(&format!("listening on {}", server.origin())).await;
    server.get("/health/live").await.is(200);
}

#[test]
fn the_version_is_printed() {
    let version = run(&["--version"]);
    assert_eq!(version.code, 0);
    assert_eq!(version.stdout.trim(), concat!("inglenook ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_shows_commands_and_examples() {
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    for word in ["config", "serve", "--config", "Example"] {
        assert!(help.stdout.contains(word), "{word} is not in {}", help.stdout);
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    for arguments in [&["dance"][..], &["--frobnicate"], &["config", "dance"]] {
        assert_eq!(run(arguments).code, 2, "{arguments:?}");
    }
}

#[tokio::test]
async fn a_second_process_on_the_same_data_names_the_first_and_ends_with_75() {
    let server = Server::start().await;
    let second = server.command().spawn().unwrap();
    let second = tokio::task::spawn_blocking(|| finish(second)).await.unwrap();
    assert_eq!(second.code, 75, "{}", second.said());
    assert!(second.said().contains(&server.pid().to_string()), "{}", second.said());
    server.get("/health/live").await.is(200);
}

#[tokio::test]
async fn the_lock_of_a_killed_process_is_no_obstacle() {
    let mut server = Server::start().await;
    server.kill();
    server.boot().await;
    server.get("/health/ready").await.is(200);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone_and_ends_with_65() {
    let mut server = Server::start().await;
    server.conversation().await;
    assert!(server.stop().await.success());
    let file = {
        let db = server.database();
        db.pragma_update(None, "user_version", 9999).unwrap();
        db.path().unwrap().to_owned()
    };
    let before = std::fs::read(&file).unwrap();
    let said = server.try_boot().await.expect_err("a newer database must be refused");
    assert_eq!(said.code, 65, "{}", said.stderr);
    assert!(said.stderr.contains("newer"), "{}", said.stderr);
    assert!(std::fs::read(&file).unwrap() == before, "the file was changed");
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_used_ends_with_78() {
    let server = Server::plan().prepared();
    std::fs::write(server.data_dir(), "a file where the folder should be").unwrap();
    let said = Server::plan().data_in(&server.data_dir()).refuses().await;
    assert_eq!(said.code, 78, "{}", said.stderr);
    assert!(said.stderr.contains("data"), "{}", said.stderr);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_not_replaced() {
    let prose = &b"this is not a database, but it may be all somebody has"[..];
    for content in [prose, &[0; 4096], &[]] {
        let mut server = Server::start().await;
        server.conversation().await;
        assert!(server.stop().await.success());
        let file = server.database().path().unwrap().to_owned();
        std::fs::write(&file, content).unwrap();
        let started = server.try_boot().await;
        let said = started.expect_err("a broken database must not be served");
        assert!(matches!(said.code, 1 | 78), "{} {}", said.code, said.stderr);
        assert!(said.stderr.contains(file.rsplit('/').next().unwrap()), "{}", said.stderr);
        assert!(said.stderr.contains("inglenook restore"), "{}", said.stderr);
        assert!(std::fs::read(&file).unwrap() == content, "the file was changed");
    }
}

#[tokio::test]
async fn an_address_that_is_not_this_machine_is_refused_with_a_sentence() {
    for host in ["0.0.0.0", "192.168.1.5", "::"] {
        let said = Server::with("HOST", host).refuses().await;
        assert_eq!(said.code, 78, "{host}: {}", said.stderr);
        assert!(said.stderr.contains("loopback"), "{host}: {}", said.stderr);
    }
}

#[tokio::test]
async fn a_busy_port_is_a_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = Server::plan().environment("INGLENOOK_PORT", &port).refuses().await;
    assert!(matches!(said.code, 1 | 78), "{} {}", said.code, said.stderr);
    assert!(said.stderr.contains(&port), "{}", said.stderr);
}

#[tokio::test]
async fn files_are_for_the_owner_alone() {
    let server = Server::start().await;
    server.conversation().await;
    let mut folders = vec![server.data_dir()];
    while let Some(folder) = folders.pop() {
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700, "{folder:?}");
        for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(mode(&path), 0o600, "{path:?}");
            }
        }
    }
}

#[test]
fn the_first_run_writes_a_commented_config_for_the_owner() {
    let home = tempfile::tempdir().unwrap();
    let shown = run_in(home.path(), &["config", "check"], &[]);
    assert_eq!(shown.code, 0, "{}", shown.said());
}

#[tokio::test]
async fn it_starts_by_itself_in_an_empty_home() {
    let home = tempfile::tempdir().unwrap();
    let command = crate::harness::process::command(home.path());
    let started = tokio::task::spawn_blocking(|| crate::harness::process::Running::start(command));
    let (mut running, port) = started.await.unwrap().unwrap();
    let answer = reqwest::get(format!("http://127.0.0.1:{port}/health/ready")).await.unwrap();
    assert_eq!(answer.status(), 200);
    running.signal("INT");
    let status = eventually("it ends", || {
        let ended = running.ended();
        async move { ended }
    })
    .await;
    assert_eq!(status.code(), Some(0), "{}", running.log());
    let config = home.path().join(".config/inglenook/config.sh");
    let written = std::fs::read_to_string(&config).unwrap();
    assert!(written.contains("# ") && written.contains("PORT=5001"), "{written}");
    assert!(written.lines().all(|line| line.is_empty() || line.starts_with('#')), "all commented");
    assert!(home.path().join(".local/share/inglenook").is_dir());
}

#[tokio::test]
async fn open_finds_the_server_that_runs_and_says_when_there_is_none() {
    let mut server = Server::start().await;
    let open = |server: &Server| {
        let child = server.command().arg("open").spawn().unwrap();
        tokio::task::spawn_blocking(|| finish(child))
    };
    let found = open(&server).await.unwrap();
    assert!(found.said().contains(&server.origin()), "{}", found.said());
    server.stop().await;
    let nobody = open(&server).await.unwrap();
    assert_eq!(nobody.code, 1, "{}", nobody.said());
}

#[tokio::test]
async fn the_key_that_encrypts_is_for_the_owner_alone() {
    let server = Server::start().await;
    let upstream = crate::harness::Upstream::openai().await;
    server.connect(&upstream).await;
    for path in std::fs::read_dir(server.data_dir()).unwrap().map(|entry| entry.unwrap().path()) {
        let mode = path.metadata().unwrap().permissions().mode() & 0o077;
        assert_eq!(mode, 0, "{path:?} may be read by others");
    }
}
