//! Changing a configuration file for its owner: a feed more, another address.
//!
//! Only the bytes of the change are written, so that comments, order and line ends stay as they
//! are; the whole result is checked as a configuration before it replaces the file, in one step.

use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use toml_edit::{Document, InlineTable, Item, Table, TableLike, Value};

use super::{Config, ConfigError, Environment, check_text};
use crate::model::FeedKind;

/// Lines that a diff shows around a change.
const DIFF_CONTEXT: usize = 3;
/// Names tried for the temporary file: leftovers of a crash may stand in the way.
const TEMPORARY_NAMES_MAX: u32 = 16;

/// A `[[feed]]` table to be written; what is `None` is left to its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewFeed {
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Whose feed it is.
    pub publisher: Option<String>,
    /// What sort of publisher that is.
    pub kind: Option<FeedKind>,
    /// Whether it is written as one that is not polled.
    pub disabled: bool,
    /// A line above it, without the `#`.
    pub comment: Option<String>,
}

/// Why a configuration file was not changed. It stands as it stood.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file is no TOML, or its feeds are written in a way that cannot be added to.
    #[error("{0}; edit the file by hand")]
    Shape(String),
    /// The result would be no valid configuration.
    #[error("the configuration would be wrong with this change, so it was left as it is\n{0}")]
    Check(ConfigError),
    /// Somebody else changed the file.
    #[error("{0} was changed by somebody else in the meantime; try again")]
    Changed(PathBuf),
    /// Reading or writing failed.
    #[error("{path} cannot be {doing}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `replaced`.
        doing: &'static str,
        /// Why.
        source: std::io::Error,
    },
}

/// The text of a configuration file.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> Result<String, EditError> {
    std::fs::read_to_string(path).map_err(|source| EditError::Io {
        path: path.to_owned(),
        doing: "read",
        source,
    })
}

/// How many feeds a text holds.
///
/// # Errors
/// When the text is no TOML, or `feed` in it is no list of tables.
pub fn count_feeds(text: &str) -> Result<usize, EditError> {
    match parse(text)?.get("feed") {
        None => Ok(0),
        Some(Item::ArrayOfTables(feeds)) => Ok(feeds.len()),
        Some(Item::Value(Value::Array(feeds))) => Ok(feeds.len()),
        Some(_) => Err(no_list()),
    }
}

/// `text` with more feeds behind its last one, or at its end where it has none.
///
/// # Errors
/// When the text is no TOML, or `feed` in it is no list of tables.
pub fn append_feeds(text: &str, feeds: &[NewFeed]) -> Result<String, EditError> {
    let document = parse(text)?;
    let end = line_end(text);
    let (at, inserted) = match document.get("feed") {
        None => (text.len(), tables(feeds, end)),
        Some(Item::ArrayOfTables(known)) => {
            let last = known.iter().map(table_end).max();
            let at = last.filter(|at| *at > 0).ok_or_else(no_list)?;
            (behind_own_comments(text, at), tables(feeds, end))
        }
        Some(Item::Value(Value::Array(known))) => {
            let list = known.span().ok_or_else(no_list)?;
            let last = known.iter().last().map(|value| value.span().ok_or_else(no_list));
            inline_tables(text, list, last.transpose()?, feeds)
        }
        Some(_) => return Err(no_list()),
    };
    let mut changed = text[..at].to_owned();
    if document.get("feed").is_none_or(Item::is_array_of_tables)
        && !changed.is_empty()
        && !changed.ends_with('\n')
    {
        changed.push_str(end);
    }
    changed.push_str(&inserted);
    let rest = &text[at..];
    if inserted.ends_with('\n') && !rest.is_empty() && !rest[..next_line(rest, 0)].trim().is_empty()
    {
        changed.push_str(end);
    }
    changed.push_str(rest);
    Ok(changed)
}

