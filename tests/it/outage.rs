//! The mail server fails, at every stage and for days; the disk fills up; another program holds the
//! database. Time is simulated; the store, the outbox and the conversations are the real ones.

use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::Utc;
use gazetted::config::{self, Environment};
use gazetted::daemon::{Clock, Cycle, MailResult, by_address};
use gazetted::model::Feed;
use gazetted::store::Store;
use tokio::task::JoinSet;

use crate::http::{Answer, Server};
use crate::setup::{JOINS, Place, err, out, rss};
use crate::smtp::{Fault, Received, SmtpServer, Stage};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

/// A configuration with one feed and digests that go through a mail server in the clear.
pub fn smtp_place(feeds: &[(&str, String)], port: u16, mail: &str, digests: &str) -> Place {
    let place = Place { folder: tempfile::tempdir().unwrap() };
    let feeds: String = feeds
        .iter()
        .map(|(name, url)| format!("[[feed]]\nname = \"{name}\"\nurl = \"{url}\"\npublisher = \"Open Lattice Foundation\"\n"))
        .collect();
    let text = format!(
        "[store]\npath = \"g.db\"\n[defaults]\nbackfill = \"all\"\n[fetch]\nallow_private = [\"127.0.0.1\"]\nper_host_gap = \"0s\"\nper_host_concurrency = 8\n\
         [mail]\nfrom = \"gazetted <gazetted@example.org>\"\ntransport = \"smtp\"\nsmtp = {{ host = \"127.0.0.1\", port = {port}, security = \"none\"{mail} }}\n{digests}{feeds}"
    );
    std::fs::write(place.config(), text).unwrap();
    place
}

/// A feed, a mail server, a clock, and the program between them.
struct Rig {
    http: Server,
    smtp: SmtpServer,
    place: Place,
    now: &'static AtomicI64,
    cycle: Cycle,
    told: Vec<(&'static str, &'static str)>,
}

/// News of one day each.
const NEWS: [(&str, &str); 7] = [
    ("Meridian Cloud", "Gold"),
    ("Quill Data", "Silver"),
    ("Tidewater Systems", "Gold"),
    ("Brightwater Labs", "Silver"),
    ("Harrow Networks", "Gold"),
    ("Kestrel Robotics", "Silver"),
    ("Larkspur Software", "Gold"),
];

impl Rig {
    async fn new(readers: &[&str], operator: Option<&str>) -> Rig {
        Rig::with(readers, operator, "300ms").await
    }

    async fn with(readers: &[&str], operator: Option<&str>, timeout: &str) -> Rig {
        let (http, smtp) = (Server::start(), SmtpServer::start().await);
        let to = readers.iter().map(|r| format!("\"{r}\"")).collect::<Vec<_>>().join(", ");
        let operator = operator.map(|o| format!("operator = \"{o}\"\n")).unwrap_or_default();
        let digests = format!("{operator}[[digest]]\nname = \"Boards\"\nto = [{to}]\n");
        let feeds = [("lattice", http.url("/feed"))];
        let place = smtp_place(&feeds, smtp.port, &format!(", timeout = \"{timeout}\""), &digests);
        let now = Box::leak(Box::new(AtomicI64::new(Utc::now().timestamp())));
        let config = config::load(&place.config(), &Environment::default()).unwrap();
        let cycle = Cycle::new(config, Clock::Simulated(now), None).unwrap();
        Rig { http, smtp, place, now, cycle, told: Vec::new() }
    }

