//! Runs the test files of feedparser, the feed parser of Python, through our own parser.
//!
//! ```text
//! cargo run --example feedparser_suite -- [--verbose] [DIR]
//! ```
//!
//! `DIR` is an unpacked source distribution of feedparser, or its `tests` folder. Without one it is
//! fetched with `pip download feedparser --no-binary :all: --no-deps` into the folder for temporary
//! files. Nothing of it belongs into this repository.
//!
//! Each file states what it expects in a comment. Those expectations that our model can answer are
//! translated and checked; the others are counted as not applicable, each with its reason
//! (`--verbose` lists both). They are compared modulo what the model means on purpose:
//!
//! - titles are one line of plain text, so an expected title is made that as well;
//! - bodies are HTML that is made safe and shown elsewhere, so a body counts as equal if its plain
//!   text is; what is expected of tags and attributes alone is not applicable;
//! - an entry has one body (the longer of content and summary) and one date (when it was
//!   published, else when it was changed);
//! - addresses are absolute and normalised, and http, https or file.
//!
//! Most files of `encoding` and `entities` speak of the feed's title alone. Those are checked too
//! and counted apart: about half of the encodings are EBCDIC, DOS and Mac code pages which the
//! web's list of encodings (WHATWG) left out, and we read none of these.
//!
//! Exit code 0: nothing panicked, nothing was slow, and the shares of `GOALS` are reached.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::mpsc;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use gazetted::feed::{self, ParsedFeed};
use gazetted::text::plain_text;
use url::Url;

use Verdict::{Fails, Holds, Inapplicable};

/// Where feedparser's own server would have offered the files: expectations name it.
const SERVER: &str = "http://127.0.0.1:8097/tests/";
/// One file may not take longer.
const PATIENCE: Duration = Duration::from_secs(1);
/// Of files with entries, so many must give entries; of applicable expectations, so many must hold.
const GOALS: (f64, f64) = (0.99, 0.95);

fn main() -> ExitCode {
    let mut verbose = false;
    let mut folder = None;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--verbose" | "-v" => verbose = true,
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    match folder.map_or_else(download, Ok).and_then(|folder| run(&folder, verbose)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("feedparser_suite: {error}");
            ExitCode::from(2)
        }
    }
}

fn download() -> Result<PathBuf, Box<dyn Error>> {
    let folder = std::env::temp_dir().join("gazetted-feedparser");
    std::fs::create_dir_all(&folder)?;
    let pip =
        ["download", "feedparser", "--no-binary", ":all:", "--no-deps", "--no-build-isolation"];
    let done = Command::new("pip").args(pip).arg("-d").arg(&folder).status();
    let archive = |name: &Path| name.extension().is_some_and(|e| e == "gz");
    let found = std::fs::read_dir(&folder)?.flatten().map(|e| e.path()).find(|p| archive(p));
    let found = found.ok_or_else(|| format!("pip fetched nothing ({done:?}); give the folder"))?;
    let unpacked = Command::new("tar").arg("xzf").arg(&found).arg("-C").arg(&folder).status()?;
    if !unpacked.success() {
        return Err(format!("tar could not unpack {}", found.display()).into());
    }
    Ok(found.with_extension("").with_extension(""))
}

/// What came of the files of one folder.
#[derive(Default)]
struct Tally {
    files: usize,
    /// Files in which entries begin, and how many of them gave at least as many entries.
    with_entries: usize,
    gave_entries: usize,
    /// Entries that begin, and entries given.
    wanted: usize,
    given: usize,
    panics: usize,
    slow: usize,
    applicable: usize,
    held: usize,
    inapplicable: usize,
    titles: usize,
    titles_held: usize,
}

impl Tally {
    /// The figures, in the order of `HEADINGS`.
    fn figures(&mut self) -> [&mut usize; 12] {
        [
            &mut self.files,
            &mut self.with_entries,
            &mut self.gave_entries,
            &mut self.wanted,
            &mut self.given,
            &mut self.panics,
            &mut self.slow,
            &mut self.applicable,
            &mut self.held,
            &mut self.titles,
            &mut self.titles_held,
            &mut self.inapplicable,
        ]
    }
}

const HEADINGS: [&str; 12] = [
    "files", "w/entr.", "gave", "wanted", "given", "panics", "slow", "applic.", "held", "titles",
    "held", "n/a",
];

