//! How fast feeds are parsed, beside feed-rs alone, and what hostile documents cost.
//!
//! ```text
//! cargo run --release --example feed_speed
//! ```

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use gazetted::feed;

const BASE: &str = "https://example.org/feed.xml";
/// About as large as the feed of a busy blog.
const FEED_BYTES: usize = 200_000;
const HOSTILE_BYTES: usize = 5 * 1024 * 1024;

fn main() {
    println!("{:<28}{:>10}{:>12}{:>12}", "feed of 200 kB", "ms", "MB/s", "feed-rs");
    for (name, text) in [
        ("RSS 2.0, CDATA", rss(|html| format!("<![CDATA[{html}]]>"))),
        ("RSS 2.0, escaped", rss(|html| html.replace('&', "&amp;").replace('<', "&lt;"))),
        ("Atom", atom()),
        (
            "RSS 2.0, a bare ampersand",
            rss(|html| format!("<![CDATA[{html}]]>")).replacen("Post", "R & D", 1),
        ),
        (
            "RSS 2.0, no dates",
            rss(|html| format!("<![CDATA[{html}]]>")).replace("pubDate", "x:date"),
        ),
    ] {
        let ours = best(|| feed::parse(text.as_bytes(), None, BASE).map_or(0, |f| f.entries.len()));
        let theirs = best(|| {
            let parser =
                feed_rs::parser::Builder::new().base_uri(Some(BASE)).sanitize_content(false);
            parser.build().parse(text.as_bytes()).map_or(0, |f| f.entries.len())
        });
        let rate = |time: Duration| text.len() as f64 / 1e6 / time.as_secs_f64();
        let ms = ours.as_secs_f64() * 1e3;
        println!("{name:<28}{ms:>10.2}{:>12.0}{:>12.0}", rate(ours), rate(theirs));
    }
    println!("\n{:<28}{:>10}{:>12}", "hostile, 5 MB", "ms", "entries");
    for (name, text) in hostile() {
        let begun = Instant::now();
        let entries = feed::parse(text.as_bytes(), None, BASE).map_or(0, |f| f.entries.len());
        println!("{name:<28}{:>10.0}{entries:>12}", begun.elapsed().as_secs_f64() * 1e3);
    }
}

/// The quickest of many runs: what the machine can do when nobody else uses it.
fn best(run: impl Fn() -> usize) -> Duration {
    let times = (0..60).map(|_| {
        let begun = Instant::now();
        std::hint::black_box(run());
        begun.elapsed()
    });
    times.min().unwrap_or_default()
}

fn body(number: usize) -> String {
    let sentence = "<p>Quill Data has joined the <a href=\"https://example.org/?a=1&amp;b=2\">Open Lattice Foundation</a> as a Gold member, &quot;a great step&quot; for all.</p>\n";
    sentence.repeat(8 + number % 20)
}

fn rss(wrap: impl Fn(&str) -> String) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>Made up</title><link>https://example.org/</link><description>d</description>\n".to_owned();
    for number in 0.. {
        if text.len() >= FEED_BYTES {
            break;
        }
        let html = wrap(&body(number));
        let _ = writeln!(
            text,
            "<item><title>Post {number}</title><link>https://example.org/{number}</link><guid isPermaLink=\"false\">{number}</guid><dc:creator>Priya Raman</dc:creator><pubDate>Wed, 04 Mar 2026 05:06:07 GMT</pubDate><category>News</category><description>Short</description><content:encoded>{html}</content:encoded></item>"
        );
    }
    text + "</channel></rss>"
}

fn atom() -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Made up</title><id>x</id><link href=\"https://example.org/\"/><updated>2026-03-04T05:06:07Z</updated>\n".to_owned();
    for number in 0.. {
        if text.len() >= FEED_BYTES {
            break;
        }
        let html = body(number).replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            text,
            "<entry><title>Post {number}</title><id>{number}</id><link href=\"https://example.org/{number}\"/><author><name>Priya Raman</name></author><updated>2026-03-04T05:06:07Z</updated><content type=\"html\">{html}</content></entry>"
        );
    }
    text + "</feed>"
}

fn hostile() -> Vec<(&'static str, String)> {
    let flood = |unit: &str| unit.repeat(HOSTILE_BYTES / unit.len());
    let rss = |items: String| {
        format!("<rss version=\"2.0\"><channel><title>T</title>{items}</channel></rss>")
    };
    let item = "<item><title>A</title></item>";
    vec![
        ("nested elements", rss(format!("<item><description>{}", flood("<div>")))),
        ("nested, none of an entry", rss(flood("<div>") + item)),
        (
            "end tags of nothing",
            rss("<x>".repeat(HOSTILE_BYTES / 8) + &"</y>".repeat(HOSTILE_BYTES / 8) + item),
        ),
        (
            "100,000 items",
            rss("<item><title>A</title><guid>x</guid><link>/a</link></item>".repeat(100_000)),
        ),
        ("empty items", rss(flood("<item/>"))),
        ("references", rss(format!("<item><description>{}", flood("&lt;")))),
        ("named references", rss(format!("<item><description>{}", flood("&rsquo;")))),
        ("bare ampersands", rss(format!("<item><description>{}", flood("&")))),
        ("in titles", rss(format!("<item><title>{}", flood("&lt;b&gt;&amp;eacute;")))),
        ("comments without end", rss(flood("<!-- ") + item)),
        ("quotes without end", rss(flood("<a b=\"") + item)),
        ("angles", rss(flood("<") + item)),
        ("attributes", rss(format!("<item {}/>", flood("a='b' ")))),
        (
            "declared prefixes",
            rss(format!(
                "<item {}/>",
                (0..250_000).map(|n| format!("xmlns:p{n}='u' ")).collect::<String>()
            )),
        ),
        ("bases", rss(flood("<a xml:base='b/'>") + item)),
        ("JSON items", format!("{{\"items\":[{}{{}}]}}", flood("{\"title\":\"A\"},"))),
        ("JSON, torn", format!("{{\"items\":[{}", flood("{\"title\":\"A\"},"))),
        ("JSON, nested", flood("{\"a\":[")),
    ]
}
