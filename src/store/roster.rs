//! The facts that rosters and histories are folded from.

use rusqlite::types::ToSql;

use super::facts::{FACT_COLUMNS, STANDING, read_fact};
use super::{Store, StoreError, StoredFact, while_doing};
use crate::model::{Sighting, fold_name};

impl Store {
    /// All facts of a body under any of its folded names, from a confidence on, the oldest first,
    /// each with its first source only.
    ///
    /// # Errors
    /// When the database fails or holds what it should not.
    pub fn facts_of_body(
        &self,
        names: &[String],
        min_confidence: f64,
    ) -> Result<Vec<StoredFact>, StoreError> {
        let names = json(names);
        self.told(
            "key_body IN (SELECT value FROM json_each(?1)) AND (confidence >= ?2 OR verdict = 'confirmed')",
            &[&names, &min_confidence],
        )
    }

    /// All facts about a subject under any of its folded names: as subject, as body, and as the
    /// employer of whoever was appointed.
    ///
    /// # Errors
    /// When the database fails or holds what it should not.
    pub fn facts_about(
        &self,
        names: &[String],
        min_confidence: f64,
    ) -> Result<Vec<StoredFact>, StoreError> {
        let employed = json(&self.affiliated(names)?);
        let names = json(names);
        self.told(
            "(key_subject IN (SELECT value FROM json_each(?1)) OR key_body IN (SELECT value FROM json_each(?1)) OR id IN (SELECT value FROM json_each(?3))) AND (confidence >= ?2 OR verdict = 'confirmed')",
            &[&names, &min_confidence, &employed],
        )
    }

    /// All facts, for an export.
    ///
    /// # Errors
    /// When the database fails or holds what it should not.
    pub fn facts_from(&self, min_confidence: f64) -> Result<Vec<StoredFact>, StoreError> {
        self.told("(confidence >= ?1 OR verdict = 'confirmed')", &[&min_confidence])
    }

    /// The appointments of people whose employer has one of these folded names.
    fn affiliated(&self, names: &[String]) -> Result<Vec<i64>, StoreError> {
        let query = || -> Result<Vec<i64>, rusqlite::Error> {
            let mut statement = self.connection.prepare(
                "SELECT id, detail ->> '$.affiliation' FROM fact WHERE kind = 'appointment' AND detail ->> '$.affiliation' IS NOT NULL",
            )?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                if names.contains(&fold_name(row.get_ref(1)?.as_str().unwrap_or_default())) {
                    found.push(row.get(0)?);
                }
            }
            Ok(found)
        };
        query().map_err(while_doing("reading affiliations"))
    }

    fn told(&self, which: &str, parameters: &[&dyn ToSql]) -> Result<Vec<StoredFact>, StoreError> {
        let sql =
            format!("SELECT {FACT_COLUMNS} FROM fact WHERE {which} AND {STANDING} ORDER BY id");
        let query = || -> Result<Vec<StoredFact>, rusqlite::Error> {
            let mut statement = self.connection.prepare(&sql)?;
            let rows: Vec<_> =
                statement.query_map(parameters, read_fact)?.collect::<Result<_, _>>()?;
            rows.into_iter()
                .map(|(id, fact, first_seen, amends)| {
                    let sources: Vec<Sighting> = self.sources(id)?.into_iter().take(1).collect();
                    Ok(StoredFact { id, fact, first_seen, amends, sources })
                })
                .collect()
        };
        query().map_err(while_doing("reading facts"))
    }
}

fn json<T: serde::Serialize>(values: &[T]) -> String {
    serde_json::to_string(values).expect("words and numbers are plain data")
}
