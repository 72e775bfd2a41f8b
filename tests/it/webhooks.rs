//! Webhooks: who is told, of what, and how they know who says it.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::addresses::{NEVER, THIS_MACHINE};
use crate::harness::client::{assert_id, assert_instant};
use crate::harness::talk::{id_of, items};
use crate::harness::target::{Does, Got};
use crate::harness::{Server, Target, eventually};

/// HMAC-SHA256 by the letter of RFC 2104, so that the server is not checked by the code it uses.
fn hmac(key: &[u8], message: &[u8]) -> String {
    assert!(key.len() <= 64);
    let pad = |with: u8| -> Vec<u8> {
        (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ with).collect()
    };
    let inner = Sha256::digest([&pad(0x36)[..], message].concat());
    let outer = Sha256::digest([&pad(0x5c)[..], &inner].concat());
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a delivery is signed with this secret, as its receiver would look.
fn is_signed(got: &Got, secret: &str) -> bool {
    let signature = &got.headers["x-webhook-signature"];
    let (time, hex) = signature.split_once(",v1=").unwrap();
    let time = time.strip_prefix("t=").unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(now.abs_diff(time.parse().unwrap()) < 60, "{signature}");
    hmac(secret.as_bytes(), format!("{time}.{}", got.body).as_bytes()) == hex
}

#[tokio::test]
async fn a_delivery_says_what_happened_and_who_says_it() {
    let mut server = Server::telling().start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    assert_id(&json!(hook.id), "hook");
    server.restart().await;
    let got = target.nth(1).await;
    let body = got.json();
    let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["data", "event", "id", "timestamp"], "{body}");
    assert_id(&body["id"], "evt");
    assert_instant(&body["timestamp"]);
    assert_eq!(body["event"], "system.started");
    assert_eq!(body["data"]["url"], server.origin(), "{body}");
    assert_eq!(got.headers["x-webhook-id"], got.id());
    assert_eq!(got.headers["x-webhook-event"], "system.started");
    assert_eq!(got.headers["content-type"], "application/json");
    assert!(got.headers["user-agent"].starts_with("inglenook/"));
    assert!(is_signed(&got, &hook.secret), "{got:?}");
    assert!(!is_signed(&got, "inw_another"));
    let mut forged = got.clone();
    forged.body = forged.body.replace("started", "stopped");
    assert!(!is_signed(&forged, &hook.secret));

    let delivered = eventually("it is written down", || async {
        server.deliveries(&hook, "delivered").await.first().cloned()
    })
    .await;
    assert_id(&delivered["id"], "dlv");
    for (name, value) in [
        ("webhook_id", json!(hook.id)),
        ("event_id", body["id"].clone()),
        ("event", json!("system.started")),
        ("state", json!("delivered")),
        ("attempts", json!(1)),
        ("last_status", json!(200)),
        ("last_error", Value::Null),
        ("next_at", Value::Null),
    ] {
        assert_eq!(delivered[name], value, "{name} of {delivered}");
    }
    assert_eq!(delivered["created_at"], body["timestamp"]);
    let shown = server.shown(&hook).await;
    assert_eq!((&shown["last_status"], &shown["last_error"]), (&json!(200), &Value::Null));
    assert_instant(&shown["last_at"]);
    let listed = server.get("/outbound").await.is(200);
    let host = format!("127.0.0.1:{}", target.port());
    let contact = items(&listed).iter().find(|contact| contact["host"] == host).unwrap();
    assert_eq!((&contact["purpose"], &contact["requests"]), (&json!("webhook"), &json!(1)));
}

