//! Stored texts are read again: what is proposed, what is taken over, what is never proposed again.

use rusqlite::Connection;
use serde_json::Value;

use crate::http::{Answer, Server};
use crate::setup::{CHAIR, JOINS, Place, err, out, rss};

/// A ledger that has read two announcements and told them.
fn told() -> (Server, Place) {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS, CHAIR])));
    let place = Place::new(&server.url("/feed"), "");
    assert!(out(&place.run(&["once"])).contains("Meridian Cloud"));
    (server, place)
}

fn change(place: &Place, sql: &str) {
    Connection::open(place.folder.path().join("g.db")).unwrap().execute_batch(sql).unwrap();
}

/// As if the detection of that day had missed the membership.
const MISSED: &str = "
    CREATE TEMP TABLE gone AS SELECT id FROM fact WHERE kind = 'membership';
    DELETE FROM digest_change WHERE change_id IN (SELECT id FROM change WHERE fact_id IN (SELECT id FROM gone));
    DELETE FROM change WHERE fact_id IN (SELECT id FROM gone);
    DELETE FROM sighting WHERE fact_id IN (SELECT id FROM gone);
    DELETE FROM fact WHERE id IN (SELECT id FROM gone);
    UPDATE subscription SET cursor = (SELECT coalesce(max(id), 0) FROM change);";
/// As if it had read another tier, or the name otherwise, or had been unsure.
const OTHER_TIER: &str =
    "UPDATE fact SET detail = json_set(detail, '$.tier', 'Silver') WHERE kind = 'membership'";
const OTHER_NAME: &str =
    "UPDATE fact SET subject = 'Cloud', key_subject = 'cloud' WHERE kind = 'membership'";
const UNSURE: &str = "UPDATE fact SET confidence = 0.2 WHERE kind = 'membership'";
/// As if it had invented one.
const INVENTED: &str = "
    INSERT INTO fact (kind, action, subject, body, detail, quote, marks, rule, confidence, polarity, key_subject, key_body, key_position, first_seen)
    SELECT kind, 'left', 'Quill Data', body, json_set(detail, '$.action', 'left'), quote, '[]', rule, confidence, 'out', 'quill data', key_body, '', first_seen
    FROM fact WHERE kind = 'membership';
    INSERT INTO sighting (fact_id, entry_id, seen) SELECT max(fact.id), entry_id, seen FROM fact, sighting
    WHERE fact_id = (SELECT min(id) FROM fact WHERE kind = 'membership');";

