//! The promises of fetching, over real sockets on loopback, which a test has to list to reach.

use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::*;
use crate::net::register::Policy;

/// A server that answers each path with bytes, and counts who came.
struct Site {
    port: u16,
    came: Arc<AtomicUsize>,
    _server: AbortOnDropHandle<()>,
}

/// The bytes of an answer, and whether the connection stays open and silent after them.
type Answer = (Vec<u8>, bool);

impl Site {
    async fn new(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let came = Arc::new(AtomicUsize::new(0));
        let (count, answer) = (Arc::clone(&came), Arc::new(answer));
        let tasks = TaskTracker::new();
        let server = tasks.clone().spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let answer = Arc::clone(&answer);
                tasks.spawn(async move { serve(socket, &*answer).await });
            }
        });
        Self { port, came, _server: AbortOnDropHandle::new(server) }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }
}

async fn serve(mut socket: TcpStream, answer: &(dyn Fn(&str) -> Answer + Send + Sync)) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
        // The first byte of a TLS handshake, which this server does not speak.
        if head == [0x16] {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            return;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let (bytes, hangs) = answer(head.split(' ').nth(1).unwrap());
    // A client that has read enough closes.
    let _ = socket.write_all(&bytes).await;
    if hangs {
        let _ = socket.read(&mut [0; 1]).await;
    }
}

fn page(status: &str, headers: &str, body: &[u8]) -> Answer {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
    ([head.as_bytes(), body].concat(), false)
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(body).unwrap();
    packer.finish().unwrap()
}

fn rules() -> Rules {
    Rules {
        first_byte: Duration::from_secs(5),
        total: Duration::from_secs(10),
        max_bytes: 1000,
        max_redirects: 3,
        allowed_hosts: vec!["127.0.0.1".to_owned()],
        offline: false,
    }
}

fn with(rules: Rules) -> Fetcher {
    with_names(rules, |_| Vec::new()).0
}

/// A fetcher whose names lead where the test says, and the names that were looked up.
fn with_names(
    rules: Rules,
    names: impl Fn(&str) -> Vec<&'static str> + Send + Sync + 'static,
) -> (Fetcher, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&asked);
    let lookup: Lookup = Arc::new(move |name| {
        let found = names(&name).into_iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0));
        let found = found.collect();
        seen.lock().unwrap().push(name);
        std::future::ready(Ok(found)).boxed()
    });
    let policy = Policy { offline: rules.offline, max_hosts: 100 };
    let register = Register::new(move || policy);
    let now: Now = Arc::new(move || rules.clone());
    (Fetcher::with_lookup(register, Purpose::Document, now, lookup).unwrap(), asked)
}

async fn get(fetcher: &Fetcher, url: &str) -> Result<(Fetched, Vec<u8>), Error> {
    let mut body = Vec::new();
    let fetched = fetcher.fetch(url, &mut body).await?;
    Ok((fetched, body))
}

async fn code(fetcher: &Fetcher, url: &str) -> &'static str {
    get(fetcher, url).await.unwrap_err().code()
}

#[tokio::test]
async fn a_page_comes_with_its_name_and_type() {
    let headers = "content-type: Text/HTML; charset=UTF-8\r\n";
    let site = Site::new(move |_| page("200 OK", headers, b"<p>Hello")).await;
    let (fetched, body) =
        get(&with(rules()), &site.url("/a/letter%20home.html#top")).await.unwrap();
    assert_eq!(body, b"<p>Hello");
    let expected = Fetched {
        url: site.url("/a/letter%20home.html"),
        name: Some("letter home.html".to_owned()),
        media_type: Some("text/html".to_owned()),
        charset: Some("utf-8".to_owned()),
        size_bytes: 8,
    };
    assert_eq!(fetched, expected);
}

