//! Subscriptions over time: what goes out when, and how messages hang together. Time is simulated;
//! feeds, store and messages are the real ones.

use std::sync::atomic::{AtomicI64, Ordering};

use gazetted::config::{self, Environment};
use gazetted::daemon::{Clock, Cycle, by_address};
use gazetted::model::Feed;
use gazetted::store::Store;
use mail_parser::MessageParser;

use crate::daemon::{Daemon, wait_until};
use crate::http::{Answer, Server};
use crate::setup::{CHAIR, JOINS, Place, err, out, rss};

const DAY: i64 = 86_400;
/// 2026-11-19, 07:06:40 UTC.
const START: i64 = 1_795_072_000;

const QUILL: (&str, &str, &str) =
    ("quill", "News", "Quill Data has joined the Open Lattice Foundation as a Silver member.");

type News<'a> = (&'a str, &'a str, &'a str);

/// A feed, a folder of mail, a clock, and the program between them.
struct Rig {
    http: Server,
    place: Place,
    now: &'static AtomicI64,
    cycle: Cycle,
}

/// A message as its reader has it.
struct Mail {
    id: String,
    references: Vec<String>,
    in_reply_to: Vec<String>,
    subject: String,
    text: String,
    html: String,
}

impl Mail {
    fn read(bytes: &[u8]) -> Mail {
        let message = MessageParser::default().parse(bytes).unwrap();
        let text = message.body_text(0).unwrap();
        let ids = |header: &str| -> Vec<String> {
            let raw = message.header_raw(header).unwrap_or_default();
            raw.split_whitespace().map(str::to_owned).collect()
        };
        Mail {
            id: ids("Message-ID").remove(0),
            references: ids("References"),
            in_reply_to: ids("In-Reply-To"),
            subject: message.subject().unwrap().to_owned(),
            html: message.body_html(0).unwrap().into_owned(),
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

impl Rig {
    /// `digest` are more keys of the one digest.
    fn new(digest: &str) -> Rig {
        let http = Server::start();
        let place = Place::new(&http.url("/feed"), digest);
        let now = Box::leak(Box::new(AtomicI64::new(START)));
        let config = config::load(&place.config(), &Environment::default()).unwrap();
        let cycle = Cycle::new(config, Clock::Simulated(now), None).unwrap();
        Rig { http, place, now, cycle }
    }

    async fn poll(&self, news: &[News<'_>]) {
        self.http.set("/feed", Answer::ok(rss(news)));
        let feeds: Vec<Feed> = self.cycle.config().feeds.iter().map(|f| f.feed.clone()).collect();
        for group in by_address(feeds, self.cycle.states().await.unwrap()) {
            self.cycle.poll(group).await.unwrap();
        }
    }

    fn days(&self, days: i64) {
        self.now.fetch_add(days * DAY, Ordering::SeqCst);
    }

    /// The scheduled digest; the message that it made.
    async fn digest(&self) -> Option<Mail> {
        let digest = self.cycle.config().digests[0].clone();
        self.new_mail(self.cycle.compose(&digest, None).await.unwrap().is_some()).await
    }

    /// What is told at once.
    async fn at_once(&self) -> Option<Mail> {
        let digest = self.cycle.config().digests[0].clone();
        self.new_mail(self.cycle.compose_watched(&digest).await.unwrap().is_some()).await
    }

    async fn new_mail(&self, composed: bool) -> Option<Mail> {
        let before: Vec<Vec<u8>> = self.place.messages();
        self.cycle.deliver().await.unwrap();
        let mut new = self.place.messages();
        new.retain(|m| !before.contains(m));
        assert_eq!(new.len(), usize::from(composed), "one message for the one reader");
        new.first().map(|bytes| Mail::read(bytes))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn watched_names_are_told_at_once_and_not_again() {
    let rig = Rig::new("watch = [\"Meridian Cloud\"]\nwatch_immediately = true\n");
    rig.poll(&[JOINS, QUILL]).await;
    let told = rig.at_once().await.unwrap();
    assert_eq!(told.subject, "Meridian Cloud joined as Platinum member · Open Lattice Foundation");
    assert!(told.text.contains("WATCHED") && !told.text.contains("Quill"), "{}", told.text);
    assert!(rig.at_once().await.is_none(), "once");
    rig.days(1);
    let digest = rig.digest().await.unwrap();
    assert_eq!(digest.subject, "1 joined: Quill Data");
    assert!(digest.text.contains("1 more change was told at once"), "{}", digest.text);
    assert!(digest.text.contains("19 – 20 November 2026"), "the period went on: {}", digest.text);
    rig.days(1);
    let edited = (
        JOINS.0,
        JOINS.1,
        "Meridian Cloud has joined the Open Lattice Foundation as a Gold member.",
    );
    rig.poll(&[edited, QUILL]).await;
    assert_eq!(rig.at_once().await.unwrap().subject, "1 correction: Meridian Cloud");
    assert!(rig.digest().await.is_none(), "everything was told");
}

/// Corrected before the digest, after it was told at once: the correction alone is left to tell.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_at_once_and_edited_since_is_only_corrected() {
    let rig = Rig::new("watch = [\"Meridian Cloud\"]\nwatch_immediately = true\n");
    rig.poll(&[JOINS]).await;
    rig.at_once().await.unwrap();
    let edited = (
        JOINS.0,
        JOINS.1,
        "Meridian Cloud has joined the Open Lattice Foundation as a Gold member.",
    );
    rig.poll(&[edited]).await;
    let digest = rig.digest().await.unwrap();
    assert_eq!(digest.subject, "1 correction: Meridian Cloud");
    assert!(digest.text.contains("reported before as Platinum"), "{}", digest.text);
    // Edited before anybody was told: it is told once, and as it is now.
    let rig = Rig::new("watch = [\"Meridian Cloud\"]\nwatch_immediately = true\n");
    rig.poll(&[JOINS]).await;
    rig.poll(&[edited]).await;
    assert!(rig.at_once().await.unwrap().subject.contains("Gold"));
    assert!(rig.digest().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn digests_are_one_thread_and_a_correction_answers_what_told_it_first() {
    let rig = Rig::new("");
    rig.poll(&[JOINS]).await;
    let first = rig.digest().await.unwrap();
    assert_eq!((first.references.len(), first.in_reply_to.len()), (1, 0));
    rig.days(1);
    rig.poll(&[JOINS, QUILL]).await;
    let second = rig.digest().await.unwrap();
    assert_eq!((&second.references, second.in_reply_to.len()), (&first.references, 0));
    for tier in ["Gold", "Silver"] {
        rig.days(1);
        let text =
            format!("Meridian Cloud has joined the Open Lattice Foundation as a {tier} member.");
        rig.poll(&[(JOINS.0, JOINS.1, &text), QUILL]).await;
        let correction = rig.digest().await.unwrap();
        assert_eq!(correction.in_reply_to, std::slice::from_ref(&first.id), "{tier}");
        assert_eq!(correction.references, [first.references[0].clone(), first.id.clone()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_without_news_is_told_once_where_asked() {
    for (keys, told) in [("", false), ("all_quiet = \"monthly\"\n", true)] {
        let rig = Rig::new(keys);
        rig.poll(&[JOINS]).await;
        rig.digest().await.unwrap();
        let mut notes = Vec::new();
        for _ in 0..40 {
            rig.days(1);
            notes.extend(rig.digest().await);
        }
        assert_eq!(notes.len(), usize::from(told));
        let Some(note) = notes.first() else { continue };
        assert_eq!(note.subject, "All quiet: nothing new since 19 November");
        assert!(note.text.contains("19 November – 19 December 2026"), "{}", note.text);
        assert!(note.text.contains("1 feed read"), "{}", note.text);
        rig.poll(&[JOINS, QUILL]).await;
        assert_eq!(rig.digest().await.unwrap().subject, "1 joined: Quill Data");
    }
}

/// The header is there to be clicked, and the footer says the same.
#[test]
fn a_web_address_to_unsubscribe_at_stands_in_the_header_and_in_the_footer() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/feed"), "");
    let text = std::fs::read_to_string(place.config()).unwrap();
    let with = |keys: &str| {
        let keys = format!("[mail]\nunsubscribe = {{ {keys} }}\n");
        std::fs::write(place.config(), text.replace("[mail]\n", &keys)).unwrap();
    };
    for (keys, wrong) in [
        ("url = \"http://example.org/{reader}\"", "is no address to unsubscribe at"),
        ("url = \"https://example.org/{who}\"", "is no address to unsubscribe at"),
        ("url = \"https://example.org/\", one_click = true", "says who is to be unsubscribed"),
        ("one_click = true", "has no `url`"),
    ] {
        with(keys);
        let check = place.run(&["check"]);
        assert_eq!(check.status.code(), Some(78), "{keys}");
        assert!(err(&check).contains(wrong), "{wrong} is missing in {}", err(&check));
    }
    with("url = \"https://example.org/stop/{digest}/{reader}\", one_click = true");
    let run = place.run(&["once"]);
    assert!(run.status.success(), "{}", err(&run));
    let mail = Mail::read(&place.messages()[0]);
    let stop = "https://example.org/stop/boards/reader%40example.org";
    assert!(mail.text.ends_with(&format!("To stop: {stop}")), "{}", mail.text);
    assert!(mail.html.contains(&format!("href=\"{stop}\"")), "{}", mail.html);
}

#[test]
fn the_daemon_tells_watched_news_without_waiting_for_the_schedule() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS, CHAIR])));
    let more = "watch = [\"ANA CASTELLAN\"]\nwatch_immediately = true\n";
    let place = Place::new(&server.url("/feed"), more);
    let text = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(place.config(), text.replace("\"0 7 * * *\"", "\"0 7 29 2 *\"")).unwrap();
    let mut daemon = Daemon::start(&place);
    daemon.wait_for("READY=1");
    wait_until("the news are mailed", || !place.messages().is_empty());
    daemon.stop();
    let messages = place.messages();
    assert_eq!(messages.len(), 1);
    let mail = Mail::read(&messages[0]);
    assert!(
        mail.text.contains("Ana Castellan") && !mail.text.contains("Meridian"),
        "{}",
        mail.text
    );
}

/// The built-in list and the user's: a digest of the parent has the news of what belongs to it.
#[test]
fn a_digest_of_a_body_includes_what_belongs_to_it_where_asked() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let lexicon =
        "[[body]]\nname = \"Open Lattice Foundation\"\naliases = [\"OLF\"]\nparent = \"CNCF\"\n";
    for (bodies, children, told) in [
        ("Linux Foundation", false, false),
        ("Linux Foundation", true, true),
        ("OLF", false, true),
        ("Apache Software Foundation", true, false),
    ] {
        let more = format!("bodies = [\"{bodies}\"]\ninclude_children = {children}\n");
        let place = Place::new(&server.url("/feed"), &more);
        std::fs::write(place.folder.path().join("words.toml"), lexicon).unwrap();
        let text = std::fs::read_to_string(place.config()).unwrap();
        std::fs::write(place.config(), format!("detect.lexicons = [\"words.toml\"]\n{text}"))
            .unwrap();
        let run = place.run(&["once"]);
        assert!(run.status.success(), "{}", err(&run));
        assert_eq!(out(&run).contains("Meridian Cloud joined"), told, "{bodies} {children}");
    }
}

#[test]
fn switches_without_what_they_are_about_are_refused() {
    let place = Place::new(
        "https://lattice.example/feed",
        "watch_immediately = true\ninclude_children = true\n",
    );
    let run = place.run(&["check"]);
    assert_eq!(run.status.code(), Some(78));
    for part in ["this [[digest]] has no `watch`", "this [[digest]] has no `bodies`"] {
        assert!(err(&run).contains(part), "{part} is missing in {}", err(&run));
    }
}

/// A database of the version before: whoever was told something yesterday is not told today that it
/// was quiet, and what was considered is not looked through again.
#[test]
fn a_subscription_of_the_version_before_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    for sql in [
        include_str!("../../migrations/0001_initial.sql"),
        include_str!("../../migrations/0002_polite_polling.sql"),
        include_str!("../../migrations/0003_outbox.sql"),
        include_str!("../../migrations/0004_voices.sql"),
        include_str!("../../migrations/0005_search_and_retention.sql"),
        "INSERT INTO subscription VALUES ('told', 7, 2000), ('new', 3, 1500);
         INSERT INTO digest (subscription, label, period_from, period_until, subject, composed)
         VALUES ('told', 'x', 0, 1000, 's', 1000), ('told', 'health', 1000, 2000, 's', 2000);
         PRAGMA user_version = 5;",
    ] {
        database.execute_batch(sql).unwrap();
    }
    drop(database);
    let store = Store::open(&path).unwrap();
    for (name, cursor, spoke) in [("told", 7, 1000), ("new", 3, 1500)] {
        let state = store.subscription_state(name).unwrap();
        assert_eq!(
            (state.cursor, state.watched, state.told_at_once, state.spoke.timestamp()),
            (cursor, cursor, 0, spoke)
        );
    }
}

/// Through the whole program: what waits in the outbox is signed already, and a key that cannot be
/// used is told before anything is sent unsigned.
#[test]
fn messages_are_signed_where_a_key_is_configured() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/feed"), "");
    let key = place.folder.path().join("dkim.pem");
    std::fs::write(&key, include_str!("fixtures/dkim_rsa.pem")).unwrap();
    let text = std::fs::read_to_string(place.config()).unwrap();
    let with = |keys: &str| {
        let keys = format!("[mail]\ndkim = {{ {keys} }}\n");
        std::fs::write(place.config(), text.replace("[mail]\n", &keys)).unwrap();
    };
    let keys = "selector = \"s1\", key_file = \"dkim.pem\"";
    with(keys);
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    for (keys, wrong) in [
        (keys.to_owned(), "everybody on this machine can read"),
        ("key_file = \"dkim.pem\"".to_owned(), "has no `selector`"),
        (format!("{keys}, domain = \"example.com\""), "does not vouch for mail from example.org"),
        ("selector = \"s 1\"".to_owned(), "is no name in the DNS"),
    ] {
        with(&keys);
        let check = place.run(&["check"]);
        assert_eq!(check.status.code(), Some(78), "{keys}");
        assert!(err(&check).contains(wrong), "{wrong} is missing in {}", err(&check));
    }
    with(keys);
    assert_eq!(place.run(&["once"]).status.code(), Some(78));
    assert!(place.messages().is_empty());
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    assert!(out(&place.run(&["check"])).contains("s1._domainkey.example.org"));
    let run = place.run(&["once"]);
    assert!(run.status.success(), "{}", err(&run));
    let message = String::from_utf8(place.messages().remove(0)).unwrap();
    assert!(
        message.starts_with(
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s1;"
        )
    );
}
