//! The program dies by SIGKILL, at each named point of `gazetted::crash` and at random moments, and is
//! started again: every change reaches every reader, in one message; a second copy of a message comes
//! only where the first was under way when the program died, and is the same to the byte.
//!
//! `GAZETTED_CRASH_ROUNDS=200` makes the random test die 200 times; the default is 25.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use gazetted::crash::POINTS;

use crate::daemon::wait_until;
use crate::http::{Answer, Server};
use crate::outage::smtp_place;
use crate::setup::{Place, err, rss};
use crate::smtp::{Fault, Received, SmtpServer, Stage};

const KILL: i32 = 9;
/// Deaths in the random test where the environment does not say.
const ROUNDS: usize = 25;
/// The seed of the random test.
const SEED: u64 = 0x6761_7a65_7474_6564;
/// Two digests; one reader has both.
const DIGESTS: &str = "[[digest]]\nname = \"Boards\"\nto = [\"a@example.org\", \"b@example.org\", \"both@example.org\"]\n\
                       [[digest]]\nname = \"Weekly\"\nto = [\"both@example.org\", \"c@example.org\"]\n";
const READERS: [(&str, &str); 5] = [
    ("boards", "a@example.org"),
    ("boards", "b@example.org"),
    ("boards", "both@example.org"),
    ("weekly", "both@example.org"),
    ("weekly", "c@example.org"),
];
/// Where a message may have arrived and the program does not know it yet.
const WINDOW: [&str; 3] = ["mail.content-sent", "mail.answered", "store.attempt.before-commit"];

/// Feeds that grow, a mail server, the program.
struct World {
    http: Server,
    smtp: SmtpServer,
    place: Place,
    /// What was announced in each feed, the newest first.
    announced: Vec<Vec<String>>,
    count: usize,
    /// The messages that were recorded as sent at a death, and how many copies there were by then.
    sent: BTreeMap<String, usize>,
}

impl World {
    async fn new(feeds: usize) -> World {
        let (http, smtp) = (Server::start(), SmtpServer::start().await);
        let names: Vec<String> = (0..feeds).map(|n| format!("feed-{n}")).collect();
        let list: Vec<(&str, String)> =
            names.iter().map(|n| (n.as_str(), http.url(&format!("/{n}")))).collect();
        let place = smtp_place(&list, smtp.port, ", timeout = \"20s\"", DIGESTS);
        let announced = vec![Vec::new(); feeds];
        let mut world = World { http, smtp, place, announced, count: 0, sent: BTreeMap::new() };
        (0..feeds).for_each(|feed| world.serve(feed));
        world
    }

    fn serve(&mut self, feed: usize) {
        let entries: Vec<(String, String)> = self.announced[feed]
            .iter()
            .map(|name| {
                let text =
                    format!("{name} has joined the Open Lattice Foundation as a Gold member.");
                (name.replace(' ', "-"), text)
            })
            .collect();
        let entries: Vec<(&str, &str, &str)> =
            entries.iter().map(|(guid, text)| (guid.as_str(), "News", text.as_str())).collect();
        let tag = format!("\"{feed}-{}\"", self.count);
        self.http.set(&format!("/feed-{feed}"), Answer::ok(rss(&entries)).header("ETag", &tag));
    }

    fn announce(&mut self, feed: usize) {
        let name = name(self.count);
        self.count += 1;
        self.announced[feed].insert(0, name);
        self.serve(feed);
    }

    fn once(&self, kill_at: Option<&str>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gazetted"));
        command.arg("--config").arg(self.place.config()).arg("once");
        if let Some(point) = kill_at {
            command.env("GAZETTED_KILL_AT", point);
        }
        command.output().unwrap()
    }

    /// Runs until everything is sent.
    fn finish(&self) {
        let run = self.once(None);
        assert!(run.status.success(), "{}", err(&run));
    }

