//! The rules of dependency, read off the source: docs/ARCHITECTURE.md has the same table.

use std::path::{Path, PathBuf};

/// Module, what it may import of ours, which crates it alone (with others so listed) may name.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("schedule", &["model"]),
    ("text", &["model"]),
    ("feed", &["model", "text"]),
    ("opml", &["model"]),
    ("typed", &[]),
    ("detect", &["model", "text", "typed"]),
    ("ledger", &["model"]),
    ("digest", &["model"]),
    ("outbox", &["model"]),
    ("poll", &["model", "schedule", "feed", "text", "detect", "ledger", "fetch"]),
    ("health", &["model"]),
    ("politeness", &["model"]),
    ("eval", &["model", "text"]),
    ("roster", &["model", "detect"]),
    ("config", &["model", "schedule", "typed", "detect"]),
    ("fetch", &["model"]),
    ("crash", &[]),
    ("store", &["model", "ledger", "outbox", "health", "crash"]),
    ("mail", &["model", "outbox", "crash"]),
    (
        "daemon",
        &[
            "model", "schedule", "feed", "text", "detect", "ledger", "digest", "outbox", "poll",
            "health", "config", "crash", "fetch", "store", "mail",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "schedule",
            "feed",
            "opml",
            "text",
            "detect",
            "ledger",
            "digest",
            "outbox",
            "poll",
            "health",
            "politeness",
            "eval",
            "roster",
            "config",
            "fetch",
            "store",
            "mail",
            "daemon",
        ],
    ),
];

/// A crate, and the modules that may name it.
const CRATES: &[(&str, &[&str])] = &[
    ("cron", &["schedule"]),
    ("feed_rs", &["feed"]),
    ("html5gum", &["text"]),
    ("quick_xml", &["opml"]),
    ("reqwest", &["fetch"]),
    ("rusqlite", &["store"]),
    ("lettre", &["mail"]),
    ("ring", &["mail"]),
    ("askama", &["digest"]),
    ("toml", &["typed", "config", "detect"]),
    ("toml_edit", &["config"]),
    ("clap", &["cli"]),
    ("sd_notify", &["daemon"]),
    ("anyhow", &["cli", "daemon"]),
];

const PURE: &[&str] = &[
    "model",
    "schedule",
    "typed",
    "text",
    "feed",
    "opml",
    "detect",
    "ledger",
    "digest",
    "outbox",
    "poll",
    "health",
    "politeness",
    "eval",
    "roster",
];
const IMPURE_WORDS: &[&str] = &[
    "tokio::",
    "tracing::",
    "std::fs",
    "std::env::",
    "std::net",
    "SystemTime",
    "Utc::now",
    "Instant::now",
    "async fn",
    "rand::",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file: comments and its tests left out.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let text = text.split("#[cfg(test)]\npub(super) mod tests").next().unwrap_or_default();
    text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::"))
        .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
}

#[test]
fn modules_import_only_what_stands_above_their_use() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&root).unwrap().display().to_string();
        let module = relative.split(['/', '.']).next().unwrap_or_default().to_owned();
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(m, _)| *m == module) else {
            wrong.push(format!("{relative}: the module is not in the table"));
            continue;
        };
        let code = code(&file);
        for (other, _) in LAYERS {
            if *other != module
                && !allowed.contains(other)
                && code.contains(&format!("crate::{other}::"))
            {
                wrong.push(format!("{relative} imports {other}"));
            }
        }
        for (name, users) in CRATES {
            if !users.contains(&module.as_str()) && names_crate(&code, name) {
                wrong.push(format!("{relative} names {name}"));
            }
        }
        if PURE.contains(&module.as_str()) {
            for word in IMPURE_WORDS.iter().filter(|w| code.contains(**w)) {
                wrong.push(format!("{relative} is pure and names {word}"));
            }
        }
        if code.contains("super::super") {
            wrong.push(format!("{relative} climbs with super::super"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
