//! Trouble with feeds reaches the operator: once when it begins, once when it is over.

use crate::http::{Answer, Server};
use crate::setup::{JOINS, Place, out, rss};

/// A feed that gives an answer, an operator, one digest.
fn place(server: &Server, operator: &str) -> Place {
    let place = Place::new(&server.url("/feed"), "");
    let text = std::fs::read_to_string(place.config()).unwrap();
    let text = text.replace("[mail]\n", &format!("[mail]\noperator = \"{operator}\"\n"));
    std::fs::write(place.config(), text).unwrap();
    place
}

fn database(place: &Place, sql: &str) {
    rusqlite::Connection::open(place.folder.path().join("g.db"))
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

/// The messages since the last look, as (recipient, does it speak of health).
fn new_mail(place: &Place) -> Vec<(String, bool)> {
    let mut found: Vec<(String, bool)> = place
        .messages()
        .iter()
        .map(|bytes| {
            let message = mail_parser::MessageParser::default().parse(bytes).unwrap();
            let to = message.to().unwrap().first().unwrap().address().unwrap().to_owned();
            (to, message.body_text(0).unwrap().contains("FEED HEALTH"))
        })
        .collect();
    found.sort();
    let _ = std::fs::remove_dir_all(place.folder.path().join("outbox"));
    found
}

#[test]
fn trouble_is_told_once_when_it_begins_and_once_when_it_is_over() {
    let server = Server::start();
    server.set("/feed", Answer::status(500));
    let place = place(&server, "ops@example.org");
    place.run(&["once"]);
    assert_eq!(new_mail(&place), [], "an outage of a minute");
    database(&place, "UPDATE feed SET failing_since = failing_since - 4 * 86400");
    place.run(&["once"]);
    assert_eq!(new_mail(&place), [("ops@example.org".to_owned(), true)]);
    place.run(&["once"]);
    assert_eq!(new_mail(&place), [], "told once");
    assert!(out(&place.run(&["status"])).contains("! lattice fails since"));
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    place.run(&["once"]);
    let told = [("ops@example.org".to_owned(), true), ("reader@example.org".to_owned(), false)];
    assert_eq!(new_mail(&place), told, "it is over, and the news is for the reader");
    place.run(&["once"]);
    assert_eq!(new_mail(&place), []);
    assert!(out(&place.run(&["status"])).contains("mail: 0 waiting, 0 refused"));
}

#[test]
fn an_operator_who_reads_the_digest_finds_the_health_in_it() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = place(&server, "reader@example.org");
    place.run(&["poll"]);
    database(&place, "UPDATE feed SET address = 'https://new.example/feed'");
    place.run(&["digest"]);
    server.set("/feed", Answer::status(503));
    place.run(&["once"]);
    let messages = place.messages();
    assert_eq!(messages.len(), 1);
    let message = mail_parser::MessageParser::default().parse(&messages[0]).unwrap();
    let text = message.body_text(0).unwrap();
    assert!(text.contains("Meridian Cloud joined"), "{text}");
    assert!(text.contains("write url = \"https://new.example/feed\""), "{text}");
    assert!(message.body_html(0).unwrap().contains("Feed health"));
}
