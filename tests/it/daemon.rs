//! The daemon as systemd sees it: the real binary under a NOTIFY_SOCKET.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::http::{Answer, Server};
use crate::setup::{CHAIR, JOINS, Place, out, rss};

pub struct Daemon {
    child: Child,
    socket: UnixDatagram,
    heard: Vec<String>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    pub fn start(place: &Place) -> Daemon {
        let path = place.folder.path().join("notify");
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let log = std::fs::File::create(place.folder.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_gazetted"))
            .arg("--config")
            .arg(place.config())
            .arg("run")
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "1000000")
            .env_remove("JOURNAL_STREAM")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Daemon { child, socket, heard: Vec::new() }
    }

    /// Waits until the daemon says something, and forgets everything up to it.
    pub fn wait_for(&mut self, wanted: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(at) = self.heard.iter().position(|line| line.starts_with(wanted)) {
                self.heard.drain(..=at);
                return;
            }
            assert!(Instant::now() < deadline, "{wanted} was not said; heard {:?}", self.heard);
            let mut buffer = [0; 4096];
            if let Ok(n) = self.socket.recv(&mut buffer) {
                self.heard.extend(String::from_utf8_lossy(&buffer[..n]).lines().map(str::to_owned));
            }
        }
    }

    pub fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.child.id().to_string())
            .status()
            .unwrap();
        assert!(done.success());
    }

    pub fn stop(&mut self) {
        self.signal("TERM");
        self.wait_for("STOPPING=1");
        assert!(self.child.wait().unwrap().success());
    }
}

fn log(place: &Place) -> String {
    std::fs::read_to_string(place.folder.path().join("log")).unwrap()
}

pub fn wait_until(what: &str, test: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !test() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_daemon_says_that_it_is_ready_and_alive() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/feed"), "");
    let mut daemon = Daemon::start(&place);
    daemon.wait_for("READY=1");
    daemon.wait_for("STATUS=1 feeds, 0 failing, next digest");
    daemon.wait_for("WATCHDOG=1");
    daemon.wait_for("WATCHDOG=1");
    daemon.stop();
}

#[test]
fn a_stop_during_a_poll_loses_nothing() {
    let server = Server::start();
    server.set(
        "/feed",
        Answer {
            delay: Duration::from_millis(800),
            ..Answer::ok(rss(&[JOINS])).header("ETag", "\"1\"")
        },
    );
    let place = Place::new(&server.url("/feed"), "");
    let mut daemon = Daemon::start(&place);
    daemon.wait_for("READY=1");
    wait_until("the poll is under way", || !server.requests("/feed").is_empty());
    daemon.stop();
    // Whether the poll was stored or dropped: the news comes.
    server.set("/feed", Answer::ok(rss(&[JOINS])).header("ETag", "\"1\""));
    assert!(out(&place.run(&["once"])).contains("Meridian Cloud joined as Platinum member"));
}

#[test]
fn a_restart_does_not_poll_again() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/feed"), "");
    for _ in 0..3 {
        let mut daemon = Daemon::start(&place);
        daemon.wait_for("READY=1");
        daemon.wait_for("WATCHDOG=1");
        wait_until("the feed is polled once", || !server.requests("/feed").is_empty());
        daemon.stop();
    }
    assert_eq!(server.requests("/feed").len(), 1);
}

#[test]
fn a_missed_digest_is_sent_once_after_downtime() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/feed"), "");
    place.run(&["poll"]);
    // The program was down for three days.
    let database = rusqlite::Connection::open(place.folder.path().join("g.db")).unwrap();
    database.execute("UPDATE subscription SET last_run = last_run - 3 * 86400", []).unwrap();
    drop(database);
    for _ in 0..2 {
        let mut daemon = Daemon::start(&place);
        daemon.wait_for("READY=1");
        wait_until("the digest is sent", || !place.messages().is_empty());
        daemon.stop();
    }
    let messages = place.messages();
    assert_eq!(messages.len(), 1);
    let message = mail_parser::MessageParser::default().parse(&messages[0]).unwrap();
    let text = message.body_text(0).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("This digest is late: it was due on"), "{text}");
    assert!(text.contains("It stands for 3 digests."), "{text}");
}

#[test]
fn a_wrong_configuration_on_reload_is_told_and_ignored_and_a_right_one_is_taken() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    server.set("/second", Answer::ok(rss(&[CHAIR])));
    let place = Place::new(&server.url("/feed"), "");
    let right = std::fs::read_to_string(place.config()).unwrap();
    let mut daemon = Daemon::start(&place);
    daemon.wait_for("READY=1");
    write(&place.config(), &right.replace("schedule = \"0 7 * * *\"", "schedle = \"0 7 * * *\""));
    daemon.signal("HUP");
    daemon.wait_for("RELOADING=1");
    daemon.wait_for("STATUS=running with the old configuration");
    daemon.wait_for("READY=1");
    assert!(log(&place).contains("did you mean `schedule`?"), "{}", log(&place));
    write(
        &place.config(),
        &format!("{right}[[feed]]\nname = \"second\"\nurl = \"{}\"\n", server.url("/second")),
    );
    daemon.signal("HUP");
    daemon.wait_for("READY=1");
    wait_until("the new feed is polled", || !server.requests("/second").is_empty());
    daemon.stop();
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}
