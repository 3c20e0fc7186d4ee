//! The fact: what a document announces, with the passage that proves it.

use serde::{Deserialize, Serialize};

/// The three kinds of fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An organisation enters, leaves or changes tier in a body.
    Membership,
    /// A person takes up or gives up a role.
    Appointment,
    /// A project enters a foundation's care, or changes level in it.
    Hosting,
}

impl Kind {
    /// The word used in configuration, JSON and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Membership => "membership",
            Kind::Appointment => "appointment",
            Kind::Hosting => "hosting",
        }
    }
}

/// What an organisation did with its membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MembershipAction {
    /// Became a member.
    Joined,
    /// Continues for another term.
    Renewed,
    /// Moved to a higher tier.
    Upgraded,
    /// Moved to a lower tier.
    Downgraded,
    /// Is a member no more.
    Left,
}

impl MembershipAction {
    /// The word used in JSON and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            MembershipAction::Joined => "joined",
            MembershipAction::Renewed => "renewed",
            MembershipAction::Upgraded => "upgraded",
            MembershipAction::Downgraded => "downgraded",
            MembershipAction::Left => "left",
        }
    }
}

/// What a person did with a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AppointmentAction {
    /// Named, hired, promoted, joins as.
    Appointed,
    /// Won an election, or was voted in by a board.
    Elected,
    /// Re-elected, reappointed, term extended.
    Reelected,
    /// Steps down, resigns, retires, term ends, dies in office.
    Departed,
}

impl AppointmentAction {
    /// The word used in JSON and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            AppointmentAction::Appointed => "appointed",
            AppointmentAction::Elected => "elected",
            AppointmentAction::Reelected => "reelected",
            AppointmentAction::Departed => "departed",
        }
    }
}

/// What happened to a project in a foundation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HostingAction {
    /// Entered the foundation's care.
    Joined,
    /// Reached a higher level (incubating, graduated).
    Advanced,
    /// Archived or moved out.
    Left,
}

impl HostingAction {
    /// The word used in JSON and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            HostingAction::Joined => "joined",
            HostingAction::Advanced => "advanced",
            HostingAction::Left => "left",
        }
    }
}

/// Whether a fact brings its subject in or takes it out: a departure and an arrival of one
/// person in one role are two facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Polarity {
    /// Joins, is appointed, continues.
    In,
    /// Leaves, departs.
    Out,
}

/// The slots of a membership.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Membership {
    /// What happened.
    pub action: MembershipAction,
    /// The level as written, without "member" or "sponsor".
    pub tier: Option<String>,
}

/// The slots of an appointment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Appointment {
    /// What happened.
    pub action: AppointmentAction,
    /// The committee, board or team inside the body; `None` for a role in the body as a whole.
    pub unit: Option<String>,
    /// The role as written; `member` where the person simply joins a unit.
    pub role: Option<String>,
    /// The employer that the document gives the person.
    pub affiliation: Option<String>,
}

/// The slots of a hosting fact.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hosting {
    /// What happened.
    pub action: HostingAction,
    /// The level reached, as written ("incubating").
    pub level: Option<String>,
}

/// What is particular to each kind of fact.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Detail {
    /// An organisation in a body.
    Membership(Membership),
    /// A person in a role.
    Appointment(Appointment),
    /// A project in a foundation.
    Hosting(Hosting),
}

/// The passage that proves a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// A passage of the article's text (title included), white space aside.
    pub quote: String,
    /// Byte ranges inside `quote` of the words that matched (subject, trigger, body …),
    /// ascending and disjoint, on character boundaries.
    pub marks: Vec<(usize, usize)>,
    /// The construction that proposed the fact, by its name.
    pub rule: String,
}

/// One announced fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// The organisation, person or project.
    pub subject: String,
    /// The foundation, consortium or company.
    pub body: String,
    /// The slots of its kind.
    pub detail: Detail,
    /// `YYYY-MM-DD` or `YYYY-MM`, only where the document gives a date of effect.
    pub effective: Option<String>,
    /// The proof.
    pub evidence: Evidence,
    /// The share of facts with this score that are right, in 0..=1.
    pub confidence: f64,
}

impl Fact {
    /// The fact's kind.
    pub fn kind(&self) -> Kind {
        match self.detail {
            Detail::Membership(_) => Kind::Membership,
            Detail::Appointment(_) => Kind::Appointment,
            Detail::Hosting(_) => Kind::Hosting,
        }
    }

    /// The action's word.
    pub fn action(&self) -> &'static str {
        match &self.detail {
            Detail::Membership(m) => m.action.as_str(),
            Detail::Appointment(a) => a.action.as_str(),
            Detail::Hosting(h) => h.action.as_str(),
        }
    }

    /// Whether the subject comes or goes.
    pub fn polarity(&self) -> Polarity {
        match self.action() {
            "left" | "departed" => Polarity::Out,
            _ => Polarity::In,
        }
    }

    /// The tier or hosting level, where the kind has one.
    pub fn tier(&self) -> Option<&str> {
        match &self.detail {
            Detail::Membership(m) => m.tier.as_deref(),
            Detail::Hosting(h) => h.level.as_deref(),
            Detail::Appointment(_) => None,
        }
    }

    /// The unit of an appointment.
    pub fn unit(&self) -> Option<&str> {
        match &self.detail {
            Detail::Appointment(a) => a.unit.as_deref(),
            _ => None,
        }
    }

    /// The role of an appointment.
    pub fn role(&self) -> Option<&str> {
        match &self.detail {
            Detail::Appointment(a) => a.role.as_deref(),
            _ => None,
        }
    }

    /// The affiliation of an appointee.
    pub fn affiliation(&self) -> Option<&str> {
        match &self.detail {
            Detail::Appointment(a) => a.affiliation.as_deref(),
            _ => None,
        }
    }
}