#[tokio::test]
async fn this_machine_and_metadata_are_refused_in_every_spelling() {
    let site = Site::new(|_| page("200 OK", "", b"secret")).await;
    let unlisted = Rules { allowed_hosts: Vec::new(), ..rules() };
    let (fetcher, asked) = with_names(unlisted, |_| vec!["127.0.0.1"]);
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "127.255.255.254",
        "2130706433",
        "0x7f000001",
        "0x7F.0.0.0x1",
        "0177.0.0.1",
        "017700000001",
        "0177.0x0.1",
        "%31%32%37.0.0.1",
        "１２７.０.０.１",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[0000::0001]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "ｌｏｃａｌｈｏｓｔ",
        "local\u{ad}host",
        "app.localhost",
        "xn--fake-name",
        "rebound.example",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "metadata",
        "metadata.google.internal",
        "METADATA.google.internal.",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "[fc00::1]",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
    ] {
        let url = format!("http://{host}:{}/", site.port);
        let code = code(&fetcher, &url).await;
        assert!(matches!(code, "address_refused" | "bad_url"), "{host}: {code}");
        // Only what is no URL at all may be refused as such.
        assert_eq!(code == "bad_url", Url::parse(&url).is_err(), "{host}");
    }
    assert_eq!(site.came(), 0, "nobody was asked");
    assert_eq!(*asked.lock().unwrap(), ["rebound.example"], "no literal was looked up");
}

#[tokio::test]
async fn what_is_no_url_to_fetch_is_told_so() {
    let fetcher = with(rules());
    let long = format!("http://127.0.0.1/{}", "x".repeat(9000));
    for bad in [
        "",
        "nonsense",
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "data:text/plain,x",
        "http://",
        "http://me:secret@127.0.0.1/",
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.256/",
        &long,
    ] {
        assert_eq!(code(&fetcher, bad).await, "bad_url", "{bad}");
    }
}

#[tokio::test]
async fn a_listed_host_is_fetched_and_its_neighbour_is_not() {
    let site = Site::new(|_| page("200 OK", "", b"in the house")).await;
    let listed = Rules { allowed_hosts: vec!["wiki.lan".to_owned()], ..rules() };
    let (fetcher, _) = with_names(listed, |_| vec!["127.0.0.1"]);
    let at = |host: &str| format!("http://{host}:{}/", site.port);
    assert_eq!(get(&fetcher, &at("Wiki.lan.")).await.unwrap().1, b"in the house");
    for other in ["other.lan", "a.wiki.lan", "wiki.lan.example", "127.0.0.1"] {
        assert_eq!(code(&fetcher, &at(other)).await, "address_refused", "{other}");
    }
    assert_eq!(site.came(), 1);
}

#[tokio::test]
async fn a_listed_host_leads_to_metadata_as_little_as_any() {
    let site = Site::new(|_| page("200 OK", "", b"good")).await;
    let listed = Rules { allowed_hosts: vec!["wiki.lan".to_owned()], ..rules() };
    let (fetcher, _) = with_names(listed.clone(), |_| vec!["169.254.169.254", "fd00:ec2::254"]);
    let url = format!("http://wiki.lan:{}/", site.port);
    assert!(matches!(get(&fetcher, &url).await, Err(Error::Forbidden { .. })));
    // Among several addresses only the ones that may be asked are.
    let (fetcher, _) = with_names(listed, |_| vec!["169.254.169.254", "127.0.0.1"]);
    assert_eq!(get(&fetcher, &url).await.unwrap().1, b"good");
}

#[tokio::test]
async fn a_name_is_judged_by_the_addresses_that_its_connection_gets() {
    let site = Site::new(|path| match path {
        "/again" => page("200 OK", "", b"secret"),
        _ => page("302 Found", "location: /again\r\n", b""),
    })
    .await;
    // First an address that is allowed by name, then, at the second look, another one.
    let looks = AtomicUsize::new(0);
    let listed = Rules { allowed_hosts: vec!["wiki.lan".to_owned()], ..rules() };
    let (fetcher, asked) =
        with_names(listed, move |_| match looks.fetch_add(1, Ordering::SeqCst) {
            0 => vec!["127.0.0.1"],
            _ => vec!["169.254.169.254"],
        });
    let url = format!("http://wiki.lan:{}/", site.port);
    assert_eq!(code(&fetcher, &url).await, "address_refused");
    assert_eq!((site.came(), asked.lock().unwrap().len()), (1, 2));
}

