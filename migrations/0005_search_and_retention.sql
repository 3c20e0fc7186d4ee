-- Search over facts, and what upkeep needs. Articles are indexed outside of this file, when somebody searches.

-- Without content: the fact itself has it. `position` is the tier, unit, role and affiliation.
CREATE VIRTUAL TABLE fact_search USING fts5 (
    subject, body, position, quote,
    content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);
INSERT INTO fact_search (rowid, subject, body, position, quote)
SELECT id, subject, body,
       concat_ws(' ', detail ->> '$.tier', detail ->> '$.level', detail ->> '$.unit', detail ->> '$.role', detail ->> '$.affiliation'), quote
FROM fact;
CREATE TRIGGER fact_searchable AFTER INSERT ON fact BEGIN
    INSERT INTO fact_search (rowid, subject, body, position, quote)
    VALUES (new.id, new.subject, new.body,
            concat_ws(' ', new.detail ->> '$.tier', new.detail ->> '$.level', new.detail ->> '$.unit', new.detail ->> '$.role', new.detail ->> '$.affiliation'),
            new.quote);
END;
CREATE TRIGGER fact_searchable_as AFTER UPDATE OF subject, body, detail, quote ON fact BEGIN
    INSERT OR REPLACE INTO fact_search (rowid, subject, body, position, quote)
    VALUES (new.id, new.subject, new.body,
            concat_ws(' ', new.detail ->> '$.tier', new.detail ->> '$.level', new.detail ->> '$.unit', new.detail ->> '$.role', new.detail ->> '$.affiliation'),
            new.quote);
END;
CREATE TRIGGER fact_not_searchable AFTER DELETE ON fact BEGIN
    DELETE FROM fact_search WHERE rowid = old.id;
END;

-- Which version of an entry is known, without its text.
CREATE INDEX entry_version ON entry (id, version);

-- When the daemon last did what it does once a day.
CREATE TABLE upkeep (
    task TEXT PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT;
