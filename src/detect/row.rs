//! What the cells of a table's row say of the name in one of them: its role, its level, whether it
//! is new; and what the header says of the column.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::frame::clean_role;
use super::list::Line;
use super::mention::MentionKind;
use crate::text::{Block, BlockKind};

/// A cell that says a role, a level or a committee is no longer, in bytes.
const WORDS_BYTES_MAX: usize = 80;

/// What stands in a column, by its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// People.
    Name,
    /// Whom the table is about, people or organisations.
    Subject,
    /// Organisations: members, or employers beside a column of names.
    Organisation,
    /// Employers.
    Affiliation,
    Role,
    /// Roles that are taken up: "New title".
    NewRole,
    Tier,
    Unit,
    /// Where something is.
    Place,
    /// Whatever else.
    Other,
    /// It has no header.
    Unnamed,
}

fn column_of(header: &str) -> Column {
    let words = header.to_lowercase();
    match words.trim_end_matches(|c: char| !c.is_alphanumeric()) {
        "director" | "candidate" | "person" | "nominee" | "board member" | "committee member"
        | "full name" | "associate" | "employee" | "executive" | "colleague" => Column::Name,
        "name" | "names" | "member" | "members" | "new member" | "elected" | "winner"
        | "sponsor" => Column::Subject,
        "organization" | "organisation" | "company" | "institution" | "organization name"
        | "organisation name" | "company name" => Column::Organisation,
        "affiliation" | "employer" | "represents" | "representing" | "affiliated with"
        | "nominated by" => Column::Affiliation,
        "position" | "role" | "office" | "post" | "function" | "seat" => Column::Role,
        "new title" | "new role" | "new position" | "new post" | "new office" => Column::NewRole,
        "level" | "tier" | "category" | "class" | "membership" | "membership level"
        | "membership type" | "membership class" | "type of membership" | "member type" => {
            Column::Tier
        }
        "committee" | "working group" | "group" | "team" | "council" | "sig" | "unit"
        | "work group" | "task force" => Column::Unit,
        "country" | "location" | "city" | "headquarters" | "region" | "based in" | "place" => {
            Column::Place
        }
        "" => Column::Unnamed,
        _ => Column::Other,
    }
}

/// The row of a cell.
#[derive(Clone, Debug)]
struct Row {
    /// Its cells: from the first to behind the last, as blocks.
    cells: Range<usize>,
    /// The cell that spans it from a row above, in the first column.
    spanning: Option<usize>,
}

/// The tables of a document.
pub struct Tables<'a> {
    blocks: &'a [Block],
    /// For every block that is a cell, the number of its row.
    row_of: HashMap<usize, usize>,
    rows: Vec<Row>,
    /// The columns of each table, by their numbers.
    columns: HashMap<u32, BTreeMap<u32, Column>>,
}

