//! The database over the years: backups, damage, what is old, upgrades, full disks.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};

use gazetted::config::{self, Environment};
use gazetted::daemon::{Clock, Cycle, keep_up};
use gazetted::store::{Store, StoreError, check, daily_backups};
use rusqlite::Connection;

use crate::http::{Answer, Server};
use crate::setup::{CHAIR, JOINS, Place, err, out, rss};

const PLAIN: (&str, &str, &str) =
    ("plain", "A recipe", "Soup is made of water, onions and some patience.");

/// A place that has read a feed of an announcement and an ordinary post.
fn read(entries: &[(&str, &str, &str)]) -> (Server, Place) {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(entries)));
    let place = Place::new(&server.url("/feed"), "");
    let run = place.run(&["once"]);
    assert!(run.status.success(), "{}", err(&run));
    (server, place)
}

fn database(place: &Place) -> PathBuf {
    place.folder.path().join("g.db")
}

fn sql(place: &Place, text: &str) {
    Connection::open(database(place)).unwrap().execute_batch(text).unwrap();
}

fn ask(place: &Place, text: &str) -> i64 {
    Connection::open(database(place)).unwrap().query_row(text, [], |r| r.get(0)).unwrap()
}

fn files(place: &Place, part: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(place.folder.path())
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(part))
        .collect();
    names.sort();
    names
}

/// Overwrites pages in the middle of a file.
fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[4096..middle].fill(0x5a);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_backup_is_made_beside_a_writer_and_is_whole_private_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let (_server, place) = read(&[JOINS, PLAIN]);
    let writer = Store::open(&database(&place)).unwrap();
    let made = place.run(&["db", "backup"]);
    assert!(made.status.success(), "{}", err(&made));
    let path = PathBuf::from(out(&made).trim());
    assert!(err(&made).contains("1 feeds, 2 entries, 1 facts"), "{}", err(&made));
    assert_eq!(path.parent(), Some(place.folder.path()));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(check(&path).unwrap().problems.is_empty());
    let again = place.run(&["db", "backup"]);
    assert!(again.status.success() && out(&again).trim() != out(&made).trim(), "another name");
    let named = place.run(&["db", "backup", path.to_str().unwrap()]);
    assert_eq!(named.status.code(), Some(74));
    assert!(err(&named).contains("it exists; name another file"), "{}", err(&named));
    assert!(files(&place, ".part").is_empty());
    drop(writer);
}

#[test]
fn check_finds_damage_and_the_program_names_the_remedy() {
    let (_server, place) = read(&[JOINS, PLAIN]);
    let sound = place.run(&["db", "check"]);
    assert!(sound.status.success() && out(&sound).ends_with("sound\n"), "{}", out(&sound));
    let json: serde_json::Value =
        serde_json::from_str(&out(&place.run(&["db", "check", "--json"]))).unwrap();
    assert_eq!((&json["sound"], &json["rows"]["fact"]), (&true.into(), &1.into()));
    // A source that points nowhere, a fact that nobody told.
    sql(&place, "PRAGMA foreign_keys = OFF; UPDATE sighting SET fact_id = 99");
    let torn = place.run(&["db", "check"]);
    assert_eq!(torn.status.code(), Some(1));
    assert!(out(&torn).contains("row 1 of sighting points at a row of fact"), "{}", out(&torn));
    assert!(out(&torn).contains("1 facts have no source"));
    sql(&place, "UPDATE sighting SET fact_id = 1; PRAGMA wal_checkpoint(TRUNCATE)");
    damage(&database(&place));
    let broken = place.run(&["db", "check"]);
    assert_eq!(broken.status.code(), Some(1), "{}", out(&broken));
    assert!(err(&broken).contains("gazetted db restore FILE"), "{}", err(&broken));
    std::fs::write(database(&place), "no database at all, but long enough to look at: ".repeat(99))
        .unwrap();
    for command in ["once", "facts"] {
        let run = place.run(&[command]);
        assert_eq!(run.status.code(), Some(74), "{}", err(&run));
        for part in ["g.db", "is damaged", "`gazetted db check`", "`gazetted db restore FILE`"] {
            assert!(err(&run).contains(part), "{command}: {part} is missing in {}", err(&run));
        }
    }
    let other = place.run(&["db", "check", place.config().to_str().unwrap()]);
    assert_eq!(other.status.code(), Some(1));
    assert!(!out(&other).contains("brings up to date"), "it is no database: {}", out(&other));
    assert_eq!(place.run(&["db", "check", "/nonexistent.db"]).status.code(), Some(74));
}

