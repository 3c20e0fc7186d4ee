//! Problems in a configuration, as people read them.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    path: PathBuf,
    text: String,
    problems: Vec<Problem>,
}

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

impl std::error::Error for ConfigError {}

impl ConfigError {
    pub(super) fn new(path: &Path, text: &str, mut problems: Vec<Problem>) -> ConfigError {
        problems.sort_by_key(|p| p.span.start);
        ConfigError { path: path.to_owned(), text: text.to_owned(), problems }
    }

    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> ConfigError {
        let problem = Problem {
            span: 0..0,
            message: format!("the file cannot be read: {error}"),
            help: "name another with --config FILE, or copy config/gazetted.example.toml there"
                .into(),
        };
        ConfigError { path: path.to_owned(), text: String::new(), problems: vec![problem] }
    }

    /// How many problems there are.
    pub fn count(&self) -> usize {
        self.problems.len()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            let start = problem.span.start.min(self.text.len());
            let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
            let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
            let number = self.text[..start].matches('\n').count() + 1;
            let column = self.text[line_start..start].chars().count() + 1;
            let line = &self.text[line_start..line_end];
            let carets =
                self.text[start..problem.span.end.clamp(start, line_end)].chars().count().max(1);
            let gutter = " ".repeat(number.to_string().len());
            writeln!(f, "{}:{number}:{column}: {}", self.path.display(), problem.message)?;
            if !line.is_empty() {
                writeln!(f, "{gutter} |")?;
                writeln!(f, "{number} | {line}")?;
                writeln!(f, "{gutter} | {}{}", " ".repeat(column - 1), "^".repeat(carets))?;
            }
            writeln!(f, "{gutter} = help: {}", problem.help)?;
        }
        let n = self.problems.len();
        write!(f, "{n} problem{} in {}", if n == 1 { "" } else { "s" }, self.path.display())
    }
}