fn proposals(place: &Place) -> Vec<Value> {
    let shown = place.run(&["replay", "--json"]);
    assert!(shown.status.success(), "{}", err(&shown));
    out(&shown).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn facts(place: &Place) -> String {
    out(&place.run(&["facts"]))
}

#[test]
fn what_is_read_otherwise_is_proposed_and_told_only_when_it_is_confirmed() {
    for (name, sql, word, said, digest) in [
        ("missed", MISSED, "new", "NEW", Some("Meridian Cloud joined as Platinum member")),
        (
            "another tier",
            OTHER_TIER,
            "changed",
            "READ OTHERWISE",
            Some("reported before as Silver"),
        ),
        ("another name", OTHER_NAME, "changed", "READ OTHERWISE", Some("Meridian Cloud")),
        ("unsure", UNSURE, "stronger", "WAS TOO WEAK TO BE TOLD", None),
        ("invented", INVENTED, "gone", "NO LONGER FOUND", None),
    ] {
        let (_server, place) = told();
        change(&place, sql);
        let before = facts(&place);
        let shown = place.run(&["replay"]);
        assert!(out(&shown).starts_with(said), "{name}: {}{}", out(&shown), err(&shown));
        assert!(err(&shown).contains("2 texts read again"), "{name}: {}", err(&shown));
        let proposed = proposals(&place);
        assert_eq!(proposed.len(), 1, "{name}: {proposed:?}");
        assert_eq!(proposed[0]["change"], word, "{name}");
        assert_eq!(facts(&place), before, "{name}: nothing is stored");
        assert_eq!(out(&place.run(&["once"])), "", "{name}: nothing is told");

        let id = proposed[0]["id"].as_str().unwrap();
        let done = place.run(&["replay", "--confirm", id]);
        assert!(done.status.success(), "{name}: {}", err(&done));
        let text = out(&place.run(&["once"]));
        match digest {
            Some(part) => assert!(text.contains(part), "{name}: {text}"),
            None if word == "gone" => assert_eq!(text, "", "{name}"),
            None => assert!(text.contains("Meridian Cloud"), "{name}: {text}"),
        }
        assert!(!text.contains("Ana Castellan"), "{name}: told before: {text}");
        assert!(!facts(&place).contains("Quill"), "{name}: {}", facts(&place));
        assert!(facts(&place).contains("Meridian Cloud"), "{name}");
        assert!(proposals(&place).is_empty(), "{name}: decided");
        assert_eq!(out(&place.run(&["once"])), "", "{name}: told once");
    }
}

#[test]
fn what_a_person_refused_is_never_proposed_again() {
    for (name, sql, left) in [
        ("missed", MISSED, false),
        ("another tier", OTHER_TIER, true),
        ("invented", INVENTED, true),
    ] {
        let (_server, place) = told();
        change(&place, sql);
        let proposed = proposals(&place);
        let done = place.run(&["replay", "--reject", proposed[0]["id"].as_str().unwrap()]);
        assert!(done.status.success(), "{name}: {}", err(&done));
        assert!(proposals(&place).is_empty(), "{name}");
        assert_eq!(out(&place.run(&["once"])), "", "{name}: told to nobody");
        assert_eq!(
            facts(&place).contains(if sql == INVENTED { "Quill" } else { "Meridian" }),
            left,
            "{name}"
        );
        if sql == MISSED {
            assert!(
                out(&place.run(&["facts", "--all"])).contains("Meridian"),
                "it is kept as refused"
            );
        }
    }
    // A fact that was rejected where it stood.
    let (_server, place) = told();
    let shown = out(&place.run(&["facts", "--json", "--kind", "membership"]));
    let id = serde_json::from_str::<Value>(&shown).unwrap()["id"].to_string();
    assert!(place.run(&["facts", "reject", &id]).status.success());
    assert!(proposals(&place).is_empty());
}

#[test]
fn all_is_confirmed_at_once_and_what_is_not_there_is_refused_whole() {
    let (_server, place) = told();
    let nothing = place.run(&["replay"]);
    assert!(
        out(&nothing).is_empty() && err(&nothing).contains(": 0 new, 0 read otherwise"),
        "{}",
        err(&nothing)
    );
    change(&place, &format!("{MISSED} UPDATE fact SET confidence = 0.2"));
    assert_eq!(proposals(&place).len(), 2);
    assert!(out(&place.run(&["replay", "--since", "2200-01-01"])).is_empty());
    let id = proposals(&place)[0]["id"].as_str().unwrap().to_owned();
    let wrong = place.run(&["replay", "--confirm", &id, "00000000"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(err(&wrong).contains("there is no proposal 00000000 any more"), "{}", err(&wrong));
    assert_eq!(proposals(&place).len(), 2, "nothing was stored");
    let done = place.run(&["replay", "--confirm"]);
    assert!(
        err(&done).contains("taken over: 1 new, 0 read otherwise, 1 that were too weak"),
        "{}",
        err(&done)
    );
    let text = out(&place.run(&["once"]));
    assert!(text.contains("Meridian Cloud") && text.contains("Ana Castellan"), "{text}");
    assert!(proposals(&place).is_empty());
}

#[test]
fn two_texts_that_tell_what_was_missed_are_one_proposal_and_texts_that_are_gone_are_counted() {
    let again = (
        "again",
        "More",
        "As we said, Meridian Cloud has joined the Open Lattice Foundation as a Platinum member.",
    );
    let (server, place) = told();
    server.set("/feed", Answer::ok(rss(&[JOINS, CHAIR, again])));
    place.run(&["once"]);
    change(&place, MISSED);
    let proposed = proposals(&place);
    assert_eq!((proposed.len(), &proposed[0]["texts"]), (1, &2.into()), "{proposed:?}");
    place.run(&["replay", "--confirm"]);
    let shown = out(&place.run(&["facts", "--json", "--kind", "membership"]));
    assert_eq!(shown.matches("\"feed\":").count(), 2, "two sources: {shown}");
    // Without its texts a fact is not said to be gone.
    change(&place, &format!("{INVENTED} UPDATE entry SET html = ''"));
    let shown = place.run(&["replay"]);
    assert_eq!(out(&shown), "");
    assert!(err(&shown).contains("0 texts read again, 3 have lost their text"), "{}", err(&shown));
}
