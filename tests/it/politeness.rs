//! The criteria of polite polling, P1 to P23 (docs/POLITENESS.md), one test each, against a scripted
//! server. Time is simulated; the database, the client and the decisions are the real ones.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use gazetted::config::{self, Environment};
use gazetted::daemon::{Agenda, Clock, Cycle, PollResult};
use gazetted::model::{FeedName, FeedState, Outcome};
use gazetted::store::Store;

use crate::http::{Answer, Request, Server};
use crate::setup::{JOINS, Place, err, out, rss};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A server, a configuration and a clock.
struct Rig {
    server: Server,
    place: Place,
    now: &'static AtomicI64,
    running: tokio::sync::Mutex<Option<(Cycle, Agenda)>>,
}

impl Rig {
    /// One feed, "a", at `/feed`; `more` stands at the end of its table.
    fn new(more: &str) -> Rig {
        let server = Server::start();
        let feed = format!("[[feed]]\nname = \"a\"\nurl = \"{}\"\n{more}\n", server.url("/feed"));
        Rig::with(server, "", &feed)
    }

    fn with(server: Server, fetch: &str, feeds: &str) -> Rig {
        let text = format!(
            "[fetch]\nallow_private = [\"127.0.0.1\", \"localhost\"]\nper_host_gap = \"0s\"\n{fetch}\n{feeds}"
        );
        // A Tuesday, ten minutes past noon.
        let now = Box::leak(Box::new(AtomicI64::new(1_795_522_200)));
        Rig { server, place: Place::with(&text), now, running: tokio::sync::Mutex::default() }
    }

    fn config(&self) -> config::Config {
        config::load(&self.place.config(), &Environment::default()).unwrap()
    }

    /// Stops the program; the next poll starts it again.
    async fn stop(&self) {
        *self.running.lock().await = None;
    }

    async fn start(&self) -> tokio::sync::MappedMutexGuard<'_, (Cycle, Agenda)> {
        let mut running = self.running.lock().await;
        if running.is_none() {
            let cycle = Cycle::new(self.config(), Clock::Simulated(self.now), None).unwrap();
            let states = cycle.states().await.unwrap();
            let agenda = Agenda::new(&cycle.config().feeds, states, cycle.now(), None);
            *running = Some((cycle, agenda));
        }
        tokio::sync::MutexGuard::map(running, |r| r.as_mut().unwrap())
    }

    fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Polls what is due, as the daemon's loop does.
    async fn poll_due(&self) -> Vec<PollResult> {
        let mut running = self.start().await;
        let (cycle, agenda) = &mut *running;
        let mut results = Vec::new();
        for group in agenda.take_due(cycle.now(), 100) {
            results.extend(cycle.poll(group).await.unwrap());
        }
        for result in &results {
            agenda.ended(result.state.clone(), cycle.now());
        }
        results
    }

    /// Polls the feed after a time in which every feed is due.
    async fn poll(&self) -> PollResult {
        self.pass(8 * DAY);
        self.poll_due().await.pop().expect("after eight days every feed is due")
    }

    /// Seconds until the feed is due, rounded up.
    async fn due_in(&self) -> i64 {
        let running = self.start().await;
        let (cycle, agenda) = &*running;
        agenda.next().map_or(i64::MAX, |at| {
            (at - cycle.now()).num_milliseconds().div_euclid(1000)
                + i64::from((at - cycle.now()).num_milliseconds() % 1000 != 0)
        })
    }

    fn state(&self) -> FeedState {
        let store = Store::open_read_only(&self.place.folder.path().join("g.db")).unwrap();
        store.feed_state(&FeedName("a".into())).unwrap()
    }

    fn requests(&self) -> Vec<Request> {
        self.server.requests("/feed")
    }

    fn answer(&self, answer: Answer) {
        self.server.set("/feed", answer);
    }
}

fn feed() -> Answer {
    Answer::ok(rss(&[JOINS]))
}

