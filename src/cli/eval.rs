//! `gazetted eval`: how well detection does on a labelled corpus. Text and JSON are laid out as
//! the corpus's `score.py` lays them out, so that the two can be compared line by line.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use serde_json::{Map, Value, json};

use super::detect::{open, record};
use super::{Failure, Shell};
use crate::detect::{DEFAULT_MIN_CONFIDENCE, Grammar, detect};
use crate::eval::{
    GoldDocument, PredictedDocument, ReliabilityBin, RuleTally, Scores, Tally, score,
};
use crate::model::Article;

/// How much of a fact `--misses` shows, in characters.
const MISS_CHARS_MAX: usize = 400;

/// How many identifiers a note names before it counts the rest.
const IDS_NAMED_MAX: usize = 5;

const GOLD_LINE: &str =
    r#"{"id": "…", "facts": [{"kind": "…", "action": "…", "subject": "…", "body": "…", …}]}"#;
const PREDICTION_LINE: &str =
    r#"{"id": "…", "facts": [{"kind": "…", …}]}, as gazetted detect prints it"#;
const DOCUMENT_LINE: &str = r#"{"id": "…", "title": "…", "html": "…"}"#;

#[derive(clap::Args)]
pub struct Arguments {
    /// Labels as JSON lines: {"id": …, "facts": […]}
    gold: PathBuf,
    /// The documents as JSON lines [default: docs.jsonl beside GOLD]
    #[arg(long, value_name = "FILE")]
    docs: Option<PathBuf>,
    /// Score what `gazetted detect` printed instead of detecting now
    #[arg(long, value_name = "FILE")]
    pred: Option<PathBuf>,
    /// Score the weak facts too
    #[arg(long, conflicts_with = "pred")]
    all: bool,
    /// Core figures by source (the id before its last slash), by kind, or by the rule that found a fact
    #[arg(long)]
    by: Option<By>,
    /// Print the first N facts that are missed, spurious or wrong in a slot
    #[arg(long, value_name = "N", default_value_t = 0)]
    misses: usize,
    /// The figures as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    Source,
    Rule,
    Kind,
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let mut wrong = 0;
    let gold: Vec<GoldDocument> =
        read_lines(&arguments.gold, "labelled document", GOLD_LINE, &mut wrong)?;
    let documents = documents(arguments, &mut wrong)?;
    let predictions = match (&arguments.pred, &documents) {
        (Some(path), _) => read_lines(path, "prediction", PREDICTION_LINE, &mut wrong)?,
        (None, Some((_, documents))) => detected(documents, arguments.all)?,
        (None, None) => Vec::new(),
    };
    if let Some((path, documents)) = &documents {
        tell_absent(shell, &gold, documents.iter().map(|d| d.id.as_str()), "document", path);
    }
    if let Some(path) = &arguments.pred {
        tell_absent(shell, &gold, predictions.iter().map(|p| p.id.as_str()), "line", path);
    }
    let scores = score(&gold, &predictions, documents.as_ref().map(|(_, d)| d.as_slice()));
    let shown =
        if arguments.json { as_json(&scores, arguments.by)? } else { as_text(&scores, arguments)? };
    writeln!(io::stdout().lock(), "{}", shown.trim_end())?;
    if wrong > 0 {
        let lines = if wrong == 1 { "line" } else { "lines" };
        return Err(Failure::Failed(format!(
            "{wrong} {lines} could not be read; the figures are those of the others"
        )));
    }
    Ok(())
}

/// The documents and where they were read. With predictions from a file they only serve to look
/// up the evidence, so that those beside the gold may be absent.
fn documents(
    arguments: &Arguments,
    wrong: &mut u32,
) -> Result<Option<(PathBuf, Vec<Article>)>, Failure> {
    let path = match &arguments.docs {
        Some(path) => path.clone(),
        None => arguments.gold.with_file_name("docs.jsonl"),
    };
    if arguments.docs.is_none() && !path.exists() {
        if arguments.pred.is_some() {
            return Ok(None);
        }
        return Err(Failure::Io(format!(
            "{} does not exist: name the documents with --docs FILE, or what was detected in them with --pred FILE",
            path.display()
        )));
    }
    let documents = read_lines(&path, "document", DOCUMENT_LINE, wrong)?;
    Ok(Some((path, documents)))
}