#[tokio::test]
async fn stops_and_starts_are_told_in_their_order_and_only_to_who_asked() {
    let mut server = Server::telling().start().await;
    let (both, starts, none, off) = (
        Target::start().await,
        Target::start().await,
        Target::start().await,
        Target::start().await,
    );
    server.hook(&both, &["system.started", "system.stopped", "system.started"]).await;
    let hook = server.hook(&starts, &["system.started"]).await;
    server.hook(&none, &["message.sent", "client.connected"]).await;
    let disabled = server.hook(&off, &["system.started", "system.stopped"]).await;
    let path = format!("/webhooks/{}", disabled.id);
    let changed = server.patch(&path, json!({"enabled": false})).await.is(200);
    assert_eq!((&changed["enabled"], &changed["url"]), (&json!(false), &json!(off.url())));
    for _ in 0..3 {
        server.restart().await;
    }
    both.nth(6).await;
    let pair = ["system.stopped", "system.started"];
    assert_eq!(both.events(), [pair, pair, pair].concat());
    let ids: Vec<String> = both.got().iter().map(Got::id).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    starts.nth(3).await;
    assert_eq!(starts.events(), ["system.started"; 3]);
    // One event is the same event for everybody.
    let theirs: Vec<String> = starts.got().iter().map(Got::id).collect();
    assert_eq!(theirs, [&ids[1], &ids[3], &ids[5]].map(String::clone));
    assert!(none.got().is_empty() && off.got().is_empty());

    let more = json!({"events": ["system.stopped"], "url": none.url()});
    let moved = server.patch(&format!("/webhooks/{}", hook.id), more).await.is(200);
    assert_eq!((&moved["events"], &moved["url"]), (&json!(["system.stopped"]), &json!(none.url())));
    server.restart().await;
    none.nth(1).await;
    both.nth(8).await;
    assert_eq!((none.events(), starts.got().len()), (vec!["system.stopped".to_owned()], 3));
    server.delete(&format!("/webhooks/{}", hook.id)).await.is(204);
    server.get(&format!("/webhooks/{}", hook.id)).await.fails(404, "not_found");
    server.delete(&format!("/webhooks/{}", hook.id)).await.fails(404, "not_found");
    server.restart().await;
    both.nth(10).await;
    assert_eq!(none.got().len(), 1, "one that is gone is told nothing");
}

#[tokio::test]
async fn a_secret_is_shown_once_kept_sealed_and_can_be_changed() {
    let mut server = Server::telling().with("LOG_LEVEL", "trace").start().await;
    let target = Target::start().await;
    let new = json!({"url": target.url(), "events": ["system.started"]});
    let made = server.post_once("one", "/webhooks", new.clone()).await.is(201);
    let again = server.post_once("one", "/webhooks", new).await.is(201);
    assert_eq!(made, again, "a repeated request has the same answer");
    let listed = server.get("/webhooks").await.is(200);
    assert_eq!(items(&listed).len(), 1, "and one effect");
    let first = made["secret"].as_str().unwrap().to_owned();
    assert!(first.starts_with("inw_") && first.len() == 47, "{first}");
    let id = id_of(&made);
    server.restart().await;
    assert!(is_signed(&target.nth(1).await, &first), "the secret outlives a restart");
    let changed = server.poke(&format!("/webhooks/{id}/secret")).await.is(200);
    let second = changed["secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    server.restart().await;
    let got = target.nth(2).await;
    assert!(is_signed(&got, &second) && !is_signed(&got, &first));

    let mut said = String::new();
    for path in [
        "/webhooks",
        &format!("/webhooks/{id}"),
        &format!("/webhooks/{id}/deliveries"),
        "/status",
        "/logs?limit=200",
        "/outbound",
        "/config",
    ] {
        said.push_str(&server.get(path).await.text);
    }
    said.push_str(&server.patch(&format!("/webhooks/{id}"), json!({"enabled": true})).await.text);
    said.push_str(&server.poke(&format!("/webhooks/{id}/test")).await.text);
    assert!(server.stop().await.success());
    said.push_str(&server.log());
    for got in target.got() {
        said.push_str(&format!("{got:?}"));
    }
    let mut folders = vec![server.data_dir()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => {
                    said.push_str(&String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()));
                }
            }
        }
    }
    for secret in [first, second] {
        assert!(!said.contains(&secret), "a secret was shown again");
    }
    assert!(said.contains("TRACE") || said.contains("DEBUG"), "the log was looked at closely");
}