fn vouched() -> Answer {
    feed().header("ETag", "W/\"a b\"").header("Last-Modified", "Tue, 24 Nov 2026 09:00:00 GMT")
}

fn sent(request: &Request, header: &str) -> Option<String> {
    request.headers.get(header).cloned()
}

#[tokio::test]
async fn p01_the_first_request_is_unconditional_and_later_ones_carry_the_validators_as_sent() {
    let rig = Rig::new("");
    rig.answer(vouched());
    rig.poll().await;
    rig.poll().await;
    let asked = rig.requests();
    assert_eq!(sent(&asked[0], "if-none-match"), None);
    assert_eq!(sent(&asked[0], "if-modified-since"), None, "no date is invented");
    assert_eq!(sent(&asked[1], "if-none-match").as_deref(), Some("W/\"a b\""));
    assert_eq!(
        sent(&asked[1], "if-modified-since").as_deref(),
        Some("Tue, 24 Nov 2026 09:00:00 GMT")
    );
}

#[tokio::test]
async fn p02_validators_survive_a_restart_and_a_reload() {
    let rig = Rig::new("");
    rig.answer(vouched());
    rig.poll().await;
    {
        let mut running = rig.start().await;
        let reloaded = running.0.reconfigured(rig.config(), None).unwrap();
        let states = reloaded.states().await.unwrap();
        let agenda = Agenda::new(&reloaded.config().feeds, states, reloaded.now(), None);
        *running = (reloaded, agenda);
    }
    rig.poll().await;
    rig.stop().await;
    rig.poll().await;
    let conditional =
        rig.requests().iter().filter(|r| r.headers.contains_key("if-none-match")).count();
    assert_eq!((rig.requests().len(), conditional), (3, 2));
}

#[tokio::test]
async fn p03_a_200_replaces_both_validators_a_304_updates_what_it_carries_others_touch_neither() {
    let rig = Rig::new("");
    let validators = |rig: &Rig| {
        let v = rig.state().validators;
        (v.etag.unwrap_or_default(), v.last_modified.unwrap_or_default())
    };
    let pair = |etag: &str, date: &str| (etag.to_owned(), date.to_owned());
    for (name, answer, expected) in [
        (
            "200",
            feed().header("ETag", "\"1\"").header("Last-Modified", "then"),
            pair("\"1\"", "then"),
        ),
        ("304, bare", Answer::status(304), pair("\"1\"", "then")),
        ("304 with a new tag", Answer::status(304).header("ETag", "\"2\""), pair("\"2\"", "then")),
        ("500", Answer::status(500).header("ETag", "\"x\""), pair("\"2\"", "then")),
        ("404", Answer::status(404).header("ETag", "\"x\""), pair("\"2\"", "then")),
        (
            "226, never asked for",
            Answer { status: 226, ..feed() }.header("ETag", "\"x\""),
            pair("\"2\"", "then"),
        ),
        ("200 without a date", feed().header("ETag", "\"3\""), pair("\"3\"", "")),
        ("200 without any", feed(), pair("", "")),
    ] {
        rig.answer(answer);
        rig.poll().await;
        assert_eq!(validators(&rig), expected, "{name}");
    }
}

#[tokio::test]
async fn p04_validators_of_a_body_that_could_not_be_read_are_not_kept() {
    let rig = Rig::new("");
    rig.answer(vouched());
    rig.poll().await;
    rig.answer(Answer::ok("<html><body>Down for maintenance").header("ETag", "\"broken\""));
    assert!(matches!(rig.poll().await.outcome, Outcome::Failed(_)));
    assert_eq!(rig.state().validators.etag.as_deref(), Some("W/\"a b\""));
    rig.answer(feed().header("ETag", "\"broken\""));
    rig.poll().await;
    assert_eq!(rig.state().validators.etag.as_deref(), Some("\"broken\""), "asked and read again");
}

