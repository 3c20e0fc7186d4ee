//! One fact, many voices; and what people decide about facts.

use chrono::{DateTime, NaiveDate, Utc};
use gazetted::detect::{Detected, Grammar, read};
use gazetted::ledger::{Aliases, reconcile};
use gazetted::model::{
    Alias, Appointment, Article, ChangeKind, Detail, Evidence, Fact, FactId, Head, Hosting,
    KnownFact, Membership, SameText,
};
use gazetted::poll::aliases;
use gazetted::text::plain_text;
use serde_json::Value;

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
    let fact: Value = serde_json::from_str(&shown).unwrap();
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
    for (first, words, who) in [
        (
            LATTICE,
            "We are delighted that Priya Raman has been elected to our board of directors this week.",
            "Priya Raman",
        ),
        (
            MERIDIAN,
            "Good news for our users: we have joined the Open Lattice Foundation as a Gold member.",
            "Meridian Cloud",
        ),
    ] {
        let server = Server::start();
        let place = place(&server, &[first, ("wire", "Granite Systems")]);
        tell(&server, first.0, &[("1", "News", words)]);
        tell(&server, "wire", &[]);
        assert!(out(&place.run(&["once"])).contains(who));
        tell(&server, "wire", &[("9", "In other news – Granite Wire", words)]);
        let said = err(&place.run(&["once"]));
        assert!(said.contains("1 new entries") && said.contains("0 of them news"), "{said}");
        let shown = out(&place.run(&["facts", "--json"]));
        assert_eq!(shown.matches("\"feed\":").count(), 2, "two sources: {shown}");
    }
}

#[test]
fn a_short_name_that_a_text_explains_is_known_in_the_next() {
    let short = "Meridian has joined the Open Lattice Foundation as a Gold member.";
    for (name, explains, news) in [
        (
            "explained",
            "Meridian Cloud (“Meridian”) has joined the Open Lattice Foundation as a Gold member.",
            false,
        ),
        (
            "not explained",
            "Meridian Cloud has joined the Open Lattice Foundation as a Gold member.",
            true,
        ),
        (
            "of two",
            "Meridian Cloud and Meridian Grid have joined the Open Lattice Foundation as Gold members. For Meridian it is the first year.",
            true,
        ),
    ] {
        let server = Server::start();
        let place = place(&server, &[LATTICE, ("wire", "Granite Newswire")]);
        tell(&server, "lattice", &[("1", "News", explains)]);
        tell(&server, "wire", &[]);
        let first = out(&place.run(&["once"]));
        assert!(first.contains("Meridian Cloud "), "{name}: {first}");
        tell(&server, "wire", &[("1", "A new member", short)]);
        let second = place.run(&["once"]);
        assert!(err(&second).contains("1 new entries"), "{name}: {}", err(&second));
        assert_eq!(out(&second).contains("Meridian joined"), news, "{name}: {}", out(&second));
    }
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
        .map(|l| serde_json::from_str::<Value>(l).unwrap()["id"].to_string())
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

/// Pairs of facts as two sources tell them, labelled by somebody who had not seen the rules.
const PAIRS: &str = include_str!("fixtures/announcements/pairs.jsonl");
/// The posts that most of them are of.
const POSTS: &str = include_str!("fixtures/announcements/docs.jsonl");

/// How many pairs are merged, how many of those are one, and which are merged or parted wrongly.
fn merge_pairs(learnt: &[Alias], lexicons: bool) -> (usize, usize, Vec<String>) {
    let (mut merged, mut right, mut wrong) = (0, 0, Vec::new());
    for line in PAIRS.lines() {
        let pair: Value = serde_json::from_str(line).unwrap();
        let (a, b) = (fact(&pair["a"]), fact(&pair["b"]));
        let facts = [a.clone(), b.clone()];
        let known = if lexicons {
            aliases(&facts, &[], "", Grammar::built_in().names())
        } else {
            Vec::new()
        };
        let said = Aliases::of(learnt.iter().chain(&known));
        let head = Head { id: FactId(1), confidence: 0.9, decided: false };
        let first_seen = day(&pair["a"]);
        let known = KnownFact { id: FactId(1), fact: a, first_seen, same_text: SameText::No, head };
        let one_text = pair["why"].as_str().unwrap().contains("in one post");
        let kind = reconcile(&[known], &[b], day(&pair["b"]), &said, |_| one_text)[0].kind;
        let (is_one, one) = (kind != ChangeKind::New, pair["same"] == true);
        merged += usize::from(is_one);
        right += usize::from(is_one && one);
        if is_one != one {
            wrong.push(format!("{}: {}", if one { "parted" } else { "merged" }, pair["why"]));
        }
    }
    (merged, right, wrong)
}

/// What the posts say that short names stand for.
fn said_in_posts() -> Vec<Alias> {
    let read_post = |line: &str| {
        let article: Article = serde_json::from_str(line).unwrap();
        let Detected { facts, acronyms } = read(&article, Grammar::built_in());
        aliases(&facts, &acronyms, &plain_text(&article.html), Grammar::built_in().names())
    };
    POSTS.lines().flat_map(read_post).filter(|alias| alias.learnt).collect()
}

#[test]
fn labelled_pairs_merge_where_they_are_one() {
    let learnt = said_in_posts();
    for (name, learnt, lexicons, merged_wrongly, recall) in [
        ("names as they stand", &[][..], false, 0, 52),
        ("with the lexicons", &[], true, 0, 53),
        ("and with what the posts say", &learnt, true, 0, 56),
    ] {
        let (merged, right, wrong) = merge_pairs(learnt, lexicons);
        let said = format!("{name}: {right} of {merged} merged are one, of 60");
        eprintln!("{said}\n{}", wrong.join("\n"));
        assert!(
            merged - right <= merged_wrongly && right >= recall,
            "{said}\n{}",
            wrong.join("\n")
        );
    }
}

fn day(told: &Value) -> DateTime<Utc> {
    let day: NaiveDate = told["published"].as_str().unwrap().parse().unwrap();
    day.and_hms_opt(9, 0, 0).unwrap().and_utc()
}

fn fact(told: &Value) -> Fact {
    let text = |key: &str| told[key].as_str().map(str::to_owned);
    let action = told["action"].clone();
    let detail = match told["kind"].as_str().unwrap() {
        "membership" => Detail::Membership(Membership {
            action: serde_json::from_value(action).unwrap(),
            tier: text("tier"),
        }),
        "appointment" => Detail::Appointment(Appointment {
            action: serde_json::from_value(action).unwrap(),
            unit: text("unit"),
            role: text("role"),
            affiliation: text("affiliation"),
        }),
        _ => Detail::Hosting(Hosting {
            action: serde_json::from_value(action).unwrap(),
            level: text("tier").or(text("level")),
        }),
    };
    Fact {
        subject: text("subject").unwrap(),
        body: text("body").unwrap(),
        detail,
        effective: text("effective"),
        evidence: Evidence { quote: "q".into(), marks: vec![], rule: "r".into() },
        confidence: 0.9,
    }
}
