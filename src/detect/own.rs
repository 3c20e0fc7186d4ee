//! What a user's own words change in an article: names that are none, and what things are called.

use super::lexicon::OwnWords;
use super::list::Line;
use super::mention::{Mention, MentionKind};
use super::{Report, Step};
use crate::model::{Detail, Fact};

/// An ignored name: its line, its sentence and the mention.
type Hidden = (usize, usize, Mention);

/// Takes ignored names out of the lines, so that the document tells nothing by them.
pub fn hide(lines: &mut [Line], own: &OwnWords) -> Vec<Hidden> {
    let mut hidden = Vec::new();
    if !own.ignores_names() {
        return hidden;
    }
    for (l, line) in lines.iter_mut().enumerate() {
        for (s, parsed) in line.sentences.iter_mut().enumerate() {
            let ignored: Vec<Mention> = parsed
                .mentions()
                .filter(|m| matches!(m.kind, MentionKind::Name(_)))
                .filter(|m| own.ignores_name(parsed.slice(m.start, m.end)))
                .collect();
            if !ignored.is_empty() {
                parsed.set_mentions(parsed.mentions().filter(|m| !ignored.contains(m)).collect());
                hidden.extend(ignored.into_iter().map(|mention| (l, s, mention)));
            }
        }
    }
    hidden
}

/// Puts them back: an enumeration goes on behind an ignored name, and only its own fact is
/// dropped, by [`settle`].
pub fn show(lines: &mut [Line], hidden: Vec<Hidden>) {
    for (line, sentence, mention) in hidden {
        let parsed = &mut lines[line].sentences[sentence];
        parsed.set_mentions(parsed.mentions().chain([mention]).collect());
    }
}

/// Drops the facts of ignored names; gives bodies and organisations the names that the user gives
/// them.
pub fn settle(drafts: Vec<Fact>, own: &OwnWords, report: &mut Report) -> Vec<Fact> {
    let mut settled = Vec::with_capacity(drafts.len());
    for mut fact in drafts {
        let named = [fact.subject.clone(), fact.body.clone()];
        rename(&mut fact, own);
        let told = named.iter().chain([&fact.subject, &fact.body]);
        if let Some(name) = told.into_iter().find(|name| own.ignores_name(name)) {
            report.add(|| Step::Ignored { text: name.clone(), listed: "names" });
            continue;
        }
        settled.push(fact);
    }
    settled
}

fn rename(fact: &mut Fact, own: &OwnWords) {
    let replace = |name: &mut String| {
        if let Some(canonical) = own.canonical(name) {
            *name = canonical.to_owned();
        }
    };
    replace(&mut fact.body);
    match &mut fact.detail {
        Detail::Membership(_) => replace(&mut fact.subject),
        Detail::Appointment(appointment) => {
            appointment.affiliation =
                appointment.affiliation.take().filter(|name| !own.ignores_name(name));
            appointment.affiliation.iter_mut().for_each(replace);
        }
        Detail::Hosting(_) => {}
    }
}