#[tokio::test]
async fn p05_the_same_bytes_with_new_validators_update_them() {
    let rig = Rig::new("");
    rig.answer(feed().header("ETag", "\"1\""));
    rig.poll().await;
    rig.answer(feed().header("ETag", "\"2\""));
    let result = rig.poll().await;
    assert_eq!((result.outcome, result.applied.new_entries), (Outcome::Unchanged, 0));
    assert_eq!(rig.state().validators.etag.as_deref(), Some("\"2\""));
}

#[tokio::test]
async fn p06_another_address_or_another_setting_is_asked_without_validators() {
    let rig = Rig::new("");
    rig.answer(vouched());
    rig.server.set("/new", vouched());
    rig.poll().await;
    let text = std::fs::read_to_string(rig.place.config()).unwrap();
    rig.stop().await;
    std::fs::write(rig.place.config(), format!("{text}full_text = \"never\"\n")).unwrap();
    rig.poll().await;
    assert_eq!(sent(&rig.requests()[1], "if-none-match"), None, "another setting");
    rig.stop().await;
    std::fs::write(rig.place.config(), text.replace("/feed\"", "/new\"")).unwrap();
    rig.poll().await;
    assert_eq!(sent(&rig.server.requests("/new")[0], "if-none-match"), None, "another address");
}

#[tokio::test]
async fn p07_no_feed_is_asked_too_often_and_one_without_validators_once_a_day() {
    for (name, schedule, answer, least) in [
        ("by default every hour", "", vouched(), HOUR - 10 * 60),
        ("never under a quarter of an hour", "schedule = \"* * * * *\"", vouched(), 15 * 60),
        ("without validators", "schedule = \"*/15 * * * *\"", feed(), DAY),
        ("unless the user says so", "min_interval = \"2h\"", feed(), 2 * HOUR),
    ] {
        let rig = Rig::new(schedule);
        rig.answer(answer);
        rig.poll_due().await;
        let mut times = vec![rig.now.load(Ordering::SeqCst)];
        while times.len() < 3 {
            rig.pass(60);
            if !rig.poll_due().await.is_empty() {
                times.push(rig.now.load(Ordering::SeqCst));
            }
        }
        // The first interval ends at a round time; the second is whole.
        assert!(times[2] - times[1] >= least, "{name}: {}", times[2] - times[1]);
        assert!(times[2] - times[1] <= least + 15 * 60, "{name}: {}", times[2] - times[1]);
    }
}

#[tokio::test]
async fn p08_ten_restarts_make_one_request() {
    let rig = Rig::new("");
    rig.answer(vouched());
    for _ in 0..10 {
        rig.poll_due().await;
        rig.stop().await;
        rig.pass(5);
    }
    assert_eq!(rig.requests().len(), 1);
}