/// One value a line; a line that is none is told and counted in `wrong`, and the others go on.
fn read_lines<T: DeserializeOwned>(
    path: &Path,
    what: &str,
    expected: &str,
    wrong: &mut u32,
) -> Result<Vec<T>, Failure> {
    let unreadable = |e: io::Error| Failure::Io(format!("{} cannot be read: {e}", path.display()));
    let mut values = Vec::new();
    for (number, line) in BufReader::new(open(path)?).split(b'\n').enumerate() {
        let line = line.map_err(unreadable)?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(value) => values.push(value),
            Err(error) => {
                *wrong += 1;
                let (path, number) = (path.display(), number + 1);
                eprintln!(
                    "gazetted: {path}, line {number}: this is no {what}: {error}; expected {expected}"
                );
            }
        }
    }
    Ok(values)
}

/// What `gazetted detect` would print for the documents.
fn detected(documents: &[Article], all: bool) -> Result<Vec<PredictedDocument>, Failure> {
    let least = if all { 0.0 } else { DEFAULT_MIN_CONFIDENCE };
    let grammar = Grammar::built_in();
    documents
        .iter()
        .map(|article| {
            let facts: Vec<Value> = detect(article, grammar)
                .iter()
                .filter(|f| f.confidence >= least)
                .map(record)
                .collect();
            serde_json::from_value(json!({"id": article.id, "facts": facts}))
                .map_err(|e| unprintable(&e))
        })
        .collect()
}

