//! `gazetted db`: backups, checks, and what is old.

use std::path::{Path, PathBuf};

use super::output::{print, table};
use super::{Failure, Shell};
use crate::config::parse_span;
use crate::daemon::Clock;
use crate::store::{
    self, Check, Cutoffs, Pruned, Store, StoreError, back_up, check, daily_backups, named,
};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Copy the database into a file, beside a daemon that may be running
    Backup {
        /// The file, which must not exist [default: beside the database, named by the date]
        file: Option<PathBuf>,
    },
    /// Look through every page and reference of the database or a backup; exit code 1 if it is not sound
    Check {
        /// A backup to look through instead of the database
        file: Option<PathBuf>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Put a backup in the place of the database, which is kept under another name
    Restore {
        /// The backup
        file: PathBuf,
    },
    /// Take away the stored text of old entries that prove no fact, and the bytes of old mail
    Prune {
        /// Older than this, such as "400d" [default: keep_articles and keep_mail of the configuration]
        #[arg(long, value_name = "SPAN")]
        older_than: Option<String>,
        /// Only say what would go
        #[arg(long)]
        dry_run: bool,
    },
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let config = shell.config()?;
    let database = config.store_path.as_path();
    match &arguments.command {
        Command::Backup { file } => backup(shell, database, file.as_deref()),
        Command::Check { file, json } => look(database, file.as_deref(), *json),
        Command::Restore { file } => restore(shell, database, file),
        Command::Prune { older_than, dry_run } => {
            let (articles, mail) = match older_than {
                None => (config.retention.articles, config.retention.mail),
                Some(text) => {
                    let span = parse_span(text).ok_or_else(|| {
                        Failure::Failed(format!(
                            "`{text}` is no span of time; write it as \"400d\""
                        ))
                    })?;
                    (Some(span), Some(span))
                }
            };
            let cutoffs = Cutoffs::of(articles, mail, Clock::System.now());
            prune(shell, database, &cutoffs, *dry_run)
        }
    }
}

fn backup(shell: &Shell, database: &Path, file: Option<&Path>) -> Result<(), Failure> {
    if !database.exists() {
        return Err(missing(database));
    }
    let now = Clock::System.now();
    let to = file.map_or_else(
        || {
            let first = named(database, &now.format("backup-%Y-%m-%d").to_string());
            if first.exists() {
                named(database, &now.format("backup-%Y-%m-%dT%H%M%SZ").to_string())
            } else {
                first
            }
        },
        Path::to_owned,
    );
    let found = back_up(database, &to)?;
    shell.say(&format!("{} written and looked through: {}", to.display(), counts(&found)));
    Ok(print(&format!("{}\n", to.display()))?)
}

fn missing(database: &Path) -> Failure {
    Failure::Io(format!(
        "there is no database {}; has `gazetted once` or `gazetted run` been started yet?",
        database.display()
    ))
}

fn counts(found: &Check) -> String {
    let rows = |name: &str| found.counts.iter().find(|(n, _)| *n == name).map_or(0, |(_, n)| *n);
    format!(
        "schema {}, {} feeds, {} entries, {} facts, {}",
        found.schema,
        rows("feed"),
        rows("entry"),
        rows("fact"),
        size(found.bytes)
    )
}

fn look(database: &Path, file: Option<&Path>, json: bool) -> Result<(), Failure> {
    let path = file.unwrap_or(database);
    if file.is_none() && !database.exists() {
        return Err(missing(database));
    }
    let found = check(path)?;
    if json {
        let rows: serde_json::Map<String, serde_json::Value> =
            found.counts.iter().map(|(name, n)| ((*name).to_owned(), (*n).into())).collect();
        let all = serde_json::json!({
            "path": path, "sound": found.problems.is_empty(), "schema": found.schema, "schema_known": found.schema_known,
            "bytes": found.bytes, "rows": rows, "problems": found.problems,
        });
        print(&format!("{all}\n"))?;
    } else {
        let mut rows = vec![vec!["TABLE".to_owned(), "ROWS".to_owned()]];
        rows.extend(found.counts.iter().map(|(name, n)| vec![(*name).to_owned(), n.to_string()]));
        let schema = match found.schema.cmp(&found.schema_known) {
            std::cmp::Ordering::Less if found.schema > 0 => {
                ", which the next start brings up to date"
            }
            _ => "",
        };
        let mut text =
            format!("{}: {}, schema {}{schema}\n", path.display(), size(found.bytes), found.schema);
        if !found.counts.is_empty() {
            text.push_str(&table(&rows));
        }
        found.problems.iter().for_each(|problem| text.push_str(&format!("! {problem}\n")));
        text.push_str(if found.problems.is_empty() { "sound\n" } else { "not sound\n" });
        print(&text)?;
    }
    if found.problems.is_empty() {
        return Ok(());
    }
    let newest = daily_backups(database).pop().map_or_else(
        || "there is no daily backup beside it".to_owned(),
        |path| format!("the newest daily backup is {}", path.display()),
    );
    let newer = found.schema > found.schema_known;
    let remedy = if newer { "install the version that made it, or go" } else { "go" };
    Err(Failure::Failed(format!(
        "{} is not sound; {remedy} back to a backup with `gazetted db restore FILE` ({newest})",
        path.display()
    )))
}

fn restore(shell: &Shell, database: &Path, file: &Path) -> Result<(), Failure> {
    let stamp = Clock::System.now().format("%Y-%m-%dT%H%M%SZ").to_string();
    let kept = store::restore(database, file, &stamp)?;
    shell.say(&format!(
        "{} holds {} now: {}",
        database.display(),
        file.display(),
        counts(&check(database)?)
    ));
    if let Some(kept) = kept {
        shell.say(&format!("the database before it is {}", kept.display()));
    }
    shell.say("what was found and mailed after that backup is found and mailed again");
    Ok(())
}

fn prune(shell: &Shell, database: &Path, before: &Cutoffs, dry_run: bool) -> Result<(), Failure> {
    if !database.exists() {
        return Err(missing(database));
    }
    if dry_run {
        let found = Store::open_read_only(database)?.prunable(before)?;
        shell.say(&format!("would take away {}", told(&found)));
        return Ok(());
    }
    let mut store = Store::open(database).map_err(|error| match error {
        StoreError::Locked { .. } => {
            Failure::Locked(format!("{error}; a daemon does this by itself once a day"))
        }
        error => error.into(),
    })?;
    let mut all = Pruned::default();
    loop {
        let step = store.prune(before)?;
        if step == Pruned::default() {
            break;
        }
        all += step;
    }
    if !store.make_shrinkable()? {
        while store.shrink()? {}
    }
    shell.say(&format!("took away {}", told(&all)));
    Ok(())
}

fn told(pruned: &Pruned) -> String {
    format!(
        "the text of {} entries that prove no fact, the bytes of {} sent messages, {} entries that left their feed, {} records of requests: {}",
        pruned.articles,
        pruned.messages,
        pruned.entries,
        pruned.requests,
        size(pruned.bytes)
    )
}

/// A size for people.
fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    match bytes {
        0..KIB => format!("{bytes} B"),
        _ if bytes < KIB * KIB => format!("{} KiB", bytes / KIB),
        _ => format!("{}.{} MiB", bytes / KIB / KIB, bytes / KIB % KIB * 10 / KIB),
    }
}
