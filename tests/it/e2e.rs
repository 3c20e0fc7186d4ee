//! The main job, end to end: feed, facts, digest, message.

use mail_parser::MessageParser;

use crate::http::{Answer, Server};
use crate::setup::{CHAIR, JOINS, Place, err, out, rss};

#[test]
fn a_first_cycle_mails_what_is_announced_and_a_second_transfers_and_sends_nothing() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])).header("ETag", "W/\"1\""));
    let place = Place::new(&server.url("/feed"), "");
    let first = place.run(&["once"]);
    assert!(first.status.success(), "{}", err(&first));
    assert!(out(&first).contains("Meridian Cloud joined as Platinum member"), "{}", out(&first));
    let messages = place.messages();
    assert_eq!(messages.len(), 1);
    let message = MessageParser::default().parse(&messages[0]).unwrap();
    assert_eq!(message.subject(), Some("1 joined: Meridian Cloud"));
    assert!(message.body_html(0).unwrap().contains("<b>Meridian Cloud</b>"));

    let second = place.run(&["once"]);
    assert!(second.status.success());
    assert_eq!(out(&second), "");
    assert!(err(&second).contains("1 unchanged"), "{}", err(&second));
    assert_eq!(place.messages().len(), 1);
    let requests = server.requests("/feed");
    assert_eq!(requests.len(), 2);
    assert!(
        !requests[0].headers.contains_key("if-none-match"),
        "the first request is unconditional"
    );
    assert_eq!(requests[1].headers.get("if-none-match").map(String::as_str), Some("W/\"1\""));
}

#[test]
fn only_what_is_new_goes_into_the_next_digest() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/feed"), "");
    place.run(&["once"]);
    server.set("/feed", Answer::ok(rss(&[CHAIR, JOINS])));
    let second = out(&place.run(&["once"]));
    assert!(
        second.contains("Ana Castellan elected Chair") && !second.contains("Meridian"),
        "{second}"
    );
}

#[test]
fn without_backfill_the_first_poll_fills_the_ledger_and_mails_nothing() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/feed"), "");
    let config = std::fs::read_to_string(place.config())
        .unwrap()
        .replace("backfill = \"all\"", "backfill = \"none\"");
    std::fs::write(place.config(), config).unwrap();
    place.run(&["once"]);
    assert!(place.messages().is_empty());
    assert!(out(&place.run(&["facts"])).contains("Meridian Cloud"));
    server.set("/feed", Answer::ok(rss(&[CHAIR, JOINS])));
    place.run(&["once"]);
    assert_eq!(place.messages().len(), 1);
}

#[test]
fn an_edited_entry_corrects_what_was_told() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/feed"), "");
    place.run(&["once"]);
    let edited = (
        JOINS.0,
        JOINS.1,
        "Meridian Cloud has joined the Open Lattice Foundation as a Gold member.",
    );
    server.set("/feed", Answer::ok(rss(&[edited])));
    let second = out(&place.run(&["once"]));
    assert!(
        second.contains("CORRECTIONS")
            && second.contains("as Gold member; reported before as Platinum"),
        "{second}"
    );
    assert_eq!(out(&place.run(&["once"])), "", "a correction is told once");
}

/// What a text says in the place of what it said is a correction; what it says beside it, or of somebody
/// else, is news.
#[test]
fn an_edit_of_who_what_or_where_corrects_and_other_news_in_the_same_place_does_not() {
    const CHAIR: &str =
        "The board has elected Ana Castellan as Chair of the Open Lattice Foundation.";
    for (name, before, after, told, facts) in [
        (
            "office",
            CHAIR,
            "The board has elected Ana Castellan as Vice Chair of the Open Lattice Foundation.",
            Some("elected Vice Chair; reported before as Chair ·"),
            1,
        ),
        (
            "misspelt",
            "The board has elected Ana Castelan as Chair of the Open Lattice Foundation.",
            CHAIR,
            Some("Ana Castellan elected Chair; reported before as Ana Castelan ·"),
            1,
        ),
        (
            "body",
            "Meridian Cloud has joined the Open Lattice Foundation as a Gold member.",
            "Meridian Cloud has joined the Quartz Grid Foundation as a Gold member.",
            Some("joined as Gold member; reported before as Open Lattice Foundation"),
            1,
        ),
        (
            "beside it",
            CHAIR,
            "The board has elected Ana Castellan as Chair of the Open Lattice Foundation. The Finance Committee has elected Ana Castellan as Treasurer of the Open Lattice Foundation.",
            None,
            2,
        ),
        (
            "somebody else",
            CHAIR,
            "The board has elected Tomasz Weber as Chair of the Open Lattice Foundation.",
            None,
            2,
        ),
    ] {
        let server = Server::start();
        let place = Place::new(&server.url("/feed"), "");
        server.set("/feed", Answer::ok(rss(&[("1", "News", before)])));
        assert!(place.run(&["once"]).status.success(), "{name}");
        server.set("/feed", Answer::ok(rss(&[("1", "News", after)])));
        let text = out(&place.run(&["once"])).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(!text.is_empty(), "{name}");
        assert_eq!(text.contains("CORRECTIONS"), told.is_some(), "{name}: {text}");
        assert!(
            told.is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase())),
            "{name}: {text}"
        );
        let known = out(&place.run(&["facts", "--json"]));
        assert_eq!(known.lines().count(), facts, "{name}: {known}");
        assert_eq!(out(&place.run(&["once"])), "", "{name}: told once");
    }
}

