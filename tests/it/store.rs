//! The store on a real file.

use chrono::{DateTime, Utc};
use gazetted::model::{
    Appointment, AppointmentAction, Detail, Entry, EntryKey, Evidence, Fact, Feed, FeedKind,
    FeedName, FeedState, FullTextPolicy, Kind, Outcome, PlannedEntry, PollPlan, Subscription,
    TextSource, Validators,
};
use gazetted::store::{DigestRecord, FactFilter, NewMessage, Progress, Store, StoreError};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
}

fn feed(url: &str) -> Feed {
    Feed {
        name: FeedName("f".into()),
        url: url.into(),
        publisher: "P".into(),
        kind: FeedKind::Foundation,
        full_text: FullTextPolicy::Auto,
    }
}

fn fact() -> Fact {
    let detail = Appointment {
        action: AppointmentAction::Elected,
        unit: Some("Board".into()),
        role: Some("Chair".into()),
        affiliation: Some("Brightwater".into()),
    };
    Fact {
        subject: "Ana Castellan".into(),
        body: "Harbor Foundation".into(),
        detail: Detail::Appointment(detail),
        effective: Some("2027-01-01".into()),
        evidence: Evidence {
            quote: "Ana Castellan is chair".into(),
            marks: vec![(0, 13)],
            rule: "r".into(),
        },
        confidence: 0.9,
    }
}

fn plan(feed_id: i64, version: &str, facts: Vec<Fact>) -> PollPlan {
    let entry = Entry {
        key: EntryKey("k".into()),
        guid: None,
        link: Some("https://example.org/a".into()),
        title: "T".into(),
        published: Some(at(-5)),
        author: None,
        html: "h".into(),
        has_content: true,
        version: version.into(),
    };
    let state = FeedState {
        validators: Validators { etag: Some("\"1\"".into()), last_modified: None },
        body_hash: Some("hash".into()),
        baseline_done: true,
        ..FeedState::unasked(feed_id, FeedName("f".into()))
    };
    PollPlan {
        at: at(0),
        outcome: Outcome::Fetched,
        state,
        rekeyed: Vec::new(),
        shown: Vec::new(),
        entries: vec![PlannedEntry {
            entry,
            html: "h".into(),
            text_source: TextSource::Feed,
            facts,
            aliases: Vec::new(),
            words: String::new(),
            fingerprint: None,
            report: true,
            page_retry: None,
            late_page: false,
        }],
        warnings: Some(vec!["odd".into()]),
        requests: Vec::new(),
        quiet: false,
    }
}

fn subscription() -> Subscription {
    Subscription {
        name: "s".into(),
        to: vec!["a@example.org".into()],
        kinds: vec![Kind::Appointment],
        bodies: vec![],
        include_children: false,
        subjects: vec![],
        feeds: vec![],
        min_confidence: 0.5,
        watch: vec![],
        watch_immediately: false,
        all_quiet: false,
    }
}

fn open(folder: &tempfile::TempDir) -> Store {
    let mut store = Store::open(&folder.path().join("state/g.db")).unwrap();
    store.register_feeds(&[&feed("https://example.org/feed")]).unwrap();
    store
}

#[test]
fn everything_comes_back_as_it_was_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder);
    let id = store.feed_state(&FeedName("f".into())).unwrap().id;
    let applied = store.apply(&plan(id, "1", vec![fact()])).unwrap();
    assert_eq!((applied.new_entries, applied.new_facts, applied.changes), (1, 1, 1));
    let found = store.facts(&FactFilter::default()).unwrap();
    assert_eq!(found[0].fact, fact());
    assert_eq!(found[0].sources[0].link.as_deref(), Some("https://example.org/a"));
    let state = store.feed_state(&FeedName("f".into())).unwrap();
    assert_eq!(
        (state.validators.etag.as_deref(), state.body_hash.as_deref(), state.baseline_done),
        (Some("\"1\""), Some("hash"), true)
    );
    assert_eq!(store.feed_overview().unwrap()[0].warnings, ["odd"]);
}