#[tokio::test]
async fn redirects_are_followed_and_each_is_judged() {
    let site = Site::new(|path| match path.split_once("?to=") {
        Some((_, to)) => page("302 Found", &format!("location: {to}\r\n"), b"moved"),
        None => page("200 OK", "", path.as_bytes()),
    })
    .await;
    let fetcher = with(rules());
    let (fetched, body) = get(&fetcher, &site.url("/x/?to=../y/end.txt")).await.unwrap();
    assert_eq!((fetched.url, body.as_slice()), (site.url("/y/end.txt"), b"/y/end.txt".as_slice()));
    for (to, expected) in [
        ("http://localhost:1/", "address_refused"),
        ("http://[::1]/", "address_refused"),
        ("//169.254.169.254/latest/meta-data", "address_refused"),
        ("http://2852039166/", "address_refused"),
        ("file:///etc/passwd", "bad_url"),
        ("http://me:you@127.0.0.1/", "bad_url"),
        ("http://a%00b/", "bad_redirect"),
    ] {
        assert_eq!(code(&fetcher, &site.url(&format!("/?to={to}"))).await, expected, "{to}");
    }
    let nowhere = Site::new(|_| page("301 Moved", "", b"")).await;
    assert_eq!(code(&fetcher, &nowhere.url("/")).await, "bad_redirect");
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let site = Site::new(|_| page("307 Again", "location: /\r\n", b"")).await;
    assert_eq!(code(&with(rules()), &site.url("/")).await, "too_many_redirects");
    assert_eq!(site.came(), 4, "the first and three redirects");
}

#[tokio::test]
async fn what_is_too_large_is_given_up_whether_it_says_so_or_not() {
    let site = Site::new(|path| match path {
        "/said" => page("200 OK", "", &[b'x'; 1001]),
        "/fits" => page("200 OK", "", &[b'x'; 1000]),
        _ => {
            let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".as_slice();
            ([head, &vec![b'x'; 200_000]].concat(), true)
        }
    })
    .await;
    let fetcher = with(rules());
    assert_eq!(get(&fetcher, &site.url("/fits")).await.unwrap().0.size_bytes, 1000);
    assert_eq!(code(&fetcher, &site.url("/said")).await, "too_large");
    let mut kept = Vec::new();
    let endless = fetcher.fetch(&site.url("/endless"), &mut kept).await.unwrap_err();
    assert_eq!((endless.code(), kept.len() <= 1000), ("too_large", true));
}

#[tokio::test]
async fn a_packed_body_is_unpacked_under_the_same_limit() {
    let site = Site::new(|path| {
        let gzip = "content-encoding: gzip\r\n";
        match path {
            "/good" => page("200 OK", gzip, &gzipped(&[b'x'; 1000])),
            "/two" => page("200 OK", gzip, &[gzipped(b"one "), gzipped(b"two")].concat()),
            "/nothing" => page("200 OK", gzip, b""),
            "/bomb" => page("200 OK", gzip, &gzipped(&vec![0; 300_000])),
            "/nearly" => page("200 OK", gzip, &gzipped(&[b'x'; 1001])),
            "/garbage" => page("200 OK", gzip, b"this is no gzip at all"),
            "/cut" => page("200 OK", gzip, &gzipped(b"a whole sentence of words")[..20]),
            "/twice" => page("200 OK", "content-encoding: gzip, gzip\r\n", b""),
            _ => page("200 OK", "content-encoding: br\r\n", b""),
        }
    })
    .await;
    let fetcher = with(rules());
    let (fetched, body) = get(&fetcher, &site.url("/good")).await.unwrap();
    assert_eq!((fetched.size_bytes, body), (1000, vec![b'x'; 1000]));
    assert_eq!(get(&fetcher, &site.url("/two")).await.unwrap().1, b"one two");
    assert_eq!(get(&fetcher, &site.url("/nothing")).await.unwrap().0.size_bytes, 0);
    for (path, expected) in [
        ("/bomb", "too_large"),
        ("/nearly", "too_large"),
        ("/garbage", "bad_encoding"),
        ("/cut", "bad_encoding"),
        ("/twice", "bad_encoding"),
        ("/br", "bad_encoding"),
    ] {
        assert_eq!(code(&fetcher, &site.url(path)).await, expected, "{path}");
    }
}

