//! A bus of several processes whose Redis server fails in every way that it can: no message that was
//! accepted is lost, nobody waits for it, it comes back by itself and every sender's order is kept.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::redis::{Cable, Redis};
use crate::harness::{Server, eventually};
use crate::nodes::{client, has, heard, is, link, link_is, node, plan, said, say};

/// Hurts Redis, lets both nodes work on, heals it, and holds them to what was promised.
async fn survives(
    redis: &mut Redis,
    hurt: impl AsyncFn(&mut Redis),
    heal: impl AsyncFn(&mut Redis),
    away: bool,
) {
    let (a, b) = (node(redis).await, node(redis).await);
    let mut wanted = Vec::new();
    let send = async |wanted: &mut Vec<String>, count: usize| {
        for _ in 0..count {
            let text = format!("m{}", wanted.len());
            for (server, from) in [(&a, "one"), (&b, "two")] {
                let began = Instant::now();
                say(server, from, "worker", &text).await;
                let named = json!({"from": format!("{from}-named"), "to": "worker", "id": text, "text": text});
                server.post("/send", named).await.is(200);
                let took = began.elapsed();
                assert!(took < Duration::from_millis(2500), "a request took {took:?}");
            }
            wanted.push(text);
        }
    };
    send(&mut wanted, 20).await;
    has(&a, "two", &wanted).await;
    send(&mut wanted, 5).await;
    hurt(redis).await;
    send(&mut wanted, 20).await;
    // Its own clients are served as ever.
    let mut socket = a.socket("/ws/local").await;
    socket.until("connection_confirmed").await;
    say(&a, "near", "local", "still here").await;
    assert_eq!(heard(&mut socket, 1).await, ["still here"]);
    if away {
        link_is(&a, "away").await;
        let health = a.get("/health").await.is(200);
        assert_eq!(health["status"], "degraded");
        assert!(health["checks"]["redis"]["away_since"].is_string(), "{health}");
    }
    send(&mut wanted, 20).await;
    heal(redis).await;
    send(&mut wanted, 20).await;
    for server in [&a, &b] {
        for from in ["one", "two", "one-named", "two-named"] {
            has(server, from, &wanted).await;
        }
        link_is(server, "ok").await;
        eventually("nothing waits to be forwarded", async || {
            (link(server).await["to_forward"] == 0).then_some(())
        })
        .await;
    }
    assert_eq!(a.get("/health").await.is(200)["status"], "ok");
    let mut socket = b.socket("/ws/worker").await;
    let count = 4 * wanted.len();
    let mut got = heard(&mut socket, count).await;
    got.sort();
    let mut all: Vec<String> = wanted.iter().flat_map(|text| vec![text.clone(); 4]).collect();
    all.sort();
    assert_eq!(got, all);
    a.assert_sound();
    b.assert_sound();
}

#[tokio::test]
async fn redis_that_is_killed_costs_no_message() {
    let Some(mut redis) = Redis::start("redis_that_is_killed_costs_no_message").await else {
        return;
    };
    survives(&mut redis, async |redis| redis.kill(), async |redis| redis.boot().await, true).await;
}

#[tokio::test]
async fn redis_that_stands_still_holds_nobody_up() {
    let Some(mut redis) = Redis::start("redis_that_stands_still_holds_nobody_up").await else {
        return;
    };
    let (stop, go_on) = (
        async |redis: &mut Redis| redis.signal("STOP"),
        async |redis: &mut Redis| redis.signal("CONT"),
    );
    survives(&mut redis, stop, go_on, true).await;
}

#[tokio::test]
async fn redis_that_is_flushed_costs_no_message() {
    let Some(mut redis) = Redis::start("redis_that_is_flushed_costs_no_message").await else {
        return;
    };
    let flush = async |redis: &mut Redis| redis.ask::<()>(&["FLUSHALL"]).await;
    survives(&mut redis, flush, flush, false).await;
}

#[tokio::test]
async fn redis_that_is_full_costs_no_message() {
    let Some(mut redis) = Redis::start("redis_that_is_full_costs_no_message").await else { return };
    let memory = async |redis: &Redis, most: &str| {
        redis.ask::<()>(&["CONFIG", "SET", "maxmemory", most]).await;
    };
    survives(
        &mut redis,
        async |redis| memory(redis, "1").await,
        async |redis| memory(redis, "0").await,
        true,
    )
    .await;
}