#[tokio::test]
async fn p09_what_the_server_and_the_feed_say_of_freshness_is_a_lower_bound_with_a_cap() {
    let date = "Tue, 24 Nov 2026 12:00:00 GMT";
    let with = |channel: &str| {
        let body = rss(&[JOINS]).replace(
            "<description>d</description>",
            &format!("<description>d</description>{channel}"),
        );
        Answer::ok(body).header("ETag", "\"1\"")
    };
    let hours: String = (0..24).filter(|h| *h != 9).map(|h| format!("<hour>{h}</hour>")).collect();
    let all: String = (0..24).map(|h| format!("<hour>{h}</hour>")).collect();
    for (name, answer, least, most) in [
        ("nothing", vouched(), 0, HOUR),
        ("max-age", vouched().header("Cache-Control", "public, max-age=18000"), 5 * HOUR, 5 * HOUR),
        (
            "max-age less age",
            vouched().header("Cache-Control", "max-age=18000").header("Age", "7200"),
            3 * HOUR,
            3 * HOUR,
        ),
        ("a silly max-age", vouched().header("Cache-Control", "max-age=99999999"), DAY, DAY),
        ("no-cache", vouched().header("Cache-Control", "no-cache, max-age=18000"), 0, HOUR),
        (
            "expires",
            vouched().header("Date", date).header("Expires", "Tue, 24 Nov 2026 16:00:00 GMT"),
            4 * HOUR,
            4 * HOUR,
        ),
        ("expired", vouched().header("Date", date).header("Expires", "0"), 0, HOUR),
        (
            "max-age wins over expires",
            vouched()
                .header("Cache-Control", "max-age=7200")
                .header("Date", date)
                .header("Expires", "Tue, 24 Nov 2026 23:00:00 GMT"),
            2 * HOUR,
            2 * HOUR,
        ),
        ("ttl", with("<ttl>300</ttl>"), 5 * HOUR, 5 * HOUR),
        ("a silly ttl", with("<ttl>999999</ttl>"), DAY, DAY),
        ("hours to skip", with(&format!("<skipHours>{hours}</skipHours>")), 20 * HOUR, 21 * HOUR),
        ("every hour to skip", with(&format!("<skipHours>{all}</skipHours>")), 23 * HOUR, DAY),
        ("days to skip", with("<skipDays><day>Tuesday</day></skipDays>"), 11 * HOUR, 12 * HOUR),
        (
            "an update period",
            with(
                "<sy:updatePeriod xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\">daily</sy:updatePeriod><sy:updateFrequency xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\">4</sy:updateFrequency>",
            ),
            6 * HOUR,
            6 * HOUR,
        ),
    ] {
        let rig = Rig::new("schedule = \"@hourly\"");
        rig.answer(answer);
        rig.poll_due().await;
        let due = rig.due_in().await;
        assert!((least..=most).contains(&due), "{name}: due in {due} s, wanted {least} to {most}");
    }
}

#[tokio::test]
async fn p10_retry_after_is_kept_in_both_forms_and_nothing_is_retried_in_band() {
    for (name, status, retry_after, least, most) in [
        ("seconds", 429, Some("7200"), 2 * HOUR, 2 * HOUR),
        ("a date", 503, Some("Tue, 24 Nov 2026 15:10:00 GMT"), 3 * HOUR, 3 * HOUR),
        ("less than the interval", 429, Some("1"), 30 * 60, HOUR),
        ("no more than a week", 503, Some("99999999"), 7 * DAY, 7 * DAY),
        ("in the past", 503, Some("Tue, 24 Nov 2020 15:10:00 GMT"), 30 * 60, HOUR),
        ("nonsense", 429, Some("soon"), 30 * 60, HOUR),
        ("none", 503, None, 30 * 60, HOUR),
    ] {
        let rig = Rig::new("schedule = \"@hourly\"");
        let mut answer = Answer::status(status);
        if let Some(value) = retry_after {
            answer = answer.header("Retry-After", value);
        }
        rig.answer(answer);
        rig.poll_due().await;
        let due = rig.due_in().await;
        assert!((least..=most).contains(&due), "{name}: due in {due} s, wanted {least} to {most}");
        assert_eq!(rig.requests().len(), 1, "{name}: no second try at once");
    }
}

#[tokio::test]
async fn p10_commands_keep_the_rest_that_a_server_asked_for() {
    let server = Server::start();
    server.set("/feed", Answer::status(429).header("Retry-After", "7200"));
    let place = Place::new(&server.url("/feed"), "");
    place.run(&["once"]);
    let again = place.run(&["once"]);
    assert!(err(&again).contains("asked to be left alone until"), "{}", err(&again));
    assert_eq!(server.requests("/feed").len(), 1);
    assert!(place.run(&["feeds", "resume", "lattice"]).status.success());
    place.run(&["once"]);
    assert_eq!(server.requests("/feed").len(), 2);
    let report = out(&place.run(&["feeds", "--politeness"]));
    // A command asks at once, and the record says so.
    assert!(report.contains("4 of 5") && report.contains("lattice: P7"), "{report}");
}

