//! `gazetted feeds discover|add|import|export|test`: the real binary against a real server.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::Value;

use crate::http::{Answer, Server};
use crate::setup::{CHAIR, JOINS, Place, err, gazetted, out, rss};

/// A page that names these feeds in its head.
fn page(links: &[(&str, &str)]) -> String {
    let links: String = links
        .iter()
        .map(|(href, title)| format!("<link rel=\"alternate\" type=\"application/rss+xml\" title=\"{title}\" href=\"{href}\">"))
        .collect();
    format!(
        "<!doctype html><html><head><title>Lattice</title>{links}</head><body><p>Welcome</p></body></html>"
    )
}

fn dated(title: &str, dates: &[&str]) -> String {
    let items: String = dates
        .iter()
        .map(|date| format!("<item><title>Post of {date}</title><guid>{title}{date}</guid><pubDate>{date} 10:00:00 GMT</pubDate></item>"))
        .collect();
    format!(
        "<rss version=\"2.0\"><channel><title>{title}</title><link>https://l.example/</link><description>d</description>{items}</channel></rss>"
    )
}

fn json(output: &std::process::Output) -> Value {
    serde_json::from_str(&out(output))
        .unwrap_or_else(|e| panic!("{e}: {}{}", out(output), err(output)))
}

/// A place whose feed is at `/feed` of the server.
fn place(server: &Server) -> Place {
    Place::new(&server.url("/feed"), "")
}

fn config(place: &Place) -> String {
    std::fs::read_to_string(place.config()).unwrap()
}

#[test]
fn a_page_gives_its_feeds_with_their_newest_entries() {
    let server = Server::start();
    let links = [
        ("/comments/feed/", "Lattice Comments Feed"),
        ("/blog/feed", "Lattice"),
        ("/gone.rss", "Old"),
    ];
    server.set("/", Answer::ok(page(&links)).header("content-type", "text/html"));
    server.set("/comments/feed/", Answer::ok(dated("Comments", &["01 Oct 2026"])));
    server.set(
        "/blog/feed",
        Answer::ok(dated("Lattice\u{1b}[31m blog", &["01 Oct 2026", "03 Oct 2026", "02 Oct 2026"])),
    );
    let place = place(&server);
    let run = place.run(&["feeds", "discover", &server.url("/"), "--entries", "2"]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    let shown = out(&run);
    assert!(shown.starts_with(&server.url("/blog/feed")), "comments stand behind posts: {shown}");
    assert!(shown.contains("Lattice[31m blog\n  RSS, 3 entries; named by the page"), "{shown}");
    assert!(shown.contains("    2026-10-03  Post of 03 Oct 2026\n    2026-10-02"), "{shown}");
    assert!(
        !shown.contains('\u{1b}') && !shown.contains("2026-10-01  Post of 01 Oct 2026\n    2026")
    );
    assert!(err(&run).contains("/gone.rss answered 404"), "{}", err(&run));
    assert!(
        server.requests("/atom.xml").is_empty(),
        "nothing is guessed where the page names feeds"
    );
    assert!(server.requests("/")[0].headers["user-agent"].starts_with("gazetted/"));

    let run = place.run(&["feeds", "discover", &server.url("/"), "--json"]);
    let found = json(&run);
    assert_eq!(found["feeds"][0]["url"], server.url("/blog/feed"));
    assert_eq!(found["feeds"][0]["entries"], 3);
    assert_eq!(found["feeds"][0]["format"], "RSS");
    assert_eq!(found["feeds"][0]["newest"][0]["published"], "2026-10-03T10:00:00+00:00");
    assert_eq!(found["tried"][0]["via"], "link");
}

#[test]
fn the_address_may_be_a_feed_and_a_configured_one_is_known() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = place(&server);
    let run = place.run(&["feeds", "discover", &server.url("/feed")]);
    assert_eq!(run.status.code(), Some(0));
    assert!(out(&run).contains("the address itself"), "{}", out(&run));
    assert!(out(&run).contains("configured already, as \"lattice\""), "{}", out(&run));
    assert_eq!(server.requests("/feed").len(), 1);
}