#[tokio::test]
async fn what_is_not_ours_under_our_keys_is_set_aside() {
    let Some(mut redis) = Redis::start("what_is_not_ours_is_set_aside").await else { return };
    let spoil = async |redis: &mut Redis| {
        // In one step, or a node would be there first.
        let spoil = "for _, key in ipairs(KEYS) do redis.call('DEL', key) redis.call('HSET', key, 'not', 'ours') end";
        let keys = ["inglenook:bus", "inglenook:life", "inglenook:nodes"];
        let () = redis.ask(&["EVAL", spoil, "3", keys[0], keys[1], keys[2]]).await;
    };
    survives(&mut redis, spoil, async |_| {}, false).await;
    let kept: String = redis.ask(&["HGET", "inglenook:bus:set-aside", "not"]).await;
    assert_eq!(kept, "ours");
}

#[tokio::test]
async fn what_redis_forgot_when_it_was_killed_is_sent_again() {
    let Some(mut redis) = Redis::start("what_redis_forgot_is_sent_again").await else { return };
    // The file of a moment ago: what came since is lost to Redis, though not to anybody else.
    let (a, b) = (node(&redis).await, node(&redis).await);
    say(&a, "one", "worker", "m0").await;
    has(&b, "one", &["m0".to_owned()]).await;
    let last: Vec<(String, Vec<String>)> =
        redis.ask(&["XREVRANGE", "inglenook:bus", "+", "-", "COUNT", "1"]).await;
    b.signal("STOP");
    say(&a, "one", "worker", "m1").await;
    eventually("it is on the stream", async || {
        let length: usize = redis.ask(&["XLEN", "inglenook:bus"]).await;
        (link(&a).await["to_forward"] == 0 && length > 1).then_some(())
    })
    .await;
    let entries: Vec<(String, Vec<String>)> =
        redis.ask(&["XRANGE", "inglenook:bus", &format!("({}", last[0].0), "+"]).await;
    for (id, _) in entries {
        let () = redis.ask(&["XDEL", "inglenook:bus", &id]).await;
    }
    say(&a, "one", "worker", "m2").await;
    b.signal("CONT");
    has(&b, "one", &["m0", "m1", "m2"].map(str::to_owned)).await;
    redis.kill();
}

#[tokio::test]
async fn a_node_that_is_cut_off_serves_its_own_and_comes_back() {
    let Some(redis) = Redis::start("a_node_that_is_cut_off").await else { return };
    let cable = Cable::to(redis.port()).await;
    let (a, b, c) = (node(&redis).await, node(&redis).await, plan(&cable.url()).start().await);
    let _far = c.socket("/ws/far").await;
    is(&a, "far", "online").await;
    cable.cut();
    is(&a, "far", "away").await;
    let wanted: Vec<String> = (0..30).map(|n| format!("m{n}")).collect();
    for text in &wanted {
        for (server, from) in [(&a, "one"), (&b, "two"), (&c, "three")] {
            say(server, from, "worker", text).await;
        }
    }
    has(&a, "two", &wanted).await;
    assert!(said(&a, "three").await.is_empty() && said(&c, "one").await.is_empty());
    link_is(&c, "away").await;
    cable.mend();
    for server in [&a, &b, &c] {
        for from in ["one", "two", "three"] {
            has(server, from, &wanted).await;
        }
    }
    is(&a, "far", "online").await;
    link_is(&c, "ok").await;
}

#[tokio::test]
async fn what_was_sent_while_a_node_was_down_is_there_when_it_is_back() {
    let Some(mut redis) = Redis::start("what_was_sent_while_a_node_was_down").await else { return };
    let (mut a, mut b) = (node(&redis).await, node(&redis).await);
    say(&a, "one", "worker", "m0").await;
    has(&b, "one", &["m0".to_owned()]).await;
    b.kill();
    say(&a, "one", "worker", "m1").await;
    redis.kill();
    // Accepted without Redis, and the process ends before it is back.
    say(&a, "one", "worker", "m2").await;
    a.kill();
    redis.boot().await;
    a.boot().await;
    b.boot().await;
    let wanted = ["m0", "m1", "m2"].map(str::to_owned);
    has(&a, "one", &wanted).await;
    has(&b, "one", &wanted).await;
    assert_eq!(client(&b, "worker").await["waiting"], 3);
}

