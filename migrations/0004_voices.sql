-- One fact, many voices: what each source says, in how strong words, and what people decided.

ALTER TABLE fact ADD COLUMN quote_key   TEXT NOT NULL DEFAULT '';              -- the evidence, folded: the same words in another feed are the same news
ALTER TABLE fact ADD COLUMN verdict     TEXT CHECK (verdict IN ('confirmed', 'rejected'));
ALTER TABLE fact ADD COLUMN merged_into INTEGER REFERENCES fact (id);          -- by a person: the same fact under another name
ALTER TABLE fact ADD COLUMN note        TEXT;                                  -- a person's word on it
CREATE INDEX fact_amends ON fact (amends) WHERE amends IS NOT NULL;

ALTER TABLE sighting ADD COLUMN detail    TEXT;                                -- JSON of the slots, as this source has them
ALTER TABLE sighting ADD COLUMN effective TEXT;
ALTER TABLE sighting ADD COLUMN quote     TEXT;
CREATE INDEX sighting_by_entry ON sighting (entry_id);

-- The text of an entry that announces something, folded and hashed: a copy is known again.
ALTER TABLE entry ADD COLUMN fingerprint TEXT;
CREATE INDEX entry_by_fingerprint ON entry (fingerprint) WHERE fingerprint IS NOT NULL;

-- A fact that was known with less confidence: a digest tells it where that was too little.
ALTER TABLE change ADD COLUMN was REAL;
