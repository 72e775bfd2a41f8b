//! Data folders with history in them. The executable makes the schema, then the rows are put in
//! directly; the triggers of the schema fill the full-text index. A folder is kept under `target` for
//! the next run of the bench, under a name that changes with the schema.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rusqlite::{Connection, params};

use crate::load::{get, once};
use crate::server::Server;
use crate::words::{Dice, Words};

/// Counts up when what is seeded changes.
const EDITION: u32 = 2;
/// Messages of the long conversation that every folder has.
pub const LONG: usize = 200;
/// The owner that the schema brings.
pub const OWNER: &str = "user_00000000000000000000000000000001";

/// How much history a folder has.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Conversations.
    pub conversations: usize,
    /// Messages of each.
    pub messages: usize,
}

/// 10 000 messages.
pub const SMALL: Size = Size { conversations: 1_000, messages: 10 };
/// 200 000 messages.
pub const MEDIUM: Size = Size { conversations: 10_000, messages: 20 };
/// A million messages, about a gigabyte.
pub const LARGE: Size = Size { conversations: 100_000, messages: 10 };

/// The database of a data folder, as a reader of SQLite sees it.
pub fn reader(data: &Path) -> Connection {
    let db = Connection::open(data.join("inglenook.db")).unwrap();
    db.pragma_update(None, "query_only", true).unwrap();
    db.pragma_update(None, "cache_size", -8192).unwrap();
    db
}

/// The id of the long conversation, which is also the newest.
pub fn long_id(size: Size) -> String {
    conversation_id(size.conversations)
}

fn conversation_id(n: usize) -> String {
    format!("conv_{:032x}", n + 1)
}

/// The folder of this size, made if it is not there.
pub fn folder(size: Size) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("budget");
    std::fs::create_dir_all(&root).unwrap();
    let making = root.join("making");
    let _ = std::fs::remove_dir_all(&making);
    std::fs::create_dir(&making).unwrap();
    let server = Server::start(&making);
    once(server.port, &get("/health/live"));
    server.stop();
    let Size { conversations, messages } = size;
    let name = format!("{conversations}x{messages}-{EDITION}-{}", schema(&making));
    let made = root.join(name);
    if !made.exists() {
        let began = Instant::now();
        fill(&making, size);
        std::fs::rename(&making, &made).unwrap();
        let took = began.elapsed().as_secs();
        let bytes = std::fs::metadata(made.join("inglenook.db")).unwrap().len();
        eprintln!("seeded {conversations} x {messages} messages, {bytes} bytes, in {took} s");
    }
    made
}

/// A short print of the schema.
fn schema(data: &Path) -> String {
    let db = reader(data);
    let mut statement = db.prepare("SELECT sql FROM sqlite_master ORDER BY name").unwrap();
    let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
    let all: String = rows.map(|sql| sql.unwrap().unwrap_or_default()).collect();
    blake3::hash(all.as_bytes()).to_hex()[..8].to_owned()
}

fn fill(data: &Path, size: Size) {
    let db = Connection::open(data.join("inglenook.db")).unwrap();
    db.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(())).unwrap();
    db.pragma_update(None, "synchronous", "OFF").unwrap();
    db.pragma_update(None, "cache_size", -1_000_000).unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    let words = Words::new();
    let mut dice = Dice::new(size.conversations as u64);
    // A message every half minute, up to a fixed day.
    let total = size.conversations * size.messages + LONG;
    let end: jiff::Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    let mut at = end - jiff::SignedDuration::from_secs(30 * total as i64);
    db.execute_batch("BEGIN").unwrap();
    for n in 0..=size.conversations {
        let count = if n == size.conversations { LONG } else { size.messages };
        conversation(&db, &words, &mut dice, n, count, &mut at);
    }
    db.execute_batch("COMMIT").unwrap();
}

fn conversation(
    db: &Connection,
    words: &Words,
    dice: &mut Dice,
    n: usize,
    count: usize,
    at: &mut jiff::Timestamp,
) {
    let shown = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let title = words.text(dice, 4);
    let first = shown(*at);
    db.prepare_cached(
        "INSERT INTO conversations (seq, id, owner, title, title_source, created_at, updated_at)
         VALUES (?, ?, ?, ?, 'user', ?5, ?5)",
    )
    .unwrap()
    .execute(params![n as i64 + 1, conversation_id(n), OWNER, title, first])
    .unwrap();
    let mut parent: Option<i64> = None;
    let mut insert = db
        .prepare_cached(
            "INSERT INTO messages (id, conversation, parent, role, content, state, created_at)
             VALUES (?, ?, ?, ?, ?, 'complete', ?)",
        )
        .unwrap();
    let mut last = (String::new(), "");
    for k in 0..count {
        *at += jiff::SignedDuration::from_secs(30);
        let (role, length) = match k % 2 {
            0 => ("user", 5 + dice.below(25)),
            _ => ("assistant", 20 + dice.below(100)),
        };
        let text = words.text(dice, length);
        let id = format!("msg_{:016x}{k:016x}", n + 1);
        insert.execute(params![id, n as i64 + 1, parent, role, text, shown(*at)]).unwrap();
        parent = Some(db.last_insert_rowid());
        last = (text, role);
    }
    db.prepare_cached(
        "UPDATE conversations SET updated_at = ?2, active_leaf = ?3, message_count = ?4,
           last_role = ?5, last_text = substr(?6, 1, 100), last_at = ?2,
           active_leaf_id = (SELECT id FROM messages WHERE seq = ?3) WHERE seq = ?1",
    )
    .unwrap()
    .execute(params![n as i64 + 1, shown(*at), parent, count as i64, last.1, last.0])
    .unwrap();
}