#[tokio::test]
async fn a_server_that_is_silent_or_drips_is_given_up() {
    let silent = Site::new(|_| (Vec::new(), true)).await;
    let quick = Rules { first_byte: Duration::from_millis(100), ..rules() };
    assert_eq!(code(&with(quick), &silent.url("/")).await, "timed_out");
    let stalls =
        Site::new(|_| (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec(), true)).await;
    let quick = Rules { total: Duration::from_millis(200), ..rules() };
    assert_eq!(code(&with(quick), &stalls.url("/")).await, "timed_out");
}

#[tokio::test]
async fn every_other_ending_has_its_own_code() {
    let site = Site::new(|path| match path {
        "/cut" => (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec(), false),
        "/garbage" => (b"SSH-2.0-OpenSSH\r\n\r\n".to_vec(), false),
        path => page(&format!("{} Said", &path[1..]), "", b"words"),
    })
    .await;
    let fetcher = with(rules());
    for (path, expected) in [
        ("/404", "not_found"),
        ("/410", "not_found"),
        ("/401", "sign_in_needed"),
        ("/403", "sign_in_needed"),
        ("/500", "bad_status"),
        ("/429", "bad_status"),
        ("/304", "bad_status"),
        ("/cut", "broke_off"),
        ("/garbage", "broke_off"),
    ] {
        assert_eq!(code(&fetcher, &site.url(path)).await, expected, "{path}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(code(&fetcher, &format!("http://{closed}/")).await, "no_connection");
    assert_eq!(code(&fetcher, &format!("https://127.0.0.1:{}/", site.port)).await, "no_connection");
    assert_eq!(code(&fetcher, "http://no-such-name.example/").await, "unknown_host");
}

#[tokio::test]
async fn a_writer_that_fails_is_our_own_trouble() {
    let site = Site::new(|_| page("200 OK", "", b"more than fits")).await;
    let mut little = [0_u8; 4];
    let mut into = std::io::Cursor::new(&mut little[..]);
    let error = with(rules()).fetch(&site.url("/"), &mut into).await.unwrap_err();
    assert_eq!(error.code(), "not_kept");
}

#[tokio::test]
async fn offline_reaches_listed_loopback_only_and_asks_no_name_server() {
    let site = Site::new(|_| page("200 OK", "", b"here")).await;
    let hosts = ["localhost", "127.0.0.1", "10.0.0.1", "wiki.lan"].map(str::to_owned).to_vec();
    let offline = Rules { offline: true, allowed_hosts: hosts, ..rules() };
    let (fetcher, asked) = with_names(offline, |_| vec!["127.0.0.1"]);
    let at = |host: &str| format!("http://{host}:{}/", site.port);
    for here in ["localhost", "localhost.", "127.0.0.1"] {
        assert_eq!(get(&fetcher, &at(here)).await.unwrap().1, b"here", "{here}");
    }
    for (host, expected) in [
        ("1.1.1.1", "offline"),
        ("10.0.0.1", "offline"),
        ("wiki.lan", "offline"),
        ("example.org", "offline"),
        ("127.0.0.2", "address_refused"),
        ("[::1]", "address_refused"),
    ] {
        assert_eq!(code(&fetcher, &at(host)).await, expected, "{host}");
    }
    assert!(asked.lock().unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,80}") {
        if let Ok(url) = parse(&text) {
            let rules = rules();
            let _ = reach::check_host(&url, &rules);
        }
    }
}
