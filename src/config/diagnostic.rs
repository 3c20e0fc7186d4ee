//! Problems in a configuration, as people read them.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::typed::Problem;

/// Everything that is wrong with a configuration and the files that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    files: Vec<FaultyFile>,
}

/// A file with its problems, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FaultyFile {
    path: PathBuf,
    text: String,
    problems: Vec<Problem>,
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    pub(super) fn new(path: &Path, text: &str, mut problems: Vec<Problem>) -> ConfigError {
        problems.sort_by_key(|p| p.span.start);
        let file = FaultyFile { path: path.to_owned(), text: text.to_owned(), problems };
        ConfigError { files: vec![file] }
    }

    pub(super) fn unreadable(path: &Path, error: &std::io::Error, help: &str) -> ConfigError {
        let message = format!("the file cannot be read: {error}");
        ConfigError::new(path, "", vec![Problem { span: 0..0, message, help: help.to_owned() }])
    }

    /// The problems of several files as one; nothing where there is none.
    pub(super) fn all(errors: impl IntoIterator<Item = ConfigError>) -> Option<ConfigError> {
        let files: Vec<FaultyFile> = errors
            .into_iter()
            .flat_map(|e| e.files)
            .filter(|file| !file.problems.is_empty())
            .collect();
        (!files.is_empty()).then_some(ConfigError { files })
    }

    /// How many problems there are.
    pub fn count(&self) -> usize {
        self.files.iter().map(|file| file.problems.len()).sum()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            write!(f, "{file}")?;
        }
        let n = self.count();
        let paths: Vec<String> = self.files.iter().map(|f| f.path.display().to_string()).collect();
        write!(f, "{n} problem{} in {}", if n == 1 { "" } else { "s" }, paths.join(" and "))
    }
}

impl fmt::Display for FaultyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            let start = problem.span.start.min(self.text.len());
            let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
            let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
            let number = self.text[..start].matches('\n').count() + 1;
            let column = self.text[line_start..start].chars().count() + 1;
            let line = veiled(&self.text[line_start..line_end]);
            let carets =
                self.text[start..problem.span.end.clamp(start, line_end)].chars().count().max(1);
            let gutter = " ".repeat(number.to_string().len());
            writeln!(f, "{}:{number}:{column}: {}", self.path.display(), veiled(&problem.message))?;
            if !line.is_empty() {
                writeln!(f, "{gutter} |")?;
                writeln!(f, "{number} | {line}")?;
                writeln!(f, "{gutter} | {}{}", " ".repeat(column - 1), "^".repeat(carets))?;
            }
            writeln!(f, "{gutter} = help: {}", problem.help)?;
        }
        Ok(())
    }
}

/// A line with its secrets veiled, letter by letter so that the columns stay: what stands behind
/// `password =`, and the password in an address. The output of a check goes into logs and tickets.
fn veiled(line: &str) -> String {
    let mut veil = vec![false; line.len()];
    for (at, _) in line.match_indices("://") {
        let from = at + 3;
        let rest = &line[from..];
        let end = rest.find(['/', '?', '#', '"', '\'', '`', ' ']).unwrap_or(rest.len());
        if let Some(host) = rest[..end].rfind('@')
            && let Some(colon) = rest[..host].find(':')
        {
            veil[from + colon + 1..from + host].fill(true);
        }
    }
    for (at, _) in line.match_indices("password") {
        let rest = &line[at + "password".len()..];
        let value = rest.trim_start_matches(['"', '\'', ' ', '\t']);
        if let Some(value) = value.strip_prefix('=') {
            let value = value.trim_start();
            let from = line.len() - value.len();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (skip, length) = match quote {
                Some(quote) => (1, value[1..].find(quote).unwrap_or(value.len() - 1)),
                None => (0, value.len()),
            };
            veil[from + skip..from + skip + length].fill(true);
        }
    }
    line.char_indices().map(|(at, c)| if veil[at] { '*' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_veiled_and_columns_stay() {
        for (line, shown) in [
            ("password = \"hunter two\"", "password = \"**********\""),
            (
                "smtp = { host = \"h\", password='é', port = 5 }",
                "smtp = { host = \"h\", password='*', port = 5 }",
            ),
            ("password = \"open", "password = \"****"),
            ("password_file = \"/etc/p\"", "password_file = \"/etc/p\""),
            (
                "url = \"https://ana:s3c@ret@example.org/f\"",
                "url = \"https://ana:*******@example.org/f\"",
            ),
            ("url = \"https://example.org/a@b:c\"", "url = \"https://example.org/a@b:c\""),
        ] {
            assert_eq!(veiled(line), shown, "{line}");
        }
    }
}
