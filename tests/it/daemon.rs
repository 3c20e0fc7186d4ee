//! The daemon as systemd sees it: the real binary under a NOTIFY_SOCKET.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::http::{Answer, Server};
use crate::setup::{CHAIR, JOINS, Place, out, rss};

pub struct Daemon {
    child: Child,
    /// What it says. It is heard at once, as by systemd: a socket that nobody reads holds ten messages, and
    /// then holds up the daemon.
    said: Receiver<String>,
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
        let mut program = Command::new(env!("CARGO_BIN_EXE_gazetted"));
        Daemon::start_by(&mut program, place)
    }

    /// A program that becomes the daemon.
    fn start_by(program: &mut Command, place: &Place) -> Daemon {
        let path = place.folder.path().join("notify");
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).unwrap();
        let (tell, said) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n) = socket.recv(&mut buffer) {
                if tell.send(String::from_utf8_lossy(&buffer[..n]).into_owned()).is_err() {
                    break;
                }
            }
        });
        let log = std::fs::File::create(place.folder.path().join("log")).unwrap();
        let child = program
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
        Daemon { child, said, heard: Vec::new() }
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
            if let Ok(said) = self.said.recv_timeout(Duration::from_millis(100)) {
                self.heard.extend(said.lines().map(str::to_owned));
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

/// A daemon whose first poll takes a while, and what it writes into.
fn slow_start(folder: &str) -> (Server, Place) {
    let server = Server::start();
    let delay = Duration::from_secs(2);
    server.set("/feed", Answer { delay, ..Answer::ok(rss(&[JOINS])).header("ETag", "\"1\"") });
    let place = Place::new(&server.url("/feed"), "");
    let config = std::fs::read_to_string(place.config()).unwrap();
    std::fs::create_dir_all(place.folder.path().join(folder)).unwrap();
    let config = config.replace("path = \"g.db\"", &format!("path = \"{folder}g.db\""));
    std::fs::write(place.config(), config).unwrap();
    (server, place)
}

/// The daemon has paused and gone on: the news of the poll that could not be stored is there.
fn goes_on(
    daemon: &mut Daemon,
    place: &Place,
    make_room: impl FnOnce(),
    is_stored: impl Fn() -> bool,
) {
    daemon.wait_for("STATUS=PAUSED, the database cannot be written");
    assert!(log(place).contains("nothing is polled, composed or sent until"), "{}", log(place));
    daemon.wait_for("WATCHDOG=1");
    make_room();
    daemon.wait_for("STATUS=going on");
    wait_until("the news is stored", is_stored);
    daemon.stop();
}

#[test]
fn on_a_full_disk_the_daemon_pauses_says_so_and_goes_on_when_there_is_room() {
    let (server, place) = slow_start("small/");
    let mut program = Command::new("unshare");
    let script = "mount -t tmpfs -o size=8m none small || exit 99; exec \"$0\" \"$@\"";
    program
        .args(["-m", "bash", "-c", script, env!("CARGO_BIN_EXE_gazetted")])
        .current_dir(place.folder.path());
    let mut daemon = Daemon::start_by(&mut program, &place);
    let pid = daemon.child.id();
    let small = std::path::PathBuf::from(format!("/proc/{pid}/root"))
        .join(place.folder.path().strip_prefix("/").unwrap())
        .join("small");
    wait_until("it starts, or may not mount", || {
        small.join("g.db").exists() || !Path::new(&format!("/proc/{pid}/exe")).exists()
    });
    if !small.join("g.db").exists() {
        // No right to mount: the test below stands for it.
        return;
    }
    daemon.wait_for("READY=1");
    let filler = small.join("filler");
    let fill = || {
        let mut file = std::fs::File::create(&filler).unwrap();
        let _ = std::io::copy(&mut std::io::repeat(0), &mut file);
    };
    fill();
    let make_room = || std::fs::remove_file(&filler).unwrap();
    goes_on(&mut daemon, &place, make_room, || log(&place).contains("changes=1"));
    assert!(server.requests("/feed").len() > 1, "what could not be stored is asked for again");
    assert!(log(&place).contains("full"), "{}", log(&place));
}

#[test]
fn while_another_program_holds_the_database_the_daemon_pauses() {
    let (_server, place) = slow_start("");
    let mut daemon = Daemon::start(&place);
    daemon.wait_for("READY=1");
    let other = rusqlite::Connection::open(place.folder.path().join("g.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let make_room = || other.execute_batch("ROLLBACK").unwrap();
    goes_on(&mut daemon, &place, make_room, || out(&place.run(&["facts"])).contains("Meridian"));
}
