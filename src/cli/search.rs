//! `gazetted search`: words in facts and articles.

use std::fmt::Write;

use serde_json::json;

use super::output::print;
use super::{Failure, Shell};
use crate::model::one_line;
use crate::store::{ArticleHit, SearchIndex, Store, StoredFact};
use crate::text::plain_text;

/// So many articles are turned into text and indexed at a time.
const AT_ONCE: usize = 500;
/// From so many on, indexing takes long enough to say so.
const WORTH_A_WORD: u64 = 2000;

#[derive(clap::Args)]
#[command(after_help = "\
Words are all to be found; \"several words\" stand together; OR, NOT and ( ) work; word* is the beginning of a word.
In facts subject:, body:, position: and quote: name a column, in articles title: and text:.
Searching articles keeps an index beside the database (its name ends in .search), which can be deleted.")]
pub struct Arguments {
    /// What to look for
    query: String,
    /// Only in facts
    #[arg(long, conflicts_with = "articles")]
    facts: bool,
    /// Only in articles
    #[arg(long)]
    articles: bool,
    /// No more of each than this
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let database = shell.config()?.store_path;
    let store = Store::open_read_only(&database)?;
    let most = usize::from(arguments.limit);
    let mut out = String::new();
    if !arguments.articles {
        for fact in store.find_facts(&arguments.query, most)? {
            out.push_str(&if arguments.json { fact_json(&fact) } else { fact_text(&fact) });
        }
    }
    if !arguments.facts {
        let mut index = SearchIndex::open(&database)?;
        bring_up_to_date(shell, &mut index)?;
        for (article, mut hit) in index.find(&arguments.query, most)? {
            let text = plain_text(&article.html);
            hit.snippet =
                one_line(&index.snippet(&arguments.query, &article.title, &text)?, usize::MAX);
            out.push_str(&if arguments.json { hit_json(&hit) } else { hit_text(&hit) });
        }
    }
    if out.is_empty() {
        shell.say("nothing found");
    }
    Ok(print(&out)?)
}

/// Indexes what came or changed since the last search.
fn bring_up_to_date(shell: &Shell, index: &mut SearchIndex) -> Result<(), Failure> {
    index.forget()?;
    let missing = index.missing()?;
    if missing >= WORTH_A_WORD {
        shell.say(&format!("indexing {missing} articles …"));
    }
    let mut after = 0;
    loop {
        let mut articles = index.unindexed(after, AT_ONCE)?;
        let Some(last) = articles.last() else { return Ok(()) };
        after = last.id;
        for article in &mut articles {
            article.html = plain_text(&article.html);
        }
        index.add(&articles)?;
    }
}

fn fact_text(stored: &StoredFact) -> String {
    let fact = &stored.fact;
    let place: Vec<&str> = [fact.tier(), fact.role(), fact.unit()].into_iter().flatten().collect();
    let source = stored.sources.first();
    let link = source.and_then(|s| s.link.as_deref().or(Some(&s.feed))).unwrap_or_default();
    let place = if place.is_empty() { String::new() } else { format!(" ({})", place.join(", ")) };
    format!(
        "{}  {} {} {}{place}\n    “{}”\n    {link}\n",
        stored.first_seen.format("%Y-%m-%d"),
        fact.subject,
        fact.action(),
        fact.body,
        one_line(&fact.evidence.quote, usize::MAX)
    )
}

fn fact_json(stored: &StoredFact) -> String {
    let fact = &stored.fact;
    let all = json!({
        "type": "fact", "id": stored.id.0, "first_seen": stored.first_seen, "kind": fact.kind().as_str(), "action": fact.action(),
        "subject": fact.subject, "body": fact.body, "tier": fact.tier(), "unit": fact.unit(), "role": fact.role(), "affiliation": fact.affiliation(),
        "confidence": fact.confidence, "evidence": fact.evidence.quote,
        "url": stored.sources.first().and_then(|s| s.link.as_ref()),
    });
    format!("{all}\n")
}

fn hit_text(hit: &ArticleHit) -> String {
    let date = hit.published.unwrap_or(hit.first_seen).format("%Y-%m-%d");
    let mut text = format!("{date}  {} ({})\n", one_line(&hit.title, usize::MAX), hit.feed);
    if !hit.snippet.is_empty() {
        // Writing to a String does not fail.
        let _ = writeln!(text, "    {}", hit.snippet);
    }
    if let Some(link) = &hit.link {
        let _ = writeln!(text, "    {link}");
    }
    text
}

fn hit_json(hit: &ArticleHit) -> String {
    let all = json!({
        "type": "article", "feed": hit.feed, "title": hit.title, "url": hit.link, "published": hit.published, "first_seen": hit.first_seen,
        "snippet": hit.snippet,
    });
    format!("{all}\n")
}