#[tokio::test]
async fn a_lost_key_file_costs_the_secrets_and_not_the_events() {
    let mut server = Server::telling().start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    assert!(server.stop().await.success());
    std::fs::remove_file(server.data_dir().join("secret.key")).unwrap();
    server.boot().await;
    let dead = eventually("the delivery is given up", || async {
        server.deliveries(&hook, "dead").await.first().cloned()
    })
    .await;
    assert!(dead["last_error"].as_str().unwrap().contains("make a new one"), "{dead}");
    assert!(target.got().is_empty(), "nothing leaves unsigned");
    let made = server.poke(&format!("/webhooks/{}/secret", hook.id)).await.is(200);
    server.poke(&format!("/webhooks/deliveries/{}/resend", id_of(&dead))).await.is(202);
    assert!(is_signed(&target.nth(1).await, made["secret"].as_str().unwrap()));
}

#[tokio::test]
async fn no_webhook_is_on_this_machine_or_in_its_network_however_it_is_written() {
    let server = Server::start().await;
    let trap = Target::start().await;
    let new = json!({"url": "http://nowhere.invalid/", "events": ["system.started"]});
    let id = id_of(&server.post("/webhooks", new).await.is(201));
    let private =
        ["10.0.0.1", "192.168.1.1", "172.16.5.5", "[fd12::1]", "100.64.0.1", "[::ffff:10.0.0.1]"];
    for host in THIS_MACHINE.iter().chain(&NEVER).chain(&private) {
        let url = format!("http://{host}:{}/hook", trap.port());
        let new = json!({"url": url, "events": ["system.started"]});
        for reply in [
            server.post("/webhooks", new).await,
            server.patch(&format!("/webhooks/{id}"), json!({"url": url})).await,
        ] {
            assert!(matches!(reply.status, 400 | 403), "{url}: {} {}", reply.status, reply.text);
            let code = reply.assert_error_body()["code"].as_str().unwrap().to_owned();
            assert!(matches!(code.as_str(), "address_refused" | "invalid_input"), "{url}: {code}");
        }
    }
    let listed = server.get("/webhooks").await.is(200);
    assert_eq!(items(&listed).len(), 1);
    assert_eq!(items(&listed)[0]["url"], "http://nowhere.invalid/");
    assert!(trap.got().is_empty(), "somebody came");
    // The trap is no dead end: listed, the same address is told.
    let allowing = Server::telling().start().await;
    let hook = allowing.hook(&trap, &["system.started"]).await;
    allowing.poke(&format!("/webhooks/{}/test", hook.id)).await.is(200);
    assert_eq!(trap.events(), ["webhook.test"]);
}

