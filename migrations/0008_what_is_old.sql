-- What retention looks for, found without reading what it leaves: without these every text is read once a day.

CREATE INDEX entry_with_text ON entry (first_seen) WHERE html <> '' AND page_due IS NULL;
CREATE INDEX outbox_with_bytes ON outbox (coalesce(ended, created)) WHERE state = 'sent' AND bytes <> x'';

-- An entry that told nothing and has left its feed for long need not be remembered: it will not come again.
ALTER TABLE entry ADD COLUMN absent INTEGER;         -- since when its feed shows it no more
CREATE INDEX entry_shown ON entry (feed_id, absent, key) WHERE absent IS NULL;
CREATE INDEX entry_spent ON entry (absent) WHERE absent IS NOT NULL AND html = '';
