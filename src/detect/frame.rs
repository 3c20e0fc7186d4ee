//! From a match of a construction to facts: who, where, as what.

use super::construct::{Construction, Frame};
use super::effective::effective;
use super::lexicon::{TriggerClass, WordClass};
use super::mention::{Mention, MentionKind, NameType, Parsed, denies};
use super::pattern::{Filler, Match, Names, Slot, skip_bracket, skip_employer};
use super::resolve::{Context, OwnBy};
use crate::model::{
    Appointment, AppointmentAction, Detail, Evidence, Fact, Hosting, HostingAction, Kind,
    Membership, MembershipAction, Polarity, fold_name,
};

/// Everything that a frame is read from.
pub struct Reading<'a> {
    /// The sentence.
    pub parsed: &'a Parsed<'a>,
    /// The document.
    pub context: &'a Context,
    /// The construction that matched.
    pub construction: &'a Construction,
    /// The match.
    pub found: &'a Match,
    /// The unit that the title or heading gives, where the sentence gives none.
    pub inherited_unit: Option<&'a str>,
    /// The tier that the title gives, where the sentence gives none.
    pub inherited_tier: Option<&'a str>,
    /// The facts of the sentence before, for "she succeeds him".
    pub previous: &'a [Fact],
}

/// The facts of a match.
pub fn facts(reading: &Reading) -> Vec<Fact> {
    match reading.construction.frame {
        Frame::Join if reading.ends_without_renewal() || reading.names_member_project() => {
            Vec::new()
        }
        Frame::Join => reading.joins(),
        Frame::Found => reading.founders(),
        Frame::Renew => reading.memberships(MembershipAction::Renewed),
        Frame::Upgrade => reading.upgrades(),
        Frame::Welcome => reading.welcomed(),
        Frame::Formation if reading.context.selection || reading.context.launch => {
            reading.appointments(AppointmentAction::Appointed)
        }
        Frame::Formation => Vec::new(),
        Frame::Seat if reading.context.election => reading.appointments(AppointmentAction::Elected),
        Frame::Seat => reading.appointments(AppointmentAction::Appointed),
        Frame::Withdraw => reading.memberships(MembershipAction::Left),
        Frame::Appoint => reading.appointments(reading.appointed()),
        Frame::Elect => reading.appointments(reading.elected()),
        Frame::Depart => reading.departures(),
        Frame::DepartFirstPerson => reading.first_person(AppointmentAction::Departed),
        Frame::JoinFirstPerson => {
            let elected =
                reading.found.trigger.is_some_and(|(at, _)| reading.is(at, TriggerClass::Elect));
            reading.first_person(if elected {
                AppointmentAction::Elected
            } else {
                AppointmentAction::Appointed
            })
        }
        Frame::Also => reading.also(),
        Frame::Succeed => reading.succession(),
        Frame::TakeOver => reading.takes_over(),
        Frame::SucceedOther => reading.succeeded_before(),
        Frame::JoinOwn => reading.own_join(),
        Frame::Reelect if reading.context.selection => {
            reading.appointments(AppointmentAction::Reelected)
        }
        Frame::Reelect => Vec::new(),
        Frame::Host => reading.hostings(false),
        Frame::Accept => reading.hostings(true),
    }
}

