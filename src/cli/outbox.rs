//! `gazetted outbox`: the messages on their way, and what an administrator can do about them.
//!
//! What changes something is one short transaction: it works beside a daemon, which takes notice
//! within half a minute.

use super::output::{minute, print, table};
use super::{Failure, Shell};
use crate::daemon::Clock;
use crate::model::OutboxState;
use crate::store::{OutboxEntry, Retry};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the messages that were not sent, and the recipients that are suspended
    List {
        /// The sent ones too
        #[arg(long)]
        all: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show a message as it is, or would be, sent
    Show {
        /// Its number in the list
        id: i64,
    },
    /// Try messages again now: these, or all that wait
    Retry {
        /// Their numbers in the list
        #[arg(conflicts_with = "all")]
        ids: Vec<i64>,
        /// All that wait and all that failed
        #[arg(long)]
        all: bool,
    },
    /// Give a message up: its recipient never gets it
    Drop {
        /// Its number in the list
        id: i64,
        /// Really
        #[arg(long)]
        yes: bool,
    },
    /// Mail a recipient again that was suspended after refusals
    Resume {
        /// The address
        address: String,
    },
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::List { all, json } => list(shell, *all, *json),
        Command::Show { id } => show(shell, *id),
        Command::Retry { ids, all } => retry(shell, ids, *all),
        Command::Drop { id, yes } => drop_message(shell, *id, *yes),
        Command::Resume { address } => resume(shell, address),
    }
}

fn list(shell: &Shell, all: bool, json: bool) -> Result<(), Failure> {
    let store = shell.reader()?;
    let (entries, suspended) = (store.outbox_list(all)?, store.suspensions()?);
    if json {
        let object = |e: &OutboxEntry| {
            let suspended = suspended.iter().any(|s| s.address.eq_ignore_ascii_case(&e.recipient));
            let line = serde_json::json!({
                "id": e.id, "state": e.state.as_str(), "recipient": e.recipient, "suspended": suspended, "digest": e.subscription, "label": e.label,
                "subject": e.subject, "message_id": e.message_id, "attempts": e.attempts, "created": e.created, "next_attempt": e.next_attempt, "ended": e.ended, "note": e.note,
            });
            format!("{line}\n")
        };
        return Ok(print(&entries.iter().map(object).collect::<String>())?);
    }
    let mut text = String::new();
    if entries.is_empty() {
        shell.say(if all { "the outbox is empty" } else { "everything was sent" });
    } else {
        let head = ["ID", "STATE", "RECIPIENT", "DIGEST", "COMPOSED", "TRIES", "NEXT", "WHY"];
        let rows: Vec<Vec<String>> = std::iter::once(head.map(str::to_owned).to_vec())
            .chain(entries.iter().map(row))
            .collect();
        text.push_str(&table(&rows));
    }
    for s in &suspended {
        let (to, since) = (&s.address, minute(s.since));
        text.push_str(&format!("! {to} is suspended since {since} ({}): `gazetted outbox resume {to}` mails it again\n", s.reason));
    }
    Ok(print(&text)?)
}

fn row(entry: &OutboxEntry) -> Vec<String> {
    vec![
        entry.id.to_string(),
        entry.state.as_str().to_owned(),
        entry.recipient.clone(),
        format!("{}, {}", entry.subscription, entry.label),
        minute(entry.created),
        entry.attempts.to_string(),
        entry.next_attempt.map_or_else(|| "-".to_owned(), minute),
        entry.note.clone(),
    ]
}

fn show(shell: &Shell, id: i64) -> Result<(), Failure> {
    let Some((entry, bytes)) = shell.reader()?.outbox_message(id)? else {
        return Err(unknown(id));
    };
    let when = match (entry.next_attempt, entry.ended) {
        (Some(next), _) => format!("next attempt {}", minute(next)),
        (None, Some(ended)) => minute(ended),
        (None, None) => String::new(),
    };
    let parts = [entry.state.as_str(), &when, &entry.note];
    let known = parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join(", ");
    shell.say(&format!("message {id} to {}: {known}", entry.recipient));
    Ok(print(&String::from_utf8_lossy(&bytes))?)
}

fn retry(shell: &Shell, ids: &[i64], all: bool) -> Result<(), Failure> {
    let mut store = shell.corrector()?;
    let now = Clock::System.now();
    let chosen = if ids.is_empty() { store.outbox_unsent(all)? } else { ids.to_vec() };
    let (mut due, mut not) = (0, Vec::new());
    for id in chosen {
        match store.outbox_retry(id, now)? {
            Retry::Due => due += 1,
            Retry::Unknown => not.push(format!("there is no message {id}")),
            Retry::Sent => not.push(format!("message {id} was sent already")),
            Retry::Suspended(to) => not.push(format!(
                "message {id} is for {to}, who is suspended: `gazetted outbox resume {to}` first"
            )),
        }
    }
    shell.say(&format!(
        "{due} messages are due now: the running daemon sends them within half a minute, else the next `gazetted once`"
    ));
    if not.is_empty() { Ok(()) } else { Err(Failure::Failed(not.join("; "))) }
}

fn drop_message(shell: &Shell, id: i64, yes: bool) -> Result<(), Failure> {
    let mut store = shell.corrector()?;
    let Some((entry, _)) = store.outbox_message(id)? else { return Err(unknown(id)) };
    let to = &entry.recipient;
    if entry.state == OutboxState::Sent {
        return Err(Failure::Failed(format!("message {id} to {to} was sent already")));
    }
    if !yes {
        return Err(Failure::Failed(format!(
            "message {id} to {to} ({}) would never arrive; say so with --yes",
            entry.subject
        )));
    }
    if !store.outbox_drop(id, Clock::System.now())? {
        return Err(Failure::Failed(format!("message {id} to {to} was sent meanwhile")));
    }
    shell.say(&format!(
        "message {id} to {to} is given up; `gazetted outbox retry {id}` would take it up again"
    ));
    Ok(())
}

fn resume(shell: &Shell, address: &str) -> Result<(), Failure> {
    let Some(withheld) = shell.corrector()?.resume_recipient(address)? else {
        return Err(Failure::Failed(format!(
            "{address} is not suspended; `gazetted outbox list` shows who is"
        )));
    };
    shell.say(&format!("{address} is mailed again, from the next digest on"));
    if !withheld.is_empty() {
        let ids = withheld.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
        shell.say(&format!(
            "{} messages were refused or withheld; `gazetted outbox retry {ids}` sends them",
            withheld.len()
        ));
    }
    Ok(())
}

fn unknown(id: i64) -> Failure {
    Failure::Failed(format!("there is no message {id}; see `gazetted outbox list --all`"))
}