#[test]
fn restore_puts_a_sound_backup_back_and_keeps_what_was_there() {
    let (server, place) = read(&[JOINS]);
    let backup = place.folder.path().join("kept.db");
    assert!(place.run(&["db", "backup", backup.to_str().unwrap()]).status.success());
    server.set("/feed", Answer::ok(rss(&[JOINS, CHAIR])));
    place.run(&["once"]);
    assert_eq!(ask(&place, "SELECT count(*) FROM fact"), 2);
    let restore = |file: &Path| place.run(&["db", "restore", file.to_str().unwrap()]);

    let daemon = Store::open(&database(&place)).unwrap();
    let refused = restore(&backup);
    assert_eq!(refused.status.code(), Some(75));
    assert!(err(&refused).contains(&std::process::id().to_string()), "{}", err(&refused));
    drop(daemon);

    let spoilt = place.folder.path().join("spoilt.db");
    std::fs::copy(&backup, &spoilt).unwrap();
    damage(&spoilt);
    let newer = place.folder.path().join("newer.db");
    std::fs::copy(&backup, &newer).unwrap();
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let empty = place.folder.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    for (file, why) in
        [(&spoilt, "not sound"), (&newer, "newer gazetted"), (&empty, "no database of gazetted")]
    {
        let run = restore(file);
        assert_eq!(run.status.code(), Some(74));
        assert!(err(&run).contains(why), "{}", err(&run));
        assert_eq!(ask(&place, "SELECT count(*) FROM fact"), 2, "the database is what it was");
    }

    damage(&database(&place));
    let restored = restore(&backup);
    assert!(restored.status.success(), "{}", err(&restored));
    assert_eq!(ask(&place, "SELECT count(*) FROM fact"), 1);
    assert_eq!(files(&place, "g.replaced-").len(), 1);
    // What came after the backup comes again.
    assert!(place.run(&["once"]).status.success());
    assert_eq!(ask(&place, "SELECT count(*) FROM fact"), 2);
}

#[test]
fn pruning_takes_the_text_of_what_is_old_and_proves_nothing_and_nothing_else() {
    let (server, place) = read(&[JOINS, PLAIN]);
    sql(
        &place,
        "UPDATE entry SET first_seen = first_seen - 401 * 86400; UPDATE outbox SET created = created - 91 * 86400, ended = ended - 91 * 86400; UPDATE request SET at = at - 401 * 86400",
    );
    let dry = place.run(&["db", "prune", "--dry-run"]);
    let told = "the text of 1 entries that prove no fact, the bytes of 1 sent messages, 0 entries that left their feed, 1 records of requests";
    assert!(err(&dry).contains(told), "{}", err(&dry));
    assert_eq!(ask(&place, "SELECT count(*) FROM entry WHERE html = ''"), 0);
    let pruned = place.run(&["db", "prune"]);
    assert!(err(&pruned).contains(told), "{}", err(&pruned));
    assert_eq!(
        ask(&place, "SELECT count(*) FROM entry WHERE html = '' AND link LIKE '%/plain'"),
        1
    );
    assert_eq!(
        ask(&place, "SELECT count(*) FROM entry WHERE html <> '' AND link LIKE '%/joins'"),
        1
    );
    assert_eq!(ask(&place, "SELECT length(bytes) FROM outbox"), 0);
    let facts = out(&place.run(&["facts"]));
    assert!(facts.contains("Meridian Cloud"), "{facts}");
    // What was seen is not new again, and pruning again finds nothing.
    server.set("/feed", Answer::ok(rss(&[JOINS, PLAIN, CHAIR])));
    place.run(&["once"]);
    assert_eq!(place.messages().len(), 2);
    assert!(err(&place.run(&["db", "prune"])).contains("the text of 0 entries"));
    assert!(err(&place.run(&["db", "prune", "--older-than", "soon"])).contains("no span of time"));
    assert!(place.run(&["db", "check"]).status.success());
}

