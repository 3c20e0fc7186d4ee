//! `gazetted detect`: facts in documents, without feeds or store.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use super::{Failure, Shell};
use crate::detect::{DEFAULT_MIN_CONFIDENCE, Grammar, detect, explain};
use crate::feed;
use crate::model::{Article, Fact};
use crate::text::article_html;

#[derive(clap::Args)]
pub struct Arguments {
    /// Documents as JSON lines, an .html file, or a feed (.xml, .rss, .atom, .json); standard input where none is named
    file: Option<PathBuf>,
    /// Print the weak facts too
    #[arg(long)]
    all: bool,
    /// Print what was seen, tried and rejected
    #[arg(long)]
    explain: bool,
    /// With --explain: one JSON line for each document
    #[arg(long, requires = "explain")]
    json: bool,
    /// Whose text it is, for an HTML file or a feed
    #[arg(long, default_value = "")]
    publisher: String,
    /// A file with words of your own, beside those that the configuration names; may be repeated
    #[arg(long, value_name = "FILE")]
    lexicon: Vec<PathBuf>,
}

/// What is to be done with every document.
struct Job<'a> {
    arguments: &'a Arguments,
    grammar: &'a Grammar,
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let words = shell.words(&arguments.lexicon)?;
    let own;
    let grammar = if words.is_empty() {
        Grammar::built_in()
    } else {
        own = Grammar::with(&words);
        &own
    };
    let job = Job { arguments, grammar };
    let extension = arguments
        .file
        .as_deref()
        .and_then(Path::extension)
        .and_then(|e| e.to_str())
        .unwrap_or("jsonl");
    match (&arguments.file, extension) {
        (Some(path), "html" | "htm") => page(path, &job),
        (Some(path), "xml" | "rss" | "atom" | "json") => feed_file(shell, path, &job),
        (Some(path), _) => lines(BufReader::new(open(path)?), &job),
        (None, _) => lines(std::io::stdin().lock(), &job),
    }
}

/// Fails with the path and the reason.
pub(super) fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|e| Failure::Io(format!("{} cannot be read: {e}", path.display())))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// One document a line; a line that is none is told, and the others go on.
fn lines(input: impl BufRead, job: &Job) -> Result<(), Failure> {
    let mut wrong = 0;
    for (number, line) in input.split(b'\n').enumerate() {
        let line = line?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice::<Article>(&line) {
            Ok(article) => show(&article, job)?,
            Err(error) => {
                wrong += 1;
                eprintln!("gazetted: line {}: this is no document: {error}", number + 1);
            }
        }
    }
    if wrong > 0 {
        Err(Failure::Failed(format!(
            "{wrong} lines are no documents; each needs at least {{\"id\": \"…\", \"title\": \"…\", \"html\": \"…\"}}"
        )))
    } else {
        Ok(())
    }
}

fn page(path: &Path, job: &Job) -> Result<(), Failure> {
    let html = feed::decode_page(&read(path)?, None);
    let title = html
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"))
        .map(|(title, _)| crate::text::plain_text(title))
        .unwrap_or_default();
    let article = Article {
        id: path.display().to_string(),
        publisher: job.arguments.publisher.clone(),
        html: article_html(&html, &title),
        title,
        published: None,
        author: None,
        url: None,
    };
    show(&article, job)
}

fn feed_file(shell: &Shell, path: &Path, job: &Job) -> Result<(), Failure> {
    let parsed = feed::parse(&read(path)?, None, "file:///")
        .map_err(|e| Failure::Failed(format!("{}: {e}", path.display())))?;
    for warning in &parsed.warnings {
        shell.say(&format!("{}: {warning}", path.display()));
    }
    let publisher = if job.arguments.publisher.is_empty() {
        parsed.title.unwrap_or_default()
    } else {
        job.arguments.publisher.clone()
    };
    for entry in parsed.entries {
        let article = Article {
            id: entry.guid.or(entry.link.clone()).unwrap_or(entry.key.0),
            publisher: publisher.clone(),
            title: entry.title,
            published: entry.published.map(|p| p.format("%Y-%m-%d").to_string()),
            author: entry.author,
            url: entry.link,
            html: entry.html,
        };
        show(&article, job)?;
    }
    Ok(())
}

fn show(article: &Article, job: &Job) -> Result<(), Failure> {
    let Job { arguments, grammar } = job;
    let text = if arguments.json {
        serde_json::to_string(&explain(article, grammar)).map_err(std::io::Error::from)?
    } else if arguments.explain {
        explain(article, grammar).to_string()
    } else {
        let least = if arguments.all { 0.0 } else { DEFAULT_MIN_CONFIDENCE };
        let facts: Vec<serde_json::Value> =
            detect(article, grammar).iter().filter(|f| f.confidence >= least).map(record).collect();
        serde_json::json!({"id": article.id, "facts": facts}).to_string()
    };
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}

/// A fact in the format of DESIGN.md section 4: a tier for memberships, a position for people.
pub(super) fn record(fact: &Fact) -> serde_json::Value {
    let mut record = serde_json::json!({"kind": fact.kind().as_str(), "action": fact.action(), "subject": fact.subject, "body": fact.body});
    let slots: &[(&str, Option<&str>)] = match fact.kind() {
        crate::model::Kind::Appointment => {
            &[("unit", fact.unit()), ("role", fact.role()), ("affiliation", fact.affiliation())]
        }
        _ => &[("tier", fact.tier())],
    };
    for (name, value) in slots {
        record[*name] = (*value).into();
    }
    record["effective"] = fact.effective.clone().into();
    record["evidence"] = fact.evidence.quote.clone().into();
    record["confidence"] = ((fact.confidence * 1000.0).round() / 1000.0).into();
    record["rule"] = fact.evidence.rule.clone().into();
    record
}
