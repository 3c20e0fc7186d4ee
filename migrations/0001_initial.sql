-- The first schema. Times are seconds since 1970, UTC. Names are folded where a column says so.

CREATE TABLE feed (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,          -- its identity: the name in the configuration
    url            TEXT NOT NULL,
    publisher      TEXT NOT NULL,
    etag           TEXT,
    last_modified  TEXT,
    body_hash      TEXT,                          -- of the last body that was parsed
    last_poll      INTEGER,
    last_success   INTEGER,
    last_status    INTEGER,
    last_error     TEXT,
    warnings       TEXT,                          -- of the last body, one a line
    failures       INTEGER NOT NULL DEFAULT 0,    -- in a row
    not_before     INTEGER,
    baseline_done  INTEGER NOT NULL DEFAULT 0,
    gone           INTEGER NOT NULL DEFAULT 0,
    configured     INTEGER NOT NULL DEFAULT 1     -- 0: no longer in the configuration; its facts stay
) STRICT;

CREATE TABLE entry (
    id          INTEGER PRIMARY KEY,
    feed_id     INTEGER NOT NULL REFERENCES feed (id),
    key         TEXT NOT NULL,                    -- guid, else link, else content
    version     TEXT NOT NULL,                    -- of the text: an edited entry has another
    link        TEXT,
    title       TEXT NOT NULL,
    author      TEXT,
    published   INTEGER,                          -- as the feed says; decides nothing
    first_seen  INTEGER NOT NULL,
    html        TEXT NOT NULL,                    -- what detection read, for a later replay
    text_source TEXT NOT NULL CHECK (text_source IN ('feed', 'page')),
    UNIQUE (feed_id, key)
) STRICT;

-- Facts are immutable. A correction is a new row that points at what it amends.
CREATE TABLE fact (
    id           INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL CHECK (kind IN ('membership', 'appointment', 'hosting')),
    action       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    body         TEXT NOT NULL,
    detail       TEXT NOT NULL,                   -- JSON of the slots of its kind
    effective    TEXT,
    quote        TEXT NOT NULL,
    marks        TEXT NOT NULL,                   -- JSON: byte ranges in the quote
    rule         TEXT NOT NULL,
    confidence   REAL NOT NULL,
    polarity     TEXT NOT NULL CHECK (polarity IN ('in', 'out')),
    key_subject  TEXT NOT NULL,                   -- folded
    key_body     TEXT NOT NULL,                   -- folded
    key_position TEXT NOT NULL,                   -- folded unit and role; empty for a membership
    first_seen   INTEGER NOT NULL,
    amends       INTEGER REFERENCES fact (id)
) STRICT;
CREATE INDEX fact_by_key ON fact (key_subject, key_body, kind, polarity);

-- Who told a fact. The first row of a fact is its first source.
CREATE TABLE sighting (
    id       INTEGER PRIMARY KEY,
    fact_id  INTEGER NOT NULL REFERENCES fact (id),
    entry_id INTEGER NOT NULL REFERENCES entry (id),
    seen     INTEGER NOT NULL,
    UNIQUE (fact_id, entry_id)
) STRICT;

-- What digests report, in the order of discovery. A baseline makes none.
CREATE TABLE change (
    id      INTEGER PRIMARY KEY,
    fact_id INTEGER NOT NULL REFERENCES fact (id),
    kind    TEXT NOT NULL CHECK (kind IN ('new', 'amended')),
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE subscription (
    name     TEXT PRIMARY KEY,
    cursor   INTEGER NOT NULL,                    -- changes up to this id were considered
    last_run INTEGER NOT NULL                     -- the end of the last period
) STRICT;

CREATE TABLE digest (
    id           INTEGER PRIMARY KEY,
    subscription TEXT NOT NULL,
    label        TEXT NOT NULL,
    period_from  INTEGER NOT NULL,
    period_until INTEGER NOT NULL,
    subject      TEXT NOT NULL,
    composed     INTEGER NOT NULL
) STRICT;

CREATE TABLE digest_change (
    digest_id INTEGER NOT NULL REFERENCES digest (id),
    change_id INTEGER NOT NULL REFERENCES change (id),
    PRIMARY KEY (digest_id, change_id)
) STRICT, WITHOUT ROWID;

-- One row per recipient; the bytes never change once they stand here.
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY,
    digest_id    INTEGER NOT NULL REFERENCES digest (id),
    recipient    TEXT NOT NULL,
    sender       TEXT NOT NULL,
    message_id   TEXT NOT NULL UNIQUE,
    bytes        BLOB NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'uncertain', 'failed')),
    attempts     INTEGER NOT NULL DEFAULT 0,
    created      INTEGER NOT NULL,
    next_attempt INTEGER,
    note         TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox (next_attempt) WHERE state IN ('pending', 'uncertain');