/// What told nothing and has left its feed for as long as texts are kept is not remembered: nothing
/// else would bound the number of rows.
#[test]
fn an_entry_that_told_nothing_is_forgotten_when_its_feed_does_not_show_it_for_long() {
    const OTHER: (&str, &str, &str) = ("other", "A walk", "The path leads through a wood.");
    const THIRD: (&str, &str, &str) = ("third", "A song", "It has three verses.");
    let (server, place) = read(&[JOINS, PLAIN, OTHER]);
    let show = |entries: &[(&str, &str, &str)]| {
        server.set("/feed", Answer::ok(rss(entries)));
        assert!(place.run(&["poll"]).status.success());
    };
    let absent = |what: &str| {
        ask(&place, &format!("SELECT absent IS NOT NULL FROM entry WHERE link LIKE '%/{what}'"))
    };
    let prune = || err(&place.run(&["db", "prune"]));
    let age =
        "UPDATE entry SET first_seen = first_seen - 401 * 86400, absent = absent - 401 * 86400";
    assert_eq!(err(&place.run(&["search", "onions"])), "");
    show(&[THIRD]);
    assert_eq!((absent("joins"), absent("plain"), absent("other"), absent("third")), (1, 1, 1, 0));
    // One comes again: it is not new, and is to be remembered.
    show(&[THIRD, OTHER]);
    assert_eq!((absent("plain"), absent("other")), (1, 0));
    assert_eq!(ask(&place, "SELECT count(*) FROM entry"), 4);
    assert!(prune().contains("0 entries that left their feed"), "it left only now");
    sql(&place, age);
    let dry = err(&place.run(&["db", "prune", "--dry-run"]));
    for said in [dry, prune()] {
        let told = "the text of 3 entries that prove no fact, the bytes of 0 sent messages, 1 entries that left their feed";
        assert!(said.contains(told), "{said}");
    }
    // What is shown, however old, and what told something stay; so does what is absent from an answer
    // that was none.
    assert_eq!(ask(&place, "SELECT count(*) FROM entry"), 3);
    assert!(out(&place.run(&["facts"])).contains("Meridian Cloud"));
    assert!(place.run(&["db", "check"]).status.success());
    // The index of articles forgets it too.
    assert_eq!(err(&place.run(&["search", "onions"])), "nothing found\n");
    let index = Connection::open(place.folder.path().join("g.search")).unwrap();
    let count: i64 = index.query_row("SELECT count(*) FROM indexed", [], |r| r.get(0)).unwrap();
    assert_eq!(count, 3);
    server.set("/feed", Answer::ok(rss(&[])));
    assert!(place.run(&["poll"]).status.success());
    assert_eq!((absent("third"), absent("other")), (0, 0), "an empty feed says nothing");
}

