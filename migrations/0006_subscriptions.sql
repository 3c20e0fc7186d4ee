-- What subscriptions remember beside their period.

ALTER TABLE subscription ADD COLUMN watched INTEGER;  -- changes up to this id were looked through for watched names; none: those up to the cursor

ALTER TABLE subscription ADD COLUMN spoke   INTEGER;  -- when its readers were last told something; before that, since when they are readers
UPDATE subscription SET spoke = coalesce(
    (SELECT max(composed) FROM digest WHERE digest.subscription = subscription.name AND label <> 'health'), last_run);

-- Who was told of a change, and of what it corrects.
CREATE INDEX digest_change_by_change ON digest_change (change_id);
CREATE INDEX change_by_fact ON change (fact_id);
CREATE INDEX outbox_by_digest ON outbox (digest_id);
