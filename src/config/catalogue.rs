//! The catalogue of feeds that ships inside the binary. Its addresses come from public sources
//! and are unverified until they have been polled.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::FeedKind;

const CATALOGUE: &str = include_str!("../../config/catalogue.toml");

/// One feed of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueEntry {
    /// What `catalogue = "…"` names.
    pub id: String,
    /// The feed's name.
    pub name: String,
    /// Whose feed it is.
    pub publisher: String,
    /// What sort of publisher.
    pub kind: FeedKind,
    /// Its address.
    pub url: String,
    /// The public source in which the address was seen.
    pub seen_at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    feed: Vec<CatalogueEntry>,
}

/// All entries, in the order of the file.
pub fn entries() -> &'static [CatalogueEntry] {
    static ENTRIES: LazyLock<Vec<CatalogueEntry>> = LazyLock::new(|| {
        toml::from_str::<File>(CATALOGUE).expect("a test reads the built-in catalogue").feed
    });
    &ENTRIES
}

/// The entry of an id, or the first of a publisher ("pytorch-foundation").
pub fn find(id: &str) -> Option<&'static CatalogueEntry> {
    entries()
        .iter()
        .find(|e| e.id == id)
        .or_else(|| entries().iter().find(|e| slug(&e.publisher) == id))
}

/// Lower case, words joined by hyphens.
pub fn slug(name: &str) -> String {
    let folded = crate::model::fold(name);
    folded.replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_well_formed() {
        let mut ids = std::collections::HashSet::new();
        for entry in entries() {
            assert!(ids.insert(&entry.id), "{} stands twice", entry.id);
            let url = url::Url::parse(&entry.url).unwrap();
            assert!(matches!(url.scheme(), "http" | "https"), "{url}");
            assert!(!entry.seen_at.is_empty(), "{} has no source", entry.id);
        }
        assert!(entries().len() > 150);
        assert!(find("pytorch-foundation").is_some());
    }
}
