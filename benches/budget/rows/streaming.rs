//! What stands between a model and its reader: the time added to the first token, and how many tokens
//! pass in a second, each against asking the same model server directly.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::figure::{RUNS, Row, Run, Runs, grouped, median, shown_ms};
use crate::listen::{Heard, listen};
use crate::load::{Connection, alone, delete, get, once, post};
use crate::seed::{LARGE, folder};
use crate::server::Server;
use crate::upstream::{MODEL, Upstream};
use crate::words::Words;

/// What is asked.
const QUESTION: &str = "Is the fire lit?";
/// Streams at once, where it is not one.
const MANY: usize = 50;

/// How an answer is come by.
#[derive(Debug, Clone)]
enum Way {
    /// From the model server itself.
    Direct,
    /// Through the product, keeping nothing.
    Temporary { model: String, question: &'static str },
    /// Through the product, question and answer kept on disk.
    Kept { model: String, conversation: String },
}

/// The product with a model server behind it.
struct Stage {
    server: Server,
    upstream: Upstream,
    model: String,
    _home: Option<tempfile::TempDir>,
}

impl Stage {
    fn set() -> Self {
        let home = tempfile::tempdir().unwrap();
        let stage = Self::over(home.path());
        Self { _home: Some(home), ..stage }
    }

    /// The same over a folder that has history in it.
    fn over(data: &Path) -> Self {
        let upstream = Upstream::start();
        upstream.says(1, 1, Duration::ZERO);
        let server = Server::start(data);
        let base_url = format!("http://127.0.0.1:{}/v1", upstream.port);
        let new = json!({ "kind": "openai", "name": "Scripted", "base_url": base_url });
        let provider = once(server.port, &post("/api/v1/providers", &new));
        once(server.port, &get("/api/v1/models?refresh=true"));
        let model = format!("{}/{MODEL}", provider["id"].as_str().unwrap());
        Self { server, upstream, model, _home: None }
    }

    fn conversation(&self) -> String {
        let new = post("/api/v1/conversations", &json!({ "title": "Streamed" }));
        once(self.server.port, &new)["id"].as_str().unwrap().to_owned()
    }

    /// One way for each of so many listeners.
    fn ways(&self, count: usize, kept: bool) -> Vec<Way> {
        let model = self.model.clone();
        let way = |_| match kept {
            true => Way::Kept { model: model.clone(), conversation: self.conversation() },
            false => Way::Temporary { model: model.clone(), question: QUESTION },
        };
        (0..count).map(way).collect()
    }

