//! Folding of names, so that "Alibaba Cloud Co., Ltd." and "ALIBABA CLOUD" compare equal.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Legal suffixes that do not tell two organisations apart.
const LEGAL_SUFFIXES: &[&str] = &[
    "inc",
    "incorporated",
    "ltd",
    "limited",
    "llc",
    "gmbh",
    "corp",
    "corporation",
    "co",
    "company",
    "ag",
    "sa",
    "se",
    "plc",
    "bv",
    "ab",
    "oy",
    "kk",
    "pte",
    "pty",
    "srl",
    "sas",
    "spa",
    "nv",
    "ev",
    "holdings",
    "llp",
    "lp",
    "aisbl",
];

/// Case, accents and punctuation aside, words separated by one space.
pub fn fold(text: &str) -> String {
    let mut folding = Folding { folded: Vec::with_capacity(text.len()), gap: false };
    let mut rest = text;
    // Most of any text needs no decomposing, and what does not takes no part in what does: it begins
    // anew with every plain letter.
    while !rest.is_empty() {
        let plain = rest.bytes().position(|b| !b.is_ascii()).unwrap_or(rest.len());
        let (run, other) = rest.split_at(plain);
        run.bytes().for_each(|b| folding.push_plain(b));
        let length = other.bytes().position(|b| b.is_ascii()).unwrap_or(other.len());
        let (other, behind) = other.split_at(length);
        other.nfkd().filter(|c| !is_combining_mark(*c)).for_each(|c| folding.push(c));
        rest = behind;
    }
    String::from_utf8(folding.folded).expect("characters were pushed whole")
}

/// What a plain byte is folded to: itself in small, or one of [`GAP`], [`NOTHING`] and [`AND`].
const PLAIN: [u8; 128] = {
    let mut folded = [GAP; 128];
    let mut byte = 0;
    while byte < 128_u8 {
        folded[byte as usize] = match byte {
            b'\'' => NOTHING,
            b'&' => AND,
            b'+' | b'#' => byte,
            _ if byte.is_ascii_alphanumeric() => byte.to_ascii_lowercase(),
            _ => GAP,
        };
        byte += 1;
    }
    folded
};
const GAP: u8 = 0;
const NOTHING: u8 = 1;
const AND: u8 = 2;

/// What was folded so far.
struct Folding {
    folded: Vec<u8>,
    /// Whether something stands between the last word and what comes.
    gap: bool,
}

impl Folding {
    fn push(&mut self, c: char) {
        match c {
            '’' => {}
            c if c.is_ascii() => self.push_plain(c as u8),
            c if c.is_alphanumeric() => {
                self.end_gap();
                for small in c.to_lowercase() {
                    self.folded.extend_from_slice(small.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            _ => self.gap = true,
        }
    }

    /// The same for an ASCII character.
    fn push_plain(&mut self, byte: u8) {
        match PLAIN[usize::from(byte & 0x7f)] {
            GAP => self.gap = true,
            NOTHING => {}
            AND => {
                self.gap = true;
                self.end_gap();
                self.folded.extend_from_slice(b"and");
                self.gap = true;
            }
            folded => {
                self.end_gap();
                self.folded.push(folded);
            }
        }
    }

    fn end_gap(&mut self) {
        if self.gap && !self.folded.is_empty() {
            self.folded.push(b' ');
        }
        self.gap = false;
    }
}

/// [`fold`], and without a leading article, bracketed remarks and trailing legal suffixes.
pub fn fold_name(name: &str) -> String {
    let mut folded = if name.contains('(') { fold(&without_brackets(name)) } else { fold(name) };
    if folded.starts_with("the ") {
        folded.drain(..4);
    }
    // "B.V." folds to two words, each of one letter.
    let lettered = folded.len() > 2 && folded.as_bytes()[folded.len() - 2] == b' ';
    let dotted = [" b v", " n v", " s a", " a s", " e v", " s p a", " s r l", " l l c", " p l c"];
    for dotted in dotted.into_iter().filter(|_| lettered) {
        if folded.ends_with(dotted) {
            folded.truncate(folded.len() - dotted.len());
        }
    }
    while let Some((rest, last)) = folded.rsplit_once(' ') {
        if !LEGAL_SUFFIXES.contains(&last) {
            break;
        }
        folded.truncate(rest.len());
    }
    folded
}

/// Drops " (remarks)"; a name that begins with a bracket, such as "(ISC)²", keeps it.
fn without_brackets(name: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    let mut depth = 0_usize;
    for c in name.chars() {
        match c {
            '(' if depth > 0 || !kept.trim().is_empty() => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// A delay that is always the same for the same key, in `0..window`: spreads what would otherwise
/// come together, without a random number that a restart would change. FNV-1a, because the
/// standard hasher does not promise to stay the same.
pub fn spread(key: &str, window: std::time::Duration) -> std::time::Duration {
    let hash = key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX).max(1);
    std::time::Duration::from_millis(hash % window_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_to_what_readers_hold_equal() {
        for (name, folded) in [
            ("The Linux Foundation", "linux foundation"),
            ("Alibaba Cloud Co., Ltd.", "alibaba cloud"),
            ("LF AI & Data", "lf ai and data"),
            ("José  Núñez", "jose nunez"),
            ("L’Oréal", "loreal"),
            ("C++ Alliance (CppAl)", "c++ alliance"),
            ("(ISC)²", "isc 2"),
            ("Tidewater Instruments B.V.", "tidewater instruments"),
            ("Inc", "inc"),
            ("", ""),
        ] {
            assert_eq!(fold_name(name), folded, "{name}");
        }
    }
}
