-- What polite polling and feed health remember of a feed (criteria P1 to P24 in docs/POLITENESS.md).

ALTER TABLE feed ADD COLUMN settings       TEXT;     -- what else its answers depend on: another value drops the validators (P6)
ALTER TABLE feed ADD COLUMN rest_until     INTEGER;  -- the server asked for this in so many words (Retry-After): commands keep it too
ALTER TABLE feed ADD COLUMN failing_since  INTEGER;
ALTER TABLE feed ADD COLUMN address        TEXT;     -- where it moved for good, proven by many redirects; the user's file is never touched (P13)
ALTER TABLE feed ADD COLUMN moving_to      TEXT;     -- where it is redirected to, not yet proven
ALTER TABLE feed ADD COLUMN moving_since   INTEGER;
ALTER TABLE feed ADD COLUMN moving_polls   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feed ADD COLUMN site           TEXT;     -- its web site, by its own word
ALTER TABLE feed ADD COLUMN pages_due      INTEGER;  -- when the page of one of its entries is to be tried again
ALTER TABLE feed ADD COLUMN polls          INTEGER NOT NULL DEFAULT 0;

ALTER TABLE entry ADD COLUMN news       INTEGER NOT NULL DEFAULT 1;  -- 0: part of the baseline, told to nobody
ALTER TABLE entry ADD COLUMN page_due   INTEGER;                     -- its page failed and is tried again then
ALTER TABLE entry ADD COLUMN page_tries INTEGER NOT NULL DEFAULT 0;
CREATE INDEX entry_page_due ON entry (feed_id, page_due) WHERE page_due IS NOT NULL;

-- The last requests of each feed, a ring: bounded by its key.
CREATE TABLE request (
    feed_id     INTEGER NOT NULL REFERENCES feed (id),
    slot        INTEGER NOT NULL,                 -- number of the request, modulo the size of the ring
    at          INTEGER NOT NULL,
    page        INTEGER NOT NULL,                 -- 1: the page of an entry
    held        INTEGER NOT NULL,                 -- there were validators to send
    conditional INTEGER NOT NULL,                 -- and they were sent
    status      INTEGER,                          -- none: no answer came
    bytes       INTEGER NOT NULL,
    redirects   INTEGER NOT NULL,
    early       INTEGER NOT NULL,                 -- made before the server's own rest was over
    PRIMARY KEY (feed_id, slot)
) STRICT, WITHOUT ROWID;

-- Trouble of a feed: told to the operator once when it begins and once when it is over.
CREATE TABLE trouble (
    id       INTEGER PRIMARY KEY,
    feed_id  INTEGER NOT NULL REFERENCES feed (id),
    kind     TEXT NOT NULL CHECK (kind IN ('failing', 'gone', 'moved', 'silent')),
    since    INTEGER NOT NULL,
    detail   TEXT NOT NULL,
    told     INTEGER,                             -- when its beginning was put into a message
    over     INTEGER,
    told_over INTEGER
) STRICT;
CREATE UNIQUE INDEX trouble_open ON trouble (feed_id, kind) WHERE over IS NULL;