#[tokio::test]
async fn what_is_no_webhook_is_refused_by_its_field() {
    let server = Server::telling().with("WEBHOOK_MAX", 2).start().await;
    let good = "http://127.0.0.1:9/hook";
    for (body, field) in [
        (json!({"events": ["system.started"]}), "url"),
        (json!({"url": good}), "events"),
        (json!({"url": good, "events": []}), "events"),
        (json!({"url": good, "events": ["system.begun"]}), "events[0]"),
        (json!({"url": good, "events": ["webhook.test"]}), "events[0]"),
        (json!({"url": good, "events": "system.started"}), "events"),
        (json!({"url": 5, "events": ["system.started"]}), "url"),
        (json!({"url": good, "events": ["system.started"], "secret": "mine"}), "secret"),
        (json!({"url": "ftp://127.0.0.1/", "events": ["system.started"]}), "url"),
        (json!({"url": "http://me:word@127.0.0.1/", "events": ["system.started"]}), "url"),
        (json!({"url": "", "events": ["system.started"]}), "url"),
        (
            json!({"url": format!("{good}/{}", "x".repeat(9000)), "events": ["system.started"]}),
            "url",
        ),
    ] {
        let reply = server.post("/webhooks", body.clone()).await;
        assert!(!reply.text.contains("word@"), "{}", reply.text);
        assert_eq!(reply.error(400)["details"]["field"], field, "{body}");
    }
    let made =
        server.post("/webhooks", json!({"url": good, "events": ["system.started"]})).await.is(201);
    let path = format!("/webhooks/{}", id_of(&made));
    for (body, field) in [
        (json!({"events": []}), "events"),
        (json!({"url": "nonsense"}), "url"),
        (json!({"enabled": "yes"}), "enabled"),
        (json!({"id": "hook_1"}), "id"),
    ] {
        let refused = server.patch(&path, body.clone()).await.error(400);
        assert_eq!(refused["details"]["field"], field, "{body}");
    }
    let another = json!({"url": good, "events": ["rate_limit.hit"]});
    server.post("/webhooks", another.clone()).await.is(201);
    server.post("/webhooks", another).await.fails(409, "too_many_webhooks");
    for query in ["state=odd", "limit=0", "cursor=x", "odd=1"] {
        server.get(&format!("{path}/deliveries?{query}")).await.error(400);
    }
    let first = server.get("/webhooks?limit=1").await.is(200);
    let rest = format!("/webhooks?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = server.get(&rest).await.is(200);
    assert_eq!(items(&first)[0]["id"], made["id"]);
    assert_eq!(items(&second)[0]["events"], json!(["rate_limit.hit"]));
    assert!(second["next_cursor"].is_null());
}

#[tokio::test]
async fn a_test_is_sent_once_and_its_answer_told() {
    let server = Server::telling().start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["rate_limit.hit"]).await;
    let path = format!("/webhooks/{}", hook.id);
    server.patch(&path, json!({"enabled": false})).await.is(200);
    let test = format!("{path}/test");
    let good = server.poke(&test).await.is(200);
    assert_eq!((&good["state"], &good["event"]), (&json!("delivered"), &json!("webhook.test")));
    assert!(is_signed(&target.nth(1).await, &hook.secret));
    target.then(Does::Answers(403, Vec::new(), "wrong\r\n  \u{1b}[31mroom".to_owned()));
    let bad = server.poke(&test).await.is(200);
    assert_eq!((&bad["state"], &bad["last_status"]), (&json!("dead"), &json!(403)), "{bad}");
    assert_eq!(bad["last_error"], "it answered 403: wrong [31mroom", "{bad}");
    assert_eq!(target.got().len(), 2, "a test is not tried again");
    let request = || {
        let request = server.request(Method::POST, &test);
        server.send(request.header("idempotency-key", "the-test"))
    };
    let (once, again) = (request().await.is(200), request().await.is(200));
    assert_eq!((once, target.got().len()), (again, 3), "a repeated request sends nothing");
}

#[tokio::test]
async fn deliveries_are_listed_by_state_and_page() {
    let server = Server::telling().start().await;
    let target = Target::start().await;
    let hook = server.hook(&target, &["system.started"]).await;
    let mut made = Vec::new();
    for n in 0..7 {
        if n % 2 == 1 {
            target.then(Does::answers(500));
        }
        made.push(id_of(&server.poke(&format!("/webhooks/{}/test", hook.id)).await.is(200)));
    }
    made.reverse();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/webhooks/{}/deliveries?limit=3{cursor}", hook.id);
        let page = server.get(&path).await.is(200);
        seen.extend(items(&page).iter().map(id_of));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, made);
    assert_eq!(server.deliveries(&hook, "dead").await.len(), 3);
    assert_eq!(server.deliveries(&hook, "delivered").await.len(), 4);
    assert_eq!(server.deliveries(&hook, "waiting").await.len(), 0);
    let shown = server.shown(&hook).await;
    assert_eq!((&shown["dead"], &shown["waiting"]), (&json!(3), &json!(0)));
}

/// Waits until the target was told of an event, and gives the data of the first.
async fn told(target: &Target, event: &str) -> Value {
    eventually(&format!("{event} is told"), || async {
        let got = target.got();
        got.iter().find(|one| one.event() == event).map(|one| one.json()["data"].clone())
    })
    .await
}