#[test]
fn common_places_are_tried_where_the_page_names_none() {
    let server = Server::start();
    server.set("/news/", Answer::ok("<html><body>No links here"));
    server.set("/news/atom.xml", Answer::ok(rss(&[JOINS])));
    let place = place(&server);
    let found = json(&place.run(&["feeds", "discover", &server.url("/news/"), "--json"]));
    assert_eq!(found["feeds"][0]["via"], "guess");
    assert_eq!(found["feeds"][0]["url"], server.url("/news/atom.xml"));
    assert!(server.requests("/feed").is_empty(), "the first hit ends the guessing");
}

#[test]
fn discovery_tells_none_found_from_an_error() {
    let server = Server::start();
    server.set("/empty", Answer::ok("<html><body>Nothing"));
    let place = place(&server);
    for (url, code, part) in [
        (server.url("/empty"), 4, "no feed was found at"),
        (server.url("/missing"), 1, "answered 404, and there is no feed at"),
        ("http://127.0.0.2:9/".into(), 1, "private address"),
        ("gopher://l.example".into(), 1, "`gopher` addresses cannot be read"),
    ] {
        let run = place.run(&["feeds", "discover", &url]);
        assert_eq!(run.status.code(), Some(code), "{url}: {}", err(&run));
        assert!(err(&run).contains(part), "{url}: {}", err(&run));
    }
    assert_eq!(place.run(&["feeds", "discover"]).status.code(), Some(2));
    // A page cannot lead into a private network either.
    server.set("/lure", Answer::ok(page(&[("http://169.254.169.254/feed", "x")])));
    let run = place.run(&["feeds", "discover", &server.url("/lure")]);
    assert!(err(&run).contains("private address 169.254.169.254"), "{}", err(&run));
}

#[test]
fn discovery_needs_no_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let feed = folder.path().join("feed.xml");
    std::fs::write(&feed, rss(&[JOINS])).unwrap();
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_gazetted"))
        .args(["feeds", "discover", &format!("file://{}", feed.display())])
        .env_clear()
        .env("HOME", folder.path())
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert!(out(&run).contains("RSS, 1 entry"), "{}", out(&run));
}

#[test]
fn a_feed_is_added_and_all_else_stays_as_it_was() {
    let server = Server::start();
    server.set(
        "/blog",
        Answer::ok(page(&[("/blog/rss", "x"), ("/comments/feed/", "Comments Feed")])),
    );
    server.set("/blog/rss", Answer::ok(dated("Meridian blog", &["01 Oct 2026"])));
    server.set("/comments/feed/", Answer::ok(dated("Comments", &["01 Oct 2026"])));
    let place = place(&server);
    let old = format!(
        "# head\n{}# the last word\n",
        config(&place).replace("publisher", "# whose\npublisher")
    );
    std::fs::write(place.config(), &old).unwrap();
    std::fs::set_permissions(place.config(), PermissionsExt::from_mode(0o640)).unwrap();
    let link = place.folder.path().join("link.toml");
    std::os::unix::fs::symlink(place.config(), &link).unwrap();

    let arguments =
        ["feeds", "add", &server.url("/blog"), "--publisher", "Meridian Cloud", "--kind", "vendor"];
    let dry = gazetted(&link, &[arguments.as_slice(), &["--dry-run"]].concat());
    assert!(
        out(&dry).contains("+[[feed]]\n+name = \"Meridian blog\"\n"),
        "{}{}",
        out(&dry),
        err(&dry)
    );
    assert_eq!(config(&place), old);

    let run = gazetted(&link, &arguments);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert!(err(&run).contains("reload"), "{}", err(&run));
    let table = format!(
        "\n[[feed]]\nname = \"Meridian blog\"\nurl = \"{}\"\npublisher = \"Meridian Cloud\"\nkind = \"vendor\"\n\n",
        server.url("/blog/rss")
    );
    let new = config(&place);
    assert!(new.contains(&table), "{new}");
    assert_eq!(new.replace(&table, ""), old, "only the table was added");
    assert_eq!(std::fs::metadata(place.config()).unwrap().mode() & 0o777, 0o640);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let left: Vec<_> =
        std::fs::read_dir(place.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "no temporary file is left: {left:?}");
    assert!(place.run(&["check"]).status.success());
}