fn run(folder: &Path, verbose: bool) -> Result<bool, Box<dyn Error>> {
    let tests =
        if folder.join("tests").is_dir() { folder.join("tests") } else { folder.to_owned() };
    let mut files = Vec::new();
    for name in ["wellformed", "illformed", "encoding", "entities", "json"] {
        collect(&tests.join(name), &mut files)?;
    }
    if files.is_empty() {
        return Err(format!("no test files of feedparser stand under {}", tests.display()).into());
    }
    files.sort();
    let mut table: BTreeMap<String, Tally> = BTreeMap::new();
    let mut reasons: BTreeMap<&'static str, usize> = BTreeMap::new();
    for file in &files {
        let name = file.strip_prefix(&tests)?.display().to_string();
        let row = name.rsplit_once('/').map_or("", |(row, _)| row).to_owned();
        let tally = table.entry(row).or_default();
        let complaints = examine(&std::fs::read(file)?, &name, tally, &mut reasons);
        if verbose {
            complaints.iter().for_each(|c| println!("{name}: {c}"));
        }
    }
    let total = print(table);
    println!("\nNot applicable, by reason:");
    for (reason, count) in &reasons {
        println!("{count:>6}  {reason}");
    }
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    let entries = share(total.gave_entries, total.with_entries);
    let held = share(total.held, total.applicable);
    println!("\nFiles with entries that give them: {:.2} %", entries * 100.0);
    println!("Applicable expectations of entries that hold: {:.2} %", held * 100.0);
    let titles = share(total.titles_held, total.titles);
    println!("Of feeds' titles: {:.2} %", titles * 100.0);
    Ok(total.panics == 0 && total.slow == 0 && entries >= GOALS.0 && held >= GOALS.1)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "xml" || e == "json") {
            files.push(path);
        }
    }
    Ok(())
}

fn print(mut table: BTreeMap<String, Tally>) -> Tally {
    let line = |name: &str, cells: &mut dyn Iterator<Item = String>| {
        let cells: String = cells.map(|cell| format!("{cell:>8}")).collect();
        println!("{name:<26}{cells}");
    };
    line("folder", &mut HEADINGS.iter().map(|h| (*h).to_owned()));
    let mut total = Tally::default();
    for (name, tally) in &mut table {
        line(name, &mut tally.figures().into_iter().map(|n| n.to_string()));
        for (sum, part) in total.figures().into_iter().zip(tally.figures()) {
            *sum += *part;
        }
    }
    line("all", &mut total.figures().into_iter().map(|n| n.to_string()));
    total
}

/// Runs one file, counts what came of it, and gives complaints to print.
fn examine(
    bytes: &[u8],
    name: &str,
    tally: &mut Tally,
    reasons: &mut BTreeMap<&'static str, usize>,
) -> Vec<String> {
    tally.files += 1;
    let mut complaints = Vec::new();
    let ascii = squeezed(bytes);
    let content_type = header(&ascii, "content-type");
    let server = Url::parse(SERVER).and_then(|server| server.join(name));
    let own = server.map(|url| url.to_string()).unwrap_or_default();
    // Our fetcher hands in the final address; a Content-Location is another way to tell it.
    let base = header(&ascii, "content-location").map_or(own.clone(), |place| {
        Url::parse(&own).and_then(|own| own.join(&place)).map_or(own, |url| url.to_string())
    });
    let outcome = watched(bytes.to_vec(), content_type, base);
    let parsed = match outcome {
        Outcome::Parsed(Ok(parsed)) => parsed,
        Outcome::Parsed(Err(error)) => {
            complaints.push(format!("refused: {error}"));
            ParsedFeed::default()
        }
        Outcome::Panicked => {
            tally.panics += 1;
            complaints.push("PANIC".to_owned());
            ParsedFeed::default()
        }
        Outcome::Slow => {
            tally.slow += 1;
            complaints.push(format!("took more than {PATIENCE:?}"));
            ParsedFeed::default()
        }
    };
    let wanted = entries_in(&ascii);
    tally.wanted += wanted;
    tally.given += parsed.entries.len();
    if wanted > 0 {
        tally.with_entries += 1;
        if parsed.entries.is_empty() {
            complaints.push(format!("gave none of {wanted} entries"));
        } else {
            tally.gave_entries += 1;
            if parsed.entries.len() < wanted {
                complaints.push(format!("gave {} of {wanted} entries", parsed.entries.len()));
            }
        }
    }
    let Some(expectation) = expectation(&ascii) else { return complaints };
    for clause in clauses(&expectation) {
        let of_feed = clause.starts_with("feed");
        let places = if of_feed {
            (&mut tally.titles, &mut tally.titles_held)
        } else {
            (&mut tally.applicable, &mut tally.held)
        };
        match check(&clause, &parsed, name, &ascii) {
            Holds => {
                *places.0 += 1;
                *places.1 += 1;
            }
            Fails(how) => {
                *places.0 += 1;
                complaints.push(format!("FAILS {how}"));
            }
            Inapplicable(reason) => {
                tally.inapplicable += 1;
                *reasons.entry(reason).or_default() += 1;
            }
        }
    }
    complaints
}

