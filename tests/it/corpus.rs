//! The labelled corpus, where it lies beside the repository. Says so when it does not.

use std::path::PathBuf;
use std::process::Command;

fn corpus() -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if path.join("dev/docs.jsonl").exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: there is no corpus at {}", path.display());
    None
}

/// The floor that issue 3 sets; docs/DETECTION.md has the figures.
#[test]
fn detection_keeps_its_floor_on_the_corpus() {
    let Some(corpus) = corpus() else { return };
    let docs = corpus.join("dev/docs.jsonl");
    let run =
        || Command::new(env!("CARGO_BIN_EXE_gazetted")).arg("detect").arg(&docs).output().unwrap();
    let detected = run();
    assert!(detected.status.success());
    assert_eq!(detected.stdout, run().stdout, "two runs differ");
    let folder = tempfile::tempdir().unwrap();
    let predictions = folder.path().join("predictions.jsonl");
    std::fs::write(&predictions, &detected.stdout).unwrap();
    let scored = Command::new("python3")
        .arg(corpus.join("score.py"))
        .arg(corpus.join("dev/gold.jsonl"))
        .arg("--docs")
        .arg(&docs)
        .arg("--pred")
        .arg(&predictions)
        .arg("--json")
        .output();
    let Ok(scored) = scored else {
        eprintln!("SKIPPED: python3 is not on this machine");
        return;
    };
    let figures: serde_json::Value = serde_json::from_slice(&scored.stdout).unwrap();
    let figure = |of: &str, name: &str| figures[of][name].as_f64().unwrap();
    assert!(figure("core", "f1") >= 0.88, "{figures}");
    assert!(figure("core", "precision") >= 0.92, "{figures}");
    assert!(figure("full", "f1") >= 0.80, "{figures}");
    assert!(figure("document", "f1") >= 0.95, "{figures}");
    assert_eq!(figures["quoted"].as_f64(), Some(1.0), "{figures}");
}