/// A row that only shrinks keeps its page: retention would bound nothing.
#[test]
fn what_pruning_takes_away_is_given_back_to_the_disk() {
    let (_server, place) = read(&[JOINS, PLAIN]);
    sql(
        &place,
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 400)
         INSERT INTO entry (feed_id, key, version, title, first_seen, html, text_source)
         SELECT (SELECT min(id) FROM feed), 'old' || n, 'v', 'An old post', 0, hex(zeroblob(4750)), 'feed' FROM n",
    );
    sql(
        &place,
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 400)
         INSERT INTO outbox (digest_id, recipient, sender, message_id, bytes, state, created)
         SELECT (SELECT min(id) FROM digest), 'a@example.org', 's@example.org', 'old' || n, zeroblob(9500), 'sent', 0 FROM n",
    );
    let ids = ask(&place, "SELECT (SELECT sum(id) FROM entry) + (SELECT sum(id) FROM outbox)");
    let before = ask(&place, "SELECT page_count FROM pragma_page_count");
    assert!(place.run(&["db", "prune"]).status.success());
    let after = ask(&place, "SELECT page_count FROM pragma_page_count");
    assert!(after * 5 < before, "{before} pages, {after} after");
    let now = ask(&place, "SELECT (SELECT sum(id) FROM entry) + (SELECT sum(id) FROM outbox)");
    assert_eq!(now, ids, "each row is what it was");
    assert!(place.run(&["db", "check"]).status.success());
}

#[test]
fn mail_that_waits_is_never_pruned_nor_text_that_waits_for_its_page() {
    let (_server, place) = read(&[JOINS, PLAIN]);
    sql(
        &place,
        "UPDATE entry SET first_seen = 0, page_due = 9e9; UPDATE outbox SET created = 0, state = 'uncertain'",
    );
    let pruned = place.run(&["db", "prune"]);
    assert!(
        err(&pruned).contains("the text of 0 entries that prove no fact, the bytes of 0 sent"),
        "{}",
        err(&pruned)
    );
}

#[test]
fn a_database_of_an_older_version_is_copied_before_it_is_brought_up_to_date() {
    let place = Place::new("file:missing.xml", "");
    let old = Connection::open(database(&place)).unwrap();
    for migration in ["0001_initial.sql", "0002_polite_polling.sql"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(migration);
        old.execute_batch(&std::fs::read_to_string(path).unwrap()).unwrap();
    }
    old.execute_batch("INSERT INTO feed (name, url, publisher) VALUES ('f', 'u', 'p'); INSERT INTO entry (feed_id, key, version, title, first_seen, html, text_source) VALUES (1, 'k', 'v', 't', 0, 'h', 'feed');
        INSERT INTO fact (kind, action, subject, body, detail, quote, marks, rule, confidence, polarity, key_subject, key_body, key_position, first_seen)
        VALUES ('membership', 'joined', 'Quill Data', 'Open Lattice Foundation', '{\"kind\":\"membership\",\"action\":\"joined\",\"tier\":\"Gold\"}', 'Quill Data joins', '[]', 'r', 0.9, 'in', 'quill data', 'open lattice foundation', '', 0);
        INSERT INTO sighting (fact_id, entry_id, seen) VALUES (1, 1, 0); PRAGMA user_version = 2").unwrap();
    drop(old);
    drop(Store::open(&database(&place)).unwrap());
    let copy = place.folder.path().join("g.schema-2.db");
    assert_eq!(check(&copy).unwrap().schema, 2);
    assert_eq!(check(&database(&place)).unwrap().problems, [] as [String; 0]);
    let found = place.run(&["search", "quill gold", "--facts"]);
    assert!(out(&found).contains("Quill Data joined"), "old facts are found too: {}", err(&found));
    drop(Store::open(&database(&place)).unwrap());
    assert_eq!(files(&place, "schema-"), ["g.schema-2.db"], "once");
    // An old backup restored is brought up to date like any other, and copied under a free name.
    assert!(place.run(&["db", "restore", copy.to_str().unwrap()]).status.success());
    drop(Store::open(&database(&place)).unwrap());
    assert_eq!(files(&place, "schema-"), ["g.schema-2-2.db", "g.schema-2.db"]);
}

/// A clock for the daemon's days.
static NOW: AtomicI64 = AtomicI64::new(1_795_000_000);

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_backs_up_and_prunes_once_a_day_and_keeps_three_backups() {
    let (_server, place) = read(&[JOINS, PLAIN]);
    sql(&place, "UPDATE entry SET first_seen = 0");
    let config = config::load(&place.config(), &Environment::default()).unwrap();
    let cycle = Cycle::new(config, Clock::Simulated(&NOW), None).unwrap();
    let stranger = place.folder.path().join("g.daily-notes.db");
    std::fs::write(&stranger, "not ours").unwrap();
    for day in 0..5 {
        let done = keep_up(&cycle).await.unwrap();
        assert!(done.backup.is_some(), "{done:?}");
        assert_eq!(done.pruned.articles, u64::from(day == 0));
        assert_eq!(keep_up(&cycle).await.unwrap().backup, None, "the same day again");
        NOW.fetch_add(86_400, Ordering::SeqCst);
    }
    let kept = daily_backups(&database(&place));
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().all(|path| check(path).unwrap().problems.is_empty()));
    assert!(stranger.exists());
    // The first backup held the text that went after it; where none can be written, nothing goes.
    drop(cycle);
    sql(
        &place,
        "UPDATE entry SET html = 'long ago' WHERE link LIKE '%/plain'; PRAGMA wal_checkpoint(TRUNCATE)",
    );
    sql(&place, "PRAGMA foreign_keys = OFF; UPDATE sighting SET fact_id = 99");
    let config = config::load(&place.config(), &Environment::default()).unwrap();
    let cycle = Cycle::new(config, Clock::Simulated(&NOW), None).unwrap();
    let done = keep_up(&cycle).await.unwrap();
    assert!(done.backup_failed.unwrap().contains("not sound"));
    assert_eq!(done.pruned.articles, 0);
    assert_eq!(daily_backups(&database(&place)).len(), 3);
}