/// `text` with another address for its feed number `index`, in the order of the file.
///
/// # Errors
/// When the text is no TOML or has no such feed.
pub fn set_url(text: &str, index: usize, url: &str) -> Result<String, EditError> {
    let document = parse(text)?;
    let table: Option<&dyn TableLike> = match document.get("feed") {
        Some(Item::ArrayOfTables(feeds)) => feeds.get(index).map(|table| table as &dyn TableLike),
        Some(Item::Value(Value::Array(feeds))) => {
            feeds.get(index).and_then(Value::as_inline_table).map(|table| table as &dyn TableLike)
        }
        _ => None,
    };
    let table = table.ok_or_else(|| EditError::Shape(format!("feed {index} was not found")))?;
    let place = |key: &str| table.get(key).and_then(Item::as_value).and_then(Value::span);
    let written = Value::from(url).to_string();
    if let Some(place) = place("url") {
        return Ok(format!("{}{written}{}", &text[..place.start], &text[place.end..]));
    }
    // A feed of the catalogue: its own address overrides the catalogue's.
    let catalogue = place("catalogue").ok_or_else(|| {
        EditError::Shape(format!("feed {index} has neither `url` nor `catalogue`"))
    })?;
    let inline = document.get("feed").is_some_and(Item::is_value);
    let (at, before) = if inline {
        (catalogue.end, ", ".to_owned())
    } else {
        (end_of_line(text, catalogue.end), line_end(text).to_owned())
    };
    Ok(format!("{}{before}url = {written}{}", &text[..at], &text[at..]))
}

/// The line of a change, counted from 1: the first in which the two texts differ.
pub fn changed_line(old: &str, new: &str) -> usize {
    old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count() + 1
}

