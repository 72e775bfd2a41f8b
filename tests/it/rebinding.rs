//! Names whose addresses change between one look and the next. The server runs in a mount of its own
//! where the only name server is the test's, so that real lookups meet answers that lie.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::net::UdpSocket;

use crate::harness::talk::{id_of, items};
use crate::harness::{Act, Server, Target, Upstream, skipped};

/// What each name leads to, look by look; the last answer stays.
type Answers = Arc<Mutex<HashMap<String, Vec<Ipv4Addr>>>>;

struct Names {
    answers: Answers,
    asked: Arc<Mutex<Vec<String>>>,
    _task: tokio_util::task::AbortOnDropHandle<()>,
}

impl Names {
    /// A name server on a loopback address of its own, where port 53 may be bound.
    async fn on(at: Ipv4Addr) -> Option<Self> {
        let socket = UdpSocket::bind((at, 53)).await.ok()?;
        let (answers, asked) = (Answers::default(), Arc::<Mutex<Vec<String>>>::default());
        let (known, seen) = (Arc::clone(&answers), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            let mut query = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut query).await {
                if let Some(answer) = answer(&query[..length], &known, &seen) {
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
        Some(Self { answers, asked, _task: tokio_util::task::AbortOnDropHandle::new(task) })
    }

    fn lead(&self, name: &str, to: &[[u8; 4]]) {
        let to = to.iter().map(|&ip| Ipv4Addr::from(ip)).collect();
        self.answers.lock().unwrap().insert(name.to_owned(), to);
    }

    fn looks(&self, name: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == name).count()
    }
}

/// The answer to a query: an A record by turns, and nothing for any other type.
fn answer(query: &[u8], known: &Answers, seen: &Mutex<Vec<String>>) -> Option<Vec<u8>> {
    let (mut at, mut labels) = (12, Vec::new());
    while query.get(at).is_some_and(|&length| length > 0) {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(query.get(at + 1..=at + length)?).into_owned());
        at += length + 1;
    }
    let (name, kind) = (labels.join("."), query.get(at + 2).copied()?);
    let question = query.get(12..at + 5)?;
    let mut found = None;
    if kind == 1 {
        seen.lock().unwrap().push(name.clone());
        let mut known = known.lock().unwrap();
        found = known.get_mut(&name).map(|list| match list.len() {
            0 | 1 => list.first().copied(),
            _ => Some(list.remove(0)),
        });
    }
    let address = found.flatten();
    let mut reply = query.get(..2)?.to_vec();
    reply.extend([0x81, 0x80, 0, 1, 0, u8::from(address.is_some()), 0, 0, 0, 0]);
    reply.extend(question);
    if let Some(address) = address {
        // A pointer to the name, A, IN, no time to live, four bytes.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        reply.extend(address.octets());
    }
    Some(reply)
}

/// A server that asks the test's name server and nobody else.
async fn among(names_at: Ipv4Addr, test: &str, allowed: &str) -> Option<(Server, Names)> {
    let Some(names) = Names::on(names_at).await else {
        skipped(test, "port 53 cannot be bound here");
        return None;
    };
    let folder = tempfile::tempdir().unwrap().keep();
    std::fs::write(folder.join("resolv.conf"), format!("nameserver {names_at}\n")).unwrap();
    std::fs::write(folder.join("nsswitch.conf"), "hosts: dns\n").unwrap();
    let folder = folder.display();
    let script = format!(
        "mount --bind {folder}/resolv.conf \"$(readlink -f /etc/resolv.conf)\" && \
         mount --bind {folder}/nsswitch.conf /etc/nsswitch.conf && exec \"$@\""
    );
    let wrapper = ["unshare", "-m", "sh", "-c", &script, "sh"];
    let works = Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").output();
    if !works.is_ok_and(|output| output.status.success()) {
        skipped(test, "this machine allows no mounts of one's own");
        return None;
    }
    let plan = Server::plan().under(&wrapper).with("ALLOWED_FETCH_HOSTS", allowed);
    Some((plan.with("RATE_LIMIT_UPLOAD", 0).start().await, names))
}

fn port(upstream: &Upstream) -> u16 {
    let address: SocketAddr =
        upstream.base_url().replace("http://", "").replace("/v1", "").parse().unwrap();
    address.port()
}

#[tokio::test]
async fn a_name_that_changes_its_address_at_a_redirect_gains_nothing() {
    let test = "a_name_that_changes_its_address_at_a_redirect";
    let found = among(Ipv4Addr::new(127, 0, 0, 71), test, "wiki.example").await;
    let Some((server, names)) = found else { return };
    let site = Upstream::openai().await;
    // At first the listed host; at the second look, for the redirect, a metadata service.
    names.lead("wiki.example", &[[127, 0, 0, 1], [169, 254, 169, 254]]);
    site.then_for_lists(Act::status_with(302, "location", "/again"));
    let url = format!("http://wiki.example:{}/start", port(&site));
    server.post("/documents", json!({"url": url})).await.fails(403, "address_refused");
    assert_eq!((site.requests().len(), names.looks("wiki.example")), (1, 2));
    let listed = server.get("/outbound").await.is(200);
    let entry = items(&listed).iter().find(|c| c["host"].as_str().unwrap().starts_with("wiki."));
    let entry = entry.expect("the host is in the register");
    assert_eq!((&entry["requests"], &entry["refused"]), (&json!(1), &json!(1)), "{entry}");
    // Led to the right place both times, it is fetched.
    names.lead("wiki.example", &[[127, 0, 0, 1]]);
    site.then_for_lists(Act::status_with(302, "location", "/again"));
    site.then_for_lists(Act::body(200, "text/plain", "Good words"));
    let sent = server.post("/documents", json!({"url": url})).await.is(202);
    server.settled(&id_of(&sent["items"][0]["document"])).await;
}

