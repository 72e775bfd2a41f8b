//! What comes next, and what becomes of it, on a real database.

use super::*;
use crate::config::Retry;
use crate::store::{self, Store};
use crate::webhooks::queries;
use crate::webhooks::types::Event;

const POLICY: Policy = Policy {
    max: 9,
    timeout: Duration::from_secs(1),
    retry: Retry {
        attempts: 5,
        base: Duration::from_secs(10),
        max: Duration::from_secs(100),
        jitter: false,
    },
    ordered_attempts: 2,
    at_once: 1,
    queue_max: 5,
    keep_max: 3,
    keep: Duration::from_secs(1000),
    last: Duration::ZERO,
};

/// Runs a test on a database with one webhook and so many events for it.
async fn with_events(count: usize, test: impl FnOnce(&Connection, HookId) + Send + 'static) {
    let folder = tempfile::tempdir().unwrap();
    let options = store::Options {
        readers: 1,
        write_batch: 1,
        queue_max: 1,
        cache_kb: 512,
        snapshots_kept: 1,
    };
    let store = Store::open(&folder.path().join("test.db"), &options).unwrap();
    let work = move |tx: &Connection| {
        let id = HookId::new();
        queries::insert(tx, id, "http://a.example/", &[Event::SystemStarted], b"", true)?;
        let news = |n| News::new(Event::SystemStarted, &n).unwrap();
        let news: Vec<News> = (0..count).map(news).collect();
        insert_news(tx, &news, POLICY.queue_max)?;
        test(tx, id);
        Ok::<_, crate::error::Error>(())
    };
    store.write(work).await.unwrap();
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_ms(1_800_000_000_000 + seconds * 1000)
}

/// The next delivery's number and its tries, or when it is.
fn coming(db: &Connection, id: HookId, now: Timestamp) -> Result<(i64, u32), Option<Timestamp>> {
    match next(db, id, now, POLICY.ordered_attempts).unwrap() {
        Next::Try(job) => Ok((job.seq, job.attempts)),
        Next::At(at) => Err(Some(at)),
        Next::Nothing | Next::Gone => Err(None),
    }
}

fn end(db: &Connection, id: HookId, now: Timestamp, outcome: &Outcome, back: bool) -> Settled {
    let Next::Try(job) = next(db, id, now, POLICY.ordered_attempts).unwrap() else {
        panic!("nothing is due");
    };
    settle(db, &job, outcome, &POLICY, now, (false, back)).unwrap()
}

fn arrived() -> Outcome {
    Outcome { status: Some(200), error: None, retry_after: None, gone: false }
}

fn failed() -> Outcome {
    Outcome { status: Some(500), error: Some("no".to_owned()), ..arrived() }
}

#[tokio::test]
async fn the_oldest_goes_first_and_is_waited_for_until_it_is_overtaken() {
    with_events(3, |db, id| {
        assert_eq!(coming(db, id, at(0)), Ok((1, 0)));
        end(db, id, at(0), &failed(), false);
        assert_eq!(coming(db, id, at(1)), Err(Some(at(10))), "the others wait for it");
        end(db, id, at(10), &failed(), false);
        assert_eq!(coming(db, id, at(11)), Ok((2, 0)), "and now no longer");
        end(db, id, at(11), &arrived(), false);
        assert_eq!(coming(db, id, at(31)), Ok((1, 2)), "it comes when its time has come");
        end(db, id, at(31), &failed(), false);
        end(db, id, at(32), &arrived(), false);
        assert_eq!(coming(db, id, at(33)), Err(Some(at(71))));
        end(db, id, at(71), &failed(), false);
        assert_eq!(end(db, id, at(200), &failed(), false).state, State::Dead);
        assert_eq!(coming(db, id, at(999)), Err(None));
    })
    .await;
}

#[tokio::test]
async fn whoever_answers_again_gets_all_at_once_from_the_oldest() {
    with_events(3, |db, id| {
        for second in [0, 10, 11, 21] {
            end(db, id, at(second), &failed(), false);
        }
        // Two were tried twice; the third finds that it answers.
        assert_eq!(coming(db, id, at(22)), Ok((3, 0)));
        end(db, id, at(22), &arrived(), true);
        assert_eq!(coming(db, id, at(22)), Ok((1, 2)));
        end(db, id, at(22), &arrived(), false);
        assert_eq!(coming(db, id, at(22)), Ok((2, 2)));
    })
    .await;
}

#[tokio::test]
async fn patience_and_an_end_are_for_the_whole_webhook() {
    with_events(2, |db, id| {
        let asked = Outcome { retry_after: Some(Duration::from_secs(50)), ..failed() };
        end(db, id, at(0), &asked, false);
        assert_eq!(coming(db, id, at(49)), Err(Some(at(50))));
        clamp(db, at(40)).unwrap();
        assert_eq!(coming(db, id, at(40)), Ok((1, 1)));
        let gone = Outcome { gone: true, ..failed() };
        assert_eq!(end(db, id, at(50), &gone, false).state, State::Dead);
        assert_eq!(coming(db, id, at(999)), Err(None), "it is off");
        let (_, webhook) = queries::find(db, id).unwrap().unwrap();
        assert_eq!((webhook.enabled, webhook.waiting, webhook.dead), (false, 1, 1));
    })
    .await;
}

#[tokio::test]
async fn what_is_beyond_the_room_is_counted() {
    with_events(5, |db, id| {
        let news = [News::new(Event::SystemStarted, &1).unwrap()];
        let told = insert_news(db, &news, 5).unwrap();
        assert_eq!(told, [Told { id, lost: 1, lost_in_all: 1 }]);
        let other = [News::new(Event::MessageSent, &1).unwrap()];
        assert_eq!(insert_news(db, &other, 5).unwrap(), []);
        for second in 0..4 {
            let settled = end(db, id, at(second), &Outcome { gone: true, ..failed() }, false);
            assert_eq!(settled.lost, u64::from(second == 3));
            let (seq, mut webhook) = queries::find(db, id).unwrap().unwrap();
            webhook.enabled = true;
            queries::update(db, seq, &webhook).unwrap();
        }
        let (_, webhook) = queries::find(db, id).unwrap().unwrap();
        assert_eq!((webhook.waiting, webhook.dead, webhook.lost), (1, 3, 2));
    })
    .await;
}

#[tokio::test]
async fn nothing_waits_or_is_kept_for_ever() {
    with_events(2, |db, id| {
        end(db, id, at(0), &arrived(), false);
        let later = Timestamp::now().after(Duration::from_mins(1));
        assert_eq!(give_up(db, Timestamp::from_ms(0)).unwrap(), 0);
        assert_eq!(give_up(db, later).unwrap(), 1);
        assert_eq!(coming(db, id, at(0)), Err(None));
        assert_eq!(forget(db, Timestamp::from_ms(0), 9).unwrap(), (0, 0));
        assert_eq!(forget(db, later, 1).unwrap().0, 1);
        assert_eq!(forget(db, later, 9).unwrap().0, 1);
    })
    .await;
}
