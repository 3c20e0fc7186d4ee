//! TOML as somebody typed it, read key by key: wrong types and unknown keys become problems with
//! their place, and reading goes on.
//!
//! Knows no key and no file: the configuration and the lexicons of users say what they expect.

use std::cell::RefCell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One problem at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its bytes in the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// The problems found so far.
#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    /// Notes one.
    pub fn add(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.0.borrow_mut().push(Problem { span, message: message.into(), help: help.into() });
    }

    /// Notes what the TOML parser found; `example` is a file that shows how it is written.
    pub fn add_errors(&self, errors: &[toml::de::Error], example: &str) {
        for error in errors {
            let message = error.message().replace('\n', ", ");
            let help = format!("see {example} for how it is written");
            self.add(error.span().unwrap_or(0..0), message, help);
        }
    }

    /// All of them.
    pub fn into_inner(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the text.
    pub span: Range<usize>,
}

/// A table that is being read.
pub struct Section<'a> {
    /// How it is called in messages: `[mail]`.
    pub title: String,
    /// The place of the table.
    pub span: Range<usize>,
    table: Option<&'a DeTable<'a>>,
    problems: &'a Problems,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    /// Begins reading a table.
    pub fn new(
        title: &str,
        span: Range<usize>,
        table: Option<&'a DeTable<'a>>,
        problems: &'a Problems,
    ) -> Section<'a> {
        Section { title: title.to_owned(), span, table, problems, asked: RefCell::default() }
    }

    fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key);
        self.table?.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue>, wanted: &str) {
        let found = value.get_ref().type_str();
        self.problems.add(
            value.span(),
            format!("`{key}` must be {wanted}, not {}", article(found)),
            format!("write {key} = {}", example(wanted)),
        );
    }

    /// Whether the key stands in the table.
    pub fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// A string.
    pub fn string(&self, key: &'static str) -> Option<Placed<String>> {
        let value = self.get(key)?;
        match value.get_ref().as_str() {
            Some(text) => Some(Placed { value: text.to_owned(), span: value.span() }),
            None => {
                self.wrong(key, value, "a string");
                None
            }
        }
    }

    /// A list of strings; a single string counts as a list of one.
    pub fn strings(&self, key: &'static str) -> Option<Placed<Vec<Placed<String>>>> {
        let value = self.get(key)?;
        if let Some(one) = value.get_ref().as_str() {
            let one = Placed { value: one.to_owned(), span: value.span() };
            return Some(Placed { value: vec![one], span: value.span() });
        }
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(key, value, "a list of strings");
            return None;
        };
        let mut found = Vec::new();
        for item in array {
            match item.get_ref().as_str() {
                Some(text) => found.push(Placed { value: text.to_owned(), span: item.span() }),
                None => self.wrong(key, item, "a list of strings"),
            }
        }
        Some(Placed { value: found, span: value.span() })
    }

    /// A whole number.
    pub fn integer(&self, key: &'static str) -> Option<Placed<i64>> {
        let value = self.get(key)?;
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|i| i64::from_str_radix(&i.as_str().replace('_', ""), i.radix()).ok());
        if number.is_none() {
            self.wrong(key, value, "a whole number");
        }
        number.map(|value_| Placed { value: value_, span: value.span() })
    }

    /// A number.
    pub fn number(&self, key: &'static str) -> Option<Placed<f64>> {
        let value = self.get(key)?;
        let text = value
            .get_ref()
            .as_float()
            .map(|f| f.as_str().to_owned())
            .or_else(|| value.get_ref().as_integer().map(|i| i.as_str().to_owned()));
        let number = text.and_then(|t| t.replace('_', "").parse().ok());
        if number.is_none() {
            self.wrong(key, value, "a number");
        }
        number.map(|value_| Placed { value: value_, span: value.span() })
    }

    /// true or false.
    pub fn boolean(&self, key: &'static str) -> Option<Placed<bool>> {
        let value = self.get(key)?;
        if value.get_ref().as_bool().is_none() {
            self.wrong(key, value, "true or false");
        }
        value.get_ref().as_bool().map(|value_| Placed { value: value_, span: value.span() })
    }

    /// Keys that may be any, each with a string.
    pub fn pairs(self) -> Vec<(Placed<String>, Placed<String>)> {
        let mut found = Vec::new();
        for (key, value) in self.table.into_iter().flat_map(DeTable::iter) {
            let name = key.get_ref().to_string();
            match value.get_ref().as_str() {
                Some(text) => found.push((
                    Placed { value: name, span: key.span() },
                    Placed { value: text.to_owned(), span: value.span() },
                )),
                None => self.wrong(&name, value, "a string"),
            }
        }
        found
    }

    /// A table inside this one; an empty one where it is missing.
    pub fn section(&self, key: &'static str, title: &str) -> Section<'a> {
        let value = self.get(key);
        let table = value.and_then(|v| v.get_ref().as_table());
        if let (Some(value), None) = (value, table) {
            self.wrong(key, value, "a table");
        }
        Section::new(title, value.map_or(self.span.clone(), Spanned::span), table, self.problems)
    }

    /// Whether the table is there.
    pub fn exists(&self) -> bool {
        self.table.is_some()
    }

    /// The tables of a list of tables.
    pub fn sections(&self, key: &'static str, title: &str) -> Vec<Section<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.problems.add(
                value.span(),
                format!("`{key}` must be a list of tables"),
                format!("write it as {title}, one for each"),
            );
            return Vec::new();
        };
        array
            .iter()
            .map(|item| Section::new(title, item.span(), item.get_ref().as_table(), self.problems))
            .collect()
    }

    /// Notes every key that nobody asked for.
    pub fn finish(self) {
        // Few keys each: looking along them is faster than a set of them.
        let known = self.asked.borrow();
        for (key, _) in self.table.into_iter().flat_map(DeTable::iter) {
            let name = key.get_ref();
            if known.iter().any(|asked| *asked == name) {
                continue;
            }
            let mut names: Vec<&str> = known.iter().copied().collect();
            names.sort_unstable();
            names.dedup();
            let help = match nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("{} knows: {}", self.title, names.join(", ")),
            };
            self.problems.add(key.span(), format!("unknown key `{name}` in {}", self.title), help);
        }
    }
}

/// The known word that is nearest to a typed one, if any is near.
pub fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|word| {
            (strsim::damerau_levenshtein(&typed.to_lowercase(), &word.to_lowercase()), word)
        })
        .filter(|(distance, word)| *distance <= word.chars().count().max(3) / 3)
        .min()
        .map(|(_, word)| word)
}

fn article(kind: &str) -> String {
    let an = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if an { "an" } else { "a" })
}

fn example(wanted: &str) -> &'static str {
    match wanted {
        "a string" => "\"…\"",
        "a list of strings" => "[\"…\", \"…\"]",
        "a whole number" => "8",
        "a number" => "0.5",
        "true or false" => "true",
        _ => "{ … }",
    }
}