    /// A day's news is announced, read and made into a digest; nothing is sent yet.
    async fn digest(&mut self) {
        self.told.push(NEWS[self.told.len()]);
        let texts: Vec<String> = self
            .told
            .iter()
            .map(|(name, tier)| {
                format!("{name} has joined the Open Lattice Foundation as a {tier} member.")
            })
            .collect();
        let guids: Vec<String> = self.told.iter().map(|(name, _)| name.replace(' ', "-")).collect();
        let entries: Vec<_> = guids
            .iter()
            .zip(&texts)
            .map(|(guid, text)| (guid.as_str(), "News", text.as_str()))
            .collect();
        self.http.set("/feed", Answer::ok(rss(&entries)));
        let feeds: Vec<Feed> = self.cycle.config().feeds.iter().map(|f| f.feed.clone()).collect();
        for group in by_address(feeds, self.cycle.states().await.unwrap()) {
            for polled in self.cycle.poll(group).await.unwrap() {
                assert_eq!(polled.state.failures, 0, "{:?}", polled.outcome);
            }
        }
        let digest = self.cycle.config().digests[0].clone();
        let composed = self.cycle.compose(&digest, None).await.unwrap();
        assert!(composed.is_some(), "{:?} is found", self.told.last());
    }

    async fn next(&self) -> Option<i64> {
        let next = self.cycle.with("x", |s: &mut Store| s.next_outbox_time()).await.unwrap();
        next.map(|at| at.timestamp())
    }

    /// Lives through a span of time as the daemon does: an attempt whenever one is due.
    async fn live(&self, seconds: i64) -> Vec<MailResult> {
        let end = self.now.load(Ordering::SeqCst) + seconds;
        let mut results = Vec::new();
        while let Some(at) = self.next().await.filter(|at| *at <= end) {
            self.now.fetch_max(at, Ordering::SeqCst);
            results.push(self.cycle.deliver().await.unwrap());
        }
        self.now.store(end, Ordering::SeqCst);
        results
    }

    /// The news that a reader was told, digest by digest; a digest that came twice is told of once,
    /// and its copies are the same to the byte.
    fn told_to(&self, reader: &str) -> Vec<String> {
        let mut seen: Vec<Received> = Vec::new();
        for copy in self.smtp.received_by(reader) {
            match seen.iter().find(|s| s.message_id() == copy.message_id()) {
                Some(first) => assert_eq!(first.data, copy.data, "a copy is the same to the byte"),
                None => seen.push(copy),
            }
        }
        let names = |text: String| {
            let found = NEWS.iter().filter(|(name, _)| text.contains(name)).map(|(name, _)| *name);
            found.collect::<Vec<_>>().join("+")
        };
        seen.iter().map(|r| names(r.text())).collect()
    }

