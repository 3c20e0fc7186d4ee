//! Which entry is which: guid, else link, else content.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};
use twox_hash::{XxHash3_64, XxHash3_128};

use crate::model::{Entry, EntryKey};

/// The key of an entry.
pub fn key(guid: Option<&str>, link: Option<&str>, title: &str, html: &str) -> EntryKey {
    match (guid, link) {
        (Some(guid), _) => EntryKey(format!("guid:{guid}")),
        (None, Some(link)) => EntryKey(format!("link:{link}")),
        (None, None) => EntryKey(format!("text:{}", digest(title, html))),
    }
}

/// The version of an entry: another text is another version. Every text of every feed that changed
/// is hashed for it; no adversary gains by two texts of one version, for both are his own.
pub fn version(title: &str, html: &str) -> String {
    let title = XxHash3_64::oneshot(title.as_bytes());
    format!("{:032x}", XxHash3_128::oneshot_with_seed(title, html.as_bytes()))
}

/// The version as it was written up to schema 5. An entry stored then has it until its text changes.
pub fn former_version(title: &str, html: &str) -> String {
    digest(title, html)
}

/// Whether an entry is known in this version, of today's form or of the former one.
pub fn is_version(entry: &Entry, known: &str) -> bool {
    if known.len() == entry.version.len() {
        known == entry.version
    } else {
        known == former_version(&entry.title, &entry.html)
    }
}

/// What keys are made of. It stays what it is: under another key an entry is new.
fn digest(title: &str, html: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(title.as_bytes());
    hash.update([0]);
    hash.update(html.as_bytes());
    hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// Some feeds give every entry the same guid, or link all to one page: then link and title tell
/// them apart. All that share a key are renamed, whatever their order, for the newest comes first
/// and must not take the name of the one before it. Of those that agree in link and title too the
/// first is kept: a feed that repeats an entry by mistake does not double it.
pub fn settle(entries: &mut Vec<Entry>, warnings: &mut Vec<String>) {
    let mut keys = HashSet::with_capacity(entries.len());
    if entries.iter().all(|entry| keys.insert(&entry.key)) {
        return;
    }
    let mut seen: HashSet<(EntryKey, Option<String>, String)> = HashSet::new();
    entries.retain(|entry| {
        let identity = (entry.key.clone(), entry.link.clone(), entry.title.clone());
        seen.insert(identity)
    });
    let mut sharing: HashMap<EntryKey, Vec<usize>> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        sharing.entry(entry.key.clone()).or_default().push(at);
    }
    let mut repeated = 0;
    for (key, places) in sharing.into_iter().filter(|(_, places)| places.len() > 1) {
        repeated += places.len();
        let mut links: HashMap<Option<String>, usize> = HashMap::new();
        for at in &places {
            *links.entry(entries[*at].link.clone()).or_default() += 1;
        }
        for at in places {
            let entry = &mut entries[at];
            let alone = entry.link.is_some() && links.get(&entry.link) == Some(&1);
            let link = entry.link.as_deref().unwrap_or_default();
            entry.key = EntryKey(if alone {
                format!("{}|{link}", key.0)
            } else {
                format!("{}|{link}|{}", key.0, digest(&entry.title, ""))
            });
        }
    }
    if repeated > 0 {
        warnings
            .push(format!("{repeated} entries share an id; they are told apart by link or title"));
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

    fn keys(entries: &[(Option<&str>, Option<&str>, &str)]) -> Vec<String> {
        let mut entries: Vec<Entry> = entries.iter().map(|(g, l, t)| entry(*g, *l, t)).collect();
        settle(&mut entries, &mut Vec::new());
        entries.into_iter().map(|e| e.key.0).collect()
    }

    #[test]
    fn an_entry_is_known_by_the_version_of_today_and_by_the_former_one() {
        let known = entry(Some("x"), None, "A");
        for (version, same) in [
            (version("A", ""), true),
            (version("B", ""), false),
            (version("", "A"), false),
            (former_version("A", ""), true),
            (former_version("B", ""), false),
            // As the program wrote it before.
            ("e61c21ca716b3b1a".to_owned(), true),
            (String::new(), false),
        ] {
            assert_eq!(is_version(&known, &version), same, "{version}");
        }
    }

    #[test]
    fn keys_stay_what_they_were_written_as() {
        assert_eq!(key(None, None, "A", "<p>B").0, "text:f899b17cc81f6a37");
    }

    #[test]
    fn repeated_guids_do_not_hide_entries() {
        let x = Some("x");
        assert_eq!(
            keys(&[
                (x, Some("a"), "A"),
                (x, Some("b"), "B"),
                (x, Some("a"), "A"),
                (None, Some("c"), "C")
            ]),
            ["guid:x|a", "guid:x|b", "link:c"]
        );
        // An entry repeated by mistake stays who it was.
        assert_eq!(keys(&[(x, Some("a"), "A"), (x, Some("a"), "A")]), ["guid:x"]);
        let mut warnings = Vec::new();
        settle(&mut vec![entry(x, Some("a"), "A"), entry(x, Some("b"), "B")], &mut warnings);
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn a_newer_entry_does_not_take_the_name_of_the_one_before() {
        let x = Some("x");
        let before = keys(&[(x, Some("b"), "B"), (x, Some("a"), "A")]);
        let after = keys(&[(x, Some("c"), "C"), (x, Some("b"), "B"), (x, Some("a"), "A")]);
        assert_eq!(before, after[1..]);
        // One page for all: titles tell them apart.
        let before = keys(&[(None, Some("p"), "B"), (None, Some("p"), "A")]);
        let after = keys(&[(None, Some("p"), "C"), (None, Some("p"), "B"), (None, Some("p"), "A")]);
        assert_eq!(before, after[1..]);
        assert_eq!(after.iter().collect::<HashSet<_>>().len(), 3);
    }

    #[test]
    fn a_new_title_makes_no_new_entry_where_guid_or_link_stayed() {
        for (guid, link) in [(Some("x"), None), (None, Some("a")), (Some("x"), Some("a"))] {
            assert_eq!(keys(&[(guid, link, "Old")]), keys(&[(guid, link, "New")]));
        }
        assert_ne!(keys(&[(None, None, "Old")]), keys(&[(None, None, "New")]));
    }
}
