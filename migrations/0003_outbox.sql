-- What the outbox remembers of refusals, of attempts under way and of recipients.

ALTER TABLE outbox ADD COLUMN began   INTEGER;                    -- an attempt is under way, or was when the program died
ALTER TABLE outbox ADD COLUMN refused INTEGER NOT NULL DEFAULT 0; -- 1: the server refused it for good (5xx)
ALTER TABLE outbox ADD COLUMN revived INTEGER;                    -- taken up again by hand: the deadline counts from here
ALTER TABLE outbox ADD COLUMN ended   INTEGER;                    -- when it was sent or failed

-- A later message to a recipient waits for the earlier one.
CREATE INDEX outbox_waiting ON outbox (recipient, id) WHERE state IN ('pending', 'uncertain');
CREATE INDEX outbox_by_recipient ON outbox (recipient, id);

-- Recipients who are not what they should be.
CREATE TABLE recipient (
    address   TEXT PRIMARY KEY COLLATE NOCASE,
    suspended INTEGER,                            -- since when nothing is sent to it
    reason    TEXT,
    forgiven  INTEGER NOT NULL DEFAULT 0          -- refusals of messages up to this id no longer count
) STRICT, WITHOUT ROWID;

-- What the operator is told once, in the next digest.
CREATE TABLE notice (
    id   INTEGER PRIMARY KEY,
    at   INTEGER NOT NULL,
    text TEXT NOT NULL,
    told INTEGER
) STRICT;