/// Tells which labelled documents have nothing in `path`: all their facts count as missed.
fn tell_absent<'a>(
    shell: &Shell,
    gold: &[GoldDocument],
    present: impl Iterator<Item = &'a str>,
    what: &str,
    path: &Path,
) {
    let present: HashSet<&str> = present.collect();
    let absent: Vec<&str> =
        gold.iter().map(|d| d.id.as_str()).filter(|id| !present.contains(id)).collect();
    if absent.is_empty() {
        return;
    }
    let mut ids = absent.iter().take(IDS_NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    if absent.len() > IDS_NAMED_MAX {
        let _ = write!(ids, " and {} more", absent.len() - IDS_NAMED_MAX);
    }
    shell.say(&format!(
        "note: {} of {} labelled documents have no {what} in {}, so that their facts count as missed: {ids}",
        absent.len(),
        gold.len(),
        path.display()
    ));
}

fn as_json(scores: &Scores, by: Option<By>) -> Result<String, Failure> {
    let mut figures = Map::new();
    for (name, tally) in overall(scores) {
        figures.insert(name.into(), figures_of(tally));
    }
    let slots: Map<String, Value> = scores
        .slots
        .iter()
        .map(|((kind, slot), share)| (format!("{kind}.{slot}"), share.value().into()))
        .collect();
    figures.insert("slots".into(), slots.into());
    figures.insert(
        "documents".into(),
        json!({
            "gold": scores.gold_documents,
            "predicted": scores.predicted_documents,
            "unknown_ids": scores.unknown_documents,
        }),
    );
    if let Some(quoted) = scores.quoted {
        figures.insert("quoted".into(), quoted.value().into());
    }
    for (name, wanted) in [("source", By::Source), ("kind", By::Kind)] {
        if by == Some(wanted) {
            let tallies: Map<String, Value> =
                parts(scores, wanted).into_iter().map(|(k, t)| (k, figures_of(t))).collect();
            figures.insert(format!("by_{name}"), tallies.into());
        }
    }
    figures.insert("reliability".into(), scores.reliability.iter().map(bin_figures).collect());
    let rules: Map<String, Value> =
        rules(scores).into_iter().map(|(rule, t)| (rule.to_owned(), rule_figures(t))).collect();
    figures.insert("by_rule".into(), rules.into());
    written(&figures, PrettyFormatter::with_indent(b" "))
}

fn figures_of(tally: &Tally) -> Value {
    json!({"precision": tally.precision(), "recall": tally.recall(), "f1": tally.f1(),
           "tp": tally.right, "fp": tally.spurious, "fn": tally.missed})
}

fn bin_figures(bin: &ReliabilityBin) -> Value {
    json!({"from": bin.from, "to": bin.to, "facts": bin.facts.of,
           "confidence": bin.confidence(), "right": bin.right()})
}

fn rule_figures(rule: &RuleTally) -> Value {
    json!({"precision": rule.precision(), "right": rule.right, "wrong": rule.wrong,
           "optional": rule.optional, "count": rule.count()})
}

fn as_text(scores: &Scores, arguments: &Arguments) -> Result<String, Failure> {
    let mut text = String::new();
    for miss in scores.misses.iter().take(arguments.misses) {
        let detail = written(&miss.detail, Spaced)?;
        let detail: String = detail.chars().take(MISS_CHARS_MAX).collect();
        let _ = writeln!(text, "{:9} {}: {detail}", miss.kind.as_str(), miss.id);
    }
    for (name, t) in overall(scores) {
        let _ = writeln!(
            text,
            "{name:9} precision {:.3}  recall {:.3}  F1 {:.3}   (tp {}, fp {}, fn {})",
            t.precision(),
            t.recall(),
            t.f1(),
            t.right,
            t.spurious,
            t.missed
        );
    }
    let slots: Vec<String> = scores
        .slots
        .iter()
        .map(|((kind, slot), share)| format!("{kind}.{slot} {:.2}", share.value()))
        .collect();
    let _ = writeln!(text, "slots     {}", slots.join("  "));
    if let Some(quoted) = scores.quoted {
        let _ = writeln!(text, "quoted    {:.3}", quoted.value());
    }
    match arguments.by {
        Some(By::Rule) => write_rules(&mut text, scores),
        Some(by) => write_parts(&mut text, &parts(scores, by)),
        None => {}
    }
    if scores.unknown_documents > 0 {
        let _ = writeln!(
            text,
            "note: {} predicted documents are not in the gold",
            scores.unknown_documents
        );
    }
    write_reliability(&mut text, &scores.reliability);
    Ok(text)
}

fn write_parts(text: &mut String, parts: &[(String, &Tally)]) {
    for (name, t) in parts {
        let _ = writeln!(
            text,
            "  {name:32} P {:.3} R {:.3} F1 {:.3} (tp {}, fp {}, fn {})",
            t.precision(),
            t.recall(),
            t.f1(),
            t.right,
            t.spurious,
            t.missed
        );
    }
}

fn write_rules(text: &mut String, scores: &Scores) {
    let rules = rules(scores);
    let width = rules.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    for (name, t) in rules {
        let _ = writeln!(
            text,
            "  {name:width$} P {:.3} (right {}, wrong {}, optional {}, count {})",
            t.precision(),
            t.right,
            t.wrong,
            t.optional,
            t.count()
        );
    }
}

/// One line a bin: what the confidence promised, and what came true.
fn write_reliability(text: &mut String, bins: &[ReliabilityBin]) {
    for (number, bin) in bins.iter().enumerate() {
        let title = if number == 0 { "reliable" } else { "" };
        let _ = write!(text, "{title:9} {:.1}-{:.1}  facts {:4}", bin.from, bin.to, bin.facts.of);
        if let (Some(confidence), Some(right)) = (bin.confidence(), bin.right()) {
            let _ = write!(text, "  confidence {confidence:.3}  right {right:.3}");
        }
        text.push('\n');
    }
}

fn overall(scores: &Scores) -> [(&'static str, &Tally); 4] {
    [
        ("core", &scores.core),
        ("full", &scores.full),
        ("document", &scores.document),
        ("hosting", &scores.hosting),
    ]
}

/// The core tallies of the parts, in score.py's order: it sorts names with the quote behind them.
fn parts(scores: &Scores, by: By) -> Vec<(String, &Tally)> {
    let mut parts: Vec<(String, &Tally)> = match by {
        By::Kind => scores.by_kind.iter().map(|(k, t)| ((*k).to_owned(), t)).collect(),
        By::Source => scores.by_source.iter().map(|(s, t)| (s.clone(), t)).collect(),
        By::Rule => Vec::new(),
    };
    parts.sort_by_cached_key(|(name, _)| format!("{name}'"));
    parts
}

/// The constructions, those with most facts first.
fn rules(scores: &Scores) -> Vec<(&str, &RuleTally)> {
    let mut rules: Vec<_> = scores.by_rule.iter().map(|(r, t)| (r.as_str(), t)).collect();
    rules.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.count()));
    rules
}

fn written(value: &impl Serialize, formatter: impl Formatter) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, formatter))
        .map_err(|e| unprintable(&e))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn unprintable(error: &serde_json::Error) -> Failure {
    Failure::Failed(format!("the figures cannot be written as JSON: {error}"))
}

/// JSON on one line with a space behind each comma and colon, as Python writes it.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { to.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { to.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(b": ")
    }
}
