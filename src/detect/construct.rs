//! Constructions: the table of patterns, and what a match of each means.

use std::ops::Range;
use std::sync::LazyLock;

use serde::Deserialize;

use super::lexicon::TriggerClass;
use super::pattern::{Alternative, Cues, Key, MENTIONS_MAX, Needs, SETS_MAX, Sets, WordCues};

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
    /// "…; Priya takes over": what somebody has just left.
    TakeOver,
    /// "She succeeds Tom": only the other side is named.
    SucceedOther,
    /// "We" join: the document's own body is the subject.
    JoinOwn,
    /// A person continues for another term; news only where an election or selection is told.
    Reelect,
    /// A project enters a foundation.
    Host,
    /// A body takes in a project.
    Accept,
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

/// All constructions, and their patterns so that a sentence finds those that it can match.
#[derive(Debug)]
pub struct Table {
    /// The constructions, in the order in which they are tried.
    pub constructions: Vec<Construction>,
    /// The alternatives of their patterns in that order.
    alternatives: Vec<Alternative>,
    /// The patterns in that order.
    patterns: Vec<Pattern>,
    /// Those that a trigger of each class is the key of.
    by_trigger: Vec<Vec<Keyed>>,
    /// Those that a word of each set is the key of.
    by_words: Vec<Vec<Keyed>>,
    /// By the kinds of mentions that a sentence has: the sets that are keys of some pattern that needs
    /// no others. Common words are the keys of patterns that need a rare mention.
    words_with: [Sets; MENTIONS_MAX],
    /// Those without a key.
    keyless: Vec<Keyed>,
    cues: WordCues,
}

/// A pattern with all its alternatives.
#[derive(Debug)]
struct Pattern {
    /// The number of its construction.
    construction: usize,
    alternatives: Range<usize>,
}

/// A pattern's number, and what it needs without its optional groups: none of its alternatives
/// needs less.
#[derive(Debug)]
struct Keyed {
    needs: Needs,
    pattern: usize,
}

impl Table {
    /// The words that its patterns ask for.
    pub fn cues(&self) -> &WordCues {
        &self.cues
    }

    /// Whether a sentence with these cues can match any construction.
    pub fn has_possible(&self, cues: &Cues) -> bool {
        self.keyed(cues, |all| all.iter().any(|keyed| keyed.needs.are_met(cues)))
    }

    /// The constructions that a sentence with these cues can match, with their alternatives that
    /// it can, all in the order in which they are tried.
    pub fn possible(&self, cues: &Cues) -> Vec<(&Construction, Vec<&Alternative>)> {
        let mut numbers: Vec<usize> = Vec::new();
        self.keyed(cues, |all| {
            let met = all.iter().filter(|keyed| keyed.needs.are_met(cues));
            numbers.extend(met.map(|keyed| keyed.pattern));
            false
        });
        numbers.sort_unstable();
        let construction = |number: &usize| self.patterns[*number].construction;
        numbers
            .chunk_by(|a, b| construction(a) == construction(b))
            .map(|of_one| {
                let all = of_one.iter().flat_map(|number| {
                    self.alternatives[self.patterns[*number].alternatives.clone()].iter()
                });
                let construction = &self.constructions[construction(&of_one[0])];
                (construction, all.filter(|a| a.needs().are_met(cues)).collect())
            })
            .collect()
    }

    /// Shows the patterns whose keys are among some cues, until somebody has seen enough; says whether that
    /// was so.
    fn keyed(&self, cues: &Cues, mut enough: impl FnMut(&[Keyed]) -> bool) -> bool {
        enough(&self.keyless)
            || cues.triggers().any(|class| enough(&self.by_trigger[class]))
            || cues
                .any_word_of(&self.words_with[cues.mentions()], |set| enough(&self.by_words[set]))
    }

    /// Adds a pattern of the construction that is read next.
    fn add(&mut self, pattern: &str) -> Result<(), String> {
        let compiled = Alternative::compile(pattern, &mut self.cues)?;
        // The last is the one without any optional group.
        let Some(bare) = compiled.last() else { return Ok(()) };
        let same_key = match bare.key(&self.cues) {
            Key::Trigger(class) => &mut self.by_trigger[class as usize],
            Key::Words(set) => {
                let needs = bare.needs();
                let allowed = |(mentions, _): &(usize, _)| needs.allow_mentions(*mentions);
                let with = self.words_with.iter_mut().enumerate();
                with.filter(allowed).for_each(|(_, keys)| keys.insert(set));
                &mut self.by_words[usize::from(set)]
            }
            Key::None => &mut self.keyless,
        };
        same_key.push(Keyed { needs: bare.needs(), pattern: self.patterns.len() });
        let from = self.alternatives.len();
        self.alternatives.extend(compiled);
        let alternatives = from..self.alternatives.len();
        self.patterns.push(Pattern { construction: self.constructions.len(), alternatives });
        Ok(())
    }
}

/// The built-in constructions.
pub fn built_in() -> &'static Table {
    static TABLE: LazyLock<Table> =
        LazyLock::new(|| read(CONSTRUCTIONS).expect("a test reads the built-in table"));
    &TABLE
}

/// The words that the built-in constructions ask for.
pub fn cues() -> &'static WordCues {
    built_in().cues()
}

fn read(text: &str) -> Result<Table, String> {
    let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
    let mut table = Table {
        constructions: Vec::with_capacity(file.construction.len()),
        alternatives: Vec::new(),
        patterns: Vec::new(),
        by_trigger: (0..TriggerClass::COUNT).map(|_| Vec::new()).collect(),
        by_words: (0..SETS_MAX).map(|_| Vec::new()).collect(),
        words_with: [Sets::default(); MENTIONS_MAX],
        keyless: Vec::new(),
        cues: WordCues::default(),
    };
    for row in file.construction {
        for pattern in &row.patterns {
            table.add(pattern).map_err(|e| format!("{}: {e}", row.name))?;
        }
        table.constructions.push(Construction {
            name: row.name,
            frame: row.frame,
            confidence: row.confidence,
            #[cfg(test)]
            yes: row.yes,
            #[cfg(test)]
            no: row.no,
        });
    }
    Ok(table)
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
