//! feed-rs at work: a second opinion on a document that the survey found sound.

use std::panic::{AssertUnwindSafe, catch_unwind};

use feed_rs::model as raw;
use feed_rs::parser::Builder;
use url::Url;

use super::draft::{Document, Draft, html_of_text};
use super::vocabulary::is_aside;
use super::{absolute, dates};

/// Reads a document; the base is for its relative addresses.
///
/// # Errors
/// When feed-rs refuses the document, or panics on it (notes/crates.md has such documents): that
/// is one feed's trouble and nobody else's.
pub fn read(text: &str, base: Option<&Url>) -> Result<Document, String> {
    let parse = || {
        let builder =
            Builder::new().base_uri(base.map(Url::as_str)).id_generator(|_, _, _| String::new());
        let builder = builder.timestamp_parser(dates::parse).sanitize_content(false);
        builder.build().parse(text.as_bytes())
    };
    match catch_unwind(AssertUnwindSafe(parse)) {
        Ok(Ok(feed)) => Ok(document(feed, base)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the parser panicked".to_owned()),
    }
}

fn document(feed: raw::Feed, base: Option<&Url>) -> Document {
    let is_atom = feed.feed_type == raw::FeedType::Atom;
    Document {
        title: feed.title.and_then(|t| html(t, true)),
        entries: feed.entries.into_iter().map(|entry| draft(entry, is_atom, base)).collect(),
    }
}

fn draft(entry: raw::Entry, is_atom: bool, base: Option<&Url>) -> Draft {
    let content = entry.content.and_then(|content| {
        let is_text = content.content_type.as_str() == "text/plain";
        let body = content.body.filter(|body| !body.trim().is_empty())?;
        let body = trimmed(body);
        Some(if is_text { html_of_text(body) } else { body })
    });
    Draft {
        title: entry.title.and_then(|t| html(t, true)),
        guid: Some(entry.id.trim()).filter(|id| !id.is_empty()).map(str::to_owned),
        link: link(&entry.links, base),
        published: entry.published,
        // feed-rs copies an RSS entry's date of publication there.
        updated: entry.updated.filter(|_| entry.published != entry.updated),
        author: entry.authors.into_iter().find_map(|a| a.name.filter(|n| !n.trim().is_empty())),
        // RSS knows no types, and a description is HTML.
        summary: entry.summary.and_then(|t| html(t, is_atom)),
        content,
    }
}

/// The page's address: the alternate link, else one that is no feed, file or form.
fn link(links: &[raw::Link], base: Option<&Url>) -> Option<String> {
    let is_alternate = |rel: &str| matches!(rel.trim(), "alternate" | "");
    let is_other = |rel: &str| !is_alternate(rel) && !is_aside(rel.trim());
    let first = |wanted: &dyn Fn(&str) -> bool| {
        let links = links.iter().filter(|l| l.target.is_none());
        links
            .filter(|l| wanted(l.rel.as_deref().unwrap_or_default()))
            .find_map(|l| absolute(&l.href, None, base))
    };
    first(&is_alternate).or_else(|| first(&is_other))
}

fn html(text: raw::Text, may_be_text: bool) -> Option<String> {
    let is_text = may_be_text && text.content_type.as_str() == "text/plain";
    let value = trimmed(text.content);
    if value.is_empty() {
        return None;
    }
    Some(if is_text { html_of_text(value) } else { value })
}

fn trimmed(text: String) -> String {
    let trimmed = text.trim();
    if trimmed.len() == text.len() { text } else { trimmed.to_owned() }
}
