//! Reading the user's lexicons: the files here, what they may hold in `detect`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::ConfigError;
use crate::detect::UserLexicon;
use crate::typed::{Placed, Problem};

/// No lexicon is larger: a hundred thousand names fit.
const LEXICON_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A checked lexicon, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LexiconFile {
    /// The file.
    pub path: PathBuf,
    /// Its words.
    pub words: UserLexicon,
}

/// What reading the files that a configuration names gave.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub files: Vec<LexiconFile>,
    /// What is wrong in the files.
    pub errors: Vec<ConfigError>,
    /// What cannot be read, at its place in the configuration.
    pub unreadable: Vec<Problem>,
}

/// Reads the lexicons that are named on the command line.
///
/// # Errors
/// All problems of all files at once.
pub fn read_lexicons(paths: &[PathBuf]) -> Result<Vec<LexiconFile>, ConfigError> {
    let mut files = Vec::new();
    let mut errors = Vec::new();
    for path in paths {
        let text = read(path)
            .map_err(|e| ConfigError::unreadable(path, &e, "name a lexicon that can be read"));
        match text.and_then(|text| check(path, &text)) {
            Ok(file) => files.push(file),
            Err(error) => errors.push(error),
        }
    }
    ConfigError::all(errors).map_or(Ok(files), Err)
}

pub(super) fn read_named(paths: &[Placed<PathBuf>]) -> Reading {
    let mut found = Reading::default();
    for Placed { value: path, span } in paths {
        match read(path).map(|text| check(path, &text)) {
            Ok(Ok(file)) => found.files.push(file),
            Ok(Err(error)) => found.errors.push(error),
            Err(error) => found.unreadable.push(Problem {
                span: span.clone(),
                message: format!("the lexicon {} cannot be read: {error}", path.display()),
                help: "create it (docs/DETECTION.md shows one), or take it out of `lexicons`; a relative path stands beside this file".to_owned(),
            }),
        }
    }
    found
}

fn check(path: &Path, text: &str) -> Result<LexiconFile, ConfigError> {
    UserLexicon::parse(text)
        .map(|words| LexiconFile { path: path.to_owned(), words })
        .map_err(|problems| ConfigError::new(path, text, problems))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LEXICON_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LEXICON_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {LEXICON_BYTES_MAX} bytes")));
    }
    Ok(text)
}