    /// Every change reached every reader in one message; gives the number of copies too many, each of
    /// which is the same as the first to the byte.
    fn check(&self, what: &str) -> usize {
        let mut copies: BTreeMap<String, Vec<Received>> = BTreeMap::new();
        for message in self.smtp.received() {
            copies.entry(message.message_id()).or_default().push(message);
        }
        let mut told: BTreeMap<(String, String, String), BTreeSet<&str>> = BTreeMap::new();
        for (id, messages) in &copies {
            let first = &messages[0];
            assert!(messages.iter().all(|m| m.data == first.data), "{what}: {id} differs");
            assert!(messages.iter().all(|m| m.recipient == first.recipient), "{what}: {id}");
            let (text, list) = (first.text(), first.list());
            for name in self.announced.iter().flatten().filter(|name| text.contains(*name)) {
                let list = list.to_lowercase().split(' ').next().unwrap_or_default().to_owned();
                let key = (list, first.recipient.clone(), name.clone());
                told.entry(key).or_default().insert(id);
            }
        }
        for (list, reader) in READERS {
            for name in self.announced.iter().flatten() {
                let key = (list.to_owned(), reader.to_owned(), name.clone());
                let messages = told.get(&key).map_or(0, BTreeSet::len);
                assert_eq!(
                    messages, 1,
                    "{what}: {reader} was told of {name} in {messages} messages of {list}"
                );
            }
        }
        for (id, before) in &self.sent {
            assert_eq!(copies[id].len(), *before, "{what}: {id} was sent and came again");
        }
        copies.values().map(|messages| messages.len() - 1).sum()
    }

    /// What came and is not recorded as sent was under way when the program died, and is known to
    /// have been; what is recorded as sent must never come again.
    fn look_at_death(&mut self, round: usize) {
        let path = self.place.folder.path().join("g.db");
        let Ok(database) = rusqlite::Connection::open(path) else { return };
        let mut copies: BTreeMap<String, usize> = BTreeMap::new();
        for message in self.smtp.received() {
            *copies.entry(message.message_id()).or_default() += 1;
        }
        for (id, copies) in copies {
            let sql = "SELECT state, state = 'uncertain' OR began IS NOT NULL FROM outbox WHERE message_id = ?1";
            let read = |row: &rusqlite::Row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?));
            let (state, under_way) = database.query_row(sql, [&id], read).unwrap();
            if state == "sent" {
                self.sent.entry(id).or_insert(copies);
            } else {
                assert!(under_way, "round {round}: {id} came, is {state} and was not under way");
            }
        }
    }
}

/// A made-up name that is like no other.
fn name(number: usize) -> String {
    const FIRST: [&str; 20] = [
        "Bal", "Cor", "Dun", "Fen", "Gar", "Hol", "Jar", "Kel", "Lom", "Mor", "Nor", "Pel", "Quor",
        "Ras", "Sal", "Tor", "Ulm", "Ver", "Wes", "Zan",
    ];
    const SECOND: [&str; 20] = [
        "brin", "dale", "field", "gate", "hurst", "ivar", "kest", "lund", "mere", "nock", "ova",
        "pike", "quist", "rand", "stow", "tane", "umber", "vick", "wick", "yard",
    ];
    const THIRD: [&str; 3] = ["Systems", "Software", "Networks"];
    let (first, rest) = (FIRST[number % 20], number / 20);
    format!("{first}{} {}", SECOND[(rest + number) % 20], THIRD[rest / 20 % 3])
}

/// A small generator of our own: the same run each time (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// One point: death at the first run, death again at a later run with more news, then peace.
async fn die_at(point: &'static str) -> usize {
    let mut world = World::new(2).await;
    world.announce(0);
    world.announce(1);
    if point == "mail.content-sent" {
        world.smtp.set(Stage::Content, None, Fault::Stall(Duration::from_secs(3)));
    }
    let died = move |run: &Output| {
        assert_eq!(run.status.signal(), Some(KILL), "{point} is not passed: {}", err(run));
    };
    let world = tokio::task::spawn_blocking(move || {
        died(&world.once(Some(point)));
        world.look_at_death(1);
        world.announce(0);
        let several = point.starts_with("mail.") || point.starts_with("store.attempt");
        let later = if several { format!("{point}:2") } else { point.to_owned() };
        died(&world.once(Some(&later)));
        world.look_at_death(2);
        world.smtp.mend();
        world.finish();
        world
    });
    let copies = world.await.unwrap().check(point);
    // Several messages are on their way at once: where one is about to begin another may be in its
    // window. Before and after the mail there is none.
    let mailing = point.starts_with("mail.") || point.starts_with("store.attempt");
    assert!(copies == 0 || mailing, "{point}: {copies} copies");
    copies
}

