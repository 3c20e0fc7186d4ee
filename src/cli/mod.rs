//! The command line: one file per subcommand, arguments in, exit code out. Data goes to standard
//! output, messages to standard error.

mod check;
mod db;
mod detect;
mod digest;
mod eval;
mod export;
mod facts;
mod feeds;
mod history;
mod once;
mod outbox;
mod output;
mod politeness;
mod poll;
mod replay;
mod roster;
mod run;
mod search;
mod status;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::edit::EditError;
use crate::config::{self, Config, ConfigError, Environment};
use crate::daemon::{Clock, Cycle, CycleError};
use crate::detect::UserLexicon;
use crate::store::{Store, StoreError, StoreTrouble};

const EXIT_CODES: &str = "Exit codes:
  0   done
  1   failed
  2   the command line is wrong
  3   done in part: a feed failed
  4   nothing was found (feeds discover)
  69  mail could not be handed over; it stays in the outbox
  74  a file could not be read or written: a full, read-only or broken disk
  75  the database is in use by another gazetted or program
  78  the configuration is wrong";

/// Reads the feeds of foundations and vendors, detects memberships and appointments, mails digests.
#[derive(Parser)]
#[command(name = "gazetted", version, about, after_help = EXIT_CODES, disable_help_subcommand = true)]
struct Arguments {
    /// The configuration [default: /etc/gazetted/gazetted.toml, then ~/.config/gazetted/gazetted.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only errors on standard error
    #[arg(long, short, global = true)]
    quiet: bool,
    /// More on standard error; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run as a daemon: poll, compose and mail by schedule until SIGTERM; SIGHUP reloads
    Run,
    /// One whole cycle now: poll every enabled feed, compose every digest, deliver, print
    Once,
    /// Poll feeds now and store what they announce
    Poll(poll::Arguments),
    /// Show a digest as it would be sent now; nothing is stored or sent
    Digest(digest::Arguments),
    /// List the facts of the ledger
    Facts(facts::Arguments),
    /// Read the stored texts again with today's detection and propose what differs
    Replay(replay::Arguments),
    /// Show who is where in a body on a day, since when, and who says so
    Roster(roster::Arguments),
    /// Show what was announced of a person, an organisation or a body, over time
    History(history::Arguments),
    /// Look for words in facts and articles
    Search(search::Arguments),
    /// Write out who was where and when, for other programs
    Export(export::Arguments),
    /// Back up, check, restore or prune the database
    Db(db::Arguments),
    /// Detect facts in documents: JSON lines, an HTML file or a feed file
    Detect(detect::Arguments),
    /// Measure detection on a labelled corpus
    Eval(eval::Arguments),
    /// Check the configuration and show when things would run; touches no network
    Check,
    /// List the feeds and their state; find, add, try, import and export feeds
    Feeds(feeds::Arguments),
    /// Look at the messages on their way; retry them, give them up, mail a recipient again
    Outbox(outbox::Arguments),
    /// Show how feeds, digests and mail stand, and what needs a look
    Status(status::Arguments),
}

/// Why a command ends with another code than 0.
#[derive(Debug)]
enum Failure {
    /// 1
    Failed(String),
    /// 3
    Partial(String),
    /// 4
    Nothing(String),
    /// 69
    Mail(String),
    /// 74
    Io(String),
    /// 75
    Locked(String),
    /// 78
    Config(String),
    /// Standard output was closed: what was asked for was given as far as it was wanted.
    Closed,
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Failure::Closed => 0,
            Failure::Failed(_) => 1,
            Failure::Partial(_) => 3,
            Failure::Nothing(_) => 4,
            Failure::Mail(_) => 69,
            Failure::Io(_) => 74,
            Failure::Locked(_) => 75,
            Failure::Config(_) => 78,
        }
    }

    fn message(&self) -> &str {
        match self {
            Failure::Failed(m)
            | Failure::Partial(m)
            | Failure::Nothing(m)
            | Failure::Mail(m)
            | Failure::Io(m)
            | Failure::Locked(m)
            | Failure::Config(m) => m,
            Failure::Closed => "",
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        match error {
            StoreError::Locked { .. } => Failure::Locked(error.to_string()),
            StoreError::Open { .. }
            | StoreError::Damaged { .. }
            | StoreError::Backup { .. }
            | StoreError::Restore { .. } => Failure::Io(error.to_string()),
            _ => match error.trouble() {
                StoreTrouble::Full | StoreTrouble::ReadOnly | StoreTrouble::Disk => {
                    Failure::Io(error.to_string())
                }
                StoreTrouble::Busy => Failure::Locked(error.to_string()),
                StoreTrouble::Other => Failure::Failed(error.to_string()),
            },
        }
    }
}