    /// Every listener asks so often, one after the other; all listeners at once.
    fn measure(&self, ways: &[Way], times: usize) -> (Run, usize, Duration) {
        let (ours, theirs) = (self.server.port, self.upstream.port);
        alone(async {
            let began = Instant::now();
            let listeners: Vec<_> = ways
                .iter()
                .cloned()
                .map(|way| {
                    tokio::task::spawn_local(async move {
                        let mut heard = Vec::new();
                        for _ in 0..times {
                            heard.push(ask(&way, ours, theirs).await);
                        }
                        heard
                    })
                })
                .collect();
            let (mut firsts, mut tokens) = (Vec::new(), 0);
            let mut last = began;
            for listener in listeners {
                for (first, heard) in listener.await.unwrap() {
                    firsts.push(first);
                    tokens += heard.tokens;
                    last = last.max(heard.last);
                }
            }
            let took = last - began;
            (Run::new(firsts, took), tokens, took)
        })
    }
}

/// Asks once; the time from asking to the first token, and what was heard.
async fn ask(way: &Way, ours: u16, theirs: u16) -> (Duration, Heard) {
    let (path, body): (String, Value) = match way {
        Way::Direct => {
            let messages = json!([{ "role": "user", "content": QUESTION }]);
            let body = json!({ "model": MODEL, "stream": true, "messages": messages });
            let mut connection = Connection::open(theirs).await;
            let began = Instant::now();
            let heard = listen(&mut connection, &post("/v1/chat/completions", &body)).await;
            return (heard.first - began, heard);
        }
        Way::Temporary { model, question } => {
            let messages = json!([{ "role": "user", "content": question }]);
            ("/api/v1/turns".to_owned(), json!({ "model": model, "messages": messages }))
        }
        Way::Kept { model, conversation } => (
            format!("/api/v1/conversations/{conversation}/messages"),
            json!({ "model": model, "content": QUESTION }),
        ),
    };
    let request = post(&path, &body);
    let (mut asks, mut hears) = (Connection::open(ours).await, Connection::open(ours).await);
    let began = Instant::now();
    let turn = asks.ask(&request).await.json();
    let events = get(&format!("/api/v1/turns/{}/events", turn["turn_id"].as_str().unwrap()));
    let heard = listen(&mut hears, &events).await;
    (heard.first - began, heard)
}

/// The time that the product adds to a model's first token.
pub fn first_token() -> Vec<Row> {
    let stage = Stage::set();
    let mut rows = Vec::new();
    for (streams, kept) in [(1, false), (MANY, false), (1, true), (MANY, true)] {
        // Twenty tokens a tenth of a second apart keep all streams busy, as chats do.
        let (tokens, pause) = if streams == 1 { (2, 1) } else { (20, 10) };
        stage.upstream.says(tokens, 1, Duration::from_millis(pause));
        let ways = stage.ways(streams, kept);
        let direct = vec![Way::Direct; streams];
        let times = if streams == 1 { 100 } else { 6 };
        let (mut through, mut straight) = (Runs::default(), Runs::default());
        for _ in 0..RUNS {
            straight.add(stage.measure(&direct, times).0);
            through.add(stage.measure(&ways, times).0);
        }
        let added = through.ms(50) - straight.ms(50);
        let what = if kept { "question kept on disk first" } else { "temporary chat" };
        let work = format!("added to the first token, streams: {streams}, {what}");
        let shown = format!("{} (p50 {})", shown_ms(added), shown_ms(through.ms(50)));
        let yardstick = format!("{} asked directly", shown_ms(straight.ms(50)));
        let row = Row::new(work, shown).against(yardstick, through.ms(50) / straight.ms(50));
        rows.push(match (streams, kept) {
            (1, false) => row.within("1 ms", added <= 1.0),
            (_, false) => row.within("5 ms", added <= 5.0),
            _ => row,
        });
    }
    stage.server.stop();
    rows
}

/// What looking through a million messages for passages adds before a model is asked.
pub fn history() -> Vec<Row> {
    let (few, many) = (Stage::set(), Stage::over(&folder(LARGE)));
    let words = Words::new();
    // A question of a dozen words: common ones, and some that are in few messages.
    let ranks = [0, 3, 30, 900, 2_500, 1, 6_000, 12, 4_000, 90, 14_000, 2];
    let question = ranks.map(|rank| words.of_rank(rank)).join(" ");
    let question: &'static str = Box::leak(question.into_boxed_str());
    let way = |stage: &Stage| [Way::Temporary { model: stage.model.clone(), question }];
    let (mut less, mut more) = (Runs::default(), Runs::default());
    for _ in 0..RUNS {
        less.add(few.measure(&way(&few), 40).0);
        more.add(many.measure(&way(&many), 40).0);
    }
    // That folder is kept for the next time.
    let provider = many.model.split('/').next().unwrap_or_default();
    once(many.server.port, &delete(&format!("/api/v1/providers/{provider}")));
    few.server.stop();
    many.server.stop();
    let (less, more) = (less.ms(50), more.ms(50));
    vec![
        Row::new("first token, a dozen words asked over 1 000 000 messages", shown_ms(more))
            .against(format!("{} with no history", shown_ms(less)), more / less),
    ]
}

/// How many tokens pass in a second when the model is as fast as a socket.
pub fn ceiling() -> Vec<Row> {
    const TOKENS: usize = 4000;
    let stage = Stage::set();
    stage.upstream.says(TOKENS, 16, Duration::ZERO);
    let mut rows = Vec::new();
    for kept in [false, true] {
        let direct = vec![Way::Direct; MANY];
        let (mut rates, mut straight) = (vec![], vec![]);
        let mut firsts = Runs::default();
        for _ in 0..RUNS {
            let (_, tokens, took) = stage.measure(&direct, 1);
            straight.push(tokens as f64 / took.as_secs_f64());
            let ways = stage.ways(MANY, kept);
            let (run, tokens, took) = stage.measure(&ways, 1);
            assert_eq!(tokens, MANY * TOKENS, "tokens were lost");
            rates.push(tokens as f64 / took.as_secs_f64());
            firsts.add(run);
        }
        let (rate, straight) = (median(rates), median(straight));
        let what = if kept { "kept on disk" } else { "temporary chats" };
        let shown =
            format!("{} tokens/s, first token p50 {}", grouped(rate), shown_ms(firsts.ms(50)));
        let good = rate >= 400_000.0 && firsts.ms(50) <= 40.0;
        rows.push(
            Row::new(format!("streaming ceiling, 50 streams, {what}"), shown)
                .against(format!("{} tokens/s asked directly", grouped(straight)), rate / straight)
                .within("400 000 tokens/s, p50 40 ms", good),
        );
    }
    stage.server.stop();
    rows
}