#[test]
fn a_full_disk_leaves_nothing_half_done_and_the_next_run_goes_on() {
    let server = Server::start();
    let long = "Meridian Cloud has joined the Open Lattice Foundation as a Platinum member. "
        .to_owned()
        + &"There is much more to say about soup than fits on a page. ".repeat(30_000);
    server.set("/feed", Answer::ok(rss(&[CHAIR])));
    let place = Place::new(&server.url("/feed"), "");
    place.run(&["once"]);
    let before = std::fs::metadata(database(&place)).unwrap().len();
    server.set("/feed", Answer::ok(rss(&[CHAIR, ("joins", "News", &long)])));
    // No file may grow beyond this, in blocks of 512 bytes or 1 KiB: the next write fails.
    let script = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$0\" --config \"$1\" once",
        before / 1024 + 100
    );
    let full = Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_gazetted")])
        .arg(place.config())
        .output()
        .unwrap();
    assert!(!full.status.success(), "{}", err(&full));
    assert!(
        err(&full).contains("database failed while") || err(&full).contains("database"),
        "{}",
        err(&full)
    );
    assert_eq!(ask(&place, "SELECT count(*) FROM fact"), 1);
    assert_eq!(place.messages().len(), 1);
    let run = place.run(&["once"]);
    assert!(run.status.success(), "{}", err(&run));
    assert_eq!((ask(&place, "SELECT count(*) FROM fact"), place.messages().len()), (2, 2));
    assert!(place.run(&["db", "check"]).status.success());
}

#[test]
fn a_lock_file_without_a_holder_holds_up_nobody() {
    let (_server, place) = read(&[JOINS]);
    std::fs::write(place.folder.path().join("g.lock"), "1\n").unwrap();
    assert!(Store::open(&database(&place)).is_ok());
    let held = Store::open(&database(&place)).unwrap();
    assert!(matches!(Store::open(&database(&place)), Err(StoreError::Locked { pid: Some(_), .. })));
    let pruned = place.run(&["db", "prune"]);
    assert_eq!(pruned.status.code(), Some(75));
    assert!(err(&pruned).contains("a daemon does this by itself"), "{}", err(&pruned));
    drop(held);
}