#[tokio::test]
async fn p11_failures_back_off_to_a_day_never_for_ever_and_a_success_resets() {
    let rig = Rig::new("schedule = \"@hourly\"");
    rig.answer(Answer::status(500));
    let mut rests = Vec::new();
    for _ in 0..12 {
        rig.poll_due().await;
        let due = rig.due_in().await;
        rests.push(due);
        rig.pass(due);
    }
    assert!(rests.windows(2).all(|w| w[1] + HOUR > w[0] / 2), "{rests:?}");
    assert!(
        *rests.last().unwrap() >= 12 * HOUR && *rests.iter().max().unwrap() <= DAY + HOUR,
        "{rests:?}"
    );
    rig.answer(vouched());
    rig.poll_due().await;
    assert!(rig.due_in().await <= HOUR, "one success and all is well");
    assert_eq!(rig.state().failures, 0);
}

#[tokio::test]
async fn p12_gone_is_asked_no_more_until_resumed_and_refusals_daily() {
    let rig = Rig::new("schedule = \"@hourly\"");
    rig.answer(Answer::status(410));
    rig.poll_due().await;
    rig.pass(30 * DAY);
    assert!(rig.poll_due().await.is_empty());
    let resume = |s: &mut Store| s.resume_feed(&FeedName("a".into()));
    assert!(rig.start().await.0.with("resuming", resume).await.unwrap());
    rig.stop().await;
    rig.answer(vouched());
    assert_eq!(rig.poll_due().await[0].outcome, Outcome::Fetched);
    for status in [401, 403, 404] {
        let rig = Rig::new("schedule = \"@hourly\"");
        rig.answer(Answer::status(status));
        for _ in 0..4 {
            rig.poll_due().await;
            rig.pass(rig.due_in().await);
        }
        rig.poll_due().await;
        let due = rig.due_in().await;
        assert!((DAY..=DAY + HOUR).contains(&due), "{status}: {due}");
    }
}

#[tokio::test]
async fn p13_a_permanent_redirect_is_believed_after_a_week_of_the_same() {
    let moved = |to: &str, status: u16| Answer::status(status).header("Location", to);
    for (name, status, to, target, believed) in [
        ("moved for good", 301, "/new", vouched(), true),
        ("moved for good, 308", 308, "/new", vouched(), true),
        ("found elsewhere", 302, "/new", vouched(), false),
        ("temporary", 307, "/new", vouched(), false),
        ("to no feed", 301, "/new", Answer::ok("<html>sold</html>"), false),
    ] {
        let rig = Rig::new("");
        rig.answer(moved(to, status));
        rig.server.set("/new", target);
        for poll in 0..9 {
            rig.pass(2 * DAY);
            rig.poll_due().await;
            assert!(rig.state().address.is_none() || poll >= 4, "{name}: believed too early");
        }
        assert_eq!(rig.state().address.is_some(), believed, "{name}");
        let text = std::fs::read_to_string(rig.place.config()).unwrap();
        assert!(text.contains("/feed\""), "{name}: the user's file is the user's");
        if believed {
            let before = rig.requests().len();
            rig.poll().await;
            assert_eq!(rig.requests().len(), before, "{name}: the old address is asked no more");
            // It was none after all: back to the address of the file.
            rig.server.set("/new", Answer::status(404));
            rig.poll().await;
            rig.answer(vouched());
            assert_eq!(rig.poll().await.state.failures, 0, "{name}");
            assert_eq!(rig.requests().len(), before + 1, "{name}");
        }
    }
}

#[tokio::test]
async fn p14_no_more_than_five_redirects_and_no_password_for_strangers() {
    let server = Server::start();
    let other = Server::start();
    for hop in 0..7 {
        server.set(
            &format!("/{hop}"),
            Answer::status(302).header("Location", &format!("/{}", hop + 1)),
        );
    }
    server.set("/7", vouched());
    server.set("/away", Answer::status(302).header("Location", &other.url("/feed")));
    other.set("/feed", vouched());
    let url = |path: &str| server.url(path).replace("http://", "http://reader:secret@");
    for (path, fine) in [("/2", true), ("/1", false), ("/away", true)] {
        let feeds = format!("[[feed]]\nname = \"a\"\nurl = \"{}\"\n", url(path));
        let rig = Rig::with(server.clone(), "", &feeds);
        let result = rig.poll().await;
        assert_eq!(result.outcome == Outcome::Fetched, fine, "{path}: {:?}", result.outcome);
    }
    assert!(sent(&server.requests("/away")[0], "authorization").is_some(), "for its own server");
    assert_eq!(sent(&other.requests("/feed")[0], "authorization"), None, "and for no other");
}

