//! A changed file while running.

use std::fs;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::config::watch as watching;

struct Running {
    live: Live,
    root: tempfile::TempDir,
}

impl Running {
    fn with(text: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("config.sh");
        fs::write(&path, text).unwrap();
        let mut sources = Sources { path: Some(path), ..Sources::default() };
        sources.folders.data = Some(root.path().join("data"));
        sources.folders.temporary = root.path().join("temporary");
        let loaded = Config::load(&sources).unwrap();
        Self { live: Live::new(loaded, sources), root }
    }

    fn save(&self, text: &str) {
        fs::write(self.root.path().join("config.sh"), text).unwrap();
    }

    fn row(&self, key: &str) -> Row {
        self.live.snapshot().items.into_iter().find(|row| row.key == key).unwrap()
    }
}

#[test]
fn a_good_file_takes_effect_and_what_needs_a_restart_waits() {
    let running = Running::with("PORT=1\nHISTORY_LIMIT=2\nOPENAI_API_KEY=first-secret-1111\n");
    let before = running.live.now();
    running.save("PORT=5\nHISTORY_LIMIT=6\nOPENAI_API_KEY=second-secret-2222\nPRESET=testing\n");
    let outcome = running.live.reload();
    let ReloadOutcome::Accepted { changed, waiting, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(changed, ["HISTORY_LIMIT"]);
    assert_eq!(waiting, ["PRESET", "PORT", "OPENAI_API_KEY"]);
    let now = running.live.now();
    assert_eq!((now.chat.history_limit, now.server.port), (6, 1));
    assert_eq!(before.chat.history_limit, 2, "whoever holds the old one keeps it whole");
    assert_eq!(now.rates.api, 1_200, "the preset of the start stays");
    assert_eq!(running.row("PORT").value, "1");
    assert_eq!(running.row("PORT").pending.as_deref(), Some("5"));
    assert_eq!(running.row("OPENAI_API_KEY").pending.as_deref(), Some("…2222"));
    assert_eq!(running.row("HISTORY_LIMIT").pending, None);
}

#[test]
fn a_bad_file_changes_nothing_and_is_shown_until_a_good_one_comes() {
    let running = Running::with("HISTORY_LIMIT=2\n");
    running.save("HISTORY_LIMIT=3\nPROT=1\n");
    assert!(matches!(running.live.reload(), ReloadOutcome::Refused(_)));
    assert_eq!(running.live.now().chat.history_limit, 2);
    let error = running.live.snapshot().error.unwrap();
    assert!(error.problems[0].contains("did you mean PORT"));
    fs::remove_file(running.root.path().join("config.sh")).unwrap();
    assert!(matches!(running.live.reload(), ReloadOutcome::Refused(_)));
    running.save("HISTORY_LIMIT=4\n");
    assert!(matches!(running.live.reload(), ReloadOutcome::Accepted { .. }));
    assert_eq!(running.live.now().chat.history_limit, 4);
    assert!(running.live.snapshot().error.is_none());
}

#[test]
fn a_temporary_data_folder_stays_where_it_is() {
    let running = Running::with("PRESET=testing\n");
    let before = running.live.now().data_dir.clone();
    running.save("PRESET=testing\nHISTORY_LIMIT=4\n");
    running.live.reload();
    assert_eq!(running.live.now().data_dir, before);
    assert_eq!(running.row("DATA_DIR").pending, None);
}

#[tokio::test]
async fn a_saved_file_is_noticed_however_it_is_saved() {
    let running = Running::with("HISTORY_LIMIT=2\n");
    let mut changes = running.live.changed();
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let (told, mut outcomes) = tokio::sync::mpsc::unbounded_channel();
    watching::start(running.live.clone(), &tasks, stop.clone(), move |outcome| {
        let _ = told.send(matches!(outcome, ReloadOutcome::Accepted { .. }));
    });
    let limit = Duration::from_secs(20);
    running.save("HISTORY_LIMIT=3\n");
    tokio::time::timeout(limit, changes.changed()).await.unwrap().unwrap();
    assert_eq!(running.live.now().chat.history_limit, 3);

    let beside = running.root.path().join("config.sh.new");
    fs::write(&beside, "HISTORY_LIMIT=4\n").unwrap();
    fs::rename(&beside, running.root.path().join("config.sh")).unwrap();
    while running.live.now().chat.history_limit != 4 {
        tokio::time::timeout(limit, changes.changed()).await.unwrap().unwrap();
    }

    running.save("HISTORY_LIMIT=$(x)\n");
    while tokio::time::timeout(limit, outcomes.recv()).await.unwrap().unwrap() {}
    assert_eq!(running.live.now().chat.history_limit, 4);

    stop.cancel();
    tasks.close();
    tokio::time::timeout(limit, tasks.wait()).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_emptied_before_it_is_written_is_read_when_it_is_written() {
    let running = Running::with("HISTORY_LIMIT=2\n");
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let (told, mut outcomes) = tokio::sync::mpsc::unbounded_channel();
    let live = running.live.clone();
    watching::start(running.live.clone(), &tasks, stop.clone(), move |_| {
        let _ = told.send(live.now().chat.history_limit);
    });
    running.save("");
    tokio::time::sleep(Duration::from_millis(700)).await;
    running.save("HISTORY_LIMIT=3\n");
    let read = tokio::time::timeout(Duration::from_secs(20), outcomes.recv()).await;
    assert_eq!(read.unwrap(), Some(3), "nothing was read in between");
    stop.cancel();
    tasks.close();
    tasks.wait().await;
}

#[test]
fn the_snapshot_has_the_shape_that_the_api_promises() {
    let running = Running::with("");
    let shown = serde_json::to_value(running.live.snapshot()).unwrap();
    assert!(shown["error"].is_null() && shown["path"].is_string());
    let mut keys: Vec<_> = shown["items"][1].as_object().unwrap().keys().cloned().collect();
    keys.sort();
    let expected = [
        "default",
        "expected",
        "group",
        "key",
        "layer",
        "meaning",
        "pending",
        "reloadable",
        "secret",
        "unit",
        "value",
    ];
    assert_eq!(keys, expected);
    assert_eq!(
        (&shown["items"][1]["key"], &shown["items"][1]["layer"]),
        (&"HOST".into(), &"default".into())
    );
}