impl<'a> Tables<'a> {
    /// Finds the rows of all tables.
    pub fn of(blocks: &'a [Block]) -> Tables<'a> {
        let (row_of, columns) = (HashMap::new(), HashMap::new());
        let mut tables = Tables { blocks, row_of, rows: Vec::new(), columns };
        let mut at = 0;
        // The last row with a cell in each column, and its table.
        let mut full: Option<(u32, usize)> = None;
        while at < blocks.len() {
            let Some((table, row, _)) = tables.place(at) else {
                at += 1;
                continue;
            };
            let same =
                |other: usize| tables.place(other).is_some_and(|(t, r, _)| (t, r) == (table, row));
            let end = (at..).find(|other| !same(*other)).unwrap_or(at + 1);
            if tables.is_header(at..end) && !tables.columns.contains_key(&table) {
                let columns = (at..end).filter_map(|cell| {
                    Some((tables.place(cell)?.2, column_of(&blocks[cell].text)))
                });
                let columns = columns.collect();
                tables.columns.insert(table, columns);
            } else {
                let spanning = tables.spanning(table, at..end, full);
                if spanning.is_none() {
                    full = Some((table, at));
                }
                tables.row_of.extend((at..end).map(|cell| (cell, tables.rows.len())));
                tables.rows.push(Row { cells: at..end, spanning });
            }
            at = end;
        }
        tables
    }

    /// The table, the row and the column of a cell.
    fn place(&self, at: usize) -> Option<(u32, u32, u32)> {
        match self.blocks.get(at)?.kind {
            BlockKind::Cell { table, row, column, .. } => Some((table, row, column)),
            _ => None,
        }
    }

    fn is_header(&self, mut cells: Range<usize>) -> bool {
        cells.all(|at| matches!(self.blocks[at].kind, BlockKind::Cell { header: true, .. }))
    }

    /// The cell of a row above that reaches into this one: "Gold" beside three of its members.
    fn spanning(
        &self,
        table: u32,
        cells: Range<usize>,
        full: Option<(u32, usize)>,
    ) -> Option<usize> {
        let columns = self.columns.get(&table)?;
        let grouped = columns
            .get(&1)
            .is_some_and(|c| matches!(c, Column::Tier | Column::Unit | Column::Role));
        let (_, above) = full.filter(|(other, _)| *other == table && grouped)?;
        let last = cells.clone().filter_map(|at| self.place(at)).map(|(_, _, column)| column).max();
        let short = last? + 1 == columns.keys().copied().max()?;
        (short && self.blocks[above].text != self.blocks[cells.start].text).then_some(above)
    }

    /// What stands in the column of a cell.
    pub fn column(&self, cell: usize) -> Column {
        let (Some(row), Some((table, _, column))) = (self.row(cell), self.place(cell)) else {
            return Column::Unnamed;
        };
        let shift = u32::from(row.spanning.is_some_and(|above| above != cell));
        let columns = self.columns.get(&table);
        columns.and_then(|all| all.get(&(column + shift))).copied().unwrap_or(Column::Unnamed)
    }

    /// Whether the table of a cell has a column of this kind.
    pub fn has(&self, cell: usize, kind: Column) -> bool {
        let columns = self.place(cell).and_then(|(table, _, _)| self.columns.get(&table));
        columns.is_some_and(|columns| columns.values().any(|column| *column == kind))
    }

    fn row(&self, cell: usize) -> Option<&Row> {
        self.rows.get(*self.row_of.get(&cell)?)
    }

    /// The other cells of the row, and the one that spans it.
    fn beside(&self, cell: usize) -> impl Iterator<Item = usize> {
        let row = self.row(cell);
        let cells = row.map_or(0..0, |row| row.cells.clone());
        row.and_then(|row| row.spanning).into_iter().chain(cells).filter(move |at| *at != cell)
    }

    /// The words of the cell in the row whose column is of this kind.
    pub fn words(&self, cell: usize, kind: Column) -> Option<&'a str> {
        let blocks = self.blocks;
        self.beside(cell)
            .find(|at| self.column(*at) == kind)
            .map(|at| blocks[at].text.trim())
            .filter(|text| !text.is_empty() && text.len() <= WORDS_BYTES_MAX)
    }

    /// The role that the row gives: of the column of roles, else of a cell that is nothing but one.
    pub fn role(&self, cell: usize, lines: &[Line]) -> Option<String> {
        let named = self.words(cell, Column::NewRole).or_else(|| self.words(cell, Column::Role));
        if let Some(words) = named {
            return Some(clean_role(words));
        }
        self.beside(cell).filter(|at| self.column(*at) == Column::Unnamed).find_map(|at| {
            let parsed = lines.get(at)?.sentences.first()?;
            let role = parsed.mention(0).filter(|m| m.kind == MentionKind::Role)?;
            (role.end == parsed.tokens.len()).then(|| clean_role(parsed.slice(0, role.end)))
        })
    }

    /// The level of membership that the row gives.
    pub fn tier(&self, cell: usize) -> Option<String> {
        let words = self.words(cell, Column::Tier)?;
        let short = words.strip_suffix("member").or_else(|| words.strip_suffix("Member"));
        Some(short.unwrap_or(words).trim().to_owned())
    }

    /// Whether another cell of the row says that somebody goes on in a post.
    pub fn again(&self, cell: usize) -> bool {
        self.beside(cell).any(|at| {
            let words = self.blocks[at].text.to_lowercase();
            matches!(
                words.trim_matches(|c: char| !c.is_alphanumeric()),
                "reappointed"
                    | "re-appointed"
                    | "re-elected"
                    | "reelected"
                    | "re-election"
                    | "incumbent"
                    | "returning"
                    | "reappointment"
                    | "renewed"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::blocks;

    #[test]
    fn a_row_knows_its_columns_even_under_cells_that_span_it() {
        let found = blocks(
            "",
            "<table><tr><th>Level<th>Organization<th>Seat<tr><td rowspan=2>Gold<td>Acme<td>Oslo\
             <tr><td>Quill<td>Riga</table>",
        );
        let tables = Tables::of(&found);
        let cell = |text: &str| found.iter().position(|b| b.text == text).unwrap();
        for (name, column) in [
            ("Gold", Column::Tier),
            ("Acme", Column::Organisation),
            ("Oslo", Column::Role),
            ("Quill", Column::Organisation),
            ("Riga", Column::Role),
        ] {
            assert_eq!(tables.column(cell(name)), column, "{name}");
        }
        assert_eq!(tables.tier(cell("Quill")).as_deref(), Some("Gold"));
    }

    #[test]
    fn a_row_says_who_goes_on() {
        let found = blocks("", "<table><tr><td>Ana<td>Reappointed<tr><td>Tom<td>New</table>");
        let tables = Tables::of(&found);
        assert!(tables.again(0) || tables.again(1));
        let tom = found.iter().position(|b| b.text == "Tom").unwrap();
        assert!(!tables.again(tom));
    }
}