impl Reading<'_> {
    fn fillers(&self, slot: Slot) -> impl Iterator<Item = Filler> + '_ {
        self.found.fillers.iter().copied().filter(move |f| f.slot == slot)
    }

    fn text(&self, filler: Filler) -> &str {
        match &self.parsed.reference {
            Some(reference) if reference.start == filler.start => &reference.name,
            _ => self.parsed.slice(filler.start, filler.end),
        }
    }

    fn kind_of(&self, filler: Filler) -> NameType {
        let mut kind = self.own_kind(filler);
        if kind.person && kind.organisation {
            // "Ana Castellan and Hye-jin Park": who stands among people is one.
            let is_person = |f: &Filler| f.slot == filler.slot && self.own_kind(*f).surely_person;
            let among_people = self.found.fillers.iter().any(is_person);
            let leaves_seat = self.construction.frame == Frame::Depart && self.tells_of_a_seat();
            kind.organisation = !among_people && !leaves_seat;
        }
        kind
    }

    fn own_kind(&self, filler: Filler) -> NameType {
        match self.parsed.mention(filler.start) {
            Some(mention) => mention.name_type(),
            None => NameType::default(),
        }
    }

    fn trigger_end(&self) -> usize {
        self.found.trigger.map_or(self.found.start, |(_, end)| end)
    }

    fn trigger_words(&self) -> &str {
        self.found.trigger.map_or("", |(start, end)| self.parsed.slice(start, end))
    }

    /// The tokens of the apposition right behind a subject: its words speak of the subject's
    /// employer, not of the news.
    fn apposition(&self, subject: Filler) -> (usize, usize) {
        let start = subject.end;
        let bracket = skip_bracket(self.parsed, skip_employer(self.parsed, start));
        if self.parsed.lower(bracket) != "," {
            return (start, bracket);
        }
        let limit = (bracket + 45).min(self.parsed.tokens.len());
        for at in bracket + 1..limit {
            let word = self.parsed.lower(at);
            let trigger = self.parsed.trigger(at).is_some_and(|t| t.class != TriggerClass::Member);
            if trigger || matches!(word, ";" | ".") {
                return (start, bracket);
            }
            // "…, CEO of Quill Data, as its …": the comma before what goes on with the news.
            let goes_on = matches!(
                self.parsed.lower(at + 1),
                "as" | "to"
                    | "has"
                    | "have"
                    | "was"
                    | "is"
                    | "will"
                    | "who"
                    | "for"
                    | "joins"
                    | "joined"
                    | "steps"
                    | "succeeds"
                    | "announced"
                    | "announces"
                    | "said"
                    | "says"
                    | "confirmed"
                    | "decided"
                    | "informed"
                    | "told"
            ) || self.parsed.trigger(at + 1).is_some();
            if word == "," && goes_on {
                return (start, at + 1);
            }
        }
        (start, bracket)
    }

    fn affiliation(&self, subject: Filler) -> Option<String> {
        let (start, end) = self.apposition(subject);
        let names: Vec<Mention> = self
            .parsed
            .mentions()
            .filter(|m| m.start >= start && m.end <= end && matches!(m.kind, MentionKind::Name(_)))
            .filter(|m| !m.name_type().surely_person)
            .collect();
        let led = names.iter().find(|m| {
            matches!(
                self.parsed.lower(m.start.wrapping_sub(1)),
                "at" | "of" | "from" | "for" | "with"
            )
        });
        led.or(names.first().filter(|m| self.parsed.lower(m.start.wrapping_sub(1)) == "("))
            .map(|m| self.parsed.slice(m.start, m.end).to_owned())
    }

    /// Mentions of a kind after `from`, outside the subject's apposition.
    fn after(&self, from: usize, wanted: MentionKind) -> Option<Mention> {
        let excluded: Vec<(usize, usize)> =
            self.fillers(Slot::Subject).map(|f| self.apposition(f)).collect();
        self.parsed
            .mentions()
            .find(|m| {
                m.start >= from
                    && std::mem::discriminant(&m.kind) == std::mem::discriminant(&wanted)
                    && !excluded.iter().any(|(s, e)| m.start >= *s && m.end <= *e)
            })
            .filter(|m| m.start < self.found.end + 25)
    }

    fn role(&self) -> Option<String> {
        if let Some(filler) = self.fillers(Slot::Role).next() {
            return Some(self.role_name(self.text(filler)));
        }
        let behind = self
            .after(self.found.start, MentionKind::Role)
            .filter(|m| m.start < self.found.end + ROLE_DISTANCE_MAX);
        let Some(mention) = behind else { return self.role_held_so_long() };
        let led = matches!(
            self.parsed.lower(mention.start.wrapping_sub(1)),
            "as" | "a"
                | "an"
                | "the"
                | "its"
                | "our"
                | "new"
                | "long-time"
                | "longtime"
                | "interim"
                | "acting"
                | "of"
                | "to"
                | "elected"
                | "from"
                | "their"
        );
        // "… joins from Quill Data, where she served as CTO": the post that she had before.
        let leaves = matches!(
            self.construction.frame,
            Frame::Depart | Frame::DepartFirstPerson | Frame::Withdraw
        );
        let before = !leaves
            && (self.found.end..mention.start)
                .any(|at| FORMER_WORDS.contains(&self.parsed.lower(at)));
        (led && !before).then(|| self.role_name(self.parsed.slice(mention.start, mention.end)))
    }

    /// "After four years as Executive Director, I have decided to move on."
    fn role_held_so_long(&self) -> Option<String> {
        let leaves = matches!(self.construction.frame, Frame::Depart | Frame::DepartFirstPerson);
        let role = self
            .parsed
            .mentions()
            .find(|m| m.kind == MentionKind::Role && m.end <= self.found.start)
            .filter(|m| leaves && m.start > 0 && self.parsed.lower(m.start - 1) == "as")?;
        (0..role.start)
            .any(|at| matches!(self.parsed.lower(at), "years" | "months" | "terms" | "decade"))
            .then(|| self.role_name(self.parsed.slice(role.start, role.end)))
    }

    /// A role without the body that it is held in.
    fn role_name(&self, role: &str) -> String {
        let role = clean_role(role);
        match role.split_once(" of ") {
            Some((title, place)) if self.context.is_own_body(place) => title.to_owned(),
            _ => role,
        }
    }

    /// "President and CEO Tom Okafor retires", "Tom Okafor, our Treasurer, retires": the post that
    /// a name carries, where nothing else names the post.
    fn title_of(&self, subject: Filler) -> Option<String> {
        let post = self.carried_post(subject)?;
        let (_, end) = self.apposition(subject);
        let body = self.body_of_title(post);
        let elsewhere = post.start > subject.start
            && body.is_none()
            && self.parsed.mentions().any(|n| {
                n.start >= post.end
                    && n.end <= end
                    && matches!(n.kind, MentionKind::Name(_))
                    && !self.context.is_own_body(self.parsed.slice(n.start, n.end))
            });
        (!elsewhere).then(|| self.role_name(self.parsed.slice(post.start, post.end)))
    }

    /// The role right before a name or in the apposition behind it.
    fn carried_post(&self, subject: Filler) -> Option<Mention> {
        let (start, end) = self.apposition(subject);
        let is_role = |m: &Mention| m.kind == MentionKind::Role;
        let before = self
            .parsed
            .mentions()
            .find(|m| is_role(m) && m.end <= subject.start && subject.start - m.end <= 1);
        let behind =
            || self.parsed.mentions().find(|m| is_role(m) && m.start > start && m.end <= end);
        before.or_else(behind)
    }

    /// "Treasurer of the Harbor Foundation", "Harbor Foundation's Treasurer": where a title is held.
    fn body_of_title(&self, post: Mention) -> Option<Mention> {
        let named = |m: &Mention| {
            let kind = m.name_type();
            matches!(m.kind, MentionKind::Name(_))
                && (kind.body || kind.organisation)
                && !kind.surely_person
                && !kind.project
        };
        let behind = matches!(self.parsed.lower(post.end), "of" | "at" | "for" | "with")
            .then(|| self.parsed.mention_behind_article(post.end + 1))
            .flatten();
        let before = || {
            let m = self.parsed.mentions().rev().find(|m| m.end <= post.start)?;
            let between = self.parsed.slice(m.end, post.start);
            // "Deputy Fire Chief Tom Okafor" holds a title of many words.
            let titled = matches!(
                self.parsed.lower(m.start),
                "deputy" | "vice" | "assistant" | "senior" | "associate" | "former"
            );
            (matches!(between, "" | "'s" | "’s") && !titled).then_some(m)
        };
        behind.or_else(before).filter(named)
    }

    /// "Tom Okafor, Treasurer of the Harbor Foundation, retires": where he held the post that
    /// nothing but his title names.
    fn body_of_leaver(&self, subject: Filler) -> Option<String> {
        let other_post = self.role().is_some() || self.unit().is_some() || self.leaves_own_body();
        if other_post || self.inherited_unit.is_some() {
            return None;
        }
        let body = self.body_of_title(self.carried_post(subject)?)?;
        Some(self.context.body_name(self.parsed.slice(body.start, body.end)))
    }

    fn unit(&self) -> Option<String> {
        if let Some(filler) = self.fillers(Slot::Unit).next() {
            return Some(clean_unit(self.text(filler)));
        }
        let role_end = self.fillers(Slot::Role).next().map(|f| f.end);
        let unit = self.after(self.found.start, MentionKind::Unit).filter(|m| {
            // "appointed by the board", "CEO following a resolution of the board".
            let agent = (1..=3).any(|back| {
                m.start.checked_sub(back).is_some_and(|b| self.parsed.lower(b) == "by")
            });
            let apart = role_end.is_some_and(|end| {
                m.start > end
                    && (end..m.start).any(|i| {
                        matches!(
                            self.parsed.lower(i),
                            "following"
                                | "after"
                                | "by"
                                | "and"
                                | "who"
                                | "while"
                                | "with"
                                | "reporting"
                        )
                    })
            });
            !agent && !apart
        })?;
        // "representative of the parser team on the council".
        let on = self.parsed.mentions().find(|m| {
            m.kind == MentionKind::Unit
                && m.start > unit.end
                && m.start <= unit.end + 2
                && matches!(self.parsed.lower(unit.end), "on" | "to")
        });
        let unit = on.unwrap_or(unit);
        Some(clean_unit(self.parsed.slice(unit.start, unit.end)))
    }

    fn tier(&self) -> Option<String> {
        if let Some(filler) = self.fillers(Slot::Tier).next() {
            return self.tier_at(filler.start);
        }
        let from = self.found.start;
        self.parsed
            .mentions()
            .find(|m| {
                m.start >= from && m.kind == MentionKind::Tier && m.start < self.found.end + 14
            })
            .and_then(|m| self.tier_at(m.start))
            .or_else(|| self.inherited_tier.map(str::to_owned))
    }

    /// "supporting Platinum" together; of "inaugural Gold" the level.
    fn tier_at(&self, at: usize) -> Option<String> {
        let tier = |at: usize| self.parsed.mention(at).filter(|m| m.kind == MentionKind::Tier);
        let first = tier(at)?;
        let end = match tier(first.end) {
            Some(level)
                if matches!(self.parsed.lower(first.start), "inaugural" | "first" | "charter") =>
            {
                return Some(self.parsed.slice(level.start, level.end).to_owned());
            }
            Some(level) => level.end,
            None => first.end,
        };
        Some(self.parsed.slice(first.start, end).to_owned())
    }

    fn says_member(&self) -> bool {
        (self.found.start.saturating_sub(15)..(self.found.end + 12).min(self.parsed.tokens.len()))
            .any(|i| self.is_member(i))
    }

    /// The body of a filler, or of the words around the role or unit, or the document's own.
    fn body(&self, agent_counts: bool) -> Option<String> {
        if let Some(filler) = self.fillers(Slot::Body).next() {
            // "joined the Tidewater office": a place of the document's own body.
            let office = matches!(
                self.parsed.lower(filler.end),
                "office" | "offices" | "branch" | "bureau" | "headquarters" | "campus"
            );
            if office && self.context.own_body.is_some() {
                return self.context.own_body.clone();
            }
            if !filler.own {
                return Some(self.context.body_name(self.text(filler)));
            }
            return self.context.own_by_noun(self.parsed.lower(filler.start));
        }
        if let Some(joined) = self.joined_before_role() {
            return Some(joined);
        }
        if let Some(unit) = self.seat_of_member() {
            return self.body_of_seat(unit);
        }
        let trigger = self.found.trigger.map_or(self.found.start, |(s, _)| s);
        let agent = || agent_counts.then(|| self.agent(trigger)).flatten();
        self.body_at_post(trigger)
            .map(|m| self.context.body_name(self.parsed.slice(m.start, m.end)))
            .or_else(|| agent().map(|m| self.context.agent_name(self.parsed.slice(m.start, m.end))))
            .or_else(|| self.owner_of_unit())
            .or_else(|| self.context.own_body.clone())
    }

    /// "the foundation's Governing Board".
    fn owner_of_unit(&self) -> Option<String> {
        let unit = self.fillers(Slot::Unit).next()?;
        let before =
            |back: usize| unit.start.checked_sub(back).map_or("", |at| self.parsed.lower(at));
        (before(1) == "'s" && before(3) == "the").then(|| self.context.own_by_noun(before(2)))?
    }

    /// "Ana will represent Kestrel Systems on the board": the board is not that of whom she speaks for.
    fn seat_of_member(&self) -> Option<Filler> {
        let speaks_for = (self.found.start..self.found.end)
            .any(|at| matches!(self.parsed.lower(at), "represent" | "represents" | "represented"));
        self.fillers(Slot::Unit).next().filter(|_| speaks_for)
    }

    /// The body that is named behind a unit, else the one that was joined just before, or the document's own.
    fn body_of_seat(&self, unit: Filler) -> Option<String> {
        let named = matches!(self.parsed.lower(unit.end), "of" | "at")
            .then(|| self.parsed.mention_behind_article(unit.end + 1))
            .flatten()
            .filter(|m| matches!(m.kind, MentionKind::Name(_)) && !m.name_type().surely_person)
            .map(|m| self.context.body_name(self.parsed.slice(m.start, m.end)));
        let joined = || {
            let told = self.previous.iter().rev().find(|f| f.kind() == Kind::Membership);
            told.filter(|f| f.polarity() == Polarity::In).map(|f| f.body.clone())
        };
        named.or_else(joined).or_else(|| self.context.own_body.clone())
    }

    /// "… named Ana CEO, replacing Tom": where a succession that names no body happened.
    fn body_told_before(&self) -> Option<String> {
        let follows = matches!(self.construction.frame, Frame::SucceedOther | Frame::TakeOver);
        self.previous.last().filter(|_| follows).map(|told| told.body.clone())
    }

    /// "joins the Harbor Foundation as board member": what is named between the two.
    fn joined_before_role(&self) -> Option<String> {
        if self.construction.frame != Frame::Join {
            return None;
        }
        let role = self.fillers(Slot::Role).next()?;
        let from = self.trigger_end();
        let joined = self.parsed.mentions().find(|m| {
            let kind = m.name_type();
            m.start >= from
                && m.start <= from + 1
                && m.end <= role.start
                && matches!(m.kind, MentionKind::Name(_))
                && kind.body
        })?;
        Some(self.context.body_name(self.parsed.slice(joined.start, joined.end)))
    }

    /// Whether a name stands for a subject or the other side of a succession.
    fn is_subject(&self, m: Mention) -> bool {
        self.found.fillers.iter().any(|f| {
            matches!(f.slot, Slot::Subject | Slot::Other) && f.start <= m.start && m.end <= f.end
        })
    }

    /// The body beside a role or unit. Behind one: "Chair of the Harbor Foundation"; before one:
    /// "Harbor Foundation Board".
    fn body_at_post(&self, trigger: usize) -> Option<Mention> {
        let excluded: Vec<(usize, usize)> =
            self.fillers(Slot::Subject).map(|f| self.apposition(f)).collect();
        let apposed = |m: &Mention| excluded.iter().any(|(s, e)| m.start >= *s && m.end <= *e);
        let fits = |m: &Mention| {
            matches!(m.kind, MentionKind::Name(_)) && !apposed(m) && !self.is_subject(*m) && {
                let kind = m.name_type();
                !kind.surely_person
                    && !kind.project
                    && (self.context.wire
                        || kind.body
                        || self.context.is_own_body(self.parsed.slice(m.start, m.end)))
            }
        };
        let filled = |m: &Mention| {
            let slot = |f: &Filler| matches!(f.slot, Slot::Role | Slot::Unit);
            // "steps down as Chief Executive of Quill Data".
            let end = self.trigger_end();
            let led = m.start > end
                && m.start <= end + 2
                && (end..m.start).any(|i| self.parsed.lower(i) == "as");
            led || self.found.fillers.iter().any(|f| f.start == m.start && slot(f))
        };
        self.parsed
            .mentions()
            .filter(|m| {
                matches!(m.kind, MentionKind::Role | MentionKind::Unit)
                    && m.start >= self.found.start
                    && (m.start >= trigger || filled(m))
                    && !apposed(m)
            })
            .find_map(|post| {
                self.body_behind(post, filled(&post), &fits)
                    .or_else(|| self.body_before(post, &fits))
            })
    }

    /// "Chair of the Harbor Foundation", "Chief Executive of Kestrel Systems".
    fn body_behind(
        &self,
        post: Mention,
        filled: bool,
        fits: &dyn Fn(&Mention) -> bool,
    ) -> Option<Mention> {
        let mut at = post.end;
        // "board member of", "a seat on the board of".
        if post.kind == MentionKind::Unit
            && matches!(self.parsed.lower(at), "member" | "members" | "chair" | "representative")
        {
            at += 1;
        }
        // "President, North America, of Kestrel Systems".
        if self.parsed.lower(at) == "," && self.parsed.lower(at + 1) == "of" {
            at += 1;
        }
        if !matches!(self.parsed.lower(at), "of" | "at" | "for" | "with" | "in" | "on") {
            return None;
        }
        let behind = at;
        at += 1;
        // "president in the 50-year history of the Harbor Foundation"
        if self.parsed.lower(behind) == "in"
            && let Some(history) = (at..at + 9).find(|i| self.parsed.lower(*i) == "history")
            && matches!(self.parsed.lower(history + 1), "of" | "at")
        {
            at = history + 2;
        }
        // "dean of its School of Engineering": a part of whoever appoints.
        if matches!(self.parsed.lower(at), "its" | "their") {
            return None;
        }
        while matches!(self.parsed.lower(at), "the" | "our") {
            at += 1;
        }
        // A post that the construction names says where it is, whatever organisation that is.
        let led = filled
            && matches!(self.parsed.lower(behind), "of" | "at")
            && self.parsed.lower(post.start.wrapping_sub(1)) != ",";
        let named = |m: &Mention| {
            let kind = m.name_type();
            led && kind.organisation && !kind.surely_person && !kind.project && !self.is_subject(*m)
        };
        self.parsed.mention(at).filter(|m| fits(m) || named(m))
    }

    /// "Harbor Foundation Board", "as the Tidepool Fellow": what stands before the post.
    fn body_before(&self, post: Mention, fits: &dyn Fn(&Mention) -> bool) -> Option<Mention> {
        // "the Granite Bank representative on the board" sits for the bank, not in it.
        let sits_for =
            self.parsed.slice(post.start, post.end).to_lowercase().contains("representative");
        let adjoins = |m: &Mention| {
            let article = m.start > 0
                && matches!(
                    self.parsed.lower(m.start - 1),
                    "the" | "a" | "an" | "as" | "new" | "first"
                );
            m.end == post.start
                && article
                && matches!(m.kind, MentionKind::Name(_))
                && !m.name_type().surely_person
                && !self.is_subject(*m)
        };
        let before = self.parsed.mentions().rev().find(|m| m.end <= post.start)?;
        let between = self.parsed.slice(before.end, post.start).to_lowercase();
        // "Kestrel Systems' new president": whose post it is, whatever organisation that is.
        let kind = before.name_type();
        let owned = matches!(
            between.as_str(),
            "'s new"
                | "’s new"
                | "' new"
                | "’ new"
                | "'s next"
                | "’s next"
                | "'s first"
                | "’s first"
        ) && kind.organisation
            && !kind.surely_person
            && !kind.project
            && !self.is_subject(before);
        if owned {
            return Some(before);
        }
        let beside = matches!(
            between.as_str(),
            "" | "'s" | "’s" | "'s new" | "’s new" | "’s first" | "'s first"
        );
        (beside && !sits_for && (fits(&before) || adjoins(&before))).then_some(before)
    }

    /// "… a Gold member of the Harbor Foundation", "… its membership in …": what one belongs to.
    fn body_of_membership(&self) -> Option<String> {
        let until = (self.found.end + 4).min(self.parsed.tokens.len());
        let member = (self.found.start..until).find(|at| self.is_member(*at))?;
        let member = self.parsed.trigger(member)?.end;
        if !matches!(self.parsed.lower(member), "of" | "in" | "at") {
            return None;
        }
        let mention = self.parsed.mention_behind_article(member + 1)?;
        let kind = mention.name_type();
        // "a member of the Open Metering Pact": no person is called so.
        let called = mention.start > member + 1
            && mention.end > mention.start + 1
            && matches!(mention.kind, MentionKind::Name(_))
            && !kind.surely_person;
        (kind.body || called)
            .then(|| self.context.body_name(self.parsed.slice(mention.start, mention.end)))
    }

    /// "The Harbor Foundation has a new member", "… welcomes …": the body with which the sentence
    /// begins.
    fn speaking_body(&self) -> Option<String> {
        let first = self.parsed.mentions().next().filter(|m| m.end <= self.found.start)?;
        let kind = first.name_type();
        let of = first
            .start
            .wrapping_sub(1 + usize::from(self.parsed.lower(first.start.wrapping_sub(1)) == "the"));
        // "The board of the Harbor Foundation has admitted …".
        let electors = of <= 2
            && self.parsed.lower(of) == "of"
            && matches!(self.parsed.lower(of.wrapping_sub(1)), "board" | "members" | "council");
        let opens =
            first.start == 0 || first.start == 1 && self.parsed.lower(0) == "the" || electors;
        let shared =
            self.parsed.lower(first.end) == "and" && self.parsed.lower(first.end + 1) != "its";
        // "The Harbor Foundation, part of …, announced that …".
        let announces = || {
            (first.end..self.found.start)
                .any(|i| matches!(self.parsed.lower(i), "announced" | "announces"))
        };
        let verb = !shared
            && match self.parsed.lower(first.end) {
                "'s" | "’s" | ":" | "–" | "—" | "-" => false,
                "," | "(" => announces(),
                _ => true,
            };
        (opens && verb && kind.body)
            .then(|| self.context.body_name(self.parsed.slice(first.start, first.end)))
    }

    /// Who appoints: "Kestrel Systems today named …", "… were appointed by Kestrel Systems".
    fn agent(&self, trigger: usize) -> Option<Mention> {
        if let Some(by) = self.named_behind_by() {
            return Some(by);
        }
        self.parsed
            .mentions()
            .filter(|m| m.end <= trigger && m.end <= self.found.start.max(1) + 1)
            .find(|m| {
                let MentionKind::Name(_) = m.kind else { return false };
                let kind = m.name_type();
                // "Members of the Harbor Council elected …".
                let of = m.start.wrapping_sub(
                    1 + usize::from(self.parsed.lower(m.start.wrapping_sub(1)) == "the"),
                );
                let electors = matches!(
                    self.parsed.lower(of.wrapping_sub(1)),
                    "members" | "board" | "trustees" | "shareholders" | "council" | "directors"
                );
                let apposed = matches!(self.parsed.lower(of), "of" | "at" | "from") && !electors;
                if self.found.fillers.iter().any(|f| f.start == m.start) {
                    return false;
                }
                // "Kestrel on Tuesday named …".
                let dated = self.parsed.lower(m.end) == "on"
                    && self.parsed.lower(m.end + 1).ends_with("day");
                let adjacent = m.end + 1 + 2 * usize::from(dated) >= self.found.start
                    && m.start == 0
                    && self.parsed.lower(m.end) != ",";
                !kind.surely_person && (kind.body || kind.organisation || adjacent) && !apposed
            })
    }

    /// "… was appointed Chair by Kestrel Systems", "… by the board of the Harbor Foundation".
    fn named_behind_by(&self) -> Option<Mention> {
        let until = (self.found.end + 3).min(self.parsed.tokens.len());
        let by = (self.trigger_end()..until).find(|at| self.parsed.lower(*at) == "by")?;
        let named = |at: usize| {
            self.parsed.mention_behind_article(at).filter(|m| {
                let kind = m.name_type();
                (kind.body || kind.organisation) && !kind.surely_person
            })
        };
        let electors = (by + 1..by + 5).find(|at| {
            matches!(self.parsed.lower(*at), "of" | "at")
                && matches!(
                    self.parsed.lower(at - 1),
                    "board" | "members" | "shareholders" | "trustees" | "directors" | "council"
                )
        });
        named(by + 1).or_else(|| named(electors? + 1))
    }

    /// "Yarrow Wren joins the parser team", "… as a project member": such have people.
    fn joins_team(&self) -> bool {
        let until = (self.found.end + 6).min(self.parsed.tokens.len());
        (self.trigger_end()..until).any(|i| {
            matches!(self.parsed.lower(i), "team" | "staff" | "maintainer" | "committer")
                || self.parsed.lower(i) == "project" && self.parsed.lower(i + 1) == "member"
        })
    }

    fn joins(&self) -> Vec<Fact> {
        let role = self.role();
        let unit = self.unit();
        let tier = self.tier();
        let member = self.says_member();
        let named_body = self.fillers(Slot::Body).next();
        let risen = tier.is_some() && self.is_rise();
        let action = if risen { MembershipAction::Upgraded } else { MembershipAction::Joined };
        let mut facts = Vec::new();
        for subject in self.fillers(Slot::Subject) {
            let kind = self.kind_of(subject);
            let position = role.is_some() || unit.is_some();
            // "Joining us to work on packages are …": a team speaks.
            let us = self.parsed.lower(self.found.start) == "joining"
                && self.parsed.lower(self.found.start + 1) == "us";
            let team = tier.is_none() && (us || self.joins_team());
            // "Yarrow Wren joins Ana Castellan and Tom Okafor on …".
            let beside_people = self.fillers(Slot::Other).any(|f| self.kind_of(f).surely_person);
            let unknown =
                kind.lone && (!kind.organisation || kind.shouted) && unit.is_some() && !member;
            let person = kind.surely_person
                || self.is_pronoun(subject)
                || (kind.person && !kind.organisation && (team || beside_people))
                || (kind.person && !kind.organisation && position && tier.is_none())
                || unknown && tier.is_none();
            if person {
                if position || named_body.is_some() || team || beside_people {
                    let fact = self.appointment(subject, AppointmentAction::Appointed, false);
                    // "Tom joined the Evening List": one joins much that appoints nobody.
                    let vague = !position && named_body.is_some_and(|b| !self.is_place(b));
                    let less = if vague { 0.4 } else { 0.0 };
                    facts.extend(fact.map(|f| Fact { confidence: f.confidence - less, ..f }));
                }
                continue;
            }
            if kind.project && !kind.organisation {
                continue;
            }
            if self.enters_care(subject, member || tier.is_some(), named_body) {
                facts.extend(self.hosting(subject, false));
                continue;
            }
            let body_kind = named_body.map(|f| {
                if f.own { NameType { body: true, ..NameType::default() } } else { self.kind_of(f) }
            });
            if named_body.is_some_and(|f| self.is_crowd(f, member)) || self.supports_event() {
                continue;
            }
            // "Acme sponsored the league to run a programme": one event.
            let sponsored = self.construction.name == "<subject> sponsors <body>";
            if sponsored && self.parsed.lower(self.found.end) == "to" {
                continue;
            }
            let own = named_body.is_none_or(|f| f.own || self.context.is_own_body(self.text(f)));
            let certain = member || tier.is_some();
            let vague_place = named_body.is_none_or(|f| f.own)
                || self.trigger_words().to_lowercase().starts_with("introduc");
            if vague_place && !certain && !kind.organisation && !kind.body {
                continue;
            }
            let plausible = body_kind.is_none_or(|k| k.body) || certain || own;
            if !plausible || (named_body.is_none() && !certain) {
                continue;
            }
            let less = match (certain, kind.person && !kind.organisation) {
                (true, _) => 0.0,
                (false, false) => 0.1,
                (false, true) => 0.35,
            };
            let fact = self.membership(subject, action);
            facts.extend(fact.map(|f| Fact { confidence: f.confidence - less, ..f }));
        }
        facts
    }

    /// "has stepped up to Platinum membership", "is now a Gold member, up from Silver".
    fn is_rise(&self) -> bool {
        let until = (self.found.end + 6).min(self.parsed.tokens.len());
        let up_from = (self.found.start..until)
            .any(|i| self.parsed.lower(i) == "up" && self.parsed.lower(i + 1) == "from");
        up_from || self.trigger_words().to_lowercase().starts_with("step")
    }

    /// "joins the Tidepool community", "joins a Tidepool cluster": what has no members of record.
    fn is_crowd(&self, body: Filler, member: bool) -> bool {
        let behind = self.parsed.lower(body.end);
        let community = behind == "community" || self.parsed.lower(body.start) == "community";
        community && !member || matches!(behind, "cluster" | "ecosystem" | "marketplace")
    }

    /// "… as a Gold Sponsor for their conference": what is paid for is over in a week.
    fn supports_event(&self) -> bool {
        let until = (self.found.end + 5).min(self.parsed.tokens.len());
        let led = matches!(self.parsed.lower(self.found.end), "for" | "of" | "at");
        led && (self.found.end..until).any(|i| {
            matches!(
                self.parsed.lower(i),
                "conference"
                    | "event"
                    | "summit"
                    | "hackathon"
                    | "meetup"
                    | "workshop"
                    | "festival"
            )
        })
    }

    /// Whether a body slot names something that people are appointed in.
    fn is_place(&self, body: Filler) -> bool {
        let kind = self.kind_of(body);
        let known = kind.body || kind.organisation;
        body.own || known || self.context.is_own_body(self.text(body))
    }

    /// A company word says so: "Sonar Instruments S.A." is no project.
    fn is_firm(&self, subject: Filler) -> bool {
        let kind = self.kind_of(subject);
        kind.organisation && !kind.shouted && !kind.project && !kind.body
    }

    /// A publisher that is itself a project and joins a foundation comes under its care.
    fn enters_care(&self, subject: Filler, member: bool, body: Option<Filler>) -> bool {
        let name = self.text(subject);
        let own = self.context.is_own_body(name);
        let foundation_itself = self.context.own_body.as_deref().is_some_and(|own| {
            let own = own.to_lowercase();
            ["foundation", "commons", "group", "association", "alliance", "society", "inc"]
                .iter()
                .any(|w| own.contains(w))
        });
        let foundation = body.is_some_and(|b| !b.own && self.kind_of(b).body);
        let as_project = (self.trigger_end()..(self.found.end + 10).min(self.parsed.tokens.len()))
            .any(|i| {
                matches!(
                    self.parsed.lower(i),
                    "project" | "projects" | "incubating" | "incubation" | "sandbox"
                )
            });
        let firm = self.is_firm(subject);
        foundation
            && !member
            && !firm
            && (as_project || own && !foundation_itself && !self.context.wire)
    }

    /// "Please welcome Ana Castellan!": an appointment where the paragraph speaks of a team.
    fn welcomed(&self) -> Vec<Fact> {
        let several = self.fillers(Slot::Subject).count() > 1;
        let said = several || self.fillers(Slot::Subject).any(|f| self.text(f).contains(' '));
        let text = self.parsed.text.to_lowercase();
        let team = TEAM_WORDS.iter().any(|w| text.contains(w));
        let guests = GUEST_WORDS.iter().any(|w| text.contains(w));
        if !said || !team || guests {
            return Vec::new();
        }
        self.appointments(AppointmentAction::Appointed)
    }

    /// "… from Silver to Gold": the level behind "to", else the last one.
    fn upgrades(&self) -> Vec<Fact> {
        let words = self.parsed.slice(self.found.start, self.found.end).to_lowercase();
        let action = if words.contains("downgrad") {
            MembershipAction::Downgraded
        } else {
            MembershipAction::Upgraded
        };
        let tiers: Vec<Mention> = self
            .parsed
            .mentions()
            .filter(|m| m.kind == MentionKind::Tier && m.start >= self.found.start)
            .collect();
        let risen = tiers.iter().find(|m| self.parsed.lower(m.start.wrapping_sub(1)) == "to");
        let tier = risen.or(tiers.last()).map(|m| self.parsed.slice(m.start, m.end).to_owned());
        let mut facts = self.memberships(action);
        for fact in &mut facts {
            if let Detail::Membership(m) = &mut fact.detail {
                m.tier.clone_from(&tier);
            }
        }
        facts
    }

    fn founders(&self) -> Vec<Fact> {
        // One company that announces a body of its own is no member of it.
        let launched = self.fillers(Slot::Body).next().is_some_and(|b| {
            let name = self.text(b).to_lowercase();
            LAUNCHED_BODIES.iter().any(|head| name.contains(head))
        });
        let together = launched && self.fillers(Slot::Subject).count() > 1;
        if self.found.trigger.is_none() && !together {
            return Vec::new();
        }
        let word = (self.found.start..self.found.end)
            .map(|i| self.parsed.lower(i))
            .find(|w| matches!(*w, "founding" | "charter" | "inaugural"))
            .map(|w| format!("{}{}", w[..1].to_uppercase(), &w[1..]));
        let mut facts = self.memberships(MembershipAction::Joined);
        for fact in &mut facts {
            if let Detail::Membership(m) = &mut fact.detail {
                m.tier = word.clone().or(m.tier.take());
            }
        }
        facts
    }

    /// "We have joined …".
    fn own_join(&self) -> Vec<Fact> {
        // "The company" is one that was named before.
        if self.parsed.reference.as_ref().is_some_and(|r| r.start == self.found.start) {
            return Vec::new();
        }
        let body = self.fillers(Slot::Body).find(|f| !f.own).map(|f| self.text(f));
        let (Some(subject), Some(body)) = (&self.context.own_body, body) else {
            return Vec::new();
        };
        if self.context.is_own_body(body) {
            return Vec::new();
        }
        let place = Filler {
            slot: Slot::Subject,
            start: self.found.start,
            end: self.found.start + 1,
            own: true,
        };
        let tier = self.tier();
        let detail = Detail::Membership(Membership { action: MembershipAction::Joined, tier });
        vec![self.fact(subject.clone(), self.context.full_name(body), detail, place)]
    }

    /// "… welcomes Kite as its newest member project": a project is no member.
    fn names_member_project(&self) -> bool {
        (self.found.start..self.found.end + 1).any(|at| {
            self.parsed.lower(at) == "member"
                && matches!(self.parsed.lower(at + 1), "project" | "projects")
        })
    }

    /// "Two Silver members, Acme and Quill Data, did not renew": no sentence of somebody who joins.
    fn ends_without_renewal(&self) -> bool {
        (self.found.end..self.parsed.tokens.len()).any(|at| {
            matches!(self.parsed.lower(at), "renew" | "renewed")
                && denies(self.parsed.lower(at - 1))
        })
    }

    fn memberships(&self, action: MembershipAction) -> Vec<Fact> {
        self.fillers(Slot::Subject)
            .filter(|f| {
                let kind = self.kind_of(*f);
                // A given name alone is a person's, too.
                let given_name = kind.person && kind.lone;
                // People leave a board, organisations the body.
                let seat = kind.person
                    && !kind.organisation
                    && action == MembershipAction::Left
                    && self.parsed.mentions().any(|m| {
                        m.kind == MentionKind::Unit
                            && m.start >= self.found.start
                            && m.start <= self.found.end + 2
                    });
                !(kind.surely_person || given_name || seat || self.is_pronoun(*f))
            })
            .filter_map(|f| self.membership(f, action))
            .collect()
    }

    fn membership(&self, subject: Filler, action: MembershipAction) -> Option<Fact> {
        let name = self.context.full_name(self.text(subject));
        let slot = self.fillers(Slot::Body).next();
        let said = || self.body_of_membership().or_else(|| self.speaking_body());
        // Who founds what another foundation launches joins the new one.
        let tier = self.tier();
        let founds = matches!(self.construction.frame, Frame::Found)
            || tier.as_deref().is_some_and(|t| t.to_lowercase().starts_with("founding"));
        let launched = || self.context.launched.clone().filter(|_| founds);
        let body = match slot.is_none().then(|| launched().or_else(said)).flatten() {
            Some(body) => body,
            None => self.body(false)?,
        };
        if fold_name(&body) == fold_name(&name) {
            return None;
        }
        // "Following the acquisition, Quill Data is joining Kestrel."
        if tier.is_none() && !self.says_member() && self.context.buys(&body) {
            return None;
        }
        let detail = Detail::Membership(Membership { action, tier });
        Some(self.fact(name, body, detail, subject))
    }

    fn appointed(&self) -> AppointmentAction {
        if self.is_again() { AppointmentAction::Reelected } else { AppointmentAction::Appointed }
    }

    /// "Re-elected", "reappointed".
    fn is_again(&self) -> bool {
        let words = self.trigger_words().to_lowercase();
        ["re-", "reelect", "reappoint"].iter().any(|again| words.starts_with(again))
    }

    fn elected(&self) -> AppointmentAction {
        if self.is_again() { AppointmentAction::Reelected } else { AppointmentAction::Elected }
    }

    fn appointments(&self, action: AppointmentAction) -> Vec<Fact> {
        let mut facts: Vec<Fact> =
            self.fillers(Slot::Subject).filter_map(|f| self.appointment(f, action, true)).collect();
        if let Some(unit) = self.second_seat() {
            let seats: Vec<Fact> =
                facts.iter().map(|f| placed(f, Some(unit.clone()), "member")).collect();
            facts.extend(seats);
        } else if let Some(role) = self.second_post() {
            let posts: Vec<Fact> = facts.iter().map(|f| placed(f, None, &role)).collect();
            facts.extend(posts);
        }
        facts
    }

    /// "… as a member of the Executive Board and Deputy CEO": the post that comes with a seat.
    fn second_post(&self) -> Option<String> {
        let unit = self.fillers(Slot::Unit).last().filter(|_| self.role().is_none())?;
        let at = unit.end;
        let before =
            |back: usize| unit.start.checked_sub(back).map_or("", |at| self.parsed.lower(at));
        let of_member = (1..=2).any(|at| before(at) == "of" && before(at + 1) == "member");
        if !of_member || !matches!(self.parsed.lower(at), "and" | "&") {
            return None;
        }
        let article = usize::from(matches!(self.parsed.lower(at + 1), "the" | "its" | "as"));
        let role = self.parsed.mention(at + 1 + article)?;
        let of_another = self.parsed.mention(role.end).is_some();
        (role.kind == MentionKind::Role && !of_another)
            .then(|| clean_role(self.parsed.slice(role.start, role.end)))
    }

    /// "… as its new CFO and member of the Executive Committee": the seat that comes with a role.
    fn second_seat(&self) -> Option<String> {
        let role = self.fillers(Slot::Role).last()?;
        // "Chief Financial Officer (CFO) and member of …".
        let mut at = skip_bracket(self.parsed, role.end);
        let and = matches!(self.parsed.lower(at), "and" | "&");
        at += 1 + usize::from(matches!(self.parsed.lower(at + 1), "a" | "as"));
        if !and || self.parsed.lower(at) != "member" || self.parsed.lower(at + 1) != "of" {
            return None;
        }
        let ours = matches!(self.parsed.lower(at + 2), "its" | "our" | "their");
        let unit = self.parsed.mention_behind_article(at + 2 + usize::from(ours))?;
        (unit.kind == MentionKind::Unit)
            .then(|| clean_unit(self.parsed.slice(unit.start, unit.end)))
    }

    fn appointment(
        &self,
        subject: Filler,
        action: AppointmentAction,
        agent_counts: bool,
    ) -> Option<Fact> {
        let kind = self.kind_of(subject);
        if kind.body || kind.organisation && !kind.surely_person && !kind.shouted {
            return None;
        }
        if self.is_object_behind(subject) && !kind.surely_person {
            return None;
        }
        // "appoints former Acme CEO Ana Castellan": the post that she had.
        let had = self.fillers(Slot::Role).any(|r| {
            let former = |i: usize| matches!(self.parsed.lower(i), "former" | "ex");
            r.end <= subject.start && (r.start.saturating_sub(3)..r.start).any(former)
        });
        if had && action != AppointmentAction::Departed {
            return None;
        }
        let mut role = self.bracketed_role(subject).or_else(|| self.role());
        let mut unit = self.unit();
        // "The Treasurer, Ana Castellan, was returned unopposed", "… retires": the post is hers.
        let holds = action == AppointmentAction::Departed
            || self.parsed.slice(self.found.start, self.found.end).ends_with("unopposed");
        if holds && role.is_none() && unit.is_none() {
            role = self.title_of(subject);
        }
        role = role.or_else(|| self.role_of_verb(unit.is_some()));
        let seat = role.as_deref().is_none_or(|r| {
            let r = r.to_lowercase();
            SEAT_ROLES.iter().any(|seat| r.contains(seat))
        });
        if unit.is_none() && seat {
            unit = self.inherited_unit.map(str::to_owned);
        }
        if self.is_award(role.as_deref()) {
            return None;
        }
        if role.is_none()
            && unit.is_none()
            && action == AppointmentAction::Elected
            && !self.says_member()
        {
            return None;
        }
        let action = if self.becomes_emeritus() { AppointmentAction::Departed } else { action };
        let name = self.person(subject);
        let unnamed = holds && self.fillers(Slot::Body).next().is_none();
        let left = unnamed.then(|| self.body_of_leaver(subject)).flatten();
        let body = match left {
            Some(body) => body,
            None => self.body(agent_counts).or_else(|| self.body_told_before())?,
        };
        if fold_name(&body) == fold_name(&name) {
            return None;
        }
        let affiliation = self.affiliation(subject).filter(|a| fold_name(a) != fold_name(&body));
        let detail = Detail::Appointment(Appointment {
            action,
            unit,
            role: Some(role.unwrap_or_else(|| "member".into())),
            affiliation,
        });
        let mut fact = self.fact(name, body, detail, subject);
        if self.is_pronoun(subject) {
            fact.confidence -= 0.1;
        } else if !kind.surely_person {
            // "Tidepool is now a controller": a common noun after a verb of being.
            let common = fact.role().is_some_and(|r| {
                !r.contains(' ') && r.chars().all(char::is_lowercase) && r != "member"
            });
            let becomes = self.construction.name == "<person> becomes <role>";
            fact.confidence -= if becomes && common { 0.35 } else { 0.1 };
        }
        Some(fact)
    }

    /// "named a Leader in storage" is an award.
    fn is_award(&self, role: Option<&str>) -> bool {
        role.is_some_and(|r| r.eq_ignore_ascii_case("leader"))
            && matches!(self.construction.frame, Frame::Appoint)
            && self.parsed.lower(self.found.end) == "in"
    }

    /// "Lindsay Wharf has promoted Ana Castellan to …": who comes right behind the verb is it.
    fn is_object_behind(&self, subject: Filler) -> bool {
        self.parsed.mention(self.trigger_end()).is_some_and(|m| {
            self.found.trigger.is_some_and(|(at, _)| subject.end <= at)
                && matches!(self.construction.frame, Frame::Appoint)
                && m.name_type().surely_person
                && matches!(m.kind, MentionKind::Name(_))
        })
    }

    /// "… will chair the audit committee", "… now leads the release team".
    fn role_of_verb(&self, of_unit: bool) -> Option<String> {
        if self.construction.name != "<person> will lead <body>" || !of_unit {
            return None;
        }
        (self.found.start..self.found.end).find_map(|at| match self.parsed.lower(at) {
            "chair" | "chairs" | "chairing" => Some("chair".to_owned()),
            "co-chair" | "co-chairs" => Some("co-chair".to_owned()),
            "lead" | "leads" | "leading" | "head" | "heads" | "heading" => Some("lead".to_owned()),
            _ => None,
        })
    }

    fn is_pronoun(&self, subject: Filler) -> bool {
        matches!(self.parsed.lower(subject.start), "he" | "she")
    }

    /// The full name; of a pronoun, the name of whom it stands for.
    fn person(&self, subject: Filler) -> String {
        let said = self.text(subject);
        match &self.parsed.antecedent {
            Some(name) if self.is_pronoun(subject) => name.to_string(),
            _ if said.starts_with('@') => {
                let bracketed = self
                    .parsed
                    .mention(subject.end + 1)
                    .filter(|m| self.parsed.lower(subject.end) == "(" && m.name_type().person)
                    .filter(|m| matches!(self.parsed.lower(m.end), ")" | ","));
                match bracketed {
                    Some(m) => self.context.person(self.parsed.slice(m.start, m.end)),
                    None => self.context.person(said),
                }
            }
            _ => self.context.person(said),
        }
    }

    /// "… has become an emeritus member of the committee": who is one has left it.
    fn becomes_emeritus(&self) -> bool {
        (self.found.start..self.found.end + 3).any(|at| {
            self.parsed.lower(at) == "emeritus"
                && matches!(self.parsed.lower(at + 1), "member" | "status")
        })
    }

    /// "Ana Castellan (Chair)": a role of her own.
    fn bracketed_role(&self, subject: Filler) -> Option<String> {
        if self.parsed.lower(subject.end) != "(" {
            return None;
        }
        let at = subject.end + 1 + usize::from(self.parsed.lower(subject.end + 1) == "as");
        let role = self.parsed.mention(at).filter(|m| m.kind == MentionKind::Role)?;
        (self.parsed.lower(role.end) == ")")
            .then(|| clean_role(self.parsed.slice(role.start, role.end)))
    }

    fn departures(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        // One can leave a room; one steps down from a post.
        let words = self.trigger_words().to_lowercase();
        let vague = matches!(
            words.as_str(),
            "left"
                | "died"
                | "has died"
                | "leave"
                | "leaves"
                | "leaving"
                | "departs"
                | "depart"
                | "departing"
                | "departed"
                | "concludes"
                | "passed away"
                | "passing of"
        );
        // "Ana Castellan, retired Associate Dean at …" left long ago.
        let adjective = words == "retired"
            && self
                .parsed
                .mention(self.trigger_end())
                .is_some_and(|m| matches!(m.kind, MentionKind::Role | MentionKind::Name(_)));
        if adjective {
            return facts;
        }
        // "left a comment" leaves nothing.
        let behind = self.parsed.lower(self.trigger_end());
        if vague && matches!(behind, "a" | "an" | "some" | "no" | "behind" | "comments" | "room") {
            return facts;
        }
        // "has removed its Chief Executive Tom Okafor": whoever dismisses is whom he leaves.
        let dismissed = ["remov", "dismiss", "fire", "terminat", "oust", "part"]
            .iter()
            .any(|stem| self.parsed.lower(self.found.start).starts_with(stem));
        let named = self.fillers(Slot::Body).any(|b| self.kind_of(b).body);
        let place = named
            || self.tells_of_a_seat()
            || self.role().is_some()
            || self.unit().is_some()
            || self.leaves_own_body();
        for subject in self.fillers(Slot::Subject) {
            let kind = self.kind_of(subject);
            if kind.surely_person || (kind.person && !kind.organisation) {
                // A name that only looks like a person's needs a post to leave.
                let titled = || {
                    let founder = |r: &String| r.to_lowercase().contains("founder");
                    self.title_of(subject).is_some_and(|r| !founder(&r))
                };
                if (vague || !kind.surely_person) && !place && !titled() {
                    continue;
                }
                let agent = dismissed || self.is_told_by_body();
                let fact = self.appointment(subject, AppointmentAction::Departed, agent);
                facts.extend(fact.filter(|f| !self.belongs_to_arrival(f)));
            } else if let Some(body) = self.fillers(Slot::Body).next() {
                let body_kind = self.kind_of(body);
                if body.own || body_kind.body {
                    facts.extend(self.membership(subject, MembershipAction::Left));
                }
            }
        }
        facts
    }

    /// "… did not stand for re-election": only people do, and only from a seat.
    fn tells_of_a_seat(&self) -> bool {
        (self.found.start..self.found.end).any(|at| {
            matches!(
                self.parsed.lower(at),
                "re-election" | "reelection" | "term" | "terms" | "seat"
            )
        })
    }

    /// "The Harbor Foundation bids farewell to …": whoever tells of it is whom one leaves.
    fn is_told_by_body(&self) -> bool {
        let Some(first) = self.parsed.mentions().next() else { return false };
        let kind = first.name_type();
        let speaks = (first.end..first.end + 3).any(|at| {
            matches!(
                self.parsed.lower(at),
                "bids"
                    | "says"
                    | "said"
                    | "thanks"
                    | "thanked"
                    | "announced"
                    | "announces"
                    | "confirmed"
                    | "confirms"
                    | "accepts"
                    | "accepted"
                    | "its"
                    | "mourns"
                    | "loses"
                    | "lost"
            )
        });
        first.start <= 1
            && first.end <= self.found.start + 1
            && (kind.body || kind.organisation)
            && !kind.surely_person
            && speaks
    }

    /// "… named Ana Chair following the departure of Tom": Tom left what Ana was named to, which
    /// another construction reads.
    fn belongs_to_arrival(&self, fact: &Fact) -> bool {
        let led = matches!(
            self.parsed.lower(self.found.start.wrapping_sub(2)),
            "following" | "after" | "upon" | "with"
        );
        let vague = fact.unit().is_none() && fact.role().is_none_or(|r| r == "member");
        led && vague
            && self.previous.iter().any(|f| {
                f.polarity() == Polarity::In && self.parsed.text.contains(f.subject.as_str())
            })
    }

    /// "… leaves the foundation", "… leaves Kestrel Systems" in the news of Kestrel Systems.
    fn leaves_own_body(&self) -> bool {
        let from = self.trigger_end();
        let until = (from + 6).min(self.parsed.tokens.len());
        let named = self
            .parsed
            .mentions()
            .find(|m| m.start >= from && m.start < until && matches!(m.kind, MentionKind::Name(_)));
        match named {
            Some(m) => self.context.is_own_body(self.parsed.slice(m.start, m.end)),
            None => (from..until).any(|i| self.context.is_own(self.parsed, i).is_some()),
        }
    }

    fn first_person(&self, action: AppointmentAction) -> Vec<Fact> {
        let Some(author) = &self.context.author else { return Vec::new() };
        let (Some(body), role) = (self.body(false), self.role()) else { return Vec::new() };
        let unit = self.unit();
        if role.is_none() && unit.is_none() {
            return Vec::new();
        }
        let detail = Detail::Appointment(Appointment {
            action,
            unit,
            role: Some(role.unwrap_or_else(|| "member".into())),
            affiliation: None,
        });
        let place = Filler {
            slot: Slot::Subject,
            start: self.found.start,
            end: self.found.start + 1,
            own: false,
        };
        vec![self.fact(author.clone(), body, detail, place)]
    }

    /// "… Ana as Chair, Tom as Treasurer": what was said of the first is said of the next.
    fn also(&self) -> Vec<Fact> {
        if self.found.trigger.is_some_and(|(at, _)| self.is_member(at)) {
            return self.also_members();
        }
        // Of those whom the sentence has named, the nearest before this one.
        let start = self.parsed.tokens[self.found.start].span.start;
        let told = &self.parsed.text[..start];
        let said = self.previous.iter().filter_map(|f| match &f.detail {
            Detail::Appointment(a) => Some((told.rfind(&f.subject)?, a, f)),
            _ => None,
        });
        let Some((_, first, fact)) = said.max_by_key(|(at, _, _)| *at) else { return Vec::new() };
        let (action, unit, body) = (first.action, first.unit.clone(), fact.body.clone());
        // "Tom leaves and Ana is the new Chair" appoints Ana.
        let is = (self.found.start..self.found.end)
            .any(|at| matches!(self.parsed.lower(at), "is" | "becomes" | "became" | "be"));
        let action = if is && action == AppointmentAction::Departed {
            AppointmentAction::Appointed
        } else {
            action
        };
        let mut facts = self.appointments(action);
        for fact in &mut facts {
            fact.body.clone_from(&body);
            if let Detail::Appointment(a) = &mut fact.detail {
                a.unit.clone_from(&unit);
            }
        }
        facts
    }

    /// "… Acme as a Gold member; Quill Data and Brightwater as Silver members".
    fn also_members(&self) -> Vec<Fact> {
        let said = self.previous.iter().rev().find_map(|f| match &f.detail {
            Detail::Membership(m) if self.parsed.text.contains(&f.subject) => {
                Some((m.action, f.body.clone()))
            }
            _ => None,
        });
        let Some((action, body)) = said else { return Vec::new() };
        let mut facts = self.memberships(action);
        facts.iter_mut().for_each(|fact| fact.body.clone_from(&body));
        facts
    }

    fn is_member(&self, at: usize) -> bool {
        self.is(at, TriggerClass::Member)
    }

    /// Whether a trigger of a class begins at a token.
    fn is(&self, at: usize, class: TriggerClass) -> bool {
        self.parsed.trigger(at).is_some_and(|t| t.class == class)
    }

    /// The last departure that was told before.
    fn last_departure(&self) -> Option<&Fact> {
        self.previous.iter().rev().find(|f| {
            matches!(&f.detail, Detail::Appointment(a) if a.action == AppointmentAction::Departed)
        })
    }

    fn succession(&self) -> Vec<Fact> {
        let mut facts = self.appointments(AppointmentAction::Appointed);
        let left = self.last_departure();
        if let (Some(departure), None) = (left, self.fillers(Slot::Other).next()) {
            for fact in &mut facts {
                let open = fact.unit().is_none() && fact.role() == Some("member");
                if open && fact.body == departure.body {
                    take_post(fact, departure);
                }
            }
        }
        let words = self.trigger_words().to_lowercase();
        let passive = words.ends_with("by");
        // "Tom Okafor, Treasurer of the Harbor Foundation, is succeeded by …"
        let titled = self.fillers(Slot::Subject).next().filter(|_| passive);
        let titled = titled.and_then(|s| Some((self.body_of_leaver(s)?, self.title_of(s))));
        facts.extend(
            self.fillers(Slot::Other)
                .filter_map(|f| self.appointment(f, AppointmentAction::Departed, false)),
        );
        if passive {
            for fact in &mut facts {
                if let Some((body, role)) = &titled {
                    fact.body.clone_from(body);
                    if let Detail::Appointment(a) = &mut fact.detail {
                        a.role = role.clone().or(a.role.take());
                    }
                }
                if let Detail::Appointment(a) = &mut fact.detail {
                    a.action = match a.action {
                        AppointmentAction::Departed => AppointmentAction::Appointed,
                        _ => AppointmentAction::Departed,
                    };
                }
            }
        }
        facts
    }

    /// "Tom steps down as Chair; Priya takes over": the post that somebody has just left.
    fn takes_over(&self) -> Vec<Fact> {
        let Some(departure) = self.last_departure() else { return Vec::new() };
        // "… takes over as Chair" says itself what she takes over.
        if matches!(self.parsed.lower(self.found.end), "as" | "from" | "the" | "our" | "of") {
            return Vec::new();
        }
        self.fillers(Slot::Subject)
            .filter(|f| fold_name(self.text(*f)) != fold_name(&departure.subject))
            .filter_map(|f| {
                let mut fact = self.appointment(f, AppointmentAction::Appointed, false)?;
                take_post(&mut fact, departure);
                Some(fact)
            })
            .collect()
    }

    fn succeeded_before(&self) -> Vec<Fact> {
        let arrival = self.previous.iter().find(|f| matches!(&f.detail, Detail::Appointment(a) if a.action != AppointmentAction::Departed));
        let Some(arrival) = arrival else { return Vec::new() };
        // "She succeeds Tom" speaks of the sentence before, ", succeeding Tom" of its own.
        let pronoun = matches!(self.parsed.lower(self.found.start), "he" | "she" | "they");
        let family = arrival.subject.rsplit(' ').next().unwrap_or_default();
        let own = || self.parsed.text.contains(family) || self.context.author.is_some();
        if !pronoun && !own() {
            return Vec::new();
        }
        let told = |name: &str| {
            self.previous.iter().any(|f| f.polarity() == Polarity::Out && f.subject == name)
        };
        self.fillers(Slot::Other)
            .filter(|other| self.kind_of(*other).surely_person && !told(&self.person(*other)))
            .filter_map(|other| {
                let mut fact = self.appointment(other, AppointmentAction::Departed, false)?;
                take_post(&mut fact, arrival);
                Some(fact)
            })
            .collect()
    }

    /// Projects that a body takes in; with `agent`, whoever the sentence says does it.
    fn hostings(&self, agent: bool) -> Vec<Fact> {
        self.fillers(Slot::Subject)
            .filter(|f| !self.kind_of(*f).surely_person)
            .filter_map(|f| self.hosting(f, agent))
            .collect()
    }

    fn hosting(&self, subject: Filler, agent: bool) -> Option<Fact> {
        let body = self.body(agent)?;
        let level = (self.trigger_end()..(self.found.end + 8).min(self.parsed.tokens.len()))
            .map(|i| self.parsed.lower(i))
            .find(|w| {
                matches!(
                    *w,
                    "sandbox"
                        | "incubating"
                        | "incubation"
                        | "graduated"
                        | "flagship"
                        | "incubator"
                        | "hosted"
                )
            })
            .map(str::to_owned);
        let detail = Detail::Hosting(Hosting { action: HostingAction::Joined, level });
        Some(self.fact(self.text(subject).to_owned(), body, detail, subject))
    }

    fn fact(&self, subject: String, body: String, detail: Detail, place: Filler) -> Fact {
        let tokens = self.parsed.tokens;
        let from = tokens[0].span.start;
        let until = tokens[tokens.len() - 1].span.end;
        let quote = self.parsed.text[from..until].to_owned();
        let unsure = match self.context.own_by {
            OwnBy::Word => false,
            OwnBy::Silence => self.parsed.has(WordClass::FIRST_PERSON),
            OwnBy::Guess => true,
        };
        let guessed = unsure
            && self.context.own_body.as_deref() == Some(body.as_str())
            && !self.parsed.text.contains(body.as_str());
        let mark_start = tokens[self.found.start.min(place.start)].span.start - from;
        let mark_end = tokens[self.found.end.clamp(1, tokens.len()) - 1].span.end - from;
        Fact {
            subject,
            body,
            detail,
            effective: effective(tokens, self.context.published()),
            evidence: Evidence {
                quote,
                marks: vec![(mark_start, mark_end)],
                rule: self.construction.name.clone(),
            },
            confidence: self.construction.confidence - if guessed { 0.4 } else { 0.0 },
        }
    }
}

