//! What it costs to know who asks: a request with and without a password, among few credentials and
//! many, and beside a crowd that signs in.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};
use serde_json::json;

use crate::figure::{RUNS, Row, Runs, shown_ms, shown_rate};
use crate::load::{get, hammer, once, post, with};
use crate::seed::OWNER;
use crate::server::Server;

const CONNECTIONS: usize = 32;
const RUN: Duration = Duration::from_secs(2);
const PASSWORD: &str = "a long enough password";
/// Sessions and tokens of the house with many.
const SESSIONS: usize = 100_000;
const TOKENS: usize = 1_000;

/// A house with a password, so many sessions and so many tokens; the cookies' name.
fn lock(data: &Path, sessions: usize, tokens: usize) -> String {
    let server = Server::start(data);
    let key = std::fs::read_to_string(data.join("control.key")).unwrap();
    let request = post("/api/v1/auth/password", &json!({ "new": PASSWORD }));
    once(server.port, &with(&request, "Authorization", &format!("Bearer {}", key.trim())));
    server.stop();
    let db = Connection::open(data.join("inglenook.db")).unwrap();
    db.execute_batch("BEGIN").unwrap();
    for n in 0..sessions {
        db.prepare_cached(
            "INSERT INTO sessions (id, owner, hash, created_at, last_used_at, expires_at, address, agent)
             VALUES (?, ?, ?, ?4, ?4, '2999-01-01T00:00:00.000Z', '127.0.0.1', 'bench')",
        )
        .unwrap()
        .execute(params![format!("sess_{n:032x}"), OWNER, hash(&secret("ins", n)), DAY])
        .unwrap();
    }
    for n in 0..tokens {
        db.prepare_cached(
            "INSERT INTO tokens (id, owner, name, hash, hint, scopes, created_at)
             VALUES (?, ?, 'bench', ?, '', '[\"chat\"]', ?)",
        )
        .unwrap()
        .execute(params![format!("tok_{n:032x}"), OWNER, hash(&secret("ink", n)), DAY])
        .unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
    let name: String = db.query_row("SELECT name FROM instance", [], |row| row.get(0)).unwrap();
    format!("inglenook_{name}")
}

const DAY: &str = "2026-11-01T00:00:00.000Z";

fn secret(prefix: &str, n: usize) -> String {
    format!("{prefix}_{n:043}")
}

fn hash(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

fn token(n: usize) -> Vec<u8> {
    with(&page(), "Authorization", &format!("Bearer {}", secret("ink", n)))
}

/// The cheapest list there is, so that what is around it shows.
fn page() -> Vec<u8> {
    get("/api/v1/conversations?limit=1")
}

/// The same request to an open house, with a session, with a token, and with a thousand in turn.
pub fn credentials() -> Vec<Row> {
    let homes = [(); 3].map(|()| tempfile::tempdir().unwrap());
    lock(homes[1].path(), 1, 1);
    let cookie = lock(homes[2].path(), SESSIONS, TOKENS);
    let [open, few, many] = homes.each_ref().map(|home| Server::start(home.path()));
    let session = with(&page(), "Cookie", &format!("{cookie}={}", secret("ins", SESSIONS / 2)));
    let all: Vec<Vec<u8>> = (0..TOKENS).map(token).collect();
    let mut runs: [Runs; 4] = Default::default();
    for _ in 0..RUNS {
        runs[0].add(hammer(open.port, CONNECTIONS, &[page()], RUN));
        runs[1].add(hammer(many.port, CONNECTIONS, std::slice::from_ref(&session), RUN));
        runs[2].add(hammer(few.port, CONNECTIONS, &[token(0)], RUN));
        runs[3].add(hammer(many.port, CONNECTIONS, &all, RUN));
    }
    for server in [open, few, many] {
        server.stop();
    }
    let [nobody, session, one, thousand] = runs.map(|runs| runs.rate());
    vec![
        Row::new("a request with a session, one of 100 000", shown_rate(session))
            .against(format!("{} while no password is set", shown_rate(nobody)), session / nobody),
        Row::new(
            "requests with 1 000 tokens in turn, beside 100 000 sessions",
            shown_rate(thousand),
        )
        .against(format!("{} with the one token there is", shown_rate(one)), thousand / one)
        .within("not slower", thousand / one >= 0.9),
    ]
}

/// Clients that sign in at the same time; more of one name would have to wait.
const CROWD: usize = 3;

/// `/health/live` while several clients sign in without a pause.
pub fn crowd() -> Vec<Row> {
    let home = tempfile::tempdir().unwrap();
    lock(home.path(), 0, 0);
    let server = Server::start_with(home.path(), &[("RATE_LIMIT_LOGIN", "0")]);
    let login = [post("/api/v1/auth/login", &json!({ "password": PASSWORD }))];
    let health = [get("/health/live")];
    let (mut quiet, mut busy, mut logins) = (Runs::default(), Runs::default(), Runs::default());
    for _ in 0..RUNS {
        quiet.add(hammer(server.port, 1, &health, RUN));
        let port = server.port;
        std::thread::scope(|scope| {
            let crowd = scope.spawn(|| hammer(port, CROWD, &login, RUN * 2));
            std::thread::sleep(RUN / 4);
            busy.add(hammer(port, 1, &health, RUN));
            logins.add(crowd.join().unwrap());
        });
    }
    server.stop();
    vec![
        Row::new(
            format!(
                "/health/live, p99, while {CROWD} clients sign in ({})",
                shown_rate(logins.rate())
            ),
            shown_ms(busy.ms(99)),
        )
        .against(
            format!("{} with nobody at the door", shown_ms(quiet.ms(99))),
            busy.ms(99) / quiet.ms(99),
        )
        .within("p99 50 ms", busy.ms(99) <= 50.0),
    ]
}
