//! Searching facts and articles.

use crate::http::{Answer, Server};
use crate::setup::{CHAIR, JOINS, Place, err, gazetted, out, rss};

const SOUP: (&str, &str, &str) =
    ("soup", "A recipe", "Crème brûlée needs cream; soup needs onions &amp; patience.");

fn read() -> (Server, Place) {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS, CHAIR, SOUP])));
    let place = Place::new(&server.url("/feed"), "");
    assert!(place.run(&["poll"]).status.success());
    (server, place)
}

#[test]
fn words_are_found_in_facts_and_articles() {
    let (_server, place) = read();
    for (arguments, found) in [
        (&["meridian", "--facts"][..], &["Meridian Cloud joined"][..]),
        (&["platinum"], &["Meridian Cloud joined", "[Platinum] member"]),
        (&["creme brulee"], &["[Crème] [brûlée] needs cream"]),
        (&["onio*", "--articles"], &["[onions] & patience"]),
        (&["subject:castellan OR body:quill", "--facts"], &["Ana Castellan elected"]),
        (&["title:recipe", "--articles"], &["A recipe (lattice)"]),
    ] {
        let run = place.run(&[&["search"][..], arguments].concat());
        for part in found {
            assert!(
                out(&run).contains(part),
                "{arguments:?}: {part} is missing in {}{}",
                out(&run),
                err(&run)
            );
        }
    }
    assert_eq!(out(&place.run(&["search", "soup", "--facts"])), "");
    assert!(err(&place.run(&["search", "zeppelin"])).contains("nothing found"));
    let lines = out(&place.run(&["search", "lattice", "--json"]));
    for line in lines.lines() {
        let hit: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(hit["url"].as_str().unwrap().starts_with("https://lattice.example/"));
    }
    let limited = out(&place.run(&["search", "lattice", "--json", "--limit", "1"]));
    assert_eq!(limited.lines().count(), 2, "one fact, one article: {limited}");
    assert_eq!(place.run(&["search", "lattice", "--limit", "0"]).status.code(), Some(2));
}

#[test]
fn a_wrong_query_is_a_message() {
    let (_server, place) = read();
    for query in [
        "\"",
        "AND",
        "c++ alliance",
        "x NEAR",
        "nowhere:x",
        "*",
        "(",
        "a\0b",
        "'; DROP TABLE fact; --",
        "",
    ] {
        // No argument can hold a NUL; what is left of it is a word.
        let query = query.replace('\0', " ");
        for scope in ["--facts", "--articles"] {
            let run = place.run(&["search", scope, "--", &query]);
            let code = run.status.code();
            assert!(matches!(code, Some(0 | 1)), "{query}: {}", err(&run));
            if code == Some(1) {
                assert!(err(&run).contains("is not understood"), "{query}: {}", err(&run));
            }
        }
    }
    assert!(place.run(&["search", "\"c++ alliance\""]).status.success());
    assert!(place.run(&["db", "check"]).status.success());
}

#[test]
fn the_index_follows_what_changes_and_can_be_lost() {
    let (server, place) = read();
    let search = |words: &str| out(&place.run(&["search", words, "--articles"]));
    assert!(search("onions").contains("recipe"));
    let edited = (SOUP.0, SOUP.1, "Soup needs leeks.");
    server.set("/feed", Answer::ok(rss(&[JOINS, CHAIR, edited])));
    place.run(&["poll"]);
    assert_eq!(search("onions"), "");
    assert!(search("leeks").contains("Soup needs [leeks]"));
    let index = place.folder.path().join("g.search");
    std::fs::write(&index, "this is no index any more, whatever it was ".repeat(200)).unwrap();
    assert!(search("leeks").contains("[leeks]"), "made anew");
    std::fs::remove_file(&index).unwrap();
    assert!(search("leeks").contains("[leeks]"));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&index).unwrap().permissions().mode() & 0o777, 0o600);
    // Beside a daemon: the index is not the database.
    let _daemon = gazetted::store::Store::open(&place.folder.path().join("g.db")).unwrap();
    std::fs::remove_file(&index).unwrap();
    assert!(gazetted(&place.config(), &["search", "leeks"]).status.success());
}