/// Makes an appointment one to the post of another.
fn take_post(fact: &mut Fact, other: &Fact) {
    fact.body.clone_from(&other.body);
    if let (Detail::Appointment(mine), Detail::Appointment(theirs)) =
        (&mut fact.detail, &other.detail)
    {
        mine.unit.clone_from(&theirs.unit);
        mine.role.clone_from(&theirs.role);
    }
}

/// The same appointment in another place.
fn placed(fact: &Fact, unit: Option<String>, role: &str) -> Fact {
    let mut other = fact.clone();
    if let Detail::Appointment(a) = &mut other.detail {
        a.unit = unit;
        a.role = Some(role.to_owned());
    }
    other
}

/// Words of a paragraph that welcomes people to stay.
const TEAM_WORDS: &[&str] = &[
    "our team",
    "the team",
    " team is",
    "committer",
    "maintainer",
    "new member",
    "staff",
    "new hire",
];
/// Words of one that welcomes guests.
const GUEST_WORDS: &[&str] = &[
    "show",
    "episode",
    "podcast",
    "guest",
    "speaker",
    "keynote",
    "interview",
    "webinar",
    "session",
];

/// What several organisations launch to be its members.
const LAUNCHED_BODIES: &[&str] =
    &["alliance", "consortium", "foundation", "coalition", "association", "forum", "initiative"];

