//! The integration tests: the real binary, a real HTTP server, a real SMTP server, real SQLite.

#![allow(clippy::disallowed_methods, reason = "tests read the clock and the environment")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cli;
mod corpus;
mod crash;
mod daemon;
mod db;
mod digests;
mod discovery;
mod e2e;
mod eval;
mod fetch;
mod health;
mod http;
mod layers;
mod lexicons;
mod mail;
mod outage;
mod pages;
mod politeness;
mod replay;
mod roster;
mod safety;
mod search;
mod setup;
mod smtp;
mod store;
mod systemd;
mod voices;
