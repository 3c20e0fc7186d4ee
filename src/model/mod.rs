//! The vocabulary: plain values that every other module speaks. Imports nothing of ours and
//! does nothing; each type's constructor is the only way in where a rule holds for it.

mod digest;
mod document;
mod fact;
mod feed;
mod health;
mod ledger;
mod line;
mod mail;
mod name;
mod poll;
mod settings;

pub use digest::{
    Digest, DigestItem, DigestSection, Late, Occasion, Period, SourceLink, Subscription,
};
pub use document::{Article, TextSource};
pub use fact::{
    Appointment, AppointmentAction, Detail, Evidence, Fact, Hosting, HostingAction, Kind,
    Membership, MembershipAction, Polarity,
};
pub use feed::{Entry, EntryKey, Feed, FeedKind, FeedName, FullTextPolicy, Outcome, Validators};
pub use health::{FeedHealth, Trouble, TroubleKind};
pub use ledger::{Alias, Change, ChangeKind, FactId, FactKey, Head, KnownFact, SameText, Sighting};
pub use line::one_line;
pub use mail::{Attempt, Delivery, Notice, OutboxItem, OutboxState};
pub use name::{fold, fold_name, spread};
pub use poll::{
    FeedState, FeedStates, Hop, Moving, PageRetry, PlannedEntry, PollPlan, Rekeyed, Reply,
    RequestRecord, Stranger,
};
pub use settings::{
    Backfill, DkimSettings, FetchSettings, MailSettings, PasswordSource, Retention, SmtpSecurity,
    Transport, Unsubscribe,
};
