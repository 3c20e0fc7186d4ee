//! Words of one's own: found, ignored, checked, reloaded.

use std::path::Path;
use std::process::{Command, Output};

use crate::daemon::{Daemon, wait_until};
use crate::http::{Answer, Server};
use crate::setup::{Place, err, out, rss};

const LEXICON: &str = r#"
tiers = ["Cobalt"]

[[body]]
name = "Tessellate"
aliases = ["TSL"]

[[organisation]]
name = "Brightwater Analytics"
aliases = ["Brightwater"]

[aliases]
"OLF" = "Open Lattice Foundation"

[ignore]
names = ["Signal Weekly"]
sentences = ["as a reminder"]
"#;

const ANNOUNCEMENT: &str = r#"{"id":"1","publisher":"Business Tidings","title":"News of the week","html":"<p>Brightwater Analytics has joined Tessellate as a Cobalt member.</p><p>As a reminder, Quill Data has joined the Harbor Foundation as a Gold member.</p><p>Fernwood Labs, Signal Weekly and Ochre Systems have joined the Harbor Foundation as Silver members.</p><p>Meridian Cloud has also joined TSL, and Ochre Systems has joined OLF.</p>"}"#;

/// `gazetted detect` where no configuration is found.
fn detect(folder: &Path, arguments: &[&str]) -> Output {
    std::fs::write(folder.join("posts.jsonl"), ANNOUNCEMENT).unwrap();
    Command::new(env!("CARGO_BIN_EXE_gazetted"))
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("XDG_CONFIG_HOME")
        .args(["detect", "posts.jsonl"])
        .args(arguments)
        .output()
        .unwrap()
}

/// "subject @ body [tier]", in the order of the text.
fn facts(run: &Output) -> Vec<String> {
    assert!(run.status.success(), "{}", err(run));
    let answer: serde_json::Value = serde_json::from_str(&out(run)).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    answer["facts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| format!("{} @ {} [{}]", text(&f["subject"]), text(&f["body"]), text(&f["tier"])))
        .collect()
}

#[test]
fn own_words_find_what_was_missed_and_leave_out_what_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let without = facts(&detect(folder.path(), &[]));
    for (fact, found) in [
        ("Brightwater Analytics @ Tessellate [Cobalt]", false),
        ("Quill Data @ Harbor Foundation [Gold]", true),
        ("Signal Weekly @ Harbor Foundation [Silver]", true),
    ] {
        assert_eq!(without.iter().any(|f| f == fact), found, "{fact}: {without:#?}");
    }
    std::fs::write(folder.path().join("words.toml"), LEXICON).unwrap();
    let mut with = facts(&detect(folder.path(), &["--lexicon", "words.toml"]));
    with.sort();
    assert_eq!(
        with,
        [
            "Brightwater Analytics @ Tessellate [Cobalt]",
            "Fernwood Labs @ Harbor Foundation [Silver]",
            "Meridian Cloud @ Tessellate [-]",
            "Ochre Systems @ Harbor Foundation [Silver]",
            "Ochre Systems @ Open Lattice Foundation [-]",
        ]
    );
    // Several files together; and those of the configuration.
    std::fs::write(folder.path().join("more.toml"), "[ignore]\nnames = [\"Ochre Systems\"]")
        .unwrap();
    let both = ["--lexicon", "words.toml", "--lexicon", "more.toml"];
    assert_eq!(facts(&detect(folder.path(), &both)).len(), 3);
    let place = Place::new("https://example.org/feed", "[detect]\nlexicons = [\"words.toml\"]\n");
    std::fs::write(place.folder.path().join("words.toml"), LEXICON).unwrap();
    let config = place.config();
    let configured = facts(&detect(folder.path(), &["--config", config.to_str().unwrap()]));
    assert_eq!(configured.len(), with.len(), "{configured:#?}");
}

