//! Tables of election results: a column that says who was elected names the winners, whatever the
//! text above the table leaves open.

use std::collections::BTreeMap;

use super::frame::clean_role;
use super::list::Line;
use super::mention::{Mention, MentionKind};
use super::resolve::Context;
use crate::model::{Appointment, AppointmentAction, Detail, Evidence, Fact};
use crate::text::{Block, BlockKind};

/// How sure a row is that says of itself that it won.
const CONFIDENCE: f64 = 0.85;
/// The rule that its facts name.
const RULE: &str = "table of results: <person>";

/// What a cell says of its row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Elected,
    Reelected,
    Lost,
}

/// Tables by number, their rows in order, the blocks of each row.
type Tables = BTreeMap<u32, BTreeMap<u32, Vec<usize>>>;

/// The tables with results, and the winners that they name.
pub struct Results {
    tables: Vec<u32>,
    /// The winners' facts.
    pub facts: Vec<Fact>,
}

impl Results {
    /// Reads the tables of a document; `unit` is the committee of which its title speaks.
    pub fn read(
        blocks: &[Block],
        lines: &[Line],
        context: &Context,
        unit: Option<&str>,
    ) -> Results {
        let mut tables = Tables::new();
        for (at, block) in blocks.iter().enumerate() {
            if let BlockKind::Cell { table, row, .. } = block.kind {
                tables.entry(table).or_default().entry(row).or_default().push(at);
            }
        }
        let mut results = Results { tables: Vec::new(), facts: Vec::new() };
        for (table, rows) in tables {
            let said: Vec<(Option<Verdict>, &Vec<usize>)> = rows
                .values()
                .map(|cells| (cells.iter().find_map(|at| verdict(&blocks[*at].text)), cells))
                .collect();
            let won =
                |v: &Option<Verdict>| matches!(v, Some(Verdict::Elected | Verdict::Reelected));
            if !said.iter().any(|(verdict, _)| won(verdict)) {
                continue;
            }
            results.tables.push(table);
            let facts = said.iter().filter_map(|(verdict, cells)| {
                winner((*verdict)?, cells, blocks, lines, context, unit)
            });
            results.facts.extend(facts);
        }
        results
    }

    /// Whether a block is a cell of a table that says itself who won.
    pub fn cover(&self, block: &Block) -> bool {
        matches!(block.kind, BlockKind::Cell { table, .. } if self.tables.contains(&table))
    }
}

/// "elected", "Elected (incumbent)", "not elected".
fn verdict(cell: &str) -> Option<Verdict> {
    let words = cell.to_lowercase();
    let words = words.trim_start_matches(|c: char| !c.is_alphanumeric());
    if words.len() > 60 {
        return None;
    }
    let begins = |any: &[&str]| any.iter().any(|w| words.starts_with(w));
    if begins(&["not elected", "not re-elected", "runner-up", "defeated", "unsuccessful"]) {
        Some(Verdict::Lost)
    } else if begins(&["re-elected", "reelected"])
        || begins(&["elected"])
            && ["incumbent", "again", "second term"].iter().any(|w| words.contains(w))
    {
        Some(Verdict::Reelected)
    } else {
        begins(&["elected", "winner", "won seat", "wins seat"]).then_some(Verdict::Elected)
    }
}

fn winner(
    verdict: Verdict,
    cells: &[usize],
    blocks: &[Block],
    lines: &[Line],
    context: &Context,
    unit: Option<&str>,
) -> Option<Fact> {
    let row: String =
        cells.iter().map(|at| blocks[*at].text.as_str()).collect::<Vec<_>>().join(" ");
    let action = match verdict {
        Verdict::Lost => return None,
        Verdict::Elected if row.to_lowercase().contains("incumbent") => {
            AppointmentAction::Reelected
        }
        Verdict::Elected => AppointmentAction::Elected,
        Verdict::Reelected => AppointmentAction::Reelected,
    };
    let first_mention = |at: usize, fits: &dyn Fn(&Mention) -> bool| {
        let parsed = lines[at].sentences.first()?;
        let mention = parsed.mentions().find(fits)?;
        Some(parsed.slice(mention.start, mention.end).to_owned())
    };
    let is_person = |m: &Mention| {
        let kind = m.name_type();
        m.start == 0 && (kind.surely_person || kind.person && !kind.organisation && !kind.body)
    };
    let name = cells.iter().find_map(|at| first_mention(*at, &is_person))?;
    let role = cells.iter().find_map(|at| first_mention(*at, &|m| m.kind == MentionKind::Role));
    let start = row.find(&name)?;
    let subject = context.person(&name);
    Some(Fact {
        body: context.own_body.clone()?,
        detail: Detail::Appointment(Appointment {
            action,
            unit: unit.map(str::to_owned),
            role: Some(role.map_or_else(|| "member".to_owned(), |r| clean_role(&r))),
            affiliation: None,
        }),
        effective: None,
        evidence: Evidence {
            marks: vec![(start, start + name.len())],
            quote: row,
            rule: RULE.to_owned(),
        },
        subject,
        confidence: CONFIDENCE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_says_whether_its_row_won() {
        for (cell, expected) in [
            ("Elected", Some(Verdict::Elected)),
            ("✓ elected", Some(Verdict::Elected)),
            ("elected (incumbent)", Some(Verdict::Reelected)),
            ("Re-elected", Some(Verdict::Reelected)),
            ("Not elected", Some(Verdict::Lost)),
            ("The board is elected by the members", None),
            ("188", None),
        ] {
            assert!(verdict(cell) == expected, "{cell}");
        }
    }
}