#[test]
fn what_is_there_already_is_not_added_again() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    server.set("/two", Answer::ok(page(&[("/a", "A"), ("/b", "B")])));
    server.set("/a", Answer::ok(rss(&[JOINS])));
    server.set("/b", Answer::ok(rss(&[CHAIR])));
    server.set("/empty", Answer::ok("<html>"));
    let place = place(&server);
    let old = config(&place);
    for (arguments, code, part) in [
        (vec![server.url("/feed")], 1, "configured already, as \"lattice\""),
        (vec![server.url("/feed/#top")], 1, "configured already"),
        (
            vec![server.url("/a"), "--name".into(), "lattice".into()],
            1,
            "a feed is called \"lattice\" already",
        ),
        (vec![server.url("/two")], 1, "names several feeds"),
        // The common address beside it is the configured feed.
        (vec![server.url("/empty")], 1, "configured already"),
        (vec![server.url("/a"), "--kind".into(), "bank".into()], 2, "newswire"),
    ] {
        let mut all = vec!["feeds", "add"];
        all.extend(arguments.iter().map(String::as_str));
        let run = place.run(&all);
        assert_eq!(run.status.code(), Some(code), "{arguments:?}: {}", err(&run));
        assert!(err(&run).contains(part), "{arguments:?}: {}", err(&run));
    }
    assert_eq!(config(&place), old);
    let other = Server::start();
    other.set("/empty", Answer::ok("<html>"));
    for (path, code, part) in [("/empty", 4, "no feed was found"), ("/missing", 1, "answered 404")]
    {
        let run = place.run(&["feeds", "add", &other.url(path)]);
        assert_eq!(run.status.code(), Some(code), "{path}: {}", err(&run));
        assert!(err(&run).contains(part), "{path}: {}", err(&run));
    }
    assert_eq!(config(&place), old);
    // Added twice is added once.
    assert!(place.run(&["feeds", "add", &server.url("/a"), "--name", "A"]).status.success());
    assert_eq!(
        place.run(&["feeds", "add", &server.url("/a"), "--name", "B"]).status.code(),
        Some(1)
    );
}

