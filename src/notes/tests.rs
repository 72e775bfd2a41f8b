//! What the API cannot show: strangers, the words in the index, and facts kept out of a question.

use crate::config::{Config, Sources};
use crate::store;

use super::*;

struct Bench {
    notes: Notes,
    store: Store,
    feed: Feed,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.sh");
        std::fs::write(&path, "MAX_NOTE_KB=1\n").unwrap();
        let mut sources = Sources { path: Some(path), ..Sources::default() };
        sources.folders.data = Some(folder.path().join("data"));
        let live = Live::new(Config::load(&sources).unwrap(), sources);
        let options = store::Options {
            readers: 2,
            write_batch: 64,
            queue_max: 64,
            cache_kb: 1024,
            snapshots_kept: 1,
        };
        let store = Store::open(&folder.path().join("test.db"), &options).unwrap();
        let feed = Feed::new(64);
        let notes = Notes::new(store.clone(), live, feed.clone());
        Self { notes, store, feed, _folder: folder }
    }

    async fn create(&self, text: &str) -> Note {
        self.notes.create(&Caller::owner(), text).await.unwrap().value
    }

    async fn found(&self, query: &str) -> Vec<NoteId> {
        let filter = Filter { query: Some(query.to_owned()), trash: false };
        let page = self.notes.list(&Caller::owner(), filter, None, 50).await.unwrap();
        page.items.into_iter().map(|note| note.id).collect()
    }

    /// A question in a conversation, as rows.
    async fn question(&self) -> (i64, i64) {
        self.write(|tx| {
            let now = Timestamp::now();
            tx.execute(
                "INSERT INTO conversations (id, owner, created_at, updated_at) VALUES (?, ?, ?, ?)",
                rusqlite::params![ConversationId::new(), UserId::OWNER, now, now],
            )?;
            let conversation = tx.last_insert_rowid();
            tx.execute(
                "INSERT INTO messages (id, conversation, role, content, state, created_at)
                 VALUES (?, ?, 'user', 'Remember that x', 'complete', ?)",
                rusqlite::params![MessageId::new(), conversation, now],
            )?;
            Ok((conversation, tx.last_insert_rowid()))
        })
        .await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> T {
        self.store.write(work).await.unwrap()
    }

    /// FTS5 compares its index with the table, while nothing is in the trash.
    async fn assert_index_sound(&self) {
        let check = "INSERT INTO notes_fts (notes_fts, rank) VALUES ('integrity-check', 1)";
        self.write(|tx| Ok(tx.execute(check, [])?)).await;
    }
}

#[tokio::test]
async fn a_strangers_note_is_not_there() {
    let bench = Bench::new();
    let note = bench.create("The door code is 4711").await;
    let stranger = Caller { user: UserId::fixed(2), once: None };
    let notes = &bench.notes;
    for result in [
        notes.get(&stranger, note.id).await,
        notes.update(&stranger, note.id, "x").await,
        notes.delete(&stranger, note.id).await,
        notes.restore(&stranger, note.id).await,
    ] {
        assert!(matches!(result, Err(Error::NotFound { what: "note" })), "{result:?}");
    }
    let page = notes.list(&stranger, Filter::default(), None, 50).await.unwrap();
    assert!(page.items.is_empty());
    assert_eq!(notes.get(&Caller::owner(), note.id).await.unwrap(), note);
}

#[tokio::test]
async fn the_words_of_a_note_are_found_until_it_is_deleted() {
    let bench = Bench::new();
    let (owner, notes) = (Caller::owner(), &bench.notes);
    let note = bench.create("Ana drinks camomile").await;
    bench.create("Something else").await;
    assert_eq!(bench.found("camomile").await, [note.id]);
    notes.update(&owner, note.id, "Ana drinks rooibos").await.unwrap();
    assert!(bench.found("camomile").await.is_empty());
    assert_eq!(bench.found("\"ana drinks\" rooi").await, [note.id]);
    for _ in 0..2 {
        notes.delete(&owner, note.id).await.unwrap();
        assert!(bench.found("rooibos").await.is_empty());
    }
    for _ in 0..2 {
        notes.restore(&owner, note.id).await.unwrap();
        assert_eq!(bench.found("rooibos").await, [note.id]);
    }
    bench.assert_index_sound().await;
    notes.delete(&owner, note.id).await.unwrap();
    assert_eq!(notes.sweep(Duration::from_hours(1)).await.unwrap(), 0);
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(notes.sweep(Duration::ZERO).await.unwrap(), 1);
    bench.assert_index_sound().await;
}

#[tokio::test]
async fn a_fact_out_of_a_question_says_where_it_was_said_and_outlives_it() {
    let bench = Bench::new();
    let mut feed = bench.feed.subscribe();
    let (conversation, message) = bench.question().await;
    let fact = bench.notes.fact_of("Remember that I am vegetarian").unwrap().to_owned();
    let note = bench.write(move |tx| keep(tx, UserId::OWNER, &fact, conversation, message)).await;
    assert_eq!(note.text, "I am vegetarian");
    assert!(note.conversation_id.is_some() && note.message_id.is_some());
    assert!(feed.try_recv().is_err(), "whoever commits announces");
    bench.notes.announce_created(UserId::OWNER, &note);
    let told = feed.try_recv().unwrap();
    assert_eq!(told.event, "note");
    assert!(told.json.contains("\"created\"") && told.json.contains(&note.id.to_string()));
    bench.write(|tx| Ok(tx.execute("DELETE FROM conversations", [])?)).await;
    let left = bench.notes.get(&Caller::owner(), note.id).await.unwrap();
    assert_eq!((left.conversation_id, left.message_id), (None, None));
    assert_eq!(bench.found("vegetarian").await, [note.id]);
    bench.assert_index_sound().await;
}

#[tokio::test]
async fn a_fact_that_is_longer_than_a_note_is_no_note() {
    let bench = Bench::new();
    let fits = format!("Remember: {}", "x".repeat(1024));
    assert_eq!(bench.notes.fact_of(&fits).map(str::len), Some(1024));
    assert_eq!(bench.notes.fact_of(&format!("{fits}x")), None);
}
