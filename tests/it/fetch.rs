//! The client against a scripted server.

use std::time::{Duration, Instant};

use gazetted::fetch::{Accept, Client, FetchError};
use gazetted::model::{FetchSettings, Validators};

use crate::http::{Answer, Server};

fn settings() -> FetchSettings {
    FetchSettings {
        user_agent: "gazetted/test (+https://example.org)".into(),
        timeout: Duration::from_secs(2),
        body_bytes_max: 10_000,
        concurrency: 8,
        per_host_gap: Duration::ZERO,
        per_host_concurrency: 1,
        allow_private: vec!["127.0.0.1".into()],
    }
}

async fn get(settings: &FetchSettings, url: &str) -> Result<gazetted::model::Reply, FetchError> {
    Client::new(settings).unwrap().get(url, &Validators::default(), Accept::Feed).await
}

#[tokio::test]
async fn a_request_says_who_asks_and_carries_the_validators_as_they_were() {
    let server = Server::start();
    server.set(
        "/feed",
        Answer::ok("x")
            .header("ETag", "W/\"a b\"")
            .header("Last-Modified", "Tue, 24 Nov 2026 09:00:00 GMT"),
    );
    let client = Client::new(&settings()).unwrap();
    let first =
        client.get(&server.url("/feed"), &Validators::default(), Accept::Feed).await.unwrap();
    let second = client.get(&server.url("/feed"), &first.validators, Accept::Feed).await.unwrap();
    assert_eq!((first.status, second.status), (200, 304));
    let asked = &server.requests("/feed")[1].headers;
    for (name, value) in [
        ("if-none-match", "W/\"a b\""),
        ("if-modified-since", "Tue, 24 Nov 2026 09:00:00 GMT"),
        ("user-agent", "gazetted/test (+https://example.org)"),
    ] {
        assert_eq!(asked.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(
        asked["accept"].contains("application/atom+xml")
            && asked["accept-encoding"].contains("gzip")
    );
    assert!(!asked.contains_key("cookie") && !asked.contains_key("referer"));
}

#[tokio::test]
async fn redirects_are_followed_a_few_times_and_checked_each_time() {
    let server = Server::start();
    server.set("/old", Answer::status(301).header("Location", "/new"));
    server.set("/new", Answer::ok("here"));
    server.set("/loop", Answer::status(302).header("Location", "/loop"));
    server.set("/private", Answer::status(302).header("Location", "http://10.0.0.1/"));
    server.set("/file", Answer::status(302).header("Location", "file:///etc/passwd"));
    let reply = get(&settings(), &server.url("/old")).await.unwrap();
    assert_eq!((reply.body.as_slice(), reply.final_url), (b"here".as_slice(), server.url("/new")));
    assert!(matches!(
        get(&settings(), &server.url("/loop")).await,
        Err(FetchError::Redirects { .. })
    ));
    assert_eq!(server.requests("/loop").len(), 6);
    assert!(matches!(
        get(&settings(), &server.url("/private")).await,
        Err(FetchError::Private { .. })
    ));
    assert!(matches!(
        get(&settings(), &server.url("/file")).await,
        Err(FetchError::Address { .. })
    ));
}

#[tokio::test]
async fn private_addresses_are_refused_before_a_connection_unless_allowed() {
    let server = Server::start();
    server.set("/", Answer::ok("secret"));
    let closed = FetchSettings { allow_private: Vec::new(), ..settings() };
    for host in ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"] {
        let url = format!("http://{host}:{}/", server.port);
        let error = get(&closed, &url).await.unwrap_err();
        assert!(matches!(error, FetchError::Private { .. }), "{url}: {error}");
        assert!(error.to_string().contains("fetch.allow_private"), "{error}");
    }
    assert!(server.requests("/").is_empty());
}

#[tokio::test]
async fn floods_bombs_and_drips_end() {
    let server = Server::start();
    server.set("/big", Answer::ok(vec![b'x'; 20_000]));
    server.set(
        "/drip",
        Answer { drip: Some(Duration::from_millis(300)), ..Answer::ok("x".repeat(100)) },
    );
    assert!(matches!(
        get(&settings(), &server.url("/big")).await,
        Err(FetchError::TooLarge { .. })
    ));
    let begun = Instant::now();
    assert!(matches!(
        get(&settings(), &server.url("/drip")).await,
        Err(FetchError::Timeout { .. })
    ));
    assert!(begun.elapsed() < Duration::from_secs(4));
    // Ten megabytes of zeros in ten kilobytes: the cap counts what comes out.
    let bomb = include_bytes!("fixtures/zeros.gz");
    server.set("/bomb", Answer::ok(bomb.to_vec()).header("Content-Encoding", "gzip"));
    assert!(matches!(
        get(&settings(), &server.url("/bomb")).await,
        Err(FetchError::TooLarge { .. })
    ));
}

#[tokio::test]
async fn one_host_is_asked_one_at_a_time_with_a_pause() {
    let server = Server::start();
    server.set("/feed", Answer { delay: Duration::from_millis(30), ..Answer::ok("x") });
    let client =
        Client::new(&FetchSettings { per_host_gap: Duration::from_millis(60), ..settings() })
            .unwrap();
    let begun = Instant::now();
    let url = server.url("/feed");
    let requests = (0..4).map(|_| {
        let (client, url) = (client.clone(), url.clone());
        tokio::spawn(async move {
            client.get(&url, &Validators::default(), Accept::Feed).await.unwrap().status
        })
    });
    for request in requests.collect::<Vec<_>>() {
        assert_eq!(request.await.unwrap(), 200);
    }
    assert_eq!(server.most_at_once(), 1);
    assert!(begun.elapsed() >= Duration::from_millis(180));
}

#[tokio::test]
async fn a_password_in_an_address_is_not_shown() {
    let error = get(&settings(), "http://user:secret@127.0.0.1:1/").await.unwrap_err().to_string();
    assert!(!error.contains("secret"), "{error}");
}