    fn expected(&self) -> Vec<String> {
        self.told.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    fn outbox(&self, arguments: &[&str]) -> (String, String) {
        let all: Vec<&str> = std::iter::once("outbox").chain(arguments.iter().copied()).collect();
        let output = self.place.run(&all);
        (out(&output), err(&output))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_days_without_a_mail_server_lose_nothing_and_end_with_one_mail_that_catches_up() {
    let readers = ["a@example.org", "b@example.org", "c@example.org"];
    let mut rig = Rig::new(&readers, None).await;
    rig.smtp.set(Stage::Connect, None, Fault::Drop);
    let mut attempts = 0;
    for _ in 0..3 {
        rig.digest().await;
        attempts += rig.live(DAY).await.iter().map(|r| r.waiting.len()).sum::<usize>();
    }
    assert!(rig.smtp.received().is_empty());
    // Each day 7 quick attempts and then one every five hours or so, for three readers.
    assert!((60..110).contains(&attempts), "{attempts} attempts");
    rig.smtp.mend();
    let results = rig.live(DAY).await;
    assert_eq!(results.iter().map(|r| r.sent).sum::<usize>(), 3);
    for reader in readers {
        assert_eq!(rig.told_to(reader), [rig.expected().join("+")], "{reader}");
        let received = rig.smtp.received_by(reader);
        assert_eq!(received.len(), 1, "once");
        assert!(received[0].text().contains("This digest catches up"), "{}", received[0].text());
    }
    assert_eq!(rig.next().await, None);
    rig.digest().await;
    rig.live(MINUTE).await;
    let last = rig.smtp.received_by(readers[0]).pop().unwrap().text();
    assert!(last.contains("Brightwater") && !last.contains("Meridian"), "told once: {last}");
    assert!(!last.contains("catches up"), "{last}");
}

/// What may have arrived, reached one reader or waits for too long is sent as it is.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_reached_nobody_is_told_in_the_next_digest() {
    for (name, stage, reader, fault, days, expected) in [
        (
            "nobody",
            Stage::Data,
            None,
            Fault::Say("451 later"),
            1,
            &["Meridian Cloud+Quill Data"][..],
        ),
        ("perhaps", Stage::Content, None, Fault::Drop, 1, &["Meridian Cloud", "Quill Data"]),
        (
            "another",
            Stage::Data,
            Some("b@example.org"),
            Fault::Say("451 later"),
            1,
            &["Meridian Cloud", "Quill Data"],
        ),
        (
            "too long",
            Stage::Data,
            None,
            Fault::Say("451 later"),
            4,
            &["Meridian Cloud", "Quill Data"],
        ),
    ] {
        let mut rig = Rig::new(&["a@example.org", "b@example.org"], None).await;
        rig.smtp.set(stage, reader, fault);
        rig.digest().await;
        rig.live(days * DAY + MINUTE).await;
        rig.digest().await;
        rig.live(MINUTE).await;
        rig.smtp.mend();
        rig.live(DAY).await;
        for reader in ["a@example.org", "b@example.org"] {
            assert_eq!(rig.told_to(reader), expected, "{name} {reader}");
        }
    }
}

const STAGES: [Stage; 6] =
    [Stage::Connect, Stage::Hello, Stage::Mail, Stage::Recipient, Stage::Data, Stage::Content];
/// Longer than the program's patience.
const STALL: Fault = Fault::Stall(Duration::from_millis(1_500));

/// An outage of two and a half hours, in which two digests fall due.
async fn outage(stage: Stage, fault: Fault) {
    let mut rig = Rig::new(&["a@example.org", "b@example.org"], None).await;
    rig.smtp.set(stage, None, fault);
    rig.digest().await;
    rig.live(90 * MINUTE).await;
    rig.digest().await;
    rig.live(60 * MINUTE).await;
    rig.smtp.mend();
    rig.live(DAY).await;
    let after_data = stage == Stage::Content && !matches!(fault, Fault::Say(_));
    // What cannot have arrived is told in the next digest.
    let expected = if after_data { rig.expected() } else { vec![rig.expected().join("+")] };
    for reader in ["a@example.org", "b@example.org"] {
        assert_eq!(rig.told_to(reader), expected, "{stage:?} {fault:?} {reader}");
        let copies = rig.smtp.received_by(reader).len();
        assert_eq!(
            copies > expected.len(),
            after_data,
            "{stage:?} {fault:?} {reader}: {copies} copies"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_at_any_stage_loses_nothing_keeps_the_order_and_repeats_only_after_data() {
    // What says more of the server or of the sender than of a reader is for now.
    let mut rows = vec![
        (Stage::Connect, Fault::Say("554 no service")),
        (Stage::Hello, Fault::Say("550 who are you")),
        (Stage::Mail, Fault::Say("550 not from you")),
    ];
    for stage in STAGES {
        rows.extend([(stage, Fault::Say("451 later")), (stage, Fault::Drop), (stage, STALL)]);
    }
    // Some at once: they wait most of the time.
    for some in rows.chunks(4) {
        let mut outages = JoinSet::new();
        some.iter().for_each(|(stage, fault)| drop(outages.spawn(outage(*stage, *fault))));
        while let Some(ended) = outages.join_next().await {
            ended.unwrap();
        }
    }
}

/// Slow at each stage, but not too slow.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_server_gets_everything_once_and_in_order() {
    let mut rig = Rig::with(&["a@example.org", "b@example.org"], None, "20s").await;
    for stage in STAGES {
        rig.smtp.set(stage, None, Fault::Stall(Duration::from_millis(80)));
    }
    for _ in 0..3 {
        rig.digest().await;
        rig.live(DAY).await;
    }
    for reader in ["a@example.org", "b@example.org"] {
        assert_eq!(rig.told_to(reader), rig.expected(), "{reader}");
        assert_eq!(rig.smtp.received_by(reader).len(), 3, "{reader}");
    }
}

/// Two digests while the server will not have one reader's mail; then it will.
async fn trouble_with_one_reader(stage: Stage, fault: Fault) {
    let what = format!("{stage:?} {fault:?}");
    let mut rig = Rig::new(&["bad@example.org", "fine@example.org"], Some("ops@example.org")).await;
    rig.smtp.set(stage, Some("bad@example.org"), fault);
    for day in 1..=2 {
        rig.digest().await;
        rig.live(0).await;
        let got = rig.smtp.received_by("fine@example.org").len();
        assert_eq!(got, day, "{what}: the other has each digest at the first attempt");
        rig.live(2 * 60 * MINUTE).await;
    }
    let for_good = matches!(fault, Fault::Say(text) if text.starts_with('5'));
    let (list, _) = rig.outbox(&["list"]);
    assert_eq!(list.contains("failed"), for_good, "{what}: {list}");
    rig.smtp.mend();
    if for_good {
        let told: String =
            rig.smtp.received_by("ops@example.org").iter().map(Received::text).collect();
        assert!(told.contains("bad@example.org") && told.contains("554"), "{what}: {told}");
        let (_, said) = rig.outbox(&["retry", "--all"]);
        assert!(said.contains("2 messages are due now"), "{what}: {said}");
    }
    rig.live(DAY).await;
    assert_eq!(rig.told_to("bad@example.org"), rig.expected(), "{what}: nothing lost, in order");
    assert_eq!(rig.smtp.received_by("fine@example.org").len(), 2, "{what}: nothing repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_one_reader_is_no_matter_of_anothers() {
    for stage in [Stage::Recipient, Stage::Data, Stage::Content] {
        let mut troubles = JoinSet::new();
        for fault in [Fault::Say("451 later"), Fault::Say("554 not this one"), Fault::Drop, STALL] {
            troubles.spawn(trouble_with_one_reader(stage, fault));
        }
        while let Some(ended) = troubles.join_next().await {
            ended.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_readers_failure_neither_delays_nor_repeats_anothers() {
    let readers = ["late@example.org", "slow@example.org", "fine@example.org", "well@example.org"];
    let mut rig = Rig::new(&readers, None).await;
    let stall = Fault::Stall(Duration::from_secs(5));
    rig.smtp.set(Stage::Recipient, Some("late@example.org"), Fault::Say("451 later"));
    rig.smtp.set(Stage::Content, Some("slow@example.org"), stall);
    for day in 1..=3 {
        rig.digest().await;
        rig.live(0).await;
        for reader in ["fine@example.org", "well@example.org"] {
            let got = rig.smtp.received_by(reader).len();
            assert_eq!(got, day, "{reader} has each digest once, at the first attempt");
        }
        rig.live(DAY).await;
    }
    rig.smtp.mend();
    rig.live(DAY).await;
    for reader in readers {
        assert_eq!(rig.told_to(reader), rig.expected(), "{reader}");
    }
    for reader in ["late@example.org", "fine@example.org", "well@example.org"] {
        assert_eq!(rig.smtp.received_by(reader).len(), 3, "{reader}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_one_server_keeps_silent_the_other_readers_get_their_mail() {
    let patience = Duration::from_secs(4);
    let mut rig = Rig::with(&["slow@example.org", "fine@example.org"], None, "4s").await;
    rig.smtp.set(Stage::Content, Some("slow@example.org"), Fault::Stall(Duration::from_secs(20)));
    rig.digest().await;
    rig.live(0).await;
    let at = |reader: &str| rig.smtp.received_by(reader)[0].at;
    let waited = at("fine@example.org").saturating_duration_since(at("slow@example.org"));
    assert!(waited < patience, "{waited:?}");
    assert!(rig.outbox(&["list"]).0.contains("uncertain"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_never_overtakes_an_earlier_one_to_the_same_reader() {
    let mut rig = Rig::new(&["a@example.org", "b@example.org"], None).await;
    // The other reader has it: it is not taken back.
    rig.smtp.set(Stage::Data, Some("a@example.org"), Fault::Say("451 later"));
    rig.digest().await;
    // Waits for hours by now.
    rig.live(8 * 60 * MINUTE).await;
    rig.smtp.mend();
    rig.digest().await;
    let results = rig.live(MINUTE).await;
    let to_a = rig.smtp.received_by("a@example.org").len();
    assert_eq!(to_a, 0, "{results:?}: the new one waits for the old one");
    rig.live(6 * 60 * MINUTE).await;
    for reader in ["a@example.org", "b@example.org"] {
        assert_eq!(rig.told_to(reader), rig.expected(), "{reader}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_for_good_suspend_that_reader_tell_the_operator_and_can_be_lifted() {
    let readers = ["gone@example.org", "fine@example.org"];
    let mut rig = Rig::new(&readers, Some("ops@example.org")).await;
    let gone = Some("gone@example.org");
    rig.smtp.set(Stage::Recipient, gone, Fault::Say("550 5.1.1 no such user"));
    for _ in 0..4 {
        rig.digest().await;
        rig.live(DAY).await;
    }
    assert_eq!(rig.smtp.named("gone@example.org"), 3, "the fourth is not tried");
    assert_eq!(rig.told_to("fine@example.org"), rig.expected(), "the other reader has all");
    let told: Vec<String> =
        rig.smtp.received_by("ops@example.org").iter().map(Received::text).collect();
    assert_eq!(told.len(), 3, "once for each refusal, with the next digest");
    assert!(told[2].contains("gone@example.org gets no more mail"), "{}", told[2]);
    assert!(told[2].contains("no such user"), "{}", told[2]);
    let (list, _) = rig.outbox(&["list"]);
    assert!(list.contains("! gone@example.org is suspended since"), "{list}");
    assert!(list.contains("withheld, the recipient is suspended"), "{list}");
    let status = out(&rig.place.run(&["status"]));
    assert!(status.contains("! mail to gone@example.org is suspended"), "{status}");
    let refused = rig.place.run(&["outbox", "retry", "--all"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("is suspended: `gazetted outbox resume"), "{}", err(&refused));

    // Beside the running program: the address is right again.
    rig.smtp.mend();
    let (_, said) = rig.outbox(&["resume", "GONE@example.org"]);
    assert!(said.contains("4 messages were refused or withheld"), "{said}");
    let (_, said) = rig.outbox(&["resume", "gone@example.org"]);
    assert!(said.contains("is not suspended"), "{said}");
    let (_, said) = rig.outbox(&["retry", "--all"]);
    assert!(said.contains("4 messages are due now"), "{said}");
    rig.live(DAY).await;
    assert_eq!(rig.told_to("gone@example.org"), rig.expected(), "in their order");
    let (_, said) = rig.outbox(&["list"]);
    assert!(said.contains("everything was sent"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_refusals_and_a_success_are_no_reason_to_suspend() {
    let mut rig = Rig::new(&["a@example.org"], None).await;
    for refused in [true, true, false, true, true] {
        rig.smtp.mend();
        if refused {
            rig.smtp.set(Stage::Content, None, Fault::Say("554 spam"));
        }
        rig.digest().await;
        rig.live(DAY).await;
    }
    assert_eq!(rig.smtp.named("a@example.org"), 5);
    let (list, _) = rig.outbox(&["list", "--json"]);
    assert_eq!(list.lines().count(), 4, "{list}");
    for line in list.lines() {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&message["state"], &message["suspended"]), (&"failed".into(), &false.into()));
        assert!(message["note"].as_str().unwrap().contains("554"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_five_days_a_message_fails_and_the_operator_is_told_and_may_take_it_up_again() {
    let mut rig = Rig::new(&["a@example.org"], Some("ops@example.org")).await;
    rig.smtp.set(Stage::Recipient, Some("a@example.org"), Fault::Say("451 mailbox is full"));
    rig.digest().await;
    rig.live(4 * DAY + 23 * 60 * MINUTE).await;
    assert!(rig.outbox(&["list"]).0.contains("pending"));
    rig.live(3 * 60 * MINUTE).await;
    let (list, _) = rig.outbox(&["list"]);
    assert!(list.contains("failed") && list.contains("given up after"), "{list}");
    rig.smtp.mend();
    rig.digest().await;
    rig.live(MINUTE).await;
    let told = rig.smtp.received_by("ops@example.org");
    assert!(told[0].text().contains("a digest to a@example.org was given up after 5 days"));
    assert_eq!(rig.told_to("a@example.org"), ["Quill Data"], "the next one is not held up");
    let (shown, _) = rig.outbox(&["show", "1"]);
    assert!(shown.contains("Message-ID:") && shown.contains("Meridian Cloud"), "{shown}");
    rig.outbox(&["retry", "1"]);
    rig.live(MINUTE).await;
    assert_eq!(rig.told_to("a@example.org"), ["Quill Data", "Meridian Cloud"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_commands_say_what_they_do_and_what_they_cannot() {
    let mut rig = Rig::new(&["a@example.org"], None).await;
    rig.smtp.set(Stage::Connect, None, Fault::Drop);
    rig.digest().await;
    rig.live(MINUTE / 2).await;
    for (arguments, code, part) in [
        (vec!["list"], 0, "pending"),
        (vec!["list", "--all", "--json"], 0, "\"attempts\":1"),
        (vec!["show", "9"], 1, "there is no message 9"),
        (vec!["drop", "1"], 1, "say so with --yes"),
        (vec!["drop", "9", "--yes"], 1, "there is no message 9"),
        (vec!["retry", "9"], 1, "there is no message 9"),
        (vec!["retry", "1", "--all"], 2, "cannot be used with"),
        (vec!["retry"], 0, "1 messages are due now"),
        (vec!["resume", "a@example.org"], 1, "is not suspended"),
        (vec!["drop", "1", "--yes"], 0, "is given up"),
        (vec!["list"], 0, "dropped by hand"),
    ] {
        let all: Vec<&str> = std::iter::once("outbox").chain(arguments.iter().copied()).collect();
        let output = rig.place.run(&all);
        let said = format!("{}{}", out(&output), err(&output));
        assert!(said.contains(part), "{arguments:?}: {said}");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    }
    rig.smtp.mend();
    rig.live(DAY).await;
    assert!(rig.smtp.received().is_empty(), "what was dropped is not sent");
    rig.outbox(&["retry", "1"]);
    rig.live(MINUTE).await;
    assert_eq!(rig.told_to("a@example.org"), ["Meridian Cloud"]);
    let sent = rig.place.run(&["outbox", "drop", "1", "--yes"]);
    assert!(err(&sent).contains("was sent already"), "{}", err(&sent));
}

/// A shell that lets no file grow beyond some blocks: every write beyond fails, as on a full disk.
fn in_little_space(place: &Place, blocks: u32, command: &str) -> std::process::Output {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" --config \"$1\" {command}");
    Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_gazetted")])
        .arg(place.config())
        .output()
        .unwrap()
}

#[test]
fn a_full_disk_leaves_no_partial_state_says_so_and_the_news_comes_later() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[])));
    let place = Place::new(&server.url("/feed"), "");
    assert!(place.run(&["once"]).status.success());
    let long = format!("{}</p><p title=\"{}\">", JOINS.2, "lattice ".repeat(100_000));
    let big = rss(&[(JOINS.0, JOINS.1, &long)]);
    server.set("/feed", Answer::ok(big).header("ETag", "\"big\""));
    let full = in_little_space(&place, 400, "once");
    assert_eq!(full.status.code(), Some(74), "{}", err(&full));
    assert!(err(&full).contains("the database failed while storing"), "{}", err(&full));
    assert_eq!(out(&place.run(&["facts", "--json"])), "", "nothing of the poll is stored");
    let after = place.run(&["once"]);
    assert!(after.status.success(), "{}", err(&after));
    assert!(out(&after).contains("Meridian Cloud joined"), "the validators were not kept either");
    assert_eq!(place.messages().len(), 1);
}

/// On a real file system of a few megabytes, where the machine lets one be mounted.
#[test]
fn a_file_system_that_is_really_full_does_the_same() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/feed"), "");
    let config = std::fs::read_to_string(place.config()).unwrap();
    std::fs::create_dir(place.folder.path().join("small")).unwrap();
    let config = config.replace("path = \"g.db\"", "path = \"small/g.db\"");
    std::fs::write(place.config(), config).unwrap();
    let script = "mount -t tmpfs -o size=8m none small || exit 99
        cat /dev/zero > small/filler 2>/dev/null; \"$0\" --config \"$1\" once; echo \"full $?\"
        rm small/filler; \"$0\" --config \"$1\" once; echo \"free $?\"";
    let output = Command::new("unshare")
        .args(["-m", "bash", "-c", script, env!("CARGO_BIN_EXE_gazetted")])
        .arg(place.config())
        .current_dir(place.folder.path())
        .output();
    let Ok(output) = output else { return };
    if !out(&output).contains("full") {
        // No right to mount: the test above stands for it.
        return;
    }
    assert!(out(&output).contains("full 74"), "{} {}", out(&output), err(&output));
    assert!(out(&output).contains("free 0"), "{} {}", out(&output), err(&output));
    assert!(out(&output).contains("Meridian Cloud joined"), "{}", out(&output));
    assert_eq!(place.messages().len(), 1);
}

/// What cannot be written down is not sent: else every start would send it again.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_not_sent_when_the_attempt_cannot_be_written_down() {
    let mut rig = Rig::new(&["a@example.org"], None).await;
    rig.digest().await;
    let database = rig.place.folder.path().join("g.db");
    let other = rusqlite::Connection::open(&database).unwrap();
    let refuse =
        "CREATE TRIGGER full BEFORE UPDATE ON outbox BEGIN SELECT raise(ABORT, 'full'); END";
    other.execute_batch(refuse).unwrap();
    assert!(rig.cycle.deliver().await.is_err());
    assert!(rig.smtp.received().is_empty());
    other.execute_batch("DROP TRIGGER full").unwrap();
    rig.live(MINUTE).await;
    assert_eq!(rig.told_to("a@example.org"), rig.expected());
}

/// A daemon whose disk is full when a message was accepted writes that down when there is room: it is
/// not sent again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_and_could_not_be_written_down_is_written_down_later() {
    let mut rig = Rig::with(&["a@example.org"], None, "20s").await;
    rig.cycle = rig.cycle.clone().patient();
    rig.digest().await;
    rig.smtp.set(Stage::Content, None, Fault::Stall(Duration::from_secs(2)));
    let cycle = rig.cycle.clone();
    let delivering = tokio::spawn(async move { cycle.deliver().await });
    while rig.smtp.received().is_empty() {
        tokio::task::yield_now().await;
    }
    let other = rusqlite::Connection::open(rig.place.folder.path().join("g.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(!delivering.is_finished(), "it waits for being written down");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(delivering.await.unwrap().unwrap().sent, 1);
    rig.smtp.mend();
    rig.live(DAY).await;
    assert_eq!(rig.smtp.received_by("a@example.org").len(), 1, "once");
}

#[test]
fn another_program_that_holds_the_database_is_named_as_the_reason() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/feed"), "");
    assert!(place.run(&["poll"]).status.success());
    let other = rusqlite::Connection::open(place.folder.path().join("g.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let held = place.run(&["once"]);
    assert_eq!(held.status.code(), Some(75), "{}", err(&held));
    assert!(err(&held).contains("database is locked"), "{}", err(&held));
    other.execute_batch("ROLLBACK").unwrap();
    assert!(out(&place.run(&["once"])).contains("Meridian Cloud joined"));
}

#[test]
fn a_read_only_database_is_named_as_the_reason() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/feed"), "");
    assert!(place.run(&["poll"]).status.success());
    // Root may write everywhere but to a file that may not change.
    let chattr = |flag: &str| {
        let path = place.folder.path().join("g.db");
        Command::new("chattr").arg(flag).arg(path).output().is_ok_and(|o| o.status.success())
    };
    if !chattr("+i") {
        return;
    }
    let held = place.run(&["once"]);
    chattr("-i");
    assert_eq!(held.status.code(), Some(74), "{}", err(&held));
    assert!(out(&place.run(&["once"])).contains("Meridian Cloud joined"));
}