#[test]
fn explanations_come_as_json_and_say_what_was_ignored() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("words.toml"), LEXICON).unwrap();
    let run = detect(folder.path(), &["--lexicon=words.toml", "--explain", "--json"]);
    assert_eq!(out(&run).lines().count(), 1);
    let explanation: serde_json::Value = serde_json::from_str(&out(&run)).unwrap();
    assert_eq!(explanation["id"], "1");
    let steps = explanation["steps"].as_array().unwrap();
    for (step, listed) in
        [("match", None), ("ignored", Some("sentences")), ("ignored", Some("names"))]
    {
        let told = steps.iter().any(|s| s["step"] == step && s["listed"].as_str() == listed);
        assert!(told, "{step} {listed:?} in {steps:#?}");
    }
    assert_eq!(explanation["facts"].as_array().unwrap().len(), 5);
    assert_eq!(detect(folder.path(), &["--json"]).status.code(), Some(2));
}

#[test]
fn problems_of_all_files_are_told_at_once_with_file_line_and_field() {
    let place = Place::new(
        "https://example.org/feed",
        "[detect]\nlexicons = [\"words.toml\", \"missing.toml\"]\n[fetch2]\n",
    );
    let wrong = "tier = [\"Cobalt\"]\n[[body]]\nname = \"\"\n[[organisation]]\nname = \"Quill Data\"\naliases = [\"Quill Data\"]\n";
    std::fs::write(place.folder.path().join("words.toml"), wrong).unwrap();
    let run = place.run(&["check"]);
    assert_eq!(run.status.code(), Some(78));
    let shown = err(&run);
    for part in [
        "gazetted.toml:21:27: the lexicon ",
        "missing.toml cannot be read: No such file",
        "gazetted.toml:22:2: unknown key `fetch2`",
        "words.toml:1:1: unknown key `tier` in a lexicon",
        "did you mean `tiers`?",
        "words.toml:3:8: `name` in [[body]] has an empty word",
        "words.toml:6:12: `aliases` in [[organisation]] has `Quill Data`, the name itself",
        "5 problems in ",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    let missing = detect(place.folder.path(), &["--lexicon", "nowhere.toml"]);
    assert_eq!(missing.status.code(), Some(78));
    assert!(
        err(&missing).contains("nowhere.toml:1:1: the file cannot be read"),
        "{}",
        err(&missing)
    );
}

#[test]
fn check_says_how_many_words_each_file_adds() {
    let place = Place::new("https://example.org/feed", "[detect]\nlexicons = \"words.toml\"\n");
    std::fs::write(place.folder.path().join("words.toml"), LEXICON).unwrap();
    let shown = out(&place.run(&["check"]));
    assert!(shown.contains("words.toml: 8 words (2 names of bodies, 2 names of organ"), "{shown}");
}

#[test]
fn a_reload_takes_a_changed_lexicon_and_keeps_the_old_one_where_the_new_is_wrong() {
    // The same words would be the same news, under the name that they were first read with.
    let server = Server::start();
    for (feed, text) in [
        ("/feed", "Meridian Cloud has joined TSL as a Gold member."),
        ("/second", "Quill Data has joined TSL as a Silver member."),
    ] {
        server.set(feed, Answer::ok(rss(&[(feed, "News", text)])));
    }
    let place = Place::new(&server.url("/feed"), "[detect]\nlexicons = [\"words.toml\"]\n");
    let words = place.folder.path().join("words.toml");
    std::fs::write(&words, "").unwrap();
    let found = || out(&place.run(&["facts"])).contains("Tessellate");
    let mut daemon = Daemon::start(&place);
    daemon.wait_for("READY=1");
    daemon.wait_for("STATUS=1 feeds, 0 failing");
    assert!(!found(), "nothing is known of Tessellate yet");
    std::fs::write(&words, "[[body]]\nnme = \"Tessellate\"\n").unwrap();
    daemon.signal("HUP");
    daemon.wait_for("STATUS=running with the old configuration");
    let config = std::fs::read_to_string(place.config()).unwrap();
    let second =
        format!("{config}[[feed]]\nname = \"second\"\nurl = \"{}\"\n", server.url("/second"));
    std::fs::write(place.config(), second).unwrap();
    std::fs::write(&words, LEXICON).unwrap();
    daemon.signal("HUP");
    daemon.wait_for("READY=1");
    wait_until("the words are used", found);
    daemon.stop();
}
