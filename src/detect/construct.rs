//! Constructions: the table of patterns, and what a match of each means.

use std::sync::LazyLock;

use serde::Deserialize;

use super::pattern::Pattern;

const CONSTRUCTIONS: &str = include_str!("constructions.toml");

/// What a match means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// Somebody joins something: a membership or an appointment, by the type of the subject.
    Join,
    /// Founding members of a launch.
    Found,
    /// A member renews.
    Renew,
    /// A member rises to another level, or goes down to one.
    Upgrade,
    /// People are welcomed, and the text around says to what.
    Welcome,
    /// Who sits in a unit: news only where the document tells of an election or a launch.
    Formation,
    /// A person takes a seat: elected where the document tells of an election.
    Seat,
    /// A member leaves.
    Withdraw,
    /// A person is appointed.
    Appoint,
    /// A person is elected.
    Elect,
    /// A person (or a member) leaves.
    Depart,
    /// The author leaves.
    DepartFirstPerson,
    /// The author arrives.
    JoinFirstPerson,
    /// What the sentence said of somebody before, it says of one more.
    Also,
    /// A person succeeds another.
    Succeed,
    /// "She succeeds Tom": only the other side is named.
    SucceedOther,
    /// "We" join: the document's own body is the subject.
    JoinOwn,
    /// A person continues for another term; news only where an election or selection is told.
    Reelect,
    /// A project enters a foundation.
    Host,
}

/// One construction.
#[derive(Debug)]
pub struct Construction {
    /// Its name, which shows its shape.
    pub name: String,
    /// What it means.
    pub frame: Frame,
    /// The share of its facts that are right, before the document has its say.
    pub confidence: f64,
    /// Its patterns.
    pub patterns: Vec<Pattern>,
    /// Sentences with the fact they must give.
    #[cfg(test)]
    pub yes: Vec<String>,
    /// Sentences that must give none.
    #[cfg(test)]
    pub no: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    construction: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    frame: Frame,
    confidence: f64,
    patterns: Vec<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "only the tests run the examples"))]
    yes: Vec<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "only the tests run the examples"))]
    no: Vec<String>,
}

/// The built-in constructions.
pub fn built_in() -> &'static [Construction] {
    static TABLE: LazyLock<Vec<Construction>> =
        LazyLock::new(|| read(CONSTRUCTIONS).expect("a test reads the built-in table"));
    &TABLE
}

fn read(text: &str) -> Result<Vec<Construction>, String> {
    let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
    file.construction
        .into_iter()
        .map(|row| {
            let compile =
                |p: &String| Pattern::compile(p).map_err(|e| format!("{}: {e}", row.name));
            let patterns = row.patterns.iter().map(compile).collect::<Result<_, _>>()?;
            Ok(Construction {
                name: row.name,
                frame: row.frame,
                confidence: row.confidence,
                patterns,
                #[cfg(test)]
                yes: row.yes,
                #[cfg(test)]
                no: row.no,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_well_formed() {
        if let Err(message) = read(CONSTRUCTIONS) {
            panic!("{message}");
        }
    }
}
