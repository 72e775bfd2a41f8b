//! Targets that fail, hang, lie and go, and servers that are killed: what is to be told is told, or
//! kept and shown.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::talk::id_of;
use crate::harness::target::{Does, Got, Hook};
use crate::harness::{Server, Target, eventually};

/// Lets `system.started` happen so often, each time after a `kill -9`.
async fn start_again(server: &mut Server, times: usize) {
    for _ in 0..times {
        server.kill();
        server.boot().await;
    }
}

/// Waits until so many deliveries are in a state.
async fn in_state(server: &Server, hook: &Hook, state: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} deliveries are {state}"), || async {
        let found = server.deliveries(hook, state).await;
        (found.len() == count).then_some(found)
    })
    .await
}

/// Waits until the oldest that waits was tried so often, and that is written down.
async fn tried(server: &Server, hook: &Hook, attempts: u64) {
    eventually(&format!("{attempts} tries are written down"), || async {
        let waiting = server.deliveries(hook, "waiting").await;
        (waiting.last()?["attempts"] == attempts).then_some(())
    })
    .await;
}

fn gaps(got: &[Got]) -> Vec<Duration> {
    got.windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

#[tokio::test]
async fn what_failed_is_tried_again_with_growing_waits_as_the_same_event() {
    let mut server = Server::telling()
        .with("WEBHOOK_RETRY_BASE_MS", 100)
        .with("WEBHOOK_ATTEMPTS", 5)
        .start()
        .await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    for status in [500, 404, 503, 301] {
        target.then(Does::answers(status));
    }
    start_again(&mut server, 1).await;
    target.nth(5).await;
    let delivered = in_state(&server, &hook, "delivered", 1).await;
    assert_eq!((&delivered[0]["attempts"], &delivered[0]["last_status"]), (&json!(5), &json!(200)));
    let got = target.got();
    assert!(got.iter().all(|one| one.id() == got[0].id() && one.body == got[0].body));
    for (gap, least) in gaps(&got).iter().zip([100, 200, 400, 800]) {
        assert!(*gap >= Duration::from_millis(least - 5), "{:?}", gaps(&got));
    }
    assert_eq!(got.len(), 5);
}

#[tokio::test]
async fn a_target_that_fails_for_a_long_while_is_told_all_of_it_in_order_when_it_is_back() {
    let mut server = Server::telling().with("WEBHOOK_ATTEMPTS", 100).start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    target.always(Some(Does::answers(500)));
    start_again(&mut server, 4).await;
    in_state(&server, &hook, "waiting", 4).await;
    eventually("all of them were tried several times", || async {
        let waiting = server.deliveries(&hook, "waiting").await;
        waiting.iter().all(|one| one["attempts"].as_u64() > Some(3)).then_some(())
    })
    .await;
    let shown = server.shown(&hook).await;
    assert_eq!((&shown["waiting"], &shown["last_status"]), (&json!(4), &json!(500)), "{shown}");
    let before = target.got().len();
    target.always(None);
    in_state(&server, &hook, "delivered", 4).await;
    let ids: Vec<String> = target.got()[before..].iter().map(Got::id).collect();
    // One of them finds out that the target is back; the rest comes in order.
    assert!(ids[ids.len() - 3..].is_sorted(), "{ids:?}");
    assert_eq!(server.shown(&hook).await["dead"], 0);
}

#[tokio::test]
async fn order_is_kept_over_a_short_failure_and_a_long_one_is_overtaken() {
    let plan = Server::telling().with("WEBHOOK_RETRY_BASE_MS", 3000);
    let mut server =
        plan.with("WEBHOOK_RETRY_MAX_SECONDS", 3).with("WEBHOOK_ORDERED_ATTEMPTS", 2).start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    target.then(Does::answers(500));
    start_again(&mut server, 1).await;
    tried(&server, &hook, 1).await;
    start_again(&mut server, 1).await;
    // The first failed once: the second waits for it.
    in_state(&server, &hook, "delivered", 2).await;
    let ids: Vec<String> = target.got().iter().map(Got::id).collect();
    assert_eq!((ids.len(), &ids[0]), (3, &ids[1]));
    assert!(ids.is_sorted());
    // The third fails twice, so the fourth goes ahead of it.
    target.then(Does::answers(500)).then(Does::answers(500));
    start_again(&mut server, 1).await;
    tried(&server, &hook, 2).await;
    start_again(&mut server, 1).await;
    in_state(&server, &hook, "delivered", 4).await;
    let ids: Vec<String> = target.got().iter().skip(3).map(Got::id).collect();
    assert_eq!((&ids[0], &ids[1]), (&ids[3], &ids[3]), "{ids:?}");
    assert!(ids[2] > ids[3], "{ids:?}");
}

#[tokio::test]
async fn a_target_that_hangs_holds_up_nobody() {
    let mut server = Server::telling()
        .with("WEBHOOK_TIMEOUT_MS", 15_000)
        .with("WEBHOOK_AT_ONCE", 4)
        .start()
        .await;
    let (mut hanging, mut hooks) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let target = Target::start().await;
        target.always(Some(Does::Hangs));
        hooks.push(server.hook(&target, &["system.started"]).await);
        hanging.push(target);
    }
    let good = Target::start().await;
    server.hook(&good, &["system.started"]).await;
    start_again(&mut server, 1).await;
    for target in &hanging {
        target.nth(1).await;
    }
    let began = Instant::now();
    good.nth(1).await;
    assert!(began.elapsed() < Duration::from_secs(5), "it waited for those that hang");
    let stopping = Instant::now();
    assert!(server.stop().await.success());
    assert!(stopping.elapsed() < Duration::from_secs(10), "the stop waited for those that hang");
    // After that crowd has failed once it shares half of the places.
    server.configure("WEBHOOK_TIMEOUT_MS", 1000);
    server.boot().await;
    good.nth(2).await;
    for hook in &hooks {
        let waiting = in_state(&server, hook, "waiting", 2).await;
        assert!(waiting.iter().all(|one| one["event"] == "system.started"));
    }
    eventually("hanging is told as such", || async {
        let error = server.shown(&hooks[0]).await["last_error"].as_str().map(str::to_owned);
        error.filter(|error| error.contains("longer than 1 seconds"))
    })
    .await;
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_said_to_be_one() {
    let mut server = Server::telling().start().await;
    let (target, trap) = (Target::start().await, Target::start().await);
    let hook = server.hook(&target, &["system.started"]).await;
    for status in [301, 302, 307, 308] {
        target.then(Does::with(status, "location", trap.url()));
    }
    start_again(&mut server, 1).await;
    let dead = in_state(&server, &hook, "dead", 1).await;
    assert!(dead[0]["last_error"].as_str().unwrap().contains("redirects are not followed"));
    assert_eq!((dead[0]["attempts"].as_u64(), &dead[0]["last_status"]), (Some(4), &json!(308)));
    assert_eq!((target.got().len(), trap.got().len()), (4, 0));
}

#[tokio::test]
async fn an_answer_without_an_end_and_a_broken_one_are_answers_like_others() {
    let mut server = Server::telling().start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    target.then(Does::Resets).then(Does::Floods(503)).then(Does::Floods(202));
    start_again(&mut server, 1).await;
    let delivered = in_state(&server, &hook, "delivered", 1).await;
    assert_eq!((&delivered[0]["attempts"], &delivered[0]["last_status"]), (&json!(3), &json!(202)));
    assert_eq!(target.got().len(), 3);
    let path = format!("/webhooks/{}/test", hook.id);
    target.then(Does::Floods(500));
    let test = server.poke(&path).await.is(200);
    let error = test["last_error"].as_str().unwrap();
    assert!(error.starts_with("it answered 500: xxx") && error.len() < 400, "{error}");
    server.get("/health").await.is(200);
}

#[tokio::test]
async fn what_was_given_up_is_listed_and_can_be_sent_again() {
    let mut server = Server::telling().with("WEBHOOK_ATTEMPTS", 2).start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    target.always(Some(Does::answers(500)));
    start_again(&mut server, 1).await;
    in_state(&server, &hook, "dead", 1).await;
    start_again(&mut server, 1).await;
    let dead = in_state(&server, &hook, "dead", 2).await;
    for one in &dead {
        assert_eq!((&one["attempts"], &one["last_status"]), (&json!(2), &json!(500)), "{one}");
        assert!(one["next_at"].is_null() && !one["ended_at"].is_null(), "{one}");
    }
    assert_eq!(target.got().len(), 4, "nothing is tried more often than it may");
    assert_eq!(server.shown(&hook).await["dead"], 2);
    assert_eq!(server.get("/status").await.is(200)["webhooks"]["dead"], 2);
    server.logs("could not be told").await;
    let resend = |one: &Value| format!("/webhooks/deliveries/{}/resend", id_of(one));
    let path = format!("/webhooks/{}", hook.id);
    server.patch(&path, json!({"enabled": false})).await.is(200);
    server.poke(&resend(&dead[0])).await.fails(409, "webhook_off");
    server.patch(&path, json!({"enabled": true})).await.is(200);
    // It fails again, and is dead again.
    let waiting = server.poke(&resend(&dead[0])).await.is(202);
    assert_eq!((&waiting["state"], &waiting["attempts"]), (&json!("waiting"), &json!(0)));
    target.nth(6).await;
    in_state(&server, &hook, "dead", 2).await;
    target.always(None);
    server.poke(&resend(&dead[0])).await.is(202);
    let got = target.nth(7).await;
    assert_eq!(got.id(), dead[0]["event_id"].as_str().unwrap(), "it is the same event");
    in_state(&server, &hook, "delivered", 1).await;
    in_state(&server, &hook, "dead", 1).await;
    // What arrived can be sent again too.
    server.poke(&resend(&dead[0])).await.is(202);
    assert_eq!(target.nth(8).await.id(), got.id());
    let nobody = "/webhooks/deliveries/dlv_01900000000070008000000000000000/resend";
    server.poke(nobody).await.fails(404, "not_found");
}

#[tokio::test]
async fn nothing_is_forgotten_by_kill_9() {
    let plan = Server::telling().with("WEBHOOK_ATTEMPTS", 50);
    let mut server = plan.with("WEBHOOK_ORDERED_ATTEMPTS", 50).start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started", "system.stopped"]).await;
    // Killed while the target thinks: what became of it is not known, so it is sent again.
    target.always(Some(Does::Hangs));
    start_again(&mut server, 1).await;
    let first = target.nth(1).await;
    server.kill();
    target.always(None);
    server.boot().await;
    in_state(&server, &hook, "delivered", 2).await;
    assert_eq!(target.got()[1].id(), first.id());
    // Stopped while nobody is there: the stop itself is told later.
    let port = target.port();
    drop(target);
    assert!(server.stop().await.success());
    server.boot().await;
    in_state(&server, &hook, "waiting", 2).await;
    server.kill();
    let target = Target::on(port).await;
    server.boot().await;
    in_state(&server, &hook, "delivered", 5).await;
    in_state(&server, &hook, "waiting", 0).await;
    let events = target.events();
    assert_eq!(events, ["system.stopped", "system.started", "system.started"]);
}

#[tokio::test]
async fn a_target_that_wants_no_more_is_turned_off() {
    let mut server = Server::telling().start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    target.then(Does::answers(410));
    start_again(&mut server, 1).await;
    let dead = in_state(&server, &hook, "dead", 1).await;
    assert_eq!((&dead[0]["attempts"], &dead[0]["last_status"]), (&json!(1), &json!(410)));
    let shown = server.shown(&hook).await;
    assert_eq!(shown["enabled"], false, "{shown}");
    assert!(shown["last_error"].as_str().unwrap().contains("wants no more"), "{shown}");
    start_again(&mut server, 2).await;
    let path = format!("/webhooks/{}", hook.id);
    server.patch(&path, json!({"enabled": true})).await.is(200);
    start_again(&mut server, 1).await;
    target.nth(2).await;
    in_state(&server, &hook, "delivered", 1).await;
    assert_eq!(target.got().len(), 2, "what happened while it was off is not told");
}

#[tokio::test]
async fn a_target_that_asks_for_patience_gets_it() {
    let mut server = Server::telling().with("WEBHOOK_RETRY_MAX_SECONDS", 2).start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    target.then(Does::with(429, "retry-after", 1)).then(Does::with(503, "retry-after", 86_400));
    start_again(&mut server, 1).await;
    tried(&server, &hook, 1).await;
    // Another event waits as well: it is the target that asked.
    start_again(&mut server, 1).await;
    in_state(&server, &hook, "delivered", 2).await;
    let gaps = gaps(&target.got());
    assert!(gaps[0] >= Duration::from_millis(990), "{gaps:?}");
    assert!(gaps[1] >= Duration::from_millis(1990), "no longer than the longest wait: {gaps:?}");
    assert!(gaps[1] < Duration::from_secs(10), "{gaps:?}");
}

#[tokio::test]
async fn what_finds_no_room_is_counted_and_told() {
    let mut server =
        Server::telling().with("WEBHOOK_ATTEMPTS", 100).with("WEBHOOK_QUEUE_MAX", 2).start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    target.always(Some(Does::answers(500)));
    start_again(&mut server, 3).await;
    server.logs("a webhook loses events").await;
    start_again(&mut server, 2).await;
    eventually("three are lost", || async {
        let shown = server.shown(&hook).await;
        (shown["lost"] == 3 && shown["waiting"] == 2).then_some(())
    })
    .await;
    assert_eq!(server.get("/status").await.is(200)["webhooks"]["lost"], 3);
    let test = server.poke(&format!("/webhooks/{}/test", hook.id)).await.is(200);
    let resend = format!("/webhooks/deliveries/{}/resend", id_of(&test));
    server.poke(&resend).await.fails(409, "queue_full");
    target.always(None);
    in_state(&server, &hook, "delivered", 2).await;
    start_again(&mut server, 1).await;
    in_state(&server, &hook, "delivered", 3).await;
}

#[tokio::test]
async fn what_ended_is_kept_within_bounds() {
    let server = Server::telling().with("WEBHOOK_KEEP_MAX", 2).start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    let test = format!("/webhooks/{}/test", hook.id);
    let mut made = Vec::new();
    for _ in 0..4 {
        target.then(Does::answers(500));
        made.push(id_of(&server.poke(&test).await.is(200)));
        server.poke(&test).await.is(200);
    }
    let dead: Vec<String> = server.deliveries(&hook, "dead").await.iter().map(id_of).collect();
    assert_eq!(dead, [made[3].clone(), made[2].clone()], "the newest stay");
    assert_eq!(server.deliveries(&hook, "delivered").await.len(), 2);
    let shown = server.shown(&hook).await;
    assert_eq!((&shown["dead"], &shown["lost"]), (&json!(2), &json!(2)), "and it is said");
    server.logs("made room").await;
}

#[tokio::test]
async fn an_address_that_may_no_longer_be_asked_is_not_asked() {
    let mut server = Server::telling().with("WEBHOOK_ATTEMPTS", 2).start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    server.configure("ALLOWED_FETCH_HOSTS", "");
    start_again(&mut server, 1).await;
    let dead = in_state(&server, &hook, "dead", 1).await;
    let error = dead[0]["last_error"].as_str().unwrap();
    assert!(error.contains("ALLOWED_FETCH_HOSTS"), "{error}");
    assert!(target.got().is_empty(), "somebody came");
    server.configure("ALLOWED_FETCH_HOSTS", "127.0.0.1");
    server.configure("OFFLINE", "true");
    start_again(&mut server, 1).await;
    target.nth(1).await;
}

#[tokio::test]
async fn a_webhook_that_is_removed_is_left_alone_at_once() {
    let mut server = Server::telling().with("WEBHOOK_ATTEMPTS", 100).start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    target.always(Some(Does::Hangs));
    start_again(&mut server, 2).await;
    target.nth(2).await;
    server.delete(&format!("/webhooks/{}", hook.id)).await.is(204);
    let came = target.got().len();
    let rows: i64 = server
        .database()
        .query_row("SELECT count(*) FROM webhook_deliveries", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 0);
    target.always(None);
    let other = server.hook(&target, &["system.started"]).await;
    start_again(&mut server, 1).await;
    in_state(&server, &other, "delivered", 1).await;
    assert_eq!(target.got().len(), came + 1);
}