#[test]
fn two_publishers_telling_one_fact_are_one_change() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    server.set(
        "/other",
        Answer::ok(rss(&[(
            "x",
            "We join",
            "Meridian Cloud has joined the Open Lattice Foundation as a Platinum member today.",
        )])),
    );
    let more = format!(
        "[[feed]]\nname = \"meridian\"\nurl = \"{}\"\npublisher = \"Meridian Cloud\"\n",
        server.url("/other")
    );
    let place = Place::new(&server.url("/feed"), &more);
    let digest = out(&place.run(&["once"]));
    assert_eq!(digest.matches("Meridian Cloud joined").count(), 1, "{digest}");
    assert!(digest.contains("first reported by"), "{digest}");
}

#[test]
fn a_summary_is_completed_from_the_entrys_page() {
    let server = Server::start();
    let page = "<html><body><nav><p>Home</nav><article><h1>News</h1><p>It has been a good year for everybody who works on lattices with us, and there is more to come.</p><p>Meridian Cloud has joined the Open Lattice Foundation as a Platinum member.</p></article></body></html>";
    server.set("/page", Answer::ok(page));
    let feed = rss(&[]).replace("</channel>", &format!("<item><title>News</title><guid>1</guid><link>{}</link><description>It has been a good year …</description></item></channel>", server.url("/page")));
    server.set("/feed", Answer::ok(feed));
    let place = Place::new(&server.url("/feed"), "");
    assert!(out(&place.run(&["once"])).contains("Meridian Cloud joined as Platinum member"));
    place.run(&["once"]);
    assert_eq!(server.requests("/page").len(), 1, "a page is fetched once per version");
}

#[test]
fn a_feed_that_fails_is_told_and_the_others_go_on() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    server.set("/page", Answer::ok("<html><body>not a feed</body></html>"));
    let more = format!(
        "[[feed]]\nname = \"gone\"\nurl = \"{}\"\n[[feed]]\nname = \"page\"\nurl = \"{}\"\n",
        server.url("/missing"),
        server.url("/page")
    );
    let place = Place::new(&server.url("/feed"), &more);
    let run = place.run(&["once"]);
    assert_eq!(run.status.code(), Some(3), "{}", err(&run));
    for part in
        ["gone: the server answered 404", "page: this is a web page, not a feed", "2 feeds failed"]
    {
        assert!(err(&run).contains(part), "{part} is missing in {}", err(&run));
    }
    assert_eq!(place.messages().len(), 1);
    assert!(out(&place.run(&["feeds"])).contains("failing (1 in a row)"));
}

/// The demo of the README: every announcement and none of the decoys.
#[test]
fn the_demo_tells_its_announcements_and_nothing_else() {
    let demo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/demo");
    let folder = tempfile::tempdir().unwrap();
    let config = std::fs::read_to_string(demo.join("gazetted.toml")).unwrap();
    let config = config
        .replace("../../target/demo/", &format!("{}/", folder.path().display()))
        .replace("file:feeds/", &format!("file:{}/feeds/", demo.display()));
    let path = folder.path().join("gazetted.toml");
    std::fs::write(&path, config).unwrap();
    let run = crate::setup::gazetted(&path, &["once"]);
    assert!(run.status.success(), "{}", err(&run));
    let facts = out(&crate::setup::gazetted(&path, &["facts", "--json"]));
    let mut found: Vec<String> = facts
        .lines()
        .map(|line| {
            let fact: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| fact[key].as_str().unwrap_or("-").to_owned();
            format!(
                "{} {} @ {} [{}|{}|{}]",
                text("action"),
                text("subject"),
                text("body"),
                text("tier"),
                text("unit"),
                text("role")
            )
        })
        .collect();
    found.sort();
    let mut expected: Vec<&str> = include_str!("../../config/demo/expected.txt").lines().collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let messages = std::fs::read_dir(folder.path().join("outbox")).unwrap().count();
    assert_eq!(messages, 1);
}