#[tokio::test]
async fn what_happens_on_the_bus_is_told() {
    let server = Server::telling().with("RATE_LIMIT_BUS", 5).start().await;
    let target = Target::start().await;
    let all = [
        "message.sent",
        "message.failed",
        "client.connected",
        "client.disconnected",
        "rate_limit.hit",
    ];
    server.hook(&target, &all).await;
    let ear = server.events("/subscribe?client=ear").await;
    assert_eq!(told(&target, "client.connected").await, json!({"client_id": "ear"}));
    let message = json!({"from": "mouth", "to": "ear", "text": "hello", "require_ack": true});
    let sent = server.post("/send", message.clone()).await.is(200);
    let data = told(&target, "message.sent").await;
    let kept = server.get(&format!("/messages/{}", sent["message_id"].as_str().unwrap())).await;
    assert_eq!(data, kept.is(200), "it is told whole");
    assert_eq!(data["payload"]["text"], "hello");
    let failed = told(&target, "message.failed").await;
    assert_eq!(
        failed,
        json!({"message_id": sent["message_id"], "from": "mouth",
        "client_id": "ear", "reason": "timeout"})
    );
    drop(ear);
    assert_eq!(told(&target, "client.disconnected").await, json!({"client_id": "ear"}));
    for _ in 0..6 {
        server.post("/send", message.clone()).await;
    }
    let hit = told(&target, "rate_limit.hit").await;
    assert_eq!((&hit["limit"], &hit["address"]), (&json!(5), &json!("127.0.0.1")), "{hit}");
    assert_eq!(server.get("/status").await.is(200)["webhooks"]["missed"], 0);
}

#[tokio::test]
async fn where_nobody_wants_to_be_told_nothing_is_missed() {
    let server = Server::with("BUS_BUFFER", 8).with("QUEUE_MAX_PER_CLIENT", 5000).start().await;
    for _ in 0..3 {
        let messages = vec![json!({"from": "mouth", "to": "ear", "text": "hello"}); 1000];
        server.post("/send/batch", json!({ "messages": messages })).await.is(200);
    }
    assert_eq!(server.get("/status").await.is(200)["webhooks"]["missed"], 0);
    assert!(!server.log().contains("webhooks are not told"), "{}", server.log());
}

#[tokio::test]
async fn a_burst_is_told_whole_and_in_order_to_each_at_its_own_pace() {
    let plan = Server::telling().with("QUEUE_MAX_PER_CLIENT", 1000);
    let server = plan.with("WEBHOOK_QUEUE_MAX", 1000).start().await;
    let (good, shaky) = (Target::start().await, Target::start().await);
    server.hook(&good, &["message.sent"]).await;
    let hook = server.hook(&shaky, &["message.sent"]).await;
    for _ in 0..5 {
        shaky.then(Does::answers(200)).then(Does::answers(500)).then(Does::Resets);
    }
    let messages: Vec<Value> =
        (0..200).map(|n| json!({"from": "a", "to": "b", "payload": {"n": n}})).collect();
    for half in messages.chunks(100) {
        server.post("/send/batch", json!({"messages": half})).await.is(200);
    }
    good.nth(200).await;
    shaky.nth(210).await;
    let delivered = || async {
        let shown = server.shown(&hook).await;
        (shown["waiting"] == 0).then_some(shown)
    };
    let shown = eventually("nothing waits", delivered).await;
    assert_eq!((&shown["dead"], &shown["lost"]), (&json!(0), &json!(0)));
    let numbers = |target: &Target| -> Vec<u64> {
        let number = |got: &Got| got.json()["data"]["payload"]["n"].as_u64().unwrap();
        target.got().iter().map(number).collect()
    };
    let expected: Vec<u64> = (0..200).collect();
    assert_eq!(numbers(&good), expected);
    let mut shaken = numbers(&shaky);
    assert!(shaken.is_sorted(), "{shaken:?}");
    shaken.dedup();
    assert_eq!(shaken, expected);
}