#[test]
fn a_configuration_that_is_wrong_is_left_alone_and_one_without_feeds_gets_its_first() {
    let server = Server::start();
    server.set("/a", Answer::ok(rss(&[JOINS])));
    let place = place(&server);
    let wrong = config(&place).replace("[defaults]", "[defalts]");
    std::fs::write(place.config(), &wrong).unwrap();
    let run = place.run(&["feeds", "add", &server.url("/a")]);
    assert_eq!(run.status.code(), Some(78), "{}", err(&run));
    assert_eq!(config(&place), wrong);
    assert!(server.requests("/a").is_empty(), "nothing is asked for a configuration that is wrong");

    let bare = "[store]\npath = \"g.db\"\n[fetch]\nallow_private = [\"127.0.0.1\"]\n# the end\n";
    std::fs::write(place.config(), bare).unwrap();
    let run = place.run(&["feeds", "add", &server.url("/a"), "--name", "First"]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert!(config(&place).starts_with(bare));
    assert!(place.run(&["check"]).status.success());
}

#[test]
fn an_address_can_be_added_unseen() {
    let place = Place::new("https://l.example/feed", "");
    let run = place.run(&["feeds", "add", "tidewater.example/rss", "--unchecked"]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert!(
        config(&place)
            .contains("name = \"tidewater.example\"\nurl = \"https://tidewater.example/rss\"")
    );
}

#[test]
fn lists_are_imported_once_and_exported_whole() {
    let place = Place::new("https://lattice.example/feed", "# the last word\n");
    let old = config(&place);
    let file = place.folder.path().join("list.opml");
    std::fs::write(&file, "<?xml version=\"1.0\"?><opml version=\"1.1\"><head/><body><outline text=\"News & more\"><outline text=\"Quill Data\" xmlUrl=\"https://quill.example/rss?a=1&b=2\"/></outline><outline text=\"Again\" xmlUrl=\"http://www.lattice.example/feed/\"/><outline title=\"Off\" isComment=\"true\" xmlUrl=\"https://off.example/rss\"/><outline text=\"Passwords\" xmlUrl=\"file:///etc/passwd\"/></body></opml>").unwrap();
    let file = file.to_str().unwrap();
    let dry = place.run(&["feeds", "import", file, "--dry-run", "--kind", "vendor"]);
    assert_eq!(
        out(&dry),
        "Quill Data  https://quill.example/rss?a=1&b=2\nOff  https://off.example/rss, disabled\n"
    );
    assert!(err(&dry).contains("2 would be added, 2 skipped"), "{}", err(&dry));
    assert_eq!(config(&place), old);

    let run = place.run(&["feeds", "import", file, "--kind", "vendor"]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert!(
        err(&run).contains("skipped: \"Again\": http://www.lattice.example/feed/ is there already"),
        "{}",
        err(&run)
    );
    assert!(err(&run).contains("skipped: \"Passwords\": `file` addresses"), "{}", err(&run));
    let new = config(&place);
    assert!(new.contains("# Folder: News & more\n[[feed]]\nname = \"Quill Data\"\nurl = \"https://quill.example/rss?a=1&b=2\"\nkind = \"vendor\"\n"), "{new}");
    assert!(place.run(&["check"]).status.success());

    let again = place.run(&["feeds", "import", file]);
    assert_eq!(again.status.code(), Some(0));
    assert!(err(&again).contains("nothing to add: 4 skipped"), "{}", err(&again));
    assert_eq!(config(&place), new);

    // What is exported, another gazetted imports as the same feeds.
    let exported = place.folder.path().join("out.opml");
    let run = place.run(&["feeds", "export", "--output", exported.to_str().unwrap()]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert_eq!(out(&place.run(&["feeds", "export"])), std::fs::read_to_string(&exported).unwrap());
    let other = Place::new("https://unrelated.example/feed", "");
    other.run(&["feeds", "import", exported.to_str().unwrap()]);
    let shown = config(&other);
    for part in [
        "name = \"lattice (lattice.example)\"\nurl = \"https://lattice.example/feed\"\npublisher = \"Open Lattice Foundation\"\nkind = \"foundation\"",
        "name = \"Quill Data\"",
        "name = \"Off\"\nurl = \"https://off.example/rss\"\nkind = \"vendor\"\nenabled = false",
    ] {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
}

#[test]
fn exports_leave_passwords_out_unless_asked() {
    let place = Place::new("https://reader:secret@lattice.example/feed", "");
    let run = place.run(&["feeds", "export"]);
    assert!(
        !out(&run).contains("secret") && err(&run).contains("--with-passwords"),
        "{}",
        out(&run)
    );
    assert!(out(&place.run(&["feeds", "export", "--with-passwords"])).contains("reader:secret@"));
}

/// S20: size, depth, number of outlines, external entities, bombs, and what is no OPML.
#[test]
fn s20_hostile_lists_are_refused_or_inert() {
    let server = Server::start();
    let place = Place::new("https://lattice.example/feed", "");
    let old = config(&place);
    let secret = place.folder.path().join("secret.txt");
    std::fs::write(&secret, "TOPSECRET").unwrap();
    let opml = |head: &str, body: &str| {
        format!("<?xml version=\"1.0\"?>{head}<opml version=\"2.0\"><body>{body}</body></opml>")
    };
    let outline = "<outline text=\"A\" xmlUrl=\"https://a.example/\"/>";
    let mut bomb = String::from("<!DOCTYPE opml [<!ENTITY e0 \"ha\">");
    for n in 1..40 {
        bomb.push_str(&format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10)));
    }
    bomb.push_str("]>");
    let external = format!(
        "<!DOCTYPE opml [<!ENTITY x SYSTEM \"file://{}\"><!ENTITY % p SYSTEM \"{}\"> %p;]>",
        secret.display(),
        server.url("/evil.dtd")
    );
    let deep = format!(
        "{}{outline}{}",
        "<outline text=\"d\">".repeat(50_000),
        "</outline>".repeat(50_000)
    );
    for (name, text, code, part) in [
        ("size", opml("", &" ".repeat(9 * 1024 * 1024)), 1, "larger than 8 MiB"),
        ("depth", opml("", &deep), 1, "more than 32 deep"),
        ("number", opml("", &outline.repeat(10_001)), 1, "more than 10000 outlines"),
        ("a feed", rss(&[JOINS]), 1, "this is no OPML file: it begins with <rss>"),
        ("bytes", "\u{0}\u{1}\u{2}".into(), 1, "no OPML file"),
        ("nothing", String::new(), 1, "no OPML file"),
        (
            "bomb",
            opml(&bomb, "<outline text=\"&e39;\" xmlUrl=\"https://b.example/&e39;\"/>"),
            0,
            "1 would be added",
        ),
        (
            "external",
            opml(&external, "<outline text=\"&x;\" xmlUrl=\"https://c.example/&x;\"/>"),
            0,
            "not expanded",
        ),
    ] {
        let file = place.folder.path().join("hostile.opml");
        std::fs::write(&file, text).unwrap();
        let before = std::time::Instant::now();
        let run = place.run(&["feeds", "import", file.to_str().unwrap(), "--dry-run"]);
        assert_eq!(run.status.code(), Some(code), "{name}: {}", err(&run));
        assert!(err(&run).contains(part), "{name}: {}", err(&run));
        assert!(!out(&run).contains("TOPSECRET") && out(&run).len() < 200, "{name}: {}", out(&run));
        assert!(before.elapsed().as_secs() < 10, "{name}: {:?}", before.elapsed());
    }
    assert!(server.requests("/evil.dtd").is_empty());
    assert_eq!(config(&place), old);
    // As many as are allowed, all of one name.
    let many: String = (0..10_000)
        .map(|n| format!("<outline text=\"Blog\" xmlUrl=\"https://a.example/{n}\"/>"))
        .collect();
    let file = place.folder.path().join("many.opml");
    std::fs::write(&file, opml("", &many)).unwrap();
    let run = place.run(&["feeds", "import", file.to_str().unwrap()]);
    assert!(err(&run).contains("10000 added"), "{}", err(&run));
    assert!(place.run(&["check"]).status.success());
}

/// Everything that the store knows of feeds and entries.
fn stored(place: &Place) -> Vec<String> {
    let db = rusqlite::Connection::open(place.folder.path().join("g.db")).unwrap();
    let mut rows = Vec::new();
    for (table, columns) in [
        ("feed", "name || coalesce(etag, '-') || coalesce(last_poll, 0) || failures"),
        ("entry", "key || version"),
        ("fact", "subject || body"),
    ] {
        let mut query = db.prepare(&format!("SELECT {columns} FROM {table} ORDER BY id")).unwrap();
        rows.extend(query.query_map([], |r| r.get::<_, String>(0)).unwrap().map(Result::unwrap));
    }
    rows
}

#[test]
fn a_feed_is_tried_and_nothing_is_stored() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])).header("etag", "\"one\""));
    let place = place(&server);
    // Before anything was polled: no database is made.
    let run = place.run(&["feeds", "test", "lattice"]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert!(!place.folder.path().join("g.db").exists());
    let shown = out(&run);
    for part in [
        "User-Agent: gazetted/",
        "Accept: application/atom+xml",
        "200 from",
        "ETag: \"one\"",
        "1 entries, 1 of them not stored yet",
        "Meridian Cloud / Open Lattice Foundation (Platinum)",
        "confidence 0.",
        "\"Meridian Cloud has joined",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }

    place.run(&["poll"]);
    server.set("/feed", Answer::ok(rss(&[JOINS, CHAIR])).header("etag", "\"two\""));
    let before = stored(&place);
    let found = json(&place.run(&["feeds", "test", "lattice", "--json"]));
    assert_eq!(stored(&place), before);
    let header = |name: &str| {
        found["request"]["headers"].as_array().unwrap().iter().find(|h| h["name"] == name).cloned()
    };
    assert_eq!(header("If-None-Match").unwrap()["value"], "\"one\"");
    assert_eq!(header("If-None-Match").unwrap()["sent"], false);
    assert_eq!(found["entries"][0]["state"], "known");
    assert_eq!(found["entries"][1]["state"], "new");
    assert_eq!(found["facts"].as_array().unwrap().len(), 2);
    let last = server.requests("/feed").pop().unwrap();
    assert!(!last.headers.contains_key("if-none-match"));

    // As the daemon asks: unchanged, and so nothing to read.
    server.set("/feed", Answer::ok(rss(&[JOINS])).header("etag", "\"one\""));
    let run = place.run(&["feeds", "test", "lattice", "--conditional"]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert!(out(&run).contains("304 from"), "{}", out(&run));
    assert_eq!(stored(&place), before);
    assert_eq!(place.run(&["feeds", "test", "latt"]).status.code(), Some(1));
}

#[test]
fn a_test_reads_pages_and_tells_failures() {
    let server = Server::start();
    let item = format!(
        "<item><title>News</title><guid>1</guid><link>{}</link><description>Meridian Cloud…</description></item>",
        server.url("/post")
    );
    server.set(
        "/feed",
        Answer::ok(format!("<rss version=\"2.0\"><channel><title>T</title>{item}</channel></rss>")),
    );
    server.set("/post", Answer::ok("<html><body><article><p>Meridian Cloud has joined the Open Lattice Foundation as a Platinum member.</article>"));
    let place = place(&server);
    let found = json(&place.run(&["feeds", "test", "lattice", "--json"]));
    assert_eq!(found["entries"][0]["text"], "text of its page");
    assert_eq!(found["pages"][0]["url"], server.url("/post"));
    assert_eq!(found["facts"][0]["subject"], "Meridian Cloud");
    let run = place.run(&["feeds", "test", "lattice", "--pages", "0"]);
    assert!(out(&run).contains("(not fetched here; --pages)"), "{}", out(&run));
    assert_eq!(server.requests("/post").len(), 1);
    for (answer, part) in [
        (Answer::status(404), "404"),
        (Answer::status(410), "gone"),
        (Answer::ok("<!doctype html><html><body>moved"), "web page"),
    ] {
        server.set("/feed", answer);
        let run = place.run(&["feeds", "test", "lattice"]);
        assert_eq!(run.status.code(), Some(3));
        assert!(err(&run).contains(part), "{}", err(&run));
    }
}

#[test]
fn a_feed_is_tried_while_another_process_polls_it() {
    let server = Server::start();
    server.set(
        "/feed",
        Answer { delay: std::time::Duration::from_millis(1500), ..Answer::ok(rss(&[JOINS])) },
    );
    let place = place(&server);
    place.run(&["poll"]);
    let mut polling = std::process::Command::new(env!("CARGO_BIN_EXE_gazetted"))
        .arg("--config")
        .arg(place.config())
        .args(["--quiet", "poll"])
        .spawn()
        .unwrap();
    while server.requests("/feed").len() < 2 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let run = place.run(&["feeds", "test", "lattice"]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert!(out(&run).contains("the same as at the last poll"), "{}", out(&run));
    assert!(polling.wait().unwrap().success());
}

#[test]
fn a_moved_feed_is_found_again_and_offered_as_a_patch() {
    let server = Server::start();
    server.set("/blog/feed", Answer::ok(rss(&[JOINS])));
    let place = Place::new(&server.url("/blog/feed"), "");
    let old = config(&place)
        .replace("url = ", "# moves often\nurl = ")
        .replace("publisher", "# whose\npublisher");
    std::fs::write(place.config(), &old).unwrap();
    let run = place.run(&["feeds", "discover", "--broken"]);
    assert!(err(&run).contains("nothing was polled yet") && run.status.success(), "{}", err(&run));
    place.run(&["poll"]);
    assert!(err(&place.run(&["feeds", "discover", "--broken"])).contains("no feed answers 404"));

    server.set("/blog/feed", Answer::status(404));
    server.set("/", Answer::ok(page(&[("/events.rss", "Events"), ("/new/feed", "Lattice")])));
    server.set("/events.rss", Answer::ok(dated("Events", &["01 Oct 2026"])));
    server.set("/new/feed", Answer::ok(rss(&[CHAIR, JOINS])));
    place.run(&["poll"]);
    let run = place.run(&["feeds", "discover", "--broken"]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    let shown = out(&run);
    let line = old.lines().position(|l| l.starts_with("url = ")).unwrap() + 1;
    for part in [
        format!("gazetted.toml:{line}: url = \"{}\"", server.url("/new/feed")),
        format!(
            "-url = \"{}\"\n+url = \"{}\"\n",
            server.url("/blog/feed"),
            server.url("/new/feed")
        ),
        "1 of its 2 entries are known from this feed".into(),
    ] {
        assert!(shown.contains(&part), "{part} is missing in\n{shown}");
    }
    assert_eq!(config(&place), old, "nothing is changed without --apply");

    let listed = json(&place.run(&["feeds", "discover", "--broken", "--json"]));
    assert_eq!(listed[0]["patch"]["line"], line);
    assert_eq!(listed[0]["found"].as_array().unwrap().len(), 2);

    let run = place.run(&["feeds", "discover", "--broken", "--apply"]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert_eq!(config(&place), old.replace("/blog/feed", "/new/feed"));
    // The feed goes on: what was known stays known, what is new is news.
    let run = place.run(&["poll"]);
    assert!(err(&run).contains("1 new entries"), "{}", err(&run));
}

#[test]
fn a_lost_feed_is_never_guessed_at_from_several_and_its_absence_is_told() {
    let server = Server::start();
    server.set("/feed", Answer::ok(rss(&[JOINS])));
    let place = place(&server);
    place.run(&["poll"]);
    server.set("/feed", Answer::status(410));
    place.run(&["poll"]);
    let old = config(&place);
    let run = place.run(&["feeds", "discover", "--broken"]);
    assert_eq!(run.status.code(), Some(4), "{}", err(&run));
    assert!(out(&run).contains("no feed was found at"), "{}", out(&run));

    server.set("/", Answer::ok(page(&[("/a", "A"), ("/b", "B")])));
    server.set("/a", Answer::ok(dated("A", &["01 Oct 2026"])));
    server.set("/b", Answer::ok(dated("B", &["02 Oct 2026"])));
    let run = place.run(&["feeds", "discover", "--broken", "--apply"]);
    assert_eq!(run.status.code(), Some(4), "{}", err(&run));
    assert!(out(&run).contains("choose one and set its url by hand"), "{}", out(&run));
    assert_eq!(config(&place), old);

    // The address became a page that names the only feed.
    server.set("/feed", Answer::ok(page(&[("/a", "A")])));
    server.set("/", Answer::status(404));
    let db = rusqlite::Connection::open(place.folder.path().join("g.db")).unwrap();
    db.execute("UPDATE feed SET gone = 0, not_before = NULL", []).unwrap();
    drop(db);
    place.run(&["poll"]);
    let run = place.run(&["feeds", "discover", "--broken", "--apply"]);
    assert_eq!(run.status.code(), Some(0), "{}{}", out(&run), err(&run));
    assert!(out(&run).contains("the only feed that the site names"), "{}", out(&run));
    assert_eq!(config(&place), old.replace(&server.url("/feed"), &server.url("/a")));
}

#[test]
fn a_feed_of_the_catalogue_gets_an_address_of_its_own() {
    let server = Server::start();
    let text = format!(
        "[store]\npath = \"g.db\"\n[fetch]\nallow_private = [\"127.0.0.1\"]\nper_host_gap = \"1ms\"\n[[feed]]\ncatalogue = \"cncf-blog\" # ours\nurl = \"{}\"\n",
        server.url("/feed")
    );
    let place = place(&server);
    std::fs::write(place.config(), &text).unwrap();
    server.set("/", Answer::ok(page(&[("/a", "A")])));
    server.set("/a", Answer::ok(rss(&[JOINS])));
    place.run(&["poll"]);
    let run = place.run(&["feeds", "discover", "--broken", "--apply"]);
    assert_eq!(run.status.code(), Some(0), "{}{}", out(&run), err(&run));
    assert_eq!(config(&place), text.replace("/feed\"", "/a\""));
}

#[test]
fn a_feed_that_moved_for_good_is_offered_its_new_address() {
    let server = Server::start();
    server.set("/feed", Answer::status(301).header("location", "/new"));
    server.set("/new", Answer::ok(rss(&[JOINS])));
    let place = place(&server);
    place.run(&["poll"]);
    // What many polls over many days come to (P13).
    let db = rusqlite::Connection::open(place.folder.path().join("g.db")).unwrap();
    db.execute("UPDATE feed SET address = ?1", [server.url("/new")]).unwrap();
    drop(db);
    let asked = server.requests("/feed").len();
    let shown = out(&place.run(&["feeds", "test", "lattice"]));
    assert!(shown.contains("moved there for good"), "{shown}");
    assert_eq!(server.requests("/feed").len(), asked, "it is asked where the daemon asks");
    let old = config(&place);
    let run = place.run(&["feeds", "discover", "--broken", "--apply"]);
    assert_eq!(run.status.code(), Some(0), "{}{}", out(&run), err(&run));
    assert!(
        out(&run).contains("by its own redirects; 1 of its 1 entries are known"),
        "{}",
        out(&run)
    );
    assert_eq!(config(&place), old.replace("/feed\"", "/new\""));
}