#[test]
fn the_same_plan_twice_adds_nothing_and_an_edit_adds_no_second_fact() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder);
    let id = store.feed_state(&FeedName("f".into())).unwrap().id;
    store.apply(&plan(id, "1", vec![fact()])).unwrap();
    assert_eq!(store.apply(&plan(id, "1", vec![fact()])).unwrap(), Default::default());
    let edited = store.apply(&plan(id, "2", vec![fact()])).unwrap();
    assert_eq!((edited.edited_entries, edited.new_facts), (1, 0));
}

#[test]
fn a_plan_that_fails_changes_nothing_not_even_the_validators() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder);
    let mut broken = plan(1, "1", vec![fact()]);
    broken.entries[0].facts[0].confidence = f64::NAN; // SQLite stores it as NULL, which the schema refuses.
    assert!(store.apply(&broken).is_err());
    assert!(store.facts(&FactFilter::default()).unwrap().is_empty());
    assert_eq!(store.feed_state(&FeedName("f".into())).unwrap().validators, Validators::default());
}

#[test]
fn of_plans_that_are_written_together_one_that_fails_spoils_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder);
    let good = plan(1, "1", vec![fact()]);
    let mut broken = plan(1, "2", vec![fact()]);
    broken.entries[0].entry.key = EntryKey("other".into());
    broken.entries[0].facts[0].confidence = f64::NAN;
    let mut another = broken.clone();
    another.entries[0].facts[0].subject = "Tom Okafor".into();
    let results = store.apply_all(&[&broken, &good, &another]);
    assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(store.feed_overview().unwrap()[0].entries, 1);
}

#[test]
fn another_address_forgets_the_validators() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder);
    store.apply(&plan(1, "1", vec![])).unwrap();
    store.register_feeds(&[&feed("https://example.org/elsewhere")]).unwrap();
    let state = store.feed_state(&FeedName("f".into())).unwrap();
    assert_eq!((state.validators, state.body_hash), (Validators::default(), None));
}

#[test]
fn a_digest_its_messages_and_the_cursor_are_committed_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder);
    store.register_subscriptions(&[&subscription()], at(0)).unwrap();
    store.apply(&plan(1, "1", vec![fact()])).unwrap();
    let changes = store.pending_changes(0, "s", &[]).unwrap();
    let record = |change_ids: Vec<i64>| DigestRecord {
        subscription: "s".into(),
        label: "l".into(),
        from: at(0),
        until: at(9),
        subject: "x".into(),
        composed: at(9),
        to_readers: true,
        progress: Progress::Period { cursor: 1 },
        troubles: vec![],
        notices: vec![],
        takes_back: vec![],
        change_ids,
    };
    let message = NewMessage {
        recipient: "a@example.org".into(),
        sender: "g@example.org".into(),
        message_id: "<1@x>".into(),
        bytes: b"m".to_vec(),
    };
    assert!(
        store.commit_digest(&record(vec![999]), std::slice::from_ref(&message)).is_err(),
        "a change that does not exist"
    );
    assert_eq!(
        (store.subscription_state("s").unwrap().cursor, store.outbox_due(at(99), 9).unwrap().len()),
        (0, 0)
    );
    assert!(store.commit_digest(&record(vec![changes[0].id]), &[message]).unwrap());
    assert_eq!(store.subscription_state("s").unwrap().cursor, 1);
    assert_eq!(store.outbox_due(at(99), 9).unwrap()[0].bytes, b"m");
}

#[test]
fn a_second_writer_and_a_newer_schema_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let path = folder.path().join("state/g.db");
    assert!(matches!(Store::open(&path), Err(StoreError::Locked { pid: Some(_), .. })));
    assert!(Store::open_read_only(&path).is_ok());
    drop(store);
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Newer { .. })));
    assert!(matches!(Store::open_read_only(&path), Err(StoreError::Newer { .. })));
}

#[test]
fn the_database_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let _store = open(&folder);
    let mode = |path: &str| {
        std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("state"), mode("state/g.db")), (0o700, 0o600));
}
