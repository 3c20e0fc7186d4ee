//! Pages as content management systems write them: the article is read, and what stands around it
//! (menus, consent, related posts, comments, boxes about authors) announces nothing.
//!
//! Each page names Tidewater, or an author's own post, only in what is no part of its article.

use gazetted::detect::{DEFAULT_MIN_CONFIDENCE, Grammar, detect};
use gazetted::model::Article;
use gazetted::text::article_html;

use crate::http::{Answer, Server};
use crate::setup::{JOINS, Place, err, out};

/// The page of this name under `fixtures/pages`.
fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/pages");
    std::fs::read_to_string(format!("{folder}/{name}.html")).unwrap()
}

/// The subjects of what an entry with this page announces, and the article that was read.
fn announced(title: &str, publisher: &str, page: &str) -> (Vec<String>, String) {
    let article = Article {
        id: "page".into(),
        publisher: publisher.into(),
        title: title.into(),
        published: Some("2026-11-24".into()),
        author: None,
        url: None,
        html: article_html(page, title),
    };
    let facts = detect(&article, Grammar::built_in());
    let mut subjects: Vec<String> = facts
        .into_iter()
        .filter(|f| f.confidence >= DEFAULT_MIN_CONFIDENCE)
        .map(|f| f.subject)
        .collect();
    subjects.sort();
    subjects.dedup();
    (subjects, article.html)
}

const OLF: &str = "Open Lattice Foundation";
const JOINS_TITLE: &str = "Meridian Cloud joins the Open Lattice Foundation";

/// A page, the entry's title, its publisher, the subjects and the passages that must be read.
type PageCase =
    (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const PAGES: &[PageCase] = &[
    (
        "wordpress",
        JOINS_TITLE,
        OLF,
        &["Meridian Cloud"],
        &["<h2>A seat for users</h2>", "The board at work."],
    ),
    (
        "ghost",
        JOINS_TITLE,
        OLF,
        &["Meridian Cloud"],
        &["<blockquote>We could not", "three regions"],
    ),
    (
        "hugo",
        "New technical steering committee",
        OLF,
        &["Jonas Weber", "Mei Tanaka", "Priya Raman"],
        &["<li>Priya", "<h2>How the vote went"],
    ),
    (
        "drupal",
        JOINS_TITLE,
        OLF,
        &["Meridian Cloud"],
        &["Platinum member brings", "eleven regions"],
    ),
    (
        "webflow",
        JOINS_TITLE,
        OLF,
        &["Meridian Cloud", "Priya Raman"],
        &["<h3>New on the board</h3>", "the handbook"],
    ),
    (
        "medium",
        JOINS_TITLE,
        OLF,
        &["Meridian Cloud"],
        &["<strong>Meridian Cloud</strong>", "Commons are kept"],
    ),
    (
        "table_layout",
        "New officers",
        "Lattice Society",
        &["Jonas Weber", "Priya Raman"],
        &["<td>President</td>", "Turin"],
    ),
    (
        "pr_wire",
        "Quill Data Appoints Mei Tanaka as Chief Executive Officer",
        "Quill Data",
        &["Mei Tanaka"],
        &["unanimous"],
    ),
    ("nextjs", JOINS_TITLE, OLF, &["Meridian Cloud"], &["three plugins"]),
    (
        "contentful",
        "New members in November",
        OLF,
        &["Meridian Cloud"],
        &["<h2>What comes next</h2>", "<li><p>A test farm"],
    ),
    ("json_ld", JOINS_TITLE, OLF, &["Meridian Cloud"], &["for years &amp; will"]),
    (
        "asp_net",
        "Granite Bank names new board member",
        "Granite Bank",
        &["Priya Raman"],
        &["nine members"],
    ),
    (
        "spa_article",
        "Welcome to our new members",
        OLF,
        &["Granite Bank", "Meridian Cloud"],
        &["<li>Granite Bank</li>", "next call"],
    ),
    ("elementor", JOINS_TITLE, OLF, &["Meridian Cloud"], &["kept the scheduler"]),
    ("blogger", JOINS_TITLE, OLF, &["Meridian Cloud"], &["members too"]),
];

#[test]
fn the_article_of_every_kind_of_page_is_read_and_nothing_else() {
    let mut wrong = Vec::new();
    for (name, title, publisher, subjects, passages) in PAGES {
        let (found, html) = announced(title, publisher, &fixture(name));
        if found != *subjects {
            wrong.push(format!("{name} announces {found:?}: {html}"));
        }
        for passage in passages.iter().filter(|p| !html.contains(**p)) {
            wrong.push(format!("{name} misses {passage}: {html}"));
        }
        let repeated = format!("<h1>{title}");
        let foreign =
            ["Tidewater", "Otto Lindqvist", "cookies", "Leave a Reply", "Home<", &repeated];
        for foreign in foreign.iter().filter(|f| html.contains(**f)) {
            wrong.push(format!("{name} has {foreign}: {html}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn readers_are_told_that_the_proof_stands_on_the_page() {
    let server = Server::start();
    let item = |link: &str, text: &str| {
        format!(
            "<item><title>{}</title><guid>{link}</guid><link>{}</link><description>{text}</description></item>",
            JOINS.1,
            server.url(link)
        )
    };
    let told = "Quill Data has joined the Open Lattice Foundation as a Gold member.";
    let items = [item("/page", "A new member …"), item("/other", told)].concat();
    server.set(
        "/feed",
        Answer::ok(format!(
            "<rss version=\"2.0\"><channel><title>T</title>{items}</channel></rss>"
        )),
    );
    server.set("/page", Answer::ok(format!("<main><h1>{}</h1><p>{}</main>", JOINS.1, JOINS.2)));
    let place = Place::new(&server.url("/feed"), "");
    let once = place.run(&["once"]);
    assert!(out(&once).contains("(read from the page) <"), "{}{}", out(&once), err(&once));
    assert_eq!(out(&once).matches("(read from the page)").count(), 1, "{}", out(&once));
    let facts = out(&place.run(&["facts"]));
    for (subject, from_page) in [("Meridian Cloud", true), ("Quill Data", false)] {
        let line = facts.lines().find(|l| l.contains(subject)).unwrap_or_default();
        assert_eq!(line.contains("lattice (read from the page)"), from_page, "{facts}");
    }
    let json = out(&place.run(&["facts", "--json"]));
    assert!(json.contains("\"text\":\"page\"") && json.contains("\"text\":\"feed\""), "{json}");
}
