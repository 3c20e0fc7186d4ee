//! Which entry is which: guid, else link, else content.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::model::{Entry, EntryKey};

/// The key of an entry.
pub fn key(guid: Option<&str>, link: Option<&str>, title: &str, html: &str) -> EntryKey {
    match (guid, link) {
        (Some(guid), _) => EntryKey(format!("guid:{guid}")),
        (None, Some(link)) => EntryKey(format!("link:{link}")),
        (None, None) => EntryKey(format!("text:{}", version(title, html))),
    }
}

/// The version of an entry: another text is another version.
pub fn version(title: &str, html: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(title.as_bytes());
    hash.update([0]);
    hash.update(html.as_bytes());
    hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// Some feeds give every entry the same guid: then link or text must tell them apart. The first
/// keeps its key, so that a feed which repeats an entry by mistake does not lose its identity.
pub fn settle(entries: &mut Vec<Entry>, warnings: &mut Vec<String>) {
    let mut seen: HashMap<EntryKey, String> = HashMap::new();
    let mut repeated = 0;
    entries.retain_mut(|entry| {
        if let Some(version) = seen.get(&entry.key) {
            if *version == entry.version {
                return false;
            }
            repeated += 1;
            let more = entry.link.clone().unwrap_or_else(|| entry.version.clone());
            entry.key = EntryKey(format!("{}|{more}", entry.key.0));
            if seen.contains_key(&entry.key) {
                entry.key = EntryKey(format!("{}|{}", entry.key.0, entry.version));
            }
        }
        seen.insert(entry.key.clone(), entry.version.clone()).is_none()
    });
    if repeated > 0 {
        warnings.push(format!(
            "{repeated} entries share the id of another; they are told apart by link or text"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(guid: Option<&str>, link: Option<&str>, title: &str) -> Entry {
        Entry {
            key: key(guid, link, title, ""),
            guid: guid.map(str::to_owned),
            link: link.map(str::to_owned),
            title: title.to_owned(),
            published: None,
            author: None,
            html: String::new(),
            has_content: false,
            version: version(title, ""),
        }
    }

    #[test]
    fn repeated_guids_do_not_hide_entries() {
        let mut entries = vec![
            entry(Some("x"), Some("a"), "A"),
            entry(Some("x"), Some("b"), "B"),
            entry(Some("x"), Some("a"), "A"),
            entry(None, None, "C"),
        ];
        let mut warnings = Vec::new();
        settle(&mut entries, &mut warnings);
        let keys: Vec<_> = entries.iter().map(|e| e.key.0.as_str()).collect();
        assert_eq!(keys[..2], ["guid:x", "guid:x|b"]);
        assert_eq!(entries.len(), 3);
        assert_eq!(warnings.len(), 1);
    }
}
