//! gazetted reads the feeds of foundations and vendors, detects who joined what and who was
//! appointed to what, keeps each fact in SQLite with the sentence that proves it, and mails
//! digests of what changed.
//!
//! The modules stand in reading order: the pure core first, the shell that touches the world
//! after it. `docs/ARCHITECTURE.md` tells the whole story; `tests/it/layers.rs` holds the rules
//! of dependency.

// Pure: functions of their arguments.
pub mod model;
pub mod schedule;
pub mod typed;
pub mod text;
pub mod feed;
pub mod opml;
pub mod detect;
pub mod ledger;
pub mod digest;
pub mod outbox;
pub mod poll;
pub mod health;
pub mod politeness;
pub mod eval;
pub mod roster;

// The shell: what touches the world.
pub mod crash;
pub mod config;
pub mod fetch;
pub mod store;
pub mod mail;
pub mod daemon;
pub mod cli;