#[tokio::test]
async fn p15_one_request_at_a_time_per_host_with_a_pause_and_a_429_pauses_the_host() {
    let server = Server::start();
    let mut feeds = String::new();
    for n in 0..4 {
        server.set(&format!("/{n}"), Answer { delay: Duration::from_millis(30), ..vouched() });
        feeds.push_str(&format!(
            "[[feed]]\nname = \"{n}\"\nurl = \"{}\"\n",
            server.url(&format!("/{n}"))
        ));
    }
    let text =
        format!("[fetch]\nallow_private = [\"127.0.0.1\"]\nper_host_gap = \"80ms\"\n{feeds}");
    let place = Place::with(&text);
    let begun = Instant::now();
    place.run(&["poll"]);
    assert_eq!(server.most_at_once(), 1);
    assert!(begun.elapsed() >= Duration::from_millis(240), "{:?}", begun.elapsed());

    for n in 0..4 {
        server.set(&format!("/{n}"), Answer::status(429).header("Retry-After", "3600"));
    }
    let before: usize = (0..4).map(|n| server.requests(&format!("/{n}")).len()).sum();
    let output = place.run(&["poll"]);
    let after: usize = (0..4).map(|n| server.requests(&format!("/{n}")).len()).sum();
    assert_eq!(after - before, 1, "one is refused, the others do not ask: {}", err(&output));
    // The rest outlives the program.
    place.run(&["poll"]);
    let later: usize = (0..4).map(|n| server.requests(&format!("/{n}")).len()).sum();
    assert_eq!(later, after);
}

#[tokio::test]
async fn p16_feeds_that_share_a_schedule_are_spread_and_each_keeps_its_minute() {
    let server = Server::start();
    let mut feeds = String::new();
    for n in 0..20 {
        server.set(&format!("/{n}"), vouched());
        feeds.push_str(&format!(
            "[[feed]]\nname = \"{n}\"\nurl = \"{}\"\nschedule = \"@daily\"\n",
            server.url(&format!("/{n}"))
        ));
    }
    let rig = Rig::with(server, "", &feeds);
    rig.poll_due().await;
    let mut rounds = Vec::new();
    for _ in 0..2 {
        let mut minutes = Vec::new();
        rig.pass(DAY - rig.now.load(Ordering::SeqCst) % DAY);
        for minute in 0..60 {
            for result in rig.poll_due().await {
                minutes.push((result.feed, minute));
            }
            rig.pass(60);
        }
        minutes.sort();
        rounds.push(minutes);
    }
    let used: std::collections::HashSet<i64> = rounds[0].iter().map(|(_, m)| *m).collect();
    assert_eq!(rounds[0].len(), 20);
    assert!(used.len() > 8, "{used:?}");
    assert_eq!(rounds[0], rounds[1], "the same minute every day");
}

#[tokio::test]
async fn p17_the_user_agent_says_who_asks_and_where_to_complain() {
    let server = Server::start();
    server.set("/feed", vouched());
    let feeds = format!("[[feed]]\nname = \"a\"\nurl = \"{}\"\n", server.url("/feed"));
    let rig = Rig::with(server, "contact = \"https://ospo.example/feeds\"", &feeds);
    rig.poll().await;
    let agent = sent(&rig.requests()[0], "user-agent").unwrap();
    assert_eq!(
        agent,
        format!("gazetted/{} (+https://ospo.example/feeds)", env!("CARGO_PKG_VERSION"))
    );
}

