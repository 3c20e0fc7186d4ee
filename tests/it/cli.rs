//! The command line: what goes where, and with which exit code.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::http::{Answer, Server};
use crate::setup::{JOINS, Place, err, gazetted, out, rss};

#[test]
fn ten_mistakes_in_a_configuration_give_ten_errors_and_exit_78() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.toml");
    std::fs::write(
        &path,
        "[stor]\npath = \"x\"\n[defaults]\nschedule = \"1 2 3\"\ntimezone = \"Mars\"\nbackfill = 3\n[fetch]\ntimeout = \"1 year\"\nconcurrency = 0\n[mail]\nfrom = \"nobody\"\ntransport = \"pigeon\"\n\
         [[feed]]\nname = \"a\"\nurl = \"gopher://example.org\"\n[[digest]]\nname = \"d\"\nto = [\"reader@example.org\"]\nmin_confidence = 2.0\n",
    )
    .unwrap();
    let run = gazetted(&path, &["check"]);
    assert_eq!(run.status.code(), Some(78));
    let shown = err(&run);
    assert!(shown.contains("10 problems in"), "{shown}");
    assert_eq!(shown.matches("= help:").count(), 10, "{shown}");
    for place in [
        "wrong.toml:1:",
        ":4:12:",
        ":5:12:",
        ":6:12:",
        ":8:11:",
        ":9:15:",
        ":11:8:",
        ":12:13:",
        ":15:7:",
        ":19:18:",
    ] {
        assert!(shown.contains(place), "{place} is missing in\n{shown}");
    }
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let missing = std::path::Path::new("/nonexistent/gazetted.toml");
    assert_eq!(gazetted(missing, &["check"]).status.code(), Some(78));
    assert_eq!(gazetted(missing, &["dance"]).status.code(), Some(2));
    let place = Place::new("file:missing.xml", "");
    assert_eq!(place.run(&["poll"]).status.code(), Some(3));
    assert_eq!(place.run(&["poll", "nobody"]).status.code(), Some(1));
    assert_eq!(place.run(&["detect", "/nonexistent.jsonl"]).status.code(), Some(74));
}

#[test]
fn the_configuration_may_be_named_behind_the_command_too() {
    let place = Place::new("https://example.org/feed", "");
    let config = place.config();
    let run = Command::new(env!("CARGO_BIN_EXE_gazetted"))
        .args(["check", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    assert!(run.status.success());
    assert!(out(&run).contains("digest \"Boards\" on \"0 7 * * *\""), "{}", out(&run));
}

#[test]
fn facts_come_as_a_table_as_json_and_as_csv() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/feed"), "");
    place.run(&["poll"]);
    assert!(
        out(&place.run(&["facts"])).contains("Meridian Cloud  Open Lattice Foundation  Platinum")
    );
    let json: serde_json::Value =
        serde_json::from_str(&out(&place.run(&["facts", "--json"]))).unwrap();
    assert_eq!(json["sources"][0]["feed"], "lattice");
    let csv = out(&place.run(&["facts", "--csv"]));
    assert!(csv.starts_with("first_seen,kind,action,subject,body,tier"), "{csv}");
    for (filter, found) in [
        ("--body=the open lattice foundation", true),
        ("--subject=Quill Data", false),
        ("--kind=appointment", false),
        ("--feed=lattice", true),
        ("--since=2999-01-01", false),
    ] {
        assert_eq!(out(&place.run(&["facts", filter])).contains("Meridian"), found, "{filter}");
    }
}

#[test]
fn a_preview_stores_and_sends_nothing() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/feed"), "");
    place.run(&["poll"]);
    for (form, part) in
        [("text", "OPEN LATTICE FOUNDATION"), ("html", "<h2"), ("eml", "Message-ID:")]
    {
        assert!(out(&place.run(&["digest", "--preview", form])).contains(part), "{form}");
    }
    assert!(place.messages().is_empty());
    assert!(out(&place.run(&["once"])).contains("Meridian"), "the news still waits for its digest");
}

fn detect(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gazetted"))
        .arg("detect")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), out(&output), err(&output))
}

#[test]
fn detect_answers_line_by_line_and_goes_on_behind_a_bad_line() {
    let good = r#"{"id":"1","publisher":"Open Lattice Foundation","title":"News","html":"<p>Meridian Cloud has joined the Open Lattice Foundation as a Platinum member."}"#;
    let (code, stdout, stderr) =
        detect(&[], &format!("{good}\nnot json\n\n{}\n", good.replace("\"1\"", "\"2\"")));
    assert_eq!(code, Some(1));
    assert!(stderr.contains("line 2:"), "{stderr}");
    let lines: Vec<serde_json::Value> =
        stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    let fact = &lines[0]["facts"][0];
    assert_eq!(
        (fact["kind"].as_str(), fact["action"].as_str(), fact["tier"].as_str()),
        (Some("membership"), Some("joined"), Some("Platinum"))
    );
    assert!(fact["evidence"].as_str().unwrap().contains("Meridian Cloud has joined"));
    let (_, explained, _) = detect(&["--explain"], good);
    assert!(explained.contains("gate       passed"), "{explained}");
}

#[test]
fn detect_reads_pages_and_feeds() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    std::fs::write(&page, "<html><title>News</title><article><p>Meridian Cloud has joined the Harbor Foundation as a Gold member.</article>").unwrap();
    let feed = folder.path().join("feed.xml");
    std::fs::write(&feed, rss(&[JOINS])).unwrap();
    for (path, body) in [(page, "Harbor Foundation"), (feed, "Open Lattice Foundation")] {
        let (code, stdout, _) = detect(&[path.to_str().unwrap()], "");
        assert_eq!(code, Some(0));
        assert!(stdout.contains(body), "{stdout}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let run = Command::new("sh")
        .arg("-c")
        .arg(format!("{} feeds --catalogue | head -1", env!("CARGO_BIN_EXE_gazetted")))
        .output()
        .unwrap();
    assert!(err(&run).is_empty(), "{}", err(&run));
}

#[test]
fn a_second_writer_is_refused_with_75() {
    let server = Server::start();
    server.set(
        "/feed",
        Answer { delay: std::time::Duration::from_millis(1500), ..Answer::ok(rss(&[JOINS])) },
    );
    let place = Place::new(&server.url("/feed"), "");
    let mut first = Command::new(env!("CARGO_BIN_EXE_gazetted"))
        .arg("--config")
        .arg(place.config())
        .arg("poll")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while server.requests("/feed").is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let second = place.run(&["poll"]);
    assert_eq!(second.status.code(), Some(75));
    assert!(err(&second).contains(&format!("(process {})", first.id())), "{}", err(&second));
    assert!(first.wait().unwrap().success());
}
