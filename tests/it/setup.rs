//! Folders, configurations and feeds that the tests share.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder with a configuration; gone when the test ends.
pub struct Place {
    pub folder: TempDir,
}

impl Place {
    /// A configuration for one feed and one digest; `more` is put at its end.
    pub fn new(feed_url: &str, more: &str) -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        let text = format!(
            "[store]\npath = \"g.db\"\n[defaults]\nbackfill = \"all\"\n[fetch]\nallow_private = [\"127.0.0.1\"]\nper_host_gap = \"1ms\"\n\
             [mail]\nfrom = \"gazetted <gazetted@example.org>\"\ntransport = \"file\"\nfile = {{ path = \"outbox/\" }}\n\
             [[feed]]\nname = \"lattice\"\nurl = \"{feed_url}\"\npublisher = \"Open Lattice Foundation\"\n\
             [[digest]]\nname = \"Boards\"\nto = [\"reader@example.org\"]\nschedule = \"0 7 * * *\"\n{more}"
        );
        place.write(&text);
        place
    }

    /// A configuration of its own text, with a store and mail beside it.
    pub fn with(text: &str) -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        let head = "[store]\npath = \"g.db\"\n[mail]\nfrom = \"gazetted@example.org\"\ntransport = \"file\"\nfile = { path = \"outbox/\" }\n";
        place.write(&format!("{head}{text}"));
        place
    }

    /// Writes the configuration for its owner alone, as one with a password has to be.
    fn write(&self, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(self.config(), text).unwrap();
        std::fs::set_permissions(self.config(), PermissionsExt::from_mode(0o600)).unwrap();
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("gazetted.toml")
    }

    /// The messages in the outbox folder.
    pub fn messages(&self) -> Vec<Vec<u8>> {
        let Ok(found) = std::fs::read_dir(self.folder.path().join("outbox")) else {
            return Vec::new();
        };
        let mut paths: Vec<_> = found
            .map(|e| e.unwrap().path())
            .filter(|p| p.extension().is_some_and(|e| e == "eml"))
            .collect();
        paths.sort();
        paths.iter().map(|p| std::fs::read(p).unwrap()).collect()
    }

    /// Runs the program with this configuration.
    pub fn run(&self, arguments: &[&str]) -> Output {
        gazetted(&self.config(), arguments)
    }
}

/// Runs the program.
pub fn gazetted(config: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gazetted"))
        .arg("--config")
        .arg(config)
        .args(arguments)
        .output()
        .unwrap()
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// An RSS feed of (guid, title, paragraph).
pub fn rss(entries: &[(&str, &str, &str)]) -> String {
    let items: String = entries
        .iter()
        .map(|(guid, title, text)| format!("<item><title>{title}</title><guid isPermaLink=\"false\">{guid}</guid><link>https://lattice.example/{guid}</link><content:encoded><![CDATA[<p>{text}</p>]]></content:encoded></item>"))
        .collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>T</title><link>https://lattice.example/</link><description>d</description>{items}</channel></rss>"
    )
}

pub const JOINS: (&str, &str, &str) = (
    "joins",
    "News",
    "Meridian Cloud has joined the Open Lattice Foundation as a Platinum member.",
);
pub const CHAIR: (&str, &str, &str) = (
    "chair",
    "A new chair",
    "The board has elected Ana Castellan as Chair of the Open Lattice Foundation.",
);