#[tokio::test]
async fn a_name_in_the_world_that_leads_to_this_machine_is_not_asked() {
    let test = "a_name_in_the_world_that_leads_to_this_machine";
    let found = among(Ipv4Addr::new(127, 0, 0, 72), test, "").await;
    let Some((server, names)) = found else { return };
    let trap = Upstream::openai().await;
    let inward =
        [[127, 0, 0, 1], [10, 0, 0, 1], [169, 254, 169, 254], [0, 0, 0, 0], [127, 0, 0, 1]];
    names.lead("rebound.example", &inward);
    for _ in 0..inward.len() {
        let url = format!("http://rebound.example:{}/v1/models", port(&trap));
        server.post("/documents", json!({"url": url})).await.fails(403, "address_refused");
    }
    assert_eq!(names.looks("rebound.example"), inward.len(), "each fetch looks for itself");
    // From a page that may be fetched, too: a redirect to such a name.
    assert!(trap.requests().is_empty() && trap.open() == 0, "somebody came");
}

#[tokio::test]
async fn a_providers_name_may_not_come_to_lead_to_a_metadata_service() {
    let test = "a_providers_name_may_not_come_to_lead_to_a_metadata_service";
    let found = among(Ipv4Addr::new(127, 0, 0, 73), test, "").await;
    let Some((server, names)) = found else { return };
    let upstream = Upstream::openai().await;
    names.lead("models.example", &[[127, 0, 0, 1]]);
    let base_url = format!("http://models.example:{}/v1", port(&upstream));
    let new = json!({"kind": "openai", "base_url": base_url, "api_key": "sk-0123456789abcd"});
    let provider = id_of(&server.post("/providers", new).await.is(201));
    let test = format!("/providers/{provider}/test");
    assert_eq!(server.poke(&test).await.is(200)["ok"], true, "the owner's choice is asked");
    // What was asked for in the background, before the name led elsewhere, has come.
    let mut before = 0;
    while upstream.requests().len() != before {
        before = upstream.requests().len();
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    names.lead("models.example", &[[169, 254, 169, 254]]);
    let tested = server.poke(&test).await.is(200);
    assert_eq!(tested["error"]["code"], "no_connection", "{tested}");
    assert_eq!(upstream.requests().len(), before);
    let listed = server.get("/outbound").await.is(200);
    let entry = items(&listed).iter().find(|c| c["purpose"] == "provider").unwrap();
    assert!(entry["refused"].as_u64() >= Some(1), "{entry}");
}

#[tokio::test]
async fn a_webhooks_name_may_not_come_to_lead_to_this_machine() {
    let test = "a_webhooks_name_may_not_come_to_lead_to_this_machine";
    let found = among(Ipv4Addr::new(127, 0, 0, 75), test, "").await;
    let Some((server, names)) = found else { return };
    let trap = Target::start().await;
    let url = format!("http://hooks.example:{}/", trap.port());
    let new = json!({"url": url, "events": ["system.started"]});
    for inward in [[127, 0, 0, 1], [192, 168, 1, 1], [169, 254, 169, 254]] {
        names.lead("hooks.example", &[inward]);
        server.post("/webhooks", new.clone()).await.fails(403, "address_refused");
    }
    // In the world when it is added, here when something is sent.
    names.lead("hooks.example", &[[93, 184, 215, 14], [127, 0, 0, 1]]);
    let hook = id_of(&server.post("/webhooks", new).await.is(201));
    let sent = server.poke(&format!("/webhooks/{hook}/test")).await.is(200);
    assert!(sent["last_error"].as_str().unwrap().contains("private network"), "{sent}");
    assert!(trap.got().is_empty(), "somebody came");
    let listed = server.get("/outbound").await.is(200);
    let entry = items(&listed).iter().find(|c| c["purpose"] == "webhook").unwrap();
    assert_eq!((&entry["requests"], &entry["refused"]), (&json!(0), &json!(4)), "{entry}");
}

#[tokio::test]
async fn offline_asks_no_name_server() {
    let test = "offline_asks_no_name_server";
    let found = among(Ipv4Addr::new(127, 0, 0, 74), test, "wiki.example").await;
    let Some((mut server, names)) = found else { return };
    names.lead("wiki.example", &[[127, 0, 0, 1]]);
    names.lead("models.example", &[[127, 0, 0, 1]]);
    server.configure("OFFLINE", "true");
    crate::harness::eventually("OFFLINE is in force", || async {
        (server.get("/outbound").await.is(200)["offline"] == true).then_some(())
    })
    .await;
    for url in ["http://wiki.example/x", "http://localhost.example/x"] {
        server.post("/documents", json!({"url": url})).await.fails(403, "offline");
    }
    let new = json!({"kind": "openai", "base_url": "http://models.example/v1"});
    let provider = id_of(&server.post("/providers", new).await.is(201));
    let tested = server.poke(&format!("/providers/{provider}/test")).await.is(200);
    assert_eq!(tested["error"]["code"], "offline", "{tested}");
    assert!(names.asked.lock().unwrap().is_empty(), "{:?}", names.asked.lock().unwrap());
}