#[tokio::test]
async fn p18_nothing_is_sent_or_asked_that_a_poll_does_not_need() {
    let rig = Rig::new("");
    rig.answer(vouched().header("Set-Cookie", "id=1"));
    rig.poll().await;
    rig.poll().await;
    for request in rig.requests() {
        for header in ["cookie", "referer", "origin", "x-requested-with"] {
            assert_eq!(sent(&request, header), None, "{header}");
        }
        assert_eq!(request.method, "GET");
    }
    let paths: Vec<String> = rig.server.all_requests().into_iter().map(|r| r.path).collect();
    assert!(paths.iter().all(|p| p == "/feed"), "no icon, no robots, no guesses: {paths:?}");
}

#[tokio::test]
async fn p19_feed_types_and_compression_are_accepted_and_decoded() {
    use std::io::Write;
    let rig = Rig::new("");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(rss(&[JOINS]).as_bytes()).unwrap();
    rig.answer(Answer::ok(encoder.finish().unwrap()).header("Content-Encoding", "gzip"));
    let result = rig.poll().await;
    assert_eq!((result.outcome, result.applied.new_entries), (Outcome::Fetched, 1));
    let asked = &rig.requests()[0];
    let accept = sent(asked, "accept").unwrap();
    for kind in ["application/atom+xml", "application/rss+xml", "application/feed+json"] {
        assert!(accept.contains(kind), "{accept}");
    }
    let encodings = sent(asked, "accept-encoding").unwrap();
    for encoding in ["gzip", "br", "zstd"] {
        assert!(encodings.contains(encoding), "{encodings}");
    }
}

#[tokio::test]
async fn p20_an_address_that_is_configured_twice_is_fetched_once() {
    let server = Server::start();
    server.set("/feed", vouched());
    let url = server.url("/feed");
    let feeds = format!(
        "[[feed]]\nname = \"a\"\nurl = \"{url}\"\n[[feed]]\nname = \"b\"\nurl = \"{url}\"\nfull_text = \"never\"\n"
    );
    let rig = Rig::with(server, "", &feeds);
    for _ in 0..2 {
        rig.pass(DAY);
        let results = rig.poll_due().await;
        assert_eq!(results.len(), 2, "both feeds get the answer");
    }
    assert_eq!(rig.requests().len(), 2);
    assert!(sent(&rig.requests()[1], "if-none-match").is_some());
}

#[tokio::test]
async fn p21_a_page_is_fetched_once_per_version_of_its_entry_and_not_where_the_feed_has_the_text() {
    let server = Server::start();
    let summary = |title: &str| {
        format!(
            "<rss version=\"2.0\"><channel><title>T</title><link>https://x.example/</link><description>d</description><item><title>{title}</title><guid isPermaLink=\"false\">1</guid><link>{}</link><description>More inside.</description></item></channel></rss>",
            server.url("/page")
        )
    };
    server.set("/page", Answer::ok("<article><p>Meridian Cloud has joined the Open Lattice Foundation as a Gold member, it said.</p></article>"));
    server.set("/feed", Answer::ok(summary("News")).header("ETag", "\"1\""));
    let feeds = format!(
        "[[feed]]\nname = \"a\"\nurl = \"{}\"\npublisher = \"Open Lattice Foundation\"\n",
        server.url("/feed")
    );
    let rig = Rig::with(server.clone(), "", &feeds);
    rig.poll().await;
    server.set("/feed", Answer::ok(summary("News") + " ").header("ETag", "\"2\""));
    rig.poll().await;
    assert_eq!(server.requests("/page").len(), 1, "the same version");
    server.set("/feed", Answer::ok(summary("More news")).header("ETag", "\"3\""));
    rig.poll().await;
    assert_eq!(server.requests("/page").len(), 2, "another version");
    let rig = Rig::new("");
    rig.answer(vouched());
    rig.poll().await;
    assert_eq!(rig.server.all_requests().len(), 1, "the feed has the text");
}

