//! A year of polling under a simulated clock: how large the database becomes, how long a digest takes,
//! how much memory it needs. Feeds are files that change as feeds do; polls, retention, digests and the
//! outbox are the daemon's own, and the database is a real file.
//!
//! ```text
//! cargo run --release --example year -- [FEEDS [DAYS [POLLS_A_DAY [KEEP_ARTICLES]]]]
//! ```

#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono::Datelike;
use gazetted::config::{self, Environment};
use gazetted::daemon::{Agenda, Clock, Cycle, keep_up};
use gazetted::store::{Check, check};
use tokio::task::JoinSet;

const DAY: i64 = 24 * 60 * 60;
/// 1 January 2026.
const START: i64 = 1_767_225_600;
/// Entries in a feed; most show ten or so.
const WINDOW: usize = 12;
/// Of so many entries one announces something, and one is edited on the day after.
const NEWS_ONE_IN: u64 = 12;
const EDITED_ONE_IN: u64 = 30;
/// Polls at once.
const AT_ONCE: usize = 16;
const READERS: usize = 5;

/// What is simulated.
struct Plan {
    feeds: usize,
    days: i64,
    polls_a_day: i64,
    keep_articles: String,
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.roll(words.len() as u64)).unwrap_or_default()]
    }
}

/// A publisher's feed: what it shows now, and how often something is added.
struct Source {
    publisher: String,
    path: PathBuf,
    entries: Vec<(u64, String, String)>,
    /// Out of 1,000 days it posts on so many.
    rate: u64,
    posted: u64,
}

const FIRST: [&str; 24] = [
    "Meridian",
    "Quill",
    "Tidewater",
    "Brightwater",
    "Harrow",
    "Kestrel",
    "Larkspur",
    "Granite",
    "Sandpiper",
    "Thistle",
    "Bramble",
    "Copper",
    "Juniper",
    "Osprey",
    "Lantern",
    "Saltmarsh",
    "Fennel",
    "Ironwood",
    "Marlow",
    "Peregrine",
    "Quarry",
    "Rowan",
    "Sorrel",
    "Vellum",
];
const SECOND: [&str; 16] = [
    "Data",
    "Systems",
    "Robotics",
    "Networks",
    "Software",
    "Instruments",
    "Analytics",
    "Power",
    "Logistics",
    "Security",
    "Mobility",
    "Payments",
    "Photonics",
    "Storage",
    "Imaging",
    "Semiconductor",
];
const GIVEN: [&str; 20] = [
    "Priya", "Ana", "Tomasz", "Jonas", "Chidera", "Wei", "Lakshmi", "Mateo", "Ingrid", "Yusuf",
    "Clara", "Hideo", "Noor", "Elena", "Samuel", "Freya", "Kofi", "Mira", "Dario", "Sunita",
];
const FAMILY: [&str; 20] = [
    "Raman",
    "Castellan",
    "Weber",
    "Okafor",
    "Lindqvist",
    "Moreau",
    "Tanaka",
    "Novak",
    "Haddad",
    "Byrne",
    "Ferreira",
    "Kowalski",
    "Gurung",
    "Menon",
    "Harrow",
    "Petrov",
    "Achterberg",
    "Duarte",
    "Sato",
    "Wren",
];
const TIERS: [&str; 4] = ["Platinum", "Gold", "Silver", "General"];
const WORDS: [&str; 24] = [
    "release",
    "maintainers",
    "workshop",
    "interfaces",
    "the scheduler",
    "a patch",
    "users",
    "storage",
    "benchmarks",
    "latency",
    "documentation",
    "the parser",
    "contributors",
    "tests",
    "a summary",
    "meetings",
    "the roadmap",
    "packages",
    "compilers",
    "networks",
    "reviews",
    "the archive",
    "protocols",
    "queries",
];

impl Source {
    fn new(number: usize, folder: &Path, dice: &mut Dice) -> Source {
        let publisher = format!("{} {} Foundation", FIRST[number % 24], SECOND[number / 24 % 16]);
        // From one post in a fortnight to one on most days, as feeds of foundations and vendors are.
        let rate = [70, 150, 150, 300, 300, 700][usize::try_from(dice.roll(6)).unwrap_or_default()];
        let path = folder.join(format!("{number}.xml"));
        let mut source = Source { publisher, path, entries: Vec::new(), rate, posted: 0 };
        for _ in 0..WINDOW {
            source.post(dice);
        }
        source
    }