/// Words that tell of what somebody did before.
const FORMER_WORDS: &[&str] =
    &["served", "worked", "held", "previously", "formerly", "prior", "after", "years", "recently"];

/// A role further behind the match than this belongs to something else.
const ROLE_DISTANCE_MAX: usize = 12;

/// Roles that one has in a committee rather than in a body as a whole.
const SEAT_ROLES: &[&str] =
    &["chair", "member", "representative", "treasurer", "secretary", "co-lead"];

/// Words before a role or unit that only point at it.
const POINTERS: &[&str] = &[
    "new ",
    "newly ",
    "first ",
    "outgoing ",
    "incoming ",
    "emeritus ",
    "initial ",
    "next ",
    "current ",
    "former ",
    "previous ",
    "inaugural ",
];

/// A role without the words that only point at it; of a member of something the plain word.
pub fn clean_role(role: &str) -> String {
    let role = without_pointers(role);
    let folded = role.to_lowercase();
    let plain =
        folded.strip_suffix(" member").or(folded.strip_suffix(" members")).is_some_and(|of| {
            ["team", "board", "committee", "council", "staff", "group", "directors", "trustees"]
                .iter()
                .any(|unit| of.ends_with(unit))
        });
    if plain { "member".to_owned() } else { of_one(role).to_owned() }
}

/// "committers" of one person is "committer".
fn of_one(role: &str) -> &str {
    let last = role.rsplit([' ', '-']).next().unwrap_or(role).to_lowercase();
    if PLURAL_ROLES.contains(&last.as_str()) { &role[..role.len() - 1] } else { role }
}

/// Heads of roles that several people share.
const PLURAL_ROLES: &[&str] = &[
    "committers",
    "maintainers",
    "directors",
    "chairs",
    "leads",
    "trustees",
    "managers",
    "fellows",
    "engineers",
    "representatives",
    "presidents",
    "advisors",
    "partners",
    "approvers",
    "reviewers",
    "ambassadors",
    "officers",
    "developers",
    "editors",
    "moderators",
    "leaders",
    "members",
];

/// A unit without the words that only point at it.
pub fn clean_unit(unit: &str) -> String {
    without_pointers(unit).to_owned()
}

fn without_pointers(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(rest) = POINTERS.iter().find_map(|p| {
        text.get(..p.len()).filter(|head| head.eq_ignore_ascii_case(p)).map(|_| &text[p.len()..])
    }) {
        text = rest;
    }
    text
}
