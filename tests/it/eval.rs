//! `gazetted eval` against the corpus's own scorer, and how it speaks of what it cannot read.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn gazetted(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gazetted")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Where every number of the left stands on the right with another value.
fn differences(at: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    match theirs {
        Value::Object(fields) => {
            for (name, value) in fields {
                differences(&format!("{at}/{name}"), &ours[name], value, found);
            }
            let extra = ours.as_object().map_or(0, serde_json::Map::len);
            // At the top `reliability` and `by_rule` are ours alone.
            if extra != fields.len() + if at.is_empty() { 2 } else { 0 } {
                found.push(format!("{at}: {extra} keys, score.py has {}", fields.len()));
            }
        }
        _ => match (ours.as_f64(), theirs.as_f64()) {
            (Some(a), Some(b)) if (a - b).abs() < 0.0005 => {}
            _ => found.push(format!("{at}: {ours}, score.py says {theirs}")),
        },
    }
}

#[test]
fn the_figures_are_those_of_the_corpus_scorer() {
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let (gold, docs) = (corpus.join("dev/gold.jsonl"), corpus.join("dev/docs.jsonl"));
    if !docs.exists() {
        eprintln!("SKIPPED: there is no corpus at {}", corpus.display());
        return;
    }
    let (gold, docs) = (gold.to_str().unwrap(), docs.to_str().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let predictions = folder.path().join("predictions.jsonl");
    std::fs::write(&predictions, gazetted(&["detect", docs]).stdout).unwrap();
    let predictions = predictions.to_str().unwrap();
    for by in ["source", "kind"] {
        let scorer = Command::new("python3")
            .arg(corpus.join("score.py"))
            .args([gold, "--docs", docs, "--pred", predictions, "--by", by, "--json"])
            .output();
        let Ok(scorer) = scorer else {
            eprintln!("SKIPPED: python3 is not on this machine");
            return;
        };
        let theirs: Value = serde_json::from_slice(&scorer.stdout).unwrap();
        // Detecting itself once, and from the file once.
        let ours = match by {
            "source" => gazetted(&["eval", gold, "--by", by, "--json"]),
            _ => gazetted(&["eval", gold, "--pred", predictions, "--by", by, "--json"]),
        };
        assert!(ours.status.success(), "{}", text(&ours.stderr));
        let ours: Value = serde_json::from_slice(&ours.stdout).unwrap();
        let mut found = Vec::new();
        differences("", &ours, &theirs, &mut found);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

const DOCS: &str = r#"{"id":"herald/1","publisher":"Harbor Foundation","title":"Meridian Cloud joins","html":"<p>Today Meridian Cloud joined the Harbor Foundation as a Silver member.</p>"}
"#;
const GOLD: &str = r#"{"id":"herald/1","facts":[{"kind":"membership","action":"joined","subject":"Meridian Cloud","body":"Harbor Foundation","tier":"Silver"}]}
"#;

fn corpus_of(folder: &Path, gold: &str, docs: Option<&str>) -> String {
    let path = folder.join("gold.jsonl");
    std::fs::write(&path, gold).unwrap();
    if let Some(docs) = docs {
        std::fs::write(folder.join("docs.jsonl"), docs).unwrap();
    }
    path.to_str().unwrap().to_owned()
}

#[test]
fn documents_beside_the_gold_are_found_and_figures_printed() {
    let folder = tempfile::tempdir().unwrap();
    let gold = corpus_of(folder.path(), GOLD, Some(DOCS));
    let out = gazetted(&["eval", &gold, "--by", "rule"]);
    let shown = text(&out.stdout);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    for line in [
        "core      precision 1.000  recall 1.000  F1 1.000   (tp 1, fp 0, fn 0)\n",
        "slots     membership.action 1.00  membership.tier 1.00\n",
        "quoted    1.000\n",
        " P 1.000 (right 1, wrong 0, optional 0, count 1)\n",
        "reliable  0.5-0.6  facts    ",
    ] {
        assert!(shown.contains(line), "{line} is not in:\n{shown}");
    }
}

#[test]
fn a_line_that_is_none_is_told_and_the_others_are_scored() {
    let folder = tempfile::tempdir().unwrap();
    let nameless = r#"{"id":"herald/2","facts":[{"kind":"membership","action":"joined"}]}"#;
    let absent = r#"{"id":"herald/3","facts":[]}"#;
    let gold =
        corpus_of(folder.path(), &format!("{GOLD}\nnot json\n{nameless}\n{absent}\n"), Some(DOCS));
    let out = gazetted(&["eval", &gold]);
    let told = text(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{told}");
    assert!(text(&out.stdout).contains("(tp 1, fp 0, fn 0)"));
    for words in [
        "gold.jsonl, line 3: this is no labelled document",
        "gold.jsonl, line 4: this is no labelled document: a fact has no subject",
        r#"expected {"id": "…", "facts": ["#,
        "note: 1 of 2 labelled documents have no document in",
        "herald/3",
        "2 lines could not be read",
    ] {
        assert!(told.contains(words), "{words} is not in:\n{told}");
    }
}

#[test]
fn files_that_are_not_there_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let out = gazetted(&["eval", "/nonexistent/gold.jsonl"]);
    assert_eq!(out.status.code(), Some(74));
    assert!(text(&out.stderr).contains("/nonexistent/gold.jsonl cannot be read"));
    let gold = corpus_of(folder.path(), GOLD, None);
    let out = gazetted(&["eval", &gold]);
    assert_eq!(out.status.code(), Some(74));
    assert!(text(&out.stderr).contains("--docs FILE"), "{}", text(&out.stderr));
    // With predictions the documents may be absent: then there is no figure of quoting.
    let predictions = folder.path().join("predictions.jsonl");
    std::fs::write(&predictions, r#"{"id":"herald/1","facts":[]}"#).unwrap();
    let out = gazetted(&["eval", &gold, "--pred", predictions.to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(!text(&out.stdout).contains("quoted"));
}