#[tokio::test(flavor = "multi_thread")]
async fn death_at_every_point_loses_nothing_and_repeats_only_from_the_window_of_data() {
    assert!(POINTS.len() >= 20);
    let mut copies = BTreeMap::new();
    for point in POINTS {
        copies.insert(*point, die_at(point).await);
    }
    for point in WINDOW {
        assert!(copies[point] > 0, "{point} is in the window: a copy has to come");
    }
    let sum: usize = copies.values().sum();
    println!(
        "{} points, {} deaths, {sum} second copies, all from the window of DATA",
        POINTS.len(),
        2 * POINTS.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn death_at_random_moments_under_load_loses_nothing_and_repeats_only_what_was_under_way() {
    let asked = std::env::var("GAZETTED_CRASH_ROUNDS").ok().and_then(|n| n.parse().ok());
    let rounds: usize = asked.unwrap_or(ROUNDS);
    let mut world = World::new(6).await;
    // An answer that takes its time opens the window of DATA wide.
    world.smtp.set(Stage::Content, None, Fault::Stall(Duration::from_millis(60)));
    let task = tokio::task::spawn_blocking(move || {
        let mut random = Random(SEED);
        (0..6).for_each(|feed| world.announce(feed));
        let begun = Instant::now();
        world.finish();
        let usual = u64::try_from(begun.elapsed().as_millis()).unwrap();
        let (mut killed, mut round) = (0, 0);
        while killed < rounds {
            round += 1;
            for _ in 0..=random.below(2) {
                let feed = usize::try_from(random.below(6)).unwrap();
                world.announce(feed);
            }
            let moment = Duration::from_millis(random.below(usual));
            killed += usize::from(killed_after(&world.place, moment).signal() == Some(KILL));
            world.look_at_death(round);
            if round % 25 == 0 {
                eprintln!("{killed} deaths in {round} runs");
            }
        }
        world.finish();
        (world, killed, round)
    });
    let (world, killed, round) = task.await.unwrap();
    let copies = world.check("random moments");
    println!(
        "{killed} deaths in {round} runs, {} changes for {} readers, {} messages, {copies} second copies",
        world.count,
        READERS.len(),
        world.smtp.received().len() - copies
    );
    assert_eq!(killed, rounds);
}

/// A run that is killed after a while, if it is not done by then.
fn killed_after(place: &Place, moment: Duration) -> ExitStatus {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gazetted"))
        .arg("--config")
        .arg(place.config())
        .arg("once")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(moment);
    let _ = child.kill();
    child.wait().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_that_dies_in_the_window_of_data_sends_the_same_bytes_again() {
    let mut world = World::new(1).await;
    world.announce(0);
    world.smtp.set(Stage::Content, None, Fault::Stall(Duration::from_secs(3)));
    let task = tokio::task::spawn_blocking(move || {
        assert!(world.place.run(&["poll"]).status.success());
        let database = rusqlite::Connection::open(world.place.folder.path().join("g.db")).unwrap();
        database.execute("UPDATE subscription SET last_run = last_run - 3 * 86400", []).unwrap();
        drop(database);
        let start = |point: &str| {
            Command::new(env!("CARGO_BIN_EXE_gazetted"))
                .arg("--config")
                .arg(world.place.config())
                .arg("run")
                .env("GAZETTED_KILL_AT", point)
                .env_remove("JOURNAL_STREAM")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let mut first = start("mail.content-sent");
        assert_eq!(first.wait().unwrap().signal(), Some(KILL));
        let before = world.smtp.received().len();
        assert!((1..=5).contains(&before), "{before}");
        world.smtp.mend();
        let mut second = start("never");
        wait_until("all are sent", || {
            let list = world.place.run(&["outbox", "list", "--all", "--json"]);
            let sent = crate::setup::out(&list).matches("\"state\":\"sent\"").count();
            sent == READERS.len()
        });
        let _ = second.kill();
        let _ = second.wait();
        (world, before)
    });
    let (world, before) = task.await.unwrap();
    assert_eq!(world.check("the daemon"), before, "what had arrived came again, and nothing else");
}
