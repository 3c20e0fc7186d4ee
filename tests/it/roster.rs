//! Rosters, histories and exports of the real binary.

use crate::http::{Answer, Server};
use crate::setup::{Place, err, out, rss};

const ENTRIES: &[(&str, &str, &str)] = &[
    (
        "joins",
        "News",
        "Meridian Cloud has joined the Cloud Native Computing Foundation as a Platinum member.",
    ),
    ("silver", "More news", "Quill Data has joined CNCF as a silver member."),
    (
        "chair",
        "A new chair",
        "The Governing Board has elected Priya Raman of Meridian Cloud as Chair of the Cloud Native Computing Foundation.",
    ),
];

fn read() -> (Server, Place) {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(ENTRIES)));
    let place = Place::new(&server.url("/feed"), "");
    assert!(place.run(&["poll"]).status.success());
    (server, place)
}

fn json(place: &Place, arguments: &[&str]) -> serde_json::Value {
    let run = place.run(arguments);
    serde_json::from_str(&out(&run)).unwrap_or_else(|e| panic!("{e}: {}", err(&run)))
}

#[test]
fn a_body_is_found_under_any_of_its_names_with_members_by_tier_and_their_proof() {
    let (_server, place) = read();
    for name in
        ["CNCF", "Cloud Native Computing Foundation", "the cloud native computing foundation"]
    {
        let found = json(&place, &["roster", name, "--json"]);
        assert_eq!(found["body"], "Cloud Native Computing Foundation");
        let members: Vec<&str> = found["members"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["subject"].as_str().unwrap())
            .collect();
        assert_eq!(members, ["Meridian Cloud", "Quill Data"], "{found}");
        let first = &found["members"][0];
        assert_eq!(first["source"]["url"], "https://lattice.example/joins");
        assert_eq!(first["evidence"], ENTRIES[0].2);
        assert_eq!(found["posts"][0]["subject"], "Priya Raman");
    }
    let text = out(&place.run(&["roster", "CNCF", "--proof"]));
    for part in [
        "MEMBERS",
        "Platinum  Meridian Cloud",
        "Silver    Quill Data",
        "SEATS AND OFFICES",
        "(first seen)",
        "“Meridian Cloud has joined",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let csv = out(&place.run(&["roster", "CNCF", "--csv"]));
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(
        err(&place.run(&["roster", "Tidewater Alliance"]))
            .contains("no facts about Tidewater Alliance")
    );
    let empty = place.run(&["roster", "CNCF", "--at", "2001-01-01"]);
    let nobody = "nobody is known to be in Cloud Native Computing Foundation on 2001-01-01\n";
    assert_eq!((out(&empty), err(&empty)), (String::new(), nobody.to_owned()));
    let before = json(&place, &["roster", "CNCF", "--at", "2001-01-01", "--json"]);
    assert_eq!(before["members"].as_array().unwrap().len(), 0);
}

#[test]
fn a_history_is_of_a_person_an_organisation_with_its_people_or_a_body() {
    let (_server, place) = read();
    for (subject, facts) in
        [("Priya Raman", 1), ("Quill Data, Inc.", 1), ("CNCF", 3), ("Nobody Known", 0)]
    {
        let found = json(&place, &["history", subject, "--json"]);
        assert_eq!(found["facts"].as_array().unwrap().len(), facts, "{subject}: {found}");
    }
    let text = out(&place.run(&["history", "Meridian Cloud"]));
    assert!(text.contains("joined"), "{text}");
}

#[test]
fn an_export_names_each_organisation_and_person_once() {
    let (_server, place) = read();
    let found = json(&place, &["export", "--format", "popolo"]);
    let ids = |table: &str| -> Vec<String> {
        let rows = found[table].as_array().unwrap();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    assert!(
        ids("organizations").contains(&"organization/cloud-native-computing-foundation".to_owned())
    );
    assert_eq!(ids("persons"), ["person/priya-raman"]);
    assert_eq!(ids("memberships").len(), 3);
    for membership in found["memberships"].as_array().unwrap() {
        let organization = membership["organization_id"].as_str().unwrap();
        assert!(ids("organizations").iter().any(|id| id == organization), "{membership}");
        assert!(membership["sources"][0]["note"].is_string());
        if let Some(post) = membership["post_id"].as_str() {
            assert!(ids("posts").iter().any(|id| id == post));
        }
    }
    assert_eq!(out(&place.run(&["export", "--format", "jsonl"])).lines().count(), 3);
    assert_eq!(
        out(&place.run(&["export", "--format", "csv", "--body", "CNCF"])).lines().count(),
        4
    );
    assert_eq!(
        out(&place.run(&["export", "--format", "csv", "--body", "Nowhere"])).lines().count(),
        1
    );
}
