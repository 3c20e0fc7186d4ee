//! Bytes to entries, entries to text, text to facts: whatever the bytes are, nothing panics, hangs
//! or grows, and what comes out keeps its promises.
//!
//! ```text
//! fuzz/run 600
//! ```

#![no_main]
#![allow(dead_code, unused_imports, reason = "the modules are compiled as they stand, and not all of each is used")]

#[path = "../../src/detect/mod.rs"]
mod detect;
#[path = "../../src/feed/mod.rs"]
mod feed;
#[path = "../../src/model/mod.rs"]
mod model;
#[path = "../../src/text/mod.rs"]
mod text;
#[path = "../../src/typed.rs"]
mod typed;

use std::collections::HashSet;
use std::sync::Once;

use libfuzzer_sys::fuzz_target;

use detect::Grammar;
use model::{Article, Entry};

const BASE: &str = "https://example.org/feed.xml";
/// More entries of one input teach nothing new.
const ENTRIES_MAX: usize = 4;

fuzz_target!(|bytes: &[u8]| {
    static HOOK: Once = Once::new();
    HOOK.call_once(let_contained_panics_pass);
    let entries = match feed::parse(bytes, None, BASE) {
        Ok(parsed) => {
            let again = feed::parse(bytes, None, BASE);
            assert_eq!(again.as_ref(), Ok(&parsed), "parsing is a function");
            promises(&parsed.entries);
            parsed.entries
        }
        Err(_) => Vec::new(),
    };
    for entry in entries.into_iter().take(ENTRIES_MAX) {
        facts(entry.title, entry.html);
    }
    // The same bytes as an entry's page.
    let page = feed::decode_page(bytes, None);
    facts(String::new(), text::article_html(&page, ""));
});

/// feed-rs and quick-xml panic on some documents; `feed::strict` contains that, and it is no
/// finding. libFuzzer's own hook would end the run on every panic.
fn let_contained_panics_pass() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let place = info.location().map_or("", |location| location.file());
        if !place.contains("feed-rs") && !place.contains("quick-xml") {
            abort(info);
        }
    }));
}

fn promises(entries: &[Entry]) {
    assert!(entries.len() <= feed::ENTRIES_MAX);
    let mut keys = HashSet::new();
    for entry in entries {
        assert!(keys.insert(&entry.key), "two entries are one: {:?}", entry.key);
        assert!(!entry.title.contains(char::is_control), "a title of more than one line");
        assert!(entry.title.trim() == entry.title);
        for link in &entry.link {
            assert!(["http://", "https://", "file://"].iter().any(|s| link.starts_with(s)), "{link}");
        }
    }
}

fn facts(title: String, html: String) {
    let article = Article {
        id: String::new(),
        publisher: "Open Lattice Foundation".to_owned(),
        title,
        published: Some("2026-03-04".to_owned()),
        author: Some("Priya Raman".to_owned()),
        url: None,
        html,
    };
    for fact in detect::detect(&article, Grammar::built_in()) {
        assert!((0.0..=1.0).contains(&fact.confidence));
        assert!(!fact.evidence.quote.is_empty(), "a fact without evidence");
    }
}