#[tokio::test]
async fn a_node_starts_and_works_without_its_redis() {
    let Some(mut redis) = Redis::start("a_node_starts_without_its_redis").await else { return };
    redis.kill();
    let (a, b) = (node(&redis).await, node(&redis).await);
    say(&a, "one", "worker", "m0").await;
    assert_eq!(link(&a).await["status"], "away");
    redis.boot().await;
    has(&b, "one", &["m0".to_owned()]).await;
}

#[tokio::test]
async fn redis_is_in_the_register_and_its_password_is_nowhere() {
    let settings = ["--requirepass", "hush-hush"];
    let Some(redis) = Redis::start_with("redis_is_in_the_register", &settings).await else {
        return;
    };
    let right = redis.url().replace("//", "//:hush-hush@");
    let a = plan(&right).with("LOG_LEVEL", "trace").start().await;
    let wrong = redis.url().replace("//", "//:hush-wrong@");
    let b = plan(&wrong).with("LOG_LEVEL", "trace").start().await;
    link_is(&a, "ok").await;
    link_is(&b, "away").await;
    let register = a.get("/outbound").await.is(200);
    let host = format!("127.0.0.1:{}", redis.port());
    let items = register["items"].as_array().unwrap();
    assert!(
        items.iter().any(|item| item["purpose"] == "bus" && item["host"] == host.as_str()),
        "{register}"
    );
    for server in [&a, &b] {
        for path in ["/health", "/status", "/config", "/logs?limit=200", "/outbound"] {
            let text = server.get(path).await.text;
            assert!(!text.contains("hush"), "{path}: {text}");
        }
        assert!(!server.log().contains("hush"));
    }
}

#[tokio::test]
async fn offline_leaves_redis_of_another_machine_alone() {
    let away = plan("redis://192.0.2.7:6379").with("OFFLINE", true).start().await;
    let health = link(&away).await;
    assert_eq!(health["status"], "away");
    assert!(health["error"].as_str().unwrap().contains("OFFLINE"), "{health}");
    say(&away, "one", "worker", "x").await;
    let register = away.get("/outbound").await.is(200);
    let entry = &register["items"].as_array().unwrap().iter().find(|item| item["purpose"] == "bus");
    assert_eq!(entry.unwrap()["requests"], 0, "{register}");
    let Some(redis) = Redis::start("offline_leaves_redis_of_another_machine_alone").await else {
        return;
    };
    let near = plan(&redis.url()).with("OFFLINE", true).start().await;
    link_is(&near, "ok").await;
    // And without any there is nothing to say of it.
    let alone = Server::start().await;
    assert_eq!(link(&alone).await, Value::Null);
    assert!(alone.get("/status").await.is(200)["nodes"].is_null());
}

#[tokio::test]
async fn what_the_stream_does_not_reach_back_to_is_told_once_more() {
    let Some(redis) = Redis::start("what_the_stream_does_not_reach_back_to").await else { return };
    let small = async || plan(&redis.url()).with("REDIS_STREAM_MAX", 1000).start().await;
    let (a, mut b) = (small().await, small().await);
    say(&a, "one", "worker", "m0").await;
    has(&b, "one", &["m0".to_owned()]).await;
    b.kill();
    let mut wanted = Vec::new();
    for batch in 0..5 {
        let texts: Vec<String> = (0..900).map(|n| format!("{batch}-{n}")).collect();
        let from = format!("s{batch}");
        let messages: Vec<Value> =
            texts.iter().map(|text| json!({"from": from, "to": "worker", "text": text})).collect();
        a.post("/send/batch", json!({ "messages": messages })).await.is(200);
        wanted.push((from, texts));
    }
    eventually("the stream was cut short", async || {
        let length: usize = redis.ask(&["XLEN", "inglenook:bus"]).await;
        (link(&a).await["to_forward"] == 0 && length < 2000).then_some(())
    })
    .await;
    // Somebody new wants what waits too.
    let new = small().await;
    b.boot().await;
    for server in [&b, &new] {
        for (from, texts) in &wanted {
            has(server, from, texts).await;
        }
    }
    b.logs("REDIS_STREAM_MAX").await;
    let mut socket = b.socket("/ws/worker").await;
    assert_eq!(heard(&mut socket, 4501).await.len(), 4501);
    // And what comes then comes as ever.
    say(&a, "one", "worker", "last").await;
    assert_eq!(heard(&mut socket, 1).await, ["last"]);
}