enum Outcome {
    Parsed(Result<ParsedFeed, feed::ParseError>),
    Panicked,
    Slow,
}

/// Parses on a thread of its own, so that neither a panic nor a hang ends the run.
fn watched(bytes: Vec<u8>, content_type: Option<String>, base: String) -> Outcome {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let result = feed::parse(&bytes, content_type.as_deref(), &base);
        // Nobody listens any more when it took too long.
        let _ = sender.send(result);
    });
    match receiver.recv_timeout(PATIENCE) {
        Ok(result) => Outcome::Parsed(result),
        Err(mpsc::RecvTimeoutError::Disconnected) => Outcome::Panicked,
        Err(mpsc::RecvTimeoutError::Timeout) => Outcome::Slow,
    }
}

/// The ASCII of a file in any encoding that keeps it, UTF-16 and UTF-32 included.
fn squeezed(bytes: &[u8]) -> String {
    bytes
        .iter()
        .filter(|b| **b != 0)
        .map(|b| if b.is_ascii() { char::from(*b) } else { '?' })
        .collect()
}

fn header(ascii: &str, wanted: &str) -> Option<String> {
    ascii.lines().find_map(|line| {
        let (name, value) = line.trim().strip_prefix("Header:")?.trim().split_once(':')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
    })
}

fn expectation(ascii: &str) -> Option<String> {
    let line = ascii.lines().find_map(|line| line.trim().strip_prefix("Expect:"))?;
    Some(line.trim().to_owned())
}

/// How many entries begin, comments and CDATA apart.
fn entries_in(ascii: &str) -> usize {
    let mut rest = ascii;
    let mut count = 0;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let skip = [("<!--", "-->"), ("<![CDATA[", "]]>")]
            .iter()
            .find(|(open, _)| rest.starts_with(open))
            .and_then(|(_, close)| rest.find(close));
        if let Some(skip) = skip {
            rest = &rest[skip..];
            continue;
        }
        rest = &rest[1..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-')));
        let name = rest[..end.unwrap_or(rest.len())].to_ascii_lowercase();
        let local = name.rsplit(':').next().unwrap_or_default();
        count += usize::from(matches!(local, "item" | "entry"));
    }
    count
}