    /// A new entry pushes out the oldest.
    fn post(&mut self, dice: &mut Dice) {
        self.posted += 1;
        let mut text = String::new();
        let mut title = format!("Notes on {} and {}", dice.pick(&WORDS), dice.pick(&WORDS));
        if dice.roll(NEWS_ONE_IN) == 0 {
            title = "News from the foundation".to_owned();
            let _ = write!(text, "<p>{}</p>", self.news(dice));
        }
        // About six kilobytes, as posts are.
        for _ in 0..12 + dice.roll(24) {
            text.push_str("<p>");
            for _ in 0..6 {
                let _ = write!(
                    text,
                    "This week {} and {} were improved beside {}. ",
                    dice.pick(&WORDS),
                    dice.pick(&WORDS),
                    dice.pick(&WORDS)
                );
            }
            text.push_str("</p>");
        }
        self.entries.insert(0, (self.posted, title, text));
        self.entries.truncate(WINDOW);
    }

    fn news(&self, dice: &mut Dice) -> String {
        let organisation = format!("{} {}", dice.pick(&FIRST), dice.pick(&SECOND));
        let person = format!("{} {}", dice.pick(&GIVEN), dice.pick(&FAMILY));
        match dice.roll(3) {
            0 => format!(
                "{person} has been elected to the Governing Board of the {}.",
                self.publisher
            ),
            1 => format!("The {} has appointed {person} as Executive Director.", self.publisher),
            _ => format!(
                "{organisation} has joined the {} as a {} member.",
                self.publisher,
                dice.pick(&TIERS)
            ),
        }
    }

    fn write(&self) -> Result<()> {
        let mut xml = format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>{}</title><link>https://example.org/</link><description>d</description>",
            self.publisher
        );
        for (number, title, text) in &self.entries {
            let _ = write!(
                xml,
                "<item><title>{title}</title><guid isPermaLink=\"false\">{number}</guid><link>https://example.org/{number}</link><content:encoded><![CDATA[{text}]]></content:encoded></item>"
            );
        }
        xml.push_str("</channel></rss>");
        Ok(std::fs::write(&self.path, xml)?)
    }

    /// What a day brings; says whether the feed changed.
    fn live(&mut self, dice: &mut Dice) -> bool {
        let posts = dice.roll(1000) < self.rate;
        if posts {
            self.post(dice);
        }
        let edits = posts && dice.roll(EDITED_ONE_IN) == 0;
        if let Some((_, _, text)) = self.entries.last_mut().filter(|_| edits) {
            text.push_str("<p>Edited: a link was mended.</p>");
        }
        posts
    }
}

/// What a month was like.
#[derive(Default)]
struct Month {
    polls: u64,
    poll_time: Duration,
    digests: Vec<Duration>,
    messages: usize,
    upkeep: Duration,
    pruned: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let plan = plan()?;
    let folder = tempfile::tempdir()?;
    let mut dice = Dice(7);
    let mut sources: Vec<Source> =
        (0..plan.feeds).map(|number| Source::new(number, folder.path(), &mut dice)).collect();
    for source in &sources {
        source.write()?;
    }
    let database = folder.path().join("g.db");
    let config_path = folder.path().join("gazetted.toml");
    write_config(&config_path, &sources, &plan.keep_articles)?;
    let now: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(START)));
    let config = config::load(&config_path, &Environment::default())?;
    let cycle = Cycle::new(config, Clock::Simulated(now), None)?;
    let mut agenda = Agenda::new(&cycle.config().feeds, cycle.states().await?, cycle.now(), None);
    println!(
        "{} feeds for {} days, polled {} times a day; texts are kept for {}",
        plan.feeds, plan.days, plan.polls_a_day, plan.keep_articles
    );
    println!("{HEAD}");
    let begun = Instant::now();
    let mut month = Month::default();
    for day in 0..plan.days {
        for source in &mut sources {
            if source.live(&mut dice) {
                source.write()?;
            }
        }
        for hour in 0..plan.polls_a_day {
            now.store(
                START + day * DAY + hour * DAY / plan.polls_a_day + DAY / 48,
                Ordering::SeqCst,
            );
            poll_due(&cycle, &mut agenda, &mut month).await?;
        }
        end_day(&cycle, &mut month).await?;
        if cycle.now().day() == 1 && day > 0 || day + 1 == plan.days {
            report(&database, day + 1, &month);
            month = Month::default();
            // What was handed over is the readers'.
            let _ = std::fs::remove_dir_all(folder.path().join("outbox"));
        }
    }
    println!("{:.0} s in all", begun.elapsed().as_secs_f64());
    drop(cycle);
    finish(&database)
}

