//! The configuration: TOML as somebody typed it, to checked settings.
//!
//! Every problem is reported at once, each with file, line, column, the line itself, a caret and
//! what to do. Nothing here touches the network; the environment is an argument.

pub mod catalogue;
mod check;
mod diagnostic;
pub mod edit;
mod lexicons;

use std::ops::Range;
use std::path::{Path, PathBuf};

pub use diagnostic::ConfigError;
pub use lexicons::{LexiconFile, read_lexicons};

use crate::model::{Backfill, Feed, FetchSettings, MailSettings, Retention, Subscription};
use crate::schedule::{CronSpec, Timing, Tz};
use crate::typed::Problem;

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from.
    pub path: PathBuf,
    /// Where the database stands.
    pub store_path: PathBuf,
    /// What the daemon keeps, and for how long.
    pub retention: Retention,
    /// What the first poll of a feed reports.
    pub backfill: Backfill,
    /// How to fetch.
    pub fetch: FetchSettings,
    /// The user's own words, in the order of the file.
    pub lexicons: Vec<LexiconFile>,
    /// How to mail.
    pub mail: MailSettings,
    /// The feeds, in the order of the file.
    pub feeds: Vec<FeedConfig>,
    /// The digests, in the order of the file.
    pub digests: Vec<DigestConfig>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<String>,
}

/// A configured feed.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedConfig {
    /// The feed.
    pub feed: Feed,
    /// When it is polled.
    pub timing: Timing,
    /// Whether it is polled at all.
    pub enabled: bool,
}

/// A configured digest.
#[derive(Clone, Debug, PartialEq)]
pub struct DigestConfig {
    /// Who gets what.
    pub subscription: Subscription,
    /// When it is composed.
    pub schedule: CronSpec,
    /// In which zone's clock, and for the dates it shows.
    pub timezone: Tz,
}

/// The part of the process environment that configuration depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `$HOME`.
    pub home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<PathBuf>,
    /// `$XDG_STATE_HOME`.
    pub xdg_state_home: Option<PathBuf>,
    /// `$STATE_DIRECTORY`, as systemd sets it.
    pub state_directory: Option<PathBuf>,
}

impl Environment {
    /// Where a configuration is looked for when none is named, in this order.
    pub fn default_paths(&self) -> Vec<PathBuf> {
        let xdg =
            self.xdg_config_home.clone().or_else(|| self.home.as_ref().map(|h| h.join(".config")));
        let mut paths = vec![PathBuf::from("/etc/gazetted/gazetted.toml")];
        paths.extend(xdg.map(|dir| dir.join("gazetted/gazetted.toml")));
        paths
    }

    /// Where the database stands when the configuration does not say.
    fn default_store(&self) -> Option<PathBuf> {
        let xdg = self
            .xdg_state_home
            .clone()
            .or_else(|| self.home.as_ref().map(|h| h.join(".local/state")));
        let folder =
            self.state_directory.clone().or_else(|| xdg.map(|dir| dir.join("gazetted")))?;
        Some(folder.join("gazetted.db"))
    }
}

/// Reads and checks a file, and the lexicons that it names.
///
/// # Errors
/// All problems of all files at once; or that the file cannot be read.
pub fn load(path: &Path, environment: &Environment) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        let help = "name another with --config FILE, or copy config/gazetted.example.toml there";
        ConfigError::unreadable(path, &e, help)
    })?;
    check_text(&text, path, environment)
}

/// Checks a text as the configuration that stands, or may come to stand, in `path`, and reads the
/// lexicons that it names.
///
/// # Errors
/// All problems of all files at once.
pub fn check_text(
    text: &str,
    path: &Path,
    environment: &Environment,
) -> Result<Config, ConfigError> {
    let checked = check::check(text, path, environment);
    let read = lexicons::read_named(&checked.lexicons);
    let more = read.unreadable.into_iter().chain(open_secrets(&checked.passwords, path)).collect();
    match checked.into_config(path, text, more) {
        Ok(config) if read.errors.is_empty() => Ok(Config { lexicons: read.files, ..config }),
        outcome => Err(ConfigError::all(outcome.err().into_iter().chain(read.errors))
            .expect("one of the two has a problem")),
    }
}

/// How feeds are fetched where no configuration says otherwise.
pub fn default_fetch_settings() -> FetchSettings {
    check::default_fetch()
}

/// Passwords in addresses of a file that everybody on the machine can read.
fn open_secrets(passwords: &[Range<usize>], path: &Path) -> Vec<Problem> {
    use std::os::unix::fs::PermissionsExt;
    if passwords.is_empty() {
        return Vec::new();
    }
    let mode = std::fs::metadata(path).map_or(0, |m| m.permissions().mode());
    if mode & 0o004 == 0 {
        return Vec::new();
    }
    passwords
        .iter()
        .map(|span| Problem {
            span: span.clone(),
            message: format!(
                "this address holds a password, and everybody on this machine can read the file \
                 (its mode is {:04o})",
                mode & 0o7777
            ),
            help: format!(
                "chmod 0640 {}, with the group that gazetted runs as, or 0600 with its user",
                path.display()
            ),
        })
        .collect()
}

/// A span of time as the configuration writes it: "30s", "12h", "400d".
pub fn parse_span(text: &str) -> Option<std::time::Duration> {
    check::duration(text)
}

/// Checks the text of a configuration. Relative paths in it are taken from the folder of `path`.
/// The lexicons that it names are not read; [`load`] does that.
///
/// # Errors
/// All problems of the text at once.
pub fn parse(text: &str, path: &Path, environment: &Environment) -> Result<Config, ConfigError> {
    check::check(text, path, environment).into_config(path, text, Vec::new())
}