/// The parts of an expectation that are joined by `and`, outside of strings and brackets.
fn clauses(expectation: &str) -> Vec<String> {
    let mut clauses = vec![String::new()];
    let mut quote = None;
    let mut depth = 0;
    let mut chars = expectation.char_indices();
    while let Some((at, c)) = chars.next() {
        let clause = clauses.last_mut().expect("it begins with one and only grows");
        match (c, quote) {
            ('\\', Some(_)) => {
                clause.push(c);
                clause.extend(chars.next().map(|(_, c)| c));
                continue;
            }
            (_, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => quote = Some(c),
            ('(' | '[' | '{', None) => depth += 1,
            (')' | ']' | '}', None) => depth -= 1,
            (' ', None) if depth == 0 && expectation[at..].starts_with(" and ") => {
                chars.nth(3);
                clauses.push(String::new());
                continue;
            }
            _ => {}
        }
        clause.push(c);
    }
    clauses.iter().map(|c| unwrapped(c.trim()).to_owned()).collect()
}

/// `(a == b)` without its brackets.
fn unwrapped(clause: &str) -> &str {
    let inner = clause.strip_prefix('(').and_then(|c| c.strip_suffix(')'));
    inner.filter(|inner| inner.contains(" == ") && !inner.contains('(')).unwrap_or(clause)
}

enum Verdict {
    Holds,
    Fails(String),
    Inapplicable(&'static str),
}

fn check(clause: &str, parsed: &ParsedFeed, file: &str, ascii: &str) -> Verdict {
    if matches!(clause, "bozo" | "not bozo" | "1") {
        return Inapplicable("whether a document is well formed (`bozo`)");
    }
    let Some((left, right)) = split_equals(clause) else {
        return Inapplicable("an expectation other than `path == value`");
    };
    let path = path_of(left);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    if path.first() == Some(&"feed") {
        return match path[1..] {
            ["title"] | ["title_detail", "value"] if file.contains("sanitize/") => {
                Inapplicable("sanitising of HTML, which is done where it is shown")
            }
            ["title"] | ["title_detail", "value"] => {
                text_verdict(right, parsed.title.as_deref().unwrap_or_default(), clause)
            }
            _ => Inapplicable("fields of the feed other than its title"),
        };
    }
    let ["entries", number, field @ ..] = path.as_slice() else {
        return Inapplicable(
            "what is neither of the feed nor of an entry (encoding, version, namespaces)",
        );
    };
    let entry = number.parse().ok().and_then(|number: usize| parsed.entries.get(number));
    let empty = String::new();
    let said = |pick: fn(&gazetted::model::Entry) -> &String| entry.map_or(&empty, pick).as_str();
    match field {
        ["title"] | ["title_detail", "value"] => {
            if file.contains("sanitize/") {
                return Inapplicable("sanitising of HTML, which is done where it is shown");
            }
            text_verdict(right, said(|e| &e.title), clause)
        }
        ["link"] => link_verdict(right, entry.and_then(|e| e.link.as_deref()), clause),
        ["id" | "guid"] => {
            let guid = entry.and_then(|e| e.guid.as_deref()).unwrap_or_default();
            match literal(right) {
                Some(expected) if expected.trim() == guid => Holds,
                Some(_) => Fails(format!("{clause}, given `{guid}`")),
                None => Inapplicable("an expected value that is no string"),
            }
        }
        ["summary" | "description"] | ["summary_detail" | "content", .., "value"] => {
            let is_content = field.first() == Some(&"content");
            if is_content && field.get(1).is_some_and(|number| *number != "0") {
                return Inapplicable("a second content of one entry");
            }
            body_verdict(right, entry, is_content, clause, file)
        }
        [
            "published" | "updated" | "created" | "published_parsed" | "updated_parsed"
            | "created_parsed",
        ] => date_verdict(field[0], right, entry.and_then(|e| e.published), clause, ascii),
        _ => Inapplicable("fields of an entry that the model has no room for"),
    }
}

/// `left == right`, where neither side holds another comparison.
fn split_equals(clause: &str) -> Option<(&str, &str)> {
    let (left, right) = clause.split_once(" == ")?;
    let plain = left.starts_with("entries[")
        || left.starts_with("feed")
        || left == "encoding"
        || left == "version";
    (plain && !left.contains(' ')).then(|| (left.trim(), right.trim()))
}

/// `entries[0]['content'][0].value` as names and numbers.
fn path_of(left: &str) -> Vec<String> {
    let parts = left.split(['[', ']', '.']).map(|part| part.trim_matches(['\'', '"']));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A Python string, or several that are added up.
fn literal(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text.trim();
    loop {
        rest = rest.trim_start_matches(['u', 'r', 'b']);
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let mut chars = rest[1..].char_indices();
        let end = loop {
            match chars.next()? {
                (at, c) if c == quote => break at + 2,
                (_, '\\') => escape(&mut chars, &mut out)?,
                (_, c) => out.push(c),
            }
        };
        rest = rest[end..].trim_start();
        match rest.strip_prefix('+') {
            Some(more) => rest = more.trim_start(),
            None if rest.is_empty() => return Some(out),
            None => return None,
        }
    }
}

fn escape(chars: &mut std::str::CharIndices<'_>, out: &mut String) -> Option<()> {
    let (_, kind) = chars.next()?;
    let length = match kind {
        'n' => {
            out.push('\n');
            return Some(());
        }
        't' => {
            out.push('\t');
            return Some(());
        }
        'r' => {
            out.push('\r');
            return Some(());
        }
        'x' => 2,
        'u' => 4,
        'U' => 8,
        other => {
            out.push(other);
            return Some(());
        }
    };
    let digits: String = chars.by_ref().take(length).map(|(_, c)| c).collect();
    out.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
    Some(())
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Compares text with a value that feedparser gives as HTML or as text.
fn text_verdict(right: &str, given: &str, clause: &str) -> Verdict {
    let Some(expected) = literal(right) else {
        return Inapplicable("an expected value that is no string");
    };
    let alike = [one_line(&expected), one_line(&plain_text(&expected))];
    if alike.contains(&one_line(given)) {
        Holds
    } else {
        Fails(format!("{clause}, given `{given}`"))
    }
}

fn link_verdict(right: &str, given: Option<&str>, clause: &str) -> Verdict {
    let Some(expected) = literal(right) else {
        return Inapplicable("an expected value that is no string");
    };
    let normal = |text: &str| Url::parse(text.trim()).map(|url| url.to_string()).ok();
    match normal(&expected) {
        Some(url) if url.starts_with("http") || url.starts_with("file") => {
            if given.and_then(normal).as_ref() == Some(&url) {
                Holds
            } else {
                Fails(format!("{clause}, given {given:?}"))
            }
        }
        _ => Inapplicable("an address that is not http, https or file"),
    }
}

fn body_verdict(
    right: &str,
    entry: Option<&gazetted::model::Entry>,
    is_content: bool,
    clause: &str,
    file: &str,
) -> Verdict {
    let Some(expected) = literal(right) else {
        return Inapplicable("an expected value that is no string");
    };
    let given = entry.map_or("", |e| e.html.as_str());
    let plain = one_line(&plain_text(given));
    let expected_plain = one_line(&plain_text(&expected));
    if file.contains("sanitize/") {
        return Inapplicable("sanitising of HTML, which is done where it is shown");
    }
    if expected_plain.is_empty() && !expected.is_empty() {
        return Inapplicable("tags without a text");
    }
    if expected.contains("href=") || expected.contains("src=") {
        return Inapplicable("addresses inside of HTML, which are resolved where it is shown");
    }
    if expected.trim() == given.trim() || plain == expected_plain || plain == one_line(&expected) {
        return Holds;
    }
    // The one body is the longer of the two.
    if entry.is_some_and(|e| e.has_content) != is_content && given.len() > expected.len() {
        return Inapplicable("the shorter of content and summary");
    }
    Fails(format!("{clause}, given `{given}`"))
}

fn date_verdict(
    field: &str,
    right: &str,
    given: Option<DateTime<Utc>>,
    clause: &str,
    ascii: &str,
) -> Verdict {
    let stem = field.trim_end_matches("_parsed");
    let weaker: &[&str] = match stem {
        "published" => &[],
        "updated" => &["<pubDate", "<published", "<issued", "dcterms:issued"],
        _ => &["<pubDate", "<published", "<issued", "dcterms:issued", "<updated", "<modified"],
    };
    let entries = ascii.split_once("-->").map_or(ascii, |(_, document)| document);
    if weaker.iter().any(|tag| entries.contains(tag)) {
        return Inapplicable("the weaker of several dates");
    }
    let expected = if field.ends_with("_parsed") {
        tuple(right)
    } else {
        let text = literal(right).unwrap_or_default();
        let rfc822 = DateTime::parse_from_rfc2822(&text);
        rfc822.or_else(|_| DateTime::parse_from_rfc3339(&text)).map(|d| d.to_utc()).ok()
    };
    match expected {
        None => Inapplicable("a date that is none"),
        Some(expected) if Some(expected) == given.and_then(|d| d.with_nanosecond(0)) => Holds,
        Some(_) => Fails(format!("{clause}, given {given:?}")),
    }
}

/// `(2004, 1, 1, 19, 48, 21, 3, 1, 0)`.
fn tuple(text: &str) -> Option<DateTime<Utc>> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let numbers: Vec<u32> = inner.split(',').map_while(|n| n.trim().parse().ok()).collect();
    let [year, month, day, hour, minute, second, ..] = numbers[..] else { return None };
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    debug_assert_eq!(date.day(), day);
    Some(date.and_hms_opt(hour, minute, second)?.and_utc())
}