fn plan() -> Result<Plan> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: i64| -> Result<i64> {
        let given = arguments.get(at).map(|text| text.parse::<i64>());
        let number =
            given.transpose().context("FEEDS DAYS POLLS_A_DAY are numbers")?.unwrap_or(default);
        ensure!(number > 0, "FEEDS DAYS POLLS_A_DAY are above 0");
        Ok(number)
    };
    let keep_articles = arguments.get(3).cloned().unwrap_or_else(|| "400d".to_owned());
    Ok(Plan {
        feeds: usize::try_from(number(0, 300)?)?,
        days: number(1, 365)?,
        polls_a_day: number(2, 24)?,
        keep_articles,
    })
}

fn write_config(path: &Path, sources: &[Source], keep_articles: &str) -> Result<()> {
    let mut text = format!(
        "[store]\npath = \"g.db\"\nbackup = \"never\"\nkeep_articles = \"{keep_articles}\"\n[mail]\nfrom = \"gazetted@example.org\"\ntransport = \"file\"\nfile = {{ path = \"outbox/\" }}\n"
    );
    let readers: Vec<String> = (0..READERS).map(|n| format!("\"reader{n}@example.org\"")).collect();
    let _ = write!(
        text,
        "[[digest]]\nname = \"Boards\"\nschedule = \"0 7 * * *\"\nto = [{}]\n",
        readers.join(", ")
    );
    for (number, source) in sources.iter().enumerate() {
        let _ = write!(
            text,
            "[[feed]]\nname = \"f{number}\"\nurl = \"file://{}\"\npublisher = \"{}\"\n",
            source.path.display(),
            source.publisher
        );
    }
    Ok(std::fs::write(path, text)?)
}

/// Polls what is due, some feeds at once, as the daemon does.
async fn poll_due(cycle: &Cycle, agenda: &mut Agenda, month: &mut Month) -> Result<()> {
    let begun = Instant::now();
    let mut polls = JoinSet::new();
    loop {
        for group in agenda.take_due(cycle.now(), AT_ONCE - polls.len()) {
            let cycle = cycle.clone();
            polls.spawn(async move { cycle.poll(group).await });
        }
        let Some(ended) = polls.join_next().await else { break };
        for result in ended?? {
            ensure!(result.state.failures == 0, "{:?}", result.outcome);
            month.polls += 1;
            agenda.ended(result.state, cycle.now());
        }
    }
    month.poll_time += begun.elapsed();
    Ok(())
}

/// The day's digest, its mail, and what is done once a day.
async fn end_day(cycle: &Cycle, month: &mut Month) -> Result<()> {
    let digest = cycle.config().digests[0].clone();
    let begun = Instant::now();
    let composed = cycle.compose(&digest, None).await?;
    if composed.is_some() {
        month.digests.push(begun.elapsed());
    }
    month.messages += cycle.deliver().await?.sent;
    let begun = Instant::now();
    month.pruned += keep_up(cycle).await?.pruned.articles;
    month.upkeep += begun.elapsed();
    Ok(())
}

const HEAD: &str = "  day   polls  ms/poll  database MB  log MB  digest ms (longest)  mails  upkeep ms/day  pruned  RSS MB  peak";

fn report(database: &Path, day: i64, month: &Month) {
    let size = |ending: &str| {
        let path = format!("{}{ending}", database.display());
        std::fs::metadata(path).map_or(0.0, |m| m.len() as f64 / 1e6)
    };
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let all: Duration = month.digests.iter().sum();
    let mean = ms(all) / month.digests.len().max(1) as f64;
    let longest = month.digests.iter().max().copied().unwrap_or_default();
    let days = (month.digests.len().max(1)) as f64;
    println!(
        "{day:>5}{:>8}{:>9.2}{:>13.1}{:>8.1}{mean:>11.1} ({:>6.1}){:>9}{:>15.1}{:>8}{:>8.0}{:>6.0}",
        month.polls,
        ms(month.poll_time) / month.polls.max(1) as f64,
        size(""),
        size("-wal"),
        ms(longest),
        month.messages,
        ms(month.upkeep) / days,
        month.pruned,
        memory("VmRSS"),
        memory("VmHWM"),
    );
}

/// A figure of this process, in MB.
fn memory(key: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let kb = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
    kb.unwrap_or_default() / 1e3
}

/// What stands in the database at the end, and whether it is sound.
fn finish(database: &Path) -> Result<()> {
    let begun = Instant::now();
    let Check { counts, problems, bytes, .. } = check(database)?;
    println!(
        "checked in {:.1} s: {:.1} MB, {problems:?}",
        begun.elapsed().as_secs_f64(),
        bytes as f64 / 1e6
    );
    for (table, rows) in counts {
        println!("  {table:<12}{rows:>9} rows");
    }
    Ok(())
}
