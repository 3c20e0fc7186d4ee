//! How fast the article of a fetched page is found: `cargo bench --bench article`. One page at
//! growing lengths, whose times must grow with it, and pages that are made to be slow.

use divan::Bencher;
use divan::counter::BytesCount;
use gazetted::text::article_html;

fn main() {
    divan::main();
}

const BLOCK: &str = "<section class=\"wp-block section-related-not\"><h2>News</h2><p>Meridian Cloud has \
    <a href=\"/m\">joined</a> the Open Lattice Foundation.</p><ul><li>Priya Raman<li>Jonas Weber</ul></section>";

fn page(bytes: usize) -> String {
    let text = BLOCK.repeat(bytes / BLOCK.len());
    format!(
        "<title>News | Lattice</title><nav><a href=/>Home</a></nav><main><article><h1>News</h1>\
         {text}</article></main><footer>f</footer>"
    )
}

#[divan::bench(args = [10_000, 100_000, 1_000_000])]
fn growing(bencher: Bencher, bytes: usize) {
    let page = page(bytes);
    bencher.counter(BytesCount::of_str(&page)).bench(|| article_html(&page, "News"));
}

#[divan::bench(args = ["<div>", "<b><p>", "<h2>Related posts", "<table><td>", "<article class=prose>a", "<p class='a b c d e f'>", "</i>"])]
fn hostile(bencher: Bencher, part: &str) {
    let page = part.repeat(2_000_000 / part.len());
    bencher.counter(BytesCount::of_str(&page)).bench(|| article_html(&page, "Related posts"));
}
