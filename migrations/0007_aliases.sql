-- What texts say that short names stand for: "Open Lattice Foundation (OLF)". Only names of facts stand here.

CREATE TABLE alias (
    short   TEXT NOT NULL,                        -- folded
    name    TEXT NOT NULL,                        -- folded
    feed_id INTEGER NOT NULL REFERENCES feed (id),
    seen    INTEGER NOT NULL,                     -- when it was first said there
    PRIMARY KEY (short, name, feed_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_by_name ON alias (name, short);

-- The facts of a body: a subject may stand there under another name.
CREATE INDEX fact_by_body ON fact (key_body, kind, polarity, first_seen);