/// The change as a unified diff of one hunk; empty where nothing changed.
pub fn unified_diff(path: &Path, old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let tail = old[head..]
        .iter()
        .rev()
        .zip(new[head..].iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    let (removed, added) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    if removed.is_empty() && added.is_empty() {
        return String::new();
    }
    let from = head.saturating_sub(DIFF_CONTEXT);
    let below = &old[old.len() - tail..];
    let below = &below[..below.len().min(DIFF_CONTEXT)];
    let context = head - from + below.len();
    // An empty side begins at the line before it (POSIX diff -u).
    let start = |lines: usize| if lines == 0 { from } else { from + 1 };
    let (old_lines, new_lines) = (removed.len() + context, added.len() + context);
    let mut diff = format!(
        "--- {0}\n+++ {0}\n@@ -{1},{old_lines} +{2},{new_lines} @@\n",
        path.display(),
        start(old_lines),
        start(new_lines)
    );
    for (mark, lines) in [(' ', &old[from..head]), ('-', removed), ('+', added), (' ', below)] {
        for line in lines {
            diff.push_str(&format!("{mark}{line}\n"));
        }
    }
    diff
}

/// Checks `new` as the configuration that would stand in `path` and replaces the file with it:
/// at once, with the mode and the owner that it had, and only if it still holds `old`. A symbolic
/// link stays one; what it leads to is replaced.
///
/// # Errors
/// When the result would be wrong or the file cannot be replaced. The file is untouched then.
pub fn save(
    path: &Path,
    old: &str,
    new: &str,
    environment: &Environment,
) -> Result<Config, EditError> {
    let config = check_text(new, path, environment).map_err(EditError::Check)?;
    let failed = |source| EditError::Io { path: path.to_owned(), doing: "replaced", source };
    let real = path.canonicalize().map_err(failed)?;
    let (mut file, temporary) = temporary_beside(&real).map_err(failed)?;
    let replaced = fill(&mut file, new, &real).map_err(failed).and_then(|()| {
        if read(&real)? != old {
            return Err(EditError::Changed(path.to_owned()));
        }
        std::fs::rename(&temporary, &real).map_err(failed)
    });
    if replaced.is_err() {
        // It may be gone already; the first error is the one to tell.
        let _ = std::fs::remove_file(&temporary);
    }
    replaced?;
    // The rename is done; that its folder could not be synced is no reason to call it undone.
    let _ = real.parent().map(|folder| std::fs::File::open(folder).and_then(|f| f.sync_all()));
    Ok(config)
}

/// Writes a file of ours, such as an export: at once, so that nobody reads half of it. A file that
/// stands there is replaced and gives its mode and owner; a new one is its owner's alone.
///
/// # Errors
/// When it cannot be written. What stood there stands there still.
pub fn write_file(path: &Path, text: &str) -> std::io::Result<()> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if real.exists() && !real.is_file() {
        // A device or a pipe, such as /dev/stdout, cannot be replaced.
        return std::fs::OpenOptions::new().write(true).open(&real)?.write_all(text.as_bytes());
    }
    let (mut file, temporary) = temporary_beside(&real)?;
    let written = fill(&mut file, text, &real).and_then(|()| std::fs::rename(&temporary, &real));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn temporary_beside(path: &Path) -> std::io::Result<(std::fs::File, PathBuf)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut number = 0;
    loop {
        let temporary = path.with_file_name(format!(".{name}.{}.{number}.tmp", std::process::id()));
        let made =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary);
        match made {
            Ok(file) => return Ok((file, temporary)),
            Err(error)
                if error.kind() == std::io::ErrorKind::AlreadyExists
                    && number < TEMPORARY_NAMES_MAX =>
            {
                number += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Writes the text to disk, with mode and owner of the file that it will replace.
fn fill(file: &mut std::fs::File, text: &str, like: &Path) -> std::io::Result<()> {
    file.write_all(text.as_bytes())?;
    if let Ok(known) = std::fs::metadata(like) {
        let made = file.metadata()?;
        if (made.uid(), made.gid()) != (known.uid(), known.gid()) {
            std::os::unix::fs::fchown(&*file, Some(known.uid()), Some(known.gid()))?;
        }
        file.set_permissions(known.permissions())?;
    }
    file.sync_all()
}

fn parse(text: &str) -> Result<Document<&str>, EditError> {
    Document::parse(text).map_err(|error| {
        let message = error.message().replace('\n', ", ");
        EditError::Shape(format!("the configuration is no TOML: {message}"))
    })
}

fn no_list() -> EditError {
    EditError::Shape("`feed` in the configuration is no list of [[feed]] tables".into())
}

/// The keys of a feed as they are written, in the order of the example.
fn keys(feed: &NewFeed) -> Vec<(&'static str, Value)> {
    let mut keys = vec![("name", Value::from(&feed.name)), ("url", Value::from(&feed.url))];
    if let Some(publisher) = &feed.publisher {
        keys.push(("publisher", Value::from(publisher)));
    }
    if let Some(kind) = feed.kind {
        keys.push(("kind", Value::from(kind_word(kind))));
    }
    if feed.disabled {
        keys.push(("enabled", Value::from(false)));
    }
    keys
}

/// The word of a kind in the configuration.
pub fn kind_word(kind: FeedKind) -> &'static str {
    match kind {
        FeedKind::Foundation => "foundation",
        FeedKind::Vendor => "vendor",
        FeedKind::Newswire => "newswire",
    }
}

fn tables(feeds: &[NewFeed], end: &str) -> String {
    let mut out = String::new();
    for feed in feeds {
        out.push_str(end);
        if let Some(comment) = &feed.comment {
            out.push_str(&format!("# {}{end}", comment.replace(|c: char| c.is_control(), " ")));
        }
        out.push_str(&format!("[[feed]]{end}"));
        for (key, value) in keys(feed) {
            out.push_str(&format!("{key} = {value}{end}"));
        }
    }
    out
}

/// Elements for `feed = [{ … }]`: on lines of their own where the last one stands on its own.
fn inline_tables(
    text: &str,
    list: Range<usize>,
    last: Option<Range<usize>>,
    feeds: &[NewFeed],
) -> (usize, String) {
    let mut out = String::new();
    let indent = last.as_ref().and_then(|last| {
        let line = text[..last.start].rfind('\n').map_or(0, |at| at + 1);
        let before = &text[line..last.start];
        before.bytes().all(|b| matches!(b, b' ' | b'\t')).then_some(before)
    });
    for (number, feed) in feeds.iter().enumerate() {
        if last.is_some() || number > 0 {
            out.push(',');
        }
        match indent {
            Some(indent) => out.push_str(&format!("{}{indent}", line_end(text))),
            None if !out.is_empty() => out.push(' '),
            None => {}
        }
        let table: InlineTable = keys(feed).into_iter().collect();
        out.push_str(Value::from(table).to_string().trim());
    }
    // An empty list ends in its bracket.
    (last.map_or(list.end - 1, |last| last.end), out)
}

/// Where a table ends in its text: the span of a table is only its header's.
fn table_end(table: &Table) -> usize {
    let items = table.iter().map(|(_, item)| match item {
        Item::Table(inner) => table_end(inner),
        item => item.span().map_or(0, |span| span.end),
    });
    items.chain(table.span().map(|span| span.end)).max().unwrap_or_default()
}

/// Where a table may follow that ends at `at`: behind its last line, and behind the comments that
/// stand directly under it, such as keys that are commented out. Comments that lead to another
/// table stay with that.
fn behind_own_comments(text: &str, at: usize) -> usize {
    let first = next_line(text, at);
    let mut end = first;
    loop {
        let line = &text[end..next_line(text, end)];
        if line.trim().is_empty() {
            return end;
        }
        if !line.trim_start().starts_with('#') {
            return first;
        }
        end += line.len();
    }
}

fn end_of_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |n| {
        let end = at + n;
        if text[..end].ends_with('\r') { end - 1 } else { end }
    })
}

fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |n| at + n + 1)
}

/// The line end that the file uses.
fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(name: &str, url: &str) -> NewFeed {
        NewFeed { name: name.into(), url: url.into(), ..NewFeed::default() }
    }

    fn added(text: &str) -> String {
        let new = append_feeds(text, &[feed("b", "https://b.example/")]).unwrap();
        // Nothing is lost: without the new bytes it is the old text.
        assert!(new.len() > text.len());
        new
    }

    const NEW: &str = "\n[[feed]]\nname = \"b\"\nurl = \"https://b.example/\"\n";

    #[test]
    fn a_feed_is_put_behind_the_last_one_and_comments_stay_where_they_belong() {
        let a = "[[feed]]\nname = \"a\" # mine\nurl = \"https://a.example/\" # its address\n";
        for (name, before, after) in [
            ("at the end", a.to_owned(), String::new()),
            (
                "before another table",
                a.to_owned(),
                "\n# the digest\n[[digest]]\nname = \"d\"\n".into(),
            ),
            (
                "without a blank line",
                a.to_owned(),
                "# the digest\n[[digest]]\nname = \"d\"\n".into(),
            ),
            (
                "behind its own comments",
                format!("{a}#: schedule = \"@hourly\"\n# more\n"),
                "\n# the digest\n[[digest]]\nname = \"d\"\n".into(),
            ),
            ("comments at the end", format!("{a}# the last word\n"), String::new()),
            (
                "between other tables",
                format!("# head\n[store]\npath = \"x\"\n\n{a}"),
                "\n[mail]\nfrom = \"a@b.c\"\n".into(),
            ),
            ("the first", "# head\n[store]\npath = \"x\" # here\n# tail\n".into(), String::new()),
            ("in an empty file", String::new(), String::new()),
        ] {
            let gap = if after.starts_with('#') { "\n" } else { "" };
            assert_eq!(
                added(&format!("{before}{after}")),
                format!("{before}{NEW}{gap}{after}"),
                "{name}"
            );
        }
        // Feeds in two places: behind the one that stands last.
        let scattered = format!("{a}\n[mail]\n\n[[feed]]\nname = \"c\"\nurl = \"u\"\n");
        assert_eq!(added(&scattered), format!("{scattered}{NEW}"));
    }

    #[test]
    fn line_ends_and_missing_ones_are_kept() {
        let text = "[[feed]]\r\nname = \"a\"\r\nurl = \"u\"\r\n";
        assert_eq!(added(text), format!("{text}{}", NEW.replace('\n', "\r\n")));
        let text = "[[feed]]\nname = \"a\"\nurl = \"u\"";
        assert_eq!(added(text), format!("{text}\n{NEW}"));
    }

    #[test]
    fn inline_lists_are_added_to_in_their_own_way() {
        let b = "{ name = \"b\", url = \"https://b.example/\" }";
        for (text, expected) in [
            (
                "feed = [{ name = \"a\", url = \"u\" }]\n",
                format!("feed = [{{ name = \"a\", url = \"u\" }}, {b}]\n"),
            ),
            (
                "feed = [\n  { name = \"a\", url = \"u\" }, # mine\n]\n",
                format!("feed = [\n  {{ name = \"a\", url = \"u\" }},\n  {b}, # mine\n]\n"),
            ),
            ("feed = []\n", format!("feed = [{b}]\n")),
        ] {
            assert_eq!(added(text), expected);
        }
        for wrong in ["feed = 3\n", "[feed]\nname = \"a\"\n", "feed = [[\n"] {
            assert!(append_feeds(wrong, &[feed("b", "u")]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_key_is_written_and_hostile_text_stays_text() {
        let feeds = [NewFeed {
            name: "a \"b\"\\\n[[digest]]".into(),
            url: "https://a.example/?\"x".into(),
            publisher: Some("Open Lattice".into()),
            kind: Some(FeedKind::Newswire),
            disabled: true,
            comment: Some("News\n[mail]".into()),
        }];
        let text = append_feeds("", &feeds).unwrap();
        let document = parse(&text).unwrap();
        assert_eq!(document.as_table().len(), 1, "{text}");
        let table = document["feed"].as_array_of_tables().unwrap().get(0).unwrap();
        assert_eq!(table["name"].as_str(), Some(feeds[0].name.as_str()));
        assert_eq!(table["url"].as_str(), Some(feeds[0].url.as_str()));
        assert_eq!(table["kind"].as_str(), Some("newswire"));
        assert_eq!(table["enabled"].as_bool(), Some(false));
        assert!(text.contains("# News [mail]\n"), "{text}");
    }

    #[test]
    fn an_address_is_replaced_and_nothing_else() {
        for (text, index, expected) in [
            (
                "[[feed]]\nname = \"a\"\nurl = 'old' # why\n\n[[feed]]\nurl = \"b\"\n",
                0,
                "[[feed]]\nname = \"a\"\nurl = \"https://n/\" # why\n\n[[feed]]\nurl = \"b\"\n",
            ),
            (
                "[[feed]]\nurl = \"a\"\n[mail]\n[[feed]]\nurl=\"b\"\n",
                1,
                "[[feed]]\nurl = \"a\"\n[mail]\n[[feed]]\nurl=\"https://n/\"\n",
            ),
            (
                "feed = [{ url = \"a\" }, { url = \"b\", name = \"x\" }]",
                1,
                "feed = [{ url = \"a\" }, { url = \"https://n/\", name = \"x\" }]",
            ),
            (
                "[[feed]]\r\ncatalogue = \"c\" # x\r\nkind = \"vendor\"\r\n",
                0,
                "[[feed]]\r\ncatalogue = \"c\" # x\r\nurl = \"https://n/\"\r\nkind = \"vendor\"\r\n",
            ),
            (
                "feed = [{ catalogue = \"c\" }]",
                0,
                "feed = [{ catalogue = \"c\", url = \"https://n/\" }]",
            ),
        ] {
            assert_eq!(set_url(text, index, "https://n/").unwrap(), expected);
        }
        assert!(set_url("[[feed]]\nurl = \"a\"\n", 1, "x").is_err());
        assert!(set_url("[[feed]]\nname = \"a\"\n", 0, "x").is_err());
    }

    #[test]
    fn a_change_is_shown_as_a_diff_that_patch_takes() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        for (new, expected) in [
            (
                "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
                "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n",
            ),
            ("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "--- f\n+++ f\n@@ -7,3 +7,4 @@\n 7\n 8\n 9\n+10\n"),
            (old, ""),
        ] {
            assert_eq!(unified_diff(Path::new("f"), old, new), expected);
        }
        assert_eq!(unified_diff(Path::new("f"), "", "a\n"), "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+a\n");
        assert_eq!(changed_line(old, "1\nx\n"), 2);
    }

    const LEAST: &str =
        "[store]\npath = \"x\"\n[[feed]]\nname = \"a\"\nurl = \"https://a.example/\"\n";

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g.toml");
        let new = append_feeds(LEAST, &[feed("b", "https://b.example/")]).unwrap();
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        let environment = Environment::default();
        for (name, there, new, fine) in [
            ("as it should be", LEAST, new.as_str(), true),
            ("changed in the meantime", "# other\n", new.as_str(), false),
            ("wrong with the change", LEAST, "[[feed]]\nname = \"a\"\n", false),
        ] {
            write(there);
            assert_eq!(save(&path, LEAST, new, &environment).is_ok(), fine, "{name}");
            assert_eq!(read(&path).unwrap(), if fine { new } else { there }, "{name}");
            let files = std::fs::read_dir(folder.path()).unwrap().count();
            assert_eq!(files, 1, "{name}: no temporary file is left");
        }
        let nowhere = folder.path().join("none/g.toml");
        assert!(matches!(save(&nowhere, LEAST, &new, &environment), Err(EditError::Io { .. })));
    }

    #[test]
    fn a_crash_that_left_its_temporary_file_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.opml");
        let left = folder.path().join(format!(".out.opml.{}.0.tmp", std::process::id()));
        std::fs::write(&left, "left").unwrap();
        write_file(&path, "one").unwrap();
        write_file(&path, "two").unwrap();
        assert_eq!(read(&path).unwrap(), "two");
        assert_eq!(read(&left).unwrap(), "left");
        let mode = std::fs::metadata(&path).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        write_file(Path::new("/dev/null"), "nothing").unwrap();
    }
}
