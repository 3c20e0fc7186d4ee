//! How fast detection reads: `cargo bench`. The corpus where it stands beside the clone, else a post
//! of our own; one post at growing lengths; and texts that are made to be slow, of which none may
//! take two seconds.

use divan::Bencher;
use divan::counter::BytesCount;
use gazetted::detect::{Grammar, detect};
use gazetted::model::Article;
use gazetted::text::{Cased, Sentences};
use sha2::{Digest, Sha256};

fn main() {
    divan::main();
}

const POST: &str = "<h2>News from the board</h2><p>Today Meridian Cloud and Quill Data joined the \
    Harbor Foundation as Silver members, and Priya Raman was elected Chair of the Governing \
    Board.</p><p>The parser is twice as fast as before, thanks to a new cache that keeps what it has \
    read, and the handbook has a chapter about it.</p><ul><li>Jonas Weber (Granite Bank)</li></ul>";

fn article(html: String) -> Article {
    Article {
        id: "bench".into(),
        publisher: "Harbor Foundation".into(),
        title: "New members and a new board".into(),
        published: Some("2026-11-20".into()),
        author: None,
        url: None,
        html,
    }
}

fn corpus() -> Vec<Article> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus/dev/docs.jsonl");
    match std::fs::read_to_string(path) {
        Ok(lines) => lines.lines().filter_map(|l| serde_json::from_str(l).ok()).collect(),
        Err(_) => vec![article(POST.repeat(20))],
    }
}

/// The labelled corpus, HTML to facts.
#[divan::bench(min_time = 2)]
fn corpus_documents(bencher: Bencher) {
    let (documents, grammar) = (corpus(), Grammar::built_in());
    let bytes: usize = documents.iter().map(|a| a.html.len()).sum();
    bencher
        .counter(BytesCount::new(bytes))
        .bench_local(|| documents.iter().map(|a| detect(a, grammar).len()).sum::<usize>());
}

/// How fast this machine is just now: SHA-256 of a megabyte. Machines differ by much, and one machine
/// by the hour; so a figure of another machine is compared by its ratio to this one there.
#[divan::bench(min_time = 2)]
fn yardstick(bencher: Bencher) {
    let bytes = vec![b'g'; 1024 * 1024];
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| Sha256::digest(&bytes));
}

/// The same documents, HTML to sentences: what the rest is to be compared with.
#[divan::bench(min_time = 2)]
fn corpus_sentences(bencher: Bencher) {
    let documents = corpus();
    let bytes: usize = documents.iter().map(|a| a.html.len()).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        let split = |a: &Article| {
            let blocks = gazetted::text::blocks(&a.title, &a.html);
            let cased: Vec<Cased> = blocks.iter().map(|b| Cased::of(&b.text)).collect();
            Sentences::of(&cased, a.html.len()).len()
        };
        documents.iter().map(split).sum::<usize>()
    });
}

/// One post, as often as makes so many kilobytes: the throughput should stay.
#[divan::bench(args = [4, 64, 256, 1024], sample_count = 10)]
fn length_in_kilobytes(bencher: Bencher, kilobytes: usize) {
    let document = article(POST.repeat(kilobytes * 1024 / POST.len()));
    bencher
        .counter(BytesCount::new(document.html.len()))
        .bench_local(|| detect(&document, Grammar::built_in()).len());
}

/// Texts that are made to be slow, five megabytes and more.
#[divan::bench(args = ["nesting", "items", "people", "sentence", "word", "names", "brackets"], sample_count = 3)]
fn hostile(bencher: Bencher, kind: &str) {
    let document = article(match kind {
        "nesting" => format!("{}we join{}", "<div>".repeat(500_000), "</div>".repeat(500_000)),
        "items" => format!("<p>New members:</p><ul>{}", "<li>Quill Data".repeat(400_000)),
        "people" => "<p>Priya Raman was elected to the board.".repeat(140_000),
        "sentence" => "Priya Raman and Tom Okafor join the board and welcome, ".repeat(95_000),
        "word" => format!("joins {}", "x".repeat(5_000_000)),
        "names" => format!("<p>new members: {}", "Quill Data, ".repeat(400_000)),
        _ => format!("Priya Raman {} joins the board", "(".repeat(5_000_000)),
    });
    bencher
        .counter(BytesCount::new(document.html.len()))
        .bench_local(|| detect(&document, Grammar::built_in()).len());
}