#[tokio::test]
async fn p22_deltas_are_not_asked_for_and_not_accepted() {
    let rig = Rig::new("");
    rig.answer(Answer { status: 226, ..vouched() });
    let result = rig.poll().await;
    assert!(matches!(result.outcome, Outcome::Failed(ref reason) if reason.contains("226")));
    assert_eq!(sent(&rig.requests()[0], "a-im"), None);
}

#[tokio::test]
async fn p23_a_clock_that_jumps_causes_no_burst() {
    let rig = Rig::new("schedule = \"*/15 * * * *\"");
    rig.answer(vouched());
    rig.poll_due().await;
    // A month asleep: missed firings are one.
    rig.pass(30 * DAY);
    for _ in 0..10 {
        rig.poll_due().await;
        rig.pass(1);
    }
    assert_eq!(rig.requests().len(), 2);
    // Set back by a year: neither at once nor never.
    rig.pass(-365 * DAY);
    for _ in 0..4 {
        rig.poll_due().await;
        rig.pass(HOUR);
    }
    assert!((4..=6).contains(&rig.requests().len()), "{}", rig.requests().len());
}

#[tokio::test]
async fn a_page_that_failed_is_tried_again_and_its_news_is_told() {
    let server = Server::start();
    let body = format!(
        "<rss version=\"2.0\"><channel><title>T</title><link>https://x.example/</link><description>d</description><item><title>News</title><guid isPermaLink=\"false\">1</guid><link>{}</link><description>More inside.</description></item></channel></rss>",
        server.url("/page")
    );
    server.set("/page", Answer::status(503));
    server.set("/feed", Answer::ok(body).header("ETag", "\"1\""));
    let place = Place::new(&server.url("/feed"), "");
    assert!(err(&place.run(&["once"])).contains("it is tried again"));
    server.set("/page", Answer::ok("<article><p>Meridian Cloud has joined the Open Lattice Foundation as a Gold member, it said.</p></article>"));
    rusqlite::Connection::open(place.folder.path().join("g.db"))
        .unwrap()
        .execute_batch("UPDATE feed SET pages_due = 1; UPDATE entry SET page_due = 1;")
        .unwrap();
    // The feed itself is unchanged; the page is what comes late.
    let output = place.run(&["once"]);
    assert!(out(&output).contains("Meridian Cloud joined as Gold member"), "{}", out(&output));
    place.run(&["once"]);
    assert_eq!(server.requests("/page").len(), 2);
}

#[tokio::test]
async fn a_feed_that_gives_new_ids_to_all_its_entries_tells_nothing_twice() {
    let entries: Vec<(String, String)> = (0..12)
        .map(|n| {
            (
                format!("g{n}"),
                format!("Meridian {n} has joined the Open Lattice Foundation as a Gold member."),
            )
        })
        .collect();
    let body = |prefix: &str| {
        let rows: Vec<(&str, &str, &str)> =
            entries.iter().map(|(guid, text)| (guid.as_str(), "News", text.as_str())).collect();
        rss(&rows).replace(
            "<guid isPermaLink=\"false\">",
            &format!("<guid isPermaLink=\"false\">{prefix}"),
        )
    };
    let rig = Rig::new("publisher = \"Open Lattice Foundation\"");
    rig.answer(Answer::ok(body("")).header("ETag", "\"1\""));
    rig.poll().await;
    rig.answer(Answer::ok(body("https://new.example/")).header("ETag", "\"2\""));
    let result = rig.poll().await;
    assert_eq!((result.applied.new_entries, result.applied.edited_entries), (0, 0));
    assert!(
        result.warnings.iter().any(|w| w.contains("new ids to 12 entries")),
        "{:?}",
        result.warnings
    );
    rig.answer(Answer::ok(body("https://new.example/") + " ").header("ETag", "\"3\""));
    let result = rig.poll().await;
    assert_eq!(result.applied.new_entries, 0, "known under the new ids from now on");
}