impl From<CycleError> for Failure {
    fn from(error: CycleError) -> Failure {
        match error {
            CycleError::Store(error) => error.into(),
            CycleError::Fetch(_) | CycleError::Mail(_) => Failure::Config(error.to_string()),
            CycleError::Task(_) => Failure::Failed(error.to_string()),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::Config(error.to_string())
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Failure {
        match error {
            EditError::Shape(_) | EditError::Check(_) => Failure::Config(error.to_string()),
            EditError::Changed(_) => Failure::Failed(error.to_string()),
            EditError::Io { .. } => Failure::Io(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Io(error.to_string()),
        }
    }
}

/// What the subcommands share.
struct Shell {
    environment: Environment,
    credentials_directory: Option<PathBuf>,
    config: Option<PathBuf>,
    quiet: bool,
}

impl Shell {
    /// The configuration that was named, or the first that is there.
    fn config_path(&self) -> Option<PathBuf> {
        let found = || self.environment.default_paths().into_iter().find(|p| p.exists());
        self.config.clone().or_else(found)
    }

    /// The configuration's path.
    fn needed_config_path(&self) -> Result<PathBuf, Failure> {
        self.config_path().ok_or_else(|| {
            let paths = self.environment.default_paths();
            let shown =
                paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" nor ");
            Failure::Config(format!("there is no configuration: neither {shown} exists; name one with --config FILE, or copy config/gazetted.example.toml there"))
        })
    }

    /// The configuration.
    fn config(&self) -> Result<Config, Failure> {
        let path = self.needed_config_path()?;
        let config = config::load(&path, &self.environment)?;
        for warning in &config.warnings {
            self.say(&format!("note: {warning}"));
        }
        Ok(config)
    }

    /// The user's own words: those of the configuration, where there is one, and of more files.
    fn words(&self, more: &[PathBuf]) -> Result<Vec<UserLexicon>, Failure> {
        let mut files = match self.config_path() {
            Some(path) => config::load(&path, &self.environment)?.lexicons,
            None => Vec::new(),
        };
        files.extend(config::read_lexicons(more)?);
        Ok(files.into_iter().map(|file| file.words).collect())
    }

    fn cycle(&self) -> Result<Cycle, Failure> {
        Ok(Cycle::new(self.config()?, Clock::System, self.credentials_directory.as_deref())?)
    }

    /// The store for reading, beside a daemon that may be running.
    fn reader(&self) -> Result<Store, Failure> {
        Ok(Store::open_read_only(&self.config()?.store_path)?)
    }

    /// The store for a short write, beside a daemon that may be running.
    fn corrector(&self) -> Result<Store, Failure> {
        Ok(Store::open_beside(&self.config()?.store_path)?)
    }

    /// A message for people.
    fn say(&self, message: &str) {
        if !self.quiet {
            eprintln!("{message}");
        }
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    output::start_logging(
        arguments.quiet,
        arguments.verbose,
        matches!(arguments.command, Command::Run),
    );
    let shell = shell(&arguments);
    let result = match arguments.command {
        Command::Run => run::run(&shell),
        Command::Once => once::run(&shell),
        Command::Poll(arguments) => poll::run(&shell, &arguments),
        Command::Digest(arguments) => digest::run(&shell, &arguments),
        Command::Facts(arguments) => facts::run(&shell, arguments),
        Command::Replay(arguments) => replay::run(&shell, &arguments),
        Command::Roster(arguments) => roster::run(&shell, &arguments),
        Command::History(arguments) => history::run(&shell, &arguments),
        Command::Search(arguments) => search::run(&shell, &arguments),
        Command::Export(arguments) => export::run(&shell, &arguments),
        Command::Db(arguments) => db::run(&shell, &arguments),
        Command::Detect(arguments) => detect::run(&shell, &arguments),
        Command::Eval(arguments) => eval::run(&shell, &arguments),
        Command::Check => check::run(&shell),
        Command::Feeds(arguments) => feeds::run(&shell, &arguments),
        Command::Outbox(arguments) => outbox::run(&shell, &arguments),
        Command::Status(arguments) => status::run(&shell, &arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message().is_empty() {
                eprintln!("gazetted: {}", failure.message());
            }
            ExitCode::from(failure.code())
        }
    }
}

#[allow(clippy::disallowed_methods)]
fn shell(arguments: &Arguments) -> Shell {
    let folder = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    Shell {
        environment: Environment {
            home: folder("HOME"),
            xdg_config_home: folder("XDG_CONFIG_HOME"),
            xdg_state_home: folder("XDG_STATE_HOME"),
            state_directory: folder("STATE_DIRECTORY"),
        },
        credentials_directory: folder("CREDENTIALS_DIRECTORY"),
        config: arguments.config.clone(),
        quiet: arguments.quiet,
    }
}

/// A runtime for a command that waits for the network. One thread waits for all of it and unpacks what
/// comes, a thousand feeds a second; parsing, reading and writing have threads of their own. Several
/// that wait would spend more on waking each other than on what came.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(work)
}

/// The same for the daemon, whose loop has a thread of its own: when systemd is slow to hear it, or a new
/// configuration is read, messages that are on their way go on.
fn block_on_beside<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(work)
}
