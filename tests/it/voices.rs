//! One fact, many voices; and what people decide about facts.

use crate::http::{Answer, Server};
use crate::setup::{Place, err, out, rss};

/// Feeds of these names and publishers; each is served at `/NAME`.
fn place(server: &Server, feeds: &[(&str, &str)]) -> Place {
    let tables: String = feeds
        .iter()
        .map(|(name, publisher)| {
            let url = server.url(&format!("/{name}"));
            format!("[[feed]]\nname = \"{name}\"\nurl = \"{url}\"\npublisher = \"{publisher}\"\n")
        })
        .collect();
    Place::with(&format!(
        "[defaults]\nbackfill = \"all\"\n[fetch]\nallow_private = [\"127.0.0.1\"]\nper_host_gap = \"0s\"\n{tables}[[digest]]\nname = \"Boards\"\nto = [\"reader@example.org\"]\n"
    ))
}

fn tell(server: &Server, name: &str, entries: &[(&str, &str, &str)]) {
    server.set(&format!("/{name}"), Answer::ok(rss(entries)));
}

/// The number of the only fact that is shown.
fn only_fact(place: &Place) -> String {
    let shown = out(&place.run(&["facts", "--json"]));
    assert_eq!(shown.lines().count(), 1, "{shown}");
    let fact: serde_json::Value = serde_json::from_str(&shown).unwrap();
    fact["id"].to_string()
}

const LATTICE: (&str, &str) = ("lattice", "Open Lattice Foundation");
const MERIDIAN: (&str, &str) = ("meridian", "Meridian Cloud");

#[test]
fn what_two_feeds_tell_is_one_change_with_two_sources_and_their_differences() {
    let server = Server::start();
    let place = place(&server, &[LATTICE, MERIDIAN]);
    tell(
        &server,
        "lattice",
        &[("1", "News", "Meridian Cloud has joined the Open Lattice Foundation as a Gold member.")],
    );
    tell(&server, "meridian", &[]);
    // Of two feeds that are polled at once either may be read first.
    assert!(place.run(&["poll"]).status.success());
    tell(
        &server,
        "meridian",
        &[(
            "1",
            "We join",
            "Meridian Cloud, Inc. today announced that it has joined the Open Lattice Foundation as a Silver member.",
        )],
    );
    let text = out(&place.run(&["once"]));
    assert_eq!(text.matches("Meridian Cloud joined").count(), 1, "{text}");
    assert!(text.contains("first reported by Open Lattice Foundation"), "{text}");
    assert!(text.contains("(says: Silver member)"), "{text}");
}

#[test]
fn a_copy_of_the_words_under_another_publisher_is_nothing_new() {
    let server = Server::start();
    let place = place(&server, &[LATTICE, ("wire", "Granite Systems")]);
    let words =
        "We are delighted that Priya Raman has been elected to our board of directors this week.";
    tell(&server, "lattice", &[("1", "Election", words)]);
    tell(&server, "wire", &[]);
    assert!(out(&place.run(&["once"])).contains("Priya Raman"));
    tell(&server, "wire", &[("9", "A new director for the lattice", words)]);
    let second = place.run(&["once"]);
    assert!(
        err(&second).contains("1 new entries") && err(&second).contains("0 of them news"),
        "{}",
        err(&second)
    );
    assert_eq!(
        out(&place.run(&["facts", "--json"])).matches("\"feed\":").count(),
        2,
        "two sources"
    );
}

#[test]
fn a_hint_that_nobody_was_told_does_not_hide_the_announcement() {
    let server = Server::start();
    let place = place(&server, &[LATTICE]);
    tell(
        &server,
        "lattice",
        &[("1", "News", "Meridian Cloud has joined the Open Lattice Foundation as a Gold member.")],
    );
    place.run(&["poll"]);
    // As if those words had been weak, and told before.
    rusqlite::Connection::open(place.folder.path().join("g.db"))
        .unwrap()
        .execute_batch("UPDATE fact SET confidence = 0.2")
        .unwrap();
    assert_eq!(out(&place.run(&["once"])), "", "too weak to be told");
    tell(
        &server,
        "lattice",
        &[(
            "2",
            "Welcome",
            "The Open Lattice Foundation is pleased to announce that Meridian Cloud has joined as a Gold member.",
        )],
    );
    let text = out(&place.run(&["once"]));
    assert!(text.contains("Meridian Cloud joined as Gold member"), "{text}");
    only_fact(&place);
    tell(
        &server,
        "lattice",
        &[(
            "3",
            "Again",
            "Meridian Cloud has joined the Open Lattice Foundation as a Gold member, as we said.",
        )],
    );
    assert_eq!(out(&place.run(&["once"])), "", "told once");
}

#[test]
fn decisions_stay_when_the_same_news_comes_again() {
    let first =
        ("1", "News", "Meridian Cloud has joined the Open Lattice Foundation as a Gold member.");
    let again = (
        "2",
        "More",
        "Last week Meridian Cloud joined the Open Lattice Foundation as a Gold member.",
    );
    let names = |rows: &[&str]| rows.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    for (name, decision, next_digest, left) in [
        ("rejected", names(&["reject", "ID", "--note", "an old story"]), None, 0),
        (
            "edited",
            names(&["edit", "ID", "--tier", "Platinum"]),
            Some("joined as Platinum member; reported before as Gold"),
            1,
        ),
        ("confirmed", names(&["confirm", "ID"]), None, 1),
    ] {
        let server = Server::start();
        let place = place(&server, &[LATTICE]);
        tell(&server, "lattice", &[first]);
        assert!(out(&place.run(&["once"])).contains("Meridian Cloud"), "{name}");
        let id = only_fact(&place);
        let arguments: Vec<String> = std::iter::once("facts".to_owned())
            .chain(decision.iter().map(|a| if a == "ID" { id.clone() } else { a.clone() }))
            .collect();
        let done = place.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(done.status.success(), "{name}: {}", err(&done));
        tell(&server, "lattice", &[first, again]);
        let text = out(&place.run(&["once"]));
        match next_digest {
            Some(part) => assert!(text.contains(part), "{name}: {text}"),
            None => assert_eq!(text, "", "{name}"),
        }
        assert_eq!(out(&place.run(&["facts", "--json"])).lines().count(), left, "{name}");
        assert_eq!(out(&place.run(&["once"])), "", "{name}: told once");
    }
}

#[test]
fn facts_are_merged_and_split_by_hand_and_stay_so() {
    let server = Server::start();
    let place = place(&server, &[LATTICE, MERIDIAN]);
    let short = ("1", "News", "Meridian has joined the Open Lattice Foundation as a Gold member.");
    let long =
        ("1", "News", "Meridian Cloud has joined the Open Lattice Foundation as a Gold member.");
    tell(&server, "lattice", &[short]);
    tell(&server, "meridian", &[long]);
    place.run(&["once"]);
    let shown = out(&place.run(&["facts", "--json"]));
    let ids: Vec<String> = shown
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 2, "{shown}");
    assert!(place.run(&["facts", "merge", &ids[1], &ids[0]]).status.success());
    only_fact(&place);
    tell(
        &server,
        "meridian",
        &[
            long,
            (
                "2",
                "Again",
                "We told that Meridian Cloud has joined the Open Lattice Foundation as a Gold member.",
            ),
        ],
    );
    tell(
        &server,
        "lattice",
        &[
            short,
            (
                "2",
                "Again",
                "We told that Meridian has joined the Open Lattice Foundation as a Gold member.",
            ),
        ],
    );
    assert_eq!(out(&place.run(&["once"])), "");
    let id = only_fact(&place);
    let refused = place.run(&["facts", "merge", &id, &id]);
    assert!(err(&refused).contains("they are one already"), "{}", err(&refused));
    let split =
        place.run(&["facts", "split", &id, "--feed", "lattice", "--subject", "Meridian Institute"]);
    assert!(split.status.success(), "{}", err(&split));
    let text = out(&place.run(&["once"]));
    assert!(text.contains("Meridian Institute joined as Gold member"), "{text}");
    assert!(err(&place.run(&["facts", "reject", "999"])).contains("there is no fact 999"));
}
